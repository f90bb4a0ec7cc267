"""HTTPXTransport and AsyncHTTPXTransport: the carriers of clients of httpx, and of httpx2.

Whose they are is told by each request: its library's are the response, the streams and the exceptions. So one class
serves both libraries, and none of the two has to be installed for the other's sake.
"""

from __future__ import annotations

import math
import ssl
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote as percent_encode

from .._engine.many.driver import Driver
from .._engine.many.fed import feeding
from .._exchange.job import Job
from .._exchange.proxies import parse_proxy
from ..aio import AsyncClient, AsyncResponse, take_result
from ..errors import HTTPException, InvalidField, InvalidURL, MissingExtra, PoolClosed, UnsupportedScheme
from ..model import Request, Timeout
from ..policies.retries import Retry
from ..pool import ConnectionPool
from .httpx_response import LIBRARIES, Library, as_theirs, head_of, library_of, pairs_of
from .options import LEFT_TO_LIBRARY, Kept, settings_of

_MOST_KEPT: Final = 64
_LEAST_S: Final = 1e-6
_FOREVER_S: Final = 1e9


def _installed() -> list[Any]:
    """Return the libraries that the program has imported; where it has none, the first that is there.

    Raises MissingExtra.
    """
    loaded = [sys.modules[name] for name in LIBRARIES if name in sys.modules]
    if loaded:
        return loaded
    for name in LIBRARIES:
        try:
            return [import_module(name)]
        except ImportError:
            continue
    raise MissingExtra("HTTPXTransport needs the package httpx, or httpx2 (pip install 'httpconn[httpx]')")


_AT_HAND: Final = _installed()

# What a client's type says that it takes is its own library's class; what it does with it is to call two methods.
if TYPE_CHECKING:
    import httpx

    _Base: TypeAlias = httpx.BaseTransport
    _AsyncBase: TypeAlias = httpx.AsyncBaseTransport
else:
    _Base = type("_Base", tuple(library.BaseTransport for library in _AT_HAND), {})
    _AsyncBase = type("_AsyncBase", tuple(library.AsyncBaseTransport for library in _AT_HAND), {})


# -- what goes out ------------------------------------------------------------------------------------------------


class _Source:
    """A body that is read while it is sent; what it raises is the caller's own."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except BaseException as error:
            self.error = error
            raise


class _AsyncSource:
    """The same, asynchronous."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: BaseException | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except BaseException as error:
            self.error = error
            raise


class _Carrier:
    """What the two transports have in common: their options, and what a request becomes."""

    def __init__(
        self,
        verify: Any = True,
        cert: Any = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Any = None,
        proxy: Any = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[Any] | None = None,
        **options: Any,
    ) -> None:
        """Raises TypeError, ValueError for an invalid option."""
        if http2 or not http1:
            raise ValueError("HTTP/2 is not spoken here: give http2=True to the library's own HTTPTransport")
        owned = {**LEFT_TO_LIBRARY, "retry": "give it as retries=", "timeout": "each request has one"}
        own = settings_of(options, "httpx", owned=owned)
        limits = _AT_HAND[0].Limits(max_connections=100, keepalive_expiry=5.0) if limits is None else limits
        if "max_connections" not in options and limits.max_connections is not None:
            own["max_connections"] = own["per_host"] = limits.max_connections
        if "per_host" in options:
            own["per_host"] = options["per_host"]
        expiry = _FOREVER_S if limits.keepalive_expiry is None else limits.keepalive_expiry
        own.setdefault("idle_s", 0.0 if limits.max_keepalive_connections == 0 else expiry)
        if "context" not in options:
            own["context"] = _AT_HAND[0].create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
            own["context"].set_alpn_protocols(["http/1.1"])
        if proxy is not None:
            own["proxy"], context = _proxy_of(proxy)
            own.setdefault("proxy_context", context or own["context"])
        if uds is not None:
            own["resolve"] = partial(_socket_at, uds)
        if local_address is not None:
            own["source_address"] = (local_address, 0)
        if retries:
            own["retry"] = Retry(retries, statuses=(), jitter=0.0)
        if socket_options is not None:
            own["socket_options"] = socket_options
        self._options = own
        self._timeouts = Kept(_MOST_KEPT)

    def _request_of(self, request: Any, body: Any) -> tuple[Request, tuple[Any, ...], str]:
        """Return *request* as it is sent, its fields, and its target where that is not the URL's."""
        extensions = request.extensions
        told = extensions.get("timeout") or {}
        key = (told.get("connect"), told.get("read"), told.get("pool"))
        ours = Request(
            request.method,
            str(request.url),
            None,
            body,
            timeout=self._timeouts.get(key, partial(_limits, *key)),
            decode=False,
            server_hostname=extensions.get("sni_hostname"),
        )
        target = extensions.get("target")
        return ours, tuple(request.headers.raw), "" if target is None else target.decode("ascii")


def _limits(connect: float | None, read: float | None, pool: float | None) -> Timeout:
    least = [None if value is None or value == math.inf else max(value, _LEAST_S) for value in (connect, read, pool)]
    return Timeout(least[0], least[1], None, least[2])


def _socket_at(path: str, host: str, port: int) -> str:
    return f"unix:{path}"


def _proxy_of(proxy: Any) -> tuple[str, ssl.SSLContext | None]:
    """Return the URL of *proxy*, a Proxy, a URL or a str, and its TLS context. Raises ValueError, InvalidURL."""
    context, credentials = None, None
    url = proxy
    if hasattr(proxy, "raw_auth"):
        if proxy.headers:
            raise ValueError("fields of your own for a proxy cannot be sent: use the library's own HTTPTransport")
        context, credentials, url = proxy.ssl_context, proxy.raw_auth, proxy.url
    text = str(url)
    if credentials is not None:
        scheme, _, rest = text.partition("://")
        user, password = (percent_encode(part, safe="") for part in credentials)
        text = f"{scheme}://{user}:{password}@{rest.rpartition('@')[2]}"
    parse_proxy(text)
    return text, context


# -- what comes back ----------------------------------------------------------------------------------------------


def _is_refusal(error: BaseException) -> bool:
    """Return whether *error* is told before any traffic, of what the caller has asked for."""
    if isinstance(error, (InvalidField, InvalidURL, MissingExtra, UnicodeError)):
        return True
    return isinstance(error, ValueError) and not isinstance(error, OSError)


class _Trace:
    """What a request's "trace" extension is told, by httpcore's names, as far as it can be told from outside."""

    __slots__ = ("_call", "_event")

    def __init__(self, call: Any) -> None:
        self._call = call
        self._event = ""

    def started(self, event: str, **info: Any) -> Any:
        self._event = event
        return self._call(f"http11.{event}.started", info)

    def complete(self, **info: Any) -> Any:
        return self._call(f"http11.{self._event}.complete", info)

    def failed(self, error: BaseException) -> Any:
        return self._call(f"http11.{self._event}.failed", {"exception": error})


class HTTPXTransport(_Carrier, _Base):
    """Sends what an ``httpx.Client`` has to send: ``httpx.Client(transport=HTTPXTransport())``; of httpx2 too.

    The arguments are those of ``httpx.HTTPTransport``, with the same defaults, but that HTTP/2 is refused; *retries*
    counts connections that could not be made, for methods that are idempotent. By keyword besides, options of
    ``ConnectionPool`` that are not httpx's own business.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Raises TypeError, ValueError for an invalid option."""
        _Carrier.__init__(self, *args, **options)
        self._pool = ConnectionPool(**self._options)

    def handle_request(self, request: Any) -> Any:
        """Return the library's Response to its *request*, with its content still to be read.

        Raises the library's exceptions.
        """
        library = library_of(request)
        source = None
        try:
            body = request.content
        except library.not_read:
            body = library.content_of(request.stream)
            if body is None:
                body = source = _Source(request.stream)
        job, trace = None, request.extensions.get("trace")
        tracer = _Trace(trace) if trace is not None else None
        try:
            ours, fields, target = self._request_of(request, body or None)
            if tracer is not None:
                tracer.started("send_request_headers", request=request)
            job = self._pool._shared.preparer.prepare_given(ours, fields, 0, target)
            response = self._pool._send(job, stream=True)
            head, extensions = head_of(response)
            if tracer is not None:
                tracer.complete()
                tracer.started("receive_response_headers", request=request)
                told = (extensions["http_version"], head.status, head.reason, pairs_of(head))
                tracer.complete(return_value=told)
        except Exception as error:
            if tracer is not None:
                tracer.failed(error)
            raise _told(error, job, library, source, request) from error
        if response._stream is None:
            return library.response_of(library.at_hand, head, library.byte_stream(response._content), extensions)
        return library.response_of(library.response, head, library.stream(library, job, response), extensions)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()


class AsyncHTTPXTransport(_Carrier, _AsyncBase):
    """Sends what an ``httpx.AsyncClient`` has to send, under asyncio, uvloop or trio; else as ``HTTPXTransport``.

    By keyword besides, options of ``AsyncClient`` that are not httpx's own business. It begins anew in another event
    loop when the one in which it was used is over.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Raises TypeError, ValueError for an invalid option."""
        _Carrier.__init__(self, *args, **options)
        self._client = AsyncClient(**self._options)

    def _running(self) -> tuple[AsyncClient, Driver]:
        client = self._client
        driver = client._driver
        if driver is not None and driver.runner.is_over():
            client.close()
            client = self._client = AsyncClient(**self._options)
        return client, client._running()

    async def handle_async_request(self, request: Any) -> Any:
        """Return the library's Response to its *request*, with its content still to be read.

        Raises the library's exceptions.
        """
        library = library_of(request)
        source = None
        try:
            body = request.content
        except library.not_read:
            body = library.content_of(request.stream)
            if body is None:
                body = source = _AsyncSource(request.stream)
        job, trace = None, request.extensions.get("trace")
        tracer = _Trace(trace) if trace is not None else None
        try:
            client, driver = self._running()
            if source is not None:
                body = feeding(driver, source)
            ours, fields, target = self._request_of(request, body or None)
            if tracer is not None:
                await tracer.started("send_request_headers", request=request)
            job = driver.shared.preparer.prepare_given(ours, fields, driver.next_index(), target)
            response = await take_result(client, driver, job)
            head, extensions = head_of(response)
            if tracer is not None:
                await tracer.complete()
                await tracer.started("receive_response_headers", request=request)
                told = (extensions["http_version"], head.status, head.reason, pairs_of(head))
                await tracer.complete(return_value=told)
        except Exception as error:
            if tracer is not None:
                await tracer.failed(error)
            raise _told(error, job, library, source, request) from error
        if isinstance(response, AsyncResponse):
            stream = library.async_stream(library, job, response)
        else:
            stream = library.byte_stream(response._content)
        return library.response_of(library.response, head, stream, extensions)

    async def aclose(self) -> None:
        """Close every socket."""
        self._client.close()


def _told(
    error: Exception, job: Job | None, library: Library, source: _Source | _AsyncSource | None, request: Any
) -> Exception:
    """Return what is raised for *error*: the caller's own as it is, and others as the library's."""
    if source is not None and error is source.error:
        return error
    theirs = library.module
    if isinstance(error, InvalidURL) and not isinstance(error, UnsupportedScheme):
        if not request.url.is_absolute_url:
            return theirs.UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol.")  # type: ignore[no-any-return]  # of a module found late
        if "target" not in request.extensions:  # a host or a port that nobody can connect to, as of a redirect
            return theirs.ConnectError(str(error))  # type: ignore[no-any-return]
    if isinstance(error, PoolClosed):
        return RuntimeError("Cannot send a request, as the transport has been closed.")
    if isinstance(error, (HTTPException, OSError)) or _is_refusal(error):
        return as_theirs(error, job, library)
    return error
