"""How many bytes of content a loop holds, and whether that is too many.

What counts is content that has been received and whose result has not been handed out. Beyond what may be held the loop
reads from the oldest request's connection only, and begins nothing, until half of it is free again: so it does not
start and stop with every result. ``Loop.choose_paused`` does that; this counts.
"""

from __future__ import annotations

from typing import Final

_LARGEST: Final = 2**62
"""Counts are held in C: a limit beyond this one is none."""


class Memory:
    """The content held by one loop."""

    __slots__ = ("held", "is_full", "most")

    def __init__(self, most: int) -> None:
        self.most = min(most, _LARGEST)
        """Bytes that may be held."""
        self.held = 0
        self.is_full = False

    def hold(self, count: int) -> bool:
        """Count *count* more bytes, or fewer where it is negative; return whether they have become too many by it."""
        self.held += count
        if self.is_full or self.held <= self.most:
            return False
        self.is_full = True
        return True

    def see_whether_free(self) -> bool:
        """After having been full: return whether half of what may be held is free, and no longer be full then."""
        if self.held > self.most // 2:
            return False
        self.is_full = False
        return True
