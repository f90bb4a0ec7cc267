"""Proxies, without any I/O: their URLs, what is said to them, and which one the environment asks for.

What goes to a proxy and what to the origin is decided here. Credentials are in the CONNECT request, in SOCKS' own
exchange, or in the one request that an HTTP proxy forwards itself; never in what goes through a tunnel
(CVE-2023-32681). A password is in no error text and in no ``repr``.

SOCKS is spoken by ``socksio``, which is what httpx uses: of the sans-IO libraries it is the one whose state machine is
public and typed. ``siosocks`` is a generator with its own kind of I/O, and ``python-socks``, better kept, keeps its
sans-IO part private. How many bytes make a message of it is for its caller to know, and so stands here.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from .. import _backends
from .._wire.grammar import Limits
from .._wire.head import field_lines_of
from .._wire.reader import NEED_DATA, ResponseReader
from .._wire.request import encode_field_line, host_field_value, serialize_request_head
from .._wire.urls import Origin, parse_url
from ..errors import HTTPException, InvalidURL, MissingExtra, ProxyError, quote
from .no_proxy import NoProxy

DIRECT: Final = "direct"
"""In the place of a proxy's URL: none, whatever the pool, the fetcher or the environment says."""

_is_scheme: Final = re.compile(r"[a-z][a-z0-9+.-]*+").fullmatch  # RFC 3986 section 3.1
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_MOST_PARSED: Final = 4_096
_LIMITS: Final = Limits(line_bytes=8_192, head_bytes=65_536, interim_responses=10)
"""Of an answer to CONNECT, which is a head and nothing else."""
_LONGEST_SOCKS_WORD: Final = 255


class Proxy:
    """Where a proxy is, how it is spoken to, and by which name and password."""

    __slots__ = ("authorization", "host", "is_socks", "is_tls", "key", "password", "port", "resolves", "scheme",
                 "username")  # fmt: skip

    def __init__(self, scheme: str, host: str, port: int, username: bytes | None, password: bytes) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.username = username
        self.password = password
        self.is_tls = scheme == "https"
        self.is_socks = scheme in ("socks5", "socks5h")
        self.resolves = scheme != "socks5"
        """Whether the proxy looks the origin's name up, and not this machine."""
        self.authorization: str | None = None
        """The value of Proxy-Authorization (RFC 7617)."""
        if username is not None:
            self.authorization = "Basic " + base64.b64encode(username + b":" + password).decode("ascii")
        self.key = (scheme, host, port, username, password)
        """What connections are told apart by: another password is another proxy (CVE-2022-22576)."""

    def forwards(self, origin: Origin) -> bool:
        """Return whether requests for *origin* go to the proxy itself, and not through a tunnel that it opens."""
        return not origin.is_tls and not self.is_socks

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{'' if self.username is None else '***@'}{host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Proxy {self}>"


@lru_cache(maxsize=_MOST_PARSED)
def parse_proxy(url: str) -> Proxy:
    """Return the proxy of *url*: ``http``, ``https``, ``socks5`` or ``socks5h``, host, port, ``user:password@``.

    The ports are 80, 443 and 1080 where none is given. User name and password are percent-decoded. Raises InvalidURL,
    MissingExtra (for SOCKS without socksio), TypeError; no text quotes what may be a password.
    """
    if not isinstance(url, str):
        raise TypeError(f"expected the URL of a proxy as str, got {type(url).__name__}")
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        # What is no scheme is not quoted: it may be a user name and a password.
        got = f"the scheme {quote(scheme)}" if separator and _is_scheme(scheme) else "no scheme"
        raise InvalidURL(f"expected the URL of a proxy, {', '.join(_DEFAULT_PORTS)}://host:port, got {got}")
    rest = rest.removesuffix("/")
    userinfo, at, authority = rest.rpartition("@")
    if any(sign in rest for sign in "/?#"):
        raise InvalidURL("expected nothing behind the host and port of a proxy (in its password, write / as %2F)")
    username, password = None, b""
    try:
        origin = parse_url(f"http://{authority}/")[0]
        has_port = urlsplit(f"//{authority}").port is not None
        if at:
            name, _, word = userinfo.partition(":")
            username, password = unquote_to_bytes(name), unquote_to_bytes(word)
    except (InvalidURL, UnicodeError):  # which quote what they were given
        raise InvalidURL(f"expected {scheme}://host:port or {scheme}://user:password@host:port as a proxy") from None
    proxy = Proxy(scheme, origin.host, origin.port if has_port else _DEFAULT_PORTS[scheme], username, password)
    if not proxy.is_socks:
        if username is not None and b":" in username:
            raise InvalidURL("a user name with a colon cannot be told to an HTTP proxy (RFC 7617)")
        return proxy
    _socksio()
    if username is not None and not all(0 < len(word) <= _LONGEST_SOCKS_WORD for word in (username, password)):
        raise InvalidURL(f"expected a user name and a password of 1 to {_LONGEST_SOCKS_WORD} bytes for SOCKS")
    return proxy


class EnvironmentProxies:
    """The proxies of HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, less what NO_PROXY names; as they were when this was made.

    Read by ``urllib.request``: the names in lower case go first, and in a CGI program, where a client can set it with a
    field "Proxy", HTTP_PROXY counts in lower case only (CVE-2016-1000110). What NO_PROXY names is ``no_proxy.py``'s.
    """

    def __init__(self) -> None:
        import urllib.request  # which is large, and for those who ask for it

        self._proxies = urllib.request.getproxies_environment()
        self._without = NoProxy(self._proxies.get("no", ""))

    def find(self, origin: Origin) -> Proxy | None:
        """Return the proxy for *origin*, or None. Raises as ``parse_proxy``."""
        url = self._proxies.get(origin.scheme) or self._proxies.get("all")
        if not url or self._without.has(origin.host, origin.port):
            return None
        return parse_proxy(url if "://" in url else f"http://{url}")


class ConnectHandshake:
    """Asks an HTTP proxy for a tunnel to *origin*; an ``_io.channel.Handshake``. Source: RFC 9110 section 9.3.6."""

    def __init__(self, proxy: Proxy, origin: Origin, *, strict: bool = True) -> None:
        """*strict*: a malformed field line in the proxy's answer refuses it."""
        self._proxy = proxy
        self._origin = origin
        authority = host_field_value(origin.host, origin.port, None)
        lines = [b"Host: %b\r\n" % authority]
        if proxy.authorization is not None:
            lines.append(encode_field_line("Proxy-Authorization", (proxy.authorization,), True) + b"\r\n")
        self._outgoing = serialize_request_head("CONNECT", authority.decode("ascii"), lines, strict=True)
        self._reader = ResponseReader(_backends.selected, "CONNECT", _LIMITS, True, lenient_syntax=not strict)

    def outgoing(self) -> bytes:
        data, self._outgoing = self._outgoing, b""
        return data

    def receive(self, data: bytes) -> bool:
        """Raises ProxyError for anything but a 2xx head, and for bytes behind it: the origin was not asked yet."""
        reader = self._reader
        reader.receive(data)
        try:
            head = reader.head()
        except HTTPException as error:
            raise ProxyError(f"no answer to CONNECT {self._origin} from the proxy {self._proxy}: {error}") from error
        if head is NEED_DATA:
            return False
        if not 200 <= head.status < 300:
            raise ProxyError(
                f"{head.status} {head.reason} to CONNECT {self._origin} from the proxy {self._proxy}",
                head.status,
                field_lines_of(head),
            )
        if not reader.ends_here():
            raise ProxyError(
                f"the proxy {self._proxy} sent bytes behind its answer to CONNECT: {quote(reader.unused)}",
                head.status,
                field_lines_of(head),
            )
        return True


class Socks5Handshake:
    """Asks a SOCKS proxy for a connection to *host*, a name or an address; an ``_io.channel.Handshake``.

    Source: RFC 1928, and RFC 1929 for name and password.
    """

    def __init__(self, proxy: Proxy, host: str, port: int) -> None:
        self._proxy = proxy
        self._target = (host, port)
        self._socks = socks = _socksio()
        self._connection = socks.SOCKS5Connection()
        self._buffer = b""
        methods = [socks.SOCKS5AuthMethod.NO_AUTH_REQUIRED]
        if proxy.username is not None:
            methods.append(socks.SOCKS5AuthMethod.USERNAME_PASSWORD)
        self._methods = methods
        self._connection.send(socks.SOCKS5AuthMethodsRequest(methods))

    def outgoing(self) -> bytes:
        data: bytes = self._connection.data_to_send()
        return data

    def receive(self, data: bytes) -> bool:
        """Raises ProxyError for a refusal, and for what is not SOCKS version 5."""
        self._buffer += data
        missing = self._missing()
        if missing > 0:
            if not data:
                raise self._error("closed the connection")
            return False
        if missing < 0:
            raise self._error(f"sent bytes behind its answer: {quote(self._buffer[missing:])}")
        message, self._buffer = self._buffer, b""
        socks, connection = self._socks, self._connection
        if connection.state == socks.SOCKS5State.CLIENT_AUTHENTICATED:
            # The address that the proxy speaks from is of no use here, and socksio 1.0.0 cannot read every name.
            message = message[:3] + b"\x01" + bytes(6)
        try:
            reply = connection.receive_data(message)
        except socks.ProtocolError as error:
            raise self._error(f"sent {quote(message)}: {error}") from error
        if connection.state == socks.SOCKS5State.CLIENT_WAITING_FOR_USERNAME_PASSWORD:
            if len(self._methods) == 1:
                raise self._error("asks for a user name and a password, and there are none in its URL")
            connection.send(socks.SOCKS5UsernamePasswordRequest(self._proxy.username, self._proxy.password))
        elif isinstance(reply, socks.SOCKS5Reply):
            return True  # a refusal has been told before it was whole
        elif connection.state == socks.SOCKS5State.CLIENT_AUTHENTICATED:
            command = socks.SOCKS5Command.CONNECT
            connection.send(socks.SOCKS5CommandRequest.from_address(command, self._target))
        elif isinstance(reply, socks.SOCKS5AuthReply):
            raise self._error(f"takes none of our ways to log in (method {reply.method[0]})")
        else:
            raise self._error("does not take the user name and password")
        return False

    def _missing(self) -> int:
        """Return how many bytes the message lacks; below 0, how many there are behind it.

        What can be told from less than the whole is told at once.
        """
        buffer, state, states = self._buffer, self._connection.state, self._socks.SOCKS5State
        version = 1 if state == states.SERVER_VERIFY_USERNAME_PASSWORD else 5
        if buffer and buffer[0] != version:
            raise self._error(f"does not speak SOCKS 5: {quote(buffer)}")
        if state != states.CLIENT_AUTHENTICATED:
            return 2 - len(buffer)
        if len(buffer) > 1 and buffer[1]:
            try:
                reason = self._socks.SOCKS5ReplyCode(buffer[1:2]).name.lower().replace("_", " ")
            except ValueError:
                reason = f"reply {buffer[1]}"
            raise self._error(reason)
        if len(buffer) < 5:
            return 5 - len(buffer)
        # An IPv4 address, a name with its length in front, an IPv6 address.
        size = {1: 4, 3: 1 + buffer[4], 4: 16}.get(buffer[3])
        if size is None:
            raise self._error(f"sent an address of an unknown kind: {quote(buffer)}")
        return 4 + size + 2 - len(buffer)

    def _error(self, text: str) -> ProxyError:
        host, port = self._target
        return ProxyError(f"no connection to {host}, port {port}: the proxy {self._proxy} {text}")


def _socksio() -> Any:
    """Return the module that speaks SOCKS 5. Raises MissingExtra."""
    try:
        from socksio import socks5
    except ImportError as error:
        raise MissingExtra("a SOCKS proxy needs the package socksio (pip install 'httpconn[socks]')") from error
    return socks5
