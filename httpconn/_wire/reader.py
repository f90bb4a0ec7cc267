"""ResponseReader: bytes of one response in, its head and body out, without any I/O.

The receive buffer, the head, the framing and the body of exactly one response. Whoever moves the bytes (a
socket, an event loop, a file-like object) hands them to ``receive`` and asks ``head`` and then ``body``
until they no longer say NEED_DATA. What lies behind the message stays in ``unused``.

A reader never consumes part of a line, so at any moment the bytes that were received and not consumed
(``unused``) are exactly what follows in the stream. A source that must not be read past the end of the message
is told by ``wanted`` how much surely belongs to it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from ..errors import (
    BodyTooLong,
    HTTPException,
    IncompleteRead,
    MalformedFraming,
    MalformedHead,
    MalformedResponse,
    RemoteDisconnected,
    line_too_long,
    quote,
)
from . import grammar, reference
from .annotations import TYPE_CHECKING, Final
from .chunked import ChunkedDecoder
from .framing import CHUNKED, UNTIL_CLOSE, announces_content, body_framing
from .head import Defect, ResponseHead

if TYPE_CHECKING:
    from .._backends.contract import Backend


class NeedData(enum.Enum):
    """The type of NEED_DATA: nothing can be said before more bytes are received."""

    NEED_DATA = "NEED_DATA"


NEED_DATA: Final = NeedData.NEED_DATA
LINE: Final = -1
"""From ``wanted``: a whole line, however long."""


_CHUNK_REFUSALS: Final = {
    grammar.CHUNK_SIZE_MALFORMED: "expected a chunk-size line of hex digits ended by CRLF",
    grammar.CHUNK_SIZE_TOO_LARGE: f"expected a chunk-size of at most {grammar.MAX_BODY_BYTES}",
    grammar.CHUNK_NOT_TERMINATED: "expected CRLF after the chunk's data",
    grammar.CHUNK_OVERHEAD: "more chunk framing than data",
    grammar.CHUNK_EXTENSION_MALFORMED: "chunk extension outside the grammar",
}
_CHUNK_LINES_TOO_LONG: Final = {
    grammar.CHUNK_LINE_TOO_LONG: "chunk size",
    grammar.TRAILER_LINE_TOO_LONG: "trailer line",
}


class _PartialHead:
    """How far the search for the end of a head has come that arrives in pieces."""

    __slots__ = ("lines", "open_line_bytes", "searched")

    def __init__(self) -> None:
        self.lines = 0  # whole lines so far
        self.open_line_bytes = 0  # and the bytes of the one that has begun
        self.searched = 0  # bytes of the head that have been looked at


class ResponseReader:
    """Reads one response to a *method* request. Source: RFC 9112 sections 2, 6 and 7.

    - *strict*: what is outside the grammar is refused, and so is a message that was cut short
    - *strict* with *lenient_syntax*: only what decides the framing is judged so. What is malformed in the status-line,
      in a field line, a trailer line or a chunk extension is read as without *strict*: passed over or kept, listed in
      ``defects``, and the connection closed behind it. For a pool and a fetcher
    """

    __slots__ = (
        "_backend",
        "_buffer",
        "_decoder",
        "_eof",
        "_head",
        "_head_defects",
        "_is_lenient",
        "_left",
        "_partial",
        "_position",
        "_refusal",
        "_taken",
        "_trailers",
        "complete",
        "interim",
        "is_straight",
        "leaves_content_out",
        "limits",
        "method",
        "strict",
        "will_close",
    )

    def __init__(
        self,
        backend: Backend,
        method: str | None,
        limits: grammar.Limits,
        strict: bool,
        *,
        lenient_syntax: bool = False,
    ) -> None:
        self._backend = backend
        self._is_lenient = lenient_syntax or not strict
        self.method = method
        self.limits = limits
        self.strict = strict
        self._buffer: bytes | bytearray = b""
        self._position = 0  # all before it is consumed
        self._eof = False
        self._partial: _PartialHead | None = None
        self._head: ResponseHead | None = None
        self._head_defects: Sequence[Defect] = ()
        self._refusal: MalformedResponse | None = None
        self._decoder: ChunkedDecoder | None = None
        self._left = 0  # body bytes to come, or UNTIL_CLOSE; with a decoder, not used
        self._taken = 0  # body bytes given, counted where they are limited
        self._trailers: list[tuple[str, str]] | None = None
        self.interim: Sequence[ResponseHead] = ()
        """The 1xx responses that were passed over."""
        self.complete: bool | None = None
        """None while unread, True at the end of the message, False where it was cut short."""
        self.will_close = False
        self.leaves_content_out = False
        """The head announces content that is no part of the message: of an answer to HEAD, of a 204."""
        self.is_straight = False
        """The last bytes of the body have gone past this reader, as the next may: its user's own note."""

    # -- what was received --------------------------------------------------------------------------------

    def receive(self, data: bytes, *, is_clean: bool = True) -> None:
        """Take the next bytes of the stream; b"" means that the peer closed its side.

        *is_clean* is False for a TLS connection that ended without close_notify: then a body that lasts until
        close may have been cut by anybody on the way (RFC 9112 section 9.8).
        """
        if not data:
            self._eof = True
            if not is_clean:
                self.complete = False
        elif self._position == len(self._buffer):
            self._buffer = data
            self._position = 0
        else:
            if not isinstance(self._buffer, bytearray):
                self._buffer = bytearray(memoryview(self._buffer)[self._position :])
                self._position = 0
            elif self._position:
                # What is consumed goes, or a body whose pieces all end inside a line would be held whole. No copy:
                # CPython moves the beginning of the bytearray.
                del self._buffer[: self._position]
                self._position = 0
            self._buffer += data

    @property
    def unused(self) -> bytes:
        """The bytes received and not consumed; after the message, those that do not belong to it."""
        return bytes(memoryview(self._buffer)[self._position :])

    def take_unused(self) -> bytes:
        """Return ``unused`` and hold it no longer: somebody else reads the stream from here."""
        unused = self.unused
        self._buffer = b""
        self._position = 0
        if self._decoder is not None:
            self._decoder.searched = 0
        return unused

    def ends_here(self) -> bool:
        """Return whether nothing is held beyond what was read."""
        return self._position == len(self._buffer)

    def is_empty(self) -> bool:
        """Return whether this is a message without a body, of which nothing need be read."""
        return self.complete is None and self._head is not None and not self._left and self._decoder is None

    def may_be_followed(self) -> bool:
        """Return whether another request may go over the connection, once this response is done with.

        The message is whole, or has no body that would have to be read; nothing has come behind it; and its sender
        keeps the connection open, and goes on in HTTP/1.
        """
        head = self._head
        return (
            head is not None
            and not self.will_close
            and (self.complete is True or self.is_empty())
            and self.ends_here()
            and head.status != grammar.SWITCHING_PROTOCOLS
        )

    def wanted(self) -> int:
        """Return how many of the next bytes of the stream surely belong to this message, or LINE."""
        if self._head is None:
            return LINE
        if self._decoder is None:
            return self._left if self._left != UNTIL_CLOSE else grammar.MAX_BODY_BYTES
        left = self._decoder.chunk_left
        # In front of a chunk's CRLF: those two bytes, less a CR that is here already.
        return left if left > 0 else LINE if left < 0 else 2 - (len(self._buffer) - self._position)

    # -- the head -----------------------------------------------------------------------------------------

    def head(self) -> ResponseHead | NeedData:
        """Return the head of the final response, or NEED_DATA. Interim ones are passed over; 101 is final.

        Raises BadStatusLine, UnknownProtocol, LineTooLong, MalformedHead, RemoteDisconnected (the peer closed
        before the first byte) or HTTPException (too many lines or interim responses).
        """
        while self._head is None:
            buffer, position, partial = self._buffer, self._position, self._partial
            # The end may have begun in the last two bytes that were there before.
            start = position if partial is None else position + max(0, partial.searched - 2)
            end = self._backend.find_head_end(buffer, start)
            if end < 0:
                self._check_partial_head()
                if not self._eof:
                    return NEED_DATA
                if self._ends_with_interim():
                    break
                end = self._cut_head_end()
            self._position = end
            block = buffer[position:end]
            head = self._parse_head(block if type(block) is bytes else bytes(block))
            if head.status >= 200 or head.status == grammar.SWITCHING_PROTOCOLS:
                self._begin_body(head)
                return head
            self._partial = None
            self.interim = (*self.interim, head)
            if len(self.interim) > self.limits.interim_responses:
                raise HTTPException(self.limits.too_many_interim())
        return self._head  # type: ignore[return-value]  # the loop has set it

    def _ends_with_interim(self) -> bool:
        """Take the last interim response for the final one where the peer closed behind it.

        There is nothing else it could be; http.client takes every 1xx but 100 for final anyway. Strict does not.
        """
        if self.strict or not self.ends_here() or not self.interim or self.interim[-1].status == 100:
            return False
        self.complete = False
        self._begin_body(self.interim[-1])
        self.interim = self.interim[:-1]
        return True

    def _parse_head(self, block: bytes) -> ResponseHead:
        limits = self.limits
        head = None
        if len(block) <= limits.head_bytes:
            head = self._backend.parse_response_head(block, limits.line_bytes, limits.field_lines)
        if head is None:
            head = reference.parse_response_head(block, limits)
            if head.defects and not self._is_lenient:
                defect = head.defects[0]
                raise MalformedHead(f"{defect.reason} at offset {defect.offset}: {quote(defect.data)}")
        return head

    def _check_partial_head(self) -> None:
        """Raise as soon as the head that has begun to arrive cannot become a good one; look at no byte twice.

        The reference reader raises, so that it is the same error as if the head had come whole.
        """
        buffer, limits, begin = self._buffer, self.limits, self._position
        partial = self._partial = self._partial or _PartialHead()
        size = len(buffer) - begin
        fresh = begin + partial.searched
        has_long_line = False
        last_line_end = buffer.rfind(b"\n", fresh)
        if last_line_end < 0:
            partial.open_line_bytes += size - partial.searched
        else:
            line_end = buffer.find(b"\n", fresh)
            if not partial.lines:
                # A peer that speaks another protocol may be waiting for us, so its first line is checked at once.
                first_line = bytes(buffer[begin : line_end + 1])
                if len(first_line) <= min(limits.line_bytes, limits.head_bytes):
                    reference.parse_status_line(first_line)
            has_long_line = partial.open_line_bytes + line_end + 1 - fresh > limits.line_bytes
            if last_line_end - line_end > limits.line_bytes:
                lines = buffer[line_end + 1 : last_line_end].split(b"\n")
                has_long_line = has_long_line or any(len(line) >= limits.line_bytes for line in lines)
            partial.lines += buffer.count(b"\n", fresh)
            partial.open_line_bytes = len(buffer) - 1 - last_line_end
        partial.searched = size
        if (
            has_long_line
            or partial.open_line_bytes > limits.line_bytes
            or partial.lines - 1 > limits.field_lines  # less the status-line
            or size > limits.head_bytes
        ):
            reference.parse_response_head(bytes(buffer[begin:]), limits)

    def _cut_head_end(self) -> int:
        """Return the end of a head that the peer's close has cut. Raises RemoteDisconnected where that is no head."""
        size = len(self._buffer) - self._position
        if not size:
            raise RemoteDisconnected("Remote end closed connection without response")
        if self.strict:
            raise RemoteDisconnected(f"Remote end closed connection after {size} bytes of a response's head")
        self.complete = False
        return len(self._buffer)

    def _begin_body(self, head: ResponseHead) -> None:
        length, will_close, refusal, defects = body_framing(head, self.method, self.strict)
        self._head = head
        # A head that was cut by the peer's close leaves nothing to reuse.
        self.will_close = will_close or self.complete is False
        if self.interim and any(head.defects for head in self.interim):
            self.will_close = True
        if not length and announces_content(head, self.method):
            self.leaves_content_out = True
            if not self._is_lenient:
                self.will_close = True  # some servers send it all the same, and the next answer would be that
        if refusal is not None:
            self._refusal = refusal
        if defects:
            self._head_defects = defects
        if length == CHUNKED:
            self.expect_chunks()
        else:
            self._left = length
            limit = self.limits.body_bytes
            if limit is not None and length > limit and refusal is None:
                self._refusal = BodyTooLong(f"expected a body of at most {limit} bytes, got {length}")

    def go_on_behind(self, head: ResponseHead, received: bytes, *, is_read: bool) -> None:
        """Take over from a reader that has parsed *head* and received the bytes behind it, which it may have read."""
        self._begin_body(head)
        if not is_read:
            self._buffer = received
            return
        self.complete = True
        self._left = 0
        if self._decoder is not None:
            self._decoder.complete = True

    @property
    def defects(self) -> list[Defect]:
        """What was read outside the grammar, in the order of reading."""
        heads = [*self.interim, self._head] if self._head else self.interim
        return [*(defect for head in heads for defect in head.defects), *self._head_defects]

    # -- the body -----------------------------------------------------------------------------------------

    def expect_chunks(self) -> None:
        """Take what comes next for a chunked body."""
        limits = self.limits
        self._decoder = ChunkedDecoder(
            self._backend.take_chunks,
            limits.line_bytes,
            limits.trailer_lines,
            limits.chunk_overhead_bytes,
            not self._is_lenient,
        )

    def expect_length(self, length: int) -> None:
        """Take what comes next for a body of *length* bytes, or one that lasts until the peer closes."""
        self._decoder = None
        self._left = length

    @property
    def chunked(self) -> bool:
        return self._decoder is not None

    @property
    def chunk_left(self) -> int | None:
        """http.client's attribute: bytes left of this chunk, 0 before its CRLF, None between chunks."""
        left = -1 if self._decoder is None else self._decoder.chunk_left
        return None if left < 0 else left

    @chunk_left.setter
    def chunk_left(self, left: int | None) -> None:
        if self._decoder is None:
            self.expect_chunks()
        assert self._decoder is not None
        self._decoder.chunk_left = -1 if left is None else left

    @property
    def length(self) -> int | None:
        """Body bytes to come; None where that is not known."""
        return None if self._decoder is not None or self._left < 0 else self._left

    def check_framing(self) -> None:
        """Raise what ``body`` will raise whatever comes: the head does not tell where the body ends, or is too long.

        A fresh one each time: one that is kept would keep its traceback, and so the socket, in a cycle.
        """
        if self._refusal is not None:
            raise type(self._refusal)(*self._refusal.args)

    def body(self, max_bytes: int = -1) -> bytes | NeedData:
        """Return bytes of the body (at most *max_bytes*), b"" at the end of the message, or NEED_DATA.

        Raises IncompleteRead where the peer closed too early or the chunks are malformed (then the reason is
        its ``__cause__``), MalformedFraming where the head did not tell where the body ends, LineTooLong for a
        chunk-size or trailer line.
        """
        if self._refusal is not None:
            self.check_framing()
        if self._decoder is not None:
            return self._chunked_body(self._decoder, max_bytes)
        left = self._left
        if not left:
            if self.complete is None:
                self.complete = True
            return b""
        buffer, start = self._buffer, self._position
        end = len(buffer)
        if start == end:
            return self._ended() if self._eof else NEED_DATA
        if 0 < left < end - start:
            end = start + left
        if 0 <= max_bytes < end - start:
            end = start + max_bytes
        if left > 0:
            self._left = left = left - (end - start)
            if not left and self.complete is None:
                self.complete = True
        if self.limits.body_bytes is not None:
            self._count(end - start)
        self._position = end
        part = buffer[start:end]
        return part if type(part) is bytes else bytes(part)

    def _ended(self) -> bytes:
        """The peer has closed, in front of a body that is not chunked."""
        if self._left != UNTIL_CLOSE:
            self.complete = False
            raise IncompleteRead(b"", self._left)
        if self.complete is None:
            self.complete = True
        elif not self.complete and self.strict:
            raise IncompleteRead(b"")
        return b""

    def _chunked_body(self, decoder: ChunkedDecoder, max_bytes: int) -> bytes | NeedData:
        if self.complete and decoder.complete:
            return b""
        data = decoder.decode(self._buffer, self._position, max_bytes)
        self._position = decoder.position
        if decoder.complete and (not data or not decoder.trailer_block):
            self._end_chunks(decoder.trailer_block, decoder.lax_line)
        if data:
            if self.limits.body_bytes is not None:
                self._count(len(data))
            return data
        if decoder.complete:
            return b""
        if decoder.error:
            self._refuse_chunk(decoder.error)
        if not self._eof:
            return NEED_DATA
        self.complete = False
        if decoder.in_trailers and not self.strict:
            # A few servers close instead of ending the trailer section; http.client takes the body as whole.
            return b""
        raise IncompleteRead(b"")

    def _refuse_chunk(self, error: int) -> None:
        self.complete = False
        if error in _CHUNK_LINES_TOO_LONG:
            raise line_too_long(self.limits.line_bytes, _CHUNK_LINES_TOO_LONG[error])
        if error == grammar.TRAILER_TOO_MANY_LINES:
            raise HTTPException(f"got more than {self.limits.trailer_lines} trailers")
        got = bytes(memoryview(self._buffer)[self._position : self._position + 80])
        reason = MalformedFraming(f"{_CHUNK_REFUSALS[error]}, got {quote(got)}")
        raise IncompleteRead(b"") from reason

    def _end_chunks(self, trailer_block: bytes, lax_line: bytes) -> None:
        if lax_line:
            reason = _CHUNK_REFUSALS[grammar.CHUNK_EXTENSION_MALFORMED]
            self._head_defects = (*self._head_defects, Defect(-1, lax_line, reason))
            self.will_close = True
        defects: list[Defect] = []
        if trailer_block:
            try:
                self._trailers = reference.parse_field_lines(
                    trailer_block, 0, self.limits, self.limits.trailer_lines, "trailer", defects
                )
            except MalformedHead as error:
                self.complete = False
                raise IncompleteRead(b"") from MalformedFraming(f"{error}, in the trailer section")
            if defects:
                if not self._is_lenient:
                    self.complete = False
                    raise IncompleteRead(b"") from MalformedFraming(
                        f"{defects[0].reason} in the trailer section: {quote(defects[0].data)}"
                    )
                self._head_defects = (*self._head_defects, *defects)
                self.will_close = True
        self.complete = True

    @property
    def trailers(self) -> list[tuple[str, str]] | None:
        """The fields of the trailer section; None before the end of the message."""
        return self._trailers if self._trailers is not None else ([] if self.complete else None)

    def peek(self) -> bytes | memoryview | NeedData:
        """Return body bytes that are in the buffer, without consuming them; b"" at the end, or NEED_DATA.

        Never more than lie side by side on the wire. Consumes the framing in front of them. Raises as ``body``.
        """
        if self._decoder is not None and self._decoder.chunk_left <= 0:
            framing = self._chunked_body(self._decoder, 0)
            if self._decoder.chunk_left <= 0:
                return framing
        left = self.wanted()
        if not left or (self._refusal is not None):
            return self.body(0)
        if self._position == len(self._buffer):
            return self.body(1)
        return memoryview(self._buffer)[self._position : self._position + left]

    def line(self, room: int) -> bytes | NeedData:
        """Return what is there of the next line of the body, with its LF, at most *room* bytes (-1: any number).

        b"" at the end, or NEED_DATA. A part of a line may come where that is all that is there, or where a chunk
        ends in it. Raises as ``body``.
        """
        found = self.peek()
        if found is NEED_DATA:
            return NEED_DATA
        if not found:
            return b""
        start = self._position
        stop = start + len(found)
        if 0 < room < stop - start:
            stop = start + room
        end = self._buffer.find(b"\n", start, stop) + 1 or stop
        return self.body(end - start)

    def inner_line(self) -> bytes:
        """Return the next line where it lies whole in the buffer and is not the last; b"" where that is not plain."""
        buffer, start, decoder = self._buffer, self._position, self._decoder
        length = buffer.find(b"\n", start) + 1 - start
        if length <= 0 or self._refusal is not None or type(buffer) is not bytes:
            return b""
        if decoder is not None:
            if length >= decoder.chunk_left:
                return b""
            decoder.chunk_left -= length
        elif self._left != UNTIL_CLOSE:
            if length >= self._left:
                return b""
            self._left -= length
        if self.limits.body_bytes is not None:
            self._count(length)
        self._position = start + length
        return buffer[start : start + length]

    def is_untouched(self) -> bool:
        """Return whether nothing of the message has been received."""
        return self._head is None and not self.interim and not self._buffer and not self._eof

    def contiguous(self) -> int:
        """Return how many body bytes come next with no framing between, for readers straight into a buffer.

        0 where framing comes next, or where bytes are in the buffer: ask ``body`` then.
        """
        if self._refusal is not None or self._position < len(self._buffer):
            return 0
        if self._decoder is not None:
            return max(0, self._decoder.chunk_left)
        return self._left if self._left != UNTIL_CLOSE else grammar.MAX_BODY_BYTES

    def advance(self, count: int) -> None:
        """Note that *count* of the ``contiguous`` bytes have gone past this reader to its user."""
        if self._decoder is not None:
            self._decoder.chunk_left -= count
        elif self._left > 0:
            self._left -= count
            if not self._left and self.complete is None:
                self.complete = True
        if self.limits.body_bytes is not None:
            self._count(count)

    def witness(self) -> ResponseReader:
        """Return a reader at this same place in the message, for the bytes that others will read of it.

        It is shown (``observe``) what is received from here on, and so knows whether that was the whole message.
        """
        from copy import copy  # which few programs need

        other = copy(self)
        if self._decoder is not None:
            other.expect_chunks()
            assert other._decoder is not None
            other._decoder.chunk_left = self._decoder.chunk_left
            other._decoder.in_trailers = self._decoder.in_trailers
        return other

    def observe(self, data: bytes) -> None:
        """Read *data* and forget it; raises nothing: what is malformed ends with ``complete`` False."""
        if self.complete is False or (self.complete and not self.ends_here()):
            return  # nothing that follows can change that, and it need not be held
        if data:
            self.receive(data)
        try:
            if self.head() is NEED_DATA:
                return
            while isinstance(part := self.body(), bytes) and part:
                pass
        except HTTPException:
            self.complete = False

    def _count(self, count: int) -> None:
        limit = self.limits.body_bytes
        self._taken += count
        if limit is not None and self._taken > limit:
            self.complete = False
            text = f"got more than {limit} bytes of body"
            self._refusal = BodyTooLong(text)  # for whoever asks again: what follows is no part of a body
            raise BodyTooLong(text)
