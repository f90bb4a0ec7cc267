#!/usr/bin/env bash
# What: the head of a POST with 'Expect: 100-continue' and Content-Length: 5, and no content yet, for a page that answers 401 without a look at the content; then
#   for one that reads it, with 'Expect: 100-Continue'. Servers: uvicorn 0.54.0, granian 2.8.9, gevent 26.9.0, hypercorn 0.18.0, daphne 4.2.3, gunicorn
#   27.0.1, waitress 3.0.2, cheroot 11.1.2, twisted 26.10.0, tornado 6.6.1, sanic 25.12.1, werkzeug 3.1.9 and wsgiref of Python 3.11.
# Expected: 401 at once, since the field is there to spare content that nobody wants (RFC 9110, 10.1.1); 100 for who reads: the expectation knows no case.
# Seen: 2026-11-30, Python 3.11.7:
#   uvicorn, granian, gevent                                    401 at once
#   hypercorn, gunicorn, werkzeug, sanic                        100 and 401 at once
#   daphne, waitress, cheroot, twisted, tornado                 100, and 401 when the content is there
#   wsgiref                                                     401 at once; and no 100 for the page that reads, ever
#   With a capital C gevent, cheroot and tornado send no 100 either. tornado calls it '100 (Continue)'.
# Why it matters: an upload of a gigabyte with an expired token is sent whole before it is refused, though client and page both did what saves it. A client that
#   waits for the 100 without a limit waits for ever, one like curl a second for each upload.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0 granian==2.8.9 gevent==26.9.0 hypercorn==0.18.0 daphne==4.2.3 gunicorn==27.0.1 waitress==3.0.2 cheroot==11.1.2 twisted==26.10.0 tornado==6.6.1 sanic==25.12.1 werkzeug==3.1.9 setuptools==81.0.0
cd "$dir"
PYTHONPATH="$dir" timeout 300 v/bin/python -W ignore - <<'PY'
import os, re, signal, socket, subprocess, sys, time
from importlib.metadata import version

APPS = """
async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    is_read = scope["path"] == "/read"
    while is_read and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200 if is_read else 401, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

def wsgi(environ, start_response):
    is_read = environ["PATH_INFO"] == "/read"
    if is_read:
        environ["wsgi.input"].read(5)
    start_response("200 OK" if is_read else "401 Unauthorized", [("Content-Length", "2")])
    return [b"ok"]

def gevent(port):
    from gevent.pywsgi import WSGIServer
    WSGIServer(("127.0.0.1", port), wsgi).serve_forever()

def werkzeug(port):
    from werkzeug.serving import run_simple
    run_simple("127.0.0.1", port, wsgi)

def wsgiref(port):
    from wsgiref.simple_server import make_server
    make_server("127.0.0.1", port, wsgi).serve_forever()

def tornado(port):
    import asyncio, tornado.web
    class Read(tornado.web.RequestHandler):
        def post(self):
            self.write("ok")
    class Refuse(tornado.web.RequestHandler):
        def prepare(self):
            self.set_status(401)
            self.finish("ok")
    async def main():
        tornado.web.Application([("/read", Read), ("/no", Refuse)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())

def sanic(port):
    from sanic import Sanic, text
    app = Sanic("app")
    @app.post("/read")
    async def read(request):
        return text("ok")
    @app.post("/no", stream=True)
    async def refuse(request):
        return text("ok", 401)
    app.run(host="127.0.0.1", port=port, single_process=True, motd=False)
"""
with open("apps.py", "w") as file:
    file.write(APPS)


def started(command):
    """Return the process of a server and its port; PORT in its command is that port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["v/bin/" + command[0], *(part.replace("PORT", str(port)) for part in command[1:])]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    raise SystemExit(f"did not start: {command}")


def statuses(peer, seconds):
    """Return the statuses of the responses that come, until nothing has come for so long."""
    peer.settimeout(seconds)
    got = b""
    try:
        while data := peer.recv(65536):
            got += data
    except OSError:
        pass
    return re.findall(r"HTTP/1\.[01] (\d\d\d)", got.decode()), b"100 (Continue)" in got


def answers(port, path, expect):
    """Return the statuses that come without the content, and those that come with it."""
    with socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.sendall(f"POST {path} HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\nExpect: {expect}\r\n\r\n".encode())
        before, is_odd = statuses(peer, 2)
        try:
            peer.sendall(b"hello")
            after = statuses(peer, 2)[0]
        except OSError:
            after = []
        return " ".join(before), " ".join(after), is_odd


def of_apps(name):
    return ["python", "-W", "ignore", "-c", f"import apps; apps.{name}(PORT)"]


LATE, EARLY, FIRST = ("100", "401"), ("100 401", ""), ("401", "")
# the command; what comes of the page that refuses; whether the one that reads sends 100 for '100-Continue'
SERVERS = {
    "uvicorn": (["uvicorn", "--http", "h11", "--port", "PORT", "apps:asgi"], FIRST, True),
    "granian": (["granian", "--interface", "asgi", "--port", "PORT", "apps:asgi"], FIRST, True),
    "gevent": (of_apps("gevent"), FIRST, False),
    "hypercorn": (["hypercorn", "-b", "127.0.0.1:PORT", "apps:asgi"], EARLY, True),
    "gunicorn": (["gunicorn", "-b", "127.0.0.1:PORT", "apps:wsgi"], EARLY, True),
    "werkzeug": (of_apps("werkzeug"), EARLY, True),
    "sanic": (of_apps("sanic"), EARLY, True),
    "daphne": (["daphne", "-p", "PORT", "apps:asgi"], LATE, True),
    "waitress": (["waitress-serve", "--listen=127.0.0.1:PORT", "apps:wsgi"], LATE, True),
    "cheroot": (["cheroot", "--bind", "127.0.0.1:PORT", "apps:wsgi"], LATE, False),
    "twisted": (["twist", "web", "--listen", "tcp:PORT:interface=127.0.0.1", "--wsgi", "apps.wsgi"], LATE, True),
    "tornado": (of_apps("tornado"), LATE, False),
    "wsgiref": (of_apps("wsgiref"), FIRST, False),
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in SERVERS if name != "wsgiref"))
for name, (command, refused, is_heard) in SERVERS.items():
    process, port = started(command)
    try:
        no = answers(port, "/no", "100-continue")
        read = answers(port, "/read", "100-Continue")
        small = answers(port, "/read", "100-continue")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    print(f"{name:10} refuses: {no[0]}, then {no[1] or 'nothing more'}; reads: {small[0] or 'nothing'}, then {small[1]}; with a capital: {read[0] or 'nothing'}")
    assert no[:2] == refused, "changed"
    assert small[:2] == ("" if name == "wsgiref" else "100", "200"), "changed"
    assert read[0] == ("100" if is_heard else ""), "changed"
    assert small[2] == (name == "tornado"), "changed"
PY
