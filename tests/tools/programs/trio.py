"""Exchanges in trio's threads."""

import asking
import trio

UNORDERED = True


def exchange(peer):
    seen = {}

    async def ask(number, way, base):
        seen[number] = await trio.to_thread.run_sync(way, base)

    async def main():
        async with trio.open_nursery() as nursery:
            for number, base in enumerate([peer.http] * 3 + [peer.https]):
                nursery.start_soon(ask, number, asking.by_http_client, base)
            nursery.start_soon(ask, "requests", asking.by_requests, peer.http)
        with trio.move_on_after(0.2) as scope:
            await trio.to_thread.run_sync(asking.by_urllib, peer.http, ["/text"], abandon_on_cancel=False)
        seen["cancelled"] = scope.cancelled_caught

    trio.run(main)
    return seen
