"""Timeouts limit what servers take, and never what the caller's own code takes: wherever that is run."""

from __future__ import annotations

import contextlib
import io
import itertools
import select
import time
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import ConnectionPool, Request, Response, Retry, Timeout, fetch_many

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.cookies import cookie
from ..support.faulty import FaultyServer, check, content_of
from ..support.peers import ScriptedServer, blackhole, reads_for_ever
from ..support.sites import PAGE, Asker, Site, redirect

REAL = time.monotonic
LIMIT_S = 20.0
PAUSE_S = 25.0
"""Longer than any timeout here, and shorter than names are remembered."""


class Pause:
    """What takes very long, by the clock, each time that it is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        monkeypatch.setattr(time, "monotonic", lambda: REAL() + self.count * PAUSE_S)

    def __call__(self, *_: object) -> None:
        self.count += 1

    def then(self, result: Any) -> Any:
        self()
        return result


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Pause:
    return Pause(monkeypatch)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        server._loop.time = REAL  # type: ignore[method-assign]  # whatever a test does to the time of the client
        yield server


# -- the caller's code, of each kind: the options of a client, and a request


class SlowSink(io.RawIOBase):
    def __init__(self, pause: Pause) -> None:
        self.pause = pause
        self.content = b""

    def write(self, data: Any) -> int:
        self.content += bytes(data)
        return self.pause.then(len(data))


class SlowPipe:
    def __init__(self, pause: Pause) -> None:
        self.pause = pause
        self.parts = [b"abc", b"def"]

    def read(self, size: int) -> bytes:
        return self.pause.then(self.parts.pop(0) if self.parts else b"")


class SlowFile(io.BytesIO):
    pause: Pause

    def read(self, size: int | None = -1) -> bytes:
        return self.pause.then(super().read(size))

    def seek(self, *where: int) -> int:
        return self.pause.then(super().seek(*where))


class SlowJar(CookieJar):
    pause: Pause

    def add_cookie_header(self, request: Any) -> None:
        self.pause()
        super().add_cookie_header(request)

    def extract_cookies(self, response: Any, request: Any) -> None:
        self.pause()
        super().extract_cookies(response, request)


def slow_body(pause: Pause) -> Iterator[bytes]:
    for part in (b"abc", b"def"):
        yield pause.then(part)


Made = tuple[dict[str, Any], dict[str, Any], str]
"""The options of a client, those of a request, and the host that it is asked of ("" for the server's)."""


def a_file(pause: Pause) -> Made:
    file = SlowFile(b"abcdef")
    file.pause = pause
    return {"expect_timeout_s": None}, {"method": "PUT", "body": file}, ""


def a_jar(pause: Pause) -> Made:
    jar = SlowJar()
    jar.pause = pause
    return {"cookies": jar}, {}, ""


def a_policy(pause: Pause) -> Made:
    class SlowPolicy(DefaultCookiePolicy):
        def set_ok(self, *what: Any) -> bool:
            return pause.then(super().set_ok(*what))

        def return_ok(self, *what: Any) -> bool:
            return pause.then(super().return_ok(*what))

    jar = CookieJar(SlowPolicy())
    jar.set_cookie(cookie())
    return {"cookies": jar}, {}, ""


def a_mapping(pause: Pause) -> Made:
    class SlowNames(dict[str, str]):
        def get(self, *what: Any) -> Any:
            return pause.then(super().get(*what))

    return {"resolve": SlowNames({"slow.test": "127.0.0.1"})}, {}, "slow.test"


KINDS: dict[str, Callable[[Pause], Made]] = {
    "sink": lambda pause: ({}, {"sink": SlowSink(pause)}, ""),
    "before_request": lambda pause: ({"before_request": pause}, {}, ""),
    "after_response": lambda pause: ({"after_response": pause}, {}, ""),
    "resolve": lambda pause: ({"resolve": lambda host, port: pause.then("127.0.0.1")}, {}, "slow.test"),
    "resolve, a mapping": a_mapping,
    "resolve, not its host": lambda pause: ({"resolve": pause}, {}, "localhost"),
    "body": lambda pause: ({"expect_timeout_s": None}, {"method": "POST", "body": slow_body(pause)}, ""),
    "body, a pipe": lambda pause: ({"expect_timeout_s": None}, {"method": "POST", "body": SlowPipe(pause)}, ""),
    "body, a file": a_file,
    "cookies": a_jar,
    "cookies, the policy": a_policy,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fetcher(fetch_many: FetchMany, in_use, pause: Pause, server: FaultyServer, kind: str) -> None:
    """Nor do the requests that are on their way meanwhile, or those that begin in the same turn."""
    options, told, host = KINDS[kind](pause)
    host = host or "127.0.0.1"
    bystanders = [server.url(f"/drip/{number}") for number in range(4)]
    more = [f"http://{host}:{server.port}/{name}/{n}" for n in range(6) for name in ("good", "chunked")]
    slow = Request(**{"method": "GET", "url": f"http://{host}:{server.port}/chunked/77", **told})
    requests = [*bystanders, slow, *more, *bystanders]
    with fetch_many(requests, timeout=LIMIT_S, per_host=4, ordered=True, **options) as responses:
        for response in responses:
            assert response.error is None, (response, response.error)
            if response.index != len(bystanders):
                check(response)
    assert pause.count >= 1
    if kind == "sink":
        assert told["sink"].content == content_of("/chunked/77")


def test_the_input_of_a_fetcher(fetch_many: FetchMany, in_use, pause: Pause, server: FaultyServer) -> None:
    urls = [server.url(f"/{kind}/{n}") for n in range(8) for kind in ("drip", "good")]
    slow = (pause.then(url) for url in urls)
    with fetch_many(slow, timeout=LIMIT_S, per_host=3) as responses:
        for response in responses:
            assert response.error is None, (response, response.error)
            check(response)
    assert pause.count == len(urls)


@pytest.mark.parametrize("way", ["pool", "stream", "async"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_pool(pause: Pause, server: FaultyServer, kind: str, way: str) -> None:
    options, told, host = KINDS[kind](pause)
    if way == "stream" and "sink" in told:
        pytest.skip("what is streamed has no sink")
    with Asker(way, timeout=LIMIT_S, **options) as ask:
        url = f"http://{host or '127.0.0.1'}:{server.port}/chunked/77"
        response = ask(Request(**{"method": "GET", "url": url, **told}))
        assert response.error is None, response.error
        if kind != "sink":
            assert response.content == content_of("/chunked/77")
    assert pause.count >= 1


def test_who_reads_a_stream_slowly(new_pool: Maker, pause: Pause, server: FaultyServer) -> None:
    with new_pool(timeout=LIMIT_S) as pool, pool.get(server.url("/drip/5"), stream=True) as response:
        pause()
        content = b""
        for part in response.iter_bytes(500):
            pause()
            content += part
    assert content == content_of("/drip/5")
    assert response.timings.total < LIMIT_S


@pytest.mark.parametrize("way", ["pool", "stream", "fetcher", "async", "astream"])
def test_what_follows_has_the_time_that_is_left(pause: Pause, way: str) -> None:
    """Redirects and retries are within the same total, which goes on where it was."""
    routes = {
        "/": redirect(302, "/busy", Set_Cookie="a=b"),
        "/busy": lambda earlier: (503, {}, b"later") if earlier < 2 else redirect(307, "/page"),
        "/page": PAGE,
    }
    jar = SlowJar()
    jar.pause = pause
    retry = Retry(2, backoff_s=0.01)
    with (
        Site(routes) as site,
        Asker(
            way, timeout=LIMIT_S, cookies=jar, before_request=pause, after_response=pause, retry=retry, netrc=False
        ) as ask,
    ):
        response = ask(Request("GET", site.url("/")))
        assert response.error is None, response.error
        assert response.content == b"page"
        assert response.attempts == 1
        assert site.paths() == ["/", "/busy", "/busy", "/busy", "/page"]
        assert pause.count >= 10


def test_a_hook_that_reads_a_stream(pause: Pause, server: FaultyServer) -> None:
    """Its own time is nobody's, what it waits for is the server's: each is counted once."""

    def read(response: Response) -> None:
        pause()
        assert response.content == content_of("/drip/5")
        pause()

    with ConnectionPool(timeout=LIMIT_S, after_response=read) as pool:
        response = pool.get(server.url("/drip/5"), stream=True)
        assert response.content == content_of("/drip/5")
        assert 0 <= response.timings.total < LIMIT_S


def test_a_consumer_of_its_own_kind_inside(pause: Pause, server: FaultyServer) -> None:
    """The caller's code may make requests, whose clocks are their own."""
    with ConnectionPool(timeout=LIMIT_S, after_response=pause) as pool:

        def urls() -> Iterator[str]:
            for number in range(6):
                with pool.get(server.url(f"/drip/{number}"), stream=True) as response:
                    for _ in response.iter_bytes(2000):
                        pause()
                yield server.url(f"/drip/{number}")

        with fetch_many(urls(), timeout=LIMIT_S, after_response=pause) as responses:
            for response in responses:
                assert response.error is None, response.error
                check(response)


# -- the other side: what is late is late


@pytest.mark.parametrize("way", ["pool", "stream", "fetcher", "async", "astream"])
@pytest.mark.parametrize(
    ("timeout", "path", "error"),
    [
        (Timeout(read=0.3), "/silent/1", httpconn.ReadTimeout),
        (Timeout(total=0.3), "/silent/1", httpconn.TotalTimeout),
        (Timeout(read=0.3), "/silent-in-body/1", httpconn.ReadTimeout),
        (Timeout(total=0.3), "/silent-in-body/1", httpconn.TotalTimeout),
    ],
)
def test_a_server_that_is_late(
    pause: Pause, server: FaultyServer, way: str, timeout: Timeout, path: str, error: type[Exception]
) -> None:
    """Whatever the caller's code has taken before."""
    with Asker(way, timeout=timeout, before_request=pause, resolve=lambda host, port: pause.then(None)) as ask:
        response = ask(server.url(path))
        if way == "stream" and response.error is None:
            with pytest.raises(error):
                _ = response.content
        else:
            assert isinstance(response.error, error)
    assert pause.count >= 2


@pytest.mark.parametrize("way", ["pool", "fetcher", "async"])
def test_nobody_answers(pause: Pause, way: str) -> None:
    with (
        blackhole("127.0.0.1") as (_, port),
        Asker(way, timeout=Timeout(connect=0.3), before_request=pause, resolve=lambda *_: pause.then(None)) as ask,
    ):
        assert isinstance(ask(f"http://127.0.0.1:{port}/").error, httpconn.ConnectTimeout)


@pytest.mark.parametrize("way", ["pool", "fetcher", "async"])
def test_nobody_answers_and_there_are_retries(way: str) -> None:
    """A number is a limit to all attempts together; what leaves room for each of them is said by names."""
    retry = Retry(2, backoff_s=0)
    with blackhole("127.0.0.1") as (_, port):
        for timeout, attempts in ((0.4, 1), (Timeout(connect=0.4, total=30), 3), (Timeout(0.4, total=30), 3)):
            with Asker(way, timeout=timeout, retry=retry) as ask:
                response = ask(f"http://127.0.0.1:{port}/")
                assert isinstance(response.error, (httpconn.ConnectTimeout, httpconn.TotalTimeout))
                assert response.attempts == attempts


def test_what_is_late_among_slow_input(fetch_many: FetchMany, in_use, pause: Pause, server: FaultyServer) -> None:
    """One silent request ends by its own time, and no other with it.

    Of each pause a client counts the tenth of a second in which it would have looked again: nine are less than the limit.
    """
    kinds = itertools.chain(["silent"], itertools.repeat("good", 4), itertools.repeat("drip", 4))

    def urls() -> Iterator[str | None]:
        for number, kind in enumerate(kinds):
            yield pause.then(server.url(f"/{kind}/{number}"))

    timeout = Timeout(connect=20, read=1.2, total=20)
    with fetch_many(urls(), timeout=timeout, ordered=True) as responses:
        errors = [type(response.error) for response in responses]
    assert errors == [httpconn.ReadTimeout] + [type(None)] * 8


# -- as it was seen, by a real clock


@pytest.mark.slow
def test_an_input_of_two_with_a_pause(fetch_many: FetchMany, in_use, server: FaultyServer) -> None:
    def urls() -> Iterator[str]:
        yield server.url("/good/1")
        time.sleep(1.5)
        yield server.url("/good/2")

    with fetch_many(urls(), timeout=1) as responses:
        assert [response.error for response in responses] == [None, None]


def test_a_pause_in_the_middle_of_handshakes(
    fetch_many: FetchMany, pause: Pause, server_context, client_context
) -> None:
    """Several steps are left of a handshake when the input pauses: no ConnectTimeout comes of it."""
    with FaultyServer(server_context) as server:
        server._loop.time = REAL  # type: ignore[method-assign]
        urls = [server.url(f"/good/{number}") for number in range(6)]
        with fetch_many((pause.then(url) for url in urls), context=client_context) as responses:
            for response in responses:
                assert response.error is None, response.error


def test_a_file_that_is_opened_slowly(
    fetch_many: FetchMany, tmp_path: Path, pause: Pause, server: FaultyServer
) -> None:
    class SlowPath:
        def __fspath__(self) -> str:
            return pause.then(str(tmp_path / "page"))

    requests = [
        Request("GET", server.url("/drip/1")),
        Request("GET", server.url("/good/1"), sink=SlowPath()),
        Request("GET", server.url("/drip/2")),
    ]
    with contextlib.closing(fetch_many(requests, timeout=LIMIT_S)) as responses:
        assert [response.error for response in responses] == [None] * 3
    assert (tmp_path / "page").read_bytes() == content_of("/good/1")
    assert pause.count >= 1


# -- more than a system waits at once


@pytest.mark.parametrize("timeout_s", [2_200_000.0, 1e7, 1e300])
def test_timeouts_of_months(new_pool: Maker, fetch_many: FetchMany, server: FaultyServer, timeout_s: float) -> None:
    """Which are more than a system waits at once."""
    (response,) = fetch_many([server.url("/good/1")], timeout=timeout_s)
    assert response.status == 200
    with new_pool(timeout=timeout_s) as pool:
        assert pool.get(server.url("/good/1")).status == 200


@pytest.mark.skipif(not hasattr(select, "poll"), reason="a channel waits by poll where there is one")
def test_a_long_wait_is_several(monkeypatch: pytest.MonkeyPatch) -> None:
    from httpconn._io import channel

    monkeypatch.setattr(channel, "LONGEST_WAIT_S", 0.01)
    with ScriptedServer(reads_for_ever) as silent, ConnectionPool() as pool:
        began = time.monotonic()
        with pytest.raises(httpconn.ReadTimeout):
            pool.get(f"http://127.0.0.1:{silent.port}/", timeout=Timeout(read=0.2))
        assert time.monotonic() - began >= 0.2
