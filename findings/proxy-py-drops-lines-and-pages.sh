#!/usr/bin/env bash
# What: a request with two lines 'X-Tag: one' and 'X-Tag: two' through proxy.py 2.4.10 and pproxy 2.7.9; then a page in one chunk, plain, with a
#   chunk extension, and with a trailer section. Told are the lines that the server gets, and what comes of the pages.
# Expected: a proxy hands on the lines of a field in their order (RFC 9110, 5.3), and a message in chunks with or without what may be dropped
#   of it (RFC 9112, 7.1): 'page' each time.
# Seen: 2026-11-29, Python 3.11.7. pproxy hands on all. proxy.py sends the second line alone, and closes without a response where there is a
#   chunk extension: the page with trailers, and the plain one, come.
# Why it matters: proxy.py is what many test suites and scrapers run as the local proxy. Of several Cookie lines or of a field of one's own the
#   first ones are gone without an error; and a page with a chunk extension looks like a lost connection, which is tried again in vain.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check proxy.py==2.4.10 pproxy==2.7.9
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import os, signal, socket, subprocess, threading, time

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGES = {
    b"/plain": CHUNKED + b"4\r\npage\r\n0\r\n\r\n",
    b"/extension": CHUNKED + b"4;a=b\r\npage\r\n0\r\n\r\n",
    b"/trailers": CHUNKED + b"4\r\npage\r\n0\r\nX-Sum: 1\r\n\r\n",
}
site = socket.create_server(("127.0.0.1", 0))
host = f"127.0.0.1:{site.getsockname()[1]}".encode()
asked = []


def serve(connection):
    with connection:
        while b"\r\n\r\n" in (request := connection.recv(65536)):
            asked.append(request)
            connection.sendall(PAGES[request.split()[1]])


def accept():
    while True:
        threading.Thread(target=serve, args=[site.accept()[0]], daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
PROXIES = {
    "proxy.py": ["v/bin/proxy", "--hostname", "127.0.0.1", "--port", "PORT", "--num-workers", "1"],
    "pproxy": ["v/bin/pproxy", "-l", "http://127.0.0.1:PORT"],
}


def answer(port, path):
    with socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.settimeout(3)
        peer.sendall(b"GET http://%b%b HTTP/1.1\r\nHost: %b\r\nX-Tag: one\r\nX-Tag: two\r\n\r\n" % (host, path, host))
        got = b""
        try:
            while data := peer.recv(65536):
                got += data
                if got.endswith(b"\r\n\r\n") and b"page" in got:
                    break
        except TimeoutError:
            return "silence"
        return "page" if b"page" in got else "closed without a response"


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
        asked.clear()
        pages = {path.decode(): answer(port, path) for path in PAGES}
        tags = [line.partition(b":")[2].strip().decode() for line in asked[0].split(b"\r\n") if line[:5].lower() == b"x-tag"]
        seen[name] = tags, pages
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    print(f"{name:9} X-Tag: {', '.join(seen[name][0]):10} {seen[name][1]}")
assert seen["proxy.py"] == (["two"], {"/plain": "page", "/extension": "closed without a response", "/trailers": "page"}), seen
assert seen["pproxy"] == (["one", "two"], dict.fromkeys(["/plain", "/extension", "/trailers"], "page")), seen
PY
