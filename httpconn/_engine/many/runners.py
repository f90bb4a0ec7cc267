"""The event loops that a client may run in, asyncio's (or uvloop), trio's, Twisted's, as far as a ``Driver`` uses them.

Each makes futures (awaited by one task, ``set_result`` by the driver), calls back when a descriptor can be read from,
at a time, or soon, and runs what belongs to the client beside the caller's tasks.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..._io.polling import IN, Poller, SelectorPoller, descriptor_of, ready_of

if TYPE_CHECKING:
    from types import ModuleType

_LONGEST_POLL_S: Final = 60.0


class Receiver(Protocol):
    """What a response is given to: a future, or an object that collects many. None means that the client was closed."""

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...


class Future(Protocol):
    """What one task waits for."""

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def __await__(self) -> Generator[Any, None, Any]: ...


class Runner(Protocol):
    """An event loop that runs now."""

    name: str
    is_here: Callable[[], bool]
    """As ``is_current``, where the caller's thread is known to be the loop's."""

    def is_current(self) -> bool:
        """Return whether the caller runs in this loop."""

    def is_over(self) -> bool:
        """Return whether the loop has been closed."""

    def is_elsewhere(self) -> bool:
        """Return whether the loop is running in another thread."""

    def call_from_thread(self, function: Callable[[], None], /) -> None:
        """As ``call_soon``, for a caller in another thread."""

    def future(self) -> Future: ...

    def watch(self, poller: Poller, turn: Callable[[], None]) -> None:
        """Have *turn* called whenever *poller* has an event, until ``unwatch``."""

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
        self.is_here = self._loop.is_running  # the other way is a system call up to 3.13
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

    def watch(self, poller: Poller, turn: Callable[[], None]) -> None:
        descriptor = descriptor_of(poller)
        if descriptor is not None:
            try:
                self._loop.add_reader(descriptor, turn)
            except NotImplementedError:
                pass
            else:
                self._descriptor = descriptor
                return
        self._thread = _PollingThread(poller, turn, self._loop.call_soon_threadsafe)

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
    """Waits for the events of a poller in a thread of its own, where the event loop cannot.

    Windows' loop of completion ports watches no descriptors for others, and ``select``, which is all that there is for
    sockets, has none: then the thread waits for what the poller waits for, and is told whenever that is changed.
    """

    def __init__(self, poller: Poller, turn: Callable[[], None], call: Callable[[Callable[[], None]], Any]) -> None:
        """*call* has the event loop call something. Raises RuntimeError, also a later call, where that is over."""
        self._poller = poller
        self._turn = turn
        self._call = call
        self._is_stopped = False
        self._is_told = False  # that it has to look anew, which it has not begun to do
        self._looks = threading.Semaphore(1)
        self._theirs, self._ours = socket.socketpair()  # the thread is woken by it
        for end in (self._theirs, self._ours):
            end.setblocking(False)
        self._descriptor = descriptor_of(poller)
        if self._descriptor is None:
            assert isinstance(poller, SelectorPoller)
            poller.on_change = self._wake
        self._thread = threading.Thread(target=self._run, name="httpconn-poller", daemon=True)
        self._thread.start()

    def _wake(self) -> None:
        """Have the thread look anew."""
        if not self._is_told:
            self._is_told = True
            with contextlib.suppress(OSError):  # it is full, and so heard of; or the thread has ended
                self._ours.send(b"\0")

    def _run(self) -> None:
        with self._theirs:
            while True:
                self._looks.acquire()
                while not self._is_stopped and not self._has_events():
                    pass
                if self._is_stopped:
                    return
                try:
                    self._call(self._take_turn)
                except RuntimeError:
                    return  # the event loop is over, and the client was not closed: nobody takes a turn any more

    def _take_turn(self) -> None:
        try:
            self._turn()
        finally:
            self._looks.release()

    def _has_events(self) -> bool:
        """Wait; return whether the poller has events, which a few times is said too early."""
        theirs = self._theirs.fileno()
        with contextlib.suppress(BlockingIOError):
            self._theirs.recv(4096)
        self._is_told = False  # before what is waited for is looked up, so that no change is missed
        if self._descriptor is not None:
            masks = {self._descriptor: IN}
        else:
            assert isinstance(self._poller, SelectorPoller)
            masks = self._poller.masks()
        try:
            ready = ready_of({**masks, theirs: IN}, _LONGEST_POLL_S)
        except (OSError, ValueError):  # closed since then; or more than ``select`` can wait for, as the turn will find
            return True
        return not ready <= {theirs}

    def stop(self) -> None:
        """End the thread."""
        self._is_stopped = True
        self._looks.release()
        if isinstance(self._poller, SelectorPoller):
            self._poller.on_change = None
        self._ours.close()  # which is heard for ever, unlike a byte that is sent
        if self._thread is not threading.current_thread():  # in which the garbage of others is collected, too
            self._thread.join()


class TrioRunner:
    """trio's loop: one system task waits for the descriptor, and runs what the driver has asked for."""

    name = "trio"

    def __init__(self) -> None:
        self._trio: ModuleType = sys.modules["trio"]
        self._token = self._trio.lowlevel.current_trio_token()
        self.is_here = self.is_current
        self._watched: Any = None  # the scope of the task that waits
        self._thread: _PollingThread | None = None

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

    def watch(self, poller: Poller, turn: Callable[[], None]) -> None:
        trio = self._trio
        descriptor = descriptor_of(poller)
        if descriptor is None:
            self._thread = _PollingThread(poller, turn, self._token.run_sync_soon)
            return
        scope = self._watched = trio.CancelScope()

        async def run() -> None:
            with scope:
                # Once cancelled the descriptor is closed, and trio would ask for it before it looks whether it is.
                while not scope.cancel_called:
                    await trio.lowlevel.wait_readable(descriptor)
                    turn()

        trio.lowlevel.spawn_system_task(run)

    def unwatch(self) -> None:
        scope, self._watched = self._watched, None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()
        if scope is not None and self.is_current():
            scope.cancel()

    def call_soon(self, function: Callable[[], None]) -> None:
        self._token.run_sync_soon(function)

    def call_later(self, seconds: float, function: Callable[..., None], *args: Any) -> Callable[[], None]:
        async def wait() -> None:
            await self._trio.sleep(seconds)
            await self._trio.lowlevel.checkpoint_if_cancelled()  # where its time came just before it was taken back
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


class TwistedRunner:
    """A reactor of Twisted's: any that can watch a descriptor. asyncio's is served as asyncio."""

    name = "twisted"

    def __init__(self) -> None:
        """Raises RuntimeError where no reactor runs in this thread."""
        self._threadable: Any = sys.modules["twisted.python.threadable"]
        self._reactor: Any = sys.modules["twisted.internet.reactor"]
        self.is_here = self.is_current
        if not self.is_current():
            raise RuntimeError("the reactor does not run here")
        self._defer: Any = sys.modules["twisted.internet.defer"]
        self._watched: Any = None
        self._thread: _PollingThread | None = None

    def is_current(self) -> bool:
        return bool(self._reactor.running and self._threadable.isInIOThread())

    def is_over(self) -> bool:
        return not self._reactor.running

    def is_elsewhere(self) -> bool:
        return bool(self._reactor.running and not self._threadable.isInIOThread())

    def call_from_thread(self, function: Callable[[], None]) -> None:
        self._reactor.callFromThread(function)

    def future(self) -> Future:
        return _TwistedFuture(self._defer.Deferred())

    def watch(self, poller: Poller, turn: Callable[[], None]) -> None:
        descriptor = descriptor_of(poller)
        if descriptor is None:
            self._thread = _PollingThread(poller, turn, self._reactor.callFromThread)
            return
        self._watched = _Watched(descriptor, turn)
        self._reactor.addReader(self._watched)

    def unwatch(self) -> None:
        watched, self._watched = self._watched, None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()
        if watched is not None:
            self._reactor.removeReader(watched)

    def call_soon(self, function: Callable[[], None]) -> object:
        return self._reactor.callLater(0, function)

    def call_later(self, seconds: float, function: Callable[..., None], *args: Any) -> Callable[[], None]:
        call = self._reactor.callLater(seconds, function, *args)

        def cancel() -> None:
            if call.active():
                call.cancel()

        return cancel

    def spawn(
        self, coroutine: Callable[[], Coroutine[Any, Any, None]], context: Context | None = None
    ) -> Callable[[], None]:
        begin = self._defer.Deferred.fromCoroutine
        running = begin(coroutine()) if context is None else context.run(begin, coroutine())
        running.addErrback(lambda failure: failure.trap(self._defer.CancelledError))
        cancel: Callable[[], None] = running.cancel
        return cancel

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        done = self._defer.Deferred()

        def run() -> None:
            try:
                result = function(*args)
            except BaseException as error:
                self._reactor.callFromThread(done.errback, error)
            else:
                self._reactor.callFromThread(done.callback, result)

        self._reactor.callInThread(run)
        return await done

    async def sleep(self, seconds: float) -> None:
        done = self._defer.Deferred()
        self._reactor.callLater(seconds, done.callback, None)
        await done


class _Watched:
    """A descriptor, as reactors take one; see ``twisted.internet.interfaces.IReadDescriptor``."""

    def __init__(self, descriptor: int, turn: Callable[[], None]) -> None:
        self.doRead = turn
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "httpconn"

    def connectionLost(self, reason: object) -> None:
        """The reactor ends; the client is closed by its holder."""


class _TwistedFuture:
    __slots__ = ("_deferred",)

    def __init__(self, deferred: Any) -> None:
        self._deferred = deferred

    def done(self) -> bool:
        called: bool = self._deferred.called
        return called

    def set_result(self, result: Any, /) -> None:
        self._deferred.callback(result)

    def __await__(self) -> Generator[Any, None, Any]:
        awaited: Generator[Any, None, Any] = self._deferred.__await__()
        return awaited


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
    if "twisted.internet.reactor" in sys.modules:
        with contextlib.suppress(RuntimeError):
            return TwistedRunner()
    raise RuntimeError("an AsyncClient is used in a coroutine, and no event loop runs here (asyncio's or trio's)")
