"""What requests asks for of each response, made at once: attributes, and content that has come with its head.

Nothing here knows requests or urllib3: ``under_requests.py`` hands in the classes that are theirs, or ours below them.
This module is compiled too, with the types of ``at_hand.pxd``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .._wire.head import ResponseHead
from ..model import Request, Response, Timeout


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


def request_like(model: Request, url: str, timeout: Timeout, context: Any) -> Request:
    """Return a Request that says what *model* does, but for these: a tenth of the steps of making one."""
    kind = Request
    request = kind.__new__(kind)
    request._put(model)
    request.url = url
    request.timeout = timeout
    request.context = context
    return request


def raw_of(kind: Any, original_kind: Any, job: Any, response: Response) -> Any:
    """Return a ``raw`` of that *kind*, over *response* to *job*."""
    head = response._head
    original = original_kind(response, head)
    raw = kind.__new__(kind)
    made = raw.__dict__
    made["head"] = head
    made["_original_response"] = original
    made["_unmade"] = job, response, original
    return raw


class Maker:
    """Makes responses of requests, without what each would be made with to be replaced."""

    __slots__ = ("_as_made", "_encoding_by", "_headers_kind", "_host_of", "_jar_kind", "_kind", "_new_headers",
                 "_new_jar", "_raw_kind")  # fmt: skip

    def __init__(
        self,
        kind: Any,
        as_made: dict[str, Any],
        raw_kind: Any,
        headers_kind: Any,
        jar_kind: Any,
        encoding_by: Callable[[str | None], str | None],
        host_of: Callable[[Any], Any],
    ) -> None:
        """*as_made* are the attributes that each has; those with fields and cookies hold what these are made of.

        *host_of* returns the Host field of a request's fields.
        """
        self._kind = kind
        self._as_made = as_made
        self._raw_kind = raw_kind
        self._headers_kind = headers_kind
        self._new_headers = headers_kind.__new__
        self._jar_kind = jar_kind
        self._new_jar = jar_kind.__new__
        self._encoding_by = encoding_by
        self._host_of = host_of

    def make(self, request: Any, raw: Any, url: str, adapter: Any) -> Any:
        """Return the response to *request*, over *raw*, of which *adapter* is the carrier."""
        of_raw = raw.__dict__
        head, carried = of_raw["head"], of_raw["_original_response"]
        headers = self._new_headers(self._headers_kind)
        headers._late = head
        late: tuple[Any, ...] = ({},)
        if carried:  # who has sent it may have turned it into another request by then
            late = {}, request.url, self._host_of(request.headers), carried, int(time.time())
        jar = self._new_jar(self._jar_kind)
        jar.__dict__["_late"] = late
        made = self._as_made.copy()
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
        kind = self._kind
        response = kind.__new__(kind)
        response.__dict__ = made
        return response

    def content_at_hand(self, response: Any) -> bytes | None:
        """Return the content of *response*, of which it notes that it has been read, and make it one of requests' own.

        None where it has been read, or a program may have seen to how it is read, or some of it is still to come or to
        be decoded.
        """
        response.__class__ = self._kind
        made = response.__dict__
        raw = made["raw"]
        if made["_content"] is not False or made["_content_consumed"] or type(raw) is not self._raw_kind:
            return None
        of_raw = raw.__dict__
        unmade = of_raw.get("_unmade")
        if unmade is None or "stream" in of_raw or "_fp" in of_raw:
            return None
        if of_raw["head"].get_joined("content-encoding") is not None:
            return None
        carried = unmade[2]
        content: bytes | None = carried._take_untouched()
        if content is not None:
            made["_content"] = content
            made["_content_consumed"] = True
        return content
