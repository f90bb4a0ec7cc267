"""NO_PROXY: which hosts are asked without a proxy.

There is no standard. What curl, requests, urllib and Go have in common is taken, and where they differ the wider
reading that names no other host: a block of addresses (``10.0.0.0/8``, ``fd00::/8``); an IPv6 address with or without
brackets; a name for itself and all below it, but not for ``badexample.org``; ``.example.org`` and ``*.example.org``
for the same; ``host:port`` for that port; ``*`` for all. Entries are parted by commas or white space, case does not
matter, nor does a root dot.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from typing import Final, NamedTuple, TypeAlias

from .._wire.hosts import parse_host

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_parted: Final = re.compile(r"[,\s]+").split
# An address in brackets, or a name or IPv4 address, with a port perhaps.
_with_port: Final = re.compile(r"\[?([^\[\]]*?)\]?(?::([0-9]++))?").fullmatch


class _Entry(NamedTuple):
    name: str
    """In lower case and ASCII where it can be; "" for a network."""
    network: _Network | None
    port: int | None
    """None for any."""


class NoProxy:
    """The entries of a NO_PROXY variable."""

    def __init__(self, text: str) -> None:
        """Ignore malformed entries, as other clients do."""
        entries = [entry for entry in _parted(text) if entry]
        self._all = "*" in entries
        self._entries = [_entry_of(entry) for entry in entries]

    def has(self, host: str, port: int) -> bool:
        """Return whether *host*, as ``parse_url`` has it, is one of them."""
        if self._all:
            return True
        address = _address_of(host)
        name = host.removesuffix(".")
        return any(
            (entry.port is None or entry.port == port)
            and (
                (address is not None and address in entry.network)
                if entry.network is not None
                else name == entry.name or name.endswith(f".{entry.name}")
            )
            for entry in self._entries
            if entry.network is not None or entry.name
        )


def _entry_of(text: str) -> _Entry:
    network = _network_of(text)
    if network is not None:
        return _Entry("", network, None)
    found = _with_port(text)
    host, port = (found[1], found[2]) if found is not None else (text, None)
    number = None if port is None else int(port[:6])
    network = _network_of(host)
    if network is not None:
        return _Entry("", network, number)
    name = host.removeprefix("*").removeprefix(".").removesuffix(".").lower()
    with contextlib.suppress(ValueError):  # not a host name itself, but may be the suffix of one
        name = parse_host(name)
    return _Entry(name, None, number)


def _network_of(text: str) -> _Network | None:
    """Return the block that *text* is, an address being one of its own; None where it is none."""
    try:
        return ipaddress.ip_network(text.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return None


def _address_of(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
