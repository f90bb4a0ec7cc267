"""What the library tests share: the library, imported anew on http.client or on httpconn, and servers."""

from __future__ import annotations

import http.client
import importlib
import os
import ssl
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import trustme

import httpconn

from ..support.certificates import server_context_for
from .servers import Origin, Proxy, serving

Import = Callable[[str], Any]

_LIBRARIES = ("urllib3", "requests", "httplib2", "botocore")


def _take_libraries() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in _LIBRARIES]
    return {name: sys.modules.pop(name) for name in names}


@pytest.fixture(scope="module", params=["http.client", "httpconn"])
def base(request: pytest.FixtureRequest) -> Iterator[str]:
    """On what the libraries stand: the same test must pass on either. They are imported anew for each."""
    before = _take_libraries()
    if request.param == "httpconn":
        with warnings.catch_warnings():
            # Other tests of this process may hold http.client's classes.
            warnings.simplefilter("ignore", httpconn.InstallWarning)
            httpconn.install()
    assert http.client.HTTPConnection.__module__.partition(".")[0] == request.param.partition(".")[0]
    try:
        yield request.param
    finally:
        httpconn.uninstall()
        _take_libraries()
        sys.modules.update(before)


@pytest.fixture(scope="module")
def library(base: str) -> Import:
    """Imports a library that need not be there, except in CI."""

    def import_library(name: str) -> Any:
        if "CI" not in os.environ:
            return pytest.importorskip(name, exc_type=ImportError)
        return importlib.import_module(name)

    return import_library


@pytest.fixture(scope="module")
def connection_class(base: str) -> type:
    """What every connection must be made by."""
    return httpconn.HTTPConnection if base == "httpconn" else http.client.HTTPConnection


@pytest.fixture(scope="module")
def response_class(base: str) -> type:
    """What every response must be made by."""
    return httpconn.HTTPResponse if base == "httpconn" else http.client.HTTPResponse


@pytest.fixture(scope="session")
def authority(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The authority; ``.pem`` is the file with its certificate, ``.server`` a server's context, ``.client`` a client's."""
    path = str(tmp_path_factory.mktemp("tls") / "ca.pem")
    authority.cert_pem.write_to_path(path)
    return SimpleNamespace(
        pem=path,
        server=server_context_for(authority, "127.0.0.1", "localhost"),
        client=ssl.create_default_context(cafile=path),
    )


@pytest.fixture
def origin() -> Iterator[Any]:
    with serving(Origin) as server:
        yield server


@pytest.fixture
def tls_origin(authority: Any) -> Iterator[Any]:
    with serving(Origin, authority.server) as server:
        yield server


@pytest.fixture
def proxy() -> Iterator[Any]:
    with serving(Proxy) as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
