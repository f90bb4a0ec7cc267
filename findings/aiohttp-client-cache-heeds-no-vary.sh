#!/usr/bin/env bash
# What: aiohttp-client-cache 0.15.0 with cache_control=True, so that it heeds what responses say of caching, and
#   requests-cache 1.3.3 with the same switch: a page that says 'Vary: Accept', asked for as JSON, then as HTML; and a page that says
#   'Cache-Control: no-cache', asked for twice. Counted are the requests that the server gets.
# Expected: two each: Vary names what a stored response may answer (RFC 9111, 4.1), no-cache has it validated before (5.2.2.4).
# Seen: 2026-11-29, Python 3.11.7: requests-cache asks twice each. aiohttp-client-cache asks once each: who wants HTML gets the JSON, and
#   what must be validated is handed out as it is.
# Why it matters: the two are one design in two libraries, and whoever ports a program from one to the other gets other answers, all 200.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 requests-cache==1.3.3 aiohttp==3.14.5 aiohttp-client-cache==0.15.0
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import asyncio, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import requests_cache
from aiohttp_client_cache import CacheBackend, CachedSession

asked = []


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked.append(self.path)
        page = self.headers["Accept"].encode()
        self.send_response(200)
        if self.path == "/vary":
            self.send_header("Vary", "Accept")
            self.send_header("Cache-Control", "max-age=600")
        else:
            self.send_header("Cache-Control", "no-cache")
            self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
CALLS = [("/vary", "application/json"), ("/vary", "text/html"), ("/no-cache", "text/html"), ("/no-cache", "text/html")]


def by_requests():
    with requests_cache.CachedSession(backend="memory", cache_control=True) as session:
        return [session.get(base + path, headers={"Accept": accept}).text for path, accept in CALLS]


async def by_aiohttp():
    pages = []
    async with CachedSession(cache=CacheBackend(cache_control=True)) as session:
        for path, accept in CALLS:
            async with session.get(base + path, headers={"Accept": accept}) as response:
                pages.append(await response.text())
    return pages


seen = {}
for name, run in (("requests-cache", by_requests), ("aiohttp-client-cache", lambda: asyncio.run(by_aiohttp()))):
    asked.clear()
    pages = run()
    seen[name] = asked.count("/vary"), asked.count("/no-cache"), pages[1]
    print(f"{name:22} asked for /vary {seen[name][0]} times, /no-cache {seen[name][1]} times; as HTML it got {seen[name][2]}")
assert seen == {"requests-cache": (2, 2, "text/html"), "aiohttp-client-cache": (1, 1, "application/json")}, seen
PY
