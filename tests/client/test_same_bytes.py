"""Same bytes: a request at once and step by step; and what is refused before a byte is sent."""

from __future__ import annotations

import http.client
import io
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import httpconn
from httpconn import HTTPConnection, HTTPException, InvalidField, InvalidURL
from httpconn._backends.contract import Backend

from ..support.grouped import in_groups
from ..support.peers import ScriptedServer, answered, received, socket_pair, take_request, tcp_pair

SECRET = "s3cr3t-t0ken"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


class StepByStep(HTTPConnection):
    """Overrides one step, so that every step is gone one by one."""

    def putheader(self, *arguments: Any) -> None:
        super().putheader(*arguments)


def sent(connection_class: type, arguments: dict[str, Any], host: tuple[Any, ...] = ("example.org",), **options: Any):
    """Return (the bytes that went out, the exception)."""
    with socket_pair() as (client, server):
        connection = connection_class(*host, **options)
        connection.sock = client
        error = None
        try:
            connection.request(**arguments)
        except Exception as caught:
            error = caught
        data = received(server)
        connection.close()
    return data, error


# -- the law

text = st.text(st.characters(max_codepoint=0x17F), max_size=12)
plain = st.text("abcXYZ019-_/.?=&%", min_size=1, max_size=12)
names = st.one_of(
    st.sampled_from(["Host", "host", "Accept-Encoding", "ACCEPT-ENCODING", "X-A", "x-a", "Content-Length",
                     "content-length", "Transfer-Encoding", "Expect"]),
    st.text("abcXYZ019-_!#$", min_size=1, max_size=8), text, text.map(lambda value: value.encode("utf-8")), st.integers(),
)  # fmt: skip
values = st.one_of(
    plain, text,
    st.sampled_from(["", " ", "5", "chunked", "a\r\n b", "a\r\nb: c", "a\nb", "\r\n", "caf\xe9", "a\tb", " a "]),
    st.binary(max_size=6), st.integers(), st.none(), st.booleans(),
)  # fmt: skip
methods = st.one_of(st.sampled_from(["GET", "POST", "PUT", "patch", "HEAD", "DELETE", "", "get"]), text)
targets = st.one_of(plain.map(lambda value: "/" + value), st.sampled_from(
    ["", "/", "*", "http://other.example/x", "https://other.example:81", "http://[::1%25x]/", "httpx", "//a/b", "/a b",
     "/\r\nX: y"]
), text)  # fmt: skip
request_bodies = st.one_of(
    st.none(), st.binary(max_size=8), text, st.sampled_from([b"x" * 20_000, [b"a", b"b"], bytearray(b"x")])
)
hosts = st.sampled_from(
    [("example.org",), ("example.org", 8080), ("::1", 81), ("[::1]:82",), ("b\xfccher.example",), ("fe80::1%eth0", 81)]
)


@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=methods, url=targets, body=request_bodies, headers=st.dictionaries(names, values, max_size=4), host=hosts,
       strict=st.booleans())  # fmt: skip
@example(method="POST", url="/", body=b"x", headers={"A": "b\r\nInjected: c"}, host=("example.org",), strict=False)
@example(method="GET", url="/", body=None, headers={"A\r\nInjected": "c"}, host=("example.org",), strict=False)
@example(method="GET", url="/", body=None, headers={"K": "kelvin \u212a"}, host=("example.org",), strict=False)
@example(method="GET", url="/", body=None, headers={"\u212aost": "x"}, host=("example.org",), strict=False)
def test_same_bytes(
    in_use, method: str, url: str, body: Any, headers: dict[Any, Any], host: tuple[Any, ...], strict: bool
) -> None:
    arguments = {"method": method, "url": url, "body": body, "headers": headers}
    fast, fast_error = sent(HTTPConnection, arguments, host, strict=strict)
    slow, slow_error = sent(StepByStep, arguments, host, strict=strict)
    assert fast == slow
    assert type(fast_error) is type(slow_error)
    assert str(fast_error) == str(slow_error)
    if fast_error is None:
        assert _is_one_request(fast)
    else:
        assert fast == b"", "something was sent of a request that was refused"


def _is_one_request(data: bytes) -> bool:
    """Read by an eye of its own: no line but those that were meant, in the head."""
    head, end, _ = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    controls = {*range(0x20)} - {0x09}
    return (
        bool(end)
        and all(line[:1] in b" \t" or b":" in line for line in lines[1:])
        and controls.isdisjoint(head.replace(b"\r\n", b""))
    )


@pytest.mark.parametrize(("arguments", "fast"), [
    ({"method": "GET", "url": "/"}, True),
    ({"method": "GET", "url": "/", "headers": {"A": "b", "Host": "x", "accept-encoding": "gzip"}}, True),
    ({"method": "POST", "url": "/", "body": b"x"}, True),
    ({"method": "POST", "url": "/", "body": b"x" * 50_000}, True),
    ({"method": "POST", "url": "/"}, True),
    ({"method": "GET", "url": "/", "headers": {"A": "caf\xe9"}}, True),
    ({"method": "GET", "url": "/", "headers": {"A": b"bytes"}}, False),
    ({"method": "GET", "url": "/", "headers": {"A": 5}}, False),
    ({"method": "POST", "url": "/", "body": b"x", "headers": {"Content-Length": "1"}}, False),
    ({"method": "GET", "url": "/", "headers": {"A": "b\r\n c"}}, False),
])  # fmt: skip
def test_which_road_is_taken(in_use, arguments: dict[str, Any], fast: bool) -> None:
    """The law above is not vacuous: what is plain takes the fast path, and only that."""
    called = set()
    sys.setprofile(lambda frame, event, argument: called.add(frame.f_code.co_name) if event == "call" else None)
    try:
        _, error = sent(HTTPConnection, arguments)
    finally:
        sys.setprofile(None)
    assert error is None
    assert ("putrequest" in called) is not fast


STEPS = ("putrequest", "putheader", "endheaders", "send", "_send_output", "_output", "_send_request", "_encode_request",
         "_validate_method", "_validate_path", "_get_content_length")  # fmt: skip


@pytest.mark.parametrize("where", ["subclass", "class", "instance"])
@pytest.mark.parametrize("step", STEPS)
def test_an_overridden_step_is_called(in_use, monkeypatch: pytest.MonkeyPatch, step: str, where: str) -> None:
    """By a subclass, a patched class or a patched instance; also one that is patched after requests were made."""
    calls = []
    original = HTTPConnection.__dict__[step]

    def spy(self, *arguments: Any, **options: Any) -> Any:
        calls.append(step)
        return original(self, *arguments, **options)

    if isinstance(original, staticmethod):
        spy = staticmethod(lambda *arguments: (calls.append(step), original(*arguments))[1])  # type: ignore[assignment]
    with socket_pair() as (client, server):
        connection_class: type = HTTPConnection
        if where == "subclass":
            connection_class = type("Sub", (HTTPConnection,), {step: spy})
        connection = connection_class("example.org")
        connection.sock = client
        if where != "subclass":
            connection.request("GET", "/")
            answered(server, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.getresponse().read()
        if where == "class":
            monkeypatch.setattr(HTTPConnection, step, spy)
        elif where == "instance":
            setattr(connection, step, spy.__get__(connection) if not isinstance(spy, staticmethod) else spy.__func__)
        connection.request("POST", "/", b"x", {"A": "b"})
        assert calls
        assert received(server).endswith(b"POST / HTTP/1.1\r\nHost: example.org\r\nAccept-Encoding: identity\r\n"
                                         b"Content-Length: 1\r\nA: b\r\n\r\nx")  # fmt: skip
        connection.close()


def test_a_host_property_is_asked(in_use) -> None:
    class Sub(HTTPConnection):
        @property
        def host(self) -> str:
            return "property.example"

        @host.setter
        def host(self, value: str) -> None:
            pass

    data, error = sent(Sub, {"method": "GET", "url": "/"})
    assert error is None
    assert b"\r\nHost: property.example\r\n" in data


def test_a_changed_host_is_seen(in_use) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("one.example")
        connection.sock = client
        for host, port, line in (
            ("one.example", 80, b"one.example"),
            ("two.example", 80, b"two.example"),
            ("two.example", 81, b"two.example:81"),
        ):
            connection.host, connection.port = host, port
            connection.request("GET", "/")
            assert b"\r\nHost: %b\r\n" % line in received(server)
            answered(server, b"HTTP/1.1 204 No\r\n\r\n")
            connection.getresponse().close()
        connection.close()


# -- refused before a byte is sent

CONTROLS = [chr(number) for number in (*range(0x20), 0x7F)]
BAD: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    **{f"method-{ord(c):02x}": ({"method": f"G{c}ET"}, ValueError) for c in [*CONTROLS, " "]},
    **{f"url-{ord(c):02x}": ({"url": f"/a{c}b"}, InvalidURL) for c in [*CONTROLS, " "]},
    **{f"name-{ord(c):02x}": ({"headers": {f"A{c}B": "c"}}, ValueError) for c in [*CONTROLS, ":"]},
    **{f"value-{ord(c):02x}": ({"headers": {"A": f"{SECRET}{c}b"}}, ValueError) for c in CONTROLS if c != "\t"},
    "name-empty": ({"headers": {"": "b"}}, ValueError),
    "name-leading-space": ({"headers": {" A": "b"}}, ValueError),
    "name-trailing-colon": ({"headers": {"A:": "b"}}, ValueError),
    "name-line": ({"headers": {"A: b\r\nC": "d"}}, ValueError),
    "value-line": ({"headers": {"A": f"{SECRET}\r\nC: d"}}, ValueError),
    "value-bytes-line": ({"headers": {"A": SECRET.encode() + b"\r\nC: d"}}, ValueError),
    "value-message-end": ({"headers": {"A": f"{SECRET}\r\n\r\nGET / HTTP/1.1"}}, ValueError),
    "value-not-latin-1": ({"headers": {"A": f"{SECRET}€"}}, UnicodeEncodeError),
    "value-lf-fold": ({"headers": {"A": f"{SECRET}\n b"}}, ValueError),
    "value-trailing-crlf": ({"headers": {"A": f"{SECRET}\r\n"}}, ValueError),
    "name-not-ascii": ({"headers": {"é": "b"}}, UnicodeEncodeError),
    "method-not-ascii": ({"method": "GÉT"}, UnicodeEncodeError),
    "url-not-ascii": ({"url": "/é"}, UnicodeEncodeError),
    "body-not-latin-1": ({"method": "POST", "body": "€"}, UnicodeEncodeError),
    "url-line": ({"url": "/ HTTP/1.1\r\nX: y\r\n\r\nGET /"}, InvalidURL),
    "url-host": ({"url": "http://other\r\nX: y/"}, InvalidURL),
    "two-lengths": ({"body": b"x", "headers": {"Content-Length": "1", "content-length": "2"}}, InvalidField),
    "length-and-chunked": (
        {"body": b"x", "headers": {"Content-Length": "1", "Transfer-Encoding": "chunked"}}, InvalidField
    ),
}  # fmt: skip


both_modes = pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])


@both_modes
@pytest.mark.parametrize("road", [HTTPConnection, StepByStep], ids=["fast", "steps"])
@in_groups("name", [(name, name) for name in BAD])
def test_refused(in_use, name: str, road: type[HTTPConnection], strict: bool) -> None:
    """CVE-2016-5699, CVE-2019-9740, CVE-2019-9947, CVE-2019-18348, CVE-2020-26116 and their kin."""
    bad, kind = BAD[name]
    with socket_pair() as (client, server):
        connection = road("example.org", strict=strict)
        connection.sock = client
        with pytest.raises(kind) as caught:
            connection.request(**{"method": "GET", "url": "/", **bad})
        assert isinstance(caught.value, ValueError | HTTPException)
        assert SECRET not in str(caught.value), "a field's value in an error text"
        assert SECRET not in str(caught.value.__context__)
        assert received(server) == b""
        connection.request("GET", "/next")
        assert received(server).startswith(b"GET /next HTTP/1.1\r\nHost: example.org\r\n")
        connection.close()


@pytest.mark.parametrize(
    "name", sorted(name for name in BAD if name.split("-")[0] in ("method", "url", "name", "value"))
)
def test_refused_as_http_client_does(name: str) -> None:
    """The same type of exception, wherever http.client refuses too."""
    bad, _ = BAD[name]
    arguments = {"method": "GET", "url": "/", **bad}
    _, theirs = sent(http.client.HTTPConnection, arguments)
    _, ours = sent(HTTPConnection, arguments)
    if theirs is not None:
        assert isinstance(ours, type(theirs))
        if name.split("-")[0] in ("method", "url"):
            assert str(ours) == str(theirs)


@pytest.mark.parametrize("step", ["putrequest-method", "putrequest-url", "putheader-name", "putheader-value"])
def test_a_refused_step_leaves_the_connection_usable(step: str) -> None:
    """Step by step, too: nothing is sent, and the request goes on, or begins, as if that step had not been tried."""
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        if step.startswith("putheader"):
            connection.putrequest("GET", "/")
        bad = {
            "putrequest-method": ("G\nET", "/"), "putrequest-url": ("GET", "/a b"),
            "putheader-name": ("A\n", "b"), "putheader-value": ("A", "b\nc"),
        }[step]  # fmt: skip
        with pytest.raises((ValueError, InvalidURL)):
            getattr(connection, step.partition("-")[0])(*bad)
        if step.startswith("putrequest"):
            connection.putrequest("GET", "/")  # the request has not begun
        connection.putheader("C", "d")
        connection.endheaders()
        assert received(server) == b"GET / HTTP/1.1\r\nHost: example.org\r\nAccept-Encoding: identity\r\nC: d\r\n\r\n"
        connection.close()


@both_modes
@pytest.mark.parametrize("second", [("Content-Length", "2"), ("content-length", "1"), ("Transfer-Encoding", "chunked")])
def test_contradicting_framing_step_by_step(in_use, second: tuple[str, str], strict: bool) -> None:
    """SAFETY, Requests: a request whose own framing contradicts itself is refused."""
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", strict=strict)
        connection.sock = client

        def steps() -> None:
            connection.putrequest("POST", "/")
            connection.putheader("Content-Length", "1")
            connection.putheader(*second)
            connection.endheaders(b"x")

        with pytest.raises(InvalidField):
            steps()
        assert received(server) == b""
        connection.close()


@pytest.mark.parametrize(("arguments", "default"), [
    ({"body": b"four", "headers": {"Content-Length": "5"}}, True),
    ({"body": b"four", "headers": {"Content-Length": "x"}}, True),
    ({"body": None, "headers": {"Content-Length": "5"}}, True),
    ({"headers": {"A B": "c"}}, True),
    ({"headers": {"A(": "c"}}, True),
    ({"headers": {b"A\xe9": "c"}}, True),
    ({"body": b"four", "headers": {"Content-Length": "4"}}, None),
    ({"body": [b"four"], "headers": {"Content-Length": "4"}}, None),
    ({"headers": {"A": "b"}}, None),
])  # fmt: skip
def test_strict_requests(in_use: Backend, arguments: dict[str, Any], default: bool | None) -> None:
    """By default http.client's outcome, and refused by strict (True); or sent by both (None)."""
    arguments = {"method": "POST", "url": "/", **arguments}
    data, error = sent(HTTPConnection, arguments)
    assert error is None
    assert data
    data, error = sent(HTTPConnection, arguments, strict=True)
    if default:
        assert isinstance(error, InvalidField)
        assert data == b""
    else:
        assert error is None


def ask_through_tunnel(connection: HTTPConnection, *tunnel: Any) -> None:
    connection.set_tunnel(tunnel[0], 443, *tunnel[1:])
    connection.request("GET", "/")


@both_modes
@pytest.mark.parametrize("host", ["a\r\nb", "a\nb", "a\0b", "a b", "a\x7fb", "a\tb", "example.org\r\nX-Injected: y"])
def test_refused_hosts(in_use, host: str, strict: bool) -> None:
    """CVE-2019-18348; and CVE-2026-1502 for the tunnel's end."""
    with pytest.raises(InvalidURL):
        HTTPConnection(host)
    with tcp_pair() as (client, server):
        connection = HTTPConnection("proxy.example", strict=strict)
        connection._create_connection = lambda *_: client
        with pytest.raises((InvalidURL, ValueError)):
            ask_through_tunnel(connection, host)
        assert received(server) == b""
        connection.close()


@both_modes
@pytest.mark.parametrize(
    "headers", [{"A": f"{SECRET}\r\nX: y"}, {"A\r\nX": "y"}, {"A\n": "b"}, {"A": f"{SECRET}\0"}, {"": "b"}]
)
def test_refused_tunnel_headers(in_use, headers: dict[str, str], strict: bool) -> None:
    with tcp_pair() as (client, server):
        connection = HTTPConnection("proxy.example", strict=strict)
        connection._create_connection = lambda *_: client
        with pytest.raises(ValueError, match="Invalid header") as caught:
            ask_through_tunnel(connection, "example.org", headers)
        assert SECRET not in str(caught.value)
        assert received(server) == b""
        connection.close()


def test_values_stay_out_of_debug_output_of_other_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """A refused header prints nothing at all, even with debug output on."""
    with socket_pair() as (client, _):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.set_debuglevel(1)
        with pytest.raises(ValueError, match="Invalid header"):
            connection.request("GET", "/", headers={"Authorization": SECRET, "A": "b\nc"})
        connection.close()
    assert SECRET not in capsys.readouterr().out


def test_caller_objects_are_left_alone(in_use) -> None:
    headers = {"A": "b"}
    body = bytearray(b"body")
    sent(HTTPConnection, {"method": "POST", "url": "/", "body": body, "headers": headers})
    assert headers == {"A": "b"}
    assert body == b"body"
    assert httpconn.HTTPConnection.request.__defaults__ is not None
    assert {} in httpconn.HTTPConnection.request.__defaults__


@pytest.mark.parametrize("headers", [{}, {"Host": "h"}], ids=["own-host", "given-host"])
def test_a_tunnel_to_a_port_that_is_none(headers: dict[str, str]) -> None:
    """CVE-2026-1502 again, by the port: http.client raises TypeError for it."""
    with socket_pair() as (client, server):
        connection = HTTPConnection("proxy.test")
        with pytest.raises((TypeError, ValueError)):
            connection.set_tunnel("origin.test", "443 HTTP/1.1\r\nX-Evil: 1\r\nY:", headers)  # type: ignore[arg-type]
            connection.sock = client
            connection._tunnel()
        assert received(server) == b""


def test_an_attribute_that_was_taken_out_of_the_class(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(HTTPConnection, "debuglevel")
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.debuglevel = 0
        connection.sock = client
        server.sendall(GOOD)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"good"
        connection.close()


@pytest.mark.parametrize(("method", "headers", "body"), [
    ("G(E)T", {}, None), ("", {}, None), ("GET", {"Host": "a", "HOST": "b"}, None), ("GET", {"Host": "a", b"hoST": "b"}, None),
    ("POST", {"Content-Length": "-5"}, io.BytesIO(b"x")), ("POST", {"Content-Length": "5 5"}, io.BytesIO(b"x")),
    ("GET", {b"Content-Length": "999"}, None), ("POST", {b"Content-Length": b"999"}, b"x"),
])  # fmt: skip
def test_a_strict_connection_sends_no_such_request(in_use: Any, method: str, headers: Any, body: Any) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", strict=True)
        connection.sock = client
        with pytest.raises((ValueError, InvalidField)):
            connection.request(method, "/", body, headers)
        assert received(server) == b""
        connection.request("GET", "/")
        connection.close()


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length"])
def test_a_length_under_a_name_of_bytes_is_told_once(in_use: Any, name: bytes) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("POST", "/", b"body", {name: "4"})  # type: ignore[dict-item]
        assert received(server).lower().count(b"content-length: 4\r\n") == 1
        connection.close()


def test_an_authority_with_a_percent_is_sent_as_it_is() -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("proxy.test")
        connection.sock = client
        connection.request("GET", "http://a%41.example:8080/x")
        assert b"\r\nHost: a%41.example:8080\r\n" in received(server)
        connection.close()


def test_a_password_where_a_port_should_be_is_not_told() -> None:
    with pytest.raises(httpconn.InvalidURL) as raised:
        HTTPConnection("user:s3cret@host")
    assert "s3cret" not in str(raised.value)


def test_cve_2023_32681_proxy_authorization_goes_to_the_proxy_alone() -> None:
    seen: list[bytes] = []

    def serve(sock) -> None:
        seen.append(take_request(sock))
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        seen.append(take_request(sock))
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        take_request(sock)

    with ScriptedServer(serve) as server:
        connection = HTTPConnection(server.host, server.port, timeout=5)
        connection.set_tunnel("origin.example", 80, {"Proxy-Authorization": "Basic c2VjcmV0"})
        connection.request("GET", "/", headers={"Authorization": "mine"})
        assert connection.getresponse().read() == b"ok"
        connection.close()
    assert b"c2VjcmV0" in seen[0]
    assert b"mine" not in seen[0]
    assert b"c2VjcmV0" not in seen[1]
    assert b"mine" in seen[1]
