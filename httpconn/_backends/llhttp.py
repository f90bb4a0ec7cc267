"""A second opinion: heads as llhttp reads them, Node.js's parser, by way of httptools.

Heads only. httptools does not tell how many bytes it has consumed, expects a body after a response to HEAD,
and reports trailer fields as if they stood in the head, so it cannot be used for bodies: who takes chunks is
borrowed, from the compiled backend where that is present and else from the pure one. The
same lender finds the end of a head.

llhttp's grammar is not ours: it passes control characters in a reason-phrase, takes 099 for 99, and ignores
what follows the head. So what it reports is held against the bytes; where they differ, or where it refuses,
the head is declined. None of its lenient flags is set: they reopen what smuggling needs.
"""

from __future__ import annotations

from typing import Final

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from .._wire.grammar import CONTENT_LENGTH, FIELD_VCHAR_OR_WS, TCHAR, TRANSFER_ENCODING
from .._wire.head import Begun, ResponseHead, begun_by, find_head_end
from . import pure

_VERSIONS: Final = {"1.0": 10, "1.1": 11}
_TCHARS: Final = bytes(byte for byte in range(256) if TCHAR[byte])
_FIELD_BYTES: Final = bytes(byte for byte in range(256) if FIELD_VCHAR_OR_WS[byte])


class _Reported:
    """What llhttp has seen of one head; httptools calls these methods by name."""

    __slots__ = ("lines", "reason")

    def __init__(self) -> None:
        self.reason = b""
        self.lines: list[tuple[bytes, bytes]] = []

    def on_status(self, reason: bytes) -> None:
        self.reason = reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.lines.append((name, value))


class ReportedHead:
    """A head as llhttp has reported it, made text when somebody asks; see ``_wire.head.ResponseHead``."""

    __slots__ = ("_lines", "_reason", "block", "status", "version")

    defects = ()

    def __init__(self, block: bytes, version: int, status: int, reported: _Reported) -> None:
        self.block = block
        self.version = version
        self.status = status
        self._reason = reported.reason
        self._lines = reported.lines

    @property
    def reason(self) -> str:
        return self._reason.decode("iso-8859-1").strip()

    @property
    def content_length(self) -> str | None:
        return self.get_joined(CONTENT_LENGTH)

    @property
    def transfer_encoding(self) -> str | None:
        return self.get_joined(TRANSFER_ENCODING)

    @property
    def connection(self) -> str | None:
        return self.get_joined("connection")

    def field_lines(self) -> list[tuple[str, str]]:
        return [(name.decode("ascii"), value.decode("iso-8859-1")) for name, value in self._lines]

    def field_values(self, name: str) -> list[str]:
        # Folded as http.client folds names. What is not ASCII then becomes "?", which is in no token.
        wanted = name.lower().encode("ascii", "replace")
        values = [value for key, value in self._lines if len(key) == len(wanted) and key.lower() == wanted]
        return [value.decode("iso-8859-1") for value in values]

    def get_joined(self, name: str) -> str | None:
        values = self.field_values(name)
        return ", ".join(values) if values else None


def parse_response_head(block: bytes, max_line_bytes: int, max_field_lines: int) -> ResponseHead | None:
    """Return the head in *block* as llhttp reads it, or None where it refuses or the plain grammar does."""
    if len(block) > max_line_bytes:
        return None
    reported = _Reported()
    parser = HttpResponseParser(reported)
    try:
        parser.feed_data(block)
    except HttpParserUpgrade:
        pass  # what follows this head is not HTTP, which is none of our business
    except HttpParserCallbackError as error:
        # A signal's exception that came up inside a callback, KeyboardInterrupt say: not llhttp's refusal.
        raise (error.__context__ or error) from None
    except HttpParserError:
        return None
    version, status = parser.get_http_version(), parser.get_status_code()
    if version not in _VERSIONS or len(reported.lines) > max_field_lines:
        return None
    status_line = b"HTTP/%b %d" % (version.encode(), status)
    if not _stands_in(block, status_line, reported.reason, reported.lines):
        return None
    return ReportedHead(block, _VERSIONS[version], status, reported)


def _stands_in(block: bytes, status_line: bytes, reason: bytes, lines: list[tuple[bytes, bytes]]) -> bool:
    """Return whether *block* is plain and is made of just these parts.

    The plain grammar leaves open only the white space in front of a value, and the SP in front of no reason.
    """
    parts = block.split(b"\r\n")
    if len(parts) != len(lines) + 3 or parts[-1] or parts[-2]:
        return False
    if parts[0] != status_line + b" " + reason and (reason or parts[0] != status_line):
        return False
    # What is no field byte is one of those CRLFs, and names are tokens.
    if len(block.translate(None, _FIELD_BYTES)) != 2 * (len(parts) - 1):
        return False
    names = [name for name, _ in lines]
    if not all(names) or b"".join(names).translate(None, _TCHARS):
        return False
    # Nearly every server sets one SP in front of each value.
    return parts[1:-2] == [b": ".join(line) for line in lines] or all(
        part.startswith(name + b":") and part[len(name) + 1 :].lstrip(b" \t") == value
        for part, (name, value) in zip(parts[1:-2], lines, strict=True)
    )


def begin_response_head(data: bytes, max_line_bytes: int, max_field_lines: int) -> Begun | None:
    """Return what ``Begun`` says of the head that *data* begins with; None also where it is not all there."""
    end = find_head_end(data)
    head = None if end < 0 else parse_response_head(data[:end], max_line_bytes, max_field_lines)
    return None if head is None else begun_by(head, head.get_joined("content-encoding"), data[end:])


BACKEND = pure.BACKEND.__replace__(
    name="httptools",
    parse_response_head=parse_response_head,
    begin_response_head=begin_response_head,
)
"""With the pure lender; ``get("httptools")`` replaces it by the compiled one where that is present."""
