#!/usr/bin/env bash
# What: a cookie whose value is {"a": 1} or "q" with its quotes, set by Starlette 1.10.0 and Django 5.2.19 as they set any, and sent back by a
#   Session of requests 2.34.2, by httpx 0.28.1, aiohttp 3.14.5 and urllib.request. Told is the value that the framework then reads.
# Expected: the value that was set. The frameworks write it as a quoted string ("{\"a\": 1}"), which is opaque to clients: they send back
#   what they got (RFC 6265, 4.2.2 and 5.4).
# Seen: 2026-11-29, Python 3.11.7: so by httpx, aiohttp and urllib.request. By requests Starlette and Django read {a: 1}, and q without quotes.
# Why: a RequestsCookieJar takes each \" out of a value that is in quotes when it stores it; http.cookiejar, of which it is made, does not.
# Why it matters: consent, carts and flash messages are JSON in cookies. The login works, and then each page that reads such a cookie fails or
#   forgets, by this client alone: json.loads('{a: 1}') is an error that servers take for "no cookie".
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 django==5.2.19 uvicorn==0.54.0 h11==0.16.0 requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import asyncio, http.cookiejar, json, socket, sys, threading, types, urllib.request
from importlib.metadata import version

import aiohttp, django, httpx, requests, uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

VALUES = ['{"a": 1}', '"q"']


async def set_by_starlette(request):
    response = Response("set")
    response.set_cookie("c", VALUES[int(request.path_params["which"])])
    return response


async def got_by_starlette(request):
    return JSONResponse(request.cookies["c"])


def set_by_django(request, which):
    response = HttpResponse("set")
    response.set_cookie("c", VALUES[which])
    return response


urls = sys.modules["urls_of_site"] = types.ModuleType("urls_of_site")
urls.urlpatterns = [path("set/<int:which>", set_by_django), path("get", lambda request: JsonResponse(request.COOKIES["c"], safe=False))]
settings.configure(ROOT_URLCONF="urls_of_site", ALLOWED_HOSTS=["*"], SECRET_KEY="x", MIDDLEWARE=[])
django.setup()
APPS = {
    "starlette": Starlette(routes=[Route("/set/{which}", set_by_starlette), Route("/get", got_by_starlette)]),
    "django": get_asgi_application(),
}


def serve(app):
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    threading.Thread(target=server.run, args=([sock],), daemon=True).start()
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


def by_requests(first, second):
    with requests.Session() as session:
        session.get(first)
        return session.get(second).json()


def by_httpx(first, second):
    with httpx.Client() as client:
        client.get(first)
        return client.get(second).json()


def by_aiohttp(first, second):
    async def ask():
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            async with session.get(first) as response:
                await response.read()
            async with session.get(second) as response:
                return await response.json()

    return asyncio.run(ask())


def by_urllib(first, second):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with opener.open(first, timeout=10):
        pass
    with opener.open(second, timeout=10) as response:
        return json.load(response)


CLIENTS = {"requests": by_requests, "httpx": by_httpx, "aiohttp": by_aiohttp, "urllib": by_urllib}
print("versions", *(f"{name} {version(name)}" for name in ("starlette", "django", "requests", "httpx", "aiohttp")), sys.version.split()[0])
for framework, app in APPS.items():
    base = serve(app)
    for name, ask in CLIENTS.items():
        seen = [ask(f"{base}/set/{which}", f"{base}/get") for which in range(len(VALUES))]
        print(f"{framework:9} {name:8}", *seen)
        assert seen == (["{a: 1}", "q"] if name == "requests" else VALUES), (framework, name, seen)
PY
