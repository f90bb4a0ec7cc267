"""docs/troubleshooting.md: every text of an exception of ours can be found there, and what stands there is a text of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import httpconn
from httpconn import errors

pytestmark = pytest.mark.once

PACKAGE = Path(httpconn.__file__).parent
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"

if not PAGE.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
OURS = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)} | {"_LeftOutContent"}
TERMS = re.findall(r"^(.*)\n:   ", TEXT, re.MULTILINE)
KEYS = [key for term in TERMS for key in re.findall(r"`([^`]+)`", term)]
GAP = "\0"
"""Stands for what differs from text to text."""
NOT_SEEN = {"_LeftOutContent"}
"""Ends a connection, never a request."""
INSTEAD = {
    f"got more than {GAP} {GAP}s": "got more than ... headers",
    f"{GAP} {GAP} for {GAP}": "404 Not Found for http://...",
    f"nobody waits for {GAP}": "",  # and so nobody sees it
}
"""Texts of which too little is written down, and what users see."""


def words_of(node: ast.expr) -> str:
    """Return the text that *node* makes, with a GAP for all that is not written down there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words_of(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return words_of(node.left) + words_of(node.right)
    return GAP


def messages() -> Iterator[tuple[str, str, str]]:
    """Yield where an exception of ours is made, its class, and the text that is written down there."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OURS and node.args:
                yield f"{path.relative_to(PACKAGE.parent)}:{node.lineno}", node.func.id, words_of(node.args[0])


def is_told(text: str) -> bool:
    """Whether all parts of a key are in *text*, one behind the other."""
    for key in KEYS:
        at = 0
        for part in key.split("..."):
            at = text.find(part.strip(), at)
            if at < 0:
                break
        else:
            return True
    return False


MESSAGES = [(place, kind, text) for place, kind, text in messages() if re.search(r"\w{4}", text) or text in INSTEAD]


def test_there_are_messages() -> None:
    assert len(MESSAGES) > 80
    assert not is_told("nothing like it")


@pytest.mark.parametrize(("place", "kind", "text"), MESSAGES, ids=[f"{kind} {place}" for place, kind, _ in MESSAGES])
def test_each_text_can_be_found(place: str, kind: str, text: str) -> None:
    assert kind in NOT_SEEN or is_told(text) or INSTEAD.get(text, "-") in TEXT, (
        f"{place} raises {kind}: {text.replace(GAP, '...')!r}, which the page has not"
    )


@pytest.mark.parametrize("name", sorted(OURS - NOT_SEEN))
def test_each_class_is_on_the_page(name: str) -> None:
    """But for those that only stand for others, which the table of exceptions has."""
    above = {
        kind.__name__ for one in OURS - NOT_SEEN for kind in getattr(errors, one).__mro__[1:]
    } | {"ImproperConnectionState", "UnimplementedFileMode", "UnknownTransferEncoding", "NotConnected"}  # fmt: skip
    assert f"`{name}`" in TEXT or name in above


FOREIGN = {
    "Name or service not known", "nodename nor servname provided", "Temporary failure in name resolution",
    "Connection refused", "self-signed certificate", "Port could not be cast to integer value", "No route to host", "Network is unreachable", "certificate verify failed", "Too many open files",
    "WRONG_VERSION_NUMBER", "record layer failure", "HTTP_REQUEST", "UNSUPPORTED_PROTOCOL", "HANDSHAKE_FAILURE",
    "DH_KEY_TOO_SMALL", "CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "EOF occurred in violation of protocol",
    "Resource temporarily unavailable", "more expected", "bytes read", "404 Not Found for http://...",
}  # fmt: skip


def test_what_stands_there_is_ours() -> None:
    """What is no name and not Python's, OpenSSL's or the system's is in the sources, part by part."""
    sources = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    sources = re.sub(r'"\s*\n\s*f?"', "", sources)
    for key in KEYS:
        if key not in FOREIGN and not re.fullmatch(r"[\w.]+", key):
            assert all(part.strip() in sources for part in key.split("...")), key
