"""Where the body ends (RFC 9112 section 6.3): every row of SAFETY's framing table, in both modes."""

from __future__ import annotations

from dataclasses import replace

from httpconn import IncompleteRead, MalformedFraming, MalformedHead

from . import Answer, BadBody, BadHead, Case

LENGTH = "RFC 9112 section 6.3, rules 5 and 6"
DIGITS = "SAFETY, Content-Length not made of ASCII digits"
RANGE = "SAFETY, Content-Length out of range, checked before multiplying"
NEGATIVE = "test_negative_content_length"
LIST = "SAFETY, Content-Length several times or as a list"
BOTH = "SAFETY, Transfer-Encoding and Content-Length; RFC 9112 section 6.3, rule 3"
CHUNKED = "SAFETY, Transfer-Encoding ends in chunked"
BEFORE = "SAFETY, a coding before chunked, chunked twice"
FINAL = "SAFETY, final coding not chunked; RFC 9112 section 6.3, rule 4"
OLD = "SAFETY, Transfer-Encoding on HTTP/1.0"
NONE = "SAFETY, 1xx, 204, 304, HEAD, 2xx to CONNECT: no body; RFC 9112 section 6.3, rules 1 and 2"
LEFT_OUT = NONE + "; SAFETY, a HEAD that announced content: strict closes behind it"
CLOSE = "RFC 9112 section 6.3, rule 8"

REFUSED = BadBody(error=MalformedFraming)
HELLO = b"5\r\nhello\r\n0\r\n\r\n"


def message(fields: bytes, body: bytes, status: bytes = b"200 OK", version: bytes = b"1.1") -> bytes:
    return b"HTTP/%b %b\r\n%b\r\n%b" % (version, status, b"".join(b"%b\r\n" % f for f in fields.split(b"|") if f), body)


def sized(id: str, value: bytes, *, rule: str = LENGTH) -> Case:
    return Case(id, rule, message(b"Content-Length:" + value, b"hello"), Answer(body=b"hello"))


def refused(id: str, fields: bytes, *, rule: str, strict=REFUSED, text: str = "", pool=None) -> Case:
    """Refused by the first read, in both modes; status and fields are readable."""
    return Case(id, rule, message(fields, b"hello"), BadBody(error=MalformedFraming, text=text), strict, pool=pool)


def lax(id: str, fields: bytes, *, rule: str, defect: str, body: bytes = b"hello", strict=REFUSED) -> Case:
    """By default, until the peer closes; strict refuses."""
    answer = Answer(body=body, persists=False, until_close=True, defects=(defect,))
    return Case(id, rule, message(fields, body), answer, strict, closes=True)


def coded(id: str, fields: bytes, *, rule: str = CHUNKED, **expected) -> Case:
    return Case(id, rule, message(fields, HELLO), Answer(body=b"hello", **expected))


def bodiless(id: str, fields: bytes, *, status: bytes = b"200 OK", method: str = "GET", **expected) -> Case:
    number, _, reason = status.partition(b" ")
    answer = Answer(status=int(number), reason=reason.decode(), **expected)
    announces = any(name in fields for name in (b"Content-Length", b"Transfer-Encoding"))
    if announces and method != "CONNECT" and (method == "HEAD" or answer.status != 304):
        # It announces content; some servers send it all the same. (A 304 tells of what is not sent anew.)
        strict = replace(answer, persists=False)
        return Case(id, LEFT_OUT, message(fields, b"", status), answer, strict, method=method, pool=answer)
    return Case(id, NONE, message(fields, b"", status), answer, method=method)


def sized_identity(id: str, length: bytes, body: bytes) -> Case:
    """By default by the length, as http.client reads it, and closed behind; strict refuses."""
    answer = Answer(body=body, persists=False, defects=("identity",))
    return Case(id, FINAL + "; http.client takes identity for no coding",
                message(b"Transfer-Encoding: identity|Content-Length: " + length, body), answer, REFUSED)  # fmt: skip


CASES = (
    # -- Content-Length
    sized("length", b" 5"),
    sized("length-no-space", b"5"),
    sized("length-spaces", b" \t 5 \t "),
    sized("length-leading-zeros", b" 0000000000000000000000000000000005"),
    sized("length-list-same", b" 5, 5", rule=LIST),
    sized("length-list-same-no-space", b"5,5,5", rule=LIST),
    sized("length-lines-same", b" 5\r\nContent-Length: 5", rule=LIST),
    sized("length-lines-same-other-case", b" 5\r\nA: b\r\ncontent-length: 5", rule=LIST),
    Case("length-zero", LENGTH, message(b"Content-Length: 0", b""), Answer()),
    Case("length-zeros", LENGTH, message(b"Content-Length: 000", b""), Answer()),
    Case("length-most", RANGE, message(b"Content-Length: 9223372036854775807", b"hello"),
         BadBody(error=IncompleteRead, body=b"hello", expected=9223372036854775802), closes=True),
    refused("length-sign", b"Content-Length: +5", rule=DIGITS, text="+5"),
    refused("length-hex", b"Content-Length: 0x5", rule=DIGITS),
    refused("length-hex-digits", b"Content-Length: 5a", rule=DIGITS),
    refused("length-underscore", b"Content-Length: 1_0", rule=DIGITS),
    refused("length-word", b"Content-Length: five", rule=DIGITS, text="five"),
    refused("length-empty", b"Content-Length:", rule=DIGITS),
    refused("length-float", b"Content-Length: 5.0", rule=DIGITS),
    refused("length-exponent", b"Content-Length: 5e0", rule=DIGITS),
    refused("length-inner-space", b"Content-Length: 5 5", rule=DIGITS),
    refused("length-semicolon", b"Content-Length: 5;", rule=DIGITS),
    refused("length-quoted", b'Content-Length: "5"', rule=DIGITS),
    refused("length-superscript", b"Content-Length: \xb2", rule=DIGITS),
    refused("length-arabic", "Content-Length: \u0665".encode(), rule=DIGITS),
    refused("length-nbsp", b"Content-Length: \xa05", rule=DIGITS),
    refused("length-two-signs", b"Content-Length: --5", rule=DIGITS),
    refused("length-sign-alone", b"Content-Length: -", rule=DIGITS),
    refused("length-nul", b"Content-Length: 5\0", rule=DIGITS, strict=BadHead(error=MalformedHead), pool=REFUSED),
    refused("length-vt", b"Content-Length: \x0b5", rule=DIGITS, strict=BadHead(error=MalformedHead), pool=REFUSED),
    refused("length-list-empty-member", b"Content-Length: 5,", rule=DIGITS),
    refused("length-line-empty", b"Content-Length: 5|Content-Length:", rule=DIGITS),
    refused("length-2^63", b"Content-Length: 9223372036854775808", rule=RANGE),
    refused("length-2^64+5", b"Content-Length: 18446744073709551621", rule=RANGE),
    refused("length-20-nines", b"Content-Length: 99999999999999999999", rule=RANGE),
    refused("length-5000-nines", b"Content-Length: " + b"9" * 5000, rule=RANGE + "; int() of a long text raises"),
    refused("length-list-differs", b"Content-Length: 5, 6", rule=LIST, text="5, 6"),
    refused("length-lines-differ", b"Content-Length: 5|Content-Length: 6", rule=LIST),
    refused("length-lines-differ-far", b"Content-Length: 5|A: b|CONTENT-LENGTH: 50", rule=LIST),
    refused("length-list-with-negative", b"Content-Length: 5, -5", rule=LIST),
    refused("length-list-with-word", b"Content-Length: 5, five", rule=LIST),
    lax("length-negative", b"Content-Length: -1", rule=NEGATIVE, defect="negative"),
    lax("length-negative-long", b"Content-Length: -99999999999999999999", rule=NEGATIVE, defect="negative"),
    # -- Transfer-Encoding
    coded("chunked", b"Transfer-Encoding: chunked"),
    coded("chunked-case", b"transfer-encoding: CHUNKED"),
    coded("chunked-mixed-case", b"Transfer-Encoding: Chunked"),
    coded("chunked-spaces", b"Transfer-Encoding: \t chunked \t "),
    coded("chunked-empty-members", b"Transfer-Encoding: , ,chunked,"),
    coded("chunked-lines-joined", b"Transfer-Encoding:|Transfer-Encoding: chunked"),
    coded("chunked-lines-joined-far", b"Transfer-Encoding: ,|A: b|transfer-encoding: chunked|Transfer-Encoding: ,"),
    coded("chunked-close", b"Transfer-Encoding: chunked|Connection: close", persists=False),
    Case("chunked-and-length", BOTH, message(b"Transfer-Encoding: chunked|Content-Length: 5", HELLO),
         Answer(body=b"hello", persists=False, defects=("Content-Length",)), REFUSED),
    Case("length-and-chunked", BOTH, message(b"Content-Length: 999|Transfer-Encoding: chunked", HELLO),
         Answer(body=b"hello", persists=False, defects=("Content-Length",)), REFUSED),
    Case("chunked-and-bad-length", BOTH, message(b"Content-Length: -4|Transfer-Encoding: chunked", HELLO),
         Answer(body=b"hello", persists=False, defects=("Content-Length",)), REFUSED),
    Case("chunked-and-two-lengths", BOTH,
         message(b"Content-Length: 5|Transfer-Encoding: chunked|Content-Length: 6", HELLO),
         Answer(body=b"hello", persists=False, defects=("Content-Length",)), REFUSED),
    Case("chunked-and-length-0", BOTH, message(b"Content-Length: 0|Transfer-Encoding: chunked", HELLO),
         Answer(body=b"hello", persists=False, defects=("Content-Length",)), REFUSED),
    refused("gzip-chunked", b"Transfer-Encoding: gzip, chunked", rule=BEFORE),
    refused("gzip-chunked-lines", b"Transfer-Encoding: gzip|Transfer-Encoding: chunked", rule=BEFORE),
    refused("identity-chunked", b"Transfer-Encoding: identity, chunked", rule=BEFORE),
    refused("unknown-chunked", b"Transfer-Encoding: cow, chunked", rule=BEFORE),
    refused("chunked-twice", b"Transfer-Encoding: chunked, chunked", rule=BEFORE),
    refused("chunked-twice-lines", b"Transfer-Encoding: chunked|Transfer-Encoding: chunked", rule=BEFORE),
    refused("chunked-gzip-chunked", b"Transfer-Encoding: chunked, gzip, chunked", rule=BEFORE),
    lax("gzip", b"Transfer-Encoding: gzip", rule=FINAL, defect="final transfer coding"),
    lax("chunked-gzip", b"Transfer-Encoding: chunked, gzip", rule=FINAL, defect="final transfer coding", body=HELLO),
    lax("chunked-identity", b"Transfer-Encoding: chunked, identity", rule=FINAL, defect="final transfer coding",
        body=HELLO),
    lax("coding-unknown", b"Transfer-Encoding: cow", rule=FINAL, defect="final transfer coding"),
    lax("coding-empty", b"Transfer-Encoding:", rule=FINAL, defect="final transfer coding"),
    lax("coding-prefix", b"Transfer-Encoding: xchunked", rule=FINAL, defect="final transfer coding", body=HELLO),
    lax("coding-suffix", b"Transfer-Encoding: chunkedx", rule=FINAL, defect="final transfer coding", body=HELLO),
    lax("coding-parameter", b"Transfer-Encoding: chunked;q=1", rule=FINAL, defect="final transfer coding", body=HELLO),
    lax("coding-quoted", b'Transfer-Encoding: "chunked"', rule=FINAL, defect="final transfer coding", body=HELLO),
    lax("coding-words", b"Transfer-Encoding: not chunked", rule=FINAL, defect="final transfer coding", body=HELLO),
    lax("coding-nbsp", b"Transfer-Encoding: \xa0chunked", rule=FINAL, defect="final transfer coding", body=HELLO),
    lax("gzip-and-length", b"Transfer-Encoding: gzip|Content-Length: 2", rule=FINAL, defect="final transfer coding"),
    sized_identity("identity-and-length", b"2", b"he"),
    sized_identity("identity-and-length-0", b"0", b""),
    sized_identity("identity-and-length-list", b"2, 02", b"he"),
    lax("identity-and-two-lengths", b"Transfer-Encoding: identity|Content-Length: 2|Content-Length: 3", rule=FINAL,
        defect="identity"),
    lax("identity-and-bad-length", b"Transfer-Encoding: identity|Content-Length: -2", rule=FINAL, defect="identity"),
    lax("identity", b"Transfer-Encoding: identity", rule=FINAL + " (strict may read until close)", defect="identity",
        strict=Answer(body=b"hello", persists=False, until_close=True, defects=("identity",))),
    Case("coding-vt", FINAL, message(b"Transfer-Encoding: \x0bchunked", HELLO),
         Answer(body=HELLO, persists=False, until_close=True, defects=("control character", "final transfer coding")),
         BadHead(error=MalformedHead), closes=True, pool=REFUSED),
    Case("coding-nul", FINAL, message(b"Transfer-Encoding: chunked\0", HELLO),
         Answer(body=HELLO, persists=False, until_close=True, defects=("control character", "final transfer coding")),
         BadHead(error=MalformedHead), closes=True, pool=REFUSED),
    Case("1.0-chunked", OLD, message(b"Transfer-Encoding: chunked", HELLO, version=b"1.0"),
         Answer(version=10, body=b"hello", persists=False)),
    Case("1.0-chunked-keep-alive", OLD, message(b"Transfer-Encoding: chunked|Connection: keep-alive", HELLO,
         version=b"1.0"), Answer(version=10, body=b"hello", persists=False)),
    Case("1.0-length-keep-alive", LENGTH, message(b"Content-Length: 5|Connection: keep-alive", b"hello",
         version=b"1.0"), Answer(version=10, body=b"hello")),
    # -- no body, whatever the fields say
    bodiless("204", b"", status=b"204 No Content"),
    bodiless("204-length", b"Content-Length: 5", status=b"204 No Content"),
    bodiless("204-chunked", b"Transfer-Encoding: chunked", status=b"204 No Content"),
    bodiless("204-two-lengths", b"Content-Length: 5|Content-Length: 6", status=b"204 No Content"),
    bodiless("204-close", b"Connection: close", status=b"204 No Content", persists=False),
    bodiless("304", b"", status=b"304 Not Modified"),
    bodiless("304-length", b"Content-Length: 5000", status=b"304 Not Modified"),
    bodiless("304-chunked", b"Transfer-Encoding: chunked", status=b"304 Not Modified"),
    bodiless("304-bad-length", b"Content-Length: x", status=b"304 Not Modified"),
    bodiless("head-no-framing", b"", method="HEAD"),
    bodiless("head-length", b"Content-Length: 5", method="HEAD"),
    bodiless("head-chunked", b"Transfer-Encoding: chunked", method="HEAD"),
    bodiless("head-both", b"Transfer-Encoding: chunked|Content-Length: 5", method="HEAD"),
    bodiless("head-404", b"Content-Length: 5", status=b"404 Not Found", method="HEAD"),
    bodiless("head-close", b"Content-Length: 5|Connection: close", method="HEAD", persists=False),
    bodiless("connect-200", b"", method="CONNECT", persists=False),
    bodiless("connect-200-length", b"Content-Length: 5", method="CONNECT", persists=False),
    bodiless("connect-200-chunked", b"Transfer-Encoding: chunked", method="CONNECT", persists=False),
    bodiless("connect-204", b"", status=b"204 No Content", method="CONNECT"),
    Case("connect-404", LENGTH, message(b"Content-Length: 5", b"hello", b"404 Not Found"),
         Answer(status=404, reason="Not Found", body=b"hello"), method="CONNECT"),
    Case("connect-tunnel-bytes", NONE, message(b"", b"\x16\x03\x01"), Answer(persists=False, unused=b"\x16\x03\x01"),
         method="CONNECT"),
    Case("post", LENGTH, message(b"Content-Length: 5", b"hello"), Answer(body=b"hello"), method="POST"),
    Case("delete", LENGTH, message(b"Content-Length: 5", b"hello"), Answer(body=b"hello"), method="DELETE"),
    Case("head-lower-case", "RFC 9110 section 9.1: methods are case-sensitive",
         message(b"Content-Length: 5", b"hello"), Answer(body=b"hello"), method="head"),
    # -- until close
    Case("close", CLOSE, message(b"", b"hello"), Answer(body=b"hello", persists=False, until_close=True), closes=True),
    Case("close-empty", CLOSE, message(b"", b""), Answer(persists=False, until_close=True), closes=True),
    Case("close-1.0", CLOSE, message(b"", b"hello", version=b"1.0"),
         Answer(version=10, body=b"hello", persists=False, until_close=True), closes=True),
    Case("close-keep-alive-said", CLOSE, message(b"Connection: keep-alive", b"hello"),
         Answer(body=b"hello", persists=False, until_close=True), closes=True),
    Case("close-looks-like-a-message", CLOSE, message(b"", b"HTTP/1.1 200 OK\r\n\r\n"),
         Answer(body=b"HTTP/1.1 200 OK\r\n\r\n", persists=False, until_close=True), closes=True),
    Case("close-looks-chunked", CLOSE, message(b"", HELLO),
         Answer(body=HELLO, persists=False, until_close=True), closes=True),
    Case("close-404", CLOSE, message(b"", b"x", b"404 Not Found"),
         Answer(status=404, reason="Not Found", body=b"x", persists=False, until_close=True), closes=True),
)  # fmt: skip
