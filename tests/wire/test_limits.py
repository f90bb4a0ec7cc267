"""Limits: where they come from, and which ones a pool has."""

from __future__ import annotations

import http.client

import pytest

import httpconn
from httpconn import HTTPConnection, Limits

from ..support.peers import ScriptedServer, replying, socket_pair

both_modes = pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])


def fields(count: int) -> bytes:
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(count - 1))
    return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines + b"\r\n"


@both_modes
@pytest.mark.parametrize("where", ["argument", "subclass", "httpconn", "http.client"])
def test_where_limits_come_from(in_use, where: str, strict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The constructor's argument, then a changed ``httpconn._MAXHEADERS``, then http.client's, read at run time."""
    monkeypatch.setattr(http.client, "_MAXHEADERS", 20)
    most = 20
    if where != "http.client":
        monkeypatch.setattr(httpconn, "_MAXHEADERS", 30)
        most = 30
    kind: type[HTTPConnection] = HTTPConnection
    if where == "subclass":
        most = 40
        kind = type("Sub", (HTTPConnection,), {"limits": Limits(field_lines=40)})
    elif where == "argument":
        most = 50
        kind = type("Sub", (HTTPConnection,), {"limits": Limits(field_lines=40)})
    for count in (most, most + 1):
        with socket_pair() as (client, server):
            connection = kind(
                "example.org", strict=strict, limits=Limits(field_lines=50) if where == "argument" else None
            )
            connection.sock = client
            connection.request("GET", "/")
            server.sendall(fields(count))
            if count == most:
                assert len(connection.getresponse().getheaders()) == most
            else:
                with pytest.raises(httpconn.HTTPException, match=f"got more than {most} headers"):
                    connection.getresponse()
            connection.close()


@both_modes
def test_infinity_is_no_limit(in_use, strict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """http.client takes it, and here counts are held in C."""
    monkeypatch.setattr(http.client, "_MAXHEADERS", float("inf"))
    for behind in (b"Content-Length: 2\r\n\r\nok", b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n"):
        with socket_pair() as (client, server):
            connection = HTTPConnection("example.org", strict=strict)
            connection.sock = client
            connection.request("GET", "/")
            server.sendall(b"HTTP/1.1 200 OK\r\n" + behind)
            assert connection.getresponse().read() == b"ok"
            connection.close()


def test_the_pool_takes_256_fields(in_use) -> None:
    """As real sites need."""
    for count in (256, 257):
        with ScriptedServer(replying(fields(count))) as server, httpconn.ConnectionPool() as pool:
            url = f"http://{server.host}:{server.port}/"
            if count == 256:
                assert pool.get(url).status == 200
            else:
                with pytest.raises(httpconn.HTTPException, match="got more than 256 headers"):
                    pool.get(url)
