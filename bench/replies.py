"""What the embedded server answers: a table from path to the bytes that go out, rendered once at start.

    /small          2 bytes, few fields
    /10k            20 fields, 10 KiB
    /10k-chunked    the same content in 10 chunks
    /large, /large/N       1 MiB, or N bytes, made while they are sent
    /chunked        uneven chunks, a chunk extension, and a trailer section
    /slow, /slow/MS        16 bytes at a time, head included, with MS milliseconds (5) between them
    /close          no length: the content ends where the connection does
    /http10         the same, from an HTTP/1.0 server
    /interim        103 (Early Hints), then 200
    /head204        204, fields only
    /late/MS        a short answer, whole, but only after MS milliseconds
    /chunks/N/SIZE  N chunks of SIZE bytes, made while they are sent
    /fields/N       N fields in all, and 2 bytes
    /status/NNN     that status, with a few bytes of content where the status allows any

`/echo` is not here, because it needs the request: see server.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http.client import responses as reason_phrases
from itertools import chain, repeat

MIB = 1 << 20

Fields = tuple[tuple[str, str], ...]

# What a page of a shop behind a CDN really sends: long values, commas, quotes, a repeated name.
# The Date is fixed, so that two answers to one question can be compared byte for byte.
COMMON: Fields = (("Server", "bench"), ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"))
REALISTIC: Fields = (
    ("Cache-Control", "public, max-age=300, s-maxage=600, stale-while-revalidate=30"),
    ("Vary", "Accept-Encoding, Accept-Language, Cookie"),
    ("ETag", 'W/"5f3c-9d8a7b6c5d4e3f2a1b0c"'),
    ("Last-Modified", "Wed, 31 Dec 2025 18:05:11 GMT"),
    ("Accept-Ranges", "bytes"),
    ("Set-Cookie", "session=0123456789abcdef0123456789abcdef; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ("Set-Cookie", "bucket=b7; Path=/; Max-Age=86400"),
    ("X-Request-Id", "6f1d2c3b-4a59-4687-9182-736455463728"),
    ("X-Cache", "HIT, MISS"),
    ("X-Served-By", "edge-fra-17, origin-3"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'"),
    ("Content-Language", "en"),
)

# Numbered lines of eight bytes: a byte that is lost, doubled or moved shows.
BLOCK = b"".join(b"%07d\n" % number for number in range(MIB // 8))


def content(size: int) -> bytes:
    """The content of every sized reply: `size` bytes of numbered lines, starting over at each MiB."""
    return (BLOCK * (size // MIB + 1))[:size]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, ready to send."""

    head: bytes  # to the empty line; interim responses before it too
    wire: bytes  # head and body in one piece
    rest: Iterable[bytes] = ()  # more body, made while it is sent
    persist: bool = True  # the connection may be used again
    pause_s: float = 0.0  # > 0: sent in pieces of 16 bytes, with this pause after each
    wait_s: float = 0.0  # before the first byte


def render_head(status: int, fields: Fields, version: str = "1.1") -> bytes:
    """The status-line and the fields, COMMON first, to the empty line."""
    lines = [f"HTTP/{version} {status} {reason_phrases.get(status, 'Unnamed')}"]
    lines += [f"{name}: {value}" for name, value in COMMON + fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def render_chunks(pieces: Iterable[bytes], *, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """The pieces in the chunked coding, each with `extension`, last-chunk and trailer section included."""
    chunks = [b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces]
    return b"".join([*chunks, b"0\r\n", trailers, b"\r\n"])


def sized(body: bytes, fields: Fields = (), status: int = 200, media_type: str = "text/plain") -> Reply:
    """`body` with its Content-Length and type."""
    head = render_head(status, (("Content-Type", media_type), ("Content-Length", str(len(body))), *fields))
    return Reply(head, head + body)


def large(size: int) -> Reply:
    """`size` bytes, of which no more than a MiB is held in memory."""
    head = render_head(200, (("Content-Type", "text/plain"), ("Content-Length", str(size))))
    blocks, remainder = divmod(size, MIB)
    return Reply(head, head, rest=chain(repeat(BLOCK, blocks), (BLOCK[:remainder],)))


def slow(milliseconds: int) -> Reply:
    """A short answer, a few bytes at a time."""
    whole = sized(content(64))
    return Reply(whole.head, whole.wire, pause_s=milliseconds / 1000)


def late(milliseconds: int) -> Reply:
    """A short answer that takes its time, as one from a database does."""
    return replace(sized(b"ok"), wait_s=milliseconds / 1000)


def chunks(count: int, size: int) -> Reply:
    """`count` chunks of `size` bytes, of which no more than about a MiB is held in memory."""
    head = render_head(200, (("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")))
    chunk = b"%x\r\n%s\r\n" % (size, content(size))
    at_once = max(1, min(count, MIB // len(chunk)))
    groups, remainder = divmod(count, at_once)
    return Reply(head, head, rest=chain(repeat(chunk * at_once, groups), (chunk * remainder + b"0\r\n\r\n",)))


def with_fields(count: int) -> Reply:
    """`count` fields in all, Content-Length and others of the usual size, and 2 bytes."""
    lines = ["HTTP/1.1 200 OK", "Content-Length: 2"]
    lines += [f"X-Field-{number}: value number {number:06} of a field" for number in range(count - 1)]
    head = "\r\n".join([*lines, "", ""]).encode()
    return Reply(head, head + b"ok")


def with_status(status: int) -> Reply:
    """An answer with that status, 200 to 999; content only where RFC 9110 allows it."""
    if not 200 <= status <= 999:
        raise ValueError(f"a final status is 200 to 999, not {status}")
    if status in (204, 304):
        head = render_head(status, ())
        return Reply(head, head)
    return sized(b"status %d\n" % status, status=status)


def _chunked(fields: Fields, body: bytes) -> Reply:
    head = render_head(200, (("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"), *fields))
    return Reply(head, head + body)


def _until_close(version: str) -> Reply:
    head = render_head(200, (("Content-Type", "text/plain"), ("Connection", "close")), version)
    return Reply(head, head + content(10 * 1024), persist=False)


def _interim() -> Reply:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
    final = sized(b"after the hints")
    return Reply(hints + final.head, hints + final.wire)


_TEN_KIB = content(10 * 1024)
_UNEVEN = (b"a", b"bc", _TEN_KIB[:255], _TEN_KIB[255:4352], b"\r\n0\r\n\r\n", b"z")

FIXED: dict[bytes, Reply] = {
    b"/small": sized(b"ok"),
    b"/10k": sized(_TEN_KIB, REALISTIC),
    b"/10k-chunked": _chunked(REALISTIC, render_chunks(_TEN_KIB[n * 1024 :][:1024] for n in range(10))),
    b"/chunked": _chunked(
        (("Trailer", "X-Checksum, X-Note"),),
        render_chunks(_UNEVEN, extension=b";n=v", trailers=b"X-Checksum: 1f2e3d\r\nX-Note: the end\r\n"),
    ),
    b"/slow": slow(5),
    b"/close": _until_close("1.1"),
    b"/http10": _until_close("1.0"),
    b"/interim": _interim(),
    b"/head204": with_status(204),
}

_BY_NUMBER: dict[bytes, Callable[..., Reply]] = {
    b"large": large,
    b"slow": slow,
    b"late": late,
    b"chunks": chunks,
    b"fields": with_fields,
    b"status": with_status,
}


def reply_to(path: bytes) -> Reply:
    """The answer to a GET of `path`, which carries no query; 404 where there is none."""
    fixed = FIXED.get(path)
    if fixed is not None:
        return fixed
    name, *numbers = path[1:].split(b"/")
    if path == b"/large":
        numbers = [b"%d" % MIB]
    try:
        if all(number.isdigit() for number in numbers):
            return _BY_NUMBER[name](*map(int, numbers))
    except (KeyError, TypeError, ValueError):
        pass
    return sized(b"nothing here\n", status=404)
