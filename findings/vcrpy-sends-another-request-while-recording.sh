#!/usr/bin/env bash
# What: vcrpy 9.4.2 around http.client. While a cassette is being recorded, the request that reaches the
#   server is another one than without vcrpy: of two putheader() calls with one name only the last is sent,
#   of several values in one putheader() only the first; a body given as str goes out in UTF-8 instead of
#   Latin-1, a text file too; a body of unknown length goes with Content-Length instead of chunked.
# Expected: a recorder in "once" mode passes on to the server what the program would have sent
#   (http.client: str bodies are ISO-8859-1, putheader may be repeated, an iterable is sent chunked).
# Seen: 2026-11-28, Python 3.11.7:
#   fields | plain: ([('X-R', '1'), ('X-R', '2'), ('X-M', '1\r\n\t2'), ('Content-Length', '0')], b'') | recording: ([('X-R', '2'), ('X-M', '1'), ('Content-Length', '0')], b'')
#   str | plain: ([('Content-Length', '2')], b'h\xe9') | recording: ([('Content-Length', '3')], b'h\xc3\xa9')
#   text file | plain: ([('Transfer-Encoding', 'chunked')], b'h\xe9') | recording: ([('Content-Length', '3')], b'h\xc3\xa9')
#   generator | plain: ([('Transfer-Encoding', 'chunked')], b'abcd') | recording: ([('Content-Length', '4')], b'abcd')
# Why it matters: a client on http.client cannot be tested for framing, repeated fields or charset through a
#   vcrpy cassette, and the first, live run of such a test may send the server other bytes than production does.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check vcrpy==9.4.2 wrapt==2.5.2 PyYAML==6.0.4
cd "$dir"; timeout 120 "$dir/v/bin/python" - <<'PY'
import http.client, http.server, io, sys, threading
from importlib.metadata import version
import vcr

seen = []
class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        if self.headers.get("Transfer-Encoding"):
            body = b""
            while n := int(self.rfile.readline(), 16):
                body += self.rfile.read(n); self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        fields = [(k, v) for k, v in self.headers.items() if k not in ("Host", "Accept-Encoding")]
        seen.append((fields, body))
        self.send_response(204); self.end_headers()
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

def by_hand(c):
    c.putrequest("POST", "/")
    c.putheader("X-R", "1"); c.putheader("X-R", "2"); c.putheader("X-M", "1", "2")
    c.putheader("Content-Length", "0"); c.endheaders()
CASES = {
    "fields": by_hand,
    "str": lambda c: c.request("POST", "/", "h\xe9"),
    "text file": lambda c: c.request("POST", "/", io.StringIO("h\xe9")),
    "generator": lambda c: c.request("POST", "/", (p for p in (b"ab", b"cd"))),
}
def run(case):
    c = http.client.HTTPConnection(*server.server_address, timeout=20)
    CASES[case](c); c.getresponse().read(); c.close()
    return seen.pop()

TE = [("Transfer-Encoding", "chunked")]
def length(n): return [("Content-Length", str(n))]
WANT = {
    "fields": (([("X-R", "1"), ("X-R", "2"), ("X-M", "1\r\n\t2")] + length(0), b""), ([("X-R", "2"), ("X-M", "1")] + length(0), b"")),
    "str": ((length(2), b"h\xe9"), (length(3), b"h\xc3\xa9")),
    "text file": ((TE, b"h\xe9"), (length(3), b"h\xc3\xa9")),
    "generator": ((TE, b"abcd"), (length(4), b"abcd")),
}
print("versions", sys.version.split()[0], "vcrpy", version("vcrpy"))
for i, case in enumerate(CASES):
    plain = run(case)
    with vcr.use_cassette(f"{i}.yaml", record_mode="once"):
        recorded = run(case)
    print(case, "| plain:", plain, "| recording:", recorded)
    assert (plain, recorded) == WANT[case], f"{case}: changed"
server.shutdown()
PY
