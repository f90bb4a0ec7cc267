"""The options of pools and fetchers: names, defaults and validation, in one place for both."""

from __future__ import annotations

import os
import re
import ssl
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypedDict

from .._io.addresses import AllowAddress
from .._io.descriptors import most_descriptors
from .._io.resolving import DEFAULT_MAX_LOOKUPS, Resolve
from .._wire.grammar import Limits
from .._wire.hosts import parse_bare
from .._wire.records import KeywordRecord
from ..errors import TooFewDescriptors
from ..model import DEFAULT_TIMEOUT, OF_REQUESTS, Headers, Request, Timeout, pairs_of
from ..policies.auth import Auth
from ..policies.hooks import Hooks, hooks_of, is_awaited
from ..policies.rates import PerHost
from ..policies.redirects import DEFAULT_REDIRECTS
from ..policies.retries import Retry
from ..policies.robots import product_token
from .charsets import DefaultEncoding, check_default
from .content_coding import DEFAULT_MAX_RATIO
from .options import OF_POOLS, unexpected
from .request_fields import goes_as_others, is_read_as_others

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

MIB: Final = 1_048_576
USER_AGENT: Final = "httpconn/0.2"

TRUSTSTORE: Final = "truststore"
"""In the place of a TLS context: one that trusts what the operating system trusts."""

SocketOption = tuple[int, int, int | bytes]
"""What ``socket.setsockopt`` takes."""


class Options(TypedDict, total=False):
    """What a caller may give, and in which forms; what each one means, and its default, stands in ``Settings``."""

    max_connections: int
    per_host: int
    timeout: Timeout | float | None
    headers: Headers | None
    idle_s: float
    head_rest_s: float
    limits: Limits | None
    max_content: int | None
    max_ratio: float
    tolerant_decoding: bool | None
    default_encoding: DefaultEncoding | None
    strict: bool | None
    context: ssl.SSLContext | str | None
    server_hostname: str | None
    fingerprint: str | None
    proxy: str | None
    proxy_context: ssl.SSLContext | None
    trust_env: bool | None
    expect_timeout_s: float | None
    resolve: Resolve | None
    allow_address: AllowAddress | None
    resolve_ttl_s: float
    max_lookups: int
    max_abandoned_lookups: int
    source_address: tuple[str, int] | None
    socket_options: Iterable[SocketOption] | None
    redirects: int
    retry: Retry | None
    rate_per_host: PerHost | None
    delay_per_host: PerHost | None
    cookies: CookieJar | None
    auth: Mapping[str, Auth] | None
    netrc: bool | str | os.PathLike[str] | None
    before_request: Hooks | None
    after_response: Hooks | None
    keep_sent: bool | None


class RequestOptions(TypedDict, total=False):
    """What one request may be told; see ``Request``. None is not to say it."""

    headers: Headers | None
    body: Any
    params: Any
    json: Any
    data: Any
    files: Any
    timeout: Timeout | float | None
    tag: Any
    sink: Any
    sink_any_status: bool | None
    decode: bool | None
    max_content: int | None
    context: Any
    server_hostname: str | None
    fingerprint: str | None
    proxy: str | None
    redirects: int | None
    retry: Retry | None
    auth: Auth | None
    tolerant_decoding: bool | None
    default_encoding: DefaultEncoding | None
    validators: Mapping[str, str] | None
    wire: bool | None


class StreamableOptions(RequestOptions, total=False):
    """The same for a pool, where every request may be streamed."""

    stream: bool | None


class FetchOptions(Options, total=False):
    """The same for a fetcher: see ``FetchSettings``."""

    ordered: bool | None
    look_ahead: int
    max_buffered_bytes: int
    robots: bool | str | None


_PER_HOST: Final = "a mapping of hosts to such numbers, or a function of a host"

_KINDS: Final[Mapping[str, tuple[tuple[Any, ...], str]]] = {
    "context": ((ssl.SSLContext, str), "an ssl.SSLContext, or 'truststore'"),
    "decode": ((bool,), "True or False"),
    "delay_per_host": ((int, float, Mapping, Callable), f"a number of seconds, {_PER_HOST}"),
    "fingerprint": ((str,), "the SHA-256 of a certificate, in hex"),
    "keep_sent": ((bool,), "True or False"),
    "limits": ((Limits,), "a Limits of httpconn's, for what a server sends (connections: max_connections=, per_host=)"),
    "max_content": ((int,), "a number of bytes, as an int"),
    "netrc": ((bool, str, os.PathLike), "True, False or the path of a file"),
    "ordered": ((bool,), "True or False"),
    "proxy": ((str,), 'the URL of one proxy, "http://host:port", or "direct"; each request may name another'),
    "proxy_context": ((ssl.SSLContext,), "an ssl.SSLContext"),
    "rate_per_host": ((int, float, Mapping, Callable), f"a number of requests a second, {_PER_HOST}"),
    "server_hostname": ((str,), "a name, as str"),
    "sink_any_status": ((bool,), "True or False"),
    "source_address": ((tuple,), "a pair of host and port"),
    "stream": ((bool,), "True or False"),
    "tolerant_decoding": ((bool,), "True or False"),
    "trust_env": ((bool,), "True or False"),
    "wire": ((bool,), "True or False"),
}
"""Of what class the value of an option is, and how that is said. None is for options that may be left out."""

_KINDS_OF_REQUESTS: Final = ("context", "fingerprint", "max_content", "proxy", "server_hostname", "tolerant_decoding")


def check_kind(name: str, value: object) -> None:
    """Raise TypeError where *value* is not of the kind that the option *name* is of."""
    kinds, words = _KINDS[name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise TypeError(f"expected {name} as {words}, got {_shown(value)}")


def check_request(request: Request) -> None:
    """Raise TypeError where an option of *request* is of another kind than it has to be."""
    if is_read_as_others(request) and goes_as_others(request):
        return  # it has none of these
    for name in _KINDS_OF_REQUESTS:
        value = getattr(request, name)
        if value is not None:
            check_kind(name, value)
    if request.decode is not True:
        check_kind("decode", request.decode)
    if request.sink_any_status is not False:
        check_kind("sink_any_status", request.sink_any_status)
    if request.wire is not False:
        check_kind("wire", request.wire)
    sink = request.sink
    if sink is not None and not isinstance(sink, (str, bytes, os.PathLike)) and not hasattr(sink, "write"):
        raise TypeError(f"expected sink as a path, or a file object with write(), got {_shown(sink)}")


def _shown(value: object) -> str:
    """Return what *value* is for an error text; no text of it: it may have a password in it."""
    return repr(value) if isinstance(value, (bool, int, float)) else f"one of {type(value).__name__}"


_UNSAID_BY_NONE: Final = frozenset({
    "after_response", "before_request", "keep_sent", "limits", "netrc", "ordered", "socket_options", "strict",
    "tolerant_decoding", "trust_env",
})  # fmt: skip
"""Options with another default than None, where None is not to say it. Of a number it might mean that there is no
limit, as it does where ``Settings`` has it so: that is refused."""

# "host:port", where the host is no IPv6 address but one in brackets.
_with_port: Final = re.compile(r"(\[[^\]]*\]|[^:\[]+):([0-9]{1,5})").fullmatch
_SECRET: Final = frozenset({"auth", "headers", "proxy"})
_MAY_BE_NONE: Final = frozenset({"max_content", "expect_timeout_s"})


class Settings(KeywordRecord):
    """What all requests of a pool share. Pickles, unless a TLS context, a cookie jar or a lambda is in it."""

    _holder: ClassVar[str] = "a pool"
    _has_event_loop: ClassVar[bool] = False

    max_connections: int = 100
    """Open connections, to all origins together."""
    per_host: int = 8
    """Connections to one origin, with one set of TLS settings."""
    timeout: Timeout = DEFAULT_TIMEOUT
    """Of each request that has none of its own; a number is a Timeout of that many seconds, None of none."""
    headers: tuple[tuple[str, Any], ...] | None = None
    """Sent with each request that has no field of that name; None for our own Accept and User-Agent."""
    idle_s: float = 30.0
    """How long a connection that nobody uses is kept. It is never used after that, and a fetcher that is being asked
    for results closes it in time. A pool, and a fetcher that nobody asks, have no thread to do so: a pool closes what
    is out of time at the next beginning or end of a request to any host, and all at ``close()``."""
    head_rest_s: float = 0.1
    """How long a connection rests behind an answer that left announced content out (to HEAD, mostly): some servers send
    it all the same, and the next answer would be that. 0 for not at all; with *strict*, the connection is closed."""
    limits: Limits = Limits(field_lines=256)  # real sites send more than http.client's 100
    """What the head, the trailers and the chunks of a response may have."""
    max_content: int | None = 64 * MIB
    """Bytes of content of one response in memory."""
    max_ratio: float = DEFAULT_MAX_RATIO
    """How much larger content may become by decoding, and by each of its content codings."""
    tolerant_decoding: bool = False
    """Content that is cut short inside its content coding is taken as far as it goes, and what lies behind the end of
    a coded stream is dropped, as by curl and requests. Either is in ``defects``."""
    default_encoding: DefaultEncoding | None = None
    """The encoding of texts that tell none, by its name, or what finds it: called with the content, it returns a name,
    or None. What it raises, ``text`` raises."""
    strict: bool = False
    """Whether a malformed status-line, field line, trailer line or chunk extension refuses the response. Else it is
    passed over, listed in ``defects``, and the connection is closed behind it. What decides where a message ends is
    read strictly in either case. And whether a connection is closed behind each answer to HEAD that announces content.
    """
    context: ssl.SSLContext | str | None = None
    """With the client's certificates loaded into it, if there are any; or "truststore", the operating system's CAs."""
    server_hostname: str | None = None
    """The name that the certificate must be for, and that is sent as SNI, instead of the URL's host."""
    fingerprint: str | None = None
    """SHA-256 of the certificate (in DER) that an origin must show besides, in hex, with or without colons."""
    proxy: str | None = None
    """The URL of a proxy, see ``parse_proxy``; "direct" for none; None for what ``trust_env`` finds."""
    proxy_context: ssl.SSLContext | None = None
    """For the TLS to proxies of ``https://``, whose certificates are checked as origins' are."""
    trust_env: bool = False
    """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."""
    expect_timeout_s: float | None = 1.0
    """How long a large body that can be sent but once waits for "100 Continue"; None: it does not ask.

    After a 417 the request is sent again without the question, and for ten minutes its origin is not asked."""
    resolve: Resolve | None = None
    """Addresses for names: a mapping, a function, or a coroutine function; see ``Resolver``."""
    allow_address: AllowAddress | None = None
    """Asked with each address (as text) and port before it is connected to, whether it may be: ``public_only``, say."""
    resolve_ttl_s: float = 60.0
    """How long the answer of a lookup counts, in seconds."""
    max_lookups: int = DEFAULT_MAX_LOOKUPS
    """Names that are looked up at the same time, each in a thread. A request whose name waits for one of these places
    does so before its ``Timeout.connect`` begins."""
    max_abandoned_lookups: int = DEFAULT_MAX_LOOKUPS
    """How many lookups may run on, besides those, when nobody waits any more: ``getaddrinfo`` cannot be stopped."""
    source_address: tuple[str, int] | None = None
    """Host and port that connections are made from, as of ``socket.create_connection``."""
    socket_options: tuple[SocketOption, ...] = ()
    """Of each new socket: what ``setsockopt`` takes."""
    redirects: int = DEFAULT_REDIRECTS
    """How many are followed, 0 for none."""
    retry: Retry | None = None
    """What is tried again, and how often. None: only a kept connection that was lost is replaced."""
    rate_per_host: PerHost | None = None
    """Requests a second to one origin, with a burst of one second's worth: a number; a mapping of hosts to numbers, in
    which "*" is any other host; or a function of the host, which is asked about once. None is no limit."""
    delay_per_host: PerHost | None = None
    """Seconds between the starts of two requests to one origin, in the same forms."""
    cookies: CookieJar | None = None
    """The jar that cookies go into and come from. None: there are no cookies."""
    auth: Mapping[str, Auth] | None = None
    """Credentials by origin."""
    netrc: bool | str | os.PathLike[str] = False
    """Whether the user's netrc file is asked for credentials, or which file."""
    before_request: Hooks = ()
    """Called with each Request, also with those that redirects lead to; returns another, or None."""
    after_response: Hooks = ()
    """Called with each Response, also with those that something follows; returns None, or for a 4xx a Request that is
    sent in its place. An AsyncClient awaits, of both, those that are coroutine functions."""
    keep_sent: bool = False
    """Keep with each response what was sent for it: ``request_head``, ``peer``, ``sent_at`` and ``tls``, and
    ``request.headers`` as they were on the wire. It takes the longer way for each request."""

    @classmethod
    def of(cls, options: Options) -> Self:
        """Return the settings that *options* ask for. Raises TypeError, ValueError."""
        given: dict[str, Any] = dict(options)
        known = cls.names()
        for name in given.keys() - known:
            elsewhere = dict.fromkeys(OF_POOLS, "Fetcher, fetch_many and AsyncClient")
            elsewhere.update(dict.fromkeys((*OF_REQUESTS, "stream"), "each request"))
            raise unexpected(name, known, cls._holder, elsewhere)
        for name in given.keys() & _UNSAID_BY_NONE:
            if given[name] is None:
                del given[name]
        if "timeout" in given:
            given["timeout"] = Timeout.of(given["timeout"])
        if given.get("headers") is not None:
            given["headers"] = tuple(pairs_of(given["headers"]))
        for name in given.keys() & {"before_request", "after_response"}:
            given[name] = hooks_of(given[name], name)
            if not cls._has_event_loop and any(map(is_awaited, given[name])):
                raise TypeError(
                    f"{name} of {cls._holder} is a plain function; an AsyncClient awaits a coroutine function"
                )
        socket_options = given.get("socket_options", ())
        if not isinstance(socket_options, Iterable) or isinstance(socket_options, str | bytes):
            raise TypeError(f"expected socket_options as tuples of level, name and value, got {_shown(socket_options)}")
        given["socket_options"] = tuple(socket_options)
        for option in given["socket_options"]:
            if not isinstance(option, tuple | list) or len(option) not in (3, 4):
                raise TypeError(f"expected socket_options as tuples of level, name and value, got {_shown(option)}")
        most = most_descriptors()
        if most is not None and isinstance(count := given.get("max_connections"), int) and count > most:
            warnings.warn(
                f"max_connections={count} is more than the {most} file descriptors of this process (ulimit -n)",
                TooFewDescriptors,
                stacklevel=3,
            )
        return cls(**given)

    def given(self) -> dict[str, Any]:
        """Return what ``of`` makes equal settings of: of *max_connections* only what is not the default."""
        values = dict(vars(self))
        if values["max_connections"] == type(self).max_connections:
            del values["max_connections"]
        return values

    def __init__(self, **given: Any) -> None:
        """Raises TypeError and ValueError, which name the option."""
        super().__init__(**given)
        self._check()

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name not in _SECRET)
        return f"{type(self).__name__}({told})"

    def _check(self) -> None:
        for name, least in self.counts().items():
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"expected {name} as an int, got {value!r}")
            if value < least:
                raise ValueError(f"expected {name} of {least} or more, got {value}")
        if not isinstance(self.strict, bool):
            raise TypeError(f"expected strict as True or False, got {self.strict!r}")
        check_default(self.default_encoding)
        for name in ("idle_s", "head_rest_s", "resolve_ttl_s", "max_ratio", "expect_timeout_s"):
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise TypeError(f"expected {name} as a number, got {value!r}")
            if not value >= 0:  # NaN is not
                raise ValueError(f"expected {name} of 0 or more, got {value}")
        for name in _KINDS.keys() & self.names():
            value = getattr(self, name)
            if value is not None:
                check_kind(name, value)
        if self.resolve is not None and not isinstance(self.resolve, Mapping) and not callable(self.resolve):
            raise TypeError(f"expected resolve as a mapping of names, or a function, got {_shown(self.resolve)}")
        if self.allow_address is not None and not callable(self.allow_address):
            raise TypeError(f"expected allow_address as a function, got {_shown(self.allow_address)}")

    def spelled_names(self) -> dict[str, str]:
        """Return those names of the mapping ``resolve`` that are written otherwise than in a request: which key it is.

        Raises TypeError, ValueError for a key that no request can have.
        """
        if not isinstance(self.resolve, Mapping):
            return {}
        return {name: key for key in self.resolve if (name := _name_of(key)) != key}

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return the names of all options."""
        return frozenset(cls.__match_args__)

    @staticmethod
    def counts() -> dict[str, int]:
        """Return the names of the whole numbers, and the least that each may be."""
        return {"max_connections": 1, "per_host": 1, "max_content": 0, "max_lookups": 1, "max_abandoned_lookups": 0}


def _name_of(key: object) -> str:
    """Return "host" or "host:port" as a request has it. Raises TypeError, ValueError."""
    if not isinstance(key, str):
        raise TypeError(f"expected the names of hosts in resolve, got {_shown(key)}")
    found = _with_port(key)
    host, port = found.groups() if found is not None else (key, None)
    try:
        name = parse_bare(host)
    except ValueError as error:
        raise ValueError(f"expected names in resolve as 'host' or 'host:port': {error}") from error
    return name if port is None else f"{name}:{int(port)}"


class FetchSettings(Settings):
    """What all requests of a fetcher share."""

    _holder: ClassVar[str] = "a fetcher"

    max_connections: int = 256
    """Open connections, to all origins together."""
    ordered: bool = False
    """Results come in the order of the input."""
    look_ahead: int = 1_000
    """Requests that are taken from the input and have no connection yet. With *ordered*, requests behind the one whose
    result is next, whatever has become of them: so many results wait at most, and fewer than *max_connections* leave
    connections unused."""
    max_buffered_bytes: int = 256 * MIB
    """Bytes of content that have not been handed out; beyond them, reading pauses."""
    robots: bool | str | None = None
    """Keep to each host's robots.txt, by the rules for this name, "my-bot/1.0" say; with True, for the name at the
    beginning of the User-Agent that goes with every request. It is in no User-Agent by that."""

    def _check(self) -> None:
        super()._check()
        product_token(self.robots, self._user_agent())

    @property
    def robots_token(self) -> str:
        """The name by which rules are found, "" where nobody asks for them."""
        return product_token(self.robots, self._user_agent())

    def _user_agent(self) -> str | None:
        if self.headers is None:
            return USER_AGENT
        return next((_text(value) for name, value in self.headers if _text(name).lower() == "user-agent"), None)

    @staticmethod
    def counts() -> dict[str, int]:
        return {**Settings.counts(), "look_ahead": 1, "max_buffered_bytes": 0}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else "" if value is None else str(value)


OF_POOLS.update(FetchSettings.names())
