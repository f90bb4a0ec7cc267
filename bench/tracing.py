"""System calls per request, as strace sees them.

The child is started under strace, and marks the beginning and the end of what counts by asking for a path that
does not exist: so start-up and imports are left out, and one run is enough. Attaching to a child that runs
would be simpler, but most systems let only root do that.

Tracing slows each call by microseconds: an answer is then nearly always there when it is looked for. How often
a read would block is therefore counted untraced, by calls.py.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Final

MARKER: Final = "/httpconn-bench-mark"
_CALL: Final = re.compile(r"^(?:\d+ +)?(\w+)\(")


def find_program() -> str | None:
    """The path of strace, or None."""
    return shutil.which("strace")


def command(program: str, log: Path) -> list[str]:
    """What to put in front of a command to have it traced, threads included."""
    return [program, "-f", "-qq", "-s", "64", "-e", "signal=none", "-o", str(log)]


def count_calls(log: str) -> dict[str, int]:
    """The system calls between the two marks, by name. Raises ValueError where the marks are missing."""
    parts = log.split(MARKER)
    if len(parts) != 3:
        raise ValueError(f"expected two marks in the trace, found {len(parts) - 1}")
    # The first line of the part is the rest of the mark itself; its last is the beginning of the other mark.
    lines = parts[1].splitlines()[1:-1]
    return dict(Counter(found[1] for line in lines if (found := _CALL.match(line))))
