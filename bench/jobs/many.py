"""Many connections at once, as each client does that: an event loop in one thread, or threads."""

from __future__ import annotations

import asyncio
import importlib
import select
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, Final

from bench.clients import FIELDS, Aiohttp, RawSocket, WrongAnswer, make_client
from bench.jobs import Job
from bench.rivals import FETCHER, RAW

CONNECTIONS: Final = 64
THREADS: Final = 16
_RECEIVE_BYTES: Final = 65536
_OK: Final = 200

Fetch = Callable[[Iterator[str]], int]
"""Fetches all targets; the length of all bodies."""


class Many(Job):
    """`count` GETs in all over 64 connections; over 16, a thread for each, where the client only knows to wait."""

    def __init__(self, client: str, url: str, path: str) -> None:
        super().__init__()
        self._path, self._made = path, 0
        self._targets: list[str] = []
        special: dict[str, Callable[[str, str, str], Fetch]] = {
            RAW: raw_epoll,
            FETCHER: fetcher,
            "pycurl": pycurl_multi,
            "wreq": wreq_tasks,
            "aiohttp": aiohttp_tasks,
            "aiohttp (uvloop)": aiohttp_tasks,
        }
        self._fetch = special.get(client, threads)(client, url, path)

    def check(self) -> Any:
        return self._fetch(iter([self._path] * CONNECTIONS))

    def prepare(self, count: int) -> None:
        self._targets = [f"{self._path}?{number}" for number in range(self._made, self._made + count)]
        self._made += count

    def run(self, count: int) -> int:
        return self._fetch(iter(self._targets))


def raw_epoll(name: str, url: str, path: str) -> Fetch:
    """The limit: sockets, epoll, no parsing. The length of an answer is known from the first."""
    clients = [RawSocket(url, None, None) for _ in range(CONNECTIONS)]
    for client in clients:
        client.describe(path)
        client.sock.setblocking(False)

    def fetch(targets: Iterator[str]) -> int:
        total, busy = 0, {}
        poll = select.epoll()
        for client, target in zip(clients, targets, strict=False):
            client.send_request(target)
            poll.register(client.sock.fileno(), select.EPOLLIN)
            busy[client.sock.fileno()] = client
        left = {number: client.answer_bytes for number, client in busy.items()}
        while busy:
            for number, _ in poll.poll():
                client = busy[number]
                left[number] -= len(client.sock.recv(_RECEIVE_BYTES))
                if left[number]:
                    continue
                total += client.body_bytes
                if (following := next(targets, None)) is None:
                    poll.unregister(number)
                    del busy[number]
                else:
                    left[number] = client.send_request(following)
        poll.close()
        return total

    return fetch


def fetcher(name: str, url: str, path: str) -> Fetch:
    """One httpconn.Fetcher for all, which keeps its connections; nothing but the default backend."""
    httpconn: Any = importlib.import_module("httpconn")
    base = url.rstrip("/")
    client = httpconn.Fetcher(max_connections=CONNECTIONS, per_host=CONNECTIONS, headers=FIELDS)

    def fetch(targets: Iterator[str]) -> int:
        total = 0
        for response in client.feed(base + target for target in targets):
            response.headers.get("Content-Type")
            if response.status != _OK:
                raise WrongAnswer(f"{response!r}: {response.error!r}")
            total += len(response.content)
        return total

    return fetch


def threads(name: str, url: str, path: str) -> Fetch:
    """A connection in each of 16 threads."""
    clients = [make_client(name, url) for _ in range(THREADS)]
    pool = ThreadPoolExecutor(THREADS)

    def fetch(targets: Iterator[str]) -> int:
        every = list(targets)
        shares = [every[number::THREADS] for number in range(THREADS)]
        return sum(pool.map(lambda client, share: client.fetch(share), clients, shares))

    return fetch


def aiohttp_tasks(name: str, url: str, path: str) -> Fetch:
    """64 tasks."""
    client = make_client(name, url)
    assert isinstance(client, Aiohttp)

    def fetch(targets: Iterator[str]) -> int:
        async def task() -> int:
            return sum([await client.fetch_one(target) for target in targets])

        async def tasks() -> int:
            return sum(await asyncio.gather(*(task() for _ in range(CONNECTIONS))))

        return client.loop.run_until_complete(tasks())

    return fetch


def wreq_tasks(name: str, url: str, path: str) -> Fetch:
    """64 tasks on asyncio; wreq's own threads do the work."""
    wreq: Any = importlib.import_module("wreq")
    loop = asyncio.new_event_loop()
    client = wreq.Client(http1_only=True, no_proxy=True, headers=FIELDS)
    base = url.rstrip("/")

    async def fetch_one(target: str) -> int:
        response = await client.get(base + target)
        response.headers.get("content-type")
        if response.status.as_int() != _OK:
            raise WrongAnswer(f"status {response.status} for {target}")
        return len(await response.bytes())

    def fetch(targets: Iterator[str]) -> int:
        async def task() -> int:
            return sum([await fetch_one(target) for target in targets])

        async def tasks() -> int:
            return sum(await asyncio.gather(*(task() for _ in range(CONNECTIONS))))

        return loop.run_until_complete(tasks())

    return fetch


def pycurl_multi(name: str, url: str, path: str) -> Fetch:
    """libcurl's own loop, 64 transfers at a time."""
    pycurl: Any = importlib.import_module("pycurl")
    base = url.rstrip("/")
    multi = pycurl.CurlMulti()
    handles = [pycurl.Curl() for _ in range(CONNECTIONS)]
    for handle in handles:
        handle.setopt(pycurl.HTTPHEADER, [f"{field}: {value}" for field, value in FIELDS.items()])

    def start(handle: Any, target: str) -> None:
        handle.body, handle.lines = BytesIO(), BytesIO()
        handle.setopt(pycurl.URL, base + target)
        handle.setopt(pycurl.WRITEDATA, handle.body)
        handle.setopt(pycurl.WRITEHEADER, handle.lines)
        multi.add_handle(handle)

    def take(handle: Any) -> int:
        multi.remove_handle(handle)
        if handle.getinfo(pycurl.RESPONSE_CODE) != _OK:
            raise WrongAnswer(f"status {handle.getinfo(pycurl.RESPONSE_CODE)}")
        handle.getinfo(pycurl.CONTENT_TYPE)
        return len(handle.body.getvalue())

    def fetch(targets: Iterator[str]) -> int:
        total = active = 0
        for handle in handles:
            if (target := next(targets, None)) is not None:
                start(handle, target)
                active += 1
        while active:
            while multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
                pass
            _, done, failed = multi.info_read()
            if failed:
                raise WrongAnswer(str(failed[0][1:]))
            for handle in done:
                total += take(handle)
                if (target := next(targets, None)) is not None:
                    start(handle, target)
                else:
                    active -= 1
            if active and not done:
                multi.select(1.0)
        return total

    return fetch
