"""Where the bytes of a response come from: a socket, a TLS socket or any file-like object.

One face: ``receive(wanted, asked)`` gives the next bytes, b"" when the peer has closed.

- A plain socket or TLS socket is received from directly; it may give more than was wanted.
- Anything else is asked for ``makefile("rb")`` and read through that. Such a file is never read past what is
  wanted: programs read on from it by themselves, and some test doubles fail on a read after the end.

A source holds its own counted reference to the socket, as ``socket.makefile`` does, so that closing the
connection's socket (urllib.request does so before it reads the body) leaves the response readable.

Compiled too, with the types of ``source.pxd``.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable

from .._wire.annotations import Any, Final
from .file_source import MOST_AT_ONCE, RECEIVE_BYTES, RaggedEndsTold, RawSocketFile, SocketFile

LINE: Final = -1
FRAMING: Final = -2
_FRAMING_BYTES: Final = 2_048


class SocketSource:
    """A socket whose own ``recv`` and ``recv_into`` are used."""

    __slots__ = ("_again", "_sock", "is_clean")

    def __init__(self, sock: Any) -> None:
        self.hold(sock)

    def hold(self, sock: Any) -> None:
        """Be a source of *sock*: all that ``__init__`` does, which is a call of Python where this is compiled."""
        sock._io_refs += 1
        self._sock = sock
        self._again: list[bytes] | None = None
        self.is_clean = True

    def receive(self, wanted: int, asked: int) -> bytes:
        sock = self._sock
        if sock is None:
            raise _closed_meanwhile()
        if self._again:
            return self._again.pop(0)
        if wanted < 0:
            return sock.recv(_FRAMING_BYTES if wanted == FRAMING else RECEIVE_BYTES)  # type: ignore[no-any-return]
        size = MOST_AT_ONCE if not 0 < asked < MOST_AT_ONCE else max(asked, RECEIVE_BYTES)
        # Not more than the body still needs: what comes behind it is left for the look before the next request.
        return sock.recv(min(size, wanted))  # type: ignore[no-any-return]

    def receive_some(self, wanted: int, asked: int) -> bytes:
        return self.receive(wanted, asked)

    def receive_within(self, timeout_s: float) -> bytes | None:
        """As ``receive`` of a line, but None where *timeout_s*, or the socket's own timeout, passes without a byte."""
        sock = self._open_socket()
        own: float | None = sock.gettimeout()
        sock.settimeout(timeout_s if own is None else min(own, timeout_s))
        try:
            return self.receive(LINE, -1)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError) as error:
            if not comes_from_socket(error):
                raise
            return None
        finally:
            if sock.fileno() >= 0:  # else it was closed meanwhile
                sock.settimeout(own)

    def give_again(self, pieces: list[bytes]) -> None:
        """Let ``receive`` give *pieces* again, which were received to be looked at: heads, or an end."""
        self._again = pieces

    def receive_into(self, view: memoryview) -> int:
        return self._open_socket().recv_into(view)  # type: ignore[no-any-return]

    def _open_socket(self) -> Any:
        sock = self._sock
        if sock is None:
            raise _closed_meanwhile()
        return sock

    def as_file(self, unused: bytes, observe: Callable[[bytes], None]) -> SocketFile:
        sock = self._open_socket()
        if self._again:
            seen = b"".join(self._again)
            observe(seen)
            unused += seen
        raw = RawSocketFile(sock, unused, observe)
        self.close()  # the file holds a reference of its own
        return SocketFile(raw)

    def fileno(self) -> int:
        return self._open_socket().fileno()  # type: ignore[no-any-return]

    def close(self) -> None:
        sock, self._sock = self._sock, None
        if sock is None:
            return
        if sock._closed:
            sock._decref_socketios()  # the last one closes it
        else:
            sock._io_refs -= 1  # which is all that it would do


class TLSSource(SocketSource):
    """A ``ssl.SSLSocket``. Tells a clean end from one that an attacker on the way could have made."""

    __slots__ = ()

    def receive(self, wanted: int, asked: int) -> bytes:
        sock = self._sock
        if sock is None:
            raise _closed_meanwhile()
        # What RaggedEndsTold does, without its two calls.
        suppressed = sock.suppress_ragged_eofs
        sock.suppress_ragged_eofs = False
        try:
            return SocketSource.receive(self, wanted, asked)
        except ssl.SSLEOFError:
            self.is_clean = False
            return b""
        finally:
            sock.suppress_ragged_eofs = suppressed

    def receive_into(self, view: memoryview) -> int:
        try:
            with RaggedEndsTold(self._open_socket()):
                return SocketSource.receive_into(self, view)
        except ssl.SSLEOFError:
            self.is_clean = False
            return 0


def send_promptly(sock: socket.socket, data: bytes) -> None:
    """Send all of *data* on a plain socket with a timeout, trying before waiting; raises as ``sendall``.

    The socket module waits first wherever there is a timeout: one system call more, and a request nearly always fits
    into the socket's buffer. Such a socket's descriptor does not block, so the first try takes no time at all.
    """
    sent = 0
    if _WRITES_TO_SOCKETS and STANDARD_SOCKET.sendall is _sendall:
        try:
            sent = os.write(sock.fileno(), data)
        except BlockingIOError:
            sent = 0
    if sent < len(data):
        sock.sendall(memoryview(data)[sent:] if sent else data)


def comes_from_socket(error: BaseException) -> bool:
    """Return whether a socket itself has raised *error* while it received: then nothing has been taken from it.

    A signal handler may raise a TimeoutError too, and come in when bytes have been received and nobody has them yet.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else trace.tb_frame.f_globals.get("__name__", "")
    return module in (__name__, RawSocketFile.__module__, "socket", "ssl") or module.startswith("gevent.")


def _closed_meanwhile() -> ValueError:
    """Another thread or a signal handler has closed the source between two steps of a read."""
    return ValueError("the response was closed before this could be read from it")


def open_socket(sock: Any) -> SocketSource | None:
    """Return the source for a plain socket or a TLS socket; None for anything else: use its ``makefile``."""
    kind = type(sock)
    if kind is STANDARD_SOCKET:
        return None if _are_replaced else SocketSource(sock)
    if isinstance(sock, ssl.SSLSocket):
        return TLSSource(sock) if kind.makefile is _makefile and not _are_replaced else None
    # gevent puts its own class in the place of the standard one, and counts references as that does. What test
    # libraries put there does not, and is read through its makefile, like any subclass.
    return SocketSource(sock) if kind is socket.socket and _counts_references(kind) else None


def _counts_references(kind: type) -> bool:
    for name in _COUNTING:  # noqa: SIM110  # a function of C has no generator in it
        if not hasattr(kind, name):
            return False
    return True


def look_for_replaced_reads() -> bool:
    """Return whether somebody has replaced what ``makefile`` reads a plain or TLS socket by (tests and tracers do).

    From then on, until this is called when that is over, such sockets are read through ``makefile`` here too. It is
    asked when a connection is made, since asking for each response would cost each response.
    """
    global _are_replaced
    _are_replaced = _reads() != _READS
    return _are_replaced


def _reads() -> tuple[object, ...]:
    return (
        STANDARD_SOCKET.makefile,
        STANDARD_SOCKET.recv_into,
        _STANDARD_FILE.readinto,
        _STANDARD_TLS_SOCKET.recv_into,
    )


STANDARD_SOCKET: Final = socket.socket
_STANDARD_TLS_SOCKET: Final = ssl.SSLSocket
_STANDARD_FILE: Final = socket.SocketIO
_READS: Final = _reads()
_are_replaced = False
_makefile: Final = STANDARD_SOCKET.makefile
_sendall: Final = STANDARD_SOCKET.sendall
_WRITES_TO_SOCKETS: Final = os.name == "posix"
_COUNTING: Final = ("_decref_socketios", "_closed", "_io_refs", "detach")
