"""Several addresses for one name, in the pool and in the engine: the first that answers is used, the dead come last."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import httpconn
from httpconn import ConnectTimeout, Timeout
from httpconn._io.channel import ATTEMPT_DELAY_S
from httpconn._io.resolving import Resolver, _interleaved

from ..support.clients import FetchMany, Maker
from ..support.clients import client as client
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.peers import blackhole, nobody
from ..support.proxy_servers import Recording

URL = "http://origin.test"


def timed(step: Callable[[], object]) -> float:
    began = time.monotonic()
    step()
    return time.monotonic() - began


def order_in(resolver: Resolver, port: int) -> list[str]:
    found = resolver.ask(("origin.test", port), pytest.fail)
    assert isinstance(found, list)
    return [where[0] for _, where in found]


def test_a_silent_address(client, poller) -> None:
    """It costs a quarter of a second, once: then it is tried last, and so not at all."""
    with Recording() as origin, blackhole("127.0.0.2", origin.server_port):
        one = client(resolve={"origin.test": ["127.0.0.2", "127.0.0.1"]}, idle_s=0.0001)
        url = f"{URL}:{origin.server_port}/"
        assert order_in(one.resolver, origin.server_port) == ["127.0.0.2", "127.0.0.1"]
        assert timed(lambda: one.get(url)) >= ATTEMPT_DELAY_S
        for _ in range(3):
            assert order_in(one.resolver, origin.server_port) == ["127.0.0.1", "127.0.0.2"]
            time.sleep(0.01)
            one.get(url)
        assert one.opened == origin.connections == 4


def test_a_refused_address(client, poller) -> None:
    with Recording() as origin:
        one = client(resolve={"origin.test": ["127.0.0.2", "127.0.0.3", "127.0.0.1"]})
        assert one.get(f"{URL}:{origin.server_port}/").status == 200
        assert order_in(one.resolver, origin.server_port) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_no_address_answers(client, poller) -> None:
    with blackhole("127.0.0.2") as (_, port):
        one = client(resolve={"origin.test": ["127.0.0.3", "127.0.0.2", "127.0.0.4"]})
        limits = Timeout(connect=3 * ATTEMPT_DELAY_S)
        with pytest.raises(ConnectTimeout):
            one.get(f"{URL}:{port}/", timeout=limits)
    with nobody("127.0.0.2") as (_, port), pytest.raises(ConnectionRefusedError):
        one.get(f"{URL}:{port}/")


def test_many_connections_race(new_fetcher: Maker, poller) -> None:
    """All of them at once, each with its own silent addresses; nothing is left of any."""
    before = len(os.listdir("/proc/self/fd"))
    with Recording() as origin, blackhole("127.0.0.2", origin.server_port), blackhole("127.0.0.4", origin.server_port):
        names = [f"name-{number}.test" for number in range(40)]
        resolve = {name: ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"] for name in names}
        with new_fetcher(resolve=resolve) as fetcher:
            fetcher.feed(f"http://{name}:{origin.server_port}/" for name in names)
            took = timed(lambda: [response.raise_for_status() for response in fetcher])
            loop = fetcher._loop
            assert set(loop.by_descriptor.values()) == set(loop.idle)
            assert len(loop.by_descriptor) == 40
        assert took >= 2 * ATTEMPT_DELAY_S
    deadline = time.monotonic() + 20
    while len(os.listdir("/proc/self/fd")) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_race_does_not_hold_others_up(fetch_many: FetchMany, poller) -> None:
    """Another host's requests go on meanwhile."""
    with Recording() as origin, blackhole("127.0.0.2", origin.server_port):
        resolve = {"slow.test": ["127.0.0.2", "127.0.0.1"], "quick.test": "127.0.0.1"}
        urls = [f"http://slow.test:{origin.server_port}/"]
        urls += [f"http://quick.test:{origin.server_port}/{number}" for number in range(20)]
        order = [response.index for response in fetch_many(urls, resolve=resolve)]
    assert sorted(order) == list(range(21))
    assert order[0] != 0


# -- their order


def test_families_take_turns() -> None:
    """RFC 8305 section 4."""
    first, second = socket.AF_INET6, socket.AF_INET
    addresses = [(first, "a"), (first, "b"), (first, "c"), (second, "1"), (second, "2")]
    assert _interleaved(addresses) == [(first, "a"), (second, "1"), (first, "b"), (second, "2"), (first, "c")]
    assert _interleaved(addresses[:3]) == addresses[:3]
    assert _interleaved([]) == []


def test_the_dead_come_last_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver({"origin.test": ["127.0.0.1", "127.0.0.2", "127.0.0.3"]})
    addresses = resolver.ask(("origin.test", 80), pytest.fail)
    assert isinstance(addresses, list)
    assert [where[0] for _, where in addresses] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    resolver.note_dead(addresses[:2])
    again = resolver.ask(("origin.test", 80), pytest.fail)
    assert isinstance(again, list)
    assert [where[0] for _, where in again] == ["127.0.0.3", "127.0.0.1", "127.0.0.2"]
    now = time.monotonic()
    later = SimpleNamespace(monotonic=lambda: now + 61)  # for the resolver: other tests' threads keep the time
    monkeypatch.setattr("httpconn._io.resolving.time", later)
    assert resolver.ask(("origin.test", 80), pytest.fail) == addresses


def test_what_is_remembered_is_bounded() -> None:
    resolver = Resolver()
    for number in range(5_000):
        resolver.note_dead([(socket.AF_INET, (f"10.0.{number // 250}.{number % 250}", 80))])
    assert len(resolver._dead) == 1_000
    resolver.forget()
    assert not resolver._dead


def test_a_unix_socket_beside_an_address(client, tmp_path: Path) -> None:
    """Of any kind: the first that answers."""
    with Recording() as origin:
        one = client(resolve={"origin.test": [f"unix:{tmp_path / 'nobody'}", "127.0.0.1"]})
        assert one.get(f"{URL}:{origin.server_port}/").status == 200


def test_a_unix_socket_that_is_not_there(client, tmp_path: Path) -> None:
    """Its path is in no URL, so the error says it."""
    one = client(resolve={"origin.test": f"unix:{tmp_path / 'nobody'}"})
    with pytest.raises(FileNotFoundError, match=r"nobody") as raised:
        one.get(f"{URL}/")
    assert raised.value.filename == str(tmp_path / "nobody")


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("Origin.TEST", "origin.test"),
        ("Origin.test:{port}", "ORIGIN.test"),
        ("[2001:DB8::1]:{port}", "[2001:db8:0::1]"),
        ("2001:db8:0::1", "[2001:db8::1]"),
    ],
)
def test_names_are_given_in_any_spelling(client, key: str, host: str) -> None:
    with Recording() as origin:
        given = {key.format(port=origin.server_port): "127.0.0.9"}
        one = client(resolve=given)
        given[key.format(port=origin.server_port)] = "127.0.0.1"  # which counts: it is the caller's own mapping
        assert one.get(f"http://{host}:{origin.server_port}/").status == 200


@pytest.mark.parametrize("key", ["http://origin.test", "origin.test:http", "*", "a b", "1:2:3", ""])
def test_a_key_that_no_request_can_have(client, key: str) -> None:
    with pytest.raises(ValueError, match=r"names in resolve as 'host' or 'host:port'"):
        client(resolve={key: "127.0.0.1"})
    with pytest.raises(TypeError, match=r"names of hosts in resolve"):
        client(resolve={b"origin": "127.0.0.1"})


class ReadBySpelling(dict[str, str]):
    """Counts how often all of its keys are asked for."""

    times = 0

    def __iter__(self) -> Iterator[str]:
        self.times += 1
        return super().__iter__()


def test_many_keys_are_gone_through_once(client) -> None:
    """A mapping may be that of all hosts of a crawl: a key takes a microsecond to be understood."""
    given = ReadBySpelling({"Origin.TEST": "127.0.0.1"})
    client(resolve=given)
    assert given.times == 1


def test_closed_in_the_middle_of_a_race(new_fetcher: Maker, poller) -> None:
    """No socket is left, and the fetcher's end is not waited for."""
    before = len(os.listdir("/proc/self/fd"))
    with blackhole("127.0.0.2") as (_, port), blackhole("127.0.0.4", port):
        fetcher = new_fetcher(resolve={"origin.test": ["127.0.0.2", "127.0.0.4"]}, timeout=Timeout(connect=0.4))
        fetcher.add(f"{URL}:{port}/")
        fetcher.add(httpconn.Request("GET", f"{URL}:{port}/", timeout=Timeout(connect=20)))
        assert isinstance(next(fetcher).error, ConnectTimeout)
        [connection] = fetcher._loop.active
        assert connection.channel is not None
        sockets = connection.channel.sockets
        assert len(sockets) == 2
        assert set(fetcher._loop.by_descriptor) == {sock.fileno() for sock in sockets}
        fetcher.close()
        assert [sock.fileno() for sock in sockets] == [-1, -1]
    assert len(os.listdir("/proc/self/fd")) <= before
