#!/usr/bin/env bash
# What: 'Accept-Encoding: gzip;q=0, br;q=0', 'gzip;q=0.000', 'identity;q=1, gzip;q=0.1', 'GZIP' and '*' for a text file, by Starlette 1.10.0 (GZipMiddleware,
#   brotli-asgi 1.7.0, starlette-compress 2.0.0), Litestar 2.25.0, Django 5.2.19 (GZipMiddleware), Flask 3.1.3 (Flask-Compress 1.25), aiohttp 3.14.5
#   (enable_compression), tornado 6.6.1 and CherryPy 18.10.0 (tools.gzip), all of which were told to compress.
# Expected: q=0 is "not acceptable" (RFC 9110, 12.4.2), and the coding of the greatest weight is best: the plain file three times. Names of codings know
#   no case, and '*' is any coding (12.5.3): coded or plain for these two, but a page.
# Seen: 2026-11-30, Python 3.11.7:
#   GZipMiddleware of Starlette and of Django, brotli-asgi, Litestar, aiohttp and tornado code in all of the first three: they look for a name in the text
#   Flask-Compress sends the plain file for 'gzip;q=0.000' and for the weights, and br where both are refused; starlette-compress gzip for the weights alone
#   CherryPy is right in the first three, and answers 406 to GZIP and to '*'
# Why it matters: who cannot undo gzip, or measures, checks sums or asks for ranges, says so by q=0, and gets it all the same, under 200. And 'Accept-Encoding:
#   *' is what some programs send for "whatever you like": a 406 to one server.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 uvicorn==0.54.0 starlette-compress==2.0.0 brotli-asgi==1.7.0 flask==3.1.3 litestar==2.25.0 django==5.2.19 waitress==3.0.2 Flask-Compress==1.25 aiohttp==3.14.5 tornado==6.6.1 CherryPy==18.10.0
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import http.client, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

SERVER = """
import asyncio, os, sys
name, port, here = sys.argv[1], int(sys.argv[2]), os.path.abspath("files")
if name in ("gzipmiddleware", "starlette-compress", "brotli-asgi"):
    import uvicorn
    from brotli_asgi import BrotliMiddleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.staticfiles import StaticFiles
    from starlette_compress import CompressMiddleware
    wrap = {"gzipmiddleware": GZipMiddleware, "starlette-compress": CompressMiddleware, "brotli-asgi": BrotliMiddleware}[name]
    uvicorn.run(wrap(StaticFiles(directory=here)), port=port, lifespan="off")
elif name == "flask-compress":
    import flask, flask_compress
    app = flask.Flask("files", static_folder=here, static_url_path="")
    flask_compress.Compress(app)
    app.run(port=port)
elif name == "litestar":
    import uvicorn
    from litestar import Litestar
    from litestar.config.compression import CompressionConfig
    from litestar.static_files import create_static_files_router
    uvicorn.run(Litestar([create_static_files_router("/", [here])], compression_config=CompressionConfig("gzip")), port=port)
elif name == "django":
    import django, waitress
    from django.conf import settings
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"])
    from django.core.wsgi import get_wsgi_application
    from django.urls import re_path
    from django.views.static import serve
    urlpatterns = [re_path("^(?P<path>.*)$", serve, {"document_root": here})]
    django.setup()
    waitress.serve(get_wsgi_application(), listen=f"127.0.0.1:{port}")
elif name == "aiohttp":
    from aiohttp import web
    @web.middleware
    async def compress(request, handler):
        response = await handler(request)
        response.enable_compression()
        return response
    app = web.Application(middlewares=[compress])
    app.router.add_static("/", here)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "tornado":
    import tornado.web
    async def main():
        tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": here})], compress_response=True).listen(port, "127.0.0.1")
        await asyncio.Event().wait()
    asyncio.run(main())
else:
    import cherrypy
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1"})
    tools = {"tools.staticdir.on": True, "tools.staticdir.dir": here, "tools.gzip.on": True, "tools.gzip.mime_types": ["text/*"]}
    tools |= {"tools.etags.on": True, "tools.etags.autotags": True}
    cherrypy.quickstart(type("Root", (), {})(), "/", {"/": tools})
"""
with open("server.py", "w") as file:
    file.write(SERVER)
os.mkdir("files")
with open("files/f.txt", "w") as file:
    file.writelines(f"line {number:05}\n" for number in range(2000))


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


def get(port, **fields):
    """Return the response and its content, as it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("GET", "/f.txt", skip_accept_encoding=True)
    for name, value in fields.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


# what each is answered by
ASKS = "gzip;q=0, br;q=0", "gzip;q=0.000", "identity;q=1, gzip;q=0.1", "GZIP", "*"
EXPECTED = {
    "gzipmiddleware": ["gzip", "gzip", "gzip", "plain", "plain"],
    "brotli-asgi": ["br", "gzip", "gzip", "plain", "plain"],
    "starlette-compress": ["plain", "plain", "gzip", "gzip", "zstd"],
    "litestar": ["gzip", "gzip", "gzip", "plain", "plain"],
    "django": ["gzip", "gzip", "gzip", "plain", "plain"],
    "flask-compress": ["br", "plain", "plain", "plain", "zstd"],
    "aiohttp": ["gzip", "gzip", "gzip", "gzip", "plain"],
    "tornado": ["gzip", "gzip", "gzip", "plain", "plain"],
    "cherrypy": ["plain", "plain", "plain", "406", "406"],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in "starlette starlette-compress brotli-asgi litestar django Flask-Compress aiohttp tornado CherryPy".split()))
print(f"{'':19}", *(f"{ask:25}" for ask in ASKS))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = []
        for ask in ASKS:
            response = get(port, Accept_Encoding=ask)[0]
            seen.append(response.headers["Content-Encoding"] or ("plain" if response.status == 200 else str(response.status)))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    print(f"{name:19}", *(f"{answer:25}" for answer in seen))
    assert seen == expected, "changed"
PY
