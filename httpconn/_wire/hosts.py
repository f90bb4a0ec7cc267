"""The host of a URL: text to a name in ASCII or an address, as the URL standard has it.

One parser for the caller's URLs and for redirects: a host is judged (whose is it, may it be connected to, which
credentials are for it) by what it comes to here, however it was written.

Outside ASCII it is UTS 46 as browsers apply it: non-transitional, labels with hyphens anywhere, with underscores and
with emoji, and no list of IDNA 2008. The mapping table is that of the package ``idna`` (the extra ``idna``), the rest
stands here: ``idna.encode`` is IDNA 2008, which refuses labels that browsers go to. The standard library's codec is
IDNA 2003 and names other hosts for the same text, so without the package such a host is refused, never guessed.

Source: WHATWG URL, section 3.5; UTS 46, section 4. On purpose stricter than those, since no such host can be found:
empty labels, labels above 63 bytes, names above 254, and ASCII but for letters, digits, "-" and "_" are refused.
On purpose more lax: an ASCII label that begins with "xn--" is taken as it is, and not held against the table, so that
it does not depend on a package whether a host can be named.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from ..errors import quote

# Underscores are no host name's (RFC 952) and are seen in the wild.
_is_host_name: Final = re.compile(r"(?=.{1,254}\Z)[a-z0-9_\-]{1,63}+(?:\.[a-z0-9_\-]{1,63}+)*+\.?").fullmatch
_is_number: Final = re.compile(r"[0-9]++|0x[0-9a-f]*+").fullmatch
_LONGEST_TEXT: Final = 1_024
"""Characters of a host that is looked at, and"""
_LONGEST_LABEL: Final = 59
"""characters outside ASCII or beside them that can become a label of 63 bytes: "xn--" stands in front of them."""
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_JOINERS: Final = "\u200c\u200d"


def parse_host(text: str) -> str:
    """Return the host that *text* names: in ASCII and lower case, an address as it is written by itself.

    *text* is without the brackets of an IPv6 address, see ``parse_ipv6``. Raises ValueError, which quotes it.
    """
    host = text
    if "%" in host:
        try:
            host = unquote_to_bytes(host).decode()
        except UnicodeDecodeError:
            raise ValueError(f"expected the name of a host, got {quote(text)}, whose escapes are no UTF-8") from None
    host = host.lower() if host.isascii() else _to_ascii(host)
    if not _is_host_name(host):
        raise ValueError(f"expected the name of a host, got {quote(text)}")
    labels = host.removesuffix(".").split(".")
    return _parse_ipv4(labels, text) if _is_number(labels[-1]) else host


def parse_ipv6(text: str, *, zone: bool = True) -> str:
    """Return the IPv6 address of *text* as RFC 5952 writes it; an IPv4 one in it stays in hex. Raises ValueError.

    RFC 6874 writes the "%" of a *zone* as "%25"; only a caller knows the names of this machine's interfaces.
    """
    address = ipaddress.IPv6Address(text.replace("%25", "%", 1))
    if address.scope_id is not None and not zone:
        raise ValueError(f"expected an address without a zone, got {quote(text)}")
    mapped = address.ipv4_mapped
    if mapped is None:
        return address.compressed
    high, low = divmod(int(mapped), 0x10000)
    return f"::ffff:{high:x}:{low:x}" + ("" if address.scope_id is None else f"%{address.scope_id}")


def parse_bare(text: str) -> str:
    """Return the host that *text* names, as options have it: an IPv6 address with brackets or without.

    Raises ValueError, which quotes it.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return (parse_ipv6 if bare.count(":") > 1 else parse_host)(bare)


def is_address(host: str) -> bool:
    """Return whether *host*, as it was parsed, is an address and no name."""
    return ":" in host or host.rpartition(".")[2].isdecimal()


def _parse_ipv4(labels: list[str], text: str) -> str:
    """Return the IPv4 address of one to four numbers, decimal, "0x" or octal; the last one has all the bytes left."""
    try:
        numbers = [_number(label) for label in labels]
        *front, last = numbers
        if len(numbers) > 4 or any(number > 255 for number in front) or last >= 256 ** (4 - len(front)):
            raise ValueError
    except ValueError:
        raise ValueError(f"expected an IPv4 address, got {quote(text)}") from None
    value = last + sum(number << 8 * (3 - place) for place, number in enumerate(front))
    return str(ipaddress.IPv4Address(value))


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if len(label) > 1 and label.startswith("0") else 10)


# -- outside ASCII ----------------------------------------------------------------------------------------------


def _to_ascii(text: str) -> str:
    """Return *text*, of which some is outside ASCII, as it is looked up. Raises ValueError."""
    try:
        import idna
    except ImportError:
        raise ValueError("a host outside ASCII needs the package idna (pip install 'httpconn[idna]')") from None
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"expected the name of a host, got {quote(text)}")
    try:
        mapped: str = idna.uts46_remap(text, std3_rules=False)
        labels = mapped.split(".")
        is_bidi = any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in mapped)
        return ".".join(_encode_label(label, idna, is_bidi=is_bidi) for label in labels)
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"{error}") from None


def _encode_label(label: str, idna: Any, *, is_bidi: bool) -> str:
    """Return a mapped label in ASCII, by Punycode where it is not.

    Raises idna.IDNAError. *is_bidi*: whether there are letters that run from right to left anywhere in the name.
    """
    if is_bidi and label:
        idna.check_bidi(label, check_ltr=True)
    if label.isascii():
        return label
    if len(label) > _LONGEST_LABEL or label.startswith("xn--"):
        raise idna.IDNAError(f"expected a label of at most 63 bytes that is not encoded yet, got {quote(label)}")
    idna.check_initial_combiner(label)
    for place, sign in enumerate(label):
        if sign in _JOINERS and not _may_join(label, place, idna):
            raise idna.IDNAError(f"a joiner joins nothing in {quote(label)}")
    return "xn--" + label.encode("punycode").decode("ascii")


def _may_join(label: str, place: int, idna: Any) -> bool:
    try:
        return bool(idna.valid_contextj(label, place))
    except ValueError:  # a neighbour that this Python's Unicode has no name for yet
        return False
