"""Instructions, counted by callgrind: of a cycle, an exchange of the fetcher, an await. They do not vary as time does.

    make bench-instructions [ARGS="--base ../old/.venv/bin/python"]      each with what it is held against
    python -m bench.instructions --run WORK PORT COUNT                   one program, to be looked at by callgrind

Each figure is the difference of two runs, of which one does more: start-up and first times cancel out. A poll brings 25
events, whatever the machine does meanwhile: the poller is asked when all that is asked for is there; and time passes by
the number of looks at the clock, since callgrind makes all so slow that nothing would be read ahead. With *base*, the
python of an environment that has another httpconn, both are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import io
import itertools
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

CONNECTIONS: Final = 64
EVENTS: Final = 25
FEW, MANY = 1_000, 3_000
ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 28 Nov 2026 00:00:00 GMT\r\nContent-Type: text/html\r\n"
    b"Content-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
)
NINE_FIELDS: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",
    "DNT": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Upgrade-Insecure-Requests": "1",
}


class InBatches:
    """An epoll that tells of so many events at a time, when those are there."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.register, self.modify, self.unregister = self._epoll.register, self._epoll.modify, self._epoll.unregister
        self.fileno, self.close = self._epoll.fileno, self._epoll.close

    def poll(self, timeout_s: float | None, most: int) -> list[tuple[int, int]]:
        if timeout_s != 0:
            self._epoll.poll(timeout_s, 1)
        time.sleep(0.02)  # under callgrind the client is far slower than who answers it
        return self._epoll.poll(0, EVENTS)


def count_evenly() -> None:
    """Have httpconn poll in batches, and time pass by a microsecond with each look at the clock."""
    time.monotonic = itertools.count(1e6, 1e-6).__next__
    for name in ("httpconn._engine.many.loop", "httpconn._engine.loop"):  # as it was called up to 0.2.0
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        module.new_poller = InBatches  # type: ignore[attr-defined]
        return
    raise SystemExit("there is no engine where it was looked for")


# -- what is counted


def fetch(port: int, count: int) -> None:
    """Pages of 2 bytes over 64 connections, by fetch_many."""
    import httpconn

    count_evenly()
    urls = (f"http://127.0.0.1:{port}/{number}" for number in range(count))
    for response in httpconn.fetch_many(urls, max_connections=CONNECTIONS, per_host=CONNECTIONS):
        if response.status != 200:
            raise SystemExit(f"{response!r}: {response.error!r}")


def _fetch(requests: Iterable[Any], **options: Any) -> None:
    import httpconn

    count_evenly()
    for response in httpconn.fetch_many(requests, max_connections=CONNECTIONS, per_host=CONNECTIONS, **options):
        if response.status != 200:
            raise SystemExit(f"{response!r}: {response.error!r}")


def fetch_own(port: int, count: int) -> None:
    """The same with ten fields of its own for each request, in a dict of its own, one value of which is its own too."""
    from httpconn import Request

    _fetch(
        Request(
            "GET",
            f"http://127.0.0.1:{port}/{number}",
            headers={**NINE_FIELDS, "Referer": f"http://127.0.0.1:{port}/{number - 1}"},
        )
        for number in range(count)
    )


def fetch_shared(port: int, count: int) -> None:
    """The same with ten fields that are all the same for each request, in a new dict each time."""
    from httpconn import Request

    _fetch(
        Request("GET", f"http://127.0.0.1:{port}/{number}", headers={**NINE_FIELDS, "Cookie": "a=1; b=2"})
        for number in range(count)
    )


def fetch_tagged(port: int, count: int) -> None:
    """Requests with nothing but a tag."""
    from httpconn import Request

    _fetch(Request("GET", f"http://127.0.0.1:{port}/{number}", tag=number) for number in range(count))


def fetch_undecoded(port: int, count: int) -> None:
    from httpconn import Request

    _fetch(Request("GET", f"http://127.0.0.1:{port}/{number}", decode=False) for number in range(count))


def fetch_into_sink(port: int, count: int) -> None:
    from httpconn import Request

    sink = io.BytesIO()
    _fetch(Request("GET", f"http://127.0.0.1:{port}/{number}", sink=sink) for number in range(count))


def fetch_retried(port: int, count: int) -> None:
    from httpconn import Request, Retry

    retry = Retry(3)
    _fetch(Request("GET", f"http://127.0.0.1:{port}/{number}", retry=retry) for number in range(count))


def fetch_limited(port: int, count: int) -> None:
    from httpconn import Request

    _fetch(Request("GET", f"http://127.0.0.1:{port}/{number}", max_content=10_000) for number in range(count))


def fetch_with_jar(port: int, count: int) -> None:
    """Requests with two fields of their own, and a jar with a cookie for them."""
    from http.cookiejar import Cookie, CookieJar

    from httpconn import Request

    jar = CookieJar()
    jar.set_cookie(
        Cookie(0, "a", "1", None, False, "127.0.0.1", True, False, "/", True, False, None, False, None, None, {})
    )
    _fetch(
        (
            Request("GET", f"http://127.0.0.1:{port}/{number}", headers={"Accept": "text/html", "DNT": "1"})
            for number in range(count)
        ),
        cookies=jar,
    )


def fetch_bare(port: int, count: int) -> None:
    """The same by a loop over epoll: no parser, nothing but sockets."""
    poller, socks = InBatches(), {}
    numbers = itertools.count()
    for _ in range(CONNECTIONS):
        sock = socket.create_connection(("127.0.0.1", port))
        socks[sock.fileno()] = sock
        poller.register(sock.fileno(), select.EPOLLIN)
        sock.send(b"GET /%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n" % (next(numbers), port))
    done = 0
    while done < count:
        for descriptor, _ in poller.poll(None, EVENTS):
            sock = socks[descriptor]
            sock.recv(65_536)
            done += 1
            sock.send(b"GET /%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n" % (next(numbers), port))


async def _tasks(get: Callable[[int], Any], count: int) -> None:
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await get(number)

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


def await_pages(port: int, count: int) -> None:
    """The same by 64 tasks, each of which awaits ``client.get``."""
    import httpconn

    count_evenly()

    async def main() -> None:
        async with httpconn.AsyncClient(max_connections=CONNECTIONS, per_host=CONNECTIONS) as client:

            async def get(number: int) -> None:
                (await client.get(f"http://127.0.0.1:{port}/{number}")).raise_for_status()

            await _tasks(get, count)

    asyncio.run(main())


def await_nothing(port: int, count: int) -> None:
    """64 tasks that await a future each time: what asyncio takes for itself."""

    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def get(number: int) -> None:
            future = loop.create_future()
            loop.call_soon(future.set_result, None)
            await future

        await _tasks(get, count)

    asyncio.run(main())


def cycle(port: int, count: int) -> None:
    """A request and its response over one connection, by HTTPConnection."""
    import httpconn

    connection = httpconn.HTTPConnection("127.0.0.1", port)
    for number in range(count):
        connection.request("GET", f"/{number}")
        connection.getresponse().read()


def cycle_bare(port: int, count: int) -> None:
    """The same by a socket alone."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        for number in range(count):
            sock.sendall(
                b"GET /%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: identity\r\n\r\n" % (number, port)
            )
            sock.recv(65_536)


_BY_REQUEST: Final = (fetch_own, fetch_shared, fetch_tagged, fetch_undecoded, fetch_into_sink, fetch_retried,
                      fetch_limited, fetch_with_jar)  # fmt: skip
_OTHERS: Final = (cycle, cycle_bare, fetch, fetch_bare, await_pages, await_nothing)
WORKS: Final = {work.__name__: work for work in (*_OTHERS, *_BY_REQUEST)}


class Budget(NamedTuple):
    title: str
    work: str
    bare: str
    most: float
    """How many times what the bare one takes."""


BUDGETS: Final = (
    Budget("a cycle of HTTPConnection", "cycle", "cycle_bare", 8.0),
    Budget("an exchange of fetch_many, 64 connections, 25 events a poll", "fetch", "fetch_bare", 2.6),
    Budget("the same, ten fields of its own each", "fetch_own", "fetch", 2.1),
    Budget("the same, decode=False each", "fetch_undecoded", "fetch", 1.5),
    Budget("the same, into one file object", "fetch_into_sink", "fetch", 1.8),
    Budget("the same, retry= each", "fetch_retried", "fetch", 1.5),
    Budget("an await of client.get, 64 at a time", "await_pages", "await_nothing", 3.0),
)

# -- counting


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve() -> None:
    async def main() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=256)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        os._exit(0)

    asyncio.run(main())


@contextmanager
def server() -> Iterator[int]:
    """Yield the port of who answers, in a process of its own."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", "bench.instructions", "--serve"], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline())
        finally:
            child.kill()


def count(python: str, work: str, port: int, times: int) -> int:
    """Return the instructions of a process that does *work* so many times."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={Path(folder) / 'out'}", python, "-P"]
        command += ["-m", "bench.instructions", "--run", work, str(port), str(times)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": "1"})
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"{work} failed: {done.stderr[-2000:]}")
    return int(found[1])


def each(python: str, work: str) -> int:
    """Return the instructions of one more time."""
    counts = []
    for times in (FEW, MANY):
        with server() as port:
            counts.append(count(python, work, port, times))
    return (counts[1] - counts[0]) // (MANY - FEW)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="", help="the python of an environment with another httpconn")
    parser.add_argument("--run", nargs=3, metavar=("WORK", "PORT", "COUNT"))
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], choices=[budget.work for budget in BUDGETS])
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    if options.run:
        work, port, times = options.run
        WORKS[work](int(port), int(times))
        return 0
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed")
    missed = 0
    for budget in BUDGETS:
        if options.only and budget.work not in options.only:
            continue
        ours, bare = each(sys.executable, budget.work), each(sys.executable, budget.bare)
        told = f"{budget.title}: {ours:,} instructions, {ours / bare:.2f} of the bare one's {bare:,} ({budget.most})"
        if options.base and budget.work != "await_pages":
            base = each(options.base, budget.work)
            told += f", {ours / base:.3f} of the base's {base:,}"
        missed += ours > budget.most * bare
        print(told, "MISSED" if ours > budget.most * bare else "met", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
