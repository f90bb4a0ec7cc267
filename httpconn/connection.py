"""HTTPConnection and HTTPSConnection: the request side, the counterpart of http.client's classes.

``request`` works in one of two ways. Step by step it is http.client's: ``putrequest``, ``putheader``,
``endheaders``, ``send``, each called through ``self``, so that a subclass, a patched class or a patched
instance sees what it would see there. The fast path serialises the whole head at once; it is taken only
when none of those steps is overridden and nothing about the request is unusual, and it emits the same bytes.

What may be called when is decided by the table in ``_wire/state.py`` and nowhere else.
"""

from __future__ import annotations

import _weakref as weakref  # all that is needed of it, and loaded with the interpreter
import email.parser
import errno
import http.client
import io
import socket
import ssl
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from http.client import HTTPMessage
from types import FunctionType
from urllib.parse import urlsplit

from . import _backends
from . import response as _responses
from ._client.cycle import OF_RESPONSES, Cycle
from ._io.connect import create_https_context, is_standard_connect, name_in_tls, secure
from ._io.source import STANDARD_SOCKET, SocketSource, comes_from_socket, send_promptly
from ._io.watch import Watch
from ._wire import state
from ._wire.annotations import Any, Final
from ._wire.grammar import CONTENT_LENGTH, FRAMING_NAMES, TRANSFER_ENCODING, Limits
from ._wire.head import Defect
from ._wire.reference import parse_field_lines, parse_status_line
from ._wire.request import (
    encode_field_line,
    expects_continue,
    host_field_value,
    serialize_request_head,
    strip_ipv6_scope,
    validate_host,
    validate_method,
    validate_target,
)
from .errors import (
    CannotSendRequest,
    HTTPException,
    InvalidField,
    InvalidTunnelHost,
    InvalidURL,
    MalformedHead,
    NotConnected,
    RemoteDisconnected,
    quote,
)
from .headers import KEEPS_EMPTY_LINE, current_limits, with_max_headers
from .response import HTTPResponse, Owner, is_ours, notice_replaced_reads, read_field_lines

HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443

_DEFAULT_TIMEOUT: Final = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]  # http.client's default
_METHODS_EXPECTING_BODY: Final = frozenset({"PATCH", "POST", "PUT"})
_NO_MORE: Final = object()
_SMALL_BODY_BYTES: Final = 16_384
_BUSY: Final = "another thread is sending on this connection"

# The running interpreter's http.client decides how a tunnel is asked for: 3.12 made it HTTP/1.1 with a Host
# field and IDNA, later releases put IPv6 addresses into brackets.
_standard: Final = http.client.HTTPConnection
_TUNNEL_SENDS_HOST: Final = hasattr(_standard, "get_proxy_response_headers")
_TUNNEL_WRAPS_IPV6: Final = hasattr(_standard, "_wrap_ipv6")

# Up to 3.12 an object has no values of its own any more once its ``__dict__`` has been asked for.
_HAS_DICT_OR_VALUES: Final = sys.version_info < (3, 13)


class HTTPConnection:
    """A connection to one server, one request at a time. Source: http.client, HTTPConnection.

    Besides http.client's arguments: ``strict`` (refuse what RFC 9112 does not allow, in responses and in
    requests), ``limits`` (see ``httpconn.Limits``) and ``expect_timeout_s`` (how long the body of a request that has
    the field ``Expect: 100-continue`` waits for the server's word; None: it does not); all are class attributes too.

    ``max_response_headers`` is 3.15's, on every Python: how many field lines a head, the answer to CONNECT and a
    trailer section may have each. It goes before what ``limits`` says of those; None: what that says.
    """

    _http_vsn = 11
    _http_vsn_str = "HTTP/1.1"

    response_class: type[HTTPResponse] | Any = HTTPResponse  # anything that can be called so
    default_port = HTTP_PORT
    auto_open: int | bool = 1
    debuglevel = 0
    strict = False
    limits: Limits | None = None
    expect_timeout_s: float | None = None

    def __init__(
        self,
        host: str,
        port: int | None = None,
        timeout: float | None = _DEFAULT_TIMEOUT,
        source_address: tuple[str, int] | None = None,
        blocksize: int = 8192,
        *,
        max_response_headers: int | None = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        expect_timeout_s: float | None = None,
    ) -> None:
        """Make a connection that is opened by the first request.

        *host* may carry the port ("example.org:8080", "[::1]:80"). *timeout* is in seconds, for each wait
        on the socket. Raises InvalidURL for a port that is no number or a host with control characters.
        """
        self.__cycle = _cycle_for(self)
        self.timeout = timeout
        self.source_address = source_address
        self.blocksize = blocksize
        self.__awaited: Any = None  # the response that a body has waited for, while it is ``__response`` and not begun
        self.__opened: Any = None  # the socket that ``connect`` made, as long as it is the one in use
        self.__lost_request = False
        self.__is_tunnelling = False
        self.__host_named: tuple[Any, ...] = ()  # what the cached value of Host was made from
        self.__host_value_cached = b""
        self._tunnel_port: int | None = None
        self._tunnel_headers: dict[str, Any] = {}
        self._raw_proxy_headers: list[bytes] | None = None
        if strict is not None:
            self.strict = strict
        if limits is not None:
            self.limits = limits
        if expect_timeout_s is not None:
            self.expect_timeout_s = expect_timeout_s
        self._tunnel_host: str | None = None
        self.max_response_headers = max_response_headers
        self.sock: socket.socket | Any = None
        self._buffer: list[bytes] = []
        self._method: str | None = None
        self.__response: Any = None
        self.__state = state.IDLE
        self.__watch: Watch | None = None  # looks at the socket that a response has come on
        self.__itself: weakref.ref[Owner] | None = None  # for its responses; made with the watch
        self.__spent = False  # the socket can carry no other request, but stays bound until the next one
        self.__is_sending = False  # some thread is, so that no other may
        # Behind those, as http.client has it: a subclass may have a method or a property for them that looks at others.
        (self.host, self.port) = self._get_hostport(host, port)
        self._validate_host(self.host)
        notice_replaced_reads()
        # An instance attribute, since programs replace it.
        self._create_connection = socket.create_connection

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self.host}:{self.port} [{self.__state}]>"

    # -- opening and closing -------------------------------------------------------------------------------

    def _get_hostport(self, host: str, port: int | None) -> tuple[str, int]:
        if port is None:
            colon = host.rfind(":")
            if colon > host.rfind("]"):  # an IPv6 address has its colons inside brackets
                digits = host[colon + 1 :]
                try:
                    port = int(digits) if digits else self.default_port
                except ValueError:
                    *secret, told = digits.rsplit("@", 1)
                    raise InvalidURL(f"nonnumeric port: '{'...@' if secret else ''}{told}'") from None
                host = host[:colon]
            else:
                port = self.default_port
            if not _TUNNEL_WRAPS_IPV6:
                return _without_brackets(host), port
        return _without_brackets(host) if _TUNNEL_WRAPS_IPV6 else host, port

    def set_debuglevel(self, level: int) -> None:
        """Print what is sent and received to standard output where *level* is above 0, as http.client does."""
        self.debuglevel = level

    def connect(self) -> None:
        """Open the connection, and the tunnel where one is set. Where that fails, nothing is left open.

        Raises what ``socket.create_connection`` raises; for a tunnel InvalidURL or InvalidField before anything is
        sent, OSError where the proxy refuses, and what reading its answer raises (see ``HTTPResponse.begin``).
        """
        sys.audit("http.client.connect", self, self.host, self.port)
        sock = self.sock = self._create_connection((self.host, self.port), self.timeout, self.source_address)
        self.__opened = sock
        try:
            # Might fail in OSs that don't implement TCP_NODELAY
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                if error.errno != errno.ENOPROTOOPT:
                    raise
            if self._tunnel_host:
                self.__is_tunnelling = True
                try:
                    self._tunnel()
                finally:
                    self.__is_tunnelling = False
        except BaseException:
            self._drop_failed_connection()
            raise

    def _drop_failed_connection(self) -> None:
        """Close what a failed ``connect`` has opened: no request may go out on a tunnel or TLS half made."""
        if self.sock is not None:
            self.__shut()

    def close(self) -> None:
        """Close the connection. A response that is still being read is closed with it."""
        self.__shut()

    def __shut(self) -> None:
        """What ``close`` does, for where http.client would not call a ``close`` that somebody overrides."""
        self.__state = state.CLOSE[self.__state]
        self.__spent = False
        self.__opened = self.__watch = self.__itself = None
        # The lines of a request that was never sent must not lead the next one.
        del self._buffer[:]
        try:
            sock = self.sock
            if sock:
                self.sock = None
                sock.close()  # close it manually... there may be other refs
        finally:
            response = self.__response
            if response:
                self.__response = self.__awaited = None
                response.close()

    def _release(self, response: HTTPResponse, may_persist: bool) -> None:
        """*response* is done with, and tells whether another one may follow it on its connection."""
        if self.__response is not response:
            return
        self.__response = None
        self.__state = state.END_OF_MESSAGE[self.__state]
        if may_persist:
            return
        if response.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            self.__spent = True  # whoever asked for the other protocol goes on speaking it on ``sock``
            return
        # A request may have gone out behind this response; it will have no answer.
        self.__lost_request = self.__state == state.REQ_SENT
        self.close()

    def __settle(self) -> None:
        """Before another request: forget a response that is done with, and a socket that can carry none."""
        response = self.__response
        if response is not None and response.isclosed():
            # One of a class that does not tell by itself.
            self.__response = None
            self.__state = state.END_OF_MESSAGE[self.__state]
        if self.__spent:
            self.__shut()

    def __second(self, event: str) -> HTTPException:
        """Return what is raised where another thread or a signal handler was quicker; nothing has been sent."""
        return CannotSendRequest(_BUSY) if self.__is_sending else state.refusal(event, self.__state)

    def __look(self) -> None:
        """Before a request on an open connection: whatever has arrived on it was not asked for.

        Also before the first one on a connection that ``connect`` has opened: a server may have told, meanwhile, that
        it waits no longer. A socket that was put there by hand is looked at once a response has come on it.
        """
        sock, watch = self.sock, self.__watch
        if sock is None:
            return
        if watch is None or watch.sock is not sock:
            if sock is not self.__opened and self.__connects_by_itself():
                return
            watch = self.__watch = Watch(sock)
            self.__itself = weakref.ref(self)
        if not watch.is_quiet():
            self.__leave_noisy()

    def __connects_by_itself(self) -> bool:
        """Return whether ``connect`` is ours, and so notes the socket that it has opened."""
        return getattr(self.connect, "__func__", None) in _OWN_CONNECTS

    def __leave_noisy(self) -> None:
        """Close the connection, so that ``auto_open`` opens a fresh one.

        Raises RemoteDisconnected where nobody here could open it again: the socket was put there by hand.
        """
        can_reopen = self.sock is self.__opened or not self.__connects_by_itself()
        self.__shut()  # in the middle of a request, whose options and tunnel a close() like urllib3's would forget
        if not can_reopen:
            raise RemoteDisconnected("the server closed the connection, or sent bytes that were not asked for")

    # -- the tunnel ----------------------------------------------------------------------------------------

    def set_tunnel(self, host: str, port: int | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Reach *host* through the proxy that this connection is made to, by HTTP CONNECT.

        *headers* go to the proxy with the CONNECT request. Raises RuntimeError on an open connection.
        Source: http.client, HTTPConnection.set_tunnel; RFC 9110 section 9.3.6.
        """
        if self.sock:
            raise RuntimeError("Can't set up tunnel for established connection")
        self._tunnel_host, self._tunnel_port = self._get_hostport(host, port)
        self._tunnel_headers = dict(headers) if headers else {}
        if _TUNNEL_SENDS_HOST and not any(name.lower() == "host" for name in self._tunnel_headers):
            encoded = self._tunnel_host.encode("idna").decode("ascii")
            if _TUNNEL_WRAPS_IPV6 and ":" in encoded:
                encoded = f"[{encoded}]"
            self._tunnel_headers["Host"] = f"{encoded}:{self._tunnel_port}"

    def _tunnel_request(self) -> bytes:
        """Return the CONNECT request. Raises InvalidURL or InvalidField before anything is sent."""
        host = self._tunnel_host
        assert host is not None
        version = self._http_vsn_str if _TUNNEL_SENDS_HOST else "HTTP/1.0"
        port: Any = self._tunnel_port
        lines = (
            encode_field_line(name, (value if isinstance(value, bytes) else str(value),), self.strict) + b"\r\n"
            for name, value in self._tunnel_headers.items()
        )
        try:
            validate_host(host)  # CVE-2026-1502
            encoded = host.encode("idna" if _TUNNEL_SENDS_HOST else "ascii")
            if _TUNNEL_WRAPS_IPV6 and b":" in encoded and not encoded.startswith(b"["):
                encoded = b"[" + encoded + b"]"
            target = (b"%s:%d" % (encoded, port)).decode("ascii")  # %d takes nothing but a number
            return serialize_request_head("CONNECT", target, lines, version=version)
        except InvalidURL as error:  # of the name as it was given, or of what IDNA has made of it
            raise InvalidTunnelHost(f"Tunnel host can't contain control characters {quote(host)}") from error

    def _tunnel(self) -> None:
        # One send for all lines, so that they travel in one packet.
        self.send(self._tunnel_request())
        response = self.__new_response(self.sock, 0)
        limits = getattr(response, "limits", None) or self.limits or current_limits()
        if self.max_response_headers is not None:
            limits = with_max_headers(limits, self.max_response_headers)
        try:
            interim = 0
            while True:
                (_, code, message) = response._read_status()
                lines = _read_proxy_fields(response, limits)
                self._raw_proxy_headers = lines if KEEPS_EMPTY_LINE else lines[:-1]
                if self.debuglevel > 0:
                    # 3.12 to 3.14 show the empty line too.
                    for line in self._raw_proxy_headers if _TUNNEL_SENDS_HOST else lines[:-1]:
                        print("header:", line.decode("iso-8859-1"))
                if not 100 <= code < 200 or code == http.HTTPStatus.SWITCHING_PROTOCOLS:
                    break
                interim += 1
                if interim > limits.interim_responses:
                    raise HTTPException(limits.too_many_interim())
            if code != http.HTTPStatus.OK:
                self.close()
                raise OSError(f"Tunnel connection failed: {code} {message.strip()}")
            has_buffered = getattr(response.fp, "has_buffered", None)
            if has_buffered is not None and has_buffered():
                # They would be lost, or come to stand in front of what the origin says.
                self.close()
                raise OSError("Tunnel connection failed: the proxy sent bytes behind its response")
        finally:
            response.close()

    def get_proxy_response_headers(self) -> HTTPMessage | None:
        """Return the fields of the proxy's answer to CONNECT; None where no tunnel was opened."""
        if self._raw_proxy_headers is None:
            return None
        text = b"".join(self._raw_proxy_headers).decode("iso-8859-1")
        return email.parser.Parser(_class=HTTPMessage).parsestr(text)

    # -- the request, step by step -------------------------------------------------------------------------

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """Begin a request with its request-line; Host and Accept-Encoding follow unless they are skipped.

        Raises CannotSendRequest before the previous request's response, ValueError or InvalidURL for
        characters that must not stand in a request-line.
        """
        self.__settle()
        before = self.__state
        after = state.PUTREQUEST.get(before)
        if after is None:
            raise state.refusal("putrequest", before)
        if after == state.REQ_STARTED:
            self.__look()
        if self.__state is not before or self.__is_sending:
            raise self.__second("putrequest")
        self.__state = after
        try:
            self.__put_request_line(method, url, skip_host, skip_accept_encoding)
        except Exception:
            self.__drop_started_request()
            raise

    def __put_request_line(
        self, method: str, url: str, skip_host: bool | int, skip_accept_encoding: bool | int
    ) -> None:
        self._validate_method(method)
        self._method = method
        url = url or "/"
        self._validate_path(url)
        self._output(self._encode_request(f"{method} {url} {self._http_vsn_str}"))
        if self._http_vsn == 11:
            if not skip_host:
                host = self.__host_value(url)
                # As http.client has it, since an overridden putheader sees it: text where the port has been added.
                is_ours = not (url.startswith("http") and urlsplit(url).netloc)
                port = self._tunnel_port if self._tunnel_host else self.port
                self.putheader("Host", host.decode("ascii") if is_ours and port != self.default_port else host)
            if not skip_accept_encoding:
                # No content coding is undone here, so none is asked for.
                self.putheader("Accept-Encoding", "identity")

    def __drop_started_request(self) -> None:
        """Nothing of it has been sent, so the next request may begin afresh."""
        del self._buffer[:]
        self.__state = state.ABANDON.get(self.__state, self.__state)

    def __host_value(self, url: str) -> bytes:
        """Return the value of Host: the target's own authority, the tunnel's end, or this connection's host."""
        netloc = urlsplit(url).netloc if url.startswith("http") else ""
        if netloc:
            try:
                encoded = netloc.encode("ascii")
            except UnicodeEncodeError:
                encoded = netloc.encode("idna")
            return strip_ipv6_scope(encoded)
        if self._tunnel_host:
            return host_field_value(self._tunnel_host, self._tunnel_port, self.default_port)
        return host_field_value(self.host, self.port, self.default_port)

    def _encode_request(self, request: str) -> bytes:
        return request.encode("ascii")

    def _validate_method(self, method: str) -> None:
        validate_method(method, self.strict)

    def _validate_path(self, url: str) -> None:
        validate_target(url)

    def _validate_host(self, host: str) -> None:
        validate_host(host)

    def _output(self, s: bytes) -> None:
        """Add a line, without its line end, to the request that is being made."""
        self._buffer.append(s)

    def putheader(self, header: str | bytes, *argument: str | bytes | int) -> None:
        """Add a header field to the request; more than one value become continuation lines.

        Raises CannotSendHeader without ``putrequest``, InvalidField (a ValueError) for an illegal name or value.
        """
        if self.__state not in state.ENDHEADERS:
            raise state.refusal("endheaders", self.__state)
        self._output(encode_field_line(header, argument, self.strict))

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        """Send the request's head, and *message_body* after it: bytes, a file or an iterable of bytes.

        Raises CannotSendHeader without ``putrequest``; what the socket raises.
        """
        before = self.__state
        after = state.ENDHEADERS.get(before)
        if after is None:
            raise state.refusal("endheaders", before)
        try:
            _check_told_once([line.partition(b":")[0].decode("latin-1").lower() for line in self._buffer[1:]])
        except InvalidField:
            self.__drop_started_request()
            raise
        if self.__state is not before or self.__is_sending:
            raise self.__second("endheaders")
        self.__state = after
        self._send_output(message_body, encode_chunked=encode_chunked)

    def _send_output(self, message_body: Any = None, encode_chunked: bool = False) -> None:
        """Send the lines that were put, and the body. Source: http.client, _send_output."""
        expects = (
            self.expect_timeout_s is not None
            and message_body is not None
            and self._http_vsn == 11
            and expects_continue(self._buffer[1:])
        )
        self._buffer.extend((b"", b""))
        head = b"\r\n".join(self._buffer)
        del self._buffer[:]
        if (
            isinstance(message_body, bytes)
            and not encode_chunked
            and not self.debuglevel
            and not expects
            and getattr(self.send, "__func__", None) is _OWN_SEND
        ):
            self.__send_whole(head, message_body)
            return
        self.send(head)
        if expects and not self.__may_send_body():
            return
        if message_body is not None:
            self.__send_body(message_body, encode_chunked and self._http_vsn == 11)

    def __may_send_body(self) -> bool:
        """Wait until the server has asked for the body, or time is over; return False where it has answered instead.

        Then ``getresponse`` returns that answer, and nothing else goes over this connection: the server may take
        whatever follows for the body. Source: RFC 9110 section 10.1.1.
        """
        after = state.EXPECT.get(self.__state)
        sock, timeout_s = self.sock, self.expect_timeout_s
        if after is None or sock is None or timeout_s is None:
            return True
        self.__state = after
        try:
            response = self.__new_response(sock, self.debuglevel)
            self.__response = self.__awaited = response
            goes_on = response._await_continue(timeout_s) if is_ours(response) else True
        except BaseException as error:
            if self.sock is sock:
                self.__shut()
            elif isinstance(error, Exception):
                raise _closed_while_sending() from error  # at whichever step of the wait it was noticed
            raise
        after = (state.CONTINUE if goes_on else state.ANSWER).get(self.__state)
        if after is None or self.__awaited is not response:
            raise _closed_while_sending()
        self.__state = after
        return goes_on

    def __send_body(self, body: Any, chunked: bool) -> None:
        """Send a body piece by piece. Where its source fails, the connection is closed with the request unfinished."""
        sock = self.sock
        is_own = sock is not None and getattr(self.send, "__func__", None) is _OWN_SEND
        send = partial(self.__send_on, sock) if is_own else self.send
        try:
            chunks = iter(self.__body_chunks(body))
        except TypeError:
            self.__shut()
            raise
        while True:
            try:
                chunk: Any = next(chunks, _NO_MORE)
                size = len(chunk) if type(chunk) is bytes else _size_of(chunk)
                if chunked and size:
                    chunk = f"{size:X}\r\n".encode("ascii") + chunk + b"\r\n"
            except BaseException:
                self.__shut()
                raise
            if chunk is _NO_MORE:
                break
            if not size:
                if self.debuglevel > 0:
                    print("Zero length chunk ignored")
                continue
            if sock is not None and self.sock is not sock:
                raise _closed_while_sending()  # no piece of this body may go out on another connection
            try:
                send(chunk)
            except (TypeError, ValueError, BufferError):  # what no socket takes: this request cannot be finished either
                self.__shut()
                raise
        if chunked:
            send(b"0\r\n\r\n")

    def __send_whole(self, head: bytes, body: bytes | None, begun_on: Any = None) -> None:
        """Send a head and a body of bytes; small ones travel together. *begun_on*: the rest, on this socket."""
        if body and len(body) <= _SMALL_BODY_BYTES:
            head += body
            body = None
        sock = begun_on
        if sock is None:
            sock = self.sock
            if sock is None:
                sock = self.__open()
            sys.audit("http.client.send", self, head)
        if self.__is_sending:
            raise CannotSendRequest(_BUSY)
        self.__is_sending = True
        try:
            if type(sock) is STANDARD_SOCKET and sock.gettimeout():
                send_promptly(sock, head)
            else:
                sock.sendall(head)
            if body:
                sys.audit("http.client.send", self, body)
                sock.sendall(body)
        except Exception as error:
            if self.sock is not sock:
                raise _closed_while_sending() from error
            raise
        finally:
            self.__is_sending = False

    def __send_rest(self, sock: Any, head: bytes, sent: int) -> None:
        """Send what is left of *head*, of which *sent* bytes have gone out on *sock*."""
        self.__send_whole(head[sent:], None, sock)

    def __body_chunks(self, body: Any) -> Iterable[Any]:
        if hasattr(body, "read"):
            # Before the buffer protocol, so that the position of an mmap is taken into account.
            return self._read_readable(body)
        try:
            memoryview(body)
        except TypeError:
            try:
                chunks: Iterable[Any] = iter(body)
                return chunks
            except TypeError:
                raise TypeError(
                    f"message_body should be a bytes-like object or an iterable, got {type(body)!r}"
                ) from None
        return (body,)

    @staticmethod
    def _is_textIO(stream: object) -> bool:
        return isinstance(stream, io.TextIOBase)

    def _read_readable(self, readable: Any) -> Iterator[bytes]:
        if self.debuglevel > 0:
            print("reading a readable")
        encode = self._is_textIO(readable)
        if encode and self.debuglevel > 0:
            print("encoding file using iso-8859-1")
        while datablock := readable.read(self.blocksize):
            yield datablock.encode("iso-8859-1") if encode else datablock

    def send(self, data: Any) -> None:
        """Send *data*: bytes, a file, or an iterable of bytes; opens the connection where ``auto_open`` is set.

        Raises NotConnected, TypeError for anything else, CannotSendRequest while another thread is sending,
        ConnectionAbortedError where the connection is closed meanwhile from within, and what the socket raises.
        """
        sock = self.sock
        if sock is None:
            sock = self.__open()
        self.__send_on(sock, data)

    def __send_on(self, sock: Any, data: Any) -> None:
        """``send`` on this very socket, whatever becomes of the connection's meanwhile."""
        if self.debuglevel > 0:
            print("send:", repr(data))
        if self.__is_sending:
            raise CannotSendRequest(_BUSY)
        self.__is_sending = True
        try:
            self.__send_all(sock, data)
        except Exception as error:
            if self.sock is not sock:
                raise _closed_while_sending() from error
            raise
        finally:
            self.__is_sending = False

    def __send_all(self, sock: Any, data: Any) -> None:
        """Source: http.client, HTTPConnection.send."""
        if hasattr(data, "read"):
            if self.debuglevel > 0:
                print("sending a readable")
            encode = self._is_textIO(data)
            if encode and self.debuglevel > 0:
                print("encoding file using iso-8859-1")
            while datablock := data.read(self.blocksize):
                if encode:
                    datablock = datablock.encode("iso-8859-1")
                sys.audit("http.client.send", self, datablock)
                sock.sendall(datablock)
            return
        sys.audit("http.client.send", self, data)
        try:
            sock.sendall(data)
        except TypeError:
            if not isinstance(data, Iterable):
                raise TypeError(f"data should be a bytes-like object or an iterable, got {type(data)!r}") from None
            for part in data:
                sock.sendall(part)

    def __open(self) -> Any:
        """Connect for a request that is under way; a failure leaves the connection idle, not stuck in it.

        Returns the socket. Raises ConnectionAbortedError where ``close`` was called meanwhile: that request is over.
        """
        before = self.__state
        try:
            if not self.auto_open:
                raise NotConnected
            if self.__is_tunnelling:
                raise _closed_while_sending()
            self.connect()
            sock = self.sock
            if sock is None or self.__state is not before:
                raise _closed_while_sending()
            return sock
        except BaseException:
            if self.sock is not None:
                self.close()
            else:  # a close() that somebody overrides is called no more often than by http.client
                self.__state = state.CLOSE[self.__state]
                del self._buffer[:]
            raise

    # -- the request, at once ------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, Any] = {},  # http.client's signature; never changed here
        *,
        encode_chunked: bool = False,
    ) -> None:
        """Send a whole request. Content-Length is set from *body* where it can be; else the body is chunked.

        *body*: None, str (sent as Latin-1), bytes-like, a file, or an iterable of bytes. *encode_chunked* counts
        only where *headers* have a Transfer-Encoding of their own.
        Raises CannotSendRequest, ValueError (InvalidField, InvalidURL) before anything is sent, and what the
        socket raises. Source: http.client, HTTPConnection.request.
        """
        cycle = self.__cycle
        if cycle is not None and cycle.request(self, self.__dict__, method, url, body, headers):
            return
        head = self.__plain_head(method, url or "/", body, headers)
        if head is None:
            self._send_request(method, url, body, headers, encode_chunked)
            return
        watch = self.__watch
        if watch is not None and watch.sock is self.sock:
            if not watch.is_quiet():
                self.__leave_noisy()
        elif self.sock is not None:
            self.__look()
        if self.__state != state.IDLE or self.__is_sending:
            raise self.__second("putrequest")
        self.__state = state.REQ_SENT
        self._method = method
        self.__send_whole(head, body)

    def __plain_head(self, method: str, url: str, body: Any, headers: Any) -> bytes | None:
        """Return the head of a request that may go out at once; None where the steps must be gone one by one."""
        parser = _backends.selected
        if (
            (body is not None and (type(body) is not bytes or self.expect_timeout_s is not None))
            or self._buffer
            or type(self._buffer) is not list
            or parser.replaces_any(self, _STEPS, _STEP_ORIGINALS)
        ):
            return None
        if self.__state is not state.IDLE or self.__spent:
            self.__settle()
            if self.__state != state.IDLE:
                return None
        if body is not None:
            length = len(body)
        elif method == "GET" or type(method) is not str:
            length = -1
        else:
            length = 0 if method.upper() in _METHODS_EXPECTING_BODY else -1
        if type(url) is str and url[0] == "h" and url.startswith("http"):  # the first look is a third of the second
            host = self.__host_value(url)
        else:
            named = (self.host, self.port, self.default_port, self._tunnel_host, self._tunnel_port)
            if named != self.__host_named:
                self.__host_value_cached = self.__host_value("")
                self.__host_named = named
            host = self.__host_value_cached
            if self.__cycle is not None:
                self.__cycle.learn(self, self.__dict__, self.host, self.port, host)
        return parser.serialize_request_head(method, url, host, headers, length)

    @staticmethod
    def _get_content_length(body: Any, method: str) -> int | None:
        """Return the length of *body* in bytes, 0 for no body where the method expects one, or None: not known."""
        if body is None:
            return 0 if method.upper() in _METHODS_EXPECTING_BODY else None
        if hasattr(body, "read"):
            return None
        try:
            return memoryview(body).nbytes
        except TypeError:
            return len(body) if isinstance(body, str) else None

    def _send_request(self, method: str, url: str, body: Any, headers: Mapping[str, Any], encode_chunked: bool) -> None:
        """Send a request step by step. Source: http.client, _send_request."""
        names = [_as_text(name).lower() for name in headers]
        self.__check_framing(names, body, method, headers)
        skips: dict[str, Any] = {}
        if "host" in names:
            skips["skip_host"] = 1
        if "accept-encoding" in names:
            skips["skip_accept_encoding"] = 1
        self.putrequest(method, url, **skips)
        try:
            if CONTENT_LENGTH in names:
                encode_chunked = False
            elif TRANSFER_ENCODING not in names:
                encode_chunked = False
                content_length = self._get_content_length(body, method)
                if content_length is not None:
                    self.putheader("Content-Length", str(content_length))
                elif body is not None:
                    if self.strict and self._http_vsn != 11:
                        raise InvalidField("HTTP/1.0 has no chunks: a body of unknown length needs a Content-Length")
                    if self.debuglevel > 0:
                        print(f"Unable to determine size of {body!r}")
                    encode_chunked = True
                    self.putheader("Transfer-Encoding", "chunked")
            for name, value in headers.items():
                self.putheader(name, value)
            if isinstance(body, str):
                body = _encode(body, "body")
        except Exception:
            self.__drop_started_request()
            raise
        self.endheaders(body, encode_chunked=encode_chunked)

    def __check_framing(self, names: list[Any], body: Any, method: str, headers: Mapping[str, Any]) -> None:
        """Raise InvalidField for a request whose own framing contradicts itself."""
        told = _check_told_once(names)
        if self.strict and names.count("host") > 1:
            raise InvalidField("a request may name its host once (RFC 9112 section 3.2)")
        if not self.strict or told != [CONTENT_LENGTH]:
            return
        length = self._get_content_length(body, method)
        value = _as_text(list(headers.values())[[name.strip(" \t") for name in names].index(CONTENT_LENGTH)])
        if not (str(value).isascii() and str(value).isdigit()):
            raise InvalidField(f"expected a number of bytes as Content-Length, got {value!s:.20}")
        if str(value) != str(length or 0) and (length is not None or body is None):
            raise InvalidField(f"Content-Length says {value!s:.20}, the body has {length or 0} bytes")

    # -- the response --------------------------------------------------------------------------------------

    def __new_response(self, sock: Any, debuglevel: int) -> Any:
        if debuglevel > 0:
            response: Any = self.response_class(sock, debuglevel, method=self._method)
        else:
            response = self.response_class(sock, method=self._method)
        if is_ours(response):
            if self.strict:
                response.strict = True
            if self.limits is not None:
                response.limits = self.limits
        return response

    def getresponse(self) -> HTTPResponse:
        """Return the response to the request that was sent: an HTTPResponse, or what ``response_class`` makes.

        Raises ResponseNotReady without a request, or before the previous response has been read;
        RemoteDisconnected where the server closed without an answer; see ``HTTPResponse.begin`` for what a
        malformed head raises. After any of these but ResponseNotReady the connection is closed. After a TimeoutError
        before the first byte of the response, it may be asked for again.
        """
        response: Any
        cycle = self.__cycle
        if cycle is not None:
            response = cycle.answer(self, self.__dict__, _responses._direct, current_limits)
            if response is not None:
                return response  # type: ignore[no-any-return]
        awaited: HTTPResponse | None = None
        is_last = False
        if self.__response is not None:
            if self.__response is self.__awaited:
                awaited = self.__awaited
                is_last = self.__state == state.REQ_ANSWERED
            elif self.__response.isclosed():
                self.__settle()
        before = self.__state
        after = state.GETRESPONSE.get(before)
        if after is None:
            if self.__lost_request:
                self.__lost_request = False
                raise RemoteDisconnected("the connection ended with the response to the previous request")
            raise state.refusal("getresponse", before)
        if awaited is not None:
            self.__response = self.__awaited = None
            response = awaited
        elif (
            self.response_class is HTTPResponse
            and self.debuglevel == 0
            and not self.strict
            and self.limits is None
            and HTTPResponse.__init__ is _RESPONSE_INIT
        ):
            # What a call of the class comes to, which takes more than all that is done in it.
            response = _new_response(HTTPResponse)
            response._set_up(self.sock, 0, self._method)
        else:
            response = self.__new_response(self.sock, self.debuglevel)
        if self.__state is not before:
            response.close()
            raise state.refusal("getresponse", self.__state)  # another thread or a signal handler was quicker
        # Set before the wait, so that another thread cannot ask for the same response.
        self.__state = after
        self.__spent = False
        return self.__begin(response, is_last)  # type: ignore[no-any-return]  # or what response_class makes

    def __begin(self, response: Any, is_last: bool) -> Any:
        """Have *response* read its head, and return it."""
        try:
            try:
                if self.max_response_headers is None:
                    response.begin()
                else:
                    response.begin(_max_headers=self.max_response_headers)
            except ConnectionError:
                self.close()
                raise
            if response.will_close or is_last:
                # The response holds its own reference to the socket; this connection opens another when needed.
                self.close()
            else:
                self.__response = response
                if self.__watch is None or self.__watch.sock is not self.sock:
                    self.__watch = Watch(self.sock)
                    self.__itself = weakref.ref(self)
                if type(response) is HTTPResponse or is_ours(response):
                    response._owner = self.__itself
                    if self.__cycle is not None:
                        self.__cycle.learn_response(response, _backends.selected.replaces_any)
            return response
        except BaseException as error:
            self.__end_response(response, error)
            raise

    def __over(self, source: SocketSource, data: bytes | None = None) -> HTTPResponse:
        """Return a response that will be read from *source*, of which *data* has been received."""
        if data is not None:
            source.give_again([data])
        response = HTTPResponse(source._sock, 0, self._method)
        made, response._source = response._source, source
        if made is not None:
            made.close()
        return response

    def __give_up(self, source: SocketSource, error: BaseException) -> None:
        """*error* is what came of the response that was to come from *source*."""
        response = self.__over(source)
        if isinstance(error, ConnectionError):
            self.close()
        self.__end_response(response, error)

    def __end_response(self, response: Any, error: BaseException) -> None:
        """End what *error* has kept from beginning; where nothing of it has come, it may be asked for again."""
        is_time_over = isinstance(error, TimeoutError) and comes_from_socket(error) and _is_untouched(response)
        response.close()
        if is_time_over:
            # As in http.client; but another request needs another socket.
            self.__state = state.REQ_SENT
            self.__spent = True
        elif (sock := self.sock) is not None:
            # Nobody must read on; ``sock`` stays bound until the next request, as in http.client.
            self.__state = state.CLOSE[self.__state]
            self.__spent = True
            sock.close()


class HTTPSConnection(HTTPConnection):
    """A connection over TLS. Source: http.client, HTTPSConnection.

    Without *context*, connections share one default context, which checks the server's certificate and
    name; whoever asks for ``_context`` gets a private one. Over the shared one, a server that was connected to before
    is spoken to without a whole handshake, where it allows that (TLS session resumption). The certificate it has now is
    not looked at then: one that it shows in place of the first, or that has expired or was revoked since, is noticed
    when the session's time is over, after an hour at the latest. A context of one's own
    (``context=ssl.create_default_context()``) has it looked at for each connection.
    """

    default_port = HTTPS_PORT

    if sys.version_info >= (3, 12):

        def __init__(
            self,
            host: str,
            port: int | None = None,
            *,
            timeout: float | None = _DEFAULT_TIMEOUT,
            source_address: tuple[str, int] | None = None,
            context: ssl.SSLContext | None = None,
            blocksize: int = 8192,
            max_response_headers: int | None = None,
            strict: bool | None = None,
            limits: Limits | None = None,
            expect_timeout_s: float | None = None,
        ) -> None:
            super().__init__(
                host, port, timeout, source_address, blocksize,
                max_response_headers=max_response_headers,
                strict=strict, limits=limits, expect_timeout_s=expect_timeout_s,
            )  # fmt: skip
            self.__context = context

    else:

        def __init__(
            self,
            host: str,
            port: int | None = None,
            key_file: str | None = None,
            cert_file: str | None = None,
            timeout: float | None = _DEFAULT_TIMEOUT,
            source_address: tuple[str, int] | None = None,
            *,
            context: ssl.SSLContext | None = None,
            check_hostname: bool | None = None,
            blocksize: int = 8192,
            max_response_headers: int | None = None,
            strict: bool | None = None,
            limits: Limits | None = None,
            expect_timeout_s: float | None = None,
        ) -> None:
            super().__init__(
                host, port, timeout, source_address, blocksize,
                max_response_headers=max_response_headers,
                strict=strict, limits=limits, expect_timeout_s=expect_timeout_s,
            )  # fmt: skip
            self.key_file = key_file
            self.cert_file = cert_file
            self.__context = context
            if key_file is not None or cert_file is not None or check_hostname is not None:
                self.__configure(key_file, cert_file, check_hostname)
            elif context is not None:
                _check_verifies(context, context.check_hostname)

        def __configure(self, key_file: str | None, cert_file: str | None, check_hostname: bool | None) -> None:
            import warnings

            warnings.warn(
                "key_file, cert_file and check_hostname are deprecated, use a custom context instead.",
                DeprecationWarning,
                3,
            )
            context = self._context
            _check_verifies(context, context.check_hostname if check_hostname is None else check_hostname)
            if key_file or cert_file:
                context.load_cert_chain(cert_file, key_file)  # type: ignore[arg-type]  # None raises there
                if context.post_handshake_auth is not None:
                    context.post_handshake_auth = True
            if check_hostname is not None:
                context.check_hostname = check_hostname

    @property
    def _context(self) -> ssl.SSLContext:
        """This connection's own context; made here where it had used the shared one so far."""
        if self.__context is None:
            self.__context = create_https_context(self._http_vsn)
        return self.__context

    @_context.setter
    def _context(self, value: ssl.SSLContext) -> None:
        self.__context = value

    def connect(self) -> None:
        """Open the connection and shake hands; the certificate must be for the host, or for the tunnel's end.

        Raises as HTTPConnection.connect, and ssl.SSLError.
        """
        super().connect()
        try:
            sock, context = self.sock, self.__context
            if sock is None:
                raise _closed_while_sending()
            name = name_in_tls(self._tunnel_host or self.host)
            if context is None:
                self.sock = secure(sock, self._http_vsn, name, self.__way(sock), partial(self.__connect_again, sock))
            else:
                self.sock = context.wrap_socket(sock, server_hostname=name)
        except BaseException:
            self._drop_failed_connection()
            raise
        self._HTTPConnection__opened = self.sock

    def __way(self, sock: Any) -> tuple[object, ...] | None:
        """Return all that *sock* was connected by; None where that is known only to a function of somebody else's."""
        is_ours = (
            sock is self._HTTPConnection__opened
            and is_standard_connect(self._create_connection)
            and getattr(self._tunnel, "__func__", None) is HTTPConnection._tunnel
        )
        if not is_ours:
            return None
        # Proxies choose the way by what these say, the user's name for one. It is secret: so not itself.
        told = hash(repr(self._tunnel_headers))
        return (self.host, self.port, self._tunnel_port, told, self.source_address)

    def __connect_again(self, failed: Any) -> Any:
        """Return another socket in place of *failed*. Raises as HTTPConnection.connect."""
        if self.sock is not failed:
            raise _closed_while_sending()
        self.sock = None
        failed.close()
        super().connect()
        connected: Any = self.sock
        if connected is None:
            raise _closed_while_sending()
        return connected


def _cycle_for(connection: HTTPConnection) -> Cycle | None:
    """Return what does the common cycle of *connection* at once; None where it cannot be."""
    if type(connection).__setattr__ is not object.__setattr__:
        return None  # not ours to be asked at this moment
    backend = _backends.selected
    has_none = isinstance(connection, HTTPSConnection) or not backend.version_of(HTTPConnection)
    engine = None if has_none else backend.engine
    asks_for_dict = isinstance(backend.replaces_any, FunctionType)  # as the one in Python does
    if engine is not None or (asks_for_dict and _HAS_DICT_OR_VALUES):
        # A dict that shares its keys with those of other connections is read at several times the cost: by C, and by
        # those interpreters, which have quick ways to the values of an object without a dict, and to a dict that shares
        # nothing.
        connection.__dict__ = {**connection.__dict__}
    if engine is None:
        return None
    return Cycle(backend, engine, _GONE_BY, _ORIGINALS_GONE_BY, HTTPResponse, _RESPONSE_ORIGINALS)


def _closed_while_sending() -> ConnectionAbortedError:
    return ConnectionAbortedError("the connection was closed, by this program, before the request had been sent")


def _size_of(chunk: Any) -> int:
    """Return the size of a piece of a body in bytes; an array's length counts items."""
    if not chunk or chunk is _NO_MORE:
        return 0
    try:
        return memoryview(chunk).nbytes
    except TypeError:
        return len(chunk)


def _check_told_once(names: list[Any]) -> list[Any]:
    """Return those of *names* that tell how long the body is; raises InvalidField for more than one."""
    # White space behind a name is let pass by http.client's suite; a server may not see it.
    told = [stripped for name in names if (stripped := name.strip(" \t")) in FRAMING_NAMES]
    if len(told) > 1:
        raise InvalidField(f"a request may tell its length once, got the fields {', '.join(told)}")
    return told


def _as_text(text: Any) -> Any:
    return text.decode("latin-1") if isinstance(text, bytes) else text


def _check_verifies(context: ssl.SSLContext, check_hostname: bool) -> None:
    if check_hostname and context.verify_mode == ssl.CERT_NONE:
        raise ValueError("check_hostname needs a SSL context with either CERT_OPTIONAL or CERT_REQUIRED")


def _without_brackets(host: str) -> str:
    return host[1:-1] if host and host[0] == "[" and host[-1] == "]" else host


def _encode(data: str, name: str) -> bytes:
    """Return *data* in Latin-1, or raise a UnicodeEncodeError that says what to do (http.client, _encode)."""
    try:
        return data.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnicodeEncodeError(
            error.encoding,
            error.object,
            error.start,
            error.end,
            f"{name.title()} ({data[error.start : error.end]!r:.20}) is not valid Latin-1. "
            f"Use {name}.encode('utf-8') if you want to send it encoded in UTF-8.",
        ) from None


def _read_proxy_fields(response: Any, limits: Limits) -> list[bytes]:
    """Return the lines of the proxy's field section, empty line included, checked like those of any head."""
    lines = read_field_lines(response.fp, limits)
    defects: list[Defect] = []
    parse_field_lines(b"".join(lines), 0, limits, limits.field_lines, "header", defects)
    if is_ours(response) and response.strict:
        is_strict = not defects and lines[-1] and parse_status_line(response._status_line)[3]
        if not is_strict:
            raise MalformedHead(
                f"malformed response to CONNECT: {quote(defects[0].data if defects else b''.join(lines))}"
            )
    return lines


def _is_untouched(response: Any) -> bool:
    return is_ours(response) and response._is_untouched()


# The steps of a request, and what they go by. A class or an instance with one of its own is never by-passed.
_STEPS: Final = (
    "putrequest",
    "putheader",
    "endheaders",
    "send",
    "_send_output",
    "_output",
    "_send_request",
    "_encode_request",
    "_validate_method",
    "_validate_path",
    "_get_content_length",
    "_http_vsn",
    "_http_vsn_str",
    "debuglevel",
)
_OWN_SEND: Final = HTTPConnection.send
_OWN_CONNECTS: Final = (HTTPConnection.connect, HTTPSConnection.connect)
_new_response: Final = HTTPResponse.__new__
_RESPONSE_INIT: Final = HTTPResponse.__init__
_RESPONSE_ORIGINALS: Final = tuple(getattr(HTTPResponse, name) for name in OF_RESPONSES)
_STEP_ORIGINALS: Final = tuple(getattr(HTTPConnection, name) for name in _STEPS)
# What the common cycle goes by: that, and what it comes to at the end of a response.
_GONE_BY: Final = (*_STEPS, "_release")
_ORIGINALS_GONE_BY: Final = (*_STEP_ORIGINALS, HTTPConnection._release)
