"""AsyncClient: the engine of the fetcher in coroutines, under asyncio, uvloop or trio."""

from __future__ import annotations

import os
import warnings
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Final, NamedTuple, Never, Self, Unpack

from ._engine.fork import call_after_fork
from ._engine.many.driver import Driver, Stream, Unjudged
from ._engine.many.fed import awaited_job, job_of
from ._engine.many.results import Results
from ._engine.many.robots import sitemaps_of
from ._engine.many.runners import Future, Runner, running
from ._engine.many.sinks import SinkInThread
from ._engine.shared import Shared
from ._exchange.content_coding import is_missing
from ._exchange.download import DONE, REFUSED, TAKEN, Download, Progress, request_for
from ._exchange.job import Job
from ._exchange.lines import DEFAULT_MAX_LINE_CHARS, LineCutter, TextReader
from ._exchange.options import OF_CLIENT, OF_STREAMED, Configured, tell_elsewhere, unexpected
from ._exchange.response_fields import ResponseFields
from ._exchange.settings import FetchOptions, FetchSettings, RequestOptions, check_request
from ._exchange.sink import check_sink, takes
from ._wire.framing import announced_bytes
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

_DEFAULT_TIMEOUT: Final = Timeout(DEFAULT_TIMEOUT.connect, DEFAULT_TIMEOUT.read, DEFAULT_TIMEOUT.total, None)


class ClientStats(NamedTuple):
    """What a client has done so far."""

    requests: int
    opened: int
    """Connections that were begun."""
    reused: int
    """Requests that went out on a kept connection."""
    resent: int


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


tell_elsewhere(AsyncResponse, OF_STREAMED)

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
        """Raises TypeError, ValueError, InvalidField for an invalid option."""
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
        elif not driver.runner.is_current():
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
        if options or method != "GET":
            return await self.send(Request(method, url, **options))
        return await self._get(url)

    async def _get(self, url: str) -> Response:
        """As ``request`` for a GET of which nothing else is said."""
        driver = self._bare_driver
        asked = None if driver is None or type(url) is not str else driver.ask(url)
        if driver is None or asked is None:
            return await self.send(Request("GET", url))
        job, future = asked
        try:
            response: Any = await future
        except BaseException:  # cancelled, perhaps just when it had come
            driver.cancel(job)
            raise
        if response.__class__ is Response and response.error is None:
            return response
        return await self._settled(driver, job, response)

    async def send(self, request: Request) -> Response:
        """Send *request*; see ``request``."""
        driver = self._running()
        if request.sink is not None:
            check_request(request)  # of which kind the sink is, before what it is
            check_sink(request.sink)
            job = await awaited_job(driver, request.replaced(sink=None, max_content=None), driver.next_index())
            return await _Pouring(self, driver, request, job).response()
        return await self._result(driver, await awaited_job(driver, request, driver.next_index()))

    async def _result(self, driver: Driver, job: Job, future: Future | None = None) -> Response:
        if future is None:
            future = driver.new_future()
            driver.send(job, future)
        try:
            response: Any = await future
        except BaseException:
            driver.cancel(job)
            raise
        return await self._settled(driver, job, response)

    async def _settled(self, driver: Driver, job: Job, response: Any) -> Response:
        """Return the response that *response*, which has come, is or leads to. Raises what came instead."""
        try:
            while isinstance(response, Unjudged):  # in the caller's own task, so that hooks are cancelled with it
                future = driver.new_future()
                response = await driver.judge(response, future)
                if response is None:
                    response = await future
        except BaseException:
            driver.cancel(job)
            raise
        return _checked(response, job)

    def get(self, url: str, **options: Unpack[RequestOptions]) -> Coroutine[Any, Any, Response]:
        """As ``request("GET", ...)``."""
        if options or self.__class__.request is not _request:  # of a subclass, or in its place
            return self.request("GET", url, **options)
        return self._get(url)  # without two dicts of no options

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
    ) -> Results:
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
        settings = self._settings
        most = settings.look_ahead + (1 if ordered else settings.max_connections)
        return Results(self, self._running(), requests, most=most, ordered=ordered)

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


tell_elsewhere(AsyncClient, OF_CLIENT)
_request: Final = AsyncClient.request


class _Streamed:
    """A streamed request: opened by ``async with``, once."""

    def __init__(self, client: AsyncClient, driver: Driver, request: Request) -> None:
        """Raises for a request that cannot be sent, unless hooks have to be awaited before that is known."""
        self._client = client  # which must not go meanwhile
        self._driver = driver
        self._request = request
        self._index = driver.next_index()
        awaits = driver.shared.policies.awaits_before
        self._job = None if awaits else job_of(driver, request, self._index)
        self._has_begun = False
        self._response: AsyncResponse | None = None

    async def __aenter__(self) -> AsyncResponse:
        driver = self._driver
        if self._has_begun:
            raise RuntimeError("this request has been sent already: stream() anew for each")
        self._has_begun = True
        job = self._job or await awaited_job(driver, self._request, self._index)
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
    made = AsyncResponse.__new__(AsyncResponse)
    for name in ResponseFields.__slots__:
        setattr(made, name, getattr(response, name))
    return made


class _Pouring:
    """A request whose content goes into a sink, from a stream: the engine's thread waits for no file."""

    def __init__(self, client: AsyncClient, driver: Driver, request: Request, job: Job) -> None:
        self._client = client
        self._driver = driver
        self._request = request
        self._job = job
        self._sink: SinkInThread | None = None

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
                    response._stream = None  # of its content there is what has been kept
                    self._give_up()
                    raise
                self._put_request(source.response)
                future = driver.runner.future()
                told = self._told(error, response)
                if not self._goes_on(source, future):  # what a Retry names is what would be raised
                    self._give_up()
                    try:
                        raise told from error.__cause__
                    finally:
                        del told
                continue
            response._stream = None
            return response

    def _is_kept(self, job: Any, head: ResponseHead) -> bool:
        """Return whether a response is kept in memory until it is whole, and does not go into the sink.

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
            if limit is not None and announced_bytes(head) > limit:
                raise _too_long(limit)
            if takes_it:
                self._sink = SinkInThread(self._driver.runner, request.sink, (job.timeout or settings.timeout).read)
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
        if sink is None:
            tell_partial(error, response._content)
            return error
        if not isinstance(error, IncompleteRead):
            return error
        told = IncompleteSink(b"", error.expected, sink.count)
        failed: Response = getattr(error, "response", response)
        failed.error = told
        attach_response(told, failed)
        name_place(told, self._job.place)
        return told


async def take_result(client: AsyncClient, driver: Driver, job: Job) -> Response:
    """Return the response to *job* once its head has come: an AsyncResponse, or a Response if all has come with it."""
    if job.method != "HEAD":
        driver.stream(job, AsyncResponse)
    return _checked(await client._result(driver, job), job)


def _checked(response: Any, job: Job) -> Response:
    """Return *response*. Raises what came instead of it."""
    if response is None:
        raise PoolClosed(f"the client was closed before the response had come: {job.place}")
    if not isinstance(response, Response):
        try:
            raise response
        finally:
            del response
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
