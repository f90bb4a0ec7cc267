#!/usr/bin/env bash
# What: a route of FastAPI 0.163.2 under @cache of fastapi-cache2 0.2.2, the same program in two processes, as 'uvicorn --workers 2' runs it. Told is the ETag of the same content, and what comes for
#   If-None-Match: with the ETag of either process, with it in a list, and with '*'.
# Expected: one ETag, in quotes, and 304 each time: an entity-tag is a quoted string, W/ in front or not (RFC 9110, 8.8.3); it is of the content; If-None-Match holds a list or '*' (13.1.2).
# Seen: 2026-11-30, Python 3.11.7:
#   ETag                            W/ and a number without quotes (W/-4152301204472740609), another one in each process
#   its own                         304
#   the other process's             200, and the content
#   in a list behind another one    200
#   *                               200
# Why: it is Python's hash() of the text, which is salted anew in each process (PYTHONHASHSEED), and it is compared as a text.
# Why it matters: the more workers there are, the less a client's validation helps: of n, one answers 304. After each restart none does. And what reads entity-tags by their grammar (proxies,
#   caches that make a list of what they have) finds none in it.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q fastapi==0.163.2 fastapi-cache2==0.2.2 httpx==0.28.1 Jinja2==3.1.6  # which fastapi-cache2 imports and does not ask for
cat > ask.py <<'E2'
import asyncio, json, sys
import httpx
from fastapi import FastAPI
from fastapi_cache import FastAPICache
from fastapi_cache.backends.inmemory import InMemoryBackend
from fastapi_cache.decorator import cache
FastAPICache.init(InMemoryBackend()); app = FastAPI()
@app.get("/")
@cache(expire=60)
async def page(): return {"page": 1}
async def run(conditions):
    out = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://site.example") as c:
        tag = (await c.get("/")).headers["etag"]; again = await c.get("/")
        assert again.headers["etag"] == tag and again.headers["x-fastapi-cache"] == "HIT", "control"
        for condition in conditions: out.append((await c.get("/", headers={"If-None-Match": condition.replace("OWN", tag)})).status_code)
    print(json.dumps([tag, out]))
asyncio.run(run(sys.argv[1:]))
E2
cat > t.py <<'E2'
import json, os, platform, re, subprocess, sys
from importlib.metadata import version
environment = {k: v for k, v in os.environ.items() if k != "PYTHONHASHSEED"}
def process(*conditions): return json.loads(subprocess.run([sys.executable, "ask.py", *conditions], env=environment, check=True, stdout=subprocess.PIPE, timeout=60).stdout)
other = process()[0]
tag, statuses = process("OWN", other, '"x", OWN', "*")
print(other, tag, statuses)
assert re.fullmatch(r"W/-?\d+", tag) and tag != other, "quotes, or one for all processes"
assert statuses == [304, 200, 200, 200], statuses
print("versions", *(f"{p} {version(p)}" for p in ("fastapi", "fastapi-cache2", "starlette")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py
