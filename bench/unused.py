"""What those pay who use none of what was added: the same programs on an earlier httpconn and on this one, in turns.

    make bench-unused BASE=/old/.venv/bin/python [ARGS="--rounds 7", "--instructions"]

Each program uses what both versions have, and no option of later ones. A ratio is before / now, of client CPU over
nginx (medians of rounds in which both take turns, each in a fresh process), or with --instructions of what callgrind
counts, which does not vary with what else the machine does. At least 0.98 is wanted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench import nginx
from bench.instructions import count_evenly

LEAST: Final = 0.98
FEW, MANY = 300, 900
"""How often each is done under callgrind: the difference counts, so that start-up does not."""


def _client(count: int, url: str, tls: Any) -> Callable[[int], None]:
    import httpconn

    host, _, target = url.partition("://")[2].partition("/")
    connection = httpconn.HTTPSConnection(host, context=tls) if tls else httpconn.HTTPConnection(host)

    def run(times: int) -> None:
        for _ in range(times):
            connection.request("GET", f"/{target}")
            response = connection.getresponse()
            assert response.status == 200
            assert response.read()

    return run


def _pool(ask: Callable[[Any, str], Any]) -> Callable[[int, str, Any], Callable[[int], None]]:
    def make(count: int, url: str, tls: Any) -> Callable[[int], None]:
        import httpconn

        pool = httpconn.ConnectionPool(**({"context": tls} if tls else {}))

        def run(times: int) -> None:
            for _ in range(times):
                assert ask(pool, url)

        return run

    return make


def _stream(pool: Any, url: str) -> int:
    with pool.request("GET", url, stream=True) as response:
        return sum(len(part) for part in response.iter_bytes())


def _lines(pool: Any, url: str) -> int:
    with pool.request("GET", url, stream=True) as response:
        return sum(len(line) for line in response.iter_lines())


def _many(**given: Any) -> Callable[[int, str, Any], Callable[[int], None]]:
    def make(count: int, url: str, tls: Any) -> Callable[[int], None]:
        import httpconn

        options = {"max_connections": 64, "per_host": 64, **({"context": tls} if tls else {})}

        def run(times: int) -> None:
            urls = (f"{url}?{number}" for number in range(times))
            asked = (httpconn.Request("GET", one, **given) for one in urls) if given else urls
            for response in httpconn.fetch_many(asked, **options):
                assert response.status == 200
                assert response.content

        return run

    return make


WORKS: Final[dict[str, tuple[str, str, int, Any]]] = {
    "HTTPConnection, GET of 2 bytes": ("http", "small", 6_000, _client),
    "HTTPConnection, GET of 10 KiB": ("http", "10k", 6_000, _client),
    "HTTPConnection, GET in chunks": ("http", "10k-chunked", 4_000, _client),
    "HTTPConnection, GET over TLS": ("https", "small", 5_000, _client),
    "pool, GET of 2 bytes": ("http", "small", 5_000, _pool(lambda pool, url: pool.get(url).content)),
    "pool, GET of 10 KiB": ("http", "10k", 5_000, _pool(lambda pool, url: pool.get(url).content)),
    "pool, with fields": (
        "http", "small", 5_000, _pool(lambda pool, url: pool.get(url, headers={"X-A": "1", "X-B": "2"}).content)
    ),
    "pool, POST of bytes": ("http", "small", 5_000, _pool(lambda pool, url: pool.post(url, body=b"12345").status)),
    "pool, POST of JSON": ("http", "small", 5_000, _pool(lambda pool, url: pool.post(url, json={"a": 1}).status)),
    "pool, a stream": ("http", "10k", 3_000, _pool(_stream)),
    "pool, a stream in lines": ("http", "10k", 2_000, _pool(_lines)),
    "fetch_many, 2 bytes": ("http", "small", 20_000, _many()),
    "fetch_many, 10 KiB": ("http", "10k", 15_000, _many()),
    "fetch_many over TLS": ("https", "small", 10_000, _many()),
    "fetch_many, Requests with fields": ("http", "small", 10_000, _many(headers={"X-A": "1", "X-B": "2"}, tag=1)),
}  # fmt: skip
"""Title: scheme, path, how often a round does it, and what makes it."""


def do(title: str, ports: str, cafile: str, times: int) -> None:
    """One process: warm up, do it, print the microseconds of CPU that each one took."""
    scheme, path, _, make = WORKS[title]
    if "HTTPCONN_COUNTED" in os.environ:
        count_evenly()  # what a poll brings, and what time it is, is the same in both
    tls = None
    if scheme == "https":
        import ssl

        tls = ssl.create_default_context(cafile=cafile)
    plain, secured = ports.split(",")
    url = f"{scheme}://127.0.0.1:{secured if tls else plain}/{path}"
    run = make(times, url, tls)
    run(100)
    begun = time.process_time()
    run(times)
    print(json.dumps((time.process_time() - begun) / times * 1e6))


def _command(python: str, title: str, ports: str, cafile: str, times: int) -> list[str]:
    return [python, "-P", "-m", "bench.unused", "--run", title, ports, cafile, str(times)]


def _done(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "PYTHONHASHSEED": "1", **environment}
    ended = subprocess.run(command, capture_output=True, text=True, env=given)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)}: {ended.stderr[-2000:]}")
    return ended


def timed(pythons: tuple[str, str], title: str, ports: str, cafile: str, rounds: int) -> tuple[float, float]:
    """Return the medians of both, in microseconds of CPU."""
    seen: dict[str, list[float]] = {python: [] for python in pythons}
    for number in range(rounds):
        for python in pythons if number % 2 else reversed(pythons):
            seen[python].append(json.loads(_done(_command(python, title, ports, cafile, WORKS[title][2])).stdout))
    before, now = (statistics.median(seen[python]) for python in pythons)
    return before, now


def counted(pythons: tuple[str, str], title: str, ports: str, cafile: str) -> tuple[float, float]:
    """Return the instructions that one more time takes, of both."""
    found = []
    for python in pythons:
        counts = []
        for times in (FEW, MANY):
            with tempfile.TemporaryDirectory() as folder:
                tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={Path(folder) / 'out'}"]
                command = [*tool, *_command(python, title, ports, cafile, times)]
                told = _done(command, HTTPCONN_COUNTED="1").stderr
            counted_there = re.search(r"Collected\s*:\s*(\d+)", told)
            assert counted_there is not None, told
            counts.append(int(counted_there[1]))
        found.append((counts[1] - counts[0]) / (MANY - FEW))
    return found[0], found[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", help="the python of an environment with the httpconn of before")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="those with one of these in their title")
    parser.add_argument("--run", nargs=4, metavar=("TITLE", "PORTS", "CAFILE", "TIMES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        title, ports, cafile, times = options.run
        do(title, ports, cafile, int(times))
        return 0
    if not options.base:
        parser.error("--base is needed")
    pythons, missed = (options.base, sys.executable), 0
    unit = "instructions" if options.instructions else "CPU, us"
    print(f"| who uses none of it | before, {unit} | now | before / now |\n|---|---:|---:|---:|")
    with nginx.running() as plain, nginx.running(tls=True) as secured:
        for title in WORKS:
            if options.only and not any(word in title for word in options.only):
                continue
            given = (pythons, title, f"{plain.port},{secured.port}", str(secured.cafile))
            before, now = counted(*given) if options.instructions else timed(*given, options.rounds)
            missed += before / now < LEAST
            shown = "{:,.0f}" if options.instructions else "{:.2f}"
            print(f"| {title} | {shown.format(before)} | {shown.format(now)} | {before / now:.3f} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
