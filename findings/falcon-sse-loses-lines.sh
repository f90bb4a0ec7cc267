#!/usr/bin/env bash
# What: server-sent events whose data has several lines ("a\nb", "a\r\nb", "a\n\nb"), by falcon 4.4.0 (SSEvent), sse-starlette 3.7.0, litestar 2.25.0,
#   fastapi 0.163.2, robyn 0.88.0 and aiohttp-sse 3.0; read again as WHATWG HTML, 9.2.6 has it.
# Expected: one event with both lines: each line is a `data:` line of its own, as an event's data is lines put together by LF (9.2.6).
# Seen: 2026-11-29, Python 3.11.7: so by all but falcon, which writes b'data: a\nb\n\n'. The event is 'a'; what stands behind the line end
#   is a field of that name to the reader, which ignores it. Nothing raises.
# Why it matters: text of people, of language models and of logs has lines; behind the first one it is lost on the way, in each browser and
#   client. SSEvent(json=...) is safe, since JSON escapes line ends; SSEvent(text=...) has to be split by who calls it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check falcon==4.4.0 sse-starlette==3.7.0 litestar==2.25.0 fastapi==0.163.2 robyn==0.88.0 aiohttp==3.14.5 aiohttp-sse==3.0
cd "$dir"
timeout 120 v/bin/python - <<'PY'
import asyncio
from importlib.metadata import version

import aiohttp_sse, falcon.asgi, robyn
from fastapi.sse import format_sse_event
from litestar.response.sse import ServerSentEventMessage
from sse_starlette import ServerSentEvent


def by_aiohttp_sse(text):
    written = []

    class Response(aiohttp_sse.EventSourceResponse):
        async def write(self, data):
            written.append(data)

    asyncio.run(Response().send(text))
    return b"".join(written)


WRITERS = {
    "falcon": lambda text: falcon.asgi.SSEvent(text=text).serialize(),
    "sse-starlette": lambda text: ServerSentEvent(text).encode(),
    "litestar": lambda text: ServerSentEventMessage(data=text).encode(),
    "fastapi": lambda text: format_sse_event(data_str=text),
    "robyn": lambda text: robyn.SSEMessage(text).encode(),
    "aiohttp-sse": by_aiohttp_sse,
}


def events(stream):
    """Return the data of each event, as WHATWG HTML 9.2.6 has them."""
    found, data = [], []
    for line in stream.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                found.append("\n".join(data))
            data = []
        elif name == "data":
            data.append(value)
    return found


print("versions", *(f"{name} {version(name)}" for name in WRITERS))
TEXTS = ("a\nb", "a\r\nb", "a\n\nb")
seen = {}
for name, write in WRITERS.items():
    seen[name] = []
    for text in TEXTS:
        raw = write(text)
        seen[name] += events(raw.decode() if isinstance(raw, bytes) else raw)
    print(f"{name:13}", seen[name])
whole = ["a\nb", "a\nb", "a\n\nb"]
assert seen == {name: ["a", "a", "a"] if name == "falcon" else whole for name in WRITERS}, seen
PY
