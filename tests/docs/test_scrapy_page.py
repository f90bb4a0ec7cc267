"""The program of docs/scrapy.md, on a site of this test's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import httpconn

from ..support.sites import Site

pytest.importorskip("scrapy")
PAGE = Path(__file__).parents[2] / "docs" / "scrapy.md"
HTML = {"Content-Type": "text/html"}


def test_the_spider(tmp_path: Path) -> None:
    program = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    routes = {
        "/index.html": (200, HTML, b'<a href="/a">a</a> <a href="/b">b</a>'),
        "/a": (200, HTML, b'<a href="/b">b</a>'),
        "/b": (200, HTML, b"the end"),
    }
    with Site(routes) as site:
        program = program.replace("localhost:8000", f"127.0.0.1:{site.port}")
        heard = 'import logging\nlogging.getLogger("httpconn").addHandler(logging.FileHandler("heard.log"))\n'
        (tmp_path / "program.py").write_text(heard + program)
        environment = {**os.environ, "PYTHONPATH": str(Path(httpconn.__file__).parent.parent)}
        told = subprocess.run(
            [sys.executable, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert told.returncode == 0, told.stderr
        items = [json.loads(line) for line in (tmp_path / "pages.jsonl").read_text().splitlines()]
        assert sorted(item["url"] for item in items) == sorted(site.url(path) for path in routes)
        assert {(item["status"], item["ip"]) for item in items} == {(200, "127.0.0.1")}
        assert (tmp_path / "heard.log").read_text() == "", "formatted for nobody"
        sent = site.fields(0)
        assert sent["accept-encoding"].startswith("gzip"), "that is Scrapy's own"
        assert sent["user-agent"].startswith("Scrapy/")
