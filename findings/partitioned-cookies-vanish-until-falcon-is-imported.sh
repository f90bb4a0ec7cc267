#!/usr/bin/env bash
# What: 'Set-Cookie: sid=1; Path=/; Partitioned' and 'Set-Cookie: plain=1; Path=/' in one response, and what is sent with the next request by aiosonic 1.3.3 (handle_cookies=True) and by
#   async-asgi-testclient 1.4.11; by aiohttp 3.14.5, requests 2.34.2 and httpx 0.28.1 beside them; under Python 3.11. Then the same in a program that imports Falcon 4.4.0 and does not use it.
# Expected: both. A user agent ignores attributes that it does not know, and keeps the cookie (RFC 6265, 5.2). And an import changes nothing for others.
# Seen: 2026-11-30, Python 3.11.7:
#                          alone              beside 'import falcon'
#   aiosonic               plain=1            plain=1; sid=1
#   async-asgi-testclient  plain=1            plain=1; sid=1
#   aiohttp, requests, httpx send both in either.
# Why: http.cookies takes a flag for an attribute only if it is 'secure' or 'httponly' (and 'partitioned' from Python 3.14 on); at any other it gives up, and gives no cookie at all. Falcon adds the
#   name to the table of the standard library, in the whole process, when it is imported.
# Why it matters: widgets, logins and consents that are embedded in other sites, and whole CDNs, set their cookies so since browsers want it: the login is answered by 200, and the next page is that of
#   a visitor. A test suite sees it, or not, by what another test imports. The same holds for what reads Set-Cookie by SimpleCookie in one's own program.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q aiosonic==1.3.3 async-asgi-testclient==1.4.11 aiohttp==3.14.5 requests==2.34.2 httpx==0.28.1 falcon==4.4.0
cat > t.py <<'E2'
import asyncio, http.server, platform, sys, threading
from importlib.metadata import version
LINES = "sid=1; Path=/; Partitioned", "plain=1; Path=/"
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_GET(self):
        content = (self.headers["Cookie"] or "").encode(); self.send_response(200)
        for line in LINES: self.send_header("Set-Cookie", line)
        self.send_header("Content-Length", str(len(content))); self.end_headers(); self.wfile.write(content)
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]; await send({"type": event + ".complete"})
            if event.endswith("shutdown"): return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", line.encode()) for line in LINES]})
    await send({"type": "http.response.body", "body": dict(scope["headers"]).get(b"cookie", b"")})
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}/"
async def by_aiosonic():
    import aiosonic
    async with aiosonic.HTTPClient(handle_cookies=True) as c: await c.get(URL); return await (await c.get(URL)).text()
async def by_testclient():
    from async_asgi_testclient import TestClient
    async with TestClient(app) as c: await c.get("/"); return (await c.get("/")).text
async def by_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as c:
        async with c.get(URL): pass
        async with c.get(URL) as r: return await r.text()
def by_requests():
    import requests
    with requests.Session() as c: c.get(URL); return c.get(URL).text
def by_httpx():
    import httpx
    with httpx.Client() as c: c.get(URL); return c.get(URL).text
if sys.argv[1] == "falcon": import falcon
for way in (by_aiosonic, by_testclient, by_aiohttp, by_requests, by_httpx):
    got = way(); got = asyncio.run(got) if asyncio.iscoroutine(got) else got
    got = "; ".join(sorted(got.split("; ")))
    print(f"{sys.argv[1]:7} {way.__name__:14} {got}")
    lost = way in (by_aiosonic, by_testclient) and sys.argv[1] != "falcon" and sys.version_info < (3, 14)
    assert got == ("plain=1" if lost else "plain=1; sid=1"), way.__name__
print("versions", *(f"{p} {version(p)}" for p in ("aiosonic", "async-asgi-testclient", "aiohttp", "requests", "httpx", "falcon")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py alone
timeout 60 v/bin/python t.py falcon
