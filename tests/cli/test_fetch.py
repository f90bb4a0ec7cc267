"""``httpconn fetch``: each form of input, exit codes, messages; killed at any moment and resumed."""

from __future__ import annotations

import asyncio
import bz2
import gc
import gzip
import io
import json
import lzma
import os
import random
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from httpconn._cli import fetch, progress
from httpconn.writers.blocks import BlockFile, zstd_library

from ..support.faulty import Exchange
from ..support.peers import nobody
from ..support.sites import PAGE, Site, redirect
from ..support.transcripts import Transcripts

DEADLINE_S = 60
COMMAND = [sys.executable, "-m", "httpconn", "fetch"]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/page": PAGE, "/other": PAGE, "/moved": redirect(302, "/page")}) as site:
        yield site


def run(*arguments: object, out: Path | None = None) -> int:
    """Call the command in this process."""
    more = [] if out is None else ["--out", str(out)]
    return fetch.main([*map(str, arguments), "--quiet", *more], "httpconn")


def records(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    return sorted(found, key=lambda record: record["index"])


def listed(folder: Path, *urls: str) -> Path:
    path = folder / "urls.txt"
    path.write_text("".join(f"{url}\n" for url in urls), encoding="utf-8")
    return path


def test_what_is_kept_of_a_url_that_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four bytes: which URL has the record of a place. A million URLs are a long run, and it has to stay small."""
    kept: list[int] = []
    close = fetch.Run.close

    def note(run: fetch.Run) -> None:
        run._out.flush()
        gc.collect()
        kept.append(tracemalloc.get_traced_memory()[0])
        close(run)

    monkeypatch.setattr(fetch.Run, "close", note)
    counts = 300, 300, 2_300  # first times cost something, too
    tracemalloc.start()
    try:
        for count in counts:
            path = listed(tmp_path, *(f"ftp://host.example/{number}" for number in range(count)))  # refused at once
            assert run(path, "--force", out=tmp_path / "out.jsonl") == fetch.FAILED
    finally:
        tracemalloc.stop()
    assert (kept[2] - kept[1]) / (counts[2] - counts[1]) < 8


# -- the input


def test_lines(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    page = site.url("/page").encode()
    path.write_bytes(b"\xef\xbb\xbf" + page + b"\r\n\n# a comment\n  " + page + b"?b \n\xff\xfe\nnonsense\n" + page)
    assert run(path, out=tmp_path / "out.jsonl") == fetch.FAILED
    first, second, undecodable, nonsense, last = records(tmp_path / "out.jsonl")
    assert (first["url"], second["url"], last["url"]) == (site.url("/page"), site.url("/page?b"), site.url("/page"))
    assert undecodable["error_type"] == "BadInput"
    assert "line 5 of the input" in undecodable["error"]
    assert nonsense["error_type"] == "InvalidURL"
    assert len(site.log) == 3


def test_json_lines(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "urls.jsonl"
    rows: list[Any] = [
        {"url": site.url("/page")},
        {"url": site.url("/other"), "method": "POST", "headers": {"X-A": "1"}, "body": "é", "tag": "mine"},
        {"url": site.url("/page"), "headers": [["X-A", "1"], ["X-A", "2"]]},
        {"url": site.url("/page"), "header": {}},
        {"link": site.url("/page")},
        {"url": 7},
        {"url": site.url("/page"), "body": {"a": 1}},
        {"url": site.url("/page"), "headers": [["one"]]},
        {"url": site.url("/page"), "method": 5},
        ["no object"],
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + '\n{"url": \n', encoding="utf-8")
    assert run(path, "--connections", 1, out=tmp_path / "out.jsonl") == fetch.FAILED
    found = records(tmp_path / "out.jsonl")
    assert [record["status"] for record in found[:3]] == [200] * 3
    assert [record["error"] != "" for record in found[3:]] == [True] * 8
    assert "'header'" in found[3]["error"]
    assert (found[1]["method"], found[1]["tag"]) == ("POST", "mine")
    assert site.fields(1)["x-a"] == "1"
    assert site.fields(1)["content-length"] == "2"
    assert site.heads[2].count(b"X-A: ") == 2


def test_csv(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "urls.csv"
    path.write_text(f'name,link\n"a ""b"",\nc",{site.url("/page")}\nshort\nx,"{site.url("/other")}"\n"open,x\n')
    assert run(path, "--column", "link", out=tmp_path / "out.jsonl") == fetch.FAILED
    page, short, other, unfinished = records(tmp_path / "out.jsonl")
    assert (page["url"], other["url"]) == (site.url("/page"), site.url("/other"))
    assert "nothing in the column 'link'" in short["error"]
    assert "no end" in unfinished["error"]


def test_a_csv_without_that_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "urls.csv"
    path.write_text("name,link\n")
    assert run(path, out=tmp_path / "out.jsonl") == fetch.UNUSABLE
    assert "no column 'url'; it has name, link" in capsys.readouterr().err


@pytest.mark.parametrize(
    "compress", [gzip.compress, bz2.compress, lzma.compress, None], ids=["gzip", "bzip2", "xz", "zstd"]
)
def test_compressed(site: Site, tmp_path: Path, compress: Any) -> None:
    path = tmp_path / "urls.txt"
    path.write_bytes((compress or zstd_library().compress)(site.url("/page").encode() + b"\n"))
    assert run(path, out=tmp_path / "out.jsonl") == fetch.ANSWERED
    assert [record["status"] for record in records(tmp_path / "out.jsonl")] == [200]


def test_compressed_and_cut(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What came before is fetched and recorded; then the command says that there is no more."""
    path = tmp_path / "urls.txt.gz"
    data = gzip.compress(b"".join(f"{site.url('/page')}?{os.urandom(99).hex()}\n".encode() for _ in range(500)))
    path.write_bytes(data[: len(data) * 3 // 4])
    assert run(path, "--connections", 8, "--per-host", 8, out=tmp_path / "out.jsonl") == fetch.UNUSABLE
    assert "cannot be read further: EOFError" in capsys.readouterr().err
    found = records(tmp_path / "out.jsonl")
    assert len(found) > 100
    assert {record["status"] for record in found} == {200}


def test_a_pipe_that_goes_on(site: Site) -> None:
    """Each line is fetched when it comes, while the pipe is still open, and its record is there at once."""
    with subprocess.Popen(
        [*COMMAND, "--flush-s", "0.01", "--quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for path in ("/page", "/other"):
            child.stdin.write(site.url(path).encode() + b"\n")
            line = b""
            while not line.endswith(b"\n"):
                line += child.stdout.read(65536)
            assert json.loads(line)["url"] == site.url(path)
        child.stdin.close()
        assert child.wait(DEADLINE_S) == 0


@pytest.mark.parametrize(("content", "told"), [
    ("http://a.example/\n".encode("utf-16"), "in UTF-16"),
    (b"x" * (17 << 20), "longer than 16 MiB"),
])  # fmt: skip
def test_input_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str) -> None:
    (tmp_path / "urls.txt").write_bytes(content)
    assert run(tmp_path / "urls.txt") == fetch.UNUSABLE
    assert told in capsys.readouterr().err


# -- usage


@pytest.mark.parametrize(("arguments", "told"), [
    (["urls.txt", "--resume", "--force", "--out", "a.jsonl"], "--resume goes on, --force begins anew"),
    (["urls.txt", "--resume"], "--resume needs --out"),
    (["urls.txt", "--force"], "--force needs --out"),
    (["urls.txt", "--out", "-"], "without it, records go to standard output"),
    (["urls.txt", "--out", "a.txt"], "expected a path that ends in .jsonl"),
    (["urls.txt", "--out", "no/such/folder/a.jsonl"], "No such file or directory"),
    (["urls.txt", "--fields", "urls"], "got urls"),
    (["urls.txt", "--retry-unsafe"], "--retry-unsafe is for --resume"),
    (["urls.txt", "--column", "link"], "--column is for CSV"),
    (["urls.txt", "other.txt"], "expected one input"),
    (["missing.txt"], "No such file"),
    (["http://a.example/", "--input-format", "csv"], "URLs were given"),
    (["urls.txt", "--proxy", "gopher://a"], "gopher"),
    (["urls.txt", "--cookies", "missing.txt"], "cookies 'missing.txt' cannot be read"),
])  # fmt: skip
def test_told_before_any_traffic(
    arguments: list[str], told: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    listed(tmp_path, site.url("/page"))
    assert run(*arguments) == fetch.UNUSABLE
    assert told in capsys.readouterr().err
    assert not site.log
    assert [path.name for path in tmp_path.iterdir()] == ["urls.txt"]


@pytest.mark.parametrize("arguments", [
    ["--per-host", "0"], ["--rate", "-1"], ["--retry", "x"], ["--max-content", "5T"], ["-H", "name"], ["-H", "Bad Name: x"], ["-H", "Name: a\r\nb: c"],
    ["--unknown"], ["--timeout", "nan"], ["--input-format", "xml"],
])  # fmt: skip
def test_no_such_value(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        fetch.main(arguments, "httpconn")
    assert raised.value.code == fetch.UNUSABLE


def test_an_output_that_is_there(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("mine\n")
    assert run(site.url("/page"), out=path) == fetch.UNUSABLE
    assert "--resume goes on with it, --force begins anew" in capsys.readouterr().err
    assert run(site.url("/page"), "--resume", out=path) == fetch.UNUSABLE
    assert "cannot be resumed" in capsys.readouterr().err
    assert path.read_text() == "mine\n"
    assert not site.log
    assert run(site.url("/page"), "--force", out=path) == fetch.ANSWERED
    assert len(records(path)) == 1


# -- options, by what the server sees


def test_fields_that_are_sent(site: Site, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\n")
    assert run(site.url("/page"), "-H", "X-A: 1", "-H", "accept:", "--cookies", cookies, out=tmp_path / "o.jsonl") == 0
    fields = site.fields(0)
    assert fields["x-a"] == "1"
    assert fields["cookie"] == "a=b"
    assert fields["user-agent"].startswith("httpconn/")
    assert "accept" not in fields


def test_robots(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("protego")
    site.routes["/robots.txt"] = (200, {}, b"User-agent: my-bot\nDisallow: /other\n")
    arguments = [site.url("/page"), site.url("/other"), "--robots", "-H", "User-Agent: my-bot/1.0"]
    assert run(*arguments, out=tmp_path / "o.jsonl") == fetch.FAILED
    page, other = records(tmp_path / "o.jsonl")
    assert (page["status"], other["error_type"]) == (200, "RobotsDisallowed")
    assert sorted(site.paths()) == ["/page", "/robots.txt"]


def test_head(site: Site, tmp_path: Path) -> None:
    assert run(site.url("/page"), "--head", out=tmp_path / "o.jsonl") == 0
    assert site.method(0) == "HEAD"
    [record] = records(tmp_path / "o.jsonl")
    assert (record["method"], record["size"]) == ("HEAD", 0)


def test_max_content_and_retry(site: Site, tmp_path: Path) -> None:
    site.routes["/large"] = (200, {}, b"x" * 1025)
    site.routes["/fits"] = (200, {}, b"x" * 1024)
    site.routes["/busy"] = lambda earlier: (200 if earlier else 503, {"Retry-After": "0"}, b"")
    urls = [site.url(path) for path in ("/large", "/fits", "/busy")]
    assert run(*urls, "--max-content", "1k", out=tmp_path / "o.jsonl") == fetch.FAILED
    large, fits, busy = records(tmp_path / "o.jsonl")
    assert large["error_type"] == "ContentTooLong"
    assert (fits["error_type"], fits["size"]) == ("", 1024)
    assert (busy["status"], busy["attempts"]) == (200, 2)
    assert run(site.url("/busy2"), "--retry", "0", out=tmp_path / "p.jsonl") == fetch.ANSWERED  # a 404 is an answer


def test_dry_run(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(tmp_path, site.url("/page"), site.url("/other"), "nonsense")
    assert fetch.main([str(path), "--dry-run", "--out", str(tmp_path / "o.jsonl")], "httpconn") == fetch.FAILED
    told = capsys.readouterr().out
    assert "3 requests to 1 hosts, 1 entries that are none" in told
    assert f"2 x http://127.0.0.1:{site.port}" in told
    assert not site.log
    assert not (tmp_path / "o.jsonl").exists()


def test_a_folder(site: Site, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    assert run(site.url("/page"), out=tmp_path / "pages") == 0
    [record] = records(tmp_path / "pages" / "index.jsonl")
    assert (tmp_path / "pages" / record["file"]).read_bytes() == PAGE[2]


def test_warc(site: Site, tmp_path: Path) -> None:
    """The content is as it came, and the request is there."""
    coded = gzip.compress(b"page")
    site.routes["/coded"] = (200, {"Content-Encoding": "gzip"}, coded)
    out = tmp_path / "o.warc"
    assert run(site.url("/coded"), out=out) == fetch.ANSWERED
    data = out.read_bytes()
    assert b"\r\n\r\n" + coded + b"\r\n\r\n" in data
    assert b"GET /coded HTTP/1.1\r\n" in data
    assert run(site.url("/coded"), "--resume", out=out) == fetch.ANSWERED
    assert out.read_bytes() == data
    assert len(site.log) == 1


def test_options_of_a_warc(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Messages as they came, files of a size, revisit records; none of them for another format."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n"
    with Transcripts([chunked, chunked]) as server:
        assert run(server.urls()[0], "--wire", out=tmp_path / "o.warc") == fetch.ANSWERED
        assert chunked in (tmp_path / "o.warc").read_bytes()
        assert run(*server.urls(), "--revisit", "--file-size", "1", out=tmp_path / "p.warc") == fetch.ANSWERED
    first, second = (path.read_bytes() for path in sorted(tmp_path.glob("p-*.warc")))
    assert b"\r\nWARC-Type: response\r\n" in first
    assert b"\r\nWARC-Type: revisit\r\n" in second
    for option in (["--wire"], ["--revisit"], ["--file-size", "1"], ["--revisit", "--wire"]):
        name = "q.warc" if len(option) == 2 and option[1] == "--wire" else "q.jsonl"
        assert run(site.url("/page"), *option, out=tmp_path / name) == fetch.UNUSABLE
        assert option[0] in capsys.readouterr().err
    assert not site.log


# -- how it ends


def test_the_summary(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with nobody() as (host, port):
        arguments = [site.url("/page"), f"http://{host}:{port}/", "--retry", "0", "--out", str(tmp_path / "o.jsonl")]
        assert fetch.main(arguments, "httpconn") == fetch.FAILED
        told = capsys.readouterr().err
        assert "2 requests in" in told
        assert f"1 x ConnectionRefusedError at {host}:{port}" in told


def test_a_closed_pipe_ends_it_quietly(site: Site) -> None:
    with subprocess.Popen(
        [*COMMAND, "--flush-s", "0.01"],
        bufsize=0,  # what it did not take any more is not kept, to fail once more when its input is closed
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        end = time.monotonic() + DEADLINE_S
        while child.poll() is None and time.monotonic() < end:
            try:
                child.stdin.write(site.url("/page").encode() + b"\n")
                child.stdin.flush()
            except BrokenPipeError:
                break
            time.sleep(0.02)
        assert child.wait(DEADLINE_S) == fetch.CLOSED_PIPE
        assert child.stderr.read() == b""


OUTPUTS = ["pages.jsonl", "pages.jsonl.gz", "pages.warc.gz", "pages.parquet", "pages/"]


def places(folder: Path, name: str) -> list[int]:
    """Return the places that have a record in an output, of any format, as often as they have one."""
    path = folder / name
    if name.endswith(".parquet"):
        parquet = pytest.importorskip("pyarrow.parquet")
        found = [parquet.read_table(part, columns=["index"]) for part in folder.glob("pages-*.parquet")]
        return [place for table in found for place in table["index"].to_pylist()]
    if name.endswith("/"):
        path = path / "index.jsonl"
    data = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    if ".warc" in name:
        blocks = data.split(b"WARC-Type: metadata\r\n")[1:]
        return [json.loads(block.split(b"\r\n\r\n")[1].removeprefix(b"httpconn: "))["index"] for block in blocks]
    return [json.loads(line)["index"] for line in data.splitlines()]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_disk_that_is_full_in_the_middle(tmp_path: Path, name: str) -> None:
    """It is told; what was written before is whole, and is gone on with when there is room: by a limit on files."""
    resource = pytest.importorskip("resource")
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    chance = random.Random(1)
    pages = {f"/{number}": (200, {}, chance.randbytes(3_000)) for number in range(30)}
    with Site({**pages, "/large": (200, {}, chance.randbytes(60_000))}) as site:
        lines = [site.url(path) for path in site.routes]
        path = listed(tmp_path, *lines)
        command = [*COMMAND, str(path), "-o", f"{tmp_path}/{name}", "-q", "--flush-s", "0.001", "--per-host", "1"]
        if name.endswith(".parquet"):
            command += ["--file-size", "12k"]
        ended = subprocess.run(
            command,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
        )
        assert ended.returncode == fetch.UNWRITABLE
        assert re.search("cannot be written: .*File too large", ended.stderr)
        assert "Traceback" not in ended.stderr
        had = places(tmp_path, name)
        assert len({*had}) == len(had) < len(lines), "none, where all came within one block"
        assert fetch.main([*command[4:], "--resume"], "httpconn") == fetch.ANSWERED
        assert sorted(places(tmp_path, name)) == [*range(len(lines))]


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_is_there_is_not_written_over(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Neither resumed nor begun anew by itself, in any format; and an input is never an output."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    out = ["--out", f"{tmp_path}/{name}"]
    assert run(site.url("/page"), *out) == fetch.ANSWERED
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert run(site.url("/other"), *out) == fetch.UNUSABLE
    assert "--resume goes on with it, --force begins anew" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert site.paths() == ["/page"]
    assert run(site.url("/other"), "--force", *out) == fetch.ANSWERED
    assert places(tmp_path, name) == [0]


def test_an_input_that_is_the_output(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text(json.dumps({"url": site.url("/page")}) + "\n")
    for option in ("--force", "--resume"):
        assert run(path, option, out=path) == fetch.UNUSABLE
        assert "is the output, and an input too" in capsys.readouterr().err
    assert json.loads(path.read_text()) == {"url": site.url("/page")}
    assert not site.log


@pytest.mark.parametrize(("missing", "arguments", "told"), [
    (["pyarrow.parquet"], ["urls.txt", "--out", "o.parquet"], 'pip install "httpconn[parquet]"'),
    (["compression.zstd", "backports.zstd"], ["urls.txt", "--out", "o.jsonl.zst"], 'pip install "httpconn[zstd]"'),
    (["compression.zstd", "backports.zstd"], ["urls.zst"], 'pip install "httpconn[zstd]"'),
    (["protego"], ["urls.txt", "--robots"], "pip install 'httpconn[robots]'"),
])  # fmt: skip
def test_a_missing_extra(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    missing: list[str], arguments: list[str], told: str,
) -> None:  # fmt: skip
    """What has to be installed is told before any traffic, and nothing is begun."""
    listed(tmp_path, site.url("/page"))
    (tmp_path / "urls.zst").write_bytes(zstd_library().compress(site.url("/page").encode()))
    monkeypatch.chdir(tmp_path)
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    assert run(*arguments) == fetch.UNUSABLE
    assert told in capsys.readouterr().err
    assert not site.log
    assert sorted(path.name for path in tmp_path.iterdir()) == ["urls.txt", "urls.zst"]


def test_a_full_disk(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def fails(_self: BlockFile, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(BlockFile, "append", fails)
    assert run(site.url("/page"), out=tmp_path / "o.jsonl") == fetch.UNWRITABLE
    assert "o.jsonl' cannot be written: No space left on device" in capsys.readouterr().err


class Held(Site):
    """Answers /held never, and everything else at once."""

    async def answer(self, exchange: Exchange) -> None:
        if exchange.target == "/held":
            self.log.append((0.0, "/held"))
            await asyncio.sleep(DEADLINE_S)
        else:
            await super().answer(exchange)


def test_ctrl_c(tmp_path: Path) -> None:
    """The file is readable, and going on asks for what is missing only."""
    with Held({"/page": PAGE}) as site:
        path, out = listed(tmp_path, site.url("/page"), site.url("/held"), site.url("/page?2")), tmp_path / "o.jsonl"
        with subprocess.Popen([*COMMAND, str(path), "-o", str(out)], stderr=subprocess.PIPE, text=True) as child:
            end = time.monotonic() + DEADLINE_S
            while len(site.log) < 3 and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(0.1)
            child.send_signal(signal.SIGINT)
            _, told = child.communicate(timeout=DEADLINE_S)
        assert child.returncode == fetch.INTERRUPTED
        assert "--resume goes on" in told
        assert "Traceback" not in told
        had = {record["index"] for record in records(out)}
        assert had <= {0, 2}
        listed(tmp_path, site.url("/page"), site.url("/page"), site.url("/page?2"))
        site.log.clear()
        assert run(path, "--resume", out=out) == fetch.ANSWERED
        assert [record["index"] for record in records(out)] == [0, 1, 2]
        assert len(site.log) == 3 - len(had)


def test_killed_at_random_and_resumed(tmp_path: Path) -> None:
    """Each place of the input is recorded once, whatever the moment; a URL that is there twice is asked for twice."""
    chance = random.Random(19)
    with Site() as site:
        site.routes["/page"] = PAGE
        count = 600
        lines = [site.url("/page" if number % 3 else f"/page?{number}") for number in range(count)]
        path, out = listed(tmp_path, *lines), tmp_path / "o.jsonl.gz"
        command = [*COMMAND, str(path), "-o", str(out), "--resume", "--flush-s", "0.02", "--per-host", "1", "-q"]
        for _ in range(4):
            with subprocess.Popen(command) as child:
                end = time.monotonic() + DEADLINE_S
                before = len(site.log)
                while len(site.log) == before and child.poll() is None and time.monotonic() < end:
                    time.sleep(0.005)
                time.sleep(chance.random() * 0.1)
                child.kill()
        ended = subprocess.run(command, timeout=DEADLINE_S, check=False)
        assert ended.returncode == 0
        found = [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()]
        assert sorted(record["index"] for record in found) == [*range(count)]
        assert all(record["url"] == lines[record["index"]] for record in found)


# -- going on


def test_another_input(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o.jsonl"
    assert run(listed(tmp_path, site.url("/page"), site.url("/other")), out=out) == 0
    before = out.read_bytes()
    assert run(listed(tmp_path, site.url("/other"), site.url("/page")), "--resume", out=out) == fetch.UNUSABLE
    assert "entry 1 of the input" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_failures_are_done_or_asked_again(site: Site, tmp_path: Path) -> None:
    with nobody() as (host, port):
        path = listed(tmp_path, site.url("/page"), f"http://user:secret@{host}:{port}/")
        kept, omitted = tmp_path / "kept.jsonl", tmp_path / "omitted.jsonl"
        assert run(path, "--retry", 0, out=kept) == fetch.FAILED
        assert run(path, "--retry", 0, "--failures", "omit", out=omitted) == fetch.FAILED
        assert [len(records(kept)), len(records(omitted))] == [2, 1]
        assert run(path, "--retry", 0, "--resume", out=kept) == fetch.ANSWERED  # there was nothing to do
        assert run(path, "--retry", 0, "--resume", "--failures", "omit", out=omitted) == fetch.FAILED
        assert [len(records(kept)), len(records(omitted))] == [2, 1]
    assert len(site.log) == 2


def test_what_must_not_be_sent_twice(tmp_path: Path) -> None:
    """A POST that was under way at a kill is not sent again, unless that is asked for."""
    with Held({"/page": PAGE}) as site:
        path, out = tmp_path / "urls.jsonl", tmp_path / "o.jsonl"
        rows = [{"url": site.url("/page")}, {"url": site.url("/held"), "method": "POST", "body": "x"}]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        with subprocess.Popen([*COMMAND, str(path), "-o", str(out), "-q", "--flush-s", "0.01"]) as child:
            end = time.monotonic() + DEADLINE_S
            while "/held" not in site.paths() or not out.read_bytes():
                assert time.monotonic() < end
                time.sleep(0.01)
            child.kill()
        site.log.clear()
        assert run(path, "--resume", out=out) == fetch.FAILED
        [page, held] = records(out)
        assert (page["status"], held["error_type"]) == (200, "UnderWay")
        assert "--retry-unsafe" in held["error"]
        assert not site.log


def test_sent_again_where_that_is_asked_for(site: Site, tmp_path: Path) -> None:
    path, out = tmp_path / "urls.jsonl", tmp_path / "o.jsonl"
    path.write_text(json.dumps({"url": site.url("/page"), "method": "POST"}) + "\n")
    (tmp_path / "o.jsonl.begun").write_text("0\n")
    assert run(path, "--resume", "--retry-unsafe", out=out) == fetch.ANSWERED
    assert [record["status"] for record in records(out)] == [200]
    assert not (tmp_path / "o.jsonl.begun").exists()


# -- progress


def test_lines_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_S", 0.01)
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    counts = progress.Counts()
    shown = progress.Progress(counts, lambda: None, lambda: 3)
    shown.start()
    counts.done, counts.bytes = 1234, 5 << 20
    end = time.monotonic() + DEADLINE_S
    while "1,234 done, 0 failed" not in told.getvalue() and time.monotonic() < end:
        time.sleep(0.01)
    shown.stop()
    assert "5.0 MiB, 3 hosts" in told.getvalue()


def test_many_kinds_of_failures_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_MOST_KINDS", 20)
    counts = progress.Counts()
    for number in range(50):
        counts.note_failure("ReadTimeout", f"host{number}.example")
    assert counts.failed == sum(counts.failures.values()) == 50
    assert counts.failures["others", ""] == 30
    assert "and 11 kinds and hosts more" in counts.summary(1.0)
