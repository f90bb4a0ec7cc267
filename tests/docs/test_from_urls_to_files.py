"""The page about ``httpconn fetch``: its session, its program, its tables."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from httpconn import fetch_many, writers
from httpconn._cli.arguments import parser
from httpconn.writers.columns import COLUMNS

from ..support.faulty import Exchange
from ..support.pages import ROOT
from ..support.programs import run_program
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


def test_the_programs(tmp_path: Path) -> None:
    """The first one, and the others where it was stopped: they ask for the rest only."""
    first, *others, _ = re.findall(r"```python\n(.*?)```", text(), re.DOTALL)
    with Site({f"/page-{number}.html": PAGE for number in range(40)}) as site:
        at = ("localhost:8000", f"127.0.0.1:{site.port}")
        assert run_program(first.replace(*at), tmp_path).stdout == "40 records\n"
        assert len(site.heads) == 40
        if importlib.util.find_spec("tqdm") is None:
            pytest.skip("tqdm is not installed here")
        file = tmp_path / "pages.jsonl.gz"
        urls = [site.url(f"/page-{number}.html") for number in range(40)]
        assert ["async def" in other for other in others] == [False, True]
        for other in others:
            file.unlink()
            with writers.open(file) as out:
                for place in range(5, 40, 3):
                    [response] = fetch_many([urls[place]])
                    out.write(response, place)
            asked = len(site.heads)
            assert run_program(other.replace(*at), tmp_path).stdout == "40 records\n"
            assert len(site.heads) - asked == 40 - len(range(5, 40, 3))
            records = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
            assert {record["index"]: record["url"] for record in records} == dict(enumerate(urls))


def test_the_crawl(tmp_path: Path) -> None:
    """It goes on with the pages that have no record, and with what was found on them before."""
    pytest.importorskip("protego")
    *_, crawl = re.findall(r"```python\n(.*?)```", text(), re.DOTALL)
    html = {"Content-Type": "text/html"}
    pages = {f"/{number}": (200, html, f'<a href="/{number + 1}">&</a><a href=/>'.encode()) for number in range(6)}
    with Site({"/": (200, html, b'<a href="0#top"><a href="mailto:me">'), **pages}) as site:
        crawl = crawl.replace("localhost:8000", f"127.0.0.1:{site.port}")
        assert run_program(crawl, tmp_path).stdout == "8 records\n"
        assert run_program(crawl, tmp_path).stdout == "8 records\n"
        assert site.paths() == ["/robots.txt", "/", *(f"/{number}" for number in range(7))]
        file = tmp_path / "crawl.jsonl.gz"
        lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
        file.write_bytes(gzip.compress(b"".join(lines[:3])) + gzip.compress(lines[3])[:20])  # as a kill may leave it
        assert run_program(crawl, tmp_path).stdout == "8 records\n"
        assert sorted(site.paths()[9:]) == ["/2", "/3", "/4", "/5", "/6", "/robots.txt"]
        records = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
        assert [record["index"] for record in records] == [*range(8)]


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
