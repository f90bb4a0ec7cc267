"""Programs of the docs, each run as a user would run it: a file of its own, on the httpconn that is tested."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpconn

INSTALLED = Path(httpconn.__file__).parent.parent
"""Where the httpconn that is tested can be imported from."""


def run_program(
    program: str,
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    path: str = str(INSTALLED),
    warnings: str = "error",
) -> subprocess.CompletedProcess[str]:
    """Run *program* in *folder*, where it has to end well, and without a word of what its finalizers ran into.

    *path* is its PYTHONPATH, *warnings* what -W says.
    """
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", warnings, str(file)],
        cwd=folder,
        env={**(os.environ if environment is None else environment), "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^(Traceback|Exception |Task )|ResourceWarning", done.stderr, re.MULTILINE), done.stderr
    return done
