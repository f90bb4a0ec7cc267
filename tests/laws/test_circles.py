"""An exchange that is over is freed at once: nothing of it waits for the collector, which takes time and finds it late."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gc
import io
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import httpconn
from httpconn import AsyncClient, ConnectionPool, Fetcher, HTTPConnection, Request, Response, Timeout

from ..support.faulty import FAULTS, FaultyServer
from ..support.peers import nobody
from ..support.sites import PAGE, Site, redirect

MANY = 20
COMPRESSOR = zlib.compressobj(wbits=31)
GZIPPED = COMPRESSOR.compress(b"page" * 1000) + COMPRESSOR.flush()
REQUESTS: dict[str, Callable[[str], Any]] = {
    "bare": lambda base: base + "/",
    "fields": lambda base: Request("GET", base + "/", {"X-Mine": "1"}),
    "HEAD": lambda base: Request("HEAD", base + "/"),
    "body": lambda base: Request("PUT", base + "/", None, [b"a", b"b"]),
    "sink": lambda base: Request("GET", base + "/", sink=io.BytesIO()),
    "coded": lambda base: base + "/coded",
    "redirected": lambda base: base + "/moved",
    "refused": lambda base: base + "/none",
    "too long": lambda base: Request("GET", base + "/coded", max_content=10),
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    routes = {"/": PAGE, "/coded": (200, {"Content-Encoding": "gzip"}, GZIPPED), "/moved": redirect(302, "/")}
    with Site(routes) as site:
        yield site


def by_pool(site: Site, make: Callable[[str], Any], *, stream: bool) -> Iterator[None]:
    with ConnectionPool(head_rest_s=0) as pool:
        while True:
            request = make(site.url(""))
            try:
                if isinstance(request, str):
                    request = Request("GET", request)
                assert pool.send(request, stream=stream).content is not None
            except Exception as error:
                assert "max_content" in str(error)
            yield


def by_fetcher(site: Site, make: Callable[[str], Any]) -> Iterator[None]:
    with Fetcher(head_rest_s=0) as fetcher:
        while True:
            fetcher.add(make(site.url("")))
            [response] = fetcher
            assert response.error is None or "max_content" in str(response.error)
            del response
            yield


@pytest.mark.parametrize("kind", ["pool", "stream", "fetcher", "async", "astream"])
@pytest.mark.parametrize("request_", [name for name in REQUESTS if name != "too long"])
def test_nothing_waits_for_the_collector(kind: str, request_: str, site: Site) -> None:
    assert not circles(kind, REQUESTS[request_], site)


def test_an_error_that_is_raised_knows_its_response_and_the_other_way_round(site: Site) -> None:
    """The one circle that there is, and it shows that circles are found; a fetcher's errors are in responses only."""
    assert "ContentTooLong" in circles("pool", REQUESTS["too long"], site)
    assert not circles("fetcher", REQUESTS["too long"], site)


def circles(kind: str, make: Callable[[str], Any], site: Site) -> set[str]:
    """Return the classes of ours whose instances only the collector frees."""
    steps = by_fetcher(site, make) if kind == "fetcher" else by_pool(site, make, stream=kind == "stream")
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(3):
            next(steps)
        gc.collect()
        before = {id(each) for each in gc.get_objects()}
        for _ in range(MANY):
            next(steps)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        ours = [each for each in gc.garbage if id(each) not in before and type(each).__module__.startswith("httpconn")]
        return {type(each).__qualname__ for each in ours}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        if was_enabled:
            gc.enable()
        steps.close()


# -- errors -----------------------------------------------------------------------------------------------------

SOURCES = Path(httpconn.__file__).parent
SHORT = Timeout(connect=5, read=0.05, total=0.1)
WRONG = ("reset-at-once", "reset-in-body", "closed-at-once", "cut", "cut-in-chunk", "silent", "silent-in-body", "garbage",
         "bad-length", "bad-chunk", "bad-field", "flood", "bomb", "cut-gzip", "corrupt-gzip", "huge", "refused",
         "invalid")  # fmt: skip


def links_of(error: BaseException) -> list[BaseException]:
    """Return *error*, and what it came from."""
    links = [error]
    for link in links:
        links += [
            other
            for other in (link.__cause__, link.__context__)
            if other is not None and all(other is not known for known in links)
        ]
    return links


def check_links(error: BaseException) -> None:
    """Raise AssertionError where an error is its own cause, or a frame of ours holds by a name what it has raised."""
    for link in links_of(error):
        assert link.__cause__ is not link
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if not Path(frame.f_code.co_filename).is_relative_to(SOURCES):
                continue
            for name, value in frame.f_locals.items():
                is_raised = isinstance(value, BaseException) and any(
                    frame is found for found, _ in traceback.walk_tb(value.__traceback__)
                )
                assert not is_raised, f"{frame.f_code.co_qualname} holds {name}, which it has raised"


def undo(error: BaseException) -> None:
    """Undo the circles that are meant: an error has its response, which has the error."""
    check_links(error)
    for link in links_of(error):
        response = getattr(link, "response", None)
        if isinstance(response, Response):
            response.error = None


def fails_by_pool(url: str) -> Iterator[None]:
    with ConnectionPool(timeout=SHORT, max_content=1_000_000) as pool:
        while True:
            try:
                pool.get(url)
            except Exception as error:
                undo(error)
            yield


def fails_by_stream(url: str) -> Iterator[None]:
    """What is read in large parts: the response has its error for who asks again, and so nobody is to hold that."""
    with ConnectionPool(timeout=SHORT, max_content=1_000_000) as pool:
        while True:
            try:
                stream: Any = None
                stream = pool.get(url, stream=True)
                with stream:
                    for _ in stream.iter_bytes(65_536):
                        pass
            except Exception as error:
                undo(error)
                if stream is not None and stream._stream is not None:
                    stream.error = stream._stream._failure = None
                del stream
            yield


def fails_by_fetcher(url: str) -> Iterator[None]:
    with Fetcher(timeout=SHORT, max_content=1_000_000) as fetcher:
        while True:
            fetcher.add(url)
            [response] = fetcher
            assert response.error is not None
            undo(response.error)
            del response
            yield


def fails_by_client(url: str) -> Iterator[None]:
    client, loop = AsyncClient(timeout=SHORT, max_content=1_000_000), asyncio.new_event_loop()

    async def main() -> None:
        try:
            await client.get(url)
        except Exception as error:
            undo(error)

    try:
        while True:
            loop.run_until_complete(main())
            yield
    finally:
        client.close()
        loop.close()


def fails_by_connection(url: str) -> Iterator[None]:
    host, _, path = url.removeprefix("http://").partition("/")
    while True:
        try:
            with contextlib.closing(HTTPConnection(host, timeout=0.05)) as connection:
                connection.request("GET", f"/{path}")
                connection.getresponse().read()
        except Exception as error:
            undo(error)
        yield


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    "steps", [fails_by_pool, fails_by_stream, fails_by_fetcher, fails_by_client, fails_by_connection]
)
def test_an_error_that_is_dropped_takes_all_with_it(steps: Callable[[str], Iterator[None]], wrong: str) -> None:
    assert {*WRONG[:-2]} <= FAULTS.keys()
    with FaultyServer() as server, nobody() as (host, port):
        url = {"refused": f"http://{host}:{port}/", "invalid": "http://a b/"}.get(wrong, server.url(f"/{wrong}/1"))
        assert not left_by(steps(url), 3)


def test_a_frame_that_holds_what_it_has_raised_is_found() -> None:
    scope: dict[str, Any] = {}
    code = "def fails():\n    told = ValueError()\n    raise told\n"
    exec(compile(code, str(SOURCES / "of_nobody.py"), "exec"), scope)
    with pytest.raises(ValueError) as raised:
        scope["fails"]()
    with pytest.raises(AssertionError, match="fails holds told"):
        check_links(raised.value)


def names_raised(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each ``raise name`` that leaves the name in its frame.

    An ``except ... as name`` takes it away at its end, and a ``finally`` may.
    """

    def look(node: ast.AST, gone: frozenset[str]) -> Iterator[tuple[int, str]]:
        for child in ast.iter_child_nodes(node):
            inside = gone
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inside = frozenset()
            elif isinstance(child, ast.ExceptHandler) and child.name is not None:
                inside |= {child.name}
            elif isinstance(child, ast.Try):
                inside |= {
                    target.id
                    for end in child.finalbody
                    if isinstance(end, (ast.Delete, ast.Assign))
                    for target in end.targets
                    if isinstance(target, ast.Name)
                }
            elif isinstance(child, ast.Raise):
                raised = child.exc.values if isinstance(child.exc, ast.BoolOp) else [child.exc]
                for each in raised:
                    if isinstance(each, ast.Name) and each.id[0].islower() and each.id not in gone:
                        yield child.lineno, each.id
            yield from look(child, inside)

    yield from look(ast.parse(source), frozenset())


def test_no_name_of_what_is_raised_is_left() -> None:
    """Also where no test comes to. A frame that holds its error, which has the frame, is left to the collector."""
    found = {
        f"{path.name}:{line}: {name}" for path in SOURCES.rglob("*.py") for line, name in names_raised(path.read_text())
    }
    assert not found
    assert [*names_raised("def f():\n    e = g()\n    raise e or h from i")] == [(3, "e"), (3, "h")]
    assert not [*names_raised("try:\n    raise e\nfinally:\n    del e")]


def left_by(steps: Iterator[None], count: int) -> set[str]:
    """Return the classes of ours whose instances only the collector frees, and the functions whose frames."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        next(steps)
        gc.collect()
        before = {id(each) for each in gc.get_objects()}
        for _ in range(count):
            next(steps)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found = set()
        for each in gc.garbage:
            kind = each.f_globals.get("__name__", "") if isinstance(each, FrameType) else type(each).__module__
            if id(each) not in before and kind.startswith("httpconn"):
                found.add(each.f_code.co_qualname if isinstance(each, FrameType) else type(each).__qualname__)
        return found
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        if was_enabled:
            gc.enable()
        steps.close()  # type: ignore[attr-defined]  # a generator
