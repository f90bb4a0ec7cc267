"""Cookies whose field line is kept: it is, at each moment, what the jar would say now, in Python and on the compiled road."""

from __future__ import annotations

import copy
import gc
import random
import socket
import threading
import time
import weakref
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy, LWPCookieJar
from typing import Any

import pytest

from httpconn import ConnectionPool, Fetcher, InvalidField, Timeout, fetch_many
from httpconn._exchange.cookie_field import CookieLines
from httpconn._exchange.preparing import Preparer
from httpconn._wire.urls import parse_url
from httpconn.policies.cookies import Cookies

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.cookies import cookie
from ..support.faulty import FaultyServer
from ..support.peers import ScriptedServer, take_request
from ..support.sites import PAGE, Asker, Site, redirect

LONG = 2_000_000_000


def jar_of(*cookies: Cookie, policy: DefaultCookiePolicy | None = None) -> CookieJar:
    jar = CookieJar(policy)
    for each in cookies:
        jar.set_cookie(each)
    return jar


def lines_of(jar: CookieJar) -> CookieLines:
    return CookieLines(Cookies(jar))


# -- the line

URLS = (
    "http://a.test/", "http://a.test/x/y?z", "https://a.test/x/", "http://a.test:8080/", "http://sub.a.test/x/",
    "http://test/", "http://localhost/x/", "http://127.0.0.1/", "http://127.0.0.1:81/x/", "http://[::1]/",
    "http://[::1]:81/x/", "http://xa.test/", "http://[fe80::1%25lo]/x/", "http://[fe80::1%25lo]:81/", "http://a.test./",
)  # fmt: skip
DOMAINS = (
    "a.test", ".a.test", ".test", "test", "sub.a.test", ".sub.a.test", "localhost.local", ".local", "localhost",
    "127.0.0.1", ".0.1", "", ".", "[::1]", "::1", "b.test", ".b.test", "A.test", "a.test.", ".a.test.",
    "[fe80::1%lo]",
)  # fmt: skip


class Choosy(DefaultCookiePolicy):
    def return_ok(self, cookie: Cookie, request: Any) -> bool:
        return super().return_ok(cookie, request) and "x" in request.get_full_url()


class Lax(DefaultCookiePolicy):
    def domain_return_ok(self, domain: str, request: Any) -> bool:
        return True

    def return_ok_domain(self, cookie: Cookie, request: Any) -> bool:
        return True


def change(jar: CookieJar, chance: random.Random) -> None:
    """Do to *jar* one of the things that programs do to jars."""
    present = list(jar)
    what = chance.randrange(10)
    if what < 5 or not present:
        jar.set_cookie(
            cookie(
                chance.choice("abc"),
                chance.choice(["1", "2", 'q"', None]),
                chance.choice(DOMAINS),
                "/" if chance.random() < 0.9 else chance.choice(["/x", "/x/", ""]),
                version=int(chance.random() < 0.1),
                secure=chance.random() < 0.1,
                expires=chance.choice([None, None, None, 1, LONG]),
                port=chance.choice([None, None, None, "80,81"]),
            )
        )
    elif what < 7:
        picked = chance.choice(present)
        name, value = chance.choice([("value", "3"), ("expires", 1), ("secure", True)])
        setattr(picked, name, value)
    elif what == 7:
        picked = chance.choice(present)
        jar.clear(picked.domain, picked.path, picked.name)
    elif what == 8:
        made = chance.choice([DefaultCookiePolicy, DefaultCookiePolicy, DefaultCookiePolicy, Choosy, Lax])
        jar.set_policy(made(strict_ns_domain=chance.choice([0, 3])))
    else:
        policy = jar._policy
        policy.set_blocked_domains(chance.choice([[], ["a.test"], [".a.test", "127.0.0.1"]]))
        policy.netscape = chance.random() < 0.9


def test_the_line_is_what_the_jar_says_now() -> None:
    asked = kept = 0
    for seed in range(30):
        chance = random.Random(seed)
        jar = chance.choice([CookieJar, LWPCookieJar])()
        cookies = lines_of(jar)
        for _ in range(40):
            change(jar, chance)
            for url in chance.sample(URLS, 4) * 2:
                origin = parse_url(url)[0]
                said = lines_of(jar)._ask(url)
                assert cookies.line_for(origin, url) == said, seed
                for_all = cookies.line_for_all(origin)
                assert for_all is None or for_all == said, seed
                asked += for_all is None
                kept += bool(for_all)
    assert min(asked, kept) > 300


def test_the_jar_is_asked_once() -> None:
    class Counting(CookieLines):
        asked = 0

        def _ask(self, url: str) -> bytes:
            self.asked += 1
            return super()._ask(url)

    jar = jar_of(cookie(domain="a.test"), cookie("other", domain="b.test"))
    cookies = Counting(Cookies(jar))
    origins = [parse_url(f"http://{host}.test/")[0] for host in "abc"]
    for _ in range(5):
        assert [cookies.line_for(origin, f"{origin}/x") for origin in origins] == [
            b"Cookie: n=1", b"Cookie: other=1", b"",
        ]  # fmt: skip
    assert cookies.asked == 2
    for each in jar:
        each.value = "2"
    assert cookies.line_for(origins[0], "http://a.test/") == b"Cookie: n=2"
    assert cookies.asked == 3


def test_a_cookie_that_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    at = time.time()
    jar = jar_of(cookie(expires=int(at) + 100, domain="a.test"), cookie("m", expires=None, domain="a.test"))
    cookies = lines_of(jar)
    url = "http://a.test/"
    origin = parse_url(url)[0]
    assert cookies.line_for(origin, url) == b"Cookie: n=1; m=1"
    monkeypatch.setattr("time.time", lambda: int(at) + 100.0)
    assert cookies.line_for(origin, url) == b"Cookie: m=1"
    assert len(jar) == 1


@pytest.mark.parametrize("what", ["instance", "class", "policy", "cookie", "no jar"])
def test_what_somebody_has_put_in_is_asked_each_time(what: str) -> None:
    """It may say something else about each target."""
    calls: list[str] = []
    jar: Any = jar_of(cookie(domain="a.test"))

    def add(request: Any) -> None:
        calls.append(request.get_full_url())
        request.add_unredirected_header("Cookie", f"c={len(calls)}")

    if what == "instance":
        jar.add_cookie_header = add
    elif what == "class":
        jar = type("Own", (CookieJar,), {"add_cookie_header": lambda self, request: add(request)})()  # and holds none
    elif what == "policy":
        jar.set_policy(Choosy())
    elif what == "cookie":
        jar._cookies["a.test"]["/"]["n"] = type("Own", (Cookie,), {"is_expired": lambda self, now=None: False})(
            **{name: value for name, value in vars(cookie(domain="a.test")).items() if name != "_rest"}, rest={}
        )
    else:
        jar = type("Own", (), {"add_cookie_header": staticmethod(add), "extract_cookies": print})()
    cookies = lines_of(jar)
    origin = parse_url("http://a.test/")[0]
    assert cookies.line_for_all(origin) is None
    lines = [cookies.line_for(origin, f"http://a.test/{path}") for path in "xyx"]
    expected = {"policy": [b"Cookie: n=1", b"", b"Cookie: n=1"], "cookie": [b"Cookie: n=1"] * 3}
    assert lines == expected.get(what, [b"Cookie: c=1", b"Cookie: c=2", b"Cookie: c=3"])


def test_settings_of_the_policy_that_are_changed_in_place() -> None:
    schemes = ["https", "http"]
    jar = jar_of(cookie(domain="a.test", secure=True), policy=DefaultCookiePolicy(secure_protocols=schemes))
    cookies = lines_of(jar)
    url = "http://a.test/"
    assert cookies.line_for(parse_url(url)[0], url) == b"Cookie: n=1"
    schemes.remove("http")
    assert cookies.line_for(parse_url(url)[0], url) == b""


def test_a_jar_that_is_read_from_its_file_meanwhile() -> None:
    """It is empty for a moment, under its lock."""
    jar: Any = jar_of(cookie(domain="a.test"))
    cookies = lines_of(jar)
    is_empty = threading.Event()

    def revert() -> None:
        with jar._cookies_lock:
            held, jar._cookies = jar._cookies, {}
            is_empty.set()
            time.sleep(0.2)
            jar._cookies = held

    thread = threading.Thread(target=revert)
    thread.start()
    is_empty.wait()
    assert cookies.line_for(parse_url("http://a.test/")[0], "http://a.test/") == b"Cookie: n=1"
    thread.join()


def test_what_is_kept_goes_with_the_cookie() -> None:
    jar = jar_of(cookie(domain="a.test"))
    cookies = lines_of(jar)
    origin = parse_url("http://a.test/")[0]
    cookies.line_for_all(origin)
    gone = weakref.ref(next(iter(jar)))
    jar.clear()
    assert cookies.line_for_all(origin) == b""
    gc.collect()
    assert gone() is None


def test_a_jar_that_threads_change() -> None:
    jar = jar_of(cookie(domain="a.test"))
    cookies = lines_of(jar)
    url = "http://a.test/"
    origin = parse_url(url)[0]
    ends = time.monotonic() + 0.5

    def change_it(name: str) -> None:
        while time.monotonic() < ends:
            for number in range(20):
                jar.set_cookie(cookie(f"{name}{number}", domain=f"{number}.test"))
                jar.set_cookie(cookie(name, str(number), domain="a.test"))
            for number in range(20):
                jar.clear(f"{number}.test", "/", f"{name}{number}")

    threads = [threading.Thread(target=change_it, args=(name,)) for name in "xy"]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        try:
            seen.add(cookies.line_for(origin, url))
        except RuntimeError:  # the jar's own: its clear_expired_cookies goes through what changes
            continue
    assert all(line.startswith(b"Cookie: n=1") for line in seen)
    assert cookies.line_for(origin, url) == cookies._ask(url)
    assert cookies.line_for_all(origin) in (b"Cookie: n=1; x=19; y=19", b"Cookie: n=1; y=19; x=19")


# -- over connections


@pytest.mark.parametrize("connections", [1, 8])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_jar_is_asked_once_a_turn_for_all_bare_urls_of_a_host(
    fetch_many: FetchMany, monkeypatch: pytest.MonkeyPatch, connections: int, ordered: bool
) -> None:
    add_late_fields = Preparer.add_late_fields
    asked: list[None] = []
    monkeypatch.setattr(
        Preparer, "add_late_fields", lambda self, job: (asked.append(None), add_late_fields(self, job))[1]
    )
    with Site({"/": PAGE}) as site:
        urls = [site.url(f"/?{number}") for number in range(400)]
        jar = jar_of(cookie(), cookie("other", domain="b.test"))
        with fetch_many(urls, per_host=connections, cookies=jar, ordered=ordered) as responses:
            assert [response.content for response in responses] == [b"page"] * 400
        assert len(asked) <= 4 * connections
        assert all(head.count(b"\r\nCookie: n=1\r\n") == 1 for head in site.heads)
        assert all(head.endswith(b"\r\n\r\n") and head.count(b"\r\n\r\n") == 1 for head in site.heads)
        assert len(site.heads) == 400


@pytest.mark.parametrize("ordered", [False, True])
def test_what_the_consumer_does_to_the_jar_counts_from_then_on(ordered: bool) -> None:
    held = cookie(expires=LONG)
    jar = jar_of(held)
    policy = DefaultCookiePolicy(blocked_domains=["127.0.0.1"])
    steps: dict[int, Any] = {
        10: lambda: setattr(held, "value", "2"),
        20: lambda: jar.set_cookie(cookie("m")),
        30: lambda: jar.set_policy(policy),
        40: lambda: policy.set_blocked_domains([]),
        50: lambda: setattr(held, "expires", 1),
        60: lambda: jar.clear(),
        70: lambda: jar.set_cookie(cookie("last")),
        80: lambda: setattr(jar, "add_cookie_header", lambda request: request.add_unredirected_header("Cookie", "own")),
    }
    values = ["n=1", "n=2", "n=2; m=1", None, "n=2; m=1", "m=1", None, "last=1", "own"]
    with Site({f"/{n}": PAGE for n in range(90)}) as site:
        for response in fetch_many([site.url(f"/{n}") for n in range(90)], per_host=1, cookies=jar, ordered=ordered):
            steps.get(response.index, int)()
        for number in range(90):
            if number % 10 != 1 or number == 1:  # that one was sent together with the reading of the response
                assert site.fields(number).get("cookie") == values[max(0, number - 2) // 10], number


@pytest.mark.parametrize("name", ["cookie", b"Cookie"])
def test_a_request_that_has_a_cookie_field_anyway(new_pool: Maker, fetch_many: FetchMany, name: Any) -> None:
    """And does not take it to another origin, by a redirect."""
    with Site({"/": PAGE}) as other, Site({"/": PAGE, "/away": redirect(302, other.url("/"))}) as site:
        with new_pool(headers={name: "own=1"}) as pool:
            assert pool.get(site.url("/away")).content == b"page"
        assert "cookie" in site.fields(0)
        assert "cookie" not in other.fields(0)
        with fetch_many([site.url("/")] * 20, cookies=jar_of(cookie()), headers={name: "own=1"}) as responses:
            assert [response.status for response in responses] == [200] * 20
        assert all(head.lower().count(b"cookie:") == 1 and b"own=1" in head for head in site.heads)


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_request_that_is_sent_again_has_the_cookies_of_that_moment(kind: str) -> None:
    """The kept connection is lost without a byte; by then the jar has another value."""
    held = cookie()
    heads: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        while True:
            heads.append(take_request(sock))
            if len(heads) == 4:
                held.value = "2"
                return
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedServer(serve) as server, Asker(kind, cookies=jar_of(held), per_host=1) as ask:
        url = f"http://{server.host}:{server.port}/"
        if kind == "fetcher":
            fetcher = ask.maker
            assert isinstance(fetcher, Fetcher)
            for number in range(8):
                fetcher.add(f"{url}{number}")
            responses = list(fetcher)
        else:
            responses = [ask(f"{url}{number}") for number in range(8)]
        assert [response.content for response in responses] == [b"ok"] * 8
        assert [response.attempts for response in responses].count(2) == 1
    said = [head.split(b"Cookie: ")[1].split(b"\r\n")[0] for head in heads if head]
    assert said == [b"n=1"] * 4 + [b"n=2"] * 5


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_request_that_cannot_be_sent_again_for_its_cookies(kind: str) -> None:
    """By then the jar has what no field can hold: that is the result, of this one and of those after it."""
    held = cookie()
    heads: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        while heads.append(take_request(sock)) or heads[-1]:
            if len(heads) == 3:
                held.value = "\u20ac"
                return
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedServer(serve) as server, Asker(kind, cookies=jar_of(held), per_host=1) as ask:
        urls = [f"http://{server.host}:{server.port}/{number}" for number in range(6)]
        if isinstance(ask.maker, Fetcher):
            for url in urls:
                ask.maker.add(url)
            responses = sorted(ask.maker, key=lambda response: response.index)
        else:
            responses = [ask(url) for url in urls]
    assert [response.content for response in responses] == [b"ok", b"ok", b"", b"", b"", b""]
    assert [type(response.error) for response in responses[2:]] == [InvalidField] * 4
    assert len([head for head in heads if head]) == 3


@pytest.mark.parametrize("domain", ["127.0.0.1", "b.test"])
@pytest.mark.slow
def test_heads_that_are_sent_in_pieces(fetch_many: FetchMany, domain: str) -> None:
    """More than a socket takes at once: the rest is of the same head, and not of one that was made for an earlier try."""
    options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)]
    targets = [f"/{'x' * 60_000 if number % 3 == 2 else ''}{number}" for number in range(36)]
    heads: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        while True:
            heads.append(take_request(sock))
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedServer(serve) as server:
        urls = [f"http://{server.host}:{server.port}{target}" for target in targets]
        jar = jar_of(cookie(value="1" * 3000, domain=domain))
        with fetch_many(urls, per_host=2, cookies=jar, socket_options=options, timeout=Timeout(total=20)) as responses:
            for response in responses:
                assert response.content == b"ok"
                for host in responses._loop.hosts.values():
                    for job in host.pending:
                        job.late_head = b"x" * 70_000
    heads = [head for head in heads if head]
    assert sorted(head.split(b" ")[1].decode() for head in heads) == sorted(targets)
    line = b"\r\nCookie: n=" + b"1" * 3000 + b"\r\n\r\n"
    have_it = domain != "b.test"
    assert all(head.endswith(line) == have_it and head.count(b"Cookie:") == have_it for head in heads)
    assert all(head.endswith(b"\r\n\r\n") and head.count(b"\r\n\r\n") == 1 for head in heads)


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_cookies_are_those_of_when_the_connection_is_there(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not of when it was begun: looking up the name may take its time."""
    look_up = socket.getaddrinfo
    is_asked, may_go_on = threading.Event(), threading.Event()

    def slow(host: str, *arguments: Any, **options: Any) -> Any:
        if host == "slow.test":
            is_asked.set()
            may_go_on.wait(10)
            host = "127.0.0.1"
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    jar = jar_of(cookie(domain="slow.test"))
    with Site({"/": PAGE}) as site:
        url = f"http://slow.test:{site.port}/"
        if kind == "fetcher":
            for response in fetch_many([url, site.url("/")], cookies=jar):
                assert response.content == b"page"
                jar.clear()
                may_go_on.set()
        else:
            with ConnectionPool(cookies=jar) as pool:
                thread = threading.Thread(target=pool.get, args=(url,))
                thread.start()
                is_asked.wait(10)
                jar.clear()
                may_go_on.set()
                thread.join()
        assert [head.count(b"Cookie") for head in site.heads] == [0] * len(site.heads)
        assert len(site.heads) == (2 if kind == "fetcher" else 1)


@pytest.mark.parametrize("at", range(1, 9))
def test_a_jar_that_closes_the_fetcher(new_fetcher: Maker, at: int) -> None:
    """As a signal's handler may while a jar is asked: then nothing is sent by the number that a socket had."""
    ours = b"ours"
    pairs: list[tuple[socket.socket, socket.socket]] = []

    class Closing(CookieJar):
        asked = 0

        def add_cookie_header(self, request: Any) -> None:
            self.asked += 1
            if self.asked == at:
                fetcher.close()
                for _ in range(6):
                    pairs.append(socket.socketpair())
                    for end in pairs[-1]:
                        end.sendall(ours)
            super().add_cookie_header(request)

    jar = Closing()
    jar.set_cookie(cookie())
    with Site({"/": PAGE}) as site:
        fetcher = new_fetcher(cookies=jar, per_host=1)
        fetcher.feed(site.url("/") for _ in range(12))
        assert len(list(fetcher)) < 12
    assert len(pairs) == 6
    for pair in pairs:
        for end in pair:
            end.setblocking(False)
            assert end.recv(9999) == ours
            end.close()


def test_cookies_of_two_hosts_do_not_meet(fetch_many: FetchMany) -> None:
    with Site({"/": PAGE}) as one, Site({"/": PAGE}) as other:
        jar = jar_of(cookie("one", domain="one.test"), cookie("other", domain="other.test"))
        hosts = {"one.test": "127.0.0.1", "other.test": "127.0.0.1"}
        urls = [
            f"http://{host}:{site.port}/?{n}"
            for n in range(200)
            for host, site in (("one.test", one), ("other.test", other))
        ]
        with fetch_many(urls, per_host=4, cookies=jar, resolve=hosts) as responses:
            assert {response.status for response in responses} == {200}
        assert {one.fields(n)["cookie"] for n in range(200)} == {"one=1"}
        assert {other.fields(n)["cookie"] for n in range(200)} == {"other=1"}


def test_a_copied_jar_is_another_jar() -> None:
    first = jar_of(cookie(domain="a.test"))
    second = jar_of(*(copy.copy(each) for each in first))
    origin = parse_url("http://a.test/")[0]
    ours, theirs = lines_of(first), lines_of(second)
    assert ours.line_for(origin, "http://a.test/") == theirs.line_for(origin, "http://a.test/") == b"Cookie: n=1"
    first.clear()
    assert (ours.line_for_all(origin), theirs.line_for_all(origin)) == (b"", b"Cookie: n=1")


@pytest.mark.parametrize("ordered", [False, True])
def test_a_cookie_that_is_no_field_value_is_its_own_request_s_error(
    new_pool: Maker, fetch_many: FetchMany, ordered: bool
) -> None:
    jar = CookieJar()
    jar.set_cookie(cookie(value="\u20ac", path="/good/bad"))
    with FaultyServer() as server:
        urls = [server.url(f"/good/{name}") for name in ("1", "bad", "2", "bad", "3")]
        results = {response.index: response for response in fetch_many(urls, cookies=jar, per_host=1, ordered=ordered)}
        assert sorted(results) == [0, 1, 2, 3, 4]
        assert [results[index].status for index in (0, 2, 4)] == [200] * 3
        for index in (1, 3):
            assert isinstance(results[index].error, InvalidField)
        with new_pool(cookies=jar, max_connections=1, timeout=Timeout(pool=5)) as pool:
            with pytest.raises(InvalidField, match="the field 'Cookie' in Latin-1, got '\u20ac' at offset"):
                pool.get(urls[1])
            assert pool.get(urls[0]).status == 200


def test_what_a_body_says_is_no_cookie_of_ours(new_pool: Maker) -> None:
    jar = CookieJar()
    jar.set_cookie(cookie())
    with FaultyServer() as server, new_pool(cookies=jar) as pool:
        pool.post(server.url("/good/1"), body=b"GET / HTTP/1.1\r\nCookie: x\r\n\r\n")
        assert b"\r\nCookie: n=1\r\n" in server.heads[0]
