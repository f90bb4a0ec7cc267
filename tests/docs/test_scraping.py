"""Every program in docs/scraping.md runs, on a site of its own."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.programs import run_program

DOCS = Path(__file__).parents[2] / "docs" / "scraping.md"
PROGRAMS = re.findall(
    r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL
)
PAGES = 40


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # the end of the server is the end of its threads, and of their sockets


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    links = "".join(f'<a href="page-{number}.html#top">{number}</a>' for number in range(0, PAGES, 2))
    (folder / "index.html").write_text(f"<p>{links}<a href='http://elsewhere.invalid/'>x</a>")
    for number in range(PAGES):
        (folder / f"page-{number}.html").write_text(f"<p>{number}<a href='/page-{number | 1}.html'>next</a>")
    (folder / "large.bin").write_bytes(bytes(3_000_000))
    with Server(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def run(program: str, site: str, folder: Path) -> str:
    return run_program(program.replace("localhost:8000", site), folder).stdout


def test_there_are_programs() -> None:
    assert len(PROGRAMS) == 6


@pytest.mark.parametrize(("title", "program"), PROGRAMS, ids=[title for title, _ in PROGRAMS])
def test_program(title: str, program: str, site: str, tmp_path: Path) -> None:
    if "tqdm" in program and importlib.util.find_spec("tqdm") is None:
        pytest.skip("tqdm is not installed here")
    told = run(program, site, tmp_path)
    if title.startswith("A few"):
        assert "3000000" in told
        assert (tmp_path / "copy.bin").stat().st_size == 3_000_000
    elif title.startswith("Many"):
        records = [json.loads(line) for line in (tmp_path / "pages.jsonl").read_text().splitlines()]
        assert sorted(record["index"] for record in records) == list(range(PAGES))
        assert {record["status"] for record in records} == {200}
    elif title.startswith("A crawl"):
        assert told == f"{PAGES + 1} pages\n"
    elif title.startswith("Ctrl-C"):
        log = tmp_path / "crawl.jsonl"
        assert len(log.read_text().splitlines()) == PAGES
        log.write_text("".join(log.read_text().splitlines(keepends=True)[:10]))
        run(program, site, tmp_path)
        urls = [json.loads(line)["asked"] for line in log.read_text().splitlines()]
        assert len(urls) == len(set(urls)) == PAGES
    elif title.startswith("In the workers"):
        assert told == f"{PAGES} pages\n"
