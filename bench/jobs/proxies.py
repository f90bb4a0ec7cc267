"""One fetcher and very many proxies: what their keys and their kept connections hold on to."""

from __future__ import annotations

import gc
import ssl
from typing import Final
from urllib.parse import urlsplit

from bench.clients import prepare
from bench.jobs import Job
from bench.limits import raise_open_files
from bench.resident import resident_bytes

_ROUNDS: Final = 3


class Proxies(Job):
    """`count` proxies, which are one server under as many names and passwords; each has fetched `path` three times.

    A proxy for http:// is asked with an absolute request-target, which any server takes: nginx does for one.
    """

    def __init__(self, client: str, url: str, path: str, cafile: str | None = None) -> None:
        super().__init__()
        prepare(client)
        raise_open_files()
        self._parts = urlsplit(url)
        self._target = f"http://origin.test{path}"
        self._context = ssl.create_default_context(cafile=cafile) if cafile is not None else None

    def run(self, count: int) -> int:
        from httpconn import Fetcher, Request

        scheme, place = self._parts.scheme, self._parts.netloc
        with Fetcher(max_connections=count + 1, idle_s=600, proxy_context=self._context) as fetcher:
            # What the first connection of a process needs once is no proxy's own.
            fetcher.add(Request("GET", self._target, proxy=f"{scheme}://{place}"))
            next(fetcher).raise_for_status()
            gc.collect()
            before = resident_bytes()
            for _ in range(_ROUNDS):
                fetcher.feed(
                    Request("GET", self._target, proxy=f"{scheme}://user-{number}:password-{number}@{place}")
                    for number in range(count)
                )
                for response in fetcher:
                    response.raise_for_status()
            gc.collect()
            after = resident_bytes()
            stats = fetcher.stats
        if stats.opened != count + 1:
            raise RuntimeError(f"{stats.opened} connections were opened for {count + 1} proxies")
        if before is not None and after is not None:
            self.facts = {"resident_bytes": after - before}
        return count * _ROUNDS
