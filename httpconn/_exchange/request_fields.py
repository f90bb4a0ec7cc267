"""What a Request holds. Compiled too, by ``request_fields.pxd``: programs make one for each exchange."""

from __future__ import annotations

from typing import Any, Final

NORMALIZED: Final = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")
"""Methods that may be given in any case of their letters (Fetch standard, "normalize a method")."""
_NORMALIZED: Final = NORMALIZED
UNSAID: Final = object()
"""In the place of an argument that has to be given, and was not: Cython has words of its own for it."""


class RequestFields:
    """The attributes of a Request, which adds what they are given as, and how it is copied."""

    __slots__ = (
        "auth",
        "body",
        "context",
        "decode",
        "default_encoding",
        "fingerprint",
        "headers",
        "json",
        "max_content",
        "method",
        "proxy",
        "redirects",
        "retry",
        "server_hostname",
        "sink",
        "sink_any_status",
        "tag",
        "timeout",
        "tolerant_decoding",
        "url",
        "validators",
        "wire",
    )

    # What types they have is said by Request: its module imports this one.
    auth: Any
    body: Any
    context: Any
    decode: Any
    default_encoding: Any
    fingerprint: Any
    headers: Any
    json: Any
    max_content: Any
    method: Any
    proxy: Any
    redirects: Any
    retry: Any
    server_hostname: Any
    sink: Any
    sink_any_status: Any
    tag: Any
    timeout: Any
    tolerant_decoding: Any
    url: Any
    validators: Any
    wire: Any

    def __init__(
        self,
        method: Any = UNSAID,
        url: Any = UNSAID,
        headers: Any = None,
        body: Any = None,
        *,
        params: Any = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        timeout: Any = None,
        tag: Any = None,
        sink: Any = None,
        sink_any_status: Any = False,
        decode: Any = True,
        max_content: Any = None,
        context: Any = None,
        server_hostname: Any = None,
        fingerprint: Any = None,
        proxy: Any = None,
        redirects: Any = None,
        retry: Any = None,
        auth: Any = None,
        tolerant_decoding: Any = None,
        default_encoding: Any = None,
        validators: Any = None,
        wire: Any = False,
        **unknown: Any,
    ) -> None:
        """Set every attribute; None is not to say it. Raises what ``_work_out`` raises."""
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.json = json
        self.auth = auth
        self.validators = validators
        self.timeout = timeout
        self.tag = tag
        self.sink = sink
        self.sink_any_status = False if sink_any_status is None else sink_any_status
        self.decode = True if decode is None else decode
        self.max_content = max_content
        self.redirects = redirects
        self.retry = retry
        self.tolerant_decoding = tolerant_decoding
        self.default_encoding = default_encoding
        self.context = context
        self.server_hostname = server_hostname
        self.fingerprint = fingerprint
        self.proxy = proxy
        self.wire = False if wire is None else wire
        is_plain = params is None and data is None and files is None and default_encoding is None
        if (
            not is_plain
            or validators is not None
            or unknown
            or method not in _NORMALIZED
            or type(url) is not str
            or "@" in url
        ):
            self._work_out(params, data, files, unknown)

    def _work_out(self, params: Any, data: Any, files: Any, unknown: dict[str, Any]) -> None:
        """See to what has to be looked at, or is given as something else than an attribute."""
        raise NotImplementedError

    def _put(self, other: RequestFields) -> None:
        """Set every attribute as *other* has it, of a request that has just been made."""
        if other is None:
            raise TypeError("expected RequestFields, got None")  # which compiled code would look into
        self.auth = other.auth
        self.body = other.body
        self.context = other.context
        self.decode = other.decode
        self.default_encoding = other.default_encoding
        self.fingerprint = other.fingerprint
        self.headers = other.headers
        self.json = other.json
        self.max_content = other.max_content
        self.method = other.method
        self.proxy = other.proxy
        self.redirects = other.redirects
        self.retry = other.retry
        self.server_hostname = other.server_hostname
        self.sink = other.sink
        self.sink_any_status = other.sink_any_status
        self.tag = other.tag
        self.timeout = other.timeout
        self.tolerant_decoding = other.tolerant_decoding
        self.url = other.url
        self.validators = other.validators
        self.wire = other.wire

    def content_alone(self) -> tuple[str, str, Any, Any] | None:
        """Return method, URL, body and json, where nothing else decides what is sent, and over which connections."""
        if (
            type(self.url) is str
            and type(self.method) is str
            and type(self.decode) is bool
            and self.headers is None
            and self.auth is None
            and self.validators is None
            and goes_as_others(self)
        ):
            return self.method, self.url, self.body, self.json
        return None


# Functions: a method of a class that Python classes stand on is looked up in those first, each time.


def is_sent_as_others(request: RequestFields) -> bool:
    """Return whether nothing but method, URL and fields decides what is sent, and over which connections."""
    return (
        type(request.url) is str
        and request.body is None
        and request.json is None
        and request.auth is None
        and request.validators is None
        and goes_as_others(request)
    )


def goes_as_others(request: RequestFields) -> bool:
    """Return whether nothing is said of its connection."""
    return (
        request.context is None
        and request.server_hostname is None
        and request.fingerprint is None
        and request.proxy is None
        and request.wire is False
    )


def is_read_as_others(request: RequestFields) -> bool:
    """Return whether nothing is said of the response, nor of how long it may take."""
    return (
        request.sink is None
        and request.decode is True
        and request.max_content is None
        and request.retry is None
        and request.redirects is None
        and request.timeout is None
        and request.tolerant_decoding is None
        and request.sink_any_status is False
    )


def reading_of(request: RequestFields) -> tuple[Any, ...] | None:
    """Return what is said of the response, as a key that is equal for what is read alike; None for what is rare.

    A Retry goes by its id, so that whoever keeps the key has to keep it too.
    """
    if request.tolerant_decoding is not None or request.sink_any_status is not False:
        return None
    return (
        request.decode,
        type(request.decode),
        request.max_content,
        type(request.max_content),
        id(request.retry),
        request.redirects,
        type(request.redirects),
        type(request.sink),
        type(request.timeout),
    )
