"""The reader: its memory follows what is held, not what has gone by; an error stays one, and quotes little."""

from __future__ import annotations

import pytest

import httpconn
from httpconn import BodyTooLong, Limits
from httpconn._wire.reader import NEED_DATA, ResponseReader

from .test_wire_cases import CASES, MODES, by_reader

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = 16_384


def begun(backend, wire: bytes, **limits) -> ResponseReader:
    reader = ResponseReader(backend, "GET", Limits(**limits), False)
    reader.receive(wire)
    assert reader.head() is not NEED_DATA
    return reader


def held(reader: ResponseReader) -> int:
    return len(reader._buffer)


def test_a_body_whose_pieces_end_inside_a_line_is_not_held(backend) -> None:
    """Each piece ends in the middle of a chunk-size line, so that the buffer is never empty."""
    reader = begun(backend, CHUNKED + b"4")
    for _ in range(200):
        reader.receive(b"000\r\n" + b"x" * PIECE + b"\r\n4")
        while (part := reader.body(4096)) is not NEED_DATA:
            assert part
        assert held(reader) < 2 * PIECE
    reader.receive(b"000\r\n" + b"x" * PIECE + b"\r\n0\r\n\r\n")
    while reader.body(4096):
        pass
    assert reader.complete is True


@pytest.mark.parametrize(("fields", "body"), [
    (b"Transfer-Encoding: chunked\r\n", b"no chunk\r\n"),
    (b"Content-Length: nonsense\r\n", b"x"),
    (b"Content-Length: 1\r\n", b"x"),
    (b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
])  # fmt: skip
def test_a_witness_holds_nothing_of_what_it_cannot_judge(backend, fields: bytes, body: bytes) -> None:
    """Others may read a refused body, or on behind a good one, by ``fp``: all that they like, and none of it twice."""
    witness = begun(backend, b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n").witness()
    witness.observe(body)
    told = witness.complete
    for _ in range(100):
        witness.observe(b"x" * PIECE)
        assert held(witness) <= PIECE
    assert witness.complete is told


def test_a_body_that_is_too_long_stays_so(backend) -> None:
    """Neither the rest of it nor its end is told afterwards; not by a witness either."""
    wire = b"3\r\nabc\r\n3\r\ndef\r\n"
    reader = begun(backend, CHUNKED, body_bytes=5)
    witness = reader.witness()
    for piece in (wire, b"0\r\n\r\n"):
        witness.observe(piece)
        assert witness.complete is False
        reader.receive(piece)
        for _ in range(2):
            with pytest.raises(BodyTooLong, match="more than 5 bytes"):
                reader.body()
            assert reader.complete is False


MOST_TEXT = 400
"""64 bytes as escapes of four characters each, and the words about them."""


@pytest.mark.parametrize("mode", MODES)
def test_errors_quote_64_bytes_at_most(backend, mode: str) -> None:
    """Whatever the case is; and there are some that quote."""
    texts = [text for case in CASES if (text := by_reader(backend, case, mode, [case.wire]).text)]
    assert max(map(len, texts)) <= MOST_TEXT
    assert any("bytes more" in text for text in texts)
    for wire in (b"\x01" * 5000, b"HTTP/1.1 200 OK\r\nContent-Length: " + b"\xff" * 5000 + b"\r\n\r\n"):
        reader = httpconn._wire.reader.ResponseReader(backend, "GET", Limits(), mode == "strict")
        reader.receive(wire + b"\r\n\r\n")
        with pytest.raises(httpconn.HTTPException) as caught:
            reader.head() and reader.body()
        assert len(str(caught.value)) <= MOST_TEXT
