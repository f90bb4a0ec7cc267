"""What follows an answer, by pool and fetcher over real connections: redirects, retries, gates, rates, cookies, hooks."""

from __future__ import annotations

import gc
import http.cookiejar
import io
import os
import pickle
import random
import socket
import ssl
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import httpconn
from httpconn import ConnectionPool, Fetcher, Request, Response, Retry, Timeout

from ..support.clients import FetchMany, is_empty
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import FAULTS, Exchange, FaultyServer
from ..support.peers import ScriptedServer, nobody, take_request
from ..support.sites import PAGE, Asker, Reply, Site, each_kind, redirect

AT_ONCE = Retry(3, backoff_s=0)


# -- redirects


@each_kind
def test_redirects(kind: str) -> None:
    site = Site(
        {"/a": redirect(301, "b/c?d"), "/b/c": redirect(307, "../e#new"), "/e": redirect(302, "/f"), "/f": PAGE}
    )
    with site:
        with Asker(kind) as ask:
            response = ask(Request("GET", site.url("/a#old"), {"X-Mine": "1"}, tag="t", timeout=20))
            assert response.error is None
            assert (response.status, response.content) == (200, b"page")
            assert response.url == site.url("/f#new")
            assert response.tag == "t"
            assert [earlier.status for earlier in response.history] == [301, 307, 302]
            assert [earlier.content for earlier in response.history] == [b"gone"] * 3
            assert [earlier.url for earlier in response.history] == [
                site.url("/a#old"), site.url("/b/c?d#old"), site.url("/e#new"),
            ]  # fmt: skip
            assert [len(earlier.history) for earlier in response.history] == [0, 1, 2]
            assert all(site.fields(number)["x-mine"] == "1" for number in range(4))
            assert pickle.loads(pickle.dumps(response)).history[1].url == site.url("/b/c?d#old")
            assert site.connections == 1
            direct = ask(site.url("/f"))
            assert (direct.history, direct.attempts) == ((), 1)
        assert site.seen == ["/a", "/b/c?d", "/e", "/f", "/f"]


@each_kind
def test_too_many_redirects(kind: str) -> None:
    with Site({"/a": redirect(302, "/a")}) as site:
        with Asker(kind, redirects=3) as ask:
            response = ask(site.url("/a"))
            assert isinstance(response.error, httpconn.TooManyRedirects)
            assert response.error.response is response
            assert (response.status, len(response.history)) == (302, 3)
            assert len(site.log) == 4
            assert ask(Request("GET", site.url("/a"), redirects=1)).status == 302
            assert len(site.log) == 6
            assert ask(Request("GET", site.url("/a"), redirects=0)).error is None
            assert ask(site.url("/b")).status == 404


@each_kind
@pytest.mark.parametrize(("location", "error"), [
    ("ftp://h/", httpconn.UnsupportedScheme), ("javascript:alert(1)", httpconn.UnsupportedScheme),
    ("http://h:0/", httpconn.InvalidURL), ("//", httpconn.InvalidURL), ("http://a b/", httpconn.InvalidURL),
])  # fmt: skip
def test_a_location_that_is_refused(kind: str, location: str, error: type[Exception]) -> None:
    with Site({"/a": redirect(302, location)}) as site, Asker(kind) as ask:
        response = ask(site.url("/a"))
        assert type(response.error) is error
        assert response.error.response is response
        assert response.status == 302
        assert ask(site.url("/b")).status == 404


@each_kind
def test_a_place_that_cannot_be_reached(kind: str) -> None:
    with nobody() as (host, port):
        with Site({"/a": redirect(302, f"http://{host}:{port}/")}) as site, Asker(kind) as ask:
            response = ask(site.url("/a"))
            assert isinstance(response.error, ConnectionRefusedError)
            assert [earlier.status for earlier in response.history] == [302]
            assert response.url == f"http://{host}:{port}/"


@each_kind
def test_bodies_go_along(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    with Site({"/a": redirect(307, "/b"), "/b": redirect(308, "/c"), "/c": PAGE}) as site, Asker(kind) as ask:
        with (tmp_path / "file").open("rb") as file:
            file.seek(3)
            for given, sent in [
                ({"body": b"x" * 100_000}, b"x" * 100_000),
                ({"body": "ü"}, "ü".encode()),
                ({"json": [1]}, b"[1]"),
                ({"body": file}, b"3456789"),
                ({"body": [b"ab", b"cd"]}, b"abcd"),
            ]:
                assert ask(Request("POST", site.url("/a"), **given)).status == 200
                assert site.bodies[-3:] == [sent] * 3
                types = {site.fields(number).get("content-type") for number in (-3, -2, -1)}
                assert len(types) == 1
        # What cannot be sent again is not: the redirect is the result.
        response = ask(Request("POST", site.url("/a"), body=iter([b"ab"])))
        assert (response.status, response.error, response.history) == (307, None, ())
        response = ask(Request("HEAD", site.url("/a")))
        assert (response.status, len(response.history), site.method(-1)) == (200, 2, "HEAD")


@each_kind
def test_only_the_result_goes_into_the_sink(kind: str, tmp_path: Path) -> None:
    busy = [(503, {}, b"busy"), (503, {}, b"still busy")]
    routes = {
        "/a": redirect(302, "/b"),
        "/b": PAGE,
        "/busy": lambda n: busy[n % 2],
        "/once": lambda n: busy[0] if not n else PAGE,
    }
    with Site(routes) as site, Asker(kind, retry=Retry(1, backoff_s=0)) as ask:
        for path, expected in [("/a", b"page"), ("/busy", b"still busy"), ("/once", b"page")]:
            memory = io.BytesIO()
            for sink in (tmp_path / "sink", memory):
                response = ask(Request("GET", site.url(path), sink=sink, sink_any_status=True))
                assert (response.content, response.error) == (b"", None)
                if path == "/once":
                    site.log.clear()
            assert (tmp_path / "sink").read_bytes() == memory.getvalue() == expected
        too_many = ask(Request("GET", site.url("/a"), sink=tmp_path / "none", redirects=0, sink_any_status=True))
        assert too_many.status == 302
        assert (tmp_path / "none").read_bytes() == b"gone"


@each_kind
def test_history_is_bounded(kind: str) -> None:
    with Site({"/a": (302, {"Location": "/b"}, b"x" * 1_000_000), "/b": PAGE}) as site, Asker(kind) as ask:
        response = ask(site.url("/a"))
        assert response.content == b"page"
        assert len(response.history[0].content) == 65_536
        if isinstance(ask.maker, Fetcher):
            assert is_empty(ask.maker)


BROKEN: dict[str, tuple[bytes, type[Exception]]] = {
    "/short": (b"Content-Length: 100\r\n\r\nabc", httpconn.IncompleteRead),
    "/empty": (b"Content-Length: 100\r\n\r\n", httpconn.IncompleteRead),
    "/chunks": (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", httpconn.MalformedFraming),
    "/gzip": (b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", httpconn.ContentDecodingError),
    "/announced": (b"Content-Length: 3000\r\n\r\n" + b"x" * 3000, httpconn.ContentTooLong),
    "/long": (b"Transfer-Encoding: chunked\r\n\r\nbb8\r\n%b\r\n0\r\n\r\n" % (b"x" * 3000), httpconn.ContentTooLong),
    "/silent": (b"Content-Length: 100\r\n\r\nabc", httpconn.ReadTimeout),
}
"""How a response goes on behind its first fields, and what is wrong with that for who wants its content."""


class Breaking(Site):
    """Answers the paths of ``BROKEN`` with these: a redirect, or with "?busy" a 503, the first time only."""

    async def answer(self, exchange: Exchange) -> None:
        path, _, query = exchange.target.partition("?")
        if path not in BROKEN or (query and path in self.paths()):
            await super().answer(exchange)
            return
        self.log.append((time.monotonic(), path))
        status = b"503 Busy" if query else b"302 Found\r\nLocation: /end\r\nSet-Cookie: a=1; Path=/"
        await exchange.send(b"HTTP/1.1 %b\r\n%b" % (status, BROKEN[path][0]))
        if path in ("/short", "/empty"):
            exchange.end()


@each_kind
@pytest.mark.parametrize("path", BROKEN)
def test_what_is_followed_goes_by_its_head_whatever_its_content_is(kind: str, path: str) -> None:
    limits = Timeout(read=0.1 if path == "/silent" else 20, total=20)
    again = Retry(9, errors=(httpconn.ReadTimeout,), backoff_s=0)  # on a busy machine; what is followed is not retried
    jar = http.cookiejar.CookieJar()
    with Breaking({"/end": PAGE}) as site, Asker(kind, timeout=limits, max_content=1000, cookies=jar) as ask:
        response = ask(Request("GET", site.url(path), retry=again))
        assert (response.error, response.content, response.url) == (None, b"page", site.url("/end"))
        assert site.fields(-1)["cookie"] == "a=1"
        [earlier] = response.history
        assert (earlier.status, earlier.history) == (302, ())
        if kind != "stream" or BROKEN[path][1] is not httpconn.ContentTooLong:  # as much as a history keeps, then
            assert isinstance(earlier.error, BROKEN[path][1])
            assert site.connections == 2 or path == "/silent"  # where a message does not end, no other one begins
        if isinstance(ask.maker, Fetcher):
            assert is_empty(ask.maker)


@each_kind
def test_content_that_is_broken_is_an_error_where_nothing_follows(kind: str) -> None:
    with Breaking({"/short": PAGE}) as site, Asker(kind, timeout=20) as ask:
        failed = ask(Request("GET", site.url("/short"), redirects=0))
        if failed.error is None:  # a stream, whose head is there
            with pytest.raises(httpconn.IncompleteRead):
                _ = failed.content
        assert isinstance(failed.error, httpconn.IncompleteRead)
        assert (failed.status, site.paths()) == (302, ["/short"])
        site.log.clear()
        retried = ask(Request("GET", site.url("/short?busy"), retry=AT_ONCE))
        assert (retried.error, retried.content, retried.attempts) == (None, b"page", 2)


def test_total_time_is_for_all_of_it() -> None:
    class Slow(Site):
        async def answer(self, exchange: Exchange) -> None:
            import asyncio

            await asyncio.sleep(0.15)
            await super().answer(exchange)

    for kind in ("pool", "fetcher", "async"):
        with Slow({"/a": redirect(302, "/a")}) as site, Asker(kind, timeout=Timeout(total=0.5)) as ask:
            began = time.monotonic()
            assert isinstance(ask(site.url("/a")).error, httpconn.TotalTimeout)
            assert time.monotonic() - began > 0.4
            assert len(site.log) <= 4


# -- retries


@each_kind
def test_statuses_are_retried(kind: str) -> None:
    def flaky(earlier: int) -> Reply:
        return (503, {}, b"busy") if earlier < 2 else PAGE

    with Site({"/a": flaky, "/b": (503, {}, b"busy"), "/c": redirect(302, "/a")}) as site:
        with Asker(kind, retry=AT_ONCE) as ask:
            response = ask(site.url("/a"))
            assert (response.status, response.content, response.attempts) == (200, b"page", 3)
            response = ask(site.url("/b"))
            assert (response.status, response.content, response.attempts, response.error) == (503, b"busy", 4, None)
            assert ask(Request("POST", site.url("/b"))).attempts == 1
            post = Request("POST", site.url("/b"), body=b"x", retry=Retry(1, backoff_s=0, methods=["POST"]))
            assert ask(post).attempts == 2
            site.log.clear()
            response = ask(site.url("/c"))
            assert (response.status, response.attempts, len(response.history)) == (200, 3, 1)
        with Asker(kind) as ask:
            assert ask(site.url("/b")).attempts == 1


@each_kind
def test_connect_errors_are_retried(kind: str) -> None:
    with nobody() as (host, port), Asker(kind, retry=AT_ONCE) as ask:
        response = ask(f"http://{host}:{port}/")
        assert isinstance(response.error, ConnectionRefusedError)
        assert response.attempts == 4
    with Site({"/": PAGE}) as site:
        attempts: list[str] = []

        def resolve(host: str, port: int) -> str:
            attempts.append(host)
            return "127.0.0.2" if len(attempts) < 3 else "127.0.0.1"

        with Asker(kind, retry=AT_ONCE, resolve=resolve) as ask:  # nobody listens at 127.0.0.2
            response = ask(f"http://a.test:{site.port}/")
            assert (response.status, response.attempts) == (200, 3)


@each_kind
def test_a_kept_connection_that_is_lost(kind: str) -> None:
    """Once at once, as always, and then by the rules of Retry."""
    asked: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        asked.append(take_request(sock))
        if len(asked) == 1:
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            asked.append(take_request(sock))

    with ScriptedServer(serve) as server:
        with Asker(kind, retry=AT_ONCE) as ask:
            url = f"http://{server.host}:{server.port}/"
            assert ask(url).content == b""
            response = ask(url)
            # The second time the connection was fresh, and its loss may be the request's fault.
            assert isinstance(response.error, httpconn.RemoteDisconnected)
            assert response.attempts == 2
        with Asker(kind, retry=Retry(2, backoff_s=0, errors=[ConnectionError])) as ask:
            assert ask(url).attempts == 3


@each_kind
def test_not_past_the_end_of_the_total_time(kind: str) -> None:
    with Site({"/a": (503, {}, b"busy"), "/b": (503, {"Retry-After": "7"}, b"busy")}) as site:
        with Asker(kind, retry=Retry(9, backoff_s=5, jitter=0), timeout=Timeout(total=4)) as ask:
            for path in ("/a", "/b"):
                response = ask(site.url(path))
                assert (response.status, response.attempts, response.content) == (503, 1, b"busy")


@each_kind
def test_a_certificate_that_is_refused_is_refused_for_good(kind: str, server_context: ssl.SSLContext) -> None:
    with Site({}, tls=server_context) as site, Asker(kind, retry=AT_ONCE) as ask:
        response = ask(site.url("/"))
        assert isinstance(response.error, ssl.SSLCertVerificationError)
        assert response.attempts == 1


# -- cookies


@each_kind
def test_cookies(kind: str) -> None:
    jar = http.cookiejar.CookieJar()
    with Site({"/last": PAGE}) as other:
        site = Site({
            "/login": redirect(302, "/middle", Set_Cookie="session=1; Path=/"),
            "/middle": redirect(302, "/in", Set_Cookie="seen=2"),
            "/in": PAGE,
            "/out": redirect(302, f"http://other.test:{other.port}/last"),
        })  # fmt: skip
        with site, Asker(kind, cookies=jar, resolve={"other.test": "127.0.0.1"}) as ask:
            assert ask(Request("POST", site.url("/login"), body=b"x")).content == b"page"
            assert [site.fields(n).get("cookie") for n in range(3)] == [None, "session=1", "session=1; seen=2"]
            assert ask(Request("GET", site.url("/in"), {"Cookie": "own=3"})).status == 200
            assert site.fields(3)["cookie"] == "own=3"
            assert ask(site.url("/out")).url == f"http://other.test:{other.port}/last"
            assert "cookie" in site.fields(4)
            assert "cookie" not in other.fields(0)
            assert {cookie.name for cookie in jar} == {"session", "seen"}


def test_cookies_are_of_the_moment_of_sending(fetch_many: FetchMany) -> None:
    """Requests that were taken from the input before the cookie was set have it, when they are sent after that."""
    with Site({"/login": (200, {"Set-Cookie": "session=1"}, b""), **{f"/{n}": PAGE for n in range(20)}}) as site:
        urls = [site.url("/login"), *(site.url(f"/{n}") for n in range(20))]
        for _ in fetch_many(urls, per_host=1, cookies=http.cookiejar.CookieJar()):
            pass
        assert [site.fields(number).get("cookie") for number in range(21)] == [None, *["session=1"] * 20]
        assert site.connections == 1


def test_a_jar_that_is_emptied_meanwhile() -> None:
    """It has nothing for what is sent from then on, of whatever was prepared before."""
    jar = http.cookiejar.CookieJar()
    with Site({"/login": (200, {"Set-Cookie": "session=1"}, b""), **{f"/{n}": PAGE for n in range(20)}}) as site:
        urls = [site.url("/login"), *(site.url(f"/{n}") for n in range(20))]
        for response in httpconn.fetch_many(urls, per_host=1, cookies=jar):
            if response.index == 10:
                jar.clear()
        # The one that followed was sent together with the reading of that response.
        assert [site.fields(number).get("cookie") for number in range(1, 11)] == ["session=1"] * 10
        assert [site.fields(number).get("cookie") for number in range(12, 21)] == [None] * 9


def test_one_jar_for_many_threads() -> None:
    site = Site({f"/{n}": (200, {"Set-Cookie": f"c{n}=1"}, b"") for n in range(160)})
    jar = http.cookiejar.CookieJar()
    with site, ConnectionPool(cookies=jar) as pool:
        threads = [
            threading.Thread(target=lambda first=first: [pool.get(site.url(f"/{n}")) for n in range(first, 160, 8)])
            for first in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(jar) == 160


# -- hooks


@each_kind
def test_hooks(kind: str) -> None:
    asked: list[str] = []
    answered: list[tuple[int, str, int]] = []

    def sign(request: Request) -> Request:
        asked.append(request.url)
        assert ("X-Signed", "1") not in request.headers  # what has been added is in no other request
        return request.replaced(headers=[*request.headers, ("X-Signed", str(len(asked)))])

    def note(response: Response) -> None:
        answered.append((response.status, response.url, len(response.history)))

    def flaky(earlier: int) -> Reply:
        return PAGE if earlier else (503, {}, b"")

    with Site({"/a": redirect(302, "/b"), "/b": flaky}) as site:
        with Asker(kind, before_request=sign, after_response=[note], retry=AT_ONCE) as ask:
            response = ask(site.url("/a"))
            assert (response.status, response.error) == (200, None)
        assert asked == [site.url("/a"), site.url("/b")]
        assert answered == [(302, site.url("/a"), 0), (503, site.url("/b"), 1), (200, site.url("/b"), 1)]
        assert [site.fields(n)["x-signed"] for n in range(3)] == ["1", "2", "2"]


@each_kind
def test_what_a_hook_raises_is_the_requests_error(kind: str) -> None:
    def refuse(request: Request) -> None:
        raise KeyError("before")

    def dislike(response: Response) -> None:
        raise ZeroDivisionError("after")

    with Site({"/a": PAGE}) as site:
        with Asker(kind, before_request=refuse) as ask:
            assert isinstance(ask(site.url("/a")).error, KeyError)
            assert site.log == []
        with Asker(kind, after_response=dislike) as ask:
            if kind == "fetcher":
                response = ask(site.url("/a"))
                assert isinstance(response.error, ZeroDivisionError)
                assert (response.status, response.content) == (200, b"page")
                assert is_empty(ask.maker)
            else:
                with pytest.raises(ZeroDivisionError):
                    ask.maker.get(site.url("/a"), stream=kind == "stream")
                gc.collect()


# -- what was given cannot be meant


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
@pytest.mark.parametrize(("options", "error"), [
    ({"redirects": -1}, ValueError), ({"redirects": None}, TypeError), ({"retry": 3}, TypeError),
    ({"rate_per_host": 0}, ValueError), ({"delay_per_host": -1}, ValueError), ({"cookies": {}}, TypeError),
    ({"auth": ("me", "pw")}, TypeError), ({"netrc": "/nowhere/netrc"}, OSError), ({"before_request": [3]}, TypeError),
    ({"after_response": 3}, TypeError),
])  # fmt: skip
def test_options_that_are_refused(kind: str, options: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        Asker(kind, **options)


@each_kind
@pytest.mark.parametrize(("given", "error"), [
    ({"redirects": -1}, ValueError), ({"redirects": "many"}, TypeError), ({"retry": 3}, TypeError),
    ({"auth": "me:pw"}, TypeError), ({"auth": ("m:e", "pw")}, httpconn.InvalidField),
])  # fmt: skip
def test_requests_that_are_refused(kind: str, given: dict, error: type[Exception]) -> None:
    with Asker(kind, resolve={"h": "192.0.2.1"}) as ask:
        assert isinstance(ask(Request("GET", "http://h/", **given)).error, error)


# -- everything at once


class Wandering(FaultyServer):
    """The misbehaving server, reached by a redirect or two, and busy at first, by what the path says."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.busy: Counter[str] = Counter()

    async def answer(self, exchange: Exchange) -> None:
        way, _, rest = exchange.target[1:].partition("/")
        if way in ("to1", "to2"):
            hops = int(way[2:]) - 1
            location = f"/to{hops}/{rest}" if hops else f"/{rest}"
            await exchange.send(exchange.page("302 Found", f"Location: {location}"))
        elif way == "busy" and not self.busy[exchange.target]:
            self.busy[exchange.target] += 1
            await exchange.send(exchange.page("503 Service Unavailable", "Retry-After: 0"))
        elif way == "busy":
            await exchange.send(exchange.page("307 Temporary Redirect", f"Location: /{rest}"))
        else:
            await super().answer(exchange)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("ordered", [False, True])
def test_a_misbehaving_server_with_redirects_and_retries(fetch_many: FetchMany, in_use, ordered: bool) -> None:
    """Each request gets exactly one result: what comes of the fault at the end of its way; and nothing is left."""
    count = int(os.environ.get("HTTPCONN_FAULT_REQUESTS", "1500")) // (2 if fetch_many is httpconn.fetch_many else 6)
    dice = random.Random(7)
    kinds = list(FAULTS)
    weights = [FAULTS[kind].weight for kind in kinds]
    ends = [f"/{kind}/{number}" for number, kind in enumerate(dice.choices(kinds, weights, k=count))]
    ways = dice.choices(["", "/to1", "/to2", "/busy", "/to1/busy"], k=count)
    retry = Retry(2, statuses=[503], backoff_s=0.01)
    with Wandering() as server:
        urls = [server.url(way + end) for way, end in zip(ways, ends, strict=True)]
        timeout = Timeout(connect=20, read=4, total=90)
        with fetch_many(
            urls, timeout=timeout, max_connections=64, per_host=64, retry=retry, ordered=ordered, look_ahead=200
        ) as responses:
            seen = Counter()
            for number, response in enumerate(responses):
                if ordered:
                    assert response.index == number
                seen[response.index] += 1
                end, way = ends[response.index], ways[response.index]
                FAULTS[end.split("/")[1]].check(response, end)
                wanted = {"": 0, "/to1": 1, "/to2": 2, "/busy": 1, "/to1/busy": 2}[way]
                assert [earlier.status for earlier in response.history].count(302) == wanted - ("busy" in way)
                assert len(response.history) == wanted
            assert seen == Counter(range(count))
            assert is_empty(responses)
            assert not responses._loop.pacing._waiting


# -- what is never done


CONTENT_FIELDS = {"Content-Type": "a/b", "Content-Encoding": "x", "Content-Language": "de", "Content-Location": "/"}


@each_kind
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_cve_2023_45803_a_change_to_get_drops_the_body_and_its_fields(kind: str, status: int) -> None:
    with Site({"/a": redirect(status, "/b"), "/b": PAGE}) as site:
        with Asker(kind, headers={"Content-Language": "en", "X-Default": "1"}) as ask:
            assert ask(Request("POST", site.url("/a"), {**CONTENT_FIELDS, "X-Mine": "1"}, b"body")).status == 200
        fields = site.fields(1)
        assert fields["x-mine"] == fields["x-default"] == "1"
        if status in (307, 308):
            assert site.method(1) == "POST"
            assert site.bodies == [b"body", b"body"]
            assert fields["content-type"] == "a/b"
        else:
            assert site.method(1) == "GET"
            assert site.bodies == [b"body", b""]
            assert not [name for name in fields if name.startswith("content-") or name == "transfer-encoding"]


@each_kind
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
def test_cve_2025_50181_no_redirects_holds_everywhere(kind: str, status: int, tmp_path: Path) -> None:
    """For the whole pool or fetcher, for one request, with retries, cookies, hooks and a sink."""
    for options, own in [
        ({"redirects": 0}, {}),
        ({}, {"redirects": 0}),
        (
            {
                "redirects": 0,
                "retry": httpconn.Retry(3),
                "cookies": http.cookiejar.CookieJar(),
                "after_response": id_of,
            },
            {"sink": tmp_path / "sink"},
        ),
    ]:
        with Site({"/a": (status, {"Location": "/b"}, b""), "/b": PAGE}) as site:
            with Asker(kind, **options) as ask:
                response = ask(Request("GET", site.url("/a"), **own))
                assert (response.status, response.error, response.history) == (status, None, ())
                if not own:
                    assert ask(site.url("/a")).status == status
            assert {*site.paths()} == {"/a"}


def id_of(response: Response) -> None:
    assert response.status


@each_kind
@pytest.mark.parametrize("retry", [None, httpconn.Retry(3, backoff_s=0)])
def test_a_post_is_never_resent_by_itself(kind: str, retry: httpconn.Retry | None) -> None:
    requests: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        for number in range(2):
            head = take_request(sock)
            if not head:
                return
            requests.append(head)
            if number or head.startswith(b"PUT"):
                return  # a kept connection is closed as a request comes in
            status = b"503 No" if b"/busy" in head else b"200 OK"
            sock.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    with ScriptedServer(serve) as server:
        base = f"http://{server.host}:{server.port}"
        with Asker(kind, retry=retry) as ask:
            assert ask(base + "/1").content == b""
            assert isinstance(ask(Request("POST", base + "/2")).error, httpconn.RemoteDisconnected)
            assert ask(Request("POST", base + "/busy")).status == 503
    assert [head.split(b" ")[1] for head in requests] == [b"/1", b"/2", b"/busy"]
