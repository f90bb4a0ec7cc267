"""Names to addresses: overrides, address literals, a cache, and lookups (``lookups.py``).

Several addresses come in the order in which they are to be tried: getaddrinfo's (RFC 6724), with the families taking
turns (RFC 8305 section 4), and those that have just failed behind the others.
"""

from __future__ import annotations

import copy
import ipaddress
import itertools
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from .descriptors import are_none_left, none_left
from .lookups import Address, Answer, Lookup, Lookups, Name

if TYPE_CHECKING:
    from concurrent.futures import Future

Addresses: TypeAlias = str | Iterable[str] | None
Resolve: TypeAlias = (
    "Mapping[str, str | Iterable[str]] | Callable[[str, int], Addresses | Awaitable[Addresses] | Future[Addresses]]"
)

_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_is_ipv4: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}").fullmatch
"""As ``ipaddress`` has it, which takes 10 us to say so, or that it is a name."""
DEFAULT_MAX_LOOKUPS: Final = 128
_UNIX: Final = "unix:"
_AF_UNIX: Final = getattr(socket, "AF_UNIX", None)
_MOST_NAMES: Final = 10_000
_ENTRY_ADDRESSES: Final = 16
_DEAD_S: Final = 60.0
"""How long an address that did not answer is tried last."""
_MOST_DEAD: Final = 1_000
_NOT_THERE: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""What says that there is no such name. Everything else is a failure of the lookup, which may succeed the next time."""


class _Known(NamedTuple):
    answer: Answer
    is_told: bool
    """By ``resolve=``, and not by the system."""
    until: float


class _Memory:
    """The answers that still count, by name; for several threads."""

    def __init__(self, ttl_s: float, negative_ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._negative_ttl_s = negative_ttl_s
        self.begin_empty()

    def begin_empty(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may ask while its thread has it
        self._known: dict[Name, _Known] = {}

    def find(self, name: Name) -> _Known | None:
        known = self._known.get(name)
        return None if known is None or known.until <= time.monotonic() else known

    def note(self, name: Name, answer: Answer, is_told: bool) -> None:
        """Remember *answer*, if it is one that says how things are; a failure to find that out is none."""
        ttl_s = self._ttl_s
        if isinstance(answer, BaseException):
            if not isinstance(answer, socket.gaierror) or answer.errno not in _NOT_THERE:
                return
            ttl_s = self._negative_ttl_s
        if ttl_s <= 0:
            return
        with self._lock:
            self._known.pop(name, None)
            while len(self._known) >= _MOST_NAMES:
                self._known.pop(next(iter(self._known)), None)
            self._known[name] = _Known(answer, is_told, time.monotonic() + ttl_s)


class Resolver:
    """Looks names up; safe to use from several threads.

    *resolve* goes before everything else: a mapping of "host" or "host:port", or a function of host and port, to an
    address or several: "192.0.2.1", "2001:db8::1", or "unix:/path" for a Unix socket; None for "not mine". The function
    may also return a future of that (``concurrent.futures`` or asyncio's), or be a coroutine function. *spelled* has
    the keys of the mapping that are written otherwise than names are asked for ("Example.org"), by those names.

    *ttl_s* is how long an answer counts, since getaddrinfo does not tell; *negative_ttl_s* how long it counts that
    there is no such name. No other failure is remembered. What a function gives at once is not remembered either, what
    it gives later is.
    """

    def __init__(
        self,
        resolve: Resolve | None = None,
        *,
        spelled: Mapping[str, str] | None = None,
        ttl_s: float = 60.0,
        negative_ttl_s: float = 2.0,
        max_lookups: int = DEFAULT_MAX_LOOKUPS,
        max_abandoned_lookups: int = DEFAULT_MAX_LOOKUPS,
    ) -> None:
        self._resolve = resolve
        self._spelled = spelled or {}
        self._memory = _Memory(ttl_s, negative_ttl_s)
        self.lookups = Lookups(
            _look_up, _read, self._memory.note, most=max_lookups, most_abandoned=max_abandoned_lookups
        )
        self._begin_empty()

    def _begin_empty(self) -> None:
        self._lock = threading.RLock()  # as above
        self._dead: dict[Address, float] = {}  # and until when it is remembered; the oldest first

    def forget(self) -> None:
        """Forget all names, and the threads: in the child of a fork there are none."""
        self.lookups.begin_anew()
        self._memory.begin_empty()
        self._begin_empty()

    def close(self) -> None:
        """Let go of the thread in which coroutines run, if there is one; a second call does nothing."""
        self.lookups.close()

    def ask(self, name: Name, told: Callable[[], None], *, is_again: bool = False) -> list[Address] | Lookup:
        """Return the addresses of *name* where they are known without waiting, or a lookup, which calls *told* then.

        From another thread, as a rule; ``answer_of`` gives the addresses then. *is_again*: that there is no such name
        is not taken from memory. Raises OSError (socket.gaierror) for a name that was not found a moment ago,
        ValueError for an override that is no address, and what the function ``resolve=`` raises.
        """
        known = self._memory.find(name)
        if known is not None:
            if is_again and isinstance(known.answer, BaseException):
                known = None
            elif known.is_told:
                return self._told(known.answer)
        given = None
        host, port = name
        if self._resolve is not None and not self.lookups.is_under_way(name):
            given = self._given(host, port)
            if isinstance(given, str):  # as most are
                return [_address_of(given, host, port)]
            if hasattr(given, "done") and given.done():
                given = given.result()
            if given is not None and not _is_awaited(given):
                return self._in_order(_addresses_of(given, host, port))
        if given is None:
            if known is not None:
                return self._told(known.answer)
            literal = _literal(host, port)
            if literal is not None:
                self._memory.note(name, [literal], False)
                return [literal]
        return self.lookups.start(name, told, given)

    def answer_of(self, lookup: Lookup) -> list[Address]:
        """Return what a lookup has come to, which is done. Raises as ``ask``."""
        answer = lookup.answer
        assert answer is not None
        return self._told(answer)

    def _told(self, answer: Answer) -> list[Address]:
        if isinstance(answer, BaseException):
            raise _copied(answer)
        return self._in_order(answer)

    def note_dead(self, addresses: Iterable[Address]) -> None:
        """Have these tried last for a while: they did not answer."""
        until = time.monotonic() + _DEAD_S
        with self._lock:
            for address in addresses:
                self._dead.pop(address, None)
                while len(self._dead) >= _MOST_DEAD:
                    self._dead.pop(next(iter(self._dead)), None)
                self._dead[address] = until

    def _in_order(self, addresses: list[Address]) -> list[Address]:
        """Return *addresses*, those that did not answer a short time ago behind the others."""
        if not self._dead or len(addresses) == 1:
            return addresses
        now = time.monotonic()
        return sorted(addresses, key=lambda address: self._dead.get(address, 0.0) > now)

    def _given(self, host: str, port: int) -> Any:
        """Return what ``resolve=`` has for *host*."""
        resolve = self._resolve
        if callable(resolve):
            return resolve(host, port)
        assert resolve is not None
        for name in (f"{host}:{port}", host):
            given = resolve.get(name)
            if given is None and name in self._spelled:
                given = resolve.get(self._spelled[name])
            if given is not None:
                return given
        return None


def _is_awaited(given: Any) -> bool:
    return hasattr(given, "add_done_callback") or hasattr(given, "__await__")


def _read(given: Any, host: str, port: int) -> list[Address] | None:
    return None if given is None else _addresses_of(given, host, port)


def _addresses_of(given: Any, host: str, port: int) -> list[Address]:
    """Return the addresses that are *given* as text. Raises ValueError."""
    texts = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
    addresses = [_address_of(text, host, port) for text in texts]
    if not addresses:
        raise ValueError(f"expected an address for {host!r} in resolve=, got none")
    return addresses


def _address_of(text: Any, host: str, port: int) -> Address:
    """Return the address that *text* is, which was given for *host*. Raises ValueError, TypeError."""
    if not isinstance(text, str):
        raise TypeError(f"expected an address for {host!r} in resolve= as str, or several, got {text!r:.64}")
    if _is_ipv4(text):
        return socket.AF_INET, (text, port)
    address = _unix(text) if text.startswith(_UNIX) else _literal(text, port)
    if address is None:
        raise ValueError(f"expected an IP address or unix:/path for {host!r} in resolve=, got {text!r}")
    return address


def _copied(error: BaseException) -> BaseException:
    """Return a copy of *error* for one more who waited: raising it adds a traceback and a context."""
    if isinstance(error, OSError):
        return type(error)(*error.args)
    try:
        return copy.copy(error)
    except Exception:  # a class whose constructor wants something else: then it is the same one
        return error


def text_of(address: Address) -> str:
    """Return *address* as ``resolve=`` would have it: "192.0.2.1", "fe80::1%2", "unix:/path"."""
    family, where = address
    if family == _AF_UNIX:
        return f"{_UNIX}{where}"
    host: str = where[0]
    has_scope = family == socket.AF_INET6 and where[3] and "%" not in host
    return f"{host}%{where[3]}" if has_scope else host


def _unix(text: str) -> Address:
    if not hasattr(socket, "AF_UNIX"):
        raise ValueError("there are no Unix sockets here")
    return socket.AF_UNIX, text.removeprefix(_UNIX)


def _literal(host: str, port: int) -> Address | None:
    """Return the address that *host* is, or None where it is a name."""
    if _is_ipv4(host):
        return socket.AF_INET, (host, port)
    if ":" not in host:
        return None
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return None
    if address.scope_id is None:
        return socket.AF_INET6, (host, port, 0, 0)
    # The scope is the name of an interface or its number.
    found = socket.getaddrinfo(host, port, socket.AF_INET6, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    return socket.AF_INET6, found[0][4]


def _look_up(host: str, port: int) -> list[Address]:
    """Ask the system. Raises OSError; socket.gaierror, EAI_NONAME, for a host that no codec takes (UnicodeError)."""
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, f"{error}") from None
    except socket.gaierror as error:
        if are_none_left():  # without a descriptor there are no answers, and so no names: that is not to be remembered
            raise none_left(f"{host!r} cannot be looked up") from error
        raise
    addresses: list[Address] = []
    for family, _, _, _, address in found:
        if (family, address) not in addresses:
            addresses.append((family, address))
    return _interleaved(addresses)[:_ENTRY_ADDRESSES]


def _interleaved(addresses: list[Address]) -> list[Address]:
    """Return *addresses* with their families taking turns, the first one's first. Source: RFC 8305 section 4."""
    families: dict[int, list[Address]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    if len(families) < 2:
        return addresses
    turns = itertools.zip_longest(*families.values())
    return [address for turn in turns for address in turn if address is not None]
