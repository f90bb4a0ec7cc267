"""Proxies, by pool and by fetcher: which is asked, what it and the origin behind it are told, and which connections are kept.

SAFETY's table "Above the connection", the rows of proxies and keys.
"""

from __future__ import annotations

import socket
import ssl
import sys

import pytest

import httpconn
from httpconn import InvalidField, ProxyError, Request
from httpconn.errors import InvalidURL, MissingExtra

from ..support.clients import Maker
from ..support.clients import client as client
from ..support.peers import ScriptedServer, take_request
from ..support.proxy_servers import Recording, url_of

CREDENTIALS = "user:pass@"
BASIC = "Basic dXNlcjpwYXNz"


def test_cve_2023_32681_credentials_do_not_go_through_the_tunnel(client, named_server_context, client_context) -> None:
    with Recording(named_server_context) as origin, Recording(asks=True) as proxy:
        one = client(context=client_context, proxy=url_of(proxy, userinfo=CREDENTIALS))
        told = one.get(url_of(origin, "https") + "/path?query").json()
    assert told["line"] == "GET /path?query HTTP/1.1"
    assert "proxy-authorization" not in told["fields"]
    [(line, fields)] = proxy.requests
    assert line == f"CONNECT 127.0.0.1:{origin.server_port} HTTP/1.1"
    assert fields == {"host": f"127.0.0.1:{origin.server_port}", "proxy-authorization": BASIC}


def test_cve_2023_32681_credentials_do_not_go_to_an_origin(client) -> None:
    """One connection is the proxy's, the next request is not for it."""
    with Recording() as origin, Recording(asks=True) as proxy:
        one = client()
        told = one.get("http://origin.test/", proxy=url_of(proxy, userinfo=CREDENTIALS)).json()
        assert told["line"] == "GET http://origin.test/ HTTP/1.1"
        assert told["fields"]["proxy-authorization"] == BASIC
        assert told["fields"]["host"] == "origin.test"
        told = one.get(url_of(origin)).json()
        assert "proxy-authorization" not in told["fields"]
        assert told["line"] == "GET / HTTP/1.1"


def test_cve_2023_32681_credentials_follow_no_redirect(client, named_server_context, client_context) -> None:
    """From what the proxy forwards into a tunnel: the proxy goes along, and its credentials go to it alone."""
    with Recording(named_server_context) as origin, Recording(asks=True) as proxy:
        proxy.redirects["http://origin.test/first"] = url_of(origin, "https") + "/second"
        origin.redirects["/second"] = "http://other.test/third"
        for where in ("request", "all requests"):
            told = {"proxy": url_of(proxy, userinfo=CREDENTIALS)}
            one = client(context=client_context, **(told if where == "all requests" else {}))
            response = one.get("http://origin.test/first", **(told if where == "request" else {}))
            assert response.json()["line"] == "GET http://other.test/third HTTP/1.1"
        assert [fields.get("proxy-authorization") for _, fields in origin.requests] == [None, None]
        assert [line.split()[0] for line, _ in proxy.requests] == ["GET", "CONNECT", "GET"] * 2
        assert {fields.get("proxy-authorization") for _, fields in proxy.requests} == {BASIC}


@pytest.mark.parametrize("where", ["request", "all requests"])
def test_cve_2024_37891_a_field_of_the_callers_goes_to_the_proxy_alone(client, where: str) -> None:
    """Not to an origin that is asked directly, and not on to another origin, by way of whatever proxy."""
    headers = {"Proxy-Authorization": BASIC}
    own = headers if where == "request" else None
    with Recording() as origin, Recording(asks=True) as proxy:
        one = client(headers=headers if where == "all requests" else None)
        for direct in ({}, {"proxy": "direct"}):
            with pytest.raises(InvalidField, match="would go to the origin"):
                one.get(url_of(origin) + "/page", headers=own, **direct)
        assert not origin.requests
        assert one.get("http://origin.test/page", headers=own, proxy=url_of(proxy)).status == 200
        proxy.redirects["http://origin.test/moved"] = "http://origin.test/page"
        assert one.get("http://origin.test/moved", headers=own, proxy=url_of(proxy)).status == 200
        proxy.redirects["http://origin.test/away"] = "http://other.test/page"
        assert one.get("http://origin.test/away", headers=own, proxy=url_of(proxy)).status == 407
        seen = [fields.get("proxy-authorization") for _, fields in proxy.requests]
        assert seen == [BASIC, BASIC, BASIC, BASIC, None]


@pytest.mark.parametrize("where", ["request", "all requests"])
def test_cve_2023_32681_a_field_of_the_callers_does_not_go_through_the_tunnel(client, where: str) -> None:
    headers = {"Proxy-Authorization": BASIC}
    with Recording() as proxy:
        one = client(proxy=url_of(proxy), headers=headers if where == "all requests" else None)
        with pytest.raises(InvalidField, match="through the tunnel"):
            one.get("https://origin.test/", headers=headers if where == "request" else None)
        assert not proxy.requests
        assert one.opened == 0
        told = one.get("http://origin.test/", headers=headers if where == "request" else None).json()
        assert told["fields"]["proxy-authorization"] == BASIC


def test_cve_2021_28363_an_https_proxy_is_verified(client, named_server_context, client_context) -> None:
    """Its authority, with no context given, and its name; the origin's context is not for it."""
    with Recording(named_server_context) as origin, Recording(named_server_context) as proxy:
        target = url_of(origin, "https")
        resolve = {"elsewhere.test": "127.0.0.1"}
        for host, options in (
            ("127.0.0.1", {"context": client_context}),
            ("elsewhere.test", {"context": client_context, "proxy_context": client_context}),
            ("elsewhere.test", {"proxy_context": client_context, "server_hostname": "localhost"}),
        ):
            one = client(proxy=url_of(proxy, "https", host=host), resolve=resolve, **options)
            for url in (target, "http://origin.test/"):
                with pytest.raises(ssl.SSLCertVerificationError):
                    one.get(url)
        assert not proxy.requests
        assert not origin.requests


def test_cve_2021_28363_the_origin_behind_an_https_proxy_is_verified(
    client, named_server_context, client_context
) -> None:
    with Recording(named_server_context) as origin:
        with Recording(named_server_context, leads_to=("127.0.0.1", origin.server_port)) as proxy:
            one = client(proxy=url_of(proxy, "https"), proxy_context=client_context)
            with pytest.raises(ssl.SSLCertVerificationError):
                one.get(url_of(origin, "https"))
            with pytest.raises(ssl.SSLCertVerificationError):
                one.get(f"https://elsewhere.test:{origin.server_port}", context=client_context)
            assert not origin.requests
            told = one.get(url_of(origin, "https"), context=client_context).json()
            assert told["line"] == "GET / HTTP/1.1"


def test_cve_2022_22576_the_credentials_are_in_the_key(client, named_server_context, client_context) -> None:
    """A connection that one user has opened is not another user's."""
    with Recording(named_server_context) as origin, Recording(asks=True) as proxy:
        one = client(context=client_context)
        for target in (url_of(origin, "https"), "http://origin.test/"):
            assert one.get(target, proxy=url_of(proxy, userinfo=CREDENTIALS)).status == 200
            if target.startswith("https"):
                for userinfo in ("", "user:wrong@", "other:pass@"):
                    with pytest.raises(ProxyError, match=r"^407 "):
                        one.get(target, proxy=url_of(proxy, userinfo=userinfo))
            else:
                assert one.get(target, proxy=url_of(proxy, userinfo="user:wrong@")).status == 407
            before = one.opened
            assert one.get(target, proxy=url_of(proxy, userinfo=CREDENTIALS)).status == 200
            assert one.opened == before
        assert len(origin.requests) == 2


def test_a_proxy_that_wants_a_password_is_not_asked_again(client) -> None:
    """The same request would get the same answer: only what may pass is retried."""
    with Recording(asks=True) as proxy:
        one = client(retry=httpconn.Retry(2, backoff_s=0))
        with pytest.raises(ProxyError, match=r"^407 "):
            one.get("https://origin.test/", proxy=url_of(proxy))
        assert proxy.connections == 1


def test_a_proxy_is_in_the_key(client) -> None:
    """Without the one that was asked for, nothing is sent: neither to the origin, nor to another proxy."""
    with Recording() as origin, Recording() as first, Recording() as second:
        one = client()
        for _ in range(2):
            assert one.get(url_of(origin)).status == 200
            assert one.get(url_of(origin), proxy=url_of(first)).status == 200
            assert one.get(url_of(origin), proxy=url_of(second)).status == 200
        assert one.opened == 3
        assert [len(server.requests) for server in (origin, first, second)] == [2, 2, 2]


def test_a_key_is_forgotten_with_its_last_connection(client) -> None:
    """As many proxies as there are: what is held is what is open."""
    with Recording() as proxy:
        one = client(max_connections=5)
        for number in range(60):
            one.get("http://origin.test/", proxy=url_of(proxy, userinfo=f"user-{number}:x@"))
        assert one.opened == 60
        assert len(one.hosts) <= 5


def test_keys_are_forgotten_in_a_crowd(new_fetcher: Maker) -> None:
    """Many at once, of which each has more jobs than connections: a host whose turn comes late may be done by then."""
    with Recording() as proxy, new_fetcher(max_connections=7, per_host=2, idle_s=0.001) as fetcher:
        for number in range(400):
            through = url_of(proxy, userinfo=f"user-{number % 40}:x@")
            fetcher.add(Request("GET", "http://origin.test/", proxy=through))
        assert {response.status for response in fetcher} == {200}
        loop = fetcher._loop
        assert len(loop.hosts) <= 7
        assert all(host.count for host in loop.hosts.values())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\n",
        b"garbage\r\n\r\n",
        b"",
    ],
)
def test_cve_2016_0772_a_failed_security_step_aborts(client, answer: bytes) -> None:
    """No tunnel, no request: neither to the proxy in the clear, nor past it."""
    received = b""

    def serve(sock: socket.socket) -> None:
        nonlocal received
        received += take_request(sock)
        sock.sendall(answer)
        if answer:
            received += take_request(sock)

    with ScriptedServer(serve) as proxy:
        one = client(proxy=f"http://127.0.0.1:{proxy.port}", headers={"Authorization": "mine"})
        with pytest.raises((ProxyError, ConnectionError)) as caught:
            one.get("https://127.0.0.1/secret")
        if answer:
            assert isinstance(caught.value, ProxyError)
            assert caught.value.status == (403 if b"403" in answer else 200 if b"no" in answer else 0)
        one.close()
    assert received.count(b"\r\n\r\n") == 1, "more than CONNECT was sent"
    assert b"mine" not in received
    assert b"secret" not in received


def test_only_the_proxys_name_is_looked_up(client) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> str:
        asked.append(host)
        return "127.0.0.1"

    with Recording() as proxy:
        one = client(resolve=resolve)
        one.get("http://origin.test/", proxy=url_of(proxy, host="proxy.test"))
        with pytest.raises(OSError):
            one.get("https://origin.test:1/", proxy=url_of(proxy, host="proxy.test"))
    assert set(asked) == {"proxy.test"}


def test_environment_only_when_asked_for(client, environment) -> None:
    with Recording() as origin, Recording() as proxy, Recording() as other:
        environment.setenv("HTTP_PROXY", url_of(proxy))
        assert client().get(url_of(origin)).status == 200
        assert not proxy.requests
        one = client(trust_env=True)
        assert one.get(url_of(origin)).status == 200
        assert len(proxy.requests) == 1
        assert one.get(url_of(origin), proxy="direct").status == 200
        assert one.get(url_of(origin), proxy=url_of(other)).status == 200
        assert (len(origin.requests), len(proxy.requests), len(other.requests)) == (2, 1, 1)
        two = client(trust_env=True, proxy=url_of(other))
        assert two.get(url_of(origin)).status == 200
        assert two.get(url_of(origin), proxy="direct").status == 200
        assert (len(origin.requests), len(proxy.requests), len(other.requests)) == (3, 1, 2)
        environment.setenv("NO_PROXY", "127.0.0.1")
        assert client(trust_env=True).get(url_of(origin)).status == 200
        assert (len(origin.requests), len(proxy.requests), len(other.requests)) == (4, 1, 2)


def test_wrong_urls_are_told_before_any_traffic(client, environment) -> None:
    with Recording() as origin:
        with pytest.raises(InvalidURL):
            client(proxy="127.0.0.1:3128")
        one = client()
        with pytest.raises(InvalidURL):
            one.get(url_of(origin), proxy="ftp://127.0.0.1")
        environment.setenv("HTTP_PROXY", "ftp://127.0.0.1")
        with pytest.raises(InvalidURL):
            client(trust_env=True).get(url_of(origin))
        assert not origin.requests


@pytest.mark.parametrize(
    ("module", "options"),
    [("socksio", {"proxy": "socks5://127.0.0.1:1"}), ("truststore", {"context": "truststore"})],
)
def test_what_is_not_installed_is_told_before_any_traffic(client, monkeypatch, module: str, options) -> None:
    from httpconn._exchange.proxies import parse_proxy

    parse_proxy.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with Recording() as origin:
        with pytest.raises(MissingExtra, match=r"pip install 'httpconn\["):
            client().get(url_of(origin, "https"), **options)
        assert not origin.connections


def test_which_address_a_socks_proxy_is_told(client) -> None:
    """One can be told, and IPv4 is what every proxy can reach; nothing is sent for what it can not reach at all."""
    pytest.importorskip("socksio")
    asked: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        if sock.recv(3) == b"\x05\x01\x00":
            sock.sendall(b"\x05\x00")
            asked.append(sock.recv(100))
            sock.sendall(b"\x05\x04")

    resolve = {
        "both.test": ["2001:db8::1", "192.0.2.1"],
        "one.test": "2001:db8::1",
        "near.test": "unix:/nowhere",
        "far.test": "192.0.2.1",
    }
    with ScriptedServer(serve) as proxy:
        one = client(resolve=resolve)
        for host, scheme in (("both", "socks5"), ("one", "socks5"), ("far", "socks5h")):
            with pytest.raises(ProxyError, match="host unreachable"):
                one.get(f"http://{host}.test/", proxy=f"{scheme}://127.0.0.1:{proxy.port}")
        with pytest.raises(ValueError, match="Unix socket"):
            one.get("http://near.test/", proxy=f"socks5://127.0.0.1:{proxy.port}")
    assert [request[3:-2] for request in asked] == [
        b"\x01\xc0\x00\x02\x01",
        b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01",
        b"\x03\x08far.test",
    ]
