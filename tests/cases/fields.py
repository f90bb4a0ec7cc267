"""Field lines (RFC 9112 section 5) and the Connection field (section 9)."""

from __future__ import annotations

from httpconn import MalformedFraming, MalformedHead

from . import Answer, BadBody, BadHead, Case, Pairs

LINES = "RFC 9112 section 5"
FOLD = "RFC 9112 section 5.2: obs-fold"
SKIPPED = "SAFETY, a malformed field line: skipped, listed, closed; strict refuses"
LOOKALIKE = "SAFETY, a malformed line that was meant to be Content-Length or Transfer-Encoding"
PERSIST = "RFC 9112 section 9.3"


def head(lines: bytes, version: bytes = b"1.1") -> bytes:
    return b"HTTP/%b 200 OK\r\n%bContent-Length: 2\r\n\r\nhi" % (version, lines)


def good(id: str, lines: bytes, *fields: tuple[str, str], rule: str = LINES, **expected) -> Case:
    return Case(id, rule, head(lines), Answer(body=b"hi", fields=(*fields, ("Content-Length", "2")), **expected))


def lax(id: str, lines: bytes, *fields: tuple[str, str], rule: str = SKIPPED, defects: int = 1) -> Case:
    """Read by default without the line, or with it where http.client keeps it; strict refuses."""
    kept: Pairs = (*fields, ("Content-Length", "2"))
    answer = Answer(body=b"hi", fields=kept, persists=False, defects=("",) * defects)
    return Case(id, rule, head(lines), answer, BadHead(error=MalformedHead, text="offset"), pool=answer)


def bad(id: str, lines: bytes, *, rule: str = LOOKALIKE, strict_text: str = "") -> Case:
    return Case(id, rule, head(lines), BadHead(error=MalformedHead), BadHead(error=MalformedHead, text=strict_text))


def persistence(id: str, lines: bytes, persists: bool, *, version: bytes = b"1.1", rule: str = PERSIST) -> Case:
    number = int(version.replace(b".", b""))
    return Case(id, rule, head(lines, version), Answer(body=b"hi", version=number, persists=persists))


CASES = (
    good("none", b""),
    good("one-space", b"A: b\r\n", ("A", "b")),
    good("no-space", b"A:b\r\n", ("A", "b")),
    good("many-spaces", b"A: \t  b\r\n", ("A", "b")),
    good("trailing-space-kept", b"A: b \t\r\n", ("A", "b \t"), rule="http.client keeps it"),
    good("empty", b"A:\r\n", ("A", "")),
    good("empty-of-spaces", b"A: \t \r\n", ("A", "")),
    good("inner-space", b"A: b  c\td\r\n", ("A", "b  c\td")),
    good("colons", b"A: b:c::d\r\n", ("A", "b:c::d")),
    good("colon-first", b"A::b\r\n", ("A", ":b")),
    good("quotes", b'A: "x, \\"y\\"" (c)\r\n', ("A", '"x, \\"y\\"" (c)')),
    good("latin-1", b"A: caf\xe9\r\n", ("A", "caf\xe9")),
    good("utf-8", "A: café €\r\n".encode(), ("A", "café €".encode().decode("latin-1"))),
    good("encoded-word", b"A: =?utf-8?q?x=C3=A9?=\r\n", ("A", "=?utf-8?q?x=C3=A9?=")),
    good("every-tchar", b"!#$%&'*+-.^_`|~09AZaz: b\r\n", ("!#$%&'*+-.^_`|~09AZaz", "b")),
    good("case-kept", b"x-YZ: b\r\nX-yz: c\r\n", ("x-YZ", "b"), ("X-yz", "c")),
    good("repeated", b"Set-Cookie: a=1\r\nB: b\r\nSet-Cookie: a=2\r\n",
         ("Set-Cookie", "a=1"), ("B", "b"), ("Set-Cookie", "a=2")),
    good("name-of-one-digit", b"7: b\r\n", ("7", "b")),
    good("name-status-like", b"HTTP: 1.1 200\r\n", ("HTTP", "1.1 200")),
    good("lf-only", b"A: b\nC: d\n", ("A", "b"), ("C", "d"), rule="RFC 9112 section 2.2"),
    good("long-value", b"A: " + b"x" * 900 + b"\r\n", ("A", "x" * 900)),
    good("fold-space", b"A: b\r\n c\r\n", ("A", "b\r\n c"), rule=FOLD),
    good("fold-tab", b"A: b\r\n\tc\r\n", ("A", "b\r\n\tc"), rule=FOLD),
    good("fold-twice", b"A: b\r\n c\r\n  d\r\nE: f\r\n", ("A", "b\r\n c\r\n  d"), ("E", "f"), rule=FOLD),
    good("fold-lf", b"A: b\n c\r\n", ("A", "b\n c"), rule=FOLD),
    good("fold-colon", b"A: b\r\n Content-Length: 9\r\n", ("A", "b\r\n Content-Length: 9"),
         rule=FOLD + "; what stands behind it is no field"),
    Case("fold-in-length", FOLD, b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nhi", Answer(body=b"hi")),
    Case("fold-in-coding", FOLD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n", Answer()),
    Case("fold-splits-length", FOLD + " makes white space, never digits that join",
         b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\nhi", BadBody(error=MalformedFraming)),
    # -- malformed: skipped, or kept where http.client keeps it
    lax("no-colon", b"garbage\r\nA: b\r\n", ("A", "b")),
    lax("no-colon-last", b"A: b\r\ngarbage\r\n", ("A", "b")),
    lax("two-malformed", b"garbage\r\nA: b\r\nmore garbage\r\n", ("A", "b"), defects=2),
    lax("no-name", b": b\r\nA: b\r\n", ("A", "b")),
    lax("space-in-name", b"X Y: b\r\nA: b\r\n", ("A", "b")),
    lax("space-before-colon", b"X : b\r\nA: b\r\n", ("A", "b"), rule="RFC 9112 section 5.1; " + SKIPPED),
    lax("tab-before-colon", b"X\t: b\r\nA: b\r\n", ("A", "b")),
    lax("nul-in-name", b"X\0Y: b\r\nA: b\r\n", ("A", "b")),
    lax("control-in-name", b"X\x01Y: b\r\nA: b\r\n", ("A", "b")),
    lax("obs-text-in-name", b"X\xe9: b\r\nA: b\r\n", ("A", "b")),
    lax("unix-from", b"From nobody Thu Jan  1 00:00:00 1970\r\nA: b\r\n", ("A", "b"),
        rule="an mbox line, which http.client's email parser skips"),
    lax("status-line-again", b"HTTP/1.1 200 OK\r\nA: b\r\n", ("A", "b"), rule="CGI scripts that print their own"),
    lax("cr-line", b"\r\r\nA: b\r\n", ("A", "b")),
    lax("fold-of-nothing", b" A: x\r\nB: b\r\n", ("B", "b"),
        rule="RFC 9112 section 2.2, white space after the start-line"),
    lax("blank-fold-of-nothing", b"  \r\nB: b\r\n", ("B", "b")),
    lax("fold-of-skipped", b"garbage\r\n more\r\nB: b\r\n", ("B", "b"), defects=2),
    lax("name-no-token-kept", b"X(Y): b\r\nA: b\r\n", ("X(Y)", "b"), ("A", "b"), rule="http.client keeps it"),
    lax("name-with-slash", b"a/b: c\r\n", ("a/b", "c")),
    lax("name-with-at", b"@: c\r\n", ("@", "c")),
    lax("nul-in-value", b"A: b\0c\r\n", ("A", "b\0c")),
    lax("control-in-value", b"A: b\x01c\r\n", ("A", "b\x01c")),
    lax("escape-in-value", b"A: \x1b[2J\r\n", ("A", "\x1b[2J")),
    lax("del-in-value", b"A: b\x7f\r\n", ("A", "b\x7f")),
    lax("vt-in-value", b"A: b\x0bc\r\n", ("A", "b\x0bc")),
    lax("ff-in-value", b"A: b\x0cc\r\n", ("A", "b\x0cc")),
    lax("fs-in-value", b"A: b\x1cX: y\r\n", ("A", "b\x1cX: y"), rule="str.splitlines would split here"),
    lax("bare-cr-in-value", b"A: b\rX: y\r\n", ("A", "b\rX: y"), rule="SAFETY, bare CR never ends a line"),
    lax("bare-cr-hides-length", b"A: b\rContent-Length: 9\r\n", ("A", "b\rContent-Length: 9"),
        rule="SAFETY, bare CR never ends a line"),
    lax("bare-cr-twice", b"A: b\r\rX: y\r\n", ("A", "b\r\rX: y"), rule="SAFETY, bare CR never ends a line"),
    lax("cr-before-crlf", b"A: b\r\r\n", ("A", "b")),
    lax("control-in-fold", b"A: b\r\n c\x01\r\n", ("A", "b\r\n c\x01")),
    good("nel-in-value", b"A: b\x85X: y\r\n", ("A", "b\x85X: y"), rule="obs-text; str.splitlines would split here"),
    # -- malformed lines that were meant to tell the framing
    bad("length-space-colon", b"Content-Length : 9\r\n"),
    bad("length-tab-colon", b"content-length\t: 9\r\n"),
    bad("length-nul", b"Content-Length\0: 9\r\n"),
    bad("length-nul-inside", b"Content-\0Length: 9\r\n"),
    bad("length-vt-first", b"\x0bContent-Length: 9\r\n"),
    bad("length-no-colon", b"Content-Length\r\n"),
    bad("length-obs-text", b"Content-Length\xa0: 9\r\n"),
    bad("length-quoted", b'"Content-Length": 9\r\n', strict_text="Length"),
    bad("length-parenthesis", b"Content-Length(: 9\r\n"),
    bad("length-semicolon", b"Content-Length;: 9\r\n"),
    bad("length-after-start-line", b" Content-Length: 9\r\n", rule=LOOKALIKE + "; a proxy may have taken it"),
    bad("coding-space-colon", b"Transfer-Encoding : chunked\r\n"),
    bad("coding-upper-case", b"TRANSFER-ENCODING : chunked\r\n"),
    bad("coding-vt", b"Transfer-Encoding\x0b: chunked\r\n"),
    bad("coding-cr", b"Transfer-Encoding\r: chunked\r\n"),
    bad("coding-cr-first", b"\rTransfer-Encoding: chunked\r\n"),
    bad("coding-brackets", b"[Transfer-Encoding]: chunked\r\n"),
    bad("coding-after-skipped", b"garbage\r\n Transfer-Encoding: chunked\r\n"),
    bad("coding-slash", b"Transfer-Encoding/: chunked\r\n"),
    # -- Connection
    persistence("connection-close", b"Connection: close\r\n", False),
    persistence("connection-Close", b"Connection: Close\r\n", False),
    persistence("connection-CLOSE-name", b"CONNECTION: CLOSE\r\n", False),
    persistence("connection-keep-alive", b"Connection: keep-alive\r\n", True),
    persistence("connection-list", b"Connection: keep-alive, close\r\n", False),
    persistence("connection-upgrade", b"Connection: upgrade\r\n", True),
    persistence("connection-second-line", b"Connection: keep-alive\r\nConnection: close\r\n", False,
                rule="SAFETY, Connection: every line counts"),
    persistence("connection-third-line", b"Connection: a\r\nX: y\r\nconnection: b\r\nConnection: close\r\n", False,
                rule="SAFETY, Connection: every line counts"),
    persistence("connection-fold", b"Connection: a,\r\n close\r\n", False),
    persistence("1.0", b"", False, version=b"1.0"),
    persistence("1.0-keep-alive", b"Connection: keep-alive\r\n", True, version=b"1.0"),
    persistence("1.0-Keep-Alive", b"Connection: Keep-Alive\r\n", True, version=b"1.0"),
    persistence("1.0-keep-alive-field", b"Keep-Alive: timeout=5\r\n", True, version=b"1.0",
                rule="http.client, _check_close"),
    persistence("1.0-proxy-connection", b"Proxy-Connection: keep-alive\r\n", True, version=b"1.0",
                rule="http.client, _check_close"),
    persistence("1.0-close", b"Connection: close\r\n", False, version=b"1.0"),
    persistence("1.0-keep-alive-and-close", b"Connection: keep-alive\r\nConnection: close\r\n", False,
                version=b"1.0", rule="SAFETY, Connection: every line counts"),
    persistence("1.0-close-beside-keep-alive-field", b"Keep-Alive: 5\r\nConnection: close\r\n", False,
                version=b"1.0"),
)  # fmt: skip
