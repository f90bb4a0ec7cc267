"""A host with the root's dot: typed so, looked up so, and without it in TLS (RFC 6066 section 3). Asked of the server."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
import trustme

import httpconn

from ..support.clients import client as client
from ..support.proxy_servers import Recording


class Named(Recording):
    """A TLS server that notes what name each client asks for; None for none."""

    def __init__(self, authority: trustme.CA, name: str, **options: Any) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        self.names: list[str | None] = []
        context.sni_callback = lambda sock, name, context: self.names.append(name)
        super().__init__(context, **options)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.create_default_context()
    authority.configure_trust(made)
    return made


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that are looked up, all of which are here."""
    names: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *rest: Any) -> Any:
        if "." in str(host) and str(host).rstrip(".").endswith(".test"):
            names.append(host)
            host = "127.0.0.1"
        return real(host, port, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


@pytest.mark.parametrize("host", ["origin.test.", "origin.test"])
def test_an_origin(client, host: str, authority, context, looked_up) -> None:
    with Named(authority, "origin.test") as origin:
        response = client(context=context).get(f"https://{host}:{origin.server_port}/")
        assert response.json()["fields"]["host"] == f"{host}:{origin.server_port}"
        assert origin.names == ["origin.test"]
    assert looked_up == [host]


def test_the_certificate_must_still_be_for_the_name(client, authority, context, looked_up) -> None:
    with Named(authority, "other.test") as origin, pytest.raises(ssl.SSLCertVerificationError):
        client(context=context).get(f"https://origin.test.:{origin.server_port}/")


def test_a_name_given_instead(client, authority, context, looked_up) -> None:
    with Named(authority, "other.test") as origin:
        one = client(context=context, server_hostname="other.test.")
        assert one.get(f"https://origin.test:{origin.server_port}/").status == 200
        assert origin.names == ["other.test"]


def test_an_address_has_no_name(client, authority, context) -> None:
    with Named(authority, "127.0.0.1") as origin:
        assert client(context=context).get(f"https://127.0.0.1:{origin.server_port}/").status == 200
        assert origin.names == [None]


def test_through_proxies(client, authority, context, looked_up) -> None:
    """A tunnel's target as typed; TLS with the proxy, and inside of that with the origin, without the dot."""
    with Named(authority, "origin.test") as origin:
        near = ("127.0.0.1", origin.server_port)
        with Named(authority, "proxy.test", leads_to=near) as proxy, Recording(leads_to=near) as plain:
            url = f"https://origin.test.:{origin.server_port}/"
            one = client(context=context, proxy_context=context)
            assert one.get(url, proxy=f"https://proxy.test.:{proxy.server_port}").status == 200
            assert one.get(url, proxy=f"http://127.0.0.1:{plain.server_port}").status == 200
            for tunnel in (proxy, plain):
                assert tunnel.requests[0][0] == f"CONNECT origin.test.:{origin.server_port} HTTP/1.1"
            assert (proxy.names, origin.names) == (["proxy.test"], ["origin.test"] * 2)


def test_https_connection(authority, context, looked_up) -> None:
    with Named(authority, "origin.test") as origin:
        connection = httpconn.HTTPSConnection("origin.test.", origin.server_port, context=context, timeout=10)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.status == 200
        assert f'"origin.test.:{origin.server_port}"'.encode() in response.read()
        connection.close()
        assert origin.names == ["origin.test"]
    assert looked_up == ["origin.test."]
