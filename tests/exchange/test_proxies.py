"""What is said to proxies, byte by byte, without any I/O; and how their URLs are read."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from httpconn._exchange.proxies import ConnectHandshake, EnvironmentProxies, Proxy, Socks5Handshake, parse_proxy
from httpconn._wire.urls import Origin
from httpconn.errors import InvalidURL, MissingExtra, ProxyError

ORIGIN = Origin("https", "origin.test", 443)

# -- URLs


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "username", "password"),
    [
        ("http://proxy.test:3128", "http", "proxy.test", 3128, None, b""),
        ("http://proxy.test/", "http", "proxy.test", 80, None, b""),
        ("HTTPS://Proxy.Test", "https", "proxy.test", 443, None, b""),
        ("socks5://127.0.0.1", "socks5", "127.0.0.1", 1080, None, b""),
        ("socks5h://u:p@[::1]:99", "socks5h", "::1", 99, b"u", b"p"),
        ("http://[::1]", "http", "::1", 80, None, b""),
        ("http://user:p%40ss%3A%2f@proxy.test:8080", "http", "proxy.test", 8080, b"user", b"p@ss:/"),
        ("http://user:p@ss@proxy.test", "http", "proxy.test", 80, b"user", b"p@ss"),
        ("http://user@proxy.test", "http", "proxy.test", 80, b"user", b""),
        ("http://:@proxy.test", "http", "proxy.test", 80, b"", b""),
    ],
)
def test_urls(url: str, scheme: str, host: str, port: int, username: bytes | None, password: bytes) -> None:
    proxy = parse_proxy(url)
    assert proxy.key == (scheme, host, port, username, password)


@pytest.mark.parametrize(
    "url",
    [
        "proxy.test:3128",
        "user:secret@proxy.test:3128",
        "ftp://user:secret@proxy.test",
        "socks4://user:secret@proxy.test",
        "http://user:secret@",
        "http://user:secret@proxy.test:0",
        "http://user:secret@proxy.test:port",
        "http://user:secret@proxy.test:65536",
        "http://user:secret@proxy.test/path",
        "http://user:secret/@proxy.test",
        "http://user:secret@proxy.test?query",
        "http://user:secret@proxy.test#fragment",
        "http://user:secret@pro xy.test",
        "http://user:secret@proxy.test\r\nX: y",
        "http://user:secret@[::1",
        "http://us%3Aer:secret@proxy.test",
        "http://user:secret\ud800@proxy.test",
        "http://user:secret@pro\ud800xy.test",
        "socks5://user@proxy.test",
        "socks5://user:" + "secret" * 43 + "@proxy.test",
        "http://",
        "",
    ],
)
def test_refused_urls(url: str) -> None:
    """And no text tells the password."""
    with pytest.raises(InvalidURL) as caught:
        parse_proxy(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_password_is_shown() -> None:
    proxy = parse_proxy("http://user:secret@proxy.test")
    assert "secret" not in f"{proxy} {proxy!r}"
    assert "user" not in f"{proxy} {proxy!r}"


def test_no_str() -> None:
    with pytest.raises(TypeError):
        parse_proxy(3128)  # type: ignore[arg-type]


def test_socks_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    parse_proxy.cache_clear()
    with pytest.raises(MissingExtra, match=r"pip install 'httpconn\[socks\]'"):
        parse_proxy("socks5://proxy.test")
    assert parse_proxy("http://proxy.test").host == "proxy.test"


# -- CONNECT


def fed(handshake: Any, wire: bytes, pieces: Callable[[bytes], Iterator[bytes]]) -> bool:
    done = False
    for piece in pieces(wire):
        assert not done, "it was done before all had come"
        done = handshake.receive(piece)
    return done


def whole(wire: bytes) -> Iterator[bytes]:
    yield wire


def by_bytes(wire: bytes) -> Iterator[bytes]:
    for at in range(len(wire)):
        yield wire[at : at + 1]


EVERY_CUT = pytest.mark.parametrize("pieces", [whole, by_bytes])


def test_connect_request(in_use) -> None:
    handshake = ConnectHandshake(parse_proxy("http://user:p%40ss@proxy.test"), ORIGIN)
    assert handshake.outgoing() == (
        b"CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n"
    )
    assert handshake.outgoing() == b""


def test_connect_request_to_an_ipv6_address(in_use) -> None:
    handshake = ConnectHandshake(parse_proxy("http://proxy.test"), Origin("https", "2001:db8::1", 8443))
    assert handshake.outgoing() == b"CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n"


@EVERY_CUT
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 Connection established\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nProxy-agent: x\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        # RFC 9110 section 9.3.6: these mean nothing here.
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_connect_is_answered(in_use, answer: bytes, pieces: Callable[[bytes], Iterator[bytes]]) -> None:
    assert fed(ConnectHandshake(parse_proxy("http://proxy.test"), ORIGIN), answer, pieces)


@EVERY_CUT
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", 407),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 503),
        (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\n\r\n", 302),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 101),
    ],
)
def test_connect_is_refused(in_use, answer: bytes, status: int, pieces: Callable[[bytes], Iterator[bytes]]) -> None:
    handshake = ConnectHandshake(parse_proxy("http://user:secret@proxy.test"), ORIGIN)
    with pytest.raises(ProxyError, match=f"^{status} .* to CONNECT https://origin.test from the proxy") as caught:
        fed(handshake, answer, pieces)
    assert caught.value.status == status
    assert len(caught.value.headers) == 1
    assert "secret" not in str(caught.value)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.status, copy.headers) == (str(caught.value), status, caught.value.headers)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n\x16\x03\x01",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"",
        b"HTTP/1.1 200 " + b"x" * 9_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    ],
)
def test_connect_is_not_answered(in_use, answer: bytes) -> None:
    handshake = ConnectHandshake(parse_proxy("http://proxy.test"), ORIGIN)
    with pytest.raises(ProxyError):
        if not handshake.receive(answer):
            handshake.receive(b"")


def test_connect_takes_no_endless_head(in_use) -> None:
    handshake = ConnectHandshake(parse_proxy("http://proxy.test"), ORIGIN)
    handshake.receive(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(ProxyError):
        for number in range(10_000):
            handshake.receive(b"X-%d: %s\r\n" % (number, b"y" * 1_000))


# -- SOCKS 5


def socks(url: str = "socks5h://proxy.test", host: str = "origin.test") -> Socks5Handshake:
    pytest.importorskip("socksio")
    return Socks5Handshake(parse_proxy(url), host, 443)


GRANTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"


@EVERY_CUT
@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("origin.test", b"\x03\x0borigin.test"),
        ("192.0.2.1", b"\x01\xc0\x00\x02\x01"),
        ("2001:db8::1", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01"),
    ],
)
@pytest.mark.parametrize(
    "bound",
    [b"\x01\x7f\x00\x00\x01\x00\x50", b"\x04" + bytes(16) + b"\x00\x50", b"\x03\x04name\x00\x50", b"\x03\x00\x00\x50"],
)
def test_socks(host: str, address: bytes, bound: bytes, pieces: Callable[[bytes], Iterator[bytes]]) -> None:
    handshake = socks(host=host)
    assert handshake.outgoing() == b"\x05\x01\x00"
    assert not fed(handshake, b"\x05\x00", pieces)
    assert handshake.outgoing() == b"\x05\x01\x00" + address + b"\x01\xbb"
    assert fed(handshake, b"\x05\x00\x00" + bound, pieces)
    assert handshake.outgoing() == b""


@EVERY_CUT
def test_socks_with_password(pieces: Callable[[bytes], Iterator[bytes]]) -> None:
    handshake = socks("socks5h://us%FFer:p%40ss@proxy.test")
    assert handshake.outgoing() == b"\x05\x02\x00\x02"
    assert not fed(handshake, b"\x05\x02", pieces)
    assert handshake.outgoing() == b"\x01\x05us\xffer\x04p@ss"
    assert not fed(handshake, b"\x01\x00", pieces)
    assert handshake.outgoing().startswith(b"\x05\x01\x00\x03")
    assert fed(handshake, GRANTED, pieces)


def test_socks_with_a_password_that_is_not_asked_for() -> None:
    handshake = socks("socks5h://user:password@proxy.test")
    handshake.outgoing()
    assert not handshake.receive(b"\x05\x00")
    assert handshake.outgoing().startswith(b"\x05\x01\x00\x03")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([b"\x05\xff"], "takes none of our ways to log in"),
        ([b"\x05\x01"], "takes none of our ways to log in"),
        ([b"\x05\x02"], "asks for a user name and a password"),
        ([b"\x05\x77"], "Malformed"),
        ([b"\x04\x00"], "does not speak SOCKS 5"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "does not speak SOCKS 5"),
        ([b""], "closed the connection"),
        ([b"\x05", b""], "closed the connection"),
        ([b"\x05\x00\x00"], "sent bytes behind its answer"),
        ([b"\x05\x00", b"\x05\x05"], "connection refused"),
        ([b"\x05\x00", b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"], "connection not allowed by ruleset"),
        ([b"\x05\x00", b"\x05\x77\x00\x01"], "reply 119"),
        ([b"\x05\x00", b"\x05\x00\x00\x02\x00"], "an address of an unknown kind"),
        ([b"\x05\x00", b"\x05\x00\x00"], "closed the connection"),
        ([b"\x05\x00", GRANTED + b"HTTP/1.1 200 OK\r\n\r\n"], "sent bytes behind its answer"),
    ],
)
def test_socks_refuses(answers: list[bytes], told: str) -> None:
    handshake = socks()
    with pytest.raises(ProxyError, match=told) as caught:
        for answer in answers:
            handshake.outgoing()
            assert not handshake.receive(answer)
        handshake.receive(b"")
    assert "origin.test, port 443" in str(caught.value)


@pytest.mark.parametrize("answer", [b"\x01\x01", b"\x05\x00"])
def test_socks_refuses_the_password(answer: bytes) -> None:
    handshake = socks("socks5h://user:secret@proxy.test")
    handshake.outgoing()
    assert not handshake.receive(b"\x05\x02")
    handshake.outgoing()
    with pytest.raises(ProxyError, match=r"user name and password|does not speak") as caught:
        handshake.receive(answer)
    assert "secret" not in str(caught.value)


# -- the environment


def found(origin: Origin) -> str | None:
    proxy = EnvironmentProxies().find(origin)
    return None if proxy is None else str(proxy)


def test_environment(environment: pytest.MonkeyPatch) -> None:
    plain = Origin("http", "origin.test", 80)
    assert found(plain) is None
    environment.setenv("ALL_PROXY", "http://all.test:1")
    environment.setenv("HTTP_PROXY", "plain.test:2")
    environment.setenv("NO_PROXY", "skipped.test,.inner.test,[::1]")
    assert found(plain) == "http://plain.test:2"
    assert found(ORIGIN) == "http://all.test:1"
    assert found(Origin("http", "skipped.test", 80)) is None
    assert found(Origin("https", "deep.inner.test", 8443)) is None
    assert found(Origin("https", "::1", 443)) is None
    assert found(Origin("http", "notskipped.test", 80)) is not None
    environment.setenv("http_proxy", "")
    assert found(plain) == "http://all.test:1"
    environment.setenv("NO_PROXY", "*")
    assert found(ORIGIN) is None


def test_environment_of_a_cgi_program(environment: pytest.MonkeyPatch) -> None:
    """CVE-2016-1000110: there, HTTP_PROXY is the field "Proxy" of whoever asks."""
    environment.setenv("HTTP_PROXY", "http://evil.test")
    environment.setenv("REQUEST_METHOD", "GET")
    assert found(Origin("http", "origin.test", 80)) is None
    environment.setenv("http_proxy", "http://good.test")
    assert found(Origin("http", "origin.test", 80)) == "http://good.test:80"


def test_a_key_for_each_password() -> None:
    """CVE-2022-22576."""
    urls = ["http://proxy.test", "http://a:b@proxy.test", "http://a:c@proxy.test", "https://a:b@proxy.test:80"]
    assert len({parse_proxy(url).key for url in urls}) == len(urls)
    assert isinstance(parse_proxy(urls[0]), Proxy)
