#!/usr/bin/env bash
# What: files handed out for download as 'my file.txt', 'naïve €.txt', 'a;b.txt' and 'a"b.txt' by Starlette 1.10.0, Litestar 2.25.0, Flask 3.1.3, Django 5.2.19,
#   Falcon 4.4.0, CherryPy 18.10.0, Bottle 0.13.4, Sanic 25.12.1 and BlackSheep 2.6.4, each by its own option for the name; and the name that is read out of
#   Content-Disposition by aiohttp 3.14.5, pyrfc6266 1.0.2, requests-toolbelt 1.0.0 (stream_response_to_file, which saves) and wget 3.2 (the package of PyPI, which saves).
# Expected: the name, by all pairs. A name with a space stands in quotes, which are no part of it; in them a quote has a backslash in front of it; what is not
#   ASCII is filename*, which may stand alone and comes before filename (RFC 6266, 4.1 to 4.3; RFC 8187, 3.2).
# Seen: 2026-11-30, Python 3.11.7. aiohttp reads all, but for the quote that Bottle leaves out. Else:
#   requests-toolbelt     saves under '"my file.txt"', quotes and all; StreamingError for all of Starlette and Litestar, who write each of the four as filename*
#                         alone, and for Django's 'naïve €.txt'
#   wget                  IndexError for the same; 'a;b.txt' is saved as 'a'
#   naïve €.txt           Bottle, Sanic and BlackSheep write its UTF-8 as filename, which pyrfc6266, wget and requests-toolbelt read as Latin-1
#   a"b.txt               Falcon, CherryPy, Sanic and BlackSheep write the quote as it is: 'a' by requests-toolbelt, ParseException by pyrfc6266
# Why it matters: one space in a name, and a program that saves downloads fails at every FastAPI site, while its tests against Flask pass; or it
#   saves files with quotes in their names, and those with a semicolon over one another.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 uvicorn==0.54.0 litestar==2.25.0 blacksheep==2.6.4 sanic==25.12.1 flask==3.1.3 django==5.2.19 falcon==4.4.0 \
    bottle==0.13.4 CherryPy==18.10.0 waitress==3.0.2 aiohttp==3.14.5 requests==2.34.2 requests-toolbelt==1.0.0 pyrfc6266==1.0.2 wget==3.2
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import asyncio, os, shutil, signal, socket, subprocess, sys, time
from importlib.metadata import version
import aiohttp, pyrfc6266, requests, wget
from requests_toolbelt.downloadutils.stream import stream_response_to_file

NAMES = ["my file.txt", "naïve €.txt", "a;b.txt", 'a"b.txt']
SERVER = """
import os, sys
from server_names import NAMES
name, port, path = sys.argv[1], int(sys.argv[2]), os.path.abspath("page.txt")
asgi = wsgi = None
if name == "starlette":
    from starlette.applications import Starlette
    from starlette.responses import FileResponse
    from starlette.routing import Route
    async def page(request):
        return FileResponse(path, filename=NAMES[int(request.query_params["n"])])
    asgi = Starlette(routes=[Route("/file", page)])
elif name == "litestar":
    from litestar import Litestar, get
    from litestar.response import File
    @get("/file")
    async def page(n: int) -> File:
        return File(path, filename=NAMES[n])
    asgi = Litestar([page])
elif name == "blacksheep":
    from blacksheep import Application, ContentDispositionType, file
    asgi = Application()
    @asgi.router.get("/file")
    async def page(n: int):
        return file(path, "text/plain", file_name=NAMES[n], content_disposition=ContentDispositionType.ATTACHMENT)
elif name == "sanic":
    from sanic import Sanic, response
    app = Sanic("files")
    async def page(request):
        return await response.file(path, filename=NAMES[int(request.args.get("n"))])
    app.add_route(page, "/file")
    app.run("127.0.0.1", port, single_process=True, motd=False)
elif name == "flask":
    import flask
    wsgi = flask.Flask("files")
    wsgi.add_url_rule("/file", "file", lambda: flask.send_file(path, as_attachment=True, download_name=NAMES[int(flask.request.args["n"])]))
elif name == "django":
    import django
    from django.conf import settings
    from django.http import FileResponse
    from django.urls import path as route
    settings.configure(DEBUG=True, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret")
    django.setup()
    from django.core.wsgi import get_wsgi_application
    urlpatterns = [route("file", lambda request: FileResponse(open(path, "rb"), as_attachment=True, filename=NAMES[int(request.GET["n"])]))]
    wsgi = get_wsgi_application()
elif name == "falcon":
    import falcon
    class Page:
        def on_get(self, request, response):
            response.downloadable_as = NAMES[request.get_param_as_int("n")]
            response.text = "x"
    wsgi = falcon.App()
    wsgi.add_route("/file", Page())
elif name == "bottle":
    import bottle
    wsgi = bottle.Bottle()
    wsgi.route("/file")(lambda: bottle.static_file("page.txt", os.path.dirname(path), download=NAMES[int(bottle.request.query.n)]))
elif name == "cherrypy":
    import cherrypy
    from cherrypy.lib.static import serve_file
    class Root:
        @cherrypy.expose
        def file(self, n):
            return serve_file(path, "text/plain", "attachment", NAMES[int(n)])
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    cherrypy.quickstart(Root())
if asgi is not None:
    import uvicorn
    uvicorn.run(asgi, port=port)
if wsgi is not None:
    import waitress
    waitress.serve(wsgi, host="127.0.0.1", port=port)
"""
for file_name, text in {"server.py": SERVER, "server_names.py": f"NAMES = {NAMES!r}\n", "page.txt": "x"}.items():
    with open(file_name, "w", encoding="utf-8") as file:
        file.write(text)


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


def by_aiohttp(url):
    async def ask():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.content_disposition and response.content_disposition.filename

    return asyncio.run(ask())


def by_pyrfc6266(url):
    return pyrfc6266.requests_response_to_filename(requests.get(url, timeout=10))


def saved():
    return os.listdir("saved")[0]


def by_toolbelt(url):
    stream_response_to_file(requests.get(url, stream=True, timeout=10), "saved")
    return saved()


def by_wget(url):
    wget.download(url, out="saved", bar=None)
    return saved()


READERS = {"aiohttp": by_aiohttp, "pyrfc6266": by_pyrfc6266, "requests-toolbelt": by_toolbelt, "wget": by_wget}
SERVERS = "starlette litestar flask django falcon cherrypy bottle sanic blacksheep".split()
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in [*SERVERS, *READERS]))
seen = {}
for name in SERVERS:
    process, port = started(name)
    try:
        for number in range(len(NAMES)):
            for reader, read in READERS.items():
                shutil.rmtree("saved", ignore_errors=True)
                os.mkdir("saved")
                try:
                    seen[name, number, reader] = read(f"http://127.0.0.1:{port}/file?n={number}")
                except Exception as error:
                    seen[name, number, reader] = type(error).__name__
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    for reader in READERS:
        print(f"{name:10} {reader:18}", *("+" if seen[name, number, reader] == NAMES[number] else ascii(seen[name, number, reader]) for number in range(len(NAMES))))
LATIN = "naïve €.txt".encode().decode("latin-1")
QUOTED = [f'"{name}"' for name in NAMES]
BY_STAR_ALONE = [NAMES, NAMES, ["StreamingError"] * 4, ["IndexError"] * 4]
EXPECTED = {
    "starlette": BY_STAR_ALONE,
    "litestar": BY_STAR_ALONE,
    "flask": [NAMES, NAMES, [QUOTED[0], '"naive .txt"', QUOTED[2], '"a\\"b.txt"'], [NAMES[0], "naive .txt", "a", 'a\\"b.txt']],
    "django": [NAMES, NAMES, [QUOTED[0], "StreamingError", QUOTED[2], '"a\\"b.txt"'], [NAMES[0], "IndexError", "a", 'a\\"b.txt']],
    "falcon": [NAMES, [*NAMES[:3], "ParseException"], [QUOTED[0], "nai_ve__.txt", QUOTED[2], '"a"'], [NAMES[0], "nai_ve__.txt", "a", NAMES[3]]],
    "cherrypy": [NAMES, [*NAMES[:3], "ParseException"], [QUOTED[0], '"nave .txt"', QUOTED[2], '"a"'], [NAMES[0], "nave .txt", "a", NAMES[3]]],
    "bottle": [
        [*NAMES[:3], "ab.txt"], [NAMES[0], LATIN, NAMES[2], "ab.txt"], [QUOTED[0], f'"{LATIN}"', QUOTED[2], '"ab.txt"'], [NAMES[0], LATIN, "a", "ab.txt"],
    ],
}
for name in ("sanic", "blacksheep"):
    EXPECTED[name] = [NAMES, [NAMES[0], LATIN, NAMES[2], "ParseException"], [QUOTED[0], f'"{LATIN}"', QUOTED[2], '"a"'], [NAMES[0], LATIN, "a", NAMES[3]]]
for name, rows in EXPECTED.items():
    for reader, row in zip(READERS, rows, strict=True):
        assert [seen[name, number, reader] for number in range(len(NAMES))] == row, f"changed: {name}, {reader}"
PY
