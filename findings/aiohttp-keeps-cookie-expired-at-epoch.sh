#!/usr/bin/env bash
# What: aiohttp 3.14.5's CookieJar does not take `Expires=Thu, 01 Jan 1970 00:00:00 GMT`, the commonest way to delete a cookie, for a
#   deletion: the cookie becomes one of the session and is sent on. A second earlier or later it is deleted.
# Expected: RFC 6265 section 5.3 (11, 12): a cookie whose expiry lies in the past is removed. Zero seconds since the epoch is a date like
#   any other, so logging out by this header ends the cookie, as in `http.cookiejar` (requests, the control).
# Seen: (2026-11-28, Python 3.11.7; what is sent after "sid=first" and one of these)
#   sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT      aiohttp sid=""     requests none
#   sid=gone; the same date                          aiohttp sid=gone   requests none
#   a second earlier                                 aiohttp none       requests sid=  (http.cookiejar knows no date before 1970)
#   a second later; the same date and Max-Age=0      aiohttp none       requests none
# Why it matters: frameworks delete cookies with just this date. Many add Max-Age=0; where one does not (Express' clearCookie; not run
#   here), an aiohttp client goes on sending the cookie, and two clients in one crawl disagree about the state of the session.
#   An empty value, furthermore, is sent as two quotes, which a server that looks for "" does not take for empty.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q aiohttp==3.14.5 yarl==1.25.1 multidict==7.2.1 requests==2.34.2 urllib3==2.8.0
timeout 120 "$tmp/v/bin/python" - <<'PY'
import asyncio, http.server, threading
import aiohttp, requests

SETS = {
    "/set": "sid=first; Path=/",
    "/epoch": "sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "/epoch-valued": "sid=gone; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "/before": "sid=; Path=/; Expires=Wed, 31 Dec 1969 23:59:59 GMT",
    "/after": "sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT",
    "/epoch-max-age": "sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0",
}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (self.headers.get("Cookie") or "none").encode()
        self.send_response(200)
        if self.path in SETS:
            self.send_header("Set-Cookie", SETS[self.path])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

async def by_aiohttp(path):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        for p in ("/set", path, "/what-is-sent"):
            async with session.get(base + p) as r:
                text = await r.text()
    return text

def by_requests(path):
    with requests.Session() as session:
        return [session.get(base + p).text for p in ("/set", path, "/what-is-sent")][-1]

got = {}
for path in list(SETS)[1:]:
    got[path] = (asyncio.run(by_aiohttp(path)), by_requests(path))
    print(f"{path:15} then sent: aiohttp {got[path][0]:10} requests {got[path][1]}")
server.shutdown()
assert got["/epoch"] == ('sid=""', "none"), "epoch"
assert got["/epoch-valued"] == ("sid=gone", "none"), "epoch with a value"
assert got["/before"][0] == got["/after"][0] == got["/epoch-max-age"][0] == "none", "a second off, or with Max-Age"
print("versions", aiohttp.__version__, requests.__version__)
PY
