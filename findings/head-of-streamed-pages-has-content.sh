#!/usr/bin/env bash
# What: HEAD, and then a GET over the same connection, for a page that an application streams in two parts ('ab', 'cd') whatever the method:
#   by PEP 3333 under cheroot 11.1.2, gevent 26.9.0, gunicorn 27.0.1 (gthread) and twisted 26.10.0; by ASGI under daphne 4.2.3, uvicorn 0.54.0
#   and hypercorn 0.18.0. Told is what stands between the head of the first response and that of the second.
# Expected: nothing. A server MUST NOT send content in a response to HEAD (RFC 9110, 9.3.2), whatever its application hands it.
# Seen: 2026-11-29, Python 3.11.7:
#   gevent    '2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n', and then the second response
#   daphne    'cd', and then the second response: the first part is dropped, and the other one is sent
#   cheroot   'abcd', and then the end of the connection
#   gunicorn, twisted, uvicorn, hypercorn: nothing, and then the second response
# Why it matters: frameworks leave it to the server (Starlette does, and so does whoever writes for WSGI alone). A client that keeps its
#   connections takes what is left for the next response: a link checker sees each second page fail, as by http.client with BadStatusLine.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check cheroot==11.1.2 gevent==26.9.0 gunicorn==27.0.1 twisted==26.10.0 daphne==4.2.3 uvicorn==0.54.0 hypercorn==0.18.0
cd "$dir"
cat > page.py <<'PY'
def of_wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter((b"ab", b"cd"))


async def of_asgi(scope, receive, send):
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
BY_GEVENT = "import sys; from gevent.pywsgi import WSGIServer; from page import of_wsgi; WSGIServer(('127.0.0.1', int(sys.argv[1])), of_wsgi).serve_forever()"
SERVERS = {
    "cheroot": lambda port: ["cheroot", "--bind", f"127.0.0.1:{port}", "page:of_wsgi"],
    "gevent": lambda port: ["python", "-c", BY_GEVENT, port],
    "gunicorn": lambda port: ["gunicorn", "-k", "gthread", "-b", f"127.0.0.1:{port}", "page:of_wsgi"],
    "twisted": lambda port: ["twist", "web", "--listen", f"tcp:{port}:interface=127.0.0.1", "--wsgi", "page.of_wsgi"],
    "daphne": lambda port: ["daphne", "-b", "127.0.0.1", "-p", port, "page:of_asgi"],
    "uvicorn": lambda port: ["uvicorn", "--port", port, "page:of_asgi"],
    "hypercorn": lambda port: ["hypercorn", "-b", f"127.0.0.1:{port}", "page:of_asgi"],
}
HEAD = b"HEAD / HTTP/1.1\r\nHost: site\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n"


def between(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, *rest = SERVERS[server](str(port))
    process = subprocess.Popen(
        [os.path.join(FOLDER, command), *rest], env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    try:
        for _ in range(200):
            try:
                sock = socket.create_connection(("127.0.0.1", port), 10)
                break
            except OSError:
                time.sleep(0.1)
        with sock, sock.makefile("rb") as file:
            sock.sendall(HEAD)
            while file.readline() != b"\r\n":
                pass
            sock.sendall(GET)
            rest, _, second = file.read().partition(b"HTTP/1.1 200")
        return rest, bool(second)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


print("versions", *(f"{name} {version(name)}" for name in SERVERS))
seen = {server: between(server) for server in SERVERS}
for server, (rest, is_kept) in seen.items():
    print(f"{server:9}", rest, "and the second response" if is_kept else "and the end")
chunks = b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"
nothing = b"", True
assert seen == {
    "cheroot": (b"abcd", False), "gevent": (chunks, True), "daphne": (b"cd", True),
    "gunicorn": nothing, "twisted": nothing, "uvicorn": nothing, "hypercorn": nothing,
}, seen
PY
