"""Responses by way of a file: what ``makefile("rb")`` of an odd socket gives, and ``HTTPResponse.fp`` over a plain one.

Not compiled, as ``source.py`` is: few programs come here, and it would be half of that module.
"""

from __future__ import annotations

import errno
import io
import socket
import ssl
from collections.abc import Callable

from .._wire.annotations import Any, Final, Protocol

RECEIVE_BYTES: Final = 65_536
MOST_AT_ONCE: Final = 262_144
_LONGEST: Final = 2**62
"""More is wanted only of a body that lasts until the peer closes."""


class Source(Protocol):
    @property
    def is_clean(self) -> bool:
        """False once a TLS peer closed the connection without saying so (close_notify)."""

    def receive(self, wanted: int, asked: int) -> bytes:
        """Return the next bytes, b"" at the end.

        *wanted* of them surely belong to the message, or LINE: a whole line; or FRAMING: a line with not much behind
        it, which is meant for another place. *asked* is how many body bytes the caller would take, -1 for any number.
        """

    def receive_some(self, wanted: int, asked: int) -> bytes:
        """As ``receive``, but satisfied with whatever is there first."""

    def receive_into(self, view: memoryview) -> int:
        """Receive straight into *view*; return how many bytes, 0 at the end."""

    def as_file(self, unused: bytes, observe: Callable[[bytes], None]) -> Any:
        """Return a file-like object that yields *unused* and then what follows; it owns this source then.

        *observe* is shown what the file receives beyond *unused*.
        """

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class RaggedEndsTold:
    """While it is entered, a TLS socket says so when the peer ends without close_notify; else it gives b""."""

    __slots__ = ("_sock", "_suppressed")

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._suppressed = True

    def __enter__(self) -> None:
        self._suppressed = self._sock.suppress_ragged_eofs
        self._sock.suppress_ragged_eofs = False

    def __exit__(self, *error: object) -> None:
        self._sock.suppress_ragged_eofs = self._suppressed


class _NothingTold:
    """The same for a socket without TLS, where every end is one."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


def _something(got: Any) -> Any:
    """Return what a file gave. None is how one over a socket that does not block, or is being closed, says: nothing."""
    if got is None:
        raise BlockingIOError(errno.EAGAIN, "nothing can be read now: the socket does not block, or it is being closed")
    return got


class FileSource:
    """Any object with ``read`` and ``readline``; ``read1``, ``readinto`` and ``peek`` where they are called for."""

    __slots__ = ("_at_end", "_line_bytes", "fp")

    def __init__(self, fp: Any, line_bytes: int) -> None:
        self.fp = fp
        self._line_bytes = line_bytes
        self._at_end = False  # some files must not be read again after their end

    @property
    def is_clean(self) -> bool:
        return not isinstance(self.fp, SocketFile) or self.fp.raw.is_clean

    def receive(self, wanted: int, asked: int) -> bytes:
        if self._at_end:
            return b""
        if wanted < 0:
            # One byte more than may be, so that a line that is too long shows.
            return self.fp.readline(self._line_bytes + 1)  # type: ignore[no-any-return]
        if wanted > _LONGEST and asked < 0:
            data: bytes = _something(self.fp.read())
            self._at_end = True
            return data
        # In steps: read(n) of a buffered file allocates n bytes at once, and n is what the peer announced
        # (CVE-2025-13836).
        size = min(wanted, asked if asked > 0 else MOST_AT_ONCE, MOST_AT_ONCE)
        data = _something(self.fp.read(size))
        self._at_end = len(data) < size
        return data

    def receive_some(self, wanted: int, asked: int) -> bytes:
        if wanted < 0:
            return self.receive(wanted, asked)
        return self.fp.read1(min(wanted, asked if asked > 0 else RECEIVE_BYTES))  # type: ignore[no-any-return]

    def peek(self, asked: int, most: int) -> bytes:
        return self.fp.peek(asked if 0 <= asked < most else most if most < RECEIVE_BYTES else -1)[:most]  # type: ignore[no-any-return]

    def readline(self, asked: int, most: int) -> bytes:
        return self.fp.readline(min(asked, most) if asked > 0 else most if most < _LONGEST else -1)  # type: ignore[no-any-return]

    def receive_into(self, view: memoryview) -> int:
        return _something(self.fp.readinto(view))  # type: ignore[no-any-return]

    def as_file(self, unused: bytes, observe: Callable[[bytes], None]) -> Any:
        return self.fp

    def fileno(self) -> int:
        return self.fp.fileno()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.fp.close()


class RawSocketFile(socket.SocketIO):
    """A socket as a raw stream that first yields bytes that had been received already."""

    def __init__(self, sock: Any, unused: bytes, observe: Callable[[bytes], None]) -> None:
        super().__init__(sock, "rb")
        sock._io_refs += 1
        self._unused = memoryview(unused)
        self._observe = observe
        self._stopped = False
        self.is_clean = True
        self._told = RaggedEndsTold(sock) if isinstance(sock, ssl.SSLSocket) else _NothingTold()

    def readinto(self, buffer: Any) -> int | None:
        if self._stopped:
            return None
        if not self._unused:
            try:
                with self._told:
                    received = super().readinto(buffer)
            except ssl.SSLEOFError:
                self.is_clean = False
                return 0
            if received:
                self._observe(bytes(memoryview(buffer)[:received]))
            return received
        with memoryview(buffer) as view:
            count = min(len(view), len(self._unused))
            view[:count] = self._unused[:count]
        self._unused = self._unused[count:]
        return count


class SocketFile(io.BufferedReader):
    """What ``HTTPResponse.fp`` is over a socket: the buffered stream that http.client has there."""

    raw: RawSocketFile

    def has_buffered(self) -> bool:
        """Return whether bytes are buffered, received and unread; does not touch the socket."""
        if self.raw._unused:
            return True
        self.raw._stopped = True
        try:
            return bool(self.peek(1))
        finally:
            self.raw._stopped = False
