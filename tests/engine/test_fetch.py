"""Fetcher and fetch_many: exactly one result for each request, whatever the servers and the consumer do."""

from __future__ import annotations

import asyncio
import gc
import io
import itertools
import os
import pickle
import select
import signal
import socket
import ssl
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

import httpconn
from httpconn import Fetcher, Request, Timeout, fetch_many
from httpconn._engine.many import robots
from httpconn._engine.many.loop import Loop
from httpconn.model import memory_of

from ..support.clients import FetchMany, Maker, is_empty
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.counted import descriptors
from ..support.faulty import FAULT_REQUESTS, FAULTS, Exchange, FaultyServer, check, content_of, script
from ..support.peers import ScriptedServer, blackhole, nobody, take_request

QUICK = Timeout(connect=20, read=4, total=60)


# -- what comes back


def test_a_fetcher_that_was_not_made_is_told() -> None:
    """A class that does not call __init__ of Fetcher's: C would look into a loop that is not there."""

    class Unmade(Fetcher):
        def __init__(self) -> None:
            pass

    with pytest.raises(AttributeError):
        next(Unmade())


def test_each_request_is_answered_once(fetch_many: FetchMany, in_use, poller, server: FaultyServer) -> None:
    targets = [f"/{kind}/{number}" for number in range(100) for kind in ("good", "chunked", "gzipped", "until-close")]
    with fetch_many(map(server.url, targets), max_connections=16, per_host=16) as responses:
        seen = Counter()
        for response in responses:
            assert response.url == server.url(targets[response.index])
            check(response)
            assert response.attempts == 1
            assert response.timings.total > 0
            seen[response.index] += 1
        assert seen == Counter(range(len(targets)))
        assert is_empty(responses)
        assert server.connections <= 16 + 100 * 1
        with pytest.raises(StopIteration):
            next(responses)


def test_requests_with_everything(fetch_many: FetchMany, in_use, server: FaultyServer, tmp_path: Path) -> None:
    memory = io.BytesIO()
    requests = [
        Request("POST", server.url("/good/0"), json={"a": 1}, tag="json"),
        Request("PUT", server.url("/good/1"), body=b"x" * 3_000_000),
        Request("POST", server.url("/good/2"), body=iter([b"ab", b"cd"])),
        Request("GET", server.url("/good/3"), [("X-A", "1"), ("X-A", "2")], params={"q": "ü"}),
        Request("GET", server.url("/gzipped/4"), sink=tmp_path / "sink"),
        Request("GET", server.url("/chunked/5"), sink=memory),
        Request("GET", server.url("/gzipped/6"), decode=False),
        Request("HEAD", server.url("/no-content/7")),
        Request("GET", server.url("/good/8"), max_content=3),
        Request("GET", server.url("/silent/9"), timeout=Timeout(read=0.1)),
    ]
    results = list(fetch_many(requests, ordered=True, max_connections=3))
    assert [result.index for result in results] == list(range(10))
    assert all(result.request is request for result, request in zip(results, requests, strict=True))
    assert results[0].tag == "json"
    bodies = dict(zip(server.seen, server.bodies, strict=True))
    assert bodies["/good/0"] == b'{"a":1}'
    assert bodies["/good/1"] == b"x" * 3_000_000
    assert bodies["/good/2"] == b"abcd"
    assert results[3].content == content_of("/good/3?q=%C3%BC")
    assert (tmp_path / "sink").read_bytes() == content_of("/gzipped/4")
    assert memory.getvalue() == content_of("/chunked/5")
    assert results[4].content == results[5].content == b""
    assert results[6].content.startswith(b"\x1f\x8b")
    assert isinstance(results[8].error, httpconn.ContentTooLong)
    assert isinstance(results[9].error, httpconn.ReadTimeout)
    assert [result.error for result in results[:8]] == [None] * 8
    assert pickle.loads(pickle.dumps(results[3])).content == results[3].content
    assert isinstance(pickle.loads(pickle.dumps(results[8])).error, httpconn.ContentTooLong)


@pytest.mark.parametrize(("bad", "error"), [
    ("ftp://a/", httpconn.UnsupportedScheme),
    ("no url", httpconn.InvalidURL),
    ("http://a/\r\n", httpconn.InvalidURL),
    (b"http://a/", TypeError),
    (3, TypeError),
    (Request("G T", "http://a/"), ValueError),
    (Request("GET", "http://a/", {"a": "\r\n"}), httpconn.InvalidField),
    (Request("GET", "http://a/", timeout="soon"), Exception),
    (Request("GET", None), TypeError),
])  # fmt: skip
def test_bad_input_is_a_result(
    fetch_many: FetchMany, server: FaultyServer, bad: object, error: type[BaseException]
) -> None:
    results = list(fetch_many([server.url("/good/0"), bad, server.url("/good/2")], ordered=True))
    assert [result.status for result in results] == [200, 0, 200]
    assert isinstance(results[1].error, error)
    assert results[1].attempts == 0
    assert results[1].content == b""
    with pytest.raises(error):
        results[1].raise_for_status()


def test_a_crawl(new_fetcher: Maker, server: FaultyServer) -> None:
    seen = {"/good/1"}
    with new_fetcher() as fetcher:
        fetcher.add(server.url("/good/1"))
        for response in fetcher:
            number = int(response.url.rsplit("/", 1)[1])
            for target in (f"/good/{2 * number}", f"/good/{2 * number + 1}"):
                if number < 100 and target not in seen:
                    seen.add(target)
                    fetcher.add(server.url(target))
        assert len(seen) == 199
        assert sorted(server.seen) == sorted(seen)
        fetcher.add(server.url("/good/again"))
        assert [response.content for response in fetcher] == [content_of("/good/again")]
        assert server.connections <= 8
        assert fetcher.stats.results == 200
        assert "0 queued" in repr(fetcher)


# -- the input


def test_an_endless_input_is_read_as_there_is_use_for_it(fetch_many: FetchMany, server: FaultyServer) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield server.url(f"/good/{taken}")

    with fetch_many(endless(), max_connections=4, look_ahead=10) as responses:
        for count, response in enumerate(itertools.islice(responses, 200), 1):
            check(response)
            assert taken <= count + 10 + 4
        assert responses.stats.results == 200
    assert server.connections <= 4


def test_nothing_now(fetch_many: FetchMany, server: FaultyServer) -> None:
    """An input that yields None is asked again a little later; what is under way goes on meanwhile."""
    asked = 0

    def sparse() -> Iterator[str | None]:
        nonlocal asked
        for number in range(5):
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                asked += 1
                yield None
            yield server.url(f"/drip/{number}")

    results = list(fetch_many(sparse()))
    assert len(results) == 5
    assert asked < 500
    for result in results:
        check(result)


def test_an_input_that_raises(fetch_many: FetchMany, server: FaultyServer) -> None:
    def failing() -> Iterator[str]:
        yield server.url("/good/1")
        yield server.url("/good/2")
        raise ZeroDivisionError

    responses = fetch_many(failing())
    seen: list[httpconn.Response] = []
    with pytest.raises(ZeroDivisionError):
        seen.extend(responses)
    seen.extend(responses)
    assert sorted(response.index for response in seen) == [0, 1]


def test_one_thread_at_a_time(server: FaultyServer) -> None:
    def reentering() -> Iterator[str]:
        yield server.url("/good/1")
        next(responses)

    with fetch_many(reentering()) as responses, pytest.raises(RuntimeError, match="already"):
        list(responses)


def test_look_ahead_past_a_saturated_host(fetch_many: FetchMany) -> None:
    """A slow host takes its connections; the others' requests behind its own are not kept waiting."""

    class Slow(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            """Once the other host has answered everything; after 20 s, it seems that it never will."""
            for _ in range(2_000):
                if order.count("good") >= 100:
                    break
                await asyncio.sleep(0.01)
            await exchange.send(exchange.page())

    with Slow() as slow, FaultyServer() as quick:
        urls = [slow.url(f"/slow/{n}") for n in range(20)] + [quick.url(f"/good/{n}") for n in range(100)]
        order: list[str] = []
        for response in fetch_many(urls, per_host=2):
            host = response.url.split("/")[3]
            order.append(host)
        assert order[-15:] == ["slow"] * 15
        assert slow.connections == 2
        assert len(list(fetch_many(urls, per_host=8, max_connections=2))) == 120


def test_no_connection_rests_where_the_input_is_quick(fetch_many: FetchMany, monkeypatch: pytest.MonkeyPatch) -> None:
    """All answers come at once, so all connections need a request at once: as many are read ahead."""

    class InRounds(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            last = -(-len(self.seen) // 300) * 300
            while len(self.seen) < last:
                await asyncio.sleep(0.001)
            await exchange.send(exchange.page())

    started = []

    class Noting(Loop):
        def _start(self, host: Any) -> None:
            started.append(host)
            super()._start(host)

    monkeypatch.setattr(robots, "Loop", Noting)
    with InRounds() as server:
        urls = [server.url(f"/good/{n}") for n in range(3_000)]
        contents = set()
        for response in fetch_many(urls, max_connections=300, per_host=300, look_ahead=300):
            if len(contents) % 300 == 0:
                time.sleep(0.05)  # until all of a round has come
            contents.add(response.content)
    assert len(contents) == 3_000
    assert 0 < len(started) < 600


def test_hosts_take_turns(fetch_many: FetchMany) -> None:
    """Under the cap for all, a host with many requests does not keep the others out."""
    with FaultyServer() as big, FaultyServer() as small:
        urls = [big.url(f"/good/{n}") for n in range(400)] + [small.url(f"/good/s{n}") for n in range(5)]
        order = [response.url for response in fetch_many(urls, max_connections=2, per_host=2)]
        last_small = max(order.index(url) for url in urls[400:])
        assert last_small < 300, last_small


def test_many_hosts_leave_nothing_behind(fetch_many: FetchMany, server: FaultyServer) -> None:
    with fetch_many(
        (f"http://host-{n}.test:{server.port}/good/{n}" for n in range(500)),
        resolve=lambda host, port: "127.0.0.1",
        max_connections=20,
    ) as responses:
        assert sum(response.status == 200 for response in responses) == 500
        assert is_empty(responses)
        assert len(responses._loop.hosts) <= 20


# -- order and memory


def test_ordered(fetch_many: FetchMany, in_use, server: FaultyServer) -> None:
    targets = script(5, 300)
    results = fetch_many(map(server.url, targets), ordered=True, timeout=QUICK, max_connections=20, per_host=20)
    for index, result in enumerate(results):
        assert result.index == index
        check(result)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("wire", [False, True])
def test_what_is_buffered_is_bounded(ordered: bool, wire: bool) -> None:
    """Messages that are kept as they came count too."""
    size = 500_000 if wire else 1_000_000
    held = 1_000_000

    class Big(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            import asyncio

            if exchange.target.endswith("/0"):
                await asyncio.sleep(0.3)  # all others wait for it, in order
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, bytes(size))

    with Big() as server:
        asked = [Request("GET", server.url(f"/big/{n}"), wire=wire) for n in range(60)]
        with fetch_many(asked, ordered=ordered, per_host=30, max_buffered_bytes=4 * held) as responses:
            most = 0
            loop = responses._loop
            for response in responses:
                assert response.error is None
                assert len(response.content) == size
                # What has been handed out is taken off when the loop goes on.
                most = max(most, loop.memory.held - loop.results.held + sum(map(memory_of, loop.results.ready)))
            assert responses.stats.results == 60
            assert is_empty(responses)
        assert most <= 7 * held


@pytest.mark.timeout(300)
def test_memory_is_flat(fetch_many: FetchMany, server: FaultyServer) -> None:
    import tracemalloc

    count = 6000 if fetch_many is httpconn.fetch_many else 2400
    responses = fetch_many((server.url("/no-content/1") for _ in range(count)), per_host=8)
    for _ in itertools.islice(responses, count // 2):
        pass
    gc.collect()
    server.seen.clear()
    server.heads.clear()
    server.bodies.clear()
    tracemalloc.start()
    try:
        for count, _ in enumerate(responses):
            if count % 100 == 0:
                server.seen.clear()
                server.heads.clear()
                server.bodies.clear()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()


# -- time


@pytest.mark.parametrize("is_bare", [True, False], ids=["bare", "Request"])
def test_a_slow_input_keeps_nobody_waiting(
    fetch_many: FetchMany, in_use, server: FaultyServer, monkeypatch: pytest.MonkeyPatch, is_bare: bool
) -> None:
    """Between two looks at the sockets it is asked once or twice, also where a host can start nothing more."""
    taken, seen = 0, [0]

    class Noting(Loop):
        def _timeout_s(self) -> float | None:
            seen.append(taken)
            return super()._timeout_s()

    monkeypatch.setattr(robots, "Loop", Noting)

    def given() -> Iterator[str | Request]:
        nonlocal taken
        for number in range(80):
            time.sleep(0.003)
            taken += 1
            url = server.url(f"/good/{number}")
            yield url if is_bare else Request("GET", url)

    assert all(response.error is None for response in fetch_many(given(), per_host=1))
    assert taken == 80
    assert max(later - earlier for earlier, later in itertools.pairwise(seen)) <= 2


@pytest.mark.slow
def test_a_slow_consumer_makes_no_timeout_fire(fetch_many: FetchMany, in_use, server: FaultyServer) -> None:
    some = 15 if fetch_many is httpconn.fetch_many else 5
    urls = [server.url(f"/{kind}/{n}") for n in range(some) for kind in ("good", "drip")]
    with fetch_many(urls, timeout=Timeout(connect=1, read=1, total=2.5), per_host=4) as responses:
        for count, response in enumerate(responses):
            assert response.error is None, response.error
            check(response)
            if count % 6 == 0:
                time.sleep(2.7)


def test_timeouts(fetch_many: FetchMany, server: FaultyServer) -> None:
    requests = [
        Request("GET", server.url("/silent-in-body/0"), timeout=Timeout(read=2)),
        Request("GET", server.url("/silent/1"), timeout=Timeout(total=0.2)),
        Request("GET", server.url("/good/2"), timeout=20),
    ]
    results = list(fetch_many(requests, ordered=True))
    assert [type(result.error) for result in results] == [httpconn.ReadTimeout, httpconn.TotalTimeout, type(None)]
    assert results[0].status == 200
    assert results[0].content == content_of("/silent-in-body/0")


@pytest.mark.slow
def test_connect_timeout_and_refusal(fetch_many: FetchMany, server: FaultyServer) -> None:
    with blackhole("127.0.0.1") as (_, silent), nobody() as (_, refused):
        urls = [f"http://127.0.0.1:{silent}/", f"http://127.0.0.1:{refused}/", server.url("/good/1")]
        results = list(fetch_many(urls, ordered=True, timeout=Timeout(connect=2)))
    assert isinstance(results[0].error, httpconn.ConnectTimeout)
    assert isinstance(results[1].error, ConnectionRefusedError)
    assert results[2].status == 200


# -- names and addresses


def test_names(fetch_many: FetchMany, poller, server: FaultyServer, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with FaultyServer(path=path):
        urls = [
            f"http://localhost:{server.port}/good/0",
            f"http://two.test:{server.port}/good/1",
            "http://unix/good/2",
            "http://no-such-host.invalid/",
            "http://bad.test/",
        ]
        overrides = {"two.test": ["127.0.0.3", "127.0.0.1"], "unix": f"unix:{path}", "bad.test": "what?"}
        results = list(fetch_many(urls, ordered=True, resolve=overrides, timeout=20))
    assert [result.status for result in results] == [200, 200, 200, 0, 0]
    assert isinstance(results[3].error, socket.gaierror)
    assert isinstance(results[4].error, ValueError)


def test_one_lookup_for_many_requests(
    fetch_many: FetchMany, monkeypatch: pytest.MonkeyPatch, server: FaultyServer
) -> None:
    calls = []

    def slow_lookup(host: str, *rest: object) -> list:
        if host.endswith(".test"):  # and no other test's server, which may be looking something up in its thread
            calls.append(host)
        time.sleep(0.1)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]

    monkeypatch.setattr(socket, "getaddrinfo", slow_lookup)
    urls = [f"http://name-{n % 2}.test:{server.port}/good/{n}" for n in range(40)]
    assert all(response.status == 200 for response in fetch_many(urls))
    assert sorted(calls) == ["name-0.test", "name-1.test"]


# -- TLS


def test_tls(fetch_many: FetchMany, in_use, poller, server_context, client_context) -> None:
    with FaultyServer(server_context) as server:
        targets = [f"/{kind}/{n}" for n in range(40) for kind in ("good", "chunked", "gzipped", "until-close")]
        with fetch_many(map(server.url, targets), context=client_context) as responses:
            for response in responses:
                check(response)
            assert is_empty(responses)
            assert responses._shared.sessions
        untrusted = list(fetch_many([server.url("/good/1")]))
        assert isinstance(untrusted[0].error, ssl.SSLCertVerificationError)
        named = Request("GET", server.url("/good/1"), context=client_context, server_hostname="other.test")
        assert isinstance(next(fetch_many([named])).error, ssl.SSLCertVerificationError)


@pytest.mark.slow
def test_a_handshake_that_hangs_blocks_nobody(
    fetch_many: FetchMany, server: FaultyServer, server_context, client_context
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf, FaultyServer(server_context) as secured:
        urls = [f"https://localhost:{deaf.getsockname()[1]}/", *(secured.url(f"/good/{n}") for n in range(20))]
        results = list(fetch_many(urls, context=client_context, timeout=Timeout(connect=5)))
        assert isinstance(results[-1].error, httpconn.ConnectTimeout)
        assert all(result.status == 200 for result in results[:-1])


@pytest.mark.slow
def test_plain_where_tls_is_expected(fetch_many: FetchMany, server: FaultyServer) -> None:
    result = next(fetch_many([f"https://localhost:{server.port}/"], timeout=Timeout(connect=2)))
    assert isinstance(result.error, OSError)


def test_tls_alerts(fetch_many: FetchMany, authority: trustme.CA, client_context: ssl.SSLContext) -> None:
    """One that ends the handshake, one that comes behind it (a client certificate is missing), and a cut."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(asking)
    authority.configure_trust(asking)
    asking.verify_mode = ssl.CERT_REQUIRED
    alert = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal, handshake_failure

    def refuse(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(alert)

    def cut(sock: socket.socket) -> None:
        sock.recv(65536)

    with FaultyServer(asking) as server, ScriptedServer(refuse) as refusing, ScriptedServer(cut) as cutting:
        urls = [
            server.url("/good/0"),
            f"https://localhost:{refusing.port}/",
            f"https://localhost:{cutting.port}/",
        ]
        resolve = {"localhost": "127.0.0.1"}
        results = list(fetch_many(urls, ordered=True, context=client_context, timeout=QUICK, resolve=resolve))
    assert [result.status for result in results] == [0, 0, 0]
    assert isinstance(results[0].error, (ssl.SSLError, ConnectionError))
    assert isinstance(results[1].error, ssl.SSLError)
    assert isinstance(results[2].error, (ssl.SSLError, ConnectionError))


# -- reuse


def test_resend_once_on_a_reused_connection(fetch_many: FetchMany, in_use) -> None:
    requests = []

    def serve(sock: socket.socket) -> None:
        count = 0
        while request := take_request(sock):
            requests.append(request.split(b" ")[0])
            count += 1
            if count == 2:
                return
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedServer(serve) as server:
        url = f"http://{server.host}:{server.port}/"
        inputs = [url, url, Request("POST", url, body=b""), url, Request("PUT", url, body=b"\r\n\r\n")]
        results = list(fetch_many(inputs, ordered=True, per_host=1))
    assert [result.attempts for result in results] == [1, 2, 1, 1, 2]
    assert [isinstance(result.error, ConnectionError) for result in results] == [False, False, True, False, False]
    assert requests == [b"GET", b"GET", b"GET", b"POST", b"GET", b"PUT", b"PUT"]


def test_late_bytes_are_no_answer(new_fetcher: Maker, in_use) -> None:
    """What comes on an idle connection is seen while it is idle, or by the look before its next request."""

    is_sent = threading.Event()

    class Late(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            import asyncio

            await exchange.send(exchange.page())
            await asyncio.sleep(0.01)
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            is_sent.set()

    with Late() as server, new_fetcher() as fetcher:
        for number in range(6):
            is_sent.clear()
            fetcher.add(server.url(f"/good/{number}"))
            check(next(fetcher))
            assert is_sent.wait(10)
            for idle in fetcher._loop.idle:
                assert select.select([idle.channel.sock], [], [], 10)[0]
        assert server.connections == 6


def test_an_answer_before_the_body_is_sent(fetch_many: FetchMany) -> None:
    def serve(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        is_read.wait(10)

    is_read = threading.Event()
    with ScriptedServer(serve) as server:
        url = f"http://{server.host}:{server.port}/"
        result = next(fetch_many([Request("PUT", url, body=b"x" * 20_000_000)]))
        is_read.set()
        assert result.status == 413
        assert result.content == b"big"


LARGE = (65_536 + 262_143, 65_536 + 262_144, 65_536 + 262_145, 1_048_577, 3_000_001)
"""Around what is received at once, and beyond what is gathered in pieces."""


@pytest.mark.parametrize("in_pieces_of", [70_001, 1_000_000])
def test_large_content_is_whole(fetch_many: FetchMany, in_pieces_of: int) -> None:
    """With another response right behind it, of which not a byte is taken for content."""
    contents = [os.urandom(size) for size in LARGE]

    def serve(sock: socket.socket) -> None:
        for content in contents:
            take_request(sock)
            reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content
            for at in range(0, len(reply), in_pieces_of):
                sock.sendall(reply[at : at + in_pieces_of])

    with ScriptedServer(serve) as server:
        url = f"http://{server.host}:{server.port}/"
        found = list(fetch_many([url] * len(contents), per_host=1, ordered=True))
        assert server.connections == 1
    assert [one.error for one in found] == [None] * len(contents)
    assert [one.content for one in found] == contents


@pytest.mark.parametrize("came", [65_536 + 262_144, 1_500_000])
@pytest.mark.parametrize("end", ["closed", "silent"])
def test_large_content_that_breaks_off(fetch_many: FetchMany, end: str, came: int) -> None:
    """What had come is with the error, and memory is as if there had been nothing."""
    content = os.urandom(came)
    is_done = threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + content)
        if end == "silent":
            is_done.wait(10)

    with ScriptedServer(serve) as server:
        url = f"http://{server.host}:{server.port}/"
        limits = Timeout(read=0.3 if end == "silent" else 10.0)
        [found] = fetch_many([url], timeout=limits)
        is_done.set()
    assert isinstance(found.error, httpconn.ReadTimeout if end == "silent" else httpconn.IncompleteRead)
    assert found.content == content
    if end == "closed":
        assert (found.error.partial, found.error.expected) == (content, 2_000_000 - came)


# -- the end


def settles_at(wanted: int) -> bool:
    deadline = time.monotonic() + 20
    while descriptors() > wanted and time.monotonic() < deadline:
        time.sleep(0.02)  # the server's ends
    return descriptors() <= wanted


@pytest.mark.filterwarnings("ignore:unclosed <Fetcher:ResourceWarning")  # one of the ways
def test_closing_closes_every_socket(server: FaultyServer, tmp_path: Path) -> None:
    before = descriptors()
    urls = [server.url(f"/drip/{n}") for n in range(100)]
    for way in ("close", "with", "break"):
        responses = fetch_many(urls)
        assert next(responses).status == 200
        if way == "close":
            responses.close()
            responses.close()
            assert list(responses) == []
            with pytest.raises(httpconn.PoolClosed):
                responses.add("http://a/")
        elif way == "with":
            with responses:
                pass
        del responses
        assert settles_at(before), way


def test_another_thread_s_fetcher_is_not_closed() -> None:
    """Its sockets would go while it waits for them, and it would wait on: for ever without a timeout."""
    has_come, is_done = threading.Event(), threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        has_come.set()
        assert is_done.wait(5)
        sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    statuses: list[int | None] = []
    with ScriptedServer(serve) as server, Fetcher(timeout=None) as fetcher:
        fetcher.add(f"http://{server.host}:{server.port}/")
        thread = threading.Thread(target=lambda: statuses.extend(response.status for response in fetcher))
        thread.start()
        assert has_come.wait(5)
        with pytest.raises(RuntimeError, match="at work in another thread"):
            fetcher.close()
        is_done.set()
        thread.join(5)
    assert statuses == [204]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
def test_ctrl_c_closes_every_socket() -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with socket.create_server(("127.0.0.1", 0), backlog=20) as silent:
        before = descriptors()
        previous = signal.signal(signal.SIGALRM, interrupt)
        responses = fetch_many(f"http://127.0.0.1:{silent.getsockname()[1]}/{n}" for n in range(8))
        try:
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                next(responses)
        finally:
            signal.signal(signal.SIGALRM, previous)
        assert descriptors() == before
        assert "closed" in repr(responses)


def test_pickles_as_its_configuration() -> None:
    with Fetcher(max_connections=3, ordered=True, headers={"A": "b"}) as fetcher:
        other = pickle.loads(pickle.dumps(fetcher))
        assert other._settings == fetcher._settings
        other.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_child_of_a_fork(server: FaultyServer) -> None:
    """It has nothing of what the parent has begun, and a fresh one works; the parent's goes on."""
    unused = Fetcher()
    with fetch_many(server.url(f"/drip/{n}") for n in range(50)) as responses:
        check(next(responses))
        read_end, write_end = os.pipe()
        child = os.fork()
        if not child:
            told = b"failed"
            try:
                with pytest.raises(httpconn.PoolClosed):
                    next(responses)
                unused.add(server.url("/good/child"))
                check(next(unused))
                told = b"passed"
            finally:
                os.write(write_end, told)
                os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as answers:
            assert answers.read() == b"passed"
        os.waitpid(child, 0)
        for response in responses:
            check(response)
        assert responses.stats.results == 50
    unused.close()


@pytest.mark.slow
def test_an_error_holds_nothing_else(fetch_many: FetchMany, in_use, server: FaultyServer) -> None:
    """Neither it nor what led to it knows frames: they know their callers', and so the fetcher and all its sockets."""
    gc.collect()
    gc.disable()
    try:
        responses = fetch_many([server.url(f"/{kind}/{n}") for n in range(2) for kind in FAULTS], timeout=QUICK)
        results = list(responses)
        if isinstance(responses, Fetcher):  # a client is held by who made it here
            dropped = weakref.ref(responses)
            del responses
            assert dropped() is None
    finally:
        gc.enable()
    led = [link for result in results for link in chain_of(result.error)]
    assert any(link.__context__ is not None or link.__cause__ is not None for link in led)
    assert all(link.__traceback__ is None for link in led)


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# -- faults


@pytest.mark.timeout(600)
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_a_misbehaving_server(new_fetcher: Maker, in_use, secured: bool, server_context, client_context) -> None:
    """Of so many requests each gets exactly one result: the right content, or the right error; nothing is left.

    HTTPCONN_FAULT_REQUESTS=20000 for the long run.
    """
    before = descriptors()
    with FaultyServer(server_context if secured else None) as server:
        with new_fetcher(context=client_context, timeout=QUICK, max_connections=64, per_host=64) as fetcher:
            is_client = not isinstance(fetcher, Fetcher)  # whose own, with cancellations, is in test_async_client.py
            count = FAULT_REQUESTS // (3 if secured else 1) // (4 if is_client else 1)
            targets = script(11 + secured, count)
            fetcher.feed(map(server.url, targets))
            seen = Counter()
            kinds = Counter()
            for response in fetcher:
                check(response)
                seen[response.index] += 1
                kinds[targets[response.index].split("/")[1]] += 1
            assert seen == Counter(range(count))
            assert is_empty(fetcher)
            if count >= 1500:
                assert set(kinds) == set(FAULTS)
        assert not fetcher._loop.open
    threading.Event().wait(0.05)
    assert settles_at(before)


# -- memory


def test_a_connection_that_filled_the_memory_is_heard_again(fetch_many: FetchMany) -> None:
    """It was paused by what it brought itself, or by another one's in the same poll; its next request is answered."""

    class Rounds(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            kind = exchange.target.split("/")[1]
            if kind != "first":
                while sum(kind in target for target in self.seen) < 6 - (kind == "big"):
                    await asyncio.sleep(0.001)
            body = b"x" * (600 if kind == "big" else 1)
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    results = []

    def urls() -> Iterator[str | None]:
        yield server.url("/first/0")
        for number in range(1, 6):
            yield server.url(f"/big/{number}")
        while len(results) < 6:
            yield None
        for number in range(6):
            yield server.url(f"/again/{number}")

    with Rounds() as server:
        for response in fetch_many(urls(), per_host=6, max_buffered_bytes=1_000, timeout=Timeout(read=10, total=10)):
            if not results:
                time.sleep(0.2)  # all of the large ones come in one poll
            results.append((response.index, response.error))
    assert sorted(results) == [(number, None) for number in range(12)]
