"""The exceptions: http.client's own classes, and the few that are ours.

Every exception that the standard library names is re-exported here by identity, so that
``except http.client.IncompleteRead`` goes on catching what this package raises. Ours derive from
``HTTPException`` and say what was got and what was expected; they quote at most 64 bytes of it.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterable, Mapping, Sequence
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

from ._wire.annotations import Any, TypeVar

__all__ = [
    "AddressNotAllowed",
    "BadStatusLine",
    "BodyTooLong",
    "CannotSendHeader",
    "CannotSendRequest",
    "ConnectTimeout",
    "ContentDecodingError",
    "ContentTooLong",
    "FingerprintMismatch",
    "HTTPException",
    "ImproperConnectionState",
    "IncompleteFetch",
    "IncompleteRead",
    "IncompleteSink",
    "InvalidField",
    "InvalidTunnelHost",
    "InvalidURL",
    "LineTooLong",
    "MalformedChunks",
    "MalformedFraming",
    "MalformedHead",
    "MalformedResponse",
    "MissingDecoder",
    "MissingExtra",
    "NotConnected",
    "PoolClosed",
    "PoolTimeout",
    "ProxyError",
    "ReadTimeout",
    "RemoteDisconnected",
    "RequestTimeout",
    "ResponseNotReady",
    "RobotsDisallowed",
    "RobotsUnreachable",
    "SinkTimeout",
    "StatusError",
    "StreamConsumed",
    "TooFewDescriptors",
    "TooManyRedirects",
    "TotalTimeout",
    "UnimplementedFileMode",
    "UnknownProtocol",
    "UnknownTransferEncoding",
    "UnsupportedScheme",
    "line_too_long",
    "quote",
    "unknown_option",
]

MAX_QUOTED_BYTES = 64
_TLS_ALERT = "\x15\x03"
"""How a record of TLS begins by which a server says that it has not understood."""
_MOST_LISTED = 8
"""Options that are told by name where none is near."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
"""What OpenSSL says, by its version, of an answer that is none of TLS."""


class _Portable(HTTPException):
    """Crosses to another process, and is copied, as it is: text, attributes, and ``__cause__``, which Python leaves."""

    def __reduce__(self) -> tuple[Any, ...]:
        way = super().__reduce__()
        assert isinstance(way, tuple)
        return *way[:2], _state_of(self)


def _state_of(error: BaseException) -> dict[str, Any]:
    """Return what ``__setstate__`` of exceptions sets, one attribute after the other."""
    cause = error.__cause__
    return {**vars(error)} if cause is None else {**vars(error), "__cause__": cause}


def _reduce_standard(error: HTTPException) -> tuple[Any, ...]:
    """Return how an *error* of http.client's own is made again: not by its constructor, which changes the text."""
    return copyreg.__newobj__, (type(error), *error.args), _state_of(error)  # type: ignore[attr-defined]  # not in typeshed


# The text of LineTooLong would go into its text once more, and the reason of an IncompleteRead would be lost.
copyreg.pickle(LineTooLong, _reduce_standard)
copyreg.pickle(IncompleteRead, _reduce_standard)


class IncompleteFetch(IncompleteRead):
    """The IncompleteRead of a pool or fetcher, which says of what; ``partial`` and ``expected`` are as ever."""

    place = ""

    def __str__(self) -> str:
        return f"{self!r} ({self.place})"

    __reduce__ = _reduce_standard


class IncompleteSink(IncompleteFetch):
    """The same of content that went into a sink: ``written`` bytes of it, which the text counts as read."""

    def __init__(self, partial: bytes = b"", expected: int | None = None, written: int = 0) -> None:
        super().__init__(partial, expected)
        self.written = written

    def __repr__(self) -> str:
        more = "" if self.expected is None else f", {self.expected} more expected"
        return f"IncompleteSink({self.written} bytes read{more})"


def name_place(error: BaseException, place: str) -> None:
    """Have the text of *error* say that it is of *place*: what was asked for, and through which proxy.

    What the operating system, TLS and http.client say is of a connection that nobody else knows the other end of. The
    error stays the object that it is; one that is the caller's own, by its class, gets it as a note (PEP 678).
    """
    if place in str(error):  # a second time, by another way
        return
    text = error.args[0] if len(error.args) == 1 else None
    if type(error) is IncompleteRead:
        # Whose instances differ in their text only, and in what else they are.
        reason = error.__cause__
        error.__class__ = MalformedChunks if isinstance(reason, MalformedFraming) else IncompleteFetch
        if isinstance(error, MalformedChunks):
            error.reason = str(reason)
    elif type(error) is BadStatusLine or type(error) is UnknownProtocol:
        # What was got is the whole text with http.client.
        hint = "; that is TLS: was https:// meant?" if str(text).startswith(_TLS_ALERT) else ""
        text = f"expected a status-line of HTTP/1.0 or HTTP/1.1, got {quote(str(text))}{hint}"
    if isinstance(error, IncompleteFetch):
        error.place = f"{error.place}; {place}" if error.place else place
    elif isinstance(error, HTTPException) and isinstance(text, str):
        error.args = (f"{text} ({place})",)
    elif isinstance(error, OSError) and len(error.args) >= 2 and error.args[1] == error.strerror:
        # The text is made from one, and pickled by the other.
        hint = ": is no TLS spoken there, and http:// meant?" if getattr(error, "reason", None) in _NO_TLS else ""
        error.strerror = f"{error.strerror} ({place}){hint}"
        error.args = (error.args[0], error.strerror, *error.args[2:])
    elif isinstance(error, OSError) and isinstance(text, str):
        error.args = (f"{text} ({place})",)
    elif isinstance(error, Exception) and f"({place})" not in getattr(error, "__notes__", ()):
        error.add_note(f"({place})")


class InvalidField(_Portable, ValueError):
    """A field that the caller asked to send cannot be sent; nothing has been sent."""


class InvalidTunnelHost(InvalidURL, ValueError):
    """The host of a tunnel has a character that no host has; nothing has been sent."""


class MalformedResponse(_Portable):
    """The server's bytes are outside what this mode accepts; the connection is closed."""


class MalformedHead(MalformedResponse):
    """A status-line or a field line that is refused. Raised by ``getresponse()``."""


class MalformedFraming(MalformedResponse):
    """The fields or the chunks do not tell where the body ends. Raised by the first read."""


class MalformedChunks(IncompleteFetch, MalformedFraming):
    """Chunks or their trailer section are malformed, for a pool or fetcher; with ``partial``, what had come before.

    An IncompleteRead, too, which is all that http.client says of it.
    """

    reason = ""
    """The text of its ``__cause__``, in whose place a process pool puts something else."""

    def __str__(self) -> str:
        return f"{self.reason} ({len(self.partial)} bytes read) ({self.place})"


class BodyTooLong(MalformedResponse):
    """The body is longer than the caller's limit. Raised by the read that would pass it."""


class UnsupportedScheme(InvalidURL):
    """A URL of another scheme than http and https. Raised before any traffic."""


class ContentTooLong(BodyTooLong):
    """The content is longer than ``max_content``, or expands more than ``max_ratio`` allows."""


class ContentDecodingError(_Portable):
    """The content cannot be decoded from its content coding, or ends too early; ``partial`` is what could be."""

    def __init__(self, text: str, partial: bytes = b"") -> None:
        super().__init__(text)
        self.partial = partial


class MissingDecoder(ContentDecodingError):
    """A content coding that was asked for, or that came, has no decoder here."""


class MissingExtra(_Portable, ImportError):
    """Something was asked for that needs a package which is not installed; the text says which. Before any traffic."""


class ProxyError(_Portable, ConnectionError):
    """A proxy refused to open a connection, or what it said is not its protocol; nothing has gone to the origin.

    ``status`` is an HTTP proxy's status code (407: credentials are wanted, or wrong), ``headers`` its answer's fields
    as (name, value) pairs; 0 and none where there was no answer.
    """

    def __init__(self, text: str, status: int = 0, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


class FingerprintMismatch(_Portable):
    """The certificate is not the one that was asked for, or there is none, without TLS; no request has been sent."""


class AddressNotAllowed(HTTPException, OSError):
    """``allow_address`` says no to where a request would go, or a redirect leads to a Unix socket; nothing is sent."""


class RobotsDisallowed(_Portable):
    """The robots.txt of the host says that this must not be asked for (``robots``); nothing has been sent."""


class RobotsUnreachable(RobotsDisallowed):
    """The host's robots.txt cannot be had: by RFC 9309, nothing may be asked for then. ``__cause__`` says why.

    Its ``status`` is that of the answer, 500 or above; 0 where there was none. It is looked for again after a while.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class StatusError(_Portable):
    """A response of status 400 or above, raised by ``Response.raise_for_status``; it is in ``response``."""

    def __init__(self, text: str, response: object = None) -> None:
        super().__init__(text)
        self.response = response


class TooManyRedirects(_Portable):
    """More redirects than ``redirects`` allows; the last of them is in ``response``, those before it in its history."""


class RequestTimeout(_Portable, TimeoutError):
    """A time of ``Timeout`` is over; its kinds tell which."""


class ConnectTimeout(RequestTimeout):
    """No connection within ``Timeout.connect``: name, addresses and TLS handshake together."""


class ReadTimeout(RequestTimeout):
    """Nothing came, or nothing could be sent, for ``Timeout.read``."""


class SinkTimeout(RequestTimeout):
    """A sink that does not block took nothing for ``Timeout.read``."""


class TotalTimeout(RequestTimeout):
    """The request was not done within ``Timeout.total``."""


class PoolTimeout(RequestTimeout):
    """No connection of the pool was free within ``Timeout.pool``."""


class StreamConsumed(_Portable, RuntimeError):
    """The content of a response that was streamed has been handed out, or is being read in another way, as text."""


class TooFewDescriptors(RuntimeWarning):
    """A fetcher or pool may open more connections than this process may have file descriptors, or has found out so."""


class PoolClosed(_Portable, RuntimeError):
    """A request to a pool or fetcher that has been closed."""


ErrorT = TypeVar("ErrorT", bound=BaseException)


def without_frames(error: ErrorT) -> ErrorT:
    """Return *error*, which is data from here on: neither it nor what led to it holds a frame.

    A frame holds its locals and, through its callers' frames, everything that was at work. With a result in one of
    them that is a cycle: sockets and bodies would stay until the garbage collector comes by.
    """
    chain: list[BaseException] = [error]
    for link in chain:
        link.__traceback__ = None
        for other in (link.__cause__, link.__context__):
            if other is not None and all(other is not known for known in chain):
                chain.append(other)
    return error


def quote(data: bytes | bytearray | str) -> str:
    """Return *data* for an error text: at most 64 bytes of it, escaped, and how many more there were."""
    shown = data[:MAX_QUOTED_BYTES]
    text = repr(shown if isinstance(shown, str) else bytes(shown))
    rest = len(data) - len(shown)
    return f"{text} and {rest} bytes more" if rest else text


def unknown_option(name: str, known: Iterable[str], where: str, others: Mapping[str, str]) -> TypeError:
    """Return the TypeError for the option *name*, which *where* does not have: it has *known*.

    *others* maps names that other libraries have for an option to what it is here; else the nearest name is told.
    """
    text = f"{where} has no option {name!r}"
    if name in others:
        return TypeError(f"{text}; here that is {others[name]}")
    from difflib import get_close_matches  # late: it takes a while, and most never need it

    names = [*known]
    near = get_close_matches(name, names, 1)
    if near:
        return TypeError(f"{text}; did you mean {near[0]!r}?")
    return TypeError(f"{text}; it has {', '.join(names)}" if len(names) <= _MOST_LISTED else text)


def line_too_long(limit: int, what: str, unit: str = "bytes") -> LineTooLong:
    """Return http.client's LineTooLong, saying the limit that was in force here.

    Its own constructor would print ``http.client._MAXLINE`` whatever limit was applied.
    """
    error = LineTooLong(what)
    error.args = (f"got more than {limit} {unit} when reading {what}",)
    return error
