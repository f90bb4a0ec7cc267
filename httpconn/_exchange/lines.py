"""Content as text while it comes in: decoded piece by piece, and cut into lines. The work is linear for any pieces."""

from __future__ import annotations

import collections
import io
from typing import Final

from . import charsets

DEFAULT_MAX_LINE_CHARS: Final = 16_777_216


class TextReader:
    """Decodes bytes to text incrementally, and keeps text and lines for the next call."""

    __slots__ = ("_decoder", "cutter", "is_done")

    def __init__(self, encoding: str, *, is_certain: bool = False) -> None:
        """*encoding* is what ``Response.encoding`` says; a byte order mark goes before it, unless it *is_certain*."""
        self._decoder = charsets.TextDecoder(encoding, looks_for_mark=not is_certain)
        self.is_done = False
        """Whether the end of the content has been decoded."""
        self.cutter: LineCutter | None = None
        """What reads it in lines, once that has begun."""

    def decode(self, data: bytes) -> str:
        """Return the text of the next bytes, b"" for the end of them; the beginning of a character waits for its rest.

        What cannot be decoded becomes U+FFFD.
        """
        self.is_done = not data
        return self._decoder.decode(data, self.is_done)

    def unfinished(self) -> bytes:
        """Return what has come of the line that is not whole yet, as it came as far as that can be told."""
        text = "" if self.cutter is None else self.cutter.unfinished()
        return self._decoder.encode(text) + self._decoder.held()


class LineCutter:
    """Text to lines, which LF, CRLF or CR ends, and nothing else. A CR ends it at once: its LF may be still to come."""

    __slots__ = ("_chars", "_ends_in_cr", "_text", "is_done", "lines")

    def __init__(self) -> None:
        self.lines: collections.deque[str] = collections.deque()
        """Lines that are whole, and that nobody has taken."""
        self.is_done = False
        self._text = io.StringIO()  # of the line that is not whole: its pieces may be many, and small
        self._chars = 0
        self._ends_in_cr = False

    def cut(self, text: str) -> None:
        """Take the next text, and put the lines that it ends into ``lines``."""
        starts_with_lf = self._ends_in_cr and text.startswith("\n")
        self._ends_in_cr = text.endswith("\r")
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n")[starts_with_lf:].split("\n")
        self._add(first)
        if others:
            self._end_line()
            *whole, last = others
            self.lines += whole
            self._add(last)

    def finish(self) -> None:
        """Take the end of the text; it ends the last line, unless that was ended."""
        self.is_done = True
        if self._chars:
            self._end_line()

    def next_is_longer(self, max_chars: int) -> bool:
        """Return whether the next line has more characters than that, or will have when it is whole."""
        return (len(self.lines[0]) if self.lines else self._chars) > max_chars

    def unfinished(self) -> str:
        """Return what has come of the line that is not whole yet."""
        return self._text.getvalue()

    def _add(self, text: str) -> None:
        if text:
            self._text.write(text)
            self._chars += len(text)

    def _end_line(self) -> None:
        self.lines.append(self._text.getvalue())
        if self._chars:
            self._text = io.StringIO()
            self._chars = 0
