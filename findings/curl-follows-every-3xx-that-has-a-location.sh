#!/usr/bin/env bash
# What: pycurl 7.49.0 with FOLLOWLOCATION, and tornado 6.6.1's CurlAsyncHTTPClient (follow_redirects is its default), go to the Location of ANY 3xx: of a 304
#   (the answer to a conditional request), of 300, 305, 306 and of unknown ones (310). tornado's other client, with the same arguments, follows none of these.
# Expected: only 301, 302, 303, 307, 308 are followed (RFC 9110 15.4; 305 and 306 are not to be used; 304 says "take your stored copy"); the two clients of tornado agree.
# Seen: 2026-11-28, Python 3.11.7:
#   versions PycURL/7.49.0 libcurl/8.23.0 tornado 6.6.1 python 3.11.7
#   sent           [300, 302, 304, 305, 306, 310]
#   pycurl         [200, 200, 200, 200, 200, 200]
#   tornado curl   [200, 200, 200, 200, 200, 200]
#   tornado simple [300, 200, 304, 305, 306, 310]
# Why it matters: a revalidation whose server adds Location to its 304 comes back as the 200 of another URL
#   where a 304 was waited for; and a change of backend changes the result. Name the statuses that are followed one by one, and never follow in answer to a condition.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q tornado==6.6.1 pycurl==7.49.0
cat > t.py <<'E'
import asyncio, io, platform, pycurl, threading, tornado
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tornado.curl_httpclient import CurlAsyncHTTPClient
from tornado.simple_httpclient import SimpleAsyncHTTPClient
class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        code = int(self.path.strip("/") or 200)
        self.send_response(code, "X")
        if code != 200: self.send_header("Location", "/")
        if code != 304: self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *a): pass
srv = ThreadingHTTPServer(("127.0.0.1", 0), H); srv.daemon_threads = True; threading.Thread(target=srv.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{srv.server_port}/"
codes = [300, 302, 304, 305, 306, 310]
def bare(n):
    c = pycurl.Curl(); c.setopt(c.URL, url + str(n)); c.setopt(c.FOLLOWLOCATION, 1); c.setopt(c.TIMEOUT, 10); c.setopt(c.WRITEDATA, io.BytesIO())
    c.setopt(c.HTTPHEADER, ['If-None-Match: "a"']); c.setopt(c.NOPROXY, "*"); c.perform(); return c.getinfo(c.RESPONSE_CODE)
async def both():
    out = []
    for cls in (CurlAsyncHTTPClient, SimpleAsyncHTTPClient):
        c = cls(force_instance=True)
        out.append([(await c.fetch(url + str(n), raise_error=False, headers={"If-None-Match": '"a"'})).code for n in codes]); c.close()
    return out
got = {"pycurl": [bare(n) for n in codes]}; got["tornado curl"], got["tornado simple"] = asyncio.run(asyncio.wait_for(both(), 60))
print("versions", pycurl.version.split(" OpenSSL")[0], "tornado", tornado.version, "python", platform.python_version())
print("sent          ", codes)
for k, v in got.items(): print(f"{k:14}", v)
assert got["pycurl"] == got["tornado curl"] == [200] * 6, "curl no longer follows them all"
assert got["tornado simple"] == [300, 200, 304, 305, 306, 310], "tornado's own client follows others now"
E
timeout 120 v/bin/python t.py
