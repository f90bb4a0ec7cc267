#!/usr/bin/env bash
# What: a URL with a query and params= beside it: '/?a=1' with {'b': '2'}, with {'a': '2'} and with {}; '/?x' and '/?a=p%20q' with {'b': '2'}; '/' with
#   {'a': None}. By requests 2.34.2, httpx 0.28.1, httpx2 2.16.2, aiohttp 3.14.5, curl_cffi 0.17.0, primp 2.0.1, aiosonic 1.3.3 and
#   wreq 0.13.0 (query=). Told is the target that the server gets.
# Expected: params are put behind the query that is there, which stays as it is; {} changes nothing; None is left out, as by requests, or refused.
# Seen: 2026-11-29, Python 3.11.7. requests, primp and aiosonic put them behind it, and leave the rest alone. But:
#   httpx, httpx2  the query goes: /?b=2, and for {} it is '/'; None is '/?a='
#   wreq           the query goes: /?b=2; for {} it stays
#   curl_cffi      {'a': '2'} takes the place of a=1; '/?x' turns into '/?x=&b=2', 'p%20q' into 'p+q'; None is '/?a=None', by aiosonic too
#   aiohttp        as requests; None is a TypeError, as by primp and wreq
# Why it matters: next_url from an interface with params={"limit": 50} beside it, and a helper whose default is params={}, lose cursor and filter, and get
#   page one again, with 200. Signed URLs, and sites whose pages are '/?x', are other ones as soon as one parameter is added.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 httpx==0.28.1 httpx2==2.16.2 aiohttp==3.14.5 curl_cffi==0.17.0 primp==2.0.1 \
    aiosonic==1.3.3 wreq==0.13.0
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import asyncio, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp, aiosonic, curl_cffi.requests, httpx, httpx2, primp, requests, wreq

got = []


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        got.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"


async def by_aiohttp(url, params):
    async with aiohttp.ClientSession() as session, session.get(url, params=params) as response:
        await response.read()


async def by_aiosonic(url, params):
    async with aiosonic.HTTPClient() as client:
        await client.get(url, params=params)


async def by_wreq(url, params):
    await wreq.Client().get(url, query=list(params.items()))


CLIENTS = {
    "requests": lambda url, params: requests.get(url, params=params),
    "primp": lambda url, params: primp.Client().get(url, params=params),
    "aiosonic": lambda url, params: asyncio.run(by_aiosonic(url, params)),
    "aiohttp": lambda url, params: asyncio.run(by_aiohttp(url, params)),
    "httpx": lambda url, params: httpx.get(url, params=params),
    "httpx2": lambda url, params: httpx2.get(url, params=params),
    "wreq": lambda url, params: asyncio.run(by_wreq(url, params)),
    "curl_cffi": lambda url, params: curl_cffi.requests.get(url, params=params),
}
CASES = [("/?a=1", {"b": "2"}), ("/?a=1", {"a": "2"}), ("/?a=1", {}), ("/?x", {"b": "2"}), ("/?a=p%20q", {"b": "2"}), ("/", {"a": None})]
seen = {}
for name, get in CLIENTS.items():
    seen[name] = []
    for target, params in CASES:
        del got[:]
        try:
            get(base + target, params)
            seen[name].append(got[-1])
        except TypeError:
            seen[name].append("TypeError")
    print(f"{name:9}", *seen[name])
behind = ["/?a=1&b=2", "/?a=1&a=2", "/?a=1", "/?x&b=2", "/?a=p%20q&b=2"]
instead = ["/?b=2", "/?a=2", "/", "/?b=2", "/?b=2", "/?a="]
assert seen == {
    "requests": [*behind, "/"],
    "primp": [*behind, "TypeError"],
    "aiosonic": [*behind, "/?a=None"],
    "aiohttp": [*behind, "TypeError"],
    "httpx": instead,
    "httpx2": instead,
    "wreq": ["/?b=2", "/?a=2", "/?a=1", "/?b=2", "/?b=2", "TypeError"],
    "curl_cffi": ["/?a=1&b=2", "/?a=2", "/?a=1", "/?x=&b=2", "/?a=p+q&b=2", "/?a=None"],
}, seen
PY
