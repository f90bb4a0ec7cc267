"""A response that is streamed: parts, text and lines as soon as they have come, and what is told when it breaks."""

from __future__ import annotations

import codecs
import contextlib
import copy
import pickle
import random
import re
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

import httpconn
from httpconn import Response, StreamConsumed, Timeout, _backends
from httpconn._exchange import content_coding
from httpconn._exchange.incoming import Incoming
from httpconn._exchange.lines import DEFAULT_MAX_LINE_CHARS, TextReader
from httpconn._io.channel import Channel

from ..support.clients import Maker
from ..support.faulty import FaultyServer, content_of
from ..support.peers import ScriptedServer, replying, take_request
from ..support.sites import Asker

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n"
QUICK = Timeout(connect=10, read=5, total=30, pool=10)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Parts:
    """A Stream (see ``model``) of given parts, and then perhaps an error."""

    def __init__(self, parts: Iterable[bytes], error: Exception | None = None) -> None:
        self.held = bytearray()
        self.text: TextReader | None = None
        self._parts = iter([part for part in parts if part])
        self._error = error

    def read_part(self, most: int = 0, *, fills: bool = False) -> bytes:
        part = next(self._parts, b"")
        if not part and self._error is not None:
            raise self._error
        return part

    def close(self) -> None: ...


def streamed(parts: Iterable[bytes], charset: str = "utf-8", error: Exception | None = None) -> Response:
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    response = Response("http://a.test/", _backends.selected.parse_response_head(block, 1_000, 10), b"")
    response._stream = Parts(parts, error)
    return response


def whole(content: bytes, charset: str = "utf-8") -> Response:
    response = streamed([content], charset)
    assert response.content == content
    return response


def cut_up(content: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted(min(cut, len(content)) for cut in cuts)
    return [content[begin:end] for begin, end in zip([0, *at], [*at, len(content)], strict=True)]


# -- as soon as it has come ------------------------------------------------------------------------------------

PIECES = [b"data: 1\n", b"data: 2\r\n", b"data: 3\r", b"last"]


def deflated(wbits: int) -> Callable[[], Callable[[bytes], bytes]]:
    def make() -> Callable[[bytes], bytes]:
        made = zlib.compressobj(wbits=wbits)
        return lambda data: made.compress(data) + made.flush(zlib.Z_SYNC_FLUSH if data else zlib.Z_FINISH)

    return make


def brotlied() -> Callable[[bytes], bytes]:
    made = brotli.Compressor()
    return lambda data: made.process(data) + (made.flush() if data else made.finish())


def zstandard() -> Callable[[bytes], bytes]:
    library = content_coding._import_first("compression.zstd", "backports.zstd")
    made = library.ZstdCompressor()
    return lambda data: made.compress(data, made.FLUSH_BLOCK if data else made.FLUSH_FRAME)


CODINGS: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
    "identity": lambda: lambda data: data,
    "gzip": deflated(31),
    "deflate": deflated(15),
    "br": brotlied,
    "zstd": zstandard,
}


class Drip:
    """Sends one piece after the other, the next one only when the client has had the one before."""

    def __init__(self, coding: str = "identity", pieces: Iterable[bytes] = PIECES) -> None:
        self._coding, self._pieces = coding, pieces
        self.had = threading.Semaphore(0)

    def __call__(self, sock: socket.socket) -> None:
        take_request(sock)
        code = CODINGS[self._coding]()
        sock.sendall(CHUNKED + b"Content-Encoding: %b\r\n\r\n" % self._coding.encode())
        for piece in self._pieces:
            sock.sendall(chunk(code(piece)))
            assert self.had.acquire(timeout=10), "the client has not had what was sent"
        end = code(b"")
        sock.sendall((chunk(end) if end else b"") + b"0\r\n\r\n")


@pytest.mark.parametrize("coding", CODINGS)
def test_a_part_is_there_as_soon_as_it_has_come(new_pool: Maker, coding: str, in_use: object) -> None:
    if coding not in content_coding._makers() and coding != "identity":
        pytest.skip(f"no decoder for {coding} is installed here")
    drip = Drip(coding)
    with ScriptedServer(drip) as server, new_pool(timeout=QUICK) as pool:
        with pool.request("GET", f"http://127.0.0.1:{server.port}/", stream=True) as response:
            parts = []
            for part in response.iter_bytes():
                parts.append(part)
                if b"".join(parts) == b"".join(PIECES[: drip_count(parts)]):
                    drip.had.release()
        assert b"".join(parts) == b"".join(PIECES)


def drip_count(parts: list[bytes]) -> int:
    """How many of PIECES these are; a number that does not fit where one is not whole."""
    sizes = [len(b"".join(PIECES[:count])) for count in range(len(PIECES) + 1)]
    size = len(b"".join(parts))
    return sizes.index(size) if size in sizes else -1


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_a_line_is_there_as_soon_as_its_end_has_come(
    new_pool: Maker, coding: str, is_tls: bool, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    """A CR too, whose LF may be still to come."""
    drip = Drip(coding)
    wrap = (lambda sock: server_context.wrap_socket(sock, server_side=True)) if is_tls else None
    with ScriptedServer(drip, wrap) as server, new_pool(timeout=QUICK, context=client_context) as pool:
        url = f"https://localhost:{server.port}/" if is_tls else f"http://127.0.0.1:{server.port}/"
        with pool.request("GET", url, stream=True) as response:
            lines = response.iter_lines()
            for number in (1, 2, 3):
                assert next(lines) == f"data: {number}"
                drip.had.release()
            drip.had.release()
            assert list(lines) == ["last"]


def test_text_is_there_as_soon_as_its_characters_are_whole(new_pool: Maker) -> None:
    pieces = ["é".encode()[:1], "é".encode()[1:] + b"a", b"b"]
    drip = Drip(pieces=pieces)
    with ScriptedServer(drip) as server, new_pool(timeout=QUICK) as pool:
        with pool.request("GET", f"http://127.0.0.1:{server.port}/", stream=True) as response:
            drip.had.release()  # half a character is no text yet
            texts = response.iter_text()
            assert next(texts) == "éa"
            drip.had.release()
            assert next(texts) == "b"
            drip.had.release()
            assert list(texts) == []


def test_with_a_size_parts_are_full(new_pool: Maker) -> None:
    with ScriptedServer(replying(CHUNKED + b"\r\n" + b"".join(map(chunk, PIECES)) + b"0\r\n\r\n")) as server:
        with new_pool() as pool, pool.request("GET", f"http://127.0.0.1:{server.port}/", stream=True) as response:
            assert list(response.iter_bytes(10)) == [b"data: 1\nda", b"ta: 2\r\ndat", b"a: 3\rlast"]


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_that_is_none(size: int) -> None:
    with pytest.raises(ValueError, match="expected a size above 0"):
        whole(b"abc").iter_bytes(size)


# -- lines and text, however they are cut ----------------------------------------------------------------------

TEXTS = st.text(
    st.sampled_from("ab\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029é€\U0001f600\ufeff") | st.characters(codec="utf-8")
)


@given(TEXTS, st.lists(st.integers(0, 200), max_size=8))
def test_lines_do_not_depend_on_the_pieces(text: str, cuts: list[int]) -> None:
    content = text.encode()
    lines = re.split("\r\n|\n|\r", content.decode("utf-8-sig"))
    if not lines[-1]:
        lines.pop()
    response = streamed(cut_up(content, cuts))
    assert list(response.iter_lines()) == lines
    assert list(streamed(bytes([byte]) for byte in content).iter_lines()) == lines
    assert list(whole(content).iter_lines()) == lines


ENCODINGS = ["utf-8", "utf-16", "utf-16-le", "windows-1252", "shift_jis", "euc-jp", "gb18030", "big5", "euc-kr"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
def test_text_does_not_depend_on_the_pieces(encoding: str, data: st.DataObject) -> None:
    text = data.draw(st.text("abc\r\néß日本語テスト漢字가€", max_size=30))
    content = text.encode(encoding, "ignore")
    cuts = data.draw(st.lists(st.integers(0, 100), max_size=8))
    assert "".join(streamed(cut_up(content, cuts), encoding).iter_text()) == whole(content, encoding).text
    assert "".join(whole(content, encoding).iter_text()) == whole(content, encoding).text


@given(st.binary(max_size=40), st.lists(st.integers(0, 40), max_size=8))
def test_bytes_that_are_no_text_do_not_depend_on_the_pieces(content: bytes, cuts: list[int]) -> None:
    assert "".join(streamed(cut_up(content, cuts)).iter_text()) == whole(content).text


def test_a_byte_order_mark_is_no_text() -> None:
    content = codecs.BOM_UTF8 + "é\n".encode()
    for cuts in ([], [1], [2], [3], [1, 2, 3, 4]):
        assert "".join(streamed(cut_up(content, cuts)).iter_text()) == "é\n"
        assert list(streamed(cut_up(content, cuts)).iter_lines()) == ["é"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("\n", [""]),
        ("\r", [""]),
        ("\r\n", [""]),
        ("\n\r", ["", ""]),
        ("a\r\rb\r\n\nc", ["a", "", "b", "", "c"]),
        ("a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i", ["a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"]),
    ],
)
def test_what_ends_a_line(text: str, lines: list[str]) -> None:
    assert list(whole(text.encode()).iter_lines()) == lines
    assert list(streamed([text.encode()]).iter_lines()) == lines
    assert list(streamed(bytes([byte]) for byte in text.encode()).iter_lines()) == lines


# -- bounds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [streamed, lambda parts: whole(b"".join(parts))], ids=["streamed", "whole"])
def test_a_line_is_bounded(make: Callable[[list[bytes]], Response]) -> None:
    fits, too_long = "é" * 10, "é" * 11
    assert list(make([f"a\n{fits}\nb".encode()]).iter_lines(max_line_chars=10)) == ["a", fits, "b"]
    assert list(make([fits.encode()]).iter_lines(max_line_chars=10)) == [fits]
    for tail in ("", "\n", "\nb"):
        response = make([b"a\n", f"{too_long}{tail}".encode()])
        lines = response.iter_lines(max_line_chars=10)
        assert next(lines) == "a"
        with pytest.raises(
            httpconn.LineTooLong, match="got more than 10 characters when reading a line of the content"
        ):
            next(lines)
        assert next(make([f"{too_long}{tail}".encode()]).iter_lines(max_line_chars=None)) == too_long


def test_a_line_without_an_end_is_not_waited_for() -> None:
    endless = iter(lambda: b"x" * 65_536, b"")
    stream = Parts([])
    stream._parts = endless
    response = streamed([])
    response._stream = stream
    with pytest.raises(httpconn.LineTooLong, match=str(DEFAULT_MAX_LINE_CHARS)):
        next(response.iter_lines())


@pytest.mark.slow
def test_a_long_line_in_small_pieces_takes_what_it_has() -> None:
    pieces = 300_000
    response = streamed([])
    stream = Parts([])
    stream._parts = iter([b"x"] * pieces)
    response._stream = stream
    tracemalloc.start()
    try:
        (line,) = response.iter_lines()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(line) == pieces
    assert most < 12 * pieces, "not an object for each piece"


# -- a stream is handed out once -------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Response], object]] = {
    "parts": lambda response: list(response.iter_bytes()),
    "sized": lambda response: list(response.iter_bytes(4)),
    "text parts": lambda response: list(response.iter_text()),
    "lines": lambda response: list(response.iter_lines()),
    "content": lambda response: response.content,
    "text": lambda response: response.text,
    "json": lambda response: response.json(),
}


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", ["parts", "sized", "text parts", "lines"])
@pytest.mark.parametrize("content", [b"", b'[1,\n"abc"]'], ids=["empty", "some"])
def test_a_spent_stream_raises(content: bytes, first: str, second: str) -> None:
    response = streamed([content])
    WAYS[first](response)
    with pytest.raises(StreamConsumed, match=r"has been handed out|is being read as text"):
        WAYS[second](response)
    response.close()
    with response:
        pass
    for other in (copy.copy(response), pickle.loads(pickle.dumps(response))):
        with pytest.raises(StreamConsumed):
            WAYS[second](other)


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", ["content", "text", "json"])
def test_what_was_read_as_a_whole_can_be_read_again(first: str, second: str) -> None:
    response = streamed([b'["a', b'bc"]'])
    WAYS[first](response)
    assert WAYS[second](response) == WAYS[second](whole(b'["abc"]'))
    assert WAYS[second](response) == WAYS[second](whole(b'["abc"]'))


def test_an_iterator_goes_on_where_the_last_one_was() -> None:
    response = streamed([b"head\r", b"\none\ntwo", b"\nthr", b"ee"])
    assert next(response.iter_bytes(4)) == b"head"
    assert next(response.iter_text()) == "\r"
    assert next(response.iter_lines()) == ""
    assert next(response.iter_lines()) == "one"
    for back in ("parts", "sized", "text parts", "content", "text"):
        with pytest.raises(StreamConsumed, match=r"is being read (as text|in lines)"):
            WAYS[back](response)
    assert list(response.iter_lines()) == ["two", "three"]


# -- what breaks -----------------------------------------------------------------------------------------------

BROKEN = {
    "cut": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\none\ntw", httpconn.IncompleteRead),
    "cut in a chunk": (CHUNKED + b"\r\n" + chunk(b"one\n") + b"5\r\ntw", httpconn.IncompleteRead),
    "no chunk": (CHUNKED + b"\r\n" + chunk(b"one\ntw") + b"-1\r\n", httpconn.IncompleteRead),
    "no gzip": (CHUNKED + b"Content-Encoding: gzip\r\n\r\n" + chunk(deflated(31)()(b"one\ntw")) + b"0\r\n\r\n",
                httpconn.ContentDecodingError),
    "silent": (CHUNKED + b"\r\n" + chunk(b"one\ntw"), httpconn.ReadTimeout),
}  # fmt: skip


@pytest.fixture
def broken(
    request: pytest.FixtureRequest, in_use: object, new_pool: Maker
) -> Iterator[tuple[Response, type[Exception]]]:
    wire, kind = BROKEN[request.param]
    done = threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(wire)
        if kind is httpconn.ReadTimeout:
            done.wait(10)

    with ScriptedServer(serve) as server, new_pool(timeout=Timeout(read=0.3)) as pool:
        with pool.request("GET", f"http://127.0.0.1:{server.port}/", stream=True) as response:
            yield response, kind
        done.set()


@pytest.mark.parametrize("broken", BROKEN, indirect=True)
@pytest.mark.parametrize("way", ["parts", "sized", "text parts"])
def test_what_had_come_is_handed_out_before_the_error(way: str, broken: tuple[Response, type[Exception]]) -> None:
    response, kind = broken
    iterator = {"parts": response.iter_bytes, "sized": lambda: response.iter_bytes(5), "text parts": response.iter_text}
    parts = []
    with pytest.raises(kind) as caught:
        for part in iterator[way]():
            parts.append(part)  # noqa: PERF402 - extend would lose them
    told = "".join(part if isinstance(part, str) else part.decode() for part in parts)
    assert told == "one\ntw"
    assert caught.value.response.content == b"", "nothing is told twice"
    assert getattr(caught.value, "partial", b"") == b""
    for again in WAYS.values():
        with pytest.raises((kind, StreamConsumed)):
            again(response)


@pytest.mark.parametrize("broken", BROKEN, indirect=True)
def test_lines_that_are_whole_are_handed_out_before_the_error(broken: tuple[Response, type[Exception]]) -> None:
    """And no line that is not: it would be taken for one."""
    response, kind = broken
    lines = response.iter_lines()
    assert next(lines) == "one"
    with pytest.raises(kind) as caught:
        next(lines)
    assert caught.value.response.content == b"tw"
    assert getattr(caught.value, "partial", b"tw") == b"tw"


@pytest.mark.parametrize("broken", BROKEN, indirect=True)
def test_content_that_breaks_is_in_the_error_and_still_there(broken: tuple[Response, type[Exception]]) -> None:
    response, kind = broken
    with pytest.raises(kind) as caught:
        _ = response.content
    assert caught.value.response.content == b"one\ntw"
    assert getattr(caught.value, "partial", b"one\ntw") == b"one\ntw"
    parts = response.iter_bytes()
    assert next(parts) == b"one\ntw"
    with pytest.raises(kind):
        next(parts)


def test_the_rest_of_a_sized_part_is_handed_out_before_the_error() -> None:
    error = httpconn.IncompleteRead(b"")
    parts = streamed([b"abc", b"defg"], error=error).iter_bytes(5)
    assert [next(parts), next(parts)] == [b"abcde", b"fg"]
    with pytest.raises(httpconn.IncompleteRead):
        next(parts)


@pytest.mark.parametrize("fields", [b"Content-Length: abc", b"Content-Length: 2\r\nContent-Length: 3"])
@pytest.mark.parametrize("content", [b"", b"hi"])
def test_a_length_that_cannot_be_known_is_told_with_the_head(new_pool: Maker, fields: bytes, content: bytes) -> None:
    """And not when the content is read: whoever judges a response by its status would take it for a good one."""
    with ScriptedServer(replying(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n" + content)) as server:
        with new_pool(timeout=QUICK) as pool, pytest.raises(httpconn.MalformedFraming) as raised:
            pool.get(f"http://127.0.0.1:{server.port}/", stream=True)
        assert raised.value.response is not None
        assert raised.value.response.status == 200


@pytest.mark.parametrize("kind", ["pool", "stream", "fetcher", "async", "astream"])
@pytest.mark.parametrize("location", ["http://[::zz]/", "ftp://a.test/", "/again"])
def test_a_redirect_that_fails_has_its_page_in_the_error(kind: str, location: str) -> None:
    """Also where the response was to be streamed, whose connection is closed by then."""
    reply = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 5\r\n\r\nmoved" % location.encode()
    with ScriptedServer(replying(reply, reply)) as server, Asker(kind, redirects=1, timeout=QUICK) as ask:
        response = ask(f"http://127.0.0.1:{server.port}/")
        assert isinstance(response.error, (httpconn.InvalidURL, httpconn.TooManyRedirects))
        assert (response.status, response.content, response.text) == (302, b"moved", "moved")
        pickle.dumps(response)


def test_a_hook_that_fails_leaves_what_has_come(new_pool: Maker) -> None:
    """It is not waited for the rest of the content, which may never come."""

    def refuse(response: Response) -> None:
        raise ValueError("no")

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
        assert sock.recv(1) == b""

    with ScriptedServer(serve) as server, new_pool(after_response=refuse, timeout=QUICK) as pool:
        with pytest.raises(ValueError, match="no"):
            pool.get(f"http://127.0.0.1:{server.port}/", stream=True)


def test_content_in_the_middle_of_an_iteration_is_what_has_not_been_taken(
    new_pool: Maker, server: FaultyServer
) -> None:
    whole = content_of("/good/12345")
    with new_pool() as pool, pool.request("GET", server.url("/good/12345"), stream=True) as response:
        parts = response.iter_bytes(4)
        assert next(parts) == whole[:4]
        assert next(response.iter_bytes(2)) == whole[4:6]
        assert response.content == whole[6:]
        assert list(parts) == []
        assert response.content == whole[6:]


# -- all of it came with its head

REPLIES = {
    "sized": (b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 11\r\n\r\n", b"one\ntwo\n{}x"),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk(b"one\ntwo\n{}x") + b"0\r\n\r\n"),
    "an error": (b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=latin-1\r\nContent-Length: 3\r\n\r\n", b"\xe4\n."),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 4\r\n\r\n", b"gone"),
}  # fmt: skip


def closed_unread(response: Response) -> str:
    response.close()
    with pytest.raises(httpconn.PoolClosed) as told:
        next(response.iter_bytes())
    return str(told.value)


READINGS: dict[str, Callable[[Response], object]] = {
    "parts": lambda response: [*response.iter_bytes()],
    "parts of a size": lambda response: [*response.iter_bytes(4)],
    "text": lambda response: "".join(response.iter_text()),
    "lines": lambda response: [*response.iter_lines()],
    "content": lambda response: (response.content, response.content, response.text),
    "a part and the rest": lambda response: (next(response.iter_bytes(2)), response.content),
    "as bytes and as text": lambda response: (next(response.iter_text()), type(raised(lambda: response.content))),
    "twice": lambda response: ([*response.iter_bytes()], type(raised(lambda: [*response.iter_bytes()]))),
    "nothing": closed_unread,
}


def raised(step: Callable[[], object]) -> Exception | None:
    try:
        step()
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("reply", REPLIES)
def test_a_stream_that_came_whole_is_as_any_other(
    reply: str, reading: str, in_use: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a shorter way, on which no ``Incoming`` is made."""
    head, body = REPLIES[reply]

    def told(is_whole: bool) -> object:
        has_head = threading.Semaphore(0)  # an event might be cleared before it is seen

        def serve(sock: socket.socket) -> None:
            with contextlib.suppress(ConnectionError):  # of what is closed unread
                while take_request(sock):
                    sock.sendall(head + body if is_whole else head)
                    if not is_whole and has_head.acquire(timeout=10):
                        sock.sendall(body)

        pool = httpconn.ConnectionPool(timeout=QUICK, redirects=0, default_encoding="latin-1")
        with ScriptedServer(serve) as server, pool:
            for _ in range(2):
                with pool.get(f"http://127.0.0.1:{server.port}/", stream=True) as response:
                    has_head.release()
                    found = READINGS[reading](response)
            fields = response.status, response.headers.items(), response.attempts, response.history, response.encoding
            assert 0 <= response.timings.first_byte <= response.timings.total
            return found, fields, response.defects, response.trailers.items(), response.error, pool.stats.requests

    in_pieces = told(False)
    monkeypatch.setattr("httpconn._engine.threads.attempt.Incoming", None)
    assert told(True) == in_pieces


# -- what passes the reader by -----------------------------------------------------------------------------------

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"
ALL = [b"abc", b"def", b"ghi", b"jkl"]
ENDS: dict[str, tuple[bytes, list[bytes], type[Exception] | None, int]] = {
    "whole": (SIZED, ALL, None, 6),
    "something behind it": (SIZED, [*ALL[:3], b"jklHTTP/1.1"], None, 6),
    "cut": (SIZED, ALL[:3], httpconn.IncompleteRead, 6),
    "with the connection": (ENDLESS, ALL, None, 9),
    "too much": (ENDLESS, ALL, httpconn.BodyTooLong, 0),
    "silence": (SIZED, ALL[:3], httpconn.ReadTimeout, 6),
    "closed here": (SIZED, ALL[:3], None, 6),
}
"""Head, pieces, the error, and how many bytes may pass by: those behind the first piece, but for the last of a whole."""


@pytest.mark.parametrize("may_pass", [True, False], ids=["past", "read"])
@pytest.mark.parametrize("end", ENDS)
def test_what_is_handed_out_as_it_is_may_pass_the_reader_by(
    end: str, may_pass: bool, new_pool: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is told of it is the same as if it had been read: to errors, and to the request behind it."""
    head, pieces, kind, passes = ENDS[end]
    had, done = threading.Semaphore(0), threading.Event()
    passed: list[int] = []
    tell = Incoming.note_passed
    monkeypatch.setattr(Incoming, "note_passed", lambda self, count: (passed.append(count), tell(self, count)))
    if not may_pass:
        monkeypatch.setattr(Incoming, "straight_bytes", lambda self: 0)

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(head)
        for piece in pieces:
            sock.sendall(piece)
            assert had.acquire(timeout=10), "the client has not had what was sent"
        if kind is httpconn.ReadTimeout or end == "closed here":
            done.wait(10)
        elif end == "whole" and take_request(sock):
            sock.sendall(SIZED + b"".join(ALL))
        elif kind is None and end != "with the connection":
            assert sock.recv(1) == b"", "the client closes it"

    limits = httpconn.Limits(body_bytes=9) if kind is httpconn.BodyTooLong else httpconn.Limits()
    timeout = Timeout(connect=10, read=0.2 if kind is httpconn.ReadTimeout else 10)
    got: list[bytes] = []
    with ScriptedServer(serve) as server, new_pool(timeout=timeout, limits=limits) as pool:
        url = f"http://127.0.0.1:{server.port}/"
        with pool.get(url, stream=True) as response:
            parts = response.iter_bytes()
            with pytest.raises(kind) if kind is not None else contextlib.nullcontext() as caught:
                while part := next(parts, b""):
                    got.append(part)
                    had.release()
                    if end == "closed here" and len(got) == len(pieces):
                        break
        had.release()  # for what has come with the error
        done.set()
        assert b"".join(got) == b"".join(ALL[: 3 if kind is not None or end == "closed here" else 4])
        assert sum(passed) == (passes if may_pass and isinstance(pool, httpconn.ConnectionPool) else 0)
        if kind is httpconn.IncompleteRead:
            assert (caught.value.partial, caught.value.expected) == (b"", 3)
        assert response.error is (None if kind is None else caught.value)
        if end == "whole":
            assert pool.get(url).content == b"".join(ALL)
        assert server.connections == 1


FILLED: dict[str, tuple[int, int, type[Exception] | None]] = {
    "whole": (100_000, 5, None),
    "with the connection": (-1, 5, None),
    "cut": (100_000, 3, httpconn.IncompleteRead),
    "silence": (100_000, 3, httpconn.ReadTimeout),
    "reset": (100_000, 3, ConnectionResetError),
}
"""The length that is announced, how many pieces of 20,000 bytes come, and the error."""


@pytest.mark.parametrize("end", FILLED)
def test_a_large_part_is_filled_piece_by_piece(end: str, new_pool: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a piece nobody looks for another one before it has been waited for."""
    announced, count, kind = FILLED[end]
    had, done = threading.Semaphore(0), threading.Event()
    looks: list[bool] = []

    class Noting(Channel):
        def receive(self, size: int) -> bytes | None:
            data = super().receive(size)
            self.note(data)
            return data

        def receive_into(self, room: memoryview) -> int | None:
            count = super().receive_into(room)
            self.note(count)
            return count

        def note(self, got: bytes | int | None) -> None:
            looks.append(got is None)
            if got is not None and not isinstance(pool, httpconn.ConnectionPool):
                had.release()

        def wait(self, wanted: int, timeout_s: float | None) -> bool:
            had.release()  # a pool's thread: only now something comes
            return super().wait(wanted, timeout_s)

    monkeypatch.setattr("httpconn._engine.shared.Channel", Noting)

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        length = b"" if announced < 0 else b"Content-Length: %d\r\n" % announced
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        for number in range(count):
            assert had.acquire(timeout=10), "the client has not had what was sent"
            sock.sendall(bytes([number]) * 20_000)
        if kind is httpconn.ReadTimeout:
            done.wait(10)
        if kind is ConnectionResetError:
            assert had.acquire(timeout=10), "the client has not had what was sent"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    parts: list[bytes] = []
    timeout = Timeout(connect=10, read=0.3 if kind is httpconn.ReadTimeout else 10)
    with ScriptedServer(serve) as server, new_pool(timeout=timeout) as pool:
        with pool.get(f"http://127.0.0.1:{server.port}/", stream=True) as response:
            with pytest.raises(kind) if kind is not None else contextlib.nullcontext() as caught:
                for part in response.iter_bytes(32_768):
                    parts.append(part)  # noqa: PERF402 - extend would lose them
        done.set()
    assert b"".join(parts) == b"".join(bytes([number]) * 20_000 for number in range(count))
    assert {len(part) for part in parts[:-1]} == {32_768}
    assert response.error is (None if kind is None else caught.value)
    if kind is httpconn.IncompleteRead:
        assert (caught.value.partial, caught.value.expected) == (b"", 40_000)
    if isinstance(pool, httpconn.ConnectionPool):
        assert len(looks) >= count, "it does not see them"
        assert sum(looks) <= 2, "behind the head, and for the first part; the others begin with what is left of a piece"


@pytest.mark.parametrize("end", ["whole", "cut"])
def test_a_large_part_is_filled_of_records(
    end: str, new_pool: Maker, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    """TLS gives a record at a time, and has the next one already of which no wait would tell."""
    pieces = [bytes([number]) * size for number, size in enumerate((1, 16_384, 20_000, 70_001, 3, 40_000))]
    content = b"".join(pieces)
    announced = len(content) + (1_000 if end == "cut" else 0)

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % announced)
        for piece in pieces:
            sock.sendall(piece)

    def wrap(sock: socket.socket) -> ssl.SSLSocket:
        return server_context.wrap_socket(sock, server_side=True)

    parts: list[bytes] = []
    with ScriptedServer(serve, wrap) as server, new_pool(context=client_context) as pool:
        url = f"https://{server.host}:{server.port}/"
        with pool.get(url, stream=True, server_hostname="localhost") as response:
            cut = pytest.raises(httpconn.IncompleteRead) if end == "cut" else contextlib.nullcontext()
            with cut:
                for part in response.iter_bytes(32_768):
                    parts.append(part)  # noqa: PERF402 - extend would lose them
    assert b"".join(parts) == content
    assert {len(part) for part in parts[:-1]} == {32_768}


def _pattern(size: int) -> bytes:
    """Return bytes of which no two pieces are the same."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4))


@pytest.mark.parametrize("ending", ["whole", "reset", "cut"])
def test_large_parts_that_are_there_and_that_are_not(ending: str, new_pool: Maker) -> None:
    """Whatever comes at once, and whatever has to be waited for: the parts are the content, and full."""
    content = _pattern(4_000_000)
    rng = random.Random(7)

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        announced = len(content) + (ending == "cut")
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % announced)
        at = 0
        while at < len(content):
            size = rng.choice((3, 1_000, 65_536, 200_000, 700_000))
            sock.sendall(content[at : at + size])
            at += size
            if rng.random() < 0.3:
                time.sleep(0.002)
        if ending == "reset":
            time.sleep(0.2)  # what has been sent is not lost with it
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def check(pool: Any, url: str, size: int) -> None:
        parts: list[bytes] = []
        with pool.get(url, stream=True) as response:
            with pytest.raises(httpconn.IncompleteRead) if ending == "cut" else contextlib.nullcontext() as caught:
                for part in response.iter_bytes(size):
                    parts.append(part)  # noqa: PERF402 - extend would lose them
        assert b"".join(parts) == content
        assert {len(part) for part in parts[:-1]} == {size}
        if ending == "cut":
            assert (caught.value.partial, caught.value.expected) == (b"", 1)

    with ScriptedServer(serve) as server, new_pool() as pool:
        for size in (32_768, 65_536, 100_001, 262_144):
            check(pool, f"http://127.0.0.1:{server.port}/", size)


@pytest.mark.parametrize("kind", [ConnectionResetError, KeyboardInterrupt])
@pytest.mark.parametrize("again", ["iter_bytes", "content", "receive"])
def test_what_goes_wrong_where_a_part_is_looked_for(
    kind: type[BaseException], again: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised behind the parts before it, and whoever reads on gets no part from behind it."""
    content = _pattern(1_000_000)
    left = [4]

    class Failing(Channel):
        def receive(self, size: int) -> bytes | None:
            if size != 40_000:
                return super().receive(size)
            left[0] -= 1
            if not left[0]:
                raise kind("here")
            data = b""
            while len(data) < size:  # so that each part is there at once
                data += super().receive(size - len(data)) or b""
            return data

        def receive_into(self, room: memoryview) -> int | None:
            at = 0
            while at < len(room):
                at += super().receive_into(room[at:]) or 0
            return at

    monkeypatch.setattr("httpconn._engine.shared.Channel", Failing)
    with ScriptedServer(replying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + content)) as server:
        with httpconn.ConnectionPool() as pool:
            response = pool.get(f"http://127.0.0.1:{server.port}/", stream=True)
            got: list[bytes] = []
            with pytest.raises(kind, match="here"):
                for part in response.iter_bytes(40_000):
                    got.append(part)  # noqa: PERF402 - extend would lose them
            assert left == [0]
            assert len(got) >= 4
            assert b"".join(got) == content[: 40_000 * len(got)]
            if again == "iter_bytes":
                with pytest.raises(kind, match="here"):
                    next(response.iter_bytes(40_000))
            elif again == "content":
                with pytest.raises(BaseException, match=r"here|handed out"):
                    _ = response.content
            response.close()


def test_a_part_that_was_put_back_is_what_comes_next() -> None:
    """However large a part is asked for by whoever reads next."""
    content = _pattern(1_000_000)
    half = threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        sock.sendall(content[:100_000])
        half.wait(10)
        sock.sendall(content[100_000:])

    with ScriptedServer(serve) as server, httpconn.ConnectionPool() as pool:
        with pool.get(f"http://127.0.0.1:{server.port}/", stream=True) as response:
            stream: Any = response._stream
            got = stream.read_part()
            while len(got) < 50_000:
                got += stream.read_part(50_000 - len(got))
            assert list(stream.straight_parts(65_536)) == []
            assert list(stream.straight_parts(65_536)) == []
            half.set()
            got += stream.read_part(10)
            got += stream.read_part(40_000, fills=True)
            got += b"".join(response.iter_bytes(65_536))
        assert got == content


def test_large_parts_that_are_always_there_end_with_the_total(new_pool: Maker) -> None:
    """Where nothing is ever waited for, too."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % 10**15)
        with contextlib.suppress(OSError):
            while True:
                sock.sendall(bytes(1_000_000))

    with ScriptedServer(serve) as server, new_pool(timeout=Timeout(total=0.3)) as pool:
        with pool.get(f"http://127.0.0.1:{server.port}/", stream=True) as response:
            with pytest.raises(httpconn.TotalTimeout):
                for part in response.iter_bytes(65_536):
                    assert len(part) <= 65_536
