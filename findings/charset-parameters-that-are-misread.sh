#!/usr/bin/env bash
# What: a text in windows-1251 whose Content-Type has the charset with a quoted pair ("windows\-1251"), or behind a parameter whose quoted value
#   has a semicolon; and a text in UTF-16 without a BOM; by requests 2.34.2, httpx 0.28.1, httpx2 2.16.2, aiohttp 3.14.5, curl_cffi
#   0.17.0 and primp 2.0.1.
# Expected: a backslash in a quoted string stands for the character behind it, and no parameter begins within one (RFC 9110, 5.6.4 and 5.6.6);
#   UTF-16 without a BOM is read as either byte order (RFC 2781 and WHATWG differ in which).
# Seen: 2026-11-29, Python 3.11.7:
#   quoted pair  right by requests, httpx, httpx2, aiohttp; UnicodeDecodeError by curl_cffi, two replacement characters by primp
#   semicolon    right by requests, httpx, httpx2, primp; UnicodeDecodeError by aiohttp, read as UTF-16 by curl_cffi
#   no BOM       little endian by requests, aiohttp, curl_cffi, primp; in httpx and httpx2 .text raises UnicodeError, since an incremental
#                decoder of Python insists on a BOM where bytes.decode does not
# Why it matters: .text is the one attribute that nobody puts into a try; .json() and lxml get the same bytes without trouble.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 httpx2==2.16.2 aiohttp==3.14.5 curl_cffi==0.17.0 primp==2.0.1
cd "$dir"
timeout 200 v/bin/python -W ignore - <<'PY'
import asyncio, io, socket, threading
import aiohttp, curl_cffi.requests, httpx, httpx2, primp, requests


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


def by_curl_cffi(url):
    response = curl_cffi.requests.get(url, timeout=5)
    return response.text, response.url


def by_primp(url):
    response = primp.Client(timeout=5).get(url)
    return response.text, response.url


CLIENTS = {"requests": by_requests, "httpx": by_httpx, "httpx2": by_httpx2, "aiohttp": by_aiohttp, "curl_cffi": by_curl_cffi, "primp": by_primp}

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; %b\r\nContent-Length: %d\r\n\r\n%b"
TEXT = "да!"
coded = TEXT.encode("windows-1251")
peer = Peer({
    "/pair": ANSWER % (b'charset="windows\\-1251"', len(coded), coded),
    "/semicolon": ANSWER % (b'title="a;charset=utf-16"; charset=windows-1251', len(coded), coded),
    "/no-bom": ANSWER % (b"charset=utf-16", 6, TEXT.encode("utf-16-le")),
})
wrong = {}
for path in peer.answers:
    for name, get in CLIENTS.items():
        try:
            told = get(peer.base + path)[0]
        except UnicodeError as error:
            told = type(error).__name__
        print(f"{path:12} {name:10} {told!a}")
        if told != TEXT:
            wrong.setdefault(path, {})[name] = told
assert {path: [*names] for path, names in wrong.items()} == {
    "/pair": ["curl_cffi", "primp"],
    "/semicolon": ["aiohttp", "curl_cffi"],
    "/no-bom": ["httpx", "httpx2"],
}, wrong
assert wrong["/no-bom"] == {"httpx": "UnicodeError", "httpx2": "UnicodeError"}, wrong
PY
