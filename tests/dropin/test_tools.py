"""Five of the programs of ``tests/tools``, all of which ``make test-tools`` runs: recorders, a mock, SOAP, a browser."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from ..tools import compare
from ..tools.table import PROGRAMS

SAMPLE = {
    "betamax": "betamax",
    "mechanize": "mechanize",
    "requests-mock": "requests_mock",
    "suds": "suds",
    "warcio": "warcio",
}


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    for module in SAMPLE.values():
        if importlib.util.find_spec(module) is None:  # not imported here: mechanize changes http.client's messages
            pytest.skip(f"{module} is not installed")
    return {row["tool"]: row for row in compare.rows([PROGRAMS / f"{tool}.py" for tool in SAMPLE])}


@pytest.mark.parametrize("tool", SAMPLE)
def test_with_install_first_every_value_is_http_clients_and_every_response_ours(
    tool: str, rows: dict[str, Any]
) -> None:
    seen = rows[tool]["first"]
    assert seen["same"], seen["difference"]
    assert seen["responses"]["http.client"] == 0 < seen["responses"]["httpconn"]


@pytest.mark.parametrize("tool", SAMPLE)
def test_with_install_after_it_every_value_is_http_clients(tool: str, rows: dict[str, Any]) -> None:
    seen = rows[tool]["after"]
    assert seen["same"], seen["difference"]
    assert {"urllib3.connection", "warcio.capture_http", "mechanize._urllib2_fork"} <= {*seen["early"]}


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ([1, {"a": [2]}], [1, {"a": [3]}], "values[1].a[0]: 2 became 3"),
        ([1], [1, 2], "values: [1] became [1, 2]"),
        ({"a": 1}, {"b": 1}, 'values: {"a": 1} became {"b": 1}'),
        (1, True, "values: 1 became true"),
        ([1, {"a": "b"}], [1, {"a": "b"}], ""),
    ],
)
def test_a_difference_is_found_and_told(one: Any, other: Any, place: str) -> None:
    assert compare.difference(one, other) == place
