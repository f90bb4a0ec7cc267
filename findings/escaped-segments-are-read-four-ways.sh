#!/usr/bin/env bash
# What: '/p/a%20b', '/p/%2541', '/p/a%2Fb' and '/p/caf%E9' at a route with one parameter ('/p/{name}'), by Flask 3.1.3, Django 5.2.19, Starlette 1.10.0,
#   Litestar 2.25.0, Falcon 4.4.0, aiohttp 3.14.5, tornado 6.6.1, Bottle 0.13.4, CherryPy 18.10.0, BlackSheep 2.6.4, Sanic 25.12.1, robyn 0.88.0 and
#   microdot 2.7.0. Told is what the page gets as its parameter.
# Expected: 'a b' and '%41': a segment is unescaped once (RFC 3986, 2.4). Of 'a%2Fb' a/b, since the slash is data, or 404 where paths are unescaped before
#   they are routed. Of '%E9', which is no UTF-8, something in its place.
# Seen: 2026-11-30, Python 3.11.7:
#                                       a%20b   %2541   a%2Fb   caf%E9
#   Flask, Starlette, Litestar, Falcon  a b     %41     404     'caf' and U+FFFD
#   Django                              a b     %41     404     caf%E9
#   aiohttp                             a b     %41     a/b     caf%E9
#   tornado                             a b     %41     a/b     400
#   Bottle                              a b     %41     404     caf: the byte is dropped
#   CherryPy                            a b     %41     a/b     'café', read as Latin-1
#   BlackSheep                          a b     A       a/b     'caf' and U+FFFD
#   Sanic, robyn, microdot              a%20b   %2541   a%2Fb   caf%E9
# Why it matters: a page about "a b" is not found by Sanic, robyn and microdot unless the program unescapes what the others have unescaped; BlackSheep does
#   it twice, so a title with a percent sign in it is another title there. Names with a slash have a page in seven of thirteen.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check flask==3.1.3 django==5.2.19 waitress==3.0.2 starlette==1.10.0 uvicorn==0.54.0 h11==0.16.0 litestar==2.25.0 falcon==4.4.0 aiohttp==3.14.5 tornado==6.6.1 bottle==0.13.4 CherryPy==18.10.0 blacksheep==2.6.4 sanic==25.12.1 robyn==0.88.0 microdot==2.7.0
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import http.client, json, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

SERVER = """
import asyncio, json, sys
name, port = sys.argv[1], int(sys.argv[2])

def serve_wsgi(app):
    import waitress
    waitress.serve(app, listen=f"127.0.0.1:{port}")

def serve_asgi(app):
    import uvicorn
    uvicorn.run(app, port=port, http="h11")

if name == "flask":
    import flask
    app = flask.Flask("page")
    app.route("/p/<name>")(lambda name: json.dumps(name))
    serve_wsgi(app)
elif name == "django":
    import django
    from django.conf import settings
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path
    urlpatterns = [path("p/<name>", lambda request, name: HttpResponse(json.dumps(name)))]
    django.setup()
    serve_wsgi(get_wsgi_application())
elif name == "starlette":
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    serve_asgi(Starlette(routes=[Route("/p/{name}", lambda request: PlainTextResponse(json.dumps(request.path_params["name"])))]))
elif name == "litestar":
    from litestar import Litestar, get
    @get("/p/{name:str}", media_type="text/plain")
    async def page(name: str) -> str:
        return json.dumps(name)
    serve_asgi(Litestar([page]))
elif name == "falcon":
    import falcon
    class Page:
        def on_get(self, request, response, name):
            response.text = json.dumps(name)
    app = falcon.App()
    app.add_route("/p/{name}", Page())
    serve_wsgi(app)
elif name == "aiohttp":
    from aiohttp import web
    async def page(request):
        return web.Response(text=json.dumps(request.match_info["name"]))
    app = web.Application()
    app.router.add_get("/p/{name}", page)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "tornado":
    import tornado.web
    class Page(tornado.web.RequestHandler):
        def get(self, name):
            self.write(json.dumps(name))
    async def main():
        tornado.web.Application([("/p/([^/]+)", Page)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
elif name == "bottle":
    import bottle
    bottle.route("/p/<name>")(lambda name: json.dumps(name))
    serve_wsgi(bottle.default_app())
elif name == "CherryPy":
    import cherrypy
    class Root:
        @cherrypy.expose
        def p(self, name):
            return json.dumps(name)
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(Root())
elif name == "blacksheep":
    from blacksheep import Application, text
    app = Application()
    @app.router.get("/p/{name}")
    async def page(name: str):
        return text(json.dumps(name))
    serve_asgi(app)
elif name == "sanic":
    from sanic import Sanic, text
    app = Sanic("page")
    @app.get("/p/<name:str>")
    async def page(request, name):
        return text(json.dumps(name))
    app.run(host="127.0.0.1", port=port, single_process=True, motd=False)
elif name == "robyn":
    from robyn import Robyn
    app = Robyn(__file__)
    @app.get("/p/:name")
    def page(request):
        return json.dumps(request.path_params["name"])
    app.start(host="127.0.0.1", port=port)
else:
    from microdot import Microdot
    app = Microdot()
    @app.get("/p/<name>")
    async def page(request, name):
        return json.dumps(name)
    app.run(host="127.0.0.1", port=port)
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


def parameter_of(port, segment):
    """Return what the page says its parameter is, or the status where there is no page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/p/" + segment)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return json.loads(content) if response.status == 200 else response.status


SEGMENTS = "a%20b", "%2541", "a%2Fb", "caf%E9"
USUAL = ["a b", "%41", 404, "caf\ufffd"]
EXPECTED = {
    "flask": USUAL,
    "starlette": USUAL,
    "litestar": USUAL,
    "falcon": USUAL,
    "django": ["a b", "%41", 404, "caf%E9"],
    "aiohttp": ["a b", "%41", "a/b", "caf%E9"],
    "tornado": ["a b", "%41", "a/b", 400],
    "bottle": ["a b", "%41", 404, "caf"],
    "CherryPy": ["a b", "%41", "a/b", "caf\u00e9"],
    "blacksheep": ["a b", "A", "a/b", "caf\ufffd"],
    "sanic": list(SEGMENTS),
    "robyn": list(SEGMENTS),
    "microdot": list(SEGMENTS),
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED))
print(f"{'':11}", *(f"{segment:9}" for segment in SEGMENTS))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = [parameter_of(port, segment) for segment in SEGMENTS]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    print(f"{name:11}", *(f"{got!s:9}" for got in seen))
    assert seen == expected, f"changed: {seen}"
PY
