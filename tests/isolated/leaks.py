"""Many requests with injected faults: no descriptor is left, and memory does not grow.

    python -m tests.isolated.leaks [--requests 20000] [--connections-over-tls 4000] [--seed 1]

Each request goes over a socketpair on which the answer waits already, whole or with a fault: cut, malformed, too
large, followed by bytes that nobody asked for; it is read in one of many ways, or not to its end, or dropped. After a
warming up, the number of objects, the blocks that Python has allocated, the resident memory and the descriptors of
the process are compared with what they are at the end. Then the same over TLS: see ``leaks_over_tls``.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import random
import socket
import struct
import sys
import time
from collections import Counter

import httpconn
from httpconn import _backends

from ..cases import all_cases
from . import leaks_over_tls
from .measuring import Measure

MOST_BYTES = 30_000
"""What a socketpair holds without anybody reading."""
NOBODY = 1
"""A port where nobody listens, for requests that would be sent on a fresh connection."""
WARM_UP = 0.2
MOST_BLOCKS = 400
MOST_OBJECTS = 200
MOST_MIB = 12.0


def faulty(rng: random.Random, wire: bytes) -> tuple[bytes, str]:
    """Return *wire* with a fault, and what the server does behind it."""
    end = rng.choice(("closes", "closes", "resets", "waits"))
    kind = rng.randrange(6)
    if kind == 0:
        return wire, end
    if kind == 1:
        return wire[: rng.randrange(len(wire) + 1)], end if end != "waits" else "closes"
    if kind == 2:
        at = rng.randrange(len(wire) + 1)
        return wire[:at] + rng.choice((b"\0", b"\n", b"\r\n", b":", b"x" * 300, b"\xff")) + wire[at:], end
    if kind == 3:
        return wire + b"HTTP/1.1 408 Request Timeout\r\n\r\n", end
    if kind == 4:
        return b"HTTP/1.1 100 Continue\r\n\r\n" * rng.randrange(4) + wire, end
    return wire, end


def read(rng: random.Random, response: httpconn.HTTPResponse) -> None:
    way = rng.randrange(10)
    if way <= 2:
        response.read()
    elif way == 3:
        while response.read(rng.randrange(1, 500)):
            pass
    elif way == 4:
        held = bytearray(200)
        while response.readinto(held):
            pass
    elif way == 5:
        for _ in response:
            pass
    elif way == 6:
        response.peek()
        response.read1()
    elif way == 7 and response.fp is not None:
        response.fp.read(5)
        response.read()
    elif way == 8:
        response.read(3)
        response.close()
    # 9: not at all
    if rng.random() < 0.2:
        response.headers, response.trailers, response.defects, repr(response)  # made late
    if rng.random() < 0.05:
        response.cycle = response  # type: ignore[attr-defined]  # for the cycle collector


def one_request(rng: random.Random, wires: list[tuple[bytes, str]], errors: Counter[str]) -> None:
    wire, method = rng.choice(wires)
    wire, end = faulty(rng, wire)
    client, server = socket.socketpair()
    with server:
        client.settimeout(0.0005 if end == "waits" else 2)
        connection = httpconn.HTTPConnection("127.0.0.1", NOBODY, strict=rng.random() < 0.3)
        connection.sock = client
        try:
            connection.request(method, "/", headers={"A": "b"} if rng.random() < 0.5 else {})
            if rng.random() < 0.02:
                connection.close()
            server.sendall(wire)
            if end == "closes":
                server.shutdown(socket.SHUT_WR)
            elif end == "resets":
                server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                server.close()
            read(rng, connection.getresponse())
            if rng.random() < 0.3:
                connection.request("GET", "/again")
        except (OSError, ValueError, http.client.HTTPException) as error:
            errors[type(error).__name__] += 1
        finally:
            if rng.random() < 0.8:
                connection.close()
    # Else the collector closes it, as in programs that forget.
    del connection
    client.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.isolated.leaks")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--connections-over-tls", type=int, help="a fifth of the requests, where it is not said")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if not chosen.requests:
        leaks_over_tls.main(chosen.connections_over_tls, chosen.seed)
        return
    import warnings

    warnings.simplefilter("ignore", ResourceWarning)  # connections are dropped here on purpose
    rng = random.Random(chosen.seed)
    wires = [(case.wire, case.method) for case in all_cases() if len(case.wire) <= MOST_BYTES]
    backends = [_backends.get(name) for name in _backends.available()]
    errors: Counter[str] = Counter()
    begun = time.monotonic()
    before = None
    step = max(1, chosen.requests // 20)
    with contextlib.redirect_stdout(sys.stderr):
        for number in range(chosen.requests):
            if number == int(chosen.requests * WARM_UP):
                before = Measure()
            if number % step == 0:
                _backends.selected = backends[number // step % len(backends)]
            one_request(rng, wires, errors)
    after = Measure()
    assert before is not None
    grown = {
        "descriptors": (after.descriptors - before.descriptors, 0),
        "objects": (after.objects - before.objects, MOST_OBJECTS),
        "allocated blocks": (after.blocks - before.blocks, MOST_BLOCKS),
        "MiB resident": (round(after.mib - before.mib, 1), MOST_MIB),
    }
    print(
        f"{chosen.requests:,} requests in {time.monotonic() - begun:.0f} s, {sum(errors.values()):,} of them with an error:"
    )
    print("  " + ", ".join(f"{name} {count:,}" for name, count in errors.most_common()))
    print("  grown: " + ", ".join(f"{what} {count:+}" for what, (count, _) in grown.items()))
    leaked = [f"{what} {count:+} (at most {most})" for what, (count, most) in grown.items() if count > most]
    if leaked:
        raise SystemExit(f"LEAKED: {', '.join(leaked)}")
    kinds = {
        "IncompleteRead",
        "RemoteDisconnected",
        "ConnectionResetError",
        "TimeoutError",
        "BadStatusLine",
        "MalformedHead",
    }
    if chosen.requests >= 5000 and not kinds <= set(errors):
        raise SystemExit(f"the faults were too kind: {sorted(kinds - set(errors))} never happened")
    count = chosen.connections_over_tls
    leaks_over_tls.main(chosen.requests // 5 if count is None else count, chosen.seed)


if __name__ == "__main__":
    main()
