"""Wide crawls: many hosts, one or two requests each; and many connections that are open at once.

    make bench-wide [ARGS="--hosts 600 --rounds 7"]     new hosts: client CPU a host, against rivals, with each limit
    make bench-wide ARGS="--base PYTHON"                that, and the httpconn of another environment's interpreter
    make bench-wide ARGS="--met"                        a host that is met again: resumed connections against full ones
    make bench-wide ARGS="--open 64 1000 10000"         a fetch over so many open connections: CPU, and memory

All names lead to one nginx on loopback, each client told so by its own means, over TLS with a certificate that is
checked, and plain. The second request to a host is added by the consumer of the first one's response. Connections are
counted by nginx, whose answer is the number of the connection. Every round of a client is a process of its own, whose
CPU time after its first hosts counts; the rounds of all are interleaved, every second one in the opposite order; the
figures are medians. A rival that is not installed is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import ipaddress
import itertools
import json
import os
import select
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from bench import nginx
from bench.awaits import cpu_s
from bench.limits import raise_open_files
from bench.resident import resident_bytes
from bench.server import HOST, Server

DOMAIN = "wide.test"
WARM_UP = 32
"""Hosts before the first one that counts."""
AT_ONCE = 64
TIMEOUT_S = 600.0
RAW, OURS, AWAITED = "raw", "httpconn", "httpconn (await)"


class Work(NamedTuple):
    """What a client has to do: *requests* to each of *hosts* hosts, from the number *first* on."""

    port: int
    cafile: str | None
    first: int
    hosts: int
    requests: int

    @property
    def names(self) -> Iterator[str]:
        return (f"h{number}.{DOMAIN}" for number in range(self.first, self.first + self.hosts))

    def url(self, name: str) -> str:
        return f"{'https' if self.cafile else 'http'}://{name}:{self.port}/connection"


class _Raw:
    """One connection of the floor: no parser, one look at the end of what came."""

    def __init__(self, work: Work, name: str, context: ssl.SSLContext | None) -> None:
        self.head = f"GET /connection HTTP/1.1\r\nHost: {name}:{work.port}\r\nAccept: */*\r\n\r\n".encode()
        self.left = work.requests
        self.is_open = False
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect_ex((HOST, work.port))
        self.sock = sock
        self.context, self.name = context, name

    def step(self, told: list[bytes]) -> int:
        """Go on; return what to wait for, 0 when all is done."""
        if not self.is_open:
            if self.context is not None:
                if not isinstance(self.sock, ssl.SSLSocket):
                    self.sock = self.context.wrap_socket(
                        self.sock, server_hostname=self.name, do_handshake_on_connect=False
                    )
                try:
                    self.sock.do_handshake()
                except ssl.SSLWantReadError:
                    return select.EPOLLIN
            self.is_open = True
            self.sock.send(self.head)
            return select.EPOLLIN
        try:
            data = self.sock.recv(65536)
        except ssl.SSLWantReadError:
            return select.EPOLLIN
        told.append(data[data.index(b"\r\n\r\n") + 4 :])
        self.left -= 1
        if not self.left:
            self.sock.close()
            return 0
        self.sock.send(self.head)
        return select.EPOLLIN


def with_raw(work: Work) -> list[bytes]:
    context = ssl.create_default_context(cafile=work.cafile) if work.cafile else None
    told: list[bytes] = []
    names = work.names
    poller = select.epoll()
    open_: dict[int, _Raw] = {}

    def start() -> None:
        name = next(names, None)
        if name is not None:
            one = _Raw(work, name, context)
            descriptor = one.sock.fileno()
            open_[descriptor] = one
            poller.register(descriptor, select.EPOLLOUT)

    for _ in range(AT_ONCE):
        start()
    while open_:
        for descriptor, _ in poller.poll():
            one = open_[descriptor]
            was_open = one.is_open or isinstance(one.sock, ssl.SSLSocket)
            wanted = one.step(told)
            if not wanted:
                del open_[descriptor]
                start()
            elif not was_open:
                poller.modify(descriptor, wanted)
    poller.close()
    return told


def with_httpconn(work: Work) -> list[bytes]:
    import httpconn

    context = ssl.create_default_context(cafile=work.cafile) if work.cafile else None
    told: list[bytes] = []
    with httpconn.Fetcher(max_connections=AT_ONCE, context=context, resolve=dict.fromkeys(work.names, HOST)) as fetcher:
        for response in fetcher.feed(map(work.url, work.names)):
            if response.error is not None:
                raise response.error
            told.append(response.content)
            if work.requests > 1 and not response.url.endswith("?2"):
                fetcher.add(f"{response.url}?2")
    return told


async def _in_tasks(work: Work, get: Callable[[str], Any]) -> list[bytes]:
    """Have so many tasks at once ask a host for all that it is asked for, one request after the other."""
    told: list[bytes] = []
    names = work.names

    async def one() -> None:
        for name in names:
            for _ in range(work.requests):
                content = await get(work.url(name))
                told.append(content)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return told


def with_await(work: Work) -> list[bytes]:
    import httpconn

    async def main() -> list[bytes]:
        context = ssl.create_default_context(cafile=work.cafile) if work.cafile else None
        known = dict.fromkeys(work.names, HOST)
        async with httpconn.AsyncClient(max_connections=AT_ONCE, context=context, resolve=known) as client:

            async def get(url: str) -> bytes:
                content: bytes = (await client.get(url)).content
                return content

            return await _in_tasks(work, get)

    return _run(main())


def with_aiohttp(work: Work) -> list[bytes]:
    aiohttp: Any = importlib.import_module("aiohttp")
    abc: Any = importlib.import_module("aiohttp.abc")

    async def resolve(self: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
        return [{"hostname": host, "host": HOST, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self: Any) -> None:
        return

    resolver = type("Resolver", (abc.AbstractResolver,), {"resolve": resolve, "close": close})

    async def main() -> list[bytes]:
        context: Any = ssl.create_default_context(cafile=work.cafile) if work.cafile else True
        connector = aiohttp.TCPConnector(limit=AT_ONCE, ssl=context, resolver=resolver())
        async with aiohttp.ClientSession(connector=connector) as session:

            async def get(url: str) -> bytes:
                async with session.get(url) as response:
                    content: bytes = await response.read()
                    return content

            return await _in_tasks(work, get)

    return _run(main())


def _run(main: Any) -> list[bytes]:
    """Run a coroutine on uvloop, where there is one."""
    run = importlib.import_module("uvloop").run if importlib.util.find_spec("uvloop") else asyncio.run
    told: list[bytes] = run(main)
    return told


def with_pycurl(work: Work) -> list[bytes]:
    import pycurl  # type: ignore[import-not-found, import-untyped, unused-ignore]

    told: list[bytes] = []
    names = work.names
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, AT_ONCE)

    def begin(handle: Any) -> None:
        handle.body = []
        handle.setopt(pycurl.WRITEFUNCTION, handle.body.append)
        handle.left -= 1
        multi.add_handle(handle)

    def start(handle: Any) -> bool:
        name = next(names, None)
        if name is None:
            return False
        handle.setopt(pycurl.URL, work.url(name))
        handle.setopt(pycurl.RESOLVE, [f"{name}:{work.port}:{HOST}"])
        handle.left = work.requests
        begin(handle)
        return True

    running = 0
    for _ in range(AT_ONCE):
        handle = pycurl.Curl()
        if work.cafile:
            handle.setopt(pycurl.CAINFO, work.cafile)
        running += start(handle)
    while running:
        while multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
            pass
        _, finished, failed = multi.info_read()
        if failed:
            raise RuntimeError(failed[0][2])
        for handle in finished:
            told.append(b"".join(handle.body))
            multi.remove_handle(handle)
            if handle.left:
                begin(handle)
            else:
                running -= not start(handle)
        if not finished:
            multi.select(1.0)
    return told


def with_wreq(work: Work) -> list[bytes]:
    wreq: Any = importlib.import_module("wreq")

    async def main() -> list[bytes]:
        known = wreq.DnsOptions()
        for name in work.names:
            known.add_resolve(name, [ipaddress.IPv4Address(HOST)])
        client = wreq.Client(verify=work.cafile or True, dns_options=known)

        async def get(url: str) -> bytes:
            return bytes(await (await client.get(url)).bytes())

        return await _in_tasks(work, get)

    return _run(main())


CLIENTS: dict[str, tuple[Callable[[Work], list[bytes]], tuple[str, ...]]] = {
    RAW: (with_raw, ()),
    OURS: (with_httpconn, ()),
    AWAITED: (with_await, ()),
    "pycurl": (with_pycurl, ("pycurl",)),
    "aiohttp": (with_aiohttp, ("aiohttp", "uvloop")),
    "wreq": (with_wreq, ("wreq",)),
}


def child(order: dict[str, Any]) -> dict[str, float]:
    """Do what is asked for in this process; return what it has taken."""
    raise_open_files()
    if "open" in order:
        return over_open(order["client"], order["port"], order["open"], order["requests"])
    if "met" in order:
        port, cafile, count = order["port"], order["cafile"], order["met"]
        return met_again(order["client"], port, cafile, count, is_resumed=order["is_resumed"])
    client = CLIENTS[order["client"]][0]
    work = Work(order["port"], order["cafile"], 0, WARM_UP, order["requests"])
    client(work)
    work = work._replace(first=WARM_UP, hosts=order["hosts"])
    cpu, began = cpu_s(), time.perf_counter()
    told = client(work)
    took_s, passed_s = cpu_s() - cpu, time.perf_counter() - began
    if len(told) != work.hosts * work.requests or not all(one.isdigit() for one in told):
        raise RuntimeError(f"{len(told)} answers of {work.hosts * work.requests}")
    return {
        "us": took_s / work.hosts * 1e6,
        "per_second": work.hosts / passed_s,
        "connections": len(set(told)) / work.hosts,
    }


def order_child(order: dict[str, Any], python: str = sys.executable) -> dict[str, float]:
    """Return what a process of its own says of *order*."""
    done = subprocess.run(
        [python, "-m", "bench.wide", "--child", json.dumps(order)], capture_output=True, text=True, timeout=TIMEOUT_S
    )
    if done.returncode:
        raise SystemExit(f"{order} failed: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


class Case(NamedTuple):
    client: str
    tls: bool
    requests: int


Figures = dict[str, list[float]]


def alternate(orders: dict[Any, tuple[dict[str, Any], str]], rounds: int) -> dict[Any, dict[str, float]]:
    """Return the medians of what the processes say, by the keys of *orders*: what to do, and by which interpreter."""
    figures: dict[Any, Figures] = {key: {} for key in orders}
    for turn in range(rounds):
        for key in list(orders) if turn % 2 else list(orders)[::-1]:
            for name, value in order_child(*orders[key]).items():
                figures[key].setdefault(name, []).append(value)
    return {key: {name: statistics.median(all_) for name, all_ in found.items()} for key, found in figures.items()}


def new_hosts(servers: dict[bool, Server], base: str, hosts: int, rounds: int) -> bool:
    """Print what a new host costs each client, and each limit; return whether all are met."""
    has = {name for name, (_, needs) in CLIENTS.items() if all(map(importlib.util.find_spec, needs))}
    clients = {name: sys.executable for name in CLIENTS if name in has}
    if base:
        clients["before"] = base
    orders: dict[Any, tuple[dict[str, Any], str]] = {}
    for tls, server in servers.items():
        for requests in (1, 2):
            for name, python in clients.items():
                if name == "wreq" and tls:
                    continue  # BoringSSL takes no certificate that is its own CA
                client = OURS if name == "before" else name
                order = {"client": client, "port": server.port, "cafile": server.cafile, "hosts": hosts}
                orders[Case(name, tls, requests)] = {**order, "requests": requests}, python
    found = alternate(orders, rounds)
    print(f"{hosts:,} hosts, {AT_ONCE} connections at once, {rounds} rounds")
    for case, each in found.items():
        told = f"{each['us']:8.0f} us CPU a host {each['per_second']:7.0f} hosts/s"
        how = f"{'TLS' if case.tls else 'plain':5} {case.requests} request{'s' if case.requests > 1 else ' '}"
        print(f"  {how}  {case.client:17} {told}  {each['connections']:.3f} connections a host")
    rows = []
    for tls, theirs, limit in (
        (True, RAW, 1.1),
        (True, "pycurl", 1.0),
        (True, "aiohttp", 0.65),
        (False, "pycurl", 1.0),
        (False, "aiohttp", 0.5),
    ):
        if theirs in clients:
            ratio = found[Case(OURS, tls, 2)]["us"] / found[Case(theirs, tls, 2)]["us"]
            rows.append((f"new {'TLS' if tls else 'plain'} host, two requests, of {theirs}'s CPU", ratio, limit))
    rows += [
        (f"connections a host, {'TLS' if tls else 'plain'}", found[Case(OURS, tls, 2)]["connections"], 1.02)
        for tls in servers
    ]
    return tell(rows)


def tell(rows: list[tuple[str, float, float]]) -> bool:
    """Print each ratio with its limit; return whether all are met."""
    for title, ratio, limit in rows:
        print(f"{title:50} {ratio:6.3f}  ({limit})  {'met' if ratio <= limit else 'MISSED'}")
    return all(ratio <= limit for _, ratio, limit in rows)


# -- hosts that are met again


def _ask_again(port: int, cafile: str, *, is_resumed: bool) -> Callable[[], bytes]:
    """Return what asks a host once, over a new connection of an HTTPSConnection."""
    import httpconn

    os.environ["SSL_CERT_FILE"] = cafile

    def one() -> bytes:
        connection = httpconn.HTTPSConnection(HOST, port, timeout=TIMEOUT_S)
        if not is_resumed:  # over a way of its own, on which no session was begun
            connection._create_connection = lambda *_: socket.create_connection((HOST, port), TIMEOUT_S)
        connection.request("GET", "/resumed", headers={"Connection": "close"})
        content = connection.getresponse().read()
        connection.close()
        return content

    return one


def _ask_again_raw(port: int, cafile: str, *, is_resumed: bool) -> Callable[[], bytes]:
    """The floor: the same over a bare TLS socket. Its session is read once, as ours is."""
    context = ssl.create_default_context(cafile=cafile)
    head = f"GET /resumed HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode()
    session: ssl.SSLSession | None = None

    def one() -> bytes:
        nonlocal session
        plain = socket.create_connection((HOST, port), TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_hostname=HOST, session=session) as sock:
            sock.send(head)
            data = b""
            while part := sock.recv(65536):
                data += part
            if is_resumed and session is None:
                session = sock.session
        return data[data.index(b"\r\n\r\n") + 4 :]

    return one


def met_again(client: str, port: int, cafile: str, count: int, *, is_resumed: bool) -> dict[str, float]:
    """Return the CPU time of one of *count* connections to a host, one after the other."""
    one = (_ask_again_raw if client == RAW else _ask_again)(port, cafile, is_resumed=is_resumed)
    for _ in range(WARM_UP):
        one()
    cpu = cpu_s()
    told = [one() for _ in range(count)]
    us = (cpu_s() - cpu) / count * 1e6
    if set(told) != {b"r" if is_resumed else b"."}:
        raise RuntimeError(f"expected all connections to be {'resumed' if is_resumed else 'new'}: {set(told)}")
    return {"us": us}


def resumed(server: Server, count: int, rounds: int) -> bool:
    """Print what a resumed connection costs of a full one; return whether that is little enough."""
    order = {"met": count, "port": server.port, "cafile": server.cafile}
    orders: dict[Any, tuple[dict[str, Any], str]] = {
        (client, is_resumed): ({**order, "client": client, "is_resumed": is_resumed}, sys.executable)
        for client in (RAW, OURS)
        for is_resumed in (False, True)
    }
    found = alternate(orders, rounds)
    for (client, is_resumed), each in found.items():
        how = "resumed" if is_resumed else "full"
        print(f"  {client:9} {how:8} {each['us']:8.0f} us CPU a connection with one request")
    us = {case: each["us"] for case, each in found.items()}
    floor = us[RAW, True] / us[RAW, False]
    print(f"  of a full one's CPU a resumed one takes {floor:.3f} with the bare ssl module, which is the floor")
    return tell([("a resumed connection, of a full one's CPU", us[OURS, True] / us[OURS, False], 0.6)])


# -- many open connections


def over_open(client: str, port: int, connections: int, requests: int) -> dict[str, float]:
    """Return CPU in microseconds and rate of a fetch over so many connections, once they are open; and bytes each."""
    marks: list[tuple[float, float]] = []
    opened, before = connections, resident_bytes() or 0

    def begin() -> None:
        marks.append((cpu_s(), time.perf_counter()))

    if client == RAW:
        _fetch_raw(port, connections, requests, begin)
    else:
        opened = _fetch_ours(port, connections, requests, begin)
    (cpu, began), now = marks[0], time.perf_counter()
    found = {"us": (cpu_s() - cpu) / requests * 1e6, "per_second": requests / (now - began), "opened": float(opened)}
    grown = (resident_bytes() or 0) - before
    return {**found, "bytes": grown / connections}


def _fetch_ours(port: int, connections: int, requests: int, begin: Callable[[], None]) -> int:
    """Get so many URLs after all connections are open, of which *begin* is told; return how many have been opened."""
    import httpconn

    urls = (f"http://{HOST}:{port}/small?{number}" for number in itertools.count())
    with httpconn.Fetcher(max_connections=connections, per_host=connections) as fetcher:
        last = 0
        for number, response in enumerate(fetcher.feed(urls), 1):
            if response.error is not None:
                raise response.error
            if not last and (fetcher.stats.opened >= connections or number > 20 * connections):
                begin()
                last = number + requests
            if number == last:
                break
        return fetcher.stats.opened


def _fetch_raw(port: int, connections: int, requests: int, begin: Callable[[], None]) -> None:
    """The floor: as many answers, over bare sockets."""
    poller = select.epoll()
    head = f"GET /small?%d HTTP/1.1\r\nHost: {HOST}:{port}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
    socks: dict[int, socket.socket] = {}
    numbers = itertools.count()
    for _ in range(connections):
        sock = socket.create_connection((HOST, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        sock.send((head % next(numbers)).encode())
        socks[sock.fileno()] = sock
        poller.register(sock.fileno(), select.EPOLLIN)
    begin()
    done = 0
    while done < requests:
        for descriptor, _ in poller.poll(None, connections):
            sock = socks[descriptor]
            data = sock.recv(65536)
            end = data.index(b"\r\n\r\n") + 4
            at = data.find(b"\r\nContent-Length: ")
            if int(data[at + 18 : data.index(b"\r", at + 18)]) != len(data) - end:
                raise RuntimeError("an answer came in two pieces")
            done += 1
            sock.send((head % next(numbers)).encode())
    for sock in socks.values():
        sock.close()
    poller.close()


def many_open(server: Server, numbers: list[int], base: str, requests: int, rounds: int) -> bool:
    """Print what a fetch costs over so many open connections, and each limit; return whether all are met."""
    clients = {RAW: sys.executable, OURS: sys.executable, **({"before": base} if base else {})}
    orders: dict[Any, tuple[dict[str, Any], str]] = {}
    for number in numbers:
        for name, python in clients.items():
            client = RAW if name == RAW else OURS
            count = max(requests, 4 * number)
            orders[name, number] = {"client": client, "port": server.port, "open": number, "requests": count}, python
    found = alternate(orders, rounds)
    for (name, number), each in found.items():
        told = f"{each['us']:7.2f} us CPU a fetch {each['per_second']:9,.0f}/s {each['opened']:7,.0f} opened"
        print(f"  {number:6,} open {name:9} {told} {each['bytes'] / 1024:6.1f} KiB a connection")
    rows = []
    few = min(numbers)
    for number, limit in ((1_000, 1.1), (10_000, 1.3)):
        if number in numbers:
            if few < number:
                ratio = found[OURS, number]["us"] / found[OURS, few]["us"]
                rows.append((f"CPU a fetch over {number:,} open, of that over {few}", ratio, limit))
            ratio = found[OURS, number]["us"] / found[RAW, number]["us"]
            rows.append((f"over {number:,}, of the raw loop's", ratio, 1.5))
    return tell(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--base", default="", metavar="PYTHON")
    parser.add_argument("--open", type=int, nargs="*", default=[])
    parser.add_argument("--requests", type=int, default=20_000, help="over open connections")
    parser.add_argument("--met", action="store_true")
    parser.add_argument("--child", default="")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(json.loads(options.child))))
        return 0
    raise_open_files()  # nginx inherits it
    are_met = []
    with nginx.running(names=(f"*.{DOMAIN}",), tls=True) as secured, nginx.running() as plain:
        if options.open:
            are_met.append(many_open(plain, options.open, options.base, options.requests, options.rounds))
        if options.met:
            are_met.append(resumed(secured, options.hosts, options.rounds))
        if not options.open and not options.met:
            are_met.append(new_hosts({True: secured, False: plain}, options.base, options.hosts, options.rounds))
    return 0 if all(are_met) else 1


if __name__ == "__main__":
    sys.exit(main())
