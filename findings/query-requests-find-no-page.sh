#!/usr/bin/env bash
# What: 'QUERY /page' with the content 'hello', the safe method with content of the HTTP working group (draft-ietf-httpbis-safe-method-w-body), to a page that was written for
#   that method and tells what it got: by Starlette 1.10.0, FastAPI 0.163.2, BlackSheep 2.6.4, Falcon 4.4.0, Flask 3.1.3, Bottle 0.13.4, Pyramid 2.1, aiohttp
#   3.14.5, tornado 6.6.1 (SUPPORTED_METHODS), microdot 2.7.0, Django 5.2.19 (View), CherryPy 18.10.0, Litestar 2.25.0 and Sanic 25.12.1. And a method of one's own,
#   FROB, to uvicorn 0.54.0 with h11 0.16.0 and with httptools 0.9.0.
# Expected: 'QUERY hello'. A method is any token (RFC 9110, 9.1), and whether it has content is said by the framing alone (RFC 9112, 6); a server that does not know one
#   says 501, or 405 for the page (RFC 9110, 9.1).
# Seen: 2026-11-30, Python 3.11.7: so by the first ten. Else:
#   Django     405: a View has a list of names, and "query" is none of them
#   CherryPy   500 where the page reads the content: there is a content for POST, PUT and PATCH only
#   Litestar   no route: ValidationException, "Invalid HTTP method: QUERY"
#   Sanic      no route: BadMethod
#   FROB       200 by uvicorn with h11; 400, "Invalid HTTP request received.", with httptools
# Why it matters: searches whose filter is too long for a URL move from POST to QUERY, so that they may be repeated and cached. A client has to know a 405, a 500
#   and a connection that works by one server alone for "not yet", and go on by POST.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 fastapi==0.163.2 blacksheep==2.6.4 litestar==2.25.0 uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0 falcon==4.4.0 flask==3.1.3 \
    bottle==0.13.4 pyramid==2.1 django==5.2.19 waitress==3.0.2 CherryPy==18.10.0 aiohttp==3.14.5 tornado==6.6.1 microdot==2.7.0 sanic==25.12.1
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import http.client, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

SERVER = """
import asyncio, sys
name, port = sys.argv[1], int(sys.argv[2])
asgi = wsgi = None
http = "httptools" if name == "httptools" else "h11"
if name == "starlette":
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route
    async def page(request):
        return Response(request.method.encode() + b" " + await request.body())
    asgi = Starlette(routes=[Route("/page", page, methods=["QUERY"])])
elif name in ("h11", "httptools"):
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route
    async def page(request):
        return Response(request.method.encode() + b" " + await request.body())
    asgi = Starlette(routes=[Route("/page", page, methods=["FROB"])])
elif name == "fastapi":
    from fastapi import FastAPI, Request, Response
    asgi = FastAPI()
    async def page(request: Request):
        return Response(request.method.encode() + b" " + await request.body())
    asgi.add_api_route("/page", page, methods=["QUERY"])
elif name == "litestar":
    from litestar import Litestar, route
    @route("/page", http_method=["QUERY"])
    async def page() -> None:
        pass
    asgi = Litestar([page])
elif name == "blacksheep":
    from blacksheep import Application, Request, text
    asgi = Application()
    @asgi.router.route("/page", methods=["QUERY"])
    async def page(request: Request):
        return text(request.method + " " + await request.text())
elif name == "falcon":
    import falcon
    class Page:
        def on_query(self, request, response):
            response.text = request.method + " " + request.bounded_stream.read().decode()
    wsgi = falcon.App()
    wsgi.add_route("/page", Page())
elif name == "flask":
    import flask
    wsgi = flask.Flask("site")
    wsgi.add_url_rule("/page", "page", lambda: flask.request.method + " " + flask.request.get_data(as_text=True), methods=["QUERY"])
elif name == "bottle":
    import bottle
    wsgi = bottle.Bottle()
    wsgi.route("/page", method="QUERY")(lambda: bottle.request.method + " " + bottle.request.body.read().decode())
elif name == "pyramid":
    from pyramid.config import Configurator
    from pyramid.response import Response
    config = Configurator()
    config.add_route("page", "/page")
    config.add_view(lambda request: Response(request.method + " " + request.text), route_name="page", request_method="QUERY")
    wsgi = config.make_wsgi_app()
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
        def query(self, request):
            return HttpResponse(request.method + " " + request.body.decode())
    urlpatterns = [path("page", Page.as_view())]
    wsgi = get_wsgi_application()
elif name == "cherrypy":
    import cherrypy
    class Root:
        @cherrypy.expose
        def page(self):
            return cherrypy.request.method + " " + cherrypy.request.body.read().decode()
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(Root())
elif name == "aiohttp":
    from aiohttp import web
    async def page(request):
        return web.Response(text=request.method + " " + await request.text())
    app = web.Application()
    app.router.add_route("QUERY", "/page", page)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "sanic":
    from sanic import Sanic, response
    async def page(request):
        return response.text("page")
    app = Sanic("site")
    app.add_route(page, "/page", methods=["QUERY"])
    app.run("127.0.0.1", port, single_process=True, motd=False)
elif name == "tornado":
    import tornado.web
    class Page(tornado.web.RequestHandler):
        SUPPORTED_METHODS = (*tornado.web.RequestHandler.SUPPORTED_METHODS, "QUERY")
        def query(self):
            self.write(self.request.method.encode() + b" " + self.request.body)
    async def main():
        tornado.web.Application([("/page", Page)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
elif name == "microdot":
    from microdot import Microdot
    app = Microdot()
    app.route("/page", methods=["QUERY"])(lambda request: request.method + " " + request.body.decode())
    app.run("127.0.0.1", port)
if asgi is not None:
    import uvicorn
    uvicorn.run(asgi, port=port, http=http)
if wsgi is not None:
    import waitress
    waitress.serve(wsgi, host="127.0.0.1", port=port)
"""
with open("server.py", "w") as file:
    file.write(SERVER)


def ask(name, method):
    """Return the content that comes with 200, another status, or the error that a server has ended with before it listened."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open("errors.txt", "wb") as errors:
        command = [sys.executable, "-W", "ignore", "server.py", name, str(port)]
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        for _ in range(300):
            if process.poll() is not None:
                with open("errors.txt") as errors:
                    return errors.read().strip().rpartition("\n")[2].partition(":")[0].rpartition(".")[2]
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, "/page", b"hello", {"Content-Type": "text/plain"})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return content if response.status == 200 else response.status
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


EXPECTED = dict.fromkeys("starlette fastapi blacksheep falcon flask bottle pyramid aiohttp tornado microdot".split(), b"QUERY hello")
EXPECTED |= {"django": 405, "cherrypy": 500, "litestar": "ValidationException", "sanic": "BadMethod"}
OWN = {"h11": b"FROB hello", "httptools": 400}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in [*EXPECTED, "uvicorn", *OWN]))
for method, rows in {"QUERY": EXPECTED, "FROB": OWN}.items():
    for name, expected in rows.items():
        seen = ask(name, method)
        print(f"{method:6} {name:11}", seen)
        assert seen == expected, "changed"
PY
