#!/usr/bin/env bash
# What: vcrpy 9.4.2 with decode_compressed_response=True. The first run hands out the response as it came, the replay
#   hands out another: HEAD of a gzip-coded page says Content-Length: 0 and no Content-Encoding; a GET through
#   http.client gives coded bytes in the first run and the plain text in the second.
# Expected: HEAD has no content, so there is nothing to decode and its fields stay (RFC 9110 9.3.2: Content-Length of
#   HEAD tells what GET would have); and one test sees the same response in the first run and in all later ones.
# Seen: 2026-11-28, Python 3.11.7:
#   first run | HEAD: Content-Length 31 Content-Encoding gzip | GET by http.client: b'\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab'
#   second run | HEAD: Content-Length 0 Content-Encoding None | GET by http.client: b'zipped text'
# Why it matters: code that asks for a size by HEAD (progress bars, Range plans, "has it changed") gets 0 from the
#   cassette, and tests that were green when recorded turn red in CI, or the other way round.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check vcrpy==9.4.2 wrapt==2.5.2 PyYAML==6.0.4 requests==2.34.2 urllib3==2.8.0
cd "$dir"; timeout 120 "$dir/v/bin/python" - <<'PY'
import gzip, http.client, http.server, sys, threading
from importlib.metadata import version
import requests, vcr

CODED = gzip.compress(b"zipped text", mtime=0)
class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_HEAD(self):
        self.send_response_only(200)
        self.send_header("Content-Encoding", "gzip"); self.send_header("Content-Length", str(len(CODED)))
        self.end_headers()
    def do_GET(self):
        self.do_HEAD(); self.wfile.write(CODED)
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
host, port = server.server_address

def run():
    with requests.Session() as s:
        r = s.head(f"http://{host}:{port}/")
    c = http.client.HTTPConnection(host, port, timeout=20)
    c.request("GET", "/"); body = c.getresponse().read(); c.close()
    return r.headers.get("Content-Length"), r.headers.get("Content-Encoding"), body

seen = []
for _ in range(2):
    with vcr.use_cassette("c.yaml", record_mode="once", decode_compressed_response=True):
        seen.append(run())
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("vcrpy", "requests", "urllib3")))
for name, (length, coding, body) in zip(("first run", "second run"), seen):
    print(name, "| HEAD: Content-Length", length, "Content-Encoding", coding, "| GET by http.client:", body[:11])
assert seen[0] == (str(len(CODED)), "gzip", CODED), "first run changed"
assert seen[1] == ("0", None, b"zipped text"), "replay changed"
server.shutdown()
PY
