"""CPython's own tests pass with httpconn as with http.client, on every backend, but for a list in cpython_suites."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from httpconn import _backends

from . import children, cpython_suites

_STANDARD = "http.client"
# They wait more than they compute: four at a time do not keep two cores busy.
_AT_A_TIME = 4
_SUITE_TIMEOUT_S = 120

Outcomes = dict[str, str]
Runs = dict[tuple[str, str], "Future[Outcomes]"]


def _outcomes_of(suite: str, on: str, directory: Path) -> Outcomes:
    place = _STANDARD if on == _STANDARD else "httpconn"
    directory.mkdir()
    ended = children.run(
        [cpython_suites.__file__, suite, place],
        directory,
        options=["-P"],  # else the suites could import their neighbours in this folder
        timeout_s=_SUITE_TIMEOUT_S,
        changes={"HTTPCONN_PARSER": None if on == _STANDARD else on},
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    outcomes: Outcomes = json.loads(ended.stdout)
    return outcomes


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Every suite on http.client and on each backend that is here: started together, awaited one by one."""
    for package in ("test.support", *cpython_suites.SUITES):
        try:
            found = importlib.util.find_spec(package)
        except ModuleNotFoundError:
            found = None
        if found is None:
            pytest.skip(f"this Python comes without its own tests: there is no {package}")
    directory = tmp_path_factory.mktemp("suites")
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        started: Runs = {}
        for suite in cpython_suites.SUITES:
            for on in (_STANDARD, *_backends.available()):
                place = directory / f"{suite}-{on}"
                started[suite, on] = pool.submit(_outcomes_of, suite, on, place)
        yield started
        for run in started.values():
            run.cancel()


@pytest.mark.timeout(2 * _SUITE_TIMEOUT_S)
@pytest.mark.parametrize("suite", cpython_suites.SUITES[::-1])  # the longest last
@pytest.mark.parametrize("parser", _backends.NAMES)
def test_what_passes_with_http_client_passes_with_httpconn(suite: str, parser: str, runs: Runs) -> None:
    if parser not in _backends.available():
        if "CI" in os.environ and "HTTPCONN_NO_EXTENSIONS" not in os.environ:
            pytest.fail(f"the backend {parser!r} is not installed")
        pytest.skip(f"the backend {parser!r} is not installed here")
    with_standard = runs[suite, _STANDARD].result()
    assert sum(outcome == "passed" for outcome in with_standard.values()) >= 5, with_standard
    gaps = cpython_suites.gaps(with_standard, runs[suite, parser].result())
    assert gaps.keys() <= cpython_suites.DIFFERENCES.keys(), "\n".join(f"{test}: {how}" for test, how in gaps.items())


def test_the_listed_differences_are_real(runs: Runs) -> None:
    for parser in _backends.available():
        found: set[str] = set()
        for suite in cpython_suites.SUITES:
            found |= cpython_suites.gaps(runs[suite, _STANDARD].result(), runs[suite, parser].result()).keys()
        assert found == cpython_suites.DIFFERENCES.keys()
