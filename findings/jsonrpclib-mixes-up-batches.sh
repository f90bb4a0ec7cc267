#!/usr/bin/env bash
# What: JSON-RPC 2.0 over HTTP by jsonrpclib-pelix 1.2.0 and pjrpc 2.2.0 (over requests 2.34.2): a batch of three calls whose responses come in another order; a notification
#   that is answered by 204; and an error object under 400.
# Expected: each result for the call whose id it has ("The Response objects being returned from a batch call MAY be returned in any order within the Array. The Client
#   SHOULD match contexts ... based on the id member", JSON-RPC 2.0, 6); no error for a 204, as a notification has no response (4.1); and the code and message of the error.
# Seen: 2026-11-30, Python 3.11.7:
#                     jsonrpclib-pelix                                pjrpc
#   batch             results in the order in which they came         as expected
#   notification      TransportError: 204                             as expected
#   error, 400        TransportError: 400, without the two            HTTPError: 400, without the two
# Why it matters: a server that runs a batch's calls at once answers with the fastest first: under load the balance of one account is taken for another's, without an error. And a
#   notification that a server has taken looks like one that failed, and is sent again.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check jsonrpclib-pelix==1.2.0 pjrpc==2.2.0 requests==2.34.2
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import jsonrpclib, requests
from pjrpc.client.backend import requests as pjrpc_requests


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if isinstance(call, list):
            self.answer(200, [{"jsonrpc": "2.0", "id": each["id"], "result": f"balance of {each['params'][0]}"} for each in reversed(call)])
        elif "id" not in call:
            self.answer(204)
        elif call["method"] == "fail":
            self.answer(400, {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32602, "message": "no such account"}})
        else:
            self.answer(200, {"jsonrpc": "2.0", "id": call["id"], "result": "pong"})

    def answer(self, status, value=None):
        content = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if content:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/"
ACCOUNTS = ["ann", "bob", "cyd"]


def batch_of_jsonrpclib():
    batch = jsonrpclib.MultiCall(jsonrpclib.ServerProxy(url))
    for account in ACCOUNTS:
        batch.balance(account)
    return list(batch())


def batch_of_pjrpc():
    with pjrpc_requests.Client(url).batch() as batch:
        for account in ACCOUNTS:
            batch("balance", account)
    return list(batch.get_results())


def told(call):
    """Return what a call gives, or its error."""
    try:
        return call()
    except Exception as error:
        status = next((word for word in ("204", "400") if word in str(error)), "")
        assert "no such account" not in str(error), "changed"
        return f"{type(error).__name__} {status}"


CALLS = {
    "jsonrpclib-pelix": [
        lambda: jsonrpclib.ServerProxy(url).ping(1), batch_of_jsonrpclib,
        lambda: jsonrpclib.ServerProxy(url)._notify.note(1), lambda: jsonrpclib.ServerProxy(url).fail(1)],
    "pjrpc": [
        lambda: pjrpc_requests.Client(url)("ping", 1), batch_of_pjrpc,
        lambda: pjrpc_requests.Client(url).notify("note", 1), lambda: pjrpc_requests.Client(url)("fail", 1)],
}
RIGHT = [f"balance of {account}" for account in ACCOUNTS]
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in (*CALLS, "requests")))
for name, calls in CALLS.items():
    pong, batch, note, failed = map(told, calls)
    print(f"{name:17}", batch, "|", note, "|", failed)
    assert pong == "pong", "the control failed"
    assert failed.endswith("400"), "changed"
    if name == "pjrpc":
        assert batch == RIGHT and note is None, "the control failed"
    else:
        assert batch == RIGHT[::-1] and note == "TransportError 204", "changed"
PY
