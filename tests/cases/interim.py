"""Interim (1xx) responses: passed over, bounded, seen; 101 is final (RFC 9110 section 15.2)."""

from __future__ import annotations

from httpconn import BadStatusLine, HTTPException, MalformedHead, RemoteDisconnected

from . import Answer, BadHead, Case

RULE = "SAFETY, every 1xx but 101: interim, passed over, bounded in number"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
AS_FINAL = "http.client takes every 1xx but 100 for the final one; nothing follows, so by default here too"


def passed(id: str, interim: bytes, *statuses: int, rule: str = RULE, **expected) -> Case:
    return Case(id, rule, interim + FINAL, Answer(body=b"hi", interim=statuses, **expected))


MALFORMED = Answer(body=b"hi", interim=(103,), persists=False, defects=("no field line",))
LAX = Answer(body=b"hi", interim=(100,), persists=False, defects=("status-line",))

CASES = (
    passed("100", CONTINUE, 100),
    passed("102", b"HTTP/1.1 102 Processing\r\n\r\n", 102),
    passed("103", HINTS, 103),
    passed("199", b"HTTP/1.1 199 Whatever\r\n\r\n", 199),
    passed("110", b"HTTP/1.1 110\r\n\r\n", 110),
    passed("several", CONTINUE + HINTS + HINTS + CONTINUE, 100, 103, 103, 100),
    passed("100-of-them", CONTINUE * 100, *([100] * 100)),
    passed("length-in-interim", b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n", 103,
           rule="RFC 9110 section 15.2: no content, whatever the fields say"),
    passed("chunked-in-interim", b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n", 103,
           rule="RFC 9110 section 15.2: no content, whatever the fields say"),
    passed("bad-length-in-interim", b"HTTP/1.1 103 Early Hints\r\nContent-Length: x\r\n\r\n", 103,
           rule="RFC 9110 section 15.2: no content, whatever the fields say"),
    passed("bare-lf", b"HTTP/1.1 100 Continue\n\n", 100, rule="RFC 9112 section 2.2"),
    passed("1.0", b"HTTP/1.0 100 Continue\r\n\r\n", 100, rule="RFC 9110 section 15.2; IIS has sent such"),
    passed("close-in-interim-only", b"HTTP/1.1 100 Continue\r\nConnection: keep-alive\r\n\r\n", 100),
    Case("204-behind", RULE, CONTINUE + b"HTTP/1.1 204 No Content\r\n\r\n",
         Answer(status=204, reason="No Content", interim=(100,))),
    Case("head", RULE, HINTS + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Answer(interim=(103,)), method="HEAD"),
    Case("error-behind", RULE, CONTINUE + b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
         Answer(status=417, reason="No", interim=(100,)), method="POST"),
    Case("until-close-behind", RULE, CONTINUE + b"HTTP/1.1 200 OK\r\n\r\nhi",
         Answer(body=b"hi", interim=(100,), persists=False, until_close=True), closes=True),
    Case("malformed-line", "Nothing that is read laxly is ever followed by reuse (docs/safety.md)",
         b"HTTP/1.1 103 Early Hints\r\ngarbage\r\n\r\n" + FINAL,
         MALFORMED, BadHead(error=MalformedHead), pool=MALFORMED),
    Case("lax-status-line", "Nothing that is read laxly is ever followed by reuse (docs/safety.md)",
         b"HTTP/1.1  100 Continue\r\n\r\n" + FINAL,
         LAX, BadHead(error=MalformedHead), pool=LAX),
    Case("malformed-length-line", "SAFETY, a malformed Content-Length line",
         b"HTTP/1.1 103 Early Hints\r\nContent-Length : 9\r\n\r\n" + FINAL, BadHead(error=MalformedHead)),
    # -- 101 is final
    Case("101", "SAFETY: 101 is final", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
         Answer(status=101, reason="Switching Protocols", persists=False)),
    Case("101-bytes-behind", "SURFACE, pitfall 14",
         b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x81\x00",
         Answer(status=101, reason="Switching Protocols", persists=False, unused=b"\x81\x00")),
    Case("101-length", "RFC 9110 section 15.2: no content",
         b"HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\n",
         Answer(status=101, reason="Switching Protocols", persists=False)),
    Case("100-then-101", RULE, CONTINUE + b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
         Answer(status=101, reason="Switching Protocols", interim=(100,), persists=False)),
    # -- too many, or nothing behind
    Case("101-of-them", "SAFETY, limits: 100 interim responses", CONTINUE * 101 + FINAL,
         BadHead(error=HTTPException, text="got more than 100 interim responses")),
    Case("100-then-close", "RFC 9110 section 15.2.1", CONTINUE, BadHead(error=RemoteDisconnected), closes=True),
    Case("103-then-close", AS_FINAL, HINTS,
         Answer(status=103, reason="Early Hints", complete=False, persists=False),
         BadHead(error=RemoteDisconnected), closes=True),
    Case("103-103-then-close", AS_FINAL, HINTS + HINTS,
         Answer(status=103, reason="Early Hints", interim=(103,), complete=False, persists=False),
         BadHead(error=RemoteDisconnected), closes=True),
    Case("garbage-behind", RULE, CONTINUE + b"garbage\r\n\r\n", BadHead(error=BadStatusLine, text="garbage")),
    Case("empty-line-behind", RULE, CONTINUE + b"\r\n" + FINAL, BadHead(error=BadStatusLine)),
)  # fmt: skip
