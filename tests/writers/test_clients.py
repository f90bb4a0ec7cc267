"""The responses of a pool and of an AsyncClient in each format: the same records as a fetcher's."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from httpconn import AsyncClient, ConnectionPool, Request, Response, Retry, fetch_many, writers

from ..support.sites import Site
from .conftest import ROUTES

OPTIONS: dict[str, Any] = {"keep_sent": True, "retry": Retry(0)}
NAMES = ["pages.jsonl", "pages.warc.gz", "pages.parquet", "pages/"]


def by_pool(asked: list[Request], out: writers.Writer) -> None:
    with ConnectionPool(**OPTIONS) as pool:
        for request in asked:
            out.write(pool.send(request))


def by_gets(asked: list[Request], out: writers.Writer) -> None:
    async def main() -> None:
        async with AsyncClient(**OPTIONS) as client:
            for request in asked:
                out.write(await client.send(request))

    asyncio.run(main())


def by_async_many(asked: list[Request], out: writers.Writer) -> None:
    async def main() -> None:
        async with AsyncClient(**OPTIONS) as client:
            async for response in client.fetch_many(asked):
                out.write(response)

    asyncio.run(main())


def by_fetcher(asked: list[Request], out: writers.Writer) -> None:
    for response in fetch_many(asked, **OPTIONS):
        out.write(response)


def records(path: Path) -> dict[int, dict[str, Any]]:
    """Return the records by their places, without what another run has otherwise."""
    if path.name.endswith(".parquet"):
        [part] = path.parent.glob("pages-*.parquet")
        rows = importlib.import_module("pyarrow.parquet").read_table(part).to_pylist()
    elif path.is_dir():
        rows = [json.loads(line) for line in (path / "index.jsonl").read_bytes().splitlines()]
        for row in rows:
            row["content"] = (path / row["file"]).read_bytes() if row["file"] else b""
    elif path.name.endswith(".gz"):
        told = gzip.decompress(path.read_bytes()).split(b"WARC-Type: metadata\r\n")
        assert told[0].count(b"msgtype=request") == told[0].count(b"msgtype=response") == 1
        rows = [json.loads(block.split(b"\r\n\r\n")[1].removeprefix(b"httpconn: ")) for block in told[1:]]
    else:
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    for row in rows:
        del row["timings"], row["recorded_at"]
    return {row["index"]: row for row in rows}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_records(site: Site, tmp_path: Path, name: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    asked = [Request("GET", site.url(path), tag=path) for path in ROUTES]
    found = []
    ways: list[Callable[[list[Request], writers.Writer], None]] = [by_fetcher, by_async_many, by_gets, by_pool]
    for way in ways:
        folder = tmp_path / way.__name__
        folder.mkdir()
        with writers.open(f"{folder}/{name}") as out:
            way(asked, out)
        found.append(records(folder / name))
    assert found[0].keys() == {*range(len(ROUTES))}
    assert found[0][0]["status"] == 200
    assert found[1] == found[0]
    assert found[2] == found[0], "each has index 0, and they come in order"
    assert found[3] == found[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_is_read_to_its_end(site: Site, tmp_path: Path, name: str) -> None:
    """Of a pool: what is written is the whole content."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    with ConnectionPool(**OPTIONS) as pool, writers.open(f"{tmp_path}/{name}") as out:
        response: Response = pool.get(site.url("/page"), stream=True)
        out.write(response)
    [record] = records(tmp_path / name).values()
    assert record["size"] == len(ROUTES["/page"][2])
    if name.endswith(".gz"):
        assert b"\r\n\r\n" + ROUTES["/page"][2] + b"\r\n\r\n" in gzip.decompress((tmp_path / name).read_bytes())
    else:
        assert record["content"] in (ROUTES["/page"][2], ROUTES["/page"][2].decode())
