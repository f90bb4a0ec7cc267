#!/usr/bin/env bash
# What: httplib2 0.32.1 (below Google's older API clients) with its cache: a page under gzip that has to be validated, so that the second request is answered
#   304, once with the 'Content-Encoding: gzip' of the page and once without; a 204 with that field; and a redirect to '//host/new'. Beside it requests 2.34.2
#   and httpx 0.28.1, which get the same responses.
# Expected: the page out of the cache, an empty 204, the page at the new address. A 304 ends behind its fields and has no content whatever they say (RFC 9110,
#   15.4.5); it may carry those of the page. '//host/new' is a relative reference like any other, which Location may hold (10.2.2; RFC 3986, 4.2).
# Seen: 2026-11-30, Python 3.11.7. The page where the 304 says nothing of a coding. Else:
#   304 and 204 with Content-Encoding   ValueError: range() arg 3 must not be zero
#   //host/new                          RelativeURIError: Only absolute URIs are allowed.
# Why: the bytes are given to the decoder in pieces whose size is worked out from the length of the content, which is 0.
# Why it matters: the first request of a program works, and each later one fails, since the copy in the cache makes it conditional; with an error that
#   is none of httplib2's, and names neither the URL nor the coding.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check httplib2==0.32.1 requests==2.34.2 httpx==0.28.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import gzip, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import httplib2, httpx, requests

PAGE = gzip.compress(b"page")


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        fields = {"ETag": '"1"', "Cache-Control": "max-age=0"}
        if self.path == "/old":
            status, content, fields = 302, b"", {"Location": f"//127.0.0.1:{self.server.server_address[1]}/new"}
        elif self.path == "/nothing":
            status, content, fields = 204, b"", {"Content-Encoding": "gzip"}
        elif "If-None-Match" in self.headers:
            status, content = 304, b""
            if self.path == "/told":
                fields["Content-Encoding"] = "gzip"
        else:
            status, content = 200, PAGE
            fields["Content-Encoding"] = "gzip"
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if status in (200, 302):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"


def by_httplib2(http, path):
    try:
        response, content = http.request(base + path)
    except (ValueError, httplib2.HttpLib2Error) as error:
        return f"{type(error).__name__}: {str(error).partition('.')[0]}"
    return response.status, content


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("httplib2", "requests", "httpx")))
cached = httplib2.Http("cache", timeout=10)
seen = {name: by_httplib2(cached, path) for name, path in {
    "first": "/told", "304 with the coding": "/told", "first of another": "/untold", "304 without": "/untold", "204": "/nothing", "//host/new": "/old",
}.items()}
for name, told in seen.items():
    print(f"httplib2 {name:20}", told)
error = "ValueError: range() arg 3 must not be zero"
assert seen == {
    "first": (200, b"page"), "304 with the coding": error, "first of another": (200, b"page"), "304 without": (200, b"page"), "204": error,
    "//host/new": "RelativeURIError: Only absolute URIs are allowed",
}, seen
for name, ask in {"requests": requests.get, "httpx": lambda url, **options: httpx.get(url, follow_redirects=True, **options)}.items():
    told = []
    for path in ("/told", "/nothing", "/old"):
        response = ask(base + path, headers={"If-None-Match": '"1"'} if path == "/told" else {}, timeout=10)
        told.append((response.status_code, response.content))
    print(f"{name:29}", *told)
    assert told == [(304, b""), (204, b""), (200, b"page")], "the control failed"
PY
