"""The opening of a connection: the race of its addresses, the layers above it, and TLS inside of TLS."""

from __future__ import annotations

import contextlib
import errno
import gc
import hashlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import trustme

from httpconn._io.channel import ATTEMPT_DELAY_S, READ, WRITE, Channel
from httpconn._io.layers import SocketSettings, TLSSettings
from httpconn._io.nested import NestedTLS
from httpconn._io.watch import Watch
from httpconn.errors import FingerprintMismatch

from ..support.certificates import client_context_for, server_context_for
from ..support.peers import ScriptedServer, blackhole, nobody, pump, say_goodbye, tcp_pair

LIMIT_S = 10.0
PLAIN = SocketSettings()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context_for(authority, "localhost", "inner.test")


def opened(channel: Channel) -> Channel:
    """Open *channel* as a blocking caller does."""
    deadline = time.monotonic() + LIMIT_S
    while wanted := channel.open():
        channel.wait(wanted, deadline - time.monotonic())
        assert time.monotonic() < deadline, "the channel did not open"
    return channel


def waited(channel: Channel, step: Callable[[], Any]) -> Any:
    """Return what *step* gives, when it gives something."""
    deadline = time.monotonic() + LIMIT_S
    while (found := step()) is None or found == 0:
        assert channel.wait(channel.wants, deadline - time.monotonic()), "nothing came"
    return found


def test_a_socket_that_a_program_has_closed_is_a_lost_connection() -> None:
    """``response.raw.connection.sock`` hands it out under requests, and a signal's handler may close it."""
    with ScriptedServer(echo) as server:
        channel = Channel(inet((server.host, server.port)), PLAIN)
        opened(channel)
        channel.sock.close()
        with pytest.raises(ConnectionAbortedError, match="has closed the socket"):
            channel.wait(READ, LIMIT_S)
        with pytest.raises(OSError):
            channel.receive(1)


# -- addresses


def test_a_wait_is_never_longer_than_it_is_told() -> None:
    """Also where the time is over already, for which poll() would wait for ever; the first wait keeps its poller."""
    with tcp_pair() as (ours, theirs), contextlib.closing(opened_over(ours)) as channel:
        for _ in range(2):
            for timeout_s in (-1.0, -1e-9, 0.0, 1e-9):
                assert not channel.wait(READ, timeout_s)
        theirs.sendall(b"x")
        for timeout_s in (None, LIMIT_S, 1e6, 1e300):
            assert channel.wait(READ, timeout_s)
        assert channel.wait(WRITE, -1.0)


def opened_over(sock: socket.socket) -> Channel:
    channel = Channel([], PLAIN)
    channel.sock, channel.connected_at = sock, 1.0
    return channel


@contextlib.contextmanager
def listening(host: str = "127.0.0.1", port: int = 0) -> Iterator[tuple[str, int]]:
    with socket.create_server((host, port)) as listener:
        yield listener.getsockname()


def inet(*addresses: tuple[str, int]) -> list[tuple[int, Any]]:
    return [(socket.AF_INET, address) for address in addresses]


def test_one_address_costs_nothing() -> None:
    """One socket, no timer."""
    with listening() as address:
        channel = Channel(inet(address), PLAIN)
        channel.open()
        assert (channel.number, channel.next_at) == (1, 0.0)
        opened(channel)
        assert (channel.number, channel.dead) == (1, [])
        assert channel.sock.getpeername() == address
        channel.close()


@pytest.mark.parametrize("default_s", [None, 5.0])
@pytest.mark.parametrize("is_standard", [True, False])
def test_it_never_blocks(is_standard: bool, default_s: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor with a class of others, which may know no kind of socket but the plain one."""

    class Other(socket.socket):
        def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
            if type != socket.SOCK_STREAM:
                raise ValueError(f"expected SOCK_STREAM, got {type!r}")
            super().__init__(family, type, proto, fileno)

    with listening() as address, monkeypatch.context() as patch:
        patch.setattr(socket, "socket", socket.socket if is_standard else Other)
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(default_s)
        try:
            channel = Channel(inet(address), PLAIN)
            channel.open()
        finally:
            socket.setdefaulttimeout(before)
        opened(channel)
        assert channel.sock.gettimeout() == 0.0
        assert not channel.sock.get_inheritable()
        assert channel.receive(1) is None
        channel.close()


def test_why_an_address_has_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As SO_ERROR tells, where getpeername() says only that there is no connection: by EINVAL, as on macOS."""

    class Refused(socket.socket):
        def connect_ex(self, address: Any) -> int:
            return errno.EINPROGRESS

        def getpeername(self) -> Any:
            raise OSError(errno.EINVAL, "Invalid argument")

        def getsockopt(self, level: int, name: int, *size: int) -> Any:
            is_asked = (level, name) == (socket.SOL_SOCKET, socket.SO_ERROR)
            return errno.ECONNREFUSED if is_asked else super().getsockopt(level, name, *size)

    monkeypatch.setattr(socket, "socket", Refused)
    channel = Channel(inet(("127.0.0.1", 9)), PLAIN)
    assert channel.open()
    with pytest.raises(ConnectionRefusedError):
        channel.open()
    assert channel.dead == inet(("127.0.0.1", 9))


def test_a_finalizer_closes_it_while_its_sockets_are_asked_for() -> None:
    """What is iterated over is held: C would lend it to a call, and it would be gone within."""
    threshold = gc.get_threshold()
    with blackhole("127.0.0.2") as silent:
        for _ in range(100):
            channel = Channel(inet(silent), PLAIN)
            channel.open()

            def close(*_: Any, channel: Channel = channel) -> None:
                channel.close()

            gc.callbacks.append(close)
            gc.set_threshold(1)
            try:
                found = channel.sockets
            finally:
                gc.set_threshold(*threshold)
                gc.callbacks.remove(close)
            assert all(isinstance(sock, socket.socket) for sock in found)
            channel.close()


def test_a_silent_address_delays_by_a_quarter_of_a_second() -> None:
    with blackhole("127.0.0.2") as silent, listening() as address:
        began = time.monotonic()
        channel = opened(Channel(inet(silent, address), PLAIN))
        assert time.monotonic() - began >= ATTEMPT_DELAY_S
        assert channel.sock.getpeername() == address
        assert channel.dead == inet(silent)
        channel.close()


def test_a_refused_address_delays_by_nothing() -> None:
    with nobody("127.0.0.3") as refused, blackhole("127.0.0.2") as silent, listening() as address:
        channel = Channel(inet(refused, address, silent), PLAIN)
        wanted = channel.open()
        if not channel.dead:
            assert channel.wait(wanted, LIMIT_S), "nothing came of it, and it was to be refused"
            channel.open()
        assert [where[0] for _, where in channel.dead] == ["127.0.0.3"]
        assert channel.number >= 3, "the next one is begun in the same step"
        opened(channel)
        assert channel.sock.getpeername() == address
        channel.close()


def test_an_answer_closes_the_others() -> None:
    """The late address is begun, then the first one answers after all: the other's socket goes, and is not blamed."""
    with listening() as first, blackhole("127.0.0.2") as silent:
        channel = Channel(inet(first, silent), PLAIN)
        begin = channel._begin
        begin(channel._addresses.pop())
        if channel.connected_at:
            pytest.skip("this system connects on loopback at once")
        begin(channel._addresses.pop())
        sockets = channel.sockets
        assert len(sockets) == 2
        opened(channel)
        assert channel.sock.getpeername() == first
        assert [sock.fileno() == -1 for sock in sockets] == [False, True]
        assert channel.dead == []
        channel.close()


def test_the_next_one_is_begun_when_the_last_one_fails() -> None:
    """Also where that comes late, and an older one is still silent (RFC 8305 section 5)."""
    with blackhole("127.0.0.2") as silent, blackhole("127.0.0.4") as other, listening() as address:
        channel = Channel(inet(silent, other, address), PLAIN)
        channel._begin(channel._addresses.pop())
        channel._begin(channel._addresses.pop())
        channel.open()
        assert len(channel.sockets) == 2
        channel._give_up(channel._trying[-1], ConnectionRefusedError())  # which no loopback address does late
        channel.next_at = channel.next_at and time.monotonic() + LIMIT_S
        channel.open()
        assert not channel._addresses, "the next one is begun in the same step"
        opened(channel)
        assert channel.sock.getpeername() == address
        channel.close()


def test_an_older_one_that_fails_does_not_hurry() -> None:
    with blackhole("127.0.0.2") as silent, blackhole("127.0.0.4") as other, listening() as address:
        channel = Channel(inet(silent, other, address), PLAIN)
        channel._begin(channel._addresses.pop())
        channel._begin(channel._addresses.pop())
        channel._give_up(channel._trying[0], ConnectionRefusedError())
        channel.open()
        assert len(channel.sockets) == 1
        assert channel.next_at > time.monotonic()
        opened(channel)
        channel.close()


@pytest.mark.slow
def test_no_address_answers() -> None:
    with nobody("127.0.0.3") as one, blackhole("127.0.0.2") as silent, nobody("127.0.0.4") as other:
        channel = Channel(inet(one, silent, other), PLAIN)
        began = time.monotonic()
        while wanted := channel.open():
            limit_s = 3 * ATTEMPT_DELAY_S if len(channel.dead) == 3 else LIMIT_S
            if time.monotonic() >= began + limit_s:
                break
            channel.wait(wanted, began + limit_s - time.monotonic())
        assert wanted
        sockets = channel.sockets
        assert len(sockets) == 1
        channel.close()
        assert sockets[0].fileno() == -1
        assert sorted(where[0] for _, where in channel.dead) == ["127.0.0.2", "127.0.0.3", "127.0.0.4"]


def test_all_addresses_refuse() -> None:
    with nobody("127.0.0.3") as one, nobody("127.0.0.4") as other, pytest.raises(ConnectionRefusedError):
        opened(Channel(inet(one, other), PLAIN))
    with pytest.raises(OSError, match="no address"):
        opened(Channel([], PLAIN))


def test_an_address_of_the_wrong_family_is_passed_over() -> None:
    """Bound to an IPv4 address, an IPv6 one cannot be reached."""
    with listening() as address:
        settings = SocketSettings(source_address=("127.0.0.1", 0))
        channel = opened(Channel([(socket.AF_INET6, ("::1", address[1], 0, 0)), *inet(address)], settings))
        assert channel.sock.getpeername() == address
        channel.close()


# -- what is said before the connection is ours


class Scripted:
    """A handshake: *says* in turn, each after an answer of the same length."""

    def __init__(self, *says: bytes) -> None:
        self._says = list(says)
        self._wanted = 0
        self.heard = b""

    def outgoing(self) -> bytes:
        if self._wanted or not self._says:
            return b""
        word = self._says.pop(0)
        self._wanted = len(word)
        return word

    def receive(self, data: bytes) -> bool:
        if not data:
            raise ConnectionAbortedError("closed in the middle")
        self.heard += data
        self._wanted -= len(data)
        return not self._wanted and not self._says


def echo(sock: socket.socket) -> None:
    while data := sock.recv(65_536):
        sock.sendall(data)


def test_a_handshake_in_steps() -> None:
    large = bytes(range(256)) * 8_192  # more than the buffers of the sockets take at once
    with ScriptedServer(echo) as server:
        handshake = Scripted(b"one", large, b"three")
        channel = opened(Channel(inet((server.host, server.port)), PLAIN, [handshake]))
        assert handshake.heard == b"one" + large + b"three"
        assert channel.secured_at >= channel.connected_at > 0
        assert not channel.is_tls
        channel.close()


def test_a_handshake_that_is_cut() -> None:
    with ScriptedServer(lambda sock: None) as server:
        channel = Channel(inet((server.host, server.port)), PLAIN, [Scripted(b"hello")])
        with pytest.raises(ConnectionError):
            opened(channel)
        channel.close()


def test_layers_are_put_on_in_their_order(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> None:
    def serve(sock: socket.socket) -> None:
        assert sock.recv(5) == b"hello"
        sock.sendall(b"HELLO")
        with server_context.wrap_socket(sock, server_side=True) as secured:
            echo(secured)

    with ScriptedServer(serve) as server:
        layers = [Scripted(b"hello"), TLSSettings(client_context, "localhost")]
        channel = opened(Channel(inet((server.host, server.port)), PLAIN, layers))
        assert channel.is_tls
        assert channel.send(b"ping") == 4
        assert waited(channel, lambda: channel.receive(100)) == b"ping"
        channel.close()


@pytest.mark.parametrize("name", ["recv", "read", "send", "pending"])
def test_what_a_context_makes_sockets_of_is_asked(
    name: str, server_context: ssl.SSLContext, authority: trustme.CA
) -> None:
    """Where a way of it is another than Python's own."""
    asked: list[str] = []

    def ask(sock: Any, *args: Any) -> Any:
        asked.append(name)
        return getattr(ssl.SSLSocket, name)(sock, *args)

    context = client_context_for(authority)
    context.sslsocket_class = type("Asked", (ssl.SSLSocket,), {name: ask})
    with ScriptedServer(echo, wrap=lambda sock: server_context.wrap_socket(sock, server_side=True)) as server:
        layers = [TLSSettings(context, "localhost")]
        channel = opened(Channel(inet((server.host, server.port)), PLAIN, layers))
        asked.clear()
        assert channel.send(b"ping") == 4
        assert waited(channel, lambda: channel.receive(100)) == b"ping"
        assert not channel.has_pending()
        assert asked
        channel.close()
        assert channel.tls_object is None


# -- fingerprints


def shown_by(context: ssl.SSLContext, client_context: ssl.SSLContext) -> bytes:
    with ScriptedServer(echo, wrap=lambda sock: context.wrap_socket(sock, server_side=True)) as server:
        with socket.create_connection((server.host, server.port)) as sock:
            with client_context.wrap_socket(sock, server_hostname="localhost") as secured:
                return hashlib.sha256(secured.getpeercert(True) or b"").digest()


def test_fingerprint(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> None:
    fingerprint = shown_by(server_context, client_context)
    received: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        received.append(sock.recv(100))

    with ScriptedServer(serve, wrap=lambda sock: server_context.wrap_socket(sock, server_side=True)) as server:
        address = inet((server.host, server.port))
        tls = TLSSettings(client_context, "localhost", fingerprint=fingerprint)
        channel = opened(Channel(address, PLAIN, [tls]))
        channel.send(b"ping")
        channel.close()
        other = TLSSettings(client_context, "localhost", fingerprint=bytes(32))
        channel = Channel(address, PLAIN, [other])
        with pytest.raises(FingerprintMismatch, match=fingerprint.hex()):
            opened(channel)
        channel.close()
    assert received[0] == b"ping"
    assert b"".join(received[1:]) == b"", "something was sent to the wrong peer"


# -- TLS inside of TLS


class Tunnelled:
    """The server's end of TLS inside of TLS: the outer one is taken off by a thread that hands the bytes on."""

    def __init__(self, context: ssl.SSLContext, serve: Callable[[socket.socket], None]) -> None:
        self._context = context
        self._serve = serve

    def __call__(self, outer: socket.socket) -> None:
        assert isinstance(outer, ssl.SSLSocket)
        with tcp_pair() as (near, far):
            thread = threading.Thread(target=pump, args=(outer, near))
            thread.start()
            try:
                with self._context.wrap_socket(far, server_side=True) as inner:
                    self._serve(inner)
                    say_goodbye(inner)
            finally:
                thread.join(LIMIT_S)
                assert not thread.is_alive()


@pytest.fixture
def nested(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> Any:
    """Return a context manager: the channel to a server that speaks TLS inside of TLS and then does *serve*."""

    @contextlib.contextmanager
    def connect(serve: Callable[[socket.socket], None], inner: TLSSettings | None = None) -> Iterator[Channel]:
        wrap = lambda sock: server_context.wrap_socket(sock, server_side=True)  # noqa: E731
        with ScriptedServer(Tunnelled(server_context, serve), wrap=wrap) as server:
            layers = [TLSSettings(client_context, "localhost"), inner or TLSSettings(client_context, "inner.test")]
            channel = Channel(inet((server.host, server.port)), PLAIN, layers)
            try:
                yield channel
            finally:
                channel.close()

    return connect


def _into(channel: Channel) -> bytes | None:
    room = bytearray(10_000)
    count = channel.receive_into(memoryview(room))
    return None if count is None else bytes(room[:count])


@pytest.mark.parametrize("receive", [lambda channel: channel.receive(10_000), _into], ids=["bytes", "into"])
def test_tls_in_tls(nested: Any, receive: Any) -> None:
    """Megabytes there and back: more than any buffer holds, so that both ends wait for each other."""
    content = bytes(range(256)) * 12_000

    def serve(sock: socket.socket) -> None:
        taken = 0
        while taken < len(content):
            taken += len(sock.recv(65_536))
        sock.sendall(content)

    with nested(serve) as channel:
        opened(channel)
        at = 0
        while at < len(content):
            at += waited(channel, partial(channel.send, memoryview(content)[at:]))
        received = bytearray()
        while part := waited(channel, partial(receive, channel)):
            received += part
        assert received == content
        assert channel.is_clean


def test_tls_in_tls_tells_what_no_wait_tells(nested: Any) -> None:
    """What one look at the socket brought is given out in small parts, and is pending until it is all taken."""
    with nested(echo) as channel:
        opened(channel)
        for _ in range(3):
            channel.send(bytes(1_000))
        received = 0
        while received < 3_000:
            if not channel.has_pending():
                assert channel.wait(READ, LIMIT_S)
            received += len(channel.receive(7) or b"")
        assert not channel.has_pending()


def test_tls_in_tls_is_looked_at_while_idle(nested: Any) -> None:
    go_on = threading.Event()

    def serve(sock: socket.socket) -> None:
        sock.sendall(b"asked for")
        go_on.wait(LIMIT_S)
        sock.sendall(b"not asked for")

    with nested(serve) as channel:
        opened(channel)
        assert waited(channel, lambda: channel.receive(100)) == b"asked for"
        watch = Watch(channel.sock)
        assert watch.is_quiet()
        go_on.set()
        deadline = time.monotonic() + LIMIT_S
        while watch.is_quiet():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_tls_in_tls_that_is_cut(nested: Any) -> None:
    """The outer connection ends, and the inner one has not said that it is done."""

    def serve(sock: socket.socket) -> None:
        sock.sendall(b"half")
        raise ConnectionAbortedError("without a goodbye")

    with nested(serve) as channel:
        opened(channel)
        assert waited(channel, lambda: channel.receive(100)) == b"half"
        assert waited(channel, lambda: channel.receive(100)) == b""
        assert not channel.is_clean


@pytest.mark.parametrize("wrong", ["the name", "the authority"])
def test_tls_in_tls_is_verified(nested: Any, client_context: ssl.SSLContext, wrong: str) -> None:
    context, name = (client_context, "elsewhere.test")
    if wrong == "the authority":
        context, name = ssl.create_default_context(), "inner.test"
    with nested(echo, TLSSettings(context, name)) as channel:
        with pytest.raises(ssl.SSLCertVerificationError):
            opened(channel)


def test_tls_in_tls_fingerprint(nested: Any, client_context: ssl.SSLContext) -> None:
    with nested(echo, TLSSettings(client_context, "inner.test", fingerprint=bytes(32))) as channel:
        with pytest.raises(FingerprintMismatch):
            opened(channel)


class BothEnds:
    """A NestedTLS and its peer, in one thread and without a clock: what the peer sends comes as it is told to come."""

    def __init__(self, server_context: ssl.SSLContext, client_context: ssl.SSLContext, near: Any, far: Any) -> None:
        for sock in (near, far):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        outer = client_context.wrap_socket(near, do_handshake_on_connect=False, server_hostname="localhost")
        self.far = server_context.wrap_socket(far, do_handshake_on_connect=False, server_side=True)
        self._step_both(outer.do_handshake, self.far.do_handshake)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.inner = server_context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.nested = NestedTLS(outer, client_context, "inner.test", None)
        self._step_both(self.nested.do_handshake, self._shake_inner)
        with pytest.raises(ssl.SSLWantReadError):
            self.nested.recv(1)  # session tickets

    def _step_both(self, *steps: Callable[[], object]) -> None:
        deadline = time.monotonic() + LIMIT_S
        left = list(steps)
        while left:
            assert time.monotonic() < deadline, "the handshake does not end"
            for step in tuple(left):
                with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    step()
                    left.remove(step)

    def _shake_inner(self) -> None:
        self.receive()
        try:
            self.inner.do_handshake()
        finally:
            self.send()

    def send(self, first: int = -1) -> None:
        """Send what the inner peer has encrypted, or its *first* bytes, in one record of the outer one."""
        if self.outgoing.pending:
            data = self.outgoing.read(first)
            assert self.far.send(data) == len(data)
            assert select.select([self.nested], [], [], LIMIT_S)[0], "it did not arrive"

    def receive(self) -> None:
        """Hand to the inner peer what has come."""
        with contextlib.suppress(ssl.SSLWantReadError):
            while True:
                self.incoming.write(self.far.recv(65_536))

    def content(self) -> bytes:
        """Return what has come to the inner peer."""
        self.receive()
        content = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while True:
                content += self.inner.read(65_536)
        return content


@pytest.fixture
def both(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> Iterator[BothEnds]:
    with tcp_pair() as (near, far):
        ends = BothEnds(server_context, client_context, near, far)
        yield ends
        ends.nested.close()
        ends.far.close()


def test_nested_pending(both: BothEnds) -> None:
    """Three records in one: the socket has nothing to tell after the first look, and there is more to come."""
    nested = both.nested
    for word in (b"one", b"two", b"three"):
        both.inner.write(word)
    both.send()
    assert [nested.recv(2), nested.recv(100)] == [b"on", b"e"]
    assert nested.pending()
    assert nested.recv(100) == b"two"
    assert nested.pending()
    assert nested.recv(100) == b"three"
    assert not nested.pending()


def test_nested_pending_in_the_outer_one(both: BothEnds) -> None:
    """More than one look takes out of the outer TLS, which has decrypted it already."""
    nested = both.nested
    for _ in range(3):
        both.inner.write(bytes(4_000))
    both.send()
    received = len(nested.recv(1))
    while nested.pending():
        received += len(nested.recv(1_000))
    assert received == 12_000


def test_nested_part_of_a_record(both: BothEnds) -> None:
    """It is not pending: nothing can be made of it before more has come, and nobody must try all the time."""
    nested = both.nested
    both.inner.write(b"one")
    both.inner.write(b"two")
    size = both.outgoing.pending
    both.send(size - 5)
    assert nested.recv(100) == b"one"
    assert nested.pending()
    with pytest.raises(ssl.SSLWantReadError):
        nested.recv(100)
    assert not nested.pending()
    both.send()
    assert nested.recv(100) == b"two"


def test_nested_is_quiet_without_data(both: BothEnds) -> None:
    """What comes on an idle connection may be less than a record, or one that carries nothing of the peer's."""
    watch = Watch(both.nested)
    assert watch.is_quiet()
    both.inner.write(b"not asked for")
    both.send(10)
    assert watch.is_quiet()
    both.send()
    assert not watch.is_quiet()


def test_nested_send_tells_what_is_on_its_way(both: BothEnds) -> None:
    """What is encrypted and does not go out is not told as taken: else nobody would wait for it."""
    nested = both.nested
    content = bytes(range(256)) * 4_000
    nested._outer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least that the system gives
    at, waits, received = 0, 0, b""
    while at < len(content):
        try:
            at += nested.send(memoryview(content)[at:])
            assert not nested._unsent
            assert not nested._outgoing.pending
        except ssl.SSLWantWriteError:
            waits += 1
            received += both.content()
    deadline = time.monotonic() + LIMIT_S
    while len(received) < len(content) and time.monotonic() < deadline:
        received += both.content()
    assert received == content
    assert waits > 2, "the socket took all at once, and nothing was shown"
