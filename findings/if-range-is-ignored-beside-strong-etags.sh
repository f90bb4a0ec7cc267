#!/usr/bin/env bash
# What: aiohttp 3.14.5 (add_static, FileResponse), tornado 6.6.1 (StaticFileHandler) and falcon 4.4.0 (add_static_route) send an ETag and serve ranges, but do not look at an
#   entity tag in If-Range: a resumed download of a file that was replaced gets 206 with the tail of the NEW file. aiohttp heeds a date there; tornado and falcon heed neither.
# Expected: 200 with the whole file when If-Range does not match (RFC 9110 13.1.5), as starlette 1.10.0 does, above all from servers that hand out strong ETags and Accept-Ranges.
# Seen: 2026-11-28, Python 3.11.7:
#   aiohttp   If-Range old etag: 206, so the client has b'old-NEW-NEW!' | old date: 200 | strong etag: True | the answer's ETag is the old one: False
#   tornado   If-Range old etag: 206, so the client has b'old-NEW-NEW!' | old date: 206 | strong etag: True | the answer's ETag is the old one: False
#   falcon    If-Range old etag: 206, so the client has b'old-NEW-NEW!' | old date: 206 | strong etag: True | the answer's ETag is the old one: False
#   starlette If-Range old etag: 200, so the client has b'NEW-NEW-NEW!' | old date: 200 | strong etag: True | the answer's ETag is the old one: False
# Why it matters: "Range with If-Range" is what clients use to resume safely, and here it joins two versions without any error. The 206 does carry the new ETag and Last-Modified:
#   (tornado's ETag only because the program below empties its memory of hashes) a client has to compare them (and the size in Content-Range) with the ones it stored, and start again if they differ.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q aiohttp==3.14.5 tornado==6.6.1 falcon==4.4.0 starlette==1.10.0 uvicorn==0.54.0
cat > t.py <<'E'
import asyncio, http.client, os, pathlib, platform, socket
from importlib.metadata import version
import aiohttp.web, falcon.asgi, starlette.staticfiles, tornado.web, uvicorn
f = pathlib.Path("d/f.txt"); f.parent.mkdir(); D = os.path.abspath("d")
def sock():
    s = socket.create_server(("127.0.0.1", 0)); s.setblocking(False); return s
def get(port, **h):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10); c.request("GET", "/f.txt", headers={k.replace("_", "-"): v for k, v in h.items()})
    r = c.getresponse(); out = r.status, r.read(), r.headers; c.close(); return out
async def main():
    s = {n: sock() for n in ("aiohttp", "tornado", "falcon", "starlette")}; ports = {n: x.getsockname()[1] for n, x in s.items()}
    app = aiohttp.web.Application(); app.router.add_static("/", D); run = aiohttp.web.AppRunner(app); await run.setup(); await aiohttp.web.SockSite(run, s["aiohttp"]).start()
    tornado.httpserver.HTTPServer(tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": D})])).add_socket(s["tornado"])
    fal = falcon.asgi.App(); fal.add_static_route("/", D); us = []
    for n, a in (("falcon", fal), ("starlette", starlette.staticfiles.StaticFiles(directory=D))):
        u = uvicorn.Server(uvicorn.Config(a, log_level="error", lifespan="off")); us.append((u, asyncio.create_task(u.serve(sockets=[s[n]]))))
    print("versions", *(n + " " + version(n) for n in ports), "python", platform.python_version())
    ask = lambda *a, **k: asyncio.to_thread(get, *a, **k)
    for n, p in ports.items():
        f.write_bytes(b"old-old-old"); os.utime(f, (1e9, 1e9)); _, body, h = await ask(p)
        f.write_bytes(b"NEW-NEW-NEW!"); os.utime(f, (1.1e9, 1.1e9)); tornado.web.StaticFileHandler.reset()
        etag, date = h["ETag"], h["Last-Modified"]
        a = await ask(p, Range="bytes=4-", If_Range=etag); b = await ask(p, Range="bytes=4-", If_Range=date)
        joined = body[:4] + a[1] if a[0] == 206 else a[1]
        print(f"{n:9} If-Range old etag: {a[0]}, so the client has {joined} | old date: {b[0]} | strong etag: {not etag.startswith('W/')} | the answer's ETag is the old one: {a[2]['ETag'] == etag}")
        assert not etag.startswith("W/") and a[2]["ETag"] != etag, n
        assert (a[0], b[0]) == {"aiohttp": (206, 200), "starlette": (200, 200)}.get(n, (206, 206)), f"{n} changed"
        assert joined == (b"NEW-NEW-NEW!" if n == "starlette" else b"old-NEW-NEW!"), n
    for u, t in us: u.should_exit = True; await t
    await run.cleanup()
asyncio.run(asyncio.wait_for(main(), 90))
E
timeout 120 v/bin/python t.py
