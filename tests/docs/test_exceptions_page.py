"""The table of docs/exceptions.md: each exception has a row, says what it is, and whether anything was sent is asked of a server."""

from __future__ import annotations

import builtins
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import errors

from ..support.peers import ScriptedServer, take_request
from ..support.sites import Asker, Site

PAGE = Path(__file__).parents[2] / "docs" / "exceptions.md"

if not PAGE.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
TABLE = {name: row for row in ROWS for name in re.findall(r"`([\w.]+)`", row[0])}
OURS = {name: kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)}


def kind_of(name: str) -> type:
    for module in (errors, builtins):
        if hasattr(module, name):
            return getattr(module, name)
    home, _, own = name.rpartition(".")
    return getattr({"socket": socket, "ssl": ssl}[home], own)


def test_each_exception_has_one_row() -> None:
    named = [name for row in ROWS for name in re.findall(r"`([\w.]+)`", row[0])]
    assert len(named) == len(set(named))
    assert OURS.keys() | {"IncompleteFetch"} <= TABLE.keys()
    assert all(len(row) == 5 for row in ROWS)


@pytest.mark.parametrize("name", OURS)
def test_what_it_is_also(name: str) -> None:
    """All bases but those that http.client's exceptions have in common."""
    bases = {base.__name__ for base in kind_of(name).__bases__ if base.__name__ not in ("_Portable", "HTTPException")}
    assert {told.rpartition(".")[2] for told in re.findall(r"`([\w.]+)`", TABLE[name][1])} == bases


@pytest.mark.parametrize("name", TABLE)
def test_the_answers_are_of_few_words(name: str) -> None:
    assert TABLE[name][3] in ("no", "perhaps", "yes", "\u2013")
    assert re.match(r"no\b|yes\b|if idempotent\b|429|\u2013", TABLE[name][4])


BEFORE: dict[str, tuple[str, dict[str, Any]]] = {
    "InvalidURL": ("http://[x/", {}),
    "UnsupportedScheme": ("ftp://{host}/", {}),
    "InvalidField": ("http://{host}/", {"headers": {"A": "b\r\nC: d"}}),
}
AFTER: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ReadTimeout": ("/hang", "perhaps", {"timeout": httpconn.Timeout(10, read=0.3)}),
    "TotalTimeout": ("/hang", "perhaps", {"timeout": httpconn.Timeout(10, total=0.3)}),
    "RemoteDisconnected": ("/close", "perhaps", {}),
    "BadStatusLine": ("/other", "perhaps", {}),
    "IncompleteFetch": ("/cut", "yes", {}),
    "MalformedChunks": ("/chunks", "yes", {}),
    "MalformedFraming": ("/lengths", "yes", {}),
    "ContentTooLong": ("/whole", "yes", {"max_content": 3}),
    "ContentDecodingError": ("/coded", "yes", {}),
    "TooManyRedirects": ("/again", "yes", {"redirects": 1}),
}
ANSWERS = {
    "/other": b"SSH-2.0-OpenSSH_9\r\n\r\n",
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n",
    "/lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "/whole": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "/coded": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "/again": b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
}


kinds = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])


@kinds
@pytest.mark.parametrize("name", BEFORE)
def test_what_is_not_sent(name: str, kind: str) -> None:
    url, options = BEFORE[name]
    with Site({}) as site, Asker(kind) as ask:
        error = ask(httpconn.Request("GET", url.format(host=f"127.0.0.1:{site.port}"), **options)).error
        assert type(error).__name__ == name
        assert not site.log
    assert TABLE[name][3] == "no"


@kinds
@pytest.mark.parametrize("name", AFTER)
def test_what_has_been_sent(name: str, kind: str) -> None:
    path, sent, options = AFTER[name]
    seen = []

    def serve(sock: socket.socket) -> None:
        while head := take_request(sock):
            seen.append(head)
            sock.sendall(ANSWERS.get(path, b""))
            if path == "/hang":
                sock.recv(1)  # until it is given up
            if path != "/again":
                return

    with ScriptedServer(serve) as server, Asker(kind) as ask:
        error = ask(httpconn.Request("GET", f"http://127.0.0.1:{server.port}{path}", **options)).error
        assert type(error).__name__ == name
        assert seen
    assert TABLE[name][3] == sent
