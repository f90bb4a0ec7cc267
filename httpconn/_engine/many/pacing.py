"""What does not start yet: hosts that wait for their pace or a Retry-After, and jobs that wait to be sent again.

A host that is held back has its jobs in ``held_back`` and not in ``pending``, which is all that connections take from:
what is not held back costs nothing here. It stands in the row as any other host. When it gets its turn, and could have
a connection at once, one job is let out; or the host waits for its time outside of the row, and has no place then.

Rates and gates are kept by the clock on the wall: unlike the one for deadlines, it goes on while the consumer is busy.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import time
from collections.abc import Mapping
from typing import Final, Protocol

from ..._exchange.job import LENGTH_OF_ORIGIN, Job, Key
from ...errors import TotalTimeout
from ...policies.rates import Paces
from .connection import Connection
from .host import Host

_FOREVER: Final = float("inf")


class Queues(Protocol):
    """Where hosts and jobs come from, and are given back to: what is asked of the loop here."""

    away: float
    queued: int

    @property
    def hosts(self) -> Mapping[Key, Host]: ...
    def give_up(self, job: Job, error: Exception) -> None: ...
    def make_runnable(self, host: Host, *, is_opened: bool = False) -> None: ...
    def settle(self, host: Host) -> None: ...
    def queue_first(self, job: Job) -> None: ...
    def end_rest(self, connection: Connection) -> None: ...


class Pacing:
    """Holds hosts and jobs back for a loop until ``due_at``, and then gives back what is due."""

    def __init__(self, loop: Queues, paces: Paces) -> None:
        self._loop = loop
        self._paces = paces
        self._waiting: list[tuple[float, int, Host | Job | Connection]] = []
        self._numbers = itertools.count()
        self.due_at = _FOREVER
        """When there is something due, by ``time.monotonic``."""

    def welcome(self, host: Host, job: Job) -> None:
        """For a new host, whose first job is *job*: hold its jobs back where there is a pace for its origin."""
        key = job.origin.key
        paces = self._paces
        if (paces.are_kept and paces.is_paced(key)) or paces.find(key) is not None:
            host.arriving = host.held_back

    def let_out(self, host: Host) -> bool:
        """Let the next job of *host* out, and return whether there is one; else the host waits, where it has any."""
        now = time.monotonic()
        is_paced = self._paces.is_paced(host.key[:LENGTH_OF_ORIGIN])
        if is_paced and host.opening and not host.idle:
            # The next request's time counts from when that connection's request goes out, which is not known yet.
            host.is_runnable = host.awaits_opening = True
            return False
        while host.held_back:
            job = host.held_back[0]
            key = job.origin.key
            pace = self._paces.of(key, now) if is_paced else self._paces.find(key)
            ready_at = pace.ready_at() if pace is not None else now
            if job.trail is not None and job.trail.total_at + self._loop.away <= max(now, ready_at):
                host.held_back.popleft()
                self._loop.queued -= 1
                self.give_up(job)
                continue
            if ready_at > now:
                host.is_runnable = True
                self._wait(ready_at, host)
                return False
            if pace is not None:
                pace.started.take(now)
            host.held_back.popleft()
            host.pending.append(job)
            if not is_paced:
                host.pending.extend(host.held_back)  # no rate is set, and the gate is open: all the others may go too
                host.held_back.clear()
                host.arriving = host.pending
            return True
        return False

    def is_hopeless(self, job: Job) -> bool:
        """Return whether *job*, first in its row, would have its turn only when its time is over."""
        pace = self._paces.find(job.origin.key)
        trail = job.trail
        return pace is not None and trail is not None and trail.total_at + self._loop.away <= pace.ready_at()

    def give_up(self, job: Job) -> None:
        """End a job whose turn would come when its time is over."""
        error = TotalTimeout(
            f"its turn at {job.origin} would come after the end of Timeout.total: its rate, delay or Retry-After"
        )
        self._loop.give_up(job, error)

    def note_open(self, host: Host, job: Job) -> None:
        """Note that the connection for *job* has been made: rate and delay count from when the request goes out."""
        host.opening -= 1
        if not self._paces.are_kept:
            return
        key = job.origin.key
        if self._paces.is_paced(key):
            now = time.monotonic()
            self._paces.of(key, now).started.note(now)
            self._loop.make_runnable(host, is_opened=True)

    def shut(self, job: Job, until: float) -> None:
        """Let nothing go to the origin of *job* before *until*."""
        key = job.origin.key
        pace = self._paces.of(key, time.monotonic())
        was_shut = pace.held_until > time.monotonic()
        pace.hold(until)
        if not was_shut and not self._paces.is_paced(key):
            self._hold_back(key)

    def slow_down(self, key: Key, delay_s: float) -> None:
        """Have *delay_s* at least between two requests to the origin with that *key*, from now on."""
        if self._paces.slow_down(key, delay_s, time.monotonic()):
            self._hold_back(key)

    def _hold_back(self, key: Key) -> None:
        """Have the jobs for an origin that are not under way be let out one by one."""
        for host in self._loop.hosts.values():
            if host.key[: len(key)] == key and host.arriving is host.pending:
                host.held_back.extend(host.pending)
                host.pending.clear()
                host.arriving = host.held_back

    def defer(self, job: Job, until: float) -> None:
        """Have *job* queued, in front of the others, at *until*."""
        self._loop.queued += 1
        self._wait(until, job)

    def wake(self, connection: Connection) -> None:
        """Have *connection* go on when it has rested."""
        if not connection.has_alarm:
            connection.has_alarm = True
            self._wait(connection.rests_until, connection)

    def _wake_up(self, connection: Connection) -> None:
        connection.has_alarm = False
        if connection not in connection.host.resting:
            return  # it is closed, or at work
        if connection.rests_until > time.monotonic():
            self.wake(connection)  # it has been at work meanwhile
        else:
            self._loop.end_rest(connection)

    def _wait(self, until: float, what: Host | Job | Connection) -> None:
        heapq.heappush(self._waiting, (until, next(self._numbers), what))
        self.due_at = self._waiting[0][0]

    def let_out_due(self) -> None:
        """Give back what is due by now."""
        loop, waiting = self._loop, self._waiting
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            what = heapq.heappop(waiting)[2]
            if isinstance(what, Job):
                loop.queued -= 1
                loop.queue_first(what)
            elif isinstance(what, Connection):
                self._wake_up(what)
            else:
                what.is_runnable = False
                loop.settle(what)  # its jobs may have been given up
        self.due_at = waiting[0][0] if waiting else _FOREVER

    def drop(self, indexes: set[int]) -> None:
        """Forget the jobs with these indexes."""
        kept = [entry for entry in self._waiting if not (isinstance(entry[2], Job) and entry[2].index in indexes)]
        self._loop.queued -= len(self._waiting) - len(kept)
        self._waiting = kept
        heapq.heapify(kept)
        self.due_at = kept[0][0] if kept else _FOREVER

    def first_index(self) -> int:
        """Return the index of the oldest request that waits here."""
        return min((_index_of(what) for _, _, what in self._waiting), default=sys.maxsize)

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()
        self.due_at = _FOREVER


def _index_of(what: Host | Job | Connection) -> int:
    if isinstance(what, Job):
        return what.index
    if isinstance(what, Connection):
        return sys.maxsize
    return what.held_back[0].index if what.held_back else sys.maxsize
