"""The engine of the fetcher, driven by somebody else's event loop: jobs in, and what is awaited out.

The descriptor of the engine's epoll can be waited for itself. So the event loop waits for that one descriptor and for
one time, and calls for a turn (``Loop.turn``, ``Loop.until``); nothing here waits. All of it runs in the loop's thread.
"""

from __future__ import annotations

import collections
import heapq
import time
import weakref
from collections.abc import Callable, Iterator
from threading import get_ident
from typing import Any, Final, NamedTuple

from ..._exchange.incoming import Incoming
from ..._exchange.job import Job
from ..._exchange.lines import TextReader
from ..._exchange.outcome import unanswered
from ..._exchange.settings import FetchSettings
from ..._wire.head import ResponseHead
from ...errors import PoolClosed, PoolTimeout, name_place, without_frames
from ...model import Response, attach_response, tell_partial
from ..shared import Shared
from .awaited import NOWHERE, Awaited
from .connection import Connection
from .intake import Intake
from .robots import PoliteLoop, loop_of
from .runners import Future, Receiver, Runner

_LOOK_AGAIN_S: Final = 0.1
"""How often there is a turn at least while something is under way: what comes later than that is the caller's delay."""
_STREAM_BYTES: Final = 524_288
"""How much of a streamed response is held for its reader; with more, nothing is received."""
_FOREVER: Final = float("inf")


class Unjudged(NamedTuple):
    """What a receiver gets where hooks have to be awaited: a response that may be no result; see ``Driver.judge``."""

    job: Job
    response: Response


class Driver(Awaited):
    """One engine in one event loop."""

    def __init__(self, shared: Shared, settings: FetchSettings, runner: Runner) -> None:
        shared.resolver.lookups.run_in(runner.spawn)
        super().__init__(loop_of(shared, settings, Intake(shared.preparer)), shared.preparer.prepare_url, runner)
        self.runner = runner
        self.shared = shared
        self._patience: list[tuple[float, int, Job, float]] = []
        """Until when, by the engine's clock, a job may wait for its connection, of those for which that is limited."""
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._poller = self.engine.begin()
        self._is_due = False  # a turn has been asked for
        self._take_back: Callable[[], None] | None = None
        ours = weakref.ref(self)  # else the event loop would keep a client that nobody has any more

        def turn() -> None:
            driver = ours()
            if driver is not None:
                driver.turn()

        def ring() -> None:
            driver = ours()
            if driver is not None:
                driver._take_back = None
                driver.engine.heed_logger()
                driver.turn()

        def start() -> None:
            driver = ours()
            if driver is not None:
                driver._start()

        def wake() -> None:
            driver = ours()
            if driver is not None:
                driver.wake()

        if isinstance(self.engine, PoliteLoop):
            self.engine.await_by(runner.spawn, wake)
        self._ring, self._start_soon = ring, start
        runner.watch(self._poller, turn)

    # -- what is asked for ----------------------------------------------------------------------------------

    def next_index(self) -> int:
        """Return the number of the next request."""
        index = self.requests
        self.requests = index + 1
        return index

    def send(self, job: Job, receiver: Receiver, *, is_patient: bool = False) -> None:
        """Have *job* carried; *receiver* gets its result. If it *is_patient*, ``Timeout.pool`` does not count."""
        if not self.begin(job, receiver):
            self.queue(job, is_patient=is_patient)

    def queue(self, job: Job, *, is_patient: bool = False) -> None:
        """Have *job*, whose receiver is known, carried when its turn comes."""
        engine = self.engine
        engine.queue(job)
        limits = job.timeout or engine.timeout
        pool_s = limits.pool
        if pool_s is not None and limits.says_pool and not is_patient:
            engine.excuse(time.monotonic(), self.rings_at)
            heapq.heappush(self._patience, (engine.now + pool_s, job.index, job, pool_s))
        self.wake()

    def again(self, job: Job, failed: Response, receiver: Receiver) -> bool:
        """Return whether *job* is sent again after a failure in its content, as its ``Retry`` says; for *receiver*."""
        self.waiting[job.index] = receiver
        job.has_failed_harmlessly = False
        if self.engine.is_closed or not self.engine.goes_on(job, failed):
            del self.waiting[job.index]
            return False
        self.wake()
        return True

    async def judge(self, unjudged: Unjudged, receiver: Receiver) -> Response | None:
        """Await the hooks; return the response if it is the result. None: something follows, which *receiver* will get.

        The time that the hooks take is not the request's. What one raises is in the ``error`` of the response. Raises
        PoolClosed where something would follow, and the client has been closed.
        """
        job, response = unjudged
        engine, stream = self.engine, response._stream
        now = time.monotonic()
        engine.excuse(now, self.rings_at)
        began, total_at = engine.now, engine.end_of_total(job)
        follow_up = await self.shared.follower.awaiting(job, response, total_at - began, time.time())
        if isinstance(stream, Stream):  # its content is still to come, and so nothing follows it
            if response.error is None:
                stream.release()
            else:
                response._stream = None
                stream.close()
            return response
        if follow_up.job is not None:
            if engine.is_closed:
                raise PoolClosed(f"the client was closed while a hook was awaited: {job.place}")
            self.waiting[job.index] = receiver
        if not engine.go_on_after(job, response, follow_up, now, total_at + engine.time() - began):
            return response
        self.wake()
        return None

    def wake(self) -> None:
        """Have what can be started, or is given up, seen to soon."""
        if not self._is_due and not self.runner.is_over():
            self._is_due = True
            self.runner.call_soon(self._start_soon)
            if self._take_back is None:
                self.rings_at = time.monotonic()  # what runs in the loop until then is not the servers' time

    def cancel(self, job: Job) -> None:
        """Give up *job*: its receiver gets nothing any more, and what reads its response either."""
        if self.waiting.pop(job.index, None) is not None:
            self.engine.cancel(job)
            self.wake()
        if job.stream is not None:
            job.stream.close()

    def leave(self, stream: Stream) -> None:
        """Let go of the connection of a response that is being streamed."""
        self.engine.drop(stream.index)
        self.wake()

    def _lose_patience(self) -> float:
        """Give up jobs that have no connection yet and whose ``Timeout.pool`` is over; return when the next is."""
        patience, now = self._patience, self.engine.time()
        while patience:
            until, index, job, pool_s = patience[0]
            waits = not job.attempts and index in self.waiting
            if waits and until > now:
                return until
            heapq.heappop(patience)
            if waits:
                self.engine.cancel(job)
                error = PoolTimeout(
                    f"neither a connection to {job.where} nor its turn there came within {pool_s:g} s (Timeout.pool)"
                )
                name_place(error, job.place)
                self._give(unanswered(job.request, index, error))
        return _FOREVER

    # -- turns ----------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Go on with what has arrived, and with what its time has come for."""
        engine = self.engine
        if engine.is_closed:
            return
        self.thread = get_ident()  # an event loop may go on in another one
        self._excuse()
        try:
            engine.drop_cancelled()
            engine.turn(self._poller.poll(0, len(engine.by_descriptor) + 1))
        except BaseException as error:
            self._break(error)
            return
        if engine.results.waiting and engine.runnable:
            self._note_own()
            self._deliver()  # who asks for more over that connection does so before another host has its place
            self.wake()
            return
        self._go_on()

    def _start(self) -> None:
        """As ``turn`` where nothing may have arrived: a request was made, which the loop may come to first."""
        if not self.engine.is_closed:
            self._excuse()
            self._go_on()

    def _go_on(self) -> None:
        """Start what can be started, hand out what is done, and see to the next turn."""
        self._is_due = False
        engine = self.engine
        if engine.is_closed:
            return
        try:
            engine.drop_cancelled()
            until_s = engine.until()
        except BaseException as error:
            self._break(error)
            return
        self._note_own()
        if engine.results.waiting:
            self._deliver()
        if self._patience:
            patient_s = max(0.0, self._lose_patience() - engine.time())
            until_s = patient_s if until_s is None else min(until_s, patient_s)
            engine.drop_cancelled()
        if not engine.is_closed:  # by who got a result: some event loops go on with them at once
            self._arm(until_s)

    def _excuse(self) -> None:
        """Take the time for which the event loop was busy elsewhere out of all deadlines.

        Whether it comes with what has arrived first or with the time that is over, is each loop's own.
        """
        now = time.monotonic()
        self.engine.excuse(now, self.rings_at)
        if now > self.rings_at or self._take_back is None:
            self._disarm()

    def _note_own(self) -> None:
        """Have the time of this turn count, also where the next one is late already: times were taken by it."""
        self.engine.excuse(time.monotonic(), _FOREVER)

    def _disarm(self) -> None:
        take_back, self._take_back = self._take_back, None
        if take_back is not None:
            take_back()
        self.rings_at = _FOREVER
        self.rings_soon = False

    def _arm(self, until_s: float | None) -> None:
        engine = self.engine
        if engine.active or engine.queued:
            until_s = _LOOK_AGAIN_S if until_s is None else min(until_s, _LOOK_AGAIN_S)
        elif until_s is None:
            return
        now = time.monotonic()
        at = now + until_s
        if at < self.rings_at:
            self._disarm()
            self.rings_at = at
            self._take_back = self.runner.call_later(until_s, self._ring)
        self.rings_soon = self.rings_at <= now + _LOOK_AGAIN_S

    def _deliver(self) -> None:
        engine = self.engine
        if engine.awaits_hooks:
            for response in engine.take_ready():
                self._give_unjudged(response)
            return
        self.deliver(engine.take_ready())

    def _give(self, response: Response) -> None:
        receiver = self.waiting.pop(response.index, None)
        if receiver is not None and not receiver.done():
            receiver.set_result(response)

    def _give_unjudged(self, response: Response) -> None:
        job = self.engine.unjudged.pop(response.index, None)
        receiver = None if job is None else self.waiting.pop(response.index, None)
        if job is None:
            self._give(response)
        elif receiver is not None and not receiver.done():
            receiver.set_result(Unjudged(job, response))

    # -- the end --------------------------------------------------------------------------------------------

    def _break(self, error: BaseException) -> None:
        """End everything with *error*, which is nobody's request's. Raises it where it is the event loop's: Ctrl-C."""
        if isinstance(error, Exception):
            self.close(error)
            return
        self.close()
        try:
            raise error
        finally:
            del error

    def forget(self) -> None:
        """Let go of all that the engine has; in the child of a fork, which has no such loop, that is all there is."""
        self.thread = NOWHERE
        self.engine.close()

    def close(self, error: BaseException | None = None) -> None:
        """Close every socket; who waits for something gets None, or *error*. A second call does nothing."""
        if self.engine.is_closed:
            return
        self.runner.unwatch()
        self._disarm()
        self.forget()
        self._patience.clear()
        waiting, self.waiting = self.waiting, {}
        streams, self._streams = [*self._streams], weakref.WeakSet()
        if self.runner.is_over():
            return  # and nobody waits any more
        for stream in streams:
            if not stream.is_done:
                stream.fail(error or PoolClosed("the client was closed before the content had come"))
        for receiver in waiting.values():
            if not receiver.done():
                receiver.set_result(error)

    # -- streams ----------------------------------------------------------------------------------------------

    def stream(
        self, job: Job, response_class: type[Response], may_go_on: Callable[[Any, ResponseHead], bool] | None = None
    ) -> Stream:
        """Return what takes the response to *job* while it comes in, from its head on.

        But not what *may_go_on* says yes to, which comes whole; by default that from which something may follow.
        """
        stream = Stream(self, job.index, response_class)
        job.pour_into(stream, may_go_on or self.shared.policies.may_go_on)
        return stream

    def note_begun(self, stream: Stream) -> None:
        self._streams.add(stream)


class Stream:
    """The content of a response on its way from the engine to the task that reads it; see ``job.Stream``."""

    def __init__(self, driver: Driver, index: int, response_class: type[Response]) -> None:
        self.index = index
        self.has_begun = False
        self.is_done = False
        """Whether all that comes has come."""
        self.held = bytearray()
        self.text: TextReader | None = None
        self._driver = driver
        self._class = response_class
        self._connection: Connection | None = None
        self._response: weakref.ref[Response] | None = None
        self._parts: collections.deque[bytes] = collections.deque()
        self._size = 0
        self.error: BaseException | None = None
        """What came in the place of the rest."""
        self.job: Job | None = None
        """To which the response has come: what its redirects have led to."""
        self.response: Response | None = None
        """And with it, the response as far as it came."""
        self._is_left = False
        self._is_shown = False
        self._reader: Future | None = None

    # -- the engine's side

    @property
    def is_full(self) -> bool:
        return self._size >= _STREAM_BYTES or self._is_shown

    def begin(self, connection: Connection, job: Job, incoming: Incoming, times: tuple[float, ...]) -> Response:
        self.has_begun = True
        self._connection = connection
        self.job = job
        self._is_shown = self._driver.engine.awaits_hooks
        response = self._class(job.request, incoming.head, b"")
        incoming.introduce(response)
        response._times = times  # type: ignore[assignment]  # five of them
        response._stream = self
        self._response = weakref.ref(response)
        self._driver.note_begun(self)
        return response

    def feed(self, part: bytes) -> None:
        if part and not self._is_left:
            self._parts.append(part)
            self._size += len(part)
            self._tell()

    def finish(self, incoming: Incoming, times: tuple[float, ...]) -> None:
        self.is_done = True
        self._connection = None
        response = self._response() if self._response is not None else None
        if response is not None:
            incoming.fill(response)
            response._times = times  # type: ignore[assignment]  # five of them
        self._tell()

    def fail(self, error: BaseException, response: Response | None = None) -> None:
        self.is_done = True
        self._connection = None
        self.error = error
        self.response = response
        if response is not None:
            attach_response(error, response)
        self._tell()

    def _tell(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.set_result(None)

    # -- the reader's

    async def take(self) -> bytes:
        """Wait for content, and return all that has come since the last call; b"" at the end.

        Raises what went wrong, when all that had come has been taken.
        """
        while not self._parts:
            if self.error is not None:
                tell_partial(self.error, bytes(self.held))
                response = self._response() if self._response is not None else None
                if response is not None and not self._is_left:
                    response.error = self.error  # not before: the head is a result, until its reader comes to this
                raise self.error
            if self.is_done:
                return b""
            if self._reader is not None:
                raise RuntimeError("the response is being read by another task")
            self.release()  # a hook reads it
            reader = self._reader = self._driver.runner.future()
            try:
                await reader
            finally:
                if self._reader is reader:
                    self._reader = None
        part = self._parts.popleft()
        was_full = self.is_full
        self._size -= len(part)
        if was_full:
            self._receive()
        return part

    def release(self) -> None:
        """Have the content received: the hooks have seen the head, for which nothing was received meanwhile."""
        if self._is_shown:
            self._is_shown = False
            self._receive()

    def _receive(self) -> None:
        if not self.is_full and self._connection is not None:
            self._driver.engine.now = self._driver.engine.time()
            self._connection.unpause()
            self._driver.wake()

    def read_part(self, most: int = 0, *, fills: bool = False) -> bytes:
        """Refuse to be read by a caller who does not wait; see ``model.Stream``."""
        raise RuntimeError(
            "the content is still coming in: await response.aread(), or go through response.aiter_bytes(), "
            "aiter_text() or aiter_lines()"
        )

    def straight_parts(self, most: int) -> Iterator[bytes]:
        """Yield nothing, for the same reason."""
        return iter(())

    def close(self) -> None:
        """Take nothing more; the connection is closed unless all has come."""
        if self.is_done or self._is_left:
            return
        self._is_left = True
        self._parts.clear()
        self._size = 0
        self.is_done = True
        self.error = PoolClosed("the response was closed before its content was read")
        self._tell()
        if not self._driver.engine.is_closed:
            self._driver.leave(self)


def refused(request: Any, index: int, error: BaseException) -> Response:
    """Return the result of a request that cannot be sent."""
    return unanswered(request, index, without_frames(error))
