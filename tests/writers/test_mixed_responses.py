"""A thousand mixed responses in a WARC: bytes and digests are what the server says that it has sent."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from httpconn import Request, Response, fetch_many, writers

from ..support.mixed import Message, Mixed, messages
from ..support.transcripts import Transcripts, answers, message_of

SENT = messages(1_000, seed=19)


class Record(NamedTuple):
    fields: dict[str, str]
    block: bytes


def records_of(data: bytes) -> Iterator[Record]:
    """Yield the records of a file in gzip, each of which is a member; by nothing of ours."""
    while data:
        member = zlib.decompressobj(31)
        head, _, rest = member.decompress(data).partition(b"\r\n\r\n")
        assert member.eof
        data = member.unused_data
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        size = int(fields["Content-Length"])
        assert rest[size:] == b"\r\n\r\n"
        yield Record(fields, rest[:size])


def digest(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def fetched(*, wire: bool) -> list[Response]:
    with Mixed(SENT) as server:
        asked = [Request("GET", url, decode=False, wire=wire) for url in server.urls()]
        found = list(fetch_many(asked, ordered=True, keep_sent=True, per_host=8))
        assert server.sent == {number: zlib.crc32(message.wire) for number, message in enumerate(SENT)}
    return found


@pytest.fixture(scope="module", params=[False, True], ids=["default", "wire"])
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    path = tmp_path_factory.mktemp("mixed") / "pages.warc.gz"
    with writers.open(path) as out:
        for response in fetched(wire=request.param):
            out.write(response)
    return path, request.param


def told_head(message: Message) -> bytes:
    """Return the head as a default record has it: no transfer coding is true of its block."""
    return re.sub(rb"(?im)^(?=transfer-encoding:)", b"X-Orig-", message.head)


def test_all_kinds_are_among_them() -> None:
    counts = Counter(feature for message in SENT for feature in message.features)
    wanted = {
        "chunked",
        "gzip",
        "trailers",
        "103",
        "bytes above 0x7f",
        "no reason phrase",
        "chunk extension",
        "until close",
    }
    assert {*counts} == wanted
    assert min(counts.values()) > 50


def test_bytes_and_digests(archive: tuple[Path, bool]) -> None:
    """Each block is what was sent, or head and body without the transfer coding; each digest is of just that."""
    path, is_wire = archive
    found = [*records_of(path.read_bytes())]
    assert len(found) == 1 + 3 * len(SENT)
    for record in found:
        assert record.fields["WARC-Block-Digest"] == digest(record.block)
    responses = [record for record in found if record.fields["WARC-Type"] == "response"]
    for message, record in zip(SENT, responses, strict=True):
        assert record.block == (message.wire if is_wire else told_head(message) + message.coded)
        told = record.fields.get("WARC-Payload-Digest")
        if is_wire and message.features & {"103", "chunked"}:
            assert told is None, "readers do not agree what the payload is"
        else:
            assert told == digest(message.coded)
        assert "WARC-Truncated" not in record.fields


def test_read_by_warcio(archive: tuple[Path, bool]) -> None:
    """``warcio check`` finds nothing; statuses, and the content of all that it can undo, are the server's."""
    iterator = pytest.importorskip("warcio.archiveiterator")
    path, is_wire = archive
    sent = iter(SENT)
    with path.open("rb") as file:
        for record in iterator.ArchiveIterator(file, check_digests="raise"):
            raw = record.raw_stream.read()
            if record.rec_type != "response":
                continue
            message = next(sent)
            behind = message.wire.partition(b"\r\n\r\n")[2]
            assert raw == (behind if is_wire else message.coded)
            if not (is_wire and "103" in message.features):
                assert record.http_headers.get_statuscode() == str(message.status)
                assert len(record.http_headers.headers) == message.head.count(b"\n") - 2
    assert next(sent, None) is None


def test_checked_by_warcio(archive: tuple[Path, bool], capsys: pytest.CaptureFixture[str]) -> None:
    checker = pytest.importorskip("warcio.checker")
    path, _ = archive
    assert checker.Checker(SimpleNamespace(inputs=[str(path)], verbose=False)).process_all() == 0
    assert capsys.readouterr().out == ""


def test_read_by_fastwarc(archive: tuple[Path, bool]) -> None:
    warc: Any = pytest.importorskip("fastwarc.warc")
    path, is_wire = archive
    count = 0
    with path.open("rb") as file:
        for record in warc.ArchiveIterator(file, parse_http=False):
            assert record.verify_block_digest()
            if record.record_type == warc.WarcRecordType.response:
                message = SENT[count]
                count += 1
                assert record.reader.read() == (message.wire if is_wire else told_head(message) + message.coded)
    assert count == len(SENT)


@pytest.mark.parametrize("wire", [False, True])
def test_the_wire_cases(tmp_path: Path, wire: bool) -> None:
    """What a record has of each message that the parsers are tested by: its content, and a head that is true of it."""
    cases = answers()
    path = tmp_path / "pages.warc.gz"
    with Transcripts([case.wire for case in cases]) as server:
        asked = [Request("GET", url, decode=False, redirects=0, wire=wire) for url in server.urls()]
        found = list(fetch_many(asked, ordered=True, keep_sent=True))
    with writers.open(path) as out:
        for response in found:
            out.write(response)
    responses = [record for record in records_of(path.read_bytes()) if record.fields["WARC-Type"] == "response"]
    for case, response, record in zip(cases, found, responses, strict=True):
        expected: Any = case.expected("pool")
        assert record.fields["WARC-Block-Digest"] == digest(record.block)
        if wire:
            assert record.block == message_of(case), case.id
            assert record.fields.get("WARC-Payload-Digest") in (None, digest(expected.body)), case.id
            continue
        assert record.block.endswith(expected.body), case.id
        head = record.block[: len(record.block) - len(expected.body)]
        assert head.lower().replace(b"x-orig-transfer-encoding", b"transfer-encoding").split() == (
            response.raw_head.lower().split()
        ), case.id
        assert record.fields["WARC-Payload-Digest"] == digest(expected.body)
    checked = pytest.importorskip("warcio.archiveiterator")
    with path.open("rb") as file:
        for warcio_record in checked.ArchiveIterator(file, check_digests="raise"):
            warcio_record.raw_stream.read()
