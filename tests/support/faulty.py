"""A server that misbehaves by a seeded script: what it does stands in the path, and what must come of it, here.

    /<kind>/<anything>

Each good page begins with its own target, so that a crossed response shows. ``FAULTS`` has one entry for each kind:
what the server does with the connection, and what the client must make of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import socket
import ssl
import struct
import threading
import weakref
import zlib
from asyncio.selector_events import _SelectorTransport  # type: ignore[attr-defined]
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpconn
from httpconn import Response

Serve = Callable[["Exchange"], Awaitable[None]]
LONG_S = 30.0
"""Silence that outlasts every timeout of a test."""

FAULT_REQUESTS = int(os.environ.get("HTTPCONN_FAULT_REQUESTS", "1500"))
"""How many requests the tests over all faults send."""


def content_of(target: str) -> bytes:
    """What a good page of *target* holds: the target, and between 0 and 20 KiB that depend on it."""
    filler = zlib.crc32(target.encode()) % 20_000
    return target.encode() + b"\n" + b"0123456789abcdef" * (filler // 16)


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, writer: asyncio.StreamWriter, method: str, target: str) -> None:
        self.writer = writer
        self.method = method
        self.target = target
        self.persists = True

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    def page(self, status: str = "200 OK", *fields: str) -> bytes:
        body = content_of(self.target)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
        return "\r\n".join(lines).encode() + body

    def end(self) -> None:
        """Close the connection once this exchange is over."""
        self.persists = False

    def reset(self) -> None:
        """Reset the connection: what is still on its way is lost."""
        sock = self.writer.get_extra_info("socket")
        if sock is not None:  # the client may have gone first
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self.end()


# -- what the server does --------------------------------------------------------------------------------------


async def good(x: Exchange) -> None:
    await x.send(x.page())


async def not_found(x: Exchange) -> None:
    await x.send(x.page("404 Not Found"))


async def unavailable(x: Exchange) -> None:
    await x.send(x.page("503 Service Unavailable", "Connection: close"))
    x.end()


async def chunked(x: Exchange) -> None:
    body = content_of(x.target)
    pieces = [body[at : at + 997] for at in range(0, len(body), 997)]
    await x.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await x.send(*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces))
    await x.send(b"0\r\nX-Target: " + x.target.encode() + b"\r\n\r\n")


async def gzipped(x: Exchange) -> None:
    body = gzip(content_of(x.target))
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def members(x: Exchange) -> None:
    content = content_of(x.target)
    body = gzip(content[:40]) + gzip(content[40:])
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body)


async def until_close(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\n\r\n", content_of(x.target))
    x.end()


async def early_hints(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3, x.page())


async def drip(x: Exchange) -> None:
    page = x.page()
    cuts = sorted(random.Random(x.target).sample(range(1, len(page)), 8)) if len(page) > 9 else []
    for begin, end in zip([0, *cuts], [*cuts, len(page)], strict=True):
        await x.send(page[begin:end])
        await asyncio.sleep(0.001)


async def no_content(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 204 No Content\r\nX-Target: " + x.target.encode() + b"\r\n\r\n")


async def reset_at_once(x: Exchange) -> None:
    x.reset()


async def reset_in_head(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-")
    await asyncio.sleep(0.005)
    x.reset()


async def reset_in_body(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + content_of(x.target))
    await asyncio.sleep(0.005)
    x.reset()


async def closed_at_once(x: Exchange) -> None:
    x.end()


async def closed_in_head(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
    x.end()


async def cut(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", content_of(x.target))
    x.end()


async def cut_in_chunk(x: Exchange) -> None:
    body = content_of(x.target)
    await x.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (len(body) + 5, body))
    x.end()


async def silent(x: Exchange) -> None:
    await asyncio.sleep(LONG_S)
    x.end()


async def silent_in_body(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", content_of(x.target))
    await asyncio.sleep(LONG_S)
    x.end()


async def half_closed(x: Exchange) -> None:
    if x.writer.can_write_eof():
        x.writer.write_eof()
        await asyncio.sleep(0.05)
    x.end()


async def garbage(x: Exchange) -> None:
    await x.send(random.Random(x.target).randbytes(600).replace(b"HTTP", b"\n") + b"\n")
    x.end()


async def ssh(x: Exchange) -> None:
    await x.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    await asyncio.sleep(LONG_S)
    x.end()


async def bad_length(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n", content_of(x.target))


async def two_lengths(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc")


async def length_and_chunked(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")


async def bad_chunk(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n")


async def bad_field(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab")


async def too_long(x: Exchange) -> None:
    """More bytes than were announced: they belong to nobody."""
    await x.send(x.page() + b"and more")


async def unasked(x: Exchange) -> None:
    """A second response that nobody asked for, right behind the first."""
    await x.send(x.page() + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")


async def flood(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 300, x.page())


async def long_head(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: 0123456789\r\n" * 400 + b"Content-Length: 0\r\n\r\n")


async def bomb(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB), BOMB)


async def cut_gzip(x: Exchange) -> None:
    body = gzip(content_of(x.target))[:-9]
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body)


async def corrupt_gzip(x: Exchange) -> None:
    body = b"\x1f\x8b\x08\0" + random.Random(x.target).randbytes(200)
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body)


async def huge(x: Exchange) -> None:
    await x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", b"x" * 1000)
    await asyncio.sleep(0.05)
    x.end()


def gzip(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=31)
    return made.compress(data) + made.flush()


BOMB = gzip(bytes(30_000_000))


# -- what must come of it --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    serve: Serve
    status: tuple[int, ...] = (200,)
    errors: tuple[type[BaseException], ...] = ()
    """What ``error`` must be one of; none: it must be None, and the content be the page's."""
    content: str = "whole"  # or "start", of which not all need to have come; or "any"
    weight: int = 10
    plain_only: bool = False

    def check(self, response: Response, target: str) -> None:
        """Raise AssertionError where *response* is not what must come of this."""
        told = f"{target}: {response!r}, {response.error!r}, {len(response.content)} bytes"
        assert response.url.endswith(target), told
        check_timings(response)
        if not self.errors:
            assert response.error is None, told
            assert response.status in self.status, told
            wanted = b"" if response.status == 204 else content_of(target)
            assert response.content == wanted, told
            return
        assert isinstance(response.error, self.errors), told
        assert response.status in (*self.status, 0), told
        if self.content == "start":
            assert content_of(target).startswith(response.content), told
        elif self.content == "whole":
            assert response.content == content_of(target), told


_LOST = (ConnectionError, ssl.SSLError)

FAULTS: dict[str, Fault] = {
    "good": Fault(good, weight=200),
    "not-found": Fault(not_found, (404,)),
    "unavailable": Fault(unavailable, (503,)),
    "chunked": Fault(chunked, weight=60),
    "gzipped": Fault(gzipped, weight=60),
    "members": Fault(members),
    "until-close": Fault(until_close),
    "early-hints": Fault(early_hints),
    "drip": Fault(drip),
    "no-content": Fault(no_content, (204,)),
    "reset-at-once": Fault(reset_at_once, (0,), _LOST, "start"),
    "reset-in-head": Fault(reset_in_head, (0,), _LOST, "start"),
    "reset-in-body": Fault(reset_in_body, (200,), (*_LOST, httpconn.IncompleteRead), "start"),
    "closed-at-once": Fault(closed_at_once, (0,), (httpconn.RemoteDisconnected,), "start"),
    "closed-in-head": Fault(closed_in_head, (0,), (httpconn.RemoteDisconnected,), "start"),
    "cut": Fault(cut, (200,), (httpconn.IncompleteRead,)),
    "cut-in-chunk": Fault(cut_in_chunk, (200,), (httpconn.IncompleteRead,)),
    "silent": Fault(silent, (0,), (httpconn.ReadTimeout, httpconn.TotalTimeout), "start", weight=1),
    "silent-in-body": Fault(silent_in_body, (200,), (httpconn.ReadTimeout, httpconn.TotalTimeout), weight=1),
    "half-closed": Fault(half_closed, (0,), (httpconn.RemoteDisconnected,), "start"),
    "garbage": Fault(garbage, (0,), (httpconn.HTTPException,), "start"),
    "ssh": Fault(ssh, (0,), (httpconn.BadStatusLine,), "start", weight=3),
    "bad-length": Fault(bad_length, (200,), (httpconn.MalformedFraming,), "start"),
    "two-lengths": Fault(two_lengths, (200,), (httpconn.MalformedFraming,), "start"),
    "length-and-chunked": Fault(length_and_chunked, (200,), (httpconn.MalformedFraming,), "start"),
    "bad-chunk": Fault(bad_chunk, (200,), (httpconn.IncompleteRead,), "start"),
    "bad-field": Fault(bad_field, (0,), (httpconn.MalformedHead,), "start"),
    "too-long": Fault(too_long),
    "unasked": Fault(unasked, weight=30),
    "flood": Fault(flood, (0,), (httpconn.HTTPException,), "start"),
    "long-head": Fault(long_head, (0,), (httpconn.HTTPException,), "start"),
    "bomb": Fault(bomb, (200,), (httpconn.ContentTooLong,), "any", weight=2),
    "cut-gzip": Fault(cut_gzip, (200,), (httpconn.ContentDecodingError,), "start"),
    "corrupt-gzip": Fault(corrupt_gzip, (200,), (httpconn.ContentDecodingError,), "any"),
    "huge": Fault(huge, (200,), (httpconn.ContentTooLong,), "start", weight=3),
}


def script(seed: int, count: int) -> list[str]:
    """Return *count* different targets: which kinds follow each other is the seed's."""
    kinds = list(FAULTS)
    dice = random.Random(seed)
    chosen = dice.choices(kinds, [FAULTS[kind].weight for kind in kinds], k=count)
    if count > 10 * len(kinds):
        chosen[: len(kinds)] = kinds  # each one at least once
        dice.shuffle(chosen)
    return [f"/{kind}/{number}" for number, kind in enumerate(chosen)]


def check_timings(response: Response) -> None:
    """Raise AssertionError where a time is negative, or the whole is less than its parts."""
    *parts, total = response.timings
    assert min(*parts, total) >= 0, response.timings
    assert sum(parts) <= total + 1e-6, response.timings


def check(response: Response) -> None:
    """Raise AssertionError where a response to a target of ``script`` is not what it must be."""
    target = "/" + response.url.split("/", 3)[3]
    FAULTS[target.split("/")[1]].check(response, target)


# -- the server ------------------------------------------------------------------------------------------------


class FaultyServer:
    """Serves in a thread of its own, from entering the block to leaving it. ``seen`` is what was asked, in order."""

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", path: str | None = None) -> None:
        self._tls = tls
        self._host = host
        self._path = path
        self.port = 0
        self.connections = 0
        self.seen: list[str] = []
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self._transports: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def url(self, target: str) -> str:
        host = "localhost" if self._tls is not None else self._host
        return f"{'https' if self._tls is not None else 'http'}://{host}:{self.port}{target}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._started.set()
        self._loop.run_forever()
        self._server.close()
        self._loop.run_until_complete(asyncio.sleep(0.01))  # what is being accepted gets its transport
        for _ in range(3):  # what was accepted a moment ago gets its task, and its end, in the next turn
            tasks, transports = asyncio.all_tasks(self._loop), list(self._transports)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            for transport in transports:
                transport.abort()
            self._loop.run_until_complete(asyncio.sleep(0.002))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
        # A transport that was being made while the loop ended is never told so, and would complain in a later test.
        for transport in [found for found in gc.get_objects() if isinstance(found, _SelectorTransport)]:
            if transport._loop is self._loop and transport._sock is not None:
                transport._sock.close()
                transport._sock = None

    async def _listen(self) -> None:
        if self._path is not None:
            self._server = await asyncio.start_unix_server(self._connected, self._path)
            return
        self._server = await asyncio.start_server(self._connected, self._host, 0, ssl=self._tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note a connection at once: a task that is cancelled before its first step notes, and closes, nothing."""
        self.connections += 1
        self._transports.add(writer.transport)
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        body = b""
        if b"content-length" in fields:
            body = await reader.readexactly(int(fields[b"content-length"]))
        elif b"transfer-encoding" in fields:
            while size := int((await reader.readuntil(b"\r\n"))[:-2], 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
        self.seen.append(target)
        self.heads.append(head)
        self.bodies.append(body)
        exchange = Exchange(writer, method, target)
        await self.answer(exchange)
        return exchange.persists

    async def answer(self, exchange: Exchange) -> None:
        kind = exchange.target.split("/")[1].partition("?")[0]
        fault = FAULTS.get(kind)
        await (fault.serve if fault is not None else good)(exchange)

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        assert self._started.wait(30)
        return self

    def __exit__(self, *_: Any) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        assert not self._thread.is_alive()
