#!/usr/bin/env bash
# What: POST with json= of {}, [], "" and {"n": float("nan")}, by primp 2.0.1, wreq 0.13.0, pyreqwest 0.15.1, curl_cffi 0.17.0, aiohttp 3.14.5,
#   httpx 0.28.1 and requests 2.34.2. Told is the content that the server gets, and the Content-Type beside it.
# Expected: '{}', '[]', '""' as application/json: they are JSON (RFC 8259, 2), and "nothing" is json=None. NaN is no JSON (RFC 8259, 6):
#   an error, as by requests and httpx; or NaN, as Python's json writes it.
# Seen: 2026-11-29, Python 3.11.7:
#   {}, [], ""  primp sends no content, no Content-Type and no Content-Length; all others what is expected
#   NaN         ValueError by httpx, InvalidJSONError by requests; {"n": NaN} by aiohttp and curl_cffi; {"n":null} by primp, wreq, pyreqwest
# Why it matters: "no filter", "delete all tags" and an empty batch are {} and []: a server then has no JSON to parse, and answers 400, 411 or
#   415, or takes it for a request without options. A number that went wrong becomes "unknown", which databases take without a word.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check primp==2.0.1 wreq==0.13.0 pyreqwest==0.15.1 curl_cffi==0.17.0 aiohttp==3.14.5 httpx==0.28.1 requests==2.34.2
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import asyncio, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp, curl_cffi.requests, httpx, primp, requests, wreq
from pyreqwest.client import SyncClientBuilder

got = []


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = self.headers.get("Content-Length")
        got.append((self.rfile.read(int(length or 0)).replace(b" ", b""), self.headers.get("Content-Type"), length is not None))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/"


def by_aiohttp(value):
    async def ask():
        async with aiohttp.ClientSession() as session, session.post(url, json=value) as response:
            await response.read()

    asyncio.run(ask())


def by_wreq(value):
    async def ask():
        response = await wreq.Client().post(url, json=value)
        await response.text()

    asyncio.run(ask())


def by_pyreqwest(value):
    with SyncClientBuilder().build() as client:
        client.post(url).body_json(value).build().send()


CLIENTS = {
    "primp": lambda value: primp.Client().post(url, json=value),
    "wreq": by_wreq,
    "pyreqwest": by_pyreqwest,
    "curl_cffi": lambda value: curl_cffi.requests.post(url, json=value),
    "aiohttp": by_aiohttp,
    "httpx": lambda value: httpx.post(url, json=value),
    "requests": lambda value: requests.post(url, json=value),
}
VALUES = ({}, [], "", {"n": float("nan")})
seen = {}
for name, ask in CLIENTS.items():
    told = []
    for value in VALUES:
        del got[:]
        try:
            ask(value)
            told.append(got[-1])
        except (ValueError, requests.RequestException) as error:
            told.append(type(error).__name__)
    seen[name] = told
    print(f"{name:9}", *told)
JSON = "application/json"
EMPTY = [(b"{}", JSON, True), (b"[]", JSON, True), (b'""', JSON, True)]
NAN, NULL = (b'{"n":NaN}', JSON, True), (b'{"n":null}', JSON, True)
assert seen == {
    "primp": [(b"", None, False)] * 3 + [NULL],
    "wreq": [*EMPTY, NULL],
    "pyreqwest": [*EMPTY, NULL],
    "curl_cffi": [*EMPTY, NAN],
    "aiohttp": [*EMPTY, NAN],
    "httpx": [*EMPTY, "ValueError"],
    "requests": [*EMPTY, "InvalidJSONError"],
}, seen
PY
