"""Every program of docs/content.md runs, on a site of its own; what its tables say is so."""

from __future__ import annotations

import importlib.util
import re
import zlib
from pathlib import Path

import pytest

import httpconn
from httpconn._exchange import charsets, content_coding

from ..support.programs import run_program
from ..support.sites import Site

PAGE = Path(__file__).parents[2] / "docs" / "content.md"

if not PAGE.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def run(program: str, site: Site, folder: Path) -> str:
    return run_program(program.replace("localhost:8000", f"127.0.0.1:{site.port}"), folder).stdout


def test_a_page_that_is_cut(tmp_path: Path) -> None:
    made = zlib.compressobj(wbits=31)
    body = made.compress(b"<p>page</p>" * 1000) + made.flush()
    with Site({"/cut.html": (200, {"Content-Encoding": "gzip"}, body[:-8])}) as site:
        first, second = run(PROGRAMS[0], site, tmp_path).splitlines()
    assert "ends in the middle" in first
    assert first.endswith(" 11000")
    assert second == "11000 [\"the content ends in the middle of its content coding 'gzip'\"]"


def test_charsets_that_are_declared_in_the_page(tmp_path: Path) -> None:
    pages = {
        "/meta.html": (200, {"Content-Type": "text/html"}, b'<meta charset="gb2312">' + "中文".encode("gbk")),
        "/told.html": (200, {"Content-Type": "text/html; charset=koi8-r"}, "<meta charset=x>текст".encode("koi8-r")),
        "/plain.html": (200, {}, "<p>ä".encode()),
    }
    with Site(pages) as site:
        assert run(PROGRAMS[1], site, tmp_path) == "gbk 中文\nkoi8-r текст\nutf-8 ä\n"
    assert len(PROGRAMS) == 2


def test_the_bounds_are_those_of_the_code() -> None:
    settings = httpconn._exchange.settings.FetchSettings()
    told = dict(re.findall(r"^\| (.*?) \|.*\| (.*?) \|$", TEXT, re.MULTILINE))
    mib = 1 << 20
    assert told["`max_content`"] == f"{settings.max_content // mib} MiB"  # type: ignore[operator]
    assert told["`max_ratio`"] == f"{settings.max_ratio:g}"
    assert told["`max_buffered_bytes`"] == f"{settings.max_buffered_bytes // mib} MiB"
    assert f"codings on top of each other | {content_coding.MAX_CODINGS} |" in TEXT
    assert f"{1 << content_coding._ZSTD_WINDOW_LOG >> 20} MiB |\n| `Timeout.total`" in TEXT
    assert f"{charsets._MOST_MENDED:,} sequences" in TEXT
    assert f"plus {content_coding.RATIO_FREE_BYTES // mib} MiB" in TEXT


def test_extras_are_those_of_the_package() -> None:
    for coding, package in content_coding._PACKAGES.items():
        assert f"`{package}`" in TEXT
        assert f"`httpconn[{coding}]`" in TEXT
    if importlib.util.find_spec("brotli") is not None:
        assert "br" in content_coding.accept_encoding()
