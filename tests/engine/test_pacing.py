"""When a host is asked: rates, delays, ``Retry-After``, and the turns of threads and of a fetcher's requests."""

from __future__ import annotations

import asyncio
import math
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

import httpconn
from httpconn import ConnectionPool, Fetcher, Request, Retry, Timeout, fetch_many
from httpconn._engine.threads.pacing import Pacing
from httpconn._io import resolving
from httpconn._wire.urls import parse_url
from httpconn.policies.rates import Paces

from ..support.awaiting import AwaitedMany
from ..support.clients import FetchMany, is_empty
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import Exchange, FaultyServer, content_of
from ..support.sites import PAGE, Asker, Logged, Reply, Site, each_kind, redirect

TIMELINE_REQUESTS = int(os.environ.get("HTTPCONN_TIMELINE_REQUESTS", "600"))


@each_kind
@pytest.mark.slow
def test_retry_after(kind: str) -> None:
    """In seconds, and as a date by the server's own clock, whatever that shows."""
    wrong_clock = 1_000_000_000

    def routes(fields: dict[str, str]):
        return lambda earlier: PAGE if earlier else (429, fields, b"")

    site = Site({
        "/seconds": routes({"Retry-After": "1"}),
        "/date": routes({"Retry-After": formatdate(wrong_clock + 1, usegmt=True), "Date": formatdate(wrong_clock, usegmt=True)}),
        "/long": (429, {"Retry-After": "9"}, b""),
    })  # fmt: skip
    with site, Asker(kind, retry=Retry(1, backoff_s=0, max_retry_after_s=8)) as ask:
        for path in ("/seconds", "/date"):
            assert ask(site.url(path)).attempts == 2
            (first, _), (second, _) = site.log[-2:]
            assert second - first >= 1
        assert ask(site.url("/long")).attempts == 1


@pytest.mark.slow
def test_a_gate_is_the_whole_hosts_in_the_fetcher(fetch_many: FetchMany) -> None:
    """And no other's: what is asked of another host goes on meanwhile, on the only connection that there may be."""

    def first_refused(earlier: int) -> Reply:
        return PAGE if earlier else (429, {"Retry-After": "3"}, b"")

    with Site({"/0": first_refused, **{f"/{n}": PAGE for n in range(1, 9)}}) as gated, Site({"/": PAGE}) as free:
        urls = [gated.url(f"/{n}") for n in range(9)] + [free.url("/")] * 20
        with fetch_many(urls, max_connections=1, retry=Retry(1, backoff_s=0)) as responses:
            order = [response.url for response in responses]
            assert is_empty(responses)
        assert Counter(order) == Counter(urls)
        shut_at = gated.log[0][0]
        # The one that was refused comes first again, and nothing came in between.
        assert gated.paths()[:2] == ["/0", "/0"]
        assert all(at >= shut_at + 3 for at, _ in gated.log[1:])
        assert sum(at < shut_at + 3 for at, _ in free.log) == 20
        assert gated.connections <= 2


@pytest.mark.slow
def test_a_gate_is_the_whole_hosts_in_the_pool() -> None:
    with Site({"/0": (429, {"Retry-After": "3"}, b""), "/1": PAGE}) as gated, Site({"/": PAGE}) as free:
        with ConnectionPool(retry=Retry(0)) as pool:
            assert pool.get(gated.url("/0")).attempts == 1
            threads = [threading.Thread(target=pool.get, args=(gated.url("/1"),)) for _ in range(4)]
            for thread in threads:
                thread.start()
            pool.get(free.url("/"))
            for thread in threads:
                thread.join()
            shut_at = gated.log[0][0]
            assert all(at >= shut_at + 3 for at, _ in gated.log[1:])
            assert free.log[0][0] < shut_at + 3
            assert pool.get(gated.url("/0")).status == 429
            with pytest.raises(httpconn.TotalTimeout, match="its turn"):
                pool.get(gated.url("/1"), timeout=Timeout(total=0.5))


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_turn_that_would_come_too_late(kind: str) -> None:
    """A redirect to a host whose gate is shut for longer than there is time: an error, with the way that led there."""
    with Site({"/busy": (429, {"Retry-After": "30"}, b""), "/b": PAGE}) as busy:
        with Site({"/a": redirect(302, busy.url("/b"))}) as site, Asker(kind, retry=Retry(0)) as ask:
            assert ask(busy.url("/busy")).status == 429
            response = ask(Request("GET", site.url("/a"), timeout=Timeout(total=10)))
            assert isinstance(response.error, httpconn.TotalTimeout)
            assert [earlier.url for earlier in response.history] == [site.url("/a")]
            assert (response.url, response.attempts) == (busy.url("/b"), 0)
            if isinstance(ask.maker, Fetcher):
                assert is_empty(ask.maker)
        assert busy.paths() == ["/busy"]


@pytest.mark.slow
def test_what_waits_behind_a_gate_leaves_nothing_behind(fetch_many: FetchMany) -> None:
    """The gate is shut again while requests that have been sent before wait behind it, until their time is over."""
    with Site({"/a": lambda earlier: (429, {"Retry-After": "1" if earlier < 2 else "9"}, b"")}) as site:
        retry = Retry(5, backoff_s=0)
        with fetch_many([site.url("/a")] * 4, retry=retry, timeout=Timeout(total=3), per_host=2) as responses:
            results = list(responses)
            assert is_empty(responses)
            assert len(results) == 4
            assert all(result.status == 429 or isinstance(result.error, httpconn.TotalTimeout) for result in results)


def test_closing_a_pool_wakes_who_waits_for_a_turn() -> None:
    with Site({"/": PAGE}) as site:
        pool = ConnectionPool(delay_per_host=30)
        pool.get(site.url("/"))
        failures: list[BaseException] = []

        def wait() -> None:
            try:
                pool.get(site.url("/"))
            except Exception as error:
                failures.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.1)
        pool.close()
        thread.join(5)
        assert [type(failure) for failure in failures] == [httpconn.PoolClosed]
        for limits in (None, Timeout(total=1)):
            with pytest.raises(httpconn.PoolClosed):  # it neither waits nor is told that its turn comes late
                pool.get(site.url("/"), timeout=limits)
        assert len(site.log) == 1


def within_pace(times: list[float], began: float, rate: float | None, delay_s: float | None) -> None:
    """Raise AssertionError where a request came earlier than *rate* or *delay_s* allow since *began*.

    By the server's clock: a request may be late for many reasons, so that only the count since the beginning is exact.
    """
    for number, at in enumerate(sorted(times)):
        if rate is not None:
            assert number <= rate * (at - began) + max(1, int(rate)) - 1 + 1e-6
        if delay_s is not None:
            assert at - began >= number * delay_s - 1e-6


@pytest.mark.parametrize(("rate", "delay_s"), [(20.0, None), (None, 0.05), (40.0, 0.01), (0.9, None)])
@pytest.mark.slow
def test_rates_of_the_fetcher(fetch_many: FetchMany, rate: float | None, delay_s: float | None) -> None:
    count = 3 if rate == 0.9 else 40
    with Site({"/": PAGE}) as paced, Site({"/": PAGE}) as other:
        urls = [site.url("/") for _ in range(count) for site in (paced, other)]
        began = time.monotonic()
        with fetch_many(urls, rate_per_host=rate, delay_per_host=delay_s, max_connections=3) as responses:
            assert all(response.status == 200 for response in responses)
            assert is_empty(responses)
        for site in (paced, other):
            assert len(site.log) == count
            within_pace([at for at, _ in site.log], began, rate, delay_s)


@pytest.mark.parametrize(("rate", "delay_s", "per_host"), [(20.0, None, 8), (None, 0.04, 8), (None, 0.04, 1)])
@pytest.mark.slow
def test_rates_of_the_pool(rate: float | None, delay_s: float | None, per_host: int) -> None:
    """With threads, also where they wait for a connection and not for their turn only."""

    class Slow(Site):
        async def answer(self, exchange: Exchange) -> None:
            import asyncio

            self.log.append((time.monotonic(), exchange.target))
            await asyncio.sleep(random.Random(len(self.log)).choice([0, 0, 0.15]))
            await exchange.send(exchange.page())

    with Slow() as site, ConnectionPool(rate_per_host=rate, delay_per_host=delay_s, per_host=per_host) as pool:
        began = time.monotonic()
        threads = [threading.Thread(target=lambda: [pool.get(site.url("/")) for _ in range(4)]) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(site.log) == 40
        times = [at for at, _ in site.log]
        within_pace(times, began, rate, delay_s)


def test_turns_that_come_late_are_as_far_apart_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads had their turns at 0, 1 and 2 s, and all got their connections at 5 s only: they do not go at once."""
    clock = [0.0]
    slept: list[float] = []

    def sleep(pacing: Pacing, seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(Pacing, "sleep", sleep)
    monkeypatch.setattr("httpconn._engine.threads.pacing.time", SimpleNamespace(monotonic=lambda: clock[0]))
    pacing = Pacing(Paces(None, 1.0))
    [job] = [SimpleNamespace(origin=parse_url("http://a.test/")[0])]
    for _ in range(3):
        pacing.wait_for(job, math.inf)
    assert (slept, clock) == ([1.0, 1.0], [2.0])
    clock[0] = 5.0
    slept.clear()
    assert pacing.may_start(job)
    for _ in range(3):
        pacing.take(job, math.inf)
    assert (slept, clock) == ([1.0, 1.0], [7.0])
    pacing.shut(job, 9.0)
    assert not pacing.may_start(job)  # and the connection goes back meanwhile
    with pytest.raises(httpconn.TotalTimeout):
        pacing.wait_for(job, 15.0)
    pacing.wait_for(job, math.inf)
    assert clock == [16.0]


@pytest.mark.slow
def test_turns_that_are_too_late_take_none() -> None:
    """Requests that give up for want of time do not push the others' turns away."""
    with Site({"/": PAGE}) as site, ConnectionPool(delay_per_host=3) as pool:
        pool.get(site.url("/"))
        began = time.monotonic()
        for _ in range(50):
            with pytest.raises(httpconn.TotalTimeout):
                pool.get(site.url("/"), timeout=Timeout(total=0.01))
        pool.get(site.url("/"))
        assert time.monotonic() - began < 12  # 50 turns taken would be 150
        assert len(site.log) == 2


@pytest.mark.slow
def test_a_busy_consumer_does_not_stop_the_clock_of_a_gate(fetch_many: FetchMany) -> None:
    with Site({"/": PAGE}) as site:
        with fetch_many([site.url("/")] * 6, delay_per_host=1) as responses:
            began = time.monotonic()
            for _ in responses:
                time.sleep(1)
            assert time.monotonic() - began < 10.5  # one after the other would be 11


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_the_timeline_of_many_hosts(fetch_many: FetchMany) -> None:
    """HTTPCONN_TIMELINE_REQUESTS=10000 for the long run. By the server's log, each of 50 hosts is asked no earlier than
    its rate and its gates allow; exactly one result for each request, and nothing is left."""
    hosts, count = 50, TIMELINE_REQUESTS
    per_host = count // hosts
    rate = max(20.0, per_host / 8)
    gates: dict[str, list[tuple[float, float]]] = defaultdict(list)
    log: dict[str, list[float]] = defaultdict(list)

    class Gated(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            _, host, number = exchange.target.split("/")
            now = time.monotonic()
            log[host].append(now)
            # Every seventh host closes its gate twice.
            if int(host) % 7 == 0 and int(number) in (1, per_host // 2) and len(gates[host]) < 2:
                gates[host].append((now, 1.0))
                await exchange.send(exchange.page("429 Too Many Requests", "Retry-After: 1"))
                return
            await exchange.send(exchange.page())

    with Gated() as server:
        urls = [f"http://host-{n % hosts}.test:{server.port}/{n % hosts}/{n // hosts}" for n in range(per_host * hosts)]
        began = time.monotonic()
        with fetch_many(
            urls,
            per_host=1,
            max_connections=30,
            look_ahead=count,
            rate_per_host=rate,
            retry=Retry(3, backoff_s=0.01),
            resolve=lambda host, port: "127.0.0.1",
        ) as responses:
            seen = Counter()
            for response in responses:
                assert response.error is None
                target = "/" + response.url.split("/", 3)[3]
                assert response.content == content_of(target)
                seen[response.index] += 1
            assert is_empty(responses)
        assert seen == Counter(range(len(urls)))
    assert sum(len(shut) for shut in gates.values()) == 2 * 8
    for host, times in log.items():
        within_pace(times, began, rate, None)
        for shut_at, seconds in gates[host]:
            assert not [at for at in times if shut_at < at < shut_at + seconds]


def in_threads(count: int, work: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
@pytest.mark.parametrize("pace", [{"delay_per_host": 0.1}, {"rate_per_host": 5}], ids=["delay", "rate"])
def test_a_pace_counts_from_when_requests_go_out(
    kind: str, pace: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not from when their connections were begun, which may all be open at one moment: a slow lookup, a slow handshake."""
    with Logged() as server:

        def slowly(host: str, port: int) -> list[Any]:
            time.sleep(0.5)
            return [(2, ("127.0.0.1", server.port))]

        monkeypatch.setattr(resolving, "_look_up", slowly)
        began = time.monotonic()
        urls = [f"http://slow.test:{server.port}/good/{number}" for number in range(8)]
        if kind != "pool":
            asked = (fetch_many if kind == "fetcher" else AwaitedMany)(urls, **pace)
            with asked as responses:
                assert [response.status for response in responses] == [200] * 8
        else:
            with ConnectionPool(**pace) as pool:
                in_threads(8, lambda number: pool.get(urls[number]))
        times = sorted(server.times)
    assert len(times) == 8
    for number, at in enumerate(times):  # what is late here is only later
        assert at >= began + 0.5 + (0.1 * number if "delay_per_host" in pace else 0.2 * max(0, number - 4))


@pytest.mark.parametrize("hooks", [(), (lambda response: time.sleep(0.05),)], ids=["no-hook", "slow-hook"])
def test_a_gate_holds_threads_that_wait_for_the_connection(hooks: Any) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno"
    with Logged(lambda number: busy if number == 0 else None) as server:
        with ConnectionPool(per_host=1, retry=Retry(1, backoff_s=0), after_response=hooks) as pool:
            in_threads(4, lambda number: pool.get(server.url(f"/good/{number}")))
        times = sorted(server.times)
    assert len(times) == 5
    assert times[1] - times[0] >= 0.95


@pytest.mark.slow
def test_no_retry_after_the_end_of_the_whole_time() -> None:
    """It waits for a connection that another thread has, and is not sent when that comes too late."""
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno"
    taken, goes_on = threading.Event(), threading.Event()

    class Slow(Logged):
        async def answer(self, exchange: Exchange) -> None:
            if "slow" in exchange.target:
                taken.set()
                while not goes_on.is_set():
                    await asyncio.sleep(0.01)
            await super().answer(exchange)

    with Slow(lambda number: busy if number == 0 else None) as server:

        def take_it(response: httpconn.Response) -> None:
            if response.status == 503:
                other.start()
                assert taken.wait(10)

        with ConnectionPool(per_host=1, after_response=take_it) as pool:
            other = threading.Thread(target=lambda: pool.get(server.url("/slow/1")))
            retry = Retry(1, backoff_s=0.3, jitter=0, methods=None)
            try:
                with pytest.raises(httpconn.TotalTimeout):
                    pool.post(server.url("/good/1"), body=b"x", timeout=Timeout(total=3.0), retry=retry)
            finally:
                goes_on.set()
                other.join()
        assert [target for target in server.seen if "good" in target] == ["/good/1"]


PACES = [
    ("a mapping", {"LOCALHOST": 4, "127.0.0.1": None}, {"localhost"}),
    ("others", {"localhost": None, "*": 4}, {"127.0.0.1"}),
    ("a function", lambda host: 4 if host == "localhost" else None, {"localhost"}),
]


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
@pytest.mark.parametrize(("given", "slow"), [row[1:] for row in PACES], ids=[row[0] for row in PACES])
@pytest.mark.parametrize("option", ["rate_per_host", "delay_per_host"])
def test_single_hosts(kind: str, given: Any, slow: set[str], option: str) -> None:
    """Each has its own pace, and one without any is not held back."""
    if option == "delay_per_host":  # in the place of a rate of 4
        given = (lambda of: lambda host: 0.25 if of(host) else None)(given) if callable(given) else {
            host: number and 0.25 for host, number in given.items()
        }  # fmt: skip
    asked = 7 if option == "rate_per_host" else 4
    with Site({"/": PAGE}) as site:
        for host in ("localhost", "127.0.0.1"):
            del site.log[:]
            with Asker(kind, resolve={"localhost": "127.0.0.1"}, per_host=4, **{option: given}) as ask:
                for _ in range(asked):
                    assert ask(f"http://{host}:{site.port}/").status == 200
                times = [at for at, _ in site.log]
                paces = ask.maker._shared.policies.paces if kind != "async" else ask.maker.client._shared.policies.paces
                assert paces.is_paced(("http", host, site.port)) is (host in slow)
            if host in slow:  # three quarters of a second are kept, whatever the bucket has for the first ones
                assert times[-1] - times[0] >= 0.7


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_function_of_hosts_that_fails(kind: str) -> None:
    """Its error is the request's, and so is a number that is none; it is asked once about each host."""
    asked: list[str] = []

    def rate(host: str) -> Any:
        asked.append(host)
        if host == "wrong.invalid":
            raise LookupError("no such customer")
        return -1 if host == "below.invalid" else "1" if host == "text.invalid" else 1000

    with Site({"/": PAGE}) as site, Asker(kind, rate_per_host=rate) as ask:
        for host, error in (("wrong", LookupError), ("below", ValueError), ("text", TypeError)):
            try:
                failed = ask(f"http://{host}.invalid/").error
            except error as raised:  # a pool's, before there is a response
                failed = raised
            assert isinstance(failed, error)
        for _ in range(3):
            assert ask(site.url("/")).status == 200
        assert asked.count("127.0.0.1") == 1


@pytest.mark.parametrize("maker", [ConnectionPool, Fetcher, httpconn.AsyncClient])
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"a.example": 0}, ValueError), ({"a.example": "1"}, TypeError), ({"a.example:80": 1}, ValueError),
        ({7: 1}, TypeError), ({"": 1}, ValueError), ("1", TypeError), (True, TypeError), (math.inf, ValueError),
        ({"[::1]": 1, "::2": 1, "*": None, "A.example": 0.5}, None), ({}, None), (lambda host: 1, None),
    ],
)  # fmt: skip
def test_rates_that_are_none(maker: Any, given: Any, error: Any) -> None:
    if error is None:
        maker(rate_per_host=given).close()
        return
    with pytest.raises(error, match="rate_per_host"):
        maker(rate_per_host=given)
