"""Results on their way to who asked for them: as they come, or in the order of their requests."""

from __future__ import annotations

from ...model import Response, memory_of


class Ordering:
    """The results of one loop. ``waiting`` of them may be handed out."""

    __slots__ = ("_early", "_first", "_places", "held", "is_ordered", "made", "waiting")

    def __init__(self, *, is_ordered: bool) -> None:
        self.is_ordered = is_ordered
        # A list whose places are used again: one that grows and shrinks with each turn costs more, and so does a deque,
        # which compiled code has to call.
        self._places: list[Response | None] = []
        self._first = 0
        """Where the next one is to be taken from."""
        self._early: dict[int, Response] = {}
        """By index, in order: what an earlier request's result is still missing for."""
        self.waiting = 0
        """How many results may be handed out."""
        self.made = 0
        """How many could be handed out, ever."""
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
        places = self._places
        at = self._first + self.waiting
        if at < len(places):
            places[at] = response
        else:
            places.append(response)
        self.waiting += 1
        self.made += 1
        if response._sent is None:
            content = response._content
            self.held += len(content)
        else:
            self.held += memory_of(response)

    def take(self) -> Response | None:
        """Return the next result, None where there is none; it is handed out by that."""
        if not self.waiting:
            return None
        places = self._places
        at = self._first
        response = places[at]
        places[at] = None
        self.waiting -= 1
        self._first = at + 1 if self.waiting else 0
        return response

    def take_all(self) -> list[Response]:
        """Return all that may be handed out, and are by that."""
        ready = self.ready
        self._forget_ready()
        return ready

    @property
    def ready(self) -> list[Response]:
        """The results that may be handed out."""
        return [one for one in self._places if one is not None]

    @property
    def handed_out(self) -> int:
        """How many results have been handed out."""
        return self.made - self.waiting

    def let_go(self) -> int:
        """Return how many bytes of content are held no longer, now that all that was ready has been handed out."""
        held, self.held = self.held, 0
        return held

    def _forget_ready(self) -> None:
        self._places = []
        self._first = self.waiting = 0

    def clear(self) -> None:
        """Forget all results."""
        self.made -= self.waiting
        self._forget_ready()
        self._early.clear()
        self.held = 0
