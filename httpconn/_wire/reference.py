"""The reference reader: what a head means when it is not plain.

It reads whatever http.client reads, and with the same result where http.client keeps the whole head: values
go through the email package's own ``header_source_parse``, as they do there. Three differences, each safer:

- a malformed line is skipped and listed in ``defects``; http.client would take the rest of the head for
  content and then wait for a body that never comes;
- a malformed line that was meant to be Content-Length or Transfer-Encoding is refused, since the framing
  cannot be known;
- a bare CR never ends a line; http.client's email parser splits there.

It may be slow: only heads that every fast reader declined come here.
"""

from __future__ import annotations

import re
from email.message import Message

from ..errors import BadStatusLine, HTTPException, MalformedHead, UnknownProtocol, line_too_long, quote
from .annotations import Final
from .grammar import FIELD_VCHAR_OR_WS, FRAMING_NAMES, LENIENT_NAME, TCHAR, Limits
from .head import CONTINUES_NOTHING, NO_FIELD_LINE, Defect, FieldLinesHead, ResponseHead

# RFC 9112 section 4 lets a recipient parse on "whitespace-delimited word boundaries"; these are its octets.
_split_status_line: Final = re.compile(r"[ \t\v\f\r]+").split
_is_strict_status_line: Final = re.compile(
    r"HTTP/1\.[0-9] [1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*+)?(?:\r?\n)?"
).fullmatch
_is_status_code: Final = re.compile(r"[1-9][0-9]{2}", re.ASCII).fullmatch

_NOT_TCHAR: Final = bytes(b for b in range(256) if not TCHAR[b])
_NOT_FIELD_BYTE: Final = bytes(b for b in range(256) if not FIELD_VCHAR_OR_WS[b])
_NOT_LENIENT_NAME: Final = bytes(b for b in range(256) if not LENIENT_NAME[b])
compat32: Final = Message().policy
"""The email package's own, without what importing ``email.policy`` costs: a tenth of ``import http.client``."""

_FRAMING_NAMES: Final = frozenset(name.encode() for name in FRAMING_NAMES)


def parse_status_line(line: bytes) -> tuple[int, int, str, bool]:
    """Return (version, status, reason, whether the line is within the grammar).

    *version* is 10 or 11, or 0 where it begins with "HTTP/" but is not a version that is spoken here.

    Raises BadStatusLine. Source: RFC 9112 section 4; http.client, HTTPResponse._read_status.
    """
    text = line.decode("iso-8859-1")
    words = _split_status_line(text.strip(" \t\v\f\r\n"), 2)
    protocol = words[0]
    if len(words) < 2 or not protocol.startswith("HTTP/") or not _is_status_code(words[1]):
        raise BadStatusLine(text[:64])
    reason = words[2].strip() if len(words) == 3 else ""
    return _version_number(protocol), int(words[1]), reason, _is_strict_status_line(text) is not None


def _version_number(protocol: str) -> int:
    # Some servers still answer "HTTP/0.9" with a head; http.client reads those as 1.0, and any 1.x as 1.1.
    if protocol in ("HTTP/1.0", "HTTP/0.9"):
        return 10
    return 11 if protocol.startswith("HTTP/1.") else 0


def parse_response_head(block: bytes, limits: Limits) -> ResponseHead:
    """Return the head in *block*: a status-line and field lines, ended by an empty line or by the stream.

    Raises BadStatusLine, UnknownProtocol, LineTooLong, MalformedHead, or HTTPException for too many lines.
    Source: http.client, HTTPResponse.begin and parse_headers.
    """
    status_end = block.find(b"\n") + 1 or len(block)
    if status_end > limits.line_bytes:
        raise line_too_long(limits.line_bytes, "status line")
    if status_end > limits.head_bytes:
        raise line_too_long(limits.head_bytes, "headers")
    status_line = block[:status_end]
    version, status, reason, is_strict = parse_status_line(status_line)
    if not version:
        raise UnknownProtocol(status_line.split(None, 1)[0].decode("iso-8859-1"))
    defects: list[Defect] = []
    if not is_strict:
        defects.append(Defect(0, status_line.rstrip(b"\r\n"), "status-line outside the grammar"))
    lines = parse_field_lines(block, status_end, limits, limits.field_lines, "header", defects)
    return FieldLinesHead(version, status, reason, lines, block, defects)


def parse_field_lines(
    block: bytes, start: int, limits: Limits, max_lines: int, what: str, defects: list[Defect]
) -> list[tuple[str, str]]:
    """Return the (name, value) pairs of the field section that begins at *start*; append to *defects*.

    *what* is "header" or "trailer", for error texts. Raises LineTooLong, HTTPException for more than
    *max_lines* lines, MalformedHead for a malformed Content-Length or Transfer-Encoding.
    Source: RFC 9112 section 5; http.client, parse_headers.
    """
    fields: list[list[bytes]] = []
    current: list[bytes] | None = None  # the lines of the field that an obs-fold would go on with
    offset = start
    count = 0
    while offset < len(block):
        end = block.find(b"\n", offset) + 1 or len(block)
        line = block[offset:end]
        if len(line) > limits.line_bytes:
            raise line_too_long(limits.line_bytes, f"{what} line")
        if end > limits.head_bytes:
            # Judged before anything else about the line, since it may be one whose end has not come yet.
            raise line_too_long(limits.head_bytes, f"{what}s")
        if line in (b"\r\n", b"\n"):
            break
        count += 1
        if count > max_lines:
            raise HTTPException(f"got more than {max_lines} {what}s")
        reason = _defect_of(line, current is not None)
        if reason is not None:
            defects.append(Defect(offset, line.rstrip(b"\r\n"), reason))
        if line[:1] in b" \t":
            # obs-fold (RFC 9112 section 5.2). One that follows no field, or a skipped one, is skipped too.
            if current is not None:
                current.append(line)
            else:
                _refuse_if_framing(line)
        elif name := _name_of(line):
            if _has_any(name, _NOT_TCHAR):
                _refuse_if_framing(line)
            current = [line]
            fields.append(current)
        else:
            _refuse_if_framing(line)
            current = None
        offset = end
    return [compat32.header_source_parse([line.decode("iso-8859-1") for line in field_lines]) for field_lines in fields]


def _name_of(line: bytes) -> bytes:
    """Return the name of a field line as http.client would take it, b"" where there is none."""
    name, colon, _ = line.partition(b":")
    return name if colon and not _has_any(name, _NOT_LENIENT_NAME) else b""


def _has_any(data: bytes, unwanted: bytes) -> bool:
    return len(data.translate(None, unwanted)) != len(data)


def _defect_of(line: bytes, may_fold: bool) -> str | None:
    content = line[:-2] if line.endswith(b"\r\n") else line[:-1] if line.endswith(b"\n") else line
    if line[:1] in b" \t":
        if not may_fold:
            return CONTINUES_NOTHING
    else:
        name = _name_of(line)
        if not name:
            return NO_FIELD_LINE
        if _has_any(name, _NOT_TCHAR):
            return "field name is no token"
        content = content[len(name) + 1 :]
    if _has_any(content, _NOT_FIELD_BYTE):
        return "control character in a field value"
    return None


def _refuse_if_framing(line: bytes) -> None:
    """Raise MalformedHead where a skipped line was meant to tell the framing."""
    name = line.partition(b":")[0].translate(None, _NOT_TCHAR).lower()
    if name in _FRAMING_NAMES:
        raise MalformedHead(f"malformed {name.decode()} line: got {quote(line)}, expected '{name.decode()}: value'")
