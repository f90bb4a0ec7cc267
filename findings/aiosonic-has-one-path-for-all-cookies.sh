#!/usr/bin/env bash
# What: a cookie 'sid' set for '/app' and another 'sid' for '/shop' of one host, and a cookie without a path set by '/app/login'; then '/app/x', '/shop/x' and '/' asked for, by aiosonic 1.3.3
#   (handle_cookies=True), aiohttp 3.14.5, requests 2.34.2 and httpx 0.28.1. Told is the Cookie field that the server gets.
# Expected: each cookie for its own path, and what lies below it (RFC 6265, 5.4 and 5.1.4); without a Path that is the directory of what was asked for.
# Seen: 2026-11-30, Python 3.11.7:
#                             /app/x            /shop/x     /
#   aiohttp, requests, httpx  near=1; sid=app   sid=shop    none
#   aiosonic                  near=1; sid=shop  the same    the same
# Why: the cookies of a host are kept by their names alone.
# Why it matters: two applications under one host, each with its 'sid' or 'csrftoken': the one that was asked last logs the other one out, in a client that says it handles cookies. What works
#   with one of them fails with both.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q aiosonic==1.3.3 aiohttp==3.14.5 requests==2.34.2 httpx==0.28.1
cat > t.py <<'E2'
import asyncio, http.server, platform, threading
from importlib.metadata import version
import aiohttp, aiosonic, httpx, requests
SET = {"/app/login": ("sid=app; Path=/app", "near=1"), "/shop/login": ("sid=shop; Path=/shop",)}
PATHS = "/app/x", "/shop/x", "/"
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_GET(self):
        content = "; ".join(sorted((self.headers["Cookie"] or "none").split("; "))).encode(); self.send_response(200)
        for line in SET.get(self.path, ()): self.send_header("Set-Cookie", line)
        self.send_header("Content-Length", str(len(content))); self.end_headers(); self.wfile.write(content)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); threading.Thread(target=server.serve_forever, daemon=True).start()
SITE = f"http://127.0.0.1:{server.server_port}"
async def by_aiosonic():
    async with aiosonic.HTTPClient(handle_cookies=True) as c: return [await (await c.get(SITE + path)).text() for path in (*SET, *PATHS)]
async def by_aiohttp():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as c: return [await (await c.get(SITE + path)).text() for path in (*SET, *PATHS)]
def by_requests():
    with requests.Session() as c: return [c.get(SITE + path).text for path in (*SET, *PATHS)]
def by_httpx():
    with httpx.Client() as c: return [c.get(SITE + path).text for path in (*SET, *PATHS)]
right = ["near=1; sid=app", "sid=shop", "none"]
for way, wanted in ((by_aiosonic, ["near=1; sid=shop"] * 3), (by_aiohttp, right), (by_requests, right), (by_httpx, right)):
    got = way(); got = (asyncio.run(got) if asyncio.iscoroutine(got) else got)[2:]
    print(f"{way.__name__:12}", got)
    assert got == wanted, way.__name__
print("versions", *(f"{p} {version(p)}" for p in ("aiosonic", "aiohttp", "requests", "httpx")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py
