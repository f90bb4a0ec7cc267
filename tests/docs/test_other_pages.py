"""Programs of pages that have few: of "cores", "coming-from-http-client" and "under-requests-and-httpx"."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from ..support.programs import run_program
from ..support.sites import PAGE, Site

DOCS = Path(__file__).parents[2] / "docs"

if not DOCS.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)


def programs(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("program", programs("coming-from-http-client.md"))
def test_coming_from_http_client(program: str, tmp_path: Path) -> None:
    assert run_program(program, tmp_path).stdout == ""


def test_all_cores(tmp_path: Path) -> None:
    """By interpreters where there are some (3.14), else by processes, as its comment says."""
    [program] = programs("cores.md")
    if sys.version_info < (3, 14):
        program = program.replace("InterpreterPoolExecutor", "ProcessPoolExecutor")
    with Site({f"/{number}": PAGE for number in range(6)}) as site:
        urls = [site.url(f"/{number}") for number in range(6)]
        program += f"\n\nif __name__ == '__main__':\n    print(sorted(fetch_on_all_cores({urls!r}, 2)))\n"
        assert run_program(program, tmp_path).stdout == f"{[(url, 200, b'page') for url in urls]}\n"


def test_under_requests_and_httpx(tmp_path: Path) -> None:
    """What they make sends its requests over this library: the server sees which."""
    pytest.importorskip("httpx")
    as_session, under_requests, under_httpx = programs("under-requests-and-httpx.md")
    with Site({"/": PAGE}) as site:
        url = site.url("/")
        close = "session.close()\n"
        for program in (as_session, under_requests):
            program += f"\nprint(session.get({url!r}).text)\n{close}"
            assert run_program(program, tmp_path).stdout == "page\n"
        close = "client.close()\n"
        assert run_program(f"{under_httpx}\nprint(client.get({url!r}).text)\n{close}", tmp_path).stdout == "page\n"
        assert len(site.heads) == 3
