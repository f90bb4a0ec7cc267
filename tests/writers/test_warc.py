"""WARC: what its readers find in it, by their own checks, and what is whole after a cut."""

from __future__ import annotations

import gzip
import json
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from httpconn import Request, Response, fetch_many, writers

from ..support.faulty import FaultyServer, content_of
from ..support.sites import Site
from ..support.transcripts import Transcripts, answers, message_of
from .conftest import ROUTES

KINDS = ("good", "not_found", "chunked", "gzipped", "members", "until_close", "early_hints", "no_content")
"""What the server of faults does well, each in its own way."""
SUFFIXES = [".warc", ".warc.gz"]
SMALL = 2_500

pytestmark = pytest.mark.filterwarnings("ignore:a WARC with")


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


@pytest.mark.parametrize(
    ("options", "of_request", "told"),
    [({}, {"decode": False}, ["keep_sent=True"]), ({}, {}, ["keep_sent=True", "decode=False"]),
     ({"keep_sent": True}, {}, ["decode=False"]), ({"keep_sent": True}, {"decode": False}, []),
     ({"keep_sent": True}, {"wire": True}, [])],
)  # fmt: skip
def test_what_is_missing_is_told_once(options: Any, of_request: Any, told: list[str], tmp_path: Path) -> None:
    with FaultyServer() as server, warnings.catch_warnings(record=True, action="always") as caught:
        asked = [Request("GET", server.url(f"/gzipped/{number}"), **of_request) for number in range(2)]
        written(tmp_path / "pages.warc", list(fetch_many(asked, **options)))
    assert len(caught) == len(told)
    assert all(word in str(one.message) for one, word in zip(caught, told, strict=True))
    assert all(one.filename == __file__ for one in caught)


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
    told = [
        json.loads(block.split(b"\r\n\r\n")[1].removeprefix(b"httpconn: "))
        for block in data.split(b"WARC-Type: metadata")[1:]
    ]
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


def test_a_redirect_that_was_cut_says_so(tmp_path: Path) -> None:
    cut = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 9\r\n\r\nabc"
    with Site({"/page": ROUTES["/page"]}) as site:
        with Transcripts([cut % site.url("/page").encode()]) as other:
            [found] = fetch_many(other.urls())
    assert (found.error, found.url) == (None, site.url("/page"))
    path = written(tmp_path / "pages.warc.gz", [found])
    told = [fields.get("WARC-Truncated") for kind, fields in kinds_and_heads(path) if kind == "response"]
    assert told == ["disconnect", None]


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
                    out.write(response, response.index)
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


# -- files of a size, revisit records, messages as they came


def kinds_and_heads(path: Path) -> list[tuple[str, dict[str, str]]]:
    found = []
    for member in members(path):
        lines = member.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        fields = dict(line.split(": ", 1) for line in lines)
        found.append((fields["WARC-Type"], fields))
    return found


def parts(path: Path) -> list[Path]:
    return sorted(path.parent.glob(path.name.replace(".warc", "-*.warc")))


def test_files_of_a_size(coded: list[Response], tmp_path: Path) -> None:
    """What belongs together stays together; each begins with a warcinfo of its own, and none is longer than it may."""
    path = written(tmp_path / "pages.warc.gz", coded, file_bytes=4_000)
    found = parts(path)
    assert not path.exists()
    assert len(found) > 3
    assert [part.name for part in found] == [f"pages-{number:05}.warc.gz" for number in range(len(found))]
    for part in found:
        kinds = [kind for kind, _ in kinds_and_heads(part)]
        assert kinds == ["warcinfo", *["response", "metadata"] * (len(kinds) // 2)]
        assert kinds_and_heads(part)[0][1]["WARC-Filename"] == part.name
        assert part.stat().st_size <= 4_000 or len(kinds) == 3
    assert sum(len(kinds_and_heads(part)) for part in found) == len(found) + 2 * len(coded)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_of_a_size_cut_anywhere(responses: list[Response], tmp_path: Path, suffix: str) -> None:
    """A kill concerns the last file; going on, each place is recorded once, wherever that was."""
    path = written(tmp_path / f"pages{suffix}", responses[:6], file_bytes=SMALL)
    whole = [(part, part.read_bytes()) for part in parts(path)]
    assert len(whole) > 2
    for at, (last, data) in enumerate(whole):
        for size in (*range(0, len(data), 397), len(data)):
            for number, (part, content) in enumerate(whole):
                part.unlink(missing_ok=True)
                if number <= at:
                    part.write_bytes(content if part != last else content[:size])
            with writers.open(path, resume=True, file_bytes=SMALL) as out:
                for response in responses[:6]:
                    if response.index not in out.recorded:
                        out.write(response, response.index)
            data_of_all = b"".join(part.read_bytes() for part in parts(path))
            data_of_all = gzip.decompress(data_of_all) if suffix == ".warc.gz" else data_of_all
            blocks = data_of_all.split(b"WARC-Type: metadata\r\n")[1:]
            places = [json.loads(block.split(b"\r\n\r\n")[1].removeprefix(b"httpconn: "))["index"] for block in blocks]
            assert sorted(places) == [*range(6)]
            assert data_of_all.count(b"WARC-Type: warcinfo\r\n") == len(parts(path))


def test_what_is_there_of_files_of_a_size(responses: list[Response], tmp_path: Path) -> None:
    path = written(tmp_path / "pages.warc", responses, file_bytes=SMALL)
    for options, error in (
        ({"file_bytes": SMALL}, FileExistsError),
        ({}, FileExistsError),
        ({"resume": True}, ValueError),
    ):
        with pytest.raises(error, match=r"there already|cut into files"):
            writers.open(path, **options)
    first = parts(path)[0]
    first.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not the last part"):
        writers.open(path, resume=True, file_bytes=SMALL)
    numbered = {part.name: part.read_bytes() for part in parts(path)}
    written(path, responses[:1], replace=True)
    assert {part.name: part.read_bytes() for part in parts(path)} == numbered, "another's, for all that is known"
    writers.open(path, resume=True).close()
    others = [path.with_name("pages-20240101.warc"), path.with_name(f"pages-{len(numbered) + 1:05}.warc")]
    for other in others:
        other.write_bytes(b"somebody else's")
    written(path, responses[:1], replace=True, file_bytes=SMALL)
    assert not path.exists()
    assert parts(path) == sorted([path.with_name("pages-00000.warc"), *others])
    assert all(other.read_bytes() == b"somebody else's" for other in others)
    for part in parts(path):
        part.unlink()
    written(path, responses[:1])
    with pytest.raises(ValueError, match="begun as one file"):
        writers.open(path, resume=True, file_bytes=SMALL)
    for name, options in (
        ("a.jsonl", {"file_bytes": 1}),
        ("a.jsonl", {"revisit": True}),
        ("a.parquet", {"revisit": True}),
    ):
        with pytest.raises(ValueError, match="for a WARC"):
            writers.open(tmp_path / name, **options)
    with pytest.raises(ValueError, match="1 or more"):
        writers.open(tmp_path / "new.warc", file_bytes=0)


def test_revisit_records(site: Site, tmp_path: Path) -> None:
    """The second time, and behind a kill too, content is referred to; what is empty, cut or other is written."""
    asked = [site.url(path) for path in ("/page", "/page?2", "/empty", "/empty", "/binary")]
    found = list(fetch_many(asked, ordered=True))
    path = written(tmp_path / "pages.warc.gz", found[:2], revisit=True)
    with writers.open(path, resume=True, revisit=True) as out:
        for response in (*found[2:], *fetch_many([Request("GET", site.url("/binary"), max_content=10)])):
            out.write(response, len(out.recorded))
        for response in found:
            out.write(response, len(out.recorded))
    heads = kinds_and_heads(path)
    assert [kind for kind, _ in heads if kind in ("response", "revisit")] == [
        *("response", "revisit" if found[1].content == found[0].content else "response"),
        *("response", "response", "response", "response"),
        *("revisit", "revisit", "response", "response", "revisit"),
    ]
    by_name = {(fields["WARC-Target-URI"], fields["WARC-Date"]): fields for kind, fields in heads if kind == "response"}
    for kind, fields in heads:
        if kind == "revisit":
            whole = by_name[fields["WARC-Refers-To-Target-URI"], fields["WARC-Refers-To-Date"]]
            assert fields["WARC-Payload-Digest"] == whole["WARC-Payload-Digest"]
            assert fields["WARC-Profile"].endswith("/1.1/revisit/identical-payload-digest")
    iterator = pytest.importorskip("warcio.archiveiterator")
    with path.open("rb") as file:
        for record in iterator.ArchiveIterator(file, check_digests="raise"):
            if record.rec_type == "revisit":
                assert record.http_headers.get_statuscode() == "200"


def test_a_redirects_page_as_long_as_is_kept(tmp_path: Path) -> None:
    """Of which the first 64 KiB are kept: it is whole with so many, and is cut with one more."""
    sizes = 65_535, 65_536, 65_537
    routes = {f"/{size}": (302, {"Location": "/page"}, b"x" * size) for size in sizes}
    chunked = b"HTTP/1.1 302 Found\r\nLocation: /3\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    wires = [chunked % (size, b"x" * size) for size in sizes]
    with (
        Site({"/page": ROUTES["/page"], **routes}) as site,
        Transcripts([*wires, b"HTTP/1.1 204 No Content\r\n\r\n"]) as other,
    ):
        urls = [*(site.url(path) for path in routes), *other.urls()[:3]]
        found = list(fetch_many(urls, ordered=True))
        kept = list(fetch_many([Request("GET", url, wire=True) for url in urls], ordered=True))
    path = written(tmp_path / "pages.warc.gz", found)
    moved = [fields for kind, fields in kinds_and_heads(path) if kind == "response"][::2]
    assert [fields.get("WARC-Truncated") for fields in moved] == [None, None, "length"] * 2
    path = written(tmp_path / "wire.warc.gz", kept)
    moved = [fields for kind, fields in kinds_and_heads(path) if kind == "response"][::2]
    bodies = [
        int(fields["Content-Length"]) - len(response.history[0].raw_head)
        for fields, response in zip(moved, kept, strict=True)
    ]
    assert bodies[:3] == [65_535, 65_536, 65_536]
    assert [fields.get("WARC-Truncated") for fields in moved] == [None, None, "length", "length", "length", "length"], (
        "with the chunks it is longer than what is kept of a message"
    )


def test_revisit_records_of_messages_as_they_came(tmp_path: Path) -> None:
    """There are none: that is said, and not passed over."""
    with Site({"/page": ROUTES["/page"]}) as site:
        found = list(fetch_many([Request("GET", site.url("/page"), wire=True), site.url("/page")], ordered=True))
    with writers.open(tmp_path / "pages.warc", revisit=True) as out:
        with pytest.raises(ValueError, match="revisit=True leaves out what wire=True"):
            out.write(found[0])
        out.write(found[1])
        assert [place in out.recorded for place in range(2)] == [False, True]


def test_messages_as_they_came(tmp_path: Path) -> None:
    """Each wire case, byte for byte; what has no end in the file is none of the message."""
    cases = answers()
    with Transcripts([case.wire for case in cases]) as server:
        asked = [Request("GET", url, wire=True, decode=False, redirects=0) for url in server.urls()]
        path = written(tmp_path / "pages.warc.gz", list(fetch_many(asked, ordered=True)))
    blocks = [
        member.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n\r\n")
        for member in members(path)
        if b"\r\nWARC-Type: response\r\n" in member
    ]
    assert blocks == [message_of(case) for case in cases]


def test_a_message_that_is_kept_in_part(tmp_path: Path) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n"
    with Transcripts([chunked]) as server:
        [kept] = fetch_many([Request("GET", server.urls()[0], wire=True, max_content=9)])
    assert kept.content == b"page"
    [_, response, _] = members(written(tmp_path / "pages.warc.gz", [kept]))
    assert b"\r\nWARC-Truncated: length\r\n" in response
    assert response.endswith(b"\r\n\r\n4\r\npage\r\n\r\n\r\n")
