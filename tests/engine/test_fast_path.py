"""The law of the fetch engine's fast path: it declines, or says what the shared reader says in strict mode."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import pickle
import random
import select
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.cookiejar import CookieJar
from typing import Any

import pytest

from httpconn import Fetcher, FetchStats, Limits, Response, Retry, _backends, fetch_many
from httpconn._backends.contract import NOT_SENT, UNASKED, Backend, Engine
from httpconn._engine.many.intake import Intake
from httpconn._engine.many.loop import Loop
from httpconn._engine.many.turn import TO_BE_JUDGED, Turn
from httpconn._engine.shared import Shared
from httpconn._exchange.fast_reading import FastReader
from httpconn._exchange.job import BareJob
from httpconn._exchange.response_fields import ResponseFields
from httpconn._exchange.settings import FetchSettings
from httpconn._wire.head import ResponseHead
from httpconn._wire.reader import NEED_DATA, ResponseReader
from httpconn.errors import HTTPException
from httpconn.policies.verdict import Policies

from ..cases import all_cases
from ..support.awaiting import Awaiting
from ..support.clients import FetchMany
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import Exchange, FaultyServer, check, content_of
from ..support.mutations import mutated
from ..support.peers import socket_pair

LIMITS = Limits(field_lines=256)

PLAIN = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    b"HTTP/1.1 200\r\ncontent-length:3\r\nCONNECTION: Keep-Alive\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
    b"HTTP/1.1 503 No\r\nTransfer-Encoding: Chunked\r\nSet-Cookie: a\r\nSet-Cookie: \xfc\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 12000\r\n\r\n" + content_of("/x").ljust(12_000, b"."),
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    if "cython" not in _backends.available():
        if "CI" in os.environ and "HTTPCONN_NO_EXTENSIONS" not in os.environ:
            pytest.fail("the extension is not built")
        pytest.skip("the extension is not built")
    engine = _backends.get("cython").engine
    assert engine is not None
    return engine


def reader_of(backend: Backend, max_content: int | None = None, judged: tuple[int, int, bool] = (1000, 1000, False)):
    return FastReader(backend, LIMITS, max_content, *judged)


@pytest.fixture(scope="module")
def reader(backend: Backend) -> FastReader:
    """Who reads by each backend in turn."""
    return reader_of(backend)


def by_reader(data: bytes, method: str = "GET") -> tuple[bytes, bytes, int | None, bool, bool, list] | None:
    """(head, body that is there, bytes to come, complete, whether another may follow, trailers); None: refused."""
    # Strict in framing; behind an answer to HEAD, strict in syntax as well, it would close.
    reader = ResponseReader(_backends.get("python"), method, LIMITS, True, lenient_syntax=method == "HEAD")
    reader.receive(data)
    try:
        head = reader.head()
        if head is NEED_DATA:
            return None
        body = b""
        while (part := reader.body()) is not NEED_DATA and part:
            body += part
    except HTTPException:
        return None
    may_follow = reader.ends_here() and not reader.will_close and not reader.defects
    return head.block, body, reader.length, reader.complete is True, may_follow, reader.trailers or []


def agrees(reader: FastReader, data: bytes, method: str = "GET") -> bool:
    """Whether the fast path took it; fails where it does not say the same."""
    found = reader.begin_answer_to_head(data) if method == "HEAD" else reader.begin(data)
    if found is None:
        return False
    head, content, left, rest, status, reason = found
    assert (head.block + rest, head.status, head.reason) == (data, status, reason)
    expected = by_reader(data, method)
    assert expected is not None, data
    block, body, to_come, is_complete, may_follow, trailers = expected
    assert (head.block, content) == (block, body), data
    assert is_complete == (left == 0), data
    assert left == (to_come or 0), data
    assert may_follow, data
    assert not trailers, data
    assert head.status >= 200
    assert method == "HEAD" or not head.field_values("content-encoding")
    return True


@pytest.mark.parametrize("data", PLAIN)
def test_the_plain_ones_are_taken(reader: FastReader, data: bytes) -> None:
    assert agrees(reader, data)
    taken = sum(agrees(reader, data[:at]) for at in range(len(data)))
    has_length = b"ontent-" in data and data[data.index(b"\r\n\r\n") + 4 :]
    assert taken == (len(data) - data.index(b"\r\n\r\n") - 4 if has_length else 0), "a begun body of known length is"
    assert reader.begin(data + b"H") is None, "nothing may lie behind it"


@pytest.mark.parametrize("data", PLAIN)
def test_an_answer_to_head(reader: FastReader, data: bytes) -> None:
    """It is taken whole, whatever it announces, and with nothing behind it."""
    end = data.index(b"\r\n\r\n") + 4
    assert [at for at in range(len(data) + 1) if agrees(reader, data[:at], "HEAD")] == [end]
    coded = data[: end - 2] + b"Content-Encoding: gzip\r\n\r\n"
    assert agrees(reader, coded, "HEAD"), "no content is to be decoded"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_wire_case(reader: FastReader, method: str) -> None:
    for case in all_cases():
        agrees(reader, case.wire, method)
        agrees(reader, case.wire + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", method)


def test_mutations(reader: FastReader) -> None:
    """One to three bytes changed, lost or doubled, in heads and chunks alike."""
    dice = random.Random(12)
    taken = 0
    for _ in range(10_000):
        data = mutated(dice, PLAIN[:5])
        taken += agrees(reader, data)
        agrees(reader, data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", "HEAD")
    assert taken > 300, "not vacuous"


@pytest.mark.parametrize("field", [
    b"Connection: close", b"Connection: keep-alive, close", b"Connection: keep-alive\r\nConnection: close",
    b"Content-Encoding: gzip", b"content-encoding:", b"Content-Length: 2", b"Content-Length: 3",
    b"Transfer-Encoding: chunked", b"Content-Length : 2", b"X: a\r\n b", b"X: \0", b"Upgrade: x\r\nConnection: upgrade",
])  # fmt: skip
def test_declined(reader: FastReader, field: bytes) -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + field + b"\r\n\r\nok"
    assert reader.begin(data) is None


@pytest.mark.parametrize("start", [
    b"HTTP/1.0 200 OK", b"HTTP/1.1 101 S", b"HTTP/1.1 100 C", b"HTTP/1.1 204 N", b"HTTP/1.1 304 N", b"HTTP/1.2 200 OK",
])  # fmt: skip
def test_declined_by_the_status_line(reader: FastReader, start: bytes) -> None:
    data = start + b"\r\nContent-Length: 0\r\n\r\n"
    assert reader.begin(data) is None


def test_limits(backend: Backend, reader: FastReader) -> None:
    assert reader_of(backend, 1).begin(PLAIN[0]) is None
    assert reader_of(backend, 2).begin(PLAIN[0]) is not None
    assert reader_of(backend, 3).begin(PLAIN[3]) is None
    head_bytes = PLAIN[0].index(b"\r\n\r\n") + 4
    for limits, is_taken in (
        (Limits(body_bytes=1), False),
        (Limits(body_bytes=2, head_bytes=head_bytes, line_bytes=head_bytes, field_lines=1), True),
        (Limits(head_bytes=head_bytes - 1), False),
        (Limits(line_bytes=head_bytes - 1), False),
        (Limits(field_lines=0), False),
    ):
        one = FastReader(backend, limits, None, 1000, 1000, False)
        assert (one.begin(PLAIN[0]) is not None) == is_taken, limits
        assert (one.begin_answer_to_head(PLAIN[0][:head_bytes]) is not None) == (is_taken or limits.body_bytes == 1)
    for length in (b"9" * 18, b"9" * 19, b"18446744073709551618", b"4294967298", b"+2", b"0x2", b"2 ", b""):
        data = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nok"
        found = reader.begin(data)
        assert found is None or found[2] == int(length) - 2
        assert (found is not None) == (length in (b"9" * 18, b"4294967298"))


@pytest.mark.parametrize("head_reader", ["cython", "python"])
def test_a_turn(engine: Engine, head_reader: str) -> None:
    turner, reader = Turn(engine), reader_of(_backends.get(head_reader))

    def taken(*given: Any) -> tuple[bytes, int, int]:
        return turner.take(*given, reader)[1], turner.left, turner.sent

    with socket_pair() as (client, server):
        client.setblocking(False)
        descriptor = client.fileno()
        assert turner.take(descriptor, b"next", reader) is None
        server.sendall(PLAIN[0])
        head, content = turner.take(descriptor, b"next", reader)[:2]
        assert (head.status, content, turner.left, turner.sent) == (200, b"ok", 0, 4)
        assert server.recv(10) == b"next"
        server.sendall(PLAIN[0])
        assert taken(descriptor, None) == (b"ok", 0, NOT_SENT)
        server.sendall(PLAIN[0] + b"more")
        assert turner.take(descriptor, b"next", reader) == PLAIN[0] + b"more"
        fields = PLAIN[5].index(b"\r\n\r\n") + 4
        server.sendall(PLAIN[5])
        assert taken(descriptor, None) == (PLAIN[5][fields:], 0, NOT_SENT)
        server.sendall(PLAIN[0][:-1])
        assert taken(descriptor, b"next") == (b"o", 1, NOT_SENT)
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-")
        assert turner.take(descriptor, b"next", reader) == b"HTTP/1.1 200 OK\r\nContent-"
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.recv(1)
        server.close()
        assert turner.take(descriptor, b"next", reader) == b""
    with pytest.raises(OSError, match="Bad file descriptor"):
        turner.take(descriptor, None, reader)


def test_what_rests_is_looked_at_before_it_is_sent_on(engine: Engine) -> None:
    with socket_pair() as (client, server):
        client.setblocking(False)
        assert engine.send_if_quiet(client.fileno(), b"next") == 4
        assert server.recv(10) == b"next"
        server.sendall(b"?")
        assert engine.send_if_quiet(client.fileno(), b"next") == UNASKED
        assert client.recv(10) == b"?"
        while engine.send_if_quiet(client.fileno(), b"x" * 65_536) > 0:
            pass
        assert engine.send_if_quiet(client.fileno(), b"next") == NOT_SENT, "nothing goes any more"
        server.close()
        assert engine.send_if_quiet(client.fileno(), b"next") == UNASKED
    assert engine.send_if_quiet(-1, b"next") == UNASKED
    with pytest.raises(TypeError):
        engine.send_if_quiet(0, None)


def test_nothing_is_sent_behind_unasked_bytes(engine: Engine) -> None:
    """65,536 bytes are received at once: what lies behind them is seen by the look."""
    fitting = 65_536 - len(b"HTTP/1.1 200 OK\r\nContent-Length: 65490\r\n\r\n")
    message = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % fitting + b"x" * fitting
    assert len(message) == 65_536
    with socket_pair() as (client, server):
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        server.sendall(message + b"evil")
        turner = Turn(engine)
        head, content = turner.take(client.fileno(), b"next", reader_of(_backends.get("cython")))[:2]
        assert (head.status, len(content), turner.left, turner.sent) == (200, fitting, 0, UNASKED)


@pytest.mark.parametrize("options", [
    {}, {"redirects": 0}, {"retry": Retry(3)}, {"retry": Retry(3, statuses=[400])}, {"retry": Retry(3, statuses=[])},
    {"cookies": CookieJar()}, {"after_response": [lambda response: None]},
])  # fmt: skip
def test_nothing_is_sent_behind_a_response_that_has_to_be_judged(engine: Engine, options: dict) -> None:
    """As the policies have it: what they let pass has no following of its own."""
    policies = Policies(**options)
    judged = policies.judged_from, policies.retried_from, policies.cookies is not None
    turner, reader = Turn(engine), reader_of(_backends.get("cython"), None, judged)
    with socket_pair() as (client, server):
        client.setblocking(False)
        for status in (200, 201, 299, 300, 301, 302, 303, 307, 308, 399, 400, 404, 429, 499, 500, 503, 599, 999):
            for field in (b"", b"Set-Cookie: a=b\r\n", b"SET-COOKIE: a=b\r\n", b"Set-Cookie2: a\r\n"):
                server.sendall(b"HTTP/1.1 %d Told\r\nContent-Length: 2\r\n%b\r\nok" % (status, field))
                head, content = turner.take(client.fileno(), b"next", reader)[:2]
                sent = turner.sent
                assert (head.status, content, turner.left) == (status, b"ok", 0)
                assert sent in (4, TO_BE_JUDGED)
                if sent == 4:
                    assert server.recv(4) == b"next"
                assert (sent == TO_BE_JUDGED) == may_follow(policies, head), (status, field)


def may_follow(policies: Policies, head: ResponseHead) -> bool:
    """Whether anything may follow, by the policies: an error but the retried ones is told by nobody but a hook."""
    if head.status < 400 or policies.judged_from == 0:
        return policies.has_to_judge(head)
    is_retried = policies.retry is not None and head.status >= min(policies.retry.statuses, default=1000)
    return is_retried or (policies.cookies is not None and head.get_joined("set-cookie") is not None)


def test_what_waits_is_received_and_nothing_else(engine: Engine) -> None:
    """An end and an error are told but once: so the second look leaves them for the next call."""
    with socket_pair() as (client, server):
        client.setblocking(False)
        assert engine.receive_waiting(client.fileno(), 10) == b""
        server.sendall(b"abc")
        assert engine.receive_waiting(client.fileno(), 2) == b"ab"
        assert engine.receive_response(client.fileno(), 100, 10) == b"c"
        assert engine.receive_response(client.fileno(), 100, 10) is None
        server.close()
        assert engine.receive_waiting(client.fileno(), 10) == b""
        assert engine.receive_response(client.fileno(), 100, 10) == b""
    assert engine.receive_waiting(-1, 10) == b""


def test_misuse(engine: Engine) -> None:
    turner, reader = Turn(engine), reader_of(_backends.get("cython"))
    wrong: Any
    for wrong in (bytearray(b"HTTP/1.1 200 OK\r\n\r\n"), "text", None):
        with pytest.raises(TypeError):
            reader.begin(wrong)
        with pytest.raises(TypeError):
            turner.take(0, wrong or 0, reader)
    with pytest.raises(OSError, match="Bad file descriptor"):
        turner.take(-1, None, reader)
    with pytest.raises(OSError, match="Bad file descriptor"):
        engine.receive_response(-1, 100, 10)


# -- a whole loop on it


@pytest.fixture
def fast_in_use(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(_backends, "selected", _backends.get("cython"))
    return engine


class Plain(FaultyServer):
    async def answer(self, exchange: Exchange) -> None:
        content = exchange.target.encode()
        if len(exchange.target) % 2:
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))
        else:
            chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
            await exchange.send(chunked % (len(content), content))


def test_what_the_engine_makes_is_as_others_make_it(fetch_many: FetchMany, fast_in_use: Engine) -> None:
    with Plain() as server, fetch_many((server.url(f"/{n}") for n in range(300)), per_host=4) as responses:
        made = list(responses)
        assert responses.stats == FetchStats(300, 300, 4, 296, 0, 0)
    for response in made:
        assert response.content == response.url.removeprefix(server.url("")).encode()
        told = {name: getattr(response, name) for name in ResponseFields.__slots__}
        assert isinstance(told.pop("_times"), (float, tuple))
        plain = Response(response.url, response._head, response.content)
        plain.index = response.index
        assert told == {name: getattr(plain, name) for name in told}
        again = pickle.loads(pickle.dumps(response))
        assert (again.content, again.index, again.timings) == (response.content, response.index, response.timings)
        assert 0 <= response.timings.first_byte <= response.timings.total
    assert sum(isinstance(response._times, float) for response in made) > 150, "most went all the way"


def test_what_is_awaited_one_by_one(in_use: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request over a connection that rests, and its response behind which nothing waits: the same on either way."""
    begun: list[int] = []
    if in_use.engine is not None:
        send = in_use.engine.send_if_quiet
        noted = replace(in_use.engine, send_if_quiet=lambda *given: (begun.append(sent := send(*given)), sent)[1])
        monkeypatch.setattr(_backends, "selected", replace(in_use, engine=noted))
    with Plain() as server, contextlib.closing(Awaiting()) as client:
        for number in range(20):
            response = client.send(server.url(f"/{number}"))
            assert (response.status, response.content, response.attempts) == (200, f"/{number}".encode(), 1)
            assert 0 <= response.timings.first_byte <= response.timings.total
        assert client.stats == (20, 1, 19, 0)
        assert (client._loop.memory.held, client._loop.queued, len(client._loop.idle)) == (0, 0, 1)
    assert len(begun) == (19 if in_use.engine is not None else 0)
    assert all(begun), "each head went out whole, in that call"


def test_nothing_is_awaited_behind_unasked_bytes(in_use: Backend) -> None:
    """A connection that rests, and on which something has come, carries no more: the look before its next request."""

    class Late(FaultyServer):
        async def answer(self, exchange: Exchange) -> None:
            await exchange.send(exchange.page())
            await asyncio.sleep(0.01)
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    with Late() as server, contextlib.closing(Awaiting()) as client:
        for number in range(4):
            check(client.send(server.url(f"/good/{number}")))
            for idle in client._loop.idle:
                assert select.select([idle.channel.sock], [], [], 10)[0]
        assert server.connections == 4


@pytest.mark.filterwarnings("ignore::httpconn.errors.TooFewDescriptors")  # which there are, for so many
def test_limits_beyond_any_number_of_c(fetch_many: FetchMany, fast_in_use: Engine) -> None:
    endless: Any = dict.fromkeys(("per_host", "max_connections", "look_ahead", "max_buffered_bytes"), 10**30)
    with Plain() as server, fetch_many([server.url(f"/{n}") for n in range(100)], **endless) as responses:
        assert {response.status for response in responses} == {200}


def test_jobs_of_bare_urls() -> None:
    """They are as prepare_url makes them, however many are taken at once."""
    shared = Shared(FetchSettings.of({}))
    engine = Loop(shared, shared.settings, Intake(shared.preparer))
    url = "http://127.0.0.1:9/%d"
    engine.queue(shared.preparer.prepare_url(url % 0, 0))
    engine.intake.count = 1
    host = next(iter(engine.hosts.values()))
    host.count = engine.per_host  # it can start nothing more: so all are taken that may be
    engine.runnable.clear()

    def read(most: int, *given: Any) -> tuple[int, int]:
        engine.intake.sources.appendleft(iter(given))
        engine._read_ahead(most)
        return engine.queued, engine.intake.count

    assert read(2, url % 1, url % 2, url % 9) == (3, 3), "at most so many"
    assert next(engine.intake.sources.popleft()) == url % 9
    assert read(9, url % 3, None, url % 9) == (4, 4), "it has nothing now"
    assert next(engine.intake.sources.pop()) == url % 9, "and is the last one from then on"
    engine.intake.again_at = 0.0
    assert read(9, url % 4, url % 5 + "#x", url % 9) == (6, 6), "one that is not bare is the last of its run"
    assert next(engine.intake.sources.popleft()) == url % 9
    assert read(9, url % 6) == (7, 7)
    assert not engine.intake.sources, "its end has been seen"

    def raises() -> Iterator[str]:
        yield url % 7
        raise ZeroDivisionError

    engine.intake.sources.append(raises())
    with pytest.raises(ZeroDivisionError):
        engine._read_ahead(9)
    assert not engine.intake.sources
    assert (engine.queued, engine.intake.count, len(host.pending)) == (8, 8, 8)
    for index, job in enumerate(host.pending):
        made = shared.preparer.prepare_url((url % index) + ("#x" if index == 5 else ""), index)
        assert {name: getattr(job, name) for name in BareJob.__slots__} == {
            name: getattr(made, name) for name in BareJob.__slots__
        }
    host.count = 0
    engine.close()


@pytest.mark.timeout(300)
def test_a_finalizer_closes_the_fetcher(fast_in_use: Engine) -> None:
    """Wherever the garbage collector comes in."""

    class Closer:
        def __init__(self, fetcher: Fetcher) -> None:
            self.itself = self
            self.fetcher = fetcher

        def __del__(self) -> None:
            if threading.current_thread() is threading.main_thread():  # not the server's, which collects garbage too
                self.fetcher.close()

    previous = gc.get_threshold()
    with Plain() as server:
        for after in range(0, 120, 3):
            seen = set()
            fetcher = fetch_many((server.url(f"/{n}") for n in range(200)), per_host=4)
            try:
                for response in fetcher:
                    assert response.error is None
                    assert response.index not in seen
                    seen.add(response.index)
                    if len(seen) == after:
                        Closer(fetcher)
                        gc.set_threshold(1 + after % 7)
            except (ValueError, OSError):
                pass  # its poller is closed
            finally:
                gc.set_threshold(*previous)
            gc.collect()
            fetcher.close()


# Between making a socket and keeping it, in the socket module itself, it is the collector that closes it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
@pytest.mark.slow
def test_ctrl_c_at_any_time(fast_in_use: Engine) -> None:
    """It closes the fetcher, and no result came twice before."""
    dice = random.Random(7)

    def interrupt(*_: object) -> None:
        # Once more, later: one that comes up in a finalizer is lost, and the source of URLs has no end.
        signal.setitimer(signal.ITIMER_REAL, 2 if fetcher._loop.runs_in else 0.0002)
        if fetcher._loop.runs_in:
            raise KeyboardInterrupt

    with Plain() as server:
        for _ in range(30):
            fetcher = fetch_many((server.url(f"/{n}") for n in itertools.count()), per_host=8)
            previous = signal.signal(signal.SIGALRM, interrupt)
            seen: list[int] = []
            try:
                with pytest.raises(KeyboardInterrupt):
                    signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.001, 0.04))
                    for response in fetcher:
                        assert response.error is None
                        seen.append(response.index)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, previous)
            assert "closed" in repr(fetcher)
            assert len(seen) == len(set(seen))


def test_a_job_that_is_given_up_while_it_is_sent_takes_no_other_with_it() -> None:
    """Between the choice of a job and the note that it was sent, the collector or a signal's handler may have run."""
    with Fetcher() as fetcher:
        loop = fetcher._loop
        jobs = [loop.shared.preparer.prepare_url("http://127.0.0.1:9/", number) for number in range(4)]
        for job in jobs:
            loop.queue(job)
        host = loop.hosts[jobs[0].key]
        loop.cancel(jobs[0])
        loop.note_sent(host, jobs[0])
        assert [*host.pending] == jobs[1:]
        loop.note_sent(host, jobs[2])  # another has been put in front of it meanwhile
        assert [*host.pending] == [jobs[1], jobs[3]]
        loop.note_sent(host, jobs[1])
        assert [*host.pending] == [jobs[3]]
        assert loop.queued == 1
        assert loop.reused == 3
