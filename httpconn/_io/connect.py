"""The TLS context of connections that were given none, and whether a kept connection may still be used."""

from __future__ import annotations

import os
import select
import socket
import ssl
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

    __slots__ = ("_descriptor", "_poll", "sock")

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self._poll: Any = None
        self._descriptor = -1
        if isinstance(sock, socket.socket) and hasattr(select, "poll"):
            self._descriptor = sock.fileno()
            if self._descriptor >= 0:
                self._poll = select.poll()
                self._poll.register(self._descriptor, select.POLLIN | select.POLLPRI)

    def is_quiet(self) -> bool:
        """Return whether the connection is open and nothing has arrived on it."""
        sock = self.sock
        if not isinstance(sock, socket.socket):
            return True
        if sock.fileno() != self._descriptor and self._poll is not None:
            return False  # closed, and the number may be somebody else's by now
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return False
        if self._poll is not None:
            is_readable = self._poll.poll(0)
        else:
            is_readable = sock.fileno() < 0 or select.select([sock], [], [], 0)[0]
        return not is_readable or (isinstance(sock, ssl.SSLSocket) and _has_no_data(sock))


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
