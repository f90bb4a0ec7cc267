"""The decline law: a fast reader answers as the reference reader does, or not at all.

Heads are made by seeded generators. HTTPCONN_FUZZ_HEADS tells how many mutated ones are tried by each test.
"""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from httpconn._backends.contract import Backend
from httpconn._wire import grammar, reference
from httpconn._wire.grammar import Limits
from httpconn._wire.head import ResponseHead, begun_by, field_lines_of, find_head_end

HEADS = int(os.environ.get("HTTPCONN_FUZZ_HEADS") or (200_000 if "CI" in os.environ else 20_000))
LIMITS = Limits()


def record(head: ResponseHead) -> dict[str, Any]:
    """Return all that a head tells, for comparison. Names are asked for in another case than they came in."""
    lines = head.field_lines()
    asked = {name.swapcase() for name, _ in lines[:3]} | {"set-cookie", "x-absent", ""}
    return {
        "status-line": (head.version, head.status, head.reason),
        "framing": (head.content_length, head.transfer_encoding, head.connection),
        "lines": lines,
        "trimmed": field_lines_of(head),
        "values": {name: (head.field_values(name), head.get_joined(name)) for name in asked},
        "defects": tuple(head.defects),
        "block": head.block,
    }


def parse(backend: Backend, block: bytes, limits: Limits = LIMITS) -> ResponseHead | None:
    return backend.parse_response_head(block, limits.line_bytes, limits.field_lines)


# -- heads as servers send them ---------------------------------------------------------------------------

NAMES = (
    b"Date Server Content-Type Content-Length Connection Cache-Control Expires ETag Last-Modified Vary Age Via "
    b"Set-Cookie Set-Cookie Set-Cookie Transfer-Encoding Keep-Alive Location X-Frame-Options X-Powered-By "
    b"content-type x-request-id CF-RAY Strict-Transport-Security P3P _dc X~!#$%&'*+.^`|1"
).split()
VALUES = (
    b"",
    b"a",
    b"Mon, 23 Nov 2026 15:13:00 GMT",
    b"text/html; charset=utf-8",
    b'sid=0123456789abcdef; Path=/; HttpOnly, x="y"',
    "caf\u00e9 \u4f60\u597d".encode(),
    "na\u00efve \u00a0".encode("latin-1"),
    b"\x80\x85\xa0\xff",
    b"tab\tinside: and \\ colons::",
    b"default-src 'self'; img-src *; " * 20,
)
REASONS = (b" OK", b" OK", b" Not Found", b" ", b"", b"  padded\t ", " Pas trouv\u00e9".encode("latin-1"), b" \x85\xa0")


def realistic_head(rng: random.Random, lines: int) -> bytes:
    """Return a head of so many lines within the plain grammar; its framing makes sense, as llhttp wants it."""
    status = rng.choice((200, 200, 204, 301, 404, 503, 999))
    parts = [b"HTTP/1.%d %d%b" % (rng.random() < 0.9, status, rng.choice(REASONS))]
    framed = False
    for _ in range(lines):
        name = rng.choice(NAMES)
        value = rng.choice(VALUES)
        if name in (b"Content-Length", b"Transfer-Encoding"):
            if framed:
                name = b"X-" + name
            framed = True
            value = b"%d" % rng.randrange(10**6) if name.endswith(b"Length") else b"chunked"
        elif name == b"Connection":
            value = rng.choice((b"keep-alive", b"close", b"Close, X"))
        space = rng.choice((b" ", b" ", b" ", b"", b"\t", b"   "))
        parts.append(name + b":" + space + value)
    return b"\r\n".join([*parts, b"", b""])


def test_no_realistic_head_is_declined(backend: Backend) -> None:
    rng = random.Random(1)
    for i in range(1000):
        block = realistic_head(rng, i % 100 + 1)
        head = parse(backend, block)
        assert head is not None, block
        assert record(head) == record(reference.parse_response_head(block, LIMITS))


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length:\r\n",
    ],
)
def test_httptools_declines_what_llhttp_refuses(backend: Backend, fields: bytes) -> None:
    head = parse(backend, b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
    assert (head is None) == (backend.name == "httptools")


def test_switching_protocols_is_a_head_like_any_other(backend: Backend) -> None:
    block = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    head = parse(backend, block)
    assert head is not None
    assert record(head) == record(reference.parse_response_head(block, LIMITS))


# -- heads as nobody should send them ---------------------------------------------------------------------

ODD_PIECES = (
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b"\0", b" ", b"\t", b":", b"\r\n ", b"\r\n\t", b"\x7f", b"\x1f",
    b"\x0b", b"\x0c", b"\x85", b"\xa0", b"\xff", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"Content-Length: 1\r\n",
    b"Content-Length : 1\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\nConnection: close", b"A" * 70, b"0",
    b"\xc2\xb2",
)  # fmt: skip

ODD_STATUS_LINES = (
    b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.2 200 OK", b"HTTP/1.1 099 X", b"HTTP/1.1 20", b"HTTP/1.1 2000 X",
    b"HTTP/2 200", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b"http/1.1 200 OK", b"ICY 200 OK", b"HTTP/0.9 200 OK",
    b"HTTP/1.10 200 OK", b"HTTP/1.1 2 00", b"HTTP/1.1 /00 X", b"HTTP/1.1 2:0 X", b"HTTP/1.: 200 X",
)  # fmt: skip

Mutator = Callable[[random.Random, bytes], bytes]


def flip(rng: random.Random, block: bytes) -> bytes:
    at = rng.randrange(len(block))
    return block[:at] + bytes((rng.randrange(256),)) + block[at + 1 :]


def insert(rng: random.Random, block: bytes) -> bytes:
    at = rng.randrange(len(block) + 1)
    return block[:at] + rng.choice(ODD_PIECES) + block[at:]


def drop(rng: random.Random, block: bytes) -> bytes:
    at = rng.randrange(len(block))
    return block[:at] + block[at + rng.choice((1, 1, 2, 5)) :]


def truncate(rng: random.Random, block: bytes) -> bytes:
    return block[: rng.randrange(len(block))]


def replace_ends(rng: random.Random, block: bytes) -> bytes:
    return block.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\r\n", b" \r\n")), rng.choice((-1, 1, 2)))


def shuffle_lines(rng: random.Random, block: bytes) -> bytes:
    lines = block.splitlines(keepends=True)
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    if rng.random() < 0.5:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines.insert(at, lines[other])
    return b"".join(lines)


def swap_case(rng: random.Random, block: bytes) -> bytes:
    at = rng.randrange(len(block))
    return block[:at] + block[at : at + 20].swapcase() + block[at + 20 :]


def lengthen(rng: random.Random, block: bytes) -> bytes:
    at = rng.randrange(len(block))
    return block[:at] + block[at : at + 1] * rng.choice((7, 8, 9, 64, 1000)) + block[at:]


def new_status_line(rng: random.Random, block: bytes) -> bytes:
    line = rng.choice(ODD_STATUS_LINES)
    return line + block[block.find(b"\r\n") :]


def many_lines(rng: random.Random, block: bytes) -> bytes:
    # Around the limit, and around what the compiled head keeps without memory of its own.
    wanted = rng.choice((23, 24, 25, 47, 48, 49, 95, 96, 97, 99, 100, 101))
    return block[:-2] + b"".join(b"X-%d:%d\r\n" % (i, i) for i in range(block.count(b"\n") - 2, wanted)) + block[-2:]


MUTATORS: tuple[Mutator, ...] = (
    flip, flip, insert, insert, drop, truncate, replace_ends, shuffle_lines, swap_case, lengthen, new_status_line,
)  # fmt: skip


def mutated_heads(seed: int, count: int) -> Iterator[tuple[bytes, Limits]]:
    """Yield heads, most with one or two things wrong, and limits that some of them just pass or just fail."""
    rng = random.Random(seed)
    for _ in range(count):
        block = realistic_head(rng, rng.choice((0, 1, 2, 3, 5, 8)))
        if rng.random() < 0.02:
            block = many_lines(rng, block)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            block = rng.choice(MUTATORS)(rng, block) or b"\r\n"
        limits = LIMITS
        if rng.random() < 0.1:
            limits = Limits(
                line_bytes=max(0, len(block) + rng.randint(-2, 2)),
                field_lines=max(0, block.count(b"\n") - 2 + rng.randint(-1, 1)),
            )
        yield block, limits


@pytest.mark.timeout(60 + HEADS // 1000)
def test_a_mutated_head_is_declined_or_read_like_the_reference_reader(backend: Backend) -> None:
    accepted = 0
    for block, limits in mutated_heads(2, HEADS):
        head = parse(backend, block, limits)
        if head is not None:
            accepted += 1
            assert record(head) == record(reference.parse_response_head(block, limits)), block
    assert HEADS * 0.2 < accepted < HEADS * 0.8, "the mutations are too harsh, or too kind"


@pytest.mark.timeout(60 + HEADS // 1000)
def test_the_twins_decline_the_same_heads(twins: tuple[Backend, Backend]) -> None:
    compiled, pure = twins
    for block, limits in mutated_heads(3, HEADS):
        fast, slow = parse(compiled, block, limits), parse(pure, block, limits)
        assert (fast is None) == (slow is None), block
        if fast is not None and slow is not None:
            assert record(fast) == record(slow), block


def test_a_head_in_front_of_other_bytes(backend: Backend) -> None:
    """What is behind it changes nothing, and what is said of it at once is what it says."""
    taken = 0
    for block, limits in mutated_heads(4, 2_000):
        for behind in (b"", b"x", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"):
            data = block + behind
            begun = backend.begin_response_head(data, limits.line_bytes, limits.field_lines)
            end = find_head_end(data)
            head = None if end < 0 else parse(backend, data[:end], limits)
            assert (begun is None) == (head is None), data
            if begun is not None and head is not None:
                taken += 1
                assert record(begun[0]) == record(head), data
                assert begun[1:] == begun_by(head, head.get_joined("content-encoding"), data[end:])[1:], data
    assert taken > 1_000, "the mutations are too harsh"


@pytest.mark.parametrize("place", ["name", "value", "reason"])
def test_every_byte_at_every_place(backend: Backend, place: str) -> None:
    """Eighteen places: the compiled reader goes over values in steps of eight bytes."""
    allowed = grammar.TCHAR if place == "name" else grammar.FIELD_VCHAR_OR_WS
    for byte, at in itertools.product(range(256), range(18)):
        text = b"x" * at + bytes((byte,)) + b"x" * (17 - at)
        if place == "name":
            block = b"HTTP/1.1 200 OK\r\n" + text + b": value\r\n\r\n"
        elif place == "value":
            block = b"HTTP/1.1 200 OK\r\nName:" + text + b"\r\n\r\n"
        else:
            block = b"HTTP/1.1 200 " + text + b"\r\n\r\n"
        head = parse(backend, block)
        if place == "name" and byte == ord(":") and at:
            assert head is not None  # a shorter name
        else:
            assert (head is not None) == bool(allowed[byte]), block


@pytest.mark.parametrize("lines", [0, 1, 23, 24, 25, 48, 49, 99, 100, 101, 1000])
def test_more_lines_than_allowed_are_declined(backend: Backend, lines: int) -> None:
    block = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(lines)) + b"\r\n"
    head = parse(backend, block)
    assert (head is None) == (lines > 100)
    wide = parse(backend, block, Limits(field_lines=1000))
    assert wide is not None
    assert wide.field_lines() == [(f"X-{i}", str(i)) for i in range(lines)]


def test_a_block_beyond_the_line_limit_is_declined(backend: Backend) -> None:
    block = b"HTTP/1.1 200 OK\r\nName: value\r\n\r\n"
    for line_bytes in range(len(block) + 2):
        head = backend.parse_response_head(block, line_bytes, 100)
        assert (head is None) == (line_bytes < len(block))
    assert backend.parse_response_head(block, 10**30, 10**30) is not None


# -- the record -------------------------------------------------------------------------------------------

HEAD = (
    b"HTTP/1.1 200 OK\r\nVia: a\r\nKeep-Alive: x\r\nVIA:\t b\r\nvia:\r\nConnection: close\r\nCONNECTION: y\r\n"
    b"Y: y: z\r\n\r\n"
)


@pytest.fixture
def head(backend: Backend) -> ResponseHead:
    head = parse(backend, HEAD)
    assert head is not None
    return head


def test_repeated_lines_are_joined_in_order(head: ResponseHead) -> None:
    assert head.field_values("vIa") == ["a", "b", ""]
    assert head.get_joined("vIa") == "a, b, "
    assert head.connection == "close, y"
    assert head.content_length is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "Vi",
        "Vias",
        "Via:",
        "Via: a",
        "Y: y",
        " Via",
        "a\r\nKeep-Alive",
        "\n",
        "Vi\u00e4",
        "\u4f60",
        "\ud800",
        "Via\0",
    ],
)
def test_what_is_no_name_of_a_line_finds_nothing(head: ResponseHead, name: str) -> None:
    assert head.field_values(name) == []
    assert head.get_joined(name) is None


def test_names_are_folded_as_http_client_does(head: ResponseHead) -> None:
    """http.client uses str.lower(), which knows KELVIN SIGN as a k. A subclass of str is a name like any."""
    assert head.get_joined("\u212aeep-Alive") == "x"

    class Name(str):
        __slots__ = ()

    assert head.get_joined(Name("VIA")) == "a, b, "


def test_the_list_of_lines_is_the_callers_own(head: ResponseHead) -> None:
    lines = head.field_lines()
    lines.clear()
    assert len(head.field_lines()) == 7


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda head: pickle.loads(pickle.dumps(head))])
def test_a_head_can_be_copied(head: ResponseHead, duplicate: Callable[[ResponseHead], ResponseHead]) -> None:
    assert record(duplicate(head)) == record(head)


# -- where a head ends ------------------------------------------------------------------------------------

find_empty_line = re.compile(rb"\n\r?\n").search


def test_find_head_end_at_every_start(backend: Backend) -> None:
    """All buffers of up to seven bytes, against a pattern; as in bytes.find, a start may lie outside."""
    for size in range(8):
        for buffer in map(bytes, itertools.product(b"\r\na", repeat=size)):
            held = bytearray(buffer)
            for start in range(-size - 1, size + 2):
                match = find_empty_line(buffer, max(0, start + size) if start < 0 else start)
                expected = match.end() if match else -1
                assert backend.find_head_end(buffer, start) == expected, (buffer, start)
                assert backend.find_head_end(held, start) == expected


def test_find_head_end_resumes_two_bytes_back(backend: Backend) -> None:
    rng = random.Random(4)
    for _ in range(2000):
        buffer = bytes(rng.choices(b"\r\na", (3, 3, 1), k=rng.randrange(40)))
        expected = backend.find_head_end(buffer, 0)
        searched, found = 0, -1
        while found < 0 and searched < len(buffer):
            received = buffer[: searched + rng.randint(1, 4)]
            found = backend.find_head_end(received, max(0, searched - 2))
            searched = len(received)
        assert found == expected, buffer
