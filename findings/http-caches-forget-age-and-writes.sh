#!/usr/bin/env bash
# What: caches that heed what responses say: CacheControl 0.14.4, requests-cache 1.3.3 (cache_control=True; both over requests 2.34.2) and the new
#   hishel 2.0.0 with rfc=True (httpx 0.28.1). Told is whether the last GET of each row gets a page anew, where it should.
# Expected: anew each time. Age counts (RFC 9111, 4.2.3): a response that says max-age=100 and has been in caches for 200 s is stale when it
#   comes, and so does Date; what a write to the same URL has changed is invalid (4.4); a request may ask for max-age=0 (5.2.1.1).
# Seen: 2026-11-30, Python 3.11.7, "+" anew, "-" out of the cache:
#                           CacheControl  requests-cache  hishel
#   Age: 200, max-age=100   -             -               -
#   Date 200 s ago          +             -               +
#   after a POST            -             -               +
#   after a PUT             +             -               +
#   asked with max-age=0    +             -               -
#   And the other way round: 'Max-Age=100' with capitals is kept by requests-cache and hishel, and fetched anew each time by CacheControl. Without
#   rfc=True, its default since 2.0, hishel hands out even what said no-store.
# Why it matters: what has waited in a CDN is kept for its whole max-age once more: by requests-cache always, by the others where the CDN says a Date
#   of its own. Who writes and then reads gets what was there before, with status 200.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check CacheControl==0.14.4 requests-cache==1.3.3 requests==2.34.2 hishel==2.0.0 httpx==0.28.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import email.utils, http.server, sys, threading, time
from importlib.metadata import version

import cachecontrol, requests, requests_cache
from hishel import SqliteStorage
from hishel.httpx import CacheClient


class Page(http.server.BaseHTTPRequestHandler):
    """A page that is the number of its request, with the fields of the row."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.count += 1
        content = b"%d" % self.server.count
        self.send_response_only(200)
        self.send_header("Date", email.utils.formatdate(time.time() - self.server.date_is_old_by, usegmt=True))
        for name, value in self.server.fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_GET

    def log_message(self, *args):
        pass


stores = iter(range(1000))


def with_cachecontrol():
    session = requests.Session()
    session.mount("http://", cachecontrol.CacheControlAdapter())
    return session


def with_hishel(**options):
    return CacheClient(storage=SqliteStorage(database_path=f"store{next(stores)}.db"), **options)


CLIENTS = {
    "CacheControl": with_cachecontrol,
    "requests-cache": lambda: requests_cache.CachedSession(backend="memory", cache_control=True),
    "hishel": lambda: with_hishel(rfc=True),
    "hishel, as it is": with_hishel,
}
FRESH = {"Cache-Control": "max-age=100"}
# name: the fields of the responses, the requests, and what each client does at the last of them
ROWS = {
    "plain": (FRESH, ["GET", "GET"], "----"),
    "Age: 200": (FRESH | {"Age": "200"}, ["GET", "GET"], "----"),
    "Date 200 s ago": (FRESH, ["GET", "GET"], "+-+-"),
    "after a POST": (FRESH, ["GET", "POST", "GET"], "--+-"),
    "after a PUT": (FRESH, ["GET", "PUT", "GET"], "+-+-"),
    "asked with max-age=0": (FRESH, ["GET", "GET max-age=0"], "+---"),
    "Max-Age=100": ({"Cache-Control": "Public, Max-Age=100"}, ["GET", "GET"], "+---"),
    "no-store": ({"Cache-Control": "no-store"}, ["GET", "GET"], "+++-"),
}
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("CacheControl", "requests-cache", "hishel")))
print(f"{'':22}", *CLIENTS, sep="  ")
for row, (fields, asks, expected) in ROWS.items():
    seen = ""
    for make in CLIENTS.values():
        server.count, server.fields, client = 0, fields, make()
        server.date_is_old_by = 200 if row == "Date 200 s ago" else 0
        for ask in asks:
            method, _, directive = ask.partition(" ")
            headers = {"Cache-Control": directive} if directive else {}
            response = client.request(method, f"http://127.0.0.1:{server.server_port}/a", headers=headers)
            assert response.status_code == 200
        seen += "+" if response.text == str(len(asks)) else "-"
        client.close()
    print(f"{row:22}", seen)
    assert seen == expected, "changed"
server.shutdown()
PY
