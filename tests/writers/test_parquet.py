"""Parquet: the schema, parts that are whole or not there, and other readers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from httpconn import Response, writers
from httpconn.errors import MissingExtra

from .conftest import ROUTES

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def written(path: Path, responses: list[Response], **options: Any) -> list[Path]:
    with writers.open(path, **options) as out:
        for response in responses:
            out.write(response)
    return sorted(path.parent.glob("*.parquet"))


def test_each_row(responses: list[Response], tmp_path: Path) -> None:
    [part] = written(tmp_path / "pages.parquet", responses)
    assert part.name == "pages-00000.parquet"
    rows = parquet.read_table(part).to_pylist()
    assert [row["index"] for row in rows] == [*range(len(responses))]
    for row, response in zip(rows, responses, strict=True):
        assert (row["status"], row["content"]) == (response.status, response.content)
        assert [(pair["name"], pair["value"]) for pair in row["headers"]] == [*response.headers.items()]
    assert rows[0]["content"] == ROUTES["/page"][2]
    assert rows[0]["recorded_at"].year > 2000
    assert rows[-1]["error_type"] == "ConnectionRefusedError"
    assert not [*tmp_path.glob("*.open")]


def test_parts_and_going_on(responses: list[Response], tmp_path: Path) -> None:
    path = tmp_path / "pages.parquet"
    out = writers.open(path)
    for response in responses[:3]:
        out.write(response)
    out.flush()  # a whole part
    out.write(responses[3])
    out._spool.flush()  # type: ignore[attr-defined]  # as a killed process leaves it
    assert [name.name for name in sorted(tmp_path.iterdir())] == ["pages-00000.parquet"]
    (tmp_path / "pages-00001.parquet.open").write_bytes(b"PAR1 and no end")
    with pytest.raises(FileExistsError):
        writers.open(path)
    with writers.open(path, resume=True) as again:
        assert [place in again.recorded for place in range(4)] == [True, True, True, False]
        for response in responses[3:]:
            again.write(response, response.index)
    parts = sorted(tmp_path.iterdir())
    assert [part.name for part in parts] == ["pages-00000.parquet", "pages-00001.parquet"]
    rows = [row for part in parts for row in parquet.read_table(part).to_pylist()]
    assert [row["index"] for row in rows] == [*range(len(responses))]
    assert len(written(path, responses[:1], replace=True)) == 1


def test_parts_of_a_size(responses: list[Response], tmp_path: Path) -> None:
    """Each is closed when it has so much: what a killed process loses is less than that."""
    size = 2_000
    parts = written(tmp_path / "pages.parquet", responses, file_bytes=size)
    tables = [parquet.read_table(part) for part in parts]
    held = [sum(512 + len(row["content"]) for row in table.to_pylist()) for table in tables]
    assert len(parts) > 2
    assert all(total >= size for total in held[:-1])
    assert all(
        total - 512 - len(table.to_pylist()[-1]["content"]) < size for total, table in zip(held, tables, strict=True)
    )
    assert [row["index"] for table in tables for row in table.to_pylist()] == [*range(len(responses))]


def test_what_cannot_be_resumed(tmp_path: Path) -> None:
    (tmp_path / "pages-00000.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(ValueError, match="cannot be resumed"):
        writers.open(tmp_path / "pages.parquet", resume=True)


def test_a_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtra, match=r'pip install "httpconn\[parquet\]"'):
        writers.open(tmp_path / "pages.parquet")
    assert not [*tmp_path.iterdir()]


def test_half_a_surrogate_pair(tmp_path: Path) -> None:
    [part] = written(tmp_path / "pages.parquet", [Response("http://host.example/\ud800", None, b"")])
    assert parquet.read_table(part)["url"].to_pylist() == ["http://host.example/?"]


def test_fields(responses: list[Response], tmp_path: Path) -> None:
    [part] = written(tmp_path / "pages.parquet", responses, fields=["status"])
    assert parquet.read_table(part).column_names == ["index", "url", "status"]


def test_polars_and_duckdb(responses: list[Response], tmp_path: Path) -> None:
    [part] = written(tmp_path / "pages.parquet", responses)
    statuses = [response.status for response in responses]
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    assert polars.read_parquet(part)["status"].to_list() == statuses
    found = duckdb.sql(f"select status, headers[1].name, timings.total from '{part}' order by index").fetchall()
    assert [row[0] for row in found] == statuses
