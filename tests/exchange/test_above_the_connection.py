"""The table "Above the connection" of the safety rules, row by row, for the pool and for the fetch engine."""

from __future__ import annotations

import base64
import contextlib
import http.cookiejar
import socket
import ssl
import time
from pathlib import Path

import pytest

import httpconn
from httpconn import Bearer, ConnectionPool, Fetcher, Request, Response
from httpconn._wire import references, urls
from httpconn.policies import retries

from ..support.faulty import FaultyServer
from ..support.peers import ScriptedServer, take_request
from ..support.sites import PAGE, Asker, Site, each_kind, redirect

SECRETS = {"Authorization": "Basic secret", "Cookie": "secret=1"}
SECRET_NAMES = {name.lower() for name in SECRETS}


# -- across origins drop Authorization, Cookie, Proxy-Authorization; on a change to GET drop body and its fields


@each_kind
@pytest.mark.parametrize("given_by", ["request", "defaults", "auth"])
@pytest.mark.parametrize("other", ["port", "host", "scheme"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_cve_2018_20060_credentials_do_not_cross_origins(
    kind: str, given_by: str, other: str, status: int, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    """Also CVE-2023-43804 (Cookie), CVE-2018-18074 (https to http), and CVE-2022-27774 (another port)."""
    tls = server_context if other == "scheme" else None
    with Site({"/end": PAGE}) as end, Site({"/start": PAGE}, tls=tls) as start:
        host = "other.test" if other == "host" else "127.0.0.1"
        # There, and within the other origin once more, and back: what was left behind stays there.
        start.routes = {"/start": redirect(status, f"http://{host}:{end.port}/middle"), "/back": PAGE}
        end.routes = {"/middle": redirect(status, "/end"), "/end": redirect(status, start.url("/back"))}
        told = SECRETS if given_by == "defaults" else {}
        own = {"X-Mine": "1", **(SECRETS if given_by == "request" else {})}
        with Asker(kind, headers=told, resolve={"other.test": "127.0.0.1"}, context=client_context) as ask:
            auth = ("me", "secret") if given_by == "auth" else None
            response = ask(Request("GET", start.url("/start"), own, auth=auth))
            assert response.status == 200
            assert response.content == b"page"
        assert start.paths() + end.paths() == ["/start", "/back", "/middle", "/end"]
        assert SECRET_NAMES & {*start.fields(0)} == ({"authorization"} if given_by == "auth" else SECRET_NAMES)
        for fields in (end.fields(0), end.fields(1), start.fields(1)):
            assert not SECRET_NAMES & {*fields}
            assert fields["x-mine"] == "1"


@each_kind
def test_credentials_stay_within_their_origin(kind: str) -> None:
    with Site({"/a": redirect(302, "/b?c"), "/b": PAGE}) as site:
        with Asker(kind) as ask:
            response = ask(Request("GET", site.url("/a"), SECRETS))
        assert response.url == site.url("/b?c")
        assert {*site.fields(1)} >= SECRET_NAMES


@each_kind
def test_a_host_of_ones_own_does_not_cross_origins(kind: str) -> None:
    with Site({"/end": PAGE}) as end, Site({"/start": redirect(302, end.url("/end"))}) as start:
        with Asker(kind) as ask:
            assert ask(Request("GET", start.url("/start"), {"Host": "inner.test"})).status == 200
        assert start.fields(0)["host"] == "inner.test"
        assert end.fields(0)["host"] == f"127.0.0.1:{end.port}"


CONTENT_FIELDS = {"Content-Type": "a/b", "Content-Encoding": "x", "Content-Language": "de", "Content-Location": "/"}


@each_kind
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_cve_2023_45803_a_change_to_get_drops_the_body_and_its_fields(kind: str, status: int) -> None:
    with Site({"/a": redirect(status, "/b"), "/b": PAGE}) as site:
        with Asker(kind, headers={"Content-Language": "en", "X-Default": "1"}) as ask:
            assert ask(Request("POST", site.url("/a"), {**CONTENT_FIELDS, "X-Mine": "1"}, b"body")).status == 200
        fields = site.fields(1)
        assert fields["x-mine"] == fields["x-default"] == "1"
        if status in (307, 308):
            assert site.method(1) == "POST"
            assert site.bodies == [b"body", b"body"]
            assert fields["content-type"] == "a/b"
        else:
            assert site.method(1) == "GET"
            assert site.bodies == [b"body", b""]
            assert not [name for name in fields if name.startswith("content-") or name == "transfer-encoding"]


# -- "no redirects" holds everywhere


@each_kind
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
def test_cve_2025_50181_no_redirects_holds_everywhere(kind: str, status: int, tmp_path: Path) -> None:
    """For the whole pool or fetcher, for one request, with retries, cookies, hooks and a sink."""
    for options, own in [
        ({"redirects": 0}, {}),
        ({}, {"redirects": 0}),
        (
            {
                "redirects": 0,
                "retry": httpconn.Retry(3),
                "cookies": http.cookiejar.CookieJar(),
                "after_response": id_of,
            },
            {"sink": tmp_path / "sink"},
        ),
    ]:
        with Site({"/a": (status, {"Location": "/b"}, b""), "/b": PAGE}) as site:
            with Asker(kind, **options) as ask:
                response = ask(Request("GET", site.url("/a"), **own))
                assert (response.status, response.error, response.history) == (status, None, ())
                if not own:
                    assert ask(site.url("/a")).status == status
            assert {*site.paths()} == {"/a"}


def id_of(response: Response) -> None:
    assert response.status


# -- credentials are looked up by parsed host, not by netloc text


@each_kind
def test_cve_2024_47081_credentials_are_looked_up_by_parsed_host(kind: str, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine good.test login me password secret\n")
    names = {"good.test": "127.0.0.1", "evil.test": "127.0.0.1"}
    with Site({"/": PAGE}) as site:
        with Asker(kind, netrc=netrc, resolve=names, auth={f"http://map.test:{site.port}": Bearer("t")}) as ask:
            for url in ("http://good.test:@evil.test:{}/", "http://evil.test:{}/?good.test", "http://evil.test:{}/"):
                assert ask(url.format(site.port)).status == 200
            assert ask(f"http://good.test:{site.port}/").status == 200
        sent = [site.fields(number).get("authorization", "") for number in range(4)]
        plain = [base64.b64decode(value.partition(" ")[2]) for value in sent]
        assert plain == [b"good.test:", b"", b"", b"me:secret"]
        assert [site.fields(n)["host"].partition(":")[0] for n in range(4)] == [*["evil.test"] * 3, "good.test"]


@each_kind
def test_a_password_in_a_url_is_not_told_on(kind: str) -> None:
    with Site({"/a": redirect(302, "/b"), "/b": redirect(302, "ftp://x/")}) as site:
        with Asker(kind) as ask:
            response = ask(f"http://me:sec%72et@127.0.0.1:{site.port}/a")
            assert isinstance(response.error, httpconn.UnsupportedScheme)
            told = [repr(response), str(response.error), response.url, repr(response.request), repr(ask.maker)]
            told += [earlier.url for earlier in response.history]
            assert not [text for text in told if "sec" in text or "me:" in text]
            assert base64.b64encode(b"me:secret").decode() in site.fields(0)["authorization"]
            assert site.fields(1)["authorization"] == site.fields(0)["authorization"]
            refused = ask(f"http://me:se@cret@127.0.0.1:{site.port}/a")
            assert isinstance(refused.error, httpconn.InvalidURL)
            assert "cret" not in repr(refused) + str(refused.error)
        assert site.paths() == ["/a", "/b"]


# -- content codings bounded


@each_kind
@pytest.mark.parametrize("path", ["/bomb/1", "/cut-gzip/1", "/corrupt-gzip/1", "/members/1"])
def test_cve_2025_66471_content_codings_are_bounded(kind: str, path: str) -> None:
    """Also CVE-2025-66418 (how many), CVE-2022-32206 and CVE-2023-23916 (curl): the units are in exchange/test_content_codings.py."""
    with FaultyServer() as server, Asker(kind) as ask:
        response = ask(server.url(path))
        try:
            content = response.content
        except Exception as error:
            response.error, content = error, b""
        wanted = {
            "/bomb/1": httpconn.ContentTooLong,
            "/cut-gzip/1": httpconn.ContentDecodingError,
            "/corrupt-gzip/1": httpconn.ContentDecodingError,
            "/members/1": type(None),
        }[path]
        assert type(response.error) is wanted
        assert len(content) < 10_000_000  # of 30


# -- no backtracking pattern on anything a peer or a URL controls


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


# -- a POST is never resent by itself


@each_kind
@pytest.mark.parametrize("retry", [None, httpconn.Retry(3, backoff_s=0)])
def test_a_post_is_never_resent_by_itself(kind: str, retry: httpconn.Retry | None) -> None:
    requests: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        for number in range(2):
            head = take_request(sock)
            if not head:
                return
            requests.append(head)
            if number or head.startswith(b"PUT"):
                return  # a kept connection is closed as a request comes in
            status = b"503 No" if b"/busy" in head else b"200 OK"
            sock.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    with ScriptedServer(serve) as server:
        base = f"http://{server.host}:{server.port}"
        with Asker(kind, retry=retry) as ask:
            assert ask(base + "/1").content == b""
            assert isinstance(ask(Request("POST", base + "/2")).error, httpconn.RemoteDisconnected)
            assert ask(Request("POST", base + "/busy")).status == 503
    assert [head.split(b" ")[1] for head in requests] == [b"/1", b"/2", b"/busy"]


def test_nothing_is_at_hand_without_being_asked_for() -> None:
    """No netrc, no jar, no retries: the defaults."""
    for maker in (ConnectionPool(), Fetcher()):
        policies = maker._kit.policies
        assert policies.retry is policies.cookies is None
        assert not policies.credentials
        assert policies.redirects == 10
        maker.close()
