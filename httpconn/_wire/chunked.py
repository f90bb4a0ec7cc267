"""The chunked transfer coding, decoded where it lies in a buffer (RFC 9112 section 7.1).

    chunked-body   = *chunk last-chunk trailer-section CRLF
    chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
    last-chunk     = 1*("0") [ chunk-ext ] CRLF

The data and the plain chunks, which are nearly all there are, a backend takes, as many at once as there are
(``Backend.take_chunks``). What else there may be is judged here: extensions, the end, trailers, refusals and limits.

Compiled too, with the types of ``chunked.pxd``.
"""

from __future__ import annotations

from .annotations import TYPE_CHECKING, Final
from .grammar import (
    CHUNK_EXTENSION_MALFORMED,
    CHUNK_LINE_TOO_LONG,
    CHUNK_NOT_TERMINATED,
    CHUNK_OK,
    CHUNK_OVERHEAD,
    CHUNK_SIZE_MALFORMED,
    CHUNK_SIZE_TOO_LARGE,
    LONGEST_PLAIN_SIZE_LINE,
    MAX_BODY_BYTES,
    TRAILER_LINE_TOO_LONG,
    TRAILER_TOO_MANY_LINES,
    is_chunk_extension,
    match_chunk_size_line,
)

if TYPE_CHECKING:
    from .._backends.contract import TakeChunks

SIZE_LINE_NEXT: Final = -1
_DIGITS_OF_MAX_BODY_BYTES: Final = len(f"{MAX_BODY_BYTES:x}")


class ChunkedDecoder:
    """Decodes one body.

    The decoder holds no bytes: what it does not consume stays in the caller's buffer, never part of a line
    is consumed, and no byte is searched twice. So the position in the stream is exact at any moment, and a
    caller may go on reading the connection by other means (``HTTPResponse.fp``).
    """

    __slots__ = ("_excess", "_line_bytes", "_overhead_bytes", "_strict", "_take_chunks", "_trailer_lines", "_trailers",
                 "chunk_left", "complete", "error", "in_trailers", "lax_line", "position", "searched")  # fmt: skip

    def __init__(
        self,
        take_chunks: TakeChunks,
        line_bytes: int,
        trailer_lines: int,
        overhead_bytes: int,
        strict: bool = False,
    ) -> None:
        """*take_chunks* of a backend. *strict* refuses an extension outside the grammar; else it is passed over, as all
        of them are."""
        self._take_chunks = take_chunks
        self._line_bytes = line_bytes
        self._trailer_lines = trailer_lines
        self._overhead_bytes = overhead_bytes
        self._strict = strict
        self._excess = 0
        self._trailers: list[bytes] = []
        self.chunk_left = SIZE_LINE_NEXT
        """Data bytes left of this chunk; 0 when its CRLF comes next; -1 when a chunk-size line comes next."""
        self.in_trailers = False
        """The last-chunk has been read; the trailer section or the final empty line comes next."""
        self.complete = False
        self.position = 0
        """Where in the buffer ``decode`` stopped; all before it is consumed."""
        self.searched = 0
        """Bytes behind ``position`` known to hold no line end; set to 0 when others have read on from there."""
        self.error = CHUNK_OK
        """One of grammar's codes. Once it is not CHUNK_OK nothing more is decoded."""
        self.lax_line = b""
        """The first chunk-size line with an extension outside the grammar, without its line end; b"" for none."""

    @property
    def trailer_block(self) -> bytes:
        """The trailer section as it was read, b"" where there was none. Its empty line is not part of it."""
        return b"".join(self._trailers)

    def decode(self, buffer: bytes | bytearray, start: int, max_bytes: int) -> bytes:
        """Return the data that follows *start*, at most *max_bytes* of it (-1: all that is there).

        Stops as soon as *max_bytes* have been given, and before anything that is refused. With 0, consumes the
        framing in front of the next data, or to the end of the message.
        """
        if not 0 <= start <= len(buffer):
            raise IndexError(f"start {start} is outside the buffer of {len(buffer)} bytes")
        self.position = start
        parts: list[bytes] = []
        room = max_bytes if max_bytes >= 0 else MAX_BODY_BYTES
        while (room or not max_bytes) and not self.complete and not self.error:
            if room and not self.in_trailers:
                part = self._take_data(buffer, room)
                if part:
                    parts.append(part)
                    room -= len(part)
                    continue
            if self.chunk_left > 0 or not self._take_framing(buffer):
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take_data(self, buffer: bytes | bytearray, room: int) -> bytes:
        """Return what comes next of data and of plain chunks, at most *room* bytes; b"" where neither comes next."""
        # Plain chunks leave no trace in the state: no overhead beyond what each chunk may cost. Where there is some
        # already, or a line may not be that long, they are gone through one by one.
        if self._excess or self._line_bytes < LONGEST_PLAIN_SIZE_LINE:
            if self.chunk_left <= 0:
                return b""
            room = min(room, self.chunk_left)
        data, position, self.chunk_left = self._take_chunks(buffer, self.position, self.chunk_left, room)
        if position != self.position:
            self.position = position
            self.searched = 0
        return data

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
