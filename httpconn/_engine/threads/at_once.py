"""The common exchange of a pool: a request over a kept connection, and a plain response, which is whole when it comes.

An ``Attempt`` comes to the same by three times as many steps, since it is ready for all that may happen. Here the first
thing that is not common is where this ends: then an ``Attempt`` goes on, to which ``Begun`` gives again what there was.
"""

from __future__ import annotations

import time
from typing import Any, Final

from ..._exchange.job import Job
from ..._io.channel import NOT_QUIET, READ, Channel
from ..._io.logger import is_heard
from ..._wire.plain import Plain
from ...model import Response, Timeout
from ...policies.verdict import FIRST_ERROR
from .pacing import Pacing
from .slots import Connection, Slots

RECEIVE_BYTES: Final = 65_536


class Begun:
    """A channel on which an exchange has begun: gives again what was sent and what came, then goes on as the channel.

    Of what went wrong it raises the error again: the system tells each of them once.
    """

    __slots__ = ("_came", "_channel", "_is_silent", "_sent")

    def __init__(
        self,
        channel: Channel,
        sent: int | OSError,
        came: list[bytes | OSError] | None = None,
        *,
        is_silent: bool = False,
    ) -> None:
        self._channel = channel
        self._sent: int | OSError | None = sent
        self._came = came or []
        self._is_silent = is_silent

    def send(self, data: bytes | memoryview) -> int:
        sent, self._sent = self._sent, None
        if isinstance(sent, OSError):
            raise sent
        return self._channel.send(data) if sent is None else sent

    def receive(self, size: int) -> bytes | None:
        if not self._came:
            return self._channel.receive(size)
        came = self._came.pop(0)
        if isinstance(came, OSError):
            raise came
        return came

    def has_pending(self) -> bool:
        return bool(self._came) or self._channel.has_pending()

    def wait(self, wanted: int, timeout_s: float | None) -> bool:
        if self._is_silent:
            self._is_silent = False
            return False
        return self._channel.wait(wanted, timeout_s)

    @property
    def wants(self) -> int:
        return self._channel.wants

    @property
    def is_clean(self) -> bool:
        return self._channel.is_clean

    @property
    def is_tls(self) -> bool:
        return self._channel.is_tls


class AtOnce:
    """Does that exchange for the threads of a pool."""

    def __init__(self, slots: Slots, pacing: Pacing) -> None:
        shared = slots.shared
        self._slots = slots
        self._pacing = pacing
        self._shared = shared
        self._engine = shared.engine
        self._late_fields = shared.preparer.late_fields
        self._is_possible = not pacing.are_kept and not shared.settings.keep_sent

    def exchange(
        self, connection: Connection, job: Job, limits: Timeout, *, is_streamed: bool
    ) -> Response | Begun | None:
        """Return the response, and have the connection back; what has begun of it, or None: nothing has.

        Raises what interrupts it, Ctrl-C say.
        """
        channel = connection.channel
        if type(channel) is not Channel or not job.is_plain or not self._is_possible or self._late_fields:
            return None
        if job.body is not None or job.trail is not None or job.may_go_on is not None or is_heard():
            return None
        if (is_streamed and not job.may_come_whole) or connection.left_out_at == connection.served:
            return None
        job.started = time.monotonic()
        try:
            plain = self._talk(connection, channel, job, limits)
        except BaseException as error:
            self._slots.release(connection, persists=False, why=error)
            raise
        if plain is None or isinstance(plain, Begun):
            return plain
        head = plain[0]
        if plain[4] >= FIRST_ERROR:
            self._pacing.note_answer(job, head, self._shared.policies)
        job.attempts = 1
        connection.served += 1
        self._slots.release(connection, persists=not channel.has_pending())
        response = self._shared.make_response(job.request, head, plain[1])
        response._times = time.monotonic() - job.started
        return response

    def _talk(self, connection: Connection, channel: Channel, job: Job, limits: Timeout) -> Plain | Begun | None:
        head = job.head
        engine = self._engine
        descriptor = -1 if engine is None or connection.watch is None else connection.watch.plain_descriptor()
        if engine is not None and descriptor >= 0:
            sent = engine.send_if_quiet(descriptor, head)
            if sent < 0:
                return None  # which is found again, and gone into
        else:
            if not connection.is_quiet():
                connection.disconnect(NOT_QUIET)
                return None
            try:
                sent = channel.send(head)
            except OSError as error:
                return Begun(channel, error)
        read_s, total_s = limits.read, limits.total
        limit_s = total_s if read_s is None or (total_s is not None and total_s < read_s) else read_s
        if sent < len(head) or not (channel.has_pending() or channel.wait(READ, limit_s)):
            return Begun(channel, sent, is_silent=sent == len(head))
        if descriptor >= 0 and (connection.watch is None or connection.watch.plain_descriptor() != descriptor):
            return Begun(channel, sent)  # a signal's handler has closed it, or forked: the number may be another's
        reader = self._shared.plain_reader if job.reader is None else job.reader
        try:
            if engine is not None and descriptor >= 0:
                got: Any = engine.receive_response(descriptor, reader._line_bytes, reader._field_lines)
                plain = reader.take(got, RECEIVE_BYTES) if type(got) is tuple else None
            else:
                got = channel.receive(RECEIVE_BYTES)
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
    while 0 < left <= RECEIVE_BYTES:
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
    return head, b"".join(came), 0, b"", status, reason  # type: ignore[arg-type]  # none of them is an error here
