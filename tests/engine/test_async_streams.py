"""AsyncClient.stream, bodies that are sent bit by bit, and sinks: what goes in and out of the event loop in parts."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from httpconn import (
    AsyncClient,
    AsyncResponse,
    ContentDecodingError,
    ContentTooLong,
    IncompleteRead,
    PoolClosed,
    Request,
    Response,
    Retry,
    StreamConsumed,
    Timeout,
)

from ..support.counted import handed_over_bytes
from ..support.event_loops import LOOPS, engine_of, is_at_rest, run, sleep, until
from ..support.faulty import BOMB, Exchange, FaultyServer, check, content_of
from ..support.sites import Site, redirect

QUICK = Timeout(connect=10, read=10, total=30, pool=None)
MIB = 1 << 20
STREAM_MIB = int(os.environ.get("HTTPCONN_STREAM_MIB", "64"))
"""How much a slow reader is sent; 1,024 in a long run."""


class Endless(FaultyServer):
    """Sends so many MiB, as long as it is read from, and notes how much it could send and whether that broke off."""

    def __init__(self, mebibytes: int = STREAM_MIB) -> None:
        super().__init__()
        self.size = mebibytes * MIB
        self.sent = 0
        self.broke_off = False

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target != "/endless":
            await exchange.send(exchange.page())
            return
        exchange.writer.transport.set_write_buffer_limits(65_536)
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.size)
        part = bytes(65_536)
        try:
            while self.sent < self.size:
                await exchange.send(part)
                self.sent += len(part)
        except OSError:
            self.broke_off = True
            raise


# -- the reader's pace


def test_a_stream_that_ends_while_it_is_full() -> None:
    """Its connection is heard again, although its reader has taken nothing of the content yet."""
    size = 560_000  # more than is held for a reader, and no more than comes with what fills it
    filled = 0

    async def main() -> None:
        nonlocal filled
        async with AsyncClient(per_host=1, timeout=QUICK) as client:
            for _ in range(5):
                async with client.stream("GET", site.url("/long")) as response:
                    stream: Any = response._stream
                    await until(lambda stream=stream: stream.is_done or stream.is_full)
                    filled += stream.is_done and stream.is_full
                    assert len(await response.aread()) == size
                assert (await client.get(site.url("/next"))).content == b"next"
            assert client.stats.opened == 1

    with Site({"/long": (200, {}, bytes(size)), "/next": (200, {}, b"next")}) as site:
        run(main)
    assert filled


@pytest.mark.timeout(900)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_slow_reader_is_sent_no_more_than_it_takes(loop: str) -> None:
    """What the system has handed over and its reader has not taken is 2 MiB at most; all else waits in the system."""
    mebibytes = STREAM_MIB if loop == "asyncio" else 8
    most_held = 0
    most_on_its_way = 0

    async def main() -> None:
        nonlocal most_held, most_on_its_way
        async with AsyncClient(timeout=Timeout(connect=10, read=10, total=None)) as client:
            taken = 0
            async with client.stream("GET", server.url("/endless")) as response:
                stream: Any = response._stream
                sock = stream._connection.channel.sock
                async for part in response.aiter_bytes():
                    if stream._connection is not None:
                        most_held = max(most_held, handed_over_bytes(sock) - taken)
                    taken += len(part)
                    most_on_its_way = max(most_on_its_way, server.sent - taken)
                    if taken < 8 * MIB:
                        await sleep(0.002, loop)  # by which the server could send far more
            assert taken == server.size
            check(await client.get(server.url("/good/1")))
            assert client.stats.opened == 1
            assert is_at_rest(client)

    with Endless(mebibytes) as server:
        run(main, loop)
    assert 0 < most_held <= 2 * MIB
    assert most_on_its_way <= 16 * MIB  # the buffers of two sockets, as large as the system makes them


def test_what_is_held_of_a_bomb() -> None:
    """30 MB of zeros come in 30 KB: a reader that takes its time has them decoded in steps."""

    class Bomb(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
            await exchange.send(head, BOMB)

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_ratio=1e9) as client:
            async with client.stream("GET", server.url("/")) as response:
                stream: Any = response._stream
                tracemalloc.start()
                count = 0
                async for part in response.aiter_bytes():
                    count += len(part)
                    assert stream._size <= MIB
                    await asyncio.sleep(0.0005)
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
            assert count == 30_000_000
            assert peak <= 4 * MIB

    with Bomb() as server:
        run(main)


def test_a_full_stream_is_left_alone_while_memory_is_short() -> None:
    """What others hold makes the engine go on with its oldest request; the reader of a stream decides on its own."""

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_buffered_bytes=100_000) as client:
            async with client.stream("GET", server.url("/endless")) as response:
                stream: Any = response._stream
                await until(lambda: stream.is_full)
                engine = engine_of(client)
                engine.hold(200_000)
                for _ in range(50):
                    client._running().wake()
                    await asyncio.sleep(0.001)
                assert stream._size <= MIB
                engine.hold(-200_000)
                taken = 0
                async for part in response.aiter_bytes():
                    taken += len(part)
                assert taken == server.size
            assert is_at_rest(client)

    with Endless(8) as server:
        run(main, debug=True)


def test_a_stream_that_is_not_read_keeps_nobody_else(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK, max_buffered_bytes=100_000) as client:
            async with client.stream("GET", endless.url("/endless")) as response:
                stream: Any = response._stream
                await until(lambda: stream.is_full)
                for number in range(20):
                    check(await client.get(server.url(f"/good/{number}")))
                assert (await anext(response.aiter_bytes())) != b""

    with Endless(8) as endless:
        run(main, debug=True)


# -- leaving it


@pytest.mark.parametrize("way", ["leave", "aclose", "drop", "error", "cancel"])
def test_left_early_the_server_sees_it(way: str) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            if way == "drop":
                response = await client.stream("GET", server.url("/endless")).__aenter__()
                del response
            elif way == "cancel":

                async def read() -> None:
                    async with client.stream("GET", server.url("/endless")) as response:
                        await anext(response.aiter_bytes())
                        await asyncio.sleep(60)

                task = asyncio.create_task(read())
                await until(lambda: server.sent > 0)
                task.cancel()
                await asyncio.wait([task])
            else:
                try:
                    async with client.stream("GET", server.url("/endless")) as response:
                        await anext(response.aiter_bytes())
                        if way == "error":
                            raise KeyError("the caller's")
                        if way == "aclose":
                            await response.aclose()
                            with pytest.raises(PoolClosed, match="before its content was read"):
                                await response.aread()
                except KeyError:
                    assert way == "error"
            await until(lambda: server.broke_off)
            await until(lambda: is_at_rest(client))
            assert not engine_of(client).open

    with Endless() as server:
        run(main, debug=True)


def test_all_read_the_connection_is_kept(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            for number in range(5):
                async with client.stream("GET", server.url(f"/chunked/{number}")) as response:
                    assert b"".join([part async for part in response.aiter_bytes()]) == content_of(f"/chunked/{number}")
                    assert response.trailers["X-Target"] == f"/chunked/{number}"
                with pytest.raises(StreamConsumed):
                    await response.aread()
            assert client.stats.opened == 1
            assert is_at_rest(client)

    run(main, debug=True)


def test_the_client_is_closed_while_it_is_read() -> None:
    async def main() -> None:
        client = AsyncClient(timeout=QUICK)
        async with client.stream("GET", server.url("/endless")) as response:
            stream: Any = response._stream
            await until(lambda: stream.is_full)
            client.close()
            count = 0
            with pytest.raises(PoolClosed):
                async for part in response.aiter_bytes():
                    count += len(part)
            assert count > 0

    with Endless() as server:
        run(main, debug=True)


def test_one_reader_at_a_time_and_one_opening(server: FaultyServer) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            streamed = client.stream("GET", server.url("/silent-in-body/1"), timeout=Timeout(read=0.5))
            async with streamed as response:
                parts = response.aiter_bytes()
                await anext(parts)
                first = asyncio.ensure_future(anext(parts))
                await asyncio.sleep(0.01)
                with pytest.raises(RuntimeError, match="another task"):
                    await response.aread()
                with pytest.raises(RuntimeError, match="await response"):
                    _ = response.content
                with pytest.raises(TimeoutError):
                    await first
            with pytest.raises(RuntimeError, match="anew"):
                await streamed.__aenter__()
            with pytest.raises(TypeError, match="sink"):
                client.stream("GET", server.url("/good/1"), sink=io.BytesIO())

    run(main, debug=True)


# -- what is read


class Cut(FaultyServer):
    """Sends a text in pieces, cut at what the target says."""

    text = "Zeile eins\r\nzwei: äöü\n\ndrei \N{SNOWMAN}\rvier"

    async def answer(self, exchange: Exchange) -> None:
        body = self.text.encode()
        at = int(exchange.target.rsplit("/", 1)[1])
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
        await exchange.send(head + body[:at])
        await asyncio.sleep(0.001)
        await exchange.send(body[at:])


def test_text_and_lines_over_every_split() -> None:
    async def main() -> None:
        whole = Cut.text
        async with AsyncClient(timeout=QUICK) as client:
            for at in range(len(whole.encode()) + 1):
                async with client.stream("GET", server.url(f"/{at}")) as response:
                    assert "".join([text async for text in response.aiter_text()]) == whole
                async with client.stream("GET", server.url(f"/{at}")) as response:
                    assert [line async for line in response.aiter_lines()] == whole.splitlines()
                async with client.stream("GET", server.url(f"/{at}")) as response:
                    sized = [part async for part in response.aiter_bytes(7)]
                    assert {len(part) for part in sized[:-1]} == {7}
                    assert b"".join(sized) == whole.encode()
                async with client.stream("GET", server.url(f"/{at}")) as response:
                    first = await anext(response.aiter_bytes(5))
                    assert (first, first + await response.aread()) == (whole.encode()[:5], whole.encode())
                    assert response.content == whole.encode()[5:]
            assert client.stats.opened == 1

    with Cut() as server:
        run(main)


@pytest.mark.parametrize("kind", ["cut", "cut-in-chunk", "silent-in-body", "cut-gzip", "reset-in-body"])
@pytest.mark.parametrize("way", ["aread", "aiter_bytes", "sized"])
def test_what_had_come_and_then_the_error(server: FaultyServer, kind: str, way: str) -> None:
    target = f"/{kind}/1"
    wanted = content_of(target)

    async def main() -> None:
        async with AsyncClient(timeout=Timeout(read=0.3)) as client:
            async with client.stream("GET", server.url(target)) as response:
                parts: list[bytes] = []
                with pytest.raises((OSError, IncompleteRead, ContentDecodingError)) as caught:
                    if way == "aread":
                        await response.aread()
                    else:
                        async for part in response.aiter_bytes(None if way == "aiter_bytes" else 100):
                            parts.append(part)  # noqa: PERF401 - what came before the error is kept
                error: Any = caught.value
                left = error.response.content
                assert isinstance(error.response, Response)
                if way == "aread":
                    assert wanted.startswith(left)
                    assert left or kind in ("reset-in-body", "cut-gzip")
                    assert getattr(error, "partial", left) == left
                else:
                    assert wanted.startswith(b"".join(parts))
                    assert parts or kind in ("reset-in-body", "cut-gzip")
                    assert left == getattr(error, "partial", b"") == b"", "nothing is told twice"
            await until(lambda: is_at_rest(client) and not engine_of(client).open)

    run(main, debug=True)


def test_what_leads_to_a_stream(server: FaultyServer) -> None:
    """A redirect, a 503 with a Retry, a HEAD, and what is no result of them."""
    routes = {
        "/away": redirect(302, "/busy"),
        "/busy": lambda earlier: (503, {}, b"busy") if not earlier else (200, {}, b"page"),
        "/refused": (401, {"WWW-Authenticate": 'Basic realm="a"'}, b"no"),
        "/round": redirect(302, "/round"),
    }

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, retry=Retry(2, backoff_s=0.01), redirects=3) as client:
            async with client.stream("GET", site.url("/away")) as response:
                assert isinstance(response, AsyncResponse)
                assert (response.status, await response.aread()) == (200, b"page")
                assert [one.status for one in response.history] == [302]
            async with client.stream("GET", site.url("/refused")) as response:
                assert (response.status, [part async for part in response.aiter_bytes()]) == (401, [b"no"])
            async with client.stream("HEAD", site.url("/busy")) as response:
                assert (response.status, await response.aread()) == (200, b"")
            with pytest.raises(Exception, match="redirects"):
                async with client.stream("GET", site.url("/round")):
                    raise AssertionError("there is no result")
            assert is_at_rest(client)

    with Site(routes) as site:
        run(main, debug=True)


# -- bodies


class Uploads(FaultyServer):
    """Takes bodies by hand: slowly at first, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        self.may_take = threading.Event()
        self.broke_off = 0

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if b"/refuse" in head:
            writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            await writer.drain()
            return False
        if b"100-continue" in head:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self.may_take.is_set():
            if reader.at_eof():
                self.broke_off += 1
                return False
            await asyncio.sleep(0.002)
        body = b""
        try:
            while size := int((await reader.readuntil(b"\r\n"))[:-2], 16):
                body += (await reader.readexactly(size + 2))[:-2]
                self.taken += size
            await reader.readuntil(b"\r\n")
        except asyncio.IncompleteReadError:
            self.broke_off += 1
            return False
        self.bodies.append(body)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        return True


@pytest.fixture
def uploads() -> Iterator[Uploads]:
    with Uploads() as server:
        yield server


@pytest.mark.slow
def test_a_source_is_asked_as_the_server_takes(uploads: Uploads) -> None:
    given = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(400):
            given += 65_536
            yield bytes(65_536)

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, socket_options=[(1, 7, 65_536)]) as client:  # SO_SNDBUF
            task = asyncio.create_task(client.post(uploads.url("/"), body=source()))
            await until(lambda: given > 0)
            await asyncio.sleep(0.2)
            assert given <= 8 * MIB  # of 25: what the buffers of two sockets take, and 256 KiB
            before = given
            await asyncio.sleep(0.1)
            assert given == before
            uploads.may_take.set()
            assert (await task).status == 200
            assert uploads.taken == 400 * 65_536
            assert is_at_rest(client)
            assert len(asyncio.all_tasks()) == 1

    run(main, debug=True)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_slow_source_is_nobodys_delay(loop: str, server: FaultyServer) -> None:
    async def source() -> AsyncIterator[bytes | str]:
        for number in range(4):
            await sleep(0.2, loop)
            yield f"{number};" if number % 2 else b"%d;" % number

    async def main() -> None:
        timeout = Timeout(connect=5, read=0.15, total=0.4)
        async with AsyncClient(timeout=timeout, expect_timeout_s=None) as client:
            check(await client.post(server.url("/good/1"), body=source()))
            assert server.bodies == [b"0;1;2;3;"]

    run(main, loop)


def test_a_source_that_raises(server: FaultyServer) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"some"
        await asyncio.sleep(0.01)
        raise KeyError("the source's")

    async def of_what_is_none() -> AsyncIterator[Any]:
        yield 17

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, expect_timeout_s=None) as client:
            with pytest.raises(KeyError, match="the source's"):
                await client.post(server.url("/good/1"), body=source())
            with pytest.raises(TypeError, match="int"):
                await client.post(server.url("/good/1"), body=of_what_is_none())
            assert server.seen == []
            assert is_at_rest(client)
            assert len(asyncio.all_tasks()) == 1

    run(main, debug=True)


@pytest.mark.parametrize("way", ["refused", "cancelled"])
def test_a_source_that_is_not_asked_any_more_is_closed(uploads: Uploads, way: str) -> None:
    is_closed = False

    async def source() -> AsyncIterator[bytes]:
        nonlocal is_closed
        try:
            while True:
                yield bytes(65_536)
                await asyncio.sleep(0.001)
        finally:
            is_closed = True

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, expect_timeout_s=None) as client:
            if way == "refused":
                response = await client.post(uploads.url("/refuse"), body=source())
                assert (response.status, response.content) == (413, b"no")
            else:
                task = asyncio.create_task(client.post(uploads.url("/"), body=source()))
                await until(lambda: bool(uploads.heads))
                await asyncio.sleep(0.05)
                task.cancel()
                await asyncio.wait([task])
                uploads.may_take.set()
                await until(lambda: uploads.broke_off == 1)
            await until(lambda: is_closed and len(asyncio.all_tasks()) == 1)
            await until(lambda: is_at_rest(client))

    run(main, debug=True)


def test_a_source_is_asked_once(server: FaultyServer) -> None:
    """It cannot be sent again: no retry, no redirect that keeps the content, no second sending comes with half of it."""
    routes = {"/busy": (503, {}, b""), "/away": redirect(307, "/busy")}

    async def source() -> AsyncIterator[bytes]:
        yield b"once"

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, retry=Retry(3, backoff_s=0.001), expect_timeout_s=None) as client:
            for path in ("/busy", "/away"):
                response = await client.put(site.url(path), body=source())
                assert response.status == site.routes[path][0]  # type: ignore[index]  # none is a function
            assert site.paths() == ["/busy", "/away"]
            assert site.bodies == [b"once", b"once"]

    with Site(routes) as site:
        run(main, debug=True)


def test_it_waits_to_be_asked_for(uploads: Uploads) -> None:
    uploads.may_take.set()

    async def source() -> AsyncIterator[bytes]:
        assert uploads.heads
        yield b"asked for"

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, expect_timeout_s=20) as client:
            assert (await client.post(uploads.url("/"), body=source())).status == 200
            assert b"100-continue" in uploads.heads[0]
            assert uploads.bodies == [b"asked for"]

    run(main, debug=True)


# -- sinks


class Watched(io.BytesIO):
    """Notes in which threads it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()

    def write(self, part: Any, /) -> int:
        self.threads.add(threading.get_ident())
        return super().write(part)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_sink_is_written_in_another_thread(server: FaultyServer, loop: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            watched, path = Watched(), tmp_path / "page"
            response = await client.get(server.url("/gzipped/1"), sink=watched)
            assert (response.content, watched.getvalue()) == (b"", content_of("/gzipped/1"))
            assert watched.threads
            assert threading.get_ident() not in watched.threads
            await client.get(server.url("/gzipped/2"), sink=path)
            assert path.read_bytes() == content_of("/gzipped/2")
            missed = await client.get(server.url("/not-found/3"), sink=path)
            check(missed)
            assert path.read_bytes() == content_of("/gzipped/2")
            assert os.listdir(tmp_path) == ["page"]
            assert is_at_rest(client)

    run(main, loop)


def test_what_is_cut_is_asked_for_again(tmp_path: Path) -> None:
    """As by a pool: into a path's file, which begins anew; and not into a file object, from which nothing goes back."""
    whole = b"0123456789" * 20_000

    class CutOnce(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
            if self.seen.count(exchange.target) == 1:
                await exchange.send(whole[:100_000])
                exchange.end()
            else:
                await exchange.send(whole)

    async def main() -> None:
        retry = Retry(1, backoff_s=0.01, errors=(IncompleteRead,))
        async with AsyncClient(timeout=QUICK, retry=retry) as client:
            path = tmp_path / "page"
            response = await client.get(server.url("/path"), sink=path)
            assert (response.status, response.attempts, path.read_bytes()) == (200, 2, whole)
            memory = io.BytesIO()
            with pytest.raises(IncompleteRead) as caught:
                await client.get(server.url("/memory"), sink=memory)
            assert (caught.value.written, memory.getvalue()) == (100_000, whole[:100_000])  # type: ignore[attr-defined]
            none = await client.get(server.url("/none"))
            assert none.content == whole
            assert [server.seen.count(one) for one in ("/path", "/memory", "/none")] == [2, 1, 2]
        async with AsyncClient(timeout=QUICK) as client:
            server.seen.clear()
            with pytest.raises(IncompleteRead) as caught:
                await client.get(server.url("/path"), sink=path)
            assert caught.value.response.request.sink == path  # type: ignore[attr-defined]
            assert path.read_bytes() == whole
        assert os.listdir(tmp_path) == ["page"]

    with CutOnce() as server:
        run(main, debug=True)


def test_a_sink_that_fails(server: FaultyServer, tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def write(self, part: Any, /) -> int:
            raise OSError(errno.ENOSPC, "full")

    async def main() -> None:
        async with AsyncClient(timeout=QUICK, retry=Retry(3, backoff_s=0.001)) as client:
            with pytest.raises(OSError, match="full") as caught:
                await client.get(server.url("/good/1"), sink=Full())
            response = caught.value.response  # type: ignore[attr-defined]
            assert (response.status, response.error is caught.value) == (200, True)
            with pytest.raises(ContentTooLong) as too_long:
                await client.get(server.url("/good/1"), sink=tmp_path / "page", max_content=3)
            assert too_long.value.response.status == 200  # type: ignore[attr-defined]
            with pytest.raises(FileNotFoundError):
                await client.get(server.url("/good/2"), sink=tmp_path / "nowhere" / "page")
            assert server.seen == ["/good/1", "/good/1"]
            assert os.listdir(tmp_path) == []
            await until(lambda: is_at_rest(client))

    run(main, debug=True)


def test_a_slow_sink_keeps_nobody_and_may_be_given_up(server: FaultyServer, tmp_path: Path) -> None:
    """Meanwhile the loop goes on; the file is let go of behind the write that was under way, and not under it."""

    class Slow(io.BytesIO):
        is_writing = False
        may_go_on = threading.Event()

        def write(self, part: Any, /) -> int:
            self.is_writing = True
            assert self.may_go_on.wait(20)
            self.is_writing = False
            return super().write(part)

    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            slow = Slow()
            task = asyncio.create_task(client.get(server.url("/good/1"), sink=slow))
            await until(lambda: slow.is_writing)
            began = time.monotonic()
            for number in range(10):
                check(await client.get(server.url(f"/good/{number}")))
            assert not task.done()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert slow.is_writing
            assert time.monotonic() - began < 15
            slow.may_go_on.set()
            await until(lambda: is_at_rest(client))

            fifo = tmp_path / "fifo"
            os.mkfifo(fifo)
            reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            try:
                request = Request("GET", server.url("/good/11"), sink=fifo)
                response = await client.send(request)
                assert response.status == 200
                assert os.read(reader, 100_000) == content_of("/good/11")[:100_000]
            finally:
                os.close(reader)

    run(main, debug=True)


# -- waits that are given up


@pytest.mark.slow
def test_a_wait_that_is_cancelled_takes_nothing_away() -> None:
    """The same iterator goes on: of lines, of text and of bytes."""

    class Dripping(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n")
            for number in range(7):
                await asyncio.sleep(0.1)
                await exchange.send(b"%d\n" % number)

    async def main() -> None:
        async with AsyncClient(timeout=QUICK) as client:
            for way in ("aiter_lines", "aiter_text", "aiter_bytes"):
                async with client.stream("GET", server.url("/")) as response:
                    parts = getattr(response, way)()
                    seen: list[Any] = []
                    cancelled = 0
                    while True:
                        try:
                            seen.append(await asyncio.wait_for(anext(parts), 0.03))
                        except TimeoutError:
                            cancelled += 1
                        except StopAsyncIteration:
                            break
                    assert cancelled
                    if way == "aiter_lines":
                        assert seen == [str(number) for number in range(7)]
                    else:
                        empty: Any = "" if way == "aiter_text" else b""
                        assert empty.join(seen) in ("0\n1\n2\n3\n4\n5\n6\n", b"0\n1\n2\n3\n4\n5\n6\n")

    with Dripping() as server:
        run(main)
