#!/usr/bin/env bash
# What: POST of 'hello' as an open file, as BytesIO, as a generator and as a file in a form, to a server that answers 503, and 200 to whoever tries again;
#   by what tries again: urllib3's Retry (2.8.0), alone and in an adapter of requests 2.34.2, httpx-retries 0.6.0 (httpx 0.28.1) and aiohttp-retry 2.9.1
#   (aiohttp 3.14.5), each told that POST may be repeated. Told is the content of both requests.
# Expected: 'hello' twice, or an error: a request with other content is not the same one, which is all that may be repeated (RFC 9110, 9.2.2).
# Seen: 2026-11-30, Python 3.11.7. The second time, and what the caller gets:
#                       open file                  BytesIO                       generator             file in a form
#   urllib3, requests   'hello'                    'hello'                       NOTHING, and a 200    'hello'
#   httpx-retries       LocalProtocolError         as of the file                StreamConsumed        'hello'
#   aiohttp-retry       an error, closed file      NOTHING, and a 200            NOTHING, and a 200    an error; an EMPTY file and a 200 for BytesIO
# Why: urllib3 seeks back to where a file was, and takes what it cannot seek in as it is; the others give the same object again, which is at its end.
#   httpx knows a generator that was read, and has the length of a file that it does not come to.
# Why it matters: the server that was too busy stores an upload of no bytes, and the caller sees one 200. It comes to light when somebody opens the file.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check urllib3==2.8.0 requests==2.34.2 httpx==0.28.1 httpx-retries==0.6.0 aiohttp==3.14.5 aiohttp-retry==2.9.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import asyncio, io, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import aiohttp, aiohttp_retry, httpx, httpx_retries, requests, urllib3

got = []
lock = threading.Lock()


def read_content(file, headers):
    """Return the content, or None if it is cut short."""
    if headers.get("Transfer-Encoding") != "chunked":
        length = int(headers.get("Content-Length") or 0)
        content = file.read(length)
        return content if len(content) == length else None
    content = b""
    while line := file.readline():
        size = int(line, 16)
        content += file.read(size)
        file.readline()
        if not size:
            return content
    return None


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        content = read_content(self.rfile, self.headers)
        if content is None:
            self.close_connection = True
            return
        if "multipart" in self.headers.get("Content-Type", ""):
            content = content.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
        with lock:
            got.append(content)
            is_first = len(got) == 1
        self.send_response(503 if is_first else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/"
with open("upload.bin", "wb") as file:
    file.write(b"hello")


def by_urllib3(content, in_form):
    retries = urllib3.Retry(3, status_forcelist=[503], allowed_methods=None)
    with urllib3.PoolManager(retries=retries) as pool:
        if in_form:
            return pool.request("POST", url, fields={"f": ("f", content.read())}).status
        return pool.request("POST", url, body=content).status


def by_requests(content, in_form):
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=urllib3.Retry(3, status_forcelist=[503], allowed_methods=None)))
        return session.post(url, **{"files": {"f": content}} if in_form else {"data": content}, timeout=10).status_code


def by_httpx_retries(content, in_form):
    retry = httpx_retries.Retry(total=3, allowed_methods=["POST"], backoff_factor=0)
    with httpx.Client(transport=httpx_retries.RetryTransport(retry=retry)) as client:
        return client.post(url, **{"files": {"f": content}} if in_form else {"content": content}).status_code


def by_aiohttp_retry(content, in_form):
    async def ask():
        options = aiohttp_retry.ExponentialRetry(3, start_timeout=0.01, statuses={503}, methods={"POST"})
        async with aiohttp_retry.RetryClient(retry_options=options) as client:
            async with client.post(url, data={"f": content} if in_form else content) as response:
                return response.status

    return asyncio.run(ask())


def parts():
    yield b"he"
    yield b"llo"


async def parts_later():
    yield b"he"
    yield b"llo"


CONTENTS = {
    "file": lambda: (open("upload.bin", "rb"), False),
    "BytesIO": lambda: (io.BytesIO(b"hello"), False),
    "generator": lambda: (parts(), False),
    "file in a form": lambda: (open("upload.bin", "rb"), True),
    "BytesIO in a form": lambda: (io.BytesIO(b"hello"), True),
}
WHOLE, EMPTY, FAILED = ([b"hello", b"hello"], 200), ([b"hello", b""], 200), ([b"hello"], "error")
EXPECTED = {
    by_urllib3: [WHOLE, WHOLE, EMPTY, WHOLE, WHOLE],
    by_requests: [WHOLE, WHOLE, EMPTY, WHOLE, WHOLE],
    by_httpx_retries: [FAILED, FAILED, FAILED, WHOLE, WHOLE],
    by_aiohttp_retry: [FAILED, EMPTY, EMPTY, FAILED, EMPTY],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in "urllib3 requests httpx httpx-retries aiohttp aiohttp-retry".split()))
for send, expected in EXPECTED.items():
    seen = []
    for kind, new_content in CONTENTS.items():
        del got[:]
        content, in_form = new_content()
        if send is by_aiohttp_retry and kind == "generator":
            content = parts_later()
        name = ""
        try:
            end = send(content, in_form)
        except Exception as error:  # which one, depends on what aiohttp comes to first
            end, name = "error", type(error).__name__
        seen.append((list(got), end))
        print(f"{send.__name__[3:]:14} {kind:18}", *seen[-1], name)
    assert seen == expected, "changed"
PY
