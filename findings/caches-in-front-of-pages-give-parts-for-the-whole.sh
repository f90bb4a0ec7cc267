#!/usr/bin/env bash
# What: a page of ten bytes that knows Range, If-None-Match and HEAD, behind the cache of its own framework for a minute: Flask 3.1.3 (Flask-Caching 2.5.1, @cached), Litestar 2.25.0 (cache=60),
#   Starlette 0.52.1 (FileResponse behind starlette-caches 0.4.1, CacheMiddleware) and Django 5.2.19 (cache_page over @etag). It is asked for twice, by two requests of which the second is a plain
#   GET each time. Then a page that says 'Vary: Accept', for text/b after text/a, and one that says no-store, twice. Servers: werkzeug 3.1.9 and uvicorn 0.54.0.
# Expected: the ten bytes, under 200. A cache that does not support ranges MUST NOT store a 206 (RFC 9111, 3.3), a 304 is no response to who has nothing stored (4.3.3), HEAD is not GET (4).
#   Another response for another Accept (4.1), and a new one where no-store was said (5.2.2.5).
# Seen: 2026-11-30, Python 3.11.7, of the second request:
#                          Flask-Caching        Litestar             starlette-caches                       Django
#   after Range            206, 4 bytes         206, 4 bytes         206, 4 bytes                           right
#   after If-None-Match    304, no content      right                right                                  right
#   after HEAD             right                right                200, a length of 10, and no content    right
#   Vary: Accept           that for text/a      that for text/a      right                                  right
#   no-store               the first            the first            the first                              right
# Why: what the view gave is stored under path and query, whatever its status (Flask-Caching), or if that is 2xx or a list in which 206 is (the others); starlette-caches answers GET out of HEAD.
# Why it matters: one download manager, one browser that has the page already or one link checker, and for a minute (a year, by starlette-caches' default) every visitor gets a part of it,
#   nothing, or a connection that breaks off. Without load it does not happen, and no test of the view shows it.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q Flask==3.1.3 Flask-Caching==2.5.1 Werkzeug==3.1.9 litestar==2.25.0 starlette==0.52.1 starlette-caches==0.4.1 aiocache==0.12.3 Django==5.2.19 uvicorn==0.54.0 h11==0.16.0
cat > t.py <<'E2'
import http.client, itertools, logging, platform, threading, time
from importlib.metadata import version
import aiocache, django, flask, flask_caching, litestar, uvicorn, werkzeug.serving
from django.conf import settings
from django.views.decorators.cache import cache_page
from django.views.decorators.http import etag
from litestar import Request, Response
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route
from starlette_caches.middleware import CacheMiddleware
logging.disable(50)
PAGE, count = "0123456789", itertools.count(1)
open("page.txt", "w").write(PAGE)
FIELDS = {"vary": {"Vary": "Accept"}, "nostore": {"Cache-Control": "no-store"}}
def text(name, accept): return f"{next(count)} {accept}" if name in FIELDS else PAGE

app = flask.Flask("f"); cache = flask_caching.Cache(app, config={"CACHE_TYPE": "SimpleCache"})
@app.get("/<name>")
@cache.cached(timeout=60)
def flask_page(name):
    r = flask.Response(text(name, flask.request.headers.get("Accept")), headers=FIELDS.get(name, {}))
    if name in FIELDS: return r
    r.set_etag("v1"); return r.make_conditional(flask.request, accept_ranges=True, complete_length=len(PAGE))

@litestar.route("/{name:str}", http_method=["GET", "HEAD"], cache=60, status_code=200, sync_to_thread=False)
def litestar_page(name: str, request: Request) -> Response:
    if request.headers.get("if-none-match") == '"v1"': return Response(b"", status_code=304, headers={"ETag": '"v1"'})
    if request.headers.get("range") == "bytes=0-3": return Response(PAGE[:4], status_code=206, media_type="text/plain", headers={"ETag": '"v1"', "Content-Range": "bytes 0-3/10"})
    return Response(text(name, request.headers.get("accept")), media_type="text/plain", headers={"ETag": '"v1"', **FIELDS.get(name, {})})

def starlette_page(request):
    name = request.path_params["name"]
    return PlainTextResponse(text(name, request.headers.get("accept")), headers=FIELDS[name]) if name in FIELDS else FileResponse("page.txt")

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], MIDDLEWARE=[], CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}); django.setup()
def django_page(request, name):
    if request.headers.get("Range") == "bytes=0-3": return django.http.HttpResponse(PAGE[:4], status=206, headers={"Content-Range": "bytes 0-3/10"})
    return django.http.HttpResponse(text(name, request.headers.get("Accept")), headers=FIELDS.get(name, {}))
urlpatterns = [django.urls.path("<name>", cache_page(60)(etag(lambda request, name: None if name in FIELDS else '"v1"')(django_page)))]

def by_werkzeug(app):
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True); threading.Thread(target=server.serve_forever, daemon=True).start(); return server.server_port
def by_uvicorn(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", http="h11")); threading.Thread(target=server.run, daemon=True).start()
    while not server.started: time.sleep(0.05)
    return server.servers[0].sockets[0].getsockname()[1]
def ask(port, method, name, fields):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10); c.request(method, "/" + name, headers=fields); r = c.getresponse()
    try: content = r.read().decode()
    except http.client.IncompleteRead as e: content = f"{len(e.partial)} of {r.headers['Content-Length']} bytes"
    c.close(); return r.status, content, r.headers.get("ETag")
def seen(port):
    tag = ask(port, "GET", "first", {})[2]; out = {}
    assert ask(port, "GET", "first", {})[:2] == (200, PAGE), "control"
    for name, method, fields in (("range", "GET", {"Range": "bytes=0-3"}), ("match", "GET", {"If-None-Match": tag}), ("head", "HEAD", {})):
        ask(port, method, name, fields); status, content, _ = ask(port, "GET", name, {}); out[name] = "right" if (status, content) == (200, PAGE) else (status, content)
    out["vary"] = "right" if ask(port, "GET", "vary", {"Accept": "text/a"})[1] != ask(port, "GET", "vary", {"Accept": "text/b"})[1] else "the first"
    out["nostore"] = "right" if ask(port, "GET", "nostore", {})[1] != ask(port, "GET", "nostore", {})[1] else "the first"
    return out
from django.core.wsgi import get_wsgi_application
cached = Starlette(routes=[Route("/{name}", starlette_page)], middleware=[Middleware(CacheMiddleware, cache=aiocache.Cache(aiocache.Cache.MEMORY))])
part = (206, PAGE[:4])
for who, port, wanted in (
    ("Flask-Caching", by_werkzeug(app), {"range": part, "match": (304, ""), "head": "right", "vary": "the first", "nostore": "the first"}),
    ("Litestar", by_uvicorn(litestar.Litestar([litestar_page])), {"range": part, "match": "right", "head": "right", "vary": "the first", "nostore": "the first"}),
    ("starlette-caches", by_uvicorn(cached), {"range": part, "match": "right", "head": (200, "0 of 10 bytes"), "vary": "right", "nostore": "the first"}),
    ("Django", by_werkzeug(get_wsgi_application()), dict.fromkeys(("range", "match", "head", "vary", "nostore"), "right")),
):
    got = seen(port); print(f"{who:17}", got)
    assert got == wanted, who
print("versions", *(f"{p} {version(p)}" for p in ("Flask-Caching", "litestar", "starlette-caches", "Django", "starlette", "uvicorn")), "python", platform.python_version())
E2
timeout 90 v/bin/python -W ignore t.py 2>err || { tail -5 err; exit 1; }
