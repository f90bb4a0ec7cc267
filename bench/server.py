"""The embedded HTTP server: a process of its own, on loopback, on a free port, of the standard library only.

    python -m bench.server [--tls]

prints {"host": ..., "port": ..., "cafile": ...} as one line of JSON, and serves /echo and all that replies.py
lists until standard input closes or SIGTERM comes. From Python:

    with running(tls=True) as server:
        connection = HTTPSConnection(server.host, server.port, context=server.client_context())

Strategy: a thread for each connection, blocking calls, answers rendered beforehand. For the one connection of
a client that is being measured nothing in Python is cheaper: a request costs one recv, a look for its empty
line, a dict look-up and one send, with no event loop between them. Many busy connections are nginx.py's work.

It is a peer for tests, not a server for the world: a client that misbehaves is cut off without a word.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.certificate import make_certificate
from bench.replies import Reply, reply_to, sized

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
MAX_HEAD_BYTES = 1 << 20
DRIP_BYTES = 16


# ------------------------------------------------------------------ for the parent


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens, and what a client needs to trust it."""

    host: str
    port: int
    cafile: str | None = None

    def url(self, path: str = "/") -> str:
        """The absolute URL of `path`."""
        return f"{'https' if self.cafile else 'http'}://{self.host}:{self.port}{path}"

    def client_context(self) -> ssl.SSLContext | None:
        """A TLS context that trusts this server and no other; None where it speaks plain HTTP."""
        return ssl.create_default_context(cafile=self.cafile) if self.cafile else None


@contextlib.contextmanager
def running(*, tls: bool = False, timeout_s: float = 10.0) -> Iterator[Server]:
    """A server in a child process, ready when the block begins and gone when it ends.

    Raises RuntimeError where it is not ready within `timeout_s`; what went wrong is on standard error.
    """
    command = [sys.executable, "-m", "bench.server", *(["--tls"] if tls else [])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin
        assert child.stdout
        watchdog = threading.Timer(timeout_s, child.kill)  # bounds the readline (select: not on Windows)
        watchdog.start()
        try:
            announcement = child.stdout.readline()
        finally:
            watchdog.cancel()
        try:
            if not announcement:
                raise RuntimeError(f"the embedded server was not ready within {timeout_s:g} s, or failed")
            yield Server(**json.loads(announcement))
        finally:
            child.stdin.close()
            try:
                child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                child.kill()


# ------------------------------------------------------------------ one connection


class Incoming:
    """The bytes that one connection receives, taken by mark or by count. EOFError where they end too soon."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._kept = b""

    def take_head(self) -> bytes:
        """The next request's head without its empty line, or b"" where the client is done."""
        return self._take_until(b"\r\n\r\n", at_end=b"")

    def take_line(self) -> bytes:
        """The next line without its CRLF."""
        return self._take_until(b"\r\n")

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        pieces, missing = [self._kept], size - len(self._kept)
        while missing > 0:
            pieces.append(self._receive())
            missing -= len(pieces[-1])
        whole = b"".join(pieces)
        self._kept = whole[size:]
        return whole[:size]

    def _take_until(self, mark: bytes, at_end: bytes | None = None) -> bytes:
        while True:
            taken, found, rest = self._kept.partition(mark)
            if found:
                self._kept = rest
                return taken
            if len(self._kept) > MAX_HEAD_BYTES:
                raise ValueError(f"no {mark!r} in {len(self._kept)} bytes")
            try:
                self._kept += self._receive()
            except EOFError:
                if at_end is None or self._kept:
                    raise
                return at_end

    def _receive(self) -> bytes:
        data = self._sock.recv(65536)
        if not data:
            raise EOFError
        return data


def serve(sock: socket.socket) -> None:
    """Answer the requests of one connection, one after another, until either side has had enough."""
    incoming = Incoming(sock)
    while head := incoming.take_head():
        method, target, version = head.partition(b"\r\n")[0].split(b" ")
        lowered = head.lower()
        if b"\r\nexpect: 100-continue" in lowered:
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, trailers = take_body(incoming, lowered)
        path = target.partition(b"?")[0]
        reply = echo(head, body, trailers) if path == b"/echo" else reply_to(path)
        persist = reply.persist and b"\r\nconnection: close" not in lowered and version == b"HTTP/1.1"
        send(sock, reply, head_only=method == b"HEAD", say_close=reply.persist and not persist)
        if not persist:
            return


def take_body(incoming: Incoming, lowered_head: bytes) -> tuple[bytes, list[bytes]]:
    """The body of the request and the lines of its trailer section, of either framing."""
    if b"\r\ntransfer-encoding:" in lowered_head:
        chunks = []
        while size := int(incoming.take_line().partition(b";")[0], 16):
            chunks.append(incoming.take(size))
            incoming.take_line()
        return b"".join(chunks), list(iter(incoming.take_line, b""))
    _, found, rest = lowered_head.partition(b"\r\ncontent-length:")
    return (incoming.take(int(rest.partition(b"\r\n")[0])) if found else b""), []


def echo(head: bytes, body: bytes, trailers: list[bytes]) -> Reply:
    """The request as JSON: method, target, version, headers and trailers as pairs, body. All is Latin-1."""

    def pairs(lines: list[str]) -> list[list[str]]:
        return [[name, value.strip(" \t")] for name, _, value in (line.partition(":") for line in lines)]

    request_line, *field_lines = head.decode("latin-1").split("\r\n")
    method, target, version = request_line.split(" ")
    seen = {"method": method, "target": target, "version": version, "headers": pairs(field_lines)}
    seen |= {"body": body.decode("latin-1"), "trailers": pairs([line.decode("latin-1") for line in trailers])}
    return sized(json.dumps(seen).encode(), media_type="application/json")


def send(sock: socket.socket, reply: Reply, *, head_only: bool, say_close: bool) -> None:
    """Send the reply, cut to its head for HEAD, with `Connection: close` where it is the last."""
    wire = reply.head if head_only else reply.wire
    if say_close:
        cut = len(reply.head) - 2
        wire = wire[:cut] + b"Connection: close\r\n" + wire[cut:]
    if reply.wait_s:
        time.sleep(reply.wait_s)
    if reply.pause_s:
        for at in range(0, len(wire), DRIP_BYTES):
            sock.sendall(wire[at : at + DRIP_BYTES])
            time.sleep(reply.pause_s)
        return
    sock.sendall(wire)
    if not head_only:
        for piece in reply.rest:
            sock.sendall(piece)


def serve_connection(sock: socket.socket, context: ssl.SSLContext | None) -> None:
    """A thread's whole life: TLS if asked for, the requests, a clean end."""
    # A client that goes away (OSError, EOFError) ends its own connection, and so does one that talks nonsense
    # (ValueError): there is nobody to tell.
    with contextlib.suppress(OSError, EOFError, ValueError), contextlib.ExitStack() as stack:
        stack.enter_context(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            serve(sock)
            sock.shutdown(socket.SHUT_WR)
            return
        secured = stack.enter_context(context.wrap_socket(sock, server_side=True))
        serve(secured)
        secured.settimeout(1.0)
        secured.unwrap()  # close_notify: without it a client must take a body that ends here for a cut one


# ------------------------------------------------------------------ the process


def accept_until_closed(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    """Give each connection a thread. Daemons: the process does not wait for clients that linger."""
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            if listener.fileno() < 0:
                return
            raise
        threading.Thread(target=serve_connection, args=(sock, context), daemon=True).start()


def main() -> None:
    """Listen, announce, and serve until standard input closes or SIGTERM comes."""
    arguments = argparse.ArgumentParser(prog="python -m bench.server", description="A server on loopback.")
    arguments.add_argument("--tls", action="store_true", help="speak TLS, with a new certificate")
    tls = arguments.parse_args().tls
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="httpconn-server-") as folder:
        context, cafile = None, None
        if tls:
            try:
                certificate, key = make_certificate(Path(folder))
            except RuntimeError as error:
                sys.exit(f"bench.server: {error}")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            cafile = str(certificate)
        with socket.create_server((HOST, 0), backlog=1024) as listener:
            threading.Thread(target=accept_until_closed, args=(listener, context), daemon=True).start()
            print(json.dumps(asdict(Server(HOST, listener.getsockname()[1], cafile))), flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                sys.stdin.buffer.read()
            # The threads that serve may be in the middle of anything: they end with the process.


if __name__ == "__main__":
    main()
