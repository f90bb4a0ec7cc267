"""A pool or fetcher that is dropped without a word: its sockets are closed at once, and a ResourceWarning tells of it."""

from __future__ import annotations

import gc
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from httpconn import ConnectionPool, Fetcher, fetch_many

from ..support.faulty import FaultyServer


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def told(drop: Callable[[], None]) -> list[str]:
    """Return the ResourceWarnings that *drop* leads to."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        drop()
    return [str(warning.message) for warning in caught if warning.category is ResourceWarning]


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_a_pool_with_kept_connections(server: FaultyServer) -> None:
    held = [ConnectionPool()]
    held[0].get(server.url("/good/1"))
    ((connection, _),) = held[0]._slots.idle.items()
    descriptor = connection.channel.sock.fileno()
    del connection
    (warning,) = told(held.clear)
    assert warning.startswith("unclosed <ConnectionPool open: 1 of")
    assert not is_open(descriptor)


@pytest.mark.parametrize("way", ["closed", "with", "nothing kept", "refused"])
def test_a_pool_with_nothing_open(server: FaultyServer, way: str) -> None:
    held: list[Any] = []

    def drop() -> None:
        if way == "refused":
            with pytest.raises(ValueError, match="max_connections"):
                ConnectionPool(max_connections=0)
            return
        held.append(ConnectionPool())
        held[0].get(server.url("/unavailable/1" if way == "nothing kept" else "/good/1"))
        if way == "closed":
            held[0].close()
        elif way == "with":
            held[0].__exit__()
        held.clear()

    assert told(drop) == []


def test_a_pool_whose_response_is_still_read(server: FaultyServer) -> None:
    """It keeps its connection, which is closed behind it."""
    response = ConnectionPool().get(server.url("/drip/7"), stream=True)
    descriptor = response._stream._attempt._connection.channel.sock.fileno()  # type: ignore[union-attr]
    assert len(response.content) > 0
    assert not is_open(descriptor)


def test_a_pool_that_goes_while_its_lock_is_held(server: FaultyServer) -> None:
    """As a collection in the middle of a release does it: nobody waits for ever, and nothing stays open."""
    held = [ConnectionPool()]
    stream = held[0].get(server.url("/drip/8"), stream=True)
    held[0].get(server.url("/good/1"))
    slots = held[0]._slots
    ((connection, _),) = slots.idle.items()
    descriptor = connection.channel.sock.fileno()
    del connection
    with slots.lock:
        dropping = threading.Thread(target=lambda: told(held.clear))
        dropping.start()
        dropping.join(10)
        assert not dropping.is_alive()
    assert stream.content
    assert not is_open(descriptor)


def test_a_fetcher_in_the_middle(server: FaultyServer) -> None:
    held = [fetch_many([server.url("/good/1"), *(server.url(f"/silent/{n}") for n in range(3))], per_host=4)]
    next(held[0])
    descriptors = list(held[0]._loop.by_descriptor)
    assert descriptors
    (warning,) = told(held.clear)
    assert warning.startswith("unclosed <Fetcher open: ")
    assert not any(map(is_open, descriptors))


def test_an_input_is_let_go_of(server: FaultyServer) -> None:
    """The generator that was its input is closed with it."""
    ended = []

    def urls() -> Iterator[str]:
        try:
            for number in range(1000):
                yield server.url(f"/silent/{number}" if number else "/good/0")
        finally:
            ended.append(time.monotonic())

    held = [fetch_many(urls(), max_connections=2)]
    next(held[0])
    assert told(held.clear)
    assert ended


@pytest.mark.parametrize("way", ["to its end", "closed", "with", "unused"])
def test_a_fetcher_with_nothing_under_way(server: FaultyServer, way: str) -> None:
    """The loop over all results needs no ``with``; what it had kept open is closed all the same."""

    def drop() -> None:
        fetcher = Fetcher()
        if way != "unused":
            fetcher.feed([server.url(f"/good/{n}") for n in range(3)])
            next(fetcher)
        if way == "to its end":
            assert len(list(fetcher)) == 2
        elif way == "closed":
            fetcher.close()
        elif way == "with":
            fetcher.__exit__()
        descriptors.extend(fetcher._loop.by_descriptor)

    descriptors: list[int] = []
    assert told(drop) == []
    assert not any(map(is_open, descriptors))


def test_nothing_refers_to_them(server: FaultyServer) -> None:
    """Else they would stay until the collector comes."""
    pool, fetcher = ConnectionPool(), Fetcher()
    pool.get(server.url("/good/1"))
    fetcher.add(server.url("/good/1"))
    assert len(list(fetcher)) == 1
    pool.close()
    references = [weakref.ref(pool), weakref.ref(fetcher)]
    del pool, fetcher
    assert [reference() for reference in references] == [None, None]
