"""What ``request(body=...)`` makes of objects of every kind: the bytes of http.client, its errors, and its file positions."""

from __future__ import annotations

import array
import contextlib
import http.client
import io
import itertools
import mmap
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

import httpconn
from httpconn import HTTPConnection

from ..support.peers import socket_pair

HEADERS = [
    {},
    {"Content-Length": "2"},
    {"Content-Length": "3"},
    {"Content-Length": "9"},
    {"Transfer-Encoding": "chunked"},
]


class Gives:
    """A file, or what has a length and is an iterable: of what it was made with, one after the other."""

    def __init__(self, *parts: Any) -> None:
        self.parts = list(parts)

    def read(self, size: int = -1) -> Any:
        return self.parts.pop(0) if self.parts else b""


class Sized:
    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[bytes]:
        return iter((b"ab", b"c"))


class SeeksWithoutAWord(io.BytesIO):
    def seek(self, *where: int) -> None:  # type: ignore[override]  # that is the point
        super().seek(*where)


class HasNothingNow(io.RawIOBase):
    def __init__(self) -> None:
        self.asked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self.asked += 1
        if self.asked == 1:
            buffer[:2] = b"ab"
        return {1: 2, 2: None}.get(self.asked, 0)


def file(at: int) -> Any:
    made = tempfile.TemporaryFile()  # noqa: SIM115  # sent() closes it
    made.write(b"y" * 100)
    made.seek(at)
    return made


def mapped() -> mmap.mmap:
    with tempfile.TemporaryFile() as made:
        made.write(b"x" * 5000)
        made.flush()
        return mmap.mmap(made.fileno(), 0, access=mmap.ACCESS_READ)


BODIES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "bytes": lambda: b"abc",
    "empty": lambda: b"",
    "text": lambda: "abc",
    "text in latin-1": lambda: "\xe9",
    "text beyond": lambda: "\u20ac",
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abc"),
    "array": lambda: array.array("H", [1, 2, 3]),
    "empty array": lambda: array.array("H"),
    "mmap": mapped,
    "file": lambda: file(0),
    "file in its middle": lambda: file(40),
    "BytesIO": lambda: io.BytesIO(b"abc"),
    "StringIO": lambda: io.StringIO("t\xe9xt"),
    "seek gives None": lambda: SeeksWithoutAWord(b"abc"),
    "read in parts": lambda: Gives(b"ab", b"c"),
    "read gives text": lambda: Gives("text", ""),
    "read gives both": lambda: Gives(b"ab", "cd", b""),
    "read gives None": lambda: Gives(b"ab", None, b"c"),
    "read gives more than asked": lambda: Gives(b"z" * 20_000),
    "nothing now": HasNothingNow,
    "list": lambda: [b"a", b"", b"b"],
    "tuple": lambda: (b"q", memoryview(b"w")),
    "set": lambda: {b"k"},
    "list of text": lambda: ["a", "b"],
    "generator": lambda: (part for part in (b"a", b"bc")),
    "empty iterator": lambda: iter(()),
    "sized": Sized,
    "a number among bytes": lambda: iter([b"a", 3]),
    "number": lambda: 5,
    "dict": lambda: {"a": 1},
}


def sent(
    module: ModuleType, make: Callable[[], Any], headers: dict[str, str], *, encode_chunked: bool
) -> tuple[Any, ...]:
    """Return the class of the error, the bytes that came out, and where the body stands then, if it is a file."""
    ours, theirs = socket.socketpair()
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.extend(iter(lambda: theirs.recv(65_536), b"")))
    reader.start()
    connection = module.HTTPConnection("h")
    connection.sock = ours
    body, error = make(), None
    try:
        connection.request("POST", "/", body, headers, encode_chunked=encode_chunked)
    except Exception as caught:
        error = type(caught)
    connection.close()
    reader.join(30)
    theirs.close()
    at = None
    with contextlib.suppress(AttributeError, OSError):
        at = body.tell()
    if hasattr(body, "close"):
        body.close()
    return error, b"".join(received), at


@pytest.mark.parametrize("name", BODIES)
def test_as_http_client(name: str) -> None:
    for headers, encode_chunked in itertools.product(HEADERS, (False, True)):
        standard = sent(http.client, BODIES[name], headers, encode_chunked=encode_chunked)
        ours = sent(httpconn, BODIES[name], headers, encode_chunked=encode_chunked)
        if name == "array" and encode_chunked and "Transfer-Encoding" in headers:
            # http.client counts items for the size of a chunk, and the rest is read as something else.
            assert standard[1].endswith(b"\r\n\r\n3\r\n\x01\x00\x02\x00\x03\x00\r\n0\r\n\r\n")
            assert ours[1].endswith(b"\r\n\r\n6\r\n\x01\x00\x02\x00\x03\x00\r\n0\r\n\r\n")
            continue
        assert ours == standard, (headers, encode_chunked)


@pytest.mark.parametrize(
    "body", [{"a": "b"}, [b"ab", "cd"], memoryview(b"abcdef")[::2], [b"ab", 5]], ids=["dict", "str", "view", "int"]
)
def test_a_body_of_something_else_ends_the_connection(body: Any) -> None:
    """Its head is out, so its request cannot be finished; the next one has a connection of its own."""
    with socket_pair() as (client, _):
        connection = HTTPConnection("example.org")
        connection.sock = client
        with pytest.raises((TypeError, BufferError)):
            connection.request("POST", "/", body)
        assert connection.sock is None
        with pytest.raises(OSError):
            connection.auto_open = 1
            connection._create_connection = lambda *_: (_ for _ in ()).throw(OSError("would connect"))  # type: ignore[assignment]
            connection.request("GET", "/")
