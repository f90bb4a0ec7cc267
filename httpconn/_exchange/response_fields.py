"""What a Response holds, and the properties of it that everybody asks for. Compiled too, by ``response_fields.pxd``.

The engine makes one for each exchange. Asked of Python, a property takes some 500 instructions more.
"""

from __future__ import annotations

from typing import Any


class ResponseFields:
    """The attributes of a Response, which adds what is worked out of them, and how it is made by others."""

    __slots__ = (
        "_content",
        "_encoding",
        "_head",
        "_headers",
        "_request",
        "_sent",
        "_stream",
        "_times",
        "_trailers",
        "attempts",
        "defects",
        "error",
        "history",
        "index",
    )

    # What types they have is said by Response: its module imports this one.
    _content: Any
    _encoding: Any
    _head: Any
    _headers: Any
    _request: Any
    _sent: Any
    _stream: Any
    _times: Any
    _trailers: Any
    attempts: Any
    defects: Any
    error: Any
    history: Any
    index: Any

    def __init__(self, request: Any, head: Any, content: bytes) -> None:
        self._fill(request, head, content)

    def _fill(self, request: Any, head: Any, content: bytes) -> None:
        """Set every attribute, of a response that has just been made."""
        self._request = request
        self._head = head
        self._content = content
        self._times = 0.0
        self._headers = self._encoding = self._trailers = self._stream = self._sent = None
        self.attempts = 1
        self.defects = ()
        self.error = None
        self.index = 0
        self.history = ()

    @property
    def status(self) -> int:
        """The status code; 0 where there is no response."""
        head = self._head
        status: int = 0 if head is None else head.status
        return status

    @property
    def content(self) -> bytes:
        """The whole content; of a response that is being streamed, what has not been taken yet.

        Where that goes wrong, what had come is there for ``iter_bytes``. Raises StreamConsumed where all has been
        handed out in parts, or is being read as text.
        """
        if self._stream is not None:
            self._take_stream()
        content: bytes = self._content
        return content

    def _take_stream(self) -> None:
        """Put what is still to come, or has not been taken yet, into ``_content``."""
        raise NotImplementedError
