"""A response of which one line arrives byte by byte: the work must grow with the bytes, not with their square."""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from bench.clients import prepare
from bench.jobs import Job
from bench.rivals import REFERENCE

_WIRES: Final = {
    "field": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: ", b"\r\n\r\nok"),
    "chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;e=", b"\r\nok\r\n0\r\n\r\n"),
}


class Drip(Job):
    """`where` is "field" or "chunk": the line that has `size` bytes more, each a message of its own.

    A SOCK_SEQPACKET pair keeps the bytes apart however fast they are sent, so there is no pause to wait for.
    """

    # Of this thread alone: the other one sends.
    cpu_clock = staticmethod(time.thread_time)

    def __init__(self, client: str, where: str, size: int) -> None:
        super().__init__()
        prepare(client)
        module: Any = importlib.import_module("http.client" if client == REFERENCE else "httpconn")
        self._connection_class = module.HTTPConnection
        before, after = _WIRES[where]
        self._before, self._size, self._after = before, size, after

    def check(self) -> Any:
        return self._once()

    def run(self, count: int) -> int:
        for _ in range(count):
            self._once()
        return count * self._size

    def _once(self) -> list[Any]:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection = self._connection_class("localhost")
        connection.sock = near
        sender = threading.Thread(target=self._send, args=(far,))
        connection.request("GET", "/")
        sender.start()
        response = connection.getresponse()
        seen = [response.status, response.read().decode()]
        sender.join()
        connection.close()
        far.close()
        return seen

    def _send(self, far: socket.socket) -> None:
        pieces: Iterator[bytes] = chain((self._before,), (b"x" for _ in range(self._size)), (self._after,))
        for piece in pieces:
            far.send(piece)
