"""Every file, and every name of a module, that a page, a docstring or a comment names is there."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("httpconn", "_speedups", "tests", "bench", "docs", ".ci", ".github")
TEXTS = (".py", ".pxi", ".pyx", ".pyi", ".md", ".toml", "")
A_FILE = re.compile(r"`+([\w./-]+\.(?:py|pxi|pyx|md))`+|\b((?:[\w-]+/)+[\w-]+\.(?:py|pxi|pyx|md))\b")
A_NAME = re.compile(r"``(?:\w+\.)*(_?[a-z]\w*)\.([A-Z]\w*)``")
"""A class or a constant, and its module: small letters may be an attribute of some instance."""
NOT_OURS = {"inner/script.py"}  # made by a test

pytestmark = [pytest.mark.once, pytest.mark.skipif(not (ROOT / "httpconn").is_dir(), reason="needs a checkout")]


def texts() -> Iterator[tuple[Path, str]]:
    files = [
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "setup.py", "pyproject.toml")
    ]
    for room in ROOMS:
        files += [path for path in (ROOT / room).rglob("*") if path.suffix in TEXTS and "__pycache__" not in path.parts]
    return ((path, path.read_text(encoding="utf-8")) for path in files if path.is_file() and path.name != "README")


@cache
def paths() -> frozenset[str]:
    """All files, by each way in which the end of their path may be written."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            parts = path.relative_to(ROOT).parts
            found |= {"/".join(parts[at:]) for at in range(len(parts))}
    return frozenset(found | {path.name for path in ROOT.iterdir()})


@cache
def names_of(path: Path) -> frozenset[str]:
    """What a module defines, imports, or has in its classes."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return frozenset(found)


@cache
def modules() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in (ROOT / "httpconn").rglob("*.py"):
        found.setdefault(path.stem, []).append(path)
    return found


def test_files() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {named}"
        for path, text in texts()
        for match in A_FILE.finditer(re.sub(r"https?://\S+", "", text))
        if (named := (match[1] or match[2]).lstrip("./")) not in paths() | NOT_OURS
    ]
    assert not wrong


def test_names() -> None:
    wrong = []
    for path, text in texts():
        for match in A_NAME.finditer(text):
            homes = modules().get(match[1], [])
            if homes and not any(match[2] in names_of(home) for home in homes):
                wrong.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert not wrong


def test_they_would_be_found() -> None:
    assert "_engine/clock.py" in paths()
    assert "_engine/lock" + ".py" not in paths()
    assert "Preparer" in names_of(ROOT / "httpconn" / "_exchange" / "preparing.py")
    assert A_NAME.search("see ``exchange." + "Preparer``")


# -- docs/internals.md: every name in code style

INTERNALS = ROOT / "docs" / "internals.md"
A_DOTTED_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?").fullmatch
A_SLOT = re.compile(r"\w+").fullmatch
A_PYTHON_NAME = re.compile(r"^(?: *(?:async )?(?:def|class) (?=\w)|(?=[A-Z_]+ = |[A-Z_]+: ))(\w+)", re.MULTILINE)
A_COMPILED_NAME = re.compile(r"^ *(?:cdef class |(?:cdef|cpdef|def) (?:[\w ]+ )?)(\w+)[(:]", re.MULTILINE)


def is_set_in_self(node: ast.AST) -> TypeGuard[ast.Attribute]:
    is_set = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    return is_set and isinstance(node.value, ast.Name) and node.value.id == "self"


class Class:
    """What a class of ours has: methods, what is assigned in it or to its ``self``, slots; and whose subclass it is."""

    def __init__(self, node: ast.ClassDef) -> None:
        self.bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        self.names: set[str] = set()
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                self.names.add(inner.name)
            elif is_set_in_self(inner):
                self.names.add(inner.attr)
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                self.names.add(statement.target.id)
            elif isinstance(statement, ast.Assign):
                self.names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
                if isinstance(statement.value, ast.Tuple):
                    slots = [each.value for each in statement.value.elts if isinstance(each, ast.Constant)]
                    self.names |= {slot for slot in slots if isinstance(slot, str) and A_SLOT(slot)}


@cache
def classes() -> dict[str, list[tuple[str, Class]]]:
    """Return the classes of ours by name, each with the dotted name of its module."""
    found: dict[str, list[tuple[str, Class]]] = {}
    for path in (*(ROOT / "httpconn").rglob("*.py"), *(ROOT / "tests" / "support").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append((module, Class(node)))
    return found


def has(owner: str, name: str, within: str) -> bool:
    """Return whether a class *owner*, in a module whose name ends with *within*, has *name*, or a class below it."""
    for module, found in classes().get(owner, ()):
        if within and not f".{module}".endswith(f".{within}"):
            continue
        if name in found.names or any(has(base, name, "") for base in found.bases):
            return True
    return not within and is_compiled(owner, name)


@cache
def compiled_names() -> frozenset[str]:
    """What the extension defines."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "_speedups").glob("*.p*")]
    return frozenset(name for text in texts for name in A_COMPILED_NAME.findall(text))


def is_compiled(owner: str, name: str) -> bool:
    """Return whether the extension has a class *owner* with a method *name*."""
    for path in (ROOT / "_speedups").glob("*.p*"):
        _, begun, rest = path.read_text(encoding="utf-8").partition(f"cdef class {owner}")
        body = re.split(r"^\S", rest.partition("\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
        if begun and re.search(rf"^    (?:cdef|def)[^\n(]*\b{name}\(", body, re.MULTILINE):
            return True
    return False


@cache
def all_names() -> frozenset[str]:
    """What our sources use as a name, and every module; of tests and benchmarks, what is defined there."""
    found = set(compiled_names())
    for path in (ROOT / "httpconn").rglob("*.py"):
        found |= names_of(path) | {path.stem}
    for room in ("tests", "bench"):
        for path in (ROOT / room).rglob("*.py"):
            found |= {path.stem, *A_PYTHON_NAME.findall(path.read_text(encoding="utf-8"))}
    for each in classes().values():
        for _, of_class in each:
            found |= of_class.names
    return frozenset(found)


def is_there(name: str) -> bool:
    """Return whether there is something of that dotted name: of a class, of a module, or of the standard library."""
    *before, last = name.removesuffix("()").split(".")
    if not before:
        return last in all_names() or last in sys.stdlib_module_names
    if has(before[-1], last, ".".join(before[:-1])):
        return True
    for path in modules().get(before[-1], []):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if f".{module}".endswith(f".{'.'.join(before)}") and last in names_of(path):
            return True
    if before[0] in sys.stdlib_module_names:
        return hasattr(importlib.import_module(".".join(before)), last)
    return False


def named_in(text: str) -> Iterator[str]:
    """Yield what stands in code style in *text* and is one name, or one with dots; no file, and nothing of a program."""
    for line in re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines():
        if not line.startswith("    "):
            for told in re.findall(r"`([^`]+)`", line):
                if A_DOTTED_NAME(told) and not told.endswith((".py", ".pxi", ".pyx", ".md", ".pyi")):
                    yield told


def clocks() -> list[list[str]]:
    """Return the rows of the table of clocks."""
    text = INTERNALS.read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- clocks -->\n")
    rows = rest.partition("<!-- end of clocks -->")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def drawn_in(text: str) -> Iterator[str]:
    """Yield the names with dots and the modules in the drawings."""
    for drawing in re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL):
        yield from re.findall(r"\b[A-Z]\w+\.\w+", drawing)
        yield from re.findall(r"[\w/]+\.py\b", drawing)


def test_names_of_internals() -> None:
    assert not sorted({name for name in named_in(INTERNALS.read_text(encoding="utf-8")) if not is_there(name)})


def test_drawings_of_internals() -> None:
    drawn = {*drawn_in(INTERNALS.read_text(encoding="utf-8"))}
    assert {"Loop.turn", "Loop._serve", "threads/slots.py"} <= drawn
    assert not sorted(name for name in drawn if not (name in paths() if name.endswith(".py") else is_there(name)))


def test_folders_of_internals() -> None:
    text = INTERNALS.read_text(encoding="utf-8")
    assert not [room for room in re.findall(r"`([\w./]+/)`", text) if not (ROOT / room).is_dir()]


def test_each_clock_is_an_attribute_of_its_class() -> None:
    rows = clocks()
    assert len(rows) >= 20
    for name, clock, *cells in rows:
        assert len(cells) == 3, name
        assert all(cells), name
        told = name.strip("`")
        assert f"`{told}`" == name
        *within, owner, attribute = told.split(".")
        assert has(owner, attribute, ".".join(within)), f"{told} is no attribute of {owner}"
        assert clock.startswith(("the engine's", "the system's", "in seconds", "the driver's", "the attempt's")), name


def test_each_clock_of_the_loop_and_its_connections_has_a_row() -> None:
    """What is named as a moment, in the classes that keep deadlines, stands in the table."""
    rows = {name.strip("`").rpartition(".")[::2] for name, *_ in clocks()}
    told = {(owner.rpartition(".")[2], attribute) for owner, attribute in rows}
    for owner in ("Clock", "Loop", "Places", "Connection", "Driver", "Channel", "Trail"):
        for _, found in classes()[owner]:
            moments = {(owner, name) for name in found.names if name.endswith("_at")}
            assert moments - told <= NO_CLOCKS, owner


NO_CLOCKS = {("Connection", "left_out_at")}
"""Called so, and counted in requests."""


def test_wrong_names_are_found() -> None:
    for name in (
        "Loop.opens_at",
        "slots.Connection.since",
        "Clock.away_s",
        "loop.Looop",
        "time.monotonic_s",
        "no_such_name",
    ):
        assert not is_there(name), name
    for name in (
        "Loop.sweep_at",
        "connection.Connection.since",
        "Attempt.away",
        "ChunkedDecoder.decode",
        "loop.Loop",
        "time.monotonic",
    ):
        assert is_there(name), name
    assert [*named_in("`a.b` and `x y`\n```\n`c`\n```\n    `d`\n")] == ["a.b"]


def test_prerequisites() -> None:
    """What a target of the Makefile needs in .venv, a rule makes, whose recipe stands right below it."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    rules = re.compile(r"((?:\$\(VENV\)/[\w%-]+ ?)+):")
    made = [
        name
        for line, below in pairwise(lines)
        if (found := rules.match(line)) and below.startswith("\t")
        for name in found[1].split()
    ]
    needed = {
        name for line in lines if re.match(r"[\w-]+: ", line) for name in re.findall(r" (\$\(VENV\)/[\w-]+)", line)
    }
    assert len(needed) > 9
    assert not {re.sub(r"/has-.*", "/has-%", name) for name in needed} - {*made}
    assert len(made) == len({*made})
