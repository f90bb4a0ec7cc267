"""Hooks that answer a response with another request, by pool, fetcher and client; and what may not be answered so."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from httpconn import Request, Response, TooManyRedirects

from ..support.faulty import Exchange
from ..support.sites import PAGE, Asker, Site, each_kind, redirect


class Guarded(Site):
    """Lets in who has the token."""

    async def answer(self, exchange: Exchange) -> None:
        path = exchange.target
        if path == "/token":
            self.routes[path] = (200, {}, b"t1")
        else:
            has_token = self.fields(-1).get("authorization") == "Bearer t1"
            self.routes[path] = PAGE if has_token else (401, {"WWW-Authenticate": "Bearer"}, b"who?")
        await super().answer(exchange)


@pytest.fixture
def site() -> Iterator[Guarded]:
    with Guarded() as site:
        yield site


def with_token(response: Response) -> Request | None:
    if response.status != 401 or "Bearer" not in response.headers["WWW-Authenticate"]:
        return None
    request = response.request
    return request.replaced(headers=[*(request.headers or ()), ("Authorization", "Bearer t1")])


@each_kind
def test_a_401_is_answered(kind: str, site: Guarded) -> None:
    signed = 0

    def sign(request: Request) -> None:
        nonlocal signed
        signed += 1
        request.headers.append(("X-Signed", str(len(request.headers))))  # type: ignore[union-attr]

    with Asker(kind, after_response=[lambda response: None, with_token], before_request=sign, redirects=0) as ask:
        response = ask(Request("POST", site.url("/a"), [("X-Mine", "1")], b"body", tag=7))
        assert (response.status, response.content, response.tag, response.attempts) == (200, b"page", 7, 1)
        assert [(one.status, one.content) for one in response.history] == [(401, b"who?")]
    assert site.paths() == ["/a", "/a"]
    assert site.bodies == [b"body"] * 2
    assert signed == 2
    assert [site.fields(number)["x-mine"] for number in (0, 1)] == ["1", "1"]
    assert [site.heads[number].count(b"X-Signed") for number in (0, 1)] == [1, 1], "a hook's own are not there twice"


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_sink_has_the_page_only(kind: str, site: Guarded, tmp_path: Path) -> None:
    with Asker(kind, after_response=with_token) as ask:
        assert ask(Request("GET", site.url("/a"), sink=tmp_path / "page", sink_any_status=True)).status == 200
    assert (tmp_path / "page").read_bytes() == b"page"


@each_kind
def test_what_is_never_satisfied_ends(kind: str, site: Guarded) -> None:
    with Asker(kind, after_response=lambda response: response.request) as ask:
        error = ask(Request("GET", site.url("/a"))).error
        assert isinstance(error, TooManyRedirects)
        assert "hooks have answered 10 responses" in str(error)
    assert len(site.log) == 11


@each_kind
@pytest.mark.parametrize("status", [200, 303, 399, 500, 503])
def test_only_a_4xx_may_be_answered(kind: str, status: int) -> None:
    """The content of others may be on its way to who reads it, and a redirect or a Retry sees to what they are."""
    with Site({"/": (status, {}, b"")}) as other, Asker(kind, after_response=lambda response: response.request) as ask:
        error = ask(Request("GET", other.url("/"))).error
        assert isinstance(error, TypeError)
        assert f"got a {status}" in str(error)
        assert len(other.log) == 1


@each_kind
@pytest.mark.parametrize("status", [400, 499])
def test_each_4xx_may_be_answered(kind: str, status: int) -> None:
    with Site({"/": (status, {}, b""), "/b": PAGE}) as other:

        def lead(response: Response) -> Request | None:
            return Request("GET", other.url("/b")) if response.status == status else None

        with Asker(kind, after_response=lead) as ask:
            assert ask(Request("GET", other.url("/"))).status == 200
            assert ask(other.url("/")).status == 200


@each_kind
def test_what_belongs_to_an_origin_stays_there(kind: str, site: Guarded) -> None:
    with Site({"/": PAGE, "/back": redirect(307, site.url("/back"))}) as other:

        def lead(response: Response) -> Request | None:
            if response.status != 401 or response.history:
                return None
            request = response.request
            fields = [*request.headers, ("Authorization", "Bearer t1")]  # type: ignore[misc]
            return request.replaced(url=other.url("/back"), headers=fields)

        own = [("Cookie", "a=1"), ("X-Mine", "1")]
        with Asker(kind, after_response=lead, headers={"Cookie": "b=1"}) as ask:
            response = ask(Request("GET", site.url("/a"), own, auth=("me", "secret")))
        assert response.status == 401
        assert "cookie" not in other.fields(0)
        assert other.fields(0)["authorization"] == "Bearer t1"  # which the hook has put there
        assert other.fields(0)["x-mine"] == "1"
        for name in ("authorization", "cookie"):
            assert name not in site.fields(1)


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_body_that_can_be_read_but_once_is_not_sent_empty(kind: str, site: Guarded) -> None:
    with Asker(kind, after_response=with_token, expect_timeout_s=None) as ask:
        error = ask(Request("POST", site.url("/a"), body=iter([b"x"]))).error
        assert isinstance(error, ValueError)
        assert "can be read but once" in str(error)
        assert len(site.log) == 1

        file = io.BytesIO(b"body")  # and this one is read again
        assert ask(Request("POST", site.url("/a"), body=file)).status == 200
        assert site.bodies[-2:] == [b"body"] * 2


@each_kind
def test_another_body(kind: str, site: Guarded) -> None:
    def shorter(response: Response) -> Request | None:
        answer = with_token(response)
        return None if answer is None else answer.replaced(method="PUT", body=b"other")

    with Asker(kind, after_response=shorter, headers={"Content-Type": "text/x"}) as ask:
        assert ask(Request("POST", site.url("/a"), body=b"body")).status == 200
    assert site.bodies == [b"body", b"other"]
    assert (site.method(1), site.fields(1)["content-length"], site.fields(1)["content-type"]) == ("PUT", "5", "text/x")


@each_kind
def test_what_is_no_request(kind: str, site: Guarded) -> None:
    with Asker(kind, after_response=lambda response: 3) as ask:
        error = ask(Request("GET", site.url("/a"))).error
        assert isinstance(error, TypeError)
        assert "expected a Request or None" in str(error)


def test_a_coroutine_function(site: Guarded) -> None:
    async def answer(response: Response) -> Request | None:
        return with_token(response)

    for kind in ("async", "astream"):
        with Asker(kind, after_response=answer) as ask:
            response = ask(Request("GET", site.url("/a")))
            assert (response.status, response.content, len(response.history)) == (200, b"page", 1)
