"""Waiting for many sockets: epoll where there is one, ``selectors`` elsewhere, behind epoll's own interface."""

from __future__ import annotations

import itertools
import select
import selectors
from collections.abc import Callable
from typing import Final, Protocol

IN: Final = 1
OUT: Final = 4
"""Linux's EPOLLIN and EPOLLOUT. A poller may report other bits too (error, hang-up): something can be read then."""

LONGEST_WAIT_S: Final = 86_400.0
"""What is waited at once; pollers take no more than some 24 days."""


class Poller(Protocol):
    def register(self, descriptor: int, mask: int, /) -> None: ...

    def modify(self, descriptor: int, mask: int, /) -> None: ...

    def unregister(self, descriptor: int, /) -> None: ...

    def poll(self, timeout_s: float | None, most: int, /) -> list[tuple[int, int]]: ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class SelectorPoller:
    """The best selector of this system, with epoll's interface; a mask of 0 means: not now."""

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self._selector = selector or selectors.DefaultSelector()
        self._masks: dict[int, int] = {}
        self.on_change: Callable[[], None] | None = None
        """Called when something else is waited for than before, for who waits in another thread."""

    def register(self, descriptor: int, mask: int, /) -> None:
        if mask:
            events = (selectors.EVENT_READ if mask & IN else 0) | (selectors.EVENT_WRITE if mask & OUT else 0)
            self._selector.register(descriptor, events)
            self._masks[descriptor] = mask
            self._tell()

    def modify(self, descriptor: int, mask: int, /) -> None:
        self.unregister(descriptor)
        self.register(descriptor, mask)

    def unregister(self, descriptor: int, /) -> None:
        if self._masks.pop(descriptor, None) is not None:
            self._selector.unregister(descriptor)
            self._tell()

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def poll(self, timeout_s: float | None, most: int, /) -> list[tuple[int, int]]:
        return [
            (key.fd, (IN if events & selectors.EVENT_READ else 0) | (OUT if events & selectors.EVENT_WRITE else 0))
            for key, events in self._selector.select(timeout_s)
        ]

    def fileno(self) -> int:
        """Return a descriptor that can be read from when there is an event. Raises OSError where there is none."""
        fileno = getattr(self._selector, "fileno", None)
        if fileno is None:
            raise OSError("select() has no descriptor of its own")
        descriptor: int = fileno()
        return descriptor

    def masks(self) -> dict[int, int]:
        """Return what is waited for, by descriptor: a copy, that another thread may ask for."""
        return self._masks.copy()

    def close(self) -> None:
        self._selector.close()


def descriptor_of(poller: Poller) -> int | None:
    """Return what can be read from when *poller* has an event; None where there is no such descriptor (Windows)."""
    try:
        return poller.fileno()
    except OSError:
        return None


def ready_of(masks: dict[int, int], timeout_s: float) -> set[int]:
    """Return those descriptors for which there is something; none when the time is over.

    Waits with nothing but *masks*, so that any thread may. Raises OSError or ValueError where one has been closed.
    """
    if hasattr(select, "poll"):
        poll = select.poll()
        for descriptor, mask in masks.items():
            poll.register(descriptor, (select.POLLIN if mask & IN else 0) | (select.POLLOUT if mask & OUT else 0))
        return {descriptor for descriptor, _ in poll.poll(timeout_s * 1000)}
    reading = [descriptor for descriptor, mask in masks.items() if mask & IN]
    writing = [descriptor for descriptor, mask in masks.items() if mask & OUT]
    # On Windows a connection that could not be made is among the third.
    return {*itertools.chain(*select.select(reading, writing, writing, timeout_s))}


def new_poller() -> Poller:
    """Return the best poller of this system."""
    if hasattr(select, "epoll"):
        return select.epoll()
    return SelectorPoller()
