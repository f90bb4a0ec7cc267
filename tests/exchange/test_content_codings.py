"""Content codings: undone whatever the pieces, bounded, and an error where they are cut or corrupt."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from httpconn import ContentDecodingError, ContentTooLong, MissingDecoder
from httpconn._exchange import content_coding
from httpconn._exchange.content_coding import (
    SLICE_BYTES,
    STEP_BYTES,
    ContentDecoder,
    accept_encoding,
    check_asked_for,
    decoder_of,
    parse_content_encoding,
)

from ..isolated import codings
from ..isolated.codings import NO_RATIO, drain, zstd_library

PAGE = b"<p>a page of some length</p>\n" * 3000 + random.Random(1).randbytes(5000)


def deflated(data: bytes, window_bits: int) -> bytes:
    made = zlib.compressobj(wbits=window_bits)
    return made.compress(data) + made.flush()


def gzip(data: bytes) -> bytes:
    return deflated(data, 31)


def brotli(data: bytes) -> bytes:
    return pytest.importorskip("brotli").compress(data, quality=5)


def zstd(data: bytes) -> bytes:
    try:
        library = zstd_library()
    except ImportError:
        pytest.skip("there is no zstd here")
    return library.compress(data)


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip),
    "x-gzip": ("X-GZIP", gzip),
    "deflate": ("deflate", lambda data: deflated(data, 15)),
    "bare deflate": ("deflate", lambda data: deflated(data, -15)),
    "br": ("br", brotli),
    "zstd": ("zstd", zstd),
    "two": ("deflate, gzip", lambda data: gzip(deflated(data, 15))),
    "with identity": (" gzip,, Identity,", gzip),
}


@pytest.fixture(params=["isal", "zlib"], autouse=True)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    library = pytest.importorskip("isal.isal_zlib") if request.param == "isal" else zlib
    monkeypatch.setattr(content_coding, "_zlib_library", lambda: library)
    return str(request.param)


def decoder_for(coding: str, max_ratio: float = NO_RATIO, **options: Any) -> ContentDecoder:
    names = parse_content_encoding(coding)
    assert names is not None
    return ContentDecoder(names, max_ratio, **options)


def decoded(coding: str, wire: bytes, step: int = 1 << 20, max_ratio: float = NO_RATIO, **options: Any) -> bytes:
    pieces = [wire[at : at + step] for at in range(0, len(wire), step)]
    return codings.decode(decoder_for(coding, max_ratio, **options), pieces)


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_decoded(name: str, step: int) -> None:
    coding, encode = CODINGS[name]
    page = PAGE if step > 1 else PAGE[-5500:]
    assert decoded(coding, encode(page), step) == page


@pytest.mark.parametrize("name", CODINGS)
def test_every_split(name: str) -> None:
    coding, encode = CODINGS[name]
    page = b"<p>" + PAGE[:300] + PAGE[-40:]
    wire = encode(page)
    for at in range(len(wire) + 1):
        assert codings.decode(decoder_for(coding), [piece for piece in (wire[:at], wire[at:]) if piece]) == page


def test_random_streams_against_the_libraries_themselves(library: str) -> None:
    """A sample of ``make test-codings``, with other seeds."""
    pytest.importorskip("brotli")
    tried, wrong = codings.run(seed=2 if library == "isal" else 3, count=60, large=1, most_bytes=200_000)
    assert not wrong
    assert {"gzip", "deflate", "bare deflate", "br", "zstd"} <= set(tried)


@pytest.mark.parametrize("name", ["gzip", "deflate", "bare deflate", "br", "zstd"])
@pytest.mark.parametrize(
    "size",
    [
        STEP_BYTES - 1,
        STEP_BYTES,
        STEP_BYTES + 1,
        2 * STEP_BYTES,
        2 * STEP_BYTES + 9,
        491_456,
        491_457,
        1_900_000,
        5_000_000,
    ],
)
def test_what_a_decoder_holds_back_comes_too(name: str, size: int) -> None:
    """Also behind the last byte of input: br above 491,456 bytes, deflate just past a multiple of a step."""
    coding, encode = CODINGS[name]
    for content in (bytes(size), (b"abcdefg" * (size // 7 + 1))[:size]):
        wire = encode(content)
        assert decoded(coding, wire) == content
        assert codings.decode(decoder_for(coding), [wire[:-1], wire[-1:]]) == content


OPTIONAL_FIELDS = {
    "none": (0, b""),
    "FTEXT": (1, b""),
    "FHCRC": (2, None),
    "FEXTRA": (4, b"\x05\0abcde"),
    "FNAME": (8, b"page.html\0"),
    "FCOMMENT": (16, b"a comment\0"),
    "FNAME and FCOMMENT": (24, b"page.html\0a comment\0"),
    "all": (31, None),
}


@pytest.mark.parametrize("name", OPTIONAL_FIELDS)
def test_gzip_headers_in_pieces(name: str) -> None:
    """With any optional fields, cut anywhere, once and twice, also in the second member."""
    flags, fields = OPTIONAL_FIELDS[name]
    header = b"\x1f\x8b\x08" + bytes((flags,)) + b"time\0\xff"
    if fields is None:
        header += b"\x05\0abcdepage.html\0a comment\0" if flags == 31 else b""
        fields = (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little")
    content = b"what stands in the page" * 3
    member = header + fields + deflated(content, -15)
    member += zlib.crc32(content).to_bytes(4, "little") + len(content).to_bytes(4, "little")
    for wire, wanted in ((member, content), (member + member, content * 2)):
        end = len(wire) if len(wire) < 100 else len(wire) - 20
        for at in range(1, end):
            assert codings.decode(decoder_for("gzip"), [wire[:at], wire[at:]]) == wanted
            assert codings.decode(decoder_for("gzip"), [wire[:at], wire[at : at + 1], wire[at + 1 :]]) == wanted
        assert decoded("gzip", wire, 1) == wanted


@pytest.mark.parametrize("step", [1, 50, 1 << 20])
def test_several_members(step: int) -> None:
    wire = gzip(b"one ") + gzip(b"") + gzip(b"two") + bytes(20)
    assert decoded("gzip", wire, step) == b"one two"


@pytest.mark.parametrize("step", [1, 3, 1 << 20])
def test_padding_is_zeros_to_the_end(step: int) -> None:
    with pytest.raises(ContentDecodingError, match="behind the end"):
        decoded("gzip", gzip(b"one") + bytes(9) + gzip(b"two"), step)


@pytest.mark.parametrize("step", [1, 9, 1 << 20])
def test_frames(step: int) -> None:
    """Several, empty and skippable ones in any place."""
    skipped = b"\x5a\x2a\x4d\x18\x03\0\0\0abc"
    wire = skipped + zstd(b"one ") + zstd(b"") + skipped + skipped + zstd(b"two") + skipped
    assert decoded("zstd", wire, step) == b"one two"
    assert decoded("zstd", skipped, step) == b""
    with pytest.raises(ContentDecodingError, match="ends in the middle"):
        decoded("zstd", wire[:-1], step)


def test_the_largest_window_that_may_be_used() -> None:
    """RFC 9659: 8 MiB, and no more. Brotli's largest window of its own is 16 MiB (RFC 7932), beyond are "large windows"."""
    library = zstd_library()
    content = PAGE * 110

    def encoded(window_log: int) -> bytes:
        made = library.ZstdCompressor(options={library.CompressionParameter.window_log: window_log})
        return bytes(made.compress(content) + made.flush())

    assert decoded("zstd", encoded(23)) == content
    with pytest.raises(ContentDecodingError, match="memory"):
        decoded("zstd", encoded(24))
    made = pytest.importorskip("brotli").Compressor(quality=5, lgwin=24)
    assert decoded("br", made.process(content) + made.finish()) == content


@pytest.mark.parametrize("name", CODINGS)
def test_cut(name: str) -> None:
    """At every place: an error, and what could be decoded."""
    coding, encode = CODINGS[name]
    wire = encode(PAGE[-5500:])
    for at in [*range(1, 20), *range(len(wire) - 20, len(wire))]:
        with pytest.raises(ContentDecodingError) as told:
            decoded(coding, wire[:at])
        assert PAGE[-5500:].startswith(told.value.partial)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_corrupt(name: str) -> None:
    """An error, or another content; never another exception, and never a hang."""
    coding, encode = CODINGS[name]
    good = encode(PAGE[-5500:])
    dice = random.Random(2)
    failed = 0
    for _ in range(200):
        wire = bytearray(good)
        wire[dice.randrange(len(wire))] ^= 1 << dice.randrange(8)
        try:
            decoded(coding, bytes(wire))
        except (ContentDecodingError, ContentTooLong):
            failed += 1
    assert failed > 60 or name in ("br", "zstd")  # which have no checksum here
    with pytest.raises(ContentDecodingError):
        decoded(coding, good + b"garbage")
    with pytest.raises(ContentDecodingError):
        decoded(coding, b"not this at all")


def test_no_content_is_whole() -> None:
    assert decoded("gzip", b"") == b""
    assert decoded("gzip, gzip", gzip(b"")) == b""  # nothing came to the second


# -- bounds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "two"])
def test_bombs(name: str) -> None:
    """Refused by ratio, with little memory, however much they would expand to."""
    coding, encode = CODINGS[name]
    wire = encode(bytes(30_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ContentTooLong, match="max_ratio"):
            decoded(coding, wire, max_ratio=100)
        assert tracemalloc.get_traced_memory()[1] < 120_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_step_is_small(name: str) -> None:
    """In what comes out of it, and in what goes in."""
    coding, encode = CODINGS[name]
    decoder = decoder_for(coding)
    decoder.feed(encode(bytes(3_000_000)))
    assert 2 * STEP_BYTES >= max(len(part) for part in drain(decoder)) > STEP_BYTES // 4
    decoder = decoder_for(coding)
    decoder.feed(encode(random.Random(3).randbytes(1_000_000)))
    steps = 0
    while decoder.is_busy:
        assert len(decoder.step()) <= 4 * SLICE_BYTES  # a block of what it holds already
        steps += 1
    assert steps >= 1_000_000 // SLICE_BYTES


EMPTY = {"gzip": lambda: gzip(b""), "zstd": lambda: zstd(b""), "deflate": lambda: b"\0\0\0\xff\xff"}


@pytest.mark.parametrize("inner", ["gzip", "zstd", "deflate"])
@pytest.mark.parametrize("outer", ["gzip", "br", "zstd"])
def test_each_coding_is_bounded_in_what_comes_out_of_it(
    inner: str, outer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only the last one: thousands of empty members between two codings come to nothing in the end."""
    monkeypatch.setattr(content_coding, "RATIO_FREE_BYTES", 65_536)
    empty = EMPTY[inner]()
    count = 65_536 // len(empty)
    tail = deflated(b"end", -15) if inner == "deflate" else b""
    content = tail and b"end"
    _, encode = CODINGS[outer]
    wire = encode(empty * (count // 2) + tail)  # half of what is free
    assert decoded(f"{inner}, {outer}", wire, max_ratio=20) == content
    wire = encode(empty * (count + 4_000))
    with pytest.raises(ContentTooLong, match="max_ratio"):
        decoded(f"{inner}, {outer}", wire, max_ratio=20)
    with pytest.raises(ContentTooLong, match="max_content"):
        decoded(f"{inner}, {outer}", encode(empty * (count + 100)), max_content=100)
    assert decoded(f"{inner}, {outer}", encode(empty * (count // 2) + tail), max_content=100) == content


class Counting:
    """A library of decompressors that counts the bytes that go in, and those that are handed back as copies."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.error = library.error
        self.bytes = 0

    def decompressobj(self, window_bits: int) -> Any:
        stream, counting = self._library.decompressobj(window_bits), self

        class Counted:
            eof = property(lambda _: stream.eof)
            unused_data = property(lambda _: stream.unused_data)
            unconsumed_tail = property(lambda _: stream.unconsumed_tail)

            def decompress(self, data: bytes, most: int) -> bytes:
                part: bytes = stream.decompress(data, most)
                counting.bytes += len(data) + len(stream.unused_data) + len(stream.unconsumed_tail)
                return part

        return Counted()


@pytest.mark.parametrize("lengths", [[0], [0, 30_000], [100], [0, 0, 0, 70_000]])
def test_members_in_a_row_are_linear(lengths: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(content_coding._zlib_library())
    monkeypatch.setattr(content_coding, "_zlib_library", lambda: counting)
    rng = random.Random(4)
    parts = [rng.randbytes(length) for length in lengths] * (6_000 // len(lengths) if max(lengths) < 1000 else 20)
    wire = b"".join(map(gzip, parts))
    assert decoded("gzip", wire) == b"".join(parts)
    assert counting.bytes < 60 * len(wire)  # all of it for each member would be thousands of times


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_memory_is_what_has_come_out_and_no_more_than_the_window(name: str) -> None:
    coding, encode = CODINGS[name]
    decoder = decoder_for(f"{coding}, {coding}")
    before = decoder.memory
    assert 2 * 30_000 < before < 2 * 100_000
    content = random.Random(5).randbytes(40_000)
    decoder.feed(encode(encode(content))[:-1])
    list(drain(decoder))
    window = {"gzip": 32_768, "br": 1 << 24, "zstd": 1 << 23}[name]
    assert decoder.memory - before <= 2 * min(window, 42_000)
    assert name == "gzip" or decoder.memory - before > 60_000
    decoder = decoder_for(coding)
    decoder.feed(encode(bytes(20_000_000)))
    for _ in drain(decoder):
        assert decoder.memory <= before // 2 + window
    decoder.finish()
    assert decoder.memory == 0


# -- which codings there are --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("gzip", ("gzip",)),
        ("GZip", ("gzip",)),
        ("x-gzip", ("gzip",)),
        ("deflate, br", ("deflate", "br")),
        ("identity", ()),
        ("gzip, identity", ("gzip",)),
        ("identity,\tgzip ,", ("gzip",)),
        ("", None),
        (" , ", None),
        ("UTF-8", None),
        ("none", None),
        ("binary", None),
        ("aws-chunked", None),
        ("gzip, aws-chunked", None),
        ("compress", None),
        ("x-compress", None),
        ("dcb", None),
        ("dcz", None),
        ("gzip;q=1", None),
        ("gzip deflate", None),
        ("sdch, gzip", None),
    ],
)
def test_content_encoding(value: str, wanted: tuple[str, ...] | None) -> None:
    assert parse_content_encoding(value) == wanted


def test_too_many() -> None:
    wire = b"page"
    for _ in range(5):
        wire = gzip(wire)
    assert decoded(", ".join(["gzip"] * 5), wire) == b"page"
    with pytest.raises(ContentDecodingError, match="at most 5"):
        decoder_of(", ".join(["gzip"] * 6), b"", 100, max_content=None, is_tolerant=False)


def test_accept_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert accept_encoding().startswith("gzip, deflate")
    monkeypatch.setattr(content_coding, "_makers", lambda: {"gzip": None, "deflate": None})
    check_asked_for("gzip;q=1, *, identity, br;q=0, zstd; q=0")
    for value in ("br", "gzip, ZSTD;q=0.5"):
        with pytest.raises(MissingDecoder, match="pip install"):
            check_asked_for(value)


# -- tolerant ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["gzip", "deflate", "bare deflate", "zstd"])
def coded(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    coding, encode = CODINGS[request.param]
    return coding, encode(PAGE)


@pytest.mark.parametrize("step", [1000, 1 << 20])
def test_tolerant_of_what_lies_behind(coded: tuple[str, bytes], step: int) -> None:
    coding, wire = coded
    junk = b"\r\n<!-- served in 3 ms -->"
    with pytest.raises(ContentDecodingError):
        decoded(coding, wire + junk, step)
    decoder = decoder_for(coding, is_tolerant=True)
    sent = wire + junk + b"more" * 1000
    assert codings.decode(decoder, [sent[at : at + step] for at in range(0, len(sent), step)]) == PAGE
    [defect] = decoder.defects
    assert "dropped" in defect.reason
    assert defect.offset == len(wire)
    assert sent[len(wire) :].startswith(defect.data)
    assert len(defect.data) <= 64


@pytest.mark.parametrize("name", CODINGS)
def test_tolerant_of_an_early_end(name: str) -> None:
    coding, encode = CODINGS[name]
    wire = encode(PAGE)
    decoder = decoder_for(coding, is_tolerant=True)
    content = codings.decode(decoder, [wire[: len(wire) // 2]])
    assert PAGE.startswith(content)
    assert content or name == "zstd"  # of which a block has to be whole
    assert "ends in the middle" in decoder.defects[0].reason
    if coding == "gzip":
        assert decoded(coding, wire[:-8], is_tolerant=True) == PAGE


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_tolerant_of_nothing_else(name: str) -> None:
    """Not of a wrong checksum, nor of what is not this coding at all."""
    coding, encode = CODINGS[name]
    wire = bytearray(encode(PAGE))
    wire[-1 if name == "deflate" else -7] ^= 1
    with pytest.raises(ContentDecodingError, match="no good"):
        decoded(coding, bytes(wire), is_tolerant=True)
    with pytest.raises(ContentDecodingError, match="no good"):
        decoded(coding, b"<p>not this at all", is_tolerant=True)


def test_brotli_tells_nothing_of_what_lies_behind() -> None:
    """Its library gives an error, and no part: as for curl and requests, that is one in either mode.

    Also where the bytes behind come by themselves: it must not depend on how it was cut.
    """
    wire = brotli(PAGE)
    for step in (1, len(wire), len(wire) + 4):
        with pytest.raises(ContentDecodingError):
            decoded("br", wire + b"junk", step, is_tolerant=True)


@pytest.mark.parametrize("step", [1, 1000, 1 << 20])
@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_another_stream_that_is_corrupt_is_no_junk(name: str, step: int) -> None:
    """What came of it before that was seen would be taken for content: how much, depends on how it was cut."""
    coding, encode = CODINGS[name]
    wire = encode(PAGE)
    second = bytearray(wire)
    if name == "gzip":
        second[-5] ^= 1  # the checksum
    else:
        second[4] = 0xFF  # a frame header that there is not
    with pytest.raises(ContentDecodingError, match="no good"):
        decoded(coding, wire + second, step, is_tolerant=True)
    assert decoded(coding, wire + wire, step, is_tolerant=True) == PAGE + PAGE


def test_frames_of_any_kind_follow_each_other() -> None:
    coding, encode = CODINGS["zstd"]
    skipped = b"\x5f\x2a\x4d\x18\x02\0\0\0ab"
    wire = skipped + encode(PAGE) + skipped + encode(b"") + encode(PAGE) + skipped
    for step in (1, 3, 1 << 20):
        assert decoded(coding, wire, step) == PAGE + PAGE
        for cut in (b"\x28\xb5", b"\x50\x2a\x4d"):
            with pytest.raises(ContentDecodingError, match="ends in the middle"):
                decoded(coding, wire + cut, step)
