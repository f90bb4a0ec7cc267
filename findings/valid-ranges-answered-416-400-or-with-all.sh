#!/usr/bin/env bash
# What: Range headers that RFC 9110 14.1.2 calls valid, for a file of 10 bytes, at six Python servers (aiohttp 3.14.5, tornado 6.6.1, falcon 4.4.0, starlette 1.10.0, werkzeug 3.1.9,
#   cherrypy 18.10.0). The last 100 bytes: 416 at werkzeug. Two ranges: 416 at aiohttp and werkzeug, 400 at falcon. One good range and one behind the end: 416 at starlette too.
#   The last 5 bytes of an EMPTY file: cherrypy says `Content-Range: bytes 0--1/0`. The last 0 bytes: aiohttp sends all 10, cherrypy says `bytes 10-9/10`.
# Expected: `bytes=-100` is the whole file (14.1.2: a suffix longer than the representation means all of it); 416 only when NO range can be satisfied (15.5.17); a server that does
#   not want several ranges ignores the field (200, 14.2); `bytes=-0` cannot be satisfied: 416, never all of it.
# Seen: 2026-11-28, Python 3.11.7:
#             bytes=-100          bytes=-0            bytes=0-1,4-5       bytes=0-1, 100-200  bytes=-5 (empty)
#   aiohttp   206 bytes 0-9/10    206 bytes 0-9/10    416 bytes */10      416 bytes */10      416 bytes */0
#   tornado   200                 416 bytes */10      200                 200                 416 bytes */0
#   falcon    206 bytes 0-9/10    400                 400                 400                 200
#   starlette 206 bytes 0-9/10    416 bytes */10      206 multipart       416 bytes */10      416 bytes */0
#   werkzeug  416 bytes */10      416 bytes */10      416 bytes */10      416 bytes */10      200
#   cherrypy  206 bytes 0-9/10    206 bytes 10-9/10   206 multipart       206 bytes 0-1/10    206 bytes 0--1/0
# Why it matters: readers of remote ZIP, Parquet and PDF files ask for the last 64 KiB first: a smaller file is a 416 at werkzeug, though `bytes=0-` works there. And a 416 for
#   two ranges does not mean "the download is complete": read the length in its Content-Range, then ask for one range with both ends, or without Range.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q aiohttp==3.14.5 tornado==6.6.1 falcon==4.4.0 starlette==1.10.0 uvicorn==0.54.0 Werkzeug==3.1.9 CherryPy==18.10.0
cat > srv.py <<'E'
import asyncio, os, socket, sys
n, D = sys.argv[1], os.path.abspath("d"); s = socket.create_server(("127.0.0.1", 0)); port = s.getsockname()[1]
if n in ("cherrypy", "werkzeug", "aiohttp"): s.close()
print(port, flush=True)
if n == "aiohttp":
    from aiohttp import web
    a = web.Application(); a.router.add_static("/", D); web.run_app(a, host="127.0.0.1", port=port, print=None)
elif n == "tornado":
    import tornado.httpserver, tornado.web
    async def main():
        s.setblocking(False); tornado.httpserver.HTTPServer(tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": D})])).add_socket(s); await asyncio.Event().wait()
    asyncio.run(main())
elif n in ("falcon", "starlette"):
    import falcon.asgi, starlette.staticfiles, uvicorn
    a = starlette.staticfiles.StaticFiles(directory=D)
    if n == "falcon": a = falcon.asgi.App(); a.add_static_route("/", D)
    asyncio.run(uvicorn.Server(uvicorn.Config(a, log_level="error", lifespan="off")).serve(sockets=[s]))
elif n == "werkzeug":
    from werkzeug.serving import run_simple; from werkzeug.utils import send_from_directory; from werkzeug.wrappers import Request
    run_simple("127.0.0.1", port, Request.application(lambda r: send_from_directory(D, r.path[1:], r.environ)))
elif n == "cherrypy":
    import cherrypy
    cherrypy.config.update({"server.socket_port": port, "server.socket_host": "127.0.0.1", "log.screen": False})
    cherrypy.quickstart(type("R", (), {})(), "/", {"/": {"tools.staticdir.on": True, "tools.staticdir.dir": D}})
E
cat > t.py <<'E'
import http.client, os, platform, subprocess, sys, time
from importlib.metadata import version
os.mkdir("d"); open("d/f.txt", "w").write("0123456789"); open("d/e.txt", "w")
asks = [("f", "bytes=-100"), ("f", "bytes=-0"), ("f", "bytes=0-1,4-5"), ("f", "bytes=0-1, 100-200"), ("e", "bytes=-5")]
names = ["aiohttp", "tornado", "falcon", "starlette", "werkzeug", "cherrypy"]; got = {}
print("versions", *(n + " " + version(n) for n in names), "python", platform.python_version())
print(f"{'':9}", *(f"{r + (' (empty)' if f == 'e' else ''):19}" for f, r in asks))
for n in names:
    p = subprocess.Popen([sys.executable, "srv.py", n], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port, got[n] = int(p.stdout.readline()), []
        for f, h in asks:
            for k in range(100):
                try: c = http.client.HTTPConnection("127.0.0.1", port, timeout=10); c.request("GET", f"/{f}.txt", headers={"Range": h}); r = c.getresponse(); break
                except ConnectionRefusedError: time.sleep(.1)
            kind = "multipart" if r.headers["Content-Type"].startswith("multipart/") else (r.headers["Content-Range"] or "")
            got[n].append(f"{r.status} {kind}".strip()); c.close()
    finally: p.terminate(); p.wait(10)
    print(f"{n:9}", *(f"{x:19}" for x in got[n]), flush=True)
no, all_ = "416 bytes */10", "206 bytes 0-9/10"
want = {"aiohttp": [all_, all_, no, no, "416 bytes */0"], "tornado": ["200", no, "200", "200", "416 bytes */0"], "falcon": [all_, "400", "400", "400", "200"],
        "starlette": [all_, no, "206 multipart", no, "416 bytes */0"], "werkzeug": [no, no, no, no, "200"],
        "cherrypy": [all_, "206 bytes 10-9/10", "206 multipart", "206 bytes 0-1/10", "206 bytes 0--1/0"]}
for n in names: assert got[n] == want[n], f"{n} answers otherwise now: {got[n]}"
E
timeout 120 v/bin/python t.py
