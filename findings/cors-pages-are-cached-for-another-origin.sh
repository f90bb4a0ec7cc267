#!/usr/bin/env bash
# What: a page that two origins may read, asked for without Origin (as a crawler, an <img> or a link does), by one of the two, and by a third: of Litestar 2.25.0, Falcon 4.4.0
#   (CORSMiddleware), BlackSheep 2.6.4 (use_cors), aiohttp-cors 0.8.1 (aiohttp 3.14.5), wsgicors 0.7.0, flask-cors 6.0.5 (Flask 3.1.3), quart-cors 0.8.0 (Quart 0.22.0),
#   django-cors-headers 4.9.0 (Django 5.2.19) and Starlette 1.10.0 (CORSMiddleware; FastAPI's too). Then a POST that a page of the site itself sends.
# Expected: 'Vary: Origin' on all three, since Access-Control-Allow-Origin is there or not by what the request says: Fetch, "CORS protocol and HTTP caches", has the case of the response
#   without Origin that is stored and then given to a script (RFC 9110, 12.5.5). And 200 for the POST, which browsers send with the site's own Origin, listed or not.
# Seen: 2026-11-30, Python 3.11.7, 'Vary: Origin' is on
#                                                        no Origin   one of the two   a third   the site's own POST
#   Starlette, quart-cors, django-cors-headers           yes         yes              yes       200
#   flask-cors                                           yes         yes              no        200
#   Litestar, wsgicors                                   no          yes              no        200
#   BlackSheep                                           no          yes              400       400, without content
#   Falcon, aiohttp-cors                                 no          no               no        200
#   flask-cors says Access-Control-Allow-Origin with the first of the two where no Origin was sent, and then Vary.
# Why it matters: any cache in between (a CDN, a browser's own) gives the copy that was fetched without Origin to the script, whose browser refuses it; or, of the last two, that of the one
#   origin to the other. It comes and goes with the cache. And BlackSheep's users cannot post their own forms as soon as another origin was allowed to read.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q litestar==2.25.0 falcon==4.4.0 blacksheep==2.6.4 aiohttp-cors==0.8.1 aiohttp==3.14.5 wsgicors==0.7.0 flask-cors==6.0.5 Flask==3.1.3 \
    quart-cors==0.8.0 Quart==0.22.0 django-cors-headers==4.9.0 Django==5.2.19 starlette==1.10.0 httpx==0.28.1
cat > t.py <<'E2'
import asyncio, logging, platform
from importlib.metadata import version
import aiohttp.web, aiohttp_cors, blacksheep, django, falcon, flask, flask_cors, httpx, litestar, quart, quart_cors, wsgicors
from django.conf import settings
from litestar.config.cors import CORSConfig
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
logging.disable(50)
BOTH, SITE = ["https://a.example", "https://b.example"], "http://site.example"
def by_wsgi(app):
    def ask(method, fields):
        with httpx.Client(transport=httpx.WSGITransport(app=app), base_url=SITE) as c: return c.request(method, "/", headers=fields)
    return ask
def by_asgi(app):
    async def run(method, fields):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=SITE) as c: return await c.request(method, "/", headers=fields)
    return lambda method, fields: asyncio.run(run(method, fields))
def starlette(): return by_asgi(Starlette(routes=[Route("/", lambda r: PlainTextResponse("page"), methods=["GET", "POST"])], middleware=[Middleware(CORSMiddleware, allow_origins=BOTH)]))
def quart_():
    app = quart_cors.cors(quart.Quart("q"), allow_origin=BOTH)
    @app.route("/", methods=["GET", "POST"])
    async def page(): return "page"
    return by_asgi(app)
def django_():
    from django.core.wsgi import get_wsgi_application
    return by_wsgi(get_wsgi_application())
def flask_():
    app = flask.Flask("f"); flask_cors.CORS(app, origins=BOTH); app.add_url_rule("/", "page", lambda: "page", methods=["GET", "POST"]); return by_wsgi(app)
def litestar_():
    @litestar.route("/", http_method=["GET", "POST"], status_code=200, sync_to_thread=False)
    def page() -> str: return "page"
    return by_asgi(litestar.Litestar([page], cors_config=CORSConfig(allow_origins=BOTH)))
def wsgicors_():
    def app(environ, start): start("200 OK", [("Content-Type", "text/plain")]); return [b"page"]
    return by_wsgi(wsgicors.CORS(app, methods="GET, POST", origin=" ".join(BOTH)))
def blacksheep_():
    app = blacksheep.Application(); app.use_cors(allow_origins=BOTH, allow_methods="GET POST")
    async def page(request): return blacksheep.text("page")
    app.router.add_get("/", page); app.router.add_post("/", page); asyncio.run(app.start()); return by_asgi(app)
def falcon_():
    class Page:
        def on_get(self, request, response): response.text = "page"
        on_post = on_get
    app = falcon.App(middleware=falcon.CORSMiddleware(allow_origins=BOTH)); app.add_route("/", Page()); return by_wsgi(app)
def aiohttp_():
    async def page(request): return aiohttp.web.Response(text="page")
    async def run(method, fields):
        app = aiohttp.web.Application(); cors = aiohttp_cors.setup(app, defaults={o: aiohttp_cors.ResourceOptions() for o in BOTH})
        resource = cors.add(app.router.add_resource("/")); cors.add(resource.add_route("GET", page)); cors.add(resource.add_route("POST", page))
        runner = aiohttp.web.AppRunner(app); await runner.setup(); await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
        async with httpx.AsyncClient() as c: response = await c.request(method, f"http://127.0.0.1:{runner.addresses[0][1]}/", headers={"Host": "site.example", **fields})
        await runner.cleanup(); return response
    return lambda method, fields: asyncio.run(run(method, fields))
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["corsheaders"], CORS_ALLOWED_ORIGINS=BOTH, MIDDLEWARE=["corsheaders.middleware.CorsMiddleware"])
django.setup()
urlpatterns = [django.urls.path("", lambda request: django.http.HttpResponse("page"))]
def seen(ask):
    """Whether the response varies by Origin, three times, and the status of the site's own POST."""
    out = []
    for fields in ({}, {"Origin": BOTH[0]}, {"Origin": "https://third.example"}):
        r = ask("GET", fields)
        out.append(r.status_code if r.status_code != 200 else "origin" in r.headers.get("vary", "").lower())
        assert fields.get("Origin") != BOTH[0] or r.headers["access-control-allow-origin"] == BOTH[0], "control"
    return (*out, ask("POST", {"Origin": SITE}).status_code)
WANTED = {
    starlette: (True, True, True, 200), quart_: (True, True, True, 200), django_: (True, True, True, 200), flask_: (True, True, False, 200), litestar_: (False, True, False, 200),
    wsgicors_: (False, True, False, 200), blacksheep_: (False, True, 400, 400), falcon_: (False, False, False, 200), aiohttp_: (False, False, False, 200),
}
for make, wanted in WANTED.items():
    got = seen(make()); print(f"{make.__name__:12}", got)
    assert got == wanted, make.__name__
print("versions", *(f"{p} {version(p)}" for p in ("starlette", "quart-cors", "django-cors-headers", "flask-cors", "litestar", "wsgicors", "blacksheep", "falcon", "aiohttp-cors")), "python", platform.python_version())
E2
timeout 60 v/bin/python -W ignore t.py
