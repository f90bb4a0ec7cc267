"""Each room says what it is for, and CONTRIBUTING.md says it again; a test module sits in the room of what it tests.

And it is named by its subject, not by when it was written. ``python -m tests.laws.test_rooms`` writes the table of
CONTRIBUTING.md anew, from the docstrings of the packages.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ..support.pages import ROOT, rewritten

pytestmark = pytest.mark.once

TESTS = Path(__file__).parents[1]
ROOMS = {
    "cli": "the commands",
    "client": "HTTPConnection and HTTPResponse",
    "docs": "the pages and their programs",
    "dropin": "CPython's own suites, and libraries that stand on http.client",
    "engine": "pool and fetcher: connections, names, clocks, proxies",
    "exchange": "one request and its response: URLs, bodies, content, text, policies",
    "fuzz": "the fuzzer's own corpus",
    "laws": "what holds for the whole house",
    "wire": "parsers, chunks, states, tables",
    "writers": "files of responses, and who reads them",
}
"""Those with test modules; nested ones are none."""
WITHOUT_TESTS = {"cases", "isolated", "support", "tools", "tools/child", "tools/programs"}
"""Rows of data, what runs in processes of its own, and what tests share."""
BY_TIME = re.compile(
    r"_(second|third|again|more|another|new|old|later?|next|misc|various|strain|round|part|look|\d+)(?=_|$)(?!_ahead)"
)
"""Words that say when a test was written, or what was left over then."""


def modules() -> list[str]:
    return sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py"))


def test_each_module_is_in_a_room() -> None:
    rooms = {name.rpartition("/")[0] for name in modules()}
    assert rooms == {*ROOMS}


def test_each_folder_is_a_room() -> None:
    folders = {path.parent.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py")}
    assert folders == {".", *ROOMS, *WITHOUT_TESTS}
    assert {path.name for path in TESTS.glob("*.py")} == {"__init__.py", "conftest.py"}


def test_no_module_is_named_by_time() -> None:
    assert not [name for name in modules() if BY_TIME.search(Path(name).stem)]


def test_such_names_would_be_found() -> None:
    for name in ("test_second_look", "test_policies_second_look", "test_fetch_strain", "test_pool_2", "test_more_urls"):
        assert BY_TIME.search(name), name
    for name in ("test_look_ahead", "test_lookups", "test_urllib3", "test_renewals"):
        assert not BY_TIME.search(name), name


def test_helpers_are_in_support() -> None:
    """What a test module of another room uses is no test module's."""
    between = re.compile(r"^from \.\.(\w+)\.test_\w+ import", re.MULTILINE)
    wrong = [name for name in modules() if between.search((TESTS / name).read_text(encoding="utf-8"))]
    assert not wrong


# -- what each room is for

PAGE = ROOT / "CONTRIBUTING.md"
SOURCE = "python -m tests.laws.test_rooms"
PACKAGES = ("httpconn", "tests", "bench")
WITHOUT_A_DOCSTRING = {
    "httpconn": (
        "what users call, and nothing else: the modules below; what they share has a room",
        "what only other modules import",
    ),
    "_speedups": (
        "loops over bytes that are too slow in Python, each with its twin there: `docs/internals.md` has the pairs",
        "a rule that is not in Python already",
    ),
    "docs": ("a page for users, by its subject; `docs/internals.md` for who changes the code", "plans"),
    "findings": (
        "what a real library, server or format does where one would guess otherwise: one script each",
        "what needs this package",
    ),
}
"""The package's own docstring is for its users; the others have none."""
NOT_TO_BE_LISTED = {"tests"}


def rooms() -> list[str]:
    """Return the packages by path, the outer one first."""
    found = [path.parent for package in PACKAGES for path in (ROOT / package).rglob("__init__.py")]
    names = {path.relative_to(ROOT).as_posix() for path in found}
    order = [*PACKAGES[:1], "_speedups", *PACKAGES[1:], "docs", "findings"]
    return sorted(
        {*names, *WITHOUT_A_DOCSTRING} - NOT_TO_BE_LISTED, key=lambda name: (order.index(name.split("/")[0]), name)
    )


def told_by(docstring: str, about: str) -> str:
    """Return the paragraph of a package's docstring that begins with *about*. Raises ValueError where it has none."""
    for paragraph in docstring.split("\n\n"):
        if paragraph.lstrip().startswith(f"{about}: "):
            return " ".join(paragraph.split()).removeprefix(f"{about}: ").removesuffix(".")
    raise ValueError(f"expected a paragraph that begins with {about!r}")


def purpose_of(room: str) -> tuple[str, str]:
    """Return what *room* is for, and what it is not for. Raises ValueError where it does not say so."""
    if room in WITHOUT_A_DOCSTRING:
        return WITHOUT_A_DOCSTRING[room]
    docstring = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    return told_by(docstring, "For"), told_by(docstring, "Not for")


def table() -> str:
    """Return the rooms as CONTRIBUTING.md has them."""
    lines = ["| room | what goes there | what does not |", "|---|---|---|"]
    for room in rooms():
        what, what_not = (text.replace("``", "`") for text in purpose_of(room))
        lines.append(f"| `{room}/` | {what} | {what_not} |")
        if room == "httpconn":
            lines += [f"| `{room}/{name}` | {first} | |" for name, first in modules_at_the_top()]
    return "\n".join(lines)


def modules_at_the_top() -> list[tuple[str, str]]:
    """Return the modules that users import, and how the docstring of each begins."""
    found = []
    for path in sorted((ROOT / "httpconn").glob("*.py")):
        if path.name != "__init__.py":
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            found.append((path.name, docstring.partition("\n")[0].replace("``", "`").removesuffix(".")))
    return found


needs_a_checkout = pytest.mark.skipif(not (PAGE.exists() and (ROOT / "httpconn").is_dir()), reason="needs a checkout")


@needs_a_checkout
def test_each_room_says_what_it_is_for() -> None:
    for room in rooms():
        assert all(purpose_of(room)), room
    assert {"httpconn/_engine/many", "tests/laws", "bench/micro", "findings"} <= {*rooms()}


def test_a_room_that_does_not_is_found() -> None:
    assert told_by("A room.\n\nFor: one\nthing.\n\nNot for: another.", "For") == "one thing"
    with pytest.raises(ValueError, match="Not for"):
        told_by("A room.\n\nFor: one thing.", "Not for")


@needs_a_checkout
def test_contributing_has_the_rooms() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page, "rooms", SOURCE, table()), f"stale: run {SOURCE}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), "rooms", SOURCE, table()), encoding="utf-8")
