"""Exchanges in anyio's threads, under asyncio and under trio."""

import anyio
import anyio.to_thread
import asking

UNORDERED = True


def exchange(peer):
    seen = {}

    async def ask(name, way, base):
        seen[name] = await anyio.to_thread.run_sync(way, base)

    async def main(backend):
        async with anyio.create_task_group() as tasks:
            for number, base in enumerate([peer.http] * 3 + [peer.https]):
                tasks.start_soon(ask, f"{backend} {number}", asking.by_http_client, base)
            tasks.start_soon(ask, f"{backend} requests", asking.by_requests, peer.http)

    for backend in ("asyncio", "trio"):
        anyio.run(main, backend, backend=backend)
    return seen
