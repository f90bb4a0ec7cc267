"""Requests that another library has made: sent with the fields that they have, as they have them.

Their names keep their case, their lines their order and number. Nothing is added but what makes it a request at all: a
Host, and the framing of a body that has none. What the fields say of the framing has to be true of the body.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from .._wire.framing import framing_line
from .._wire.grammar import CONTENT_LENGTH, RE_FIELD_BYTE, RE_TCHAR, TRANSFER_ENCODING
from .._wire.request import asks_to_close, encode_field_line, expects_continue
from ..errors import InvalidField
from ..model import Request
from .request_body import ChunkedBody, Framed, body_of

Field: TypeAlias = tuple[str | bytes, str | bytes]

_are_lines: Final = re.compile(rb"(?:" + RE_TCHAR + rb"++: " + RE_FIELD_BYTE + rb"*+\r\n)*+").fullmatch
_MOST_KEPT: Final = 64


class GivenFields(NamedTuple):
    """Fields as they are sent, and what they say of the request."""

    lines: bytes
    """Each with its line end."""
    has_host: bool
    has_proxy_authorization: bool
    length: int | None
    """What Content-Length says; None where there is none."""
    is_chunked: bool
    expects_continue: bool
    closes: bool


@lru_cache(maxsize=_MOST_KEPT)
def given_fields(fields: tuple[Field, ...]) -> GivenFields:
    """Return *fields* as they are sent. Raises InvalidField, UnicodeEncodeError, TypeError.

    A session sends the same ones again and again, and so some are kept.
    """
    lines = b"".join([_bytes(name) + b": " + _bytes(value) + b"\r\n" for name, value in fields])
    if not _are_lines(lines) or lines.count(b"\r\n") != len(fields):
        # Folds, and names that are no tokens: whatever else may be sent is sent, and the rest is told.
        lines = b"".join([encode_field_line(name, (value,), True) + b"\r\n" for name, value in fields])
    found: dict[str, list[bytes]] = {}
    for name, value in fields:
        found.setdefault(_bytes(name).decode("latin-1").lower(), []).append(_bytes(value).strip())
    if len(found.get("host", ())) > 1:
        raise InvalidField("expected one Host, got several")
    length, is_chunked = _told_length(found.get(CONTENT_LENGTH, [])), _is_chunked(found)
    if is_chunked and length is not None:
        raise InvalidField("expected Content-Length or Transfer-Encoding, got both: two ends of one body")
    split = lines.split(b"\r\n") if "expect" in found or "connection" in found else []
    return GivenFields(
        lines,
        "host" in found,
        "proxy-authorization" in found,
        length,
        is_chunked,
        expects_continue(split),
        asks_to_close(split),
    )


def _bytes(text: Any) -> bytes:
    if isinstance(text, str):
        return text.encode("latin-1")
    if isinstance(text, bytes):
        return text
    raise TypeError(f"expected names and values of fields as str or bytes, got one of {type(text).__name__}")


def _told_length(values: Sequence[bytes]) -> int | None:
    if not values:
        return None
    if len(values) > 1 or not values[0].isdigit():
        raise InvalidField("expected one Content-Length, a number")
    return int(values[0])


def _is_chunked(found: dict[str, list[bytes]]) -> bool:
    values = found.get(TRANSFER_ENCODING)
    if values is None:
        return False
    if [value.lower() for value in values] != [b"chunked"]:
        raise InvalidField("expected Transfer-Encoding to say chunked: no other one is done here")
    return True


def given_body(request: Request, given: GivenFields) -> tuple[Framed, bytes]:
    """Return the body of *request*, framed as *given* says, and the line that says so where there is none.

    Raises InvalidField for framing that is not the body's, and what ``body_of`` raises.
    """
    body, length, _ = body_of(request, "")
    if body is None:
        if given.length or given.is_chunked:
            raise InvalidField("the fields announce a body, and there is none")
        return (None, -1, None), b""
    if given.is_chunked:
        if not isinstance(body, ChunkedBody):
            body = ChunkedBody((body,)) if isinstance(body, bytes) else ChunkedBody(body.parts())
        return (body, None, None), b""
    if given.length is None:
        return (body, length, None), framing_line(length)
    if length is None and isinstance(body, ChunkedBody):
        return (body.announced(given.length), given.length, None), b""
    if length != given.length:
        raise InvalidField(f"Content-Length says {given.length}, the body has {length} bytes")
    return (body, length, None), b""
