"""One connection among many, that never waits: opened, and then one exchange after the other, as events come in.

Its ``phase`` says what an event means:

    RESOLVING   connect: the host's addresses are looked up, unless they are known. No socket yet
    OPENING     the sockets race, then come a proxy's handshakes and TLS, as the channel asks for them
    BUSY        the request is sent and the response received, at the same time where the body is large
    IDLE        no job. Whatever comes now was not asked for, and closes the connection

    RESOLVING -> OPENING -> BUSY -> BUSY with the host's next job, or IDLE until there is one (begin)
    a failure: closed, or back to RESOLVING where the job may be sent again

BUSY has two ways to receive. On the fast path, a plain job on a plain socket with the extension, one compiled call
receives, reads and sends the next request (``turn_fast``). Everything else, and whatever that call declines, is read by
the shared reader in ``incoming.py`` (``_receive``, ``_read``).

``scheduler.py`` decides what runs when, and is told when an exchange has ended (``LoopState.answered``). This module is
compiled too, with the types of ``connection.pxd``.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Final, TypeAlias

from ..._backends.contract import NOT_SENT
from ..._exchange.incoming import Incoming
from ..._exchange.job import Job, Stream
from ..._exchange.outcome import check_is_answer, is_left_out_content, may_resend, note_failure, pour_into_sink
from ..._exchange.outgoing import Outgoing
from ..._exchange.sink import FILES
from ..._io.channel import NOT_PERSISTENT, NOT_QUIET, READ, Channel, Why
from ..._io.descriptors import is_out_of_descriptors
from ..._io.lookups import Address, Lookup, Name
from ..._io.polling import IN, OUT
from ..._io.watch import Watch
from ..._wire.framing import announced_bytes, announces_content
from ..._wire.gathered import Gathered
from ..._wire.head import ResponseHead
from ...errors import name_place, without_frames
from ...model import Response, Timeout, memory_of, tell_partial
from ..tracing import note_sending
from .host import Host
from .state import LoopState
from .turn import TO_BE_JUDGED, Turned

Times: TypeAlias = tuple[float, float, float, float]

_RECEIVE_BYTES: Final = 65_536
_BODY_RECEIVE_BYTES: Final = 262_144
_WORTH_READING_BYTES: Final = 65_536
"""How much is read of a response that nobody waits for any more, to keep the connection: a new one costs more."""
_READ_OFF_S: Final = 1.0
"""And for how long: the place of the connection may be needed for another host."""
_FOREVER: Final = float("inf")
_NOT_SENT: Final = NOT_SENT
_TO_BE_JUDGED: Final = TO_BE_JUDGED
_NO_TIMES: Final[Times] = (0.0, 0.0, 0.0, 0.0)

RESOLVING: Final = 0
OPENING: Final = 1
BUSY: Final = 2
IDLE: Final = 3


class Connection:
    """A connection, and the job that it is busy with."""

    __slots__ = ("_large", "channel", "descriptor", "has_alarm", "head", "held", "host", "idle_since", "incoming",
                 "is_answered", "is_fast", "is_plain", "is_sent", "job", "left", "left_out_at", "left_out_bytes",
                 "limits", "loop", "mask", "number", "others", "outgoing", "parts", "paused_at", "phase",
                 "rests_until", "send_error", "served", "since", "times", "total_at", "turn", "wakes_at",
                 "watch")  # fmt: skip

    limits: Timeout

    def __init__(self, loop: LoopState, host: Host) -> None:
        self.loop = loop
        self.host = host
        self.phase = RESOLVING
        self.job: Job | None = None
        self.channel: Channel | None = None
        self.watch: Watch | None = None
        self.number = 0  # of the channel's sockets that are registered
        self.descriptor = -1
        self.others: list[int] = []  # while addresses race: those of the sockets but the first, which only connect
        self.wakes_at = _FOREVER  # when there is something to do even if nothing comes
        self.mask = 0  # what it is registered for; 0: not at all
        self.outgoing: Outgoing | None = None
        self.is_sent = False
        self.send_error: OSError | None = None
        self.incoming: Incoming | None = None
        # The fast path: a plain job on a plain socket, with the extension; else ``incoming`` has it. Of a response
        # of which a part has come: its head, what there is of its body, and how much of that is to come.
        self.is_plain = False
        self.is_fast = False
        self.head: ResponseHead | None = None
        self.parts: list[bytes] = []
        self._large: Gathered | None = None  # in the place of ``parts``, once more is to come than by one receive
        self.left = 0
        self.held = 0  # of what the loop's ``memory`` counts
        self.served = 0
        self.is_answered = False  # something of a response has come since it was opened
        self.turn = 0  # exchanges since another host might have had the place
        self.since = 0.0  # the last sign of life
        self.total_at = _FOREVER
        self.paused_at = 0.0
        self.idle_since = 0.0
        self.left_out_at = -1  # ``served`` when an answer had left announced content out: see ``rests.py``
        self.left_out_bytes = -1  # and how many, where that was said
        self.rests_until = 0.0
        self.has_alarm = False  # it stands in pacing's row, to be woken
        self.times = _NO_TIMES  # resolve, connect, tls, first byte

    # -- opening --------------------------------------------------------------------------------------------

    def connect(self, job: Job) -> None:
        """Begin to open the connection for *job*."""
        loop = self.loop
        self._admit(job)
        self.phase = RESOLVING
        self.host.opening += 1
        self.served = 0
        self.is_answered = False
        self.left_out_at = -1
        self.incoming = None
        connect_s = self.limits.connect
        loop.sweep_at = min(loop.sweep_at, self.total_at, _FOREVER if connect_s is None else loop.now + connect_s)
        self.resolve()

    def _admit(self, job: Job) -> None:
        """Give *job* the connection, and let its time begin unless it is its second attempt."""
        self.job = job
        self.limits = limits = job.timeout or self.loop.timeout
        self.since = now = self.loop.now
        if job.trail is not None:
            self.total_at = job.trail.total_at
            job.started = now
        elif not job.attempts:
            job.started = now
            self.total_at = now + (_FOREVER if limits.total is None else limits.total)
        job.attempts += 1

    def resolve(self) -> None:
        """Open the connection if its addresses are known, or have them looked up."""
        loop, job = self.loop, self.job
        assert job is not None
        found: dict[Name, list[Address]] = {}
        waited_for = loop.names.awaited.pop(self, None)
        try:
            if waited_for is not None:
                lookup, found = waited_for
                self.note_wait(lookup)
                found[lookup.name] = loop.shared.resolver.answer_of(lookup)
            dialed = loop.off_the_clock(loop.shared.dial, job, found, self.note_answer)
            if isinstance(dialed, Lookup):
                loop.names.awaited[self] = (dialed, found)
                return
            self.channel = dialed
        except Exception as error:
            self.fail(error)
            return
        now = loop.time()
        self.times = (max(0.0, now - self.since), 0.0, 0.0, 0.0)
        self.phase = OPENING
        loop.opened += 1
        self._open_step()

    def note_answer(self) -> None:
        """Have the loop go on with this connection: its name has been looked up. Called in the resolver's thread."""
        self.loop.names.wake(self)

    def note_wait(self, lookup: Lookup) -> None:
        """Have the wait of a name for its turn be no part of ``Timeout.connect``."""
        self.since = min(self.loop.now, self.since + self.loop.shared.resolver.lookups.take_waited_s(lookup))

    def _open_step(self) -> None:
        """Take the next step of connecting and shaking hands; send the request when it was the last."""
        loop, channel, job = self.loop, self.channel, self.job
        assert channel is not None
        assert job is not None
        try:
            wanted = channel.open()
        except Exception as error:
            self.fail(error)
            return
        if self.number != channel.number:
            if self.number:
                self._unregister()  # the sockets for other addresses, which may be closed
            self.number = channel.number
            self._register(channel)
        self._set_mask(OUT if wanted and wanted != READ else IN)
        if channel.next_at:
            self.wakes_at = channel.next_at - loop.away
            loop.sweep_at = min(loop.sweep_at, self.wakes_at)
        else:
            self.wakes_at = _FOREVER
        # Now, and not when the connection is open: until then, code of the caller's may stop the loop's clock.
        resolve_s, connect_s, _, _ = self.times
        if channel.connected_at and not connect_s:
            connect_s = max(0.0, channel.connected_at - loop.away - self.since - resolve_s)
            self.times = (resolve_s, connect_s, 0.0, 0.0)
        if wanted:
            return
        if channel.dead or channel.has_resumed is not None:
            loop.shared.note_open(self.host.key, channel)
        self.is_plain = not channel.is_tls and loop.turner is not None
        if channel.secured_at:
            tls_s = channel.secured_at - loop.away - self.since - resolve_s - connect_s
            self.times = (resolve_s, connect_s, max(0.0, tls_s), 0.0)
        self.phase = BUSY
        loop.pacing.note_open(self.host, job)
        adds_late_fields = loop.adds_late_fields(job)
        if loop.is_closed:
            return  # by the jar, or by a signal's handler meanwhile; so below
        if adds_late_fields:
            self._send(job)
        else:
            self.rest()

    # -- what the poller tells --------------------------------------------------------------------------------

    def step(self) -> None:
        """Do what there is to do, now that something can be received or sent."""
        if self.phase == BUSY:
            if self.paused_at or self in self.loop.unfinished:
                return
            if self.outgoing is not None:
                self.since = self.loop.now
                self._send_on()
            if self.channel is not None and self.phase == BUSY:  # that has not failed
                self._receive()
        elif self.phase == OPENING:
            self._open_step()
        elif not self.is_quiet():
            self.close(NOT_QUIET)

    def wake_up(self) -> None:
        """Do what is due at ``wakes_at``: try another address, or send a body though no "100 Continue" has come."""
        self.wakes_at = _FOREVER
        if self.phase == OPENING:
            self._open_step()
        elif self.outgoing is not None:
            self.outgoing.go_on()
            self._send_on()

    def is_quiet(self) -> bool:
        """Return whether the connection is open and nothing came on it unasked: the look of SAFETY.md."""
        watch = self.watch
        if watch is None:
            assert self.channel is not None
            watch = self.watch = Watch(self.channel.sock)
        is_quiet = watch.is_quiet()
        if self.left_out_at == self.served:
            rests = self.loop.rests
            if not is_quiet and watch.has_found_bytes():
                rests.note_noisy(self.host.key)
            elif is_quiet and self.rests_until and time.monotonic() >= self.rests_until:
                self.rests_until = 0.0
                rests.note_silent(self.host.key)
        return is_quiet

    @property
    def is_behind_left_out(self) -> bool:
        """Whether the last answer left announced content out."""
        return self.left_out_at == self.served

    def pause(self) -> None:
        """Receive nothing for a while, which counts for no deadline."""
        if not self.paused_at:
            self.paused_at = self.loop.now
            self._set_mask(0)

    def unpause(self) -> None:
        """Go on receiving."""
        if not self.paused_at:
            return
        loop = self.loop
        passed = loop.now - self.paused_at
        self.since += passed
        self.total_at += passed
        if self.job is not None:
            self.job.paused_s += passed
        self.paused_at = 0.0
        read_at = _FOREVER if self.limits.read is None else self.since + self.limits.read
        loop.sweep_at = min(loop.sweep_at, read_at, self.total_at, self.wakes_at)
        self._set_mask(IN | OUT if self.outgoing is not None else IN)

    def _set_mask(self, mask: int) -> None:
        """Wait for IN, OUT, both or, with 0, for nothing: pollers tell of errors even where none is asked for."""
        if mask == self.mask:
            return
        poller = self.loop.poller
        assert poller is not None
        if not self.mask:
            poller.register(self.descriptor, mask)
        elif mask:
            poller.modify(self.descriptor, mask)
        else:
            poller.unregister(self.descriptor)
        self.mask = mask

    def _register(self, channel: Channel) -> None:
        """Have events of *channel* told to this connection; what it waits for on the first, ``_set_mask`` says."""
        loop = self.loop
        sockets = channel.sockets
        self.descriptor = descriptor = sockets[0].fileno()
        loop.by_descriptor[descriptor] = self
        for other in sockets[1:]:
            assert loop.poller is not None
            number = other.fileno()
            self.others.append(number)
            loop.poller.register(number, OUT)
            loop.by_descriptor[number] = self

    def _unregister(self) -> None:
        """Have no events told any more. Before a socket is closed: somebody who forks may hold it open."""
        loop, poller, others = self.loop, self.loop.poller, self.others
        if self.mask:
            _take_out(poller, self.descriptor)
            self.mask = 0
        loop.by_descriptor.pop(self.descriptor, None)
        self.descriptor = -1
        if others:
            self.others = []
            for number in others:
                _take_out(poller, number)
                loop.by_descriptor.pop(number, None)

    # -- sending ----------------------------------------------------------------------------------------------

    def begin(self, job: Job) -> None:
        """Send *job*'s request on a kept connection."""
        self._admit(job)
        self.loop.reused += 1
        self._send(job)

    def begun(self, job: Job, sent: int) -> None:
        """Start *job* on this kept connection; the fast path has already sent the first *sent* bytes of its head."""
        self._admit(job)
        self.loop.reused += 1
        self.phase = BUSY
        self._note_deadline()
        if sent == len(job.head):
            self.is_sent = self.is_fast = True
        else:
            self._send_rest(job, sent)

    def _note_deadline(self) -> None:
        """Have the loop look again when the job's time may be over."""
        loop = self.loop
        read_s = self.limits.read
        until = min(self.total_at, _FOREVER if read_s is None else loop.now + read_s)
        if until < loop.sweep_at:
            loop.sweep_at = until

    def _send(self, job: Job) -> None:
        """Send the request of a job that has been admitted, on an open connection."""
        loop, channel = self.loop, self.channel
        assert channel is not None
        self.phase = BUSY
        self.since = loop.now
        self._note_deadline()
        try:
            if loop.is_traced:
                note_sending(job, channel, keeps_sent=loop.shared.settings.keep_sent)
            head = job.head_to_send
            sent = channel.send(head)
            if sent == len(head) and job.body is None:
                self.is_sent = True
                self.is_fast = self.is_plain and job.is_plain
                return
        except OSError as error:
            self.is_sent = False
            self.send_error = without_frames(error)  # what there is to read decides
            return
        except Exception as error:
            self.fail(error)
            return
        self._send_rest(job, sent)

    def _send_rest(self, job: Job, sent: int) -> None:
        """Send what is behind the first *sent* bytes of the head."""
        self.is_fast = self.is_sent = False
        try:
            self.outgoing = Outgoing(job, self.loop, sent)
        except Exception as error:  # the body cannot be had
            self.fail(error)
            return
        self._send_on()

    def _send_on(self) -> None:
        """Send what is left of the request, as far as it goes."""
        channel, outgoing = self.channel, self.outgoing
        assert channel is not None
        assert outgoing is not None
        try:
            if not outgoing.send(channel.send):
                if outgoing.is_waiting:
                    self._await_continue()
                    return
                if outgoing.is_starving:
                    outgoing.wait_for_more(self.send_more)
                    self._set_mask(IN)  # the server may answer all the same
                    return
                self._set_mask(IN | OUT if channel.wants != READ else IN)
                return
            self.is_sent = True
        except Exception as error:
            if not isinstance(error, OSError) or error is outgoing.body_error:
                self.fail(error)
                return
            self.send_error = without_frames(error)  # the peer may have answered before it closed
        self.outgoing = None
        self._set_mask(IN)

    def send_more(self) -> None:
        """Go on sending a body whose source had nothing for a while; that time counts for no deadline."""
        self.loop.now = self.loop.time()
        self.excuse()
        if self.outgoing is not None and self.phase == BUSY:
            self._send_on()

    def excuse(self) -> None:
        """Move the deadlines on by the time for which the body's source had nothing to send."""
        outgoing = self.outgoing
        if outgoing is None or not outgoing.is_starving:
            return
        now = self.loop.now
        passed = max(0.0, now - self.since)
        self.since = now
        self.total_at += passed
        if self.job is not None:
            self.job.paused_s += passed

    def _await_continue(self) -> None:
        """The head is out: wait for "100 Continue", but not for long (RFC 9110 section 10.1.1)."""
        loop = self.loop
        if self.wakes_at == _FOREVER:
            self.wakes_at = loop.now + (loop.shared.settings.expect_timeout_s or 0.0)
            loop.sweep_at = min(loop.sweep_at, self.wakes_at)
        self._set_mask(IN)

    # -- receiving: the fast path -----------------------------------------------------------------------------

    def turn_fast(self) -> None:
        """Receive once, and with a complete response send the next request in the same call."""
        if self.paused_at:
            return
        if self.left:
            self._receive_rest()
            return
        loop = self.loop
        next_job = None if loop.is_traced else loop.next_job(self.host, self.turn)
        if loop.is_closed:
            return
        head = None
        if next_job is not None:
            if next_job.body is None:
                head = next_job.head if next_job.late_head is None else next_job.late_head
            else:
                next_job = None
        job, turner = self.job, loop.turner
        assert job is not None
        assert turner is not None
        try:
            found = turner.take(self.descriptor, head, loop.plain_reader if job.reader is None else job.reader)
        except OSError as error:
            self.fail(error)
            return
        if found is not None and not loop.is_closed:  # by a finalizer
            self._turned(found, next_job)

    def _turned(self, found: Turned | bytes, next_job: Job | None) -> None:
        """Handle what ``Turn.take`` has received; *next_job* is the job whose head it may have sent."""
        loop, job = self.loop, self.job
        assert job is not None
        if not isinstance(found, tuple):
            self.is_fast = False
            self._read(job, found)
            return
        assert loop.turner is not None
        whole: Turned = found
        head, content, left, sent = whole[0], whole[1], loop.turner.left, loop.turner.sent
        pours = job.reader is not None and job.may_go_on is not None
        if left and pours:  # into a sink or a stream, part by part
            self.is_fast = False
            self._read(job, head.block + content)
            return
        if left:
            self.since = loop.now
            self.head = head
            self.parts = [content]
            self.left = left
            self._note_first_byte(job)
            self._hold(len(content))
            return
        passed = loop.now - job.started
        response = self._response_to(job, head, content)
        if self.served:
            response._times = passed
        else:
            self._note_first_byte(job)
            response._times = _and_whole(self.times, passed)
        if sent >= 0:
            assert next_job is not None
            self._go_on_sent(next_job, sent)
        elif sent == _NOT_SENT:
            self._go_on(persists=True)
        else:
            self._stop(persists=sent == _TO_BE_JUDGED)
        if pours and (
            sent >= _NOT_SENT or not loop.shared.policies.may_go_on(job, head)
        ):  # else once it is seen to be the result
            self._pour_whole(job, response)
            if response.error is not None:
                loop.follow_up(job, response)
                return
            content = response._content
        loop.hold(len(content))
        if sent < _NOT_SENT:
            loop.follow_up(job, response)
        else:
            loop.answered(response)

    def _pour_whole(self, job: Job, response: Response) -> None:
        """Write the content of a result, which came in one piece, into the caller's file object, if it is for that.

        Where that fails, the response has the ``error``. Its connection has gone on by then.
        """
        if job.stream is not None:
            return
        request: Any = job.request
        sink, content = request.sink, response._content
        try:
            if content and type(sink) in FILES:  # which get every result's: see ``takes``
                job.has_poured = True
                response._content = b""
                taken = self.loop.written(sink, content)
                if taken == len(content):
                    return
                response._content = content[taken:]
            self.loop.off_the_clock(pour_into_sink, job, response, (job.timeout or self.loop.timeout).read)
        except Exception as error:
            response.error = without_frames(error)
            tell_partial(error, b"")
            name_place(error, job.place)

    def _response_to(self, job: Job, head: ResponseHead, content: bytes) -> Response:
        """Return the response to *job*, which has been read in one go; without its times."""
        kind = Response
        response = kind.__new__(kind)
        response._fill(job.request, head, content)
        response._encoding = self.loop.default_encoding
        response.index = job.index
        if job.attempts != 1:
            response.attempts = job.attempts
        if self.loop.is_traced:
            response._sent = job.sent
        return response

    def _go_on_sent(self, job: Job, sent: int) -> None:
        """Go on with *job*, of whose head *sent* bytes have gone out already; as ``begin``, on the fast path."""
        loop = self.loop
        now = loop.now
        loop.note_sent(self.host, job)
        self.job = job
        self._note_served()
        self.since = now
        if job.timeout is None and not job.attempts:
            self.limits = loop.timeout
            job.started = now
            self.total_at = until = now + loop.total_s
            if now + loop.read_s < until:
                until = now + loop.read_s
            if until < loop.sweep_at:
                loop.sweep_at = until
            job.attempts = 1
        else:
            self._admit(job)
            read_s = self.limits.read
            loop.sweep_at = min(loop.sweep_at, _FOREVER if read_s is None else now + read_s, self.total_at)
        head = job.head if job.late_head is None else job.late_head
        if sent != len(head):
            self._send_rest(job, sent)
        elif not job.is_plain:
            self.is_fast = False

    def _receive_rest(self) -> None:
        """Receive more of a body of known length; no byte that lies behind it."""
        loop, channel, job = self.loop, self.channel, self.job
        assert channel is not None
        assert job is not None
        try:
            count = self._receive_part(channel)
        except Exception as error:
            self.fail(error)
            return
        if count < 0:
            return
        if not count:
            self.incoming = self._incoming_of(job)
            self._read(job, b"")
            return
        self.since = loop.now
        self.left -= count
        self._hold(self.held + count)
        if self.left:
            return
        assert self.head is not None
        response = self._response_to(job, self.head, b"".join(self._take_parts()))
        response._times = _and_whole(self.times, loop.now - job.started)
        self.head = None
        self.held = 0
        self.is_fast = False
        self._end(job, response, persists=True)

    def _receive_part(self, channel: Channel) -> int:
        """Receive a part of the content; return how much, 0 where the peer has closed, -1: nothing is there now."""
        large = self._large
        if large is None:
            if self.left <= _BODY_RECEIVE_BYTES:
                data = channel.receive(self.left)
                if data is None:
                    return -1
                self.parts.append(data)
                return len(data)
            large = self._large = Gathered(self.loop.shared.plain_reader.backend.body_buffer)
            for part in self.parts:
                large.add(part)
            self.parts = []
        room = large.room(self.left)
        try:
            got: int | None = channel.receive_into(room)
            if got:
                large.advance(got)
        finally:
            room.release()  # also for the traceback of what went wrong, which has it
        return -1 if got is None else got

    def _take_parts(self) -> list[bytes]:
        """Return what there is of the content, and hold it no longer."""
        parts, large = self.parts, self._large
        self.parts, self._large = [], None
        return parts if large is None else [large.whole()]

    def _incoming_of(self, job: Job) -> Incoming:
        """Return the response as the shared reader has it; what the fast path has received is read again."""
        incoming = self.incoming
        if incoming is None:
            incoming = Incoming(job, self.loop.shared.settings, self.loop, is_streamed=job.stream is not None)
            if self.head is not None:
                for part in (self.head.block, *self._take_parts()):
                    if part:
                        incoming.receive(part)
                self.head = None
                self.left = 0
        self.is_fast = False
        return incoming

    # -- receiving: everything else ---------------------------------------------------------------------------

    def _receive(self) -> None:
        """Receive once, and read it: on the fast path where that may be, else by the shared reader."""
        loop, channel, job = self.loop, self.channel, self.job
        assert channel is not None
        assert job is not None
        try:
            data = channel.receive(_RECEIVE_BYTES if self.incoming is None else _BODY_RECEIVE_BYTES)
        except Exception as error:
            self.fail(error)
            return
        if data is None:
            return
        if self.incoming is None and job.may_read_fast:
            # TLS or HEAD, most likely: read as on the fast path, and received as everywhere.
            reader = loop.plain_reader if job.reader is None else job.reader
            plain = reader.begin_answer_to_head(data) if job.method == "HEAD" else reader.begin(data)
            if plain is not None and not plain[2]:
                head = plain[0]
                if not self._may_be_left_out(head) and (job.may_go_on is None or not job.may_go_on(job, head)):
                    self._end_plain(job, channel, head, plain[1])
                    return
        self._read(job, data)

    def _may_be_left_out(self, head: ResponseHead) -> bool:
        """Return whether *head*, the whole of what came, may be what the answer before it left out: of that length."""
        return self.left_out_at == self.served and len(head.block) == self.left_out_bytes

    def _end_plain(self, job: Job, channel: Channel, head: ResponseHead, content: bytes) -> None:
        """End an exchange whose response came in one piece, and was plain."""
        loop = self.loop
        self._note_first_byte(job)
        response = self._response_to(job, head, content)
        response._times = _and_whole(self.times, loop.now - job.started)
        persists = self.is_sent and not channel.has_pending()
        if job.may_go_on is not None:
            self._pour_whole(job, response)
            if response.error is not None:
                self._go_on(persists=persists)
                loop.follow_up(job, response)
                return
        if response._content:
            loop.hold(len(response._content))
        elif job.method == "HEAD" and announces_content(head, "HEAD"):
            self._end_left_out(job, response, announced_bytes(head), persists=persists)
            return
        self._end(job, response, persists=persists)

    def _read(self, job: Job, data: bytes) -> None:
        """Hand received bytes to the shared reader, and act on what it has read."""
        channel, incoming = self.channel, self.incoming
        assert channel is not None
        self.since = self.loop.now
        try:
            if incoming is None:
                incoming = self.incoming = Incoming(
                    job, self.loop.shared.settings, self.loop, is_streamed=job.stream is not None
                )
                self._note_first_byte(job)
            is_complete = incoming.receive(data, is_clean=channel.is_clean) or self._read_pending(channel, incoming)
        except Exception as error:
            self.fail(error)
            return
        self._take_note(incoming, is_complete=is_complete)

    def _read_pending(self, channel: Channel, incoming: Incoming) -> bool:
        """Read what TLS holds already, which no poller reports; return whether the message is complete."""
        while not incoming.is_unfinished and channel.has_pending():
            more = channel.receive(_BODY_RECEIVE_BYTES)
            if more is None:
                break
            if incoming.receive(more, is_clean=channel.is_clean):
                return True
        return False

    def go_on(self) -> None:
        """Decode more of what was received, which is too much to be decoded in one turn."""
        channel, incoming = self.channel, self.incoming
        assert channel is not None
        assert incoming is not None
        self.since = self.loop.now
        try:
            is_complete = incoming.go_on() or self._read_pending(channel, incoming)
        except Exception as error:
            self.fail(error)
            return
        self._take_note(incoming, is_complete=is_complete)

    def _take_note(self, incoming: Incoming, *, is_complete: bool) -> None:
        """See to what follows, now that some of the response has been read."""
        if incoming.is_unfinished:
            self.loop.unfinished[self] = None
        job = self.job
        assert job is not None
        stream = job.stream
        head = incoming.head
        if stream is not None and head is not None and incoming.is_in_body:
            if not stream.has_begun and job.may_go_on is not None and job.may_go_on(job, head):
                stream = None  # a redirect's page, say, which is kept and judged when it is whole
            elif not self._pour(stream, job, incoming):
                return
        self._hold(incoming.memory)
        outgoing = self.outgoing
        if outgoing is not None and outgoing.is_waiting and (incoming.head is not None or incoming.is_continued):
            self.wakes_at = _FOREVER
            if incoming.head is None:
                outgoing.go_on()
                self._send_on()
                return
            self.outgoing = None  # the body is not wanted; that it is not sent ends the connection
        if is_complete and stream is not None:
            self._finish_stream(stream, incoming)
        elif is_complete:
            self._finish(incoming)

    # -- a response that is streamed ----------------------------------------------------------------------------

    def _pour(self, stream: Stream, job: Job, incoming: Incoming) -> bool:
        """Give the reader of a stream what has come, its head first; return whether the exchange goes on."""
        if not stream.has_begun:
            response = stream.begin(self, job, incoming, _and_whole(self.times, self.loop.time() - job.started))
            self.loop.take_note(job, response)
            if response.error is not None:  # a hook has raised it
                self._leave_stream(response.error)
                response._stream = None
                stream.fail(response.error, response)
            self.loop.answered(response)
            if response.error is not None:
                return False
        stream.feed(incoming.take_content())
        if stream.is_full:
            self.pause()
        return True

    def _has_begun_stream(self, job: Job, stream: Stream) -> bool:
        """Return whether the reader has the head, which it gets first where it came together with what is wrong."""
        incoming = self.incoming
        if stream.has_begun or incoming is None or incoming.head is None or not incoming.is_in_body:
            return stream.has_begun
        if job.may_go_on is None or not job.may_go_on(job, incoming.head):
            self._pour(stream, job, incoming)
        return stream.has_begun

    @property
    def is_poured(self) -> bool:
        """Whether what comes goes to the reader of a stream."""
        return self.job is not None and self.job.stream is not None and self.job.stream.has_begun

    def _finish_stream(self, stream: Stream, incoming: Incoming) -> None:
        """End an exchange whose response was streamed, and has come to its end."""
        loop, channel, job = self.loop, self.channel, self.job
        assert channel is not None
        assert job is not None
        persists = self.is_sent and incoming.persists() and not channel.has_pending()
        self.incoming = None
        loop.memory.held -= self.held
        self.held = 0
        stream.finish(incoming, _and_whole(self.times, loop.time() - job.started))
        self.unpause()
        self._go_on(persists=persists)

    def _end_stream(self, job: Job, error: Exception) -> None:
        """Close the connection of a response that is streamed, and has gone wrong."""
        stream, incoming, times = job.stream, self.incoming, self.times
        assert stream is not None
        assert incoming is not None
        stream.feed(incoming.take_content())
        response = incoming.response(without_frames(error))
        response._times = _and_whole(times, self.loop.time() - job.started)
        self._leave_stream(error)
        stream.fail(error, response)

    def _leave_stream(self, why: Why) -> None:
        """Close the connection of a response that is streamed."""
        self.loop.memory.held -= self.held
        self.held = 0
        self.close(why)

    def abandon(self) -> None:
        """The caller has cancelled: read the rest if it is short, else close the connection."""
        loop, job, incoming = self.loop, self.job, self.incoming
        assert job is not None
        left = self.left if incoming is None else incoming.left_bytes
        was_abandoned, job.is_abandoned = job.is_abandoned, True
        may_read_off = job.stream is None and not was_abandoned
        if may_read_off and self.is_sent and not self.paused_at and 0 < left <= _WORTH_READING_BYTES:
            self.total_at = min(self.total_at, loop.now + _READ_OFF_S)
            loop.sweep_at = min(loop.sweep_at, self.total_at)
            return
        loop.memory.held -= self.held
        self.held = 0
        self.close("nobody waits for its response any more")
        if incoming is not None:
            with contextlib.suppress(OSError):  # of a sink that is taken away again, and that nobody asks for
                incoming.close_sink()

    def _note_first_byte(self, job: Job) -> None:
        resolve_s, connect_s, tls_s, _ = self.times
        first_s = self.loop.now - job.started - resolve_s - connect_s - tls_s
        self.times = (resolve_s, connect_s, tls_s, max(0.0, first_s))
        self.is_answered = True

    def _hold(self, held: int) -> None:
        """Note that *held* bytes of content are here, and have the loop count them."""
        more = held - self.held
        self.held = held
        self.loop.hold(more)

    # -- after an exchange ------------------------------------------------------------------------------------

    def _finish(self, incoming: Incoming) -> None:
        """Hand out a complete response, and go on with the connection if it persists."""
        loop, channel, job = self.loop, self.channel, self.job
        assert channel is not None
        assert job is not None
        persists = self.is_sent and incoming.persists() and not channel.has_pending()
        try:
            if self.left_out_at == self.served and job.method == "HEAD":
                check_is_answer(incoming, self.left_out_bytes)
            incoming.close_sink()
        except Exception as error:  # a full disk, told of only now
            self.fail(error)
            return
        self.incoming = None
        self.held = 0
        response = incoming.response()
        response._times = _and_whole(self.times, loop.time() - job.started)
        if incoming.leaves_content_out:
            if not persists and (incoming.has_bytes_behind() or channel.has_pending()):
                loop.rests.note_noisy(self.host.key)
            self._end_left_out(job, response, incoming.left_out_bytes, persists=persists)
        else:
            self._end(job, response, persists=persists)

    def _end_left_out(self, job: Job, response: Response, left_out_bytes: int, *, persists: bool) -> None:
        """End an exchange whose answer left announced content out: only what may follow it goes on at once."""
        loop, key = self.loop, self.host.key
        assert response._head is not None
        self.left_out_at = self.served + 1
        self.left_out_bytes = left_out_bytes
        if loop.shared.policies.has_to_judge(response._head):
            self._stop(persists=persists and not loop.rests.is_noisy(key))
            loop.follow_up(job, response)
            return
        next_job = loop.next_job(self.host, self.turn) if persists else None
        if next_job is not None and loop.rests.may_follow(key, next_job.method):
            self._carry(next_job)
        elif not loop.is_closed:
            self._stop(persists=persists and not loop.rests.is_noisy(key))
        loop.answered(response)

    def _end(self, job: Job, response: Response, *, persists: bool) -> None:
        """End an exchange that has come to a whole response: go on, or where something may follow from it, stop."""
        loop = self.loop
        assert response._head is not None
        if loop.shared.policies.has_to_judge(response._head):
            self._stop(persists=persists)
            loop.follow_up(job, response)
        else:
            self._go_on(persists=persists)
            loop.answered(response)

    def _go_on(self, *, persists: bool) -> None:
        """Begin the host's next job, or let the connection rest, or close it."""
        loop = self.loop
        if not persists:
            self._stop(persists=False)
            return
        next_job = loop.next_job(self.host, self.turn)
        if loop.is_closed:
            return
        if next_job is not None:
            self._carry(next_job)
        else:
            self._stop(persists=True)

    def _carry(self, next_job: Job) -> None:
        """Begin *next_job*, the first in its host's queue, unless the connection is to be closed."""
        self._note_served()
        if not self.is_quiet():
            self.close(NOT_QUIET)
            return
        if self.loop.take_first(self.host.pending, next_job):
            self.begin(next_job)
        else:  # given up meanwhile, by the collector or a signal's handler
            self.unpause()
            self.rest()

    def _stop(self, *, persists: bool) -> None:
        """Let the connection rest, or close it."""
        if not persists:
            self.close(NOT_PERSISTENT)
            return
        self.unpause()  # it may have been what filled the memory; at rest it has to be heard
        self._note_served()
        self.rest()

    def rest(self) -> None:
        """Become idle."""
        self.times = _NO_TIMES
        self.job = None
        self.phase = IDLE
        self.is_sent = False
        self.is_fast = False
        self.loop.rest(self)

    def _note_served(self) -> None:
        """Note that an exchange is over, and the connection is there still."""
        self.times = _NO_TIMES
        self.served += 1
        self.turn += 1

    def fail(self, error: Exception) -> None:
        """End an exchange with *error*, or send the request once more where that is right."""
        loop, job = self.loop, self.job
        assert job is not None
        channel = self.channel if self.phase == OPENING else None
        if channel is not None and loop.shared.note_failed(self.host.key, channel, error):
            self._disconnect(error)
            self.phase = RESOLVING
            self.resolve()  # and connect, without the session
            return
        if is_out_of_descriptors(error) and (self.phase != BUSY or (job.is_resendable and not job.has_poured)):
            incoming, held = self.incoming, self.held
            if loop.puts_back(self):
                loop.memory.held -= held
                self.held = 0
                if incoming is not None:  # a sink could not be opened
                    incoming.close_sink()
                return
        if job.stream is not None and self._has_begun_stream(job, job.stream):
            if self.job is job:  # and no hook has raised something
                self._end_stream(job, error)
            return
        incoming = self._incoming_of(job)
        if self.send_error is not None and isinstance(error, ConnectionError):
            error = self.send_error
        is_behind_left_out = self.is_behind_left_out
        if is_behind_left_out and is_left_out_content(incoming, error):
            loop.rests.note_noisy(self.host.key)
        if may_resend(job, incoming, error, was_reused=self.served > 0, is_behind_left_out=is_behind_left_out):
            loop.resent += 1
            self._disconnect(error)
            self.connect(job)
            return
        note_failure(job, incoming, error, was_reused=self.served > 0, was_open=self.phase == BUSY)
        try:
            incoming.close_sink()
        except OSError as closing_error:
            error.__context__ = closing_error
        loop.memory.held -= self.held
        self.held = 0
        times = self.times
        self.close(error)
        response = incoming.response(without_frames(error))
        loop.memory.held += memory_of(response)
        response._times = _and_whole(times, loop.time() - job.started)
        loop.follow_up(job, response)

    def _disconnect(self, why: Why) -> None:
        """Close the socket; the connection keeps its place."""
        self._unregister()
        self.loop.unfinished.pop(self, None)
        self.number = 0
        self.watch = None
        self.outgoing = None
        self.is_sent = False
        self.is_fast = False
        self.head = None
        self.parts = []
        self._large = None
        self.left = 0
        self.send_error = None
        self.paused_at = 0.0
        self.wakes_at = _FOREVER
        if self.channel is not None:
            if self.channel.is_tls and (self.served or self.is_answered):
                self.loop.shared.note_ended(self.host.key, self.channel)
            self.channel.close(why)
            if self.channel.dead:
                self.loop.shared.note_dead(self.channel)
            self.channel = None

    def close(self, why: Why = "its holder has closed it") -> None:
        """Close the connection, of any state, and free its place."""
        self._disconnect(why)
        self.job = None
        self.incoming = None
        self.loop.forget(self)


def _and_whole(times: Times, whole_s: float) -> tuple[float, float, float, float, float]:
    """Return *times* and what the whole attempt has taken."""
    # Cython makes of a list or tuple with a star, or of a comprehension, what frees an item twice where memory has run
    # out (tests/laws/test_generated_c.py).
    return times + (whole_s,)  # noqa: RUF005


def _take_out(poller: Any, descriptor: int) -> None:
    try:
        poller.unregister(descriptor)
    except OSError:
        return  # closed already, and so unregistered
