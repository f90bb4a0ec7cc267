"""The buffer that a large body is received into: both twins, and what a response does with it."""

from __future__ import annotations

import random
import sys
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from httpconn import HTTPResponse, IncompleteRead
from httpconn._backends.contract import Backend

from ..support.peers import socket_pair

Make = Callable[[], Any]


@pytest.fixture
def make(backend: Backend) -> Make:
    return backend.body_buffer


def test_what_is_put_in_comes_out(make: Make) -> None:
    buffer = make()
    assert (buffer.size, buffer.whole()) == (0, b"")
    buffer.add(b"")
    assert (buffer.size, buffer.whole()) == (0, b"")
    buffer.add(b"ab")
    with buffer.room(3, 100) as view:
        assert (len(view), view.readonly, view.format, view.itemsize) == (3, False, "B", 1)
        view[:2] = b"cd"
        buffer.advance(2)
        assert buffer.size == 4
        view[2:] = b"e"
        buffer.advance(1)
    buffer.add(b"")
    buffer.add(b"f")
    assert buffer.size == 6
    assert buffer.whole() == b"abcdef"
    assert (buffer.size, buffer.whole()) == (0, b"")
    buffer.add(b"again")
    assert buffer.whole() == b"again"


def test_any_way_of_putting_it_in(make: Make) -> None:
    dice = random.Random(3)
    data = dice.randbytes(12_000_000)  # several times beyond where large pages are asked for
    for most in (None, 0, 2**62, 2**70):
        buffer, at = make(), 0
        while at < len(data):
            size = min(dice.choice([1, 100, 65_536, 300_000, 2_000_000]), len(data) - at)
            if dice.random() < 0.3:
                buffer.add(data[at : at + size])
                at += size
                continue
            taken = dice.randint(0, size)
            with buffer.room(size, len(data) - at if most is None else most) as view:
                view[:taken] = data[at : at + taken]
                buffer.advance(taken)
            at += taken
        assert buffer.size == len(data)
        assert buffer.whole() == data


def test_it_grows_with_what_comes(make: Make) -> None:
    """By half beyond what was there, whatever is announced; and not at all beyond what is announced."""
    tracemalloc.start()
    try:
        buffer = make()
        for number in range(1, 31):
            tracemalloc.reset_peak()
            with buffer.room(1_000_000, 2**62) as view:
                buffer.advance(len(view))
            assert number * 1_000_000 <= tracemalloc.get_traced_memory()[1] <= number * 1_500_000 + 1_000_000
    finally:
        tracemalloc.stop()
    sized = make()
    with sized.room(100, 1_000) as view:
        view[:] = b"x" * 100
        sized.advance(100)
    with sized.room(900, 900) as view:
        view[:] = b"y" * 900
        sized.advance(900)
    whole = sized.whole()
    assert whole == b"x" * 100 + b"y" * 900
    assert sys.getsizeof(whole) == sys.getsizeof(bytes(1_000))


def test_misuse(make: Make) -> None:
    buffer = make()
    for wrong in (0, -1, -(2**70)):
        with pytest.raises((ValueError, OverflowError)):
            buffer.room(wrong, 10)
    for wrong in (None, "a", 1):
        with pytest.raises(TypeError):
            buffer.add(wrong)
    with pytest.raises(ValueError, match="count"):
        buffer.advance(1)
    view = buffer.room(10, 10)
    for wrong in (-1, 11):
        with pytest.raises(ValueError, match="count"):
            buffer.advance(wrong)
    part = view[2:4]
    view.release()
    for use in (lambda: buffer.add(b"x" * 100_000), lambda: buffer.room(100_000, 100_000), buffer.whole):
        with pytest.raises(BufferError):
            use()
    part[:] = b"ok"
    part.release()
    buffer.advance(4)
    assert buffer.whole()[2:] == b"ok"
    with pytest.raises((MemoryError, OverflowError, ValueError)):
        buffer.room(2**62, 2**62)
    assert buffer.whole() == b""


def test_nothing_is_left_behind(make: Make) -> None:
    before = sys.getrefcount(None), sys.getallocatedblocks()
    for size in (1, 10, 40_000, 5_000_000):
        for _ in range(100):
            buffer = make()
            with buffer.room(size, size) as view, view[:1] as part:
                part[0] = 1
                buffer.advance(1)
            buffer.room(size, size).release()
            assert len(buffer.whole()) == 1
    after = sys.getrefcount(None), sys.getallocatedblocks()
    assert all(abs(now - then) < 100 for now, then in zip(after, before, strict=True))


def test_the_whole_is_nobody_elses(make: Make) -> None:
    buffer = make()
    buffer.add(b"x" * 5_000_000)
    first = buffer.whole()
    buffer.add(b"y" * 5_000_000)
    assert first == b"x" * 5_000_000
    assert hash(first) == hash(b"x" * 5_000_000)
    own = b"z" * len(first)
    assert sys.getrefcount(first) == sys.getrefcount(own)


@pytest.mark.parametrize("framing", [b"Content-Length: 9000000", b"Transfer-Encoding: chunked", b"X: until the end"])
def test_a_large_body(in_use: Backend, framing: bytes) -> None:
    body = random.Random(1).randbytes(9_000_000)
    wire = body if b"chunked" not in framing else b"".join(
        b"%x\r\n%b\r\n" % (len(body[at : at + 50_000]), body[at : at + 50_000]) for at in range(0, len(body), 50_000)
    ) + b"0\r\n\r\n"  # fmt: skip
    for end in (None, 7_000_000):
        with socket_pair() as (client, server):

            def serve(server: Any = server, end: int | None = end) -> None:
                server.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n" + wire[:end])
                server.close()

            thread = threading.Thread(target=serve)
            thread.start()
            response = HTTPResponse(client)
            response.begin()
            if end is None:
                assert response.read() == body
            elif framing.startswith(b"X"):
                assert response.read() == body[:end]
            else:
                with pytest.raises(IncompleteRead) as caught:
                    response.read()
                assert body.startswith(caught.value.partial)
                assert len(caught.value.partial) > end - 60_000
            thread.join()
