"""The exceptions: http.client's own classes, and the few that are ours.

Every exception that the standard library names is re-exported here by identity, so that
``except http.client.IncompleteRead`` goes on catching what this package raises. Ours derive from
``HTTPException`` and say what was got and what was expected; they quote at most 64 bytes of it.
"""

from __future__ import annotations

from http.client import (
    BadStatusLine,
    CannotSendHeader,
    CannotSendRequest,
    HTTPException,
    ImproperConnectionState,
    IncompleteRead,
    InvalidURL,
    LineTooLong,
    NotConnected,
    RemoteDisconnected,
    ResponseNotReady,
    UnimplementedFileMode,
    UnknownProtocol,
    UnknownTransferEncoding,
)

__all__ = [
    "BadStatusLine",
    "BodyTooLong",
    "CannotSendHeader",
    "CannotSendRequest",
    "HTTPException",
    "ImproperConnectionState",
    "IncompleteRead",
    "InvalidField",
    "InvalidURL",
    "LineTooLong",
    "MalformedFraming",
    "MalformedHead",
    "MalformedResponse",
    "NotConnected",
    "RemoteDisconnected",
    "ResponseNotReady",
    "UnimplementedFileMode",
    "UnknownProtocol",
    "UnknownTransferEncoding",
    "line_too_long",
    "quote",
]

MAX_QUOTED_BYTES = 64


class InvalidField(HTTPException, ValueError):
    """A field that the caller asked to send cannot be sent; nothing has been sent."""


class MalformedResponse(HTTPException):
    """The server's bytes are outside what this mode accepts; the connection is closed."""


class MalformedHead(MalformedResponse):
    """A status-line or a field line that is refused. Raised by ``getresponse()``."""


class MalformedFraming(MalformedResponse):
    """The fields or the chunks do not tell where the body ends. Raised by the first read."""


class BodyTooLong(MalformedResponse):
    """The body is longer than the caller's limit. Raised by the read that would pass it."""


def quote(data: bytes | bytearray | str) -> str:
    """Return *data* for an error text: at most 64 bytes of it, escaped, and how many more there were."""
    shown = data[:MAX_QUOTED_BYTES]
    text = repr(shown if isinstance(shown, str) else bytes(shown))
    rest = len(data) - len(shown)
    return f"{text} and {rest} bytes more" if rest else text


def line_too_long(limit: int, what: str) -> LineTooLong:
    """Return http.client's LineTooLong, saying the limit that was in force here.

    Its own constructor would print ``http.client._MAXLINE`` whatever limit was applied.
    """
    error = LineTooLong(what)
    error.args = (f"got more than {limit} bytes when reading {what}",)
    return error
