"""The head of a plain request in one go; what is not certainly valid is declined (None), for ``request`` to answer.

Programs send the same few sets of fields again and again, mostly with the very same values. So what is to be judged of
the names is kept by the names, and a value is looked at again only where it is another object than last time.

This module is compiled too, with the types of ``plain_request.pxd``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .annotations import Any, Final, TypeAlias
from .framing import framing_line
from .grammar import FRAMING_NAMES, RE_FIELD_BYTE, RE_TCHAR

_MOST_FIELDS: Final = 64
"""Sets of more fields are judged each time; and of so many sets what is known is kept."""
_MOST_KEPT_BYTES: Final = 16_384
"""Of values with which the lines have more, none are kept."""
_SECRET: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Nor those of these, which are nobody's business when the request is over."""
_NO_VALUE: Final = object()
_BEFORE_LINES: Final = 2
"""How many pieces stand in front of the line of the first field."""
_STARTS: Final = {method: method.encode() + b" " for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")}
_ACCEPT_ENCODING: Final = b"Accept-Encoding: identity\r\n"
"""No content coding is undone for HTTPConnection, so none is asked for."""
_are_tchars: Final = re.compile(f"{RE_TCHAR.decode('latin-1')}*+").fullmatch
_are_field_bytes: Final = re.compile(f"{RE_FIELD_BYTE.decode('latin-1')}*+").fullmatch
_is_host: Final = re.compile(RE_FIELD_BYTE + rb"*+").fullmatch

Kept: TypeAlias = tuple[tuple[Any, ...], list[bytes], "bytes | None", int, bytes, bytes]
Frame = Callable[[bytes, str, int, bytes], "bytes | None"]


def are_texts(items: tuple[Any, ...]) -> bool:
    """Return whether each of *items* is a str, and of no subclass."""
    for item in items:  # noqa: SIM110  # a function of C has no generator in it
        if type(item) is not str:
            return False
    return True


class FieldLines:
    """Makes the field lines of requests whose fields have the same names."""

    __slots__ = ("_is_secret", "_kept", "_names", "_starts")

    def __init__(self, names: tuple[str, ...], front: str = "") -> None:
        """*names* are tokens, one or more; *front* is put in front of the lines."""
        self._names = names
        self._is_secret = [*map(_SECRET.__contains__, map(str.lower, names))]
        self._starts = [*map("{}: ".format, names)]
        # Values of a request before, with what stands there: a place for what is put in front, *front*, a line for each
        # value, the end; and all that in one, once it was asked for. A value that is not to be kept is one that nobody
        # can give. Then, where one value alone was another than before: which, and what stands around it; else -1. One
        # attribute, of which no part changes: threads make requests side by side, and must not see the values of one
        # with the lines of another.
        pieces = [b"", front.encode("latin-1"), *[b""] * len(names), b"\r\n"]
        self._kept: Kept = (_NO_VALUE,) * len(names), pieces, None, -1, b"", b""

    def lines(self, values: tuple[Any, ...], front: bytes = b"") -> bytes | None:
        """Return *front*, the lines and the empty line behind them, or None where a value is unusual.

        Raises ValueError where there are not as many values as names.
        """
        last, kept, whole, varies, before, behind = self._kept
        if len(values) != len(last):
            raise ValueError(f"{len(values)} values for {len(last)} names")
        pieces, is_new, others, other_at = kept, False, 0, -1
        for at in range(len(values)):
            if values[at] is last[at]:
                continue
            if type(values[at]) is not str:
                return None
            value = values[at]
            if not (value.isascii() and value.isprintable()) and not _are_field_bytes(value):
                return None
            if not self.is_fit(at, value):
                return None
            if pieces is kept:
                pieces = kept[:]
            pieces[at + _BEFORE_LINES] = (self._starts[at] + value + "\r\n").encode("latin-1")
            others += 1
            other_at = at
            if not self._is_secret[at]:
                is_new = True
        if pieces is kept:
            if whole is None:
                whole = b"".join(kept)
                self._kept = last, kept, whole, varies, before, behind
            return front + whole if front else whole
        pieces[0] = front
        lines = b"".join(pieces)
        if len(lines) <= _MOST_KEPT_BYTES and (is_new or others == 1):
            self._keep(values, pieces, other_at if others == 1 else -1)
        return lines

    def is_fit(self, at: int, value: str) -> bool:
        """Return whether *value*, of field bytes, may stand there. Those that are kept are not asked about again."""
        return True

    def _keep(self, values: tuple[str, ...], pieces: list[bytes], varies: int) -> None:
        pieces[0] = before = behind = b""
        if varies >= 0:
            at = varies + _BEFORE_LINES
            before = b"".join(pieces[:at]) + self._starts[varies].encode("latin-1")
            behind = b"\r\n" + b"".join(pieces[at + 1 :])
        kept: list[Any] = [*values]
        for at, is_secret in enumerate(self._is_secret):
            if is_secret:
                kept[at] = _NO_VALUE
                pieces[at + _BEFORE_LINES] = b""
        self._kept = tuple(kept), pieces, None, varies, before, behind


class GivenFields(FieldLines):
    """The fields that are given to ``RequestHeads.serialize``."""

    __slots__ = ("_host_at", "sends_accept_encoding", "sends_host")

    def __init__(self, names: tuple[str, ...], lowered: list[str]) -> None:
        super().__init__(names)
        self.sends_host = "host" not in lowered
        self._host_at = -1 if self.sends_host else lowered.index("host")
        self.sends_accept_encoding = "accept-encoding" not in lowered

    def is_fit(self, at: int, value: str) -> bool:
        return at != self._host_at or (" " not in value and "\t" not in value)


class RequestHeads:
    """Makes the heads of plain requests, with a backend's ``frame_target``."""

    __slots__ = ("_frame", "_hosts", "_seen")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        # The last host, and what stands around it where there are no other fields. No host is b"", which may be one.
        self._hosts: tuple[bytes | None, bytes] = (None, b"")
        self._seen: dict[tuple[str, ...], GivenFields] = {}

    def serialize(
        self, method: str, target: str, host: bytes, headers: dict[str, str], content_length: int
    ) -> bytes | None:
        """Return the whole head of an HTTP/1.1 request, or None where anything in it is not plain.

        Plain is: str of the right bytes, in a dict, that says nothing of the framing and at most once which host,
        without white space. Host and "Accept-Encoding: identity" go first unless *headers* have their own, then
        Content-Length unless it is -1, then *headers*.
        """
        if type(method) is not str or type(headers) is not dict:
            return None
        start = _STARTS.get(method)
        if start is None:
            if not method or not _are_tchars(method):
                return None
            start = method.encode() + b" "
        if headers or content_length >= 0:
            end = self._end_of(host, headers, content_length)
            return None if end is None else self._frame(start, target, 0, end)
        hosts = self._hosts
        if hosts[0] is not host:
            end = self._end_of(host, headers, -1)
            if end is None:
                return None
            hosts = self._hosts = host, end
        return self._frame(start, target, 0, hosts[1])

    def _end_of(self, host: bytes, headers: dict[str, str], content_length: int) -> bytes | None:
        """Return what stands behind the target, or None."""
        fields, lines = None, b"\r\n"
        if headers:
            names = tuple(headers)
            fields = self._seen.get(names) if are_texts(names) else None
            if fields is None:
                fields = self._judged(names)
            of_values = None if fields is None else fields.lines(tuple(headers.values()))
            if of_values is None:
                return None
            lines = of_values
        host_line = b""
        if fields is None or fields.sends_host:
            if not _is_host(host):
                return None
            host_line = b"Host: %b\r\n" % host
        accept_encoding = _ACCEPT_ENCODING if fields is None or fields.sends_accept_encoding else b""
        return b"".join((b" HTTP/1.1\r\n", host_line, accept_encoding, framing_line(content_length), lines))

    def _judged(self, names: tuple[Any, ...]) -> GivenFields | None:
        """Return what is known of fields with these names from now on, or None where they are not plain."""
        if not are_texts(names) or "" in names or not _are_tchars("".join(names)):
            return None
        lowered = [*map(str.lower, names)]
        if not FRAMING_NAMES.isdisjoint(lowered) or lowered.count("host") > 1:
            return None
        fields = GivenFields(names, lowered)
        if len(names) <= _MOST_FIELDS:
            if len(self._seen) >= _MOST_FIELDS:
                self._seen.clear()
            self._seen[names] = fields
        return fields
