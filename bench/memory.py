"""What httpconn holds in memory, held against its budgets: exit code 1 where one is missed.

    python -m bench.memory [--quick] [--client NAME ...]

- an idle kept connection: at most 8 KiB above its socket
- 10,000 idle plain connections: under 200 MiB in all, interpreter included
- a response of 1 GiB read in parts, sized and chunked: resident memory flat, +- 2 MiB
- 1,000,000 requests: resident memory and the numbers of objects and allocated blocks flat
- one fetcher with 1,000 proxies and a kept connection to each: at most 50 MiB, with TLS to the proxies too
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from bench import rivals
from bench.child import Child, ChildError, on_core
from bench.limits import raise_open_files
from bench.replies import MIB
from bench.rivals import CYTHON, PYTHON, RAW
from bench.rounds import WORK
from bench.servers import CLIENT_CORE, Servers

KIB: Final = 1024
IDLE_BUDGET_BYTES: Final = 8 * KIB
ALL_IDLE_BUDGET_BYTES: Final = 200 * MIB
FLAT_BYTES: Final = 2 * MIB
FLAT_OBJECTS: Final = 50
FLAT_BLOCKS: Final = 500
PROXIES_BUDGET_BYTES: Final = 50 * MIB
_PROXIES: Final = 1_000
_IDLE_CONNECTIONS: Final = 10_000
_GIB: Final = 1024 * MIB
_REQUESTS: Final = 1_000_000
_CHUNK_BYTES: Final = 64 * KIB
_QUICK_SHARE: Final = 10
_SPARE_FILES: Final = 100


class Checks:
    """What has been found so far."""

    def __init__(self) -> None:
        self.all_met = True

    def say(self, what: str, value: str, limit: str, is_met: bool) -> None:
        """One line, and whether it counts against us."""
        self.all_met &= is_met
        print(f"  {'ok' if is_met else 'MISSED':<8}{what:<62}{value:>18}   (at most {limit})", flush=True)


@contextlib.contextmanager
def child(job: str, client: str, arguments: dict[str, Any]) -> Iterator[Child]:
    """A child process for one job."""
    command = [sys.executable, "-P", str(WORK), job, client, json.dumps(arguments)]
    with on_core(CLIENT_CORE):
        process = Child(client, command, rivals.environment_for(client))
    try:
        yield process
    finally:
        process.stop()


def idle(checks: Checks, servers: Servers, clients: list[str], count: int) -> None:
    """Connections that wait, each after a response with 20 fields and 10 KiB."""
    count = min(count, raise_open_files() - _SPARE_FILES)
    server = servers.get("nginx")
    each: dict[str, float] = {}
    for client in (RAW, *clients):
        with child("idle.Idle", client, {"url": server.url(""), "path": "/10k"}) as process:
            each[client] = process.ask(run=count)["facts"]["bytes_each"]
            resident = process.ask(memory=True)["resident_bytes"]
        if client == RAW:
            continue
        above = each[client] - each[RAW]
        what = f"{client}: an idle connection above its socket"
        checks.say(what, f"{above / KIB:,.2f} KiB", f"{IDLE_BUDGET_BYTES // KIB} KiB", above <= IDLE_BUDGET_BYTES)
        what = f"{client}: {count:,} idle connections, the whole process"
        is_met = resident < ALL_IDLE_BUDGET_BYTES
        checks.say(what, f"{resident / MIB:,.1f} MiB", f"{ALL_IDLE_BUDGET_BYTES // MIB} MiB", is_met)


def streams(checks: Checks, servers: Servers, clients: list[str], size: int) -> None:
    """A large response in parts."""
    paths = {"sized": f"/large/{size}", "in chunks": f"/chunks/{size // _CHUNK_BYTES}/{_CHUNK_BYTES}"}
    for client in clients:
        for name, path in paths.items():
            arguments = {"url": servers.get("embedded").url(""), "path": path, "size": size}
            with child("held.Stream", client, arguments) as process:
                answer = process.ask(run=1)
            if answer["done"] != size:
                raise ChildError(f"{client}: {answer['done']:,} bytes came instead of {size:,}")
            samples = answer["facts"]["resident_bytes"]
            moved = max(samples) - min(samples)
            what = f"{client}: {size // MIB:,} MiB {name}, read in parts, memory moves"
            checks.say(what, f"{moved / MIB:,.2f} MiB", f"{FLAT_BYTES // MIB} MiB", moved <= FLAT_BYTES)


def steady(checks: Checks, clients: list[str], count: int) -> None:
    """Very many requests. The first tenth is for caches to fill, and what grows later is a leak."""
    for client in clients:
        with child("held.Steady", client, {}) as process:
            answer = process.ask(run=count)
        samples = answer["facts"]["samples"][1:]
        done = f"{client}: {answer['done']:,} requests"
        limits = {"resident_bytes": FLAT_BYTES, "objects": FLAT_OBJECTS, "blocks": FLAT_BLOCKS}
        for name, limit in limits.items():
            grown = samples[-1][name] - samples[0][name]
            checks.say(f"{done}, {name.replace('_', ' ')} grow by", f"{grown:,}", f"{limit:,}", grown <= limit)


def proxies(checks: Checks, servers: Servers, clients: list[str], count: int) -> None:
    """Keys and kept connections of one fetcher; not less of them when in a hurry, since it is quick."""
    if not servers.has_nginx:
        print("  left out: proxies, for which nginx stands in")
        return
    for kind in ("nginx", "nginx-tls"):
        server = servers.get(kind)
        for client in clients:
            arguments = {"url": server.url(""), "path": "/small", "cafile": server.cafile}
            with child("proxies.Proxies", client, arguments) as process:
                held = process.ask(run=count)["facts"]["resident_bytes"]
            what = f"{client}: {count:,} proxies in one fetcher{', over TLS' if 'tls' in kind else ''}"
            limit = f"{PROXIES_BUDGET_BYTES // MIB} MiB"
            checks.say(what, f"{held / MIB:,.1f} MiB", limit, held <= PROXIES_BUDGET_BYTES)


def main() -> None:
    """Read the command line, check, and say plainly how it ended."""
    arguments = argparse.ArgumentParser(prog="python -m bench.memory", description="Memory, against its budgets.")
    arguments.add_argument("--quick", action="store_true", help="a tenth of everything")
    arguments.add_argument("--client", nargs="+", default=[CYTHON, PYTHON], help="whom to check")
    options = arguments.parse_args()
    share = _QUICK_SHARE if options.quick else 1
    checks = Checks()
    raise_open_files()
    try:
        with Servers() as servers:
            idle(checks, servers, options.client, _IDLE_CONNECTIONS // share)
            proxies(checks, servers, options.client, _PROXIES)
            streams(checks, servers, options.client, _GIB // share // _CHUNK_BYTES * _CHUNK_BYTES)
        steady(checks, options.client, _REQUESTS // share)
    except (ChildError, RuntimeError) as error:
        sys.exit(f"\nmemory: FAILED: {error}")
    except KeyboardInterrupt:
        sys.exit("\nmemory: interrupted")
    sys.exit(0 if checks.all_met else 1)


if __name__ == "__main__":
    main()
