#!/usr/bin/env bash
# What: 'GET / HTTP/1.0' for a page that is streamed, so that its length is not known, to uvicorn 0.54.0 with httptools 0.9.0 (its choice where
#   that is installed) and with h11 0.16.0, hypercorn 0.18.0, daphne 4.2.3 and granian 2.8.7 (ASGI). Told is the content as it comes.
# Expected: 'abcd', ended by the end of the connection: a server MUST NOT send Transfer-Encoding to who does not say HTTP/1.1 (RFC 9112, 6.1).
# Seen: 2026-11-29, Python 3.11.7:
#   uvicorn, httptools            HTTP/1.1 200, Transfer-Encoding: chunked, '2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n'
#   uvicorn, h11 and all others   'abcd'
# Why it matters: who says HTTP/1.0 does so since it reads no chunks: ab, old proxies and load balancers (nginx without proxy_http_version until it
#   was made 1.1), health checks, devices. They store sizes as text, and it is gone as soon as httptools is not installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0 hypercorn==0.18.0 daphne==4.2.3 granian==2.8.7
cd "$dir"
cat > page.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for part in (b"ab", b"cd"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
PY
timeout 200 v/bin/python - <<'PY'
import os, signal, socket, subprocess, sys, time
from importlib.metadata import version

FOLDER = os.path.dirname(sys.executable)
SERVERS = {
    "uvicorn httptools": lambda port: ["uvicorn", "--http", "auto", "--port", port, "page:app"],
    "uvicorn h11": lambda port: ["uvicorn", "--http", "h11", "--port", port, "page:app"],
    "hypercorn": lambda port: ["hypercorn", "-b", f"127.0.0.1:{port}", "page:app"],
    "daphne": lambda port: ["daphne", "-b", "127.0.0.1", "-p", port, "page:app"],
    "granian": lambda port: ["granian", "--interface", "asgi", "--port", port, "page:app"],
}


def answer(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, *rest = SERVERS[server](str(port))
    process = subprocess.Popen(
        [os.path.join(FOLDER, command), *rest], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(200):
            try:
                sock = socket.create_connection(("127.0.0.1", port), 10)
                break
            except OSError:
                time.sleep(0.1)
        with sock, sock.makefile("rb") as file:
            sock.sendall(b"GET / HTTP/1.0\r\nHost: site\r\n\r\n")
            head, _, content = file.read().partition(b"\r\n\r\n")
        return head[:12], b"\r\ntransfer-encoding: chunked" in head.lower(), content
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


print("versions", *(f"{name} {version(name)}" for name in ("uvicorn", "httptools", "h11", "hypercorn", "daphne", "granian")))
seen = {server: answer(server) for server in SERVERS}
for server, (head, is_chunked, content) in seen.items():
    print(f"{server:17}", head.decode(), "chunked" if is_chunked else "not chunked", content)
for server, (_, *told) in seen.items():
    chunks = [True, b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"]
    assert told == (chunks if server == "uvicorn httptools" else [False, b"abcd"]), (server, told)
PY
