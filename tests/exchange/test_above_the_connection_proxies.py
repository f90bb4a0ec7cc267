"""SAFETY's table "Above the connection", the rows of proxies, keys and certificates: for the pool and for the engine.

And the same against proxies that nobody here wrote: squid, tinyproxy, microsocks, Dante.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

import httpconn
from httpconn import FingerprintMismatch, InvalidField, ProxyError, Request, Timeout
from httpconn.errors import InvalidURL, MissingExtra

from ..support import proxy_servers
from ..support.clients import client as client
from ..support.peers import ScriptedServer, nobody, take_request
from ..support.proxy_servers import USERINFO, Recording, program, running

QUICK = Timeout(connect=10, read=10, total=20, pool=5)
CREDENTIALS = "user:pass@"
BASIC = "Basic dXNlcjpwYXNz"


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost", "origin.test", "127.0.0.1")


@pytest.fixture(scope="module")
def certificate_file(certificate: trustme.LeafCert, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("certificate") / "chain.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(path)
    return path


@pytest.fixture(scope="module")
def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def url_of(server: Recording, scheme: str = "http", userinfo: str = "", host: str = "127.0.0.1") -> str:
    return f"{scheme}://{userinfo}{host}:{server.server_port}"


def fingerprint_of(certificate: trustme.LeafCert) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    return hashlib.sha256(der).hexdigest()


# -- Proxy-Authorization goes to the proxy alone, never through the tunnel; an HTTPS proxy's host is verified too


def test_cve_2023_32681_credentials_do_not_go_through_the_tunnel(client, server_context, client_context) -> None:
    with Recording(server_context) as origin, Recording(asks=True) as proxy:
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


def test_cve_2023_32681_credentials_follow_no_redirect(client, server_context, client_context) -> None:
    """From what the proxy forwards into a tunnel: the proxy goes along, and its credentials go to it alone."""
    with Recording(server_context) as origin, Recording(asks=True) as proxy:
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


def test_cve_2016_0772_a_redirect_loses_no_check(client, server_context, client_context, certificate) -> None:
    """A fingerprint is asked for at the next origin too, and one that shows no certificate is not asked at all."""
    fingerprint = fingerprint_of(certificate)
    with Recording(server_context) as origin, Recording() as plain:
        origin.redirects["/"] = url_of(plain)
        origin.redirects["/again"] = "/here"
        for where in ("request", "all requests"):
            told = {"fingerprint": fingerprint}
            one = client(context=client_context, **(told if where == "all requests" else {}))
            own = told if where == "request" else {}
            assert one.get(url_of(origin, "https") + "/again", **own).status == 200
            with pytest.raises(FingerprintMismatch, match="shows no certificate"):
                one.get(url_of(origin, "https") + "/", **own)
            with pytest.raises(FingerprintMismatch, match="shows no certificate"):
                one.get(url_of(plain), **own)
        assert not plain.requests


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


def test_cve_2021_28363_an_https_proxy_is_verified(client, server_context, client_context) -> None:
    """Its authority, with no context given, and its name; the origin's context is not for it."""
    with Recording(server_context) as origin, Recording(server_context) as proxy:
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


def test_cve_2021_28363_the_origin_behind_an_https_proxy_is_verified(client, server_context, client_context) -> None:
    with Recording(server_context) as origin:
        with Recording(server_context, leads_to=("127.0.0.1", origin.server_port)) as proxy:
            one = client(proxy=url_of(proxy, "https"), proxy_context=client_context)
            with pytest.raises(ssl.SSLCertVerificationError):
                one.get(url_of(origin, "https"))
            with pytest.raises(ssl.SSLCertVerificationError):
                one.get(f"https://elsewhere.test:{origin.server_port}", context=client_context)
            assert not origin.requests
            told = one.get(url_of(origin, "https"), context=client_context).json()
            assert told["line"] == "GET / HTTP/1.1"


# -- the pool key holds every TLS setting and the credentials of the connection


def test_cve_2024_35195_the_key_holds_every_tls_setting(client, server_context, client_context, certificate) -> None:
    """A connection that was made without checks is not used for a request that wants them."""
    lax = ssl.create_default_context()
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    fingerprint = fingerprint_of(certificate)
    with Recording(server_context) as origin:
        url = url_of(origin, "https")
        one = client()
        assert one.get(url, context=lax).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url)
        assert one.get(url, context=client_context).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url, context=client_context, server_hostname="elsewhere.test")
        with pytest.raises(FingerprintMismatch):
            one.get(url, context=client_context, fingerprint="00" * 32)
        assert one.get(url, context=client_context, fingerprint=fingerprint).status == 200
        before = one.opened
        assert one.get(url, context=client_context, fingerprint=fingerprint.upper()).status == 200
        assert one.get(url, context=client_context).status == 200
        assert one.get(url, context=lax).status == 200
        assert one.opened == before, "each of them is kept, under its own key"


def test_cve_2016_5420_a_client_certificate_is_in_the_key(client, authority, certificate) -> None:
    """A connection that shows a client's certificate carries no request that was to show none, or another."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(asking)
    authority.configure_trust(asking)
    asking.verify_mode = ssl.CERT_OPTIONAL
    known, unknown = ssl.create_default_context(), ssl.create_default_context()
    for context in (known, unknown):
        authority.configure_trust(context)
    authority.issue_cert("client.test").configure_cert(known)

    with Recording(asking) as origin:
        url = url_of(origin, "https")
        one = client()
        for context in (known, unknown, known, unknown):
            one.get(url, context=context)
        assert one.opened == origin.connections == 2


def test_cve_2022_22576_the_credentials_are_in_the_key(client, server_context, client_context) -> None:
    """A connection that one user has opened is not another user's."""
    with Recording(server_context) as origin, Recording(asks=True) as proxy:
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


def test_keys_are_forgotten_in_a_crowd() -> None:
    """Many at once, of which each has more jobs than connections: a host whose turn comes late may be done by then."""
    with Recording() as proxy, httpconn.Fetcher(max_connections=7, per_host=2, idle_s=0.001) as fetcher:
        for number in range(400):
            through = url_of(proxy, userinfo=f"user-{number % 40}:x@")
            fetcher.add(Request("GET", "http://origin.test/", proxy=through))
        assert {response.status for response in fetcher} == {200}
        loop = fetcher._loop
        assert len(loop.hosts) <= 7
        assert all(host.count for host in loop.hosts.values())


# -- a given CA store replaces the default one; a failed security step aborts


def test_cve_2019_11324_a_given_store_replaces_the_default_one(
    client, server_context, authority, tmp_path, monkeypatch
) -> None:
    """The default store trusts the server here, and the one that is given does not."""
    store = tmp_path / "store.pem"
    authority.cert_pem.write_to_path(store)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    given = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trustme.CA().configure_trust(given)
    with Recording(server_context) as origin, Recording(server_context) as proxy:
        one = client()
        url = url_of(origin, "https")
        assert one.get(url).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url, context=given)
        assert one.get(url, proxy=url_of(proxy, "https")).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            client(proxy=url_of(proxy, "https"), proxy_context=given).get(url)


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


def test_cve_2016_0772_a_wrong_fingerprint_aborts(client, client_context, server_context) -> None:
    """For every connection of a client, and also where the context checks nothing."""
    lax = ssl.create_default_context()
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    with Recording(server_context) as origin:
        one = client(fingerprint="AA:" * 31 + "AA")
        for context in (lax, client_context):
            with pytest.raises(FingerprintMismatch, match="expected a certificate with the SHA-256 aaaa"):
                one.get(url_of(origin, "https"), context=context)
        assert not origin.requests
        with Recording() as plain, pytest.raises(FingerprintMismatch, match="shows no certificate"):
            one.get(url_of(plain), fingerprint="aa" * 32)


@pytest.mark.parametrize("fingerprint", ["", "aa", "aa" * 31 + "gg", "aa" * 33, "a:" * 63 + "a", b"aa" * 32])
def test_a_fingerprint_that_is_none(client, fingerprint: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="fingerprint"):
        client(fingerprint=fingerprint)
    with pytest.raises((ValueError, TypeError), match="fingerprint"):
        client().get("https://127.0.0.1:1/", fingerprint=fingerprint)


# -- whose names are looked up here


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


# -- where a proxy comes from


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


def test_truststore(client, server_context, authority, tmp_path, monkeypatch) -> None:
    """It trusts what the system trusts: here, what is in the file that OpenSSL is told of."""
    pytest.importorskip("truststore")
    if sys.platform != "linux":
        pytest.skip("the system's store is not a file there")
    store = tmp_path / "store.pem"
    authority.cert_pem.write_to_path(store)
    with Recording(server_context) as origin:
        url = url_of(origin, "https")
        with pytest.raises(ssl.SSLCertVerificationError):
            client(context="truststore").get(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(store))
        one = client(context="truststore")
        assert one.get(url).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            one.get(url, server_hostname="elsewhere.test")
        with pytest.raises(ValueError, match="truststore"):
            client(context="system")


# -- proxies that nobody here wrote

NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; {user}
events {{ worker_connections 128; }}
http {{
    access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;
    scgi_temp_path s; default_type text/plain;
    server {{
        listen 127.0.0.1:{plain}; listen 127.0.0.1:{secured} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {certificate};
        location /session {{
            return 200 "$ssl_session_reused";
        }}
        location / {{
            return 200 "$request_uri|$http_authorization|$http_proxy_authorization|$scheme";
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def nginx(certificate_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URLs of one origin, plain and over TLS; it answers with what credentials it was told."""
    folder = tmp_path_factory.mktemp("nginx")
    plain, secured = proxy_servers.free_port(), proxy_servers.free_port()
    is_root = Path("/proc/self").stat().st_uid == 0
    text = NGINX.format(
        plain=plain, secured=secured, certificate=certificate_file, user="user root;" if is_root else ""
    )
    (folder / "conf").write_text(text)
    with running([program("nginx"), "-p", str(folder), "-c", str(folder / "conf")], plain, folder):
        yield f"http://127.0.0.1:{plain}", f"https://localhost:{secured}"


@pytest.fixture(scope="module", params=["squid", "squid-asks", "squid-https", "tinyproxy", "tinyproxy-asks"])
def http_proxy(
    request: pytest.FixtureRequest, certificate_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, bool]]:
    """The URL of a proxy with the right credentials, and whether it asks for any."""
    folder = tmp_path_factory.mktemp(request.param)
    name, _, kind = request.param.partition("-")
    asks = kind == "asks"
    scheme, userinfo = "http", ""
    if name == "squid":
        run = proxy_servers.squid(folder, asks=asks, certificate=certificate_file if kind == "https" else None)
        scheme, userinfo = ("https" if kind == "https" else "http"), f"{USERINFO}@" if asks else ""
    else:
        run, userinfo = proxy_servers.tinyproxy(folder, asks=asks), "user:plain@" if asks else ""
    with run as port:
        yield f"{scheme}://{userinfo}127.0.0.1:{port}", asks


def test_http_proxies(client, http_proxy: tuple[str, bool], nginx: tuple[str, str], client_context) -> None:
    proxy, asks = http_proxy
    one = client(
        proxy=proxy, context=client_context, proxy_context=client_context, headers={"Authorization": "Basic mine"}
    )
    for number in range(20):
        url = f"{nginx[number % 2]}/{number}?q"
        assert one.get(url).text == f"/{number}?q|Basic mine||{url.partition(':')[0]}"
    if asks:
        for wrong in (proxy.replace("user:", "user:x"), "http://" + proxy.rpartition("@")[2]):
            with pytest.raises(ProxyError, match=r"^40[17] ") as caught:
                one.get(nginx[1], proxy=wrong)
            assert caught.value.status in (401, 407)
            assert one.get(nginx[0], proxy=wrong).status in (401, 407)
    with nobody() as (host, port):
        assert one.get(f"http://{host}:{port}/").status >= 500
        with pytest.raises(ProxyError, match=r"^50[0-9] ") as caught:
            one.get(f"https://{host}:{port}/")
    assert caught.value.headers


def test_tls_sessions_go_on_through_tunnels(client, http_proxy: tuple[str, bool], nginx, client_context) -> None:
    """The origin's, in TLS inside of TLS too; a proxy's own are nobody's business."""
    one = client(proxy=http_proxy[0], context=client_context, proxy_context=client_context, idle_s=0.001)
    told = []
    for _ in range(3):
        told.append(one.get(f"{nginx[1]}/session").text)
        time.sleep(0.01)
    assert told == [".", "r", "r"]
    assert one.opened == 3


def test_many_through_http_proxies(http_proxy: tuple[str, bool], nginx: tuple[str, str], client_context) -> None:
    urls = [f"{nginx[number % 2]}/{number}" for number in range(300)]
    responses = httpconn.fetch_many(
        urls, proxy=http_proxy[0], context=client_context, proxy_context=client_context, timeout=QUICK
    )
    for response in responses:
        assert response.error is None, response.error
        assert response.text.startswith(f"/{response.index}|||")
    assert responses.stats.opened <= 150 + 2 * 8, "tunnels are kept; tinyproxy closes behind what it forwards"


@pytest.fixture(scope="module", params=["microsocks", "microsocks-asks", "dante"])
def socks_proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bool]]:
    """The URL of a SOCKS proxy without its scheme, and whether it asks for a password."""
    folder = tmp_path_factory.mktemp(request.param)
    name, _, kind = request.param.partition("-")
    asks = kind == "asks"
    run = proxy_servers.dante(folder) if name == "dante" else proxy_servers.microsocks(folder, asks=asks)
    with run as port:
        yield f"{USERINFO + '@' if asks else ''}127.0.0.1:{port}", asks


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_proxies(
    client, scheme: str, socks_proxy: tuple[str, bool], nginx: tuple[str, str], client_context
) -> None:
    proxy, asks = socks_proxy
    through = f"{scheme}://{proxy}"
    asked: list[str] = []

    def resolve(host: str, port: int) -> None:
        asked.append(host)

    one = client(proxy=through, context=client_context, resolve=resolve)
    for number in range(10):
        url = f"{nginx[number % 2]}/{number}"
        assert one.get(url).text == f"/{number}|||{url.partition(':')[0]}"
    assert one.opened == 2
    assert ("localhost" in asked) == (scheme == "socks5"), "socks5h: the proxy looks names up, and nobody else"
    if asks:
        for wrong in (through.replace("user:", "user:x"), f"{scheme}://{through.rpartition('@')[2]}"):
            with pytest.raises(ProxyError, match=r"user name and password|ways to log in"):
                one.get(nginx[0], proxy=wrong)
    refused = r"no connection to 127\.0\.0\.1, port \d+: the proxy .* connection refused"
    with nobody() as (host, port), pytest.raises(ProxyError, match=refused):
        one.get(f"http://{host}:{port}/")


def test_dante_refuses_by_its_rules(client, tmp_path: Path) -> None:
    with proxy_servers.dante(tmp_path) as port:
        with pytest.raises(ProxyError, match="not allowed by ruleset"):
            client(proxy=f"socks5://127.0.0.1:{port}").get("http://127.0.0.9:80/")


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
