"""Jobs: requests that were found good, serialised, and ready to be sent as often as that may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

from .._wire.head import ResponseHead
from .._wire.urls import Origin, redacted
from ..model import Request, Response, Sent, Timeout
from ..policies.verdict import Trail
from .fast_reading import FastReader
from .proxies import Proxy
from .request_body import ChunkedBody, Framed

if TYPE_CHECKING:
    from ..policies.digest import Authentication

Key = tuple[Any, ...]
"""What connections are kept by: scheme, host, port; for TLS the context, the name and the fingerprint that are checked;
and the key of the proxy, if there is one. The length tells which."""

LENGTH_OF_ORIGIN: Final = 3
"""How much of a key is its origin's."""
_MOST_SHOWN_OF_URL: Final = 256


def _pair_of(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


class BareJob:
    """What an exchange looks at each time, in slots: compiled too, by ``job.pxd``."""

    __slots__ = ("attempts", "body", "has_poured", "head", "index", "is_plain", "key", "late_head", "may_go_on",
                 "method", "origin", "own_lines", "reader", "request", "started", "timeout", "trail")  # fmt: skip

    attempts: int
    body: Callable[[], Iterator[bytes]] | None
    """Gives what is sent behind ``head``, framed, from its beginning."""
    has_poured: bool
    """Something of a response has been written to the caller's own file object, which no retry can take back."""
    late_head: bytes | None
    """``head`` with the cookies of the last time that it was about to be sent; None where there were none."""
    head: bytes
    """The head, and the body too where that is short."""
    index: int
    is_plain: bool
    """A response with content, which goes to memory or to a file object, under limits that the fast path knows."""
    key: Key
    may_go_on: Callable[[Any, ResponseHead], bool] | None
    """For a request with a sink: whether a response's content must not go there, since it may be no result."""
    method: str
    origin: Origin
    own_lines: int
    """How many of the last lines of ``head`` are the request's own, where ``own`` is to be read from it."""
    reader: FastReader | None
    """Who reads its response on the fast path; None: the one that all share. Only with one of its own may it have a
    sink there."""
    request: Request | str
    started: float
    timeout: Timeout | None
    trail: Trail | None
    """Its history and retries; None until it is sent a second time or redirected."""

    def __init__(self, request: Request | str, index: int, key: Key, origin: Origin, method: str, head: bytes) -> None:
        self._fill(request, index, key, origin, method, head)

    def _fill(self, request: Request | str, index: int, key: Key, origin: Origin, method: str, head: bytes) -> None:
        """Set every attribute, of a job that has just been made."""
        self.request = request
        self.index = index
        self.key = key
        self.origin = origin
        self.method = method
        self.head = head
        self.attempts = 0
        self.started = 0.0
        self.own_lines = 0
        self.body = self.late_head = self.may_go_on = self.reader = self.timeout = self.trail = None
        self.has_poured = False
        self.is_plain = True


class Job(BareJob):
    """A request that was found good, ready to be sent, as often as that may be."""

    # What few jobs need stands here and not in every instance.
    framed: Framed | None = None
    """``body``, as it was made of the request: a file knows where it began."""
    authentication: Authentication | None = None
    """What makes the Authorization field each time that it is sent, for digest authentication."""
    stream: Stream | None = None
    """Who takes the response while it comes in, from its head on."""
    is_abandoned = False
    """Nobody waits for it any more, and nothing follows it."""
    is_resendable = True
    is_replayable = True
    has_failed_unopened = False
    """It has failed before there was a connection that it could have been sent over."""
    has_failed_harmlessly = False
    """See ``outcome.note_failure``."""
    may_read_fast = True
    """``is_plain`` without a word on content: an answer to HEAD may be read by the fast path too."""
    may_come_whole = False
    """Where it is to be streamed, and all of the response comes at once: whether it is handed out whole then. By who
    has a loop, only with a ``reader`` of its own."""
    closes = False
    """It says that it is the last one on its connection (RFC 9112 section 9.6)."""
    proxy: Proxy | None = None
    expects_continue = False
    """The head has "Expect: 100-continue": the body waits for the answer (RFC 9110 section 10.1.1)."""
    has_asked = False
    """We added the Expect field; the caller did not ask for it."""
    takes_cookies = True
    """False where the request says that it has no Cookie field."""
    is_led = False
    """A redirect or a hook has sent it to another origin. Such a request never reaches a Unix socket."""
    sent: Sent | None = None
    """What was sent last, where that is kept."""
    sent_over: str | None = None
    """Over which connection it was sent last, where that is logged."""
    paused_s = 0.0
    """Seconds for which its response was not read because memory was full. They count for no deadline."""

    @cached_property
    def own(self) -> Sequence[tuple[str, Any]]:
        """The request's own fields, as they were when it was made."""
        if not self.own_lines:
            return ()
        lines = self.head.decode("latin-1").split("\r\n")[-self.own_lines - 2 : -2]
        return list(map(_pair_of, lines))

    def pour_into(self, stream: Stream, may_go_on: Callable[[Any, ResponseHead], bool] | None) -> None:
        """Have the result go to *stream* while it comes in; what *may_go_on* may be none."""
        self.stream = stream
        self.may_go_on = may_go_on
        if not self.may_come_whole or self.reader is None:
            self.is_plain = self.may_read_fast = False

    @property
    def may_drop_expect(self) -> bool:
        """Whether it can be sent again without the expectation that we have added: its body has not been touched."""
        return self.has_asked and self._is_untouched

    @property
    def may_be_sent_again(self) -> bool:
        """Whether its body can be read again, or has not been touched: the server has refused it before."""
        return self.is_replayable or self._is_untouched

    @property
    def _is_untouched(self) -> bool:
        body = None if self.framed is None else self.framed[0]
        return isinstance(body, ChunkedBody) and not body.has_begun

    @property
    def head_to_send(self) -> bytes:
        """``head``, or that with cookies and credentials; by what ``Preparer.add_late_fields`` has last put there."""
        return self.head if self.late_head is None else self.late_head

    @property
    def is_head_alone(self) -> bool:
        """Whether nothing is sent behind ``head_to_send``, which a short body is a part of."""
        return self.body is None and not self.expects_continue

    @property
    def place(self) -> str:
        """What is asked for, and by which way, for the text of an error; no password."""
        url = self.request if isinstance(self.request, str) else self.request.url
        asked = f"{self.method} {redacted(url)[:_MOST_SHOWN_OF_URL]}"
        return asked if self.proxy is None else f"{asked} through {self.proxy}"

    @property
    def where(self) -> str:
        """Where it goes, for an error text."""
        return str(self.origin) if self.proxy is None else f"{self.origin} through {self.proxy}"


class GivenJob(Job):
    """A GET as another library has made it; that library sees to its cookies."""

    takes_cookies = False
    may_come_whole = True


class Stream(Protocol):
    """Who takes a response while it comes in; the driver's."""

    has_begun: bool
    """Whether the head of a result has come: from then on nothing is sent again, and errors are the reader's."""

    @property
    def is_full(self) -> bool:
        """Whether enough is held for the reader; nothing is received then."""

    def begin(self, connection: Any, job: Job, incoming: Any, times: tuple[float, ...]) -> Response:
        """Return the response to *job*, of which the head has come."""

    def feed(self, part: bytes) -> None:
        """Take the next part of the content."""

    def finish(self, incoming: Any, times: tuple[float, ...]) -> None:
        """Take the end of the message."""

    def fail(self, error: BaseException, response: Response | None = None) -> None:
        """Take what has come in the place of the rest, and the *response* as far as it came."""

    def close(self) -> None:
        """Take nothing more: its reader has gone."""


class Clock(Protocol):
    """What deadlines are measured by; see ``_engine/clock.py``."""

    def time(self) -> float: ...

    def off_the_clock(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return ``function(*args)``, which runs the caller's code; time stands still meanwhile."""
