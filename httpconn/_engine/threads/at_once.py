"""The common exchange of a pool: a request over a kept connection, and a plain response, which is whole when it comes.

An ``Attempt`` comes to the same by three times as many steps, since it is ready for all that may happen. Here the first
thing that is not common is where this ends: then an ``Attempt`` goes on, to which ``Begun`` gives again what there was.
So it is with the connection: where nobody waits for one, and none is to be closed, it is taken and kept here; ``Slots``
does the rest.

This module is compiled too, with the types of ``at_once.pxd``.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Callable
from typing import Any, Final

from ..._exchange.job import Job, Key
from ..._io.channel import NOT_PERSISTENT, NOT_QUIET, READ, Channel, Why
from ..._io.logger import is_heard
from ..._io.watch import Watch
from ..._wire.plain import Plain, PlainReader
from ...model import Response, Timeout
from ...policies.verdict import FIRST_ERROR
from .begun import RECEIVE_BYTES, Begun
from .pacing import Pacing

_FOREVER: Final = float("inf")
_FIRST_ERROR: Final = FIRST_ERROR
_RECEIVE_BYTES: Final = RECEIVE_BYTES


class Held:
    """What is known of a slot and its connection (``channel`` None: not open yet). ``Connection`` is one."""

    __slots__ = ("channel", "host", "idle_since", "is_opening", "left_out_at", "left_out_bytes", "rests_until",
                 "served", "slots", "token", "watch")  # fmt: skip

    channel: Channel | None
    host: Host
    idle_since: float
    is_opening: bool
    """There is a channel, which is not open yet."""
    left_out_at: int
    """``served`` when an answer had left announced content out."""
    left_out_bytes: int
    """And how many, where that was said."""
    rests_until: float
    served: int
    slots: Any
    token: object
    watch: Watch | None

    def __init__(self, slots: Any, host: Host) -> None:
        self.slots = slots
        self.host = host
        self.channel = None
        self.is_opening = False
        self.watch = None
        self.token = object()
        self.served = 0
        self.idle_since = 0.0
        self.left_out_at = -1
        self.left_out_bytes = -1
        self.rests_until = 0.0

    def is_quiet(self) -> bool:
        """Return whether the connection is open and nothing came on it unasked."""
        raise NotImplementedError

    def disconnect(self, why: Why) -> None:
        """Close the connection, and keep the slot for another one."""
        raise NotImplementedError


class Host:
    """The connections to one origin, with one set of TLS settings."""

    __slots__ = ("idle", "key", "resting", "tokens", "waiters")

    key: Key
    tokens: set[object]
    idle: collections.deque[Any]
    """The one used last is on the right."""
    resting: collections.deque[Any]
    """Idle too, and not yet to be used."""
    waiters: collections.deque[Any]
    """Weak references to them."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.tokens = set()
        self.idle = collections.deque()
        self.resting = collections.deque()
        self.waiters = collections.deque()


class KeptConnections:
    """What ``Slots`` looks at for each request, and the common ones of its steps; all else is there."""

    __slots__ = ("_expires_at", "_idle_s", "hosts", "idle", "is_below", "is_closed", "lock", "lost", "requests",
                 "reused", "tokens", "waiting")  # fmt: skip

    _expires_at: float
    """When the first of those that are kept may have been unused for too long, by ``time.monotonic``; not later."""
    _idle_s: float
    hosts: dict[Key, Host]
    idle: dict[Any, None]
    """Of all hosts, unused for the longest time first."""
    is_closed: bool
    is_below: Callable[[], bool]
    """Whether this thread has the lock: a signal's handler has interrupted it, and asks."""
    lock: Any
    """An RLock, which knows whose it is."""
    lost: collections.deque[tuple[Host, object]]
    requests: int
    reused: int
    tokens: set[object]
    waiting: dict[Key, None]
    """Hosts that have waiters, the one whose turn it is first."""

    def _take_kept(self, key: Key) -> Held | None:
        """Return a kept connection to *key*; None where there is none, or something else has to be done first."""
        if self.is_below():
            return None
        with self.lock:
            if self.is_closed or self.waiting or self.lost or time.monotonic() >= self._expires_at:
                return None
            host = self.hosts.get(key)
            if host is None or host.resting or not host.idle:
                return None
            self.requests += 1
            connection: Held = self._take_idle(host)
            return connection

    def _keep(self, connection: Held, now: float) -> bool:
        """Keep an open connection for others, and return True; False where that is not all there is to do."""
        with self.lock:
            if self.is_closed or self.waiting or self.lost or now >= self._expires_at:
                return False
            if connection.token not in self.tokens or connection.left_out_at == connection.served:
                return False
            self._put_idle(connection, connection.host.idle, now)
            return True

    def _take_idle(self, host: Host) -> Any:
        """Return the connection of *host*, which has an idle one, that was used last. The lock is held."""
        connection = host.idle[-1]
        self.idle.pop(connection, None)
        host.idle.pop()
        self.reused += 1
        return connection

    def _put_idle(self, connection: Held, row: collections.deque[Any], now: float) -> None:
        """Keep an open connection in *row*, of its host's those that are idle, or that rest. The lock is held."""
        connection.idle_since = now
        row.append(connection)
        self.idle[connection] = None
        if self._expires_at == _FOREVER:
            self._expires_at = now + self._idle_s

    def release(self, connection: Any, *, persists: bool, why: Why = NOT_PERSISTENT) -> None:
        """Take a connection back: to keep it, or, where it does not persist, to close it and free its slot."""
        raise NotImplementedError


class AtOnce:
    """Does that exchange for the threads of a pool."""

    __slots__ = ("_default_encoding", "_has_engine", "_is_possible", "_judged_from", "_late_fields", "_pacing",
                 "_plain_reader", "_policies", "_receive_response", "_send_if_quiet", "_slots")  # fmt: skip

    def __init__(self, slots: Any, pacing: Pacing) -> None:
        shared = slots.shared
        engine = shared.engine
        self._slots: KeptConnections = slots
        self._pacing = pacing
        self._policies = shared.policies
        self._plain_reader = shared.plain_reader
        self._default_encoding = shared.default_encoding
        self._has_engine = engine is not None
        self._send_if_quiet: Any = None if engine is None else engine.send_if_quiet
        self._receive_response: Any = None if engine is None else engine.receive_response
        self._judged_from = 0 if shared.policies.cookies is not None else shared.policies.judged_from
        """The status from which on something may follow from a response."""
        self._late_fields = shared.preparer.late_fields
        self._is_possible = not pacing.are_kept and not shared.settings.keep_sent

    def take(self, job: Job) -> Any:
        """Return a kept ``Connection`` for *job*; None where something else has to be done, or waited for, first."""
        return None if job.trail is not None or self._pacing.are_needed else self._slots._take_kept(job.key)

    def begin(self, job: Job, limits: Timeout, is_streamed: bool) -> Response | tuple[Any, Any] | None:
        """Return the response to *job*, where nothing follows from it, and have the connection back.

        Else a kept connection and what ``exchange`` returned; None: there is no such connection, or not at once.
        """
        connection = self.take(job)
        if connection is None:
            return None
        found = self.exchange(connection, job, limits, is_streamed)
        if type(found) is Response:
            head: Any = found._head
            if head.status < self._judged_from or not self._policies.has_to_judge(head):
                return found
        return connection, found

    def exchange(self, connection: Held, job: Job, limits: Timeout, is_streamed: bool) -> Response | Begun | None:
        """Return the response, and have the connection back; what has begun of it, or None: nothing has.

        Raises what interrupts it, Ctrl-C say.
        """
        channel = connection.channel
        if type(channel) is not Channel or not job.is_plain or not self._is_possible or self._late_fields:
            return None
        if job.body is not None or job.trail is not None or job.may_go_on is not None or is_heard():
            return None
        if connection.left_out_at == connection.served:
            return None
        job.started = time.monotonic()
        try:
            found = self._talk(connection, channel, job, limits, is_streamed and not job.may_come_whole)
        except BaseException as error:
            self._slots.release(connection, persists=False, why=error)
            raise
        if found is None or isinstance(found, Begun):
            return found
        plain: Plain = found
        head = plain[0]
        if plain[4] >= _FIRST_ERROR:
            self._pacing.note_answer(job, head, self._policies)
        job.attempts = 1
        connection.served += 1
        now = time.monotonic()
        if channel.has_pending():
            self._slots.release(connection, persists=False)
        elif not self._slots._keep(connection, now):
            self._slots.release(connection, persists=True)
        kind = Response
        response = kind.__new__(kind)
        response._fill(job.request, head, plain[1])
        response._encoding = self._default_encoding
        response._times = now - job.started
        return response

    def _talk(
        self, connection: Held, channel: Channel, job: Job, limits: Timeout, is_only_sent: bool
    ) -> Plain | Begun | None:
        head, watch = job.head, connection.watch
        descriptor = -1 if not self._has_engine or watch is None else watch.plain_descriptor()
        if descriptor >= 0:
            sent = self._send_if_quiet(descriptor, head)
            if sent < 0:
                return None  # which is found again, and gone into
        else:
            # No content was left out before it, so that all there is to be looked at is the socket.
            if not (connection.is_quiet() if watch is None else watch.is_quiet()):
                connection.disconnect(NOT_QUIET)
                return None
            try:
                sent = channel.send(head)
            except OSError as error:
                return Begun(channel, error)
        if is_only_sent:  # right behind the look: an Attempt comes to it later, and servers close meanwhile
            return Begun(channel, sent)
        read_s, total_s = limits.read, limits.total
        limit_s = total_s if read_s is None or (total_s is not None and total_s < read_s) else read_s
        if sent < len(head) or not (channel.has_pending() or channel.wait(READ, limit_s)):
            return Begun(channel, sent, is_silent=sent == len(head))
        if descriptor >= 0 and (connection.watch is None or connection.watch.plain_descriptor() != descriptor):
            return Begun(channel, sent)  # a signal's handler has closed it, or forked: the number may be another's
        reader: PlainReader = self._plain_reader if job.reader is None else job.reader
        try:
            if descriptor >= 0:
                got: Any = self._receive_response(descriptor, reader._line_bytes, reader._field_lines)
                plain = reader.take(got, _RECEIVE_BYTES) if type(got) is tuple else None
            else:
                got = channel.receive(_RECEIVE_BYTES)
                plain = None if got is None else reader.begin(got)
        except OSError as error:
            return Begun(channel, sent, [error])
        if plain is None:
            if type(got) is tuple:
                got = got[0].block + got[1]
            return Begun(channel, sent, None if got is None else [got])
        return plain if not plain[2] else _with_rest(plain, channel, sent)


def _with_rest(plain: Plain, channel: Channel, sent: int) -> Plain | Begun:
    """Return *plain* with the rest of its content, if that is there by now.

    Servers send head and body in two pieces, and TLS has its records. So it is looked for, as long as something comes.
    """
    head, content, left, _, status, reason = plain
    came: list[bytes | OSError] = [content]
    while 0 < left <= _RECEIVE_BYTES:
        try:
            more = channel.receive(left)
        except OSError as error:
            return Begun(channel, sent, [head.block + content, *came[1:], error])
        if more is None:
            break
        came.append(more)
        if not more:
            break
        left -= len(more)
    if left:
        return Begun(channel, sent, [head.block + content, *came[1:]])
    # What came alone behind the head is handed out as it is: to copy it is most of what there is to do with it.
    whole: Any = came[1] if len(came) == 2 and not content else b"".join(came)  # type: ignore[arg-type]  # no errors here
    return head, whole, 0, b"", status, reason
