"""Where content goes that is not kept in memory: a caller's file object, or a file by its path.

A path's file is written under a temporary name beside it, ``<name>.<8 hex digits>.part``, which takes its place when
the content is whole: what was there stays until then, and for good where it never comes to that. Devices, FIFOs and the
targets of symbolic links are written in place.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import stat
import time
from typing import Any, Final

from .._io.polling import LONGEST_WAIT_S
from .._wire.head import ResponseHead
from ..errors import SinkTimeout
from ..model import Request

_PARTIAL_CONTENT: Final = 206
_MOST_NAME_BYTES: Final = 200
"""Of the file's name that go into the temporary one: file systems take 255."""
_AGAIN_S: Final = 0.001


FILES: Final = frozenset({io.BytesIO, io.BufferedRandom, io.BufferedWriter, io.FileIO})
"""File objects of which nothing has to be found out."""


def taken_by_file(file: Any, content: bytes) -> int:
    """Return how much of *content* one of ``FILES`` has taken in one call. Raises what it raises."""
    try:
        count: int | None = file.write(content)
    except BlockingIOError as error:  # a buffer is full, and what is below it takes nothing
        return getattr(error, "characters_written", 0)
    return count or 0


def is_file_object(sink: Any) -> bool:
    return hasattr(sink, "write")


def _check_writable(file: Any) -> None:
    """Raise ValueError where *file* can be seen to be closed, or open for reading only."""
    is_closed = getattr(file, "closed", False) is True
    # Of a class that says nothing, writable() is False all the same; io.BufferedReader is one of those.
    says_so = isinstance(file, io.IOBase) and type(file).writable is not io.IOBase.writable
    if not is_closed and not isinstance(file, io.BufferedReader) and not (says_so and not file.writable()):
        return
    try:
        file.write(b"")
    except ValueError:  # io.UnsupportedOperation is one, too
        got = "that has been closed" if is_closed else "for reading only"
        raise ValueError(f"expected sink as a file opened for writing bytes, got one {got}") from None


def takes(request: Request, method: str, head: ResponseHead) -> bool:
    """Return whether the content of a result with *head* goes into the sink of *request*.

    A file object gets every result's. A path gets complete ones only: those of 2xx, but not of 206, which is a part,
    nor of a HEAD, which has none; with ``sink_any_status``, what has any status.
    """
    if request.sink is None or method == "HEAD":
        return False
    if is_file_object(request.sink) or request.sink_any_status:
        return True
    return 200 <= head.status < 300 and head.status != _PARTIAL_CONTENT


def check_sink(sink: Any) -> None:
    """Raise OSError for a path that can be seen to be no place for a file: before any traffic.

    And TypeError for a file object that is to be awaited, as those of aiofiles and trio are (nothing would be written),
    and for one of text; ValueError for one that is closed, or open for reading only.
    """
    if is_file_object(sink):
        if isinstance(sink, io.TextIOBase):
            raise TypeError('expected sink as a file opened for writing bytes ("wb"), got one for text')
        import inspect  # which takes long to load

        if inspect.iscoroutinefunction(sink.write):
            raise TypeError(f"expected a sink whose write() writes, that of {type(sink).__name__} has to be awaited")
        _check_writable(sink)
        return
    path = os.fsdecode(sink)
    found = _status_of(path)
    if found is not None and stat.S_ISLNK(found.st_mode):
        path = os.path.realpath(path)
        found = _status_of(path)
    folder = os.path.dirname(path) or "."
    if found is None:
        os.stat(os.path.join(folder, ""))  # which says it where that is missing, or no folder
    elif stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    if (found is None or stat.S_ISREG(found.st_mode)) and not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


class Sink:
    """A sink that content is being written to. At its end: ``commit`` if the content is whole, else ``abandon``."""

    __slots__ = ("_file", "_path", "_process", "_temporary", "_wait_s", "can_begin_anew", "count")

    def __init__(self, sink: Any, wait_s: float | None) -> None:
        """Open *sink*; *wait_s* is how long one that takes nothing is waited for, None for ever. Raises OSError."""
        self._wait_s = wait_s
        self.count = 0
        """Bytes that it has taken."""
        self._process = os.getpid()
        self._temporary: str | None = None
        self._path: str | None = None
        if is_file_object(sink):
            self._file: Any = sink
            self.can_begin_anew = False
            """Whether what was written leaves no trace when the same sink is opened again."""
            return
        path = self._path = os.fsdecode(sink)
        found = _status_of(path)
        # Without a buffer: the child of a fork has a copy of it, and would write that into the same file.
        if found is None or stat.S_ISREG(found.st_mode):
            self._file, self._temporary = _open_beside(path, found)
            self.can_begin_anew = True
        else:
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - commit and abandon close it
            self.can_begin_anew = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)

    def write(self, content: bytes) -> None:
        """Write all of *content*. Raises SinkTimeout, BlockingIOError, and what the sink raises."""
        rest = memoryview(content)
        until: float | None = None
        while rest:
            taken = self._write_once(content if len(rest) == len(content) else rest, len(rest))
            self.count += taken
            rest = rest[taken:]
            if taken:
                until = None
                continue
            if until is None and self._wait_s is not None:
                until = time.monotonic() + self._wait_s
            self._wait(until)

    def _write_once(self, part: bytes | memoryview, size: int) -> int:
        """Return how much of *part* the sink has taken; 0 where it is full for now."""
        try:
            count = self._file.write(part)
        except BlockingIOError as error:  # a buffer is full, and what is below it takes nothing
            return getattr(error, "characters_written", 0)
        if count is None and isinstance(self._file, io.RawIOBase):
            return 0
        if type(count) is not int:
            import inspect  # which takes long to load

            if inspect.isawaitable(count):
                if inspect.iscoroutine(count):
                    count.close()  # which has not begun, and is not waited for
                raise TypeError(
                    f"the sink's write() has to be awaited, and wrote nothing ({type(self._file).__name__})"
                )
            return size  # most file-likes return None from write(), which means that they took everything
        if count <= 0:
            raise OSError(f"the sink took {count} of {size} bytes")
        return min(count, size)

    def _wait(self, until: float | None) -> None:
        """Wait until the sink may take more. Raises SinkTimeout at *until*, BlockingIOError where it cannot be told."""
        try:
            descriptor = self._file.fileno()
            poll = select.poll()
        except (AttributeError, OSError):  # no descriptor, or a system without poll
            raise BlockingIOError(errno.EAGAIN, "the sink took nothing, and there is nothing to wait for") from None
        left_s = LONGEST_WAIT_S if until is None else until - time.monotonic()
        if left_s <= 0:
            raise SinkTimeout(f"the sink took nothing for {self._wait_s:g} s (Timeout.read)")
        poll.register(descriptor, select.POLLOUT)
        if poll.poll(min(left_s, LONGEST_WAIT_S) * 1000 + 0.999):
            time.sleep(min(left_s, _AGAIN_S))  # it may say so and take nothing all the same

    def commit(self) -> None:
        """Have the content where it belongs. Raises OSError; then what was there before is there still."""
        if self._path is None:
            return
        try:
            self._file.close()
            if self._temporary is not None:
                os.replace(self._temporary, self._path)
                self._temporary = None
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Leave what was there before, if that was a file. Raises OSError."""
        if self._path is None:
            return
        temporary, self._temporary = self._temporary, None
        try:
            self._file.close()
        finally:
            if temporary is not None and os.getpid() == self._process:  # in the child of a fork it is the parent's
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)

    def __del__(self) -> None:
        """A streamed response was dropped: remove its temporary file, as its connection is closed too."""
        if getattr(self, "_temporary", None) is not None:  # there is none where it could not be opened
            with contextlib.suppress(OSError):
                self.abandon()


def _status_of(path: str) -> os.stat_result | None:
    """Return the lstat of *path*, None where there is nothing. Raises OSError for any other failure."""
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _open_beside(path: str, replaced: os.stat_result | None) -> tuple[Any, str]:
    """Return a new file in the folder of *path*, with the mode that open() would have left there, and its name."""
    folder, name = os.path.split(path)
    name = os.fsdecode(os.fsencode(name)[:_MOST_NAME_BYTES])
    while True:
        temporary = os.path.join(folder, f"{name}.{os.urandom(4).hex()}.part")
        try:
            file = open(temporary, "xb", buffering=0)  # noqa: SIM115 - commit and abandon close it
            break
        except FileExistsError:
            continue
    if replaced is not None and hasattr(os, "fchmod"):
        with contextlib.suppress(PermissionError):  # the owner of a file cannot be kept by everybody
            os.fchown(file.fileno(), replaced.st_uid, replaced.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(replaced.st_mode) & 0o777)
    return file, temporary
