"""Fetcher and fetch_many: many requests over many connections, in one thread.

What goes in is ``_engine/many/intake.py``'s, what runs when is ``_engine/many/scheduler.py``'s, and one connection is
``_engine/many/connection.py``'s. The exchange itself, ``_exchange/``, is the pool's too.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import partial
from threading import get_ident
from typing import Any, NamedTuple, Self, Unpack

from ._engine.fork import call_after_fork
from ._engine.many.intake import Intake
from ._engine.many.loop import Loop
from ._engine.many.robots import loop_of, sitemaps_of
from ._engine.many.scheduler import ResultIterator
from ._engine.shared import Shared
from ._exchange.options import OF_FETCHER, Configured, tell_elsewhere
from ._exchange.settings import FetchOptions, FetchSettings
from .errors import PoolClosed
from .model import Request


class FetchStats(NamedTuple):
    """What a fetcher has done so far."""

    requests: int
    results: int
    opened: int
    reused: int
    resent: int
    put_back: int = 0
    """Requests that went back into the queue since there was no file descriptor for a connection, and how often."""


class Fetcher(Configured, ResultIterator):
    """Sends requests over many connections, and is the iterator of their responses, in order of completion.

    ``add`` a request at any time, also while iterating; ``feed`` it an iterable, which is read as far ahead as there is
    use for it. There is exactly one Response for each request; a failed one has its exception in ``error``. The
    iteration ends when everything that was asked for is answered, and may begin again after another ``add``.

    By keyword, each with the default that ``FetchSettings`` has:

    - *max_connections* in all, *per_host* to one origin; *look_ahead*: requests that are taken from the input and have
      no connection yet; with *ordered*, results come in the order of the input, and at most so many wait for one
    - *max_content*: bytes of one response; *max_buffered_bytes*: of all that have not been handed out (reading pauses)
    - *robots*: True, or a name such as "my-bot/1.0": keep to robots.txt, by its rules for that name
    - everything else as for ``ConnectionPool``

    ``close``, the end of a ``with`` block and Ctrl-C close every socket, and so does dropping it: with a
    ResourceWarning where requests are under way. Nothing runs in the background but the lookup
    of names. For one thread at a time. Pickles as its configuration; in the child of a fork it is closed, if it had
    begun. None of the options is an attribute: a fetcher with other ones is another fetcher.
    """

    _OPTIONS = FetchSettings.names()

    def __init__(self, **options: Unpack[FetchOptions]) -> None:
        """Raises TypeError, ValueError, InvalidField for an invalid option."""
        self._settings = FetchSettings.of(options)
        self._shared = Shared(self._settings)
        self._intake = Intake(self._shared.preparer)
        ResultIterator.__init__(self, loop_of(self._shared, self._settings, self._intake))
        call_after_fork(self)

    def add(self, request: Request | str) -> None:
        """Ask for one more: a Request, or a URL to GET. What is wrong with it is told by its result."""
        if self._loop.is_closed:
            raise PoolClosed("the fetcher has been closed")
        self._intake.added.append(request)

    def feed(self, requests: Iterable[Request | str | None]) -> Self:
        """Ask for all of an iterable, which is read as there is use for it; it may yield None for "nothing now"."""
        if self._loop.is_closed:
            raise PoolClosed("the fetcher has been closed")
        if isinstance(requests, str | bytes | Request):
            raise TypeError(f"expected an iterable of requests, got one {type(requests).__name__}: [it] is one")
        self._intake.sources.append(iter(requests))
        return self

    @property
    def stats(self) -> FetchStats:
        """What has been done so far."""
        loop = self._loop
        return FetchStats(
            loop.asked, loop.results.handed_out, loop.opened, loop.reused, loop.resent, loop.places.put_back
        )

    @property
    def sitemaps(self) -> dict[str, Sequence[str]]:
        """The sitemaps that robots.txt names, by origin ("https://example.org"): of those that ``robots`` has read."""
        return sitemaps_of(self._loop)

    def close(self) -> None:
        """Close every socket and forget what was asked for. A second call does nothing.

        Raises RuntimeError while another thread waits for a result: its sockets would go under its hands.
        """
        loop = self._loop
        if loop.runs_in not in (0, get_ident()) and not loop.is_closed:
            raise RuntimeError("the fetcher is at work in another thread, and is closed there")
        loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        loop: Loop | None = getattr(self, "_loop", None)  # there is none where the configuration was refused
        if loop is not None and not loop.is_closed:
            told = f"unclosed {self!r}" if loop.active or loop.queued or loop.results.waiting else None
            loop.close()
            if told is not None:  # last: a warning may be made an error
                warnings.warn(told, ResourceWarning, source=self, stacklevel=2)

    def __repr__(self) -> str:
        loop = self._loop
        return (
            f"<Fetcher {'closed' if loop.is_closed else 'open'}: {loop.open} of {self._settings.max_connections} "
            f"connections, {len(loop.idle)} idle, {len(loop.hosts)} hosts, "
            f"{loop.queued + len(self._intake.added)} queued, "
            f"{loop.asked - loop.results.handed_out - loop.queued} on their way>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._settings.given()), ()

    def _after_fork(self) -> None:
        """In the child: what has begun is the parent's; let go of it without a word on its sockets."""
        self._shared.resolver.forget()
        if self._loop.poller is not None:
            self._loop.close()  # which closes the child's descriptors only, and changes nothing in the parent's epoll
            self._loop.is_parents = True


tell_elsewhere(Fetcher, OF_FETCHER)


def fetch_many(requests: Iterable[Request | str | None], **options: Unpack[FetchOptions]) -> Fetcher:
    """Return an iterator of the responses to *requests*: Requests, or URLs to GET; any iterable, also an endless one.

    In order of completion, or of the input with ``ordered=True``; exactly one for each request, with the exception of
    a failed one in its ``error``. *options* are those of ``Fetcher``, which this makes and feeds.
    """
    return Fetcher(**options).feed(requests)
