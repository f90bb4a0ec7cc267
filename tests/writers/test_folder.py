"""A folder: names that are safe everywhere, and an index that has what is whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from httpconn import Response, writers
from httpconn.writers.folder import INDEX, file_name

from .conftest import ROUTES


def index_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / INDEX).read_bytes().splitlines()]


def written(path: Path, responses: list[Response], **options: Any) -> None:
    with writers.open(f"{path}/", **options) as out:
        for response in responses:
            out.write(response)


def test_each_file(responses: list[Response], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pages"
    written(folder, responses)
    found = index_of(folder)
    assert [record["index"] for record in found] == [*range(len(responses))]
    for record, response in zip(found, responses, strict=True):
        assert "content" not in record
        assert (folder / record["file"]).read_bytes() == response.content if record["file"] else not response.content
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        INDEX,
        *(record["file"] for record in found if record["file"]),
    }


@pytest.mark.parametrize(("url", "content_type", "name"), [
    ("http://host.example/", "text/html; charset=utf-8", "host.example/0000007.html"),
    ("http://host.example/a/b.HTML", "text/plain", "host.example/0000007-a_b.html"),
    ("https://HOST.example:8443/a?b=c&d=%2F..%2F", "application/json", "host.example_8443/0000007-a_b=c_d=_2F.._2F.json"),
    ("http://user:pw@host.example/x.tar.gz", "", "host.example/0000007-x.tar.gz"),
    ("http://[::1]:80/../../etc/passwd", "", "1_80/0000007-etc_passwd"),
    ("http://con/nul", "", "_con/0000007-nul"),
    ("http://com1.example/", "", "_com1.example/0000007"),
    ("http://../..", "", "_/0000007"),
    ("http://host.example/a.php?x=1", "text/html", "host.example/0000007-a.php_x=1.php"),
    ("no url at all", "", "no_url_at_all/0000007"),
    ("", "", "_/0000007"),
])  # fmt: skip
def test_names(url: str, content_type: str, name: str) -> None:
    assert file_name(url, 7, content_type) == name


@given(
    st.text("aB1./\\:?#@%[]~\0 é\ud800conCON", max_size=200), st.sampled_from(["text/html", ""]), st.integers(0, 10**9)
)
def test_any_name_is_safe(rest: str, content_type: str, index: int) -> None:
    for url in (rest, f"http://{rest}", f"http://host.example/{rest}"):
        name = file_name(url, index, content_type)
        host, slash, file = name.partition("/")
        assert slash
        for part in (host, file):
            assert re.fullmatch(r"[A-Za-z0-9._=-]+", part)
            assert len(part) <= 130
            assert part[0] != "."
            assert part[-1] != "."
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", host)
        assert re.match(rf"0*{index}(?!\d)", file)


def test_what_is_there_already(responses: list[Response], tmp_path: Path) -> None:
    written(tmp_path, responses[:2])  # an empty folder is none
    with pytest.raises(FileExistsError):
        writers.open(tmp_path)
    (tmp_path / "kept.txt").write_text("mine")
    written(tmp_path, responses[:1], replace=True)
    assert len(index_of(tmp_path)) == 1
    assert (tmp_path / "kept.txt").read_text() == "mine"


def test_going_on(responses: list[Response], tmp_path: Path) -> None:
    """A record that is cut, and a file without a record, are written anew."""
    written(tmp_path, responses)
    wanted = index_of(tmp_path)
    whole = (tmp_path / INDEX).read_bytes()
    (tmp_path / INDEX).write_bytes(whole[: len(whole) // 2])
    with writers.open(tmp_path, resume=True) as out:
        had = len(out.recorded)
        for response in responses:
            if response.index not in out.recorded:
                out.write(response, response.index)
    assert 0 < had < len(responses)
    assert [(r["index"], r["file"]) for r in index_of(tmp_path)] == [(r["index"], r["file"]) for r in wanted]
    assert (tmp_path / wanted[2]["file"]).read_bytes() == ROUTES["/binary"][2]


def test_fields(responses: list[Response], tmp_path: Path) -> None:
    written(tmp_path / "a", responses, fields=["file", "size"])
    assert {tuple(record) for record in index_of(tmp_path / "a")} == {("index", "url", "size", "file")}
    with pytest.raises(ValueError, match="got content"):
        writers.open(f"{tmp_path}/b/", fields=["content"])


def test_a_file_where_a_folder_has_to_be(responses: list[Response], tmp_path: Path) -> None:
    written(tmp_path, responses[:1])
    [name] = [record["file"] for record in index_of(tmp_path)]
    other = tmp_path / "other"
    other.mkdir()
    (other / name.partition("/")[0]).write_text("in the way")
    out = writers.open(other, replace=True)
    out.write(responses[0])
    with pytest.raises(OSError, match=r"in the way|Not a directory|File exists"):
        out.close()
