"""The read family in every mixture, against the body that is known; and ``fp``, as programs use it."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import httpconn
from httpconn import HTTPConnection, HTTPResponse, IncompleteRead

from ..support.peers import OnlyMakefile, WatchedFile, socket_pair

OK = b"HTTP/1.1 200 OK\r\n"
FRAMINGS = ("sized", "chunked", "until close")
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def chunks_of(body: bytes, sizes: list[int]) -> bytes:
    """Return *body* in the chunked coding, cut by *sizes* over and over."""
    wire = b""
    at = 0
    for count in range(len(body) + 1):
        size = sizes[count % len(sizes)] if sizes else len(body)
        part = body[at : at + size]
        if not part:
            break
        extension = b";x=%d" % count if count % 3 == 2 else b""
        wire += b"%x%b\r\n%b\r\n" % (len(part), extension, part)
        at += size
    return wire + b"0\r\nX-Trailer: yes\r\n\r\n"


def message(body: bytes, framing: str, sizes: list[int] | None = None) -> bytes:
    if framing == "sized":
        return OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    if framing == "chunked":
        return OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks_of(body, sizes or [7, 1, 30])
    return OK + b"\r\n" + body


@contextlib.contextmanager
def response_of(
    wire: bytes, *, closes: bool, cuts: tuple[int, ...] = (), method: str = "GET", strict: bool = False
) -> Iterator[HTTPResponse]:
    """A begun response over a socket; with *cuts*, the bytes come in so many pieces, from a thread."""
    with socket_pair() as (client, server):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)

        def send() -> None:
            places = (0, *sorted(cuts), len(wire))
            with contextlib.suppress(OSError):
                for begin, end in itertools.pairwise(places):
                    server.sendall(wire[begin:end])
                if closes:
                    server.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        if cuts:
            thread.start()
        else:
            send()
        try:
            with HTTPResponse(client, method=method, strict=strict) as response:
                response.begin()
                yield response
        finally:
            client.close()
            if cuts:
                thread.join()


# -- every mixture

METHODS = ("read", "read1", "readinto", "readinto1", "readline", "peek", "fp")
steps = st.lists(
    st.tuples(st.sampled_from(METHODS), st.one_of(st.integers(1, 12), st.sampled_from([40, 1000]))),
    min_size=1,
    max_size=12,
)
bodies = st.one_of(
    st.binary(max_size=120), st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"0\r\n\r\n"])).map(b"".join)
)


def take(response: HTTPResponse, method: str, amount: int, left: bytes) -> bytes:
    """Call one method; return what it took, having held it against *left*, the rest of the body."""
    if method == "fp":
        before = response.isclosed()
        assert (response.fp is None) is before
        return b""
    if method == "peek":
        seen = response.peek(amount)
        assert left.startswith(seen)
        assert bool(seen) is bool(left)
        return b""
    if method in ("readinto", "readinto1"):
        buffer = bytearray(b"?" * amount)
        count = getattr(response, method)(buffer)
        assert buffer[count:] == b"?" * (amount - count), "bytes behind the count were touched"
        got = bytes(buffer[:count])
    else:
        got = getattr(response, method)(amount)
    assert left.startswith(got)
    assert len(got) <= amount
    if method in ("read", "readinto"):
        assert len(got) == min(amount, len(left)), "less than was asked for comes only at the end"
    elif method == "readline":
        assert got == left[: left.find(b"\n") + 1 or len(left)][:amount]
    else:
        assert bool(got) is bool(left)
    return got


FINISH: dict[str, Callable[[HTTPResponse], bytes]] = {
    "read": lambda response: response.read(),
    "read(-1)": lambda response: response.read(-1),
    "readlines": lambda response: b"".join(response.readlines()),
    "iterate": lambda response: b"".join(response),
    "read1": lambda response: b"".join(iter(response.read1, b"")),
    "leave": lambda response: b"",
}


@pytest.mark.parametrize("framing", FRAMINGS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies, mixture=steps, finish=st.sampled_from(sorted(FINISH)),
       sizes=st.lists(st.integers(1, 20), max_size=3),
       over=st.sampled_from(["socket", "file", "fp"]))  # fmt: skip
@pytest.mark.slow
def test_every_mixture(in_use, framing: str, body: bytes, mixture, finish: str, sizes: list[int], over: str) -> None:
    """What is taken is the body, in order, whatever takes it, and whoever holds the bytes."""
    wire = message(body, framing, sizes)
    closes = framing == "until close"
    with contextlib.ExitStack() as stack:
        if over == "file":
            file = PeekableFile(wire + (b"" if closes else EVIL), None if closes else len(wire))
            response = stack.enter_context(HTTPResponse(OnlyMakefile(file)))
            response.begin()
        else:
            response = stack.enter_context(response_of(wire, closes=closes))
            if over == "fp":
                assert response.fp is not None
        taken = b""
        for method, amount in mixture:
            if response.isclosed():
                assert taken == body
            got = take(response, method, amount, body[len(taken) :])
            taken += got
        if finish == "leave":
            assert body.startswith(taken)
            return
        assert taken + FINISH[finish](response) == body
        assert response.read() == response.read(1) == response.read1() == response.readline() == response.peek() == b""
        assert response.readinto(bytearray(3)) == 0
        assert response.isclosed()
        assert response.complete is True
        assert response.trailers is None or response.trailers.items() == (
            [("X-Trailer", "yes")] if framing == "chunked" else []
        )


class PeekableFile(WatchedFile):
    """As a BufferedReader would be, which may be peeked into."""

    def peek(self, size: int = -1) -> bytes:
        at = self.tell()
        data = io.BytesIO.read(self, 5)
        self.seek(at)
        return data


@pytest.mark.parametrize("framing", FRAMINGS)
def test_pieces_that_arrive_slowly(in_use, framing: str) -> None:
    """A thread sends the bytes in many pieces, while every method reads."""
    chance = random.Random(framing)
    body = b"".join(b"line %d\n" % number for number in range(40)) + b"no end"
    wire = message(body, framing)
    for _ in range(25):
        cuts = tuple(chance.sample(range(len(wire)), 12))
        with response_of(wire, closes=framing == "until close", cuts=cuts) as response:
            taken = b""
            while not response.isclosed():
                taken += take(response, chance.choice(METHODS), chance.randint(1, 30), body[len(taken) :])
            assert taken == body
            assert response.complete is True


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1_000_000])
def test_sizes_about_the_buffers(in_use, framing: str, size: int) -> None:
    body = random.Random(size).randbytes(size)
    wire = message(body, framing, [100_000])
    for read in (
        lambda response: response.read(),
        lambda response: b"".join(iter(lambda: response.read(65_536), b"")),
        lambda response: b"".join(iter(lambda: response.read1(100_000), b"")),
        lambda response: _read_into(response, bytearray(size + 1)),
    ):
        with response_of(wire, closes=framing == "until close", cuts=(len(wire) // 3,)) as response:
            assert read(response) == body
            assert response.complete is True


def _read_into(response: HTTPResponse, buffer: bytearray) -> bytes:
    return bytes(buffer[: response.readinto(buffer)])


# -- no body


@pytest.mark.parametrize(
    ("status", "method"), [(b"200", "HEAD"), (b"204", "GET"), (b"304", "GET"), (b"200", "CONNECT")]
)
@pytest.mark.parametrize("fields", [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize(
    "way", ["read()", "read(3)", "read1()", "readinto", "readline()", "peek()", "iterate", "readlines"]
)
def test_no_body(in_use, status: bytes, method: str, fields: bytes, way: str) -> None:
    """Whatever the fields say; and nothing is waited for."""
    wire = b"HTTP/1.1 %b X\r\n%b\r\n" % (status, fields)
    with response_of(wire, closes=False, method=method) as response:
        got = {
            "read()": response.read, "read(3)": lambda: response.read(3), "read1()": response.read1,
            "readinto": lambda: b"x" * response.readinto(bytearray(3)), "readline()": response.readline,
            "peek()": response.peek, "iterate": lambda: b"".join(response),
            "readlines": lambda: b"".join(response.readlines()),
        }[way]()  # fmt: skip
        assert got == b""
        assert response.length in (0, None)


# -- cut short, by every way of reading

WAYS: dict[str, Callable[[HTTPResponse], bytes]] = {
    "read": lambda response: response.read(),
    "read(n)": lambda response: b"".join(iter(lambda: response.read(4), b"")),
    "read(large)": lambda response: b"".join(iter(lambda: response.read(1000), b"")),
    "readinto": lambda response: b"".join(iter(lambda: _read_into(response, bytearray(4)), b"")),
    "readinto(large)": lambda response: b"".join(iter(lambda: _read_into(response, bytearray(1000)), b"")),
    "read1": lambda response: b"".join(iter(response.read1, b"")),
    "readline": lambda response: b"".join(iter(response.readline, b"")),
    "readlines": lambda response: b"".join(response.readlines()),
    "iterate": lambda response: b"".join(response),
    "TextIOWrapper": lambda response: io.TextIOWrapper(response, "latin-1").read().encode("latin-1"),
    "BufferedReader": lambda response: io.BufferedReader(response).read(),
}


@pytest.mark.parametrize("touch_fp", [False, True], ids=["wire", "fp"])
@pytest.mark.parametrize("mode", ["default", "strict"])
@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("way", WAYS)
def test_cut_body(in_use, way: str, framing: str, mode: str, touch_fp: bool) -> None:
    """Never complete, whichever way it is read. Strict: IncompleteRead on the call that would have ended it."""
    body = b"line one\nline two\nline three\n"
    wire = message(body, framing, [10])
    wire = wire[: wire.index(b"three")]
    with response_of(wire, closes=True, strict=mode == "strict") as response:
        if touch_fp:
            assert response.fp is not None
        # These three ask for the whole, and http.client's read() tells of a cut even by default.
        quiet = mode == "default" and framing == "sized" and way not in ("read", "TextIOWrapper", "BufferedReader")
        arrived = body[: body.index(b"three")]
        if quiet:
            assert WAYS[way](response) == arrived
        else:
            with pytest.raises(IncompleteRead) as caught:
                WAYS[way](response)
            assert caught.type is IncompleteRead
            assert way != "read" or caught.value.partial == arrived
        assert response.complete is False
        assert response.isclosed()


@pytest.mark.parametrize("framing", ["sized", "chunked"])
def test_cut_body_gives_all_that_came(in_use, framing: str) -> None:
    """IncompleteRead.partial holds all that arrived, the last partial chunk too."""
    body = bytes(range(200))
    wire = message(body, framing, [64])
    for cut in (len(wire) - 60, len(wire) - 100):
        with response_of(wire[:cut], closes=True) as response:
            with pytest.raises(IncompleteRead) as caught:
                response.read()
            assert body.startswith(caught.value.partial)
            assert len(caught.value.partial) > 60
            assert framing == "chunked" or caught.value.expected == len(body) - len(caught.value.partial)


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("announced", [10**9, 2**40, 2**62])
@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("over", ["socket", "fp", "file"])
def test_memory_follows_what_arrived(in_use, announced: int, framing: str, over: str, strict: bool) -> None:
    """CVE-2025-13836: nothing is allocated by what was announced."""
    import tracemalloc

    head = (
        b"Content-Length: %d\r\n\r\n" % announced
        if framing == "sized"
        else b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % announced
    )
    wire = OK + head + b"hello"
    for read in (lambda response: response.read(), lambda response: response.read(announced)):
        with contextlib.ExitStack() as stack:
            if over == "file":
                response = stack.enter_context(HTTPResponse(OnlyMakefile(io.BytesIO(wire)), strict=strict))
                response.begin()
            else:
                response = stack.enter_context(response_of(wire, closes=True, strict=strict))
            if over == "fp":
                assert response.fp is not None
            tracemalloc.start()
            try:
                with contextlib.suppress(IncompleteRead):
                    assert read(response) == b"hello"
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert peak < 2_000_000


# -- other layers of io over a response


@pytest.mark.parametrize("framing", FRAMINGS)
def test_layers_of_io(in_use, framing: str) -> None:
    rows = [["id", "name"], *([str(number), f"né {number}"] for number in range(300))]
    text = "".join(f"{a},{b}\r\n" for a, b in rows)
    wire = message(text.encode(), framing, [100, 3])
    closes = framing == "until close"
    with response_of(wire, closes=closes) as response:
        assert list(csv.reader(io.TextIOWrapper(response, "utf-8", newline=""))) == rows
    with response_of(wire, closes=closes) as response:
        buffered = io.BufferedReader(response, 64)
        assert buffered.peek(1)[:1] == b"i"
        assert [buffered.readline(), buffered.read(5), buffered.read()] == [
            text.encode()[:9], text.encode()[9:14], text.encode()[14:]
        ]  # fmt: skip
    with response_of(wire, closes=closes) as response:
        assert response.readlines() == text.encode().splitlines(keepends=True)
    with response_of(wire, closes=closes) as response:
        assert len(response.readlines(20)) == 3  # io: no further line once so many bytes have come
    data = {"key": ["value"] * 1000}
    with response_of(message(json.dumps(data).encode(), framing), closes=closes) as response:
        assert json.load(response) == data


def test_text_lines(in_use) -> None:
    with response_of(message("eins\nzwei ü\r\ndrei".encode(), "chunked", [2]), closes=False) as response:
        assert list(io.TextIOWrapper(response, "utf-8")) == ["eins\n", "zwei ü\n", "drei"]


def test_seek_write_and_the_like_are_refused(in_use) -> None:
    with response_of(message(b"body", "sized"), closes=False) as response:
        assert (response.readable(), response.writable(), response.seekable()) == (True, False, False)
        for call in (
            lambda: response.write(b"x"),
            lambda: response.seek(0),
            lambda: response.truncate(),
            response.tell,
        ):
            with pytest.raises((io.UnsupportedOperation, OSError)):
                call()
        assert response.read() == b"body"


def test_readinto_takes_any_writable_buffer(in_use) -> None:
    import array

    with response_of(message(b"abcdefgh", "sized"), closes=False) as response:
        numbers = array.array("I", [0])
        assert response.readinto(numbers) == 4
        assert numbers.tobytes() == b"abcd"
        with pytest.raises((TypeError, BufferError, ValueError)):
            response.readinto(b"read only")
        assert response.read() == b"efgh"


# -- fp


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("before", [0, 1, 9, 40])
def test_fp_holds_what_was_not_read(in_use, framing: str, before: int) -> None:
    """Touched at any moment, it is at the very byte that comes next; and reading may go on by either."""
    body = b"".join(b"line %d\n" % number for number in range(30))
    for touch in (lambda response: response.fp, lambda response: response.fp.peek(1)):
        with response_of(message(body, framing, [16]), closes=framing == "until close") as response:
            first = response.read(before)
            touch(response)
            assert first + response.read(10) + response.readline() + response.read() == body
            assert response.complete is True
            assert response.fp is None


def test_fp_is_a_buffered_reader_over_a_socket(in_use) -> None:
    with response_of(message(b"one\ntwo\nthree", "until close"), closes=True) as response:
        fp = response.fp
        assert isinstance(fp, io.BufferedReader)
        assert fp is response.fp
        assert fp.readline() == b"one\n"
        assert fp.read(2) == b"tw"
        assert fp.peek(1)[:1] == b"o"
        buffer = bytearray(2)
        assert fp.readinto(buffer) == 2
        assert buffer == b"o\n"
        assert isinstance(fp.fileno(), int)
        assert response.read() == b"three"


def test_fp_read_raw_gives_the_wire(in_use) -> None:
    """What urllib3 does: chunk-size lines by readline, data by read, from ``fp``."""
    body = b"".join(b"line %d\n" % number for number in range(30))
    with response_of(message(body, "chunked", [17]), closes=False) as response:
        assert response.chunked
        got = b""
        while True:
            size = int(response.fp.readline().split(b";")[0], 16)
            response.chunk_left = size
            if not size:
                break
            got += response._safe_read(size)
            assert response._safe_read(2) == b"\r\n"
            response.chunk_left = None
        assert got == body
        assert response.fp.readline() == b"X-Trailer: yes\r\n"
        assert response.fp.readline() == b"\r\n"
        response.close()
        assert response.isclosed()


def test_safe_read_tells_a_cut(in_use) -> None:
    with (
        response_of(OK + b"Transfer-Encoding: chunked\r\n\r\nabc", closes=True) as response,
        pytest.raises(IncompleteRead) as caught,
    ):
        response._safe_read(5)
    assert (caught.value.partial, caught.value.expected) == (b"abc", 2)


def test_urllib3_reads_through_it(in_use) -> None:
    """urllib3 itself, over a connection of ours, by both of its ways."""
    urllib3 = pytest.importorskip("urllib3", exc_type=ImportError)
    body = b"".join(b"line %d\n" % number for number in range(2000))
    for framing in FRAMINGS:
        for read in (
            lambda r: r.data,
            lambda r: b"".join(r.stream(1000)),
            lambda r: b"".join(r.read_chunked()) if r.chunked else r.read(),
        ):
            with response_of(message(body, framing, [1000]), closes=framing == "until close") as response:
                wrapped = urllib3.HTTPResponse(
                    body=response, headers=urllib3.HTTPHeaderDict(response.msg.items()), preload_content=False,
                    original_response=response, request_method="GET",
                )  # fmt: skip
                assert read(wrapped) == body


@pytest.mark.parametrize("framing", FRAMINGS)
def test_fp_replaced(in_use, framing: str) -> None:
    """Whoever assigns ``fp`` is the source from then on."""
    with response_of(message(b"abc", framing), closes=True) as response:
        rest = {"sized": b"xyz", "chunked": b"3\r\nxyz\r\n0\r\n\r\n", "until close": b"xyz"}[framing]
        response.fp.close()
        response.fp = io.BytesIO(rest)
        assert response.read() == b"xyz"
        assert response.isclosed()


def test_fp_wrapped(in_use) -> None:
    with response_of(message(b"abcdef", "sized"), closes=False) as response:
        response.fp = io.BufferedReader(response.fp, 3)
        assert response.read(4) == b"abcd"
        assert response.read() == b"ef"


def test_fp_none_is_closed(in_use) -> None:
    with response_of(message(b"abc", "sized"), closes=False) as response:
        fp, response.fp = response.fp, None
        assert response.isclosed()
        assert response.read() == b""
        fp.close()


def test_made_by_hand_without_begin(in_use) -> None:
    """SURFACE: fp, chunked, length, chunk_left are assigned without ``begin()``."""
    response = HTTPResponse(OnlyMakefile(io.BytesIO(b"5\r\nhello\r\n0\r\n\r\n")))
    response.chunked = True
    response.chunk_left = None
    assert response.read() == b"hello"
    response = HTTPResponse(OnlyMakefile(io.BytesIO(b"hello world")))
    response.chunked = False
    response.length = 5
    assert response.length == 5
    assert response.read(2) == b"he"
    assert response.length == 3
    assert response.read() == b"llo"
    response = HTTPResponse(OnlyMakefile(io.BytesIO(b"")))
    response.fp = io.BytesIO(b"3\r\nabc\r\n0\r\n\r\n")
    response.chunked = True
    assert response.read(2) == b"ab"
    assert response.chunk_left == 1
    assert response.read() == b"c"


def test_makefile_may_return_none(in_use) -> None:
    response = HTTPResponse(OnlyMakefile(None))
    assert response.fp is None
    assert response.isclosed()
    assert response.read() == b""
    response.close()


def test_length_counts_down(in_use) -> None:
    with response_of(message(b"0123456789", "sized"), closes=False) as response:
        seen = [response.length]
        response.read(1)
        seen.append(response.length)
        response.readinto(bytearray(2))
        seen.append(response.length)
        response.read1(1)
        seen.append(response.length)
        response.peek()
        seen.append(response.length)
        response.readline(2)
        seen.append(response.length)
        response.read()
        assert [*seen, response.length] == [10, 9, 7, 6, 6, 4, 0]


def test_chunk_left(in_use) -> None:
    with response_of(message(b"0123456789", "chunked", [10]), closes=False) as response:
        assert (response.chunked, response.length, response.chunk_left) == (True, None, None)
        response.read(4)
        assert response.chunk_left == 6
        response.read(6)
        assert response.chunk_left == 0


def test_length_assigned(in_use) -> None:
    with response_of(message(b"0123456789", "sized"), closes=False) as response:
        response.length = 4
        assert response.read() == b"0123"
        assert response.isclosed()


@pytest.mark.parametrize("wire", [
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\n",
])  # fmt: skip
def test_fp_after_101(in_use, wire: bytes) -> None:
    """It stays open, and yields what was read beyond the head; docker's client goes on to the socket itself."""
    with socket_pair() as (client, server):
        server.sendall(wire + b"early")
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.status == 101
        fp = response.fp
        assert fp.read(5) == b"early"
        server.sendall(b"late")
        assert fp.read(4) == b"late"
        assert fp.raw._sock is client
        client.sendall(b"hello")
        response.close()
        connection.close()


def test_fp_after_connect(in_use) -> None:
    with response_of(b"HTTP/1.1 200 OK\r\n\r\nearly", closes=False, method="CONNECT") as response:
        assert response.fp.read(5) == b"early"


# -- closing


def test_context_manager_and_repr(in_use) -> None:
    with response_of(message(b"abc", "sized"), closes=False) as response:
        assert "200 OK" in repr(response)
        assert "open" in repr(response)
        with response as entered:
            assert entered is response
        assert response.closed
        assert response.isclosed()
        assert "closed" in repr(response)
        with pytest.raises(ValueError, match="end"):
            response.fileno()


def test_fileno_is_the_sockets(in_use) -> None:
    with socket_pair() as (client, server):
        server.sendall(message(b"abc", "sized"))
        response = HTTPResponse(client)
        response.begin()
        assert response.fileno() == client.fileno()
        assert response.fp.fileno() == client.fileno()
        response.close()


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_complete(in_use, framing: str, strict: bool) -> None:
    with response_of(message(b"abc", framing), closes=framing == "until close", strict=strict) as response:
        assert response.complete is None
        response.read(2)
        assert response.complete is None
        response.read()
        assert response.complete is True
        response.close()
        assert response.complete is True


def test_complete_of_a_response_closed_unread(in_use) -> None:
    with response_of(message(b"abc", "sized"), closes=False) as response:
        response.read(1)
        response.close()
        assert response.complete is not True


def test_trailers(in_use) -> None:
    with response_of(message(b"abc", "chunked"), closes=False) as response:
        assert response.trailers is None
        response.read()
        assert response.trailers.items() == [("X-Trailer", "yes")]
        assert "X-Trailer" not in response.headers
        assert isinstance(response.trailers, httpconn.HTTPMessage)


def test_a_field_asked_for_by_bytes_is_not_there(in_use: Any) -> None:
    with socket_pair() as (client, server):
        server.sendall(OK + b"Content-Length: 4\r\n\r\ngood")
        response = HTTPResponse(client)
        response.begin()
        assert response.getheader(b"Content-Length") is None  # type: ignore[call-overload]
        assert response.getheader(b"Content-Length", "none") == "none"  # type: ignore[call-overload]
        before = response.headers
        response.headers = httpconn.HTTPMessage()
        assert response.msg is before
        response.close()
