"""TLS sessions: what a connection to a host that was met before goes on with, instead of a whole handshake.

The interpreter's way of reading a session (``session`` of a TLS object; seen in 3.11 to 3.13) takes a third of a
handshake, and loses some 5 KiB for good each time. So a session is read only where it will be used: when a host is met
again, from the TLS object of a connection that has ended, which can still be read after the socket was closed. One
reading serves every later connection, until its ticket has expired or the server has refused it. And there is a limit
to how many are read, by all stores of the process.

Sessions come of whole handshakes only, and are offered for an hour: a server's certificate is looked at again then.
A server that fails a handshake because a session was offered (it closes, or answers with an alert) is offered none for
an hour.
"""

from __future__ import annotations

import ssl
import sys
import time
from _ssl import ENCODING_DER
from collections import OrderedDict
from collections.abc import Hashable

from .._wire.annotations import Any, Final, TypeAlias

MOST_SESSIONS: Final = 1_000
MOST_ENDED: Final = 128
"""TLS objects of connections that have ended, 20 to 32 KiB each."""
MOST_READINGS: Final = 500
"""In a process: 2.5 MiB that are lost. And one more every"""
SECONDS_A_READING: Final = 60.0
LONGEST_AGE_S: Final = 3_600.0
"""After the whole handshake, in which the server's certificate was looked at."""
FAILED_S: Final = 3_600.0
"""How long a server whose handshake failed is offered no session."""
MOST_FAILED: Final = 1_000


Chains: TypeAlias = tuple[tuple[bytes, ...], tuple[bytes, ...]]
"""Certificates in DER: the chain that was verified, and the one that the peer has shown."""

NO_CHAINS: Final[Chains] = ((), ())


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

    def __init__(self, *, keeps_chains: bool = False) -> None:
        """*keeps_chains*: have ``chains_of`` tell what the peer had shown, which is in no session: 5 KiB or so each."""
        self._keeps_chains = keeps_chains
        self._chains: OrderedDict[Hashable, Chains] = OrderedDict()
        self._known: OrderedDict[Hashable, ssl.SSLSession] = OrderedDict()
        self._ended: OrderedDict[Hashable, Any] = OrderedDict()
        self._failed: OrderedDict[Hashable, float] = OrderedDict()  # when, by time.monotonic()

    def find(self, key: Hashable) -> ssl.SSLSession | None:
        """Return the session that a new connection can go on with, None where there is none."""
        if self._has_failed(key):
            return None
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
        if self._keeps_chains:
            self._chains[key] = _chains_in(held[0])
            _trim(self._chains, MOST_SESSIONS)
        self._known[key] = read
        _trim(self._known, MOST_SESSIONS)
        return read

    def chains_of(self, key: Hashable) -> Chains:
        """Return the certificates of the handshake that the session of *key* is from; ``NO_CHAINS``: not known."""
        return self._chains.get(key, NO_CHAINS)

    def note_ended(self, key: Hashable, tls_object: Any) -> None:
        """Keep the TLS object of a connection on which something was received, for there may be a session in it.

        Not of a connection that has resumed: the age of a session counts from a whole handshake.
        """
        if key in self._known or self._has_failed(key) or tls_object.session_reused:
            return
        self._ended.pop(key, None)  # the last one is the youngest
        self._ended[key] = tls_object
        _trim(self._ended, MOST_ENDED)

    def note_refused(self, key: Hashable) -> None:
        """Forget the session of *key*: the server has made a whole handshake instead."""
        self._known.pop(key, None)

    def note_failed(self, key: Hashable, error: BaseException) -> bool:
        """Note that a handshake has ended with *error* in which the session of *key* was offered.

        Return whether it is to be made again without one, over a new connection. Not behind a certificate that is not
        trusted, which no session has to do with, nor where the time is over or the caller has been interrupted.
        """
        self._known.pop(key, None)
        if not isinstance(error, OSError) or isinstance(error, ssl.SSLCertVerificationError):
            return False
        self._ended.pop(key, None)
        self._failed.pop(key, None)
        self._failed[key] = time.monotonic()
        _trim(self._failed, MOST_FAILED)
        return not isinstance(error, TimeoutError)

    def _has_failed(self, key: Hashable) -> bool:
        failed_at = self._failed.get(key)
        if failed_at is None:
            return False
        if time.monotonic() < failed_at + FAILED_S:
            return True
        self._failed.pop(key, None)
        return False

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._chains.clear()
        self._ended.clear()
        self._failed.clear()

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
    lifetime_s = min(session.timeout, session.ticket_lifetime_hint or session.timeout, LONGEST_AGE_S)
    return session.time <= time.time() < session.time + lifetime_s


def _chains_in(tls_object: Any) -> Chains:
    chains = (tls_object.get_verified_chain() or (), tls_object.get_unverified_chain() or ())
    verified, shown = (tuple(certificate.public_bytes(ENCODING_DER) for certificate in chain) for chain in chains)
    same = dict(zip(verified, verified, strict=True))  # the most of them are in both, and need be kept but once
    return verified, tuple(same.get(certificate, certificate) for certificate in shown)


def _trim(held: OrderedDict[Hashable, Any], most: int) -> None:
    while len(held) > most:
        try:
            held.popitem(last=False)
        except KeyError:
            return  # another thread was faster, and has left none
