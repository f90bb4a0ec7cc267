"""The event loops that a client may run in, asyncio's (or uvloop) and trio's, as far as a ``Driver`` uses them.

Each makes futures (awaited by one task, ``set_result`` by the driver), calls back when a descriptor can be read from,
at a time, or soon, and runs what belongs to the client beside the caller's tasks.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import select
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from types import ModuleType

_LONGEST_POLL_S: Final = 60.0


class Future(Protocol):
    """What one task waits for."""

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def __await__(self) -> Generator[Any, None, Any]: ...


class Runner(Protocol):
    """An event loop that runs now."""

    name: str

    def is_current(self) -> bool:
        """Return whether the caller runs in this loop."""

    def is_over(self) -> bool:
        """Return whether the loop has been closed."""

    def is_elsewhere(self) -> bool:
        """Return whether the loop is running in another thread."""

    def call_from_thread(self, function: Callable[[], None], /) -> None:
        """As ``call_soon``, for a caller in another thread."""

    def future(self) -> Future: ...

    def watch(self, descriptor: int, turn: Callable[[], None]) -> None:
        """Have *turn* called whenever *descriptor* can be read from, until ``unwatch``."""

    def unwatch(self) -> None: ...

    def call_soon(self, function: Callable[[], None], /) -> object: ...

    def call_later(self, seconds: float, function: Callable[..., None], *args: Any) -> Callable[[], None]:
        """Return what takes it back."""

    def spawn(
        self, coroutine: Callable[[], Coroutine[Any, Any, None]], context: Context | None = None
    ) -> Callable[[], None]:
        """Run a coroutine function beside the caller, in *context*; return what cancels it."""

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any: ...

    async def sleep(self, seconds: float) -> None: ...


class AsyncioRunner:
    """asyncio's loop, or one with its interface."""

    name = "asyncio"

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = -1
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself refers to tasks weakly
        self._thread: _PollingThread | None = None
        self.future = self._loop.create_future
        self.call_soon = self._loop.call_soon

    def is_current(self) -> bool:
        return asyncio._get_running_loop() is self._loop

    def is_over(self) -> bool:
        return self._loop.is_closed()

    def is_elsewhere(self) -> bool:
        return self._loop.is_running() and not self.is_current()

    def call_from_thread(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed just now
            self._loop.call_soon_threadsafe(function)

    def watch(self, descriptor: int, turn: Callable[[], None]) -> None:
        self._descriptor = descriptor
        try:
            self._loop.add_reader(descriptor, turn)
        except NotImplementedError:  # Windows' loop of completion ports
            self._thread = _PollingThread(descriptor, functools.partial(self._call_threadsafe, turn))

    def _call_threadsafe(self, turn: Callable[[], None], done: Callable[[], None]) -> None:
        def run() -> None:
            try:
                turn()
            finally:
                done()

        try:
            self._loop.call_soon_threadsafe(run)
        except RuntimeError:  # the loop was closed, and the client not
            done()

    def unwatch(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()
        elif descriptor >= 0 and not self._loop.is_closed():
            self._loop.remove_reader(descriptor)

    def call_later(self, seconds: float, function: Callable[..., None], *args: Any) -> Callable[[], None]:
        return self._loop.call_later(seconds, function, *args).cancel

    def spawn(
        self, coroutine: Callable[[], Coroutine[Any, Any, None]], context: Context | None = None
    ) -> Callable[[], None]:
        task = self._loop.create_task(coroutine(), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def cancel() -> None:
            if not self._loop.is_closed():
                task.cancel()

        return cancel

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return await self._loop.run_in_executor(None, functools.partial(function, *args))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _PollingThread:
    """Waits for one descriptor in a thread of its own, where the loop cannot."""

    def __init__(self, descriptor: int, tell: Callable[[Callable[[], None]], None]) -> None:
        """*tell* is called with what lets the thread look again."""
        self._tell = tell
        self._is_stopped = False
        self._looks = threading.Semaphore(1)
        self._theirs, self._ours = socket.socketpair()  # the thread is woken by it
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._poll.register(self._theirs, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name="httpconn-poller", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._looks.acquire()
            while not self._is_stopped and not self._poll.poll(_LONGEST_POLL_S * 1000):
                pass
            if self._is_stopped:
                return
            self._tell(self._looks.release)

    def stop(self) -> None:
        """End the thread."""
        self._is_stopped = True
        self._looks.release()
        self._ours.close()
        self._thread.join()
        self._theirs.close()


class TrioRunner:
    """trio's loop: one system task waits for the descriptor, and runs what the driver has asked for."""

    name = "trio"

    def __init__(self) -> None:
        self._trio: ModuleType = sys.modules["trio"]
        self._token = self._trio.lowlevel.current_trio_token()
        self._watched: Any = None  # the scope of the task that waits

    def is_current(self) -> bool:
        try:
            return self._trio.lowlevel.current_trio_token() is self._token
        except RuntimeError:
            return False

    def is_over(self) -> bool:
        return not self.is_current()  # it can only be asked from within

    def is_elsewhere(self) -> bool:
        if self.is_current():
            return False
        try:
            self._token.run_sync_soon(_nothing)
        except self._trio.RunFinishedError:
            return False
        return True

    def call_from_thread(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(self._trio.RunFinishedError):
            self._token.run_sync_soon(function)

    def future(self) -> Future:
        return _TrioFuture(self._trio.Event())

    def watch(self, descriptor: int, turn: Callable[[], None]) -> None:
        trio = self._trio
        scope = self._watched = trio.CancelScope()

        async def run() -> None:
            with scope:
                while True:
                    await trio.lowlevel.wait_readable(descriptor)
                    turn()

        trio.lowlevel.spawn_system_task(run)

    def unwatch(self) -> None:
        scope, self._watched = self._watched, None
        if scope is not None and self.is_current():
            scope.cancel()

    def call_soon(self, function: Callable[[], None]) -> None:
        self._token.run_sync_soon(function)

    def call_later(self, seconds: float, function: Callable[..., None], *args: Any) -> Callable[[], None]:
        async def wait() -> None:
            await self._trio.sleep(seconds)
            function(*args)

        return self.spawn(wait)

    def spawn(
        self, coroutine: Callable[[], Coroutine[Any, Any, None]], context: Context | None = None
    ) -> Callable[[], None]:
        scope = self._trio.CancelScope()

        async def run() -> None:
            with scope:
                await coroutine()

        def cancel() -> None:
            if self.is_current():
                scope.cancel()

        self._trio.lowlevel.spawn_system_task(run, context=context)
        return cancel

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return await self._trio.to_thread.run_sync(functools.partial(function, *args))

    async def sleep(self, seconds: float) -> None:
        await self._trio.sleep(seconds)


def _nothing() -> None:
    """Show by being called that the loop is there."""


class _TrioFuture:
    __slots__ = ("_event", "_result")

    def __init__(self, event: Any) -> None:
        self._event = event
        self._result: Any = None

    def done(self) -> bool:
        is_set: bool = self._event.is_set()
        return is_set

    def set_result(self, result: Any, /) -> None:
        self._result = result
        self._event.set()

    async def _wait(self) -> Any:
        await self._event.wait()
        return self._result

    def __await__(self) -> Generator[Any, None, Any]:
        return self._wait().__await__()


def running() -> Runner:
    """Return the loop that the caller runs in. Raises RuntimeError where there is none."""
    if asyncio._get_running_loop() is not None:
        return AsyncioRunner()
    trio = sys.modules.get("trio")
    if trio is not None:
        try:
            return TrioRunner()
        except RuntimeError:
            pass  # it does not run
    raise RuntimeError("an AsyncClient is used in a coroutine, and no event loop runs here (asyncio's or trio's)")
