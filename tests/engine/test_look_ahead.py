"""How far ahead a fetcher or a client asks, where results have to come in order: counted by what the server was asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from httpconn import Fetcher
from httpconn._backends.contract import Engine
from httpconn._engine import clock
from httpconn._engine.many.turn import Turn

from ..support.clients import FetchMany
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import Exchange, FaultyServer

COUNT = 120


class FirstIsLate(FaultyServer):
    """Answers the first request when *most* others have been asked for, and a while later; ``asked`` by then."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.asked = 0

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target == "/good/0":
            for _ in range(2000):
                if len(self.seen) > self.most:
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # in which no more may come
            self.asked = len(self.seen) - 1
        await super().answer(exchange)


@pytest.mark.parametrize(("look_ahead", "max_connections"), [(20, 64), (20, 4), (1, 16), (90, 8)])
def test_no_more_results_wait_than_look_ahead(
    fetch_many: FetchMany, in_use, look_ahead: int, max_connections: int
) -> None:
    """And as many do."""
    with FirstIsLate(look_ahead) as server:
        urls = [server.url(f"/good/{number}") for number in range(COUNT)]
        taken = 0

        def given() -> Iterator[str]:
            nonlocal taken
            for url in urls:
                taken += 1
                yield url

        results = fetch_many(
            given(), ordered=True, look_ahead=look_ahead, max_connections=max_connections, per_host=max_connections
        )
        first = next(results)
        assert first.url == urls[0]
        assert server.asked == look_ahead
        assert [response.url for response in results] == urls[1:]
        assert taken == COUNT
        assert sorted(server.seen) == sorted(f"/good/{number}" for number in range(COUNT))


def test_what_follows_is_at_hand_over_many_connections(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes on in the turn that has read its response, also where more responses have come than was read ahead."""
    # Reading ahead ends after two milliseconds, which are soon over on a busy machine; here it takes no time.
    begun = time.monotonic()
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: begun))
    heads: list[bytes | None] = []
    given = 0

    def urls(server: FaultyServer) -> Iterator[str]:
        nonlocal given
        for given in range(1, 1_201):  # ``receive_response`` looks at it
            yield server.url(f"/good/{given}")

    with FaultyServer() as server, Fetcher(max_connections=200, per_host=200, look_ahead=150) as fetcher:
        loop = fetcher._loop
        if in_use.engine is None:
            pytest.skip("with this parser nothing is received and sent on descriptors")

        engine = in_use.engine

        def receive_response(*limits: int) -> Any:
            found = engine.receive_response(*limits)
            if isinstance(found, tuple) and 600 <= given < 1_200:  # all are open, and there is more to ask for
                heads.append(None)
            return found

        def send_if_quiet(descriptor: int, head: bytes) -> int:
            if heads and heads[-1] is None:
                heads[-1] = head
            return engine.send_if_quiet(descriptor, head)

        loop.turner = Turn(
            Engine(receive_response, engine.receive_waiting, engine.is_quiet, engine.send_at_once, send_if_quiet)
        )
        for response in fetcher.feed(urls(server)):
            assert response.status == 200
            if not loop.results.waiting:
                time.sleep(0.02)  # in which all that are open get their response
    assert fetcher.stats.opened == 200
    assert len(heads) > 200
    assert heads.count(None) == 0
