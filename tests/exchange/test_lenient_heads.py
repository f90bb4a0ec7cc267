"""Malformed lines of a head, a trailer section, a chunk: by default the page arrives, with ``strict=True`` it is refused."""

from __future__ import annotations

import http.client
import io

import pytest

from httpconn import (
    BadStatusLine,
    HTTPConnection,
    IncompleteRead,
    MalformedFraming,
    MalformedHead,
    RemoteDisconnected,
    Timeout,
)

from ..support.clients import Maker
from ..support.peers import ScriptedServer, replying
from ..support.sites import Asker

QUICK = Timeout(connect=10, read=5, total=30, pool=10)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
KINDS = ("pool", "stream", "fetcher", "async", "astream")

# What comes, how many defects there are in it, and what strict says.
MALFORMED = {
    "no colon": (b"HTTP/1.1 200 OK\r\ngarbage\r\nContent-Length: 2\r\n\r\nhi", 1, MalformedHead),
    "space in a name": (b"HTTP/1.1 200 OK\r\nA B: c\r\nContent-Length: 2\r\n\r\nhi", 1, MalformedHead),
    "NUL in a value": (b"HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 2\r\n\r\nhi", 1, MalformedHead),
    "two of them": (b"HTTP/1.1 200 OK\r\na\r\nContent-Length: 2\r\nb\r\n\r\nhi", 2, MalformedHead),
    "spaces in the status-line": (b"HTTP/1.1   200   OK\r\nContent-Length: 2\r\n\r\nhi", 1, MalformedHead),
    "in an interim response": (
        b"HTTP/1.1 103 Early Hints\r\ngarbage\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 1, MalformedHead,
    ),
    "in a trailer section": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\ngarbage\r\n\r\n", 1, IncompleteRead,
    ),
    "in a chunk extension": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;;\r\nhi\r\n0\r\n\r\n", 1, IncompleteRead,
    ),
}  # fmt: skip

# What is refused whatever ``strict`` says, and how.
REFUSED = {
    "two lengths": (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", MalformedFraming),
    "two lengths beside a malformed line": (b"x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", MalformedFraming),
    "length and coding": (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", MalformedFraming),
    "identity and length": (b"Content-Length: 2\r\nTransfer-Encoding: identity\r\n\r\nhi", MalformedFraming),
    "chunked twice": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", MalformedFraming),
    "a line meant as Content-Length": (b"Content-Length : 2\r\n\r\nhi", MalformedHead),
    "a bad chunk-size": (b"Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n", IncompleteRead),
    "a head cut short": (b"Content-Length: 2\r\n", RemoteDisconnected),
    "a head cut behind a malformed line": (b"garbage\r\n", RemoteDisconnected),
    "chunks without an end": (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", IncompleteRead),
}


def split(wire: bytes, at: int | None) -> tuple[bytes, ...]:
    return (wire,) if at is None else (wire[:at], wire[at:])


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MALFORMED)
def test_a_page_arrives(in_use, name: str, kind: str, strict: bool) -> None:
    """Nothing else goes over its connection: the next request opens another one, or finds the first one closed."""
    wire, defects, refusal = MALFORMED[name]
    # What follows on the same connection would be a forged answer.
    with ScriptedServer(once(wire, GOOD)) as server, Asker(kind, strict=strict, timeout=QUICK) as ask:
        url = f"http://{server.host}:{server.port}/"
        response = ask(url)
        if strict:
            with pytest.raises(refusal):
                raise response.error or content_error(response)
        else:
            assert response.error is None
            assert (response.status, response.content, len(response.defects)) == (200, b"hi", defects)
        response.close()
        assert ask(url).content == b"good"
        assert server.connections == 2


def content_error(response) -> BaseException:
    """Return what reading a streamed response raises."""
    try:
        assert response.content is None
    except AssertionError:
        raise
    except Exception as error:
        return error
    raise AssertionError("it was read")


def once(*replies: bytes):
    """Answer each connection's requests with one reply, the first with the first, and go on listening to it."""
    left = list(replies)

    def serve(sock) -> None:
        replying(left.pop(0) if left else GOOD, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")(sock)

    return serve


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
@pytest.mark.parametrize("name", REFUSED)
def test_framing_is_strict_in_either_mode(name: str, kind: str, strict: bool) -> None:
    rest, refusal = REFUSED[name]
    if strict and b"garbage" not in rest and rest.startswith(b"x\r\n"):
        refusal = MalformedHead  # which it is already
    with (
        ScriptedServer(replying(b"HTTP/1.1 200 OK\r\n" + rest)) as server,
        Asker(kind, strict=strict, timeout=QUICK) as ask,
    ):
        assert isinstance(ask(f"http://{server.host}:{server.port}/").error, refusal)


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_not_http_is_refused(kind: str) -> None:
    with ScriptedServer(replying(b"hello world\r\n\r\n")) as server, Asker(kind, timeout=QUICK) as ask:
        assert type(ask(f"http://{server.host}:{server.port}/").error) is BadStatusLine


LOOSE = b"HTTP/1.1 200 OK\r\nA: \t b c \t\r\nB: d\r\n  e\r\n\t f \r\nC: \r\n g\r\nD:\r\nContent-Length: 0 \r\n\r\n"
VALUES = [("A", "b c"), ("B", "d e f"), ("C", "g"), ("D", ""), ("Content-Length", "0")]
FOLDED = http.client.parse_headers(io.BytesIO(b"C: \r\n g\r\n\r\n"))["C"]  # later versions leave out the fold in front
PYTHONS_VALUES = [("A", "b c \t"), ("B", "d\r\n  e\r\n\t f "), ("C", FOLDED), ("D", ""), ("Content-Length", "0 ")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [None, 20, 40])
def test_values(in_use, kind: str, at: int | None) -> None:
    with ScriptedServer(replying(split(LOOSE, at))) as server, Asker(kind, timeout=QUICK) as ask:
        response = ask(f"http://{server.host}:{server.port}/")
        assert response.headers.items() == VALUES
        assert response.defects in ((), [])  # all of that is in the grammar
        response.close()


@pytest.mark.parametrize(("strict", "values"), [(False, PYTHONS_VALUES), (True, VALUES)], ids=["default", "strict"])
def test_values_of_a_connection(in_use, strict: bool, values: list[tuple[str, str]]) -> None:
    with ScriptedServer(replying(LOOSE)) as server:
        connection = HTTPConnection(server.host, server.port, timeout=5, strict=strict)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert [(name, response.getheader(name)) for name, _ in values] == values
        assert response.getheaders() == values
        assert response.headers.items() == values
        connection.close()


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_values_that_the_policies_read(kind: str) -> None:
    """A Location, and a Content-Encoding, with white space behind it and a fold."""
    moved = b"HTTP/1.1 302 Found\r\nLocation:\r\n /other \r\nContent-Length: 0\r\n\r\n"
    with (
        ScriptedServer(
            replying(moved, GOOD.replace(b"\r\n\r\n", b"\r\nContent-Encoding:\r\n identity \r\n\r\n"))
        ) as server,
        Asker(kind, timeout=QUICK) as ask,
    ):
        response = ask(f"http://{server.host}:{server.port}/")
        assert (response.content, response.url) == (b"good", f"http://{server.host}:{server.port}/other")


def test_strict_is_a_bool(new_pool: Maker) -> None:
    with pytest.raises(TypeError, match="strict"):
        new_pool(strict="no")  # type: ignore[arg-type]


def test_strict_refuses_a_host_with_white_space(in_use) -> None:
    for value in ("a b", "a\tb", " a"):
        connection = HTTPConnection("example.org", strict=True)
        with pytest.raises(ValueError, match="Host"):
            connection.request("GET", "/", headers={"Host": value})
        assert connection.sock is None
    with pytest.raises(ValueError, match="token"):
        HTTPConnection("example.org", strict=True).request("", "/")
