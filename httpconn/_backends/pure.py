"""The backend in plain Python: always there, and the twin of the compiled one.

A head is judged by one possessive pattern and made text once; nothing is split until somebody asks for the field lines,
and single fields are found where they lie.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from operator import attrgetter
from types import FunctionType

from .._wire.annotations import Any, Final
from .._wire.body import BodyBuffer, take_chunks
from .._wire.grammar import CONTENT_LENGTH, TRANSFER_ENCODING, match_beginning_plain_head
from .._wire.head import MOST_DIGITS, Begun, ResponseHead, find_head_end
from .._wire.plain_request import RequestHeads
from .._wire.request import frame_target
from .contract import Backend

# The lines are known to be valid by now, so the pattern may be as simple as this.
_split_field_lines: Final = re.compile(r"([^:]++):[ \t]*+([^\r]*+)\r\n").findall

# How the lines begin, in a folded head, of the fields that are asked for each time.
_LENGTH: Final = f"\n{CONTENT_LENGTH}:"
_CODING: Final = f"\n{TRANSFER_ENCODING}:"
_CONNECTION: Final = "\nconnection:"
_ENCODING: Final = "\ncontent-encoding:"

_STATUSES: Final = {str(status): status for status in range(100, 1000)}
"""A third of the work of ``int``."""
_new: Final = object.__new__


class PlainHead:
    """A head within the plain grammar; see ``_wire.head.ResponseHead``."""

    __slots__ = ("_folded", "_lines", "_text", "block", "reason", "status", "version")

    defects = ()

    block: bytes
    reason: str
    status: int
    version: int
    _folded: str
    """``_text`` in lower case, so that every offset is kept."""
    _lines: list[tuple[str, str]] | None
    _text: str
    """Of ``block``, in Latin-1."""

    @property
    def content_length(self) -> str | None:
        return _joined(self._text, self._folded, _LENGTH)

    @property
    def transfer_encoding(self) -> str | None:
        return _joined(self._text, self._folded, _CODING)

    @property
    def connection(self) -> str | None:
        return _joined(self._text, self._folded, _CONNECTION)

    def field_lines(self) -> list[tuple[str, str]]:
        if self._lines is None:
            self._lines = _split_field_lines(self._text.partition("\n")[2])
        return list(self._lines)

    def field_values(self, name: str) -> list[str]:
        line_start = _line_start(name)
        return [] if line_start is None else _values(self._text, self._folded, line_start)

    def get_joined(self, name: str) -> str | None:
        line_start = _line_start(name)
        return None if line_start is None else _joined(self._text, self._folded, line_start)


def _joined(text: str, folded: str, line_start: str) -> str | None:
    """Return the values of the lines of a head that begin so, joined; None where there are none.

    *line_start*: LF, the name in lower case, colon.
    """
    at = folded.find(line_start)
    if at < 0:
        return None
    at += len(line_start)
    if folded.find(line_start, at) >= 0:
        return ", ".join(_values(text, folded, line_start))
    return text[at : text.index("\r", at)].lstrip(" \t")


def _values(text: str, folded: str, line_start: str) -> list[str]:
    """Return the values of those lines one by one."""
    values = []
    end = 0
    while (at := folded.find(line_start, end)) >= 0:
        at += len(line_start)
        end = text.index("\r", at)
        values.append(text[at:end].lstrip(" \t"))
    return values


@lru_cache(maxsize=64)
def _line_start(name: str) -> str | None:
    """Return how a line with the field *name* begins in a folded head; None where no field can be named so."""
    # str.lower(), as http.client folds names: it makes ASCII of one character that is not, KELVIN SIGN.
    wanted = name.lower()
    # A colon is never part of a name. Without one, *name* can only be found where a name stands.
    return f"\n{wanted}:" if ":" not in wanted and wanted.isascii() else None


def parse_response_head(block: bytes, max_line_bytes: int, max_field_lines: int) -> ResponseHead | None:
    """Return the head in *block*, or None where it is not plain or may be beyond a limit."""
    begun = begin_response_head(block, max_line_bytes, max_field_lines)
    return None if begun is None or begun[1] else begun[0]


def begin_response_head(data: bytes, max_line_bytes: int, max_field_lines: int) -> Begun | None:
    """Return what ``Begun`` says of the head that *data* begins with; None also where it is not all there."""
    match = match_beginning_plain_head(data)
    # No line is longer than the whole; the rare longer head is left to the reference reader.
    if match is None or (end := match.end()) > max_line_bytes:
        return None
    block = data[:end]
    # A line has four bytes or more, so most heads need not be counted through.
    if end > 4 * max_field_lines and block.count(b"\n") - 2 > max_field_lines:
        return None
    text = block.decode("latin-1")
    folded = text.lower()
    # A class that is called with arguments takes a sixth of all this, so its attributes are set here.
    head = _new(PlainHead)
    head.block = block
    head._text = text
    head._folded = folded
    head._lines = None
    head.version = version = 11 if text[7] == "1" else 10
    head.status = status = _STATUSES[text[9:12]]
    head.reason = reason = "OK" if text[12:16] == " OK\r" else (match[1] or b"").decode("latin-1").strip()
    length: str | int | None = None
    told = _joined(text, folded, _LENGTH)
    if told is not None:
        # In Latin-1, only ASCII's digits are decimal.
        length = int(told) if told.isdecimal() and len(told) <= MOST_DIGITS else told
    coding = encoding = None
    if "-encoding:" in folded:  # of neither, nearly always
        coding = _joined(text, folded, _CODING)
        encoding = _joined(text, folded, _ENCODING)
    connection = _joined(text, folded, _CONNECTION)
    return head, data[end:], version, status, reason, length, coding, connection, encoding


def replaces_any(instance: object, names: tuple[str, ...], originals: tuple[object, ...]) -> bool:
    """Return whether *instance*, its class or one between has something else than *originals* under *names*.

    *originals* are as the class gives them: ``getattr(cls, name)``. At least two names.
    """
    # Tuples are compared by identity first, and nearly always no further.
    try:
        if _getter(names)(type(instance)) != originals:
            return True
    except AttributeError:  # taken out of the class
        return True
    own = instance.__dict__
    if own.keys().isdisjoint(names):
        return False
    # A value that is the original one replaces nothing; a function of the class is no method in the instance.
    return any(
        name in own and (own[name] is not original or isinstance(original, FunctionType))
        for name, original in zip(names, originals, strict=True)
    )


def has_version(kind: type, version: int) -> bool:
    """Return False: see ``version_of``."""
    return False


def is_unchanged(kind: type, version: int, own: object, count: int, last: object) -> bool:
    """Return False: see ``version_of``."""
    return False


def with_slots(kind: Any, slots: tuple[Any, ...], values: tuple[object, ...]) -> Any:
    """Return a new instance of *kind* that has *values* in *slots*, descriptors of its slots; nothing else is set."""
    instance = kind.__new__(kind)
    for slot, value in zip(slots, values, strict=True):
        slot.__set__(instance, value)
    return instance


def version_of(kind: type) -> int:
    """Return 0: Python does not tell whether a class has been changed."""
    return 0


@cache
def _getter(names: tuple[str, ...]) -> Callable[[type], tuple[object, ...]]:
    return attrgetter(*names)


BACKEND = Backend(
    "python",
    parse_response_head,
    begin_response_head,
    find_head_end,
    take_chunks,
    BodyBuffer,
    frame_target,
    RequestHeads(frame_target).serialize,
    replaces_any,
    has_version,
    is_unchanged,
    with_slots,
    version_of,
)
