"""Round trips with an independent implementation, h11; and where h11 and llhttp read a case as something else.

- Any request that is sent is parsed back by h11 as it was meant.
- Any response that h11 serialises is read as it was meant, however it arrives.
- Every wire case is given to h11 and to llhttp (httptools) too; each disagreement is explained by name below.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import httpconn
from httpconn import HTTPConnection, Limits, _backends
from httpconn._wire.reader import NEED_DATA, ResponseReader

from ..cases import Answer, Case, all_cases

try:
    import httptools
except ImportError:  # where it is not installed, its half is left out; in CI it is
    httptools = None

TOKEN = st.text(
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=20
)
METHOD = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) | TOKEN
TARGET = st.text("abcXYZ019-._~!$&'()*+,;=:@/?%", max_size=40).map(lambda text: "/" + text)
# No white space at the ends: it is no part of a value (RFC 9110 section 5.5), and h11 refuses to send it.
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40).map(
    lambda text: text.encode("latin-1").translate(None, bytes(range(0x80, 0xA0))).strip(b" \t").decode("latin-1")
)
FRAMING = frozenset(
    {"content-length", "transfer-encoding", "host", "accept-encoding", "connection", "expect", "upgrade"}
)
NAME = TOKEN.filter(lambda name: name.lower() not in FRAMING)
FIELDS = st.dictionaries(NAME, VALUE, max_size=8)
BODY = st.binary(max_size=300)


class Wire:
    """A "socket" that keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def sendall(self, data: Any) -> None:
        self.sent += bytes(data)

    def close(self) -> None: ...


def parsed_by_h11(wire: bytes) -> tuple[h11.Request, bytes, h11.EndOfMessage]:
    """Return the one request that *wire* is. Raises h11.RemoteProtocolError where it is none, or more than one."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(wire)
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    body = b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data), event
        body += event.data
    assert connection.trailing_data == (b"", False)
    return request, body, event


BODIES = {
    "none": lambda body: None,
    "bytes": lambda body: body,
    "bytearray": bytearray,
    "str": lambda body: body.decode("latin-1"),
    "iterable": lambda body: iter([body[:7], body[7:]]),
    "list": lambda body: [body],
}


@pytest.mark.parametrize("road", ["at once", "step by step"])
@given(METHOD, TARGET, FIELDS, BODY, st.sampled_from(sorted(BODIES)))
@settings(max_examples=200, deadline=None)
def test_a_request_is_parsed_back_as_meant(
    road: str, method: str, target: str, fields: dict[str, str], body: bytes, kind: str
) -> None:
    connection = HTTPConnection("example.org", 8080)
    connection.sock = wire = Wire()
    if road == "step by step":
        connection.send = connection.send  # type: ignore[method-assign]  # an instance's own: the steps are gone one by one
    if len({name.lower() for name in fields}) != len(fields):
        return  # the same field in two spellings: sent as two lines, which is meant too, but not compared here
    connection.request(method, target, BODIES[kind](body), fields)
    request, got, end = parsed_by_h11(wire.sent)
    assert (request.method, request.target, request.http_version) == (method.encode(), target.encode(), b"1.1")
    assert got == (b"" if kind == "none" else body)
    assert not end.headers
    seen = [(name.decode(), value.decode("latin-1")) for name, value in request.headers.raw_items()]
    assert [field for field in seen if field[0].lower() not in FRAMING] == list(fields.items())
    assert ("Host", "example.org:8080") in seen
    assert sum(name.lower() in ("content-length", "transfer-encoding") for name, _ in seen) <= 1


@given(st.sampled_from(["method", "target", "name", "value"]), st.text(max_size=6), st.text(max_size=6),
       st.sampled_from(["\r\n", "\n", "\r", "\0", "\r\nX: y", "\r\n\r\n", "\x0b", "\x7f"]))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_no_second_request_can_be_smuggled_out(place: str, before: str, behind: str, evil: str) -> None:
    """Whatever stands where, what is sent is nothing at all, or one request with one field more."""
    text = before + evil + behind
    parts = {"method": "GET", "target": "/", "name": "X", "value": "y"} | {place: text}
    connection = HTTPConnection("example.org")
    connection.sock = wire = Wire()
    try:
        connection.request(parts["method"], parts["target"], None, {parts["name"]: parts["value"]})
    except (ValueError, httpconn.HTTPException, UnicodeError):
        assert wire.sent == b""
        return
    assert place in ("value", "target") or evil == "\x7f", wire.sent
    if place == "value":
        # A fold, as http.client allows it: CRLF and white space.
        assert wire.sent.count(b"\r\n") - wire.sent.count(b"\r\n ") - wire.sent.count(b"\r\n\t") == 5, wire.sent


# -- responses --------------------------------------------------------------------------------------------

STATUS = st.integers(200, 999)
REASON = VALUE


def written_by_h11(
    status: int, reason: str, fields: dict[str, str], bodies: list[bytes], framing: str, version: str
) -> tuple[bytes, bytes]:
    """Return (wire, the body that it means); *version* is the request's."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/%b\r\nHost: a\r\n\r\n" % version.encode())
    while connection.next_event() is not h11.PAUSED and connection.their_state is h11.SEND_BODY:
        pass
    headers = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    if framing == "sized":
        headers.append((b"Content-Length", b"%d" % sum(map(len, bodies))))
    elif framing == "chunked":
        headers.append((b"Transfer-Encoding", b"chunked"))
    wire = connection.send(h11.Response(status_code=status, reason=reason.encode("latin-1"), headers=headers)) or b""
    for body in bodies:
        wire += connection.send(h11.Data(data=body)) or b""
    wire += connection.send(h11.EndOfMessage()) or b""
    return wire, b"".join(bodies)


@given(STATUS, REASON, FIELDS, st.lists(BODY, max_size=4), st.sampled_from(["sized", "chunked", "until close"]),
       st.sampled_from(["1.0", "1.1"]), st.integers(1, 60))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_response_is_read_as_meant(
    backend,
    status: int,
    reason: str,
    fields: dict[str, str],
    bodies: list[bytes],
    framing: str,
    version: str,
    step: int,
) -> None:
    if status in (204, 304):
        bodies = []
    wire, body = written_by_h11(status, reason, fields, bodies, framing, version)
    for strict in (False, True):
        reader = ResponseReader(backend, "GET", Limits(), strict)
        pieces = [*(wire[at : at + step] for at in range(0, len(wire), step)), b""]
        coming = iter(pieces)
        while (head := reader.head()) is NEED_DATA:
            reader.receive(next(coming))
        assert (head.status, head.reason) == (status, reason.strip())
        seen = [(name, value) for name, value in head.field_lines() if name.lower() not in FRAMING]
        assert seen == list(fields.items())
        got = b""
        while part := reader.body():
            if part is NEED_DATA:
                reader.receive(next(coming))
            else:
                got += part
        assert got == body
        assert reader.complete is True
        assert reader.defects == []
        assert not reader.unused


# -- the wire cases, by others ----------------------------------------------------------------------------


class Verdict(NamedTuple):
    """What somebody makes of a case: "reads" it whole, "refuses" it, or finds it "unfinished"."""

    outcome: str
    status: int = 0
    body: bytes = b""


def by_us(case: Case) -> Verdict:
    """In strict mode, which is the one that claims to be RFC 9112's."""
    reader = ResponseReader(_best(), case.method, Limits(), True)
    pieces = iter([case.wire, b""] if case.closes else [case.wire])
    body = b""
    status = 0
    try:
        while (head := reader.head()) is NEED_DATA:
            reader.receive(next(pieces))
        status = head.status
        while part := reader.body():
            if part is NEED_DATA:
                reader.receive(next(pieces))
            else:
                body += part
    except httpconn.HTTPException:
        return Verdict("refuses")
    except StopIteration:
        return Verdict("unfinished")
    return Verdict("reads", status, body)


def _best() -> Any:
    return _backends.get(_backends.available()[0])


def by_h11(case: Case) -> Verdict:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1_000_000)
    try:
        connection.send(h11.Request(method=case.method, target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())
        connection.receive_data(case.wire)
        status, body = 0, b""
        for _ in range(100_000):
            event = connection.next_event()
            if event is h11.PAUSED:
                return Verdict("reads", status, body)
            if event is h11.NEED_DATA:
                if not case.closes:
                    return Verdict("unfinished")
                connection.receive_data(b"")
                continue
            match event:
                case h11.Response() | h11.InformationalResponse():
                    status = event.status_code
                case h11.Data():
                    body += event.data
                case h11.EndOfMessage():
                    return Verdict("reads", status, body)
                case h11.ConnectionClosed():
                    return Verdict("refuses")
    except h11.RemoteProtocolError:
        return Verdict("refuses")
    raise AssertionError("h11 does not come to an end")


class _Seen:
    """httptools calls these by name."""

    def __init__(self) -> None:
        self.body = b""
        self.messages: list[tuple[int, bytes]] = []
        self.parser: Any = None

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.messages.append((self.parser.get_status_code(), self.body))
        self.body = b""


def by_llhttp(case: Case) -> Verdict:
    """Interim responses are messages like any other for llhttp; the first final one counts."""
    seen = _Seen()
    seen.parser = httptools.HttpResponseParser(seen)
    verdict = "unfinished"
    try:
        seen.parser.feed_data(case.wire)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        verdict = "refuses"
    for status, body in seen.messages:
        if status >= 200 or status == 101:
            return Verdict("reads", status, body)
    return Verdict(verdict)


# Why somebody else makes something else of a case than our strict mode: reason -> ids, as patterns of fnmatch.
H11_DIFFERS: dict[str, str] = {
    "lets control characters pass in values and reason-phrases": """
        status_line:escape-in-reason status_line:del-in-reason fields:*-in-value fields:control-in-fold""",
    "takes any version for a status-line's": "status_line:version-0.9 status_line:version-2.0",
    "lets Transfer-Encoding win over Content-Length, as our default mode does": """
        framing:chunked-and-length* framing:length-and-chunked""",
    "skips whatever stands in a chunk extension": """
        chunked:extension-bare-cr chunked:extension-nul chunked:extension-control chunked:extension-del
        chunked:last-chunk-extension-nul chunked:extension-behind-a-quote chunked:extension-empty
        chunked:extension-no-* chunked:extension-obs-text chunked:extension-open-quote* chunked:extension-quote-alone
        chunked:extension-quoted-name chunked:extension-second-chunk chunked:extension-semicolon-last
        chunked:extension-space-alone chunked:extension-two-*""",
    "takes no white space around the semicolon of an extension": "chunked:extension-bws",
    "takes numbers of 20 digits at most": "framing:length-leading-zeros chunked:many-leading-zeros",
    "has no upper limit for a length, and waits": "framing:length-2^63 framing:length-2^64+5 framing:length-20-nines chunked:size-2^6*",
    "takes one line 'Transfer-Encoding: chunked' and no other coding": """
        framing:chunked-empty-members framing:chunked-lines-joined* framing:identity""",
    "judges a length where there is no body": "framing:204-two-lengths framing:304-bad-length interim:bad-length-in-interim",
    "takes 101 only for an answer to a request with Upgrade": "interim:101 interim:101-bytes-behind interim:101-length interim:100-then-101",
    "counts neither interim responses nor lines": "interim:101-of-them limits:default-*",
}
LLHTTP_DIFFERS: dict[str, str] = {
    "knows the versions 0.9, 1.0, 1.1 and 2.0, and RTSP": "status_line:version-* status_line:rtsp",
    "lets control characters pass in a reason-phrase": "status_line:*-in-reason",
    "takes any three digits for a status": "status_line:status-099 status_line:status-000",
    "takes no bare LF": "status_line:bare-lf fields:lf-only fields:fold-lf interim:bare-lf chunked:trailer-bare-lf",
    "takes no obs-fold": "fields:fold-* fields:connection-fold chunked:trailer-fold",
    "takes no second Content-Length, equal or not": "framing:length-list-same* framing:length-lines-same*",
    "judges framing fields where there is no body": """
        framing:204-two-lengths framing:304-bad-length framing:head-both interim:bad-length-in-interim""",
    "judges trailers as if they stood in the head": "chunked:trailer-length-is-no-framing",
    "takes a coding that is not spelt as it knows it for one that lasts until the close": """
        framing:chunked-spaces framing:chunked-empty-members framing:chunked-lines-joined* framing:gzip
        framing:chunked-gzip framing:chunked-identity framing:coding-* framing:identity""",
    "is stricter about chunk extensions and padding": """
        chunked:extension-bws chunked:space-behind-size chunked:spaces-behind-size chunked:tab-behind-size""",
    "takes an extension without a name, or without the value that is announced": """
        chunked:extension-no-name chunked:extension-no-value* chunked:extension-two-semicolons-among""",
    "counts lengths to 2^64": "framing:length-2^63 chunked:size-2^63 chunked:size-2^64-1",
    "takes an empty line in front of a status-line": "interim:empty-line-behind",
    "takes HTTP/1.0 100 for the end of the connection": "interim:1.0",
    "counts neither interim responses nor lines": "interim:101-of-them limits:default-*",
    "is not told of the close: httptools has no such call": """
        framing:length-most framing:close* interim:until-close-behind interim:*-then-close early_end:* chunked:cut-*
        chunked:end-missing-*""",
    "is not told of the method: httptools has no such call": "framing:head-* framing:connect-* reuse:head-with-*",
}

CASES = [case for case in all_cases() if not case.limits]
"""Limits are each one's own."""


def disagreements(by: Callable[[Case], Verdict]) -> set[str]:
    return {case.id for case in CASES if by(case) != by_us(case)}


def check_explained(by: Callable[[Case], Verdict], reasons: dict[str, str]) -> None:
    found = disagreements(by)
    patterns = [pattern for ids in reasons.values() for pattern in ids.split()]
    unexplained = {id for id in found if not any(fnmatchcase(id, pattern) for pattern in patterns)}
    assert unexplained == set(), "a disagreement that nobody has explained"
    stale = {pattern for pattern in patterns if not any(fnmatchcase(id, pattern) for id in found)}
    assert stale == set(), "an explanation for what is no disagreement (any more)"


def test_disagreements_with_h11_are_explained() -> None:
    check_explained(by_h11, H11_DIFFERS)


@pytest.mark.skipif(httptools is None, reason="httptools is not installed")
def test_disagreements_with_llhttp_are_explained() -> None:
    check_explained(by_llhttp, LLHTTP_DIFFERS)


def test_most_is_agreed_upon() -> None:
    """Else the comparison says nothing."""
    assert len(disagreements(by_h11)) < len(CASES) / 2
    assert sum(isinstance(case.expected("strict"), Answer) for case in CASES) > 100
