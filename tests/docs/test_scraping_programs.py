"""The crawl and the resume program of docs/scraping.md, on a site that is not as nice as the one of the page."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import httpconn

from ..support.faulty import Exchange
from ..support.sites import PAGE, Reply, Site, redirect
from .test_scraping import PAGES, PROGRAMS

[CRAWL] = [program for title, program in PROGRAMS if title.startswith("A crawl")]
[RESUME] = [program for title, program in PROGRAMS if title.startswith("Ctrl-C")]
DEADLINE_S = 60


def begun(program: str, site: Site, folder: Path, **options: Any) -> subprocess.Popen[str]:
    (folder / "program.py").write_text(program.replace("localhost:8000", f"127.0.0.1:{site.port}"))
    return subprocess.Popen(
        [sys.executable, "-W", "error", "program.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(httpconn.__file__).parent.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(program: str, site: Site, folder: Path) -> str:
    with begun(program, site, folder) as child:
        told, errors = child.communicate(timeout=DEADLINE_S)
    assert child.returncode == 0, errors
    return told


def page(number: int) -> str:
    return f"/page-{number}.html"


ALL = {page(number) for number in range(PAGES)}


class Pages(Site):
    """Good pages, but for the routes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.silent = ""
        """What is not answered the first time."""

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target == self.silent:
            self.silent = ""
            await asyncio.sleep(DEADLINE_S)
        self.routes.setdefault(exchange.target, PAGE)
        await super().answer(exchange)

    def asked_since(self, count: int) -> list[str]:
        return sorted(target for target in self.seen[count:] if target in ALL)


def written(log: Path, site: Site) -> list[str]:
    """Return the paths that were asked for, as the file has them; every line of it is whole."""
    data = log.read_text()
    assert data.endswith("\n")
    origin = site.url("")
    return [json.loads(line)["asked"].removeprefix(origin) for line in data.splitlines()]


def first(status: int) -> Any:
    def route(earlier: int) -> Reply:
        return PAGE if earlier else (status, {}, b"not now")

    return route


def cut_once(earlier: int) -> Reply:
    return PAGE if earlier else (200, {"Transfer-Encoding": "nonsense"}, b"not to be read")


def test_what_is_done_and_what_is_asked_for_again(tmp_path: Path) -> None:
    """Redirects and a 404 are done, 503, 429 and errors are not; and what stands in the list twice is asked for once."""
    program = RESUME.replace("range(40)", "(*range(40), 7, 1)")
    assert program != RESUME
    later = [page(number) for number in (2, 3, 4)]
    routes = {page(1): redirect(302, "/moved"), page(5): (404, {}, b"none"), page(6): redirect(301, page(7))}
    routes |= dict(zip(later, (first(503), first(429), cut_once), strict=True))
    with Pages(routes) as site:
        run(program, site, tmp_path)
        log = tmp_path / "crawl.jsonl"
        assert sorted(written(log, site)) == sorted(ALL.difference(later))
        assert site.asked_since(0) == sorted([*ALL, page(7)]), "where a redirect leads is one more"
        for again in (sorted(later), []):
            count = len(site.seen)
            run(program, site, tmp_path)
            assert site.asked_since(count) == again
            assert sorted(written(log, site)) == sorted(ALL)
        records = {record["asked"]: record for record in map(json.loads, log.read_text().splitlines())}
        assert records[site.url(page(1))]["url"] == site.url("/moved")
        assert records[site.url(page(5))]["status"] == 404


def test_a_last_line_that_was_cut(tmp_path: Path) -> None:
    """Anywhere: it is not there, the ones in front of it are, and the next one does not stand behind its rest."""
    log = tmp_path / "crawl.jsonl"
    with Pages() as site:
        run(RESUME, site, tmp_path)
        whole = log.read_bytes()
        last = whole.splitlines(keepends=True)[-1]
        path = json.loads(last)["asked"].removeprefix(site.url(""))
        for data, again in [
            (whole[:-1], [path]),
            (whole[: -len(last) // 2], [path]),
            (whole[: 1 - len(last)], [path]),
            (whole[: -len(last)], [path]),
            (whole + b"\0\0\0\xff", []),
            (whole, []),
        ]:
            log.write_bytes(data)
            count = len(site.seen)
            run(RESUME, site, tmp_path)
            assert site.asked_since(count) == again
            assert sorted(written(log, site)) == sorted(ALL)


@pytest.mark.parametrize("room", [700, 1234])
def test_a_write_that_is_cut(tmp_path: Path, room: int) -> None:
    """In truth: the file may become no larger than that."""
    log = tmp_path / "crawl.jsonl"
    with Pages() as site:
        limit = resource.RLIMIT_FSIZE
        with begun(RESUME, site, tmp_path, preexec_fn=lambda: resource.setrlimit(limit, (room, room))) as child:
            _, errors = child.communicate(timeout=DEADLINE_S)
        assert child.returncode == 1
        assert "File too large" in errors
        data = log.read_bytes()
        assert (len(data), data[-1:] == b"\n") == (room, False)
        count = len(site.seen)
        run(RESUME, site, tmp_path)
        assert len(site.asked_since(count)) == PAGES - data.count(b"\n")
        assert sorted(written(log, site)) == sorted(ALL)


def test_killed_while_it_waits(tmp_path: Path) -> None:
    log = tmp_path / "crawl.jsonl"
    with Pages() as site:
        site.silent = page(39)
        with begun(RESUME, site, tmp_path) as child:
            until = time.monotonic() + DEADLINE_S
            while not (log.exists() and log.read_bytes().count(b"\n") == PAGES - 1):
                assert child.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
            child.kill()
        count = len(site.seen)
        run(RESUME, site, tmp_path)
        assert site.asked_since(count) == [page(39)]
        assert sorted(written(log, site)) == sorted(ALL)


LINKS = [
    ("?", "/x/index.html?"),
    ("?page=2#top", "/x/index.html?page=2"),
    ("#top", None),
    ("", None),
    ("  deep/../a b.html\n", "/x/a%20b.html"),
    ("10:30.html", "/x/10:30.html"),
    ("/x//y/", "/x//y/"),
    ("\\x\\backslash", "/x/backslash"),
    ("/x/%2e%2e/up", "/up"),
    ("http:here", "/x/here"),
    ("/caf\u00e9?\u00e9", "/caf%C3%A9?%C3%A9"),
    ("x?a=1&amp;b=2", "/x/x?a=1&b=2"),
    ("//elsewhere.invalid/", None),
    ("\\\\elsewhere.invalid/", None),
    ("mailto:me@elsewhere.invalid", None),
    ("javascript:void(0)", None),
    ("http://[", None),
]
"""Reference, and what the server is asked for."""


def test_a_crawl_follows_links_as_browsers_do(tmp_path: Path) -> None:
    html = {"Content-Type": "text/html"}
    links = "".join(f'<a href="{reference}">x</a>' for reference, _ in LINKS)
    based = "<base href='/b/c/'><a href='d'>x</a><a>x</a><a href>x</a>"
    routes = {
        "/index.html": redirect(301, "x/index.html"),
        "/x/index.html": (200, html, links.encode()),
        "/up": (200, html, based.encode()),
    }
    with Site(routes) as site:
        told = run(CRAWL, site, tmp_path)
        wanted = ["/index.html", "/x/index.html", *(target for _, target in LINKS if target), "/b/c/d"]
        # What the redirect leads to is linked to, too: by an empty reference.
        assert sorted(site.seen) == sorted([*wanted, "/x/index.html"])
        assert told == f"{len(wanted)} pages\n"
