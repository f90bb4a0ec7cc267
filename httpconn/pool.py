"""ConnectionPool: requests from many threads over kept connections, each request in the thread that asks.

What is sent, and what an answer is, is decided in ``preparing.py`` and ``exchange.py``; connections are shared out in
``_engine/slots.py``, and one is talked over in ``_engine/blocking.py``. The DESIGN had the pool stand on
HTTPConnection. It stands on the exchange that the fetcher uses, so that the rules of reuse, of resending and of limits
exist once, and a total time limit can be kept between any two bytes.
"""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any, Final, NamedTuple, Self, Unpack

from ._engine.blocking import Attempt
from ._engine.kit import Kit, call_after_fork
from ._engine.slots import Slots
from .model import Headers, Request, Response, Timeout
from .preparing import Job
from .settings import Options, Settings

_NOTHING_TOLD: Final = (None,) * 10


class PoolStats(NamedTuple):
    """What a pool has done so far."""

    requests: int
    opened: int
    """Connections that were made."""
    reused: int
    """Requests that went out on a kept connection."""
    resent: int
    waited: int
    """Requests that had to wait for a connection."""
    expired: int
    """Kept connections that were closed: too old, closed by the peer, or in the way of another host's."""


class ConnectionPool:
    """Keeps connections and sends requests over them; safe to use from any number of threads.

    By keyword, each with the default that ``Settings`` has:

    - *max_connections* in all, *per_host* to one origin (with one set of TLS settings); *idle_s* is how long an unused
      connection is kept
    - *timeout*: a Timeout, or seconds; *headers*: sent with each request that has no field of that name
    - *max_content*: bytes of content of one response in memory; *max_ratio*: how much larger it may become by decoding;
      *limits*: what a head and a body may have
    - *context*: an ssl.SSLContext (client certificates are loaded into it); *server_hostname*: the name that the
      certificate must be for, and that is sent as SNI, instead of the URL's host
    - *resolve*: addresses for names, see ``Resolver``; *resolve_ttl_s*: how long an answer of the system's counts;
      *source_address*, *socket_options* as the socket module has them

    Pickles as its configuration. In the child of a fork it is empty: the parent's connections are the parent's.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        """Raises TypeError, ValueError, InvalidField for what cannot be meant."""
        self._settings = Settings.of(options)
        self._kit = Kit(self._settings)
        self._slots = Slots(self._kit)
        call_after_fork(self)

    # -- requests -----------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers | None = None,
        params: Any = None,
        body: Any = None,
        json: Any = None,
        timeout: Timeout | float | None = None,
        stream: bool = False,
        sink: Any = None,
        decode: bool = True,
        max_content: int | None = None,
        context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        tag: Any = None,
    ) -> Response:
        """Send a request and return its Response: whole, or with *stream* as soon as its head is there.

        Raises before any traffic: InvalidURL, InvalidField, MissingDecoder, ValueError, TypeError; PoolTimeout,
        PoolClosed. Else: OSError, ssl.SSLError, ConnectTimeout, ReadTimeout, TotalTimeout, and the HTTPExceptions of
        a bad response; these have as ``response`` what came. No status is an error, see ``raise_for_status``.
        """
        if method == "GET" and not stream and decode and type(url) is str:
            told = (headers, params, body, json, timeout, sink, max_content, context, server_hostname, tag)
            if told == _NOTHING_TOLD:
                return self._send(self._kit.preparer.prepare_url(url, 0), stream=False)
        return self.send(
            Request(
                method,
                url,
                headers,
                body,
                params=params,
                json=json,
                timeout=timeout,
                tag=tag,
                sink=sink,
                decode=decode,
                max_content=max_content,
                context=context,
                server_hostname=server_hostname,
            ),
            stream=stream,
        )

    def get(self, url: str, **options: Any) -> Response:
        """As ``request("GET", ...)``."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Response:
        """As ``request("HEAD", ...)``."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Any) -> Response:
        """As ``request("OPTIONS", ...)``."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """As ``request("POST", ...)``."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        """As ``request("PUT", ...)``."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Response:
        """As ``request("PATCH", ...)``."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        """As ``request("DELETE", ...)``."""
        return self.request("DELETE", url, **options)

    def send(self, request: Request, *, stream: bool = False) -> Response:
        """Send *request*; see ``request``."""
        return self._send(self._kit.preparer.prepare(request), stream=stream)

    def _send(self, job: Job, *, stream: bool) -> Response:
        limits = job.timeout or self._settings.timeout
        attempt = Attempt(self._slots, self._slots.acquire(job.key, limits.pool), job, limits, is_streamed=stream)
        return self._answered(job, attempt.begin() if stream else attempt.run())

    def _answered(self, job: Job, response: Response) -> Response:
        """Return *response* to who asked for it, or raise its error.

        Each exchange that has ended comes through here: whole (of a streamed one, its head) or with what stopped it.
        This is the place to send *job* again, or another one in its stead. A streamed response has its connection
        still, until it is closed; any other has given it back.
        """
        if response.error is not None:
            raise response.error
        return response

    # -- the pool itself ----------------------------------------------------------------------------------

    @property
    def stats(self) -> PoolStats:
        """What has been done so far."""
        slots = self._slots
        return PoolStats(slots.requests, slots.opened, slots.reused, slots.resent, slots.waited, slots.expired)

    def close(self) -> None:
        """Close the kept connections; one in use is closed when its response is done. A second call does nothing."""
        self._slots.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ConnectionPool {'closed' if self._slots.is_closed else 'open'}: {self._slots!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **vars(self._settings)), ()

    def _after_fork(self) -> None:
        """In the child: let go of the parent's sockets and TLS sessions without a word on them."""
        self._slots.forget_parents()
        self._kit.forget()
