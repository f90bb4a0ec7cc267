"""What is written goes to a thread, so that no disk and no compressor holds up the connections."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar

T = TypeVar("T")

BLOCK_BYTES: Final = 1 << 20
"""Of so much the thread begins to write before its time."""
MOST_AT_ONCE_BYTES: Final = 4 << 20
"""Of so much it makes one piece of work, since most work copies what it is given."""
MOST_HELD_BYTES: Final = 16 << 20
"""Of more than this, who writes waits for the thread: memory stays what it is where the disk is slower than the net."""


class Spool(Generic[T]):
    """Has a thread call *work* with what was put in, in its order, each *flush_s* seconds or when there is a block.

    The first exception of *work* ends it, and is raised by each call from then on.
    """

    def __init__(self, work: Callable[[list[T]], None], flush_s: float) -> None:
        self._work = work
        self._flush_s = flush_s
        self._items: deque[tuple[T, int]] = deque()
        self._put = 0  # bytes; written by who puts, as _done is by the thread: neither needs a lock
        self._done = 0
        self._wake = threading.Event()
        self._idle = threading.Event()  # set by the thread whenever it has done something
        self._is_closing = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def put(self, item: T, size: int) -> None:
        """Hand over *item*, of *size* bytes. Waits while too much is held. Raises what *work* has raised."""
        if self._error is not None:
            raise self._error
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="httpconn writer", daemon=True)
            self._thread.start()
        self._items.append((item, size))
        self._put += size
        held = self._put - self._done
        if held >= BLOCK_BYTES:
            self._wake.set()
            if held >= MOST_HELD_BYTES:
                self._wait_until(lambda: self._put - self._done < MOST_HELD_BYTES // 2)

    def flush(self) -> None:
        """Return when all that was put in is done. Raises as ``put``."""
        self._wait_until(lambda: self._done == self._put and not self._items)

    def close(self) -> None:
        """Do what is left, and end the thread. Raises as ``put``."""
        if self._thread is not None:
            self._is_closing = True
            self._wake.set()
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        while self._error is None and not is_so():
            self._idle.clear()
            if is_so():
                break
            self._wake.set()
            self._idle.wait(self._flush_s)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while True:
                is_last = self._is_closing
                left = len(self._items)
                while left:
                    left -= self._work_off(left)
                self._idle.set()
                if is_last:
                    return
                self._wake.wait(self._flush_s)
                self._wake.clear()
        except BaseException as error:
            self._error = error
            self._idle.set()

    def _work_off(self, most: int) -> int:
        """Do what was put in first, a few MiB of it and *most* items; return how many these are."""
        taken: list[T] = []
        size = 0
        while len(taken) < most and size < MOST_AT_ONCE_BYTES:
            item, item_size = self._items.popleft()
            taken.append(item)
            size += item_size
        count = len(taken)
        self._work(taken)  # whose list it is from now on
        self._done += size
        self._idle.set()
        return count


_unclosed: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
"""The writers that are in use, each with the process that opened it."""


def close_at_exit(writer: Any) -> None:
    """Have *writer* closed when the process ends, with a ResourceWarning, if nobody has closed it by then."""
    _unclosed[writer] = os.getpid()


@atexit.register
def _close_unclosed() -> None:
    for writer, process in list(_unclosed.items()):
        if process == os.getpid():  # else it is the parent's, and its thread is not here
            writer.close()
            told = f"unclosed {type(writer).__name__}: close() it, or use it in a with block"
            warnings.warn(told, ResourceWarning, stacklevel=2)  # last: a warning may be made an error


class Opening(NamedTuple):
    """What ``writers.open`` was told; *file_bytes* and *revisit* are for some formats only."""

    resume: bool
    replace: bool
    fields: Iterable[str] | None
    flush_s: float
    file_bytes: int | None
    revisit: bool


class SpoolingWriter:
    """What each ``Writer`` over a spool has: how it is flushed and closed, and its ``with`` block."""

    _spool: Spool[Any]
    _is_closed = False

    def _end(self) -> None:
        """Put in what is to come last. Raises as ``Spool.put``."""

    def _finish(self) -> None:
        """Close the file, also behind an error; the spool has ended."""
        raise NotImplementedError

    def flush(self) -> None:
        self._spool.flush()

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        _unclosed.pop(self, None)
        try:
            self._end()
        finally:
            try:
                self._spool.close()
            finally:
                self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
