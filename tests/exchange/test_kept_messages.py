"""``Request(wire=True)``: the message exactly as it came, by each way to send a request and each parser."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from httpconn import Request, Response, Retry, fetch_many
from httpconn._backends.contract import Backend
from httpconn.errors import ContentTooLong, IncompleteRead

from ..support.certificates import TLS
from ..support.clients import Maker
from ..support.peers import ScriptedServer, nobody, replying
from ..support.sites import Asker, Site, each_kind, redirect
from ..support.transcripts import Transcripts, answers, message_of

CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    b"HTTP/1.1 200\r\ntransfer-ENCODING:  Chunked\r\n\r\n5;a=b\r\nhello\r\n0005\r\nworld\r\n0\r\nX: y\r\n\r\n"
)
HEADS = CHUNKED.index(b"5;a=b")


def asked(kind: str, wire: bytes, options: dict[str, Any] | None = None, **request: Any) -> Response:
    with ScriptedServer(replying(wire)) as server, Asker(kind, retry=Retry(0), **(options or {})) as ask:
        response = ask(Request("GET", f"http://{server.host}:{server.port}/", wire=True, **request))
        if response.error is None:
            try:
                response.content  # noqa: B018  # of a stream: reads it
            except Exception as error:
                assert response.error is error
        return response


def test_each_parser(in_use: Backend) -> None:
    check_each_wire_case("fetcher")


@pytest.mark.parametrize("kind", ["pool", "async"])
def test_each_wire_case(kind: str) -> None:
    check_each_wire_case(kind)


def check_each_wire_case(kind: str) -> None:
    """What the server sends is what is kept, up to the end of the message."""
    cases = answers()
    assert len(cases) > 100
    with Transcripts([case.wire for case in cases]) as server:
        requests = [Request("GET", url, wire=True, redirects=0) for url in server.urls()]
        if kind == "fetcher":
            found = list(fetch_many(requests, ordered=True))
        else:
            with Asker(kind) as ask:
                found = [ask(request) for request in requests]
    for case, response in zip(cases, found, strict=True):
        assert response.wire == message_of(case), case.id
        assert not response.wire_is_truncated


@each_kind
def test_a_message_in_pieces(kind: str) -> None:
    pieces = [CHUNKED[at : at + 1] for at in range(len(CHUNKED))]
    with ScriptedServer(replying(pieces)) as server, Asker(kind) as ask:
        response = ask(Request("GET", f"http://{server.host}:{server.port}/", wire=True))
        assert response.content == b"helloworld"
        assert response.wire == CHUNKED
        assert pickle.loads(pickle.dumps(response)).wire == CHUNKED


@each_kind
@pytest.mark.parametrize(("most", "kept"), [(38, None), (37, 37), (10, 10)])
def test_it_is_bounded_by_max_content(kind: str, most: int, kept: int | None) -> None:
    """The chunks count, the heads do not; content that is within the bound comes whole."""
    assert len(CHUNKED) - HEADS == 38
    response = asked(kind, CHUNKED, max_content=most)
    assert response.content == b"helloworld"
    assert response.wire == (CHUNKED if kept is None else CHUNKED[: HEADS + most])
    assert response.wire_is_truncated is (kept is not None)


@each_kind
def test_the_bound_of_the_client_holds_where_content_has_none(kind: str, tmp_path: Path) -> None:
    """Into a sink goes what there is; of the message, what memory may take."""
    request: dict[str, Any] = {} if kind in ("stream", "astream") else {"sink": tmp_path / "file"}
    response = asked(kind, CHUNKED, {"max_content": 20}, **request)
    assert response.wire == CHUNKED[: HEADS + 20]
    assert response.wire_is_truncated


@each_kind
def test_as_far_as_it_came(kind: str) -> None:
    cut = CHUNKED[:-12]
    response = asked(kind, cut)
    assert isinstance(response.error, IncompleteRead)
    assert response.wire == cut
    too_long = asked(kind, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", max_content=4)
    assert type(too_long.error) is ContentTooLong
    assert too_long.wire.startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_nothing_came(kind: str) -> None:
    with nobody() as (host, port), Asker(kind, retry=Retry(0)) as ask:
        assert ask(Request("GET", f"http://{host}:{port}/", wire=True)).wire == b""


@each_kind
def test_who_does_not_ask_has_none(kind: str) -> None:
    """And the other way round: what was sent is not kept because of it."""
    with Site({"/page": (200, {}, b"page")}) as site, Asker(kind) as ask:
        with pytest.raises(AttributeError, match="wire=True"):
            ask(Request("GET", site.url("/page"))).wire  # noqa: B018
        with pytest.raises(AttributeError, match="keep_sent=True"):
            ask(Request("GET", site.url("/page"), wire=True)).peer  # noqa: B018
    with Site({"/page": (200, {}, b"page")}) as site, Asker(kind, keep_sent=True) as ask:
        response = ask(Request("GET", site.url("/page"), wire=True))
        assert response.request_head == site.heads[0]
        assert response.wire.endswith(b"\r\n\r\npage")


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_redirects_have_theirs(kind: str) -> None:
    """Of which, as of their content, the beginning is kept."""
    long = redirect(302, "/page")[0], {"Location": "/page"}, b"x" * 100_000
    with Site({"/page": (200, {}, b"page"), "/moved": redirect(302, "/page"), "/long": long}) as site:
        with Asker(kind) as ask:
            response = ask(Request("GET", site.url("/moved"), wire=True))
            longer = ask(Request("GET", site.url("/long"), wire=True))
    [hop] = response.history
    assert hop.wire.startswith(b"HTTP/1.1 302 ")
    assert hop.wire.endswith(b"\r\n\r\ngone")
    assert response.wire.endswith(b"\r\n\r\npage")
    [hop] = longer.history
    assert hop.wire == hop.raw_head + b"x" * 65_536
    assert hop.wire_is_truncated


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_over_tls(kind: str, tls: TLS) -> None:
    with ScriptedServer(replying(CHUNKED), tls.wrap) as server, Asker(kind, context=tls.client_context()) as ask:
        assert ask(Request("GET", f"https://localhost:{server.port}/", wire=True)).wire == CHUNKED


@pytest.mark.parametrize("ordered", [False, True])
def test_nothing_is_counted_twice(new_fetcher: Maker, ordered: bool) -> None:
    """What a fetcher holds in memory is nothing again when all has been handed out: pages, redirects, failures."""
    routes = {"/page": (200, {}, b"x" * 300_000), "/moved": (302, {"Location": "/page"}, b"x" * 100_000)}
    with Site(routes) as site, new_fetcher(max_buffered_bytes=400_000, ordered=ordered) as fetcher:
        asked = [Request("GET", site.url(path), wire=True) for path in ("/page", "/moved") * 4]
        for response in fetcher.feed(asked):
            assert len(response.wire) == len(response.raw_head) + 300_000
        assert fetcher._loop.memory.held == 0
        [cut] = fetcher.feed([Request("GET", site.url("/page"), wire=True, max_content=1_000)])
        assert isinstance(cut.error, ContentTooLong)
        assert next(fetcher, None) is None
        assert fetcher._loop.memory.held == 0
    with Transcripts([CHUNKED + b"HTTP/1.1 200 OK\r\n\r\nunasked"]) as server, new_fetcher() as fetcher:
        [response] = fetcher.feed([Request("GET", server.urls()[0], wire=True)])
        assert response.wire == CHUNKED
        assert fetcher._loop.memory.held == 0


def test_a_word_on_its_kind(new_pool: Maker) -> None:
    with new_pool() as pool, pytest.raises(TypeError, match="expected wire as True or False"):
        pool.get("http://a.test/", wire="yes")  # type: ignore[arg-type]  # which is the test
