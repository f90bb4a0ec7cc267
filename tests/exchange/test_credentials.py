"""Whose credentials go where: never to another origin, by pool or fetcher. SAFETY's table "Above the connection"."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest

import httpconn
from httpconn import Bearer, Request

from ..support.clients import Maker
from ..support.faulty import FaultyServer
from ..support.sites import PAGE, Asker, Logged, Site, each_kind, redirect

SECRETS = {"Authorization": "Basic secret", "Cookie": "secret=1"}
SECRET_NAMES = {name.lower() for name in SECRETS}


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


def test_a_netrc_file_is_not_asked_where_another_origin_led_there(new_pool: Maker, tmp_path: Path) -> None:
    """It knows hosts, and no ports: CVE-2022-27774."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    with FaultyServer() as other:
        moved = f"HTTP/1.1 302 Moved\r\nLocation: {other.url('/good/1')}\r\nContent-Length: 0\r\n\r\n".encode()
        with Logged(lambda number: moved) as server, new_pool(netrc=str(netrc)) as pool:
            assert pool.get(server.url("/good/0")).status == 200
        assert b"authorization" in server.heads[0].lower()
        assert b"authorization" not in other.heads[0].lower()
