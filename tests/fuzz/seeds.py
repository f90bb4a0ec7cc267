"""Where fuzzing begins: inputs made from the wire cases, and those that earlier runs have found worth keeping.

The kept ones stand in ``corpus/*.txt``, one bytes literal in each line, so that a change of them can be read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from httpconn._wire.head import find_head_end

from ..cases import all_cases
from .targets import HEAD_SETTINGS, METHODS, READER_SETTINGS

CORPUS = Path(__file__).with_name("corpus")
MOST_BYTES = 1024
"""Longer cases are about limits that are met as well by short inputs under small limits."""

BARE = {
    "head": b"\0\x18HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nA: b\r\n\r\n",
    "chunks": b"\0\0\0\0" + b"5\r\nhello\r\n0\r\nA: b\r\n\r\n",
    "reader": b"\0\0\0\0\0" + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
}
"""One plain input for each target, to see what the fuzzer finds by itself."""

TOKENS = (
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 ", b"HTTP/1.1 ", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"\r\n\r\n", b"\r\n", b"\n\r\n", b"\n\n", b"0\r\n\r\n",
    b"\r\n ", b"\r\n\t", b"chunked", b"identity", b"gzip, ", b" : ", b"7fffffffffffffff", b"8000000000000000",
    b"10000000000000005", b"9223372036854775807", b"9223372036854775808", b"18446744073709551621", b"HTTP/1.1 100 X",
    b"HTTP/1.1 103 X\r\n\r\n", b"HTTP/1.1 204 X\r\n", b"HTTP/1.1 304 X\r\n", b"A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n",
    b"5;a=b\r\nhello\r\n", b"1\r\na\r\n", b"\x00", b"\x7f", b"\x80", b"-1", b"+1", b"0x1", b"1_0", b", ",
)  # fmt: skip
"""For the fuzzer's dictionary."""


def _method_index(method: str | None) -> int:
    return METHODS.index(method) if method in METHODS else 0  # any other one is as good as GET


def made(target: str) -> list[bytes]:
    """Return inputs for *target* that are made from the wire cases."""
    found = []
    for number, case in enumerate(all_cases()):
        if len(case.wire) > MOST_BYTES:
            continue
        small = bool(case.limits)
        end = find_head_end(case.wire)
        if target == "head":
            block = case.wire[:end] if end > 0 else case.wire
            found.append(bytes((small, 0x18 | _method_index(case.method))) + block)
        elif target == "reader":
            for mode in (0, 0x20):
                closes = 0x08 if case.closes else 0
                flags = _method_index(case.method) | closes | mode | (number & 3) << 6
                found.append(
                    bytes((flags, small | (number & 7) << 3, number & 0xFF, number % 9, number % 5 | (number & 3) << 6))
                    + case.wire
                )
        elif case.id.startswith(("chunked:", "limits:chunk", "limits:trailer")):
            found.append(bytes((small | number & 16, number & 0x1F, number & 0xFF, number % 5)) + case.wire[end:])
    if target == "head":
        # What the compiled reader keeps without memory of its own, and http.client's limit.
        for count in (23, 24, 25, 48, 49, 96, 97, 100, 101):
            lines = b"".join(b"%x:\r\n" % i for i in range(count))
            found.append(bytes(HEAD_SETTINGS) + b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n")
    if target == "reader":
        found.append(bytes(READER_SETTINGS))
    return list(dict.fromkeys(found))


def kept(target: str) -> list[bytes]:
    """Return the inputs for *target* that earlier runs have found."""
    path = CORPUS / f"{target}.txt"
    if not path.exists():
        return []
    return [ast.literal_eval(line) for line in path.read_text(encoding="ascii").splitlines() if line]


def keep(target: str, inputs: Iterable[bytes]) -> None:
    """Make *inputs* the kept ones."""
    lines = sorted({ascii(data) for data in inputs}, key=lambda line: (len(line), line))
    (CORPUS / f"{target}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def all_seeds(target: str) -> list[bytes]:
    return list(dict.fromkeys((*made(target), *kept(target))))
