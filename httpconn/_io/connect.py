"""The TLS context of connections that were given none, and whether a kept connection may still be used."""

from __future__ import annotations

import os
import select
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

_CA_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_MOST_SHARED: Final = 8

_shared: dict[tuple[Any, ...], ssl.SSLContext] = {}


def create_https_context(http_version: int) -> ssl.SSLContext:
    """Return a new default context for HTTP/1.1 (*http_version* 11) or HTTP/1.0 over TLS.

    Source: http.client, _create_https_context.
    """
    context: ssl.SSLContext = ssl._create_default_https_context()
    if http_version == 11:
        context.set_alpn_protocols(["http/1.1"])
    if context.post_handshake_auth is not None:
        context.post_handshake_auth = True
    return context


def shared_https_context(http_version: int) -> ssl.SSLContext:
    """Return the context that all connections without one of their own share.

    Loading the CA store costs some 25 ms, which http.client pays for each ``HTTPSConnection``. The context is
    shared only as long as nobody can change it: it is never handed out, and it is made anew when what would
    have made it changes.
    """
    variables = tuple(os.environ.get(name) for name in _CA_VARIABLES)
    key = (ssl._create_default_https_context, http_version, *variables)
    context = _shared.get(key)
    if context is None:
        context = create_https_context(http_version)
        # Nobody else sees this context, so that it may tell a clean end of the connection from a cut.
        if hasattr(ssl, "OP_IGNORE_UNEXPECTED_EOF"):
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        while len(_shared) >= _MOST_SHARED:
            del _shared[next(iter(_shared))]
        _shared[key] = context
    return context


class Watch:
    """Looks at the socket of an idle connection, without waiting.

    Anything that arrives between two exchanges (a late 408, garbage, a close) was not asked for and must
    not become the next answer. An object that is no socket cannot be looked at and is taken for quiet.
    """

    __slots__ = ("_descriptor", "_is_tls", "_poll", "sock")

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self._is_tls = isinstance(sock, ssl.SSLSocket)
        self._descriptor = sock.fileno() if isinstance(sock, socket.socket) else None
        self._poll: Callable[[int], object] = _always_quiet if self._descriptor is None else _poll_of(sock)

    def is_quiet(self) -> bool:
        """Return whether the connection is open and nothing has arrived on it."""
        if self._descriptor is not None and self.sock.fileno() != self._descriptor:
            return False  # closed, and the number may be somebody else's by now
        if self._is_tls and self.sock.pending():
            return False
        return not self._poll(0) or (self._is_tls and _has_no_data(self.sock))


def _always_quiet(timeout: int) -> object:
    return None


def _poll_of(sock: socket.socket) -> Callable[[int], object]:
    """Return a function that tells whether *sock* is readable, given 0: do not wait."""
    if hasattr(select, "poll") and sock.fileno() >= 0:
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLPRI)
        return poll.poll
    return lambda timeout: sock.fileno() < 0 or select.select([sock], [], [], timeout)[0]


def _has_no_data(sock: ssl.SSLSocket) -> bool:
    """Return whether the records that have come on an idle TLS connection carry no data, and no close.

    Session tickets and key updates are such. A peek is refused on TLS, so read: "want read" means no data.
    """
    timeout = sock.gettimeout()
    try:
        sock.settimeout(0)
        sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(timeout)
    return False
