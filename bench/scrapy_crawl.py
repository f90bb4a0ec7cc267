"""A crawl by Scrapy on its own handler and on ours: CPU of the process for each response.

    make bench-scrapy [ARGS="--rounds 7"]             the whole table, with limits: ten minutes of a quiet machine
    make bench-scrapy ARGS="--only links-16"          one row

5,000 pages of nginx, each with 30 links. Rows: *pages* takes each page from a list and makes an item of it; *links*
has parsel find the 30 links of each, too, and puts them into the item; *follow* begins at one page and follows all
links, of which Scrapy leaves out those that it has met. The number is how many requests are under way at a time.

Every crawl is a process of its own; those of a row take turns, and begin by turns; the ratio is of the medians. CPU
is counted from the opening of the spider to its closing. Both handlers have to give the same items. With ``--floor``
there is a third, which answers at once with a response made beforehand: what Scrapy takes for itself, below which no
handler comes.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.nginx import find_program
from bench.server import HOST

OWN, OURS, FLOOR = "own", "ours", "floor"
HANDLERS: Final = {
    OWN: "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler",
    OURS: "httpconn.scrapy.DownloadHandler",
    FLOOR: "bench.scrapy_crawl.Still",
}
PAGES: Final = 5_000
LINKS: Final = 30
LIMIT: Final = 0.75

_CONFIGURATION: Final = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; {user}
events {{ worker_connections 1024; }}
http {{
    access_log off; default_type text/html; sendfile on; tcp_nodelay on;
    keepalive_requests 1000000000; keepalive_timeout 1h; open_file_cache max=10000;
    server {{ listen {host}:{port}; root files; }}
}}
"""


class Row(NamedTuple):
    work: str
    """pages, links, or follow."""
    at_once: int
    limit: float | None = LIMIT


ROWS: Final = {
    f"{work}-{at_once}": Row(work, at_once, None if work == "follow" else LIMIT)
    for work in ("pages", "links", "follow")
    for at_once in (8, 16)
}


def page(number: int, pages: int) -> str:
    """Return a page of some 3 KB, whose links lead to all others sooner or later."""
    linked = ((number * LINKS + at) % pages for at in range(1, LINKS + 1))
    links = "\n".join(f'<li><a href="/{at}.html">to the page {at}, as it is called here</a></li>' for at in linked)
    return f"<!doctype html><html><head><title>{number}</title></head><body><ul>\n{links}\n</ul></body></html>"


@contextlib.contextmanager
def serving(pages: int) -> Iterator[str]:
    """nginx with the pages; its URL."""
    program = find_program()
    if program is None:
        raise SystemExit("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="httpconn-scrapy-") as name:
        with socket.create_server((HOST, 0)) as free:
            port = free.getsockname()[1]
        folder = Path(name)
        (folder / "files").mkdir()
        for number in range(pages):
            (folder / "files" / f"{number}.html").write_text(page(number, pages))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(_CONFIGURATION.format(user=user, host=HOST, port=port))
        server = subprocess.Popen([program, "-p", name, "-c", "nginx.conf"], stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 10
            while True:
                with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
                    break
                if time.monotonic() > until:
                    raise SystemExit("nginx does not answer")
                time.sleep(0.05)
            yield f"http://{HOST}:{port}"
        finally:
            server.terminate()
            server.wait(10)


class Still:
    """A download handler that sends nothing, and hands out a page with as many fields as nginx's."""

    lazy = False

    def __init__(self) -> None:
        from scrapy.http import HtmlResponse

        self._class = HtmlResponse
        self._body = page(0, PAGES).encode()
        self._headers = {
            "Server": "nginx/1.22.1",
            "Date": "Sun, 29 Nov 2026 12:00:00 GMT",
            "Content-Type": "text/html",
            "Content-Length": str(len(self._body)),
            "Last-Modified": "Sun, 29 Nov 2026 11:59:00 GMT",
            "Connection": "keep-alive",
            "ETag": '"692ae0a4-b4d"',
            "Accept-Ranges": "bytes",
        }

    async def download_request(self, request: Any) -> Any:
        return self._class(request.url, 200, self._headers, self._body)

    async def close(self) -> None:
        """There is nothing to be closed."""


def spider(url: str, work: str, pages: int) -> Any:
    """Return the spider's class for a row."""
    import scrapy

    base: Any = scrapy.Spider

    class Pages(base):  # type: ignore[misc]  # of a package that `make lint` does without
        name = "pages"

        async def start(self) -> AsyncIterator[Any]:
            for number in range(1 if work == "follow" else pages):
                yield scrapy.Request(f"{url}/{number}.html", dont_filter=work != "follow")

        def parse(self, response: Any) -> Iterator[Any]:
            links = [] if work == "pages" else response.css("a::attr(href)").getall()
            body = hashlib.sha256(response.body).hexdigest()
            yield {"path": response.url.removeprefix(url), "status": response.status, "body": body, "links": links}
            if work == "follow":
                yield from response.follow_all(links)

    return Pages


def child(order: dict[str, Any]) -> dict[str, Any]:
    """Crawl; return the CPU of each response in microseconds, how many there were, and the digest of all items."""
    from scrapy import signals
    from scrapy.crawler import CrawlerProcess

    handler = HANDLERS[order["handler"]]
    settings = {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
        "CONCURRENT_ITEMS": order["items"],
        "CONCURRENT_REQUESTS": order["at_once"],
        "CONCURRENT_REQUESTS_PER_DOMAIN": order["at_once"],
        "DOWNLOAD_DELAY": 0,
        "LOG_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
    }
    process = CrawlerProcess(settings)
    crawler = process.create_crawler(spider(order["url"], order["work"], order["pages"]))
    items: list[str] = []
    clock: list[float] = []

    def scraped(item: dict[str, Any]) -> None:
        items.append(json.dumps(item, sort_keys=True))

    def note() -> None:
        clock.append(time.process_time())

    crawler.signals.connect(scraped, signals.item_scraped)
    crawler.signals.connect(note, signals.spider_opened)
    crawler.signals.connect(note, signals.spider_closed)
    process.crawl(crawler)
    process.start()
    began, ended = clock
    digest = hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()
    return {"us": (ended - began) / max(1, len(items)) * 1e6, "items": len(items), "digest": digest}


def measure(row: Row, url: str, told: argparse.Namespace) -> dict[str, float]:
    """Return the median of each handler, in microseconds. Raises SystemExit where items differ."""
    handlers = [handler for handler in HANDLERS if handler != FLOOR or told.floor]
    figures: dict[str, list[float]] = {handler: [] for handler in handlers}
    digests = set()
    for turn in range(told.rounds):
        for handler in handlers[:: 1 if turn % 2 else -1]:
            order = {
                "handler": handler, "url": url, "work": row.work, "at_once": row.at_once,
                "pages": told.pages, "items": told.items,
            }  # fmt: skip
            command = [sys.executable, "-m", "bench.scrapy_crawl", "--child", json.dumps(order)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{row}, {handler} failed: {done.stderr[-2000:]}")
            found = json.loads(done.stdout)
            if found["items"] != told.pages:
                raise SystemExit(f"{row}, {handler}: {found['items']} items of {told.pages}")
            figures[handler].append(found["us"])
            if handler != FLOOR:
                digests.add(found["digest"])
    if len(digests) != 1:
        raise SystemExit(f"{row}: the items differ")
    return {handler: statistics.median(found) for handler, found in figures.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--items", type=int, default=8, help="CONCURRENT_ITEMS")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=[*ROWS])
    parser.add_argument("--floor", action="store_true", help="not for follow: its pages are one")
    parser.add_argument("--child", default="")
    told = parser.parse_args()
    if told.child:
        print(json.dumps(child(json.loads(told.child))))
        return 0
    are_met = True
    print(
        f"scrapy {version('scrapy')}, twisted {version('twisted')}, httpconn {version('httpconn')}, "
        f"Python {sys.version.split()[0]}; {told.pages} pages, CONCURRENT_ITEMS={told.items}, {told.rounds} rounds"
    )
    with serving(told.pages) as url:
        for name in told.only:
            row = ROWS[name]
            found = measure(row, url, told)
            ratio = found[OURS] / found[OWN]
            judged = "" if row.limit is None else f" ({row.limit}) {'met' if ratio <= row.limit else 'MISSED'}"
            floor = f", floor {found[FLOOR]:.0f} us" if FLOOR in found else ""
            are_met = are_met and (row.limit is None or ratio <= row.limit)
            print(
                f"{name:10} own {found[OWN]:6.0f} us, ours {found[OURS]:6.0f} us: "
                f"{ratio:.2f}{judged}{floor}; the same items",
                flush=True,
            )
    return 0 if are_met else 1


if __name__ == "__main__":
    sys.exit(main())
