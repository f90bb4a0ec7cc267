"""The page about ``httpconn fetch``: its session, its program, its tables."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from httpconn import writers
from httpconn._cli.arguments import parser
from httpconn.writers.columns import COLUMNS

from ..support.faulty import Exchange
from ..support.pages import ROOT
from ..support.sites import PAGE, Site, redirect

PAGE_PATH = ROOT / "docs" / "from-urls-to-files.md"
pytestmark = pytest.mark.skipif(not PAGE_PATH.exists(), reason="needs a checkout")


class Failing(Site):
    """Closes the connection where it is asked for something below /fail/."""

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target.startswith("/fail/"):
            exchange.reset()
        else:
            await super().answer(exchange)


@pytest.fixture
def site() -> Iterator[Site]:
    with Failing({"/p/1": PAGE, "/moved": redirect(302, "/p/1")}) as site:
        yield site


def text() -> str:
    return PAGE_PATH.read_text(encoding="utf-8")


def settled(told: str) -> str:
    """Return output without what differs from run to run."""
    return re.sub(r"in [\d.]+ s \([\d,]+/s\), [\d.]+ \w+", "in some time", told).replace(
        "ConnectionResetError", "RemoteDisconnected"
    )


def test_the_session(site: Site, tmp_path: Path) -> None:
    [session] = re.findall(r"```console\n(.*?)```", text(), re.DOTALL)
    steps = re.findall(
        r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session.replace("localhost:8000", f"127.0.0.1:{site.port}"), re.MULTILINE
    )
    code = None
    for command, wanted in steps:
        name, *arguments = shlex.split(command)
        if name == "cat":
            (tmp_path / arguments[0]).write_text(wanted)
        elif name == "echo":
            assert wanted == f"{code}\n"
        else:
            assert name == "httpconn"
            ended = subprocess.run(
                [sys.executable, "-m", name, *arguments],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            code = ended.returncode
            # Started by -m, it has another name.
            assert settled(ended.stderr.replace("python -m httpconn", "httpconn")) == settled(wanted)
    assert len(steps) == 5


def test_the_program(tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", text(), re.DOTALL)
    with Site({f"/page-{number}.html": PAGE for number in range(40)}) as site:
        program = program.replace("localhost:8000", f"127.0.0.1:{site.port}")
        ended = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )
    assert ended.stdout == "40 records\n"


def test_each_name_is_on_the_page() -> None:
    page = text()
    for name in (
        *COLUMNS,
        "content",
        "content_base64",
        "file",
        *(suffix for suffix in writers.SUFFIXES if suffix != ".ndjson"),
    ):
        assert f"`{name}`" in page or f"pages{name}`" in page, name
    options = set(re.findall(r"`(--[a-z-]+)", page))
    known = {option for action in parser("httpconn", "")._actions for option in action.option_strings}
    assert options <= known
