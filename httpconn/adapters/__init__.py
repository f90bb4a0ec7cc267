"""For programs on requests and httpx: their sessions and clients as they are, over the connections of this package.

For: what stands in the place of another library's own carrier of requests (``under_requests.py``, ``under_httpx.py``
with the responses of ``httpx_response.py``), with its errors in that library's words, the options that such a program
may give (``options.py``), and a session of requests that prepares requests in fewer steps (``requests_session.py``).

Not for: how a request is sent or a response read (``_exchange``, ``_engine``); redirects, cookies and content codings,
which stay with the library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .._wire.interpreter import compiled_path

if TYPE_CHECKING:
    from .requests_session import RequestsSession as RequestsSession
    from .under_httpx import AsyncHTTPXTransport as AsyncHTTPXTransport
    from .under_httpx import HTTPXTransport as HTTPXTransport
    from .under_requests import RequestsAdapter as RequestsAdapter

__all__ = ["AsyncHTTPXTransport", "HTTPXTransport", "RequestsAdapter", "RequestsSession"]

__path__[:0] = compiled_path(__name__)

_MODULES: Final = {
    "AsyncHTTPXTransport": "under_httpx",
    "HTTPXTransport": "under_httpx",
    "RequestsAdapter": "under_requests",
    "RequestsSession": "requests_session",
}
"""Each is loaded, and the library that it is for, when it is asked for."""


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{module}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
