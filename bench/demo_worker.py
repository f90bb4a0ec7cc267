"""The parent's side of demo_client.py: client processes, asked one at a time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CLIENT = Path(__file__).with_name("demo_client.py")
REFERENCE = "http.client"


class DemoError(Exception):
    """The demo cannot go on, or has found a disagreement; the message is for the user."""


class Worker:
    """A client process: orders in, answers out."""

    def __init__(self, name: str, url: str, cafile: str | None) -> None:
        self.label = name if name == REFERENCE else f"httpconn ({name})"
        command = [sys.executable, "-P", str(CLIENT), name, url, *([cafile] if cafile else [])]
        pipe = subprocess.PIPE
        environment = environment_for(name)
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)

    def ask(self, **order: Any) -> dict[str, Any]:
        """The answer to one order. Raises DemoError where the client failed."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(BrokenPipeError):  # it may have gone already, leaving word why
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "it ended without a word"}
        if "error" in answer:
            raise DemoError(f"{self.label} failed: {answer['error']}")
        return answer

    def stop(self) -> None:
        """End the process, by its own id."""
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()


@contextlib.contextmanager
def workers(names: list[str], url: str, cafile: str | None = None) -> Iterator[list[Worker]]:
    """A process for each client, all gone at the end of the block."""
    started = [Worker(name, url, cafile) for name in names]
    try:
        yield started
    finally:
        for worker in started:
            worker.stop()


def environment_for(name: str) -> dict[str, str]:
    """The environment in which httpconn chooses that backend."""
    environment = {**os.environ, "HTTPCONN_PARSER": name}
    if name == "python":
        environment["HTTPCONN_NO_EXTENSIONS"] = "1"  # as where there is no compiler: nothing compiled at all
    if name == REFERENCE:
        del environment["HTTPCONN_PARSER"]
    return environment


def available_backends() -> tuple[str, list[str]]:
    """A line about the installed httpconn, and its backends. Raises DemoError where there is none."""
    program = "import json, httpconn as h; print(json.dumps([h.__file__, h.backend(), list(h.backends())]))"
    command = [sys.executable, "-P", "-c", program]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise DemoError(f"httpconn cannot be imported:\n{asked.stderr.strip()}\n`make build` installs it.")
    path, default, backends = json.loads(asked.stdout)
    return f"httpconn from {Path(path).parent} (parser: {default})", backends


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
