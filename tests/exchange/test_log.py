"""The logger ``httpconn``: what it says at DEBUG, what it hides, and that nothing is made for it while it is off."""

from __future__ import annotations

import asyncio
import http.cookiejar
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from httpconn import AsyncClient, ConnectionPool, Fetcher, Request, Retry, Timeout, fetch_many
from httpconn._engine import tracing
from httpconn._exchange import logged
from httpconn._exchange.logged import shown_head

from ..support.peers import ScriptedServer, nobody, take_request
from ..support.sites import PAGE, Asker, Site, each_kind, redirect

SECRETS = ("pw-of-url", "secret-cookie", "secret-of-server", "token-of-auth", "key-of-api", "pw-of-proxy")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Turn the logger on; return what gives its texts so far."""
    with caplog.at_level(logging.DEBUG, "httpconn"):
        yield lambda: [record.getMessage() for record in caplog.records if record.name == "httpconn"]


def of(kind: str, texts: list[str]) -> list[str]:
    return [text for text in texts if text.startswith(kind)]


@each_kind
def test_what_is_said(in_use, kind: str, lines: Callable[[], list[str]]) -> None:
    with Site({"/": PAGE}) as site:
        with Asker(kind) as ask:
            for _ in range(2):
                assert ask(f"http://127.0.0.1:{site.port}/").content == b"page"
        texts = lines()
        assert len(of("opened", texts)) == len(of("closed", texts)) == 1
        assert f"to 127.0.0.1:{site.port}" in of("opened", texts)[0]
        assert "is closed" in of("closed", texts)[0]
        sent = of("sent", texts)
        assert len(sent) == len(of("received", texts)) == 2
        for text, head in zip(sent, site.heads, strict=True):
            assert [line.strip() for line in text.split("\n")[1:]] == head.decode().split("\r\n")[:-2]
        assert "\n  HTTP/1.1 200 Told\n  Content-Length: 4" in of("received", texts)[0]
        assert [text.split()[0] for text in texts] == ["opened", "sent", "received", "sent", "received", "closed"]


@each_kind
def test_what_follows(kind: str, lines: Callable[[], list[str]]) -> None:
    routes = {
        "/old": redirect(302, "/new"),
        "/new": lambda earlier: (503, {"Connection": "close"}, b"") if not earlier else PAGE,
    }
    with Site(routes) as site, Asker(kind, retry=Retry(1, backoff_s=0.0)) as ask:
        url = f"http://127.0.0.1:{site.port}"
        assert ask(f"{url}/old").status == 200
        texts = lines()
        assert of("redirected", texts) == [f"redirected by 302: GET {url}/old to GET {url}/new"]
        assert of("again", texts) == [f"again in 0 s, for status 503: GET {url}/new"]
    with nobody() as (host, port), Asker(kind) as ask:
        assert ask(f"http://{host}:{port}/").error is not None
        assert any("ConnectionRefusedError" in text and f"{host}:{port}" in text for text in of("failed", lines()))


@each_kind
def test_why_a_connection_is_closed(kind: str, lines: Callable[[], list[str]]) -> None:
    def serve(sock: Any) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def bad(sock: Any) -> None:
        take_request(sock)
        sock.sendall(b"no HTTP\x1b[31m\r\n\r\n")

    with ScriptedServer(serve) as server, Asker(kind) as ask:
        assert ask(f"http://127.0.0.1:{server.port}/").content == b"ok"
        assert "nothing may follow" in of("closed", lines())[0]
    with ScriptedServer(bad) as server, Asker(kind, strict=True) as ask:
        assert ask(f"http://127.0.0.1:{server.port}/").error is not None
    assert "BadStatusLine" in of("closed", lines())[1]
    assert not any("\x1b" in text for text in lines())


@each_kind
def test_no_secret_is_shown(kind: str, lines: Callable[[], list[str]]) -> None:
    jar = http.cookiejar.CookieJar()
    routes = {
        "/old": redirect(302, "http://me:pw-of-url@127.0.0.1/x", Set_Cookie="a=secret-of-server"),
        "/": (200, {"Set-Cookie": "b=secret-of-server", "X-Auth-Token": "secret-of-server"}, b""),
    }
    with Site(routes) as site, Asker(kind, cookies=jar, redirects=0) as ask:
        port = site.port
        fields = {"Cookie": "c=secret-cookie", "X-Api-Key": "key-of-api", "Referer": "http://me:pw-of-url@127.0.0.1/"}
        ask(Request("GET", f"http://me:pw-of-url@127.0.0.1:{port}/", fields))
        ask(Request("GET", f"http://127.0.0.1:{port}/", {"authorization": "Bearer token-of-auth"}))
        ask(f"http://127.0.0.1:{port}/old")
        ask(f"http://me:pw-of-url@127.0.0.1:{port}/old")
        assert ask(Request("GET", f"http://127.0.0.1:{port}/", proxy=f"http://me:pw-of-proxy@127.0.0.1:{port}")).status
    texts = "\n".join(lines())
    for secret in SECRETS:
        assert secret not in texts
    assert texts.count("Authorization: ...") >= 3
    assert "Cookie: ..." in texts
    assert "Location: ...@127.0.0.1/x" in texts


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\n  GET / HTTP/1.1\n  Host: x"),
        (b"HTTP/1.1 200 OK\r\nSET-cookie : a=1;\r\n\tb=2\r\nX: y\r\n\r\n",
         "\n  HTTP/1.1 200 OK\n  SET-cookie : ...\n    ...\n  X: y"),
        (b"HTTP/1.1 200 OK\nSet-Cookie: a=1\nX: \x1b[2J\xff\r\n\r\n",
         "\n  HTTP/1.1 200 OK\n  Set-Cookie: ...\n  X: \\x1b[2J\\xff"),
        (b"GET http://a:b@c/?x@y HTTP/1.1\r\nX: see <ftp://d:e@f/> \r\n\r\n",
         "\n  GET ...@y HTTP/1.1\n  X: see <...@f/> "),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9000 + b"\r\n\r\n",
         "\n  HTTP/1.1 200 OK\n  X: " + "y" * 8172 + "\n  (and 832 bytes more)"),
    ],
)  # fmt: skip
def test_a_head_that_is_shown(head: bytes, shown: str) -> None:
    assert shown_head(head) == shown


@each_kind
def test_it_is_turned_on_and_off_at_any_time(in_use, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        url = f"http://127.0.0.1:{site.port}/"
        for level in (logging.WARNING, logging.DEBUG, logging.WARNING, logging.DEBUG):
            with caplog.at_level(level, "httpconn"):
                caplog.clear()
                for _ in range(3):
                    assert ask(url).content == b"page"
                heads = of("sent", [record.getMessage() for record in caplog.records])
                assert len(heads) == (3 if level == logging.DEBUG else 0)


def test_it_is_turned_on_in_the_middle(in_use, caplog: pytest.LogCaptureFixture) -> None:
    """With exchanges under way, also in the compiled code: each is answered once, and what is sent later is said."""
    with Site({"/": PAGE}) as site:
        urls = (f"http://127.0.0.1:{site.port}/?{number}" for number in range(300))
        with fetch_many(urls, per_host=4) as responses:
            got = []
            for number, response in enumerate(responses):
                assert response.error is None
                got.append(response.url)
                if number in (50, 150):
                    caplog.set_level(logging.DEBUG if number == 50 else logging.WARNING, "httpconn")
            assert len({*got}) == 300
        assert sorted(site.heads) == sorted({*site.heads})
    said = of("sent", [record.getMessage() for record in caplog.records])
    assert 60 <= len(said) < 250


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_nothing_is_made_while_it_is_off(in_use, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nobody hears it")

    for module, name in ((logged, "shown_head"), (logged, "shown_error"), (tracing, "note_sending")):
        monkeypatch.setattr(module, name, never)
    for name in ("httpconn._engine.many.connection", "httpconn._engine.threads.attempt"):
        monkeypatch.setattr(f"{name}.note_sending", never)
    monkeypatch.setattr("httpconn._io.channel._shown_address", never)
    with Site({"/": PAGE, "/old": redirect(302, "/")}) as site, Asker(kind, timeout=Timeout(5)) as ask:
        for path in ("/", "/old", "/"):
            assert ask(f"http://127.0.0.1:{site.port}{path}").status == 200


def test_many_awaits(lines: Callable[[], list[str]]) -> None:
    async def main() -> None:
        async with AsyncClient(per_host=4) as client:
            await asyncio.gather(*(client.get(f"http://127.0.0.1:{site.port}/?{number}") for number in range(40)))

    with Site({"/": PAGE}) as site:
        asyncio.run(main())
    assert len(of("sent", lines())) == len(of("received", lines())) == 40


@pytest.mark.parametrize("maker", [ConnectionPool, Fetcher])
def test_a_finalizer_may_log(maker: Any, lines: Callable[[], list[str]]) -> None:
    with Site({"/": PAGE}) as site:
        made = maker()
        if isinstance(made, ConnectionPool):
            made.get(f"http://127.0.0.1:{site.port}/")
        else:
            made.add(f"http://127.0.0.1:{site.port}/")
            assert next(made).status == 200
        if isinstance(made, ConnectionPool):
            with pytest.warns(ResourceWarning):
                del made
        else:
            del made
    assert len(of("closed", lines())) == 1
