"""Heads as the logger shows them: without secrets, and without what a terminal would act on."""

from __future__ import annotations

import re
from typing import Final

from .._wire.urls import redacted

_MOST_SHOWN_BYTES: Final = 8_192
_HIDDEN: Final = "..."
_SECRET: Final = re.compile(
    rb"(?:proxy-)?authorization|(?:set-)?cookie2?|.*(?:token|secret|password|api-?key|session|signature).*",
    re.IGNORECASE,
)
"""The names of fields whose values are hidden. Those that servers have thought of are no more than guessed at."""
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>\"',;]*|//[^\s<>\"',;]*@[^\s<>\"',;]*")


def shown_head(head: bytes) -> str:
    """Return *head* in lines, each behind a line feed and two spaces; at most its first 8 KiB.

    Fields that are secrets (Authorization, Cookie, Set-Cookie and the like) have "..." for their value, and a URL has
    it in the place of user name and password. What is not printable ASCII is escaped: a server writes no lines of its
    own into a log, and sends nothing to the terminal.
    """
    shown = []
    is_secret = False
    for line in head[:_MOST_SHOWN_BYTES].split(b"\n"):
        line = line.rstrip(b"\r")
        if not line:
            continue
        if line[:1] in (b" ", b"\t"):  # goes on with the line before it
            shown.append(f"  {_HIDDEN}" if is_secret else _escaped(line))
            continue
        name, colon, _ = line.partition(b":")
        is_secret = bool(shown) and bool(colon) and _SECRET.fullmatch(name.strip()) is not None
        shown.append(f"{_escaped(name)}: {_HIDDEN}" if is_secret else _escaped(line))
    if len(head) > _MOST_SHOWN_BYTES:
        shown.append(f"(and {len(head) - _MOST_SHOWN_BYTES} bytes more)")
    return "".join(f"\n  {line}" for line in shown)


def _escaped(line: bytes) -> str:
    text = line.decode("latin-1").encode("unicode_escape").decode("ascii")
    return _URL.sub(lambda found: redacted(found[0]), text)


def shown_error(error: BaseException | str) -> str:
    """Return the class and the text of *error*, or what is said in its place, as one line."""
    if isinstance(error, str):
        return error
    return f"{type(error).__name__}: {_escaped(str(error).encode('latin-1', 'backslashreplace'))}"
