"""Every program on the pages about redirects, retries, rates, cookies, credentials, and coming from elsewhere runs."""

from __future__ import annotations

import email.message
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from ..support.faulty import Exchange
from ..support.programs import run_program
from ..support.sites import Reply, Site, redirect

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("redirects", "retries", "rates", "timeouts", "cookies", "auth", "coming-from-requests", "strangers-urls")

if not DOCS.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

PROGRAMS = [
    (f"{page}-{number}", program)
    for page in PAGES
    for number, program in enumerate(
        re.findall(
            r"^```python\n(.*?)^```$", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    )
]

TOLD = {
    "redirects-0": "200 http://{site}/new\n301 http://{site}/old /new\n301\nmine http://{site}/new 1\n",
    "retries-0": "200 2\n200 1\n",
    "retries-1": "{{'id': 7}} 2\n",
    "retries-2": "{{'id': 8}} 2\n",
    "rates-0": "12\n200\n",
    "timeouts-0": "200\n200\n",
    "timeouts-1": "200 2\n",
    "cookies-0": "200\n['session']\n{{200}}\n",
    "cookies-1": "1 kept\n",
    "auth-0": "200\n200\nhttp://{site}/secret\n200\n",
    "auth-1": "200 2\n200 1\n",
    "auth-2": "200 2\n",
    "auth-4": "200 [401]\n",
    "auth-5": "200 [401]\n",
    "auth-3": "200 [(301, 'http://{site}/old'), (200, 'http://{site}/new')]\n",
    "strangers-urls-0": "".join(
        f"refused: http://{place} is at 127.0.0.1, which is not allowed (allow_address) (GET http://{host}/)\n"
        for place, host in (
            ("{site}", "{site}"),
            ("127.0.0.1:8000", "2130706433:8000"),
            ("[::ffff:7f00:1]:8000", "[::ffff:127.0.0.1]:8000"),
        )
    ),
    "strangers-urls-1": "http://192.0.2.7/ AddressNotAllowed\nhttp://{site}/ AddressNotAllowed\n",
    "coming-from-requests-0": "page text/plain http://{site}/page/1?q=x\n4\n" + "200\n" * 20,
}


class Example(Site):
    """What the programs expect to find."""

    def form(self, number: int) -> dict[str, str]:
        """Return the form that a request has sent, as servers read it: none but of the media type for forms."""
        message = email.message.Message()
        message["Content-Type"] = self.fields(number).get("content-type", "")
        if message.get_content_type() != "application/x-www-form-urlencoded":
            return {}
        return dict(urllib.parse.parse_qsl(self.bodies[number].decode("ascii"), strict_parsing=True))

    async def answer(self, exchange: Exchange) -> None:
        path, fields = exchange.target.partition("?")[0], self.fields(-1)
        page: Reply = 200, {"Content-Type": "text/plain"}, b"page"
        if path.startswith("/page/"):
            self.routes[path] = page
        if path == "/login":
            is_right = self.form(-1) == {"user": "me", "password": "a b&c=\u00fc"}
            self.routes[path] = (
                redirect(303, "/private", Set_Cookie="session=1; Path=/") if is_right else (401, {}, b"")
            )
        self.routes["/private"] = page if "session=1" in fields.get("cookie", "") else (403, {}, b"")
        self.routes["/secret"] = (
            page if fields.get("authorization") in ("Basic bWU6c2VjcmV0", "Bearer token") else (401, {}, b"")
        )
        self.routes["/digest"] = (
            page
            if fields.get("authorization", "").startswith('Digest username="me", ')
            else (401, {"WWW-Authenticate": 'Digest realm="here", nonce="n", qop="auth"'}, b"")
        )
        self.routes["/token"] = (200, {}, b"token")
        self.routes["/guarded"] = (
            page if fields.get("authorization") == "Bearer token" else (401, {"WWW-Authenticate": "Bearer"}, b"")
        )
        await super().answer(exchange)


def busy(earlier: int) -> Reply:
    return (200, {}, b"") if earlier else (503, {"Retry-After": "1"}, b"")


def orders(site: Site) -> Callable[[int], Reply]:
    """Return what takes an order the second time that it comes, under the key that it came with."""

    def route(earlier: int) -> Reply:
        taken = site.fields(-1)["content-type"] == "application/json" and "idempotency-key" in site.fields(-1)
        return (200 if taken else 400, {}, site.bodies[-1]) if earlier else (503, {"Retry-After": "0"}, b"")

    return route


def test_every_page_has_a_program() -> None:
    assert {name for name, _ in PROGRAMS} == {*TOLD}


@pytest.mark.parametrize(("name", "program"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_program(name: str, program: str, tmp_path: Path) -> None:
    routes = {
        "/old": redirect(301, "/new"), "/new": (200, {}, b"new"), "/busy": busy,
    }  # fmt: skip
    with Example(routes) as example:
        example.routes["/orders"] = orders(example)
        site = f"127.0.0.1:{example.port}"
        done = run_program(program.replace("localhost:8000", site), tmp_path)
    assert done.stdout == TOLD[name].format(site=site)
