"""A row measured: each client in a process of its own, verified first, then timed in rounds that take turns."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import calls, rivals, tracing
from bench.child import Child, ChildError, on_core
from bench.progress import Progress
from bench.rivals import RAW
from bench.rows import WITH_TIMEOUT, Row
from bench.servers import CLIENT_CORE, Servers

WORK: Final = Path(__file__).with_name("work.py")
_WARM_UP_SHARE: Final = 10
_TRACED_COUNT: Final = 200
_COUNTED_SHARE: Final = 2
_US: Final = 1e6
_MIB: Final = 1 << 20


class Bench:
    """What all rows share: servers, progress, how much is done, and the library that counts calls."""

    def __init__(self, servers: Servers, progress: Progress, rounds: int, share: int, folder: Path) -> None:
        self.servers, self.progress, self.rounds, self.share = servers, progress, rounds, share
        self._folder = folder
        self._library = calls.build_library(folder)
        self._strace = tracing.find_program()

    def measure(self, row: Row, title: str) -> dict[str, Any]:
        """The row's record for the results. Raises ChildError where clients disagree."""
        present = [client for client in row.clients if why_absent(client) is None]
        count = max(1, row.count // self.share) if not row.is_fresh else row.count
        seen: dict[str, dict[str, Any]] = {client: {"wall_us": [], "cpu_us": []} for client in present}
        if row.is_fresh:
            self._in_fresh_processes(row, title, count, seen)
        else:
            self._in_rounds(row, title, count, seen)
        if row.counts_calls:
            self._count_calls(row, title, count, seen)
        record = {"title": row.title, "count": count, "rounds": self.rounds, "clients": seen}
        record["absent"] = {client: why_absent(client) for client in row.clients if client not in present}
        if row.server:
            record["server"] = self.servers.kind(row.server)
        if row.moves_bytes:
            record["moves_bytes"] = row.moves_bytes
        return record

    def steps(self, row: Row) -> int:
        """How many steps of the progress line the row is."""
        present = [client for client in row.clients if why_absent(client) is None]
        return len(present) * (self.rounds + (0 if row.is_fresh else 1) + (1 if row.counts_calls else 0))

    def _in_rounds(self, row: Row, title: str, count: int, seen: dict[str, dict[str, Any]]) -> None:
        with contextlib.ExitStack() as stack:
            children = {client: stack.enter_context(self._child(row, client)) for client in seen}
            agree(title, {client: child.ask(check=True)["check"] for client, child in children.items()})
            for client, child in children.items():
                child.ask(run=max(1, count // _WARM_UP_SHARE))
                self.progress.step(1, f"{title}: {client}, warming up")
            for number in range(self.rounds):
                done = {}
                # So that nobody always follows the same neighbour.
                turn = number % len(children)
                for client, child in [*list(children.items())[turn:], *list(children.items())[:turn]]:
                    answer = child.ask(run=count)
                    done[client] = answer["done"]
                    add_time(seen[client], answer, count)
                    self.progress.step(1, f"{title}: {client}, round {number + 1} of {self.rounds}")
                agree(title, {client: amount for client, amount in done.items() if client != RAW})
            for client, child in children.items():
                seen[client]["peak_mib"] = mebibytes(child.ask(memory=True)["peak_bytes"])

    def _in_fresh_processes(self, row: Row, title: str, count: int, seen: dict[str, dict[str, Any]]) -> None:
        for number in range(self.rounds):
            for client in seen:
                with self._child(row, client) as child:
                    answer = child.ask(run=count)
                    add_time(seen[client], answer, count)
                    for fact, value in answer["facts"].items():
                        seen[client].setdefault(fact, []).append(value)
                    seen[client]["peak_mib"] = mebibytes(child.ask(memory=True)["peak_bytes"])
                self.progress.step(1, f"{title}: {client}, round {number + 1} of {self.rounds}")

    def _count_calls(self, row: Row, title: str, count: int, seen: dict[str, dict[str, Any]]) -> None:
        for client, record in seen.items():
            if self._strace:
                record["calls"] = self._trace(row, client)
            if self._library:
                with self._child(row, client, library=self._library) as child:
                    child.ask(check=True)
                    number = max(1, count // _COUNTED_SHARE)
                    if counted := child.ask(count=number)["calls"]:
                        record["untraced"] = {name: amount / number for name, amount in counted.items()}
            self.progress.step(1, f"{title}: {client}, counting calls")

    def _trace(self, row: Row, client: str) -> dict[str, float]:
        assert self._strace
        log = self._folder / "trace"
        with self._child(row, client, prefix=tracing.command(self._strace, log)) as child:
            child.ask(check=True)
            child.ask(marked=_TRACED_COUNT)
            child.finish()
        try:
            counted = tracing.count_calls(log.read_text(errors="replace"))
        except (OSError, ValueError) as error:
            raise ChildError(f"{client} could not be traced: {error}") from error
        return {name: number / _TRACED_COUNT for name, number in sorted(counted.items())}

    @contextlib.contextmanager
    def _child(
        self, row: Row, client: str, prefix: list[str] | None = None, library: Path | None = None
    ) -> Iterator[Child]:
        name = client.removesuffix(WITH_TIMEOUT)
        arguments = row.arguments_for(client)
        if row.server:
            server = self.servers.get(row.server)
            arguments |= {"url": server.url("")}
            if server.cafile:
                arguments["cafile"] = server.cafile
        command = [*(prefix or []), sys.executable, "-P", str(WORK), row.job, name, json.dumps(arguments)]
        environment = rivals.environment_for(name)
        if library:
            environment = calls.environment_with(library, environment)
        with on_core(CLIENT_CORE):
            child = Child(client, command, environment)
        try:
            yield child
        finally:
            child.stop()


@contextlib.contextmanager
def bench(progress: Progress, rounds: int, share: int) -> Iterator[Bench]:
    """A bench with its servers and a folder for what it writes, both gone at the end."""
    with TemporaryDirectory(prefix="httpconn-bench-") as folder, Servers() as servers:
        yield Bench(servers, progress, rounds, share, Path(folder))


def why_absent(client: str) -> str | None:
    """Why one of a row's clients cannot be measured, or None."""
    return rivals.why_absent(client.removesuffix(WITH_TIMEOUT))


def agree(title: str, said: Mapping[str, Any]) -> None:
    """Raise ChildError unless all say the same. Who has nothing to compare says None."""
    comparable = {client: value for client, value in said.items() if value is not None}
    if not comparable:
        return
    first = next(iter(comparable))
    for client, value in comparable.items():
        if value != comparable[first]:
            raise ChildError(f"{title}: {client} and {first} disagree:\n  {value}\n  {comparable[first]}")


def add_time(record: dict[str, Any], answer: dict[str, Any], count: int) -> None:
    """A round's time, for each of the `count`, in microseconds."""
    record["wall_us"].append(answer["wall_s"] / count * _US)
    record["cpu_us"].append(answer["cpu_s"] / count * _US)


def mebibytes(size: int | None) -> float | None:
    """Bytes in MiB."""
    return None if size is None else size / _MIB
