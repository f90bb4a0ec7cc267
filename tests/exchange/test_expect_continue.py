"""Expect: 100-continue, in the pool and in the engine: a large body that can be sent but once waits to be asked for.

Source: RFC 9110 section 10.1.1.
"""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from httpconn import InvalidField, Request, Timeout, TotalTimeout
from httpconn._engine.shared import Shared
from httpconn._exchange.settings import Settings

from ..support.clients import client as client
from ..support.peers import ScriptedServer, take_request

CHUNKED = b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Body:
    """One that notes whether anybody asked for it."""

    def __init__(self) -> None:
        self.was_read = False

    def __iter__(self) -> Iterator[bytes]:
        self.was_read = True
        yield b"one"
        yield b"two"


def read_exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, f"the body ended after {data!r}"
        data += part
    return data


class Peer:
    """A server that says *first* when the head has come, then reads a body if it *wants* one, and says *then*."""

    def __init__(self, first: bytes, then: bytes = OK, *, wants: bool = True, wait_s: float = 0.0) -> None:
        self.first, self.then, self.wants, self.wait_s = first, then, wants, wait_s
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.early = b""
        """What came before anything was said."""
        self.rest: list[bytes] = []
        """What came behind."""

    def __call__(self, sock: socket.socket) -> None:
        while head := take_request(sock):
            self.heads.append(head)
            sock.settimeout(self.wait_s or 0.05)
            with contextlib.suppress(TimeoutError):
                self.early += sock.recv(1, socket.MSG_PEEK)
            sock.settimeout(5)
            for piece in (self.first[:7], self.first[7:]):
                sock.sendall(piece)
                time.sleep(0.01)
            if self.wants:
                self.bodies.append(read_exactly(sock, len(CHUNKED)))
                sock.sendall(self.then)
            elif self.first:
                self.rest.append(sock.recv(100))
                return


def test_the_body_is_asked_for(client) -> None:
    peer = Peer(CONTINUE)
    with ScriptedServer(peer) as server:
        one = client(expect_timeout_s=30)
        for _ in range(2):
            body = Body()
            response = one.request("POST", f"http://127.0.0.1:{server.port}/", body=body)
            assert (response.status, response.content, body.was_read) == (200, b"ok", True)
        assert one.opened == 1, "the connection is as good as new"
        one.close()
    assert peer.bodies == [CHUNKED, CHUNKED]
    assert peer.early == b""
    assert all(b"\r\nExpect: 100-continue\r\n" in head for head in peer.heads)
    assert all(b"\r\nTransfer-Encoding: chunked\r\n" in head for head in peer.heads)


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"]
)
def test_another_interim_response_does_not_ask(client, interim: bytes) -> None:

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(interim)
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(5)
        sock.sendall(CONTINUE)
        assert read_exactly(sock, len(CHUNKED)) == CHUNKED
        sock.sendall(OK)
        take_request(sock)

    with ScriptedServer(serve) as server:
        one = client(expect_timeout_s=30)
        assert one.request("PUT", f"http://127.0.0.1:{server.port}/", body=Body()).status == 200
        one.close()


@pytest.mark.parametrize("answer", [b"413 Content Too Large", b"401 Unauthorized", b"200 OK"])
def test_an_answer_instead(client, answer: bytes) -> None:
    """The body is not touched, nothing of it is sent, and the connection carries no other request."""
    peer = Peer(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 4\r\n\r\nsaid", wants=False)
    with ScriptedServer(peer) as server:
        one = client(expect_timeout_s=30)
        for _ in range(2):
            body = Body()
            response = one.request("POST", f"http://127.0.0.1:{server.port}/", body=body)
            assert (response.status, response.content) == (int(answer[:3]), b"said")
            assert not body.was_read
        assert one.opened == 2
        one.close()
    assert peer.rest == [b"", b""]


@pytest.mark.slow
def test_an_answer_in_parts_instead(client) -> None:
    """Which takes longer than "100 Continue" is waited for."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            time.sleep(0.8)
            sock.sendall(b"4\r\nsaid\r\n")
        sock.sendall(b"0\r\n\r\n")
        assert sock.recv(100) == b"", "the body was sent"

    with ScriptedServer(serve) as server:
        one = client(expect_timeout_s=2)
        body = Body()
        response = one.request("POST", f"http://127.0.0.1:{server.port}/", body=body)
        assert (response.status, response.content, body.was_read) == (403, b"said" * 3, False)
        one.close()


@pytest.mark.slow
def test_nobody_answers(client) -> None:
    """A server that does not know of it gets the body after the time-out, and not before."""
    peer = Peer(b"", wait_s=0.2)
    with ScriptedServer(peer) as server:
        one = client(expect_timeout_s=1.5)
        began = time.monotonic()
        assert one.request("POST", f"http://127.0.0.1:{server.port}/", body=Body()).content == b"ok"
        assert time.monotonic() - began >= 1.5
        one.close()
    assert peer.early == b""
    assert peer.bodies == [CHUNKED]


def test_the_answer_comes_after_the_body_has_begun(client) -> None:
    """ "100 Continue", and late: it is one more interim response."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        assert read_exactly(sock, len(CHUNKED)) == CHUNKED
        sock.sendall(CONTINUE + OK)
        take_request(sock)

    with ScriptedServer(serve) as server:
        one = client(expect_timeout_s=0.05)
        assert one.request("POST", f"http://127.0.0.1:{server.port}/", body=Body()).content == b"ok"
        one.close()


def test_the_server_goes_away(client) -> None:
    with ScriptedServer(lambda sock: take_request(sock) and None) as server:
        one = client(expect_timeout_s=30)
        body = Body()
        with pytest.raises(ConnectionError):
            one.request("POST", f"http://127.0.0.1:{server.port}/", body=body)
        assert not body.was_read
        one.close()


def test_the_limits_go_on(client) -> None:
    """Waiting for a "100 Continue" is within the request's time."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.recv(100)

    with ScriptedServer(serve) as server:
        one = client(expect_timeout_s=30, timeout=Timeout(total=0.3))
        began = time.monotonic()
        with pytest.raises(TotalTimeout):
            one.request("POST", f"http://127.0.0.1:{server.port}/", body=Body())
        assert time.monotonic() - began < 20
        one.close()


def test_a_body_that_fails_while_it_is_made(client) -> None:
    def body() -> Iterator[bytes]:
        yield b"one"
        raise LookupError("no more")

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(CONTINUE)
        while sock.recv(100):
            pass

    with ScriptedServer(serve) as server:
        one = client(expect_timeout_s=30)
        with pytest.raises(LookupError):
            one.request("POST", f"http://127.0.0.1:{server.port}/", body=body())
        one.close()


def test_a_large_body_is_streamed(client) -> None:
    """Sixteen MiB behind a "100 Continue", more than the sockets take at once."""
    part = bytes(65_536)

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(CONTINUE)
        left = 256 * (len(b"10000\r\n") + len(part) + 2) + 5
        while left:
            left -= len(sock.recv(min(left, 1_048_576)))
        sock.sendall(OK)
        take_request(sock)

    with ScriptedServer(serve) as server:
        one = client(expect_timeout_s=30)
        body = (part for _ in range(256))
        assert one.request("POST", f"http://127.0.0.1:{server.port}/", body=body).content == b"ok"
        one.close()


# -- who asks


@pytest.mark.parametrize(
    ("body", "headers", "options", "asks"),
    [
        (Body(), {}, {}, True),
        (iter([b"x"]), {}, {}, True),
        ([b"x", b"y"], {}, {}, False),  # can be sent again
        (b"x" * 4_000_000, {}, {}, False),
        (io.BytesIO(b"x" * 4_000_000), {}, {}, False),
        (None, {}, {}, False),
        (Body(), {}, {"expect_timeout_s": None}, False),
        (Body(), {"Expect": "100-continue"}, {}, True),
        (b"x", {"expect": "100-Continue"}, {}, True),  # a caller who wants it so
        (b"x", {"Expect": "something else"}, {}, False),
        (Body(), {"Expect": "something else"}, {}, False),
        (None, {"Expect": "100-continue"}, {}, False),
    ],
)
def test_who_asks(body: Any, headers: dict[str, str], options: dict[str, Any], asks: bool) -> None:
    preparer = Shared(Settings(**options)).preparer
    job = preparer.prepare(Request("POST", "http://origin.test/", headers, body))
    assert job.expects_continue == asks
    assert job.head.lower().count(b"\r\nexpect: ") == (1 if asks or headers else 0)
    assert job.head.endswith(b"\r\n\r\nx") == (body == b"x" and not asks), "what waits is not sent with the head"


def test_a_wrong_body_is_refused_as_ever() -> None:
    with pytest.raises(InvalidField):
        Shared(Settings()).preparer.prepare(Request("POST", "http://origin.test/", {"Content-Length": "5"}, Body()))
