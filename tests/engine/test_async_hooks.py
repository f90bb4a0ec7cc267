"""Hooks, and ``resolve=``, that are coroutine functions: awaited in the caller's event loop, by an AsyncClient."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from httpconn import (
    AsyncClient,
    ConnectionPool,
    Fetcher,
    PoolClosed,
    Request,
    Response,
    Retry,
    Timeout,
    TooManyRedirects,
)

from ..support.event_loops import LOOPS, is_at_rest, run, sleep, until
from ..support.faulty import FaultyServer, content_of
from ..support.sites import PAGE, Reply, Site, redirect

LIMITS = Timeout(connect=20, read=20, total=40)
AT_ONCE = Retry(2, statuses=[503], backoff_s=0)
FACES = ("get", "stream", "fetch_many")

each_loop = pytest.mark.parametrize("loop", LOOPS)
each_face = pytest.mark.parametrize("face", FACES)

asked_for: ContextVar[str] = ContextVar("asked_for", default="nothing")


async def ask(client: AsyncClient, face: str, *urls: str) -> list[Response]:
    """Return the responses, read; with the error of a failed one in it."""
    if face == "fetch_many":
        return [response async for response in client.fetch_many(urls, ordered=True)]
    found = []
    for url in urls:
        try:
            if face == "get":
                response = await client.get(url)
            else:
                async with client.stream("GET", url) as response:
                    await response.aread()
        except Exception as error:
            response = getattr(error, "response", None)
            if response is None:
                response = Response(url, None, b"")
                response.error = error
            assert response.error is error
        found.append(response)
    return found


async def at_rest(client: AsyncClient, loop: str = "asyncio") -> None:
    await until(lambda: is_at_rest(client) and not client._driver.engine.unjudged, loop)  # type: ignore[union-attr]


@pytest.fixture(autouse=True)
def nothing_is_lost(recwarn: pytest.WarningsRecorder) -> Iterator[None]:
    """No coroutine that was never awaited."""
    yield
    gc.collect()
    assert [str(warning.message) for warning in recwarn if issubclass(warning.category, RuntimeWarning)] == []


# -- that they are awaited


@each_loop
@each_face
def test_hooks(loop: str, face: str) -> None:
    """Before each request, those of redirects too, and after each response; what a retry sends is no new request."""
    asked: list[str] = []
    answered: list[tuple[int, str, int]] = []

    async def sign(request: Request) -> Request:
        await sleep(0.001, loop)
        asked.append(request.url)
        assert ("X-Signed", "1") not in request.headers
        assert asked_for.get() == "a"
        return request.replaced(headers=[*request.headers, ("X-Signed", str(len(asked)))])

    def plain(request: Request) -> None:
        assert ("X-Signed", str(len(asked))) in request.headers  # in their order

    async def note(response: Response) -> None:
        await sleep(0.001, loop)
        assert asked_for.get() == "a"
        answered.append((response.status, response.url, len(response.history)))

    def flaky(earlier: int) -> Reply:
        return PAGE if earlier else (503, {}, b"")

    async def main() -> None:
        asked_for.set("a")
        hooks: dict[str, Any] = {"before_request": [sign, plain], "after_response": [note]}
        async with AsyncClient(**hooks, retry=AT_ONCE, timeout=LIMITS) as client:
            [response] = await ask(client, face, site.url("/a"))
            assert (response.error, response.status, response.content) == (None, 200, b"page")
            assert [step.status for step in response.history] == [302]
            await at_rest(client, loop)

    with Site({"/a": redirect(302, "/b"), "/b": flaky}) as site:
        run(main, loop)
        assert asked == [site.url("/a"), site.url("/b")]
        assert answered == [(302, site.url("/a"), 0), (503, site.url("/b"), 1), (200, site.url("/b"), 1)]
        assert [site.fields(n)["x-signed"] for n in range(3)] == ["1", "2", "2"]


def test_in_the_callers_own_task() -> None:
    """Which is what cancels it, and what ``asyncio.timeout`` in a hook is about."""
    tasks: list[Any] = []

    async def note(_: Any) -> None:
        async with asyncio.timeout(20):
            await asyncio.sleep(0)
        tasks.append(asyncio.current_task())

    async def main() -> None:
        async with AsyncClient(before_request=note, after_response=note) as client:
            for face in ("get", "stream"):
                await ask(client, face, site.url("/a"))
        assert tasks == [asyncio.current_task()] * 8

    with Site({"/a": redirect(302, "/b"), "/b": PAGE}) as site:
        run(main)


class Callable_:
    async def __call__(self, _: Any) -> None:
        await asyncio.sleep(0)


async def of_two(_: str, __: Any) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("name", ["before_request", "after_response"])
@pytest.mark.parametrize(
    "given",
    [Callable_(), Callable_().__call__, functools.partial(of_two, "bound"), lambda: iter([Callable_()])],
    ids=["object", "method", "partial", "generator"],
)
def test_kinds_of_coroutine_functions(name: str, given: Any, server: FaultyServer) -> None:
    """An AsyncClient takes them, and who has no event loop refuses them by name."""
    make = given if inspect.isfunction(given) else lambda: given

    async def main() -> None:
        async with AsyncClient(**{name: make()}) as client:
            assert [response.error for response in await ask(client, "fetch_many", server.url("/good/1"))] == [None]

    run(main)
    for kind, holder in ((ConnectionPool, "a pool"), (Fetcher, "a fetcher")):
        with pytest.raises(TypeError, match=f"{name} of {holder} is a plain function"):
            kind(**{name: make()})


@pytest.mark.parametrize("name", ["before_request", "after_response"])
def test_what_nobody_could_know_to_be_awaited(name: str, server: FaultyServer) -> None:
    """A plain function that returns a coroutine; it says what to do, and leaves none that is never awaited."""
    given: dict[str, Any] = {name: lambda seen: of_two("", seen)}
    told = "coroutine.*inspect.markcoroutinefunction"
    with ConnectionPool(**given) as pool, pytest.raises(TypeError, match=told):
        pool.get(server.url("/good/1"))

    async def main() -> None:
        async with AsyncClient(**given) as client:
            for face in FACES:
                [response] = await ask(client, face, server.url("/good/1"))
                with pytest.raises(TypeError, match=told):
                    raise response.error or AssertionError

    run(main)


# -- what is held up by a hook: its own request, and nothing else


@each_loop
@pytest.mark.parametrize("face", ["get", "fetch_many"])
@pytest.mark.parametrize("name", ["before_request", "after_response"])
def test_side_by_side(loop: str, face: str, name: str, server: FaultyServer) -> None:
    """Each waits until all of them have begun, over one connection; and another request goes on meanwhile."""
    begun = 0
    urls = [server.url(f"/good/{number}") for number in range(12)]
    other = server.url("/good/99")

    async def wait(seen: Request | Response) -> None:
        nonlocal begun
        if seen.url != other:
            begun += 1
            await until(lambda: begun == len(urls), loop)
            assert (await client.get(other)).content == content_of("/good/99")

    async def main() -> None:
        nonlocal client
        async with AsyncClient(per_host=1, timeout=LIMITS, **{name: wait}) as client:
            if face == "fetch_many":
                found = await ask(client, face, *urls)
            else:
                found = await together(loop, [functools.partial(client.get, url) for url in urls])
            assert [response.error for response in found] == [None] * len(urls)
            assert [response.content for response in found] == [content_of(f"/good/{n}") for n in range(len(urls))]
            await at_rest(client, loop)

    client: Any = None
    run(main, loop)


async def together(loop: str, functions: list[Callable[[], Awaitable[Any]]]) -> list[Any]:
    if loop != "trio":
        return list(await asyncio.gather(*(function() for function in functions)))
    import trio

    found: list[Any] = [None] * len(functions)

    async def one(number: int) -> None:
        found[number] = await functions[number]()

    async with trio.open_nursery() as nursery:
        for number in range(len(functions)):
            nursery.start_soon(one, number)
    return found


@each_face
def test_its_time_is_not_the_requests(face: str) -> None:
    """Nor of what a redirect leads to: each of its hooks takes longer than the request may."""
    limit_s = 1.0

    async def wait(seen: Request | Response) -> None:
        if seen.url.endswith("/b") or isinstance(seen, Response):
            await asyncio.sleep(limit_s * 1.1)

    async def main() -> None:
        limits = Timeout(connect=limit_s, read=limit_s, total=limit_s)
        async with AsyncClient(before_request=wait, after_response=wait, timeout=limits) as client:
            [response] = await ask(client, face, site.url("/a"))
            assert (response.error, response.content) == (None, b"x" * 3_000_000)

    with Site({"/a": redirect(302, "/b"), "/b": (200, {}, b"x" * 3_000_000)}) as site:
        run(main)


@pytest.mark.parametrize("face", ["get", "fetch_many"])
def test_the_gate_is_shut_while_the_hooks_are_awaited(face: str) -> None:
    """What the origin has asked for by Retry-After holds from then on, and not from when a hook has been told."""

    async def wait(response: Response) -> None:
        if response.status == 503:
            assert (await client.get(site.url("/other"))).status == 200

    async def main() -> None:
        nonlocal client
        async with AsyncClient(after_response=wait, retry=Retry(2, backoff_s=0), timeout=LIMITS) as client:
            [response] = await ask(client, face, site.url("/busy"))
            assert response.status == 200

    def busy(earlier: int) -> Reply:
        return PAGE if earlier else (503, {"Retry-After": "1"}, b"")

    client: Any = None
    with Site({"/busy": busy, "/other": PAGE}) as site:
        run(main)
        assert site.paths() == ["/busy", "/other", "/busy"]
        assert site.log[1][0] - site.log[0][0] >= 0.99


def test_what_waits_for_hooks_is_bounded() -> None:
    """The content of responses that hooks are awaited with counts: no more is asked for beyond what may be held."""
    size, count = 100_000, 60
    waiting = most = 0

    async def wait(_: Response) -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await asyncio.sleep(0.02)
        waiting -= 1

    async def main() -> None:
        async with AsyncClient(after_response=wait, max_buffered_bytes=5 * size, per_host=2, timeout=LIMITS) as client:
            urls = [site.url(f"/page?{number}") for number in range(count)]
            found = [response.index async for response in client.fetch_many(urls)]
            assert sorted(found) == [*range(count)]
            await at_rest(client)

    with Site({"/page": (200, {}, b"x" * size)}) as site:
        run(main)
    assert 2 <= most <= 10


# -- what goes wrong in a hook


@each_loop
@each_face
def test_what_a_hook_raises_is_the_requests_error(loop: str, face: str) -> None:
    async def refuse(seen: Any) -> None:
        await sleep(0.001, loop)
        raise PermissionError("told")

    async def main() -> None:
        async with AsyncClient(before_request=refuse) as client:
            [response] = await ask(client, face, site.url("/a"))
            assert isinstance(response.error, PermissionError)
            assert site.log == []
            await at_rest(client, loop)
        async with AsyncClient(after_response=refuse, max_connections=1, timeout=LIMITS) as client:
            for target in ("/a", "/large", "/a"):
                [response] = await ask(client, face, site.url(target))
                assert isinstance(response.error, PermissionError)
                assert response.status == 200
                assert f"GET {site.url(target)}" in str(response.error)
            await at_rest(client, loop)

    with Site({"/a": PAGE, "/large": (200, {}, b"x" * 5_000_000)}) as site:
        run(main, loop)


@each_face
def test_what_a_hook_gives_that_cannot_be_meant(face: str, server: FaultyServer) -> None:
    async def give(_: Any) -> int:
        return 3

    async def main() -> None:
        for name in ("before_request", "after_response"):
            async with AsyncClient(**{name: give}) as client:
                [response] = await ask(client, face, server.url("/good/1"))
                assert isinstance(response.error, TypeError)

    run(main)


@each_face
def test_redirects_without_end(face: str) -> None:
    """What is judged after the hooks, is: and it is told with its way."""

    async def pass_by(_: Any) -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncClient(before_request=pass_by, after_response=pass_by, redirects=3) as client:
            [response] = await ask(client, face, site.url("/a"))
            assert isinstance(response.error, TooManyRedirects)
            assert len(response.history) == 3
            await at_rest(client)

    with Site({"/a": redirect(302, "/a")}) as site:
        run(main)


def test_a_hook_that_ends_as_if_it_were_cancelled(server: FaultyServer) -> None:
    """In fetch_many it is one request's error: nobody has cancelled the iteration."""

    async def end(seen: Request | Response) -> None:
        if seen.url.endswith("/1"):
            raise asyncio.CancelledError

    async def main() -> None:
        for name in ("before_request", "after_response"):
            async with AsyncClient(**{name: end}, timeout=LIMITS) as client:
                found = await ask(client, "fetch_many", *(server.url(f"/good/{number}") for number in range(3)))
                assert [type(response.error) for response in found] == [type(None), RuntimeError, type(None)]
                assert isinstance(found[1].error.__cause__, asyncio.CancelledError)  # type: ignore[union-attr]
                await at_rest(client)

    run(main)


# -- to give up


@each_loop
@each_face
@pytest.mark.parametrize("name", ["before_request", "after_response"])
def test_who_gives_up_cancels_the_hook(loop: str, face: str, name: str) -> None:
    state: list[str] = []

    async def wait(_: Any) -> None:
        state.append("begun")
        try:
            await sleep(50, loop)
        except BaseException:
            state.append("cancelled")
            raise

    async def give_up(client: AsyncClient) -> None:
        if face == "fetch_many":
            results = client.fetch_many([site.url("/a")])
            with contextlib.suppress(TimeoutError):
                await within(loop, lambda: state == ["begun"], functools.partial(anext, results))
            await results.aclose()
        else:
            await within(loop, lambda: state == ["begun"], functools.partial(ask, client, face, site.url("/a")))

    async def main() -> None:
        async with AsyncClient(**{name: wait}, max_connections=1, timeout=LIMITS) as client:
            await give_up(client)
            await until(lambda: state == ["begun", "cancelled"], loop)
            await at_rest(client, loop)
            assert len(site.log) == (0 if name == "before_request" else 1)

    with Site({"/a": PAGE}) as site:
        run(main, loop)


async def within(loop: str, condition: Callable[[], bool], function: Callable[[], Any]) -> None:
    """Run *function* until *condition* holds, and cancel it then."""
    if loop == "trio":
        import trio

        async with trio.open_nursery() as nursery:
            nursery.start_soon(function)
            await until(condition, loop)
            nursery.cancel_scope.cancel()
        return

    async def main() -> None:
        await function()

    task = asyncio.create_task(main())
    await until(condition, loop)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_task_that_is_cancelled_before_its_hook_begins(server: FaultyServer) -> None:
    async def pass_by(_: Any) -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncClient(before_request=pass_by, after_response=pass_by) as client:
            results = client.fetch_many([server.url("/good/1")])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(results), 0)
            results._read_ahead(iter([server.url("/good/2")]))
            await results.aclose()
            await at_rest(client)

    run(main)


@each_face
def test_a_client_that_is_closed_by_a_hook(face: str) -> None:
    """What has come whole is the result; what would follow is not sent."""

    async def close(_: Response) -> None:
        await asyncio.sleep(0)
        client.close()

    async def main() -> None:
        nonlocal client
        for name, target, expected in (
            ("before_request", "/b", PoolClosed),
            ("after_response", "/a", PoolClosed),
            ("after_response", "/b", type(None)),
        ):
            async with AsyncClient(**{name: close}) as client:
                try:
                    [response] = await ask(client, face, site.url(target))
                except PoolClosed as error:
                    assert isinstance(error, expected)
                else:
                    assert isinstance(response.error, expected)
        assert site.paths() == ["/a", "/b"]

    client: Any = None
    with Site({"/a": redirect(302, "/b"), "/b": PAGE}) as site:
        run(main)


# -- streams and sinks


@each_loop
def test_a_hook_that_reads_the_stream(loop: str, server: FaultyServer) -> None:
    """The caller has it all the same, at once."""

    async def read(response: Any) -> None:
        assert await response.aread() == content_of("/drip/5")

    async def main() -> None:
        async with AsyncClient(after_response=read, timeout=LIMITS) as client:
            async with client.stream("GET", server.url("/drip/5")) as response:
                assert response.content == await response.aread() == content_of("/drip/5")
            await at_rest(client, loop)

    run(main, loop)


def test_a_stream_that_fails_while_its_hook_is_awaited(server: FaultyServer) -> None:
    """The head comes first all the same, and reading tells."""

    async def wait(_: Response) -> None:
        await asyncio.sleep(0.05)

    async def main() -> None:
        async with AsyncClient(after_response=wait, timeout=Timeout(read=0.5)) as client:
            async with client.stream("GET", server.url("/silent-in-body/1")) as response:
                assert response.status == 200
                with pytest.raises(TimeoutError):
                    await response.aread()
            await at_rest(client)

    run(main)


def test_a_sink(tmp_path: Path) -> None:
    seen: list[tuple[int, bool]] = []
    path = tmp_path / "page"

    async def note(response: Response) -> None:
        await asyncio.sleep(0)
        seen.append((response.status, path.exists()))

    async def main() -> None:
        async with AsyncClient(before_request=pass_by, after_response=note, timeout=LIMITS) as client:
            response = await client.get(site.url("/a"), sink=path)
            assert (response.status, path.read_bytes()) == (200, b"page")
            await at_rest(client)

    async def pass_by(_: Request) -> None:
        await asyncio.sleep(0)

    with Site({"/a": redirect(302, "/b"), "/b": PAGE}) as site:
        run(main)
    assert seen == [(302, False), (200, False)]


def test_an_asynchronous_body_passes_them(server: FaultyServer) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async def pass_by(_: Request) -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncClient(before_request=pass_by, timeout=LIMITS) as client:
            assert (await client.post(server.url("/good/1"), body=parts())).status == 200

    run(main)


# -- resolve=


@each_loop
def test_names_are_looked_up_in_the_same_loop(loop: str, server: FaultyServer) -> None:
    """In its thread; with what belongs to that loop."""
    threads: list[threading.Thread] = []

    async def resolve(host: str, port: int) -> str | None:
        await sleep(0.001, loop)
        threads.append(threading.current_thread())
        return "127.0.0.1" if host == "there.test" else ""

    async def main() -> None:
        async with AsyncClient(resolve=resolve, timeout=LIMITS) as client:
            for face in FACES:
                [response] = await ask(client, face, f"http://there.test:{server.port}/good/1")
                assert (response.error, response.content) == (None, content_of("/good/1"))
                [response] = await ask(client, face, f"http://elsewhere.test:{server.port}/good/1")
                assert isinstance(response.error, ValueError)
            await at_rest(client, loop)
        assert set(threads) == {threading.current_thread()}

    run(main, loop)


@each_loop
@pytest.mark.parametrize("how", ["cancelled", "closed", "late"])
def test_a_lookup_that_nobody_waits_for_is_cancelled(loop: str, how: str) -> None:
    state: list[str] = []

    async def resolve(host: str, port: int) -> str:
        state.append("begun")
        try:
            await sleep(50, loop)
        except BaseException:
            state.append("cancelled")
            raise
        return "127.0.0.1"

    async def main() -> None:
        limits = Timeout(connect=0.2) if how == "late" else LIMITS
        async with AsyncClient(resolve=resolve, max_lookups=1, timeout=limits) as client:
            get = functools.partial(ask, client, "get", "http://there.test/")
            if how == "late":
                [response] = await get()
                assert isinstance(response.error, TimeoutError)
            elif how == "cancelled":
                await within(loop, lambda: state == ["begun"], get)
            else:
                await together(loop, [get, functools.partial(close, client)])
            await until(lambda: state == ["begun", "cancelled"], loop)

    async def close(client: AsyncClient) -> None:
        await until(lambda: state == ["begun"], loop)
        client.close()

    run(main, loop)


def test_a_lookup_that_is_given_up_before_it_begins() -> None:
    async def resolve(host: str, port: int) -> str:
        raise AssertionError("it was given up")

    async def main() -> None:
        async with AsyncClient(resolve=resolve, max_lookups=1) as client:
            task = asyncio.create_task(client.get("http://there.test/"))
            lookups = client._shared.resolver.lookups
            while not lookups._works:
                await asyncio.sleep(0)
            client.close()
            with pytest.raises(PoolClosed):
                await task
            assert (lookups._placed, lookups._running, lookups._works) == (0, set(), {})

    run(main)


def test_nothing_is_left_in_the_loop(server: FaultyServer) -> None:
    """Under asyncio's debug mode, where each task is accounted for."""

    async def pass_by(_: Any) -> None:
        await asyncio.sleep(0)

    async def resolve(host: str, port: int) -> str:
        return "127.0.0.1"

    async def main() -> None:
        before = asyncio.all_tasks()
        async with AsyncClient(before_request=pass_by, after_response=pass_by, resolve=resolve) as client:
            urls = [f"http://there.test:{server.port}/good/{number}" for number in range(30)]
            for face in FACES:
                assert [response.error for response in await ask(client, face, *urls)] == [None] * len(urls)
            await at_rest(client)
            assert asyncio.all_tasks() == before

    run(main, debug=True)
