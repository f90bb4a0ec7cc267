"""Options: what a wrong one is told, and what a limit, a field of None and an attribute that is set come to."""

from __future__ import annotations

import contextlib
import datetime
import http.cookiejar
import importlib
import inspect
import pickle
import subprocess
import sys
from fractions import Fraction
from typing import Any
from unittest import mock

import pytest

import httpconn
from httpconn import AsyncClient, ConnectionPool, Fetcher, Request, Retry, Timeout, fetch_many
from httpconn._exchange import layouts
from httpconn._exchange.options import OF_OTHERS
from httpconn._exchange.request_fields import RequestFields
from httpconn._exchange.settings import FetchSettings, Settings

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.cookies import cookie
from ..support.event_loops import run
from ..support.faulty import FaultyServer
from ..support.sites import Asker
from ..support.speeds import interpreted

NOTHING = "http://127.0.0.1:9/"  # refused before any traffic, or the test fails


# -- options that are not there


@pytest.mark.parametrize("make", [ConnectionPool, Fetcher, AsyncClient, lambda **options: fetch_many([], **options)])
def test_an_unknown_option_is_told_with_the_nearest_one(make: Any) -> None:
    with pytest.raises(TypeError, match=r"has no option 'timout'; did you mean 'timeout'\?"):
        make(timout=5)
    with pytest.raises(TypeError, match=r"has no option 'zork'$"):
        make(zork=5)
    with pytest.raises(TypeError, match="has no option 'params': it is an option of each request"):
        make(params={})
    with pytest.raises(TypeError, match="has no option 'verify'; here that is context="):
        make(verify=False)


@pytest.mark.parametrize("name", sorted(OF_OTHERS))
def test_what_other_libraries_call_it_is_told_with_its_name_here(new_pool: Maker, name: str) -> None:
    # A row of the table that has become an option of ours would hide that.
    assert name not in FetchSettings.names() | set(RequestFields.__slots__)
    with new_pool() as pool:
        for ask in (pool.request, Request):
            with pytest.raises(TypeError) as told:
                ask("GET", NOTHING, **{name: 1})
            assert name in str(told.value)
            assert OF_OTHERS[name] in str(told.value)
        with pytest.raises(TypeError, match="here that is"):
            pool.get(NOTHING, **{name: 1})


def test_a_limit_that_a_timeout_has_not() -> None:
    with pytest.raises(TypeError, match=r"a Timeout has no option 'conect'; did you mean 'connect'\?"):
        Timeout(conect=5)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"'write'; here that is Timeout\(read=...\)"):
        Timeout(5, write=5)  # type: ignore[call-overload]
    assert Timeout(5, read=6).read == 6


def test_an_option_of_all_requests_is_none_of_one(new_pool: Maker) -> None:
    with new_pool() as pool:
        with pytest.raises(
            TypeError, match="has no option 'cookies': it is an option of ConnectionPool, Fetcher and A"
        ):
            pool.get(NOTHING, cookies={"a": "b"})
        with pytest.raises(TypeError, match="did you mean 'headers'"):
            pool.get(NOTHING, heders={})
        if isinstance(pool, ConnectionPool):  # a client has a method for that
            with pytest.raises(TypeError, match="did you mean 'stream'"):
                pool.get(NOTHING, steam=True)
    with pytest.raises(TypeError, match="a Request has no option 'urls'; did you mean 'url'"):
        Request("GET", NOTHING).replaced(urls=NOTHING)


def test_what_a_client_has_elsewhere() -> None:
    async def main() -> None:
        async with AsyncClient() as client:
            with pytest.raises(
                TypeError, match=r"'stream': it is an option of .* AsyncClient has stream\(method, url\)"
            ):
                await client.get(NOTHING, stream=True)  # type: ignore[call-arg]  # that is what is tested
            with pytest.raises(TypeError, match=r"'cookies': .* for one there is headers="):
                await client.get(NOTHING, cookies={"a": "b"})  # type: ignore[call-arg]
            given: dict[str, Any] = {"timeout": 5}
            with pytest.raises(
                TypeError, match=r"fetch_many\(\) of .* 'timeout': it is an option of the AsyncClient, and"
            ):
                client.fetch_many([], **given)
            with pytest.raises(TypeError, match="'retries'; here that is retry="):
                client.fetch_many([], retries=5)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="'params': it is an option of each Request"):
                client.fetch_many([], params=5)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="'per_host': it is an option of the AsyncClient, for all"):
                client.fetch_many([], per_host=5)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match="did you mean 'ordered'"):
                client.fetch_many([], order=True)  # type: ignore[arg-type]
            assert [_ async for _ in client.fetch_many([], ordered=True)] == []

    run(main)
    with pytest.raises(TypeError, match=r"an AsyncClient has no option 'base_url'; here that is httpconn\.urljoin"):
        AsyncClient(base_url="http://a.test/")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="an AsyncClient has no option 'event_hooks'; here that is before_request="):
        AsyncClient(event_hooks={})  # type: ignore[call-arg]


# -- values of the wrong kind

_OF_ANY_KIND = object()


@pytest.mark.parametrize("name", sorted(FetchSettings.names() - {"ordered"}))
def test_every_option_refuses_what_is_of_no_kind_and_names_itself(new_fetcher: Maker, name: str) -> None:
    with pytest.raises(TypeError) as told:
        new_fetcher(**{name: _OF_ANY_KIND})
    assert f"expected {name.removesuffix('_per_host')}" in str(told.value).replace("a timeout", "timeout")
    assert "object" in str(told.value), "what was got"


@pytest.mark.parametrize("name", [*sorted(set(RequestFields.__slots__) - {"tag", "json"}), "params"])
def test_every_option_of_a_request_refuses_what_is_of_no_kind(new_pool: Maker, name: str) -> None:
    given: dict[str, Any] = {"method": "GET", "url": "https://127.0.0.1:9/", name: _OF_ANY_KIND}
    with new_pool() as pool, pytest.raises(TypeError) as told:
        pool.request(**given)
    assert "expected" in str(told.value)
    assert name in str(told.value).lower()
    assert "object" in str(told.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"timeout": "5"}, "expected a timeout (connect) as a number of seconds, or None, got '5'"),
        ({"timeout": (3, 27)}, "Timeout(connect=..., read=...) says what a tuple says to requests"),
        ({"timeout": True}, "got True"),
        ({"timeout": datetime.timedelta(seconds=5)}, "5 by its total_seconds()"),
        ({"proxy": {"http": "http://user:pw@h"}}, "the URL of one proxy"),
        ({"redirects": True}, "the number that is followed, 0 for none, got True"),
        ({"retry": 3}, "httpconn.Retry(3)"),
        ({"headers": ["ab"]}, "headers as a mapping, or as pairs"),
        ({"headers": {"X": 1.5}}, "the value of the field b'X' as str, bytes or int, got float"),
        ({"headers": {"X": datetime.date(2026, 1, 1)}}, "got date"),
        ({"params": [1]}, "params as a mapping, or as pairs"),
        ({"sink": 3}, "sink as a path, or a file object with write(), got 3"),
        ({"decode": "no"}, "decode as True or False"),
        ({"max_content": 1.5}, "max_content as a number of bytes"),
        ({"server_hostname": b"h"}, "server_hostname as a name, as str"),
    ],
)
def test_what_was_expected_where(new_pool: Maker, fetch_many: FetchMany, given: dict[str, Any], told: str) -> None:
    with new_pool() as pool:
        with pytest.raises(TypeError) as caught:
            pool.get(NOTHING, **given)
        assert told in str(caught.value)
        assert "pw" not in str(caught.value)
        if "params" not in given:  # which a Request refuses when it is made
            [result] = fetch_many([Request("GET", NOTHING, **given)])
            assert str(result.error) == str(caught.value)


# -- Timeout


def test_one_number_limits_all_and_names_say_otherwise() -> None:
    assert Timeout(5) == Timeout.of(5) == Timeout(5, 5, 5, 5)
    assert Timeout(5, read=30) == Timeout(5, 30, 5, 5)
    assert Timeout(5, connect=1, pool=None) == Timeout(1, 5, 5, None)
    assert Timeout(None) == Timeout.of(None) == Timeout(None, None, None, None)
    assert Timeout(None, total=3) == Timeout(None, None, 3, None)


def test_by_position_and_by_name_alone() -> None:
    limits = Timeout(1, 2, 3, 4)
    assert (limits.connect, limits.read, limits.total, limits.pool) == (1, 2, 3, 4)
    assert Timeout(1, 2) == Timeout(connect=1, read=2)
    assert Timeout(1, 2, 3, pool=None) == Timeout(1, 2, 3, None)
    assert Timeout(read=2) == Timeout(10, 2, 300, 60)
    assert Timeout() == Timeout(10, 30, 300, 60)
    assert Timeout(Fraction(1, 2)).read == 0.5
    assert pickle.loads(pickle.dumps(Timeout(5, read=30))) == Timeout(5, read=30)
    with pytest.raises(TypeError, match="two limits for read"):
        Timeout(1, 2, read=3)
    with pytest.raises(TypeError, match="at most 4 limits"):
        Timeout(1, 2, 3, 4, 5)
    with pytest.raises(TypeError, match="conect"):
        Timeout(conect=4)
    for bad in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="read timeout above 0 s"):
            Timeout(5, read=bad)


# -- attributes


@pytest.mark.parametrize(
    ("make", "name"),
    [(ConnectionPool, name) for name in sorted(Settings.names())]
    + [(Fetcher, name) for name in sorted(FetchSettings.names())]
    + [(AsyncClient, name) for name in sorted(FetchSettings.names() - {"ordered"})],
)
def test_an_option_is_no_attribute(make: type[ConnectionPool | Fetcher | AsyncClient], name: str) -> None:
    with contextlib.closing(make()) as holder, pytest.raises(AttributeError, match=f"'{name}' cannot be set later"):
        setattr(holder, name, 1)


@pytest.mark.parametrize("make", [ConnectionPool, Fetcher, AsyncClient])
def test_what_nothing_looks_at_is_no_attribute(make: type[ConnectionPool | Fetcher | AsyncClient]) -> None:
    with contextlib.closing(make()) as holder:
        with pytest.raises(AttributeError, match="'verify' would be ignored; here that is context="):
            holder.verify = False  # type: ignore[union-attr]  # that is the point
        with pytest.raises(AttributeError, match="has no attribute 'debug'"):
            holder.debug = True  # type: ignore[union-attr]


@pytest.mark.parametrize("make", [ConnectionPool, AsyncClient])
def test_subclasses_have_attributes_and_methods_can_be_replaced(make: Any) -> None:
    class Counting(make):
        def __init__(self) -> None:
            super().__init__(timeout=5)
            self.count = 0

    with contextlib.closing(Counting()) as pool:
        pool.count += 1
        assert pool.count == 1
        with pytest.raises(AttributeError):
            pool.timeout = 3
    with contextlib.closing(make()) as pool, mock.patch.object(pool, "get", return_value=7):
        assert pool.get(NOTHING) == 7


# -- a field that is left out


@pytest.mark.parametrize("through", ["pool", "fetcher", "async"])
def test_a_field_of_none_is_left_out(server: FaultyServer, through: str) -> None:
    jar = http.cookiejar.CookieJar()
    auth = {server.url("").rstrip("/"): ("me", "pw")}

    def ask(own: Any, method: str = "GET", **options: Any) -> bytes:
        url = server.url("/good/1")
        if through == "pool":
            with ConnectionPool(cookies=jar, auth=auth, **options) as pool:
                pool.request(method, url, headers=own, json=None if method == "GET" else 1)
        else:
            request = Request(method, url, own, json=None if method == "GET" else 1)
            with Asker(through, cookies=jar, auth=auth, **options) as asker:
                asker(request).raise_for_status()
        return server.heads[-1].lower()

    whole = ask(None)
    for name in (b"accept", b"user-agent", b"accept-encoding", b"authorization"):
        assert b"\r\n%b: " % name in whole
        left = ask({name.decode().title(): None})
        assert b"\r\n%b: " % name not in left
        assert left.count(b"\r\n") == whole.count(b"\r\n") - 1, "nothing else is missing"
    assert b"\r\ncontent-type: " in ask({}, "POST")
    assert b"\r\ncontent-type: " not in ask([("content-type", None)], "POST")
    # For all requests of one, and a request's own field goes before.
    given = {"headers": {"Accept-Encoding": None, "X-Mine": "1"}}
    assert b"\r\naccept-encoding: " not in ask(None, **given)
    assert b"\r\naccept-encoding: br;q=0\r\n" in ask({"accept-encoding": "br;q=0"}, **given)
    for name in ("Host", "Content-Length", "Transfer-Encoding"):
        with pytest.raises(httpconn.InvalidField, match=f"{name} cannot be left out"):
            ask({name: None})


def test_a_cookie_field_of_none_is_left_out(new_pool: Maker, server: FaultyServer) -> None:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(cookie("a"))
    with new_pool(cookies=jar) as pool:
        pool.get(server.url("/good/1"))
        assert b"\r\nCookie: a=1\r\n" in server.heads[-1]
        pool.get(server.url("/good/1"), headers={"Cookie": None})
        assert b"cookie" not in server.heads[-1].lower()


@pytest.mark.parametrize("url", [3, None, b"http://h/"])
def test_a_url_that_is_no_text_is_a_type_error_at_either_speed(new_fetcher: Maker, url: Any) -> None:
    with interpreted():
        other = importlib.import_module("httpconn._exchange.layouts")
    for plain_get in (layouts.plain_get, other.plain_get):
        assert plain_get({}, url) is None
    with pytest.raises(TypeError, match="expected a URL as str"):
        new_fetcher()._shared.preparer.prepare(Request("GET", url))


# -- values that cannot be meant


def test_what_cannot_be_is_refused(new_pool: Maker) -> None:
    for statuses in ((202,), (302, 503), (1000,)):
        with pytest.raises(ValueError, match="400 or more"):
            Retry(1, statuses=statuses)
    with pytest.raises(TypeError, match="proxy_context"):
        new_pool(proxy_context="truststore")  # type: ignore[arg-type]


def test_nothing_is_at_hand_without_being_asked_for(new_pool: Maker, new_fetcher: Maker) -> None:
    """No netrc, no jar, no retries: the defaults."""
    for maker in (new_pool(), new_fetcher()):
        policies = maker._shared.policies
        assert policies.retry is policies.cookies is None
        assert not policies.credentials
        assert policies.redirects == 10
        maker.close()


@pytest.mark.parametrize("kind", [ConnectionPool, Fetcher, AsyncClient])
@pytest.mark.parametrize(("name", "value", "error"), [
    ("max_connections", 2.5, TypeError), ("max_connections", 0, ValueError), ("per_host", float("nan"), TypeError),
    ("per_host", True, TypeError), ("max_content", -1, ValueError), ("max_content", 1.5, TypeError),
    ("max_ratio", -1, ValueError), ("max_ratio", float("nan"), ValueError), ("idle_s", "30", TypeError),
    ("idle_s", -1, ValueError), ("resolve_ttl_s", None, TypeError), ("expect_timeout_s", "1", TypeError),
])  # fmt: skip
def test_an_option_that_cannot_be_is_named(kind: Any, name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        kind(**{name: value})


REQUIRED = {"method", "url"}


@pytest.mark.parametrize("name", sorted({*RequestFields.__slots__, "params", "data", "files", "stream"} - REQUIRED))
def test_none_is_not_to_say_an_option_of_a_request(new_pool: Maker, server: FaultyServer, name: str) -> None:
    """As with requests and httpx: programs hand on what their own callers may have left out."""
    given: dict[str, Any] = {name: None}
    if name != "stream":
        said, unsaid = Request("GET", server.url("/good/1"), **given), Request("GET", server.url("/good/1"))
        for request in (said, unsaid if name == "params" else unsaid.replaced(**given)):
            assert all(getattr(request, field) == getattr(unsaid, field) for field in RequestFields.__slots__)
    with new_pool() as pool:
        if name != "stream" or isinstance(pool, ConnectionPool):
            assert pool.get(server.url("/good/1"), **given)._stream is None
            assert pool.get(server.url("/good/1")).status == 200
            assert server.heads[-1] == server.heads[-2]


@pytest.mark.parametrize("kind", [ConnectionPool, Fetcher, AsyncClient])
def test_none_is_not_to_say_an_option_of_all_unless_it_is_a_number(kind: Any) -> None:
    """Of a number, None might mean that there is no limit: it does, where that can be; else it is refused."""
    usual = kind()._settings
    endless = {"timeout": Timeout(None), "max_content": None, "expect_timeout_s": None}
    for name in usual.names() - ({"ordered"} if kind is AsyncClient else set()):
        default = getattr(usual, name)
        if isinstance(default, int | float) and not isinstance(default, bool) and name not in endless:
            with pytest.raises(TypeError, match=f"expected {name}"):
                kind(**{name: None})
        else:
            value = getattr(kind(**{name: None})._settings, name)
            assert value == endless.get(name, default), name


@pytest.mark.parametrize("headers", [["ab"], "ab", [("a",)], [("a", "b", "c")]], ids=repr)
def test_headers_that_are_no_pairs(new_pool: Maker, headers: Any) -> None:
    with pytest.raises(TypeError, match="pairs of name and value"):
        new_pool(headers=headers)


def test_an_unknown_option_is_told_before_any_pool_is_loaded() -> None:
    program = "import httpconn; httpconn.Request('GET', 'http://x/', cookies=1)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60)
    assert 'there is headers={"Cookie"' in done.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "2 required positional arguments: 'method' and 'url'"),
        ({"url": "http://a.test/"}, "1 required positional argument: 'method'"),
        ({"method": "GET", "headers": {"A": "b"}}, "1 required positional argument: 'url'"),
        ({"method": "PURGE"}, "1 required positional argument: 'url'"),
    ],
)
def test_an_argument_that_is_missing_is_told_as_python_tells_it(given: dict[str, Any], told: str) -> None:
    with pytest.raises(TypeError, match=rf"^Request\.__init__\(\) missing {told}$"):
        Request(**given)
    with pytest.raises(TypeError, match="did you mean 'method'"):  # which says more
        Request(methd="GET", url="http://a.test/")


def test_a_request_shows_the_signature_of_its_constructor() -> None:
    """Which is compiled, and has none of its own; so it is written twice."""
    with interpreted():
        made = importlib.import_module("httpconn._exchange.request_fields").RequestFields
        there = inspect.signature(made)
    shown = inspect.signature(Request)
    assert [*shown.parameters] == [*there.parameters]
    optional = [name for name in shown.parameters if name not in REQUIRED]
    assert all(shown.parameters[name].default == there.parameters[name].default for name in optional)
    assert all(shown.parameters[name].default is inspect.Parameter.empty for name in REQUIRED)
    assert [one.kind for one in shown.parameters.values()] == [one.kind for one in there.parameters.values()]

    class Own(Request):
        def __init__(self, path: str) -> None:
            super().__init__("GET", f"http://a.test/{path}")

    assert [*inspect.signature(Own).parameters] == ["path"]
    assert Own("a").url == "http://a.test/a"
