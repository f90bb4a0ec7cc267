"""The head of a plain request in one go: what is taken, what is kept, and that both speeds and all backends agree."""

from __future__ import annotations

import gc
import importlib
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from httpconn._backends.contract import Backend
from httpconn._wire import grammar, plain_request, request
from httpconn._wire.plain_request import RequestHeads

from ..support.speeds import interpreted


def members(table: bytes) -> set[int]:
    return {number for number in range(256) if table[number]}


def test_a_framed_target(backend: Backend) -> None:
    """By every backend's: the twins give the same, and never what is not visible ASCII."""
    chance = random.Random(7)
    taken = 0
    for _ in range(3_000):
        text = "".join(
            chance.choice("/aZ~!#? \t\x7f\xe9\u212a\x00\n"[: chance.choice((7, 7, 14))])
            for _ in range(chance.randint(0, 9))
        )
        at = chance.randint(0, len(text) + 1)
        framed = backend.frame_target(b"GET ", text, at, b" x")
        assert framed == request.frame_target(b"GET ", text, at, b" x"), (text, at)
        is_plain = text.isascii() and text[at:] != "" and all(0x21 <= ord(char) <= 0x7E for char in text[at:])
        assert (framed is not None) is is_plain, (text, at)
        if framed is not None:
            assert framed == b"GET " + text[at:].encode() + b" x"
            taken += 1
    assert taken > 500

    class Text(str):
        __slots__ = ()

    for other in (Text("/"), b"/", None, 7):
        assert backend.frame_target(b"GET ", other, 0, b"") is None  # type: ignore[arg-type]


def test_plain_request_head() -> None:
    """It answers for tokens and field bytes alone; it declines the rest."""
    serialize = RequestHeads(request.frame_target).serialize

    def is_plain(name: str, value: str) -> bool:
        return serialize("GET", "/", b"x", {name: value}, -1) is not None

    names = {number for number in range(256) if is_plain("a" + chr(number), "b")}
    values = {number for number in range(256) if is_plain("A", "a" + chr(number) + "b")}
    assert names == members(grammar.TCHAR)
    assert values == members(grammar.FIELD_VCHAR_OR_WS)
    assert not is_plain("", "b")
    assert not is_plain("A", "\u0100")
    assert not is_plain("\u212a", "b")
    for number in range(256):
        for method, target in (("G" + chr(number), "/"), ("GET", "/" + chr(number))):
            made = serialize(method, target, b"x", {}, -1)
            is_plain_there = 0x21 <= number <= 0x7E if method == "GET" else number in names
            assert (made is not None) is is_plain_there, (method, target)
    assert serialize("GET", "/", b"x\n", {}, -1) is None


@pytest.mark.parametrize("headers", [{}, {"Host": "a", "host": "b"}, {"Host": "a b"}, {"HOST": "a\tb"}, {"A": 7}, {7: "a"},
                                     {"A": "\u20ac"}, {"Content-Length": "1"}, {"transfer-encoding": "chunked"}, [("A", "b")]],
                         ids=str)  # fmt: skip
def test_what_is_declined_is_declined_again(backend: Backend, headers: Any) -> None:
    for _ in range(3):
        assert (backend.serialize_request_head("GET", "/", b"x", headers, -1) is None) is (headers != {})


def test_values_that_were_looked_at_before() -> None:
    """They are not looked at again where they are the very texts of last time; others always are."""
    with interpreted():
        other = importlib.import_module("httpconn._wire.plain_request")
    long, wrong = "b" * 20_000, "a\nb"
    for speed in (plain_request, other):
        made = speed.FieldLines(("A", "Cookie", "C"), "X: y\r\n")
        for values in (("1", "d", "c"), ("1", "d", "c"), ("2", "d", "c"), ("1", "e", "c"), (long, "d", "c"),
                       ("1", "d", "c")):  # fmt: skip
            lines = "X: y\r\nA: {}\r\nCookie: {}\r\nC: {}\r\n\r\n".format(*values)
            assert made.lines(values) == lines.encode()
        for values in ((wrong, "d", "c"), ("1", wrong, "c"), ("1", "d", wrong), (None, "d", "c"), ("1", None, "c")):
            for _ in range(2):
                assert made.lines(values) is None, values
        with pytest.raises(ValueError, match="3 names"):
            made.lines(("1", "d"))


def test_a_host_without_a_name(backend: Backend) -> None:
    """It is one as any other: what was kept for none before it was taken for its own."""
    heads = RequestHeads(backend.frame_target)
    for host in (b"", b"", b"x", b""):
        head = b"GET / HTTP/1.1\r\nHost: %b\r\nAccept-Encoding: identity\r\n\r\n" % host
        assert heads.serialize("GET", "/", host, {}, -1) == head


def test_what_is_kept(backend: Backend) -> None:
    """Of a few sets of fields, and neither large values nor secrets."""
    heads = RequestHeads(backend.frame_target)
    for name, size, is_kept in (("X-A", 16_000, True), ("X-A", 17_000, False), ("Cookie", 9, False),
                                ("authorization", 9, False), ("Proxy-Authorization", 9, False)):  # fmt: skip
        value = "a" * size
        before = sys.getrefcount(value)
        assert heads.serialize("GET", "/", b"x", {name: value, "X-B": "b"}, -1) is not None
        gc.collect()
        assert (sys.getrefcount(value) > before) is is_kept, (name, size)
    for number in range(1_000):
        assert heads.serialize("GET", "/", b"x", {f"A-{number}": "b"}, 3) is not None
        assert heads.serialize("GET", "/", b"x", {f"A-{n}": "b" for n in range(65 + number % 3)}, 3) is not None
    assert len(heads._seen) <= 64


def test_both_speeds_agree() -> None:
    with interpreted():
        other = importlib.import_module("httpconn._wire.plain_request")
    chance = random.Random(3)
    names = ["A", "B-c", "Host", "host", "Accept-Encoding", "Cookie", "Content-Length", "", "a b", "\u212a"]
    values: list[Any] = ["1", "x y", "caf\xe9", "", "a\tb", "a\nb", "\u20ac", 7, None]
    both = [speed.RequestHeads(request.frame_target).serialize for speed in (plain_request, other)]
    taken = 0
    for _ in range(4_000):
        few = chance.choice((4, 10))
        headers = {
            chance.choice(names[: few + 2]): chance.choice(values[: few - 1]) for _ in range(chance.randint(0, 3))
        }
        asked = (chance.choice(("GET", "get", "G T", "")), chance.choice(("/", "/a#b", "/ ")), chance.choice((b"h", b"h\n")),
                 headers, chance.choice((-1, -1, 0, 12)))  # fmt: skip
        first, second = (serialize(*asked) for serialize in both)
        assert first == second, asked
        taken += first is not None
    assert taken > 300


def test_another_thread_may_come_between_any_two_steps() -> None:
    """What is kept of one request's values is never sent for another's: a thread switch is played at each operation."""
    with interpreted():
        other = importlib.import_module("httpconn._wire.plain_request")
    first, second, third = ("x1", "y1"), ("x2", "y2"), ("x1", "y2")
    wanted = b"A: x1\r\nB: y2\r\n\r\n"
    for step in range(1_000):
        fields = other.FieldLines(("A", "B"))
        fields.lines(first)
        lines, seen = interrupted(step, lambda: fields.lines(third), lambda: fields.lines(second), vars(other))  # noqa: B023
        assert lines == wanted, step
        assert fields.lines(third) == wanted, step
        if step > seen:
            break
    assert 20 < step < 999


def interrupted(
    step: int, call: Callable[[], Any], interrupt: Callable[[], Any], module: dict[str, Any]
) -> tuple[Any, int]:
    """Return what *call* does, and in how many operations of *module*; before one of them *interrupt* is called."""
    seen = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal seen
        if frame.f_globals is not module:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            seen += 1
            if seen == step:
                interrupt()  # in which nothing is traced
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        found = call()
    finally:
        sys.settrace(before)
    return found, seen
