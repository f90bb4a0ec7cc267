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

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final, TypeAlias

from .. import _backends
from .._wire.grammar import CONTENT_LENGTH, TRANSFER_ENCODING
from .._wire.plain_request import FieldLines, are_texts
from .._wire.urls import LENGTH_OF_HTTPS, Origin
from ..model import Request
from .fast_reading import FastReader
from .job import GivenJob, Job, Key
from .request_fields import is_read_as_others, is_sent_as_others, reading_of

Known: TypeAlias = tuple[Key, Origin, bytes]
"""Of an origin: its key, itself, and what a GET without fields of its own has there, behind its target."""
Layouts: TypeAlias = "dict[tuple[str, ...], FieldLayout]"
"""``FieldLayout`` by the names of the fields, as they are written and in their order."""

_frame_target: Final = _backends.selected.frame_target
_first: Final = itemgetter(0)
_GET: Final = "GET"
_HEAD: Final = "HEAD"
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

    __slots__ = ("_fixed", "_front", "sends_host")

    def __init__(self, names: tuple[str, ...], fixed: tuple[str | None, ...], front: bytes, sends_host: bool) -> None:
        """*fixed* are the values that must be these, or None; *front* are the lines between Host and the own fields."""
        super().__init__(names, front.decode("latin-1"))
        self._fixed = fixed
        self._front: tuple[Origin | None, bytes] = None, b""
        """The last origin, and what stands between the target and the rest there."""
        self.sends_host = sends_host

    def is_fit(self, at: int, value: str) -> bool:
        fixed = self._fixed[at]
        return fixed is None or fixed == value

    def behind_target(self, origin: Origin, values: tuple[Any, ...]) -> bytes | None:
        """Return what stands behind the target of a request to *origin*; None where a value is unusual."""
        return self.lines(values, self._front_for(origin))

    def _front_for(self, origin: Origin) -> bytes:
        last, front = self._front
        if last is not origin:
            host = b"Host: %b\r\n" % origin.host_field if self.sends_host else b""
            front = b" HTTP/1.1\r\n" + host
            self._front = origin, front
        return front

    def behind_target_again(self, origin: Origin, fields: dict[str, Any]) -> bytes | None:
        """As ``behind_target``, of *fields* whose names and values are the very ones of before, but for one value.

        None where they are not, or it has to be looked at by ``behind_target``.
        """
        kept, names = self._kept, self._names
        last, varies = kept[0], kept[3]
        if len(fields) != len(names):
            return None
        at, value = 0, None
        for name, given in fields.items():
            if name is not names[at]:
                return None
            if given is not last[at]:
                if at != varies or type(given) is not str:
                    return None
                value = given
            at += 1  # noqa: SIM113  # C goes over a dict by itself, and would make a tuple for each item of enumerate()
        front = self._front_for(origin)
        if value is None:
            return None if kept[2] is None else front + kept[2]
        if not self.is_fit(varies, value):
            return None
        framed: bytes | None = _frame_target(front + kept[4], value, 0, kept[5])
        if framed is None and value.isascii() and value.isprintable():  # with a space in it, or empty
            framed = b"".join((front, kept[4], value.encode("latin-1"), kept[5]))
        return framed


class KnownRequests:
    """Makes jobs of requests like those before, by what ``Preparer`` puts here of them. Threads may use one together.

    What was looked at last is at hand in an attribute of its own: the next request is mostly for the same origin, has
    the same names of fields and says the same of its response.
    """

    __slots__ = ("_last", "_may_go_on", "_read", "_reads_head_fast", "_site", "given", "layout", "layouts",
                 "other_layouts", "readings", "sites", "sites_by_head")  # fmt: skip

    def __init__(self, may_go_on: Callable[..., bool], *, reads_head_fast: bool) -> None:
        """*may_go_on* is for jobs with a sink; *reads_head_fast*: whether answers to HEAD are read on the fast path."""
        self._may_go_on = may_go_on
        self._reads_head_fast = reads_head_fast
        self.sites: dict[str, Known] = {}
        self.sites_by_head: dict[str, Known] = {}
        """The same for HEAD, which asks for no coding."""
        self.given: dict[tuple[Any, ...], dict[str, Known]] = {}
        """Of requests of another library, by their fields and what they say of TLS."""
        self._last: Known | None = None
        self._site: tuple[str, Known] | None = None
        """What a URL of an origin begins with that came twice in a row, and what is known of it."""
        self.layouts: Layouts = {}
        self.other_layouts: dict[tuple[str, bool], Layouts] = {}
        """By method and ``decode``, where these are others than GET and True."""
        self.layout: FieldLayout | None = None
        """The one of ``layouts`` that was used last."""
        self.readings: dict[tuple[Any, ...] | None, tuple[Any, FastReader | None]] = {}
        """By ``reading_of`` what was found good: the Retry whose id is in there, and the reader of the job."""
        self._read: tuple[Any, ...] | None = None
        """What the last such request has said, and its reader."""

    def job_of_url(self, url: str, index: int) -> Job | None:
        """Return the job to GET *url*, if it is like one before of its origin; None where it has to be looked at."""
        site = self._site
        place, head = None, None
        if site is not None:
            place = site[1]
            head = plain_get_below(site[0], url, place[2])
        if head is None:
            found = plain_get(self.sites, url)
            if found is None:
                return None
            place, head = found
            self._note(place, url)
        assert place is not None
        kind = Job
        job = kind.__new__(kind)  # as the compiler makes an instance without a call of its class
        job._fill(url, index, place[0], place[1], _GET, head)
        return job

    def job_of(self, request: Request, index: int) -> Job | None:
        """Return the job of *request*, made of what one like it has come to; None where all has to be looked at."""
        if request is None:
            raise TypeError("expected a Request, got None")  # which compiled code would look into
        if not is_sent_as_others(request) or type(request.decode) is not bool:
            return None
        if request.method == _GET and request.headers is None:
            job = self.job_of_url(request.url, index)
        else:
            job = self._job_with(request, request.method, index)
        if job is None:
            return None
        job.request = request
        return job if is_read_as_others(request) or self.is_known_reading(job, request) else None

    def job_given(self, request: Request, fields: tuple[Any, ...], index: int) -> Job | None:
        """As ``job_of``, for a *request* of another library with *fields*."""
        if not is_given_plainly(request):
            return None
        known = self.given.get((fields, request.context, request.server_hostname, request.fingerprint))
        found = None if known is None else plain_get(known, request.url)
        if found is None:
            return None
        place, head = found
        kind = GivenJob
        job = kind.__new__(kind)
        job._fill(request, index, place[0], place[1], _GET, head)
        return job if self.is_known_reading(job, request) else None

    def _job_with(self, request: Request, method: Any, index: int) -> Job | None:
        """As ``job_of``, for a GET with fields of its own, or HEAD."""
        is_get = method == _GET
        if not is_get and method != _HEAD:
            return None
        url: str = request.url
        site = self._site
        if is_get and site is not None and url.startswith(site[0]) and "#" not in url:
            at, place = len(site[0]) - 1, site[1]
        else:
            at = _path_at(url)
            found = (self.sites if is_get else self.sites_by_head).get(url[:at]) if at > 0 else None
            if found is None:
                return None
            place = found
            if is_get:
                self._note(place, url)
        end: bytes | None = place[2]
        headers: Any = request.headers
        if headers is not None:
            end = self._lines_of(headers, place[1], method, request.decode)
        head = None if end is None else _frame_target(b"GET " if is_get else b"HEAD ", url, at, end)
        if head is None:
            return None
        kind = Job
        job = kind.__new__(kind)
        job._fill(request, index, place[0], place[1], method, head)
        if headers is not None:
            job.own_lines = len(headers)
        if not is_get:
            job.is_plain = False
            job.may_read_fast = self._reads_head_fast
        return job

    def _note(self, place: Known, url: str) -> None:
        """Note that *url* was the last one to be looked up, and is of *place*."""
        if self._last is place:
            self._site = (site_of(url), place)
        self._last = place

    def _lines_of(self, headers: Any, origin: Origin, method: str, decode: bool) -> bytes | None:
        """Return what stands behind the target of a request to *origin* with *headers*; None: as ``job_of``."""
        is_usual = method == _GET and decode
        if is_usual and self.layout is not None and type(headers) is dict:
            layout = self.layout
            lines = layout.behind_target_again(origin, headers)
            if lines is not None:
                return lines
        if type(headers) is dict:
            names, values = tuple(headers), tuple(headers.values())
        elif type(headers) is list and headers and _are_pairs(headers):
            names, values = zip(*headers, strict=True)
        else:
            return None
        if not 0 < len(names) <= _MOST_FIELDS or not are_texts(names):
            return None
        layouts = self.layouts if is_usual else self.other_layouts.get((method, decode))
        found = None if layouts is None else layouts.get(names)
        if found is None:
            return None
        layout = found
        if is_usual:
            self.layout = layout
        return layout.behind_target(origin, values)

    def is_known_reading(self, job: Job, request: Request) -> bool:
        """Have *job* go by what *request* says of its response, and return True; False where it has to be looked at."""
        if not self._is_read_again(job, request):
            try:
                said = self.readings.get(reading_of(request))
            except TypeError:  # there is something in it that has no hash
                return False
            if said is None:
                return False
            job.reader = said[1]
            self._read = (
                request.decode,
                request.max_content,
                request.retry,
                request.redirects,
                type(request.sink),
                type(request.timeout),
                job.reader,
            )
        if request.sink is not None:
            if request.sink.closed or not request.sink.writable():
                return False
            job.may_go_on = self._may_go_on
        timeout: Any = request.timeout  # a Timeout, where one was found good
        job.timeout = timeout
        return True

    def _is_read_again(self, job: Job, request: Request) -> bool:
        """Have *job* go by what the last request said of its response, and return True if *request* says just that."""
        last = self._read
        if (
            last is None
            or request.decode is not last[0]
            or request.max_content is not last[1]
            or request.retry is not last[2]
            or request.redirects is not last[3]
            or type(request.sink) is not last[4]
            or type(request.timeout) is not last[5]
            or request.tolerant_decoding is not None
            or request.sink_any_status is not False
        ):
            return False
        job.reader = last[6]
        return True


def is_given_plainly(request: Request) -> bool:
    """Return whether *request*, of another library, is a GET without content that goes where its URL says."""
    return request.method == "GET" and request.body is None and request.proxy is None


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
