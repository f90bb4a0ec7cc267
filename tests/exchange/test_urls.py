"""URLs: what they come to, that the two roads agree, and what is refused."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import httpconn
from httpconn import InvalidURL, UnsupportedScheme
from httpconn._engine.shared import Shared
from httpconn._exchange import layouts
from httpconn._exchange.settings import Settings
from httpconn._wire import references, urls
from httpconn._wire.urls import Origin, parse_url, with_params
from httpconn.policies import retries

from ..support.speeds import interpreted


@pytest.mark.parametrize(("url", "key", "target", "field"), [
    ("http://example.org", ("http", "example.org", 80), "/", b"example.org"),
    ("HTTP://Example.ORG:80/A", ("http", "example.org", 80), "/A", b"example.org"),
    ("https://example.org:443?q", ("https", "example.org", 443), "/?q", b"example.org"),
    ("http://example.org:8080/a?b=c#d", ("http", "example.org", 8080), "/a?b=c", b"example.org:8080"),
    ("http://[::1]:80/", ("http", "::1", 80), "/", b"[::1]"),
    ("http://[fe80::1%25lo]:81/", ("http", "fe80::1%lo", 81), "/", b"[fe80::1]:81"),
    ("http://a_b.test./x y", ("http", "a_b.test.", 80), "/x%20y", b"a_b.test."),
    ("http://a/%41%zz|{}^", ("http", "a", 80), "/%41%zz|{}^", b"a"),
    ("http://a/é?ü", ("http", "a", 80), "/%C3%A9?%C3%BC", b"a"),
    ("http://a/?", ("http", "a", 80), "/?", b"a"),
    ("http://a/#?", ("http", "a", 80), "/", b"a"),
    ("http://a?/b", ("http", "a", 80), "/?/b", b"a"),
    ("http://1.2.3.4/", ("http", "1.2.3.4", 80), "/", b"1.2.3.4"),
])  # fmt: skip
def test_parsed(url: str, key: tuple, target: str, field: bytes) -> None:
    for _ in range(2):  # the second time by the fast road, where it may go there
        origin, found = parse_url(url)
        assert (origin.key, found, origin.host_field) == (key, target, field)


@pytest.mark.parametrize("url", [
    "", "/", "//a/", "a", "http:", "http:/a", "http://", "http:///a", "http://:80/", "http://a:b/", "http://a:0/",
    "http://a:65536/", "http://a:-1/", "http://u@a/", "http://u:p@a/", "http://a b/", "http://a\\b/", "http://a\\@b/",
    "http://a%00b/", "http://a%2fb/", "http://[::1/", "http://::1/", "http://[v1.a]/", "http://[1.2.3.4]/",
    "http://a..b/", "http://" + "a" * 64 + "/", "http://" + "a." * 130 + "/", "http://a/\n", "http://a/\r\nX: y",
    " http://a/", "http://a/\x00", "http://a\t.b/", "http://a/\x7f", "http://xn--é/", "ht\ttp://a/", "http://a;b/",
    "http://\u2100.test/", "http://a,b/", "http://a'b/", "http://..", pytest.param("http://a/\ud800", id="surrogate"),
])  # fmt: skip
def test_refused(url: str) -> None:
    with pytest.raises(InvalidURL):
        parse_url(url)


@pytest.mark.parametrize("url", ["ftp://a/", "file:///etc/passwd", "javascript:alert(1)", "ws://a/", "data:,a"])
def test_other_schemes(url: str) -> None:
    with pytest.raises(UnsupportedScheme):
        parse_url(url)


@pytest.mark.parametrize("url", [None, b"http://a/", 3, ["http://a/"]])
def test_no_text(url: object) -> None:
    with pytest.raises(TypeError, match="expected a URL as str"):
        parse_url(url)


def test_a_password_is_not_told() -> None:
    with pytest.raises(InvalidURL) as told:
        parse_url("http://me:secret@example.org/")
    assert "secret" not in str(told.value)


def test_hosts_outside_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    """As browsers have it (IDNA 2008 with UTS 46); without the library not at all, rather than as another host."""
    pytest.importorskip("idna")
    assert parse_url("http://Faß.de/")[0].host == "xn--fa-hia.de"
    assert parse_url("http://BÜCHER.example/")[0].host_field == b"xn--bcher-kva.example"
    monkeypatch.setitem(sys.modules, "idna", None)
    with pytest.raises(InvalidURL, match="idna"):
        parse_url("http://faß.de/")


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "_MOST_SEEN", 10)
    for number in range(50):
        parse_url(f"http://host-{number}.test/")
    assert len(urls._seen) <= 10


def outcome(url: str) -> object:
    try:
        origin, target = parse_url(url)
    except InvalidURL as error:
        return type(error)
    return origin.key, target


@settings(deadline=None)
@given(
    st.sampled_from(["http://a/", "http://a", "https://b.test:8443/", "HTTP://A/", "http://[::1]/"]),
    st.text(st.sampled_from("ab/?#%@:\\[] \té\n;=&{}\"'") | st.characters(), max_size=20),
)
def test_the_fast_road_agrees(start: str, rest: str) -> None:
    """Whether an origin has been seen before makes no difference."""
    urls._seen.clear()
    fresh = outcome(start + rest)
    outcome(start)
    assert outcome(start + rest) == fresh


def whole(url: str) -> object:
    try:
        origin, target = urls._parse(url)
    except InvalidURL as error:
        return type(error)
    return origin.key, target


PLAIN = ("http://a/", "https://b-c.test:8443/d?e", "http://a:65535/", "http://1.2.3.a_/'\"!~", f"http://{'a' * 63}.b/")


@settings(deadline=None)
@given(
    st.sampled_from(["http://", "https://", "HTTP://", "ftp://", "http:/"]),
    st.lists(st.text(st.sampled_from("ab0x19-_A%é"), max_size=4) | st.sampled_from(["a" * 63, "a" * 64]), max_size=5),
    st.sampled_from(["", ":", ":0", ":1", ":080", ":80", ":65535", ":65536", ":99999", ":1e3", ":-1"]),
    st.text(st.sampled_from('/a?#@:\\ é;"~\x7f'), max_size=6),
)
@example("http://", ["a" * 63] * 3 + ["a" * 61], "", "/")  # 253 characters
@example("http://", ["a" * 63] * 3 + ["a" * 62], "", "/")
@example("http://", ["a" * 63] * 4, "", "/")
def test_a_new_origin_is_what_the_whole_parse_makes_of_it(scheme: str, labels: list[str], port: str, rest: str) -> None:
    url = f"{scheme}{'.'.join(labels)}{port}{rest}"
    urls._seen.clear()
    found, seen = outcome(url), dict(urls._seen)
    urls._seen.clear()
    assert found == whole(url)
    assert seen == urls._seen


@pytest.mark.parametrize("url", PLAIN)
def test_it_is_taken_apart_by_one_pattern(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    expected = whole(url)
    urls._seen.clear()
    monkeypatch.delattr(urls, "_parse")
    assert outcome(url) == expected


@settings(deadline=None)
@given(st.text(max_size=40))
def test_nothing_else_is_raised(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/", f"http://a/{text}"):
        found = outcome(url)
        if isinstance(found, tuple):
            assert found[1].isascii()
            assert found[1].isprintable()
            assert " " not in found[1]


@pytest.mark.parametrize(("url", "params", "expected"), [
    ("http://a/", {"b": 1}, "http://a/?b=1"),
    ("http://a/?c#d", [("b", "x y"), ("b", "&")], "http://a/?c&b=x+y&b=%26#d"),
    ("http://a/?", {"b": ["1", "2"], "c": None}, "http://a/?b=1&b=2"),
    ("http://a/", {}, "http://a/"),
    ("http://a/", "raw=1", "http://a/?raw=1"),
])  # fmt: skip
def test_params(url: str, params: object, expected: str) -> None:
    assert with_params(url, params) == expected


ORIGIN = "http://a.test:8080"
TARGETS = [
    "/", "/a", "/a?b=c&d", "/a%20b", "//", "/a/../b", "/'\"<>[]{}|\\^`~!$()*+,;=:@",
    "", "?a", "#", "/#", "/a#b", "/a b", "/a\tb", "/a\x7f", "/\xe9", "/\u4e2d", "/a\x00", "/a\r\nX: y", " /",
]  # fmt: skip


def test_a_url_of_a_known_origin() -> None:
    """The short way from a URL to the head of its GET, at both speeds: the long way's answer, or none."""
    with interpreted():
        other = importlib.import_module("httpconn._exchange.layouts")
    taken = 0
    place: layouts.Known = (("http", "a.test", 8080), Origin("http", "a.test", 8080), b" HTTP/1.1\r\n\r\n")
    for target in TARGETS:
        for text in (ORIGIN + target, target, ORIGIN.upper() + target, "https" + ORIGIN[4:] + target):
            known = {ORIGIN: place}
            found = layouts.plain_get(known, text)
            assert other.plain_get(known, text) == found, text
            for speed in (layouts, other):
                below = speed.plain_get_below(speed.site_of(ORIGIN + "/b/c?d"), text, place[2])
                assert below == (None if found is None else found[1]), text
            if found is not None:
                origin, as_parsed = parse_url(text)
                assert found == (known[ORIGIN], f"GET {as_parsed} HTTP/1.1\r\n\r\n".encode())
                assert found[0][1] == origin
                taken += 1
    assert taken == 7


@pytest.mark.parametrize("headers", [None, {"A": "b", "Host": "c"}, {"Accept-Encoding": "gzip"}])
@pytest.mark.parametrize("origin", ["http://a.test", "https://a.test:8443", "http://[::1]:80", "http://A.test"])
def test_a_known_origin_has_the_same_requests(origin: str, headers: dict[str, str] | None) -> None:
    known = Shared(Settings.of({"headers": headers})).preparer
    assert known.prepare_url(origin + "/", 0).head
    for number, target in enumerate(TARGETS):
        fresh = Shared(Settings.of({"headers": headers})).preparer
        answers = []
        for preparer in (known, fresh):
            try:
                job = preparer.prepare_url(origin + target, number)
            except InvalidURL as error:
                answers.append(repr(error))
            else:
                answers.append((job.request, job.index, job.key, job.origin, job.method, job.head))
        assert answers[0] == answers[1]


def test_a_url_without_a_slash_behind_its_origin() -> None:
    """Its last character is no target at the origin that the rest of it names."""
    for known, url in (("http://a.test:808", "http://a.test:8080"), ("http://b.tes", "http://b.test")):
        preparer = Shared(Settings.of({})).preparer
        assert preparer.prepare_url(f"{known}/", 0).origin == parse_url(f"{known}/")[0]
        origin, target = parse_url(url)
        assert (str(origin), target) == (url, "/")
        assert preparer.prepare_url(url, 1).origin == origin


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "ü" * 100_000, "@" * 100_000, ":" * 100_000, "%41" * 30_000, "/.." * 30_000, "%" * 100_000]
)
def test_cve_2021_33503_no_pattern_backtracks(text: str) -> None:
    began = time.process_time()
    for start in ("http://", "http://a/", "http://a:", "//", "", "?"):
        urls.take_credentials(start + text)
        for base in ("http://a/b", f"http://a/{text}"):
            with contextlib.suppress(httpconn.InvalidURL):
                references.resolve_reference(base, start + text)
        with contextlib.suppress(httpconn.InvalidURL):
            urls.parse_url(start + text)
        retries.retry_after_s(start + text, start + text, 0.0)
    assert time.process_time() - began < 3
