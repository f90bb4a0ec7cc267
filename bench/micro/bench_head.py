"""A head parsed: by each backend, by http.client, and by httptools with one callback per field."""

from __future__ import annotations

import http.client
import io
from typing import TYPE_CHECKING, Final

import pytest

from bench.replies import Reply, reply_to
from httpconn._backends.contract import Backend
from httpconn._wire.grammar import Limits

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

_PATHS: Final = ("/small", "/10k", "/fields/99")
_LIMITS: Final = Limits()

Parsed = tuple[int, str, list[tuple[str, str]]]


@pytest.fixture(params=_PATHS)
def reply(request: pytest.FixtureRequest) -> Reply:
    """Few fields, twenty, and ninety-nine."""
    return reply_to(request.param.encode())


def parse_by_standard(block: bytes) -> Parsed:
    """What http.client makes of a head."""
    file = io.BytesIO(block)
    _, status, reason = file.readline().decode("latin-1").split(None, 2)
    return int(status), reason.strip(), http.client.parse_headers(file).items()


class Reported:
    """Collects what httptools reports."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.reason = b""

    def on_status(self, reason: bytes) -> None:
        self.reason = reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


@pytest.mark.benchmark(group="head: parsed, fields not touched")
def test_backend(backend: Backend, reply: Reply, benchmark: BenchmarkFixture) -> None:
    head = benchmark(backend.parse_response_head, reply.head, _LIMITS.line_bytes, _LIMITS.field_lines)
    assert head is not None
    assert (head.status, head.reason, head.field_lines()) == parse_by_standard(reply.head)


@pytest.mark.benchmark(group="head: all fields as str")
def test_backend_all_fields(backend: Backend, reply: Reply, benchmark: BenchmarkFixture) -> None:
    def parse() -> list[tuple[str, str]]:
        head = backend.parse_response_head(reply.head, _LIMITS.line_bytes, _LIMITS.field_lines)
        assert head is not None
        return head.field_lines()

    assert benchmark(parse) == parse_by_standard(reply.head)[2]


@pytest.mark.benchmark(group="head: all fields as str")
def test_standard(reply: Reply, benchmark: BenchmarkFixture) -> None:
    status, _, fields = benchmark(parse_by_standard, reply.head)
    assert status == 200
    assert len(fields) == reply.head.count(b"\r\n") - 2


@pytest.mark.benchmark(group="head: parsed, fields not touched")
def test_httptools_callbacks(reply: Reply, benchmark: BenchmarkFixture) -> None:
    httptools = pytest.importorskip("httptools")

    def parse() -> tuple[int, Reported]:
        reported = Reported()
        parser = httptools.HttpResponseParser(reported)
        parser.feed_data(reply.head)
        return parser.get_status_code(), reported

    status, reported = benchmark(parse)
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reported.fields]
    assert (status, reported.reason.decode("latin-1"), fields) == parse_by_standard(reply.head)
