"""Awaits at a time in one event loop: AsyncClient against aiohttp and wreq, on asyncio and on uvloop, and fetch_many.

    make bench-awaits [ARGS="--rounds 7 --requests 6000"]      each figure that is promised, with its limit
    make bench-awaits ARGS=--all                               that, and all of the following
    python -m bench.awaits --flat 1000000                      resident memory over one client and so many requests
    python -m bench.awaits --stream 1024                       what is held of so many MiB for a reader ten times slower
    python -m bench.awaits --queue 100000                      so many awaits at once: their order, and what they hold

Against nginx.py; distinct URLs; each body read. Every round of a client is a process of its own, whose CPU time after
its first requests counts; the rounds of all are interleaved, every second one in the opposite order; the figures are
medians. A rival that is not installed is left out.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import contextlib
import fcntl
import importlib
import importlib.util
import json
import os
import resource
import socket
import statistics
import struct
import subprocess
import sys
import termios
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from bench import nginx
from bench.resident import resident_bytes
from bench.server import Server
from bench.servers import Servers

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
            cafile, connections, lambda get: timed(get, url, count, at_once, in_tasks=order["in_tasks"])
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
    in_tasks: bool = False
    """Whether each await is a task of its own; else so many tasks go on with the next one each."""


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
                "in_tasks": case.in_tasks,
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
    cases += [Case(OURS, "asyncio", small, at_once=number, in_tasks=True) for number in (64, 1_000, 10_000)]
    found = measure(cases, servers, rounds, count)
    for case, us in found.items():
        how = ("TLS" if case.tls else "plain") + (", a task each" if case.in_tasks else "")
        print(f"{case.client:9} {case.loop:8} {how:19} {case.at_once:6} at once {us:8.1f} us")
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
    for in_tasks in (False, True):
        base = found[Case(OURS, "asyncio", small, in_tasks=in_tasks)]
        for number, limit in ((1_000, 1.15), (10_000, 1.3)):
            ratio = found[Case(OURS, "asyncio", small, at_once=number, in_tasks=in_tasks)] / base
            rows.append((f"{number:,} at once, of 64{', a task each' if in_tasks else ''}", ratio, limit))
    for title, ratio, limit in rows:
        print(f"{title:36} {ratio:6.3f}  ({limit})  {'met' if ratio <= limit else 'MISSED'}")
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


def socket_to(port: int) -> socket.socket:
    """Return a second handle of this process's connection to *port*."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # it is none, or is not connected
            sock = socket.socket(fileno=os.dup(int(name)))
            peer = sock.getpeername()
            if isinstance(peer, tuple) and peer[1] == port:
                return sock
            sock.close()
    raise RuntimeError(f"no connection to {port}")


def handed_over_bytes(sock: socket.socket) -> int:
    """Return how many bytes that have come on *sock* the system has handed over to this process."""
    told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 136)
    waiting = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, waiting)
    received: int = struct.unpack_from("Q", told, 128)[0]  # tcpi_bytes_received of Linux
    return received - waiting[0]


def slow_stream(server: Server, mebibytes: int) -> bool:
    """Print what is held for a reader ten times slower than what is streamed; return whether that is at most 2 MiB."""
    import httpconn

    size = mebibytes << 20

    async def main() -> tuple[int, int]:
        async with httpconn.AsyncClient(timeout=httpconn.Timeout(total=None)) as client:
            began = time.perf_counter()
            async with client.stream("GET", server.url(f"/large/{64 << 20}")) as response:
                async for _ in response.aiter_bytes():
                    pass
            byte_s = 10 * (time.perf_counter() - began) / (64 << 20)
            with socket_to(server.port) as sock:  # the one that was kept
                before, resident = handed_over_bytes(sock), resident_bytes() or 0
                taken = held = grown = 0
                began = time.perf_counter()
                async with client.stream("GET", server.url(f"/large/{size}")) as response:
                    async for part in response.aiter_bytes():
                        held = max(held, handed_over_bytes(sock) - before - taken)
                        taken += len(part)
                        grown = max(grown, (resident_bytes() or 0) - resident)
                        await asyncio.sleep(max(0.0, began + taken * byte_s - time.perf_counter()))
            if taken != size or client.stats.opened != 1:
                raise RuntimeError(f"{taken} bytes of {size}, over {client.stats.opened} connections")
            return held, grown

    held, grown = asyncio.run(main())
    told = f"{held / 2**20:.2f} MiB received ahead of it, memory grows by {grown / 2**20:.2f} MiB"
    print(f"{mebibytes:,} MiB to a reader ten times slower: {told} (2)", flush=True)
    return max(held, grown) <= 2 * 2**20


def queued(first: Server, second: Server, count: int) -> bool:
    """Print in which order so many awaits end that begin at once, and what they hold; return whether that is right."""
    import httpconn

    ended: list[int] = []

    async def main() -> tuple[int, int, int]:
        loop = asyncio.get_running_loop()
        async with httpconn.AsyncClient(max_connections=64, per_host=63) as client:

            async def get(url: str, number: int) -> None:
                await client.get(url)
                ended.append(number)

            async def bare(url: str, number: int) -> None:
                await loop.create_future()

            await client.get(first.url("/small"))
            grown = []
            for wait in (bare, get):
                tracemalloc.start()
                tasks = [asyncio.create_task(wait(first.url(f"/small?{number}"), number)) for number in range(count)]
                await asyncio.sleep(0)
                grown.append(tracemalloc.get_traced_memory()[0])
                tracemalloc.stop()
                if wait is bare:
                    for task in tasks:
                        task.cancel()
                    await asyncio.wait(tasks)
            other = asyncio.create_task(client.get(second.url("/small")))
            await other
            done_before_other = len(ended)
            await asyncio.gather(*tasks)
            return done_before_other, grown[0], grown[1]

    done_before_other, bare_bytes, bytes_ = asyncio.run(main())
    late = max(abs(number - place) for place, number in enumerate(ended))
    print(f"{count:,} awaits at once: each ended at most {late} places from its own (2,000);")
    print(f"    another host's, asked for behind them all, came after {done_before_other:,} of them ({count // 10:,});")
    print(f"    {(bytes_ - bare_bytes) / count:,.0f} bytes each beyond a bare task's {bare_bytes / count:,.0f} (2,048)")
    is_small = bytes_ - bare_bytes <= 2_048 * count
    return len(ended) == count and late <= 2_000 and done_before_other <= count // 10 and is_small


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--flat", type=int, default=0)
    parser.add_argument("--stream", type=int, default=0)
    parser.add_argument("--queue", type=int, default=0)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--child", default="")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(json.loads(options.child))))
        return 0
    if options.all:
        options.flat, options.stream, options.queue = 1_000_000, 1_024, 100_000
    is_asked = options.flat or options.stream or options.queue
    are_met = []
    with nginx.running() as plain, nginx.running(tls=True) as secured, nginx.running() as other:
        if options.all or not is_asked:
            are_met.append(promises({False: plain, True: secured}, options.rounds, options.requests))
        if options.queue:
            are_met.append(queued(plain, other, options.queue))
        if options.stream:
            with Servers() as servers:
                are_met.append(slow_stream(servers.get("embedded"), options.stream))
        if options.flat:
            are_met.append(flat(plain, options.flat))
    return 0 if all(are_met) else 1


if __name__ == "__main__":
    sys.exit(main())
