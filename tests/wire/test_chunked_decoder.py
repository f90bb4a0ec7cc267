"""The chunk decoders: wire transcripts as data, however they are cut; and the twins in lockstep.

HTTPCONN_FUZZ_HEADS tells how many mutated streams are tried too (a tenth as many).
"""

from __future__ import annotations

import http.client
import io
import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import pytest

from httpconn._backends.contract import Backend
from httpconn._wire.chunked import ChunkedDecoder
from httpconn._wire.grammar import (
    CHUNK_LINE_TOO_LONG,
    CHUNK_NOT_TERMINATED,
    CHUNK_OK,
    CHUNK_OVERHEAD,
    CHUNK_SIZE_MALFORMED,
    CHUNK_SIZE_TOO_LARGE,
    MAX_BODY_BYTES,
    TRAILER_LINE_TOO_LONG,
    TRAILER_TOO_MANY_LINES,
)

from ..support.grouped import in_groups

STREAMS = int(os.environ.get("HTTPCONN_FUZZ_HEADS") or (200_000 if "CI" in os.environ else 20_000)) // 10

LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES = 64, 3, 200
"""The limits in all of the transcripts."""

MakeDecoder = Callable[[int, int, int], ChunkedDecoder]
Buffer = bytes | bytearray


class Transcript(NamedTuple):
    wire: bytes
    data: bytes = b""
    error: int = CHUNK_OK
    trailers: bytes = b""
    left: bytes = b""
    """What is not consumed: bytes behind the message, or from what is refused on."""


END = b"0\r\n\r\n"

GOOD = {
    "no data": Transcript(END),
    "one chunk": Transcript(b"5\r\nhello\r\n" + END, b"hello"),
    "three chunks": Transcript(b"1\r\na\r\n2\r\nbc\r\nA\r\n0123456789\r\n" + END, b"abc0123456789"),
    "hex in both cases": Transcript(b"1a\r\n%b\r\n1B\r\n%b\r\n" % (b"x" * 26, b"y" * 27) + END, b"x" * 26 + b"y" * 27),
    "leading zeros": Transcript(b"0" * 40 + b"3\r\nabc\r\n000\r\n\r\n", b"abc"),
    "data that looks like framing": Transcript(b"9\r\n\r\n0\r\n\r\n\r\n\r\n" + END, b"\r\n0\r\n\r\n\r\n"),
    "extensions": Transcript(b'3;a=b;c="d e"\r\nabc\r\n0;last\r\n\r\n', b"abc"),
    "an extension of obs-text": Transcript(b"3;\xe9\xff\t\r\nabc\r\n" + END, b"abc"),
    "white space before an extension": Transcript(b"3 \t;a\r\nabc\r\n" + END, b"abc"),
    "white space before the line's end": Transcript(b"3 \r\nabc\r\n0\t \r\n\r\n", b"abc"),
    "trailers": Transcript(b"1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n", b"a", trailers=b"A: b\r\nC: d\r\n"),
    "as many trailers as allowed": Transcript(b"0\r\nA:\r\nB:\r\nC:\r\n\r\n", trailers=b"A:\r\nB:\r\nC:\r\n"),
    "bytes behind the message": Transcript(b"1\r\na\r\n" + END + b"HTTP/1.1 200", b"a", left=b"HTTP/1.1 200"),
}

# Accepted as http.client accepts them, or for what does no harm behind the body's end.
LAX = {
    "bare LF ends the trailer section": Transcript(b"1\r\na\r\n0\r\n\n", b"a"),
    "bare LF ends a trailer line": Transcript(b"0\r\nA: b\n\r\n", trailers=b"A: b\n"),
    "no field line in the trailer section": Transcript(b"0\r\n\r\r\nx\r\n\r\n", trailers=b"\r\r\nx\r\n"),
}

UNFINISHED = {
    "nothing": Transcript(b""),
    "half a size": Transcript(b"1", left=b"1"),
    "no LF behind the size": Transcript(b"1\r", left=b"1\r"),
    "an endless line, so far": Transcript(b"0" * LINE_BYTES, left=b"0" * LINE_BYTES),
    "half the data": Transcript(b"5\r\nhe", b"he"),
    "all the data": Transcript(b"5\r\nhello", b"hello"),
    "no LF behind the data": Transcript(b"5\r\nhello\r", b"hello", left=b"\r"),
    "no trailer section": Transcript(b"1\r\na\r\n0\r\n", b"a"),
    "half a trailer section": Transcript(b"1\r\na\r\n0\r\nA: b\r\n\r", b"a", trailers=b"A: b\r\n", left=b"\r"),
    "the largest size": Transcript(b"7fffffffffffffff\r\nabc", b"abc"),
}


def _malformed(line: bytes, error: int = CHUNK_SIZE_MALFORMED) -> Transcript:
    rest = line + b"abc\r\n" + END
    return Transcript(b"1\r\na\r\n" + rest, b"a", error, left=rest)


REFUSED = {
    "no size": _malformed(b"\r\n"),
    "extension without a size": _malformed(b";a\r\n"),
    "0x": _malformed(b"0x3\r\n"),
    "plus": _malformed(b"+3\r\n"),
    "minus": _malformed(b"-3\r\n"),
    "underscore": _malformed(b"0_3\r\n"),
    "leading space": _malformed(b" 3\r\n"),
    "leading tab": _malformed(b"\t3\r\n"),
    "words": _malformed(b"three\r\n"),
    "no hex digit behind one": _malformed(b"3g\r\n"),
    "two words": _malformed(b"3 3\r\n"),
    "digits of another script": _malformed(b"\xb2\r\n"),
    "bare LF": _malformed(b"3\n"),
    "bare CR": _malformed(b"3\r3\r\n"),
    "two CRs": _malformed(b"3\r\r\n"),
    "NUL": _malformed(b"3\0\r\n"),
    "vertical tab": _malformed(b"3\x0b\r\n"),
    "NUL in an extension": _malformed(b"3;a\0b\r\n"),
    "bare CR in an extension": _malformed(b"3;a\rb\r\n"),
    "DEL in an extension": _malformed(b"3;\x7f\r\n"),
    "bare LF behind an extension": _malformed(b"3;a\n"),
    "2^63": _malformed(b"8000000000000000\r\n", CHUNK_SIZE_TOO_LARGE),
    "2^64 - 1": _malformed(b"ffffffffffffffff\r\n", CHUNK_SIZE_TOO_LARGE),
    "2^64 + 3": _malformed(b"10000000000000003\r\n", CHUNK_SIZE_TOO_LARGE),
    "2^68 + 3": _malformed(b"100000000000000003\r\n", CHUNK_SIZE_TOO_LARGE),
    "2^63 behind zeros": _malformed(b"0008000000000000000\r\n", CHUNK_SIZE_TOO_LARGE),
    "an endless size": _malformed(b"f" * 62 + b"\r\n", CHUNK_SIZE_TOO_LARGE),
    "an endless size, malformed": _malformed(b"f" * 61 + b"g\r\n"),
    "an extension that is too long": _malformed(b"3;" + b"a" * 61 + b"\r\n", CHUNK_LINE_TOO_LONG),
    "too many zeros": _malformed(b"0" * 62 + b"3\r\n", CHUNK_LINE_TOO_LONG),
    "too long and without an end": Transcript(b"0" * 65, error=CHUNK_LINE_TOO_LONG, left=b"0" * 65),
    "other bytes behind the data": Transcript(b"3\r\nabcd\r\n", b"abc", CHUNK_NOT_TERMINATED, left=b"d\r\n"),
    "bare LF behind the data": Transcript(b"3\r\nabc\n" + END, b"abc", CHUNK_NOT_TERMINATED, left=b"\n" + END),
    "bare CR behind the data": Transcript(b"3\r\nabc\r0\r\n", b"abc", CHUNK_NOT_TERMINATED, left=b"\r0\r\n"),
    # Of each line and its chunk's CRLF, 16 bytes and twice the data are free. These cost 63 + 2 - 16 - 2 bytes: four
    # times that are 188, and with 13 bytes more than the free ones it would be 201.
    "overhead": Transcript(
        (b"1;" + b"x" * 59 + b"\r\na\r\n") * 4 + b"0;" + b"x" * 23 + b"\r\n\r\n",
        b"aaaa",
        CHUNK_OVERHEAD,
        left=b"0;" + b"x" * 23 + b"\r\n\r\n",
    ),
    "too many trailers": Transcript(
        b"1\r\na\r\n0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n",
        b"a",
        TRAILER_TOO_MANY_LINES,
        b"A:\r\nB:\r\nC:\r\n",
        b"D:\r\n\r\n",
    ),
    "a trailer that is too long": Transcript(
        b"0\r\nA: " + b"x" * 60 + b"\r\n\r\n", error=TRAILER_LINE_TOO_LONG, left=b"A: " + b"x" * 60 + b"\r\n\r\n"
    ),
}

TRANSCRIPTS = GOOD | LAX | UNFINISHED | REFUSED


def decoder_of(backend: Backend) -> MakeDecoder:
    return partial(ChunkedDecoder, backend.take_chunks)


def state(decoder: ChunkedDecoder) -> tuple[object, ...]:
    return (
        decoder.position, decoder.searched, decoder.chunk_left, decoder.error,
        decoder.complete, decoder.in_trailers, decoder.trailer_block,
    )  # fmt: skip


def steps(
    decoder: ChunkedDecoder, pieces: Iterable[bytes], max_bytes: Callable[[], int], make: type[Buffer] = bytearray
) -> Iterator[tuple[bytes, tuple[object, ...], bytes]]:
    """Hand over one piece after the other; yield (data, state, bytes not consumed) after each call of decode().

    As the reader does, consumed bytes are sometimes left standing in front of the others, and sometimes dropped.
    """
    buffer, start = b"", 0
    for piece in pieces:
        if len(buffer) % 3 == 0:
            buffer, start = buffer[start:], 0
        buffer += piece
        while True:
            held = make(buffer)
            data = decoder.decode(held, start, max_bytes())
            if isinstance(held, bytearray):
                held.clear()  # a BufferError, were it still held
            was, start = start, decoder.position
            yield data, state(decoder), buffer[start:]
            if not data and start == was:
                break


def halves(wire: bytes) -> Iterator[list[bytes]]:
    """Yield *wire* whole, byte by byte, and in two at every place."""
    yield [wire]
    yield [wire[i : i + 1] for i in range(len(wire))] or [b""]
    for at in range(1, len(wire)):
        yield [wire[:at], wire[at:]]


@pytest.mark.parametrize("make", [bytes, bytearray])
@pytest.mark.parametrize("max_bytes", [1, 2, 7, -1, 10**30])
@in_groups("transcript", TRANSCRIPTS.items())
def test_transcripts(backend: Backend, transcript: Transcript, max_bytes: int, make: type[Buffer]) -> None:
    for pieces in halves(transcript.wire):
        decoder = ChunkedDecoder(backend.take_chunks, LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES)
        seen = list(steps(decoder, pieces, lambda: max_bytes, make))
        assert max_bytes < 0 or max(len(part) for part, _, _ in seen) <= max_bytes
        data, left = b"".join(part for part, _, _ in seen), seen[-1][2]
        is_complete = transcript in GOOD.values() or transcript in LAX.values()
        assert (data, decoder.error, decoder.complete, decoder.trailer_block, left) == (
            transcript.data, transcript.error, is_complete, transcript.trailers, transcript.left,
        ), pieces  # fmt: skip


@pytest.mark.parametrize("max_bytes", [0, 1, 2, 7, -1, 10**30])
@in_groups("transcript", TRANSCRIPTS.items())
def test_the_twins_agree_at_each_step(twins: tuple[Backend, Backend], transcript: Transcript, max_bytes: int) -> None:
    for pieces in halves(transcript.wire):
        compiled, pure = (
            list(steps(decoder_of(twin)(LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES), pieces, lambda: max_bytes))
            for twin in twins
        )
        assert compiled == pure, pieces


class OpenFile(io.BytesIO):
    """What http.client reads from; it closes its file at the end of the message, but we read on."""

    def makefile(self, mode: str) -> OpenFile:
        return self

    def close(self) -> None: ...


@pytest.mark.parametrize("transcript", GOOD.values(), ids=GOOD.keys())
def test_http_client_reads_the_same(transcript: Transcript) -> None:
    """An oracle that is not ours, so that the transcripts above are no fancy."""
    file = OpenFile(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + transcript.wire)
    response = http.client.HTTPResponse(file)  # type: ignore[arg-type]  # it asks for nothing but makefile()
    response.begin()
    assert response.read() == transcript.data
    assert file.read() == transcript.left


# -- mutated streams --------------------------------------------------------------------------------------

SIZE_LINES = (
    b"0\r\n",
    b"%x \r\n",
    b"%X;ext\r\n",
    b"000%x\r\n",
    b"%x\n",
    b"0x%x\r\n",
    b"%x;\0\r\n",
    b"f%015x\r\n",
    b"1%016x\r\n",
)
TRAILERS = (b"", b"", b"A: b\r\n", b"A: b\nC\r\n", b"x" * 30 + b"\r\n", b"\r\r\n", b"A:\r\n" * 4)
PIECES = (b"\r", b"\n", b"\r\n", b"0", b"f", b";", b" ", b"\0", b"0\r\n\r\n", b"\xff", b"x" * 20)


def mutated_stream(rng: random.Random) -> bytes:
    """Return a chunked body, most often with something wrong somewhere."""
    parts = []
    for _ in range(rng.choice((0, 1, 2, 3, 8, 20))):
        size = rng.choice((1, 2, 5, 9, 16, 17, 40, 300))
        line = rng.choice(SIZE_LINES) if rng.random() < 0.1 else b"%x\r\n"
        parts += [line % size if b"%" in line else line, rng.randbytes(size), b"\r\n"]
    stream = b"".join([*parts, b"0\r\n", rng.choice(TRAILERS), b"\r\n", rng.choice((b"", b"", b"HTTP/1.1"))])
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        at = rng.randrange(len(stream))
        stream = stream[:at] + rng.choice(PIECES) + stream[at + rng.choice((0, 0, 1, 3)) :]
    return stream


def random_pieces(rng: random.Random, stream: bytes) -> Iterator[bytes]:
    longest = rng.choice((1, 3, 10, 100, 10_000))
    while stream:
        size = rng.randint(1, longest)
        yield stream[:size]
        stream = stream[size:]


def random_sizes(seed: int, most: int | None) -> Callable[[], int]:
    rng = random.Random(seed)
    return lambda: -1 if most is None else rng.randint(0, most)


@pytest.mark.timeout(60 + STREAMS // 500)
def test_the_twins_agree_on_mutated_streams(twins: tuple[Backend, Backend]) -> None:
    ends = {True: 0, False: 0}
    for seed in range(STREAMS):
        rng = random.Random(seed)
        stream = mutated_stream(rng)
        pieces = list(random_pieces(rng, stream))
        most = rng.choice((0, 1, 3, 20, 1000, None))
        limits = (rng.choice((20, 64, 1000)), rng.choice((0, 1, 3)), rng.choice((0, 10, 100)))
        seen = []
        for twin in twins:
            decoder = decoder_of(twin)(*limits)
            make = (bytes, bytearray)[seed % 2]
            seen.append(list(steps(decoder, pieces, random_sizes(seed, most), make)))
            ends[decoder.complete] += 1
        assert seen[0] == seen[1], (seed, stream)
    assert min(ends.values()) > STREAMS * 0.2, "the mutations are too harsh, or too kind"


# -- the decoder and its caller ---------------------------------------------------------------------------


@pytest.fixture
def make_decoder(backend: Backend) -> MakeDecoder:
    return decoder_of(backend)


def test_with_0_only_framing_is_consumed(make_decoder: MakeDecoder) -> None:
    decoder = make_decoder(LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES)
    wire = b"2\r\nab\r\n" + END
    assert decoder.decode(wire, 0, 0) == b""
    assert (decoder.position, decoder.chunk_left) == (3, 2)
    assert decoder.decode(wire, 3, 2) == b"ab"
    assert (decoder.position, decoder.chunk_left) == (5, 0)
    assert decoder.decode(wire, 5, 0) == b""
    assert decoder.complete


def test_nothing_is_decoded_after_a_refusal(make_decoder: MakeDecoder) -> None:
    decoder = make_decoder(LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES)
    assert decoder.decode(b"x\r\n", 0, -1) == b""
    assert decoder.error == CHUNK_SIZE_MALFORMED
    assert decoder.decode(b"1\r\na\r\n", 0, -1) == b""
    assert (decoder.error, decoder.position) == (CHUNK_SIZE_MALFORMED, 0)


def test_a_start_outside_the_buffer_is_refused(make_decoder: MakeDecoder) -> None:
    decoder = make_decoder(LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES)
    for start in (-1, 4, sys.maxsize, -sys.maxsize):
        with pytest.raises(IndexError, match="outside the buffer of 3 bytes"):
            decoder.decode(b"1\r\n", start, -1)


@pytest.mark.parametrize("left", [-(2**70), -2, -1, 0, 1, 3, MAX_BODY_BYTES, 2**70])
@pytest.mark.parametrize("searched", [-sys.maxsize, -1, 0, 3, 100, sys.maxsize])
def test_no_attribute_leads_outside_the_buffer(make_decoder: MakeDecoder, left: int, searched: int) -> None:
    """The reader sets these two when others have read on; they may have read anything."""
    for wire in (b"", b"1", b"1\r\na", b"1\r\na\r\n" + END):
        decoder = make_decoder(LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES)
        decoder.chunk_left = left
        decoder.searched = searched
        decoder.position = 10**6
        for max_bytes in (0, 1, -1):
            assert len(decoder.decode(wire, 0, max_bytes)) <= len(wire)
            assert 0 <= decoder.position <= len(wire)


def test_a_buffer_that_has_shrunk_is_read_no_further(make_decoder: MakeDecoder) -> None:
    decoder = make_decoder(LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES)
    decoder.decode(b"0" * 50, 0, -1)
    assert decoder.searched == 50
    assert decoder.decode(b"0\r\n", 0, -1) == b""
    assert decoder.position == 0


@pytest.mark.parametrize("bodies", [1, 2, 1000])
def test_the_result_takes_no_more_memory_than_it_needs(make_decoder: MakeDecoder, bodies: int) -> None:
    decoder = make_decoder(LINE_BYTES, TRAILER_LINES, OVERHEAD_BYTES)
    data = decoder.decode(b"10\r\n0123456789abcdef\r\n" * bodies + END + b"x" * 1_000_000, 0, -1)
    assert data == b"0123456789abcdef" * bodies
    assert sys.getsizeof(data) == sys.getsizeof(b"") + 16 * bodies


def test_no_byte_is_searched_twice(make_decoder: MakeDecoder) -> None:
    """A line that drips in: one look at each byte, not one at all of them for each byte."""
    decoder = make_decoder(1_000_000, TRAILER_LINES, OVERHEAD_BYTES)
    buffer = bytearray(b"1;")
    for _ in range(1000):
        buffer += b"x" * 100
        decoder.decode(buffer, 0, -1)
        assert (decoder.position, decoder.searched) == (0, len(buffer))
