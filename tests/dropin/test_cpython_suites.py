"""CPython's own tests pass with httpconn as with http.client, on every backend, but for a list in cpython_suites."""

from __future__ import annotations

import importlib.util
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from httpconn import _backends

from . import children, cpython_suites

_STANDARD = "http.client"
_SUITE_TIMEOUT_S = 300


def _outcomes_of(suite: str, on: str, directory: Path) -> dict[str, str]:
    """Run *suite* on http.client or on a backend; return how each test ended."""
    directory.mkdir()
    ended = children.run(
        [cpython_suites.__file__, suite, _STANDARD if on == _STANDARD else "httpconn"],
        directory,
        options=["-P"],  # else the suites could import their neighbours in this folder
        timeout_s=_SUITE_TIMEOUT_S,
        changes={"HTTPCONN_PARSER": None if on == _STANDARD else on},
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    outcomes: dict[str, str] = json.loads(ended.stdout)
    return outcomes


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.timeout(2 * _SUITE_TIMEOUT_S)
@pytest.mark.parametrize("suite", cpython_suites.SUITES)
def test_what_passes_with_http_client_passes_with_httpconn(suite: str, tmp_path: Path) -> None:
    if not (_is_there("test.support") and _is_there(suite)):
        pytest.skip(f"this Python comes without its own tests: there is no {suite}")
    parsers = _backends.available()
    if "CI" in os.environ and "HTTPCONN_NO_EXTENSIONS" not in os.environ:
        assert set(parsers) == set(_backends.NAMES)
    # At the same time, since they wait more than they compute.
    with ThreadPoolExecutor() as pool:
        runs = {on: pool.submit(_outcomes_of, suite, on, tmp_path / on) for on in (_STANDARD, *parsers)}
    with_standard = runs[_STANDARD].result()
    assert sum(outcome == "passed" for outcome in with_standard.values()) >= 5, with_standard
    expected = {test for test in cpython_suites.DIFFERENCES if with_standard.get(test) == "passed"}
    for parser in parsers:
        gaps = cpython_suites.gaps(with_standard, runs[parser].result())
        assert gaps.keys() == expected, f"on {parser}: {gaps}"
