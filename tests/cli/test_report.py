"""``httpconn report``: the page of each format, and what it cannot be made of."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from httpconn import Request, fetch_many, writers
from httpconn._cli import report

from ..support.sites import PAGE, Site, redirect


class Tables(HTMLParser):
    """The rows of all tables, and the tags that are open at the end."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.in_cell = self.in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("name", ["pages.jsonl", "pages.jsonl.gz", "pages.warc", "pages.warc.gz", "pages.parquet"])
def test_the_page(tmp_path: Path, name: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    path = tmp_path / name
    with Site({"/page": PAGE, "/moved": redirect(302, "/page")}) as site, writers.open(path) as out:
        asked = [site.url("/page")] * 8 + [site.url("/moved"), site.url("/missing"), "ftp://<b>.example/"]
        for response in fetch_many([Request("GET", url) for url in asked], keep_sent=True):
            out.write(response)
        host = f"127.0.0.1:{site.port}"
    assert report.main([str(path), "-o", str(tmp_path / "report.html")], "httpconn") == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|@import|url\(|<script|<b>", page)
    tables = Tables(page)
    assert not tables.open
    assert "11 records, 1 of them failures (9.1%); 2 hosts" in page
    assert ["200", "9", "90.0%"] in tables.rows
    assert ["404", "1", "10.0%"] in tables.rows
    assert ["UnsupportedScheme", "1", "100.0%"] in tables.rows
    assert ["1", "1", "10.0%"] in tables.rows  # redirects
    assert [row[:2] for row in tables.rows if row[0] == "all hosts: total"] == [["all hosts: total", "10"]]
    assert ["<b>.example", "1", "100.0%"] in tables.rows
    assert any(row[:2] == [host, "10"] for row in tables.rows)


@pytest.mark.parametrize("value", [1e-6, 0.0123, 1.0, 77.0, 1e9])
def test_a_percentile_is_right_to_5_percent(value: float) -> None:
    classes = report.Classes()
    for factor in (0.1, 1, 1, 1, 10):
        classes.add(value * factor)
    found = classes.percentile(0.5)
    assert found is not None
    assert 0.95 <= found / value <= 1.05
    assert report.Classes().percentile(0.5) is None


@pytest.mark.parametrize(("name", "content", "told"), [
    ("a.jsonl", b"", "has no record"),
    ("a.jsonl", b'{"index":0,"url":"a"}\n', "needs index, url, status"),
    ("a.jsonl", b"no json\n", "cannot be read"),
    ("a.jsonl", b"7\n", "record 1 of"),
    ("a.jsonl.gz", b"no gzip\n", "cannot be read"),
    ("a.warc", b"no WARC\n\r\n", "cannot be read"),
])  # fmt: skip
def test_what_no_page_is_made_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert report.main([str(tmp_path / name), "-o", str(tmp_path / "report.html")], "httpconn") == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.jsonl", "a.parquet"):
        if name == "a.parquet":
            pytest.importorskip("pyarrow")
        assert report.main([str(tmp_path / name), "-o", str(tmp_path / "report.html")], "httpconn") == 2
        assert name in capsys.readouterr().err


def test_the_plots(tmp_path: Path) -> None:
    """For each phase that there was a row for all hosts and one for each of the largest, in order, within the plot."""
    totals = report.Totals()
    for number in range(1_000):
        timings = dict.fromkeys(report.PHASES, 0.0) | {"first_byte": 0.01 + number / 1e5, "total": 2.0}
        host = number % 12
        record = {"status": 200, "error_type": "", "size": 1, "redirects": 0, "recorded_at": 5.0, "timings": timings}
        totals.add({**record, "url": f"http://host{host if number < 900 else 0}.example/"})
    page = report.page(totals, "pages.jsonl")
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["first_byte", "total"]
    plot = page[page.index("<h3>first_byte") : page.index("<h3>total")]
    hosts = re.findall(r'<div class="row"><span>([^<]+)</span>', plot)
    assert hosts[:2] == ["all hosts", "host0.example"]
    assert len(hosts) == 9
    bars = [
        tuple(map(float, found)) for found in re.findall(r'class="good" x="([\d.]+)" y="\d+" width="([\d.]+)"', plot)
    ]
    assert len(bars) == 2 * len(hosts)
    for (begin, width), (thin, rest) in zip(bars[::2], bars[1::2], strict=True):
        assert 0 <= begin <= begin + width <= thin + 2.1
        assert thin + rest <= 1_000
    assert re.findall(r'left:([\d.]+)%">(.+?)</span>', plot) == [
        ("0.0", "10 ms"), ("33.3", "100 ms"), ("66.7", "1 s"), ("100.0", "10 s"),
    ]  # fmt: skip
