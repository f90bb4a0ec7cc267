"""RequestsAdapter: the carrier of a ``requests.Session``, in the place of ``requests.adapters.HTTPAdapter``.

requests takes from urllib3 a response (``response.raw``) and its exceptions. Both are urllib3's own here too: a
``urllib3.HTTPResponse`` over the content as it comes, so that it decodes, chunks and closes as ever, and each error of
ours as the one that urllib3 would have raised, judged by urllib3's ``Retry`` and told as ``HTTPAdapter`` tells it.
"""

from __future__ import annotations

import io
import math
import os
import socket
import ssl
import time
import warnings
from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping
from datetime import timedelta
from functools import lru_cache, partial
from operator import itemgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import urlsplit

from .._exchange.job import Job
from .._exchange.proxies import Proxy
from .._wire.head import ResponseHead, field_lines_of, field_value_of, field_values_of
from ..errors import (
    ConnectTimeout,
    FingerprintMismatch,
    HTTPException,
    IncompleteFetch,
    IncompleteRead,
    InvalidField,
    InvalidURL,
    MalformedChunks,
    MalformedFraming,
    MissingExtra,
    PoolClosed,
    PoolTimeout,
    ProxyError,
    RequestTimeout,
    UnsupportedScheme,
)
from ..headers import Fields, HTTPMessage, fields_from_lines
from ..model import BODY_RECEIVE_BYTES, LARGE_READ_BYTES, Request, Response, Stream, Timeout
from ..policies.retries import Retry
from ..pool import ConnectionPool
from .at_hand import Carried, Maker, raw_of, request_like
from .options import LEFT_TO_LIBRARY, Kept, settings_of

try:
    import requests
    import urllib3
    from requests import exceptions as theirs
    from requests.adapters import BaseAdapter
    from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
    from requests.structures import CaseInsensitiveDict
    from requests.utils import (
        DEFAULT_CA_BUNDLE_PATH,
        get_encoding_from_headers,
        prepend_scheme_if_needed,
        select_proxy,
    )
    from urllib3 import exceptions as urllib3_errors
    from urllib3._collections import HTTPHeaderDict
    from urllib3.util.ssl_ import create_urllib3_context
except ImportError as error:
    raise MissingExtra("RequestsAdapter needs the package requests (pip install 'httpconn[requests]')") from error


_GET: Final = Request("GET", "", decode=False)
_MOST_KEPT: Final = 64
_OF_URLLIB3: Final = (
    "build_connection_pool_key_attributes",
    "cert_verify",
    "get_connection",
    "get_connection_with_tls_context",
    "init_poolmanager",
    "proxy_headers",
    "proxy_manager_for",
    "request_url",
)
"""Methods by which subclasses of HTTPAdapter reach into urllib3, which is not there."""
_WITHOUT_CONTENT: Final = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})
"""Methods of which nobody expects content: a request without it has no Content-Length."""
_INSTEAD: Final = (
    "give options of a ConnectionPool to RequestsAdapter instead (context=, source_address=, socket_options=, "
    "server_hostname=, ...), or mount requests' own HTTPAdapter for the sites that need this"
)


class _Absent:
    """What HTTPAdapter has and a RequestsAdapter has not: to ask for it is an AttributeError that says why.

    A ``__getattr__`` would say it too, and make each look at any attribute three times as long.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        raise AttributeError(f"a RequestsAdapter has no {self._name}, since there is no urllib3 under it: {_INSTEAD}")


class _Pool(ConnectionPool):
    """One that is dropped without a word: many programs close no session, and with urllib3 nothing tells them."""

    _tells_unclosed = False


class RequestsAdapter(BaseAdapter):
    """Sends what a ``requests.Session`` has to send: ``session.mount("https://", RequestsAdapter())``.

    *max_retries* is an int or a ``urllib3.Retry`` as for HTTPAdapter, or a ``httpconn.Retry``. *pool_maxsize* together
    with *pool_block* is how many connections there may be to one origin at most; without *pool_block* nobody waits for
    a connection. *pool_connections* has no meaning, since there is one pool for all origins.

    By keyword, options of ``ConnectionPool``, but for those that are requests' own business (``headers``, ``cookies``,
    ``redirects`` and the like). Of these *timeout* counts where requests gives none, *context* where it gives no
    ``verify`` of its own and no ``cert``, and *proxy* where it has none for a URL.
    """

    def __init__(
        self,
        pool_connections: int = 10,
        pool_maxsize: int = 10,
        max_retries: Any = 0,
        pool_block: bool = False,
        **options: Any,
    ) -> None:
        """Raises TypeError, ValueError for an invalid option."""
        super().__init__()
        self._given = {
            "pool_connections": pool_connections,
            "pool_maxsize": pool_maxsize,
            "max_retries": max_retries,
            "pool_block": pool_block,
            **options,
        }
        if pool_block:
            options.setdefault("per_host", pool_maxsize)
        owned = {**LEFT_TO_LIBRARY, "retry": "give it as max_retries="}
        self._options = settings_of(options, "requests", owned=owned)
        self._default_timeout = Timeout.of(self._options["timeout"])
        self.max_retries = _retries_of(max_retries)
        self._own_context: Any = options.get("context")
        self._contexts, self._timeouts = Kept(_MOST_KEPT), Kept(_MOST_KEPT)
        self._pool = _Pool(**self._options)
        self._secured: dict[ssl.SSLContext, ConnectionPool] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _OF_URLLIB3:
            if name in cls.__dict__:
                raise TypeError(f"{cls.__name__}.{name}() would never be called: {_INSTEAD}")

    def __getstate__(self) -> dict[str, Any]:
        known = ("_contexts", "_default_timeout", "_options", "_own_context", "_pool", "_secured", "_timeouts")
        return {name: value for name, value in vars(self).items() if name not in known}

    def __setstate__(self, state: dict[str, Any]) -> None:
        RequestsAdapter.__init__(self, **state["_given"])
        vars(self).update(state)

    def close(self) -> None:
        """Close the kept connections; the adapter can go on, as HTTPAdapter can after its ``close``."""
        pools = [self._pool, *self._secured.values()]
        self._pool, self._secured = _Pool(**self._options), {}
        for pool in pools:
            pool.close()

    @property
    def max_retries(self) -> Any:
        """A ``urllib3.Retry`` or a ``httpconn.Retry``; may be set, to a number, too."""
        return self._retries

    @max_retries.setter
    def max_retries(self, value: Any) -> None:
        self._retries = _retries_of(value)
        self._never_retries = _is_never(self._retries)

    def add_headers(self, request: Any, **kwargs: Any) -> None:
        """Do nothing: for subclasses, which may add fields here before a request is sent."""

    # -- sending ------------------------------------------------------------------------------------------

    def send(
        self,
        request: Any,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str | None = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a PreparedRequest and return its response, whose content is still to be read. See BaseAdapter.

        Raises the exceptions of requests.
        """
        url: Any = request.url
        if isinstance(url, bytes):
            url = url.decode()
        if "[" in url or "]" in url:
            url = _without_brackets(url)
        proxy = _proxy_of(url, proxies) if proxies else None
        context = None if url.startswith("http:") else self._context_for(url, verify, cert)
        self.add_headers(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        limits = self._default_timeout if timeout is None else self._limits_of(timeout)
        method, body = request.method, request.body
        if method == "GET" and body is None and proxy is None and "@" not in url:
            ours = request_like(_GET, url, limits, context)
        else:
            ours = Request(
                method, url, None, _body_of(body), timeout=limits, decode=False, context=context, proxy=proxy
            )
        retries = self._retries
        if isinstance(retries, Retry):
            ours.retry = retries
            retries = _NO_RETRIES
        pool = self._pool if proxy is None else self._pool_for(proxy, context, verify, cert)
        fields = _fields_of(request.headers)
        if body is None and method not in _WITHOUT_CONTENT:
            fields = _with_length(fields)
        while True:
            try:
                job = pool._shared.preparer.prepare_given(ours, fields)
                raw = self._exchange(pool, job)
            except _NEVER_SENT_AGAIN as error:
                raise _told_by_requests(error, request) from error
            except urllib3_errors.HTTPError as error:
                try:
                    retries = _after(retries, job, error=error, _stacktrace=error.__traceback__)
                except urllib3_errors.HTTPError as told:
                    raise _told_by_requests(told, request) from error
                retries.sleep()
                continue
            except Exception as error:
                if not _is_refusal(error):
                    raise
                raise _refusal(error, request) from error
            again = None if self._never_retries else _after_status(retries, request, job, raw)
            if again is None:
                raw.retries = retries
                response = self.build_response(request, raw)
                if not stream and type(response) is _plain_response:
                    response.__class__ = ResponseAtHand
                return response
            retries = again

    def _exchange(self, pool: ConnectionPool, job: Job) -> RawResponse:
        """Return the response of urllib3's kind. Raises urllib3's errors, and what is told before any traffic."""
        try:
            response = pool._send(job, stream=True)
        except (HTTPException, OSError) as error:
            if _is_refusal(error):
                raise
            came = getattr(error, "response", None)
            if came is not None:
                assert isinstance(job.request, Request)
                came._request = job.request.replaced(context=None)  # what has a TLS context in it does not pickle
            raise _as_urllib3(error, job) from error
        raw: RawResponse = raw_of(RawResponse, _Original, job, response)
        length = raw.head.content_length
        if length is not None and "," in length:
            # Where there is no content, ours do not care; urllib3 does, and tells it here and not with a late look.
            try:
                _ = raw.length_remaining
            except urllib3_errors.InvalidHeader:
                raw._content.close()  # and the response; the finalizer does not look at it then
                raise
        return raw

    def build_response(self, req: Any, resp: urllib3.HTTPResponse) -> requests.Response:
        """Return what requests makes of a response of urllib3's kind."""
        url = req.url
        if isinstance(url, bytes):
            url = url.decode()
        if isinstance(resp, RawResponse):
            made: requests.Response = _maker.make(req, resp, url, self)
            is_usual = _is_plainly_made and requests.Response.__init__ is _make_response
            return made if is_usual else _made_by_requests(made, resp.head)
        # What stands in for servers in tests hands in urllib3's own.
        response = requests.Response()
        response.headers.update(resp.headers)
        if getattr(resp, "_original_response", None):
            extract_cookies_to_jar(response.cookies, req, resp)
        vars(response).update(
            status_code=resp.status,
            raw=resp,
            url=url,
            encoding=_encoding_by(response.headers.get("content-type")),
            reason=resp.reason or "",
            request=req,
            connection=self,
        )
        return response

    # -- what a request is sent with ------------------------------------------------------------------------

    def _limits_of(self, timeout: Any) -> Timeout:
        """Return the limits that *timeout* says: a number, a pair, or urllib3's. Raises ValueError."""
        if isinstance(timeout, tuple):
            if len(timeout) != 2:
                raise ValueError(
                    f"Invalid timeout {timeout}. Pass a (connect, read) timeout tuple, or a single float to set both "
                    "timeouts to the same value."
                )
            connect, read, total = *timeout, None
        elif isinstance(timeout, urllib3.Timeout):
            connect, read, total = timeout.connect_timeout, timeout._read, timeout.total
        else:
            connect, read, total = timeout, timeout, None
        key = (connect, read, total)
        try:
            limits: Timeout = self._timeouts.get(key, partial(self._new_limits, *key))
        except TypeError:
            raise ValueError(f"Timeout value was {timeout!r}, but it must be an int, float or None.") from None
        return limits

    def _new_limits(self, connect: Any, read: Any, total: Any) -> Timeout:
        for value in (connect, read, total):
            if isinstance(value, bool):
                raise ValueError("Timeout cannot be a boolean value. It must be an int, float or None.")
            if isinstance(value, (int, float)) and value <= 0:
                raise ValueError(
                    f"Attempted to set a timeout to {value}, but the timeout cannot be set to a value less than or "
                    "equal to 0."
                )
        none = urllib3.Timeout.DEFAULT_TIMEOUT
        limits = [None if value is none or value == math.inf else value for value in (connect, read, total)]
        return Timeout(limits[0], limits[1], limits[2], self._default_timeout.pool)

    def _context_for(self, url: str, verify: bool | str | None, cert: Any) -> Any:
        """Return the TLS context for *verify* and *cert*; None for one without TLS. Raises OSError for a missing file.

        One of each, for as long as its files are the same: connections are kept by it (CVE-2024-35195).
        """
        if url[:5].lower() != "https":
            return None
        if verify is None:
            verify = False
        if not verify:
            warnings.warn(
                f"Unverified HTTPS request is being made to host {_Where(url).host!r}. Adding certificate verification "
                "is strongly advised.",
                urllib3_errors.InsecureRequestWarning,
                stacklevel=4,
            )
        elif verify is True and not cert and self._own_context is not None:
            return self._own_context
        bundle: Any = DEFAULT_CA_BUNDLE_PATH if verify is True else verify
        if not cert and verify:
            key: Any = True if verify is True else (verify, _changed_at(bundle, _A_BUNDLE))
        else:
            files = [(_A_BUNDLE, bundle)] if verify else []
            pair = (cert,) if isinstance(cert, str) else cert or ()
            files += zip(("the TLS certificate file", "the TLS key file"), pair, strict=False)
            key = (bool(verify), *[(name, _changed_at(name, what)) for what, name in files])
        return self._contexts.get(key, partial(_new_context, bundle if verify else None, cert))

    def _pool_for(self, proxy: str, context: Any, verify: bool | str | None, cert: Any) -> ConnectionPool:
        """Return the pool that goes by *proxy*: of one spoken to by TLS the certificate is always verified."""
        if not proxy.startswith("https:"):
            return self._pool
        context = context or self._context_for("https", verify or True, cert)
        pool = self._secured.get(context)
        if pool is None:
            pool = self._secured[context] = _Pool(**{"proxy_context": context, **self._options})
        return pool


_A_BUNDLE: Final = "a suitable TLS CA certificate bundle"


def _changed_at(name: str, what: str) -> float:
    """Return when a file has been changed. Raises OSError, as HTTPAdapter does, where there is none."""
    try:
        return os.stat(name).st_mtime_ns
    except OSError:
        raise OSError(f"Could not find {what}, invalid path: {name}") from None


def _new_context(bundle: str | None, cert: Any) -> ssl.SSLContext:
    """Return urllib3's context, which trusts *bundle*, a file or a folder; None: whoever."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_NONE if bundle is None else ssl.CERT_REQUIRED)
    context.set_alpn_protocols(["http/1.1"])
    if bundle is not None:
        context.check_hostname = True
        context.load_verify_locations(**{"capath" if os.path.isdir(bundle) else "cafile": bundle})
    if isinstance(cert, str):
        context.load_cert_chain(cert)
    elif cert:
        context.load_cert_chain(*cert)
    return context


def _proxy_of(url: str, proxies: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy for *url*. Raises InvalidProxyURL."""
    proxy = select_proxy(url, dict(proxies))
    if not proxy:
        return None
    proxy = prepend_scheme_if_needed(proxy, "http")
    if not urllib3.util.parse_url(proxy).host:
        raise theirs.InvalidProxyURL("Please check proxy URL. It is malformed and could be missing the host.")
    return proxy


def _without_brackets(url: str) -> str:
    """Return *url* with the brackets of its path and query encoded, as by urllib3: some servers refuse them.

    requests leaves that to it where a URL comes from a Location; what else is to be encoded it encodes itself.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url  # which the pool refuses
    path, query = (part.replace("[", "%5B").replace("]", "%5D") for part in (parts.path, parts.query))
    return parts._replace(path=path, query=query).geturl()


def _body_of(body: Any) -> Any:
    """Return *body* as a pool takes it: of text and of files of text, the bytes. Raises UnicodeEncodeError."""
    if isinstance(body, str):
        return body.encode(_TEXT_CODING)
    return _encoded(body) if isinstance(body, io.TextIOBase) else body


_TEXT_CODING: Final = "latin-1" if vars(urllib3)["__version__"].startswith("1.") else "utf-8"
"""How text is sent, and counted by requests: urllib3 1 leaves it to http.client."""


def _encoded(file: io.TextIOBase) -> Iterator[bytes]:
    while text := file.read(16_384):
        yield text.encode(_TEXT_CODING)


for _name in (*_OF_URLLIB3, "poolmanager", "proxy_manager"):
    setattr(RequestsAdapter, _name, _Absent(_name))


# -- retries, as urllib3 decides them ---------------------------------------------------------------------------

_NO_RETRIES: Final = urllib3.Retry(0, read=False)


def _retries_of(max_retries: Any) -> Any:
    if isinstance(max_retries, Retry):
        return max_retries
    return _NO_RETRIES if max_retries == 0 else urllib3.Retry.from_int(max_retries)


def _is_never(retries: Any) -> bool:
    """Return whether no response is ever the reason for another request."""
    if isinstance(retries, Retry):
        return True
    return type(retries) is urllib3.Retry and not retries.total and not retries.status_forcelist


def _after(retries: Any, job: Job, **what: Any) -> Any:
    """Return the Retry for the request that is sent after *what* has come. Raises MaxRetryError, or what has come."""
    asked, pool = _target_of(job), _pool_of(job)
    try:
        return retries.increment(job.method, asked, _pool=pool, **what)
    except _LostByProxy as error:  # which urllib3 never raises as it is
        raise urllib3_errors.MaxRetryError(cast("Any", pool), asked, error) from error


def _after_status(retries: Any, request: Any, job: Job, raw: RawResponse) -> Any:
    """Return the Retry with which the request is sent again for the status of *raw*; None where that is the result.

    Raises RetryError. Source: urllib3, HTTPConnectionPool.urlopen.
    """
    if not retries.is_retry(request.method, raw.status, bool(raw.headers.get("Retry-After"))):
        return None
    try:
        again = _after(retries, job, response=raw)
    except urllib3_errors.MaxRetryError as error:
        if retries.raise_on_status:
            raw.drain_conn()
            raise _told_by_requests(error, request) from error
        return None
    raw.drain_conn()
    again.sleep(raw)
    return again


def _target_of(job: Job) -> str:
    """Return what urllib3 keeps as the URL of a request: its target, as it is sent."""
    return job.head.split(b" ", 2)[1].decode("ascii")


def _forwarder_of(job: Job) -> Proxy | None:
    """Return the proxy that is sent the whole URL, if there is one: for urllib3 it is whom the pool is of."""
    proxy = job.proxy
    return proxy if proxy is not None and proxy.forwards(job.origin) else None


class _Where:
    """What stands for a pool in the texts of urllib3's errors: that of *url*."""

    _kind = "ConnectionPool"

    def __init__(self, url: str) -> None:
        parts = urllib3.util.parse_url(url)
        self.scheme, self.host = parts.scheme or "http", (parts.host or "").strip("[]")
        self.port = parts.port or (443 if self.scheme == "https" else 80)

    def __str__(self) -> str:
        return f"{self.scheme.upper()}{self._kind}(host={self.host!r}, port={self.port})"

    __repr__ = __str__


class _Opened(_Where):
    """The same for a connection, of *pool*, which may go to a proxy."""

    _kind = "Connection"

    def __init__(self, pool: _Where, job: Any) -> None:
        self.scheme = pool.scheme
        to = pool if job.proxy is None or job.proxy.is_socks else job.proxy
        self.host, self.port = to.host, to.port


def _pool_of(job: Job) -> _Where:
    """Return what stands for the pool that urllib3 would have asked."""
    assert isinstance(job.request, Request)
    return _Where(str(_forwarder_of(job) or job.request.url))


# -- errors -------------------------------------------------------------------------------------------------------

_NEVER_SENT_AGAIN: Final = (
    urllib3_errors.ClosedPoolError,
    urllib3_errors.EmptyPoolError,
    urllib3_errors.InvalidHeader,
)
"""What urllib3 does not ask its Retry about."""


def _is_refusal(error: BaseException) -> bool:
    """Return whether *error* is told before any traffic."""
    if isinstance(error, (InvalidField, InvalidURL, MissingExtra)):
        return True
    return isinstance(error, (TypeError, ValueError)) and not isinstance(error, (OSError, HTTPException))


def _refusal(error: Exception, request: Any) -> Exception:
    """Return the exception of requests for what is told before any traffic."""
    if isinstance(error, (InvalidField, UnicodeError)):
        return theirs.InvalidHeader(error, request=request)
    if isinstance(error, (UnsupportedScheme, MissingExtra)):
        return theirs.InvalidSchema(error, request=request)
    if isinstance(error, InvalidURL):
        kind = theirs.InvalidProxyURL if "proxy" in str(error) else theirs.InvalidURL
        return kind(error, request=request)
    return error


class _LostByProxy(urllib3_errors.ProxyError, urllib3_errors.ProtocolError):
    """A proxy's connection was lost. To urllib3 it is the first of these alone, and a POST is sent again behind it."""


def _as_urllib3(error: BaseException, job: Any) -> urllib3_errors.HTTPError:
    """Return *error* of a pool as urllib3 would have told it."""
    proxy, is_forwarded = job.proxy, _forwarder_of(job) is not None
    pool: Any = _pool_of(job)
    opened: Any = _Opened(pool, job)
    if isinstance(error, ConnectTimeout):
        late = urllib3_errors.ConnectTimeoutError(opened, f"Connection to {opened.host} timed out. ({error})")
        return late if proxy is None or proxy.is_socks else urllib3_errors.ProxyError(_NO_PROXY, late)
    if isinstance(error, PoolTimeout):
        return urllib3_errors.EmptyPoolError(pool, f"{error}")
    if isinstance(error, TimeoutError) and isinstance(error, RequestTimeout):
        return urllib3_errors.ReadTimeoutError(pool, _target_of(job), f"Read timed out. ({error})")
    if isinstance(error, PoolClosed):
        return urllib3_errors.ClosedPoolError(pool, f"{error}")
    if isinstance(error, (ssl.SSLError, FingerprintMismatch)):
        insecure = urllib3_errors.SSLError(error)
        return urllib3_errors.ProxyError(_NO_PROXY, insecure) if is_forwarded else insecure
    if isinstance(error, ProxyError):
        refusal = OSError(f"Tunnel connection failed: {error}") if error.status else error
        return urllib3_errors.ProxyError(_NO_PROXY, refusal)
    if job.has_failed_unopened and isinstance(error, OSError):
        told = _not_connected(opened, error)
        told.__cause__ = error
        return told if proxy is None else urllib3_errors.ProxyError(_NO_PROXY, told)
    if is_forwarded and isinstance(error, ConnectionError):
        return _LostByProxy(_NO_PROXY, error)
    if isinstance(error, MalformedFraming) and "Content-Length" in str(error):
        return urllib3_errors.InvalidHeader(f"{error}")
    return urllib3_errors.ProtocolError("Connection aborted.", error)


_NO_PROXY: Final = "Unable to connect to proxy"


def _not_connected(opened: Any, error: OSError) -> urllib3_errors.NewConnectionError:
    if isinstance(error, socket.gaierror) and hasattr(urllib3_errors, "NameResolutionError"):  # since urllib3 2.0
        return urllib3_errors.NameResolutionError(opened.host, opened, error)
    return urllib3_errors.NewConnectionError(opened, f"Failed to establish a new connection: {error}")


class ProxyConnectTimeout(theirs.ProxyError, theirs.ConnectTimeout):
    """No connection through a proxy in time. To requests it is the first alone, or a ReadTimeout."""


def _told_by_requests(error: urllib3_errors.HTTPError, request: Any) -> Exception:
    """Return the exception of requests for one of urllib3. Source: requests.adapters, HTTPAdapter.send."""
    reason = error.reason if isinstance(error, urllib3_errors.MaxRetryError) else error
    is_last = reason is not error
    if is_last and isinstance(reason, urllib3_errors.ConnectTimeoutError):
        if not isinstance(reason, urllib3_errors.NewConnectionError):
            return theirs.ConnectTimeout(error, request=request)
    elif is_last and isinstance(reason, urllib3_errors.ResponseError):
        return theirs.RetryError(error, request=request)
    elif isinstance(reason, urllib3_errors.ProxyError):
        is_late = type(reason.original_error) is urllib3_errors.ConnectTimeoutError
        return (ProxyConnectTimeout if is_late else theirs.ProxyError)(error, request=request)
    elif isinstance(reason, urllib3_errors.SSLError):
        return theirs.SSLError(error, request=request)
    elif isinstance(error, urllib3_errors.ReadTimeoutError):
        return theirs.ReadTimeout(error, request=request)
    elif isinstance(error, urllib3_errors.InvalidHeader):
        return theirs.InvalidHeader(error, request=request)
    return theirs.ConnectionError(error, request=request)


# -- the response ---------------------------------------------------------------------------------------------------


class _EndedEarly(urllib3_errors.IncompleteRead):
    """urllib3's IncompleteRead, of content of which nobody knows how much there was to come, too."""

    def __init__(self, partial: int, expected: int | None) -> None:
        self.partial = partial
        self.expected: Any = expected

    def __repr__(self) -> str:
        return super().__repr__() if self.expected is not None else f"IncompleteRead({self.partial} bytes read)"

    __str__ = __repr__


class _NotInChunks(urllib3_errors.InvalidChunkLength):
    """urllib3's error of chunks that are none: with the reason in our words, which is not always the length."""

    def __init__(self, partial: int, reason: str) -> None:
        self.partial: Any = partial
        self.expected: Any = None
        self._reason = reason

    def __repr__(self) -> str:
        return f"InvalidChunkLength({self._reason}, {self.partial} bytes read)"

    __str__ = __repr__


class _Content:
    """The content of a response as a file of bytes, as they came; closed at its end, as http.client's response is."""

    __slots__ = ("_at", "_before", "_part", "_response", "_source", "_whole", "closed", "failure")

    def __init__(self, response: Response) -> None:
        self._response = response
        self._source = response._stream
        self._whole = response._content
        self._part = b""  # of what comes in: the last one, unless all of it has been taken
        self._at = 0  # how much has been taken of it, or of the whole
        self._before = 0  # how much has been taken of the parts before it
        self.closed = self._source is None and not self._whole
        self.failure: Exception | None = None  # of what it has broken off

    def isclosed(self) -> bool:
        return self.closed

    def read(self, amt: int | None = None) -> bytes:
        """Return *amt* bytes, fewer at the end, all without it. Raises what goes wrong."""
        if self.closed or amt == 0:
            return b""
        source = self._source
        return self._slice(amt) if source is None else self._gathered(source, amt, [])

    def _next_part(self, source: Stream, most: int, *, fills: bool) -> bytes:
        """Return the next part of the content. Raises what goes wrong; IncompleteRead as urllib3 has it."""
        try:
            return source.read_part(most, fills=fills)
        except MalformedChunks as error:
            self.failure = _NotInChunks(self.taken, error.reason)
            raise self.failure from error
        except IncompleteFetch as error:
            self.failure = _EndedEarly(self.taken, error.expected)
            raise self.failure from error
        except Exception as error:
            self.failure = error
            raise

    def _gathered(self, source: Stream, amt: int | None, pieces: list[bytes]) -> bytes:
        """As ``read``; *pieces* have been received for it, and make less than *amt*."""
        left = None if amt is None else amt - sum(map(len, pieces))
        while left is None or left:
            if not self._part:
                # For a large read no more is received than it lacks: that is handed out as it is, without a copy.
                most, is_large = BODY_RECEIVE_BYTES, False
                if left is not None and amt is not None and amt >= LARGE_READ_BYTES:
                    most, is_large = min(left, most), True
                try:
                    is_there = self._receive(source, pieces, most, fills=is_large)
                except IncompleteRead:
                    if amt is None or not pieces:
                        raise
                    return self._taken(None)  # what there was; it is told by the next read, as by http.client
                if not is_there:
                    self.close()
                    break
            piece = self._taken(left)
            pieces.append(piece)
            if left is not None:
                left -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, amt: int | None = None) -> bytes:
        """Return what is there, at most *amt* bytes, when there is something. Raises what goes wrong."""
        if self.closed or amt == 0:
            return b""
        source = self._source
        if source is None:
            return self._slice(amt)
        if not self._part and not self._receive(source, [], BODY_RECEIVE_BYTES, fills=False):
            self.close()
        return self._taken(amt)

    def parts(self, amt: int | None) -> Iterator[bytes]:
        """Yield what ``read(amt)`` returns, to the end."""
        source = self._source
        is_large = amt is not None and LARGE_READ_BYTES <= amt <= BODY_RECEIVE_BYTES
        while not self.closed:
            if source is None or amt is None or not is_large or self._part:
                if part := self.read(amt):
                    yield part
                continue
            # Mostly so much is there, and goes from the socket to the caller in a few steps.
            for part in source.straight_parts(amt):
                self._before += amt
                yield part
            part = self._next_part(source, amt, fills=True)
            if len(part) == amt:
                self._before += amt
                yield part
            elif part := self._read_on(source, amt, part):
                yield part

    def _read_on(self, source: Stream, amt: int, part: bytes) -> bytes:
        """As ``read``, where *part* has come, which may be the end."""
        if not part:
            self.close()
            return part
        if len(part) < amt:
            self._before += len(part)
            return self._gathered(source, amt, [part])
        self._part = part  # it came with the head
        return self._taken(amt)

    def _receive(self, source: Stream, pieces: list[bytes], most: int, *, fills: bool) -> bool:
        """Have the next part, received by *most* bytes at a time; return False at the end.

        Raises what goes wrong; *pieces* are there for another read.
        """
        try:
            self._part = self._next_part(source, most, fills=fills)
        except BaseException:
            self._part = b"".join(pieces)
            self._before -= len(self._part)
            raise
        return bool(self._part)

    def _taken(self, amt: int | None) -> bytes:
        """Return at most *amt* bytes of the part that has come; all of it without a copy."""
        begin, part = self._at, self._part
        if amt is not None and 0 <= amt < len(part) - begin:
            self._at = begin + amt
            return part[begin : begin + amt]
        self._before += len(part)
        self._at, self._part = 0, b""
        return part[begin:] if begin else part

    @property
    def is_whole(self) -> bool:
        """Whether all has come with the head."""
        return self._source is None

    def is_at_hand(self, amt: int | None) -> bool:
        """Return whether there is content still, and all of it comes with one read of *amt* bytes."""
        return self._source is None and not self.closed and (amt is None or amt >= len(self._whole) - self._at)

    def take_whole(self) -> bytes:
        """Return what is left of a content that has come with the head."""
        begin, whole = self._at, self._whole
        self._at = len(whole)
        self.closed = True
        return whole[begin:] if begin else whole

    @property
    def taken(self) -> int:
        """How much has been taken of it."""
        return self._before + self._at

    def _slice(self, amt: int | None) -> bytes:
        begin, whole = self._at, self._whole
        if amt is None or not 0 <= amt < len(whole) - begin:
            return self.take_whole()
        self._at = begin + amt
        return whole[begin : begin + amt]

    def close(self) -> None:
        """Let go of the connection; unless all has come, it is closed."""
        self.closed = True
        self._response.close()


class LateFields(Fields):
    """The fields of a response of which nobody has asked for more than the cookies."""

    def __init__(self, head: ResponseHead) -> None:
        self.__dict__["_late"] = head

    def __getattr__(self, name: str) -> Any:
        head = self.__dict__.get("_late")
        if head is not None:
            made = vars(fields_from_lines(field_lines_of(head), head.defects))
            made.update(self.__dict__)  # what programs have set meanwhile stays as it is
            made.pop("_late", None)  # another thread may have been quicker
            self.__dict__ = made
            object.__setattr__(self, "__class__", Fields)
        return object.__getattribute__(self, name)

    def get_all(self, name: str, failobj: Any = None) -> Any:
        head = self.__dict__.get("_late")
        if head is None:
            return super().get_all(name, failobj)
        return field_values_of(head, name) or failobj


class _Original(Carried):
    """What stands for http.client's response: its fields, for whoever takes cookies from there."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name not in ("reason", "status", "version"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._response, name)

    @property
    def msg(self) -> HTTPMessage:
        msg: LateFields | None = self._msg
        if msg is None:
            assert self._response._head is not None
            msg = self._msg = LateFields(self._response._head)
        return msg

    headers = msg

    @property
    def content(self) -> _Content:
        """The content as a file; made when somebody reads it as such."""
        content: _Content | None = self._content
        if content is None:
            content = _Content(self._response)
            if self._is_taken:
                content.take_whole()
            self._content = content
        return content

    def close(self) -> None:
        self.content.close()


has_store: Final = type(getattr(CaseInsensitiveDict(), "_store", None)) is OrderedDict
"""Whether requests keeps the fields as it has since 2012: each under its name in lower case, with the name as given."""


def _fields_of(headers: Any) -> tuple[tuple[Any, Any], ...]:
    """Return the fields of a request; from where they are kept, since to ask for them takes three calls a field."""
    if has_store and type(headers) is CaseInsensitiveDict:
        return tuple(headers._store.values())
    return tuple(headers.items())


def _host_of(headers: Any) -> Any:
    """Return the Host field of a request, or None; where there is none, ``get`` raises and catches a KeyError."""
    if has_store and type(headers) is CaseInsensitiveDict:
        _, value = headers._store.get("host", (None, None))
        return value
    return headers.get("Host")


def _with_length(fields: tuple[tuple[Any, Any], ...]) -> tuple[tuple[Any, Any], ...]:
    """Return the fields of a request that could have content and has none: a redirected PUT lacks its length."""
    if any(name.lower() in ("content-length", "transfer-encoding") for name, _ in fields):
        return fields
    return ("Content-Length", "0"), *fields


def _store_of(lines: list[tuple[str, str]]) -> OrderedDict[str, tuple[str, str]]:
    """Return the fields of a response by their names in lower case; repeated ones are joined under their first name."""
    store: OrderedDict[str, tuple[str, str]] = OrderedDict()
    for key, line in zip(map(str.lower, map(_name_of, lines)), lines, strict=True):
        if key in store:
            name, value = store[key]
            store[key] = name, f"{value}, {line[1]}"
        else:
            store[key] = line
    return store


if TYPE_CHECKING:
    _Headers: TypeAlias = CaseInsensitiveDict[str]
else:
    _Headers = CaseInsensitiveDict  # which takes no type in older releases


class LateHeaders(_Headers):
    """The fields of a response that nobody has looked at. With the first look they become requests' own dictionary.

    Until then there is ``_late``, the head, which ``Maker`` puts there.
    """

    def __getattr__(self, name: str) -> Any:
        if name != "_store":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._become_headers()

    def __contains__(self, name: object) -> bool:
        head = self.__dict__.get("_late")
        if head is None or name != "location":  # which a session asks for each time
            return super().__contains__(name)
        return head.get_joined("location") is not None

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._become_headers()
        return object.__reduce_ex__(self, protocol)

    def _become_headers(self) -> Any:
        head = self.__dict__.get("_late")
        if head is not None:
            # Two threads may look at once, and one's store is both's.
            self.__dict__.setdefault("_store", _store_of(field_lines_of(head)))
            self.__dict__.pop("_late", None)
            object.__setattr__(self, "__class__", CaseInsensitiveDict)
        return self.__dict__["_store"]


@lru_cache(maxsize=_MOST_KEPT)
def _encoding_by(content_type: str | None) -> str | None:
    """Return what requests takes the encoding to be, which it finds in the Content-Type alone."""
    value = None if content_type is None else field_value_of(content_type)
    headers: CaseInsensitiveDict[Any] = CaseInsensitiveDict({"Content-Type": value})
    return get_encoding_from_headers(headers)


_AS_MADE: Final = vars(requests.Response())
_MADE_ANEW: Final = ("cookies", "headers", "history")
_make_response: Final = requests.Response.__init__
_is_plainly_made: Final = has_store and all(
    name in _MADE_ANEW or value is None or isinstance(value, (bool, timedelta)) for name, value in _AS_MADE.items()
)
"""Whether nothing but these three is of one response alone, and its fields are kept as ever."""
_TOLD: Final = ("connection", "cookies", "encoding", "headers", "raw", "reason", "request", "status_code", "url")


def _made_by_requests(made: requests.Response, head: ResponseHead) -> requests.Response:
    """Return what ``requests.Response()`` makes, where that may be more than usual, with what has been told *made*."""
    response = requests.Response()
    vars(response).update((name, vars(made)[name]) for name in _TOLD)
    if not has_store:
        response.headers = CaseInsensitiveDict(_store_of(field_lines_of(head)).values())
    return response


_plain_response: Final = requests.Response
_as_it_is: Final = vars(requests.Response)
_way_of_content: Final = _as_it_is.get("content")
_way_of_parts: Final = _as_it_is.get("iter_content")


class ResponseAtHand(requests.Response):
    """A response whose content has come with its head, until somebody asks for it. Then it is requests' own."""

    @property
    def content(self) -> bytes:
        # Neither is replaced by some test's or tool's.
        if _as_it_is.get("content") is _way_of_content and _as_it_is.get("iter_content") is _way_of_parts:
            content = _maker.content_at_hand(self)
            if content is not None:
                return content
        else:
            object.__setattr__(self, "__class__", _plain_response)
        return self.content

    def __reduce_ex__(self, protocol: Any) -> Any:
        _ = self.content
        return object.__reduce_ex__(self, protocol)


class _JarAsOf(RequestsCookieJar):
    """A jar that takes it to be the moment at which a response came: Max-Age counts from there."""

    def __init__(self, came_at: int) -> None:
        super().__init__()
        self._came_at = came_at

    # What CookieJar sets whenever it takes cookies, and compares with.
    _now = property(lambda self: self._came_at, lambda self, value: None)


class _LateJar(RequestsCookieJar):
    """The cookies of a response that nobody has looked at. With the first look it becomes requests' own jar.

    To find them costs as much as all the rest of a small response, and who has a session has them from there. Until
    then there is ``_late``, which ``Maker`` puts there: a place for the jar, and what ``_jar_of`` takes.
    """

    def __getattr__(self, name: str) -> Any:
        self._become_jar()
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._become_jar()
        object.__setattr__(self, name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._become_jar()
        return object.__reduce_ex__(self, protocol)

    def _become_jar(self) -> None:
        late = self.__dict__.get("_late")
        if late is not None:
            made, *told = late
            # Two threads may look at once, and one's jar is both's.
            jar = made.setdefault("jar", _jar_of(*told) if told else _empty_jar())
            object.__setattr__(self, "__dict__", jar.__dict__)
            object.__setattr__(self, "__class__", RequestsCookieJar)


def late_jar() -> RequestsCookieJar:
    """Return a jar without cookies that is made when somebody looks at it."""
    jar = _LateJar.__new__(_LateJar)
    jar.__dict__["_late"] = ({},)
    return jar


def _empty_jar() -> RequestsCookieJar:
    jar = RequestsCookieJar()
    jar.__dict__["_now"] = int(time.time())  # as when there was no cookie to be found
    return jar


def _jar_of(url: Any, host: Any, original: _Original, came_at: int) -> RequestsCookieJar:
    """Return the jar with the cookies of *original*, which has come for *url*, asked for with this Host, if any."""
    asked = requests.PreparedRequest()
    asked.url, asked.headers = url, CaseInsensitiveDict({} if host is None else {"Host": host})
    jar = _JarAsOf(came_at)
    extract_cookies_to_jar(jar, asked, SimpleNamespace(_original_response=original))
    del jar._came_at
    jar.__dict__["_now"] = came_at
    return jar


_name_of: Final = itemgetter(0)


class RawResponse(urllib3.HTTPResponse):
    """The ``raw`` of a response: urllib3's, over the content as a pool gives it.

    Few programs look at it. So what urllib3 keeps of a response is made when the first of it is missed; until then
    there is only what ``raw_of`` puts there, which is what requests itself asks for.
    """

    def __getattr__(self, name: str) -> Any:
        made = self.__dict__
        unmade = made.get("_unmade")
        if unmade is not None:
            if name == "status":
                return made["head"].status  # which is asked for where a response may be retried
            made.setdefault("_content", unmade[2].content)
            if name == "_content":
                return made[name]
            unmade = made.pop("_unmade", None)
        if unmade is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        job, response, _ = unmade
        content: Any = self._content
        where: Any = _pool_of(job)  # errors of the content say it
        said = {**vars(self)}  # what programs have set meanwhile stays as it is: decode_content, say
        try:
            super().__init__(
                body=content,
                headers=HTTPHeaderDict(field_lines_of(self.head)),
                status=response.status,
                version=response.version,
                reason=response.reason,
                preload_content=False,
                decode_content=False,
                original_response=self._original_response,
                request_method=job.method,
                request_url=_target_of(job),
                pool=where,
                connection=content,  # who is closed by urllib3 with each error
            )
            self.version_string = f"HTTP/{response.version // 10}.{response.version % 10}"
            self._count(content.taken)
        except BaseException:  # Ctrl-C, say: it is as unmade as before, and not half made
            vars(self).clear()
            vars(self).update(said, _unmade=unmade)
            raise
        vars(self).update(said)
        return getattr(self, name)

    def _count(self, taken: int) -> None:
        """Note that so many bytes have been read, as urllib3 does."""
        self._fp_bytes_read += taken
        if self.length_remaining is not None:
            self.length_remaining -= taken

    @property
    def closed(self) -> bool:
        """Whether there is nothing more to come. The finalizer of each asks, too."""
        unmade = self.__dict__.get("_unmade")
        return super().closed if unmade is None else unmade[2].isclosed()

    @property
    def connection(self) -> Any:
        """What has a ``sock`` while the response is still coming in; None afterwards."""
        stream = self._content._source
        attempt = getattr(stream, "_attempt", None)
        connection = None if attempt is None else attempt._connection
        if connection is None or connection.channel is None:
            return None
        return SimpleNamespace(sock=connection.channel.sock)

    def stream(  # type: ignore[override]  # an iterator: nobody sends into urllib3's generator
        self, amt: int | None = 2**16, decode_content: bool | None = None
    ) -> Iterator[bytes]:
        """Yield the content, decoded if asked for, in parts of *amt* bytes; of a chunked one as it comes."""
        content = self._content
        if self._is_replaced:
            return super().stream(amt, decode_content)
        if decode_content is None:
            decode_content = vars(self).get("decode_content", False)  # not there yet: nobody has set it
        if content.failure is not None and content.closed:
            return self._told_again(content.failure)
        head: ResponseHead = self.head
        if (
            amt == 0
            or (decode_content and head.get_joined("content-encoding") is not None)
            or (head.transfer_encoding is not None and not content.is_whole)
        ):
            return super().stream(amt, decode_content)
        if content.is_at_hand(amt):
            return filter(None, map(self._read, (amt,)))  # as soon as it is asked for, and no sooner
        return self._parts(amt)

    def _parts(self, amt: int | None) -> Iterator[bytes]:
        """Yield the content as it is in parts of *amt* bytes. Raises the errors of urllib3."""
        try:
            for part in self._content.parts(amt):
                if "_unmade" not in self.__dict__:
                    self._count(len(part))
                yield part
        except Exception:
            with self._error_catcher():
                raise

    def _told_again(self, failure: Exception) -> Iterator[bytes]:
        """Raise what has been told of the content, in the words of urllib3; not of a redirect's, which is passed over.

        requests reads that of each, and where it has broken off asks once more for what is left of it.
        """
        if not self.get_redirect_location():
            with self._error_catcher():
                try:
                    raise failure
                finally:
                    del failure
        yield from ()

    def _read(self, amt: int | None) -> bytes:
        """Return so much of the content as it is. Raises what goes wrong."""
        part: bytes = self._content.read(amt)
        if "_unmade" not in self.__dict__:
            self._count(len(part))
        return part

    @property
    def _is_replaced(self) -> bool:
        """Whether a program, a cache say, has read the content and put a file of its own in its place."""
        return vars(self).get("_fp", self._content) is not self._content

    def supports_chunked_reads(self) -> bool:
        return not self._is_replaced

    def read_chunked(self, amt: int | None = None, decode_content: bool | None = None) -> Generator[bytes, None, None]:
        """Yield the content as it comes, decoded if asked for, in parts of at most *amt* bytes."""
        if not self.chunked:
            raise urllib3_errors.ResponseNotChunked(
                "Response is not chunked. Header 'transfer-encoding: chunked' is missing."
            )
        content = self._content
        if content.closed:
            if content.failure is not None:
                yield from self._told_again(content.failure)
                return
            if not (self.decode_content if decode_content is None else decode_content):
                return  # which cannot be asked for, where what came before was decoded
        try:
            # Behind the last byte there may be something left in the decoder, which gives no more than *amt* at a time.
            while (part := self._piece(amt, decode_content)) or not self.closed:
                if part:
                    yield part
        except urllib3_errors.DecodeError:
            content.close()  # as urllib3 does, where content comes in chunks
            raise

    def _piece(self, amt: int | None, decode_content: bool | None) -> bytes:
        """Return what ``read1`` of urllib3 2 returns, which 1.26 does not have."""
        if hasattr(urllib3.HTTPResponse, "read1"):
            return self.read1(amt, decode_content)
        if decode_content is None:
            decode_content = self.decode_content
        self._init_decoder()
        with self._error_catcher():
            part: bytes = self._content.read1(amt)
            self._count(len(part))
            return self._decode(part, decode_content, self._content.closed)

    def release_conn(self) -> None:
        """Do nothing: the connection goes back with the last byte of the content."""


_maker: Final = Maker(requests.Response, _AS_MADE, RawResponse, LateHeaders, _LateJar, _encoding_by, _host_of)
