"""The byte tables against the RFCs and http.client, the patterns against the tables, and no pattern backtracks."""

from __future__ import annotations

import contextlib
import http.client
import re
import string
from email.feedparser import headerRE
from re import _parser
from typing import Any

import pytest

from httpconn import HTTPException, InvalidField
from httpconn._backends import pure
from httpconn._wire import body, framing, grammar, head, reader, reference, request, urls

from ..support import counted

BYTES = [bytes((number,)) for number in range(256)]


def members(table: bytes) -> set[int]:
    assert len(table) == 256
    assert set(table) <= {0, 1}
    return {number for number in range(256) if table[number]}


def matching(match, before: bytes = b"", after: bytes = b"") -> set[int]:
    return {number for number in range(256) if match(before + BYTES[number] + after)}


def test_tchar() -> None:
    """RFC 9110 section 5.6.2."""
    assert members(grammar.TCHAR) == set((string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode())


def test_field_bytes() -> None:
    """RFC 9110 section 5.5: VCHAR, obs-text, SP, HTAB."""
    assert members(grammar.FIELD_VCHAR_OR_WS) == {0x09, 0x20, *range(0x21, 0x7F), *range(0x80, 0x100)}


def test_lenient_name_is_what_the_email_parser_takes() -> None:
    taken = {number for number in range(256) if headerRE.match(chr(number) + ":") and chr(number) not in ": \t"}
    assert members(grammar.LENIENT_NAME) == taken
    assert members(grammar.TCHAR) < members(grammar.LENIENT_NAME)


def test_hex_values() -> None:
    expected = {ord(digit): int(digit, 16) for digit in string.hexdigits}
    assert {number: value for number, value in enumerate(grammar.HEX_VALUE) if value != 0xFF} == expected


@pytest.mark.parametrize(("pattern", "table"), [
    (grammar.RE_TCHAR, grammar.TCHAR),
    (grammar.RE_FIELD_BYTE, grammar.FIELD_VCHAR_OR_WS),
])  # fmt: skip
def test_class_is_its_table(pattern: bytes, table: bytes) -> None:
    assert matching(re.compile(pattern).fullmatch) == members(table)


match_plain_head = grammar.match_beginning_plain_head.__self__.fullmatch  # type: ignore[attr-defined]


@pytest.mark.parametrize(("before", "after", "expected"), [
    (b"HTTP/1.1 200 OK\r\n", b": b\r\n\r\n", members(grammar.TCHAR)),
    (b"HTTP/1.1 200 OK\r\nA", b": b\r\n\r\n", members(grammar.TCHAR) | {ord(":")}),
    (b"HTTP/1.1 200 OK\r\nA:", b"\r\n\r\n", members(grammar.FIELD_VCHAR_OR_WS)),
    (b"HTTP/1.1 200 OK\r\nA: b", b"c\r\n\r\n", members(grammar.FIELD_VCHAR_OR_WS)),
    (b"HTTP/1.1 200 ", b"\r\n\r\n", members(grammar.FIELD_VCHAR_OR_WS)),
    (b"HTTP/1.1 200", b"\r\n\r\n", {ord(" ")}),
    (b"HTTP/1.1 200", b"OK\r\n\r\n", {ord(" ")}),
    (b"HTTP/1.1 2", b"0 OK\r\n\r\n", set(b"0123456789")),
    (b"HTTP/1.1 ", b"00 OK\r\n\r\n", set(b"123456789")),
    (b"HTTP/1.", b" 200 OK\r\n\r\n", set(b"01")),
    (b"HTTP/1.1 200 OK", b"\n\r\n", {ord("\r")}),
    (b"HTTP/1.1 200 OK\r\nA: b", b"\n\r\n", {ord("\r")}),
])  # fmt: skip
def test_plain_head(before: bytes, after: bytes, expected: set[int]) -> None:
    assert matching(match_plain_head, before, after) == expected


@pytest.mark.parametrize(("before", "after", "expected"), [
    (b"", b"\r\n", set(string.hexdigits.encode())),
    (b"5", b"\r\n", set(string.hexdigits.encode()) | set(b" \t;")),
    (b"5;", b"\r\n", members(grammar.FIELD_VCHAR_OR_WS)),
    (b"5 ", b"\r\n", set(b" \t;")),
    (b"5", b"\n", set(b"\r")),
])  # fmt: skip
def test_chunk_size_line(before: bytes, after: bytes, expected: set[int]) -> None:
    assert matching(grammar.match_chunk_size_line, before, after) == expected


def is_sent(name: bytes, value: bytes, *, strict: bool = False) -> bool:
    try:
        line = request.encode_field_line(name, (value,), strict)
    except InvalidField:
        return False
    assert line == name + b": " + value
    return True


def test_names_that_are_sent() -> None:
    """Strict: tokens. Else what http.client takes, less controls."""
    is_legal = http.client._is_legal_header_name
    controls = {*range(0x20), 0x7F}
    assert matching(lambda name: is_sent(name, b"", strict=True)) == members(grammar.TCHAR)
    assert matching(lambda name: is_sent(name, b"")) == matching(is_legal) - controls
    assert matching(lambda name: is_sent(name, b""), b"a", b"b") == matching(is_legal, b"a", b"b") - controls
    assert not is_sent(b"", b"")


def test_values_that_are_sent() -> None:
    """What http.client takes, less controls; a fold only as CRLF and white space."""
    is_illegal = http.client._is_illegal_header_value
    taken = {number for number in range(256) if not is_illegal(b"a" + BYTES[number] + b"b")}
    controls = {*range(0x20), 0x7F} - {0x09}
    assert matching(lambda value: is_sent(b"A", value), b"a", b"b") == taken - controls
    for fold in (b"a\r\n b", b"a\r\n\tb", b"\r\n b", b"a\r\n \r\n b"):
        assert is_sent(b"A", fold)
        assert not is_illegal(fold)
    for bad in (b"a\r\nb", b"a\n b", b"a\r b", b"a\r\n", b"a\n", b"a\r", b"\r\n\r\n b", b"a\n\n b", b"a\r\r\n b"):
        assert not is_sent(b"A", bad), bad


@pytest.mark.parametrize("byte", sorted({*range(0x20), 0x7F} - {0x09}))
def test_an_illegal_value_byte_is_named(byte: int) -> None:
    """Which byte, and where; never the value."""
    with pytest.raises(InvalidField) as caught:
        request.encode_field_line(b"A", (b"secret" + BYTES[byte] + b"b",), False)
    assert f"{BYTES[byte]!r} at offset 6" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("validate", [request.validate_method, request.validate_target, request.validate_host])
def test_targets_and_methods(validate) -> None:
    """No control character and no space; the rest is left to the encoding."""
    refused = set()
    for number in range(0x100):
        try:
            validate("a" + chr(number) + "b")
        except (ValueError, http.client.InvalidURL):
            refused.add(number)
    assert refused == {*range(0x21), 0x7F}


def test_status_line_pattern_is_the_plain_grammar() -> None:
    """The reference reader calls a status-line good just where the plain pattern would."""
    for before, after in (
        (b"HTTP/1.1 200 O", b"K"),
        (b"HTTP/1.1 200", b""),
        (b"HTTP/1.1 20", b" OK"),
        (b"", b"TTP/1.1 200 OK"),
    ):
        for byte in BYTES:
            line = before + byte + after
            plain = match_plain_head(line + b"\r\n\r\n") is not None
            assert (reference._is_strict_status_line(line.decode("latin-1") + "\r\n") is not None) is plain, line


# -- no pattern backtracks

MANY = 30_000
HEAD = "HTTP/1.1 200 OK\r\n"
HOSTILE = [
    HEAD + "A: b\r\n" * (MANY // 6) + "\0",
    HEAD + "A" * MANY,
    HEAD + "A:" + " \t" * (MANY // 2) + "\0",
    "HTTP/1.1 200 " + " " * MANY + "\0",
    "\n" * MANY, "\r\n" * (MANY // 2), "\r\n " * (MANY // 3) + "\r", " " * MANY + "\0", "a " * (MANY // 2) + "\0",
    "0" * MANY + "\n", "5" + " " * MANY + "x\r\n", "5;" + " " * MANY + "\0\r\n", "-" * MANY, "a" * MANY, "/" * MANY,
    "5," * (MANY // 2) + "x", "chunked, " * (MANY // 9), "content-length:" * (MANY // 15),
    "\ncontent-length" * (MANY // 15),
    "GET / HTTP/1.1\r\n" + "A: b\r\n" * (MANY // 6) + "\0",
]  # fmt: skip


def patterns() -> dict[str, Any]:
    """Return every method of a compiled pattern that a module of the wire or a backend holds, by name."""
    found = {}
    for module in (grammar, head, body, framing, reader, reference, request, pure, urls):
        for name, value in vars(module).items():
            if isinstance(getattr(value, "__self__", None), re.Pattern):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = value
            elif isinstance(value, re.Pattern):
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = value.search
    return found


JUDGED_BEFORE = {"pure._split_field_lines"}
"""Only ever used on a head that ``match_beginning_plain_head`` has matched as a whole; what they repeat cannot fail once begun."""


def test_patterns_are_found() -> None:
    assert set(patterns()) > JUDGED_BEFORE
    assert {"grammar.match_beginning_plain_head", "grammar.match_chunk_size_line"} <= set(patterns())


def repeats(tree: Any, is_inside: bool = False) -> list[tuple[str, int | None, bool]]:
    """Return the kind, the most times (None: no end) of each repeat in a parsed pattern, and whether it is in an endless one."""
    found = []
    for operator, argument in tree:
        match str(operator):
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" as kind:
                most = None if str(argument[1]) == "MAXREPEAT" else int(argument[1])
                if argument[0] != most:  # just so many times: there is nothing to give back
                    found.append((kind, most, is_inside))
                found += repeats(argument[2], is_inside or most is None)
            case "SUBPATTERN":
                found += repeats(argument[3], is_inside)
            case "BRANCH":
                found += [repeat for branch in argument[1] for repeat in repeats(branch, is_inside)]
            case "ASSERT" | "ASSERT_NOT":
                found += repeats(argument[1], is_inside)
            case "ATOMIC_GROUP":
                found += repeats(argument, is_inside)
    return found


def is_linear(pattern: re.Pattern[Any], method: str) -> bool:
    """Return whether no text costs a pattern more than time in proportion to its length, by the shape of the pattern."""
    tree = _parser.parse(
        pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    )
    found = repeats(tree)
    if method in ("match", "fullmatch"):
        # What may be endless keeps what it has taken; what gives back is short, and comes once.
        return all(
            kind == "POSSESSIVE_REPEAT" or (most is not None and most < 300 and not inside)
            for kind, most, inside in found
        )
    # From each place anew: nothing that is repeated, or a class alone, which cannot fail once it has begun.
    return not found or (method == "split" and len(tree) == 1 and len(found) == 1 and str(tree[0][1][2][0][0]) == "IN")


@pytest.mark.parametrize(("pattern", "method", "linear"), [
    ("(a+)+b", "match", False), ("a*b", "search", False), ("a*+b", "search", False), ("a*+b", "match", True),
    ("(?:a*+b)*", "match", False), ("(?:a{1,3}b)*+", "match", False), ("a{1,9}b", "match", True), ("(?:a|%b{2})*+", "match", True), ("[ab]+", "split", True),
    ("[ab]+c", "split", False), ("a", "search", True), ("(?=.*b)a", "match", False), ("a{1,5000}?b", "match", False),
])  # fmt: skip
def test_what_is_linear(pattern: str, method: str, linear: bool) -> None:
    assert is_linear(re.compile(pattern), method) is linear


@pytest.mark.parametrize("name", sorted(set(patterns()) - JUDGED_BEFORE))
def test_no_pattern_backtracks(name: str) -> None:
    """SAFETY: no backtracking pattern on anything that a peer or a URL controls."""
    method = patterns()[name]
    assert is_linear(method.__self__, method.__name__), method.__self__.pattern


GENEROUS = grammar.Limits(line_bytes=1 << 30, field_lines=1 << 30, head_bytes=1 << 30, trailer_lines=1 << 30)
CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MESSAGES = [
    *HOSTILE, *(f"{HEAD}{text}\r\n\r\n" for text in HOSTILE), *(CHUNKED + text for text in HOSTILE),
    *(f"{CHUNKED}0\r\n{text}\r\n\r\n" for text in HOSTILE),
]  # fmt: skip


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
def test_hostile_messages_take_linear_work(backend, strict: bool) -> None:
    """With the limits out of the way: whole, and in pieces that do not respect the lines."""
    for text in MESSAGES:
        wire = text.encode("latin-1")
        for piece in (len(wire), 997):
            new = reader.ResponseReader(backend, "GET", GENEROUS, strict)
            assert counted.calls(lambda new=new, wire=wire, piece=piece: _read_all(new, wire, piece)) < 12 * len(wire)


def _read_all(response_reader: reader.ResponseReader, wire: bytes, piece: int) -> None:
    coming = iter([*(wire[at : at + piece] for at in range(0, len(wire), piece)), b""])
    with contextlib.suppress(HTTPException, StopIteration):
        while response_reader.head() is reader.NEED_DATA:
            response_reader.receive(next(coming))
        while (part := response_reader.body()) != b"":
            if part is reader.NEED_DATA:
                response_reader.receive(next(coming))
        response_reader._head.field_lines()


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("what", ["head", "line", "chunk line", "trailers", "chunks", "trailer line"])
def test_a_drip_costs_linear_work(backend, what: str, strict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """SAFETY: no line is scanned twice however it drips in. Each byte is looked at a few times, not once for each that follows.

    ``bench`` has the times (``drip-field``, ``drip-chunk``).
    """
    size = 6000
    wire = {
        "head": HEAD + "A: b\r\n" * (size // 6),
        "line": HEAD + "A: " + "x" * size,
        "chunk line": CHUNKED + "5;" + "x" * size,
        "trailers": CHUNKED + "0\r\n" + "A: b\r\n" * (size // 6),
        "trailer line": CHUNKED + "0\r\nA: " + "x" * size,
        "chunks": CHUNKED + "1\r\nx\r\n" * (size // 6),
    }[what].encode()

    def read(watched: Any) -> None:
        _read_all(reader.ResponseReader(watched, "GET", GENEROUS, strict), wire, 1)

    looked_at = counted.bytes_looked_at(backend, read, monkeypatch.setattr)
    assert len(wire) <= looked_at < 16 * len(wire)  # half of size * size, if each were looked at again


def test_looking_twice_is_seen(twins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count has teeth: a search that begins at the beginning each time."""

    def read(watched: Any) -> None:
        class Forgetful(reader.ResponseReader):
            def receive(self, data: bytes, *, is_clean: bool = True) -> None:
                super().receive(data, is_clean=is_clean)
                if self._partial is not None:
                    self._partial.searched = 0

        _read_all(Forgetful(watched, "GET", GENEROUS, False), (HEAD + "A: " + "x" * 2000).encode(), 1)

    assert counted.bytes_looked_at(twins[1], read, monkeypatch.setattr) > 500 * 2000
