#!/usr/bin/env bash
# What: Content-Encoding: GZIP, x-gzip, or "gzip, gzip" (applied twice): wreq 0.13.0, primp 2.0.1, pyreqwest 0.15.1 and aiosonic
#   1.3.3 hand out the compressed bytes as content, status 200, without an error. aiohttp 3.14.5 does so for x-gzip and the pair;
#   requests 2.34.2 and niquests 3.21.2 undo all but x-gzip.
# Expected: names of codings know no case, and x-gzip is the same as gzip (RFC 9110 8.4.1, 8.4.1.3); several are undone from the
#   last to the first (8.4). What a client cannot undo it should at least name.
# Seen: 2026-11-29, Python 3.11.7; "+" undone, "-" handed out as it came (GZIP, x-gzip, gzip twice):
#   wreq - - -
#   primp - - -
#   pyreqwest - - -
#   aiosonic - - -
#   aiohttp + - -
#   niquests + - +
#   requests + - +
# Why it matters: the same page is text by one client and bytes that no parser reads by another, and the status says 200;
#   so a crawl that changes its client loses the pages of such servers in silence.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check wreq==0.13.0 primp==2.0.1 pyreqwest==0.15.1 aiosonic==1.3.3 niquests==3.21.2 requests==2.34.2 urllib3==2.8.0 aiohttp==3.14.5
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import asyncio, gzip, http.server, sys, threading
from importlib.metadata import version
import aiohttp, aiosonic, niquests, primp, requests, wreq
from pyreqwest.client import ClientBuilder

PAGE = b"<p>a page</p>"
CODINGS = {"GZIP": 1, "x-gzip": 1, "gzip, gzip": 2}

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        coding = list(CODINGS)[int(self.path[1:])]
        body = PAGE
        for _ in range(CODINGS[coding]):
            body = gzip.compress(body)
        self.send_response(200); self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
urls = ["http://127.0.0.1:%d/%d" % (server.server_address[1], n) for n in range(len(CODINGS))]

async def by_wreq(url): return bytes(await (await wreq.Client().get(url)).bytes())
async def by_primp(url): return primp.Client().get(url).content
async def by_pyreqwest(url):
    async with ClientBuilder().build() as client:
        return bytes(await (await client.get(url).build().send()).bytes())
async def by_aiosonic(url):
    async with aiosonic.HTTPClient() as client:
        return await (await client.get(url)).content()
async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()
async def by_niquests(url): return niquests.get(url).content
async def by_requests(url): return requests.get(url).content

async def main():
    return {get.__name__[3:]: [await get(url) for url in urls]
            for get in (by_wreq, by_primp, by_pyreqwest, by_aiosonic, by_aiohttp, by_niquests, by_requests)}

seen = asyncio.run(main())
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in seen))
marks = {name: " ".join("+" if content == PAGE else "-" if content[:2] == b"\x1f\x8b" else "?" for content in contents)
         for name, contents in seen.items()}
print(*(f"{name} {mark}" for name, mark in marks.items()), sep="\n")
none = "- - -"
assert marks == {"wreq": none, "primp": none, "pyreqwest": none, "aiosonic": none, "aiohttp": "+ - -", "niquests": "+ - +", "requests": "+ - +"}, "changed"
server.shutdown()
PY
