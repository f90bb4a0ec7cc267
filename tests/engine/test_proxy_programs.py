"""Proxies that nobody here wrote, by pool and by fetcher: squid, tinyproxy, microsocks, Dante."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from httpconn import ProxyError

from ..support import proxy_servers
from ..support.clients import QUICK, FetchMany
from ..support.clients import client as client
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.peers import nobody
from ..support.proxy_servers import USERINFO, program, running

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


def test_many_through_http_proxies(
    fetch_many: FetchMany, http_proxy: tuple[str, bool], nginx: tuple[str, str], client_context
) -> None:
    urls = [f"{nginx[number % 2]}/{number}" for number in range(300)]
    responses = fetch_many(
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
