"""The backend in plain Python: always there, and the twin of the compiled one.

A head is judged by one possessive pattern; nothing is split until somebody asks for the field lines, and
single fields are found where they lie.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from operator import attrgetter
from types import FunctionType

from .._wire.annotations import Any, Final
from .._wire.body import BodyBuffer, take_chunks
from .._wire.grammar import CONTENT_LENGTH, TRANSFER_ENCODING, match_beginning_plain_head, match_plain_head
from .._wire.head import Begun, ResponseHead, begun_by, find_head_end
from .._wire.plain_request import RequestHeads
from .._wire.request import frame_target
from .contract import Backend

_find_usual_lines: Final = re.compile(
    rf"\n(?i:({CONTENT_LENGTH})|({TRANSFER_ENCODING})|(connection)|content-encoding):[ \t]*+([^\r]*+)".encode("ascii")
).findall
# The lines are known to be valid by now, so the pattern may be as simple as this.
_split_field_lines: Final = re.compile(r"([^:]++):[ \t]*+([^\r]*+)\r\n").findall


class PlainHead:
    """A head within the plain grammar; see ``_wire.head.ResponseHead``."""

    __slots__ = ("_fields", "_folded", "_lines", "_reason", "block", "connection", "content_encoding",
                 "content_length", "status", "transfer_encoding", "version")  # fmt: skip

    defects = ()

    connection: str | None
    content_encoding: str | None
    content_length: str | None
    transfer_encoding: str | None

    def __init__(self, block: bytes, version: int, status: int, reason: bytes | None, fields: bytes) -> None:
        self.block = block
        self.version = version
        self.status = status
        self._reason = reason
        self._fields = fields
        self._folded: bytes | None = None
        self._lines: list[tuple[str, str]] | None = None
        length = coding = connection = encoding = None
        for is_length, is_coding, is_connection, value in _find_usual_lines(block):  # in one search for all
            text = value.decode("latin-1")
            if is_length:
                length = text if length is None else f"{length}, {text}"
            elif is_coding:
                coding = text if coding is None else f"{coding}, {text}"
            elif is_connection:
                connection = text if connection is None else f"{connection}, {text}"
            else:
                encoding = text if encoding is None else f"{encoding}, {text}"
        self.content_encoding = encoding
        self.content_length = length
        self.transfer_encoding = coding
        self.connection = connection

    @property
    def reason(self) -> str:
        return self._reason.decode("iso-8859-1").strip() if self._reason else ""

    def field_lines(self) -> list[tuple[str, str]]:
        if self._lines is None:
            self._lines = _split_field_lines(self._fields.decode("iso-8859-1"))
        return list(self._lines)

    def field_values(self, name: str) -> list[str]:
        line_start = _line_start(name)
        return [] if line_start is None else self._values(line_start)

    def get_joined(self, name: str) -> str | None:
        line_start = _line_start(name)
        return None if line_start is None else self._joined(line_start)

    def _joined(self, line_start: bytes) -> str | None:
        folded = self._folded = self._folded or self.block.lower()  # folds ASCII only, and keeps every offset
        _, found, after = folded.partition(line_start)
        if not found:
            return None
        if after.partition(line_start)[1]:  # of all ways to ask the quickest, where it is not there
            return ", ".join(self._values(line_start))
        return self.block[-len(after) :].partition(b"\r")[0].decode("iso-8859-1").lstrip(" \t")

    def _values(self, line_start: bytes) -> list[str]:
        """Return the values of the lines that begin so: LF, the name in lower case, colon."""
        values = []
        end = 0
        folded = self._folded = self._folded or self.block.lower()
        while (at := folded.find(line_start, end)) >= 0:
            at += len(line_start)
            end = self.block.index(b"\r", at)
            values.append(self.block[at:end].decode("iso-8859-1").lstrip(" \t"))
        return values


@lru_cache(maxsize=64)
def _line_start(name: str) -> bytes | None:
    """Return how a line with the field *name* begins in a folded head; None where no field can be named so."""
    # str.lower(), as http.client folds names: it makes ASCII of one character that is not, KELVIN SIGN.
    wanted = name.lower()
    # A colon is never part of a name. Without one, *name* can only be found where a name stands.
    return b"\n%b:" % wanted.encode("ascii") if ":" not in wanted and wanted.isascii() else None


def parse_response_head(block: bytes, max_line_bytes: int, max_field_lines: int) -> ResponseHead | None:
    """Return the head in *block*, or None where it is not plain or may be beyond a limit."""
    # No line is longer than the whole; the rare longer block is left to the reference reader.
    if len(block) > max_line_bytes:
        return None
    match = match_plain_head(block)
    return None if match is None else _head_of(match, max_field_lines)


def begin_response_head(data: bytes, max_line_bytes: int, max_field_lines: int) -> Begun | None:
    """Return what ``Begun`` says of the head that *data* begins with; None also where it is not all there."""
    match = match_beginning_plain_head(data)
    if match is None or (end := match.end()) > max_line_bytes:
        return None
    head = _head_of(match, max_field_lines)
    return None if head is None else begun_by(head, head.content_encoding, data[end:])


def _head_of(match: re.Match[bytes], max_field_lines: int) -> PlainHead | None:
    version, status, reason, fields = match.groups()
    # A line has four bytes or more, so most heads need not be counted through.
    if len(fields) > 4 * max_field_lines and fields.count(b"\n") > max_field_lines:
        return None
    return PlainHead(match[0], 11 if version == b"1" else 10, int(status), reason, fields)


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


def values_of(own: dict[str, Any], position: int, names: tuple[str, ...], later: tuple[str, ...]) -> list[Any] | None:
    """Return what *own* has under *names*; None where these very objects do not stand in a row, *later* behind them.

    *position*: of the first one, by order of insertion. New keys come behind all others. So as long as this is not
    None, and none of *names* was taken out, *own* has got no key in front of them since.
    """
    keys, wanted = [*own][position:], (*names, *later)
    if len(keys) != len(wanted) or any(key is not other for key, other in zip(keys, wanted, strict=True)):
        return None
    return [own[name] for name in names]


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
    values_of,
    with_slots,
    version_of,
)
