"""Proxies that nobody here wrote: squid, tinyproxy, microsocks and Dante, as children of the test on free ports."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import pwd
import random
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .peers import TIMEOUT_S, pump, say_goodbye

FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin"
USER, PASSWORD = "user", "p:ss w@rd"
"""What they ask for, where they ask; the URL has it percent-encoded."""
USERINFO = "user:p%3Ass%20w%40rd"

SQUID = """
{listen}
pid_filename none
cache_log {folder}/cache.log
access_log stdio:{folder}/access.log
cache deny all
shutdown_lifetime 0 seconds
coredump_dir {folder}
visible_hostname squid.test
dns_v4_first on
via on
{auth}
"""
SQUID_OPEN = "http_access allow all"
SQUID_AUTH = """
auth_param basic program {helper} {folder}/passwords
auth_param basic children 1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 30
MaxClients 50
LogLevel Info
LogFile "{folder}/tinyproxy.log"
Allow 127.0.0.1
{auth}
"""

DANTE = """
logoutput: stderr
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: {user}
user.unprivileged: {user}
client pass {{ from: 127.0.0.0/8 to: 127.0.0.0/8 }}
socks block {{ from: 127.0.0.0/8 to: 127.0.0.9/32 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
"""


_given: set[int] = set()


def free_port() -> int:
    """A port for a program that will bind it in a moment, and no second time: one server may ask for several first.

    None of those that the system gives to whoever wants any: it could be another test's by then.
    """
    lowest = 32_768
    with contextlib.suppress(OSError):
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    chance = random.SystemRandom()  # hypothesis seeds the others, in all workers alike
    for _ in range(100):
        port = chance.randrange(10_000, lowest) if lowest > 12_000 else 0
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as listener:
            port = listener.getsockname()[1]
            if port not in _given:
                _given.add(port)
                return port
    raise AssertionError("no port is free")


def program(name: str) -> str:
    """Return the path of a server. Where it is missing, skip, or fail in CI."""
    found = shutil.which(name) or shutil.which(name, path=FOLDERS)
    if found is None:
        if "CI" in os.environ:
            pytest.fail(f"{name} is not installed here")
        pytest.skip(f"{name} is not installed here")
    return found


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a server, which answers on *port*, until the end of the block."""
    log = folder / f"output-{port}"
    with open(log, "w+b") as output, subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as child:
        try:
            deadline = time.monotonic() + 40
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert child.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.02)
            yield
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


def _for_squid(folder: Path) -> Path:
    """Return a folder below *folder* that squid, which is not root, can reach and write to."""
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.getuid() and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    own = folder / "squid"
    own.mkdir()
    own.chmod(0o777)
    return own


@contextlib.contextmanager
def squid(folder: Path, *, asks: bool, certificate: Path | None = None) -> Iterator[int]:
    """Yield the port of squid; with *certificate*, a PEM file of key and chain, it is an HTTPS proxy."""
    command, port, folder = program("squid"), free_port(), _for_squid(folder)
    listen = f"http_port 127.0.0.1:{port}"
    if certificate is not None:
        copy = folder / "certificate.pem"
        shutil.copy(certificate, copy)
        copy.chmod(0o644)
        listen = f"https_port 127.0.0.1:{port} tls-cert={copy} tls-key={copy}"
    auth = SQUID_OPEN
    if asks:
        coded = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], capture_output=True, text=True, check=True)
        (folder / "passwords").write_text(f"{USER}:{coded.stdout}")
        auth = SQUID_AUTH.format(helper="/usr/lib/squid/basic_ncsa_auth", folder=folder)
    (folder / "conf").write_text(SQUID.format(listen=listen, folder=folder, auth=auth))
    with running([command, "-N", "-n", f"test{port}", "-f", str(folder / "conf")], port, folder):
        yield port


@contextlib.contextmanager
def tinyproxy(folder: Path, *, asks: bool) -> Iterator[int]:
    command, port = program("tinyproxy"), free_port()
    # Its configuration knows no quoting: the test's own password cannot be written in it.
    auth = f"BasicAuth {USER} plain" if asks else ""
    (folder / "tinyproxy.conf").write_text(TINYPROXY.format(port=port, folder=folder, auth=auth))
    with running([command, "-d", "-c", str(folder / "tinyproxy.conf")], port, folder):
        yield port


@contextlib.contextmanager
def microsocks(folder: Path, *, asks: bool, password: str = PASSWORD) -> Iterator[int]:
    command, port = program("microsocks"), free_port()
    auth = ["-u", USER, "-P", password] if asks else []
    with running([command, "-i", "127.0.0.1", "-p", str(port), *auth], port, folder):
        yield port


@contextlib.contextmanager
def dante(folder: Path) -> Iterator[int]:
    """Dante, without a password (it would be a user's of this system); it refuses to go to 127.0.0.9."""
    command, port = program("danted"), free_port()
    user = pwd.getpwuid(os.getuid()).pw_name
    (folder / "danted.conf").write_text(DANTE.format(port=port, user=user))
    with running([command, "-f", str(folder / "danted.conf"), "-p", str(folder / "danted.pid")], port, folder):
        yield port


class Recording(http.server.ThreadingHTTPServer):
    """An origin and an HTTP proxy in one: ``requests`` are the heads that it got, by the request-line's method.

    As an origin, it answers with what it was told. As a proxy, it forwards nothing: an absolute request-target is
    answered as an origin's; CONNECT opens a tunnel to where it points, or to *leads_to*. With *asks*, it wants a user
    with the password "pass" or "secret". With a *context*, it speaks TLS.
    """

    daemon_threads = False  # the end of the server is the end of its threads, and of their sockets
    request_queue_size = 128

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        *,
        asks: bool = False,
        leads_to: tuple[str, int] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__((host, port), RecordingHandler)
        self.context = context
        self.asks = asks
        self.leads_to = leads_to
        self.requests: list[tuple[str, dict[str, str]]] = []
        """(request-line, fields)"""
        self.connections = 0
        self.redirects: dict[str, str] = {}
        """Request-target to Location."""
        self._sockets: set[socket.socket] = set()
        self._is_over = False
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @contextlib.contextmanager
    def kept(self, sock: socket.socket) -> Iterator[None]:
        """Within it, the end of the server is the end of what *sock* is waited for."""
        self._sockets.add(sock)
        try:
            if self._is_over:
                raise ConnectionAbortedError("the server has ended meanwhile")
            yield
        finally:
            self._sockets.discard(sock)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        request.settimeout(TIMEOUT_S)
        with contextlib.suppress(OSError):  # the client does not trust us, or is gone
            if self.context is None:
                with self.kept(request):
                    super().finish_request(request, client_address)
                return
            secured = self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            with secured, self.kept(secured):
                try:
                    secured.do_handshake()
                    super().finish_request(secured, client_address)
                finally:
                    say_goodbye(secured)

    def heads(self, method: str = "") -> list[tuple[str, dict[str, str]]]:
        """Return what came, of the requests with that method."""
        return [(line, fields) for line, fields in self.requests if line.startswith(method)]

    def __enter__(self) -> Recording:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self._is_over = True
        for sock in list(self._sockets):
            with contextlib.suppress(OSError):  # it was closed meanwhile
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self.server_close()  # waits for the threads


class RecordingHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Recording

    def log_message(self, *_: object) -> None:
        pass

    def _note(self) -> dict[str, str]:
        fields = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.requestline, fields))
        return fields

    def _is_let_in(self, fields: dict[str, str]) -> bool:
        told = fields.get("proxy-authorization", "").removeprefix("Basic ")
        user, _, password = base64.b64decode(told).decode().partition(":")
        if not self.server.asks or (user.startswith("user") and password in ("pass", "secret")):
            return True
        self.close_connection = True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_GET(self) -> None:
        fields = self._note()
        if not self._is_let_in(fields):
            return
        location = self.server.redirects.get(self.path)
        if location is not None:
            self.send_response(302)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = json.dumps({"line": self.requestline, "fields": fields}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        if self.headers["Transfer-Encoding"] == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_CONNECT(self) -> None:
        fields = self._note()
        self.close_connection = True
        if not self._is_let_in(fields):
            return
        host, _, port = self.path.rpartition(":")
        where = self.server.leads_to or (host.strip("[]"), int(port))
        if where[0].endswith(".test"):  # nobody's name; no name server is asked, which could take its time
            raise ConnectionAbortedError(f"{where[0]} is not known")
        with socket.create_connection(where, TIMEOUT_S) as far, self.server.kept(far):
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pump(self.connection, far)


def url_of(server: Recording, scheme: str = "http", userinfo: str = "", host: str = "127.0.0.1") -> str:
    """Return its URL, as an origin's or a proxy's."""
    return f"{scheme}://{userinfo}{host}:{server.server_port}"
