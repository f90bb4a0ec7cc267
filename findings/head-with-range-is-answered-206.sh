#!/usr/bin/env bash
# What: HEAD with `Range: bytes=0-3` for a static file is answered 206 with Content-Length 4 by aiohttp 3.14.5, tornado 6.6.1, falcon 4.4.0, starlette 1.10.0, werkzeug 3.1.9
#   and cherrypy 18.10.0; with a range behind the end it is a 416. Of those tried only twisted 26.10.0 answers 200. sanic 25.12.1 says Content-Length 0 for every HEAD of a static file.
# Expected: 200 and the length of the whole: RFC 9110 14.2 defines Range for GET alone and says a server MUST ignore it with other methods.
#   And for sanic the GET's own length, or none (RFC 9110 9.3.2: omit what is not known without making the content).
# Seen: 2026-11-28, Python 3.11.7:
#   aiohttp, tornado, falcon, starlette, werkzeug, cherrypy (each the same line):
#             HEAD (200, '10') | bytes=0-3 (206, '4', 'bytes 0-3/10') | bytes=10- (416, '', 'bytes */10')
#   twisted   HEAD (200, '10') | bytes=0-3 (200, '10', None) | bytes=10- (200, '10', None)
#   sanic     HEAD (200, '0') | bytes=0-3 (200, '0', None) | bytes=10- (200, '0', None)
# Why it matters: a client that asks HEAD first with the headers of the download (Range among them) takes 4, or 0, for the size of the file. Take the size from
#   Content-Range's last part when the status is 206 or 416, and do not take a HEAD's `Content-Length: 0` for an empty file.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q aiohttp==3.14.5 tornado==6.6.1 falcon==4.4.0 starlette==1.10.0 uvicorn==0.54.0 Werkzeug==3.1.9 CherryPy==18.10.0 Twisted==26.10.0 sanic==25.12.1
cat > srv.py <<'E'
import asyncio, os, socket, sys, threading
n, D = sys.argv[1], os.path.abspath("d"); s = socket.create_server(("127.0.0.1", 0)); port = s.getsockname()[1]
if n in ("twisted", "sanic", "cherrypy", "werkzeug", "aiohttp"): s.close()
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
elif n == "twisted":
    from twisted.internet import reactor; from twisted.web.server import Site; from twisted.web.static import File
    reactor.listenTCP(port, Site(File(D)), interface="127.0.0.1"); reactor.run()
else:
    from sanic import Sanic
    a = Sanic("x"); a.static("/", D); a.run("127.0.0.1", port, single_process=True, access_log=False, motd=False)
E
cat > t.py <<'E'
import http.client, os, platform, subprocess, sys, time
from importlib.metadata import version
os.mkdir("d"); open("d/f.txt", "w").write("0123456789"); got = {}
names = ["aiohttp", "tornado", "falcon", "starlette", "werkzeug", "cherrypy", "twisted", "sanic"]
print("versions", *(n + " " + version(n) for n in names), "python", platform.python_version())
for n in names:
    p = subprocess.Popen([sys.executable, "srv.py", n], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port, got[n] = int(p.stdout.readline()), []
        for h in ({}, {"Range": "bytes=0-3"}, {"Range": "bytes=10-"}):
            for k in range(100):
                try: c = http.client.HTTPConnection("127.0.0.1", port, timeout=10); c.request("HEAD", "/f.txt", headers=h); r = c.getresponse(); break
                except ConnectionRefusedError: time.sleep(.1)
            got[n].append((r.status, r.headers["Content-Length"] if r.status < 400 else "", r.headers["Content-Range"])); c.close()
    finally: p.terminate(); p.wait(10)
    print(f"{n:9} HEAD {got[n][0][:2]} | bytes=0-3 {got[n][1]} | bytes=10- {got[n][2]}", flush=True)
part = [(200, "10", None), (206, "4", "bytes 0-3/10"), (416, "", "bytes */10")]
want = {n: part for n in names[:6]} | {"twisted": [(200, "10", None)] * 3, "sanic": [(200, "0", None)] * 3}
for n in names: assert got[n] == want[n], f"{n} answers otherwise now: {got[n]}"
E
timeout 120 v/bin/python t.py
