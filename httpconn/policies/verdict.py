"""What comes after an answer: nothing, the same request once more, or the one that a redirect leads to.

``Policies`` is what a pool or fetcher has been told, ``Trail`` what one request has been through. Both drivers ask by
way of ``follow_up.Follower``, which makes the verdict into the next job.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from .._wire.head import ResponseHead, field_values_of
from .._wire.urls import Origin
from ..errors import TooManyRedirects
from ..model import WIRE_ONLY, Request, Response
from .auth import Auth, Credentials
from .cookies import Cookies
from .hooks import Hooks, call, hooks_of, is_awaited
from .rates import Paces, PerHost
from .redirects import DEFAULT_REDIRECTS, Hop, answered, hop, location_of
from .retries import Retry, retry_after_s

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from .digest import Authentication

FIRST_JUDGED: Final = 300
FIRST_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_NO_STATUS: Final = 1000
_MOST_ANSWERS: Final = 10
_EXPECTATION_FAILED: Final = 417
MOST_ARCHIVED_BYTES: Final = 65_536


class Trail:
    """What a request has been through already, and what still binds it."""

    __slots__ = ("answers", "has_left_content", "has_left_origin", "history", "not_before", "retries", "total_at")

    def __init__(self) -> None:
        self.history: list[Response] = []
        self.answers = 0
        """Requests that hooks have answered a response with."""
        self.retries = 0
        """Of the present request, since the last redirect."""
        self.not_before = -math.inf
        """When it may be sent, by the driver's own clock."""
        self.total_at = math.inf
        """The end of ``Timeout.total``, by the driver's own clock; it is the driver's to set."""
        self.has_left_origin = False
        """What is bound to an origin stays behind from here on, and back at it too: another led there."""
        self.has_left_content = False


class Sent(Protocol):
    """A request that has been sent, as far as it is judged by: see ``job.Job``."""

    @property
    def request(self) -> Request | str: ...
    @property
    def origin(self) -> Origin: ...
    @property
    def method(self) -> str: ...
    @property
    def own(self) -> Sequence[tuple[str, Any]]: ...
    @property
    def is_replayable(self) -> bool: ...
    @property
    def has_poured(self) -> bool: ...
    @property
    def may_drop_expect(self) -> bool: ...
    @property
    def may_be_sent_again(self) -> bool: ...
    @property
    def authentication(self) -> Authentication | None: ...
    @property
    def trail(self) -> Trail | None: ...


class Verdict(NamedTuple):
    """What comes after an answer: a hop, the same request again, or neither, where the answer is the result."""

    hop: Hop | None = None
    again_in_s: float | None = None
    hold_s: float = 0.0
    """How long nothing at all may be sent to that origin, whatever becomes of this request."""
    drops_expect: bool = False
    """The same request again, at once, without the expectation that was added to it."""
    is_answer: bool = False
    """Whether the hop is what a hook has answered."""
    answers_challenge: bool = False
    """The same request again, at once, with the credentials that were asked for."""

    @property
    def goes_on(self) -> bool:
        """Whether the answer is not the result."""
        return self.hop is not None or self.again_in_s is not None or self.drops_expect or self.answers_challenge


RESULT: Final = Verdict()


class Policies:
    """What holds for all requests of a pool or a fetcher, unless they have a rule of their own."""

    def __init__(
        self,
        *,
        redirects: int = DEFAULT_REDIRECTS,
        retry: Retry | None = None,
        rate_per_host: PerHost | None = None,
        delay_per_host: PerHost | None = None,
        cookies: CookieJar | None = None,
        auth: Mapping[str, Auth] | None = None,
        netrc: bool | str | os.PathLike[str] = False,
        before_request: Hooks = (),
        after_response: Hooks = (),
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Raises ValueError, TypeError, InvalidURL, InvalidField; OSError and NetrcParseError for a netrc file."""
        self.redirects = checked_redirects(redirects)
        self.retry = checked_retry(retry)
        self.paces = Paces(rate_per_host, delay_per_host)
        self.cookies = None if cookies is None else Cookies(cookies)
        self.credentials = Credentials(auth, netrc)
        self._before = hooks_of(before_request, "before_request")
        self._after = hooks_of(after_response, "after_response")
        self._chance = chance
        self.has_hooks = bool(self._before)
        self.awaits_before = any(map(is_awaited, self._before))
        self.awaits_hooks = self.awaits_before or any(map(is_awaited, self._after))
        """Whether there are coroutine functions among the hooks: what calls them has to be awaited then."""
        self.shapes_requests = bool(self._before or self.credentials)
        """Whether a request to a bare URL is more than that."""
        self.judged_from = 0 if self._after else FIRST_JUDGED
        """The status from which on a response has to be judged."""
        self.retried_from = self.retried_from_by(self.retry)
        """The same, beyond the redirects, for requests without a rule of their own."""

    def retried_from_by(self, retry: Retry | None) -> int:
        """Return the status from which on, beyond the redirects, a response has to be judged by the rule *retry*."""
        if self._after:
            return 0
        return _NO_STATUS if retry is None else min(retry.statuses, default=_NO_STATUS)

    def has_to_judge(self, head: ResponseHead) -> bool:
        """Return whether something may follow from a response: before another request is sent where this one was."""
        return head.status >= self.judged_from or (
            self.cookies is not None and head.get_joined("set-cookie") is not None
        )

    async def shape(self, request: Request) -> Request:
        """Return *request* as the hooks want it. Raises what they raise."""
        for hook in self._before:
            changed = await call(hook, request)
            if changed is not None:
                if not isinstance(changed, Request):
                    raise TypeError(f"expected a Request or None from a hook, got {type(changed).__name__}")
                request = changed
        return request

    def take_cookies(self, url: str, head: ResponseHead) -> None:
        """Take the cookies of a response from *url*, where there is a jar."""
        if self.cookies is not None:
            self.cookies.take(url, head)

    async def take_note(self, url: str, response: Response) -> Request | None:
        """Take the cookies of *response*, and show it to the hooks; return the request that one of them wants sent now.

        Raises what they raise, and TypeError where there is none to be sent.
        """
        if response._head is not None:
            self.take_cookies(url, response._head)
        answer = None
        for hook in self._after:
            told = await call(hook, response)
            if told is None:
                continue
            if not isinstance(told, Request):
                raise TypeError(f"expected a Request or None from a hook after a response, got {type(told).__name__}")
            if not _may_be_answered(response.status):
                raise TypeError(f"a hook can answer a response of 400 to 499 with a request, got a {response.status}")
            answer = answer or told
        return answer

    def decide_answered(self, job: Sent, request: Request) -> Verdict:
        """Return what comes after a response to *job* that a hook has answered with *request*.

        It goes the way of a redirect: what was for the origin stays there, and the hooks before a request are asked.
        Raises TooManyRedirects, ValueError for a body that cannot be read again, InvalidURL, UnsupportedScheme.
        """
        if job.trail is not None and job.trail.answers >= _MOST_ANSWERS:
            raise TooManyRedirects(f"hooks have answered {_MOST_ANSWERS} responses to one request with another one")
        before = job.request if isinstance(job.request, Request) else Request("GET", job.request)
        if request.body is not None and request.body is before.body and not job.may_be_sent_again:
            raise ValueError("a hook has answered with a body that was read already, and can be read but once")
        return Verdict(answered(request, before, job.own, job.origin), is_answer=True)

    def may_go_on(self, job: Sent, head: ResponseHead) -> bool:
        """Return whether this may be no result, so that its content must not go where a result's goes."""
        if self._after and _may_be_answered(head.status):
            return True
        if location_of(head.status, field_values_of(head, "location")[:1]) is not None:
            return self._most_redirects(job) > 0
        if head.status == _EXPECTATION_FAILED and job.may_drop_expect:
            return True
        if _answers_challenge(job):
            return True
        retry = self._retry_of(job)
        return retry is not None and head.status in retry.statuses and self._retries_left(job, retry)

    def decide(self, job: Sent, head: ResponseHead, left_s: float, wall_s: float) -> Verdict:
        """Return what comes after a response to *job*.

        *left_s* is what is left of ``Timeout.total``, *wall_s* the time since the epoch. Raises TooManyRedirects,
        InvalidURL, UnsupportedScheme.
        """
        if FIRST_JUDGED <= head.status < FIRST_ERROR:
            return self._decide_redirect(job, head)
        if head.status == _EXPECTATION_FAILED and job.may_drop_expect:
            return Verdict(drops_expect=True)
        if _answers_challenge(job):
            return Verdict(answers_challenge=True)
        retry = self._retry_of(job)
        if retry is None or head.status not in retry.statuses:
            return RESULT
        asked_s = _asked_s(head, wall_s)
        hold_s = 0.0 if asked_s is None else min(asked_s, retry.max_retry_after_s)
        if self._retries_left(job, retry) and (asked_s is None or asked_s <= retry.max_retry_after_s):
            trail = job.trail
            backoff_s = retry.backoff_after(trail.retries if trail is not None else 0, self._chance())
            wait_s = max(backoff_s, hold_s)
            if wait_s < left_s:
                return Verdict(again_in_s=wait_s, hold_s=hold_s)
        return Verdict(hold_s=hold_s)

    def hold_after(self, job: Sent, head: ResponseHead, wall_s: float) -> float:
        """Return ``hold_s`` of what ``decide`` will say: for who must know it before anything else is sent."""
        retry = self._retry_of(job)
        if retry is None or head.status not in retry.statuses:
            return 0.0
        asked_s = _asked_s(head, wall_s)
        return 0.0 if asked_s is None else min(asked_s, retry.max_retry_after_s)

    def decide_failed(self, job: Sent, error: BaseException, left_s: float, *, is_harmless: bool) -> Verdict:
        """Return what comes after *error*, in the place of a response to *job*.

        *is_harmless*: the error is of a kind that is always retried, see ``outcome.note_failure``.
        """
        retry = self._retry_of(job)
        if retry is None or not (is_harmless or isinstance(error, retry.errors)) or not self._retries_left(job, retry):
            return RESULT
        trail = job.trail
        wait_s = retry.backoff_after(trail.retries if trail is not None else 0, self._chance())
        return Verdict(again_in_s=wait_s) if wait_s < left_s else RESULT

    def _decide_redirect(self, job: Sent, head: ResponseHead) -> Verdict:
        most = self._most_redirects(job)
        location = location_of(head.status, field_values_of(head, "location")) if most else None
        if location is None or job.method == "CONNECT":
            return RESULT
        request = job.request if isinstance(job.request, Request) else Request("GET", job.request)
        found = hop(request, job.own, job.origin, head.status, location, is_replayable=job.is_replayable)
        if found is not None and job.trail is not None and len(job.trail.history) >= most:
            raise TooManyRedirects(f"got more than {most} redirects (redirects)")
        return Verdict(found)

    def _most_redirects(self, job: Sent) -> int:
        request = job.request
        told = None if isinstance(request, str) else request.redirects
        return self.redirects if told is None else told

    def _retry_of(self, job: Sent) -> Retry | None:
        request = job.request
        told = None if isinstance(request, str) else request.retry
        return self.retry if told is None else told

    def _retries_left(self, job: Sent, retry: Retry) -> bool:
        retries = job.trail.retries if job.trail is not None else 0
        return retry.allows(job.method, retries, is_replayable=job.is_replayable and not job.has_poured)


def _may_be_answered(status: int) -> bool:
    """Return whether a hook may answer such a response: the content of others may be on its way to who reads it."""
    return FIRST_ERROR <= status < _SERVER_ERROR


def _answers_challenge(job: Sent) -> bool:
    found = job.authentication
    return found is not None and found.is_challenged and job.may_be_sent_again and not job.has_poured


def _asked_s(head: ResponseHead, wall_s: float) -> float | None:
    asked, date = (", ".join(field_values_of(head, name)) or None for name in ("retry-after", "date"))
    return retry_after_s(asked, date, wall_s)


def archive(response: Response) -> Response:
    """Return *response* as it goes into a history: with the beginning of its content, and of its message."""
    kept: Any = response._sent
    wire = None if kept is None else kept.wire
    is_cut = len(response._content) > MOST_ARCHIVED_BYTES
    if is_cut or wire is not None:
        response._content = response._content[:MOST_ARCHIVED_BYTES]
        if wire is not None:
            wire = wire.beginning(len(response.raw_head) + MOST_ARCHIVED_BYTES)
        response._sent = (kept or WIRE_ONLY).with_wire(wire, is_cut=is_cut)
    return response


def checked_redirects(redirects: object) -> int:
    """Return *redirects*. Raises TypeError, ValueError."""
    if not isinstance(redirects, int) or isinstance(redirects, bool):
        raise TypeError(f"expected redirects as the number that is followed, 0 for none, got {redirects!r:.64}")
    if redirects < 0:
        raise ValueError(f"expected redirects of 0 or more, got {redirects}")
    return redirects


def checked_retry(retry: object) -> Retry | None:
    """Return *retry*. Raises TypeError."""
    if retry is not None and not isinstance(retry, Retry):
        told = f", httpconn.Retry({retry}) say" if isinstance(retry, int) and not isinstance(retry, bool) else ""
        raise TypeError(f"expected retry as a Retry{told}, or None, got {retry!r:.64}")
    return retry
