#!/usr/bin/env bash
# What: 'Cookie: a=1; path=2; version=3; b=4', and 'Cookie: version=3; a=1', by Bottle 0.13.4, tornado 6.6.1, CherryPy 18.10.0, Pyramid 2.1 (WebOb
#   1.8.11), Flask 3.1.3, Django 5.2.19, aiohttp 3.14.5 and Starlette 1.10.0. Told are the cookies that a page gets.
# Expected: all of them: a name is any token (RFC 6265, 4.1.1), and the Cookie field has no attributes (4.2.2: servers see names and values alone).
# Seen: 2026-11-30, Python 3.11.7: all by Flask, Django, aiohttp and Starlette. Else:
#   Bottle, CherryPy   a, b; of the second NONE
#   tornado            a, b; of the second a
#   Pyramid            a, version, b: path alone is dropped; of the second all
# Why: http.cookies reads Set-Cookie and Cookie alike, so what is named path, domain, expires, version, comment, secure, httponly or samesite belongs to the
#   cookie in front, and at the beginning it ends the reading. Bottle and CherryPy use it; tornado keeps its Morsel, which refuses these names, and
#   WebOb a list of its own.
# Why it matters: a site with a cookie of the name 'version' logs each visitor out as soon as that one is sent first: by whom and when depends
#   on the client's order.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check bottle==0.13.4 tornado==6.6.1 CherryPy==18.10.0 pyramid==2.1 WebOb==1.8.11 flask==3.1.3 django==5.2.19 aiohttp==3.14.5 starlette==1.10.0 uvicorn==0.54.0 waitress==3.0.2 setuptools==81.0.0
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import http.client, json, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

SERVER = """
import asyncio, json, sys
name, port = sys.argv[1], int(sys.argv[2])
if name == "bottle":
    import bottle
    bottle.route("/")(lambda: json.dumps(dict(bottle.request.cookies)))
    bottle.run(host="127.0.0.1", port=port, server="waitress", quiet=True)
elif name == "tornado":
    import tornado.web
    class Page(tornado.web.RequestHandler):
        def get(self):
            self.write(json.dumps({key: morsel.value for key, morsel in self.cookies.items()}))
    async def main():
        tornado.web.Application([("/", Page)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
elif name == "CherryPy":
    import cherrypy
    class Root:
        @cherrypy.expose
        def index(self):
            return json.dumps({key: morsel.value for key, morsel in cherrypy.request.cookie.items()})
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(Root())
elif name == "pyramid":
    import waitress
    from pyramid.config import Configurator
    from pyramid.response import Response
    with Configurator() as config:
        config.add_route("page", "/")
        config.add_view(lambda request: Response(json.dumps(dict(request.cookies))), route_name="page")
    waitress.serve(config.make_wsgi_app(), listen=f"127.0.0.1:{port}")
elif name == "flask":
    import flask
    app = flask.Flask("page")
    app.route("/")(lambda: json.dumps(dict(flask.request.cookies)))
    app.run(port=port)
elif name == "django":
    import django, waitress
    from django.conf import settings
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path
    urlpatterns = [path("", lambda request: HttpResponse(json.dumps(request.COOKIES)))]
    django.setup()
    waitress.serve(get_wsgi_application(), listen=f"127.0.0.1:{port}")
elif name == "aiohttp":
    from aiohttp import web
    async def page(request):
        return web.Response(text=json.dumps(dict(request.cookies)))
    app = web.Application()
    app.router.add_get("/", page)
    web.run_app(app, host="127.0.0.1", port=port)
else:
    import uvicorn
    from starlette.responses import PlainTextResponse
    from starlette.requests import Request
    async def page(scope, receive, send):
        await PlainTextResponse(json.dumps(Request(scope).cookies))(scope, receive, send)
    uvicorn.run(page, port=port, lifespan="off")
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


def cookies_of(port, field):
    """Return what the page says its cookies are."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/", headers={"Cookie": field})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    assert response.status == 200, content
    return json.loads(content)


FIRST, SECOND = "a=1; path=2; version=3; b=4", "version=3; a=1"
EVERY = [{"a": "1", "path": "2", "version": "3", "b": "4"}, {"version": "3", "a": "1"}]
EXPECTED = {
    "bottle": [{"a": "1", "b": "4"}, {}],
    "CherryPy": [{"a": "1", "b": "4"}, {}],
    "tornado": [{"a": "1", "b": "4"}, {"a": "1"}],
    "pyramid": [{"a": "1", "version": "3", "b": "4"}, {"version": "3", "a": "1"}],
    "flask": EVERY,
    "django": EVERY,
    "aiohttp": EVERY,
    "starlette": EVERY,
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED), "WebOb", version("WebOb"))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = [cookies_of(port, field) for field in (FIRST, SECOND)]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    print(f"{name:10}", *seen)
    assert seen == expected, "changed"
PY
