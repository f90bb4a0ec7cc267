#!/usr/bin/env bash
# What: a file that has not changed, asked for anew with the ETag that came with it: as it was, with W/ in front, in a list behind another one; with another ETag beside
#   the Last-Modified that came with it; and with If-Modified-Since as it came, in the forms of RFC 850 and of asctime, and an hour later. By the static
#   file handlers of Litestar 2.25.0, BlackSheep 2.6.4, Bottle 0.13.4, WhiteNoise 6.12.0, Falcon 4.4.0, CherryPy 18.10.0, Flask 3.1.3, Starlette 1.10.0,
#   aiohttp 3.14.5 and tornado 6.6.1. Last, If-Match: *.
# Expected: 304, but for the other ETag, beside which the date MUST be ignored (RFC 9110, 13.1.3): 200. If-None-Match holds a list, and is compared weakly (13.1.2); a
#   recipient MUST take dates in all three forms (5.6.7). If-Match: * is true of a file that is there (13.1.1): 200.
# Seen: 2026-11-30, Python 3.11.7: so by Starlette, aiohttp and tornado. Else:
#   Litestar     200 each time, though it sends ETag and Last-Modified
#   BlackSheep   200 for all but the ETag as it was, which has no quotes; it sends Last-Modified, too
#   Bottle       200 for W/ and the list; its ETag has no quotes; 304 for the other ETag
#   WhiteNoise   200 for W/ and the list
#   Falcon       400 for dates in the two older forms
#   CherryPy     200 for the same three dates: it compares the text, and has no ETag
#   Flask        412 for If-Match: *
# Why it matters: a cache or a CDN in between makes W/ of an ETag when it compresses, and lists those of all it has stored: it then gets the file each time. At
#   Bottle a file that was replaced within the same second stays the old one, for who asks by ETag to be safe from just that.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check litestar==2.25.0 uvicorn==0.54.0 blacksheep==2.6.4 bottle==0.13.4 whitenoise==6.12.0 falcon==4.4.0 waitress==3.0.2 \
    CherryPy==18.10.0 flask==3.1.3 starlette==1.10.0 aiohttp==3.14.5 tornado==6.6.1
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import calendar, http.client, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

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
    asgi.serve_files(here, root_path="/", extensions={".txt"})
elif name == "flask":
    import flask
    wsgi = flask.Flask("files", static_folder=here, static_url_path="")
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
    wsgi = WhiteNoise(None, root=here)
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
if asgi is not None:
    import uvicorn
    uvicorn.run(asgi, port=port)
if wsgi is not None:
    import waitress
    waitress.serve(wsgi, host="127.0.0.1", port=port)
"""
with open("server.py", "w") as file:
    file.write(SERVER)
os.mkdir("files")
with open("files/f.txt", "w") as file:
    file.write("page")
CHANGED_AT = calendar.timegm((2026, 11, 1, 12, 0, 0))
os.utime("files/f.txt", (CHANGED_AT, CHANGED_AT))


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
    """Return the response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/f.txt", headers={name.replace("_", "-"): value for name, value in fields.items()})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def statuses(port):
    """Return the first character of the ETag, and the status for each condition."""
    first = get(port)
    etag, date = first.headers["ETag"], first.headers["Last-Modified"]
    assert first.status == 200 and date == "Sun, 01 Nov 2026 12:00:00 GMT", first.headers.items()
    by_etag = []
    if etag:
        for value in (etag, "W/" + etag, f'"x", {etag}'):
            by_etag.append(get(port, If_None_Match=value).status)
        by_etag.append(get(port, If_None_Match='"x"', If_Modified_Since=date).status)
    dates = (date, "Sunday, 01-Nov-26 12:00:00 GMT", "Sun Nov  1 12:00:00 2026", "Sun, 01 Nov 2026 13:00:00 GMT")
    by_date = [get(port, If_Modified_Since=value).status for value in dates]
    return etag and etag[0] == '"', by_etag, by_date, get(port, If_Match="*").status


HEARD, DATES = [304, 304, 304, 200], [304] * 4
EXPECTED = {  # is the ETag in quotes; as it was, W/, list, another one; the four dates; If-Match: *
    "starlette": (True, HEARD, DATES, 200),
    "aiohttp": (True, HEARD, DATES, 200),
    "tornado": (True, HEARD, DATES, 200),
    "litestar": (True, [200] * 4, [200] * 4, 200),
    "blacksheep": (False, [304, 200, 200, 200], [200] * 4, 200),
    "bottle": (False, [304, 200, 200, 304], DATES, 200),
    "whitenoise": (True, [304, 200, 200, 200], DATES, 200),
    "falcon": (True, HEARD, [304, 400, 400, 304], 200),
    "cherrypy": (None, [], [304, 200, 200, 200], 200),
    "flask": (True, HEARD, DATES, 412),
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in EXPECTED))
for name, expected in EXPECTED.items():
    process, port = started(name)
    try:
        seen = statuses(port)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    print(f"{name:10}", *seen)
    assert seen == expected, "changed"
PY
