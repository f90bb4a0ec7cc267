"""Who gets the place of a connection that is done: what its result leads to first, and the others in time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from httpconn import AsyncClient, ConnectionPool, Fetcher, Request

from ..support.certificates import client_context_for, server_context_for
from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import Exchange, FaultyServer
from ..support.peers import take_request
from ..support.sites import PAGE, Site, redirect


@pytest.fixture(scope="module")
def contexts(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the client's, for names in ``.crawl.test``."""
    return server_context_for(authority, "*.crawl.test"), client_context_for(authority)


def to_loopback(host: str, port: int) -> str:
    return "127.0.0.1"


# -- the first to have the place


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("given", ["added", "fed"])
def test_a_second_page_goes_over_the_connection_of_the_first(scheme: str, given: str, contexts: Any) -> None:
    """By the server's count: one connection a host, though many more hosts wait for a place than there are."""
    hosts = 60
    options: dict[str, Any] = {"max_connections": 8, "per_host": 1, "resolve": to_loopback, "context": contexts[1]}
    with FaultyServer(contexts[0] if scheme == "https" else None) as server, Fetcher(**options) as fetcher:
        first = [f"{scheme}://h{number}.crawl.test:{server.port}/good/first" for number in range(hosts)]
        if given == "fed":
            fetcher.feed(first)
        else:
            for url in first:
                fetcher.add(url)
        pages = 0
        for response in fetcher:
            assert response.status == 200
            pages += 1
            if response.url.endswith("first"):
                fetcher.add(response.url.replace("first", "second"))
        assert pages == 2 * hosts
        assert server.connections == fetcher.stats.opened <= 1.02 * hosts


@pytest.mark.parametrize("way", ["awaits", "fetch_many"])
def test_a_second_page_that_is_awaited_goes_over_the_connection_of_the_first(way: str) -> None:
    """Who gets a result asks for what it led to before others have the places of connections at rest."""
    hosts = 60

    async def both(client: AsyncClient, url: str) -> None:
        await client.get(url + "first")
        await client.get(url + "second")

    async def main(urls: list[str]) -> int:
        async with AsyncClient(max_connections=8 if way == "awaits" else 1, per_host=1, resolve=to_loopback) as client:
            if way == "awaits":
                await asyncio.gather(*(both(client, url) for url in urls))
            else:
                async for response in client.fetch_many(url + "first" for url in urls):
                    await client.get(response.url.replace("first", "second"))
            return client.stats.opened

    with FaultyServer() as server:
        opened = asyncio.run(main([f"http://h{number}.test:{server.port}/good/" for number in range(hosts)]))
        assert len(server.seen) == 2 * hosts
        assert server.connections == opened <= 1.02 * hosts


def test_a_second_page_has_its_place_where_the_queue_is_full() -> None:
    with (
        FaultyServer() as server,
        Fetcher(max_connections=4, per_host=1, look_ahead=10, resolve=to_loopback) as fetcher,
    ):
        fetcher.feed(f"http://h{number}.test:{server.port}/good/first" for number in range(50))
        for response in fetcher:
            if response.url.endswith("first"):
                fetcher.add(response.url.replace("first", "second"))
        assert fetcher.stats.results == 100
        assert server.connections <= 1.02 * 50


def test_where_a_redirect_leads_to_goes_over_the_same_connection(fetch_many: FetchMany) -> None:
    with Site({"/old": redirect(302, "/new"), "/new": PAGE}) as site:
        urls = [f"http://h{number}.test:{site.port}/old" for number in range(40)]
        found = list(fetch_many(urls, max_connections=4, per_host=1, resolve=to_loopback))
        assert [response.content for response in found] == [b"page"] * 40
        assert site.connections <= 1.02 * 40


# -- and the others


@pytest.mark.parametrize("has_cookies", [False, True], ids=["plain", "judged"])
def test_nobody_starves_by_it(new_fetcher: Maker, has_cookies: bool) -> None:
    """Four hosts with a next page for ever, on four connections, and twenty that want one page each."""
    fields = {"Set-Cookie": "a=b"} if has_cookies else {}
    with Site({"/next": (200, fields, b"page"), "/once": (200, fields, b"page")}) as site:
        import http.cookiejar

        jar = http.cookiejar.CookieJar() if has_cookies else None
        with new_fetcher(max_connections=4, per_host=1, resolve=to_loopback, cookies=jar) as fetcher:
            for number in range(4):
                fetcher.add(f"http://busy{number}.test:{site.port}/next")
            for number in range(20):
                fetcher.add(f"http://calm{number}.test:{site.port}/once")
            calm = 0
            for count in itertools.count(1):
                response = next(fetcher)
                assert response.status == 200
                if response.url.endswith("/once"):
                    calm += 1
                else:
                    fetcher.add(response.url)
                if calm == 20:
                    break
                assert count < 20 * 40 * 4, f"{calm} of 20 others had their page"


# -- connections that nobody uses


class Watched:
    """A server of one connection at a time: ``closed`` is set when the client has closed one that it was answered on."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/good/1"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            sock, _ = self._listener.accept()
            sock.settimeout(30)
            with sock:
                while take_request(sock):
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                self.closed.set()

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()


class Waits(FaultyServer):
    """Answers when a connection elsewhere has been closed, and says whether it was."""

    closed: threading.Event

    async def answer(self, exchange: Exchange) -> None:
        import asyncio

        was_closed = await asyncio.to_thread(self.closed.wait, 20)
        body = b"closed" if was_closed else b"open"
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.fixture
def watched() -> Iterator[tuple[Watched, Waits]]:
    with Watched() as idle, Waits() as other:
        other.closed = idle.closed
        yield idle, other


@pytest.mark.parametrize("plain", [True, False])
def test_who_is_at_work_closes_what_is_unused_for_too_long(
    fetch_many: FetchMany, plain: bool, watched: tuple[Watched, Waits]
) -> None:
    idle, other = watched
    first: Any = idle.url if plain else Request("GET", idle.url, decode=False)
    results = fetch_many([first, other.url("/slow")], idle_s=0.2)
    assert sorted(response.content for response in results) == [b"closed", b"ok"]


def test_a_pool_closes_what_is_unused_for_too_long_at_the_next_request(
    new_pool: Maker, watched: tuple[Watched, Waits]
) -> None:
    """To any host; and nobody does it before."""
    idle, other = watched
    with new_pool(idle_s=0.1) as pool:
        assert pool.get(idle.url).content == b"ok"
        assert not idle.closed.wait(0.5)
        assert pool.get(other.url("/slow")).content == b"closed"


def test_a_pool_closes_what_is_unused_for_too_long_at_the_end_of_a_request() -> None:
    goes_on = threading.Event()
    with Watched() as idle, Waits() as other, ConnectionPool(idle_s=0.3) as pool:
        other.closed = goes_on
        thread = threading.Thread(target=pool.get, args=(other.url("/slow"),))
        thread.start()
        assert pool.get(idle.url).content == b"ok"
        assert not idle.closed.wait(0.6)
        goes_on.set()
        assert idle.closed.wait(20)
        thread.join(20)
