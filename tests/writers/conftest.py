"""Responses of every kind, once fetched: what a file has to hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from httpconn import Request, Response, Retry, fetch_many

from ..support.sites import Reply, Site, redirect

BINARY = bytes(range(256)) * 3
ROUTES: dict[str, Reply] = {
    "/page": (200, {"Content-Type": "text/html; charset=utf-8"}, "<p>é, \u2028 and “quotes” \\ \n</p>".encode()),
    "/latin": (200, {"Content-Type": "text/plain; charset=iso-8859-1"}, b"caf\xe9"),
    "/binary": (200, {"Content-Type": "image/png"}, BINARY),
    "/replaced": (200, {"Content-Type": "text/plain; charset=utf-8"}, "a \ufffd of its own".encode()),
    "/cut": (200, {"Content-Type": "text/plain; charset=utf-8"}, b"no utf-8: \xc3\x28"),
    "/nul": (200, {"Content-Type": "text/plain"}, b"text with \0 in it"),
    "/empty": (200, {}, b""),
    "/missing": (404, {}, b"not here"),
    "/moved": redirect(302, "/page"),
}


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with Site(ROUTES) as site:
        yield site


@pytest.fixture(scope="package")
def responses(site: Site) -> list[Response]:
    """One for each route, in their order; then a POST with a tag, and two failures."""
    asked: list[Request | str] = [site.url(path) for path in ROUTES]
    asked.append(Request("POST", site.url("/page"), body=b"sent", tag={"number": 7}))
    asked += ["ftp://host.example/", "http://user:secret@127.0.0.1:1/refused"]
    return list(fetch_many(asked, ordered=True, retry=Retry(0)))
