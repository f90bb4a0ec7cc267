"""The data of plain chunks, and a large body's buffer: the pure twins of what is compiled.

The promises stand in ``_backends/contract.py``, what chunks mean in ``chunked.py``. Where the two other kinds of body
end (after so many bytes, when the connection closes) needs no more than counting, which ``reader.py`` does.
"""

from __future__ import annotations

from io import BytesIO

from .grammar import MAX_BODY_BYTES, match_plain_size_line


def take_chunks(buffer: bytes | bytearray, start: int, chunk_left: int, max_bytes: int) -> tuple[bytes, int, int]:
    """See ``_backends.contract.Backend``."""
    if not 0 <= start <= len(buffer):
        raise IndexError(f"start {start} is outside the buffer of {len(buffer)} bytes")
    room = max_bytes if max_bytes >= 0 else MAX_BODY_BYTES
    position, left = start, max(chunk_left, -1)
    parts: list[bytes | bytearray] = []
    while room:
        if left == 0:
            if not buffer.startswith(b"\r\n", position):
                break
            position += 2
            left = -1
        if left < 0:
            match = match_plain_size_line(buffer, position)
            if match is None or not (size := int(match[1], 16)):
                break
            position = match.end()
            left = size
        part = buffer[position : position + min(room, left)]
        if not part:
            break
        parts.append(part)
        size = len(part)
        position += size
        left -= size
        room -= size
    return bytes(parts[0]) if len(parts) == 1 else b"".join(parts), position, left


class BodyBuffer:
    """See ``_backends.contract.BodyBuffer``.

    A BytesIO holds a bytes object, grows it where it is, and gives it away uncopied; but it writes zeros first.
    """

    __slots__ = ("_held", "_room", "size")

    def __init__(self) -> None:
        self._held = BytesIO()
        self._room = 0
        self.size = 0

    def add(self, part: bytes) -> None:
        self._held.seek(self.size)
        self._held.write(part)
        self.size += len(part)
        self._room = 0

    def room(self, wanted: int, most: int) -> memoryview:
        if wanted < 1:
            raise ValueError(f"expected room for 1 byte or more, got {wanted}")
        end = self.size + wanted
        self._held.seek(end - 1)
        self._held.write(b"\0")
        self._room = wanted
        return self._held.getbuffer()[self.size : end]

    def advance(self, count: int) -> None:
        if not 0 <= count <= self._room:
            raise ValueError(f"expected a count of bytes up to {self._room}, got {count}")
        self._room -= count
        self.size += count

    def whole(self) -> bytes:
        self._held.truncate(self.size)
        whole = self._held.getvalue()
        self._held = BytesIO()
        self.size = self._room = 0
        return whole
