#!/usr/bin/env bash
# What: 'Connection: close, TE' beside 'TE: trailers', sent to uvicorn 0.54.0, hypercorn 0.18.0, daphne 4.2.3, twisted 26.10.0, gevent 26.9.0,
#   gunicorn 27.0.1 (gthread), waitress 3.0.2 and cheroot 11.1.2; then 'Connection: Close', with a capital, alone.
# Expected: Connection is a list, whose members have no case (RFC 9110, 7.6.1): each server ends the connection behind its response, and
#   says so in it.
# Seen: 2026-11-29, Python 3.11.7. Of the list 'close' is heard by uvicorn and hypercorn. daphne, twisted, gevent, waitress and cheroot keep
#   the connection; gunicorn says 'Connection: keep-alive' and closes. With a capital it is heard by all but cheroot.
# Why it matters: TE must be named in Connection, so whoever asks for trailers and for the end of the connection sends just this. A client
#   that reads until the end waits for the server's patience with idle connections, or for ever.
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
    "uvicorn, httptools": ["v/bin/uvicorn", "--http", "httptools", "--loop", "asyncio", "--port", "PORT", "apps:asgi"],
    "hypercorn": ["v/bin/hypercorn", "-b", "127.0.0.1:PORT", "apps:asgi"],
    "daphne": ["v/bin/daphne", "-p", "PORT", "apps:asgi"],
    "twisted": ["v/bin/twist", "web", "--listen", "tcp:PORT:interface=127.0.0.1", "--wsgi", "apps.wsgi"],
    "gevent": ["v/bin/python", "-c", "from gevent.pywsgi import WSGIServer; from apps import wsgi; WSGIServer(('127.0.0.1', PORT), wsgi).serve_forever()"],
    "gunicorn, gthread": ["v/bin/gunicorn", "-k", "gthread", "-b", "127.0.0.1:PORT", "apps:wsgi"],
    "waitress": ["v/bin/waitress-serve", "--listen=127.0.0.1:PORT", "apps:wsgi"],
    "cheroot": ["v/bin/cheroot", "--bind", "127.0.0.1:PORT", "apps:wsgi"],
}

REQUEST = b"GET / HTTP/1.1\r\nHost: example.org\r\n%b\r\n\r\n"
seen = {}
for name, command in SERVERS.items():
    process, port = started(command)
    try:
        for field in (b"TE: trailers\r\nConnection: close, TE", b"Connection: Close"):
            got, is_closed = answer(port, REQUEST % field)
            lines = got.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
            assert got.split()[1] == b"200", got
            told = [line.partition(b":")[2].strip().decode() for line in lines if line.startswith(b"connection:")]
            seen.setdefault(name, []).append(f"{'closed' if is_closed else 'kept'}, {' '.join(told) or 'nothing'} told")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    print(f"{name:20} close, TE: {seen[name][0]:26} Close: {seen[name][1]}")
heard = "closed, close told"
assert {name: told[0] for name, told in seen.items()} == {
    "uvicorn, httptools": heard,
    "hypercorn": heard,
    "daphne": "kept, nothing told",
    "twisted": "kept, nothing told",
    "gevent": "kept, nothing told",
    "gunicorn, gthread": "closed, keep-alive told",
    "waitress": "kept, nothing told",
    "cheroot": "kept, nothing told",
}, seen
assert [name for name, told in seen.items() if told[1].startswith("kept")] == ["cheroot"], seen
PY
