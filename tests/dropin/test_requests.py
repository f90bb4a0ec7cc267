"""requests, as programs use it, on httpconn as on http.client."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from http import cookiejar
from types import ModuleType
from typing import Any

import pytest

from .servers import content

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own affair


@pytest.fixture(scope="module")
def requests(library: Callable[[str], ModuleType]) -> Any:
    return library("requests")


@pytest.fixture
def session(requests: Any, authority: Any) -> Iterator[Any]:
    with requests.Session() as session:
        session.verify = authority.pem
        yield session


def assert_reused(session: Any, origin: Any, connections: int = 1) -> None:
    """The next request is answered rightly, and all so far took so many connections."""
    assert session.get(f"{origin.url}/sized?n=5000", timeout=5).content == content(5000)
    assert origin.accepted == connections


def test_its_connections_are_the_bases(session: Any, origin: Any, connection_class: type, response_class: type) -> None:
    with session.get(f"{origin.url}/sized?n=100", stream=True) as response:
        assert isinstance(response.raw.connection, connection_class)
        assert type(response.raw._original_response) is response_class
        assert response.content == content(100)
        assert response.raw._original_response.msg is response.raw._original_response.headers


@pytest.mark.parametrize("url", ["origin", "tls_origin"])
def test_a_session(url: str, session: Any, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(url)
    session.headers["X-Session"] = "yes"
    for number in range(10):
        response = session.get(f"{server.url}/sized", params={"n": number * 1000})
        assert (response.status_code, response.reason, response.ok) == (200, "OK", True)
        assert response.content == content(number * 1000)
        assert response.elapsed.total_seconds() > 0
    for method in ("get", "post", "put", "patch", "delete", "options"):
        echo = session.request(method, f"{server.url}/echo").json()
        assert echo["method"] == method.upper()
        assert ["X-Session", "yes"] in echo["fields"]
    assert session.head(f"{server.url}/sized?n=100").headers["content-length"] == "100"
    assert session.get(f"{server.url}/nothing").status_code == 404
    assert session.get(f"{server.url}/status?code=204").content == b""
    assert server.accepted == 1


def test_without_a_session(requests: Any, origin: Any) -> None:
    assert requests.get(f"{origin.url}/sized?n=9").content == content(9)
    assert requests.post(f"{origin.url}/echo", json={"a": ["b", None]}).json()["body"] == '{"a": ["b", null]}'
    assert origin.accepted == 2


def test_redirects_and_history(session: Any, requests: Any, origin: Any) -> None:
    response = session.get(f"{origin.url}/redirect?to=/redirect?code=301%26to=/sized?n=7")
    assert response.content == content(7)
    assert [entry.status_code for entry in response.history] == [302, 301]
    assert response.url.endswith("/sized?n=7")
    assert session.get(f"{origin.url}/redirect?to=/sized?n=7", allow_redirects=False).status_code == 302
    assert session.post(f"{origin.url}/redirect?code=303&to=/echo", data=b"x").json()["method"] == "GET"
    echo = session.post(f"{origin.url}/redirect?code=307&to=/echo", data=b"again").json()
    assert (echo["method"], echo["body"]) == ("POST", "again")
    session.max_redirects = 3
    with pytest.raises(requests.TooManyRedirects):
        session.get(f"{origin.url}/redirect?to=/redirect?to=/redirect?to=/redirect?to=/sized")
    assert_reused(session, origin)


def test_cookies(session: Any, origin: Any) -> None:
    response = session.get(f"{origin.url}/set-cookies?a=1&b=2")
    assert dict(response.cookies) == {"a": "1", "b": "2"}
    assert ["Cookie", "a=1; b=2"] in session.get(f"{origin.url}/echo").json()["fields"]
    session.get(f"{origin.url}/redirect?to=/set-cookies?c=3")
    assert sorted(session.cookies.keys()) == ["a", "b", "c"]
    jar = cookiejar.CookieJar()
    session.cookies = jar
    session.get(f"{origin.url}/set-cookies?d=4")
    assert [(cookie.name, cookie.value) for cookie in jar] == [("d", "4")]
    assert origin.accepted == 1


@pytest.mark.parametrize(
    "path",
    ["/sized?n=300000", "/chunked?n=300000&chunk=5000", "/gzip?n=300000", "/gzip?n=300000&chunk=999"],
)
@pytest.mark.parametrize(
    "read",
    [
        lambda r: b"".join(r.iter_content(1000)),
        lambda r: b"".join(r.iter_content(chunk_size=None)),
        lambda r: b"".join(r.iter_content(1)) if len(r.request.path_url) < 0 else b"".join(r.iter_content(100_000)),
        lambda r: b"".join(line + b"\n" for line in r.iter_lines(512)),
        lambda r: r.raw.read(decode_content=True),
        lambda r: b"".join(iter(lambda: r.raw.read(5000, decode_content=True), b"")),
        lambda r: r.content,
        lambda r: r.text.encode(),
    ],
    ids=["iter", "iter any", "iter large", "lines", "raw", "raw n", "content", "text"],
)
def test_streaming(path: str, read: Callable[[Any], bytes], session: Any, origin: Any) -> None:
    with session.get(origin.url + path, stream=True) as response:
        assert read(response) == content(300_000)
    assert_reused(session, origin)


def test_streamed_lines_as_they_come(session: Any, origin: Any) -> None:
    response = session.get(f"{origin.url}/lines?n=100", stream=True)
    assert list(response.iter_lines(chunk_size=1, decode_unicode=False)) == [b"line %d" % n for n in range(100)]
    assert_reused(session, origin)


def generator() -> Iterator[bytes]:
    yield b"gene"
    yield b"rator" * 1000


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (lambda: {"data": b"bytes"}, "bytes"),
        (lambda: {"data": "täxt".encode()}, "täxt".encode().decode("latin-1")),
        (lambda: {"data": {"a": "1", "b": ["2", "3"]}}, "a=1&b=2&b=3"),
        (lambda: {"data": generator()}, "gene" + "rator" * 1000),
        (lambda: {"data": io.BytesIO(b"file" * 9999)}, "file" * 9999),
        (lambda: {"json": [1]}, "[1]"),
        (lambda: {"data": b""}, ""),
    ],
    ids=["bytes", "utf-8", "form", "generator", "file", "json", "empty"],
)
def test_uploads(arguments: Callable[[], dict[str, Any]], body: str, session: Any, origin: Any) -> None:
    for _ in range(2):
        echo = session.post(f"{origin.url}/echo", **arguments()).json()
        assert echo["body"] == body
        chunked = "data" in arguments() and hasattr(arguments()["data"], "send")
        assert (["Transfer-Encoding", "chunked"] in echo["fields"]) == chunked
    assert origin.accepted == 1


def test_files(session: Any, origin: Any) -> None:
    files = {"one": ("one.bin", io.BytesIO(b"\0\1\2\xff"), "application/x-one", {"X-Extra": "1"}), "two": "text"}
    echo = session.post(f"{origin.url}/echo", files=files, data={"three": "3"}).json()
    assert 'filename="one.bin"' in echo["body"]
    assert "\0\1\2\xff" in echo["body"]
    fields = dict(echo["fields"])
    assert fields["Content-Type"].startswith("multipart/form-data; boundary=")
    assert int(fields["Content-Length"]) == len(echo["body"])


def test_authentication(session: Any, origin: Any) -> None:
    assert session.get(f"{origin.url}/basic-auth").status_code == 401
    assert session.get(f"{origin.url}/basic-auth", auth=("user", "pass")).text == "welcome\n"
    assert session.get(f"{origin.url}/basic-auth".replace("//", "//user:pass@")).text == "welcome\n"
    assert_reused(session, origin)


def test_hooks_and_prepared_requests(session: Any, requests: Any, origin: Any) -> None:
    seen: list[int] = []
    prepared = session.prepare_request(requests.Request("PUT", f"{origin.url}/echo", data=b"x", headers={"X-A": "b"}))
    prepared.register_hook("response", lambda r, **_: seen.append(r.status_code))
    assert ["X-A", "b"] in session.send(prepared).json()["fields"]
    assert seen == [200]


@pytest.mark.parametrize("path", ["/silent", "/silent?after=1000"])
def test_timeouts(path: str, session: Any, requests: Any, origin: Any) -> None:
    with pytest.raises((requests.ReadTimeout, requests.ConnectionError)) as raised:
        session.get(origin.url + path, timeout=(5, 0.1))
    assert "timed out" in str(raised.value)
    assert_reused(session, origin, 2)


def test_retries(session: Any, requests: Any, origin: Any) -> None:
    retry = requests.adapters.Retry(total=4, status_forcelist=[503], backoff_factor=0.001)
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry, pool_maxsize=1))
    assert session.get(f"{origin.url}/unavailable-at-first?times=2").text == "now\n"
    assert origin.accepted == 1
    assert session.get(f"{origin.url}/dropped-at-first?times=2").text == "now\n"
    assert_reused(session, origin, 3)


def test_errors(session: Any, requests: Any, origin: Any) -> None:
    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without response"):
        session.get(f"{origin.url}/dropped-at-first?times=1")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        session.get(f"{origin.url}/cut")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{origin.url}/cut?chunk=1")
    with pytest.raises(requests.exceptions.InvalidHeader):
        session.get(f"{origin.url}/two-lengths")
    with pytest.raises(requests.exceptions.InvalidHeader):
        session.get(f"{origin.url}/echo", headers={"X-A": "b\r\nX-C: d"})
    with pytest.raises(requests.exceptions.SSLError):
        session.get(origin.url.replace("http:", "https:"), timeout=10)
    assert_reused(session, origin, 6)


def test_a_kept_connection_that_the_server_has_closed(session: Any, origin: Any) -> None:
    for connections in (1, 2, 3):
        assert_reused(session, origin, connections)
        origin.drop_connections()


@pytest.mark.parametrize("path", ["/sized?n=200000", "/chunked?n=200000", "/gzip?n=200000&chunk=100"])
def test_early_close(path: str, session: Any, origin: Any) -> None:
    with session.get(origin.url + path, stream=True) as response:
        assert next(response.iter_content(10)) == content(10)
    assert_reused(session, origin, 2)
    session.get(origin.url + path, stream=True).close()
    assert_reused(session, origin, 3)


def test_through_a_forwarding_proxy(session: Any, origin: Any, proxy: Any) -> None:
    proxy.wants_password = True
    session.proxies = {"http": proxy.url.replace("//", "//user:pass@")}
    assert session.get(f"{origin.url}/gzip?n=5000").content == content(5000)
    echo = session.post(f"{origin.url}/echo", data=generator()).json()
    assert echo["body"] == "gene" + "rator" * 1000
    assert ["X-Forwarded", "yes"] in echo["fields"]
    session.proxies = {"http": proxy.url}
    assert session.get(f"{origin.url}/sized?n=1").status_code == 407


def test_through_a_tunnel(session: Any, requests: Any, tls_origin: Any, proxy: Any) -> None:
    proxy.wants_password = True
    session.proxies = {"https": proxy.url.replace("//", "//user:pass@")}
    for _ in range(3):
        assert session.get(f"{tls_origin.url}/chunked?n=50000").content == content(50_000)
    assert (proxy.accepted, tls_origin.accepted) == (1, 1)
    session.proxies = {"https": proxy.url}
    with pytest.raises(requests.exceptions.ProxyError, match="407"):
        session.get(f"{tls_origin.url}/sized?n=1")


def test_proxies_from_the_environment(session: Any, origin: Any, proxy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    session.trust_env = True
    assert ["X-Forwarded", "yes"] in session.get(f"{origin.url}/echo").json()["fields"]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert ["X-Forwarded", "yes"] not in session.get(f"{origin.url}/echo").json()["fields"]


def test_a_certificate_that_nobody_knows(requests: Any, tls_origin: Any, authority: Any) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        requests.get(tls_origin.url)
    assert requests.get(f"{tls_origin.url}/sized?n=4", verify=authority.pem).content == content(4)


def test_a_response_outlives_its_session(requests: Any, origin: Any) -> None:
    with requests.Session() as session:
        response = session.get(f"{origin.url}/sized?n=100000", stream=True)
        first = next(response.iter_content(10))
    rest = b"".join(response.iter_content(10_000))
    assert first + rest == content(100_000)


def test_pickled_responses(session: Any, origin: Any) -> None:
    import pickle

    again = pickle.loads(pickle.dumps(session.get(f"{origin.url}/echo")))
    assert json.loads(again.content)["method"] == "GET"
