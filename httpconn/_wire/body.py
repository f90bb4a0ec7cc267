"""The chunked transfer coding, decoded where it lies in a buffer (RFC 9112 section 7.1); and a large body's buffer.

    chunked-body   = *chunk last-chunk trailer-section CRLF
    chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
    last-chunk     = 1*("0") [ chunk-ext ] CRLF

The pure twins of the compiled classes; the promises stand in ``_backends/contract.py``. Where the two other
kinds of body end (after so many bytes, when the connection closes) needs no more than counting, which
``reader.py`` does.
"""

from __future__ import annotations

from io import BytesIO

from .grammar import (
    CHUNK_EXTENSION_MALFORMED,
    CHUNK_LINE_TOO_LONG,
    CHUNK_NOT_TERMINATED,
    CHUNK_OK,
    CHUNK_OVERHEAD,
    CHUNK_SIZE_MALFORMED,
    CHUNK_SIZE_TOO_LARGE,
    MAX_BODY_BYTES,
    TRAILER_LINE_TOO_LONG,
    TRAILER_TOO_MANY_LINES,
    is_chunk_extension,
    match_chunk_size_line,
    match_plain_size_line,
)

SIZE_LINE_NEXT = -1
_DIGITS_OF_MAX_BODY_BYTES = len(f"{MAX_BODY_BYTES:x}")


class ChunkedDecoder:
    """See ``_backends.contract.ChunkedDecoder``."""

    __slots__ = ("_excess", "_line_bytes", "_overhead_bytes", "_strict", "_trailer_lines", "_trailers", "chunk_left",
                 "complete", "error", "in_trailers", "lax_line", "position", "searched")  # fmt: skip

    def __init__(self, line_bytes: int, trailer_lines: int, overhead_bytes: int, strict: bool = False) -> None:
        self._line_bytes = line_bytes
        self._trailer_lines = trailer_lines
        self._overhead_bytes = overhead_bytes
        self._strict = strict
        self._excess = 0
        self.lax_line = b""
        self.searched = 0  # bytes behind ``position`` that are known to hold no line end
        self._trailers: list[bytes] = []
        self.chunk_left = SIZE_LINE_NEXT
        self.in_trailers = False
        self.complete = False
        self.position = 0
        self.error = CHUNK_OK

    @property
    def trailer_block(self) -> bytes:
        return b"".join(self._trailers)

    def decode(self, buffer: bytes | bytearray, start: int, max_bytes: int) -> bytes:
        if not 0 <= start <= len(buffer):
            raise IndexError(f"start {start} is outside the buffer of {len(buffer)} bytes")
        self.position = start
        parts: list[bytes | bytearray] = []
        room = max_bytes if max_bytes >= 0 else MAX_BODY_BYTES
        while (room or not max_bytes) and not self.complete and not self.error:
            if self.chunk_left > 0:
                part = buffer[self.position : self.position + min(room, self.chunk_left)]
                if not part:
                    break
                parts.append(part)
                self.position += len(part)
                self.chunk_left -= len(part)
                room -= len(part)
                continue
            if self.chunk_left < 0 and not self.in_trailers and not self._excess:
                room = self._take_whole_chunks(buffer, room, parts)
            if not self._take_framing(buffer):
                break
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    def _take_whole_chunks(self, buffer: bytes | bytearray, room: int, parts: list[bytes | bytearray]) -> int:
        """Take the plain chunks that are all there, less than *room* bytes of data; return the room that is left.

        They leave no trace in the state: no overhead beyond what each chunk may cost, and the place is again in front
        of a chunk-size line. Room is always left, since what follows the last byte asked for is not looked at.
        """
        position, line_bytes = self.position, self._line_bytes
        while (match := match_plain_size_line(buffer, position)) is not None:
            begin = match.end()
            size = int(match[1], 16)
            end = begin + size
            if not size or size >= room or begin - position > line_bytes or not buffer.startswith(b"\r\n", end):
                break
            parts.append(buffer[begin:end])
            room -= size
            position = end + 2
        if position != self.position:
            self.position = position
            self.searched = 0
        return room

    def _take_framing(self, buffer: bytes | bytearray) -> bool:
        """Consume one piece of framing; return False where it is not all there, or is refused."""
        if self.chunk_left == 0:
            return self._take_chunk_end(buffer)
        return self._take_trailer_line(buffer) if self.in_trailers else self._take_size_line(buffer)

    def _take_chunk_end(self, buffer: bytes | bytearray) -> bool:
        if buffer.startswith(b"\r\n", self.position):
            self.position += 2
            self.chunk_left = SIZE_LINE_NEXT
            return True
        if buffer[self.position : self.position + 2] not in (b"", b"\r"):
            self.error = CHUNK_NOT_TERMINATED
        return False

    def _find_line_end(self, buffer: bytes | bytearray, too_long: int) -> int:
        """Return the offset behind the next line; 0 where it is not all there, or is longer than allowed."""
        end = buffer.find(b"\n", self.position + max(self.searched, 0)) + 1
        length = (end or len(buffer)) - self.position
        if length > self._line_bytes:
            self.error = too_long
            return 0
        self.searched = 0 if end else length
        return end

    def _take_size_line(self, buffer: bytes | bytearray) -> bool:
        end = self._find_line_end(buffer, CHUNK_LINE_TOO_LONG)
        if not end:
            return False
        match = match_chunk_size_line(buffer, self.position, end)
        if match is None:
            self.error = CHUNK_SIZE_MALFORMED
            return False
        size = _chunk_size(match[1])
        if size < 0:
            self.error = CHUNK_SIZE_TOO_LARGE
            return False
        # Each chunk may cost 16 bytes and twice its data; a peer that spends more on framing is not sending us
        # anything (Go's net/http bounds it so, CVE-2023-39326). The CRLF behind the data is counted here too.
        excess = self._excess + (end - self.position + 2) - 16 - 2 * size
        if excess > self._overhead_bytes:
            self.error = CHUNK_OVERHEAD
            return False
        if match[2] and not is_chunk_extension(match[2]):
            if self._strict:
                self.error = CHUNK_EXTENSION_MALFORMED
                return False
            self.lax_line = self.lax_line or bytes(buffer[self.position : end - 2])
        self._excess = max(0, excess)
        self.position = end
        if size:
            self.chunk_left = size
        else:
            self.in_trailers = True
        return True

    def _take_trailer_line(self, buffer: bytes | bytearray) -> bool:
        end = self._find_line_end(buffer, TRAILER_LINE_TOO_LONG)
        if not end:
            return False
        line = bytes(buffer[self.position : end])
        if line in (b"\r\n", b"\n"):
            self.complete = True
        elif len(self._trailers) >= self._trailer_lines:
            self.error = TRAILER_TOO_MANY_LINES
            return False
        else:
            self._trailers.append(line)
        self.position = end
        return True


def _chunk_size(digits: bytes | bytearray) -> int:
    """Return the size, or -1 where it is beyond ``MAX_BODY_BYTES``; leading zeros are harmless."""
    if len(digits) >= _DIGITS_OF_MAX_BODY_BYTES:
        digits = digits.lstrip(b"0") or b"0"
        # Measured first, since int() of a long text costs more than linear time.
        if len(digits) > _DIGITS_OF_MAX_BODY_BYTES or int(digits, 16) > MAX_BODY_BYTES:
            return -1
    return int(digits, 16)


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
