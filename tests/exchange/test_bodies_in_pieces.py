"""A body of known length whose end comes in a second piece: read at once where it is there, else when it comes."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

import pytest

import httpconn
from httpconn._io.channel import Channel

from ..support.clients import EngineClient, FetchMany
from ..support.clients import client as client
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.peers import ScriptedServer, take_request

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
FIRST = HEAD + b"ab"
LATER_S = 0.05


@pytest.fixture
def looks_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the look for the rest, which asks for so few bytes, come after what the server does at once."""

    class Late(Channel):
        def receive(self, size: int) -> bytes | None:
            if size < 10:
                time.sleep(LATER_S)
            return super().receive(size)

    monkeypatch.setattr("httpconn._engine.shared.Channel", Late)


class Server:
    """Answers each request with ``FIRST``, and with *pieces* behind it; None is a while."""

    def __init__(self, *pieces: bytes | None, resets: bool = False) -> None:
        self.pieces = pieces
        self.resets = resets

    def __call__(self, sock: socket.socket) -> None:
        while take_request(sock):
            sock.sendall(FIRST)
            time.sleep(LATER_S / 5)  # or both would come as one
            for piece in self.pieces:
                if piece is None:
                    time.sleep(4 * LATER_S)
                else:
                    sock.sendall(piece)
            if self.resets:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if not self.pieces or self.pieces[-1] == b"c":
                return


def get(client: Any, serve: Server, count: int = 1) -> tuple[list[Any], int]:
    """Return the responses to so many requests, or what was raised, and how many connections there were."""
    results: list[Any] = []
    asker = client()
    with ScriptedServer(serve) as server:
        for _ in range(count):
            try:
                results.append(asker.get(f"http://127.0.0.1:{server.port}/"))
            except (httpconn.HTTPException, OSError) as error:
                results.append(error)
        connections = server.connections
        asker.close()
    return results, connections


@pytest.mark.parametrize("pieces", [(b"cdef",), (b"cd", None, b"ef"), (None, b"cdef")], ids=["there", "half", "late"])
def test_the_rest_comes(client: Any, looks_late: None, pieces: Any) -> None:
    """And the connection carries the next request."""
    responses, connections = get(client, Server(*pieces), 2)
    assert [response.content for response in responses] == [b"abcdef"] * 2
    assert connections == 1


def test_what_lies_behind_it_is_no_part_of_it(client: Any, looks_late: None) -> None:
    """Nor of what follows: another connection is made."""
    responses, connections = get(client, Server(b"cdefHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), 2)
    assert [response.content for response in responses] == [b"abcdef"] * 2
    assert connections == 2


@pytest.mark.parametrize("pieces", [(), (b"c",)], ids=["at once", "a byte later"])
def test_it_is_cut(client: Any, looks_late: None, pieces: Any) -> None:
    [error], _ = get(client, Server(*pieces))
    assert isinstance(error, httpconn.IncompleteRead)
    assert error.partial == b"ab" + b"".join(pieces)
    assert type(client()) is EngineClient or error.response.content == error.partial  # there the response has the error


def test_it_is_reset(client: Any, looks_late: None) -> None:
    """What had come is told, though the error came before anybody has read it."""
    [error], _ = get(client, Server(resets=True))
    assert isinstance(error, ConnectionResetError)
    assert type(client()) is EngineClient or (error.response.status, error.response.content) == (200, b"ab")


def test_a_reset_that_is_there_with_it(fetch_many: FetchMany) -> None:
    """The system tells of it once, and that has to be heard, though what had come is read first."""
    with ScriptedServer(Server(resets=True)) as server:

        def urls() -> Any:
            yield f"http://127.0.0.1:{server.port}/"
            for _ in range(6):
                time.sleep(0.05)  # so that both have come when there is a turn
                yield None

        [response] = fetch_many(urls())
    assert isinstance(response.error, ConnectionResetError)
    assert (response.status, response.content) == (200, b"ab")


def test_requests_reads_what_had_come(looks_late: None) -> None:
    """And only then hears of the error, as of any in a body."""
    requests = pytest.importorskip("requests")
    adapters = pytest.importorskip("httpconn.adapters.under_requests")
    with ScriptedServer(Server(resets=True)) as server, requests.Session() as session:
        session.mount("http://", adapters.RequestsAdapter())
        response = session.get(f"http://127.0.0.1:{server.port}/", stream=True)
        assert response.status_code == 200
        parts: list[bytes] = []
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            parts.extend(response.iter_content(1))
        assert b"".join(parts) == b"ab"
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(f"http://127.0.0.1:{server.port}/")
