#!/usr/bin/env bash
# What: the recorder of responses 0.26.3 (responses._recorder, "record" and "_add_from_file", marked beta in its README) gives back another
#   response than was recorded: two Set-Cookie fields become one with a comma, so requests has one cookie with the value "1, b=2"; content in
#   Latin-1 or UTF-16 is turned into UTF-8 while Content-Type still says the old charset; bytes that are no text become other bytes; the reason phrase is
#   the standard one; without a Content-Type in the original, "text/plain" is made up.
# Expected: status, fields and content as they came (RFC 9110 5.3: Set-Cookie cannot be joined by commas).
# Seen: 2026-11-28, Python 3.11.7:
#   latin | live: b'caf\xe9' text/html; charset=iso-8859-1 {'a': '1', 'b': '2'} Fine By Me | replay: b'caf\xc3\xa9' text/html; charset=iso-8859-1 {'a': '1, b=2'} OK | text: 'caf\xe9' 'caf\xc3\xa9'
#   utf16 | live: b'\xff\xfec\x00a\x00f\x00\xe9\x00' text/plain; charset=utf-16 {'a': '1', 'b': '2'} Fine By Me | replay: b'caf\xc3\xa9' text/plain; charset=utf-16 {'a': '1, b=2'} OK | text: 'caf\xe9' '\u6163\uc366\ufffd'
#   bytes | live: b'\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b' application/octet-stream {'a': '1', 'b': '2'} Fine By Me | replay: b'\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd' application/octet-stream {'a': '1, b=2'} OK | text: '\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd' '\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd'
#   untyped | live: b'plain' None {'a': '1', 'b': '2'} Fine By Me | replay: b'plain' text/plain {'a': '1, b=2'} OK | text: 'plain' 'plain'
# Why it matters: login flows with two cookies, pages in old charsets and binary downloads work live and fail in the replay.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check responses==0.26.3 requests==2.34.2 urllib3==2.8.0 PyYAML==6.0.4 charset-normalizer==3.5.3
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import http.server, sys, threading
from importlib.metadata import version
import requests, responses
from responses import _recorder

PAGES = {"latin": ("text/html; charset=iso-8859-1", "caf\xe9".encode("latin-1")), "utf16": ("text/plain; charset=utf-16", "caf\xe9".encode("utf-16")),
         "bytes": ("application/octet-stream", bytes(range(128, 256))), "untyped": (None, b"plain")}
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, body = PAGES[self.path[1:]]
        self.send_response(200, "Fine By Me")
        for name, value in (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Type", kind), ("Content-Length", str(len(body)))):
            if value:
                self.send_header(name, value)
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = "http://127.0.0.1:%d/" % server.server_address[1]
def get(page):
    r = requests.get(base + page, timeout=20)
    return r.content, r.headers.get("Content-Type"), r.cookies.get_dict(), r.reason, r.text

print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("responses", "requests", "charset-normalizer")))
for page, (kind, body) in PAGES.items():
    recorder = _recorder.Recorder()
    with recorder:
        live = get(page)
        recorder.dump_to_file("r.yaml")
    with responses.RequestsMock() as mock:
        mock._add_from_file("r.yaml")
        replay = get(page)
    print(page, "| live:", live[0][:12], *live[1:4], "| replay:", replay[0][:12], *replay[1:4], "| text:", ascii(live[4][:6]), ascii(replay[4][:6]))
    assert live[:4] == (body, kind, {"a": "1", "b": "2"}, "Fine By Me"), "live: changed"
    assert replay[2:4] == ({"a": "1, b=2"}, "OK"), "cookies or reason: changed"
    if page in ("latin", "utf16"):
        assert replay[0] == "caf\xe9".encode() and replay[1] == kind and replay[4] != live[4], f"{page}: changed"
    elif page == "bytes":
        assert replay[0] != body, "bytes: changed"
    else:
        assert replay[1] == "text/plain", "untyped: changed"
server.shutdown()
PY
