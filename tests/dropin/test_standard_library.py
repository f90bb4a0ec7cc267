"""urllib.request, http.cookiejar, xmlrpc.client and logging on httpconn, which they look up when they need it."""

from __future__ import annotations

import csv
import http.client
import http.cookiejar
import io
import json
import logging
import logging.handlers
import shutil
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import pytest

from .servers import content


@pytest.fixture(autouse=True)
def _on_the_base(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "_opener", None)  # urlopen's own, kept from call to call


@pytest.fixture
def open_url(authority: Any) -> Callable[..., Any]:
    def open_url(target: Any, data: Any = None, timeout: float = 5) -> Any:
        is_tls = (target if isinstance(target, str) else target.full_url).startswith("https")
        return urllib.request.urlopen(target, data, timeout, context=authority.client if is_tls else None)

    return open_url


def test_urlopen_gives_the_bases_responses(open_url: Any, origin: Any, response_class: type) -> None:
    with open_url(f"{origin.url}/sized?n=10") as response:
        assert type(response) is response_class
        assert response.msg == "OK"
        assert response.url == response.geturl() == f"{origin.url}/sized?n=10"
        assert (response.status, response.getcode(), response.code) == (200, 200, 200)
        assert response.info() is response.headers
        assert response.headers["ETag"] == response.info().get("etag") == '"sized"'
        assert response.read() == content(10)


@pytest.mark.parametrize("server", ["origin", "tls_origin"])
@pytest.mark.parametrize("path", ["/sized", "/chunked", "/until-close"])
@pytest.mark.parametrize(
    "read",
    [
        lambda r: r.read(),
        lambda r: b"".join(iter(lambda: r.read(1000), b"")),
        lambda r: b"".join(iter(lambda: r.read1(1000), b"")),
        lambda r: b"".join(r),
        lambda r: b"".join(r.readlines()),
        lambda r: _copied(r),
        lambda r: io.BufferedReader(r).read(),
        lambda r: io.TextIOWrapper(r, "ascii", newline="").read().encode(),
        lambda r: r.peek()[:0] + r.read(),
    ],
    ids=["read", "read n", "read1", "iter", "lines", "copy", "Buffered", "Text", "peek"],
)
def test_ways_of_reading(
    server: str, path: str, read: Callable[[Any], bytes], open_url: Any, request: pytest.FixtureRequest
) -> None:
    origin = request.getfixturevalue(server)
    for size in (0, 100, 200_000):
        with open_url(f"{origin.url}{path}?n={size}") as response:
            assert read(response) == content(size)


def _copied(response: Any) -> bytes:
    target = io.BytesIO()
    shutil.copyfileobj(response, target)
    return target.getvalue()


def test_parsers_over_a_response(open_url: Any, origin: Any) -> None:
    with open_url(f"{origin.url}/echo") as response:
        assert json.load(response)["method"] == "GET"
    with open_url(f"{origin.url}/lines?n=50") as response:
        rows = list(csv.reader(io.TextIOWrapper(response, "ascii"), delimiter=" "))
    assert rows == [["line", str(number)] for number in range(50)]
    with open_url(f"{origin.url}/sized?n=100") as response, pytest.raises(io.UnsupportedOperation):
        response.seek(0)


@pytest.mark.parametrize(
    ("data", "fields", "body"),
    [
        (b"a=1", {}, "a=1"),
        ([b"it", b"erable"], {"Content-Length": "8"}, "iterable"),
        ([b"it", b"erable"], {}, "iterable"),
        (lambda: io.BytesIO(b"file"), {}, "file"),
        (bytearray(b"array"), {}, "array"),
    ],
)
def test_uploads(data: Any, fields: dict[str, str], body: str, open_url: Any, origin: Any) -> None:
    request = urllib.request.Request(f"{origin.url}/echo", data() if callable(data) else data, fields, method="PUT")
    with open_url(request) as response:
        echo = json.load(response)
    assert (echo["method"], echo["body"]) == ("PUT", body)
    assert ["Connection", "close"] in echo["fields"]


def test_redirects_and_errors(open_url: Any, origin: Any, base: str) -> None:
    with open_url(f"{origin.url}/redirect?to=/redirect?to=/sized%3Fn=7") as response:
        assert response.url == f"{origin.url}/sized?n=7"
        assert response.read() == content(7)
    with pytest.raises(urllib.error.HTTPError) as raised:
        open_url(f"{origin.url}/status?code=404")
    with raised.value as error:
        assert (error.code, error.reason, error.headers["Content-Length"]) == (404, "Not Found", "11")
        assert error.read() == b"status 404\n"
    with pytest.raises(http.client.RemoteDisconnected):
        open_url(f"{origin.url}/dropped-at-first?times=1")
    for path in ("/cut", "/cut?chunk=1"):
        with open_url(origin.url + path) as response, pytest.raises(http.client.IncompleteRead) as cut:
            response.read()
        # http.client loses what had come of the chunk that is cut.
        assert cut.value.partial == (b"" if base == "http.client" and "chunk" in path else content(1000))
    with pytest.raises(TimeoutError):
        open_url(f"{origin.url}/silent", timeout=0.1)
    with open_url(f"{origin.url}/silent?after=10", timeout=1) as response, pytest.raises(TimeoutError):
        response.read()


def test_a_certificate_that_nobody_knows(tls_origin: Any) -> None:
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        urllib.request.urlopen(f"{tls_origin.url}/sized?n=1", timeout=5)
    unverified = ssl._create_unverified_context()
    with urllib.request.urlopen(f"{tls_origin.url}/sized?n=1", context=unverified, timeout=5) as response:
        assert response.read() == content(1)


def test_cookies(origin: Any, tmp_path: Path) -> None:
    jar = http.cookiejar.LWPCookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(f"{origin.url}/set-cookies?a=1&b=2").close()
    assert {cookie.name: cookie.value for cookie in jar} == {"a": "1", "b": "2"}
    with opener.open(f"{origin.url}/echo") as response:
        assert ["Cookie", "a=1; b=2"] in json.load(response)["fields"]
    jar.save(str(tmp_path / "jar"), ignore_discard=True)
    again = http.cookiejar.LWPCookieJar()
    again.load(str(tmp_path / "jar"), ignore_discard=True)
    assert len(again) == 2


def test_proxies_and_passwords(origin: Any, tls_origin: Any, proxy: Any, authority: Any) -> None:
    proxy.wants_password = True
    settings = {scheme: proxy.url.replace("//", "//user:pass@") for scheme in ("http", "https")}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(settings), urllib.request.HTTPSHandler(context=authority.client)
    )
    with opener.open(f"{origin.url}/echo", timeout=5) as response:
        assert ["X-Forwarded", "yes"] in json.load(response)["fields"]
    with opener.open(f"{tls_origin.url}/echo", timeout=5) as response:
        assert not [name for name, _ in json.load(response)["fields"] if name.lower().startswith("proxy")]
    assert proxy.requests[-1].startswith(f"CONNECT 127.0.0.1:{tls_origin.port} HTTP/1.")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, origin.url, "user", "pass")
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(f"{origin.url}/basic-auth", timeout=5) as response:
        assert response.read() == b"welcome\n"


def test_urlretrieve(origin: Any, tmp_path: Path) -> None:
    steps: list[tuple[int, int, int]] = []
    name, fields = urllib.request.urlretrieve(
        f"{origin.url}/sized?n=100000", tmp_path / "file", lambda *step: steps.append(step)
    )
    assert Path(name).read_bytes() == content(100_000)
    assert (fields["Content-Length"], steps[-1][2]) == ("100000", 100_000)


def test_debug_output(origin: Any, capsys: pytest.CaptureFixture[str]) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPHandler(debuglevel=1))
    opener.open(f"{origin.url}/sized?n=1").close()
    said = capsys.readouterr().out
    assert said.startswith("send: b'GET /sized?n=1 HTTP/1.1\\r\\n")
    assert "reply: 'HTTP/1.1 200 OK\\r\\n'\nheader: Server:" in said


class _KeepAlive(SimpleXMLRPCRequestHandler):
    protocol_version = "HTTP/1.1"


@pytest.fixture
def rpc_server() -> Iterator[Any]:
    with SimpleXMLRPCServer(("127.0.0.1", 0), _KeepAlive, logRequests=False, allow_none=True) as server:
        server.register_multicall_functions()
        server.register_function(pow)
        server.register_function(lambda text: text, "echo")
        accepted = vars(server).setdefault("accepted", [])
        get_request = server.get_request
        server.get_request = lambda: accepted.append(1) or get_request()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_xmlrpc(rpc_server: Any, connection_class: type) -> None:
    url = f"http://127.0.0.1:{rpc_server.server_address[1]}/RPC2"
    with xmlrpc.client.ServerProxy(url, allow_none=True) as proxy:
        for power in range(10):
            assert proxy.pow(2, power) == 2**power
        long = "long " * 10_000  # answered with gzip
        assert proxy.echo(long) == long
        assert proxy.echo(None) is None
        calls = xmlrpc.client.MultiCall(proxy)
        calls.pow(3, 2)
        calls.echo("a")
        assert list(calls()) == [9, "a"]
        with pytest.raises(xmlrpc.client.Fault):
            proxy.pow("x")
        transport = proxy("transport")
        assert type(transport._connection[1]) is connection_class
        assert len(rpc_server.accepted) == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # its habit
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_logging(method: str, origin: Any) -> None:
    handler = logging.handlers.HTTPHandler(f"127.0.0.1:{origin.port}", "/echo", method, credentials=("user", "pass"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    raised: list[Any] = []
    handler.handleError = raised.append
    logger.warning("what happened: %s", "nothing")
    assert not raised
    [line] = origin.requests
    assert line.startswith(f"{method} /echo")
    assert ("msg=what+happened" in line) == (method == "GET")
