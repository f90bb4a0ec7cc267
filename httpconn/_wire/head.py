"""The head of a response as a record, and where it ends.

A head is understood in two lanes. A backend reads the plain grammar fast or declines; what is declined goes
to the one reference reader. Both give a ``ResponseHead``; the strings of the field lines are made only
when somebody asks for them.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Sequence

from .annotations import TYPE_CHECKING, Final, Protocol, TypeAlias
from .grammar import CONTENT_LENGTH, TRANSFER_ENCODING

# The reasons of lines that were skipped, in place of a field.
NO_FIELD_LINE: Final = "no field line; skipped"
CONTINUES_NOTHING: Final = "continuation of no field; skipped"


if TYPE_CHECKING:
    from typing import NamedTuple

    class _Defect(NamedTuple):
        offset: int
        data: bytes
        reason: str
else:
    _Defect = namedtuple("_Defect", ("offset", "data", "reason"))


class Defect(_Defect):
    """Something outside the grammar that was read all the same.

    - *offset*: where it stands, in bytes from the beginning of the head (or of the trailer section); -1: a chunk-size
      line
    - *data*: the line, without its line end
    - *reason*
    """

    __slots__ = ()


class ResponseHead(Protocol):
    """A status-line and its field lines, as text in Latin-1 (RFC 9110 section 5.5).

    ``content_length``, ``transfer_encoding`` and ``connection`` are raw: the values of all their lines
    joined with ", ", or None; judging them is the work of framing.
    """

    @property
    def version(self) -> int:
        """10 or 11, as http.client numbers them."""

    @property
    def status(self) -> int: ...

    @property
    def reason(self) -> str: ...

    @property
    def content_length(self) -> str | None: ...

    @property
    def transfer_encoding(self) -> str | None: ...

    @property
    def connection(self) -> str | None: ...

    @property
    def block(self) -> bytes:
        """The bytes that were read, status-line to empty line."""

    @property
    def defects(self) -> Sequence[Defect]: ...

    def field_lines(self) -> list[tuple[str, str]]:
        """Return the (name, value) pairs in order, values without leading white space and line end."""

    def field_values(self, name: str) -> list[str]:
        """Return the values of every line with that name, in any case, in order."""

    def get_joined(self, name: str) -> str | None:
        """Return those values joined with ", ", or None where there is no such line."""


Begun: TypeAlias = tuple[ResponseHead, bytes, int, int, str, int | str | None, str | None, str | None, str | None]
"""A head and what is behind it; and of the head, in one go, what is asked for each time: version, status, reason,
``content_length``, ``transfer_encoding``, ``connection``, and "content-encoding" in the same way.

``content_length`` is a number where there is one line of it, with at most 18 digits and nothing else.
"""
MOST_DIGITS: Final = 18
"""Of so many, none make a number that 64 bits do not hold."""


class FieldLinesHead:
    """A head whose field lines are known: what the reference reader gives."""

    __slots__ = (
        "_lines",
        "block",
        "connection",
        "content_length",
        "defects",
        "reason",
        "status",
        "transfer_encoding",
        "version",
    )

    def __init__(
        self,
        version: int,
        status: int,
        reason: str,
        lines: list[tuple[str, str]],
        block: bytes,
        defects: Sequence[Defect],
    ) -> None:
        self.version = version
        self.status = status
        self.reason = reason
        self._lines = lines
        self.block = block
        self.defects = defects
        self.content_length = self.get_joined(CONTENT_LENGTH)
        self.transfer_encoding = self.get_joined(TRANSFER_ENCODING)
        self.connection = self.get_joined("connection")

    def get_joined(self, name: str) -> str | None:
        values = self.field_values(name)
        return ", ".join(values) if values else None

    def field_lines(self) -> list[tuple[str, str]]:
        return list(self._lines)

    def field_values(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self._lines if key.lower() == wanted]


def begun_by(head: ResponseHead, encoding: str | None, rest: bytes) -> Begun:
    """Return what ``Begun`` says of *head* with that "content-encoding", behind which *rest* has come."""
    text = head.content_length
    is_number = text is not None and len(text) <= MOST_DIGITS and text.isascii() and text.isdigit()
    length = int(text) if text is not None and is_number else text
    return head, rest, head.version, head.status, head.reason, length, head.transfer_encoding, head.connection, encoding


# White space at an end of a line: some value of a head, or of a trailer section, may not be as RFC 9110 has it. A
# pattern that begins with one byte is looked for by that: a third of what a search for each of six pairs takes.
_LOOSE: Final = re.compile(rb"\n(?:[ \t]|(?<=[ \t]\n)|(?<=[ \t]\r\n))").search


def field_value_of(text: str) -> str:
    """Return a value as RFC 9110 section 5.5 has it, of one that is as http.client has it.

    White space at both ends is no part of it, and an obs-fold inside is one space (RFC 9112 section 5.2).
    """
    if "\n" not in text:
        return text.strip(" \t")
    return " ".join([line for part in text.split("\n") if (line := part.strip(" \t\r"))])


def field_values_of(head: ResponseHead, name: str) -> list[str]:
    """Return the values of every line of *head* with that name, in any case, as ``field_value_of`` has them."""
    values = head.field_values(name)
    return [field_value_of(value) for value in values] if _is_loose(head) else values


def field_lines_of(head: ResponseHead) -> list[tuple[str, str]]:
    """Return the (name, value) pairs of *head* in their order, with values as ``field_value_of`` has them."""
    lines = head.field_lines()
    return [(name, field_value_of(value)) for name, value in lines] if _is_loose(head) else lines


def _is_loose(head: ResponseHead) -> bool:
    """Return whether some value of *head* may not be as RFC 9110 has it."""
    noted: bool | None = getattr(head, "is_loose", None)  # by a compiled head
    return _LOOSE(head.block) is not None if noted is None else noted


def find_head_end(buffer: bytes | bytearray, start: int = 0) -> int:
    """Return the offset just behind the empty line that ends a head, or -1.

    A line may end in a bare LF (RFC 9112 section 2.2). To go on after more bytes have come, start
    two bytes before the end of what was searched.
    """
    crlf = buffer.find(b"\n\r\n", start)
    if crlf < 0:
        bare = buffer.find(b"\n\n", start)
        return bare + 2 if bare >= 0 else -1
    # An empty line may end in a bare LF and yet in front of that CRLF, at the very LF that was found.
    bare = buffer.find(b"\n\n", start, crlf + 1)
    return bare + 2 if bare >= 0 else crlf + 3
