"""Wire transcripts as data: the bytes that a server sends, and what they must come to.

Each theme is a module with a tuple ``CASES``; ``wire/test_wire_cases.py`` runs them all, over every backend, in both
modes and cut into pieces in every way. A case says *what* must come out, and by which rule; never how.

    Case(id, rule, wire, expected in default mode, expected in strict mode)

``strict`` may be left out where both modes agree. The third mode, "pool", is what a pool and a fetcher read by: as
strict, but where a case says otherwise by ``pool``. A server "in the wild" is named in the rule where one is known.

For: a message that somebody got wrong, a limit reached and passed by one: one row, for every parser and every split.

Not for: code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from httpconn.errors import HTTPException

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response that is handed out, and whose body is read without an exception."""

    status: int = 200
    reason: str = "OK"
    version: int = 11
    fields: Pairs | None = None  # None: not what the case is about
    body: bytes = b""
    trailers: Pairs = ()
    interim: tuple[int, ...] = ()
    complete: bool = True
    persists: bool = True  # another request may follow on this connection
    defects: tuple[str, ...] = ()  # a piece of the reason of each, in order
    unused: bytes = b""  # the bytes of ``wire`` that do not belong to the message
    until_close: bool = False


@dataclass(frozen=True, kw_only=True)
class BadBody:
    """A response whose head is handed out, and whose first whole read raises just *error*."""

    error: type[HTTPException]
    cause: type[BaseException] | None = None
    status: int = 200
    body: bytes | None = b""  # what came before; None where that depends on the pieces
    expected: int | None = None  # IncompleteRead.expected
    text: str = ""  # a piece of the text of the error, or of its cause
    interim: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BadHead:
    """No response: ``getresponse()`` raises just *error*."""

    error: type[HTTPException]
    text: str = ""


Outcome = Answer | BadBody | BadHead


@dataclass(frozen=True)
class Case:
    id: str
    rule: str
    wire: bytes
    default: Outcome
    strict: Outcome | None = None
    method: str = "GET"
    closes: bool = False  # the server closes behind ``wire``
    limits: tuple[tuple[str, Any], ...] = ()
    pool: Outcome | None = None

    def expected(self, mode: str) -> Outcome:
        if mode == "pool" and self.pool is not None:
            return self.pool
        if mode == "pool":
            mode = "strict"
        return self.strict if mode == "strict" and self.strict is not None else self.default


def all_cases() -> list[Case]:
    """Return the cases of every theme. Raises ValueError where two have the same id."""
    from . import chunked, early_end, fields, framing, interim, limits, reuse, status_line

    cases: list[Case] = []
    for theme in (status_line, fields, framing, chunked, interim, early_end, limits, reuse):
        name = theme.__name__.rpartition(".")[2]
        for case in theme.CASES:
            case = Case(f"{name}:{case.id}", *(getattr(case, key) for key in tuple(Case.__dataclass_fields__)[1:]))
            cases.append(case)
    ids = [case.id for case in cases]
    twice = {id for id in ids if ids.count(id) > 1}
    if twice:
        raise ValueError(f"two cases of one id: {sorted(twice)}")
    return cases
