"""ConnectionPool: requests from many threads over kept connections, each request in the thread that asks.

What is sent, and what an answer is, is decided in ``exchange.py``; here connections are shared out, waited on, kept
and given up. The DESIGN had the pool stand on HTTPConnection. It stands on the exchange that the fetcher uses, so that
the rules of reuse, of resending and of limits exist once, and a total time limit can be kept between any two bytes.

A slot, the right to have a connection open, is a token in a set, and belongs to one ``_Connection`` object. Whatever
happens to the thread that holds it (an exception at any line, KeyboardInterrupt among them), the object goes, and its
slot with it. Nothing counts up and down, so no count can be lost.
"""

from __future__ import annotations

import collections
import os
import ssl
import threading
import time
import weakref
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, Self

from ._io.channel import READ, WRITE, Channel, SocketSettings, TLSSettings
from ._io.connect import Watch, shared_https_context
from ._wire.grammar import Limits
from ._wire.head import ResponseHead
from .decoding import DEFAULT_MAX_RATIO
from .errors import ConnectTimeout, PoolClosed, PoolTimeout, ReadTimeout, TotalTimeout
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
)
from .model import DEFAULT_TIMEOUT, Headers, Request, Response, Timeout, attach_response
from .resolving import Resolve, Resolver

_RECEIVE_BYTES: Final = 65_536
_BODY_RECEIVE_BYTES: Final = 262_144
_MOST_SESSIONS: Final = 1_000
_LOST_CHECK_S: Final = 0.25
"""How long a waiting thread sleeps at most before it looks whether a slot came back from nowhere."""

_FOREVER: Final = float("inf")
_NOTHING_TOLD: Final = (None,) * 10


class PoolStats(NamedTuple):
    """What a pool has done so far."""

    requests: int
    opened: int
    """Connections that were made."""
    reused: int
    """Requests that went out on a kept connection."""
    resent: int
    waited: int
    """Requests that had to wait for a connection."""
    expired: int
    """Kept connections that were closed: too old, closed by the peer, or in the way of another host's."""


class _Connection:
    """A slot of the pool, and the connection that uses it (``channel`` None: not open yet)."""

    __slots__ = ("__weakref__", "channel", "host", "idle_since", "pool", "served", "token", "watch")

    def __init__(self, pool: ConnectionPool, host: _Host) -> None:
        self.pool = pool
        self.host = host
        self.channel: Channel | None = None
        self.watch: Watch | None = None
        self.token = object()
        self.served = 0
        self.idle_since = 0.0

    def disconnect(self) -> None:
        """Close the connection, and keep the slot for another one."""
        channel, self.channel = self.channel, None
        self.watch = None
        self.served = 0
        if channel is not None:
            channel.close()

    def is_quiet(self) -> bool:
        """Return whether the connection is open and nothing came on it unasked: the look of SAFETY.md."""
        assert self.channel is not None
        if self.watch is None:
            self.watch = Watch(self.channel.sock)
        return self.watch.is_quiet()

    def __del__(self) -> None:
        self.disconnect()
        self.pool._return_token(self)


class _Host:
    """The connections to one origin, with one set of TLS settings."""

    __slots__ = ("idle", "key", "tokens", "waiters")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.tokens: set[object] = set()
        self.idle: collections.deque[_Connection] = collections.deque()  # the one used last is on the right
        self.waiters: collections.deque[weakref.ref[_Waiter]] = collections.deque()


class _Waiter:
    """A thread that waits for a connection. Referred to weakly by the pool: one that gave up is gone."""

    __slots__ = ("__weakref__", "granted", "host", "wakes")

    def __init__(self, host: _Host) -> None:
        self.host = host
        self.granted: _Connection | None = None
        self.wakes = threading.Event()


class ConnectionPool:
    """Keeps connections and sends requests over them; safe to use from any number of threads.

    - *max_connections* in all, *per_host* to one origin (with one set of TLS settings); *idle_s* is how long an unused
      connection is kept
    - *timeout*: a Timeout, or seconds; *headers*: sent with each request that has no field of that name
    - *max_content*: bytes of content of one response in memory; *max_ratio*: how much larger it may become by decoding
    - *context*: an ssl.SSLContext (client certificates are loaded into it); *server_hostname*: the name that the
      certificate must be for, and that is sent as SNI, instead of the URL's host
    - *resolve*: addresses for names, see ``Resolver``; *source_address*, *socket_options* as the socket module has them

    Pickles as its configuration. In the child of a fork it is empty: the parent's connections are the parent's.
    """

    def __init__(
        self,
        *,
        max_connections: int = 100,
        per_host: int = 8,
        timeout: Timeout | float | None = DEFAULT_TIMEOUT,
        headers: Headers | None = None,
        idle_s: float = 30.0,
        limits: Limits | None = None,
        max_content: int | None = DEFAULT_MAX_CONTENT,
        max_ratio: float = DEFAULT_MAX_RATIO,
        context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        resolve: Resolve | None = None,
        resolve_ttl_s: float = 60.0,
        source_address: tuple[str, int] | None = None,
        socket_options: Iterable[tuple[int, int, int | bytes]] = (),
    ) -> None:
        if max_connections < 1 or per_host < 1:
            raise ValueError(f"expected limits of 1 connection or more, got {max_connections} and {per_host} per host")
        self._configuration = {
            name: value for name, value in locals().items() if name not in ("self", "__class__", "socket_options")
        }
        options = tuple(socket_options)
        self._configuration["socket_options"] = options
        self._max_connections = max_connections
        self._per_host = per_host
        self._idle_s = idle_s
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
        engine, self._plain_limits = short_road(self._settings)
        self._begin_plain_response = None if engine is None else engine.begin_plain_response
        self._sockets = SocketSettings(source_address, options)
        self._resolver = Resolver(resolve, ttl_s=resolve_ttl_s)
        self._is_closed = False
        self._shared_context: ssl.SSLContext | None = None
        self._begin_empty()
        _pools.add(self)

    def _begin_empty(self) -> None:
        self._lock = threading.Lock()
        self._tokens: set[object] = set()
        self._hosts: dict[Key, _Host] = {}
        self._waiting: dict[Key, None] = {}  # hosts that have waiters, the one whose turn it is first
        self._idle: dict[_Connection, None] = {}  # of all hosts, unused for the longest time first
        self._lost: collections.deque[tuple[_Host, object]] = collections.deque()
        self._sessions: dict[Key, ssl.SSLSession] = {}
        self._live: weakref.WeakSet[_Connection] = weakref.WeakSet()  # for the child of a fork
        self._requests = self._opened = self._reused = self._resent = self._waited = self._expired = 0

    # -- requests -----------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers | None = None,
        params: Any = None,
        body: Any = None,
        json: Any = None,
        timeout: Timeout | float | None = None,
        stream: bool = False,
        sink: Any = None,
        decode: bool = True,
        max_content: int | None = None,
        context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        tag: Any = None,
    ) -> Response:
        """Send a request and return its Response: whole, or with *stream* as soon as its head is there.

        Raises before any traffic: InvalidURL, InvalidField, MissingDecoder, ValueError, TypeError; PoolTimeout,
        PoolClosed. Else: OSError, ssl.SSLError, ConnectTimeout, ReadTimeout, TotalTimeout, and the HTTPExceptions of
        a bad response; these have as ``response`` what came. No status is an error, see ``raise_for_status``.
        """
        if method == "GET" and not stream and decode and type(url) is str:
            told = (headers, params, body, json, timeout, sink, max_content, context, server_hostname, tag)
            if told == _NOTHING_TOLD:
                return self._send(self._preparer.prepare_url(url, 0), stream=False)
        return self.send(
            Request(
                method,
                url,
                headers,
                body,
                params=params,
                json=json,
                timeout=timeout,
                tag=tag,
                sink=sink,
                decode=decode,
                max_content=max_content,
                context=context,
                server_hostname=server_hostname,
            ),
            stream=stream,
        )

    def get(self, url: str, **options: Any) -> Response:
        """As ``request("GET", ...)``."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Response:
        """As ``request("HEAD", ...)``."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Any) -> Response:
        """As ``request("OPTIONS", ...)``."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """As ``request("POST", ...)``."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        """As ``request("PUT", ...)``."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Response:
        """As ``request("PATCH", ...)``."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        """As ``request("DELETE", ...)``."""
        return self.request("DELETE", url, **options)

    def send(self, request: Request, *, stream: bool = False) -> Response:
        """Send *request*; see ``request``."""
        return self._send(self._preparer.prepare(request), stream=stream)

    def _send(self, job: Job, *, stream: bool) -> Response:
        limits = job.timeout or self._settings.timeout
        connection = self._acquire(job.key, limits.pool)
        attempt = _Attempt(self, connection, job, limits, is_streamed=stream)
        return attempt.begin() if stream else attempt.run()

    # -- sharing out connections --------------------------------------------------------------------------

    def _acquire(self, key: Key, timeout_s: float | None) -> _Connection:
        """Return a connection for *key*: a kept one, or a slot to open one in. Raises PoolTimeout, PoolClosed."""
        with self._lock:
            if self._is_closed:
                raise PoolClosed("the pool has been closed")
            self._requests += 1
            self._take_in_lost()
            host = self._hosts.get(key)
            if host is None:
                host = self._hosts[key] = _Host(key)
            connection = self._take(host)
            if connection is not None:
                return connection
            self._waited += 1
            waiter = _Waiter(host)
            host.waiters.append(weakref.ref(waiter))
            self._hosts[key] = host
            self._waiting[key] = None
        return self._wait(waiter, timeout_s)

    def _wait(self, waiter: _Waiter, timeout_s: float | None) -> _Connection:
        deadline = _FOREVER if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            if not waiter.wakes.wait(max(0.0, min(left, _LOST_CHECK_S))) or waiter.granted is None:
                with self._lock:
                    self._take_in_lost()
                    if waiter.granted is None:
                        if self._is_closed:
                            raise PoolClosed("the pool was closed while a request waited for a connection")
                        if left <= 0:
                            waiter.host.waiters.remove(weakref.ref(waiter))
                            self._serve_one(waiter.host.key)  # who has given up may have been the last
                            raise PoolTimeout(f"no connection was free within {timeout_s:g} s: {self!r}")
            if waiter.granted is not None:
                return waiter.granted

    def _take(self, host: _Host) -> _Connection | None:
        """Return a kept connection or a new slot; None where there is neither. The lock is held."""
        now = time.monotonic()
        self._expire(now)
        if host.idle:
            connection = host.idle[-1]
            self._idle.pop(connection, None)
            host.idle.pop()
            self._reused += 1
            return connection
        if len(host.tokens) >= self._per_host:
            return None
        if len(self._tokens) >= self._max_connections:
            if not self._idle:
                return None
            self._drop(next(iter(self._idle)))  # another host's; unused for longer than any other
        connection = _Connection(self, host)
        self._live.add(connection)
        self._tokens.add(connection.token)
        host.tokens.add(connection.token)
        self._hosts[host.key] = host  # which may have lost its last connection just now, and its place with it
        return connection

    def _expire(self, now: float) -> None:
        """Close the connections that have been unused for too long: they are the first ones."""
        while self._idle:
            connection = next(iter(self._idle))
            if now - connection.idle_since < self._idle_s:
                return
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        """Close a kept connection, and free its slot. The lock is held."""
        self._expired += 1
        self._idle.pop(connection, None)
        host = connection.host
        if connection in host.idle:
            host.idle.remove(connection)
        self._forget(host, connection.token)
        connection.disconnect()

    def _forget(self, host: _Host, token: object) -> None:
        """Free a slot; a second call does nothing. The lock is held."""
        self._tokens.discard(token)
        host.tokens.discard(token)
        if not host.tokens and not host.waiters and self._hosts.get(host.key) is host:
            del self._hosts[host.key]

    def _release(self, connection: _Connection, *, persists: bool) -> None:
        """Take a connection back: to keep it, or, where it does not persist, to close it and free its slot."""
        channel = connection.channel
        session = None
        if not persists or channel is None or self._is_closed:
            persists = False
            connection.disconnect()
        elif connection.served == 1:
            session = channel.session
        with self._lock:
            if persists and not self._is_closed and connection.token in self._tokens:
                connection.idle_since = time.monotonic()
                connection.host.idle.append(connection)
                self._idle[connection] = None
                if session is not None:
                    self._keep_session(connection.host.key, session)
            else:
                connection.disconnect()
                self._forget(connection.host, connection.token)
            if self._waiting or self._lost:
                self._take_in_lost()

    def _return_token(self, connection: _Connection) -> None:
        """Note that nobody has this connection any longer. From a finalizer: it must not wait for the lock."""
        if connection.token in self._tokens:
            self._lost.append((connection.host, connection.token))

    def _take_in_lost(self) -> None:
        """Free the slots of connections that were lost, and share out what is free. The lock is held."""
        while self._lost:
            self._forget(*self._lost.popleft())
        is_moving = bool(self._waiting)
        while is_moving:
            is_moving = False
            for key in list(self._waiting):
                if self._serve_one(key):
                    is_moving = True

    def _serve_one(self, key: Key) -> bool:
        """Give a connection to the first that waits for *key*, if there is one to give. The lock is held."""
        host = self._hosts.get(key)
        while host is not None and host.waiters:
            waiter = host.waiters[0]()
            if waiter is None:
                host.waiters.popleft()  # it has given up
                continue
            connection = self._take(host)
            if connection is None:
                return False
            waiter.granted = connection
            host.waiters.popleft()
            del self._waiting[key]
            if host.waiters:
                self._waiting[key] = None  # behind the other hosts
            waiter.wakes.set()
            return True
        self._waiting.pop(key, None)
        if host is not None:
            self._forget(host, None)
        return False

    def _keep_session(self, key: Key, session: ssl.SSLSession) -> None:
        self._sessions.pop(key, None)
        while len(self._sessions) >= _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[key] = session

    def _channel_for(self, job: Job, deadline: float) -> tuple[Channel, float]:
        """Return the channel to open for *job*, and when its name was resolved. Raises TimeoutError, OSError."""
        origin = job.origin
        addresses = self._resolver.wait(origin.host, origin.port, _left(deadline))
        tls = None
        if origin.is_tls:
            context, server_hostname = job.key[3:]
            if context is None:
                # The same for all of this pool's time: a session can only be gone on with in its own context.
                context = self._shared_context = self._shared_context or shared_https_context(11)
            tls = TLSSettings(context, server_hostname or origin.host, self._sessions.get(job.key))
        with self._lock:
            self._opened += 1
        return Channel(addresses, self._sockets, tls), time.monotonic()

    # -- the pool itself ----------------------------------------------------------------------------------

    @property
    def stats(self) -> PoolStats:
        """What has been done so far."""
        return PoolStats(self._requests, self._opened, self._reused, self._resent, self._waited, self._expired)

    def close(self) -> None:
        """Close the kept connections; one in use is closed when its response is done. A second call does nothing."""
        with self._lock:
            self._is_closed = True
            while self._idle:
                self._drop(next(iter(self._idle)))
            for host in self._hosts.values():
                for reference in host.waiters:
                    waiter = reference()
                    if waiter is not None:
                        waiter.wakes.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        hosts = list(self._hosts.values())
        idle, waiting = len(self._idle), sum(len(host.waiters) for host in hosts)
        told = f"{len(self._tokens)} of {self._max_connections} connections, {idle} idle, {waiting} waiting"
        return f"<ConnectionPool {'closed' if self._is_closed else 'open'}: {told}, {len(hosts)} hosts>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _pool_from, (type(self), self._configuration)

    def _after_fork(self) -> None:
        """In the child: let go of the parent's sockets and TLS sessions without a word on them."""
        for connection in list(self._live):
            connection.disconnect()
        self._resolver.forget()
        self._begin_empty()


def _pool_from(kind: type[ConnectionPool], configuration: dict[str, Any]) -> ConnectionPool:
    return kind(**configuration)


def _left(deadline: float) -> float | None:
    """Return the seconds to *deadline*, None for ever."""
    return None if deadline == _FOREVER else max(0.0, deadline - time.monotonic())


class _Attempt:
    """One request on its way through a connection; the blocking driver of an exchange, and a response's Stream."""

    __slots__ = ("_connection", "_deadline", "_incoming", "_is_streamed", "_job", "_limits", "_plain", "_pool",
                 "_read_s", "_sent", "_times")  # fmt: skip

    def __init__(
        self, pool: ConnectionPool, connection: _Connection, job: Job, limits: Timeout, *, is_streamed: bool
    ) -> None:
        self._pool = pool
        self._connection: _Connection | None = connection
        self._job = job
        self._limits = limits
        self._read_s = _FOREVER if limits.read is None else limits.read
        self._is_streamed = is_streamed
        self._sent = False
        self._plain: tuple[ResponseHead, bytes, int] | None = None  # what the short road made of it
        job.started = time.monotonic()
        self._deadline = _FOREVER if limits.total is None else job.started + limits.total
        self._incoming = Incoming(job, pool._settings, is_streamed=is_streamed)
        self._times = [0.0, 0.0, 0.0, 0.0, 0.0]

    def run(self) -> Response:
        """Return the whole response. Raises as ``ConnectionPool.request``."""
        try:
            self._exchange(until_head=False)
            return self._finish()
        except BaseException as error:
            self._fail(error)
            raise

    def begin(self) -> Response:
        """Return the response when its head is there; this object is its stream."""
        try:
            is_complete = self._exchange(until_head=True)
            response = Response(self._job.request, self._incoming.head, b"")
            response.attempts = self._job.attempts
            response._times = self._seal_times()
            response._stream = _Streaming(self, response, is_complete=is_complete)
        except BaseException as error:
            self._fail(error)
            raise
        return response

    def _finish(self) -> Response:
        self.release()
        if self._plain is not None:
            response = Response(self._job.request, self._plain[0], self._plain[1])
            response.attempts = self._job.attempts
        else:
            response = self._incoming.response()
        response._times = self._seal_times()
        return response

    def release(self) -> None:
        """Give the connection back; it is kept where the message is whole and nothing stands against it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._incoming.close_sink()
        channel = connection.channel  # None in the child of a fork
        connection.served += 1
        is_whole = self._plain is not None or self._incoming.persists()
        persists = self._sent and is_whole and channel is not None and not channel.has_pending()
        self._pool._release(connection, persists=persists)

    def _fail(self, error: BaseException) -> None:
        """Close the connection, free its slot, and tell *error* what had come."""
        connection, self._connection = self._connection, None
        try:
            self._incoming.close_sink()
        finally:
            if connection is not None:
                self._pool._release(connection, persists=False)
        response = self._incoming.response(error)
        response._times = self._seal_times()
        attach_response(error, response)

    def _seal_times(self) -> tuple[float, float, float, float, float]:
        self._times[4] = time.monotonic() - self._job.started
        resolve, connect, tls, first, total = self._times
        return resolve, connect, tls, first, total

    # -- on the connection ----------------------------------------------------------------------------------

    def _exchange(self, *, until_head: bool) -> bool:
        """Send, and receive to the end or the head, twice if it may be; return whether the message is complete."""
        connection = self._connection
        assert connection is not None
        job = self._job
        if connection.channel is not None and not connection.is_quiet():
            connection.disconnect()
        while True:
            was_reused = connection.served > 0
            job.attempts += 1
            try:
                if connection.channel is None:
                    self._open(connection)
                return self._talk(connection, until_head=until_head)
            except Exception as error:
                if not may_resend(job, self._incoming, error, was_reused=was_reused):
                    raise
            with self._pool._lock:
                self._pool._resent += 1
            connection.disconnect()
            self._incoming = Incoming(job, self._pool._settings, is_streamed=self._is_streamed)

    def _open(self, connection: _Connection) -> None:
        """Connect, and shake hands. Raises ConnectTimeout, TotalTimeout, OSError, ssl.SSLError."""
        began = time.monotonic()
        connect_s = self._limits.connect
        deadline = min(self._deadline, _FOREVER if connect_s is None else began + connect_s)
        channel = None
        try:
            try:
                channel, resolved_at = self._pool._channel_for(self._job, deadline)
                while wanted := channel.open():
                    if not channel.wait(wanted, _left(deadline)) and time.monotonic() >= deadline:
                        raise TimeoutError
            except TimeoutError as error:
                if time.monotonic() < deadline:
                    raise  # the system's own, ETIMEDOUT
                where = f"{self._job.origin} within {deadline - began:.3g} s"
                if deadline == self._deadline:
                    raise TotalTimeout(f"no connection to {where} (Timeout.total)") from error
                raise ConnectTimeout(f"no connection to {where}") from error
        except BaseException:
            if channel is not None:
                channel.close()
            raise
        connection.channel = channel
        self._times[:3] = (
            resolved_at - began,
            channel.connected_at - resolved_at,
            channel.secured_at - channel.connected_at if channel.secured_at else 0.0,
        )

    def _talk(self, connection: _Connection, *, until_head: bool) -> bool:
        channel, incoming = connection.channel, self._incoming
        assert channel is not None
        began = time.monotonic()
        outgoing = Outgoing(self._job)
        self._sent = False
        send_error: OSError | None = None
        is_sending = True
        while True:
            if is_sending:
                try:
                    self._sent = outgoing.send(channel.send)
                    is_sending = not self._sent
                except ConnectionError as error:
                    # The peer may have answered before it closed: a 413, say. That answer counts.
                    send_error, is_sending = error, False
            wanted = READ
            if is_sending:
                wanted = READ | WRITE if channel.wants == WRITE else READ
            self._wait(channel, wanted)
            try:
                data = channel.receive(_RECEIVE_BYTES if incoming.head is None else _BODY_RECEIVE_BYTES)
                if data is None:
                    continue
                if data and not incoming.began:
                    self._times[3] = time.monotonic() - began
                    begin = self._pool._begin_plain_response
                    if begin is not None and self._job.is_plain and not self._is_streamed and not is_sending:
                        plain = begin(data, self._pool._plain_limits)
                        if plain is not None and not plain[2]:
                            self._plain = plain
                            return True
                is_complete = incoming.receive(data, is_clean=channel.is_clean)
            except ConnectionError as error:
                raise send_error or error from error
            if is_complete or (until_head and incoming.head is not None and not is_sending):
                return is_complete

    def _wait(self, channel: Channel, wanted: int) -> None:
        """Wait until there is something to do. Raises ReadTimeout, TotalTimeout."""
        if channel.has_pending():
            return
        limit = self._read_s
        if self._deadline != _FOREVER:
            limit = min(limit, self._deadline - time.monotonic())
        if limit == _FOREVER:
            channel.wait(wanted, None)
        elif (limit <= 0 or not channel.wait(wanted, limit)) and not channel.wait(wanted, 0.0):
            # What came while nobody looked has been read before this is judged.
            if time.monotonic() >= self._deadline:
                raise TotalTimeout(f"not done within {self._limits.total:g} s (Timeout.total): {self._job.origin}")
            raise ReadTimeout(f"silence for {self._read_s:g} s (Timeout.read): {self._job.origin}")
        elif time.monotonic() >= self._deadline:
            raise TotalTimeout(f"not done within {self._limits.total:g} s (Timeout.total): {self._job.origin}")

    def receive_more(self) -> bool:
        """Receive once, for a response that is being streamed; return whether the message is complete."""
        connection = self._connection
        channel = connection.channel if connection is not None else None
        if channel is None:
            raise ConnectionAbortedError("the connection of this response is closed, or the parent's of a fork")
        while True:
            self._wait(channel, READ)
            data = channel.receive(_BODY_RECEIVE_BYTES)
            if data is not None:
                return self._incoming.receive(data, is_clean=channel.is_clean)


class _Streaming:
    """The content of a response that is still coming in; see ``model.Stream``."""

    __slots__ = ("_attempt", "_failure", "_is_complete", "_response")

    def __init__(self, attempt: _Attempt, response: Response, *, is_complete: bool) -> None:
        self._attempt: _Attempt | None = attempt
        self._response = weakref.ref(response)
        self._is_complete = is_complete
        self._failure: BaseException | None = None
        if is_complete:
            attempt.release()

    def read_part(self) -> bytes:
        attempt = self._attempt
        if attempt is None:
            if self._failure is not None:
                raise self._failure
            return b""
        incoming = attempt._incoming
        try:
            while not incoming.held and not self._is_complete:
                self._is_complete = attempt.receive_more()
                if self._is_complete:
                    attempt.release()
        except BaseException as error:
            # What could still be read is given out first; the error comes with the next call.
            self._attempt = None
            self._failure = error
            part = incoming.take_content()
            attempt._fail(error)
            if not part or not isinstance(error, Exception):
                raise
            return part
        part = incoming.take_content()
        if self._is_complete and not incoming.held:
            self._attempt = None
            response = self._response()
            if response is not None:
                incoming.fill(response)
                response._times = attempt._seal_times()
        return part

    def close(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            self._failure = PoolClosed("the response was closed before its content was read")
            attempt.release()


_pools: weakref.WeakSet[ConnectionPool] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
