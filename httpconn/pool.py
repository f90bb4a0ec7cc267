"""ConnectionPool: requests from many threads over kept connections, each request in the thread that asks.

What is sent, and what an answer is, is decided in ``_exchange/``; connections are shared out in
``_engine/threads/slots.py``, and one is talked over in ``_engine/threads/attempt.py``. The pool does not stand on
HTTPConnection, but on the exchange that the fetcher uses, so that the rules of reuse, of resending and of limits exist
once, and a total time limit can be kept between any two bytes.
"""

from __future__ import annotations

import math
import os
import time
import warnings
from functools import partial
from typing import Any, Final, NamedTuple, Self, Unpack

from ._engine.fork import call_after_fork
from ._engine.shared import Shared
from ._engine.threads.at_once import AtOnce
from ._engine.threads.attempt import Attempt
from ._engine.threads.pacing import Pacing
from ._engine.threads.slots import Connection, Slots
from ._exchange.download import DONE, REFUSED, TAKEN, Download, Progress, request_for
from ._exchange.job import Job
from ._exchange.options import OF_POOL, Configured, tell_elsewhere
from ._exchange.outcome import is_of_content, unanswered
from ._exchange.settings import Options, RequestOptions, Settings, StreamableOptions, check_kind
from .errors import PoolClosed, PoolTimeout, RequestTimeout, TotalTimeout, name_place, without_frames
from .model import Request, Response, Timeout, attach_response, unknown_of_request
from .policies.verdict import MOST_ARCHIVED_BYTES, Trail


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


class ConnectionPool(Configured):
    """Keeps connections and sends requests over them; safe to use from any number of threads.

    By keyword, each with the default that ``Settings`` has:

    - *max_connections* in all, *per_host* to one origin (with one set of TLS settings); *idle_s* is how long an unused
      connection is kept, *head_rest_s* how long one rests behind a HEAD that announced content
    - *timeout*: a Timeout, or seconds; *headers*: sent with each request that has no field of that name
    - *max_content*: bytes of content of one response in memory; *max_ratio*: how much larger it may become by decoding;
      *limits*: what a head and a body may have; *strict*: refuse a response with a malformed field line
    - *tolerant_decoding*: take content that is cut short in its coding as far as it goes; *default_encoding*: of texts
      that tell none, a name, or a function that finds it in the content
    - *context*: an ssl.SSLContext (client certificates are loaded into it) or "truststore"; *server_hostname*: the
      name that the certificate must be for, and that is sent as SNI, instead of the URL's host; *fingerprint*: SHA-256
      of the one certificate that will do
    - *proxy*: the URL of one, "direct" for none; *proxy_context*: for the TLS to an HTTPS proxy; *trust_env*: take the
      proxies of HTTP_PROXY and its kin
    - *expect_timeout_s*: how long a large body that can be sent but once waits for "100 Continue"
    - *allow_address*: a function of an address and a port, asked before each is connected to; see ``public_only``
    - *resolve*: addresses for names, see ``Resolver``; *resolve_ttl_s*: how long an answer of the system's counts;
      *max_lookups*: names that are looked up at a time, and *max_abandoned_lookups* that were given up and run on;
      *source_address*, *socket_options* as the socket module has them
    - *redirects*: how many are followed, 0 for none; *retry*: a ``Retry``, none without one
    - *rate_per_host* requests a second to one origin, *delay_per_host* seconds between two of them: a number, a mapping
      of hosts, or a function of the host
    - *cookies*: an ``http.cookiejar.CookieJar``; *auth*: (user, password) or a ``Bearer`` by origin,
      ``{"https://example.org": ...}``; *netrc*: True, or a path
    - *before_request*, *after_response*: callables, or several, that are given each Request and each Response
    - *keep_sent*: have each response tell what was sent: ``request_head``, ``peer``, ``sent_at`` and ``tls``

    One that is dropped without ``close`` closes its connections, with a ResourceWarning if there are some. Pickles as
    its configuration. In the child of a fork it is empty: the parent's connections are the parent's.
    None of the options is an attribute: a pool with other ones is another pool.
    """

    _OPTIONS = Settings.names()
    _tells_unclosed = True

    def __init__(self, **options: Unpack[Options]) -> None:
        """Raises TypeError, ValueError, InvalidField for an invalid option."""
        self._settings = Settings.of(options)
        self._shared = Shared(self._settings)
        self._slots = Slots(self._shared)
        self._pacing = Pacing(self._shared.policies.paces)
        self._at_once = AtOnce(self._slots, self._pacing)
        call_after_fork(self)

    # -- requests -----------------------------------------------------------------------------------------

    def request(self, method: str, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """Send a request and return its Response: whole, or with *stream* as soon as its head is there.

        *options* are those of ``Request``, and *stream*.

        Raises before any traffic: InvalidURL, InvalidField, MissingDecoder, ValueError, TypeError; PoolTimeout,
        PoolClosed, MissingExtra. Else: OSError, ssl.SSLError, FingerprintMismatch, ProxyError, ConnectTimeout,
        ReadTimeout, TotalTimeout, TooManyRedirects, and the HTTPExceptions of a bad response; these have as
        ``response`` what came. No status is an error, see ``raise_for_status``. And what a hook raises.
        """
        if not options and method == "GET" and type(url) is str:
            return self._send(self._shared.preparer.prepare_url(url, 0), stream=False)
        for name in options.keys() - _STREAMABLE:
            raise unknown_of_request(name, "a request of a pool", "stream")
        stream = options.pop("stream", None)
        of_request: Any = options  # what is left of them
        return self.send(Request(method, url, **of_request), stream=stream)

    def get(self, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """As ``request("GET", ...)``."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """As ``request("HEAD", ...)``."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """As ``request("OPTIONS", ...)``."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """As ``request("POST", ...)``."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """As ``request("PUT", ...)``."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """As ``request("PATCH", ...)``."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[StreamableOptions]) -> Response:
        """As ``request("DELETE", ...)``."""
        return self.request("DELETE", url, **options)

    def download(
        self,
        url: str,
        path: str | bytes | os.PathLike[Any],
        *,
        resume: bool = True,
        progress: Progress | None = None,
        **options: Unpack[RequestOptions],
    ) -> Response:
        """GET *url* into the file *path*, and return the last Response, without content, when the file is whole.

        Its status is what the server said to that last request: 206 where it sent the rest, and *attempts* counts that
        request alone.

        - until then it lies beside its place, as ``<name>.download.part``; what was in its place stays
        - *resume*: what came before an error, or before the process ended, is kept where the server gave a strong
          validator; the next call asks for the rest, and gets all of it where that has changed (Range, If-Range)
        - *progress*: a function that is called with the bytes that are there, and how many there will be (None: nobody
          knows), or tqdm's bar
        - *options* are those of ``Request``. Without a *timeout*, the pool's counts but for its *total*. With a
          ``Retry``, of the request or the pool, a download that breaks off goes on that often by itself

        Raises StatusError for an answer that is no file, with its first 64 KiB as content; OSError for what cannot be
        written, BlockingIOError where another process writes it; else as ``request``.
        """
        request = request_for(url, {**options}, self._settings.timeout)
        download = Download(request, path, self._settings.retry, resume=resume, progress=progress)
        while True:
            try:
                response, is_done = self._download(download)
            except BaseException as error:
                wait_s = download.failed(error)
                if wait_s is None:
                    raise
                self._pacing.sleep(wait_s)
                continue
            if is_done:
                return response

    def _download(self, download: Download) -> tuple[Response, bool]:
        """Make one request of a download; return its response, and whether the file is whole."""
        with self.send(download.request(), stream=True) as response:
            found = download.begin(response)
            if found == REFUSED:
                _put_away(response)
                raise download.refusal(response)
            if found == TAKEN:
                download.tell()
                for part in response.iter_bytes():
                    download.write(part)
                    download.tell()
                found = download.end()
            if found == DONE:
                download.commit()
        response._stream = None  # it has no content here
        return response, found == DONE

    def send(self, request: Request, *, stream: bool | None = False) -> Response:
        """Send *request*; see ``request``."""
        if stream not in (True, False, None):
            check_kind("stream", stream)
        return self._send(self._shared.preparer.prepare(request), stream=stream or False)

    def _send(self, job: Job, *, stream: bool) -> Response:
        """Return the response to *job*, when all that follows the first one is done. Raises as ``request``.

        A streamed response has its connection still, until it is closed; any other has given it back.
        """
        while True:
            limits = job.timeout or self._settings.timeout
            begun = self._at_once.begin(job, limits, stream)
            if isinstance(begun, Response):
                return begun
            if begun is None:
                try:
                    connection = self._connection_for(job, limits)
                except (RequestTimeout, PoolClosed) as error:
                    _tell_the_way(job, error)
                    raise
                found = self._at_once.exchange(connection, job, limits, stream)
            else:
                connection, found = begun
            if isinstance(found, Response):
                response, head = found, found._head
                if head is None or not self._shared.policies.has_to_judge(head):
                    return response
                attempt = Attempt(self._slots, self._pacing, None, job, limits, is_streamed=stream)
            else:
                attempt = Attempt(self._slots, self._pacing, connection, job, limits, is_streamed=stream, begun=found)
                response = attempt.begin() if stream else attempt.run()
                head = response._head
                if response.error is None and head is not None and not self._shared.policies.has_to_judge(head):
                    return response
            next_job = self._follow_up(job, response, attempt)
            if next_job is None:
                if response.error is not None:
                    if response._stream is not None:
                        response._content = bytes(response._stream.held) + attempt.take_content()
                        response.close()
                        response._stream = None
                    raise response.error
                return response
            job = next_job

    def _connection_for(self, job: Job, limits: Timeout) -> Connection:
        """Return a connection for *job*, now that it may be sent. Raises as ``_acquire_in_turn``."""
        if not self._pacing.are_needed:
            connection = self._acquire(job, limits)
            if self._pacing.may_start(job):
                return connection
            self._slots.release(connection, persists=True)  # its gate has been shut meanwhile
        return self._acquire_in_turn(job, limits)

    def _acquire_in_turn(self, job: Job, limits: Timeout) -> Connection:
        """Return a connection when the turn of *job* has come. Raises TotalTimeout, PoolTimeout, PoolClosed."""
        if job.trail is None:
            job.trail = Trail()
            job.trail.total_at = math.inf if limits.total is None else time.monotonic() + limits.total
        until = job.trail.total_at
        while True:
            self._pacing.wait_for(job, until)
            connection = self._acquire(job, limits)
            if self._pacing.may_start(job):
                return connection
            self._slots.release(connection, persists=True)

    def _acquire(self, job: Job, limits: Timeout) -> Connection:
        """Return a connection. Raises PoolTimeout, PoolClosed; TotalTimeout where what is left of the whole is less."""
        if job.trail is None or job.trail.total_at == math.inf:
            return self._slots.acquire(job.key, job.method, limits.pool)
        left_s = max(0.0, job.trail.total_at - time.monotonic())
        if limits.pool is not None and limits.pool <= left_s:
            return self._slots.acquire(job.key, job.method, limits.pool)
        try:
            return self._slots.acquire(job.key, job.method, left_s)
        except PoolTimeout as error:
            raise TotalTimeout(f"no connection to {job.where} was free before the end of Timeout.total") from error

    def _follow_up(self, job: Job, response: Response, attempt: Attempt) -> Job | None:
        """Return what is to be sent now that *response* has come, or what came of it; None where that is the result."""
        if response._stream is None:  # else its clock stands still since the head was there
            attempt.leave()
        found = self._shared.follower.after(job, response, attempt.total_at - attempt.left_at, time.time())
        attempt.come_back()
        total_at = attempt.total_at
        if found.hold_s:
            self._pacing.shut(job, found.hold_s)
        next_job = found.job
        if next_job is None:
            return None
        assert next_job.trail is not None
        next_job.trail.total_at = total_at
        if response._stream is not None:
            attempt.leave()
            _put_away(response)
        if found.wait_s:
            try:
                self._pacing.sleep(found.wait_s)
            except PoolClosed as error:
                _tell_the_way(next_job, error)
                raise
        return next_job

    # -- the pool itself ----------------------------------------------------------------------------------

    @property
    def stats(self) -> PoolStats:
        """What has been done so far."""
        slots = self._slots
        return PoolStats(slots.requests, slots.opened, slots.reused, slots.resent, slots.waited, slots.expired)

    def close(self) -> None:
        """Close the kept connections; one in use is closed when its response is done. A second call does nothing."""
        self._pacing.close()
        self._slots.close()
        self._shared.resolver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        slots: Slots | None = getattr(self, "_slots", None)  # there are none where the configuration was refused
        if slots is not None and not slots.is_closed:
            told = f"unclosed {self!r}" if slots.idle and self._tells_unclosed else None
            slots.abandon()
            self._shared.resolver.lookups.abandon()
            if told is not None:  # last: a warning may be made an error
                warnings.warn(told, ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        return f"<ConnectionPool {'closed' if self._slots.is_closed else 'open'}: {self._slots!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._settings.given()), ()

    def _after_fork(self) -> None:
        """In the child: let go of the parent's sockets and TLS sessions without a word on them."""
        self._pacing.begin_anew()
        self._slots.forget_parents()
        self._shared.forget()


tell_elsewhere(ConnectionPool, OF_POOL)
_STREAMABLE: Final = frozenset(StreamableOptions.__annotations__)


def _put_away(response: Response) -> None:
    """Let a streamed response that is no result have as much of its content as a history keeps, and no connection."""
    content = b""
    try:
        content = next(response.iter_bytes(MOST_ARCHIVED_BYTES), b"")
    except Exception as error:
        if not is_of_content(error):
            raise
        response.error = without_frames(error)
    response.close()
    response._stream = None
    response._content = content


def _tell_the_way(job: Job, error: RequestTimeout | PoolClosed) -> None:
    """Have *error* tell of *job*, which had no connection or no turn, and attach the redirects that led to it."""
    name_place(error, job.place)
    failed = unanswered(job.request, 0, error, job.attempts, job.sent)
    if job.trail is not None:
        failed.history = tuple(job.trail.history)
    attach_response(error, failed)
