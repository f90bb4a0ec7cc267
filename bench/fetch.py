"""Many connections in one thread: fetch_many against a bare epoll loop, pycurl's multi interface and aiohttp on uvloop.

    python -m bench.fetch [--rounds 5] [--requests 20000] [--connections 64] [--path /small] [--tls] [--only NAME ...]
    python -m bench.fetch --flat 1000000        resident memory over one call of so many requests

Against nginx.py; distinct URLs; results fully read. The rounds of all are interleaved; the figures are medians, of
requests per second and of the client's CPU, user and system, per request. A rival that is not installed is left out.
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


def with_httpconn(server: Server, path: str, count: int, connections: int) -> None:
    base = server.url(path)
    urls = (f"{base}?{number}" for number in range(count))
    fetched = 0
    with httpconn.fetch_many(
        urls, max_connections=connections, per_host=connections, context=server.client_context()
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


CLIENTS: dict[str, tuple[Fetch, tuple[str, ...]]] = {
    "epoll": (with_epoll, ()),
    "httpconn": (with_httpconn, ()),
    "pycurl": (with_pycurl, ("pycurl",)),
    "aiohttp": (with_aiohttp, ("aiohttp", "uvloop")),
}


def compare(arguments: argparse.Namespace) -> None:
    """Print the medians of all clients, and their ratio to the bare loop's."""
    names = [
        name
        for name, (_, needs) in CLIENTS.items()
        if (not arguments.only or name in arguments.only) and all(map(importlib.util.find_spec, needs))
    ]
    rates: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    with nginx.running(tls=arguments.tls) as server:
        for turn in range(arguments.rounds + 1):
            for name in names:
                count = arguments.requests if turn else 2_000
                before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
                CLIENTS[name][0](server, arguments.path, count, arguments.connections)
                passed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
                if turn:  # the first round warms up
                    rates[name].append(count / passed)
                    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
                    cpu[name].append(used / count * 1e6)
    secured = ", TLS" if arguments.tls else ""
    print(f"{arguments.path}, {arguments.connections} connections{secured}: {arguments.rounds} rounds")
    base = statistics.median(rates[names[0]]), statistics.median(cpu[names[0]])
    for name in names:
        rate, used = statistics.median(rates[name]), statistics.median(cpu[name])
        told = f"{rate:9,.0f}/s  {rate / base[0]:5.2f}   {used:6.1f} us CPU  {used / base[1]:5.2f}"
        print(f"  {name:<10}{told}   ({min(rates[name]):,.0f} to {max(rates[name]):,.0f}/s)")


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
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--path", default="/small")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--only", nargs="*", choices=list(CLIENTS))
    parser.add_argument("--flat", type=int)
    arguments = parser.parse_args()
    if arguments.flat:
        flat(arguments.flat)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
