"""What is written goes to a thread, so that no disk and no compressor holds up the connections."""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, NamedTuple, Protocol, Self, TypeVar

B = TypeVar("B", bound="Block")

BLOCK_BYTES: Final = 1 << 20
"""Of so much the thread begins to write before its time, and makes one piece of work."""
MOST_HELD_BYTES: Final = 8 << 20
"""Of more than this, who writes waits for the thread: memory stays what it is where the disk is slower than the net."""
_LONGEST_HOLD_S: Final = 5.0
"""The lock is held for a few steps. For longer, it is held by whom a signal's handler has interrupted."""


class Block(Protocol):
    """What grows by ``+=``: a list of records, or a bytearray."""

    def __iadd__(self, more: Any, /) -> Any: ...

    def __len__(self) -> int: ...


class Spool(Generic[B]):
    """Has a thread call *work* with what was put in, in its order, each *flush_s* seconds or when there is a block.

    *new* makes an empty block, which is the work's own when it is full. The first exception of *work* ends it, and is
    raised by each call from then on.
    """

    def __init__(self, work: Callable[[B], None], flush_s: float, new: Callable[[], B]) -> None:
        self._work = work
        self._flush_s = flush_s
        self._new = new
        self._lock = threading.Lock()  # for the next five
        self._open = new()
        self._open_bytes = 0
        self._full: deque[tuple[B, int]] = deque()
        self._full_bytes = 0  # that of the block which is worked on as well
        self._is_working = False
        self._wake = threading.Event()
        self._idle = threading.Event()  # set by the thread whenever it has done something
        self._is_closing = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def put(self, more: Any, size: int) -> None:
        """Add *more*, of *size* bytes, to the block. Waits while too much is held.

        Raises what *work* has raised, ValueError once this was closed, and as ``check_enters``.
        """
        if self._error is not None:
            raise self._error
        if self._lock.locked():
            self.check_enters()
        if self._thread is None:
            if self._is_closing:
                raise ValueError("expected a writer that is open; this one was closed")
            self._thread = threading.Thread(target=self._run, name="httpconn writer", daemon=True)
            self._thread.start()
        with self._lock:
            self._open += more
            self._open_bytes += size
            if self._open_bytes < BLOCK_BYTES:
                return
            self._end_block()
        self._wake.set()
        if self._full_bytes >= MOST_HELD_BYTES:
            self._wait_until(lambda: self._full_bytes < MOST_HELD_BYTES // 2)

    def flush(self) -> None:
        """Return when all that was put in is done. Raises as ``put``."""
        self._wait_until(self._is_done)

    def close(self) -> None:
        """Do what is left, and end the thread. Raises as ``put``."""
        self.check_enters()
        self._is_closing = True
        if self._thread is not None:
            self._wake.set()
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def check_enters(self) -> None:
        """Raise RuntimeError in a signal's handler that has come in while its thread puts something in.

        It would wait for that thread, which waits for it.
        """
        ends_at = time.monotonic() + _LONGEST_HOLD_S
        while self._lock.locked():
            if time.monotonic() > ends_at:
                raise RuntimeError("something is being put in already: by the code that a signal's handler interrupted")
            time.sleep(0.001)

    def _is_done(self) -> bool:
        self.check_enters()
        with self._lock:  # in the middle of a step of the thread's, what it takes is in none of the three
            return not (self._open or self._full or self._is_working)

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        while self._error is None and not is_so():
            self._idle.clear()
            if is_so():
                break
            self._wake.set()
            self._idle.wait(self._flush_s)
        if self._error is not None:
            raise self._error

    def _end_block(self) -> None:
        fresh = self._new()
        block, size = self._open, self._open_bytes
        # Nothing is called from here on until the block is where it belongs, so that Ctrl-C leaves it in one place.
        self._open, self._open_bytes = fresh, 0
        self._full_bytes += size
        self._full.append((block, size))

    def _run(self) -> None:
        try:
            while True:
                is_last = self._is_closing
                for _ in range(len(self._full) + 1):  # and the one that is open, of whatever size
                    self._work_off()
                self._idle.set()
                if is_last:
                    return
                self._wake.wait(self._flush_s)
                self._wake.clear()
        except BaseException as error:
            self._error = error
            self._idle.set()

    def _work_off(self) -> None:
        """Do the first block, if anything is there."""
        with self._lock:
            if not self._full:
                if not self._open:
                    return
                self._end_block()
            block, size = self._full.popleft()
            self._is_working = True
        self._work(block)
        del block
        with self._lock:
            self._full_bytes -= size
            self._is_working = False
        self._idle.set()


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
        self._spool.check_enters()
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
