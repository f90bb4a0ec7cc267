#!/usr/bin/env bash
# What: a WSGI application behind an ASGI server, by a2wsgi 1.10.10, asgiref 3.13.0 (WsgiToAsgi), Starlette 1.10.0 (WSGIMiddleware) and uvicorn 0.54.0 (--interface wsgi, all of them
#   under it), and by hypercorn 0.18.0 itself. It redirects with an empty list for its content; finds an error when it has called start_response and calls it again, with exc_info;
#   reads its content by readline(2); says close() of its iterable; and uses the write() that start_response gives back. Beside them gunicorn 27.0.1 and waitress 3.0.2.
# Expected: as under gunicorn. All five are in PEP 3333: headers are the last ones if none was sent yet, close() is called "upon completion of the current request", write() is there.
# Seen: 2026-11-30, Python 3.11.7. By gunicorn and waitress 302, 500, b'ab', closed, 'one,two'. Else:
#                         hypercorn    uvicorn, a2wsgi               asgiref      Starlette
#   return []             500          -                             -            -
#   exc_info              -            200, the text of the error    -            200, the text of the error
#   readline(2)           -            b''                           -            -
#   close()               -            -                             not called   not called
#   write()               500          -                             500          the response ends before it begins
# Why it matters: a Django or Flask is mounted so into a FastAPI while it is being moved. The error page goes out as a 200 and is cached as a page; files, transactions and
#   whatever waits for close() (Werkzeug's ClosingIterator, Django's request_finished) are left open, one a request; and a redirect is a 500 by the server alone.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check a2wsgi==1.10.10 asgiref==3.13.0 starlette==1.10.0 uvicorn==0.54.0 h11==0.16.0 hypercorn==0.18.0 gunicorn==27.0.1 waitress==3.0.2
cd "$dir"
timeout 180 v/bin/python -W ignore - <<'PY'
import http.client, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

SERVER = """
import asyncio, sys
name, port = sys.argv[1], int(sys.argv[2])
closed = []


class Page:
    def __iter__(self):
        yield b"page"

    def close(self):
        closed.append(1)


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/empty":
        start_response("302 Found", [("Location", "/page")])
        return []
    if path == "/write":
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"one,")
        return [b"two"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/error":
        try:
            raise ValueError("found late")
        except ValueError:
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
            return [b"error"]
    if path == "/readline":
        return [environ["wsgi.input"].readline(2)]
    return Page() if path == "/close" else [b"closed" if closed else b"not closed"]


if name == "gunicorn":
    from gunicorn.app.base import BaseApplication
    class Server(BaseApplication):
        def load_config(self):
            self.cfg.set("bind", f"127.0.0.1:{port}")
        def load(self):
            return app
    Server().run()
elif name == "waitress":
    import waitress
    waitress.serve(app, host="127.0.0.1", port=port)
elif name == "hypercorn":
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    asyncio.run(serve(app, config, mode="wsgi"))
else:
    import uvicorn
    if name == "a2wsgi":
        from a2wsgi import WSGIMiddleware as Wrapper
    elif name == "asgiref":
        from asgiref.wsgi import WsgiToAsgi as Wrapper
    elif name == "starlette":
        from starlette.middleware.wsgi import WSGIMiddleware as Wrapper
    if name == "uvicorn":
        uvicorn.run(app, port=port, http="h11", interface="wsgi")
    else:
        uvicorn.run(Wrapper(app), port=port, http="h11")
"""
with open("server.py", "w") as file:
    file.write(SERVER)


def started(name):
    """Return the process of a server and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "server.py", name, str(port)]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    raise SystemExit(f"did not start: {name}")


def ask(port, path, content=None):
    """Return the status and the content, or the error's name."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET" if content is None else "POST", path, content)
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        return type(error).__name__
    finally:
        connection.close()


def ask_all(port):
    empty, error, line, _, closed, written = (
        ask(port, "/empty"), ask(port, "/error"), ask(port, "/readline", b"abcd\n"), ask(port, "/close"), ask(port, "/closed"), ask(port, "/write"))
    return [empty[0], error, line[1], closed[1], written if isinstance(written, str) or written[0] == 200 else written[0]]


RIGHT = [302, (500, b"error"), b"ab", b"closed", (200, b"one,two")]
LATE = (200, b"error")
EXPECTED = {
    "gunicorn": RIGHT,
    "waitress": RIGHT,
    "hypercorn": [500, *RIGHT[1:4], 500],
    "uvicorn": [RIGHT[0], LATE, b"", *RIGHT[3:]],
    "a2wsgi": [RIGHT[0], LATE, b"", *RIGHT[3:]],
    "asgiref": [*RIGHT[:3], b"not closed", 500],
    "starlette": [RIGHT[0], LATE, RIGHT[2], b"not closed", "IncompleteRead"],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = ask_all(port)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    print(f"{name:10}", *seen)
    assert seen == expected, "changed"
PY
