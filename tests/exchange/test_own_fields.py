"""Requests with fields and options of their own: made of what others like them have come to, and the same all the same."""

from __future__ import annotations

import copy
import importlib
import io
import itertools
import pickle
import random
import re
import sys
import zlib
from typing import Any

import pytest

from httpconn import (
    InvalidField,
    MissingDecoder,
    Request,
    Retry,
    Timeout,
    _backends,
)
from httpconn._backends.contract import Backend
from httpconn._engine.shared import Shared
from httpconn._exchange import layouts
from httpconn._exchange.incoming import Incoming
from httpconn._exchange.settings import Settings
from httpconn._wire.urls import Origin

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.sites import PAGE, Asker, Site, redirect
from ..support.speeds import interpreted

KINDS = ("pool", "fetcher", "async")
NAMES = ("Accept", "X-A", "x-b", "User-Agent", "Accept-Encoding", "Connection", "Host", "Cookie", "Range", "Authorization",
         "Content-Length", "Expect", "DNT", "accept", "X A", "Transfer-Encoding", "\xe9")  # fmt: skip
VALUES = ("", "a", "text/html", "gzip", "identity", "br;q=x", "close", "keep-alive", "bytes=0-9", " b ", "\xe9", "\u4e2d",
          "a\r\nb", "0", "10", None, 7, b"b", ["a", "b"])  # fmt: skip
TARGETS = ("/", "/a?b=c", "/a#b", "/\xe9", "/a b")
EACH = ("http://a.test", "https://a.test", "http://b.test:81")


def preparer(**options: Any) -> Any:
    return Shared(Settings.of(options)).preparer


def made(prepare: Any, request: Request) -> Any:
    """Return all that is known of a request as it is sent, or how it is refused."""
    try:
        job = prepare(request, 3)
    except Exception as error:
        return type(error), str(error)
    if job is None:
        return None
    return (job.head, job.key, job.origin, job.method, [*job.own], job.is_plain, job.may_read_fast, job.closes, job.timeout,
            job.index, job.body, job.takes_cookies, job.may_go_on is None, job.proxy)  # fmt: skip


def sets_of_fields(chance: random.Random, count: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(count):
        values = VALUES if chance.random() < 0.3 else VALUES[:8]
        pairs = [
            (chance.choice(NAMES[: chance.choice((9, 9, 17))]), chance.choice(values))
            for _ in range(chance.randint(1, 4))
        ]
        found.append(dict(pairs) if chance.random() < 0.6 else pairs)
    return found


@pytest.mark.parametrize("options", [{}, {"headers": {"Accept": "x", "Host": "c"}}, {"strict": True}], ids=str)
def test_the_same_as_one_that_is_made_alone(in_use: Backend, options: dict[str, Any]) -> None:
    chance = random.Random(15)
    known, taken = preparer(**options), 0
    some = sets_of_fields(chance, 60)
    for headers in chance.choices(some, k=600):
        url = chance.choice(EACH) + chance.choice(("/", *TARGETS))
        more: dict[str, Any] = {"decode": chance.random() < 0.8}
        if chance.random() < 0.2:
            more.update(
                chance.choice(({"timeout": Timeout(3)}, {"sink": io.BytesIO()}, {"retry": Retry(1)}, {"tag": 1}))
            )
        request = Request(chance.choice(("GET", "GET", "HEAD", "POST")), url, headers=copy.copy(headers), **more)
        expected = made(preparer(**options).prepare, request)
        short = made(known.prepare_known, request)
        assert short in (None, expected), (request, headers)
        taken += short is not None
        assert made(known.prepare, request) == expected, (request, headers)
    assert taken > 40


CONTENTS = (
    {"body": b"12345"}, {"body": b""}, {"body": "\xe9"}, {"body": b"a" * 70_000}, {"json": {"a": "\xe9"}}, {"json": [1]},
    {"data": {"a": "b c"}}, {"data": [("a", 1)], "files": {"f": b"x"}}, {"body": [b"a", b"b"]}, {"body": bytearray(b"ab")},
    {"body": io.BytesIO(b"abc")}, {"body": "\ud800"}, {"body": b"a", "json": 1}, {"json": float("nan")}, {"json": {1, 2}},
    {"body": 7}, {},
)  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"headers": {"Expect": "100-continue"}},
                                     {"headers": {"Content-Type": "a/b", "Connection": "close"}}], ids=str)  # fmt: skip
def test_content_is_sent_as_if_it_were_the_first(in_use: Backend, options: dict[str, Any]) -> None:
    chance = random.Random(17)
    known, taken = preparer(**options), set()
    for _ in range(500):
        url = chance.choice(EACH[:2]) + (chance.choice(TARGETS) if chance.random() < 0.3 else "/")
        content, method, more = chance.choice(CONTENTS), "POST", {}
        if chance.random() < 0.5:
            method = chance.choice(("POST", "put", "DELETE", "GET", "HEAD", "CONNECT", "patch", "M\r\n"))
            more = chance.choice(({"timeout": Timeout(3)}, {"redirects": 0}, {"sink": "path"}, {"headers": {"A": "b"}},
                                  {"params": {"q": "1"}}, {"auth": ("u", "p")}, {"max_content": -1}, {"wire": True}))  # fmt: skip
        request = Request(method, url, **content, **more)
        expected = with_content(preparer(**options).prepare, request)
        short = with_content(known.prepare_known, request)
        assert short in (None, expected), (request, content, more)
        if short is not None and len(short) > 2 and request.method not in ("GET", "HEAD"):
            taken.add(str(content))
        assert with_content(known.prepare, request) == expected, (request, content, more)
    usual = {str(content) for content in CONTENTS[:7]}
    assert taken <= usual
    assert "headers" in options or taken == usual, usual - taken


def with_content(prepare: Any, request: Request) -> Any:
    """As ``made``, with the content and how often it may be sent; a boundary, which is drawn by lot, is left out."""
    jobs: list[Any] = []
    told = made(lambda *given: jobs.append(prepare(*given)) or jobs[0], request)
    if not isinstance(told, tuple) or len(told) == 2:
        return told
    [job] = jobs
    parts = b"" if job.body is None else b"".join(job.body())
    head, parts = (re.sub(rb"[0-9a-f]{32}", b"", text) for text in (job.head, parts))
    kind = None if job.framed is None else (type(job.framed[0]), job.framed[1])
    return (head, *told[1:10], *told[11:], parts, kind, job.is_resendable, job.is_replayable, job.expects_continue,
            job.has_asked, job.reader is None, job.body is None)  # fmt: skip


def test_both_speeds_agree() -> None:
    with interpreted():
        other = importlib.import_module("httpconn._exchange.layouts")
    chance = random.Random(16)
    origin = Origin("http", "a.test", 80)
    known = {"http://a.test": (origin.key, origin, b" HTTP/1.1\r\n\r\n")}
    taken = 0
    for headers in sets_of_fields(chance, 3_000):
        url = chance.choice(EACH) + chance.choice(TARGETS)
        names = tuple(headers) if isinstance(headers, dict) else tuple(name for name, _ in headers)
        fixed = tuple(chance.choice((None, None, None, "a")) for _ in names)
        told = fixed, chance.choice((b"", b"Accept: */*\r\n")), chance.random() < 0.5
        answers = []
        for speed in (layouts, other):
            is_good = all(type(name) is str and name.isascii() for name in names)
            by_names = {names: speed.FieldLayout(names, *told)} if is_good else {}
            requests = speed.KnownRequests(bool, reads_head_fast=True)
            requests.sites, requests.layouts = known, by_names
            jobs = [requests.job_of(Request("GET", url, headers=headers), 7) for _ in range(3)]
            answers.append([job and (job.head, job.key, job.origin, job.index, job.own) for job in jobs])
        assert answers[0] == answers[1], headers
        assert answers[0][0] == answers[0][1] == answers[0][2]
        taken += answers[0][0] is not None
    assert taken > 50


def test_one_value_alone_is_another() -> None:
    """All else stands there from the last time: what that was does not show, whoever asks, and wherever to."""
    with interpreted():
        other = importlib.import_module("httpconn._exchange.layouts")
    sites = {}
    for host in ("a.test", "b.test"):
        origin = Origin("http", host, 80)
        sites[f"http://{host}"] = (origin.key, origin, b" HTTP/1.1\r\n\r\n")
    chance = random.Random(18)
    for speed, names in itertools.product(
        (layouts, other), (("X-A", "X-B", "X-C"), ("X-A", "Host"), ("X-A", "Cookie"))
    ):
        requests = speed.KnownRequests(bool, reads_head_fast=True)
        fixed = tuple("a.test" if name == "Host" else None for name in names)
        sends_host = "Host" not in names
        requests.sites = sites
        requests.layouts = {names: speed.FieldLayout(names, fixed, b"Accept: */*\r\n", sends_host)}
        values = dict.fromkeys(names, "a.test")
        taken = 0
        for _ in range(200):
            varied = chance.choice((names[0], names[0], *names))
            values[varied] = chance.choice(
                ("a.test", "b", "c d", "", "\xe9", "\u20ac", "a\tb", "a\r\nb", None, 7, b"b")
            )
            url = chance.choice((*sites, "http://a.test")) + "/x"
            job = requests.job_of(Request("GET", url, headers={**values}), 1)
            lines = [f"{name}: {value}\r\n" for name, value in values.items()]
            host = f"Host: {url[7:-2]}\r\n" if sends_host else ""
            told = f"GET /x HTTP/1.1\r\n{host}Accept: */*\r\n{''.join(lines)}\r\n"
            if job is None:
                wrong = [value for value in values.values() if value in ("\u20ac", "a\r\nb", None, 7, b"b")]
                assert wrong or values.get("Host", "a.test") != "a.test"
            else:
                assert job.head == told.encode("latin-1")
                assert job.own == [*values.items()]
                taken += 1
        assert taken > 10


def test_a_value_that_must_be_the_same() -> None:
    with interpreted():
        other = importlib.import_module("httpconn._exchange.layouts")
    for speed in (layouts, other):
        layout = speed.FieldLayout(("A", "Host"), (None, "c"), b"X: y\r\n", False)
        for values, is_fit in ((("1", "c"), True), (("1", "d"), False), (("1", "c"), True), (("2", "d"), False)):
            for _ in range(2):
                lines = layout.lines(values)
                assert lines == (b"X: y\r\nA: 1\r\nHost: c\r\n\r\n" if is_fit else None), values


def test_what_is_kept_of_them(in_use: Backend) -> None:
    """As many layouts as there are, whatever is asked; no large values, and none that are secret."""
    known = preparer()
    for number in range(100):
        request = Request("GET", "http://a.test/", headers={"X-A": "1"})
        request.method = f"M{number}"
        made(known.prepare_known, request)
        made(known.prepare, request)
    assert len(known.known_requests.other_layouts) <= 3
    for name, size, is_kept in (("X-A", 16_000, True), ("X-A", 17_000, False), ("Cookie", 9, False),
                                ("authorization", 9, False)):  # fmt: skip
        if name != "X-A" and in_use.engine is None:
            continue  # the Python serializer keeps the lines of the last 16 short fields, of whatever name
        value = "a" * size
        request = Request("GET", "http://a.test/", headers={name: value})
        before = sys.getrefcount(value)
        for _ in range(2):
            known.prepare(request)
        assert known.prepare_known(request, 1) is not None
        assert (sys.getrefcount(value) > before) is is_kept, (name, size)


@pytest.mark.parametrize("wrong", [{"decode": []}, {"method": []}], ids=str)
def test_one_that_is_wrong_ends_nothing(new_fetcher: Maker, in_use: Backend, wrong: dict[str, Any]) -> None:
    with Site({"/": PAGE}) as site:
        requests = [Request("GET", site.url("/"), headers={"X-A": str(number)}) for number in range(6)]
        for name, value in wrong.items():
            setattr(requests[3], name, value)
        with new_fetcher(max_connections=1, ordered=True) as fetcher:
            responses = list(fetcher.feed(requests))
    assert [response.error is None for response in responses] == [True, True, True, False, True, True]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_mapping_holds_by_now(in_use: Backend, kind: str) -> None:
    fields = {"X-A": "1", "X-B": "same"}
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        for number in range(4):
            fields["X-A"] = str(number)
            assert ask(Request("GET", site.url("/"), headers=fields)).error is None
        del fields["X-B"]
        ask(Request("GET", site.url("/"), headers=fields))
        ask(Request("GET", site.url("/"), headers={"X-C": "2", **fields}))
        ask(site.url("/"))
        told = [(site.fields(n).get("x-a"), site.fields(n).get("x-b"), site.fields(n).get("x-c")) for n in range(7)]
    assert told[:4] == [(str(number), "same", None) for number in range(4)]
    assert told[4:] == [("3", None, None), ("3", None, "2"), (None, None, None)]


@pytest.mark.parametrize("kind", KINDS)
def test_own_fields_of_long_ago_are_for_a_redirect(in_use: Backend, kind: str) -> None:
    with Site({"/": PAGE, "/a": redirect(302, "/")}) as site, Asker(kind) as ask:
        for number in range(3):
            response = ask(Request("GET", site.url("/a"), headers={"X-A": f" {number}: b ", "Accept": "c"}))
            assert response.error is None
            assert len(response.history) == 1
        ends = [site.fields(number).get("x-a") for number in (1, 3, 5)]
    assert ends == [" 0: b ", " 1: b ", " 2: b "]


def test_what_has_to_be_looked_at_is_looked_at() -> None:
    """A value that may be refused is refused, whatever a request with the same names has come to before."""
    known = preparer()
    url = "http://a.test/"
    good = {"Accept-Encoding": "gzip", "X": "a"}
    assert (
        known.prepare(Request("GET", url, headers=good)).head == known.prepare(Request("GET", url, headers=good)).head
    )
    for headers, error in (
        ({"Accept-Encoding": "zstd, br", "X": "a"}, MissingDecoder),
        ({"Accept-Encoding": "gzip", "X": "a\r\nb"}, InvalidField),
        ({"Accept-Encoding": "gzip", "X": "\u4e2d"}, Exception),
    ):
        fresh, again = (
            made(preparer().prepare, Request("GET", url, headers=headers)),
            made(known.prepare, Request("GET", url, headers=headers)),
        )
        assert again == fresh
        if error is not MissingDecoder:
            assert issubclass(again[0], error)
    for value in ("close", "keep-alive", "close"):
        job = known.prepare(Request("GET", url, headers={"Connection": value}))
        assert job.closes is (value == "close")


OPTIONS: dict[str, Any] = {
    "fields": lambda: {"headers": {f"X-{number}": "value" for number in range(10)}},
    "pairs": lambda: {"headers": [("X", "a"), ("X", "b")]},
    "undecoded": lambda: {"decode": False},
    "sink": lambda: {"sink": io.BytesIO()},
    "retry": lambda: {"retry": Retry(2)},
    "max_content": lambda: {"max_content": 10},
    "tag": lambda: {"tag": 7},
    "timeout": lambda: {"timeout": Timeout(9)},
    "several": lambda: {"tag": 7, "sink": io.BytesIO(), "retry": Retry(1), "max_content": 10, "headers": {"X": "y"}},
}
CODED = zlib.compress(b"coded")


@pytest.fixture
def fast_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    if "cython" not in _backends.available():
        pytest.skip("the extension is not built")
    monkeypatch.setattr(_backends, "selected", _backends.get("cython"))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs of responses that are read by the shared reader."""
    found: list[str] = []
    make = Incoming.__init__

    def note(self: Incoming, job: Any, *args: Any, **options: Any) -> None:
        found.append(job.request if isinstance(job.request, str) else job.request.url)
        make(self, job, *args, **options)

    monkeypatch.setattr(Incoming, "__init__", note)
    return found


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_they_go_the_fast_path(fast_in_use: None, kind: str, name: str, slow: list[str]) -> None:
    if kind == "async" and name in ("sink", "several"):
        pytest.skip("it streams to a sink, which threads write")
    site_of = {"/": (200, {}, b"content"), "/coded": (200, {"Content-Encoding": "deflate"}, CODED)}
    with Site(site_of) as site, Asker(kind) as ask:
        for number in range(3):
            options = OPTIONS[name]()
            path = "/coded" if name == "undecoded" and number == 2 else "/"
            response = ask(Request("GET", site.url(path), **options))
            assert response.error is None
            sink = options.get("sink")
            assert (response.content if sink is None else sink.getvalue()) == (
                CODED if path == "/coded" else b"content"
            )
            assert sink is None or response.content == b""
            assert response.tag == options.get("tag")
    assert not slow


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_what_is_wrong_is_told_as_before(in_use: Backend, kind: str) -> None:
    class Full(io.BytesIO):
        def write(self, content: Any) -> int:
            raise OSError(28, "the disk is full")

    routes = {
        "/": (200, {}, b"content"),
        "/503": lambda earlier: (503 if earlier < 2 else 200, {}, b"now"),
        "/302": redirect(302, "/"),
    }
    with Site(routes) as site, Asker(kind) as ask:
        failed = ask(Request("GET", site.url("/"), sink=Full(), retry=Retry(2, errors=(OSError,), backoff_s=0.0)))
        assert isinstance(failed.error, OSError)
        assert (failed.error.errno, failed.status, failed.content, failed.attempts) == (28, 200, b"", 1)
        assert type(ask(Request("GET", site.url("/"), max_content=6)).error).__name__ == "ContentTooLong"
        assert ask(Request("GET", site.url("/"), max_content=7)).content == b"content"
        sink = io.BytesIO()
        again = ask(Request("GET", site.url("/503"), sink=sink, retry=Retry(3, backoff_s=0.0)))
        assert (again.status, sink.getvalue(), again.attempts) == (200, b"now", 3)
        sink = io.BytesIO()
        moved = ask(Request("GET", site.url("/302"), sink=sink))
        assert (moved.status, sink.getvalue(), moved.content) == (200, b"content", b"")
        sink = io.BytesIO()
        stays = ask(Request("GET", site.url("/302"), sink=sink, redirects=0))
        assert (stays.status, stays.content) == (302, b"")
        assert sink.getvalue() == ask(Request("GET", site.url("/302"), redirects=0)).content
        assert ask(site.url("/")).content == b"content"


def test_a_sink_that_closes_the_fetcher(new_fetcher: Maker, in_use: Backend) -> None:
    class Closes(io.BytesIO):
        def write(self, content: Any) -> int:
            fetcher.close()
            return super().write(content)

    with Site({"/": PAGE}) as site:
        fetcher = new_fetcher(max_connections=1).feed([Request("GET", site.url("/"), sink=Closes()) for _ in range(9)])
        assert len([*fetcher]) <= 1


def test_many_into_one_file(fetch_many: FetchMany, in_use: Backend) -> None:
    """Behind each other over one connection, in whatever way they are read."""
    sink = io.BytesIO()
    with Site({"/": (200, {}, b"ab"), "/long": (200, {}, b"c" * 200_000)}) as site:
        paths = ["/", "/long", "/", "/"] * 5
        requests = (Request("GET", site.url(path), sink=sink) for path in paths)
        results = [*fetch_many(requests, max_connections=1)]
    assert {(result.status, result.error, result.content) for result in results} == {(200, None, b"")}
    assert sink.getvalue() == b"".join(b"c" * 200_000 if path == "/long" else b"ab" for path in paths)


def test_a_request_as_data() -> None:
    request = Request("get", "http://a.test/", headers={"A": "b"}, tag=[1], retry=Retry(2), decode=False)
    for other in (
        copy.copy(request),
        copy.deepcopy(request),
        *(pickle.loads(pickle.dumps(request, n)) for n in range(6)),
    ):
        assert type(other) is Request
        assert (other.method, other.url, other.headers, other.tag, other.decode) == (
            "GET",
            request.url,
            {"A": "b"},
            [1],
            False,
        )
        assert other.retry == request.retry

    class Own(Request):
        pass

    own = Own("GET", "http://a.test/")
    own.more = 7  # type: ignore[attr-defined]  # a subclass has a dict
    assert pickle.loads(pickle.dumps(request)).sink is None
    assert copy.copy(own).more == 7  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        request.nothing = 1  # type: ignore[attr-defined]


def test_the_pool_takes_its_own_way(new_pool: Maker) -> None:
    with Site({"/": PAGE}) as site, new_pool() as pool:
        for _ in range(3):
            assert pool.get(site.url("/"), headers={"X": "y"}).status == 200
            assert pool.request("HEAD", site.url("/"), headers={"X": "y"}).status == 200
        assert [site.fields(n).get("x") for n in range(6)] == ["y"] * 6
        assert [head.split(b" ")[0] for head in site.heads] == [b"GET", b"HEAD"] * 3
