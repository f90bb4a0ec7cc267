#!/usr/bin/env bash
# What: responses with a field outside ASCII ('X-City: Orléans', in Latin-1 and in UTF-8) and with spaces around its value ('X-Tag:one', 'X-Tag: \tone '),
#   recorded by capture_http of warcio 1.8.1 around requests 2.34.2. Told is what stands in the WARC file, and whether its digest is right.
# Expected: the bytes that came: a response record is "the full HTTP response received over the network" (ISO 28500, on the use of records with http URIs),
#   and warcio keeps the content to the byte, chunks and codings too.
# Seen: 2026-11-30, Python 3.11.7:
#   Latin-1 and UTF-8   'X-City: Orl%C3%A9ans', both
#   spaces              'X-Tag: one', both
#   Block digests are of the bytes that were written, so 'warcio check' finds nothing wrong.
# Why: the head is parsed, and written anew when the record is; what is not ASCII is percent-encoded as UTF-8.
# Why it matters: replayed, a file name in Content-Disposition or a Location has other characters than the site's, or none of its pages; a signature over fields
#   does not hold. And nobody can tell from the file, since '%C3%A9' may have been what the server sent.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check warcio==1.8.1 requests==2.34.2
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import subprocess, sys, threading
from importlib.metadata import version
from socketserver import StreamRequestHandler, ThreadingTCPServer
from warcio.archiveiterator import ArchiveIterator
from warcio.capture_http import capture_http
import requests  # behind capture_http, which puts itself into http.client

LINES = {
    "/plain": b"X-Tag: one",
    "/latin-1": b"X-City: Orl\xe9ans",
    "/utf-8": b"X-City: Orl\xc3\xa9ans",
    "/no-space": b"X-Tag:one",
    "/spaces": b"X-Tag: \tone ",
}
CONTENT = b"Transfer-Encoding: chunked\r\n\r\n4;e=1\r\npage\r\n0\r\nX-Sum: 1\r\n\r\n"


class Site(StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split(b" ")[1].decode()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + LINES[path] + b"\r\nConnection: close\r\n" + CONTENT)


class Server(ThreadingTCPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("warcio", "requests")))
with capture_http("pages.warc.gz"):
    for path in LINES:
        assert requests.get(base + path, timeout=10).content == b"page"
seen = {}
with open("pages.warc.gz", "rb") as file:
    for record in ArchiveIterator(file, no_record_parse=True):
        if record.rec_type == "response":
            block = record.raw_stream.read()
            assert block.endswith(b"\r\n" + CONTENT), "the content is another one"
            seen[record.rec_headers.get_header("WARC-Target-URI").removeprefix(base)] = block.split(b"\r\n")[1]
for path, line in LINES.items():
    print(f"{path:9} sent {line} recorded {seen[path]}")
assert seen == {
    "/plain": b"X-Tag: one", "/latin-1": b"X-City: Orl%C3%A9ans", "/utf-8": b"X-City: Orl%C3%A9ans", "/no-space": b"X-Tag: one", "/spaces": b"X-Tag: one",
}, "changed"
done = subprocess.run([sys.executable, "-m", "warcio.cli", "check", "-v", "pages.warc.gz"], capture_output=True, text=True)
print("warcio check", done.returncode, done.stdout.count("digest pass"), "digests pass")
assert done.returncode == 0 and done.stdout.count("digest pass") == 10, done.stdout + done.stderr
PY
