"""Whether a kept connection may still be used. Compiled too, with the types of ``watch.pxd``."""

from __future__ import annotations

import os
import select
import socket
import ssl
from collections.abc import Callable
from functools import partial

from .._wire.annotations import Any, Final
from ..errors import CannotSendRequest
from .nested import NestedTLS
from .source import STANDARD_SOCKET

_STANDARD_PENDING: Final = ssl.SSLSocket.pending if ssl.SSLSocket.__module__ == "ssl" else None
_forks = 0
"""How many forks this process is away from the one that imported us."""


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class Watch:
    """Looks at the socket of an idle connection, without waiting.

    Anything that arrives between two exchanges (a late 408, garbage, a close) was not asked for and must
    not become the next answer. An object that is no socket cannot be looked at and is taken for quiet.
    """

    __slots__ = ("_descriptor", "_forks", "_has_read", "_is_tls", "_poll", "sock")

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self._forks = _forks
        self._has_read = False
        self._is_tls = isinstance(sock, (ssl.SSLSocket, NestedTLS))
        self._descriptor = sock.fileno() if isinstance(sock, (socket.socket, NestedTLS)) else None
        self._poll: Callable[[int], object] = _always_quiet if self._descriptor is None else _poll_of(sock)

    def is_quiet(self) -> bool:
        """Return whether the connection is open, is this process's own, and nothing has arrived on it."""
        if self._forks != _forks:
            return False  # the parent goes on using it
        if self._descriptor is not None and self.sock.fileno() != self._descriptor:
            return False  # closed, and the number may be somebody else's by now
        if self._is_tls and _has_pending(self.sock):
            return False
        try:
            is_readable = self._poll(0)
        except RuntimeError as error:  # "concurrent poll() invocation"
            raise CannotSendRequest("another thread is sending a request on this connection") from error
        return not is_readable or (self._is_tls and self._has_no_data())

    def plain_descriptor(self) -> int:
        """Return the descriptor of a plain socket that is open and this process's own; -1 for any other."""
        if self._is_tls or self._descriptor is None or self._forks != _forks or type(self.sock) is not STANDARD_SOCKET:
            return -1
        descriptor: int = self.sock.fileno()
        return descriptor if descriptor == self._descriptor else -1

    def has_found_bytes(self) -> bool:
        """Return whether it was bytes that made ``is_quiet`` False, on a socket that does not block; not its end."""
        try:
            return self._has_read or bool(self.sock.pending() if self._is_tls else self.sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _has_no_data(self) -> bool:
        """Return whether the records that have come on an idle TLS connection carry no data, and no close.

        Session tickets and key updates are such. A peek is refused on TLS, so read: "want read" means no data.
        """
        timeout = self.sock.gettimeout()
        try:
            self.sock.settimeout(0)
            self._has_read = bool(self.sock.recv(1))
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        finally:
            self.sock.settimeout(timeout)
        return False


def _has_pending(sock: Any) -> bool:
    """Return whether decrypted bytes wait in *sock*; of Python's own kind, asked of what it asks itself."""
    is_standard = type(sock) is ssl.SSLSocket and ssl.SSLSocket.pending is _STANDARD_PENDING
    tls = sock._sslobj if is_standard else sock
    return tls is not None and tls.pending() > 0


def _always_quiet(timeout: int) -> object:
    return None


def _poll_of(sock: Any) -> Callable[[int], object]:
    """Return a function that tells whether *sock* is readable, given 0: do not wait."""
    if hasattr(select, "poll") and sock.fileno() >= 0:
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLPRI)
        return poll.poll
    return partial(_is_told_by_select, sock)


def _is_told_by_select(sock: Any, timeout: int) -> object:
    return sock.fileno() < 0 or select.select([sock], [], [], timeout)[0]
