#!/usr/bin/env bash
# What: niquests 3.21.2 (a drop-in for requests) does not give the reason phrase that an HTTP/1.1 server sent: `response.reason`, and the message of raise_for_status(), hold the
#   phrase of its own table, also where the server sent none; for a status outside the table it is "Unknown".
# Expected: what was on the line, as requests 2.34.2 gives (and http.client, httpx2, aiohttp): "400 Quota used up". RFC 9112 4: the phrase may be anything, or empty.
# Seen: 2026-11-28, Python 3.11.7:
#   requests 2.34.2  | ['Quota used up', '', 'File Not Found', 'Fine By Me', 'Request denied'] | 400 Client Error: Quota used up
#   niquests 3.21.2  | ['Bad Request', 'OK', 'Not Found', 'Unknown', 'Unknown'] | 400 Client Error: Bad Request
# Why it matters: servers that put their only explanation there lose it without a sign after "just change the import"; a recorder or
#   a WARC writer on top of niquests writes a status line that nobody sent, and a proxy passes on another one.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv n && n/bin/pip install -q niquests==3.21.2 urllib3-future==2.25.904
python3 -m venv r && r/bin/pip install -q requests==2.34.2 urllib3==2.8.0
cat > t.py <<'E'
import importlib, platform, socket, sys, threading
from importlib.metadata import version
name = sys.argv[1]; lib = importlib.import_module(name)
LINES = {"/own": "400 Quota used up", "/empty": "200 ", "/other": "404 File Not Found", "/299": "299 Fine By Me", "/999": "999 Request denied"}
def serve(sock):
    while True:
        c, _ = sock.accept(); c.settimeout(10); got = b""
        while b"\r\n\r\n" not in got: got += c.recv(65536)
        c.sendall(f"HTTP/1.1 {LINES[got.split()[1].decode()]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()); c.close()
sock = socket.create_server(("127.0.0.1", 0)); threading.Thread(target=serve, args=(sock,), daemon=True).start()
s = lib.Session(); s.trust_env = False
got = [s.get(f"http://127.0.0.1:{sock.getsockname()[1]}{p}", timeout=10) for p in LINES]; seen = [r.reason for r in got]
try: got[0].raise_for_status(); message = "none"
except lib.HTTPError as e: message = str(e).split(" for url")[0]
print("versions", name, version(name), "python", platform.python_version(), "|", seen, "|", message)
if name == "requests":
    assert seen == ["Quota used up", "", "File Not Found", "Fine By Me", "Request denied"] and message == "400 Client Error: Quota used up", "the control failed"
else:
    assert seen == ["Bad Request", "OK", "Not Found", "Unknown", "Unknown"], "niquests gives other phrases now"
    assert message == "400 Client Error: Bad Request", "another message"
E
timeout 60 r/bin/python t.py requests; timeout 60 n/bin/python t.py niquests
