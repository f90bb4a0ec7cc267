"""A file of blocks: what is appended at once, compressed for itself, so that what was written is whole.

A process may be killed at any moment. What it leaves is a row of whole blocks, and perhaps the beginning of one more,
which ``whole_parts`` does not count. A block is some records: lines, or one gzip member, or one zstd frame; any reader
of gzip or zstd takes several behind each other for one file.
"""

from __future__ import annotations

import importlib
import os
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from ..errors import MissingExtra

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]  # None for "cannot lock"

READ_BYTES: Final = 1 << 18
_GZIP: Final = 16 + zlib.MAX_WBITS


def zstd_library() -> Any:
    """Return a module for zstd. Raises MissingExtra."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingExtra('zstd needs a package: pip install "httpconn[zstd]"')


def encoder_of(coding: str) -> Callable[[bytes | bytearray], bytes | bytearray]:
    """Return what makes one block of bytes, for "plain", "gzip" or "zstd". Raises MissingExtra.

    For gzip by isal, which is several times as fast, where that is installed.
    """
    if coding == "gzip":
        try:
            library: Any = importlib.import_module("isal.igzip_lib")
        except ImportError:
            pass
        else:
            compress_once = library.compress
            return lambda data: bytes(compress_once(data, 2, library.COMP_GZIP))  # its levels are others: 0 to 3

        def to_gzip(data: bytes | bytearray) -> bytes:
            stream = zlib.compressobj(5, zlib.DEFLATED, _GZIP)
            return stream.compress(data) + stream.flush()

        return to_gzip
    if coding == "zstd":
        compress = zstd_library().compress
        return lambda data: bytes(compress(data))
    return lambda data: data


def whole_parts(file: BinaryIO, coding: str) -> Iterator[tuple[bytes, int]]:
    """Yield each whole block of *file* as it was before its coding, and the offset behind it; of a plain file, lines.

    A block that is cut by the end of the file is not yielded. Raises ValueError for what is not of that coding.
    """
    if coding == "plain":
        return _whole_lines(file)
    if coding == "gzip":
        return _whole_streams(file, lambda: zlib.decompressobj(_GZIP), zlib.error)
    library = zstd_library()
    return _whole_streams(file, library.ZstdDecompressor, library.ZstdError)


def _whole_lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    end = 0
    for line in file:
        if not line.endswith(b"\n"):
            return
        end += len(line)
        yield line, end


def _whole_streams(
    file: BinaryIO, make: Callable[[], Any], error_class: type[Exception]
) -> Iterator[tuple[bytes, int]]:
    end = 0
    held = b""
    while held or (held := file.read(READ_BYTES)):
        stream, parts, size = make(), [], 0
        while not stream.eof:
            if not held and not (held := file.read(READ_BYTES)):
                return  # cut
            size += len(held)
            try:
                parts.append(stream.decompress(held))
            except error_class as error:
                raise ValueError(f"damaged behind byte {end}: {error}") from None
            held = stream.unused_data
        end += size - len(held)
        yield b"".join(parts), end


class BlockFile:
    """A file that grows by whole blocks. Raises OSError; what could not be written whole is taken back, if possible."""

    def __init__(self, path: str, *, resume: bool, replace: bool) -> None:
        """Raises FileExistsError unless *resume* or *replace*, BlockingIOError where another process writes it."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        if not resume and not replace:
            flags |= os.O_EXCL
        self.path = path
        self._file = os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
        try:
            if fcntl is not None:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise BlockingIOError(
                        error.errno,
                        "somebody is writing to this file: another process, or a writer that is not closed",
                        path,
                    ) from None
            if not resume:
                self._file.truncate(0)
        except BaseException:
            self._file.close()
            raise
        self.size = 0

    def whole_parts(self, coding: str) -> Iterator[tuple[bytes, int]]:
        """As the function of that name, over what is there."""
        with self.reading() as file:
            yield from whole_parts(file, coding)

    def reading(self) -> BinaryIO:
        """Return a file that reads this one from its beginning; before anything is appended."""
        self._file.seek(0)
        return os.fdopen(os.dup(self._file.fileno()), "rb", buffering=READ_BYTES)

    def cut(self, size: int) -> None:
        """Cut the file off behind its first *size* bytes, and go on there."""
        self._file.truncate(size)
        self._file.seek(size)
        self.size = size

    def append(self, data: bytes | bytearray) -> None:
        """Write one block."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError:
            self.cut(self.size)  # a full disk: what is there stays readable
            raise
        self.size += len(data)

    def close(self) -> None:
        self._file.close()
