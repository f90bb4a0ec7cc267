"""docs/safety.md against the code: no limit, test or planted bug on that page that is not there, and none left out."""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
import re
from pathlib import Path

import pytest

from httpconn import Limits

from ..cases import all_cases
from ..fuzz import planted
from ..isolated import sanitize

pytestmark = pytest.mark.once

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "safety.md"

if not PAGE.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")

CONCERNED = [
    "CVE-2016-5699",
    "CVE-2019-9740",
    "CVE-2019-9947",
    "CVE-2019-18348",
    "CVE-2020-26116",
    "CVE-2026-1502",
    "CVE-2025-13836",
    "CVE-2023-47627",
    "CVE-2023-47641",
    "CVE-2024-23829",
    "CVE-2024-52304",
    "CVE-2025-53643",
    "CVE-2026-34520",
    "CVE-2024-30251",
]
"""Those that concern a connection and its parsers."""

ABOVE = [
    "CVE-2016-0772",
    "CVE-2016-5420",
    "CVE-2018-18074",
    "CVE-2018-20060",
    "CVE-2019-11324",
    "CVE-2021-28363",
    "CVE-2021-33503",
    "CVE-2022-22576",
    "CVE-2022-27774",
    "CVE-2022-32206",
    "CVE-2023-23916",
    "CVE-2023-32681",
    "CVE-2023-43804",
    "CVE-2023-45803",
    "CVE-2024-35195",
    "CVE-2024-37891",
    "CVE-2024-47081",
    "CVE-2025-50181",
    "CVE-2025-66418",
    "CVE-2025-66471",
]
"""Those that concern a pool and a fetcher; the others on the page are welcome."""


def rows(title: str) -> list[list[str]]:
    """Return the cells of the first table below the heading that begins with *title*."""
    section = re.split(r"^#+ ", TEXT, flags=re.MULTILINE)
    [found] = [part for part in section if part.startswith(title)]
    lines = [line for line in found.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_limits() -> None:
    shown = {name.strip("`"): default for name, default, _ in rows("Limits")}
    assert shown == {field.name: str(field.default) for field in dataclasses.fields(Limits)}


def test_vulnerabilities() -> None:
    table = rows("Vulnerabilities")
    assert {*CONCERNED, *ABOVE} <= {name for name, _, _ in table}
    for name, what, test in table:
        assert re.fullmatch(r"CVE-\d{4}-\d+", name)
        assert what
        for one in test.split(", "):
            file, _, function = one.strip("`").partition("::")
            assert function in functions(TESTS / file), f"{name}: no {function} in {file}"


PARSERS = {"backend", "in_use", "talk", "plain_talk", "tls_talk", "twins", "make_decoder"}
"""The fixtures that give each parser in turn."""
MODES = {"strict", "mode", "talk", "plain_talk", "case", "default"}
"""What gives both modes, or is both."""


def test_rules() -> None:
    """Each rule has a test, and that runs over every parser and in both modes unless it is marked."""
    ids = [case.id for case in all_cases()]
    table = rows("The rules, and the tests")
    assert len(table) > 40
    for rule, shown in table:
        assert shown, rule
        for one, marks in re.findall(r"`([^`]+)`([†‡]*)", shown):
            file, is_test, function = one.partition("::")
            if not is_test:
                assert fnmatch.filter(ids, one), f"{rule}: no case {one}"
                continue
            arguments = parameters(TESTS / file, function)
            assert ("†" in marks) is PARSERS.isdisjoint(arguments), f"{rule}: {one} and the parsers"
            assert ("‡" in marks) is MODES.isdisjoint(arguments), f"{rule}: {one} and the modes"


def parameters(path: Path, function: str) -> set[str]:
    """Return the names of the parameters of a test."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    [found] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return {argument.arg for argument in found.args.args}


def test_tests_that_are_named_in_the_text() -> None:
    for file in re.findall(r"`(\w+/test_\w+\.py)", TEXT):
        assert (TESTS / file).exists(), file
    for file, function in re.findall(r"`(\w+/test_\w+\.py)::(\w+)`", TEXT):
        assert function in functions(TESTS / file), f"no {function} in {file}"


def test_planted_bugs() -> None:
    table = rows("Its teeth")
    assert [name for name, *_ in table] == [bug.name for bug in planted.BUGS]
    assert len(table) >= 10
    for name, path, target, found in table:
        assert re.fullmatch(r"[1-9][\d,]*", found), f"{name}: not found"
        [bug] = [bug for bug in planted.BUGS if bug.name == name]
        assert (path.strip("`"), target) == (bug.path, bug.target)


@pytest.mark.skipif(not (TESTS.parent / "_speedups").exists(), reason="the sources are not here, only the tests")
@pytest.mark.parametrize("bug", sanitize.BUGS, ids=lambda bug: bug.name)
def test_bugs_of_memory_fit_the_sources(bug: sanitize.Bug) -> None:
    assert (sanitize.ROOT / bug.path).read_text(encoding="utf-8").count(bug.piece) == 1
