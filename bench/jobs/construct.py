"""What HTTPSConnection(host) costs before anything is sent. Run in a fresh process, the first one shows."""

from __future__ import annotations

import importlib
from typing import Any

from bench.clients import prepare
from bench.jobs import Job
from bench.rivals import REFERENCE


class Construct(Job):
    """`HTTPSConnection("localhost")`, with no context given."""

    def __init__(self, client: str) -> None:
        super().__init__()
        prepare(client)
        module: Any = importlib.import_module("http.client" if client == REFERENCE else "httpconn")
        self._connection_class = module.HTTPSConnection

    def run(self, count: int) -> int:
        make = self._connection_class
        for _ in range(count):
            make("localhost")
        return count
