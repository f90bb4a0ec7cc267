"""The body of a request: bytes, a file, or chunks, and how often it can be sent."""

from __future__ import annotations

import collections
import contextlib
import copy
import errno
import functools
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from ..model import Request

_METHODS_EXPECTING_CONTENT: Final = frozenset({"PATCH", "POST", "PUT"})
_FILE_STEP_BYTES: Final = 65_536


@functools.cache
def _json_encoder() -> Callable[[Any], str]:
    import json  # which many programs do not need

    return json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class FileBody:
    """A file that can be read again from where it stands now; its length is known.

    It stands there again after each read: another request with the same file may be made, or sent, meanwhile.
    """

    is_replayable = True

    def __init__(self, file: Any, begin: int, length: int) -> None:
        self._file = file
        self._begin = begin
        self.length = length

    def parts(self) -> Iterator[bytes]:
        left = self.length
        while left:
            asked = min(left, _FILE_STEP_BYTES)
            self._file.seek(self._begin + self.length - left)
            try:
                part = as_bytes(self._file.read(asked))
            finally:
                self._file.seek(self._begin)
            if not part:
                raise ValueError(f"the file became shorter while it was sent: {left} bytes are missing")
            if len(part) > asked:
                raise ValueError(
                    f"the file's read({asked}) gave {len(part)} bytes: what it gives is not to be relied on"
                )
            left -= len(part)
            yield part


class ChunkedBody:
    """Bytes of unknown length, sent in chunks; or of a length that the caller has announced, which is held to."""

    def __init__(self, source: Iterable[Any], announced: int | None = None) -> None:
        self._source = source
        self._announced = announced
        self.is_replayable = isinstance(source, (list, tuple))
        self.has_begun = False
        """Whether anything of the source has been asked for."""

    def announced(self, length: int) -> ChunkedBody:
        """Return the same with the length that the caller's Content-Length has."""
        body = copy.copy(self)
        body._announced = length
        return body

    def _given(self) -> Iterator[bytes | None]:
        """Yield what the source has, None where it has nothing now and will have more."""
        for part in self._source:
            yield part.encode() if isinstance(part, str) else as_bytes(part)

    def parts(self) -> Iterator[Any]:
        """Yield what is sent, and None where there is nothing now."""
        self.has_begun = True
        left = self._announced
        for data in self._given():
            if data is None:
                yield None
                continue
            if left is None:
                if data:
                    yield b"%X\r\n%b\r\n" % (len(data), data)
                continue
            left -= len(data)
            if left < 0:  # it would be taken for another request
                raise ValueError(f"the body has more than the {self._announced} bytes that Content-Length announces")
            if data:
                yield data
        if left:
            raise ValueError(f"the body has {left} bytes less than the {self._announced} that Content-Length announces")
        if left is None:
            yield b"0\r\n\r\n"


def as_bytes(part: Any) -> bytes:
    """Return what a body has given, as bytes. Raises TypeError for text and the like, BlockingIOError for None."""
    if part is None:
        raise BlockingIOError(errno.EAGAIN, "the body's file does not block, and has nothing now")
    try:
        return part if type(part) is bytes else bytes(memoryview(part))
    except TypeError:
        raise TypeError(f"expected a body of bytes, its file or iterable gave {type(part).__name__}") from None


def pieces_of(file: Any) -> Iterator[bytes]:
    """Yield what *file* has from where it stands, to its end."""
    while part := as_bytes(file.read(_FILE_STEP_BYTES)):
        if len(part) > _FILE_STEP_BYTES:
            raise ValueError(
                f"the file's read({_FILE_STEP_BYTES}) gave {len(part)} bytes: what it gives is not to be relied on"
            )
        yield part


class FedBody(ChunkedBody):
    """A body fed part by part while it is sent, by a task in the same thread."""

    def __init__(self, begin: Callable[[FedBody], None], room: Callable[[], None], end: Callable[[], None]) -> None:
        """*begin* is called when the body is about to be sent, *room* whenever all that was handed over is on its way.

        And *end* when nothing more is taken.
        """
        super().__init__(())
        self.is_replayable = False
        self._begin = begin
        self._stop = end
        self._room = room
        self.wake: Callable[[], None] | None = None
        """Called when there is more again, for who waits for that."""
        self.size = 0
        """Bytes that were handed over and are not on their way."""
        self._fed: collections.deque[bytes] = collections.deque()
        self._is_done = False
        self._error: BaseException | None = None

    def feed(self, part: Any) -> None:
        """Take the next part. Raises TypeError for what is no bytes or str."""
        data = part.encode() if isinstance(part, str) else as_bytes(part)
        self._fed.append(data)
        self.size += len(data)
        self._tell()

    def end(self, error: BaseException | None = None) -> None:
        """Take the end of the body, or the error that came instead of it."""
        self._is_done = True
        self._error = error
        self._tell()

    def _tell(self) -> None:
        wake, self.wake = self.wake, None
        if wake is not None:
            wake()

    def _given(self) -> Iterator[bytes | None]:
        self._begin(self)
        try:
            while True:
                while self._fed:
                    data = self._fed.popleft()
                    self.size -= len(data)
                    yield data
                if self._error is not None:
                    raise self._error
                if self._is_done:
                    return
                self._room()
                yield None
        finally:  # also where the connection is closed, and this generator with it
            self._stop()


class PathBody:
    """The file at a path, which is opened each time that it is sent; *length* is None for a pipe."""

    def __init__(self, path: Any, length: int | None) -> None:
        self._path = path
        self.length = length

    def parts(self) -> Iterator[bytes]:
        with open(self._path, "rb") as file:
            yield from pieces_of(file) if self.length is None else FileBody(file, 0, self.length).parts()


Piece: TypeAlias = bytes | FileBody | PathBody | Iterator[bytes]


class JoinedBody:
    """Bytes and files, one behind the other. It can be sent again if all of them can: if its length is known."""

    is_replayable = True

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """What is small is put together with its neighbours: each of those that are left is sent by itself."""
        self.pieces: list[Piece] = []
        self.length: int | None = 0
        """Bytes in all; None where that is not known."""
        small = bytearray()
        for piece in pieces:
            length = len(piece) if isinstance(piece, bytes) else getattr(piece, "length", None)
            self.length = None if self.length is None or length is None else self.length + length
            if isinstance(piece, bytes) and len(piece) <= _FILE_STEP_BYTES:
                small += piece
            else:
                self.pieces += [bytes(small), piece]
                small.clear()
        self.pieces.append(bytes(small))

    def parts(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece if isinstance(piece, Iterator) else piece.parts()


Body: TypeAlias = bytes | FileBody | JoinedBody | ChunkedBody | None
Framed: TypeAlias = tuple[Body, int | None, str | None]
"""(body, length, media type); length is -1 for no body, None if unknown."""


def body_of(request: Request, method: str) -> Framed:
    body = request.body
    if isinstance(body, FedBody):
        return body, None, None
    if request.json is not None:
        if body is not None:
            raise TypeError("expected body or json, got both")
        data = _json_encoder()(request.json).encode()
        return data, len(data), "application/json"
    if body is None:
        return None, 0 if method in _METHODS_EXPECTING_CONTENT else -1, None
    if isinstance(body, str):
        body = body.encode()
        return body, len(body), "text/plain; charset=utf-8"
    if isinstance(body, (bytes, bytearray, memoryview)):
        data = bytes(body)
        return data, len(data), None
    if hasattr(body, "read"):
        return *_file_body(body), None
    with contextlib.suppress(TypeError):  # an array, say: bytes of any other type, as http.client takes them
        data = bytes(memoryview(body))
        return data, len(data), None
    if isinstance(body, Mapping) or not isinstance(body, Iterable):
        raise TypeError(f"expected a body of bytes, str, a file or an iterable of bytes, got {type(body).__name__}")
    return ChunkedBody(body), None, None


def check_readable(file: Any, what: str) -> None:
    """Raise ValueError where *file* can be seen to be closed, or open for writing only; *what* is it of the request.

    What it says of itself is not enough: a response that has been read calls itself closed, and reads as empty.
    """
    is_closed = getattr(file, "closed", False) is True
    # Of a class that says nothing, readable() is False all the same; io.BufferedWriter is one of those.
    says_so = isinstance(file, io.IOBase) and type(file).readable is not io.IOBase.readable
    if not is_closed and not isinstance(file, io.BufferedWriter) and not (says_so and not file.readable()):
        return
    try:
        file.read(0)
    except ValueError:  # io.UnsupportedOperation is one, too
        got = "that has been closed" if is_closed else "for writing only"
        raise ValueError(f"expected {what} as a file opened for reading bytes, got one {got}") from None


def _file_body(file: Any) -> tuple[FileBody | ChunkedBody, int | None]:
    if isinstance(file, io.TextIOBase):
        raise TypeError('expected body as a file opened for reading bytes ("rb"), got one for text')
    check_readable(file, "body")
    found = extent_of(file)
    if found is None:
        return ChunkedBody(pieces_of(file)), None
    begin, end = found
    return FileBody(file, begin, max(end - begin, 0)), max(end - begin, 0)


def extent_of(file: Any) -> tuple[int, int] | None:
    """Return where *file* stands and where it ends; None for a pipe, or something that only has read().

    What seek() returns is not looked at: mmap's and many others' is None. Raises OSError and the like where it cannot
    get back to where it was.
    """
    try:
        begin = file.tell()
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    if type(begin) is not int:
        return None
    try:
        file.seek(0, os.SEEK_END)
        end = file.tell()
    except (AttributeError, OSError, TypeError, ValueError):
        end = None
    if end is None and file.tell() == begin:
        return None  # it has not moved, and may be unable to
    file.seek(begin)
    return (begin, end) if type(end) is int else None
