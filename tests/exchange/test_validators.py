"""Conditional GETs: validators of a response, kept as JSON, with a later request; 304 is a result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from httpconn import Request, Response

from ..support.sites import PAGE, Asker, Reply, Site, each_kind, redirect

DATE = "Sat, 28 Nov 2026 10:00:00 GMT"
LATER = "Sun, 29 Nov 2026 10:00:00 GMT"


def stored(site: Site, fields: dict[str, str], body: bytes) -> Callable[[int], Reply]:
    """Return a page with validators, with which it compares those of a request as RFC 9110 section 13.2.2 has it."""
    tag, date = fields.get("ETag"), fields.get("Last-Modified")

    def route(earlier: int) -> Reply:
        asked = site.fields(-1)
        by_date = date is not None and asked.get("if-modified-since") == date
        is_same = asked["if-none-match"] == tag if "if-none-match" in asked else by_date
        return (304, {"ETag": tag} if tag else {}, b"") if is_same else (200, fields, body)

    return route


def kept(response: Response) -> dict[str, str]:
    return json.loads(json.dumps(response.validators))


@each_kind
@pytest.mark.parametrize(
    "fields",
    [{"ETag": '"a"'}, {"ETag": 'W/"a, b"', "Last-Modified": DATE}, {"Last-Modified": DATE}],
    ids=["tag", "both", "date"],
)
def test_what_has_not_changed_is_a_304(kind: str, fields: dict[str, str]) -> None:
    with Site() as site, Asker(kind) as ask:
        site.routes["/page"] = stored(site, fields, b"page")
        first = ask(site.url("/page#top"))
        validators = kept(first)
        assert validators == {
            "url": site.url("/page"),
            **({"etag": fields["ETag"]} if "ETag" in fields else {}),
            **({"last_modified": DATE} if "Last-Modified" in fields else {}),
        }
        again = ask(Request("GET", site.url("/page"), validators=validators))
        assert (again.status, again.error, again.content) == (304, None, b"")
        assert site.fields(1).get("if-none-match") == fields.get("ETag")
        assert site.fields(1).get("if-modified-since") == fields.get("Last-Modified")
        assert kept(again) == validators, "a 304 need not say all of them once more"
        site.routes["/page"] = stored(site, {"ETag": '"c"', "Last-Modified": LATER}, b"new")
        changed = ask(Request("GET", site.url("/page"), validators=kept(again)))
        assert (changed.status, changed.content) == (200, b"new")
        assert kept(changed) == {"url": site.url("/page"), "etag": '"c"', "last_modified": LATER}


@each_kind
def test_they_are_of_one_url(kind: str) -> None:
    """Not of a page that redirects to it, nor of another one to which that leads by now, with a tag that is the same."""
    with Site({"/": redirect(302, "/a")}) as site, Asker(kind) as ask:
        site.routes["/a"] = site.routes["/b"] = stored(site, {"ETag": '"1"'}, b"page")
        validators = kept(ask(site.url("/")))
        assert validators["url"] == site.url("/a")
        again = ask(Request("GET", site.url("/"), validators=validators))
        assert (again.status, [before.status for before in again.history]) == (304, [302])
        assert kept(again) == validators
        site.routes["/"] = redirect(302, "/b")
        moved = ask(Request("GET", site.url("/"), validators=validators))
        assert (moved.status, moved.content, kept(moved)["url"]) == (200, b"page", site.url("/b"))
        asked = [(path, "if-none-match" in site.fields(number)) for number, path in enumerate(site.paths())]
        assert asked == [("/", False), ("/a", False), ("/", False), ("/a", True), ("/", False), ("/b", False)]


@pytest.mark.parametrize("kind", ["pool", "async"])
def test_without_a_url_they_are_of_the_request(kind: str) -> None:
    with Site({"/": redirect(302, "/a")}) as site, Asker(kind) as ask:
        site.routes["/a"] = stored(site, {"ETag": '"1"'}, b"page")
        assert ask(Request("GET", site.url("/a#x"), validators={"etag": '"1"'})).status == 304
        assert ask(Request("GET", site.url("/"), validators={"etag": '"1"'})).status == 200
        assert ["if-none-match" in site.fields(number) for number in range(3)] == [True, True, False]


@pytest.mark.parametrize("kind", ["pool", "async"])
def test_what_has_no_validators(kind: str) -> None:
    tagged = {"ETag": '"1"'}
    routes = {"/": PAGE, "/404": (404, tagged, b""), "/post": (200, tagged, b"")}
    with Site(routes) as site, Asker(kind) as ask:
        assert ask(site.url("/")).validators == {}
        assert ask(site.url("/404")).validators == {}
        assert ask(Request("POST", site.url("/post"), body=b"")).validators == {}
        assert ask(Request("HEAD", site.url("/post"))).validators["etag"] == '"1"'
    assert ask("http://127.0.0.1:1/").validators == {}


@each_kind
def test_with_none_nothing_is_asked(kind: str) -> None:
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        for validators in (None, {}, {"url": site.url("/")}):
            ask(Request("GET", site.url("/"), validators=validators))
        assert all(not name.startswith("if-") for number in range(3) for name in site.fields(number))


@each_kind
def test_fields_of_ones_own_count(kind: str) -> None:
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        given = {"etag": '"1"', "last_modified": DATE}
        ask(Request("GET", site.url("/"), {"if-none-match": '"2"', "If-Modified-Since": None}, validators=given))
        assert site.fields(0)["if-none-match"] == '"2"'
        assert "if-modified-since" not in site.fields(0)


@each_kind
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods(kind: str, method: str) -> None:
    """There they would mean something else (RFC 9110 section 13.1.2): that nothing is done."""
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        request = Request(method, site.url("/"), validators={"etag": '"1"'})
        try:
            error: Any = ask(request).error
        except ValueError as raised:
            error = raised
        assert isinstance(error, ValueError)
        assert "GET or HEAD" in str(error)
        assert not site.log


@pytest.mark.parametrize("wrong", [{"ETag": '"1"'}, {"etag": b"x"}, {"etag": None}, '"1"', ["etag"], 7])
def test_what_are_none(wrong: Any) -> None:
    with pytest.raises(TypeError, match="validators"):
        Request("GET", "http://site.example/", validators=wrong)


@pytest.mark.parametrize("kind", ["fetcher", "async"])
def test_what_cannot_be_sent(kind: str) -> None:
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        failed = ask(Request("GET", site.url("/"), validators={"etag": "a\r\nX: y"}))
        assert isinstance(failed.error, ValueError)
        assert not site.log
