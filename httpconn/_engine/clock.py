"""The clock that deadlines are measured by: it stands still while the caller's own code runs.

A timeout limits what the network and the server take. So the time that a caller's code takes (the consumer of results
or of a stream, the input, sinks, bodies that are made while they are sent, hooks, cookie jars, ``resolve=``) counts
for no request. Every place that runs such code runs it by ``off_the_clock``, or between ``leave`` and ``come_back``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


class Clock:
    """``time.monotonic``, less ``away``."""

    __slots__ = ("away", "left_at")

    def __init__(self) -> None:
        self.left_at = time.monotonic()
        self.away = 0.0
        """Seconds that the caller's code has taken so far."""

    def time(self) -> float:
        """Return the time by this clock, in seconds."""
        return time.monotonic() - self.away

    def off_the_clock(self, function: Callable[..., _Result], *args: object) -> _Result:
        """Return ``function(*args)``, which runs the caller's code; time stands still meanwhile."""
        away, began = self.away, time.monotonic()
        try:
            return function(*args)
        finally:
            self.away = away + time.monotonic() - began  # nested calls: count the time once

    def leave(self) -> None:
        """Stop the clock: the caller goes on with something else."""
        self.left_at = time.monotonic()

    def come_back(self) -> None:
        """Start the clock again."""
        self.away += time.monotonic() - self.left_at
