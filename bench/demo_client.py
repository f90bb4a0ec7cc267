"""One client of the demo, alone in its process: a parser is chosen once, when httpconn is imported.

    python -P bench/demo_client.py NAME URL [CAFILE]

NAME is `http.client`, or the httpconn backend that HTTPCONN_PARSER asks for as well. It is run as a file, and
imports nothing of the checkout, so that the httpconn under measurement is the installed one.

Orders come on standard input, answers go to standard output, each one line of JSON:

    {"fetch": "/path", "count": 200, "distinct": true} -> {"wall_s": ..., "cpu_s": ..., "digests": [...]}
    {"show": 17}                                       -> all of response 17 of the last fetch, for the eye

An answer {"error": ...} is the last one.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import ssl
import sys
import time
from typing import Any
from urllib.parse import urlsplit

FIELDS = {"User-Agent": "httpconn-demo", "Accept": "*/*"}
TIMEOUT_S = 30.0


class Client:
    """A connection of the module under measurement, and what its last fetch brought."""

    def __init__(self, name: str, url: str, cafile: str | None) -> None:
        module: Any = importlib.import_module("http.client" if name == "http.client" else "httpconn")
        if name != "http.client" and module.backend() != name:
            raise RuntimeError(f"asked for the {name} backend, got {module.backend()}")
        where = urlsplit(url)
        if where.scheme == "https":
            trust = {"context": ssl.create_default_context(cafile=cafile)}
            self._connection = module.HTTPSConnection(where.hostname, where.port, timeout=TIMEOUT_S, **trust)
        else:
            self._connection = module.HTTPConnection(where.hostname, where.port, timeout=TIMEOUT_S)
        self._fetched: list[tuple[Any, bytes]] = []

    def fetch(self, path: str, count: int, distinct: bool) -> dict[str, Any]:
        """Get `path` `count` times; the time it took, and a digest of each response.

        The responses are kept, and looked at when the clock has stopped: each one timed is also verified.
        """
        connection, fetched = self._connection, []
        targets = [f"{path}?{number}" if distinct else path for number in range(count)]
        self._fetched = []
        gc.collect()
        gc.disable()  # for every client alike, so that no client pays for what another keeps
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        for target in targets:
            connection.request("GET", target, headers=FIELDS)
            response = connection.getresponse()
            response.getheader("Content-Type")
            fetched.append((response, response.read()))
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        gc.enable()
        self._fetched = fetched
        digests = [digest(repr(describe(*one)).encode()) for one in fetched]
        return {"wall_s": wall_s, "cpu_s": cpu_s, "digests": digests}

    def show(self, number: int) -> dict[str, Any]:
        """Everything about one response of the last fetch."""
        return describe(*self._fetched[number])


def describe(response: Any, body: bytes) -> dict[str, Any]:
    """What has to be the same whoever reads it: all but the field Date, which moves by itself."""
    return {
        "version": response.version,
        "status": response.status,
        "reason": response.reason,
        "fields": [[name, value] for name, value in response.getheaders() if name.lower() != "date"],
        "length": len(body),
        "body": digest(body),
    }


def digest(data: bytes) -> str:
    """A short fingerprint of some bytes."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def main(name: str, url: str, cafile: str | None = None) -> None:
    """Carry out orders until there are no more."""
    try:
        client = Client(name, url, cafile)
        for line in sys.stdin:
            order = json.loads(line)
            if "show" in order:
                answer = client.show(order["show"])
            else:
                answer = client.fetch(order["fetch"], order["count"], order["distinct"])
            print(json.dumps(answer), flush=True)
    except Exception as error:  # whatever it is, the demo has to hear of it
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
