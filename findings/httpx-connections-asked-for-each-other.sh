#!/usr/bin/env bash
# What: httpx 0.28.1 (httpcore 1.0.9) awaits 300 small pages, 1, 16 or 64 at once, over one AsyncClient whose limits allow as many
#   connections. Counted are calls of Python functions: by which no machine is faster than another.
# Expected: a request costs about the same however many are under way: each has a connection of its own, as with aiohttp 3.14.5.
# Seen: 2026-11-29, Python 3.11.7, calls a page, in two runs, the second one on a busy machine:
#   httpx 1 at once 1,661, 16 at once 5,457, 64 at once 11,701; 1,661, 6,645, 31,467
#   aiohttp 1 at once 216, 16 at once 205, 64 at once 202; 217, 204, 202
# Why: httpcore's pool goes through all its connections and all its requests whenever a request comes or a response is closed.
# Why it matters: who turns concurrency up to be faster gets slower: at 64 at once a page takes seven times the calls that it takes
#   alone, and more, and fewer pages come a second than by a sync client in a loop, as soon as the server answers within some milliseconds.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 anyio==4.12.0 aiohttp==3.14.5
cd "$dir"
cat > server.py <<'PY'
import asyncio

async def serve(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(0.02)  # so that all are under way at once
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
PY
timeout 240 "$dir/v/bin/python" -W ignore - <<'PY'
import asyncio, subprocess, sys
from importlib.metadata import version
import aiohttp, httpx

PAGES = 300
server = subprocess.Popen([sys.executable, "server.py"], stdout=subprocess.PIPE, text=True)
url = f"http://127.0.0.1:{int(server.stdout.readline())}/"

async def by_httpx(get, at_once):
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)) as client:
        return await get(lambda: client.get(url), at_once)

async def by_aiohttp(get, at_once):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
        async def one():
            async with session.get(url) as response:
                await response.read()
        return await get(one, at_once)

async def counted(ask, at_once):
    gate = asyncio.Semaphore(at_once)

    async def one():
        async with gate:
            await ask()

    await asyncio.gather(*(one() for _ in range(at_once)))  # the connections are there
    calls = 0

    def profile(_frame, event, _arg):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(profile)
    await asyncio.gather(*(one() for _ in range(PAGES)))
    sys.setprofile(None)
    return calls // PAGES

try:
    print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("httpx", "httpcore", "aiohttp")))
    seen = {}
    for run in (by_httpx, by_aiohttp):
        seen[run.__name__] = [asyncio.run(run(counted, at_once)) for at_once in (1, 16, 64)]
        print(run.__name__[3:], ", ".join(f"{n} at once {calls:,}" for n, calls in zip((1, 16, 64), seen[run.__name__])))
finally:
    server.kill()
few, some, many = seen["by_httpx"]
assert some > 2 * few and many > 5 * few, "changed"
few, some, many = seen["by_aiohttp"]
assert many < 1.3 * few, "changed"
PY
