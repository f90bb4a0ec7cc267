"""No crossed response, and no dead end: what a kept connection does when the server does not behave.

Each test is a dialogue with a scripted server, over plain TCP and over TLS.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import select
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import httpconn
from httpconn import HTTPConnection, HTTPSConnection, Limits, _backends
from httpconn._io.watch import Watch

from ..conftest import backend_or_skip
from ..support.certificates import TLS
from ..support.counted import descriptors
from ..support.peers import (
    TIMEOUT_S,
    ScriptedServer,
    answered,
    nobody,
    received,
    say_goodbye,
    socket_pair,
    take_request,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
FIRST, SECOND = OK + b"#1", OK + b"#2"
SHORT_S = 0.3
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
LATE_408 = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


# -- a server, a connection to it, and a word when the server has done its part


class Talk:
    """One scripted server for each connection in turn; ``done`` is set by the scripts where a test waits for it."""

    def __init__(self, tls: TLS | None, mode: str = "default") -> None:
        self.done = threading.Event()
        self.strict = mode == "strict"
        self._tls = tls
        self.server: ScriptedServer | None = None

    @contextlib.contextmanager
    def serve(self, *scripts: Callable[[socket.socket], None], **options) -> Iterator[HTTPConnection]:
        left = iter(scripts)
        options.setdefault("strict", self.strict)
        wrap = None if self._tls is None else self._tls.wrap
        with ScriptedServer(lambda sock: next(left)(sock), wrap) as self.server:
            if self._tls is None:
                connection = HTTPConnection(self.server.host, self.server.port, timeout=TIMEOUT_S, **options)
            else:
                connection = HTTPSConnection(
                    "localhost", self.server.port, timeout=TIMEOUT_S, context=self._tls.client_context(), **options
                )
                connection._create_connection = lambda address, *rest: socket.create_connection(
                    ("127.0.0.1", address[1]), *rest
                )
            try:
                yield connection
            finally:
                connection.close()

    def wait(self, connection: HTTPConnection) -> None:
        """Until the server has done its part, and that shows at the client's socket, where it is still open."""
        assert self.done.wait(TIMEOUT_S)
        if connection.sock is not None and connection.sock.fileno() >= 0:
            assert select.select([connection.sock], [], [], TIMEOUT_S)[0], "nothing has come"


@pytest.fixture(params=["default", "strict"])
def mode(request: pytest.FixtureRequest) -> str:
    """Reuse is the same in both modes, unless a test says so."""
    found: str = request.param
    return found


@pytest.fixture(params=[*(f"{name}-plain" for name in _backends.NAMES), "best-tls"])
def talk(request: pytest.FixtureRequest, tls: TLS, monkeypatch: pytest.MonkeyPatch, mode: str) -> Talk:
    """Over plain TCP with every backend, and over TLS, which the backends know nothing of, with the best one."""
    name, transport = request.param.split("-")
    backend = backend_or_skip(_backends.available()[0] if name == "best" else name)
    monkeypatch.setattr(_backends, "selected", backend)
    return Talk(tls if transport == "tls" else None, mode)


@pytest.fixture
def plain_talk(in_use, mode: str) -> Talk:
    return Talk(None, mode)


@pytest.fixture
def tls_talk(tls: TLS, in_use) -> Talk:
    return Talk(tls)


def get(connection: HTTPConnection, method: str = "GET") -> bytes:
    connection.request(method, "/")
    with connection.getresponse() as response:
        return response.read()


def once(reply: bytes) -> Callable[[socket.socket], None]:
    def script(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(reply)
        take_request(sock)  # waits until the client is done

    return script


def second(sock: socket.socket) -> None:
    while take_request(sock):
        sock.sendall(SECOND)


# -- bytes that nobody asked for


@pytest.mark.parametrize(
    "unasked", [LATE_408, EVIL, b"\0", b"\r\n", b"garbage"], ids=["408", "200", "nul", "crlf", "garbage"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unasked_bytes_are_no_answer(talk: Talk, unasked: bytes, method: str) -> None:
    """A late 408, or anything: the next request goes out on a fresh connection."""

    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(FIRST)
        sock.sendall(unasked)
        talk.done.set()
        assert take_request(sock) == b"", "a request was sent on a connection with unasked bytes on it"

    with talk.serve(first, second) as connection:
        assert get(connection) == b"#1"
        talk.wait(connection)
        assert get(connection, method) == b"#2"
        assert talk.server.connections == 2


@pytest.mark.parametrize("unasked", [LATE_408, b"x"])
def test_bytes_in_one_piece_with_the_response(talk: Talk, unasked: bytes) -> None:
    with talk.serve(once(FIRST + unasked), second) as connection:
        assert get(connection) == b"#1"
        assert get(connection) == b"#2"
        assert talk.server.connections == 2


def test_bytes_behind_chunks_in_one_piece(talk: Talk) -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n#1\r\n0\r\n\r\n" + EVIL
    with talk.serve(once(reply), second) as connection:
        assert get(connection) == b"#1"
        assert get(connection) == b"#2"


def test_bytes_behind_a_body_that_was_read_through_fp(talk: Talk) -> None:
    """Left over in the buffer of ``fp``, where the look at the socket would not see them."""
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n#1\r\n0\r\n\r\n" + EVIL
    with talk.serve(once(reply), second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.fp.peek(1)
        assert response.read() == b"#1"
        assert get(connection) == b"#2"
        assert talk.server.connections == 2


@pytest.mark.parametrize("head", [
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
])  # fmt: skip
def test_body_of_a_bodiless_response_is_no_answer(talk: Talk, head: bytes) -> None:
    with talk.serve(once(head + EVIL), second) as connection:
        assert get(connection) == b""
        assert get(connection) == b"#2"


def test_body_in_answer_to_head_is_no_answer(talk: Talk) -> None:
    with talk.serve(once(EVIL), second) as connection:
        assert get(connection, "HEAD") == b""
        assert get(connection) == b"#2"


def test_step_by_step_looks_too(talk: Talk) -> None:
    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(FIRST)
        sock.sendall(EVIL)
        talk.done.set()
        assert take_request(sock) == b""

    with talk.serve(first, second) as connection:
        assert get(connection) == b"#1"
        talk.wait(connection)
        connection.putrequest("GET", "/")
        connection.putheader("A", "b")
        connection.endheaders()
        assert connection.getresponse().read() == b"#2"


def test_unasked_bytes_without_auto_open(talk: Talk) -> None:
    """Where the connection may not be opened again: a clear error, never an answer."""
    with talk.serve(once(FIRST + EVIL), second) as connection:
        assert get(connection) == b"#1"
        connection.auto_open = 0
        with pytest.raises(httpconn.NotConnected):
            connection.request("GET", "/")
        connection.auto_open = 1
        assert get(connection) == b"#2"


def test_unasked_bytes_on_a_socket_put_there_by_hand(in_use) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("GET", "/")
        answered(server, FIRST)
        assert connection.getresponse().read() == b"#1"
        received(server)
        server.sendall(LATE_408)
        with pytest.raises(httpconn.RemoteDisconnected):
            connection.request("GET", "/")
        assert received(server) == b""
        assert connection.sock is None


def test_a_new_socket_put_there_by_hand_is_not_judged_by_the_old_one(in_use) -> None:
    with socket_pair() as (client, server), socket_pair() as (fresh, other):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("GET", "/")
        answered(server, FIRST)
        assert connection.getresponse().read() == b"#1"
        server.sendall(EVIL)
        connection.sock = fresh
        connection.request("GET", "/")
        answered(other, SECOND)
        assert connection.getresponse().read() == b"#2"
        connection.close()


def test_an_answer_that_waits_on_a_fresh_socket_is_read(in_use) -> None:
    """Scripts put the answer there first; before the first exchange nothing is unasked."""
    with socket_pair() as (client, server):
        answered(server, FIRST)
        connection = HTTPConnection("example.org")
        connection.sock = client
        assert get(connection) == b"#1"
        connection.close()


# -- closed between two requests


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_server_closes_between_requests(talk: Talk, method: str) -> None:
    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(FIRST)
        say_goodbye(sock)
        talk.done.set()

    with talk.serve(first, second) as connection:
        assert get(connection) == b"#1"
        talk.wait(connection)
        assert get(connection, method) == b"#2"


def test_server_resets_between_requests(plain_talk: Talk) -> None:
    talk = plain_talk

    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(FIRST)
        is_read.wait(TIMEOUT_S)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close() sends a reset
        sock.close()
        talk.done.set()

    is_read = threading.Event()
    with talk.serve(first, second) as connection:
        assert get(connection) == b"#1"
        is_read.set()
        talk.wait(connection)
        assert get(connection) == b"#2"


def test_server_closes_instead_of_answering(talk: Talk) -> None:
    """RemoteDisconnected, and then a fresh connection; a request is never sent twice by itself."""

    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(FIRST)
        take_request(sock)
        say_goodbye(sock)

    with talk.serve(first, second) as connection:
        assert get(connection) == b"#1"
        with pytest.raises(httpconn.RemoteDisconnected):
            get(connection, "POST")
        assert talk.server.connections == 1
        assert connection.sock is None
        assert get(connection) == b"#2"


def test_connection_close_reconnects(talk: Talk) -> None:
    reply = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n#1"
    with talk.serve(once(reply), second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert connection.sock is None
        assert response.read() == b"#1"
        assert get(connection) == b"#2"


def test_connection_is_kept(talk: Talk) -> None:
    """The look must not be too careful either: a quiet connection is used again."""
    with talk.serve(second) as connection:
        for _ in range(5):
            assert get(connection) == b"#2"
            time.sleep(0.005)
        assert talk.server.connections == 1


# -- responses that were not read to their end


def test_response_closed_unread(talk: Talk) -> None:
    """Late bytes of its body never come back as anything."""

    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        sock.sendall(EVIL)
        take_request(sock)

    with talk.serve(first, second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read(3) == b"HTT"
        response.close()
        assert response.read() == b""
        assert get(connection) == b"#2"
        assert talk.server.connections == 2


def test_response_closed_unread_behind_another_request(talk: Talk) -> None:
    """The second request went out on a connection that the first response took along: an error, no answer."""

    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        take_request(sock)
        with contextlib.suppress(OSError):
            sock.sendall(EVIL * 3)

    with talk.serve(first, second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        connection.request("GET", "/second")
        response.close()
        with pytest.raises(httpconn.RemoteDisconnected):
            connection.getresponse()
        assert get(connection) == b"#2"


def test_response_with_nothing_to_read_closed_unread_keeps_the_connection(talk: Talk) -> None:
    def script(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        second(sock)

    with talk.serve(script) as connection:
        connection.request("GET", "/")
        connection.getresponse().close()
        assert get(connection) == b"#2"
        assert talk.server.connections == 1


def test_response_dropped_unread(talk: Talk) -> None:
    """Not even closed: the collector comes, and the next request must wait or go elsewhere, never get its bytes."""

    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + EVIL)
        take_request(sock)

    with talk.serve(first, second) as connection:
        connection.request("GET", "/")
        connection.getresponse()
        gc.collect()
        connection.request("GET", "/")
        with (
            contextlib.suppress(httpconn.ResponseNotReady, httpconn.RemoteDisconnected),
            connection.getresponse() as response,
        ):
            assert response.read() == b"#2"


def test_connection_closed_with_a_response_unread(talk: Talk) -> None:
    """http.client: the response is closed with its connection."""
    with talk.serve(once(OK + b"#1")) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        connection.close()
        assert response.isclosed()


def test_last_byte_read_by_amount_frees_the_connection(talk: Talk) -> None:
    with talk.serve(second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read(1) + response.read(1) == b"#2"
        assert response.isclosed()
        assert get(connection) == b"#2"
        assert talk.server.connections == 1


# -- failures in the middle


@pytest.mark.parametrize(("reply", "error"), [
    (b"garbage\r\n\r\n" + EVIL, httpconn.BadStatusLine),
    (b"HTTP/2.0 200 OK\r\n\r\n" + EVIL, httpconn.UnknownProtocol),
    (b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n" + EVIL, httpconn.MalformedHead),
    (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n" + EVIL, httpconn.HTTPException),
    (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n" + EVIL, httpconn.LineTooLong),
], ids=["status-line", "version", "length", "fields", "line"])  # fmt: skip
def test_failed_head(talk: Talk, reply: bytes, error: type) -> None:
    with talk.serve(once(reply), second) as connection:
        connection.request("GET", "/")
        with pytest.raises(error):
            connection.getresponse()
        assert connection.sock.fileno() == -1, "test_error_leak: the socket is closed, and stays bound"
        assert get(connection) == b"#2"
        assert talk.server.connections == 2


@pytest.mark.parametrize(("reply", "error"), [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n" + EVIL, httpconn.MalformedFraming),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + EVIL, httpconn.IncompleteRead),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n#1X\r\n" + EVIL, httpconn.IncompleteRead),
], ids=["lengths", "chunk-size", "chunk-end"])  # fmt: skip
def test_failed_body(talk: Talk, reply: bytes, error: type) -> None:
    """A bad body, even in one piece with its head: ``getresponse()`` succeeds, and reading fails, again and again."""
    with talk.serve(once(reply), second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.status == 200
        with pytest.raises(error) as caught:
            response.read()
        assert type(caught.value) is error
        assert response.complete is False
        assert response.isclosed()
        assert EVIL not in _read_again(response)
        assert get(connection) == b"#2"


def _read_again(response: httpconn.HTTPResponse) -> bytes:
    try:
        return response.read()
    except (httpconn.HTTPException, OSError):
        return b""


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_timeout_in_the_head(talk: Talk, begun: bytes) -> None:
    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(begun)
        talk.done.wait(TIMEOUT_S)
        with contextlib.suppress(OSError):
            sock.sendall(FIRST)

    with talk.serve(first, second) as connection:
        connection.request("GET", "/")
        connection.sock.settimeout(SHORT_S)
        with pytest.raises(TimeoutError):
            connection.getresponse()
        talk.done.set()
        assert get(connection) == b"#2"
        assert talk.server.connections == 2


@pytest.mark.parametrize("reply", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
], ids=["sized", "chunked", "trailers"])  # fmt: skip
@pytest.mark.parametrize("way", ["read", "read(n)", "readinto", "read1", "readline", "iterate"])
def test_timeout_in_the_body(talk: Talk, reply: bytes, way: str) -> None:
    """The place in the stream is lost: late bytes must not come back as a body."""

    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(reply)
        talk.done.wait(TIMEOUT_S)
        with contextlib.suppress(OSError):
            sock.sendall(b"-late-late-late")

    def read_all(response: httpconn.HTTPResponse) -> None:
        step = {
            "read": response.read,
            "read(n)": lambda: response.read(100),
            "readinto": lambda: response.readinto(bytearray(100)),
            "read1": response.read1,
            "readline": response.readline,
            "iterate": lambda: b"".join(response),
        }[way]
        while step():
            pass

    with talk.serve(first, second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        connection.sock.settimeout(SHORT_S)
        with pytest.raises(TimeoutError):
            read_all(response)
        talk.done.set()
        time.sleep(0.05)
        assert b"late" not in _read_again(response)
        assert response.complete is False
        assert get(connection) == b"#2"


def test_body_cut(talk: Talk) -> None:
    def first(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")

    with talk.serve(first, second) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        with pytest.raises(httpconn.IncompleteRead) as caught:
            response.read()
        assert (caught.value.partial, caught.value.expected) == (b"hello", 5)
        assert get(connection) == b"#2"


def test_abandoned_request_leaves_no_lines(talk: Talk) -> None:
    """SAFETY: close() drops the lines of an abandoned request."""
    seen = []

    def script(sock: socket.socket) -> None:
        while request := take_request(sock):
            seen.append(request)
            sock.sendall(SECOND)

    with talk.serve(script) as connection:
        connection.putrequest("POST", "/abandoned")
        connection.putheader("X-Abandoned", "1")
        connection.close()
        assert get(connection) == b"#2"
        assert len(seen) == 1
        assert b"abandoned" not in seen[0].lower()


@pytest.mark.parametrize("bad", [
    {"url": "/a b"}, {"url": "/\r\nX: y"}, {"headers": {"A": "b\nc"}}, {"headers": {"A\n": "b"}},
    {"method": "G\nET"}, {"headers": {"A": object()}}, {"headers": {"A": "€"}}, {"url": "/é"},
])  # fmt: skip
def test_refused_request_leaves_the_connection_usable(plain_talk: Talk, bad: dict) -> None:
    with plain_talk.serve(second) as connection:
        arguments = {"method": "GET", "url": "/", **bad}
        for _ in range(2):
            with pytest.raises((ValueError, httpconn.InvalidURL, TypeError, AttributeError)):
                connection.request(**arguments)
            assert get(connection) == b"#2"
        assert plain_talk.server.connections == 1


def test_failed_connect_leaves_the_connection_idle(in_use, mode: str) -> None:
    with nobody() as (host, port):
        connection = HTTPConnection(host, port, timeout=TIMEOUT_S, strict=mode == "strict")
        for _ in range(3):
            with pytest.raises(OSError, match="refused"):
                connection.request("GET", "/")
            assert repr(connection).endswith("[Idle]>")
            assert connection.sock is None
        with pytest.raises(OSError, match="refused"):
            connection.connect()


def test_failed_handshake_leaves_the_connection_idle(in_use, tls: TLS) -> None:
    talk = Talk(tls)
    with talk.serve(second) as connection:
        connection._context = ssl.create_default_context()  # trusts no such CA
        with pytest.raises(ssl.SSLCertVerificationError):
            get(connection)
        assert repr(connection).endswith("[Idle]>")
        connection._context = tls.client_context()
    with talk.serve(second) as connection:
        assert get(connection) == b"#2"


def test_early_answer_while_the_body_is_sent(plain_talk: Talk) -> None:
    """A server that answers and closes before the body is fully sent still gets its answer read."""

    def first(sock: socket.socket) -> None:
        sock.recv(10)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n#1")
        sock.shutdown(socket.SHUT_WR)
        plain_talk.done.set()
        with contextlib.suppress(OSError):
            while sock.recv(65536):
                pass

    with plain_talk.serve(first, second) as connection:
        connection.request("POST", "/", body=b"x" * 5_000_000)
        plain_talk.wait(connection)
        response = connection.getresponse()
        assert (response.status, response.read()) == (413, b"#1")
        assert get(connection) == b"#2"


def test_sending_fails_then_the_answer_is_read(plain_talk: Talk) -> None:
    """test_epipe: sending raises a BrokenPipeError, and the answer is there all the same."""
    with socket_pair() as (client, server):
        answered(server, b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n#1", closes=True)
        server.shutdown(socket.SHUT_RD)
        connection = HTTPConnection("example.org")
        connection.sock = client
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            connection.request("POST", "/", body=b"x" * 5_000_000)
        response = connection.getresponse()
        assert (response.status, response.read()) == (413, b"#1")
        connection.close()


# -- sockets that programs close or hand over


def test_sock_closed_before_the_body_is_read(talk: Talk) -> None:
    """urllib.request does so: the response holds its own counted reference."""
    body = bytes(range(256)) * 40
    reply = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def script(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(reply[:100])
        talk.done.wait(TIMEOUT_S)
        sock.sendall(reply[100:])

    with talk.serve(script) as connection:
        connection.request("GET", "/", headers={"Connection": "close"})
        sock = connection.sock
        response = connection.getresponse()
        if connection.sock is not None:
            connection.sock.close()
            connection.sock = None
        talk.done.set()
        assert sock.fileno() != -1
        assert response.read() == body
        assert response.complete is True
        assert sock.fileno() == -1


def test_connection_collected_before_the_body_is_read(talk: Talk) -> None:
    with talk.serve(once(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n#1")) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        connection.close()
        del connection
        gc.collect()
        assert response.read() == b"#1"


# -- TLS


def test_session_tickets_are_no_data(tls: TLS) -> None:
    """TLS 1.3 sends tickets behind the handshake: records have come, but no data."""
    with socket_pair() as (client, server):
        secured = []
        thread = threading.Thread(target=lambda: secured.append(tls.wrap(server)))
        thread.start()
        with tls.client_context().wrap_socket(client, server_hostname="localhost") as sock:
            thread.join(TIMEOUT_S)
            assert sock.version() == "TLSv1.3"
            assert select_readable(sock), "the tickets have not come: nothing would be tested"
            assert Watch(sock).is_quiet()
            assert sock.gettimeout() == TIMEOUT_S
            secured[0].sendall(b"x")
            assert not Watch(sock).is_quiet()
        secured[0].close()


def select_readable(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], TIMEOUT_S)[0])


def test_clean_end_of_tls(tls_talk: Talk) -> None:
    def script(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
        say_goodbye(sock)

    with tls_talk.serve(script, strict=True) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read() == b"hello"
        assert response.complete is True


def ragged(sock: socket.socket) -> None:
    take_request(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
    # The with statement of the server closes the TCP connection; no close_notify is sent.


def test_ragged_end_of_tls(tls_talk: Talk) -> None:
    """Anybody on the way could have cut it: given by default, but not as complete."""
    with tls_talk.serve(ragged) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read() == b"hello"
        assert response.complete is False


def until_empty(step: Callable[[], object]) -> None:
    while step():
        pass


@pytest.mark.parametrize("touch_fp", [False, True], ids=["wire", "fp"])
@pytest.mark.parametrize("way", ["read", "read(n)", "readinto", "read1", "readline"])
def test_ragged_end_of_tls_strict(tls_talk: Talk, way: str, touch_fp: bool) -> None:
    with tls_talk.serve(ragged, strict=True) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        if touch_fp:
            assert response.fp is not None
        step = {
            "read": response.read,
            "read(n)": lambda: response.read(100),
            "readinto": lambda: response.readinto(bytearray(100)),
            "read1": response.read1,
            "readline": response.readline,
        }[way]
        with pytest.raises(httpconn.IncompleteRead):
            until_empty(step)
        assert response.complete is False


def test_ragged_end_of_tls_with_the_shared_context(tls_talk: Talk, tls: TLS, monkeypatch: pytest.MonkeyPatch) -> None:
    """No context given: the shared one tells a ragged end."""
    monkeypatch.setenv("SSL_CERT_FILE", tls.cafile)
    with ScriptedServer(ragged, tls.wrap) as server:
        connection = HTTPSConnection("localhost", server.port, timeout=TIMEOUT_S)
        connection._create_connection = lambda address, *rest: socket.create_connection(
            ("127.0.0.1", address[1]), *rest
        )
        connection.request("GET", "/")
        with connection.getresponse() as response:
            assert response.read() == b"hello"
            assert response.complete is False
        connection.close()


def test_ragged_end_behind_a_sized_body_is_no_cut(tls_talk: Talk) -> None:
    def script(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(FIRST)

    with tls_talk.serve(script, strict=True) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read() == b"#1"
        assert response.complete is True


def test_context_of_one_connection_is_its_own(monkeypatch: pytest.MonkeyPatch, tls: TLS) -> None:
    """Whoever reads ``_context`` gets a private one; the shared one is never handed out."""
    from httpconn._io.connect import shared_https_context

    monkeypatch.setenv("SSL_CERT_FILE", tls.cafile)
    first, other = HTTPSConnection("localhost"), HTTPSConnection("localhost")
    shared = shared_https_context(11)
    assert first._context is first._context
    assert first._context is not shared
    assert first._context is not other._context
    first._context.check_hostname = False
    first._context.verify_mode = ssl.CERT_NONE
    assert shared_https_context(11) is shared
    assert shared.verify_mode == ssl.CERT_REQUIRED
    assert shared.check_hostname
    assert other._context.verify_mode == ssl.CERT_REQUIRED


def test_a_changed_default_makes_another_shared_context(monkeypatch: pytest.MonkeyPatch, tls: TLS) -> None:
    from httpconn._io.connect import shared_https_context

    shared = shared_https_context(11)
    assert shared_https_context(11) is shared
    monkeypatch.setattr(ssl, "_create_default_https_context", ssl._create_unverified_context)
    unverified = shared_https_context(11)
    assert unverified is not shared
    assert unverified.verify_mode == ssl.CERT_NONE
    monkeypatch.undo()
    assert shared_https_context(11) is shared
    monkeypatch.setenv("SSL_CERT_FILE", tls.cafile)
    assert shared_https_context(11) is not shared
    assert shared_https_context(10) is not shared_https_context(11)


# -- nothing is left behind


def exchange_all(talk: Talk) -> None:
    """Come to the end of a connection in many ways."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n#1\r\n0\r\n\r\n"
    replies = [
        FIRST,
        FIRST + EVIL,
        chunked,
        chunked + b"x",
        b"HTTP/1.1 200 OK\r\n\r\nuntil close",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n#1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nmore",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"",
    ]

    def reply(data: bytes) -> Callable[[socket.socket], None]:
        def script(sock: socket.socket) -> None:
            take_request(sock)
            sock.sendall(data)
            say_goodbye(sock)

        return script

    uses: list[Callable[[httpconn.HTTPResponse], object]] = [
        lambda response: response.read(),
        lambda response: response.close(),
        lambda response: response.read(1),
        lambda response: response.fp.read(1),
        lambda response: io.BufferedReader(response).read(),
        lambda response: None,
    ]
    for use in uses:
        with talk.serve(*map(reply, replies)) as connection:
            for _ in replies:
                with contextlib.suppress(httpconn.HTTPException, OSError, ValueError):
                    connection.request("GET", "/")
                    use(connection.getresponse())
                connection.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts the descriptors in /proc")
def test_no_descriptor_is_left(talk: Talk) -> None:
    exchange_all(talk)
    before = descriptors()
    exchange_all(talk)
    assert descriptors() == before


def collect_what_others_left() -> None:
    """So that no garbage of another test gives its warnings while a test counts its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def test_no_resource_warning(talk: Talk) -> None:
    collect_what_others_left()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exchange_all(talk)
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []


def test_a_dropped_connection_warns_as_http_client(in_use) -> None:
    """Who never closes an open connection is told so by the socket, as with http.client."""
    import http.client

    told = []
    collect_what_others_left()
    for connection_class in (http.client.HTTPConnection, HTTPConnection):
        with ScriptedServer(second) as server, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            connection = connection_class(server.host, server.port, timeout=TIMEOUT_S)
            connection.request("GET", "/")
            response = connection.getresponse()
            response.read()
            del connection, response
            gc.collect()
        told.append([warning.category for warning in caught])
    assert told[0] == told[1] == [ResourceWarning]


def test_a_line_beyond_the_limit_of_the_body_ends_the_connection(in_use: Any) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", limits=Limits(body_bytes=5))
        connection.sock = client
        connection.request("GET", "/")
        server.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + b"abc\n" * 8 + b"\r\n")
        response = connection.getresponse()
        response.readline()
        with pytest.raises(httpconn.BodyTooLong):
            response.readline()
        assert response.isclosed()
        with contextlib.suppress(httpconn.HTTPException, OSError):
            connection.auto_open = 0
            connection.request("GET", "/2")
        assert b"/2" not in received(server)
