"""What requests asks for of each response, made at once: attributes, and content that has come with its head.

Nothing here knows requests or urllib3: ``under_requests.py`` hands in the classes that are theirs, or ours below them.
This module is compiled too, with the types of ``at_hand.pxd``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .._wire.head import ResponseHead
from ..model import Response


class Carried:
    """A response of a pool that requests has, and what has become of its content."""

    __slots__ = ("_content", "_has_cookies", "_is_taken", "_msg", "_response")

    _content: Any
    """The content as a file, once somebody reads it as such."""
    _is_taken: bool
    """Whether all of it has been handed out without that."""

    def __init__(self, response: Response, head: ResponseHead) -> None:
        self._response = response
        self._content = None
        self._is_taken = False
        self._has_cookies = head.get_joined("set-cookie") is not None
        self._msg: Any = None

    def __bool__(self) -> bool:
        """Return whether there are cookies to take: requests asks that before it looks, twice for each response."""
        return self._has_cookies

    def isclosed(self) -> bool:
        content, response = self._content, self._response
        if content is None:
            return self._is_taken or (response._stream is None and not response._content)
        return bool(content.closed)

    def _take_untouched(self) -> bytes | None:
        """Return the content, where all of it has come and nobody has begun to read it; None: else."""
        response = self._response
        if self._is_taken or self._content is not None or response._stream is not None:
            return None
        self._is_taken = True
        return response._content


def content_at_hand(made: dict[str, Any], raw_kind: type) -> bytes | None:
    """Return the content of a ``requests.Response`` with the attributes *made*, which note that it has been read.

    None where it has been read, or a program may have seen to how it is read, or some of it is still to come or to be
    decoded.
    """
    raw = made["raw"]
    if made["_content"] is not False or made["_content_consumed"] or type(raw) is not raw_kind:
        return None
    of_raw = raw.__dict__
    unmade = of_raw.get("_unmade")
    if unmade is None or "stream" in of_raw or "_fp" in of_raw:
        return None
    if of_raw["head"].get_joined("content-encoding") is not None:
        return None
    carried = unmade[3]
    content: bytes | None = carried._take_untouched()
    if content is not None:
        made["_content"] = content
        made["_content_consumed"] = True
    return content


class Maker:
    """Makes responses of requests, without what each would be made with to be replaced."""

    __slots__ = ("_as_made", "_encoding_by", "_headers_kind", "_jar_kind", "_kind")

    def __init__(
        self,
        kind: Any,
        as_made: dict[str, Any],
        headers_kind: Any,
        jar_kind: Any,
        encoding_by: Callable[[str | None], str | None],
    ) -> None:
        """*as_made* are the attributes that each has; those with fields and cookies hold what these are made of."""
        self._kind = kind
        self._as_made = as_made
        self._headers_kind = headers_kind
        self._jar_kind = jar_kind
        self._encoding_by = encoding_by

    def make(self, request: Any, raw: Any, url: str, adapter: Any) -> Any:
        """Return the response to *request*, over *raw*, of which *adapter* is the carrier."""
        of_raw = raw.__dict__
        head, carried = of_raw["head"], of_raw["_original_response"]
        headers = self._headers_kind.__new__(self._headers_kind)
        headers.__dict__["_late"] = head
        late: tuple[Any, ...] = ({},)
        if carried:  # who has sent it may have turned it into another request by then
            late = {}, request.url, request.headers.get("Host"), carried, int(time.time())
        jar = self._jar_kind.__new__(self._jar_kind)
        jar.__dict__["_late"] = late
        response = self._kind.__new__(self._kind)
        made = response.__dict__
        made.update(self._as_made)
        made["status_code"] = head.status
        made["headers"] = headers
        made["raw"] = raw
        made["url"] = url
        made["encoding"] = self._encoding_by(head.get_joined("content-type"))
        made["history"] = []
        made["reason"] = head.reason or ""
        made["cookies"] = jar
        made["request"] = request
        made["connection"] = adapter
        return response
