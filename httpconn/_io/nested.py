"""TLS inside of TLS: what an HTTPS proxy's connection carries to an HTTPS origin.

``SSLContext.wrap_socket`` takes a bare socket only. So the inner TLS is an ``SSLObject`` between two memory buffers,
and what goes in and out of them is received from and sent to the outer TLS socket. Never blocks; the methods and what
they raise are those of a non-blocking ``ssl.SSLSocket``.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from .._wire.annotations import Any, Final, TypeVar

_Result = TypeVar("_Result")

_RECEIVE_BYTES: Final = 65_536
_SEND_BYTES: Final = 65_536
"""Of the caller's bytes at once: what is encrypted and not sent yet is held in memory."""


class NestedTLS:
    """A TLS connection through *outer*, another one, whose handshake is done."""

    def __init__(
        self, outer: ssl.SSLSocket, context: ssl.SSLContext, server_hostname: str, session: ssl.SSLSession | None
    ) -> None:
        self._outer = outer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname, session=session)
        self._unsent = b""  # taken out of _outgoing
        self._taken = 0  # of the caller's bytes: encrypted, and told only when they are sent
        self._needs_more = True  # the bytes in _incoming, if any, are less than a record

    def fileno(self) -> int:
        return self._outer.fileno()

    def gettimeout(self) -> float | None:
        return self._outer.gettimeout()

    def settimeout(self, value: float | None) -> None:
        self._outer.settimeout(value)

    def do_handshake(self) -> None:
        """Raises SSLWantReadError, SSLWantWriteError: again, when the socket is ready for that."""
        self._run(self._inner.do_handshake)
        self._flush()

    def recv(self, size: int) -> bytes:
        """Return up to *size* bytes, b"" where the peer has said that it is done."""
        return self._run(lambda: self._inner.read(size))

    def recv_into(self, room: memoryview) -> int:
        """Receive into *room*; return how many bytes, 0 where the peer has said that it is done."""
        count: Any = self._run(lambda: self._inner.read(len(room), room))
        return count  # type: ignore[no-any-return]  # bytes only where there is no room

    def send(self, data: bytes | memoryview) -> int:
        """Return how many bytes were taken. After SSLWantWriteError, the same bytes must come again.

        They are encrypted by then, but are counted only once they were sent, so that the caller waits until they are.
        """
        self._flush()
        if not self._taken:
            self._taken = self._run(lambda: self._inner.write(memoryview(data)[:_SEND_BYTES]))
            self._flush()
        taken, self._taken = self._taken, 0
        return taken

    def pending(self) -> int:
        """Return a number above 0 where ``recv`` has something to give that the socket will not tell of."""
        held = 0 if self._needs_more else self._incoming.pending
        return self._inner.pending() + held + self._outer.pending()

    @property
    def session_reused(self) -> bool | None:
        return self._inner.session_reused

    @property
    def _sslobj(self) -> Any:
        """As ``ssl.SSLSocket`` has it."""
        return self._inner._sslobj  # type: ignore[attr-defined]  # not in the stubs

    def cipher(self) -> tuple[str, str, int] | None:
        return self._inner.cipher()

    def version(self) -> str | None:
        return self._inner.version()

    def getpeername(self) -> Any:
        return self._outer.getpeername()

    def getsockname(self) -> Any:
        return self._outer.getsockname()

    def getpeercert(self, binary_form: bool = False) -> Any:
        return self._inner.getpeercert(binary_form)

    def close(self) -> None:
        self._outer.close()

    def _run(self, step: Callable[[], _Result]) -> _Result:
        """Return what *step* returns, after giving the inner TLS what it asks for, as far as there is any."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._needs_more = True
                self._flush()  # a handshake's, or the answer to a key update: the peer waits for it
                data = self._outer.recv(_RECEIVE_BYTES)
                if data:
                    self._incoming.write(data)
                    self._needs_more = False
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                # An alert tells the peer why; what is to be raised is the error.
                from contextlib import suppress  # which few programs need

                with suppress(OSError):
                    self._flush()
                raise

    def _flush(self) -> None:
        """Send what is encrypted. Raises SSLWantWriteError where the socket takes no more."""
        while self._unsent or self._outgoing.pending:
            if not self._unsent:
                self._unsent = self._outgoing.read()
            self._unsent = self._unsent[self._outer.send(self._unsent) :]
