"""Expect: 100-continue, on opt-in (``expect_timeout_s``): the body waits for the server's word. RFC 9110 section 10.1.1."""

from __future__ import annotations

import contextlib
import io
import select
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import HTTPConnection, HTTPException, HTTPSConnection, Limits, RemoteDisconnected
from httpconn._io.source import SocketSource

from ..support.certificates import TLS
from ..support.peers import TIMEOUT_S, ScriptedServer, received, socket_pair, take_request

EXPECT = {"Expect": "100-continue"}
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
REFUSAL = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno"
SOON_S = 0.05
both_modes = pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])


BODIES: dict[str, tuple[Callable[[], Any], dict[str, str], bytes]] = {
    "bytes": (lambda: b"the body", EXPECT, b"the body"),
    "large": (lambda: b"x" * 50_000, EXPECT, b"x" * 50_000),
    "str": (lambda: "the body", EXPECT, b"the body"),
    "file": (lambda: io.BytesIO(b"the body"), EXPECT | {"Content-Length": "8"}, b"the body"),
    "chunked-file": (lambda: io.BytesIO(b"the body"), EXPECT, b"8\r\nthe body\r\n0\r\n\r\n"),
    "iterable": (lambda: iter([b"the ", b"body"]), EXPECT, b"4\r\nthe \r\n4\r\nbody\r\n0\r\n\r\n"),
    "other-spelling": (lambda: b"the body", {"eXPECT": " 100-Continue "}, b"the body"),
    "one-of-several": (lambda: b"the body", {"Expect": "x=y, 100-continue"}, b"the body"),
}


class Server:
    """Takes a request's head, sees whether the body waits, sends *word*, and takes what comes after it."""

    def __init__(self, word: bytes, body: bytes, answer: bytes = GOOD) -> None:
        self.word, self.body, self.answer = word, body, answer
        self.head = self.early = self.late = b""

    def __call__(self, sock: socket.socket) -> None:
        self.head = take_request(sock)
        sock.settimeout(SOON_S)
        with contextlib.suppress(TimeoutError):
            self.early = sock.recv(65536)
        sock.settimeout(TIMEOUT_S)
        sock.sendall(self.word)
        while len(self.late) < len(self.body) and (part := sock.recv(65536)):
            self.late += part
        sock.sendall(self.answer)


def connection_to(server: ScriptedServer, tls: TLS | None = None, **options: Any) -> HTTPConnection:
    options = {"timeout": TIMEOUT_S, "expect_timeout_s": TIMEOUT_S} | options
    if tls is not None:
        connection = HTTPSConnection("localhost", server.port, context=tls.client_context(), **options)
        connection._create_connection = lambda address, *rest: socket.create_connection(
            ("127.0.0.1", address[1]), *rest
        )
        return connection
    return HTTPConnection(server.host, server.port, **options)


@both_modes
@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("word", [CONTINUE, HINTS + CONTINUE, CONTINUE + HINTS], ids=["100", "103-100", "100-103"])
@pytest.mark.parametrize("kind", BODIES)
def test_the_body_follows_a_100(in_use, kind: str, word: bytes, transport: str, strict: bool, tls: TLS) -> None:
    make, fields, wire = BODIES[kind]
    script = Server(word, wire)
    security = tls if transport == "tls" else None
    with ScriptedServer(script, security.wrap if security else None) as server:
        connection = connection_to(server, security, strict=strict)
        connection.request("POST", "/", make(), fields)
        response = connection.getresponse()
        assert response.read() == b"good"
        assert [head.status for head in response.interim] == [int(part[:3]) for part in word.split(b"HTTP/1.1 ")[1:]]
        assert response.complete is True
        assert connection.sock is not None, "it may be used again"
        connection.close()
    assert script.head.endswith(b"\r\n\r\n")
    assert script.early == b"", "the body has not waited"
    assert script.late == wire


@both_modes
@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("word", [REFUSAL, HINTS + REFUSAL, GOOD], ids=["417", "103-417", "200"])
@pytest.mark.parametrize("kind", BODIES)
def test_a_final_response_instead(in_use, kind: str, word: bytes, transport: str, strict: bool, tls: TLS) -> None:
    """It is what ``getresponse`` returns; no byte of the body is sent, and the next request has its own connection."""
    make, fields, _ = BODIES[kind]
    seen = []

    def serve(sock: socket.socket) -> None:
        seen.append(take_request(sock))
        sock.sendall(word)
        with contextlib.suppress(ssl.SSLError):
            seen.append(sock.recv(65536))

    security = tls if transport == "tls" else None
    with ScriptedServer(serve, security.wrap if security else None) as server:
        connection = connection_to(server, security, strict=strict)
        body = make()
        connection.request("POST", "/", body, fields)
        if kind == "iterable":
            assert list(body) == [b"the ", b"body"], "it has been asked for nothing"
        response = connection.getresponse()
        assert response.status == (200 if word is GOOD else 417)
        assert response.read() == (b"good" if word is GOOD else b"no")
        assert response.complete is True
        assert connection.sock is None
        connection.close()
    assert [part for part in seen if part] == [seen[0]]
    assert seen[0].endswith(b"\r\n\r\n")


@both_modes
def test_after_a_final_response_another_connection(in_use, strict: bool) -> None:
    def serve(sock: socket.socket) -> None:
        if take_request(sock).startswith(b"POST"):
            sock.sendall(REFUSAL)
            assert sock.recv(65536) == b""  # what comes next here would be taken for the body
        else:
            sock.sendall(GOOD)

    with ScriptedServer(serve) as server:
        connection = connection_to(server, strict=strict)
        connection.request("POST", "/", b"body", EXPECT)
        assert connection.getresponse().read() == b"no"
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"good"
        connection.close()
        assert server.connections == 2


@pytest.mark.parametrize("late", [b"", CONTINUE], ids=["never", "late"])
@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("begun", [b"", HINTS, CONTINUE[:12]], ids=["nothing", "103", "half-a-100"])
def test_time_passes(in_use, begun: bytes, transport: str, late: bytes, tls: TLS) -> None:
    """The body is sent, and what had come of heads by then is not lost."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(begun)
        assert sock.recv(4) == b"body"
        sock.sendall(CONTINUE[12:] if begun == CONTINUE[:12] else late)
        sock.sendall(GOOD)
        assert take_request(sock).startswith(b"GET /next ")
        sock.sendall(GOOD)

    security = tls if transport == "tls" else None
    with ScriptedServer(serve, security.wrap if security else None) as server:
        connection = connection_to(server, security, expect_timeout_s=SOON_S)
        connection.request("POST", "/", b"body", EXPECT)
        assert connection.sock.gettimeout() == TIMEOUT_S
        assert connection.getresponse().read() == b"good"
        connection.request("GET", "/next")
        assert connection.getresponse().read() == b"good"
        connection.close()
        assert server.connections == 1


@pytest.mark.parametrize(("timeout", "expect_timeout_s"), [(SOON_S, 60), (None, SOON_S), (5, 0), (5, -1), (0, 60)])
def test_the_shorter_time_counts(in_use, timeout: float | None, expect_timeout_s: float) -> None:
    """Of the socket's own and this one; passing it is no error."""
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=expect_timeout_s)
        connection.sock = client
        client.settimeout(timeout)
        connection.request("POST", "/", b"body", EXPECT)
        assert client.gettimeout() == timeout
        assert server.recv(65536).endswith(b"\r\n\r\nbody")
        client.settimeout(TIMEOUT_S)
        server.sendall(GOOD)
        assert connection.getresponse().read() == b"good"
        connection.close()


@both_modes
@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("fault", ["close", "reset", "half-close"])
@pytest.mark.parametrize("begun", [b"", HINTS], ids=["nothing", "103"])
def test_the_peer_ends(in_use, begun: bytes, fault: str, transport: str, strict: bool, tls: TLS) -> None:
    """``request`` returns without having sent the body, and ``getresponse`` tells."""
    seen = []

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(begun)
        if fault == "reset":
            time.sleep(SOON_S)  # a reset would take with it what has not been read yet
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "half-close":
            if isinstance(sock, ssl.SSLSocket):
                with contextlib.suppress(OSError):
                    sock.settimeout(SOON_S)
                    sock.unwrap()
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(TIMEOUT_S)
            seen.append(socket.socket.recv(sock, 4) if transport == "plain" else b"")

    security = tls if transport == "tls" else None
    with ScriptedServer(serve, security.wrap if security else None) as server:
        connection = connection_to(server, security, strict=strict)
        connection.request("POST", "/", b"body", EXPECT)
        if begun and not strict:
            # The last 1xx is taken for the final response where nothing else came, as by http.client.
            response = connection.getresponse()
            assert response.status == 103
            assert response.complete is False
            response.close()
        else:
            with pytest.raises(RemoteDisconnected):
                connection.getresponse()
        connection.close()
    assert b"".join(seen) == b""


@both_modes
@pytest.mark.parametrize(
    "answer", [b"garbage\r\n\r\n", b"HTTP/1.1 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n"]
)
def test_a_malformed_answer(in_use, answer: bytes, strict: bool) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=TIMEOUT_S, strict=strict)
        connection.sock = client
        server.sendall(answer)
        connection.request("POST", "/", b"body", EXPECT)
        with pytest.raises(HTTPException):
            connection.getresponse()
        connection.close()
        assert server.recv(65536).endswith(b"\r\n\r\n")
        assert server.recv(65536) == b""


def test_interim_responses_are_bounded(in_use) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=TIMEOUT_S, limits=Limits(interim_responses=3))
        connection.sock = client
        server.sendall(HINTS * 4)
        connection.request("POST", "/", b"body", EXPECT)
        with pytest.raises(HTTPException, match="got more than 3 interim responses"):
            connection.getresponse()
        connection.close()
        assert not server.recv(65536).endswith(b"body")


def test_interim_responses_do_not_prolong_the_wait(in_use) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=0.1, limits=Limits(interim_responses=10_000))
        connection.sock = client
        stopped = threading.Event()

        def hint() -> None:
            server.sendall(HINTS)
            begun.set()
            while not stopped.wait(0.01):
                server.sendall(HINTS)

        begun = threading.Event()
        thread = threading.Thread(target=hint)
        thread.start()
        assert begun.wait(TIMEOUT_S)
        connection.request("POST", "/", b"body", EXPECT)  # or it would never come back
        stopped.set()
        thread.join()
        server.sendall(GOOD)
        response = connection.getresponse()
        assert response.read() == b"good"
        assert response.interim
        connection.close()


@pytest.mark.parametrize(
    "case", ["not-asked-for", "no-field", "no-body", "http-1.0", "another-expectation", "in-another-field"]
)
def test_nothing_waits(in_use, case: str) -> None:
    """Unless the caller has opted in, sends the field, and there is a body: as http.client."""
    fields = {
        "no-field": {},
        "another-expectation": {"Expect": "200-ok"},
        "in-another-field": {"X-Expect": "100-continue"},
    }
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=None if case == "not-asked-for" else 3600)
        client.settimeout(None)
        connection.sock = client
        if case == "http-1.0":
            connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
        connection.request("POST", "/", None if case == "no-body" else b"body", fields.get(case, EXPECT))
        data = server.recv(65536)
        assert data.endswith(b"\r\n\r\n" if case == "no-body" else b"\r\n\r\nbody")
        assert (b"\r\nExpect: 100-continue\r\n" in data) is (case not in fields), "no field is added or taken away"
        connection.close()


def test_behind_an_unread_response_nothing_waits(in_use) -> None:
    """What comes next is that response's body."""
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=3600)
        connection.sock = client
        connection.request("GET", "/")
        server.recv(65536)
        server.sendall(GOOD[:-4])
        first = connection.getresponse()
        connection.putrequest("POST", "/")
        connection.putheader("Expect", "100-continue")
        connection.putheader("Content-Length", "4")
        connection.endheaders(b"body")
        assert server.recv(65536).startswith(b"POST")
        server.sendall(b"good" + CONTINUE + GOOD)
        assert first.read() == b"good"
        connection.close()


@pytest.mark.parametrize("where", ["argument", "subclass", "class", "instance"])
def test_where_it_is_set(in_use, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = HTTPConnection
    if where == "subclass":
        kind = type("Sub", (HTTPConnection,), {"expect_timeout_s": TIMEOUT_S})
    elif where == "class":
        monkeypatch.setattr(HTTPConnection, "expect_timeout_s", TIMEOUT_S)
    connection = kind("example.org", **{"expect_timeout_s": TIMEOUT_S} if where == "argument" else {})
    if where == "instance":
        connection.expect_timeout_s = TIMEOUT_S
    assert HTTPSConnection("example.org").expect_timeout_s == (TIMEOUT_S if where == "class" else None)
    assert HTTPSConnection("example.org", expect_timeout_s=3).expect_timeout_s == 3
    with socket_pair() as (client, server):
        connection.sock = client
        server.sendall(REFUSAL)
        connection.request("POST", "/", b"body", EXPECT)
        assert connection.getresponse().status == 417
        connection.close()
        assert server.recv(65536).endswith(b"\r\n\r\n")


def test_step_by_step(in_use) -> None:
    """``endheaders`` with a body waits; a body that is sent by ``send`` does not."""
    for given in (True, False):
        with socket_pair() as (client, server):
            connection = HTTPConnection("example.org", expect_timeout_s=TIMEOUT_S)
            connection.sock = client
            server.sendall(REFUSAL)
            connection.putrequest("POST", "/")
            connection.putheader("Expect", "100-continue")
            connection.putheader("Content-Length", "4")
            connection.endheaders(*[b"body"] if given else [])
            if not given:
                connection.send(b"body")
            assert connection.getresponse().status == 417
            connection.close()
            data = b"".join(iter(lambda server=server: server.recv(65536), b""))
            assert data.endswith(b"\r\n\r\n" if given else b"\r\n\r\nbody")


@pytest.mark.parametrize("way", ["debug", "_read_status", "makefile", "class"])
def test_other_ways_to_read(in_use, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line, the bytes that were looked at are read too; what is no socket is not waited for."""

    class Overridden(httpconn.HTTPResponse):
        def _read_status(self) -> tuple[str, int, str]:
            return super()._read_status()

    class Fake:
        def __init__(self, sock: socket.socket) -> None:
            self.sendall, self.makefile, self.close = sock.sendall, sock.makefile, sock.close

    def standard(sock: socket.socket, *arguments: Any, **options: Any) -> Any:
        import http.client

        return http.client.HTTPResponse(sock, *arguments, **options)

    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=TIMEOUT_S)
        connection.sock = Fake(client) if way == "makefile" else client
        if way == "debug":
            connection.set_debuglevel(1)
        elif way == "_read_status":
            connection.response_class = Overridden
        elif way == "class":
            connection.response_class = standard
        server.sendall(CONTINUE + GOOD)
        connection.request("POST", "/", b"body", EXPECT)
        assert received(server).endswith(b"\r\n\r\nbody")
        response = connection.getresponse()
        assert response.status == 200
        assert response.read() == b"good"
        connection.close()
    assert ("reply: 'HTTP/1.1 100 Continue\\r\\n'" in capsys.readouterr().out) is (way == "debug")


class Alarm(Exception):
    pass


@contextlib.contextmanager
def on_alarm(handler: Callable[..., None]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def alarm() -> None:
    """Ring, a little after the head of a request has come: its body waits by then."""
    time.sleep(SOON_S)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGALRM")
@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("handling", ["raises", "closes", "returns"])
def test_a_signal_while_it_waits(in_use, handling: str, transport: str, tls: TLS) -> None:
    """One that raises, or closes the connection, ends the request, and the next one has a connection of its own."""
    rung = threading.Event()

    def serve(sock: socket.socket) -> None:
        while head := take_request(sock):
            if head.startswith(b"POST"):
                alarm()
                rung.wait(TIMEOUT_S)
                sock.sendall(CONTINUE)
                if not sock.recv(65536):
                    return
            sock.sendall(GOOD)

    def handler(*_: object) -> None:
        rung.set()
        if handling == "raises":
            raise Alarm
        if handling == "closes":
            connection.close()

    security = tls if transport == "tls" else None
    with ScriptedServer(serve, security.wrap if security else None) as server:
        connection = connection_to(server, security)
        with contextlib.ExitStack() as stack:
            if handling != "returns":
                stack.enter_context(pytest.raises(Alarm if handling == "raises" else OSError))
            with on_alarm(handler):
                connection.request("POST", "/", b"body", EXPECT)
        assert rung.is_set()
        if handling == "returns":
            assert connection.getresponse().read() == b"good"
        else:
            assert connection.sock is None
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"good"
        connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGALRM")
def test_a_timeout_of_the_programs_own_while_it_waits(in_use) -> None:
    """It is not the one that lets the body go out."""

    def handler(*_: object) -> None:
        raise TimeoutError("the program's own")

    with socket_pair() as (client, server):

        def ring() -> None:
            if select.select([server], [], [], TIMEOUT_S)[0]:
                alarm()

        connection = HTTPConnection("example.org", expect_timeout_s=TIMEOUT_S)
        connection.sock = client
        thread = threading.Thread(target=ring)
        with pytest.raises(TimeoutError, match="own"), on_alarm(handler):
            thread.start()
            connection.request("POST", "/", b"body", EXPECT)
        thread.join()
        assert connection.sock is None
        assert received(server).endswith(b"\r\n\r\n")


def test_a_body_that_is_streamed_into_a_file(in_use, tmp_path: Path) -> None:
    """A real file: it is not read before the server has asked for it."""
    path = tmp_path / "body"
    path.write_bytes(b"from a file")
    with socket_pair() as (client, server), path.open("rb") as file:
        connection = HTTPConnection("example.org", expect_timeout_s=TIMEOUT_S)
        connection.sock = client
        server.sendall(REFUSAL)
        connection.request("POST", "/", file, EXPECT | {"Content-Length": "11"})
        assert file.tell() == 0
        assert connection.getresponse().status == 417
        connection.close()


@pytest.mark.parametrize("step", ["receive_within", "receive"])
def test_closed_at_each_step_of_the_wait(in_use, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a handler, by another thread: the error is the same wherever the wait was."""

    def closes_first(self: SocketSource, *arguments: Any) -> Any:
        if self._sock is client:
            connection.close()
        return getattr(SocketSource, step)(self, *arguments)

    # A class of its own, since the usual one is compiled.
    monkeypatch.setattr("httpconn.response.SocketSource", type("Source", (SocketSource,), {step: closes_first}))
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", expect_timeout_s=TIMEOUT_S)
        connection.sock = client
        with pytest.raises(ConnectionAbortedError, match="closed, by this program"):
            connection.request("POST", "/", b"body", EXPECT)
        assert connection.sock is None
        assert b"body" not in received(server)
