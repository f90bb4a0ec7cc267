"""The parent's side of demo_client.py: client processes, asked one at a time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.child import Child, ChildError

CLIENT = Path(__file__).with_name("demo_client.py")
REFERENCE = "http.client"


class Worker(Child):
    """A client process of the demo."""

    def __init__(self, name: str, url: str, cafile: str | None) -> None:
        label = name if name == REFERENCE else f"httpconn ({name})"
        command = [sys.executable, "-P", str(CLIENT), name, url, *([cafile] if cafile else [])]
        super().__init__(label, command, environment_for(name))


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
    """A line about the installed httpconn, and its backends. Raises ChildError where there is none."""
    program = "import json, httpconn as h; print(json.dumps([h.__file__, h.backend(), list(h.backends())]))"
    command = [sys.executable, "-P", "-c", program]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise ChildError(f"httpconn cannot be imported:\n{asked.stderr.strip()}\n`make build` installs it.")
    path, default, backends = json.loads(asked.stdout)
    return f"httpconn from {Path(path).parent} (parser: {default})", backends
