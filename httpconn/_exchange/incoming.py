"""The response to one attempt, as it comes in: bytes into content, decoded and bounded; without any I/O.

Pool and fetcher share this and add nothing to it. What is decided when the response has
ended is ``outcome.py``; the request's side is ``preparing.py`` and ``outgoing.py``.
"""

from __future__ import annotations

from typing import Any, Final

from .. import _backends
from .._backends.contract import Engine
from .._io.logger import tell
from .._wire.framing import announced_bytes
from .._wire.grammar import CONTINUE
from .._wire.head import ResponseHead
from .._wire.reader import NEED_DATA, ResponseReader
from ..errors import ContentTooLong, IncompleteRead, IncompleteSink, name_place
from ..model import NOTHING_SENT, WIRE_ONLY, Request, Response, tell_partial
from ..policies.retries import Retry
from ..policies.verdict import Policies
from .capture import Capture
from .content_coding import Decoding, decoder_of
from .fast_reading import FastReader
from .job import Clock, Job
from .logged import shown_head
from .settings import Settings
from .sink import Sink, takes

_NO_CLOCK: Final[Any] = None
_TURN_S: Final = 0.005
"""How long one response is decoded at once, before the next look at the clock and at other responses."""
_MOST_READERS: Final = 1_000
_STREAM_STEP_BYTES: Final = 262_144
"""Of a streamed response, at most so much is decoded at once however quickly that goes: its reader may be slow."""


class Incoming:
    """The response to one attempt, as it comes in: bytes to head and content, the latter decoded and bounded."""

    __slots__ = (
        "_capture",
        "_clock",
        "_counted",
        "_decoder",
        "_is_streamed",
        "_job",
        "_max_content",
        "_parts",
        "_reader",
        "_settings",
        "_sink",
        "_sink_wait_s",
        "began",
        "head",
        "held",
        "is_in_body",
        "is_unfinished",
        "is_whole",
    )  # fmt: skip

    def __init__(self, job: Job, settings: Settings, clock: Clock, *, is_streamed: bool = False) -> None:
        request = job.request
        self._clock = clock
        self._job = job
        self._reader = ResponseReader(
            _backends.selected, job.method, settings.limits, True, lenient_syntax=not settings.strict
        )
        self._decoder: Decoding | None = None
        self._parts: list[bytes] = []
        self._counted = 0
        self._sink: Sink | None = None
        self._sink_wait_s = (job.timeout or settings.timeout).read
        self._settings = settings
        self._is_streamed = is_streamed
        self._max_content = settings.max_content
        if isinstance(request, Request):
            if request.max_content is not None:
                self._max_content = request.max_content
            elif is_streamed:
                self._max_content = None  # which is for what is kept in memory
        self._capture: Capture | None = None
        if isinstance(request, Request) and request.wire:
            self._capture = Capture(settings.max_content if self._max_content is None else self._max_content)
        self.began = False
        """Whether a byte of it has come."""
        self.head: ResponseHead | None = None
        self.is_in_body = False
        """Whether the head has been accepted as the response to this request."""
        self.held = 0
        """Bytes of content in memory."""
        self.is_whole = False
        """Whether all of it has come, and nothing was wrong with it."""
        self.is_unfinished = False
        """There is more to decode than one step allows: call ``go_on`` before receiving more."""

    @property
    def memory(self) -> int:
        """Bytes of content in memory, and those that its decoders take, and the message as it came."""
        memory = self.held if self._decoder is None else self.held + self._decoder.memory
        return memory if self._capture is None else memory + self._capture.memory(self._behind)

    @property
    def _behind(self) -> int:
        """Bytes that came behind the message."""
        return len(self._reader.unused) if self._reader.complete else 0

    def receive(self, data: bytes, *, is_clean: bool = True) -> bool:
        """Take the next bytes of the stream, b"" for its end; return whether the message is complete.

        If not, it may be that it ``is_unfinished``. Raises what makes it a bad response: see ``ResponseReader``,
        ContentDecodingError, ContentTooLong, and what the sink raises.
        """
        reader = self._reader
        if data:
            self.began = True
        if self._capture is not None:
            self._capture.take(data)
        reader.receive(data, is_clean=is_clean)
        if self.head is None:
            head = reader.head()
            if head is NEED_DATA:
                return False
            self.head = head
            if self._capture is not None:
                self._capture.begin_body(len(reader.unused))
            if self._job.sent_over is not None:
                tell("received over %s%s", self._job.sent_over, shown_head(head.block))
            self._begin(head)
            reader.check_framing()  # who streams has the head only where it is known how long the body is
            self.is_in_body = True
        return self.go_on()

    def go_on(self) -> bool:
        """Read on in what has been received; return and raise as ``receive``."""
        try:
            self.is_whole = self._read_body()
        except IncompleteRead as error:
            if self._sink is None:
                raise
            raise IncompleteSink(b"", error.expected, self._sink.count) from error.__cause__
        return self.is_whole

    def _read_body(self) -> bool:
        reader, decoder = self._reader, self._decoder
        self.is_unfinished = False
        until = self._clock.time() + _TURN_S if decoder is not None else 0.0
        while True:
            while decoder is not None and decoder.is_busy:
                part = decoder.step()
                if part:
                    self._keep(part)
                if self._clock.time() >= until or (self._is_streamed and self.held >= _STREAM_STEP_BYTES):
                    self.is_unfinished = True
                    return False
            received = reader.body()
            if received is NEED_DATA:
                return False
            if not received:
                if decoder is not None:
                    decoder.finish()
                return True
            if decoder is None:
                self._keep(received)
            else:
                decoder.feed(received)

    def _begin(self, head: ResponseHead) -> None:
        job, length, in_memory = self._job, self._reader.length, self._max_content
        if job.authentication is not None:
            job.authentication.take_note(head)
        request = job.request
        if self._is_streamed and job.may_go_on is not None and job.may_go_on(job, head):
            self._is_streamed = False  # it is kept, until it is judged
            self._max_content = in_memory = self._settings.max_content
        pours = isinstance(request, Request) and request.sink is not None and takes(request, job.method, head)
        if pours and job.may_go_on is not None and job.may_go_on(job, head):
            pours = False  # may be a redirect's page: only the result's content may end up in the sink
        if pours and isinstance(request, Request):
            self._max_content = request.max_content
        if self._max_content is not None and length is not None and length > self._max_content:
            raise ContentTooLong(f"expected content of at most {self._max_content} bytes, got {length} (max_content)")
        self._decoder = decoder = None if length == 0 else self._decoder_for(head)
        if decoder is not None and decoder.missing is not None:
            pours = False  # what is not decoded comes with the error
            self._max_content = in_memory
        if pours and isinstance(request, Request):
            # Closed by close_sink, which both drivers call whatever happens.
            self._sink = self._clock.off_the_clock(Sink, request.sink, self._sink_wait_s)

    def _decoder_for(self, head: ResponseHead) -> Decoding | None:
        """Return what undoes the content codings. Raises ContentDecodingError, MissingDecoder."""
        request, settings = self._job.request, self._settings
        is_tolerant = settings.tolerant_decoding
        if isinstance(request, Request):
            if not request.decode:
                return None
            if request.tolerant_decoding is not None:
                is_tolerant = request.tolerant_decoding
        value = head.get_joined("content-encoding")
        if value is None:
            return None
        decoder = decoder_of(
            value, head.block, settings.max_ratio, max_content=self._max_content, is_tolerant=is_tolerant
        )
        if decoder is not None and decoder.missing is not None and self._is_streamed:
            raise decoder.missing  # else when all has come, which is what it tells
        return decoder

    def _keep(self, part: bytes) -> None:
        self._counted += len(part)
        if self._max_content is not None and self._counted > self._max_content:
            raise ContentTooLong(f"got more than {self._max_content} bytes of content (max_content)")
        if self._sink is not None:
            if not self._sink.can_begin_anew:
                self._job.has_poured = True
            self._clock.off_the_clock(self._sink.write, part)
            return
        self._parts.append(part)
        self.held += len(part)

    def take_content(self) -> bytes:
        """Return the content in memory, and hold it no longer."""
        parts = self._parts
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        self._parts = []
        self.held = 0
        return content

    def straight_bytes(self) -> int:
        """Return how many of the next bytes are content as it is handed out: nothing in them is looked at or counted.

        Who hands out fewer of them himself tells ``note_passed``, before anything else is asked of this.
        """
        if not self.is_in_body or self.held or self.is_unfinished or self._max_content is not None:
            return 0
        if self._decoder is not None or self._sink is not None or self._capture is not None:
            return 0
        reader = self._reader
        return 0 if reader.chunked or reader.limits.body_bytes is not None else reader.contiguous()

    def note_passed(self, count: int) -> None:
        """Go on behind so many of the ``straight_bytes``."""
        self._reader.advance(count)
        self._counted += count

    @property
    def is_continued(self) -> bool:
        """Whether the server has said that it wants the body ("100 Continue")."""
        return any(head.status == CONTINUE for head in self._reader.interim)

    @property
    def leaves_content_out(self) -> bool:
        """Whether the head announces content that is no part of the message: see ``_engine/rests.py``."""
        return self._reader.leaves_content_out

    @property
    def left_out_bytes(self) -> int:
        """How much content the head announces; -1: that is not said."""
        return -1 if self.head is None else announced_bytes(self.head)

    @property
    def left_bytes(self) -> int:
        """How much of the body is to come, where that is known; else -1."""
        length = self._reader.length if self.head is not None else None
        return -1 if length is None else length

    @property
    def received_bytes(self) -> int:
        """How long an answer without a body is, with the interim responses before it."""
        count = 0 if self.head is None else len(self.head.block)
        for head in self._reader.interim:
            count += len(head.block)
        return count

    def has_bytes_behind(self) -> bool:
        """Return whether bytes have come behind the message."""
        return self._reader.complete is True and not self._reader.ends_here()

    def persists(self) -> bool:
        """Return whether the connection may carry another request, as far as request and response say."""
        return self._reader.may_be_followed() and not self._job.closes

    def close_sink(self) -> None:
        """Have what is in the sink stay if it is whole, else not, where that can be. Raises what the sink raises."""
        sink, self._sink = self._sink, None
        clock, self._clock = self._clock, _NO_CLOCK  # it may be the driver itself, which has this: a circle
        if sink is not None:
            clock.off_the_clock(sink.commit if self.is_whole else sink.abandon)

    def response(self, error: BaseException | None = None) -> Response:
        """Return the response, as far as it came; *error* tells why no further."""
        content = self.take_content()
        response = Response(self._job.request, self.head, content)
        self.introduce(response)
        self.fill(response)
        if error is not None:
            response.error = error
            tell_partial(error, content)
            name_place(error, self._job.place)
        return response

    def introduce(self, response: Response) -> None:
        """Put into *response* what is known of its request, and of what led to it."""
        job = self._job
        if self._settings.default_encoding is not None:
            response._encoding = (self._settings.default_encoding,)
        response.index = job.index
        response.attempts = job.attempts
        if self._settings.keep_sent:
            response._sent = job.sent or NOTHING_SENT
        self._tell_wire(response)
        if job.trail is not None:
            response.history = tuple(job.trail.history)

    def fill(self, response: Response) -> None:
        """Put into *response* what is known of the message besides head and content."""
        reader = self._reader
        response.defects = tuple(reader.defects)
        if self._decoder is not None and self._decoder.defects:
            response.defects += tuple(self._decoder.defects)
        response._trailers = reader.trailers
        self._tell_wire(response)

    def _tell_wire(self, response: Response) -> None:
        """Put into *response* the message as far as it has come, where that is kept."""
        if self._capture is not None:
            response._sent = (self._job.sent or WIRE_ONLY).with_wire(self._capture.message(self._behind))


class FastPath:
    """The shorter way of the most common exchanges: who reads their responses, and receives and sends."""

    def __init__(self, settings: Settings, policies: Policies) -> None:
        self._settings = settings
        self._policies = policies
        self.engine: Engine | None = _backends.selected.engine
        """None where the backend has none: then what comes is received as everywhere."""
        self.reader = self._new_reader(settings.max_content, policies.retried_from, takes_coded=False)
        """That of all responses whose requests have no limits of their own."""
        self._of_coded = self._new_reader(settings.max_content, policies.retried_from, takes_coded=True)
        """The same, where content is not decoded."""
        self._made: dict[tuple[int, int | None, bool], tuple[Retry | None, FastReader]] = {}

    def reader_for(self, request: Request) -> FastReader | None:
        """Return who reads the response to *request*, which was found good; None for the one that all share."""
        retry, sink = request.retry, request.sink
        if sink is None and retry is None and request.max_content is None and type(request.decode) is bool:
            return None if request.decode else self._of_coded
        max_content, of_all = request.max_content, self._settings.max_content
        if max_content is None:
            max_content = of_all
        elif sink is not None and of_all is not None:
            max_content = min(max_content, of_all)  # what is no result is kept in memory
        if sink is None and retry is None and request.decode and max_content == of_all:
            return None
        key = (id(retry), max_content, request.decode)
        found = self._made.get(key)
        if found is None:
            retried_from = self._policies.retried_from if retry is None else self._policies.retried_from_by(retry)
            if len(self._made) >= _MOST_READERS:
                self._made.clear()
            reader = self._new_reader(max_content, retried_from, takes_coded=not request.decode)
            found = self._made[key] = retry, reader  # with the Retry, so that its id stays its own
        return found[1]

    def _new_reader(self, max_content: int | None, retried_from: int, *, takes_coded: bool) -> FastReader:
        policies = self._policies
        return FastReader(
            _backends.selected,
            self._settings.limits,
            max_content,
            policies.judged_from,
            retried_from,
            policies.cookies is not None,
            takes_coded=takes_coded,
        )
