"""What http.client has of late: its arguments, signatures and limits, on every Python as on the newest, or as on this one."""

from __future__ import annotations

import contextlib
import http.client
import inspect
import io
from typing import Any

import pytest

import httpconn
from httpconn import Limits

from ..dropin.fakes import FakeSocket

CLASSES = ("HTTPConnection", "HTTPSConnection", "HTTPResponse")


def fields(count: int) -> bytes:
    return b"".join(b"X-%d: y\r\n" % number for number in range(count))


def head(count: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + fields(count) + b"\r\n"


def chunked(trailers: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n" + fields(trailers) + b"\r\n"


def answered(wire: bytes, **options: Any) -> Any:
    connection = httpconn.HTTPConnection("host.example", **options)
    connection.sock = FakeSocket(wire)
    connection.request("GET", "/")
    return connection.getresponse()


def public_and_used(cls: type) -> set[str]:
    """The names of *cls* but those that are private to how http.client reads and sends."""
    private = {name for name in vars(cls) if name.startswith("_") and not name.startswith("__")}
    return {name for name in vars(cls) if not name.startswith("_")} | (
        private & {"_tunnel", "_read_status", "_close_conn"}
    )


@pytest.mark.parametrize("name", CLASSES)
def test_names_and_signatures_are_those_of_this_python(name: str) -> None:
    """Each public name is there; each method takes what http.client's takes, in the same places with the same defaults."""
    theirs, ours = getattr(http.client, name), getattr(httpconn, name)
    for attribute in sorted(public_and_used(theirs)):
        there = getattr(theirs, attribute)
        here = getattr(ours, attribute)
        if not callable(there) or isinstance(there, type):
            assert type(here) is type(there), attribute
            continue
        wanted = inspect.signature(there).parameters
        given = inspect.signature(here).parameters
        for position, parameter in enumerate(wanted.values()):
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:  # nobody can say its name
                assert list(given.values())[position].kind == parameter.kind
                continue
            assert parameter.name in given, (attribute, parameter)
            if parameter.name == "self":
                continue
            same = given[parameter.name]
            assert same.kind == parameter.kind, (attribute, parameter)
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                assert list(given)[position] == parameter.name, (attribute, parameter)
        for extra in set(given) - set(wanted):
            optional = (
                given[extra].kind is inspect.Parameter.VAR_POSITIONAL
                or given[extra].default is not inspect.Parameter.empty
            )
            assert optional, (attribute, extra)
    wanted = inspect.signature(theirs).parameters
    given = inspect.signature(ours).parameters
    for parameter in wanted.values():
        assert given[parameter.name].kind == parameter.kind, parameter


@pytest.mark.parametrize(
    "options", [{}, {"limits": Limits(field_lines=7, trailer_lines=7)}], ids=["alone", "beside limits"]
)
def test_max_response_headers(in_use: Any, options: dict[str, Any]) -> None:
    """It counts in heads and in trailers, and goes before ``limits``."""
    for most in (0, 20, 150):
        assert len(answered(head(most), max_response_headers=most, **options).getheaders()) == most
        with pytest.raises(httpconn.HTTPException, match=f"got more than {most} headers"):
            answered(head(most + 1), max_response_headers=most, **options)
    for most in (20, 150):
        assert answered(chunked(most), max_response_headers=most, **options).read() == b"hi"
        response = answered(chunked(most + 1), max_response_headers=most, **options)
        with pytest.raises(httpconn.HTTPException, match=f"got more than {most} trailers"):
            response.read()


def test_max_response_headers_is_an_attribute(in_use: Any) -> None:
    connection = httpconn.HTTPSConnection("host.example", max_response_headers=3)
    assert connection.max_response_headers == 3
    assert httpconn.HTTPConnection("host.example").max_response_headers is None
    connection.max_response_headers = 5
    connection.sock = FakeSocket(head(5))
    connection.request("GET", "/")
    assert len(connection.getresponse().getheaders()) == 5


def tunnelled(wire: bytes, headers: Any = None, host: str = "origin.example", **options: Any) -> Any:
    response_class = options.pop("response_class", httpconn.HTTPResponse)
    connection = httpconn.HTTPConnection("proxy.example", **options)
    connection.response_class = response_class
    sock = FakeSocket(wire)
    connection._create_connection = lambda *arguments: sock
    connection.set_tunnel(host, 443, headers)
    connection.connect()
    return connection, b"".join(sock.sent)


class Bare:
    """A response class that is none of ours, as some programs have one."""

    def __init__(self, sock: Any, method: str | None = None) -> None:
        self.fp = sock.makefile("rb")

    def _read_status(self) -> tuple[str, int, str]:
        return "HTTP/1.1", int(self.fp.readline().split()[1]), "OK"

    def close(self) -> None:
        self.fp.close()


@pytest.mark.parametrize("response_class", [httpconn.HTTPResponse, Bare])
def test_the_answer_to_connect(response_class: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are bounded by each limit, whatever reads its status, and told by ``get_proxy_response_headers``."""
    for options in ({"max_response_headers": 120}, {"limits": Limits(field_lines=120)}):
        connection, _ = tunnelled(head(120), response_class=response_class, **options)
        assert len(connection.get_proxy_response_headers()) == 120
        assert (connection._raw_proxy_headers[-1] == b"\r\n") == httpconn.headers.KEEPS_EMPTY_LINE
        connection.close()
        with pytest.raises(httpconn.HTTPException, match="got more than 120 headers"):
            tunnelled(head(121), response_class=response_class, **options)
    for module in (httpconn, http.client):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_MAXLINE", 40)
            tunnelled(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 35 + b"\r\n\r\n", response_class=response_class)[0].close()
            with pytest.raises(httpconn.LineTooLong, match="got more than 40 bytes when reading header line"):
                tunnelled(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 36 + b"\r\n\r\n", response_class=response_class)


def test_the_answer_to_connect_as_here() -> None:
    """What is kept of it, and what debug output says, is what this Python's http.client keeps and says."""
    told = []
    for module in (http.client, httpconn):
        connection = module.HTTPConnection("proxy.example")
        connection._create_connection = lambda *arguments: FakeSocket(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")
        connection.set_tunnel("origin.example", 443)
        connection.set_debuglevel(1)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            connection.connect()
        lines = [line for line in output.getvalue().splitlines() if not line.startswith("send:")]
        if hasattr(http.client.HTTPConnection, "get_proxy_response_headers"):
            told.append((lines, connection._raw_proxy_headers, connection.get_proxy_response_headers().items()))
        else:
            told.append((lines,))
        connection.close()
    assert told[0] == told[1]


def test_what_goes_to_the_proxy() -> None:
    connection, sent = tunnelled(
        b"HTTP/1.1 200 OK\r\n\r\n", {"X-Int": 5, "X-Float": 1.5, "X-None": None, "X-Bytes": b"b"}
    )
    connection.close()
    for line in (b"X-Int: 5", b"X-Float: 1.5", b"X-None: None", b"X-Bytes: b"):
        assert line in sent.split(b"\r\n")
    for host in ("a\r\nb", "a b", "a\x7fb"):
        with pytest.raises(ValueError, match="Tunnel host can't contain control characters"):
            tunnelled(b"", {"Host": "x"}, host)
    with pytest.raises(ValueError, match=r"ascii|Tunnel host"):  # by IDNA it becomes a space
        tunnelled(b"", {"Host": "x"}, "a\u3000b")


def test_a_patched_limit_rules_trailers(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (http.client, httpconn):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_MAXHEADERS", 9)
            assert answered(chunked(9)).read() == b"hi"
            with pytest.raises(httpconn.HTTPException, match="got more than 9 trailers"):
                answered(chunked(10)).read()


@pytest.mark.skipif(
    not hasattr(http.client, "_MAXINTERIMRESPONSES"), reason="this Python's http.client has no such limit"
)
def test_the_limit_of_interim_responses_is_read(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many heads may come as it says, the final one among them."""
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    for most in (100, 4):
        monkeypatch.setattr(http.client, "_MAXINTERIMRESPONSES", most)
        for module in (http.client, httpconn):
            for count in (most - 1, most, most + 1):
                response = module.HTTPResponse(FakeSocket(b"HTTP/1.1 100 Continue\r\n\r\n" * count + final))
                if count < most:
                    response.begin()
                    assert response.status == 200
                else:
                    with pytest.raises(httpconn.HTTPException, match=f"^got more than {most} interim responses$"):
                        response.begin()
                response.close()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b": Value", "InvalidHeaderDefect"),
        (b":", "InvalidHeaderDefect"),
        (b"Broken Header", "MissingHeaderBodySeparatorDefect"),
        (b" continuation", "FirstHeaderLineIsContinuationDefect"),
        (b"No token: x", "InvalidHeaderDefect"),
    ],
)
def test_skipped_lines_are_defects_of_the_message(in_use: Any, line: bytes, kind: str) -> None:
    """urllib3 logs "Failed to parse headers" from them."""
    response = answered(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nAnother: Header\r\nContent-Length: 0\r\n\r\n")
    assert [type(defect).__name__ for defect in response.headers.defects] == [kind]
    assert line.decode() in str(response.headers.defects[0])
    assert response.headers["Another"] == "Header"
    assert answered(b"HTTP/1.1 200 OK\r\nAnother: Header\r\n\r\n").headers.defects == []
