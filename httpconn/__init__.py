"""HTTP/1.1 for programs that fetch much, and a drop-in for ``http.client``, read at C speed.

- ``fetch_many(urls)``: many requests over many connections, in one thread; ``Fetcher`` is its iterator
- ``AsyncClient``: the same under asyncio, uvloop or trio: ``await client.get(url)``
- ``fetch_rows(urls)``: the same as plain rows, of ``rows_schema()``, for data frames and clusters; ``host_key(url)``
  gives the ``HostKey`` to partition by
- ``ConnectionPool``: requests from any number of threads: ``pool.get(url)``, ``pool.download(url, path)``
- ``Request`` is what they take, ``Response`` what they give; ``Timeout``, ``Retry``, ``Bearer``, ``Digest`` and
  ``Limits`` are what their options take, ``public_only`` and ``urljoin`` are for URLs that strangers name
- ``HTTPConnection``, ``HTTPSConnection`` and ``HTTPResponse``: those of http.client
- ``install()`` puts these into http.client, for a whole process; ``uninstall()`` takes them out again
- ``HTTPException`` is what goes wrong with HTTP, with its kinds, ``OSError`` what goes wrong with the network
- ``backend()`` and ``backends()``: which parser reads, and which could

Many pages:

    import httpconn

    for response in httpconn.fetch_many(["http://example.org/", "http://example.com/"]):
        print(response.url, response.error or response.status, len(response.content))

As http.client:

    import httpconn

    conn = httpconn.HTTPConnection("example.org")
    conn.request("GET", "/")
    response = conn.getresponse()
    print(response.status, response.getheader("Content-Type"), len(response.read()))

Every public name of the running interpreter's ``http.client`` is here, with the same behaviour.
"""

from __future__ import annotations

import http.client as _standard
from http import HTTPStatus as _HTTPStatus
from importlib import import_module
from sys import modules as _modules

from ._wire.annotations import TYPE_CHECKING, Any, Final

# Read at run time, and patched by programs that want longer lines or more of them.
_MAXLINE: int = _standard._MAXLINE  # type: ignore[attr-defined]  # private, and relied on
_MAXHEADERS: int = _standard._MAXHEADERS  # type: ignore[attr-defined]

from . import _backends  # noqa: E402  # the limits above are read while it is imported
from ._install import InstallWarning, install, uninstall  # noqa: E402
from ._wire.grammar import Limits  # noqa: E402
from ._wire.head import Defect  # noqa: E402
from .connection import HTTP_PORT as HTTP_PORT  # noqa: E402
from .connection import HTTPS_PORT as HTTPS_PORT  # noqa: E402
from .connection import HTTPConnection, HTTPSConnection  # noqa: E402
from .errors import (  # noqa: E402
    AddressNotAllowed,
    BadStatusLine,
    BodyTooLong,
    CannotSendHeader,
    CannotSendRequest,
    ConnectTimeout,
    ContentDecodingError,
    ContentTooLong,
    FingerprintMismatch,
    HTTPException,
    ImproperConnectionState,
    IncompleteRead,
    IncompleteSink,
    InvalidField,
    InvalidTunnelHost,
    InvalidURL,
    LineTooLong,
    MalformedFraming,
    MalformedHead,
    MalformedResponse,
    MissingDecoder,
    MissingExtra,
    NotConnected,
    PoolClosed,
    PoolTimeout,
    ProxyError,
    ReadTimeout,
    RemoteDisconnected,
    RequestTimeout,
    ResponseNotReady,
    RobotsDisallowed,
    RobotsUnreachable,
    SinkTimeout,
    StatusError,
    StreamConsumed,
    TooFewDescriptors,
    TooManyRedirects,
    TotalTimeout,
    UnimplementedFileMode,
    UnknownProtocol,
    UnknownTransferEncoding,
    UnsupportedScheme,
)
from .headers import HTTPMessage as HTTPMessage  # noqa: E402
from .headers import parse_headers as parse_headers  # noqa: E402
from .response import HTTPResponse  # noqa: E402

__version__ = "0.2.0"

error = HTTPException
responses = _standard.responses

__all__ = [
    "AddressNotAllowed",
    "AsyncClient",
    "AsyncResponse",
    "BadStatusLine",
    "Bearer",
    "BodyTooLong",
    "CannotSendHeader",
    "CannotSendRequest",
    "ClientStats",
    "ConnectTimeout",
    "ConnectionPool",
    "ContentDecodingError",
    "ContentTooLong",
    "Defect",
    "Digest",
    "FetchStats",
    "Fetcher",
    "FingerprintMismatch",
    "HTTPConnection",
    "HTTPException",
    "HTTPResponse",
    "HTTPSConnection",
    "HostKey",
    "ImproperConnectionState",
    "IncompleteRead",
    "IncompleteSink",
    "InstallWarning",
    "InvalidField",
    "InvalidTunnelHost",
    "InvalidURL",
    "Limits",
    "LineTooLong",
    "MalformedFraming",
    "MalformedHead",
    "MalformedResponse",
    "MissingDecoder",
    "MissingExtra",
    "NotConnected",
    "PoolClosed",
    "PoolStats",
    "PoolTimeout",
    "ProxyError",
    "ReadTimeout",
    "RemoteDisconnected",
    "Request",
    "RequestTimeout",
    "Response",
    "ResponseNotReady",
    "Retry",
    "RobotsDisallowed",
    "RobotsUnreachable",
    "SinkTimeout",
    "StatusError",
    "StreamConsumed",
    "TLSInfo",
    "Timeout",
    "Timings",
    "TooFewDescriptors",
    "TooManyRedirects",
    "TotalTimeout",
    "UnimplementedFileMode",
    "UnknownProtocol",
    "UnknownTransferEncoding",
    "UnsupportedScheme",
    "backend",
    "backends",
    "error",
    "fetch_many",
    "fetch_rows",
    "host_key",
    "install",
    "public_only",
    "responses",
    "rows_schema",
    "uninstall",
    "urljoin",
]  # fmt: skip


_LATE: Final = {
    "AsyncClient": "aio",
    "AsyncResponse": "aio",
    "Bearer": "policies.auth",
    "ClientStats": "aio",
    "ConnectionPool": "pool",
    "Digest": "policies.auth",
    "PoolStats": "pool",
    "FetchStats": "fetch",
    "Fetcher": "fetch",
    "Request": "model",
    "Response": "model",
    "Retry": "policies.retries",
    "TLSInfo": "model",
    "Timeout": "model",
    "Timings": "model",
    "HostKey": "rows",
    "fetch_many": "fetch",
    "fetch_rows": "rows",
    "host_key": "rows",
    "public_only": "_io.addresses",
    "rows_schema": "rows",
    "urljoin": "_wire.references",
}
"""What stands above the connection, loaded when it is first asked for: http.client's users do without."""


_BY_POOL: Final = "a pool makes requests, httpconn.ConnectionPool().{}(url), or one for many, httpconn.fetch_many(urls)"
_OF_OTHERS: Final = {
    **dict.fromkeys(("get", "head", "post", "put", "patch", "delete", "options", "request"), _BY_POOL),
    **dict.fromkeys(("Session", "Client", "Pool", "PoolManager", "session"), "here that is httpconn.ConnectionPool"),
    **dict.fromkeys(("ClientSession", "AsyncSession", "AsyncConnectionPool"), "here that is httpconn.AsyncClient"),
    "exceptions": "here that is httpconn.errors",
}
"""Names that other libraries have, and what is there instead."""

if not TYPE_CHECKING:  # to a type checker a module with this has any name there is

    def __getattr__(name: str) -> Any:
        if name == "writers":
            return import_module(".writers", __name__)  # which makes it an attribute
        module = _LATE.get(name)
        if module is None:
            text = f"module {__name__!r} has no attribute {name!r}"
            if name in _OF_OTHERS:
                text += f": {_OF_OTHERS[name].format(name)}"
            raise AttributeError(text, name=name, obj=_modules[__name__])  # of which Python finds the nearest name
        value = getattr(import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE, "writers"})


def backend() -> str:
    """Return the name of the parser in use: "cython", "httptools" or "python"."""
    return _backends.selected.name


def backends() -> tuple[str, ...]:
    """Return the names of the parsers that this installation can use, the best first."""
    return _backends.available()


if TYPE_CHECKING:
    from . import errors as errors
    from . import writers as writers
    from ._io.addresses import public_only as public_only
    from ._wire.references import urljoin as urljoin
    from .aio import AsyncClient as AsyncClient
    from .aio import AsyncResponse as AsyncResponse
    from .aio import ClientStats as ClientStats
    from .fetch import Fetcher as Fetcher
    from .fetch import FetchStats as FetchStats
    from .fetch import fetch_many as fetch_many
    from .model import Request as Request
    from .model import Response as Response
    from .model import Timeout as Timeout
    from .model import Timings as Timings
    from .model import TLSInfo as TLSInfo
    from .policies.auth import Bearer as Bearer
    from .policies.auth import Digest as Digest
    from .policies.retries import Retry as Retry
    from .pool import ConnectionPool as ConnectionPool
    from .pool import PoolStats as PoolStats
    from .rows import HostKey as HostKey
    from .rows import fetch_rows as fetch_rows
    from .rows import host_key as host_key
    from .rows import rows_schema as rows_schema

if TYPE_CHECKING:
    from http.client import (
        ACCEPTED as ACCEPTED,
    )
    from http.client import (
        ALREADY_REPORTED as ALREADY_REPORTED,
    )
    from http.client import (
        BAD_GATEWAY as BAD_GATEWAY,
    )
    from http.client import (
        BAD_REQUEST as BAD_REQUEST,
    )
    from http.client import (
        CONFLICT as CONFLICT,
    )
    from http.client import (
        CONTINUE as CONTINUE,
    )
    from http.client import (
        CREATED as CREATED,
    )
    from http.client import (
        EARLY_HINTS as EARLY_HINTS,
    )
    from http.client import (
        EXPECTATION_FAILED as EXPECTATION_FAILED,
    )
    from http.client import (
        FAILED_DEPENDENCY as FAILED_DEPENDENCY,
    )
    from http.client import (
        FORBIDDEN as FORBIDDEN,
    )
    from http.client import (
        FOUND as FOUND,
    )
    from http.client import (
        GATEWAY_TIMEOUT as GATEWAY_TIMEOUT,
    )
    from http.client import (
        GONE as GONE,
    )
    from http.client import (
        HTTP_VERSION_NOT_SUPPORTED as HTTP_VERSION_NOT_SUPPORTED,
    )
    from http.client import (
        IM_A_TEAPOT as IM_A_TEAPOT,
    )
    from http.client import (
        IM_USED as IM_USED,
    )
    from http.client import (
        INSUFFICIENT_STORAGE as INSUFFICIENT_STORAGE,
    )
    from http.client import (
        INTERNAL_SERVER_ERROR as INTERNAL_SERVER_ERROR,
    )
    from http.client import (
        LENGTH_REQUIRED as LENGTH_REQUIRED,
    )
    from http.client import (
        LOCKED as LOCKED,
    )
    from http.client import (
        LOOP_DETECTED as LOOP_DETECTED,
    )
    from http.client import (
        METHOD_NOT_ALLOWED as METHOD_NOT_ALLOWED,
    )
    from http.client import (
        MISDIRECTED_REQUEST as MISDIRECTED_REQUEST,
    )
    from http.client import (
        MOVED_PERMANENTLY as MOVED_PERMANENTLY,
    )
    from http.client import (
        MULTI_STATUS as MULTI_STATUS,
    )
    from http.client import (
        MULTIPLE_CHOICES as MULTIPLE_CHOICES,
    )
    from http.client import (
        NETWORK_AUTHENTICATION_REQUIRED as NETWORK_AUTHENTICATION_REQUIRED,
    )
    from http.client import (
        NO_CONTENT as NO_CONTENT,
    )
    from http.client import (
        NON_AUTHORITATIVE_INFORMATION as NON_AUTHORITATIVE_INFORMATION,
    )
    from http.client import (
        NOT_ACCEPTABLE as NOT_ACCEPTABLE,
    )
    from http.client import (
        NOT_EXTENDED as NOT_EXTENDED,
    )
    from http.client import (
        NOT_FOUND as NOT_FOUND,
    )
    from http.client import (
        NOT_IMPLEMENTED as NOT_IMPLEMENTED,
    )
    from http.client import (
        NOT_MODIFIED as NOT_MODIFIED,
    )
    from http.client import (
        OK as OK,
    )
    from http.client import (
        PARTIAL_CONTENT as PARTIAL_CONTENT,
    )
    from http.client import (
        PAYMENT_REQUIRED as PAYMENT_REQUIRED,
    )
    from http.client import (
        PERMANENT_REDIRECT as PERMANENT_REDIRECT,
    )
    from http.client import (
        PRECONDITION_FAILED as PRECONDITION_FAILED,
    )
    from http.client import (
        PRECONDITION_REQUIRED as PRECONDITION_REQUIRED,
    )
    from http.client import (
        PROCESSING as PROCESSING,
    )
    from http.client import (
        PROXY_AUTHENTICATION_REQUIRED as PROXY_AUTHENTICATION_REQUIRED,
    )
    from http.client import (
        REQUEST_ENTITY_TOO_LARGE as REQUEST_ENTITY_TOO_LARGE,
    )
    from http.client import (
        REQUEST_HEADER_FIELDS_TOO_LARGE as REQUEST_HEADER_FIELDS_TOO_LARGE,
    )
    from http.client import (
        REQUEST_TIMEOUT as REQUEST_TIMEOUT,
    )
    from http.client import (
        REQUEST_URI_TOO_LONG as REQUEST_URI_TOO_LONG,
    )
    from http.client import (
        REQUESTED_RANGE_NOT_SATISFIABLE as REQUESTED_RANGE_NOT_SATISFIABLE,
    )
    from http.client import (
        RESET_CONTENT as RESET_CONTENT,
    )
    from http.client import (
        SEE_OTHER as SEE_OTHER,
    )
    from http.client import (
        SERVICE_UNAVAILABLE as SERVICE_UNAVAILABLE,
    )
    from http.client import (
        SWITCHING_PROTOCOLS as SWITCHING_PROTOCOLS,
    )
    from http.client import (
        TEMPORARY_REDIRECT as TEMPORARY_REDIRECT,
    )
    from http.client import (
        TOO_EARLY as TOO_EARLY,
    )
    from http.client import (
        TOO_MANY_REQUESTS as TOO_MANY_REQUESTS,
    )
    from http.client import (
        UNAUTHORIZED as UNAUTHORIZED,
    )
    from http.client import (
        UNAVAILABLE_FOR_LEGAL_REASONS as UNAVAILABLE_FOR_LEGAL_REASONS,
    )
    from http.client import (
        UNPROCESSABLE_ENTITY as UNPROCESSABLE_ENTITY,
    )
    from http.client import (
        UNSUPPORTED_MEDIA_TYPE as UNSUPPORTED_MEDIA_TYPE,
    )
    from http.client import (
        UPGRADE_REQUIRED as UPGRADE_REQUIRED,
    )
    from http.client import (
        USE_PROXY as USE_PROXY,
    )
    from http.client import (
        VARIANT_ALSO_NEGOTIATES as VARIANT_ALSO_NEGOTIATES,
    )
else:
    # The status constants, as http.client has them, and whatever a newer interpreter adds.
    globals().update(_HTTPStatus.__members__)
    for _name, _value in vars(_standard).items():
        if _name not in globals() and not _name.startswith("__") and type(_value) is not type(_standard):
            globals()[_name] = _value
    del _name, _value
