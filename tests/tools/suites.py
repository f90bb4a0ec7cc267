"""The own tests of tools that stand on http.client, on it and with httpconn installed before anything else.

    make test-tools-suites   [ARGS="--only responses --keep FOLDER"]

Their sources come by pip, of the versions in ``versions/``. A test that passes with http.client has to pass with
httpconn, unless it is one of ``KNOWN``, which tells why. What is asked of a host beyond loopback fails at once, both ways.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import page
from .run import environment, pip
from .table import pinned

PLUGIN: Final = """
import os, sys
sys.path.insert(0, {child!r})
import probe
sys.path.remove({child!r})
sys.addaudithook(probe.stay_on_loopback)
if os.environ["UNDER"] == "httpconn":
    import httpconn
    httpconn.install()
"""


@dataclass(frozen=True, slots=True)
class Suite:
    package: str
    tests: tuple[str, ...]
    options: tuple[str, ...] = ()
    at_least: int = 1
    """How many have to pass with http.client for anything to be shown."""
    sources: str = ""
    """The folder that has the package itself, which is put aside: the installed one is tested."""


SUITES: Final = (
    Suite("vcrpy", ("tests/unit", "tests/integration"), ("-m", "not online"), 300, "vcr"),
    Suite("responses", ("responses/tests",), (), 180),
    Suite("mocket", ("tests",), (), 50, "mocket"),
    Suite("sentry-sdk", ("tests/integrations/stdlib", "tests/integrations/requests"), (), 30, "sentry_sdk"),
)

KNOWN: Final[dict[str, str]] = {
    "*::test_rotating_responses_with_requests": "urllib3's ResponseNotReady, for the second request to one address of mocket's; open",
}
"""Tests that may pass with http.client only, and why."""


def source_of(suite: Suite, version: str, python: str, folder: Path) -> Path:
    """Return the folder with the tests of *suite*."""
    wanted = [
        "-q",
        "download",
        "--no-deps",
        "--no-binary",
        suite.package,
        "-d",
        str(folder),
        f"{suite.package}=={version}",
    ]
    pip(python, *wanted)
    stem = f"{suite.package.replace('-', '_')}-{version}"
    with tarfile.open(folder / f"{stem}.tar.gz") as opened:
        opened.extractall(folder, filter="data")
    found = folder / stem
    if suite.sources:
        (found / suite.sources).rename(found / "unused")
    return found


def passed(suite: Suite, source: Path, under: str, python: str, plugins: Path) -> set[str]:
    """Return the names of the tests that pass."""
    report = plugins / f"{suite.package}-{under}.xml"
    command = [
        *(
            python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "under",
            "-p",
            "no:cacheprovider",
            "--timeout",
            "60",
            "-W",
            "ignore",
            "--tb",
            "line",
        ),
        *("-o", "addopts=", f"--junitxml={report}", *suite.options, *suite.tests),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HTTPCONN"))}
    trusted = subprocess.run(
        [python, "-m", "pytest_httpbin.certs"], capture_output=True, text=True, check=True, timeout=60
    )
    environment["REQUESTS_CA_BUNDLE"] = trusted.stdout.strip()  # as vcrpy's own way to run them has it
    environment |= {"UNDER": under, "PYTHONPATH": f"{plugins}{os.pathsep}.", "NO_PROXY": "*", "PYTHONHASHSEED": "0"}
    with Path(plugins, f"{suite.package}-{under}.log").open("w", encoding="utf-8") as log:
        subprocess.run(command, cwd=source, env=environment, timeout=1_800, check=False, stdout=log, stderr=log)
    cases = ElementTree.parse(report).iter("testcase")
    return {f"{case.get('classname')}::{case.get('name')}" for case in cases if not len(case)}


def reason(name: str) -> str:
    return next((why for pattern, why in KNOWN.items() if fnmatch.fnmatch(name, pattern)), "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=[suite.package for suite in SUITES])
    parser.add_argument("--keep", type=Path, help="a folder for the environment, which the next run finds there")
    told = parser.parse_args()
    found, unknown = [], 0
    with tempfile.TemporaryDirectory() as temporary:
        plugins = Path(temporary)
        child = str(Path(__file__).parent / "child")
        (plugins / "under.py").write_text(PLUGIN.format(child=child), encoding="utf-8")
        python = environment("suites", sys.executable, (told.keep or plugins).resolve())
        for suite in SUITES:
            if told.only and suite.package not in told.only:
                continue
            version = pinned("suites")[suite.package]
            source = source_of(suite, version, python, plugins)
            theirs, ours = (passed(suite, source, under, python, plugins) for under in ("http.client", "httpconn"))
            if len(theirs) < suite.at_least:
                log = (plugins / f"{suite.package}-http.client.log").read_text(encoding="utf-8")
                raise RuntimeError(f"{suite.package}: only {len(theirs)} pass with http.client\n{log[-3_000:]}")
            print(
                f"{suite.package} {version}: {len(theirs)} pass with http.client, {len(theirs & ours)} of them with httpconn"
            )
            gaps = {name: reason(name) for name in sorted(theirs - ours)}
            for name, why in gaps.items():
                unknown += not why
                print(f"  {name}: {why or 'UNKNOWN'}", flush=True)
            row = {"suite": suite.package, "version": version, "python": ".".join(map(str, sys.version_info[:2]))}
            found.append({**row, "passed": len(theirs), "ours": len(theirs & ours), "gaps": gaps})
    if not told.only and not unknown:
        page.save({**page.load(), "suites": found})
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
