"""The law of a pool's common exchange: what it does not bring to its end comes to what an ``Attempt`` alone makes of it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from httpconn import ConnectionPool, HTTPException, IncompleteRead, Limits, Request, Retry, Timeout
from httpconn._engine.threads.at_once import AtOnce, _with_rest
from httpconn._engine.threads.begun import Begun
from httpconn._engine.threads.slots import Connection
from httpconn.model import Response

from ..support.certificates import server_context_for
from ..support.peers import ScriptedServer, say_goodbye, take_request

WARM = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
RESET = b"reset"
"""In the place of a piece: the connection is reset."""
SILENCE = b"silence"
"""Nothing more comes."""

ANSWERS = {
    "plain": [WARM],
    "in two pieces": [WARM[:-2], WARM[-2:]],
    "in three pieces": [WARM[:-2], WARM[-2:-1], WARM[-1:]],
    "head in two pieces": [WARM[:20], WARM[20:]],
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
    "chunks in two pieces": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\no", b"k\r\n0\r\n\r\n"],
    "larger than what is received at once": [b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000],
    "without content": [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "an interim response": [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", WARM],
    "to be closed": [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
    "until the end": [b"HTTP/1.1 200 OK\r\n\r\nok", b""],
    "something behind": [WARM + b"more"],
    "a malformed line": [b"HTTP/1.1 200 OK\r\nno field\r\nContent-Length: 2\r\n\r\nok"],
    "malformed framing": [b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok"],
    "a redirect": [b"HTTP/1.1 302 Found\r\nLocation: /warm\r\nContent-Length: 2\r\n\r\nno"],
    "to be retried": [b"HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\nno"],
    "not there": [b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"],
    "coded": [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno"],
    "no answer": [b""],
    "a reset": [RESET],
    "half a head": [WARM[:20], b""],
    "half the content": [WARM[:-1], b""],
    "a reset in the content": [WARM[:-1], RESET],
    "silence": [SILENCE],
    "silence in the head": [WARM[:20], SILENCE],
    "silence in the content": [WARM[:-1], SILENCE],
}
SILENT_S = 0.05


class Scripted:
    """Answers /warm at once, and the first request for anything else by a script; tells which connection each had."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.seen: list[tuple[int, bytes]] = []
        self._connections = 0

    def serve(self, sock: socket.socket) -> None:
        self._connections += 1
        while head := take_request(sock):
            path = head.split(b" ", 2)[1]
            self.seen.append((self._connections, path))
            pieces, self.pieces = ([WARM], self.pieces) if path == b"/warm" or not self.pieces else (self.pieces, [])
            for number, piece in enumerate(pieces):
                if number:
                    time.sleep(0.003)
                if piece == SILENCE:
                    with contextlib.suppress(OSError):
                        sock.recv(1)  # until the client has enough of it
                if piece == RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if piece in (SILENCE, RESET, b""):
                    return
                sock.sendall(piece)


def _told(response: Response) -> Any:
    history = [(one.status, one.content) for one in response.history]
    return response.status, response.content, response.headers.items(), response.attempts, response.defects, history


def _outcomes(answer: str, context: Any, trusting: Any) -> list[Any]:
    script = Scripted()
    wrap = None if context is None else lambda sock: context.wrap_socket(sock, server_side=True)
    told: list[Any] = []
    limits = Timeout(read=SILENT_S if SILENCE in ANSWERS[answer] else 5.0)
    with ScriptedServer(script.serve, wrap) as server, ConnectionPool(
        context=trusting, retry=Retry(1, statuses=[503], backoff_s=0.001, errors=())
    ) as pool:  # fmt: skip
        origin = f"http://127.0.0.1:{server.port}" if context is None else f"https://localhost:{server.port}"
        for stream in (False, True):
            pool.get(f"{origin}/warm")
            script.pieces = list(ANSWERS[answer])
            try:
                with pool.request("GET", f"{origin}/asked", stream=stream, timeout=limits) as response:
                    told.append(_told(response))
                    assert response.timings.total >= response.timings.first_byte > 0
            except (HTTPException, OSError) as error:
                found: Any = error
                text = re.sub(r":\d+", "", str(error))
                told.append((type(error), text, _told_of_failed(found.response)))
            pool.get(f"{origin}/warm")
        told.append(script.seen)
        told.append(pool.stats)
    return told


def _told_of_failed(response: Response) -> Any:
    return response.status, response._content, response.attempts


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return server_context_for(authority, "localhost"), trusting


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_it_comes_to_what_an_attempt_comes_to(
    is_tls: bool, answer: str, contexts: Any, in_use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_tls and RESET in ANSWERS[answer]:
        pytest.skip("where a reset finds the client is a race there")
    context, trusting = contexts if is_tls else (None, None)
    kinds: set[str] = set()

    class Noting(AtOnce):
        def exchange(self, connection: Any, *args: Any) -> Any:
            found = super().exchange(connection, *args)
            if connection.served > 0:
                kinds.add(type(found).__name__)
            return found

    class Never(AtOnce):
        def take(self, job: Any) -> None:
            return None

        def exchange(self, *args: Any) -> None:
            return None

    monkeypatch.setattr("httpconn.pool.AtOnce", Noting)
    at_once = _outcomes(answer, context, trusting)
    monkeypatch.setattr("httpconn.pool.AtOnce", Never)
    assert at_once == _outcomes(answer, context, trusting)
    assert "Response" in kinds  # the second /warm, at least


def test_a_limit_counts_once(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been waited for here is not waited for once more by who goes on: that is told."""
    script = Scripted()
    were_silent: list[bool] = []

    class Noting(AtOnce):
        def exchange(self, *args: Any) -> Any:
            found = super().exchange(*args)
            if isinstance(found, Begun):
                were_silent.append(found._is_silent)
            return found

    monkeypatch.setattr("httpconn.pool.AtOnce", Noting)
    with ScriptedServer(script.serve) as server, ConnectionPool() as pool:
        for limits in (Timeout(read=SILENT_S), Timeout(total=SILENT_S)):
            pool.get(f"http://127.0.0.1:{server.port}/warm")
            script.pieces = [SILENCE]
            with pytest.raises(TimeoutError):
                pool.get(f"http://127.0.0.1:{server.port}/asked", timeout=limits)
    assert were_silent == [True, True]


def test_what_is_given_again_is_given_once() -> None:
    class Channel:
        wants, is_clean, is_tls = 2, True, False

        def __init__(self) -> None:
            self.sent: list[bytes] = []

        def send(self, data: bytes) -> int:
            self.sent.append(data)
            return len(data)

        def receive(self, size: int) -> bytes:
            return b"new"

        def has_pending(self) -> bool:
            return False

        def wait(self, wanted: int, timeout_s: float | None) -> bool:
            return True

    real: Any = Channel()
    begun = Begun(real, 3, [b"abc", ConnectionResetError("told once")], is_silent=True)
    assert (begun.send(b"abcdef"), begun.send(b"def"), real.sent) == (3, 3, [b"def"])
    assert (begun.wants, begun.is_clean, begun.is_tls, begun.has_pending()) == (2, True, False, True)
    assert begun.receive(9) == b"abc"
    with pytest.raises(ConnectionResetError, match="told once"):
        begun.receive(9)
    assert (begun.receive(9), begun.has_pending()) == (b"new", False)
    assert (begun.wait(1, None), begun.wait(1, None)) == (False, True)
    with pytest.raises(ConnectionResetError):
        Begun(real, ConnectionResetError()).send(b"abc")


@pytest.mark.parametrize("behind", [None, b"", ConnectionResetError("told once")], ids=["nothing", "end", "reset"])
def test_what_has_come_of_the_content_is_given_again(behind: Any) -> None:
    """Each piece, and what came behind them."""
    came: list[Any] = [b"b", b"c", behind, b"d"]

    class Channel:
        def receive(self, size: int) -> bytes | None:
            piece = came.pop(0)
            if isinstance(piece, OSError):
                raise piece
            return piece  # type: ignore[no-any-return]

    real: Any = Channel()
    head: Any = SimpleNamespace(block=b"head")
    begun: Any = _with_rest((head, b"a", 4, b"", 200, "OK"), real, 3)
    assert begun.receive(9) == b"heada"
    assert [begun.receive(9), begun.receive(9)] == [b"b", b"c"]
    assert begun._came == ([] if behind is None else [behind])


def _cork(sock: socket.socket, value: int) -> None:
    """With 1, have what is sent arrive together, when 0 is given; where the system can."""
    if hasattr(socket, "TCP_CORK"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, value)


@pytest.mark.parametrize("end", [b"", b"fg"], ids=["cut", "whole"])
def test_pieces_that_came_behind_the_head_of_a_stream(end: bytes, contexts: Any, in_use: Any) -> None:
    """Where all may have come they are received with it: they are given out before what comes later."""
    has_head = threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(WARM)
        take_request(sock)
        _cork(sock, 1)
        for record in (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\na", b"b", b"cd", b"e"):
            sock.sendall(record)
        if end:
            _cork(sock, 0)
            assert has_head.wait(5)
            sock.sendall(end)
        say_goodbye(sock)

    context, trusting = contexts
    got = bytearray()
    with ScriptedServer(serve, lambda sock: context.wrap_socket(sock, server_side=True)) as server:
        with ConnectionPool(context=trusting, timeout=Timeout(connect=5)) as pool:
            url = f"https://localhost:{server.port}/"
            pool.get(url)
            job = pool._shared.preparer.prepare_given(Request("GET", url, decode=False), ())
            response = pool._send(job, stream=True)
            has_head.set()
            with contextlib.nullcontext() if end else pytest.raises(IncompleteRead):
                for part in response.iter_bytes():
                    got += part
    assert got == b"abcde" + end


@contextlib.contextmanager
def _interrupted_by(handle: Callable[[], None]) -> Iterator[None]:
    """Call *handle* from a signal's handler, a moment from now."""
    previous = signal.signal(signal.SIGALRM, lambda *_: handle())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


needs_signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer that tells by a signal")


@needs_signals
def test_a_number_that_is_another_socket_s_by_now_is_not_received_from(in_use: Any) -> None:
    """A signal's handler may close the connection while its answer is waited for."""
    script = Scripted()
    theirs, other = socket.socketpair()
    numbers: list[int] = []

    def replace() -> None:
        (connection,) = pool._slots.live
        assert connection.channel is not None
        numbers.append(connection.channel.sock.detach())  # as if closed, and the number is given away at once
        os.dup2(theirs.fileno(), numbers[0])

    with ScriptedServer(script.serve) as server, ConnectionPool(timeout=5) as pool, theirs, other:
        url = f"http://127.0.0.1:{server.port}"
        for _ in range(3):  # the first is sent over a new connection, the second makes what looks at it
            pool.get(f"{url}/warm")
        other.sendall(WARM.replace(b"ok", b"no"))
        script.pieces = [SILENCE]
        with _interrupted_by(replace), pytest.raises(OSError, match="Bad file descriptor"):
            pool.get(f"{url}/asked")
        os.close(numbers[0])
        assert theirs.recv(len(WARM)) == WARM.replace(b"ok", b"no")


@needs_signals
def test_an_interrupted_exchange_leaves_no_connection(in_use: Any) -> None:
    """Ctrl-C between sending and receiving: the connection is closed, since its answer would be the next request's."""
    script = Scripted()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with ScriptedServer(script.serve) as server, ConnectionPool(per_host=1) as pool:
        url = f"http://127.0.0.1:{server.port}"
        pool.get(f"{url}/warm")
        script.pieces = [SILENCE]
        with _interrupted_by(interrupt), pytest.raises(KeyboardInterrupt):
            pool.get(f"{url}/asked")
        assert pool.get(f"{url}/warm").content == b"ok"
        assert pool.stats.opened == 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_post_goes_as_soon_as_it_was_looked(stream: bool, in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that closes between look and request loses a POST. Other threads may have their turn between the two."""
    if in_use.engine is None:
        pytest.skip("there are two calls for it, whoever makes them")
    script = Scripted()
    looks = []
    with ScriptedServer(script.serve) as server, ConnectionPool() as pool:
        url = f"http://127.0.0.1:{server.port}/warm"
        for _ in range(2):  # the second makes what looks at it
            pool.get(url)
        monkeypatch.setattr(Connection, "is_quiet", lambda self: looks.append(self) or True)
        response = pool.post(url, stream=stream)
        assert (response.content, looks) == (b"ok", [])
        assert script.seen == [(1, b"/warm")] * 3


def test_threads_share_connections(in_use: Any) -> None:
    script = Scripted()
    wrong: list[Any] = []
    with ScriptedServer(script.serve) as server, ConnectionPool(per_host=1, limits=Limits()) as pool:

        def ask() -> None:
            wrong.extend(
                status for _ in range(20) if (status := pool.get(f"http://127.0.0.1:{server.port}/warm").status) != 200
            )

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not wrong
        assert (pool.stats.opened, pool.stats.requests) == (1, 60)
