"""Header fields as people see them: ``HTTPMessage``, made late from what was parsed."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterable
from email.errors import (
    FirstHeaderLineIsContinuationDefect,
    InvalidHeaderDefect,
    MessageDefect,
    MissingHeaderBodySeparatorDefect,
)
from http.client import HTTPMessage, parse_headers
from types import ModuleType

from ._wire.annotations import Any, Final
from ._wire.grammar import FinalCountsToo, Limits
from ._wire.head import CONTINUES_NOTHING, NO_FIELD_LINE, Defect

__all__ = [
    "Fields",
    "HTTPMessage",
    "current_limits",
    "fields_from_lines",
    "message_from_lines",
    "parse_headers",
    "with_max_headers",
]


class Fields(HTTPMessage):
    """The fields of a response of a pool, fetcher or client: an HTTPMessage that shows what is in it."""

    def __repr__(self) -> str:
        return f"<Fields {self.items()!r}>"


def fields_from_lines(lines: Iterable[tuple[str, str]], defects: Iterable[Defect] = ()) -> Fields:
    """As ``message_from_lines``, for what shows its fields."""
    fields = Fields()
    _fill(fields, lines, defects)
    return fields


def message_from_lines(lines: Iterable[tuple[str, str]], defects: Iterable[Defect] = ()) -> HTTPMessage:
    """Return the (name, value) pairs as the message that http.client's ``parse_headers`` would return.

    Its ``defects`` are the lines among *defects* that were skipped, as the email package has them.
    """
    message = HTTPMessage()
    _fill(message, lines, defects)
    return message


def _fill(message: Any, lines: Iterable[tuple[str, str]], defects: Iterable[Defect]) -> None:
    # What set_raw() would come to for each of them, with the policy that such a message has.
    message._headers = list(lines)
    message._payload = ""
    message.defects = [defect for skipped in defects if (defect := _email_defect(skipped)) is not None]


def _email_defect(defect: Defect) -> MessageDefect | None:
    """Return what the email package makes of a line that was skipped; None where it was kept."""
    line = defect.data.decode("iso-8859-1")
    if defect.reason == CONTINUES_NOTHING:
        return FirstHeaderLineIsContinuationDefect(line)
    if defect.reason != NO_FIELD_LINE:
        return None
    return InvalidHeaderDefect(line) if ":" in line else MissingHeaderBodySeparatorDefect(line)


MAXLINE: Final = http.client._MAXLINE  # type: ignore[attr-defined]  # private, and patched by programs
MAXHEADERS: Final = http.client._MAXHEADERS  # type: ignore[attr-defined]
# 3.15 no longer keeps the empty line behind the fields of a proxy's answer, and of what it passes over.
KEEPS_EMPTY_LINE: Final = http.client._read_headers.__code__.co_argcount == 1  # type: ignore[attr-defined]

_package: Final = sys.modules[__package__]
_standard: Final[Any] = http.client
_limits = Limits()
# Releases before those that bound interim responses have no such name to be patched; there it is 100 in both places.
_has_interim: Final = hasattr(_standard, "_MAXINTERIMRESPONSES")
_ours_and_theirs: Final[tuple[Any, Any]] = (_package, _standard) if _has_interim else (ModuleType("no limit"),) * 2
if not _has_interim:
    _ours_and_theirs[0]._MAXINTERIMRESPONSES = _limits.interim_responses  # of a module: nothing else is read as fast
MAXINTERIMRESPONSES: Final[int] = _ours_and_theirs[1]._MAXINTERIMRESPONSES
_seen: tuple[int, ...] = ()
_DEFAULT_HEAD_BYTES: Final = _limits.head_bytes


def current_limits() -> Limits:
    """Return the limits in force where none were given.

    Programs that want longer heads set ``_MAXLINE`` and ``_MAXHEADERS``, in this package or in http.client (and
    ``_MAXINTERIMRESPONSES``, where that has it); all are read at run time, and a changed value here goes before the one
    there. ``_MAXHEADERS`` rules trailers, too.
    """
    global _seen, _limits
    ours, theirs = _ours_and_theirs
    now = (
        _package._MAXLINE, _package._MAXHEADERS, _standard._MAXLINE, _standard._MAXHEADERS,
        ours._MAXINTERIMRESPONSES, theirs._MAXINTERIMRESPONSES,
    )  # fmt: skip
    if now != _seen:
        line_bytes = now[0] if now[0] != MAXLINE else now[2]
        field_lines = now[1] if now[1] != MAXHEADERS else now[3]
        interim_responses = now[4] if now[4] != MAXINTERIMRESPONSES else now[5]
        # http.client counts the final response, too: 100 before it are too many.
        kind: type[Limits] = FinalCountsToo if _has_interim else Limits
        _limits = kind.patched(
            line_bytes,
            field_lines,
            max(_DEFAULT_HEAD_BYTES, 2 * line_bytes),
            interim_responses - 1 if _has_interim else interim_responses,
        )
        _seen = now
    return _limits


def with_max_headers(limits: Limits | None, max_headers: int) -> Limits:
    """Return *limits*, or those in force, with ``max_response_headers``: it counts for heads and for trailers."""
    return (limits or current_limits()).__replace__(field_lines=max_headers, trailer_lines=max_headers)
