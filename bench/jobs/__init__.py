"""What is measured, each job a class: carried out in a child, by bench/work.py.

For: what one row does, and how it is verified first.

Not for: which rows there are, and against whom (``bench/rows.py``).
"""

from __future__ import annotations

import hashlib
import importlib
import time
from collections.abc import Callable
from typing import Any


class Job:
    """Something that can be done `count` times, and verified beforehand."""

    cpu_clock: Callable[[], float] = staticmethod(time.process_time)

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        """What a run has found besides its time."""

    def check(self) -> Any:
        """Do it once; what must be the same whoever does it, None where there is nothing to compare."""
        return None

    def prepare(self, count: int) -> None:
        """Make ready what should not be timed."""

    def run(self, count: int) -> int:
        """Do it `count` times; a number that must be the same whoever does it, bytes say."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing more will be asked for."""


def make_job(name: str, client: str, arguments: dict[str, Any]) -> Job:
    """The job called `name`, "module.Class", for that client."""
    module, _, cls = name.partition(".")
    job: Job = getattr(importlib.import_module(f"bench.jobs.{module}"), cls)(client, **arguments)
    return job


def digest(value: object) -> str:
    """A short fingerprint of a value with a stable repr, bytes in particular."""
    data = value if isinstance(value, bytes) else repr(value).encode()
    return hashlib.blake2b(data, digest_size=8).hexdigest()
