#!/usr/bin/env bash
# What: a page in one chunk with a chunk extension, and one under HTTP/1.0 that ends with the connection,
#   by tornado 6.6.1, aiosonic 1.3.3, requests 2.34.2, aiohttp 3.14.5 and pycurl 7.49.0.
# Expected: the page each time. Unknown chunk extensions MUST be ignored (RFC 9112, 7.1.1); without framing the end of the connection is the
#   end of the content (6.3).
# Seen: 2026-11-29, Python 3.11.7:
#   extension   tornado: HTTPStreamClosedError: Connection closed; aiosonic: ValueError: invalid literal for int()
#   HTTP/1.0    aiosonic: an empty page; the others have it
# Why it matters: tornado tells of a lost connection, so the page looks as if the network were at fault and is tried again; aiosonic's empty
#   page has status 200, and old servers and scripts still end their pages so.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check tornado==6.6.1 aiosonic==1.3.3 requests==2.34.2 urllib3==2.8.0 aiohttp==3.14.5 pycurl==7.49.0
cd "$dir"
timeout 200 v/bin/python -W ignore - <<'PY'
import asyncio, io, socket, threading
import aiohttp, aiosonic, pycurl, requests, tornado.httpclient


class Peer:
    """A server that answers each request with the bytes that are set for its path."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            threading.Thread(target=self.serve, args=[self.socket.accept()[0]], daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                while stream.readline().strip():
                    pass
                path = line.split()[1].decode()
                self.asked.append(path)
                connection.sendall(self.answers[path])
                if b"Connection: close" in self.answers[path] or self.answers[path].startswith(b"HTTP/1.0"):
                    return


def by_tornado(url):
    async def get():
        response = await tornado.httpclient.AsyncHTTPClient().fetch(url, request_timeout=5)
        return response.body.decode(), response.effective_url

    return asyncio.run(get())


def by_aiosonic(url):
    async def get():
        async with aiosonic.HTTPClient() as client:
            response = await asyncio.wait_for(client.get(url), 5)
            return await response.text(), ""

    return asyncio.run(get())


def by_requests(url):
    response = requests.get(url, timeout=5)
    return response.text, response.url


def by_aiohttp(url):
    async def get():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session, session.get(url) as response:
            return await response.text(), str(response.url)

    return asyncio.run(get())


def by_pycurl(url):
    content, curl = io.BytesIO(), pycurl.Curl()
    for option, value in ((curl.URL, url), (curl.WRITEDATA, content), (curl.FOLLOWLOCATION, 1), (curl.TIMEOUT, 5)):
        curl.setopt(option, value)
    curl.setopt(curl.ACCEPT_ENCODING, "")
    curl.perform()
    return content.getvalue().decode(), curl.getinfo(curl.EFFECTIVE_URL)


CLIENTS = {"tornado": by_tornado, "aiosonic": by_aiosonic, "requests": by_requests, "aiohttp": by_aiohttp, "pycurl": by_pycurl}

peer = Peer({
    "/extension": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\npage\r\n0\r\n\r\n",
    "/until-closed": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\npage",
})
seen = {}
for path in peer.answers:
    for name, get in CLIENTS.items():
        try:
            told = get(peer.base + path)[0]
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
        print(f"{path:14} {name:10} {told[:90]!r}")
        if told != "page":
            seen[path, name] = told
assert [*seen] == [
    ("/extension", "tornado"),
    ("/extension", "aiosonic"),
    ("/until-closed", "aiosonic"),
], seen
assert seen["/until-closed", "aiosonic"] == "", seen
PY
