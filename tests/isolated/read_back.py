"""The files of ``httpconn fetch``, by the programs of others: what each of them finds in one.

Every function takes a path and returns the places of the input that it finds, each as often as it is there, with the
status (0: no response), so that ``killed.py`` compares them all with one list. ``replay`` asks pywb for pages.
"""

from __future__ import annotations

import contextlib
import glob
import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

Places = Counter[tuple[int, int]]
"""Of (index, status)."""
START_S: Final = 60.0


def _of_pairs(indices: list[int], statuses: list[int]) -> Places:
    return Counter(zip(indices, statuses, strict=True))


def by_json(path: str) -> Places:
    with open(path, "rb") as file:
        rows = [json.loads(line) for line in file]
    return _of_pairs([row["index"] for row in rows], [row["status"] for row in rows])


def _duckdb(table: str) -> Places:
    duckdb: Any = importlib.import_module("duckdb")
    return Counter(duckdb.sql(f"select index, status from {table}").fetchall())


def lines_by_duckdb(path: str) -> Places:
    return _duckdb(f"read_json('{path}')")


def lines_by_polars(path: str) -> Places:
    frame = importlib.import_module("polars").read_ndjson(path, infer_schema_length=None)
    return _of_pairs(frame["index"].to_list(), frame["status"].to_list())


def parts(path: str) -> str:
    """Return the pattern of the parts of a Parquet file."""
    return path.replace(".parquet", "-*.parquet")


def rows_by_pyarrow(path: str) -> Places:
    dataset: Any = importlib.import_module("pyarrow.dataset")
    table = dataset.dataset(sorted(glob.glob(parts(path)))).to_table(columns=["index", "status"])
    return _of_pairs(*(column.to_pylist() for column in table.columns))


def rows_by_duckdb(path: str) -> Places:
    return _duckdb(f"'{parts(path)}'")


def rows_by_polars(path: str) -> Places:
    frame = importlib.import_module("polars").read_parquet(parts(path), columns=["index", "status"])
    return _of_pairs(frame["index"].to_list(), frame["status"].to_list())


def _tell(found: Places, block: bytes, responses: set[str]) -> None:
    """Note a metadata record; where it tells of a response, that has to stand in the file, under its URL."""
    told = json.loads(block.removeprefix(b"httpconn: "))
    found[told["index"], told["status"]] += 1
    if told["status"] and told["url"] not in responses:
        raise SystemExit(f"there is no response of {told['url']}")


def warc_by_warcio(path: str) -> Places:
    """With its check of every digest."""
    found: Places = Counter()
    responses: set[str] = set()
    with open(path, "rb") as file:
        for record in importlib.import_module("warcio.archiveiterator").ArchiveIterator(file, check_digests="raise"):
            content = record.raw_stream.read()
            if record.rec_type == "response":
                responses.add(record.rec_headers["WARC-Target-URI"])
            elif record.rec_type == "metadata":
                _tell(found, content, responses)
    return found


def warc_by_fastwarc(path: str) -> Places:
    """With its check of every block digest."""
    warc: Any = importlib.import_module("fastwarc.warc")
    found: Places = Counter()
    responses: set[str] = set()
    with open(path, "rb") as file:
        for record in warc.ArchiveIterator(file, parse_http=False):
            if not record.verify_block_digest():
                raise SystemExit(f"FastWARC: the digest of {record.record_id} is another one")
            if record.record_type == warc.WarcRecordType.response:
                responses.add(record.headers["WARC-Target-URI"])
            elif record.record_type == warc.WarcRecordType.metadata:
                _tell(found, record.reader.read(), responses)
    return found


def indexed(path: str) -> Counter[tuple[str, int]]:
    """Return the URLs and statuses of the index that cdxj-indexer makes: responses, and no other record."""
    program = Path(sys.executable).with_name("cdxj-indexer")
    done = subprocess.run([program, path], capture_output=True, text=True, check=True)
    rows = [json.loads(line.split(" ", 2)[2]) for line in done.stdout.splitlines()]
    return Counter((row["url"], int(row["status"])) for row in rows)


READERS: Final[dict[str, tuple[Callable[[str], Places], ...]]] = {
    ".jsonl": (by_json, lines_by_duckdb, lines_by_polars),
    ".parquet": (rows_by_pyarrow, rows_by_duckdb, rows_by_polars),
    ".warc.gz": (warc_by_warcio, warc_by_fastwarc),
}


@contextlib.contextmanager
def replaying(path: Path, folder: Path) -> Iterator[Callable[[str], bytes]]:
    """Have pywb serve *path* from a collection in *folder*; what is yielded returns the content of a URL."""
    programs = Path(sys.executable).parent
    for command in (["init", "pages"], ["add", "pages", str(path)]):
        subprocess.run([programs / "wb-manager", *command], cwd=folder, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environment = {**os.environ, "PYTHONSAFEPATH": ""}
    with subprocess.Popen(
        [programs / "wayback", "-b", "127.0.0.1", "-p", str(port), "-d", str(folder)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _await(port, server)
            yield lambda url: replayed(port, url)
        finally:
            server.kill()
    shutil.rmtree(folder / "collections")


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=START_S).close()
            return
        time.sleep(0.2)
    raise SystemExit("pywb does not answer")


def replayed(port: int, url: str) -> bytes:
    """Return the content that pywb has of *url*, as it was archived ("id_"), whatever its status."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/pages/id_/{url}", timeout=START_S) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        return bytes(error.read())
