#!/usr/bin/env bash
# What: two URLs one after the other through requests-cache 1.3.3, aiohttp-client-cache 0.15.0 (both heed Cache-Control here) and
#   CacheControl 0.14.4, from a server whose page is its URL, and says max-age=600. Told is whether the second page is the first one's.
# Expected: what is stored is found by the URL as it was asked for (RFC 9111, 2 and 4); at most what RFC 3986 calls equivalent is one URL.
# Seen: 2026-11-29, Python 3.11.7. CacheControl gives each URL its own page. requests-cache gives the page of
#   /?a= for /, and of /?tag=1&tag=2 for /?tag=2&tag=1; aiohttp-client-cache the latter too, and /?a= for /?a.
# Why: both sort the parameters to know a URL again whose parameters come in another order, and parse the query for that: requests-cache
#   without blank values, and both sort by value too, where one name has several.
# Why it matters: an empty parameter means "none" where its absence means "all" (?q=, ?next=), and the order of repeated ones is that of
#   columns, sort keys or steps. The answer is another page's, with status 200, for as long as that is fresh.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 requests-cache==1.3.3 CacheControl==0.14.4 aiohttp==3.14.5 aiohttp-client-cache==0.15.0
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import asyncio, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import cachecontrol, requests, requests_cache
from aiohttp_client_cache import CacheBackend, CachedSession
from yarl import URL


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        page = self.path.encode()
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}/"
PAIRS = [("?a=", ""), ("?a=", "?a"), ("?tag=1&tag=2", "?tag=2&tag=1"), ("A", "a"), ("a%2Fb", "a/b"), ("x/", "x")]


def by_requests(new_session):
    found = []
    for pair in PAIRS:
        with new_session() as session:
            pages = [session.get(base + path).text for path in pair]
        assert pages[0] == "/" + pair[0], pages
        if pages[1] == pages[0]:
            found.append(pair)
        else:
            assert pages[1] == "/" + pair[1], pages
    return found


async def by_aiohttp():
    found = []
    for pair in PAIRS:
        async with CachedSession(cache=CacheBackend(cache_control=True)) as session:
            pages = []
            for path in pair:
                async with session.get(URL(base + path, encoded=True)) as response:
                    pages.append(await response.text())
        if pages[1] == pages[0]:
            found.append(pair)
    return found


seen = {
    "CacheControl": by_requests(lambda: cachecontrol.CacheControl(requests.Session())),
    "requests-cache": by_requests(lambda: requests_cache.CachedSession(backend="memory", cache_control=True)),
    "aiohttp-client-cache": asyncio.run(by_aiohttp()),
}
for name, pairs in seen.items():
    print(f"{name:22}", ", ".join(f"/{first} for /{second}" for first, second in pairs) or "each its own page")
assert seen == {
    "CacheControl": [],
    "requests-cache": [("?a=", ""), ("?tag=1&tag=2", "?tag=2&tag=1")],
    "aiohttp-client-cache": [("?a=", "?a"), ("?tag=1&tag=2", "?tag=2&tag=1")],
}, seen
PY
