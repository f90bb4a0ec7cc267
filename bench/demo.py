"""The demo: the same responses through http.client and through httpconn on each parser, compared and timed.

    python -m bench.demo [--quick] [--server embedded|nginx] [--url URL]

Each client is a process of its own (demo_client.py) with one keep-alive connection. They take turns, so that
a noisy moment of the machine hits all alike. Every response must agree with http.client's in status, reason,
fields and bytes: one that does not ends the demo with exit code 1. With --url it is 20 requests in all.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import time
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from bench import nginx, server
from bench.child import ChildError, on_core
from bench.demo_worker import REFERENCE, Worker, available_backends, workers
from bench.progress import Progress

# (path, what it is, requests a round)
WORKLOADS = (
    ("/small", "2 bytes, few fields", 200),
    ("/10k", "10 KiB, 20 fields", 100),
    ("/10k-chunked", "10 KiB in chunks", 100),
)
ROUNDS = 9
WARM_UP_REQUESTS = 20
POLITE_REQUESTS = 20
POLITE_PAUSE_S = 0.2

# client -> wall and CPU seconds per request, a pair for each round
Timings = dict[str, list[tuple[float, float]]]


# ---------------------------------------------------------------- our own server: as fast as it goes


def against_own_server(kind: str, quick: bool, backends: list[str]) -> None:
    """Time and verify every workload against the embedded server or nginx."""
    rounds, share = (3, 4) if quick else (ROUNDS, 1)
    names = [REFERENCE, *backends]
    total = len(names) * rounds * sum(count // share for _, _, count in WORKLOADS)
    progress = Progress(total, "responses compared")
    with contextlib.ExitStack() as stack:
        with on_core(0):
            here = stack.enter_context(nginx.running() if kind == "nginx" else server.running())
        with on_core(-1):
            clients = stack.enter_context(workers(names, here.url()))
        tables: dict[str, Timings] = {}
        for path, what, count in WORKLOADS:
            tables[f"{path}: {what}"] = run_rounds(clients, path, count // share, rounds, progress)
        progress.end()
    for title, timings in tables.items():
        print_table(title, timings)
    print(f"\n{total:,} responses ({kind} server, loopback) agree in status, reason, fields and bytes.")


def run_rounds(clients: list[Worker], path: str, count: int, rounds: int, progress: Progress) -> Timings:
    """Time `rounds` rounds of `count` requests through each client, verifying every response."""
    reference, *others = clients
    timings: Timings = {client.label: [] for client in clients}
    for client in clients:
        client.ask(fetch=path, count=WARM_UP_REQUESTS, distinct=True)
    for number in range(rounds):
        expected: list[str] = []
        turn = number % len(others)  # so that nobody always follows the same neighbour
        for client in [reference, *others[turn:], *others[:turn]]:
            answer = client.ask(fetch=path, count=count, distinct=True)
            expected = expected or answer["digests"]
            if answer["digests"] != expected:
                raise ChildError(explain(path, reference, client, expected, answer["digests"]))
            timings[client.label].append((answer["wall_s"] / count, answer["cpu_s"] / count))
            progress.step(count, f"{path}, round {number + 1} of {rounds}, {client.label}")
    return timings


def explain(path: str, reference: Worker, other: Worker, expected: list[str], got: list[str]) -> str:
    """Where two clients disagree first."""
    number = next(n for n, (one, two) in enumerate(zip(expected, got, strict=True)) if one != two)
    wanted, found = flatten(reference.ask(show=number)), flatten(other.ask(show=number))
    lines = [f"{other.label} and {reference.label} disagree on response {number} of GET {path}:"]
    for part in sorted(wanted.keys() | found.keys()):
        if wanted.get(part) != found.get(part):
            lines += [f"  {part}: {found.get(part)!r}", f"  instead of {wanted.get(part)!r}"]
    return "\n".join(lines)


# ---------------------------------------------------------------- a server of the user's: politely


def against_url(url: str, backends: list[str]) -> None:
    """20 requests in all to the user's server, one at a time, with a pause after each."""
    where = urlsplit(url)
    if where.scheme not in ("http", "https") or not where.hostname:
        raise ChildError(f"not an http:// or https:// URL: {url!r}")
    target = (where.path or "/") + (f"?{where.query}" if where.query else "")
    names = [REFERENCE, *backends]
    turns = POLITE_REQUESTS // len(names)
    progress = Progress(turns * len(names), "responses compared")
    seen: dict[str, list[dict[str, Any]]] = {}
    timings: Timings = {}
    with workers(names, url) as clients:
        for number, client in itertools.product(range(turns), clients):
            answer = client.ask(fetch=target, count=1, distinct=False)
            timings.setdefault(client.label, []).append((answer["wall_s"], answer["cpu_s"]))
            seen.setdefault(client.label, []).append(client.ask(show=0))
            progress.step(1, f"{url}, turn {number + 1} of {turns}, {client.label}")
            time.sleep(POLITE_PAUSE_S)
        progress.end()
    first = seen[REFERENCE][0]
    print_table(f"{url}: {first['status']} {first['reason']}, {first['length']:,} bytes", timings)
    varying = compare(seen)
    print(f"\n{turns * len(names)} responses agree in status, reason, fields and bytes.")
    if varying:
        print(f"Not compared, because the server varies it by itself: {', '.join(varying)}.")


def compare(seen: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The parts that the server varies from one answer to the next. Raises ChildError at any other difference.

    What differs among http.client's own answers says nothing about the others'.
    """
    flat = {label: [flatten(response) for response in responses] for label, responses in seen.items()}
    reference = flat.pop(REFERENCE)
    wanted = {part: {response.get(part) for response in reference} for part in set().union(*reference)}
    varying = sorted(part for part, values in wanted.items() if len(values) > 1)
    for label, responses in flat.items():
        for response in responses:
            for part in sorted(wanted.keys() | response.keys()):
                allowed, found = wanted.get(part, {None}), response.get(part)
                if part not in varying and found not in allowed:
                    [instead] = allowed
                    raise ChildError(f"{label} has another {part}:\n  {found!r}\n  instead of {instead!r}")
    return varying


def flatten(response: dict[str, Any]) -> dict[str, Any]:
    """A described response with each field as a part of its own; `field names` keeps their order."""
    flat = {part: value for part, value in response.items() if part != "fields"}
    flat["field names"] = tuple(name for name, _ in response["fields"])
    for name, value in response["fields"]:
        flat[f"field {name}"] = (*flat.get(f"field {name}", ()), value)
    return flat


# ---------------------------------------------------------------- what the user sees


def print_table(title: str, timings: Timings) -> None:
    """Medians over the rounds; the ratio is of client CPU, which the server's speed does not blur."""
    print(f"\n{title}")
    print(f"  {'':<24}{'requests/s':>12}{'client CPU per request':>26}{'of http.client':>17}")
    base = median(cpu_s for _, cpu_s in timings[REFERENCE])
    for label, rounds in timings.items():
        wall_s, cpu_s = median(wall for wall, _ in rounds), median(cpu for _, cpu in rounds)
        print(f"  {label:<24}{1 / wall_s:>12,.0f}{cpu_s * 1e6:>23,.1f} us{cpu_s / base:>16.2f}x")


def main() -> None:
    """Read the command line, run, and say plainly how it ended."""
    arguments = argparse.ArgumentParser(prog="python -m bench.demo", description="Compare and time parsers.")
    arguments.add_argument("--quick", action="store_true", help="a thousand responses, for CI")
    arguments.add_argument("--server", choices=("embedded", "nginx"), default="embedded")
    arguments.add_argument("--url", help=f"a server of yours instead: {POLITE_REQUESTS} requests in all")
    options = arguments.parse_args()
    try:
        about, backends = available_backends()
        print(f"Python {sys.version.split()[0]}, {about}; parsers: {', '.join(backends)}", flush=True)
        if options.url:
            against_url(options.url, backends)
        else:
            against_own_server(options.server, options.quick, backends)
    except (ChildError, RuntimeError) as error:
        sys.exit(f"\ndemo: FAILED: {error}")
    except KeyboardInterrupt:
        sys.exit("\ndemo: interrupted")


if __name__ == "__main__":
    main()
