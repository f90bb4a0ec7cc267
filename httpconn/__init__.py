"""A drop-in for ``http.client`` that reads responses at C speed.

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
from typing import TYPE_CHECKING

# Read at run time, and patched by programs that want longer lines or more of them.
_MAXLINE: int = _standard._MAXLINE
_MAXHEADERS: int = _standard._MAXHEADERS

from . import _backends  # noqa: E402  # the limits above are read while it is imported
from ._wire.grammar import Limits  # noqa: E402
from ._wire.head import Defect  # noqa: E402
from .connection import HTTP_PORT, HTTPS_PORT, HTTPConnection, HTTPSConnection  # noqa: E402
from .errors import (  # noqa: E402
    BadStatusLine,
    BodyTooLong,
    CannotSendHeader,
    CannotSendRequest,
    HTTPException,
    ImproperConnectionState,
    IncompleteRead,
    InvalidField,
    InvalidURL,
    LineTooLong,
    MalformedFraming,
    MalformedHead,
    MalformedResponse,
    NotConnected,
    RemoteDisconnected,
    ResponseNotReady,
    UnimplementedFileMode,
    UnknownProtocol,
    UnknownTransferEncoding,
)
from .headers import HTTPMessage, parse_headers  # noqa: E402
from .response import HTTPResponse  # noqa: E402

__version__ = "0.1.0"

error = HTTPException
responses = _standard.responses

__all__ = [
    "HTTPResponse", "HTTPConnection", "HTTPSConnection", "HTTPException", "NotConnected", "UnknownProtocol",
    "UnknownTransferEncoding", "UnimplementedFileMode", "IncompleteRead", "InvalidURL",
    "ImproperConnectionState", "CannotSendRequest", "CannotSendHeader", "ResponseNotReady", "BadStatusLine",
    "LineTooLong", "RemoteDisconnected", "error", "responses",
    "BodyTooLong", "Defect", "InvalidField", "Limits", "MalformedFraming", "MalformedHead", "MalformedResponse",
    "backend", "backends",
]  # fmt: skip


def backend() -> str:
    """Return the name of the parser in use: "cython", "httptools" or "python"."""
    return _backends.selected.name


def backends() -> tuple[str, ...]:
    """Return the names of the parsers that this installation can use, the best first."""
    return _backends.available()


if TYPE_CHECKING:
    from http.client import *
else:
    # The status constants, as http.client has them, and whatever a newer interpreter adds.
    globals().update(_HTTPStatus.__members__)
    for _name, _value in vars(_standard).items():
        if _name not in globals() and not _name.startswith("__") and type(_value) is not type(_standard):
            globals()[_name] = _value
    del _name, _value
