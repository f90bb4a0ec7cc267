"""request, getresponse, getheader, read over a socketpair; the suite (`make bench`) measures the same, with care."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

import httpconn
from bench.replies import content, reply_to
from httpconn import _backends
from httpconn._backends.contract import Backend

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

_BODIES: Final = {"/small": b"ok", "/10k": content(10 * 1024), "/10k-chunked": content(10 * 1024)}
_RECEIVE_BYTES: Final = 65536

pytestmark = pytest.mark.benchmark(group="cycle over a socketpair")


@pytest.fixture(params=_BODIES)
def path(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def cycle(connection: Any, far: socket.socket, wire: bytes) -> tuple[int, str, bytes]:
    """One exchange, the other end played too."""
    connection.request("GET", "/")
    far.recv(_RECEIVE_BYTES)
    far.send(wire)
    response = connection.getresponse()
    return response.status, response.getheader("Content-Type"), response.read()


def test_backend(
    backend: Backend, path: str, pair: Any, benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_backends, "selected", backend)
    connection = httpconn.HTTPConnection("localhost")
    connection.sock = pair[0]
    assert benchmark(cycle, connection, pair[1], reply_to(path.encode()).wire) == (200, "text/plain", _BODIES[path])


def test_standard(path: str, pair: Any, benchmark: BenchmarkFixture) -> None:
    connection = http.client.HTTPConnection("localhost")
    connection.sock = pair[0]
    assert benchmark(cycle, connection, pair[1], reply_to(path.encode()).wire) == (200, "text/plain", _BODIES[path])


def test_bare_loop(path: str, pair: Any, benchmark: BenchmarkFixture) -> None:
    near, far = pair
    wire = reply_to(path.encode()).wire

    def loop() -> int:
        near.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n")
        far.recv(_RECEIVE_BYTES)
        far.send(wire)
        received = 0
        while received < len(wire):
            received += len(near.recv(_RECEIVE_BYTES))
        return received

    assert benchmark(loop) == len(wire)
