"""The server on loopback that a program of ``tests/tools/programs`` talks to, by HTTP, HTTPS and a Unix socket.

It answers what the program's own ``REPLIES`` say, else what every program may ask for (``COMMON``), else with a file of
its folder's ``www``. What it was asked is in ``log``: method, target, fields in their order, content.
"""

from __future__ import annotations

import ast
import gzip
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

Reply = tuple[int, Any, Any]
"""Status, fields (a dict, or a list of pairs), content: str, bytes, or a list of either, which is sent in chunks."""

COMMON: Final[dict[str, Reply]] = {
    "GET /text": (200, {"Content-Type": "text/plain; charset=utf-8"}, "A few words, and \N{EURO SIGN}."),
    "GET /json": (200, {"Content-Type": "application/json"}, '{"a": [1, 2, 3]}'),
    "GET /chunked": (200, {"Content-Type": "text/plain"}, ["one\n", "two\n", "three\n"]),
    "GET /gzip": (200, {"Content-Type": "text/plain", "Content-Encoding": "gzip"}, gzip.compress(b"zipped " * 99, mtime=0)),
    "GET /fields": (200, [("X-A", "1"), ("Set-Cookie", "a=b"), ("X-A", "2"), ("Set-Cookie", "c=d")], "fields"),
    "GET /empty": (204, {}, ""),
    "GET /missing": (404, {"Content-Type": "text/plain"}, "nothing here"),
    "GET /broken": (500, {"Content-Type": "text/plain"}, "broken"),
    "GET /moved": (302, {"Location": "/text"}, ""),
    "GET /large": (200, {"Content-Type": "application/octet-stream"}, b"0123456789abcdef" * 16_384),
    "HEAD /text": (200, {"Content-Type": "text/plain", "Content-Length": "99"}, ""),
    "PUT /text": (201, {"Content-Type": "text/plain"}, "put"),
    "DELETE /text": (200, {}, ""),
}  # fmt: skip


def replies_of(program: Path) -> dict[str, Reply]:
    """Return what is in ``REPLIES`` of *program*, a literal: "METHOD path", or "METHOD path word" with a word of the request."""
    return dict(literal_of(program, "REPLIES", {}))


def literal_of(program: Path, name: str, default: Any) -> Any:
    for node in ast.parse(program.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            return ast.literal_eval(node.value)
    return default


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 60

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        setattr(self, f"do_{self.command}", self.answer)
        return True

    def answer(self) -> None:
        content = self._content().decode("latin-1")
        self.server.log.append([self.command, self.path, [list(pair) for pair in self.headers.items()], content])
        status, fields, body = self._reply(content)
        self.send_response_only(status)
        pairs = list(fields.items() if isinstance(fields, dict) else fields)
        for name, value in pairs:
            self.send_header(name, value)
        parts = body if isinstance(body, list) else [body]
        parts = [part.encode() if isinstance(part, str) else part for part in parts]
        if isinstance(body, list):
            self.send_header("Transfer-Encoding", "chunked")
        elif status >= 200 and status not in (204, 304) and "content-length" not in {name.lower() for name, _ in pairs}:
            self.send_header("Content-Length", str(len(parts[0])))
        self.end_headers()
        if self.command == "HEAD":
            return
        for part in parts:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if isinstance(body, list) else part)
        if isinstance(body, list):
            self.wfile.write(b"0\r\n\r\n")

    def _content(self) -> bytes:
        """Return what was sent, without its codings: gzip has the time in it, which is another in each process."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            content = b""
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(content) if self.headers.get("Content-Encoding") == "gzip" else content

    def _reply(self, content: str) -> Reply:
        path = self.path.partition("?")[0]
        for key, reply in self.server.replies.items():
            method, wanted, word = [*key.split(" ", 2), ""][:3]
            if method == self.command and wanted in (path, "*") and word in f"{self.path} {self.headers} {content}":
                return reply
        if self.command == "POST" and path == "/echo":
            told = {"content": content, "type": self.headers.get("Content-Type"), "target": self.path}
            return 200, {"Content-Type": "application/json"}, json.dumps(told)
        file = self.server.folder / "www" / path.strip("/")
        if file.is_dir():
            file /= "index.html"
        if self.command == "GET" and file.is_file():
            kind = "text/html" if file.suffix == ".html" else "application/octet-stream"
            return 200, {"Content-Type": kind}, file.read_bytes()
        return COMMON.get(f"{self.command} {path}", (404, {}, f"no {self.command} {self.path}"))

    def address_string(self) -> str:
        return "peer"

    def log_message(self, *arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    replies: dict[str, Reply]
    folder: Path
    log: list[Any]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that has gone


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def serving(program: Path, folder: Path, context: ssl.SSLContext) -> Iterator[tuple[dict[str, str], list[Any]]]:
    """Yield what a probe has to be told to run *program*, and the log of the requests."""
    log: list[Any] = []
    plain = _Server(("127.0.0.1", 0), _Handler)
    secure = _Server(("127.0.0.1", 0), _Handler)
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    unix = _UnixServer(str(folder / "peer.sock"), _Handler)
    servers: list[Any] = [plain, secure, unix]
    for server in servers:
        server.replies, server.folder, server.log = replies_of(program), folder, log
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield (
            {
                "program": str(program),
                "http": f"http://127.0.0.1:{plain.server_port}",
                "https": f"https://127.0.0.1:{secure.server_port}",
                "unix": str(folder / "peer.sock"),
                "folder": str(folder),
            },
            log,
        )
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join(10)
            server.server_close()
