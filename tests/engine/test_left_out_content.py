"""HEAD answered with the content behind the head, in a segment of its own: it is never taken for an answer.

The content is plain text that begins no response, so whatever is made of it shows.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from httpconn import BadStatusLine, ConnectionPool, HTTPConnection, Request, Timeout, fetch_many
from httpconn._engine.clock import Clock
from httpconn._engine.shared import Shared
from httpconn._exchange.incoming import Incoming
from httpconn._exchange.outcome import check_is_answer, is_left_out_content
from httpconn._exchange.settings import FetchSettings

from ..support.certificates import client_context_for, server_context_for
from ..support.peers import ScriptedServer, take_request
from ..support.sites import Asker, each_kind

QUICK = Timeout(connect=10, read=10, total=60, pool=30)
LEFT_OUT = b"content of a HEAD, which nobody has asked for\r\n\r\n"
KINDS = ("pool", "fetcher", "async")


@pytest.mark.parametrize("length", [b"9" * 5_000, b"9" * 20, b"\xb2", b"-1", b"1, 2"], ids=len)
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
@each_kind
def test_an_announced_length_that_is_no_number(kind: str, method: str, status: int, length: bytes) -> None:
    """There is no content, so it tells nothing; and it is nobody else's fault."""

    def serve(sock: socket.socket) -> None:
        while head := take_request(sock):
            bad = b"HTTP/1.1 %d X\r\nContent-Length: %b\r\n\r\n" % (status, length)
            sock.sendall(bad if b" /bad " in head else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with (
        ScriptedServer(serve) as server,
        ScriptedServer(serve) as other,
        Asker(kind, timeout=QUICK, max_connections=1) as ask,
    ):
        response = ask(Request(method, f"http://{server.host}:{server.port}/bad"))
        assert response.error is None
        assert (response.status, response.content) == (status, b"")
        for asked in (server, other):
            assert ask(f"http://{asked.host}:{asked.port}/").content == b"ok"


class Origin:
    """Answers GET with its path, and HEAD with a head that announces *left_out*, which *delay_s* later may follow it."""

    def __init__(
        self,
        delay_s: float | None,
        *,
        left_out: bytes = LEFT_OUT,
        status: bytes = b"200 OK",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.delay_s = delay_s
        self.context = context
        self.left_out = left_out
        self.status = status
        self.heads: list[tuple[int, str]] = []  # connection, request-line
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            while head := take_request(sock):
                method, path, _ = head.split(b" ", 2)
                self.heads.append((number, f"{method.decode()} {path.decode()}"))
                if method == b"HEAD":
                    length = len(self.left_out)
                    sock.sendall(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (self.status, length))
                    if self.delay_s is not None:
                        if self.delay_s:
                            threading.Event().wait(self.delay_s)
                        sock.sendall(self.left_out)
                else:
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))
        except OSError:
            return

    def close(self) -> None:
        self._listener.close()
        for sock in self._open:
            sock.close()


@contextmanager
def origin(delay_s: float | None, **options) -> Iterator[Origin]:
    made = Origin(delay_s, **options)
    try:
        yield made
    finally:
        made.close()


def ask_in_turn(kind: str, requests: list[Request], **options):
    """Return the responses in the order of *requests*; by a pool one after the other, by a fetcher as it does."""
    if kind == "fetcher":
        return list(fetch_many(requests, ordered=True, timeout=QUICK, **options))
    if kind == "async":
        with Asker(kind, timeout=QUICK, **options) as ask:
            return [ask(request) for request in requests]
    with ConnectionPool(timeout=QUICK, **options) as pool:
        return [pool.send(request) for request in requests]


def pairs(url: str, count: int) -> list[Request]:
    return [Request(method, f"{url}/{number}") for number in range(count) for method in ("HEAD", "GET")]


def check(responses, count: int) -> None:
    assert len(responses) == 2 * count
    for number in range(count):
        head, get = responses[2 * number], responses[2 * number + 1]
        assert (head.error, head.status, head.content) == (None, 200, b"")
        assert (get.error, get.status, get.content) == (None, 200, b"/%d" % number)
        assert head.headers["Content-Length"] == str(len(LEFT_OUT))


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("delay_s", [0, 0.001, 0.01, 0.05])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_no_answer(in_use, kind: str, delay_s: float, strict: bool) -> None:
    """To the GET behind it; and to a HEAD behind it, all of them over one connection, or over eight."""
    with origin(delay_s) as server:
        check(ask_in_turn(kind, pairs(server.url, 10), strict=strict, head_rest_s=1.0, per_host=2), 10)
        heads = [Request("HEAD", f"{server.url}/{number}") for number in range(10)]
        for response in ask_in_turn(kind, heads, strict=strict, head_rest_s=1.0):
            assert (response.error, response.status, response.content) == (None, 200, b"")


@pytest.mark.parametrize("delay_s", [0, 0.02])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_no_answer_over_tls(kind: str, delay_s: float, authority: trustme.CA) -> None:
    """With default settings."""
    theirs, ours = server_context_for(authority, "127.0.0.1"), client_context_for(authority)
    with origin(delay_s, context=theirs) as server:
        check(ask_in_turn(kind, pairs(server.url, 6), context=ours), 6)
    with origin(None, context=theirs) as server:
        check(ask_in_turn(kind, pairs(server.url, 4), context=ours, per_host=1), 4)
        assert server.connections == 1


@pytest.mark.parametrize("kind", KINDS)
def test_by_default_it_has_time_to_come(kind: str) -> None:
    """A request that goes out at once would have to be sent again."""
    for _ in range(3):
        with origin(0.005) as server, Asker(kind, per_host=1, timeout=QUICK) as ask:
            assert ask(Request("HEAD", f"{server.url}/0")).status == 200
            assert ask(f"{server.url}/1").content == b"/1"
            assert (ask.maker._slots if kind == "pool" else ask.maker._loop).resent == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("length", "is_taken"), [(38, True), (39, False), (40, True)])
def test_an_answer_that_is_as_long_as_what_was_left_out(kind: str, length: int, is_taken: bool) -> None:
    """May be that. It is asked for again over another connection; this server's is but as long by chance."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length
    assert len(head) == 39
    with (
        origin(None, left_out=b"x" * length) as server,
        Asker(kind, head_rest_s=0.01, per_host=1, timeout=QUICK) as ask,
    ):
        assert [ask(Request("HEAD", f"{server.url}/{number}")).status for number in range(4)] == [200] * 4
        assert (server.connections == 1) is is_taken
        lines = [line for _, line in server.heads]
        assert lines == [f"HEAD /{number}" for number in range(4)] if is_taken else lines.count("HEAD /1") == 2


def test_bytes_behind_an_answer_to_head() -> None:
    """Behind one that left content out, they tell that it was not the answer."""
    shared = Shared(FetchSettings.of({}))
    made = [
        Incoming(shared.preparer.prepare(Request("HEAD", "http://a.test/"), 0), shared.settings, Clock())
        for _ in range(2)
    ]
    for incoming, behind in zip(made, (b"", b"x"), strict=True):
        assert incoming.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + behind)
    check_is_answer(made[0], 1)
    with pytest.raises(BadStatusLine) as caught:
        check_is_answer(made[1], 1)
    assert is_left_out_content(made[1], caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_origin_is_known_for_it(kind: str) -> None:
    """When content has come behind a HEAD once, no connection is kept behind another one."""
    with origin(0) as server:
        requests = [Request("HEAD", f"{server.url}/0"), *pairs(server.url, 6)]
        check(ask_in_turn(kind, requests, head_rest_s=1.0, per_host=1)[1:], 6)
        used = [number for number, line in server.heads if line.startswith("HEAD")]
        assert len(set(used)) == len(used)


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_origin_keeps_its_connection(kind: str) -> None:
    with origin(None) as server:
        check(ask_in_turn(kind, pairs(server.url, 5), head_rest_s=0.01, per_host=1), 5)
        assert server.connections == 1


@pytest.mark.parametrize("kind", KINDS)
def test_heads_of_a_good_origin_follow_each_other(kind: str) -> None:
    """Behind four rests; a GET still rests. What would rest longer than the test may take does not rest."""
    with origin(None) as server, Asker(kind, head_rest_s=0.01, per_host=1, timeout=QUICK) as ask:

        def head(number: int) -> int:
            return ask(Request("HEAD", f"{server.url}/{number}")).status

        assert [head(number) for number in range(5)] == [200] * 5
        rests = (ask.maker._slots if kind == "pool" else ask.maker._loop).shared.rests
        rests.rest_s = 1000.0
        assert [head(number) for number in range(50)] == [200] * 50
        assert server.connections == 1
        assert not rests.may_follow(next(iter(rests._silent)), "GET")


@pytest.mark.parametrize("kind", KINDS)
def test_what_announces_nothing_does_not_rest(kind: str) -> None:
    with origin(None, left_out=b"") as server:
        requests = [Request(method, f"{server.url}/{number}") for number in range(5) for method in ("HEAD", "GET")]
        responses = ask_in_turn(kind, requests, head_rest_s=100.0, per_host=1)
        assert [response.error for response in responses] == [None] * 10
        assert server.connections == 1


@pytest.mark.parametrize("kind", KINDS)
def test_other_requests_take_other_connections_meanwhile(kind: str) -> None:
    """The rest is longer than the test may take, and so is the wait for one of two connections."""
    with origin(None) as server:
        check(ask_in_turn(kind, pairs(server.url, 1), head_rest_s=100.0, per_host=2), 1)
        assert server.connections == 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_after_the_rest(kind: str) -> None:
    """An idempotent request that meets it is sent again over a fresh connection; one that is not, fails."""
    with origin(0.3) as server:
        check(ask_in_turn(kind, pairs(server.url, 1), head_rest_s=0.01, per_host=1), 1)
    with origin(0.3) as server:
        requests = [Request("HEAD", f"{server.url}/0"), Request("POST", f"{server.url}/0", body=b"")]
        if kind == "pool":
            with pytest.raises(BadStatusLine):
                ask_in_turn(kind, requests, head_rest_s=0.01, per_host=1)
        else:
            assert type(ask_in_turn(kind, requests, head_rest_s=0.01, per_host=1)[1].error) is BadStatusLine
        assert [line for _, line in server.heads].count("POST /0") <= 1


@pytest.mark.parametrize("status", [b"304 Not Modified", b"204 No Content", b"404 Not Found"])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_status(kind: str, status: bytes) -> None:
    with origin(0.01, status=status) as server:
        responses = ask_in_turn(kind, pairs(server.url, 2), head_rest_s=1.0)
        assert [response.content for response in responses] == [b"", b"/0", b"", b"/1"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_304_tells_the_length_of_what_is_not_sent_anew(kind: str, strict: bool) -> None:
    """As many servers do: a crawl that asks again must not wait for each, nor connect anew."""

    def serve(sock: socket.socket) -> None:
        while take_request(sock):
            sock.sendall(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n")

    with ScriptedServer(serve) as server:
        url = f"http://127.0.0.1:{server.port}/"
        requests = [Request("GET", url, {"If-None-Match": '"1"'})] * 20
        responses = ask_in_turn(kind, requests, head_rest_s=30.0, per_host=1, strict=strict)
        assert [response.status for response in responses] == [304] * 20
        assert server.connections == 1


def test_strict_connection_closes_behind(in_use) -> None:
    with origin(0.01) as server:
        host, port = server.url.removeprefix("http://").split(":")
        for strict in (True, False):
            connection = HTTPConnection(host, int(port), timeout=5, strict=strict)
            connection.request("HEAD", "/")
            response = connection.getresponse()
            assert response.will_close is strict
            response.read()
            if not strict:
                threading.Event().wait(0.5)  # by then it has come, and the look finds it
            connection.request("GET", "/page")
            assert connection.getresponse().read() == b"/page"
            connection.close()


def test_a_pools_threads_wait_for_the_rest() -> None:
    with origin(None) as server, ConnectionPool(per_host=1, head_rest_s=0.2, timeout=QUICK) as pool:
        answers: list[bytes] = []

        def work(number: int) -> None:
            pool.head(f"{server.url}/{number}")
            answers.append(pool.get(f"{server.url}/{number}").content)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(answers) == [b"/%d" % number for number in range(6)]
        assert server.connections == 1
