#!/usr/bin/env bash
# What: cookies.txt between libcurl 8.23.0 (pycurl 7.49.0) and Python's http.cookiejar.MozillaCookieJar: session cookies are lost in *both*
#   directions. libcurl writes them with expiry 0, which Python takes for 1970: dropped even with ignore_discard=True, and with
#   ignore_expires=True loaded but never sent. Python writes an empty expiry, and libcurl does not read such a line. A cookie
#   without a name comes out of Python's file as `=bare`, and is not in libcurl's file at all.
# Expected: both say "# Netscape HTTP Cookie File"; Python documents ignore_discard=True as the way to keep session cookies. Each reads its
#   own file well, so does one the other's.
# Seen: (2026-11-28, Python 3.11.7; set: session=1, kept=2 with Max-Age, and a bare one)
#   curl, its own file sends ['kept=2', 'session=1'];  python, its own file sends ['bare', 'kept=2', 'session=1']
#   python, curl's file sends ['kept=2'], with ignore_expires=True too;  curl, python's file sends ['=bare', 'kept=2']
# Why it matters: the login of most sites is a session cookie. Handing a session from curl or a browser's exporter (0 too) to a crawler, or
#   back, gives the pages of a visitor, without an error. Turn 0 into "" before load(), and "" into 0 before curl reads.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q pycurl==7.49.0
cd "$tmp"
timeout 120 "$tmp/v/bin/python" - <<'PY'
import http.server, io, platform, threading, urllib.request
from http.cookiejar import MozillaCookieJar
import pycurl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (self.headers.get("Cookie") or "none").encode()
        self.send_response(200)
        if self.path == "/set":
            for field in ("session=1; Path=/", "kept=2; Path=/; Max-Age=3600", "bare; Path=/; Max-Age=3600"):
                self.send_header("Set-Cookie", field)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
def by_curl(path, read="", write=None):
    out, c = io.BytesIO(), pycurl.Curl()
    c.setopt(c.URL, base + path)
    c.setopt(c.PROXY, "")
    c.setopt(c.WRITEDATA, out)
    c.setopt(c.COOKIEFILE, read)
    if write:
        c.setopt(c.COOKIEJAR, write)
    c.perform()
    c.close()
    return sorted(out.getvalue().decode().split("; "))
def by_python(path, jar):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
    return sorted(opener.open(base + path).read().decode().split("; "))
def loaded(name, **how):
    jar = MozillaCookieJar(name)
    jar.load(**how)
    return jar
by_curl("/set", write="curl.txt")
jar = MozillaCookieJar("python.txt")
by_python("/set", jar)
jar.save(ignore_discard=True)
got = {
    "curl, its own file": by_curl("/sent", read="curl.txt"),
    "python, its own file": by_python("/sent", loaded("python.txt", ignore_discard=True)),
    "python, curl's file": by_python("/sent", loaded("curl.txt", ignore_discard=True)),
    "python, curl's, ignore_expires": by_python("/sent", loaded("curl.txt", ignore_discard=True, ignore_expires=True)),
    "curl, python's file": by_curl("/sent", read="python.txt"),
}
server.shutdown()
for name, sent in got.items():
    print(f"{name:32} sends {sent}")
assert got["curl, its own file"] == ["kept=2", "session=1"], "curl"
assert got["python, its own file"] == ["bare", "kept=2", "session=1"], "python"
assert got["python, curl's file"] == got["python, curl's, ignore_expires"] == ["kept=2"], "curl to python"
assert any(c.name == "session" and c.expires == 0 for c in loaded("curl.txt", ignore_discard=True, ignore_expires=True)), "loaded, not sent"
assert got["curl, python's file"] == ["=bare", "kept=2"], "python to curl"
print("versions", pycurl.version.split(" ")[:2], platform.python_version())
PY
