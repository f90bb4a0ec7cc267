#!/usr/bin/env bash
# What: 'X-Tag: café', once in UTF-8 and once in Latin-1, sent to granian 2.8.9 by its WSGI and its ASGI interface, to gunicorn 27.0.1 and
#   waitress 3.0.2. Told is what the application gets.
# Expected: bytes above 0x7f may stand in a field's value (obs-text, RFC 9110, 5.5), and PEP 3333 says how a WSGI application gets them: each
#   byte as the character of that number.
# Seen: 2026-11-29, Python 3.11.7: gunicorn, waitress and granian's ASGI hand on all bytes. granian's WSGI gives an empty string for both.
# Why it matters: the field is there, and looks as if it had been sent empty: names in file uploads, user agents, cookies and tags of tracing
#   are gone without an error, in the same server that has them under ASGI.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check granian==2.8.9 gunicorn==27.0.1 waitress==3.0.2
cd "$dir"
PYTHONPATH="$dir" timeout 240 v/bin/python -W ignore - <<'PY'
import json, os, signal, socket, subprocess, sys, time

APPS = """
import json

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    fields = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-tag"]
    out = json.dumps([scope["path"], ",".join(fields)]).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(out)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": out})

def wsgi(environ, start_response):
    pass
    out = json.dumps([environ["PATH_INFO"], environ.get("HTTP_X_TAG")]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(out)))])
    return [out]
"""
with open("apps.py", "w") as file:
    file.write(APPS)


def started(command):
    """Return the process of a server and its port; PORT in its command is that port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [part.replace("PORT", str(port)) for part in command]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    raise SystemExit(f"did not start: {command}")


def answer(port, request):
    """Return what came within three seconds, and whether the connection was closed then."""
    with socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.settimeout(3)
        peer.sendall(request)
        got = b""
        try:
            while data := peer.recv(65536):
                got += data
        except TimeoutError:
            return got, False
        return got, True


SERVERS = {
    "granian, WSGI": ["v/bin/granian", "--interface", "wsgi", "--port", "PORT", "apps:wsgi"],
    "granian, ASGI": ["v/bin/granian", "--interface", "asgi", "--port", "PORT", "apps:asgi"],
    "gunicorn, sync": ["v/bin/gunicorn", "-b", "127.0.0.1:PORT", "apps:wsgi"],
    "waitress": ["v/bin/waitress-serve", "--listen=127.0.0.1:PORT", "apps:wsgi"],
}

REQUEST = b"GET / HTTP/1.1\r\nHost: example.org\r\nX-Tag: caf%b\r\nConnection: close\r\n\r\n"
VALUES = (b"\xc3\xa9", b"\xe9")
seen = {}
for name, command in SERVERS.items():
    process, port = started(command)
    try:
        bodies = [answer(port, REQUEST % value)[0].partition(b"\r\n\r\n")[2] for value in VALUES]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    seen[name] = [json.loads(body)[1] for body in bodies]
    print(f"{name:20} {seen[name]}")
whole = ["caf" + value.decode("latin-1") for value in VALUES]
assert seen == {"granian, WSGI": ["", ""], "granian, ASGI": whole, "gunicorn, sync": whole, "waitress": whole}, seen
PY
