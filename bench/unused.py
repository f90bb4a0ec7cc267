"""What those pay who use none of what was added: the same programs on an earlier httpconn and on this one, in turns.

    make bench-unused BASE=/old/.venv/bin/python [ARGS="--rounds 7", "--instructions"]

Each program uses what both versions have, and no option of later ones; where the earlier one lacks something, its row
says so. A ratio is before / now, of client CPU over nginx (medians of rounds in which both take turns, each in a fresh
process), or with --instructions of what callgrind counts, which does not vary with what else the machine does. At least
0.98 is wanted. With --publish the table goes into docs/unused.json and docs/performance.md, too.
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench import nginx
from bench.instructions import count_evenly
from bench.results import load, machine

LEAST: Final = 0.98
RESULTS: Final = Path(__file__).resolve().parent.parent / "docs" / "unused.json"
UNITS: Final = {"instructions": ("instructions", ",.0f"), "time": ("CPU, us", ".2f")}
"""How the figures of a table are called, and how they are written."""
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


def _pool(
    ask: Callable[[Any, str], Any], options: Callable[[], dict[str, Any]] = dict
) -> Callable[[int, str, Any], Callable[[int], None]]:
    def make(count: int, url: str, tls: Any) -> Callable[[int], None]:
        import httpconn

        pool = httpconn.ConnectionPool(**options(), **({"context": tls} if tls else {}))

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


def _jar() -> Any:
    from http.cookiejar import Cookie, CookieJar

    jar = CookieJar()
    host, path = ("127.0.0.1", True, False), ("/", True)
    jar.set_cookie(Cookie(0, "a", "1", None, False, *host, *path, False, None, False, None, None, {}))
    return jar


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


class Work(NamedTuple):
    path: str
    times: int
    """How often a round does it."""
    make: Callable[[int, str, Any], Callable[[int], None]]
    scheme: str = "http"
    needs: tuple[str, str] | None = None
    """A class of httpconn, and an attribute of it that an earlier version may lack."""


WORKS: Final = {
    "HTTPConnection, GET of 2 bytes": Work("small", 6_000, _client),
    "HTTPConnection, GET of 10 KiB": Work("10k", 6_000, _client),
    "HTTPConnection, GET in chunks": Work("10k-chunked", 4_000, _client),
    "HTTPConnection, GET over TLS": Work("small", 5_000, _client, "https"),
    "pool, GET of 2 bytes": Work("small", 5_000, _pool(lambda pool, url: pool.get(url).content)),
    "pool, GET of 10 KiB": Work("10k", 5_000, _pool(lambda pool, url: pool.get(url).content)),
    "pool, GET by request": Work("small", 5_000, _pool(lambda pool, url: pool.request("GET", url).content)),
    "pool, with fields": Work(
        "small", 5_000, _pool(lambda pool, url: pool.get(url, headers={"X-A": "1", "X-B": "2"}).content)
    ),
    "pool, with cookies": Work(
        "small", 5_000, _pool(lambda pool, url: pool.get(url).content, lambda: {"cookies": _jar()})
    ),
    "pool, POST of bytes": Work("small", 5_000, _pool(lambda pool, url: pool.post(url, body=b"12345").status)),
    "pool, POST of bytes by request": Work(
        "small", 5_000, _pool(lambda pool, url: pool.request("POST", url, body=b"12345").status)
    ),
    "pool, POST of JSON": Work("small", 5_000, _pool(lambda pool, url: pool.post(url, json={"a": 1}).status)),
    "pool, a stream": Work("10k", 3_000, _pool(_stream)),
    "pool, a stream in lines": Work("10k", 2_000, _pool(_lines), needs=("Response", "iter_lines")),
    "fetch_many, 2 bytes": Work("small", 20_000, _many()),
    "fetch_many, 10 KiB": Work("10k", 15_000, _many()),
    "fetch_many over TLS": Work("small", 10_000, _many(), "https"),
    "fetch_many, Requests with fields": Work("small", 10_000, _many(headers={"X-A": "1", "X-B": "2"}, tag=1)),
}
"""What is done, by its title."""


def do(title: str, ports: str, cafile: str, times: int) -> None:
    """One process: warm up, do it, print the microseconds of CPU that each one took; null where that cannot be done."""
    path, _, make, scheme, needs = WORKS[title]
    if needs is not None:
        import httpconn

        if not hasattr(getattr(httpconn, needs[0], None), needs[1]):
            print("null")
            return
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


def timed(pythons: tuple[str, str], title: str, ports: str, cafile: str, rounds: int) -> list[float] | None:
    """Return the medians of both, in microseconds of CPU; None where one of them cannot do it."""
    seen: dict[str, list[float]] = {python: [] for python in pythons}
    for number in range(rounds):
        for python in pythons if number % 2 else reversed(pythons):
            took = json.loads(_done(_command(python, title, ports, cafile, WORKS[title].times)).stdout)
            if took is None:
                return None
            seen[python].append(took)
    return [statistics.median(seen[python]) for python in pythons]


def counted(pythons: tuple[str, str], title: str, ports: str, cafile: str) -> list[float] | None:
    """Return the instructions that one more time takes, of both; None where one of them cannot do it."""
    found = []
    for python in pythons:
        counts = []
        for times in (FEW, MANY):
            with tempfile.TemporaryDirectory() as folder:
                tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={Path(folder) / 'out'}"]
                done = _done([*tool, *_command(python, title, ports, cafile, times)], HTTPCONN_COUNTED="1")
            if json.loads(done.stdout) is None:
                return None
            told = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
            assert told is not None, done.stderr
            counts.append(int(told[1]))
        found.append((counts[1] - counts[0]) / (MANY - FEW))
    return found


def table(seen: dict[str, Any], unit: str) -> Iterator[str]:
    """The lines of a table of what was *seen* in *unit*, a part of docs/unused.json."""
    yield f"| who uses none of it | before, {UNITS[unit][0]} | now | before / now |"
    yield "|---|---:|---:|---:|"
    for title, found in seen["rows"].items():
        yield _row(title, found, unit)


def published() -> dict[str, Any]:
    """Return what docs/unused.json has: by unit, what was seen, and on what."""
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return found


def about(seen: dict[str, Any], unit: str) -> str:
    """Return on what *seen* was seen, as a paragraph."""
    place = seen["machine"]
    how = f"medians of {seen['rounds']} rounds in turns" if unit == "time" else "counted by callgrind"
    return (
        f"Before is httpconn {seen['before']}, now {seen['now']}; {how}, {place['cores']} cores of {place['cpu']}, "
        f"{place['python_build'].partition(',')[0]}."
    )


def _row(title: str, found: list[float] | None, unit: str) -> str:
    if found is None:
        return f"| {title} | not there | | |"
    before, now = (format(value, UNITS[unit][1]) for value in found)
    return f"| {title} | {before} | {now} | {found[0] / found[1]:.3f} |"


def _seen(options: argparse.Namespace, unit: str) -> dict[str, Any]:
    """Return what *unit* has for each program, and print its row; with what it was seen on."""
    pythons = (options.base, sys.executable)
    ask = "import httpconn; print(httpconn.__version__, httpconn.backend())"
    before, now = (_done([python, "-P", "-c", ask]).stdout.split() for python in pythons)
    seen = {
        "before": f"{before[0]} ({before[1]})",
        "now": f"{now[0]} ({now[1]})",
        "machine": machine(),
        "rounds": options.rounds,
        "rows": {},
    }
    for line in table(seen, unit):
        print(line)
    with nginx.running() as plain, nginx.running(tls=True) as secured:
        for title in WORKS:
            if options.only and not any(word in title for word in options.only):
                continue
            given = (pythons, title, f"{plain.port},{secured.port}", str(secured.cafile))
            found = counted(*given) if unit == "instructions" else timed(*given, options.rounds)
            seen["rows"][title] = found
            print(_row(title, found, unit), flush=True)
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", help="the python of an environment with the httpconn of before")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--publish", action="store_true", help="into docs/unused.json and the page, too")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="those with one of these in their title")
    parser.add_argument("--run", nargs=4, metavar=("TITLE", "PORTS", "CAFILE", "TIMES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        title, ports, cafile, times = options.run
        do(title, ports, cafile, int(times))
        return 0
    if not options.base:
        parser.error("--base is needed")
    if options.publish and options.only:
        parser.error("what is published has all rows")
    unit = "instructions" if options.instructions else "time"
    seen = _seen(options, unit)
    if options.publish:
        from bench import publish  # which imports this module for the table

        RESULTS.write_text(json.dumps({**published(), unit: seen}, indent=1) + "\n")
        publish.PAGE.write_text(publish.fill(publish.PAGE.read_text(), load(publish.RESULTS)))
    return 1 if any(found and found[0] / found[1] < LEAST for found in seen["rows"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
