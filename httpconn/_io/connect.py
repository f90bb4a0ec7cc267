"""TLS for connections that were given no context."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from functools import cache

from .._wire.annotations import Any, Final
from ..errors import MissingExtra
from .descriptors import are_none_left, none_left
from .sessions import NO_CHAINS, Sessions

_CA_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_MOST_SHARED: Final = 8

_shared: dict[tuple[Any, ...], ssl.SSLContext] = {}
_sessions: Final = Sessions(keeps_chains=hasattr(ssl.SSLSocket, "get_verified_chain"))
"""Of all connections over the shared contexts, but for those of pools, fetchers and clients, which have their own."""
_MAKERS: Final = (ssl.create_default_context, ssl._create_unverified_context)
"""What makes a context that nobody else has, or can change."""
_wrap_socket: Final = ssl.SSLContext.wrap_socket
_create_connection: Final = socket.create_connection


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


@cache
def _private_to_its_sockets(base: Any) -> type[ssl.SSLSocket]:
    """Return *base* so that who asks a socket for its ``context`` gets a private one in place of the shared one.

    *base* is what the context makes its sockets of, which is not ``ssl.SSLSocket`` where gevent has patched ``ssl``.
    """
    standard: property = base.context

    def context(sock: Any) -> ssl.SSLContext:
        private: ssl.SSLContext = standard.fget(sock)  # type: ignore[misc]  # it has one
        if private in _shared.values():
            sock._context = private = create_https_context(11)
        return private

    def really_close(sock: Any) -> None:
        key, tls_object = sock._session_key, sock._sslobj
        base._real_close(sock)
        if key is not None and tls_object is not None:
            _sessions.note_ended(key, tls_object)

    own: dict[str, Any] = {"context": property(context, standard.fset), "_session_key": None}
    if hasattr(base, "_real_close"):
        own["_real_close"] = really_close
    if hasattr(base, "get_verified_chain"):  # from Python 3.13 on
        own["_chains"] = NO_CHAINS
        own["get_verified_chain"] = lambda sock: base.get_verified_chain(sock) or list(sock._chains[0])
        own["get_unverified_chain"] = lambda sock: base.get_unverified_chain(sock) or list(sock._chains[1])
    return type("SharedContextSocket", (base,), own)


def is_standard_connect(function: Any) -> bool:
    """Return whether *function* connects as Python does: then its arguments alone tell where to."""
    return (
        function is _create_connection
        and socket.create_connection is _create_connection
        and _create_connection.__module__ == "socket"
        and socket.socket.__module__ == "socket"
    )


def secure(
    sock: Any, http_version: int, server_hostname: Any, way: tuple[object, ...] | None, connect_again: Callable[[], Any]
) -> Any:
    """Return *sock* in TLS by the shared context; with a peer that was met before, without a whole handshake.

    *way* tells apart the peers that are not to learn that it is the same client: where it is connected to, and from;
    None: that is not known, and a whole handshake is made. *connect_again* returns another socket in place of *sock*,
    for a peer that cannot cope with what it was offered. Raises what the handshake raises, ssl.SSLError and OSError,
    and what *connect_again* does.
    """
    context = shared_https_context(http_version)
    is_standard = (
        way is not None
        and type(context) is ssl.SSLContext
        and type(context).__module__ == "ssl"  # truststore's own checks need the whole handshake
        and ssl.SSLContext.wrap_socket is _wrap_socket
        and ssl._create_default_https_context in _MAKERS
    )
    if not is_standard:
        return context.wrap_socket(sock, server_hostname=server_hostname)
    # The certificate is not looked at again: so the same name, and a context that nobody can have changed.
    key = (os.getpid(), context, server_hostname, repr(way))
    session = _sessions.find(key)
    chains = _sessions.chains_of(key)
    secured: Any = None
    if session is not None:
        try:
            secured = context.wrap_socket(sock, server_hostname=server_hostname, session=session)
        except BaseException as error:
            if not _sessions.note_failed(key, error):
                raise
            sock = None
        else:
            if secured.session_reused:
                secured._chains = chains  # of its own it knows none
            else:
                _sessions.note_refused(key)
    if secured is None:
        secured = context.wrap_socket(connect_again() if sock is None else sock, server_hostname=server_hostname)
    if secured._sslobj.context is context:
        secured._session_key = key
    return secured


def shared_https_context(http_version: int) -> ssl.SSLContext:
    """Return the context that all connections without one of their own share.

    Loading the CA store costs some 25 ms, which http.client pays for each ``HTTPSConnection``. The context is
    shared only as long as nobody can change it: it is never handed out, not by its sockets either, and it is
    made anew when what would have made it changes (functions, variables, the files of the CA store).
    """
    variables = tuple(map(os.environ.get, _CA_VARIABLES))
    made_by = (ssl._create_default_https_context, ssl.SSLContext)
    key = (made_by, http_version, variables, _age_of_ca_store(variables[:2]))
    context = _shared.get(key)
    if context is None:
        if are_none_left():  # it would be without a CA, and be kept so
            raise none_left("no certificates of CAs can be read")
        context = create_https_context(http_version)
        kind: Any = getattr(context, "sslsocket_class", None)
        if isinstance(kind, type):  # else a mock has put a context or a socket of its own there
            context.sslsocket_class = _private_to_its_sockets(kind)
        # Nobody else sees this context, so that it may tell a clean end of the connection from a cut.
        if hasattr(ssl, "OP_IGNORE_UNEXPECTED_EOF"):
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        while len(_shared) >= _MOST_SHARED:
            del _shared[next(iter(_shared))]
        _shared[key] = context
    return context


def truststore_context() -> ssl.SSLContext:
    """Return a new context that trusts what the operating system trusts, by the package truststore.

    Raises MissingExtra where it is not installed.
    """
    try:
        import truststore
    except ImportError as error:
        raise MissingExtra(
            "the operating system's certificates need the package truststore (pip install 'httpconn[truststore]')"
        ) from error
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _age_of_ca_store(variables: tuple[str | None, ...]) -> tuple[int, ...]:
    """Return the times at which the file and the folder of the CA store were changed."""
    ages = []
    for path in (*variables, *_ca_paths()):
        try:
            ages.append(os.stat(path).st_mtime_ns if path else 0)
        except OSError:
            ages.append(0)
    return tuple(ages)


@cache
def _ca_paths() -> tuple[str, str]:
    paths = ssl.get_default_verify_paths()
    return paths.openssl_cafile, paths.openssl_capath


def name_in_tls(host: Any) -> Any:
    """Return *host* as TLS has it, in SNI and in certificates: without the root's dot. Source: RFC 6066 section 3."""
    return host[:-1] if isinstance(host, str) and host.endswith(".") else host


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_sessions.clear)
