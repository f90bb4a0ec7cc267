"""What is decided when an exchange has ended: whether it was answered, and whether the request is sent again."""

from __future__ import annotations

import ssl
from typing import Any, Final

from .._wire.urls import parse_url, redacted
from ..errors import (
    AddressNotAllowed,
    BadStatusLine,
    BodyTooLong,
    ContentDecodingError,
    HTTPException,
    IncompleteRead,
    InvalidURL,
    LineTooLong,
    ProxyError,
    ReadTimeout,
    TotalTimeout,
)
from ..model import Request, Response, Sent
from .incoming import Incoming
from .job import Job
from .sink import FILES, Sink, taken_by_file, takes

_LOST: Final = (ConnectionError, ssl.SSLError)
_OF_CONTENT: Final = (*_LOST, IncompleteRead, BodyTooLong, ContentDecodingError, LineTooLong, ReadTimeout)


class _LeftOutContent(BadStatusLine):
    """What has been read as an answer may be the content that the one before it left out."""


def check_is_answer(incoming: Incoming, left_out_bytes: int) -> None:
    """Check a whole answer to HEAD, over a connection whose last answer left so many bytes of content out; -1: unknown.

    If it is really that content, it is exactly as long or has more bytes behind it. Raises BadStatusLine then.
    """
    if incoming.received_bytes == left_out_bytes or incoming.has_bytes_behind():
        raise _LeftOutContent("the content that an answer to HEAD had left out, or what may be it")


def is_left_out_content(incoming: Incoming, error: BaseException) -> bool:
    """Return whether *error* means that what was received is no response.

    It is asked behind an answer that left announced content out: those bytes are taken for that content.
    """
    if isinstance(error, _LeftOutContent):
        return True
    return incoming.head is None and incoming.began and isinstance(error, HTTPException)


def may_resend(
    job: Job, incoming: Incoming, error: BaseException, *, was_reused: bool, is_behind_left_out: bool = False
) -> bool:
    """Return whether *job* is sent once more, on a fresh connection.

    Only where the connection had carried another exchange before, so that the peer may have closed it just as the
    request went out; where no byte of an answer came; and where a second request does no harm. At once, once, and
    counted for no ``Retry``, which may have it sent again after that. Source: Go, net/http,
    persistConn.shouldRetryRequest; RFC 9110 section 9.2.2.

    *is_behind_left_out*: the exchange before it left announced content out. Where that has come after all, there is no
    answer either.
    """
    if not was_reused or not job.is_resendable or job.attempts >= 2:
        return False
    if is_behind_left_out and is_left_out_content(incoming, error):
        return True
    return not incoming.began and isinstance(error, _LOST)


def is_of_content(error: BaseException) -> bool:
    """Return whether *error*, which came behind the head of a response, is about its content alone.

    Not that the head does not tell where the message ends, nor the end of the whole time.
    """
    return isinstance(error, _OF_CONTENT)


def note_failure(job: Job, incoming: Incoming, error: BaseException, *, was_reused: bool, was_open: bool) -> None:
    """Note on *job* whether the failure is of the kind that a ``Retry`` retries without being told.

    Such are a connection that could not be made, and one that had been kept and was lost before a byte of an answer
    came. Not an address or a certificate that is refused, nor a proxy that will not have the request (407), nor the
    end of the whole time.
    """
    job.has_failed_unopened = not was_open
    if was_open:
        job.has_failed_harmlessly = was_reused and not incoming.began and isinstance(error, _LOST)
    else:
        is_refusal = isinstance(error, ProxyError) and 400 <= error.status < 500
        job.has_failed_harmlessly = (
            isinstance(error, OSError)
            and not is_refusal
            and not isinstance(error, (AddressNotAllowed, ssl.SSLCertVerificationError, TotalTimeout))
        )


def pour_into_sink(job: Job, response: Response, wait_s: float | None) -> None:
    """Move the content of a result to where its request wants it. Raises what the sink raises."""
    request: Any = response._request  # which is a Request, where there is a sink
    head, content = response._head, response._content
    if head is None or not takes(request, job.method, head):
        return
    response._content = b""
    if content and type(request.sink) in FILES:
        job.has_poured = True
        content = content[taken_by_file(request.sink, content) :]
        if not content:
            return
    sink = Sink(request.sink, wait_s)
    job.has_poured = job.has_poured or not sink.can_begin_anew
    try:
        sink.write(content)
    except BaseException:
        sink.abandon()
        raise
    sink.commit()


def unanswered(request: Any, index: int, error: BaseException, attempts: int = 0, sent: Sent | None = None) -> Response:
    """Return the result of a request to which no response came; *sent* is what of it was sent last, where that is kept.

    Results end up in logs, so no password is repeated: neither from a URL that was refused, nor what was taken out
    of it. The caller's own Request stays as it is.
    """
    if not isinstance(request, Request | str):
        request = f"<{type(request).__name__}>"
    elif isinstance(request, str) and redacted(request) != request:
        request = Request("GET", request)
    if isinstance(request, Request) and isinstance(error, InvalidURL):
        request = _without_secrets(request)
    response = Response(request, None, b"")
    response.index = index
    response.attempts = attempts
    response.error = error
    if sent is not None:
        response._sent = sent
    return response


def _without_secrets(request: Request) -> Request:
    """Return *request*, which was refused for its URL or its proxy's, as it may be shown."""
    try:
        parse_url(request.url)
    except InvalidURL:
        return request.replaced(url=redacted(request.url), auth=None)
    return request.replaced(proxy=redacted(request.proxy)) if isinstance(request.proxy, str) else request
