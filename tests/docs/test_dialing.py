"""Every program in docs/proxies.md and docs/addresses-and-tls.md runs, on servers and proxies of its own."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from ..support.programs import run_program
from ..support.proxy_servers import Recording, microsocks
from ..support.sites import Site

DOCS = Path(__file__).parents[2] / "docs"
if not DOCS.is_dir():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)


def programs(page: str) -> list[tuple[str, str]]:
    """Return (heading, program) of *page*."""
    found = re.findall(r"^#+ ([^\n]+)$|^```python\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    heading, pairs = "", []
    for title, program in found:
        heading = title or heading
        if program:
            pairs.append((heading, program))
    return pairs


PROGRAMS = programs("proxies.md") + programs("addresses-and-tls.md")


@pytest.fixture
def places(tmp_path: Path, authority: trustme.CA, server_context: ssl.SSLContext) -> Iterator[dict[str, int]]:
    """The ports that stand for those in the programs, and authority.pem."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    containers = Site({"/containers/json": (200, {}, b"[]")}, path=str(tmp_path / "app.sock"))
    with Recording() as site, Recording(server_context) as secured, Recording(asks=True) as proxy, containers:
        yield {"8000": site.server_port, "8443": secured.server_port, "3128": proxy.server_port}


def run(program: str, places: dict[str, int], folder: Path) -> list[str]:
    for shown, port in places.items():
        program = re.sub(rf"\b{shown}\b", str(port), program)
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return run_program(program, folder, environment=clean).stdout.splitlines()


def test_there_are_programs() -> None:
    assert len(PROGRAMS) == 11


TOLD = {
    "Proxies": ["200", "200", '407 Basic realm="x"'],
    "Many requests, many proxies": ["40 pages"],
    "From the environment, when asked for": ["200 through the proxy", "200 directly"],
    "Through a SOCKS proxy": ["all of them"],
    "Several addresses": ["200"],
    "A server on a Unix socket": ["200"],
    "How names are looked up": ["[200, 200, 200]"],
    "Which certificates are trusted": ["200", "200"],
    "One certificate and no other": ["200", "refused: "],
    "Large bodies that can be sent but once": ["200"],
}


@pytest.mark.parametrize(("title", "program"), PROGRAMS, ids=[title for title, _ in PROGRAMS])
def test_program(title: str, program: str, places: dict[str, int], tmp_path: Path) -> None:
    if "1080" in program:
        pytest.importorskip("socksio")
        with microsocks(tmp_path, asks=True, password="pass") as port:
            told = run(program, {**places, "1080": port}, tmp_path)
    else:
        told = run(program, places, tmp_path)
    assert len(told) == len(TOLD[title])
    for line, beginning in zip(told, TOLD[title], strict=True):
        assert line.startswith(beginning)
