"""What has come on a connection that ``connect()`` has opened, before its first request, is no answer to that."""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from httpconn import HTTPConnection, NotConnected, RemoteDisconnected

from ..dropin.fakes import FakeSocket
from ..support.peers import ScriptedServer, take_request

TIMED_OUT = b"HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nunasked"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


def unasked_first(unasked: bytes):
    """Say *unasked* on the first connection, at once; answer on all others."""
    is_first = True

    def serve(sock: socket.socket) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            sock.sendall(unasked)
            return
        while take_request(sock):
            sock.sendall(GOOD)

    return serve


def arrived(connection: HTTPConnection) -> None:
    assert select.select([connection.sock], [], [], 5)[0], "nothing has come"


def ask(connection: HTTPConnection, road: str) -> bytes:
    if road == "request":
        connection.request("GET", "/")
    else:
        connection.putrequest("GET", "/")
        connection.endheaders()
    return connection.getresponse().read()


class Connecting(HTTPConnection):
    """One whose ``connect`` is its own, as urllib3's and docker's are."""

    def connect(self) -> None:
        self.sock = socket.create_connection((self.host, self.port), 5)


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("road", ["request", "steps"])
@pytest.mark.parametrize("kind", [HTTPConnection, Connecting])
@pytest.mark.parametrize("unasked", [TIMED_OUT, FAILED, b"garbage", b""], ids=["408", "500", "garbage", "close"])
def test_unasked_before_the_first_request(in_use, unasked: bytes, kind, road: str, strict: bool) -> None:
    with ScriptedServer(unasked_first(unasked)) as server:
        connection = kind(server.host, server.port, timeout=5, strict=strict)
        connection.connect()
        arrived(connection)
        assert ask(connection, road) == b"good"
        assert server.connections == 2
        connection.close()


@pytest.mark.parametrize("road", ["request", "steps"])
@pytest.mark.parametrize("unasked", [TIMED_OUT, b""], ids=["408", "close"])
def test_a_close_that_forgets_is_not_called_in_the_middle_of_a_request(in_use, unasked: bytes, road: str) -> None:
    """urllib3's forgets the options of the request that is being sent, and where its tunnel leads to."""

    class Forgetful(Connecting):
        options: str | None = None

        def putrequest(self, method: str, url: str, *args: bool, **more: bool) -> None:
            self.options = "of this request"
            super().putrequest(method, url, *args, **more)

        def close(self) -> None:
            self.options = None
            super().close()

    with ScriptedServer(unasked_first(unasked)) as server:
        connection = Forgetful(server.host, server.port, timeout=5)
        connection.connect()
        opened = connection.sock
        arrived(connection)
        connection.putrequest("GET", "/") if road == "steps" else connection.request("GET", "/")
        assert connection.sock is not opened
        assert opened.fileno() == -1
        if road == "steps":
            connection.endheaders()
        assert connection.options == "of this request"
        assert connection.getresponse().read() == b"good"
        connection.close()
        assert connection.options is None


@pytest.mark.parametrize("road", ["request", "steps"])
def test_nothing_unasked_keeps_the_connection(in_use, road: str) -> None:
    def serve(sock: socket.socket) -> None:
        while take_request(sock):
            sock.sendall(GOOD)

    with ScriptedServer(serve) as server:
        connection = HTTPConnection(server.host, server.port, timeout=5)
        connection.connect()
        opened = connection.sock
        assert [ask(connection, road) for _ in range(2)] == [b"good", b"good"]
        assert connection.sock is opened
        assert server.connections == 1
        connection.close()


def test_without_auto_open_it_is_an_error(in_use) -> None:
    with ScriptedServer(unasked_first(TIMED_OUT)) as server:
        connection = HTTPConnection(server.host, server.port, timeout=5)
        connection.auto_open = 0
        connection.connect()
        arrived(connection)
        with pytest.raises(NotConnected):
            ask(connection, "request")
        connection.close()


@pytest.mark.parametrize("road", ["request", "steps"])
def test_what_was_put_there_by_hand_is_left_alone(in_use, road: str) -> None:
    """Tests put a fake, or one end of a pair, into ``sock``, with the answer in it already."""
    connection = HTTPConnection("example.org")
    connection.sock = FakeSocket(GOOD)
    assert ask(connection, road) == b"good"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(GOOD)
        connection = HTTPConnection("example.org")
        connection.sock = ours
        assert ask(connection, road) == b"good"
        theirs.sendall(FAILED)
        with pytest.raises(RemoteDisconnected):
            ask(connection, road)


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_haproxys_408(tmp_path: Path) -> None:
    """With ``timeout http-request`` it says 408 to a client that has said nothing."""
    with ScriptedServer(lambda sock: sock.sendall(GOOD) if take_request(sock) else None) as origin:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        config = tmp_path / "haproxy.cfg"
        config.write_text(
            "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n"
            f" timeout http-request 300ms\nfrontend f\n bind 127.0.0.1:{port}\n default_backend b\n"
            f"backend b\n server s {origin.host}:{origin.port}\n"
        )
        process = subprocess.Popen(["haproxy", "-f", str(config), "-db"], stderr=subprocess.DEVNULL)
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            until = time.monotonic() + 10
            while connection.sock is None:
                with contextlib.suppress(ConnectionRefusedError):
                    connection.connect()
                assert time.monotonic() < until
                threading.Event().wait(0.05)
            arrived(connection)
            connection.request("GET", "/")
            assert connection.getresponse().status == 200
            connection.close()
        finally:
            process.terminate()
            process.wait(10)
