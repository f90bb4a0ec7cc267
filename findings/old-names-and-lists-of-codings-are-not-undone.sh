#!/usr/bin/env bash
# What: a page under gzip, with 'Content-Encoding: x-gzip', 'gzip, identity', 'gzip,' and as two lines of gzip (coded twice), by requests
#   2.34.2 (urllib3 2.8.0), httpx 0.28.1, aiohttp 3.14.5, pycurl 7.49.0, curl_cffi 0.17.0 and primp 2.0.1.
# Expected: the page by all. A recipient SHOULD take x-gzip for gzip (RFC 9110, 8.4.1.3); the field is a list, whose empty members are to be
#   ignored (5.6.1) and whose lines are one list (5.3); identity says that nothing was done.
# Seen: 2026-11-29, Python 3.11.7. The page by pycurl and curl_cffi each time. Else:
#   x-gzip         undone by requests; coded bytes by httpx, primp; UnicodeDecodeError by aiohttp
#   gzip, identity and gzip,   undone by httpx; ContentDecodingError by requests, which takes what it does not know in a list for deflate;
#                  coded bytes by primp, UnicodeDecodeError by aiohttp
#   gzip twice     undone by requests, httpx; UnicodeDecodeError by aiohttp, coded bytes by primp
# Why it matters: no two of five kinds of client agree on the four, and where there is no error, what is stored as text is noise. Old CGI
#   programs say x-gzip; identity and empty members are left by what adds a coding to a list.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 aiohttp==3.14.5 pycurl==7.49.0 curl_cffi==0.17.0 primp==2.0.1
cd "$dir"
timeout 200 v/bin/python -W ignore - <<'PY'
import asyncio, gzip, io, socket, threading
import aiohttp, curl_cffi.requests, httpx, primp, pycurl, requests


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


def by_curl_cffi(url):
    response = curl_cffi.requests.get(url, timeout=5)
    return response.text, response.url


def by_primp(url):
    response = primp.Client(timeout=5).get(url)
    return response.text, response.url


CLIENTS = {"requests": by_requests, "httpx": by_httpx, "aiohttp": by_aiohttp, "pycurl": by_pycurl, "curl_cffi": by_curl_cffi, "primp": by_primp}

CODED = gzip.compress(b"page")


def answer(field, content):
    return b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (field, len(content), content)


peer = Peer({
    "/x-gzip": answer(b"Content-Encoding: x-gzip", CODED),
    "/identity": answer(b"Content-Encoding: gzip, identity", CODED),
    "/empty": answer(b"Content-Encoding: gzip,", CODED),
    "/twice": answer(b"Content-Encoding: gzip\r\nContent-Encoding: gzip", gzip.compress(CODED)),
})
seen = {}
for path in peer.answers:
    for name, get in CLIENTS.items():
        try:
            text = get(peer.base + path)[0]
        except (UnicodeDecodeError, requests.exceptions.ContentDecodingError) as error:
            seen[path, name] = type(error).__name__
        else:
            seen[path, name] = text if text == "page" else "coded bytes"
    print(path, {name: seen[path, name] for name in CLIENTS})
undone = {path: [name for name in CLIENTS if seen[path, name] == "page"] for path in peer.answers}
assert undone == {
    "/x-gzip": ["requests", "pycurl", "curl_cffi"],
    "/identity": ["httpx", "pycurl", "curl_cffi"],
    "/empty": ["httpx", "pycurl", "curl_cffi"],
    "/twice": ["requests", "httpx", "pycurl", "curl_cffi"],
}, undone
PY
