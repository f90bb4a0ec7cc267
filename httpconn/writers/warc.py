"""WARC 1.1: a response record for each message, redirects too, and a metadata record that completes them.

A message that was kept as it came (``Request(wire=True)``) is in its record exactly so. Else a record holds it without
its transfer coding, since most readers of WARC cannot undo each that servers send. The
field is there under the name X-Orig-Transfer-Encoding. The content coding is kept where the response was asked for with
``decode=False``, as ``httpconn fetch`` does; else the content is decoded, and Content-Encoding and Content-Length are
renamed in the same way. Each record is a gzip member of its own.

Records of one request stand together: of each message the request (with ``keep_sent=True``) and the response, which
names it in WARC-Concurrent-To, since indexers take the two for a pair only then; last the metadata, also where no
response came: a field ``httpconn`` whose value is JSON with the columns of `columns.py`. It is of the media type
application/warc-fields, since another one is indexed, and replayed in the place of the page. What stands behind the
last metadata record was not written whole.

By hand: FastWARC makes a gzip member of a record only after ``finish()``, and warcio takes several times as long.

Content that is in the archive already is left out, where that is asked for: then the record is a revisit, which has the
head, and says of which URL and date the whole is (profile identical-payload-digest).

Source: WARC 1.1 (ISO 28500:2017), sections 5 and 6, annex D.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from .._wire.head import field_value_of
from ..errors import BodyTooLong
from ..model import Request, Response, Sent, Wire
from .blocks import BlockFile, encoder_of, whole_parts
from .columns import Records, asked_url, chosen
from .jsonl import place_of, serializer
from .recorded import Recorded, url_told
from .spool import Opening, Spool, SpoolingWriter
from .warc_files import WARCFiles

_TRANSFER_CODING: Final = re.compile(rb"(?im)^(?=transfer-encoding[ \t]*:)")
_CONTENT_CODING: Final = re.compile(rb"(?im)^(?=(?:content-encoding|content-length)[ \t]*:)")
_BLANK_LINE: Final = re.compile(rb"(?m)^[ \t\r]+\n(?=[\s\S])")
"""Within a head: readers of WARC take it for its end. What stands in it is nothing."""
_SAME_CONTENT: Final = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
_MOST_KNOWN: Final = 1_000_000
"""Of contents that a revisit record may refer to: some 300 MB of memory."""
_FIELDS: Final = "application/warc-fields"
_OF_METADATA: Final = b"httpconn: "
_LENGTH: Final = re.compile(rb"(?im)^content-length: *(\d+)\r$")


_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS: Final = [first + second for first in _BASE32 for second in _BASE32]
_SHIFTS: Final = range(150, -1, -10)


def _digest(data: bytes) -> str:
    """Return the digest of *data* in Base32, by ten bits at a time: the standard library's takes four times as long."""
    number = int.from_bytes(hashlib.sha1(data, usedforsecurity=False).digest(), "big")
    return "sha1:" + "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


@functools.lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _date(seconds: float) -> str:
    whole, micros = divmod(round(seconds * 1e6), 1_000_000)
    return f"{_second(whole)}.{micros:06}Z"


class _Names:
    """Makes record IDs: random for each file, and counted in it."""

    def __init__(self) -> None:
        begin = os.urandom(10).hex()
        self._begin = f"<urn:uuid:{begin[:8]}-{begin[8:12]}-4{begin[13:16]}-a{begin[17:20]}-"
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return f"{self._begin}{self._count:012x}>"


def _record(kind: str, name: str, date: str, media: str, block: bytes, *fields: tuple[str, str]) -> bytes:
    lines = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: {name}",
        f"WARC-Date: {date}",
        *(f"{field}: {value}" for field, value in fields if value),
        f"WARC-Block-Digest: {_digest(block)}",
        f"Content-Type: {media}",
        f"Content-Length: {len(block)}",
    ]
    head = "\r\n".join(lines).encode("utf-8", "replace")
    return b"".join((head, b"\r\n\r\n", block, b"\r\n\r\n"))


def _target(url: str) -> str:
    """Return *url* as a field can have it: no white space, no end of line."""
    if " " not in url and url.isprintable():
        return url
    return re.sub(r"[\x00-\x20\x7f]", lambda found: f"%{ord(found[0]):02X}", url)


def _is_decoded(response: Response) -> bool:
    """Whether content codings were undone that the head tells of."""
    head = response._head
    if head is None or not response._content or not head.field_values("content-encoding"):
        return False
    asked = response._request
    if isinstance(asked, Request) and not asked.decode:
        return False
    return not any(
        "as it came" in defect.reason for defect in response.defects
    )  # one that is unknown is left as it came


def head_of(response: Response) -> bytes:
    """Return the head as the record has it: fields that are no longer true of the block are renamed.

    Lines of nothing but white space are left out.
    """
    block = response.raw_head
    if response.defects:
        block = _BLANK_LINE.sub(b"", block)
    if response._head is not None and response._head.transfer_encoding is not None:
        block = _TRANSFER_CODING.sub(b"X-Orig-", block)
    if _is_decoded(response):
        block = _CONTENT_CODING.sub(b"X-Orig-", block)
    return block


def _truncated(response: Response, *, is_last: bool) -> str:
    """Return the reason why the block is not the whole message, "" where it is. Source: section 5.13."""
    sent: Sent | None = response._sent
    wire = None if sent is None else sent.wire
    if wire is not None and wire.is_truncated:
        return "length"
    if not is_last and wire is None and sent is not None and sent.is_cut:
        return "length"
    error = response.error
    if error is None:
        return ""
    if isinstance(error, BodyTooLong):
        return "length"
    return "time" if isinstance(error, TimeoutError) else "disconnect"


def _wire_of(response: Response) -> Wire | None:
    """Return the message as it came, where that is kept."""
    sent: Sent | None = response._sent
    return None if sent is None else sent.wire


class _Known:
    """Where each content is that has been written: its URL and date, by its digest."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[str, str]] = {}

    def place_of(self, digest: str, url: str, date: str) -> tuple[str, str] | None:
        """Return where the content is already; else note that it is there from now on."""
        found = self._places.get(digest)
        if found is None and len(self._places) < _MOST_KNOWN:
            self._places[digest] = url, date
        return found

    def learn(self, head: bytes) -> None:
        """Note what a record of an earlier run has, by its own head."""
        fields = dict(line.split(": ", 1) for line in head.decode("utf-8", "replace").split("\r\n")[1:] if ": " in line)
        if fields.get("WARC-Type") == "response" and "WARC-Truncated" not in fields:
            names = "WARC-Payload-Digest", "WARC-Target-URI", "WARC-Date"
            if all(name in fields for name in names):
                self.place_of(*(fields[name] for name in names))


def _protocols(response: Response) -> list[tuple[str, str]]:
    """Return WARC-Protocol and WARC-Cipher-Suite, as far as they are known."""
    found = [("WARC-Protocol", f"http/{response.version / 10}")]
    tls: Any = getattr(response, "tls", None)
    if tls is not None:
        found.append(("WARC-Protocol", tls.version.lower().replace("tlsv", "tls/")))
        found.append(("WARC-Cipher-Suite", tls.cipher))
    return found


def _request_body(response: Response) -> bytes:
    """Return the body that was sent, where it is bytes or text; a file or a generator has been read."""
    asked = response._request
    body = asked.body if isinstance(asked, Request) else None
    return body.encode() if isinstance(body, str) else bytes(body) if isinstance(body, bytes | bytearray) else b""


def whole_records(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield each whole record of a WARC file without compression, and the offset behind it."""
    end = 0
    while line := file.readline():
        lines = [line]
        while lines[-1].endswith(b"\n") and lines[-1] != b"\r\n":
            lines.append(file.readline())
        head = b"".join(lines)
        found = _LENGTH.search(head)
        if not lines[-1].endswith(b"\n"):
            return
        if found is None or not head.startswith(b"WARC/1."):
            raise ValueError(f"damaged behind byte {end}: no WARC record begins there")
        size = int(found[1]) + 4
        block = file.read(size)
        if len(block) < size:
            return
        end += len(head) + size
        yield head + block, end


class WARCWriter(SpoolingWriter):
    """See ``Writer``."""

    takes_coded = True

    def __init__(self, path: str, coding: str, opening: Opening) -> None:
        """Raises as ``writers.open``. *fields* are those of the metadata record."""
        self._records = Records(chosen(opening.fields, ()))
        self._serialize = serializer()
        self._coding = coding
        self._encode = encoder_of(coding)
        self._names = _Names()
        self.recorded = Recorded()
        self._known = _Known() if opening.revisit else None
        self._told: set[str] = set()
        self._files = WARCFiles(path, opening, begin_of=self._beginning, read=self._read)
        self._spool: Spool[list[list[bytes]]] = Spool(self._append, opening.flush_s, list)

    def _beginning(self, name: str) -> bytes:
        """Return what a file of that *name* begins with."""
        told = (
            "software: httpconn\r\nformat: WARC File Format 1.1\r\n"
            "conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
        )
        file_name = ("WARC-Filename", name)
        record = _record("warcinfo", self._names.next(), _date(time.time()), _FIELDS, told.encode(), file_name)
        return bytes(self._encode(record))

    def _read(self, whole_file: BlockFile) -> int:
        """Note what a file has, and return where its last whole group ends. Raises ValueError."""
        whole = 0
        try:
            with whole_file.reading() as file:
                parts = whole_records(file) if self._coding == "plain" else whole_parts(file, self._coding)
                for record, end in parts:
                    head, _, block = record.partition(b"\r\n\r\n")
                    if self._known is not None:
                        self._known.learn(head)
                    if b"\r\nWARC-Type: metadata\r\n" in head:
                        self.recorded.add(*place_of(block.removeprefix(_OF_METADATA)))
                        whole = end
                    elif b"\r\nWARC-Type: warcinfo\r\n" in head and not whole:
                        whole = end
        except ValueError as error:
            raise ValueError(f"{whole_file.path} cannot be resumed: {error}") from None
        return whole

    def write(self, response: Response, index: int | None = None) -> None:
        place = self.recorded.place_of(response, index)
        url = asked_url(response)
        records: list[bytes] = []
        if response._head is not None:
            self._tell_what_is_missing(response)
        last = ""
        for hop in response.history:
            last = self._message(records, hop, is_last=False)
        if response._head is not None:
            last = self._message(records, response, is_last=True)
        told = self._records.record_of(response, place, url)
        told["trailers"] = [[name, field_value_of(value)] for name, value in response._trailers or ()]
        of_last = ("WARC-Concurrent-To", last)
        records.append(
            _record(
                "metadata",
                self._names.next(),
                _date(time.time()),
                _FIELDS,
                _OF_METADATA + self._serialize(told)[:-1] + b"\r\n",
                ("WARC-Target-URI", _target(url)),
                of_last,
            )
        )
        self.recorded.add(place, url)
        self._spool.put((records,), sum(map(len, records)))

    def _tell_what_is_missing(self, response: Response) -> None:
        """Warn once, with the first record, of what a WARC should have, and *response* was not asked for with."""
        sent: Sent | None = response._sent
        if (sent is None or sent.head is None) and "sent" not in self._told:
            self._told.add("sent")
            warnings.warn(
                "a WARC without request records and addresses, with the dates of writing: what was sent is kept by "
                "keep_sent=True of a pool, fetcher or client",
                stacklevel=3,
            )
        if (sent is None or sent.wire is None) and "decoded" not in self._told and _is_decoded(response):
            self._told.add("decoded")
            warnings.warn(
                "a WARC with content that was decoded, and with heads changed by that: it is left as it came by "
                "decode=False or wire=True of a request",
                stacklevel=3,
            )

    def _message(self, records: list[bytes], response: Response, *, is_last: bool) -> str:
        """Add the records of one request and its response; return the ID of the last one."""
        content = response.content  # of a stream, reads the rest
        uri = ("WARC-Target-URI", _target(url_told(response.url)))
        sent_at: Any = getattr(response, "sent_at", None)
        date = _date(sent_at if isinstance(sent_at, float) and sent_at > 0 else time.time())
        peer: Any = getattr(response, "peer", None)
        address = ("WARC-IP-Address", peer[0] if isinstance(peer, tuple) and peer[1] else "")
        asked: Any = getattr(response, "request_head", None)
        request_name = ""
        if asked:
            request_name = self._names.next()
            block = bytes(asked) + _request_body(response)
            media = "application/http;msgtype=request"
            records.append(_record("request", request_name, date, media, block, uri, address))
        name = self._names.next()
        digest = _digest(content)
        truncated = _truncated(response, is_last=is_last)
        fields = (
            uri,
            address,
            *_protocols(response),
            ("WARC-Concurrent-To", request_name),
            ("WARC-Payload-Digest", digest),
            ("WARC-Truncated", truncated),
        )
        media = "application/http;msgtype=response"
        wire = _wire_of(response)
        if wire is not None:
            if self._known is not None:
                raise ValueError("a WARC with revisit=True leaves out what wire=True of a request keeps: one of them")
            head = response.raw_head
            if head_of(response) != head or not wire.data.startswith(head) or wire.data[len(head) :] != content:
                # Readers take what stands behind the first head for the payload, its chunks too.
                fields = tuple(field for field in fields if field[0] != "WARC-Payload-Digest")
            records.append(_record("response", name, date, media, wire.data, *fields))
            return name
        known = self._known.place_of(digest, uri[1], date) if self._known and content and not truncated else None
        if known is None:
            records.append(_record("response", name, date, media, head_of(response) + content, *fields))
        else:
            of_whole = zip(("WARC-Refers-To-Target-URI", "WARC-Refers-To-Date"), known, strict=True)
            fields = (*fields, ("WARC-Profile", _SAME_CONTENT), *of_whole)
            records.append(_record("revisit", name, date, media, head_of(response), *fields))
        return name

    def _append(self, groups: list[list[bytes]]) -> None:
        encode = self._encode
        self._files.append([b"".join(map(encode, group)) for group in groups])

    def _finish(self) -> None:
        self._files.close()


def metadata_of(record: bytes) -> dict[str, Any] | None:
    """Return what a metadata record of ours tells, None for another record."""
    head, _, block = record.partition(b"\r\n\r\n")
    if b"\r\nWARC-Type: metadata\r\n" not in head or not block.startswith(_OF_METADATA):
        return None
    told: dict[str, Any] = json.loads(block.removeprefix(_OF_METADATA))
    return told
