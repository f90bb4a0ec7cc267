#!/usr/bin/env bash
# What: POST of '{"a": 1}' as 'application/json', 'Application/JSON', 'application/json ; charset=utf-8' (a space in front of the semicolon), 'application/merge-patch+json'
#   and without a Content-Type, to pages of Bottle 0.13.4 (request.json), microdot 2.7.0 (request.json), BlackSheep 2.6.4 (await request.json()), CherryPy 18.10.0
#   (tools.json_in), Falcon 4.4.0 (get_media), FastAPI 0.163.2 (a dict), Flask 3.1.3 (get_json), Starlette 1.10.0, Litestar 2.25.0, aiohttp 3.14.5, Pyramid 2.1
#   and Sanic 25.12.1.
# Expected: the object, or 415 where a page says which types it takes. Media types know no case, and may have space around the semicolon (RFC 9110, 8.3.1 and 5.6.6);
#   '+json' is JSON to whoever does not know the rest (RFC 6839, 3.1).
# Seen: 2026-11-30, Python 3.11.7. The object each time by Starlette, Litestar, aiohttp, Pyramid and Sanic. Else:
#                  Application/JSON   space        merge-patch+json   none
#   Bottle         the object         None, 200    None, 200          None, 200
#   microdot       None, 200          None, 200    None, 200          None, 200
#   BlackSheep     the object         the object   the object         None, 200
#   CherryPy       415                the object   415                415
#   Falcon         415                the object   415                the object
#   FastAPI        the object         the object   the object         422
#   Flask          the object         the object   the object         415
# Why it matters: None is what 'null' gives, too: a page takes it for "nothing was said", stores an object without values, and answers 200. Clients that write a
#   space there, or '+json' for a patch, are in the right; and two of the strict ones refuse what differs from their table by a capital.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check bottle==0.13.4 microdot==2.7.0 blacksheep==2.6.4 uvicorn==0.54.0 CherryPy==18.10.0 falcon==4.4.0 waitress==3.0.2 fastapi==0.163.2 \
    flask==3.1.3 starlette==1.10.0 litestar==2.25.0 aiohttp==3.14.5 pyramid==2.1 sanic==25.12.1
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import http.client, json, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

SERVER = """
import json, sys
name, port = sys.argv[1], int(sys.argv[2])
asgi = wsgi = None
if name == "starlette":
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    async def page(request):
        return JSONResponse(await request.json())
    asgi = Starlette(routes=[Route("/page", page, methods=["POST"])])
elif name == "fastapi":
    from fastapi import FastAPI
    asgi = FastAPI()
    @asgi.post("/page")
    async def page(given: dict):
        return given
elif name == "litestar":
    from litestar import Litestar, post
    @post("/page", status_code=200)
    async def page(data: dict) -> dict:
        return data
    asgi = Litestar([page])
elif name == "blacksheep":
    from blacksheep import Application, Request, text
    asgi = Application()
    @asgi.router.post("/page")
    async def page(request: Request):
        return text(json.dumps(await request.json()))
elif name == "falcon":
    import falcon
    class Page:
        def on_post(self, request, response):
            response.media = request.get_media()
    wsgi = falcon.App()
    wsgi.add_route("/page", Page())
elif name == "flask":
    import flask
    wsgi = flask.Flask("site")
    wsgi.add_url_rule("/page", "page", lambda: json.dumps(flask.request.get_json()), methods=["POST"])
elif name == "bottle":
    import bottle
    wsgi = bottle.Bottle()
    wsgi.route("/page", method="POST")(lambda: json.dumps(bottle.request.json))
elif name == "pyramid":
    from pyramid.config import Configurator
    config = Configurator()
    config.add_route("page", "/page")
    config.add_view(lambda request: request.json_body, route_name="page", request_method="POST", renderer="json")
    wsgi = config.make_wsgi_app()
elif name == "cherrypy":
    import cherrypy
    class Root:
        @cherrypy.expose
        @cherrypy.tools.json_in()
        def page(self):
            return json.dumps(cherrypy.request.json)
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(Root())
elif name == "aiohttp":
    from aiohttp import web
    async def page(request):
        return web.json_response(await request.json())
    app = web.Application()
    app.router.add_post("/page", page)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "sanic":
    from sanic import Sanic, response
    async def page(request):
        return response.json(request.json)
    app = Sanic("site")
    app.add_route(page, "/page", methods=["POST"])
    app.run("127.0.0.1", port, single_process=True, motd=False)
elif name == "microdot":
    from microdot import Microdot
    app = Microdot()
    app.post("/page")(lambda request: json.dumps(request.json))
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


def post(port, media_type):
    """Return what the page got, or the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/page", b'{"a": 1}', {"Content-Type": media_type} if media_type else {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return json.loads(content) if response.status == 200 else response.status


TYPES = ["application/json", "Application/JSON", "application/json ; charset=utf-8", "application/merge-patch+json", ""]
GIVEN = {"a": 1}
EXPECTED = {name: [GIVEN] * 5 for name in ("starlette", "litestar", "aiohttp", "pyramid", "sanic")} | {
    "bottle": [GIVEN, GIVEN, None, None, None],
    "microdot": [GIVEN, None, None, None, None],
    "blacksheep": [GIVEN, GIVEN, GIVEN, GIVEN, None],
    "cherrypy": [GIVEN, 415, GIVEN, 415, 415],
    "falcon": [GIVEN, 415, GIVEN, 415, GIVEN],
    "fastapi": [GIVEN, GIVEN, GIVEN, GIVEN, 422],
    "flask": [GIVEN, GIVEN, GIVEN, GIVEN, 415],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = [post(port, media_type) for media_type in TYPES]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    print(f"{name:10}", *seen)
    assert seen == expected, "changed"
PY
