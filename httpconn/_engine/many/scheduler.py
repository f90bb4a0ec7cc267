"""What runs when, in one thread: hosts and their queues, places for connections, and reading ahead.

A loop over epoll (``_io/polling.py``), run by whoever asks for the next result and at no other time. One registration
for each connection; no task, future or callback for a request, which is a ``Job`` in a host's queue until a connection
takes it. What happens on a connection is ``many/connection.py``'s; what not every request comes to, ``many/loop.py``'s.

Scheduling: a host with jobs and room for another connection stands in ``runnable`` and gets its turn in order. A
connection that is done goes on with its host's next job, but not for ever while other hosts wait for a place. A host
that gets a job while it has a connection at rest goes first, for as long: what the consumer adds on seeing a result
goes over the connection that has brought it, before its place is given to another host.

Time is measured by a ``Clock``, less what the caller's own code takes, and a deadline is only judged after everything
that has arrived was read: a slow consumer, input, sink, hook or jar makes no request's timeout fire.

This module is compiled too, with the types of ``scheduler.pxd``.
"""

from __future__ import annotations

import collections
import sys
import time
from collections.abc import Callable
from threading import get_ident
from typing import Any, Final, Self

from ..._exchange.job import Job, Key
from ..._exchange.settings import FetchSettings
from ..._exchange.sink import taken_by_file
from ..._io.channel import NOT_QUIET
from ..._io.polling import LONGEST_WAIT_S, Poller
from ...errors import (
    PoolClosed,
    without_frames,
)
from ...model import Request, Response
from ..shared import Shared
from .connection import OPENING, RESOLVING, Connection
from .host import Host
from .intake import Intake
from .ordering import Ordering
from .places import LARGEST_COUNT, Places
from .state import LoopState

_READ_AT_ONCE: Final = 32
"""Inputs that are read ahead before the next look at the clock, at most: one where the last ones took long; and"""
_READ_FOR_S: Final = 0.002
"""for how long, before the sockets get their turn. An input may be slow; no connection waits for one that is not."""
_ADDED_FOR_S: Final = 0.02
"""The same for what the consumer has added, which is there."""
_EVENTS_AT_ONCE: Final = 128
"""What a turn goes on with at most, unless deadlines are to be judged. With more events than there are jobs read ahead,
most connections would have to rest behind their response, and be taken up again one by one, which costs several times
what it costs to send the next request in the turn that has read the response."""
UNUSED: Final = "unused for too long (idle_s), or the peer has closed it"
_GIVEN_AWAY: Final = "another origin has got its place"
TOO_MANY: Final = "no file descriptor was left"
_FOREVER: Final = float("inf")
_push: Final = collections.deque.append
"""As ``_popleft`` of ``state.py``."""


class Scheduler(LoopState):
    """Takes jobs from the intake, has them carried over connections, and puts the responses into ``results``.

    ``Loop`` is what has all of its methods.
    """

    __slots__ = ("_at_once", "_being_read", "_cancelled", "_idle_s", "_known", "_last_host", "_late_fields",
                 "_lines", "_look_ahead", "_most_unanswered", "_queues_bare", "_send_if_quiet", "active",
                 "awaits_hooks", "hosts", "idle", "intake", "is_parents", "most_in_a_row", "open", "per_host",
                 "places", "results", "runnable", "runs_in", "unjudged")  # fmt: skip

    def __init__(self, shared: Shared, settings: FetchSettings, intake: Intake) -> None:
        super().__init__(shared, settings)
        self.intake = intake
        self.most_in_a_row = 32
        """Requests on one connection while another host waits for a place."""
        self.places = Places(settings.max_connections)
        self.results = Ordering(is_ordered=settings.ordered)
        self._cancelled: set[int] = set()  # indexes of requests that were given up, and may be on connections
        self.per_host = min(settings.per_host, self.places.asked_for)
        self._look_ahead = min(settings.look_ahead, LARGEST_COUNT)
        self._at_once = 1  # inputs that are read before the next look at the clock
        self._being_read = 0  # how many more were taken than the intake knows of by now
        # In order, all but the first of them may come to wait for it.
        self._most_unanswered = self._look_ahead + (1 if settings.ordered else self.places.asked_for)
        self._idle_s = settings.idle_s

        self.runs_in = 0  # the thread that waits for it, or for what it calls
        self.is_parents = False  # in the child of a fork: what has begun is not ours

        self.hosts: dict[Key, Host] = {}
        self._last_host: Host | None = None
        """Of ``hosts``, the one that the last job was queued for: the next one is often for the same."""
        self.runnable: collections.deque[Host] = collections.deque()
        self.open = 0  # connections of any state
        self.active: dict[Connection, None] = {}
        self.idle: dict[Connection, None] = {}  # unused for the longest time first

        self.awaits_hooks = shared.policies.awaits_hooks
        self.unjudged: dict[int, Job] = {}  # of responses that are no results yet: hooks are to be awaited before
        self._late_fields = shared.preparer.late_fields
        self._lines: dict[Host, bytes | None] = {}
        """The cookies of all bare URLs of a host, None where they differ; until code of others has run."""
        self._known = shared.preparer.known
        self._queues_bare = self._known is not None
        self._send_if_quiet = None if shared.engine is None else shared.engine.send_if_quiet

    # -- the loop -----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Go on until there is a result. Raises StopIteration where there will be none."""
        if self.is_closed:
            if self.is_parents:
                raise PoolClosed("the fetcher has been closed")
            raise StopIteration
        poller = self.poller
        if poller is None:
            poller = self.begin()
        self.heed_logger()
        self.come_back()
        results = self.results
        self.memory.held -= results.let_go()
        while True:
            timeout_s = self.until()
            if self.is_closed:
                raise StopIteration  # by the input
            if results.waiting:
                return
            if not self.active and not self.queued and not self.intake.added and not self.intake.sources:
                raise StopIteration
            most = len(self.by_descriptor) + 1
            if most > _EVENTS_AT_ONCE and self.time() < self.sweep_at:
                most = _EVENTS_AT_ONCE
            try:
                events = poller.poll(timeout_s, most)
            except (OSError, ValueError):
                if self.is_closed:
                    raise StopIteration from None  # by a signal's handler
                raise
            self.turn(events, is_all=len(events) < most)
            if self.results.waiting:
                return

    def until(self) -> float | None:
        """Start what can be started; return after how many seconds there is a turn even if nothing comes, None: never.

        There may be results now, of what could not be started.
        """
        while True:
            self.now = time.monotonic() - self.away
            if self.now >= self.pacing.due_at - self.away:
                self.pacing.let_out_due()
            self._fill()
            if self.memory.is_full and not self.results.waiting and not self.is_closed and not self.choose_paused():
                continue  # there may be something to start now
            return self._timeout_s()

    def turn(self, events: list[tuple[int, int]], *, is_all: bool = True) -> None:
        """Go on with what the poller told, and with what its time has come for; the results are in ``results``.

        Not *is_all*: more may have come than was told, so that no deadline can be judged yet.
        """
        self.now = time.monotonic() - self.away
        self._serve(events)
        if self.unfinished:
            self._go_on_decoding()
        if is_all and self.now >= self.sweep_at:
            self._sweep()

    def take_ready(self) -> list[Response]:
        """Return the results that are ready. Their memory no longer counts as held."""
        ready = self.results.take_all()
        self.memory.held -= self.results.let_go()
        return ready

    def _serve(self, events: list[tuple[int, int]]) -> None:
        """Do what the poller told."""
        self._lines.clear()  # what other threads and signals' handlers have done to a jar counts from here on
        for descriptor, _ in events:
            connection = self.by_descriptor.get(descriptor)
            if connection is None:
                self.names.take_wake()
            elif connection.is_fast:
                connection.turn_fast()
            else:
                connection.step()

    def _timeout_s(self) -> float | None:
        if self.unfinished and not all(connection.paused_at for connection in self.unfinished):
            return 0.0
        until = min(self.sweep_at, self.pacing.due_at - self.away, self.places.raise_at)
        if self._room() > 0:
            if self.intake.added:
                return 0.0
            if self.intake.sources:
                until = min(until, self.intake.again_at)
        return None if until == _FOREVER else min(max(0.0, until - self.now), LONGEST_WAIT_S)

    def _room(self) -> int:
        """Return how many requests more should be taken from the input; none for 0 or less."""
        if self.memory.is_full:
            return 0
        return min(self._look_ahead - self.queued, self._most_unanswered - (self.asked - self.results.handed_out))

    @property
    def asked(self) -> int:
        """How many requests were taken."""
        count: int = self.intake.count
        return count + self._being_read

    def _fill(self) -> None:
        """Start what can be started, and read ahead as far as there is use for it."""
        if self.now >= self.places.raise_at:
            self.places.raise_again(self.now)
        if self.memory.is_full:
            if not self.active and self.runnable:
                # Nothing would go on: the oldest request must. With *ordered* it is what all others wait for.
                oldest = min(self.runnable, key=_first_index_of)
                if not self.results.is_ordered or self.pacing.first_index() > _first_index_of(oldest):
                    self.runnable.remove(oldest)
                    self._give_turn(oldest)
            return
        if self.intake.added:
            self._take_added()
        runnable = self.runnable
        read_s = 0.0
        while True:
            while runnable and self.open - len(self.idle) < self.places.most:
                self._give_turn(runnable.popleft())
            room = min(self._at_once, self._room())
            if room <= 0 or read_s >= _READ_FOR_S:
                return
            away = self.away
            if not self.off_the_clock(self._read_ahead, room) or self.is_closed:
                return
            took_s = self.away - away
            self._at_once = min(_READ_AT_ONCE, 2 * self._at_once) if took_s < _READ_FOR_S else 1
            read_s += took_s

    def _take_added(self) -> None:
        """Queue what the consumer has added, before the places of connections at rest are given away.

        What the results led to goes over their connections then. Beyond *look_ahead*, but not without a bound either.
        """
        until = time.monotonic() + _ADDED_FOR_S
        more = 0 if self.results.is_ordered else self._look_ahead
        count = 0  # as many as there may be results are taken however long that takes
        while self.intake.added and self._room() + more > 0:
            if count >= self.places.asked_for and time.monotonic() >= until:
                return
            if not self._takes_known():
                taken = self.off_the_clock(self.intake.take, self.now)
                if taken is None or self.is_closed:
                    return
                self._take_in(taken)
            count += 1

    def _takes_known(self) -> bool:
        """Queue the first of what was added, if it is a URL like one before of its origin; return whether it was."""
        intake = self.intake
        request = intake.added[0]
        if not self._queues_bare or not isinstance(request, str):
            return False
        job = self.known_job(request, intake.count)
        if job is None or self.is_closed:  # by a finalizer, which may come whenever objects are made
            return False
        intake.added.popleft()
        intake.count += 1
        self.queue(job)
        return True

    def _read_ahead(self, most: int) -> bool:
        """Queue the jobs of at most so many inputs, of fewer where a host may start; return False for no more now."""
        if self._queues_bare and self.intake.is_plain(self.now):
            return self._read_run(most)
        for _ in range(most):
            taken = self.intake.take(self.now)
            if taken is None:
                return False
            self._take_in(taken)
            if self.runnable:
                break
        return True

    def _read_run(self, most: int) -> bool:
        """Queue what the first source has of known kinds, at most *most*, and what comes behind; as ``_read_ahead``."""
        intake, added = self.intake, self.intake.added
        known = self._known
        assert known is not None
        source = intake.sources[0]
        first = index = intake.count
        waiting = len(self.runnable)
        try:
            while index - first < most and not added:  # those come first, also what *source* adds
                request = next(source)
                job: Job | None = None
                if isinstance(request, str):
                    job = known.job_of_url(request, index)
                elif type(request) is Request:
                    job = known.job_of(request, index) or self.shared.preparer.prepare_repeated(request, index)
                if job is None:
                    break
                index += 1
                self._being_read = index - first  # before *source* is asked again, which may look
                self.queue(job)
                if len(self.runnable) != waiting:
                    return True  # a host that may start at once
            else:
                return True
        except BaseException as error:
            intake.end(source)  # a generator that has raised has ended
            if not isinstance(error, StopIteration):
                raise
            return True
        finally:
            self._being_read = 0
            if index != first:
                intake.count = index
                intake.note_given()
        taken = intake.take_given(request, self.now)
        if taken is not None:
            self._take_in(taken)
        return True

    def known_job(self, url: str, index: int) -> Job | None:
        """Return the job to GET *url*, if it is like one before of its origin; None where it has to be looked at."""
        known = self._known
        return None if known is None else known.job_of_url(url, index)

    def _take_in(self, taken: Job | Response) -> None:
        """Queue a job, or hand out what cannot be one."""
        if isinstance(taken, Job):
            self.queue(taken)
        else:
            self.answered(taken)

    # -- hosts and places -----------------------------------------------------------------------------------

    def queue(self, job: Job) -> None:
        """Have *job* carried when its host's turn comes."""
        host = self._last_host
        if host is None or host.key is not job.key:
            host = self._last_host = self._host_of(job)
        _push(host.arriving, job)
        self.queued += 1
        if not host.is_runnable and self._has_room(host):
            self.make_runnable(host)

    def queue_first(self, job: Job) -> None:
        """Have *job* carried in front of its host's others: it is what has become of one that was carried already."""
        if self.pacing.is_hopeless(job):
            self.pacing.give_up(job)
            return
        host = self._host_of(job)
        host.arriving.appendleft(job)
        self.queued += 1
        self.make_runnable(host)

    def _host_of(self, job: Job) -> Host:
        host = self.hosts.get(job.key)
        if host is None:
            host = self.hosts[job.key] = Host(job.key)
            self.pacing.welcome(host, job)
        return host

    def make_runnable(self, host: Host, *, is_opened: bool = False) -> None:
        """Have *host* stand in the row for a connection, where it has jobs and may have one more.

        *is_opened*: a connection has been opened, could not be, or rests: what waited for that goes on.
        """
        if is_opened and host.awaits_opening:
            host.awaits_opening = host.is_runnable = False
        if (host.pending or host.held_back) and not host.is_runnable and self._has_room(host):
            host.is_runnable = True
            if host.idle and host.idle[-1].turn < self.most_in_a_row:
                self.runnable.appendleft(host)  # it needs no place of another host's; opening connections is what costs
            else:
                self.runnable.append(host)

    def _has_room(self, host: Host) -> bool:
        """Return whether the next job of *host*, which has one, could have a connection."""
        if host.count - len(host.idle) < self.per_host:
            return True
        waiting = host.pending or host.held_back
        return bool(host.resting and waiting) and self.rests.may_follow(host.key, waiting[0].method)

    def next_job(self, host: Host, turn: int) -> Job | None:
        """Return the job that a connection to *host* may go on with, after so many in a row; None to let it rest."""
        pending = host.pending
        if not pending or self.memory.is_full:
            return None
        if turn >= self.most_in_a_row and self.runnable and self.open >= self.places.most:
            return None  # it has had its turn, and another host waits for a place
        job = pending[0]
        if not self._late_fields:
            return job
        while not self._adds_late_fields_in_turn(host, job):
            if self.is_closed:
                return None
            self.take_first(pending, job)  # unless the jar's own code has given it up
            if not pending:
                return None
            job = pending[0]
        return None if self.is_closed else job

    def _adds_late_fields_in_turn(self, host: Host, job: Job) -> bool:
        """As ``adds_late_fields``; all bare URLs of a host have the same cookies, most often."""
        if isinstance(job.request, str):
            if host not in self._lines:
                # Which clears ``_lines``: so not within it.
                line = self.off_the_clock(self.shared.preparer.line_for_all, job.origin)
                self._lines[host] = line
            line = self._lines[host]
            if line is not None:
                self.shared.preparer.add_cookie_line(job, line)
                return True
        return self.adds_late_fields(job)

    def adds_late_fields(self, job: Job) -> bool:
        """Add cookies and credentials to the head of *job*, just before it is sent.

        Where that fails, hand out the error as its result, and return False. The jar may be anybody's code, which may
        have closed the fetcher.
        """
        if not self._late_fields:
            return True
        try:
            self.off_the_clock(self.shared.preparer.add_late_fields, job)
        except Exception as error:  # what the jar, its policy or a value that is none raises
            self.give_up(job, without_frames(error))
            return False
        return True

    def off_the_clock(self, function: Callable[..., Any], *args: object) -> Any:
        """Return ``function(*args)``, which runs the caller's code; it may change a jar."""
        try:
            return LoopState.off_the_clock(self, function, *args)
        finally:
            self._lines.clear()

    def written(self, file: Any, content: bytes) -> int:
        """Return how much of *content* one of ``FILES`` has taken in one call; time stands still meanwhile."""
        away, began = self.away, time.monotonic()
        try:
            return taken_by_file(file, content)
        finally:
            self.away = away + time.monotonic() - began
            self._lines.clear()

    def _give_turn(self, host: Host) -> None:
        """Start one job of a host that was runnable; with more to start, it stands behind the others again."""
        host.is_runnable = False
        if self._has_room(host) and (host.pending or self.pacing.let_out(host)):
            self._start(host)
            if host.pending or host.held_back:
                self.make_runnable(host)
        else:
            self.settle(host)

    def _start(self, host: Host) -> None:
        """Give the next job of *host* a connection: the one used last, or a new one."""
        job = host.pending.popleft()
        self.queued -= 1
        while kept := self._kept_for(host, job):
            if not self.adds_late_fields(job):
                self.settle(host)
                return
            if self.is_closed:
                return
            connection = kept.pop()
            del self.idle[connection]
            if connection.turn >= self.most_in_a_row:
                connection.turn = 0  # the others have had theirs
            if self.now + self.away - connection.idle_since < self._idle_s and self._carries(connection, job):
                return
            connection.close(UNUSED)
        while self.open >= self.places.most and self.idle:
            self._unused_for(host).close(_GIVEN_AWAY)
        connection = Connection(self, host)
        host.count += 1
        self.hosts[host.key] = host  # closing the last one may have dropped it
        self.open += 1
        self.active[connection] = None
        connection.connect(job)

    def _unused_for(self, host: Host) -> Connection:
        """Return the connection whose place *host* gets: another host's that is idle for longest, or one of its own."""
        for connection in self.idle:
            if connection.host is not host:
                return connection
        return next(iter(self.idle))

    def excuse(self, now: float, due_at: float) -> None:
        """Look at the clock, which has stood still since a turn was due: who drives the loop was busy elsewhere.

        *now* and *due_at* are by ``time.monotonic``. What has been excused, or has counted, already, stays so.
        """
        if now > due_at:
            self.away += max(0.0, now - max(due_at, self.now + self.away))
        self.now = now - self.away

    def start_at_once(self, job: Job, due_at: float) -> bool:
        """Send *job* over a kept connection of its host, outside of a turn; False where others may come before it.

        *due_at*: when the next turn is due, see ``excuse``.
        """
        host = self.hosts.get(job.key)
        if host is None or not host.idle or self.runnable or host.pending or host.arriving is not host.pending:
            return False
        if self.memory.is_full or self._late_fields:
            return False
        connection = host.idle[-1]
        now = time.monotonic()
        if now - connection.idle_since >= self._idle_s:
            return False
        self.excuse(now, due_at)
        host.idle.pop()
        del self.idle[connection]
        connection.turn = 0
        if not self._carries(connection, job):
            connection.close(NOT_QUIET)
            return False
        return True

    def _carries(self, connection: Connection, job: Job) -> bool:
        """Send *job* over a connection that has rested; return False where something has come on it unasked."""
        self.active[connection] = None
        if self._sends_fast(connection, job):
            assert self._send_if_quiet is not None
            sent = self._send_if_quiet(connection.descriptor, job.head)
            if sent > 0:
                connection.begun(job, sent)
                return True
        if not connection.is_quiet():
            return False
        connection.begin(job)
        return True

    def _sends_fast(self, connection: Connection, job: Job) -> bool:
        """Return whether *job* may be sent over a connection that rests, and be read, by the fast path."""
        if self._send_if_quiet is None or self.is_traced or not connection.is_plain or connection.is_behind_left_out:
            return False
        return job.is_plain and job.body is None and job.late_head is None

    def _kept_for(self, host: Host, job: Job) -> list[Connection]:
        """Return the list of kept connections that *job* may use; the last one is to be taken first."""
        if host.resting and self.rests.may_follow(host.key, job.method):
            return host.resting
        return host.idle

    def rest(self, connection: Connection) -> None:
        """Keep a connection that has nothing to do."""
        host = connection.host
        connection.idle_since = self.now + self.away
        expires_at = self.now + self._idle_s
        if expires_at < self.sweep_at:
            self.sweep_at = expires_at
        del self.active[connection]
        if connection.is_behind_left_out and self.rests.rest_s:
            connection.rests_until = time.monotonic() + self.rests.rest_s
            host.resting.append(connection)
            self.pacing.wake(connection)
        else:
            host.idle.append(connection)
        self.idle[connection] = None
        if self.open > self.places.most:
            connection.close(TOO_MANY)
        elif host.pending or host.held_back or host.awaits_opening:
            self.make_runnable(host, is_opened=True)

    def forget(self, connection: Connection) -> None:
        """Free the place of a connection that is closed."""
        host = connection.host
        if self.names.awaited:
            self.names.give_up(connection)
        if connection in self.idle:
            del self.idle[connection]
            (host.resting if connection in host.resting else host.idle).remove(connection)
        self.active.pop(connection, None)
        host.count -= 1
        host.opening -= connection.phase in (RESOLVING, OPENING)
        self.open -= 1
        self.settle(host)

    def settle(self, host: Host) -> None:
        """Queue *host* for a connection if it has jobs; drop it if it has neither jobs nor connections."""
        if host.awaits_opening and not host.opening:
            host.awaits_opening = host.is_runnable = False  # also where what waited for that was given up
        if host.pending or host.held_back:
            self.make_runnable(host)
        elif not host.count and not host.is_runnable and self.hosts.get(host.key) is host:
            del self.hosts[host.key]
            if self._last_host is host:
                self._last_host = None

    def answered(self, response: Response) -> None:
        """Hand out a result."""
        self.results.add(response)

    def hold(self, count: int) -> None:
        """Count *count* more bytes of content; beyond what may be held, reading pauses."""
        if self.memory.hold(count):
            self.choose_paused()

    # -- what is in loop.py -----------------------------------------------------------------------------------

    def begin(self) -> Poller:
        """Make what is waited with."""
        raise NotImplementedError

    def heed_logger(self) -> None:
        """See whether somebody hears the logger by now."""
        raise NotImplementedError

    def choose_paused(self) -> bool:
        """While memory is full, read only the oldest request's connection; return whether it still is full."""
        raise NotImplementedError

    def _go_on_decoding(self) -> None:
        """Give each connection another turn that has more to decode than one turn takes."""
        raise NotImplementedError

    def _sweep(self) -> None:
        """Fail what is out of time."""
        raise NotImplementedError

    def give_up(self, job: Job, error: Exception) -> None:
        """Hand out *error* as the result of a job that is not sent, or not again."""
        raise NotImplementedError

    def close(self) -> None:
        """Close every socket and forget what was asked for."""
        raise NotImplementedError


class ResultIterator:
    """Has a loop run until there is a result, and hands that out: what a Fetcher does for each one, compiled too."""

    __slots__ = ("_loop", "_results")

    def __init__(self, loop: Scheduler) -> None:
        self._loop = loop
        self._results: Any = loop.results

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Response:
        """Return the next response, when there is one.

        Raises what the input raises (the others go on then), PoolClosed in the child of a fork.
        """
        response: Response | None = None if self._results is None else self._results.take()
        if response is None:
            self._run()
            response = self._results.take()
            if response is None:
                raise StopIteration  # a finalizer or a signal's handler has closed it just now
        return response

    def _run(self) -> None:
        """Have the loop run until there is a result. Raises as ``__next__``."""
        if self._results is None:  # else C would look into a loop that is not there
            raise AttributeError(f"{type(self).__name__} has not called __init__ of the class it is made of")
        loop = self._loop
        if loop.runs_in:
            raise RuntimeError("the fetcher is being asked for a result already: by its input, or another thread")
        try:  # all within it: Ctrl-C may come before and behind the loop's own work too
            loop.runs_in = get_ident()
            try:
                loop.run()
            finally:
                loop.runs_in = 0
                loop.leave()
        except Exception:  # StopIteration, or the input's
            raise
        except BaseException:  # Ctrl-C
            loop.close()
            raise


def _first_index_of(host: Host) -> int:
    pending, held_back = host.pending, host.held_back
    first: int = pending[0].index if pending else sys.maxsize
    return min(first, held_back[0].index) if held_back else first
