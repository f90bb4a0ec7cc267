"""A site by its routes, for what goes over several requests; and one way to ask for a response by pool or fetcher."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from httpconn import ConnectionPool, Fetcher, Request, Response

from .awaiting import Awaiting
from .faulty import Exchange, FaultyServer

Reply = tuple[int, Mapping[str, str], bytes]
Route = Reply | Callable[[int], Reply]
"""An answer, or what gives it for how many there were to that path before."""


class Site(FaultyServer):
    """Answers by ``routes``: path to (status, fields, body); 404 to all else. ``log`` is (time, path) of each request."""

    def __init__(self, routes: Mapping[str, Route] = {}, **options: Any) -> None:
        super().__init__(**options)
        self.routes = dict(routes)
        self.log: list[tuple[float, str]] = []

    async def answer(self, exchange: Exchange) -> None:
        path = exchange.target.partition("?")[0]
        earlier = sum(seen == path for _, seen in self.log)
        self.log.append((time.monotonic(), path))
        route = self.routes.get(path, (404, {}, b""))
        status, fields, body = route(earlier) if callable(route) else route
        lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        await exchange.send(head + (b"" if exchange.method == "HEAD" else body))

    def paths(self) -> list[str]:
        return [path for _, path in self.log]

    def fields(self, number: int) -> dict[str, str]:
        """Return the fields of a request, in the order in which they came; names in lower case."""
        lines = self.heads[number].decode("latin-1").split("\r\n")[1:-2]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    def method(self, number: int) -> str:
        return self.heads[number].split(b" ", 1)[0].decode()


def redirect(status: int, location: str, **fields: str) -> Reply:
    return status, {"Location": location, **{name.replace("_", "-"): value for name, value in fields.items()}}, b"gone"


PAGE: Reply = 200, {}, b"page"


KINDS = ("pool", "stream", "fetcher", "async", "astream")
"""The ways to send a request and to get its response: by a pool, a fetcher or a client, at once or as a stream."""
each_kind = pytest.mark.parametrize("kind", KINDS)
"""Of an ``Asker``."""


class Asker:
    """Sends requests by one of ``KINDS``; a failure is a response with ``error`` for all."""

    def __init__(self, kind: str, **options: Any) -> None:
        assert kind in KINDS
        self.kind = kind
        self.maker: ConnectionPool | Fetcher | Awaiting
        if kind in ("pool", "stream"):
            self.maker = ConnectionPool(**options)
        elif kind == "fetcher":
            self.maker = Fetcher(**options)
        else:
            self.maker = Awaiting(streams=kind == "astream", **options)

    def __call__(self, request: Request | str) -> Response:
        maker = self.maker
        if isinstance(maker, Fetcher):
            maker.add(request)
            [response] = list(maker)
            return response
        try:
            if isinstance(maker, Awaiting):
                return maker.send(request)
            if isinstance(request, str):
                return maker.request("GET", request, stream=self.kind == "stream")
            return maker.send(request, stream=self.kind == "stream")
        except Exception as error:
            response = getattr(error, "response", None)
            if response is None:
                response = Response(request, None, b"")
                response.error = error
            assert response.error is error
            return response

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self.maker.close()


class Logged(FaultyServer):
    """Notes when each request came, and answers it with what *answers* has for its number, else with its page."""

    def __init__(self, answers: Callable[[int], bytes | None] = lambda number: None) -> None:
        super().__init__()
        self.answers = answers
        self.times: list[float] = []

    async def answer(self, exchange: Exchange) -> None:
        self.times.append(time.monotonic())
        answer = self.answers(len(self.times) - 1)
        if answer is None:
            await exchange.send(exchange.page())
            return
        await exchange.send(answer)
        if b"Content-Length: 10\r\n" in answer:
            exchange.end()
