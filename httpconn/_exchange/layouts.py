"""Heads of requests with fields of their own, as such were made before: only what differs is looked at.

Programs send the same few sets of fields again and again, in a new dict each time. What has to be judged of a field is
mostly its name: whether it takes the place of one that goes with every request, whether it contradicts the body. So
once ``Preparer`` has judged and serialised a request, what it has come to is kept as a ``FieldLayout`` under the names
of its fields: what stands in front of them, and those values that had to be looked at. The next request with these
names has its head put together of that, its URL and its values, which only have to be bytes that a field may have.
A mapping that was changed in between has other names or other values, and sends those. A bare URL of an origin that is
known is looked at here, too.

This module is compiled too, with the types of ``layouts.pxd``.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final, TypeAlias

from .. import _backends
from .._wire.grammar import CONTENT_LENGTH, TRANSFER_ENCODING
from .._wire.plain_request import FieldLines, are_texts
from .._wire.urls import LENGTH_OF_HTTPS, Origin
from ..model import Request
from .job import Key

Known: TypeAlias = tuple[Key, Origin, bytes]
"""Of an origin: its key, itself, and what a GET without fields of its own has there, behind its target."""
Layouts: TypeAlias = "dict[tuple[str, ...], FieldLayout]"
"""``FieldLayout`` by the names of the fields, as they are written and in their order."""

_frame_target: Final = _backends.selected.frame_target
_first: Final = itemgetter(0)
_AT_HOST: Final = LENGTH_OF_HTTPS
_MOST_FIELDS: Final = 64
_JUDGED_BY_VALUE: Final = frozenset({"accept-encoding", "connection", "host"})
"""Another value may mean a decoder that is missing, the end of the connection, or a request that is refused."""
_JUDGED_ALWAYS: Final = frozenset({CONTENT_LENGTH, "expect", "proxy-authorization", TRANSFER_ENCODING})


def _path_at(url: str) -> int:
    """Return where the path of *url* begins; -1 where there is none, or a fragment, which is not sent."""
    return -1 if "#" in url else url.find("/", _AT_HOST)


def plain_get(known: dict[str, Known], url: str) -> tuple[Known, bytes] | None:
    """Return the entry of *known* for the origin of *url* and the head of a GET; None where the slow way has to look.

    Only a target of visible ASCII without a fragment is taken, which goes out as it is: what parse_url gives for it.
    """
    if type(url) is not str:
        return None
    text = url
    at = _path_at(text)
    found = known.get(text[:at]) if at > 0 else None
    if found is None:
        return None
    head = _frame_target(b"GET ", text, at, found[2])
    return None if head is None else (found, head)


def site_of(url: str) -> str:
    """Return *url*, of which ``plain_get`` has made a head, as far as its path begins, with the slash."""
    return url[: _path_at(url) + 1]


def plain_get_below(site: str, url: str, behind_target: bytes) -> bytes | None:
    """Return the head of a GET of *url* if it lies below *site*, as ``site_of`` gives it; else None.

    What ``plain_get`` makes of it with the entry that has *behind_target*, at a third of the cost.
    """
    if type(url) is not str:
        return None
    text = url
    if not text.startswith(site) or "#" in text:
        return None
    return _frame_target(b"GET ", text, len(site) - 1, behind_target)


def _are_pairs(items: list[Any]) -> bool:
    for item in items:  # noqa: SIM110  # a function of C has no generator in it
        if type(item) is not tuple or len(item) != 2:
            return False
    return True


class FieldLayout(FieldLines):
    """What stands around the own fields of a GET, for all requests whose fields have the same names."""

    __slots__ = ("_fixed", "sends_host")

    def __init__(self, names: tuple[str, ...], fixed: tuple[str | None, ...], front: bytes, sends_host: bool) -> None:
        """*fixed* are the values that must be these, or None; *front* are the lines between Host and the own fields."""
        super().__init__(names, front.decode("latin-1"))
        self._fixed = fixed
        self.sends_host = sends_host

    def is_fit(self, values: tuple[str, ...]) -> bool:
        for at, value in enumerate(self._fixed):  # noqa: SIM110  # a function of C has no generator in it
            if value is not None and values[at] != value:
                return False
        return True


def plain_request(known: dict[str, Known], url: str, headers: Any, layouts: Layouts) -> tuple[Known, bytes] | None:
    """Return the entry of *known* for the origin of *url* and the head of a GET with *headers*.

    None where the slow way has to look: as ``plain_get``, and for fields that have no layout yet, or are in no dict or
    list of pairs.
    """
    if type(url) is not str:
        return None
    text = url
    at = _path_at(text)
    found = known.get(text[:at]) if at > 0 else None
    if found is None:
        return None
    if type(headers) is dict:
        names, values = tuple(headers), tuple(headers.values())
    elif type(headers) is list and headers and _are_pairs(headers):
        names, values = zip(*headers, strict=True)
    else:
        return None
    if not 0 < len(names) <= _MOST_FIELDS or not are_texts(names):
        return None
    layout = layouts.get(names)
    lines = None if layout is None else layout.lines(values)
    if layout is None or lines is None:
        return None
    host = (b" HTTP/1.1\r\nHost: ", found[1].host_field, b"\r\n") if layout.sends_host else (b" HTTP/1.1\r\n",)
    head = _frame_target(b"GET ", text, at, b"".join((*host, lines)))
    return None if head is None else (found, head)


def given_get(
    given: dict[tuple[Any, ...], dict[str, Known]], request: Request, fields: tuple[Any, ...]
) -> tuple[Known, bytes] | None:
    """As ``plain_get``, for a *request* of another library with *fields*, from the entry of *given* for such ones."""
    if request.method != "GET" or request.body is not None or request.proxy is not None:
        return None
    known = given.get((fields, request.context, request.server_hostname, request.fingerprint))
    return None if known is None else plain_get(known, request.url)


def layout_of(head: bytes, origin: Origin, fields: list[tuple[str, Any]], *, has_host: bool) -> FieldLayout | None:
    """Return the layout of *head*, a GET or HEAD for *origin* with *fields*; None where another one may differ.

    *has_host*: the fields that go with every request have a Host among them.
    """
    names = tuple(map(_first, fields))
    if not 0 < len(names) <= _MOST_FIELDS:
        return None
    for name, value in fields:
        if type(name) is not str or type(value) is not str:
            return None
    lowered = [*map(str.lower, names)]
    if not _JUDGED_ALWAYS.isdisjoint(lowered):
        return None
    own = "".join(map("{}: {}\r\n".format, *zip(*fields, strict=True))) + "\r\n"
    sends_host = not has_host and "host" not in lowered
    host = b"Host: %b\r\n" % origin.host_field if sends_host else b""
    _, _, behind = head.partition(b" HTTP/1.1\r\n")
    if not behind.startswith(host) or not behind.endswith(own.encode("latin-1", "replace")):
        return None
    fixed: list[str | None] = [None] * len(names)
    for at, name in enumerate(lowered):
        if name in _JUDGED_BY_VALUE:
            fixed[at] = fields[at][1]
    return FieldLayout(names, tuple(fixed), behind[len(host) : -len(own)], sends_host)
