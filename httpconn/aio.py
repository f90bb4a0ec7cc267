"""AsyncClient: the engine of the fetcher in coroutines, under asyncio, uvloop or trio."""

from __future__ import annotations

import collections
import contextlib
import contextvars
import os
import threading
import time
import warnings
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Final, NamedTuple, Never, Self, Unpack

from ._engine.fork import call_after_fork
from ._engine.many.driver import Driver, Stream, Unjudged, refused
from ._engine.many.robots import sitemaps_of
from ._engine.many.runners import Future, Runner, running
from ._engine.shared import Shared
from ._exchange.content_coding import is_missing
from ._exchange.download import DONE, REFUSED, TAKEN, Download, Progress, request_for
from ._exchange.job import Job
from ._exchange.lines import DEFAULT_MAX_LINE_CHARS, LineCutter, TextReader
from ._exchange.options import Configured, unexpected
from ._exchange.request_body import FedBody
from ._exchange.settings import FetchOptions, FetchSettings, RequestOptions
from ._exchange.sink import Sink, check_sink, takes
from ._wire.head import ResponseHead
from .errors import ContentTooLong, IncompleteRead, IncompleteSink, PoolClosed, name_place
from .model import (
    DEFAULT_TIMEOUT,
    OF_REQUESTS,
    Request,
    Response,
    Timeout,
    attach_response,
    check_is_bytes,
    line_of,
    taken,
    tell_partial,
)
from .policies.verdict import MOST_ARCHIVED_BYTES

_NOTHING_NOW_S: Final = 0.01
"""How long until an input that had nothing is looked at again."""
_READ_FOR_S: Final = 0.002
"""How long an input is read at once, before the event loop and its other tasks have their turn."""
_DEFAULT_TIMEOUT: Final = Timeout(DEFAULT_TIMEOUT.connect, DEFAULT_TIMEOUT.read, DEFAULT_TIMEOUT.total, None)
_FED_BYTES: Final = 262_144
"""How much of an asynchronous body is asked for ahead of what has been sent."""


class ClientStats(NamedTuple):
    """What a client has done so far."""

    requests: int
    opened: int
    """Connections that were begun."""
    reused: int
    """Requests that went out on a kept connection."""
    resent: int


@dataclass(frozen=True, kw_only=True)
class ClientSettings(FetchSettings):
    """What all requests of a client share: a fetcher's, and other defaults."""

    _holder: ClassVar[str] = "an AsyncClient"
    _has_event_loop: ClassVar[bool] = True

    max_connections: int = 100
    timeout: Timeout = _DEFAULT_TIMEOUT
    """As everywhere, but for *pool*: the wait for a connection has no limit. One that is given counts."""


class AsyncResponse(Response):
    """A response whose content is still coming in: the face of ``AsyncClient.stream``.

    Status, headers and the like are there. The content is what ``aread``, ``aiter_bytes``, ``aiter_text`` and
    ``aiter_lines`` give, of which one may be used at a time, by one task. When all has been read by ``aread`` it is an
    ordinary Response.
    """

    __slots__ = ()

    @property
    def _source(self) -> Stream | None:
        stream: Any = self._stream
        return stream if isinstance(stream, Stream) else None

    async def aread(self) -> bytes:
        """Return the whole content, or what of it has not been taken yet. Raises what goes wrong, StreamConsumed."""
        source = self._source
        if source is None:
            return self.content
        check_is_bytes(source)
        while part := await source.take():
            source.held += part
        self._content = taken(source.held, len(source.held))
        self._stream = None
        return self._content

    def aiter_bytes(self, size: int | None = None) -> AsyncIterator[bytes]:
        """Return an asynchronous iterator of the content as it comes; with *size*, in parts of so many bytes.

        Of these the last may be shorter. Before it raises what goes wrong, it yields what had come until then. To
        cancel a wait for the next part takes nothing away: the iterator goes on after it.
        """
        if size is not None and size <= 0:
            raise ValueError(f"expected a size above 0, or None, got {size}")
        source = self._source
        if source is None:
            return _Whole(self.iter_bytes(size))
        check_is_bytes(source)
        return _Parts(self, source, size)

    def aiter_text(self) -> AsyncIterator[str]:
        """Return an asynchronous iterator of the content as ``text`` has it, as it comes; as ``aiter_bytes``."""
        source = self._source
        return _Whole(self.iter_text()) if source is None else _Texts(self, source)

    def aiter_lines(self, *, max_line_chars: int | None = DEFAULT_MAX_LINE_CHARS) -> AsyncIterator[str]:
        """Return an asynchronous iterator of the lines of ``text``, each when its end has come; as ``iter_lines``."""
        source = self._source
        if source is None:
            return _Whole(self.iter_lines(max_line_chars=max_line_chars))
        return _Lines(self, source, max_line_chars)

    def _note_spent(self, source: Stream) -> None:
        if self._source is source:
            self._spend()

    async def aclose(self) -> None:
        """Let go of the connection: unless all has come, it is closed."""
        self.close()

    def __del__(self) -> None:
        source = self._source
        if source is not None:
            source.close()


# Classes, and not generators: one of these is at its end when a wait in it was cancelled, without a word.


class _Whole(AsyncIterator[Any]):
    """What is there already, for who would wait for it."""

    def __init__(self, parts: Iterator[Any]) -> None:
        self._parts = parts

    async def __anext__(self) -> Any:
        try:
            return next(self._parts)
        except StopIteration:
            raise StopAsyncIteration from None


class _Parts(AsyncIterator[bytes]):
    """The content, as it comes or in parts of one size."""

    def __init__(self, response: AsyncResponse, source: Stream, size: int | None) -> None:
        self._response = response
        self._source = source
        self._size = size
        self._is_at_end = False

    async def __anext__(self) -> bytes:
        source, size = self._source, self._size
        held = source.held  # whoever reads on, here or by another call, goes on where this one was
        while not self._is_at_end and (not held or (size is not None and len(held) < size)):
            try:
                part = await source.take()
            except Exception:
                if not held:
                    raise
                return taken(held, len(held))
            held += part
            self._is_at_end = not part
        if held:
            return taken(held, size or len(held))
        self._response._note_spent(source)
        raise StopAsyncIteration


class _Texts(AsyncIterator[str]):
    """The content, decoded as it comes."""

    def __init__(self, response: AsyncResponse, source: Stream) -> None:
        self._response = response
        self._source = source
        self._reader: TextReader = response._text_reader(source)

    async def __anext__(self) -> str:
        source, reader = self._source, self._reader
        while not reader.is_done:
            text = reader.decode(taken(source.held, len(source.held)) if source.held else await source.take())
            if text:
                return text
        self._response._note_spent(source)
        raise StopAsyncIteration


class _Lines(AsyncIterator[str]):
    """The lines of the content, each as soon as it is whole."""

    def __init__(self, response: AsyncResponse, source: Stream, max_line_chars: int | None) -> None:
        self._texts = _Texts(response, source)
        self._reader = self._texts._reader
        self._max_line_chars = max_line_chars
        self._cutter = self._reader.cutter = self._reader.cutter or LineCutter()

    async def __anext__(self) -> str:
        cutter = self._cutter
        while True:
            line = line_of(cutter, self._max_line_chars)
            if line is not None:
                return line
            if cutter.is_done:
                raise StopAsyncIteration
            try:
                cutter.cut(await anext(self._texts))
            except StopAsyncIteration:
                cutter.finish()
            except Exception as error:
                tell_partial(error, self._reader.unfinished())
                raise


class AsyncClient(Configured):
    """Sends requests and awaits responses, in the event loop that runs: asyncio's, uvloop's or trio's.

    By keyword, the options of ``Fetcher``, but for *ordered*, *max_connections* is 100 here. ``get``, ``post``,
    ``request`` and the like return the whole Response, and raise what ``ConnectionPool`` raises; ``stream`` gives it
    when its head is there; ``fetch_many`` goes through many. Any number of tasks may use it at a time, and to cancel
    one frees its connection, or its place in the row, at once.

    It belongs to the event loop in which it was used first, and to one thread. ``aclose`` or the end of an
    ``async with`` closes every socket. Pickles as its configuration; in the child of a fork it is closed, if it had
    begun. None of the options is an attribute.
    """

    _OPTIONS = ClientSettings.names()

    def __init__(self, **options: Unpack[FetchOptions]) -> None:
        """Raises TypeError, ValueError, InvalidField for what cannot be meant."""
        if "ordered" in options:
            raise TypeError("an AsyncClient has no option 'ordered': it is one of its fetch_many()")
        self._settings = ClientSettings.of(options)
        self._shared = Shared(self._settings)
        self._driver: Driver | None = None
        self._bare_driver: Driver | None = None
        """The same where a bare URL is all that has to be known for a request: no hook has to be awaited."""
        self._is_closed = False
        call_after_fork(self)

    def _running(self) -> Driver:
        """Return the engine in the loop that runs. Raises RuntimeError outside of it, PoolClosed."""
        driver = self._driver
        if driver is None:
            if self._is_closed:
                raise PoolClosed("the client has been closed")
            driver = self._driver = Driver(self._shared, self._settings, running())
            if not self._shared.policies.awaits_before:
                self._bare_driver = driver
        elif driver.engine.is_closed:
            raise PoolClosed("the client has been closed")
        elif not driver.is_here():
            raise RuntimeError("the client belongs to another event loop: each loop needs one of its own")
        return driver

    # -- requests -----------------------------------------------------------------------------------------

    async def request(self, method: str, url: str, **options: Unpack[RequestOptions]) -> Response:
        """Send a request and return its Response, whole. *options* are those of ``Request``.

        Raises before any traffic: InvalidURL, InvalidField, MissingDecoder, ValueError, TypeError, PoolClosed. Else
        OSError, ssl.SSLError, FingerprintMismatch, ProxyError, PoolTimeout, ConnectTimeout, ReadTimeout, TotalTimeout,
        TooManyRedirects, and the HTTPExceptions of a bad response; these have as ``response`` what came. No status is
        an error. And what a hook raises.
        """
        if options or method != "GET" or type(url) is not str:
            return await self.send(Request(method, url, **options))
        driver = self._bare_driver
        if driver is None or not driver.is_here():
            driver = self._running()
            if self._bare_driver is None:
                return await self.send(Request(method, url))
        return await self._result(driver, driver.prepare_url(url, driver.next_index()))

    async def send(self, request: Request) -> Response:
        """Send *request*; see ``request``."""
        driver = self._running()
        if request.sink is not None:
            check_sink(request.sink)
            job = await _awaited_job(driver, request.replaced(sink=None, max_content=None), driver.next_index())
            return await _Pouring(self, driver, request, job).response()
        return await self._result(driver, await _awaited_job(driver, request, driver.next_index()))

    async def _result(self, driver: Driver, job: Job, future: Future | None = None) -> Response:
        if future is None:
            future = driver.new_future()
            driver.send(job, future)
        try:
            response: Any = await future
            if response.__class__ is Response and response.error is None:
                return response
            while isinstance(response, Unjudged):  # in the caller's own task, so that hooks are cancelled with it
                future = driver.new_future()
                response = await driver.judge(response, future)
                if response is None:
                    response = await future
        except BaseException:  # cancelled, perhaps just when it had come
            driver.cancel(job)
            if job.stream is not None:
                job.stream.close()
            raise
        return _checked(response, job)

    def get(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("GET", ...)``."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("HEAD", ...)``."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("OPTIONS", ...)``."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("POST", ...)``."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("PUT", ...)``."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("PATCH", ...)``."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("DELETE", ...)``."""
        return self.request("DELETE", url, **options)

    def stream(self, method: str, url: str, **options: Unpack[RequestOptions]) -> _Streamed:
        """Return what ``async with`` opens to an AsyncResponse, when its head is there. Raises then as ``request``.

        Reading pauses while the reader is slow, with at most 1 MiB held. To leave the block closes the connection
        unless all has come. There is no sink here.
        """
        if options.get("sink") is not None:
            raise TypeError("a streamed response goes to who reads it, and to no sink")
        return _Streamed(self, self._running(), Request(method, url, **options))

    async def download(
        self,
        url: str,
        path: str | bytes | os.PathLike[Any],
        *,
        resume: bool = True,
        progress: Progress | None = None,
        **options: Unpack[RequestOptions],
    ) -> Response:
        """As ``ConnectionPool.download``. The file is written in threads, *progress* is called in the event loop's."""
        runner = self._running().runner
        request = request_for(url, {**options}, self._settings.timeout)
        making = partial(Download, request, path, self._settings.retry, resume=resume, progress=progress)
        download: Download = await runner.in_thread(making)
        while True:
            try:
                response, is_done = await self._download(download, runner)
            except BaseException as error:
                wait_s = download.failed(error)
                if wait_s is None:
                    raise
                await runner.sleep(wait_s)
                continue
            if is_done:
                return response

    async def _download(self, download: Download, runner: Runner) -> tuple[Response, bool]:
        """Make one request of a download; return its response, and whether the file is whole."""
        driver = self._running()
        request = await runner.in_thread(download.request)
        async with _Streamed(self, driver, request) as response:
            found = await runner.in_thread(download.begin, response)
            if found == REFUSED:
                response._content = await anext(response.aiter_bytes(MOST_ARCHIVED_BYTES), b"")
                response.close()
                response._stream = None
                raise download.refusal(response)
            if found == TAKEN:
                download.tell()
                async for part in response.aiter_bytes():
                    await runner.in_thread(download.write, part)
                    download.tell()
                found = await runner.in_thread(download.end)
            if found == DONE:
                await runner.in_thread(download.commit)
        response._stream = None  # it has no content here
        return response, found == DONE

    def fetch_many(
        self,
        requests: Iterable[Request | str] | AsyncIterable[Request | str],
        *,
        ordered: bool = False,
        **unknown: Never,
    ) -> _Many:
        """Return an asynchronous iterator of the responses to *requests*: Requests, or URLs to GET.

        In order of completion, or of the input with *ordered*; exactly one for each, with the exception of a failed one
        in its ``error``, and its place in the input as ``index``. The input is read as there is use for it. What it
        raises, the iteration raises, when what was asked for before has come.
        """
        for name in unknown:
            elsewhere = {
                **dict.fromkeys(ClientSettings.names(), "the AsyncClient, for all its requests"),
                **dict.fromkeys(OF_REQUESTS, "each Request"),
                **dict.fromkeys(ClientSettings.names() & OF_REQUESTS, "the AsyncClient, and of each Request"),
            }
            raise unexpected(name, ("ordered",), "fetch_many() of an AsyncClient", elsewhere)
        if isinstance(requests, str | bytes | Request):
            raise TypeError(f"expected an iterable of requests, got one {type(requests).__name__}: [it] is one")
        return _Many(self, self._running(), requests, ordered=ordered)

    # -- the client itself --------------------------------------------------------------------------------

    @property
    def stats(self) -> ClientStats:
        """What has been done so far."""
        driver = self._driver
        if driver is None:
            return ClientStats(0, 0, 0, 0)
        return ClientStats(driver.requests, driver.engine.opened, driver.engine.reused, driver.engine.resent)

    @property
    def sitemaps(self) -> dict[str, Sequence[str]]:
        """The sitemaps that robots.txt names, by origin ("https://example.org"): of those that ``robots`` has read."""
        return {} if self._driver is None else sitemaps_of(self._driver.engine)

    def close(self) -> None:
        """Close every socket; who still waits for something gets PoolClosed. A second call does nothing.

        Raises RuntimeError in another thread than the one in which the client's event loop runs.
        """
        driver = self._driver
        if driver is not None and not driver.engine.is_closed:
            if driver.runner.is_elsewhere():
                raise RuntimeError("the client belongs to an event loop in another thread, and is closed there")
            driver.close()
        self._is_closed = True

    async def aclose(self) -> None:
        """As ``close``."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        driver: Driver | None = getattr(self, "_driver", None)  # there is none where the configuration was refused
        if driver is not None and not driver.engine.is_closed:
            told = f"unclosed {self!r}" if driver.engine.open else None
            if driver.runner.is_elsewhere():
                driver.runner.call_from_thread(driver.close)
            else:
                driver.close()
            if told is not None:  # last: a warning may be made an error
                warnings.warn(told, ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        driver = self._driver
        if driver is None:
            return f"<AsyncClient {'closed' if self._is_closed else 'not begun'}>"
        engine = driver.engine
        return (
            f"<AsyncClient {'closed' if engine.is_closed else 'open'}: {engine.open} of "
            f"{self._settings.max_connections} connections, {len(engine.idle)} idle, {len(engine.hosts)} hosts, "
            f"{engine.queued} queued>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **{k: v for k, v in self._settings.given().items() if k != "ordered"}), ()

    def _after_fork(self) -> None:
        """In the child: what has begun is the parent's; let go of it without a word on its sockets."""
        driver = self._driver
        if driver is not None:
            driver.shared.resolver.forget()
            driver.forget()


class _Streamed:
    """A streamed request: opened by ``async with``, once."""

    def __init__(self, client: AsyncClient, driver: Driver, request: Request) -> None:
        """Raises for a request that cannot be sent, unless hooks have to be awaited before that is known."""
        self._client = client  # which must not go meanwhile
        self._driver = driver
        self._request = request
        self._index = driver.next_index()
        awaits = driver.shared.policies.awaits_before
        self._job = None if awaits else _job_of(driver, request, self._index)
        self._has_begun = False
        self._response: AsyncResponse | None = None

    async def __aenter__(self) -> AsyncResponse:
        driver = self._driver
        if self._has_begun:
            raise RuntimeError("this request has been sent already: stream() anew for each")
        self._has_begun = True
        job = self._job or await _awaited_job(driver, self._request, self._index)
        response = await take_result(self._client, driver, job)
        if not isinstance(response, AsyncResponse):  # one from which something might have followed
            response = _as_async(response)
        self._response = response
        return response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response is not None:
            self._response.close()


def _as_async(response: Response) -> AsyncResponse:
    made = object.__new__(AsyncResponse)
    for name in Response.__slots__:
        if name != "__weakref__" and hasattr(response, name):
            setattr(made, name, getattr(response, name))
    return made


class _SinkInThread:
    """A sink that threads open, write to and close, one at a time: it may be slow. It may be given up meanwhile."""

    def __init__(self, runner: Runner, path_or_file: Any, wait_s: float | None) -> None:
        self._runner = runner
        self._path_or_file = path_or_file
        self._wait_s = wait_s
        self._sink: Sink | None = None
        self._lock = threading.Lock()
        self._is_at_work = False
        self._is_given_up = False

    @property
    def count(self) -> int:
        """Bytes that it has taken."""
        return 0 if self._sink is None else self._sink.count

    @property
    def can_begin_anew(self) -> bool:
        """Whether nothing is left of what was written when it is given up."""
        return self._sink is None or self._sink.can_begin_anew or not self._sink.count

    async def open(self) -> None:
        await self._runner.in_thread(self._do, self._open)

    async def write(self, part: bytes) -> None:
        await self._runner.in_thread(self._do, self._write, part)

    async def commit(self) -> None:
        await self._runner.in_thread(self._do, self._commit)

    def give_up(self) -> None:
        """Abandon it: now, or where a thread is at work with it, in that one behind its work."""
        with self._lock:
            self._is_given_up = True
            if self._is_at_work:
                return
        self._abandon()

    def _do(self, work: Callable[..., None], *args: Any) -> None:
        with self._lock:
            if self._is_given_up:
                return
            self._is_at_work = True
        try:
            work(*args)
        finally:
            if self._was_given_up():
                self._abandon()

    def _was_given_up(self) -> bool:
        """Return whether the sink was given up while a thread was at work with it, which it is no longer."""
        with self._lock:
            self._is_at_work = False
            return self._is_given_up

    def _open(self) -> None:
        self._sink = Sink(self._path_or_file, self._wait_s)

    def _write(self, part: bytes) -> None:
        assert self._sink is not None
        self._sink.write(part)

    def _commit(self) -> None:
        assert self._sink is not None
        self._sink.commit()

    def _abandon(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            with contextlib.suppress(OSError):  # there is another error, or nobody who would want to know
                sink.abandon()


class _Pouring:
    """A request whose content goes into a sink, from a stream: the engine's thread waits for no file."""

    def __init__(self, client: AsyncClient, driver: Driver, request: Request, job: Job) -> None:
        self._client = client
        self._driver = driver
        self._request = request
        self._job = job
        self._sink: _SinkInThread | None = None

    async def response(self) -> Response:
        """Return the response when its content is where it belongs; send the request again as a pool does."""
        client, driver, job = self._client, self._driver, self._job
        future: Future | None = None
        if job.method != "HEAD":
            driver.stream(job, AsyncResponse, self._is_kept)
        while True:
            try:
                response = _checked(await client._result(driver, job, future), job)
            except Exception as error:
                self._put_request(getattr(error, "response", None))
                raise
            self._put_request(response)
            if not isinstance(response, AsyncResponse):
                response = _as_async(response)
            source = response._source
            try:
                await self._take(response)
            except BaseException as error:
                response.close()
                if source is None or error is not source.error:  # the sink's own, or it is cancelled
                    self._give_up()
                    raise
                self._put_request(source.response)
                future = driver.runner.future()
                if not self._goes_on(source, future):
                    raise self._told(error, response) from error.__cause__
                continue
            response._stream = None
            return response

    def _is_kept(self, job: Any, head: ResponseHead) -> bool:
        """Return whether a response does not go into the sink, but is kept until it is whole: what it is then decides.

        Something may follow it; or its content cannot be decoded here, and comes with the error that says so.
        """
        return self._driver.shared.policies.may_go_on(job, head) or (self._request.decode and is_missing(head))

    async def _take(self, response: AsyncResponse) -> None:
        """Take the content. Raises the error of the response, or of the sink."""
        request, job, settings = self._request, self._job, self._client._settings
        head = response._head
        assert head is not None
        takes_it = takes(request, job.method, head)
        limit = request.max_content if takes_it or request.max_content is not None else settings.max_content
        content = bytearray()
        try:
            length = head.content_length
            if limit is not None and length is not None and length.isdigit() and int(length) > limit:
                raise _too_long(limit)
            if takes_it:
                self._sink = _SinkInThread(self._driver.runner, request.sink, (job.timeout or settings.timeout).read)
                await self._sink.open()
            count = 0
            async for part in response.aiter_bytes():
                count += len(part)
                if limit is not None and count > limit:
                    raise _too_long(limit)
                if self._sink is None:
                    content += part
                else:
                    await self._sink.write(part)
            if self._sink is not None:
                await self._sink.commit()
        except Exception as error:
            if response._source is None or error is not response._source.error:
                _tell(error, response, job)
            raise
        finally:
            response._content = bytes(content)

    def _put_request(self, response: Response | None) -> None:
        """Have *response* be to the caller's own request, unless it has been redirected."""
        if response is not None and not response.history:
            response._request = self._request

    def _goes_on(self, source: Stream, future: Future) -> bool:
        """Return whether the request is sent again after the failure of its response."""
        job, failed, sink = source.job, source.response, self._sink
        if job is None or failed is None:
            return False
        job.has_poured = job.has_poured or (sink is not None and not sink.can_begin_anew)
        self._driver.stream(job, AsyncResponse, self._is_kept)
        if not self._driver.again(job, failed, future):
            return False
        self._give_up()
        return True

    def _give_up(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.give_up()

    def _told(self, error: BaseException, response: Response) -> BaseException:
        """Return what tells of the failure of a response: with how much of it a sink has got."""
        sink = self._sink
        written = 0 if sink is None else sink.count
        self._give_up()
        if sink is None:
            tell_partial(error, response._content)
            return error
        if not isinstance(error, IncompleteRead):
            return error
        told = IncompleteSink(b"", error.expected, written)
        failed: Response = getattr(error, "response", response)
        failed.error = told
        attach_response(told, failed)
        name_place(told, self._job.place)
        return told


class _Inbox:
    """What has come of many requests; the engine's end of ``_Many``, which does not keep that one."""

    def __init__(self, driver: Driver, most: int, *, is_ordered: bool) -> None:
        self.driver = driver
        self.most = most
        self.is_ordered = is_ordered
        self.ready: collections.deque[Response] = collections.deque()
        self.held = 0
        """Bytes of content of what is here. With more than ``max_buffered_bytes``, what has not come has to wait."""
        self.is_at_end = False
        self.error: BaseException | None = None
        """What the input has raised."""
        self.failure: BaseException | None = None
        """Why there will be no more results."""
        self.given = 0
        self.handed_out = 0
        self.waiter: Future | None = None
        """Who waits for a result."""
        self.room: Future | None = None
        """Who waits until more may be asked for."""
        self.stop_feeding: Callable[[], None] | None = None
        """Ends the task that reads an asynchronous input."""
        self._jobs: dict[int, tuple[Job, int]] = {}
        self._done: dict[int, Response] = {}
        self._next = 0
        self._is_stopped = False
        self._hooks: dict[int, Callable[[], None]] = {}
        """By the places of their requests: what cancels the hooks that are awaited."""
        self._context = contextvars.copy_context()
        self._set_aside: dict[int, Job] = {}
        """While it is stopped: by their places, the jobs that would be in the engine's queues."""
        self._looks_again = False

    @property
    def has_room(self) -> bool:
        return self.given - self.handed_out < self.most and not self._is_stopped

    def add(self, request: Any) -> None:
        """Ask for one more. What is wrong with it is told by its result."""
        driver, place = self.driver, self.given
        self.given = place + 1
        index = driver.next_index()
        if driver.shared.policies.awaits_before:
            self._await_hooks(request, place, partial(self._prepare, request, index, place))
            return
        try:
            if isinstance(request, str):
                job = driver.shared.preparer.prepare_url(request, index)
            elif isinstance(request, Request):
                job = _job_of(driver, request, index)
            else:
                raise _no_request(request)
        except Exception as error:
            self._put(refused(request, place, error))
            return
        self._jobs[index] = job, place
        driver.send(job, self, is_patient=True)

    def _await_hooks(self, request: Any, place: int, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run *step*, which awaits hooks for a request, beside all others. What it raises is told by the result."""

        async def run() -> None:
            told: BaseException
            try:
                await step()
                return
            except Exception as error:
                told = error
            except BaseException as error:
                if place not in self._hooks:  # it is we who have ended it
                    raise
                told = RuntimeError(f"a hook ended in {type(error).__name__}")
                told.__cause__ = error
            finally:
                self._hooks.pop(place, None)
            if self.driver.engine.is_closed:
                self.set_result(None)
            else:
                self._put(refused(request, place, told))

        self._hooks[place] = _nothing
        stop = self.driver.runner.spawn(run, self._context.copy())
        if place in self._hooks:  # else it is done already, by a loop whose tasks begin at once
            self._hooks[place] = stop

    async def _prepare(self, request: Any, index: int, place: int) -> None:
        """Ask for one more when its hooks have been awaited."""
        driver = self.driver
        if not isinstance(request, Request):
            if not isinstance(request, str):
                raise _no_request(request)
            request = Request("GET", request)
        job = await _awaited_job(driver, request, index)
        self._jobs[index] = job, place
        driver.send(job, self, is_patient=True)
        if self._is_stopped:
            self._set_aside |= {self._jobs[job.index][1]: job for job in driver.engine.set_aside({index})}
            self._balance()

    async def _judge(self, unjudged: Unjudged) -> None:
        """Take a response when its hooks have been awaited, if nothing follows it. Its content counts meanwhile."""
        size = len(unjudged.response._content)
        self.held += size
        self._balance()
        try:
            response = await self.driver.judge(unjudged, self)
        except BaseException:
            self._jobs.pop(unjudged.job.index, None)
            raise
        finally:
            self.held -= size
        if response is not None:
            self.set_result(response)

    def done(self) -> bool:
        return False

    def set_result(self, response: Any, /) -> None:
        """Take a response, or what comes to all where the client is closed."""
        if isinstance(response, Unjudged):
            place = self._jobs[response.job.index][1]
            self._await_hooks(response.response.request, place, partial(self._judge, response))
            return
        if not isinstance(response, Response):
            self._stop_hooks()
            self.failure = response or PoolClosed("the client was closed before the responses had come")
            self.end_input()
            self.tell()
            return
        _, response.index = self._jobs.pop(response.index)
        self._put(response)

    def _put(self, response: Response) -> None:
        self.held += len(response._content)
        if not self.is_ordered:
            self.ready.append(response)
        else:
            self._done[response.index] = response
            while (found := self._done.pop(self._next, None)) is not None:
                self.ready.append(found)
                self._next += 1
        self._balance()
        self.tell()

    def take(self) -> Response:
        response = self.ready.popleft()
        self.handed_out += 1
        self.held -= len(response._content)
        if self._is_stopped:
            self._balance()
        if self.has_room:
            room, self.room = self.room, None
            if room is not None and not room.done():
                room.set_result(None)
        return response

    def _balance(self) -> None:
        """Have what has no connection yet wait while more than enough is here, and go on when half of it is taken.

        What has one comes, and so what is here is more by that. Nobody else's requests wait, for places neither: who
        goes through the results may well ask for something meanwhile.
        """
        engine = self.driver.engine
        if engine.is_closed:
            return
        if not self._is_stopped:
            if self.held > engine.max_buffered_bytes:
                self._is_stopped = True
                self._set_aside = {self._jobs[job.index][1]: job for job in engine.set_aside({*self._jobs})}
        elif self.held <= engine.max_buffered_bytes // 2:
            self._is_stopped = False
            set_aside, self._set_aside = self._set_aside, {}
            for job in set_aside.values():
                engine.queue(job)
            self.driver.wake()
        if self._is_stopped and self.is_ordered and not self.ready and self._next in self._set_aside:
            engine.queue(self._set_aside.pop(self._next))  # all that is here waits for it
            self.driver.wake()

    def look_again(self, seconds: float) -> None:
        """Have who waits for a result look at the input again so much later."""
        if not self._looks_again:
            self._looks_again = True
            self.driver.runner.call_later(seconds, self._look)

    def _look(self) -> None:
        self._looks_again = False
        self.tell()

    def end_input(self) -> None:
        """Ask for nothing more."""
        self.is_at_end = True
        stop, self.stop_feeding = self.stop_feeding, None
        if stop is not None:
            stop()

    def tell(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def give_up(self) -> None:
        """Cancel what has not come."""
        self._stop_hooks()
        self._set_aside.clear()
        jobs, self._jobs = self._jobs, {}
        for job, _ in jobs.values():
            self.driver.cancel(job)

    def _stop_hooks(self) -> None:
        hooks, self._hooks = self._hooks, {}
        for stop in hooks.values():
            stop()


class _Many:
    """The responses to many requests; see ``AsyncClient.fetch_many``."""

    def __init__(
        self,
        client: AsyncClient,
        driver: Driver,
        requests: Iterable[Request | str] | AsyncIterable[Request | str],
        *,
        ordered: bool,
    ) -> None:
        settings = client._settings
        self._client = client  # which must not go meanwhile
        most = settings.look_ahead + (1 if ordered else settings.max_connections)
        self._inbox = _Inbox(driver, most, is_ordered=ordered)
        self._source: Iterator[Any] | None = None
        if isinstance(requests, AsyncIterable):
            self._inbox.stop_feeding = driver.runner.spawn(partial(_feed, aiter(requests), self._inbox))
        else:
            self._source = iter(requests)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Response:
        inbox = self._inbox
        while True:
            if not inbox.ready and self._source is not None:
                self._read_ahead(self._source)
            if inbox.ready:
                return inbox.take()
            if inbox.failure is not None:
                raise inbox.failure
            if inbox.is_at_end and inbox.handed_out == inbox.given:
                error, inbox.error = inbox.error, None
                if error is not None:
                    raise error
                raise StopAsyncIteration
            if inbox.waiter is not None:
                raise RuntimeError("the results are being asked for by another task")
            waiter = inbox.waiter = inbox.driver.runner.future()
            try:
                await waiter
            finally:
                if inbox.waiter is waiter:
                    inbox.waiter = None

    def _read_ahead(self, source: Iterator[Any]) -> None:
        inbox = self._inbox
        until = time.monotonic() + _READ_FOR_S
        while inbox.has_room:
            try:
                request = next(source)
            except StopIteration:
                inbox.is_at_end = True
                self._source = None
                return
            except Exception as error:  # it comes when what was asked for before is done
                inbox.is_at_end = True
                inbox.error = error
                self._source = None
                return
            if request is None:  # nothing now
                inbox.look_again(_NOTHING_NOW_S)
                return
            inbox.add(request)
            if time.monotonic() >= until:
                inbox.look_again(0.0)
                return

    async def aclose(self) -> None:
        """Give up what has not come yet."""
        self._close()

    def _close(self) -> None:
        self._source = None
        inbox = self._inbox
        inbox.end_input()
        inbox.given = inbox.handed_out
        inbox.ready.clear()
        inbox.held = 0
        if not inbox.driver.engine.is_closed:
            inbox.give_up()
        if not inbox.driver.runner.is_over():
            inbox.tell()

    def __del__(self) -> None:
        if hasattr(self, "_inbox"):
            self._close()


async def _feed(source: AsyncIterator[Any], inbox: _Inbox) -> None:
    """Ask for all that *source* gives, as there is use for it."""
    try:
        async for request in source:
            if request is not None:
                inbox.add(request)
            while not inbox.has_room:
                room = inbox.room = inbox.driver.runner.future()
                await room
    except Exception as error:
        inbox.error = error
    except BaseException as error:
        if inbox.stop_feeding is not None:  # it is not we who have ended it
            inbox.error = RuntimeError(f"the input of fetch_many ended in {type(error).__name__}")
            inbox.error.__cause__ = error
        raise
    finally:
        inbox.is_at_end = True
        inbox.tell()
        await _close(source)


async def _close(source: AsyncIterator[Any] | None) -> None:
    """Close what was not read to its end, if it is a generator: at once, and not when it is collected."""
    if isinstance(source, AsyncGenerator):
        await source.aclose()


def _job_of(driver: Driver, request: Request, index: int) -> Job:
    """Return the job of *request*, whose body may be an asynchronous iterable. Raises as ``Preparer.prepare``."""
    return driver.shared.preparer.prepare(_with_fed_body(driver, request), index)


async def _awaited_job(driver: Driver, request: Request, index: int) -> Job:
    """As ``_job_of``, where hooks may have to be awaited. Raises PoolClosed if the client was closed meanwhile."""
    if not driver.shared.policies.awaits_before:
        return _job_of(driver, request, index)
    job = await driver.shared.preparer.prepare_awaiting(_with_fed_body(driver, request), index)
    if driver.engine.is_closed:
        raise PoolClosed(f"the client was closed while a hook was awaited: {job.place}")
    return job


def _with_fed_body(driver: Driver, request: Request) -> Request:
    """Return *request* with what is sent in the place of an asynchronous iterable."""
    if not isinstance(request.body, AsyncIterable):
        return request
    return request.replaced(body=feeding(driver, request.body))


def _nothing() -> None: ...


def _no_request(given: Any) -> TypeError:
    return TypeError(f"expected a Request or a URL as str, got {type(given).__name__}")


def feeding(driver: Driver, source: AsyncIterable[Any]) -> FedBody:
    """Return a body that a task feeds from *source*, from when the request is being sent."""
    runner = driver.runner
    waiting: list[Future] = []
    stop: list[Callable[[], None]] = []

    async def run(body: FedBody) -> None:
        parts: AsyncIterator[Any] | None = None
        try:
            parts = aiter(source)
            async for part in parts:
                body.feed(part)
                driver.wake()
                while body.size >= _FED_BYTES:
                    waiting.append(runner.future())
                    await waiting[-1]
            body.end()
        except Exception as error:
            body.end(error)
        except BaseException as error:
            told = RuntimeError(f"the body's source ended in {type(error).__name__}")
            told.__cause__ = error
            body.end(told)
            raise
        finally:
            driver.wake()
            await _close(parts)

    def begin(body: FedBody) -> None:
        stop.append(runner.spawn(partial(run, body)))

    def room() -> None:
        while waiting:
            future = waiting.pop()
            if not future.done():
                future.set_result(None)

    def end() -> None:
        if stop:
            stop.pop()()

    return FedBody(begin, room, end)


async def take_result(client: AsyncClient, driver: Driver, job: Job) -> Response:
    """Return the response to *job* when its head is there, an AsyncResponse unless it has come whole by then."""
    if job.method != "HEAD":
        driver.stream(job, AsyncResponse)
    return _checked(await client._result(driver, job), job)


def _checked(response: Any, job: Job) -> Response:
    """Return *response*. Raises what came instead of it."""
    if response is None:
        raise PoolClosed(f"the client was closed before the response had come: {job.place}")
    if not isinstance(response, Response):
        raise response
    if response.error is not None:
        attach_response(response.error, response)
        raise response.error
    return response


def _tell(error: Exception, response: Response, job: Job) -> None:
    """Have *error* tell of the response that it has come to, and of its request."""
    response.error = error
    attach_response(error, response)
    name_place(error, job.place)


def _too_long(limit: int) -> ContentTooLong:
    return ContentTooLong(f"got more than {limit} bytes of content (max_content)")
