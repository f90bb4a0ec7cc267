"""What a fetcher is fed, and what that does to it: one result for each request all the same.

A fetcher's alone: to be fed several inputs, and to be closed by one of them or by a signal.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from httpconn import Fetcher, Request, fetch_many

from ..support.clients import FetchMany, Maker, is_empty
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import FaultyServer
from ..support.peers import ScriptedServer, reads_for_ever


@pytest.mark.parametrize("ordered", [False, True])
def test_an_input_that_cannot_even_be_shown(fetch_many: FetchMany, server: FaultyServer, ordered: bool) -> None:
    """Its result names its type; the others have theirs."""

    class Unspeakable:
        def __str__(self) -> str:
            raise RuntimeError("no word")

        __repr__ = __str__

    inputs: list[Any] = [server.url("/good/0"), Unspeakable(), 10**5000, b"http://h/", server.url("/good/4")]
    results = {response.index: response for response in fetch_many(inputs, ordered=ordered)}
    assert sorted(results) == [0, 1, 2, 3, 4]
    for index, name in (1, "Unspeakable"), (2, "int"), (3, "bytes"):
        assert isinstance(results[index].error, TypeError)
        assert name in str(results[index].error)
        assert name in repr(results[index])
    assert results[4].status == 200


def test_a_source_with_nothing_now_does_not_keep_the_others(new_fetcher: Maker, server: FaultyServer) -> None:
    fetcher = new_fetcher()

    def waits() -> Iterator[str | None]:
        while fetcher.stats.results < 3:
            yield None
        yield server.url("/good/last")

    fetcher.feed(waits()).feed(server.url(f"/good/{n}") for n in range(3))
    results = [response.url for response in fetcher]
    assert results[-1] == server.url("/good/last")
    assert len(results) == 4


def test_a_source_sees_how_much_was_taken(server: FaultyServer) -> None:
    seen = []
    with Fetcher(per_host=2) as fetcher:

        def given() -> Iterator[str]:
            for number in range(50):
                seen.append(fetcher.stats.requests)
                yield server.url(f"/good/{number}")

        assert len(list(fetcher.feed(given()))) == 50
        assert fetcher.stats.requests == 50
    assert seen == list(range(50))


def test_a_host_that_was_left_is_met_again(server: FaultyServer) -> None:
    """One that has neither jobs nor connections is forgotten, and is a new one when it is asked for again."""
    with Fetcher() as fetcher:
        hosts = fetcher._loop.hosts
        for number in range(3):
            for _ in fetcher.feed([server.url(f"/until-close/{number}{again}") for again in "abc"]):
                assert len(hosts) <= 1
            assert not hosts
            assert is_empty(fetcher)
        response = next(fetcher.feed([server.url("/good/0")]))
        assert (response.status, len(hosts)) == (200, 1)
        fetcher.add(server.url("/good/1"))
        assert next(fetcher).status == 200
        assert [*hosts.values()] == [fetcher._loop._last_host]
    assert is_empty(fetcher)


@pytest.mark.parametrize(
    "one", ["http://h/", b"http://h/", Request("GET", "http://h/")], ids=["str", "bytes", "Request"]
)
def test_one_request_is_no_iterable_of_them(fetch_many: FetchMany, one: Any) -> None:
    with pytest.raises(TypeError, match=type(one).__name__):
        list(fetch_many(one))


def test_closed_by_its_input(server: FaultyServer) -> None:
    """The iteration ends, as after any ``close``, and what the input raises then comes out."""

    def closes(then: str) -> Iterator[str]:
        yield server.url("/good/1")
        fetcher.close()
        if then == "raises":
            raise RuntimeError("the input's own")
        if then == "goes on":
            yield server.url("/good/2")

    for then in ("ends", "goes on"):
        fetcher = Fetcher()
        fetcher.feed(closes(then))
        assert list(fetcher) == []
    fetcher = Fetcher()
    fetcher.feed(closes("raises"))
    with pytest.raises(RuntimeError, match="own"):
        list(fetcher)
    assert list(fetcher) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGALRM")
def test_closed_by_a_signal_while_it_waits() -> None:
    with ScriptedServer(reads_for_ever) as silent:
        fetcher = fetch_many([f"http://127.0.0.1:{silent.port}/"])
        before = signal.signal(signal.SIGALRM, lambda *_: fetcher.close())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            assert list(fetcher) == []
        finally:
            signal.signal(signal.SIGALRM, before)
