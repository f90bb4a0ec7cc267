#!/usr/bin/env bash
# What: pages through mitmproxy 11.0.2, which writes them to a HAR file (--set hardump); the file is then read again by mitmproxy (-r), once with and once without
#   a response that has a field in Latin-1 ('X-City: Orléans').
# Expected: the same requests and responses: HAR 1.2 has place for what is compared here: fields, reason phrase, content, and its length as it is and as it came.
# Seen: 2026-11-30, Python 3.11.7:
#   with the field      FlowReadException: "Unable to read HAR file. Please provide a valid HAR file": none of the pages, before or behind it, can be read
#   without it          each GET has 'content-length: 0', which was not there; the reason phrase is the standard one
#   a page under gzip   content.size is 30, that of the coded bytes, and content.compression -20, for a text of 10 letters (HAR 1.2: size is of the content as it is,
#                       compression the bytes that were saved)
# Why: the field's byte becomes a lone surrogate, which JSON's escapes can hold, and which nothing can encode that reads it.
# Why it matters: a recording of hours is lost by one file name or city in a field, and it comes to light when it is needed; other readers of HAR get half of a pair
#   of surrogates. Replayed from such a file, requests differ from those of the client that made it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check mitmproxy==11.0.2
cd "$dir"
timeout 180 v/bin/python -W ignore - <<'PY'
import gzip, http.client, json, os, signal, socket, subprocess, sys, threading, time
from importlib.metadata import version
from socketserver import StreamRequestHandler, ThreadingTCPServer
from mitmproxy.exceptions import FlowReadException
from mitmproxy.io import FlowReader

CODED = gzip.compress(b"coded page", mtime=0)
RESPONSES = {
    "/plain": b"HTTP/1.1 200 Fine By Me\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage",
    "/latin-1": b"HTTP/1.1 200 OK\r\nX-City: Orl\xe9ans\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\npage",
    "/gzip": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(CODED), CODED),
    "/bytes": b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\n\x00\xff\xfe",
}


class Site(StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            path = line.split(b" ")[1].decode()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            self.wfile.write(RESPONSES[path])


class Server(ThreadingTCPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
site = f"127.0.0.1:{server.server_address[1]}"


def record(name, paths):
    """Have the pages fetched through mitmdump, which writes name.har and name.flows."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [os.path.join(os.path.dirname(sys.executable), "mitmdump"), "-q", "--listen-host", "127.0.0.1", "-p", str(port)]
    command += ["--set", "confdir=conf", "--set", f"hardump={name}.har", "-w", f"{name}.flows"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        for path in paths:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", f"http://{site}{path}", headers={"Host": site})
            connection.getresponse().read()
            connection.close()
        process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def flows(name):
    with open(name, "rb") as file:
        return list(FlowReader(file).stream())


print("versions", sys.version.split()[0], "mitmproxy", version("mitmproxy"))
record("with", RESPONSES)
record("without", [path for path in RESPONSES if path != "/latin-1"])
assert len(flows("with.flows")) == 4, "mitmproxy's own format is read"
try:
    told = len(flows("with.har"))
except FlowReadException as error:
    told = str(error)
print("with a field in Latin-1:", told)
assert told == "Unable to read HAR file. Please provide a valid HAR file", "changed"
before, behind = flows("without.flows"), flows("without.har")
assert len(before) == len(behind) == 3
for one, other in zip(before, behind, strict=True):
    added = set(other.request.headers.fields) - set(one.request.headers.fields)
    print(one.request.path, "request gets", added, "reason", one.response.reason, "becomes", other.response.reason)
    assert added == {(b"content-length", b"0")}, "changed"
    assert other.response.content == one.response.content and other.response.headers.fields == one.response.headers.fields, "the control failed"
assert (before[0].response.reason, behind[0].response.reason) == ("Fine By Me", "OK"), "changed"
with open("without.har") as file:
    content = json.load(file)["log"]["entries"][1]["response"]["content"]
print("gzip:", content)
assert (content["text"], content["size"], content["compression"]) == ("coded page", len(CODED), 10 - len(CODED)), "changed"
PY
