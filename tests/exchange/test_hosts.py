"""The hosts of URLs, also outside ASCII, held against a WHATWG parser; and what is refused, and why."""

from __future__ import annotations

import random
import sys
import unicodedata

import pytest

from httpconn import InvalidURL
from httpconn._wire.hosts import is_address, parse_host, parse_ipv6
from httpconn._wire.urls import parse_url

from ..support.sites import PAGE, Asker, Site
from .test_locations import NO_ORACLE

idna = pytest.importorskip("idna", reason="hosts outside ASCII need the package idna")

HOSTS = [
    # what IDNA 2008 refuses, and browsers go to
    "\U0001f4a9.la", "i\u2764.ws", "\u2603.net", "\u261e.test", "\u221e.test", "\u00bd.test", "a\U0001f1e9\U0001f1eaa.test", "\U0001f468\u200d\U0001f469.test",
    "a_b.b\u00fccher.de", "r3---sn.\u00fc.de", "_dmarc.\u00fc.de", "-a.\u00fc.de", "a-.\u00fc.de", "\u00fc--b.de", "-\u00fc-.de", "\u2026.test",
    # mapped
    "B\u00dcCHER.example", "Fa\u00df.de", "\u1e9e.de", "\u03b2\u03cc\u03bb\u03bf\u03c2.com", "\uff41\uff42.\uff34est", "a\u3002b\uff0ec\uff61d.\u00fc", "\u2167.test", "a\u00adb.\u00fc",
    "\u00b5.test", "\ufb01.test", "\u212b.test", "a\u0308.test", "\u1112\u1161\u11ab.test", "\u65e5\u672c\u8a9e\u3002\uff4a\uff50", "\u0130.test", "\u017f.test", "XN--A\u00fc.de",
    # joiners and directions
    "\u0915\u094d\u200d\u0937.test", "\u0915\u094d\u200c\u0937.test", "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.test", "a\u200db.test", "\u200d.test", "a\u200cb.test",
    "\u05d0\u05d1.test", "\u05d0a.test", "a\u05d0.test", "\u05d0\u0661.test", "\u05d01.test", "1\u05d0.test", "\u0627\u0661\u06f2.test", "\u05d0-.test", "\u05d0.9.test",
    # refused
    "\u0301a.test", "\u00a0.test", "a\u2028b.test", "\ue000.test", "\ufffd.test", "a\u2100b.test", "\u2488com", "\uff05.test", "\uff0f.test", "xn--\u00e9", "xn--a.\u00fc", "\u2260\u0338.test",
    "\u00ad", "\u2060", "\uff1a.test",
]  # fmt: skip


def oracle(host: str) -> str | None:
    ada_url = pytest.importorskip("ada_url", reason=NO_ORACLE)
    try:
        return str(ada_url.URL(f"http://{host}/").hostname)
    except ValueError:
        return None


def ours(host: str) -> str | None:
    try:
        return parse_url(f"http://{host}/")[0].host
    except InvalidURL:
        return None


def is_exception(host: str, expected: str | None, found: str | None) -> bool:
    """Return whether the two may differ, see hosts.py; and where the oracle is behind UTS 46, section 4.1, rule 9."""
    if expected is None:
        return found is not None and "xn--" in host  # an ASCII label that begins with it is not judged here
    has_right_to_left = any(unicodedata.bidirectional(sign) in ("R", "AL", "AN") for sign in host)
    is_odd = not expected.replace(".", "").replace("-", "").replace("_", "").isalnum() or ".." in f".{expected}"
    # The oracle holds a label against the rule of directions only if it has a letter from right to left itself.
    return found is None and (has_right_to_left or is_odd)


@pytest.mark.parametrize("host", HOSTS, ids=ascii)
def test_as_browsers_have_it(host: str) -> None:
    expected, found = oracle(host), ours(host)
    assert found == expected or is_exception(host, expected, found)


def test_the_table_shows_both() -> None:
    found = [ours(host) for host in HOSTS]
    assert sum(host is not None for host in found) > 35
    assert sum(host is None for host in found) > 15
    assert sum(is_exception(host, oracle(host), ours(host)) and ours(host) != oracle(host) for host in HOSTS) <= 3


@pytest.mark.parametrize(("host", "encoded"), [
    ("\U0001f4a9.la", "xn--ls8h.la"), ("a_b.b\u00fccher.de", "a_b.xn--bcher-kva.de"), ("r3---sn.\u00fc.de", "r3---sn.xn--tda.de"),
    ("Fa\u00df.de", "xn--fa-hia.de"), ("\uff11\uff12\uff17.1", "127.0.0.1"), ("b%C3%BCcher.de", "xn--bcher-kva.de"),
])  # fmt: skip
def test_known_answers(host: str, encoded: str) -> None:
    assert ours(host) == encoded


def test_random_labels() -> None:
    """Of characters that are old enough for this Python, the package and the oracle to agree on what they are.

    Without the parts of Hangul syllables, which the oracle does not always put together (Normalization Form C).
    """
    chance = random.Random(14)
    old = unicodedata.ucd_3_2_0

    def sign() -> str:
        kind = chance.random()
        if kind < 0.35:
            return chance.choice("abz019-_.")
        if kind < 0.45:
            return chance.choice("\u200c\u200d\u094d\u0915\u0300\u05d0\u0627\u0660\u06f0\u00df\u03c2\u00ad")
        if kind < 0.55:
            return chr(chance.randint(0x1F300, 0x1F5FF))
        while True:
            found = chr(chance.choice([chance.randint(0x80, 0x2FFF), chance.randint(0x80, 0x1FFFF)]))
            if old.category(found) not in ("Cn", "Cs", "Co") and not "\u1100" <= found <= "\u11ff":
                return found

    taken = refused = excepted = 0
    for _ in range(6_000):
        host = "".join(sign() for _ in range(chance.randint(1, 7))) + ".test"
        expected, found = oracle(host), ours(host)
        if found != expected:
            assert is_exception(host, expected, found), ascii(host)
            excepted += 1
        elif found is None:
            refused += 1
        else:
            taken += 1
    assert taken > 2_000
    assert refused > 1_000
    assert excepted < 1_000


@pytest.mark.parametrize("host", ["9.\u05d0", "_.\u05d0", "0\u00e0.\u05d0", "a.\u05d0a", "-.\u05d0"])
def test_directions_are_judged_for_the_whole_name(host: str) -> None:
    """Source: UTS 46, section 4.1, rule 9, and RFC 5893 section 2, rules 1 and 2 (IdnaTestV2.txt marks them B1)."""
    with pytest.raises(ValueError):
        parse_host(host)


def test_lengths() -> None:
    """Labels of 63 bytes and names of 253 and a dot; browsers take longer ones, and no name server does."""
    long = "a" * 63
    assert ours(f"{long}.test") == f"{long}.test"
    assert ours(f"a{long}.test") is None
    whole = ".".join([long, long, long, "a" * 61])
    assert len(whole) == 253
    assert ours(whole) == whole
    assert ours(whole + ".") == whole + "."
    assert ours("a" + whole) is None
    longest = "\u00fc" + "a" * 55  # "xn--", 55 letters, "-", and the place of the one that is none
    encoded = ours(longest + ".test")
    assert encoded is not None
    assert len(encoded.partition(".")[0]) <= 63
    assert ours("\u00fc" + "a" * 58 + ".test") is None
    assert ours("\u00fc" * 100_000) is None


@pytest.mark.parametrize(("text", "address"), [
    ("0", "0.0.0.0"), ("0x", "0.0.0.0"), ("1", "0.0.0.1"), ("256", "0.0.1.0"), ("4294967295", "255.255.255.255"), ("4294967296", None),
    ("0x7F000001", "127.0.0.1"), ("017700000001", "127.0.0.1"), ("127.0.0.1.", "127.0.0.1"), ("1.2", "1.0.0.2"), ("1.16777215", "1.255.255.255"),
    ("1.16777216", None), ("1.2.65535", "1.2.255.255"), ("1.2.65536", None), ("1.2.3.255", "1.2.3.255"), ("1.2.3.256", None), ("1.256.3.4", None),
    ("08", None), ("0x1g", "0x1g"), ("1.2.3.08", None), ("1.2.3.4.5", None), ("a.1", None), ("a.0x1", None), ("1.a", "1.a"), ("a.1b", "a.1b"),
])  # fmt: skip
def test_addresses_in_any_notation(text: str, address: str | None) -> None:
    """One to four numbers, decimal, octal or hex, as inet_aton has them; the oracle says the same."""
    assert ours(text) == address
    assert oracle(text) == address
    if address is not None:
        assert is_address(address) == address.replace(".", "").isdigit()


@pytest.mark.parametrize(
    "text",
    [
        "::1",
        "::",
        "1:0:0:0:0:0:0:1",
        "2001:DB8::0:1",
        "::ffff:1.2.3.4",
        "::ffff:0102:304",
        "64:ff9b::1.2.3.4",
        "1::2:0:0:3",
        "::1.2.3",
    ],
)
def test_ipv6(text: str) -> None:
    expected = oracle(f"[{text}]")
    found = ours(f"[{text}]")
    assert (found and f"[{found}]") == expected


def test_zones() -> None:
    assert parse_ipv6("FE80::1%25eth0") == parse_ipv6("fe80::1%eth0") == "fe80::1%eth0"
    assert parse_ipv6("::ffff:1.2.3.4%25eth0") == "::ffff:102:304%eth0"
    with pytest.raises(ValueError):
        parse_ipv6("fe80::1%eth0", zone=False)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "idna", None)
    for host in ("\u00fc.de", "\U0001f4a9.la", "\uff11.1"):
        with pytest.raises(InvalidURL, match=r"httpconn\[idna\]"):
            parse_url(f"http://{host}/")
    assert ours("a_b.xn--bcher-kva.de") == "a_b.xn--bcher-kva.de"


@pytest.mark.parametrize("kind", ["pool", "stream", "fetcher", "async", "astream"])
def test_the_server_is_told_the_name_in_ascii(kind: str) -> None:
    names = {"xn--ls8h.la": "127.0.0.1", "a_b.xn--bcher-kva.de": "127.0.0.1"}
    with Site({"/": PAGE}) as site, Asker(kind, resolve=names) as ask:
        for number, host in enumerate(["\U0001f4a9.la", "a_b.b\u00fccher.de"]):
            url = f"http://{host}:{site.port}/"
            response = ask(url)
            assert (response.status, response.url) == (200, url)
            assert site.fields(number)["host"] == f"{[*names][number]}:{site.port}"
