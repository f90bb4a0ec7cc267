"""Redirects as browsers read them: each Location held against a WHATWG parser, and what the server is asked for then."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

import httpconn
from httpconn import InvalidURL, Request, UnsupportedScheme
from httpconn._wire.references import resolve_reference, urljoin
from httpconn._wire.urls import parse_url
from httpconn.policies.redirects import location_of

from ..support.sites import PAGE, Asker, Site, each_kind, redirect

NO_ORACLE = "the oracle is ada-url, which has no wheels for Python 3.15 yet"


BASES = [
    "http://h/",
    "http://h.test:8080/a/b?c#d",
    "https://h.test/a/../b//c;d?",
    "http://h.test/a b/\u00e9?x#\u00e9",
    "http://[::1]:81/x/y",
    "http://h.test",
]

LOCATIONS = [
    # relative, though there is a colon
    "10:30.html", "x y:z", "1http://a/", "-a:b", "%41:b", "./a:b", ":a", "a/b:c", "?a:b", "#a:b",
    # the same scheme without slashes, another one without, slashes too many or backwards
    "http:page", "HTTP:page", "http:/page", "http:", "http:?q", "https:page", "https:/page", "http:///a.test/b", "https:////a.test",
    "//a.test/b", "///a.test/b", "\\\\a.test\\b", "/\\a.test/b", "\\a\\b", "a\\b", "http:\\\\a.test/b", "/a//b///c",
    # dots
    ".", "..", "./", "../", "../..", "/a/../../b", "%2e", "%2E%2e/x", ".%2e/x", "a/%2e./b", "/%2e%2e%2fx", "...", "/..a/.b",
    # queries and fragments
    "?", "?x", "#", "#x", "?#", "?a?b#c?d#e", "/p?q\"'<>`{}|^\\[]", "/p\"'<>`{}|^[]#\"<>`{}|^[]", "",
    # white space and control characters
    " /a ", "\t/a\tb\n/c\r", "/a b", "/a\u00a0b", "/a\x01b\x7f", "h\nttp://a.test/\tb", "\x00/a\x1f",
    # outside ASCII
    "/caf\u00e9", "/caf\u00e9?\u00e9#\u00e9", "/\U0001f4a9", "/%", "/%4", "/%zz%41%e9", "/\ufeff",
    # hosts and ports
    "http://A.Test:80/", "http://a.test:/", "http://a.test:0080/", "https://a.test:443/", "http://a.test:443/",
    "http://a%2Etest/", "http://127.1/", "http://0x7f.0.0.1/", "http://2130706433/", "http://0177.1/", "http://1.2.3.4./",
    "http://[::ffff:1.2.3.4]/", "http://[1:0:0:0:0:0:0:2]:80/", "http://b\u00fccher.test/", "http://\uff41\u3002test/", "http://a_b.test/",
    # names and passwords
    "http://me:pw@a.test/", "http://me@a.test/", "http://@a.test/", "http://:pw@a.test/", "http://a@b@c.test/", "//a.test\\@b/", "http://a.test/@b", "http://m\u00e9:p[w@a.test/",
    # refused
    "http://", "//", "http://a.test:x/", "http://a.test:65536/", "http://a b.test/", "http://[::1/", "http://[fe80::1%25lo]/",
    "http://1.2.3.256/", "http://1.2.3.4.5/", "http://a%00b/", "http://a%2Fb/", "http://a\u2100b/", "http://a<b/", "http://me@/", "http://\u00ad/",
]  # fmt: skip

_can_be_found = re.compile(r"(?=.{1,254}\Z)[a-z0-9_\-]{1,63}(\.[a-z0-9_\-]{1,63})*\.?").fullmatch


def oracle(base: str, reference: str) -> str | None:
    """Return what a browser would ask for, None for a URL that it refuses."""
    ada_url = pytest.importorskip("ada_url", reason=NO_ORACLE)
    try:
        found = ada_url.URL(reference, base=base)
    except ValueError:
        return None
    has_none = "#" not in found.href
    # Fetch, section 4.4, "location URL": the fragment is that of the request's URL, where the Location has none.
    return str(found.href + (ada_url.URL(base).hash if has_none else ""))


def is_stricter_here(base: str, reference: str) -> bool:
    """Return whether the host is one of the exceptions in hosts.py: a browser takes it, and nobody can look it up."""
    ada_url = pytest.importorskip("ada_url", reason=NO_ORACLE)
    host = ada_url.URL(reference, base=base).hostname
    return not host.startswith("[") and not _can_be_found(host)


def ours(base: str, reference: str) -> str | None:
    try:
        return resolve_reference(base, reference)
    except InvalidURL:
        return None


@pytest.mark.parametrize("base", BASES)
def test_as_browsers_have_it(base: str) -> None:
    assert len(LOCATIONS) >= 100
    refused = 0
    for reference in LOCATIONS:
        expected = oracle(base, reference)
        assert ours(base, reference) == expected, reference
        refused += expected is None
    assert 10 < refused < 20  # the table has both kinds, for every base


@pytest.mark.parametrize("base", BASES)
def test_links_as_browsers_have_them(base: str) -> None:
    """The same, but that a link has no fragment of the page's."""
    ada_url = pytest.importorskip("ada_url", reason=NO_ORACLE)
    for reference in LOCATIONS:
        try:
            expected = ada_url.URL(reference, base=base).href
        except ValueError:
            with pytest.raises(InvalidURL):
                urljoin(base, reference)
        else:
            assert urljoin(base, reference) == expected, reference


@pytest.mark.parametrize("reference", ["mailto:me@h.test", "javascript:void(0)", "data:,x", "ftp://h.test/"])
def test_links_to_elsewhere(reference: str) -> None:
    with pytest.raises(UnsupportedScheme):
        urljoin("http://h.test/", reference)


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        ("http://h.test/a/b?c#d", "", "http://h.test/a/b?c"),
        ("http://h.test/a/b?c#d", "e", "http://h.test/a/e"),
        ("http://me:pw@h.test/a", "b", "http://h.test/b"),
        ("http://me:pw@h.test/a", "//you:pw@h.test/b", "http://you:pw@h.test/b"),
    ],
)
def test_what_of_the_base_stays_behind(base: str, reference: str, expected: str) -> None:
    assert httpconn.urljoin(base, reference) == expected


@pytest.mark.parametrize("base", ["/a", "h.test", "", "http://", "mailto:me@h.test", "http://a b/"])
def test_no_base(base: str) -> None:
    with pytest.raises(InvalidURL):
        urljoin(base, "b")


@pytest.mark.parametrize("wrong", [None, b"/", 3])
def test_no_link(wrong: object) -> None:
    with pytest.raises(TypeError, match="expected a reference as str, got"):
        urljoin("http://h.test/", wrong)
    with pytest.raises((TypeError, InvalidURL)):
        urljoin(wrong, "/")


PIECES = [
    "a", "b", "..", ".", "%2e", "%2E.", "/", "//", "\\", "?", "#", ":", "@", "http:", "https:", "HTTP:", "x", " ", "\t", "\n",
    "\u00e9", "\U0001f4a9", "%", "%41", "%zz", "[", "]", "[::1]", "::", "127.1", "0x7f", "0", "8080", "host.test", "a_b", "\u00fc.de",
    "--", "-", "'", '"', "<", ">", "^", "`", "{", "}", "|", ";", "=", "&", "~", "+", "\u00df", "\u00ad", "\u3002", "\uff11", "\x01", "\x7f", ":80",
]  # fmt: skip


def test_any_location_as_browsers_have_it() -> None:
    """Pieces of URLs in any order: the same URL, or refused by both, or a host that nobody can look up."""
    chance = random.Random(13)
    taken = refused = 0
    for _ in range(6_000):
        base = chance.choice(BASES)
        start = chance.choice(["", "", "", "//", "http://", "https://", "/", "\\\\", "http:/"])
        reference = start + "".join(chance.choices(PIECES, k=chance.randint(0, 8)))
        expected, found = oracle(base, reference), ours(base, reference)
        if expected is None:
            assert found is None, reference
            refused += 1
        elif found is None:
            assert is_stricter_here(base, reference), reference
        else:
            assert found == expected, reference
            taken += 1
    assert taken > 2_000
    assert refused > 500


@pytest.mark.parametrize("base", BASES)
def test_what_is_asked_for_is_what_is_told(base: str) -> None:
    """The URL of a redirect is in ASCII, needs no further change, and is its own reference."""
    for reference in LOCATIONS:
        found = ours(base, reference)
        if found is None:
            continue
        assert found.isascii()
        assert found.isprintable()
        assert " " not in found
        assert resolve_reference("http://other.test/", found) == found
        if "@" not in found.split("/")[2]:
            origin, target = parse_url(found)
            assert found.partition("#")[0] == f"{origin}{target}"


# -- exceptions, one by one


@pytest.mark.parametrize(("sent", "asked"), [
    (b"/caf\xe9", "/caf%E9"),
    (b"/caf\xe9/caf\xc3\xa9", "/caf%E9/caf%C3%A9"),
    (b"/\xc3\xa9\xff\xf0\x9f\x92\xa9?\xe9", "/%C3%A9%FF%F0%9F%92%A9?%E9"),
    (b"/\xed\xa0\x80\xc0\xaf", "/%ED%A0%80%C0%AF"),  # a surrogate in UTF-8, an overlong slash
    (b"\xff", "/%FF"),
])  # fmt: skip
def test_bytes_that_are_no_utf_8(sent: bytes, asked: str) -> None:
    """Sent back as the bytes that they are, as curl and Firefox do; the Fetch standard takes them for Latin-1."""
    location = location_of(302, [sent.decode("latin-1")])
    assert location is not None
    assert resolve_reference("http://h/", location) == f"http://h{asked}"
    escaped = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in sent)
    assert oracle("http://h/", escaped) == f"http://h{asked}"


def test_bytes_that_are_no_utf_8_in_a_host() -> None:
    with pytest.raises(InvalidURL):
        resolve_reference("http://h/", location_of(302, ["http://caf\xe9.test/"]) or "")


@pytest.mark.parametrize("host", ["a..test", ".a.test", "a,b.test", "a'b.test", "a*b", "a" * 64, "a." * 127 + "test"])
def test_hosts_that_nobody_can_look_up(host: str) -> None:
    """A browser's parser takes them, and then finds nobody; here they are refused at once, and so is port 0."""
    reference = f"http://{host}/"
    assert oracle("http://h/", reference) == reference
    assert ours("http://h/", reference) is None


def test_an_encoded_label_is_not_held_against_the_table() -> None:
    """Whether an ASCII label can be named does not depend on a package, nor on its neighbours."""
    assert oracle("http://h/", "http://xn--a.\u00fc.test/") is None
    assert ours("http://h/", "http://xn--a.\u00fc.test/") == "http://xn--a.xn--tda.test/"
    assert ours("http://h/", "http://XN--A.test/") == oracle("http://h/", "http://XN--A.test/") == "http://xn--a.test/"


@pytest.mark.parametrize(
    "reference",
    ["ftp://a/", "javascript:alert(1)", "x:80/y", "localhost:8000/a", "data:,a", "file:///etc/passwd", "a+b:c"],
)
def test_other_schemes(reference: str) -> None:
    with pytest.raises(UnsupportedScheme):
        resolve_reference("http://h/", reference)


def test_a_zone_is_the_callers_own() -> None:
    """Of an address on a link, which a server does not name; a relative place there is another matter."""
    assert resolve_reference("http://[fe80::1%25lo]:81/a/b", "c") == "http://[fe80::1%lo]:81/a/c"
    with pytest.raises(InvalidURL):
        resolve_reference("http://[fe80::1%25lo]/", "http://[fe80::1%25lo]/")


# -- by pool and fetcher, and what the server was asked for


@each_kind
def test_the_server_is_asked_for_what_is_told(kind: str) -> None:
    ada_url = pytest.importorskip("ada_url", reason=NO_ORACLE)
    asked = 0
    with Site() as site, Asker(kind) as ask:
        for number, location in enumerate(LOCATIONS):
            wire = location.encode().decode("latin-1")
            if any(unicodedata.category(sign) == "Cc" and sign != "\t" for sign in location) or not location.strip():
                continue  # no field value, or an empty one
            start = f"/{number}/start"
            expected = oracle(site.url(start), location)
            if expected is None or ada_url.URL(expected).host != f"127.0.0.1:{site.port}":
                continue
            parsed = ada_url.URL(expected)
            there = redirect(302, wire)
            site.routes = {parsed.pathname: PAGE, start: lambda earlier, there=there: PAGE if earlier else there}
            response = ask(site.url(start))
            assert (response.status, response.url) == (200, expected), location
            query = expected.partition("#")[0].partition("?")
            assert site.seen[-1] == parsed.pathname + query[1] + query[2], location
            asked += 1
    assert asked > 40


@each_kind
@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "\uff11\uff12\uff17.1", "%31%32%37.1"])
def test_an_address_in_any_notation(kind: str, host: str) -> None:
    """It is one address, whoever writes it how: the same origin, with what belongs to it."""
    with Site({"/b": PAGE}) as site, Asker(kind) as ask:
        site.routes["/a"] = redirect(302, f"http://{host}:{site.port}/b".encode().decode("latin-1"))
        response = ask(Request("GET", site.url("/a"), {"Authorization": "Basic eA=="}))
        assert (response.status, response.url) == (200, site.url("/b"))
        assert site.fields(1)["authorization"] == "Basic eA=="
        assert site.fields(1)["host"] == f"127.0.0.1:{site.port}"
        assert ask(f"http://{host}:{site.port}/b").status == 200
        assert site.fields(2)["host"] == f"127.0.0.1:{site.port}"
        assert site.connections == 1


@each_kind
def test_refresh_is_not_followed(kind: str) -> None:
    with Site({"/a": (200, {"Refresh": "0;url=/b"}, b"page"), "/b": PAGE}) as site, Asker(kind) as ask:
        response = ask(site.url("/a"))
        assert (response.status, response.history, response.error) == (200, (), None)
        assert site.paths() == ["/a"]


@each_kind
def test_what_the_callers_own_urls_do(kind: str) -> None:
    """Spaces and what is outside ASCII are escaped; what is visible goes out as written; control characters are refused."""
    with Site() as site, Asker(kind) as ask:
        for path, asked in [
            ("/a b", "/a%20b"), ("/\u00e9?\u00fc", "/%C3%A9?%C3%BC"), ("/a/../b", "/a/../b"), ("/\"<>^`{|}\\'[]", "/\"<>^`{|}\\'[]"),
            ("/%41%zz", "/%41%zz"), ("/?", "/?"), ("?q", "/?q"),
        ]:  # fmt: skip
            response = ask(site.url("") + path)
            assert response.url == site.url("") + path  # as it was given
            assert site.seen[-1] == asked
        count = len(site.seen)
        for path in ("/a\tb", "/a\n", "/\x00", "/a\x7f", "/\r\nX: y"):
            assert isinstance(ask(site.url("") + path).error, httpconn.InvalidURL)
        assert len(site.seen) == count
