"""The status-line (RFC 9112 section 4): lax in spacing where that is harmless, and then never reused."""

from __future__ import annotations

from httpconn import BadStatusLine, MalformedHead, UnknownProtocol

from . import Answer, BadHead, Case

GRAMMAR = "RFC 9112 section 4"
LAX = "SAFETY, status-line: as lax in spacing as http.client; never reused"
REST = b"\r\nContent-Length: 2\r\n\r\nhi"


def good(id: str, line: bytes, *, rule: str = GRAMMAR, **expected) -> Case:
    return Case(id, rule, line + REST, Answer(body=b"hi", **expected))


def lax(id: str, line: bytes, *, rule: str = LAX, **expected) -> Case:
    """Read by default, as http.client does, but closed behind; refused when strict."""
    answer = Answer(body=b"hi", persists=False, defects=("status-line",), **expected)
    return Case(id, rule, line + REST, answer, BadHead(error=MalformedHead, text="status-line"), pool=answer)


def bad(id: str, line: bytes, *, rule: str = GRAMMAR, error=BadStatusLine, text: str = "") -> Case:
    return Case(id, rule, line + REST, BadHead(error=error, text=text))


CASES = (
    good("plain", b"HTTP/1.1 200 OK"),
    good("version-1.0", b"HTTP/1.0 200 OK", version=10, persists=False),
    good("version-1.2", b"HTTP/1.2 200 OK", rule="RFC 9110 section 2.5: a higher minor version is understood"),
    good("version-1.9", b"HTTP/1.9 200 OK"),
    good("reason-of-words", b"HTTP/1.1 404 Not Found Here", status=404, reason="Not Found Here"),
    good("reason-empty", b"HTTP/1.1 200 ", reason=""),
    good(
        "reason-and-space-missing",
        b"HTTP/1.1 200",
        rule="RFC 9112 section 4: words may be told apart by white space; servers leave both out",
        reason="",
    ),
    good("reason-latin-1", b"HTTP/1.1 200 \xe9t\xe9", reason="\xe9t\xe9"),
    good("reason-utf-8", "HTTP/1.1 200 für".encode(), reason="f\xc3\xbcr"),
    good("reason-tab-inside", b"HTTP/1.1 200 a\tb", reason="a\tb"),
    good("reason-trailing-space", b"HTTP/1.1 200 OK  ", reason="OK"),
    good("reason-leading-space", b"HTTP/1.1 200  OK", reason="OK"),
    good("reason-number", b"HTTP/1.1 200 200", reason="200"),
    good("reason-colon", b"HTTP/1.1 200 Content-Length: 9", reason="Content-Length: 9"),
    good("status-299", b"HTTP/1.1 299 OK", status=299),
    good("status-418", b"HTTP/1.1 418 I'm a teapot", status=418, reason="I'm a teapot"),
    good("status-511", b"HTTP/1.1 511 OK", status=511),
    good("status-600", b"HTTP/1.1 600 OK", status=600),
    good("status-999", b"HTTP/1.1 999 Request denied", rule="LinkedIn", status=999, reason="Request denied"),
    good("status-205-with-body", b"HTTP/1.1 205 OK", status=205),
    Case(
        "bare-lf",
        "RFC 9112 section 2.2: a bare LF may end a line",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
        Answer(body=b"hi", fields=(("Content-Length", "2"),)),
    ),
    # -- lax
    lax("two-spaces-before-status", b"HTTP/1.1  200 OK"),
    lax("tab-before-status", b"HTTP/1.1\t200 OK"),
    lax("tab-before-reason", b"HTTP/1.1 200\tOK"),
    lax("vt-and-ff", b"HTTP/1.1\x0b200\x0cOK"),
    lax("bare-cr-as-space", b"HTTP/1.1\r200 OK"),
    lax("leading-space", b" HTTP/1.1 200 OK"),
    lax("leading-tab", b"\tHTTP/1.1 200 OK"),
    lax("nul-in-reason", b"HTTP/1.1 200 O\0K", reason="O\0K"),
    lax("bare-cr-in-reason", b"HTTP/1.1 200 O\rK", reason="O\rK"),
    lax("escape-in-reason", b"HTTP/1.1 200 \x1b[2J", reason="\x1b[2J"),
    lax("del-in-reason", b"HTTP/1.1 200 O\x7fK", reason="O\x7fK"),
    lax("two-crs", b"HTTP/1.1 200 OK\r"),
    lax("version-1.10", b"HTTP/1.10 200 OK", rule="http.client takes every HTTP/1. for 1.1"),
    lax("version-1.x", b"HTTP/1.x 200 OK"),
    lax("version-1.", b"HTTP/1. 200 OK"),
    lax("version-0.9", b"HTTP/0.9 200 OK", rule="http.client takes HTTP/0.9 with a head for 1.0", version=10),
    # -- refused
    bad("status-099", b"HTTP/1.1 099 OK"),
    bad("status-000", b"HTTP/1.1 000 OK"),
    bad("status-99", b"HTTP/1.1 99 OK"),
    bad("status-1000", b"HTTP/1.1 1000 OK"),
    bad("status-0200", b"HTTP/1.1 0200 OK"),
    bad("status-sign", b"HTTP/1.1 +200 OK"),
    bad("status-negative", b"HTTP/1.1 -200 OK"),
    bad("status-underscore", b"HTTP/1.1 2_0 OK"),
    bad("status-hex", b"HTTP/1.1 0xc8 OK"),
    bad("status-float", b"HTTP/1.1 200.0 OK"),
    bad("status-letters", b"HTTP/1.1 2OO OK"),
    bad("status-superscript", b"HTTP/1.1 20\xb2 OK"),
    bad("status-arabic-digits", "HTTP/1.1 ٢٠٠ OK".encode()),
    bad("status-joined-to-reason", b"HTTP/1.1 200OK"),
    bad("status-nul", b"HTTP/1.1 200\0 OK"),
    bad("status-missing", b"HTTP/1.1"),
    bad("status-missing-space", b"HTTP/1.1 "),
    bad("status-empty", b"HTTP/1.1 OK"),
    bad("nbsp-as-space", b"HTTP/1.1\xa0200 OK", rule="RFC 9112 section 4 names the octets that may separate"),
    bad("empty-line", b""),
    bad("lower-case", b"http/1.1 200 OK"),
    bad("no-slash", b"HTTP 200 OK"),
    bad("no-protocol", b"200 OK"),
    bad("icy", b"ICY 200 OK", rule="SHOUTcast", text="ICY"),
    bad("rtsp", b"RTSP/1.0 200 OK"),
    bad("s-in-front", b"SHTTP/1.1 200 OK"),
    bad("ssh", b"SSH-2.0-OpenSSH_9.2", rule="a server of another protocol: told at once, not waited for"),
    bad("smtp", b"220 mail.example.org ESMTP"),
    bad("html", b"<html><body>200 OK</body></html>", rule="an HTTP/0.9 answer"),
    bad("binary", b"\x15\x03\x01\x00\x02\x02\x0a", rule="a TLS alert on a plain port"),
    bad("request-line", b"GET / HTTP/1.1", rule="an echo server"),
    bad("field-line", b"Content-Length: 5"),
    bad("version-2", b"HTTP/2 200 OK", error=UnknownProtocol, text="HTTP/2"),
    bad("version-2.0", b"HTTP/2.0 200 OK", error=UnknownProtocol, text="HTTP/2.0"),
    bad("version-3", b"HTTP/3 200 OK", error=UnknownProtocol),
    bad("version-none", b"HTTP/ 200 OK", error=UnknownProtocol),
    bad("version-11", b"HTTP/11 200 OK", error=UnknownProtocol),
    bad("version-letters", b"HTTP/one 200 OK", error=UnknownProtocol),
)
