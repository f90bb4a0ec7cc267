"""One exchange in the thread that asks for it, which waits; and a response that is still being streamed."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from typing import Final

from ..._backends.contract import BodyBuffer
from ..._exchange.incoming import Incoming
from ..._exchange.job import Job
from ..._exchange.lines import TextReader
from ..._exchange.outcome import check_is_answer, is_left_out_content, may_resend, note_failure, pour_into_sink
from ..._exchange.outgoing import Outgoing
from ..._io.channel import NOT_QUIET, READ, WRITE, Channel
from ..._io.descriptors import is_out_of_descriptors
from ..._io.logger import is_heard
from ..._io.lookups import Address, Lookup, Name
from ..._wire.head import ResponseHead
from ...errors import (
    ConnectTimeout,
    PoolClosed,
    ReadTimeout,
    TotalTimeout,
    name_place,
    without_frames,
)
from ...model import BODY_RECEIVE_BYTES, Response, Timeout, attach_response, tell_partial
from ...policies.verdict import FIRST_ERROR
from ..clock import Clock
from ..tracing import note_sending
from .begun import RECEIVE_BYTES, Begun
from .pacing import Pacing
from .slots import Connection, Slots

_FOREVER: Final = float("inf")


class Attempt(Clock):
    """One exchange over one connection, driven by blocking calls; and the stream of its response.

    Its deadlines are by its own clock, which starts with the attempt; ``Trail.total_at`` is by the system's.
    """

    __slots__ = ("_begun", "_connection", "_deadline", "_early", "_is_ahead", "_is_streamed", "_job", "_limits",
                 "_made", "_pacing", "_plain", "_read_s", "_sent", "_shared", "_slots", "_times", "_was_open",
                 "_was_reused")  # fmt: skip

    def __init__(
        self,
        slots: Slots,
        pacing: Pacing,
        connection: Connection | None,
        job: Job,
        limits: Timeout,
        *,
        is_streamed: bool,
        begun: Begun | None = None,
    ) -> None:
        """*begun*: the exchange has begun by ``AtOnce``, and is gone on with; or it is over, without a *connection*."""
        self._slots = slots
        self._pacing = pacing
        self._shared = slots.shared
        self._connection = connection
        self._begun = begun
        self._job = job
        self._limits = limits
        self._read_s = _FOREVER if limits.read is None else limits.read
        self._is_streamed = is_streamed
        self._is_ahead = False  # the server: as much of its content was there as was asked for last
        self._early: tuple[bytes, BaseException | None] | None = None
        """Where its next part was looked for: what has been received of it, and what has gone wrong then."""
        self._sent = False
        self._was_open = self._was_reused = False
        self._plain: tuple[ResponseHead, bytes, int] | None = None  # where it came whole, and plain
        self.away = 0.0
        self.left_at = time.monotonic()
        if begun is None and connection is not None:
            job.started = self.left_at
        if job.trail is not None:
            self._deadline = job.trail.total_at
        else:
            self._deadline = _FOREVER if limits.total is None else job.started + limits.total
        self._made: Incoming | None = None
        self._times = [0.0, 0.0, 0.0, 0.0, 0.0]

    @property
    def _incoming(self) -> Incoming:
        """The response as it comes in; made when it is needed, which for a plain one it is not."""
        incoming = self._made
        if incoming is None:
            incoming = self._made = Incoming(self._job, self._shared.settings, self, is_streamed=self._is_streamed)
        return incoming

    @property
    def total_at(self) -> float:
        """The end of ``Timeout.total`` by ``time.monotonic``, as far as it is known now."""
        return self._deadline + self.away

    def _left(self, deadline: float) -> float | None:
        """Return the seconds to *deadline*, None for ever."""
        return None if deadline == _FOREVER else max(0.0, deadline - self.time())

    def run(self) -> Response:
        """Return the whole response, or with ``error`` what came of it."""
        try:
            self._exchange(until_head=False)
            self._shut_gate()
            return self._finish()
        except Exception as error:
            return self._fail(error)
        except BaseException as error:  # Ctrl-C
            self._fail(error)
            raise

    def begin(self) -> Response:
        """Return the response when its head is there, to be streamed; or with ``error`` what came of it."""
        try:
            is_complete, failure = False, None
            try:
                is_complete = self._exchange(until_head=True)
            except Exception as error:
                # What came behind the head is told by who reads it, as it would be had it come a moment later.
                if not self._incoming.is_in_body:
                    raise
                failure = without_frames(error)
            self._shut_gate()
            if self._plain is None:
                response = Response(self._job.request, self._incoming.head, b"")
                self._incoming.introduce(response)
            elif self._job.may_come_whole:
                return self._finish()
            else:
                response = self._plain_response(self._plain[0], b"")
            response._times = self._seal_times()
            response._stream = _Streaming(self, response, failure, is_complete=is_complete)
            self.leave()
            return response
        except Exception as error:
            return self._fail(error)
        except BaseException as error:  # Ctrl-C
            self._fail(error)
            raise

    def _shut_gate(self) -> None:
        """Keep back who waits for this connection, too, where the response asks for nothing to come for a while."""
        head = self._incoming.head if self._plain is None else self._plain[0]
        if head is not None and head.status >= FIRST_ERROR:
            self._pacing.note_answer(self._job, head, self._shared.policies)

    def _finish(self) -> Response:
        self.release()
        if self._plain is not None:
            response = self._plain_response(self._plain[0], self._plain[1])
            if self._job.may_go_on is not None:
                self._pour_whole(response)
        else:
            response = self._incoming.response()
        response._times = self._seal_times()
        return response

    def _plain_response(self, head: ResponseHead, content: bytes) -> Response:
        """Return the plain response, which has no history, with all that is known of its request."""
        response = self._shared.make_response(self._job.request, head, content)
        response.attempts = self._job.attempts
        response._sent = self._job.sent
        return response

    def _pour_whole(self, response: Response) -> None:
        """Write the content of a result, which came in one piece, into the caller's file object; see its ``error``."""
        try:
            self.off_the_clock(pour_into_sink, self._job, response, self._limits.read)
        except Exception as error:
            response.error = without_frames(error)
            tell_partial(error, b"")
            name_place(error, self._job.place)
            attach_response(error, response)

    def release(self) -> None:
        """Give the connection back; it is kept where the message is whole and nothing stands against it."""
        connection = self._connection
        if connection is None:
            return
        if self._made is not None:
            self._made.close_sink()  # which may fail: then the connection is ``_fail``'s
        self._connection = None
        channel = connection.channel  # None in the child of a fork
        connection.served += 1
        is_whole = self._plain is not None or self._incoming.persists()
        persists = self._sent and is_whole and channel is not None and not channel.has_pending()
        if self._plain is None and self._incoming.leaves_content_out:
            if self._incoming.has_bytes_behind() or (channel is not None and channel.has_pending()):
                self._shared.rests.note_noisy(connection.host.key)
            persists = connection.begin_rest(self._incoming.left_out_bytes) and persists
        self._slots.release(connection, persists=persists)

    def _fail(self, error: BaseException) -> Response:
        """Close the connection, free its slot, and return what had come, with *error*; each knows the other."""
        connection, self._connection = self._connection, None
        try:
            self._incoming.close_sink()
        finally:
            if connection is not None:
                self._slots.release(connection, persists=False, why=error)
        note_failure(self._job, self._incoming, error, was_reused=self._was_reused, was_open=self._was_open)
        response = self._incoming.response(error)
        response._times = self._seal_times()
        attach_response(error, response)
        return response

    def _seal_times(self) -> tuple[float, float, float, float, float]:
        self._times[4] = time.monotonic() - self.away - self._job.started
        resolve, connect, tls, first, total = self._times
        return resolve, connect, tls, first, total

    # -- on the connection ----------------------------------------------------------------------------------

    def _exchange(self, *, until_head: bool) -> bool:
        """Send, and receive to the end or the head, twice if it may be; return whether the message is complete."""
        connection = self._connection
        assert connection is not None
        job = self._job
        pacing = self._pacing if self._pacing.are_kept else None
        if job.trail is not None and self.time() >= self._deadline:
            raise TotalTimeout(f"nothing is sent to {job.where} after the end of Timeout.total")
        if pacing is not None and connection.channel is not None:
            pacing.take(job, self.total_at)
            pacing = None
        if self._begun is None and connection.channel is not None and not connection.is_quiet():
            connection.disconnect(NOT_QUIET)
        while True:
            was_reused = self._was_reused = connection.served > 0
            job.attempts += 1
            if connection.channel is None:
                self._open_in_turn(connection)
            if pacing is not None:
                pacing.take(job, self.total_at)  # not before: the cookies may change until the connection is open
                pacing = None
                if not connection.is_quiet():  # that may have taken a while, and the server may not have waited
                    connection.disconnect(NOT_QUIET)
                    self._open(connection)
            self._was_open = True
            if self._shared.preparer.late_fields:
                self.off_the_clock(self._shared.preparer.add_late_fields, job)
            if self._shared.settings.keep_sent or is_heard():
                assert connection.channel is not None
                note_sending(job, connection.channel, keeps_sent=self._shared.settings.keep_sent)
            try:
                is_complete = self._talk(connection, until_head=until_head)
                if job.method == "HEAD" and connection.is_behind_left_out:
                    check_is_answer(self._incoming, connection.left_out_bytes)
                return is_complete
            except Exception as error:
                is_behind_left_out = connection.is_behind_left_out
                if is_behind_left_out and is_left_out_content(self._incoming, error):
                    self._shared.rests.note_noisy(connection.host.key)
                if not may_resend(
                    job, self._incoming, error, was_reused=was_reused, is_behind_left_out=is_behind_left_out
                ):
                    raise
                lost = without_frames(error)
            with self._slots.lock:
                self._slots.resent += 1
            connection.disconnect(lost)
            self._was_open = False
            self._made = None

    def _open_in_turn(self, connection: Connection) -> None:
        """Connect; without a file descriptor, when another connection has let go of one. Raises as ``_open``."""
        pool_s = self._limits.pool
        until = min(self.total_at, _FOREVER if pool_s is None else self.time() + pool_s)
        while True:
            try:
                self._open(connection)
            except OSError as error:
                if not is_out_of_descriptors(error) or self.time() >= until or not self._slots.make_room(connection):
                    raise
            else:
                return

    def _open(self, connection: Connection) -> None:
        """Connect, and shake hands; twice where a TLS session was what the first handshake failed of.

        Raises ConnectTimeout, TotalTimeout, OSError, ssl.SSLError, ProxyError, FingerprintMismatch, MissingExtra.
        """
        began = self.time()
        while not self._is_opened(connection, began):
            pass

    def _is_opened(self, connection: Connection, began: float) -> bool:
        """Return True, or False where it is to be opened once more, without the session. Raises as ``_open``."""
        connect_s = self._limits.connect
        connect_at = _FOREVER if connect_s is None else began + connect_s
        deadline = min(self._deadline, connect_at)
        channel = None
        try:
            try:
                addresses: dict[Name, list[Address]] = {}
                arrives = threading.Event()
                while isinstance(found := self._dial(addresses, arrives), Lookup):
                    connect_at = self._await_name(found, arrives, connect_at)
                    deadline = min(self._deadline, connect_at)
                    addresses[found.name] = self._shared.resolver.answer_of(found)
                    arrives.clear()
                channel = found
                connection.is_opening = True
                resolved_at = self.time()
                with self._slots.lock:
                    self._slots.opened += 1
                while wanted := channel.open():
                    if not channel.wait(wanted, self._left(deadline)) and self.time() >= deadline:
                        raise TimeoutError
            except TimeoutError as error:
                if self.time() < deadline:
                    raise  # the system's own, ETIMEDOUT
                where, took_s = self._job.where, deadline - began
                if deadline == self._deadline:
                    raise TotalTimeout(f"no connection to {where} within {took_s:.3g} s (Timeout.total)") from error
                raise ConnectTimeout(f"no connection to {where} within {took_s:.3g} s") from error
        except BaseException as error:
            if channel is not None:
                channel.close(error)
                if self._shared.note_failed(self._job.key, channel, error):
                    return False
            raise
        finally:
            connection.is_opening = False
        self._shared.note_open(self._job.key, channel)
        connection.channel = channel
        self._times[:3] = (
            resolved_at - began,
            channel.connected_at - self.away - resolved_at,
            channel.secured_at - channel.connected_at if channel.secured_at else 0.0,
        )
        return True

    def _dial(self, addresses: dict[Name, list[Address]], arrives: threading.Event) -> Channel | Lookup:
        found: Channel | Lookup = self.off_the_clock(self._shared.dial, self._job, addresses, arrives.set)
        return found

    def _await_name(self, lookup: Lookup, arrives: threading.Event, connect_at: float) -> float:
        """Wait until a name has been looked up; return until when there must be a connection now.

        The wait for a place among the lookups is no part of ``Timeout.connect``. Raises TimeoutError.
        """
        lookups = self._shared.resolver.lookups
        try:
            while not arrives.wait(self._left(min(self._deadline, connect_at))):
                connect_at += lookups.take_waited_s(lookup)
                if self.time() >= min(self._deadline, connect_at):
                    raise TimeoutError(f"the name {lookup.name[0]!r} was not looked up in time")
            return connect_at + lookups.take_waited_s(lookup)
        finally:
            lookups.give_up(lookup)

    def _talk(self, connection: Connection, *, until_head: bool) -> bool:
        begun, self._begun = self._begun, None
        channel, incoming = begun or connection.channel, self._made
        assert channel is not None
        began = self._job.started if begun is not None else time.monotonic() - self.away
        outgoing = None if self._job.is_head_alone else Outgoing(self._job, self)
        self._sent = False
        lost: list[OSError] = []  # not a name: a frame that holds what it has raised is left to the collector
        is_sending, continue_at = True, 0.0
        while True:
            if is_sending:
                try:
                    if outgoing is None:
                        outgoing = self._send_head(channel)
                    is_sending = outgoing is not None and not outgoing.send(channel.send)
                    self._sent = not is_sending
                except ConnectionError as error:
                    if outgoing is not None and error is outgoing.body_error:
                        raise
                    # The peer may have answered before it closed: a 413, say. That answer counts.
                    lost, is_sending = [without_frames(error)], False
            wanted = READ
            if is_sending and outgoing is not None and outgoing.is_waiting:
                continue_at = continue_at or self.time() + (self._shared.settings.expect_timeout_s or 0.0)
                if not channel.has_pending() and not channel.wait(READ, min(continue_at, self._deadline) - self.time()):
                    outgoing.go_on()  # RFC 9110 section 10.1.1: no server has to answer
                    continue
            elif is_sending:
                wanted = READ | WRITE if channel.wants == WRITE else READ
            self._wait(channel, wanted)
            try:
                is_in_head = incoming is None or incoming.head is None
                data = channel.receive(RECEIVE_BYTES if is_in_head else BODY_RECEIVE_BYTES)
                if data is None:
                    continue
                behind: list[OSError] = []
                if data and (incoming is None or not incoming.began):
                    self._times[3] = time.monotonic() - self.away - began
                    if self._job.is_plain and not is_sending and not (self._is_streamed and self._job.may_go_on):
                        data, behind = self._begin_plain(data, channel)
                        if self._plain is not None:
                            return True
                incoming = self._incoming
                is_complete = incoming.receive(data, is_clean=channel.is_clean)
                if behind:
                    raise behind.pop()
                while incoming.is_unfinished and not (until_head and not is_sending):
                    is_complete = self._go_on()
            except ConnectionError as error:
                if lost:
                    raise lost.pop() from error
                raise
            if is_sending and outgoing is not None and outgoing.is_waiting:
                if incoming.head is not None:
                    is_sending = False  # an answer, and the body is not wanted; that it is not sent ends the connection
                elif incoming.is_continued:
                    outgoing.go_on()
            if begun is not None and begun.has_more:
                continue  # who reads on has the channel, and would miss it
            if is_complete or (until_head and incoming.head is not None and not is_sending):
                return is_complete

    def _send_head(self, channel: Channel | Begun) -> Outgoing | None:
        """Send a request that is its head alone, as most are; return what is left of it, None where that is nothing."""
        head = self._job.head_to_send
        sent = channel.send(head)
        return None if sent == len(head) else Outgoing(self._job, self, sent)

    def _is_kept_back(self, head: ResponseHead) -> bool:
        """Return whether the content must not go to the request's sink yet, since it may be no result."""
        may_go_on = self._job.may_go_on
        return may_go_on is not None and may_go_on(self._job, head)

    def _begin_plain(self, data: bytes, channel: Channel | Begun) -> tuple[bytes, list[OSError]]:
        """Note the response in ``_plain`` where *data* begins it, it is plain, and all of it has come.

        Servers send head and body in two pieces, and the second one is often there by now. So that is looked for, once.
        Return what has come, for who reads what is not noted; and what went wrong behind that, if anything.
        """
        reader = self._shared.plain_reader if self._job.reader is None else self._job.reader
        plain = reader.begin(data)
        if plain is None or self._is_kept_back(plain[0]):
            return data, []
        head, content, left, *_ = plain
        if 0 < left <= RECEIVE_BYTES and not channel.is_tls:
            try:
                more = channel.receive(left)
            except OSError as error:
                return data, [error]
            if more:  # an end is there again for the next call; of TLS it may not be
                data += more
                content += more
                left -= len(more)
        if not left:
            self._plain = head, content, 0
        return data, []

    def _wait(self, channel: Channel | Begun, wanted: int) -> None:
        """Wait until there is something to do. Raises ReadTimeout, TotalTimeout."""
        if channel.has_pending():
            return
        left = self._deadline - time.monotonic() + self.away
        limit = min(self._read_s, left)
        if limit == _FOREVER:
            channel.wait(wanted, None)
        elif (limit <= 0 or not channel.wait(wanted, limit)) and not channel.wait(wanted, 0.0):
            # What came while nobody looked has been read before this is judged.
            if self.time() >= self._deadline:
                raise TotalTimeout(f"not done within {self._limits.total:g} s (Timeout.total): {self._job.where}")
            raise ReadTimeout(f"silence for {self._read_s:g} s (Timeout.read): {self._job.where}")
        elif time.monotonic() - self.away >= self._deadline:
            raise TotalTimeout(f"not done within {self._limits.total:g} s (Timeout.total): {self._job.where}")

    def _go_on(self) -> bool:
        """Decode more of what was received; return whether the message is complete. Raises TotalTimeout."""
        if self.time() >= self._deadline:
            raise TotalTimeout(f"not done within {self._limits.total:g} s (Timeout.total): {self._job.where}")
        return self._incoming.go_on()

    def take_content(self) -> bytes:
        """Return what has come of the content of a response that is being streamed, and hold it no longer."""
        plain = self._plain
        if plain is None:
            return self._incoming.take_content()
        self._plain = plain[0], b"", 0
        return plain[1]

    @property
    def has_come_whole(self) -> bool:
        """Whether the response is a plain one, which came whole with its head."""
        return self._plain is not None

    def receive(self, most: int) -> bytes:
        """Return what comes next for a streamed response, at most so many bytes; b"" where the peer has closed."""
        early, wrong = self._take_early(most)
        if wrong is not None:
            if not early:
                try:
                    raise wrong
                finally:
                    del wrong
            self._early = b"", wrong
        if early:
            return early
        channel = self._open_channel()
        # Of a large body some is there already.
        data = channel.receive(most) if early is None and self._deadline == _FOREVER else None
        while data is None:
            self._wait(channel, READ)
            data = channel.receive(most)
        return data

    def channel_ahead(self) -> Channel | None:
        """Return the channel of a streamed response whose next part is probably there and may be received as it is."""
        channel = self._connection.channel if self._connection is not None else None
        is_ahead = self._is_ahead and self._early is None
        return None if channel is None or channel.is_tls or not is_ahead else channel

    def is_in_time(self) -> bool:
        """Whether there is time left of the total."""
        return self._deadline == _FOREVER or self.time() < self._deadline

    def put_back(self, data: bytes | None, wrong: BaseException | None) -> None:
        """Take *data* for the beginning of what is received next, and *wrong* for what goes wrong behind it."""
        self._is_ahead = False
        self._early = data or b"", wrong

    def _take_early(self, most: int) -> tuple[bytes | None, BaseException | None]:
        """Return so much of what has been put back, None if nothing has been; and what went wrong behind it."""
        if self._early is None:
            return None, None
        data, wrong = self._early
        self._early = (data[most:], wrong) if len(data) > most else None
        return data[:most], wrong if self._early is None else None

    def fill(self, most: int) -> tuple[bytes, BaseException | None]:
        """Return the next *most* bytes of a streamed response, and None; fewer where the peer closes before.

        Where something goes wrong: what had come until then, and that.
        """
        early, wrong = self._take_early(most)
        if wrong is not None:
            return early or b"", wrong
        channel = self._open_channel()
        held: BodyBuffer = self._shared.plain_reader.backend.body_buffer()
        room = held.room(most, most)
        try:
            self._fill(channel, room, held, early)
        except BaseException as error:
            room.release()
            return held.whole(), error
        room.release()
        return held.whole(), None

    def _fill(self, channel: Channel, room: memoryview, held: BodyBuffer, early: bytes | None) -> None:
        """Receive as many bytes as there is *room* for, that of *held*; fewer where the peer closes before.

        *early* is what was there of them just now, None where nobody has looked.
        """
        at, most = 0, len(room)
        count = channel.receive_into(room) if early is None and self.is_in_time() else None
        self._is_ahead = count == most
        if early:
            at = len(early)
            room[:at] = early
            held.advance(at)
        while at < most and (count is None or count):
            if count:
                held.advance(count)
                at += count
                if at == most:
                    return
            if count is None or not channel.is_tls:  # less than asked for is all that there was, but for TLS: a record
                self._wait(channel, READ)
            with room[at:] as rest:  # let go of here: the traceback of a failed receive would keep it
                count = channel.receive_into(rest)

    def _open_channel(self) -> Channel:
        """Return the channel of a response that is streamed. Raises ConnectionAbortedError."""
        channel = self._connection.channel if self._connection is not None else None
        if channel is None:
            raise ConnectionAbortedError("the connection of this response is closed, or the parent's of a fork")
        return channel

    def take(self, data: bytes) -> bool:
        """Have *data* read, which has been received; return whether the message is complete."""
        connection = self._connection
        is_clean = connection is not None and connection.channel is not None and connection.channel.is_clean
        return self._incoming.receive(data, is_clean=is_clean)


class _Streaming:
    """The content of a response that is still coming in; see ``model.Stream``."""

    __slots__ = ("_attempt", "_failure", "_is_complete", "_known", "_response", "_straight", "held", "text")

    def __init__(self, attempt: Attempt, response: Response, failure: Exception | None, *, is_complete: bool) -> None:
        """*failure* is what was wrong with the body as far as it came with the head."""
        self.held = bytearray()
        self.text: TextReader | None = None
        self._attempt: Attempt | None = attempt
        self._response = weakref.ref(response)
        self._is_complete = is_complete
        self._failure: BaseException | None = failure
        self._straight = 0
        """How many of the next bytes are content as it is handed out: what comes of them passes ``Incoming`` by."""
        self._known = 0
        """How many they are as far as that knows."""
        if is_complete:
            attempt.release()

    def read_part(self, most: int = BODY_RECEIVE_BYTES, *, fills: bool = False) -> bytes:
        attempt = self._attempt
        if attempt is None:
            if self._failure is not None:
                tell_partial(self._failure, bytes(self.held))  # what came with it has been handed out
                raise self._failure
            return b""
        if not self._straight and attempt.has_come_whole:
            self._attempt = None
            return attempt.take_content()
        attempt.come_back()
        came = b""
        try:
            if fills and most < self._straight:
                came, wrong = attempt.fill(most)
                if wrong is not None:
                    try:
                        raise wrong
                    finally:
                        del wrong  # as in ``Attempt._talk``
                if len(came) == most:
                    self._straight -= most
                    attempt.leave()
                    return came
                self._tell_passed(attempt, len(came))
                self._take(attempt, b"")
            elif self._straight:
                data = attempt.receive(most)
                straight = self._straight - len(data)
                if straight > 0 and data:
                    self._straight = straight
                    attempt.leave()
                    return data
                self._tell_passed(attempt)
                self._take(attempt, data)
            elif self._failure is not None:
                raise self._failure
            incoming = attempt._incoming
            while not incoming.held and not self._is_complete:
                self._take(attempt, None if incoming.is_unfinished else attempt.receive(most))
        except BaseException as error:
            # What could still be read is given out first; the error comes with the next call.
            self._attempt = None
            self._failure = error
            self._tell_passed(attempt, len(came))
            part = came + attempt.take_content()
            attempt._fail(error)
            response = self._response()
            if response is not None:
                response.error = error
            tell_partial(error, b"".join((self.held, part)))
            if not part or not isinstance(error, Exception):
                raise
            return part
        part = came + incoming.take_content() if came else incoming.take_content()
        self._leave(attempt)
        return part

    def straight_parts(self, most: int) -> Iterator[bytes]:
        attempt = self._attempt
        channel = None if attempt is None else attempt.channel_ahead()
        if attempt is None or channel is None:
            return
        while self._attempt is attempt and most < self._straight:
            data: bytes | None = None
            try:
                attempt.come_back()
                data = channel.receive(most) if attempt.is_in_time() else None
                attempt.leave()
                if data is not None and len(data) == most:
                    self._straight -= most
            except BaseException as error:  # Ctrl-C, too: what has been received is not lost
                attempt.put_back(data, error)
                return
            if data is None or len(data) < most:
                attempt.put_back(data, None)
                return
            yield data

    def _leave(self, attempt: Attempt) -> None:
        """Have the caller have what was read."""
        attempt.leave()
        incoming = attempt._incoming
        if not self._is_complete:
            self._straight = self._known = incoming.straight_bytes()
        elif not incoming.held:
            self._attempt = None
            response = self._response()
            if response is not None:
                incoming.fill(response)
                response._times = attempt._seal_times()

    def _take(self, attempt: Attempt, data: bytes | None) -> None:
        """Have *data* read; None: decode more of what has been received before."""
        self._is_complete = attempt._go_on() if data is None else attempt.take(data)
        if self._is_complete:
            attempt.release()

    def _tell_passed(self, attempt: Attempt, more: int = 0) -> None:
        """Have ``Incoming`` know of what has passed by, *more* bytes last: it goes on from there."""
        passed = self._known - self._straight + more if self._known else 0
        self._straight = self._known = 0
        if passed:
            attempt._incoming.note_passed(passed)

    def close(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            self._tell_passed(attempt)
            self._failure = PoolClosed("the response was closed before its content was read")
            attempt.release()
