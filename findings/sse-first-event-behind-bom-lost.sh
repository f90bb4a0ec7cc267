#!/usr/bin/env bash
# What: the clients of server-sent events sseclient-py 1.9.0, httpx-sse 0.4.3 and requests-sse 0.5.3 lose the first event of a stream that
#   begins with a byte order mark; aiosseclient 0.1.8 gives it with empty data.
# Expected: WHATWG HTML 9.2.5 and 9.2.6: the stream is `[ bom ] *event`, "one leading U+FEFF must be ignored if any are present". So both
#   events come out. (The four do decode as UTF-8, so one would think of "utf-8-sig" too.)
# Seen: (2026-11-28, Python 3.11.7) of BOM "data: first", "data: second":
#   sseclient-py, httpx-sse, requests-sse  [(None, 'second')];  aiosseclient  [(None, ''), (None, 'second')]
#   and of BOM "id: 1", "data: first", "id: 2", "data: second" all four [(None, 'first'), ('2', 'second')]: the id is lost
# Why it matters: no error is raised: the line `<BOM>data: 1` is taken for a field of an unknown name. Where the first event carries
#   the state, an id or a count (as in most streams of snapshots and changes), everything after it is read against nothing.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q sseclient-py==1.9.0 httpx-sse==0.4.3 httpx==0.28.1 requests-sse==0.5.3 requests==2.34.2 aiosseclient==0.1.8 aiohttp==3.14.5
timeout 120 "$tmp/v/bin/python" - <<'PY'
import asyncio, http.server, threading
from importlib.metadata import version
import aiosseclient, httpx, httpx_sse, requests, requests_sse, sseclient

EVENTS = b"id: 1\ndata: first\n\nid: 2\ndata: second\n\n"
BODY = {"/plain": EVENTS, "/bom": b"\xef\xbb\xbf" + EVENTS, "/bom-data": b"\xef\xbb\xbfdata: first\n\ndata: second\n\n"}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(BODY[self.path])))
        self.end_headers()
        self.wfile.write(BODY[self.path])
    def log_message(self, *a):
        pass

def by_sseclient_py(url):
    return [(e.id, e.data) for e in sseclient.SSEClient(requests.get(url, stream=True)).events()]

def by_httpx_sse(url):
    with httpx.Client() as c, httpx_sse.connect_sse(c, "GET", url) as source:
        return [(e.id or None, e.data) for e in source.iter_sse()]

def by_requests_sse(url):
    found = []
    with requests_sse.EventSource(url, timeout=5) as source:
        for e in source:  # it would connect again at the end: stop at the second event
            found.append((e.last_event_id or None, e.data))
            if e.data == "second":
                return found

def by_aiosseclient(url):
    async def run():
        return [(e.id, e.data) async for e in aiosseclient.aiosseclient(url)]
    return asyncio.run(run())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
got = {}
for f in (by_sseclient_py, by_httpx_sse, by_requests_sse, by_aiosseclient):
    for path in BODY:
        got[f.__name__[3:], path] = f(f"http://127.0.0.1:{server.server_port}{path}")
        print(f"{f.__name__[3:]:13} {path:10} {got[f.__name__[3:], path]}")
server.shutdown()
for name in ("sseclient_py", "httpx_sse", "requests_sse", "aiosseclient"):
    assert got[name, "/plain"] == [("1", "first"), ("2", "second")], name
for name in ("sseclient_py", "httpx_sse", "requests_sse"):
    assert got[name, "/bom-data"] == [(None, "second")], (name, "lost")
    assert got[name, "/bom"] == [(None, "first"), ("2", "second")], (name, "id lost")
assert got["aiosseclient", "/bom-data"] == [(None, ""), (None, "second")], "emptied"
print("versions", *(f"{p} {version(p)}" for p in ("sseclient-py", "httpx-sse", "requests-sse", "aiosseclient")))
PY
