#!/usr/bin/env bash
# What: a response with Cache-Control: max-age=100 and no Date field is fetched anew each time by CacheControl 0.14.4; with a Date
#   the second one comes from the cache. requests-cache 1.3.3 (cache_control=True) keeps both.
# Expected: kept either way. An origin without a clock sends no Date, and then the recipient MUST put the time of arrival in its
#   place if it caches the response (RFC 9110 6.6.1).
# Seen: 2026-11-29, Python 3.11.7 (requests that the server saw for two GETs):
#   CacheControl with Date 1, without 2
#   requests-cache with Date 1, without 1
# Why it matters: small servers and many test servers (anything over asyncio streams or socketserver) send no Date: a cache that
#   works against nginx does nothing there, and nothing tells why.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check CacheControl==0.14.4 requests-cache==1.3.3 requests==2.34.2
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import email.utils, socketserver, sys, threading
from importlib.metadata import version
import cachecontrol, requests, requests_cache

asked = []

class Server(socketserver.StreamRequestHandler):
    def handle(self):
        target = self.rfile.readline().split()[1].decode()
        asked.append(target)
        while self.rfile.readline() not in (b"\r\n", b""): pass
        date = "Date: %s\r\n" % email.utils.formatdate(usegmt=True) if target == "/with" else ""
        self.wfile.write(f"HTTP/1.1 200 OK\r\n{date}Cache-Control: max-age=100\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".encode())

server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()

def count(session, target):
    asked.clear()
    for _ in range(2):
        assert session.get("http://127.0.0.1:%d%s" % (server.server_address[1], target), timeout=20).content == b"hi"
    return len(asked)

seen = {name: (count(session, "/with"), count(session, "/without")) for name, session in {
    "CacheControl": cachecontrol.CacheControl(requests.Session()),
    "requests-cache": requests_cache.CachedSession(backend="memory", cache_control=True),
}.items()}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in (*seen, "requests")))
print(*(f"{name} with Date {w}, without {wo}" for name, (w, wo) in seen.items()), sep="\n")
assert seen == {"CacheControl": (1, 2), "requests-cache": (1, 1)}, "changed"
server.shutdown()
PY
