"""Methods in small letters: the six that the Fetch standard normalises, and all others, which go out as they are given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from httpconn import AsyncClient, HTTPConnection, Request

from ..support.event_loops import run
from ..support.sites import PAGE, Asker, Site, each_kind, redirect

SIX = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")
AS_THEY_ARE = ("patch", "Patch", "PATCH", "query", "po\u017ft", "get ")
"""A method has cases (RFC 9110 section 9.1). The letters of the last but one are no six letters of ASCII."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/a": PAGE, "/old": redirect(301, "/a")}) as made:
        yield made


@pytest.mark.parametrize("method", SIX)
def test_normalised(method: str) -> None:
    for given in (method, method.lower(), method.capitalize()):
        assert Request(given, "http://a.test/").method == method
        assert Request("PATCH", "http://a.test/").replaced(method=given).method == method


@pytest.mark.parametrize("method", AS_THEY_ARE)
def test_as_it_is(method: str) -> None:
    assert Request(method, "http://a.test/").method == method


@each_kind
def test_what_is_sent(kind: str, site: Site) -> None:
    """And what depends on it: a HEAD has no content, a POST has a length, and becomes a GET where it is redirected."""
    with Asker(kind) as ask:
        assert ask(Request("get", site.url("/a"))).content == b"page"
        assert ask(Request("head", site.url("/a"))).content == b""
        response = ask(Request("post", site.url("/old"), body=b"x"))
        assert (response.status, response.request.method) == (200, "GET")
        assert ask(Request("patch", site.url("/a"))).status == 200
    assert [site.method(number) for number in range(5)] == ["GET", "HEAD", "POST", "GET", "patch"]
    assert site.fields(2)["content-length"] == "1"


def test_by_name(site: Site) -> None:
    async def main() -> None:
        async with AsyncClient() as client:
            assert (await client.request("get", site.url("/a"))).content == b"page"
            async with client.stream("head", site.url("/a")) as response:
                assert await response.aread() == b""

    run(main)
    with Asker("pool") as ask:
        maker: Any = ask.maker
        assert maker.request("get", site.url("/a")).content == b"page"
    assert [site.method(number) for number in range(3)] == ["GET", "HEAD", "GET"]


def test_not_by_a_connection(site: Site) -> None:
    """As http.client does: what the caller says goes out."""
    with contextlib.closing(HTTPConnection("127.0.0.1", site.port)) as connection:
        connection.request("get", "/a")
        connection.getresponse().read()
    assert site.method(0) == "get"


@each_kind
def test_what_is_no_method(kind: str, site: Site) -> None:
    with Asker(kind) as ask:
        for method in ("po\u017ft", "get ", "", None, ["GET"]):
            error = ask(Request(method, site.url("/a"))).error  # type: ignore[arg-type]  # that is what is tested
            assert isinstance(error, (ValueError, TypeError)), method
            assert not isinstance(error, UnicodeError), method
    assert site.log == []
