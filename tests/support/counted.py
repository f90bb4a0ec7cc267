"""How much work something is, counted and not timed: a loaded machine counts the same."""

from __future__ import annotations

import array
import fcntl
import gc
import os
import socket
import struct
import sys
import termios
from collections.abc import Callable
from typing import Any, SupportsIndex

from httpconn._wire import reader
from httpconn._wire.chunked import ChunkedDecoder

TOO_MANY_CALLS = 20_000_000


def calls(work: Callable[[], object]) -> int:
    """Return how many functions *work* has called, C functions too. Raises AssertionError where it does not end."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1
            if count > TOO_MANY_CALLS:
                sys.setprofile(None)
                raise AssertionError(f"more than {TOO_MANY_CALLS} calls")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def handed_over_bytes(sock: socket.socket) -> int:
    """Return how many bytes that have come on *sock* the system has handed over to this process. For Linux."""
    told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 136)
    waiting = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, waiting)
    received: int = struct.unpack_from("Q", told, 128)[0]  # tcpi_bytes_received
    return received - waiting[0]


def descriptors() -> int:
    """Return how many file descriptors this process has, behind a collection of garbage. For Linux."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


class Counted(bytearray):
    """The reader's receive buffer, which counts the bytes that are looked at or copied."""

    looked_at = 0

    def _note(self, start: SupportsIndex | None = None, stop: SupportsIndex | None = None) -> None:
        Counted.looked_at += len(range(*slice(start, stop).indices(len(self))))

    def find(self, wanted: Any, start: Any = None, stop: Any = None) -> int:
        found = super().find(wanted, start, stop)
        self._note(start, stop if found < 0 else found + 1)
        return found

    def rfind(self, wanted: Any, start: Any = None, stop: Any = None) -> int:
        found = super().rfind(wanted, start, stop)
        self._note(start if found < 0 else found, stop)
        return found

    def count(self, wanted: Any, start: Any = None, stop: Any = None) -> int:
        self._note(start, stop)
        return super().count(wanted, start, stop)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            self._note(key.start, key.stop)
        return super().__getitem__(key)


def bytes_looked_at(backend: Any, read: Callable[[Any], object], patch: Callable[..., None]) -> int:
    """Return how many bytes a reader looks at, over and over, in ``read(backend)``, and a backend that tells where it looks.

    *patch* is monkeypatch.setattr.
    """
    patch(reader, "bytearray", Counted, raising=False)
    Counted.looked_at = 0

    def find_head_end(buffer: Any, start: int) -> int:
        found: int = backend.find_head_end(buffer, start)
        Counted.looked_at += (len(buffer) if found < 0 else found) - start
        return found

    class Decoder:
        """Shows what the true one is given to search: what lies behind the bytes it knows to hold no line end."""

        def __init__(self, take_chunks: Any, *limits: int) -> None:
            object.__setattr__(self, "true", ChunkedDecoder(take_chunks, *limits))

        def decode(self, buffer: Any, start: int, most: int) -> bytes:
            true = self.true
            known = true.searched
            decoded: bytes = true.decode(bytes(buffer), start, most)
            Counted.looked_at += true.position - start if true.position > start else 0
            Counted.looked_at += max(0, true.searched - (known if true.position == start else 0))
            return decoded

        def __getattr__(self, name: str) -> Any:
            return getattr(self.true, name)

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(self.true, name, value)

    from dataclasses import replace

    patch(reader, "ChunkedDecoder", Decoder)
    read(replace(backend, find_head_end=find_head_end))
    return Counted.looked_at
