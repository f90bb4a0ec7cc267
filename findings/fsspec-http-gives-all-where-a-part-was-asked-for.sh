#!/usr/bin/env bash
# What: bytes 2 to 5 of a file of ten over HTTP, from a server that does without Range and answers 200 with the whole, by fsspec 2026.9.0
#   (cat_file and cat_ranges with start and end; a file that is opened and sought) and smart_open 9.0.2 (opened and sought).
#   Then the same from a server that heeds Range.
# Expected: the three bytes, cut out of what came, or an error. A server may ignore Range (RFC 9110, 14.2), so 200 says "this is all of it".
# Seen: 2026-11-29, Python 3.11.7:
#   cat_file(start=2, end=5)     b'0123456789' from the server without ranges, b'234' from the other
#   cat_ranges([url], [2], [5])  [b'0123456789'], [b'234']
#   open, seek(2), read(3)       ValueError, b'234'; smart_open the same: UnsupportedOperation, b'234'
# Why: cat_file sends Range and hands out whatever comes with a status below 400; only the file object looks at the status.
# Why it matters: readers of parts of arrays and tables (references, byte ranges of Zarr and Parquet) go by cat_ranges. Behind a proxy or a
#   development server without ranges they decode the beginning of the file in place of the part, and no error says so.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check fsspec==2026.9.0 aiohttp==3.14.5 smart_open==9.0.2 requests==2.34.2
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import fsspec, smart_open

DATA = b"0123456789"


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        part, asked = DATA, self.headers.get("Range")
        if asked and self.path == "/with":
            first, last = asked.removeprefix("bytes=").split("-")
            first, last = int(first), min(int(last or len(DATA) - 1), len(DATA) - 1)
            part = DATA[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(DATA)}")
        else:
            self.send_response(200)
        if self.path == "/with":
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(part)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
fs = fsspec.filesystem("http")


def sought(opened):
    with opened as file:
        file.seek(2)
        return file.read(3)


WAYS = {
    "cat_file": lambda url: fs.cat_file(url, start=2, end=5),
    "cat_ranges": lambda url: fs.cat_ranges([url], [2], [5]),
    "open": lambda url: sought(fs.open(url)),
    "smart_open": lambda url: sought(smart_open.open(url, "rb")),
}
seen = {}
print("versions", *(f"{name} {version(name)}" for name in ("fsspec", "aiohttp", "smart_open")))
for name, way in WAYS.items():
    told = []
    for path in ("/without", "/with"):
        try:
            told.append(way(base + path))
        except Exception as error:
            told.append(type(error).__name__)
    seen[name] = tuple(told)
    print(f"{name:12}", *told)
assert seen == {
    "cat_file": (DATA, b"234"),
    "cat_ranges": ([DATA], [b"234"]),
    "open": ("ValueError", b"234"),
    "smart_open": ("UnsupportedOperation", b"234"),
}, seen
PY
