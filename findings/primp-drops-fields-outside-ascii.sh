#!/usr/bin/env bash
# What: one response field with a byte above 0x7f ("X-City: Orléans" in Latin-1). primp 2.0.1 leaves the field out of
#   response.headers without a word; pyreqwest 0.15.1 raises ValueError for response.headers.items(), so that *no* field can be
#   listed; wreq 0.13.0 gives bytes. The same in UTF-8.
# Expected: bytes above 0x7f are allowed in field values (obs-text, RFC 9110 5.5), to be treated as opaque data: http.client,
#   requests and aiohttp give them as text in one way or other. One odd field should not cost itself, nor the others.
# Seen: 2026-11-29, Python 3.11.7:
#   primp Latin-1 [('content-length', '0')]
#   primp UTF-8 [('content-length', '0')]
#   pyreqwest Latin-1 ValueError: failed to convert header to a str
#   pyreqwest UTF-8 ValueError: failed to convert header to a str
#   wreq Latin-1 [(b'x-city', b'Orl\xe9ans'), (b'content-length', b'0')]
#   wreq UTF-8 [(b'x-city', b'Orl\xc3\xa9ans'), (b'content-length', b'0')]
# Why it matters: Location, Content-Disposition and Link of real servers hold such bytes; with primp they are as if not sent.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check wreq==0.13.0 primp==2.0.1 pyreqwest==0.15.1
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import asyncio, socketserver, sys, threading
from importlib.metadata import version
import primp, wreq
from pyreqwest.client import ClientBuilder

class Server(socketserver.StreamRequestHandler):
    def handle(self):
        target = self.rfile.readline().split()[1]
        while self.rfile.readline() not in (b"\r\n", b""): pass
        city = "Orléans".encode("latin-1" if target == b"/latin-1" else "utf-8")
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-City: " + city + b"\r\nContent-Length: 0\r\n\r\n")

server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()

async def by_primp(url): return [*primp.Client().get(url).headers.items()]
async def by_pyreqwest(url):
    async with ClientBuilder().build() as client:
        response = await client.get(url).build().send()
        try:
            return [*response.headers.items()]
        except ValueError as error:
            return f"ValueError: {error}"
async def by_wreq(url): return [(bytes(name), bytes(value)) for name, value in (await wreq.Client().get(url)).headers]

async def main():
    return {f"{get.__name__[3:]} {charset}": await get("http://127.0.0.1:%d/%s" % (server.server_address[1], charset.lower()))
            for get in (by_primp, by_pyreqwest, by_wreq) for charset in ("Latin-1", "UTF-8")}

seen = asyncio.run(main())
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("primp", "pyreqwest", "wreq")))
print(*(f"{key} {value}" for key, value in seen.items()), sep="\n")
for charset in ("Latin-1", "UTF-8"):
    assert seen["primp " + charset] == [("content-length", "0")], "changed"
    assert "failed to convert" in seen["pyreqwest " + charset], "changed"
assert (b"x-city", b"Orl\xe9ans") in seen["wreq Latin-1"], "changed"
server.shutdown()
PY
