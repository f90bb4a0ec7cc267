"""The rules above the connection, without one: redirects, retries, rates, cookies, credentials."""

from __future__ import annotations

import contextlib
import http.cookiejar
import math
import pickle
import random
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httpconn import InvalidField, InvalidURL, Request, Response, TooManyRedirects, UnsupportedScheme
from httpconn._wire.head import FieldLinesHead
from httpconn._wire.references import resolve_reference
from httpconn._wire.urls import parse_url, redacted, take_credentials
from httpconn.policies.auth import Bearer, Credentials, field_value_of
from httpconn.policies.cookies import Cookies
from httpconn.policies.hooks import finished
from httpconn.policies.rates import Bucket, Pace, Paces
from httpconn.policies.redirects import hop, location_of
from httpconn.policies.retries import Retry, retry_after_s
from httpconn.policies.verdict import RESULT, Policies, Trail, Verdict

ELSEWHERE = "http://other.test/"


def head(status: int, *lines: tuple[str, str]) -> FieldLinesHead:
    return FieldLinesHead(11, status, "", list(lines), b"", ())


# -- Location


@pytest.mark.parametrize(("status", "values", "expected"), [
    (301, ["/a"], "/a"),
    (302, ["\thttp://b/ "], "http://b/"),
    (303, ["/\xc3\xbc"], "/ü"),  # UTF-8, read as Latin-1
    (307, ["/\xfc\xc3\xbc"], "/\udcfcü"),  # a byte that is none stays one, beside UTF-8
    (308, ["/a", "/a"], "/a"),
    (301, [], None),
    (301, [""], None),
    (300, ["/a"], None),
    (304, ["/a"], None),
    (305, ["/a"], None),
    (306, ["/a"], None),
    (200, ["/a"], None),
    (201, ["/a"], None),
])  # fmt: skip
def test_location(status: int, values: list[str], expected: str | None) -> None:
    assert location_of(status, values) == expected


def test_two_places_at_once() -> None:
    with pytest.raises(InvalidURL, match="one Location, got 2"):
        location_of(302, ["/a", "/b"])


BASE = "http://a/b/c/d;p?q"


@pytest.mark.parametrize(("reference", "expected"), [
    # RFC 3986 section 5.4.1, and of 5.4.2 what is about http
    ("http:h", "http://a/b/c/h"),
    ("g", "http://a/b/c/g"),
    ("./g", "http://a/b/c/g"),
    ("g/", "http://a/b/c/g/"),
    ("/g", "http://a/g"),
    ("//g", "http://g/"),
    ("?y", "http://a/b/c/d;p?y"),
    ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q#s"),
    ("g#s", "http://a/b/c/g#s"),
    ("g?y#s", "http://a/b/c/g?y#s"),
    (";x", "http://a/b/c/;x"),
    ("g;x", "http://a/b/c/g;x"),
    ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"),
    ("..", "http://a/b/"),
    ("../", "http://a/b/"),
    ("../g", "http://a/b/g"),
    ("../..", "http://a/"),
    ("../../g", "http://a/g"),
    ("../../../g", "http://a/g"),
    ("/./g", "http://a/g"),
    ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."),
    ("..g", "http://a/b/c/..g"),
    ("./../g", "http://a/b/g"),
    ("./g/.", "http://a/b/c/g/"),
    ("g/./h", "http://a/b/c/g/h"),
    ("g/../h", "http://a/b/c/h"),
    ("g;x=1/../y", "http://a/b/c/y"),
    ("g?y/../x", "http://a/b/c/g?y/../x"),
    ("g#s/../x", "http://a/b/c/g#s/../x"),
    # what urljoin makes something else of
    ("?", "http://a/b/c/d;p?"),
    ("e//f", "http://a/b/c/e//f"),
    ("http://h/x/../y", "http://h/y"),
])  # fmt: skip
def test_references(reference: str, expected: str) -> None:
    assert resolve_reference(BASE, reference) == expected


def test_references_and_fragments() -> None:
    assert resolve_reference("http://a/b#f", "c") == "http://a/c#f"
    assert resolve_reference("http://a/b#f", "c#g") == "http://a/c#g"
    assert resolve_reference("http://a/b#f", "https://h/") == "https://h/#f"
    assert resolve_reference("http://a/b#f", "c#") == "http://a/c#"
    assert resolve_reference("http://archive.test/2020/http://b/c/", "d") == "http://archive.test/2020/http://b/c/d"
    assert resolve_reference("http://a", "b") == "http://a/b"


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b;c", "..", ".", "g.", "ü"]), max_size=5),
    st.sampled_from(["", "/", "//h/", "http://a/", "https://h/x/"]),
    st.sampled_from(["", "?q", "?a/../b"]),
)
def test_references_as_urljoin_has_them(segments: list[str], start: str, query: str) -> None:
    """Where it is right: no empty segments, no absolute URL with dots in it."""
    reference = start + "/".join(segments) + query
    if start.startswith(("//", "http")) and {".", ".."} & {*segments}:
        reference = start + query
    assert resolve_reference(BASE, reference) == urljoin(BASE, reference).replace("ü", "%C3%BC")


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_else_is_raised_for_a_reference(path: str, reference: str) -> None:
    with contextlib.suppress(InvalidURL):
        resolve_reference(f"http://a/{path}", reference)


# -- what follows a redirect


def hop_of(
    method: str, status: int, location: str, *, own: Any = (), body: Any = None, is_replayable: bool = True, **more: Any
) -> Any:
    request = Request(method, "http://a.test/x", own or None, body, **more)
    origin, _ = parse_url(request.url)
    return hop(request, own, origin, status, location, is_replayable=is_replayable)


@pytest.mark.parametrize(("method", "status", "expected"), [
    ("GET", 301, "GET"), ("GET", 302, "GET"), ("GET", 303, "GET"), ("GET", 307, "GET"), ("GET", 308, "GET"),
    ("HEAD", 301, "HEAD"), ("HEAD", 302, "HEAD"), ("HEAD", 303, "HEAD"), ("HEAD", 307, "HEAD"),
    ("POST", 301, "GET"), ("POST", 302, "GET"), ("POST", 303, "GET"), ("POST", 307, "POST"), ("POST", 308, "POST"),
    ("PUT", 301, "PUT"), ("PUT", 302, "PUT"), ("PUT", 303, "GET"), ("PUT", 307, "PUT"), ("PUT", 308, "PUT"),
    ("DELETE", 302, "DELETE"), ("DELETE", 303, "GET"), ("PATCH", 301, "PATCH"), ("patch", 301, "patch"),
])  # fmt: skip
def test_methods(method: str, status: int, expected: str) -> None:
    assert hop_of(method, status, "/y").request.method == expected


def test_a_change_to_get_drops_the_body_and_its_fields() -> None:
    own = [
        ("Content-Type", "a/b"), ("content-length", "1"), ("Content-Encoding", "gzip"), ("Content-Language", "de"),
        ("CONTENT-LOCATION", "/"), ("Transfer-Encoding", "x"), ("Digest", "d"), ("Expect", "100-continue"),
        ("X-Mine", "1"), (b"Content-MD5", "x"), ("Authorization", "secret"),
    ]  # fmt: skip
    for status in (301, 302, 303):
        found = hop_of("POST", status, "/y", own=own, body=b"b")
        assert found.request.headers == [("X-Mine", "1"), ("Authorization", "secret")]
        assert found.request.body is found.request.json is None
        assert not found.keeps_content
    found = hop_of("POST", 307, "/y", own=own, body=b"b")
    assert found.request.headers == own
    assert found.request.body == b"b"
    assert found.keeps_content


def test_a_body_that_cannot_be_sent_again() -> None:
    for status in (301, 307, 308):
        assert hop_of("PUT", status, "/y", is_replayable=False) is None
    assert hop_of("POST", 302, "/y", is_replayable=False).request.method == "GET"


SECRETS = [("Authorization", "a"), ("COOKIE", "b"), ("Proxy-Authorization", "c"), ("Host", "a.test"), ("X-Mine", "d")]


@pytest.mark.parametrize("location", [
    "https://a.test/x", "http://a.test:81/x", "http://b.test/x", "//b.a.test/", "http://a.test.evil.test/",
    "http://a.test@evil.test/", "http://a.test./",
])  # fmt: skip
def test_across_origins(location: str) -> None:
    found = hop_of("GET", 302, location, own=SECRETS, auth=("me", "secret"), server_hostname="a.test")
    assert found.leaves_origin
    assert found.request.headers == [("X-Mine", "d")]
    assert found.request.auth in (None, ("a.test", ""))
    assert found.request.server_hostname == (None if parse_url(found.request.url)[0].host != "a.test" else "a.test")


@pytest.mark.parametrize("location", ["/y", "http://a.test/y", "http://a.test:80/y", "HTTP://A.TEST/y", "//a.test"])
def test_within_an_origin(location: str) -> None:
    found = hop_of("GET", 302, location, own=SECRETS, auth=("me", "secret"), server_hostname="a.test", tag=[1])
    assert not found.leaves_origin
    assert found.request.headers == SECRETS
    assert found.request.auth == ("me", "secret")
    assert found.request.server_hostname == "a.test"
    assert found.request.tag == [1]


def test_credentials_in_a_location_are_its_origins() -> None:
    found = hop_of("GET", 302, "http://you:pw@b.test/y", auth=("me", "secret"))
    assert found.request.url == "http://b.test/y"
    assert found.request.auth == ("you", "pw")


@pytest.mark.parametrize(("location", "error"), [
    ("ftp://a/", UnsupportedScheme), ("file:///etc/passwd", UnsupportedScheme), ("javascript:alert(1)", UnsupportedScheme),
    ("data:,x", UnsupportedScheme), ("http://", InvalidURL), ("//", InvalidURL), ("http://a b/", InvalidURL), ("http://a:99999/", InvalidURL),
    ("http://a:0/", InvalidURL), ("http://u@p@/", InvalidURL), ("//[x/", InvalidURL),
])  # fmt: skip
def test_locations_that_are_refused(location: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        hop_of("GET", 302, location)


# -- credentials in URLs


@pytest.mark.parametrize(("url", "plain", "told"), [
    ("http://me:pw@h/x?y#z", "http://h/x?y#z", ("me", "pw")),
    ("http://me@h", "http://h", ("me", "")),
    ("http://:pw@h/", "http://h/", ("", "pw")),
    ("http://@h/", "http://h/", None),
    ("HTTPS://m%40e:p%3A%2f%C3%BC:x@h:8/", "HTTPS://h:8/", ("m@e", "p:/ü:x")),
    ("http://h/@x", "http://h/@x", None),
    ("http://h?me@x", "http://h?me@x", None),
    ("http://h#me@x", "http://h#me@x", None),
    ("http://me:p@ss@h/", "http://me:p@ss@h/", None),
    ("http://me:p/ss@h/", "http://me:p/ss@h/", None),
    ("http://a\\@b/", "http://a\\@b/", None),
    ("http://me:pw%zz@h/", "http://me:pw%zz@h/", None),
    ("me:pw@h", "me:pw@h", None),
])  # fmt: skip
def test_credentials_are_taken_out_of_a_url(url: str, plain: str, told: tuple[str, str] | None) -> None:
    assert take_credentials(url) == (plain, told)
    request = Request("GET", url)
    assert (request.url, request.auth) == (plain, told)


@pytest.mark.parametrize("url", [
    "http://me:secret@h/", "http://me:sec@ret@h/", "http://me:sec\\ret@h:x/", "http://me:secret@h:x/", "me:secret@h",
    "http://me:secret@h:99999/", "http://me:secret@a b/", "http://me:secret@h/\n", " http://me:secret@h/", "http://me:secret@[/",
    "http://me:se\u2100cret@h/", "//me:secret@h/", "http://me:se/cret@h:x/", "http://me:secret@faß..de/", "ftp://me:secret@h/",
])  # fmt: skip
def test_a_password_is_in_no_error_and_no_repr(url: str) -> None:
    request = Request("GET", url)
    shown = [repr(request), repr(Response(request, None, b"")), repr(Response(url, None, b"")), redacted(url)]
    for text in (url, request.url):
        try:
            parse_url(text)
        except InvalidURL as error:
            shown.append(str(error))
    for text in shown:
        assert "sec" not in text.replace("...@", "")
        assert "cret" not in text


@settings(deadline=None)
@given(st.text(st.sampled_from("ab:@/?#\\%[]. \n") | st.characters(), max_size=20))
def test_taking_credentials_never_changes_the_host(rest: str) -> None:
    """What is taken out is what the parser sees as a user name, or the URL is refused."""
    url = f"http://{rest}"
    plain, told = take_credentials(url)
    if told is not None:
        assert "@" not in plain.split("/")[2]
        assert plain.split("//", 1)[1] == url.split("//", 1)[1].split("@", 1)[1]


# -- credentials


def test_field_values() -> None:
    assert field_value_of(("Aladdin", "open sesame")) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617
    assert field_value_of(("test", "123\u00a3")) == "Basic dGVzdDoxMjPCow=="
    assert field_value_of(Bearer("mF_9.B5f-4.1JqM")) == "Bearer mF_9.B5f-4.1JqM"  # RFC 6750
    for wrong in (("a", "b", "c"), "a:b", ["a", "b"], ("a", b"b"), 3):
        with pytest.raises(TypeError):
            field_value_of(wrong)
    with pytest.raises(InvalidField):
        field_value_of(("a:b", "c"))
    for token in ("", "a b", "a\r\nb", "ü"):
        with pytest.raises(InvalidField) as told:
            Bearer(token)
        assert repr(token) not in str(told.value)
    token = Bearer("secret")
    assert "secret" not in repr(token)
    assert pickle.loads(pickle.dumps(token)) == token
    assert hash(token) == hash(Bearer("secret"))
    assert token != Bearer("other")


def test_credentials_by_origin() -> None:
    given = Credentials({"https://a.test": ("me", "pw"), "http://a.test:8080/": Bearer("t")})
    for url, value in [
        ("https://a.test/x", "Basic bWU6cHc="), ("https://A.test:443/", "Basic bWU6cHc="), ("http://a.test:8080/", "Bearer t"),
        ("http://a.test/", None), ("https://b.a.test/", None), ("https://a.test:444/", None), ("https://a.test.evil/", None),
    ]:  # fmt: skip
        assert given.value_for(parse_url(url)[0]) == value
    assert given
    assert not Credentials()
    for wrong, error in [
        (("me", "pw"), TypeError), ({"a.test": ("me", "pw")}, InvalidURL), ({"http://a/x": ("me", "pw")}, ValueError),
        ({"http://a": "pw"}, TypeError),
    ]:  # fmt: skip
        with pytest.raises(error):
            Credentials(wrong)


def test_netrc(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine a.test login me password pw\ndefault login any password one\n")
    given = Credentials(None, file)
    assert given
    assert given.value_for(parse_url("http://a.test:81/")[0]) == "Basic bWU6cHc="
    # CVE-2024-47081: "a.test" is a user's name here, and the host another.
    assert given.value_for(parse_url(take_credentials("http://a.test:@evil.test/")[0])[0]) is None
    assert given.value_for(parse_url("http://default/")[0]) is None
    assert not Credentials(None, False)
    with pytest.raises(FileNotFoundError):
        Credentials(None, tmp_path / "none")


# -- retries


def test_backoff() -> None:
    retry = Retry(9, backoff_s=1, max_backoff_s=10, jitter=0.25)
    assert [retry.backoff_after(n, 0.0) for n in range(6)] == [1, 2, 4, 8, 10, 10]
    assert [retry.backoff_after(n, 1.0) for n in range(3)] == [0.75, 1.5, 3.0]
    assert Retry(1, backoff_s=1, max_backoff_s=1e9).backoff_after(10**9, 0.0) == 1e9
    assert Retry(1, backoff_s=0).backoff_after(3, 0.5) == 0


def test_retry_is_a_value() -> None:
    retry = Retry(3, statuses=[503], errors=[OSError], methods=None, jitter=0)
    assert pickle.loads(pickle.dumps(retry)) == retry != Retry(3)
    assert hash(retry) == hash(pickle.loads(pickle.dumps(retry)))
    assert repr(retry).startswith("Retry(attempts=3, statuses=[503], errors=(<class 'OSError'>,), methods=None, ")
    with pytest.raises(AttributeError):
        retry.attempts = 4
    assert retry.allows("POST", 2, is_replayable=True)
    assert not retry.allows("POST", 3, is_replayable=True)
    assert not retry.allows("GET", 0, is_replayable=False)
    assert not Retry(3).allows("POST", 0, is_replayable=True)
    assert not Retry().allows("GET", 0, is_replayable=True)
    for wrong in ({"attempts": -1}, {"jitter": 1.1}, {"jitter": math.nan}, {"backoff_s": -1}, {"max_backoff_s": -1},
                  {"max_retry_after_s": -1}, {"backoff_s": math.nan}):  # fmt: skip
        with pytest.raises(ValueError):
            Retry(**wrong)
    for one in ({"methods": "POST"}, {"errors": "ReadTimeout"}, {"errors": OSError}, {"statuses": 503}):
        with pytest.raises(TypeError, match=f"expected several {next(iter(one))}"):
            Retry(3, **one)
    for one in ({"errors": ("ReadTimeout",)}, {"errors": (OSError("one"),)}, {"statuses": ("503",)}, {"attempts": True},
                {"attempts": "3"}):  # fmt: skip
        with pytest.raises(TypeError, match="expected "):
            Retry(**{"attempts": 3, **one})
    assert Retry(3, methods=("post",)).allows("POST", 0, is_replayable=True)  # as request("post", ...) sends it


@pytest.mark.parametrize(("value", "date", "expected"), [
    ("0", None, 0), ("7", None, 7), (" 7\t", None, 7), ("9" * 400, None, math.inf),
    ("Sun, 06 Nov 1994 08:49:37 GMT", None, 100), ("Sunday, 06-Nov-94 08:49:37 GMT", None, 100),
    ("Sun Nov  6 08:49:37 1994", None, 100), ("Sun, 06 Nov 1994 08:40:00 GMT", None, 0),
    ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:30 GMT", 7),  # the server's clock is what counts
    ("Sun, 06 Nov 1994 08:49:37 GMT", "today", 100),
    ("5", "Sun, 06 Nov 1994 08:49:30 GMT", 5),
    (None, None, None), ("", None, None), ("-7", None, None), ("7.5", None, None), ("+7", None, None), ("\u0667", None, None),
    ("soon", None, None), ("9" * 20 + " GMT", None, None), ("Sun, 99 Nov 1994 08:49:37 GMT", None, None),
    ("Sun, 06 Nov 99999 08:49:37 GMT", None, None), ("0x7", None, None), ("x" * 10_000, None, None),
])  # fmt: skip
def test_retry_after(value: str | None, date: str | None, expected: float | None) -> None:
    assert retry_after_s(value, date, 784111777.0 - 100) == expected


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=80) | st.none())
@pytest.mark.slow
def test_retry_after_never_raises(value: str, date: str | None) -> None:
    found = retry_after_s(value, date, 0.0)
    assert found is None or found >= 0


# -- rates


def starts(bucket: Bucket, asked: list[float]) -> list[float]:
    return [bucket.take(now) for now in asked]


def test_a_delay() -> None:
    assert starts(Bucket(None, 2.0), [10, 10, 10, 20, 20.5]) == [10, 12, 14, 20, 22]


def test_a_token_bucket() -> None:
    assert starts(Bucket(4.0, 0.0), [10] * 6) == [10, 10, 10, 10, 10.25, 10.5]
    assert starts(Bucket(0.5, 0.0), [10, 10, 10, 20, 20]) == [10, 12, 14, 20, 22]
    assert starts(Bucket(2.0, 0.75), [10] * 5) == [10, 10.75, 11.5, 12.25, 13.0]
    assert starts(Bucket(None, 0.0), [10, 10, 11]) == [10, 10, 11]


@settings(deadline=None)
@given(
    st.sampled_from([0.3, 1.0, 2.5, 10.0, 100.0]),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_its_share(rate: float, delay_s: float, pauses: list[float]) -> None:
    now, taken = 1000.0, []
    bucket = Bucket(rate, delay_s)
    for pause in pauses:
        now += pause
        at = bucket.ready_at()
        taken.append(bucket.take(now))
        assert taken[-1] == max(now, at)
    assert all(later - earlier >= delay_s - 1e-9 for earlier, later in pairwise(taken))
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            most = max(1, math.floor(rate)) + rate * (taken[last] - taken[first])
            assert last - first + 1 <= most + 1e-6


def test_a_late_start_counts_from_when_it_got_through() -> None:
    bucket = Bucket(None, 1.0)
    assert bucket.take(10) == 10
    bucket.note(10.5)
    assert bucket.ready_at() == 11.5


def test_gates() -> None:
    pace = Pace(None, 0.0)
    pace.hold(15)
    pace.hold(12)  # never earlier than was said before
    assert pace.ready_at() == 15
    assert not pace.is_at_rest(14)
    assert pace.is_at_rest(15)


def test_paces_are_bounded() -> None:
    paces = Paces(10.0, None)
    held = paces.of("held", 0)
    held.hold(math.inf)
    for number in range(10_000):
        paces.of(number, number).started.take(number)
    assert len(paces) <= 2001
    assert paces.of("held", 10_000) is held
    for wrong in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError):
            Paces(wrong, None)
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(ValueError):
            Paces(None, wrong)


# -- cookies


def test_cookies_of_one_exchange() -> None:
    # As browsers do it: a cookie without a Domain is its host's, not also the subdomains'.
    policy = http.cookiejar.DefaultCookiePolicy(strict_ns_domain=http.cookiejar.DefaultCookiePolicy.DomainStrict)
    cookies = Cookies(http.cookiejar.CookieJar(policy))
    assert cookies.value_for("http://a.test/") is None
    cookies.take(
        "https://a.test/x/y", head(302, ("Set-Cookie", "a=1"), ("set-cookie", "b=2; Path=/; Secure"), ("X", "y"))
    )
    cookies.take("http://a.test/", head(200))
    assert cookies.value_for("http://a.test/x/z#f") == "a=1"
    assert cookies.value_for("http://a.test/") is None
    assert cookies.value_for("https://a.test/x/") == "a=1; b=2"
    for other in ("http://b.test/x/", "http://sub.a.test/x/", "http://a.test.evil/x/"):
        assert cookies.value_for(other) is None
    cookies.take("http://b.test/", head(200, ("Set-Cookie", "evil=1; Domain=a.test")))
    assert "evil" not in (cookies.value_for("https://a.test/x/") or "")
    with pytest.raises(TypeError):
        Cookies({"a": "b"})


# -- the verdict


class Sent:
    """As much of a job as is judged by."""

    def __init__(self, request: Request | str = "http://a.test/", *, is_replayable: bool = True) -> None:
        self.request = request
        self.origin = parse_url(request if isinstance(request, str) else request.url)[0]
        self.method = "GET" if isinstance(request, str) else request.method
        self.own = ()
        self.is_replayable = is_replayable
        self.has_poured = False
        self.may_drop_expect = False
        self.may_be_sent_again = is_replayable
        self.authentication = None
        self.trail: Trail | None = None


def test_redirects_zero_holds_everywhere() -> None:
    for status in (300, 301, 302, 303, 304, 307, 308):
        for policies, request in [
            (Policies(redirects=0), "http://a.test/"),
            (Policies(redirects=0), Request("GET", "http://a.test/")),
            (Policies(), Request("GET", "http://a.test/", redirects=0)),
        ]:
            redirect = head(status, ("Location", "javascript:"))
            assert policies.decide(Sent(request), redirect, math.inf, 0) is RESULT
            assert not policies.may_go_on(Sent(request), redirect)


def test_too_many() -> None:
    job = Sent(Request("GET", "http://a.test/", redirects=2))
    redirect = head(302, ("Location", "/y"))
    policies = Policies(redirects=0)
    job.trail = Trail()
    for _ in range(2):
        assert policies.decide(job, redirect, math.inf, 0).hop.request.url == "http://a.test/y"
        job.trail.history.append(Response("http://a.test/", None, b""))
    with pytest.raises(TooManyRedirects, match="more than 2"):
        policies.decide(job, redirect, math.inf, 0)
    for wrong, error in [(-1, ValueError), (None, TypeError), ("1", TypeError)]:
        with pytest.raises(error):
            Policies(redirects=wrong)


def test_statuses_that_are_retried() -> None:
    policies = Policies(retry=Retry(2, backoff_s=1, jitter=0.5, max_retry_after_s=60), chance=lambda: 1.0)
    job = Sent()
    for status in (200, 404, 500, 501, 408):
        assert policies.decide(job, head(status, ("Retry-After", "5")), math.inf, 0) is RESULT
    for status in (429, 502, 503, 504):
        assert policies.decide(job, head(status), math.inf, 0) == Verdict(None, 0.5)
        assert policies.may_go_on(job, head(status))
    # Never below what the server says, by no chance.
    assert policies.decide(job, head(503, ("Retry-After", "5")), math.inf, 0) == Verdict(None, 5, 5)
    # Beyond the bound it is the result, and the others wait as long as is ever waited.
    assert policies.decide(job, head(503, ("Retry-After", "60")), math.inf, 0) == Verdict(None, 60, 60)
    assert policies.decide(job, head(503, ("Retry-After", "61")), math.inf, 0) == Verdict(None, None, 60)
    # And beyond the end of Timeout.total.
    assert policies.decide(job, head(503, ("Retry-After", "5")), 4.0, 0) == Verdict(None, None, 5)
    assert policies.decide(job, head(503), 0.5, 0) == RESULT
    job.trail = Trail()
    job.trail.retries = 1
    assert policies.decide(job, head(503), math.inf, 0) == Verdict(None, 1.0)
    job.trail.retries = 2
    assert policies.decide(job, head(503, ("Retry-After", "5")), math.inf, 0) == Verdict(None, None, 5)
    assert not policies.may_go_on(job, head(503))


def test_what_is_not_retried() -> None:
    policies = Policies(retry=Retry(2))
    for job in (Sent(Request("POST", "http://a.test/")), Sent(is_replayable=False)):
        assert policies.decide(job, head(503), math.inf, 0) == RESULT
        assert policies.decide_failed(job, OSError(), math.inf, is_harmless=True) == RESULT
    assert Policies().decide(Sent(), head(503, ("Retry-After", "5")), math.inf, 0) is RESULT
    assert policies.decide(Sent(Request("GET", "http://a/", retry=Retry(0))), head(503), math.inf, 0) == RESULT
    own = Sent(Request("POST", "http://a/", retry=Retry(1, methods=["POST"], backoff_s=0)))
    assert Policies().decide(own, head(503), math.inf, 0).again_in_s == 0
    with pytest.raises(TypeError):
        Policies(retry=3)


def test_errors_that_are_retried() -> None:
    policies = Policies(retry=Retry(2, errors=[TimeoutError], backoff_s=0))
    assert policies.decide_failed(Sent(), OSError(), math.inf, is_harmless=True).again_in_s == 0
    assert policies.decide_failed(Sent(), OSError(), math.inf, is_harmless=False) is RESULT
    assert policies.decide_failed(Sent(), TimeoutError(), math.inf, is_harmless=False).again_in_s == 0
    assert policies.decide_failed(Sent(), TimeoutError(), 0.0, is_harmless=False) is RESULT


def test_hooks() -> None:
    seen: list[Any] = []

    def other(request: Request) -> Request:
        return request.replaced(url="http://b.test/")

    policies = Policies(before_request=[seen.append, other, seen.append], after_response=seen.append)
    request = Request("GET", "http://a.test/")
    changed = finished(policies.shape(request))
    assert [changed.url, *seen] == ["http://b.test/", request, changed]
    response = Response(request, head(200), b"")
    finished(policies.take_note(request.url, response))
    assert seen[-1] is response
    assert policies.judged_from == 0
    assert Policies().judged_from == 300
    with pytest.raises(TypeError):
        finished(Policies(before_request=lambda request: 3).shape(request))
    with pytest.raises(TypeError):
        finished(Policies(after_response=lambda response: response).take_note(request.url, response))
    with pytest.raises(TypeError):
        Policies(before_request=[3])
    with pytest.raises(TypeError):
        request.replaced(colour="red")


def test_chance_is_random() -> None:
    assert Policies()._chance == random.random
