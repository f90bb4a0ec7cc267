"""What a fetcher or a pool is handed, and what is done to it in the middle: one result for each request all the same."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import ConnectionPool, Fetcher, Request, Timeout, fetch_many

from ..support.faulty import Exchange, FaultyServer, content_of
from ..support.peers import ScriptedServer, take_request

FULL = Path("/dev/full")
on_linux = pytest.mark.skipif(not FULL.exists(), reason="a disk that is full, which Linux has as a file")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="no fork, no SIGALRM")


# -- memory ------------------------------------------------------------------------------------------------------


def test_a_connection_that_filled_the_memory_is_heard_again() -> None:
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


# -- sinks -------------------------------------------------------------------------------------------------------


@on_linux
def test_a_disk_that_is_full(server: FaultyServer) -> None:
    with Fetcher() as fetcher:
        fetcher.feed([Request("GET", server.url("/good/full"), sink=FULL), server.url("/good/other")])
        results = {response.index: response for response in fetcher}
        assert results[1].content == content_of("/good/other")
        assert isinstance(results[0].error, OSError)
        assert results[0].error.errno == errno.ENOSPC
    with ConnectionPool(max_connections=1, timeout=Timeout(pool=2)) as pool:
        with pytest.raises(OSError) as kept:
            pool.get(server.url("/good/full"), sink=FULL)
        assert kept.value.errno == errno.ENOSPC
        assert pool.get(server.url("/good/other")).status == 200


@pytest.mark.parametrize("kind", ["pool", "fetcher"])
def test_a_sink_that_fails_when_it_is_closed(
    kind: str, server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As files on a network do: the error is the result's, and the place of the connection is free."""

    class Failing(io.FileIO):
        def close(self) -> None:
            was_closed = self.closed
            super().close()
            if not was_closed:
                raise OSError(errno.EIO, "not stored")

    monkeypatch.setattr("httpconn._exchange.sink.open", lambda path, mode, **_: Failing(path, mode), raising=False)
    request = Request("GET", server.url("/good/1"), sink=tmp_path / "sink")
    if kind == "fetcher":
        (response,) = fetch_many([request])
        assert isinstance(response.error, OSError)
        assert response.error.errno == errno.EIO
        return
    with ConnectionPool(max_connections=1, timeout=Timeout(pool=2)) as pool:
        with pytest.raises(OSError, match="not stored"):
            pool.get(request.url, sink=request.sink)
        assert pool.get(server.url("/good/2")).status == 200


def test_a_sink_that_takes_less_at_once(server: FaultyServer) -> None:
    """As raw files do."""

    class Raw(io.RawIOBase):
        def __init__(self, most: int) -> None:
            self.most, self.got = most, b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.got += bytes(data[: self.most])
            return len(data[: self.most])

    raw, full = Raw(7), Raw(0)
    with ConnectionPool() as pool:
        pool.get(server.url("/good/1"), sink=raw)
        assert raw.got == content_of("/good/1")
        with pytest.raises(OSError, match="the sink took 0 of"):
            pool.get(server.url("/good/1"), sink=full)


@posix_only
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other threads are running
def test_a_fork_writes_no_sink_a_second_time(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"A" * 1000)
        goes_on.wait(10)
        sock.sendall(b"B" * 1000)

    path = tmp_path / "sink"
    with ScriptedServer(serve) as slow:
        fetcher = Fetcher()
        fetcher.add(Request("GET", f"http://127.0.0.1:{slow.port}/", sink=path))

        def until_half() -> Iterator[None]:
            while not list(tmp_path.iterdir()):
                yield None
            for _ in range(20):  # and the first half has come
                yield None
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)
            goes_on.set()

        fetcher.feed(until_half())
        (response,) = fetcher
    assert response.error is None
    assert path.read_bytes() == b"A" * 1000 + b"B" * 1000


# -- bodies ------------------------------------------------------------------------------------------------------


def reads_for_ever(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


@pytest.mark.parametrize("error", [ValueError("late"), OSError(errno.EIO, "late"), ConnectionError("late")], ids=repr)
@pytest.mark.parametrize("parts", [0, 400], ids=["at-once", "late"])
@pytest.mark.parametrize("kind", ["pool", "fetcher"])
def test_what_a_body_raises_is_the_result(kind: str, parts: int, error: Exception) -> None:
    """At once, and it is no word of the server's."""

    def body() -> Iterator[bytes]:
        for _ in range(parts):
            yield b"x" * 65_536
        raise error

    with ScriptedServer(reads_for_ever) as silent:
        url = f"http://127.0.0.1:{silent.port}/"
        if kind == "pool":
            with ConnectionPool(expect_timeout_s=None) as pool, pytest.raises(type(error)) as raised:
                pool.post(url, body=body())
            assert raised.value is error
            return
        with Fetcher(expect_timeout_s=None) as fetcher:
            fetcher.add(Request("POST", url, body=body()))
            (response,) = fetcher
        assert response.error is error


def test_one_file_for_two_requests(server: FaultyServer) -> None:
    file = io.BytesIO(bytes(range(256)) * 8192)
    with Fetcher() as fetcher:
        fetcher.feed(Request("POST", server.url(f"/good/{n}"), body=file) for n in range(4))
        assert [response.error for response in fetcher] == [None] * 4
    assert [body == file.getvalue() for body in server.bodies] == [True] * 4


# -- inputs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ordered", [False, True])
def test_an_input_that_cannot_even_be_shown(server: FaultyServer, ordered: bool) -> None:
    """Its result names its type; the others have theirs."""

    class Unspeakable:
        def __str__(self) -> str:
            raise RuntimeError("no word")

        __repr__ = __str__

    inputs: list[Any] = [server.url("/good/0"), Unspeakable(), 10**5000, b"http://h/", server.url("/good/4")]
    results = {response.index: response for response in fetch_many(inputs, ordered=ordered)}
    assert sorted(results) == [0, 1, 2, 3, 4]
    for index, name in (1, "Unspeakable"), (2, "int"), (3, "bytes"):
        assert isinstance(results[index].error, TypeError)
        assert name in str(results[index].error)
        assert name in repr(results[index])
    assert results[4].status == 200


def test_a_source_with_nothing_now_does_not_keep_the_others(server: FaultyServer) -> None:
    fetcher = Fetcher()

    def waits() -> Iterator[str | None]:
        while fetcher.stats.results < 3:
            yield None
        yield server.url("/good/last")

    fetcher.feed(waits()).feed(server.url(f"/good/{n}") for n in range(3))
    results = [response.url for response in fetcher]
    assert results[-1] == server.url("/good/last")
    assert len(results) == 4


@pytest.mark.parametrize(
    "one", ["http://h/", b"http://h/", Request("GET", "http://h/")], ids=["str", "bytes", "Request"]
)
def test_one_request_is_no_iterable_of_them(one: Any) -> None:
    with pytest.raises(TypeError, match=type(one).__name__):
        fetch_many(one)


def test_closed_by_its_input(server: FaultyServer) -> None:
    """The iteration ends, as after any ``close``, and what the input raises then comes out."""

    def closes(then: str) -> Iterator[str]:
        yield server.url("/good/1")
        fetcher.close()
        if then == "raises":
            raise RuntimeError("the input's own")
        if then == "goes on":
            yield server.url("/good/2")

    for then in ("ends", "goes on"):
        fetcher = Fetcher()
        fetcher.feed(closes(then))
        assert list(fetcher) == []
    fetcher = Fetcher()
    fetcher.feed(closes("raises"))
    with pytest.raises(RuntimeError, match="own"):
        list(fetcher)
    assert list(fetcher) == []


@posix_only
def test_closed_by_a_signal_while_it_waits() -> None:
    with ScriptedServer(reads_for_ever) as silent:
        fetcher = fetch_many([f"http://127.0.0.1:{silent.port}/"])
        before = signal.signal(signal.SIGALRM, lambda *_: fetcher.close())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            assert list(fetcher) == []
        finally:
            signal.signal(signal.SIGALRM, before)


# -- names, time, options --------------------------------------------------------------------------------------------


def test_a_slow_consumer_does_not_turn_a_lookup_into_a_timeout(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has waited for an answer gets it, however late he comes for it."""
    looked_up = []
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any) -> Any:
        if not host.endswith(".test"):
            return real(host, *rest)
        looked_up.append(host)
        time.sleep(0.1)
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Fetcher(timeout=Timeout(connect=20)) as fetcher:
        fetcher.feed([server.url("/good/1"), "http://nowhere.test/"])
        memory = fetcher._kit.resolver._memory
        for response in fetcher:
            if response.index == 0:
                while ("nowhere.test", 80) not in memory._known:
                    time.sleep(0.01)
                del memory._known["nowhere.test", 80]  # as time does
            else:
                assert isinstance(response.error, socket.gaierror)
    assert looked_up == ["nowhere.test"]


@pytest.mark.parametrize("timeout_s", [2_200_000.0, 1e7, 1e300])
def test_timeouts_of_months(server: FaultyServer, timeout_s: float) -> None:
    """Which are more than a system waits at once."""
    (response,) = fetch_many([server.url("/good/1")], timeout=timeout_s)
    assert response.status == 200
    with ConnectionPool(timeout=timeout_s) as pool:
        assert pool.get(server.url("/good/1")).status == 200


@pytest.mark.skipif(not hasattr(select, "poll"), reason="a channel waits by poll where there is one")
def test_a_long_wait_is_several(monkeypatch: pytest.MonkeyPatch) -> None:
    from httpconn._io import channel

    monkeypatch.setattr(channel, "LONGEST_WAIT_S", 0.01)
    with ScriptedServer(reads_for_ever) as silent, ConnectionPool() as pool:
        began = time.monotonic()
        with pytest.raises(httpconn.ReadTimeout):
            pool.get(f"http://127.0.0.1:{silent.port}/", timeout=Timeout(read=0.2))
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("kind", [ConnectionPool, Fetcher])
@pytest.mark.parametrize(("name", "value", "error"), [
    ("max_connections", 2.5, TypeError), ("max_connections", 0, ValueError), ("per_host", float("nan"), TypeError),
    ("per_host", True, TypeError), ("max_content", -1, ValueError), ("max_content", 1.5, TypeError),
    ("max_ratio", -1, ValueError), ("max_ratio", float("nan"), ValueError), ("idle_s", "30", TypeError),
    ("idle_s", -1, ValueError), ("resolve_ttl_s", None, TypeError), ("expect_timeout_s", "1", TypeError),
])  # fmt: skip
def test_an_option_that_cannot_be_is_named(kind: Any, name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        kind(**{name: value})


@pytest.mark.parametrize("headers", [["ab"], "ab", [("a",)], [("a", "b", "c")]], ids=repr)
def test_headers_that_are_no_pairs(headers: Any) -> None:
    with pytest.raises(TypeError, match="pairs of name and value"):
        ConnectionPool(headers=headers)


# -- streaming -----------------------------------------------------------------------------------------------------


def test_content_in_the_middle_of_an_iteration_is_what_has_not_been_taken(server: FaultyServer) -> None:
    whole = content_of("/good/12345")
    with ConnectionPool() as pool, pool.request("GET", server.url("/good/12345"), stream=True) as response:
        parts = response.iter_bytes(4)
        assert next(parts) == whole[:4]
        assert next(response.iter_bytes(2)) == whole[4:6]
        assert response.content == whole[6:]
        assert list(parts) == []
        assert response.content == whole[6:]
