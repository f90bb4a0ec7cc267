"""Fake sockets, as tests of other projects make them: ``makefile`` and ``sendall``, and little else."""

from __future__ import annotations

import io
from typing import Any


class FakeSocket:
    """Keeps what is sent; each ``makefile`` yields the next of *responses*."""

    def __init__(self, *responses: bytes) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self._responses = list(responses)

    def sendall(self, data: Any) -> None:
        self.sent.append(bytes(memoryview(data)))  # TypeError for what is no buffer, as a socket has it

    def makefile(self, mode: str, buffering: int | None = None) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(io.BytesIO(self._responses.pop(0)))

    def setsockopt(self, *arguments: Any) -> None:
        pass

    def settimeout(self, timeout: float | None) -> None:
        pass

    def close(self) -> None:
        self.closed = True
