"""One request and its response over a socketpair, both ends in one thread: no server, no network, no waiting.

What is left when the bare loop of send and recv on the same socketpair is taken away is the client's own work.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from typing import Any, Final

from bench.clients import FIELDS, prepare
from bench.jobs import Job, digest
from bench.replies import Reply, reply_to
from bench.rivals import PARSE_ONLY, RAW, REFERENCE

_RECEIVE_BYTES: Final = 65536
_BARE_REQUEST: Final = (
    b"GET /%d HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n"
    b"User-Agent: httpconn-bench\r\nAccept: */*\r\n\r\n"
)


class Cycle(Job):
    """request, getresponse, getheader or getheaders, read; or the bare loop; or httptools alone."""

    def __init__(self, client: str, path: str, all_fields: bool = False) -> None:
        super().__init__()
        reply = reply_to(path.encode())
        self._wire = b"".join((reply.wire, *reply.rest))
        self._body_bytes = 0
        self._all_fields = all_fields
        self._once, self._look = self._ways(client, reply)

    def _ways(self, client: str, reply: Reply) -> tuple[Callable[[str], int], Callable[[], Any]]:
        if client == PARSE_ONLY:
            return self._parse_only()
        self._near, self._far = socket.socketpair()
        for end in (self._near, self._far):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * len(self._wire) + 65536)
        if client == RAW:
            return self._bare(), lambda: None
        prepare(client)
        module: Any = importlib.import_module("http.client" if client == REFERENCE else "httpconn")
        connection = module.HTTPConnection("localhost")
        connection.sock = self._near
        return self._cycle(connection)

    def _bare(self) -> Callable[[str], int]:
        send, receive = self._near.send, self._near.recv
        far_receive, far_send = self._far.recv, self._far.send
        wire, expected = self._wire, len(self._wire)
        request = _BARE_REQUEST % 0

        def once(target: str) -> int:
            send(request)
            far_receive(_RECEIVE_BYTES)
            far_send(wire)
            received = len(receive(_RECEIVE_BYTES))
            while received < expected:
                received += len(receive(_RECEIVE_BYTES))
            return self._body_bytes

        return once

    def _cycle(self, connection: Any) -> tuple[Callable[[str], int], Callable[[], Any]]:
        far_receive, far_send, wire = self._far.recv, self._far.send, self._wire

        def once(target: str) -> int:
            connection.request("GET", target, headers=FIELDS)
            far_receive(_RECEIVE_BYTES)
            far_send(wire)
            response = connection.getresponse()
            response.getheader("Content-Type")
            return len(response.read())

        def once_all_fields(target: str) -> int:
            connection.request("GET", target, headers=FIELDS)
            far_receive(_RECEIVE_BYTES)
            far_send(wire)
            response = connection.getresponse()
            response.getheaders()
            return len(response.read())

        def look() -> Any:
            connection.request("GET", "/", headers=FIELDS)
            far_receive(_RECEIVE_BYTES)
            far_send(wire)
            response = connection.getresponse()
            return described(response.status, response.getheaders(), response.read())

        return (once_all_fields if self._all_fields else once), look

    def _parse_only(self) -> tuple[Callable[[str], int], Callable[[], Any]]:
        parser_class: Any = importlib.import_module("httptools").HttpResponseParser
        wire = self._wire

        def once(target: str) -> int:
            collected = Collected()
            parser_class(collected).feed_data(wire)
            assert collected.complete
            return len(b"".join(collected.body))

        def look() -> Any:
            collected = Collected()
            parser = parser_class(collected)
            parser.feed_data(wire)
            fields = [(name.decode(), value.decode("latin-1")) for name, value in collected.fields]
            return described(parser.get_status_code(), fields, b"".join(collected.body))

        return once, look

    def check(self) -> Any:
        seen = self._look()
        self._body_bytes = seen["length"] if seen else 0
        return seen

    def run(self, count: int) -> int:
        once = self._once
        for number in range(count):
            once(f"/{number}")
        return count


class Collected:
    """What httptools reports: one callback per field, which is what it costs to use it."""

    __slots__ = ("body", "complete", "fields")

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_body(self, data: bytes) -> None:
        self.body.append(data)

    def on_message_complete(self) -> None:
        self.complete = True


def described(status: int, fields: list[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """What has to be the same whoever parses it."""
    return {"status": status, "fields": [list(field) for field in fields], "length": len(body), "body": digest(body)}
