"""Bytes behind the message: they belong to nobody, and the connection is not used again."""

from __future__ import annotations

from . import Answer, Case

RULE = "SAFETY, Reuse: left-over bytes after a complete message"
OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 2\r\n\r\nhi"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def left_over(id: str, message: bytes, rest: bytes, *, method: str = "GET", rule: str = RULE, **expected) -> Case:
    return Case(id, rule, message + rest, Answer(persists=False, unused=rest, **expected), method=method)


CASES = (
    left_over("sized", SIZED, EVIL, body=b"hi"),
    left_over("sized-one-byte", SIZED, b"!", body=b"hi", rule=RULE + "; a body longer than was announced"),
    left_over("sized-crlf", SIZED, b"\r\n", body=b"hi", rule=RULE + "; old servers end bodies so"),
    left_over("sized-nul", SIZED, b"\0", body=b"hi"),
    left_over("length-0", OK + b"Content-Length: 0\r\n\r\n", EVIL),
    left_over("chunked", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", EVIL, body=b"hi"),
    left_over("chunked-one-byte", OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"0"),
    left_over("chunked-trailers", OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", b"C: d\r\n\r\n",
              trailers=(("A", "b"),)),
    left_over("chunked-after-last", OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"5\r\nhello\r\n"),
    left_over("204-with-body", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", b"hi",
              status=204, reason="No Content"),
    left_over("204-with-chunks", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n",
              status=204, reason="No Content"),
    left_over("304-with-body", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", b"hi",
              status=304, reason="Not Modified"),
    left_over("head-with-body", OK + b"Content-Length: 2\r\n\r\n", b"hi", method="HEAD",
              rule=RULE + "; a server that answers HEAD with the body"),
    left_over("head-with-chunks", OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nhi\r\n0\r\n\r\n", method="HEAD"),
    left_over("close-said", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", b"more", body=b"hi"),
    left_over("1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"more", body=b"hi", version=10),
    left_over("408-late", SIZED, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", body=b"hi",
              rule=RULE + "; a late 408 (nginx, HAProxy)"),
)  # fmt: skip
