#!/usr/bin/env bash
# What: mechanize 0.4.10. Importing it gives http.client's HTTPMessage another way to answer: `headers[name]` returns the last of
#   repeated field lines, and `headers.get(name)` still returns the first; in the whole process, for every library on http.client.
# Expected: an import that changes nothing for others; and `headers.get(name)` to be `headers[name]` with a default, as the
#   email package documents for messages.
# Seen (2026-11-29, Python 3.11.7): before the import 'a=1' and 'a=1'; after it 'b=2' and 'a=1', of http.client and urllib.request.
# Why it matters: a scraper that logs in by mechanize and fetches the rest by anything on http.client reads another
#   Set-Cookie, Link, Content-Encoding or Vary than it did the line before; a test suite that imports it in one module changes others.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mechanize==0.4.10 html5lib==1.1 webencodings==0.5.1 six==1.17.0
cat > "$folder/run.py" <<'PROGRAM'
import http.client
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()


def seen():
    found = []
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", "/")
    headers = connection.getresponse().headers
    found.append((headers["Set-Cookie"], headers.get("Set-Cookie")))
    connection.close()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/", timeout=10) as response:
        found.append((response.headers["Set-Cookie"], response.headers.get("Set-Cookie")))
    return found


before = seen()
import mechanize  # noqa: E402, F401

after = seen()
server.shutdown()
print("Python", sys.version.split()[0], "mechanize", version("mechanize"))
print("before:", before)
print("after: ", after)
assert before == [("a=1", "a=1")] * 2, before
assert after == [("b=2", "a=1")] * 2, after
PROGRAM
timeout 120 "$folder/venv/bin/python" "$folder/run.py"
