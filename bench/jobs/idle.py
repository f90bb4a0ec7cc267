"""Kept connections on which nothing happens: what each holds on to."""

from __future__ import annotations

import gc
from typing import Any

from bench.clients import Client, make_client
from bench.jobs import Job
from bench.limits import raise_open_files
from bench.resident import resident_bytes


class Idle(Job):
    """`count` connections, each of which has fetched `path` once."""

    def __init__(self, client: str, url: str, path: str, cafile: str | None = None) -> None:
        super().__init__()
        raise_open_files()
        self._arguments: tuple[Any, ...] = (client, url, cafile)
        self._path = path
        self._kept: list[Client] = []
        # What the first connection of a process needs once is no connection's own.
        make_client(*self._arguments).describe(path)

    def run(self, count: int) -> int:
        gc.collect()
        before = resident_bytes()
        for _ in range(count):
            client = make_client(*self._arguments)
            client.describe(self._path)
            self._kept.append(client)
        gc.collect()
        after = resident_bytes()
        if before is not None and after is not None:
            self.facts = {"resident_mib": (after - before) / (1 << 20), "bytes_each": (after - before) / count}
        return count
