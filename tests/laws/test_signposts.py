"""Every file, and every name of a module, that a page, a docstring or a comment names is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("httpconn", "_speedups", "tests", "bench", "docs", ".ci", ".github")
TEXTS = (".py", ".pxi", ".pyx", ".pyi", ".md", ".toml", "")
A_FILE = re.compile(r"`+([\w./-]+\.(?:py|pxi|pyx|md))`+|\b((?:[\w-]+/)+[\w-]+\.(?:py|pxi|pyx|md))\b")
A_NAME = re.compile(r"``(?:\w+\.)*(_?[a-z]\w*)\.([A-Z]\w*)``")
"""A class or a constant, and its module: small letters may be an attribute of some instance."""
NOT_OURS = {"inner/script.py"}  # made by a test

pytestmark = pytest.mark.skipif(not (ROOT / "httpconn").is_dir(), reason="needs a checkout")


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
