"""Many interpreters in one process, each with a GIL of its own: no crossed response, no crash, flat memory.

    python -m tests.isolated.interpreters [--requests 200000] [--closed 1000] [--parser python]

Needs CPython 3.14 or newer. One server in a process of its own answers each request with its target. First 2, 4 and 8
interpreters fetch at once, each over connections of its own, and each holds every answer against what it asked for.
Then interpreters are made, used and closed one after the other, some at once. What memory an interpreter leaves behind
that has only imported the standard library is measured too: CPython's own share.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

WARM_UP = 0.3
MOST_KIB_EACH = 12.0
"""What one interpreter may leave behind beyond what a bare one does."""
MOST_MIB = 24.0
"""By which the process may have grown while some interpreters fetched, and were not closed yet."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Target: %b\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"

# What runs in each. `before` gives parameters.
PREPARE = """
import sys
sys.path[:] = PATH
import httpconn
assert httpconn.backend() == PARSER, (httpconn.backend(), httpconn.backends())
"""
FETCH = """
from httpconn import fetch_many
targets = (f"/{NUMBER}/{index}/{'x' * (index % 300)}{'/chunked' * (index % 7 == 0)}" for index in range(COUNT))
urls = [BASE + target for target in targets]
seen = bytearray(COUNT)
for response in fetch_many(urls, max_connections=16, per_host=16, ordered=ORDERED):
    asked = urls[response.index]
    assert response.error is None, response.error
    assert response.status == 200
    assert response.content.decode() == asked.removeprefix(BASE), (asked, response.content)
    if response.index % 50 == 0 and "chunked" not in asked:
        assert response.headers["X-Target"] == asked.removeprefix(BASE)
    assert not seen[response.index], "a second answer"
    seen[response.index] = 1
assert all(seen), "some have no answer"
"""
# The rest of what a program does with it: a connection, a pool, a name that is looked up, a decoder, an error, pickles.
EVERYTHING = """
import pickle, zlib
urls = [BASE + f"/{NUMBER}/{index}" for index in range(5)]
got = list(httpconn.fetch_many([*urls, BASE + "/gzip", "http://127.0.0.1:1/"], ordered=True))
assert [r.content.decode() for r in got[:5]] == [url.removeprefix(BASE) for url in urls]
assert got[5].content == b"unpacked" * 1000, got[5]
assert got[6].error is not None
with httpconn.ConnectionPool() as pool:
    assert pool.request("GET", BASE.replace("127.0.0.1", "localhost") + "/name").content == b"/name"
connection = httpconn.HTTPConnection(BASE.removeprefix("http://"))
connection.request("GET", "/plain")
answer = connection.getresponse()
assert answer.getheader("x-target") == "/plain" and answer.read() == b"/plain"
connection.close()
RESULTS.put(pickle.dumps(got[:6]))
"""


def serve() -> None:
    """Answer on a free port, which is printed, until standard input ends: what was asked for, or packed bytes."""
    import gzip

    packed = gzip.compress(b"unpacked" * 1000)
    gzipped = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed)
    # Names may be looked up as ::1 first, which refuses; then comes this one.
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    poll.register(sys.stdin, select.EPOLLIN)
    peers: dict[int, tuple[socket.socket, bytearray]] = {}
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == listener.fileno():
                peer, _address = listener.accept()
                peers[peer.fileno()] = (peer, bytearray())
                poll.register(peer, select.EPOLLIN)
                continue
            if descriptor not in peers:
                return
            peer, held = peers[descriptor]
            data = b""
            with suppress(ConnectionError):
                data = peer.recv(65536)
            if not data:
                del peers[descriptor]
                peer.close()
                continue
            held += data
            while (end := held.find(b"\r\n\r\n")) >= 0:
                target = bytes(held[4 : held.index(b" ", 4)])
                del held[: end + 4]
                if target == b"/gzip":
                    peer.sendall(gzipped)
                elif target.endswith(b"/chunked"):
                    peer.sendall(CHUNKED % (len(target), target))
                else:
                    peer.sendall(HEAD % (target, len(target)) + target)


def resident_mib() -> float:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Stress:
    """Runs pieces of program in interpreters, as many at once as are asked for."""

    def __init__(self, base: str, parser: str) -> None:
        from concurrent import interpreters

        self._interpreters: Any = interpreters
        self._base, self._parser = base, parser
        self.errors: list[BaseException] = []

    def script(self, piece: str, **values: object) -> str:
        values |= {"PATH": sys.path, "PARSER": self._parser, "BASE": self._base}
        return "".join(f"{name} = {value!r}\n" for name, value in values.items()) + PREPARE + piece

    def at_once(self, count: int, run: Callable[[int], None]) -> None:
        """Call *run* in *count* threads. Raises the first error."""

        def guarded(number: int) -> None:
            try:
                run(number)
            except BaseException as error:  # told below, by the main thread
                self.errors.append(error)

        threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def fetch(self, count: int, requests: int, rounds: int = 4) -> float:
        """Have *count* interpreters fetch *requests* in all at once, in rounds; return by how many MiB the last ones grew."""
        made = [self._interpreters.create() for _ in range(count)]
        each = requests // count // rounds
        after_first = 0.0
        try:
            for turn in range(rounds):

                def run(number: int, turn: int = turn) -> None:
                    script = self.script(FETCH, NUMBER=number, COUNT=each, ORDERED=bool((number + turn) % 2))
                    made[number].exec(script)

                self.at_once(count, run)
                if turn == 0:
                    after_first = resident_mib()
            return resident_mib() - after_first
        finally:
            for interpreter in made:
                interpreter.close()

    def use_and_close(self, piece: str, count: int, at_once: int = 4) -> float:
        """Make, use and close *count* interpreters, *at_once* of them at a time; return the KiB that one left behind."""
        queue = self._interpreters.create_queue()
        begun, first = 0.0, int(count * WARM_UP)

        def run(number: int) -> None:
            interpreter = self._interpreters.create()
            try:
                if piece == EVERYTHING:
                    interpreter.prepare_main(RESULTS=queue)
                    interpreter.exec(self.script(piece, NUMBER=number))
                    for response in pickle.loads(queue.get(timeout=60)):  # as this interpreter's own
                        assert response.status == 200
                        assert response.headers
                else:
                    interpreter.exec(piece)
            finally:
                interpreter.close()

        for number in range(0, count, at_once):
            if not begun and number >= first:
                begun, first = resident_mib(), number
            self.at_once(min(at_once, count - number), run)
        return (resident_mib() - begun) * 1024 / max(1, count - first)


BARE = "import http.client, ssl, json, select, threading, queue, zlib, ipaddress, pickle, email.parser, urllib.parse"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.isolated.interpreters")
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--closed", type=int, default=1_000)
    parser.add_argument("--parser", default="cython")
    parser.add_argument(
        "--unmeasured", action="store_true", help="do not judge memory: too few, or a sanitizer is there"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve()
        return
    if sys.version_info < (3, 14):
        raise SystemExit(
            f"this is CPython {sys.version.split()[0]}, and concurrent.interpreters is there from 3.14 on:\n"
            "    make interpreters PYTHON=python3.15 VENV=.venv-3.15     or, where only Debian's sid has it,\n"
            "    bash .ci/sid make && bash .ci/sid run make interpreters PYTHON=python3.15 VENV=.venv-3.15"
        )
    if chosen.parser != "cython":
        os.environ["HTTPCONN_PARSER"] = chosen.parser
    elif importlib.util.find_spec("httpconn._speedups_isolated") is None:
        raise SystemExit(
            "the extension for subinterpreters was not built: see what `make build` says, or --parser python"
        )
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        stress = Stress(f"http://127.0.0.1:{int(server.stdout.readline())}", chosen.parser)
        import httpconn  # into the first one too, whose extension is another

        print(f"httpconn {httpconn.__version__}, {sys.version.split()[0]}, {chosen.parser}, from {httpconn.__file__}")
        for count in (2, 4, 8):
            begun = time.monotonic()
            grown = stress.fetch(count, chosen.requests)
            told = f"{count} interpreters at once, {chosen.requests} requests: each had its own answers"
            print(f"{told}, {grown:+.1f} MiB after the first round   [{time.monotonic() - begun:.0f} s]", flush=True)
            if grown > MOST_MIB and not chosen.unmeasured:
                raise SystemExit("memory grows while interpreters fetch")
        begun = time.monotonic()
        bare = stress.use_and_close(BARE, max(8, chosen.closed // 4))
        used = stress.use_and_close(EVERYTHING, chosen.closed)
        told = f"{chosen.closed} interpreters made, used and closed: {used:.1f} KiB left behind by each, {bare:.1f} by bare ones"
        print(f"{told}   [{time.monotonic() - begun:.0f} s]", flush=True)
        if used - bare > MOST_KIB_EACH and not chosen.unmeasured:
            raise SystemExit("interpreters leave memory behind")
    finally:
        server.stdin.close()
        server.wait(10)


if __name__ == "__main__":
    main()
