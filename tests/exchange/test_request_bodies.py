"""What a request's body is made of: files and iterables that are not what they say, and are not sent as something else."""

from __future__ import annotations

import array
import errno
import io
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from httpconn import ConnectionPool, Fetcher, Request, Response, Retry
from httpconn._exchange import request_body

from ..support.clients import Maker
from ..support.faulty import FaultyServer
from ..support.peers import ScriptedServer, reads_for_ever
from ..support.sites import PAGE, Asker, Site, redirect

both = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
CONTENT = bytes(range(256)) * 1_000


@pytest.fixture
def site() -> Iterator[Site]:
    again = {"/busy": lambda earlier: PAGE if earlier else (503, {}, b"")}
    with Site({"/": PAGE, "/moved": redirect(307, "/"), **again}) as site:
        yield site


def put(kind: str, site: Site, body: Any, path: str = "/", headers: Any = None, **options: Any) -> Response:
    with Asker(kind, **options) as ask:
        return ask(Request("PUT", site.url(path), headers, body))


class Duck:
    """A file that gives what *read* says, however much is asked for, and perhaps seeks without a word."""

    def __init__(self, *parts: Any) -> None:
        self._parts = list(parts)

    def read(self, size: int) -> Any:
        return self._parts.pop(0) if self._parts else b""


class Seeking(io.BytesIO):
    """As mmap's, and many others', seek gives nothing back."""

    def seek(self, *where: int) -> None:  # type: ignore[override]  # that is the point
        super().seek(*where)


@both
@pytest.mark.parametrize("path", ["/", "/moved", "/busy"])
@pytest.mark.parametrize("at", [0, 1, 100_000, len(CONTENT), len(CONTENT) + 5])
def test_a_file_is_sent_from_where_it_stands_each_time(
    kind: str, path: str, at: int, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    with open(tmp_path / "file", "rb") as file, open(tmp_path / "file", "rb", buffering=0) as raw:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        for body in (file, raw, Seeking(CONTENT), *((mapped,) if at <= len(CONTENT) else ())):
            body.seek(at)
            site.log.clear()
            response = put(kind, site, body, path, retry=Retry(1, backoff_s=0))
            assert (response.status, response.error) == (200, None)
            assert set(site.bodies[-len(site.log) :]) == {CONTENT[at:]}
            assert site.fields(-1)["content-length"] == str(len(CONTENT[at:]))
        mapped.close()


@both
def test_a_file_stands_there_again_whenever_it_is_not_being_read(kind: str, site: Site) -> None:
    """So that a request which is made while another one sends the same file sends it whole too."""
    file = io.BytesIO(CONTENT)
    file.seek(100)
    with Asker(kind) as ask:
        for _ in range(2):
            assert ask(Request("PUT", site.url("/"), None, file)).error is None
            assert file.tell() == 100
    assert site.bodies == [CONTENT[100:]] * 2
    for part in request_body.FileBody(file, 100, len(CONTENT) - 100).parts():  # and between two parts of the first one
        assert part
        assert file.tell() == 100


@both
@pytest.mark.parametrize(
    ("parts", "error", "text"),
    [
        (("text",), TypeError, "gave str"),
        ((b"ab", ""), TypeError, "gave str"),
        ((b"ab", 3), TypeError, "gave int"),
        ((b"ab", None), BlockingIOError, "does not block"),
        ((bytes(65_537),), ValueError, r"read\(65536\) gave 65537 bytes"),
    ],
)
def test_what_read_gives_that_is_no_body(kind: str, parts: Any, error: type, text: str, site: Site) -> None:
    """No endless loop, no end in the middle: an error, and the request is not whole."""
    failed = put(kind, site, Duck(*parts)).error
    assert isinstance(failed, error)
    assert re.search(text, str(failed))
    assert site.seen == []


@both
def test_read_may_give_less_and_other_kinds_of_bytes(kind: str, site: Site) -> None:
    parts = (b"a", bytearray(b"bc"), memoryview(b"def"), array.array("B", b"gh"), bytes(65_536))
    assert put(kind, site, Duck(*parts)).status == 200
    assert site.bodies[-1] == b"abcdefgh" + bytes(65_536)
    assert site.fields(-1)["transfer-encoding"] == "chunked"


@both
@pytest.mark.parametrize(
    "body", [bytearray(b"abcd"), memoryview(b"abcd"), array.array("B", b"abcd"), memoryview(b"aXbXcXdX")[::2]]
)
def test_bytes_of_any_type(kind: str, body: Any, site: Site) -> None:
    assert put(kind, site, body).status == 200
    assert (site.bodies[-1], site.fields(-1)["content-length"]) == (b"abcd", "4")


@both
def test_text_is_no_file(kind: str, site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for body in (io.StringIO("text"), (tmp_path / "file").open(encoding="utf-8")):
        with body:
            assert isinstance(put(kind, site, body).error, TypeError)
    assert site.seen == []


class Changing(io.BytesIO):
    """Has another size once it is being read."""

    def __init__(self, before: bytes, after: bytes) -> None:
        super().__init__(before)
        self.after = after

    def read(self, size: int | None = -1) -> bytes:
        at = self.tell()
        self.seek(0)
        self.truncate()
        self.write(self.after)
        self.seek(at)
        return super().read(size)


@both
def test_a_file_that_grows_or_shrinks(kind: str, site: Site) -> None:
    """As many bytes are sent as it had; where they are not there any more, that is an error."""
    assert put(kind, site, Changing(b"abc", b"abcdef")).status == 200
    assert site.bodies == [b"abc"]
    error = put(kind, site, Changing(b"abcdef", b"abc")).error
    assert isinstance(error, ValueError)
    assert "became shorter" in str(error)
    assert site.bodies == [b"abc"]


@both
@pytest.mark.parametrize("make", [lambda: Duck(b"ab", b"cd"), lambda: Duck(b"abcd")])
def test_a_length_that_the_caller_announces_is_held_to(kind: str, make: Any, site: Site) -> None:
    response = put(kind, site, make(), headers={"Content-Length": 4})
    assert (response.status, site.bodies[-1], site.fields(-1)["content-length"]) == (200, b"abcd", "4")
    assert "transfer-encoding" not in site.fields(-1)
    for length, text in ((3, "more than the 3"), (5, "1 bytes less than the 5"), (0, "more than the 0")):
        error = put(kind, site, make(), headers={"Content-Length": str(length)}).error
        assert isinstance(error, ValueError)
        assert text in str(error)
    assert len(site.bodies) <= 2  # one of length 0 is whole at once: what is behind it was not sent
    for wrong in ("-1", "four", "+4", "4, 4"):
        assert put(kind, site, make(), headers={"Content-Length": wrong}).error is not None


@both
def test_a_pipe(kind: str, site: Site) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    os.close(writing)
    with open(reading, "rb") as body:
        assert put(kind, site, body).status == 200
    assert site.bodies[-1] == b"abc"


@pytest.mark.parametrize("error", [ValueError("late"), OSError(errno.EIO, "late"), ConnectionError("late")], ids=repr)
@pytest.mark.parametrize("parts", [0, 400], ids=["at-once", "late"])
@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_what_a_body_raises_is_the_result(kind: str, parts: int, error: Exception) -> None:
    """At once, and it is no word of the server's."""

    def body() -> Iterator[bytes]:
        for _ in range(parts):
            yield b"x" * 65_536
        raise error

    with ScriptedServer(reads_for_ever) as silent:
        url = f"http://127.0.0.1:{silent.port}/"
        if kind == "pool":
            with ConnectionPool(expect_timeout_s=None) as pool, pytest.raises(type(error)) as raised:
                pool.post(url, body=body())
            assert raised.value is error
            return
        with Fetcher(expect_timeout_s=None) as fetcher:
            fetcher.add(Request("POST", url, body=body()))
            (response,) = fetcher
        assert response.error is error


def test_one_file_for_two_requests(new_fetcher: Maker, server: FaultyServer) -> None:
    file = io.BytesIO(bytes(range(256)) * 8192)
    with new_fetcher() as fetcher:
        fetcher.feed(Request("POST", server.url(f"/good/{n}"), body=file) for n in range(4))
        assert [response.error for response in fetcher] == [None] * 4
    assert [body == file.getvalue() for body in server.bodies] == [True] * 4
