"""What tests and tracers put in the place of a socket's reading methods is gone by, on httpconn as on http.client."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

import httpconn
from httpconn._io.source import SocketSource, TLSSource

from .servers import content

PLACES: dict[str, tuple[type, str]] = {
    "makefile": (socket.socket, "makefile"),
    "recv_into": (socket.socket, "recv_into"),
    "readinto": (socket.SocketIO, "readinto"),
    "recv_into over TLS": (ssl.SSLSocket, "recv_into"),
}


@contextlib.contextmanager
def noting(cls: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """While it is entered, a method notes the socket that it is called for."""
    original = getattr(cls, name)
    seen: list[Any] = []

    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        seen.append(getattr(self, "_sock", self))
        return original(self, *arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(cls, name, method)
        yield seen


def connection_to(module: Any, origin: Any, authority: Any) -> Any:
    if origin.url.startswith("https"):
        return module.HTTPSConnection("127.0.0.1", origin.port, timeout=5, context=authority.client)
    return module.HTTPConnection("127.0.0.1", origin.port, timeout=5)


@pytest.mark.parametrize("module", [http.client, httpconn], ids=lambda module: module.__name__)
@pytest.mark.parametrize("place", [place for place in PLACES if "TLS" not in place])
def test_what_stands_there_is_called(module: Any, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cls, name = PLACES[place]
    ours, theirs = socket.socketpair()
    with theirs, noting(cls, name, monkeypatch) as seen:
        connection = module.HTTPConnection("host.example")
        connection.sock = ours
        connection.request("GET", "/")
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        assert connection.getresponse().read() == b"hi"
        connection.close()
    assert ours.fileno() == -1
    assert seen == [ours] * len(seen) != []


@pytest.mark.parametrize("module", [http.client, httpconn], ids=lambda module: module.__name__)
@pytest.mark.parametrize("place", ["readinto", "recv_into over TLS"])
def test_over_tls(module: Any, place: str, tls_origin: Any, authority: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cls, name = PLACES[place]
    with noting(cls, name, monkeypatch) as seen:
        connection = connection_to(module, tls_origin, authority)
        connection.request("GET", "/chunked?n=5000")
        ours = connection.sock
        assert connection.getresponse().read() == content(5000)
        connection.close()
    assert ours in seen  # among those of the server, which is in this process


@pytest.mark.parametrize("module", [http.client, httpconn], ids=lambda module: module.__name__)
def test_a_timeout_that_is_put_there(module: Any) -> None:
    """As sentry's own tests have it."""
    ours, theirs = socket.socketpair()
    with theirs, mock.patch.object(socket.SocketIO, "readinto", mock.Mock(side_effect=TimeoutError)):
        connection = module.HTTPConnection("host.example")
        connection.sock = ours
        connection.request("GET", "/")
        theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
    ours.close()


def test_nobody_pays_when_it_is_over(origin: Any, tls_origin: Any, authority: Any) -> None:
    with mock.patch.object(socket.SocketIO, "readinto", return_value=0):
        httpconn.HTTPConnection("host.example")
    for server, source in ((origin, SocketSource), (tls_origin, TLSSource)):
        connection = connection_to(httpconn, server, authority)
        connection.request("GET", "/sized?n=3")
        response = connection.getresponse()
        assert type(response._source) is source or response._source is None
        assert response.read() == content(3)
        connection.close()
