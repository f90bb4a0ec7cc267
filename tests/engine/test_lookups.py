"""Names being looked up: places, clocks, what is given up, what is remembered, and an asynchronous ``resolve=``."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import os
import socket
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from httpconn import ConnectionPool, ConnectTimeout, Fetcher, Request, Response, Retry, Timeout
from httpconn._engine.many.names import Names as LoopNames
from httpconn._io.lookups import Lookups
from httpconn._io.polling import new_poller
from httpconn._io.resolving import Resolver

from ..support.awaiting import AwaitedFetcher
from ..support.clients import Maker
from ..support.faulty import FaultyServer
from ..support.peers import blackhole, nobody
from ..support.sites import Asker

AT_ONCE = Retry(2, backoff_s=0)


class Names:
    """A ``getaddrinfo`` for names in ``.test``: what a name answers is by ``answers``, else 127.0.0.1 after ``delay_s``.

    An answer is an address, an exception, or an event, which ends a lookup that hangs.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.delay_s = 0.0
        self.asked: list[str] = []
        self.running = self.most_running = 0
        self._lock = threading.Lock()
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: int, *rest: Any) -> Any:
        if not str(host).endswith(".test"):  # another test's server, in its thread
            return self._real(host, port, *rest)
        with self._lock:
            self.asked.append(host)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self._answer(host), port))]
        finally:
            with self._lock:
                self.running -= 1

    def _answer(self, host: str) -> str:
        answer = self.answers.get(host)
        if callable(answer):
            answer = answer()
        if isinstance(answer, threading.Event):
            assert answer.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")
        if isinstance(answer, BaseException):
            raise answer
        time.sleep(self.delay_s)
        return answer or "127.0.0.1"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """What names hang by; they are let go at the end of the test, and their threads with them."""
    event = threading.Event()
    yield event
    event.set()
    eventually(lambda: not resolver_threads())


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


def resolver_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("httpconn-resolver")]


def eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def ask_all(kind: str, urls: list[str], **options: Any) -> list[Response]:
    """Return the responses to all of *urls*, asked for at once: by a fetcher, a client, or a pool with as many threads."""
    if kind in ("fetcher", "async"):
        with (Fetcher if kind == "fetcher" else AwaitedFetcher)(**options) as fetcher:
            for url in urls:
                fetcher.add(url)
            return sorted(fetcher, key=lambda response: response.index)
    with ConnectionPool(max_connections=len(urls), **options) as pool:

        def get(url: str) -> Response:
            try:
                return pool.get(url)
            except Exception as error:
                response = Response(url, None, b"")
                response.error = error
                return response

        with concurrent.futures.ThreadPoolExecutor(len(urls)) as threads:
            return list(threads.map(get, urls))


KINDS = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])


# -- places and clocks


@KINDS
@pytest.mark.slow
def test_the_wait_for_a_place_is_no_part_of_the_connect_timeout(kind: str, names: Names, server: FaultyServer) -> None:
    names.delay_s = 0.2
    urls = [f"http://name-{number}.test:{server.port}/good/{number}" for number in range(40)]
    began = time.monotonic()
    found = ask_all(kind, urls, max_lookups=4, max_abandoned_lookups=0, timeout=Timeout(connect=1.0))
    assert [response.status for response in found] == [200] * 40, Counter(repr(response.error) for response in found)
    assert time.monotonic() - began >= 40 / 4 * 0.2
    assert names.most_running == 4


@KINDS
def test_by_default_a_hundred_names_are_looked_up_side_by_side(kind: str, names: Names, server: FaultyServer) -> None:
    everybody = threading.Barrier(100)  # breaks, and the lookups fail, where they are not

    def meet() -> str:
        everybody.wait(20)
        return "127.0.0.1"

    names.answers = {f"name-{number}.test": meet for number in range(100)}
    urls = [f"http://name-{number}.test:{server.port}/good/{number}" for number in range(100)]
    assert [response.status for response in ask_all(kind, urls, timeout=30)] == [200] * 100


@KINDS
def test_names_that_hang_take_no_place_when_they_are_given_up(
    kind: str, names: Names, server: FaultyServer, hang: threading.Event
) -> None:
    names.answers = {f"hangs-{number}.test": hang for number in range(8)}
    urls = [f"http://hangs-{number}.test:{server.port}/" for number in range(8)]
    urls += [f"http://name-{number}.test:{server.port}/good/{number}" for number in range(30)]
    limits = Timeout(connect=0.5)
    found = ask_all(kind, urls, max_lookups=4, max_abandoned_lookups=8, timeout=limits)
    assert {type(response.error) for response in found[:8]} == {ConnectTimeout}
    assert [response.status for response in found[8:]] == [200] * 30
    assert names.running == 8  # and run on: no thread in getaddrinfo can be ended
    assert names.most_running <= 12


@KINDS
@pytest.mark.slow
def test_where_abandoned_lookups_take_all_places_the_clock_runs(
    kind: str, names: Names, server: FaultyServer, hang: threading.Event
) -> None:
    """Nothing comes forward then: a named error, and no wait for ever. When they end, there are places again."""
    names.answers = {f"hangs-{number}.test": hang for number in range(9)}
    options: dict[str, Any] = {
        "max_lookups": 2, "max_abandoned_lookups": 1, "timeout": Timeout(connect=0.3, total=None),
    }  # fmt: skip
    with Asker(kind, **options) as ask:
        for number in range(3):
            assert isinstance(ask(f"http://hangs-{number}.test/").error, ConnectTimeout)
        for number in range(2):
            assert isinstance(ask(f"http://name-{number}.test:{server.port}/good/1").error, ConnectTimeout)
        assert names.most_running == 3
        assert names.asked == [f"hangs-{number}.test" for number in range(3)]
        hang.set()
        eventually(lambda: not names.running)
        assert ask(f"http://name-3.test:{server.port}/good/1").status == 200


@KINDS
def test_who_asks_for_a_name_that_was_given_up_waits_for_the_same_lookup(
    kind: str, names: Names, server: FaultyServer, hang: threading.Event
) -> None:
    slow = threading.Event()

    def slowly() -> str:
        assert slow.wait(30)
        return "127.0.0.1"

    names.answers["slow.test"] = slowly
    url = f"http://slow.test:{server.port}/good/1"
    with Asker(kind, timeout=Timeout(connect=20)) as ask:
        assert isinstance(ask(Request("GET", url, timeout=Timeout(connect=0.1))).error, ConnectTimeout)
        threading.Timer(0.2, slow.set).start()
        assert ask(url).status == 200
    assert names.asked == ["slow.test"]


@KINDS
def test_a_lookup_is_shared_and_goes_on_while_somebody_waits(kind: str, names: Names, server: FaultyServer) -> None:
    names.delay_s = 0.4
    urls = [f"http://shared.test:{server.port}/good/{number}" for number in range(6)]
    quick = [Request("GET", url, timeout=Timeout(connect=0.1)) for url in urls[:3]]
    with Fetcher(max_lookups=1, max_abandoned_lookups=0, timeout=Timeout(connect=20)) as fetcher:
        fetcher.feed([*quick, *urls[3:]])
        found = sorted(fetcher, key=lambda response: response.index)
    assert [type(response.error) for response in found[:3]] == [ConnectTimeout] * 3
    assert [response.status for response in found[3:]] == [200] * 3
    assert names.asked == ["shared.test"]


def test_total_counts_while_a_name_waits_for_its_place(names: Names, hang: threading.Event) -> None:
    """Bounded all the same: by what bounds everything."""
    names.answers["hangs.test"] = hang
    urls = ["http://hangs.test/", "http://waits.test/"]
    limits = Timeout(connect=20, total=0.4)
    for kind in ("pool", "fetcher", "async"):
        found = ask_all(kind, urls, max_lookups=1, max_abandoned_lookups=0, timeout=limits)
        assert ["total" in str(response.error) for response in found] == [True, True]


def test_threads_are_there_only_while_there_are_names(new_pool: Maker, names: Names, server: FaultyServer) -> None:
    with new_pool() as pool:
        assert pool.get(f"http://name.test:{server.port}/good/1").status == 200
        eventually(lambda: not resolver_threads())


@KINDS
def test_a_thread_that_cannot_be_had_is_an_error(
    kind: str, names: Names, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("httpconn-resolver"):
            raise RuntimeError("can't start new thread")
        start(thread)

    with Asker(kind) as ask:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert isinstance(ask("http://name.test/").error, OSError)
        assert ask(f"http://name.test:{server.port}/good/1").status == 200


@pytest.mark.parametrize("kind", ["pool", "fetcher"])  # a client has one
def test_an_event_loop_that_cannot_be_had_is_an_error(
    kind: str, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And takes no place from those who ask later."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "httpconn-resolver-loop":
            raise RuntimeError("can't start new thread")
        start(thread)

    async def resolve(host: str, port: int) -> str:
        return "127.0.0.1"

    with Asker(kind, resolve=resolve, max_lookups=1, timeout=Timeout(10, connect=2)) as ask:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            for number in range(2):
                assert type(ask(f"http://{number}.test/").error) is BlockingIOError
        assert ask(f"http://name.test:{server.port}/good/1").status == 200


def test_a_long_row_whose_threads_cannot_be_had(hang: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is told, however many they are."""

    def look_up(host: str, port: int) -> list[Any]:
        assert hang.wait(60)
        return []

    lookups = Lookups(look_up, lambda *given: None, lambda *told: None, most=1, most_abandoned=1)
    told: list[int] = []
    first = lookups.start(("first.test", 80), lambda: None)
    others = [lookups.start((f"{number}.test", 80), lambda: told.append(1)) for number in range(3_000)]

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        lookups.give_up(first)
    assert all(isinstance(lookup.answer, OSError) for lookup in others)
    assert (len(told), lookups._placed, len(lookups._row)) == (3_000, 0, 0)


def test_one_future_for_all_who_ask() -> None:
    """As a resolver gives it that remembers what it is asked; two threads may come in with it."""
    future: concurrent.futures.Future[str] = concurrent.futures.Future()
    lookups = Lookups(lambda *name: [], lambda given, *name: [(2, given)], lambda *told: None, most=1, most_abandoned=1)
    told: list[int] = []
    waiting = [lookups.start(("name.test", 80), lambda: told.append(1), future) for _ in range(2)]
    assert not future.cancelled()
    future.set_result("answer")
    assert [lookup.answer for lookup in waiting] == [[(2, "answer")]] * 2
    assert (len(told), lookups._works) == (2, {})


def test_what_a_row_does_in_any_order() -> None:
    """Random starts, ends and surrenders: never more than the bounds, and nobody who waits is forgotten."""
    import random

    chance = random.Random(7)
    gates: dict[str, threading.Event] = {}
    running: set[str] = set()
    lock = threading.Lock()
    most = [0]

    def look_up(host: str, port: int) -> list[Any]:
        with lock:
            running.add(host)
            most[0] = max(most[0], len(running))
        assert gates[host].wait(60)
        with lock:
            running.discard(host)
        return [(socket.AF_INET, (host, port))]

    lookups = Lookups(look_up, lambda given, host, port: given, lambda *told: None, most=3, most_abandoned=2)
    waiting = []
    for number in range(300):
        what = chance.random()
        if what < 0.5 or not waiting:
            host = f"h{chance.randrange(12)}"
            gates.setdefault(host, threading.Event())
            done = threading.Event()
            waiting.append((lookups.start((host, number % 2), done.set), done))
        elif what < 0.75:
            lookups.give_up(waiting.pop(chance.randrange(len(waiting)))[0])
        else:
            gates[chance.choice(list(gates))].set()
    for gate in gates.values():
        gate.set()
    for lookup, done in waiting:
        assert done.wait(30)
        assert lookup.answer is not None
    eventually(lambda: not lookups._running)
    assert most[0] <= 5
    assert (lookups._placed, len(lookups._row), lookups._works) == (0, 0, {})


# -- what is remembered


def gaierror(code: int) -> socket.gaierror:
    return socket.gaierror(code, "told by a test")


@KINDS
@pytest.mark.parametrize("passing", [gaierror(socket.EAI_AGAIN), gaierror(socket.EAI_FAIL), OSError(5, "I/O error")])
def test_a_failure_of_the_lookup_is_not_remembered(
    kind: str, passing: OSError, names: Names, server: FaultyServer
) -> None:
    names.answers["name.test"] = passing
    with Asker(kind) as ask:
        for _ in range(2):
            error = ask(f"http://name.test:{server.port}/good/1").error
            assert (type(error), getattr(error, "errno", None)) == (type(passing), passing.errno)
        del names.answers["name.test"]
        assert ask(f"http://name.test:{server.port}/good/1").status == 200
    assert names.asked == ["name.test"] * 3


@KINDS
def test_that_there_is_no_such_name_is_remembered(kind: str, names: Names) -> None:
    names.answers["nowhere.test"] = gaierror(socket.EAI_NONAME)
    with Asker(kind) as ask:
        errors = [ask("http://nowhere.test/").error for _ in range(5)]
    assert {type(error) for error in errors} == {socket.gaierror}
    assert len({id(error) for error in errors}) == 5  # what is attached to one is no other's
    assert names.asked == ["nowhere.test"]


@KINDS
@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME])
def test_a_retry_asks_again(kind: str, code: int, names: Names, server: FaultyServer) -> None:
    failures = iter([gaierror(code), gaierror(code)])
    names.answers["name.test"] = lambda: next(failures, None)
    with Asker(kind, retry=AT_ONCE) as ask:
        response = ask(f"http://name.test:{server.port}/good/1")
    assert (response.status, response.attempts) == (200, 3)
    assert names.asked == ["name.test"] * 3


@KINDS
def test_answers_count_for_their_time(kind: str, names: Names, server: FaultyServer) -> None:
    for ttl_s, lookups in ((60.0, 1), (0.0, 3)):
        names.asked.clear()
        with Asker(kind, resolve_ttl_s=ttl_s, idle_s=0.0) as ask:
            for number in range(3):
                assert ask(f"http://name.test:{server.port}/good/{number}").status == 200
        assert len(names.asked) == lookups


# -- an asynchronous resolve=


@KINDS
def test_a_coroutine_function(kind: str, names: Names, server: FaultyServer) -> None:
    """One loop for all of them, in one thread; several at a time; an answer counts for its time."""
    loops, asked = set(), []

    async def resolve(host: str, port: int) -> Any:
        loops.add(asyncio.get_running_loop())
        asked.append((host, port))
        await asyncio.sleep(0.1)
        return {"one.test": "127.0.0.1", "two.test": ["127.0.0.3", "127.0.0.1"]}.get(host)

    hosts = ["one.test", "two.test", "three.test"] * 2
    urls = [f"http://{host}:{server.port}/good/{number}" for number, host in enumerate(hosts)]
    found = ask_all(kind, urls, resolve=resolve)
    assert [response.status for response in found] == [200] * 6
    assert sorted(asked) == sorted({(host, server.port) for host in hosts})
    assert names.asked == ["three.test"]  # for which it had nothing
    assert len(loops) == 1
    eventually(lambda: not resolver_threads())
    assert loops.pop().is_closed()


@KINDS
@pytest.mark.parametrize("ends", ["later", "at once"])
def test_a_future(kind: str, ends: str, server: FaultyServer) -> None:
    def resolve(host: str, port: int) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        answer = {"bad.test": "what?", "own.test": "127.0.0.1"}.get(host)
        if ends == "at once":
            future.set_result(answer)
        else:
            threading.Timer(0.05, future.set_result, [answer]).start()
        return future

    with Asker(kind, resolve=resolve) as ask:
        assert ask(f"http://own.test:{server.port}/good/1").status == 200
        assert ask(f"http://127.0.0.1:{server.port}/good/1").status == 200  # None: not mine
        assert isinstance(ask(f"http://bad.test:{server.port}/good/1").error, ValueError)


@KINDS
def test_a_future_of_an_event_loop_elsewhere(kind: str, server: FaultyServer) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def look_up(host: str) -> str:
        await asyncio.sleep(0.01)
        return "127.0.0.1"

    def resolve(host: str, port: int) -> asyncio.Future[str]:
        made: concurrent.futures.Future[Any] = concurrent.futures.Future()
        loop.call_soon_threadsafe(lambda: made.set_result(loop.create_task(look_up(host))))
        task: asyncio.Future[str] = made.result(10)
        return task

    with Asker(kind, resolve=resolve) as ask:
        assert ask(f"http://own.test:{server.port}/good/1").status == 200
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@KINDS
def test_what_an_asynchronous_resolver_raises(kind: str, server: FaultyServer) -> None:
    class Refused(Exception):
        def __init__(self, host: str, code: int) -> None:
            super().__init__(f"{host}: {code}")

    async def resolve(host: str, port: int) -> Any:
        raise Refused(host, 7)

    with Asker(kind, resolve=resolve) as ask:
        for _ in range(2):
            error = ask(f"http://own.test:{server.port}/good/1").error
            assert isinstance(error, Refused)
            assert str(error) == "own.test: 7"


@KINDS
def test_what_is_given_up_is_cancelled(kind: str, server: FaultyServer) -> None:
    """And whoever asks next is not told of that; at most *max_lookups* are awaited at a time."""
    cancelled, running = [], []
    quick = False

    async def resolve(host: str, port: int) -> str:
        running.append(host)
        if quick:
            return "127.0.0.1"
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(host)
            raise
        raise AssertionError

    url = f"http://own.test:{server.port}/good/1"
    with Asker(kind, resolve=resolve, max_lookups=1, max_abandoned_lookups=0, timeout=Timeout(connect=0.2)) as ask:
        assert isinstance(ask(url).error, ConnectTimeout)
        quick = True
        assert ask(url).status == 200
        eventually(lambda: cancelled == ["own.test"])
    assert running == ["own.test"] * 2
    eventually(lambda: not resolver_threads())


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # as an error it would keep what it is about
@pytest.mark.parametrize("kind", ["pool", "fetcher"])
def test_a_dropped_maker_leaves_no_thread(kind: str, server: FaultyServer) -> None:
    """Even if something refers to it still: the warning about what it has left open, here."""

    async def resolve(host: str, port: int) -> str:
        return "127.0.0.1"

    ask = Asker(kind, resolve=resolve)
    assert ask(f"http://own.test:{server.port}/good/1").status == 200
    assert resolver_threads()
    with warnings.catch_warnings(record=True) as told:  # each of which refers to what it is about
        warnings.simplefilter("always", ResourceWarning)
        del ask
        gc.collect()
    assert len(told) == (kind == "pool")
    eventually(lambda: not resolver_threads())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_child_of_a_fork_has_a_loop_of_its_own(server: FaultyServer) -> None:
    async def resolve(host: str, port: int) -> str:
        return "127.0.0.1"

    with ConnectionPool(resolve=resolve) as pool:
        assert pool.get(f"http://own.test:{server.port}/good/1").status == 200
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                os._exit(0 if pool.get(f"http://other.test:{server.port}/good/2").status == 200 else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert pool.get(f"http://third.test:{server.port}/good/1").status == 200


# -- all of it at once


@pytest.mark.slow
def test_every_good_page_of_a_list_with_bad_hosts_arrives(
    names: Names, server: FaultyServer, hang: threading.Event
) -> None:
    """Of 200 hosts 5 % never resolve, 5 % refuse, 5 % are silent: in no more than the bad ones' own timeouts take."""
    connect_s, hosts = 0.5, 200
    with nobody("127.0.0.2") as (_, port), blackhole("127.0.0.3", port):
        urls = []
        for number in range(hosts):
            host = f"name-{number}.test"
            answer = {3: hang, 7: "127.0.0.2", 11: "127.0.0.3"}.get(number % 20)
            names.answers[host] = answer
            urls.append(f"http://{host}:{server.port if answer is None else port}/good/{number}")
        names.delay_s = 0.02
        retry = Retry(2, backoff_s=0.1, jitter=0)
        found = ask_all("fetcher", urls, max_connections=40, timeout=Timeout(connect=connect_s), retry=retry)
    good = [response for response in found if response.index % 20 not in (3, 7, 11)]
    assert len(good) == hosts - 3 * hosts // 20
    assert {response.status for response in good} == {200}
    bad = [response for response in found if response.error is not None]
    assert len(bad) == 3 * hosts // 20
    assert Counter(type(response.error) for response in bad) == {ConnectTimeout: 20, ConnectionRefusedError: 10}
    assert {response.attempts for response in bad} == {3}


def test_a_finalizer_may_give_up_a_name_where_the_lock_is_held() -> None:
    """The collector runs anywhere: a fetcher that it ends lets go of the names that it waits for, in whatever thread."""
    hangs = threading.Event()

    def look_up(*_: Any) -> list[Any]:
        hangs.wait(30)
        return []

    lookups = Lookups(look_up, lambda *given: None, lambda *told: None, most=1, most_abandoned=1)
    try:
        lookup = lookups.start(("a.test", 80), lambda: None)
        done = threading.Event()

        def work() -> None:
            with lookups._lock:
                lookups.give_up(lookup)
            done.set()

        threading.Thread(target=work, daemon=True).start()
        assert done.wait(10)
    finally:
        hangs.set()
        lookups.close()


def test_a_slow_consumer_does_not_turn_a_lookup_into_a_timeout(
    new_fetcher: Maker, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has waited for an answer gets it, however late he comes for it."""
    looked_up = []
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any) -> Any:
        if not host.endswith(".test"):
            return real(host, *rest)
        looked_up.append(host)
        time.sleep(0.1)
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with new_fetcher(timeout=Timeout(connect=20)) as fetcher:
        fetcher.feed([server.url("/good/1"), "http://nowhere.test/"])
        memory = fetcher._shared.resolver._memory
        for response in fetcher:
            if response.index == 0:
                while ("nowhere.test", 80) not in memory._known:
                    time.sleep(0.01)
                del memory._known["nowhere.test", 80]  # as time does
            else:
                assert isinstance(response.error, socket.gaierror)
    assert looked_up == ["nowhere.test"]


def test_an_answer_behind_the_end_wakes_nobody() -> None:
    """A resolver's thread has it still, when the loop is closed."""
    names, poller = LoopNames(Resolver()), new_poller()
    names.begin(poller)
    names.wake("a connection")
    assert [mask for _, mask in poller.poll(10, 1)] == [1]
    names.close()
    names.wake("a connection")
    names.take_wake()
    poller.close()
