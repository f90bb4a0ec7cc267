"""What the connections of one loop have in common, and what they tell it: its time, its counts, its memory.

``scheduler.py`` and ``loop.py`` have the methods. They are named here so that a connection knows what it may ask, and
no module imports one that imports it.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from ..._exchange.job import Job
from ..._exchange.settings import FetchSettings
from ..._io.polling import Poller
from ...model import Response
from ..clock import Clock
from ..shared import Shared
from .host import Host
from .memory import Memory
from .names import Names
from .turn import Turn

_FOREVER: Final = float("inf")
_popleft: Final = deque.popleft
"""Called so, and not by its name each time, it is half as expensive where this is compiled."""


class LoopState(Clock):
    """A loop, as its connections know it."""

    __slots__ = ("by_descriptor", "default_encoding", "is_closed", "is_traced", "memory", "names", "now", "opened",
                 "pacing", "plain_reader", "poller", "queued", "read_s", "resent", "rests", "reused", "shared",
                 "sweep_at", "timeout", "total_s", "turner", "unfinished")  # fmt: skip

    pacing: Any
    """The loop's ``Pacing``, which knows connections."""

    def __init__(self, shared: Shared, settings: FetchSettings) -> None:
        super().__init__()
        self.shared = shared
        self.turner = None if shared.engine is None else Turn(shared.engine)
        """What receives and sends on the fast path, if there is that."""
        self.default_encoding = shared.default_encoding
        self.plain_reader = shared.plain_reader
        self.rests = shared.rests
        self.timeout = settings.timeout
        self.total_s = _FOREVER if self.timeout.total is None else self.timeout.total
        self.read_s = _FOREVER if self.timeout.read is None else self.timeout.read
        self.memory = Memory(settings.max_buffered_bytes)
        self.names = Names(shared.resolver)

        self.is_traced: bool | None = None
        """Whether what is sent is noted, and so never sent by the fast path."""
        self.poller: Poller | None = None
        self.is_closed = False
        self.queued = 0  # jobs in the queues of the hosts
        self.by_descriptor: dict[int, Any] = {}
        self.unfinished: dict[Any, None] = {}  # connections that have received more than is decoded in one turn
        self.now = self.left_at  # by this clock, when it was last looked at
        self.sweep_at = _FOREVER
        self.opened = self.reused = self.resent = 0

    def next_job(self, host: Host, turn: int) -> Job | None:
        """Return the job that a connection to *host* may go on with, after so many in a row; None to let it rest."""
        raise NotImplementedError

    def note_sent(self, host: Host, job: Job) -> None:
        """Take *job*, which was the first, out of the queue of *host*: it is on its way over a kept connection.

        Since it was chosen, the garbage collector or a signal's handler may have run, and somebody given it up.
        """
        pending = host.pending
        if not self.take_first(pending, job):
            if job in pending:
                pending.remove(job)
                self.queued -= 1
            else:
                self.drop(job.index)
        self.reused += 1

    def take_first(self, jobs: deque[Job], job: Job) -> bool:
        """Take *job* out of *jobs*, a queue of a host's, if it is the first there; return whether it was."""
        if not jobs:
            return False
        first = _popleft(jobs)
        if first is not job:
            jobs.appendleft(first)
            return False
        self.queued -= 1
        return True

    def drop(self, index: int) -> None:
        """Give up what is on a connection for the request of that number."""
        raise NotImplementedError

    def adds_late_fields(self, job: Job) -> bool:
        """Add cookies and credentials to the head of *job*, just before it is sent; else hand out the error."""
        raise NotImplementedError

    def puts_back(self, connection: Any) -> bool:
        """Have the job of *connection*, for which there is no file descriptor, wait for its turn again, if it can."""
        raise NotImplementedError

    def rest(self, connection: Any) -> None:
        """Keep a connection that has nothing to do."""
        raise NotImplementedError

    def forget(self, connection: Any) -> None:
        """Free the place of a connection that is closed."""
        raise NotImplementedError

    def written(self, file: Any, content: bytes) -> int:
        """Return how much of *content* one of ``FILES`` has taken in one call; time stands still meanwhile."""
        raise NotImplementedError

    def hold(self, count: int) -> None:
        """Count *count* more bytes of content; beyond what may be held, reading pauses."""
        raise NotImplementedError

    def take_note(self, job: Job, response: Response) -> None:
        """Have jar, hooks and gates learn of a response whose content is still to come."""
        raise NotImplementedError

    def answered(self, response: Response) -> None:
        """Hand out a result."""
        raise NotImplementedError

    def follow_up(self, job: Job, response: Response) -> None:
        """See to what follows the response to *job*, whole or with its ``error``; or hand it out."""
        raise NotImplementedError
