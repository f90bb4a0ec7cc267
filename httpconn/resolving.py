"""Names to addresses: overrides, address literals, a cache, and getaddrinfo in a few threads.

Several addresses come in the order in which they are to be tried: getaddrinfo's (RFC 6724), with the families taking
turns (RFC 8305 section 4), and those that have just failed behind the others.

getaddrinfo blocks, cannot be stopped, and has no time limit. So it runs in threads of its own, which are there
only while there are names to look up; whoever waits does so with a limit, or is called back.
"""

from __future__ import annotations

import collections
import ipaddress
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from .errors import without_frames

Address: TypeAlias = tuple[int, Any]
"""(family, what ``socket.connect`` takes)"""
Resolve: TypeAlias = Mapping[str, str | Iterable[str]] | Callable[[str, int], str | Iterable[str] | None]

_UNIX: Final = "unix:"
_MOST_NAMES: Final = 10_000
_ENTRY_ADDRESSES: Final = 16
_DEAD_S: Final = 60.0
"""How long an address that did not answer is tried last."""
_MOST_DEAD: Final = 1_000


class Resolver:
    """Looks names up; safe to use from several threads.

    *resolve* goes before everything else: a mapping of "host" or "host:port", or a function of host and port (None:
    not mine), to an address or several: "192.0.2.1", "2001:db8::1", or "unix:/path" for a Unix socket. *ttl_s* is how
    long an answer counts, since getaddrinfo does not tell; *negative_ttl_s* how long a failure does.
    """

    def __init__(
        self, resolve: Resolve | None = None, *, ttl_s: float = 60.0, negative_ttl_s: float = 2.0, threads: int = 8
    ) -> None:
        self._resolve = resolve
        self._ttl_s = ttl_s
        self._negative_ttl_s = negative_ttl_s
        self._most_threads = threads
        self.forget()

    def forget(self) -> None:
        """Forget all names, and the threads: in the child of a fork there are none."""
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], tuple[float, list[Address] | OSError]] = {}
        self._waiting: dict[tuple[str, int], list[Callable[[], None]]] = {}
        self._queue: collections.deque[tuple[str, int]] = collections.deque()
        self._dead: dict[Address, float] = {}  # and until when it is remembered; the oldest first
        self._threads = 0

    def find(self, host: str, port: int) -> list[Address] | None:
        """Return the addresses where they are known without waiting, or None.

        Raises OSError (socket.gaierror) for a name that was not found a moment ago, ValueError for an override
        that is no address.
        """
        if self._resolve is not None:
            override = self._override(host, port)
            if override is not None:
                return self._in_order(override)
        entry = self._known.get((host, port))
        if entry is not None:
            until, answer = entry
            if until > time.monotonic():
                if isinstance(answer, OSError):
                    raise type(answer)(*answer.args)
                return self._in_order(answer)
        elif (literal := _literal(host, port)) is not None:
            with self._lock:
                self._remember((host, port), [literal], self._ttl_s)
            return [literal]
        return None

    def note_dead(self, addresses: Iterable[Address]) -> None:
        """Have these tried last for a while: they did not answer."""
        until = time.monotonic() + _DEAD_S
        with self._lock:
            for address in addresses:
                self._dead.pop(address, None)
                while len(self._dead) >= _MOST_DEAD:
                    del self._dead[next(iter(self._dead))]
                self._dead[address] = until

    def _in_order(self, addresses: list[Address]) -> list[Address]:
        """Return *addresses*, those that did not answer a short time ago behind the others."""
        if not self._dead or len(addresses) == 1:
            return addresses
        now = time.monotonic()
        return sorted(addresses, key=lambda address: self._dead.get(address, 0.0) > now)

    def is_looking_up(self, host: str, port: int) -> bool:
        """Return whether the answer for a name is still to come."""
        return (host, port) in self._waiting

    def start(self, host: str, port: int, done: Callable[[], None]) -> None:
        """Look a name up in a thread, and then call *done* from there; ``find`` gives the answer then."""
        name = (host, port)
        with self._lock:
            waiting = self._waiting.get(name)
            if waiting is not None:
                waiting.append(done)
                return
            self._waiting[name] = [done]
            self._queue.append(name)
            if self._threads >= min(self._most_threads, len(self._waiting)):
                return
            self._threads += 1
        try:
            threading.Thread(target=self._work, name="httpconn-resolver", daemon=True).start()
        except BaseException:
            with self._lock:
                self._threads -= 1
                if not self._threads:
                    # Nobody is there to answer those that wait.
                    self._waiting.pop(name, None)
                    self._queue.remove(name)
                    raise

    def _work(self) -> None:
        """One thread's whole life: names until there is none left."""
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                name = self._queue.popleft()
            answer: list[Address] | OSError
            try:
                answer = _look_up(*name)
            except OSError as error:
                answer = without_frames(error)
            except Exception as error:  # a host that no codec takes (UnicodeError): not found, and say why
                answer = socket.gaierror(socket.EAI_NONAME, f"{error}")
            failed = isinstance(answer, OSError)
            with self._lock:
                # At least long enough for those who wait to come and get it.
                self._remember(name, answer, max(1.0, self._negative_ttl_s if failed else self._ttl_s))
                waiting = self._waiting.pop(name, [])
            for done in waiting:
                done()

    def _remember(self, name: tuple[str, int], answer: list[Address] | OSError, ttl_s: float) -> None:
        self._known.pop(name, None)
        while len(self._known) >= _MOST_NAMES:
            del self._known[next(iter(self._known))]
        self._known[name] = (time.monotonic() + ttl_s, answer)

    def _override(self, host: str, port: int) -> list[Address] | None:
        resolve = self._resolve
        if callable(resolve):
            given = resolve(host, port)
        else:
            assert resolve is not None
            given = resolve.get(f"{host}:{port}")
            if given is None:
                given = resolve.get(host)
        if given is None:
            return None
        texts = [given] if isinstance(given, str) else list(given)
        addresses = []
        for text in texts:
            address = _unix(text) if text.startswith(_UNIX) else _literal(text, port)
            if address is None:
                raise ValueError(f"expected an IP address or unix:/path for {host!r} in resolve=, got {text!r}")
            addresses.append(address)
        if not addresses:
            raise ValueError(f"expected an address for {host!r} in resolve=, got none")
        return addresses


def _unix(text: str) -> Address:
    if not hasattr(socket, "AF_UNIX"):
        raise ValueError("there are no Unix sockets here")
    return socket.AF_UNIX, text.removeprefix(_UNIX)


def _literal(host: str, port: int) -> Address | None:
    """Return the address that *host* is, or None where it is a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return socket.AF_INET, (host, port)
    if address.scope_id is None:
        return socket.AF_INET6, (host, port, 0, 0)
    # The scope is the name of an interface or its number.
    found = socket.getaddrinfo(host, port, socket.AF_INET6, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    return socket.AF_INET6, found[0][4]


def _look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
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
