"""Each difference from http.client that the documents tell of is there, and the document tells of each."""

from __future__ import annotations

import http.client
import re
from pathlib import Path

import pytest

import httpconn

from . import cpython_suites, differences
from .differences import DIFFERENCES, DOCUMENT, Difference

ALL = [difference for section in DIFFERENCES.values() for difference in section]


@pytest.mark.parametrize("difference", ALL, ids=lambda difference: difference.there[:50])
def test_the_difference_is_as_told(difference: Difference) -> None:
    assert difference.shows_there != difference.shows_here
    assert difference.show(httpconn) == difference.shows_here
    # A later http.client may have come to agree.
    assert difference.show(http.client) in (difference.shows_there, difference.shows_here)


@pytest.fixture
def document() -> str:
    if not DOCUMENT.exists():
        pytest.skip("the documents are not where the tests are")
    return DOCUMENT.read_text()


def test_the_document_has_the_tables(document: str) -> None:
    assert document == differences.rewritten(document), "python -m tests.dropin.differences writes them anew"


def test_the_document_lists_the_failing_test_of_cpython(document: str) -> None:
    for test in cpython_suites.DIFFERENCES:
        assert test.rpartition(".")[2] in document


def test_names_in_the_document_exist(document: str) -> None:
    """``httpconn.name`` and ``response.name`` in code are names that can be used."""
    response = httpconn.HTTPResponse
    for name in re.findall(r"httpconn\.([A-Za-z_]+)", document):
        assert hasattr(httpconn, name), name
    for name in re.findall(r"response\.([a-z_]+)", document):
        assert hasattr(response, name), name


def test_the_program_in_the_document_runs(document: str, tmp_path: Path) -> None:
    from . import children

    blocks = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    assert len(blocks) == 2
    assert children.output_of("\n".join(blocks), tmp_path) == ""
