"""Messages that the peer's close has cut, and what of them may still be handed out."""

from __future__ import annotations

from httpconn import BadStatusLine, IncompleteRead, RemoteDisconnected

from . import Answer, BadBody, BadHead, Case

HEAD_ENDS_EARLY = "test_early_eof, test_epipe: a head that ends early is accepted; strict refuses"
BODY = "SAFETY: IncompleteRead with all that came"
GONE = BadHead(error=RemoteDisconnected)


def cut_head(id: str, wire: bytes, **expected) -> Case:
    answer = Answer(complete=False, persists=False, **{"until_close": True, **expected})
    return Case(id, HEAD_ENDS_EARLY, wire, answer, GONE, closes=True)


def cut_body(id: str, announced: int, body: bytes, more: bytes = b"") -> Case:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n%b" % (announced, more, body)
    return Case(id, BODY, wire, BadBody(error=IncompleteRead, body=body, expected=announced - len(body)), closes=True)


CASES = (
    Case("nothing", "http.client: RemoteDisconnected", b"", GONE, closes=True),
    Case("two-bytes", "http.client: BadStatusLine", b"HT", BadHead(error=BadStatusLine), GONE, closes=True),
    Case("version", "http.client: BadStatusLine", b"HTTP/1.1", BadHead(error=BadStatusLine), GONE, closes=True),
    Case("version-space", "http.client: BadStatusLine", b"HTTP/1.1 ", BadHead(error=BadStatusLine), GONE, closes=True),
    Case("status-short", "http.client: BadStatusLine", b"HTTP/1.1 20", BadHead(error=BadStatusLine), GONE, closes=True),
    Case("not-http", "http.client: BadStatusLine", b"hello", BadHead(error=BadStatusLine), GONE, closes=True),
    cut_head("status", b"HTTP/1.1 200", reason=""),
    cut_head("status-line", b"HTTP/1.1 200 OK"),
    cut_head("status-line-cr", b"HTTP/1.1 200 OK\r", defects=("status-line",)),
    cut_head("status-line-crlf", b"HTTP/1.1 200 OK\r\n"),
    cut_head("field-line", b"HTTP/1.1 200 OK\r\nA: b\r\n", fields=(("A", "b"),)),
    cut_head("in-field-value", b"HTTP/1.1 200 OK\r\nA: b\r\nC: d", fields=(("A", "b"), ("C", "d"))),
    cut_head("in-field-name", b"HTTP/1.1 200 OK\r\nA: b\r\nCo", fields=(("A", "b"),), defects=("no field line",)),
    cut_head("behind-last-cr", b"HTTP/1.1 200 OK\r\nA: b\r\n\r", fields=(("A", "b"),), defects=("",)),
    cut_head("keep-alive-said", b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"),
    cut_head("204", b"HTTP/1.1 204 No Content\r\n", status=204, reason="No Content", until_close=False),
    cut_head("length-0", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", until_close=False),
    cut_head("length-0-of-05", b"HTTP/1.1 200 OK\r\nContent-Length: 0", until_close=False),
    Case("length", HEAD_ENDS_EARLY, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
         BadBody(error=IncompleteRead, expected=5), GONE, closes=True),
    Case("chunked", HEAD_ENDS_EARLY, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
         BadBody(error=IncompleteRead), GONE, closes=True),
    cut_body("body-none", 5, b""),
    cut_body("body-one", 5, b"h"),
    cut_body("body-all-but-one", 5, b"hell"),
    cut_body("body-close-said", 5, b"hell", b"Connection: close\r\n"),
    cut_body("body-large", 100_000, b"x" * 1000),
    cut_body("body-huge-announced", 2**62, b"x", b"X-Rule: CVE-2025-13836\r\n"),
)  # fmt: skip
