#!/usr/bin/env bash
# What: sseclient-py 1.9.0 hands out the event that the end of the stream has cut off, as if it were whole. httpx-sse 0.4.3 drops that one,
#   but makes events with empty data of blocks that hold only `id:`, `retry:` or `event:`.
# Expected: WHATWG HTML 9.2.6: "once the end of the file is reached, any pending data must be discarded", and at an empty line, "if the
#   data buffer is an empty string, set the data buffer and the event type buffer to the empty string and return". requests-sse
#   (the control) does both.
# Seen: (2026-11-28, Python 3.11.7)
#   "data: 1", empty line, "data: 1000" and the end: sseclient-py gives 1 and 1000; httpx-sse and requests-sse 1 only
#   "retry: 3000", "id: 7", "event: ping", each before an empty line, then "data: 1" with "retry: 3000": httpx-sse gives four events, three
#   of them with data ''; sseclient-py one, with retry '3000' (text); requests-sse one
# Why it matters: a stream broken in the middle gives JSON that is cut or, worse, text that is not recognised as cut (the answer of a
#   chat, a number with fewer digits). And `retry: 3000` alone, which many servers send first, is an event without data in httpx-sse
#   (its `json()` raises), while sseclient-py drops that retry, and gives the others' as text.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q sseclient-py==1.9.0 httpx-sse==0.4.3 httpx==0.28.1 requests-sse==0.5.3 requests==2.34.2
timeout 120 "$tmp/v/bin/python" - <<'PY'
import http.server, threading
from importlib.metadata import version
import httpx, httpx_sse, requests, requests_sse, sseclient

BODY = {
    "/cut": b"data: 1\n\ndata: 1000",  # was to be 100000
    "/cut-behind-line": b"data: 1\n\nevent: sum\ndata: 2\n",  # a second line of data was to come
    "/no-data": b"retry: 3000\n\nid: 7\n\nevent: ping\n\ndata: 1\nretry: 3000\n\n",
}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.headers.get("Last-Event-ID") or self.path in seen else 200)
        if self.path not in seen:
            self.send_header("Content-Type", "text/event-stream")
        self.end_headers()  # HTTP/1.0: the end of the connection is the end of the stream
        if self.path not in seen:
            self.wfile.write(BODY[self.path])
        seen.add(self.path)
    def log_message(self, *a):
        pass

def by_sseclient_py(url):
    return [(e.event, e.data, e.retry) for e in sseclient.SSEClient(requests.get(url, stream=True)).events()]

def by_httpx_sse(url):
    with httpx.Client() as c, httpx_sse.connect_sse(c, "GET", url) as source:
        return [(e.event, e.data, e.retry) for e in source.iter_sse()]

def by_requests_sse(url):
    found = []
    try:
        with requests_sse.EventSource(url, timeout=5) as source:
            for e in source:
                found.append((e.type, e.data))
    except requests_sse.InvalidStatusCodeError:  # the 204 that ends its connecting again
        return found

seen = set()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
got = {}
for f in (by_sseclient_py, by_httpx_sse, by_requests_sse):
    for path in BODY:
        got[f.__name__[3:], path] = f(f"http://127.0.0.1:{server.server_port}{path}")
        print(f"{f.__name__[3:]:12} {path:17} {got[f.__name__[3:], path]}")
    seen.clear()
server.shutdown()
assert got["requests_sse", "/cut"] == got["requests_sse", "/cut-behind-line"] == got["requests_sse", "/no-data"] == [("message", "1")], "control"
assert got["sseclient_py", "/cut"] == [("message", "1", None), ("message", "1000", None)], "cut"
assert got["sseclient_py", "/cut-behind-line"][1] == ("sum", "2", None), "cut behind a line"
assert got["sseclient_py", "/no-data"] == [("message", "1", "3000")], "no data, sseclient-py"
assert got["httpx_sse", "/cut"] == got["httpx_sse", "/cut-behind-line"] == [("message", "1", None)], "httpx-sse, cut"
assert got["httpx_sse", "/no-data"] == [("message", "", 3000), ("message", "", None), ("ping", "", None), ("message", "1", 3000)], "no data, httpx-sse"
print("versions", *(f"{p} {version(p)}" for p in ("sseclient-py", "httpx-sse", "requests-sse")))
PY
