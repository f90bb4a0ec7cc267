"""What the test modules share: the parser backends, and a collector that has little to look through."""

import gc
import os
from collections.abc import Iterator

import hypothesis
import hypothesis.strategies as st
import pytest

from httpconn import _backends
from httpconn._backends.contract import Backend


@hypothesis.settings(max_examples=1, database=None)
@hypothesis.given(st.none())
def first_property(_: None) -> None:
    """Do nothing, for which Hypothesis makes what it makes once."""


def pytest_collection_finish() -> None:
    """Take what pytest itself holds out of the collector's sight.

    26,000 collected tests are some 2 million objects, and every ``gc.collect()`` of a test would go through all of them.
    Hypothesis asks the collector who refers to its random numbers when it makes them, and on Python 3.14 warns of those
    whose holder is out of sight: so it makes them before.
    """
    first_property()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def out_of_sight() -> Iterator[None]:
    """Do the same with the reports that pytest has kept of a module's tests."""
    yield
    gc.collect()
    gc.freeze()


def backend_or_skip(name: str) -> Backend:
    """Return the backend of that name; where it is missing, skip, or fail in CI."""
    is_left_out = name == "cython" and "HTTPCONN_NO_EXTENSIONS" in os.environ
    if name not in _backends.available() and (is_left_out or "CI" not in os.environ):
        pytest.skip(f"the backend {name!r} is not installed here")
    return _backends.get(name)  # in CI a missing one is a failure


@pytest.fixture(scope="session", params=_backends.NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each parser backend in turn; the id of the test shows which."""
    return backend_or_skip(request.param)


@pytest.fixture(scope="session")
def twins() -> tuple[Backend, Backend]:
    """The compiled backend and the pure one, for tests that hold one against the other."""
    return backend_or_skip("cython"), _backends.get("python")


@pytest.fixture
def in_use(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """Each parser backend in turn, and the one that ``HTTPResponse`` uses in this test."""
    monkeypatch.setattr(_backends, "selected", backend)
    return backend
