#!/usr/bin/env bash
# What: vcrpy 9.4.2 around http.client (urllib.request, too). Of a response that has one field name in two spellings (X-A: 1, x-a: 2)
#   getheaders() and get_all() give every value once for each spelling: four of two. In the live recording run already, not only in
#   the replay; the response has no version (None), and isclosed() stays False behind the last byte.
# Expected: the list of fields that the server sent (names are case-insensitive, RFC 9110 5.1), the version, isclosed() True
#   at the end of the content (http.client's docs), or at least the live response untouched while recording.
# Seen: 2026-11-28, Python 3.11.7:
#   plain | X-A: ['1', '2'] | fields: 4 | version: 10 | isclosed: True | urllib's X-A: ['1', '2']
#   recording | X-A: ['1', '2', '1', '2'] | fields: 10 | version: None | isclosed: False | urllib's X-A: ['1', '2', '1', '2']
#   replay | X-A: ['1', '2', '1', '2'] | fields: 10 | version: None | isclosed: False | urllib's X-A: ['1', '2', '1', '2']
# Why it matters: behind a proxy that adds a field in its own spelling (Via, Set-Cookie, Vary) code under vcrpy sees values that were
#   never sent; a client that decides by version or isclosed() whether a connection can be kept decides otherwise than in production.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check vcrpy==9.4.2 wrapt==2.5.2 PyYAML==6.0.4
cd "$dir"; timeout 120 "$dir/v/bin/python" - <<'PY'
import http.client, http.server, sys, threading, urllib.request
from importlib.metadata import version
import vcr

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response_only(200)
        for name, value in (("X-A", "1"), ("x-a", "2"), ("Via", "1.1 a"), ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

def run():
    c = http.client.HTTPConnection(*server.server_address, timeout=20)
    c.request("GET", "/"); r = c.getresponse(); r.read()
    by_urllib = urllib.request.urlopen("http://%s:%d/" % server.server_address, timeout=20)
    seen = r.headers.get_all("X-A"), len(r.getheaders()), r.version, r.isclosed(), by_urllib.headers.get_all("x-a")
    c.close(); by_urllib.close()
    return seen

plain = run()
with vcr.use_cassette("c.yaml", record_mode="once"):
    live = run()
with vcr.use_cassette("c.yaml", record_mode="none"):
    replay = run()
print("versions", sys.version.split()[0], "vcrpy", version("vcrpy"))
for name, got in (("plain", plain), ("recording", live), ("replay", replay)):
    print(name, "| X-A:", got[0], "| fields:", got[1], "| version:", got[2], "| isclosed:", got[3], "| urllib's X-A:", got[4])
assert plain == (["1", "2"], 4, 10, True, ["1", "2"]), "plain http.client changed"
assert live == replay == (["1", "2"] * 2, 10, None, False, ["1", "2"] * 2), "vcrpy changed"
server.shutdown()
PY
