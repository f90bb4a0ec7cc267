"""From URLs to files: ``httpconn fetch`` against curl -Z, wget and wget2, its start, and its memory.

    make bench-writers [ARGS="--only jsonl warc folder start"]      each figure that is promised, with its limit
    make bench-writers ARGS="--flat 1000000 [--out pages.warc.gz]"  what is resident after 100,000 URLs and at the end

Against nginx.py; distinct URLs of pages of 1,600 bytes (``--path`` for another). A figure is the CPU time of whole
processes, user and system, less that of the same command for one page: the median of five rounds, every second one in
the opposite order. What a command has written is counted each time, in a folder of its own below TMPDIR. Ten times
50,000 files are made there and removed, which takes many minutes where other programs write to that disk too: the
figures are then the file system's, and TMPDIR=/dev/shm tells the programs' own. Each figure is told when it is there.

- jsonl: into JSON Lines, against ``curl -Z`` into nothing, by one URL with a range in it, 64 at a time
- warc: into a WARC in gzip, against ``wget --warc-file -O /dev/null``, which has one connection
- folder: a file for each page, against wget2 with as many threads as it takes by itself
- start: CPU from the start of ``httpconn fetch`` to its first byte. A server that never answers notes it: when the byte
  is there, it reads from /proc how long the process has run (schedstat, in nanoseconds), which waits from then on. Held
  against all of ``python -c "import httpconn; httpconn.fetch_many"``, its end included
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench import nginx
from bench.resident import resident_bytes
from bench.server import HOST, Server

AT_ONCE: Final = 64
FETCH: Final = [sys.executable, "-P", "-m", "httpconn", "fetch"]
OURS: Final = [*FETCH, "--quiet", "--per-host", str(AT_ONCE), "--connections", str(AT_ONCE)]
FLAT_FROM: Final = 100_000
MOST_GROWN_BYTES: Final = 20 << 20
WAIT_S: Final = 60.0


class Task(NamedTuple):
    """Pages for one command, in a folder of its own."""

    base: str
    """The URL, without the query that makes each one another."""
    pages: int
    folder: Path

    def listed(self) -> Path:
        """Write the URLs into a file, one a line."""
        path = self.folder / "urls.txt"
        path.write_text("".join(f"{self.base}?{number}\n" for number in range(self.pages)))
        return path


class Tool(NamedTuple):
    command: Callable[[Task], list[str]]
    written: Callable[[Task], int | None]
    """Returns how many pages are there; None where nothing is kept."""


class Row(NamedTuple):
    title: str
    ours: Tool
    rival: Tool
    pages: int
    most: float
    """Of the rival's CPU."""


def _fetch(task: Task, out: str) -> list[str]:
    return [*OURS, str(task.listed()), "--out", f"{task.folder}/{out}"]


def _lines(task: Task) -> int:
    return (task.folder / "pages.jsonl").read_bytes().count(b"\n")


def _warc_pages(task: Task) -> int:
    with gzip.open(task.folder / "pages.warc.gz") as file:
        return file.read().count(b"\r\nWARC-Type: response\r\n")


def _files(task: Task) -> int:
    """Return how many files there are that have the page, in any folder below."""
    found = 0
    for folder, _, names in os.walk(task.folder):
        found += sum(name not in ("urls.txt", "index.jsonl") for name in names if folder != str(task.folder))
    return found


def _curl(task: Task) -> list[str]:
    urls = f"{task.base}?[1-{task.pages}]"
    return ["curl", "-sSZ", "--no-progress-meter", "--fail", "--parallel-max", str(AT_ONCE), "-o", os.devnull, urls]


def _wget(task: Task) -> list[str]:
    out = str(task.folder / "pages")
    return ["wget", "-q", "-i", str(task.listed()), f"--warc-file={out}", "-O", os.devnull]


def _wget2(task: Task) -> list[str]:
    return ["wget2", "-q", "-i", str(task.listed()), "-P", str(task.folder / "pages")]


ROWS: Final = {
    "jsonl": Row(
        "into JSON Lines, of curl -Z into nothing",
        Tool(lambda task: _fetch(task, "pages.jsonl"), _lines),
        Tool(_curl, lambda task: None),
        50_000,
        1.0,
    ),
    "warc": Row(
        "into a WARC, of wget's with --warc-file",
        Tool(lambda task: _fetch(task, "pages.warc.gz"), _warc_pages),
        Tool(_wget, _warc_pages),
        5_000,
        0.5,
    ),
    "folder": Row(
        "into a folder, of wget2's",
        Tool(lambda task: _fetch(task, "pages/"), _files),
        Tool(_wget2, _files),
        50_000,
        1.0,
    ),
}


def cpu_of(tool: Tool, base: str, pages: int) -> float:
    """Return the CPU that *tool* takes for so many pages, in seconds. Raises SystemExit where it does not get them."""
    with tempfile.TemporaryDirectory(prefix="httpconn-writers-") as name:
        task = Task(base, pages, Path(name))
        command = tool.command(task)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=name)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        found = tool.written(task)
        if process.returncode or found not in (None, pages):
            raise SystemExit(f"{command}: exit code {process.returncode}, {found} pages of {pages}")
    return used.ru_utime + used.ru_stime


def in_turn(works: list[Callable[[], float]], rounds: int) -> list[float]:
    """Return the median of each of *works*, which are done in alternation; what is there so far goes to stderr."""
    figures: list[list[float]] = [[] for _ in works]
    for turn in range(rounds):
        order = [*zip(works, figures, strict=True)]
        for work, found in order if turn % 2 else order[::-1]:
            found.append(work())
        told = ", ".join(f"{found[-1]:.2f}" for found in figures)
        print(f"  round {turn + 1} of {rounds}: {told} s of CPU", file=sys.stderr, flush=True)
    return [statistics.median(found) for found in figures]


def against(row: Row, server: Server, path: str, rounds: int, pages: int) -> bool:
    """Print a row; return whether it is met. A rival that is not installed is told, and meets nothing."""
    base = server.url(path)
    rival = row.rival.command(Task(base, 0, Path(tempfile.gettempdir())))[0]
    if shutil.which(rival) is None:
        print(f"{row.title:45} {rival} is not installed")
        return False

    def less_one(tool: Tool) -> Callable[[], float]:
        return lambda: cpu_of(tool, base, pages) - cpu_of(tool, base, 1)

    ours, theirs = in_turn([less_one(row.ours), less_one(row.rival)], rounds)
    told = f"{ours / pages * 1e6:6.1f} us a page, {theirs / pages * 1e6:6.1f}"
    return _tell(f"{row.title}, {pages:,} pages", told, ours / theirs, row.most)


def _tell(title: str, told: str, ratio: float, most: float) -> bool:
    is_met = ratio <= most
    print(f"{title:60} {told}  {ratio:6.3f}  ({most})  {'met' if is_met else 'MISSED'}", flush=True)
    return is_met


# -- the start


def ran_s(process: int) -> float:
    """Return how long the threads of *process* have run on a CPU so far, in seconds."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def cpu_to_first_byte() -> float:
    """Return what ``httpconn fetch`` takes until its first byte is there."""
    folder = tempfile.TemporaryDirectory(prefix="httpconn-writers-")
    with folder as name, socket.create_server((HOST, 0)) as listener:
        listener.settimeout(WAIT_S)
        url = f"http://{HOST}:{listener.getsockname()[1]}/"
        command = [*FETCH, "--quiet", "--out", f"{name}/pages.jsonl", url]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(WAIT_S)
                    connection.recv(1)
                    return ran_s(process.pid)
            finally:
                process.kill()


def cpu_of_import() -> float:
    """Return what the import takes, as a whole process."""
    process = subprocess.Popen([sys.executable, "-P", "-c", "import httpconn; httpconn.fetch_many"])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("httpconn cannot be imported")
    return used.ru_utime + used.ru_stime


def start(rounds: int) -> bool:
    ours, bare = in_turn([cpu_to_first_byte, cpu_of_import], rounds)
    told = f"{ours * 1e3:6.1f} ms, {bare * 1e3:6.1f}"
    return _tell("to the first byte, of the import of fetch_many alone", told, ours / bare, 1.3)


# -- memory


def _done(lines: Iterator[str], wanted: int) -> None:
    """Return when the command says that so many are done."""
    for line in lines:
        if line.startswith("httpconn: ") and int(line.split()[1].replace(",", "")) >= wanted:
            return
    raise SystemExit(f"it ended before {wanted:,} were done")


def flat(server: Server, path: str, count: int, out: str) -> bool:
    """Print what is resident after some and after all; return whether that grows by little.

    The URLs come through a pipe, which is kept open: so the process has all done and waits for more when it is looked
    at. It says how many are done every five seconds.
    """
    base = server.url(path)
    command = [*FETCH, "--per-host", str(AT_ONCE), "--connections", str(AT_ONCE), "--out"]
    with tempfile.TemporaryDirectory(prefix="httpconn-writers-") as name, contextlib.ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                [*command, str(Path(name) / out)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        stack.callback(process.kill)
        assert process.stdin is not None
        assert process.stderr is not None
        seen = []
        for begin, end in ((0, FLAT_FROM), (FLAT_FROM, count)):
            try:
                for number in range(begin, end):
                    process.stdin.write(f"{base}?{number}\n")
                process.stdin.flush()
            except BrokenPipeError:
                stack.pop_all()  # whose pipe cannot be closed
                raise SystemExit(f"it ended: {process.stderr.read()}") from None
            _done(iter(process.stderr), end)
            time.sleep(2.0)  # and written
            seen.append(resident_bytes(process.pid) or 0)
            print(f"{out}: {end:9,} done, {seen[-1] / 2**20:.1f} MiB resident", flush=True)
        process.stdin.close()
        process.stderr.read()
        if process.wait(WAIT_S):
            raise SystemExit(f"exit code {process.returncode}")
    return seen[1] - seen[0] <= MOST_GROWN_BYTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*ROWS, "start"], default=[*ROWS, "start"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=0, help="instead of what a row has by itself")
    parser.add_argument("--path", default="/page", help="of nginx.py")
    parser.add_argument("--flat", type=int, default=0, metavar="COUNT")
    parser.add_argument("--out", default="pages.jsonl", help="of --flat: its suffix says the format")
    options = parser.parse_args()
    if nginx.find_program() is None:
        raise SystemExit("nginx is not installed")
    are_met = []
    with nginx.running() as server:
        if options.flat:
            return 0 if flat(server, options.path, options.flat, options.out) else 1
        for name in options.only:
            if name == "start":
                are_met.append(start(4 * options.rounds))
            else:
                row = ROWS[name]
                are_met.append(against(row, server, options.path, options.rounds, options.pages or row.pages))
    return 0 if all(are_met) else 1


if __name__ == "__main__":
    sys.exit(main())
