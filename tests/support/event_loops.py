"""The event loops that an AsyncClient may run in, each by its name; and what a test asks one for."""

from __future__ import annotations

import asyncio
import importlib
import os
import selectors
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from httpconn import AsyncClient
from httpconn._engine.many import loop as engine_loop
from httpconn._io.polling import SelectorPoller

LIMIT_S = 60.0
"""After which a test is taken to hang."""
SLOW_S = float(os.environ.get("HTTPCONN_SLOW_CALLBACK_S", "3"))
"""What debug mode calls a slow callback: 0.1 in asyncio, which tells of a busy machine and not of what is tested."""


class WithoutReaders(asyncio.SelectorEventLoop):
    """A loop as Windows' one of completion ports is: it watches no descriptors for others."""

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        raise NotImplementedError

    def remove_reader(self, fd: Any) -> bool:
        raise NotImplementedError


LOOPS = ("asyncio", "uvloop", "trio", "without-readers", "as-on-windows")
"""The last one has no readers, and the engine no poller with a descriptor: a thread calls select()."""


class WithoutDescriptor(SelectorPoller):
    """All that there is on Windows."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())


def run(main: Callable[[], Awaitable[Any]], name: str = "asyncio", *, debug: bool | None = None) -> Any:
    """Return what ``main()`` returns, in a new loop of that name; bounded in time."""
    if name == "as-on-windows":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine_loop, "new_poller", WithoutDescriptor)
            return run(main, "without-readers", debug=debug)
    if name == "trio":
        trio = pytest.importorskip("trio")

        async def bounded_by_trio() -> Any:
            with trio.fail_after(LIMIT_S):
                return await main()

        return trio.run(bounded_by_trio)

    async def bounded() -> Any:
        asyncio.get_running_loop().slow_callback_duration = SLOW_S
        async with asyncio.timeout(LIMIT_S):
            return await main()

    factory: Any = None
    if name == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop
    elif name == "without-readers":
        factory = WithoutReaders
    with asyncio.Runner(loop_factory=factory, debug=debug) as runner:
        return runner.run(bounded())


async def sleep(seconds: float, name: str = "asyncio") -> None:
    """Sleep in a loop of that name."""
    if name == "trio":
        await importlib.import_module("trio").sleep(seconds)
    else:
        await asyncio.sleep(seconds)


async def until(condition: Callable[[], bool], name: str = "asyncio") -> None:
    """Wait for *condition*, which must come to be true."""
    for _ in range(4_000):
        if condition():
            return
        await sleep(0.005, name)
    raise AssertionError("what was waited for has not come")


def engine_of(client: AsyncClient) -> Any:
    """Return the engine of a client, which begins here if it has not begun."""
    return client._running().engine


def is_at_rest(client: AsyncClient) -> bool:
    """Whether nothing of any request is left but connections that are kept."""
    driver = client._driver
    if driver is None:
        return True
    loop = driver.engine
    return (
        not driver.waiting
        and all(stream.is_done for stream in driver._streams)
        and not driver._patience
        and not loop.active
        and not loop.queued
        and not loop.names.awaited
        and not loop.memory.held
        and not loop.runnable
        and not loop.results.waiting
        and not loop._cancelled
        and loop.open == len(loop.idle) == sum(host.count for host in loop.hosts.values())
        and set(loop.by_descriptor.values()) == set(loop.idle)
        and all(len(host.idle) + len(host.resting) == host.count for host in loop.hosts.values())
    )
