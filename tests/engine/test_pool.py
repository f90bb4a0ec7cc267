"""ConnectionPool: what it answers, what it keeps, and what it never loses."""

from __future__ import annotations

import collections
import contextlib
import gc
import io
import os
import pickle
import random
import select
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

import httpconn
from httpconn import ConnectionPool, Request, Timeout
from httpconn._engine.threads.at_once import KeptConnections
from httpconn._engine.threads.slots import Slots

from ..support.awaiting import AwaitedPool
from ..support.certificates import server_context_for
from ..support.clients import Maker
from ..support.faulty import FAULT_REQUESTS, FAULTS, Exchange, FaultyServer, check, content_of, script
from ..support.peers import ScriptedServer, blackhole, take_request

QUICK = Timeout(connect=10, read=2, total=30, pool=10)


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context_for(authority, "localhost", "other.test")


@pytest.fixture
def server(in_use) -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


@pytest.fixture
def plain_server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def kept(pool: ConnectionPool | AwaitedPool) -> list[Any]:
    """Return the connections that nobody uses."""
    return pool.kept if isinstance(pool, AwaitedPool) else [*pool._slots.idle]


def state_of(pool: ConnectionPool | AwaitedPool) -> tuple[int, int]:
    """(slots taken, connections kept), of which nothing else may be left when no request is under way."""
    gc.collect()
    if isinstance(pool, AwaitedPool):
        pool.go_on()  # what was left is closed then
        loop = pool._loop
        assert loop.open == sum(host.count for host in loop.hosts.values())
        return loop.open, len(loop.idle)
    with pool._slots.lock:
        pool._slots.find_lost()  # as who waits does
        pool._slots.take_in_lost()
        assert sum(len(host.tokens) for host in pool._slots.hosts.values()) == len(pool._slots.tokens)
        assert sum(len(host.idle) for host in pool._slots.hosts.values()) == len(pool._slots.idle)
        return len(pool._slots.tokens), len(pool._slots.idle)


# -- what comes back


def test_a_page(new_pool: Maker, server: FaultyServer) -> None:
    with new_pool() as pool:
        response = pool.get(server.url("/good/1"), params={"q": ["a b", "ü"], "none": None}, headers={"X-Mine": "1"})
        assert response.status == 200
        assert response.reason == "OK"
        assert response.url == server.url("/good/1?q=a+b&q=%C3%BC")
        assert server.seen == ["/good/1?q=a+b&q=%C3%BC"]
        assert b"\r\nX-Mine: 1\r\n" in server.heads[0]
        assert response.content == content_of(server.seen[0])
        assert response.headers["content-length"] == str(len(response.content))
        assert response.raw_head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert response.raise_for_status() is response
        assert 0 < response.timings.first_byte <= response.timings.total < 5
        assert response.attempts == 1
        assert b"".join(response.iter_bytes(7)) == response.content
        assert pickle.loads(pickle.dumps(response)).text == response.text


def test_methods_and_bodies(new_pool: Maker, server: FaultyServer, tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"0123456789" * 20_000)
    with new_pool() as pool, file.open("rb") as opened:
        opened.seek(5)
        for sent, received in [
            ({"body": b"abc"}, b"abc"),
            ({"body": "aü"}, "aü".encode()),
            ({"json": {"a": ["ü"]}}, '{"a":["ü"]}'.encode()),
            ({"body": iter([b"ab", b"", bytearray(b"cd")])}, b"abcd"),
            ({"body": opened}, file.read_bytes()[5:]),
            ({"body": io.BytesIO(b"x" * 300_000)}, b"x" * 300_000),
            ({"body": b"y" * 300_000}, b"y" * 300_000),
            ({}, b""),
        ]:
            response = pool.post(server.url("/good/post"), **sent)
            assert response.content == content_of("/good/post")
            assert server.bodies[-1] == received
        assert b"Content-Length: 0\r\n" in server.heads[-1]
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            getattr(pool, method.lower())(server.url("/good/x"))
            assert server.heads[-1].startswith(method.encode())
        assert pool.stats.opened == 1


def test_headers_as_pairs_keep_order_and_repeat(new_pool: Maker, server: FaultyServer) -> None:
    with new_pool(headers={"User-Agent": "mine", "X-Shared": "s"}) as pool:
        pool.get(server.url("/good/1"), headers=[("X-A", "1"), ("x-shared", "own"), ("X-A", "2")])
        head = server.heads[0]
        assert head.count(b"X-A: ") == 2
        assert head.index(b"X-A: 1") < head.index(b"x-shared: own") < head.index(b"X-A: 2")
        assert b"X-Shared: s" not in head
        assert b"User-Agent: mine" in head
        pool.get(server.url("/good/1"), headers={"X-A": ["1", "2"], "X-B": "ü"})
        assert b"X-A: 1\r\nX-A: 2\r\nX-B: \xfc\r\n" in server.heads[1]


def test_no_status_is_an_error(new_pool: Maker, server: FaultyServer) -> None:
    with new_pool() as pool:
        response = pool.get(server.url("/not-found/1"))
        assert response.status == 404
        with pytest.raises(httpconn.StatusError, match="404 Not Found") as told:
            response.raise_for_status()
        assert told.value.response is response


@pytest.mark.parametrize("bad", [
    {"url": "ftp://example.org/", "error": httpconn.UnsupportedScheme},
    {"url": "//example.org/", "error": httpconn.InvalidURL},
    {"url": "http://example.org/\r\nX: y", "error": httpconn.InvalidURL},
    {"url": "http://a b/", "error": httpconn.InvalidURL},
    {"url": "http://user:p@ss@example.org/", "error": httpconn.InvalidURL},
    {"url": "http://example.org:99999/", "error": httpconn.InvalidURL},
    {"url": b"http://example.org/", "error": TypeError},
    {"url": "http://h/", "method": "GE T", "error": ValueError},
    {"url": "http://h/", "method": None, "error": TypeError},
    {"url": "http://h/", "headers": {"A": "b\r\nC: d"}, "error": httpconn.InvalidField},
    {"url": "http://h/", "headers": {"A b": "c"}, "error": httpconn.InvalidField},
    {"url": "http://h/", "headers": [("a",)], "error": TypeError},
    {"url": "http://h/", "headers": {"Content-Length": "3"}, "body": b"ab", "error": httpconn.InvalidField},
    {"url": "http://h/", "headers": {"Transfer-Encoding": "chunked"}, "body": b"ab", "error": httpconn.InvalidField},
    {"url": "http://h/", "body": 3, "error": TypeError},
    {"url": "http://h/", "body": {"a": 1}, "error": TypeError},
    {"url": "http://h/", "body": b"", "json": 1, "error": TypeError},
    {"url": "http://h/", "timeout": Timeout(1), "max_content": -1, "error": ValueError},
    {"url": "http://h/", "timeout": -1, "error": ValueError},
])  # fmt: skip
def test_bad_input_is_refused_before_any_traffic(new_pool: Maker, bad: dict) -> None:
    bad = dict(bad)
    error = bad.pop("error")
    with new_pool(resolve={"h": "192.0.2.1"}) as pool:
        with pytest.raises(error):
            pool.request(bad.pop("method", "GET"), bad.pop("url"), **bad)
        assert pool.stats.opened == 0
        if isinstance(pool, ConnectionPool):
            assert pool.stats.requests == 0  # a client's have a number each before they are looked at


def test_a_decoder_that_is_missing(
    new_pool: Maker, monkeypatch: pytest.MonkeyPatch, plain_server: FaultyServer
) -> None:
    from httpconn._exchange import content_coding

    monkeypatch.setattr(content_coding, "_makers", lambda: {"gzip": content_coding._Brotli})
    with new_pool() as pool:
        with pytest.raises(httpconn.MissingDecoder, match="br"):
            pool.get(plain_server.url("/good/1"), headers={"Accept-Encoding": "gzip, br;q=1"})
        assert pool.get(plain_server.url("/good/1"), headers={"Accept-Encoding": "br"}, decode=False).status == 200


def test_every_fault_ends_in_the_right_error(new_pool: Maker, server: FaultyServer) -> None:
    with new_pool(timeout=QUICK) as pool:
        for kind in FAULTS:
            target = f"/{kind}/1"
            try:
                response = pool.get(server.url(target))
            except Exception as error:
                response = error.response
            check(response)
            check(pool.get(server.url(f"/good/after-{kind}")))
        taken, idle = state_of(pool)
        assert taken == idle <= 1


def test_errors_carry_what_came(new_pool: Maker, plain_server: FaultyServer) -> None:
    with new_pool() as pool:
        with pytest.raises(httpconn.IncompleteRead) as told:
            pool.get(plain_server.url("/cut/1"))
        assert told.value.partial == told.value.response.content == content_of("/cut/1")
        assert told.value.response.status == 200
        with pytest.raises(httpconn.ContentDecodingError) as told:
            pool.get(plain_server.url("/cut-gzip/1"))
        assert content_of("/cut-gzip/1").startswith(told.value.partial)
        raw = pool.get(plain_server.url("/cut-gzip/1"), decode=False)
        assert raw.content.startswith(b"\x1f\x8b")


def test_content_limits(new_pool: Maker, plain_server: FaultyServer, tmp_path: Path) -> None:
    with new_pool(max_content=10) as pool:
        for kind in ("good", "chunked", "gzipped", "until-close"):
            with pytest.raises(httpconn.ContentTooLong):
                pool.get(plain_server.url(f"/{kind}/1"))
        assert pool.get(plain_server.url("/good/1"), max_content=100_000).content == content_of("/good/1")
        file = tmp_path / "sink"
        assert pool.get(plain_server.url("/good/1"), sink=file).content == b""
        assert file.read_bytes() == content_of("/good/1")
        memory = io.BytesIO()
        pool.get(plain_server.url("/gzipped/1"), sink=memory)
        assert memory.getvalue() == content_of("/gzipped/1")
        with pytest.raises(OSError, match="No such file"):
            pool.get(plain_server.url("/good/1"), sink=tmp_path / "no" / "where")


# -- streaming


def test_streaming(new_pool: Maker, server: FaultyServer) -> None:
    with new_pool() as pool:
        for kind in ("good", "chunked", "gzipped", "drip", "until-close"):
            with pool.request("GET", server.url(f"/{kind}/7"), stream=True) as response:
                assert response.status == 200
                parts = list(response.iter_bytes(100))
                assert all(len(part) == 100 for part in parts[:-1])
                assert b"".join(parts) == content_of(f"/{kind}/7")
                with pytest.raises(httpconn.StreamConsumed):
                    list(response.iter_bytes())
        taken, idle = state_of(pool)
        assert taken == idle


def test_a_stream_left_unread_closes_the_connection(new_pool: Maker, server: FaultyServer) -> None:
    with new_pool() as pool:
        with pool.request("GET", server.url("/silent-in-body/1"), stream=True) as response:
            assert state_of(pool) == (1, 0)
        assert state_of(pool) == (0, 0)
        with pytest.raises(httpconn.PoolClosed, match="closed before"):
            _ = response.content
        response = pool.request("GET", server.url("/silent-in-body/1"), stream=True)
        del response
        assert state_of(pool) == (0, 0)
        with pool.request("GET", server.url("/drip/1"), stream=True) as response:
            first = next(response.iter_bytes(10))
            assert first + response.content == content_of("/drip/1")


@pytest.mark.slow
def test_a_stream_that_breaks(new_pool: Maker, plain_server: FaultyServer) -> None:
    with new_pool(timeout=QUICK) as pool:
        for kind, error in (("cut", httpconn.IncompleteRead), ("silent-in-body", httpconn.ReadTimeout)):
            with pool.request("GET", plain_server.url(f"/{kind}/1"), stream=True) as response:
                parts: list[bytes] = []
                with pytest.raises(error):
                    parts.extend(response.iter_bytes(10))
                assert b"".join(parts) == content_of(f"/{kind}/1")[: len(b"".join(parts))]
            assert state_of(pool) == (0, 0)


# -- what is kept


def test_late_bytes_and_closes_are_seen_before_reuse(new_pool: Maker, server: FaultyServer) -> None:
    class Late(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            await exchange.send(exchange.page())
            if exchange.target == "/late":
                await exchange.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            elif exchange.target == "/closed":
                exchange.end()

    with Late() as late, new_pool() as pool:
        for target in ("/late", "/closed"):
            opened = pool.stats.opened
            assert pool.get(late.url(target)).content == content_of(target)
            for idle in kept(pool):  # what it was to say behind, or the end, has come
                assert select.select([idle.channel.sock], [], [], 10)[0]
            assert pool.post(late.url("/next"), body=b"").content == content_of("/next")
            assert pool.stats.opened - opened <= 2
        assert pool.stats.resent == 0


def test_resend_once_on_a_reused_connection(new_pool: Maker, in_use) -> None:
    """Closed just as the request arrives: sent again where that does no harm, and never a POST."""
    requests = []

    def serve(sock: socket.socket) -> None:
        count = 0
        while request := take_request(sock):
            requests.append(request.split(b" ")[0])
            count += 1
            if count == 2:
                return
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedServer(serve) as server, new_pool() as pool:
        url = f"http://{server.host}:{server.port}/"
        assert pool.get(url).attempts == 1
        assert pool.get(url).attempts == 2
        with pytest.raises(httpconn.RemoteDisconnected):
            pool.post(url, body=b"")
        assert requests == [b"GET", b"GET", b"GET", b"POST"]
        assert pool.get(url).attempts == 1
        with pytest.raises(ConnectionError):
            pool.put(url, body=iter([b"x"]))  # cannot be replayed
        assert pool.get(url).attempts == 1
        assert pool.put(url, body=b"\r\n\r\n").attempts == 2
        assert pool.stats.resent == 2


def test_not_resent_on_a_fresh_connection(new_pool: Maker, server: FaultyServer) -> None:
    with new_pool() as pool, pytest.raises(httpconn.RemoteDisconnected) as told:
        pool.get(server.url("/closed-at-once/1"))
    assert told.value.response.attempts == 1
    assert len(server.seen) == 1


def test_idle_connections_expire(new_pool: Maker, plain_server: FaultyServer) -> None:
    with new_pool(idle_s=0.1) as pool:
        pool.get(plain_server.url("/good/1"))
        time.sleep(0.15)
        pool.get(plain_server.url("/good/2"))
        assert pool.stats.opened == 2
        if isinstance(pool, ConnectionPool):
            assert pool.stats.expired == 1
        assert state_of(pool) == (1, 1)


def test_last_in_first_out(plain_server: FaultyServer) -> None:
    with ConnectionPool() as pool:
        streams = [pool.request("GET", plain_server.url("/drip/1"), stream=True) for _ in range(3)]
        for response in streams:
            assert response.content
        last = next(reversed(pool._slots.idle))
        pool.get(plain_server.url("/good/2"))
        assert next(reversed(pool._slots.idle)) is last
        assert pool.stats.opened == 3


def test_another_hosts_connection_makes_room(new_pool: Maker) -> None:
    with FaultyServer() as one, FaultyServer() as other, new_pool(max_connections=1) as pool:
        for _ in range(3):
            pool.get(one.url("/good/1"))
            pool.get(other.url("/good/1"))
        assert state_of(pool) == (1, 1)
        assert pool.stats.opened == 6


def test_tls_settings_are_part_of_the_key(new_pool: Maker, server_context, client_context, authority) -> None:
    lax = ssl.create_default_context()
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    with FaultyServer(server_context) as server, new_pool(context=client_context) as pool:
        pool.get(server.url("/good/1"), context=lax)
        pool.get(server.url("/good/1"))
        pool.get(server.url("/good/1"), server_hostname="other.test")
        with pytest.raises(ssl.SSLCertVerificationError):
            pool.get(server.url("/good/1"), server_hostname="evil.test")
        pool.get(server.url("/good/1"))
        assert pool.stats.opened == 4
        assert pool.stats.reused == 1
    with FaultyServer(server_context) as server, new_pool() as pool, pytest.raises(ssl.SSLCertVerificationError):
        pool.get(server.url("/good/1"))


def test_client_certificates(new_pool: Maker, authority: trustme.CA, client_context: ssl.SSLContext) -> None:
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(asking)
    authority.configure_trust(asking)
    asking.verify_mode = ssl.CERT_REQUIRED
    with FaultyServer(asking) as server:
        with new_pool(context=client_context, timeout=QUICK) as pool, pytest.raises(OSError, match=r"."):
            pool.get(server.url("/good/1"))
        authority.issue_cert("client@test").configure_cert(client_context)
        with new_pool(context=client_context) as pool:
            assert pool.get(server.url("/good/1")).status == 200


def test_tls_sessions_are_resumed(new_pool: Maker, server_context, client_context) -> None:
    with FaultyServer(server_context) as server, new_pool(context=client_context) as pool:
        pool.get(server.url("/unavailable/1"))  # after which the connection is closed
        with pool.request("GET", server.url("/drip/2"), stream=True) as one:
            with pool.request("GET", server.url("/drip/3"), stream=True) as other:
                source = other._stream  # a pool's, or a client's
                sock = getattr(source, "_attempt", source)._connection.channel.sock
                assert sock.session_reused
                assert other.content == content_of("/drip/3")
            assert one.content == content_of("/drip/2")


@pytest.mark.slow
def test_faults_over_tls(new_pool: Maker, in_use, server_context, client_context) -> None:
    with FaultyServer(server_context) as server, new_pool(context=client_context, timeout=QUICK) as pool:
        for kind in FAULTS:
            try:
                response = pool.get(server.url(f"/{kind}/1"))
            except Exception as error:
                response = error.response
            check(response)
            check(pool.get(server.url(f"/good/after-{kind}")))


# -- addresses


def test_unix_sockets_and_overrides(new_pool: Maker, tmp_path: Path, plain_server: FaultyServer) -> None:
    path = str(tmp_path / "socket")
    with FaultyServer(path=path), new_pool(resolve={"docker": f"unix:{path}", "a.test:80": "127.0.0.2"}) as pool:
        assert pool.get("http://docker/good/1").content == content_of("/good/1")
        with pytest.raises(ConnectionRefusedError):
            pool.get("http://a.test/")
    with new_pool(resolve=lambda host, port: ["127.0.0.1"] if host == "b.test" else None) as pool:
        assert pool.get(f"http://b.test:{plain_server.port}/good/1").status == 200
    with new_pool(resolve={"c.test": "nonsense"}) as pool, pytest.raises(ValueError, match="nonsense"):
        pool.get("http://c.test/")


def test_the_next_address_is_tried(new_pool: Maker, plain_server: FaultyServer) -> None:
    with new_pool(resolve={"a.test": ["127.0.0.3", "::1", "127.0.0.1"]}) as pool:
        assert pool.get(f"http://a.test:{plain_server.port}/good/1").status == 200


def test_ipv6_source_address_and_options(new_pool: Maker) -> None:
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    try:
        server = FaultyServer(host="::1").__enter__()
    except OSError:
        pytest.skip("no IPv6 here")
    with contextlib.closing(new_pool(socket_options=options)) as pool:
        assert pool.get(f"http://[::1]:{server.port}/good/1").status == 200
        sock = kept(pool)[0].channel.sock
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert f"Host: [::1]:{server.port}".encode() in server.heads[0]
    server.__exit__()
    with FaultyServer() as server, new_pool(source_address=("127.0.0.5", 0)) as pool:
        assert pool.get(server.url("/good/1")).status == 200
        assert kept(pool)[0].channel.sock.getsockname()[0] == "127.0.0.5"


def test_a_name_that_is_not_found(new_pool: Maker) -> None:
    with new_pool(timeout=20) as pool:
        with pytest.raises(socket.gaierror):
            pool.get("http://no-such-host.invalid/")
        assert state_of(pool) == (0, 0)


# -- time


def test_timeouts(new_pool: Maker, plain_server: FaultyServer) -> None:
    with new_pool() as pool:
        for timeout, error in [
            (Timeout(read=1.5), httpconn.ReadTimeout),
            (Timeout(total=1.5), httpconn.TotalTimeout),
        ]:
            began = time.monotonic()
            with pytest.raises(error) as told:
                pool.get(plain_server.url("/silent-in-body/1"), timeout=timeout)
            assert time.monotonic() - began > 1.4
            assert isinstance(told.value, TimeoutError)
            assert told.value.response.content == content_of("/silent-in-body/1")
        assert state_of(pool) == (0, 0)


def test_connect_timeout(new_pool: Maker) -> None:
    with blackhole("127.0.0.1") as (host, port):
        with new_pool(timeout=Timeout(connect=0.2)) as pool, pytest.raises(httpconn.ConnectTimeout):
            pool.get(f"http://{host}:{port}/")


def test_total_holds_against_a_drip(new_pool: Maker) -> None:
    """A byte now and then keeps every read alive; the total limit does not care."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        for byte in b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100:
            sock.sendall(bytes([byte]))
            time.sleep(0.03)

    with ScriptedServer(serve) as server, new_pool(timeout=Timeout(read=1, total=0.3)) as pool:
        with pytest.raises(httpconn.TotalTimeout):
            pool.get(f"http://{server.host}:{server.port}/")


def test_waiting_is_bounded(plain_server: FaultyServer) -> None:
    with ConnectionPool(per_host=1, timeout=Timeout(pool=0.1)) as pool:
        with pool.request("GET", plain_server.url("/silent-in-body/1"), stream=True):
            with pytest.raises(httpconn.PoolTimeout, match="1 of 100") as caught:
                pool.get(plain_server.url("/good/1"))
            found = caught.value.response  # type: ignore[attr-defined]  # as all that a pool raises
            assert (found.url, found.attempts, found.status) == (plain_server.url("/good/1"), 0, 0)
            assert " 0 waiting" in repr(pool)
            assert pool.get(plain_server.url("/good/1").replace("127.0.0.1", "localhost")).status == 200
        assert pool.get(plain_server.url("/good/1")).status == 200
        assert pool.stats.waited == 1


# -- an early answer


def test_an_answer_before_the_body_is_sent(new_pool: Maker, in_use) -> None:
    """A 413 that comes while the body is still going out counts, and the connection is not used again."""

    def serve(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        is_read.wait(10)

    is_read = threading.Event()
    with ScriptedServer(serve) as server, new_pool() as pool:
        response = pool.put(f"http://{server.host}:{server.port}/", body=b"x" * 20_000_000)
        is_read.set()
        assert response.status == 413
        assert response.content == b"big"
        assert state_of(pool) == (0, 0)


# -- threads, faults, forks


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_500_threads(plain_server: FaultyServer) -> None:
    """No slot is lost, no response crossed, and no limit passed."""
    failures: list[BaseException] = []
    with ConnectionPool(max_connections=20, per_host=20, timeout=Timeout(read=20, total=90, pool=90)) as pool:

        def work(number: int) -> None:
            try:
                mine = random.Random(number)
                for turn in range(6):
                    kind = mine.choice(["good", "good", "chunked", "gzipped", "until-close", "cut", "reset-in-body"])
                    target = f"/{kind}/{number}-{turn}"
                    try:
                        response = pool.get(plain_server.url(target))
                    except (OSError, httpconn.HTTPException) as error:
                        response = error.response
                    check(response)
                    assert len(pool._slots.tokens) <= 20
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(500)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        taken, idle = state_of(pool)
        assert taken == idle <= 20
        assert not pool._slots.waiting
        assert pool.stats.requests == 3000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_a_misbehaving_server(in_use, secured: bool, server_context, client_context) -> None:
    """Of so many requests each gets exactly one result: the right content, or the right error; nothing is left.

    HTTPCONN_FAULT_REQUESTS=20000 for the long run.
    """
    count = FAULT_REQUESTS if not secured else FAULT_REQUESTS // 3
    targets = iter(script(21 + secured, count))
    seen: collections.Counter[str] = collections.Counter()
    failures: list[BaseException] = []
    lock = threading.Lock()
    gc.collect()
    before = descriptors()
    with FaultyServer(server_context if secured else None) as server:
        timeout = Timeout(connect=20, read=4, total=60, pool=60)
        with ConnectionPool(context=client_context, timeout=timeout, max_connections=24, per_host=24) as pool:

            def work() -> None:
                try:
                    while True:
                        with lock:
                            target = next(targets, None)
                        if target is None:
                            return
                        try:
                            response = pool.get(server.url(target))
                        except (OSError, httpconn.HTTPException) as error:
                            response = error.response
                        check(response)
                        with lock:
                            seen[target] += 1
                except BaseException as error:
                    failures.append(error)

            threads = [threading.Thread(target=work) for _ in range(32)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failures, failures[0]
            assert seen == collections.Counter(script(21 + secured, count))
            taken, idle = state_of(pool)
            assert taken == idle <= 24
        assert state_of(pool) == (0, 0)
    deadline = time.monotonic() + 20
    while descriptors() > before and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.05)  # the server's ends
    assert descriptors() <= before


class Interrupted(BaseException):
    pass


# A socket that was being made is closed by its finalizer, which warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
@pytest.mark.skipif(
    sys.version_info[:2] == (3, 14),
    reason="an exception of a signal handler between __enter__ and the body leaves a lock held (CPython's gh-148874)",
)
def test_no_slot_is_lost_when_a_request_is_interrupted_anywhere(plain_server: FaultyServer) -> None:
    """A signal's exception at whatever instruction: as Ctrl-C, or as a task's cancellation by gevent."""
    dice = random.Random(6)

    def interrupt(*_: object) -> None:
        raise Interrupted

    previous = signal.signal(signal.SIGALRM, interrupt)
    interrupted = 0
    pool = ConnectionPool(per_host=2, timeout=Timeout(pool=5))
    try:
        for number in range(4000):
            if interrupted == 200:
                break
            target = f"/good/{number}"
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-6, 1.2e-3))
                    response = pool.get(plain_server.url(target))
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Interrupted:
                interrupted += 1
            else:
                assert response.content == content_of(target)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert interrupted == 200
    taken, idle = state_of(pool)
    assert taken == idle <= 2
    assert pool.get(plain_server.url("/good/end")).content == content_of("/good/end")
    pool.close()


def test_a_slot_is_found_whose_finalizer_was_interrupted(
    plain_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for it gets it, within a moment."""
    pool = ConnectionPool(per_host=1, timeout=Timeout(pool=10))
    url = plain_server.url("/good/1")
    with monkeypatch.context() as patched:
        patched.setattr(pool._slots, "note_lost", lambda _: None)
        key = pool._shared.preparer.prepare_url(url, 0).key
        pool._slots.acquire(key, "GET", 1.0)
        gc.collect()
    assert len(pool._slots.tokens) == 1
    assert pool.get(url).content == content_of("/good/1")
    assert state_of(pool) == (1, 1)
    pool.close()


def test_nothing_is_left_open(new_pool: Maker, plain_server: FaultyServer) -> None:
    before = descriptors()
    with new_pool(timeout=QUICK) as pool:
        for target in script(3, 60):
            with contextlib.suppress(OSError, httpconn.HTTPException):
                pool.get(plain_server.url(target))
    gc.collect()
    deadline = time.monotonic() + 20
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.05)  # the server's ends
    assert state_of(pool) == (0, 0)


def test_closed(plain_server: FaultyServer) -> None:
    pool = ConnectionPool()
    response = pool.request("GET", plain_server.url("/good/1"), stream=True)
    pool.close()
    assert response.content == content_of("/good/1")
    assert state_of(pool) == (0, 0)
    assert "closed" in repr(pool)
    with pytest.raises(httpconn.PoolClosed):
        pool.get(plain_server.url("/good/1"))


def test_closed_by_a_signals_handler(plain_server: FaultyServer) -> None:
    """It may come while its own thread has the lock."""
    pool = ConnectionPool()
    pool.get(plain_server.url("/good/1"))

    def handle() -> None:
        with pool._slots.lock:
            pool.close()

    thread = threading.Thread(target=handle, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    with pytest.raises(httpconn.PoolClosed):
        pool.get(plain_server.url("/good/1"))
    assert state_of(pool) == (0, 0)


@pytest.mark.parametrize("way", ["whole", "streamed", "given back"])
def test_a_signals_handler_sends_over_the_pool_that_it_has_interrupted(way: str, plain_server: FaultyServer) -> None:
    """At each line at which its thread has the lock: both get their answers, no slot is lost and none is invented."""
    one, two = (plain_server.url(f"/good/{number}") for number in (1, 2))
    pool = ConnectionPool()
    files = {sys.modules[kind.__module__].__file__ for kind in (Slots, KeptConnections)}
    seen: set[tuple[str, int]] = set()
    opened: list[Any] = []

    def handle() -> None:
        if way == "given back":
            if opened:
                opened.pop().close()
            return
        assert pool.get(two, stream=way == "streamed").content == content_of("/good/2")

    def trace(frame: Any, event: str, _: object) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line" and pool._slots.is_below() and (place := (frame.f_code.co_name, frame.f_lineno)) not in seen:
            seen.add(place)
            sys.settrace(None)
            handle()
            sys.settrace(trace)
        return trace

    def get() -> None:
        if way == "given back":
            opened.append(pool.get(plain_server.url("/silent-in-body/3"), stream=True))
        sys.settrace(trace)
        assert pool.get(one, stream=way == "streamed").content == content_of("/good/1")

    def main() -> None:
        before = -1
        while before < len(seen):
            before = len(seen)
            get()
            sys.settrace(None)
            pool._slots._expires_at = 0.0  # for the next one there is more to do

    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert len(seen) > 20, seen
    for response in opened:
        response.close()
    assert pool.get(one).content == content_of("/good/1")
    taken, idle = state_of(pool)
    assert taken == idle
    pool.close()
    assert state_of(pool) == (0, 0)


def test_repr(plain_server: FaultyServer) -> None:
    with ConnectionPool(max_connections=3) as pool:
        assert repr(pool) == "<ConnectionPool open: 0 of 3 connections, 0 idle, 0 waiting, 0 hosts>"
        pool.get(plain_server.url("/good/1"))
        assert repr(pool) == "<ConnectionPool open: 1 of 3 connections, 1 idle, 0 waiting, 1 hosts>"


def test_pickles_as_its_configuration(new_pool: Maker, plain_server: FaultyServer) -> None:
    with new_pool(max_connections=3, timeout=7, headers={"A": "b"}, resolve={"x": "127.0.0.1"}) as pool:
        pool.get(plain_server.url("/good/1"))
        other = pickle.loads(pickle.dumps(pool))
        assert other._settings == pool._settings
        assert other.get(f"http://x:{plain_server.port}/good/1").status == 200
        other.close()
    with pytest.raises(TypeError):
        pickle.dumps(new_pool(context=ssl.create_default_context()))
    request = Request("POST", "http://x/", {"a": "b"}, b"body", tag=3)
    assert pickle.loads(pickle.dumps(request)).tag == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_the_child_of_a_fork_uses_nothing_of_the_parents(secured, server_context, client_context) -> None:
    with FaultyServer(server_context if secured else None) as server, ConnectionPool(context=client_context) as pool:
        stream = pool.request("GET", server.url("/silent-in-body/1"), stream=True)
        pool.get(server.url("/good/1"))
        shared = [connection.channel.sock.fileno() for connection in pool._slots.live]
        read_end, write_end = os.pipe()
        with contextlib.closing(os.fdopen(read_end)) as answers:
            child = _fork()
            if not child:
                told = "failed"
                try:
                    for descriptor in shared:
                        with pytest.raises(OSError, match="Bad file"):
                            os.fstat(descriptor)
                    assert state_of(pool) == (0, 0)
                    assert not pool._shared.sessions
                    with pytest.raises(ConnectionAbortedError):
                        list(stream.iter_bytes())
                    assert pool.get(server.url("/good/child")).content == content_of("/good/child")
                    told = "passed"
                finally:
                    os.write(write_end, told.encode())
                    os._exit(0)
            os.close(write_end)
            assert select.select([answers], [], [], 20)[0]
            assert answers.read() == "passed"
            os.waitpid(child, 0)
        assert server.connections == 3
        assert pool.get(server.url("/good/2")).content == content_of("/good/2")
        assert server.connections == 3, "the child has closed the parent's connection"
        stream.close()


def _fork() -> int:
    if sys.version_info >= (3, 12):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other threads are running: as is the point here
            return os.fork()
    return os.fork()
