#!/usr/bin/env bash
# What: files uploaded as multipart/form-data under the names 'my file.txt', '100%.txt', 'naïve.txt', 'a"b.txt' and 'a;b.txt' by requests 2.34.2, httpx
#   0.28.1, curl_cffi 0.17.0, primp 2.0.1 and aiohttp 3.14.5, to Flask 3.1.3, Django 5.2.19, Starlette 1.10.0 (python-multipart 0.0.34), Litestar 2.25.0,
#   aiohttp 3.14.5, Sanic 25.12.1 and BlackSheep 2.6.4. Told is the name that the application gets.
# Expected: the name, by all pairs. At most a quote is %22, which is how WHATWG HTML (4.10.21.8) has it sent; a space or a percent sign is sent as it is.
# Seen: 2026-11-30, Python 3.11.7:
#   aiohttp, the client    'my%20file.txt', '100%25.txt' and 'na%C3%AFve.txt' at all servers, its own too: it escapes the name as if it were a URL's, and nobody undoes that
#   a"b.txt                sent as %22 by requests, httpx, curl_cffi and aiohttp: right at Flask, Litestar and Sanic, 'a%22b.txt' at Django, Starlette, aiohttp, BlackSheep
#                          sent as \" by primp: right at all but Sanic, which has 'a\'
#   a;b.txt                '"a' at BlackSheep, which cuts the field at each semicolon ('a%3Bb.txt' from aiohttp)
# Why it matters: the same upload makes another file by who sends it, and what looks a file up by its name finds none. Give aiohttp's FormData
#   quote_fields=False; then it sends what primp does.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 httpx==0.28.1 curl_cffi==0.17.0 primp==2.0.1 aiohttp==3.14.5 flask==3.1.3 django==5.2.19 waitress==3.0.2 starlette==1.10.0 python-multipart==0.0.34 uvicorn==0.54.0 litestar==2.25.0 sanic==25.12.1 blacksheep==2.6.4
cd "$dir"
timeout 240 v/bin/python -W ignore - <<'PY'
import asyncio, json, os, signal, socket, subprocess, sys, time
from importlib.metadata import version

import aiohttp, curl_cffi, httpx, primp, requests

SERVER = """
import json, sys
name, port = sys.argv[1], int(sys.argv[2])
if name == "flask":
    import flask
    app = flask.Flask("upload")
    app.post("/")(lambda: json.dumps(flask.request.files["up"].filename))
    app.run(port=port)
elif name == "django":
    import django, waitress
    from django.conf import settings
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path
    urlpatterns = [path("", lambda request: HttpResponse(json.dumps(request.FILES["up"].name)))]
    django.setup()
    waitress.serve(get_wsgi_application(), listen=f"127.0.0.1:{port}")
elif name == "starlette":
    import uvicorn
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    async def app(scope, receive, send):
        form = await Request(scope, receive).form()
        await PlainTextResponse(json.dumps(form["up"].filename))(scope, receive, send)
    uvicorn.run(app, port=port, lifespan="off")
elif name == "litestar":
    import uvicorn
    from litestar import Litestar, Request, post
    @post("/", media_type="text/plain")
    async def upload(request: Request) -> str:
        return json.dumps((await request.form())["up"].filename)
    uvicorn.run(Litestar([upload]), port=port)
elif name == "aiohttp":
    from aiohttp import web
    async def upload(request):
        return web.Response(text=json.dumps((await request.post())["up"].filename))
    app = web.Application()
    app.router.add_post("/", upload)
    web.run_app(app, host="127.0.0.1", port=port)
elif name == "sanic":
    from sanic import Sanic, text
    app = Sanic("upload")
    @app.post("/")
    async def upload(request):
        return text(json.dumps(request.files.get("up").name))
    app.run(host="127.0.0.1", port=port, single_process=True, motd=False)
else:
    import uvicorn
    from blacksheep import Application, Request, text
    app = Application()
    @app.router.post("/")
    async def upload(request: Request):
        name = (await request.multipart())[0].file_name
        return text(json.dumps(name.decode() if isinstance(name, bytes) else name))
    uvicorn.run(app, port=port)
"""
with open("server.py", "w") as file:
    file.write(SERVER)


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


def by_curl_cffi(url, name):
    form = curl_cffi.CurlMime()
    form.addpart("up", filename=name, content_type="text/plain", data=b"x")
    return curl_cffi.post(url, multipart=form).text


def by_primp(url, name):
    os.makedirs("files", exist_ok=True)
    with open(os.path.join("files", name), "wb") as file:
        file.write(b"x")
    return primp.Client().post(url, files={"up": os.path.join("files", name)}).text


async def by_aiohttp(url, name, **options):
    form = aiohttp.FormData(**options)
    form.add_field("up", b"x", filename=name, content_type="text/plain")
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
        return await response.text()


FILE = b"x", "text/plain"
CLIENTS = {
    "requests": lambda url, name: requests.post(url, files={"up": (name, *FILE)}, timeout=10).text,
    "httpx": lambda url, name: httpx.post(url, files={"up": (name, *FILE)}).text,
    "curl_cffi": by_curl_cffi,
    "primp": by_primp,
    "aiohttp": lambda url, name: asyncio.run(by_aiohttp(url, name)),
    "aiohttp, unquoted": lambda url, name: asyncio.run(by_aiohttp(url, name, quote_fields=False)),
}
SERVERS = "flask", "django", "starlette", "litestar", "aiohttp", "sanic", "blacksheep"
NAMES = "my file.txt", "100%.txt", "na\u00efve.txt", 'a"b.txt', "a;b.txt"


def expected_of(client, server, name):
    """Return the name as the server is known to have it."""
    if client == "aiohttp":
        name = {"my file.txt": "my%20file.txt", "100%.txt": "100%25.txt", "na\u00efve.txt": "na%C3%AFve.txt", "a;b.txt": "a%3Bb.txt"}.get(name, name)
    if name == 'a"b.txt' and client in ("primp", "aiohttp, unquoted"):
        return "a\\" if server == "sanic" else name
    if name == 'a"b.txt':
        return name if server in ("flask", "litestar", "sanic") else "a%22b.txt"
    return '"a' if name == "a;b.txt" and server == "blacksheep" else name


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in sorted({*SERVERS, *CLIENTS} - {"aiohttp, unquoted"})))
seen = {}
for server in SERVERS:
    process, port = started(server)
    try:
        for client, post in CLIENTS.items():
            for name in NAMES:
                seen[client, name, server] = json.loads(post(f"http://127.0.0.1:{port}/", name))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
for client in CLIENTS:
    for name in NAMES:
        names = {}
        for server in SERVERS:
            names.setdefault(seen[client, name, server], []).append(server)
        print(f"{client:18} {name:12}", "; ".join(f"{got} at {'all' if len(at) == len(SERVERS) else ', '.join(at)}" for got, at in names.items()))
for case, got in seen.items():
    client, name, server = case
    assert got == expected_of(client, server, name), f"changed: {case} {got}"
PY
