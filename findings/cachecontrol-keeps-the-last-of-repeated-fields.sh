#!/usr/bin/env bash
# What: a response with two lines of Link (rel=next, rel=last), of WWW-Authenticate and of Set-Cookie, and max-age=600, asked for twice through CacheControl 0.14.4 (over requests
#   2.34.2), requests-cache 1.3.3 and hishel 2.0.0 (rfc=True, httpx 0.28.1), aiohttp-client-cache 0.15.0 and httplib2 0.32.1.
# Expected: the same fields from the cache as from the server: a cache stores all of a response's fields (RFC 9111, 3.1), and lines of one name are one list (RFC 9110, 5.3).
# Seen: 2026-11-30, Python 3.11.7. So by the other four. From CacheControl's cache comes the last line of each: response.links has 'last' and no 'next'; the first challenge is gone, and
#   the first cookie of two.
# Why: the fields are stored as a dict made of (name, value) pairs.
# Why it matters: a crawl that pages by 'next' ends at the first page that was in the cache, without an error and with another count each run.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check CacheControl==0.14.4 requests-cache==1.3.3 requests==2.34.2 hishel==2.0.0 httpx==0.28.1 aiohttp-client-cache==0.15.0 aiohttp==3.14.5 httplib2==0.32.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import asyncio, re, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import aiohttp_client_cache, cachecontrol, hishel.httpx, httplib2, requests, requests_cache

FIELDS = [
    ("Cache-Control", "max-age=600"),
    ("Link", "</2>; rel=next"), ("Link", "</9>; rel=last"),
    ("WWW-Authenticate", 'Digest realm="r", nonce="n"'), ("WWW-Authenticate", 'Basic realm="r"'),
    ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
]
WORDS = re.compile("next|last|Digest|Basic|a=1|b=2")
got = []


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        got.append(self.path)
        self.send_response(200)
        for name, value in FIELDS:
            self.send_header(name, value)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"page")

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/page"


def words(pairs):
    """Return what is found of the values of the three fields."""
    return [word for name, value in pairs if name.lower() in ("link", "www-authenticate", "set-cookie") for word in WORDS.findall(value)]


def by_requests(session):
    with session:
        return [words(session.get(url, timeout=10).headers.items()) for _ in range(2)]


def by_hishel():
    with hishel.httpx.CacheClient(rfc=True, storage=hishel.SqliteStorage(database_path="hishel.db")) as client:
        return [words(client.get(url).headers.multi_items()) for _ in range(2)]


def by_httplib2():
    client = httplib2.Http("httplib2")
    return [words(client.request(url)[0].items()) for _ in range(2)]


def by_aiohttp():
    async def ask():
        async with aiohttp_client_cache.CachedSession(cache=aiohttp_client_cache.CacheBackend(cache_control=True)) as session:
            found = []
            for _ in range(2):
                async with session.get(url) as response:
                    found.append(words(response.headers.items()))
            return found

    return asyncio.run(ask())


CACHES = {
    "CacheControl": lambda: by_requests(cachecontrol.CacheControl(requests.Session())),
    "requests-cache": lambda: by_requests(requests_cache.CachedSession("requests", backend="sqlite", cache_control=True)),
    "hishel": by_hishel,
    "aiohttp-client-cache": by_aiohttp,
    "httplib2": by_httplib2,
}
ALL = ["next", "last", "Digest", "Basic", "a=1", "b=2"]
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in (*CACHES, "requests", "httpx")))
for name, ask in CACHES.items():
    got.clear()
    first, again = ask()
    print(f"{name:20}", again)
    assert len(got) == 1 and sorted(first) == sorted(ALL), "the control failed"
    assert sorted(again) == sorted(["last", "Basic", "b=2"] if name == "CacheControl" else ALL), "changed"
PY
