"""When a thread may send: rates and gates of a pool, waited for without a lock and before a connection is taken."""

from __future__ import annotations

import threading
import time
from typing import Final

from ..._exchange.job import Job
from ..._wire.head import ResponseHead
from ...errors import PoolClosed, TotalTimeout
from ...policies.rates import Bucket, Paces
from ...policies.verdict import Policies

_FOREVER: Final = float("inf")


class Pacing:
    """Gives turns to threads, in the order in which they ask."""

    def __init__(self, paces: Paces) -> None:
        self._paces = paces
        self.are_kept = paces.are_kept
        """Whether there may be a pace for an origin, so that each sending there has to be taken."""
        self.begin_anew()

    def begin_anew(self) -> None:
        """As at first: in the child of a fork a lock may be held by a thread that is not there."""
        self._lock = threading.RLock()  # a signal's handler may send over the pool whose thread has it
        self._closes = threading.Event()
        self.are_needed = self._paces.are_kept
        """Whether anything is held back at all."""

    def wait_for(self, job: Job, until: float) -> None:
        """Wait until *job* may start. Raises TotalTimeout, at once, where that is not before *until*; PoolClosed."""
        if self._closes.is_set():
            raise PoolClosed("the pool has been closed")  # said first: nobody's turn comes any more
        key = job.origin.key
        with self._lock:
            is_paced = self._paces.is_paced(key)
            at = self._take(job, self._paces.of(key, time.monotonic()).planned, until) if is_paced else 0.0
        while True:
            at = max(at, self._held_until(key))
            now = time.monotonic()
            if at <= now:
                return
            _check(job, at, now, until)
            self.sleep(at - now)

    def may_start(self, job: Job) -> bool:
        """Return whether *job*, which has a connection, may go on; else it waits for its turn again, without one."""
        return not self.are_needed or self._held_until(job.origin.key) <= time.monotonic()

    def take(self, job: Job, until: float) -> None:
        """Take the next sending, now that the connection of *job* is open.

        It comes late where connections are scarce or slow, and others may have been as late and go just before it:
        then it waits here, for the short time that a pace prescribes. Raises TotalTimeout, PoolClosed.
        """
        key = job.origin.key
        with self._lock:
            if not self._paces.is_paced(key):
                return
            at = self._take(job, self._paces.of(key, time.monotonic()).started, until)
        now = time.monotonic()
        if at > now:
            self.sleep(at - now)

    def _take(self, job: Job, bucket: Bucket, until: float) -> float:
        """Return when the next start of *bucket* is, which is taken then. Raises TotalTimeout, and takes none."""
        now = time.monotonic()
        earliest = max(now, self._held_until(job.origin.key))
        _check(job, max(earliest, bucket.ready_at()), now, until)
        return bucket.take(earliest)

    def shut(self, job: Job, hold_s: float) -> None:
        """Let nothing go to the origin of *job* for so long."""
        with self._lock:
            self.are_needed = True  # first: who finds it False has not looked for gates
            now = time.monotonic()
            self._paces.of(job.origin.key, now).hold(now + hold_s)

    def note_answer(self, job: Job, head: ResponseHead, policies: Policies) -> None:
        """Shut the gate where an answer to *job* asks for nothing to come for a while."""
        hold_s = policies.hold_after(job, head, time.time())
        if hold_s:
            self.shut(job, hold_s)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises PoolClosed when the pool is closed meanwhile."""
        if self._closes.wait(seconds):
            raise PoolClosed("the pool was closed while a request waited for its turn")

    def close(self) -> None:
        """Wake up who waits."""
        self._closes.set()

    def _held_until(self, key: object) -> float:
        pace = self._paces.find(key)
        return -_FOREVER if pace is None else pace.held_until


def _check(job: Job, at: float, now: float, until: float) -> None:
    if at >= until:
        reason = "its rate, delay or Retry-After"
        raise TotalTimeout(
            f"its turn at {job.origin} comes in {at - now:.3g} s, after the end of Timeout.total: {reason}"
        )
