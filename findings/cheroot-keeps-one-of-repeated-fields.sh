#!/usr/bin/env bash
# What: two lines 'X-Tag: one' and 'X-Tag: two' in one request, and a path of '//a//b', sent to cheroot 11.1.2 (CherryPy's server), gunicorn
#   27.0.1, waitress 3.0.2 and granian 2.8.9 (WSGI). Told is what the application gets.
# Expected: the values joined by a comma, in their order (RFC 9110, 5.3, and so CGI); the path as it was sent, or with its slashes put together.
# Seen: 2026-11-29, Python 3.11.7. cheroot gives the application 'two' alone (fields that are lists by their definition are joined: a table
#   has their names), and answers the path with 400, 'Absolute URI not allowed if server is not a proxy.'. waitress takes one slash away.
# Why it matters: of X-Forwarded-For, Forwarded or a field of one's own, to which proxies add a line each, the first values are gone without
#   an error; and pages whose links have an empty first segment, as badly joined ones have, are not to be had.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check cheroot==11.1.2 gunicorn==27.0.1 waitress==3.0.2 granian==2.8.9
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
    "cheroot": ["v/bin/cheroot", "--bind", "127.0.0.1:PORT", "apps:wsgi"],
    "gunicorn, sync": ["v/bin/gunicorn", "-b", "127.0.0.1:PORT", "apps:wsgi"],
    "waitress": ["v/bin/waitress-serve", "--listen=127.0.0.1:PORT", "apps:wsgi"],
    "granian, WSGI": ["v/bin/granian", "--interface", "wsgi", "--port", "PORT", "apps:wsgi"],
}

REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: example.org\r\nX-Tag: one\r\nX-Tag: two\r\nConnection: close\r\n\r\n",
    b"GET //a//b HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
)
seen = {}
for name, command in SERVERS.items():
    process, port = started(command)
    try:
        got = [answer(port, request)[0].partition(b"\r\n\r\n") for request in REQUESTS]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    statuses = [int(head.split()[1]) for head, _, _ in got]
    seen[name] = json.loads(got[0][2])[1], json.loads(got[1][2])[0] if statuses[1] == 200 else statuses[1]
    print(f"{name:20} X-Tag: {seen[name][0]:10} path: {seen[name][1]}")
assert seen == {
    "cheroot": ("two", 400),
    "gunicorn, sync": ("one,two", "//a//b"),
    "waitress": ("one, two", "/a//b"),
    "granian, WSGI": ("one,two", "//a//b"),
}, seen
PY
