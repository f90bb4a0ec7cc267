"""Fetcher and fetch_many: many requests over many connections, in one thread.

A loop over epoll (``_io/polling.py``), run by whoever asks for the next result and at no other time. One registration
for each connection; no task, future or callback for a request, which is a ``Job`` in a host's queue until a connection
takes it. The exchange itself is ``exchange.py``'s, as the pool's.

Scheduling: a host with jobs and room for another connection stands in ``_runnable`` and gets its turn in order. A
connection that is done goes on with its host's next job, but not for ever while other hosts wait for a place.

Time is measured less the time that the consumer of the results takes (``_away``), and a deadline is only judged after
everything that has arrived was read: a slow consumer makes no timeout fire.
"""

from __future__ import annotations

import collections
import contextlib
import os
import socket
import ssl
import sys
import time
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Self

from ._io.channel import READ, Channel, SocketSettings, TLSSettings
from ._io.connect import Watch, shared_https_context
from ._io.polling import IN, OUT, Poller, new_poller
from ._wire.grammar import Limits
from ._wire.head import ResponseHead
from .decoding import DEFAULT_MAX_RATIO
from .errors import ConnectTimeout, PoolClosed, ReadTimeout, TotalTimeout
from .exchange import (
    DEFAULT_FIELD_LINES,
    DEFAULT_MAX_CONTENT,
    Incoming,
    Job,
    Key,
    Outgoing,
    Preparer,
    Settings,
    may_resend,
    short_road,
    unanswered,
)
from .model import DEFAULT_TIMEOUT, Headers, Request, Response, Timeout
from .resolving import Resolve, Resolver

DEFAULT_MAX_BUFFERED_BYTES: Final = 256 * 1_048_576
DEFAULT_LOOK_AHEAD: Final = 1_000

_RECEIVE_BYTES: Final = 65_536
_BODY_RECEIVE_BYTES: Final = 262_144
_MOST_SESSIONS: Final = 1_000
_READ_AT_ONCE: Final = 64
"""Inputs that are read ahead before the sockets get their turn: an input may be slow."""
_TURN: Final = 32
"""Requests in a row on one connection while another host waits for a place."""
_NOTHING_NOW_S: Final = (0.001, 0.05)
"""The first and the longest pause after an input had nothing."""
_FOREVER: Final = float("inf")

_RESOLVING: Final = 0
_OPENING: Final = 1
_BUSY: Final = 2
_IDLE: Final = 3


class FetchStats(NamedTuple):
    """What a fetcher has done so far."""

    requests: int
    results: int
    opened: int
    reused: int
    resent: int


class _Host:
    """The jobs for one origin (with one set of TLS settings) and the connections to it."""

    __slots__ = ("count", "idle", "is_runnable", "key", "pending")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.pending: collections.deque[Job] = collections.deque()
        self.idle: list[_Connection] = []
        self.count = 0  # connections of any state
        self.is_runnable = False


class _Connection:
    """A connection, and the job that it is busy with."""

    __slots__ = ("channel", "descriptor", "head", "held", "host", "idle_since", "incoming", "is_plain", "is_sent",
                 "is_short", "job", "left", "limits", "mask", "number", "outgoing", "parts", "paused_at", "phase",
                 "send_error", "served", "since", "times", "total_at", "turn", "watch")  # fmt: skip

    def __init__(self, host: _Host) -> None:
        self.host = host
        self.phase = _RESOLVING
        self.job: Job | None = None
        self.limits: Timeout
        self.channel: Channel | None = None
        self.watch: Watch | None = None
        self.number = 0  # of the channel's socket that is registered
        self.descriptor = -1
        self.mask = 0  # what it is registered for; 0: not at all
        self.outgoing: Outgoing | None = None
        self.is_sent = False
        self.send_error: OSError | None = None
        self.incoming: Incoming | None = None
        # The short road, for a plain job on a plain socket, with the extension; else ``incoming`` has it. Of a response
        # of which a part has come: its head, what there is of its body, and how much of that is to come.
        self.is_plain = False
        self.is_short = False
        self.head: ResponseHead | None = None
        self.parts: list[bytes] = []
        self.left = 0
        self.held = 0  # of the fetcher's ``_held``
        self.served = 0
        self.turn = 0
        self.since = 0.0  # the last sign of life
        self.total_at = _FOREVER
        self.paused_at = 0.0
        self.idle_since = 0.0
        self.times = (0.0, 0.0, 0.0, 0.0)  # resolve, connect, tls, first byte


class Fetcher:
    """Sends requests over many connections, and is the iterator of their responses, in order of completion.

    ``add`` a request at any time, also while iterating; ``feed`` it an iterable, which is read as far ahead as there is
    use for it. There is exactly one Response for each request; a failed one has its exception in ``error``. The
    iteration ends when everything that was asked for is answered, and may begin again after another ``add``.

    - *max_connections* in all, *per_host* to one origin; *look_ahead*: requests that are taken from the input and have
      no connection yet; with *ordered*, results come in the order of the input, and it bounds how many wait for that
    - *max_content*: bytes of one response; *max_buffered_bytes*: of all that have not been handed out (reading pauses)
    - everything else as for ``ConnectionPool``

    ``close``, the end of a ``with`` block and Ctrl-C close every socket. Nothing runs in the background but the lookup
    of names. For one thread at a time. Pickles as its configuration; in the child of a fork it is closed, if it had
    begun.
    """

    def __init__(
        self,
        *,
        max_connections: int = 256,
        per_host: int = 8,
        timeout: Timeout | float | None = DEFAULT_TIMEOUT,
        headers: Headers | None = None,
        ordered: bool = False,
        look_ahead: int = DEFAULT_LOOK_AHEAD,
        idle_s: float = 30.0,
        limits: Limits | None = None,
        max_content: int | None = DEFAULT_MAX_CONTENT,
        max_buffered_bytes: int = DEFAULT_MAX_BUFFERED_BYTES,
        max_ratio: float = DEFAULT_MAX_RATIO,
        context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        resolve: Resolve | None = None,
        resolve_ttl_s: float = 60.0,
        source_address: tuple[str, int] | None = None,
        socket_options: Iterable[tuple[int, int, int | bytes]] = (),
    ) -> None:
        self._configuration = {
            name: value for name, value in locals().items() if name not in ("self", "__class__", "socket_options")
        }
        if max_connections < 1 or per_host < 1 or look_ahead < 1:
            raise ValueError(
                f"expected limits of 1 or more, got max_connections {max_connections}, per_host {per_host}, "
                f"look_ahead {look_ahead}"
            )
        options = tuple(socket_options)
        self._configuration["socket_options"] = options
        self._max_connections = max_connections
        self._per_host = per_host
        self._ordered = ordered
        self._look_ahead = look_ahead
        self._most_unanswered = look_ahead + max_connections
        self._idle_s = idle_s
        self._max_buffered_bytes = max_buffered_bytes
        self._settings = Settings(
            headers=headers,
            timeout=Timeout.of(timeout),
            limits=limits if limits is not None else Limits(field_lines=DEFAULT_FIELD_LINES),
            max_content=max_content,
            max_ratio=max_ratio,
            context=context,
            server_hostname=server_hostname,
        )
        self._preparer = Preparer(self._settings)
        engine, self._turn_limits = short_road(self._settings)
        self._take_turn = None if engine is None else engine.take_turn
        self._begin_plain = None if engine is None else engine.begin_plain_response
        self._sockets = SocketSettings(source_address, options)
        self._resolver = Resolver(resolve, ttl_s=resolve_ttl_s)
        self._poller: Poller | None = None
        self._waker: tuple[socket.socket, socket.socket] | None = None
        self._shared_context: ssl.SSLContext | None = None
        self._is_closed = False
        self._is_running = False
        self._timeout = self._settings.timeout
        self._total_s = _FOREVER if self._timeout.total is None else self._timeout.total
        self._read_s = _FOREVER if self._timeout.read is None else self._timeout.read

        self._added: collections.deque[Request | str] = collections.deque()
        self._sources: collections.deque[Iterator[Request | str | None]] = collections.deque()
        self._read_again_at = 0.0
        self._nothing_now_s = _NOTHING_NOW_S[0]
        self._count = 0  # requests taken, which is the index of the next one
        self._handed_out = 0
        self._queued = 0  # jobs in the queues of the hosts
        self._hosts: dict[Key, _Host] = {}
        self._runnable: collections.deque[_Host] = collections.deque()
        self._open = 0  # connections of any state
        self._active: dict[_Connection, None] = {}
        self._idle: dict[_Connection, None] = {}  # unused for the longest time first
        self._by_descriptor: dict[int, _Connection] = {}
        self._resolving: dict[_Connection, None] = {}
        self._sessions: dict[Key, ssl.SSLSession] = {}

        self._ready: collections.deque[Response] = collections.deque()
        self._done: dict[int, Response] = {}  # by index, where results come in order
        self._held = 0  # bytes of content, here and in what has not been handed out
        self._is_paused = False

        self._away = 0.0
        self._left_at = time.monotonic()
        self._now = self._left_at
        self._sweep_at = _FOREVER
        self._opened = self._reused = self._resent = 0
        _fetchers.add(self)

    # -- what goes in -------------------------------------------------------------------------------------

    def add(self, request: Request | str) -> None:
        """Ask for one more: a Request, or a URL to GET. What is wrong with it is told by its result."""
        if self._is_closed:
            raise PoolClosed("the fetcher has been closed")
        self._added.append(request)

    def feed(self, requests: Iterable[Request | str | None]) -> Self:
        """Ask for all of an iterable, which is read as there is use for it; it may yield None for "nothing now"."""
        if self._is_closed:
            raise PoolClosed("the fetcher has been closed")
        self._sources.append(iter(requests))
        return self

    def _take_one(self) -> bool:
        """Take one request from the input, if there is one now, and queue it."""
        if self._added:
            request: Any = self._added.popleft()
        else:
            if not self._sources or self._now < self._read_again_at:
                return False
            try:
                request = next(self._sources[0])
            except StopIteration:
                self._sources.popleft()
                return bool(self._sources)
            except BaseException:
                self._sources.popleft()  # a generator that has raised has ended
                raise
            if request is None:
                self._read_again_at = self._now + self._nothing_now_s
                self._nothing_now_s = min(2 * self._nothing_now_s, _NOTHING_NOW_S[1])
                return False
            self._nothing_now_s = _NOTHING_NOW_S[0]
        index = self._count
        self._count = index + 1
        try:
            if isinstance(request, str):
                job = self._preparer.prepare_url(request, index)
            elif isinstance(request, Request):
                job = self._preparer.prepare(request, index)
            else:
                raise TypeError(f"expected a Request or a URL as str, got {type(request).__name__}")
        except Exception as error:
            self._deliver(unanswered(request, index, error.with_traceback(None)))
            return True
        host = self._hosts.get(job.key)
        if host is None:
            host = self._hosts[job.key] = _Host(job.key)
        host.pending.append(job)
        self._queued += 1
        self._make_runnable(host)
        return True

    # -- what comes out -----------------------------------------------------------------------------------

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Response:
        """Return the next response, when there is one.

        Raises what the input raises (the others go on then), PoolClosed in the child of a fork.
        """
        ready = self._ready
        if not ready:
            if self._is_running:
                raise RuntimeError("the fetcher is being asked for a result already: by its input, or another thread")
            self._is_running = True
            try:
                self._run()
            except Exception:  # StopIteration, or the input's
                raise
            except BaseException:  # Ctrl-C
                self.close()
                raise
            finally:
                self._is_running = False
                self._left_at = time.monotonic()
        response = ready.popleft()
        self._handed_out += 1
        self._held -= len(response._content)
        return response

    def _deliver(self, response: Response) -> None:
        if not self._ordered:
            self._ready.append(response)
            return
        self._done[response.index] = response
        following = self._handed_out + len(self._ready)
        while (found := self._done.pop(following, None)) is not None:
            self._ready.append(found)
            following += 1

    # -- the loop -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Go on until there is a result. Raises StopIteration where there will be none."""
        if self._is_closed:
            if self._poller is None and self._count:
                raise PoolClosed("the fetcher has been closed")
            raise StopIteration
        poller = self._poller
        if poller is None:
            poller = self._poller = new_poller()
        self._away += time.monotonic() - self._left_at
        ready = self._ready
        by_descriptor = self._by_descriptor
        while True:
            self._now = time.monotonic() - self._away
            self._fill()
            if ready:
                return
            if not self._active and not self._queued and not self._added and not self._sources:
                raise StopIteration
            if self._is_paused:
                self._choose_paused()
            timeout_s = self._timeout_s()
            events = poller.poll(timeout_s, len(by_descriptor) + 1)
            self._now = time.monotonic() - self._away
            for descriptor, _ in events:
                connection = by_descriptor.get(descriptor)
                if connection is None:
                    self._take_wake()
                elif connection.is_short:
                    self._turn(connection)
                elif connection.phase == _BUSY:
                    if not connection.paused_at:
                        if connection.outgoing is not None:
                            connection.since = self._now
                            self._send_on(connection)
                        if connection.phase == _BUSY:
                            self._receive(connection)
                elif connection.phase == _OPENING:
                    self._open_step(connection)
                elif not self._is_quiet(connection):
                    self._close(connection)
            if self._now >= self._sweep_at:
                self._sweep()
            if ready:
                return

    def _timeout_s(self) -> float | None:
        until = self._sweep_at
        if self._has_use_for_more():
            if self._added:
                return 0.0
            if self._sources:
                until = min(until, self._read_again_at)
        return None if until == _FOREVER else max(0.0, until - self._now)

    def _has_use_for_more(self) -> bool:
        """Return whether another request should be taken from the input."""
        is_wanted = self._queued < self._look_ahead and self._count - self._handed_out < self._most_unanswered
        return is_wanted and not self._is_paused

    def _fill(self) -> None:
        """Start what can be started, and read ahead as far as there is use for it."""
        if self._is_paused:
            if not self._active and self._runnable:
                # Nothing would go on: the oldest request must. With *ordered* it is what all others wait for.
                oldest = min(self._runnable, key=_first_index_of)
                self._runnable.remove(oldest)
                self._give_turn(oldest)
            return
        budget = _READ_AT_ONCE
        while True:
            if self._runnable and (self._open < self._max_connections or self._idle):
                self._give_turn(self._runnable.popleft())
            elif budget and self._has_use_for_more() and self._take_one():
                budget -= 1
            else:
                return

    def _give_turn(self, host: _Host) -> None:
        """Start one job of a host that was runnable; with more to start, it stands behind the others again."""
        host.is_runnable = False
        if host.pending and host.count - len(host.idle) < self._per_host:
            self._start(host)
            self._make_runnable(host)

    def _start(self, host: _Host) -> None:
        """Give the next job of *host* a connection: the one used last, or a new one."""
        job = host.pending.popleft()
        self._queued -= 1
        while host.idle:
            connection = host.idle.pop()
            del self._idle[connection]
            if self._now + self._away - connection.idle_since < self._idle_s and self._is_quiet(connection):
                self._active[connection] = None
                connection.turn = 0
                self._begin(connection, job)
                return
            self._close(connection)
        if self._open >= self._max_connections:
            self._close(next(iter(self._idle)))  # another host's, unused for longer than any other
        connection = _Connection(host)
        host.count += 1
        self._hosts[host.key] = host  # closing the last one may have dropped it
        self._open += 1
        self._active[connection] = None
        self._connect(connection, job)

    # -- a connection: opening ------------------------------------------------------------------------------

    def _admit(self, connection: _Connection, job: Job) -> None:
        """Give *job* the connection, and let its time begin unless it is its second attempt."""
        connection.job = job
        connection.limits = limits = job.timeout or self._timeout
        connection.since = now = self._now
        if not job.attempts:
            job.started = now
            connection.total_at = now + (_FOREVER if limits.total is None else limits.total)
        job.attempts += 1

    def _connect(self, connection: _Connection, job: Job) -> None:
        """Begin to open a connection for *job*."""
        self._admit(connection, job)
        connection.phase = _RESOLVING
        connection.served = 0
        connection.incoming = None
        connect_s = connection.limits.connect
        self._sweep_at = min(
            self._sweep_at, connection.total_at, _FOREVER if connect_s is None else self._now + connect_s
        )
        self._resolve(connection)

    def _resolve(self, connection: _Connection) -> None:
        """Open the connection if its address is known, or have it looked up."""
        job = connection.job
        assert job is not None
        origin = job.origin
        try:
            addresses = self._resolver.find(origin.host, origin.port)
            if addresses is None:
                if connection not in self._resolving:
                    self._resolving[connection] = None
                    self._resolver.start(origin.host, origin.port, self._wake())
                return
            self._resolving.pop(connection, None)
            tls = None
            if origin.is_tls:
                context, server_hostname = job.key[3:]
                tls = TLSSettings(
                    context or self._default_context(), server_hostname or origin.host, self._sessions.get(job.key)
                )
        except Exception as error:
            self._resolving.pop(connection, None)
            self._fail(connection, error)
            return
        now = time.monotonic() - self._away
        connection.times = (now - connection.since, 0.0, 0.0, 0.0)
        connection.channel = Channel(addresses, self._sockets, tls)
        connection.is_plain = tls is None and self._take_turn is not None
        connection.phase = _OPENING
        self._opened += 1
        self._open_step(connection)

    def _default_context(self) -> ssl.SSLContext:
        if self._shared_context is None:
            self._shared_context = shared_https_context(11)
        return self._shared_context

    def _wake(self) -> Any:
        """Return what a resolver's thread may call to have the loop look at its answer."""
        if self._waker is None:
            ours, theirs = self._waker = socket.socketpair()
            ours.setblocking(False)
            theirs.setblocking(False)
            assert self._poller is not None
            self._poller.register(ours.fileno(), IN)
        theirs = self._waker[1]

        def wake() -> None:
            try:
                theirs.send(b"\0")
            except OSError:
                return  # it is full, so the loop will look; or the fetcher was closed

        return wake

    def _take_wake(self) -> None:
        """Some names may have been looked up."""
        if self._waker is None:
            return
        try:
            self._waker[0].recv(4096)
        except BlockingIOError:
            return
        for connection in list(self._resolving):
            if connection in self._resolving:
                self._resolve(connection)

    def _open_step(self, connection: _Connection) -> None:
        """Take the next step of connecting and shaking hands; send the request when it was the last."""
        channel, job = connection.channel, connection.job
        assert channel is not None
        assert job is not None
        try:
            wanted = channel.open()
        except Exception as error:
            self._fail(connection, error)
            return
        if connection.number != channel.number:
            self._unregister(connection)  # the socket for another address, which is closed
            connection.number = channel.number
            connection.descriptor = channel.sock.fileno()
            self._by_descriptor[connection.descriptor] = connection
        self._set_mask(connection, OUT if wanted and wanted != READ else IN)
        if wanted:
            return
        resolve_s = connection.times[0]
        connect_s = channel.connected_at - self._away - connection.since - resolve_s
        tls_s = channel.secured_at - channel.connected_at if channel.secured_at else 0.0
        connection.times = (resolve_s, max(0.0, connect_s), tls_s, 0.0)
        self._send(connection, job)

    def _set_mask(self, connection: _Connection, mask: int) -> None:
        """Wait for IN, OUT, both or, with 0, for nothing: pollers tell of errors even where none is asked for."""
        if mask == connection.mask:
            return
        assert self._poller is not None
        if not connection.mask:
            self._poller.register(connection.descriptor, mask)
        elif mask:
            self._poller.modify(connection.descriptor, mask)
        else:
            self._poller.unregister(connection.descriptor)
        connection.mask = mask

    def _unregister(self, connection: _Connection) -> None:
        if connection.descriptor >= 0:
            del self._by_descriptor[connection.descriptor]
            if connection.mask:
                assert self._poller is not None
                with contextlib.suppress(OSError):  # closed already, and so unregistered
                    self._poller.unregister(connection.descriptor)
        connection.descriptor = -1
        connection.mask = 0

    # -- a connection: the exchange -------------------------------------------------------------------------

    def _is_quiet(self, connection: _Connection) -> bool:
        """The look of SAFETY.md: whether the connection is open, and nothing came on it unasked."""
        watch = connection.watch
        if watch is None:
            assert connection.channel is not None
            watch = connection.watch = Watch(connection.channel.sock)
        return watch.is_quiet()

    def _begin(self, connection: _Connection, job: Job) -> None:
        """Send *job*'s request on a kept connection."""
        self._admit(connection, job)
        self._reused += 1
        self._send(connection, job)

    def _send(self, connection: _Connection, job: Job) -> None:
        """Send the request of a job that has been admitted, on an open connection."""
        channel = connection.channel
        assert channel is not None
        connection.phase = _BUSY
        connection.since = self._now
        read_s = connection.limits.read
        until = min(connection.total_at, _FOREVER if read_s is None else self._now + read_s)
        if until < self._sweep_at:
            self._sweep_at = until
        try:
            sent = channel.send(job.head)
            if sent == len(job.head) and job.body is None:
                connection.is_sent = True
                connection.is_short = connection.is_plain and job.is_plain
                return
            connection.is_sent = False
            connection.outgoing = Outgoing(job, sent)
        except OSError as error:
            connection.is_sent = False
            connection.send_error = error  # what there is to read decides
            return
        except Exception as error:
            self._fail(connection, error)
            return
        self._send_on(connection)

    def _send_on(self, connection: _Connection) -> None:
        """Send what is left of the request, as far as it goes."""
        channel, outgoing = connection.channel, connection.outgoing
        assert channel is not None
        assert outgoing is not None
        try:
            if not outgoing.send(channel.send):
                self._set_mask(connection, IN | OUT if channel.wants != READ else IN)
                return
            connection.is_sent = True
        except OSError as error:
            connection.send_error = error  # the peer may have answered before it closed
        except Exception as error:
            self._fail(connection, error)
            return
        connection.outgoing = None
        self._set_mask(connection, IN)

    def _turn(self, connection: _Connection) -> None:
        """Receive once on the short road, and with a complete response send the next request in the same call."""
        if connection.left:
            self._receive_rest(connection)
            return
        job, host = connection.job, connection.host
        assert job is not None
        pending = host.pending
        following = None
        if pending and not self._is_paused and not self._must_give_way(connection) and pending[0].body is None:
            following = pending[0]
        take_turn = self._take_turn
        assert take_turn is not None
        try:
            found = take_turn(connection.descriptor, None if following is None else following.head, self._turn_limits)
        except OSError as error:
            self._fail(connection, error)
            return
        if not isinstance(found, tuple):
            if found is not None:
                connection.is_short = False
                self._read(connection, job, found)
            return
        head, content, left, sent = found
        now = self._now
        if left:
            connection.since = now
            connection.head = head
            connection.parts = [content]
            connection.left = left
            self._note_first_byte(connection, job)
            self._count_held(connection, len(content))
            return
        if connection.served:
            passed = now - job.started
            times = (0.0, 0.0, 0.0, passed, passed)
        else:
            self._note_first_byte(connection, job)
            times = (*connection.times, now - job.started)
        self._held += len(content)
        if sent >= 0:
            assert following is not None
            pending.popleft()
            self._queued -= 1
            self._go_on_sent(connection, following, sent)
        elif sent == -2:
            self._close(connection)
        else:
            self._go_on(connection, persists=True)
        response = Response(job.request, head, content)
        response._times = times
        response.index = job.index
        if job.attempts != 1:
            response.attempts = job.attempts
        if self._ordered:
            self._deliver(response)
        else:
            self._ready.append(response)
        if self._held > self._max_buffered_bytes and not self._is_paused:
            self._is_paused = True
            self._choose_paused()

    def _go_on_sent(self, connection: _Connection, job: Job, sent: int) -> None:
        """Go on with *job*, of whose head *sent* bytes have gone out already; as ``_begin``, for the short road."""
        now = self._now
        connection.job = job
        connection.served += 1
        connection.turn += 1
        self._reused += 1
        connection.since = now
        timeout = job.timeout
        if timeout is None and not job.attempts:
            connection.limits = self._timeout
            job.started = now
            connection.total_at = until = now + self._total_s
            if now + self._read_s < until:
                until = now + self._read_s
            if until < self._sweep_at:
                self._sweep_at = until
            job.attempts = 1
        else:
            self._admit(connection, job)
            read_s = connection.limits.read
            read_at = _FOREVER if read_s is None else now + read_s
            self._sweep_at = min(self._sweep_at, read_at, connection.total_at)
        if sent != len(job.head):
            connection.is_short = connection.is_sent = False
            connection.outgoing = Outgoing(job, sent)
            self._send_on(connection)
        elif not job.is_plain:
            connection.is_short = False

    def _receive_rest(self, connection: _Connection) -> None:
        """Receive more of a body of known length, on the short road; no byte that lies behind it."""
        channel, job = connection.channel, connection.job
        assert channel is not None
        assert job is not None
        if connection.paused_at:
            return
        try:
            data = channel.receive(min(connection.left, _BODY_RECEIVE_BYTES))
        except Exception as error:
            self._fail(connection, error)
            return
        if data is None:
            return
        if not data:
            connection.incoming = self._incoming_of(connection, job)
            self._read(connection, job, data)
            return
        connection.since = self._now
        connection.parts.append(data)
        connection.left -= len(data)
        self._count_held(connection, connection.held + len(data))
        if connection.left:
            return
        response = Response(job.request, connection.head, b"".join(connection.parts))
        response._times = (*connection.times, self._now - job.started)
        response.index = job.index
        response.attempts = job.attempts
        connection.head = None
        connection.parts = []
        connection.held = 0
        connection.is_short = False
        self._go_on(connection, persists=True)
        self._deliver(response)

    def _incoming_of(self, connection: _Connection, job: Job) -> Incoming:
        """Return the response as the shared reader has it; what came by the short road is read again."""
        incoming = connection.incoming
        if incoming is None:
            incoming = Incoming(job, self._settings)
            if connection.head is not None:
                for part in (connection.head.block, *connection.parts):
                    if part:
                        incoming.receive(part)
                connection.head = None
                connection.parts = []
                connection.left = 0
        connection.is_short = False
        return incoming

    def _note_first_byte(self, connection: _Connection, job: Job) -> None:
        resolve_s, connect_s, tls_s, _ = connection.times
        first_s = self._now - job.started - resolve_s - connect_s - tls_s
        connection.times = (resolve_s, connect_s, tls_s, max(0.0, first_s))

    def _must_give_way(self, connection: _Connection) -> bool:
        """Return whether a host that waits for a place gets this connection's, which has had its turn."""
        return bool(connection.turn >= _TURN and self._runnable and self._open >= self._max_connections)

    def _receive(self, connection: _Connection) -> None:
        """Receive once, and see what it comes to."""
        channel, job = connection.channel, connection.job
        assert channel is not None
        assert job is not None
        try:
            data = channel.receive(_RECEIVE_BYTES if connection.incoming is None else _BODY_RECEIVE_BYTES)
        except Exception as error:
            self._fail(connection, error)
            return
        if data is None:
            return
        if connection.incoming is None and job.is_plain and self._begin_plain is not None:
            # A TLS connection, most likely: the short road without the system calls.
            plain = self._begin_plain(data, self._turn_limits)
            if plain is not None and not plain[2]:
                self._note_first_byte(connection, job)
                times = connection.times
                self._held += len(plain[1])
                self._go_on(connection, persists=connection.is_sent and not channel.has_pending())
                response = Response(job.request, plain[0], plain[1])
                response._times = (*times, self._now - job.started)
                response.index = job.index
                response.attempts = job.attempts
                self._deliver(response)
                return
        self._read(connection, job, data)

    def _read(self, connection: _Connection, job: Job, data: bytes) -> None:
        """See what received bytes come to, by the shared reader."""
        channel = connection.channel
        assert channel is not None
        incoming = connection.incoming
        connection.since = self._now
        try:
            if incoming is None:
                incoming = connection.incoming = Incoming(job, self._settings)
                self._note_first_byte(connection, job)
            is_complete = incoming.receive(data, is_clean=channel.is_clean)
            while not is_complete and channel.has_pending():
                more = channel.receive(_BODY_RECEIVE_BYTES)
                if more is None:
                    break
                is_complete = incoming.receive(more, is_clean=channel.is_clean)
        except Exception as error:
            self._fail(connection, error)
            return
        self._count_held(connection, incoming.held)
        if is_complete:
            self._finish(connection, incoming)

    def _count_held(self, connection: _Connection, held: int) -> None:
        self._held += held - connection.held
        connection.held = held
        if self._held > self._max_buffered_bytes and not self._is_paused:
            self._is_paused = True
            self._choose_paused()

    def _finish(self, connection: _Connection, incoming: Incoming) -> None:
        """Hand out a complete response, and go on with the connection if it persists."""
        channel, job = connection.channel, connection.job
        assert channel is not None
        assert job is not None
        incoming.close_sink()
        persists = connection.is_sent and incoming.persists() and not channel.has_pending()
        times = connection.times
        connection.incoming = None
        connection.held = 0
        self._go_on(connection, persists=persists)
        response = incoming.response()
        response._times = (*times, time.monotonic() - self._away - job.started)
        self._deliver(response)

    def _go_on(self, connection: _Connection, *, persists: bool) -> None:
        """After an exchange: the next job of the host, or keep the connection, or close it."""
        connection.times = (0.0, 0.0, 0.0, 0.0)
        if not persists:
            self._close(connection)
            return
        host = connection.host
        connection.served += 1
        if connection.served == 1 and connection.channel is not None:
            self._keep_session(host.key, connection.channel)
        connection.turn += 1
        if host.pending and not self._is_paused and not self._must_give_way(connection):
            if not self._is_quiet(connection):
                self._close(connection)
                return
            self._queued -= 1
            self._begin(connection, host.pending.popleft())
            return
        connection.job = None
        connection.phase = _IDLE
        connection.is_sent = False
        connection.is_short = False
        connection.idle_since = self._now + self._away
        del self._active[connection]
        host.idle.append(connection)
        self._idle[connection] = None
        self._make_runnable(host)

    def _make_runnable(self, host: _Host) -> None:
        if host.pending and not host.is_runnable and host.count - len(host.idle) < self._per_host:
            host.is_runnable = True
            self._runnable.append(host)

    def _keep_session(self, key: Key, channel: Channel) -> None:
        session = channel.session
        if session is not None:
            self._sessions.pop(key, None)
            while len(self._sessions) >= _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[key] = session

    def _fail(self, connection: _Connection, error: Exception) -> None:
        """End an exchange with *error*, or send the request once more where that is right."""
        job = connection.job
        assert job is not None
        incoming = self._incoming_of(connection, job)
        if connection.send_error is not None and isinstance(error, ConnectionError):
            error = connection.send_error
        if may_resend(job, incoming, error, was_reused=connection.served > 0):
            self._resent += 1
            self._disconnect(connection)
            self._connect(connection, job)
            return
        try:
            incoming.close_sink()
        except OSError as closing_error:
            error.__context__ = closing_error
        self._held -= connection.held
        connection.held = 0
        times = connection.times
        self._close(connection)
        response = incoming.response(error.with_traceback(None))
        self._held += len(response._content)
        response._times = (*times, time.monotonic() - self._away - job.started)
        self._deliver(response)

    def _disconnect(self, connection: _Connection) -> None:
        """Close the socket; the connection keeps its place."""
        self._unregister(connection)
        connection.number = 0
        connection.watch = None
        connection.outgoing = None
        connection.is_sent = False
        connection.is_short = False
        connection.head = None
        connection.parts = []
        connection.left = 0
        connection.send_error = None
        connection.paused_at = 0.0
        if connection.channel is not None:
            connection.channel.close()
            connection.channel = None

    def _close(self, connection: _Connection) -> None:
        """Close a connection of any state, and free its place."""
        host = connection.host
        self._disconnect(connection)
        self._resolving.pop(connection, None)
        if connection in self._idle:
            del self._idle[connection]
            host.idle.remove(connection)
        self._active.pop(connection, None)
        connection.job = None
        connection.incoming = None
        host.count -= 1
        self._open -= 1
        if host.pending:
            self._make_runnable(host)
        elif not host.count and not host.is_runnable and self._hosts.get(host.key) is host:
            del self._hosts[host.key]

    # -- time -----------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Fail what is out of time; everything that had arrived has been read by now."""
        now = self._now
        earliest = _FOREVER
        for connection in list(self._active):
            if connection.paused_at or connection.job is None:
                continue
            limits = connection.limits
            is_open = connection.phase == _BUSY
            limit_s = limits.read if is_open else limits.connect
            until = min(connection.total_at, _FOREVER if limit_s is None else connection.since + limit_s)
            if until > now:
                earliest = min(earliest, until)
                continue
            where = connection.job.origin
            if until == connection.total_at:
                self._fail(connection, TotalTimeout(f"not done within {limits.total:g} s (Timeout.total): {where}"))
            elif is_open:
                self._fail(connection, ReadTimeout(f"silence for {limits.read:g} s (Timeout.read): {where}"))
            else:
                self._fail(connection, ConnectTimeout(f"no connection to {where} within {limits.connect:g} s"))
        while self._idle:
            oldest = next(iter(self._idle))
            if now + self._away - oldest.idle_since < self._idle_s:
                break
            self._close(oldest)
        self._sweep_at = earliest

    # -- memory -----------------------------------------------------------------------------------------------

    def _choose_paused(self) -> None:
        """Read from no connection but the oldest request's, as long as more is held than may be.

        That one goes on, so that something is always done: with *ordered* it is what all others wait for.
        """
        busy = [connection for connection in self._active if connection.phase == _BUSY]
        if self._held <= self._max_buffered_bytes // 2:
            self._is_paused = False
            oldest = None
        else:
            oldest = min(busy, key=_index_of, default=None)
        for connection in busy:
            is_going_on = not self._is_paused or connection is oldest
            if is_going_on and connection.paused_at:
                passed = self._now - connection.paused_at
                connection.since += passed
                connection.total_at += passed
                connection.paused_at = 0.0
                limits = connection.limits
                read_at = _FOREVER if limits.read is None else connection.since + limits.read
                self._sweep_at = min(self._sweep_at, read_at, connection.total_at)
                self._set_mask(connection, IN | OUT if connection.outgoing is not None else IN)
            elif not is_going_on and not connection.paused_at:
                connection.paused_at = self._now
                self._set_mask(connection, 0)

    # -- the fetcher itself -----------------------------------------------------------------------------------

    @property
    def stats(self) -> FetchStats:
        """What has been done so far."""
        return FetchStats(self._count, self._handed_out, self._opened, self._reused, self._resent)

    def close(self) -> None:
        """Close every socket and forget what was asked for. A second call does nothing."""
        self._is_closed = True
        connections = [*self._active, *self._idle]
        for connection in connections:
            if connection.channel is not None:
                connection.channel.close()
        self._active.clear()
        self._idle.clear()
        self._by_descriptor.clear()
        self._resolving.clear()
        self._hosts.clear()
        self._runnable.clear()
        self._added.clear()
        self._sources.clear()
        self._ready.clear()
        self._done.clear()
        self._sessions.clear()
        self._open = self._queued = self._held = 0
        if self._waker is not None:
            for end in self._waker:
                end.close()
            self._waker = None
        if self._poller is not None:
            self._poller.close()
        for connection in connections:
            if connection.incoming is not None:
                connection.incoming.close_sink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_is_closed", True):
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "open"
        return (
            f"<Fetcher {state}: {self._open} of {self._max_connections} connections, {len(self._idle)} idle, "
            f"{len(self._hosts)} hosts, {self._queued + len(self._added)} queued, "
            f"{self._count - self._handed_out - self._queued} on their way>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _fetcher_from, (type(self), self._configuration)

    def _after_fork(self) -> None:
        """In the child: what has begun is the parent's; let go of it without a word on its sockets."""
        self._resolver.forget()
        if self._poller is not None:
            self.close()  # which closes the child's descriptors only, and changes nothing in the parent's epoll
            self._poller = None


def _first_index_of(host: _Host) -> int:
    return host.pending[0].index if host.pending else sys.maxsize


def _index_of(connection: _Connection) -> int:
    assert connection.job is not None
    return connection.job.index


def _fetcher_from(kind: type[Fetcher], configuration: dict[str, Any]) -> Fetcher:
    return kind(**configuration)


def fetch_many(requests: Iterable[Request | str | None], **options: Any) -> Fetcher:
    """Return an iterator of the responses to *requests*: Requests, or URLs to GET; any iterable, also an endless one.

    In order of completion, or of the input with ``ordered=True``; exactly one for each request, with the exception of
    a failed one in its ``error``. *options* are those of ``Fetcher``, which this makes and feeds.
    """
    return Fetcher(**options).feed(requests)


_fetchers: weakref.WeakSet[Fetcher] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for fetcher in list(_fetchers):
        fetcher._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
