"""Large bodies, straight into the object that is returned."""

from __future__ import annotations

import random
import socket
import threading
import traceback
from collections.abc import Iterator

import pytest

from httpconn import HTTPResponse, IncompleteRead

from ..support.peers import socket_pair

SIZE = 3_500_000
BODY = random.Random(1).randbytes(SIZE)


def chunked(size: int) -> bytes:
    parts = [BODY[at : at + size] for at in range(0, SIZE, size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE + BODY
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY
WIRES = {
    "sized": SIZED,
    "until close": UNTIL_CLOSE,
    "large chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(300_000),
    "chunks of 64 KiB": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(65_536),
    "chunks of 40000": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(40_000),
}


@pytest.fixture(params=WIRES.values(), ids=WIRES)
def response(request: pytest.FixtureRequest, in_use) -> Iterator[HTTPResponse]:
    with socket_pair() as (client, server):
        server.settimeout(50)  # for all of it together

        def serve() -> None:
            server.sendall(request.param)
            server.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve)
        thread.start()
        response = HTTPResponse(client)
        response.begin()
        yield response
        response.close()
        client.close()
        thread.join()


def test_read(response: HTTPResponse) -> None:
    assert response.read() == BODY
    assert response.complete


@pytest.mark.parametrize("amount", [30_000, 65_536, 262_144, 262_145, 1_000_000, 3_499_999, 2**40])
def test_read_in_parts(response: HTTPResponse, amount: int) -> None:
    parts = list(iter(lambda: response.read(amount), b""))
    assert b"".join(parts) == BODY
    assert {len(part) for part in parts[:-1]} <= {amount}
    assert response.complete


@pytest.mark.parametrize("size", [40_000, 65_536, 1_000_000])
def test_readinto(response: HTTPResponse, size: int) -> None:
    buffer = bytearray(size)
    got = b""
    while count := response.readinto(buffer):
        got += buffer[:count]
    assert got == BODY
    assert response.complete


def test_mixed(response: HTTPResponse) -> None:
    assert response.read(10) + response.read(500_000) + response.read1(1000)[:0] == BODY[:500_010]
    assert response.readline()
    assert BODY.endswith(response.read())
    assert response.complete


def test_lines(response: HTTPResponse) -> None:
    lines = list(response)
    assert b"".join(lines) == BODY
    assert all(line.find(b"\n") == len(line) - 1 for line in lines[:-1])


@pytest.mark.usefixtures("in_use")
@pytest.mark.parametrize("wire", [SIZED, WIRES["large chunks"]], ids=["sized", "chunked"])
def test_a_large_body_that_is_cut(wire: bytes) -> None:
    head = wire.index(b"\r\n\r\n") + 4
    with socket_pair() as (client, server):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_000_000)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2_000_000)
        server.settimeout(1)
        sent = server.send(wire[: head + 150_000])
        server.close()
        response = HTTPResponse(client)
        response.begin()
        with pytest.raises(IncompleteRead) as caught:
            response.read()
        assert len(caught.value.partial) >= sent - head - 100
        assert BODY.startswith(caught.value.partial)
        assert response.complete is False


def test_a_failed_receive_leaves_no_view_into_what_it_was_to_fill(in_use) -> None:
    """Its traceback would keep one, and what has come could not be had."""
    with socket_pair() as (client, server):
        server.sendall(SIZED[:1_000])
        client.settimeout(0.1)
        response = HTTPResponse(client)
        response.begin()
        with pytest.raises(TimeoutError) as caught:
            response.read()
        filled = [
            held
            for frame, _ in traceback.walk_tb(caught.value.__traceback__)
            for value in frame.f_locals.values()
            if hasattr(held := getattr(value, "_held", None), "whole")
        ]
        assert filled
        for held in filled:
            held.whole()  # BufferError where there is a view
        response.close()
