"""What goes into a pool or a fetcher and what comes out: Request, Response, Timeout, Timings. Plain data.

They hold no sockets (but for a response that is being streamed), so they pickle, and cross to another process.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Never, Protocol, Self, SupportsIndex, TypeAlias, overload

from ._exchange import charsets
from ._exchange.lines import DEFAULT_MAX_LINE_CHARS, LineCutter, TextReader
from ._exchange.options import OF_POOLS, OF_RESPONSES, attributes_of, tell_elsewhere, unexpected
from ._exchange.request_fields import NORMALIZED, UNSAID, RequestFields
from ._exchange.response_fields import ResponseFields
from ._wire.grammar import NOT_MODIFIED
from ._wire.head import Defect, ResponseHead, field_lines_of, field_value_of
from ._wire.urls import checked_pairs, redacted, take_credentials, with_params
from .errors import (
    ContentDecodingError,
    HTTPException,
    IncompleteRead,
    StatusError,
    StreamConsumed,
    line_too_long,
    quote,
)
from .headers import HTTPMessage, fields_from_lines
from .policies.auth import Auth
from .policies.retries import Retry

Headers: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]] | HTTPMessage


def memory_of(response: ResponseFields) -> int:
    """Return how many bytes *response* holds: its content, and the message as it came where that is kept."""
    sent: Sent | None = response._sent
    size = len(response._content)
    return size if sent is None or sent.wire is None else size + len(sent.wire.data)


def pairs_of(headers: Headers | None) -> list[tuple[str, Any]]:
    """Return *headers* as pairs; a mapping's list or tuple of values becomes as many lines. Raises TypeError.

    Those of a response, or of a request as it was sent, are pairs too.
    """
    if headers is None:
        return []
    if isinstance(headers, HTTPMessage):
        return headers.items()
    if not isinstance(headers, Mapping):
        return checked_pairs(headers, "headers")
    return [
        (name, line)
        for name, value in headers.items()
        for line in (value if isinstance(value, (list, tuple)) else (value,))
    ]


_UNSAID: Final = object()
_DEFAULT_LIMITS: Final = {"connect": 10.0, "read": 30.0, "total": 300.0, "pool": 60.0}


class Timeout:
    """Limits in seconds; None for none.

    ``Timeout(5)`` limits each of the four to 5 s, as ``timeout=5`` does, and names say otherwise for their own:
    ``Timeout(5, read=30)``. Two to four by position are *connect*, *read*, *total*, *pool*. What is not said is 10, 30,
    300 and 60 s.

    - *connect*: the name, the addresses, what is said to a proxy, and the TLS handshake together, from when the name is
      being looked up
    - *read*: silence: no byte came, and none could be sent
    - *total*: the whole request, from when it has its connection or begins to make one, to the last byte; its redirects
      and retries, and the waits between them, included
    - *pool*: waiting for a free connection, before all that. A pool's; in a fetcher it has no effect, there a request
      waits for a connection for as long as the others take; for a request of an ``AsyncClient`` it counts only where it
      was said by its own name, or by position

    They limit what servers and networks take. The caller's own code (the consumer of results or of a stream, an input,
    a sink, a body, a hook, a cookie jar, ``resolve=``) may take its time: every clock stands still meanwhile.
    """

    __slots__ = ("connect", "pool", "read", "says_pool", "total")

    @overload
    def __init__(
        self,
        every: float | None,
        /,
        *,
        connect: float | None = ...,
        read: float | None = ...,
        total: float | None = ...,
        pool: float | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        connect: float | None = 10.0,
        read: float | None = 30.0,
        total: float | None = 300.0,
        pool: float | None = 60.0,
    ) -> None: ...
    def __init__(
        self,
        *limits: float | None,
        connect: Any = _UNSAID,
        read: Any = _UNSAID,
        total: Any = _UNSAID,
        pool: Any = _UNSAID,
        **unknown: Never,
    ) -> None:
        """Raises ValueError for a limit that is not above 0, TypeError for what is no number, and for another name."""
        names = ("connect", "read", "total", "pool")
        for name in unknown:
            raise unexpected(name, names, "a Timeout", {})
        if len(limits) > len(names):
            raise TypeError(f"expected at most {len(names)} limits ({', '.join(names)}), got {len(limits)}")
        placed = dict.fromkeys(names, limits[0]) if len(limits) == 1 else dict(zip(names, limits, strict=False))
        for name, named in zip(names, (connect, read, total, pool), strict=True):
            if named is not _UNSAID and name in placed and len(limits) > 1:
                raise TypeError(f"got two limits for {name}, by position and by name")
            value = placed.get(name, _DEFAULT_LIMITS[name]) if named is _UNSAID else named
            object.__setattr__(self, name, _checked_limit(value, name))
        object.__setattr__(self, "says_pool", pool is not _UNSAID or len(limits) == len(names))

    says_pool: bool
    """Whether *pool* was said for itself, and not only with the others."""
    connect: float | None
    read: float | None
    total: float | None
    pool: float | None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Timeout does not change; make another one")

    def _limits(self) -> tuple[float | None, ...]:
        return self.connect, self.read, self.total, self.pool

    def __reduce__(self) -> tuple[Any, ...]:
        return _timeout, (*self._limits(), self.says_pool)

    def __eq__(self, other: object) -> bool:
        return self._limits() == other._limits() if isinstance(other, Timeout) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._limits())

    def __repr__(self) -> str:
        return f"Timeout(connect={self.connect}, read={self.read}, total={self.total}, pool={self.pool})"

    @classmethod
    def of(cls, value: Timeout | float | None) -> Timeout:
        """Return *value* as a Timeout: a number limits each phase and the whole to as much, None limits nothing."""
        return value if isinstance(value, Timeout) else cls(value)


def _timeout(*limits: Any) -> Timeout:
    """Return the Timeout that was pickled."""
    *four, says_pool = limits
    made = Timeout(*four)
    object.__setattr__(made, "says_pool", says_pool)
    return made


def _checked_limit(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if not hasattr(type(value), "__float__") or isinstance(value, bool):  # numbers of any kind have it
        if isinstance(value, tuple):
            told = "Timeout(connect=..., read=...) says what a tuple says to requests"
        elif isinstance(value, datetime.timedelta):
            told = f"{value.total_seconds():g} by its total_seconds()"
        else:
            told = "a str is not converted" if isinstance(value, str) else f"it is of {type(value).__name__}"
        raise TypeError(f"expected a timeout ({name}) as a number of seconds, or None, got {value!r:.64} ({told})")
    if not value > 0:  # NaN is not
        raise ValueError(f"expected a {name} timeout above 0 s, or None, got {value!r}")
    return float(value)


DEFAULT_TIMEOUT: Final = Timeout()


class Timings(NamedTuple):
    """Seconds; 0.0 for what was not done: a kept connection is neither resolved, connected nor secured.

    With a proxy, *resolve* and *connect* are to it, and *tls* is all that is said before the request.
    """

    resolve: float
    connect: float
    tls: float
    first_byte: float
    """From when the request had its connection to the first byte of the answer."""
    total: float
    """From the beginning of the attempt that was answered to the last byte, less what the caller's own code took."""


def _kept(given: Any) -> Any:
    """Return *given* so that it can be read more often than once; what is no form is told when it is sent."""
    return [*given] if isinstance(given, Iterator) and not hasattr(given, "read") else given


class Form:
    """The body of a request that was given ``data`` or ``files``, as it was given; see ``Request``."""

    __slots__ = ("data", "files")

    def __init__(self, data: Any, files: Any) -> None:
        self.data = _kept(data)
        self.files = _kept(files)

    def __repr__(self) -> str:
        """Names alone: a value may be a password."""
        return f"<Form of the fields {_names_of(self.data)}, the files {_names_of(self.files)}>"


_MOST_NAMES: Final = 10


def _names_of(given: Any) -> str:
    """Return the names in a mapping or pairs, for a repr."""
    if isinstance(given, Mapping):
        names = [*given]
    elif isinstance(given, list | tuple) and all(isinstance(pair, list | tuple) and pair for pair in given):
        names = [pair[0] for pair in given]
    else:
        return "none" if given is None else f"in one of {type(given).__name__}"
    shown = [quote(name) if isinstance(name, str) else type(name).__name__ for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"and {len(names) - _MOST_NAMES} more")
    return ", ".join(shown) or "none"


class TLSInfo(NamedTuple):
    """What a TLS connection to an origin has come to."""

    version: str
    """As the ssl module names it: "TLSv1.3"."""
    cipher: str
    """As OpenSSL names it: "TLS_AES_256_GCM_SHA384"."""
    certificate: bytes
    """The peer's, in DER; ``ssl.DER_cert_to_PEM_cert`` makes PEM of it, ``hashlib.sha256`` a *fingerprint*."""


class Wire(NamedTuple):
    """A message as it came."""

    data: bytes
    is_truncated: bool
    """Whether more of it came than is kept."""

    def beginning(self, size: int) -> Wire:
        """Return the first *size* bytes of it."""
        return self if len(self.data) <= size else Wire(self.data[:size], is_truncated=True)


class Sent:
    """What was sent for a response, and where to, and what came, as far as that is kept."""

    __slots__ = ("at", "head", "is_cut", "peer", "request", "tls", "wire")

    def __init__(self, head: bytes | None, at: float | None, peer: tuple[str, int] | None, tls: TLSInfo | None) -> None:
        self.head = head
        """None: what was sent is not kept."""
        self.at = at
        self.peer = peer
        self.tls = tls
        self.request: Request | None = None
        """The request with the fields that it had on the wire, once it was asked for."""
        self.wire: Wire | None = None
        self.is_cut = False
        """Of a response in a history: whether it had more content than is kept there."""

    def with_wire(self, wire: Wire | None, *, is_cut: bool = False) -> Sent:
        """Return a copy with the message that came."""
        copy = Sent(self.head, self.at, self.peer, self.tls)
        copy.wire = wire
        copy.is_cut = is_cut
        return copy

    def told_by(self, request: Request) -> Request:
        """Return *request* with the fields of the head."""
        if request is self.request or self.head is None:
            return request
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        self.request = request.replaced(headers=fields_from_lines(pairs))
        return self.request


class _Signature:
    """What inspect shows of Request, whose constructor is compiled, and tells none: the signature of *written*."""

    def __init__(self, written: Any) -> None:
        self._written = written

    def __get__(self, instance: object, owner: type) -> Any:
        if owner.__init__ is not RequestFields.__init__:  # type: ignore[misc]  # a subclass may have another
            raise AttributeError("__signature__")
        import inspect  # which takes long to load

        signature = inspect.signature(self._written)
        return signature.replace(parameters=[*signature.parameters.values()][1:])


class Request(RequestFields):
    """One request. What is wrong with it is told by who is asked to send it, before any traffic.

    - *method*: of DELETE, GET, HEAD, OPTIONS, POST and PUT in any case of its letters; any other as it is given (Fetch
      standard, "normalize a method")
    - *headers*: a mapping or pairs; pairs keep their order and repeat. A value of None leaves out the field of that
      name that would be sent else: ``{"Accept-Encoding": None}``
    - *body*: bytes, str (as UTF-8), a file or an iterable of bytes; *json*: any object, sent as JSON
    - *data*: the fields of a form, as a mapping or pairs of name and value, a list for several values of one name;
      sent as application/x-www-form-urlencoded, with *files* as multipart/form-data. ``body`` is a ``Form`` then
    - *files*: a mapping or pairs of field name and file, a list for several: bytes, a ``pathlib.Path``, a file opened
      for reading bytes, an iterable of bytes, or a tuple of file name, one of these or str, and perhaps media type
    - *params*: a mapping, pairs or str, added to the query of *url*
    - *timeout*: a Timeout, or seconds; else the pool's or fetcher's
    - *tag*: yours; it comes back as ``response.request.tag``
    - *sink*: a path, or a file object with ``write``: the content goes there and not into memory. A path has the whole
      content of a 2xx other than 206, or is left as it was; *sink_any_status*: of any status
    - *decode*: False for the body as it came, content codings and all
    - *tolerant_decoding*, *default_encoding*: see ``Settings``; else the pool's or fetcher's
    - *validators*: those of an earlier response, as its ``validators`` tells them, for GET and HEAD: a page that has
      not changed since is a 304 without content
    - *wire*: True to keep the message as it came, as ``response.wire``; such a request takes the longer way
    - *max_content*: bytes of content; else the pool's or fetcher's (with a *sink*: no limit)
    - *context*, *server_hostname*: a TLS context of its own, and the name that the certificate must be for;
      *fingerprint*: SHA-256 of the one certificate that will do, in hex
    - *proxy*: the URL of a proxy, "direct" for none; else the pool's or fetcher's
    - *redirects*: how many are followed, 0 for none; *retry*: a Retry; else the pool's or fetcher's
    - *auth*: (user, password), a Bearer or a Digest, for the origin of *url* and no other. A user name and password in
      the URL are taken out of it, and are (user, password)
    """

    __slots__ = ()

    auth: Auth | None
    body: Any
    context: Any
    decode: bool
    default_encoding: charsets.DefaultEncoding | None
    fingerprint: str | None
    headers: Headers | None
    json: Any
    max_content: int | None
    method: str
    proxy: str | None
    redirects: int | None
    retry: Retry | None
    server_hostname: str | None
    sink: Any
    sink_any_status: bool
    tag: Any
    timeout: Timeout | float | None
    tolerant_decoding: bool | None
    url: str
    validators: Mapping[str, str] | None
    wire: bool

    def __init__(
        self,
        method: str,
        url: str,
        headers: Headers | None = None,
        body: Any = None,
        *,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        timeout: Timeout | float | None = None,
        tag: Any = None,
        sink: Any = None,
        sink_any_status: bool | None = False,
        decode: bool | None = True,
        max_content: int | None = None,
        context: Any = None,
        server_hostname: str | None = None,
        fingerprint: str | None = None,
        proxy: str | None = None,
        redirects: int | None = None,
        retry: Retry | None = None,
        auth: Auth | None = None,
        tolerant_decoding: bool | None = None,
        default_encoding: charsets.DefaultEncoding | None = None,
        validators: Mapping[str, str] | None = None,
        wire: bool | None = False,
        **unknown: Never,
    ) -> None:
        """Raises TypeError for an option that is not there, which it tells by the name that it has here.

        And TypeError or ValueError for a *default_encoding* that is none; TypeError for a form and another body.
        """

    __signature__ = _Signature(__init__)
    if not TYPE_CHECKING:
        __init__ = RequestFields.__init__  # which is compiled: Python takes 7,000 instructions for so many options

    def _work_out(self, params: Any, data: Any, files: Any, unknown: dict[str, Any]) -> None:
        for name in unknown:
            raise unknown_of_request(name, "a request")
        missing = [name for name in ("method", "url") if getattr(self, name) is UNSAID]
        if missing:
            names = " and ".join(map(repr, missing))
            arguments = "arguments" if len(missing) > 1 else "argument"
            raise TypeError(f"Request.__init__() missing {len(missing)} required positional {arguments}: {names}")
        if data is not None or files is not None:
            if self.body is not None or self.json is not None:
                raise TypeError("expected one of body, json, and a form (data, files); got two of them")
            self.body = Form(data, files)
        if self.default_encoding is not None:
            charsets.check_default(self.default_encoding)
        if type(self.url) is str and "@" in self.url:
            self.url, told = take_credentials(self.url)
            self.auth = self.auth or told
        if params is not None:
            self.url = with_params(self.url, params)
        self.method = _normalized(self.method)
        if self.validators is not None:
            self.validators = _bound(self.validators, self.url)

    def replaced(self, **changes: Any) -> Request:
        """Return a copy with other attributes: ``request.replaced(url=..., headers=...)``."""
        copy = Request.__new__(Request)
        copy._put(self)
        if "data" in changes or "files" in changes:
            form = self.body if isinstance(self.body, Form) else Form(None, None)
            form = Form(changes.pop("data", form.data), changes.pop("files", form.files))
            copy.body = None if form.data is form.files is None else form
        for name, value in changes.items():
            if name not in RequestFields.__slots__:
                raise unknown_of_request(name, "a Request")
            if value is None:
                value = _FLAGS.get(name)
            setattr(copy, name, value if name != "method" else _normalized(value))
        if "url" in changes and "@" in copy.url:
            copy.url, told = take_credentials(copy.url)
            copy.auth = told or copy.auth
        return copy

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        return super().__reduce_ex__(max(2, operator.index(protocol)))  # the older ones know no base class in C

    def __getstate__(self) -> object:
        return super().__getstate__()  # with the fields, which copyreg does not ask a base class in C for by itself

    def __repr__(self) -> str:
        return f"<Request {self.method} {redacted(str(self.url))}>"


_FLAGS: Final = {"decode": True, "sink_any_status": False, "wire": False}
"""Options that have another default than None."""
BODY_RECEIVE_BYTES: Final = 262_144
LARGE_READ_BYTES: Final = 32_768
"""Who reads by so much is given what was received for it, without a copy."""


def _normalized(method: Any) -> Any:
    """Return *method* in upper case, if it is one of those then; else as it is, for whoever sends it to judge."""
    if type(method) is not str or not method.isascii():
        return method
    upper = method.upper()
    return upper if upper in NORMALIZED else method


_VALIDATORS: Final = {"etag": "ETag", "last_modified": "Last-Modified"}
"""Names here, and of the fields that tell them."""


def _bound(validators: Any, url: Any) -> dict[str, str]:
    """Return *validators* with the URL that they are of; that is *url* where they do not tell it. Raises TypeError."""
    if not isinstance(validators, Mapping) or not all(isinstance(value, str) for value in validators.values()):
        raise TypeError(f"expected validators as a mapping of str to str, got {validators!r:.64}")
    for name in validators.keys() - {"url", *_VALIDATORS}:
        raise TypeError(f"expected url, {' and '.join(_VALIDATORS)} in validators, got {name!r:.64}")
    return {"url": without_fragment(str(url)), **validators}


def without_fragment(url: str) -> str:
    """Return *url* as far as it is sent."""
    return url.partition("#")[0]


OF_REQUESTS: Final = frozenset({*RequestFields.__slots__, "data", "files", "params"})
"""The names of a request's options."""


def unknown_of_request(name: str, where: str, *more: str) -> TypeError:
    """Return the TypeError for the option *name* of a request; *more* are the options that *where* has besides."""
    of_all = dict.fromkeys({"cookies", *OF_POOLS}, "ConnectionPool, Fetcher and AsyncClient, for all their requests")
    of_all["cookies"] += '; for one there is headers={"Cookie": "name=value"}'
    of_all["stream"] = "the requests of a ConnectionPool; an AsyncClient has stream(method, url)"
    return unexpected(name, {*OF_REQUESTS, *more}, where, of_all)


def taken(held: bytearray, size: int) -> bytes:
    """Take the first *size* bytes out of *held*, or all."""
    part = bytes(memoryview(held)[:size])
    del held[:size]
    return part


class Stream(Protocol):
    """A response that is still coming in."""

    held: bytearray
    """Content that has been read, and that nobody has taken yet."""
    text: TextReader | None
    """What reads it as text, once that has begun."""

    def read_part(self, most: int = BODY_RECEIVE_BYTES, *, fills: bool = False) -> bytes:
        """Return the next part of the content, b"" at its end. Raises what went wrong.

        *most* is how much is received at a time; what has been received is handed out, and decoded, by other measures.
        *fills*: so much is wanted before there is any use of it, and may be waited for.
        """

    def straight_parts(self, most: int) -> Iterator[bytes]:
        """Yield the next parts of *most* bytes that are there, and are content as it has come.

        Ends with the first one that has to be waited for, or to be looked at, or ends early: ``read_part`` has that.
        """

    def close(self) -> None:
        """Let go of the connection: it is kept if the whole message has come."""


class _Spent:
    """The Stream of a response whose content has been handed out: there is nothing more of it, and it is not kept."""

    held = bytearray()
    text: TextReader | None = None

    def read_part(self, most: int = BODY_RECEIVE_BYTES, *, fills: bool = False) -> bytes:
        raise StreamConsumed("the content has been handed out already, part by part, and is not kept")

    def straight_parts(self, most: int) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        """There is no connection left."""

    def __reduce__(self) -> str:
        return "SPENT"


SPENT: Final[Stream] = _Spent()


def _next_part(stream: Stream) -> bytes:
    """Return what is there of the content of *stream*, when there is something; b"" at its end."""
    if stream.held:
        return taken(stream.held, len(stream.held))
    return stream.read_part()


NOTHING_SENT: Final = Sent(b"", None, None, None)
WIRE_ONLY: Final = Sent(None, None, None, None)


class Response(ResponseFields):
    """One response, or what came instead of one (``error``).

    From a pool, it is whole or an exception is raised in its place (which has it in ``.response`` as far as it came).
    From a fetcher, ``error`` is None for every complete response, 404 and 503 too; else status, headers and content
    are as far as they came: 0, no fields and b"" where nothing did.
    """

    __slots__ = ("__weakref__",)

    _content: bytes
    _encoding: str | tuple[charsets.DefaultEncoding] | None
    """What has been found, or what is tried where the response tells nothing."""
    _head: ResponseHead | None
    _headers: HTTPMessage | None
    _request: Request | str
    _sent: Sent | None
    """Where what was sent is kept."""
    _stream: Stream | None
    _times: tuple[float, float, float, float, float] | float
    """A float: all of it for the first byte."""
    _trailers: Sequence[tuple[str, str]] | None
    attempts: int
    """How often the request was tried, attempts that got no connection included; 0 where it was refused before. After
    redirects, the last request."""
    defects: tuple[Defect, ...]
    error: BaseException | None
    index: int
    """The place of the request in the input, from 0. In a pool, always 0."""
    history: tuple[Response, ...]
    """The redirects that led here, and what a hook has answered, in their order; of their content, the first 64 KiB.
    Each has its own ``request``."""

    def __init__(self, request: Request | str, head: ResponseHead | None, content: bytes) -> None:
        super().__init__(request, head, content)

    # -- the request --------------------------------------------------------------------------------------

    @property
    def request(self) -> Request:
        """The request that this answers: after redirects, the last one, which the library has made.

        With *keep_sent* it is a copy whose ``headers`` are all that it had on the wire, in an HTTPMessage.
        """
        request = self._request
        if isinstance(request, str):
            request = self._request = Request("GET", request)
        sent: Sent | None = getattr(self, "_sent", None)
        if sent is not None and sent.head:
            request = self._request = sent.told_by(request)
        return request

    @property
    def url(self) -> str:
        """The URL that was asked for, as it was given; after redirects, the last one."""
        request = self._request
        return request if isinstance(request, str) else request.url

    @property
    def tag(self) -> Any:
        """The request's tag."""
        return None if isinstance(self._request, str) else self._request.tag

    # -- what was sent, where keep_sent=True has it kept ----------------------------------------------------

    @property
    def request_head(self) -> bytes:
        """The head as it was sent last, from the request-line to the empty line; b"" where nothing was sent.

        Of the last request, after redirects and retries. Kept by ``keep_sent=True`` of a pool, fetcher or client, else
        an AttributeError says so; as for the other three. It has all that was sent in it, passwords and cookies too.
        """
        return self._told_of_sent().head or b""

    @property
    def peer(self) -> tuple[str, int] | None:
        """Address and port that the request went to: with a proxy, the proxy's. None where nothing was sent.

        A Unix socket is ("unix:/path", 0).
        """
        return self._told_of_sent().peer

    @property
    def sent_at(self) -> float | None:
        """When the request was begun to be sent, in seconds since the epoch; None where nothing was sent."""
        return self._told_of_sent().at

    @property
    def tls(self) -> TLSInfo | None:
        """What TLS with the origin has come to; None for ``http://``, whatever there was with a proxy."""
        return self._told_of_sent().tls

    def _told_of_sent(self) -> Sent:
        sent: Sent | None = getattr(self, "_sent", None)
        if sent is not None and sent.head is not None:
            return sent
        if not self.attempts:
            return NOTHING_SENT
        raise AttributeError("what was sent is not kept, unless by keep_sent=True of the pool, fetcher or client")

    @property
    def wire(self) -> bytes:
        """The message exactly as it came: interim responses, heads, and the body with its chunks and codings.

        As far as it came, where there is an ``error``; while it is streamed, as far as it had come with its head. Kept
        by ``Request(wire=True)``, else an AttributeError says so. It is held besides the content, and of what came
        behind the head so much as *max_content* says, of the pool or fetcher where the request has no bound: see
        ``wire_is_truncated``.
        """
        return self._told_of_wire().data

    @property
    def wire_is_truncated(self) -> bool:
        """Whether more of the message came than ``wire`` has."""
        return self._told_of_wire().is_truncated

    def _told_of_wire(self) -> Wire:
        sent: Sent | None = getattr(self, "_sent", None)
        if sent is not None and sent.wire is not None:
            return sent.wire
        request = self._request
        if isinstance(request, Request) and request.wire:
            return Wire(b"", is_truncated=False)  # nothing came
        raise AttributeError("the message as it came is not kept, unless by Request(wire=True)")

    # -- the head -----------------------------------------------------------------------------------------

    @property
    def reason(self) -> str:
        """The reason phrase as the server worded it, "" where it gave none, or there is no response."""
        return self._head.reason if self._head is not None else ""

    @property
    def version(self) -> int:
        """10 or 11, as http.client numbers them; 0 where there is no response."""
        return self._head.version if self._head is not None else 0

    @property
    def headers(self) -> HTTPMessage:
        """The fields: ``headers[name]`` is the first value, ``headers.get_all(name)`` the list."""
        if self._headers is None:
            head = self._head
            self._headers = fields_from_lines(field_lines_of(head), head.defects) if head else fields_from_lines(())
        return self._headers

    @property
    def raw_head(self) -> bytes:
        """The head as it came, from the status-line to the empty line."""
        return self._head.block if self._head is not None else b""

    @property
    def validators(self) -> dict[str, str]:
        """What to ask by, later, whether this has changed: for ``Request(validators=...)``, and plain enough for JSON.

        With "url", which they are of (after redirects, the last one), "etag" and "last_modified", as far as there are
        some; empty without. Of a 304: those that it was asked with, and what it says in addition. Source: RFC 9110,
        section 13.1; RFC 9111, section 4.3.4.
        """
        request, is_same = self.request, self.status == NOT_MODIFIED
        if request.method not in ("GET", "HEAD") or not (is_same or 200 <= self.status < 300):
            return {}
        url = without_fragment(request.url)
        asked = request.validators if is_same else None
        known = asked if asked is not None and asked["url"] == url else {"url": url}
        fields = {name: value for name, field in _VALIDATORS.items() if (value := self.headers.get(field))}
        return {**known, **fields} if fields or len(known) > 1 else {}

    @property
    def trailers(self) -> HTTPMessage:
        """The fields of the trailer section."""
        return fields_from_lines([(name, field_value_of(value)) for name, value in self._trailers or ()])

    @property
    def timings(self) -> Timings:
        """How long each phase took, in seconds; of the attempt that was answered, after redirects the last request's.

        While the response is streamed, *total* is until its head was there.
        """
        times = self._times
        return Timings(0.0, 0.0, 0.0, times, times) if isinstance(times, float) else Timings(*times)

    # -- the content --------------------------------------------------------------------------------------

    def _take_stream(self) -> None:
        stream = self._stream
        assert stream is not None
        check_is_bytes(stream)
        while part := stream.read_part():
            stream.held += part
        self._content = taken(stream.held, len(stream.held))
        self._stream = None

    def iter_bytes(self, size: int | None = None) -> Iterator[bytes]:
        """Return an iterator of the content: in parts of *size* bytes, the last may be shorter; or in whatever parts.

        While it is streamed, without a *size*, a part is what has come, as soon as it has come. Each iterator goes on
        where the last one was. Before it raises what goes wrong, it yields what had come until then. That, as far as
        nobody had taken it, is ``error.response.content`` too, and the ``partial`` of an IncompleteRead or a
        ContentDecodingError. Raises StreamConsumed, as ``content`` does.
        """
        if size is not None and size <= 0:
            raise ValueError(f"expected a size above 0, or None, got {size}")
        stream = self._stream
        if stream is None:
            whole = self._content
            step = size or len(whole)
            return (whole[at : at + step] for at in range(0, len(whole), step or 1))
        check_is_bytes(stream)
        return self._iter_parts(stream) if size is None else self._iter_sized(stream, size)

    def _iter_parts(self, stream: Stream) -> Iterator[bytes]:
        while part := _next_part(stream):
            yield part
        self._end_stream(stream)

    def _iter_sized(self, stream: Stream, size: int) -> Iterator[bytes]:
        held = stream.held  # whoever reads on, here or by another call, goes on where this one was
        is_large = LARGE_READ_BYTES <= size <= BODY_RECEIVE_BYTES
        while True:
            while len(held) >= size:
                yield taken(held, size)
            if is_large and not held:
                yield from stream.straight_parts(size)
            try:
                part = stream.read_part(size - len(held), fills=True) if is_large else stream.read_part()
            except Exception as error:
                if held:
                    yield taken(held, size)
                    tell_partial(error, b"")
                raise
            if not part:
                break
            if len(part) == size and not held:
                yield part  # which has not been copied since the system gave it
            else:
                held += part
        if held:
            yield taken(held, size)
        self._end_stream(stream)

    def _end_stream(self, stream: Stream) -> None:
        """All of *stream* has been handed out: in parts, unless ``content`` has taken the rest meanwhile."""
        if self._stream is stream:
            self._spend()

    def _spend(self) -> None:
        """Have nothing of the content any more: it has been handed out."""
        self._stream = SPENT

    def iter_text(self) -> Iterator[str]:
        """Return an iterator of the content as ``text`` has it, in whatever parts.

        While it is streamed, a part is what has come, as soon as it has come. Errors are as for ``iter_bytes``.
        """
        stream = self._stream
        if stream is None:
            return iter((self.text,) if self._content else ())
        reader = self._text_reader(stream)
        if reader.cutter is not None:
            raise StreamConsumed("the content is being read in lines; go on with iter_lines()")
        return self._iter_text(stream, reader)

    def _text_reader(self, stream: Stream) -> TextReader:
        if stream.text is None and stream is not SPENT:
            stream.text = TextReader(self.encoding, is_certain=isinstance(self._encoding, str))
        return stream.text or TextReader("utf-8")

    def _iter_text(self, stream: Stream, reader: TextReader) -> Iterator[str]:
        while not reader.is_done:
            text = reader.decode(_next_part(stream))
            if text:
                yield text
        self._end_stream(stream)

    def iter_lines(self, *, max_line_chars: int | None = DEFAULT_MAX_LINE_CHARS) -> Iterator[str]:
        """Return an iterator of the lines of ``text``, without what ends them: LF, CRLF or CR, and nothing else.

        While it is streamed, a line is there as soon as its end has come. Errors are as for ``iter_bytes``; but where a
        line was not whole yet, it is not yielded: it is what ``partial`` and ``error.response.content`` have.
        Raises LineTooLong for a line of more than *max_line_chars* characters, which bounds what is held of a line
        without an end; None for no limit.
        """
        stream = self._stream
        if stream is None:
            return _iter_lines(self.iter_text(), TextReader("utf-8"), max_line_chars)
        reader = self._text_reader(stream)
        return _iter_lines(self._iter_text(stream, reader), reader, max_line_chars)

    @property
    def encoding(self) -> str:
        """The name of the encoding that ``text`` is decoded from, of the Encoding standard or Python.

        Of the first of these that tells one: a byte order mark, the charset of Content-Type, *default_encoding* of the
        request, or of its pool or fetcher; else "utf-8". May be set, to a name that Python knows. Of a response that is
        being streamed it is what can be said without its content.
        """
        told = self._encoding
        if isinstance(told, str):
            return told
        if self._stream is not None:
            return self._find_encoding(None, None if told is None else told[0])
        name = self._encoding = self._find_encoding(self._content, None if told is None else told[0])
        return name

    @encoding.setter
    def encoding(self, value: str) -> None:
        self._encoding = charsets.find_for_caller(value)

    def _find_encoding(self, content: bytes | None, default: charsets.DefaultEncoding | None) -> str:
        if content is not None:
            marked = charsets.find_by_byte_order_mark(content)
            if marked is not None:
                return marked
        name = None
        if self._head is not None:
            name = charsets.find_by_content_type(self._head.field_values("content-type"))
        if name is None:
            request = self._request
            if isinstance(request, Request) and request.default_encoding is not None:
                default = request.default_encoding
            if callable(default):
                default = None if content is None else default(content)
            if default is not None:
                name = charsets.find(default)
        return name or charsets.UTF_8

    @property
    def text(self) -> str:
        """The content as text, without a byte order mark; what cannot be decoded becomes U+FFFD. See ``encoding``."""
        content = self.content
        return charsets.decode(content, self.encoding)

    def json(self) -> Any:
        """Return the content, read as JSON in UTF-8, UTF-16 or UTF-32. Raises ValueError."""
        import json  # which many programs do not need

        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError(f"expected JSON, got some that is nested too deep: {error}") from error

    def raise_for_status(self) -> Self:
        """Return this response. Raises ``error`` if there is one, StatusError for a status of 400 or above."""
        if self.error is not None:
            raise self.error
        if self.status >= 400:
            raise StatusError(f"{self.status} {self.reason} for {self.url}", self)
        return self

    # -- the end ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the connection of a response that is being streamed: unless all has come, it is closed."""
        if self._stream is not None:
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        return super().__reduce_ex__(max(2, operator.index(protocol)))  # the older ones know no base class in C

    def __getstate__(self) -> object:
        if self._stream is not None and self._stream is not SPENT:
            raise TypeError("a response that is still being streamed cannot be pickled; read its content first")
        if isinstance(self._encoding, tuple):
            self._encoding = self.encoding  # what finds it need not pickle
        return super().__getstate__()

    def __dir__(self) -> list[str]:
        return attributes_of(self)

    def __repr__(self) -> str:
        told = f"{self.status} {self.reason}".rstrip() if self._head is not None else "no response"
        if self.error is not None:
            told += f", {type(self.error).__name__}"
        return f"<Response [{told}] {redacted(str(self.url))}>"


tell_elsewhere(Response, OF_RESPONSES)


def check_is_bytes(stream: Stream) -> None:
    if stream.text is not None:
        raise StreamConsumed("the content is being read as text; go on with iter_text() or iter_lines()")


def _iter_lines(texts: Iterator[str], reader: TextReader, max_line_chars: int | None) -> Iterator[str]:
    cutter = reader.cutter = reader.cutter or LineCutter()
    while True:
        line = line_of(cutter, max_line_chars)
        if line is not None:
            yield line
            continue
        if cutter.is_done:
            return
        try:
            text = next(texts, None)
        except Exception as error:
            tell_partial(error, reader.unfinished())
            raise
        if text is None:
            cutter.finish()
        else:
            cutter.cut(text)


def line_of(cutter: LineCutter, max_line_chars: int | None) -> str | None:
    """Return the next line that is whole, None for none. Raises LineTooLong."""
    if max_line_chars is not None and cutter.next_is_longer(max_line_chars):
        raise line_too_long(max_line_chars, "a line of the content (max_line_chars)", unit="characters")
    return cutter.lines.popleft() if cutter.lines else None


def tell_partial(error: BaseException, content: bytes) -> None:
    """Have *error* tell of *content*, which had come before it: in ``response``, and in ``partial`` if it has that."""
    response = getattr(error, "response", None)
    if isinstance(response, Response):
        response._content = content
    # Those classes have a place for it; it is the same object.
    if isinstance(error, IncompleteRead):
        error.args = (content,)
        error.partial = content
    elif isinstance(error, ContentDecodingError):
        error.partial = content


def attach_response(error: BaseException, response: Response) -> None:
    """Make *response* known as ``error.response``, where the exception can carry it."""
    if isinstance(error, (HTTPException, OSError)):
        error.response = response  # type: ignore[union-attr]  # exceptions of Python classes take attributes
