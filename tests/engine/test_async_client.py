"""What only an AsyncClient has: cancelling, its event loop, and time that is the loop's."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import importlib
import logging
import os
import pickle
import random
import threading
import time
import tracemalloc
import warnings
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import httpconn
from httpconn import AsyncClient, ClientStats, Fetcher, PoolClosed, PoolTimeout, ReadTimeout, Response, Retry, Timeout
from httpconn._engine.many import loop as engine_loop

from ..support.counted import descriptors
from ..support.event_loops import LOOPS, SLOW_S, WithoutDescriptor, engine_of, is_at_rest, run, sleep, until
from ..support.faulty import Exchange, FaultyServer, check, script
from ..support.peers import blackhole
from ..support.sites import Site, redirect

QUICK = Timeout(connect=10, read=10, total=30, pool=None)
COUNT = int(os.environ.get("HTTPCONN_FAULT_REQUESTS", "600"))
"""How many requests go to the misbehaving server; 20,000 in a long run."""


class Held(FaultyServer):
    """Answers what is below ``/held`` when ``release`` was called, and notes who went away before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.released = threading.Event()
        self.gone = 0
        self._readers: weakref.WeakKeyDictionary[Any, asyncio.StreamReader] = weakref.WeakKeyDictionary()

    def release(self) -> None:
        self.released.set()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self._readers[writer] = reader
        return await super()._serve_one(reader, writer)

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target.startswith("/body"):
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 1000)
        elif exchange.target.startswith("/rest"):
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        if exchange.target.startswith(("/held", "/body", "/rest")):
            while not self.released.is_set():
                if exchange.writer.transport.is_closing() or self._readers[exchange.writer].at_eof():
                    self.gone += 1
                    raise ConnectionResetError
                await asyncio.sleep(0.002)
        if exchange.target.startswith("/rest"):
            await exchange.send(b"67890")
        else:
            await exchange.send(exchange.page())


@pytest.fixture
def held() -> Iterator[Held]:
    with Held() as server:
        yield server


@pytest.fixture(autouse=True, scope="module")
def uvloop_has_been_used() -> None:
    """It opens some descriptors once and for all."""

    async def main() -> None: ...

    with contextlib.suppress(ImportError):
        importlib.import_module("uvloop").run(main())


@pytest.fixture(autouse=True)
def nothing_is_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No descriptor, no thread, and no word of asyncio on what was lost or took too long."""
    gc.collect()
    before, threads = descriptors(), threading.active_count()
    with caplog.at_level(logging.WARNING, "asyncio"):
        yield
        gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
    for _ in range(200):
        if descriptors() <= before and threading.active_count() <= threads:
            break
        time.sleep(0.01)
    assert descriptors() <= before
    assert threading.active_count() <= threads


def started(client: AsyncClient, url: str, **options: Any) -> asyncio.Task[Response]:
    return asyncio.create_task(client.get(url, **options))


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# -- each event loop


@pytest.mark.parametrize("loop", LOOPS)
def test_in_each_event_loop(loop: str, server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=4) as client:
            response = await client.get(server.url("/gzipped/1"))
            check(response)
            assert type(response) is Response
            async with client.stream("GET", server.url("/chunked/2")) as streamed:
                await streamed.aread()
                check(streamed)
            urls = [server.url(target) for target in script(3, 40) if "silent" not in target and "ssh" not in target]
            async for result in client.fetch_many(urls):
                assert result.url == urls[result.index]
                check(result)
            assert client.stats.requests == 2 + len(urls)
            await sleep(0.01, loop)
            assert is_at_rest(client)

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_cancelled_in_each_event_loop(loop: str, held: Held) -> None:
    """The server sees the connection go, and the next request has its place."""

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=1) as client:
            for target in ("/held/1", "/body/2"):
                if loop == "trio":
                    import trio

                    with trio.move_on_after(0.1) as scope:
                        await client.get(held.url(target))
                    assert scope.cancelled_caught
                else:
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.1):
                            await client.get(held.url(target))
            await until(lambda: held.gone == 2, loop)
            check(await client.get(held.url("/good/3")))
            assert is_at_rest(client)

    run(main, loop)


def test_no_loop_of_that_kind(server: FaultyServer) -> None:
    client = AsyncClient()
    with pytest.raises(RuntimeError, match="no event loop runs here"):
        client.get(server.url("/good/1")).send(None)
    assert repr(client) == "<AsyncClient not begun>"
    client.close()
    assert repr(client) == "<AsyncClient closed>"


# -- cancelling


def test_in_the_queue_it_is_never_sent(held: Held) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=1) as client:
            first = started(client, held.url("/held/first"))
            await until(lambda: held.seen == ["/held/first"])
            tasks = [started(client, held.url(f"/good/{number}")) for number in range(9)]
            await asyncio.sleep(0.01)
            for task in (tasks[4], tasks[0], tasks[8], tasks[7]):
                await cancelled(task)
            held.release()
            await first
            for number in (1, 2, 3, 5, 6):
                check(await tasks[number])
            assert held.seen == ["/held/first", *(f"/good/{number}" for number in (1, 2, 3, 5, 6))]
            assert is_at_rest(client)
            assert client.stats.opened == 1

    run(main, debug=True)


def test_while_a_name_is_looked_up(server: FaultyServer) -> None:
    may_answer = threading.Event()

    async def resolve(host: str, port: int) -> str:
        while not may_answer.is_set():
            await asyncio.sleep(0.005)
        return "127.0.0.1"

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, resolve=resolve) as client:
            task = started(client, f"http://slow.test:{server.port}/good/1")
            await until(lambda: bool(engine_of(client).names.awaited))
            await cancelled(task)
            await until(lambda: is_at_rest(client))
            may_answer.set()
            await asyncio.sleep(0.05)
            assert server.seen == []
            check(await client.get(f"http://slow.test:{server.port}/good/2"))

    run(main, debug=True)


def test_while_connecting() -> None:
    async def main() -> None:
        with blackhole("127.0.0.1") as (host, port):
            async with AsyncClient(timeout=QUICK) as client:
                task = started(client, f"http://{host}:{port}/")
                await until(lambda: bool(engine_of(client).by_descriptor))
                await cancelled(task)
                await until(lambda: is_at_rest(client) and not engine_of(client).open)

    run(main, debug=True)


def test_in_the_body_the_connection_is_closed(held: Held) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            tasks = [started(client, held.url(f"/body/{number}")) for number in range(5)]
            await until(lambda: len(held.seen) == 5)
            for task in tasks:
                await cancelled(task)
            await until(lambda: held.gone == 5)
            await until(lambda: is_at_rest(client) and not engine_of(client).open)

    run(main, debug=True)


def test_with_a_few_bytes_left_the_connection_is_kept(held: Held) -> None:
    """What was given up is read to its end, and the next response on the connection is the next request's."""

    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            task = started(client, held.url("/rest/1"))
            await until(lambda: any(one.left or one.parts for one in engine_of(client).active) or no_extension(client))
            await cancelled(task)
            held.release()
            await until(lambda: len(engine_of(client).idle) == 1)
            response = await client.get(held.url("/good/2"))
            check(response)
            assert (client.stats.opened, client.stats.reused) == (1, 1)
            assert is_at_rest(client)

    def no_extension(client: AsyncClient) -> bool:
        return any(one.incoming is not None and one.incoming.head is not None for one in engine_of(client).active)

    run(main, debug=True)


def test_a_few_bytes_that_do_not_come(held: Held) -> None:
    """They are waited for no longer than a moment: the place is somebody else's."""

    async def main() -> None:
        async with AsyncClient(timeout=Timeout(None), max_connections=1) as client:
            task = started(client, held.url("/rest/1"))
            await until(lambda: held.seen == ["/rest/1"])
            await asyncio.sleep(0.05)
            await cancelled(task)
            async with asyncio.timeout(8):
                check(await client.get(held.url("/good/2")))
            await until(lambda: held.gone == 1)
            assert is_at_rest(client)

    run(main, debug=True)


def test_during_a_redirect_and_before_a_retry(held: Held) -> None:
    routes = {"/away": redirect(302, held.url("/held/1")), "/busy": (503, {}, b"")}

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, retry=Retry(3, backoff_s=20, jitter=0)) as client:
            tasks = [started(client, site.url("/away")), started(client, site.url("/busy"))]
            await until(lambda: held.seen == ["/held/1"] and "/busy" in site.paths())
            await asyncio.sleep(0.02)
            for task in tasks:
                await cancelled(task)
            await until(lambda: held.gone == 1)
            await until(lambda: is_at_rest(client))
            assert site.paths().count("/busy") == 1

    with Site(routes) as site:
        run(main, debug=True)


def test_a_host_whose_only_requests_were_cancelled_while_one_was_connecting(server: FaultyServer) -> None:
    """With a rate, the others wait until that one is connected; later requests do not wait for it."""
    may_answer = threading.Event()

    async def resolve(host: str, port: int) -> str:
        while not may_answer.is_set():
            await asyncio.sleep(0.005)
        return "127.0.0.1"

    async def main() -> None:
        url = f"http://slow.test:{server.port}"
        async with AsyncClient(timeout=QUICK, resolve=resolve, rate_per_host=1000) as client:
            tasks = [started(client, f"{url}/good/{number}") for number in range(3)]
            await until(lambda: bool(engine_of(client).names.awaited))
            for task in reversed(tasks):
                await cancelled(task)
            await until(lambda: not engine_of(client).hosts)
            may_answer.set()
            check(await client.get(f"{url}/good/4"))
            await until(lambda: is_at_rest(client))

    run(main, debug=True)


def test_a_host_that_waits_for_its_pace_and_has_nothing_left(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, delay_per_host=0.2, idle_s=0) as client:
            await client.get(server.url("/good/1"))
            task = started(client, server.url("/good/2"))
            await asyncio.sleep(0.02)
            await cancelled(task)
            await until(lambda: not engine_of(client).hosts)
            assert server.seen == ["/good/1"]

    run(main, debug=True)


def test_a_group_that_fails(held: Held) -> None:
    async def fail() -> None:
        await until(lambda: len(held.seen) == 4)
        raise KeyError("one of them")

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=4) as client:
            with pytest.raises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    for number in range(12):
                        group.create_task(client.get(held.url(f"/held/{number}")))
                    group.create_task(fail())
            assert [type(error) for error in caught.value.exceptions] == [KeyError]
            await until(lambda: held.gone == 4)
            assert len(held.seen) == 4
            await until(lambda: is_at_rest(client))

    run(main, debug=True)


@pytest.mark.parametrize("order", ["first to last", "last to first", "any"])
def test_ten_thousand_at_once(held: Held, order: str) -> None:
    count = 10_000

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=10, per_host=10) as client:
            tasks = [started(client, held.url(f"/held/{number}")) for number in range(count)]
            await until(lambda: len(held.seen) == 10)
            ends = list(tasks)
            if order == "last to first":
                ends.reverse()
            elif order == "any":
                random.Random(5).shuffle(ends)
            for task in ends:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            await until(lambda: held.gone == 10)
            await until(lambda: is_at_rest(client) and not engine_of(client).hosts)
            check(await client.get(held.url("/good/1")))
            assert len(held.seen) == 11

    run(main)


def test_a_stream_that_was_there_when_its_task_was_cancelled(held: Held) -> None:
    """Between the result and the task's next step: nobody has the response, and nobody could close it."""

    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:

            async def read() -> None:
                async with client.stream("GET", held.url("/body/1")):
                    raise AssertionError("it was cancelled before")

            task = asyncio.create_task(read())
            driver = None
            while driver is None or not driver.waiting:
                await asyncio.sleep(0)
                driver = client._driver
            ((index, future),) = driver.waiting.items()

            class Receiver:
                done = future.done

                def set_result(self, result: Any, /) -> None:
                    future.set_result(result)
                    task.cancel()

            driver.waiting[index] = Receiver()
            with pytest.raises(asyncio.CancelledError) as kept:
                await task
            await until(lambda: held.gone == 1)
            assert kept.value is not None  # with its traceback, and all that this refers to
            await until(lambda: is_at_rest(client))

    run(main, debug=True)


@pytest.mark.timeout(600)
def test_a_misbehaving_server(server: FaultyServer) -> None:
    """A third of the requests is cancelled at any moment; each of the others has the one result that it must have.

    Where the answer was there before that moment nothing was cancelled: so as long as they are fewer, the next has a moment.
    """
    targets = script(17, COUNT)
    dice = random.Random(18)
    ends: Counter[str] = Counter()

    async def ask(client: AsyncClient, url: str, *, is_streamed: bool) -> Response:
        if not is_streamed:
            return await client.get(url)
        async with client.stream("GET", url) as response:
            await response.aread()
            return response

    async def one(client: AsyncClient, target: str, after_s: float | None, *, is_streamed: bool) -> None:
        try:
            async with asyncio.timeout(after_s):
                response = await ask(client, server.url(target), is_streamed=is_streamed)
        except TimeoutError as error:
            if getattr(error, "response", None) is None:
                ends["cancelled"] += 1
                return
            response = error.response  # type: ignore[attr-defined]  # one of ours
        except Exception as error:
            response = error.response  # type: ignore[attr-defined]
            assert response.error is error
        check(response)
        ends["answered"] += 1

    async def main() -> None:
        timeout = Timeout(connect=20, read=4, total=60, pool=None)
        async with AsyncClient(timeout=timeout, max_connections=64, per_host=64) as client:
            tasks = set()
            for target in targets:
                chance = 0.9 if ends["cancelled"] <= 0.4 * ends.total() else 0.2
                after_s = dice.random() * dice.choice((0.2, 0.02)) if dice.random() < chance else None
                is_streamed = dice.random() < 0.25 and "huge" not in target  # a stream has no limit of its own
                asked = one(client, target, after_s, is_streamed=is_streamed)
                tasks.add(asyncio.create_task(asked))
                while len(tasks) >= 200:
                    done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
            for task in tasks:
                await task
            await until(lambda: is_at_rest(client))
            assert len(asyncio.all_tasks()) == 1
            del task, done, tasks
            gc.collect()
            loop = asyncio.get_running_loop()
            futures = [one for one in gc.get_objects() if type(one) is asyncio.Future and one.get_loop() is loop]
            assert futures == []

    run_bounded = run if COUNT <= 2_000 else _run_long
    run_bounded(main, debug=True)
    assert ends.total() == COUNT
    assert ends["answered"] >= COUNT // 2
    assert ends["cancelled"] >= COUNT // (3 if COUNT > 2_000 else 5)  # 200 of them are on their way at once
    print(ends)


def _run_long(main: Any, debug: bool) -> None:
    async def patient() -> None:
        asyncio.get_running_loop().slow_callback_duration = SLOW_S
        await main()

    asyncio.run(patient(), debug=debug)


# -- the queue


def test_in_the_order_in_which_they_were_asked_for(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=1) as client:
            targets = [f"/good/{number}" for number in range(200)]
            await asyncio.gather(*(client.get(server.url(target)) for target in targets))
            assert server.seen == targets

    run(main, debug=True)


def test_what_waits_costs_a_job_and_no_connection(held: Held) -> None:
    """Each await beyond its own task: what is held grows by a part for each, and by nothing else."""
    count = 5_000

    async def main() -> None:
        loop = asyncio.get_running_loop()
        urls = [held.url(f"/held/{number}") for number in range(count)]

        async def bare(url: str) -> None:
            await loop.create_future()

        async with AsyncClient(timeout=QUICK, max_connections=8) as client:
            first = started(client, urls[0])
            await until(lambda: held.seen == ["/held/0"])
            sizes = []
            for ask in (bare, client.get):
                tracemalloc.start()
                tasks = [asyncio.create_task(ask(url)) for url in urls]
                await asyncio.sleep(0.05)
                sizes.append(tracemalloc.get_traced_memory()[0])
                if ask is not bare:
                    await until(lambda: len(held.seen) == 8)
                    assert engine_of(client).queued == count + 1 - 8
                    assert client.stats.opened == 8
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                del task, tasks
                tracemalloc.stop()
            assert (sizes[1] - sizes[0]) / count <= 2_048
            await cancelled(first)
            await until(lambda: is_at_rest(client))

    run(main)


def test_a_second_host_does_not_wait_for_the_first(held: Held, server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=9, per_host=8) as client:
            tasks = [started(client, held.url(f"/held/{number}")) for number in range(5_000)]
            await until(lambda: len(held.seen) == 8)
            check(await client.get(server.url("/good/1")))
            assert len(held.seen) == 8
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    run(main)


def test_the_second_of_two_busy_hosts_has_its_turns(server: FaultyServer) -> None:
    """One place for both: the one request of the second is not behind thousands of the first's."""

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=1) as client:
            tasks = [started(client, server.url(f"/good/{number}")) for number in range(3_000)]
            await asyncio.sleep(0)
            other = started(client, second.url("/good/1"))
            await other
            assert len(server.seen) < 1_000
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    with FaultyServer() as second:
        run(main)


@pytest.mark.parametrize("where", ["client", "request"])
def test_the_wait_for_a_connection_where_it_is_limited(held: Held, where: str) -> None:
    patient = Timeout(connect=10, read=10, total=30, pool=None)
    impatient = Timeout(connect=10, read=10, total=30, pool=0.1)

    async def main() -> None:
        async with AsyncClient(timeout=impatient if where == "client" else patient, max_connections=1) as client:
            first = started(client, held.url("/held/1"))
            await until(lambda: len(held.seen) == 1)
            later = started(client, held.url("/good/2"), timeout=patient)
            told = {} if where == "client" else {"timeout": impatient}
            with pytest.raises(PoolTimeout, match=r"within 0\.1 s") as caught:
                await client.get(held.url("/never/3"), **told)
            assert caught.value.response.attempts == 0
            held.release()
            await first  # which had its connection in time, and was longer on it
            check(await later)
            check(await client.get(held.url("/good/4"), **told))
            assert held.seen == ["/held/1", "/good/2", "/good/4"]
            assert is_at_rest(client)

    run(main, debug=True)


def test_the_default_wait_has_no_limit() -> None:
    assert AsyncClient()._settings.timeout.pool is None
    assert httpconn.ConnectionPool()._settings.timeout.pool is not None


def test_what_had_a_limit_is_not_kept(server: FaultyServer) -> None:
    """Neither by a timer nor in a list, once it has its connection."""

    async def main() -> None:
        async with AsyncClient(timeout=Timeout(pool=1000)) as client:
            await asyncio.gather(*(client.get(server.url(f"/good/{number}")) for number in range(300)))
            assert is_at_rest(client)

    run(main)


# -- a loop that was busy


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("where", ["answer", "connect", "handshake", "pool"])
@pytest.mark.slow
def test_a_loop_that_was_blocked(loop: str, where: str, held: Held, server_context: Any, client_context: Any) -> None:
    """For longer than the limits: what had arrived counts, and so does what went on meanwhile.

    Of each time that it was blocked up to 0.1 s count, since so long nobody had to come: four times are below the limits.
    """
    timeout = Timeout(connect=0.7, read=0.7, total=1.4, pool=0.7 if where == "pool" else None)

    async def main() -> None:
        options: Any = {"context": client_context} if where == "handshake" else {}
        async with AsyncClient(timeout=timeout, max_connections=1, **options) as client:
            if where == "answer":
                await client.get(held.url("/good/1"))
            tasks = [asyncio.create_task(client.get(tls.url("/good/2")))]
            if where == "pool":
                tasks += [asyncio.create_task(client.get(tls.url(f"/good/{number}"))) for number in range(3, 9)]
            for _ in range(4):
                await asyncio.sleep(0.002)
                time.sleep(0.8)
            for task in tasks:
                check(await task)

    with FaultyServer(server_context) if where == "handshake" else contextlib.nullcontext(held) as tls:
        run(main, loop)


@pytest.mark.slow
def test_a_loop_that_was_blocked_while_nothing_came(held: Held) -> None:
    """The limit is what it is in the time in which the loop could look."""

    async def main() -> None:
        async with AsyncClient(timeout=Timeout(connect=5, read=0.5, total=5)) as client:
            task = started(client, held.url("/held/1"))
            await until(lambda: held.seen == ["/held/1"])
            time.sleep(1)
            await asyncio.sleep(0.05)
            assert not task.done()
            with pytest.raises(ReadTimeout):
                await task

    run(main)


def test_a_request_that_is_made_by_a_loop_that_was_blocked(held: Held) -> None:
    """Its own time begins then, and that of others has stood still until then."""

    async def main() -> None:
        async with AsyncClient(timeout=Timeout(connect=5, read=0.3, total=5)) as client:
            await asyncio.gather(client.get(held.url("/good/1")), client.get(held.url("/good/2")))
            other = started(client, held.url("/held/3"))
            await until(lambda: "/held/3" in held.seen)
            time.sleep(0.5)
            made = await client.get(held.url("/good/4"))
            check(made)  # its times too
            await asyncio.sleep(0)
            assert not other.done()
            held.release()
            assert (await other).timings.total < 0.5

    run(main)


STEPS = st.lists(st.tuples(st.sampled_from(["passes", "turn", "look"]), st.floats(0, 5)), max_size=12)


@given(steps=STEPS)
def test_the_clock_of_a_loop_that_is_driven_never_goes_back(steps: list[tuple[str, float]]) -> None:
    """Whatever is excused: and no more is than has passed since a turn was due."""
    with Fetcher() as fetcher:
        loop = fetcher._loop
        begun = now = loop.now + loop.away
        due_at, late_s = now + 0.1, 0.0
        for what, seconds in steps:
            before = loop.now
            now += seconds
            late_s += max(0.0, min(seconds, now - due_at))
            if what != "passes":
                loop.excuse(now, due_at)
                assert before - 1e-6 <= loop.now <= before + (now - begun) + 1e-6
                assert now - loop.away == pytest.approx(loop.now)
                assert loop.away == pytest.approx(late_s)
            if what == "turn":
                due_at = now + 0.1


# -- whose it is


def test_one_client_one_loop(server: FaultyServer) -> None:
    async def use(client: AsyncClient) -> None:
        await client.get(server.url("/good/1"))

    async def main() -> None:
        async with AsyncClient() as client:
            await use(client)
            found: list[BaseException] = []

            def elsewhere() -> None:
                for action in (lambda: asyncio.run(use(client)), client.close):
                    try:
                        action()
                    except RuntimeError as error:
                        found.append(error)

            await asyncio.to_thread(elsewhere)
            assert ["another event loop" in str(found[0]), "another thread" in str(found[1])] == [True, True]
            await use(client)

    run(main)


def test_another_loop_of_the_same_thread(server: FaultyServer) -> None:
    """Is refused before anything is sent; and a loop that goes on in another thread has it with it."""
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    client = AsyncClient()

    async def get(name: str) -> None:
        check(await client.get(server.url(name)))

    try:
        for number in range(3):
            first.run_until_complete(get(f"/good/{number}"))
        with pytest.raises(RuntimeError, match="another event loop"):
            second.run_until_complete(get("/good/7"))
        moved = threading.Thread(target=lambda: [first.run_until_complete(get("/good/8")) for _ in range(2)])
        moved.start()
        moved.join(20)
        assert not moved.is_alive()
        first.run_until_complete(get("/good/9"))  # and back
        first.run_until_complete(client.aclose())
    finally:
        first.close()
        second.close()
    assert not any(target.endswith("/7") for target in server.seen)


def test_again_and_again(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient() as client:
            check(await client.get(server.url("/good/1")))

    for _ in range(20):
        asyncio.run(main())


@pytest.mark.parametrize("way", ["close", "aclose", "with"])
def test_closed(held: Held, way: str) -> None:
    """Who still waits is told, at once; a second time does nothing; nothing more is asked for."""

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_connections=2) as client:
            waiting = [started(client, held.url(f"/held/{number}")) for number in range(4)]
            await until(lambda: len(held.seen) == 2)
            if way == "close":
                client.close()
                client.close()
            elif way == "aclose":
                await client.aclose()
                await client.aclose()
            else:
                await client.__aexit__(None, None, None)
            for task in waiting:
                with pytest.raises(PoolClosed, match="closed before the response had come"):
                    await task
            with pytest.raises(PoolClosed, match="has been closed"):
                await client.get(held.url("/good/1"))
            with pytest.raises(PoolClosed, match="has been closed"):
                client.stream("GET", held.url("/good/1"))
            with pytest.raises(PoolClosed, match="has been closed"):
                client.fetch_many([])
            assert repr(client).startswith("<AsyncClient closed: 0 of 2 connections")
            await until(lambda: held.gone == 2)

    run(main, debug=True)


@pytest.mark.parametrize("loop", LOOPS)
def test_closed_before_the_event_loop_looks(server: FaultyServer, loop: str) -> None:
    """It looks for nothing then: trio, asked to watch a closed descriptor, ends with an internal error."""

    async def main() -> None:
        client = AsyncClient()
        engine_of(client)
        client.close()
        await sleep(0.01, loop)
        async with AsyncClient() as another:
            check(await another.get(server.url("/good/1")))

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_closed_within_a_turn(server: FaultyServer, loop: str) -> None:
    async def main() -> None:
        client = AsyncClient(after_response=lambda response: client.close())
        with pytest.raises(PoolClosed):
            await client.get(server.url("/good/1"))
        await sleep(0.01, loop)
        async with AsyncClient() as another:
            check(await another.get(server.url("/good/2")))

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_closed_while_a_body_is_fed(held: Held, loop: str) -> None:
    """The body's source is closed too: it went on, and broke at a connection that was gone (trio with it)."""
    steps: list[str] = []

    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            steps.append("waits")
            await sleep(30, loop)
        finally:
            steps.append("closed")

    async def main() -> None:
        client = AsyncClient(expect_timeout_s=None)
        client._running().runner.call_later(0.05, client.close)
        with pytest.raises(PoolClosed):
            await client.post(held.url("/held/1"), body=parts())
        await until(lambda: steps == ["waits", "closed"], loop)

    run(main, loop)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "without-readers", "as-on-windows"])
def test_dropped(server: FaultyServer, loop: str) -> None:
    async def main() -> None:
        client = AsyncClient()
        await client.get(server.url("/good/1"))
        descriptor = next(iter(engine_of(client).by_descriptor))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
        assert ["unclosed <AsyncClient open: 1 of 100" in str(one.message) for one in caught] == [True]
        assert [one.category for one in caught] == [ResourceWarning]
        with pytest.raises(OSError):
            os.fstat(descriptor)
        await asyncio.sleep(0.01)

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_the_loop_is_over_before_the_client(server: FaultyServer, loop: str) -> None:
    """Whatever is dropped then is let go of without a word but the warning."""
    kept: list[Any] = []

    async def main() -> None:
        client = AsyncClient(timeout=Timeout(read=20, pool=20))
        await client.get(server.url("/good/1"))
        streamed = client.stream("GET", server.url("/huge/2"))
        many = client.fetch_many([server.url("/silent/3")] * 2)
        kept.extend([client, many, streamed, await streamed.__aenter__()])

    run(main, loop)
    client = kept[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        while kept:
            del kept[-1]
        del client
    assert [str(one.message)[:26] for one in caught if one.category is ResourceWarning] == [
        "unclosed <AsyncClient open"
    ]


@pytest.mark.parametrize("loop", ["without-readers", "as-on-windows"])
def test_the_thread_that_polls_ends_with_the_loop(server: FaultyServer, loop: str) -> None:
    """Also where there is something to tell, which it would tell for ever else."""
    clients: list[AsyncClient] = []

    async def main() -> None:
        client = AsyncClient()
        clients.append(client)
        await client.get(server.url("/good/1"))

    run(main, loop)
    engine = clients[0]._driver.engine  # type: ignore[union-attr]  # it has begun
    [thread] = [thread for thread in threading.enumerate() if thread.name == "httpconn-poller"]
    engine.names._waker[1].send(b"\0")
    thread.join(10)
    assert not thread.is_alive()
    clients[0].close()


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_poller_without_a_descriptor(server: FaultyServer, monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    """As Windows' ``select``: also in event loops that could wait for one."""
    monkeypatch.setattr(engine_loop, "new_poller", WithoutDescriptor)

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, per_host=2) as client:
            check(await client.get(server.url("/good/1")))
            async for response in client.fetch_many(server.url(f"/good/{number}") for number in range(20)):
                check(response)
            assert "httpconn-poller" in {thread.name for thread in threading.enumerate()}

    run(main, loop)


@pytest.mark.parametrize("loop", ["asyncio", "without-readers", "as-on-windows"])
def test_in_the_child_of_a_fork(server: FaultyServer, loop: str) -> None:
    async def main() -> None:
        async with AsyncClient() as client, AsyncClient() as unused:
            await client.get(server.url("/good/1"))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if not child:
                os._exit(_in_child(client, unused))
            _, status = await asyncio.to_thread(os.waitpid, child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            check(await client.get(server.url("/good/2")))
            assert client.stats.opened == 1

    def _in_child(client: AsyncClient, unused: AsyncClient) -> int:
        try:
            client.get(server.url("/good/3")).send(None)
        except PoolClosed:
            client.close()
            return 0 if repr(unused) == "<AsyncClient not begun>" else 2
        return 1

    run(main, loop)


def test_what_it_says_of_itself(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(max_connections=7, headers={"X-A": "1"}) as client:
            assert client.stats == ClientStats(0, 0, 0, 0)
            await client.get(server.url("/good/1"))
            await client.post(server.url("/good/2"), json={})
            await client.get(server.url("/good/3"), headers={"X-B": "2"})
            with pytest.raises(httpconn.InvalidURL):
                await client.get("http://[")
            assert (client.stats.requests, client.stats.opened, client.stats.reused) == (4, 1, 2)
            assert repr(client) == "<AsyncClient open: 1 of 7 connections, 1 idle, 1 hosts, 0 queued>"
            again = pickle.loads(pickle.dumps(client))
            assert repr(again) == "<AsyncClient not begun>"
            assert again._settings == client._settings
            await copy.copy(client).aclose()
            with pytest.raises(AttributeError, match="cannot be set later"):
                client.timeout = 5  # type: ignore[attr-defined]
            with pytest.raises(TypeError, match="fetch_many"):
                AsyncClient(ordered=True)

    run(main)


@pytest.mark.parametrize("loop", ["asyncio", "without-readers", "as-on-windows"])
def test_a_hook_that_breaks_what_runs(server: FaultyServer, loop: str) -> None:
    """What no request's error can be is told to all, and hangs nobody."""

    class Stop(BaseException):
        pass

    def stop(response: Response) -> None:
        raise Stop

    async def main() -> None:
        told: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        async with AsyncClient(after_response=stop) as client:
            with pytest.raises(PoolClosed):
                await client.get(server.url("/good/1"))
        assert [type(context["exception"]) for context in told] == [Stop]

    run(main, loop)


# -- what a newcomer would expect


class Slow(FaultyServer):
    """Takes a tenth of a second for each page."""

    async def answer(self, exchange: Exchange) -> None:
        await asyncio.sleep(0.1)
        await exchange.send(exchange.page())


@pytest.mark.parametrize("timeout", [1, Timeout(1, pool=None), Timeout(connect=5, read=5, total=5)], ids=str)
@pytest.mark.slow
def test_the_wait_for_a_connection_is_limited_by_its_name_only(timeout: Any) -> None:
    """Some two seconds' worth of pages for one host, under a limit that all of them together would not keep."""

    async def main() -> None:
        async with AsyncClient(timeout=timeout) as client:
            urls = [server.url(f"/good/{number}") for number in range(160)]
            assert [response.error async for response in client.fetch_many(urls)] == [None] * 160
            assert len(await asyncio.gather(*(client.get(url, timeout=timeout) for url in urls))) == 160

    with Slow() as server:
        run(main)


def test_many_requests_have_no_limit_to_their_wait() -> None:
    async def main() -> None:
        async with AsyncClient(per_host=1, timeout=Timeout(10, pool=0.15)) as client:
            urls = [server.url(f"/good/{number}") for number in range(5)]
            assert [response.error async for response in client.fetch_many(urls)] == [None] * 5
            with pytest.raises(PoolTimeout, match=r"Timeout\.pool.*GET http://"):
                await asyncio.gather(*(client.get(url) for url in urls))

    with Slow() as server:
        run(main)


def test_a_timeout_keeps_what_was_said_of_its_pool() -> None:
    for timeout, says in (
        (Timeout(5), False),
        (Timeout(5, read=3), False),
        (Timeout(), False),
        (Timeout(pool=60), True),
    ):
        for one in (timeout, pickle.loads(pickle.dumps(timeout)), copy.copy(timeout)):
            assert (one.says_pool, one) == (says, timeout)
    assert Timeout(1, 2, 3, 4).says_pool
    assert not Timeout(1, 2, 3).says_pool
    assert Timeout(5) == Timeout(5, 5, 5, 5)


def cancelled_elsewhere() -> Any:
    """Return a task that somebody else has cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    return task


def test_a_source_that_ends_in_a_cancellation_of_others() -> None:
    """Is an error of the request, or of the input, and no end of it."""

    async def parts() -> Any:
        yield b"first"
        await cancelled_elsewhere()

    async def urls() -> Any:
        yield server.url("/good/1")
        await cancelled_elsewhere()

    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            with pytest.raises(RuntimeError, match="source ended in CancelledError"):
                await client.post(server.url("/good/0"), body=parts())
            seen = []
            with pytest.raises(RuntimeError, match="input of fetch_many ended in CancelledError"):
                async for response in client.fetch_many(urls()):
                    seen += [response.status]
            assert seen == [200]
            assert (await client.get(server.url("/good/2"))).status == 200

    with FaultyServer() as server:
        run(main)
