"""WARC: what its readers find in it, by their own checks, and what is whole after a cut."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from httpconn import Request, Response, fetch_many, writers

from ..support.faulty import FaultyServer, content_of
from ..support.sites import Site
from .conftest import ROUTES

KINDS = ("good", "not_found", "chunked", "gzipped", "members", "until_close", "early_hints", "no_content")
"""What the server of faults does well, each in its own way."""
SUFFIXES = [".warc", ".warc.gz"]


@pytest.fixture(scope="module")
def coded() -> Iterator[list[Response]]:
    """Responses with their content as it came."""
    with FaultyServer() as server:
        asked = [Request("GET", server.url(f"/{kind}/{number}"), decode=False) for kind in KINDS for number in range(3)]
        yield list(fetch_many(asked, ordered=True))


def written(path: Path, responses: list[Response], **options: Any) -> Path:
    with writers.open(path, **options) as out:
        for response in responses:
            out.write(response)
    return path


def target_of(response: Response) -> str:
    return "/" + response.url.split("/", 3)[3]


def members(path: Path) -> list[bytes]:
    """Return the records of a file, each of which has to be a gzip member."""
    found, rest = [], path.read_bytes()
    while rest:
        member = zlib.decompressobj(31)
        found.append(member.decompress(rest))
        assert member.eof
        rest = member.unused_data
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_read_by_warcio(coded: list[Response], tmp_path: Path, suffix: str) -> None:
    """With its check of each digest; the content is what the server sent, transfer and content coding undone by it."""
    iterator = pytest.importorskip("warcio.archiveiterator")
    path = written(tmp_path / f"pages{suffix}", coded)
    found: list[bytes] = []
    with path.open("rb") as file:
        for record in iterator.ArchiveIterator(file, check_digests="raise"):
            if record.rec_type == "response":
                response = coded[len(found)]
                assert record.http_headers.get_statuscode() == str(response.status)
                found.append(record.content_stream().read())
            else:
                record.content_stream().read()
    for content, response in zip(found, coded, strict=True):
        target = target_of(response)
        if target.startswith("/members"):
            assert content_of(target).startswith(content)  # it reads the first member only
        else:
            assert content == (b"" if response.status == 204 else content_of(target)), target


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_read_by_fastwarc(coded: list[Response], tmp_path: Path, suffix: str) -> None:
    warc = pytest.importorskip("fastwarc.warc")
    path = written(tmp_path / f"pages{suffix}", coded)
    with path.open("rb") as file:
        kinds = []
        for record in warc.ArchiveIterator(file, parse_http=False):
            kinds.append(record.record_type)
            assert record.verify_block_digest()
            assert record.record_date is not None
    for kind in (warc.WarcRecordType.response, warc.WarcRecordType.metadata):
        assert kinds.count(kind) == len(coded)
    with path.open("rb") as file:
        for record, response in zip(
            warc.ArchiveIterator(file, record_types=warc.WarcRecordType.response), coded, strict=True
        ):
            assert record.reader.read() == response.content
            assert record.http_headers.status_code == response.status


def test_one_member_for_each_record(coded: list[Response], tmp_path: Path) -> None:
    found = members(written(tmp_path / "pages.warc.gz", coded))
    assert {record.partition(b"\r\n")[0] for record in found} == {b"WARC/1.1"}
    assert found[0].startswith(b"WARC/1.1\r\nWARC-Type: warcinfo\r\n")
    assert b"".join(found).count(b"WARC-Type: response") == len(coded)


def test_fields_that_are_no_longer_true(coded: list[Response], tmp_path: Path) -> None:
    """The transfer coding is renamed; the content coding is true of a record with the content as it came."""
    data = written(tmp_path / "pages.warc", coded).read_bytes()
    assert b"\r\nX-Orig-Transfer-Encoding: chunked\r\n" in data
    assert b"\r\nTransfer-Encoding:" not in data
    assert b"\r\nContent-Encoding: gzip\r\n" in data
    with FaultyServer() as server:
        decoded = list(fetch_many([server.url("/gzipped/1")]))
    data = written(tmp_path / "decoded.warc", decoded).read_bytes()
    assert b"\r\nX-Orig-Content-Encoding: gzip\r\n" in data
    assert b"\r\nX-Orig-Content-Length: " in data
    assert content_of("/gzipped/1") in data


def test_redirects_and_failures(responses: list[Response], site: Site, tmp_path: Path) -> None:
    data = written(tmp_path / "pages.warc", responses).read_bytes()
    assert b"secret" not in data
    told = [json.loads(block.split(b"\r\n\r\n")[1]) for block in data.split(b"WARC-Type: metadata")[1:]]
    assert [record["index"] for record in told] == [*range(len(responses))]
    assert told[-1]["error_type"] == "ConnectionRefusedError"
    hops = data.count(b"WARC-Type: response\r\n")
    assert hops == sum(response.status > 0 for response in responses) + 1
    assert f"WARC-Target-URI: {site.url('/moved')}\r\n".encode() in data
    assert ROUTES["/binary"][2] in data


def test_what_is_cut_says_so(tmp_path: Path) -> None:
    with FaultyServer() as server, Site({"/large": (200, {}, b"x" * 100)}) as site:
        found = list(fetch_many([Request("GET", site.url("/large"), max_content=10)], ordered=True))
        found += list(fetch_many([server.url("/good/1")]))
    data = written(tmp_path / "pages.warc", found).read_bytes()
    assert found[0].status == 200
    assert data.count(b"WARC-Truncated: length\r\n") == data.count(b"WARC-Truncated") == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_anywhere(responses: list[Response], tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"pages{suffix}", responses[:4])
    whole = path.read_bytes()
    count = 4
    seen = set()
    for size in (*range(0, len(whole), 41), len(whole)):
        path.write_bytes(whole[:size])
        with writers.open(path, resume=True) as out:
            seen.add(len(out.recorded))
            for response in responses[:count]:
                if response.index not in out.recorded:
                    out.write(response)
        data = path.read_bytes()
        data = gzip.decompress(data) if suffix == ".warc.gz" else data
        assert data.count(b"WARC-Type: metadata\r\n") == data.count(b"WARC-Type: response\r\n") == count
        assert data.count(b"WARC-Type: warcinfo\r\n") == 1
    assert seen == {0, 1, 2, 3, 4}


def test_what_cannot_be_resumed(tmp_path: Path) -> None:
    path = tmp_path / "pages.warc"
    path.write_bytes(b"WARC/1.1\r\nno length\r\n\r\n")
    with pytest.raises(ValueError, match="damaged behind byte 0"):
        writers.open(path, resume=True)


def test_what_was_sent(site: Site, tmp_path: Path) -> None:
    """The request as it was on the wire, in front of its response, which names it: else a POST is taken for a GET."""
    iterator = pytest.importorskip("warcio.archiveiterator")
    asked = [Request("POST", site.url("/page"), body="sent"), Request("GET", site.url("/moved"))]
    found = list(fetch_many(asked, ordered=True, keep_sent=True))
    path = written(tmp_path / "pages.warc.gz", found)
    with path.open("rb") as file:
        records = [
            (record.rec_type, record.rec_headers, record.content_stream().read(), record.http_headers)
            for record in iterator.ArchiveIterator(file, check_digests="raise")
        ]
    kinds = [kind for kind, *_ in records]
    assert kinds == ["warcinfo", "request", "response", "metadata", *["request", "response"] * 2, "metadata"]
    for (_, request, *_), (_, response, *_) in ((records[at], records[at + 1]) for at in (1, 4, 6)):
        assert response["WARC-Concurrent-To"] == request["WARC-Record-ID"]
        assert response["WARC-IP-Address"] == request["WARC-IP-Address"] == "127.0.0.1"
        assert response["WARC-Date"] == request["WARC-Date"]
        assert response["WARC-Protocol"] == "http/1.1"
    assert records[1][2] == b"sent"
    sent = path.parent / "plain.warc"
    written(sent, found)
    assert site.heads[-3] + b"sent" in sent.read_bytes()
