"""The pages as a whole: each has its place in the site, every link leads somewhere, a chore's program is short."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from ..support.faulty import FaultyServer
from ..support.programs import run_program
from ..support.sites import PAGE, Site

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MOST_LINES = 15

if not (ROOT / "mkdocs.yml").exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}


def programs(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def without_programs(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """Return what a page's headings are linked by, on the site and where the repository is shown."""
    titles = re.findall(r"^#+ (.+)$", without_programs(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_each_page_has_its_place() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert sorted(re.findall(r": ([\w-]+\.md)$", nav, re.MULTILINE)) == sorted(PAGES)


@pytest.mark.parametrize("page", [*PAGES, "../README.md"])
def test_links(page: str) -> None:
    text = without_programs((DOCS / page).read_text(encoding="utf-8"))
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", text):
        linked = (DOCS / page).parent / target if target else DOCS / page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), f"{target}#{anchor}"


CHORES = re.findall(r"^\| (.+?) \| \[.+?\]\((.+?)#(.+?)\) \|$", PAGES["chores.md"], re.MULTILINE)


def section(page: str, anchor: str) -> str:
    """Return what is below the heading of that *anchor*, up to the next one of its kind."""
    masked = re.sub(r"^```.*?^```$", lambda block: " " * len(block[0]), PAGES[page], flags=re.MULTILINE | re.DOTALL)
    heads = [*re.finditer(r"^(#+) (.+)$", masked, re.MULTILINE)]
    [head] = [one for one in heads if anchors(one[0]) == {anchor}]
    after = [one.start() for one in heads if one.start() > head.start() and one[1] <= head[1]]
    return PAGES[page][head.end() : after[0] if after else None]


@pytest.mark.parametrize(("chore", "page", "anchor"), CHORES, ids=[chore for chore, *_ in CHORES])
def test_a_chore_is_two_short_programs(chore: str, page: str, anchor: str) -> None:
    """One that awaits and one that does not; what runs them are the tests of their pages."""
    found = re.findall(r"^```python\n(.*?)^```$", section(page, anchor), re.MULTILINE | re.DOTALL)
    assert {"async def " in program for program in found} == {True, False}, chore
    for program in found:
        lines = [line for line in program.splitlines() if line.strip() and not re.match(r"(import|from) ", line)]
        assert len(lines) <= MOST_LINES, (len(lines), program)


def test_all_chores_are_there() -> None:
    assert len(CHORES) == len(re.findall(r"^\| \w.* \|$", PAGES["chores.md"], re.MULTILINE)) - 1 == 19


@pytest.mark.parametrize("page", [page for page in PAGES if programs(page)])
def test_programs_are_run(page: str) -> None:
    """Each page with programs has a module here that reads them."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    name = page.removesuffix(".md")
    assert re.search(rf'"{re.escape(name)}(\.md)?"', tests), page


def test_first_steps(tmp_path: Path) -> None:
    content = (200, {"Content-Type": "text/html"}, b"<p>page")
    with Site({"/index.html": content, **{f"/page-{number}.html": PAGE for number in range(40)}}) as site:
        told = [
            run_program(program.replace("localhost:8000", f"127.0.0.1:{site.port}"), tmp_path).stdout
            for program in programs("index.md")
        ]
    one, many, awaited = told
    assert one == "200 Told text/html\n<p>page 7\n"
    assert {line.split()[1] for line in many.splitlines()} == {"200"}
    assert len(many.splitlines()) == 40
    assert awaited == "200\n"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("/", "200"), ("/no", "answered: 404 "), ("/reset-in-body", "ConnectionResetError ")],
)
def test_the_program_about_exceptions(path: str, wanted: str, tmp_path: Path) -> None:
    [program] = programs("exceptions.md")
    with FaultyServer() if "reset" in path else Site({"/": PAGE}) as server:
        told = run_program(program.replace("localhost:8000/", f"127.0.0.1:{server.port}{path}"), tmp_path).stdout
    assert wanted in told


def test_the_reference_is_what_the_docstrings_say() -> None:
    made = importlib.import_module("tests.docs.reference")
    assert PAGES["reference.md"] == made.page(), "run python -m tests.docs.reference"


def test_each_option_is_explained() -> None:
    empty = re.findall(
        r"^\| `(\w+)` \| `[^|]*` \| \*", PAGES["reference.md"].partition("## ConnectionPool")[0], re.MULTILINE
    )
    assert not empty
