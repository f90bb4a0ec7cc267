#!/usr/bin/env bash
# What: http://host/old#part, which redirects to '/new', a Location without a fragment, by requests 2.34.2, httpx 0.28.1,
#   httpx2 2.16.2, aiohttp 3.14.5, tornado 6.6.1, pycurl 7.49.0, curl_cffi 0.17.0, primp 2.0.1 and urllib of Python 3.11. Told is the URL of
#   the response.
# Expected: /new#part: where Location has no fragment, the user agent MUST go on as if it had that of the URL before (RFC 9110, 10.2.2).
# Seen: 2026-11-29, Python 3.11.7: /new#part by requests, httpx, httpx2; /new by aiohttp, tornado, pycurl, curl_cffi, primp, urllib.
# Why it matters: links to a part of a page are compared, stored and shown by the URL where they ended; half of the clients make two pages
#   of one, or one place of many, by whether the site has moved.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 httpx2==2.16.2 aiohttp==3.14.5 tornado==6.6.1 pycurl==7.49.0 curl_cffi==0.17.0 primp==2.0.1
cd "$dir"
timeout 200 v/bin/python -W ignore - <<'PY'
import asyncio, io, socket, threading, urllib.request
import aiohttp, curl_cffi.requests, httpx, httpx2, primp, pycurl, requests, tornado.httpclient


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


def by_requests(url):
    response = requests.get(url, timeout=5)
    return response.text, response.url


def by_httpx(url):
    response = httpx.get(url, follow_redirects=True, timeout=5)
    return response.text, str(response.url)


def by_httpx2(url):
    response = httpx2.get(url, follow_redirects=True, timeout=5)
    return response.text, str(response.url)


def by_aiohttp(url):
    async def get():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session, session.get(url) as response:
            return await response.text(), str(response.url)

    return asyncio.run(get())


def by_tornado(url):
    async def get():
        response = await tornado.httpclient.AsyncHTTPClient().fetch(url, request_timeout=5)
        return response.body.decode(), response.effective_url

    return asyncio.run(get())


def by_pycurl(url):
    content, curl = io.BytesIO(), pycurl.Curl()
    for option, value in ((curl.URL, url), (curl.WRITEDATA, content), (curl.FOLLOWLOCATION, 1), (curl.TIMEOUT, 5)):
        curl.setopt(option, value)
    curl.setopt(curl.ACCEPT_ENCODING, "")
    curl.perform()
    return content.getvalue().decode(), curl.getinfo(curl.EFFECTIVE_URL)


def by_curl_cffi(url):
    response = curl_cffi.requests.get(url, timeout=5)
    return response.text, response.url


def by_primp(url):
    response = primp.Client(timeout=5).get(url)
    return response.text, response.url


def by_urllib(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode(), response.url


CLIENTS = {"requests": by_requests, "httpx": by_httpx, "httpx2": by_httpx2, "aiohttp": by_aiohttp, "tornado": by_tornado, "pycurl": by_pycurl, "curl_cffi": by_curl_cffi, "primp": by_primp, "urllib": by_urllib}

peer = Peer({
    "/old": b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n",
    "/new": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage",
})
seen = {name: get(peer.base + "/old#part")[1].removeprefix(peer.base) for name, get in CLIENTS.items()}
for name, url in seen.items():
    print(f"{name:10} {url}")
assert {*seen.values()} == {"/new#part", "/new"}, seen
assert [name for name in seen if seen[name] == "/new#part"] == ["requests", "httpx", "httpx2"], seen
PY
