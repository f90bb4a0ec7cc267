"""The other end, for tests without a server: scripted sockets and files that watch how they are read."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator

TIMEOUT_S = 5.0


@contextlib.contextmanager
def socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """(client's end, server's end), with a timeout on both, closed afterwards."""
    client, server = socket.socketpair()
    client.settimeout(TIMEOUT_S)
    server.settimeout(TIMEOUT_S)
    with client, server:
        yield client, server


@contextlib.contextmanager
def tcp_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """As ``socket_pair``, over TCP, for code that sets TCP's options."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), TIMEOUT_S)
        server, _ = listener.accept()
    server.settimeout(TIMEOUT_S)
    with client, server:
        yield client, server


@contextlib.contextmanager
def nobody(host: str = "127.0.0.1") -> Iterator[tuple[str, int]]:
    """An address that refuses: the port is taken, so that no other test's server gets it, and nobody listens there."""
    with socket.socket() as taken:
        taken.bind((host, 0))
        yield taken.getsockname()


@contextlib.contextmanager
def blackhole(host: str, port: int = 0) -> Iterator[tuple[str, int]]:
    """An address that answers nothing: a listener whose queue is full, so that the system drops what comes."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        stack.enter_context(socket.create_connection(listener.getsockname(), TIMEOUT_S))
        for _ in range(2):  # other systems take one or two more
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()


def answered(server: socket.socket, wire: bytes, *, closes: bool = False) -> None:
    """Send *wire* from the server's end, and its close; at most what the socket buffer holds."""
    server.sendall(wire)
    if closes:
        server.shutdown(socket.SHUT_WR)


def say_goodbye(sock: socket.socket) -> None:
    """Send close_notify, where there is TLS; the client's own is not waited for."""
    if isinstance(sock, ssl.SSLSocket):
        with contextlib.suppress(OSError):
            sock.settimeout(0)
            sock.unwrap()


def received(server: socket.socket) -> bytes:
    """Return what has arrived at the server's end by now."""
    server.setblocking(False)
    data = bytearray()
    try:
        while part := server.recv(65536):
            data += part
    except (BlockingIOError, ConnectionResetError):
        pass  # nothing more has come; the other end may have closed, with bytes of ours unread
    finally:
        server.settimeout(TIMEOUT_S)
    return bytes(data)


def take_request(sock: socket.socket) -> bytes:
    """Receive one request with a head and no more; return it, b"" where the client is done."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            return data
        if not part:
            return data
        data += part
    return data


def pump(outer: socket.socket, near: socket.socket) -> None:
    """Hand bytes on between two sockets until *near* ends, in one thread: an SSLSocket is no two threads' at once."""
    routes = {outer: near, near: outer}
    while near in routes:
        for source, target in list(routes.items()):
            source.settimeout(0.002)
            try:
                data = source.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            target.settimeout(TIMEOUT_S)
            with contextlib.suppress(OSError):  # the other end may be gone
                if data:
                    target.sendall(data)
            if not data:
                del routes[source]  # even where the other end is gone: else this would go round and round for ever
                if source is outer:
                    with contextlib.suppress(OSError):
                        near.shutdown(socket.SHUT_WR)
    say_goodbye(outer)


class WatchedFile(io.BytesIO):
    """A file that must not be asked for anything behind its *end*: where the server would still be silent."""

    def __init__(self, wire: bytes, end: int | None) -> None:
        super().__init__(wire)
        self._end = end

    def _check(self, wanted: int) -> None:
        if self._end is not None and (wanted < 0 or self.tell() + wanted > self._end):
            raise AssertionError(f"{wanted} bytes wanted at {self.tell()} of {self._end}")

    def read(self, size=-1):
        self._check(-1 if size is None else size)
        return super().read(size)

    def read1(self, size=-1):
        self._check(-1 if size is None else size)
        return super().read1(size)

    def readinto(self, buffer):
        self._check(len(buffer))
        return super().readinto(buffer)

    def readline(self, size=-1):
        line = super().readline(size)
        if self._end is not None and (self.tell() > self._end or not line):
            raise AssertionError(f"a line wanted that ends at {self.tell()} of {self._end}")
        return line

    def peek(self, size=-1):
        raise AssertionError("io.BytesIO has no peek")


class OnlyMakefile:
    """A "socket" that has nothing but ``makefile("rb")``."""

    def __init__(self, file: io.BufferedIOBase | None) -> None:
        self.file = file

    def makefile(self, mode: str = "r"):
        assert mode == "rb"
        return self.file


class ScriptedServer:
    """Listens on loopback; each connection is given to *serve*, one after another, in one thread.

    ``with ScriptedServer(serve) as server``: leaving the block stops it and raises what *serve* raised.
    """

    def __init__(self, serve: Callable[[socket.socket], None], wrap=None) -> None:
        self._serve = serve
        self._wrap = wrap
        self.connections = 0
        self._failure: BaseException | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stopped.is_set():
            sock, _ = self._listener.accept()
            if self._stopped.is_set():
                sock.close()
                return
            self.connections += 1
            sock.settimeout(TIMEOUT_S)
            with sock:
                try:
                    if self._wrap is None:
                        self._serve(sock)
                    else:
                        with self._wrap(sock) as secured:
                            self._serve(secured)
                except (ConnectionError, TimeoutError, ssl.SSLError):
                    pass  # the client went away, or does not trust us, as the test wanted
                except BaseException as error:
                    self._failure = error
                    return

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, kind, *_) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):  # a script that failed has left the listener to nobody
            socket.create_connection((self.host, self.port), TIMEOUT_S).close()
        self._thread.join(2 * TIMEOUT_S)
        self._listener.close()
        assert not self._thread.is_alive(), "the scripted server did not stop"
        if self._failure is not None and kind is None:
            raise self._failure


def replying(*replies: bytes | Iterable[bytes]) -> Callable[[socket.socket], None]:
    """Return a *serve* that answers the requests of a connection with *replies* in turn, and then closes."""

    def serve(sock: socket.socket) -> None:
        for reply in replies:
            if not take_request(sock):
                return
            for piece in (reply,) if isinstance(reply, bytes) else reply:
                sock.sendall(piece)

    return serve


def reads_for_ever(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass
