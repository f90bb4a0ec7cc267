"""The C that Cython makes of our sources has none of its constructions that are wrong where an allocation fails."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
# What is compiled of the package has a ``.pxd`` beside it.
SOURCES = sorted([*ROOT.glob("_speedups/*.pyx"), *(path.with_suffix(".py") for path in ROOT.glob("httpconn/**/*.pxd"))])

# A helper that gives up its argument even where it fails, called with a temporary that the way out of an error gives up
# again: so Cython 3.3 has the elements of list comprehensions, whose list cannot always grow.
GIVEN_UP_TWICE = re.compile(r"\b\w+AndDecref\([^;\n]*\b__pyx_t_\d+")


def generated(source: Path, directory: Path) -> str:
    """Return the C that is made of *source*."""
    result = directory / "generated.c"
    told = ("-X", "auto_pickle=False", "-X", "annotation_typing=False") if source.suffix == ".py" else ()  # as setup.py
    command = [sys.executable, "-m", "cython", "-3", *told, str(source), "-o", str(result)]
    subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True, timeout=120)
    return result.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def needs_cython() -> None:
    if importlib.util.find_spec("Cython") is None:
        assert "CI" not in os.environ, "CI goes by this test: Cython is of the extra `test`"
        pytest.skip("Cython is not installed")


@pytest.mark.timeout(150)
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_no_temporary_is_given_up_twice(source: Path, tmp_path: Path) -> None:
    for room in ("_speedups", "httpconn"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    text = generated(tmp_path / source.relative_to(ROOT), tmp_path)
    assert "PyInit_" in text
    assert not [line.strip() for line in text.splitlines() if GIVEN_UP_TWICE.search(line)]


def test_it_would_be_seen(tmp_path: Path) -> None:
    """What is looked for is what this Cython makes of a comprehension, as long as it is wrong there."""
    import Cython

    source = tmp_path / "comprehension.pyx"
    source.write_text("def pairs(n):\n    return [(i, i) for i in range(n)]\n", encoding="utf-8")
    text = generated(source, tmp_path)
    if Cython.__version__.startswith("3.3."):
        assert GIVEN_UP_TWICE.search(text)
    assert GIVEN_UP_TWICE.search("if (unlikely(__Pyx_ListComp_AppendAndDecref(__pyx_t_2, __pyx_t_8))) goto out;")
    assert not GIVEN_UP_TWICE.search("static int __Pyx_ListComp_AppendAndDecref(PyObject* list, PyObject* x) {")
