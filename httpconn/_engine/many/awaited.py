"""Who awaits which result: a request goes in and its receiver is remembered; a result goes out to that.

What each await of a bare URL passes through, and so compiled too, by ``awaited.pxd``. All else that an event loop has
to do with the engine is ``driver.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any, Final

from ..._exchange.job import Job
from .loop import Loop
from .runners import Future, Receiver, Runner

_FOREVER: Final = float("inf")
NOWHERE: Final = 0
"""The identity of no thread."""


class Awaited:
    """The requests of one engine, in one event loop, by number, and who gets the result of each."""

    __slots__ = ("engine", "is_here", "new_future", "prepare_url", "requests", "rings_at", "rings_soon", "thread",
                 "waiting")  # fmt: skip

    def __init__(self, engine: Loop, prepare_url: Callable[[str, int], Job], runner: Runner) -> None:
        self.engine = engine
        self.is_here = runner.is_here
        self.new_future = runner.future
        self.prepare_url = prepare_url
        self.requests = 0
        self.rings_at = _FOREVER
        """When a turn is due at the latest, by ``time.monotonic``."""
        self.rings_soon = False
        """Whether a turn is certain within a tenth of a second, as while something is under way."""
        self.thread = get_ident()
        """In which the last turn was."""
        self.waiting: dict[int, Receiver] = {}

    def ask(self, url: str) -> tuple[Job, Future] | None:
        """Have a GET of *url* carried, of which nothing else is said; return its job, and what gets its result.

        None where the caller does not run in this event loop. Raises as ``Preparer.prepare_url``.
        """
        if get_ident() != self.thread or not self.is_here():
            return None
        index = self.requests
        self.requests = index + 1
        job = self.engine.known_job(url, index)
        if job is None:
            job = self.prepare_url(url, index)
        future = self.new_future()
        if not self.begin(job, future):
            self.queue(job)
        return job, future

    def begin(self, job: Job, receiver: Receiver) -> bool:
        """Have *receiver* get the result of *job*; return whether it has been sent. If not, queue it."""
        engine = self.engine
        if not self.waiting:
            engine.heed_logger()
        self.waiting[job.index] = receiver
        if not engine.start_at_once(job, self.rings_at):
            return False
        if not self.rings_soon or engine.results.waiting:
            self.wake()
        return True

    def queue(self, job: Job) -> None:
        """Have *job* carried when its turn comes."""
        raise NotImplementedError

    def wake(self) -> None:
        """Have what can be started, or is given up, seen to soon."""
        raise NotImplementedError

    def deliver(self, responses: list[Any]) -> None:
        """Give each of *responses* to who waits for it, if anybody still does."""
        waiting = self.waiting
        for response in responses:
            receiver = waiting.pop(response.index, None)
            if receiver is not None and not receiver.done():
                receiver.set_result(response)
