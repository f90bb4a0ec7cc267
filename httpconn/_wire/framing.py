"""Where the body of a message ends, and whether the connection may be used again: RFC 9112 section 6.3.

The only place that interprets Content-Length, Transfer-Encoding and Connection. The rules are tried in the
order of the RFC; each says what both modes make of it. Whatever is read outside the grammar is listed in
``defects``, and then the connection is closed after the response, so that it can never shift the next one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import MalformedFraming, quote
from .annotations import Final, TypeAlias
from .grammar import CONTENT_LENGTH, MAX_BODY_BYTES, NO_CONTENT, NOT_MODIFIED, TRANSFER_ENCODING
from .head import Defect, ResponseHead

UNTIL_CLOSE: Final = -1
CHUNKED: Final = -2

_OWS: Final = " \t\r\n"  # an obs-fold inside a value counts as white space (RFC 9112 section 5.2)
_is_digits: Final = re.compile(r"[0-9]++").fullmatch
_is_negative: Final = re.compile(r"-0*+[1-9][0-9]*+").fullmatch
_LONGEST_LENGTH: Final = len(str(MAX_BODY_BYTES))


# (length, will_close, refusal, defects), a plain tuple since one is made for every response:
# - length: bytes of the body, or UNTIL_CLOSE, or CHUNKED
# - will_close: the connection does not persist after this response (http.client's attribute of that name)
# - refusal: what the first read raises, because the end of the body cannot be known
# - defects: what was read outside the grammar
Framing: TypeAlias = tuple[int, bool, MalformedFraming | None, Sequence[Defect]]


def body_framing(head: ResponseHead, method: str | None, strict: bool) -> Framing:
    """Return where the body of *head*, the answer to a *method* request, ends.

    Raises nothing: what must be refused is told in the tuple, since status and fields stay readable.
    Source: RFC 9112 section 6.3; http.client, HTTPResponse.begin.
    """
    options = head.connection
    if head.version == 11 and not head.defects:
        will_close = options is not None and "close" in options.lower()
    else:
        will_close = not _persists(head) or bool(head.defects)
    status = head.status
    # Rule 1: no body, whatever the fields say.
    if status < 200 or status in (NO_CONTENT, NOT_MODIFIED) or method == "HEAD":
        return 0, will_close, None, ()
    # Rule 2: a tunnel. Nothing behind this head is HTTP, so no other request may follow on it.
    if method == "CONNECT" and status < 300:
        return 0, True, None, ()
    length = head.content_length
    if head.transfer_encoding is not None:
        return _coded(head, length, will_close, strict)
    if length is None:
        # Rule 8: until the connection closes.
        return UNTIL_CLOSE, True, None, ()
    if len(length) < _LONGEST_LENGTH and length.isascii() and length.isdigit():
        return int(length), will_close, None, ()
    return _sized(head, length.strip(_OWS), will_close, strict)


def framing_line(length: int | None) -> bytes:
    """Return the field line, with its line end, that tells a server where the body of a request ends.

    *length* in bytes; None for a body of chunks, -1 for no body, which needs no line. Source: RFC 9112 section 6.
    """
    if length is None:
        return b"Transfer-Encoding: chunked\r\n"
    return b"Content-Length: %d\r\n" % length if length >= 0 else b""


def announces_content(head: ResponseHead, method: str | None) -> bool:
    """Return whether the fields say that content comes with this message, of one byte or more.

    The length in a 304 is that of what is not sent anew, and many servers tell it (RFC 9110 section 15.4.5).
    """
    if head.status == NOT_MODIFIED and method != "HEAD":
        return False
    length = head.content_length
    return head.transfer_encoding is not None or (length is not None and length.strip("0, \t") != "")


def announced_bytes(head: ResponseHead) -> int:
    """Return how much content the fields announce; -1 where that is not said, or is no number that could be."""
    length = head.content_length
    if length is None or len(length) > _LONGEST_LENGTH or not (length.isascii() and length.isdigit()):
        return -1  # int() raises ValueError for thousands of digits, and for others than ASCII's
    return int(length)


def _persists(head: ResponseHead) -> bool:
    """Return whether the sender means the connection to persist. Source: RFC 9112 section 9.3."""
    options = (head.connection or "").lower()
    if "close" in options:
        return False
    # HTTP/1.0 persists only when it says so, in one of three ways (http.client, HTTPResponse._check_close).
    if head.version == 11 or any(head.field_values("keep-alive")):
        return True
    return any("keep-alive" in value.lower() for value in (options, *head.field_values("proxy-connection")))


def _coded(head: ResponseHead, length: str | None, will_close: bool, strict: bool) -> Framing:
    """Rules 3 and 4: Transfer-Encoding."""
    value = head.transfer_encoding or ""
    codings = [coding for part in value.split(",") if (coding := part.strip(_OWS).lower())]
    if codings == ["chunked"]:
        if length is None:
            # HTTP/1.0 knows no transfer codings: decoded, but not believed any further.
            return CHUNKED, will_close or head.version == 10, None, ()
        # Rule 3: Transfer-Encoding decides. It "might indicate an attempt to perform request smuggling or
        # response splitting", so the connection ends here.
        if strict:
            return _refused("Transfer-Encoding and Content-Length together", length)
        return _lax(head, CHUNKED, CONTENT_LENGTH, "Content-Length beside Transfer-Encoding; ignored")
    if codings and codings[-1] == "chunked":
        return _refused("a transfer coding before 'chunked' that cannot be undone", value)
    # Rule 4: the final coding is not chunked, so the body ends with the connection.
    if codings == ["identity"] and (length is None or not strict):
        # http.client takes it for no coding at all: by the length, where there is a valid one.
        size = UNTIL_CLOSE if length is None else _sized(head, length.strip(_OWS), will_close, True)[0]
        return _lax(head, size, TRANSFER_ENCODING, "transfer coding 'identity'")
    if strict:
        return _refused("a Transfer-Encoding that ends in 'chunked'", value, expected=True)
    return _lax(head, UNTIL_CLOSE, TRANSFER_ENCODING, "final transfer coding is not chunked")


def _sized(head: ResponseHead, value: str, will_close: bool, strict: bool) -> Framing:
    """Rules 5 and 6: a Content-Length that is not just digits."""
    if _is_negative(value) and not strict:
        return _lax(head, UNTIL_CLOSE, CONTENT_LENGTH, "negative Content-Length; ignored")
    lengths = [part.strip(_OWS) for part in value.split(",")]
    if not all(map(_is_digits, lengths)):
        return _refused("a Content-Length of ASCII digits", value, expected=True)
    # Compared as digits, since int() of a long text costs more than linear time.
    significant = {length.lstrip("0") or "0" for length in lengths}
    if len(significant) > 1:
        return _refused("one Content-Length", value, expected=True)
    digits = significant.pop()
    if len(digits) > _LONGEST_LENGTH or int(digits) > MAX_BODY_BYTES:
        return _refused(f"a Content-Length of at most {MAX_BODY_BYTES}", value, expected=True)
    return int(digits), will_close, None, ()


def _lax(head: ResponseHead, length: int, name: str, reason: str) -> Framing:
    offset = max(0, head.block.lower().find(b"\n" + name.encode()) + 1)
    line = head.block[offset:].partition(b"\n")[0].rstrip(b"\r")
    return length, True, None, (Defect(offset, line, reason),)


def _refused(what: str, got: str, *, expected: bool = False) -> Framing:
    text = f"expected {what}, got {quote(got)}" if expected else f"{what}: {quote(got)}"
    return UNTIL_CLOSE, True, MalformedFraming(text), ()
