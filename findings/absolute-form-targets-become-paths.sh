#!/usr/bin/env bash
# What: 'GET http://example.org/a/b HTTP/1.1' with the Host field that belongs to it, the form of target that is sent to proxies, as a server
#   behind a proxy that hands it on gets it: by uvicorn 0.54.0 (h11 0.16.0, httptools 0.9.0), hypercorn 0.18.0, daphne 4.2.3, gevent 26.9.0,
#   twisted 26.10.0 (WSGI), cheroot 11.1.2, gunicorn 27.0.1 and waitress 3.0.2. Told is the path that the application sees.
# Expected: /a/b by all of them. RFC 9112, 3.2.2: a server MUST accept the absolute form in requests.
# Seen: 2026-11-29, Python 3.11.7:
#   /a/b by uvicorn with httptools, gunicorn, waitress
#   http://example.org/a/b by uvicorn with h11, hypercorn, daphne, gevent
#   /ttp://example.org/a/b by twisted, which takes one character for the slash; 400 by cheroot
# Why it matters: the same page is a 404 by some servers, and by uvicorn it depends on whether httptools happens to be installed. A test
#   server behind a client's proxy setting, one that plays the proxy itself, sees it with every request.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0 hypercorn==0.18.0 daphne==4.2.3 twisted==26.10.0 gevent==26.9.0 gunicorn==27.0.1 waitress==3.0.2 cheroot==11.1.2
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
    "uvicorn, h11": ["v/bin/uvicorn", "--http", "h11", "--port", "PORT", "apps:asgi"],
    "uvicorn, httptools": ["v/bin/uvicorn", "--http", "httptools", "--loop", "asyncio", "--port", "PORT", "apps:asgi"],
    "hypercorn": ["v/bin/hypercorn", "-b", "127.0.0.1:PORT", "apps:asgi"],
    "daphne": ["v/bin/daphne", "-p", "PORT", "apps:asgi"],
    "gevent": ["v/bin/python", "-c", "from gevent.pywsgi import WSGIServer; from apps import wsgi; WSGIServer(('127.0.0.1', PORT), wsgi).serve_forever()"],
    "twisted": ["v/bin/twist", "web", "--listen", "tcp:PORT:interface=127.0.0.1", "--wsgi", "apps.wsgi"],
    "cheroot": ["v/bin/cheroot", "--bind", "127.0.0.1:PORT", "apps:wsgi"],
    "gunicorn, sync": ["v/bin/gunicorn", "-b", "127.0.0.1:PORT", "apps:wsgi"],
    "waitress": ["v/bin/waitress-serve", "--listen=127.0.0.1:PORT", "apps:wsgi"],
}

REQUEST = b"GET http://example.org/a/b HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
seen = {}
for name, command in SERVERS.items():
    process, port = started(command)
    try:
        head, _, body = answer(port, REQUEST)[0].partition(b"\r\n\r\n")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    status = int(head.split()[1])
    seen[name] = json.loads(body)[0] if status == 200 else status
    print(f"{name:20} {seen[name]}")
assert seen == {
    "uvicorn, h11": "http://example.org/a/b",
    "uvicorn, httptools": "/a/b",
    "hypercorn": "http://example.org/a/b",
    "daphne": "http://example.org/a/b",
    "gevent": "http://example.org/a/b",
    "twisted": "/ttp://example.org/a/b",
    "cheroot": 400,
    "gunicorn, sync": "/a/b",
    "waitress": "/a/b",
}, seen
PY
