"""Names that are looked up in threads of the resolver for connections of a loop, and how the loop learns of answers.

A thread that has an answer notes for which connection it is, and writes a byte into a pair of sockets, of which the
loop polls the other one.
"""

from __future__ import annotations

import collections
import contextlib
import socket
from typing import Any

from ..._io.lookups import Address, Lookup, Name
from ..._io.polling import IN, Poller
from ..._io.resolving import Resolver


class Names:
    """What is looked up for the connections of one loop. They know their loop, and so are not named here."""

    __slots__ = ("_answered", "_resolver", "_waker", "awaited")

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self.awaited: dict[Any, tuple[Lookup, dict[Name, list[Address]]]] = {}
        """By connection: what is looked up for it, and the addresses that were found for it before."""
        self._answered: collections.deque[Any] = collections.deque()
        self._waker: tuple[socket.socket, socket.socket] | None = None

    def begin(self, poller: Poller) -> None:
        """Have *poller* tell of answers. Raises OSError where there is no file descriptor for it."""
        ours, theirs = self._waker = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        poller.register(ours.fileno(), IN)

    def wake(self, connection: Any) -> None:
        """Have the loop go on with *connection*: there is an answer for it. For any thread, also behind ``close``."""
        self._answered.append(connection)
        waker = self._waker
        if waker is None:
            return
        try:
            waker[1].send(b"\0")
        except OSError:
            return  # it is full, so the loop will look; or it has just been closed

    def take_wake(self) -> None:
        """Go on with the connections for which there are answers."""
        if self._waker is None:
            return
        try:
            self._waker[0].recv(4096)
        except BlockingIOError:
            return
        try:
            while self._answered:
                connection = self._answered.popleft()
                waited_for = self.awaited.get(connection)
                if waited_for is not None and waited_for[0].answer is not None:  # else it has been given up since then
                    connection.resolve()
        finally:
            if self._answered:
                with contextlib.suppress(BlockingIOError):  # it is full, and so heard of
                    self._waker[1].send(b"\0")  # for those that an exception has left behind: a warning that is one

    def give_up(self, connection: Any) -> None:
        """Wait for no name for *connection* any more."""
        waited_for = self.awaited.pop(connection, None)
        if waited_for is not None:
            self._resolver.lookups.give_up(waited_for[0])

    def close(self) -> None:
        """Give up every lookup, and close the sockets. A second call does nothing."""
        for lookup, _ in self.awaited.values():
            self._resolver.lookups.give_up(lookup)
        self._resolver.close()
        self.awaited.clear()
        self._answered.clear()
        if self._waker is not None:
            for end in self._waker:
                end.close()
            self._waker = None
