"""What an error of a fetch says of where it happened: URL, host and proxy, and no password; it stays what it was."""

from __future__ import annotations

import errno
import http.client
import pickle
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import ConnectionPool, Request, Response, fetch_many

from ..support.peers import ScriptedServer, blackhole, take_request

Ask = Callable[..., BaseException]


@pytest.fixture(params=["pool", "stream", "fetcher", "async", "astream"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks for a URL, and returns the error that it comes to."""

    def ask(url: str, *, sink: Any = None, proxy: str | None = None, **options: Any) -> BaseException:
        if request.param == "fetcher":
            [result] = fetch_many([Request("GET", url, sink=sink, proxy=proxy)], **options)
            assert result.error is not None
            assert result.error.response is result if isinstance(result.error, httpconn.TooManyRedirects) else True
            return result.error
        with ConnectionPool(**options) as pool, pytest.raises(Exception) as caught:
            response: Response = pool.request("GET", url, sink=sink, proxy=proxy, stream=request.param == "stream")
            for _ in response.iter_bytes():
                pass
        return caught.value

    return ask


def url_of(server: ScriptedServer, target: str) -> str:
    return f"http://127.0.0.1:{server.port}{target}"


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def answering(answer: bytes) -> ScriptedServer:
    def talk(connection: socket.socket) -> None:
        take_request(connection)
        connection.sendall(answer)

    return ScriptedServer(talk)


def test_a_name_that_is_not_found(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = ask("http://me:secret@host.invalid/page?q=1")
    assert isinstance(error, socket.gaierror)
    assert error.errno == socket.EAI_NONAME
    assert str(error).endswith("Name or service not known (GET http://host.invalid/page?q=1)")
    assert "secret" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.errno) == (str(error), error.errno)


def test_a_connection_that_is_refused(ask: Ask) -> None:
    url = f"http://127.0.0.1:{unused_port()}/page"
    error = ask(url)
    assert isinstance(error, ConnectionRefusedError)
    assert error.errno == errno.ECONNREFUSED
    assert str(error) == f"[Errno {errno.ECONNREFUSED}] Connection refused (GET {url})"


def test_a_proxy_that_is_not_there(ask: Ask) -> None:
    port = unused_port()
    error = ask("http://host.invalid/page", proxy=f"http://me:secret@127.0.0.1:{port}")
    assert str(error).endswith(f"(GET http://host.invalid/page through http://***@127.0.0.1:{port})")


def test_a_connection_that_is_closed_without_an_answer(ask: Ask) -> None:
    with answering(b"") as server:
        url = url_of(server, "/page")
        error = ask(url)
    assert isinstance(error, ConnectionResetError)
    assert str(error).endswith(f"(GET {url})")


@pytest.mark.slow
def test_a_timeout(ask: Ask) -> None:
    with blackhole("127.0.0.1") as (_, port):
        url = f"http://127.0.0.1:{port}/page"
        error = ask(url, timeout=httpconn.Timeout(connect=5, read=0.2))
    assert isinstance(error, (httpconn.ReadTimeout, httpconn.ConnectTimeout))
    assert str(error).endswith(f"(GET {url})")


def test_a_redirect_that_goes_round(ask: Ask) -> None:
    with answering(
        b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ) as server:
        error = ask(url_of(server, "/page"), redirects=3)
        url = url_of(server, "/again")
    assert isinstance(error, httpconn.TooManyRedirects)
    assert str(error) == f"got more than 3 redirects (redirects) (GET {url})"


def test_content_that_is_cut_short(ask: Ask) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") as server:
        url = url_of(server, "/page")
        error = ask(url)
    assert isinstance(error, http.client.IncompleteRead)
    assert error.expected == 7
    # Of a stream, what had been handed out before is not told again.
    assert error.partial in (b"abc", b"")
    assert str(error) == f"IncompleteFetch({len(error.partial)} bytes read, 7 more expected) (GET {url})"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.partial, again.expected) == (str(error), error.partial, 7)


def test_a_bad_response(ask: Ask) -> None:
    with answering(b"rubbish\r\n\r\n") as server:
        url = url_of(server, "/page")
        error = ask(url)
    assert isinstance(error, http.client.HTTPException)
    assert str(error).endswith(f"(GET {url})")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_no_space_left(ask: Ask) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") as server:
        url = url_of(server, "/page")
        error = ask(url, sink="/dev/full")
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC
    assert re.fullmatch(rf"\[Errno \d+\] No space left on device \(GET {re.escape(url)}\)", str(error))


def test_an_error_of_the_callers_own_keeps_its_text(ask: Ask) -> None:
    class Mine(Exception):
        pass

    class Sink:
        def write(self, _: bytes) -> int:
            raise Mine("mine")

    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") as server:
        url = url_of(server, "/page")
        error = ask(url, sink=Sink())
    assert str(error) == "mine"
    assert error.__notes__ == [f"(GET {url})"]
