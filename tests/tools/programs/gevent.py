"""gevent, which has patched everything: several exchanges at a time, in one thread."""

from gevent import monkey

monkey.patch_all()

import asking  # noqa: E402 - behind the patch, as gevent asks for
import gevent.pool  # noqa: E402 - as above

UNORDERED = True


def exchange(peer):
    pool = gevent.pool.Pool(8)
    seen = pool.map(asking.by_http_client, [peer.http] * 4 + [peer.https] * 2)
    return seen + pool.map(lambda way: way(peer.http), [asking.by_urllib, asking.by_urllib3, asking.by_requests])
