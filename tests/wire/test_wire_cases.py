"""The wire cases of ``tests/cases``, over every backend, in both modes, and cut into pieces in every way.

The law: however the bytes are cut, the outcome is the same, and so is the call that raises.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace

import httpconn
from httpconn import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, Limits
from httpconn._wire.reader import NeedData, ResponseReader

from ..cases import Answer, BadBody, BadHead, Case, Outcome, all_cases
from ..support.grouped import in_groups
from ..support.peers import OnlyMakefile, WatchedFile, answered, received, socket_pair

CASES = all_cases()
MODES = ("default", "strict")
READER_MODES = (*MODES, "pool")
MOST_CUTS = int(os.environ.get("HTTPCONN_CUTS") or 300)
"""Longer messages are cut at so many places only, chosen by a fixed seed, the first and last ones among them."""

BEHIND = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


@dataclass
class Observed:
    """What came of a message; None where the road that was taken does not show it."""

    raised_by: str | None = None  # "head" or "body"
    error: type[BaseException] | None = None
    cause: type[BaseException] | None = None
    text: str = ""
    expected: int | None = None
    status: int | None = None
    reason: str | None = None
    version: int | None = None
    fields: tuple[tuple[str, str], ...] | None = None
    body: bytes | None = None
    trailers: tuple[tuple[str, str], ...] | None = None
    interim: tuple[int, ...] | None = None
    complete: bool | None = None
    persists: bool | None = None
    defects: list[str] = field(default_factory=list)
    unused: bytes | None = None
    until_close: bool | None = None

    def note_error(self, raised_by: str, error: BaseException) -> None:
        self.raised_by, self.error = raised_by, type(error)
        self.cause = type(error.__cause__) if error.__cause__ is not None else None
        self.text = f"{error} {error.__cause__ or ''}"

    def without_texts(self) -> Observed:
        """Texts quote what has arrived, so they may depend on the pieces; BodyTooLong's data does so too."""
        body = None if self.error in (httpconn.BodyTooLong, httpconn.LineTooLong) else self.body
        return replace(self, text="", expected=None, body=body, unused=None if self.error else self.unused)


# -- the three roads: the reader alone, a connection over a socket, a response over a file


def by_reader(backend, case: Case, mode: str, pieces: Iterable[bytes], *, closes: bool | None = None) -> Observed:
    seen = Observed()
    reader = ResponseReader(
        backend, case.method, Limits(**dict(case.limits)), mode != "default", lenient_syntax=mode == "pool"
    )
    coming = iterate(pieces, case.closes if closes is None else closes)
    try:
        while isinstance(head := reader.head(), NeedData):
            reader.receive(next(coming))
    except Exception as error:
        seen.note_error("head", error)
        return seen
    seen.status, seen.reason, seen.version = head.status, head.reason, head.version
    seen.fields = tuple(head.field_lines())
    seen.until_close = reader.length is None and not reader.chunked
    parts = []
    try:
        while part := reader.body():
            if isinstance(part, NeedData):
                reader.receive(next(coming))
            else:
                parts.append(part)
    except Exception as error:
        seen.note_error("body", error)
        seen.expected = error.expected if isinstance(error, IncompleteRead) else None
    seen.body = b"".join(parts)
    seen.trailers = tuple(reader.trailers or ())
    seen.interim = tuple(head.status for head in reader.interim)
    seen.complete = reader.complete
    seen.defects = [defect.reason for defect in reader.defects]
    seen.persists = reader.complete is True and not reader.will_close and seen.status != 101
    reader.receive(b"".join(coming))
    seen.unused = reader.unused
    seen.persists = seen.persists and not seen.unused
    return seen


def iterate(pieces: Iterable[bytes], closes: bool) -> Iterator[bytes]:
    yield from filter(None, pieces)
    if closes:
        yield b""
    # Whoever asks for more gets a StopIteration: the outcome is a wait for bytes that never come.


def by_response(response: HTTPResponse, seen: Observed) -> None:
    seen.status, seen.reason, seen.version = response.status, response.reason, response.version
    try:
        seen.body = response.read()
    except (HTTPException, OSError) as error:
        seen.note_error("body", error)
        seen.body = b""
        if isinstance(error, IncompleteRead):
            seen.body, seen.expected = error.partial, error.expected
    seen.fields = tuple(response.getheaders())
    seen.trailers = tuple(response.trailers.items()) if response.trailers is not None else ()
    seen.interim = tuple(head.status for head in response.interim)
    seen.complete = response.complete
    seen.defects = [defect.reason for defect in response.defects]


def by_connection(case: Case, mode: str) -> Observed:
    """A real HTTPConnection over a socket on which all the bytes are waiting."""
    seen = Observed()
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", strict=mode == "strict", limits=Limits(**dict(case.limits)))
        connection.sock = client
        connection.request(case.method, "/")
        assert received(server).startswith(case.method.encode() + b" / HTTP/1.1\r\n")
        answered(server, case.wire, closes=case.closes)
        try:
            response = connection.getresponse()
        except (HTTPException, OSError) as error:
            seen.note_error("head", error)
            assert client.fileno() == -1, "the socket is left open behind a head that was refused"
            return seen
        with response:
            by_response(response, seen)
        try:
            connection.putrequest("GET", "/")
            seen.persists = connection.sock is client and client.fileno() >= 0
        except httpconn.RemoteDisconnected:
            seen.persists = False
        connection.close()
    return seen


def by_file(case: Case, mode: str) -> Observed:
    """A real HTTPResponse over an object that has only ``makefile``, and must not be read behind the message."""
    seen = Observed()
    outcome = case.expected(mode)
    end = None
    if isinstance(outcome, Answer) and not case.closes:
        end = len(case.wire) - len(outcome.unused)
    file = WatchedFile(case.wire, end)
    limits = Limits(**dict(case.limits))
    with HTTPResponse(OnlyMakefile(file), method=case.method, strict=mode == "strict", limits=limits) as response:
        tell = file.tell
        try:
            response.begin()
        except (HTTPException, OSError) as error:
            seen.note_error("head", error)
            return seen
        if end is not None and outcome.status != 101 and case.method != "CONNECT":
            file.close = lambda: None  # where it stands is looked at below
        by_response(response, seen)
        if end is not None and not file.closed:
            assert tell() == end
    return seen


# -- what must hold


def by_rfc(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return fields with the values that RFC 9110 gives them: what a strict connection hands out."""
    return tuple((name, re.sub(r"[ \t]*\r?\n[ \t]*", " ", value).strip(" \t")) for name, value in pairs)


def mismatches(outcome: Outcome, seen: Observed) -> list[str]:
    """Return what differs between the case's expectation and what was seen, in words."""
    found = []

    def check(what: str, expected: object, got: object) -> None:
        if expected != got:
            found.append(f"{what}: expected {expected!r:.300}, got {got!r:.300}")

    check("raised by", {Answer: None, BadBody: "body", BadHead: "head"}[type(outcome)], seen.raised_by)
    if isinstance(outcome, BadHead | BadBody):
        check("error", outcome.error, seen.error)
        if outcome.text not in seen.text:
            found.append(f"text: expected {outcome.text!r} in {seen.text!r:.300}")
    if isinstance(outcome, BadBody):
        check("cause", outcome.cause, seen.cause)
        if seen.complete is True:
            found.append("complete: a body that was refused or cut")
        if outcome.expected is not None:
            check("IncompleteRead.expected", outcome.expected, seen.expected)
    if isinstance(outcome, Answer):
        shown = ("reason", "version", "trailers", "complete", "persists", "interim")
        for name in shown:
            check(name, getattr(outcome, name), getattr(seen, name)) if getattr(seen, name) is not None else None
        check("number of defects", len(outcome.defects), len(seen.defects))
        for piece, reason in zip(outcome.defects, seen.defects, strict=False):
            if piece not in reason:
                found.append(f"defect: expected {piece!r} in {reason!r}")
        if outcome.fields is not None:
            check("fields", outcome.fields, seen.fields)
        if seen.unused is not None and outcome.complete:
            check("unused", outcome.unused, seen.unused)
        if seen.until_close is not None:
            check("until close", outcome.until_close, seen.until_close)
    if not isinstance(outcome, BadHead):
        check("status", outcome.status, seen.status)
        if outcome.body is not None and seen.body is not None:
            check("body", outcome.body, seen.body)
    if found and seen.error:
        found.append(f"({seen.error.__name__}: {seen.text!r:.300})")
    return found


def as_handed_out(case: Case, mode: str) -> Outcome:
    """Return what is expected of a connection or response of that mode, whose values of fields are not the reader's."""
    outcome = case.expected(mode)
    if mode != "strict" or not isinstance(outcome, Answer):
        return outcome
    values = None if outcome.fields is None else by_rfc(outcome.fields)
    return replace(outcome, fields=values, trailers=by_rfc(outcome.trailers))


def cuts(length: int) -> Iterable[int]:
    """Return the places at which a message of *length* bytes is cut."""
    if length <= MOST_CUTS:
        return range(length + 1)
    part = MOST_CUTS // 5
    edges = [*range(part), *range(length - part, length + 1)]
    return sorted({*edges, *random.Random(length).sample(range(length), part)})


def bytewise(wire: bytes) -> Iterator[bytes]:
    """Yield the bytes one by one; of a very long message, only those at its edges."""
    if len(wire) <= 3000:
        return (wire[i : i + 1] for i in range(len(wire)))
    return (wire[a:b] for a, b in zip((*range(100), 100), (*range(1, 101), len(wire)), strict=True))


each_case = in_groups("case", [(case.id, case) for case in CASES])


@each_case
def test_reader(backend, case: Case) -> None:
    """Whole; byte by byte and at every two-way split, where the same comes out, and the same call raises."""
    for mode in READER_MODES:
        first = by_reader(backend, case, mode, [case.wire])
        assert not mismatches(case.expected(mode), first), mode
        whole = first.without_texts()
        assert by_reader(backend, case, mode, bytewise(case.wire)).without_texts() == whole, f"{mode}, byte by byte"
        for at in cuts(len(case.wire)):
            cut = by_reader(backend, case, mode, [case.wire[:at], case.wire[at:]])
            assert cut.without_texts() == whole, f"{mode}, cut at {at}"


@each_case
def test_reader_with_bytes_behind(backend, case: Case) -> None:
    """Bytes behind the message change nothing but ``unused``, and that it persists; nor do they undo a refusal."""
    wire = case.wire + BEHIND
    for mode in READER_MODES:
        outcome = case.expected(mode)
        if case.closes:
            continue  # there is no "behind"
        if isinstance(outcome, Answer):
            outcome = replace(outcome, unused=outcome.unused + BEHIND, persists=False)
            assert not mismatches(outcome, by_reader(backend, case, mode, bytewise(wire))), f"{mode}, byte by byte"
            assert not mismatches(outcome, by_reader(backend, case, mode, [case.wire, BEHIND])), f"{mode}, apart"
        assert not mismatches(outcome, by_reader(backend, case, mode, [wire])), mode


@each_case
def test_reader_cut_by_close(backend, case: Case) -> None:
    """Cut at every prefix: an outcome with a name, and never taken for complete."""
    for mode in READER_MODES:
        outcome = case.expected(mode)
        whole = by_reader(backend, case, mode, [case.wire])
        end = len(case.wire) - len(whole.unused or b"") if whole.complete is True and not whole.until_close else None
        for at in cuts(len(case.wire)):
            seen = by_reader(backend, case, mode, [case.wire[:at]], closes=True)
            where = f"{mode}, cut at {at}: {seen}"
            assert seen.error is None or issubclass(seen.error, HTTPException), where
            assert not isinstance(outcome, BadHead) or seen.complete is not True, where
            if end is not None and at >= end:
                assert seen.complete is True, where
            elif seen.complete is True:
                assert seen.until_close, where
                assert not seen.persists, where
            else:
                assert not seen.persists, where
                assert mode == "default" or seen.error is not None, where


@each_case
def test_connection(in_use, case: Case) -> None:
    for mode in MODES:
        assert not mismatches(as_handed_out(case, mode), by_connection(case, mode)), mode


@each_case
def test_file(in_use, case: Case) -> None:
    for mode in MODES:
        assert not mismatches(as_handed_out(case, mode), by_file(case, mode)), mode


def test_what_is_observed_is_compared() -> None:
    """Every member of an Answer has its counterpart among what is observed, so that none is forgotten above."""
    assert {member.name for member in fields(Answer)} <= {member.name for member in fields(Observed)}
