#!/usr/bin/env bash
# What: HEAD, and then DELETE, of a page that is there for GET, by FastAPI 0.163.2, Litestar 2.25.0, Falcon 4.4.0, Sanic 25.12.1, tornado 6.6.1, BlackSheep 2.6.4, Starlette
#   1.10.0 (of which FastAPI is made), Flask 3.1.3, Django 5.2.19 (View), Bottle 0.13.4, Pyramid 2.1, CherryPy 18.10.0, aiohttp 3.14.5 and microdot 2.7.0, each by its
#   usual way to write a page for GET. Told are the statuses, and Allow.
# Expected: HEAD as GET: all general-purpose servers MUST support both (RFC 9110, 9.1). And 405 for DELETE, with Allow, which MUST be there (15.5.6).
# Seen: 2026-11-30, Python 3.11.7:
#   HEAD     405 by FastAPI, Litestar, Falcon, Sanic and tornado, 404 by BlackSheep; 200 by the others
#   DELETE   404 by BlackSheep and Pyramid; 405 without Allow by tornado and microdot; 200 by CherryPy, which runs the page; 405 with Allow by the others
# Why it matters: link checkers, monitors and downloads that ask for the length first go by HEAD: a whole site is "gone" by a status that its pages never have.
#   Who has to know has to ask by GET; and not take 404 for "there is no such page" where the method is another.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check fastapi==0.163.2 starlette==1.10.0 litestar==2.25.0 blacksheep==2.6.4 uvicorn==0.54.0 falcon==4.4.0 flask==3.1.3 django==5.2.19 bottle==0.13.4 \
    pyramid==2.1 waitress==3.0.2 CherryPy==18.10.0 sanic==25.12.1 tornado==6.6.1 aiohttp==3.14.5 microdot==2.7.0
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import http.client, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

SERVER = """
import asyncio, sys
name, port = sys.argv[1], int(sys.argv[2])
asgi = wsgi = None
if name == "starlette":
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    async def page(request):
        return PlainTextResponse("page")
    asgi = Starlette(routes=[Route("/page", page)])
elif name == "fastapi":
    from fastapi import FastAPI
    asgi = FastAPI()
    @asgi.get("/page")
    async def page():
        return "page"
elif name == "litestar":
    from litestar import Litestar, get
    @get("/page")
    async def page() -> str:
        return "page"
    asgi = Litestar([page])
elif name == "blacksheep":
    from blacksheep import Application, text
    asgi = Application()
    @asgi.router.get("/page")
    async def page():
        return text("page")
elif name == "falcon":
    import falcon
    class Page:
        def on_get(self, request, response):
            response.text = "page"
    wsgi = falcon.App()
    wsgi.add_route("/page", Page())
elif name == "flask":
    import flask
    wsgi = flask.Flask("site")
    wsgi.get("/page")(lambda: "page")
elif name == "django":
    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path
    from django.views import View
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret")
    django.setup()
    from django.core.wsgi import get_wsgi_application
    class Page(View):
        def get(self, request):
            return HttpResponse("page")
    urlpatterns = [path("page", Page.as_view())]
    wsgi = get_wsgi_application()
elif name == "bottle":
    import bottle
    wsgi = bottle.Bottle()
    wsgi.get("/page")(lambda: "page")
elif name == "pyramid":
    from pyramid.config import Configurator
    from pyramid.response import Response
    config = Configurator()
    config.add_route("page", "/page")
    config.add_view(lambda request: Response("page"), route_name="page", request_method="GET")
    wsgi = config.make_wsgi_app()
elif name == "cherrypy":
    import cherrypy
    class Root:
        @cherrypy.expose
        def page(self):
            return "page"
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(Root())
elif name == "aiohttp":
    from aiohttp import web
    async def page(request):
        return web.Response(text="page")
    app = web.Application()
    app.router.add_get("/page", page)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "sanic":
    from sanic import Sanic, response
    app = Sanic("site")
    @app.get("/page")
    async def page(request):
        return response.text("page")
    app.run("127.0.0.1", port, single_process=True, motd=False)
elif name == "tornado":
    import tornado.web
    class Page(tornado.web.RequestHandler):
        def get(self):
            self.write("page")
    async def main():
        tornado.web.Application([("/page", Page)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
elif name == "microdot":
    from microdot import Microdot
    app = Microdot()
    app.get("/page")(lambda request: "page")
    app.run("127.0.0.1", port)
if asgi is not None:
    import uvicorn
    uvicorn.run(asgi, port=port)
if wsgi is not None:
    import waitress
    waitress.serve(wsgi, host="127.0.0.1", port=port)
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


def ask(port, method):
    """Return the status, and whether there is Allow."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, "/page")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, "Allow" in response.headers


OK, ALLOWED, UNSAID, GONE = (200, False), (405, True), (405, False), (404, False)
EXPECTED = {  # GET, HEAD, DELETE
    **{name: [OK, ALLOWED, ALLOWED] for name in ("fastapi", "litestar", "falcon", "sanic")},
    **{name: [OK, OK, ALLOWED] for name in ("starlette", "flask", "django", "bottle", "aiohttp")},
    "tornado": [OK, UNSAID, UNSAID],
    "microdot": [OK, OK, UNSAID],
    "blacksheep": [OK, GONE, GONE],
    "pyramid": [OK, OK, GONE],
    "cherrypy": [OK, OK, OK],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = [ask(port, method) for method in ("GET", "HEAD", "DELETE")]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    print(f"{name:10}", *(f"{status}{' with Allow' if is_said else ''}" for status, is_said in seen), sep="  ")
    assert seen == expected, "changed"
PY
