"""RequestsSession: all that programs do with a Session, and that what it leaves out of requests' steps changes nothing."""

from __future__ import annotations

import copy
import importlib
import inspect
import itertools
import os
import pickle
import random
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import ANY

import pytest
from requests.cookies import create_cookie

import httpconn
from httpconn.adapters import RequestsAdapter, RequestsSession

from . import test_requests as programs
from .servers import content
from .test_requests import (  # noqa: F401  # they run here as well, with the session below
    test_a_kept_connection_that_the_server_has_closed,
    test_a_response_outlives_its_session,
    test_a_session,
    test_authentication,
    test_cookies,
    test_errors,
    test_files,
    test_hooks_and_prepared_requests,
    test_pickled_responses,
    test_proxies_from_the_environment,
    test_redirects_and_history,
    test_streamed_lines_as_they_come,
    test_streaming,
    test_through_a_forwarding_proxy,
    test_through_a_tunnel,
    test_timeouts,
    test_uploads,
)

pytestmark = programs.pytestmark

URL = "http://example.org/a?b=c"


@pytest.fixture(scope="module")
def requests() -> ModuleType:
    """The library that the session has imported, and not one of those that are imported anew for each base."""
    found: ModuleType = importlib.import_module("httpconn.adapters.under_requests").requests
    return found


@pytest.fixture(scope="module")
def ours() -> Any:
    return importlib.import_module("httpconn.adapters.requests_session")


@pytest.fixture
def session(authority: Any) -> Iterator[Any]:
    with RequestsSession(head_rest_s=0) as session:
        session.verify = authority.pem
        yield session


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without .netrc, and an environment that says nothing of proxies and certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def told(make: Callable[[], Any]) -> Any:
    """Return what a PreparedRequest, or what a session is told by its environment, says; or the error."""
    try:
        made = make()
    except Exception as error:
        return type(error), str(error)
    if isinstance(made, dict):
        return list(made.items()), type(made["proxies"])
    jar = made._cookies
    body = made.body
    if hasattr(body, "read") or (hasattr(body, "__iter__") and not isinstance(body, (bytes, str))):
        body = type(body)
    elif isinstance(body, bytes) and b"--" in body:
        body = body.replace(made.headers["Content-Type"].partition("boundary=")[2].encode(), b"boundary")
    fields = [
        (name, value.partition("boundary=")[0] if name == "Content-Type" else value)
        for name, value in made.headers.items()
    ]
    cookies = [(cookie.domain, cookie.path, cookie.name, cookie.value) for cookie in jar]
    kept = [type(item) for item in (made, made.method, made.url, made.headers, made.headers._store, jar.copy())]
    return made.method, made.url, fields, body, made.hooks, cookies, made._body_position, kept


def assert_same(requests: Any, session: Any, request: Any) -> Any:
    """Ours prepares *request* as requests' own session with the same settings does. Return what."""
    own = told(lambda: requests.Session.prepare_request(session, request))
    assert told(lambda: session.prepare_request(request)) == own
    assert told(lambda: session.prepare_request(request)) == own  # with what is known of it by now
    return own


def steps_of(session: Any, request: Any) -> set[str]:
    """Return which functions of Python run while *session* prepares *request*."""
    names = set()

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            names.add(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        session.prepare_request(request)
        session.merge_environment_settings(request.url, {}, None, True, None)
    finally:
        sys.setprofile(before)
    return names


def _basic(prepared: Any) -> Any:
    prepared.headers["Authorization"] = "mine"
    prepared.url += "&signed"
    return prepared


def _hook(response: Any, **kwargs: Any) -> None:
    """Do nothing."""


REQUESTS: list[dict[str, Any]] = [
    {},
    {"method": "head"},
    {"method": "POST"},
    {"method": "dElEtE"},
    {"method": b"GET"},
    {"method": None},
    {"headers": {"X-A": "1", "user-agent": "mine", "Accept": "text/html"}},
    {"headers": {"X-A": "1", "user-agent": None}},
    {"headers": {"Accept": None, "accept": "a", "ACCEPT": "b"}},
    {"headers": {b"X-A": b"1"}},
    {"headers": {"X-Session": "1"}},
    {"headers": {"X-A": "1\n", "x-a": "1"}},
    {"headers": {"X-A": "1", "x-a": "1\n"}},
    {"headers": {1: "1"}, "url": ""},
    {"headers": {"X-A": "\n"}, "url": ""},
    {"headers": {"X-A": 1}},
    {"headers": {"X-A": "1\r\n2"}},
    {"headers": {" X-A": "1"}},
    {"headers": {"X-A": " 1", "X\n": "b"}},
    {"headers": {"Cookie": "mine=1", "Host": "other.example"}},
    {"headers": OrderedDict([("X-A", "1")])},
    {"headers": {"Content-Length": "7"}, "method": "PUT"},
    {"params": {"x": ["1", "2"], "y": None}},
    {"params": "z"},
    {"params": {}, "url": "http://example.org"},
    {"data": {"a": "b"}, "method": "POST"},
    {"data": b"abc", "method": "POST"},
    {"data": "", "method": "POST"},
    {"data": b"abc"},
    {"data": bytearray()},
    {"data": set()},
    {"data": ()},
    {"params": ()},
    {"params": b""},
    {"data": iter([b"abc"]), "method": "POST"},
    {"json": {"a": [1, None]}, "method": "POST"},
    {"json": float("nan"), "method": "POST"},
    {"json": 0},
    {"files": {"f": ("name", b"content")}, "method": "POST"},
    {"auth": ("user", "password")},
    {"auth": ()},
    {"auth": _basic},
    {"cookies": {"own": "1", "a": "2"}},
    {"hooks": {"response": _hook}},
    {"hooks": {"response": [_hook, _hook]}},
    *(
        {"url": url}
        for url in (
            *("", "example.org", "/path", "http://", "http:///x", "https://example.org", "HTTP://Example.org/"),
            *("http://user:pass@example.org/", "http://@example.org/", "http://example.org:/", "http://example.org:0/"),
            *("http://example.org:080/", "http://example.org:65535/", "http://example.org:65536/", "http://é.example/"),
            *("http://example.org/é", "http://example.org/%7ea", "http://example.org/%c3%a9", "http://example.org/%C3"),
            *("http://example.org/a/../b", "http://example.org/.", "http://example.org/..a/.b", "http://example.org?a"),
            *(
                "http://example.org/?",
                "http://example.org/#x",
                "http://example.org/?a#",
                " http://example.org/ ",
                "x:y",
            ),
            *(
                "http://*.example.org/",
                "http://.example.org/",
                "http://[::1]/",
                "http://[::1/",
                "http://example.org/[a]",
            ),
            *("http://example.org/a b", "http://example.org/%", "http://example.org/%zz", "http://example.org//a//"),
            *("http://example.org/a\n", "http://example.org/a;b=c?d;e", "http+unix://x/y", "mailto:a@example.org"),
            *("http://example_1.org/", "http://127.0.0.1:8080/a", "http://1.2/", "http://xn--e1afmkfd.example/"),
            *("http://example.org\\a", "http://example.org/a?b?c/d", 'http://example.org/"', "http://-a.example/"),
        )
    ),
    {"url": b"http://example.org/bytes"},
    {"url": None},
]
"""What differs from a GET of URL."""


def _jar(*names: str, expires: int | None = None) -> Callable[[Any], None]:
    def put(session: Any) -> None:
        for number, name in enumerate(names):
            path = "/" if number % 2 else "/a"
            session.cookies.set(name, f"of-{name}", domain="example.org", path=path, expires=expires)
        session.cookies.set("other", "1", domain="other.example", path="/")
        session.cookies.set("any", '"a\\"b"')

    return put


SESSIONS: dict[str, Callable[[Any], None]] = {
    "as it is": lambda session: None,
    "other headers": lambda session: session.headers.update({"X-Session": "1", "accept": "x/y", b"X-Bytes": b"b"}),
    "no headers": lambda session: session.headers.clear(),
    "a dict of headers": lambda session: setattr(session, "headers", {"X-Session": "1"}),
    "a header that is None": lambda session: session.headers.update({"Accept": None}),
    "an invalid header": lambda session: session.headers.update({"X-Session": "\n"}),
    "params": lambda session: session.params.update(token="t"),
    "credentials": lambda session: setattr(session, "auth", ("session", "password")),
    "empty credentials": lambda session: setattr(session, "auth", ()),
    "no environment": lambda session: setattr(session, "trust_env", False),
    "cookies": _jar("z", "a", "m"),
    "a cookie changed in place": lambda session: setattr(
        session.cookies.set_cookie(cookie := create_cookie("a", "1")) or cookie, "value", '"a\\"b"'
    ),
    "a cookie without text": lambda session: CookieJar.set_cookie(session.cookies, create_cookie("a", 1)),
    "expired cookies": _jar("z", "a", expires=1),
    "a jar of http.cookiejar": lambda session: setattr(session, "cookies", CookieJar()),
    "a jar with rules": lambda session: session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[])),
    "hooks": lambda session: session.hooks["response"].append(_hook),
    "a list of hooks": lambda session: setattr(session, "hooks", [_hook]),
    "no hooks": lambda session: setattr(session, "hooks", None),
    "an invalid header in a dict": lambda session: setattr(session, "headers", {"a": "1", "A": "2", "X-Session": "\n"}),
    "headers that are None": lambda session: setattr(session, "headers", None),
}


NONE_IS_PREPARED = ("an invalid header", "an invalid header in a dict", "a list of hooks", "a cookie without text")


@pytest.mark.parametrize("setting", SESSIONS)
def test_requests_are_prepared_as_by_requests(setting: str, requests: Any) -> None:
    prepared = 0
    for given in REQUESTS:
        with RequestsSession() as session:
            SESSIONS[setting](session)
            request = requests.Request(**{"method": "GET", "url": URL, **given})
            prepared += len(assert_same(requests, session, request)) > 2
    assert prepared > 50 or setting in NONE_IS_PREPARED


def test_steps_are_left_out(requests: Any) -> None:
    """Those that change nothing, and no other ones: a program with plain requests takes none of them."""
    steps = {
        "prepare_url": {"url": "http://example.org/é"},
        "prepare_cookies": {"cookies": {"a": "1"}},
        "prepare_body": {"data": "a", "method": "POST"},
        "prepare_auth": {"auth": ("user", "password")},
        "get_netrc_auth": None,
        "get_environ_proxies": None,
    }
    with RequestsSession() as session:
        assert not steps.keys() & steps_of(session, requests.Request("GET", URL, headers={"X-A": "1"}))
        for step, given in steps.items():
            if given is not None:
                request = requests.Request(**{"method": "GET", "url": URL, **given})
                assert step in steps_of(session, request), step


def test_urls_that_are_left_as_they_are(requests: Any, ours: Any) -> None:
    """For any that is taken to be as prepared: requests and urllib3 prepare it to the same. Some are, some are not."""
    rng = random.Random(18)
    pieces = (
        "a",
        "b-_~",
        "%7E",
        "%2F",
        "%E9",
        "%2E",
        "%20",
        ".",
        "..",
        "/",
        "//",
        "?",
        "&x=y",
        ";",
        "@",
        ":",
        "!$'()*+,",
    )
    taken = 0
    hosts = (
        "example.org",
        "a_b.example",
        "127.0.0.1",
        "example.org.",
        "-.x",
        "a..b",
        "example.org:1",
        "h:65535",
        "h:65536",
    )
    for host, _ in itertools.product(hosts, range(1_000)):
        url = f"{rng.choice(('http', 'https'))}://{host}/{''.join(rng.choices(pieces, k=rng.randrange(8)))}"
        if ours._is_as_prepared(url):
            taken += 1
            prepared = requests.PreparedRequest()
            prepared.prepare_url(url, None)
            assert prepared.url == url
    assert 2_000 < taken < 8_000
    every = "".join(map(chr, range(33, 127)))
    for first, second in itertools.product(every, repeat=2):
        for url in (f"http://h/{first}{second}", f"http://h/?{first}{second}", f"http://{first}{second}/"):
            if ours._is_as_prepared(url):
                prepared = requests.PreparedRequest()
                prepared.prepare_url(url, {})
                assert prepared.url == url
    for number in range(256):
        for coded in (f"%{number:02X}", f"%{number:02x}"):
            prepared = requests.PreparedRequest()
            prepared.prepare_url(f"http://h/{coded}?{coded}", {})
            assert bool(ours._is_as_prepared(f"http://h/{coded}?{coded}")) == (
                prepared.url == f"http://h/{coded}?{coded}"
            )


@pytest.mark.parametrize("proxies", [{}, None, {"http": "http://p:1"}, {"no_proxy": "*"}, OrderedDict()])
@pytest.mark.parametrize("verify", [True, False, None, "/a/bundle"])
def test_the_environment(proxies: Any, verify: Any, requests: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is set, changed or taken away meanwhile is found by the next request."""
    with RequestsSession() as session:

        def settings(kind: Any, url: str) -> Any:
            given = [url, copy.copy(proxies), None, verify, None]  # which requests changes
            return told(lambda: kind.merge_environment_settings(session, *given)), given

        def assert_same_settings() -> None:
            for url in (URL, "https://example.org/"):
                assert settings(RequestsSession, url) == settings(requests.Session, url)
            assert_same(requests, session, requests.Request("GET", URL))

        assert_same_settings()
        for name, value in (
            *(("HTTP_PROXY", "http://a:1"), ("https_proxy", "http://b:2"), ("NO_PROXY", "example.org")),
            *(("HTTP_PROXY", ""), ("no_proxy", "*"), ("REQUESTS_CA_BUNDLE", "/x"), ("CURL_CA_BUNDLE", "/y")),
        ):
            monkeypatch.setenv(name, value)
            assert_same_settings()
        session.proxies["https"] = "http://c:3"
        assert_same_settings()
        session.trust_env = False
        assert_same_settings()
        session.verify, session.stream, session.cert, session.proxies = "/v", True, "/c", {}
        assert_same_settings()
        session.trust_env = True
        monkeypatch.undo()
        assert_same_settings()
        monkeypatch.setattr(os, "environ", {"ALL_PROXY": "http://d:4", "HOME": str(home)})
        assert_same_settings()


def test_netrc(requests: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = requests.Request("GET", URL)
    line = "machine example.org login {} password p\n"
    with RequestsSession() as session:

        def credentials() -> Any:
            assert_same(requests, session, request)
            return session.prepare_request(request).headers.get("Authorization")

        assert credentials() is None
        (home / "_netrc").write_text(line.format("a"))
        first = credentials()
        (home / ".netrc").write_text(line.format("b"))
        second = credentials()
        (home / "elsewhere").write_text(line.format("c"))
        monkeypatch.setenv("NETRC", str(home / "elsewhere"))
        third = credentials()
        assert len({first, second, third, None}) == 4
        monkeypatch.setenv("NETRC", str(home / "nowhere"))
        assert credentials() is None
        monkeypatch.delenv("NETRC")
        assert credentials() == second
        monkeypatch.setenv("HOME", str(home / "nobody"))
        assert credentials() is None
        monkeypatch.delenv("HOME")
        credentials()


def test_what_takes_the_place_of_a_step_is_asked(requests: Any, ours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = [(requests.Session, "prepare_request"), (requests.Session, "merge_environment_settings")]
    steps = [(where, name) for where, names in ours._OF_PREPARING + ours._OF_SETTINGS for name in names.split()]
    assert len(steps) > 30
    for where, name in methods + steps:
        own, calls = getattr(where, name), []
        if not callable(own):
            continue

        def noting(*args: Any, own: Any = own, calls: list[int] = calls, **kwargs: Any) -> Any:
            calls.append(1)
            return own(*args, **kwargs)

        with RequestsSession() as session, monkeypatch.context() as patch:
            session.cookies.set("a", "1")
            session.prepare_request(requests.Request("GET", URL))
            session.merge_environment_settings(URL, {}, None, True, None)
            is_static = isinstance(inspect.getattr_static(where, name), staticmethod)
            patch.setattr(where, name, staticmethod(noting) if is_static else noting)
            session.prepare_request(requests.Request("GET", URL))
            session.merge_environment_settings(URL, {}, None, True, None)
            assert calls, name


def test_another_home_for_the_netrc(requests: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "mine").write_text("machine example.org login a password b\n")
    with RequestsSession() as session:
        request = requests.Request("GET", URL)
        assert "Authorization" not in session.prepare_request(request).headers
        with monkeypatch.context() as patch:
            patch.setattr(requests.utils, "NETRC_FILES", ("mine",))
            assert_same(requests, session, request)
            assert "Authorization" in session.prepare_request(request).headers
        with monkeypatch.context() as patch:
            patch.setattr(os.path, "expanduser", lambda path: str(home / "mine"))
            assert_same(requests, session, request)
            assert "Authorization" in session.prepare_request(request).headers


def test_a_header_that_is_equal_to_the_one_before(requests: Any) -> None:
    class Name(str):
        """Text, and more."""

    with RequestsSession() as session:
        session.headers["X-A"] = "1"
        assert_same(requests, session, requests.Request("GET", URL))
        session.headers["X-A"] = Name("1")
        assert type(session.prepare_request(requests.Request("GET", URL)).headers["X-A"]) is Name
        session.headers["X-A"] = ANY
        with pytest.raises(requests.exceptions.InvalidHeader, match="must be of type str or bytes"):
            session.prepare_request(requests.Request("GET", URL))


def test_urls_that_the_environment_cannot_be_asked_about(requests: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with RequestsSession() as session:

        def assert_same_settings() -> None:
            for url in (
                "x://[",
                "x://]",
                "http://a\u2100b/",
                None,
                1,
                b"http://h/",
                "http://h:99999/",
                "http://[::1]/",
            ):
                given = (url, {}, None, None, None)
                own = told(lambda given=given: requests.Session.merge_environment_settings(session, *given))
                assert told(lambda given=given: session.merge_environment_settings(*given)) == own, url

        assert_same_settings()
        monkeypatch.setenv("NO_PROXY", "example.org")
        monkeypatch.setenv("no_proxy", "")
        assert_same_settings()


def test_releases_that_are_known(requests: Any, ours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a later one all steps are taken. A newer one here: compare its steps with those of 2.34, and raise _KNOWN."""
    assert ours._is_known
    assert _KNOWN_HERE[0] <= ours._KNOWN[0]
    monkeypatch.setattr(ours, "_is_known", False)
    with RequestsSession() as session:
        request = requests.Request("GET", URL)
        assert {"prepare_url", "prepare_body", "get_netrc_auth", "get_environ_proxies"} <= steps_of(session, request)


_KNOWN_HERE = ((2, 32),)


def test_subclasses(requests: Any) -> None:
    class Signed(RequestsSession):
        def prepare_request(self, request: Any) -> Any:
            prepared = super().prepare_request(request)
            prepared.headers["X-Signed"] = "1"
            return prepared

    with Signed() as session:
        prepared = session.prepare_request(requests.Request("GET", URL))
        assert prepared.headers["x-signed"] == "1"
        assert "x-signed" not in session.headers
        assert "x-signed" not in requests.Session.prepare_request(session, requests.Request("GET", URL)).headers
        again = RequestsSession.prepare_request(session, requests.Request("GET", URL))
        assert "x-signed" not in again.headers


def test_classes_behind_this_one(requests: Any) -> None:
    """In a class of two sessions each has its say, whichever comes first."""

    class Noted(requests.Session):
        def prepare_request(self, request: Any) -> Any:
            prepared = super().prepare_request(request)
            prepared.headers["X-Noted"] = "1"
            return prepared

        def merge_environment_settings(self, *args: Any) -> Any:
            return {**super().merge_environment_settings(*args), "cert": "noted"}

    for bases in ((RequestsSession, Noted), (Noted, RequestsSession)):
        with type("Both", bases, {})() as session:
            assert session.prepare_request(requests.Request("GET", URL)).headers["X-Noted"] == "1"
            assert session.merge_environment_settings(URL, {}, None, None, None)["cert"] == "noted"


def test_options(requests: Any, origin: Any) -> None:
    with RequestsSession(pool_maxsize=1, pool_block=True, max_retries=2, idle_s=5.0) as session:
        adapter = session.get_adapter(URL)
        assert type(adapter) is RequestsAdapter
        assert adapter is session.get_adapter("https://example.org/")
        assert session.get(f"{origin.url}/sized?n=9").content == content(9)
        session.mount("http://127.0.0.1", requests.adapters.HTTPAdapter())
        assert type(session.get_adapter(f"{origin.url}/")) is requests.adapters.HTTPAdapter
    with pytest.raises(TypeError, match="nonsense"):
        RequestsSession(nonsense=1)
    with pytest.raises(TypeError, match="requests's own business"):
        RequestsSession(headers={})


def test_without_what_urllib3_has_since_2(session: Any, origin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    urllib3 = importlib.import_module("httpconn.adapters.under_requests").urllib3
    monkeypatch.delattr(urllib3, "HTTPHeaderDict", raising=False)
    for kind in urllib3.HTTPResponse.__mro__[:2]:
        monkeypatch.delattr(kind, "read1", raising=False)
    for path in ("/chunked?n=300000&chunk=5000", "/gzip?n=300000&chunk=999"):
        for size in (None, 1_000, 100_000):
            with session.get(origin.url + path, stream=True) as response:
                assert b"".join(response.iter_content(size)) == content(300_000)
                assert response.raw.headers["Transfer-Encoding"] == "chunked"
                assert response.raw.tell() > 0


def test_pickled_and_copied(requests: Any, origin: Any) -> None:
    with RequestsSession(max_retries=3) as session:
        session.headers["X-A"] = "1"
        session.cookies.set("a", "1")
        assert ["X-A", "1"] in session.get(f"{origin.url}/echo").json()["fields"]
        for other in (pickle.loads(pickle.dumps(session)), copy.copy(session)):
            assert type(other) is RequestsSession
            fields = other.get(f"{origin.url}/echo").json()["fields"]
            assert ["X-A", "1"] in fields
            assert ["Cookie", "a=1"] in fields
            prepared = other.prepare_request(requests.Request("GET", f"{origin.url}/echo"))
            assert dict(pickle.loads(pickle.dumps(prepared))._cookies) == {"a": "1"}
            other.close()
        session.cookies.clear()
        prepared = session.prepare_request(requests.Request("GET", f"{origin.url}/echo"))
        assert list(pickle.loads(pickle.dumps(prepared))._cookies) == []
        assert list(prepared.copy()._cookies) == []


def test_a_prepared_request_is_its_own(requests: Any) -> None:
    """What is done to one is not seen by the session, nor by the next."""
    with RequestsSession() as session:
        session.cookies.set("a", "1")
        one, two = (session.prepare_request(requests.Request("GET", URL)) for _ in range(2))
        one.headers["X-A"] = "1"
        del one.headers["User-Agent"]
        one.hooks["response"].append(_hook)
        one._cookies.set("b", "2")
        next(iter(one._cookies)).value = "2"
        for other in (two, session.prepare_request(requests.Request("GET", URL))):
            assert "X-A" not in other.headers
            assert "User-Agent" in other.headers
            assert other.hooks == {"response": []}
            assert dict(other._cookies) == {"a": "1"}
        assert session.hooks == {"response": []}
        assert dict(session.cookies) == {"a": "1"}


def test_threads(requests: Any) -> None:
    """Requests are prepared while cookies, headers and the environment change."""
    failures: list[str] = []
    with RequestsSession() as session:
        done = threading.Event()

        def change() -> None:
            for number in range(400):
                session.cookies.set(f"c{number % 50}", str(number), domain=f"h{number % 7}.example", path="/")
                session.headers[f"X-{number % 20}"] = str(number)
                os.environ[f"HTTPCONN_X{number % 30}"] = str(number)
            done.set()

        def prepare() -> None:
            try:
                while not done.is_set():
                    prepared = session.prepare_request(requests.Request("GET", "http://h1.example/"))
                    assert prepared.headers["User-Agent"]
                    assert session.merge_environment_settings(URL, {}, None, None, None)["verify"] is True
            except Exception as error:
                failures.append(repr(error))

        threads = [threading.Thread(target=prepare) for _ in range(3)]
        for thread in threads:
            thread.start()
        change()
        for thread in threads:
            thread.join()
    for number in range(30):
        del os.environ[f"HTTPCONN_X{number}"]
    assert not failures


def test_without_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "httpconn.adapters.requests_session", raising=False)
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(httpconn.MissingExtra, match=r"RequestsSession needs the package requests"):
        importlib.import_module("httpconn.adapters.requests_session")
