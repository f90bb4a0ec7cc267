"""urllib3, as programs use it, on httpconn as on http.client."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import logging
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from ..support.peers import ScriptedServer, replying
from .servers import content


@pytest.fixture(scope="module")
def urllib3(library: Callable[[str], ModuleType]) -> Any:
    module = library("urllib3")
    assert not hasattr(module, "AsyncPoolManager"), "urllib3-future stands in the place of urllib3"
    return module


@pytest.fixture
def pool(urllib3: Any, origin: Any) -> Iterator[Any]:
    """A pool of one connection: where that is not given back, the next request opens another."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1", origin.port, maxsize=1, timeout=5, retries=False)
    with pool:
        yield pool


def assert_reused(pool: Any, origin: Any, connections: int = 1) -> None:
    """The next request is answered rightly, and all so far took so many connections."""
    response = pool.request("GET", "/sized?n=5000")
    assert response.data == content(5000)
    assert origin.accepted == connections


def test_its_connections_and_responses_are_the_bases(
    urllib3: Any, pool: Any, connection_class: type, response_class: type
) -> None:
    assert issubclass(urllib3.connection.HTTPConnection, connection_class)
    assert issubclass(urllib3.connection.HTTPSConnection, connection_class)
    response = pool.request("GET", "/sized?n=10", preload_content=False)
    assert type(response._original_response) is response_class
    assert isinstance(response.connection, connection_class)
    assert response.read() == content(10)


def test_requests_in_a_row_on_one_connection(pool: Any, origin: Any) -> None:
    for number in range(20):
        for path in ("sized", "chunked", "gzip"):
            response = pool.request("GET", f"/{path}?n={number * 997}")
            assert response.status == 200
            assert response.data == content(number * 997)
    assert origin.accepted == 1
    assert len(origin.requests) == 60


@pytest.mark.parametrize("path", ["/sized?n=300000", "/chunked?n=300000&chunk=5000", "/gzip?n=300000&chunk=999"])
@pytest.mark.parametrize(
    "read",
    [
        lambda r: b"".join(r.stream(1000, decode_content=True)),
        lambda r: b"".join(r.stream(100_000, decode_content=True)),
        lambda r: b"".join(r.stream(decode_content=True)),
        lambda r: b"".join(iter(lambda: r.read(777), b"")),
        lambda r: r.read(10) + r.read(),
        lambda r: b"".join(iter(lambda: r.read1(1000), b"")),
        lambda r: b"".join(r),
        lambda r: io.BufferedReader(r, 3000).read(),
        lambda r: b"".join(io.BufferedReader(r).readlines()),
        lambda r: r.data,
    ],
    ids=["stream", "stream large", "stream any", "read n", "read rest", "read1", "iter", "Buffered", "lines", "data"],
)
def test_ways_of_reading(path: str, read: Callable[[Any], bytes], pool: Any, origin: Any) -> None:
    response = pool.request("GET", path, preload_content=False)
    response.auto_close = False  # io.BufferedReader asks before each read whether it is closed
    assert read(response) == content(300_000)
    response.release_conn()
    assert_reused(pool, origin)


def test_readinto(pool: Any, origin: Any) -> None:
    response = pool.request("GET", "/sized?n=100000", preload_content=False)
    buffer = bytearray(100_000)
    view, at = memoryview(buffer), 0
    while count := response.readinto(view[at:]):
        at += count
    assert bytes(buffer[:at]) == content(100_000)
    response.release_conn()
    assert_reused(pool, origin)


def test_read_chunked(pool: Any, origin: Any) -> None:
    response = pool.request("GET", "/chunked?n=10000&chunk=3000", preload_content=False)
    assert response.chunked
    assert response.supports_chunked_reads()
    pieces = list(response.read_chunked())
    assert [len(piece) for piece in pieces] == [3000, 3000, 3000, 1000]  # the chunks as they were sent
    assert b"".join(pieces) == content(10_000)
    response.release_conn()
    assert_reused(pool, origin)


def test_read_chunked_in_small_steps(pool: Any, origin: Any) -> None:
    response = pool.request("GET", "/chunked?n=10000&chunk=3000", preload_content=False)
    pieces = list(response.read_chunked(100))
    assert max(map(len, pieces)) == 100
    assert b"".join(pieces) == content(10_000)
    response.release_conn()
    assert_reused(pool, origin)


def test_gzip_undone_or_not(pool: Any, origin: Any) -> None:
    packed = pool.request("GET", "/gzip?n=9999", decode_content=False).data
    assert zlib.decompress(packed, 31) == content(9999)
    response = pool.request("GET", "/gzip?n=9999&chunk=100", preload_content=False, decode_content=False)
    assert response.read(10) == packed[:10]
    assert zlib.decompress(packed[:10] + response.read(), 31) == content(9999)
    response.release_conn()
    assert_reused(pool, origin)


@pytest.mark.parametrize(
    ("body", "options", "framing"),
    [
        (b"bytes" * 2000, {}, ("Content-Length", "10000")),
        (bytearray(b"array" * 2000), {}, ("Content-Length", "10000")),
        (lambda: io.BytesIO(b"file." * 2000), {}, ("Transfer-Encoding", "chunked")),
        (lambda: io.StringIO("text." * 2000), {}, ("Transfer-Encoding", "chunked")),
        (lambda: iter([b"it", b"", b"erator"]), {}, ("Transfer-Encoding", "chunked")),
        (b"bytes" * 2000, {"chunked": True}, ("Transfer-Encoding", "chunked")),
        (lambda: iter([b"sized"] * 4), {"headers": {"Content-Length": "20"}}, ("Content-Length", "20")),
        (None, {}, ("Content-Length", "0")),
    ],
    ids=["bytes", "bytearray", "file", "text", "iterator", "chunked", "own length", "none"],
)
def test_uploads(body: Any, options: dict[str, Any], framing: tuple[str, str], pool: Any, origin: Any) -> None:
    made = body() if callable(body) else body
    echo = pool.request("POST", "/echo", body=made, **options).json()
    if callable(body):
        made = body()
    expected = (
        made
        if isinstance(made, (bytes, bytearray))
        else b"".join(part.encode() if isinstance(part, str) else part for part in made or ())
    )
    assert echo["body"] == expected.decode()
    assert list(framing) in echo["fields"]
    assert len([name for name, _ in echo["fields"] if name in ("Content-Length", "Transfer-Encoding")]) == 1
    assert_reused(pool, origin)


def test_its_fields(pool: Any) -> None:
    response = pool.request("GET", "/echo", headers={"X-One": "1", "User-Agent": "mine"})
    assert [["Host", pool.host + f":{pool.port}"], ["Accept-Encoding", "identity"]] == response.json()["fields"][:2]
    assert ["X-One", "1"] in response.json()["fields"]
    assert ["User-Agent", "mine"] in response.json()["fields"]
    response = pool.request("GET", "/set-cookies?a=1&b=2&c=3")
    assert response.headers.getlist("set-cookie") == ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/"]
    assert len(pool.request("GET", "/fields?n=90").headers) > 90


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/status?code=204"),
        ("GET", "/status?code=304"),
        ("HEAD", "/status?code=204"),
        ("HEAD", "/sized?n=100"),
        ("HEAD", "/chunked?n=100"),
        ("HEAD", "/gzip?n=100"),
    ],
)
def test_responses_without_a_body(method: str, path: str, pool: Any, origin: Any) -> None:
    response = pool.request(method, path)
    assert response.data == b""
    assert_reused(pool, origin)


def test_interim_responses(pool: Any, base: str) -> None:
    if base == "http.client":
        pytest.skip("http.client takes a 103 for the final response")
    for _ in range(3):
        assert pool.request("GET", "/early-hints").data == b"final\n"


def test_redirects(urllib3: Any, origin: Any) -> None:
    with urllib3.PoolManager() as manager:
        response = manager.request("GET", f"{origin.url}/redirect?to=/redirect?to=/sized%3Fn=7")
        assert response.data == content(7)
        assert [entry.status for entry in response.retries.history] == [302, 302]
        response = manager.request("POST", f"{origin.url}/redirect?code=303&to=/echo", body=b"x")
        assert response.json()["method"] == "GET"
        response = manager.request("POST", f"{origin.url}/redirect?code=307&to=/echo", body=b"again")
        assert response.json()["body"] == "again"
        with pytest.raises(urllib3.exceptions.MaxRetryError):
            manager.request("GET", f"{origin.url}/redirect?to=/redirect?to=/sized%3Fn=7", retries=1)
        assert origin.accepted == 1


def test_retries(urllib3: Any, origin: Any) -> None:
    retry = urllib3.Retry(4, status_forcelist=[503], backoff_factor=0.001)
    with urllib3.PoolManager(retries=retry) as manager:
        response = manager.request("GET", f"{origin.url}/unavailable-at-first?times=2")
        assert (response.status, response.data) == (200, b"now\n")
        assert len(origin.requests) == 3
        assert origin.accepted == 1
        response = manager.request("GET", f"{origin.url}/dropped-at-first?times=2")
        assert (response.status, response.data) == (200, b"now\n")
        assert origin.accepted == 3


def test_a_dropped_request_is_a_protocol_error(urllib3: Any, pool: Any, origin: Any) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError) as raised:
        pool.request("GET", "/dropped-at-first?times=1")
    assert type(raised.value.args[1]).__name__ == "RemoteDisconnected"
    assert_reused(pool, origin, 2)


def test_a_kept_connection_that_the_server_has_closed(pool: Any, origin: Any) -> None:
    for connections in (1, 2, 3):
        assert_reused(pool, origin, connections)
        origin.drop_connections()


@pytest.mark.parametrize("path", ["/silent", "/silent?after=1000"])
def test_timeouts(path: str, urllib3: Any, pool: Any, origin: Any) -> None:
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        pool.request("GET", path, timeout=0.1)
    assert_reused(pool, origin, 2)


def test_a_body_that_is_cut(urllib3: Any, pool: Any, origin: Any) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError) as raised:
        pool.request("GET", "/cut")
    assert str(raised.value.args[1]) == "IncompleteRead(1000 bytes read, 1000 more expected)"
    for path in ("/cut?chunk=1", "/cut"):
        response = pool.request("GET", path, preload_content=False)
        taken = []
        with pytest.raises(urllib3.exceptions.ProtocolError):
            taken.extend(iter(lambda: response.read(100), None))  # noqa: B023
        assert b"".join(taken) == content(1000)[: len(b"".join(taken))]
        response.release_conn()
    response = pool.request("GET", "/cut", preload_content=False, enforce_content_length=False)
    assert b"".join(response.stream(100)) == content(1000)
    assert_reused(pool, origin, 5)


def test_two_lengths_are_refused_with_the_response_readable(urllib3: Any, pool: Any, origin: Any) -> None:
    with pytest.raises(urllib3.exceptions.InvalidHeader, match="Content-Length contained multiple unmatching"):
        pool.request("GET", "/two-lengths")
    assert_reused(pool, origin, 2)


@pytest.mark.parametrize(
    ("leave", "connections"),
    [
        (lambda r: r.close(), 2),
        (lambda r: r.drain_conn(), 1),
        (lambda r: (r.read(), r.release_conn()), 1),
        (lambda r: (r.read(100), r.close()), 2),
        (lambda r: (r.read(100), r.drain_conn()), 1),
    ],
    ids=["close", "drain", "read, release", "part, close", "part, drain"],
)
@pytest.mark.parametrize("path", ["/sized?n=200000", "/chunked?n=200000"])
def test_leaving_a_response(path: str, leave: Callable[[Any], Any], connections: int, pool: Any, origin: Any) -> None:
    leave(pool.request("GET", path, preload_content=False))
    assert_reused(pool, origin, connections)


@pytest.mark.parametrize("path", ["/sized?n=200000", "/chunked?n=200000"])
@pytest.mark.parametrize("amount", [0, 1, 100_000])
def test_a_response_given_back_unread_answers_nobody_else(
    path: str, amount: int, urllib3: Any, pool: Any, origin: Any
) -> None:
    left = pool.request("GET", path, preload_content=False)
    taken = left.read(amount)
    left.release_conn()
    # Whether urllib3 sees that bytes are waiting, and opens another connection, is a matter of time; else: refused.
    with contextlib.suppress(urllib3.exceptions.ProtocolError):
        pool.request("GET", "/sized?n=5000", retries=False)
    assert_reused(pool, origin, 2)
    assert taken == content(amount)


@pytest.mark.parametrize("line", [b": Value", b":", b"Broken Header"], ids=["no name", "neither", "no colon"])
def test_header_lines_that_are_none_are_logged(
    line: bytes, urllib3: Any, base: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By urllib3, which goes by the ``defects`` of the message; a good head is logged by nobody."""
    end = b"Another: Header\r\nContent-Length: 0\r\n\r\n"
    for head, count in ((b"HTTP/1.1 200 OK\r\n" + line + b"\r\n" + end, 1), (b"HTTP/1.1 200 OK\r\n" + end, 0)):
        caplog.clear()
        with (
            ScriptedServer(replying(head)) as server,
            caplog.at_level(logging.WARNING, logger="urllib3"),
            urllib3.HTTPConnectionPool(server.host, server.port, timeout=5, retries=False) as pool,
        ):
            response = pool.request("GET", "/")
        told = [record for record in caplog.records if "Failed to parse headers" in record.getMessage()]
        assert len(told) == count
        if line == b"Broken Header":
            assert all("Broken Header" in record.getMessage() for record in told)
        if base == "httpconn" or line != b"Broken Header":  # http.client's fields end there
            assert response.headers["Another"] == "Header"


def test_garbage(pool: Any, origin: Any) -> None:
    response = pool.request("GET", "/sized?n=200000", preload_content=False)
    response.read(10)
    response.close()
    del response
    gc.collect()
    assert_reused(pool, origin, 2)


def test_through_a_forwarding_proxy(urllib3: Any, origin: Any, proxy: Any) -> None:
    with urllib3.ProxyManager(proxy.url) as manager:
        response = manager.request("GET", f"{origin.url}/chunked?n=5000")
        assert response.data == content(5000)
        assert response.headers["Transfer-Encoding"] == "chunked"
        echo = manager.request("POST", f"{origin.url}/echo", body=b"through").json()
        assert echo["body"] == "through"
        assert ["X-Forwarded", "yes"] in echo["fields"]
    assert proxy.requests[0].startswith(f"GET {origin.url}/chunked")


def test_through_a_tunnel(urllib3: Any, tls_origin: Any, proxy: Any, authority: Any) -> None:
    proxy.wants_password = True
    fields = urllib3.make_headers(proxy_basic_auth="user:pass")
    with urllib3.ProxyManager(proxy.url, proxy_headers=fields, ca_certs=authority.pem) as manager:
        for _ in range(3):
            assert manager.request("GET", f"{tls_origin.url}/chunked?n=50000").data == content(50_000)
        echo = manager.request("POST", f"{tls_origin.url}/echo", body=b"through").json()
        assert echo["body"] == "through"
        assert not [name for name, _ in echo["fields"] if name.lower().startswith("proxy-")]
    assert (proxy.accepted, tls_origin.accepted) == (1, 1)
    assert [line.split()[0] for line in proxy.requests] == ["CONNECT"]
    without_password = urllib3.ProxyManager(proxy.url, ca_certs=authority.pem, retries=False)
    with without_password as manager, pytest.raises(urllib3.exceptions.ProxyError, match="407"):
        manager.request("GET", f"{tls_origin.url}/sized?n=1")


def test_through_a_tunnel_in_tls(urllib3: Any, tls_origin: Any, authority: Any) -> None:
    from .servers import Proxy, serving

    with serving(Proxy, authority.server) as proxy:
        with urllib3.ProxyManager(proxy.url, ca_certs=authority.pem) as manager:
            for _ in range(2):
                assert manager.request("GET", f"{tls_origin.url}/sized?n=50000").data == content(50_000)
        assert (proxy.accepted, tls_origin.accepted) == (1, 1)


def test_tls(urllib3: Any, tls_origin: Any, authority: Any) -> None:
    with urllib3.PoolManager(ca_certs=authority.pem) as manager:
        for size in (0, 10, 100_000):
            for path in ("sized", "chunked", "gzip"):
                assert manager.request("GET", f"{tls_origin.url}/{path}?n={size}").data == content(size)
        response = manager.request("GET", f"{tls_origin.url}/sized?n=300000", preload_content=False)
        assert b"".join(response.stream(10_000)) == content(300_000)
        response.release_conn()
        assert json.loads(manager.request("PUT", f"{tls_origin.url}/echo", body=b"x" * 100_000).data)["method"] == "PUT"
        assert tls_origin.accepted == 1
        assert manager.request("GET", f"{tls_origin.url}/until-close?n=70000").data == content(70_000)
    with urllib3.PoolManager(retries=False) as manager, pytest.raises(urllib3.exceptions.SSLError):
        manager.request("GET", f"{tls_origin.url}/sized?n=1")


def test_several_pools_and_hosts(urllib3: Any, origin: Any, tls_origin: Any, authority: Any) -> None:
    with urllib3.PoolManager(ca_certs=authority.pem) as manager:
        for _ in range(5):
            for url in (origin.url, tls_origin.url, origin.url.replace("127.0.0.1", "localhost")):
                assert manager.request("GET", f"{url}/sized?n=99").data == content(99)
    assert (origin.accepted, tls_origin.accepted) == (2, 1)
