#!/usr/bin/env bash
# What: a response with 103 Early Hints in front, over aiosonic 1.3.3: `await client.get(url)` gives status 103, no content, as the
#   response. And of a field that comes in several lines response.headers keeps the last line only (raw_headers has them all).
# Expected: interim responses are read past, 100 as well as 103 (RFC 9110 15.2: a client MUST be able to parse them, and may
#   ignore 1xx it does not ask for); repeated lines are joined or listed, never dropped (5.3).
# Seen: 2026-11-29, Python 3.11.7:
#   aiosonic /103 status 103 content b''
#   aiosonic /lines Link '</b>; rel=last'
#   aiohttp /103 status 200 content b'page'
#   aiohttp /lines Link ['</a>; rel=next', '</b>; rel=last']
# Why it matters: haproxy, caddy, apache and lighttpd pass 103 on; behind them every such page is empty, and counted as answered
#   by who looks for status >= 400. Who pages by Link loses the next page when the server writes one line each.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check aiosonic==1.3.3 aiohttp==3.14.5
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import asyncio, socketserver, sys, threading
from importlib.metadata import version
import aiohttp, aiosonic

ANSWERS = {
    b"/103": b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage",
    b"/lines": b"HTTP/1.1 200 OK\r\nLink: </a>; rel=next\r\nLink: </b>; rel=last\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage",
}

class Server(socketserver.StreamRequestHandler):
    def handle(self):
        target = self.rfile.readline().split()[1]
        while self.rfile.readline() not in (b"\r\n", b""): pass
        self.wfile.write(ANSWERS[target])

server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d" % server.server_address[1]

async def main():
    async with aiosonic.HTTPClient() as client:
        first = await client.get(url + "/103")
        ours = (first.status_code, await first.content())
    async with aiosonic.HTTPClient() as client:
        link = (await client.get(url + "/lines")).headers["Link"]
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "/103") as response:
            other = (response.status, await response.read())
        async with session.get(url + "/lines") as response:
            links = response.headers.getall("Link")
    return ours, link, other, links

ours, link, other, links = asyncio.run(main())
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("aiosonic", "aiohttp")))
print(f"aiosonic /103 status {ours[0]} content {ours[1]}", f"aiosonic /lines Link {link!r}",
      f"aiohttp /103 status {other[0]} content {other[1]}", f"aiohttp /lines Link {links}", sep="\n")
assert ours == (103, b"") and link == "</b>; rel=last", "changed"
assert other == (200, b"page") and len(links) == 2, "changed"
server.shutdown()
PY
