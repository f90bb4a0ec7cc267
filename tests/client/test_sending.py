"""How a request is sent: tried before the socket is waited for, whole, within its timeout."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from httpconn import HTTPConnection
from httpconn._io.source import send_promptly

from ..support.peers import socket_pair
from .test_large_bodies import BODY


def test_a_request_larger_than_the_buffers_is_sent_whole() -> None:
    data = BODY[:1_000_000]
    with socket_pair() as (client, server):
        got = bytearray()

        def serve() -> None:
            while len(got) < len(data):
                got.extend(server.recv(65_536))

        thread = threading.Thread(target=serve)
        thread.start()
        send_promptly(client, data)
        thread.join()
    assert got == data


def test_the_timeout_of_a_request_is_exact() -> None:
    with socket_pair() as (client, _):
        client.settimeout(1)
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            send_promptly(client, BODY)
        assert 0.95 < time.monotonic() - begun < 10


def test_a_full_buffer_is_waited_for() -> None:
    with socket_pair() as (client, server):
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                client.send(bytes(65_536))
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            send_promptly(client, b"x")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            while server.recv(1_000_000):
                pass
        send_promptly(client, b"x")
        assert server.recv(10) == b"x"


def test_errors_of_a_request() -> None:
    with socket_pair() as (client, server):
        server.close()
        with pytest.raises(BrokenPipeError):
            send_promptly(client, b"x")
        client.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            send_promptly(client, b"x")


def test_a_sendall_that_was_put_into_the_class_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    sendall = socket.socket.sendall

    def spy(self: socket.socket, data: bytes) -> None:
        if self is client:  # a proxy of another test may be handing on its last bytes in a thread
            seen.append(bytes(data))
        sendall(self, data)

    with socket_pair() as (client, _):
        monkeypatch.setattr(socket.socket, "sendall", spy)
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("GET", "/")
        assert [part.partition(b"\r\n")[0] for part in seen] == [b"GET / HTTP/1.1"]
        connection.close()
