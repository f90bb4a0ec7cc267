"""requests, httpx and httpx2, each on its own carrier and on ours of ``httpconn.adapters``: CPU of the client.

    make bench-adapters [ARGS="--rounds 7"]           the whole table, with limits: ten minutes of a quiet machine
    make bench-adapters ARGS="--only requests"        the rows of one library
    make bench-adapters ARGS="--flat 1000000"         so many requests in 16 threads over one session of requests

Against nginx.py. Every round of a carrier is a process of its own, whose CPU time after its first requests counts; the
two of a row take turns, and begin by turns; the ratio is of the medians. A library that is not installed is left out.
requests looks at each variable of the environment twice for a request. So each process has but a handful of them, as
in a container: otherwise the figures would depend on who runs this. ``--environment`` leaves all of them.

With requests ours is a ``RequestsSession``, and the limit is for that; *adapter* in brackets is its ``RequestsAdapter``
in a plain Session, which is one changed line as well, and leaves all that requests does before and after it.

*floor*, with requests, is an adapter that sends nothing and hands out what was received beforehand, with its fields and
cookies: what requests takes for itself, below which no adapter comes. It never waits for anybody either, so that all is
in the processor's caches still: what sends and receives can come near it, and not down to it. *least* is that adapter
with one send and one recv or two on a bare socket first, whose bytes nobody looks at: it waits as every adapter has to,
and what comes to it takes what requests does while all is cold, too. What is between that and ours is what we take.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from bench import nginx
from bench.awaits import cpu_s
from bench.replies import MIB
from bench.resident import resident_bytes
from bench.server import Server

OWN, OURS, SESSION, FLOOR, LEAST = "own", "ours", "session", "floor", "least"
AT_ONCE: Final = 64
THREADS: Final = 16
LARGE_MIB: Final = 100
WARM_UP: Final = 100
KEPT: Final = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "PYTHONSAFEPATH", "TMPDIR")
"""Variables that a process may need to find its files, and no more."""


class Row(NamedTuple):
    library: str
    work: str
    """get, large, or awaits."""
    path: str
    tls: bool
    limit: float


ROWS: Final = (
    Row("requests", "get", "/small", False, 0.55),
    Row("requests", "get", "/10k", False, 0.55),
    Row("requests", "get", "/small", True, 0.55),
    Row("requests", "get", "/10k", True, 0.55),
    Row("requests", "large", "/large", False, 0.8),
    *(
        Row(library, work, path, tls, 0.65 if work == "get" else 0.5)
        for library in ("httpx", "httpx2")
        for work in ("get", "awaits")
        for path in ("/small", "/10k")
        for tls in (False, True)
    ),
)


def session_of(carrier: str) -> Any:
    """Return a Session of requests on that carrier."""
    import requests

    if carrier == SESSION:
        from httpconn.adapters import RequestsSession

        return RequestsSession()
    session = requests.Session()
    if carrier == OURS:
        from httpconn.adapters import RequestsAdapter

        for scheme in ("http://", "https://"):
            session.mount(scheme, RequestsAdapter())
    elif carrier in (FLOOR, LEAST):
        for scheme in ("http://", "https://"):
            session.mount(scheme, _still(requests, exchanges=carrier == LEAST))
    return session


def _bare(url: str, cafile: Any) -> Callable[[], None]:
    """Return what sends a GET for *url* over a socket of its own, and receives as much as the first time."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    sock = socket.create_connection((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "https":
        sock = ssl.create_default_context(cafile=cafile).wrap_socket(sock, server_hostname=host)
    head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: gzip, deflate\r\n\r\n".encode()
    sock.sendall(head)
    fields, end, content = b"", b"", b""
    while not end:
        fields, end, content = (fields + sock.recv(65_536)).partition(b"\r\n\r\n")
    [length] = [int(line[15:]) for line in fields.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(content) < length:
        content += sock.recv(65_536)
    count = len(fields) + len(end) + length

    def exchange() -> None:
        sock.sendall(head)
        left = count
        while left > 0:
            left -= len(sock.recv(65_536))

    return exchange


def _still(requests: Any, *, exchanges: bool) -> Any:
    class Still(requests.adapters.BaseAdapter):  # type: ignore[misc]  # of a module found late
        def __init__(self) -> None:
            self._original_response: Any = None
            self._headers: Any = None
            self._exchange: Callable[[], None] | None = None

        def send(self, request: Any, **given: Any) -> Any:
            if self._headers is None:
                with requests.Session() as session:
                    first = session.get(request.url, verify=given["verify"])
                self._headers, self._original_response = first.headers, first.raw._original_response
                if exchanges:
                    self._exchange = _bare(request.url, given["verify"] if given["verify"] is not True else None)
            if self._exchange is not None:
                self._exchange()
            response = requests.Response()
            response.status_code, response.request, response.url = 200, request, request.url
            response._content, response._content_consumed = b"ok", True
            response.headers, response.raw, response.connection = self._headers, self, self
            return response

        def close(self) -> None:
            """There is nothing to be closed."""

    return Still()


def _client_of(library: Any, kind: str, carrier: str, cafile: str | None) -> Any:
    """Return a Client or AsyncClient of httpx or httpx2 on that carrier."""
    verify: Any = ssl.create_default_context(cafile=cafile) if cafile else True
    limits = library.Limits(max_connections=AT_ONCE)
    if carrier == OWN:
        return getattr(library, kind)(verify=verify, limits=limits)
    adapters = importlib.import_module("httpconn.adapters")
    transport = adapters.HTTPXTransport if kind == "Client" else adapters.AsyncHTTPXTransport
    return getattr(library, kind)(transport=transport(verify=verify, limits=limits))


def _timed(get: Callable[[], int], count: int) -> float:
    for _ in range(min(WARM_UP, count)):
        get()
    began = cpu_s()
    for _ in range(count):
        if not get():
            raise RuntimeError("no content")
    return (cpu_s() - began) / count * 1e6


def child(order: dict[str, Any]) -> float:
    """Return the CPU for one request, or 100 MiB, in microseconds."""
    library, work, url, cafile = (order[name] for name in ("library", "work", "url", "cafile"))
    carrier, count = order["carrier"], order["count"]
    if library == "requests":
        session = session_of(carrier)
        verify = cafile or True  # of the session, that of the environment would go before it
        if work == "get":
            return _timed(lambda: len(session.get(url, verify=verify).content), count)
        return _timed(
            lambda: sum(len(part) for part in session.get(url, stream=True).iter_content(65_536)) >= LARGE_MIB * MIB, 3
        )
    module = importlib.import_module(library)
    if work == "get":
        with _client_of(module, "Client", carrier, cafile) as client:
            return _timed(lambda: len(client.get(url).content), count)
    return asyncio.run(_awaited(_client_of(module, "AsyncClient", carrier, cafile), url, count))


async def _awaited(client: Any, url: str, count: int) -> float:
    async def get_all(numbers: Any) -> None:
        async def one() -> None:
            for _ in numbers:
                if not (await client.get(url)).content:
                    raise RuntimeError("no content")

        await asyncio.gather(*(one() for _ in range(AT_ONCE)))

    async with client:
        await get_all(iter(range(2 * AT_ONCE)))
        began = cpu_s()
        await get_all(iter(range(count)))
        return (cpu_s() - began) / count * 1e6


def measure(row: Row, server: Server, rounds: int, count: int, environment: dict[str, str]) -> dict[str, float]:
    """Return the median for each carrier, in microseconds."""
    carriers = [OWN, OURS]
    if row.library == "requests":
        carriers += [SESSION, *([FLOOR, LEAST] if row.work == "get" else [])]
    figures: dict[str, list[float]] = {carrier: [] for carrier in carriers}
    for turn in range(rounds):
        for carrier in carriers if turn % 2 else carriers[::-1]:
            order = {
                **row._asdict(),
                "carrier": carrier,
                "url": server.url(row.path),
                "cafile": str(server.cafile) if server.cafile else None,
                "count": count,
            }
            command = [sys.executable, "-m", "bench.adapters", "--child", json.dumps(order)]
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            if done.returncode:
                raise SystemExit(f"{row}, {carrier} failed: {done.stderr[-2000:]}")
            figures[carrier].append(json.loads(done.stdout))
    return {carrier: statistics.median(found) for carrier, found in figures.items()}


def table(servers: dict[bool, Server], only: str | None, rounds: int, count: int, environment: dict[str, str]) -> bool:
    """Print each row; return whether all limits are kept to."""
    are_met = True
    print(f"with {len(environment)} variables in the environment")
    for row in ROWS:
        if (only is not None and row.library != only) or importlib.util.find_spec(row.library) is None:
            continue
        found = measure(row, servers[row.tls], rounds, count, environment)
        best = SESSION if SESSION in found else OURS
        ratio = found[best] / found[OWN]
        are_met = are_met and ratio <= row.limit
        others = {OURS: "adapter", FLOOR: FLOOR, LEAST: LEAST}
        told = "".join(
            f", {others[name]} {found[name] / found[OWN]:.2f}" for name in others if name in found and name != best
        )
        print(
            f"{row.library:8} {row.work:6} {row.path:6} {'TLS' if row.tls else 'plain':5} {found[OWN]:9.0f} us "
            f"{found[best]:9.0f} us {ratio:6.2f} ({row.limit}{told})  {'met' if ratio <= row.limit else 'MISSED'}",
            flush=True,
        )
    return are_met


def flat(server: Server, count: int, carrier: str = SESSION) -> bool:
    """Send so many requests from 16 threads over one session, each of which is told back what it has asked for.

    Return whether every one was, and whether memory stayed as it was after the first tenth; print it.
    """
    session = session_of(carrier)
    session.trust_env = False
    wrong: list[str] = []
    done = [0] * THREADS
    share = max(1, count // THREADS)

    def work(number: int, first: int, last: int) -> None:
        for turn in range(first, last):
            told = f"/told?{number}-{turn}"
            try:
                response = session.get(server.url(told), timeout=60)
                text, field = response.text, response.headers.get("X-Told")
            except Exception as error:
                text, field = repr(error), None
            if text != told or field != told:
                wrong.append(f"{told}: {text[:200]!r}, {field!r}")
            done[number] += 1

    seen: list[int] = []
    for tenth in range(10):
        bounds = share * tenth // 10, share * (tenth + 1) // 10
        threads = [threading.Thread(target=work, args=(number, *bounds)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen.append(resident_bytes() or 0)
        print(f"{sum(done):9,} requests: {seen[-1] / MIB:.1f} MiB, {len(wrong)} wrong", flush=True)
    for line in wrong[:10]:
        print(line)
    return not wrong and sum(done) == share * THREADS and seen[-1] - seen[0] <= 5 * MIB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=1_500)
    parser.add_argument("--only", choices=("requests", "httpx", "httpx2"))
    parser.add_argument("--flat", type=int, default=0)
    parser.add_argument("--environment", action="store_true", help="leave all variables in the environment")
    parser.add_argument("--child", default="")
    told = parser.parse_args()
    if told.child:
        print(json.dumps(child(json.loads(told.child))))
        return 0
    if told.flat:
        with nginx.running() as server:
            return 0 if flat(server, told.flat) else 1
    environment = {name: value for name, value in os.environ.items() if told.environment or name in KEPT}
    with nginx.running(large_mib=LARGE_MIB) as plain, nginx.running(tls=True) as secured:
        servers = {False: plain, True: secured}
        return 0 if table(servers, told.only, told.rounds, told.requests, environment) else 1


if __name__ == "__main__":
    sys.exit(main())
