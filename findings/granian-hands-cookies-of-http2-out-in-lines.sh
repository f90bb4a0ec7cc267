#!/usr/bin/env bash
# What: a request over HTTP/2 with the cookies a=1 and b=2, once in one cookie field and once in two, as browsers send them (RFC 9113, 8.2.3, lets a client split the field so that
#   HPACK can index each cookie); to granian 2.8.9 and hypercorn 0.18.0, and in them Litestar 2.25.0, Falcon 4.4.0 (ASGI), Django 5.2.19 (ASGI), Starlette 1.10.0, BlackSheep 2.6.4, Quart
#   0.22.0 and Flask 3.1.3 (WSGI). The client is h2 4.4.1. Told are the cookies that a page gets.
# Expected: both cookies, both times. 8.2.3: they MUST be put together with '; ' "before being passed into a non-HTTP/2 context", such as a generic server application.
# Seen: 2026-11-30, Python 3.11.7. Of one field both, by all; of two, both by all under hypercorn, and under granian by Starlette, BlackSheep, Quart and Flask. Under granian
#   Litestar   a=1
#   Falcon     b=2
#   Django     a='1,b=2'
# Why: granian's ASGI gives an application both fields as they came, and it takes the first, the last, or joins them by a comma as other fields are.
# Why it matters: by curl, by httpx and in the tests of the application, all of which send one field, everything is there; in a browser a session is lost, or its value is
#   a wrong one, and over HTTP/1.1 the same browser has it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check granian==2.8.9 hypercorn==0.18.0 h2==4.4.1 litestar==2.25.0 falcon==4.4.0 django==5.2.19 starlette==1.10.0 blacksheep==2.6.4 quart==0.22.0 flask==3.1.3
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import os, signal, socket, subprocess, sys, time
from importlib.metadata import version
import h2.connection, h2.events

SERVER = """
import asyncio, sys
server, name, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


def told(cookies):
    return repr(dict(sorted(cookies.items())))


if name == "starlette":
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    async def page(request):
        return PlainTextResponse(told(request.cookies))
    app = Starlette(routes=[Route("/", page)])
elif name == "litestar":
    from litestar import Litestar, Request, get
    @get("/", media_type="text/plain")
    async def page(request: Request) -> str:
        return told(request.cookies)
    app = Litestar([page])
elif name == "blacksheep":
    from blacksheep import Application, Request, text
    app = Application()
    @app.router.get("/")
    async def page(request: Request):
        return text(told(request.cookies))
elif name == "quart":
    from quart import Quart, request
    app = Quart("site")
    @app.get("/")
    async def page():
        return told(request.cookies)
elif name == "falcon":
    import falcon.asgi
    class Page:
        async def on_get(self, request, response):
            response.text = told(request.cookies)
    app = falcon.asgi.App()
    app.add_route("/", Page())
elif name == "django":
    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret")
    django.setup()
    from django.core.asgi import get_asgi_application
    urlpatterns = [path("", lambda request: HttpResponse(told(request.COOKIES)))]
    app = get_asgi_application()
elif name == "flask":
    import flask
    app = flask.Flask("site")
    app.add_url_rule("/", "page", lambda: told(flask.request.cookies))
interface = "wsgi" if name == "flask" else "asgi"
if server == "hypercorn":
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    asyncio.run(serve(app, config, mode=interface))
else:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    granian = Granian("server:app", address="127.0.0.1", port=port, interface=Interfaces(interface), http=HTTPModes.http2)
    granian.serve(target_loader=lambda *args: app)
"""
with open("server.py", "w") as file:
    file.write(SERVER)


def started(server, name):
    """Return the process of a server and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "server.py", server, name, str(port)]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    raise SystemExit(f"did not start: {name}")


def ask(port, fields):
    """Return the page that is got with these cookie fields."""
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    head = [(":method", "GET"), (":scheme", "http"), (":authority", f"127.0.0.1:{port}"), (":path", "/")]
    connection.send_headers(1, head + [("cookie", field) for field in fields], end_stream=True)
    content = b""
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(connection.data_to_send())
        while data := peer.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    content += event.data
                if isinstance(event, h2.events.StreamEnded):
                    return content.decode()
            peer.sendall(connection.data_to_send())
    raise SystemExit("no whole response")


RIGHT = "{'a': '1', 'b': '2'}"
LOST = {"litestar": "{'a': '1'}", "falcon": "{'b': '2'}", "django": "{'a': '1,b=2'}"}
NAMES = ("litestar", "falcon", "django", "starlette", "blacksheep", "quart", "flask")
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("granian", "hypercorn", "h2", *NAMES)))
for server in ("hypercorn", "granian"):
    for name in NAMES:
        process, port = started(server, name)
        try:
            one, two = ask(port, ["a=1; b=2"]), ask(port, ["a=1", "b=2"])
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        print(f"{server:9} {name:10}", two)
        assert one == RIGHT, "the control failed"
        assert two == (LOST.get(name, RIGHT) if server == "granian" else RIGHT), "changed"
PY
