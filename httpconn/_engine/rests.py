"""Servers that send, behind the answer to HEAD, the content that it announces; and how long one waits for that.

Such content comes in a segment of its own, after the look at the kept connection, and would be read as the next
answer: crossed, where what is stored there looks like a response. So a connection whose answer left announced content
out (to HEAD; a 204 with a length) rests before anything else goes over it, and is looked at then. An origin that
has sent such bytes once is known for it: its connections are closed from then on. One that has rested silently a few
times may have a HEAD follow a HEAD at once; anything else waits for the rest, whatever is known.

Source: waitress 3.0.2 sends so, at once; without TCP_NODELAY the second segment waits for the first one's
acknowledgement, which Linux may delay by 40 ms, so that it comes 40 ms and a round trip later.
"""

from __future__ import annotations

from typing import Final

from .._exchange.job import Key

_SILENT_RESTS: Final = 4
"""After so many an origin's HEADs may follow each other."""
_NOISY: Final = -1
_MOST_KNOWN: Final = 10_000


class Rests:
    """What is known of origins, by the key of their connections."""

    def __init__(self, rest_s: float) -> None:
        self.rest_s = rest_s
        self._silent: dict[Key, int] = {}  # how many rests have passed in silence, or _NOISY

    def is_noisy(self, key: Key) -> bool:
        """Return whether content has come behind an answer that left it out: no connection is kept behind one."""
        return self._silent.get(key) == _NOISY

    def may_follow(self, key: Key, method: str) -> bool:
        """Return whether a *method* request may go at once over a connection that should rest."""
        return not self.rest_s or (method == "HEAD" and self._silent.get(key, 0) >= _SILENT_RESTS)

    def note_silent(self, key: Key) -> None:
        """Note that a connection has rested, and nothing has come."""
        count = self._silent.get(key, 0)
        if count != _NOISY and count < _SILENT_RESTS:
            self._note(key, count + 1)

    def note_noisy(self, key: Key) -> None:
        """Note that bytes have come behind an answer that left announced content out."""
        self._note(key, _NOISY)

    def _note(self, key: Key, count: int) -> None:
        if len(self._silent) >= _MOST_KNOWN and key not in self._silent:
            self._silent.clear()  # begun anew: the first rests of each tell again
        self._silent[key] = count
