"""Rates: when the next request to an origin may start. A token bucket, a delay, and the gate that Retry-After closes.

An origin is what a rate holds for, whichever way its requests go: by several proxies, or with several TLS contexts.
All times are of one clock, the caller's; none may start earlier than is said here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from .._wire.hosts import parse_bare
from .._wire.urls import Origin

PerHost: TypeAlias = float | Mapping[str, float | None] | Callable[[str], float | None]
"""One number for each host; or by the host's name, where "*" is any other; or a function of it. None: no limit."""

_MOST_AT_REST: Final = 1_000
_MOST_KNOWN: Final = 10_000
_NEVER: Final = -math.inf
_OTHERS: Final = "*"
_NO_LIMITS: Final = (None, 0.0)


class Bucket:
    """A token bucket, which holds one second's worth (at least one), and the delay between two starts.

    Kept as the moment at which it would be full again: nothing has to be filled in while nobody asks.
    """

    __slots__ = ("_delay_s", "_free_at", "_full_at", "_interval_s", "_slack_s")

    def __init__(self, rate: float | None, delay_s: float) -> None:
        self._interval_s = 1 / rate if rate is not None else 0.0
        self._slack_s = (math.floor(rate) - 1) * self._interval_s if rate is not None and rate >= 1 else 0.0
        self._delay_s = delay_s
        self._full_at = _NEVER
        self._free_at = _NEVER

    def ready_at(self) -> float:
        """Return when the next may start; a time gone by for at once."""
        return max(self._full_at - self._slack_s, self._free_at)

    def take(self, now: float) -> float:
        """Take the next start, and return its time: *now* or later."""
        at = max(now, self.ready_at())
        self._full_at = max(self._full_at, at) + self._interval_s
        self._free_at = at + self._delay_s
        return at

    def note(self, now: float) -> None:
        """Note that what has started last got through no earlier than *now*: it counts from here."""
        self._full_at = max(self._full_at, now + self._interval_s)
        self._free_at = max(self._free_at, now + self._delay_s)

    def is_full(self, now: float) -> bool:
        return self._full_at <= now and self._free_at <= now


class Pace:
    """The pace of one origin."""

    __slots__ = ("held_until", "planned", "started")

    def __init__(self, rate: float | None, delay_s: float) -> None:
        self.started = Bucket(rate, delay_s)
        self.planned = Bucket(rate, delay_s)
        """For threads, which each sleep until their turn: it is given out before it comes."""
        self.held_until = _NEVER
        """The gate: nothing starts before."""

    def ready_at(self) -> float:
        """Return when the next request may start; a time gone by for at once."""
        return max(self.started.ready_at(), self.held_until)

    def hold(self, until: float) -> None:
        """Let nothing start before *until*."""
        self.held_until = max(self.held_until, until)

    def is_at_rest(self, now: float) -> bool:
        """Return whether a new one would say the same."""
        return self.held_until <= now and self.started.is_full(now) and self.planned.is_full(now)


class _Limit:
    """A rate or a delay of each host: what was given as *name*, and what is asked of its numbers."""

    def __init__(self, name: str, given: PerHost | None, is_good: Callable[[float], bool], words: str) -> None:
        """Raises TypeError, ValueError."""
        self._name = name
        self._is_good = is_good
        self._words = words
        self.is_given = given is not None
        self.is_by_host = isinstance(given, Mapping) or callable(given)
        self._number: float | None = None
        self._by_host: dict[str, float | None] = {}
        self._ask: Callable[[str], float | None] | None = None
        if isinstance(given, Mapping):
            for host, number in given.items():
                self._by_host[self._host(host)] = self._checked(number, f" for {host!r}")
        elif callable(given):
            self._ask = given
        else:
            self._number = self._checked(given)

    def of(self, host: str) -> float | None:
        """Return the number for *host*, None for no limit. Raises what the function raises, TypeError, ValueError."""
        if self._ask is not None:
            return self._checked(self._ask(host), f" for {host!r}")
        return self._by_host.get(host, self._by_host.get(_OTHERS)) if self._by_host else self._number

    def _host(self, host: object) -> str:
        if not isinstance(host, str):
            raise TypeError(f"expected the names of hosts in {self._name}, got {host!r:.64}")
        try:
            return host if host == _OTHERS else parse_bare(host)
        except ValueError as error:
            raise ValueError(f"expected the names of hosts in {self._name}, without a port: {error}") from error

    def _checked(self, number: object, where: str = "") -> float | None:
        if number is None:
            return None
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise TypeError(f"expected {self._name}{where} as {self._words}, got {number!r:.64}")
        if not self._is_good(number):
            raise ValueError(f"expected {self._name}{where} as {self._words}, got {number!r}")
        return number


class Paces:
    """The paces of all origins that have one now."""

    def __init__(self, rate_per_host: PerHost | None, delay_per_host: PerHost | None) -> None:
        """Raises ValueError for a rate that is not above 0, or a delay below 0; TypeError for what is none."""
        self._rate = _Limit(
            "rate_per_host", rate_per_host, lambda rate: 0 < rate < math.inf, "a number of requests a second, above 0"
        )
        self._delay = _Limit(
            "delay_per_host", delay_per_host, lambda seconds: 0 <= seconds < math.inf, "a number of seconds, 0 or more"
        )
        self.is_by_host = self._rate.is_by_host or self._delay.is_by_host
        """Whether it has to be found out for each host: see ``learn``."""
        self.are_kept = self._rate.is_given or self._delay.is_given
        """Whether there may be a pace for an origin; else there are gates only, for those that have asked for it."""
        self._for_all = None if self.is_by_host else self._limits_for("")
        self._known: dict[str, tuple[float | None, float]] = {}
        self._asked_s: dict[Any, float] = {}
        self._of: dict[Any, Pace] = {}
        self._sweep_above = _MOST_AT_REST

    def learn(self, origin: Origin) -> None:
        """Find out about the host of *origin*, before anything is sent there.

        Raises what a caller's function raises, and ValueError or TypeError for what it returns.
        """
        self._limits_of(origin.key)

    def is_paced(self, key: Any) -> bool:
        """Return whether the requests to the origin with that *key* have to be taken one by one."""
        return self.are_kept and self._limits_of(key) != _NO_LIMITS

    def _limits_of(self, key: Any) -> tuple[float | None, float]:
        """Return the rate and the delay of an origin. Raises as ``learn``."""
        limits = self._for_all
        if limits is None:
            host = key[1]
            limits = self._known.get(host)
            if limits is None:
                if len(self._known) >= _MOST_KNOWN:
                    del self._known[next(iter(self._known))]
                limits = self._known[host] = self._limits_for(host)
        asked_s = self._asked_s.get(key)
        return limits if asked_s is None else (limits[0], max(limits[1], asked_s))

    def _limits_for(self, host: str) -> tuple[float | None, float]:
        return self._rate.of(host), self._delay.of(host) or 0.0

    def slow_down(self, key: Any, delay_s: float, now: float) -> bool:
        """Have *delay_s* at least between two starts at the origin with that *key*, from *now* on; 0 takes it back.

        Return whether that is anything new.
        """
        if delay_s == self._asked_s.get(key, 0.0):
            return False
        self._asked_s.pop(key, None)
        if delay_s:
            if len(self._asked_s) >= _MOST_KNOWN:
                del self._asked_s[next(iter(self._asked_s))]
            self._asked_s[key] = delay_s
            self.are_kept = True
        earlier = self._of.pop(key, None)
        pace = self.of(key, now)
        pace.hold(max(now + delay_s, _NEVER if earlier is None else earlier.ready_at()))
        return True

    def find(self, key: Any) -> Pace | None:
        """Return the pace of the origin with that *key*, None where there is none. To be asked each time."""
        return self._of.get(key)

    def of(self, key: Any, now: float) -> Pace:
        """Return the pace of the origin with that *key*, a new one where there is none. To be asked each time."""
        pace = self._of.get(key)
        if pace is None:
            if len(self._of) >= self._sweep_above:
                self._of = {key: pace for key, pace in self._of.items() if not pace.is_at_rest(now)}
                self._sweep_above = max(_MOST_AT_REST, 2 * len(self._of))
            pace = self._of[key] = Pace(*self._limits_of(key))
        return pace

    def __len__(self) -> int:
        return len(self._of)
