#!/usr/bin/env bash
# What: tornado 6.6.1's StaticFileHandler works out a file's ETag (a hash of its content) once for the life of the process. After the file changed,
#   the new content goes out under the OLD strong ETag (with a new Last-Modified), and `If-None-Match` with that ETag is answered 304 for ever.
# Expected: a hash of the content changes with the content: 200, new ETag (RFC 9110 8.8.3: a strong validator changes with every change of the data; 13.1.2).
# Seen: 2026-11-28, Python 3.11.7:
#   versions tornado 6.6.1 python 3.11.7
#   etag the same: True | last-modified the same: False | content b'version one' -> b'version TWO'
#   If-None-Match 304 | If-Modified-Since 200 | both 304 | If-None-Match after reset() 200
# Why it matters: a cache or scraper that keeps only the ETag (or sends both, as RFC 9110 13.1.3 wants) never sees the change until the server is started again;
#   one that sends If-Modified-Since alone does. "Same strong ETag" does not prove "same bytes": compare Last-Modified and the size too.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q tornado==6.6.1
cat > t.py <<'E'
import asyncio, os, pathlib, platform, tornado, tornado.web
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
f = pathlib.Path("d/f.txt"); f.parent.mkdir()
async def main():
    sock, port = bind_unused_port()
    srv = HTTPServer(tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": os.path.abspath("d")})])); srv.add_socket(sock)
    get = lambda **h: AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/f.txt", raise_error=False, headers={k.replace("_", "-"): v for k, v in h.items()})
    f.write_bytes(b"version one"); os.utime(f, (1e9, 1e9)); a = await get()
    f.write_bytes(b"version TWO"); os.utime(f, (1.1e9, 1.1e9)); b = await get()
    e, m = a.headers["Etag"], a.headers["Last-Modified"]
    same_e, same_m = e == b.headers["Etag"], m == b.headers["Last-Modified"]
    inm, ims = (await get(If_None_Match=e)).code, (await get(If_Modified_Since=m)).code
    both = (await get(If_None_Match=e, If_Modified_Since=m)).code
    tornado.web.StaticFileHandler.reset(); after = (await get(If_None_Match=e)).code
    print("versions tornado", tornado.version, "python", platform.python_version())
    print("etag the same:", same_e, "| last-modified the same:", same_m, "| content", a.body, "->", b.body)
    print("If-None-Match", inm, "| If-Modified-Since", ims, "| both", both, "| If-None-Match after reset()", after)
    assert b.body == b"version TWO" and not e.startswith("W/"), "the new content was not served, or the ETag is weak"
    assert same_e and not same_m, "the ETag followed the file now"
    assert (inm, ims, both, after) == (304, 200, 304, 200), "other answers to the conditions"
    srv.stop()
asyncio.run(asyncio.wait_for(main(), 60))
E
timeout 120 v/bin/python t.py
