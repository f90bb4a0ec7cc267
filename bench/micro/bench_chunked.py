"""A chunked body decoded: by each backend's decoder, by http.client, and by httptools with a callback per chunk."""

from __future__ import annotations

import http.client
import io
from typing import TYPE_CHECKING, Any, Final

import pytest

from bench.replies import content, render_chunks
from httpconn._backends.contract import Backend
from httpconn._wire.chunked import ChunkedDecoder
from httpconn._wire.grammar import Limits

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

_SHAPES: Final = {"10 x 1 KiB": (10, 1024), "1000 x 16 B": (1000, 16), "16 x 64 KiB": (16, 65536)}
_LIMITS: Final = Limits()
_HEAD: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

pytestmark = pytest.mark.benchmark(group="chunked body")


@pytest.fixture(params=_SHAPES, ids=str)
def body(request: pytest.FixtureRequest) -> tuple[bytes, bytes]:
    """The content, and the same in chunks."""
    count, size = _SHAPES[request.param]
    data = content(count * size)
    return data, render_chunks(data[at : at + size] for at in range(0, len(data), size))


class Socket:
    """What http.client asks of a socket."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._wire)


def test_backend(backend: Backend, body: tuple[bytes, bytes], benchmark: BenchmarkFixture) -> None:
    data, wire = body

    def decode() -> bytes:
        decoder = ChunkedDecoder(
            backend.take_chunks, _LIMITS.line_bytes, _LIMITS.trailer_lines, _LIMITS.chunk_overhead_bytes
        )
        decoded = decoder.decode(wire, 0, -1)
        assert decoder.complete
        return decoded

    assert benchmark(decode) == data


def test_standard(body: tuple[bytes, bytes], benchmark: BenchmarkFixture) -> None:
    data, wire = body
    socket: Any = Socket(_HEAD + wire)

    def decode() -> bytes:
        response = http.client.HTTPResponse(socket)
        response.begin()
        return response.read()

    assert benchmark(decode) == data


def test_httptools_callbacks(body: tuple[bytes, bytes], benchmark: BenchmarkFixture) -> None:
    httptools = pytest.importorskip("httptools")
    data, wire = body

    class Reported:
        def __init__(self) -> None:
            self.on_body_parts: list[bytes] = []
            self.on_body = self.on_body_parts.append

    def decode() -> bytes:
        reported = Reported()
        httptools.HttpResponseParser(reported).feed_data(_HEAD + wire)
        return b"".join(reported.on_body_parts)

    assert benchmark(decode) == data
