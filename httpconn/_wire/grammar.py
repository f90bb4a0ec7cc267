"""Byte classes, patterns and limits of HTTP/1.1 messages.

One 256-byte table for each class of bytes; the compiled tokenisers read the very same tables, so that
a compiled and a pure reader cannot come to differ about a byte. The patterns spell the same classes for
the ``re`` module; a test holds each pattern against its table. No pattern here can backtrack: every
repetition is possessive.
"""

from __future__ import annotations

import re

from ..errors import unknown_option
from .annotations import Final, Never, Self
from .records import Record


def _byte_class(*members: int | range) -> bytes:
    table = bytearray(256)
    for member in members:
        for byte in (member,) if isinstance(member, int) else member:
            table[byte] = 1
    return bytes(table)


_DIGITS: Final = range(ord("0"), ord("9") + 1)
_UPPER: Final = range(ord("A"), ord("Z") + 1)
_LOWER: Final = range(ord("a"), ord("z") + 1)

# RFC 9110 section 5.6.2
# token = 1*tchar
# tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
#       / DIGIT / ALPHA
TCHAR: Final = _byte_class(_DIGITS, _UPPER, _LOWER, *b"!#$%&'*+-.^_`|~")

# RFC 9110 section 5.5
# field-value   = *field-content
# field-content = field-vchar [ 1*( SP / HTAB / field-vchar ) field-vchar ]
# field-vchar   = VCHAR / obs-text
# The reason-phrase (RFC 9112 section 4) and, here, chunk extensions are made of the same bytes.
FIELD_VCHAR_OR_WS: Final = _byte_class(0x09, range(0x20, 0x7F), range(0x80, 0x100))

# What http.client's email parser takes for the name of a field: any visible ASCII but the colon. Wider than
# a token, so a name outside TCHAR is kept and reported as a defect.
LENIENT_NAME: Final = _byte_class(range(0x21, 0x3A), range(0x3B, 0x7F))

# HEXDIG to its value; 0xFF for every other byte. RFC 9112 section 7.1: chunk-size = 1*HEXDIG
HEX_VALUE: Final = bytes(int(chr(b), 16) if chr(b) in "0123456789abcdefABCDEF" else 0xFF for b in range(256))

# The same classes for patterns.
RE_TCHAR: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
RE_FIELD_BYTE: Final = rb"[\t\x20-\x7e\x80-\xff]"

# The plain grammar of a head, which the fast readers answer for:
# status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF     (RFC 9112 section 4)
# field-line  = field-name ":" OWS field-value OWS CRLF                   (RFC 9112 section 5)
# The SP after the status-code may be missing together with the reason-phrase, as some servers have it.
_RE_PLAIN_HEAD: Final = (
    rb"HTTP/1\.[01]\ [1-9][0-9]{2}(?:\ (" + RE_FIELD_BYTE + rb"*+))?\r\n"
    rb"(?:" + RE_TCHAR + rb"++:" + RE_FIELD_BYTE + rb"*+\r\n)*+\r\n"
)
match_beginning_plain_head: Final = re.compile(_RE_PLAIN_HEAD, re.VERBOSE).match

# RFC 9112 section 7.1.1: chunk-size line = chunk-size *( BWS ";" ... ) CRLF; white space before the line's end
# is accepted, since servers pad chunk sizes (RFC 7230's errata knew of them).
match_chunk_size_line: Final = re.compile(rb"([0-9A-Fa-f]++)([ \t]*+(?:;" + RE_FIELD_BYTE + rb"*+)?)\r\n").fullmatch

# RFC 9112 section 7.1.1, on what stands behind the chunk-size; the white space at its end is that of the line above.
# chunk-ext     = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
# chunk-ext-val = token / quoted-string
is_chunk_extension: Final = re.compile(
    rb"(?:[ \t]*+;[ \t]*+" + RE_TCHAR + rb"++(?:[ \t]*+=[ \t]*+(?:" + RE_TCHAR + rb"++"
    rb'|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\' + RE_FIELD_BYTE + rb')*+"))?+)*+[ \t]*+'
).fullmatch

# The usual one: no extension, no white space, and short enough to be within every limit.
match_plain_size_line: Final = re.compile(rb"([0-9A-Fa-f]{1,12}+)\r\n").match
LONGEST_PLAIN_SIZE_LINE: Final = 14

CONTENT_LENGTH: Final = "content-length"
TRANSFER_ENCODING: Final = "transfer-encoding"
FRAMING_NAMES: Final = frozenset({CONTENT_LENGTH, TRANSFER_ENCODING})
"""The fields, in lower case, that tell where a message ends."""

KEEP_ALIVE: Final = "keep-alive"
"""The option of nearly every Connection field."""

NO_CONTENT: Final = 204
NOT_MODIFIED: Final = 304
"""The two final statuses whose responses have no body (RFC 9110 sections 15.3.5 and 15.4.5)."""

CONTINUE: Final = 100
"""The interim status that asks for the body (RFC 9110 section 15.2.1)."""

SWITCHING_PROTOCOLS: Final = 101
"""The one 1xx status that is final (RFC 9110 section 15.2.2)."""

MAX_BODY_BYTES: Final = 2**63 - 1
"""No length beyond what a signed 64-bit number holds is believed."""


class Limits(Record):
    """What a peer may make us hold or do. Bytes count as they stand on the wire, line ends included."""

    __slots__ = (
        "body_bytes",
        "chunk_overhead_bytes",
        "field_lines",
        "head_bytes",
        "interim_responses",
        "line_bytes",
        "trailer_lines",
    )
    __match_args__ = (
        "line_bytes",
        "field_lines",
        "head_bytes",
        "interim_responses",
        "trailer_lines",
        "chunk_overhead_bytes",
        "body_bytes",
    )

    line_bytes: int
    """One status-line, field line, chunk-size line or trailer line (http.client's ``_MAXLINE``)."""
    field_lines: int
    """Lines of one head after its status-line (http.client's ``_MAXHEADERS``)."""
    head_bytes: int
    """One head, from its status-line to its empty line."""
    interim_responses: int
    """1xx responses in a row before the final one."""
    trailer_lines: int
    """Lines of the trailer section."""
    chunk_overhead_bytes: int
    """Bytes of chunk framing (sizes, extensions, line ends) beyond 16 bytes for each chunk and twice its data."""
    body_bytes: int | None
    """The whole body, decoded from its transfer coding; None for no limit."""

    def __init__(
        self,
        line_bytes: int = 65_536,
        field_lines: int = 100,
        head_bytes: int = 1_048_576,
        interim_responses: int = 100,
        trailer_lines: int = 100,
        chunk_overhead_bytes: int = 16_384,
        body_bytes: int | None = None,
        **unknown: Never,
    ) -> None:
        """Raises TypeError for what is no int, and for another name; ValueError for what is below 0."""
        for name in unknown:
            raise unknown_option(name, self.__match_args__, "a Limits", {})
        self._set(
            line_bytes, field_lines, head_bytes, interim_responses, trailer_lines, chunk_overhead_bytes, body_bytes
        )
        for name, value in zip(self.__match_args__, self._values(), strict=True):
            if value is None and name == "body_bytes":
                continue
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"expected {name} as an int, got {value!r:.64}")
            if value < 0:
                raise ValueError(f"expected {name} of 0 or more, got {value}")

    @classmethod
    def patched(cls, line_bytes: int, field_lines: int, head_bytes: int, interim_responses: int) -> Self:
        """Return the limits that a program has set in http.client, whatever number it has set there: infinity, say."""
        made = object.__new__(cls)
        given = [int(min(limit, MAX_BODY_BYTES)) for limit in (line_bytes, field_lines, head_bytes, interim_responses)]
        made._set(*given, given[1], cls().chunk_overhead_bytes, None)
        return made

    def too_many_interim(self) -> str:
        """Return what is said where more have come than ``interim_responses``."""
        return f"got more than {self.interim_responses} interim responses"


class FinalCountsToo(Limits):
    """Limits whose ``interim_responses`` was one more before the final response was taken off, and is told so."""

    __slots__ = ()

    def too_many_interim(self) -> str:
        """Source: http.client of CPython 3.14, HTTPResponse.begin."""
        return f"got more than {self.interim_responses + 1} interim responses"


# Why a chunk was refused; the decoders report the code, the reader makes the exception.
CHUNK_OK: Final = 0
CHUNK_SIZE_MALFORMED: Final = 1
CHUNK_SIZE_TOO_LARGE: Final = 2
CHUNK_NOT_TERMINATED: Final = 3
CHUNK_LINE_TOO_LONG: Final = 4
CHUNK_OVERHEAD: Final = 5
TRAILER_LINE_TOO_LONG: Final = 6
TRAILER_TOO_MANY_LINES: Final = 7
CHUNK_EXTENSION_MALFORMED: Final = 8
