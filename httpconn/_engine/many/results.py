"""The results of ``AsyncClient.fetch_many``: the input, read as there is use for it, and what has come.

``Inbox`` is the engine's end, and does not keep ``Results``, which who iterates over it may drop at any time: what has
not come is given up then. Bounded twice: by how many requests are under way, and by the memory of what waits here.
"""

from __future__ import annotations

import collections
import contextvars
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Any, Final, Self

from ..._exchange.job import Job
from ...errors import PoolClosed
from ...model import Request, Response, memory_of
from .driver import Driver, Unjudged, refused
from .fed import awaited_job, close_source, job_of
from .runners import Future

_NOTHING_NOW_S: Final = 0.01
"""How long until an input that had nothing is looked at again."""
_READ_FOR_S: Final = 0.002
"""How long an input is read at once, before the event loop and its other tasks have their turn."""


class Inbox:
    """What has come of many requests; the engine's end of ``Results``, which does not keep that one."""

    def __init__(self, driver: Driver, most: int, *, is_ordered: bool) -> None:
        self.driver = driver
        self.most = most
        self.is_ordered = is_ordered
        self.ready: collections.deque[Response] = collections.deque()
        self.held = 0
        """Bytes of content that the caller has not taken. Beyond ``max_buffered_bytes``, queued requests wait."""
        self.is_at_end = False
        self.error: BaseException | None = None
        """What the input has raised."""
        self.failure: BaseException | None = None
        """Why there will be no more results."""
        self.given = 0
        self.handed_out = 0
        self.waiter: Future | None = None
        """Who waits for a result."""
        self.room: Future | None = None
        """Who waits until more may be asked for."""
        self.stop_feeding: Callable[[], None] | None = None
        """Ends the task that reads an asynchronous input."""
        self._jobs: dict[int, tuple[Job, int]] = {}
        self._done: dict[int, Response] = {}
        self._next = 0
        self._is_stopped = False
        self._hooks: dict[int, Callable[[], None]] = {}
        """By the places of their requests: what cancels the hooks that are awaited."""
        self._context = contextvars.copy_context()
        self._set_aside: dict[int, Job] = {}
        """While it is stopped: by their places, the jobs that would be in the engine's queues."""
        self._looks_again = False

    @property
    def has_room(self) -> bool:
        return self.given - self.handed_out < self.most and not self._is_stopped

    def add(self, request: Any) -> None:
        """Ask for one more. What is wrong with it is told by its result."""
        driver, place = self.driver, self.given
        self.given = place + 1
        index = driver.next_index()
        if driver.shared.policies.awaits_before:
            self._await_hooks(request, place, partial(self._prepare, request, index, place))
            return
        try:
            if isinstance(request, str):
                job = driver.shared.preparer.prepare_url(request, index)
            elif isinstance(request, Request):
                job = job_of(driver, request, index)
            else:
                raise _no_request(request)
        except Exception as error:
            self._put(refused(request, place, error))
            return
        self._jobs[index] = job, place
        driver.send(job, self, is_patient=True)

    def _await_hooks(self, request: Any, place: int, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run *step*, which awaits hooks for a request, beside all others. What it raises is told by the result."""

        async def run() -> None:
            told: BaseException
            try:
                await step()
                return
            except Exception as error:
                told = error
            except BaseException as error:
                if place not in self._hooks:  # it is we who have ended it
                    raise
                told = RuntimeError(f"a hook ended in {type(error).__name__}")
                told.__cause__ = error
            finally:
                self._hooks.pop(place, None)
            if self.driver.engine.is_closed:
                self.set_result(None)
            else:
                self._put(refused(request, place, told))

        self._hooks[place] = _nothing
        stop = self.driver.runner.spawn(run, self._context.copy())
        if place in self._hooks:  # else it is done already, by a loop whose tasks begin at once
            self._hooks[place] = stop

    async def _prepare(self, request: Any, index: int, place: int) -> None:
        """Ask for one more when its hooks have been awaited."""
        driver = self.driver
        if not isinstance(request, Request):
            if not isinstance(request, str):
                raise _no_request(request)
            request = Request("GET", request)
        job = await awaited_job(driver, request, index)
        self._jobs[index] = job, place
        driver.send(job, self, is_patient=True)
        if self._is_stopped:
            self._set_aside |= {self._jobs[job.index][1]: job for job in driver.engine.set_aside({index})}
            self._balance()

    async def _judge(self, unjudged: Unjudged) -> None:
        """Take a response when its hooks have been awaited, if nothing follows it. Its content counts meanwhile."""
        size = memory_of(unjudged.response)
        self.held += size
        self._balance()
        try:
            response = await self.driver.judge(unjudged, self)
        except BaseException:
            self._jobs.pop(unjudged.job.index, None)
            raise
        finally:
            self.held -= size
        if response is not None:
            self.set_result(response)

    def done(self) -> bool:
        return False

    def set_result(self, response: Any, /) -> None:
        """Take a response, or what comes to all where the client is closed."""
        if isinstance(response, Unjudged):
            place = self._jobs[response.job.index][1]
            self._await_hooks(response.response.request, place, partial(self._judge, response))
            return
        if not isinstance(response, Response):
            self._stop_hooks()
            self.failure = response or PoolClosed("the client was closed before the responses had come")
            self.end_input()
            self.tell()
            return
        _, response.index = self._jobs.pop(response.index)
        self._put(response)

    def _put(self, response: Response) -> None:
        self.held += memory_of(response)
        if not self.is_ordered:
            self.ready.append(response)
        else:
            self._done[response.index] = response
            while (found := self._done.pop(self._next, None)) is not None:
                self.ready.append(found)
                self._next += 1
        self._balance()
        self.tell()

    def take(self) -> Response:
        response = self.ready.popleft()
        self.handed_out += 1
        self.held -= memory_of(response)
        if self._is_stopped:
            self._balance()
        if self.has_room:
            room, self.room = self.room, None
            if room is not None and not room.done():
                room.set_result(None)
        return response

    def _balance(self) -> None:
        """Have what has no connection yet wait while more than enough is here, and go on when half of it is taken.

        What has one comes, and so what is here is more by that. Nobody else's requests wait, for places neither: who
        goes through the results may well ask for something meanwhile.
        """
        engine = self.driver.engine
        if engine.is_closed:
            return
        if not self._is_stopped:
            if self.held > engine.memory.most:
                self._is_stopped = True
                self._set_aside = {self._jobs[job.index][1]: job for job in engine.set_aside({*self._jobs})}
        elif self.held <= engine.memory.most // 2:
            self._is_stopped = False
            set_aside, self._set_aside = self._set_aside, {}
            for job in set_aside.values():
                engine.queue(job)
            self.driver.wake()
        if self._is_stopped and self.is_ordered and not self.ready and self._next in self._set_aside:
            engine.queue(self._set_aside.pop(self._next))  # all that is here waits for it
            self.driver.wake()

    def look_again(self, seconds: float) -> None:
        """Have who waits for a result look at the input again so much later."""
        if not self._looks_again:
            self._looks_again = True
            self.driver.runner.call_later(seconds, self._look)

    def _look(self) -> None:
        self._looks_again = False
        self.tell()

    def end_input(self) -> None:
        """Ask for nothing more."""
        self.is_at_end = True
        stop, self.stop_feeding = self.stop_feeding, None
        if stop is not None:
            stop()

    def tell(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def give_up(self) -> None:
        """Cancel the requests that are not answered yet."""
        self._stop_hooks()
        self._set_aside.clear()
        jobs, self._jobs = self._jobs, {}
        for job, _ in jobs.values():
            self.driver.cancel(job)

    def _stop_hooks(self) -> None:
        hooks, self._hooks = self._hooks, {}
        for stop in hooks.values():
            stop()


class Results:
    """The responses to many requests; see ``AsyncClient.fetch_many``."""

    def __init__(
        self,
        client: object,
        driver: Driver,
        requests: Iterable[Request | str] | AsyncIterable[Request | str],
        *,
        most: int,
        ordered: bool,
    ) -> None:
        """*most* is how many requests may be under way, or wait here."""
        self._client = client  # which must not go meanwhile
        self._inbox = Inbox(driver, most, is_ordered=ordered)
        self._source: Iterator[Any] | None = None
        if isinstance(requests, AsyncIterable):
            self._inbox.stop_feeding = driver.runner.spawn(partial(_feed, aiter(requests), self._inbox))
        else:
            self._source = iter(requests)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Response:
        inbox = self._inbox
        while True:
            if not inbox.ready and self._source is not None:
                self._read_ahead(self._source)
            if inbox.ready:
                return inbox.take()
            if inbox.failure is not None:
                raise inbox.failure
            if inbox.is_at_end and inbox.handed_out == inbox.given:
                error, inbox.error = inbox.error, None
                if error is not None:
                    try:
                        raise error
                    finally:
                        del error
                raise StopAsyncIteration
            if inbox.waiter is not None:
                raise RuntimeError("the results are being asked for by another task")
            waiter = inbox.waiter = inbox.driver.runner.future()
            try:
                await waiter
            finally:
                if inbox.waiter is waiter:
                    inbox.waiter = None

    def _read_ahead(self, source: Iterator[Any]) -> None:
        inbox = self._inbox
        until = time.monotonic() + _READ_FOR_S
        while inbox.has_room:
            try:
                request = next(source)
            except StopIteration:
                inbox.is_at_end = True
                self._source = None
                return
            except Exception as error:  # it comes when what was asked for before is done
                inbox.is_at_end = True
                inbox.error = error
                self._source = None
                return
            if request is None:  # nothing now
                inbox.look_again(_NOTHING_NOW_S)
                return
            inbox.add(request)
            if time.monotonic() >= until:
                inbox.look_again(0.0)
                return

    async def aclose(self) -> None:
        """Give up what has not come yet."""
        self._close()

    def _close(self) -> None:
        self._source = None
        inbox = self._inbox
        inbox.end_input()
        inbox.given = inbox.handed_out
        inbox.ready.clear()
        inbox.held = 0
        if not inbox.driver.engine.is_closed:
            inbox.give_up()
        if not inbox.driver.runner.is_over():
            inbox.tell()

    def __del__(self) -> None:
        if hasattr(self, "_inbox"):
            self._close()


async def _feed(source: AsyncIterator[Any], inbox: Inbox) -> None:
    """Ask for all that *source* gives, as there is use for it."""
    try:
        async for request in source:
            if request is not None:
                inbox.add(request)
            while not inbox.has_room:
                room = inbox.room = inbox.driver.runner.future()
                await room
    except Exception as error:
        inbox.error = error
    except BaseException as error:
        if inbox.stop_feeding is not None:  # it is not we who have ended it
            inbox.error = RuntimeError(f"the input of fetch_many ended in {type(error).__name__}")
            inbox.error.__cause__ = error
        raise
    finally:
        inbox.is_at_end = True
        inbox.tell()
        await close_source(source)


def _nothing() -> None: ...


def _no_request(given: Any) -> TypeError:
    return TypeError(f"expected a Request or a URL as str, got {type(given).__name__}")
