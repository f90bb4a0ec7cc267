"""What an error of pool, fetcher or client says: what was wrong, in words, and nothing that breaks a line or a secret."""

from __future__ import annotations

import http.client
import pickle
from typing import Any

import pytest

import httpconn
from httpconn import (
    AsyncClient,
    BadStatusLine,
    ConnectionPool,
    HTTPConnection,
    IncompleteRead,
    InvalidField,
    MalformedFraming,
    Request,
    UnknownProtocol,
    errors,
)

from ..support.clients import Maker
from ..support.event_loops import run
from ..support.peers import ScriptedServer, take_request
from ..support.sites import Asker, each_kind

NOWHERE = "http://127.0.0.1:9/"


def answering(answer: bytes) -> ScriptedServer:
    def serve(sock: Any) -> None:
        if take_request(sock):
            sock.sendall(answer)

    return ScriptedServer(serve)


def failed(kind: str, answer: bytes) -> tuple[Any, str]:
    """Return the error, by whichever way it comes, and the URL."""
    with answering(answer) as server, Asker(kind) as ask:
        url = f"http://{server.host}:{server.port}/"
        response = ask(url)
        error = response.error
        if error is None:  # a stream, of which the head was well
            with pytest.raises(httpconn.HTTPException) as caught:
                _ = response.content
            error = caught.value
            assert response.error is error
    return error, url


# -- what is sent


@each_kind
@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-Price": "secret \u20ac"}, "the value of the field 'X-Price' in Latin-1, got '\u20ac' at offset 7"),
        ({"X-Pr\u00efce": "1"}, "the name of a field in ASCII, got '\u00ef' at offset 4 in 'X-Pr\u00efce'"),
        ([("A", "1"), ("A", "\U0001f600")], "the value of the field 'A' in Latin-1, got '\U0001f600' at offset 0"),
    ],
)
def test_a_field_that_is_no_latin_1(kind: str, headers: Any, told: str) -> None:
    with Asker(kind) as ask:
        error = ask(Request("GET", NOWHERE, headers=headers)).error
        assert type(error) is InvalidField
        assert isinstance(error, ValueError)
        assert told in str(error)
        assert "secret" not in str(error)
    with Asker(kind, headers=headers if isinstance(headers, dict) else {}) as ask:
        error = ask(Request("GET", NOWHERE, headers=None if isinstance(headers, dict) else headers)).error
        assert type(error) is InvalidField
        assert told in str(error)


@each_kind
def test_what_latin_1_has_goes_out(kind: str) -> None:
    """The other side of the bound; and bytes go out whatever they are."""
    heads: list[bytes] = []

    def serve(sock: Any) -> None:
        heads.append(take_request(sock))
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with ScriptedServer(serve) as server, Asker(kind) as ask:
        headers = {"X-A": "\u00ff", "X-B": "\u20ac".encode()}
        assert ask(Request("GET", f"http://{server.host}:{server.port}/", headers=headers)).error is None
    assert b"\r\nX-A: \xff\r\n" in heads[0]
    assert b"\r\nX-B: \xe2\x82\xac\r\n" in heads[0]


def test_a_connection_says_what_http_client_says() -> None:
    connection = HTTPConnection("127.0.0.1", 9)
    with pytest.raises(UnicodeEncodeError):
        connection.request("GET", "/", headers={"X-Price": "\u20ac"})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "Content-Length says 5, the body has 0 bytes"),
        (b"x", "Content-Length says 5, the body has 1 bytes"),
        (iter([b"x"]), "Content-Length says 5, the body has no known length"),
    ],
)
def test_a_length_that_is_not_the_bodys(new_pool: Maker, body: Any, told: str) -> None:
    with new_pool() as pool, pytest.raises(InvalidField) as caught:
        pool.post(NOWHERE, headers={"Content-Length": "5"}, body=body)
    assert str(caught.value).startswith(told)


# -- what is received


@each_kind
@pytest.mark.parametrize(
    ("answer", "kind_of_error", "got"),
    [
        (b"220 ready\x1b[2J\r\n", BadStatusLine, r"'220 ready\x1b[2J\r\n'"),
        (b"HTTP/1.1 ab\r\n\r\n", BadStatusLine, r"'HTTP/1.1 ab\r\n'"),
        (b"HTTP/3.1 200 OK\r\n\r\n", UnknownProtocol, "'HTTP/3.1'"),
    ],
)
def test_a_status_line_that_is_none(kind: str, answer: bytes, kind_of_error: type[Exception], got: str) -> None:
    """In one line, escaped; what http.client's error has besides is there."""
    error, url = failed(kind, answer)
    assert type(error) is kind_of_error
    assert str(error) == f"expected a status-line of HTTP/1.0 or HTTP/1.1, got {got} (GET {url})"
    if isinstance(error, BadStatusLine):
        assert error.line == answer.removesuffix(b"\r\n" if answer.endswith(b"\r\n\r\n") else b"").decode()
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_status_line_by_a_connection() -> None:
    with answering(b"220 ready\r\n") as server:
        connection = HTTPConnection(server.host, server.port)
        connection.request("GET", "/")
        with pytest.raises(http.client.BadStatusLine) as caught:
            connection.getresponse()
        assert caught.value.args == ("220 ready\r\n",)
        connection.close()


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@each_kind
@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (b"0x2\r\nhi\r\n0\r\n\r\n", "expected a chunk-size line of hex digits ended by CRLF, got b'0x2"),
        (b"-1\r\n", "expected a chunk-size line of hex digits ended by CRLF, got b'-1"),
    ],
)
def test_chunks_that_are_none(kind: str, rest: bytes, told: str) -> None:
    """What they are, by class and text, and an IncompleteRead still, with what had come."""
    error, url = failed(kind, HEAD + b"3\r\nabc\r\n" + rest)
    assert type(error) is errors.MalformedChunks
    assert isinstance(error, MalformedFraming)
    assert isinstance(error, IncompleteRead)
    assert str(error).startswith(told)
    assert str(error).endswith(f"(3 bytes read) (GET {url})")
    assert error.partial == b"abc"
    assert isinstance(error.__cause__, MalformedFraming)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.partial) == (type(error), str(error), b"abc")


@each_kind
def test_chunks_that_are_cut_short(kind: str) -> None:
    """The other side: they are as they should be, and do not end."""
    error, url = failed(kind, HEAD + b"3\r\nabc\r\n5\r\nx")
    assert not isinstance(error, MalformedFraming)
    assert isinstance(error, IncompleteRead)
    assert str(error) == f"IncompleteFetch(4 bytes read) (GET {url})"


def test_chunks_by_a_connection() -> None:
    with answering(HEAD + b"3\r\nabc\r\nzz\r\n") as server:
        connection = HTTPConnection(server.host, server.port)
        connection.request("GET", "/")
        with pytest.raises(http.client.IncompleteRead) as caught:
            connection.getresponse().read()
        assert type(caught.value) is http.client.IncompleteRead
        connection.close()


# -- and where it is told


def test_a_stream_that_has_failed_says_so() -> None:
    """In ``response.error``, as for a response that is not streamed; one that was left early has not failed."""
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + b"x" * 300_000
    with answering(cut) as server, ConnectionPool() as pool:
        response = pool.get(f"http://{server.host}:{server.port}/", stream=True)
        assert response.error is None
        with pytest.raises(IncompleteRead) as caught:
            for _ in response.iter_bytes(1000):
                assert response.error is None or isinstance(response.error, IncompleteRead)
        assert response.error is caught.value
        assert "IncompleteFetch" in repr(response)
        with pytest.raises(IncompleteRead):
            response.raise_for_status()
        left = pool.get(f"http://{server.host}:{server.port}/", stream=True)
        left.close()
        assert left.error is None

    async def main() -> None:
        async with AsyncClient() as client:
            async with client.stream("GET", f"http://{server.host}:{server.port}/") as response:
                assert response.error is None
                with pytest.raises(IncompleteRead) as caught:
                    await response.aread()
                assert response.error is caught.value
            async with client.stream("GET", f"http://{server.host}:{server.port}/") as left:
                pass
            assert left.error is None

    with answering(cut) as server:
        run(main)


@each_kind
@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon\r\n\r\nhi", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", 0),
    ],
    ids=["plain", "chunked", "a bad line", "cut short"],
)
def test_defects_are_of_one_type(kind: str, answer: bytes, count: int) -> None:
    """Whichever way the response went: a tuple."""
    with answering(answer) as server, Asker(kind) as ask:
        response = ask(f"http://{server.host}:{server.port}/")
        if response.error is None:
            try:
                _ = response.content
            except IncompleteRead as error:
                response = error.response  # type: ignore[attr-defined]  # as all errors of a pool have
        assert type(response.defects) is tuple
        assert len(response.defects) == count
