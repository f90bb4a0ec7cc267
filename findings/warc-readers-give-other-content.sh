#!/usr/bin/env bash
# What: one page in WARC/1.0 records, each with another valid framing or coding, read by warcio 1.8.1 (content_stream(), with brotli 1.2.1 beside it, which it
#   uses where it is installed) and by FastWARC 2.0.0 (auto_decode="all").
# Expected: the page from all records by both. They hold what a server sent, and both readers offer to undo what HTTP has put around it: names of codings know
#   no case and x-gzip is gzip (RFC 9110, 8.4.1; RFC 9112, 7), several codings are undone from the last to the first (RFC 9110, 8.4), a gzip file may have
#   several members (RFC 1952, 2.2), and chunk extensions and trailers are read past (RFC 9112, 7.1).
# Seen: 2026-11-30, Python 3.11.7. Both read 'chunked', 'gzip' and the two together. Else:
#                             warcio                                    FastWARC
#   Chunked, with a capital   the page between its chunk sizes          the page
#   a chunk extension         the page                                  OSError
#   a trailer                 the page, and a part of the trailer       the page
#   x-gzip                    gzip bytes                                OSError
#   br                        AttributeError: ... 'unused_data'         the page
#   gzip of two members       the first one alone                       the page
#   gzip, gzip                gzip bytes                                the page
# Why: warcio sets an attribute on brotli's object, which that does not allow; an error of FastWARC's comes out of the iteration over the file, not of the record.
# Why it matters: a corpus has other texts by which of the two read the crawl, without an error in most cases; and who loops over a file with FastWARC
#   loses all that stands behind the record it cannot undo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check warcio==1.8.1 FastWARC==2.0.0 brotli==1.2.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import gzip, io, sys
from importlib.metadata import version
import brotli
from fastwarc.warc import ArchiveIterator as ByFastWARC
from warcio.archiveiterator import ArchiveIterator as ByWarcio

PAGE = b"<p>page</p><p>page</p>"


def record(fields, content):
    """Return a record of a response."""
    block = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{fields}\r\n\r\n".encode() + content
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://site.example/\r\nWARC-Date: 2026-11-30T04:00:00Z\r\n"
        "WARC-Record-ID: <urn:uuid:95dddf37-6f3c-4b81-ba2c-ed9c3ba30ad8>\r\nContent-Type: application/http;msgtype=response\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def chunked(content, extension=b"", trailer=b""):
    return b"%x%s\r\n%s\r\n0\r\n%s\r\n" % (len(content), extension, content, trailer)


CODED = gzip.compress(PAGE)
MEMBERS = gzip.compress(PAGE[:11]) + gzip.compress(PAGE[11:])
RECORDS = {
    "chunked": record("Transfer-Encoding: chunked", chunked(PAGE)),
    "gzip": record("Content-Encoding: gzip", CODED),
    "gzip, chunked": record("Content-Encoding: gzip\r\nTransfer-Encoding: chunked", chunked(CODED)),
    "Chunked": record("Transfer-Encoding: Chunked", chunked(PAGE)),
    "extension": record("Transfer-Encoding: chunked", chunked(PAGE, extension=b";e=1")),
    "trailer": record("Transfer-Encoding: chunked", chunked(PAGE, trailer=b"X-Sum: 1\r\n")),
    "x-gzip": record("Content-Encoding: x-gzip", CODED),
    "br": record("Content-Encoding: br", brotli.compress(PAGE)),
    "two members": record("Content-Encoding: gzip", MEMBERS),
    "gzip, gzip": record("Content-Encoding: gzip, gzip", gzip.compress(CODED)),
}


def kind(content):
    if content == PAGE:
        return "the page"
    if content[:2] == b"\x1f\x8b":
        return "gzip"
    return content


def by_warcio(data):
    for found in ByWarcio(io.BytesIO(data)):
        return kind(found.content_stream().read())


def by_fastwarc(data):
    for found in ByFastWARC(io.BytesIO(data), auto_decode="all"):
        return kind(found.reader.read())


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("warcio", "FastWARC", "brotli")))
seen = {}
for name, data in RECORDS.items():
    told = []
    for read in (by_warcio, by_fastwarc):
        try:
            told.append(read(data))
        except (AttributeError, OSError) as error:
            told.append(type(error).__name__)
    seen[name] = told
    print(f"{name:14}", *told, sep="  ")
trailer = seen["trailer"][0]
assert trailer != PAGE and trailer.startswith(PAGE) and b": 1" in trailer, "changed"
page = "the page"
assert seen == {
    "chunked": [page, page], "gzip": [page, page], "gzip, chunked": [page, page],
    "Chunked": [chunked(PAGE), page], "extension": [page, "OSError"], "trailer": [trailer, page], "x-gzip": ["gzip", "OSError"],
    "br": ["AttributeError", page], "two members": [PAGE[:11], page], "gzip, gzip": ["gzip", page],
}, seen
told = []
try:
    for found in ByFastWARC(io.BytesIO(RECORDS["gzip"] + RECORDS["x-gzip"] + RECORDS["gzip"]), auto_decode="all"):
        told.append(kind(found.reader.read()))
except OSError:
    told.append("OSError")
print("FastWARC, x-gzip between two pages", told)
assert told == [page, "OSError"], "changed"
PY
