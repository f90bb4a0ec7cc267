"""Awaits at a time in one event loop: AsyncClient against aiohttp and wreq, on asyncio and on uvloop, and fetch_many.

    make bench-awaits [ARGS="--rounds 7 --requests 6000"]      each figure that is promised, with its limit
    python -m bench.awaits --flat 1000000                      resident memory over one client and so many requests

Against nginx.py; distinct URLs; each body read. Every round of a client is a process of its own, whose CPU time after
its first requests counts; the rounds of all are interleaved, every second one in the opposite order; the figures are
medians. A rival that is not installed is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from bench import nginx
from bench.resident import resident_bytes
from bench.server import Server

Get = Callable[[str], Awaitable[int]]
"""Gets a URL; returns the length of its content."""

WARM_UP = 500
OURS = "httpconn"


async def work(get: Get, base: str, first: int, count: int, at_once: int) -> None:
    """Get so many URLs, so many at a time: each task goes on with the next one."""
    numbers = iter(range(first, first + count))

    async def one() -> None:
        for number in numbers:
            if not await get(f"{base}?{number}"):
                raise RuntimeError("no content")

    await asyncio.gather(*(one() for _ in range(at_once)))


async def all_at_once(get: Get, base: str, first: int, count: int, at_once: int) -> None:
    """Get so many URLs, each asked for by a task of its own, so many tasks at a time."""
    for begin in range(first, first + count, at_once):
        await asyncio.gather(*(get(f"{base}?{number}") for number in range(begin, min(begin + at_once, first + count))))


async def with_httpconn(cafile: str | None, connections: int, run: Callable[[Get], Awaitable[Any]]) -> Any:
    import ssl

    import httpconn

    context = ssl.create_default_context(cafile=cafile) if cafile else None
    async with httpconn.AsyncClient(max_connections=connections, per_host=connections, context=context) as client:

        async def get(url: str) -> int:
            return len((await client.get(url)).content)

        return await run(get)


async def with_aiohttp(cafile: str | None, connections: int, run: Callable[[Get], Awaitable[Any]]) -> Any:
    import ssl

    import aiohttp

    context: Any = ssl.create_default_context(cafile=cafile) if cafile else True
    connector = aiohttp.TCPConnector(limit=connections, ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def get(url: str) -> int:
            async with session.get(url) as response:
                return len(await response.read())

        return await run(get)


async def with_wreq(cafile: str | None, connections: int, run: Callable[[Get], Awaitable[Any]]) -> Any:
    wreq: Any = importlib.import_module("wreq")
    client = wreq.Client(verify=cafile or True)

    async def get(url: str) -> int:
        response = await client.get(url)
        return len(await response.bytes())

    return await run(get)


CLIENTS = {OURS: with_httpconn, "aiohttp": with_aiohttp, "wreq": with_wreq}


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def timed(get: Get, base: str, count: int, at_once: int, *, in_tasks: bool) -> tuple[float, float]:
    """Return CPU and time for one request, in microseconds."""
    await work(get, base, 0, WARM_UP, min(at_once, 64))
    cpu, began = cpu_s(), time.perf_counter()
    await (all_at_once if in_tasks else work)(get, base, WARM_UP, count, at_once)
    return (cpu_s() - cpu) / count * 1e6, (time.perf_counter() - began) / count * 1e6


def fetch_many(url: str, cafile: str | None, count: int, connections: int) -> tuple[float, float]:
    """As ``timed``, without an event loop."""
    import ssl

    import httpconn

    context = ssl.create_default_context(cafile=cafile) if cafile else None
    with httpconn.Fetcher(max_connections=connections, per_host=connections, context=context) as fetcher:
        for number in range(WARM_UP):
            fetcher.add(f"{url}?{number}")
        list(fetcher)
        cpu, began = cpu_s(), time.perf_counter()
        fetched = 0
        for response in fetcher.feed(f"{url}?{number}" for number in range(WARM_UP, WARM_UP + count)):
            fetched += bool(response.content)
        if fetched != count:
            raise RuntimeError(f"{fetched} of {count}")
        return (cpu_s() - cpu) / count * 1e6, (time.perf_counter() - began) / count * 1e6


def child(order: dict[str, Any]) -> tuple[float, float]:
    url, cafile, count, at_once, connections = (
        order[name] for name in ("url", "cafile", "count", "at_once", "connections")
    )
    if order["loop"] == "none":
        return fetch_many(url, cafile, count, connections)

    async def main() -> tuple[float, float]:
        found: tuple[float, float] = await CLIENTS[order["client"]](
            cafile, connections, lambda get: timed(get, url, count, at_once, in_tasks=at_once > connections)
        )
        return found

    if order["loop"] == "uvloop":
        return importlib.import_module("uvloop").run(main())  # type: ignore[no-any-return]
    return asyncio.run(main())


class Case(NamedTuple):
    client: str
    loop: str
    path: str
    tls: bool = False
    at_once: int = 64
    connections: int = 64


def measure(cases: list[Case], servers: dict[bool, Server], rounds: int, count: int) -> dict[Case, float]:
    """Return the median CPU for one request of each case, in microseconds."""
    figures: dict[Case, list[float]] = {case: [] for case in cases}
    for turn in range(rounds):
        for case in cases if turn % 2 else cases[::-1]:
            server = servers[case.tls]
            order = {
                "client": case.client,
                "loop": case.loop,
                "url": server.url(case.path),
                "cafile": str(server.cafile) if server.cafile else None,
                "count": max(count, 2 * case.at_once),
                "at_once": case.at_once,
                "connections": case.connections,
            }
            done = subprocess.run(
                [sys.executable, "-m", "bench.awaits", "--child", json.dumps(order)], capture_output=True, text=True
            )
            if done.returncode:
                raise SystemExit(f"{case} failed: {done.stderr[-2000:]}")
            figures[case].append(json.loads(done.stdout)[0])
    return {case: statistics.median(found) for case, found in figures.items()}


def promises(servers: dict[bool, Server], rounds: int, count: int) -> bool:
    """Print each figure with its limit; return whether all are met."""
    has = {name for name in ("aiohttp", "wreq", "uvloop") if importlib.util.find_spec(name)}
    loops = ["asyncio", *(["uvloop"] if "uvloop" in has else [])]
    clients = [OURS, *(name for name in ("aiohttp", "wreq") if name in has)]
    small = "/page"
    cases = [Case(client, loop, small) for loop in loops for client in clients]
    cases += [Case(client, loop, small, tls=True) for loop in loops for client in clients if client != "wreq"]
    cases += [Case(OURS, "none", small)]
    cases += [Case(OURS, "asyncio", small, at_once=number) for number in (1_000, 10_000)]
    found = measure(cases, servers, rounds, count)
    for case, us in found.items():
        print(f"{case.client:9} {case.loop:8} {'TLS' if case.tls else 'plain':6} {case.at_once:6} at once {us:8.1f} us")
    rows = []
    for loop in loops:
        ours = found[Case(OURS, loop, small)]
        if "wreq" in has:
            rows.append((f"{loop}: of wreq's", ours / found[Case("wreq", loop, small)], 0.5))
        if "aiohttp" in has:
            rows.append((f"{loop}: of aiohttp's", ours / found[Case("aiohttp", loop, small)], 0.15))
            secured = [found[Case(client, loop, small, tls=True)] for client in (OURS, "aiohttp")]
            rows.append((f"{loop}, TLS: of aiohttp's", secured[0] / secured[1], 0.25))
        rows.append((f"{loop}: of fetch_many's", ours / found[Case(OURS, "none", small)], 2.0))
    base = found[Case(OURS, "asyncio", small)]
    rows.append(("1,000 at once, of 64", found[Case(OURS, "asyncio", small, at_once=1_000)] / base, 1.15))
    rows.append(("10,000 at once, of 64", found[Case(OURS, "asyncio", small, at_once=10_000)] / base, 1.3))
    for title, ratio, limit in rows:
        print(f"{title:28} {ratio:6.3f}  ({limit})  {'met' if ratio <= limit else 'MISSED'}")
    return all(ratio <= limit for _, ratio, limit in rows)


def flat(server: Server, count: int) -> bool:
    """Print what is resident while one client sends so many requests; return whether it stays as it is."""

    async def run(get: Get) -> list[int]:
        seen = []
        step = count // 10
        for number in range(10):
            await work(get, server.url("/small"), number * step, step, 64)
            seen.append(resident_bytes() or 0)
            print(f"{(number + 1) * step:9,} requests: {seen[-1] / 2**20:.1f} MiB", flush=True)
        return seen

    seen: list[int] = asyncio.run(with_httpconn(None, 64, run))
    return seen[-1] - seen[0] <= 5 * 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--flat", type=int, default=0)
    parser.add_argument("--child", default="")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(json.loads(options.child))))
        return 0
    with nginx.running() as plain, nginx.running(tls=True) as secured:
        if options.flat:
            return 0 if flat(plain, options.flat) else 1
        return 0 if promises({False: plain, True: secured}, options.rounds, options.requests) else 1


if __name__ == "__main__":
    sys.exit(main())
