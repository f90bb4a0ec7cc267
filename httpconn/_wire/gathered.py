"""Content that comes piece by piece and is handed out in one: a list while it is little, then what is returned.

A list of many pieces takes the memory twice when they are joined, and the system has to find all of it once more.
"""

from __future__ import annotations

from collections.abc import Callable

from .annotations import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .._backends.contract import BodyBuffer

STEP_BYTES: Final = 262_144
"""How much is received at once, as long as no more has come than that."""
_LONGEST_STEP_BYTES: Final = 2_097_152
_MOST_IN_PARTS: Final = 1_048_576


class Gathered:
    """The pieces of one content, in their order."""

    __slots__ = ("_held", "_new_buffer", "_parts", "size")

    def __init__(self, new_buffer: Callable[[], BodyBuffer]) -> None:
        self._new_buffer = new_buffer
        self._parts: list[bytes] = []
        self._held: BodyBuffer | None = None
        self.size = 0

    def add(self, part: bytes) -> None:
        """Add *part* behind what is there."""
        if self._held is None:
            self._parts.append(part)
        else:
            self._held.add(part)
        self.size += len(part)
        if self.size > _MOST_IN_PARTS and self._held is None:
            self._hold()

    def _hold(self) -> BodyBuffer:
        held = self._held = self._new_buffer()
        for part in self._parts:
            held.add(part)
        self._parts.clear()
        return held

    def room(self, most: int) -> memoryview:
        """Return where the next bytes may be put, *most* of which may come; ``advance`` tells of those that were.

        It grows with what has come, and not with what is announced (CVE-2025-13836).
        """
        held = self._held or self._hold()
        return held.room(min(most, max(STEP_BYTES, min(self.size, _LONGEST_STEP_BYTES))), most)

    def advance(self, count: int) -> None:
        """Note that *count* bytes were put into the room."""
        assert self._held is not None
        self._held.advance(count)
        self.size += count

    def whole(self) -> bytes:
        """Return all that was gathered, and be empty."""
        parts, held = self._parts, self._held
        self._parts, self._held, self.size = [], None, 0
        if held is None:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        return held.whole()
