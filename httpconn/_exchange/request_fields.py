"""What a Request holds. Compiled too, by ``request_fields.pxd``: programs make one for each exchange."""

from __future__ import annotations

from typing import Any


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

    def _fill(
        self,
        method: Any,
        url: Any,
        headers: Any,
        body: Any,
        json: Any,
        auth: Any,
        validators: Any,
        timeout: Any,
        tag: Any,
        sink: Any,
        sink_any_status: Any,
        decode: Any,
        max_content: Any,
        redirects: Any,
        retry: Any,
        tolerant_decoding: Any,
        default_encoding: Any,
        context: Any,
        server_hostname: Any,
        fingerprint: Any,
        proxy: Any,
        wire: Any,
    ) -> None:
        """Set every attribute; None is not to say it."""
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

    def is_sent_as_others(self) -> bool:
        """Return whether nothing but method, URL and fields decides what is sent, and over which connections."""
        return (
            type(self.url) is str
            and self.body is None
            and self.json is None
            and self.auth is None
            and self.validators is None
            and self.goes_as_others()
        )

    def content_alone(self) -> tuple[str, str, Any, Any] | None:
        """Return method, URL, body and json, where nothing else decides what is sent, and over which connections."""
        if (
            type(self.url) is str
            and type(self.method) is str
            and type(self.decode) is bool
            and self.headers is None
            and self.auth is None
            and self.validators is None
            and self.goes_as_others()
        ):
            return self.method, self.url, self.body, self.json
        return None

    def goes_as_others(self) -> bool:
        """Return whether nothing is said of its connection."""
        return (
            self.context is None
            and self.server_hostname is None
            and self.fingerprint is None
            and self.proxy is None
            and self.wire is False
        )

    def is_read_as_others(self) -> bool:
        """Return whether nothing is said of the response, nor of how long it may take."""
        return (
            self.sink is None
            and self.decode is True
            and self.max_content is None
            and self.retry is None
            and self.redirects is None
            and self.timeout is None
            and self.tolerant_decoding is None
            and self.sink_any_status is False
        )

    def reading(self) -> tuple[Any, ...] | None:
        """Return what is said of the response, as a key that is equal for what is read alike; None for what is rare.

        A Retry goes by its id, so that whoever keeps the key has to keep it too.
        """
        if self.tolerant_decoding is not None or self.sink_any_status is not False:
            return None
        return (
            self.decode,
            type(self.decode),
            self.max_content,
            type(self.max_content),
            id(self.retry),
            self.redirects,
            type(self.redirects),
            type(self.sink),
            type(self.timeout),
        )
