"""Limits: each exactly reached, and passed by one. Small ones, so that every split can be tried; then the defaults."""

from __future__ import annotations

from dataclasses import replace

from httpconn import BodyTooLong, HTTPException, IncompleteRead, LineTooLong, MalformedFraming

from . import Answer, BadBody, BadHead, Case

RULE = "SAFETY, Limits"
OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 2\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HI = Answer(body=b"hi")
NO_CONTENT = Answer(status=204, reason="No Content")


def line(length: int, start: bytes = b"A: ") -> bytes:
    """Return a line of *length* bytes, its CRLF included."""
    return start + b"x" * (length - len(start) - 2) + b"\r\n"


def fields(count: int) -> bytes:
    return b"".join(b"A%d: b\r\n" % number for number in range(count))


def too_long(limit: int, what: str) -> BadHead:
    return BadHead(error=LineTooLong, text=f"got more than {limit} bytes when reading {what}")


def case(id: str, wire: bytes, expected, *, rule: str = RULE, closes: bool = False, **limits) -> Case:
    return Case(id, rule, wire, expected, closes=closes, limits=tuple(limits.items()))


TINY_CHUNKS = b"".join(b"1;" + b"e" * 40 + b"\r\nx\r\n" for _ in range(20))
TOO_LONG_BODY = BadBody(error=BodyTooLong, body=None, text="6")

CASES = (
    # -- one line
    case("line-status", line(64, b"HTTP/1.1 200 ") + b"Content-Length: 2\r\n\r\nhi",
         Answer(reason="x" * 49, body=b"hi"), line_bytes=64),
    case("line-status+1", line(65, b"HTTP/1.1 200 ") + b"Content-Length: 2\r\n\r\nhi", too_long(64, "status line"),
         line_bytes=64),
    case("line-status-open", b"HTTP/1.1 200 " + b"x" * 100, too_long(64, "status line"), line_bytes=64),
    case("line-status-not-http-open", b"x" * 100, too_long(64, "status line"), line_bytes=64),
    case("line-field", SIZED + line(64) + b"\r\nhi", HI, line_bytes=64),
    case("line-field+1", SIZED + line(65) + b"\r\nhi", too_long(64, "header line"), line_bytes=64),
    case("line-field-open", SIZED + b"A: " + b"x" * 100, too_long(64, "header line"), line_bytes=64),
    case("line-status+1-in-open-head", line(65, b"HTTP/1.1 200 ") + b"A", too_long(64, "status line"), line_bytes=64),
    case("line-field+1-in-open-head", SIZED + line(65) + b"A", too_long(64, "header line"), line_bytes=64),
    case("line-field+1-among-others-in-open-head", SIZED + b"A: b\r\n" + line(65) + b"C: d\r\nE",
         too_long(64, "header line"), line_bytes=64),
    case("line-field-among-others-in-open-head", SIZED + b"A: b\r\n" + line(64) + b"C: d\r\n\r\nhi", HI, line_bytes=64),
    case("line-field-first", OK + line(65) + b"Content-Length: 2\r\n\r\nhi", too_long(64, "header line"),
         line_bytes=64),
    case("line-fold", SIZED + b"A: b\r\n" + line(65, b" ") + b"\r\nhi", too_long(64, "header line"), line_bytes=64),
    case("line-interim+1", b"HTTP/1.1 103 Early Hints\r\n" + line(65) + b"\r\n" + SIZED + b"\r\nhi",
         too_long(64, "header line"), line_bytes=64),
    case("line-lf+1", SIZED + b"A: " + b"x" * 61 + b"\n\r\nhi", too_long(64, "header line"), line_bytes=64),
    # -- how many
    case("lines", OK + fields(2) + b"Content-Length: 2\r\n\r\nhi", HI, field_lines=3),
    case("lines+1", OK + fields(3) + b"Content-Length: 2\r\n\r\nhi",
         BadHead(error=HTTPException, text="got more than 3 headers"), field_lines=3),
    case("lines-open", OK + fields(5), BadHead(error=HTTPException, text="got more than 3 headers"), field_lines=3),
    case("lines-malformed-count-too", OK + b"garbage\r\n" * 4 + b"Content-Length: 2\r\n\r\nhi",
         BadHead(error=HTTPException, text="got more than 3 headers"), field_lines=3),
    case("lines-folds-count-too", SIZED + b" \r\n" * 4 + b"\r\nhi",
         BadHead(error=HTTPException, text="got more than 3 headers"), field_lines=3),
    case("interim", b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + SIZED + b"\r\nhi", Answer(body=b"hi", interim=(100, 100)),
         interim_responses=2),
    case("interim+1", b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + SIZED + b"\r\nhi",
         BadHead(error=HTTPException, text="got more than 2 interim responses"), interim_responses=2),
    # -- one head
    case("head", SIZED + line(64) * 3 + b"\r\nhi", HI, head_bytes=len(SIZED) + 64 * 3 + 2),
    case("head+1", SIZED + line(64) * 3 + line(66) + b"\r\nhi",
         too_long(len(SIZED) + 64 * 3 + 2, "headers"), head_bytes=len(SIZED) + 64 * 3 + 2),
    case("head+1-by-its-empty-line", SIZED + line(64) + b"\r\nhi", too_long(len(SIZED) + 64 + 1, "headers"),
         head_bytes=len(SIZED) + 64 + 1),
    case("head-by-its-empty-line", SIZED + line(64) + b"\r\nhi", HI, head_bytes=len(SIZED) + 64 + 2),
    case("head+1-by-its-status-line", line(101, b"HTTP/1.1 200 ") + b"\r\n", too_long(100, "headers"), head_bytes=100),
    case("head+1-by-an-odd-status-line", b"HTTP/1.1" + b"\0" * 100 + b" 200 OK\r\n\r\n", too_long(100, "headers"),
         head_bytes=100),
    case("head-open", SIZED + line(64) * 5, too_long(200, "headers"), head_bytes=200),
    # -- chunks
    case("chunk-line", CHUNKED + line(64, b"2;") + b"hi\r\n0\r\n\r\n", HI, line_bytes=64),
    case("chunk-line+1", CHUNKED + b"1\r\na\r\n" + line(65, b"2;") + b"hi\r\n0\r\n\r\n",
         BadBody(error=LineTooLong, body=None, text="got more than 64 bytes when reading chunk size"), line_bytes=64),
    case("chunk-line-open", CHUNKED + b"2" * 100, BadBody(error=LineTooLong, text="chunk size"), line_bytes=64),
    case("chunk-overhead", CHUNKED + TINY_CHUNKS[: 47 * 10] + b"0\r\n\r\n", Answer(body=b"x" * 10),
         chunk_overhead_bytes=29 * 11, rule="CVE-2023-39326"),
    case("chunk-overhead+", CHUNKED + TINY_CHUNKS + b"0\r\n\r\n",
         BadBody(error=IncompleteRead, cause=MalformedFraming, body=b"x" * 10), chunk_overhead_bytes=29 * 10,
         rule="CVE-2023-39326"),
    case("chunk-overhead-none-for-one-byte-chunks", CHUNKED + b"1\r\nx\r\n" * 60 + b"0\r\n\r\n", Answer(body=b"x" * 60),
         chunk_overhead_bytes=8),
    case("trailers", CHUNKED + b"0\r\nA: b\r\nC: d\r\n\r\n", Answer(trailers=(("A", "b"), ("C", "d"))),
         trailer_lines=2),
    case("trailers+1", CHUNKED + b"2\r\nhi\r\n0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n",
         BadBody(error=HTTPException, body=None, text="got more than 2 trailers"), trailer_lines=2),
    case("trailer-line", CHUNKED + b"0\r\n" + line(64) + b"\r\n", Answer(trailers=(("A", "x" * 59),)), line_bytes=64),
    case("trailer-line+1", CHUNKED + b"2\r\nhi\r\n0\r\n" + line(65) + b"\r\n",
         BadBody(error=LineTooLong, body=None, text="trailer line"), line_bytes=64),
    case("trailer-line-open", CHUNKED + b"0\r\n" + b"x" * 100, BadBody(error=LineTooLong, text="trailer line"),
         line_bytes=64),
    # -- the body
    case("body-sized", OK + b"Content-Length: 6\r\n\r\nabcdef", Answer(body=b"abcdef"), body_bytes=6),
    case("body-sized+1", OK + b"Content-Length: 7\r\n\r\nabcdefg", TOO_LONG_BODY, body_bytes=6),
    case("body-chunked", CHUNKED + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", Answer(body=b"abcdef"), body_bytes=6),
    case("body-chunked+1", CHUNKED + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", TOO_LONG_BODY, body_bytes=6),
    case("body-until-close", OK + b"\r\nabcdef", Answer(body=b"abcdef", persists=False, until_close=True),
         closes=True, body_bytes=6),
    case("body-until-close+1", OK + b"\r\nabcdefg", TOO_LONG_BODY, closes=True, body_bytes=6),
    Case("body-none-of-head", RULE, b"HTTP/1.1 204 No Content\r\nContent-Length: 99\r\n\r\n", NO_CONTENT,
         replace(NO_CONTENT, persists=False), pool=NO_CONTENT, limits=(("body_bytes", 6),)),
    # -- the defaults, which are http.client's
    case("default-line", SIZED + line(65_536) + b"\r\nhi", HI),
    case("default-line+1", SIZED + line(65_537) + b"\r\nhi", too_long(65_536, "header line")),
    case("default-status-line+1", line(65_537, b"HTTP/1.1 200 ") + b"\r\n", too_long(65_536, "status line")),
    case("default-lines", OK + fields(99) + b"Content-Length: 2\r\n\r\nhi", HI),
    case("default-lines+1", OK + fields(100) + b"Content-Length: 2\r\n\r\nhi",
         BadHead(error=HTTPException, text="got more than 100 headers")),
    case("default-trailers", CHUNKED + b"0\r\n" + fields(100) + b"\r\n",
         Answer(trailers=tuple((f"A{number}", "b") for number in range(100)))),
    case("default-trailers+1", CHUNKED + b"0\r\n" + fields(101) + b"\r\n",
         BadBody(error=HTTPException, text="got more than 100 trailers")),
)  # fmt: skip
