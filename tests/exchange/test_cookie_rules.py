"""What crosses what: cookies by port, scheme, subdomain, path and address, and how much of them; the servers are asked."""

from __future__ import annotations

import http.cookiejar
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from httpconn.policies.cookies import MOST_COOKIE_BYTES, MOST_OF_DOMAIN, MOST_SENT_BYTES

from ..support.certificates import client_context_for, server_context_for
from ..support.sites import KINDS, PAGE, Asker, Site, each_kind

NAMES = dict.fromkeys(
    ["www.site.test", "sub.www.site.test", "other.site.test", "site.test", "else.test", "xwww.site.test", "plain"],
    "127.0.0.1",
)


class Sites:
    """A server without TLS and one with it, for any name, and who asks them; each begins without cookies."""

    def __init__(self, kind: str, plain: Site, secure: Site, context: ssl.SSLContext) -> None:
        self.plain, self.secure = plain, secure
        self.jar = http.cookiejar.CookieJar()
        self.ask = Asker(kind, resolve=NAMES, context=context, cookies=self.jar)

    def set(self, url: str, *cookies: str) -> None:
        """Have the server behind *url* set cookies there."""
        site, there = self._found(url)
        # One field line each: the site joins nothing.
        site.routes["/set"] = (200, {"Set-Cookie": "\r\nSet-Cookie: ".join(cookies)}, b"")
        assert self.ask(f"{there}set").status == 200

    def sent(self, url: str) -> str:
        """Return the Cookie field that the server got for *url*, "" for none."""
        site, there = self._found(url)
        site.routes["/"] = PAGE
        assert self.ask(there).status == 200
        return site.fields(-1).get("cookie", "")

    def _found(self, url: str) -> tuple[Site, str]:
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        site = self.secure if scheme == "https" else self.plain
        return site, f"{scheme}://{host}:{site.port}/{path}"


@pytest.fixture(params=KINDS)
def sites(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[Sites]:
    context = server_context_for(authority, *NAMES, "127.0.0.1", "127.0.0.2")
    with Site() as plain, Site(tls=context) as secure:
        made = Sites(request.param, plain, secure, client_context_for(authority))
        with made.ask:
            yield made


def test_what_crosses_what(sites: Sites) -> None:
    """As docs/cookies.md says, with the standard library's default policy: ports, schemes and subdomains are crossed."""
    sites.set("http://www.site.test/", "host=1")
    assert sites.sent("http://www.site.test/") == "host=1"
    assert sites.sent("https://www.site.test/") == "host=1"  # another scheme, and another port
    assert sites.sent("http://sub.www.site.test/") == "host=1"  # DomainStrict has it otherwise
    for other in ("other.site.test", "site.test", "else.test", "xwww.site.test"):
        assert sites.sent(f"http://{other}/") == ""


def test_strict_domains(sites: Sites) -> None:
    strict = http.cookiejar.DefaultCookiePolicy.DomainStrict
    sites.jar.set_policy(http.cookiejar.DefaultCookiePolicy(strict_ns_domain=strict))
    sites.set("http://www.site.test/", "host=1")
    assert sites.sent("http://www.site.test/") == "host=1"
    assert sites.sent("http://sub.www.site.test/") == ""


def test_domains(sites: Sites) -> None:
    """A site can set for all of its domain, and not for another's; a list of public suffixes there is not."""
    sites.set("http://www.site.test/", "wide=1; Domain=site.test", "foreign=1; Domain=else.test", "top=1; Domain=test")
    for host in ("www.site.test", "other.site.test", "site.test"):
        assert sites.sent(f"http://{host}/") == "wide=1"
    assert sites.sent("http://else.test/") == ""


def test_secure_cookies(sites: Sites) -> None:
    """They go over TLS alone, are set by it alone, and what comes in the clear replaces none."""
    sites.set("http://www.site.test/", "s=clear; Secure", "plain=1")
    assert sites.sent("https://www.site.test/") == "plain=1"
    sites.set("https://www.site.test/", "s=1; Secure")
    assert sites.sent("http://www.site.test/") == "plain=1"
    for cookie in ("s=evil", "s=evil; Path=/deep", "s=evil; Domain=www.site.test"):
        sites.set("http://www.site.test/", cookie)
    assert {*sites.sent("https://www.site.test/").split("; ")} == {"plain=1", "s=1"}
    sites.set("https://www.site.test/", "s=2; Secure")
    assert {*sites.sent("https://www.site.test/").split("; ")} == {"plain=1", "s=2"}


@pytest.mark.parametrize(("cookie", "is_kept"), [
    ("__Secure-a=1; Secure", True), ("__Secure-a=1", False), ("__SECURE-a=1", False), ("__Secure-a=1; Secure; Domain=site.test", True),
    ("__Host-a=1; Secure; Path=/", True), ("__Host-a=1; Path=/", False), ("__Host-a=1; Secure", False), ("__Host-a=1; Secure; Path=/x", False),
    ("__Host-a=1; Secure; Path=/; Domain=www.site.test", False), ("__host-a=1; Secure; Path=/; domain=site.test", False),
    (" __Host-a =1; secure ; PATH = /", True), ("__Host-a=1; Secure; Path=/; Path=/x", False), ("__Hosta=1", True), ("a__Host-=1", True),
])  # fmt: skip
def test_prefixes(sites: Sites, cookie: str, is_kept: bool) -> None:
    sites.set("https://www.site.test/", cookie)
    assert bool(sites.sent("https://www.site.test/")) == is_kept
    if cookie.strip().lower().startswith(("__host-", "__secure-")):
        sites.jar.clear()
        sites.set("http://www.site.test/", cookie)
        assert sites.sent("https://www.site.test/") == ""


@each_kind
def test_an_address_has_no_domain(kind: str) -> None:
    """It is no name, whose end others would share; its own whole address says nothing more."""
    jar = http.cookiejar.CookieJar()
    with Site({"/": PAGE}) as site, Site({"/": PAGE}, host="127.1.0.1") as other, Asker(kind, cookies=jar) as ask:
        for domain in ("0.0.1", ".0.0.1", "0.1", "1", "127.1.0.1", "127.0.0.1", ".127.0.0.1"):
            jar.clear()
            site.routes["/set"] = (200, {"Set-Cookie": f"a=1; Domain={domain}"}, b"")
            assert ask(site.url("/set")).status == ask(site.url("/")).status == ask(other.url("/")).status == 200
            assert ("cookie" in site.fields(-1)) == (domain.lstrip(".") == "127.0.0.1")
            assert "cookie" not in other.fields(-1)


# -- bounds


def test_the_size_of_a_cookie(sites: Sites) -> None:
    sites.set("http://www.site.test/", f"a={'x' * (MOST_COOKIE_BYTES - 1)}", f"b={'x' * MOST_COOKIE_BYTES}")
    assert sites.sent("http://www.site.test/") == f"a={'x' * (MOST_COOKIE_BYTES - 1)}"


def test_how_many_a_domain_has(sites: Sites) -> None:
    """Those that came first go first; the domains that it shares with others count for themselves."""
    for start in range(0, 2 * MOST_OF_DOMAIN, 60):
        sites.set("http://www.site.test/", *(f"c{number}=1" for number in range(start, start + 60)))
        sites.set("http://www.site.test/", *(f"d{number}=1; Domain=site.test" for number in range(start, start + 60)))
    assert len(sites.jar) == 2 * MOST_OF_DOMAIN
    sent = sites.sent("http://www.site.test/").split("; ")
    assert {*sent} == {f"{kind}{number}=1" for kind in "cd" for number in range(MOST_OF_DOMAIN, 2 * MOST_OF_DOMAIN)}
    sites.set("http://www.site.test/", "c1=new")
    assert len(sites.jar) == 2 * MOST_OF_DOMAIN
    assert "c1=new" in sites.sent("http://www.site.test/").split("; ")


def test_how_much_is_sent(sites: Sites) -> None:
    """Whole cookies, up to the bound."""
    size = 1_024 - len("a00=") - len("; ")
    sites.set("http://www.site.test/", *(f"a{number:02}={'x' * size}" for number in range(16)))
    assert len(sites.sent("http://www.site.test/")) == MOST_SENT_BYTES - len("; ")
    sites.set("http://www.site.test/", *(f"b{number:02}={'x' * size}" for number in range(16)))
    sent = sites.sent("http://www.site.test/").split("; ")
    assert len(sent) == 16
    assert {len(cookie) for cookie in sent} == {1_022}


def test_a_jar_of_another_make(sites: Sites) -> None:
    """One that has the two methods and nothing else: what is bounded without looking into it is."""

    class Jar:
        def __init__(self) -> None:
            self.values: list[str] = []

        def add_cookie_header(self, request: Any) -> None:
            request.add_unredirected_header("Cookie", "; ".join(self.values))

        def extract_cookies(self, response: Any, request: Any) -> None:
            self.values += response.info().get_all("Set-Cookie")

    jar: Any = Jar()
    with Site({"/": PAGE}) as site, Asker(sites.ask.kind, cookies=jar) as ask:
        site.routes["/set"] = (
            200,
            {"Set-Cookie": "a=1\r\nSet-Cookie: __Host-b=1\r\nSet-Cookie: c=" + "x" * 5_000},
            b"",
        )
        assert ask(site.url("/set")).status == 200
        assert jar.values == ["a=1"]
        jar.values += [f"b{number}={'x' * 100}" for number in range(1_000)]
        assert ask(site.url("/")).status == 200
        assert MOST_SENT_BYTES - 200 < len(site.fields(-1)["cookie"]) <= MOST_SENT_BYTES
