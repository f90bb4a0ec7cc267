"""The common response, read in one step: a plain one.

Most responses are plain, and need no ``ResponseReader``: that would say the same, at several times the cost. Plain is a
head within the plain grammar and of HTTP/1.1, with a final status that has a body, no Connection but keep-alive, and a
body that is told by one Content-Length of a few digits, or comes in plain chunks and is all there, without trailers.
Nothing is behind it. Whatever else there is, is declined: None, and the reader answers for the same bytes.

The one rule for HTTPResponse, pool, fetcher and client, over whichever backend is in use. This module is compiled too,
with the types of ``plain.pxd``.
"""

from __future__ import annotations

from .annotations import TYPE_CHECKING, Final, TypeAlias
from .chunked import SIZE_LINE_NEXT
from .grammar import KEEP_ALIVE, LONGEST_PLAIN_SIZE_LINE, MAX_BODY_BYTES, NO_CONTENT, NOT_MODIFIED, Limits
from .head import Begun, ResponseHead

if TYPE_CHECKING:
    from .._backends.contract import Backend

Plain: TypeAlias = tuple[ResponseHead, bytes, int, bytes, int, str]
"""A plain response: head, content that is there, bytes that are to come, what came behind the head, status, reason."""

VERSION: Final = 11
"""Of every plain response."""
_VERSION: Final = VERSION
_OK: Final = 200
"""The first status that is final, and nearly always the one that comes."""
_KEEP_ALIVE: Final = KEEP_ALIVE
_NO_CONTENT: Final = NO_CONTENT
_NOT_MODIFIED: Final = NOT_MODIFIED
DECLINED: Final = -1
IN_CHUNKS: Final = -2
_DECLINED: Final = DECLINED
_IN_CHUNKS: Final = IN_CHUNKS
_LAST_CHUNK: Final = b"0\r\n\r\n"
"""As it nearly always comes: with the empty line behind it."""


class PlainReader:
    """Reads the plain ones among the responses that come under certain limits."""

    __slots__ = ("_begin_head", "_field_lines", "_head_bytes", "_line_bytes", "_max_content", "_take_chunks",
                 "_takes_coded", "backend", "limits")  # fmt: skip

    def __init__(
        self, backend: Backend, limits: Limits, max_content: int | None = None, *, takes_coded: bool = True
    ) -> None:
        """Content of more than *max_content* bytes is declined, too, and without *takes_coded* what has a coding."""
        self.backend = backend
        self.limits = limits
        self._begin_head = backend.begin_response_head
        self._take_chunks = backend.take_chunks
        self._line_bytes = min(limits.line_bytes, MAX_BODY_BYTES)
        self._field_lines = min(limits.field_lines, MAX_BODY_BYTES)
        self._head_bytes = min(limits.head_bytes, MAX_BODY_BYTES)
        self._takes_coded = takes_coded
        self._max_content = min(
            MAX_BODY_BYTES if limits.body_bytes is None else limits.body_bytes,
            MAX_BODY_BYTES if max_content is None else max(0, max_content),
        )

    def begin(self, data: bytes) -> Plain | None:
        """Return the response that *data* begins, the answer to any request but HEAD and CONNECT; None: declined."""
        begun = self._begin_head(data, self._line_bytes, self._field_lines)
        return None if begun is None else self.take(begun, len(data))

    def take(self, begun: Begun, most: int) -> Plain | None:
        """Return the same where a backend has begun with the head, which is of *most* bytes at most."""
        left = self.left_of(begun, most)
        if left >= 0:
            return begun[0], begun[1], left, begun[1], begun[3], begun[4]
        content = self.chunked_content_of(begun) if left == _IN_CHUNKS else None
        return None if content is None else (begun[0], content, 0, begun[1], begun[3], begun[4])

    def left_of(self, begun: Begun, most: int) -> int:
        """Return how many bytes are to come of a response that a backend has begun with, whose head is of *most* bytes
        at most; or DECLINED, or IN_CHUNKS: ``chunked_content_of`` knows whether that is plain.

        For who asks often, and so gets a number instead of a tuple.
        """
        head, rest, version, status, _, length, coding, connection, encoding = begun
        if version != _VERSION or (status != _OK and (status < _OK or status in (_NO_CONTENT, _NOT_MODIFIED))):
            return _DECLINED
        if connection is not None and connection is not _KEEP_ALIVE and connection.lower() != _KEEP_ALIVE:
            return _DECLINED  # else it persists
        if most > self._head_bytes and len(head.block) > self._head_bytes:
            return _DECLINED
        if encoding is not None and not self._takes_coded:
            return _DECLINED
        if coding is not None:
            return _DECLINED if length is not None or coding.lower() != "chunked" else _IN_CHUNKS
        if type(length) is not int:
            return _DECLINED
        size = length
        left = size - len(rest)
        return _DECLINED if left < 0 or size > self._max_content else left

    def begin_answer_to_head(self, data: bytes) -> Plain | None:
        """Return the response that *data* is, as an answer to HEAD: nothing comes behind it, whatever it announces."""
        begun = self._begin_head(data, self._line_bytes, self._field_lines)
        if begun is None or begun[1]:
            return None
        head, _, version, status, reason, _, _, connection, _ = begun
        of_nothing = head, b"", version, status, reason, 0, None, connection, None
        return (head, b"", 0, b"", status, reason) if self.left_of(of_nothing, len(data)) == 0 else None

    def chunked_content_of(self, begun: Begun) -> bytes | None:
        """Return the content that comes in chunks behind a head, if they are all there, and plain."""
        chunks = begun[1]
        if self._line_bytes < LONGEST_PLAIN_SIZE_LINE:
            return None
        content, end, left = self._take_chunks(chunks, 0, SIZE_LINE_NEXT, -1)
        if left != SIZE_LINE_NEXT or chunks[end:] != _LAST_CHUNK:
            return None
        return None if len(content) > self._max_content else content


_last: PlainReader | None = None
_GET: Final = "GET"
"""The usual one, which is told at once."""


def take_plain_response(backend: Backend, data: bytes, method: str | None, limits: Limits) -> Plain | None:
    """Return the response that *data* is, where it is whole and plain, else None. *method* is what it answers."""
    global _last
    if type(data) is not bytes or (method is not _GET and not _has_content(method)):
        return None  # a file in the socket's place may give anything
    reader = _last
    if reader is None or reader.limits is not limits or reader.backend is not backend:
        reader = _last = PlainReader(backend, limits)  # which nearly always serves for the next one too
    found = reader.begin(data)
    return None if found is None or found[2] else found


def _has_content(method: object) -> bool:
    """Return whether the answer to a request of *method* has content; False too for what is no method."""
    return method is None or (type(method) is str and method != "HEAD" and method != "CONNECT")
