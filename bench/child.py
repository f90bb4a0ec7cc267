"""A child process that carries out orders, one at a time: each a line of JSON, and each answer another."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class ChildError(Exception):
    """A child failed, or what the children answered does not fit together; the message is for the user."""


class Child:
    """A process with a command line of its own: orders in, answers out."""

    def __init__(self, label: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.label = label
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)

    def ask(self, **order: Any) -> dict[str, Any]:
        """The answer to one order. Raises ChildError where the child failed."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(BrokenPipeError):  # it may have gone already, leaving word why
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "it ended without a word"}
        if "error" in answer:
            raise ChildError(f"{self.label} failed: {answer['error']}")
        return answer

    def stop(self) -> None:
        """End the process, by its own id."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def finish(self, timeout_s: float = 30.0) -> None:
        """Let the process end by itself, having no more orders; whoever traces it then writes all it knows."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout_s)


@contextlib.contextmanager
def on_core(number: int) -> Iterator[None]:
    """Processes started in this block stay on one core, where the system can do that and has two or more.

    Without it figures depend on whether client and server happen to share a core: up to half as much again.
    """
    if not hasattr(os, "sched_setaffinity") or len(cores := sorted(os.sched_getaffinity(0))) < 2:
        yield
        return
    os.sched_setaffinity(0, {cores[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
