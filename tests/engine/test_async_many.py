"""AsyncClient.fetch_many: its inputs, its order, its memory, and its end."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from httpconn import AsyncClient, PoolClosed, Request, Timeout

from ..support.event_loops import engine_of, is_at_rest, run, until
from ..support.faulty import Exchange, FaultyServer, check

QUICK = Timeout(connect=10, read=10, total=30, pool=None)


class Big(FaultyServer):
    """Sends 100,000 bytes for whatever is asked for."""

    async def answer(self, exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000))


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("kind", ["list", "generator", "nothing now", "async"])
def test_each_input_is_answered_once(server: FaultyServer, kind: str, ordered: bool) -> None:
    urls = [server.url(f"/{'good' if number % 3 else 'drip'}/{number}") for number in range(60)]

    def generated() -> Iterator[Any]:
        for number, url in enumerate(urls):
            if kind == "nothing now" and not number % 7:
                yield None
                yield None
            yield url

    async def awaited() -> AsyncIterator[str]:
        for url in urls:
            await asyncio.sleep(0.0005)
            yield url

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=8, look_ahead=10) as client:
            source: Any = urls if kind == "list" else awaited() if kind == "async" else generated()
            indexes = []
            async for response in client.fetch_many(source, ordered=ordered):
                assert response.url == urls[response.index]
                check(response)
                indexes.append(response.index)
            assert sorted(indexes) == list(range(60))
            assert indexes == list(range(60)) or not ordered
            assert is_at_rest(client)
            assert len(asyncio.all_tasks()) == 1

    run(main, debug=True)


@pytest.mark.parametrize("is_async", [False, True])
def test_an_endless_input_is_left(server: FaultyServer, is_async: bool) -> None:
    """It is asked for no more than there is use for; nothing of it goes on when the iterator is dropped."""
    asked = 0
    is_closed = False

    def endless() -> Iterator[str]:
        nonlocal asked, is_closed
        try:
            for number in itertools.count():
                asked += 1
                yield server.url(f"/good/{number}")
        finally:
            is_closed = True

    async def endless_async() -> AsyncIterator[str]:
        nonlocal asked, is_closed
        try:
            for number in itertools.count():
                asked += 1
                yield server.url(f"/good/{number}")
        finally:
            is_closed = True

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=4, look_ahead=20) as client:
            seen = 0
            async for response in client.fetch_many(endless_async() if is_async else endless()):
                check(response)
                seen += 1
                if seen == 100:
                    break
            assert asked <= 100 + 20 + 4 + 1
            await until(lambda: is_closed and is_at_rest(client))
            check(await client.get(server.url("/good/1")))
            assert len(asyncio.all_tasks()) == 1

    run(main, debug=True)


@pytest.mark.parametrize("is_async", [False, True])
def test_an_input_that_raises(server: FaultyServer, is_async: bool) -> None:
    """When what it had given before has come."""

    def failing() -> Iterator[str]:
        for number in range(5):
            yield server.url(f"/drip/{number}")
        raise KeyError("the input's")

    async def failing_async() -> AsyncIterator[str]:
        for url in itertools.islice(failing(), 5):
            yield url
        raise KeyError("the input's")

    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            seen = []
            results = client.fetch_many(failing_async() if is_async else failing())
            with pytest.raises(KeyError, match="the input's"):
                async for response in results:
                    check(response)
                    seen.append(response.index)
            assert sorted(seen) == [0, 1, 2, 3, 4]
            assert [response async for response in results] == []

    run(main, debug=True)


def test_what_cannot_be_asked_for(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            requests: Any = [
                Request("POST", server.url("/good/0"), body=b"x", tag="mine"),
                "http://[",
                17,
                Request("GET", server.url("/cut/3")),
            ]
            results = [response async for response in client.fetch_many(requests, ordered=True)]
            assert [response.index for response in results] == [0, 1, 2, 3]
            assert (results[0].request is requests[0], results[0].tag) == (True, "mine")
            assert [type(response.error).__name__ for response in results[1:3]] == ["InvalidURL", "TypeError"]
            check(results[3])
            for wrong in ("http://a/", Request("GET", "http://a/")):
                with pytest.raises(TypeError, match="one"):
                    client.fetch_many(wrong)  # type: ignore[arg-type]

    run(main, debug=True)


def test_two_at_a_time_and_requests_of_their_own(server: FaultyServer) -> None:
    async def go_through(client: AsyncClient, name: str) -> None:
        urls = [server.url(f"/good/{name}{number}") for number in range(50)]
        indexes = []
        async for response in client.fetch_many(urls):
            assert response.url == urls[response.index]
            check(response)
            indexes.append(response.index)
            check(await client.get(server.url(f"/good/{name}-more{response.index}")))
        assert sorted(indexes) == list(range(50))

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=3) as client:
            await asyncio.gather(go_through(client, "a"), go_through(client, "b"))
            assert client.stats.requests == 200
            assert is_at_rest(client)

    run(main, debug=True)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_what_nobody_takes_is_bounded(ordered: bool, is_async: bool) -> None:
    """And whoever has not taken it may ask for something else, which comes, however much is there."""
    most = 1_000_000
    peak = 0

    async def main() -> None:
        nonlocal peak
        async with AsyncClient(timeout=QUICK, max_connections=8, max_buffered_bytes=most) as client:
            urls = [server.url(f"/{number}") for number in range(200)]

            async def awaited() -> AsyncIterator[str]:
                for url in urls:
                    yield url

            results = client.fetch_many(awaited() if is_async else urls, ordered=ordered)
            inbox = results._inbox
            seen = [(await anext(results)).index]
            await until(lambda: inbox._is_stopped)
            for _ in range(20):
                await asyncio.sleep(0.005)
                peak = max(peak, inbox.held + engine_of(client).memory.held)
            asked = len(server.seen)
            more = await asyncio.gather(*(client.get(server.url("/more")) for _ in range(20)))
            assert [len(response.content) for response in more] == [100_000] * 20
            assert len(server.seen) == asked + 20
            async for response in results:
                assert len(response.content) == 100_000
                seen.append(response.index)
                peak = max(peak, inbox.held + engine_of(client).memory.held)
            assert sorted(seen) == list(range(200))
            assert seen == sorted(seen) or not ordered
            assert is_at_rest(client)
            assert inbox.held == 0

    with Big() as server:
        run(main, debug=True)
    assert most < peak <= most + 2 * 8 * 100_000


def test_in_order_the_first_is_never_what_waits() -> None:
    """All that may be held is there, and what all of it waits for is behind it in the queue, or has been paused."""

    class FirstLast(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            if exchange.target == "/0":
                while len(self.seen) < 3:
                    await asyncio.sleep(0.002)
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            await exchange.send(bytes(60_000))
            if exchange.target in ("/0", "/7"):
                await asyncio.sleep(0.1)
            await exchange.send(bytes(40_000))

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=3, max_buffered_bytes=50_000) as client:
            urls = [server.url(f"/{number}") for number in range(20)]
            results = [response async for response in client.fetch_many(urls, ordered=True)]
            assert [response.index for response in results] == list(range(20))
            assert [response.error for response in results] == [None] * 20
            assert is_at_rest(client)

    with FirstLast() as server:
        run(main, debug=True)


def test_nothing_may_be_held() -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=3, max_buffered_bytes=0) as client:
            urls = [server.url(f"/{number}") for number in range(12)]
            for ordered in (False, True):
                results = [response async for response in client.fetch_many(urls, ordered=ordered)]
                assert [len(response.content) for response in results] == [100_000] * 12
                assert sorted(response.index for response in results) == list(range(12))

    with Big() as server:
        run(main, debug=True)


def test_a_slow_input_keeps_nobody(server: FaultyServer) -> None:
    """Between two of its requests, which take a while, other tasks have their turn."""
    steps = 0

    def slow() -> Iterator[str]:
        for number in range(30):
            time.sleep(0.005)
            yield server.url(f"/good/{number}")

    async def count() -> None:
        nonlocal steps
        while True:
            steps += 1
            await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            counting = asyncio.create_task(count())
            async for response in client.fetch_many(slow()):
                check(response)
            assert steps > 30
            counting.cancel()

    run(main)


def test_an_input_that_has_nothing_for_long_leaves_no_pile_of_timers(server: FaultyServer) -> None:
    def source() -> Iterator[str | None]:
        for number in range(300):
            yield server.url(f"/good/{number}")
        while not is_over:
            yield None

    is_over = False

    async def main() -> None:
        nonlocal is_over
        loop: Any = asyncio.get_running_loop()
        async with AsyncClient(timeout=QUICK) as client:
            count = 0
            async for response in client.fetch_many(source()):
                count += 1
                check(response)
                if count == 300:
                    assert sum(not timer.cancelled() for timer in loop._scheduled) < 8
                    is_over = True

    run(main)


def test_dropped_half_way(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=4) as client:
            results = client.fetch_many(server.url(f"/silent/{number}") for number in range(50))
            task = asyncio.ensure_future(anext(results))
            await until(lambda: len(server.seen) == 4)
            task.cancel()
            await asyncio.wait([task])
            del results, task
            gc.collect()
            await until(lambda: is_at_rest(client) and not engine_of(client).open)
            assert len(server.seen) == 4

    run(main, debug=True)


def test_closed_by_its_own(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=4) as client:
            results = client.fetch_many(server.url(f"/silent/{number}") for number in range(50))
            waiting = asyncio.create_task(anext(results, None))
            await until(lambda: len(server.seen) == 4)
            with pytest.raises(RuntimeError, match="another task"):
                await anext(results)
            await results.aclose()
            assert await waiting is None
            await until(lambda: is_at_rest(client) and not engine_of(client).open)

    run(main, debug=True)


def test_the_client_is_closed_meanwhile(server: FaultyServer) -> None:
    is_closed = False

    async def endless() -> AsyncIterator[str]:
        nonlocal is_closed
        try:
            while True:
                yield server.url("/silent/1")
        finally:
            is_closed = True

    async def main() -> None:
        client = AsyncClient(timeout=QUICK, max_connections=2, look_ahead=5)
        results = client.fetch_many(endless())
        waiting = asyncio.create_task(anext(results))
        await until(lambda: len(server.seen) == 2)
        await client.aclose()
        with pytest.raises(PoolClosed):
            await waiting
        with pytest.raises(PoolClosed):
            await anext(results)
        await until(lambda: is_closed and len(asyncio.all_tasks()) == 1)

    run(main, debug=True)


def test_asynchronous_bodies_among_them(server: FaultyServer) -> None:
    async def body(number: int) -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.001)
            yield b"%d," % number

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=3, expect_timeout_s=None) as client:
            requests = [Request("POST", server.url(f"/good/{number}"), body=body(number)) for number in range(10)]
            async for response in client.fetch_many(requests):
                check(response)
            assert sorted(server.bodies) == sorted(b"%d," % number * 3 for number in range(10))

    run(main, debug=True)
