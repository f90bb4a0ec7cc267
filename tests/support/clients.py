"""A pool, a fetcher and a client behind one interface, for what must hold for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import pytest

from httpconn import ConnectionPool, Fetcher, Request, Response, Timeout, fetch_many
from httpconn._io.resolving import Resolver

from .awaiting import AwaitedFetcher, AwaitedMany, AwaitedPool, Awaiting

QUICK = Timeout(connect=10, read=10, total=20, pool=5)


class Client(Protocol):
    """A pool or a fetcher: gives what comes back, or raises the exception, also one that a fetcher only tells."""

    opened: int
    hosts: dict[Any, Any]
    """The keys that anything is held for."""
    resolver: Resolver

    def request(self, method: str, url: str, **options: Any) -> Response: ...

    def get(self, url: str, **options: Any) -> Response: ...

    def close(self) -> None: ...


class PoolClient:
    def __init__(self, **options: Any) -> None:
        self.pool = ConnectionPool(**options)

    @property
    def opened(self) -> int:
        return self.pool.stats.opened

    @property
    def hosts(self) -> dict[Any, Any]:
        return self.pool._slots.hosts

    @property
    def resolver(self) -> Resolver:
        return self.pool._shared.resolver

    def request(self, method: str, url: str, **options: Any) -> Response:
        return self.pool.request(method, url, **options)

    def get(self, url: str, **options: Any) -> Response:
        return self.pool.get(url, **options)

    def close(self) -> None:
        self.pool.close()


class EngineClient:
    def __init__(self, **options: Any) -> None:
        self.fetcher = Fetcher(**options)

    @property
    def opened(self) -> int:
        return self.fetcher.stats.opened

    @property
    def hosts(self) -> dict[Any, Any]:
        return self.fetcher._loop.hosts

    @property
    def resolver(self) -> Resolver:
        return self.fetcher._shared.resolver

    def request(self, method: str, url: str, **options: Any) -> Response:
        return self._result(Request(method, url, **options))

    def get(self, url: str, **options: Any) -> Response:
        return self._result(Request("GET", url, **options) if options else url)

    def _result(self, request: Request | str) -> Response:
        self.fetcher.add(request)
        response = next(self.fetcher)
        if response.error is not None:
            raise response.error
        return response

    def close(self) -> None:
        self.fetcher.close()


class AsyncEngineClient:
    def __init__(self, **options: Any) -> None:
        self.awaiting = Awaiting(**options)
        self.client = self.awaiting.client

    @property
    def opened(self) -> int:
        return self.awaiting.stats.opened

    @property
    def hosts(self) -> dict[Any, Any]:
        driver = self.awaiting.client._driver
        return {} if driver is None else driver.engine.hosts

    @property
    def resolver(self) -> Resolver:
        return self.awaiting.client._shared.resolver

    def request(self, method: str, url: str, **options: Any) -> Response:
        return self.awaiting.request(method, url, **options)

    def get(self, url: str, **options: Any) -> Response:
        return self.awaiting.get(url, **options)

    def close(self) -> None:
        self.awaiting.close()


MAKERS = {"pool": PoolClient, "engine": EngineClient, "async": AsyncEngineClient}


@pytest.fixture(params=[*MAKERS])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return a function that makes a client of the options of a pool or fetcher."""
    made: list[Client] = []

    def make(**options: Any) -> Client:
        one = MAKERS[request.param](**{"timeout": QUICK, **options})
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


class FetchMany(Protocol):
    """``httpconn.fetch_many``, or that of an AsyncClient."""

    def __call__(self, requests: Iterable[Any], **options: Any) -> Any: ...


@pytest.fixture(name="fetch_many", params=["fetcher", "async"])
def either_fetch_many(request: pytest.FixtureRequest) -> Iterator[FetchMany]:
    """Return each in turn; its results are iterated over, and have ``close``."""
    if request.param == "fetcher":
        yield fetch_many
        return
    made: list[AwaitedMany] = []

    def make(requests: Iterable[Any], **options: Any) -> AwaitedMany:
        made.append(AwaitedMany(requests, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Maker(Protocol):
    """Makes a pool or a fetcher, or a client with the face of one, of the options of either."""

    def __call__(self, **options: Any) -> Any: ...


def _makes(request: pytest.FixtureRequest) -> Iterator[Maker]:
    made: list[Any] = []

    def make(**options: Any) -> Any:
        made.append(request.param(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(params=[ConnectionPool, AwaitedPool], ids=["pool", "async"])
def new_pool(request: pytest.FixtureRequest) -> Iterator[Maker]:
    """Return ``ConnectionPool``, and an AsyncClient with its face: streams and closes as it, for one thread."""
    yield from _makes(request)


@pytest.fixture(params=[Fetcher, AwaitedFetcher], ids=["fetcher", "async"])
def new_fetcher(request: pytest.FixtureRequest) -> Iterator[Maker]:
    """Return ``Fetcher``, and an AsyncClient with its face."""
    yield from _makes(request)


def is_empty(fetcher: Fetcher) -> bool:
    """Whether nothing of any request is left but connections that are kept."""
    loop = fetcher._loop
    return (
        not loop.active
        and not loop.queued
        and not loop.names.awaited
        and not loop.memory.held
        and not loop.runnable
        and loop.open == len(loop.idle) == sum(host.count for host in loop.hosts.values())
        and set(loop.by_descriptor.values()) == set(loop.idle)
        and all(len(host.idle) == host.count for host in loop.hosts.values())
        and (loop._last_host is None or loop.hosts.get(loop._last_host.key) is loop._last_host)
    )
