"""Loopback servers that the library tests talk to: an origin with every habit they need, and a proxy.

Both count what they accept, so that a test can say how many connections its program has opened.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import select
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


def content(size: int) -> bytes:
    """Return *size* bytes in which a shifted or repeated piece shows."""
    return b"".join(b"%015d\n" % number for number in range(size // 16 + 1))[:size]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # the end of the server is the end of its threads, and of their sockets
    request_queue_size = 50

    def __init__(self, handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.tls = tls
        self.accepted = 0
        self.requests: list[str] = []
        """The request-lines, in the order of arrival."""
        self.seen: Counter[str] = Counter()
        self.released = threading.Event()
        """Set at the end, so that no handler goes on waiting."""
        self.sockets: set[socket.socket] = set()

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self.accepted += 1
        self.sockets.add(connection)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is None:
            super().finish_request(request, client_address)
            self.sockets.discard(request)
            return
        self.sockets.discard(request)
        # In the connection's own thread, since a shake of hands may wait or fail.
        with self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as tls:
            self.sockets.add(tls)
            try:
                if self.released.is_set():
                    return  # those that were open have been dropped, while this was neither the one nor the other
                tls.do_handshake()
                super().finish_request(tls, client_address)
                tls.settimeout(0.2)
                tls.unwrap()
            finally:
                self.sockets.discard(tls)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients here break off on purpose

    def drop_connections(self) -> None:
        """Close what is open, as a server does with connections that were idle for too long."""
        for connection in list(self.sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def parse_request(self) -> bool:
        parsed = super().parse_request()
        if parsed:
            self.server.requests.append(self.requestline)
        return parsed

    def received_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                assert self.rfile.readline() == b"\r\n"
            assert self.rfile.readline() == b"\r\n"
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, body: bytes | None, *fields: tuple[str, str], chunk: int = 0) -> None:
        """Send a response; *chunk* is the size of the pieces of a chunked one. A body of None has no length."""
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if chunk:
            self.send_header("Transfer-Encoding", "chunked")
        elif body is not None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD" or body is None:
            return
        if not chunk:
            self.wfile.write(body)
            return
        pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        self.wfile.write(b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")

    def answer_with_json(self, said: object, *fields: tuple[str, str]) -> None:
        self.answer(200, json.dumps(said).encode(), ("Content-Type", "application/json"), *fields)


class Origin(_Handler):
    """One path, one habit; the query gives the numbers."""

    def do_GET(self) -> None:
        body = self.received_body()
        target = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        action = getattr(self, "get_" + target.path.strip("/").replace("-", "_"), None)
        if action is None:
            self.answer(404, b"nothing here\n")
        else:
            action(query, body)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def get_echo(self, query: dict[str, str], body: bytes) -> None:
        fields = [[name, value] for name, value in self.headers.items()]
        self.answer_with_json(
            {"method": self.command, "target": self.path, "fields": fields, "body": body.decode("latin-1")}
        )

    def get_sized(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, content(int(query["n"])), ("ETag", '"sized"'))

    def get_chunked(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, content(int(query["n"])), chunk=int(query.get("chunk", 1000)))

    def get_until_close(self, query: dict[str, str], body: bytes) -> None:
        self.close_connection = True
        self.answer(200, None, ("Connection", "close"))
        self.wfile.write(content(int(query["n"])))

    def get_gzip(self, query: dict[str, str], body: bytes) -> None:
        packed = gzip.compress(content(int(query["n"])))
        self.answer(200, packed, ("Content-Encoding", "gzip"), chunk=int(query.get("chunk", 0)))

    def get_lines(self, query: dict[str, str], body: bytes) -> None:
        lines = b"".join(b"line %d\n" % number for number in range(int(query["n"])))
        self.answer(200, lines, chunk=7)

    def get_status(self, query: dict[str, str], body: bytes) -> None:
        status = int(query["code"])
        self.answer(status, None if status in (204, 304) else b"status %d\n" % status)

    def get_redirect(self, query: dict[str, str], body: bytes) -> None:
        self.answer(int(query.get("code", 302)), b"elsewhere\n", ("Location", query["to"]))

    def get_set_cookies(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, b"", *(("Set-Cookie", f"{name}={value}; Path=/") for name, value in query.items()))

    def get_field_lines(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, b"", *((query["name"], value) for value in json.loads(query["values"])))

    def get_fields(self, query: dict[str, str], body: bytes) -> None:
        self.answer(200, b"", *((f"X-Field-{number}", str(number)) for number in range(int(query["n"]))))

    def get_etag(self, query: dict[str, str], body: bytes) -> None:
        validator = ("ETag", '"1"')
        if self.headers.get("If-None-Match") == '"1"':
            self.answer(304, None, validator)
        else:
            self.answer(200, content(1000), validator, ("Cache-Control", "max-age=0"))

    def get_unavailable_at_first(self, query: dict[str, str], body: bytes) -> None:
        self.server.seen[self.path] += 1
        if self.server.seen[self.path] <= int(query["times"]):
            self.answer(503, b"not yet\n", ("Retry-After", "0"))
        else:
            self.answer(200, b"now\n")

    def get_dropped_at_first(self, query: dict[str, str], body: bytes) -> None:
        self.server.seen[self.path] += 1
        if self.server.seen[self.path] <= int(query["times"]):
            self.close_connection = True
        else:
            self.answer(200, b"now\n")

    def get_cut(self, query: dict[str, str], body: bytes) -> None:
        self.close_connection = True
        if "chunk" in query:
            self.answer(200, None, ("Transfer-Encoding", "chunked"))
            self.wfile.write(b"%x\r\n%b" % (2000, content(1000)))
        else:
            self.answer(200, None, ("Content-Length", "2000"))
            self.wfile.write(content(1000))

    def get_silent(self, query: dict[str, str], body: bytes) -> None:
        self.close_connection = True
        if "after" in query:
            self.answer(200, None, ("Content-Length", "100000"))
            self.wfile.write(content(int(query["after"])))
        self.server.released.wait(10)

    def get_two_lengths(self, query: dict[str, str], body: bytes) -> None:
        self.close_connection = True
        self.answer(200, b"12345", ("Content-Length", "3"))

    def get_basic_auth(self, query: dict[str, str], body: bytes) -> None:
        if self.headers.get("Authorization") == "Basic dXNlcjpwYXNz":
            self.answer(200, b"welcome\n")
        else:
            self.answer(401, b"who?\n", ("WWW-Authenticate", 'Basic realm="here"'))

    def get_early_hints(self, query: dict[str, str], body: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
        self.answer(200, b"final\n")


class Proxy(_Handler):
    """Forwards requests in absolute form, and opens tunnels. Password: only "user:pass", where the server wants one."""

    refusal: ClassVar[tuple[str, str]] = ("Proxy-Authenticate", 'Basic realm="proxy"')

    def _is_allowed(self) -> bool:
        if not getattr(self.server, "wants_password", False):
            return True
        return self.headers.get("Proxy-Authorization") == "Basic dXNlcjpwYXNz"

    def do_CONNECT(self) -> None:
        self.close_connection = True
        if not self._is_allowed():
            self.answer(407, b"", self.refusal)
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))) as onward:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 here\r\n\r\n")
            _pump(self.connection, onward)

    def do_GET(self) -> None:
        body = self.received_body()
        if not self._is_allowed():
            self.answer(407, b"", self.refusal)
            return
        target = urlsplit(self.path)
        assert target.scheme == "http", self.path
        fields = [
            (name, value)
            for name, value in self.headers.items()
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "proxy-authorization")
        ]
        path = f"{target.path}?{target.query}" if target.query else target.path
        lines = [f"{self.command} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "X-Forwarded: yes", "", ""]
        with socket.create_connection((target.hostname, target.port or 80)) as onward:
            onward.sendall("\r\n".join(lines).encode("latin-1") + body)
            reply = b"".join(iter(lambda: onward.recv(65536), b""))
        # A field of the connection, as it is the proxy's to set.
        status_line, end, rest = reply.partition(b"\r\n")
        self.close_connection = True
        self.connection.sendall(status_line + b"\r\nConnection: close" + end + rest)

    do_HEAD = do_POST = do_PUT = do_GET


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Pass on what either side says until one of them ends."""
    opposite = {one: other, other: one}
    while True:
        for source in select.select([one, other], [], [], 10)[0] or [None]:
            data = source.recv(65536) if source else b""
            if not data:
                return
            opposite[source].sendall(data)


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler] = Origin, tls: ssl.SSLContext | None = None) -> Iterator[_Server]:
    """Run a server in a thread for as long as the context lasts."""
    with _Server(handler, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            server.drop_connections()
            thread.join()
