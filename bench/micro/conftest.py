"""The parser backends, each in turn."""

from __future__ import annotations

import os

import pytest

from httpconn import _backends
from httpconn._backends.contract import Backend


@pytest.fixture(params=_backends.NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    """A backend; the id of the benchmark shows which."""
    if request.param not in _backends.available():
        if "CI" in os.environ and "HTTPCONN_NO_EXTENSIONS" not in os.environ and request.param == "cython":
            pytest.fail("the compiled backend is missing in CI")
        pytest.skip(f"the backend {request.param!r} is not installed here")
    return _backends.get(request.param)
