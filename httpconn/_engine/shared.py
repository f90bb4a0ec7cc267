"""The parts that pool, fetcher and client are built on, made once from their settings."""

from __future__ import annotations

# For ``ssl``, which looks it up with the first name: with no file descriptor left it would not be found any more.
import encodings.idna  # noqa: F401
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from .._exchange.follow_up import Follower
from .._exchange.job import Job, Key
from .._exchange.preparing import Preparer
from .._exchange.proxies import ConnectHandshake, Proxy, Socks5Handshake
from .._exchange.settings import TRUSTSTORE, Settings
from .._io.addresses import plain_text
from .._io.channel import Channel
from .._io.connect import shared_https_context, truststore_context
from .._io.layers import Layer, SocketSettings, TLSSettings
from .._io.lookups import Address, Lookup, Name
from .._io.resolving import Resolver, text_of
from .._io.sessions import Sessions
from .._wire.head import ResponseHead
from ..errors import AddressNotAllowed
from ..model import Request, Response
from ..policies.verdict import Policies
from .rests import Rests

ResponseMaker: TypeAlias = Callable[[Request | str, ResponseHead | None, bytes], Response]

_AF_UNIX: Final = getattr(socket, "AF_UNIX", None)


class Shared:
    """Makes jobs of requests, and channels for jobs: names, TLS contexts and sessions are kept here."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidField, MissingDecoder or TypeError where the settings' own headers cannot be sent."""
        self.settings = settings
        self.rests = Rests(settings.head_rest_s)
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
        self.unix_names: set[Name] = set()
        """Where ``resolve=`` has given a Unix socket."""
        self.preparer = Preparer(settings, self.policies, time.monotonic, self.unix_names)
        self.follower = Follower(self.policies, self.preparer)
        self.resolver = Resolver(
            settings.resolve,
            spelled=settings.spelled_names(),
            ttl_s=settings.resolve_ttl_s,
            max_lookups=settings.max_lookups,
            max_abandoned_lookups=settings.max_abandoned_lookups,
        )
        self.default_encoding = None if settings.default_encoding is None else (settings.default_encoding,)
        self.make_response: ResponseMaker = Response if self.default_encoding is None else self._make_response
        self.engine = self.preparer.fast_path.engine
        self.plain_reader = self.preparer.fast_path.reader
        self.sessions = Sessions()
        self._sockets = SocketSettings(settings.source_address, settings.socket_options)
        # The same for all of our time: a session can only be gone on with in its own context.
        self._default_context: ssl.SSLContext | None = None
        self._truststore: ssl.SSLContext | None = None

    def _make_response(self, request: Request | str, head: ResponseHead | None, content: bytes) -> Response:
        response = Response(request, head, content)
        response._encoding = self.default_encoding
        return response

    def dial(self, job: Job, found: Mapping[Name, list[Address]], told: Callable[[], None]) -> Channel | Lookup:
        """Return the channel to open for *job*, or the lookup of a name that has to be waited for first.

        *found* is what such lookups have come to for this job, *told* is called when the one that is returned is done.
        With a proxy its name is the only one that is looked up here, unless it is one of ``socks5://``, or the
        origin's addresses have to be allowed. Raises AddressNotAllowed; OSError for a name that is not found,
        ValueError for an override that is no address, MissingExtra, and what making a TLS context raises.
        """
        proxy = job.proxy
        origin = job.origin
        name = (origin.host, origin.port) if proxy is None else (proxy.host, proxy.port)
        is_again = job.trail is not None and job.trail.retries > 0
        addresses = found.get(name) or self.resolver.ask(name, told, is_again=is_again)
        if isinstance(addresses, Lookup):
            return addresses
        layers: Sequence[Layer] = ()
        if proxy is None:
            addresses = self._allowed(addresses, job)
        else:
            to_proxy = self._layers_to(proxy, job, found, told, is_again=is_again)
            if isinstance(to_proxy, Lookup):
                return to_proxy
            layers = to_proxy
        if origin.is_tls:
            layers = (*layers, self._secured(job))
        return Channel(addresses, self._sockets, layers)

    def _layers_to(
        self, proxy: Proxy, job: Job, found: Mapping[Name, list[Address]], told: Callable[[], None], *, is_again: bool
    ) -> list[Layer] | Lookup:
        """Return what is put on a connection to *proxy* for *job*, but for the origin's TLS. As ``dial``."""
        origin = job.origin
        far: list[Address] = []
        if self.settings.allow_address is not None or (proxy.is_socks and not proxy.resolves):
            name = (origin.host, origin.port)
            answer = found.get(name) or self.resolver.ask(name, told, is_again=is_again)
            if isinstance(answer, Lookup):
                return answer
            far = answer
            if len(self._allowed(far, job)) < len(far):  # which of them the proxy will take, nobody knows
                raise AddressNotAllowed(f"one of the addresses of {job.where} is not allowed (allow_address)")
        layers: list[Layer] = []
        if proxy.is_tls:
            layers.append(TLSSettings(self.settings.proxy_context or self._default(), proxy.host))
        if not proxy.is_socks:
            if not proxy.forwards(origin):
                layers.append(ConnectHandshake(proxy, origin, strict=self.settings.strict))
        elif proxy.resolves:
            layers.append(Socks5Handshake(proxy, origin.host, origin.port))
        else:
            layers.append(Socks5Handshake(proxy, _ip(far), origin.port))
        return layers

    def _secured(self, job: Job) -> TLSSettings:
        """Return the layer of TLS to the origin of *job*. Raises MissingExtra, and what making a context raises."""
        context, server_hostname, fingerprint = job.key[3:6]
        if context is None:
            context = self._default()
        elif context == TRUSTSTORE:
            context = self._truststore = self._truststore or truststore_context()
        return TLSSettings(context, server_hostname or job.origin.host, self.sessions.find(job.key), fingerprint)

    def _allowed(self, addresses: list[Address], job: Job) -> list[Address]:
        """Return those of *addresses* that *job* may go to: what is asked about is what is connected to.

        Raises AddressNotAllowed where there is none, TypeError for an answer that is no bool, what the function raises.
        """
        for family, _ in addresses:
            if family == _AF_UNIX:
                if job.is_led:
                    raise AddressNotAllowed(f"a redirect or a hook leads to a Unix socket: {job.where}")
                self.unix_names.add((job.origin.host, job.origin.port))
        allow = self.settings.allow_address
        if allow is None:
            return addresses
        kept = []
        texts = [plain_text(text_of(address)) for address in addresses]
        for address, text in zip(addresses, texts, strict=True):
            answer = allow(text, job.origin.port)
            if not isinstance(answer, bool):
                raise TypeError(f"expected True or False of allow_address, got one of {type(answer).__name__}")
            if answer:
                kept.append(address)
        if not kept:
            raise AddressNotAllowed(f"{job.where} is at {', '.join(texts)}, which is not allowed (allow_address)")
        return kept

    def _default(self) -> ssl.SSLContext:
        context = self._default_context = self._default_context or shared_https_context(11)
        return context

    def note_dead(self, channel: Channel) -> None:
        """Have the addresses that did not answer tried last; told when a channel is open, and when it cannot be."""
        if channel.dead:
            self.resolver.note_dead(channel.dead)
            channel.dead = []

    def note_open(self, key: Key, channel: Channel) -> None:
        """Note that *channel* is open."""
        if channel.dead:
            self.note_dead(channel)
        if channel.has_resumed is False:
            self.sessions.note_refused(key)

    def note_failed(self, key: Key, channel: Channel, error: BaseException) -> bool:
        """Note that *channel* could not be opened; return whether another one is to be opened, without its session."""
        self.note_dead(channel)
        return channel.is_offering_session and self.sessions.note_failed(key, error)

    def note_ended(self, key: Key, channel: Channel) -> None:
        """Note that *channel*, on which something has been received, is about to be closed."""
        if key[0] == "https":  # else it is a proxy's
            tls_object = channel.tls_object
            if tls_object is not None:
                self.sessions.note_ended(key, tls_object)

    def forget(self) -> None:
        """Forget names and TLS sessions: in the child of a fork they are the parent's."""
        self.resolver.forget()
        self.sessions = Sessions()


def _ip(addresses: list[Address]) -> str:
    """Return the IP address that a SOCKS proxy is told, which can be but one: IPv4 where there is one, which all have.

    Raises ValueError for a Unix socket, which is only near.
    """
    for family in (socket.AF_INET, socket.AF_INET6):
        for known, where in addresses:
            if known == family:
                host: str = where[0]
                return host
    raise ValueError("a SOCKS proxy cannot be asked for a Unix socket")
