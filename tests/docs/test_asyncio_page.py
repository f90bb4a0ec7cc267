"""Every program in docs/asyncio.md runs, on a site of its own; and the README's, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.sites import Site
from .test_scraping import PAGES, run

README = Path(__file__).parents[2] / "README.md"
DOCS = README.with_name("docs") / "asyncio.md"
PROGRAMS = re.findall(
    r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    links = "".join(f'<a href="page-{number}.html#top">{number}</a>' for number in range(0, PAGES, 2))
    pages = {
        f"/page-{number}.html": (200, {}, f"<p>{number}<a href='/page-{number | 1}.html'>".encode())
        for number in range(PAGES)
    }
    events = b": hello\n\ndata: one\n\ndata: two\ndata: lines\n\n"
    with Site(
        {
            **pages,
            "/": (200, {"Content-Type": "text/plain"}, b"page"),
            "/index.html": (200, {"Content-Type": "text/html"}, f"<p>{links}<a href='//else.invalid/'>".encode()),
            "/large.bin": (200, {}, bytes(3_000_000)),
            "/token": (200, {"Content-Type": "text/plain"}, b"secret"),
            "/events": (200, {"Content-Type": "text/event-stream"}, events),
        }
    ) as made:
        yield made


def told(title: str, site: Site, folder: Path) -> str:
    [program] = [program for named, program in PROGRAMS if named.startswith(title)]
    return run(program, f"localhost:{site.port}", folder)


def test_each_program_has_a_test() -> None:
    assert len(PROGRAMS) == DOCS.read_text().count("```python\n") == 8


def test_some_requests(site: Site, tmp_path: Path) -> None:
    head, size = told("Some requests", site, tmp_path).splitlines()
    assert head.startswith("200 text/html ")
    assert size.startswith("3000000 <AsyncClient open: ")
    assert (tmp_path / "copy.bin").read_bytes() == bytes(3_000_000)


def test_one_client(site: Site, tmp_path: Path) -> None:
    assert told("One client", site, tmp_path) == "{200} ClientStats(requests=3, opened=1, reused=2, resent=0)\n"


def test_many(site: Site, tmp_path: Path) -> None:
    *lines, total = told("Many at a time", site, tmp_path).splitlines()
    assert sorted(int(line.split()[0]) for line in lines) == list(range(PAGES))
    assert all(line.split()[1] == "200" for line in lines)
    assert int(total) == sum(int(line.split()[2]) for line in lines)


def test_a_crawl(site: Site, tmp_path: Path) -> None:
    before = len(site.log)
    assert told("A crawl", site, tmp_path).splitlines() == [f"{PAGES + 1} pages"]
    asked = site.paths()[before:]
    assert sorted(asked) == sorted(set(asked)) == sorted(["/index.html", *(f"/page-{n}.html" for n in range(PAGES))])


def test_giving_up(site: Site, tmp_path: Path) -> None:
    assert told("To give up", site, tmp_path).startswith("enough; <AsyncClient open: ")


def test_events(site: Site, tmp_path: Path) -> None:
    assert told("Lines and events", site, tmp_path) == "event: one\nevent: two\nlines\n"


def test_hooks(site: Site, tmp_path: Path) -> None:
    before = len(site.log)
    *lines, size = told("Hooks", site, tmp_path).splitlines()
    numbers = [*range(before, len(site.log))]
    assert site.paths()[before] == "/token"
    assert sorted(site.paths()[before + 1 :]) == [f"/page-{number}.html" for number in range(3)]
    assert [site.fields(number).get("authorization") for number in numbers] == [None, *["Bearer secret"] * 3]
    assert [line.split()[0] for line in lines] == ["200"] * 4
    assert int(size) > 0


def test_a_server_of_ones_own(site: Site, tmp_path: Path) -> None:
    assert told("Tests with a server", site, tmp_path) == "passed\n"


def test_the_first_programs_of_the_readme(site: Site, tmp_path: Path) -> None:
    """Many pages, in an event loop, and as http.client has it."""
    programs = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    many, awaited, connection = (run(program, f"localhost:{site.port}", tmp_path) for program in programs[:3])
    numbers = sorted(f"{site.url(f'/{number}')} 404".replace("127.0.0.1", "localhost") for number in range(40))
    assert sorted(many.splitlines()) == numbers
    assert awaited == "200 text/plain page\n"
    assert connection == "200 Told 4\n"
