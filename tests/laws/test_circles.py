"""An exchange that is over is freed at once: nothing of it waits for the collector, which takes time and finds it late."""

from __future__ import annotations

import gc
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from httpconn import ConnectionPool, Fetcher, Request

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
