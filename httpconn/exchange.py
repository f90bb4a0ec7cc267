"""One exchange, without any I/O: a request made into bytes, and the bytes of its response into content.

What a pool and a fetcher have in common, and what neither does a second time: how a request is serialised and
judged before any traffic, how a response is read, decoded and bounded, when its connection may carry another
request, and when a request may be sent again.
"""

from __future__ import annotations

import io
import json
import os
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from . import _backends, decoding
from ._backends.contract import Engine
from ._wire.grammar import Limits
from ._wire.head import ResponseHead
from ._wire.reader import NEED_DATA, ResponseReader
from ._wire.request import encode_field_line, validate_method, validate_target
from .decoding import ContentDecoder
from .errors import ContentDecodingError, ContentTooLong, IncompleteRead, InvalidField
from .model import DEFAULT_TIMEOUT, Headers, Request, Response, Timeout
from .urls import Origin, parse_url

DEFAULT_MAX_CONTENT: Final = 64 * 1_048_576
DEFAULT_FIELD_LINES: Final = 256
USER_AGENT: Final = "httpconn/0.1"

Key = tuple[Any, ...]
"""What connections are kept by: scheme, host, port, and for TLS the context and the name that is checked."""

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110 section 9.2.2
_METHODS_EXPECTING_CONTENT: Final = frozenset({"PATCH", "POST", "PUT"})
_SMALL_BODY_BYTES: Final = 65_536
_FILE_STEP_BYTES: Final = 65_536
_SWITCHING_PROTOCOLS: Final = 101


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all requests of a pool or fetcher share. Pickles, unless there is a TLS context in it."""

    headers: Headers | None = None
    """Sent with each request that has no field of that name; None for our own Accept and User-Agent."""
    timeout: Timeout = DEFAULT_TIMEOUT
    limits: Limits = field(default_factory=lambda: Limits(field_lines=DEFAULT_FIELD_LINES))
    max_content: int | None = DEFAULT_MAX_CONTENT
    max_ratio: float = decoding.DEFAULT_MAX_RATIO
    context: ssl.SSLContext | None = None
    server_hostname: str | None = None


class Job:
    """A request that was found good, ready to be sent, as often as that may be."""

    # What few jobs need stands here and not in every instance.
    body: Callable[[], Iterator[bytes]] | None = None
    """Gives what is sent behind ``head``, framed, from its beginning."""
    is_resendable = True
    is_plain = True
    """A response with content, which goes to memory, under the limits that all share."""
    timeout: Timeout | None = None
    attempts = 0
    started = 0.0

    def __init__(self, request: Request | str, index: int, key: Key, origin: Origin, method: str, head: bytes) -> None:
        self.request = request
        self.index = index
        self.key = key
        self.origin = origin
        self.method = method
        self.head = head
        """The head, and the body too where that is short."""


class Preparer:
    """Makes jobs of requests: judges them, and serialises their heads."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidField or TypeError where the settings' own headers cannot be sent."""
        self.settings = settings
        given = settings.headers
        pairs = _pairs(given) if given is not None else [("Accept", "*/*"), ("User-Agent", USER_AGENT)]
        self._default_pairs = pairs
        self._plain: dict[str, Any] = dict(pairs)
        names = {str(name).lower() for name, _ in pairs}
        if len(names) < len(pairs):
            raise InvalidField("expected each name once in the headers that go with every request")
        if "accept-encoding" not in names:
            self._plain["Accept-Encoding"] = decoding.accept_encoding()
        self._check_own(pairs)
        self._tls = (settings.context, settings.server_hostname)

    def prepare_url(self, url: str, index: int) -> Job:
        """Return the job to GET *url*. Raises InvalidURL, InvalidField, TypeError."""
        origin, target = parse_url(url)
        head = _backends.selected.serialize_request_head("GET", target, origin.host_field, self._plain, -1)
        if head is None:
            return self.prepare(Request("GET", url), index)
        return Job(url, index, origin.key + self._tls if origin.is_tls else origin.key, origin, "GET", head)

    def prepare(self, request: Request, index: int = 0) -> Job:
        """Return the job of *request*. Raises InvalidURL, InvalidField, MissingDecoder, ValueError, TypeError."""
        origin, target = parse_url(request.url)
        method = request.method
        if type(method) is not str or not method:
            raise TypeError(f"expected a method as str, got {method!r}")
        if request.max_content is not None and request.max_content < 0:
            raise ValueError(f"expected max_content of 0 or more, got {request.max_content}")
        body, length, content_type = _body_of(request, method)
        own = _pairs(request.headers)
        if content_type is not None and all(name.lower() != "content-type" for name, _ in own):
            own.append(("Content-Type", content_type))
        self._check_own(own, length, decode=request.decode)
        key: Key = origin.key
        if origin.is_tls:
            context, server_hostname = self._tls
            key += (request.context or context, request.server_hostname or server_hostname)
        head = self._serialize(method, target, origin, own, length)
        job = Job(request, index, key, origin, method, head)
        job.timeout = None if request.timeout is None else Timeout.of(request.timeout)
        job.is_resendable = method in _IDEMPOTENT
        job.is_plain = (
            method not in ("HEAD", "CONNECT")
            and request.decode
            and request.sink is None
            and request.max_content is None
        )
        if isinstance(body, bytes):
            if len(body) <= _SMALL_BODY_BYTES:
                job.head += body
            else:
                job.body = lambda: iter((body,))
        elif body is not None:
            job.body = body.parts
            job.is_resendable = job.is_resendable and body.is_replayable
        return job

    def _serialize(
        self, method: str, target: str, origin: Origin, own: list[tuple[str, Any]], length: int | None
    ) -> bytes:
        """Return the head; *length* is -1 for no body, None for one that is chunked."""
        fields = self._merged(own)
        if length is not None and len(fields) == len(named := dict(fields)):
            head = _backends.selected.serialize_request_head(method, target, origin.host_field, named, length)
            if head is not None:
                return head
        validate_method(method)
        validate_target(target)
        names = {_name(name) for name, _ in fields}
        lines = [f"{method} {target} HTTP/1.1".encode("ascii")]
        if "host" not in names:
            lines.append(b"Host: " + origin.host_field)
        if "accept-encoding" not in names:
            lines.append(b"Accept-Encoding: identity")
        if length is None:
            lines.append(b"Transfer-Encoding: chunked")
        elif length >= 0:
            lines.append(b"Content-Length: %d" % length)
        lines += [encode_field_line(name, (value,), True) for name, value in fields]
        return b"\r\n".join((*lines, b"", b""))

    def _merged(self, own: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Return the fields in their order: those that all requests share, unless *own* has them, and then *own*."""
        if not own:
            return list(self._plain.items())
        names = {_name(name) for name, _ in own}
        shared = [(name, value) for name, value in self._plain.items() if name.lower() not in names]
        return [*shared, *(pair for pair in own if _name(pair[0]) != "content-length")]

    def _check_own(self, pairs: list[tuple[str, Any]], length: int | None = -1, *, decode: bool = True) -> None:
        """Raise for a caller's field that cannot be meant: framing that is not the body's, a coding nobody undoes."""
        for name, value in pairs:
            lowered = _name(name)
            if lowered == "transfer-encoding":
                raise InvalidField("Transfer-Encoding is set here, where the length of the body is not known")
            if lowered == "content-length" and str(value) != str(length if length is None else max(length, 0)):
                raise InvalidField(f"Content-Length says {value!s:.20}, the body has {length} bytes")
            if lowered == "accept-encoding" and decode:
                decoding.check_asked_for(value if isinstance(value, str) else str(value))


def _name(name: Any) -> str:
    if isinstance(name, str):
        return name.lower()
    if isinstance(name, bytes):
        return name.decode("latin-1").lower()
    raise TypeError(f"expected the name of a field as str, got {type(name).__name__}")


def _pairs(headers: Headers | None) -> list[tuple[str, Any]]:
    """Return *headers* as pairs; a mapping's list or tuple of values becomes as many lines. Raises TypeError."""
    if headers is None:
        return []
    if not isinstance(headers, Mapping):
        try:
            return [(name, value) for name, value in headers]
        except ValueError:
            raise TypeError("expected headers as a mapping, or as pairs of name and value") from None
    return [
        (name, line)
        for name, value in headers.items()
        for line in (value if isinstance(value, (list, tuple)) else (value,))
    ]


def short_road(settings: Settings) -> tuple[Engine | None, Any]:
    """Return the compiled road for plain responses and the limits to give it.

    Or None, where the backend in use has none, or where these limits are not all that it would have to know.
    """
    engine, limits = _backends.selected.engine, settings.limits
    if engine is None or limits.body_bytes is not None or limits.head_bytes < limits.line_bytes:
        return None, None
    return engine, engine.limits(
        limits.line_bytes,
        limits.field_lines,
        limits.trailer_lines,
        limits.chunk_overhead_bytes,
        settings.max_content,
    )


# -- the body of a request ------------------------------------------------------------------------------------


class _FileBody:
    """A file that can be read again from where it stands now; its length is known."""

    is_replayable = True

    def __init__(self, file: Any, begin: int, length: int) -> None:
        self._file = file
        self._begin = begin
        self._length = length

    def parts(self) -> Iterator[bytes]:
        self._file.seek(self._begin)
        left = self._length
        while left:
            part = self._file.read(min(left, _FILE_STEP_BYTES))
            if not part:
                raise ValueError(f"the file became shorter while it was sent: {left} bytes are missing")
            left -= len(part)
            yield part


class _ChunkedBody:
    """Bytes of unknown length; sent in chunks."""

    def __init__(self, source: Iterable[Any]) -> None:
        self._source = source
        self.is_replayable = isinstance(source, (list, tuple))

    def parts(self) -> Iterator[bytes]:
        for part in self._source:
            data = part.encode() if isinstance(part, str) else bytes(memoryview(part))
            if data:
                yield b"%X\r\n%b\r\n" % (len(data), data)
        yield b"0\r\n\r\n"


def _body_of(request: Request, method: str) -> tuple[bytes | _FileBody | _ChunkedBody | None, int | None, str | None]:
    """Return (the body, its length, its media type): length -1 for no body, None where it is not known."""
    body = request.body
    if request.json is not None:
        if body is not None:
            raise TypeError("expected body or json, got both")
        data = json.dumps(request.json, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        return data, len(data), "application/json"
    if body is None:
        return None, 0 if method in _METHODS_EXPECTING_CONTENT else -1, None
    if isinstance(body, str):
        body = body.encode()
        return body, len(body), "text/plain; charset=utf-8"
    if isinstance(body, (bytes, bytearray, memoryview)):
        data = bytes(body)
        return data, len(data), None
    if hasattr(body, "read"):
        return *_file_body(body), None
    if isinstance(body, Mapping) or not isinstance(body, Iterable):
        raise TypeError(f"expected a body of bytes, str, a file or an iterable of bytes, got {type(body).__name__}")
    return _ChunkedBody(body), None, None


def _file_body(file: Any) -> tuple[_FileBody | _ChunkedBody, int | None]:
    if isinstance(file, io.TextIOBase):
        raise TypeError("expected a file opened for reading bytes, got one for text")
    try:
        begin = file.tell()
        length = file.seek(0, os.SEEK_END) - begin
        file.seek(begin)
    except (AttributeError, OSError, TypeError):
        # A pipe, or something that only has read().
        return _ChunkedBody(iter(lambda: file.read(_FILE_STEP_BYTES), b"")), None
    return _FileBody(file, begin, max(length, 0)), max(length, 0)


class Outgoing:
    """A request on its way: what of it is still to be sent."""

    __slots__ = ("_more", "_view")

    def __init__(self, job: Job, sent: int = 0) -> None:
        """*sent* bytes of the head are on their way already."""
        self._view = memoryview(job.head)[sent:]
        self._more = job.body() if job.body is not None else None

    def send(self, send: Callable[[memoryview], int]) -> bool:
        """Hand to *send* what is left, until it takes nothing; return whether the request is sent whole.

        Raises what *send* raises, and what a body raises that is made while it is sent.
        """
        while True:
            while self._view:
                count = send(self._view)
                if not count:
                    return False
                self._view = self._view[count:]
            part = next(self._more, None) if self._more is not None else None
            if part is None:
                self._more = None
                return True
            self._view = memoryview(part)


# -- the response ---------------------------------------------------------------------------------------------


class Incoming:
    """The response to one attempt, as it comes in: bytes to head and content, the latter decoded and bounded."""

    __slots__ = (
        "_counted",
        "_decoder",
        "_job",
        "_max_content",
        "_max_ratio",
        "_owns_sink",
        "_parts",
        "_reader",
        "_sink",
        "began",
        "head",
        "held",
    )  # fmt: skip

    def __init__(self, job: Job, settings: Settings, *, is_streamed: bool = False) -> None:
        request = job.request
        self._job = job
        self._reader = ResponseReader(_backends.selected, job.method, settings.limits, True)
        self._decoder: ContentDecoder | None = None
        self._parts: list[bytes] = []
        self._counted = 0
        self._sink: Any = None
        self._owns_sink = False
        self._max_content = settings.max_content
        self._max_ratio = settings.max_ratio
        if isinstance(request, Request):
            if request.max_content is not None:
                self._max_content = request.max_content
            elif request.sink is not None or is_streamed:
                self._max_content = None  # which is for what is kept in memory
        self.began = False
        """Whether a byte of it has come."""
        self.head: ResponseHead | None = None
        self.held = 0
        """Bytes of content in memory."""

    def receive(self, data: bytes, *, is_clean: bool = True) -> bool:
        """Take the next bytes of the stream, b"" for its end; return whether the message is complete.

        Raises what makes it a bad response: see ``ResponseReader``, ContentDecodingError, ContentTooLong, and what
        the sink raises.
        """
        reader = self._reader
        if data:
            self.began = True
        reader.receive(data, is_clean=is_clean)
        if self.head is None:
            head = reader.head()
            if head is NEED_DATA:
                return False
            self.head = head
            self._begin(head)
        while True:
            part = reader.body()
            if part is NEED_DATA:
                return False
            if part:
                self._take(part)
            if reader.complete:
                if self._decoder is not None:
                    self._decoder.finish()
                return True

    def _begin(self, head: ResponseHead) -> None:
        request = self._job.request
        length = self._reader.length
        if self._max_content is not None and length is not None and length > self._max_content:
            raise ContentTooLong(f"expected content of at most {self._max_content} bytes, got {length} (max_content)")
        if isinstance(request, str) or request.decode:
            codings = head.get_joined("content-encoding")
            if codings is not None and length != 0:
                self._decoder = ContentDecoder(codings, self._max_ratio) or None
        if isinstance(request, Request) and request.sink is not None:
            self._owns_sink = not hasattr(request.sink, "write")
            # Closed by close_sink, which both drivers call whatever happens.
            self._sink = open(request.sink, "wb") if self._owns_sink else request.sink  # noqa: SIM115

    def _take(self, part: bytes) -> None:
        decoder = self._decoder
        if decoder is None:
            self._keep(part)
            return
        for piece in decoder.decode(part):
            self._keep(piece)

    def _keep(self, part: bytes) -> None:
        self._counted += len(part)
        if self._max_content is not None and self._counted > self._max_content:
            raise ContentTooLong(f"got more than {self._max_content} bytes of content (max_content)")
        if self._sink is not None:
            self._sink.write(part)
            return
        self._parts.append(part)
        self.held += len(part)

    def take_content(self) -> bytes:
        """Return the content in memory, and hold it no longer."""
        parts = self._parts
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        self._parts = []
        self.held = 0
        return content

    def persists(self) -> bool:
        """Return whether the connection may carry another request: the message is whole and nothing came behind it."""
        reader = self._reader
        head = self.head
        return (
            reader.complete is True
            and not reader.will_close
            and reader.ends_here()
            and head is not None
            and head.status != _SWITCHING_PROTOCOLS
        )

    def close_sink(self) -> None:
        """Close the file that was opened here, if one was."""
        sink, self._sink = self._sink, None
        if sink is not None and self._owns_sink:
            sink.close()

    def response(self, error: BaseException | None = None) -> Response:
        """Return the response, as far as it came; *error* tells why no further."""
        content = self.take_content()
        response = Response(self._job.request, self.head, content)
        response.index = self._job.index
        response.attempts = self._job.attempts
        self.fill(response)
        if error is not None:
            response.error = error
            # Those classes have a place for what had come; it is the same object.
            if isinstance(error, IncompleteRead):
                error.args = (content,)
                error.partial = content
            elif isinstance(error, ContentDecodingError):
                error.partial = content
        return response

    def fill(self, response: Response) -> None:
        """Put into *response* what is known of the message besides head and content."""
        reader = self._reader
        response.defects = reader.defects
        response._trailers = reader.trailers


def may_resend(job: Job, incoming: Incoming, error: BaseException, *, was_reused: bool) -> bool:
    """Return whether *job* is sent once more, on a fresh connection.

    Only where the connection had carried another exchange before, so that the peer may have closed it just as the
    request went out; where no byte of an answer came; and where a second request does no harm. Source: Go, net/http,
    persistConn.shouldRetryRequest; RFC 9110 section 9.2.2.
    """
    return (
        was_reused
        and not incoming.began
        and job.is_resendable
        and job.attempts < 2
        and isinstance(error, (ConnectionError, ssl.SSLError))
    )


def unanswered(request: Any, index: int, error: BaseException, attempts: int = 0) -> Response:
    """Return the result of a request to which no response came."""
    response = Response(request if isinstance(request, (Request, str)) else Request("GET", str(request)), None, b"")
    response.index = index
    response.attempts = attempts
    response.error = error
    return response
