#!/usr/bin/env bash
# What: curl commands, as browsers write them ("Copy as cURL") and as documentations of APIs have them, made into requests by Scrapy 2.19.0 (Request.from_curl) and uncurl 0.0.11 (its code, run over
#   requests 2.34.2). Told is what is sent.
# Expected: what curl sends, by its manual, or an error. -d makes a form of it, and says so; several of them are one content; $'...' is how bash writes a line end.
# Seen: 2026-11-30, Python 3.11.7:
#                                   curl                                      Scrapy                              uncurl
#   -d a=1                          a form: application/x-www-form-urlencoded no Content-Type                     no Content-Type
#   -d a=1 -d b=2                   POST, 'a=1&b=2'                           the same                            POST, 'b=2'
#   --data-raw $'1\r\n2'            POST, two lines                           '1\\r\\n2' with its backslashes     '$', and two lines
#   -b 'a=1; b=2'                   GET, Cookie: a=1; b=2                     the same                            POST, 'a=1; b=2', and no cookie
#   -G -d a=1                       GET /?a=1                                 POST /, 'a=1'                       exits
#   --json '{"a": 1}'               POST, '{"a": 1}', application/json        GET, without content                exits
#   --data-binary a=1               POST, 'a=1'                               GET, without content                POST, 'a=1'
#   --data-urlencode 'q=a b'        POST, 'q=a+b'                             GET, without content                exits
#   -F a=1                          POST, multipart/form-data                 GET, without content                exits
#   -d @file                        POST, the file                            '@file'                             '@file'
#   Scrapy warns of options that it does not know, and goes on: its documentation says so. The others are told by nothing.
# Why it matters: a command that was copied out of a browser with its login works in the shell, and the spider that is made of it is a visitor: uncurl posts the cookies, by the option that Chrome writes
#   today. Frameworks read a form by its Content-Type, so what Scrapy posts arrives as no form at all, with 200.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q Scrapy==2.19.0 uncurl==0.0.11 requests==2.34.2
cat > t.py <<'E2'
import http.server, logging, platform, threading, warnings
from importlib.metadata import version
import requests, scrapy, uncurl
warnings.simplefilter("ignore"); logging.disable(50)
got = []
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def answer(self):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        got.append((self.command, self.path, content, self.headers["Content-Type"], self.headers["Cookie"])); self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    do_GET = do_POST = answer
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}/"
def by_scrapy(command):
    r = scrapy.Request.from_curl(command)  # which holds cookies apart, for its middleware
    cookies = r.cookies.items() if isinstance(r.cookies, dict) else [(c["name"], c["value"]) for c in r.cookies]
    cookie = "; ".join(f"{k}={v}" for k, v in cookies) or None
    return r.method, r.url.removeprefix(URL.rstrip("/")), r.body.decode(), (r.headers.get("Content-Type") or b"").decode() or None, cookie
def by_uncurl(command):
    got.clear()
    try: code = uncurl.parse(command)
    except SystemExit: return "exits"
    exec(code, {"requests": requests}); return got[0]
def post(content): return "POST", "/", content, None, None
GET = ("GET", "/", "", None, None)
for options, scrapys, uncurls in (
    ("-d a=1", post("a=1"), post("a=1")), ("-d a=1 -d b=2", post("a=1&b=2"), post("b=2")), ("--data-raw $'1\\r\\n2'", post("1\\r\\n2"), post("$1\r\n2")),
    ("-b 'a=1; b=2'", ("GET", "/", "", None, "a=1; b=2"), post("a=1; b=2")), ("-G -d a=1", post("a=1"), "exits"), ("--json '{\"a\": 1}'", GET, "exits"), ("--data-binary a=1", GET, post("a=1")),
    ("--data-urlencode 'q=a b'", GET, "exits"), ("-F a=1", GET, "exits"), ("-d @file", post("@file"), post("@file")),
    ("-d '{\"a\": 1}' -H 'Content-Type: application/json'", ("POST", "/", '{"a": 1}', "application/json", None), ("POST", "/", '{"a": 1}', "application/json", None)),
):
    seen = by_scrapy(f"curl '{URL}' {options}"), by_uncurl(f"curl '{URL}' {options}")
    print(f"{options:26}", *seen)
    assert seen == (scrapys, uncurls), options
print("versions", *(f"{p} {version(p)}" for p in ("Scrapy", "uncurl", "requests")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py 2>err || { tail -5 err; exit 1; }
