"""Content codings against the libraries' own one-shot decoders: random contents, codings, qualities and pieces.

    python -m tests.isolated.codings [--streams 20000] [--seed 1]

Each stream is made by a library's encoder, of a content that is random, repetitive or text, between 0 bytes and 8 MB;
it comes in random pieces, and must be decoded to its content, to the byte. Cut short anywhere, it must be refused, and
what had been decoded must be the beginning of the content. The suite has a sample of it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from httpconn import ContentDecodingError
from httpconn._exchange import content_coding
from httpconn._exchange.content_coding import ContentDecoder

MOST_LARGE = 200
"""Streams of a whole run whose content is 1 to 8 MB."""
SLOW_BYTES = 262_144
"""The most that the slow qualities are tried on."""
NO_RATIO = 1e12


class Stream(NamedTuple):
    name: str
    codings: tuple[str, ...]
    wire: bytes
    content: bytes
    last_begins_at: int
    """Where the last member or frame begins: cut in front of it, the stream is whole."""


def drain(decoder: ContentDecoder) -> Iterator[bytes]:
    """Yield what comes out of what *decoder* was fed."""
    while decoder.is_busy:
        part = decoder.step()
        if part:
            yield part


def decode(decoder: ContentDecoder, pieces: Iterator[bytes] | list[bytes]) -> bytes:
    """Return what *pieces* decode to. Raises what *decoder* raises; a ContentDecodingError has in ``partial`` the rest."""
    content: list[bytes] = []
    try:
        for piece in pieces:
            decoder.feed(piece)
            content.extend(drain(decoder))
        decoder.finish()
    except ContentDecodingError as error:
        error.partial = b"".join(content)
        raise
    return b"".join(content)


def size_of(rng: random.Random, most: int) -> int:
    """Return a size between 0 and *most*, log-uniform."""
    return int((most + 1.0) ** rng.random()) - 1


def content_of(rng: random.Random, size: int) -> bytes:
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(size)
    if kind == 1:
        unit = rng.randbytes(rng.choice((1, 2, 10, 1000, 40_000)))
        return (unit * (size // len(unit) + 1))[:size]
    if kind == 2:
        return bytes(size)
    words = [rng.randbytes(rng.randrange(1, 9)).hex().encode() + b" " for _ in range(60)]
    text = b"".join(rng.choices(words, k=min(size // 4 + 1, 5_000)))
    half = (text * (size // len(text) + 1))[:size]
    return half if kind == 3 else half[: size // 2] + rng.randbytes(size - size // 2)


def pieces_of(rng: random.Random, wire: bytes) -> list[bytes]:
    """Return *wire* cut at random: whole, byte by byte where it is short, or in pieces of some size."""
    most = rng.choice((1, 10, 300, 5_000, 65_536, 262_144, 1 << 30))
    least = 1 if len(wire) < 20_000 else 200
    pieces, at = [], 0
    while at < len(wire):
        step = max(least, rng.randint(1, most))
        pieces.append(wire[at : at + step])
        at += step
    return pieces


# -- encoders: what is encoded in one go ends up in one member or frame -----------------------------------------


def _in_parts(
    rng: random.Random, content: bytes, compress: Callable[[bytes], bytes], flush: Callable[[], bytes]
) -> bytes:
    """Return what an encoder makes of *content*, sometimes flushed on its way, as servers do."""
    if not content or rng.random() < 0.5:
        return compress(content)
    made, step = [], max(1, len(content) // rng.randrange(1, 8))
    for at in range(0, len(content), step):
        made += [compress(content[at : at + step]), flush()]
    return b"".join(made)


def deflated(rng: random.Random, content: bytes, window_bits: int) -> bytes:
    strategy = rng.choice((zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED))
    made = zlib.compressobj(rng.randrange(10), zlib.DEFLATED, window_bits, rng.randrange(1, 10), strategy)
    mode = rng.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH))
    return _in_parts(rng, content, made.compress, lambda: made.flush(mode)) + made.flush()


def gzip_header(rng: random.Random) -> bytes:
    """Return a header with any of the optional fields. Source: RFC 1952 section 2.3."""
    flags = rng.choice((0, 0, rng.randrange(32)))
    header = b"\x1f\x8b\x08" + bytes((flags,)) + rng.randbytes(4) + b"\0\xff"
    if flags & 4:
        extra = rng.randbytes(rng.choice((0, 1, 30, 3_000)))
        header += len(extra).to_bytes(2, "little") + extra
    for flag in (8, 16):
        if flags & flag:
            header += b"n" * rng.choice((0, 1, 40, 2_000)) + b"\0"
    if flags & 2:
        header += (zlib.crc32(header) & 0xFFFF).to_bytes(2, "little")
    return header


def gzipped(rng: random.Random, content: bytes) -> bytes:
    trailer = zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
    return gzip_header(rng) + deflated(rng, content, -rng.randrange(9, 16)) + trailer


def brotlied(rng: random.Random, content: bytes) -> bytes:
    import brotli

    most = 12 if len(content) <= SLOW_BYTES else 10 if len(content) <= 4 * SLOW_BYTES else 6
    mode = rng.choice((brotli.MODE_GENERIC, brotli.MODE_TEXT, brotli.MODE_FONT))
    made = brotli.Compressor(mode=mode, quality=rng.randrange(most), lgwin=rng.randrange(10, 25))
    return bytes(_in_parts(rng, content, made.process, made.flush) + made.finish())


def zstd_library() -> Any:
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    return zstd


def zstded(rng: random.Random, content: bytes) -> bytes:
    zstd = zstd_library()
    most = 20 if len(content) <= SLOW_BYTES else 8
    options = {zstd.CompressionParameter.compression_level: rng.randrange(-3, most)}
    if rng.random() < 0.7:
        options[zstd.CompressionParameter.window_log] = rng.randrange(10, 24)
    else:
        options[zstd.CompressionParameter.window_log] = 0 if len(content) <= 1 << 23 else 23
    options[zstd.CompressionParameter.checksum_flag] = rng.randrange(2)
    options[zstd.CompressionParameter.content_size_flag] = rng.randrange(2)
    made = zstd.ZstdCompressor(options=options)
    if rng.random() < 0.3:
        return bytes(made.compress(content, made.FLUSH_FRAME))
    return _in_parts(rng, content, made.compress, lambda: made.flush(made.FLUSH_BLOCK)) + bytes(made.flush())


def skippable(rng: random.Random) -> bytes:
    data = rng.randbytes(rng.choice((0, 1, 100, 70_000)))
    return (0x184D2A50 + rng.randrange(16)).to_bytes(4, "little") + len(data).to_bytes(4, "little") + data


# -- streams and what comes of them -----------------------------------------------------------------------------


def _several(rng: random.Random, content: bytes, encode: Callable[[random.Random, bytes], bytes]) -> tuple[bytes, int]:
    """Return *content* in one member or frame, or in several; and where the last one begins."""
    if rng.random() < 0.7:
        return encode(rng, content), 0
    cuts = sorted(rng.randrange(len(content) + 1) for _ in range(rng.randrange(1, 5)))
    parts = [encode(rng, content[start:end]) for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    return b"".join(parts), sum(map(len, parts[:-1]))


def _encode(rng: random.Random, coding: str, content: bytes) -> tuple[str, bytes, int]:
    if coding == "gzip":
        return "gzip", *_several(rng, content, gzipped)
    if coding == "br":
        return "br", brotlied(rng, content), 0
    if coding == "zstd":
        wire, last = _several(rng, content, zstded)
        if rng.random() < 0.2:
            ahead = skippable(rng)
            return "zstd", ahead + wire, last + len(ahead)
        return "zstd", wire, last
    if rng.random() < 0.5:
        return "deflate", deflated(rng, content, rng.randrange(9, 16)), 0
    return "bare deflate", deflated(rng, content, -rng.randrange(9, 16)), 0


def stream_of(rng: random.Random, size: int) -> Stream:
    content = content_of(rng, size)
    coding = rng.choice(("gzip", "deflate", "br", "zstd"))
    name, wire, last = _encode(rng, coding, content)
    codings: tuple[str, ...] = (coding,)
    while rng.random() < 0.1 and len(codings) < content_coding.MAX_CODINGS:
        outer = rng.choice(("gzip", "deflate", "br", "zstd"))
        told, wire, _ = _encode(rng, outer, wire)
        name, codings, last = f"{name}, {told}", (*codings, outer), len(wire)
    return Stream(name, codings, wire, content, last)


def reference(stream: Stream) -> bytes:
    """Return what the library makes of a stream of one coding in one go; its content, where that is not tried."""
    if stream.name == "br":
        import brotli

        return bytes(brotli.decompress(stream.wire))
    if stream.name == "zstd":
        return bytes(zstd_library().decompress(stream.wire))
    if stream.name in ("deflate", "bare deflate"):
        return zlib.decompress(stream.wire, 15 if stream.name == "deflate" else -15)
    return stream.content


def disagreement(rng: random.Random, stream: Stream) -> str | None:
    """Return what is wrong with what our decoders make of *stream*, None where nothing is."""
    if reference(stream) != stream.content:
        return "the reference decoder has another content"
    try:
        content = decode(ContentDecoder(stream.codings, NO_RATIO), pieces_of(rng, stream.wire))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if content != stream.content:
        return f"{len(content)} bytes, or others"
    if stream.last_begins_at + 1 < len(stream.wire):
        cut = stream.wire[: rng.randrange(stream.last_begins_at + 1, len(stream.wire))]
        try:
            decode(ContentDecoder(stream.codings, NO_RATIO), pieces_of(rng, cut))
        except ContentDecodingError as error:
            if not stream.content.startswith(error.partial):
                return "cut, it gives what it does not hold"
        else:
            return f"cut to {len(cut)} of {len(stream.wire)} bytes, it is taken for whole"
    return None


def run(seed: int, count: int, large: int, most_bytes: int = 1 << 20) -> tuple[Counter[str], list[str]]:
    """Try *count* streams, *large* of them of 1 to 8 MB; return how many there were by coding, and what was wrong."""
    tried: Counter[str] = Counter()
    wrong = []
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        is_large = number * large // count != (number + 1) * large // count
        size = rng.randint(1 << 20, 8_000_000) if is_large else size_of(rng, most_bytes)
        stream = stream_of(rng, size)
        tried[stream.codings[-1] if len(stream.codings) > 1 else stream.name] += 1
        found = disagreement(rng, stream)
        if found is not None:
            wrong.append(f"stream {number} of seed {seed} ({stream.name}, {size} bytes): {found}")
    return tried, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--streams", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for name in ("isal.isal_zlib", "zlib"):
        library = content_coding._import_first(name)
        if library is None:
            print(f"{name} is not installed")
            continue
        content_coding._zlib_library = lambda library=library: library
        count = options.streams if name != "zlib" else options.streams // 4
        began = time.monotonic()
        tried, wrong = run(options.seed, count, MOST_LARGE * count // options.streams)
        print(f"{name}: {count} streams in {time.monotonic() - began:.0f} s: {dict(sorted(tried.items()))}")
        print(f"{name}: {len(wrong)} disagreements", *wrong[:20], sep="\n")
        failed = failed or bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
