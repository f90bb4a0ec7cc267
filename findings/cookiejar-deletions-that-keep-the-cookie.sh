#!/usr/bin/env bash
# What: `http.cookiejar` (Python 3.11; the jar of requests 2.34.2 and httpx 0.28.1, of mechanize and Scrapy) makes a *session cookie*, and
#   goes on sending it, out of most dates in the past that are not spelled like `Thu, 01 Jan 1970 ...`: every date before 1970,
#   the asctime form of any date, and (in 2026) a two-digit year 70 to 76, which it takes for 2070 and later. A Max-Age or a Path that
#   it cannot read makes it drop the whole Set-Cookie, so that the *old* cookie stays.
# Expected: RFC 6265 section 5.1.1 reads all three HTTP dates, years 70 to 99 are 19xx, any year from 1601 on is one; 5.3 removes what
#   is expired. 5.2.2 to 5.2.4: of a Max-Age, Domain or Path that makes no sense the *attribute* is passed over, not the cookie.
# Seen: (2026-11-28, Python 3.11.7) after "sid=first", the same in requests and httpx:
#   Expires=Thu, 01 Jan 1970 00:00:00 GMT, and Thursday, 01-Jan-98: none sent (right)
#   Wed, 31 Dec 1969 23:59:59 GMT, 01 Jan 1601, asctime of 1970 and of 2020, Thursday, 01-Jan-70: `sid=` is sent
#   Max-Age="0" with a good Expires; Domain= with Max-Age=0; a bare Path with Max-Age=0: `sid=first` is sent
# Why it matters: logging out, or a reset of a consent or of an A/B group, does not happen in the client; a crawl with two kinds of
#   clients sees two sites. Year 70 used to work: the window of 50 years moved past it in 2020.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 httpcore==1.0.9
timeout 120 "$tmp/v/bin/python" - <<'PY'
import http.server, platform, threading
import httpx, requests

DELETE = {  # field: what both clients send afterwards
    "sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT": "none",
    "sid=; Path=/; Expires=Wed, 31 Dec 1969 23:59:59 GMT": "sid=",
    "sid=; Path=/; Expires=Mon, 01 Jan 1601 00:00:00 GMT": "sid=",
    "sid=; Path=/; Expires=Fri Jan  2 00:00:00 1970": "sid=",
    "sid=; Path=/; Expires=Sat Nov 28 10:00:00 2020": "sid=",
    "sid=; Path=/; Expires=Thursday, 01-Jan-70 00:00:00 GMT": "sid=",
    "sid=; Path=/; Expires=Thursday, 01-Jan-98 00:00:00 GMT": "none",
    'sid=; Path=/; Max-Age="0"; Expires=Fri, 02 Jan 1970 00:00:00 GMT': "sid=first",
    "sid=; Path=/; Domain=; Max-Age=0": "sid=first",
    "sid=; Path; Max-Age=0": "sid=first",
}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (self.headers.get("Cookie") or "none").encode()
        self.send_response(200)
        if self.path == "/set":
            self.send_header("Set-Cookie", "sid=first; Path=/")
        elif self.path != "/sent":
            self.send_header("Set-Cookie", list(DELETE)[int(self.path[1:])])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
wrong = []
for n, (field, sent) in enumerate(DELETE.items()):
    got = []
    for client in (requests.Session(), httpx.Client()):
        with client as c:
            got.append([c.get(base + p).text for p in ("/set", f"/{n}", "/sent")][-1])
    print(f"{field:65} requests {got[0]:10} httpx {got[1]}")
    if got != [sent, sent]:
        wrong.append((field, got))
server.shutdown()
assert not wrong, wrong
print("versions", requests.__version__, httpx.__version__, platform.python_version())
PY
