#!/usr/bin/env bash
# What: vcrpy 9.4.2 and betamax 0.9.0 around one requests call, in either order: a gzip-coded response raises ContentDecodingError, in
#   the live recording run already. Each alone is right, and both together are for a response without coding.
# Expected: one records at the connection (vcrpy), the other at the adapter of requests (betamax); the outer sees what the inner
#   hands on, so both cassettes are written and the content is decoded once.
# Seen: 2026-11-28, Python 3.11.7:
#   plain under vcrpy | b'zipped text'
#   gzip under vcrpy | b'zipped text'
#   plain under betamax | b'zipped text'
#   gzip under betamax | b'zipped text'
#   plain under vcrpy then betamax | b'zipped text'
#   gzip under vcrpy then betamax | ContentDecodingError
#   plain under betamax then vcrpy | b'zipped text'
#   gzip under betamax then vcrpy | ContentDecodingError
# Why it matters: a project that moves from one to the other has both on for a while (an autouse fixture and a Session); tests pass against
#   a bare test server and fail against any real one, which codes.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check vcrpy==9.4.2 wrapt==2.5.2 PyYAML==6.0.4 betamax==0.9.0 requests==2.34.2 urllib3==2.8.0
cd "$dir"; mkdir c; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import contextlib, gzip, http.server, sys, threading
from importlib.metadata import version
import betamax, requests, vcr

CODED = gzip.compress(b"zipped text", mtime=0)
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        coded = self.path == "/gzip"
        self.send_response(200)
        if coded:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers(); self.wfile.write(CODED if coded else b"zipped text")
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = "http://127.0.0.1:%d/" % server.server_address[1]

def get(path, order):
    session = requests.Session()
    name = "-".join((path, *order))
    make = {"vcrpy": lambda: vcr.use_cassette(f"{name}.yaml"), "betamax": lambda: betamax.Betamax(session, cassette_library_dir="c").use_cassette(name)}
    try:
        with contextlib.ExitStack() as stack:
            for recorder in order:
                stack.enter_context(make[recorder]())
            return session.get(base + path, timeout=20).content
    except requests.exceptions.ContentDecodingError as e:
        return type(e).__name__
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("vcrpy", "betamax", "requests", "urllib3")))
for order in (("vcrpy",), ("betamax",), ("vcrpy", "betamax"), ("betamax", "vcrpy")):
    for path in ("plain", "gzip"):
        got = get(path, order)
        print(path, "under", " then ".join(order), "|", got)
        assert got == ("ContentDecodingError" if path == "gzip" and len(order) == 2 else b"zipped text"), "changed"
server.shutdown()
PY
