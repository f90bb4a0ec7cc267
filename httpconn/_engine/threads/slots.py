"""The connections of a pool: shared out between threads, waited for, kept and given up.

A slot, the right to have a connection open, is a token in a set, and belongs to one ``Connection`` object. Whatever
happens to the thread that holds it (an exception at any line, KeyboardInterrupt among them), the object goes, and its
slot with it. Nothing counts up and down, so no count can be lost.

A signal's handler may come while its own thread has the lock, and send a request over this very pool. It finds the lock
its own (``is_below``), and touches nothing that is being changed: its connection is one without a slot, and what it
gives back is noted for whoever has the lock next.
"""

from __future__ import annotations

import collections
import threading
import time
import warnings
import weakref
from typing import Final

from ..._exchange.job import Key
from ..._io.channel import NOT_PERSISTENT, Why
from ..._io.watch import Watch
from ...errors import PoolClosed, PoolTimeout, TooFewDescriptors
from ..shared import Shared
from .at_once import Held, Host, KeptConnections

_LOST_CHECK_S: Final = 0.25
"""How long a waiting thread sleeps at most before it checks for slots that were lost to an exception."""
_DESCRIPTOR_WAIT_S: Final = 0.05
"""How long a thread without a file descriptor waits before it tries again."""
_CLOSED: Final = "the pool is closed"
_FOREVER: Final = float("inf")


class Connection(Held):
    """A slot of the pool, and the connection that uses it."""

    __slots__ = ("__weakref__",)

    slots: Slots

    def disconnect(self, why: Why) -> None:
        """Close the connection, and keep the slot for another one."""
        channel, self.channel = self.channel, None
        served, self.served = self.served, 0
        self.watch = None
        self.left_out_at = -1
        if channel is not None:
            if served:
                self.slots.shared.note_ended(self.host.key, channel)
            channel.close(why)

    def is_quiet(self) -> bool:
        """Return whether the connection is open and nothing came on it unasked: the look of SAFETY.md."""
        assert self.channel is not None
        if self.watch is None:
            self.watch = Watch(self.channel.sock)
        is_quiet = self.watch.is_quiet()
        if self.left_out_at == self.served:
            rests = self.slots.shared.rests
            if is_quiet and time.monotonic() >= self.rests_until:
                rests.note_silent(self.host.key)
            elif not is_quiet and self.watch.has_found_bytes():
                rests.note_noisy(self.host.key)
        return is_quiet

    @property
    def is_behind_left_out(self) -> bool:
        """Whether the last answer left announced content out, see ``rests.py``."""
        return self.left_out_at == self.served

    def begin_rest(self, left_out_bytes: int) -> bool:
        """Rest behind an answer that left announced content out; return False where the connection is to be closed."""
        rests = self.slots.shared.rests
        self.left_out_at = self.served
        self.left_out_bytes = left_out_bytes
        self.rests_until = time.monotonic() + rests.rest_s
        return not rests.is_noisy(self.host.key)

    def __del__(self) -> None:
        self.disconnect("nobody has it any more")
        self.slots.note_lost(self)


class Waiter:
    """A thread that waits for a connection. Referred to weakly by the slots: one that gave up is gone."""

    __slots__ = ("__weakref__", "_sleeps", "granted", "host", "method")

    def __init__(self, host: Host, method: str) -> None:
        self.host = host
        self.method = method
        self.granted: Connection | None = None
        self._sleeps = threading.Lock()  # and no Event: a signal's handler may wake who is just falling asleep below it
        self._sleeps.acquire()

    def sleep(self, seconds: float) -> None:
        """Wait until somebody calls ``wake``, or has called it, but no longer than that."""
        self._sleeps.acquire(timeout=seconds)

    def wake(self) -> None:
        """Have it look again. The lock of the slots is held."""
        if self._sleeps.locked():
            self._sleeps.release()


class Slots(KeptConnections):
    """``acquire`` a connection, and ``release`` it again; from any thread."""

    def __init__(self, shared: Shared) -> None:
        settings = shared.settings
        self.shared = shared
        self._max_connections = settings.max_connections
        self._per_host = settings.per_host
        self._idle_s = settings.idle_s
        self.is_closed = False
        self.has_warned = False
        self.begin_empty()

    def begin_empty(self) -> None:
        """Begin anew, with nothing: also the lock may be somebody's who is not there in the child of a fork."""
        self.lock = threading.RLock()
        self.is_below = self.lock._is_owned
        self.tokens = set()
        self.hosts = {}
        self.waiting = {}
        self.idle = {}
        self.lost = collections.deque()
        self.live: weakref.WeakSet[Connection] = weakref.WeakSet()  # for the child of a fork
        self._expires_at = _FOREVER
        self.requests = self.reused = 0
        self.opened = self.resent = self.waited = self.expired = 0

    def acquire(self, key: Key, method: str, timeout_s: float | None) -> Connection:
        """Return a connection for a *method* request to *key*: a kept one, or a slot to open one in.

        Raises PoolTimeout, PoolClosed.
        """
        if self.is_below():
            if self.is_closed:
                raise PoolClosed("the pool has been closed")
            return Connection(self, Host(key))
        with self.lock:
            if self.is_closed:
                self._drop_idle()
                raise PoolClosed("the pool has been closed")
            self.requests += 1
            if self.waiting or self.lost:
                self.take_in_lost()
            host = self.hosts.get(key)
            if host is None:
                host = self.hosts[key] = Host(key)
            connection = self._take(host, method)
            if connection is not None:
                return connection
            self.waited += 1
            waiter = Waiter(host, method)
            host.waiters.append(weakref.ref(waiter))
            self.hosts[key] = host
            self.waiting[key] = None
        return self._wait(waiter, timeout_s)

    def _wait(self, waiter: Waiter, timeout_s: float | None) -> Connection:
        deadline = _FOREVER if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left = deadline - time.monotonic()
            waiter.sleep(max(0.0, min(left, _LOST_CHECK_S, self._rest_left(waiter.host))))
            if waiter.granted is None:
                with self.lock:
                    self.find_lost()
                    self.take_in_lost()
                    if waiter.granted is None:
                        if self.is_closed:
                            self._drop_idle()
                            raise PoolClosed("the pool was closed while a request waited for a connection")
                        if left <= 0:
                            waiter.host.waiters.remove(weakref.ref(waiter))
                            self._serve_one(waiter.host.key)  # who has given up may have been the last
                            raise PoolTimeout(f"no connection was free within {timeout_s:g} s: {self!r}")
            if waiter.granted is not None:
                return waiter.granted

    def _rest_left(self, host: Host) -> float:
        """Return the seconds until a connection of *host* has rested."""
        with self.lock:
            return host.resting[0].rests_until - time.monotonic() if host.resting else _FOREVER

    def _take(self, host: Host, method: str) -> Connection | None:
        """Return a kept connection or a new slot; None where there is neither. The lock is held."""
        now = time.monotonic()
        if now >= self._expires_at:
            self._expire(now)
        if host.resting:
            self._end_rests(host, method, now)
        if host.idle:
            kept: Connection = self._take_idle(host)
            return kept
        if len(host.tokens) >= self._per_host:
            return None
        if len(self.tokens) >= self._max_connections:
            # Another host's, unused for longer than any other; one of its own that rests is waited for.
            other = next((connection for connection in self.idle if connection.host is not host), None)
            if other is None:
                return None
            self._drop(other, "another origin has got its place")
        connection = Connection(self, host)
        self.live.add(connection)
        self.tokens.add(connection.token)
        host.tokens.add(connection.token)
        self.hosts[host.key] = host  # which may have lost its last connection just now, and its place with it
        return connection

    def _end_rests(self, host: Host, method: str, now: float) -> None:
        """Have connections that rest be idle, where their time is over or a *method* request may follow at once."""
        resting = host.resting
        while resting and resting[0].rests_until <= now:
            host.idle.append(resting.popleft())
        if resting and self.shared.rests.may_follow(host.key, method):
            host.idle.append(resting.pop())

    def _expire(self, now: float) -> None:
        """Close the connections that have been unused for too long: they are the first ones."""
        while self.idle:
            connection = next(iter(self.idle))
            self._expires_at = connection.idle_since + self._idle_s
            if now < self._expires_at:
                return
            self._drop(connection, "unused for too long (idle_s)")
        self._expires_at = _FOREVER

    def _drop(self, connection: Connection, why: Why) -> None:
        """Close a kept connection, and free its slot. The lock is held."""
        self.expired += 1
        self.idle.pop(connection, None)
        host = connection.host
        for kept in (host.idle, host.resting):
            if connection in kept:
                kept.remove(connection)
        self._forget(host, connection.token)
        connection.disconnect(why)

    def _forget(self, host: Host, token: object) -> None:
        """Free a slot; a second call does nothing. The lock is held."""
        self.tokens.discard(token)
        host.tokens.discard(token)
        if not host.tokens and not host.waiters and self.hosts.get(host.key) is host:
            del self.hosts[host.key]

    def release(self, connection: Connection, *, persists: bool, why: Why = NOT_PERSISTENT) -> None:
        """Take a connection back: to keep it, or, where it does not persist, to close it and free its slot."""
        if not persists or connection.channel is None or self.is_closed:
            connection.disconnect(_CLOSED if persists else why)
            persists = False
        if self.is_below():
            connection.disconnect("given back by a signal's handler")
            self.note_lost(connection)
            return
        with self.lock:
            now = time.monotonic()
            if persists and not self.is_closed and connection.token in self.tokens:
                is_resting = connection.left_out_at == connection.served and self.shared.rests.rest_s > 0
                host = connection.host
                self._put_idle(connection, host.resting if is_resting else host.idle, now)
            else:
                connection.disconnect(_CLOSED)
                self._forget(connection.host, connection.token)
            if now >= self._expires_at:
                self._expire(now)
            if self.is_closed:
                self._drop_idle()
            if self.waiting or self.lost:
                self.take_in_lost()

    def make_room(self, connection: Connection) -> bool:
        """Close a kept connection, so that there is a file descriptor for *connection*, or wait a moment for others.

        Return False where no other connection is there, whose end could free one.
        """
        if self.is_below():
            return False
        with self.lock:
            if not self.has_warned:
                self.has_warned = True
                warnings.warn(
                    f"no file descriptor was left with {len(self.tokens)} connections, of "
                    f"max_connections={self._max_connections} (ulimit -n)",
                    TooFewDescriptors,
                    stacklevel=2,
                )
            if self.idle:
                self._drop(next(iter(self.idle)), "no file descriptor was left")
                return True
            if not any(other.is_opening or other.channel is not None for other in self.live if other is not connection):
                return False
        time.sleep(_DESCRIPTOR_WAIT_S)
        return True

    def note_lost(self, connection: Connection) -> None:
        """Note that this connection was never given back. Called by a finalizer, which must not wait for the lock."""
        if connection.token in self.tokens:
            self.lost.append((connection.host, connection.token))

    def find_lost(self) -> None:
        """Free the slots of connections that were never given back. The lock is held.

        A signal's exception may end a finalizer too, as soon as it begins, and then nobody hears of it.
        """
        held = {connection.token for connection in self.live}
        for host in self.hosts.values():
            self.lost.extend((host, token) for token in host.tokens - held)

    def take_in_lost(self) -> None:
        """Free the slots of connections that were lost, and share out what is free. The lock is held."""
        while self.lost:
            self._forget(*self.lost.popleft())
        is_moving = bool(self.waiting)
        while is_moving:
            is_moving = False
            for key in list(self.waiting):
                if self._serve_one(key):
                    is_moving = True

    def _serve_one(self, key: Key) -> bool:
        """Give a connection to the first that waits for *key*, if there is one to give. The lock is held."""
        host = self.hosts.get(key)
        while host is not None and host.waiters:
            waiter = host.waiters[0]()
            if waiter is None:
                host.waiters.popleft()  # it has given up
                continue
            connection = self._take(host, waiter.method)
            if connection is None:
                return False
            waiter.granted = connection
            host.waiters.popleft()
            del self.waiting[key]
            if host.waiters:
                self.waiting[key] = None  # behind the other hosts
            waiter.wake()
            return True
        self.waiting.pop(key, None)
        if host is not None:
            self._forget(host, None)
        return False

    def close(self) -> None:
        """Close the kept connections; one in use is closed when it is released.

        Below a signal's handler that calls this somebody may have the lock: that one closes the rest.
        """
        self.is_closed = True
        if self.is_below():
            return
        with self.lock:
            self._drop_idle()
            for host in self.hosts.values():
                for reference in host.waiters:
                    waiter = reference()
                    if waiter is not None:
                        waiter.wake()

    def abandon(self) -> None:
        """As ``close``, from a finalizer, which must not wait for the lock: whoever has it closes what is kept."""
        self.is_closed = True
        if self.lock.acquire(blocking=False):
            try:
                self._drop_idle()
            finally:
                self.lock.release()

    def _drop_idle(self) -> None:
        """Close the kept connections. The lock is held."""
        while self.idle:
            self._drop(next(iter(self.idle)), _CLOSED)

    def forget_parents(self) -> None:
        """In the child of a fork: let go of the parent's sockets without a word on them."""
        for connection in list(self.live):
            connection.disconnect("it is the parent's")
        self.begin_empty()

    def __repr__(self) -> str:
        hosts = list(self.hosts.values())
        idle, waiting = len(self.idle), sum(len(host.waiters) for host in hosts)
        told = f"{len(self.tokens)} of {self._max_connections} connections, {idle} idle, {waiting} waiting"
        return f"{told}, {len(hosts)} hosts"
