"""The table of docs/exceptions.md: each exception has a row, says what it is, and what it says is asked of a server.

"Was it sent?" is whether a server has got a request; "again?" whether a ``Retry`` that names the exception sends a GET
once more, and no POST.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import errors

from ..support.certificates import TLS
from ..support.peers import ScriptedServer, blackhole, nobody, take_request
from ..support.sites import PAGE as OK
from ..support.sites import Asker, Site

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "exceptions.md"

if not PAGE.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
TABLE = {name: row for row in ROWS for name in re.findall(r"`([\w.]+)`", row[0])}
OURS = {name: kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)}
kinds = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])


def kind_of(name: str) -> type:
    for module in (errors, httpconn, builtins):
        if hasattr(module, name):
            return getattr(module, name)
    home, _, own = name.rpartition(".")
    return getattr({"socket": socket, "ssl": ssl}[home], own)


def test_each_exception_has_one_row() -> None:
    named = [name for row in ROWS for name in re.findall(r"`([\w.]+)`", row[0])]
    assert len(named) == len(set(named))
    public = {
        name for name in httpconn.__all__ if name != "error"  # http.client's old name of HTTPException
        and isinstance(kind := getattr(httpconn, name), type) and issubclass(kind, BaseException)
    }  # fmt: skip
    assert OURS.keys() | public | {"IncompleteFetch"} <= TABLE.keys()
    assert all(len(row) == 5 for row in ROWS)


@pytest.mark.parametrize("name", TABLE)
def test_what_it_is_also(name: str) -> None:
    """All bases of ours but those that http.client's exceptions have in common; of Python's what is told is true."""
    told = {told.rpartition(".")[2] for told in re.findall(r"`([\w.]+)`", TABLE[name][1])}
    if name in OURS:
        assert told == {
            base.__name__ for base in kind_of(name).__bases__ if base.__name__ not in ("_Portable", "HTTPException")
        }
    assert told <= {base.__name__ for base in kind_of(name).__mro__}


@pytest.mark.parametrize("name", TABLE)
def test_the_answers_are_of_few_words(name: str) -> None:
    assert TABLE[name][3] in ("no", "perhaps", "yes", "\u2013")
    assert re.match(r"no\b|yes\b|if idempotent\b|429|\u2013", TABLE[name][4])


# -- nothing is sent: no server gets a request

Given = tuple[str, dict[str, Any], dict[str, Any]]
"""What is asked for (with {host}, a server that is there), its options, and those of the pool, fetcher or client."""


def never(address: str, port: int) -> bool:
    return False


BEFORE: dict[str, Given] = {
    "InvalidURL": ("http://[x/", {}, {}),
    "UnsupportedScheme": ("ftp://{host}/", {}, {}),
    "InvalidField": ("http://{host}/", {"headers": {"A": "b\r\nC: d"}}, {}),
    "AddressNotAllowed": ("http://{host}/", {}, {"allow_address": never}),
    "FingerprintMismatch": ("http://{host}/", {"fingerprint": "00" * 32}, {}),
    "ProxyError": ("https://nobody.test/", {"proxy": "http://{host}"}, {}),
}


@kinds
@pytest.mark.parametrize("name", BEFORE)
def test_what_is_not_sent(name: str, kind: str) -> None:
    url, options, of_all = BEFORE[name]
    with Site({}) as site, Asker(kind, **of_all) as ask:
        host = f"127.0.0.1:{site.port}"
        options = {key: value.format(host=host) if key == "proxy" else value for key, value in options.items()}
        for _ in range(2):  # and it is no different the second time
            error = ask(httpconn.Request("GET", url.format(host=host), **options)).error
            assert type(error).__name__ == name
        assert not [head for head in site.heads if head.startswith(b"GET")]
    assert TABLE[name][3] == "no"


@contextlib.contextmanager
def no_listener() -> Iterator[str]:
    with nobody() as (host, port):
        yield f"http://{host}:{port}/"


@contextlib.contextmanager
def no_answer() -> Iterator[str]:
    with blackhole("127.0.0.1") as (host, port):
        yield f"http://{host}:{port}/"


@contextlib.contextmanager
def no_name() -> Iterator[str]:
    yield "http://nobody.invalid/"


NOWHERE: dict[str, tuple[Callable[[], contextlib.AbstractContextManager[str]], dict[str, Any]]] = {
    "ConnectionRefusedError": (no_listener, {}),
    "ConnectTimeout": (no_answer, {"timeout": httpconn.Timeout(10, connect=0.1)}),
    "socket.gaierror": (no_name, {}),
}


@kinds
@pytest.mark.parametrize("name", NOWHERE)
def test_where_nobody_is(name: str, kind: str) -> None:
    place, options = NOWHERE[name]
    with place() as url, Asker(kind) as ask:
        error = ask(httpconn.Request("GET", url, **options)).error
    assert type(error).__name__ == name.rpartition(".")[2]
    assert TABLE[name][3] == "no"
    assert TABLE[name][4].startswith("yes")


@kinds
def test_a_certificate_that_is_not_trusted(kind: str, tmp_path: Path) -> None:
    seen = []

    def serve(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), tls.wrap(sock) as secured:
            seen.append(secured.recv(1))

    tls = TLS(tmp_path)
    with ScriptedServer(serve) as server, Asker(kind, retry=httpconn.Retry(2, backoff_s=0)) as ask:
        error = ask(f"https://localhost:{server.port}/").error
        assert type(error) is ssl.SSLCertVerificationError
        assert server.connections == 1, "asked again, though the row says no"
    assert seen in ([], [b""])
    assert TABLE["ssl.SSLCertVerificationError"][3:] == ["no", "no: `context=`, or the server"]


@kinds
def test_tls_that_is_none(kind: str) -> None:
    """Before the request; a certificate of ours that is missing may be told of behind it: perhaps."""

    def serve(sock: socket.socket) -> None:
        seen.append(sock.recv(65_536))
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    seen: list[bytes] = []
    with ScriptedServer(serve) as server, Asker(kind) as ask:
        error = ask(f"https://127.0.0.1:{server.port}/").error
    assert type(error) is ssl.SSLError
    assert [data[:1] for data in seen] == [b"\x16"], "a handshake, and no request"
    assert TABLE["ssl.SSLError"][3] == "perhaps"


@pytest.mark.parametrize("kind", ["fetcher", "async"])
@pytest.mark.parametrize(("answer", "name"), [
    ((200, {}, b"User-agent: *\nDisallow: /\n"), "RobotsDisallowed"), ((500, {}, b""), "RobotsUnreachable"),
])  # fmt: skip
def test_what_robots_txt_forbids(answer: Any, name: str, kind: str) -> None:
    pytest.importorskip("protego")
    with Site({"/robots.txt": answer, "/": OK}) as site, Asker(kind, robots="my-bot") as ask:
        assert type(ask(site.url("/")).error).__name__ == name
        assert site.paths() == ["/robots.txt"]
    assert TABLE[name][3] == "no"


@kinds
def test_a_package_that_is_missing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with Site({}) as site, Asker(kind) as ask:
        error = ask(httpconn.Request("GET", site.url("/"), proxy=f"socks5h://127.0.0.1:{site.port}")).error
        assert type(error) is httpconn.MissingExtra
        assert not site.heads
    assert TABLE["MissingExtra"][3] == "no"


def test_no_connection_is_free() -> None:
    with Site({"/": (200, {}, bytes(3_000_000))}) as site, httpconn.ConnectionPool(max_connections=1) as pool:
        with pool.request("GET", site.url("/"), stream=True), pytest.raises(httpconn.PoolTimeout):
            pool.get(site.url("/other"), timeout=httpconn.Timeout(10, pool=0.05))
        assert site.paths() == ["/"]
        assert pool.get(site.url("/other")).status == 404, "again: yes"
    assert TABLE["PoolTimeout"][3] == "no"


@pytest.mark.parametrize("made", [httpconn.ConnectionPool, httpconn.Fetcher])
def test_what_is_closed(made: Any) -> None:
    with Site({}) as site:
        closed = made()
        closed.close()
        with pytest.raises(httpconn.PoolClosed):
            closed.get(site.url("/")) if made is httpconn.ConnectionPool else closed.add(site.url("/"))
        assert not site.heads
    assert TABLE["PoolClosed"][3] == "perhaps"


def test_the_order_of_an_http_connection() -> None:
    """What is refused for its order, or its host, is refused before anything goes out."""
    with Site({"/": OK}) as site:
        connection = httpconn.HTTPConnection("127.0.0.1", site.port)
        with contextlib.closing(connection):
            for name, wrong in (
                ("CannotSendHeader", lambda: connection.putheader("A", "b")),
                ("ResponseNotReady", connection.getresponse),
            ):
                with pytest.raises(kind_of(name)) as raised:
                    wrong()
                assert type(raised.value).__name__ == name
            tunnelled = httpconn.HTTPConnection("127.0.0.1", site.port)
            tunnelled.set_tunnel("a\r\nb")
            with contextlib.closing(tunnelled), pytest.raises(httpconn.InvalidTunnelHost):
                tunnelled.connect()
            assert not site.heads
            connection.request("GET", "/")
            with pytest.raises(httpconn.CannotSendRequest):
                connection.request("GET", "/second")
            connection.getresponse().read()
            assert site.paths() == ["/"]
            connection.close()
            connection.auto_open = 0
            with pytest.raises(httpconn.NotConnected):
                connection.send(b"GET /third HTTP/1.1\r\n\r\n")
            connection.connect()
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"page", "again: yes, after connect()"
    for name in ("InvalidTunnelHost", "CannotSendHeader", "CannotSendRequest", "NotConnected"):
        assert TABLE[name][3] == "no"
    assert TABLE["ResponseNotReady"][3] == "perhaps"


# -- something is sent: a server has got it, and answers otherwise, or well the next time

AFTER: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "ReadTimeout": (b"", "hang", {"timeout": httpconn.Timeout(10, read=0.2)}),
    "TotalTimeout": (b"", "hang", {"timeout": httpconn.Timeout(10, total=0.2)}),
    "RemoteDisconnected": (b"", "", {}),
    "ConnectionResetError": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "reset", {}),
    "BadStatusLine": (b"SSH-2.0-OpenSSH_9\r\n\r\n", "", {}),
    "UnknownProtocol": (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", {}),
    "LineTooLong": (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", "", {}),
    "MalformedHead": (b"HTTP/1.1 200 OK\r\nno field\r\nContent-Length: 0\r\n\r\n", "", {"strict": True}),
    "IncompleteFetch": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "", {}),
    "IncompleteSink": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "", {"sink": "here"}),
    "MalformedChunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n", "", {}),
    "MalformedFraming": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "", {}),
    "ContentTooLong": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "", {"max_content": 3}),
    "ContentDecodingError": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "", {}
    ),
    "TooManyRedirects": (b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n", "", {"redirects": 0}),
}  # fmt: skip
AFTER["TooManyRedirects"] = (AFTER["TooManyRedirects"][0], "stay", {"redirects": 1})
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


AGAIN = [name for name in AFTER if TABLE[name][4].startswith("if idempotent") and name != "TotalTimeout"]
"""But for that one: a Retry is within Timeout.total, and the next request the caller's own."""


class Once:
    """A server that does wrong at first, as often as *wrongs* says, and then answers well; ``seen`` is what it got."""

    def __init__(self, answer: bytes, how: str, wrongs: int) -> None:
        self.answer, self.how, self.wrongs = answer, how, wrongs
        self.seen: list[bytes] = []

    def __call__(self, sock: socket.socket) -> None:
        while head := take_request(sock):
            self.seen.append(head)
            if len(self.seen) > self.wrongs:
                sock.sendall(GOOD)
                continue
            sock.sendall(self.answer)
            if self.how == "hang":
                sock.recv(1)  # until it is given up
            if self.how == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            if self.how != "stay":
                return


def asked(name: str, kind: str, method: str, wrongs: int, folder: Path) -> tuple[httpconn.Response, list[bytes]]:
    """Return the result of a request that may be retried once after the exception *name*, and what the server got."""
    answer, how, options = AFTER[name]
    options = {key: str(folder / value) if key == "sink" else value for key, value in options.items()}
    of_all = {"strict": options.pop("strict")} if "strict" in options else {}
    serve, retry = Once(answer, how, wrongs), httpconn.Retry(1, errors=(kind_of(name),), backoff_s=0)
    with ScriptedServer(serve) as server, Asker(kind, **of_all) as ask:
        url = f"http://127.0.0.1:{server.port}/a"
        response = ask(httpconn.Request(method, url, retry=retry, **options))
    return response, serve.seen


@kinds
@pytest.mark.parametrize("name", AFTER)
def test_what_has_been_sent(name: str, kind: str, tmp_path: Path) -> None:
    """A server that goes on as it began: the request came, and a POST came once, whatever the Retry says."""
    response, seen = asked(name, kind, "POST", 100, tmp_path)
    assert type(response.error).__name__ == name
    assert [head.split()[0] for head in seen] == ([b"POST", b"GET"] if name == "TooManyRedirects" else [b"POST"])
    assert TABLE[name][3] == ("perhaps" if not AFTER[name][0] or name == "ConnectionResetError" else TABLE[name][3])
    assert TABLE[name][3] in ("perhaps", "yes")


@kinds
@pytest.mark.parametrize("name", AGAIN)
def test_what_may_be_tried_again(name: str, kind: str, tmp_path: Path) -> None:
    """A server that answers well the second time."""
    response, seen = asked(name, kind, "GET", 1, tmp_path)
    assert response.error is None
    assert (response.status, response.attempts, len(seen)) == (200, 2, 2)


@kinds
@pytest.mark.parametrize("name", [name for name in AFTER if TABLE[name][4].startswith("no")])
def test_what_need_not_be_tried_again(name: str, kind: str, tmp_path: Path) -> None:
    response, seen = asked(name, kind, "GET", 100, tmp_path)
    assert type(response.error).__name__ == name
    assert len(seen) == 2, "the Retry was asked for, and is no use; of redirects, where the second is not followed"


@kinds
def test_a_decoder_that_is_missing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not sent where it was asked for; sent where the server sends it unasked: perhaps."""
    from httpconn._exchange import content_coding

    known = {name: maker for name, maker in content_coding._makers().items() if name != "br"}
    monkeypatch.setattr(content_coding, "_makers", lambda: known)
    with Site({"/": (200, {"Content-Encoding": "br"}, b"page")}) as site, Asker(kind) as ask:
        asked_for = ask(httpconn.Request("GET", site.url("/"), headers={"Accept-Encoding": "br"})).error
        assert type(asked_for) is httpconn.MissingDecoder
        assert not site.heads
        assert type(ask(site.url("/")).error) is httpconn.MissingDecoder
        assert len(site.heads) == 1
    assert TABLE["MissingDecoder"][3] == "perhaps"


def test_a_sink_that_takes_nothing() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with Site({"/": (200, {}, bytes(1_000_000))}) as site, httpconn.ConnectionPool() as pool:
        with open(reading, "rb"), open(writing, "wb", buffering=0) as sink, pytest.raises(httpconn.SinkTimeout):
            pool.get(site.url("/"), sink=sink, timeout=httpconn.Timeout(10, read=0.1))
        assert len(site.heads) == 1
    assert TABLE["SinkTimeout"][3] == "yes"


def test_answers_that_are_errors() -> None:
    routes = {"/": OK, "/busy": lambda earlier: OK if earlier else (503, {}, b""), "/no": (404, {}, b"none")}
    with Site(routes) as site, httpconn.ConnectionPool() as pool:
        for path in ("/busy", "/no", "/no"):
            with pytest.raises(httpconn.StatusError):
                pool.get(site.url(path)).raise_for_status()
        assert pool.get(site.url("/busy")).raise_for_status().text == "page", "503: yes, later"
        with pool.request("GET", site.url("/"), stream=True) as response:
            assert b"".join(response.iter_bytes()) == b"page"
            for _ in range(2):
                with pytest.raises(httpconn.StreamConsumed):
                    next(response.iter_bytes())
        assert len(site.heads) == 5
    assert TABLE["StatusError"][3] == TABLE["StreamConsumed"][3] == "yes"


def test_a_body_that_is_too_long() -> None:
    with Site({"/": OK}) as site:
        connection = httpconn.HTTPConnection("127.0.0.1", site.port, limits=httpconn.Limits(body_bytes=3))
        with contextlib.closing(connection):
            for number in range(1, 3):
                connection.request("GET", "/")
                with pytest.raises(httpconn.BodyTooLong):
                    connection.getresponse().read()
                connection.close()
                assert len(site.heads) == number
    assert TABLE["BodyTooLong"][3] == "yes"


def test_each_row_was_asked_about() -> None:
    """But for those that are only names of others, and those that nothing raises."""
    source = Path(__file__).read_text(encoding="utf-8")
    silent = {name for name, row in TABLE.items() if row[3] == "\u2013"}
    # Python's own, of which the last is the same as the one before it in another moment; others' tests have those of files
    of_python = {"BrokenPipeError", "OSError", "BlockingIOError"}
    of_http_client = {"IncompleteRead"}  # of an HTTPConnection: the pool's is an IncompleteFetch
    of_others = {"MalformedResponse"}  # any of those below it
    rest = TABLE.keys() - silent - of_python - of_http_client - of_others
    assert not {name for name in rest if name.rpartition(".")[2] not in source}
