"""What was sent, as a response tells it with ``keep_sent=True``: held against what the server got."""

from __future__ import annotations

import http.cookiejar
import pickle
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from httpconn import (
    AsyncClient,
    ConnectionPool,
    Fetcher,
    HTTPMessage,
    IncompleteRead,
    Request,
    Response,
    Retry,
    TLSInfo,
)

from ..support.certificates import TLS
from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.peers import ScriptedServer, nobody, pump, take_request
from ..support.sites import PAGE, Asker, Site, each_kind, redirect

SOME = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"


@each_kind
def test_the_head_as_it_was_sent(in_use, kind: str) -> None:
    with Site({"/": PAGE}) as site, Asker(kind, keep_sent=True) as ask:
        url = f"http://127.0.0.1:{site.port}/"
        began = time.time()
        post = Request("POST", url, {"X-Own": "1"}, b"short")
        for request in (url, url, post, Request("HEAD", url), Request("GET", url, tag="mine")):
            response = ask(request)
            assert response.error is None
            assert response.content == (b"" if response.request.method == "HEAD" else b"page")
            assert response.request_head == site.heads[-1]
            assert response.peer == ("127.0.0.1", site.port)
            assert response.tls is None
            assert response.sent_at is not None
            assert began <= response.sent_at <= time.time()
            told = response.request
            assert isinstance(told.headers, HTTPMessage)
            assert {name.lower(): value for name, value in told.headers.items()} == site.fields(-1)
            assert told.headers["user-agent"].startswith("httpconn/")
            assert told is response.request
            again = pickle.loads(pickle.dumps(response))
            assert (again.request_head, again.peer, again.sent_at) == (
                response.request_head,
                response.peer,
                response.sent_at,
            )
        assert response.tag == "mine"
        assert ask(response.request).request_head == response.request_head, "what was sent can be sent again"
        assert len({*site.heads}) == 3


@each_kind
def test_a_large_body_is_no_part_of_it(kind: str) -> None:
    with Site({"/": PAGE}) as site, Asker(kind, keep_sent=True, expect_timeout_s=None) as ask:
        response = ask(Request("POST", f"http://127.0.0.1:{site.port}/", body=iter([b"x" * 70_000])))
        assert response.request_head == site.heads[0]
        assert response.request.headers["Transfer-Encoding"] == "chunked"


@each_kind
def test_of_several_the_last(kind: str) -> None:
    """Redirects and retries, with cookies: what is told is what was sent last, and each in the history has its own."""
    jar = http.cookiejar.CookieJar()
    routes = {
        "/old": redirect(302, "/new", Set_Cookie="a=1"),
        "/new": lambda earlier: (503, {"Set-Cookie": "b=2"}, b"") if not earlier else PAGE,
    }
    options: dict[str, Any] = {"cookies": jar, "retry": Retry(1, backoff_s=0.0), "keep_sent": True}
    with Site(routes) as site, Asker(kind, **options) as ask:
        response = ask(f"http://127.0.0.1:{site.port}/old")
        assert site.paths() == ["/old", "/new", "/new"]
        assert (response.status, response.attempts) == (200, 2)
        assert response.request_head == site.heads[2]
        assert response.request.headers["Cookie"] == "a=1; b=2"
        assert [earlier.request_head for earlier in response.history] == site.heads[:1]
        assert response.history[0].request.headers["Cookie"] is None


@each_kind
def test_what_is_not_kept(in_use, kind: str) -> None:
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        request = Request("GET", f"http://127.0.0.1:{site.port}/")
        response = ask(request)
        assert response.request is request or kind == "astream"
        for name in ("request_head", "peer", "sent_at", "tls"):
            assert not hasattr(response, name)
            with pytest.raises(AttributeError, match="keep_sent=True"):
                getattr(response, name)


@each_kind
def test_nothing_was_sent(kind: str) -> None:
    with nobody() as (host, port), Asker(kind, keep_sent=True) as ask:
        for url in (f"http://{host}:{port}/", "http://[", "ftp://x/"):
            response = ask(url)
            assert response.error is not None
            if "//[" in url or "ftp" in url:
                if kind != "fetcher":
                    continue  # it is raised, and there is no response
                assert response.attempts == 0
            assert (response.request_head, response.peer, response.sent_at, response.tls) == (b"", None, None, None)


@each_kind
def test_an_answer_that_was_cut_short(kind: str) -> None:
    def serve(sock: Any) -> None:
        heads.append(take_request(sock))
        sock.sendall(SOME)

    heads: list[bytes] = []
    with ScriptedServer(serve) as server, Asker(kind, keep_sent=True) as ask:
        response = ask(f"http://127.0.0.1:{server.port}/")
        if kind == "stream":
            with pytest.raises(IncompleteRead) as caught:
                _ = response.content
            response = caught.value.response
        assert response.error is not None
        assert response.request_head == heads[0]


@each_kind
def test_over_tls(kind: str, tls: TLS) -> None:
    with Site({"/": PAGE}, tls=tls.server_context) as site:
        with Asker(kind, keep_sent=True, context=tls.client_context()) as ask:
            first, second = (ask(f"https://localhost:{site.port}/") for _ in range(2))
        with connected(site.port, tls) as probe:
            certificate, version = probe.getpeercert(True), probe.version()
    assert first.error is None
    assert first.request_head == site.heads[0]
    assert first.tls is not None
    assert first.tls == second.tls
    assert (first.tls.certificate, first.tls.version) == (certificate, version)
    assert first.tls.cipher.startswith("TLS_")
    assert first.peer is not None
    assert first.peer[1] == site.port
    assert first.content == b"page"
    assert isinstance(pickle.loads(pickle.dumps(first)).tls, TLSInfo)


def connected(port: int, tls: TLS) -> ssl.SSLSocket:

    plain = socket.create_connection(("localhost", port), 10)
    return tls.client_context().wrap_socket(plain, server_hostname="localhost")


@each_kind
def test_through_a_tunnel(kind: str, tls: TLS) -> None:
    """The peer is the proxy, TLS and the head are the origin's; also where the proxy has TLS of its own."""

    def tunnel(sock: Any) -> None:

        assert take_request(sock).startswith(b"CONNECT ")
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", site.port), 10) as near:
            pump(sock, near)

    for wrap, scheme in ((None, "http"), (tls.wrap, "https")):
        with Site({"/": PAGE}, tls=tls.server_context) as site, ScriptedServer(tunnel, wrap) as proxy:
            options = {"context": tls.client_context(), "proxy_context": tls.client_context()}
            with Asker(kind, keep_sent=True, proxy=f"{scheme}://localhost:{proxy.port}", **options) as ask:
                response = ask(f"https://localhost:{site.port}/")
            assert response.error is None
            assert response.peer is not None
            assert response.peer[1] == proxy.port
            assert response.request_head == site.heads[0]
            assert response.tls is not None
            assert response.tls.version == "TLSv1.3"


@each_kind
def test_a_proxys_tls_is_none_of_the_origins(kind: str, tls: TLS) -> None:
    def forward(sock: Any) -> None:
        heads.append(take_request(sock))
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    heads: list[bytes] = []
    with ScriptedServer(forward, tls.wrap) as proxy:
        options = {"proxy": f"https://me:pw@localhost:{proxy.port}", "proxy_context": tls.client_context()}
        with Asker(kind, keep_sent=True, **options) as ask:
            response = ask("http://host.example/")
    assert response.error is None
    assert response.request_head == heads[0]
    assert b"\r\nProxy-Authorization: Basic" in response.request_head
    assert response.tls is None


@each_kind
def test_a_unix_socket(kind: str, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with Site({"/": PAGE}, path=path) as site, Asker(kind, keep_sent=True, resolve={"near": f"unix:{path}"}) as ask:
        response = ask("http://near/")
        assert response.peer == (f"unix:{path}", 0)
        assert response.request_head == site.heads[0]


def test_many_over_kept_connections(fetch_many: FetchMany, in_use) -> None:
    with Site({"/": PAGE}) as site:
        urls = [f"http://127.0.0.1:{site.port}/?{number}" for number in range(50)]
        with fetch_many(urls, per_host=4, keep_sent=True) as responses:
            told = [response.request_head for response in responses]
            assert responses.stats.opened <= 4
        assert sorted(told) == sorted(site.heads)


@pytest.mark.parametrize("maker", [ConnectionPool, Fetcher, AsyncClient])
def test_the_option(maker: Any) -> None:
    with pytest.raises(TypeError, match="keep_sent as True or False, got 1"):
        maker(keep_sent=1)
    with pytest.raises(TypeError, match="an option of ConnectionPool, Fetcher and AsyncClient"):
        Request("GET", "http://x/", keep_sent=True)  # type: ignore[arg-type]


def test_hooks_see_what_was_sent(new_pool: Maker) -> None:
    seen: list[Response] = []
    with Site({"/": PAGE}) as site, new_pool(after_response=seen.append, keep_sent=True) as pool:
        pool.get(f"http://127.0.0.1:{site.port}/")
        assert seen[0].request_head == site.heads[0]
