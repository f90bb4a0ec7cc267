"""What a client holds on to while it works: through one long response, and over very many requests."""

from __future__ import annotations

import gc
import sys
from typing import Any, Final

from bench.clients import HttpClient, make_client
from bench.jobs import Job
from bench.jobs.cycle import Cycle
from bench.resident import resident_bytes

_PART_BYTES: Final = 65536
_SAMPLES: Final = 10
_PATHS: Final = ("/small", "/10k", "/10k-chunked")


class Stream(Job):
    """One response read in parts; the facts are the resident bytes before and along the way."""

    def __init__(self, client: str, url: str, path: str, size: int, cafile: str | None = None) -> None:
        super().__init__()
        made = make_client(client, url, cafile)
        assert isinstance(made, HttpClient)
        made.describe("/10k")
        self._connection = made.connection
        self._path, self._size = path, size

    def run(self, count: int) -> int:
        self._connection.request("GET", self._path)
        response = self._connection.getresponse()
        response.read(_PART_BYTES)
        total, samples = _PART_BYTES, [resident_bytes()]
        while part := response.read(_PART_BYTES):
            total += len(part)
            if total * _SAMPLES // self._size >= len(samples):
                samples.append(resident_bytes())
        self.facts = {"resident_bytes": samples}
        return total


class Steady(Job):
    """`count` exchanges over socketpairs, of all kinds; the facts are memory and objects at each tenth."""

    def __init__(self, client: str) -> None:
        super().__init__()
        self._cycles = [Cycle(client, path, all_fields) for path in _PATHS for all_fields in (False, True)]
        for cycle in self._cycles:
            cycle.check()

    def run(self, count: int) -> int:
        share = max(1, count // (_SAMPLES * len(self._cycles)))
        samples: list[dict[str, Any]] = []
        gc.enable()  # as it is where programs run for long
        for _ in range(_SAMPLES):
            for cycle in self._cycles:
                cycle.run(share)
            gc.collect()
            samples.append(
                {
                    "resident_bytes": resident_bytes(),
                    "objects": len(gc.get_objects()),
                    "blocks": sys.getallocatedblocks(),
                }
            )
        self.facts = {"samples": samples}
        return share * _SAMPLES * len(self._cycles)
