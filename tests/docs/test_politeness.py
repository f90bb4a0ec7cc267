"""Every program of docs/politeness.md runs, on a site with a robots.txt and sitemaps, which has a log of what was asked."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ..support.programs import run_program
from ..support.sites import PAGE, Reply, Site

DOCS = Path(__file__).parents[2] / "docs"

if not DOCS.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

PROGRAMS = re.findall(
    r"^```python\n(.*?)^```$", (DOCS / "politeness.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
[LISTED, AWAITED, CRAWL, ACRAWL, SITEMAPS, ASITEMAPS, PACE, APACE, RECRAWL, CONDITIONAL, CACHED, ACACHED] = PROGRAMS

ROBOTS = """\ufeffUser-agent: my-bot
Disallow: /private/
Sitemap: /index.xml

User-agent: *
Disallow: /
"""
INDEX = """<?xml version="1.0"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <sitemap><loc>{site}/one.xml</loc></sitemap>
  <sitemap><loc>{site}/two.xml.gz</loc></sitemap>
  <sitemap><loc>{site}/gone.xml</loc></sitemap>
  <sitemap><loc>{site}/cut.xml.gz</loc></sitemap>
  <sitemap><loc>{site}/index.xml</loc></sitemap>
  <sitemap><loc/></sitemap>
</sitemapindex>
"""
SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc>{site}/page-1.html</loc><image:image><image:loc>{site}/a.png</image:loc></image:image></url>
  <url>
    <loc>
      {site}/page-{number}.html
    </loc>
  </url>
  <url><loc></loc></url>
</urlset>
"""


def site_of() -> Site:
    return Site({"/": PAGE, "/robots.txt": (200, {}, ROBOTS.encode()), **{f"/page-{n}.html": PAGE for n in range(12)}})


def run(program: str, site: Site, folder: Path) -> str:
    return run_program(program.replace("localhost:8000", f"127.0.0.1:{site.port}"), folder).stdout


def test_a_list(tmp_path: Path) -> None:
    pytest.importorskip("protego")
    with site_of() as site:
        told = run(LISTED, site, tmp_path)
        url = site.url("")
        assert told == f"200 {url}/\n200 {url}/page-1.html\nnot for us: {url}/private/page-2.html\n"
        assert site.paths()[0] == "/robots.txt"
        assert sorted(site.paths()) == ["/", "/page-1.html", "/robots.txt"]
        assert site.fields(0)["user-agent"].startswith("my-bot/1.0")


def test_awaited(tmp_path: Path) -> None:
    pytest.importorskip("protego")
    with site_of() as site:
        status, refused = run(AWAITED, site, tmp_path).splitlines()
        assert status == "200"
        assert "disallows '/private/page-2.html' for my-bot" in refused
        assert site.paths() == ["/robots.txt", "/"]


@pytest.mark.parametrize("program", [CRAWL, ACRAWL], ids=["at once", "awaited"])
def test_a_crawl(program: str, tmp_path: Path) -> None:
    """Links as browsers read them, each page once, none elsewhere, none that robots.txt forbids; and the pace."""
    pytest.importorskip("protego")
    links = (
        "<a href='page-1.html#top'>1</a> <a class=x href=page-1.html>1</a> <a href=\"/private/page.html\">no</a>"
        "<a href='page-2.html?a=1&amp;b=2'>2</a> <a href='//elsewhere.invalid/'>x</a> <a href='mailto:me@x'>me</a>"
    )
    with site_of() as site:
        site.routes["/"] = 200, {"Content-Type": "text/html"}, links.encode()
        told = run(program, site, tmp_path)
        assert site.paths() == ["/robots.txt", "/", "/page-1.html", "/page-2.html"]
        assert {site.fields(number)["user-agent"].partition("/")[0] for number in range(4)} == {"my-bot"}
        assert f"200 {site.url('/page-2.html?a=1&b=2')}\n" in told
        assert "disallows '/private/page.html' for my-bot" in told
        times = [at for at, _ in site.log]
        assert times[-1] - times[0] >= 3 * 0.05 * 0.9


@pytest.mark.parametrize("program", [SITEMAPS, ASITEMAPS], ids=["at once", "awaited"])
def test_sitemaps(program: str, tmp_path: Path) -> None:
    """An index that names itself, a plain one, one in gzip and a broken one; the places of images are none of pages."""
    pytest.importorskip("protego")
    with site_of() as site:
        texts = {"/index.xml": INDEX, "/one.xml": SITEMAP, "/two.xml.gz": SITEMAP}
        for number, (path, text) in enumerate(texts.items()):
            content = text.format(site=site.url(""), number=number).encode()
            site.routes[path] = 200, {}, gzip.compress(content) if path.endswith(".gz") else content
        site.routes["/cut.xml.gz"] = 200, {}, b"\x1f\x8b\x08broken"
        assert run(program, site, tmp_path) == "2 pages\n"
        asked = ["/", "/cut.xml.gz", "/gone.xml", "/index.xml", "/one.xml", "/robots.txt", "/two.xml.gz"]
        assert sorted(site.paths()) == asked


@pytest.mark.parametrize("program", [PACE, APACE], ids=["at once", "awaited"])
def test_the_pace(program: str, tmp_path: Path) -> None:
    with site_of() as site:
        assert run(program, site, tmp_path) == "12 pages\n"
        times = [at for at, _ in site.log]
        assert times[-1] - times[0] >= 11 * 0.05 * 0.9


def tagged(site: Site) -> Callable[[int], Reply]:
    """Return a page with an ETag, which is a 304 for who has it."""

    def route(earlier: int) -> Reply:
        return (304, {}, b"") if site.fields(-1).get("if-none-match") == '"1"' else (200, {"ETag": '"1"'}, b"page")

    return route


def test_a_recrawl(tmp_path: Path) -> None:
    with site_of() as site:
        site.routes |= {f"/page-{number}.html": tagged(site) for number in range(12)}
        for status in ("200", "304", "304"):
            told = run(RECRAWL, site, tmp_path).splitlines()
            assert {line.split()[0] for line in told} == {status}
            assert len(told) == 12
        assert sum("if-none-match" in site.fields(number) for number in range(36)) == 24


def test_a_conditional_get(tmp_path: Path) -> None:
    with site_of() as site:
        site.routes["/page-1.html"] = tagged(site)
        assert run(CONDITIONAL, site, tmp_path) == "200 304 True\n"


@pytest.mark.parametrize(("program", "package"), [(CACHED, "requests_cache"), (ACACHED, "hishel.httpx")])
def test_a_cache(program: str, package: str, tmp_path: Path) -> None:
    pytest.importorskip(package)
    with site_of() as site:
        site.routes["/cached.html"] = 200, {"Cache-Control": "max-age=60"}, b"page"
        assert run(program, site, tmp_path) == "200 False 4\n200 True 4\n"
        assert site.paths() == ["/cached.html"]


def test_links() -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / "politeness.md").read_text(encoding="utf-8")):
        assert (DOCS / target).exists(), target
