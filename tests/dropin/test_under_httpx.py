"""httpx and httpx2 over HTTPXTransport and AsyncHTTPXTransport, in both directions, and their exceptions."""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import quote

import pytest

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
    found = importlib.import_module("httpconn.adapters.under_httpx")._libraries
    library = next(kept for kept in found._made.values() if kept.module is lib)
    assert library.has_list
    monkeypatch.setattr(library, "has_list", has_list)
    with lib.Client(trust_env=False) as theirs:
        own, ours = theirs.get(url).headers, client.get(url).headers
    for told in (own, ours):
        del told["date"]
    assert vars(ours) == vars(own)
    assert (ours.raw, ours.encoding, repr(ours)) == (own.raw, own.encoding, repr(own))
    assert ours.get_list("X-OWN") == own.get_list("x-own")


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
