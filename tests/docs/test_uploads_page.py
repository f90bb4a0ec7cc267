"""Every program of docs/uploads.md runs, and a server's parser reads what was sent."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.faulty import Exchange
from ..support.sites import PAGE, Reply, Site, redirect
from .test_scraping import run

DOCS = Path(__file__).parents[2] / "docs" / "uploads.md"

if not DOCS.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

PROGRAMS = re.findall(r"^```python\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


class Forms(Site):
    """Tells what the parser found in a form with files; lets in who logs in."""

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target == "/upload":
            self.routes["/upload"] = self.told(-1)
        if exchange.target == "/login":
            is_right = self.bodies[-1] == b"user=me&password=a+b%26c%3D%C3%BC&tag=x&tag=y"
            self.routes["/login"] = redirect(303, "/home", Set_Cookie="session=1") if is_right else (401, {}, b"")
        self.routes["/home"] = PAGE if self.fields(-1).get("cookie") == "session=1" else (403, {}, b"")
        await super().answer(exchange)

    def told(self, number: int) -> Reply:
        multipart = pytest.importorskip("multipart")
        body, media_type = self.bodies[number], self.fields(number)["content-type"]
        boundary = multipart.parse_options_header(media_type)[1]["boundary"]
        parts = multipart.MultipartParser(io.BytesIO(body), boundary, len(body), strict=True).parts()
        told = [f"{part.name}={part.filename or ''}:{part.size}" for part in parts]
        for part in parts:
            part.close()
        return 200, {}, " ".join(told).encode()


@pytest.fixture
def site() -> Iterator[Forms]:
    with Forms() as made:
        yield made


def test_each_program_has_a_test() -> None:
    assert len(PROGRAMS) == 5


@pytest.mark.parametrize("program", PROGRAMS[:2], ids=["at once", "awaited"])
def test_a_login(program: str, site: Forms, tmp_path: Path) -> None:
    assert run(program, f"127.0.0.1:{site.port}", tmp_path) == f"200 {site.url('/home')} [303]\n"


@pytest.mark.parametrize(("number", "told"), [
    (2, "title=:3 report=report.csv:100000 photo=photo.jpg:5 note=note.txt:7 more=blob:3 more=blob:3\n"),
    (3, "title=:3 report=report.csv:100000\n"),
    (4, "a.csv file=a.csv:1\nreport.csv file=report.csv:100000\n"),
])  # fmt: skip
def test_uploads(number: int, told: str, site: Forms, tmp_path: Path) -> None:
    pytest.importorskip("multipart")
    (tmp_path / "report.csv").write_bytes(bytes(100_000))
    (tmp_path / "photo.jpg").write_bytes(b"photo")
    (tmp_path / "a.csv").write_bytes(b"a")
    found = run(PROGRAMS[number], f"127.0.0.1:{site.port}", tmp_path)
    assert "".join(sorted(found.splitlines(keepends=True))) == told


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", DOCS.read_text(encoding="utf-8")))
def test_links(target: str) -> None:
    assert (DOCS.parent / target).exists()
