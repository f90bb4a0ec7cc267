"""Content codings: undone whatever the pieces, bounded, and an error where they are cut or corrupt."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from httpconn import ContentDecodingError, ContentTooLong, MissingDecoder, decoding
from httpconn.decoding import ContentDecoder, accept_encoding, check_asked_for

PAGE = b"<p>a page of some length</p>\n" * 3000 + random.Random(1).randbytes(5000)


def deflated(data: bytes, window_bits: int) -> bytes:
    made = zlib.compressobj(wbits=window_bits)
    return made.compress(data) + made.flush()


def gzip(data: bytes) -> bytes:
    return deflated(data, 31)


def brotli(data: bytes) -> bytes:
    return pytest.importorskip("brotli").compress(data)


def zstd(data: bytes) -> bytes:
    try:
        from compression.zstd import compress
    except ImportError:
        compress = pytest.importorskip("backports.zstd").compress
    return compress(data)


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip),
    "x-gzip": ("X-GZIP", gzip),
    "deflate": ("deflate", lambda data: deflated(data, 15)),
    "bare deflate": ("deflate", lambda data: deflated(data, -15)),
    "br": ("br", brotli),
    "zstd": ("zstd", zstd),
    "two": ("deflate, gzip", lambda data: gzip(deflated(data, 15))),
    "identity": ("identity,, ", lambda data: data),
}


@pytest.fixture(params=["isal", "zlib"], autouse=True)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip("isal.isal_zlib") if request.param == "isal" else zlib
    monkeypatch.setattr(decoding, "_zlib_library", lambda: library)


def decoded(coding: str, wire: bytes, step: int = 1 << 20, max_ratio: float = 2000) -> bytes:
    decoder = ContentDecoder(coding, max_ratio)
    content = bytearray()
    try:
        for at in range(0, len(wire), step):
            for part in decoder.decode(wire[at : at + step]):
                assert 0 < len(part) <= max(decoding.STEP_BYTES, step)
                content += part
        decoder.finish()
    except ContentDecodingError as error:
        error.partial = bytes(content)
        raise
    return bytes(content)


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_decoded(name: str, step: int) -> None:
    coding, encode = CODINGS[name]
    page = PAGE if step > 1 else PAGE[-5500:]
    assert decoded(coding, encode(page), step) == page


@pytest.mark.parametrize("step", [1, 50, 1 << 20])
def test_several_members(step: int) -> None:
    wire = gzip(b"one ") + gzip(b"") + gzip(b"two") + bytes(20)
    assert decoded("gzip", wire, step) == b"one two"


@pytest.mark.parametrize("name", [name for name in CODINGS if name != "identity"])
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


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "two"])
def test_bombs(name: str) -> None:
    """Refused by ratio, with little memory, however much they would expand to."""
    coding, encode = CODINGS[name]
    wire = encode(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ContentTooLong, match="max_ratio"):
            decoded(coding, wire, max_ratio=100)
        assert tracemalloc.get_traced_memory()[1] < 120_000_000
    finally:
        tracemalloc.stop()


def test_no_content_is_whole() -> None:
    assert decoded("gzip", b"") == b""


def test_unknown_and_too_many() -> None:
    with pytest.raises(MissingDecoder, match="sdch"):
        ContentDecoder("sdch", 100)
    with pytest.raises(ContentDecodingError, match="at most 5"):
        ContentDecoder(", ".join(["gzip"] * 6), 100)


def test_accept_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert accept_encoding().startswith("gzip, deflate")
    monkeypatch.setattr(decoding, "_makers", lambda: {"gzip": None, "deflate": None})
    check_asked_for("gzip;q=1, *, identity, br;q=0, zstd; q=0")
    for value in ("br", "gzip, ZSTD;q=0.5"):
        with pytest.raises(MissingDecoder, match="pip install"):
            check_asked_for(value)
