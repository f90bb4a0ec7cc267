#!/usr/bin/env bash
# What: a route that ends with a slash ('/d/{name}/'), asked for without it, by Starlette 1.10.0 (FastAPI 0.163.2 is the same), Django 5.2.19 (APPEND_SLASH),
#   aiohttp 3.14.5 (normalize_path_middleware), Flask 3.1.3, Pyramid 2.1 (append_slash) and tornado 6.6.1 (addslash): '/d/a%2541', '/d/caf%E9', '/d/a%20b' and
#   '/d/a?x=%41+b'. Told is where the redirect leads.
# Expected: the same with a slash: nothing but that is wrong with the URL. '%2541' is the text '%41', '%E9' a byte (RFC 3986, 2.4: never escape or unescape
#   the same string twice), and the query goes with it as it is.
# Seen: 2026-11-30, Python 3.11.7. So for '/d/a%20b' by all, and otherwise but for
#   /d/a%2541      Starlette, FastAPI: /d/a%41/, which is the page of 'aA'
#   /d/caf%E9      Starlette, FastAPI, Flask: /d/caf%EF%BF%BD/; Django: /d/caf%25E9/; Pyramid 500; tornado 400
#   /d/a?x=%41+b   aiohttp: /d/a/?x=A+b
# Why: the redirect is made out of the path that the server has already unescaped, and what has to be escaped again is guessed.
# Why it matters: a name with a percent sign in it leads to another record, or to none, by whether the link had its slash; a signature of the query does not hold
#   behind aiohttp's redirect; links in an old charset are lost, for good where the redirect is 301 or 308 (Django, Flask).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 fastapi==0.163.2 uvicorn==0.54.0 h11==0.16.0 django==5.2.19 aiohttp==3.14.5 flask==3.1.3 pyramid==2.1 waitress==3.0.2 tornado==6.6.1
cd "$dir"
timeout 180 v/bin/python -W ignore - <<'PY'
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
        return PlainTextResponse(request.path_params["name"])
    asgi = Starlette(routes=[Route("/d/{name}/", page)])
elif name == "fastapi":
    from fastapi import FastAPI
    asgi = FastAPI()
    @asgi.get("/d/{name}/")
    async def page(name: str):
        return name
elif name == "django":
    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret", MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
    django.setup()
    from django.core.wsgi import get_wsgi_application
    urlpatterns = [path("d/<str:name>/", lambda request, name: HttpResponse(name))]
    wsgi = get_wsgi_application()
elif name == "aiohttp":
    from aiohttp import web
    async def page(request):
        return web.Response(text=request.match_info["name"])
    app = web.Application(middlewares=[web.normalize_path_middleware()])
    app.router.add_get("/d/{name}/", page)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "flask":
    import flask
    wsgi = flask.Flask("site")
    wsgi.add_url_rule("/d/<name>/", "page", lambda name: name)
elif name == "pyramid":
    from pyramid.config import Configurator
    from pyramid.response import Response
    config = Configurator()
    config.add_route("page", "/d/{name}/")
    config.add_view(lambda request: Response(request.matchdict["name"]), route_name="page")
    config.add_notfound_view(lambda request: Response("not found", status=404), append_slash=True)
    wsgi = config.make_wsgi_app()
elif name == "tornado":
    import tornado.web
    class Page(tornado.web.RequestHandler):
        @tornado.web.addslash
        def get(self, name):
            self.write(name)
    async def main():
        tornado.web.Application([("/d/([^/]+)/?", Page)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
if asgi is not None:
    import uvicorn
    uvicorn.run(asgi, port=port, http="h11")
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


def ask(port, target):
    """Return the status, where it leads without the host, and the content."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", target)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers.get("Location", "").removeprefix(f"http://127.0.0.1:{port}"), content


TARGETS = ["/d/a%20b", "/d/a%2541", "/d/caf%E9", "/d/a?x=%41+b"]
RIGHT = ["/d/a%20b/", "/d/a%2541/", "/d/caf%E9/", "/d/a/?x=%41+b"]
REPLACED = "/d/caf%EF%BF%BD/"
EXPECTED = {
    "starlette": [RIGHT[0], "/d/a%41/", REPLACED, RIGHT[3]],
    "fastapi": [RIGHT[0], "/d/a%41/", REPLACED, RIGHT[3]],
    "django": [*RIGHT[:2], "/d/caf%25E9/", RIGHT[3]],
    "aiohttp": [*RIGHT[:3], "/d/a/?x=A+b"],
    "flask": [*RIGHT[:2], REPLACED, RIGHT[3]],
    "pyramid": [*RIGHT[:2], 500, RIGHT[3]],
    "tornado": [*RIGHT[:2], 400, RIGHT[3]],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        found = [ask(port, target) for target in TARGETS]
        before, behind = (ask(port, target)[2] for target in ("/d/a%2541/", found[1][1]))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    seen = [place if status in (301, 307, 308) else status for status, place, _ in found]
    print(f"{name:9}", *seen, "| the page of /d/a%2541/ is", before, "and behind the redirect", behind)
    assert seen == expected and (before == behind) == (seen[1] == RIGHT[1]), "changed"
PY
