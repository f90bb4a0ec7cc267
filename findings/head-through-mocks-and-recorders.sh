#!/usr/bin/env bash
# What: one HEAD, four outcomes. betamax 0.9.0: requests' HEAD raises ChunkedEncodingError if the answer has a Content-Length
#   (in the live recording too); pook 2.1.6 the same in requests, and hands out a body for HEAD in http.client; responses
#   0.26.3 raises if the mock has a body; requests-mock 1.12.1 hands the body out as the content of the HEAD.
# Expected: a HEAD response has no content, whatever Content-Length says (RFC 9110 9.3.2): empty content and the fields as set.
# Seen: 2026-11-28, Python 3.11.7:
#   no mock: b''
#   betamax recording: ChunkedEncodingError
#   betamax replay: ChunkedEncodingError
#   pook requests, no body: ChunkedEncodingError
#   pook http.client, body: b'hello'
#   responses, no body: b''
#   responses, body: ChunkedEncodingError
#   requests-mock, body: b'hello'
# Why it matters: code that asks for sizes or checks links by HEAD fails only under its tests, or passes there while it reads
#   a body that no server would send; a mock must be told both "no body" and, for two of them, "no Content-Length".
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check betamax==0.9.0 pook==2.1.6 responses==0.26.3 requests-mock==1.12.1 requests==2.34.2 urllib3==2.8.0
cd "$dir"; mkdir c; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import http.client, http.server, sys, threading
from importlib.metadata import version
import betamax, pook, requests, requests_mock, responses

class Server(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200); self.send_header("Content-Length", "5"); self.end_headers()
    def log_message(self, *a): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
real, mock = "http://127.0.0.1:%d/" % server.server_address[1], "http://mock.example/"

def head(url, session=requests):
    try:
        return session.head(url, timeout=20).content
    except requests.RequestException as e:
        return type(e).__name__
def by_http_client():
    c = http.client.HTTPConnection("mock.example", timeout=20)
    c.request("HEAD", "/"); return c.getresponse().read()

seen = {"no mock": head(real)}
for run in ("recording", "replay"):
    session = requests.Session()
    with betamax.Betamax(session, cassette_library_dir="c").use_cassette("head", record="once"):
        seen[f"betamax {run}"] = head(real, session)
with pook.use():
    pook.head(mock, reply=200, response_headers={"Content-Length": "5"})
    seen["pook requests, no body"] = head(mock)
with pook.use():
    pook.head(mock, reply=200, response_headers={"Content-Length": "5"}, response_body="hello")
    seen["pook http.client, body"] = by_http_client()
with responses.RequestsMock() as m:
    m.head(mock, headers={"Content-Length": "5"})
    seen["responses, no body"] = head(mock)
with responses.RequestsMock() as m:
    m.head(mock, body="hello")
    seen["responses, body"] = head(mock)
with requests_mock.Mocker() as m:
    m.head(mock, text="hello")
    seen["requests-mock, body"] = head(mock)
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("betamax", "pook", "responses", "requests-mock", "requests", "urllib3")))
print(*(f"{k}: {v}" for k, v in seen.items()), sep="\n")
E_ = "ChunkedEncodingError"
assert seen == {"no mock": b"", "betamax recording": E_, "betamax replay": E_, "pook requests, no body": E_, "pook http.client, body": b"hello",
                "responses, no body": b"", "responses, body": E_, "requests-mock, body": b"hello"}, "changed"
server.shutdown()
PY
