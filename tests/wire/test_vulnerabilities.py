"""Vulnerabilities of others in what is read, each as the test that shows it closed here; docs/safety.md has the table.

Where a test elsewhere shows it already, the table names that one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

import httpconn
from httpconn import IncompleteRead, Limits
from httpconn._wire.reader import NEED_DATA, ResponseReader

from ..support import counted


def read_all(reader: ResponseReader, pieces: Iterator[bytes]) -> bytes:
    body = b""
    while (reader.head()) is NEED_DATA:
        reader.receive(next(pieces))
    while part := reader.body():
        if part is NEED_DATA:
            reader.receive(next(pieces))
        else:
            body += part
    return body


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("value", [b"+5", b"0x5", b"1_0", b"5 5", b"\xb2", b"5,6", b"5;", b"'5'"])
def test_cve_2023_47627_lengths_are_digits(backend, value: bytes, strict: bool) -> None:
    """aiohttp took what Python's int() takes."""
    for name in (b"Content-Length", b"content-length", b"Content-length"):
        reader = ResponseReader(backend, "GET", Limits(), strict)
        reader.receive(b"HTTP/1.1 200 OK\r\n%b: %b\r\n\r\nhello" % (name, value))
        assert reader.head() is not NEED_DATA
        with pytest.raises(httpconn.MalformedFraming):
            reader.body()
        assert reader.will_close


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("wire", [
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",  # CVE-2024-23829's kin: what stands behind a chunk
    b"Transfer-Encoding: chunked\r\n\r\n5;\na\r\nhello\r\n0\r\n\r\n",  # CVE-2024-52304: a line's end in an extension
    b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
])  # fmt: skip
def test_cve_2024_52304_chunk_framing_is_exact(backend, wire: bytes, strict: bool) -> None:
    reader = ResponseReader(backend, "GET", Limits(), strict)
    with pytest.raises(IncompleteRead) as caught:
        read_all(reader, iter([b"HTTP/1.1 200 OK\r\n" + wire]))
    assert isinstance(caught.value.__cause__, httpconn.MalformedFraming)
    assert reader.complete is False


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
def test_cve_2025_53643_trailers_are_no_fields(backend, strict: bool) -> None:
    """aiohttp's pure parser left trailers to stand in front of the next message."""
    reader = ResponseReader(backend, "GET", Limits(), strict)
    behind = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"
    wire = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nContent-Length: 40\r\nX: y\r\n\r\n"
        + behind
    )
    assert read_all(reader, iter([wire[at : at + 1] for at in range(len(wire))])) == b"hi"
    assert reader.trailers == [("Content-Length", "40"), ("X", "y")]
    assert reader.head().get_joined("content-length") is None


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize(
    "unit", [b"\0", b"\r", b"\n", b" ", b":", b"0", b"0\r\n", b"A:\r\n", b"HTTP/1.1 100 X\r\n\r\n", b"5\r\n"]
)
@pytest.mark.parametrize("prefix", [
    b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
])  # fmt: skip
def test_cve_2024_30251_malformed_input_ends(backend, prefix: bytes, unit: bytes, strict: bool) -> None:
    """No input loops: anything, in pieces, is judged after work in proportion to its bytes."""
    wire = prefix + unit * (50_000 // len(unit))
    for step in (len(wire), 4096, 61):
        reader = ResponseReader(backend, "GET", Limits(), strict)
        pieces = iter([*(wire[at : at + step] for at in range(0, len(wire), step)), b""])

        def read(reader: ResponseReader = reader, pieces: Iterator[bytes] = pieces) -> None:
            with contextlib.suppress(httpconn.HTTPException):
                read_all(reader, pieces)

        assert counted.calls(read) < 12 * len(wire)
