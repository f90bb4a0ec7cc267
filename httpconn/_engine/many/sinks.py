"""Sinks under an event loop: files may be slow, so threads write to them.

``Sink`` of `_exchange` says what a sink is; this one is opened, written to and closed by threads, one at a time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from ..._exchange.sink import Sink
from .runners import Runner


class SinkInThread:
    """A sink that threads open, write to and close, one at a time: it may be slow. It may be given up meanwhile."""

    def __init__(self, runner: Runner, path_or_file: Any, wait_s: float | None) -> None:
        self._runner = runner
        self._path_or_file = path_or_file
        self._wait_s = wait_s
        self._sink: Sink | None = None
        self._lock = threading.Lock()
        self._is_at_work = False
        self._is_given_up = False

    @property
    def count(self) -> int:
        """Bytes that it has taken."""
        return 0 if self._sink is None else self._sink.count

    @property
    def can_begin_anew(self) -> bool:
        """Whether nothing is left of what was written when it is given up."""
        return self._sink is None or self._sink.can_begin_anew or not self._sink.count

    async def open(self) -> None:
        await self._runner.in_thread(self._do, self._open)

    async def write(self, part: bytes) -> None:
        await self._runner.in_thread(self._do, self._write, part)

    async def commit(self) -> None:
        await self._runner.in_thread(self._do, self._commit)

    def give_up(self) -> None:
        """Abandon it: now, or where a thread is at work with it, in that one behind its work."""
        with self._lock:
            self._is_given_up = True
            if self._is_at_work:
                return
        self._abandon()

    def _do(self, work: Callable[..., None], *args: Any) -> None:
        with self._lock:
            if self._is_given_up:
                return
            self._is_at_work = True
        try:
            work(*args)
        finally:
            if self._was_given_up():
                self._abandon()

    def _was_given_up(self) -> bool:
        """Return whether the sink was given up while a thread was at work with it, which it is no longer."""
        with self._lock:
            self._is_at_work = False
            return self._is_given_up

    def _open(self) -> None:
        self._sink = Sink(self._path_or_file, self._wait_s)

    def _write(self, part: bytes) -> None:
        assert self._sink is not None
        self._sink.write(part)

    def _commit(self) -> None:
        assert self._sink is not None
        self._sink.commit()

    def _abandon(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            with contextlib.suppress(OSError):  # there is another error, or nobody who would want to know
                sink.abandon()
