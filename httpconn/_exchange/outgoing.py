"""A request on its way: its head and then its body, as far as the connection takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .job import Clock, Job
from .request_body import FedBody

_END: Final = object()


class Outgoing:
    """A request on its way: what of it is still to be sent."""

    __slots__ = ("_body", "_clock", "_is_asking", "_more", "_view", "body_error", "is_starving")

    def __init__(self, job: Job, clock: Clock, sent: int = 0) -> None:
        """*sent* bytes of the head are on their way already."""
        self._clock = clock
        self._view = memoryview(job.head_to_send)[sent:]
        self.body_error: BaseException | None = None
        """What ``send`` has raised and is the body's own: no word of the peer's, whatever its class."""
        self.is_starving = False
        """Whether the body has nothing to send right now, but is not at its end."""
        self._body = None if job.framed is None else job.framed[0]
        self._is_asking = job.expects_continue
        self._more = job.body() if job.body is not None else None

    @property
    def is_waiting(self) -> bool:
        """Whether the head is out, and the body waits to be asked for: until ``go_on``."""
        return self._is_asking and not self._view

    def wait_for_more(self, told: Callable[[], None]) -> None:
        """Have *told* called when the body has something again; now it ``is_starving``."""
        assert isinstance(self._body, FedBody)
        self._body.wake = told

    def go_on(self) -> None:
        """Send the body: the server asked for it, or has not answered in time."""
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
                part: Any = _END if self._more is None else self._clock.off_the_clock(next, self._more, _END)
            except BaseException as error:
                self.body_error = error
                raise
            self.is_starving = part is None
            if part is None:
                return False
            if part is _END:
                self._more = None
                return True
            self._view = memoryview(part)
