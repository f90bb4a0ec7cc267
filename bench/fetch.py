"""Many connections in one thread: fetch_many against a bare epoll loop, pycurl's multi interface and aiohttp on uvloop.

    make bench-fetch [ARGS="--rounds 5 --requests 20000"]      each figure that is promised, with its limit
    make bench-fetch ARGS="--path /10k [--connections 64] [--tls] [--only NAME ...]"       one service, all clients
    make bench-fetch ARGS="--flat 1000000"      resident memory over one call of so many requests

`python -m bench.fetch` in a checkout measures the checkout's httpconn, which has no extension.

Against nginx.py; distinct URLs; results fully read. The rounds of all are interleaved, every second one in the opposite
order; the figures are medians. A rival that is not installed is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import itertools
import resource
import select
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from functools import partial
from http.cookiejar import Cookie, CookieJar
from typing import NamedTuple

import httpconn
from bench import nginx
from bench.server import Server

Fetch = Callable[[Server, str, int, int], None]


def with_epoll(server: Server, path: str, count: int, connections: int) -> None:
    """The floor: no parser, one look at the end of what came; Content-Length only, read once per socket."""
    context = server.client_context()
    socks: dict[int, tuple[socket.socket, list[int]]] = {}
    poller = select.epoll()
    head = f"GET {path}?%d HTTP/1.1\r\nHost: {server.host}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
    numbers = itertools.count()
    for _ in range(connections):
        sock = socket.create_connection((server.host, server.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname=server.host)
        sock.setblocking(False)
        sock.send((head % next(numbers)).encode())
        socks[sock.fileno()] = sock, [0]
        poller.register(sock.fileno(), select.EPOLLIN)
    done = 0
    while done < count:
        for descriptor, _ in poller.poll():
            sock, left = socks[descriptor]
            try:
                data = sock.recv(65536)
            except ssl.SSLWantReadError:
                continue
            if not left[0]:
                end = data.index(b"\r\n\r\n") + 4
                at = data.find(b"\r\nContent-Length: ")
                length = int(data[at + 18 : data.index(b"\r", at + 18)])
                left[0] = length - (len(data) - end)
            else:
                left[0] -= len(data)
            if not left[0]:
                done += 1
                number = next(numbers)
                if number < count:
                    sock.send((head % number).encode())
    for sock, _ in socks.values():
        sock.close()
    poller.close()


def with_httpconn(server: Server, path: str, count: int, connections: int, jar: CookieJar | None = None) -> None:
    base = server.url(path)
    urls = (f"{base}?{number}" for number in range(count))
    fetched = 0
    with httpconn.fetch_many(
        urls, max_connections=connections, per_host=connections, context=server.client_context(), cookies=jar
    ) as responses:
        for response in responses:
            if response.status != 200 or not response.content:
                raise RuntimeError(f"{response!r}: {response.error!r}")
            fetched += 1
    if fetched != count:
        raise RuntimeError(f"{fetched} results of {count}")


def with_pycurl(server: Server, path: str, count: int, connections: int) -> None:
    import pycurl  # type: ignore[import-not-found, import-untyped, unused-ignore]

    base = server.url(path)
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, connections)
    handles = []
    numbers = iter(range(count))
    for _ in range(connections):
        handle = pycurl.Curl()
        if server.cafile:
            handle.setopt(pycurl.CAINFO, server.cafile)
        handles.append(handle)

    def start(handle: object) -> bool:
        number = next(numbers, None)
        if number is None:
            return False
        handle.body = []  # type: ignore[attr-defined]
        handle.setopt(pycurl.URL, f"{base}?{number}")  # type: ignore[attr-defined]
        handle.setopt(pycurl.WRITEFUNCTION, handle.body.append)  # type: ignore[attr-defined]
        multi.add_handle(handle)
        return True

    running = sum(start(handle) for handle in handles)
    fetched = 0
    while running:
        while multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
            pass
        _, finished, failed = multi.info_read()
        if failed:
            raise RuntimeError(failed[0][2])
        for handle in finished:
            if not b"".join(handle.body):
                raise RuntimeError("no content")
            fetched += 1
            multi.remove_handle(handle)
            running -= not start(handle)
        if not finished:
            multi.select(1.0)
    if fetched != count:
        raise RuntimeError(f"{fetched} results of {count}")


def with_aiohttp(server: Server, path: str, count: int, connections: int) -> None:
    import aiohttp
    import uvloop

    async def main() -> None:
        base = server.url(path)
        numbers = iter(range(count))
        context = server.client_context()
        connector = aiohttp.TCPConnector(limit=connections, ssl=context if context is not None else True)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def work() -> None:
                for number in numbers:
                    async with session.get(f"{base}?{number}") as response:
                        if not await response.read():
                            raise RuntimeError("no content")

            await asyncio.gather(*(work() for _ in range(connections)))

    uvloop.run(main())


def with_pool(server: Server, path: str, count: int, connections: int, jar: CookieJar | None = None) -> None:
    """One request after the other, by a ConnectionPool."""
    base = server.url(path)
    with httpconn.ConnectionPool(context=server.client_context(), cookies=jar) as pool:
        for number in range(count):
            response = pool.request("GET", f"{base}?{number}")
            if response.status != 200 or not response.content:
                raise RuntimeError(f"{response!r}")


def with_connection(server: Server, path: str, count: int, connections: int) -> None:
    """The same by an HTTPConnection."""
    connection = httpconn.HTTPConnection(server.host, server.port)
    for number in range(count):
        connection.request("GET", f"{path}?{number}", headers={"Accept": "*/*", "User-Agent": "httpconn"})
        response = connection.getresponse()
        if response.status != 200 or not response.read():
            raise RuntimeError(f"{response!r}")
    connection.close()


def with_cookies(fetch: Callable[..., None], server: Server, path: str, count: int, connections: int) -> None:
    """As *fetch*, with a jar that has two cookies, one of them for this server."""
    jar = CookieJar()
    for domain in (server.host, "another.example"):
        jar.set_cookie(
            Cookie(0, "session", "0123456789abcdef", None, False, domain, False, False, "/", True,
                   False, None, True, None, None, {})
        )  # fmt: skip
    fetch(server, path, count, connections, jar)


CLIENTS: dict[str, tuple[Fetch, tuple[str, ...]]] = {
    "epoll": (with_epoll, ()),
    "httpconn": (with_httpconn, ()),
    "pycurl": (with_pycurl, ("pycurl",)),
    "aiohttp": (with_aiohttp, ("aiohttp", "uvloop")),
    "pool": (with_pool, ()),
    "connection": (with_connection, ()),
    "httpconn-cookies": (partial(with_cookies, with_httpconn), ()),
    "pool-cookies": (partial(with_cookies, with_pool), ()),
}
MANY = ["epoll", "httpconn", "pycurl", "aiohttp"]


class Run(NamedTuple):
    """Something to be timed."""

    client: str
    path: str = "/small"
    connections: int = 64
    tls: bool = False
    longer: int = 1
    """By how much, so that opening the connections counts for little."""

    @property
    def is_possible(self) -> bool:
        return all(map(importlib.util.find_spec, CLIENTS[self.client][1]))


class Figures(NamedTuple):
    """One round of a run."""

    per_second: float
    cpu_us: float
    """User and system time of this process, for each request."""


class Promise(NamedTuple):
    """A ratio of two rates that may not be smaller than *limit*."""

    text: str
    ours: Run
    theirs: Run
    limit: float


PROMISES = [
    *(
        Promise(f"fetch_many of {path} against {text}", Run("httpconn", path), Run(client, path), limit)
        for path in ("/small", "/10k")
        for client, text, limit in (
            ("epoll", "the bare epoll loop", 0.85),
            ("pycurl", "pycurl multi", 1.5),
            ("aiohttp", "aiohttp on uvloop", 6.0),
        )
    ),
    Promise("fetch_many over TLS against aiohttp", Run("httpconn", tls=True), Run("aiohttp", tls=True), 2.0),
    Promise("fetch_many with cookies against without", Run("httpconn-cookies"), Run("httpconn"), 0.85),
    Promise(
        "pool.request with cookies against without",
        Run("pool-cookies", connections=1),
        Run("pool", connections=1),
        0.85,
    ),
    Promise(
        "1,000 connections against 64", Run("httpconn", connections=1_000, longer=8), Run("httpconn", longer=8), 0.8
    ),
]
POOL, CONNECTION = Run("pool", connections=1), Run("connection", connections=1)
POOL_LIMIT_US = 10.0
"""The CPU time of a pool's request beyond that of the same exchange on an HTTPConnection."""


def time_all(runs: list[Run], rounds: int, requests: int) -> dict[Run, list[Figures]]:
    """Return the figures of each run, round by round; a first round that warms up does not count."""
    found: dict[Run, list[Figures]] = {run: [] for run in runs}
    with nginx.running() as plain, nginx.running(tls=True) as secured:
        for turn in range(rounds + 1):
            for run in runs if turn % 2 else reversed(runs):
                count = requests * run.longer if turn else 2_000
                before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
                CLIENTS[run.client][0](secured if run.tls else plain, run.path, count, run.connections)
                passed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
                if turn:
                    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
                    found[run].append(Figures(count / passed, used / count * 1e6))
    return found


def accept(rounds: int, requests: int) -> bool:
    """Print each promise, with the median of its rounds; return whether all are kept."""
    promises = [each for each in PROMISES if each.ours.is_possible and each.theirs.is_possible]
    runs = list(dict.fromkeys([run for each in promises for run in (each.ours, each.theirs)] + [POOL, CONNECTION]))
    found = time_all(runs, rounds, requests)
    are_kept = True
    for each in promises:
        ours, theirs = ([one.per_second for one in found[run]] for run in (each.ours, each.theirs))
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        are_kept &= tell(each.text, statistics.median(ratios) >= each.limit, f">= {each.limit:g}", ratios)
        print(f"{'':24}{statistics.median(ours):,.0f}/s and {statistics.median(theirs):,.0f}/s")
    more_us = [pool.cpu_us - plain.cpu_us for pool, plain in zip(found[POOL], found[CONNECTION], strict=True)]
    is_kept = statistics.median(more_us) <= POOL_LIMIT_US
    are_kept &= tell("pool.request beyond an HTTPConnection, us of CPU", is_kept, f"<= {POOL_LIMIT_US:g}", more_us)
    return are_kept


def tell(text: str, is_kept: bool, limit: str, values: list[float]) -> bool:
    """Print the median of *values*, and what it may be; return *is_kept*."""
    span = f"{min(values):.2f} to {max(values):.2f}"
    print(f"{'ok' if is_kept else 'FAIL':<6}{statistics.median(values):7.2f}  {limit:<8} {text}   ({span})")
    return is_kept


def compare(runs: list[Run], rounds: int, requests: int) -> None:
    """Print the medians of all clients, and their ratio to the first one's."""
    found = time_all(runs, rounds, requests)
    first = runs[0]
    print(f"{first.path}, {first.connections} connections{', TLS' if first.tls else ''}: {rounds} rounds")
    base = Figures(*map(statistics.median, zip(*found[first], strict=True)))
    for run in runs:
        rate, used = map(statistics.median, zip(*found[run], strict=True))
        told = f"{rate:9,.0f}/s  {rate / base.per_second:5.2f}   {used:6.1f} us CPU  {used / base.cpu_us:5.2f}"
        rates = [one.per_second for one in found[run]]
        print(f"  {run.client:<10}{told}   ({min(rates):,.0f} to {max(rates):,.0f}/s)")


def flat(count: int) -> None:
    """Print the resident memory over one call."""
    with nginx.running() as server:
        base = server.url("/small")
        mark = max(1, count // 10)
        for number, response in enumerate(httpconn.fetch_many((f"{base}?{n}" for n in range(count)), per_host=64), 1):
            if response.error is not None:
                raise response.error
            if number in (1, min(10_000, mark)) or number % mark == 0:
                with open("/proc/self/statm") as statm:
                    resident = int(statm.read().split()[1]) * resource.getpagesize()
                print(f"{number:>10,}  {resident / 2**20:7.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fetch", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--path")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--only", nargs="*", choices=list(CLIENTS), default=MANY)
    parser.add_argument("--flat", type=int)
    arguments = parser.parse_args()
    print(f"httpconn parses with {httpconn.backend()}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4_096, hard)), hard))
    if arguments.flat:
        flat(arguments.flat)
    elif arguments.path:
        runs = [Run(name, arguments.path, arguments.connections, arguments.tls) for name in arguments.only]
        compare([run for run in runs if run.is_possible], arguments.rounds, arguments.requests)
    elif not accept(arguments.rounds, arguments.requests):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
