"""Real connections to real servers on loopback: the embedded one and nginx, plain and TLS, with every backend."""

from __future__ import annotations

import gc
import io
import json
import os
import ssl
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import httpconn
from httpconn import HTTPConnection, HTTPSConnection

from ..support.benches import bench

bench_server, bench_nginx, replies = bench("server"), bench("nginx"), bench("replies")

TIMEOUT_S = 20.0
TEN_KIB = replies.content(10 * 1024)


class Peer:
    """A running server, and connections to it."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self._context = server.client_context()

    def connect(self, **options: Any) -> HTTPConnection:
        options = {"timeout": TIMEOUT_S, **options}
        if self._context is None:
            return HTTPConnection(self.server.host, self.server.port, **options)
        return HTTPSConnection(self.server.host, self.server.port, context=self._context, **options)


def _start(program: ModuleType, transport: str) -> Iterator[Peer]:
    with program.running(tls=transport == "tls", timeout_s=30) as server:
        yield Peer(server)


@pytest.fixture(scope="module", params=["plain", "tls"])
def embedded(request: pytest.FixtureRequest) -> Iterator[Peer]:
    yield from _start(bench_server, request.param)


@pytest.fixture(scope="module", params=["plain", "tls"])
def nginx(request: pytest.FixtureRequest) -> Iterator[Peer]:
    if bench_nginx.find_program() is None and "CI" not in os.environ:
        pytest.skip("nginx is not installed here")
    yield from _start(bench_nginx, request.param)


@pytest.fixture(scope="module", params=["embedded-plain", "embedded-tls", "nginx-plain", "nginx-tls"])
def either(request: pytest.FixtureRequest) -> Iterator[Peer]:
    name, transport = request.param.split("-")
    if name == "nginx" and bench_nginx.find_program() is None and "CI" not in os.environ:
        pytest.skip("nginx is not installed here")
    yield from _start(bench_nginx if name == "nginx" else bench_server, transport)


def get(
    connection: HTTPConnection, target: str, method: str = "GET", **options: Any
) -> tuple[httpconn.HTTPResponse, bytes]:
    connection.request(method, target, **options)
    response = connection.getresponse()
    return response, response.read()


# -- what both servers have


@pytest.mark.parametrize(("target", "body"), [
    ("/small", b"ok"), ("/10k", TEN_KIB), ("/10k-chunked", TEN_KIB), ("/large", replies.content(replies.MIB)),
])  # fmt: skip
def test_bodies(either: Peer, in_use, target: str, body: bytes) -> None:
    connection = either.connect(strict=True)
    response, got = get(connection, target)
    assert (response.status, response.reason, response.version) == (200, "OK", 11)
    assert got == body
    assert response.complete is True
    assert response.defects == []
    assert response.chunked == (target == "/10k-chunked")
    assert response.getheader("Content-Length") == (None if response.chunked else str(len(body)))
    if target.startswith("/10k"):
        assert response.headers.get_all("Set-Cookie") == [v for n, v in replies.REALISTIC if n == "Set-Cookie"]
    for amount in (1, 1000, 65_536, 10_000_000):
        if len(body) / amount < 3000:
            connection.request("GET", target)
            response = connection.getresponse()
            assert b"".join(iter(lambda response=response, amount=amount: response.read(amount), b"")) == body
    connection.request("GET", target)
    assert b"".join(connection.getresponse()) == body
    connection.request("GET", target)
    buffer = bytearray(len(body) + 1)
    assert connection.getresponse().readinto(buffer) == len(body)
    assert buffer[:-1] == body
    connection.close()


def test_keep_alive(either: Peer, in_use) -> None:
    """A hundred requests on one socket, of each kind by turns."""
    connection = either.connect()
    connection.connect()
    sock = connection.sock
    for number in range(100):
        target, body = (("/small", b"ok"), ("/10k", TEN_KIB), ("/10k-chunked", TEN_KIB))[number % 3]
        _, got = get(connection, target)
        assert got == body
        assert connection.sock is sock, f"another socket for request {number}"
    connection.close()


def test_head(either: Peer, in_use) -> None:
    connection = either.connect()
    for target in ("/small", "/10k", "/10k-chunked", "/large"):
        response, got = get(connection, target, "HEAD")
        assert (response.status, got) == (200, b"")
    assert get(connection, "/small")[1] == b"ok"
    connection.close()


def test_response_closed_midway(either: Peer, in_use) -> None:
    connection = either.connect()
    for _ in range(3):
        connection.request("GET", "/large")
        with connection.getresponse() as response:
            assert response.read(10) == replies.content(10)
        assert get(connection, "/small")[1] == b"ok"
    connection.close()


def test_as_http_client(either: Peer, in_use) -> None:
    """The same answers as http.client gets, field by field."""
    import http.client

    theirs = http.client.HTTPConnection(either.server.host, either.server.port, timeout=TIMEOUT_S)
    if either.server.cafile:
        theirs = http.client.HTTPSConnection(
            either.server.host, either.server.port, timeout=TIMEOUT_S, context=either.server.client_context()
        )
    ours = either.connect()
    for target in ("/small", "/10k", "/10k-chunked", "/large", "/none"):
        seen = []
        for connection in (theirs, ours):
            connection.request("GET", target)
            response = connection.getresponse()
            fields = [(name, value) for name, value in response.getheaders() if name != "Date"]
            seen.append((response.status, response.reason, fields, response.will_close, response.read()))
        assert seen[0] == seen[1]
    theirs.close()
    ours.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts the descriptors in /proc")
def test_a_thousand_connections_leave_no_descriptor(either: Peer) -> None:
    count = 100 if either.server.cafile else 1000
    either.connect().close()
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(count):
        connection = either.connect()
        assert get(connection, "/small")[1] == b"ok"
        connection.close()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_urllib_request_uses_it(either: Peer, in_use, monkeypatch: pytest.MonkeyPatch) -> None:
    """urllib.request closes ``conn.sock`` before it reads the body."""
    import urllib.request

    handler: Any = urllib.request.HTTPHandler()
    if either.server.cafile:
        handler = urllib.request.HTTPSHandler(context=either.server.client_context())
    monkeypatch.setattr("http.client.HTTPConnection", HTTPConnection)
    monkeypatch.setattr("http.client.HTTPSConnection", HTTPSConnection)
    opener = urllib.request.build_opener(handler, urllib.request.ProxyHandler({}))
    for target, body in (("/small", b"ok"), ("/10k-chunked", TEN_KIB), ("/large", replies.content(replies.MIB))):
        with opener.open(either.server.url(target), timeout=TIMEOUT_S) as response:
            assert isinstance(response, httpconn.HTTPResponse)
            assert response.read() == body
            assert response.msg == "OK"


# -- what the embedded one has beyond


def test_trailers(embedded: Peer, in_use) -> None:
    connection = embedded.connect(strict=True)
    response, got = get(connection, "/chunked")
    assert got == b"abc" + TEN_KIB[:4352] + b"\r\n0\r\n\r\nz"
    assert response.trailers.items() == [("X-Checksum", "1f2e3d"), ("X-Note", "the end")]
    assert response.complete is True
    assert get(connection, "/small")[1] == b"ok"
    connection.close()


def test_interim(embedded: Peer, in_use) -> None:
    connection = embedded.connect(strict=True)
    response, got = get(connection, "/interim")
    assert (response.status, got) == (200, b"after the hints")
    (hints,) = response.interim
    assert hints.status == 103
    assert hints.field_values("link") == ["</style.css>; rel=preload; as=style"]
    assert get(connection, "/small")[1] == b"ok"
    connection.close()


@pytest.mark.parametrize(("target", "version"), [("/close", 11), ("/http10", 10)])
def test_until_close(embedded: Peer, in_use, target: str, version: int) -> None:
    connection = embedded.connect(strict=True)
    for _ in range(3):
        response, got = get(connection, target)
        assert got == TEN_KIB
        assert response.version == version
        assert response.will_close
        assert response.complete is True
        assert connection.sock is None
    connection.close()


def test_slow(embedded: Peer, in_use) -> None:
    connection = embedded.connect(strict=True)
    response, got = get(connection, "/slow/1")
    assert got
    assert response.complete is True
    connection.request("GET", "/slow/1")
    assert b"".join(iter(connection.getresponse().read1, b"")) == got
    connection.close()


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 404, 418, 500, 999])
def test_status(embedded: Peer, in_use, status: int) -> None:
    connection = embedded.connect(strict=True)
    response, got = get(connection, f"/status/{status}")
    assert response.status == status
    assert got == (b"" if status in (204, 304) else b"status %d\n" % status)
    assert get(connection, "/head204")[0].status == 204
    assert get(connection, "/small")[1] == b"ok"
    connection.close()


BODIES: dict[str, tuple[Any, bytes]] = {
    "none": (lambda: None, b""),
    "bytes": (lambda: b"bytes \xff\0", b"bytes \xff\0"),
    "str": (lambda: "caf\xe9", b"caf\xe9"),
    "bytearray": (lambda: bytearray(b"array"), b"array"),
    "memoryview": (lambda: memoryview(b"view"), b"view"),
    "large": (lambda: b"x" * 300_000, b"x" * 300_000),
    "file": (lambda: io.BytesIO(b"file" * 5000), b"file" * 5000),
    "text file": (lambda: io.StringIO("text \xe9"), b"text \xe9"),
    "list": (lambda: [b"one", b"", b"two"], b"onetwo"),
    "generator": (lambda: (b"%d" % number for number in range(100)), b"".join(b"%d" % number for number in range(100))),
}


@pytest.mark.parametrize("kind", BODIES)
def test_echo(embedded: Peer, in_use, kind: str) -> None:
    """What goes out is what the server reads, for every kind of body."""
    connection = embedded.connect(strict=True)
    make, expected = BODIES[kind]
    for _ in range(2):
        _, got = get(connection, "/echo?a=b", "POST", body=make(), headers={"X-A": "b", "X-L": "caf\xe9"})
        seen = json.loads(got)
        fields = {name.lower(): value for name, value in seen["headers"]}
        assert (seen["method"], seen["target"], seen["version"]) == ("POST", "/echo?a=b", "HTTP/1.1")
        assert seen["body"].encode("latin-1") == expected
        assert fields["host"] == f"{embedded.server.host}:{embedded.server.port}"
        assert (fields["x-a"], fields["x-l"], fields["accept-encoding"]) == ("b", "caf\xe9", "identity")
        sized = isinstance(make(), bytes | str | bytearray | memoryview | None)
        assert ("content-length" in fields) is sized
        assert (fields.get("transfer-encoding") == "chunked") is not sized
    connection.close()


def test_echo_step_by_step(embedded: Peer, in_use) -> None:
    connection = embedded.connect()
    connection.putrequest("PUT", "/echo", skip_accept_encoding=True)
    connection.putheader("X-Many", "one", "two")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders(iter([b"a", b"bc"]), encode_chunked=True)
    seen = json.loads(connection.getresponse().read())
    assert seen["body"] == "abc"
    assert "accept-encoding" not in {name.lower() for name, _ in seen["headers"]}
    connection.close()


def test_expect_continue(embedded: Peer, in_use) -> None:
    connection = embedded.connect()
    response, got = get(connection, "/echo", "POST", body=b"x", headers={"Expect": "100-continue"})
    assert [head.status for head in response.interim] == [100]
    assert json.loads(got)["body"] == "x"
    connection.close()


def test_connection_close_asked_for(embedded: Peer, in_use) -> None:
    connection = embedded.connect()
    for _ in range(3):
        response, got = get(connection, "/small", headers={"Connection": "close"})
        assert got == b"ok"
        assert response.will_close
        assert connection.sock is None
    connection.close()


# -- TLS


@pytest.fixture(scope="module")
def over_tls() -> Iterator[Any]:
    with bench_server.running(tls=True, timeout_s=30) as server:
        yield server


def test_certificate_is_checked(over_tls: Any) -> None:
    connection = HTTPSConnection(over_tls.host, over_tls.port, timeout=TIMEOUT_S)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/small")
    assert connection.sock is None
    connection.close()


def test_host_name_is_checked(over_tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    connection = HTTPSConnection("other.example", over_tls.port, timeout=TIMEOUT_S, context=over_tls.client_context())
    connection._create_connection = lambda *rest: socket.create_connection((over_tls.host, over_tls.port), TIMEOUT_S)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname|not valid for"):
        connection.request("GET", "/small")
    connection.close()


def test_shared_context(over_tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections without a context share one; mutating one connection's ``_context`` never affects another."""
    monkeypatch.setenv("SSL_CERT_FILE", over_tls.cafile)
    first, other = (HTTPSConnection(over_tls.host, over_tls.port, timeout=TIMEOUT_S) for _ in range(2))
    for connection in (first, other):
        assert get(connection, "/small")[1] == b"ok"
    assert first.sock._context is other.sock._context
    # Whoever asks for the context gets one that nobody else uses.
    other.sock.context.check_hostname = False
    other.sock.context.verify_mode = ssl.CERT_NONE
    assert first.sock._context.verify_mode == ssl.CERT_REQUIRED
    first.close()
    first._context.minimum_version = ssl.TLSVersion.TLSv1_3
    first._context.check_hostname = False
    first._context.verify_mode = ssl.CERT_NONE
    assert get(first, "/small")[1] == b"ok"
    assert first.sock.context is first._context
    other.close()
    assert get(other, "/small")[1] == b"ok"
    assert other.sock.context is not first.sock.context
    assert other.sock.context.verify_mode == ssl.CERT_REQUIRED
    monkeypatch.delenv("SSL_CERT_FILE")
    third = HTTPSConnection(over_tls.host, over_tls.port, timeout=TIMEOUT_S)
    with pytest.raises(ssl.SSLCertVerificationError):
        third.request("GET", "/small")
    for connection in (first, other, third):
        connection.close()


def test_given_context_is_used(over_tls: Any) -> None:
    context = over_tls.client_context()
    connection = HTTPSConnection(over_tls.host, over_tls.port, timeout=TIMEOUT_S, context=context)
    assert connection._context is context
    assert get(connection, "/small")[1] == b"ok"
    assert connection.sock.context is context
    assert connection.sock.selected_alpn_protocol() in (None, "http/1.1")
    connection.close()
