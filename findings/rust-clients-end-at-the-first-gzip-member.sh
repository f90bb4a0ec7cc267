#!/usr/bin/env bash
# What: a body of two gzip members, whole and within its Content-Length: wreq 0.13.0, primp 2.0.1, pyreqwest 0.15.1 and aiosonic 1.3.3
#   give the content of the first member, as a success, and no sign that there was more. niquests 3.21.2, requests 2.34.2 and
#   aiohttp 3.14.5 give both.
# Expected: all of it. A gzip file is a series of members (RFC 1952 2.2), and what servers keep as .gz is often joined from several
#   (rotated logs, files written by bgzip, WARC); or else an error, since bytes of the response were left over.
# Seen: 2026-11-29, Python 3.11.7:
#   wreq b'first '
#   primp b'first '
#   pyreqwest b'first '
#   aiosonic b'first '
#   niquests b'first second'
#   requests b'first second'
#   aiohttp b'first second'
# Why it matters: the rest of such a page is lost without an error, a short length or a warning; three of the four take the
#   Content-Length away as well, so that nobody can compare.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check wreq==0.13.0 primp==2.0.1 pyreqwest==0.15.1 aiosonic==1.3.3 niquests==3.21.2 requests==2.34.2 aiohttp==3.14.5
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import asyncio, gzip, http.server, sys, threading
from importlib.metadata import version
import aiohttp, aiosonic, niquests, primp, requests, wreq
from pyreqwest.client import ClientBuilder

BODY = gzip.compress(b"first ") + gzip.compress(b"second")

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BODY))); self.end_headers(); self.wfile.write(BODY)
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/" % server.server_address[1]

async def main():
    seen = {}
    seen["wreq"] = bytes(await (await wreq.Client().get(url)).bytes())
    seen["primp"] = primp.Client().get(url).content
    async with ClientBuilder().build() as client:
        seen["pyreqwest"] = bytes(await (await client.get(url).build().send()).bytes())
    async with aiosonic.HTTPClient() as client:
        seen["aiosonic"] = await (await client.get(url)).content()
    seen["niquests"] = niquests.get(url).content
    seen["requests"] = requests.get(url).content
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        seen["aiohttp"] = await response.read()
    return seen

seen = asyncio.run(main())
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in seen))
print(*(f"{name} {content}" for name, content in seen.items()), sep="\n")
for name in ("wreq", "primp", "pyreqwest", "aiosonic"):
    assert seen[name] == b"first ", f"changed: {name}"
for name in ("niquests", "requests", "aiohttp"):
    assert seen[name] == b"first second", f"changed: {name}"
server.shutdown()
PY
