"""417 Expectation Failed: the same request again, without the Expect that was ours. RFC 9110 section 10.1.1.

What is asserted of the requests is what the server has seen.
"""

from __future__ import annotations

import http.cookiejar
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from httpconn import Request, Retry, Timeout, TotalTimeout
from httpconn._exchange.job import Job
from httpconn._exchange.preparing import Preparer
from httpconn._exchange.settings import Settings
from httpconn.policies.verdict import Policies

from ..support.certificates import TLS
from ..support.clients import Maker
from ..support.proxy_servers import Recording, RecordingHandler
from ..support.sites import Asker

ways = pytest.mark.parametrize("way", ["pool", "stream", "fetcher", "async", "astream"])


class Handler(RecordingHandler):
    """Knows no expectations, as a server behind one that speaks HTTP/1.0; takes what comes without."""

    def handle_expect_100(self) -> bool:
        fields = self._note()
        self.server.seen.append((self.path, fields, b""))
        self.server.over.wait(self.server.silent_s)
        if self.server.continues:
            self.send_response_only(100)
            self.end_headers()
            self._take_content()
        self._answer(417, b"asked too much", **{"Set-Cookie": "met=1; Path=/"})
        return False

    def do_POST(self) -> None:
        fields = self._note()
        self.server.seen.append((self.path, fields, self._take_content()))
        self.server.over.wait(self.server.silent_s)
        self._answer(self.server.status, b"taken")

    do_PUT = do_POST

    def _take_content(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size + 2)[:-2]
        self.rfile.readline()
        return content

    def _answer(self, status: int, content: bytes, **fields: str) -> None:
        self.send_response(status)
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    server: Server


class Server(Recording):
    def __init__(self, *args: Any, continues: bool = False, status: int = 200, silent_s: float = 0.0) -> None:
        super().__init__(*args)
        self.RequestHandlerClass = Handler
        self.continues, self.status, self.silent_s = continues, status, silent_s
        self.over = threading.Event()
        self.seen: list[tuple[str, dict[str, str], bytes]] = []

    def __exit__(self, *_: object) -> None:
        self.over.set()
        super().__exit__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/up"

    def told(self) -> list[tuple[bool, bytes]]:
        """Return of each request whether it expected something, and its content."""
        return [("expect" in fields, content) for _, fields, content in self.seen]


def once() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


class Pipe(io.RawIOBase):
    """One that can be read once."""

    def __init__(self, content: bytes) -> None:
        self._left = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._left.readinto(buffer)


@ways
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_sent_again_without(in_use, way: str, method: str) -> None:
    """Also what can be sent but once: nothing of it has been asked for yet."""
    with Server() as server, Asker(way, expect_timeout_s=30) as ask:
        response = ask(Request(method, server.url, body=once()))
        assert (response.error, response.status, response.content) == (None, 200, b"taken")
        assert (response.attempts, response.history) == (2, ())
    assert server.told() == [(True, b""), (False, b"onetwo")]
    first, again = (fields for _, fields, _ in server.seen)
    assert {**again, "expect": "100-continue"} == first, "nothing else is different"


def test_many_that_have_asked_already(new_fetcher: Maker) -> None:
    """Those that were made ready before the first refusal came: each is sent again, once."""
    with Server() as server, new_fetcher(per_host=2, expect_timeout_s=30) as fetcher:
        fetcher.feed(Request("POST", server.url, body=once()) for _ in range(9))
        found = [(response.error, response.status, response.content) for response in fetcher]
        assert found == [(None, 200, b"taken")] * 9
        asked = [content for has_asked, content in server.told() if has_asked]
        assert 1 <= len(asked) <= 9
        assert [content for has_asked, content in server.told() if not has_asked] == [b"onetwo"] * 9


@ways
@pytest.mark.slow
def test_the_time_is_that_of_both(way: str) -> None:
    """A refusal begins no new time: what follows has what is left of ``Timeout.total``."""
    with Server(silent_s=1.5) as server, Asker(way, expect_timeout_s=30, timeout=Timeout(total=2)) as ask:
        error = ask(Request("POST", server.url, body=once())).error
    assert isinstance(error, TotalTimeout)
    assert server.told()[0] == (True, b"")


@ways
def test_a_length_that_was_announced(way: str) -> None:
    content = bytes(range(256)) * 4097
    with Server() as server, Asker(way, expect_timeout_s=30) as ask:
        headers = {"Content-Length": str(len(content))}
        assert ask(Request("POST", server.url, headers, Pipe(content))).status == 200
    assert server.told() == [(True, b""), (False, content)]


@ways
def test_it_is_not_asked_again_for_a_while(way: str) -> None:
    with Server() as server, Server() as other, Asker(way, expect_timeout_s=30) as ask:
        for _ in range(3):
            assert ask(Request("POST", server.url, body=once())).status == 200
        assert server.told() == [(True, b""), *[(False, b"onetwo")] * 3]
        assert ask(Request("POST", other.url, body=once())).status == 200
    assert other.told() == [(True, b""), (False, b"onetwo")], "which is another origin"


@ways
@pytest.mark.parametrize("make", [once, lambda: b"onetwo", lambda: io.BytesIO(b"onetwo")])
def test_what_the_caller_expects(way: str, make: Any) -> None:
    """Then the refusal is the result, and nothing is concluded from it."""
    with Server() as server, Asker(way, expect_timeout_s=30) as ask:
        for _ in range(2):
            response = ask(Request("POST", server.url, {"Expect": "100-continue"}, make()))
            assert (response.status, response.content, response.attempts) == (417, b"asked too much", 1)
        assert ask(Request("POST", server.url, body=once())).status == 200
    assert server.told() == [(True, b"")] * 3 + [(False, b"onetwo")]


@ways
def test_a_body_that_has_begun(way: str) -> None:
    """It cannot be sent again; the server had said that it was wanted."""
    with Server(continues=True) as server, Asker(way, expect_timeout_s=30) as ask:
        response = ask(Request("POST", server.url, body=once()))
        assert (response.error, response.status, response.content) == (None, 417, b"asked too much")
    assert len(server.seen) == 1


@ways
def test_a_server_that_says_so_of_everything(way: str) -> None:
    """The second 417 is the result, for it is about nothing that was ours."""
    with Server(status=417) as server, Asker(way, expect_timeout_s=30) as ask:
        response = ask(Request("POST", server.url, body=once()))
        assert (response.status, response.content) == (417, b"taken")
    assert server.told() == [(True, b""), (False, b"onetwo")]


@ways
def test_cookies_and_credentials_go_along(way: str) -> None:
    """Those of the moment: the refusal's cookie too."""
    jar = http.cookiejar.CookieJar()
    with Server() as server:
        auth = {f"http://127.0.0.1:{server.server_port}": ("me", "secret")}
        with Asker(way, expect_timeout_s=30, cookies=jar, auth=auth) as ask:
            assert ask(Request("POST", server.url, body=once())).status == 200
    assert server.told() == [(True, b""), (False, b"onetwo")]
    first, again = (fields for _, fields, _ in server.seen)
    assert ("cookie" in first, again["cookie"]) == (False, "met=1")
    assert first["authorization"] == again["authorization"] == "Basic bWU6c2VjcmV0"


@ways
def test_over_tls(way: str, tls: TLS) -> None:
    with Server(tls.server_context) as server:
        options = {"context": tls.client_context(), "resolve": {"localhost": "127.0.0.1"}}
        with Asker(way, expect_timeout_s=30, **options) as ask:
            url = f"https://localhost:{server.server_port}/"
            assert ask(Request("POST", url, body=once())).status == 200
    assert server.told() == [(True, b""), (False, b"onetwo")]


@ways
def test_through_a_proxy_that_answers(way: str) -> None:
    """That one is not asked again; without it, the origin is."""
    with Server() as server, Asker(way, expect_timeout_s=30) as ask:
        proxy = f"http://127.0.0.1:{server.server_port}"
        for _ in range(2):
            assert ask(Request("POST", server.url, body=once(), proxy=proxy)).status == 200
        assert server.told() == [(True, b""), *[(False, b"onetwo")] * 2]
        assert ask(Request("POST", server.url, body=once())).status == 200
    assert server.told()[3:] == [(True, b""), (False, b"onetwo")]


@ways
@pytest.mark.parametrize("retry", [None, Retry(2, statuses=[417], methods=None, backoff_s=0)], ids=["none", "of-417"])
def test_with_a_rate_and_retries(way: str, retry: Retry | None) -> None:
    """It has its own turn, and is no retry."""
    with Server() as server, Asker(way, expect_timeout_s=30, rate_per_host=20, retry=retry) as ask:
        response = ask(Request("POST", server.url, body=once()))
        assert (response.status, response.attempts) == (200, 2)
    assert server.told() == [(True, b""), (False, b"onetwo")]


@pytest.mark.parametrize("way", ["pool", "fetcher", "async"])
def test_a_sink_gets_the_result_alone(way: str) -> None:
    sink = io.BytesIO()
    with Server() as server, Asker(way, expect_timeout_s=30) as ask:
        assert ask(Request("POST", server.url, body=once(), sink=sink)).status == 200
        assert sink.getvalue() == b"taken"
        headers = {"Expect": "100-continue"}
        assert ask(Request("POST", server.url, headers, once(), sink=sink)).status == 417
    assert sink.getvalue() == b"takenasked too much", "a result"


def test_how_long_and_how_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("httpconn._exchange.preparing._MOST_KNOWN", 3)
    preparer = Preparer(Settings(), Policies(), lambda: now)

    def prepared(host: str) -> Job:
        return preparer.prepare(Request("POST", f"http://{host}/", body=once()))

    preparer.drop_expect(prepared("a.test"))
    now += 599
    assert not prepared("a.test").has_asked
    now += 2
    assert prepared("a.test").has_asked
    for host in ("b.test", "c.test", "d.test", "e.test"):
        preparer.drop_expect(prepared(host))
        assert not prepared(host).has_asked
        assert len(preparer._not_asked) <= 3
