"""What a fetcher is asked for: single requests, and iterables that are read as there is use for them."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any, Final

from .._backends.contract import Road
from ..errors import without_frames
from ..exchange import unanswered
from ..model import Request, Response
from ..preparing import Job, Preparer

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
        self._pause_s = _NOTHING_NOW_S[0]

    def take(self, now: float) -> Job | Response | None:
        """Return the next request's job, or the result of one that cannot be sent; None where there is nothing now.

        Raises what a source raises, which has ended then.
        """
        request: Any = self.added.popleft() if self.added else self._next(now)
        return None if request is None else self._job_of(request)

    def take_run(self, road: Road, most: int, now: float) -> Job | Response | None:
        """Have *road* queue the bare URLs that come next, at most *most*; return what came instead of one, as ``take``.

        Only while ``is_plain``.
        """
        count = self.count
        try:
            stop = road.queue_bare(self.sources[0], most)
        except StopIteration:
            self.sources.popleft()
            return None
        except BaseException:
            self.sources.popleft()  # a generator that has raised has ended
            raise
        finally:
            if self.count != count:
                self._pause_s = _NOTHING_NOW_S[0]
        if stop is None:
            return None
        request = self._settled(stop[0], now)
        return None if request is None else self._job_of(request)

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
            try:
                request = next(self.sources[0])
            except StopIteration:
                self.sources.popleft()
                continue
            except BaseException:
                self.sources.popleft()  # a generator that has raised has ended
                raise
            return self._settled(request, now)
        return None

    def _settled(self, request: Request | str | None, now: float) -> Request | str | None:
        """Return what a source has given; where that is nothing, it is not asked again for a while."""
        if request is None:
            self.again_at = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, _NOTHING_NOW_S[1])
            return None
        self._pause_s = _NOTHING_NOW_S[0]
        return request

    def clear(self) -> None:
        """Forget what was asked for."""
        self.added.clear()
        self.sources.clear()
