#!/usr/bin/env bash
# What: the files data.csv.gz, table.csv.bz2, and both.csv.gz beside a both.csv, by static file handlers: Starlette 1.10.0, BlackSheep 2.6.4, Sanic 25.12.1,
#   Pyramid 2.1, Litestar 2.25.0, Flask 3.1.3, Django 5.2.19, WebOb 1.8.11, twisted 26.10.0, aiohttp 3.14.5, tornado 6.6.1, Falcon 4.4.0, Bottle 0.13.4,
#   CherryPy 18.10.0, WhiteNoise 6.12.0 and http.server of Python 3.11. Told are Content-Type and Content-Encoding.
# Expected: application/gzip, or application/octet-stream, without a coding: the file asked for is the compressed one, and these are its bytes. Who says
#   text/csv has to say Content-Encoding beside it, else the bytes are no CSV (RFC 9110, 8.3 and 8.4).
# Seen: 2026-11-30, Python 3.11.7, of data.csv.gz and both.csv.gz:
#   Starlette, BlackSheep, Sanic, Pyramid           text/csv, and no coding: gzip bytes under the name of a text
#   Litestar, Flask, Django, WebOb, twisted         text/csv and Content-Encoding: gzip, so that a client takes the gzip off: requests has the CSV
#   aiohttp, tornado, Falcon, Bottle, CherryPy, http.server   application/gzip (or x-gzip), no coding
#   WhiteNoise                                      application/octet-stream; both.csv.gz is 404, since it is kept for those who ask for both.csv
#   Of table.csv.bz2 the second group says 'Content-Encoding: bzip2', which is no registered coding, the first text/csv.
# Why: mimetypes.guess_type of the standard library gives two values, ('text/csv', 'gzip'); the first group uses one of them.
# Why it matters: the same folder gives 'data.csv.gz' that is one or that is none by which server hands it out. Saved under its name, the second group's
#   cannot be opened by gzip (nor a *.warc.gz, whose members are what one finds its records by); of the first, whoever goes by Content-Type parses gzip as text.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 uvicorn==0.54.0 blacksheep==2.6.4 sanic==25.12.1 pyramid==2.1 litestar==2.25.0 flask==3.1.3 \
    django==5.2.19 WebOb==1.8.11 twisted==26.10.0 aiohttp==3.14.5 tornado==6.6.1 falcon==4.4.0 bottle==0.13.4 CherryPy==18.10.0 whitenoise==6.12.0 waitress==3.0.2 requests==2.34.2
cd "$dir"
timeout 300 v/bin/python -W ignore - <<'PY'
import bz2, gzip, os, signal, socket, subprocess, sys, time
from importlib.metadata import version
import requests

SERVER = """
import asyncio, os, sys
name, port, here = sys.argv[1], int(sys.argv[2]), os.path.abspath("files")
asgi = wsgi = None
if name == "starlette":
    from starlette.staticfiles import StaticFiles
    asgi = StaticFiles(directory=here)
elif name == "litestar":
    from litestar import Litestar
    from litestar.static_files import create_static_files_router
    asgi = Litestar([create_static_files_router(path="/", directories=[here])])
elif name == "blacksheep":
    from blacksheep import Application
    asgi = Application()
    asgi.serve_files(here, root_path="/", extensions={".gz", ".csv", ".bz2"})
elif name == "flask":
    import flask
    wsgi = flask.Flask("files", static_folder=here, static_url_path="")
elif name == "django":
    import django
    from django.conf import settings
    from django.urls import re_path
    settings.configure(DEBUG=True, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret")
    django.setup()
    from django.core.wsgi import get_wsgi_application
    from django.views.static import serve as by_django
    urlpatterns = [re_path("^(?P<path>.*)$", by_django, {"document_root": here})]
    wsgi = get_wsgi_application()
elif name == "webob":
    from webob.static import DirectoryApp
    wsgi = DirectoryApp(here)
elif name == "pyramid":
    from pyramid.config import Configurator
    config = Configurator()
    config.add_static_view("/", here)
    wsgi = config.make_wsgi_app()
elif name == "falcon":
    import falcon
    wsgi = falcon.App()
    wsgi.add_static_route("/", here)
elif name == "bottle":
    import bottle
    wsgi = bottle.Bottle()
    wsgi.route("/<path:path>")(lambda path: bottle.static_file(path, here))
elif name == "whitenoise":
    from whitenoise import WhiteNoise
    def missing(environ, start_response):
        start_response("404 Not Found", [("Content-Length", "0")])
        return []
    wsgi = WhiteNoise(missing, root=here)
elif name == "aiohttp":
    from aiohttp import web
    app = web.Application()
    app.router.add_static("/", here)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "tornado":
    import tornado.web
    async def main():
        tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": here})]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
elif name == "cherrypy":
    import cherrypy
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(type("Root", (), {})(), "/", {"/": {"tools.staticdir.on": True, "tools.staticdir.dir": here}})
elif name == "twisted":
    from twisted.internet import reactor
    from twisted.web import server, static
    reactor.listenTCP(port, server.Site(static.File(here)), interface="127.0.0.1")
    reactor.run()
elif name == "sanic":
    from sanic import Sanic
    app = Sanic("files")
    app.static("/", here)
    app.run("127.0.0.1", port, single_process=True, motd=False)
elif name == "http.server":
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=here)).serve_forever()
if asgi is not None:
    import uvicorn
    uvicorn.run(asgi, port=port)
if wsgi is not None:
    import waitress
    waitress.serve(wsgi, host="127.0.0.1", port=port)
"""
CSV = b"a,b\n" + b"1,2\n" * 100
with open("server.py", "w") as file:
    file.write(SERVER)
os.mkdir("files")
for file_name, content in {"data.csv.gz": gzip.compress(CSV), "both.csv.gz": gzip.compress(CSV), "both.csv": CSV, "table.csv.bz2": bz2.compress(CSV)}.items():
    with open(os.path.join("files", file_name), "wb") as file:
        file.write(content)


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


def ask(port, file_name):
    """Return the media type and the coding that were sent, and what requests makes of the file; or the status."""
    response = requests.get(f"http://127.0.0.1:{port}/{file_name}", timeout=10)
    if response.status_code != 200:
        return response.status_code
    kind = "csv" if response.content == CSV else "gzip" if response.content[:2] == b"\x1f\x8b" else "bzip2"
    media_type = response.headers.get("Content-Type", "").split(";")[0]
    if media_type.startswith("application/"):  # which one depends on the machine's list of media types
        media_type = "application"
    return media_type, response.headers.get("Content-Encoding"), kind


A_LIE = [("text/csv", None, "gzip")] * 2 + [("text/csv", None, "bzip2")]
UNDONE = [("text/csv", "gzip", "csv")] * 2 + [("text/csv", "bzip2", "bzip2")]

HONEST = [("application", None, "gzip")] * 2 + [("application", None, "bzip2")]
EXPECTED = {
    "starlette": A_LIE, "blacksheep": A_LIE, "sanic": A_LIE, "pyramid": A_LIE,
    "litestar": UNDONE, "flask": UNDONE, "django": UNDONE, "webob": UNDONE, "twisted": UNDONE,
    "aiohttp": HONEST, "tornado": HONEST, "falcon": HONEST, "bottle": HONEST, "cherrypy": HONEST, "http.server": HONEST,
    "whitenoise": [("application", None, "gzip"), 404, ("application", None, "bzip2")],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED if name != "http.server"))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = [ask(port, file_name) for file_name in ("data.csv.gz", "both.csv.gz", "table.csv.bz2")]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    print(f"{name:11}", *seen)
    assert seen == expected, "changed"
PY
