"""An AsyncClient for tests that do not await: each request runs an event loop until its response is there.

``Awaiting`` has what is common; ``AwaitedPool`` has a pool's face, ``AwaitedFetcher`` a fetcher's, ``AwaitedMany`` that
of ``fetch_many``.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from functools import partial, partialmethod
from typing import Any, Self

from httpconn import AsyncClient, Request, Response
from httpconn._engine.many.results import Results
from httpconn._exchange.request_fields import RequestFields
from httpconn.fetch import FetchStats


class Awaiting:
    """Sends one request after the other; raises what the client raises."""

    def __init__(self, *, streams: bool = False, **options: Any) -> None:
        """With *streams*, each response is read as a stream, by ``aread``."""
        self.streams = streams
        self.client = AsyncClient(**options)  # which may refuse them: then there is nothing to close
        self.loop = asyncio.new_event_loop()

    @property
    def stats(self) -> Any:
        return self.client.stats

    def request(self, method: str, url: str, *, stream: bool = False, **options: Any) -> Response:
        """Send a request as a pool does; *stream* is for who reads, and that is this one."""
        return self.send(Request(method, url, **options))

    def get(self, url: str, **options: Any) -> Response:
        return self.request("GET", url, **options)

    def send(self, request: Request | str) -> Response:
        return self.run(self._send(request))

    def run(self, step: Coroutine[Any, Any, Any]) -> Any:
        """Run *step* to its end; where the client is closed, and its event loop too, in another one."""
        return asyncio.run(step) if self.loop.is_closed() else self.loop.run_until_complete(step)

    async def _send(self, request: Request | str) -> Response:
        if isinstance(request, str):
            if not self.streams:
                return await self.client.get(request)
            request = Request("GET", request)
        if not self.streams or request.sink is not None:
            return await self.client.send(request)
        given = {
            name: value
            for name in RequestFields.__slots__
            if (value := getattr(request, name)) != getattr(_UNSAID, name)
        }
        method, url = given.pop("method", "GET"), given.pop("url")
        async with self.client.stream(method, url, **given) as response:
            await response.aread()
            return response

    @property
    def _loop(self) -> Any:
        """The engine, by the name that it has in a Fetcher."""
        driver = self.client._driver
        assert driver is not None
        return driver.engine

    @property
    def _shared(self) -> Any:
        return self.client._shared

    @property
    def _settings(self) -> Any:
        return self.client._settings

    def __repr__(self) -> str:
        return repr(self.client)

    def __reduce__(self) -> tuple[Any, ...]:
        made: Any = self.client.__reduce__()[0]
        return partial(type(self), **made.keywords), ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client, and its event loop where it is not the one that runs this."""
        self.client.close()
        if self.loop.is_closed() or self.loop.is_running():
            return
        self.loop.run_until_complete(asyncio.sleep(0))  # what was cancelled ends
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class AwaitedPool(Awaiting):
    """An AsyncClient with the face of a pool, for one thread."""

    def request(self, method: str, url: str, *, stream: bool = False, **options: Any) -> Any:
        if not stream:
            return self.run(self.client.request(method, url, **options))
        return AwaitedResponse(self.loop, self.run(self._open(method, url, options)))

    async def _open(self, method: str, url: str, options: Any) -> Any:
        return await self.client.stream(method, url, **options).__aenter__()

    def _ask(self, method: str, url: str, *, stream: bool = False, **options: Any) -> Any:
        if stream:
            return self.request(method, url, stream=True, **options)
        return self.run(getattr(self.client, method.lower())(url, **options))

    get = partialmethod(_ask, "GET")
    head = partialmethod(_ask, "HEAD")
    options = partialmethod(_ask, "OPTIONS")
    post = partialmethod(_ask, "POST")
    put = partialmethod(_ask, "PUT")
    patch = partialmethod(_ask, "PATCH")
    delete = partialmethod(_ask, "DELETE")

    def go_on(self) -> None:
        """Let the event loop have two rounds: in the second is done what the first has called for."""
        for _ in range(0 if self.loop.is_closed() else 2):
            self.loop.run_until_complete(asyncio.sleep(0))

    @property
    def kept(self) -> list[Any]:
        """The connections that nobody uses, the one used last at the end."""
        return [*self._loop.idle]


class AwaitedResponse:
    """A streamed response with the face of a pool's: each part runs the event loop until it is there."""

    def __init__(self, loop: asyncio.AbstractEventLoop, response: Any) -> None:
        self._loop = loop
        self.awaited = response

    def __getattr__(self, name: str) -> Any:
        return getattr(self.awaited, name)

    @property
    def encoding(self) -> str:
        return self.awaited.encoding

    @encoding.setter
    def encoding(self, name: str) -> None:
        self.awaited.encoding = name

    @property
    def content(self) -> bytes:
        return self._loop.run_until_complete(self.awaited.aread())

    @property
    def text(self) -> str:
        self._loop.run_until_complete(self.awaited.aread())
        return self.awaited.text

    def json(self, *args: Any) -> Any:
        self._loop.run_until_complete(self.awaited.aread())
        return self.awaited.json(*args)

    def iter_bytes(self, size: int | None = None) -> Iterator[bytes]:
        return self._each(self.awaited.aiter_bytes(size))

    def iter_text(self) -> Iterator[str]:
        return self._each(self.awaited.aiter_text())

    def iter_lines(self, **options: Any) -> Iterator[str]:
        return self._each(self.awaited.aiter_lines(**options))

    def _each(self, parts: AsyncIterator[Any]) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(parts, None)

        while (part := self._loop.run_until_complete(following())) is not None:
            yield part

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.awaited.close()


class AwaitedFetcher(Awaiting):
    """An AsyncClient with the face of a fetcher: ``add`` is an await of a request, ``feed`` is its ``fetch_many``.

    What was added and what was fed come as they are done, each with the number that its own way gives it.
    """

    def __init__(self, *, ordered: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._ordered = ordered
        self._is_closed = False
        self._done: collections.deque[Response | BaseException] = collections.deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._inputs: list[Any] = []
        """Each input of which no result is being awaited: its requests, or when it has begun its results."""
        self._taken = 0
        self._waiter: asyncio.Future[None] | None = None

    def add(self, request: Any) -> None:
        if self._is_closed:
            self.run(self._send(request))  # which raises
        self._begin(self._ask(request))

    def feed(self, requests: Iterable[Any]) -> Self:
        if self._is_closed:
            self.run(self._results_of(requests))  # which raises
        self._inputs.append(requests)
        return self

    async def _results_of(self, requests: Iterable[Any]) -> Any:
        return self.client.fetch_many(requests, ordered=self._ordered)

    def _begin(self, step: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _ask(self, request: Any) -> None:
        try:
            response = await self._send(request)
        except Exception as error:
            told = getattr(error, "response", None)
            if told is None:
                told = Response(request, None, b"")
                told.error = error
            response = told
        self._done.append(response)

    async def _go_on(self, results: Any) -> None:
        try:
            response = await anext(results, None)
        except Exception as error:
            response = error
        if response is not None:
            self._inputs.append(results)
            self._done.append(response)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Response:
        if not self._done and not self._is_closed:
            self.loop.run_until_complete(self._until_done())
        if not self._done or self._is_closed:
            raise StopIteration
        come = self._done.popleft()
        if isinstance(come, BaseException):
            raise come
        self._taken += 1
        return come

    async def _until_done(self) -> None:
        while not self._done and not self._is_closed:
            inputs, self._inputs = self._inputs, []
            for given in inputs:
                self._begin(self._go_on(given if isinstance(given, Results) else await self._results_of(given)))
            if not self._tasks:
                return
            self._waiter = self.loop.create_future()
            await self._waiter

    @property
    def stats(self) -> Any:
        stats, driver = self.client.stats, self.client._driver
        put_back = 0 if driver is None else driver.engine.places.put_back
        return FetchStats(stats.requests, self._taken, stats.opened, stats.reused, stats.resent, put_back)

    @property
    def sitemaps(self) -> Any:
        return self.client.sitemaps

    def close(self) -> None:
        self._is_closed = True
        for task in self._tasks:
            task.cancel()  # in a loop that is running, the end of these ends the wait
        super().close()


class AwaitedMany(AwaitedFetcher):
    """``fetch_many`` of an AsyncClient, with the face of httpconn's."""

    def __init__(self, requests: Iterable[Any], **options: Any) -> None:
        super().__init__(**options)
        self.feed(requests)


_UNSAID = Request("GET", "")
