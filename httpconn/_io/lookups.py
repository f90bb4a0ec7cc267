"""Names being looked up: which lookups run, which wait for a place, and who is told the answer.

``getaddrinfo`` blocks, has no time limit and cannot be stopped. So each lookup has a thread, which is there only while
there are names to look up, and whoever waits does so with a limit or is called back. At most ``most`` lookups that
somebody waits for run at a time; the others stand in a row, and that wait is no part of anybody's connect timeout. A
lookup that everybody has given up runs on beside them until the system answers, and takes none of those places.
``most_abandoned`` of these may: beyond, they do take places. Where they take all of them nothing comes forward any
more, and from then on the time of those in the row counts.

A coroutine, which an asynchronous ``resolve=`` gives, takes a place like a thread. It runs in the event loop of whoever
asks, where that is told (``Lookups.run_in``); else in one thread with an event loop for all of them. It is cancelled
when nobody waits for it any more.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from ..errors import PoolClosed, without_frames

Address: TypeAlias = tuple[int, Any]
"""(family, what ``socket.connect`` takes)"""
Name: TypeAlias = tuple[str, int]
"""(host, port)"""
Answer: TypeAlias = list[Address] | BaseException
Spawn: TypeAlias = Callable[[Callable[[], Coroutine[Any, Any, None]]], Callable[[], object]]
"""Runs a coroutine function in an event loop, and returns what cancels it."""

_THREAD: Final = "httpconn-resolver"


class Lookup:
    """What one caller waits for; ``Lookups.give_up`` ends the wait before there is an answer."""

    __slots__ = ("_noted_at", "_told", "_work", "name")

    def __init__(self, work: _Work, told: Callable[[], None]) -> None:
        self.name = work.name
        self._work = work
        self._told = told
        self._noted_at = time.monotonic()

    @property
    def answer(self) -> Answer | None:
        """The addresses, or the exception that came instead of them; None while there is neither."""
        return self._work.answer


class _Work:
    """One name, for all who wait for it."""

    __slots__ = ("answer", "began_at", "cancel", "given", "has_place", "is_told", "name", "waiting")

    def __init__(self, name: Name, given: Any) -> None:
        self.name = name
        self.given = given  # an awaitable, or a future; None for getaddrinfo
        self.is_told = given is not None
        self.waiting: list[Lookup] = []
        self.has_place = False
        self.began_at: float | None = None  # since when it has its place
        self.cancel: Callable[[], object] | None = None
        self.answer: Answer | None = None


_Take: TypeAlias = Callable[[_Work, Any, BaseException | None], None]
"""Takes what an awaitable has come to."""


class Lookups:
    """Runs lookups, and shares each between all who ask for the same name; from any thread.

    *look_up*, of host and port, is called in threads; *read* makes addresses of what an awaitable or a future has
    given, None for "look it up"; *note* is told each name, its answer, and whether ``resolve=`` has given it.
    """

    def __init__(
        self,
        look_up: Callable[[str, int], list[Address]],
        read: Callable[[Any, str, int], list[Address] | None],
        note: Callable[[Name, Answer, bool], None],
        *,
        most: int,
        most_abandoned: int,
    ) -> None:
        self._look_up = look_up
        self._read = read
        self._note = note
        self._most = most
        self._most_running = most + most_abandoned
        self.begin_anew()

    def begin_anew(self) -> None:
        """As at first: in the child of a fork there are no threads, and a lock may be held for ever."""
        # Reentrant: the collector may run while it is held, and finalize a fetcher, which gives up its lookups here.
        self._lock = threading.RLock()
        self._works: dict[Name, _Work] = {}
        self._row: collections.deque[_Work] = collections.deque()
        self._running: set[_Work] = set()  # in threads, and in the event loop
        self._placed = 0  # those of them that somebody waits for
        self._stuck_at: float | None = None  # since when all that run are given up, and others stand in the row
        self._loop: _LoopThread | None = None
        self._spawn: Spawn | None = None
        self._is_closed = False

    def run_in(self, spawn: Spawn) -> None:
        """Have coroutines run by *spawn*, which returns what cancels them, in the one thread that asks from now on."""
        self._spawn = spawn

    def is_under_way(self, name: Name) -> bool:
        """Return whether somebody has asked for *name*, and the answer is still to come."""
        return name in self._works

    def start(self, name: Name, told: Callable[[], None], given: Any = None) -> Lookup:
        """Have *name* looked up, or *given*, an awaitable or a future, awaited; *told* is called when it is done.

        From another thread, as a rule.
        """
        with self._lock:
            work = self._works.get(name)
            is_first = work is None
            if work is None:
                work = self._works[name] = _Work(name, given)
            lookup = Lookup(work, told)
            work.waiting.append(lookup)
            is_foreign = is_first and _is_future(given)
            is_unused = given is not None and given is not work.given  # a resolver may give one future to all who ask
            if is_foreign:
                work.began_at = time.monotonic()  # it runs already, wherever that is
            elif len(work.waiting) == 1:
                self._row.append(work)
            begun = self._give_places()
        if is_unused:
            _discard(given)
        if is_foreign:
            self._follow(work)
        self._run(begun)
        return lookup

    def give_up(self, lookup: Lookup) -> None:
        """Wait no longer; nothing is done for one that has its answer."""
        work = lookup._work
        with self._lock:
            if self._works.get(work.name) is not work or lookup not in work.waiting:
                return
            work.waiting.remove(lookup)
            if work.waiting:
                return
            if work.has_place:
                work.has_place = False
                work.began_at = None
                self._placed -= 1
            elif work in self._row:
                self._row.remove(work)
            is_running = work in self._running
            if not is_running or work.given is not None:
                del self._works[work.name]  # a lookup that is being cancelled answers nobody who asks from now on
            begun = self._give_places()
        if work.cancel is not None:
            work.cancel()
        elif not is_running and work.given is not None:
            _discard(work.given)
        self._run(begun)

    def take_waited_s(self, lookup: Lookup) -> float:
        """Return for how long *lookup* has stood in the row since this was last asked: it is no part of a timeout."""
        now = time.monotonic()
        began_at = self._stuck_at if lookup._work.began_at is None else lookup._work.began_at
        waited_s = max(0.0, (now if began_at is None else began_at) - lookup._noted_at)
        lookup._noted_at = now
        return waited_s

    def close(self) -> None:
        """End the thread of the event loop, when nothing is awaited in it any more."""
        with self._lock:
            self._is_closed = True
        self._stop_loop()

    def abandon(self) -> None:
        """As ``close``, from a finalizer, which must not wait for the lock: nobody waits for a name any more."""
        loop: _LoopThread | None = getattr(self, "_loop", None)
        if loop is not None:
            loop.stop()

    def __del__(self) -> None:
        self.abandon()

    # -- places -----------------------------------------------------------------------------------------------

    def _give_places(self) -> list[_Work]:
        """Give places to those whose turn it is, and return what has to be begun. The lock is held."""
        begun = []
        while self._row and self._placed < self._most:
            work = self._row.popleft()
            if work not in self._running:  # else it had been given up, and is waited for again
                if len(self._running) >= self._most_running:
                    self._row.appendleft(work)
                    break
                self._running.add(work)
                begun.append(work)
            self._placed += 1
            work.has_place = True
            work.began_at = time.monotonic()
        if not self._row or self._placed:
            self._stuck_at = None
        elif self._stuck_at is None:
            self._stuck_at = time.monotonic()
        return begun

    def _run(self, works: list[_Work]) -> None:
        """Begin *works*; where one cannot be begun, the next one in the queue takes its place."""
        todo = collections.deque(works)
        while todo:
            work = todo.popleft()
            try:
                if work.given is None:
                    _thread(self._work, work).start()
                else:
                    self._await(work)
            except BaseException as error:
                # A thread cannot be had, or what an event loop needs; who waits is told so at once.
                refused = OSError(errno.EAGAIN, f"no thread to look up {work.name[0]!r} in: {error}")
                if work.given is not None:
                    _discard(work.given)
                todo += self._end(work, refused)
                if not isinstance(error, Exception):
                    self._run([*todo])  # nobody is left without an answer
                    raise

    def _end(self, work: _Work, answer: Answer) -> list[_Work]:
        """Tell the answer; return what has to be begun now."""
        self._note(work.name, answer, work.is_told)
        with self._lock:
            if self._works.get(work.name) is work:
                del self._works[work.name]
            elif work not in self._running:
                return []  # nobody waits for it, or it is the parent's of a fork
            work.answer = answer
            self._running.discard(work)
            self._placed -= work.has_place
            if work in self._row:
                self._row.remove(work)
            waiting, work.waiting = work.waiting, []
            begun = self._give_places()
        for lookup in waiting:
            lookup._told()
        return begun

    # -- threads ----------------------------------------------------------------------------------------------

    def _work(self, work: _Work) -> None:
        """One thread's whole life: names, until there is none left."""
        todo = [work]
        while todo:
            work = todo.pop()
            answer: Answer
            try:
                answer = self._look_up(*work.name)
            except Exception as error:
                answer = without_frames(error)
            begun = self._end(work, answer)
            todo = [first for first in begun[:1] if first.given is None]
            self._run(begun[len(todo) :])

    # -- what an asynchronous resolve= has given ----------------------------------------------------------------

    def _await(self, work: _Work) -> None:
        if self._spawn is not None:
            _Spawned(self._spawn, work, self._take_given)
            return
        with self._lock:
            loop = self._loop = self._loop or _LoopThread()
        loop.run(work, self._take_given)

    def _follow(self, work: _Work) -> None:
        """Have the answer of a future told; one of asyncio's belongs to its loop's thread."""
        future = work.given

        def done(future: Any) -> None:
            try:
                given = future.result()
            except BaseException as error:  # cancelled, too
                self._take_given(work, None, error)
            else:
                self._take_given(work, given, None)

        if hasattr(future, "get_loop"):
            work.cancel = lambda: _call_soon(future.get_loop(), future.cancel)
            _call_soon(future.get_loop(), future.add_done_callback, done)
        else:
            work.cancel = future.cancel
            future.add_done_callback(done)

    def _take_given(self, work: _Work, given: Any, error: BaseException | None) -> None:
        """Take what a coroutine or a future has come to. Where that is None, the name is looked up in a thread."""
        name = work.name
        addresses: list[Address] | None = None
        if error is None:
            try:
                addresses = self._read(given, *name)
            except Exception as not_readable:
                error = not_readable
        elif not isinstance(error, Exception):
            error = PoolClosed(f"the lookup of {name[0]!r} was cancelled")
        if error is not None:
            begun = self._end(work, without_frames(error))
        elif addresses is not None:
            begun = self._end(work, addresses)
        else:
            begun = self._look_up_instead(work)
        self._run(begun)
        self._stop_loop()

    def _look_up_instead(self, work: _Work) -> list[_Work]:
        """Have getaddrinfo asked; return what has to be begun now."""
        if not work.waiting:
            return self._end(work, PoolClosed(f"nobody waits for {work.name[0]!r}"))
        with self._lock:
            work.given = work.cancel = None
            if work in self._running:
                return [work]  # it goes on in its place
            work.began_at = None
            self._row.append(work)
            return self._give_places()

    def _stop_loop(self) -> None:
        """End the thread of the event loop where that was asked for and nothing runs in it."""
        with self._lock:
            loop = self._loop
            if loop is None or not self._is_closed or any(work.given is not None for work in self._running):
                return
            self._loop = None
        loop.stop()


def _is_future(given: Any) -> bool:
    return hasattr(given, "add_done_callback")


def _discard(given: Any) -> None:
    """Drop an awaitable that is not needed. A coroutine is closed, or Python warns that it was never awaited."""
    end = getattr(given, "close", None) or getattr(given, "cancel", None)
    if end is not None:
        end()


def _thread(run: Callable[[_Work], None], work: _Work) -> threading.Thread:
    """Return a thread that no exit waits for; in a subinterpreter, which has none, one that ends with its names."""
    try:
        return threading.Thread(target=run, args=(work,), name=_THREAD, daemon=True)
    except RuntimeError:
        return threading.Thread(target=run, args=(work,), name=_THREAD, daemon=False)


class _Spawned:
    """What is awaited in an event loop of others."""

    def __init__(self, spawn: Spawn, work: _Work, take: _Take) -> None:
        self._work = work
        self._take = take
        self._has_begun = False
        self._stop = spawn(self._run)
        if not self._has_begun:
            work.cancel = self._cancel

    async def _run(self) -> None:
        self._has_begun = True
        self._work.cancel = self._cancel
        await _await(self._work, self._take)

    def _cancel(self) -> None:
        self._stop()
        if not self._has_begun:  # and so it never will
            _discard(self._work.given)
            self._take(self._work, None, PoolClosed(f"nobody waits for {self._work.name[0]!r}"))


async def _await(work: _Work, take: _Take) -> None:
    """Await what *work* has been given, and have *take* called with what comes of it."""
    try:
        result = await work.given
    except BaseException as error:
        take(work, None, error)
        if not isinstance(error, Exception):
            raise
    else:
        take(work, result, None)


class _LoopThread:
    """A thread with an event loop, in which coroutines run."""

    def __init__(self) -> None:
        import asyncio  # which is large, and for those who have an asynchronous resolver

        self._asyncio = asyncio
        self._loop = asyncio.SelectorEventLoop(selectors.DefaultSelector())
        try:
            threading.Thread(target=_run_for_ever, args=(self._loop,), name=f"{_THREAD}-loop", daemon=True).start()
        except BaseException:
            self._loop.close()
            raise

    def run(self, work: _Work, take: _Take) -> None:
        """Await what *work* has been given, and have *take* called with what comes of it, in the loop's thread."""

        def begin() -> None:
            if not work.waiting:  # given up before it could begin
                _discard(work.given)
                take(work, None, self._asyncio.CancelledError())
                return
            task = self._loop.create_task(_await(work, take))
            work.cancel = lambda: _call_soon(self._loop, task.cancel)

        _call_soon(self._loop, begin)

    def stop(self) -> None:
        _call_soon(self._loop, self._loop.stop)


def _call_soon(loop: Any, step: Callable[..., object], *given: Any) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has been closed: nothing waits in it any more
        loop.call_soon_threadsafe(step, *given)


def _run_for_ever(loop: Any) -> None:
    """Run *loop* until it is stopped, and close it."""
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
