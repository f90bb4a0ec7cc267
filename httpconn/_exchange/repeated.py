"""Heads of requests with content and no fields of their own, as such were made before; ``layouts`` has the others.

A program that talks to an API sends the same kind of request again and again, and only URL and content differ. So what
``Preparer`` has come to for one of them is kept, and the head of the next is put together of that.
"""

from __future__ import annotations

from typing import Final

from .._wire.framing import framing_line
from .._wire.urls import LENGTH_OF_HTTPS, Origin, is_seen
from .job import Job, Key
from .request_body import Framed

_MOST_KEPT: Final = 1_000
_NEVER_KEPT: Final = frozenset({"CONNECT", "HEAD"})
"""Methods whose responses are read in a way of their own."""


class Repeated:
    """What goes with the requests of one method to one origin."""

    __slots__ = ("_around", "_start", "key", "origin")

    def __init__(self, method: str, key: Key, origin: Origin) -> None:
        self.key = key
        self.origin = origin
        self._start = method.encode() + b" "
        self._around: dict[str | None, tuple[bytes, bytes]] = {}
        """By media type: what stands between the target and the line that says the length, and behind that."""

    def head_for(self, target: str, framed: Framed) -> bytes | None:
        """Return the head for a content, None for one of a media type that there was none of yet."""
        _, length, media_type = framed
        around = self._around.get(media_type)
        if around is None:
            return None
        return b"".join((self._start, target.encode(), around[0], framing_line(length), around[1]))

    def learn(self, target: str, head: bytes, framed: Framed) -> None:
        """Keep what stands around *target* and the length in *head*, if there is no doubt about it."""
        _, length, media_type = framed
        start = b"%b%b HTTP/1.1\r\n" % (self._start, target.encode("latin-1", "replace"))
        front, line, back = head.partition(b"\r\n" + framing_line(length))
        if line and front.startswith(start):
            self._around[media_type] = front[len(self._start) + len(target) :] + b"\r\n", back


class RepeatedHeads:
    """What stands around target and length of such requests."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Repeated] = {}

    def find(self, method: str, url: str) -> tuple[Repeated, str] | None:
        """Return what goes with those to the origin of *url*, and the target; None where all has to be looked at.

        Only a target of visible ASCII without a fragment is taken, which goes out as it is.
        """
        at = url.find("/", LENGTH_OF_HTTPS)
        found = self._known.get((method, url[:at])) if at > 0 else None
        target = url[at:]
        if found is None or not target.isascii() or not target.isprintable() or " " in target or "#" in target:
            return None
        return found, target

    def learn(self, job: Job, url: str) -> None:
        """Keep what goes with *job*, whose request to *url* has content, and no fields of its own."""
        prefix = url[: url.find("/", LENGTH_OF_HTTPS)]
        if job.framed is None or job.method in _NEVER_KEPT or not is_seen(prefix, job.origin):
            return
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        known = self._known.setdefault((job.method, prefix), Repeated(job.method, job.key, job.origin))
        head, end, _ = job.head.partition(b"\r\n\r\n")
        known.learn(url[len(prefix) :], head + end, job.framed)
