#!/usr/bin/env bash
# What: mocks at the level of the socket count sends, not requests. httpretty 1.1.4 lists one POST of http.client twice (head and
#   body come in two sends) and a chunked one of two pieces four times, last_request().body being the last chunk in its framing;
#   mocket 3.15.0 lists it once with the first piece only. A body in one send with the head is listed once.
# Expected: one entry for each request, its body decoded and whole (RFC 9112 7.1: how the bytes are cut into sends says nothing).
# Seen: 2026-11-28, Python 3.11.7:
#   httpretty, two sends: listed [b'abcd', b'abcd'] last b'abcd'
#   mocket, two sends: listed ['abcd'] last abcd
#   httpretty, one send: listed [b'abcd'] last b'abcd'
#   mocket, one send: listed ['abcd'] last abcd
#   httpretty, chunked: listed [b'2\r\nab\r\n2\r\ncd\r\n', b'2\r\nab\r\n', b'2\r\ncd\r\n', b'0\r\n\r\n'] last b'0\r\n\r\n'
#   mocket, chunked: listed ['ab'] last ab
# Why it matters: a test that counts requests ("was it retried?") or compares an uploaded body passes or fails with the number of
#   sends that the client makes: the same client with a buffered head gives other numbers.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check httpretty==1.1.4 mocket==3.15.0 h11==0.16.0
cd "$dir"; timeout 120 "$dir/v/bin/python" -W ignore - <<'PY'
import http.client, socket, sys
from importlib.metadata import version
import httpretty
from mocket import Mocket, Mocketizer
from mocket.mockhttp import Entry

URL = "http://mock.example/"
def post(body):
    c = http.client.HTTPConnection("mock.example", timeout=20)
    c.request("POST", "/", body); c.getresponse().read(); c.close()
def one_send(body):
    s = socket.create_connection(("mock.example", 80), timeout=20)
    s.sendall(b"POST / HTTP/1.1\r\nHost: mock.example\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    s.recv(4096); s.close()
CASES = {"two sends": lambda: post(b"abcd"), "one send": lambda: one_send(b"abcd"), "chunked": lambda: post(p for p in (b"ab", b"cd"))}
seen = {}
for name, case in CASES.items():
    with httpretty.enabled(allow_net_connect=False):
        httpretty.reset()
        httpretty.register_uri("POST", URL, body="ok"); case()
        seen["httpretty", name] = [r.body for r in httpretty.latest_requests()], httpretty.last_request().body
    with Mocketizer(strict_mode=True):
        Entry.single_register("POST", URL, body="ok"); case()
        seen["mocket", name] = [r.body for r in Mocket.request_list()], Mocket.last_request().body
print("versions", sys.version.split()[0], *(f"{p} {version(p)}" for p in ("httpretty", "mocket", "h11")))
print(*(f"{k[0]}, {k[1]}: listed {v[0]} last {v[1]}" for k, v in seen.items()), sep="\n")
assert len(seen["httpretty", "two sends"][0]) == 2 and seen["httpretty", "two sends"][1] == b"abcd", "httpretty, two sends: changed"
assert len(seen["httpretty", "one send"][0]) == 1, "httpretty, one send: changed"
assert len(seen["httpretty", "chunked"][0]) == 4 and seen["httpretty", "chunked"][1] == b"0\r\n\r\n", "httpretty, chunked: changed"
assert seen["mocket", "two sends"] == seen["mocket", "one send"] == (["abcd"], "abcd"), "mocket: changed"
assert seen["mocket", "chunked"] == (["ab"], "ab"), "mocket, chunked: changed"
PY
