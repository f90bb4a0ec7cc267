"""Jobs of an AsyncClient: hooks that are awaited before, and bodies that tasks feed.

An asynchronous iterable as a body is read by a task of the event loop, a bounded part ahead of what has been sent; to
the engine it is a ``FedBody`` like any other.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from functools import partial
from typing import Any, Final

from ..._exchange.job import Job
from ..._exchange.request_body import FedBody
from ...errors import PoolClosed
from ...model import Request
from .driver import Driver
from .runners import Future

_FED_BYTES: Final = 262_144
"""How much of an asynchronous body is asked for ahead of what has been sent."""


def job_of(driver: Driver, request: Request, index: int) -> Job:
    """Return the job of *request*, whose body may be an asynchronous iterable. Raises as ``Preparer.prepare``."""
    return driver.shared.preparer.prepare(_with_fed_body(driver, request), index)


async def awaited_job(driver: Driver, request: Request, index: int) -> Job:
    """As ``job_of``, where hooks may have to be awaited. Raises PoolClosed if the client was closed meanwhile."""
    if not driver.shared.policies.awaits_before:
        return job_of(driver, request, index)
    job = await driver.shared.preparer.prepare_awaiting(_with_fed_body(driver, request), index)
    if driver.engine.is_closed:
        raise PoolClosed(f"the client was closed while a hook was awaited: {job.place}")
    return job


def _with_fed_body(driver: Driver, request: Request) -> Request:
    """Return *request* with what is sent in the place of an asynchronous iterable."""
    if not isinstance(request.body, AsyncIterable):
        return request
    return request.replaced(body=feeding(driver, request.body))


def feeding(driver: Driver, source: AsyncIterable[Any]) -> FedBody:
    """Return a body that a task feeds from *source*, from when the request is being sent."""
    runner = driver.runner
    waiting: list[Future] = []
    stop: list[Callable[[], None]] = []

    async def run(body: FedBody) -> None:
        parts: AsyncIterator[Any] | None = None
        try:
            parts = aiter(source)
            async for part in parts:
                body.feed(part)
                driver.wake()
                while body.size >= _FED_BYTES:
                    waiting.append(runner.future())
                    await waiting[-1]
            body.end()
        except Exception as error:
            body.end(error)
        except BaseException as error:
            told = RuntimeError(f"the body's source ended in {type(error).__name__}")
            told.__cause__ = error
            body.end(told)
            raise
        finally:
            driver.wake()
            await close_source(parts)

    def begin(body: FedBody) -> None:
        stop.append(runner.spawn(partial(run, body)))

    def room() -> None:
        while waiting:
            future = waiting.pop()
            if not future.done():
                future.set_result(None)

    def end() -> None:
        if stop:
            stop.pop()()

    return FedBody(begin, room, end)


async def close_source(source: AsyncIterator[Any] | None) -> None:
    """Close what was not read to its end, if it is a generator: at once, and not when it is collected."""
    if isinstance(source, AsyncGenerator):
        await source.aclose()
