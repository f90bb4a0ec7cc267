"""What a fetcher is asked for: single requests, and iterables that are read as there is use for them."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any, Final

from ..._exchange.job import Job
from ..._exchange.outcome import unanswered
from ..._exchange.preparing import Preparer
from ...errors import without_frames
from ...model import Request, Response

_NOTHING_NOW_S: Final = (0.001, 0.05)
"""The first and the longest pause after an input had nothing."""


class Intake:
    """Numbers requests as they are taken, and makes jobs of them."""

    def __init__(self, preparer: Preparer) -> None:
        self._preparer = preparer
        self.added: collections.deque[Request | str] = collections.deque()
        self.sources: collections.deque[Iterator[Request | str | None]] = collections.deque()
        self.count = 0
        """Requests that were taken, which is the index of the next one."""
        self.again_at = 0.0
        """When to read the sources again; until then they have nothing."""
        self._silent = 0  # sources that have had nothing, one after the other
        self._pause_s = _NOTHING_NOW_S[0]

    def take(self, now: float) -> Job | Response | None:
        """Return the next request's job, or the result of one that cannot be sent; None where there is nothing now.

        Raises what a source raises, which has ended then.
        """
        request: Any = self.added.popleft() if self.added else self._next(now)
        return None if request is None else self._job_of(request)

    def take_given(self, request: Any, now: float) -> Job | Response | None:
        """Return what *request* comes to, which the first source has given; as ``take``."""
        if request is None:
            self._note_none(now)
            return None
        self.note_given()
        return self._job_of(request)

    def is_plain(self, now: float) -> bool:
        """Return whether the next request comes from a source, and may be there."""
        return not self.added and bool(self.sources) and now >= self.again_at

    def _job_of(self, request: Any) -> Job | Response:
        index = self.count
        self.count = index + 1
        try:
            if isinstance(request, str):
                return self._preparer.prepare_url(request, index)
            if isinstance(request, Request):
                return self._preparer.prepare(request, index)
            raise TypeError(f"expected a Request or a URL as str, got {type(request).__name__}")
        except Exception as error:
            return unanswered(request, index, without_frames(error))

    def _next(self, now: float) -> Request | str | None:
        while self.sources and now >= self.again_at:
            source = self.sources[0]
            try:
                request = next(source)
            except StopIteration:
                self.end(source)
                continue
            except BaseException:
                self.end(source)  # a generator that has raised has ended
                raise
            if request is not None:
                self.note_given()
                return request
            self._note_none(now)
        return None

    def end(self, source: Iterator[Request | str | None]) -> None:
        """Forget a source; it may have closed the fetcher, which forgets all."""
        if self.sources and self.sources[0] is source:
            self.sources.popleft()

    def _note_none(self, now: float) -> None:
        """Move on to the next source: the first has given None, nothing now.

        When each source in turn had nothing, none is asked for a while.
        """
        self.sources.rotate(-1)
        self._silent += 1
        if self._silent >= len(self.sources):
            self._silent = 0
            self.again_at = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, _NOTHING_NOW_S[1])

    def note_given(self) -> None:
        """Note that a source has given something."""
        self._silent = 0
        self._pause_s = _NOTHING_NOW_S[0]

    def clear(self) -> None:
        """Forget what was asked for."""
        self.added.clear()
        self.sources.clear()
