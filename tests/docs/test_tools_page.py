"""docs/tools.md says what docs/tools.json has of the last run, and that has a reason wherever it is not green."""

from __future__ import annotations

import copy

import pytest

from ..tools import page
from ..tools.table import PROGRAMS, TOOLS, VERSIONS, pinned

pytestmark = pytest.mark.once

RESULTS = page.load()


def test_page_says_what_the_results_say() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.fill(text, RESULTS) == text, "run `python -m tests.tools.page`"


def test_each_tool_has_its_program_its_environment_and_its_results() -> None:
    assert {tool.program for tool in TOOLS} == {path.stem for path in PROGRAMS.glob("*.py")}
    assert {tool.environment for tool in TOOLS} == {path.stem for path in VERSIONS.glob("*.txt")} - {"suites"}
    assert "3.11" in RESULTS["rows"]
    for rows in RESULTS["rows"].values():
        assert [row["tool"] for row in rows] == [tool.program for tool in TOOLS]


def test_the_versions_are_those_that_are_pinned() -> None:
    for rows in RESULTS["rows"].values():
        for tool, row in zip(TOOLS, rows, strict=True):
            assert row["versions"] == {package: pinned(tool.environment)[package] for package in tool.packages}


@pytest.mark.parametrize("number", RESULTS["rows"])
def test_each_row_is_green_or_has_its_reason(number: str) -> None:
    assert page.unexplained(RESULTS["rows"][number]) == []


def test_each_program_had_responses_to_compare() -> None:
    for row in RESULTS["rows"]["3.11"]:
        assert sum(row["first"]["responses"].values()) > 0, row["tool"]


def test_what_is_not_green_would_be_found() -> None:
    green = next(row for row in RESULTS["rows"]["3.11"] if page.is_green("first", row["first"]))
    for change in ({"same": False, "difference": "values[0]"}, {"responses": {"http.client": 1, "httpconn": 1}}):
        row = copy.deepcopy(green)
        row["first"].update(change)
        assert len(page.unexplained([row])) == 1 + len(page.unexplained([green]))


def test_each_gap_of_a_suite_has_its_reason() -> None:
    for suite in RESULTS["suites"]:
        assert all(suite["gaps"].values())
        assert suite["passed"] == suite["ours"] + len(suite["gaps"]) > 0
