#!/usr/bin/env bash
# What: 'Cookie: sid=near; sid=far', as a client sends it that has a cookie 'sid' for '/app' and another one for '/', by Starlette 1.10.0, FastAPI 0.163.2, Litestar
#   2.25.0, Django 5.2.19, BlackSheep 2.6.4, Bottle 0.13.4, Pyramid 2.1, CherryPy 18.10.0, aiohttp 3.14.5, microdot 2.7.0, tornado 6.6.1, Flask 3.1.3, Falcon 4.4.0 and
#   Sanic 25.12.1. Told is the value that a page gets, each by its usual way to ask for one cookie; and what requests 2.34.2 sends that has both.
# Expected: 'near', the first. A client puts cookies with longer paths in front (RFC 6265, 5.4), so that the first is the one that was set for this part of the site.
# Seen: 2026-11-30, Python 3.11.7. requests sends 'sid=near; sid=far', whichever it got first. A page gets
#   near   by Flask, Falcon and Sanic
#   far    by the other eleven
# Why: a dict is filled from left to right (http.cookies, too), so the last one stays.
# Why it matters: two applications under one host, or one that moved its cookie from '/' to a path: who has logged in is told that he has not, as long as the other
#   cookie lives, and by a Flask behind the same address he has. A server cannot tell from the field which is which: 4.2.2 says not to rely on the order.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 fastapi==0.163.2 litestar==2.25.0 django==5.2.19 blacksheep==2.6.4 bottle==0.13.4 pyramid==2.1 CherryPy==18.10.0 \
    aiohttp==3.14.5 microdot==2.7.0 tornado==6.6.1 flask==3.1.3 falcon==4.4.0 sanic==25.12.1 requests==2.34.2 uvicorn==0.54.0 waitress==3.0.2
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import os, signal, socket, subprocess, sys, time
from importlib.metadata import version
import requests

SERVER = """
import asyncio, sys
name, port = sys.argv[1], int(sys.argv[2])
asgi = wsgi = None
if name == "starlette":
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    async def page(request):
        return PlainTextResponse(request.cookies["sid"])
    asgi = Starlette(routes=[Route("/app/page", page)])
elif name == "fastapi":
    from fastapi import Cookie, FastAPI
    from fastapi.responses import PlainTextResponse
    asgi = FastAPI()
    @asgi.get("/app/page")
    async def page(sid: str = Cookie()):
        return PlainTextResponse(sid)
elif name == "litestar":
    from litestar import Litestar, Request, get
    @get("/app/page")
    async def page(request: Request) -> str:
        return request.cookies["sid"]
    asgi = Litestar([page])
elif name == "django":
    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret")
    django.setup()
    from django.core.wsgi import get_wsgi_application
    urlpatterns = [path("app/page", lambda request: HttpResponse(request.COOKIES["sid"]))]
    wsgi = get_wsgi_application()
elif name == "blacksheep":
    from blacksheep import Application, Request, text
    asgi = Application()
    @asgi.router.get("/app/page")
    async def page(request: Request):
        return text(request.get_cookie("sid"))
elif name == "bottle":
    import bottle
    wsgi = bottle.Bottle()
    wsgi.route("/app/page")(lambda: bottle.request.get_cookie("sid"))
elif name == "pyramid":
    from pyramid.config import Configurator
    from pyramid.response import Response
    config = Configurator()
    config.add_route("page", "/app/page")
    config.add_view(lambda request: Response(request.cookies["sid"]), route_name="page")
    wsgi = config.make_wsgi_app()
elif name == "cherrypy":
    import cherrypy
    class App:
        @cherrypy.expose
        def page(self):
            return cherrypy.request.cookie["sid"].value
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(App(), "/app")
elif name == "aiohttp":
    from aiohttp import web
    async def page(request):
        return web.Response(text=request.cookies["sid"])
    app = web.Application()
    app.router.add_get("/app/page", page)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "microdot":
    from microdot import Microdot
    app = Microdot()
    app.get("/app/page")(lambda request: request.cookies["sid"])
    app.run("127.0.0.1", port)
elif name == "tornado":
    import tornado.web
    class Page(tornado.web.RequestHandler):
        def get(self):
            self.write(self.get_cookie("sid"))
    async def main():
        tornado.web.Application([("/app/page", Page)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
elif name == "flask":
    import flask
    wsgi = flask.Flask("site")
    wsgi.add_url_rule("/app/page", "page", lambda: flask.request.cookies["sid"])
elif name == "falcon":
    import falcon
    class Page:
        def on_get(self, request, response):
            response.text = request.cookies["sid"]
    wsgi = falcon.App()
    wsgi.add_route("/app/page", Page())
elif name == "sanic":
    from sanic import Sanic, response
    async def page(request):
        return response.text(request.cookies.get("sid"))
    app = Sanic("site")
    app.add_route(page, "/app/page")
    app.run("127.0.0.1", port, single_process=True, motd=False)
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


def ask(port):
    """Return what a page gets of two cookies, and check what is sent."""
    pages = set()
    for paths in ({"/": "far", "/app": "near"}, {"/app": "near", "/": "far"}):
        with requests.Session() as session:
            for path, value in paths.items():
                session.cookies.set("sid", value, path=path)
            response = session.get(f"http://127.0.0.1:{port}/app/page", timeout=10)
        assert response.request.headers["Cookie"] == "sid=near; sid=far", "what is sent"
        assert response.status_code == 200, "the control failed"
        pages.add(response.text)
    page, = pages
    return page


NEAR = ("flask", "falcon", "sanic")
FAR = ("starlette", "fastapi", "litestar", "django", "blacksheep", "bottle", "pyramid", "cherrypy", "aiohttp", "microdot", "tornado")
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in (*NEAR, *FAR, "requests")))
for name in (*NEAR, *FAR):
    process, port = started(name)
    try:
        seen = ask(port)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    print(f"{name:10}", seen)
    assert seen == ("near" if name in NEAR else "far"), "changed"
PY
