"""Everything that is compiled by hand has its counterpart in Python, and a test that holds the two together.

``python -m tests.laws.test_twins`` writes the table of docs/internals.md anew.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from ..support.pages import ROOT, rewritten

SPEEDUPS = ROOT / "_speedups"
PAGE = ROOT / "docs" / "internals.md"
SOURCE = "python -m tests.laws.test_twins"
A_DEFINITION = re.compile(r"^(?:cdef class|def|cpdef [\w ]*?) ?(\w+)\s*(?:\(|:)")
A_METHOD = re.compile(r"^    def (\w+)\(")

pytestmark = [pytest.mark.once, pytest.mark.skipif(not SPEEDUPS.is_dir(), reason="needs a checkout")]


class Twin(NamedTuple):
    """What is compiled, its counterpart, and what holds the two together."""

    compiled: str
    """File and name: "head.pxi ResponseHead"."""
    python: str
    """The name of the counterpart within httpconn; "" where there is none, for the reason that *law* begins with."""
    law: str
    """The test that fails where the two disagree, by its file below tests/ and its name."""


DECLINE: Final = "wire/test_decline_law.py"
SHORT_ROAD: Final = "engine/test_fast_path.py"

TWINS: Final = (
    Twin("head.pxi ResponseHead", "_backends.pure.PlainHead", f"{DECLINE} test_a_mutated_head_is_declined_or_read_like_the_reference_reader"),
    Twin("head.pxi begin_response_head", "_backends.pure.begin_response_head",
         f"{DECLINE} test_a_head_in_front_of_other_bytes"),
    Twin("head.pxi find_head_end", "_wire.head.find_head_end", f"{DECLINE} test_find_head_end_at_every_start"),
    Twin("chunked.pxi take_chunks", "_wire.body.take_chunks",
         "wire/test_chunked_decoder.py test_the_twins_agree_at_each_step"),
    Twin("body_buffer.pxi BodyBuffer", "_wire.body.BodyBuffer", "wire/test_body_buffer.py test_any_way_of_putting_it_in"),
    Twin("request.pxi frame_target", "_wire.request.frame_target", "wire/test_plain_request.py test_a_framed_target"),
    Twin("request.pxi replaces_any", "_backends.pure.replaces_any",
         "client/test_same_bytes.py test_an_overridden_step_is_called"),
    Twin("cycle.pxi version_of", "_backends.pure.version_of", "client/test_cycle.py test_a_version_is_another_after_a_change"),
    Twin("cycle.pxi has_version", "_backends.pure.has_version", "client/test_cycle.py test_a_version_is_another_after_a_change"),
    Twin("cycle.pxi is_unchanged", "_backends.pure.is_unchanged", "client/test_cycle.py test_what_has_changed_is_seen"),
    Twin("cycle.pxi with_slots", "_backends.pure.with_slots", "client/test_cycle.py test_the_twins_make_the_same"),
    Twin("receive.pxi receive_response", "_io.channel.Channel.receive", f"{SHORT_ROAD} test_a_turn"),
    Twin("receive.pxi receive_waiting", "_io.channel.Channel.receive",
         f"{SHORT_ROAD} test_what_waits_is_received_and_nothing_else"),
    Twin("cycle.pxi is_quiet", "_io.watch.Watch.is_quiet", "client/test_cycle.py test_what_has_come_is_seen"),
    Twin("cycle.pxi send_at_once", "_io.source.send_promptly", "client/test_cycle.py test_as_much_as_goes_is_sent"),
    Twin("receive.pxi send_if_quiet", "_io.watch.Watch.is_quiet",
         f"{SHORT_ROAD} test_what_is_awaited_one_by_one"),
    Twin("_speedups_isolated.pyx _give_back_code", "",
         "no interpreter's memory in Python: isolated/interpreters.py main"),
)  # fmt: skip
"""Each ``def`` and ``cdef class``. The methods of a class are its counterpart's, or stand here by themselves."""


def definitions() -> Iterator[str]:
    """Yield each ``def`` and ``cdef class`` of the extension, and each method of a class but Python's own protocols."""
    for path in sorted(SPEEDUPS.glob("*.p*")):
        yield from defined_in(path.name, path.read_text(encoding="utf-8"))


def defined_in(file: str, text: str) -> Iterator[str]:
    owner = ""
    for line in text.splitlines():
        match = A_DEFINITION.match(line)
        if match is not None:
            owner = match[1]
            yield f"{file} {owner}"
        method = A_METHOD.match(line)
        if method is not None and not method[1].startswith("__"):
            yield f"{file} {owner}.{method[1]}"


@cache
def functions_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def counterpart(name: str) -> Any:
    """Return what is called so within httpconn. Raises AttributeError, ImportError."""
    parts = name.split(".")
    at = next(at for at, part in enumerate(parts) if part[0].isupper() or at == len(parts) - 1)
    found: Any = importlib.import_module(".".join(("httpconn", *parts[:at])))
    for part in parts[at:]:
        found = getattr(found, part)
    return found


def missing(names: Iterator[str]) -> list[str]:
    """Return those of *names* that no row has, nor a class whose counterpart has a method of that name."""
    rows = {twin.compiled: twin for twin in TWINS}
    wrong = []
    for name in names:
        owner, _, method = name.rpartition(".")
        row = rows.get(owner) if method and owner in rows else None
        if name in rows or (row is not None and row.python and hasattr(counterpart(row.python), method)):
            continue
        wrong.append(name)
    return wrong


def test_each_has_a_row() -> None:
    assert missing(definitions()) == [], "add it to TWINS, with its counterpart and a test that holds the two together"
    assert {twin.compiled for twin in TWINS} <= {*definitions()}


def test_no_more_than_so_much_is_compiled_by_hand() -> None:
    """What may be Python that is compiled too is that. The common cycle's part is counted apart."""
    lines = {path.name: path.read_text(encoding="utf-8").count("\n") for path in SPEEDUPS.glob("*.p*")}
    assert 80 < lines.pop("cycle.pxi") <= 120
    assert 900 < sum(lines.values()) <= 1_000


def test_one_without_a_row_is_found() -> None:
    text = "cdef class BodyBuffer:\n    def add(self):\n    def skip(self):\ndef take_all(data):\ncdef int _x():\n"
    assert missing(defined_in("body_buffer.pxi", text)) == [
        "body_buffer.pxi BodyBuffer.skip",
        "body_buffer.pxi take_all",
    ]


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.compiled)
def test_what_a_row_names_is_there(twin: Twin) -> None:
    if twin.python:
        assert counterpart(twin.python) is not None
    file, _, name = twin.compiled.partition(" ")
    assert re.search(rf"\b{name.rpartition('.')[2]}\b", (SPEEDUPS / file).read_text(encoding="utf-8"))
    path, _, test = twin.law.rpartition(": ")[2].partition(" ")
    assert test in functions_in(path)


def table() -> str:
    """Return the rows as docs/internals.md has them."""
    rows = ["| compiled, in `_speedups/` | in Python, in `httpconn` | held together by, in `tests/` |", "|---|---|---|"]
    for twin in TWINS:
        file, _, name = twin.compiled.partition(" ")
        why, _, law = twin.law.rpartition(": ")
        path, _, test = law.partition(" ")
        python = f"`{twin.python}`" if twin.python else f"none: {why}"
        rows.append(f"| `{file}`: `{name}` | {python} | `{path}`: `{test}` |")
    return "\n".join(rows)


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page, "twins", SOURCE, table()), f"stale: run {SOURCE}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), "twins", SOURCE, table()), encoding="utf-8")
