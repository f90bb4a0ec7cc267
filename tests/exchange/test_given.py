"""Requests that another library has made: what is kept of one makes of others what all the steps would have made."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest

from httpconn import AsyncClient, Request, Response, Timeout
from httpconn._engine.shared import Shared
from httpconn._exchange.preparing import Preparer
from httpconn._exchange.settings import Settings
from httpconn.aio import AsyncResponse, take_result

from ..support.peers import ScriptedServer, take_request

FIELDS = (("Accept", "*/*"), ("x-own", "1"))
CONTEXT = ssl.create_default_context()
FINGERPRINT = "ab" * 32
COMPARED = ("authentication", "body", "closes", "expects_continue", "head", "index", "is_plain", "is_replayable",
            "is_resendable", "key", "may_come_whole", "may_read_fast", "method", "own", "takes_cookies",
            "timeout")  # fmt: skip


pytestmark = pytest.mark.usefixtures("in_use")


def _preparer(**options: Any) -> Preparer:
    return Shared(Settings(**options)).preparer


def _told(preparer: Preparer, *given: Any) -> Any:
    """Return the attributes of the job, or the error in their place."""
    try:
        job = preparer.prepare_given(*given)
    except Exception as error:
        return type(error), str(error)
    reader = None if job.reader is None else (job.reader._max_content, job.reader._takes_coded)
    return [reader, *(getattr(job, name) for name in COMPARED)], str(job.origin), str(job.proxy), job.place, job.request


@pytest.mark.parametrize("origin", ["http://site.example", "https://site.example:8443"])
def test_jobs_are_as_the_first_one(origin: str) -> None:
    """The first request takes all steps; the same one behind its like need not."""

    def ask(kept: list[Any], url: str, fields: Any = FIELDS, target: str = "", **options: Any) -> None:
        request = Request("GET", f"{origin}{url}", **{"decode": False, **options})
        kept.append((_told(_preparer(), request, fields, 7, target), _told(warm, request, fields, 7, target)))

    warm = _preparer()
    tls = {} if origin.startswith("http:") else {"context": CONTEXT, "server_hostname": "a", "fingerprint": FINGERPRINT}
    found: list[Any] = []
    for options in ({}, *({name: value} for name, value in tls.items()), {"proxy": "direct"}):
        ask(found, "/first", **options)
        for url in ("/first", "/second?a=b", "/a#b", "/a b", "/\xe4", "//a", "", "?a", "/%zz", "/\x7f"):
            ask(found, url, **options)
    for options in (
        {"timeout": Timeout(1.0)},
        {"proxy": "http://proxy.example:3128"},
        {"body": b"abc"},
        {"target": "*"},
        {"fields": (*FIELDS, ("Connection", "close"))},
        {"fields": (*FIELDS, ("Content-Length", "3"))},
        {"fields": (*FIELDS, ("Host", "other.example"))},
        {"fields": ()},
        {"server_hostname": 1} if tls else {},
    ):
        ask(found, "/first", **options)
        ask(found, "/second", **options)
    for cold_job, warm_job in found:
        assert warm_job == cold_job
    assert len(warm.known_requests.given) == (6 if tls else 3)


def test_what_is_kept_is_bounded() -> None:
    preparer = _preparer()
    for number in range(200):
        preparer.prepare_given(Request("GET", "http://site.example/", decode=False), (("X-Number", str(number)),))
        preparer.prepare_given(Request("GET", f"http://site-{number}.example/", decode=False), FIELDS)
    assert len(preparer.known_requests.given) <= 64
    assert max(map(len, preparer.known_requests.given.values())) <= 156


def test_with_a_proxy_nothing_is_kept() -> None:
    """ "direct" said by one request says nothing of the next one."""
    preparer = _preparer(proxy="http://proxy.example:3128")
    for options in ({"proxy": "direct"}, {}):
        job = preparer.prepare_given(Request("GET", "http://site.example/", **options), FIELDS)
        assert (job.proxy is None) is bool(options)


def test_what_comes_whole_is_no_stream() -> None:
    """What is streamed comes as a Response where it came in one piece, each with what was sent; else as it comes in."""
    coded = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnever"
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + bytes(400_000)
    taken: list[bytes] = []

    def serve(sock: Any) -> None:
        for reply in (coded, plain, plain, large, plain):
            taken.append(take_request(sock))
            sock.sendall(reply)
        sock.recv(1)

    async def crawl(url: str) -> list[tuple[type, bytes, bytes, Any]]:
        found = []
        async with AsyncClient(keep_sent=True, timeout=Timeout(20.0)) as client:
            driver = client._running()
            for path in "abcde":
                request = Request("GET", url + path, decode=False)
                job = driver.shared.preparer.prepare_given(request, FIELDS, driver.next_index())
                response = await take_result(client, driver, job)
                parts = response.aiter_bytes() if isinstance(response, AsyncResponse) else None
                content = response.content if parts is None else b"".join([part async for part in parts])
                found.append((type(response), content, response.request_head, response.peer))
            assert client.stats.opened == 1
        return found

    with ScriptedServer(serve) as server:
        found = asyncio.run(crawl(f"http://127.0.0.1:{server.port}/"))
        assert [kind for kind, *_ in found] == [Response, Response, Response, AsyncResponse, Response]
        assert [content for _, content, *_ in found] == [b"never", b"ok", b"ok", bytes(400_000), b"ok"]
        assert [head for _, _, head, _ in found] == taken
        assert {peer for *_, peer in found} == {("127.0.0.1", server.port)}
