#!/usr/bin/env bash
# What: mechanize 0.4.10 follows a 307 or 308 of a POST with a POST that has no content (and no Content-Type); no error. And it takes
#   a response that is cut short of its Content-Length for whole.
# Expected: 307 and 308 repeat the request, content too (RFC 9110 15.4.8, 15.4.9; urllib.request follows neither for a POST but raises,
#   curl and requests send the content again), or an error. A cut response is incomplete (RFC 9112 8): http.client raises IncompleteRead.
# Seen: 2026-11-28, Python 3.11.7:
#   307 mechanize | ('POST', '/307', 'application/x-www-form-urlencoded', b'a=1') ('POST', '/end', None, b'')
#   307 requests | ('POST', '/307', 'application/x-www-form-urlencoded', b'a=1') ('POST', '/end', 'application/x-www-form-urlencoded', b'a=1')
#   307 urllib | ('POST', '/307', 'application/x-www-form-urlencoded', b'a=1')
#   308 mechanize | ('POST', '/308', 'application/x-www-form-urlencoded', b'a=1') ('POST', '/end', None, b'')
#   308 requests | ('POST', '/308', 'application/x-www-form-urlencoded', b'a=1') ('POST', '/end', 'application/x-www-form-urlencoded', b'a=1')
#   308 urllib | ('POST', '/308', 'application/x-www-form-urlencoded', b'a=1')
#   cut response, 5 of 10: b'short'
# Why it matters: a form behind a site that moved (http to https by 308, load balancers) is submitted empty, and the server's "missing
#   field" answer looks like a fault of the form; a download that broke off looks complete.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check mechanize==0.4.10 html5lib==1.1 requests==2.34.2
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import http.server, sys, threading, urllib.error, urllib.request
from importlib.metadata import version
import mechanize, requests

seen = []
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "10"); self.end_headers(); self.wfile.write(b"short")
    def do_POST(self):
        seen.append((self.command, self.path, self.headers.get("Content-Type"), self.rfile.read(int(self.headers.get("Content-Length", 0)))))
        if self.path != "/end":
            self.send_response(int(self.path[1:])); self.send_header("Location", "/end")
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = "http://127.0.0.1:%d/" % server.server_address[1]

def browser():
    b = mechanize.Browser(); b.set_handle_robots(False); return b
def by_urllib(url):
    try:
        urllib.request.urlopen(url, data=b"a=1", timeout=20)
    except urllib.error.HTTPError as e:
        e.close()
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("mechanize", "requests")))
FORM = "application/x-www-form-urlencoded"
WANT = {"mechanize": [("POST", "/end", None, b"")], "requests": [("POST", "/end", FORM, b"a=1")], "urllib": []}
for status in ("307", "308"):
    for name, send in (("mechanize", lambda u: browser().open(u, data="a=1")), ("requests", lambda u: requests.post(u, data={"a": "1"}, timeout=20)),
                       ("urllib", by_urllib)):
        seen.clear(); send(base + status)
        print(status, name, "|", *seen)
        assert seen == [("POST", "/" + status, FORM, b"a=1")] + WANT[name], f"{name}: changed"
body = browser().open(base).read()
print("cut response, 5 of 10:", body)
assert body == b"short", "cut response: changed"
server.shutdown()
PY
