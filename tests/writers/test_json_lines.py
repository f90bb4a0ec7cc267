"""JSON Lines: what a line has, what is whole after a cut, and what other programs read."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import os
import resource
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from httpconn import ConnectionPool, Request, Response, fetch_many, writers
from httpconn.errors import MissingExtra
from httpconn.writers import blocks
from httpconn.writers.columns import COLUMNS, OF_CONTENT
from httpconn.writers.jsonl import serializer

from ..support.sites import Site
from .conftest import BINARY, ROUTES

SUFFIXES = [".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst"]


def written(path: Path, responses: list[Response], **options: Any) -> None:
    with writers.open(path, **options) as out:
        for response in responses:
            out.write(response)


def plain(path: Path) -> bytes:
    """Return what is in a file, by the decompressors themselves."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        return bytes(blocks.zstd_library().decompress(data))
    return data


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in plain(path).splitlines()]


@pytest.mark.parametrize("name", ["pages.jsonl", "folder/"])
def test_what_waits_for_the_disk_holds_what_it_is_counted_as(
    responses: list[Response], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """And no more: what orjson 3.13 returns holds up to twelve times its size, for as long as it is there."""
    pytest.importorskip("orjson")
    may_write = threading.Event()
    append = blocks.BlockFile.append
    sizes: list[int] = []

    def wait(file: blocks.BlockFile, data: bytes | bytearray) -> None:
        sizes.append(len(data))
        assert may_write.wait(30)
        append(file, data)

    monkeypatch.setattr(blocks.BlockFile, "append", wait)
    [response] = [response for response in responses if response.content == BINARY]
    with writers.open(tmp_path / name if name[-1] != "/" else f"{tmp_path}/{name}") as out:
        out.write(response, 0)
        tracemalloc.start()
        try:
            for place in range(1, 1_000):
                out.write(response, place)
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
            may_write.set()
    assert held < 2 * sum(sizes)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_record(responses: list[Response], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pages{suffix}"
    written(path, responses)
    found = records(path)
    assert [record["index"] for record in found] == [*range(len(responses))]
    for record, response in zip(found, responses, strict=True):
        assert [*record] == ["index", "url", *COLUMNS, *OF_CONTENT]
        assert record["status"] == response.status
        assert record["size"] == len(response.content)
        assert record["headers"] == [[name, value] for name, value in response.headers.items()]


def test_the_types_of_a_column_do_not_change(responses: list[Response], tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    written(path, responses)
    for name in records(path)[0]:
        assert len({type(record[name]) for record in records(path)}) == 1, name
        assert all(record[name] is not None for record in records(path)), name
    assert {type(value) for record in records(path) for value in record["timings"].values()} == {float}


def test_content(responses: list[Response], tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    written(path, responses)
    by_path = dict(zip(ROUTES, records(path), strict=False))
    assert by_path["/page"]["content"] == ROUTES["/page"][2].decode()
    assert by_path["/latin"]["content"] == "café"
    assert by_path["/replaced"]["content"] == "a \ufffd of its own"
    for name in ("/binary", "/cut", "/nul"):
        assert by_path[name]["content"] == ""
        assert base64.b64decode(by_path[name]["content_base64"]) == ROUTES[name][2]
    assert all(not (record["content"] and record["content_base64"]) for record in records(path))


def test_redirects_tags_and_failures(responses: list[Response], site: Site, tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    written(path, responses)
    by_path = dict(zip(ROUTES, records(path), strict=False))
    moved = by_path["/moved"]
    assert (moved["url"], moved["final_url"]) == (site.url("/moved"), site.url("/page"))
    assert (moved["redirects"], moved["via"]) == (1, "302 " + site.url("/moved"))
    post, ftp, refused = records(path)[-3:]
    assert (post["method"], post["tag"]) == ("POST", '{"number": 7}')
    assert (ftp["status"], ftp["error_type"], ftp["attempts"]) == (0, "UnsupportedScheme", 0)
    assert refused["error_type"] == "ConnectionRefusedError"
    assert refused["url"] == refused["final_url"] == "http://127.0.0.1:1/refused"
    assert b"secret" not in plain(path)


def test_both_serializers(responses: list[Response], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With orjson and without it, but for spaces that neither writes, the same."""
    pytest.importorskip("orjson")
    record = {"index": 1, "url": "http://é/\u2028", "a": [["b", '"\\\x01\x7f']], "c": 0.25, "d": {"e": 0.0}}
    fast = serializer()(record)
    half = serializer()({"url": "half \ud800 a pair", "big": 1 << 80})
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert serializer()(record) == fast
    assert serializer()({"url": "half \ud800 a pair", "big": 1 << 80}) == half
    assert json.loads(half)["url"] == "half ? a pair"


def test_fields(responses: list[Response], tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    written(path, responses, fields=["content", "status"])
    assert {tuple(record) for record in records(path)} == {("index", "url", "status", "content")}
    with pytest.raises(ValueError, match=r"final_url.*got contents, urls"):
        writers.open(tmp_path / "other.jsonl", fields=["urls", "contents"])
    assert not (tmp_path / "other.jsonl").exists()


def test_places(responses: list[Response], tmp_path: Path, site: Site) -> None:
    """An index that is told is one of its own; of a pool each response has index 0, and they are numbered."""
    with writers.open(tmp_path / "pages.jsonl") as out, ConnectionPool() as pool:
        out.write(responses[0], 5)
        with pytest.raises(ValueError, match="second one for place 5"):
            out.write(responses[1], 5)
        for _ in range(3):
            out.write(pool.get(site.url("/page")))
        assert 5 in out.recorded
        assert 4 not in out.recorded
        assert -1 not in out.recorded
        assert [*out.recorded] == [0, 5, 6, 7]
        assert len(out.recorded) == 4
    assert [record["index"] for record in records(tmp_path / "pages.jsonl")] == [5, 0, 6, 7]


# -- what is there already


def test_a_file_that_is_there(responses: list[Response], tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    written(path, responses)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        writers.open(path)
    with pytest.raises(ValueError, match="resume or replace"):
        writers.open(path, resume=True, replace=True)
    assert path.read_bytes() == before
    written(path, responses[:1], replace=True)
    assert len(records(path)) == 1


def test_who_goes_on_says_the_place(site: Site, tmp_path: Path) -> None:
    """``response.index`` counts what a run asks for: the first of the rest is 0 again, and not what has place 0."""
    path = tmp_path / "pages.jsonl"
    urls = [site.url(f"/page?{number}") for number in range(4)]
    with writers.open(path, resume=True) as out:  # nothing is there to be confused with
        for response in fetch_many(urls[:2], ordered=True):
            out.write(response)
    with writers.open(path, resume=True) as out:
        left = [Request("GET", url, tag=place) for place, url in enumerate(urls) if place not in out.recorded]
        for response in fetch_many(left):
            with pytest.raises(ValueError, match=r"write\(response, index\)"):
                out.write(response)
            out.write(response, response.tag)
    assert {record["index"]: record["url"] for record in records(path)} == dict(enumerate(urls))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_anywhere(responses: list[Response], tmp_path: Path, suffix: str) -> None:
    """Whatever a kill leaves of a file, what is whole stays, and going on makes it what it would have been."""
    path = tmp_path / f"pages{suffix}"
    with writers.open(path, fields=["status"]) as out:
        for response in responses[:4]:
            out.write(response)
            out.flush()  # a block for each
        out.write(responses[4])
        out.write(responses[5])
    whole = path.read_bytes()
    wanted = records(path)
    counts = set()
    for size in (*range(0, len(whole), 3), len(whole)):
        path.write_bytes(whole[:size])
        with writers.open(path, resume=True, fields=["status"]) as out:
            counts.add(len(out.recorded))
            for response in responses[:6]:
                if response.index not in out.recorded:
                    out.write(response, response.index)
        assert records(path) == wanted, size
    blocks_of_one = {0, 1, 2, 3, 4}
    assert counts == blocks_of_one | ({5, 6} if suffix in (".jsonl", ".ndjson") else {6}), "a line, or a block"


@pytest.mark.parametrize(("suffix", "content"), [
    (".jsonl", b'{"url": "http://host.example/"}\n'),
    (".jsonl", b'{"index":0,"url":"a"}\n{"index":0,"url":"b"}\n'),
    (".jsonl", b'{"index":99999999999,"url":"a"}\n'),
    (".jsonl.gz", b"plain text"),
    (".jsonl.gz", gzip.compress(b"{}\n", mtime=0)),
    (".jsonl.zst", b"plain text"),
])  # fmt: skip
def test_what_cannot_be_resumed(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"pages{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot be resumed|damaged behind byte 0"):
        writers.open(path, resume=True)
    assert path.read_bytes() == content


def test_another_process_writes(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with writers.open(tmp_path / "pages.jsonl"):
        with pytest.raises(BlockingIOError, match="another process"):
            writers.open(tmp_path / "pages.jsonl", resume=True)
    writers.open(tmp_path / "pages.jsonl", resume=True).close()


@pytest.mark.parametrize("path", ["pages.txt", "pages", "pages.json", "pages.jsonl.bz2"])
def test_an_unknown_suffix(path: str) -> None:
    with pytest.raises(ValueError, match=r"expected a path that ends in \.jsonl"):
        writers.open(path)


def test_a_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r'pip install "httpconn\[zstd\]"'):
        writers.open(tmp_path / "pages.jsonl.zst")
    assert not (tmp_path / "pages.jsonl.zst").exists()


def test_a_full_disk(tmp_path: Path) -> None:
    """An error where it is written or closed; what is in the file is whole."""
    program = """if True:
        import resource, sys
        from httpconn import Response, writers
        out = writers.open(sys.argv[1], flush_s=0.001)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        response = Response("http://host.example/" + "a" * 500, None, b"")
        try:
            for place in range(100_000):
                out.write(response, place)
                if place % 10 == 0:
                    out.flush()
            out.close()
        except OSError as error:
            print(type(error).__name__, error.errno)
    """
    path = tmp_path / "pages.jsonl"
    ended = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout.startswith("OSError"), ended
    data = path.read_bytes()
    assert 0 < len(data) <= 20_000
    assert data.endswith(b"\n")
    assert len(records(path)) > 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 20_000


def test_what_was_written_is_there_after_flush_s(responses: list[Response], tmp_path: Path) -> None:
    """Without another call: a thread writes it."""
    path = tmp_path / "pages.jsonl"
    program = """if True:
        import os, signal, sys, time
        from httpconn import Response, writers
        out = writers.open(sys.argv[1], flush_s=0.05)
        out.write(Response("http://host.example/", None, b""))
        end = time.monotonic() + 30
        while not os.path.getsize(sys.argv[1]) and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", program, path], timeout=60, check=False)
    assert len(records(path)) == 1


# -- read by others


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_polars(responses: list[Response], tmp_path: Path, suffix: str) -> None:
    polars = pytest.importorskip("polars")
    path = tmp_path / f"pages{suffix}"
    written(path, responses)
    frame = polars.read_ndjson(plain(path))
    assert frame["status"].to_list() == [response.status for response in responses]
    assert frame["headers"].to_list()[0][0][0] == "Content-Length"


@pytest.mark.parametrize("suffix", SUFFIXES[::2] + SUFFIXES[3:])
def test_duckdb(responses: list[Response], tmp_path: Path, suffix: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / f"pages{suffix}"
    written(path, responses * 1)
    found = duckdb.sql(f"select status, error_type, timings.total from read_json('{path}') order by index").fetchall()
    assert [row[0] for row in found] == [response.status for response in responses]


def test_errors_first_then_pages(responses: list[Response], tmp_path: Path) -> None:
    """Where the first hundred lines are failures, texts that come later are texts."""
    path = tmp_path / "pages.jsonl"
    with writers.open(path, fields=["error", "status", "content", "tag", "timings"]) as out:
        for place in range(200):
            out.write(responses[-1], place)
        for place, response in enumerate(responses, 200):
            out.write(response, place)
    polars = pytest.importorskip("polars")
    assert polars.read_ndjson(path)["content"].to_list()[200] == ROUTES["/page"][2].decode()


def test_import_brings_no_writers() -> None:
    program = (
        "import sys, httpconn; print({'writers', '_cli'} & {part for name in sys.modules for part in name.split('.')})"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.strip() == "set()"
    httpconn = importlib.import_module("httpconn")
    assert httpconn.writers is writers
    assert "writers" in dir(httpconn)
    assert os.path.basename(writers.__file__) == "__init__.py"


@pytest.mark.parametrize("name", ["pages.jsonl", "pages.jsonl.gz", "pages.parquet"])
def test_who_does_not_close_it_loses_nothing(tmp_path: Path, name: str) -> None:
    """But hears of it, who listens; a program that ends has its records in the file, and the file is whole."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    program = (
        "import sys; import httpconn; from httpconn import writers\n"
        "out = writers.open(sys.argv[1])\n"
        "for response in httpconn.fetch_many(['nothing://at.all/'] * 20): out.write(response)\n"
    )
    path = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-P", "-W", "always::ResourceWarning", "-c", program, path],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "ResourceWarning: unclosed" in done.stderr
    with writers.open(path, resume=True) as out:
        assert len(out.recorded) == 20
    if name.endswith(".gz"):
        assert gzip.decompress(path.read_bytes()).count(b"\n") == 20


def test_what_is_left_of_a_list(responses: list[Response], tmp_path: Path) -> None:
    """By place and URL: a list that is another one is told, and nothing of it is passed over in silence."""
    urls = [f"http://user:secret@host.example/{number}" for number in range(4)]
    with writers.open(tmp_path / "pages.jsonl") as out:
        for place in (0, 2):
            response = Response(urls[place], None, b"")
            out.write(response, place)
        assert list(out.recorded.left(urls)) == [(1, urls[1]), (3, urls[3])]
    with writers.open(tmp_path / "pages.jsonl", resume=True) as out:
        assert list(out.recorded.left([*urls, "http://new.example/"]))[-1] == (4, "http://new.example/")
        with pytest.raises(ValueError, match="at place 0 of the list") as caught:
            list(out.recorded.left(["http://user:secret@new.example/", *urls]))
        assert "secret" not in str(caught.value)
