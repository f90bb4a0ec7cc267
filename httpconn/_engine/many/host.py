"""One host of a fetcher, as the loop, its connections and what holds jobs back see it."""

from __future__ import annotations

import collections
from typing import Any, Final

from ..._exchange.job import Job, Key

_deque: Final = collections.deque


class Host:
    """The jobs for one origin (with one set of TLS settings) and the connections to it."""

    __slots__ = ("arriving", "awaits_opening", "count", "held_back", "idle", "is_runnable", "key", "opening", "pending",
                 "resting")  # fmt: skip

    def __init__(self, key: Key) -> None:
        self.key = key
        self.pending: collections.deque[Job] = _deque()  # that may be sent as soon as there is a connection
        self.held_back: collections.deque[Job] = _deque()  # that are let out one by one, see ``pacing.py``
        self.arriving = self.pending  # which of the two new jobs are put into
        # Connections without a job. They know their host, and so their class is not named here: imports go one way.
        self.idle: list[Any] = []
        self.resting: list[Any] = []  # idle too, and not yet to be used: see ``rests.py``
        self.count = 0  # connections of any state
        self.opening = 0  # and of them, those that are not open yet
        self.is_runnable = False  # or waiting for its time
        self.awaits_opening = False  # which has come when one of ``opening`` is open, or there is one in ``idle``
