"""Waiting for many sockets: epoll where there is one, ``selectors`` elsewhere, behind epoll's own interface."""

from __future__ import annotations

import select
import selectors
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

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, descriptor: int, mask: int, /) -> None:
        if mask:
            events = (selectors.EVENT_READ if mask & IN else 0) | (selectors.EVENT_WRITE if mask & OUT else 0)
            self._selector.register(descriptor, events)

    def modify(self, descriptor: int, mask: int, /) -> None:
        self.unregister(descriptor)
        self.register(descriptor, mask)

    def unregister(self, descriptor: int, /) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

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

    def close(self) -> None:
        self._selector.close()


def new_poller() -> Poller:
    """Return the best poller of this system."""
    if hasattr(select, "epoll"):
        return select.epoll()
    return SelectorPoller()
