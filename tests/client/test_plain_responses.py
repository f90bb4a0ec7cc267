"""The law of one plain response: it declines, or says what the shared reader says, in either mode.

And what ``HTTPResponse`` makes of such a response: the same, whether it is read whole or in any other way.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from httpconn import HTTPConnection, Limits
from httpconn._backends.contract import Backend
from httpconn._wire.framing import CHUNKED as CHUNKS
from httpconn._wire.framing import body_framing
from httpconn._wire.plain import PlainReader, take_plain_response
from httpconn._wire.reader import NEED_DATA, ResponseReader
from httpconn.errors import HTTPException

from ..cases import all_cases
from ..fuzz.targets import record
from ..support.mutations import mutated
from ..support.peers import answered, socket_pair

LIMITS = Limits()
SIZED = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 12\r\nX: a\r\n\r\nline\nline 2\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: a\r\n\r\n5\r\nline\n\r\n7\r\nline 2\n\r\n0\r\n\r\n"
PLAIN = [
    SIZED,
    CHUNKED,
    b"HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    b"HTTP/1.1 200\r\ncontent-length:3\r\nCONNECTION: Keep-Alive\r\n\r\nabc",
    b"HTTP/1.1 503 No\r\nTransfer-Encoding: Chunked\r\nSet-Cookie: a\r\nSet-Cookie: \xfc\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nContent-Encoding: gzip\r\n\r\n" + b"x" * 5000,
]

Take = Callable[..., Any]


@pytest.fixture
def take(backend: Backend) -> Take:
    return partial(take_plain_response, backend)


def by_reader(backend: Backend, data: bytes, method: str | None, limits: Limits, strict: bool) -> Any:
    """(head, body, what lies behind the head) of a response that leaves its connection as it should be; else None."""
    reader = ResponseReader(backend, method, limits, strict)
    reader.receive(data)
    try:
        head = reader.head()
        if head is NEED_DATA:
            return None
        rest = reader.unused
        body = b""
        while (part := reader.body()) is not NEED_DATA and part:
            body += part
    except HTTPException:
        return None
    is_clean = reader.complete and reader.ends_here() and not reader.will_close
    is_clean = is_clean and not (reader.defects or reader.interim or reader.trailers)
    return (record(head), body, rest) if is_clean else None


def agrees(backend: Backend, take: Take, data: bytes, method: str | None = "GET", limits: Limits = LIMITS) -> bool:
    """Whether the fast path took it; fails where it does not say the same."""
    found = take(data, method, limits)
    if found is None:
        return False
    for strict in (False, True):
        assert (record(found[0]), found[1], found[3]) == by_reader(backend, data, method, limits, strict), data
    return True


@pytest.mark.parametrize("data", PLAIN)
def test_the_plain_ones_are_taken_whole(backend: Backend, take: Take, data: bytes) -> None:
    assert agrees(backend, take, data)
    assert agrees(backend, take, data, None)
    assert not any(take(data[:at], "GET", LIMITS) for at in range(len(data)))
    assert take(data + b"H", "GET", LIMITS) is None, "nothing may lie behind it"
    assert take(bytearray(data), "GET", LIMITS) is None, "what a file gave: none of its business"
    assert take(data, "HEAD", LIMITS) is take(data, "CONNECT", LIMITS) is None


def test_every_case(backend: Backend, take: Take) -> None:
    for case in all_cases():
        agrees(backend, take, case.wire)
        agrees(backend, take, case.wire + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")


def test_mutated(backend: Backend, take: Take) -> None:
    """One to three bytes changed, lost or doubled, in heads and chunks alike."""
    dice = random.Random(12)
    taken = 0
    for _ in range(15_000):
        data = mutated(dice, PLAIN[:5])
        taken += agrees(backend, take, data)
    assert taken > 500, "not vacuous"


@pytest.mark.parametrize("field", [
    b"Connection: close", b"Connection: keep-alive, close", b"Connection: keep-alive\r\nConnection: close",
    b"Connection: keep-alive\r\nConnection: keep-alive", b"Content-Length: keep-alive", b"Transfer-Encoding: keep-alive",
    b"Content-Length: 12", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Content-Length : 12", b"Y: a\r\n b",
    b"Y: \0", b"Upgrade: x\r\nConnection: upgrade",
])  # fmt: skip
def test_declined_by_a_field(take: Take, field: bytes) -> None:
    assert take(SIZED.replace(b"X: a", field), "GET", LIMITS) is None


@pytest.mark.parametrize("start", [
    b"HTTP/1.0 200 OK", b"HTTP/1.1 101 S", b"HTTP/1.1 100 C", b"HTTP/1.1 204 N", b"HTTP/1.1 304 N", b"HTTP/1.2 200 OK",
])  # fmt: skip
def test_declined_by_the_status_line(take: Take, start: bytes) -> None:
    assert take(SIZED.replace(b"HTTP/1.1 200 OK", start), "GET", LIMITS) is None


@pytest.mark.parametrize("chunks", [
    b"7;x=y\r\nline 2\n\r\n0\r\n\r\n", b"7 \r\nline 2\n\r\n0\r\n\r\n", b"7\r\nline 2\n\r\n00\r\n\r\n",
    b"7\r\nline 2\n\r\n0\r\nA: b\r\n\r\n", b"7\r\nline 2\n\r\n0\r\n\n", b"7\r\nline 2\n\n0\r\n\r\n",
])  # fmt: skip
def test_declined_by_its_chunks(take: Take, chunks: bytes) -> None:
    assert take(CHUNKED.replace(b"7\r\nline 2\n\r\n0\r\n\r\n", chunks), "GET", LIMITS) is None


@pytest.mark.parametrize("data", [SIZED, CHUNKED])
def test_limits(backend: Backend, take: Take, data: bytes) -> None:
    head_bytes = data.index(b"\r\n\r\n") + 4
    lines = data[:head_bytes].count(b"\n") - 2
    assert agrees(backend, take, data, "GET", Limits(body_bytes=12, head_bytes=head_bytes, field_lines=lines))
    assert take(data, "GET", Limits(body_bytes=11)) is None
    assert take(data, "GET", Limits(head_bytes=head_bytes - 1)) is None
    assert take(data, "GET", Limits(line_bytes=head_bytes - 1)) is None
    assert take(data, "GET", Limits(field_lines=lines - 1)) is None


def test_lengths(take: Take) -> None:
    for length in (b"9" * 18, b"9" * 19, b"18446744073709551628", b"4294967308", b"+12", b"0xc", b"12 ", b""):
        assert take(SIZED.replace(b" 12\r", b" " + length + b"\r"), "GET", LIMITS) is None
    assert take(SIZED.replace(b" 12\r", b" 0000000012\r"), "GET", LIMITS) is not None


# -- what stands on it

READS: list[Callable[[Any], bytes]] = [
    lambda response: response.read(),
    lambda response: response.read(-1),
    lambda response: b"".join(iter(lambda: response.read(3), b"")),
    lambda response: response.read(7) + response.read(),
    lambda response: response.read1() + b"".join(iter(response.read1, b"")),
    lambda response: b"".join(response),
    lambda response: response.peek() and response.read(),
    lambda response: response.readline() + response.read(),
    lambda response: bytes(buffer := bytearray(12))[: response.readinto(buffer)] and bytes(buffer) + response.read(),
]


@pytest.mark.usefixtures("in_use")
@pytest.mark.parametrize("data", [SIZED, CHUNKED], ids=["sized", "chunked"])
@pytest.mark.parametrize("read", READS)
def test_a_response_is_the_same_however_it_is_read(read: Callable[[Any], bytes], data: bytes) -> None:
    is_chunked = data is CHUNKED
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        for _ in range(2):  # the second on the same connection
            connection.request("GET", "/")
            answered(server, data)
            response = connection.getresponse()
            assert (response.complete, response.will_close, response.isclosed()) == (None, False, False)
            assert read(response) == b"line\nline 2\n"
            assert response.read() == response.read(5) == b""
            assert (response.complete, response.isclosed()) == (True, True)
            assert (response.chunked, response.chunk_left) == (is_chunked, None)
            assert response.length == (None if is_chunked else 0)
            assert (response.defects, list(response.interim), response.trailers.items()) == ([], [], [])
            assert response.getheader("x") == response.headers["X"] == "a"
        assert connection.sock is client
        connection.close()


@pytest.mark.usefixtures("in_use")
@pytest.mark.parametrize("data", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_what_is_asked_before_it_is_read(data: bytes) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("GET", "/")
        answered(server, data)
        response = connection.getresponse()
        assert (response.chunked, response.length) == ((True, None) if data is CHUNKED else (False, 12))
        assert (response.trailers, response.complete) == (None, None)
        assert response.fp.read(4) == data[data.index(b"\r\n\r\n") + 4 :][:4], "as it is on the wire"
        connection.close()


@pytest.mark.usefixtures("in_use")
@pytest.mark.parametrize(("data", "persists"), [(SIZED, False), (CHUNKED, False), (PLAIN[2], True), (PLAIN[4], False)])
def test_closed_unread(data: bytes, persists: bool) -> None:
    """Only where nothing is left to read does the connection stay open."""
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("GET", "/")
        answered(server, data)
        response = connection.getresponse()
        response.close()
        assert response.read() == b""
        assert response.complete is None
        assert (connection.sock is client) == persists
        connection.close()


@pytest.mark.usefixtures("in_use")
def test_the_body_outlives_the_connection() -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("GET", "/")
        answered(server, SIZED)
        response = connection.getresponse()
        client.close()
        connection.sock = None
        assert response.fileno() >= 0, "the response holds the socket"
        assert response.read() == b"line\nline 2\n"
        assert client.fileno() == -1


def test_its_end_is_what_the_whole_rule_says(backend: Backend) -> None:
    """Whatever comes: declined, or ended where ``body_framing`` has the body end, on a connection that persists."""
    plain = 0
    for case in all_cases():
        found = PlainReader(backend, LIMITS).begin(case.wire)
        if found is None:
            continue
        plain += 1
        head, content, left, rest, *_ = found
        length = CHUNKS if head.transfer_encoding else len(content) + left
        assert head.block + rest == case.wire
        for strict in (False, True):
            assert body_framing(head, "GET", strict) == (length, False, None, ()), case
    assert plain > 20
