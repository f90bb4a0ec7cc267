"""A non-blocking connection: opened step by step, then received from and sent to. Whoever has it does the waiting.

A step says what to wait for (READ, WRITE) or 0 for done. Nothing here waits, so one blocking caller and a loop over a
thousand connections use the same steps.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ..errors import without_frames

READ: Final = 1
WRITE: Final = 2

_IN_PROGRESS: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR})
_SOL_TCP: Final = socket.IPPROTO_TCP


class TLSSettings(NamedTuple):
    context: ssl.SSLContext
    server_hostname: str
    session: ssl.SSLSession | None


class SocketSettings(NamedTuple):
    source_address: tuple[str, int] | None = None
    options: Sequence[tuple[int, int, int | bytes]] = ()
    """What ``setsockopt`` takes, set before connecting."""


class Channel:
    """One connection to the first of *addresses* that takes it; tried in their order.

    ``receive`` and ``send`` may be called once ``open`` has returned 0.
    """

    __slots__ = ("_addresses", "_last_error", "_poll", "_settings", "_tls", "connected_at", "is_clean", "number",
                 "secured_at", "sock", "wants")  # fmt: skip

    def __init__(self, addresses: Sequence[tuple[int, Any]], settings: SocketSettings, tls: TLSSettings | None) -> None:
        self._addresses = list(reversed(addresses))
        self._settings = settings
        self._tls = tls
        self._last_error: OSError | None = None
        self._poll: Any = None
        self.sock: Any = None
        self.is_clean = True
        """False once a TLS peer closed the connection without saying so (close_notify)."""
        self.wants = READ
        """What to wait for after ``receive`` or ``send`` could do nothing."""
        self.connected_at = 0.0
        self.secured_at = 0.0
        self.number = 0
        """Of the address that is being tried, and so of the socket: another number, another descriptor."""

    # -- opening ------------------------------------------------------------------------------------------

    def open(self) -> int:
        """Take the next step; return what to wait for before the one after it, 0 when the connection is open.

        Raises the last address's OSError where none takes the connection; ssl.SSLError, which is final.
        """
        while not self.connected_at:
            if self.sock is None:
                if not self._begin():
                    return WRITE
            else:
                number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number:
                    self._next_address(_os_error(number))
                elif not self._is_connected():
                    return WRITE
            if self.sock is not None and not self.connected_at:
                self.connected_at = time.monotonic()
                self._secure()
        return self._shake_hands() if self._tls is not None else 0

    def _begin(self) -> bool:
        """Begin to connect to the next address; return whether that was done at once."""
        if not self._addresses:
            raise self._last_error or OSError("there is no address to connect to")
        family, address = self._addresses.pop()
        self.number += 1
        try:
            sock = self.sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            if family != getattr(socket, "AF_UNIX", None):
                sock.setsockopt(_SOL_TCP, socket.TCP_NODELAY, 1)
                if self._settings.source_address is not None:
                    sock.bind(self._settings.source_address)
            for option in self._settings.options:
                sock.setsockopt(*option)
            number = sock.connect_ex(address)
        except OSError as error:
            self._next_address(error)
            return True
        if number in _IN_PROGRESS:
            return False
        if number:
            self._next_address(_os_error(number))
        return True

    def _is_connected(self) -> bool:
        try:
            self.sock.getpeername()
        except OSError as error:
            if error.errno == errno.ENOTCONN:
                return False
            raise
        return True

    def _next_address(self, error: OSError) -> None:
        self._last_error = without_frames(error)
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def _secure(self) -> None:
        tls = self._tls
        if tls is not None:
            self.sock = tls.context.wrap_socket(
                self.sock,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
                server_hostname=tls.server_hostname,
                session=tls.session,
            )

    def _shake_hands(self) -> int:
        if self.secured_at:
            return 0
        try:
            self.sock.do_handshake()
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        self.secured_at = time.monotonic()
        return 0

    # -- an open connection -------------------------------------------------------------------------------

    def receive(self, size: int) -> bytes | None:
        """Return up to *size* bytes, b"" where the peer has closed, or None: wait for ``wants`` first."""
        try:
            return self.sock.recv(size)  # type: ignore[no-any-return]  # a socket's
        except (BlockingIOError, ssl.SSLWantReadError):
            self.wants = READ
        except ssl.SSLWantWriteError:
            self.wants = WRITE
        except ssl.SSLEOFError:
            self.is_clean = False
            return b""
        return None

    def send(self, data: bytes | memoryview) -> int:
        """Return how many bytes could be sent; 0: wait for ``wants`` first."""
        try:
            return self.sock.send(data)  # type: ignore[no-any-return]
        except (BlockingIOError, ssl.SSLWantWriteError):
            self.wants = WRITE
        except ssl.SSLWantReadError:
            self.wants = READ
        return 0

    def has_pending(self) -> bool:
        """Return whether bytes have been received that no wait will tell of: TLS keeps decrypted ones."""
        return self._tls is not None and self.sock.pending() > 0

    @property
    def session(self) -> ssl.SSLSession | None:
        """What the next connection with the same settings can go on with instead of a whole handshake."""
        return self.sock.session if self._tls is not None and self.sock is not None else None

    def close(self) -> None:
        """Close the socket; a second call does nothing."""
        sock, self.sock = self.sock, None
        if sock is not None:
            with contextlib.suppress(OSError):  # a reset that close() tells of: there is nobody to act on it
                sock.close()

    # -- for who has only one connection to wait for --------------------------------------------------------

    def wait(self, wanted: int, timeout_s: float | None) -> bool:
        """Wait for READ, WRITE or either (READ | WRITE); return False where *timeout_s* passes first."""
        if timeout_s is not None and timeout_s < 0:
            timeout_s = 0.0
        if not hasattr(select, "poll"):
            readers = [self.sock] if wanted & READ else []
            writers = [self.sock] if wanted & WRITE else []
            # Windows tells of a failed connect in the third list.
            return any(select.select(readers, writers, [self.sock], timeout_s))
        poll = self._poll
        if poll is None or wanted != READ:
            poll = select.poll()
            poll.register(
                self.sock, (select.POLLIN if wanted & READ else 0) | (select.POLLOUT if wanted & WRITE else 0)
            )
            if wanted == READ and self.connected_at:
                self._poll = poll
        return bool(poll.poll(None if timeout_s is None else timeout_s * 1000 + 0.999))


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
