"""How much faster a list is fetched on all cores: by interpreters (CPython 3.14 and newer), and by processes.

    make bench-cores ARGS="...", or python -m bench.cores [--cores 2] [--pages 2000] [--rounds 3]

Pages of 1 MiB of text that nginx has compressed beforehand: decompressing and reading them is the client's work,
sending them takes the server little. Each worker fetches its share of the pages, checks the length of each, and
returns how many were whole and the CPU that it took. Prints the median rate of each way, its factor over one worker of
its kind, and the shares of CPU. Leave the machine alone meanwhile: workers that wait for a core say nothing of cores.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench.nginx import find_program
from bench.server import HOST

_CONFIGURATION = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; {user}
events {{ worker_connections 1024; }}
http {{
    access_log off; default_type text/plain; sendfile on; tcp_nodelay on;
    keepalive_requests 1000000000; keepalive_timeout 1h; open_file_cache max=100;
    server {{
        listen {host}:{port}; root files;
        location / {{ add_header Content-Encoding gzip; }}
    }}
}}
"""
_PAGE_BYTES = 1 << 20


def fetch_share(base: str, count: int) -> tuple[int, float]:
    """Fetch *count* pages of *base*; return how many were whole, and the CPU seconds that this thread took."""
    import httpconn

    begun = time.thread_time()
    urls = (f"{base}/page?{number}" for number in range(count))
    fetched = httpconn.fetch_many(urls, max_connections=8, per_host=8, max_buffered_bytes=1 << 25)
    whole = sum(len(response.content) == _PAGE_BYTES and not response.error for response in fetched)
    return whole, time.thread_time() - begun


@contextlib.contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """nginx with the page; its URL, and the process whose CPU is counted."""
    import socket

    program = find_program()
    if program is None:
        raise SystemExit("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="httpconn-cores-") as name, socket.socket() as found:
        found.bind((HOST, 0))
        port = found.getsockname()[1]
        found.close()
        folder = Path(name)
        (folder / "files").mkdir()
        words = [f"word{number}" for number in range(2000)]
        text = " ".join(random.Random(1).choices(words, k=_PAGE_BYTES // 4))[:_PAGE_BYTES]
        (folder / "files" / "page").write_bytes(gzip.compress(text.encode(), 6))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(_CONFIGURATION.format(user=user, host=HOST, port=port))
        server = subprocess.Popen([program, "-p", str(folder), "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 10
            while True:
                with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
                    break
                if time.monotonic() > deadline:
                    raise SystemExit("nginx does not answer")
                time.sleep(0.05)
            yield f"http://{HOST}:{port}", server.pid
        finally:
            server.terminate()
            server.wait(10)


def cpu_of_children(parent: int) -> float:
    """CPU seconds of the children of *parent*, nginx's workers."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(pool: Executor, workers: int, url: str, pages: int) -> tuple[float, float]:
    """Return pages a second, and the clients' CPU seconds, of *workers* that fetch *pages* in all."""
    begun = time.monotonic()
    each = pages // workers
    answers = list(pool.map(fetch_share, [url] * workers, [each] * workers))
    if any(whole != each for whole, _ in answers):
        raise SystemExit(f"expected {each} whole pages of each worker, got {[whole for whole, _ in answers]}")
    return each * workers / (time.monotonic() - begun), sum(cpu for _, cpu in answers)


def main() -> None:
    """Measure each way and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.cores")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    ways: dict[str, Any] = {"processes": ProcessPoolExecutor}
    if sys.version_info >= (3, 14):
        from concurrent.futures import InterpreterPoolExecutor

        ways = {"interpreters": InterpreterPoolExecutor, **ways}
    else:
        print("interpreters: from CPython 3.14 on")
    with serving() as (url, server):
        for name, make in ways.items():
            rates: dict[int, list[float]] = {1: [], chosen.cores: []}
            client, served = 0.0, 0.0
            with make(1) as one, make(chosen.cores) as all_of_them:
                pools = {1: one, chosen.cores: all_of_them}
                for workers, pool in pools.items():  # started, and imported
                    measure(pool, workers, url, 8 * workers)
                for _ in range(chosen.rounds):
                    for workers, pool in pools.items():
                        before = cpu_of_children(server)
                        rate, cpu = measure(pool, workers, url, chosen.pages)
                        rates[workers].append(rate)
                        client, served = client + cpu, served + cpu_of_children(server) - before
            alone, together = (statistics.median(rates[workers]) for workers in (1, chosen.cores))
            print(
                f"{name}: one {alone:.0f} pages a second, {chosen.cores} {together:.0f}: {together / alone:.2f} times; "
                f"the server took {served / client:.2f} of the clients' CPU"
            )


if __name__ == "__main__":
    main()
