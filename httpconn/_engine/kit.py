"""What a pool and a fetcher work with, made once from their settings."""

from __future__ import annotations

import os
import ssl
import weakref
from typing import Any, Final, Protocol

from .._io.channel import Channel, SocketSettings, TLSSettings
from .._io.connect import shared_https_context
from ..exchange import short_road
from ..following import Follower
from ..policies.judge import Policies
from ..preparing import Job, Key, Preparer
from ..resolving import Address, Resolver
from ..settings import Settings

_MOST_SESSIONS: Final = 1_000


class Kit:
    """Makes jobs of requests, and channels for jobs: names, TLS contexts and sessions are kept here."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidField, MissingDecoder or TypeError where the settings' own headers cannot be sent."""
        self.settings = settings
        self.policies = Policies(
            redirects=settings.redirects,
            retry=settings.retry,
            rate_per_host=settings.rate_per_host,
            delay_per_host=settings.delay_per_host,
            cookies=settings.cookies,
            auth=settings.auth,
            netrc=settings.netrc,
            before_request=settings.before_request,
            after_response=settings.after_response,
        )
        self.preparer = Preparer(settings, self.policies)
        self.follower = Follower(self.policies, self.preparer)
        self.resolver = Resolver(settings.resolve, ttl_s=settings.resolve_ttl_s)
        engine, self.plain_limits = short_road(settings, self.policies)
        self.take_turn = None if engine is None else engine.take_turn
        self.begin_plain = None if engine is None else engine.begin_plain_response
        self.sessions: dict[Key, ssl.SSLSession] = {}
        self._sockets = SocketSettings(settings.source_address, settings.socket_options)
        self._context: ssl.SSLContext | None = None

    def channel(self, job: Job, addresses: list[Address]) -> Channel:
        """Return the channel for *job*, to be opened. Raises what making a TLS context raises."""
        tls = None
        if job.origin.is_tls:
            context, server_hostname = job.key[3:]
            if context is None:
                # The same for all of our time: a session can only be gone on with in its own context.
                context = self._context = self._context or shared_https_context(11)
            tls = TLSSettings(context, server_hostname or job.origin.host, self.sessions.get(job.key))
        return Channel(addresses, self._sockets, tls)

    def keep_session(self, key: Key, session: ssl.SSLSession | None) -> None:
        """Keep what the next connection can go on with; None is no session. Not for two threads at once."""
        if session is None:
            return
        self.sessions.pop(key, None)
        while len(self.sessions) >= _MOST_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
        self.sessions[key] = session

    def forget(self) -> None:
        """Forget names and TLS sessions: in the child of a fork they are the parent's."""
        self.resolver.forget()
        self.sessions = {}


class Forked(Protocol):
    """What has to let go of its parent's connections."""

    def _after_fork(self) -> None: ...


_held: weakref.WeakSet[Any] = weakref.WeakSet()


def call_after_fork(holder: Forked) -> None:
    """Have ``holder._after_fork()`` called in the child of every fork, as long as *holder* is there."""
    _held.add(holder)


def _after_fork_in_child() -> None:
    for holder in list(_held):
        holder._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
