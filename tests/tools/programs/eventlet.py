"""eventlet, which has patched everything: several exchanges at a time, in one thread."""

import eventlet

eventlet.monkey_patch()

import asking  # noqa: E402 - behind the patch, as eventlet asks for

UNORDERED = True


def exchange(peer):
    pool = eventlet.GreenPool(8)
    return list(pool.imap(asking.by_http_client, [peer.http] * 4 + [peer.https] * 2)) + list(
        pool.imap(lambda way: way(peer.http), [asking.by_urllib, asking.by_urllib3, asking.by_requests])
    )
