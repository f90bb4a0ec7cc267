"""A class with more than 20 attributes is several things, unless it has a row that says why it is one.

What counts is what an instance has: slots, annotated fields, what is assigned to ``self``, with what is inherited from
classes of ours. A row has the number too, so that a class which has one does not grow unnoticed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST = 20

pytestmark = [pytest.mark.once, pytest.mark.skipif(not (ROOT / "_speedups").is_dir(), reason="needs a checkout")]


class Large(NamedTuple):
    name: str
    count: int
    reason: str


LARGE = (
    Large("Settings", 39, "one field for each option that pool, fetcher and AsyncClient have in common"),
    Large("FetchSettings", 43, "those, and the ones of a fetcher"),
    Large("ClientSettings", 43, "those, and the ones of an AsyncClient"),
    Large("Options", 36, "the same options as keywords, for type checkers"),
    Large("FetchOptions", 40, "likewise"),
    Large("StreamableOptions", 24, "likewise"),
    Large("RequestOptions", 23, "the keywords of one request, for type checkers"),
    Large("Request", 22, "one field for each thing that may be said of one request"),
    Large("RequestFields", 22, "the same, compiled"),
    Large("Preparer", 22, "what the settings come to, once for all requests, and what was made of earlier ones"),
    Large("Job", 24, "a request as it is sent: its fields, and what attempts, redirects and streams note in it"),
    Large("GivenJob", 24, "a Job, whose fields it has other defaults of"),
    Large("Cycle", 22, "what one connection needs for the common cycle, flat since each is touched in each"),
    Large("HTTPConnection", 33, "http.client's own attributes, which programs read and set, and the private ones"),
    Large("HTTPSConnection", 37, "likewise, and those of TLS"),
    Large("_EarlyConnection", 39, "an HTTPConnection that http.client's subclasses get by install()"),
    Large("_EarlyHTTPSConnection", 43, "likewise"),
    Large("HTTPResponse", 22, "likewise: http.client's, and the private ones"),
    Large("ResponseReader", 21, "the state of one response, in one object since one is made for each"),
    Large("Connection", 35, "in many/: channel, exchange and clocks of one connection, flat since each is touched at each event"),
    Large("Slots", 21, "what is looked at for each request of a pool, flat, its lock and its counts"),
    Large("LoopState", 24, "what connections share, flat for the same reason"),
    Large("Scheduler", 50, "LoopState, and the queues and ways to wait; names, memory, places and order are its parts"),
    Large("Loop", 50, "a Scheduler; it has no more of its own"),
    Large("PoliteLoop", 56, "a Loop, and what waits for robots.txt"),
    Large("Inbox", 21, "the state of one call of AsyncClient.fetch_many: what is asked for, under way, done and held"),
)  # fmt: skip


class Class(NamedTuple):
    bases: list[str]
    own: set[str]


def classes_in(text: str) -> Iterator[tuple[str, Class]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            yield node.name, Class(bases, {*attributes_of(node)})


def attributes_of(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
        elif isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__slots__" for target in statement.targets
        ):
            yield from ast.literal_eval(statement.value)
    for inner in ast.walk(node):
        is_set = isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)
        if is_set and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            yield inner.attr


def large_ones(texts: Iterable[str]) -> dict[str, int]:
    """Return the classes with more than MOST attributes, and how many; of several of one name the one with most."""
    found: dict[str, list[Class]] = {}
    for text in texts:
        for name, each in classes_in(text):
            found.setdefault(name, []).append(each)

    def of(each: Class) -> set[str]:
        return each.own.union(*(of(base) for name in each.bases for base in found.get(name, ()) if base is not each))

    counts = {name: max(len(of(each)) for each in several) for name, several in found.items()}
    return {name: count for name, count in counts.items() if count > MOST}


def test_each_has_a_reason() -> None:
    seen = large_ones(path.read_text(encoding="utf-8") for path in (ROOT / "httpconn").rglob("*.py"))
    assert seen == {row.name: row.count for row in LARGE}


def test_they_are_counted() -> None:
    slots = "__slots__ = (" + ", ".join(f'"s{number}"' for number in range(MOST)) + ")"
    assert large_ones([f"class Small:\n    {slots}\n    def f(self):\n        self.s1 = 1\n"]) == {}
    one_more = f"class Base:\n    {slots}\nclass Below(Base):\n    def f(self):\n        self.other = 1\n"
    assert large_ones([one_more]) == {"Below": MOST + 1}
    assert large_ones(["class Fields:\n" + "".join(f"    f{n}: int\n" for n in range(MOST + 1))]) == {
        "Fields": MOST + 1
    }
