"""Rates: when the next request to an origin may start. A token bucket, a delay, and the gate that Retry-After closes.

An origin is what a rate holds for, whichever way its requests go: by several proxies, or with several TLS contexts.
All times are of one clock, the caller's; none may start earlier than is said here.
"""

from __future__ import annotations

import math
from typing import Any, Final

_MOST_AT_REST: Final = 1_000
_NEVER: Final = -math.inf


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


class Paces:
    """The paces of all origins that have one now."""

    def __init__(self, rate_per_host: float | None, delay_per_host: float | None) -> None:
        """Raises ValueError for a rate that is not above 0, or a delay below 0."""
        if rate_per_host is not None and not 0 < rate_per_host < math.inf:
            raise ValueError(f"expected a rate_per_host above 0 requests a second, got {rate_per_host!r}")
        if delay_per_host is not None and not 0 <= delay_per_host < math.inf:
            raise ValueError(f"expected a delay_per_host of 0 s or more, got {delay_per_host!r}")
        self.are_kept = rate_per_host is not None or delay_per_host is not None
        """Whether there is a pace for every origin; else there are gates only, for those that have asked for it."""
        self._rate = rate_per_host
        self._delay_s = delay_per_host or 0.0
        self._of: dict[Any, Pace] = {}
        self._sweep_above = _MOST_AT_REST

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
            pace = self._of[key] = Pace(self._rate, self._delay_s)
        return pace

    def __len__(self) -> int:
        return len(self._of)
