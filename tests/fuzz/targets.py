"""What one input is tried on: three targets, each a function of bytes that raises where a promise is broken.

- ``head``: one head, by every backend and the reference reader; where it ends; what framing makes of it.
- ``chunks``: one chunked body, by both decoders in lockstep, against a decoder that is spelt from the RFC here.
- ``reader``: one response, by ``ResponseReader`` over every backend, cut and read in different ways.

An input begins with a few bytes of settings (limits, mode, where it is cut), so that the fuzzer chooses those too;
what follows are the server's bytes. Nothing here needs a fuzzer: a target runs on any input, in any Python.
"""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from httpconn import _backends, errors
from httpconn._backends.contract import Backend
from httpconn._wire import framing, grammar, reference
from httpconn._wire.chunked import ChunkedDecoder
from httpconn._wire.grammar import Limits
from httpconn._wire.head import ResponseHead
from httpconn._wire.plain import take_plain_response
from httpconn._wire.reader import LINE, NEED_DATA, ResponseReader

BACKENDS: Final = tuple(_backends.get(name) for name in _backends.NAMES if name in _backends.available())

# A server's bytes may lead to these and to nothing else: never to OverflowError, MemoryError, RecursionError, ...
HEAD_ERRORS: Final = frozenset({
    errors.BadStatusLine, errors.UnknownProtocol, errors.LineTooLong, errors.MalformedHead,
    errors.RemoteDisconnected, errors.HTTPException,
})  # fmt: skip
BODY_ERRORS: Final = frozenset({
    errors.IncompleteRead, errors.MalformedFraming, errors.LineTooLong, errors.BodyTooLong,
    errors.HTTPException,  # too many trailers
})  # fmt: skip

DEFAULT: Final = Limits()
SMALL: Final = Limits(
    line_bytes=64, field_lines=6, head_bytes=200, interim_responses=2, trailer_lines=2, chunk_overhead_bytes=40,
    body_bytes=30,
)  # fmt: skip
LIMITS: Final = (
    DEFAULT,
    SMALL,
    DEFAULT,
    Limits(line_bytes=40),
    Limits(field_lines=3, trailer_lines=1, interim_responses=1),
    Limits(head_bytes=100),
    Limits(chunk_overhead_bytes=0),
    Limits(body_bytes=5),
)
METHODS: Final = ("GET", "HEAD", "GET", "CONNECT", "GET", None, "POST", "GET")
BEHIND: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
MOST_PIECES: Final = 32
"""Longer inputs are cut into larger pieces, so that one input costs about the same as another."""


class Finding(AssertionError):
    """A promise is broken by this input."""


def check(holds: object, *told: object) -> None:
    if not holds:
        raise Finding(*told)


def pieces(wire: bytes, first: int, step: int) -> Iterator[bytes]:
    """Yield *wire*: its *first* bytes, then pieces of *step* bytes; 0 stands for all the rest."""
    if first:
        yield wire[:first]
    rest = len(wire) - first
    step = max(step, rest // MOST_PIECES + 1) if step else max(rest, 1)
    for at in range(first, len(wire), step):
        yield wire[at : at + step]


# -- heads ------------------------------------------------------------------------------------------------

HEAD_SETTINGS: Final = 2
_empty_line: Final = re.compile(rb"\n\r?\n").search
_digits: Final = re.compile(r"[0-9]+").fullmatch
_chunked: Final = re.compile(r"[, \t\r\n]*chunked[, \t\r\n]*", re.IGNORECASE).fullmatch


def record(head: ResponseHead) -> tuple[Any, ...]:
    """Return all that a head tells, for comparison."""
    lines = head.field_lines()
    asked = lines[-1][0].swapcase() if lines else "absent"
    return (
        head.version, head.status, head.reason, head.content_length, head.transfer_encoding, head.connection, lines,
        head.field_values(asked), head.get_joined(asked), head.get_joined("set-cookie"), head.block, (*head.defects,),
    )  # fmt: skip


def head(data: bytes) -> None:
    """The decline law, where a head ends, and what its framing may be."""
    settings, block = data[:HEAD_SETTINGS].ljust(HEAD_SETTINGS, b"\0"), data[HEAD_SETTINGS:]
    limits = LIMITS[settings[0] & 7]
    if settings[0] & 8:  # one that this very block just reaches, or just passes
        limits = Limits(
            line_bytes=max(0, len(block) + (settings[0] >> 4) % 3 - 1),
            field_lines=max(0, block.count(b"\n") - 2 + (settings[0] >> 6) - 1),
        )
    _check_head_ends(block, settings[1])
    wanted: ResponseHead | None = None
    told: Any
    try:
        wanted = reference.parse_response_head(block, limits)
        told = record(wanted)
    except Exception as error:
        check(type(error) in HEAD_ERRORS, "the reference reader raised", error)
        told = type(error)
    answers = {}
    if len(block) > limits.head_bytes:
        return  # the reader asks no backend then
    for backend in BACKENDS:
        found = backend.parse_response_head(block, limits.line_bytes, limits.field_lines)
        answers[backend.name] = found is not None
        if found is not None:
            check(record(found) == told, backend.name, record(found), told)
    check(answers.get("cython", answers["python"]) == answers["python"], "the twins decline different heads", answers)
    if wanted is None:
        return
    method = METHODS[settings[1] & 7]
    lax, strict = (framing.body_framing(wanted, method, mode) for mode in (False, True))
    check(lax[2] is None or strict[2] is not None, "strict is laxer", lax, strict)
    for mode, answer in enumerate((lax, strict)):
        _check_framing(wanted, method, bool(mode), answer)
    if not wanted.defects and settings[1] & 0x18 == 0x18:
        _check_against_http_client(block, wanted, limits)


def _check_head_ends(block: bytes, seed: int) -> None:
    for start in {0, seed % (len(block) + 1)}:
        match = _empty_line(block, start)
        expected = match.end() if match else -1
        for backend in BACKENDS:
            check(backend.find_head_end(block, start) == expected, backend.name, "finds another end", start)


def _check_framing(head: ResponseHead, method: str | None, strict: bool, answer: framing.Framing) -> None:
    """RFC 9112 section 6.3 once more, by other means."""
    length, will_close, refusal, defects = answer
    fields = [(name.lower(), value) for name, value in head.field_lines()]
    lengths = [value for name, value in fields if name == "content-length"]
    codings = [value for name, value in fields if name == "transfer-encoding"]
    check(-2 <= length <= grammar.MAX_BODY_BYTES, "no length", length)
    check(will_close or not (defects or refusal or head.defects or length == framing.UNTIL_CLOSE), "persists", answer)
    if not will_close:
        options = ",".join(value.lower() for name, value in fields if name == "connection")
        check("close" not in options, "persists against Connection", options)
        kept = any(name in ("keep-alive", "connection", "proxy-connection") for name, _ in fields)
        check(head.version == 11 or kept, "HTTP/1.0 persists")
    if head.status < 200 or head.status in (204, 304) or method == "HEAD":
        check(length == 0 and not refusal, "a body where there is none", answer)
    elif method == "CONNECT" and head.status < 300:
        check(length == 0 and will_close, "a tunnel", answer)
    elif codings:
        if length >= 0:  # http.client's reading of a coding that is none
            check(not strict and will_close and defects, "a length beside a transfer coding", answer)
            check(", ".join(codings).strip(" ,\t\r\n").lower() == "identity", "not identity", codings)
            _check_length(lengths, length)
        check((length == framing.CHUNKED) <= (_chunked(", ".join(codings)) is not None), "not chunked", codings)
        check(not (lengths and length == framing.CHUNKED) or (will_close and not strict), "both, and reused", fields)
    elif not lengths:
        check(length == framing.UNTIL_CLOSE and not refusal, "no framing at all", answer)
    elif length >= 0:
        _check_length(lengths, length)
    else:
        check(length == framing.UNTIL_CLOSE and (refusal is not None or not strict), "a bad length", answer)


def _check_length(lengths: list[str], length: int) -> None:
    members = [member.strip(" \t\r\n") for value in lengths for member in value.split(",")]
    same = all(_digits(member) and member.lstrip("0") == (str(length) if length else "") for member in members)
    check(members and same, "another Content-Length", members, length)


class _File(io.BytesIO):
    def makefile(self, mode: str) -> io.BytesIO:
        return self


def _check_against_http_client(block: bytes, head: ResponseHead, limits: Limits) -> None:
    """What is read without a defect is read by http.client in the same way; it knows no limits but its own."""
    standard = http.client.HTTPResponse(_File(block))  # type: ignore[arg-type]  # it asks for nothing but makefile
    ends_early = not block.endswith((b"\n\r\n", b"\n\n"))
    if head.status == 100 or block.count(b"\n") + ends_early > 1 + 100:
        # Passed over, or too many lines behind the status-line for it: it counts folds, and what ends them: the empty line,
        # or the end of the stream.
        return
    try:
        standard.begin()
    except http.client.HTTPException as error:
        raise Finding("http.client refuses what is read without a defect", error) from error
    theirs = (standard.version, standard.status, standard.reason, standard.getheaders())
    ours = (head.version, head.status, head.reason, head.field_lines())
    check(theirs == ours, "http.client reads something else", theirs, ours)


# -- chunked bodies ---------------------------------------------------------------------------------------

CHUNKS_SETTINGS: Final = 4
_size_line: Final = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(;[\t\x20-\x7e\x80-\xff]*)?\r\n").fullmatch

CHUNK_LIMITS: Final = (
    (65_536, 100, 16_384), (64, 2, 40), (20, 3, 1000), (1000, 1, 0), (65_536, 0, 100), (30, 5, 16_384),
    (10, 100, 10), (2**70, 2**70, 2**70),
)  # fmt: skip


class Decoded(NamedTuple):
    data: bytes
    end: str
    """"complete", "refused" or "open"."""
    consumed: int


def decode_by_the_rfc(wire: bytes, line_bytes: int, trailer_lines: int, overhead_bytes: int) -> Decoded:
    """Return what the chunked body at the beginning of *wire* comes to; RFC 9112 section 7.1, in its own words."""
    data = b""
    at = excess = trailers = 0
    is_last = False
    while True:
        end = wire.find(b"\n", at) + 1
        if (end or len(wire)) - at > line_bytes:
            return Decoded(data, "refused", at)
        if not end:
            return Decoded(data, "open", at)
        line = wire[at:end]
        if is_last:
            if line in (b"\r\n", b"\n"):
                return Decoded(data, "complete", end)
            trailers += 1
            if trailers > trailer_lines:
                return Decoded(data, "refused", at)
            at = end
            continue
        match = _size_line(line)
        size = int(match[1], 16) if match else -1
        spent = max(0, excess + len(line) + 2 - 16 - 2 * size)
        if not 0 <= size < 2**63 or spent > overhead_bytes:
            return Decoded(data, "refused", at)
        excess = spent
        at = end
        if not size:
            is_last = True
            continue
        data += wire[at : at + size]
        at = min(at + size, len(wire))
        behind = wire[at : at + 2]
        if behind != b"\r\n":
            return Decoded(data, "open" if behind in (b"", b"\r") else "refused", at)
        at += 2


def state(decoder: ChunkedDecoder) -> tuple[object, ...]:
    return (
        decoder.position, decoder.searched, decoder.chunk_left, decoder.error,
        decoder.complete, decoder.in_trailers, decoder.trailer_block,
    )  # fmt: skip


def chunks(data: bytes) -> None:
    """Both decoders in the same state after each call, and in the end where the RFC says."""
    settings, wire = data[:CHUNKS_SETTINGS].ljust(CHUNKS_SETTINGS, b"\0"), data[CHUNKS_SETTINGS:]
    limits = CHUNK_LIMITS[settings[0] & 7]
    expected = decode_by_the_rfc(wire, *limits)
    most = (-1, settings[1] & 0x1F, -1, (settings[1] & 0x1F) + 1)[settings[1] >> 6]
    twins = {one: ChunkedDecoder(one, *limits) for one in (backend.take_chunks for backend in BACKENDS)}
    held: bytes | bytearray = b""
    start = offset = 0  # what has been consumed: in ``held``, and before it was begun anew
    got = b""
    for piece in pieces(wire, settings[2] % (len(wire) + 1), settings[3]):
        if settings[0] & 16:
            held = bytes(held[start:]) + piece
            offset += start
            start = 0
        elif isinstance(held, bytearray):
            held += piece  # a BufferError, were it still held
        else:
            held = bytearray(piece)
        while True:
            parts = {name: (decoder.decode(held, start, most), state(decoder)) for name, decoder in twins.items()}
            (part, seen), *others = parts.values()
            check(all(other == (part, seen) for other in others), "the twins differ", parts)
            was, start = start, seen[0]  # type: ignore[assignment]  # the position
            check(was <= start <= len(held) and len(part) <= start - was, "position", was, start)
            check(most < 0 or len(part) <= most, "more than was asked for", part, most)
            got += part
            if not part and (start == was or most):
                break
    if most == 0:
        # Framing only, in front of the first data: then a call that takes data must go on from there.
        rest = bytes(held[start:])
        parts = {name: (decoder.decode(rest, 0, -1), state(decoder)) for name, decoder in twins.items()}
        (part, seen), *others = parts.values()
        check(all(other == (part, seen) for other in others), "the twins differ behind 0", parts)
        got += part
        offset += start
        start = seen[0]  # type: ignore[assignment]  # the position
    decoder = next(iter(twins.values()))
    end = "complete" if decoder.complete else "refused" if decoder.error else "open"
    check(Decoded(got, end, offset + start) == expected, "not as the RFC says", (got, end, offset + start), expected)


# -- whole responses --------------------------------------------------------------------------------------

READER_SETTINGS: Final = 5


class Outcome(NamedTuple):
    """What came of a message. Nothing in it may depend on how the message was cut, or read."""

    raised_by: str
    """"head", "body", "" for none, "waits" where bytes are missing and the peer has not closed."""
    error: type[BaseException] | None
    cause: type[BaseException] | None
    status: int
    body: bytes | None
    complete: bool | None
    persists: bool
    until_close: bool
    interim: int
    defects: int
    trailers: tuple[tuple[str, str], ...]
    unused: bytes | None
    """None where the peer's bytes were refused: then nobody reads on."""


class Stream:
    """The pieces of a message, to be received whole or (``take``) so many bytes of them."""

    def __init__(self, parts: Iterator[bytes], closes: int) -> None:
        self._parts = parts
        self._closes = closes
        self._held = b""
        self.is_closed = False

    def receive(self, reader: ResponseReader, wanted: int = 2**62) -> None:
        """Give *reader* at most *wanted* bytes, or LINE. Raises EOFError where no more will ever come."""
        if wanted == LINE:
            while b"\n" not in self._held and (part := next(self._parts, b"")):
                self._held += part
            wanted = self._held.find(b"\n") + 1 or 2**62
        data = self.take(wanted)
        if data:
            reader.receive(data)
        elif self._closes and not self.is_closed:
            self.is_closed = True
            reader.receive(b"", is_clean=self._closes == 1)
        else:
            raise EOFError

    def take(self, wanted: int) -> bytes:
        while not self._held:
            if (part := next(self._parts, None)) is None:
                return b""
            self._held = part
        data, self._held = self._held[:wanted], self._held[wanted:]
        return data

    def rest(self) -> bytes:
        rest, self._held = self._held + b"".join(self._parts), b""
        return rest


Read = Callable[[ResponseReader, Stream, int], Iterator[bytes]]


def read_all(reader: ResponseReader, stream: Stream, amount: int) -> Iterator[bytes]:
    while True:
        part = reader.body()
        if part is NEED_DATA:
            stream.receive(reader)
        elif part:
            yield part
        else:
            return


def read_amounts(reader: ResponseReader, stream: Stream, amount: int) -> Iterator[bytes]:
    while True:
        part = reader.body(amount)
        if part is NEED_DATA:
            stream.receive(reader)
            continue
        check(len(part) <= amount, "more than was asked for")
        if not part:
            return
        yield part


def read_peeking(reader: ResponseReader, stream: Stream, amount: int) -> Iterator[bytes]:
    while True:
        shown = reader.peek()
        if shown is NEED_DATA:
            stream.receive(reader)
            continue
        shown = bytes(shown)[:amount]
        if not shown:
            shown_end = reader.body(1)
            check(not shown_end, "bytes behind an empty peek")
            return
        part = reader.body(len(shown))
        check(part == shown, "not what was peeked", shown, part)
        yield shown


def read_directly(reader: ResponseReader, stream: Stream, amount: int) -> Iterator[bytes]:
    """Past the reader's buffer wherever it says so, as ``readinto`` does."""
    while True:
        direct = reader.contiguous()
        if direct:
            part = stream.take(min(direct, amount))
            if part:
                reader.advance(len(part))
                yield part
                continue
            if not stream.is_closed:  # at its end a socket says so as often as it is asked
                stream.receive(reader)
        part = reader.body(amount)
        if part is NEED_DATA:
            stream.receive(reader)
        elif part:
            yield part
        else:
            return


def read_wanted(reader: ResponseReader, stream: Stream, amount: int) -> Iterator[bytes]:
    """Never more than the reader wants, as from a file that must not be read behind the message."""
    while True:
        part = reader.body(amount)
        if part is NEED_DATA:
            stream.receive(reader, min(reader.wanted(), 7))
        elif part:
            yield part
        else:
            return


def read_handing_over(reader: ResponseReader, stream: Stream, amount: int) -> Iterator[bytes]:
    """What was not read is taken back and given again, as when somebody looks at ``fp``."""
    while True:
        if unused := reader.take_unused():
            reader.receive(unused)
        part = reader.body(amount)
        if part is NEED_DATA:
            stream.receive(reader)
        elif part:
            yield part
        else:
            return


def read_lines(reader: ResponseReader, stream: Stream, amount: int) -> Iterator[bytes]:
    while True:
        part = reader.line(amount if amount < 1000 else -1)
        if part is NEED_DATA:
            stream.receive(reader)
            continue
        if not part:
            # As readline() does: this tells a cut from the end.
            check(not reader.body(1), "bytes behind an empty line")
            return
        check(b"\n" not in part[:-1] and (amount >= 1000 or len(part) <= amount), "more than a line", part)
        yield part


READS: Final[tuple[Read, ...]] = (
    read_all, read_amounts, read_peeking, read_directly, read_wanted, read_handing_over, read_lines, read_directly,
)  # fmt: skip


class Message(NamedTuple):
    wire: bytes
    method: str | None
    limits: Limits
    strict: bool
    closes: int
    """0: the peer waits behind ``wire``; 1: it closes; 2: it closes without close_notify."""


def outcome(
    backend: Backend, message: Message, first: int = 0, step: int = 0, read: Read = read_all, amount: int = 1
) -> Outcome:
    """Return what a reader over *backend* makes of *message*, cut and read so."""
    reader = ResponseReader(backend, message.method, message.limits, message.strict)
    stream = Stream(pieces(message.wire, first, step), message.closes)
    limits = LINE if read is read_wanted else 2**62
    status = 0
    error: BaseException | None = None
    raised_by = "head"
    body: list[bytes] = []
    until_close = False
    try:
        while (head := reader.head()) is NEED_DATA:
            stream.receive(reader, limits)
        raised_by = "body"
        status = head.status
        until_close = reader.length is None and not reader.chunked
        body.extend(read(reader, stream, amount))
        raised_by = ""
    except EOFError:
        raised_by += " waits"
    except Exception as caught:
        if isinstance(caught, Finding):
            raise
        error = caught
        allowed = HEAD_ERRORS if raised_by == "head" else BODY_ERRORS
        check(type(error) in allowed, "an error of another family", raised_by, error)
    if error is not None and raised_by == "body":
        _check_refused_again(reader, error)
    complete = reader.complete
    check(complete is not True or (error is None and not raised_by), "complete, and yet not", error, raised_by)
    check(len(reader.interim) <= message.limits.interim_responses + 1, "more interim responses than allowed")
    if read is read_wanted and complete and not until_close:
        check(reader.ends_here(), "more was wanted than belongs to the message", reader.unused)
    unused = reader.unused + stream.rest()
    gathered = b"".join(body)
    check(len(gathered) + len(unused) <= len(message.wire), "bytes from nowhere")
    check(message.wire.endswith(unused), "unused is not what follows", unused)
    is_piecewise = isinstance(error, (errors.LineTooLong, errors.BodyTooLong))
    return Outcome(
        raised_by, type(error) if error else None, type(error.__cause__) if error and error.__cause__ else None,
        status, None if is_piecewise else gathered, complete,
        complete is True and not reader.will_close and status != 101, until_close, len(reader.interim),
        len(reader.defects), (*(reader.trailers or ()),), None if error else unused,
    )  # fmt: skip


def _check_refused_again(reader: ResponseReader, error: BaseException) -> None:
    """Who asks again after an error gets the same answer, and nothing of what follows."""
    try:
        part = reader.body()
    except Exception as again:
        check(type(again) is type(error), "another error at the second time", error, again)
    else:
        raise Finding("a body behind an error", error, part)


def reader(data: bytes) -> None:
    """One outcome for a message, over every backend, however it is cut and read; and the truth about its end."""
    settings, wire = data[:READER_SETTINGS].ljust(READER_SETTINGS, b"\0"), data[READER_SETTINGS:]
    first, step, amount = settings[2] % (len(wire) + 1), settings[3] & 0x3F, settings[4] & 0x3F or 1000
    read = READS[settings[1] >> 3 & 7]
    closes = (0, 1, 1, 2)[settings[0] >> 3 & 3]
    message = Message(wire, METHODS[settings[0] & 7], LIMITS[settings[1] & 7], bool(settings[0] & 0x20), closes)
    whole = outcome(BACKENDS[0], message)
    for backend in BACKENDS[1:]:
        cut = outcome(backend, message, first, step, read, amount)
        check(cut == whole, backend.name, read.__name__, whole, cut)
    other = settings[0] >> 6
    if other == 0:
        cut = outcome(BACKENDS[0], message, first, step, read, amount)
        check(cut == whole, BACKENDS[0].name, read.__name__, whole, cut)
    elif other == 1:
        _check_cut_short(message, whole, settings[2] | (settings[3] & 0xC0) << 2)
    elif other == 2:
        _check_bytes_behind(message, whole)
    else:
        _check_strict(message, whole)
    _check_plain_response(message, whole)
    if settings[4] & 0x40:
        _check_end(message, whole)
    if settings[4] & 0x80:
        _check_witness(message, whole, first, step)


def _check_plain_response(message: Message, whole: Outcome) -> None:
    """It declines, or says what the reader says in either mode; and the twins decline the same."""
    answers = {}
    for backend in BACKENDS:
        if backend.name == "httptools":  # which declines more
            continue
        found = take_plain_response(backend, message.wire, message.method, message.limits)
        answers[backend.name] = found if found is None else (record(found[0]), *found[1:])
    check(all(answer == answers["python"] for answer in answers.values()), "the twins differ", answers)
    if found is None:
        return
    head, content, left, rest, *_ = found
    check(not left, "not whole")
    expected = Outcome("", None, None, head.status, content, True, True, False, 0, 0, (), b"")
    check(whole == expected, "not what the reader says", whole, expected)
    other = outcome(BACKENDS[-1], message._replace(strict=not message.strict))
    check(other == expected, "not what the reader says in the other mode", other, expected)
    check(head.block + rest == message.wire, "not what was received")
    for is_read, body in ((False, content), (True, b"")):
        reader = ResponseReader(BACKENDS[0], message.method, message.limits, message.strict)
        reader.go_on_behind(head, rest, is_read=is_read)
        stream = Stream(iter(()), 0)
        check(b"".join(read_amounts(reader, stream, 7)) == body, "another body behind the head", is_read)
        check(reader.complete is True and reader.ends_here() and not reader.will_close, "another end", is_read)
        check(reader.head() is head and reader.trailers == [] and not reader.length, "another message", is_read)


def _check_cut_short(message: Message, whole: Outcome, at: int) -> None:
    """``complete`` is never True for a message that was cut."""
    if whole.complete is not True or whole.until_close or whole.unused is None:
        return
    end = len(message.wire) - len(whole.unused)
    if not end:
        return
    at %= end
    for closes in (1, 2):
        cut = outcome(BACKENDS[at % len(BACKENDS)], message._replace(wire=message.wire[:at], closes=closes))
        # A cut inside the head may leave one without its framing: then it lasts until the close, and shows.
        check(cut.complete is not True, "complete, and cut", at, cut)
        check(not cut.persists, "persists, and cut", at, cut)
        check(cut.error is not None or not message.strict, "strict lets a cut pass", at, cut)


def _check_bytes_behind(message: Message, whole: Outcome) -> None:
    """Bytes behind a message change nothing but ``unused``."""
    if whole.complete is True and not whole.until_close:
        more = outcome(BACKENDS[0], message._replace(wire=message.wire + BEHIND))
        assert whole.unused is not None
        check(more == whole._replace(unused=whole.unused + BEHIND), "bytes behind change it", whole, more)


def _check_strict(message: Message, whole: Outcome) -> None:
    """What strict lets pass, the default mode reads in the same way.

    But for this: strict keeps no connection behind an answer that left announced content out.
    """
    other = outcome(BACKENDS[0], message._replace(strict=not message.strict))
    strict, lax = (whole, other) if message.strict else (other, whole)
    if strict.error is None:
        if message.method == "HEAD" or strict.status == 204:
            lax = lax._replace(persists=lax.persists and strict.persists)
        check(strict == lax, "strict and default differ", strict, lax)


def _check_end(message: Message, whole: Outcome) -> None:
    """A chunked body that is complete is one, from its first byte to its last, by the RFC too."""
    if whole.complete is not True or whole.unused is None:
        return
    reader = ResponseReader(BACKENDS[0], message.method, message.limits, message.strict)
    reader.receive(message.wire)
    reader.head()
    behind = reader.unused
    if reader.chunked:
        limits = message.limits
        found = decode_by_the_rfc(behind, limits.line_bytes, limits.trailer_lines, limits.chunk_overhead_bytes)
        expected = Decoded(whole.body or b"", "complete", len(behind) - len(whole.unused))
        check(found == expected, "not as the RFC says", found, expected)
    elif reader.length is not None:
        check(reader.length == len(whole.body or b"") == len(behind) - len(whole.unused), "another length")


def _check_witness(message: Message, whole: Outcome, first: int, step: int) -> None:
    """Who only watches what others read knows the same about the end."""
    if whole.raised_by.startswith("head"):
        return
    reader = ResponseReader(BACKENDS[-1], message.method, message.limits, message.strict)
    stream = Stream(pieces(message.wire, first, step), message.closes)
    while reader.head() is NEED_DATA:
        stream.receive(reader)
    unused = reader.take_unused()
    witness = reader.witness()
    witness.observe(unused)
    while part := stream.take(2**62):
        witness.observe(part)
    if whole.complete is True and not whole.until_close:
        assert whole.unused is not None
        check(witness.complete is True, "the witness missed the end", whole)
        # It need not hold what follows, only know that something does.
        check(bool(witness.unused) == bool(whole.unused), "the witness missed bytes behind", whole)
        check(whole.unused.startswith(witness.unused), "the witness holds other bytes", witness.unused)
    else:
        check(witness.complete is not True, "the witness saw an end", whole)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {"head": head, "chunks": chunks, "reader": reader}
