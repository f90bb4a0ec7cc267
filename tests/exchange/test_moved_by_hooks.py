"""A hook that sends a request to another origin: what was for the first one stays behind; what the hook says goes along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from httpconn import Request

from ..support.clients import Maker
from ..support.faulty import FaultyServer
from ..support.sites import PAGE, Asker, Site, each_kind, redirect

OWN = {"Authorization": "Basic own", "Cookie": "own=1", "Host": "inner.test", "X-Mine": "1"}


def mover(site: Site, *added: tuple[str, str], replaces: bool) -> Callable[[Request], Request | None]:
    """Return a hook that moves what is for ``/start`` to *site*: in place, or by another request."""

    def move(request: Request) -> Request | None:
        if not request.url.endswith("/start"):
            return None
        pairs: Any = request.headers
        if replaces:
            return request.replaced(url=site.url("/there"), headers=[*pairs, *added])
        request.url = site.url("/there")
        pairs += added
        return None

    return move


@each_kind
@pytest.mark.parametrize("replaces", [False, True], ids=["in-place", "replaced"])
def test_what_is_its_own_stays_behind(kind: str, replaces: bool) -> None:
    """Also with a redirect within the other origin, and one back: none of it comes up again."""
    with Site() as start, Site(host="127.0.0.2") as end:
        end.routes = {"/there": redirect(302, "/here"), "/here": redirect(307, start.url("/back"))}
        start.routes = {"/back": PAGE, "/start": PAGE}
        with Asker(kind, before_request=mover(end, replaces=replaces)) as ask:
            response = ask(
                Request("GET", start.url("/start"), dict(OWN), auth=("me", "secret"), server_hostname="inner.test")
            )
            assert (response.status, response.url) == (200, start.url("/back"))
            assert response.request.auth is response.request.server_hostname is None
        assert start.paths() == ["/back"]
        assert end.paths() == ["/there", "/here"]
        for site, number in ((end, 0), (end, 1), (start, 0)):
            fields = site.fields(number)
            assert not {"authorization", "cookie", "proxy-authorization"} & {*fields}
            assert fields["host"] == site.url("").partition("//")[2]
            assert fields["x-mine"] == "1"


@each_kind
@pytest.mark.parametrize("replaces", [False, True], ids=["in-place", "replaced"])
def test_what_the_hook_adds_goes_there(kind: str, replaces: bool) -> None:
    """And to nowhere else: a redirect has none of it."""
    added = [("Authorization", "Bearer there"), ("Cookie", "there=1"), ("Host", "there.test")]
    with Site() as start, Site({"/there": redirect(302, "/here"), "/here": PAGE}) as end:
        own = {name: value for name, value in OWN.items() if name != "Host"}
        with Asker(kind, before_request=mover(end, *added, replaces=replaces)) as ask:
            assert ask(Request("GET", start.url("/start"), own)).status == 200
        fields = end.fields(0)
        assert (fields["authorization"], fields["cookie"], fields["host"]) == ("Bearer there", "there=1", "there.test")
        assert not {"authorization", "cookie"} & {*end.fields(1)}
        assert end.fields(1)["host"] == f"127.0.0.1:{end.port}"
        assert start.seen == []


@each_kind
def test_within_its_origin_all_of_it_stays(kind: str) -> None:
    with Site({"/there": PAGE}) as site, Asker(kind, before_request=mover(site, replaces=True)) as ask:
        assert ask(Request("GET", site.url("/start"), dict(OWN))).status == 200
        fields = site.fields(0)
        assert {name: fields[name.lower()] for name in OWN} == OWN


@each_kind
def test_what_is_known_of_the_other_origin_goes_there(kind: str) -> None:
    with Site() as start, Site({"/there": PAGE}) as end:
        auth = {start.url(""): ("me", "start"), end.url(""): ("me", "end")}
        with Asker(kind, auth=auth, before_request=mover(end, replaces=True)) as ask:
            assert ask(start.url("/start")).status == 200
        assert end.fields(0)["authorization"] == "Basic bWU6ZW5k"


@each_kind
def test_a_field_that_was_left_out_stays_left_out(kind: str) -> None:
    """``None`` is no secret: across a redirect and a move it goes on to leave out what all requests would have."""
    with Site() as start, Site({"/there": PAGE, "/here": PAGE}) as end:
        start.routes = {"/away": redirect(302, end.url("/here"))}
        with Asker(kind, headers={"Authorization": "Basic all"}, before_request=mover(end, replaces=True)) as ask:
            for path in ("/start", "/away"):
                assert ask(Request("GET", start.url(path), {"Authorization": None})).status == 200
        assert not [number for number in range(2) if "authorization" in end.fields(number)]


def test_a_hook_that_goes_elsewhere_takes_no_credentials_along(new_pool: Maker) -> None:
    with FaultyServer() as origin, FaultyServer() as other:
        with new_pool(before_request=lambda r: r.replaced(url=other.url("/good/1"))) as pool:
            pool.get(origin.url("/good/1"), auth=("me", "secret"))
        with new_pool(before_request=lambda r: r.replaced(url=origin.url("/good/2"))) as pool:
            pool.get(origin.url("/good/1"), auth=("me", "secret"))
        assert b"authorization" not in other.heads[0].lower()
        assert b"authorization" in origin.heads[0].lower()
