"""Which addresses may be connected to: what ``allow_address=`` is, and one that is ready-made.

``ipaddress.is_global`` is not asked: what it says has changed in patch releases of each Python. The list is the one of
IANA's registries of special-purpose addresses, and stands here, as in November 2026.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final, TypeAlias

AllowAddress: TypeAlias = Callable[[str, int], bool]
"""Given an address as text and a port, tells whether it may be connected to."""

_V4: Final = ipaddress.IPv4Network
_V6: Final = ipaddress.IPv6Network

# Source: IANA IPv4 Special-Purpose Address Registry, all that is not globally reachable, and of 192.0.0.0/24 also the
# two addresses that are: they lead to the nearest router or relay. And multicast, which is nobody's server.
NOT_PUBLIC_V4: Final = tuple(map(_V4, (
    "0.0.0.0/8",  # this network (RFC 791); 0.0.0.0 is this machine
    "10.0.0.0/8",  # private (RFC 1918)
    "100.64.0.0/10",  # shared by carriers (RFC 6598)
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local (RFC 3927), the metadata of clouds among them
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
    "192.0.2.0/24",  # documentation (RFC 5737)
    "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks (RFC 2544)
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
)))  # fmt: skip

_UNICAST_V6: Final = _V6("2000::/3")
"""All that has been given out for unicast (RFC 4291); loopback, local, multicast and unassigned ones are outside."""
# Source: IANA IPv6 Special-Purpose Address Registry, all in there that is not globally reachable, or leads elsewhere.
NOT_PUBLIC_V6: Final = tuple(map(_V6, (
    "2001::/23",  # IETF protocol assignments (RFC 2928), Teredo's tunnels among them
    "2001:db8::/32",  # documentation (RFC 3849)
    "2002::/16",  # 6to4 (RFC 3056): a tunnel to an IPv4 address
    "3fff::/20",  # documentation (RFC 9637)
)))  # fmt: skip
_NAT64: Final = _V6("64:ff9b::/96")
"""How an IPv4 address is reached where there is none (RFC 6052): what counts is that one."""


def public_only(address: str, port: int) -> bool:
    """Return whether *address* is one that the whole internet can reach, so that nothing private is behind it.

    For ``allow_address=``. False for private, local, shared, reserved and multicast addresses, for documentation, for
    Unix sockets, and for tunnels; an IPv4 address within an IPv6 one (mapped, NAT64) is judged as itself. Any *port*.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False  # "unix:/path"
    if isinstance(found, ipaddress.IPv6Address):
        found = _within(found)
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in NOT_PUBLIC_V4)
    plain = ipaddress.IPv6Address(int(found))  # without a zone, which is no part of a network
    return plain in _UNICAST_V6 and not any(plain in network for network in NOT_PUBLIC_V6)


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that *address* stands for, else itself."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if ipaddress.IPv6Address(int(address)) in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def plain_text(address: str) -> str:
    """Return *address* in the one form in which ``allow_address`` is told it: an IPv4-mapped one as the IPv4 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(found if mapped is None else mapped)
