"""GETs one after another on one kept connection, from a server in another process."""

from __future__ import annotations

from typing import Any

from bench.clients import comparable, make_client
from bench.jobs import Job, digest


class Gets(Job):
    """The whole body of each, in one piece."""

    def __init__(self, client: str, url: str, path: str, cafile: str | None = None, timeout_s: float | None = None):
        super().__init__()
        self._client = make_client(client, url, cafile, timeout_s)
        self._path = path
        self._made = 0
        self._targets: list[str] = []

    def check(self) -> Any:
        status, fields, body = comparable(self._client.describe(self._path))
        return {"status": status, "fields": fields, "length": len(body), "body": digest(body)}

    def prepare(self, count: int) -> None:
        # No URL comes twice, in this round or another: nothing that remembers URLs can shine.
        self._targets = [f"{self._path}?{number}" for number in range(self._made, self._made + count)]
        self._made += count

    def run(self, count: int) -> int:
        return self._client.fetch(self._targets)

    def close(self) -> None:
        self._client.close()
