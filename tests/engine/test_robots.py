"""robots.txt: asked for once for each origin, kept to by a fetcher and an AsyncClient alike, and RFC 9309's outcomes."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import pickle
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

import httpconn
from httpconn import (
    AsyncClient,
    Fetcher,
    Request,
    Retry,
    RobotsDisallowed,
    RobotsUnreachable,
    Timeout,
    TotalTimeout,
    fetch_many,
)
from httpconn._wire.urls import parse_url
from httpconn.policies.robots import KEPT_S, MOST_BYTES, UNREACHABLE_FOR_S, Robots, Told, Unreachable, product_token

from ..support.clients import QUICK, FetchMany, Maker, is_empty
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import Exchange
from ..support.sites import PAGE, Asker, Reply, Route, Site, redirect

pytest.importorskip("protego")

BOT = "my-bot/1.0"
ORIGIN, _ = parse_url("http://site.example/")
each_driver = pytest.mark.parametrize("kind", ["fetcher", "async", "astream"])


def text(lines: str, **fields: str) -> Reply:
    return 200, fields, lines.encode()


class Pages(Site):
    """A page everywhere, but for the routes; and a robots.txt."""

    def __init__(self, robots: Route, routes: Mapping[str, Route] = {}, **options: Any) -> None:
        super().__init__({"/robots.txt": robots, **routes}, **options)

    async def answer(self, exchange: Exchange) -> None:
        self.routes.setdefault(exchange.target.partition("?")[0], PAGE)
        await super().answer(exchange)


def told(lines: str | bytes, token: str = "my-bot") -> Told:
    content = lines.encode() if isinstance(lines, str) else lines
    return Told(token, content, "http://site.example/robots.txt")


def allows(rules: Told, target: str) -> bool:
    try:
        rules.check(target, ORIGIN)
    except RobotsDisallowed:
        return False
    return True


# -- what is asked for ------------------------------------------------------------------------------------------------


@each_driver
def test_what_is_allowed_and_what_is_not(kind: str) -> None:
    """One robots.txt for all of them, first; what is refused is not sent, and says so."""
    with Pages(text("User-agent: *\nDisallow: /private\n")) as site, Asker(kind, robots=BOT, timeout=QUICK) as ask:
        assert ask(site.url("/a")).content == b"page"
        refused = ask(Request("POST", site.url("/private/x?y"), body=b"", tag=7))
        assert type(refused.error) is RobotsDisallowed
        assert "disallows '/private/x?y' for my-bot" in str(refused.error)
        assert (refused.status, refused.attempts, refused.url) == (0, 0, site.url("/private/x?y"))
        assert ask(site.url("/robots.txt")).content.startswith(b"User-agent"), "that may always be asked for"
        assert ask(site.url("/b")).status == 200
        assert site.paths() == ["/robots.txt", "/a", "/robots.txt", "/b"]


def test_many_at_once_wait_for_one(fetch_many: FetchMany) -> None:
    with Pages(text("User-agent: *\nDisallow: /no\n")) as one, Pages(text("")) as other:
        urls = [site.url(f"/{name}{number}") for number in range(40) for site in (one, other) for name in ("yes", "no")]
        with fetch_many(urls, robots=BOT, ordered=True, timeout=QUICK) as responses:
            results = list(responses)
            assert [result.url for result in results] == urls
            assert is_empty(responses)
            assert not responses._loop._parked
            assert responses.stats.requests == responses.stats.results == len(urls)
        refused = {result.url for result in results if isinstance(result.error, RobotsDisallowed)}
        assert refused == {one.url(f"/no{number}") for number in range(40)}
        assert all(result.status == 200 for result in results if result.url not in refused)
        for site in (one, other):
            assert site.paths()[0] == "/robots.txt"
            assert site.paths().count("/robots.txt") == 1


def test_many_at_once_in_an_event_loop() -> None:
    async def run(site: Site) -> None:
        async with AsyncClient(robots=BOT, timeout=QUICK) as client:
            results = [response async for response in client.fetch_many([site.url(f"/{n}") for n in range(30)])]
            assert sorted(result.index for result in results) == [*range(30)]
            assert sum(isinstance(result.error, RobotsDisallowed) for result in results) == 11  # 1, 10 to 19
            with pytest.raises(RobotsDisallowed):
                await client.get(site.url("/1"))
            assert client.sitemaps == {site.url(""): (site.url("/map.xml"),)}

    with Pages(text("User-agent: *\nDisallow: /1\nSitemap: /map.xml\n")) as site:
        asyncio.run(run(site))
        assert site.paths().count("/robots.txt") == 1


def test_nothing_is_asked_for_where_it_is_not_wanted(new_fetcher: Maker) -> None:
    for robots in (None, False):
        with Pages(text("User-agent: *\nDisallow: /\n")) as site, new_fetcher(robots=robots) as fetcher:
            fetcher.add(site.url("/"))
            assert next(fetcher).status == 200
            assert site.paths() == ["/"]
            assert fetcher.sitemaps == {}


@each_driver
def test_redirects_are_judged_too(kind: str) -> None:
    """By the rules of the origin that they lead to, which are asked for then."""
    with Pages(text("User-agent: *\nDisallow: /no\n")) as far:
        routes = {"/far": redirect(302, far.url("/yes")), "/not": redirect(302, far.url("/no"))}
        with Pages(text(""), routes) as near, Asker(kind, robots=BOT, timeout=QUICK) as ask:
            assert ask(near.url("/far")).url == far.url("/yes")
            refused = ask(near.url("/not"))
            assert type(refused.error) is RobotsDisallowed
            assert refused.url == far.url("/no")
            assert [response.status for response in refused.history] == [302]
            assert far.paths() == ["/robots.txt", "/yes"]


# -- RFC 9309, section 2.3.1: what the answer comes to ----------------------------------------------------------------

ALL_REFUSED = "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize("kind", ["fetcher", "async"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 499])
def test_4xx_allows_all(kind: str, status: int) -> None:
    """Whatever its content says."""
    with Pages((status, {}, ALL_REFUSED.encode())) as site, Asker(kind, robots=BOT) as ask:
        assert ask(site.url("/")).status == 200


@each_driver
def test_5xx_allows_nothing(kind: str) -> None:
    with Pages((503, {}, b"User-agent: *\nAllow: /\n")) as site, Asker(kind, robots=BOT) as ask:
        for _ in range(2):
            refused = ask(site.url("/"))
            assert isinstance(refused.error, RobotsUnreachable)
            assert refused.error.status == 503
            assert "got 503" in str(refused.error)
        assert site.paths() == ["/robots.txt"]


@pytest.mark.parametrize("kind", ["fetcher", "async"])
def test_5xx_is_tried_again_as_retry_says(kind: str) -> None:
    def route(earlier: int) -> Reply:
        return text("") if earlier else (503, {}, b"")

    with Pages(route) as site, Asker(kind, robots=BOT, retry=Retry(1, backoff_s=0)) as ask:
        assert ask(site.url("/")).status == 200
        assert site.paths() == ["/robots.txt", "/robots.txt", "/"]


@each_driver
def test_what_cannot_be_reached_allows_nothing(kind: str) -> None:
    with Pages(text("")) as gone:
        url = gone.url("/")
    with Asker(kind, robots=BOT, timeout=QUICK) as ask:
        refused = ask(url)
        assert isinstance(refused.error, RobotsUnreachable)
        assert refused.error.status == 0
        assert isinstance(refused.error.__cause__, ConnectionRefusedError)
        copy = pickle.loads(pickle.dumps(refused.error))
        assert (type(copy), str(copy), copy.status) == (RobotsUnreachable, str(refused.error), 0)


@pytest.mark.parametrize("kind", ["fetcher", "async"])
@pytest.mark.parametrize(("hops", "is_followed"), [(5, True), (6, False)])
def test_five_redirects_are_followed_also_to_others(kind: str, hops: int, is_followed: bool) -> None:
    """Whatever holds for pages. One more, and there is none: all is allowed. The rules are of where it began."""
    with Pages(text(ALL_REFUSED)) as far:
        routes = {f"/{n}": redirect(301, f"/{n + 1}") for n in range(1, hops)}
        routes[f"/{hops}"] = text(ALL_REFUSED)
        routes["/1"] = redirect(301, far.url("/2"))
        far.routes |= routes
        with Pages(redirect(301, "/1"), routes) as near, Asker(kind, robots=BOT, redirects=0) as ask:
            result = ask(near.url("/page"))
            assert isinstance(result.error, RobotsDisallowed) is is_followed
            assert near.paths()[:2] == ["/robots.txt", "/1"]
            assert "/robots.txt" not in far.paths()


@pytest.mark.parametrize("kind", ["fetcher", "async"])
@pytest.mark.parametrize("coding", ["plain", "gzip"])
@pytest.mark.parametrize("is_within", [True, False])
def test_size(kind: str, is_within: bool, coding: str) -> None:
    """What lies within 500 KiB counts, what lies behind is not read: also where Content-Length says that it comes."""
    last = "Disallow: /last\n"
    filler = "#" * 99 + "\n"
    size = 512_000 - len(last) if is_within else MOST_BYTES
    start = "User-agent: *\nDisallow: /first\n"
    content = (start + filler * (size // 100 + 1))[: size - 1] + "\n" + last + filler * 5_000
    body, fields = content.encode(), {}
    if coding == "gzip":
        body, fields = gzip.compress(body), {"Content-Encoding": "gzip"}
    retry = Retry(2, backoff_s=0, errors=(Exception,))
    with Pages((200, fields, body)) as site, Asker(kind, robots=BOT, retry=retry, max_content=1_000) as ask:
        assert isinstance(ask(site.url("/first")).error, RobotsDisallowed)
        assert isinstance(ask(site.url("/last")).error, RobotsDisallowed) is is_within
        assert ask(site.url("/other")).status == 200
        assert site.paths() == ["/robots.txt", *([] if is_within else ["/last"]), "/other"]


def test_half_a_line_at_the_end_says_nothing() -> None:
    line = "Disallow: /whole\n"
    content = ("User-agent: *\n" + "#" * MOST_BYTES)[: MOST_BYTES - len(line) - 12] + "\n" + line + "Disallow: /half"
    rules = told(content.encode()[:MOST_BYTES])
    assert not allows(rules, "/whole")
    assert allows(rules, "/ha")
    assert allows(rules, "/")


@pytest.mark.parametrize("kind", ["fetcher", "async"])
def test_a_hook_that_fails_allows_nothing(kind: str) -> None:
    def hook(request: Request) -> None:
        if request.url.endswith("/robots.txt"):
            raise OSError("no signature")

    with Pages(text("")) as site, Asker(kind, robots=BOT, before_request=hook) as ask:
        refused = ask(site.url("/"))
        assert isinstance(refused.error, RobotsUnreachable)
        assert "no signature" in str(refused.error)


def test_hooks_that_are_awaited() -> None:
    """With the request for a robots.txt, and with each answer to it; what one raises, or ends in, is no robots.txt."""
    asked: list[str] = []
    failing = ""

    async def before(request: Request) -> Request:
        await asyncio.sleep(0)
        if failing and request.url.endswith(failing):
            raise asyncio.CancelledError if failing == "/robots.txt" else LookupError("no key")
        asked.append(request.url.rpartition("/")[2])
        return request.replaced(headers={"X-Signed": "yes"})

    async def after(response: httpconn.Response) -> None:
        await asyncio.sleep(0)
        asked.append(f"{response.status}")

    async def run(site: Site) -> None:
        nonlocal failing
        hooks = {"before_request": before, "after_response": after}
        async with AsyncClient(robots=BOT, timeout=QUICK, **hooks) as client:
            assert (await client.get(site.url("/a"))).status == 200
            with pytest.raises(RobotsDisallowed):
                await client.get(site.url("/no"))
            # Its own hooks are awaited before it is known that it has to wait.
            assert asked == ["a", "robots.txt", "302", "there", "200", "200", "no"]
            results = [response async for response in client.fetch_many([site.url("/b"), site.url("/no")])]
            assert sorted(result.status for result in results) == [0, 200]
        assert all(site.fields(number)["x-signed"] == "yes" for number in range(len(site.log)))
        for path in ("/robots.txt", "/there"):
            failing = path
            async with AsyncClient(robots=BOT, timeout=QUICK, **hooks) as client:
                with pytest.raises(RobotsUnreachable):
                    await client.get(site.url("/a"))

    with Pages(redirect(302, "/there"), {"/there": text("User-agent: *\nDisallow: /no\n")}) as site:
        asyncio.run(run(site))


# -- what the lines say -----------------------------------------------------------------------------------------------

LINES = [
    ("a byte order mark", b"\xef\xbb\xbfUser-agent: *\nDisallow: /a\n", "/a"),
    ("a mark in front of other names", b"\xef\xbb\xbfUser-agent: my-bot\nDisallow: /a\nUser-agent: *\n", "/a"),
    ("ends of lines", "User-agent: *\rDisallow: /b\r\nDisallow: /a\r", "/a"),
    ("our group, not the one for all", "User-agent: *\nAllow: /\nUser-agent: MY-BOT\nDisallow: /a\n", "/a"),
    ("a version is no part of a name", "User-agent: my-bot/2.0\nDisallow: /a\nUser-agent: *\n", "/a"),
    ("two groups for us", "User-agent: my-bot\nDisallow: /b\n\nUser-agent: x\n\nUser-agent: my-bot\nDisallow: /a", "/a"),
    ("several names", "User-agent: x\nUser-agent: my-bot\n# and\n\nUser-agent: y\nDisallow: /a\n", "/a"),
    ("a sitemap between names", "User-agent: my-bot\nSitemap: /s\nUser-agent: y\nDisallow: /a\n", "/a"),
    ("the longest rule", "User-agent: *\nAllow: /\nAllow: /a/b/c\nDisallow: /a*\n", "/a"),
    ("an end", "User-agent: *\nDisallow: /a$\n", "/a"),
    ("escapes", "User-agent: *\nDisallow: /%61\n", "/a"),
    ("a query", "User-agent: *\nDisallow: /*?print\n", "/x?print"),
]  # fmt: skip
"""What is refused by these lines; "/other" is not."""


@pytest.mark.parametrize(("lines", "target"), [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_lines(lines: str | bytes, target: str) -> None:
    rules = told(lines)
    assert not allows(rules, target)
    assert allows(rules, "/other")


@pytest.mark.parametrize("name", ["my", "bot", "my-bo", "my-bots", "xmy-bot", ""])
def test_the_rules_of_others(name: str) -> None:
    """A name is the whole token (RFC 9309 section 2.2.1)."""
    rules = told(f"User-agent: {name}\nDisallow: /\nCrawl-delay: 9\nUser-agent: *\nDisallow: /a\n")
    assert allows(rules, "/other")
    assert not allows(rules, "/a")
    assert rules.delay_s == 0


def test_what_is_kept_is_what_concerns_us() -> None:
    """Not each rule for each name: a server does not decide how much memory that takes."""
    names = "".join(f"User-agent: bot-{number}\n" for number in range(2_000))
    rules = told(names + "Disallow: /x\n" * 2_000 + "User-agent: *\nDisallow: /a\n")
    assert rules.size < 50
    assert not allows(rules, "/a")


@pytest.mark.parametrize(("value", "seconds"), [("2", 2), ("0.5", 0.5), ("0", 0), ("-1", 0), ("nan", 0), ("inf", 0),
                                                ("x", 0), ("300", 300), ("301", 300), ("1e9", 300)])  # fmt: skip
def test_crawl_delays(value: str, seconds: float) -> None:
    assert told(f"User-agent: *\nCrawl-delay: {value}\n").delay_s == seconds


def test_sitemaps(new_fetcher: Maker) -> None:
    """From all over the file, absolute; what is no URL is left out."""
    lines = "Sitemap: http://other.example/a.xml\nUser-agent: x\nDisallow: /\nsitemap: b.xml.gz\nSitemap: mailto:x\n"
    assert told(lines).sitemaps == ("http://other.example/a.xml", "http://site.example/b.xml.gz")
    with Pages(text(lines)) as site, new_fetcher(robots=BOT) as fetcher:
        assert fetcher.sitemaps == {}
        fetcher.add(site.url("/"))
        assert next(fetcher).status == 200
        assert fetcher.sitemaps == {site.url(""): ("http://other.example/a.xml", site.url("/b.xml.gz"))}


# -- who we are -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("robots", "user_agent", "token"),
    [
        ("my-bot/1.0", None, "my-bot"), ("My_Bot", None, "my_bot"), ("bot.2 (+http://x)", None, "bot.2"),
        (True, "Some-Bot/2.0 (+https://example.org)", "some-bot"), (True, "httpconn/0.2", "httpconn"),
        (False, "x", ""), (None, "x", ""), ("Mozilla", None, "mozilla"),
    ],
)  # fmt: skip
def test_names(robots: Any, user_agent: str | None, token: str) -> None:
    assert product_token(robots, user_agent) == token


@pytest.mark.parametrize("maker", [Fetcher, AsyncClient])
@pytest.mark.parametrize(
    ("robots", "headers", "error"),
    [
        ("", None, ValueError), ("*", None, ValueError), ("a b\n", {"User-Agent": "x"}, None), ("ä", None, ValueError),
        (1, None, TypeError), (True, {"Accept": "*/*"}, ValueError), (True, {"User-Agent": None}, ValueError),
        (True, {"user-agent": "Mozilla/5.0 (compatible; my-bot/1.0)"}, ValueError), (True, {b"User-Agent": b"x/1"}, None),
        ("my-bot", {"User-Agent": "Mozilla/5.0 (compatible; my-bot/1.0)"}, None),
    ],
)  # fmt: skip
def test_names_that_are_none(maker: Any, robots: Any, headers: Any, error: Any) -> None:
    if error is None:
        maker(robots=robots, headers=headers).close()
        return
    with pytest.raises(error, match="robots"):
        maker(robots=robots, headers=headers)


@pytest.mark.parametrize("kind", ["fetcher", "async"])
def test_the_name_of_the_user_agent_counts(kind: str) -> None:
    lines = "User-agent: *\nDisallow: /\nUser-agent: some-bot\nAllow: /\n"
    with Pages(text(lines)) as site:
        for name, is_allowed in (("Some-Bot/2.0", True), ("other/1", False)):
            with Asker(kind, robots=True, headers={"User-Agent": name}) as ask:
                assert (ask(site.url("/")).error is None) is is_allowed
            assert site.fields(-1)["user-agent"] == name


def test_without_protego() -> None:
    """An error that says what to install; and nothing is imported where nobody asks."""
    program = """
import sys
sys.modules["protego"] = None
import httpconn
httpconn.Fetcher().close()
for maker in httpconn.Fetcher, httpconn.AsyncClient:
    try:
        maker(robots="x")
    except httpconn.MissingExtra as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count("pip install 'httpconn[robots]'") == 2


# -- for how long -----------------------------------------------------------------------------------------------------


def test_a_day() -> None:
    robots = Robots("my-bot")
    robots.keep("told", told("User-agent: *\nDisallow: /\n"), 100.0)
    robots.keep("unreachable", Unreachable(503, None), 100.0)
    assert robots.find("told", 100.0 + KEPT_S - 1) is not None
    assert robots.find("told", 100.0 + KEPT_S) is None
    assert robots.find("unreachable", 100.0 + UNREACHABLE_FOR_S - 1) is not None
    assert robots.find("unreachable", 100.0 + UNREACHABLE_FOR_S) is None
    assert KEPT_S == 24 * 60 * 60


@each_driver
def test_it_is_asked_for_again_when_it_is_old(kind: str) -> None:
    def route(earlier: int) -> Reply:
        return text("User-agent: *\nDisallow: /" + ("b" if earlier else "a"))

    with Pages(route) as site, Asker(kind, robots=BOT) as ask:
        assert isinstance(ask(site.url("/a")).error, RobotsDisallowed)
        assert ask(site.url("/b")).status == 200
        known = ask.maker._loop.robots._known
        [(key, (rules, until))] = known.items()
        known[key] = rules, until - KEPT_S
        assert ask(site.url("/a")).status == 200
        assert isinstance(ask(site.url("/b")).error, RobotsDisallowed)
        assert site.paths() == ["/robots.txt", "/b", "/robots.txt", "/a"]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number and in size, least recently used first."""
    from httpconn.policies import robots as module

    monkeypatch.setattr(module, "_MOST_ORIGINS", 3)
    robots = Robots("my-bot")
    for number in range(3):
        robots.keep(number, told(""), 0.0)
    assert robots.find(0, 1.0) is not None
    robots.keep(3, told(""), 0.0)
    assert [number for number in range(4) if robots.find(number, 1.0)] == [0, 2, 3]
    monkeypatch.setattr(module, "_MOST_KEPT_CHARS", 100)
    robots.keep(4, told("User-agent: *\nDisallow: /" + "x" * 60), 0.0)
    robots.keep(5, told("User-agent: *\nDisallow: /" + "x" * 60), 0.0)
    assert [number for number in range(6) if robots.find(number, 1.0)] == [5]
    robots.keep(5, told(""), 0.0)
    assert robots._size == 0


# -- its way ----------------------------------------------------------------------------------------------------------


def test_it_goes_the_way_of_the_request(new_fetcher: Maker) -> None:
    """Through that request's proxy, with the headers and the credentials that all have, and with its time."""
    with Pages(text("")) as proxy, new_fetcher(robots=BOT, headers={"User-Agent": BOT, "X": "y"}) as fetcher:
        fetcher.add(Request("GET", "http://site.invalid/a", proxy=proxy.url("")))
        assert next(fetcher).status == 200
        assert [head.split(b" ")[1] for head in proxy.heads] == [
            b"http://site.invalid/robots.txt",
            b"http://site.invalid/a",
        ]
        assert proxy.fields(0)["user-agent"] == BOT
        assert proxy.fields(0)["x"] == "y"


class Silent(Pages):
    """Its robots.txt never comes."""

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target == "/robots.txt":
            await asyncio.sleep(60)
        await super().answer(exchange)


@each_driver
def test_the_wait_for_it_is_bounded(kind: str) -> None:
    """By its own time; for what a redirect has led to, by what is left of that request's."""
    with Silent(text("")) as silent, Pages(text(""), {"/": redirect(302, silent.url("/"))}) as site:
        with Asker(kind, robots=BOT, timeout=QUICK) as ask:
            refused = ask(Request("GET", silent.url("/"), timeout=Timeout(read=0.3)))
            assert isinstance(refused.error, RobotsUnreachable)
            assert isinstance(refused.error.__cause__, httpconn.ReadTimeout)
        with Asker(kind, robots=BOT, timeout=Timeout(total=0.5)) as ask:
            late = ask(site.url("/"))
            assert isinstance(late.error, (TotalTimeout, RobotsUnreachable))
            assert [response.status for response in late.history] == [302]


def test_cancelled_while_it_waits() -> None:
    async def run(site: Site) -> None:
        async with AsyncClient(robots=BOT, timeout=Timeout(5, pool=0.2)) as client:
            with pytest.raises(httpconn.PoolTimeout):
                await client.get(site.url("/a"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get(site.url("/b"), timeout=5), 0.2)
            await asyncio.sleep(0.05)
            engine = client._driver.engine
            assert engine.queued == 0
            assert [*engine._parked.values()] == [[]]
            task = asyncio.create_task(client.get(site.url("/c")))
            await asyncio.sleep(0.05)
            await client.aclose()
            with pytest.raises(httpconn.PoolClosed):
                await task

    with Silent(text("")) as site:
        asyncio.run(run(site))


@pytest.mark.parametrize("kind", ["fetcher", "async"])
def test_a_redirect_does_not_lead_it_to_a_unix_socket(kind: str) -> None:
    resolve = {"docker.invalid": "unix:/nowhere.sock"}
    with Pages(text(""), {"/": redirect(302, "http://docker.invalid/")}) as site:
        with Asker(kind, robots=BOT, resolve=lambda host, port: resolve.get(host)) as ask:
            refused = ask(site.url("/"))
            assert isinstance(refused.error, RobotsUnreachable)
            assert isinstance(refused.error.__cause__, httpconn.AddressNotAllowed)


# -- how fast ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["fetcher", "async"])
def fetched(request: pytest.FixtureRequest) -> Any:
    """Return a function that fetches many, and returns the results."""

    def by_client(urls: list[str], **options: Any) -> list[httpconn.Response]:
        async def run() -> list[httpconn.Response]:
            async with AsyncClient(timeout=QUICK, **options) as client:
                return [response async for response in client.fetch_many(urls)]

        return asyncio.run(run())

    def by_fetcher(urls: list[str], **options: Any) -> list[httpconn.Response]:
        with fetch_many(urls, timeout=QUICK, **options) as responses:
            return list(responses)

    return by_client if request.param == "async" else by_fetcher


def test_crawl_delay(fetched: Any) -> None:
    """From the robots.txt on, and whatever rate was given; for that host only."""
    with Pages(text("User-agent: my-bot\nCrawl-delay: 0.3\n")) as slow, Pages(text("")) as quick:
        urls = [site.url(f"/{number}") for number in range(4) for site in (slow, quick)]
        results = fetched(urls, robots=BOT, rate_per_host=100)
        assert all(result.status == 200 for result in results)
        times = [at for at, _ in slow.log]
        assert len(times) == 5
        assert all(later - earlier >= 0.27 for earlier, later in itertools.pairwise(times))
        assert quick.log[-1][0] < times[-1]
