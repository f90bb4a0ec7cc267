#!/usr/bin/env bash
# What: the query parameters of '/?q=', '/?all', '/?tag=a&tag=' and '/?q=&page=2', as Sanic 25.12.1 (request.args), BlackSheep 2.6.4
#   (request.query), Starlette 1.10.0, Litestar 2.25.0 and aiohttp 3.14.5 give them to a page.
# Expected: a name with '' for what has no value: "q=" and "all" are two tuples of application/x-www-form-urlencoded (WHATWG URL, 5.1), and this is
#   what forms send for a field that is left empty.
# Seen: 2026-11-29, Python 3.11.7: so by Starlette, Litestar and aiohttp. Sanic and BlackSheep leave them out: nothing, nothing, tag=a, page=2.
# Why: both read the query with parse_qs of the standard library (or its like), whose default is to drop blank values.
# Why it matters: "is there a filter, and is it empty?" cannot be asked: '/?all' is '/', a search that was cleared is none that was made, and
#   lists whose members may be empty get shorter. A test server made with them says that a client did not send what it sent.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check sanic==25.12.1 setuptools==80.9.0 blacksheep==2.6.4 starlette==1.10.0 litestar==2.25.0 aiohttp==3.14.5 uvicorn==0.54.0 h11==0.16.0
cd "$dir"
cat > page.py <<'PY'
import os


def starlette():
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def page(request):
        return JSONResponse(request.query_params.multi_items())

    return Starlette(routes=[Route("/", page)])


def litestar():
    from litestar import Litestar, Request, get

    @get("/")
    async def page(request: Request) -> list[list[str]]:
        return [list(pair) for pair in request.query_params.multi_items()]

    return Litestar([page])


def blacksheep():
    from blacksheep import Application, Request, get, json

    app = Application()

    @app.router.get("/")
    async def page(request: Request):
        return json([(name, value) for name, values in request.query.items() for value in values])

    return app


def sanic():
    from sanic import Sanic, response

    app = Sanic("page")

    @app.get("/")
    async def page(request):
        return response.json([(name, value) for name, values in request.args.items() for value in values])

    return app


if os.environ["FRAMEWORK"] == "aiohttp":
    from aiohttp import web

    async def page(request):
        return web.json_response(list(request.query.items()))

    app = web.Application()
    app.router.add_get("/", page)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
else:
    import uvicorn

    uvicorn.run(globals()[os.environ["FRAMEWORK"]](), port=int(os.environ["PORT"]), log_level="critical")
PY
timeout 200 v/bin/python - <<'PY'
import json, os, signal, socket, subprocess, sys, time, urllib.request
from importlib.metadata import version

FRAMEWORKS = ("sanic", "blacksheep", "starlette", "litestar", "aiohttp")
QUERIES = ("q=", "all", "tag=a&tag=", "q=&page=2")


def answers(framework):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "page.py"], env={**os.environ, "FRAMEWORK": framework, "PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        told = []
        for query in QUERIES:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/?{query}", timeout=10) as response:
                told.append([tuple(pair) for pair in json.load(response)])
        return told
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


print("versions", *(f"{name} {version(name)}" for name in FRAMEWORKS), sys.version.split()[0])
for framework in FRAMEWORKS:
    seen = answers(framework)
    print(f"{framework:10}", *seen)
    if framework in ("sanic", "blacksheep"):
        assert seen == [[], [], [("tag", "a")], [("page", "2")]], (framework, seen)
    else:
        assert seen == [[("q", "")], [("all", "")], [("tag", "a"), ("tag", "")], [("q", ""), ("page", "2")]], (framework, seen)
PY
