"""Heads of requests with fields of their own, as such were made before: only what differs is looked at.

Programs send the same few sets of fields again and again, in a new dict each time. What has to be judged of a field is
mostly its name: whether it takes the place of one that goes with every request, whether it contradicts the body. So
once ``Preparer`` has judged and serialised a request, what it has come to is kept as a ``FieldLayout`` under the names
of its fields: what stands in front of them, and those values that had to be looked at. The next request with these
names has its head put together of that, its URL and its values, which only have to be bytes that a field may have.
A mapping that was changed in between has other names or other values, and sends those.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .._wire.grammar import CONTENT_LENGTH, RE_FIELD_BYTE, TRANSFER_ENCODING
from .._wire.urls import LENGTH_OF_HTTPS, Origin
from .job import Key

Known: TypeAlias = tuple[Key, Origin, bytes]
"""Of an origin: its key, itself, and what a GET without fields of its own has there, behind its target."""
Layouts: TypeAlias = dict[tuple[str, ...], Any]
"""``FieldLayout`` by the names of the fields, as they are written and in their order."""
MakeLayout: TypeAlias = Callable[[tuple[str, ...], tuple[str | None, ...], bytes, bool, bool], Any]

_MOST_FIELDS: Final = 64
_MOST_KEPT_BYTES: Final = 16_384
"""Values of more are not kept for the next request, which may have the same."""
_SECRET: Final = frozenset({"authorization", "cookie"})
"""Nor those of these, which are nobody's business when the request is over."""
_JUDGED_BY_VALUE: Final = frozenset({"accept-encoding", "connection", "host"})
"""Another value may mean a decoder that is missing, the end of the connection, or a request that is refused."""
_JUDGED_ALWAYS: Final = frozenset({CONTENT_LENGTH, "expect", "proxy-authorization", TRANSFER_ENCODING})
_are_field_bytes: Final = re.compile(f"{RE_FIELD_BYTE.decode('latin-1')}*+").fullmatch


class FieldLayout:
    """What stands around the own fields of a GET, for all requests whose fields have the same names."""

    __slots__ = ("_fixed", "_front", "_keeps", "_last", "_names", "sends_host")

    def __init__(
        self, names: tuple[str, ...], fixed: tuple[str | None, ...], front: bytes, sends_host: bool, keeps: bool = True
    ) -> None:
        """*fixed* are the values that must be these, or None; *front* are the lines between Host and the own fields.

        *keeps*: the values of the last request are kept for the next one.
        """
        self._keeps = keeps
        self._names = names
        self._fixed = fixed
        self._front = front
        self.sends_host = sends_host
        self._last: tuple[tuple[Any, ...], bytes] = ((), b"")

    def lines_behind_host(self, values: tuple[Any, ...]) -> bytes | None:
        """Return what follows the request-line and Host, or None where a value is unusual, or has to be looked at."""
        last, lines = self._last
        if len(values) == len(last) and all(value is other for value, other in zip(values, last, strict=True)):
            return lines
        if any(type(value) is not str for value in values) or not _are_field_bytes("".join(values)):
            return None
        if any(fixed is not None and fixed != value for fixed, value in zip(self._fixed, values, strict=True)):
            return None
        own = "".join(f"{name}: {value}\r\n" for name, value in zip(self._names, values, strict=True))
        lines = b"%b%b\r\n" % (self._front, own.encode("latin-1"))
        if self._keeps and len(own) <= _MOST_KEPT_BYTES:
            self._last = (values, lines)
        return lines


def plain_request(known: dict[str, Known], url: str, headers: Any, layouts: Layouts) -> tuple[Known, bytes] | None:
    """Return the entry of *known* for the origin of *url* and the head of a GET with *headers*.

    None where the slow way has to look: as ``plain_get``, and for fields that have no layout yet, or are in no dict or
    list of pairs.
    """
    at = url.find("/", LENGTH_OF_HTTPS)
    found = known.get(url[:at]) if at > 0 else None
    target = url[at:]
    if found is None or not target.isascii() or not target.isprintable() or " " in target or "#" in target:
        return None
    if type(headers) is dict:
        names, values = (*headers,), (*headers.values(),)
    elif type(headers) is list and all(type(pair) is tuple and len(pair) == 2 for pair in headers):
        names, values = tuple(pair[0] for pair in headers), tuple(pair[1] for pair in headers)
    else:
        return None
    if not 0 < len(names) <= _MOST_FIELDS or any(type(name) is not str for name in names):
        return None
    layout = layouts.get(names)
    if layout is None:
        return None
    lines = layout.lines_behind_host(values)
    if lines is None:
        return None
    host = b"Host: %b\r\n" % found[1].host_field if layout.sends_host else b""
    return found, b"GET %b HTTP/1.1\r\n%b%b" % (target.encode(), host, lines)


def layout_of(
    head: bytes, origin: Origin, fields: list[tuple[str, Any]], make: MakeLayout, *, has_host: bool
) -> Any | None:
    """Return the layout of *head*, a GET or HEAD for *origin* with *fields*; None where another one may differ.

    *has_host*: the fields that go with every request have a Host among them.
    """
    names = tuple(name for name, _ in fields)
    if not 0 < len(names) <= _MOST_FIELDS or any(type(text) is not str for pair in fields for text in pair):
        return None
    lowered = [name.lower() for name in names]
    if not _JUDGED_ALWAYS.isdisjoint(lowered):
        return None
    own = "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    sends_host = not has_host and "host" not in lowered
    host = b"Host: %b\r\n" % origin.host_field if sends_host else b""
    _, _, behind = head.partition(b" HTTP/1.1\r\n")
    if not behind.startswith(host) or not behind.endswith(own.encode("latin-1", "replace")):
        return None
    fixed = tuple(value if name in _JUDGED_BY_VALUE else None for name, (_, value) in zip(lowered, fields, strict=True))
    return make(names, fixed, behind[len(host) : -len(own)], sends_host, _SECRET.isdisjoint(lowered))
