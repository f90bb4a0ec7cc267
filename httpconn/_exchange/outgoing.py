"""A request on its way: its head and then its body, as far as the connection takes them."""

from __future__ import annotations

from collections.abc import Callable

from .job import Clock, Job


class Outgoing:
    """A request on its way: what of it is still to be sent."""

    __slots__ = ("_clock", "_is_asking", "_more", "_view", "body_error")

    def __init__(self, job: Job, clock: Clock, sent: int = 0) -> None:
        """*sent* bytes of the head are on their way already."""
        self._clock = clock
        self._view = memoryview(job.head_to_send)[sent:]
        self.body_error: BaseException | None = None
        """What ``send`` has raised and is the body's own: no word of the peer's, whatever its class."""
        self._is_asking = job.expects_continue
        self._more = job.body() if job.body is not None else None

    @property
    def is_waiting(self) -> bool:
        """Whether the head is out, and the body waits to be asked for: until ``go_on``."""
        return self._is_asking and not self._view

    def go_on(self) -> None:
        """Send the body: it was asked for, or nobody said anything for long enough."""
        self._is_asking = False

    def send(self, send: Callable[[memoryview], int]) -> bool:
        """Hand to *send* what is left, until it takes nothing; return whether the request is sent whole.

        Raises what *send* raises, and what a body raises that is made while it is sent.
        """
        while True:
            while self._view:
                count = send(self._view)
                if not count:
                    return False
                self._view = self._view[count:]
            if self._is_asking:
                return False
            try:
                part = None if self._more is None else self._clock.off_the_clock(next, self._more, None)
            except BaseException as error:
                self.body_error = error
                raise
            if part is None:
                self._more = None
                return True
            self._view = memoryview(part)
