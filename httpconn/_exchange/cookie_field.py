"""The field line with a request's cookies, kept for as long as the jar would say the same.

Asking a jar takes 20 us or more per request, whatever it holds. So its answer for an origin is cached, together
with all that the answer came from, and given again while that has not changed. What it came from is known of the
standard library's own jar and policy only; any other is asked each time.
"""

from __future__ import annotations

import time
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from operator import attrgetter
from typing import Any, Final, NamedTuple

from .. import _backends
from .._wire.request import encode_told_field_line
from .._wire.urls import Origin
from ..policies.cookies import Cookies, domains_for

_MOST_KEPT: Final = 10_000

# What a jar's answer to a request comes from, but for what is in it; and of its policy, which must be the standard one.
_JAR_STEPS: Final = (
    "add_cookie_header",
    "_cookies_for_request",
    "_cookies_for_domain",
    "_cookie_attrs",
    "clear_expired_cookies",
    "clear",
)
_JAR_ORIGINALS: Final = tuple(getattr(CookieJar, name) for name in _JAR_STEPS)
_POLICY_STEPS: Final = tuple(
    name for name in vars(DefaultCookiePolicy) if "return_ok" in name or name.startswith("is_")
)
_POLICY_ORIGINALS: Final = tuple(getattr(DefaultCookiePolicy, name) for name in _POLICY_STEPS)
_settings_of: Final = attrgetter(*sorted(vars(DefaultCookiePolicy()).keys() - {"_now", "secure_protocols"}))


class _Kept(NamedTuple):
    """What a jar has said of an origin."""

    state: tuple[Any, ...]
    """What that came from, as ``_state_for`` tells it."""
    until: float
    """When one of the cookies expires."""
    line: bytes


class CookieLines:
    """What ``policies.cookies`` says, as field lines."""

    def __init__(self, cookies: Cookies) -> None:
        self._cookies = cookies
        self._jar: Any = cookies.jar
        self._kept: dict[Origin, _Kept] = {}

    def line_for(self, origin: Origin, url: str) -> bytes:
        """Return the field line with the cookies for a request to *url*, which is at *origin*; b"" for none.

        Raises InvalidField for a cookie that no field can hold; what the jar raises.
        """
        line = self.line_for_all(origin)
        return self._ask(url) if line is None else line

    def line_for_all(self, origin: Origin) -> bytes | None:
        """Return what ``line_for`` would for any URL at *origin*; None where the jar has to be asked for each."""
        state = self._state_for(origin)
        kept = self._kept.get(origin)
        if not state:
            if kept is not None:
                self._kept.pop(origin, None)  # what was a secret is not held for longer than the jar does
            return None if state is None else b""
        if kept is not None and kept.state == state and time.time() < kept.until:
            return kept.line
        return self._keep(origin, state)

    def _keep(self, origin: Origin, state: tuple[Any, ...]) -> bytes | None:
        """Ask the jar, and keep its answer where it is one for all targets."""
        try:
            line = self._ask(f"{origin}/")
            until = min((float(part.expires) for part in state if type(part) is Cookie and part.expires is not None),
                        default=float("inf"))  # fmt: skip
        except Exception:
            return None  # for ``line_for`` to raise again, where there is a request whose result it is
        if self._state_for(origin) != state:
            return None  # a cookie has expired, or another thread changes the jar
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[origin] = _Kept(state, until, line)
        return line

    def _state_for(self, origin: Origin) -> tuple[Any, ...] | None:
        """Return all that the jar's answer for *origin* comes from, () where it has no cookies for it.

        None where it comes from more than that: the target, which a cookie's path is held against, or what somebody has
        put into the place of the standard library's own.
        """
        jar = self._jar
        replaces_any = _backends.selected.replaces_any
        try:
            if replaces_any(jar, _JAR_STEPS, _JAR_ORIGINALS):
                return None
            with jar._cookies_lock:
                by_domain = jar._cookies
                if not by_domain:
                    return ()
                policy = jar._policy
                if replaces_any(policy, _POLICY_STEPS, _POLICY_ORIGINALS):
                    return None
                domains = domains_for(origin)
                if by_domain.keys().isdisjoint(domains):
                    return ()
                # In this order and not the jar's: it tells in which order cookies of two domains stand, and no more.
                state: list[Any] = [policy, tuple(policy.secure_protocols), *_settings_of(policy)]
                for by_path in [by_domain[domain] for domain in domains if domain in by_domain]:
                    for path, by_name in by_path.items():
                        if path != "/":
                            return None
                        for cookie in by_name.values():
                            if type(cookie) is not Cookie:
                                return None
                            state.append(cookie)
                            state += cookie.__dict__.values()
        except (AttributeError, RuntimeError):  # not a standard jar; or changed by somebody without its lock
            return None
        return tuple(state)

    def _ask(self, url: str) -> bytes:
        value = self._cookies.value_for(url)
        return b"" if value is None else encode_told_field_line("Cookie", value)
