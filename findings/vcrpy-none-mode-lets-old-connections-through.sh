#!/usr/bin/env bash
# What: vcrpy 9.4.2, record_mode="none". Who made a connection object before the cassette was opened goes to the real server, in silence:
#   an xmlrpc.client proxy and an httplib2.Http that were used before, an HTTPConnection; so does every subclass of HTTPConnection and
#   every "from http.client import HTTPConnection" (device SDKs). A requests.Session with pooled connections and an old urllib opener
#   are caught. The other way round, a connection opened under a cassette is still recorded into it after the "with".
# Expected: "none" lets nothing out (a request that was not recorded raises), and if pooled connections of requests are
#   found and replaced, those of xmlrpc.client and httplib2 (new ones are caught) too; after the "with", nothing is recorded.
# Seen: 2026-11-28, Python 3.11.7:
#   xmlrpc.client, used before: reached the server
#   httplib2, used before: reached the server
#   HTTPConnection, made before: reached the server
#   name imported before: reached the server
#   subclass: reached the server
#   requests, used before: refused
#   urllib opener, used before: refused
#   xmlrpc.client, new: refused
#   httplib2, new: refused
#   recorded after the with: 1
# Why it matters: tests "without network" change real devices as soon as a proxy object is shared between tests; whether a call is
#   recorded depends on the order of imports and of tests.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check vcrpy==9.4.2 wrapt==2.5.2 PyYAML==6.0.4 httplib2==0.32.1 requests==2.34.2 urllib3==2.8.0
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import http.client, http.server, sys, threading, urllib.request, xmlrpc.client
from http.client import HTTPConnection as EarlyName
from importlib.metadata import version
class DeviceConnection(http.client.HTTPConnection): pass
import httplib2, requests, vcr
from vcr.errors import CannotOverwriteExistingCassetteException as Refused

BODY = b"<methodResponse><params><param><value>done</value></param></params></methodResponse>"
hits = []
class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0))); hits.append(self.command)
        self.send_response(200); self.send_header("Content-Length", str(len(BODY))); self.end_headers(); self.wfile.write(BODY)
    do_GET = do_POST
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
addr, url = server.server_address, "http://127.0.0.1:%d/" % server.server_address[1]

def through(connection):
    connection.request("GET", "/"); return connection.getresponse().read()
proxy, lib, session, opener = xmlrpc.client.ServerProxy(url), httplib2.Http(), requests.Session(), urllib.request.build_opener()
old = EarlyName(*addr, timeout=20)
CASES = {
    "xmlrpc.client, used before": lambda: proxy.reboot(), "httplib2, used before": lambda: lib.request(url), "HTTPConnection, made before": lambda: through(old),
    "name imported before": lambda: through(EarlyName(*addr)), "subclass": lambda: through(DeviceConnection(*addr)),
    "requests, used before": lambda: session.get(url), "urllib opener, used before": lambda: opener.open(url).read(),
    "xmlrpc.client, new": lambda: xmlrpc.client.ServerProxy(url).reboot(), "httplib2, new": lambda: httplib2.Http().request(url),
}
for case in CASES.values():
    case()
reached = {}
for i, (name, case) in enumerate(CASES.items()):
    hits.clear()
    with vcr.use_cassette(f"{i}.yaml", record_mode="none"):
        try:
            case()
        except Refused:
            pass
    reached[name] = len(hits)
with vcr.use_cassette("late.yaml") as cassette:
    late = http.client.HTTPConnection(*addr, timeout=20); through(late)
through(late)
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("vcrpy", "httplib2", "requests", "urllib3")))
print(*(f"{n}: {'reached the server' if r else 'refused'}" for n, r in reached.items()), f"recorded after the with: {len(cassette) - 1}", sep="\n")
assert list(reached.values()) == [1, 1, 1, 1, 1, 0, 0, 0, 0], "changed"
assert len(cassette) == 2 and len(hits) == 2, "after the with: changed"
server.shutdown()
PY
