#!/usr/bin/env bash
# What: a record as most tools write it; one with WARC-Target-URI in angle brackets, as GNU Wget writes it; and ones with 'warc-type' or 'content-length' in
#   small letters. Read by warcio 1.8.1, FastWARC 2.0.0, warc3-wet 0.2.5 and warctools 5.0.1; and indexed by cdxj-indexer 1.5.0.
# Expected: the URI without brackets: the grammar of WARC/1.0 has them around each URI, as a part of how it is written; its examples, and WARC/1.1, have none
#   there. Names of WARC's fields know no case, in either version.
# Seen: 2026-11-30, Python 3.11.7:
#                           brackets      warc-type                   content-length
#   warcio, cdxj-indexer    taken off     read                        read
#   warc3-wet, warctools    kept          read                        read
#   FastWARC                kept          a record without a type     OSError: Invalid WARC header
# Why it matters: what Wget has stored is not found by its URL, nor joined with anything, by three of the readers; a host cut out of '<http://...>' is a wrong
#   one. And a filter for responses, FastWARC's usual way to read, passes over the record without a type in silence.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check warcio==1.8.1 FastWARC==2.0.0 warc3-wet==0.2.5 warctools==5.0.1 cdxj-indexer==1.5.0
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import gzip, json, os, re, subprocess, sys
from importlib.metadata import version
import warc
from fastwarc.warc import ArchiveIterator as ByFastWARC, WarcRecordType
from hanzo.warctools import WarcRecord
from warcio.archiveiterator import ArchiveIterator as ByWarcio

BLOCK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 11\r\n\r\n<p>page</p>"
PLAIN = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://site.example/a\r\nWARC-Date: 2026-11-30T04:00:00Z\r\n"
    b"WARC-Record-ID: <urn:uuid:95dddf37-6f3c-4b81-ba2c-ed9c3ba30ad8>\r\nContent-Type: application/http;msgtype=response\r\n"
    b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(BLOCK), BLOCK)
)
RECORDS = {
    "plain": PLAIN,
    "brackets": PLAIN.replace(b"http://site.example/a", b"<http://site.example/a>"),
    "warc-type": PLAIN.replace(b"WARC-Type", b"warc-type"),
    "content-length": re.sub(rb"Content-Length(: \d+\r\n\r\nHTTP)", rb"content-length\1", PLAIN),
}
NAME = "page.warc.gz"


def by_warcio():
    with open(NAME, "rb") as file:
        return [(record.rec_type, record.rec_headers.get_header("WARC-Target-URI")) for record in ByWarcio(file)]


def by_fastwarc():
    with open(NAME, "rb") as file:
        return [("response" if record.record_type == WarcRecordType.response else "no type", record.headers["WARC-Target-URI"]) for record in ByFastWARC(file)]


def by_warc3_wet():
    with warc.open(NAME) as file:
        return [(record.type, record.url) for record in file]


def by_warctools():
    archive = WarcRecord.open_archive(NAME)
    found = [(record.type.decode(), record.url.decode()) for _, record, _ in archive.read_records(limit=None) if record]
    archive.close()
    return found


def by_cdxj_indexer():
    done = subprocess.run([os.path.join(os.path.dirname(sys.executable), "cdxj-indexer"), NAME], capture_output=True, check=True, text=True)
    return [("response", json.loads(line.split(" ", 2)[2])["url"]) for line in done.stdout.splitlines()]


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("warcio", "FastWARC", "warc3-wet", "warctools", "cdxj-indexer")))
seen = {}
for read in (by_warcio, by_cdxj_indexer, by_fastwarc, by_warc3_wet, by_warctools):
    for name, data in RECORDS.items():
        with open(NAME, "wb") as file:
            file.write(gzip.compress(data))
        try:
            seen[read, name] = read()
        except OSError as error:
            seen[read, name] = f"OSError: {error}"
        print(f"{read.__name__[3:]:13} {name:15}", seen[read, name])
right, kept = [("response", "http://site.example/a")], [("response", "<http://site.example/a>")]
for read in (by_warcio, by_cdxj_indexer):
    assert all(seen[read, name] == right for name in RECORDS), "changed"
for read in (by_warc3_wet, by_warctools):
    assert all(seen[read, name] == (kept if name == "brackets" else right) for name in RECORDS), "changed"
assert [seen[by_fastwarc, name] for name in RECORDS] == [
    right, kept, [("no type", "http://site.example/a")], "OSError: Invalid WARC header",
], "changed"
PY
