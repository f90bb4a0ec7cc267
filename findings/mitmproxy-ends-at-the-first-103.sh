#!/usr/bin/env bash
# What: a page behind a 103 (Early Hints), asked for with 'Connection: close' through mitmproxy 11.0.2 and pproxy 2.7.9.
# Expected: the 103 and the page; or the page alone, since a proxy may keep interim responses to itself. RFC 9110, 15.2: a proxy MUST
#   forward 1xx responses unless it has asked for them itself; what counts is the final one that follows.
# Seen: 2026-11-29, Python 3.11.7. pproxy hands on both. mitmproxy takes the 103 for the response, and closes behind it: the page is
#   lost.
# Why it matters: sites send 103 to browsers that say they take HTML; a scraper that is looked at through mitmproxy sees pages vanish that
#   are there without it, and takes its own client for the fault.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check mitmproxy==11.0.2 pproxy==2.7.9
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import os, signal, socket, subprocess, threading, time

ANSWER = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"
site = socket.create_server(("127.0.0.1", 0))
host = f"127.0.0.1:{site.getsockname()[1]}".encode()


def serve(connection):
    with connection:
        while b"\r\n\r\n" in connection.recv(65536):
            connection.sendall(ANSWER)


def accept():
    while True:
        threading.Thread(target=serve, args=[site.accept()[0]], daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
PROXIES = {
    "mitmproxy": ["v/bin/mitmdump", "-q", "--listen-host", "127.0.0.1", "-p", "PORT", "--set", "confdir=."],
    "pproxy": ["v/bin/pproxy", "-l", "http://127.0.0.1:PORT"],
}


def answer(port):
    """Return what comes through the proxy within three seconds."""
    with socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.settimeout(3)
        peer.sendall(b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % (host, host))
        got = b""
        try:
            while (data := peer.recv(65536)) and not got.endswith(b"page"):
                got += data
        except TimeoutError:
            pass
        return got


seen = {}
for name, command in PROXIES.items():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [part.replace("PORT", str(port)) for part in command]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        seen[name] = answer(port)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    print(f"{name:10} {seen[name]!r}")
assert seen["mitmproxy"].startswith(b"HTTP/1.1 103") and b"page" not in seen["mitmproxy"], seen
assert seen["pproxy"].endswith(b"page"), seen
PY
