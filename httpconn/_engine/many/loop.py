"""What not every request comes to: what follows a response, what is given up, deadlines, full memory, and the end.

What each comes through is ``scheduler.py``'s, which is compiled. This is not: compilers would take as long for what
happens seldom.
"""

from __future__ import annotations

import time
import warnings
from typing import Final

from ..._exchange.follow_up import FollowUp
from ..._exchange.job import Job
from ..._exchange.outcome import unanswered
from ..._exchange.settings import FetchSettings
from ..._io.channel import NOT_QUIET
from ..._io.logger import is_heard
from ..._io.polling import Poller, new_poller
from ...errors import ConnectTimeout, ReadTimeout, TooFewDescriptors, TotalTimeout, name_place, without_frames
from ...model import Response, memory_of
from ..shared import Shared
from .connection import BUSY, Connection
from .host import Host
from .intake import Intake
from .pacing import Pacing
from .scheduler import TOO_MANY, UNUSED, Scheduler

_FOREVER: Final = float("inf")


class Loop(Scheduler):
    """All that a loop does."""

    __slots__ = ()

    def __init__(self, shared: Shared, settings: FetchSettings, intake: Intake) -> None:
        super().__init__(shared, settings, intake)
        self.pacing: Pacing = Pacing(self, shared.policies.paces)
        self.heed_logger()

    def heed_logger(self) -> None:
        """See whether somebody hears the logger by now; then what is sent from here on is noted. For once a run."""
        is_traced = self.shared.settings.keep_sent or is_heard()
        if is_traced == self.is_traced:
            return
        self.is_traced = is_traced
        for connection in self.active:  # what these have sent already is still read; what they send next is noted
            if connection.is_fast and not connection.left:
                connection.is_fast = False

    def begin(self) -> Poller:
        """Make what is waited with: a poller, and what a resolver's threads wake it by."""
        poller = new_poller()
        try:
            self.names.begin(poller)
        except OSError:
            poller.close()
            raise
        self.poller = poller
        return poller

    def _go_on_decoding(self) -> None:
        """Give each connection another turn that has more to decode than one turn takes."""
        unfinished, self.unfinished = self.unfinished, {}
        for connection in unfinished:
            if self.is_closed:
                return  # by a hook
            if connection.incoming is None or not connection.incoming.is_unfinished:
                continue  # closed by what another one's end has called
            if connection.paused_at:
                self.unfinished[connection] = None
            else:
                connection.go_on()
            self.now = time.monotonic() - self.away

    # -- what is given up ----------------------------------------------------------------------------------------

    def cancel(self, job: Job) -> None:
        """Give up the request of *job*: nobody waits for its result.

        First in a queue it goes at once: those that came together mostly end together. What is behind it, on a
        connection, or has become of it by now, ``drop_cancelled`` finds, for all at once.
        """
        host = self.hosts.get(job.key)
        if host is None or not (self.take_first(host.pending, job) or self.take_first(host.held_back, job)):
            self._cancelled.add(job.index)

    def drop(self, index: int) -> None:
        """Give up what is on a connection for the request of that number."""
        self._cancelled.add(index)

    def drop_cancelled(self) -> None:
        """Drop what was given up since the last call, all in one search; to be called before anything goes on."""
        if not self._cancelled:
            return
        self.now = self.time()
        dropped, self._cancelled = self._cancelled, set()
        for connection in list(self.active):
            if connection.job is not None and connection.job.index in dropped:
                dropped.discard(connection.job.index)
                connection.abandon()
        if not dropped:
            return
        self.pacing.drop(dropped)  # what waits to be sent again
        for host in [*self.hosts.values()]:  # where they were queued, or what a redirect has led to
            self._take_out(host, dropped)

    def set_aside(self, indexes: set[int]) -> list[Job]:
        """Take those of the requests with these indexes that are in a queue out of it, and return them."""
        taken: list[Job] = []
        for host in [*self.hosts.values()]:
            taken += self._take_out(host, indexes)
        taken.sort(key=_index_of_job)
        return taken

    def _take_out(self, host: Host, indexes: set[int]) -> list[Job]:
        """Take the jobs with these indexes out of the queues of *host*, and return them."""
        taken: list[Job] = []
        for jobs in (host.pending, host.held_back):
            found = [job for job in jobs if job.index in indexes]
            if found:
                kept = [job for job in jobs if job.index not in indexes]
                jobs.clear()
                jobs.extend(kept)
                taken += found
        self.queued -= len(taken)
        self.settle(host)
        return taken

    def give_up(self, job: Job, error: Exception) -> None:
        """Hand out *error* as the result of a job that is not sent, or not again."""
        name_place(error, job.place)
        response = unanswered(job.request, job.index, error, job.attempts, job.sent)
        if job.trail is not None:
            response.history = tuple(job.trail.history)
        self.answered(response)

    # -- connections that rest, and that cannot be ---------------------------------------------------------------

    def end_rest(self, connection: Connection) -> None:
        """Have a connection that has rested carry what comes next, if nothing has come on it."""
        if not connection.is_quiet():
            connection.close(NOT_QUIET)
            return
        host = connection.host
        host.resting.remove(connection)
        host.idle.append(connection)
        self.make_runnable(host)

    def puts_back(self, connection: Connection) -> bool:
        """Have the job of *connection*, for which there is no file descriptor, wait for its turn again.

        And have fewer connections open, so that lookups, files and others find a descriptor too. Return False where no
        other connection is there, whose end could free one.
        """
        job, host = connection.job, connection.host
        assert job is not None
        if all(other is connection for other in self.by_descriptor.values()):
            return False
        job.attempts -= 1
        connection.close(TOO_MANY)
        self.hosts[host.key] = host
        host.pending.appendleft(job)
        self.queued += 1
        self.places.lower(self.open, self.now)
        while self.idle and self.open > self.places.most:
            next(iter(self.idle)).close(TOO_MANY)
        self.make_runnable(host)
        if self.places.put_back == 1:
            warnings.warn(
                f"no file descriptor was left with {self.open} connections open: fewer than "
                f"max_connections={self.places.asked_for} will be (ulimit -n)",
                TooFewDescriptors,
                stacklevel=2,
            )
        return True

    # -- what follows a response ---------------------------------------------------------------------------------

    def follow_up(self, job: Job, response: Response) -> None:
        """See to what follows the response to *job*, whole or with its ``error``; or hand it out.

        All come through here from which something may follow, and their connections have not gone on yet.
        """
        if self.awaits_hooks and response.error is None and not job.is_abandoned:
            self._leave_to_hooks(job, response)
            self.answered(response)
        elif job.is_abandoned or not self.goes_on(job, response):
            self.answered(response)

    def take_note(self, job: Job, response: Response) -> None:
        """Have jar, hooks and gates learn of a response whose content is still to come, and from which nothing follows.

        What a hook raises is in its ``error`` then.
        """
        if self.awaits_hooks:
            self._leave_to_hooks(job, response)
            return
        follow_up = self.off_the_clock(self.shared.follower.after, job, response, _FOREVER, time.time())
        if follow_up.hold_s:
            self.pacing.shut(job, time.monotonic() + follow_up.hold_s)

    def _leave_to_hooks(self, job: Job, response: Response) -> None:
        """Hand *response* to who awaits its hooks, and calls ``go_on_after`` then. Retry-After counts from now on."""
        self.unjudged[job.index] = job
        head = response._head
        assert head is not None
        hold_s = self.shared.policies.hold_after(job, head, time.time())
        if hold_s:
            self.pacing.shut(job, time.monotonic() + hold_s)

    def goes_on(self, job: Job, response: Response) -> bool:
        """Return whether something follows *response*, which is no result then; and see to it."""
        total_at = self.end_of_total(job)
        held = memory_of(response)
        now = time.monotonic()
        left_s = total_at + self.away - now
        follow_up = self.off_the_clock(self.shared.follower.after, job, response, left_s, time.time())
        self.memory.held -= held - (0 if follow_up.job is not None else memory_of(response))
        return self.go_on_after(job, response, follow_up, now, total_at)

    def end_of_total(self, job: Job) -> float:
        """Return when the whole time of the request of *job* is over."""
        if job.trail is not None:
            job.trail.total_at += job.paused_s
            job.paused_s = 0.0
            return job.trail.total_at
        total_s = (job.timeout or self.timeout).total
        return _FOREVER if total_s is None else job.started + total_s + job.paused_s

    def go_on_after(self, job: Job, response: Response, follow_up: FollowUp, now: float, total_at: float) -> bool:
        """Return whether something follows *response*, which came at *now* by the system's clock; and see to it."""
        if follow_up.hold_s:
            self.pacing.shut(job, now + follow_up.hold_s)
        if follow_up.job is None:
            if response.error is not None:
                without_frames(response.error)
            return False
        trail = follow_up.job.trail
        assert trail is not None
        trail.total_at = total_at
        if job.stream is not None:
            follow_up.job.pour_into(job.stream, job.may_go_on)
        if follow_up.wait_s:
            self.pacing.defer(follow_up.job, now + follow_up.wait_s)
        else:
            self.queue_first(follow_up.job)
        return True

    # -- time ----------------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Fail what is out of time; everything that had arrived has been read by now."""
        now = self.now
        earliest = _FOREVER
        for connection in list(self.active):
            if connection.paused_at or connection not in self.active:  # closed by what another one's end has called
                continue
            if connection.wakes_at <= now:
                connection.wake_up()
            earliest = min(earliest, connection.wakes_at)
            if connection.job is None:
                continue
            limits = connection.limits
            is_open = connection.phase == BUSY
            if connection in self.names.awaited:
                connection.note_wait(self.names.awaited[connection][0])
            connection.excuse()
            limit_s = limits.read if is_open else limits.connect
            until = min(connection.total_at, _FOREVER if limit_s is None else connection.since + limit_s)
            if until > now:
                earliest = min(earliest, until)
                continue
            if connection.job.is_abandoned:
                connection.abandon()
                continue
            where = connection.job.where
            if until == connection.total_at:
                connection.fail(TotalTimeout(f"not done within {limits.total:g} s (Timeout.total): {where}"))
            elif is_open:
                connection.fail(ReadTimeout(f"silence for {limits.read:g} s (Timeout.read): {where}"))
            else:
                connection.fail(ConnectTimeout(f"no connection to {where} within {limits.connect:g} s"))
        while self.idle:
            oldest = next(iter(self.idle))
            expires_at = oldest.idle_since + self._idle_s - self.away
            if now < expires_at:
                earliest = min(earliest, expires_at)
                break
            oldest.close(UNUSED)
        self.sweep_at = earliest

    # -- memory --------------------------------------------------------------------------------------------------

    def choose_paused(self) -> bool:
        """While memory is full, read only the oldest request's connection; return whether it still is full.

        That one goes on, so that something is always done: with *ordered* it is what all others wait for. What goes to
        the reader of a stream is held back by that one, and by nothing else.
        """
        busy = [connection for connection in self.active if connection.phase == BUSY and not connection.is_poured]
        oldest = None if self.memory.see_whether_free() else min(busy, key=_index_of, default=None)
        for connection in busy:
            if self.memory.is_full and connection is not oldest:
                connection.pause()
            else:
                connection.unpause()
        return self.memory.is_full

    # -- the end -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close every socket and forget what was asked for. A second call does nothing."""
        self.is_closed = True
        connections = [*self.active, *self.idle]
        self.names.close()
        for connection in connections:
            connection.outgoing = None  # else what feeds its body goes on, and has it sent
            if connection.channel is not None:
                connection.channel.close("all is closed")
        for held in (
            self.active,
            self.idle,
            self.by_descriptor,
            self.unfinished,
            self.hosts,
            self.runnable,
        ):
            held.clear()
        self._last_host = None
        self.intake.clear()
        self.pacing.clear()
        self.results.clear()
        self.unjudged.clear()
        self.shared.sessions.clear()
        self.open = self.queued = self.memory.held = 0
        if self.poller is not None:
            self.poller.close()
        for connection in connections:
            if connection.incoming is not None:
                connection.incoming.close_sink()


def _index_of_job(job: Job) -> int:
    return job.index


def _index_of(connection: Connection) -> int:
    assert connection.job is not None
    return connection.job.index
