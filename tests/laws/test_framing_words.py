"""What decides the framing of a message is named in ``_wire/grammar.py`` and ``_wire/framing.py``, and nowhere else.

A second place that asks for Content-Length, or for status 204, is a second rule of where a message ends, and two rules
come to differ. Strings and numbers of the code are looked at; comments, docstrings and what errors say are not.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from httpconn._wire.grammar import FRAMING_NAMES, NO_CONTENT, NOT_MODIFIED

ROOT = Path(__file__).resolve().parents[2]
HOMES = {"httpconn/_wire/framing.py", "httpconn/_wire/grammar.py"}
ELSEWHERE = {
    "httpconn/connection.py": "puts both by putheader, whose overrides see the names as http.client writes them",
    "httpconn/writers/warc.py": "the records of WARC have a length, and the head in one is rewritten",
    "httpconn/adapters/under_requests.py": "says what urllib3 says",
}
"""Who may name them besides, and why."""

A_NAME = re.compile(rf"\W*(?:{'|'.join(sorted(FRAMING_NAMES))})(?:\W*|:.*)", re.IGNORECASE | re.DOTALL).fullmatch
STATUSES = {NO_CONTENT, NOT_MODIFIED}

pytestmark = [pytest.mark.once, pytest.mark.skipif(not (ROOT / "_speedups").is_dir(), reason="needs a checkout")]


def in_python(text: str) -> Iterator[str]:
    """Yield the words and numbers of framing that a module has in its code."""
    tree = ast.parse(text)
    told = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in told:
            continue
        value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        if (isinstance(value, str) and A_NAME(value)) or (type(value) is int and value in STATUSES):
            yield str(value)


def in_cython(text: str) -> Iterator[str]:
    """Yield those of a source of the extension, but for what it formats, which are errors."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NUMBER and token.string in map(str, STATUSES):
            yield token.string
        if token.type == tokenize.STRING and '"""' not in token.string and token.string[0] not in "fF":
            value = ast.literal_eval(token.string)
            value = value.decode("latin-1") if isinstance(value, bytes) else value
            if A_NAME(value):
                yield value


def found() -> dict[str, list[str]]:
    files = dict.fromkeys((ROOT / "httpconn").rglob("*.py"), in_python)
    files |= dict.fromkeys((ROOT / "_speedups").glob("*.p*"), in_cython)
    seen = {str(path.relative_to(ROOT)): [*read(path.read_text(encoding="utf-8"))] for path, read in files.items()}
    return {name: words for name, words in seen.items() if words}


def test_they_stand_in_two_modules() -> None:
    seen = found()
    known = HOMES | ELSEWHERE.keys()
    assert seen.keys() == known, {name: words for name, words in seen.items() if name not in known}


@pytest.mark.parametrize("line", [
    'name == "content-length"', 'name == b"Transfer-Encoding"', 'x = b"\\ncontent-length:"', "status == 204",
    'line = b"Content-Length: %d" % n', "if status in (204, 205): pass", 'f"transfer-encoding: {coding}"',
])  # fmt: skip
def test_another_place_is_found(line: str) -> None:
    assert [*in_python(line)]
    if 'f"' not in line:
        assert [*in_cython(line)]


def test_what_is_said_is_no_rule() -> None:
    text = '"""Content-Length: or 204."""\n# 304\nraise ValueError("expected one Content-Length, got several")\n'
    assert not [*in_python(text)]
    assert not [*in_cython(text)]
