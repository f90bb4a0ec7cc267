#!/usr/bin/env bash
# What: a ZIP file whose URL redirects to where it is, as those of releases and of object stores do, read in parts by remotezip 0.12.6 (as it is, and with support_suffix_range=False, which is for servers
#   that know no 'bytes=-N'), httpio 0.3.0, fsspec 2026.9.0 and smart_open 9.0.2; and the same by the last URL. The server answers ranges by 206, and HEAD as GET.
# Expected: the member, from either URL. A redirect of HEAD is one like that of GET (RFC 9110, 15.4), and all of these follow the one of GET.
# Seen: 2026-11-30, Python 3.11.7. So by remotezip as it is, fsspec and smart_open. Else, from the URL that redirects:
#   remotezip, support_suffix_range=False   asks for 'bytes=0--1', and says "The server doesn't support range requests"
#   httpio                                  "Server does not accept 'Range' headers"
# Why: both ask for the length by requests' head(), which follows no redirect unless it is told, and read the fields of the 302: a length of 0, and no Accept-Ranges.
# Why it matters: the error says that the server is at fault, and names what it does know; the same file by its last URL, which is often signed and good for minutes only, is read.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q remotezip==0.12.6 httpio==0.3.0 requests==2.34.2 fsspec==2026.9.0 aiohttp==3.14.5 smart_open==9.0.2
cat > t.py <<'E2'
import http.server, io, platform, re, threading, zipfile
from importlib.metadata import version
import fsspec, httpio, remotezip, smart_open
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as z: z.writestr("a.txt", "member")
DATA = buffer.getvalue()
ranges = []
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def answer(self):
        content, status = DATA, 200
        if self.path == "/latest.zip": status, content = 302, b""
        asked = self.headers.get("Range"); m = re.fullmatch(r"bytes=(\d*)-(\d*)", asked or "")
        if asked: ranges.append(asked)
        first = last = None
        if status == 200 and m and m[0] != "bytes=-":
            first = int(m[1]) if m[1] else max(0, len(DATA) - int(m[2])); last = min(int(m[2]), len(DATA) - 1) if m[1] and m[2] else len(DATA) - 1
            status, content = 206, DATA[first:last + 1]
        self.send_response(status)
        if status == 302: self.send_header("Location", "/1.0.zip")
        else: self.send_header("Accept-Ranges", "bytes")
        if status == 206: self.send_header("Content-Range", f"bytes {first}-{last}/{len(DATA)}")
        self.send_header("Content-Length", str(len(content))); self.end_headers()
        if self.command == "GET": self.wfile.write(content)
    do_GET = do_HEAD = answer
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); server.handle_error = lambda *a: None; threading.Thread(target=server.serve_forever, daemon=True).start()
SITE = f"http://127.0.0.1:{server.server_port}/"
def by_remotezip(url):
    with remotezip.RemoteZip(url) as z: return z.read("a.txt").decode()
def without_suffixes(url):
    with remotezip.RemoteZip(url, support_suffix_range=False) as z: return z.read("a.txt").decode()
def opened(f): return zipfile.ZipFile(f).read("a.txt").decode()
def by_httpio(url):
    with httpio.open(url) as f: return opened(f)
def by_fsspec(url):
    with fsspec.open(url) as f: return opened(f)
def by_smart_open(url):
    with smart_open.open(url, "rb") as f: return opened(f)
WANTED = {by_remotezip: "member", without_suffixes: "RangeNotSupported: The server doesn't support range requests", by_httpio: "HTTPIOError: Server does not accept 'Range' headers", by_fsspec: "member",
          by_smart_open: "member"}
for way, wanted in WANTED.items():
    got = []
    for name in ("1.0.zip", "latest.zip"):
        ranges.clear()
        try: got.append(way(SITE + name))
        except Exception as e: got.append(f"{type(e).__name__}: {e}")
    print(f"{way.__name__:17}", got, ranges[:2])
    assert got == ["member", wanted], way.__name__
    assert way is not without_suffixes or ranges[0] == "bytes=0--1", ranges
print("versions", *(f"{p} {version(p)}" for p in ("remotezip", "httpio", "requests", "fsspec", "smart_open")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py
