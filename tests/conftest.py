"""What the test modules share: parser backends, certificates, a server; a collector that has little to look through."""

import gc
import math
import os
import ssl
from collections.abc import Generator, Iterator
from itertools import count
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import trustme

from httpconn import _backends
from httpconn._backends.contract import Backend

from .support.awaiting import AwaitedFetcher, AwaitedPool
from .support.certificates import TLS, client_context_for, server_context_for
from .support.clients import new_fetcher as new_fetcher
from .support.clients import new_pool as new_pool
from .support.faulty import FaultyServer


@hypothesis.settings(max_examples=1, database=None)
@hypothesis.given(st.none())
def first_property(_: None) -> None:
    """Do nothing, for which Hypothesis makes what it makes once."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="each test function, but those marked as slow, with at most four of its cases and on the default parser",
    )


CASES_OF_QUICK = 4
GIVES_CLIENTS = ("fetch_many", "new_fetcher", "new_pool")
CLIENTS = ("async", AwaitedFetcher, AwaitedPool)
"""Of the parameters of those, the ones that are an AsyncClient."""


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Leave out what others run already.

    With ``--quick``: take few of a function's cases, in steps that also go through what its parameters have in turn.
    """
    made = yield
    if isinstance(made, list):
        made = [item for item in made if not is_a_client_on_another_parser(item)]
    if not collector.config.getoption("quick") or not isinstance(made, list):
        return made
    others = {name for name in _backends.NAMES if name != _backends.available()[0]}
    cases = [item for item in made if isinstance(item, pytest.Function) and others.isdisjoint(parameters_of(item))]
    if not cases or cases[0].get_closest_marker("slow"):
        return []
    step = next(n for n in count(-(-len(cases) // CASES_OF_QUICK)) if math.gcd(n, len(cases)) == 1)
    return [cases[at * step % len(cases)] for at in range(min(CASES_OF_QUICK, len(cases)))]


def is_a_client_on_another_parser(item: Any) -> bool:
    """Return whether an AsyncClient runs here, on another parser than the default.

    Its engine is the fetcher's, which runs on each; and so do the clients of an ``Asker``.
    """
    given = item.callspec.params if hasattr(item, "callspec") else {}
    first = _backends.available()[0]
    return given.get("backend", first) != first and any(given.get(name) in CLIENTS for name in GIVES_CLIENTS)


def parameters_of(item: pytest.Function) -> list[str]:
    return item.callspec.id.split("-") if hasattr(item, "callspec") else []


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


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A private certificate authority, which only those contexts trust that are told to."""
    return trustme.CA()


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """With a certificate of the authority's for "localhost"."""
    return server_context_for(authority, "localhost")


@pytest.fixture
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """One that trusts the authority, of this test's own."""
    return client_context_for(authority)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TLS:
    """An authority of its own, with its file, and contexts for both sides."""
    return TLS(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server that does what the path says."""
    with FaultyServer() as started:
        yield started


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """One that names no proxy; to put variables in."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch
