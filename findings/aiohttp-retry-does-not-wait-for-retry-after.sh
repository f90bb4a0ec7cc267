#!/usr/bin/env bash
# What: a 503 with 'Retry-After: 3', then the page, by aiohttp-retry 2.9.1 (aiohttp 3.14.5), httpx-retries 0.6.0 (httpx 0.28.1) and urllib3's Retry
#   (2.8.0), each told to wait 0.01 s where the server says nothing. Told is how long after the first request the server gets the second.
# Expected: three seconds by each: all three exist to try again after a 503, and the field says when (RFC 9110, 10.2.3).
# Seen: 2026-11-29, Python 3.11.7: 3.0 s by urllib3, 3.0 to 3.6 s by httpx-retries, 0.0 s by aiohttp-retry, which knows its own
#   pauses only.
# Why it matters: sites ban who comes back before the time that they have named. Who goes from requests to aiohttp with the same settings does,
#   at the worst moment, with all connections at once.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check aiohttp==3.14.5 aiohttp-retry==2.9.1 httpx==0.28.1 httpx-retries==0.6.0 urllib3==2.8.0
cd "$dir"
timeout 60 v/bin/python -W ignore - <<'PY'
import asyncio, socket, threading, time
import aiohttp_retry, httpx, httpx_retries, urllib3

site = socket.create_server(("127.0.0.1", 0))
came = {}


def serve(connection):
    with connection, connection.makefile("rb") as stream:
        while line := stream.readline():
            while stream.readline().strip():
                pass
            times = came.setdefault(line.split()[1], [])
            times.append(time.monotonic())
            if len(times) == 1:
                connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")


def accept():
    while True:
        threading.Thread(target=serve, args=[site.accept()[0]], daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
base = f"http://127.0.0.1:{site.getsockname()[1]}/"


def by_urllib3(url):
    retries = urllib3.Retry(3, status_forcelist=[503], backoff_factor=0.01)
    return urllib3.PoolManager().request("GET", url, retries=retries).status


def by_httpx_retries(url):
    retry = httpx_retries.Retry(total=3, backoff_factor=0.01)
    with httpx.Client(transport=httpx_retries.RetryTransport(retry=retry)) as client:
        return client.get(url).status_code


def by_aiohttp_retry(url):
    async def get():
        options = aiohttp_retry.ExponentialRetry(attempts=3, start_timeout=0.01)
        async with aiohttp_retry.RetryClient(retry_options=options) as client, client.get(url) as response:
            return response.status

    return asyncio.run(get())


waited = {}
for get in (by_urllib3, by_httpx_retries, by_aiohttp_retry):
    name = get.__name__.removeprefix("by_")
    assert get(base + name) == 200
    first, second = came[f"/{name}".encode()]
    waited[name] = second - first
    print(f"{name:14} {waited[name]:.1f} s")
assert waited["urllib3"] >= 2.9 and waited["httpx_retries"] >= 2.9, waited
assert waited["aiohttp_retry"] < 1, waited
PY
