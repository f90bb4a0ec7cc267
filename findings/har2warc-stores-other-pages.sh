#!/usr/bin/env bash
# What: a HAR 1.2 file as browsers export it, turned into WARC by har2warc 1.0.4, and read again by warcio 1.8.1: a page in ISO-8859-1, a page in UTF-8, a picture in
#   base64, a POST of JSON, a request over HTTP/2 with its pseudo-fields, and '/?x=%41&y'.
# Expected: what was on the wire as far as HAR holds it. content.text is the decoded text (HAR 1.2, "content"), so the page is stored in the charset that its Content-Type
#   names, or that is changed as well; postData.text is the content of the request; a target is the URL's.
# Seen: 2026-11-30, Python 3.11.7. UTF-8 and base64 are right. But
#   ISO-8859-1   is stored as UTF-8 under 'charset=iso-8859-1': two letters for each one outside ASCII
#   POST         has its Content-Length and its Content-Type, and no content
#   HTTP/2       the lines ':method: GET' and ':path: /' in the head of an HTTP/1.1 request, which no parser takes (RFC 9113, 8.3; RFC 9112, 5)
#   /?x=%41&y    'GET /?x=A&y= HTTP/1.1'
# Why: the text is encoded as UTF-8 whatever the fields say, the query is made of queryString, and postData is not read.
# Why it matters: archives that were made by hand from a browser's export show broken letters for each old page, and have lost what was searched for by POST.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check har2warc==1.0.4 warcio==1.8.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import base64, json, os, subprocess, sys
from importlib.metadata import version
from warcio.archiveiterator import ArchiveIterator

SITE = "http://site.example"


def fields(**values):
    return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]


def entry(target, content, media_type, request_fields=(), query=(), post=None, **options):
    """Return an entry of a HAR file."""
    request = {
        "method": "POST" if post else "GET", "url": SITE + target, "httpVersion": "HTTP/1.1", "cookies": [], "headers": list(request_fields),
        "queryString": list(query), "headersSize": -1, "bodySize": -1,
    }
    if post:
        request["postData"] = {"mimeType": "application/json", "text": post}
    response = {
        "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": fields(Content_Type=media_type), "redirectURL": "",
        "content": {"size": len(content), "mimeType": media_type, "text": content, **options}, "headersSize": -1, "bodySize": -1,
    }
    timings = {"send": 0, "wait": 1, "receive": 0}
    return {"startedDateTime": "2026-11-30T04:00:00.000Z", "time": 1, "request": request, "response": response, "cache": {}, "timings": timings, "pageref": "p"}


PICTURE = b"\x89PNG\x00\xff"
PSEUDO = [{"name": name, "value": value} for name, value in ((":method", "GET"), (":authority", "site.example"), (":scheme", "http"), (":path", "/h2"), ("accept", "*/*"))]
ENTRIES = [
    entry("/latin-1", "café", "text/html; charset=iso-8859-1"),
    entry("/utf-8", "café", "text/html; charset=utf-8"),
    entry("/picture", base64.b64encode(PICTURE).decode(), "image/png", encoding="base64"),
    entry("/post", "done", "text/plain", fields(Content_Type="application/json", Content_Length="8"), post='{"a": 1}'),
    entry("/h2", "page", "text/plain", PSEUDO),
    entry("/?x=%41&y", "page", "text/plain", query=fields(x="A", y="")),
]
page = {"startedDateTime": "2026-11-30T04:00:00.000Z", "id": "p", "title": SITE, "pageTimings": {}}
with open("pages.har", "w") as file:
    json.dump({"log": {"version": "1.2", "creator": {"name": "browser", "version": "1"}, "pages": [page], "entries": ENTRIES}}, file)
subprocess.run([os.path.join(os.path.dirname(sys.executable), "har2warc"), "pages.har", "pages.warc.gz"], check=True, capture_output=True)
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("har2warc", "warcio")))
requests, contents = {}, {}
with open("pages.warc.gz", "rb") as file:
    for record in ArchiveIterator(file, no_record_parse=True):
        target = (record.rec_headers.get_header("WARC-Target-URI") or "").removeprefix(SITE)
        block = record.raw_stream.read()
        if record.rec_type == "request":
            requests[target] = block
        elif record.rec_type == "response":
            head, _, contents[target] = block.partition(b"\r\n\r\n")
            if target == "/latin-1":
                assert b"charset=iso-8859-1" in head, head
for target in ("/latin-1", "/utf-8", "/picture"):
    print(target, contents[target])
for target in ("/post", "/h2", "/?x=%41&y"):
    print(target, requests[target])
assert contents["/utf-8"] == "café".encode() and contents["/picture"] == PICTURE, "the control failed"
assert contents["/latin-1"] == "café".encode("utf-8"), "changed"
head, _, content = requests["/post"].partition(b"\r\n\r\n")
assert b"Content-Length: 8" in head and content == b"", "changed"
assert b"\r\n:method: GET\r\n" in requests["/h2"] and b"\r\n:path: /h2\r\n" in requests["/h2"], "changed"
assert requests["/?x=%41&y"].startswith(b"GET /?x=A&y= HTTP/1.1\r\n"), "changed"
PY
