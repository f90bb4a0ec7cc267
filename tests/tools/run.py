"""Run every program of ``programs/`` three ways, and write what came out to docs/tools.json and docs/tools.md.

    make test-tools   [ARGS="--only vcrpy docker --python python3.13 --keep FOLDER"]

The tools are installed in environments of their own, which go away afterwards unless a folder is kept; with ``--only``
nothing is written. It fails where a value is not http.client's and ``table.py`` has no reason for it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version as _version
from pathlib import Path
from typing import Any

from ..support.pages import ROOT
from . import compare, page
from .table import PROGRAMS, TOOLS, VERSIONS, pinned


def pip(python: str | Path, *arguments: str) -> None:
    """Run this process's pip for *python*: the environments have none of their own, which would take a while to make."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, timeout=1_800)


def wheel_for(python: str, folder: Path) -> Path:
    """Return a wheel of httpconn: the one that this environment was made with, or one that *python* builds."""
    if python == sys.executable:
        return next(Path(sys.prefix, "wheel").glob("*.whl"))
    wheels = folder / "wheel"
    if not list(wheels.glob("*.whl")):
        source = folder / "source"
        hidden = shutil.ignore_patterns(".*", "build", "*.egg-info", "*.so", "docs", "tests", "bench")
        shutil.copytree(ROOT, source, ignore=hidden, dirs_exist_ok=True)
        pip(python, "-q", "wheel", "--no-deps", "-w", str(wheels), str(source))
    return next(wheels.glob("*.whl"))


def environment(name: str, python: str, folder: Path) -> str:
    """Return the Python of an environment with the packages of that *name*; made in *folder* where it is not there yet."""
    place, versions = folder / name, VERSIONS / f"{name}.txt"
    wanted = versions.read_text(encoding="utf-8")
    there = str(place / "bin" / "python")
    if not (place / "wanted").exists() or (place / "wanted").read_text(encoding="utf-8") != wanted:
        print(f"installing {name}", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", "--without-pip", str(place)], check=True, timeout=300)
        # the file has all that they need, so that pip need not find out (which takes it many minutes)
        pip(there, "-q", "install", "--no-deps", "--prefer-binary", "-r", str(versions))
        (place / "wanted").write_text(wanted, encoding="utf-8")
    pip(there, "-q", "install", "--force-reinstall", "--no-deps", str(wheel_for(python, folder)))
    return there


def rows(python: str, folder: Path, only: list[str]) -> list[dict[str, Any]]:
    """Return what came out for each tool, in the order of the table."""
    made: dict[str, str] = {}
    found = []
    for tool in TOOLS:
        if only and tool.program not in only:
            continue
        if tool.environment not in made:
            made[tool.environment] = environment(tool.environment, python, folder)
        [row] = compare.rows([PROGRAMS / f"{tool.program}.py"], python=made[tool.environment])
        row["versions"] = {package: pinned(tool.environment)[package] for package in tool.packages}
        for way in ("first", "after"):  # of the warning the page needs this much; the modules are in "early"
            row[way]["told"] = "put there by a tool" if "put there by a tool" in row[way]["told"] else ""
        found.append(row)
        print(f"{tool.program:20} first: {page.cell(row['first'])};  after: {page.cell(row['after'])}", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], choices=[tool.program for tool in TOOLS])
    parser.add_argument("--python", nargs="*", default=[sys.executable], help="one or more; this one without it")
    parser.add_argument("--keep", type=Path, help="a folder for the environments, which the next run finds there")
    told = parser.parse_args()
    results = page.load()
    unexplained = []
    with tempfile.TemporaryDirectory() as temporary:
        for python in told.python:
            number = subprocess.run(
                [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            folder = (told.keep or Path(temporary)) / number
            folder.mkdir(parents=True, exist_ok=True)
            results["rows"][number] = rows(python, folder.resolve(), told.only)
            unexplained += [f"Python {number}: {line}" for line in page.unexplained(results["rows"][number])]
    print(*unexplained, sep="\n")
    if not told.only:
        results["httpconn"] = _version("httpconn")
        page.save(results)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
