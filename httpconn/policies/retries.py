"""Retries: what may be sent again, how often and how late; Retry-After."""

from __future__ import annotations

import email.utils
from collections.abc import Iterable
from datetime import UTC
from typing import Any, Final, Never

from ..errors import unknown_option

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Source: RFC 9110 section 9.2.2."""

_MOST_DOUBLINGS: Final = 60
_SEVERAL: Final = {"statuses": "(503,)", "errors": "(httpconn.ReadTimeout,)", "methods": '("POST",)'}
_OF_OTHERS: Final = {
    "allowed_methods": "methods=",
    "backoff_factor": "backoff_s=",
    "backoff_jitter": "jitter=, a share of the wait",
    "backoff_max": "max_backoff_s=",
    "max_retries": "attempts=",
    "raise_on_status": "response.raise_for_status()",
    "respect_retry_after_header": "max_retry_after_s=, 0 for not at all",
    "retries": "attempts=",
    "retry_after_max": "max_retry_after_s=",
    "status_forcelist": "statuses=",
    "total": "attempts=",
}
"""Of urllib3's Retry mostly, and how it is asked for here."""
_LONGEST_DATE: Final = 64


class Retry:
    """When a request is sent again by itself: *attempts* times more than once, 0 for never.

    - a connection that could not be made (but a certificate that is refused is refused for good), a kept connection
      that was lost before a byte of an answer came, a response with one of *statuses*, and an exception that is one of
      *errors* (none; ``(OSError, http.client.HTTPException)`` would be all that can go wrong with a server)
    - only with one of *methods*, those which are idempotent; None for any. Only with a body that can be sent again,
      whatever the method: bytes, text, JSON, a seekable file, a list; no generator
    - after *backoff_s*, twice as long each time, at most *max_backoff_s*; less by chance, by at most the share *jitter*
    - with *statuses*, a ``Retry-After`` counts: nothing more goes to that origin until then. One of more than
      *max_retry_after_s* is not waited for: the response is the result, and the others wait for *max_retry_after_s*

    Never past ``Timeout.total``. What is a redirect's or a body's fault is not retried.
    """

    __slots__ = (
        "attempts",
        "backoff_s",
        "errors",
        "jitter",
        "max_backoff_s",
        "max_retry_after_s",
        "methods",
        "statuses",
    )

    attempts: int
    statuses: frozenset[int]
    errors: tuple[type[BaseException], ...]
    methods: frozenset[str] | None
    backoff_s: float
    max_backoff_s: float
    jitter: float
    max_retry_after_s: float

    def __init__(
        self,
        attempts: int = 0,
        *,
        statuses: Iterable[int] = (429, 502, 503, 504),
        errors: Iterable[type[BaseException]] = (),
        methods: Iterable[str] | None = IDEMPOTENT_METHODS,
        backoff_s: float = 0.5,
        max_backoff_s: float = 60.0,
        jitter: float = 0.5,
        max_retry_after_s: float = 120.0,
        **unknown: Never,
    ) -> None:
        """Raises ValueError for a number that makes no sense, TypeError for what is none, for one name or class in
        place of several, for errors that are no classes, and for another name. Methods are as those of requests: "post"
        is POST.
        """
        for name in unknown:
            raise unknown_option(name, _FIELDS, "a Retry", _OF_OTHERS)
        if isinstance(attempts, bool) or not isinstance(attempts, int):
            raise TypeError(f"expected a number of attempts, got {attempts!r}")
        _check_numbers((backoff_s, max_backoff_s, jitter, max_retry_after_s))
        if attempts < 0 or not 0 <= jitter <= 1 or not (backoff_s >= 0 <= max_backoff_s) or not max_retry_after_s >= 0:
            raise ValueError(
                f"expected attempts and seconds of 0 or more, and jitter from 0 to 1, got attempts {attempts}, "
                f"backoff_s {backoff_s}, max_backoff_s {max_backoff_s}, jitter {jitter}, "
                f"max_retry_after_s {max_retry_after_s}"
            )
        for name, several in (("statuses", statuses), ("errors", errors), ("methods", methods)):
            if isinstance(several, str | bytes) or not (several is None or isinstance(several, Iterable)):
                raise TypeError(f"expected several {name}, as {_SEVERAL[name]}, got {several!r}")
        classes: tuple[Any, ...] = tuple(errors)
        for error in classes:
            if not (isinstance(error, type) and issubclass(error, BaseException)):
                raise TypeError(f"expected classes of exceptions as errors, as {_SEVERAL['errors']}, got {error!r}")
        statuses = frozenset(statuses)
        for status in statuses:
            if not isinstance(status, int):
                raise TypeError(f"expected numbers as statuses, as {_SEVERAL['statuses']}, got {status!r}")
        if not all(400 <= status <= 999 for status in statuses):
            raise ValueError(f"expected statuses of errors, 400 or more, got {sorted(statuses)}")
        values = (
            attempts,
            statuses,
            classes,
            None if methods is None else frozenset(method.upper() for method in methods),
            backoff_s,
            max_backoff_s,
            jitter,
            max_retry_after_s,
        )
        for name, value in zip(_FIELDS, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Retry does not change; make another one")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in _FIELDS)

    def __reduce__(self) -> tuple[Any, ...]:
        return _retry_of, self._values()

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Retry) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = (sorted(value) if isinstance(value, frozenset) else value for value in self._values())
        return f"Retry({', '.join(f'{name}={value!r}' for name, value in zip(_FIELDS, shown, strict=True))})"

    def allows(self, method: str, retries: int, *, is_replayable: bool) -> bool:
        """Return whether a request may be sent again after *retries* times."""
        return retries < self.attempts and is_replayable and (self.methods is None or method in self.methods)

    def backoff_after(self, retries: int, chance: float) -> float:
        """Return the seconds to wait after *retries* retries; *chance* is between 0 and 1."""
        longest = min(self.max_backoff_s, self.backoff_s * 2.0 ** min(retries, _MOST_DOUBLINGS))
        return longest * (1 - self.jitter * chance)


def _check_numbers(values: tuple[object, ...]) -> None:
    """Raise TypeError for one of the last four fields that is no number, by its name."""
    for name, value in zip(_FIELDS[4:], values, strict=True):
        if not hasattr(type(value), "__float__") or isinstance(value, bool):  # numbers of any kind have it
            raise TypeError(f"expected {name} as a number, got {value!r:.64}")


_FIELDS: Final = (
    "attempts",
    "statuses",
    "errors",
    "methods",
    "backoff_s",
    "max_backoff_s",
    "jitter",
    "max_retry_after_s",
)


def _retry_of(
    attempts: int,
    statuses: Iterable[int],
    errors: Iterable[type[BaseException]],
    methods: Iterable[str] | None,
    backoff_s: float,
    max_backoff_s: float,
    jitter: float,
    max_retry_after_s: float,
) -> Retry:
    return Retry(
        attempts,
        statuses=statuses,
        errors=errors,
        methods=methods,
        backoff_s=backoff_s,
        max_backoff_s=max_backoff_s,
        jitter=jitter,
        max_retry_after_s=max_retry_after_s,
    )


def retry_after_s(value: str | None, date: str | None, wall_s: float) -> float | None:
    """Return the seconds that a Retry-After of *value* asks for; None where there is none that can be read.

    A date counts from the response's own *date*, so that a server's clock may be wrong, else from *wall_s*, the seconds
    since the epoch. Source: RFC 9110 section 10.2.3.
    """
    if value is None:
        return None
    value = value.strip(" \t")
    if value.isascii() and value.isdigit():
        return float(value)
    until = _seconds_of(value)
    if until is None:
        return None
    now = _seconds_of(date) if date is not None else None
    return max(0.0, until - (wall_s if now is None else now))


def _seconds_of(date: str) -> float | None:
    """Return an HTTP-date as seconds since the epoch, None for what is none."""
    if len(date) > _LONGEST_DATE:
        return None
    try:
        parsed = email.utils.parsedate_to_datetime(date)
        return parsed.replace(tzinfo=UTC).timestamp() if parsed.tzinfo is None else parsed.timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
