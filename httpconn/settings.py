"""What a pool and a fetcher are made with: the names, the defaults, and what is judged of them, once for both."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict

from ._wire.grammar import Limits
from .decoding import DEFAULT_MAX_RATIO
from .model import DEFAULT_TIMEOUT, Headers, Timeout, pairs_of
from .policies.auth import Auth
from .policies.judge import Hooks
from .policies.redirects import DEFAULT_REDIRECTS
from .policies.retries import Retry
from .resolving import Resolve

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

MIB: Final = 1_048_576

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
    limits: Limits | None
    max_content: int | None
    max_ratio: float
    context: ssl.SSLContext | str | None
    server_hostname: str | None
    fingerprint: str | None
    proxy: str | None
    proxy_context: ssl.SSLContext | None
    trust_env: bool
    expect_timeout_s: float | None
    resolve: Resolve | None
    resolve_ttl_s: float
    source_address: tuple[str, int] | None
    socket_options: Iterable[SocketOption]
    redirects: int
    retry: Retry | None
    rate_per_host: float | None
    delay_per_host: float | None
    cookies: CookieJar | None
    auth: Mapping[str, Auth] | None
    netrc: bool | str | os.PathLike[str]
    before_request: Hooks
    after_response: Hooks


class FetchOptions(Options, total=False):
    """The same for a fetcher: see ``FetchSettings``."""

    ordered: bool
    look_ahead: int
    max_buffered_bytes: int


_MAY_BE_NONE: Final = frozenset({"max_content", "expect_timeout_s"})


def _limits() -> Limits:
    return Limits(field_lines=256)  # real sites send more than http.client's 100


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all requests of a pool share. Pickles, unless a TLS context, a cookie jar or a lambda is in it."""

    max_connections: int = 100
    per_host: int = 8
    """Connections to one origin, with one set of TLS settings."""
    timeout: Timeout = DEFAULT_TIMEOUT
    headers: tuple[tuple[str, Any], ...] | None = field(default=None, repr=False)
    """Sent with each request that has no field of that name; None for our own Accept and User-Agent."""
    idle_s: float = 30.0
    """How long a connection that nobody uses is kept."""
    limits: Limits = field(default_factory=_limits)
    max_content: int | None = 64 * MIB
    """Bytes of content of one response in memory."""
    max_ratio: float = DEFAULT_MAX_RATIO
    """How much larger content may become by decoding."""
    context: ssl.SSLContext | str | None = None
    """With the client's certificates loaded into it, if there are any; or "truststore", the operating system's CAs."""
    server_hostname: str | None = None
    """The name that the certificate must be for, and that is sent as SNI, instead of the URL's host."""
    fingerprint: str | None = None
    """SHA-256 of the certificate (in DER) that an origin must show besides, in hex, with or without colons."""
    proxy: str | None = field(default=None, repr=False)
    """The URL of a proxy, see ``parse_proxy``; "direct" for none; None for what ``trust_env`` finds."""
    proxy_context: ssl.SSLContext | None = None
    """For the TLS to proxies of ``https://``, whose certificates are checked as origins' are."""
    trust_env: bool = False
    """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."""
    expect_timeout_s: float | None = 1.0
    """How long a large body that can be sent but once waits for "100 Continue"; None: it does not ask."""
    resolve: Resolve | None = None
    """Addresses for names, see ``Resolver``."""
    resolve_ttl_s: float = 60.0
    source_address: tuple[str, int] | None = None
    socket_options: tuple[SocketOption, ...] = ()
    redirects: int = DEFAULT_REDIRECTS
    """How many are followed, 0 for none."""
    retry: Retry | None = None
    rate_per_host: float | None = None
    """Requests a second to one origin, with a burst of one second's worth."""
    delay_per_host: float | None = None
    """Seconds between the starts of two requests to one origin."""
    cookies: CookieJar | None = None
    auth: Mapping[str, Auth] | None = field(default=None, repr=False)
    """Credentials by origin."""
    netrc: bool | str | os.PathLike[str] = False
    """Whether the user's netrc file is asked for credentials, or which file."""
    before_request: Hooks = ()
    after_response: Hooks = ()

    @classmethod
    def of(cls, options: Options) -> Self:
        """Return the settings that *options* ask for. Raises TypeError, ValueError."""
        given: dict[str, Any] = dict(options)
        for name in given.keys() - {known.name for known in fields(cls)}:
            raise TypeError(f"unexpected keyword argument {name!r}")
        if "timeout" in given:
            given["timeout"] = Timeout.of(given["timeout"])
        if given.get("headers") is not None:
            given["headers"] = tuple(pairs_of(given["headers"]))
        if given.get("limits") is None:
            given.pop("limits", None)
        given["socket_options"] = tuple(given.get("socket_options", ()))
        return cls(**given)

    def __post_init__(self) -> None:
        """Raises TypeError and ValueError, which name the option."""
        for name, least in self.counts().items():
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"expected {name} as an int, got {value!r}")
            if value < least:
                raise ValueError(f"expected {name} of {least} or more, got {value}")
        for name in ("idle_s", "resolve_ttl_s", "max_ratio", "expect_timeout_s"):
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise TypeError(f"expected {name} as a number, got {value!r}")
            if not value >= 0:  # NaN is not
                raise ValueError(f"expected {name} of 0 or more, got {value}")

    @staticmethod
    def counts() -> dict[str, int]:
        """Return the names of the whole numbers, and the least that each may be."""
        return {"max_connections": 1, "per_host": 1, "max_content": 0}


@dataclass(frozen=True, kw_only=True)
class FetchSettings(Settings):
    """What all requests of a fetcher share."""

    max_connections: int = 256
    ordered: bool = False
    """Results come in the order of the input."""
    look_ahead: int = 1_000
    """Requests that are taken from the input and have no connection yet; *ordered*: that wait for an earlier one."""
    max_buffered_bytes: int = 256 * MIB
    """Bytes of content that have not been handed out; beyond them, reading pauses."""

    @staticmethod
    def counts() -> dict[str, int]:
        return {**Settings.counts(), "look_ahead": 1, "max_buffered_bytes": 0}
