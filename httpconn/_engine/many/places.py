"""How many connections a loop may have open: as many as asked for, or fewer while file descriptors are missing."""

from __future__ import annotations

from typing import Final

_SPARE_DESCRIPTORS: Final = 4
"""How many fewer connections than there were descriptors for are opened, at least; and"""
_RAISE_EACH_S: Final = 1.0
"""how long it takes until more are tried again."""
_FOREVER: Final = float("inf")
LARGEST_COUNT: Final = 2**61
"""The loop holds counts in C: a limit beyond this one is none."""


class Places:
    """The places for the connections of one loop."""

    __slots__ = ("asked_for", "most", "put_back", "raise_at")

    def __init__(self, asked_for: int) -> None:
        self.asked_for = min(asked_for, LARGEST_COUNT)
        """``max_connections``."""
        self.most = self.asked_for
        """How many may be open now."""
        self.raise_at = _FOREVER
        """When more may be open again than there were descriptors for, by the loop's clock."""
        self.put_back = 0
        """How many requests had to wait since there was no descriptor for them."""

    def lower(self, count: int, now: float) -> None:
        """Have fewer open than the *count* that are, so that lookups, files and others find a descriptor too."""
        self.most = max(1, min(self.most, count) - max(_SPARE_DESCRIPTORS, count // 8))
        self.raise_at = now + _RAISE_EACH_S
        self.put_back += 1

    def raise_again(self, now: float) -> None:
        """Let some more be open than there were descriptors for a while ago."""
        self.most = min(self.asked_for, self.most + max(1, self.most // 8))
        self.raise_at = _FOREVER if self.most == self.asked_for else now + _RAISE_EACH_S
