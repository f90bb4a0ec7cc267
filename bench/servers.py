"""The servers that the rows ask for, each started once, when it is first asked for."""

from __future__ import annotations

import contextlib

from bench import nginx, server
from bench.child import on_core
from bench.server import Server

SERVER_CORE = 0
CLIENT_CORE = -1


class Servers:
    """A context: what was started ends with it. Without nginx the embedded server stands in, and is named."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._running: dict[str, Server] = {}
        self.has_nginx = nginx.find_program() is not None

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def kind(self, wanted: str) -> str:
        """The server that answers for `wanted`: "nginx", "nginx-tls", "embedded" or "embedded-tls"."""
        return wanted if self.has_nginx else wanted.replace("nginx", "embedded")

    def get(self, wanted: str) -> Server:
        """Where it listens."""
        kind = self.kind(wanted)
        if kind not in self._running:
            module = nginx if kind.startswith("nginx") else server
            with on_core(SERVER_CORE):
                self._running[kind] = self._stack.enter_context(module.running(tls=kind.endswith("-tls")))
        return self._running[kind]
