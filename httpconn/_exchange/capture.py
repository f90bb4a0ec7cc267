"""A message as it comes in, byte for byte, for a request with ``wire=True``: what was received, up to a bound."""

from __future__ import annotations

from ..model import Wire


class Capture:
    """The bytes that a reader has been given, from the first interim response on."""

    __slots__ = ("_data", "_most", "_received", "_until")

    def __init__(self, most: int | None) -> None:
        """*most* is how many bytes behind the head are kept; None for all. Heads have limits of their own."""
        self._most = most
        self._data = bytearray()
        self._received = 0
        self._until: int | None = None  # how many bytes are kept in all, once that is known

    def memory(self, behind: int) -> int:
        """Return how many bytes are kept, without the last *behind* that came."""
        return min(len(self._data), self._received - behind)

    def take(self, data: bytes) -> None:
        """Keep the next bytes of the stream, as far as they are within the bound."""
        self._received += len(data)
        room = None if self._until is None else self._until - len(self._data)
        self._data += data if room is None or len(data) <= room else data[:room]

    def begin_body(self, behind: int) -> None:
        """The head is whole: the last *behind* bytes came behind it."""
        if self._most is not None:
            self._until = self._received - behind + self._most
            del self._data[self._until :]

    def message(self, behind: int) -> Wire:
        """Return what is kept of the message, which ends in front of the last *behind* bytes that came."""
        size = self._received - behind
        return Wire(bytes(memoryview(self._data)[:size]), is_truncated=size > len(self._data))
