"""Faults at every stage: the error is the one that http.client's users catch, and the connection is no dead end.

Each fault is tried with http.client too, on the same script: where we raise something else, ``DIFFERENT`` says so.
Afterwards the connection is used again, nothing is left open, and what was cut is never taken for complete.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import io
import os
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
from typing import Any, NamedTuple

import pytest

import httpconn
from httpconn import HTTPConnection, HTTPResponse, HTTPSConnection, IncompleteRead, RemoteDisconnected
from httpconn._backends.contract import Backend
from httpconn._io.source import SocketSource

from ..support.certificates import TLS
from ..support.peers import (
    TIMEOUT_S,
    OnlyMakefile,
    ScriptedServer,
    blackhole,
    nobody,
    say_goodbye,
    socket_pair,
    take_request,
)

SHORT_S = 0.25
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


# -- the faults: what the server does once its bytes are sent ----------------------------------------------


def close(sock: socket.socket) -> None:
    say_goodbye(sock)
    sock.close()


def ragged(sock: socket.socket) -> None:
    """Close, over TLS without close_notify."""
    sock.close()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def half_close(sock: socket.socket) -> None:
    say_goodbye(sock)
    sock.shutdown(socket.SHUT_WR)
    silence(sock)


def silence(sock: socket.socket) -> None:
    """Nothing more, until the client goes."""
    with contextlib.suppress(OSError):
        sock.settimeout(TIMEOUT_S)
        while sock.recv(65536):
            pass


FAULTS: dict[str, Callable[[socket.socket], None]] = {
    "close": close, "ragged": ragged, "reset": reset, "half-close": half_close, "silence": silence,
}  # fmt: skip


class Stage(NamedTuple):
    wire: bytes
    """What arrives before the fault."""
    in_body: bool
    came: bytes = b""
    """What of the body it holds."""


STAGES = {
    "nothing": Stage(b"", False),
    "status-line": Stage(b"HTTP/1.1 20", False),
    "interim": Stage(b"HTTP/1.1 100 Continue\r\n\r\n", False),
    "sized": Stage(SIZED, True),
    "sized-begun": Stage(SIZED + b"hello", True, b"hello"),
    "chunked": Stage(CHUNKED, True),
    "chunk-size": Stage(CHUNKED + b"5\r\nhello\r\n5", True, b"hello"),
    "chunk-data": Stage(CHUNKED + b"5\r\nhello\r\n5\r\nwor", True, b"hellowor"),
    "chunk-end": Stage(CHUNKED + b"5\r\nhello", True, b"hello"),
    "until-close": Stage(UNTIL_CLOSE + b"hello", True, b"hello"),
}


OVER_TLS = ("nothing", "status-line", "sized-begun", "chunk-data", "until-close")
over_both = pytest.mark.parametrize(("stage", "transport"), [
    *((stage, "plain") for stage in STAGES), *((stage, "tls") for stage in OVER_TLS),
])  # fmt: skip


class Told(NamedTuple):
    """What came of a request."""

    error: type[BaseException] | None
    partial: bytes | None = None
    """What IncompleteRead carries, or the body where there was no error."""
    expected: int | None = None


def wanted(stage: str, fault: str, transport: str) -> Told:
    """Return what the law of this project says; SAFETY.md, default mode."""
    told = STAGES[stage]
    if fault == "silence":
        return Told(TimeoutError)
    if fault == "reset":
        return Told(ConnectionResetError)
    if not told.in_body:
        return Told(http.client.BadStatusLine) if stage == "status-line" else Told(RemoteDisconnected)
    if stage == "until-close":
        return Told(None, b"hello")
    return Told(IncompleteRead, told.came, 10 - len(told.came) if stage.startswith("sized") else None)


DIFFERENT = {
    "chunk-data": "http.client leaves out of IncompleteRead.partial what came of the last chunk; ours carries it",
    "chunk-end": "http.client counts the missing CRLF as part of the chunk; ours carries all that came",
}
"""Stage -> why http.client's outcome is another one there."""


class Server:
    """Serves one fault, and good answers on every later connection."""

    def __init__(self, stage: Stage, fault: Callable[[socket.socket], None]) -> None:
        self.head_is_read = threading.Event()
        self._stage = stage
        self._fault: Callable[[socket.socket], None] | None = fault

    def __call__(self, sock: socket.socket) -> None:
        fault, self._fault = self._fault, None
        if fault is None:
            while take_request(sock):
                sock.sendall(GOOD)
            return
        take_request(sock)
        sock.sendall(self._stage.wire)
        if self._stage.in_body:
            self.head_is_read.wait(TIMEOUT_S)
        fault(sock)


def connection_to(module: Any, server: ScriptedServer, tls: TLS | None, timeout: float) -> Any:
    if tls is None:
        return module.HTTPConnection(server.host, server.port, timeout=timeout)
    connection = module.HTTPSConnection("localhost", server.port, timeout=timeout, context=tls.client_context())
    connection._create_connection = lambda address, *rest: socket.create_connection(("127.0.0.1", address[1]), *rest)
    return connection


def hurried(connection: Any) -> None:
    """Connect, with all the time that a loaded machine takes for it; from then on, be out of time soon."""
    timeout, connection.timeout = connection.timeout, TIMEOUT_S
    connection.connect()
    connection.timeout = timeout
    connection.sock.settimeout(timeout)


def told_by(connection: Any, script: Server) -> tuple[Told, Any]:
    response = None
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        script.head_is_read.set()
        return Told(None, response.read()), response
    except IncompleteRead as error:
        return Told(IncompleteRead, error.partial, error.expected), response
    except (OSError, http.client.HTTPException) as error:
        return Told(type(error)), response


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    gc.collect()
    before = os.listdir("/dev/fd")
    yield
    gc.collect()
    assert len(os.listdir("/dev/fd")) <= len(before)


@over_both
@pytest.mark.parametrize("fault", FAULTS)
def test_fault(stage: str, fault: str, transport: str, tls: TLS) -> None:
    security = tls if transport == "tls" else None
    timeout = SHORT_S if fault == "silence" else TIMEOUT_S
    seen = {}
    for module in (httpconn, http.client):
        script = Server(STAGES[stage], FAULTS[fault])
        with (
            no_descriptor_left(),
            ScriptedServer(script, security.wrap if security else None) as server,
            contextlib.closing(connection_to(module, server, security, timeout)) as connection,
        ):
            if fault == "silence":
                hurried(connection)
            seen[module.__name__], response = told_by(connection, script)
            script.head_is_read.set()  # also where there was no time for it
            if module is httpconn:
                check_afterwards(connection, response, stage, fault, transport)
            del response
    ours, theirs = seen["httpconn"], seen["http.client"]
    law = wanted(stage, fault, transport)
    if law.error is ConnectionResetError and ours.error is RemoteDisconnected:
        ours = ours._replace(error=law.error)  # which it is; over TLS the two cannot be told apart
        theirs = theirs._replace(error=law.error) if theirs.error is RemoteDisconnected else theirs
    if transport == "tls" and fault in ("ragged", "reset") and STAGES[stage].in_body:
        # How a TLS stack tells these differs; test_reuse has the ragged ends one by one. Never a whole body.
        assert ours.error is not None or stage == "until-close"
    elif stage == "status-line" and fault not in ("reset", "silence"):
        assert ours.error is not None
        assert issubclass(ours.error, http.client.BadStatusLine)
        assert ours == theirs
    else:
        assert ours == law
        if stage not in DIFFERENT or ours.error is not IncompleteRead:
            assert ours == theirs


def check_afterwards(connection: HTTPConnection, response: Any, stage: str, fault: str, transport: str) -> None:
    """The connection is usable or closed, and what was cut is not complete."""
    if response is not None and (
        stage != "until-close" or fault in ("silence", "signal") or (fault, transport) == ("reset", "plain")
    ):
        assert response.complete is False
        assert response.isclosed()
        assert connection.sock is None or connection.sock.fileno() == -1
        # Late bytes never come back as a body, whatever is called.
        for again in (response.read, response.read1, response.readline, response.peek, lambda: response.read(1)):
            with contextlib.suppress(OSError, http.client.HTTPException):
                assert again() == b""
    connection.timeout = TIMEOUT_S
    connection.request("GET", "/")
    with connection.getresponse() as good:
        assert good.read() == b"good"
        assert good.complete is True


# -- before there is a connection, or in the tunnel ---------------------------------------------------------


def test_connect_is_refused() -> None:
    with no_descriptor_left(), nobody() as (host, port):
        connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                connection.request("GET", "/")
            assert connection.sock is None
            with pytest.raises(httpconn.ResponseNotReady):
                connection.getresponse()


def test_connect_times_out() -> None:
    """A listener whose backlog is full does not answer any more."""
    with no_descriptor_left(), blackhole("127.0.0.1") as (host, port):
        connection = HTTPConnection(host, port, timeout=SHORT_S)
        with pytest.raises(TimeoutError):
            connection.request("GET", "/")
        assert connection.sock is None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("garbage", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["nothing", "plain-text"])
def test_handshake(fault: str, garbage: bytes, tls: TLS) -> None:
    """The server answers the handshake with *garbage* and the fault; then it shakes hands."""
    scripts = iter([True])

    def serve(sock: socket.socket) -> None:
        if next(scripts, False):
            sock.recv(10)
            sock.sendall(garbage)
            FAULTS[fault](sock)
        else:
            with tls.wrap(sock) as secured:
                while take_request(secured):
                    secured.sendall(GOOD)

    with no_descriptor_left(), ScriptedServer(serve) as server:
        with contextlib.closing(
            connection_to(httpconn, server, tls, SHORT_S if fault == "silence" else TIMEOUT_S)
        ) as connection:
            with pytest.raises(OSError) as caught:  # ssl.SSLError, ConnectionResetError and TimeoutError all are
                connection.request("GET", "/")
            if fault == "silence" and not garbage:
                assert isinstance(caught.value, TimeoutError)
            assert connection.sock is None
            connection.timeout = TIMEOUT_S
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"good"
        del caught


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("wire", [
    b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nA: b", b"HTTP/1.1 407 No\r\nContent-Length: 9\r\n\r\n", b"\x16\x03\x01\0",
    b"HTTP/1.1 200 OK\r\n\r\nunasked",
], ids=["nothing", "status-line", "field", "407", "garbage", "unasked"])  # fmt: skip
def test_tunnel(fault: str, wire: bytes) -> None:
    """Any fault in the tunnel is an OSError or an HTTPException, and the next request opens another one."""
    scripts = iter([True])

    def serve(sock: socket.socket) -> None:
        assert take_request(sock).startswith(b"CONNECT origin.example:443 HTTP/1.")
        if next(scripts, False):
            sock.sendall(wire)
            FAULTS[fault](sock)
            return
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while take_request(sock):
            sock.sendall(GOOD)

    with no_descriptor_left(), ScriptedServer(serve) as server:
        connection = HTTPConnection(server.host, server.port, timeout=SHORT_S if fault == "silence" else TIMEOUT_S)
        connection.set_tunnel("origin.example", 443)
        with contextlib.closing(connection):
            if wire.startswith(b"HTTP/1.1 200 OK\r\nA") and fault in ("close", "half-close", "ragged"):
                # http.client reads a head that ends early as one that ended; the fault shows in what follows.
                with pytest.raises((OSError, http.client.HTTPException)):
                    connection.request("GET", "/")
                    connection.getresponse()
            else:
                with pytest.raises((OSError, http.client.HTTPException)):
                    connection.request("GET", "/")
                assert connection.sock is None
            connection.timeout = TIMEOUT_S
            connection.close()
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"good"


# -- while the request goes out -----------------------------------------------------------------------------

LARGE = b"x" * 8_000_000


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"]
)
@pytest.mark.parametrize("fault", ["reset", "silence"])
@pytest.mark.parametrize("kind", ["bytes", "iterable", "file"])
def test_request_is_not_taken(kind: str, fault: str, answer: bytes, tmp_path: Path) -> None:
    """Sending raises; then, as http.client's users do, the answer that had come is read, if there is one."""
    scripts = iter([True])

    def serve(sock: socket.socket) -> None:
        if not next(scripts, False):
            while request := take_request(sock):
                assert request.startswith(b"GET / HTTP/1.1\r\n")
                sock.sendall(GOOD)
            return
        sock.recv(100)
        sock.sendall(answer)
        time.sleep(0.02)
        if fault == "reset":
            reset(sock)
        else:
            done.wait(TIMEOUT_S)

    done = threading.Event()
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    with no_descriptor_left(), ScriptedServer(serve) as server, contextlib.ExitStack() as stack:
        connection = HTTPConnection(server.host, server.port, timeout=0.3 if fault == "silence" else TIMEOUT_S)
        stack.callback(done.set)
        stack.callback(connection.close)
        body: Any = {
            "bytes": LARGE,
            "iterable": (LARGE[:1_000_000] for _ in range(8)),
            "file": stack.enter_context(path.open("rb")),
        }[kind]
        with pytest.raises((BrokenPipeError, ConnectionResetError) if fault == "reset" else TimeoutError):
            connection.request("POST", "/", body=body)
        if answer and connection.sock is not None:
            connection.sock.settimeout(TIMEOUT_S)  # the server says it as soon as it comes to it
        try:
            response = connection.getresponse()
        except (ConnectionError, TimeoutError):
            # Linux drops what had come when the reset arrives before it is read.
            assert not answer or fault == "reset"
        else:
            assert answer
            assert (response.status, response.read()) == (413, b"big")
        done.set()
        connection.timeout = TIMEOUT_S
        with contextlib.suppress(httpconn.CannotSendRequest):
            connection.request("GET", "/")  # never behind half a body
            assert connection.getresponse().read() == b"good"
        connection.close()
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"good"


@pytest.mark.parametrize("module", [httpconn, http.client], ids=["httpconn", "http.client"])
def test_early_answer_while_a_body_streams(module: Any) -> None:
    """The server answers after the first chunk; the client goes on sending, and then reads that answer."""

    def serve(sock: socket.socket) -> None:
        data = b""
        while b"first" not in data:
            data += sock.recv(65536)
        sock.sendall(GOOD)
        answered.set()
        while not data.endswith(b"0\r\n\r\n"):
            data += sock.recv(65536)
        sock.sendall(GOOD.replace(b"good", b"more"))
        take_request(sock)

    def parts() -> Iterator[bytes]:
        yield b"first"
        answered.wait(TIMEOUT_S)
        yield b"second"

    answered = threading.Event()
    with ScriptedServer(serve) as server:
        connection = module.HTTPConnection(server.host, server.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("POST", "/", body=parts())
            assert connection.getresponse().read() == b"good"


@pytest.mark.parametrize("step", ["the iterable", "the file"])
def test_a_body_that_raises_leaves_no_half_request(step: str) -> None:
    """What the caller's own body raises comes out, and what was half sent is never followed by another request."""

    class Failing:
        def __iter__(self) -> Iterator[bytes]:
            yield b"begun"
            raise RuntimeError("the caller's own")

    class FailingFile:
        calls = 0

        def read(self, size: int) -> bytes:
            self.calls += 1
            if self.calls > 1:
                raise RuntimeError("the caller's own")
            return b"begun"

    seen: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        seen.append(b"")
        while data := sock.recv(65536):
            seen[-1] += data
            if data.startswith(b"GET"):
                sock.sendall(GOOD)

    with no_descriptor_left(), ScriptedServer(serve) as server:
        connection = HTTPConnection(server.host, server.port, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            with pytest.raises(RuntimeError, match="the caller's own"):
                connection.request("POST", "/", body=Failing() if step == "the iterable" else FailingFile())
            with contextlib.suppress(httpconn.CannotSendRequest):
                connection.request("GET", "/")
                assert connection.getresponse().read() == b"good"
            connection.close()
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"good"
    assert not any(b"POST" in request and b"GET" in request for request in seen)


# -- between messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("fault", ["close", "ragged", "reset", "half-close"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_between_messages(method: str, fault: str, transport: str, tls: TLS) -> None:
    """The fault is seen before the next request goes out, so even a POST is sent, once, on a fresh connection."""
    is_read = threading.Event()
    requests: list[bytes] = []
    scripts = iter([True])

    def serve(sock: socket.socket) -> None:
        is_first = next(scripts, False)
        while request := take_request(sock):
            requests.append(request)
            sock.sendall(GOOD)
            if is_first:
                is_read.wait(TIMEOUT_S)
                FAULTS[fault](sock)
                return

    security = tls if transport == "tls" else None
    with no_descriptor_left(), ScriptedServer(serve, security.wrap if security else None) as server:
        with contextlib.closing(connection_to(httpconn, server, security, TIMEOUT_S)) as connection:
            connection.request(method, "/1")
            assert connection.getresponse().read() == b"good"
            is_read.set()
            assert select.select([connection.sock], [], [], TIMEOUT_S)[0], "the fault does not show"
            connection.request(method, "/2")
            assert connection.getresponse().read() == b"good"
    assert [request.split()[1] for request in requests] == [b"/1", b"/2"]


# -- signals ------------------------------------------------------------------------------------------------


class Alarm(Exception):
    pass


@contextlib.contextmanager
def alarm(handler: Callable[..., None]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, SHORT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def raise_alarm(*_: object) -> None:
    raise Alarm


@over_both
def test_signal_that_raises(stage: str, transport: str, tls: TLS) -> None:
    """KeyboardInterrupt, a timeout of the program's own, ...: it comes out, and what was half read is given up."""
    security = tls if transport == "tls" else None
    script = Server(STAGES[stage], silence)
    with no_descriptor_left(), ScriptedServer(script, security.wrap if security else None) as server:
        with contextlib.closing(connection_to(httpconn, server, security, TIMEOUT_S)) as connection:
            response = None
            connection.connect()
            with pytest.raises(Alarm), alarm(raise_alarm):
                connection.request("GET", "/")
                response = connection.getresponse()
                script.head_is_read.set()
                response.read()
            script.head_is_read.set()  # also where there was no time for it
            check_afterwards(connection, response, stage, "signal", transport)


@over_both
def test_signal_that_returns(stage: str, transport: str, tls: TLS) -> None:
    """The wait goes on, and the answer comes."""
    rest = {
        "nothing": GOOD, "status-line": GOOD.removeprefix(b"HTTP/1.1 20"), "interim": GOOD, "sized": b"helloworld",
        "sized-begun": b"world", "chunked": b"0\r\n\r\n", "chunk-size": b"\r\nworld\r\n0\r\n\r\n",
        "chunk-data": b"ld\r\n0\r\n\r\n", "chunk-end": b"\r\n0\r\n\r\n", "until-close": b"world",
    }[stage]  # fmt: skip
    rung = threading.Event()

    def go_on(sock: socket.socket) -> None:
        rung.wait(TIMEOUT_S)
        time.sleep(0.02)
        sock.sendall(rest)
        close(sock)

    security = tls if transport == "tls" else None
    script = Server(STAGES[stage], go_on)
    with ScriptedServer(script, security.wrap if security else None) as server:
        with contextlib.closing(connection_to(httpconn, server, security, TIMEOUT_S)) as connection:
            with alarm(lambda *_: rung.set()):
                connection.request("GET", "/")
                response = connection.getresponse()
                script.head_is_read.set()
                body = response.read()
            assert rung.is_set()
            expected = {
                "nothing": b"good",
                "status-line": b"good",
                "interim": b"good",
                "chunked": b"",
                "chunk-end": b"hello",
            }
            assert body == expected.get(stage, b"helloworld")
            assert response.complete is True


@pytest.mark.parametrize("stage", STAGES)
def test_close_in_a_signal_handler(stage: str) -> None:
    """The connection is closed under the one who waits: an error or an end, no hang, and never "complete"."""
    script = Server(STAGES[stage], silence)
    with no_descriptor_left(), ScriptedServer(script) as server:
        connection = HTTPConnection(server.host, server.port, timeout=1)
        response = None
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError), alarm(lambda *_: connection.close()):
            connection.request("GET", "/")
            response = connection.getresponse()
            script.head_is_read.set()
            response.read()
        script.head_is_read.set()  # also where there was no time for it
        connection.close()
        if response is not None:
            assert response.complete is not True
            response.close()
        connection.timeout = TIMEOUT_S
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"good"
        connection.close()


# -- closed, or used a second time, while a request is being sent -------------------------------------------


def serve_what_comes(seen: list[bytes], goes_on: threading.Event | None = None) -> Callable[[socket.socket], None]:
    """Return a *serve* that answers GET, and of anything else takes a little, and waits for the end.

    It takes no more until *goes_on* is set, so that the sender has to wait.
    """

    def serve(sock: socket.socket) -> None:
        sock.settimeout(TIMEOUT_S)
        with contextlib.suppress(OSError):
            while first := sock.recv(4096):
                seen.append(first)
                if first.startswith(b"GET"):
                    sock.sendall(GOOD)
                    continue
                if goes_on is not None:
                    goes_on.wait(TIMEOUT_S)
                while sock.recv(1 << 20):
                    pass

    return serve


def check_usable(connection: HTTPConnection) -> None:
    connection.request("GET", "/next")
    assert connection.getresponse().read() == b"good"
    connection.close()


LARGE = b"x" * (32 << 20)
"""More than any socket buffer takes at once."""

SENDING: dict[str, Callable[[HTTPConnection], None]] = {
    "bytes": lambda connection: connection.request("POST", "/", LARGE),
    "steps": lambda connection: steps(connection, LARGE),
    "send": lambda connection: (steps(connection), connection.send(LARGE)),  # type: ignore[dict-item]
    "iterable": lambda connection: connection.request("POST", "/", iter([LARGE[: 1 << 20]] * 32)),
    "file": lambda connection: connection.request("POST", "/", io.BytesIO(LARGE)),
}


def steps(connection: HTTPConnection, body: bytes | None = None) -> None:
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(len(LARGE)))
    connection.endheaders(body)


@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("kind", SENDING)
@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
def test_closed_in_a_signal_handler_while_sending(
    in_use: Backend, kind: str, transport: str, strict: bool, tls: TLS
) -> None:
    """A clear error that http.client's users catch, and nothing of that body on another connection."""
    seen: list[bytes] = []
    is_closed = threading.Event()
    script = serve_what_comes(seen, is_closed)
    security = tls if transport == "tls" else None
    with no_descriptor_left(), ScriptedServer(script, security.wrap if security else None) as server:
        connection = connection_to(httpconn, server, security, TIMEOUT_S)
        connection.strict = strict
        connection.connect()
        with (
            pytest.raises(ConnectionAbortedError, match="closed, by this program"),
            alarm(lambda *_: connection.close()),
        ):
            SENDING[kind](connection)
        is_closed.set()
        assert connection.sock is None
        with pytest.raises(httpconn.ResponseNotReady):
            connection.getresponse()
        check_usable(connection)
        assert server.connections == 2
    assert [first[:5] for first in seen] == [b"POST ", b"GET /"]


@pytest.mark.parametrize("own", [True, False], ids=["own-send", "overridden-send"])
@pytest.mark.parametrize("how", ["closed", "closed-and-used-again"])
def test_closed_between_two_pieces(how: str, own: bool) -> None:
    """The rest of the body goes nowhere: not to a connection that ``auto_open`` would make, nor to one made meanwhile."""

    class Overridden(HTTPConnection):
        def send(self, data: Any) -> None:
            super().send(data)

    seen: list[bytes] = []

    def pieces() -> Iterator[bytes]:
        yield b"one"
        connection.close()
        if how != "closed":
            connection.request("GET", "/meanwhile")
        yield b"two"

    with ScriptedServer(serve_what_comes(seen)) as server:
        connection = (HTTPConnection if own else Overridden)(server.host, server.port, timeout=TIMEOUT_S)
        with pytest.raises(ConnectionAbortedError):
            connection.request("POST", "/", pieces())
        if how != "closed":
            assert connection.getresponse().read() == b"good"
        check_usable(connection)
    assert not any(b"two" in part for part in seen)
    assert [part[:5] for part in seen] == [b"POST ", *[b"GET /"] * (1 if how == "closed" else 2)]


@pytest.mark.parametrize("tunnel", [False, True], ids=["direct", "tunnel"])
@pytest.mark.parametrize("transport", ["plain", "tls"])
def test_closed_while_connecting(transport: str, tunnel: bool, tls: TLS) -> None:
    """That request is over: it is not sent on the socket that comes of it, where its answer would be the next one's."""
    kind = HTTPSConnection if transport == "tls" else HTTPConnection
    made = []

    class Closing(kind):  # type: ignore[misc,valid-type]
        def _tunnel(self) -> None:
            self.close()
            super()._tunnel()

    with ScriptedServer(serve_what_comes([])) as server:
        connection = Closing("localhost", server.port, timeout=TIMEOUT_S)

        def create(address: tuple[str, int], *rest: Any) -> socket.socket:
            made.append(socket.create_connection(("127.0.0.1", address[1]), *rest))
            if not tunnel:
                connection.close()
            return made[-1]

        if tunnel:
            connection.set_tunnel("origin.example", 443)
        connection._create_connection = create
        with pytest.raises(OSError):
            connection.request("GET", "/")
        assert connection.sock is None
        assert [sock.fileno() for sock in made] == [-1], "one was made, and it is closed"
        with pytest.raises(httpconn.ResponseNotReady):
            connection.getresponse()


class Interrupted:
    """A socket under whose ``sendall`` something else comes in: a signal handler, or another thread."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.interrupt: Callable[[], Any] | None = None

    def sendall(self, data: bytes) -> None:
        self.sent.append(bytes(data))
        interrupt, self.interrupt = self.interrupt, None
        if interrupt is not None:
            interrupt()

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(GOOD)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("thread", [False, True], ids=["handler", "thread"])
@pytest.mark.parametrize("second", ["request", "steps", "send", "endheaders"])
@pytest.mark.parametrize("first", ["request", "steps", "send", "large"])
def test_a_second_sender_is_refused(in_use, first: str, second: str, thread: bool, strict: bool) -> None:
    """Nothing of it goes out, and the first one is not disturbed."""
    connection = HTTPConnection("example.org", strict=strict)
    connection.sock = sock = Interrupted()
    errors: list[BaseException] = []

    def call(name: str, content: bytes) -> None:
        if name in ("request", "large"):
            connection.request("POST", "/", content * (50_000 if name == "large" else 1))
        elif name == "steps":
            connection.putrequest("POST", "/")
            connection.endheaders(content)
        elif name == "endheaders":
            connection.endheaders(content)
        else:
            connection.send(content)

    def interrupt() -> None:
        try:
            call(second, b"second")
        except Exception as error:
            errors.append(error)

    def in_a_thread() -> None:
        runner = threading.Thread(target=interrupt)
        runner.start()
        runner.join()

    sock.interrupt = in_a_thread if thread else interrupt
    call(first, b"first")
    [error] = errors
    kind = httpconn.CannotSendHeader if second == "endheaders" else httpconn.CannotSendRequest
    assert type(error) is kind
    assert not any(b"second" in part for part in sock.sent)
    assert len(sock.sent) == (2 if first == "large" else 1)
    if first == "send":
        # What was refused has left nothing behind.
        connection.request("GET", "/")
    assert connection.getresponse().read() == b"good"
    connection.close()


@pytest.mark.parametrize("way", ["read", "read-amount", "readinto"])
@pytest.mark.parametrize("fields", [b"Content-Length: 10\r\n", b""], ids=["sized", "until-close"])
def test_nothing_to_read_behind_a_file(in_use, way: str, fields: bytes) -> None:
    """Over a socket that does not block, a file gives None: an error like that without a file, not a TypeError."""
    with socket_pair() as (client, server):
        server.sendall(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
        response = httpconn.HTTPResponse(client)
        response.begin()
        assert response.fp is not None
        client.settimeout(0)
        read = {
            "read": response.read,
            "read-amount": lambda: response.read(5),
            "readinto": lambda: response.readinto(bytearray(5)),
        }
        with pytest.raises(BlockingIOError):
            read[way]()
        assert response.complete is False


@pytest.mark.parametrize("fields", [b"Content-Length: 10\r\n", b""], ids=["sized", "until-close"])
def test_a_buffer_is_the_callers_own_again_when_a_receive_has_failed(in_use, fields: bytes) -> None:
    """Nothing of the error keeps a view of it: it may grow and shrink."""
    with socket_pair() as (client, server):
        server.sendall(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
        response = httpconn.HTTPResponse(client)
        response.begin()
        client.settimeout(0.01)
        buffer = bytearray(5)
        with pytest.raises(TimeoutError) as caught:
            response.readinto(buffer)
        buffer.append(1)
        assert caught.value.__traceback__ is not None, "it would let go of everything by itself"


def test_a_response_without_a_socket() -> None:
    """What is left where ``close`` comes between ``getresponse`` and its socket."""
    with pytest.raises(ConnectionAbortedError, match="closed meanwhile"):
        httpconn.HTTPResponse(None)


@pytest.mark.parametrize("way", ["read", "read-amount", "readinto", "read1", "readline", "peek"])
@pytest.mark.parametrize(
    "fields", [b"Content-Length: 10\r\n", b"Transfer-Encoding: chunked\r\n"], ids=["sized", "chunked"]
)
@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
def test_closed_between_two_receives(in_use: Backend, way: str, fields: bytes, strict: bool) -> None:
    """Found by misuse.py: a clear error for whoever was reading, not an AssertionError."""

    class Closing(io.BytesIO):
        is_armed = is_closed = False

        def _close_response(self) -> None:
            if self.is_closed:
                raise ValueError("closed before")
            if self.is_armed:
                response.close()

        def read(self, size: int | None = -1) -> bytes:
            self._close_response()
            return b"hello"[:size]

        def readinto(self, buffer: Any) -> int:
            self._close_response()
            buffer[:2] = b"he"
            return 2

        def readline(self, size: int | None = -1) -> bytes:
            line = super().readline(size)
            self._close_response()
            return line if not self.is_armed else b"5"  # and never a line's end

        read1 = peek = read

        def close(self) -> None:
            self.is_closed = True

    file = Closing(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
    response = httpconn.HTTPResponse(OnlyMakefile(file), strict=strict)
    response.begin()
    file.is_armed = True
    read = {
        "read": response.read, "read-amount": lambda: response.read(10), "readinto": lambda: response.readinto(bytearray(10)),
        "read1": response.read1, "readline": response.readline, "peek": response.peek,
    }[way]  # fmt: skip
    try:
        got = read()
    except (ValueError, http.client.HTTPException) as error:
        assert "closed before" in str(error) or isinstance(error, http.client.HTTPException)
    else:
        assert len(got) <= 5 if isinstance(got, bytes) else got <= 5  # what had come before it was closed
    assert response.complete is not True
    assert response.isclosed()


def test_ssl_errors_are_os_errors() -> None:
    """What the tests above take for granted."""
    assert issubclass(ssl.SSLError, OSError)
    assert issubclass(RemoteDisconnected, ConnectionResetError)
    assert issubclass(RemoteDisconnected, http.client.BadStatusLine)
    assert HTTPSConnection.default_port == 443


# -- asking for the response again --------------------------------------------------------------------------

FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


class Kind(socket.socket):
    """Read through its ``makefile``, as any subclass is (PySocks has one)."""


@pytest.mark.parametrize("debuglevel", [0, 1])
@pytest.mark.parametrize("kind", [socket.socket, Kind])
@pytest.mark.parametrize("begun", [b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nX: "])
def test_what_follows_a_head_that_has_begun_is_no_answer(in_use, begun: bytes, kind: type, debuglevel: int) -> None:
    with socket_pair() as (client, server), kind(fileno=client.detach()) as sock:
        sock.settimeout(0.05)
        connection = HTTPConnection("h.example")
        connection.sock = sock
        connection.request("GET", "/")
        server.sendall(begun)
        connection.set_debuglevel(debuglevel)
        with pytest.raises(TimeoutError):
            connection.getresponse()
        with contextlib.suppress(BrokenPipeError):
            server.sendall(FORGED)
        with pytest.raises(httpconn.ResponseNotReady):
            connection.getresponse()
        connection.close()


@pytest.mark.parametrize("transport", ["plain", "tls"])
def test_a_handler_that_raises_when_bytes_have_been_received(
    in_use, transport: str, tls: TLS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has them then, and a handler's TimeoutError is no sign that nothing has come."""

    class Ringing(SocketSource):  # what is compiled calls without telling a profiler
        def receive(self, wanted: int, asked: int) -> bytes:
            data = super().receive(wanted, asked)
            signal.raise_signal(signal.SIGALRM)
            return data

    if transport == "plain":
        monkeypatch.setattr("httpconn.response.SocketSource", Ringing)

    def ring(frame: object, event: str, function: Any) -> None:
        if event == "c_return" and function.__name__ in ("recv", "recv_into", "read") and transport == "tls":
            sys.setprofile(None)
            signal.raise_signal(signal.SIGALRM)

    def raise_timeout(*_: object) -> None:
        raise TimeoutError("the program's own")

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        with contextlib.suppress(OSError):
            sock.sendall(GOOD)
            rung.wait(TIMEOUT_S)
            sock.sendall(FORGED)

    rung = threading.Event()
    security = tls if transport == "tls" else None
    with ScriptedServer(serve, security.wrap if security else None) as server:
        with contextlib.closing(connection_to(httpconn, server, security, TIMEOUT_S)) as connection:
            connection.request("GET", "/")
            before = signal.signal(signal.SIGALRM, raise_timeout)
            try:
                with pytest.raises(TimeoutError, match="own"):
                    sys.setprofile(ring)
                    connection.getresponse()
            finally:
                sys.setprofile(None)
                signal.signal(signal.SIGALRM, before)
            rung.set()
            with pytest.raises(httpconn.ResponseNotReady):
                connection.getresponse()


@pytest.mark.parametrize("transport", ["plain", "tls"])
def test_a_response_that_has_not_begun_may_be_asked_for_again(in_use, transport: str, tls: TLS) -> None:
    def serve(sock: socket.socket) -> None:
        take_request(sock)
        asked.wait(TIMEOUT_S)
        sock.sendall(GOOD)

    asked = threading.Event()
    security = tls if transport == "tls" else None
    with ScriptedServer(serve, security.wrap if security else None) as server:
        with contextlib.closing(connection_to(httpconn, server, security, 0.1)) as connection:
            hurried(connection)
            connection.request("GET", "/")
            with pytest.raises(TimeoutError):
                connection.getresponse()
            asked.set()
            connection.sock.settimeout(TIMEOUT_S)
            assert connection.getresponse().read() == b"good"


def test_nothing_is_looked_at_beside_a_read(in_use: Any) -> None:
    body = bytes(range(256)) * 100
    whole = []
    with socket_pair() as (client, server):
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 25600\r\n\r\n" + body[:100])
        response = HTTPResponse(client)
        response.begin()
        thread = threading.Thread(target=lambda: whole.append(response.read()))
        thread.start()
        try:
            while not response._is_reading:
                pass
            with pytest.raises(httpconn.ResponseNotReady, match="being read already"):
                response.peek()
        finally:
            server.sendall(body[100:])
            thread.join()
    assert whole == [body]
    assert response.complete is True
