#!/usr/bin/env bash
# What: a POST in one chunk to werkzeug 3.1.9's server (that of Flask's development), plain; then with a chunk extension ('3;e=1'); then with a
#   trailer section. The application reads wsgi.input to its end. Beside it gunicorn 27.0.1 and waitress 3.0.2.
# Expected: 'abc' in all cases: who does not know a chunk extension MUST ignore it (RFC 9112, 7.1.1), and may drop trailers.
# Seen: 2026-11-29, Python 3.11.7:
#   gunicorn and waitress give abc three times. werkzeug gives it for the plain body, for the extension OSError: Invalid chunk header, and
#   for the trailer section OSError: Missing chunk terminating newline.
# Why it matters: an upload that a proxy or a client sends with extensions or trailers works in production, and is an error at the
#   developer's.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check werkzeug==3.1.9 gunicorn==27.0.1 waitress==3.0.2
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
    try:
        environ["PATH_INFO"] = environ["wsgi.input"].read().decode()
    except Exception as error:
        environ["PATH_INFO"] = f"{type(error).__name__}: {error}"
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
    "werkzeug": ["v/bin/python", "-c", "from werkzeug.serving import run_simple; from apps import wsgi; run_simple('127.0.0.1', PORT, wsgi)"],
    "gunicorn, sync": ["v/bin/gunicorn", "-b", "127.0.0.1:PORT", "apps:wsgi"],
    "waitress": ["v/bin/waitress-serve", "--listen=127.0.0.1:PORT", "apps:wsgi"],
}

REQUEST = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%b"
BODIES = {
    "plain": b"3\r\nabc\r\n0\r\n\r\n",
    "extension": b"3;e=1\r\nabc\r\n0\r\n\r\n",
    "trailers": b"3\r\nabc\r\n0\r\nX-Tag: 1\r\n\r\n",
}
seen = {}
for name, command in SERVERS.items():
    process, port = started(command)
    try:
        for kind, body in BODIES.items():
            got = answer(port, REQUEST % body)[0].partition(b"\r\n\r\n")[2]
            seen[name, kind] = json.loads(got)[0]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
for key, told in seen.items():
    print(*key, told)
assert {key: told for key, told in seen.items() if told != "abc"} == {
    ("werkzeug", "extension"): "OSError: Invalid chunk header",
    ("werkzeug", "trailers"): "OSError: Missing chunk terminating newline",
}, seen
PY
