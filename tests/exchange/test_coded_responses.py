"""Coded content as it arrives by pool and fetcher: what Content-Encoding may say, bounds on work, time and memory."""

from __future__ import annotations

import asyncio
import io
import ssl
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import ContentDecodingError, ContentTooLong, MissingDecoder, Request
from httpconn._exchange import content_coding

from ..support.clients import Maker
from ..support.faulty import Exchange, FaultyServer, gzip
from ..support.sites import KINDS, Asker, Reply, Site, each_kind

PAGE = b"<p>a page</p>\n" * 2000
by_three = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])


def reply(coding: str | list[str], body: bytes) -> Reply:
    return 200, {"Content-Encoding": coding}, body  # type: ignore[dict-item]  # a list is as many lines


class Codings(Site):
    """A site whose fields may be lists, for as many lines."""

    async def answer(self, exchange: Exchange) -> None:
        status, fields, body = self.routes.get(exchange.target, (404, {}, b""))
        lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}"]
        for name, values in fields.items():
            lines += [f"{name}: {value}" for value in ([values] if isinstance(values, str) else values)]
        await exchange.send("\r\n".join((*lines, "", "")).encode("latin-1") + body)


def content_of(response: httpconn.Response) -> bytes:
    if response.error is not None:
        raise response.error
    return response.content


@each_kind
@pytest.mark.parametrize(("lines", "error"), [(5, None), (6, ContentDecodingError), (100, ContentDecodingError)])
def test_codings_in_several_lines_are_counted_together(kind: str, lines: int, error: type[Exception] | None) -> None:
    """As in one (CVE-2023-23916)."""
    body = PAGE
    for _ in range(min(lines, 8)):
        body = gzip(body)
    routes = {"/lines": reply(["gzip"] * lines, body), "/pairs": reply(["gzip, gzip"] * ((lines + 1) // 2), body)}
    with Codings(routes) as site, Asker(kind) as ask:
        if error is None:
            assert content_of(ask(site.url("/lines"))) == PAGE
            return
        for path in routes:
            with pytest.raises(error, match=r"at most 5 content codings"):
                content_of(ask(site.url(path)))


# -- what is none, or unknown ------------------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize(
    "coding",
    ["UTF-8", "none", "aws-chunked", "binary", "", "compress", "dcb", "dcz", "gzip, sdch", ["gzip", "x-unknown"]],
    ids=str,
)
def test_what_is_no_coding_leaves_the_content_as_it_came(kind: str, coding: Any) -> None:
    body = gzip(PAGE)
    with Codings({"/": reply(coding, body)}) as site, Asker(kind) as ask:
        response = ask(site.url("/"))
        assert content_of(response) == body
        [defect] = response.defects
        assert defect.data.lower().startswith(b"content-encoding:")
        assert response.raw_head[defect.offset :].startswith(defect.data)
        assert "as it came" in defect.reason
        assert response.headers["Content-Encoding"] == (coding if isinstance(coding, str) else coding[0])
        assert content_of(ask(site.url("/"))) == body
        assert len(site.heads) == 2
        assert site.connections == 1  # it is as good as any other


@each_kind
@pytest.mark.parametrize("coding", ["identity", "gzip, identity", "Identity,GZIP", ["identity", "gzip", ""]], ids=str)
def test_identity_is_nothing_to_undo(kind: str, coding: Any) -> None:
    body = PAGE if coding == "identity" else gzip(PAGE)
    with Codings({"/": reply(coding, body)}) as site, Asker(kind) as ask:
        response = ask(site.url("/"))
        assert content_of(response) == PAGE
        assert not response.defects


@each_kind
def test_a_coding_that_is_not_installed_is_named(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the package, the extra, and all that came."""
    makers = content_coding._makers()
    monkeypatch.setattr(content_coding, "_makers", lambda: {name: makers[name] for name in ("gzip", "deflate")})
    body = b"what came, " * 20_000
    with Codings({"/": reply("zstd", body), "/br": reply("gzip, br", body)}) as site, Asker(kind) as ask:
        for path, coding, package in (("/", "zstd", "backports.zstd"), ("/br", "br", "brotli")):
            with pytest.raises(MissingDecoder, match=coding) as told:
                content_of(ask(site.url(path)))
            assert package in str(told.value)
            assert f"pip install 'httpconn[{coding}]'" in str(told.value)
            assert isinstance(told.value, ContentDecodingError)
            if kind not in ("stream", "astream"):  # of which nothing is read
                assert told.value.partial == body
        if kind in ("stream", "astream"):
            return
        assert content_of(ask(Request("GET", site.url("/"), decode=False))) == body
        for sink in (io.BytesIO(), tmp_path / "sink"):
            response = ask(Request("GET", site.url("/"), sink=sink))
            assert isinstance(response.error, MissingDecoder)
            assert response.content == body
            assert not (sink.getvalue() if isinstance(sink, io.BytesIO) else sink.exists())
        response = ask(Request("GET", site.url("/"), max_content=len(body) - 1))
        assert isinstance(response.error, ContentTooLong)


# -- tolerant ----------------------------------------------------------------------------------------------------

CUT = gzip(PAGE)[:-8]
JUNK = gzip(PAGE) + b"\r\n<!-- junk -->"


@each_kind
@pytest.mark.parametrize("body", [CUT, JUNK], ids=["cut", "junk"])
def test_tolerant_decoding(kind: str, body: bytes) -> None:
    with Codings({"/": reply("gzip", body)}) as site:
        with Asker(kind) as ask:
            with pytest.raises(ContentDecodingError) as told:
                content_of(ask(site.url("/")))
            assert PAGE.startswith(told.value.partial)
            response = ask(Request("GET", site.url("/"), tolerant_decoding=True))
            assert content_of(response) == PAGE
            [defect] = response.defects
            assert "content coding 'gzip'" in defect.reason
        with Asker(kind, tolerant_decoding=True) as ask:
            assert content_of(ask(site.url("/"))) == PAGE
            with pytest.raises(ContentDecodingError):
                content_of(ask(Request("GET", site.url("/"), tolerant_decoding=False)))


def test_the_options_of_one_get(new_pool: Maker) -> None:
    with Codings({"/": reply("gzip", CUT)}) as site, new_pool() as pool:
        assert pool.get(site.url("/"), tolerant_decoding=True).content == PAGE
        assert pool.get(site.url("/"), tolerant_decoding=True, default_encoding="koi8-r").encoding == "koi8-r"


# -- bounds ------------------------------------------------------------------------------------------------------

NOTHING = gzip(gzip(b"") * 600_000)
"""12 MB between two codings, and seconds of work, for no content at all."""
LONG_WORK = reply("gzip, gzip", NOTHING)
DENSE = reply("gzip, gzip", gzip(gzip(b"") * 150_000))
"""As dense, and a quarter of it."""


@each_kind
@pytest.mark.slow
def test_expansion_between_two_codings_is_refused(kind: str) -> None:
    with Codings({"/": DENSE}) as site, Asker(kind) as ask:
        with pytest.raises(ContentTooLong, match="max_ratio"):
            content_of(ask(site.url("/")))


@each_kind
def test_the_deadline_is_looked_at_between_steps(kind: str) -> None:
    """All of it has come within a moment; what takes its time is ours."""
    with Codings({"/": LONG_WORK, "/good": (200, {}, b"good")}) as site:
        with Asker(kind, timeout=httpconn.Timeout(total=0.3), max_ratio=2000) as ask:
            with pytest.raises(httpconn.TotalTimeout):
                content_of(ask(site.url("/")))
            assert content_of(ask(site.url("/good"))) == b"good"


@pytest.mark.slow
def test_one_response_does_not_hold_up_the_others(new_fetcher: Maker) -> None:
    """The others come first, although the one with all the work was there before them."""
    with Codings({"/": LONG_WORK, "/good": (200, {}, b"good")}) as site:
        with new_fetcher(max_ratio=2000, per_host=2) as fetcher:
            fetcher.add(site.url("/"))
            for _ in range(30):
                fetcher.add(site.url("/good"))
            results = list(fetcher)
            assert [response.index for response in results][-1] == 0
            assert all(response.error is None for response in results)
            assert results[-1].content == b""
            assert not fetcher._loop.unfinished


def test_what_is_not_done_is_gone_with_its_fetcher(new_fetcher: Maker) -> None:
    with Codings({"/": LONG_WORK, "/good": (200, {}, b"good")}) as site:
        fetcher = new_fetcher(max_ratio=2000, per_host=2)
        fetcher.add(site.url("/"))
        fetcher.add(site.url("/good"))
        assert next(fetcher).content == b"good"
        fetcher.close()
        assert list(fetcher) == []


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_more_than_a_turn_is_decoded_to_the_end(
    is_tls: bool, server_context: ssl.SSLContext, client_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns of one step each: the content is whole, and so is what comes behind it."""
    monkeypatch.setattr(httpconn._exchange.incoming, "_TURN_S", 0.0)
    content = PAGE * 100
    options: dict[str, Any] = {"max_ratio": 100_000}
    tls = None
    if is_tls:
        tls, options["context"] = server_context, client_context
    with Codings({"/": reply("gzip, gzip", gzip(gzip(content))), "/good": (200, {}, b"good")}, tls=tls) as site:
        for kind in KINDS:
            with Asker(kind, **options) as ask:
                for _ in range(2):
                    assert content_of(ask(site.url("/"))) == content
                    assert content_of(ask(site.url("/good"))) == b"good"
        assert site.connections == len(KINDS)


class Halves(Codings):
    """Sends all but the last byte, and that when /go is asked for."""

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target != "/slow":
            await super().answer(exchange)
            return
        body = gzip(PAGE)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        await exchange.send(head.encode() + body[:-1])
        await self.until("/go")
        await exchange.send(body[-1:])

    async def until(self, path: str) -> None:
        while not any(f" {path} ".encode() in head for head in self.heads):
            await asyncio.sleep(0.005)


def test_decoders_count_in_what_a_fetcher_holds(new_fetcher: Maker) -> None:
    with Halves({"/good": (200, {}, b"good"), "/go": (200, {}, b"go")}) as site:
        with new_fetcher(per_host=2) as fetcher:
            fetcher.add(site.url("/slow"))
            held = []
            for _ in range(200):
                fetcher.add(site.url("/good"))
                assert next(fetcher).content == b"good"
                held.append(fetcher._loop.memory.held - len(b"good"))
                if held[-1] > len(PAGE):
                    break
            assert held[-1] >= len(PAGE) + 30_000  # its content, and the decoder's window and state
            fetcher.add(site.url("/go"))
            assert sorted(response.content for response in fetcher) == sorted([PAGE, b"go"])
            loop = fetcher._loop
            assert loop.memory.held == loop.results.held == len(PAGE) or loop.memory.held <= len(PAGE)


@each_kind
@pytest.mark.parametrize("path", ["/bomb/1", "/cut-gzip/1", "/corrupt-gzip/1", "/members/1"])
def test_cve_2025_66471_content_codings_are_bounded(kind: str, path: str) -> None:
    """Also CVE-2025-66418 (how many), CVE-2022-32206 and CVE-2023-23916 (curl): the units are in exchange/test_content_codings.py."""
    with FaultyServer() as server, Asker(kind) as ask:
        response = ask(server.url(path))
        try:
            content = response.content
        except Exception as error:
            response.error, content = error, b""
        wanted = {
            "/bomb/1": httpconn.ContentTooLong,
            "/cut-gzip/1": httpconn.ContentDecodingError,
            "/corrupt-gzip/1": httpconn.ContentDecodingError,
            "/members/1": type(None),
        }[path]
        assert type(response.error) is wanted
        assert len(content) < 10_000_000  # of 30
