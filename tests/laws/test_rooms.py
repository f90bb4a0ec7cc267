"""A test module sits in a room of what it tests, and is named by its subject, not by when it was written."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOMS = {
    "client": "HTTPConnection and HTTPResponse",
    "docs": "the pages and their programs",
    "dropin": "CPython's own suites, and libraries that stand on http.client",
    "engine": "pool and fetcher: connections, names, clocks, proxies",
    "exchange": "one request and its response: URLs, bodies, content, text, policies",
    "fuzz": "the fuzzer's own corpus",
    "laws": "what holds for the whole house",
    "wire": "parsers, chunks, states, tables",
}
"""Those with test modules; nested ones are none."""
WITHOUT_TESTS = {"cases", "isolated", "support"}
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
