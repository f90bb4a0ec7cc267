"""Other Python processes: what they print, and that they run the same httpconn as this one."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpconn

_HERE_IS_HTTPCONN = f"""\
import httpconn
assert httpconn.__file__ == {httpconn.__file__!r}, httpconn.__file__
"""


def environment(changes: Mapping[str, str | None] = {}) -> dict[str, str]:
    """Return this process's environment with *changes* (None removes), for a child in whatever directory."""
    present = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    paths = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    # Where a checkout is tested and not an installed package. (Site-packages may not go in front: some projects
    # have left a "test" there.)
    home = os.path.dirname(os.path.dirname(os.path.abspath(httpconn.__file__)))
    if home not in (*paths, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths.append(home)
    if paths:
        present["PYTHONPATH"] = os.pathsep.join(paths)
    for name, value in changes.items():
        present.pop(name, None)
        if value is not None:
            present[name] = value
    return present


def run(
    arguments: Sequence[str],
    directory: Path,
    *,
    options: Sequence[str] = (),
    timeout_s: float = 60,
    changes: Mapping[str, str | None] = {},
) -> subprocess.CompletedProcess[str]:
    """Return how ``python [options] arguments...`` ended, run in *directory*."""
    return subprocess.run(
        [sys.executable, *options, *arguments],
        cwd=directory,
        env=environment(changes),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def output_of(source: str, directory: Path, *arguments: str) -> str:
    """Return what *source* prints, run as a program with warnings as errors; it must end well and say nothing else."""
    ended = run(["-c", source, *arguments], directory, options=["-X", "dev", "-W", "error"])
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert not ended.stderr, ended.stderr
    return ended.stdout


def output_on_httpconn(source: str, directory: Path, *arguments: str) -> str:
    """As ``output_of``, for a program in whose process httpconn has been installed first."""
    return output_of(_HERE_IS_HTTPCONN + "httpconn.install()\n" + source, directory, *arguments)
