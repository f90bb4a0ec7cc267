#!/usr/bin/env bash
# What: trafilatura 2.3.1 (fetch_url) with 'http_proxy=http://...' in its environment, as a machine has it that reaches the Web by a proxy; in an environment with what it installs
#   itself, with PySocks 1.7.1 beside it (which requests[socks] brings), with pycurl 7.49.0, and with both.
# Expected: the page, through the proxy: that is what the variable means to curl, Wget, urllib and requests.
# Seen: 2026-11-30, Python 3.11.7:
#   alone           the site is asked straight, the proxy never
#   PySocks         None, for each page: 'Unable to determine SOCKS version from http://...'
#   pycurl          the page, through the proxy
#   both            None, for each page: "Unsupported pre-proxy type for 'http://...'"
#   urllib.request gets the page through the proxy in all four.
# Why: the variable is read only where SOCKS can be imported, and is then taken for a SOCKS proxy, whatever its scheme; pycurl alone reads it for itself.
# Why it matters: behind a proxy nothing is fetched, and in an environment that seemed to work it is by the way around that nobody may take. A package that another
#   one pulls in makes all downloads fail, and the log line is all that tells.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check trafilatura==2.3.1 lxml-html-clean==0.4.6 urllib3==2.8.0
cat > "$dir/fetch.py" <<'PY'
import logging, os, sys, threading, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if "control" not in self.path:
            asked[self.server.name].append(self.path)
        content = b"<html><body>" + self.server.name.encode() * 50 + b"</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


def started(name):
    server = Server(("127.0.0.1", 0), Handler)
    server.name, asked[name] = name, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


asked = {}
site, proxy = started("site"), started("proxy")
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ["http_proxy"] = proxy
errors = []
handler = logging.Handler()
handler.emit = lambda record: errors.append(record.getMessage().replace(proxy, "http://...").replace(site, ""))
logging.getLogger("trafilatura").addHandler(handler)
import trafilatura, trafilatura.settings

assert b"proxyproxy" in urllib.request.urlopen(site + "/control", timeout=10).read(), "the control failed"
config = trafilatura.settings.use_config()
config.set("DEFAULT", "SSRF_PROTECTION", "off")  # the site is on this machine
page = trafilatura.fetch_url(site + "/page", config=config)
by = "nothing" if page is None else "the proxy" if "proxyproxy" in page else "the site"
print(f"{sys.argv[1]:8}", "| the page is of", by, "| asked", {name: len(paths) for name, paths in asked.items()}, *errors)
EXPECTED = {
    "alone": ("the site", {"site": 1, "proxy": 0}, ""),
    "PySocks": ("nothing", {"site": 0, "proxy": 0}, "Unable to determine SOCKS version"),
    "pycurl": ("the proxy", {"site": 0, "proxy": 1}, ""),
    "both": ("nothing", {"site": 0, "proxy": 0}, "Unsupported pre-proxy type"),
}
owner, counts, error = EXPECTED[sys.argv[1]]
assert (by, {name: len(paths) for name, paths in asked.items()}) == (owner, counts), "changed"
assert error in "".join(errors) and bool(error) == bool(errors), "changed"
PY
cd "$dir"
v/bin/python -c 'import sys; from importlib.metadata import version; print("versions", sys.version.split()[0], "trafilatura", version("trafilatura"), "urllib3", version("urllib3"))'
timeout 60 v/bin/python -W ignore fetch.py alone
v/bin/pip install -q --disable-pip-version-check PySocks==1.7.1
timeout 60 v/bin/python -W ignore fetch.py PySocks
v/bin/pip uninstall -q -y PySocks
v/bin/pip install -q --disable-pip-version-check pycurl==7.49.0
timeout 60 v/bin/python -W ignore fetch.py pycurl
v/bin/pip install -q --disable-pip-version-check PySocks==1.7.1
timeout 60 v/bin/python -W ignore fetch.py both
