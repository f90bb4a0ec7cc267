"""What a second look at the policies found: clocks, gates, sinks and credentials where connections are slow or shared."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import ConnectionPool, IncompleteRead, Request, Retry, Timeout, fetch_many
from httpconn._io import resolving

from ..support.faulty import Exchange, FaultyServer, content_of
from .test_cookies import cookie


class Logged(FaultyServer):
    """Notes when each request came, and answers it with what *answers* has for its number, else with its page."""

    def __init__(self, answers: Callable[[int], bytes | None] = lambda number: None) -> None:
        super().__init__()
        self.answers = answers
        self.times: list[float] = []

    async def answer(self, exchange: Exchange) -> None:
        self.times.append(time.monotonic())
        answer = self.answers(len(self.times) - 1)
        if answer is None:
            await exchange.send(exchange.page())
            return
        await exchange.send(answer)
        if b"Content-Length: 10\r\n" in answer:
            exchange.end()


def in_threads(count: int, work: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("kind", ["pool", "fetcher"])
@pytest.mark.parametrize("pace", [{"delay_per_host": 0.1}, {"rate_per_host": 5}], ids=["delay", "rate"])
def test_a_pace_counts_from_when_requests_go_out(
    kind: str, pace: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not from when their connections were begun, which may all be open at one moment: a slow lookup, a slow handshake."""
    with Logged() as server:

        def slowly(host: str, port: int) -> list[Any]:
            time.sleep(0.5)
            return [(2, ("127.0.0.1", server.port))]

        monkeypatch.setattr(resolving, "_look_up", slowly)
        began = time.monotonic()
        urls = [f"http://slow.test:{server.port}/good/{number}" for number in range(8)]
        if kind == "fetcher":
            assert [response.status for response in fetch_many(urls, **pace)] == [200] * 8
        else:
            with ConnectionPool(**pace) as pool:
                in_threads(8, lambda number: pool.get(urls[number]))
        times = sorted(server.times)
    assert len(times) == 8
    for number, at in enumerate(times):  # what is late here is only later
        assert at >= began + 0.5 + (0.1 * number if "delay_per_host" in pace else 0.2 * max(0, number - 4))


@pytest.mark.parametrize("hooks", [(), (lambda response: time.sleep(0.05),)], ids=["no-hook", "slow-hook"])
def test_a_gate_holds_threads_that_wait_for_the_connection(hooks: Any) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno"
    with Logged(lambda number: busy if number == 0 else None) as server:
        with ConnectionPool(per_host=1, retry=Retry(1, backoff_s=0), after_response=hooks) as pool:
            in_threads(4, lambda number: pool.get(server.url(f"/good/{number}")))
        times = sorted(server.times)
    assert len(times) == 5
    assert times[1] - times[0] >= 0.95


def test_no_retry_after_the_end_of_the_whole_time() -> None:
    """It waits for a connection that another thread has, and is not sent when that comes too late."""
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno"
    taken, goes_on = threading.Event(), threading.Event()

    class Slow(Logged):
        async def answer(self, exchange: Exchange) -> None:
            if "slow" in exchange.target:
                taken.set()
                while not goes_on.is_set():
                    await asyncio.sleep(0.01)
            await super().answer(exchange)

    with Slow(lambda number: busy if number == 0 else None) as server:

        def take_it(response: httpconn.Response) -> None:
            if response.status == 503:
                other.start()
                assert taken.wait(10)

        with ConnectionPool(per_host=1, after_response=take_it) as pool:
            other = threading.Thread(target=lambda: pool.get(server.url("/slow/1")))
            retry = Retry(1, backoff_s=0.3, jitter=0, methods=None)
            try:
                with pytest.raises(httpconn.TotalTimeout):
                    pool.post(server.url("/good/1"), body=b"x", timeout=Timeout(total=3.0), retry=retry)
            finally:
                goes_on.set()
                other.join()
        assert [target for target in server.seen if "good" in target] == ["/good/1"]


@pytest.mark.parametrize("ordered", [False, True])
def test_a_cookie_that_is_no_field_value_is_its_own_request_s_error(ordered: bool) -> None:
    jar = CookieJar()
    jar.set_cookie(cookie(value="\u20ac", path="/good/bad"))
    with FaultyServer() as server:
        urls = [server.url(f"/good/{name}") for name in ("1", "bad", "2", "bad", "3")]
        results = {response.index: response for response in fetch_many(urls, cookies=jar, per_host=1, ordered=ordered)}
        assert sorted(results) == [0, 1, 2, 3, 4]
        assert [results[index].status for index in (0, 2, 4)] == [200] * 3
        for index in (1, 3):
            assert isinstance(results[index].error, UnicodeEncodeError)
        with ConnectionPool(cookies=jar, max_connections=1, timeout=Timeout(pool=5)) as pool:
            with pytest.raises(UnicodeEncodeError):
                pool.get(urls[1])
            assert pool.get(urls[0]).status == 200


def test_what_a_body_says_is_no_cookie_of_ours() -> None:
    jar = CookieJar()
    jar.set_cookie(cookie())
    with FaultyServer() as server, ConnectionPool(cookies=jar) as pool:
        pool.post(server.url("/good/1"), body=b"GET / HTTP/1.1\r\nCookie: x\r\n\r\n")
        assert b"\r\nCookie: n=1\r\n" in server.heads[0]


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234"


@pytest.mark.parametrize("kind", ["pool", "fetcher"])
def test_no_retry_appends_to_a_file_object(kind: str, tmp_path: Path) -> None:
    """What was written cannot be taken back; a path is opened anew."""
    retry = Retry(1, errors=(IncompleteRead,), backoff_s=0)

    def get(url: str, sink: Any) -> BaseException | None:
        if kind == "fetcher":
            (response,) = fetch_many([Request("GET", url, sink=sink)], retry=retry)
            return response.error
        with ConnectionPool(retry=retry) as pool:
            try:
                pool.get(url, sink=sink)
            except IncompleteRead as error:
                return error
        return None

    file = io.BytesIO()
    with Logged(lambda number: CUT if number == 0 else None) as server:
        assert isinstance(get(server.url("/good/1"), file), IncompleteRead)
    assert file.getvalue() == b"01234"
    path = tmp_path / "sink"
    with Logged(lambda number: CUT if number == 0 else None) as server:
        assert get(server.url("/good/1"), path) is None
    assert path.read_bytes() == content_of("/good/1")


@pytest.mark.parametrize("kind", ["pool", "fetcher"])
def test_an_empty_result_empties_the_file(kind: str, tmp_path: Path) -> None:
    """A redirect that cannot be followed is the result, and its content goes where a result's goes."""
    path = tmp_path / "sink"
    path.write_bytes(b"OLD")

    def body() -> Iterator[bytes]:
        yield b"once"

    moved = b"HTTP/1.1 307 Moved\r\nLocation: /good/2\r\nContent-Length: 0\r\n\r\n"
    with Logged(lambda number: moved) as server:
        request = Request("POST", server.url("/good/1"), body=body(), sink=path, sink_any_status=True)
        if kind == "fetcher":
            (response,) = fetch_many([request])
        else:
            with ConnectionPool() as pool:
                response = pool.send(request)
        assert response.status == 307
    assert path.read_bytes() == b""


def test_a_netrc_file_is_not_asked_where_another_origin_led_there(tmp_path: Path) -> None:
    """It knows hosts, and no ports: CVE-2022-27774."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    with FaultyServer() as other:
        moved = f"HTTP/1.1 302 Moved\r\nLocation: {other.url('/good/1')}\r\nContent-Length: 0\r\n\r\n".encode()
        with Logged(lambda number: moved) as server, ConnectionPool(netrc=str(netrc)) as pool:
            assert pool.get(server.url("/good/0")).status == 200
        assert b"authorization" in server.heads[0].lower()
        assert b"authorization" not in other.heads[0].lower()


def test_a_hook_that_goes_elsewhere_takes_no_credentials_along() -> None:
    with FaultyServer() as origin, FaultyServer() as other:
        with ConnectionPool(before_request=lambda r: r.replaced(url=other.url("/good/1"))) as pool:
            pool.get(origin.url("/good/1"), auth=("me", "secret"))
        with ConnectionPool(before_request=lambda r: r.replaced(url=origin.url("/good/2"))) as pool:
            pool.get(origin.url("/good/1"), auth=("me", "secret"))
        assert b"authorization" not in other.heads[0].lower()
        assert b"authorization" in origin.heads[0].lower()


def test_what_cannot_be_is_refused() -> None:
    for statuses in ((202,), (302, 503), (1000,)):
        with pytest.raises(ValueError, match="400 or more"):
            Retry(1, statuses=statuses)
    with pytest.raises(TypeError, match="proxy_context"):
        ConnectionPool(proxy_context="truststore")  # type: ignore[arg-type]


def test_a_password_of_a_proxy_is_not_told() -> None:
    with pytest.raises(httpconn.InvalidURL) as raised:
        ConnectionPool(proxy="user:s3cret://x@host:1")
    assert "s3cret" not in str(raised.value)
    with ConnectionPool(proxy="http://user:s3cret@host:1") as pool:
        assert "s3cret" not in repr(pool._settings)
