"""An AsyncClient for tests that do not await: each request runs an event loop until its response is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from httpconn import AsyncClient, Request, Response
from httpconn._exchange.request_fields import RequestFields


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
        return self.loop.run_until_complete(self._send(request))

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

    def close(self) -> None:
        if self.loop.is_closed():
            return
        self.client.close()
        self.loop.run_until_complete(asyncio.sleep(0))  # what was cancelled ends
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class AwaitedMany:
    """``fetch_many`` of an AsyncClient with the face of httpconn's: each result runs an event loop until it is there."""

    def __init__(self, requests: Iterable[Any], *, ordered: bool = False, **options: Any) -> None:
        self.awaiting = Awaiting(**options)
        self._requests = requests
        self._ordered = ordered
        self._results: Any = None

    def __iter__(self) -> AwaitedMany:
        return self

    def __next__(self) -> Response:
        response = self.awaiting.loop.run_until_complete(self._next())
        if response is None:
            raise StopIteration
        return response

    async def _next(self) -> Response | None:
        if self._results is None:
            self._results = self.awaiting.client.fetch_many(self._requests, ordered=self._ordered)
        return await anext(self._results, None)

    @property
    def _loop(self) -> Any:
        return self.awaiting._loop

    def __enter__(self) -> AwaitedMany:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._results is not None and not self.awaiting.loop.is_closed():
            self.awaiting.loop.run_until_complete(self._results.aclose())
        self.awaiting.close()


_UNSAID = Request("GET", "")
