"""DownloadHandler: Scrapy's requests over an AsyncClient, with and without Twisted's reactor.

    DOWNLOAD_HANDLERS = {"http": "httpconn.scrapy.DownloadHandler", "https": "httpconn.scrapy.DownloadHandler"}

Cookies, redirects, retries and content codings stay with Scrapy's middlewares. docs/scrapy.md has the settings.
"""

from __future__ import annotations

import base64
import ipaddress
import logging
import os
import socket
import ssl
import sys
import time
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from ._exchange.job import Job
from ._wire.framing import announced_bytes
from ._wire.grammar import NO_CONTENT, NOT_MODIFIED
from ._wire.head import ResponseHead, field_lines_of
from .adapters.options import Kept, settings_of
from .aio import AsyncClient, AsyncResponse, take_result
from .errors import (
    HTTPException,
    IncompleteRead,
    InvalidURL,
    MissingExtra,
    PoolClosed,
    ProxyError,
    RemoteDisconnected,
    RequestTimeout,
)
from .model import Request, Response, Timeout

try:
    from pydispatch import dispatcher
    from scrapy import signals
    from scrapy.exceptions import (
        CannotResolveHostError,
        DownloadCancelledError,
        DownloadConnectionRefusedError,
        DownloadFailedError,
        DownloadTimeoutError,
        ResponseDataLossError,
        StopDownload,
        UnsupportedURLSchemeError,
    )
    from scrapy.http import Headers
    from scrapy.http import Response as AnyResponse
    from scrapy.responsetypes import responsetypes
except ImportError as error:
    raise MissingExtra("a download handler needs Scrapy 2.15 or newer (pip install 'httpconn[scrapy]')") from error

_log: Final = logging.getLogger(__name__)

_MOST_KEPT: Final = 64
_MOST_ADDRESSES: Final = 4_096
_MOST_NAMES: Final = 1_024
_WITH_CONTENT: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests tell the length of their content, also where there is none (RFC 9110 section 8.6)."""
_WITHOUT_BODY: Final = frozenset({NO_CONTENT, NOT_MODIFIED})
_TLS_VERSIONS: Final = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_OLD_METHODS: Final = {"TLS": None, **_TLS_VERSIONS}
"""Of DOWNLOADER_CLIENT_TLS_METHOD, which the other two settings have come in the place of."""


def _context(settings: Any) -> ssl.SSLContext:
    """Return the TLS context that the crawler's *settings* ask for. Raises ValueError for a version that is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"):
        context.load_default_certs()
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    method = settings.get("DOWNLOADER_CLIENT_TLS_METHOD") or "TLS"
    if method not in _OLD_METHODS:
        raise ValueError(f"Unknown DOWNLOADER_CLIENT_TLS_METHOD value: {method}")
    one = _OLD_METHODS[method]
    if one is not None:
        context.minimum_version = context.maximum_version = one
    for name, attribute in (
        ("DOWNLOAD_TLS_MIN_VERSION", "minimum_version"),
        ("DOWNLOAD_TLS_MAX_VERSION", "maximum_version"),
    ):
        told = settings.get(name)
        if told is not None:
            if told not in _TLS_VERSIONS:
                raise ValueError(f"Unknown {name} value: {told}")
            setattr(context, attribute, _TLS_VERSIONS[told])
    ciphers = settings.get("DOWNLOADER_CLIENT_TLS_CIPHERS")
    if ciphers:
        context.set_ciphers(ciphers)
    key_log = "" if sys.flags.ignore_environment else os.environ.get("SSLKEYLOGFILE", "")
    if key_log:
        try:
            with Path(key_log).open("ab"):
                pass
            context.keylog_filename = key_log
        except OSError as error:
            _log.warning("Cannot write TLS session keys to %s: %s", key_log, error)
    return context


def _bound_to(value: Any) -> tuple[str, int] | None:
    """Return *value* of DOWNLOAD_BIND_ADDRESS or "bindaddress", a host or a pair, as a pair."""
    if not value:
        return None
    return (value, 0) if isinstance(value, str) else (value[0], value[1])


@lru_cache(maxsize=_MOST_ADDRESSES)
def _ip_address(host: str) -> Any:
    try:
        return ipaddress.ip_address(host)
    except ValueError:  # a Unix socket
        return None


@lru_cache(maxsize=_MOST_NAMES)
def _name_of(name: str) -> bytes:
    """Return the *name* of a field as Scrapy writes it."""
    return name.encode("latin-1").title()


def _headers_of(head: ResponseHead) -> Any:
    """Return the fields in Scrapy's Headers, which would make each name anew for each response."""
    fields: dict[bytes, list[bytes]] = {}
    for name, value in field_lines_of(head):
        fields.setdefault(_name_of(name), []).append(value.encode("latin-1"))
    headers = Headers()
    dict.update(headers, fields)
    return headers


@lru_cache(maxsize=_MOST_NAMES)
def _class_for(content_type: bytes) -> Any:
    """Return the class of Scrapy's for content of that type and without a coding; None: more has to be looked at."""
    kind = responsetypes.from_content_type(content_type)
    return None if kind is AnyResponse else kind


def _is_heard(signal: object, sender: object) -> bool:
    """Return whether anybody has connected to *signal* of *sender*, or to more; to go through all takes long."""
    for who in (sender, dispatcher.Any):
        connected = dispatcher.connections.get(id(who))
        if connected and (signal in connected or dispatcher.Any in connected):
            return True
    return False


def _leave_heads_unsaid() -> None:
    """Have the logger ``httpconn`` tell no heads, unless somebody has given it a level.

    Scrapy has its root logger take everything, and its handlers leave out what LOG_LEVEL says: each head would be
    formatted, for nobody.
    """
    logger = logging.getLogger("httpconn")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
        if _log.level == logging.NOTSET:
            _log.setLevel(logging.DEBUG)  # what is said as Scrapy's own handler says it


class _Limits(NamedTuple):
    """Of one request."""

    maxsize: int
    warnsize: int
    timeout_s: float
    fails_on_dataloss: bool


class DownloadHandler:
    """Downloads the requests of one crawler, for ``http`` and ``https``. Needs Scrapy 2.15 or newer.

    It runs under asyncio (Scrapy's own default, with Twisted's reactor or without), and in any other reactor of
    Twisted's that can watch a descriptor.
    """

    lazy = False

    def __init__(self, crawler: Any) -> None:
        """Raises ValueError for a TLS version that is none."""
        settings = crawler.settings
        self.crawler = crawler
        _leave_heads_unsaid()
        self._maxsize: int = settings.getint("DOWNLOAD_MAXSIZE")
        self._warnsize: int = settings.getint("DOWNLOAD_WARNSIZE")
        self._timeout_s: float = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._fails_on_dataloss: bool = settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS")
        self._tells_tls: bool = settings.getbool("DOWNLOADER_CLIENT_TLS_VERBOSE_LOGGING")
        self._proxy_encoding: str = settings.get("HTTPPROXY_AUTH_ENCODING") or "latin-1"
        self._has_warned_of_dataloss = False
        context = _context(settings)
        given: dict[str, Any] = {"context": context, "proxy_context": context, "proxy": "direct", "keep_sent": True}
        if not settings.getbool("DNSCACHE_ENABLED", True):
            given["resolve_ttl_s"] = 0
        self._options = settings_of(given, "Scrapy")
        self._bind_address = _bound_to(settings.get("DOWNLOAD_BIND_ADDRESS"))
        self._clients: dict[tuple[str, int] | None, AsyncClient] = {}
        """By the address that they connect from, which is an option of a client, as of a pool or a fetcher."""
        self._timeouts = Kept(_MOST_KEPT)

    @classmethod
    def from_crawler(cls, crawler: Any) -> DownloadHandler:
        return cls(crawler)

    async def download_request(self, request: Any) -> Any:
        """Return Scrapy's Response to its *request*. Raises Scrapy's exceptions, and InvalidField for its fields."""
        meta = request.meta
        limits = _Limits(
            meta.get("download_maxsize", self._maxsize),
            meta.get("download_warnsize", self._warnsize),
            meta.get("download_timeout") or self._timeout_s,
            meta.get("download_fail_on_dataloss", self._fails_on_dataloss),
        )
        began = time.monotonic()
        job = None
        try:
            client = self._client_for(_bound_to(meta.get("bindaddress")) or self._bind_address)
            driver = client._running()
            ours, fields = self._request_of(request, limits.timeout_s)
            job = driver.shared.preparer.prepare_given(ours, fields, driver.next_index())
            response = await take_result(client, driver, job)
        except (HTTPException, OSError) as error:
            raise self._told(error, request, job, limits) from error
        meta["download_latency"] = time.monotonic() - began
        try:
            return await _Download(self, request, limits, job, response).run()
        finally:
            response.close()

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def _client_for(self, address: tuple[str, int] | None) -> AsyncClient:
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = AsyncClient(**self._options, source_address=address)
        return client

    def _request_of(self, request: Any, timeout_s: float) -> tuple[Request, tuple[tuple[bytes, bytes], ...]]:
        """Return *request* as it is sent, and its fields. Raises ValueError for credentials no proxy can be told."""
        # Scrapy's own ``items`` looks each name up anew.
        fields = [(name, value) for name, values in dict.items(request.headers) for value in values]
        proxy = request.meta.get("proxy")
        told = dict.get(request.headers, b"Proxy-Authorization")  # as Scrapy's Headers writes each name
        if told:
            fields = [pair for pair in fields if pair[0] != b"Proxy-Authorization"]
            proxy = self._with_credentials(proxy, told[-1]) if proxy else proxy
        if proxy and "://" not in proxy:
            proxy = f"http://{proxy}"
        timeout = self._timeouts.get(timeout_s, partial(Timeout, None, None, timeout_s, None))
        body = request.body or (b"" if request.method in _WITH_CONTENT else None)
        ours = Request(
            request.method, request.url, None, body, timeout=timeout, decode=False, proxy=proxy or None, redirects=0
        )
        return ours, tuple(fields)

    def _with_credentials(self, proxy: str, told: bytes) -> str:
        """Return the URL of *proxy* with the user name and password that *told*, a Proxy-Authorization, has."""
        scheme, _, token = told.decode("latin-1").partition(" ")
        if scheme.lower() != "basic":
            raise ValueError(f"Expected Basic auth in Proxy-Authorization, got {scheme}")
        user, _, password = base64.b64decode(token).decode(self._proxy_encoding).partition(":")
        encoded = (quote(text, safe="", encoding=self._proxy_encoding) for text in (user, password))
        kind, separator, rest = proxy.rpartition("://")
        return f"{kind or 'http'}{separator or '://'}{':'.join(encoded)}@{rest.rpartition('@')[2]}"

    def _told(self, error: Exception, request: Any, job: Job | None, limits: _Limits) -> Exception:
        """Return what is raised for *error*, in Scrapy's words; a caller's mistake in its fields stays what it is."""
        if isinstance(error, RequestTimeout):
            return DownloadTimeoutError(f"Getting {request.url} took longer than {limits.timeout_s} seconds.")
        if isinstance(error, InvalidURL):
            return UnsupportedURLSchemeError(str(error))
        if isinstance(error, PoolClosed):
            return DownloadCancelledError(str(error))
        if isinstance(error, socket.gaierror):
            return CannotResolveHostError(str(error))
        if isinstance(error, ValueError) and not isinstance(error, OSError):
            return error
        is_unopened = job is not None and job.has_failed_unopened and not isinstance(error, ssl.SSLError)
        if isinstance(error, ProxyError) or (is_unopened and isinstance(error, OSError)):
            return DownloadConnectionRefusedError(str(error))
        if isinstance(error, IncompleteRead) and not isinstance(error, RemoteDisconnected):
            if not self._has_warned_of_dataloss:
                self._has_warned_of_dataloss = True
                _log.warning(
                    "Got data loss in %s. If you want to process broken responses set the setting "
                    "DOWNLOAD_FAIL_ON_DATALOSS = False -- This message won't be shown in further requests",
                    request.url,
                )
            return ResponseDataLossError(str(error))
        return DownloadFailedError(str(error))


class _Download:
    """One response, from its head on: told to the signals, measured, and made one of Scrapy's."""

    __slots__ = ("_content", "_handler", "_head", "_headers", "_job", "_limits", "_request", "_response", "_warned")

    def __init__(self, handler: DownloadHandler, request: Any, limits: _Limits, job: Job, response: Response) -> None:
        head = response._head
        assert head is not None
        self._handler = handler
        self._request = request
        self._limits = limits
        self._job = job
        self._response = response
        self._head: ResponseHead = head
        self._headers = _headers_of(head)
        self._content: bytes | bytearray = b""
        self._warned = False

    async def run(self) -> Any:
        """Return Scrapy's Response. Raises its exceptions."""
        length = announced_bytes(self._head)
        expected = length if length >= 0 and self._request.method != "HEAD" else None
        if expected is not None:
            self._measure(expected, "Expected to receive")
        if self._handler._tells_tls:
            self._tell_tls()
        stop = self._send(signals.headers_received, headers=self._headers, body_length=expected)
        if stop is not None:
            return self._made(stop)
        response = self._response
        try:
            if isinstance(response, AsyncResponse):
                async for part in response.aiter_bytes():
                    stop = self._take(part)
                    if stop is not None:
                        return self._made(stop)
            elif response._content:
                stop = self._take(response._content)
        except (HTTPException, OSError) as error:
            if isinstance(error, IncompleteRead) and not self._limits.fails_on_dataloss:
                return self._made(None, "dataloss")
            raise self._handler._told(error, self._request, self._job, self._limits) from error
        return self._made(stop, *self._flags())

    def _take(self, part: bytes) -> Any:
        """Take the next *part*; return the StopDownload of who wants no more. Raises DownloadCancelledError."""
        if not self._content:
            self._content = part
        else:
            if isinstance(self._content, bytes):
                self._content = bytearray(self._content)
            self._content += part
        stop = self._send(signals.bytes_received, data=part)
        if stop is None:
            self._measure(len(self._content), "Received")
        return stop

    def _measure(self, size: int, told: str) -> None:
        """Raise DownloadCancelledError where *size* is above the limit; warn where it is above that, once."""
        limits, request = self._limits, self._request
        if limits.maxsize and size > limits.maxsize:
            text = (
                f"{told} {size} bytes which is larger than download max size ({limits.maxsize}) in request {request}."
            )
            _log.warning(text)
            raise DownloadCancelledError(text)
        if limits.warnsize and size > limits.warnsize and not self._warned:
            self._warned = True
            _log.warning(
                "%s %d bytes which is larger than download warn size (%d) in request %s.",
                *(told, size, limits.warnsize, request),
            )

    def _is_uncoded_of_a_type(self) -> bool:
        fields = self._headers
        return dict.__contains__(fields, b"Content-Type") and not dict.__contains__(fields, b"Content-Encoding")

    def _send(self, signal: object, **told: Any) -> Any:
        """Send *signal*; return the StopDownload that a receiver has raised, None for none."""
        crawler = self._handler.crawler
        if not _is_heard(signal, crawler.signals.sender):
            return None
        results = crawler.signals.send_catch_log(signal=signal, request=self._request, spider=crawler.spider, **told)
        for receiver, result in results:
            raised = getattr(result, "value", None)
            if isinstance(raised, StopDownload):
                name = getattr(receiver, "__qualname__", repr(receiver))
                _log.debug("Download stopped for %s from signal handler %s", self._request, name)
                return raised
        return None

    def _flags(self) -> tuple[str, ...]:
        """Return "partial" for content that ends where the connection does: whether it was all, nobody can tell."""
        head = self._head
        if head.content_length is not None or head.transfer_encoding is not None:
            return ()
        has_body = self._request.method != "HEAD" and head.status not in _WITHOUT_BODY
        return ("partial",) if has_body else ()

    def _tell_tls(self) -> None:
        tls = self._response.tls
        if tls is not None:
            where = self._job.origin.host
            _log.debug("SSL connection to %s using protocol %s, cipher %s", where, tls.version, tls.cipher)

    def _made(self, stop: Any, *flags: str) -> Any:
        """Return the Response of Scrapy's class for it; *stop* is raised with it, where that is meant to fail."""
        response, request, headers, body = self._response, self._request, self._headers, bytes(self._content)
        peer, tls = response.peer, response.tls
        kind = _class_for(headers[b"Content-Type"] or b"") if self._is_uncoded_of_a_type() else None
        if kind is None:
            kind = responsetypes.from_args(headers=headers, url=request.url, body=body)
        made = kind(
            url=request.url,
            status=response.status,
            body=body,
            flags=[*flags] if stop is None else [*flags, "download_stopped"],
            certificate=None if tls is None else tls.certificate,
            ip_address=None if peer is None else _ip_address(peer[0]),
            protocol="HTTP/1.0" if response.version == 10 else "HTTP/1.1",
        )
        made.headers = headers  # given to its class they would be made anew
        if stop is not None and stop.fail:
            stop.response = made
            try:
                raise stop
            finally:
                del stop
        return made
