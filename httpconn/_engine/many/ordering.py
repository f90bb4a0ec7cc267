"""Results on their way to who asked for them: as they come, or in the order of their requests."""

from __future__ import annotations

import collections

from ...model import Response, memory_of


class Ordering:
    """The results of one loop. Those that may be handed out are in ``ready``."""

    __slots__ = ("_append", "_early", "held", "is_ordered", "made", "ready")

    def __init__(self, *, is_ordered: bool) -> None:
        self.is_ordered = is_ordered
        self.ready: collections.deque[Response] = collections.deque()
        self._append = self.ready.append
        self._early: dict[int, Response] = {}
        """By index, in order: what an earlier request's result is still missing for."""
        self.made = 0
        """How many results have been put into ``ready``, ever."""
        self.held = 0
        """Bytes of content of what was put there since ``let_go``."""

    def add(self, response: Response) -> None:
        """Take a result."""
        if not self.is_ordered:
            self._make_ready(response)
            return
        self._early[response.index] = response
        while (found := self._early.pop(self.made, None)) is not None:
            self._make_ready(found)

    def _make_ready(self, response: Response) -> None:
        self._append(response)
        self.made += 1
        if response._sent is None:
            content = response._content
            self.held += len(content)
        else:
            self.held += memory_of(response)

    @property
    def handed_out(self) -> int:
        """How many results have been handed out."""
        return self.made - len(self.ready)

    def let_go(self) -> int:
        """Return how many bytes of content are held no longer, now that all that was ready has been handed out."""
        held, self.held = self.held, 0
        return held

    def clear(self) -> None:
        """Forget all results."""
        self.made -= len(self.ready)
        self.ready.clear()
        self._early.clear()
        self.held = 0
