"""httpx and httpx2 over HTTPXTransport and AsyncHTTPXTransport, in both directions, and their exceptions."""

from __future__ import annotations

import asyncio
import copy
import importlib
import json
import pickle
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from ..support.peers import ScriptedServer, take_request
from .servers import content

pytest.importorskip("httpx")
anyio = pytest.importorskip("anyio")  # which httpx needs
adapters = pytest.importorskip("httpconn.adapters")


@pytest.fixture(params=["httpx", "httpx2"])
def lib(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(request.param)


@pytest.fixture
def client(lib: Any, authority: Any) -> Iterator[Any]:
    trusting = ssl.create_default_context(cafile=authority.pem)
    with lib.Client(transport=adapters.HTTPXTransport(verify=trusting), trust_env=False) as client:
        yield client


def run_asyncio(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(main(), 30))


def run_trio(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    trio = pytest.importorskip("trio")
    trio.run(main)


each_loop = pytest.mark.parametrize("run", [run_asyncio, run_trio], ids=["asyncio", "trio"])


@pytest.mark.parametrize("url", ["origin", "tls_origin"])
def test_a_client(url: str, client: Any, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue(url)
    for path in ("/sized", "/chunked", "/gzip"):
        for size in (0, 7, 300_000):
            response = client.get(f"{server.url}{path}?n={size}")
            assert (response.status_code, response.reason_phrase, response.http_version) == (200, "OK", "HTTP/1.1")
            assert response.content == content(size)
            assert response.elapsed.total_seconds() > 0
            assert "network_stream" not in response.extensions
    assert client.head(f"{server.url}/sized?n=100").headers["content-length"] == "100"
    assert server.accepted == 1


def test_fields_are_sent_as_they_are(client: Any, origin: Any) -> None:
    client.headers = [("x-b", "1"), ("X-a", "2"), ("x-b", "3")]
    fields = client.post(f"{origin.url}/echo", content=b"abc").json()["fields"]
    assert [name for name, _ in fields if name.lower() in ("x-a", "x-b", "content-length")] == [
        "x-b", "X-a", "x-b", "Content-Length"]  # fmt: skip
    assert "Accept-Encoding" in dict(fields)  # the library's own; without it, none is sent
    request = client.build_request("GET", f"{origin.url}/echo")
    del request.headers["accept-encoding"]
    assert "accept-encoding" not in {name.lower() for name, _ in client.send(request).json()["fields"]}


@pytest.mark.parametrize("line", ["a", "\xe9", "\xc3\xa9"], ids=["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("has_list", [True, False])
def test_fields_are_read_as_by_its_own(
    has_list: bool, line: str, lib: Any, client: Any, origin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not they are put where the library keeps them."""
    url = f"{origin.url}/field-lines?name=X-Own&values={quote(json.dumps([line, 'b']))}"
    client.get(url)
    library = importlib.import_module("httpconn.adapters.httpx_response").library_of(lib.Request("GET", url))
    assert library._has_list
    monkeypatch.setattr(library, "_has_list", has_list)
    with lib.Client(trust_env=False) as theirs:
        own, ours = theirs.get(url).headers, client.get(url).headers
    for told in (own, ours):
        del told["date"]
    assert vars(ours) == vars(own)
    assert (ours.raw, ours.encoding, repr(ours)) == (own.raw, own.encoding, repr(own))
    assert ours.get_list("X-OWN") == own.get_list("x-own")


def raised(call: Callable[[Any], Any], given: Any) -> Any:
    try:
        return call(given)
    except Exception as error:
        return type(error)


LOOKS: dict[str, Callable[[Any], Any]] = {
    "raw": lambda headers: headers.raw,
    "items": lambda headers: list(headers.items()),
    "multi_items": lambda headers: headers.multi_items(),
    "get": lambda headers: (headers.get("X-Own"), headers.get("of-nobody", 1)),
    "get_list": lambda headers: (headers.get_list("X-OWN"), headers.get_list("x-own", True), headers.get_list("no")),
    "contains": lambda headers: ["X-OWN" in headers, "x-own" in headers, "no" in headers],
    "contains_other": lambda headers: [*map(partial(raised, headers.__contains__), ("\xe9", b"x-own", None))],
    "length": lambda headers: (len(headers), bool(headers), [*headers]),
    "repr": repr,
    "equal": lambda headers: (headers == headers.copy(), headers == {}),
    "encoding": lambda headers: headers.encoding,
    "encoded": lambda headers: (setattr(headers, "encoding", "utf-16"), headers.encoding, "x-own" in headers),
    "set": lambda headers: (headers.__setitem__("x-own", "c"), headers.raw),
    "deleted": lambda headers: (headers.__delitem__("x-own"), headers.raw),
    "missing": lambda headers: hasattr(headers, "of_nobody"),
    "pickled": lambda headers: (type(pickle.loads(pickle.dumps(headers))), copy.copy(headers), copy.deepcopy(headers)),
}


@pytest.mark.parametrize("value", ["a", "\xe9"], ids=["ascii", "latin-1"])
def test_fields_that_are_looked_at_first(value: str, lib: Any, client: Any, origin: Any) -> None:
    """Whatever it is that looks first: it sees the library's own, and what is there afterwards is that."""
    url = f"{origin.url}/field-lines?name=X-Own&values={quote(json.dumps([value, 'b, c']))}"
    with lib.Client(trust_env=False) as theirs:
        for name, look in LOOKS.items():
            own, ours = theirs.get(url).headers, client.get(url).headers
            assert value == "\xe9" or type(ours) is not lib.Headers, "nobody has looked yet"
            [own["Date"]] = [value for key, value in ours.multi_items() if key == "date"]  # a second may have passed
            assert look(ours) == look(own), name
            assert type(ours.copy()) is type(ours) is lib.Headers or name == "contains"
            assert ours == own


def told_of(response: Any) -> dict[str, Any]:
    """Return all that a response keeps, but what differs from one to the next."""
    kept = {**vars(response)}
    for name in ("_elapsed", "_request", "headers", "stream", "_decoder", "default_encoding", "extensions"):
        kept.pop(name, None)
    return {**kept, "type": type(response), "elapsed": response.elapsed.total_seconds() > 0, "text": response.text}


def test_responses_are_read_as_by_its_own(lib: Any, client: Any, origin: Any) -> None:
    def coded(response: Any) -> None:
        response.headers["Content-Encoding"] = "gzip"

    def told_another(response: Any) -> None:
        response.stream = lib.ByteStream(b"another")

    def read(response: Any) -> None:
        assert response.read() == response.read() == content(7)

    with lib.Client(trust_env=False) as theirs:
        for path in ("/sized?n=0", "/sized?n=7", "/chunked?n=9", "/gzip?n=100", "/set-cookies?a=1"):
            url = origin.url + path
            assert told_of(client.get(url)) == told_of(theirs.get(url)), path
            with client.stream("GET", url) as ours, theirs.stream("GET", url) as own:
                copied = pickle.loads(pickle.dumps(ours))
                assert (type(copied), type(ours)) == (lib.Response, lib.Response)
                assert [*ours.iter_bytes(2)] == [*own.iter_bytes(2)], path
                for response in (ours, own):
                    with pytest.raises(lib.StreamConsumed):
                        response.read()
        for each in (client, theirs):
            each.event_hooks = {"response": [coded]}
            with pytest.raises(lib.DecodingError):
                each.get(f"{origin.url}/sized?n=7")
            each.event_hooks = {"response": [told_another]}
            assert each.get(f"{origin.url}/sized?n=7").content == b"another"
            each.event_hooks = {"response": [read]}
            assert each.get(f"{origin.url}/sized?n=7").content == content(7)


@pytest.mark.parametrize("name", ["read", "iter_bytes", "iter_raw", "close"])
def test_responses_that_others_read(name: str, lib: Any, client: Any, origin: Any, monkeypatch: Any) -> None:
    """A tool that stands in the way of reading, on the class or on one response, is not passed by."""
    seen: list[str] = []
    way = getattr(lib.Response, name)

    def watched(self: Any, *given: Any) -> Any:
        seen.append(name)
        return way(self, *given)

    monkeypatch.setattr(lib.Response, name, watched)
    assert client.get(f"{origin.url}/sized?n=7").content == content(7)
    assert seen == [name]
    monkeypatch.undo()
    client.event_hooks = {"response": [lambda response: setattr(response, name, partial(watched, response))]}
    assert client.get(f"{origin.url}/sized?n=7").content == content(7)
    assert seen == [name, name]


def test_two_threads_that_look_at_once(lib: Any, client: Any, origin: Any) -> None:
    """One that has begun when another one was quicker goes on with what is there."""
    response = client.send(client.build_request("GET", f"{origin.url}/sized?n=7"), stream=True)
    headers = response.headers
    at_hand, late = type(response), type(headers)
    assert response.read() == content(7)
    assert "content-length" in dict(headers)
    assert (type(response), type(headers)) == (lib.Response, lib.Headers)
    assert at_hand.read(response) == content(7)
    assert at_hand.__reduce_ex__(response, 2)[1][0] is lib.Response
    assert late.__contains__(headers, "content-length")
    assert late.get_list(headers, "content-length") == ["7"]
    assert late.multi_items(headers) == headers.multi_items()
    assert late.__reduce_ex__(headers, 2)[1][0] is lib.Headers
    late.__setattr__(headers, "encoding", "utf-8")
    assert headers.encoding == "utf-8"


def test_a_transport_over_ours(lib: Any, origin: Any) -> None:
    """What it makes of the content is what is read."""

    class Twice(lib.SyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            for part in self._stream:
                yield part + part

    class Over(adapters.HTTPXTransport):
        def handle_request(self, request: Any) -> Any:
            response = super().handle_request(request)
            response.stream = Twice(response.stream)
            return response

    with lib.Client(transport=Over(), trust_env=False) as client:
        assert client.get(f"{origin.url}/sized?n=7").content == 2 * content(7)


class Looking(CookieJar):
    """A jar that looks at more than cookies."""

    def make_cookies(self, response: Any, request: Any) -> Any:
        self.seen = [(name, value) for name, value in response.info().items() if name != "date"]
        return super().make_cookies(response, request)


def test_cookies(lib: Any, client: Any, origin: Any, monkeypatch: Any) -> None:
    """A jar finds the same cookies, and who looks at more the same fields."""
    url = f"{origin.url}/set-cookies?a=1&b=2"
    second = f"{origin.url}/field-lines?name=Set-Cookie2&values={quote(json.dumps(['c=3; Version=1; Path=/']))}"
    policy = DefaultCookiePolicy(rfc2965=True)

    def taken(client: Any, jar: Any) -> list[str]:
        client.cookies = jar
        for each in (url, second):
            response = client.get(each)
            assert len(response.cookies) == (2 if each == url else 0)
        return [repr(cookie) for cookie in jar]

    with lib.Client(trust_env=False) as theirs:
        for kind in (CookieJar, Looking):
            own, ours = kind(policy), kind(policy)
            assert taken(client, ours) == taken(theirs, own)
            assert len(own) == 3
            assert vars(ours).get("seen") == vars(own).get("seen")
    monkeypatch.setattr("http.cookiejar.debug", True)
    told: list[str] = []
    monkeypatch.setattr("http.cookiejar.logger", SimpleNamespace(debug=lambda *line: told.append(line[0] % line[1:])))
    client.get(url)
    assert any("content-length" in line for line in told)


def test_both_directions(client: Any, origin: Any) -> None:
    def parts() -> Iterator[bytes]:
        yield b"gene"
        yield b"rator" * 1000

    assert client.post(f"{origin.url}/echo", content=parts()).json()["body"] == "gene" + "rator" * 1000
    assert client.post(f"{origin.url}/echo", files={"f": b"\0\1"}).json()["body"].count("\0\1") == 1
    with client.stream("GET", f"{origin.url}/chunked?n=300000") as response:
        assert b"".join(response.iter_raw()) == content(300_000)
    with client.stream("GET", f"{origin.url}/sized?n=3000000") as response:
        assert next(response.iter_bytes(10)) == content(10)
    assert client.get(f"{origin.url}/redirect?to=/sized?n=7", follow_redirects=True).content == content(7)
    assert client.get(f"{origin.url}/set-cookies?a=1&b=2").cookies == {"a": "1", "b": "2"}
    assert origin.accepted == 2


@pytest.mark.parametrize("is_async", [False, True])
def test_a_redirect_has_the_body_that_it_has_by_its_own(is_async: bool, lib: Any, origin: Any) -> None:
    """Its request has the stream of the one before, and of no body there is no framing either."""

    def asked(by_ours: bool) -> list[Any]:
        transport = (adapters.AsyncHTTPXTransport if is_async else adapters.HTTPXTransport)() if by_ours else None
        url = f"{origin.url}/redirect?code=307&to=/echo"

        async def main() -> list[Any]:
            async with lib.AsyncClient(transport=transport, follow_redirects=True) as client:
                return [(await client.request(*given)).json() for given in calls]

        calls = [("GET", url), ("DELETE", url)]
        if is_async:
            return asyncio.run(main())
        with lib.Client(transport=transport, follow_redirects=True) as client:
            found = [client.request(*given).json() for given in calls]
            return [*found, client.post(url, content=b"abc").json()]

    assert asked(True) == asked(False)


@pytest.mark.parametrize("wire", [b"", b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"])
def test_an_early_end_is_told_in_the_library_s_words(wire: bytes, lib: Any, client: Any) -> None:
    """By which programs know it: "incomplete chunked read", say."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(wire and b"HTTP/1.1 200 OK\r\n" + wire)

    told = []
    with lib.Client(trust_env=False) as own:
        for asks in (own, client):
            with ScriptedServer(serve) as server, pytest.raises(lib.RemoteProtocolError) as raised:
                asks.get(f"http://127.0.0.1:{server.port}/")
            told.append(str(raised.value))
    assert told[0] == told[1]


@pytest.mark.parametrize("where", ["127.0.0.1:99999", "127.0.0.1:0", "exa%20mple", "*.invalid"])
def test_where_nobody_can_connect_to(where: str, lib: Any, client: Any) -> None:
    """A link to there, or a redirect, is one that is dead, and no mistake in the request."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://%b/\r\n\r\n" % where.encode())

    with lib.Client(trust_env=False) as own, ScriptedServer(serve) as server:
        for asks in (own, client):
            for url in (f"http://{where}/", f"http://127.0.0.1:{server.port}/"):
                with pytest.raises(lib.ConnectError):
                    asks.get(url, follow_redirects=True)


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 5\r\nX-A: a\r\ncontent-length: 5", b"X-A: a\r\nContent-Length: 5, 5", b"Transfer-Encoding: Chunked",
        b"Content-Length: 5 ,5\r\nContent-Length: 5",
    ],
)  # fmt: skip
@pytest.mark.parametrize("look", ["items", "multi_items", "raw"])
def test_the_fields_of_framing_are_those_of_h11(look: str, lines: bytes, lib: Any, client: Any) -> None:
    """Of equal lengths there is one: ``int(response.headers["content-length"])`` stands in many programs."""
    content_ = b"there" if b"5" in lines else b"5\r\nthere\r\n0\r\n\r\n"

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (lines, content_))

    told = []
    with lib.Client(trust_env=False) as own, ScriptedServer(serve) as server:
        for asks in (own, client):
            response = asks.get(f"http://127.0.0.1:{server.port}/")
            found = getattr(response.headers, look)
            told.append((list(found() if callable(found) else found), response.content))
    assert told[0] == told[1]


def test_exceptions(lib: Any, client: Any, origin: Any) -> None:
    with pytest.raises(lib.ConnectError):
        client.get("http://127.0.0.1:1/")
    with pytest.raises(lib.ReadTimeout):
        client.get(f"{origin.url}/silent", timeout=lib.Timeout(5, read=0.05))
    with pytest.raises(lib.RemoteProtocolError):
        client.get(f"{origin.url}/dropped-at-first?times=1")
    with pytest.raises(lib.RemoteProtocolError):
        client.get(f"{origin.url}/cut")
    with pytest.raises(lib.ConnectError):
        client.get(origin.url.replace("http:", "https:"))
    with pytest.raises(lib.LocalProtocolError):
        client.get(origin.url, headers={"X-A": "b\r\nX-C: d"})
    with pytest.raises(lib.LocalProtocolError):
        client.post(origin.url, content=b"abc", headers={"Content-Length": "2"})
    for length in ("2", "4"):
        with pytest.raises(lib.LocalProtocolError):
            client.post(f"{origin.url}/echo", content=iter([b"abc"]), headers={"Content-Length": length})
    for url in ("page", "//host/page", "http:///page", "ftp://host/"):
        with pytest.raises(lib.UnsupportedProtocol):
            client.get(url)

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        client.post(f"{origin.url}/echo", content=broken())


def test_extensions(client: Any, origin: Any) -> None:
    told: list[str] = []
    extensions = {"trace": lambda event, info: told.append(event), "target": b"/sized?n=3"}
    assert client.get(f"{origin.url}/echo", extensions=extensions).content == content(3)
    assert told == ["http11.send_request_headers.started", "http11.send_request_headers.complete",
                    "http11.receive_response_headers.started", "http11.receive_response_headers.complete"]  # fmt: skip


def test_proxies(lib: Any, origin: Any, tls_origin: Any, proxy: Any, authority: Any) -> None:
    proxy.wants_password = True
    trusting = ssl.create_default_context(cafile=authority.pem)
    through = lib.Proxy(proxy.url, auth=("user", "pass"))
    with lib.Client(transport=adapters.HTTPXTransport(verify=trusting, proxy=through)) as client:
        assert ["X-Forwarded", "yes"] in client.get(f"{origin.url}/echo").json()["fields"]
        assert client.get(f"{tls_origin.url}/sized?n=9").content == content(9)
    with lib.Client(transport=adapters.HTTPXTransport(verify=trusting, proxy=proxy.url)) as client:
        with pytest.raises(lib.ProxyError):
            client.get(f"{tls_origin.url}/sized?n=9")


def test_what_is_refused(lib: Any) -> None:
    with pytest.raises(ValueError, match="HTTP/2"):
        adapters.HTTPXTransport(http2=True)
    with pytest.raises(TypeError, match="redirects"):
        adapters.HTTPXTransport(redirects=3)
    with pytest.raises(ValueError, match="proxy"):
        adapters.HTTPXTransport(proxy=lib.Proxy("http://127.0.0.1:1", headers={"X-A": "b"}))


@each_loop
def test_an_asynchronous_client(run: Any, lib: Any, origin: Any) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"gene"
        yield b"rator" * 1000

    async def main() -> None:
        async with lib.AsyncClient(transport=adapters.AsyncHTTPXTransport(), trust_env=False) as client:
            for path in ("/sized", "/chunked", "/gzip"):
                response = await client.get(f"{origin.url}{path}?n=300000")
                assert response.content == content(300_000)
            assert (await client.post(f"{origin.url}/echo", content=b"abc")).json()["body"] == "abc"
            echo = (await client.post(f"{origin.url}/echo", content=parts())).json()
            assert echo["body"] == "gene" + "rator" * 1000
            assert (await client.head(f"{origin.url}/sized?n=100")).headers["content-length"] == "100"
            async with client.stream("GET", f"{origin.url}/chunked?n=300000") as response:
                assert b"".join([part async for part in response.aiter_raw()]) == content(300_000)
            with pytest.raises(lib.ConnectError):
                await client.get("http://127.0.0.1:1/")
            with pytest.raises(lib.ReadTimeout):
                await client.get(f"{origin.url}/silent", timeout=lib.Timeout(5, read=0.05))
            with pytest.raises(lib.RemoteProtocolError):
                await client.get(f"{origin.url}/cut")

    run(main)


@each_loop
def test_cancelled(run: Any, lib: Any, origin: Any) -> None:
    """The connection of a task that was cancelled is free for others at once."""

    async def main() -> None:
        limits = lib.Limits(max_connections=1)
        transport = adapters.AsyncHTTPXTransport(limits=limits)
        async with lib.AsyncClient(transport=transport, trust_env=False) as client:
            with pytest.raises(TimeoutError), anyio.fail_after(0.1):
                await client.get(f"{origin.url}/silent", timeout=None)
            assert (await client.get(f"{origin.url}/sized?n=5", timeout=10)).content == content(5)

    run(main)


def test_another_event_loop(lib: Any, origin: Any) -> None:
    client = lib.AsyncClient(transport=adapters.AsyncHTTPXTransport(), trust_env=False)

    async def main() -> None:
        assert (await client.get(f"{origin.url}/sized?n=5")).content == content(5)

    async def end() -> None:
        await main()
        await client.aclose()

    run_asyncio(main)
    run_asyncio(end)
