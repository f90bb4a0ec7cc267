"""A request that says that it is the last one on its connection, to a server that does not listen."""

from __future__ import annotations

from typing import Any

import pytest

from httpconn import Request

from ..support.clients import Maker
from ..support.sites import PAGE, Asker, Site

SAYS_SO: list[Any] = [
    {"Connection": "close"},
    {"connection": "Close"},
    {"CONNECTION": "keep-alive, CLOSE"},
    [("Connection", "x"), ("Connection", "close , y")],
    [("Connection", b"close")],
]
SAYS_NOTHING_OF_IT: list[Any] = [
    {"Connection": "keep-alive"},
    {"Connection": "closed"},
    {"Connection": "x-close"},
    {"X-Connection": "close"},
]
WAYS = ["pool", "stream", "fetcher", "async", "astream"]


def asked(way: str, headers: Any, shared: Any = None) -> int:
    """Return how many connections two such requests took."""
    with Site({"/": PAGE}) as site, Asker(way, headers=shared) as ask:
        for _ in range(2):
            response = ask(Request("GET", site.url("/"), headers))
            assert response.content == b"page"
        return site.connections


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("headers", SAYS_SO, ids=str)
def test_the_connection_is_not_used_again(in_use, way: str, headers: Any) -> None:
    assert asked(way, headers) == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("headers", SAYS_NOTHING_OF_IT, ids=str)
def test_the_connection_is_kept(way: str, headers: Any) -> None:
    assert asked(way, headers) == 1


@pytest.mark.parametrize("way", WAYS)
def test_said_for_all_requests(way: str) -> None:
    assert asked(way, None, {"Connection": "close"}) == 2


@pytest.mark.parametrize("way", WAYS)
def test_said_by_a_hook(way: str) -> None:
    def last(request: Request) -> Request:
        return request.replaced(headers={"Connection": "close"})

    with Site({"/": PAGE}) as site, Asker(way, before_request=last) as ask:
        for _ in range(2):
            assert ask(site.url("/")).content == b"page"
        assert site.connections == 2


def test_others_of_a_fetcher_go_on(new_fetcher: Maker, in_use) -> None:
    """What is queued behind such a request goes over other connections, also bare URLs."""
    with Site({"/": PAGE}) as site, new_fetcher(per_host=1) as fetcher:
        url = site.url("/")
        fetcher.feed([url, Request("GET", url, {"Connection": "close"}), url, url])
        assert [response.content for response in fetcher] == [b"page"] * 4
        assert site.connections == 2


def test_bare_urls_with_it_for_all(new_fetcher: Maker, in_use) -> None:
    with Site({"/": PAGE}) as site, new_fetcher(per_host=2, headers={"Connection": "close"}) as fetcher:
        fetcher.feed([site.url("/")] * 6)
        assert [response.content for response in fetcher] == [b"page"] * 6
        assert site.connections == 6
