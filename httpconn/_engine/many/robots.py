"""A loop that keeps to robots.txt: what is asked for waits until the rules of its origin are known.

That is all that is different, and so a loop without it pays nothing. The robots.txt goes the way of every other request
(queues, rates, redirects, retries, hooks, proxies), with an index below 0 by which its response is known. What waits
for it is in no host's queue; it is queued, first or last as it would have been, or given up, when the rules are there.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from ..._exchange.job import Job
from ..._exchange.settings import FetchSettings
from ...errors import RobotsDisallowed, TotalTimeout, without_frames
from ...model import Request, Response
from ...policies.robots import MOST_REDIRECTS, Beginning, Robots, Rules, Unreachable, target_of, url_of
from ..shared import Shared
from .intake import Intake
from .loop import Loop
from .scheduler import Scheduler

_FOREVER: Final = float("inf")
_OF_THE_WAY: Final = ("context", "fingerprint", "proxy", "server_hostname", "timeout")
"""What the request of a robots.txt has of the one that it is for: it goes the same way."""


def loop_of(shared: Shared, settings: FetchSettings, intake: Intake) -> Loop:
    """Return the loop for *settings*."""
    return (PoliteLoop if settings.robots_token else Loop)(shared, settings, intake)


class PoliteLoop(Loop):
    """Asks for the robots.txt of each origin before anything else there."""

    def __init__(self, shared: Shared, settings: FetchSettings, intake: Intake) -> None:
        super().__init__(shared, settings, intake)
        self._queues_bare = False  # each one is looked at
        self.robots = Robots(settings.robots_token)
        self._parked: dict[Any, list[tuple[Job, bool]]] = {}
        """By the key of their origin, jobs that wait for its rules, and whether each goes in front of the others."""
        self._asked: dict[int, tuple[Any, str, Beginning]] = {}
        """What a response with that index is of: the key of an origin, a URL, and where the content is."""
        self._numbers = itertools.count(-1, -1)
        self._await: Callable[[Callable[[], Coroutine[Any, Any, None]]], Any] = _cannot_await
        self._wake: Callable[[], None] = _cannot_wake

    def await_by(
        self, spawn: Callable[[Callable[[], Coroutine[Any, Any, None]]], Any], wake: Callable[[], None]
    ) -> None:
        """Have hooks that are coroutine functions awaited by *spawn*, and call *wake* when there is something to do."""
        self._await, self._wake = spawn, wake

    # -- on the way in ----------------------------------------------------------------------------------------

    def queue(self, job: Job) -> None:
        if self._is_allowed(job, is_first=False):
            super().queue(job)

    def queue_first(self, job: Job) -> None:
        if self._is_allowed(job, is_first=True):
            super().queue_first(job)

    def start_at_once(self, job: Job, due_at: float) -> bool:
        is_known = self.robots.find(job.origin.key, time.monotonic()) is not None
        return is_known and self._refusal_of(job) is None and super().start_at_once(job, due_at)

    def _is_allowed(self, job: Job, *, is_first: bool) -> bool:
        """Return whether *job* may be queued; else it is given up, or waits for the rules of its origin."""
        if job.index < 0:
            return True
        refusal = self._refusal_of(job)
        if refusal is not None:
            self.give_up(job, refusal)
            return False
        key = job.origin.key
        if self.robots.find(key, time.monotonic()) is not None or target_of(_url_of(job)) is None:
            return True
        is_asked = key in self._parked
        self._parked.setdefault(key, []).append((job, is_first))
        self.queued += 1
        if job.trail is not None:
            self.sweep_at = min(self.sweep_at, job.trail.total_at)
        if not is_asked:
            self._ask(job)
        return False

    def _refusal_of(self, job: Job) -> RobotsDisallowed | None:
        """Return what the rules, as far as they are known, say against *job*."""
        rules = self.robots.find(job.origin.key, time.monotonic())
        target = None if rules is None else target_of(_url_of(job))
        if rules is None or target is None:
            return None
        try:
            rules.check(target, job.origin)
        except RobotsDisallowed as refusal:
            return without_frames(refusal)
        return None

    # -- robots.txt -------------------------------------------------------------------------------------------

    def _ask(self, job: Job) -> None:
        """Ask for the robots.txt of the origin of *job*, the way that *job* goes itself."""
        url, key, index, sink = url_of(job.origin), job.origin.key, next(self._numbers), Beginning()
        request = Request("GET", url, sink=sink, redirects=MOST_REDIRECTS)
        if isinstance(job.request, Request):
            request = request.replaced(**{name: getattr(job.request, name) for name in _OF_THE_WAY})
        self._asked[index] = key, url, sink
        if self.shared.policies.awaits_before:
            self._await(partial(self._ask_awaiting, request, index, job))
            return
        try:
            asking = self.off_the_clock(self.shared.preparer.prepare, request, index)
        except Exception as error:  # a hook's, most likely
            self._fail(index, error)
            return
        self._send(asking, job)

    async def _ask_awaiting(self, request: Request, index: int, job: Job) -> None:
        """Ask for a robots.txt when the hooks have been awaited."""
        try:
            asking = await self.shared.preparer.prepare_awaiting(request, index)
            if not self.is_closed:
                self._send(asking, job)
        except BaseException as error:
            self._fail(index, error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._wake()

    def _send(self, asking: Job, job: Job) -> None:
        """Queue *asking*, the job of the robots.txt that is for *job*."""
        asking.is_led = asking.is_led or job.is_led
        self.queue(asking)

    def _fail(self, index: int, error: BaseException) -> None:
        """Note that a robots.txt cannot be asked for."""
        asked = self._asked.pop(index, None)
        if asked is not None:  # else all is closed
            self._learn(asked[0], Unreachable(0, without_frames(error)))

    def answered(self, response: Response) -> None:
        if response.index >= 0:
            super().answered(response)
            return
        self.memory.held -= len(response._content)
        job = self.unjudged.pop(response.index, None)
        if job is None:
            self._judged(response)
        else:
            self._await(partial(self._judge, job, response))

    async def _judge(self, job: Job, response: Response) -> None:
        """Await the hooks that are shown the *response* to *job*, and see to what follows; see ``Driver.judge``."""
        now, began, total_at = time.monotonic(), self.time(), self.end_of_total(job)
        try:
            follow_up = await self.shared.follower.awaiting(job, response, total_at - began, time.time())
            if self.is_closed or self.go_on_after(job, response, follow_up, now, total_at + self.time() - began):
                return
            self._judged(response)
        except BaseException as error:  # it was cancelled by itself, or with the event loop
            self._fail(response.index, error)
            raise
        finally:
            self._wake()

    def _judged(self, response: Response) -> None:
        """Take what a robots.txt has come to."""
        key, url, sink = self._asked.pop(response.index)
        self._learn(key, self.robots.judge(response, sink, url))

    def _learn(self, key: Any, rules: Rules) -> None:
        """Note the *rules* of an origin, and let go on what has waited for them, as far as they allow it."""
        self.robots.keep(key, rules, time.monotonic())
        self.pacing.slow_down(key, rules.delay_s)
        for job, is_first in self._parked.pop(key, ()):
            self.queued -= 1
            (self.queue_first if is_first else self.queue)(job)

    # -- what waits -------------------------------------------------------------------------------------------

    def drop_cancelled(self) -> None:
        if self._cancelled and self._parked:
            self._cancelled -= {job.index for job in self._take_parked(self._cancelled)}
        super().drop_cancelled()

    def set_aside(self, indexes: set[int]) -> list[Job]:
        return [*self._take_parked(indexes), *super().set_aside(indexes)]

    def _take_parked(self, indexes: set[int]) -> list[Job]:
        """Take those of the requests with these indexes out that wait for a robots.txt, which still comes."""
        taken: list[Job] = []
        for waiting in self._parked.values():
            taken += [job for job, _ in waiting if job.index in indexes]
            waiting[:] = [entry for entry in waiting if entry[0].index not in indexes]
        self.queued -= len(taken)
        return taken

    def _sweep(self) -> None:
        super()._sweep()
        late = [job for waiting in self._parked.values() for job, _ in waiting if _ends_at(job) <= self.now]
        self._take_parked({job.index for job in late})
        for job in late:
            self.give_up(job, TotalTimeout(f"the robots.txt of {job.origin} has not come by the end of Timeout.total"))
        left = (_ends_at(job) for waiting in self._parked.values() for job, _ in waiting)
        self.sweep_at = min(self.sweep_at, min(left, default=_FOREVER))

    def close(self) -> None:
        super().close()
        self._parked.clear()
        self._asked.clear()


def sitemaps_of(loop: Scheduler) -> dict[str, Sequence[str]]:
    """Return the URLs of sitemaps by the origins whose robots.txt has named them."""
    return loop.robots.sitemaps() if isinstance(loop, PoliteLoop) else {}


def _cannot_await(coroutine: Callable[[], Coroutine[Any, Any, None]]) -> None:
    raise RuntimeError("a hook is to be awaited where there is no event loop")


def _cannot_wake() -> None:
    """There is nobody to wake: a fetcher runs while it is asked for a result."""


def _ends_at(job: Job) -> float:
    """Return when the whole time of *job* is over, if it has begun: a first turn may be waited for."""
    return _FOREVER if job.trail is None else job.trail.total_at


def _url_of(job: Job) -> str:
    return job.request if isinstance(job.request, str) else job.request.url
