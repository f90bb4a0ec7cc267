"""TLS sessions: what a connection to a host that was met before goes on with, instead of a whole handshake.

The interpreter's way of reading a session (``session`` of a TLS object; seen in 3.11 to 3.13) takes a third of a
handshake, and loses some 5 KiB for good each time. So a session is read only where it will be used: when a host is met
again, from the TLS object of a connection that has ended, which can still be read after the socket was closed. One
reading serves every later connection, until its ticket has expired or the server has refused it. And there is a limit
to how many are read, by all stores of the process.
"""

from __future__ import annotations

import ssl
import sys
import time
from collections import OrderedDict
from collections.abc import Hashable

from .._wire.annotations import Any, Final

MOST_SESSIONS: Final = 1_000
MOST_ENDED: Final = 128
"""TLS objects of connections that have ended, 20 to 32 KiB each."""
MOST_READINGS: Final = 500
"""In a process: 2.5 MiB that are lost. And one more every"""
SECONDS_A_READING: Final = 60.0


class _Allowance:
    """How many readings there may be still."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._count = 0

    def take(self) -> bool:
        """Return whether there may be one more, which is taken then."""
        if self._count >= MOST_READINGS + (time.monotonic() - self._began) / SECONDS_A_READING:
            return False
        self._count += 1
        return True


_allowance = _Allowance()


class Sessions:
    """Sessions by whatever tells apart the hosts, and the settings, that they are good for.

    For several threads, and finalizers, without a lock: each step is one operation of a dictionary.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, ssl.SSLSession] = OrderedDict()
        self._ended: OrderedDict[Hashable, Any] = OrderedDict()

    def find(self, key: Hashable) -> ssl.SSLSession | None:
        """Return the session that a new connection can go on with, None where there is none."""
        session = self._known.get(key)
        if session is not None:
            if _is_usable(session):
                return session
            self._known.pop(key, None)
        held = [self._ended.pop(key, None)]
        if held[0] is None:
            return None
        if _holders(held) != _ALONE:
            # Its socket is closed, and still read from: by a response that has not ended, or by another thread, and
            # then the session may be replaced while it is copied.
            self._ended.setdefault(key, held[0])
            return None
        if not _allowance.take():
            return None
        read: ssl.SSLSession | None = held[0].session
        if read is None or not _is_usable(read):
            return None
        self._known[key] = read
        _trim(self._known, MOST_SESSIONS)
        return read

    def note_ended(self, key: Hashable, tls_object: Any) -> None:
        """Keep the TLS object of a connection on which something was received, for there may be a session in it."""
        if key in self._known:
            return
        self._ended.pop(key, None)  # the last one is the youngest
        self._ended[key] = tls_object
        _trim(self._ended, MOST_ENDED)

    def note_refused(self, key: Hashable) -> None:
        """Forget the session of *key*: the server has made a whole handshake instead."""
        self._known.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._ended.clear()

    def __len__(self) -> int:
        return len(self._known) + len(self._ended)


def _holders(held: list[Any]) -> int:
    """Return how many references there are to what is alone in *held*, counted as ``_ALONE`` was."""
    return sys.getrefcount(held[0])


_ALONE: Final = _holders([object()])


def _is_usable(session: ssl.SSLSession) -> bool:
    """Return whether a server may know *session* still; before its ticket has come there is nothing to know."""
    if not session.has_ticket and not session.id:
        return False
    lifetime_s = min(session.timeout, session.ticket_lifetime_hint or session.timeout)
    return session.time <= time.time() < session.time + lifetime_s


def _trim(held: OrderedDict[Hashable, Any], most: int) -> None:
    while len(held) > most:
        try:
            held.popitem(last=False)
        except KeyError:
            return  # another thread was faster, and has left none
