#!/usr/bin/env bash
# What: URLs whose path and query are valid (RFC 3986), asked for by requests 2.34.2, niquests 3.21.2, httpx 0.28.1, aiohttp 3.14.5 (yarl 1.25.1),
#   tornado 6.6.1, pycurl 7.49.0, curl_cffi 0.17.0, primp 2.0.1, pyreqwest 0.15.1, aiosonic 1.3.3, wreq 0.13.0 and urllib of Python 3.11.
#   Told is the target that the server gets.
# Expected: what was given, at most without the dot segment: a client that is no browser has no reason to change the rest.
# Seen: 2026-11-30, Python 3.11.7. Nothing is changed by httpx, wreq and urllib. Else:
#   /%7Euser   /~user by requests, niquests, aiohttp, curl_cffi
#   /a%2fb     /a%2Fb by those, and by pycurl
#   /a/%2E/b   /a/b by aiohttp, pycurl, curl_cffi, primp, pyreqwest; '/a/./b' by requests and niquests, which write out what they have just escaped
#   /a?        /a by requests, niquests, aiohttp, tornado, aiosonic
#   /?a'b      /?a%27b by primp and pyreqwest
#   /a;b=c     /a by aiosonic: another page
# Why it matters: a signature is of the target's bytes, so links to storage that someone else has signed are a 403 by one client and a page by the
#   next. Caches and archives look pages up by the bytes, too.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 niquests==3.21.2 httpx==0.28.1 aiohttp==3.14.5 yarl==1.25.1 tornado==6.6.1 pycurl==7.49.0 curl_cffi==0.17.0 primp==2.0.1 pyreqwest==0.15.1 aiosonic==1.3.3 wreq==0.13.0
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import asyncio, http.server, sys, threading, urllib.request
from importlib.metadata import version

import aiohttp, aiosonic, curl_cffi, httpx, niquests, primp, pycurl, requests, tornado.httpclient, wreq
from pyreqwest.client import SyncClientBuilder


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.targets.append(self.raw_requestline.split()[1].decode())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def by_pycurl(url):
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.perform()
    handle.close()


def by_pyreqwest(url):
    with SyncClientBuilder().build() as client:
        client.get(url).build().send()


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        await response.read()


async def by_tornado(url):
    await tornado.httpclient.AsyncHTTPClient().fetch(url)


async def by_aiosonic(url):
    async with aiosonic.HTTPClient() as client:
        await (await client.get(url)).content()


async def by_wreq(url):
    await (await wreq.Client().get(url)).text()


CLIENTS = {
    "requests": requests.get,
    "niquests": niquests.get,
    "httpx": httpx.get,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    "tornado": lambda url: asyncio.run(by_tornado(url)),
    "pycurl": by_pycurl,
    "curl_cffi": curl_cffi.get,
    "primp": lambda url: primp.Client().get(url),
    "pyreqwest": by_pyreqwest,
    "aiosonic": lambda url: asyncio.run(by_aiosonic(url)),
    "wreq": lambda url: asyncio.run(by_wreq(url)),
    "urllib": lambda url: urllib.request.urlopen(url, timeout=10).close(),
}
# by target: what is sent in its place, and by whom
EXPECTED = {
    "/%7Euser": {"/~user": "requests niquests aiohttp curl_cffi"},
    "/a%2fb": {"/a%2Fb": "requests niquests aiohttp pycurl curl_cffi"},
    "/a/%2E/b": {"/a/./b": "requests niquests", "/a/b": "aiohttp pycurl curl_cffi primp pyreqwest"},
    "/a?": {"/a": "requests niquests aiohttp tornado aiosonic"},
    "/?a'b": {"/?a%27b": "primp pyreqwest"},
    "/a;b=c": {"/a": "aiosonic"},
    "/?a=1&&b=2": {},
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in CLIENTS if name != "urllib"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
server.daemon_threads, server.targets = True, []
threading.Thread(target=server.serve_forever, daemon=True).start()
for target, expected in EXPECTED.items():
    seen = {}
    for name, get in CLIENTS.items():
        server.targets.clear()
        get(f"http://127.0.0.1:{server.server_port}{target}")
        if server.targets != [target]:
            seen.setdefault(" ".join(server.targets), []).append(name)
    seen = {sent: " ".join(names) for sent, names in seen.items()}
    print(f"{target:12}", seen or "as it stands, by all")
    assert seen == expected, "changed"
server.shutdown()
PY
