"""A host with the root's dot: typed so, looked up so, and without it in TLS (RFC 6066 section 3). Asked of the server."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
import trustme

import httpconn

from ..support.certificates import server_context_for
from ..support.clients import client as client
from ..support.proxy_servers import Recording


class Named(Recording):
    """A TLS server that notes what name each client asks for; None for none."""

    def __init__(self, authority: trustme.CA, name: str, **options: Any) -> None:
        context = server_context_for(authority, name)
        self.names: list[str | None] = []
        context.sni_callback = lambda sock, name, context: self.names.append(name)
        super().__init__(context, **options)


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
def test_an_origin(client, host: str, authority, client_context, looked_up) -> None:
    with Named(authority, "origin.test") as origin:
        response = client(context=client_context).get(f"https://{host}:{origin.server_port}/")
        assert response.json()["fields"]["host"] == f"{host}:{origin.server_port}"
        assert origin.names == ["origin.test"]
    assert looked_up == [host]


def test_the_certificate_must_still_be_for_the_name(client, authority, client_context, looked_up) -> None:
    with Named(authority, "other.test") as origin, pytest.raises(ssl.SSLCertVerificationError):
        client(context=client_context).get(f"https://origin.test.:{origin.server_port}/")


def test_a_name_given_instead(client, authority, client_context, looked_up) -> None:
    with Named(authority, "other.test") as origin:
        one = client(context=client_context, server_hostname="other.test.")
        assert one.get(f"https://origin.test:{origin.server_port}/").status == 200
        assert origin.names == ["other.test"]


def test_an_address_has_no_name(client, authority, client_context) -> None:
    with Named(authority, "127.0.0.1") as origin:
        assert client(context=client_context).get(f"https://127.0.0.1:{origin.server_port}/").status == 200
        assert origin.names == [None]


def test_through_proxies(client, authority, client_context, looked_up) -> None:
    """A tunnel's target as typed; TLS with the proxy, and inside of that with the origin, without the dot."""
    with Named(authority, "origin.test") as origin:
        near = ("127.0.0.1", origin.server_port)
        with Named(authority, "proxy.test", leads_to=near) as proxy, Recording(leads_to=near) as plain:
            url = f"https://origin.test.:{origin.server_port}/"
            one = client(context=client_context, proxy_context=client_context)
            assert one.get(url, proxy=f"https://proxy.test.:{proxy.server_port}").status == 200
            assert one.get(url, proxy=f"http://127.0.0.1:{plain.server_port}").status == 200
            for tunnel in (proxy, plain):
                assert tunnel.requests[0][0] == f"CONNECT origin.test.:{origin.server_port} HTTP/1.1"
            assert (proxy.names, origin.names) == (["proxy.test"], ["origin.test"] * 2)


def test_https_connection(authority, client_context, looked_up) -> None:
    with Named(authority, "origin.test") as origin:
        connection = httpconn.HTTPSConnection("origin.test.", origin.server_port, context=client_context, timeout=10)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.status == 200
        assert f'"origin.test.:{origin.server_port}"'.encode() in response.read()
        connection.close()
        assert origin.names == ["origin.test"]
    assert looked_up == ["origin.test."]
