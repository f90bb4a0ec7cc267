#!/usr/bin/env bash
# What: a text file of 22,000 bytes by a static file handler with compression switched on: Starlette 1.10.0 (GZipMiddleware, starlette-compress
#   2.0.0, brotli-asgi 1.7.0), Flask 3.1.3 (Flask-Compress 1.25), aiohttp 3.14.5 (enable_compression), tornado 6.6.1 (compress_response) and
#   CherryPy 18.10.0 (tools.gzip). Asked for bytes 0 to 9999, by a client that accepts gzip and br; then whole, coded and not.
# Expected: a range is one of the representation that would be sent with 200 (RFC 9110, 14.2): the part as it is, or the first 10,000 bytes of the
#   coded file. And a strong ETag is another one for coded bytes (8.8.3.3), with Vary on both responses (12.5.5).
# Seen: 2026-11-30, Python 3.11.7, of the part:
#   GZipMiddleware, starlette-compress       206, the 10,000 bytes, not coded
#   brotli-asgi, Flask-Compress              206, 'Content-Range: bytes 0-9999/22000', and 581 bytes of br, the part coded by itself
#   aiohttp, tornado, cherrypy               the same with some 1,750 bytes of gzip
#   One strong ETag names coded and uncoded bytes by all but Flask-Compress; aiohttp sends no Vary, brotli-asgi none where it did not code.
# Why it matters: who asks for parts by a client that undoes codings gets what was meant; who keeps bytes as they come (curl, download managers, caches,
#   anything that says gzip itself) puts together a file that is none. A length that is not that of Content-Range is the one sign.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 uvicorn==0.54.0 starlette-compress==2.0.0 brotli-asgi==1.7.0 flask==3.1.3 Flask-Compress==1.25 aiohttp==3.14.5 tornado==6.6.1 CherryPy==18.10.0
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


# of the part: its coding; then whether one strong ETag names both; then whether Vary is in the coded response, and in the other one
EXPECTED = {
    "gzipmiddleware": (None, True, True, True),
    "starlette-compress": (None, True, True, True),
    "brotli-asgi": ("br", True, True, False),
    "flask-compress": ("br", False, True, True),
    "aiohttp": ("gzip", True, False, False),
    "tornado": ("gzip", True, True, True),
    "cherrypy": ("gzip", True, True, True),
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in "starlette starlette-compress brotli-asgi Flask-Compress aiohttp tornado CherryPy".split()))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        part, content = get(port, Accept_Encoding="gzip, br", Range="bytes=0-9999")
        coded, plain = get(port, Accept_Encoding="gzip, br")[0], get(port)[0]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    assert coded.headers["Content-Encoding"] and not plain.headers["Content-Encoding"]
    assert (part.status, part.headers["Content-Range"]) == (206, "bytes 0-9999/22000"), (part.status, part.headers.items())
    is_one_etag = coded.headers["ETag"] == plain.headers["ETag"] and coded.headers["ETag"].startswith('"')
    seen = part.headers["Content-Encoding"], is_one_etag, bool(coded.headers["Vary"]), bool(plain.headers["Vary"])
    print(f"{name:19} the part: {len(content)} bytes of {seen[0]}; one strong ETag: {seen[1]}; Vary, coded: {seen[2]}, not: {seen[3]}")
    assert seen == expected, "changed"
    assert len(content) == 10000 if seen[0] is None else len(content) < 2500, "changed"
PY
