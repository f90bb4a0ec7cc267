"""What pool and fetcher are tested for, an AsyncClient is too: each module of their cases runs it, or says why not."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
MAKES = re.compile(r"\b(ConnectionPool|Fetcher|fetch_many)\(")
RUNS = re.compile(
    r"\b(AsyncClient|Awaiting|AwaitedMany|KINDS|each_kind|either_fetch_many)\b|\bclient as client\b|[\"']async[\"']"
)
WITHOUT = {
    "engine/test_dropped.py": "a client has an event loop to be taken out of: its own are in test_async_client.py",
    "engine/test_interpreters.py": "what an interpreter imports, whoever fetches there",
    "engine/test_pool.py": "threads that wait for places; a client's row is in test_async_client.py",
}
"""Modules without a run of the client, and why."""


def modules_without() -> set[str]:
    """Return the modules that make a pool or a fetcher, and no client by any of the ways of tests/support."""
    found = set()
    for room in ("engine", "exchange"):
        for path in (TESTS / room).glob("test_*.py"):
            text = path.read_text(encoding="utf-8")
            if MAKES.search(text) and not RUNS.search(text):
                found.add(f"{room}/{path.name}")
    return found


def test_each_module_runs_the_client_too() -> None:
    assert modules_without() == {*WITHOUT}
