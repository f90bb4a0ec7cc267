"""httplib2, as programs use it, on httpconn as on http.client."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .servers import content

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own affair


@pytest.fixture(scope="module")
def httplib2(library: Callable[[str], ModuleType]) -> Any:
    return library("httplib2")


@pytest.fixture
def http(httplib2: Any, authority: Any) -> Iterator[Any]:
    http = httplib2.Http(timeout=5, ca_certs=authority.pem)
    yield http
    http.close()


def assert_reused(http: Any, origin: Any, connections: int = 1) -> None:
    assert http.request(f"{origin.url}/sized?n=5000")[1] == content(5000)
    assert origin.accepted == connections


def test_its_connections_are_the_bases(httplib2: Any, http: Any, origin: Any, connection_class: type) -> None:
    http.request(f"{origin.url}/sized?n=1")
    [connection] = http.connections.values()
    assert isinstance(connection, connection_class)
    assert issubclass(httplib2.HTTPSConnectionWithTimeout, connection_class)


@pytest.mark.parametrize("server", ["origin", "tls_origin"])
def test_requests_in_a_row(server: str, http: Any, request: pytest.FixtureRequest) -> None:
    origin = request.getfixturevalue(server)
    for size in (0, 1, 100_000):
        for path in ("sized", "chunked", "gzip"):
            response, body = http.request(f"{origin.url}/{path}?n={size}")
            assert (response.status, response.reason, response.version) == (200, "OK", 11)
            assert body == content(size)
    assert http.request(f"{origin.url}/status?code=404")[0].status == 404
    response, body = http.request(f"{origin.url}/echo", "POST", body="body", headers={"X-A": "b"})
    assert b'"body": "body"' in body
    assert b'["x-a", "b"]' in body
    assert origin.accepted == 1
    response, body = http.request(f"{origin.url}/sized?n=100", "HEAD")
    assert (response["content-length"], body) == ("100", b"")
    assert_reused(http, origin, 2)  # httplib2 closes after HEAD


def test_redirects(http: Any, httplib2: Any, origin: Any) -> None:
    response, body = http.request(f"{origin.url}/redirect?to=/sized?n=7")
    assert (response.previous.status, body) == (302, content(7))
    with pytest.raises(httplib2.RedirectLimit):
        http.request(f"{origin.url}/redirect?to=/redirect?to=/sized", redirections=1)
    http.follow_redirects = False
    assert http.request(f"{origin.url}/redirect?to=/sized")[0].status == 302
    assert_reused(http, origin)


def test_the_cache(httplib2: Any, origin: Any, tmp_path: Path) -> None:
    http = httplib2.Http(str(tmp_path / "cache"), timeout=5)
    for expected in (False, True, True):
        response, body = http.request(f"{origin.url}/etag")
        assert (response.status, response.fromcache, body) == (200, expected, content(1000))
    assert len(origin.requests) == 3  # each was validated: 304
    assert_reused(http, origin)
    http.close()


def test_authentication(http: Any, origin: Any) -> None:
    http.add_credentials("user", "pass")
    assert http.request(f"{origin.url}/basic-auth")[1] == b"welcome\n"
    assert_reused(http, origin)


def test_timeouts_and_broken_connections(http: Any, httplib2: Any, origin: Any) -> None:
    assert_reused(http, origin)
    for connection in http.connections.values():
        connection.timeout = 0.1
        connection.sock.settimeout(0.1)
    with pytest.raises(socket.timeout):
        http.request(f"{origin.url}/silent")
    for connection in http.connections.values():
        connection.timeout = 5
    assert_reused(http, origin, 2)
    origin.drop_connections()
    assert_reused(http, origin, 3)  # httplib2 tries again by itself
    assert http.request(f"{origin.url}/dropped-at-first?times=1")[1] == b"now\n"


def test_a_certificate_that_nobody_knows(httplib2: Any, tls_origin: Any) -> None:
    http = httplib2.Http()
    with pytest.raises(ssl.SSLCertVerificationError):
        http.request(f"{tls_origin.url}/sized?n=1")
    http.close()
    http = httplib2.Http(disable_ssl_certificate_validation=True)
    assert http.request(f"{tls_origin.url}/sized?n=1")[1] == content(1)
    http.close()


def test_through_proxies(
    httplib2: Any, origin: Any, tls_origin: Any, proxy: Any, authority: Any, library: Callable[[str], Any]
) -> None:
    socks = library("socks")  # PySocks, which httplib2 goes through proxies by
    tunnel = httplib2.ProxyInfo(socks.PROXY_TYPE_HTTP, "127.0.0.1", proxy.port)
    http = httplib2.Http(proxy_info=tunnel, ca_certs=authority.pem, timeout=5)
    for server in (origin, tls_origin):
        for _ in range(2):
            assert http.request(f"{server.url}/chunked?n=5000")[1] == content(5000)
        assert server.accepted == 1
    assert [line.split()[0] for line in proxy.requests] == ["CONNECT", "CONNECT"]
    http.close()
