"""Header fields as people see them: ``HTTPMessage``, made late from what was parsed."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterable
from http.client import HTTPMessage, parse_headers
from typing import Any, Final

from ._wire.grammar import Limits

__all__ = ["HTTPMessage", "current_limits", "message_from_lines", "parse_headers"]


def message_from_lines(lines: Iterable[tuple[str, str]]) -> HTTPMessage:
    """Return the (name, value) pairs as the message that http.client's ``parse_headers`` would return."""
    message: Any = HTTPMessage()
    # What set_raw() would come to for each of them, with the policy that such a message has.
    message._headers = list(lines)
    message._payload = ""
    return message  # type: ignore[no-any-return]


MAXLINE: Final = http.client._MAXLINE  # type: ignore[attr-defined]  # private, and patched by programs
MAXHEADERS: Final = http.client._MAXHEADERS  # type: ignore[attr-defined]

_package: Final = sys.modules[__package__]
_standard: Final[Any] = http.client
_seen: tuple[int, int, int, int] = (0, 0, 0, 0)
_limits = Limits()
_DEFAULT_HEAD_BYTES: Final = _limits.head_bytes


def current_limits() -> Limits:
    """Return the limits in force where none were given.

    Programs that want longer heads set ``_MAXLINE`` and ``_MAXHEADERS``, in this package or in http.client; both
    are read at run time, and a changed value here goes before the one there.
    """
    global _seen, _limits
    now = (_package._MAXLINE, _package._MAXHEADERS, _standard._MAXLINE, _standard._MAXHEADERS)
    if now != _seen:
        line_bytes = now[0] if now[0] != MAXLINE else now[2]
        field_lines = now[1] if now[1] != MAXHEADERS else now[3]
        head_bytes = max(_DEFAULT_HEAD_BYTES, 2 * line_bytes)
        _limits = Limits(line_bytes=line_bytes, field_lines=field_lines, head_bytes=head_bytes)
        _seen = now
    return _limits
