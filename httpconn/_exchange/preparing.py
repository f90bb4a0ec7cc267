"""Requests made ready: checked before any traffic, and serialised once, however often they are sent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .. import _backends
from .._wire.framing import framing_line
from .._wire.grammar import CONTENT_LENGTH, TRANSFER_ENCODING
from .._wire.request import asks_to_close, encode_told_field_line, expects_continue, serialize_request_head
from .._wire.urls import LENGTH_OF_HTTPS, CredentialsInURL, Origin, is_seen, parse_plain, parse_url
from ..errors import AddressNotAllowed, FingerprintMismatch, InvalidField, quote
from ..model import Form, Request, Timeout, pairs_of, without_fragment
from ..policies.auth import Digest, checked_auth
from ..policies.hooks import finished
from ..policies.redirects import is_bound_to_origin, is_of_content
from ..policies.retries import IDEMPOTENT_METHODS
from ..policies.verdict import Policies, Trail, checked_redirects, checked_retry
from . import content_coding
from .given import Field, given_body, given_fields
from .incoming import FastPath
from .job import Job, Key
from .layouts import Known, KnownRequests, Layouts, is_given_plainly, layout_of, plain_get
from .proxies import DIRECT, EnvironmentProxies, Proxy, parse_proxy
from .repeated import RepeatedHeads
from .request_body import Body, ChunkedBody, Framed, body_of
from .request_fields import is_read_as_others, is_sent_as_others, reading_of
from .settings import MIB, TRUSTSTORE, USER_AGENT, Settings, check_request
from .sink import FILES, check_sink, is_file_object

if TYPE_CHECKING:
    from ..policies.digest import Sessions
    from .cookie_field import CookieLines

_IDENTITY: Final = "identity"
_NONE_LEFT_OUT: Final[frozenset[str]] = frozenset()
_SMALL_BODY_BYTES: Final = 65_536
_EXPECT_ABOVE_BYTES: Final = MIB
_EXPECT_LINE: Final = b"\r\nExpect: 100-continue"
_NOT_ASKED_FOR_S: Final = 600.0
"""How long an origin is not asked for a "100 Continue", after it has answered that it knows no expectations."""
_MOST_KNOWN: Final = 10_000
_MOST_LAYOUTS: Final = 1_000
_MOST_GIVEN: Final = 64
_A_HOST: Final = b"host.invalid"

_QUESTIONS: Final = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}

_is_fingerprint: Final = re.compile(r"[0-9a-f]{64}|(?:[0-9a-f]{2}:){31}[0-9a-f]{2}").fullmatch

Fields: TypeAlias = list[tuple[str, Any]]


def _remember(
    known: dict[str, Known], url: str, key: Key, origin: Origin, behind_target: bytes, *, most: int = _MOST_KNOWN
) -> None:
    """Have ``plain_get`` find in *known* what goes with each URL of *origin* that begins as *url* does."""
    prefix = url[: url.find("/", LENGTH_OF_HTTPS)]
    if is_seen(prefix, origin):
        if len(known) >= most:
            known.clear()
        known[prefix] = key, origin, behind_target


class Preparer:
    """Makes jobs of requests: checks them, and serialises their heads."""

    def __init__(
        self,
        settings: Settings,
        policies: Policies,
        now: Callable[[], float],
        unix_names: Collection[tuple[str, int]] = (),
    ) -> None:
        """*now* returns seconds of a monotonic clock.

        *unix_names* are those hosts and ports for which ``resolve=`` has given a Unix socket, now or later.

        Raises InvalidField, InvalidURL, MissingExtra, ValueError or TypeError for invalid settings."""
        self.settings = settings
        self._policies = policies
        self._now = now
        self._unix_names = unix_names
        self._cookie_lines: CookieLines | None = None
        if policies.cookies is not None:
            from .cookie_field import CookieLines  # which imports what every jar comes from, and few programs need

            self._cookie_lines = CookieLines(policies.cookies)
        self.late_fields: set[str] = set() if self._cookie_lines is None else {"cookie"}
        """Which fields ``add_late_fields`` may add; where there are none, it need not be called. It may get more."""
        self._sessions: Sessions | None = None
        given = settings.headers
        pairs = list(given) if given is not None else [("Accept", "*/*"), ("User-Agent", USER_AGENT)]
        self._plain: dict[str, Any] = {name: value for name, value in pairs if value is not None}
        self._left_out = [(name, value) for name, value in pairs if value is None]
        names = {_name(name) for name, _ in pairs}
        self._is_plain_unusual = not names.isdisjoint(("connection", "expect", "proxy-authorization"))
        if len(names) < len(pairs):
            raise InvalidField("expected each name once in the headers that go with every request")
        self._chooses_codings = "accept-encoding" not in names
        if self._chooses_codings:
            self._plain["Accept-Encoding"] = _IDENTITY if "range" in names else content_coding.accept_encoding()
        self._plain_of_head = {**self._plain, "Accept-Encoding": _IDENTITY} if self._chooses_codings else self._plain
        self._has_cookie_field = "cookie" in names
        self._has_host = "host" in names
        self._check_own(pairs)
        _check_context(settings.context)
        self._tls = (settings.context, settings.server_hostname, _fingerprint(settings.fingerprint))
        if settings.proxy is not None and settings.proxy != DIRECT:
            parse_proxy(settings.proxy)
        self._environment = EnvironmentProxies() if settings.trust_env else None
        is_direct = settings.proxy == DIRECT or (settings.proxy is None and self._environment is None)
        # Otherwise a bare URL needs no Request: nothing can change what is sent for it.
        is_in_names = not names.isdisjoint(("connection", "proxy-authorization"))
        self._needs_request = policies.shapes_requests or not is_direct or bool(self._left_out) or is_in_names
        self._around_host = self._find_around_host()
        # Which closes, with *strict*, behind what an answer to HEAD announces and leaves out.
        self.known_requests = KnownRequests(policies.may_go_on, reads_head_fast=not settings.strict)
        self._repeated = RepeatedHeads()
        self._not_asked: dict[Key, float] = {}
        self.fast_path = FastPath(settings, policies)

    @property
    def known(self) -> KnownRequests | None:
        """What makes jobs of URLs and requests; None where these do not say all that there is to know."""
        return None if self._needs_request else self.known_requests

    def prepare_url(self, url: str, index: int) -> Job:
        """Return the job to GET *url*. Raises InvalidURL, InvalidField, TypeError."""
        if self._needs_request:
            return self.prepare(Request("GET", url), index)
        found = plain_get(self.known_requests.sites, url) or self._get_of_new_origin(url)
        if found is None:
            return self.prepare(Request("GET", url), index)
        (key, origin, _), head = found
        return Job(url, index, key, origin, "GET", head)

    def _get_of_new_origin(self, url: str) -> tuple[Known, bytes] | None:
        """As ``plain_get``, which knows the origin of *url* from now on, or for what is unusual in *url*.

        None where a Request is needed. Raises as ``prepare_url``.
        """
        if self._around_host is None:
            return None
        plain = parse_plain(url) if type(url) is str else None
        if plain is not None:
            origin, target, prefix = plain
            known = self._known_of(origin)
            sites = self.known_requests.sites
            if len(sites) >= _MOST_KNOWN:
                sites.clear()
            sites[prefix] = known
        else:
            try:
                origin, target = parse_url(url)
            except CredentialsInURL:
                return None
            known = self._known_of(origin)
            _remember(self.known_requests.sites, url, *known)
        head = _backends.selected.frame_target(b"GET ", target, 0, known[2])
        return None if head is None else (known, head)

    def _known_of(self, origin: Origin) -> Known:
        """Return what goes with each bare URL of *origin*."""
        assert self._around_host is not None
        front, behind = self._around_host
        key = origin.key + self._tls if origin.is_tls else self._key(None, origin)
        if self._policies.paces.is_by_host:
            self._policies.paces.learn(origin)
        return key, origin, b"".join((front, origin.host_field, behind)) if front else behind

    def _find_around_host(self) -> tuple[bytes, bytes] | None:
        """Return what stands between the target and the value of Host in a GET of a bare URL, and what is behind that.

        (b"", all) where Host is among the fields that go with every request; None where one of those is unusual.
        """
        head = _backends.selected.serialize_request_head("GET", "/", _A_HOST, self._plain, -1)
        if head is None:
            return None
        behind_target = head.removeprefix(b"GET /")
        if self._has_host:
            return b"", behind_target
        front, _, behind = behind_target.partition(_A_HOST)
        return front, behind

    def prepare(self, request: Request, index: int = 0) -> Job:
        """Return the job of *request*.

        Raises InvalidURL, InvalidField, MissingDecoder, ValueError, TypeError, and what a hook raises.
        """
        job = self.prepare_known(request, index)
        if job is not None:
            return job
        if self._policies.has_hooks:
            return finished(self.prepare_awaiting(request, index))
        fields = pairs_of(request.headers)
        job = self._prepare(request, fields, index, None, None)
        job.own = fields
        self._learn(request, job, fields)
        return job

    def prepare_known(self, request: Request, index: int) -> Job | None:
        """Return the job of *request*, made of what one like it has come to; None where all has to be looked at."""
        if self._needs_request:
            return None
        job: Job | None = self.known_requests.job_of(request, index)
        return job or self.prepare_repeated(request, index)

    def prepare_repeated(self, request: Request, index: int) -> Job | None:
        """As ``prepare_known``, for a request with content that is at hand; None for any other."""
        told = None if self._is_plain_unusual else request.content_alone()
        if told is None:
            return None
        method, url, body, json = told
        if not _is_at_hand(body, json):
            return None
        found = self._repeated.find(method, url)
        if found is None:
            return None
        known, target = found
        job = Job(request, index, known.key, known.origin, method, b"")
        if not is_read_as_others(request) and not self.known_requests.is_known_reading(job, request):
            return None
        framed = (body, len(body), None) if type(body) is bytes and json is None else _framed(request, method)
        head = known.head_for(target, framed)
        if head is None:
            return None
        job.head = head
        _put_body(job, framed)
        return job

    def _layouts_of(self, method: str, decode: bool) -> Layouts:
        """Return the layouts of what is asked for so: what HEAD sends differs, and what is judged with *decode*."""
        known = self.known_requests
        return known.layouts if method == "GET" and decode else known.other_layouts.setdefault((method, decode), {})

    def _learn(self, request: Request, job: Job, fields: Fields) -> None:
        """Keep of *job* what makes others of its kind: see ``prepare_known``."""
        method = job.method
        if self._needs_request or job.closes:
            return
        if job.framed is not None:
            if not self._is_plain_unusual and request.content_alone() and _is_at_hand(request.body, request.json):
                self._repeated.learn(job, request.url)
                self._learn_reading(request, job)
            return
        if method not in ("GET", "HEAD") or not is_sent_as_others(request):
            return
        known = self.known_requests.sites_by_head if method == "HEAD" else self.known_requests.sites
        shared = self._plain_of_head if method == "HEAD" else self._plain
        bare = _backends.selected.serialize_request_head(method, "/", job.origin.host_field, shared, -1)
        if bare is None:
            return
        _remember(known, request.url, job.key, job.origin, bare[len(method) + len(" /") :])
        self._learn_reading(request, job)
        layouts = self._layouts_of(method, request.decode)
        layout = layout_of(job.head, job.origin, fields, has_host=self._has_host)
        if layout is not None:
            if len(layouts) >= _MOST_LAYOUTS:
                layouts.clear()
            layouts[tuple(name for name, _ in fields)] = layout
            self.known_requests.layout = None  # which may be of the same names

    def _learn_reading(self, request: Request, job: Job) -> None:
        reading = reading_of(request)
        is_usual = request.sink is None or type(request.sink) in FILES  # others have to be looked at each time
        if reading is not None and is_usual and isinstance(request.timeout, Timeout | None):
            readings = self.known_requests.readings
            if len(readings) >= _MOST_LAYOUTS:
                readings.clear()
            readings[reading] = request.retry, job.reader

    def _note_options(self, job: Job, request: Request) -> None:
        """Have *job* go by what *request* says of its time and its response. Raises OSError, TypeError for the sink."""
        if request.timeout is not None:
            job.timeout = Timeout.of(request.timeout)
        if request.sink is not None:
            check_sink(request.sink)
            job.may_go_on = self._policies.may_go_on
            if not is_file_object(request.sink):
                job.is_plain = job.may_read_fast = False  # a path is more work than all that would be saved
        job.reader = self.fast_path.reader_for(request)

    async def prepare_awaiting(self, request: Request, index: int = 0) -> Job:
        """As ``prepare``, where there are hooks, which may have to be awaited."""
        shaped, fields, own, is_moved = await self._shape(request, pairs_of(request.headers))
        job = self._prepare(shaped, fields, index, None, None)
        job.own = own
        return self._led(job) if is_moved else job

    def prepare_given(self, request: Request, fields: tuple[Field, ...], index: int = 0, target: str = "") -> Job:
        """Return the job of *request* as another library has made it: with *fields*, and none of ours.

        They are the request's own; cookies, credentials and codings are that library's. Where the response has come
        with its head, it is handed out whole even if it is to be streamed. *target* replaces that of the URL.
        Raises as ``prepare``.
        """
        known = None if target else self.known_requests.job_given(request, fields, index)
        if known is not None:  # a GET that differs from one before in nothing but its path
            return known
        is_plain = not target and is_given_plainly(request)
        origin, target_of_url = parse_url(request.url)
        method = request.method
        _check_request(request)
        given = given_fields(fields)
        framed, lines = given_body(request, given)
        key = self._key(request, origin)
        proxy = self._proxy(request, origin)
        added: Fields = [("Proxy-Authorization", "")] if given.has_proxy_authorization else []
        target = target or target_of_url
        if proxy is not None:  # else who has made the request knows whom it is for
            target = self._target_for(proxy, origin, target, added)
            key += (proxy.key,)
            if added and not given.has_proxy_authorization:
                lines += b"Proxy-Authorization: %b\r\n" % added[0][1].encode("latin-1")
        host = b"" if given.has_host else b"Host: %b\r\n" % origin.host_field
        head = serialize_request_head(method, target, (host, given.lines, lines), strict=self.settings.strict)
        job = Job(request, index, key, origin, method, head)
        job.takes_cookies = False
        job.timeout = None if request.timeout is None else Timeout.of(request.timeout)
        job.proxy = proxy
        job.expects_continue = given.expects_continue and framed[0] is not None
        job.closes = given.closes
        job.may_come_whole = job.is_plain = job.may_read_fast = not given.closes and method not in ("HEAD", "CONNECT")
        job.reader = self.fast_path.reader_for(request)
        _put_body(job, framed)
        if is_plain and proxy is None and self._environment is None and not given.closes:
            self._learn_given(request, fields, job, head[len("GET ") + len(target) :])
        return job

    def _learn_given(self, request: Request, fields: tuple[Field, ...], job: Job, behind_target: bytes) -> None:
        """Keep of *job* what makes others with the same fields: see ``KnownRequests.job_given``."""
        said = (fields, request.context, request.server_hostname, request.fingerprint)
        given = self.known_requests.given
        if said not in given and len(given) >= _MOST_GIVEN:
            given.clear()
        known = given.setdefault(said, {})
        _remember(known, request.url, job.key, job.origin, behind_target, most=_MOST_KNOWN // _MOST_GIVEN)
        self._learn_reading(request, job)

    async def prepare_hop(self, request: Request, job: Job, trail: Trail, *, keeps_content: bool) -> Job:
        """Return the job of *request*, to which a redirect or a hook leads from *job*. Raises as ``prepare``."""
        shaped, fields, own, is_moved = await self._shape(request, pairs_of(request.headers))
        before = job.request
        is_same_content = keeps_content and (
            isinstance(before, Request) and shaped.body is before.body and shaped.json is before.json
        )
        next_job = self._prepare(shaped, fields, job.index, trail, job.framed if is_same_content else None)
        next_job.own = own
        next_job.is_plain = next_job.may_read_fast = False  # its response has a history, which the fast path has not
        next_job.timeout = next_job.timeout or self.settings.timeout
        return self._led(next_job) if is_moved or trail.has_left_origin else next_job

    def _led(self, job: Job) -> Job:
        """Return *job*, marked as sent to another origin by a redirect or a hook.

        Raises AddressNotAllowed for a Unix socket that is known: a connection to it may be open. Else it is found out
        where the connection is made.
        """
        if job.proxy is None and (job.origin.host, job.origin.port) in self._unix_names:
            raise AddressNotAllowed(f"a redirect or a hook leads to a Unix socket: {job.origin}")
        job.is_led = True
        return job

    async def _shape(self, request: Request, own: Fields) -> tuple[Request, Fields, Fields, bool]:
        """Return *request* as the hooks want it, its fields then, those of its own, and whether its origin is another.

        *own* are the fields that it has now. A hook has a copy to itself, and is asked again after a redirect: what it
        adds is in no other request. What was for the origin of that URL stays behind, where a hook sends it elsewhere.
        """
        if not self._policies.has_hooks:
            return request, own, own, False
        shaped = await self._policies.shape(request.replaced(headers=[*own]))
        fields = pairs_of(shaped.headers)
        before, after = parse_url(request.url)[0], parse_url(shaped.url)[0]
        if after.key == before.key:
            return shaped, fields, own, False
        bound = [pair for pair in own if pair[1] is not None and is_bound_to_origin(_name(pair[0]))]
        fields, own = ([pair for pair in pairs if pair not in bound] for pairs in (fields, own))
        auth = None if shaped.auth is request.auth else shaped.auth
        name = shaped.server_hostname
        if after.host != before.host and name == request.server_hostname:
            name = None
        return shaped.replaced(headers=fields, auth=auth, server_hostname=name), fields, own, True

    def add_late_fields(self, job: Job) -> None:
        """Put cookies and credentials of this moment into ``head_to_send``. To be called each time that it is sent."""
        if job.late_head is not None:
            job.late_head = None
        cookies = answer = None
        if self._cookie_lines is not None and job.takes_cookies:
            url = job.request if isinstance(job.request, str) else job.request.url
            cookies = self._cookie_lines.line_for(job.origin, url)
        if job.authentication is not None:
            answer = job.authentication.field_value()
        if not cookies and answer is None:
            return
        fields, end, body = job.head.partition(b"\r\n\r\n")
        lines = [fields]
        if cookies and b"\r\ncookie:" not in fields.lower():  # else it has some of its own
            lines.append(cookies)
        if answer is not None:
            lines.append(b"Authorization: " + answer)
        if len(lines) > 1:
            job.late_head = b"".join((b"\r\n".join(lines), end, body))

    def add_cookie_line(self, job: Job, line: bytes) -> None:
        """As ``add_late_fields``, for the job of a bare URL, with what ``line_for_all`` has said."""
        job.late_head = b"".join((job.head[: -len(b"\r\n")], line, b"\r\n\r\n")) if line else None

    def line_for_all(self, origin: Origin) -> bytes | None:
        """Return the field line that ``add_late_fields`` puts now into any bare job for *origin*, b"" for none.

        None where it depends on the target, or cannot be known.
        """
        lines = self._cookie_lines
        return b"" if lines is None or self._has_cookie_field else lines.line_for_all(origin)

    def _prepare(
        self, request: Request, own: list[tuple[str, Any]], index: int, trail: Trail | None, framed: Framed | None
    ) -> Job:
        origin, target = parse_url(request.url)
        method = request.method
        _check_request(request)
        if self._policies.paces.is_by_host:
            self._policies.paces.learn(origin)
        own, left_out, framed = self._own_fields(request, own, framed or _framed(request, method))
        body, length, _ = framed
        key = self._key(request, origin)
        proxy = self._proxy(request, origin)
        auth = self._credentials(own, request, origin, trail)
        digest_target = target  # as the origin has it, whatever a proxy is told
        asked = own if request.validators is None else _with_validators(own, request)
        fields = self._merged([*asked, ("Authorization", auth)] if isinstance(auth, str) else asked, trail, method)
        has_more = bool(own) or self._is_plain_unusual  # fields that may say something of the way
        if has_more or proxy is not None:
            target = self._target_for(proxy, origin, target, fields)
        if proxy is not None:
            key += (proxy.key,)
        can_wait = body is not None and self.settings.expect_timeout_s is not None
        has_asked = can_wait and "expect" not in left_out and self._ask_first(body, length, fields, _way(origin, proxy))
        head = self._serialize(method, target, origin, fields, length, left_out)
        job = Job(request, index, key, origin, method, head)
        if "cookie" in left_out:
            job.takes_cookies = False
        job.trail = trail
        if proxy is not None:
            job.proxy = proxy
        if has_more or has_asked:
            lowered = head.lower()
            if can_wait and b"\r\nexpect:" in lowered:
                job.expects_continue = expects_continue(head.split(b"\r\n"))
                job.has_asked = has_asked
            if b"\r\nconnection:" in lowered:
                job.closes = asks_to_close(head.split(b"\r\n"))
        job.may_read_fast = (
            not job.closes  # the fast path goes by the response alone
            and method != "CONNECT"
            and not (method == "HEAD" and self.settings.strict)
            and not request.wire
        )
        job.is_plain = job.may_read_fast and method != "HEAD"
        self._note_options(job, request)
        _put_body(job, framed)
        if isinstance(auth, Digest):
            self._authenticate(job, auth, digest_target, body)
        return job

    def _authenticate(self, job: Job, digest: Digest, target: str, body: Body) -> None:
        """Have *job* send what makes *digest* answers of, once its origin has asked."""
        from ..policies.digest import Authentication, Sessions  # which few programs need

        if self._sessions is None:
            self._sessions = Sessions()
            self.late_fields.add("authorization")
        parts: Callable[[], Iterable[bytes]] | None = None
        if body is None or isinstance(body, bytes):
            parts = lambda: (body or b"",)  # noqa: E731  # the name of it is *parts*
        elif not isinstance(body, ChunkedBody):
            parts = body.parts
        job.authentication = Authentication(self._sessions, digest, job.origin.key, job.method, target, parts)
        job.is_plain = job.may_read_fast = False  # its response is read by who takes note of it

    def _own_fields(self, request: Request, own: Fields, framed: Framed) -> tuple[Fields, frozenset[str], Framed]:
        """Return the fields of *request* with those of its body, the names that are left out, and the body.

        A body whose length nobody knew has the one that a Content-Length of the caller's announces. Raises as
        ``_check_own``.
        """
        body, length, content_type = framed
        if not own and body is None and not self._left_out:
            return own, _NONE_LEFT_OUT, framed
        if self._left_out:
            own = [*(pair for pair in self._left_out if all(_name(pair[0]) != _name(name) for name, _ in own)), *own]
        if isinstance(body, ChunkedBody) and length is None and hasattr(request.body, "read"):
            announced = next((str(value) for name, value in own if _name(name) == CONTENT_LENGTH), "")
            if announced.isascii() and announced.isdigit():
                length = int(announced)
                framed = body.announced(length), length, content_type
        left_out = frozenset(_name(name) for name, value in own if value is None)
        if content_type is not None:
            if all(_name(name) != "content-type" for name, _ in own):
                own = [*own, ("Content-Type", content_type)]
            elif content_type.startswith("multipart/"):
                raise InvalidField("the Content-Type of a form with files is set here: it tells where each part ends")
        self._check_own(own, length, decode=request.decode)
        return own, left_out, framed

    def _credentials(
        self, own: list[tuple[str, Any]], request: Request, origin: Origin, trail: Trail | None
    ) -> str | Digest | None:
        """Return the value of an Authorization field for *origin*, or what makes it; None where *own* has one, or none.

        A netrc file knows hosts, not ports and schemes: where another origin led here, it is not asked.
        """
        if request.auth is not None:
            value: str | Digest | None = checked_auth(request.auth)
        else:
            is_first = trail is None or not trail.has_left_origin
            value = self._policies.credentials.value_for(origin, by_host=is_first)
        if value is None or any(_name(name) == "authorization" for name, _ in own):
            return None
        return value

    def _key(self, request: Request | None, origin: Origin) -> Key:
        """Return what tells the connections apart that may carry *request*, but for the proxy.

        Raises FingerprintMismatch where a certificate has to be shown, and there is none: the one who leads a request
        from https to http must not decide that.
        """
        if not origin.is_tls:
            if self._tls[2] is not None or (request is not None and request.fingerprint is not None):
                raise FingerprintMismatch(f"a fingerprint was asked for, and {origin} shows no certificate")
            return origin.key
        assert request is not None
        _check_context(request.context)
        context, server_hostname, fingerprint = self._tls
        return (
            *origin.key,
            request.context or context,
            request.server_hostname or server_hostname,
            _fingerprint(request.fingerprint) or fingerprint,
        )

    def _proxy(self, request: Request, origin: Origin) -> Proxy | None:
        """Return the proxy that *request* goes through. Raises InvalidURL, MissingExtra."""
        url = request.proxy if request.proxy is not None else self.settings.proxy
        if url is not None:
            return None if url == DIRECT else parse_proxy(url)
        return self._environment.find(origin) if self._environment is not None else None

    def _target_for(self, proxy: Proxy | None, origin: Origin, target: str, fields: Fields) -> str:
        """Return the request-target for *proxy*; where that is who reads the head, *fields* get its credentials.

        Raises InvalidField for a Proxy-Authorization that would go to the origin (CVE-2023-32681).
        """
        is_given = any(_name(name) == "proxy-authorization" for name, _ in fields)
        if proxy is None or not proxy.forwards(origin):
            if is_given:
                raise InvalidField(
                    f"Proxy-Authorization would go {'' if proxy is None else 'through the tunnel '}to the origin; "
                    "user name and password belong into the URL of the proxy"
                )
            return target
        if proxy.authorization is not None and not is_given:
            fields.append(("Proxy-Authorization", proxy.authorization))
        return f"{origin.scheme}://{origin.host_field.decode('ascii')}{target}"  # RFC 9112 section 3.2.2

    def _ask_first(self, body: Body, length: int | None, fields: Fields, way: Key) -> bool:
        """Put the question whether the body is wanted into *fields*, for what can be sent but once and may be large.

        Return whether it is asked: not where *way* has led to a 417 lately.
        """
        is_large = length is None or length > _EXPECT_ABOVE_BYTES
        if not isinstance(body, ChunkedBody) or body.is_replayable or not is_large:
            return False
        if any(_name(name) == "expect" for name, _ in fields):
            return False
        if self._now() < self._not_asked.get(way, -math.inf):
            return False
        fields.append(("Expect", "100-continue"))
        return True

    def drop_expect(self, job: Job) -> None:
        """Take the expectation that was added to *job* out of it, and add none for its origin for a while.

        A 417 says only that somebody on the way knows no expectations, an HTTP/1.0 server for example.
        Source: RFC 9110 section 10.1.1.
        """
        job.head = job.head.replace(_EXPECT_LINE, b"", 1)
        job.has_asked = job.expects_continue = False
        if len(self._not_asked) >= _MOST_KNOWN:
            self._not_asked.clear()
        self._not_asked[_way(job.origin, job.proxy)] = self._now() + _NOT_ASKED_FOR_S

    def _serialize(
        self,
        method: str,
        target: str,
        origin: Origin,
        fields: list[tuple[str, Any]],
        length: int | None,
        left_out: frozenset[str],
    ) -> bytes:
        """Return the head; *length* is -1 for no body, None for one that is chunked.

        *left_out* are the names of fields that were given as None; of those that are made here, only Accept-Encoding
        can be.
        """
        asks_for_coding = "accept-encoding" not in left_out
        if length is not None and asks_for_coding and len(fields) == len(named := dict(fields)):
            head = _backends.selected.serialize_request_head(method, target, origin.host_field, named, length)
            if head is not None:
                return head
        names = {_name(name) for name, _ in fields}
        made = [b"" if "host" in names else b"Host: %b\r\n" % origin.host_field]
        if asks_for_coding and "accept-encoding" not in names:
            made.append(b"Accept-Encoding: identity\r\n")
        made.append(framing_line(length))
        given = (encode_told_field_line(name, value) + b"\r\n" for name, value in fields)
        return serialize_request_head(method, target, chain(made, given), strict=self.settings.strict)

    def _merged(self, own: list[tuple[str, Any]], trail: Trail | None, method: str) -> list[tuple[str, Any]]:
        """Return the fields in their order: those that all requests share, unless *own* has them, and then *own*.

        A field of *own* whose value is None leaves out the one of that name. Of those that all share, without what a
        redirect has left behind.

        A range is one of the content as it is asked for, and nobody can use a part of a coded form: so identity is
        asked for (Fetch standard, HTTP-network-or-cache fetch). By HEAD too, whose length is then the content's.
        """
        if not own and trail is None:
            return [*self._plain.items()] if method != "HEAD" else [*self._plain_of_head.items()]
        names = {_name(name) for name, _ in own}
        shared = [(name, value) for name, value in self._plain.items() if _name(name) not in names]
        if self._chooses_codings and (method == "HEAD" or "range" in names):
            shared = [(name, _IDENTITY if name == "Accept-Encoding" else value) for name, value in shared]
        if trail is not None and trail.has_left_origin:
            shared = [(name, value) for name, value in shared if not is_bound_to_origin(_name(name))]
        if trail is not None and trail.has_left_content:
            shared = [(name, value) for name, value in shared if not is_of_content(_name(name))]
        return [*shared, *(pair for pair in own if pair[1] is not None and _name(pair[0]) != CONTENT_LENGTH)]

    def _check_own(self, pairs: list[tuple[str, Any]], length: int | None = -1, *, decode: bool = True) -> None:
        """Raise for a caller's field that contradicts the body, or asks for a coding that is not decoded here."""
        for name, value in pairs:
            lowered = _name(name)
            if value is None:
                if lowered in ("host", CONTENT_LENGTH, TRANSFER_ENCODING):
                    raise InvalidField(f"{name} cannot be left out: the request would not be one, or have another end")
                continue
            if lowered == TRANSFER_ENCODING:
                raise InvalidField("Transfer-Encoding is set here, where the length of the body is not known")
            if lowered == CONTENT_LENGTH and str(value) != str(length if length is None else max(length, 0)):
                has = "has no known length" if length is None else f"has {max(length, 0)} bytes"
                raise InvalidField(f"Content-Length says {value!s:.20}, the body {has}")
            if lowered == "accept-encoding" and decode:
                content_coding.check_asked_for(value if isinstance(value, str) else str(value))


def _is_at_hand(body: Any, json: Any) -> bool:
    """Return whether a content is bytes or made of them at once: neither a file nor parts."""
    kind = type(body)
    return kind is bytes or (body is None and json is not None) or kind is str or (kind is Form and body.files is None)


def _framed(request: Request, method: str) -> Framed:
    """Return the body of *request*. Raises as ``body_of`` and ``form_body``."""
    if isinstance(request.body, Form):
        from .forms import form_body  # which few programs need

        return form_body(request)
    return body_of(request, method)


def _way(origin: Origin, proxy: Proxy | None) -> Key:
    """Return a key for who will answer a request: the origin, or the proxy that forwards to it."""
    return origin.key if proxy is None else (*origin.key, proxy.key)


def _check_request(request: Request) -> None:
    """Raise TypeError, ValueError for an invalid method or option."""
    if type(request.method) is not str or not request.method:
        raise TypeError(f"expected a method as str, got {request.method!r}")
    check_request(request)
    if request.max_content is not None and request.max_content < 0:
        raise ValueError(f"expected max_content of 0 or more, got {request.max_content}")
    if request.redirects is not None:
        checked_redirects(request.redirects)
    if request.retry is not None:
        checked_retry(request.retry)
    if request.validators is not None and request.method not in ("GET", "HEAD"):
        raise ValueError(f"validators ask whether a page has changed, by GET or HEAD, got {request.method!r:.64}")


def _with_validators(own: Fields, request: Request) -> Fields:
    """Return the fields of *request* with the question whether its page has changed: where it is the validators' page.

    An entity tag is one of a single URL, so that a redirect to another page does not take it along, and one to the page
    that it is of does (RFC 9110 section 8.8.3). Both are sent: who knows no entity tags goes by the date (RFC 9111
    section 4.3.1).
    """
    validators = request.validators
    assert validators is not None
    if validators["url"] != without_fragment(request.url):
        return own
    given = {_name(name) for name, _ in own}
    asked = [(field, validators[name]) for name, field in _QUESTIONS.items() if name in validators]
    return [*own, *(pair for pair in asked if pair[0].lower() not in given)]


def _check_context(context: Any) -> None:
    if isinstance(context, str) and context != TRUSTSTORE:
        raise ValueError(f"expected an ssl.SSLContext or {TRUSTSTORE!r} as context, got {quote(context)}")


def _fingerprint(text: str | None) -> bytes | None:
    """Return the SHA-256 that *text* is in hex. Raises ValueError, TypeError."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError(f"expected a fingerprint as str, got {type(text).__name__}")
    lowered = text.lower()
    if not _is_fingerprint(lowered):
        raise ValueError(f"expected a SHA-256 in 64 hex digits as fingerprint, got {quote(text)}")
    return bytes.fromhex(lowered.replace(":", ""))


def _name(name: Any) -> str:
    if isinstance(name, str):
        return name.lower()
    if isinstance(name, bytes):
        return name.decode("latin-1").lower()
    raise TypeError(f"expected the name of a field as str, got {type(name).__name__}")


def _put_body(job: Job, framed: Framed) -> None:
    """Give *job* its body: appended to the head if it is short and is not waiting for "100 Continue"."""
    body, *_ = framed
    if body is not None:
        job.framed = framed
    if isinstance(body, bytes):
        if len(body) <= _SMALL_BODY_BYTES and not job.expects_continue:
            job.head += body
        else:
            job.body = lambda: iter((body,))
    elif body is not None:
        job.body = body.parts
        job.is_replayable = body.is_replayable
    job.is_resendable = job.is_replayable and job.method in IDEMPOTENT_METHODS
