#!/usr/bin/env bash
# What: PUT of b"x=1" and DELETE of a URL that redirects by 301, 302, 303, 307 or 308, each client told to follow: by requests 2.34.2,
#   curl_cffi 0.17.0, tornado 6.6.1's CurlAsyncHTTPClient, httpx 0.28.1 and aiohttp 3.14.5. Told is what the server gets at the second URL.
# Expected: behind 303 a GET (RFC 9110, 15.4.4: "performs a GET request"), behind 301, 307 and 308 the same request with its content (only
#   POST may become GET at 301 and 302). Either way no method that changes something, with another content than it had.
# Seen: 2026-11-29, Python 3.11.7; a status, and what came at the second URL for PUT and DELETE:
#   requests   301 PUT with nothing, DELETE | 302, 303 GET, GET | 307, 308 PUT b'x=1', DELETE
#   curl_cffi  301, 302, 303 PUT with nothing, DELETE | 307, 308 PUT b'x=1', DELETE
#   tornado    301, 302, 307, 308 PUT b'x=1', DELETE | 303 GET, DELETE
#   httpx      301 PUT b'x=1', DELETE | 302, 303 GET, GET | 307, 308 PUT b'x=1', DELETE
#   aiohttp    301, 302, 307, 308 PUT b'x=1', DELETE | 303 GET, GET
# Why: requests drops the content wherever the status is neither 307 nor 308, but changes the method of a POST alone at 301. libcurl keeps a
#   method that was set by name (CUSTOMREQUEST) at each hop, and drops the content as if it had become a GET.
# Why it matters: 303 is how an interface says "done, and the result is there": the result is deleted, or overwritten by an empty document.
#   A site that moved for good (301, http to https) has each PUT of requests empty what it was to write; the answer is a 2xx.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 curl_cffi==0.17.0 tornado==6.6.1 pycurl==7.49.0 httpx==0.28.1 aiohttp==3.14.5
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import asyncio, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp, curl_cffi.requests, httpx, requests
from tornado.curl_httpclient import CurlAsyncHTTPClient

got = []


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/end":
            got.append(f"{self.command} {content!r}" if self.command == "PUT" else self.command)
            self.send_response(200)
        else:
            self.send_response(int(self.path[1:]))
            self.send_header("Location", "/end")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_DELETE = do_PUT

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}/"


def by_tornado(method, url, content):
    async def ask():
        client = CurlAsyncHTTPClient(force_instance=True)
        await client.fetch(url, method=method, body=content)
        client.close()

    asyncio.run(ask())


def by_aiohttp(method, url, content):
    async def ask():
        async with aiohttp.ClientSession() as session, session.request(method, url, data=content) as response:
            await response.read()

    asyncio.run(ask())


CLIENTS = {
    "requests": lambda method, url, content: requests.request(method, url, data=content),
    "curl_cffi": lambda method, url, content: curl_cffi.requests.request(method, url, data=content),
    "tornado": by_tornado,
    "httpx": lambda method, url, content: httpx.request(method, url, content=content, follow_redirects=True),
    "aiohttp": by_aiohttp,
}
seen = {}
for name, ask in CLIENTS.items():
    for status in ("301", "302", "303", "307", "308"):
        del got[:]
        ask("PUT", base + status, b"x=1")
        ask("DELETE", base + status, None)
        seen[name, status] = list(got)
    print(f"{name:9}", " | ".join(f"{status} {', '.join(seen[name, status])}" for status in ("301", "302", "303", "307", "308")))
SAME, EMPTY, READ = ["PUT b'x=1'", "DELETE"], ["PUT b''", "DELETE"], ["GET", "GET"]
expected = {
    "requests": [EMPTY, READ, READ, SAME, SAME],
    "curl_cffi": [EMPTY, EMPTY, EMPTY, SAME, SAME],
    "tornado": [SAME, SAME, ["GET", "DELETE"], SAME, SAME],
    "httpx": [SAME, READ, READ, SAME, SAME],
    "aiohttp": [SAME, SAME, READ, SAME, SAME],
}
assert seen == {(name, status): row[place] for name, row in expected.items() for place, status in enumerate(("301", "302", "303", "307", "308"))}, seen
PY
