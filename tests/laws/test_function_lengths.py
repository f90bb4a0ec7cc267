"""No function is longer than can be seen at once: 60 lines of code, in Python and in Cython.

Neither the signature counts nor the docstring: a function with seventeen options, each on a line of its own, is no harder
to follow for that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 60
A_CYTHON_FUNCTION = re.compile(r"( *)(?:cdef|cpdef|def) (?!extern |class |enum|struct )[^=\n]*?(\w+)\(")

pytestmark = [pytest.mark.once, pytest.mark.skipif(not (ROOT / "_speedups").is_dir(), reason="needs a checkout")]


def in_python(text: str) -> Iterator[tuple[str, int]]:
    """Yield the functions of a module, and how many lines each has behind its docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            end = node.end_lineno
            assert end is not None
            has_docstring = ast.get_docstring(node, clean=False) is not None
            before = node.body[0].end_lineno if has_docstring else node.body[0].lineno - 1
            assert before is not None
            yield node.name, end - before


def in_cython(text: str) -> Iterator[tuple[str, int]]:
    """Yield the same for a source of the extension, by how far its lines are indented."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        match = A_CYTHON_FUNCTION.match(line)
        if match is None:
            continue
        signature = at
        while "".join(lines[at : signature + 1]).count("(") > "".join(lines[at : signature + 1]).count(")"):
            signature += 1
        if not lines[signature].partition("  #")[0].rstrip().endswith(":"):
            continue  # a declaration
        block = []
        for inner in lines[signature + 1 :]:
            if inner.strip() and len(inner) - len(inner.lstrip()) <= len(match[1]):
                break
            block.append(inner)
        body = re.sub(r'\A\s*"""(?s:.*?)"""\n?', "", "\n".join(block)).strip("\n")
        yield match[2], len(body.splitlines())


def functions() -> Iterator[tuple[str, str, int]]:
    for path in sorted((ROOT / "httpconn").rglob("*.py")):
        for name, count in in_python(path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), name, count
    for path in sorted((ROOT / "_speedups").glob("*.p*")):
        for name, count in in_cython(path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), name, count


def test_none_is_longer() -> None:
    assert [found for found in functions() if found[2] > MOST_LINES] == []


def test_they_are_seen() -> None:
    """Of each kind of source one that is there, with about the lines that it has."""
    seen = {(path, name): count for path, name, count in functions()}
    assert seen["httpconn/connection.py", "getresponse"] > 25
    assert seen["httpconn/_engine/threads/attempt.py", "_talk"] > 40
    assert seen["_speedups/request.pxi", "replaces_any"] > 20


@pytest.mark.parametrize("language", [in_python, in_cython])
def test_what_counts(language) -> None:
    body = "    x = 1\n" * (MOST_LINES - 1) + "\n    return x\n"
    head = 'def long(\n    a,\n    b,\n):\n    """Return one.\n\n    And no more.\n    """\n'
    assert list(language(f"{head}{body}\n\nlast = 1\n")) == [("long", MOST_LINES + 1)]
    assert list(language(f"def bare(a):\n{body}")) == [("bare", MOST_LINES + 1)]
