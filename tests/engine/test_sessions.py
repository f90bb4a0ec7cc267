"""TLS sessions: a host that is met again is spoken to without a whole handshake, by what nginx says of it."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

import httpconn
from httpconn import HTTPSConnection
from httpconn._io import connect
from httpconn._io import sessions as room
from httpconn._io.sessions import MOST_ENDED, MOST_FAILED, MOST_READINGS, MOST_SESSIONS, Sessions

from ..support import proxy_servers
from ..support.clients import MAKERS, QUICK
from ..support.clients import client as client
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import FaultyServer
from ..support.proxy_servers import program, running

NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; {user}
events {{ worker_connections 128; }}
http {{
    access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;
    scgi_temp_path s; default_type text/plain; keepalive_timeout 0;
    ssl_certificate {certificate}; ssl_certificate_key {certificate}; ssl_protocols {version};
    server {{
        listen 127.0.0.1:{tickets} ssl;
        location / {{ return 200 "$ssl_session_reused $ssl_protocol"; }}
    }}
    server {{
        listen 127.0.0.1:{cached} ssl; ssl_session_tickets off; ssl_session_cache shared:a:1m;
        location / {{ return 200 "$ssl_session_reused $ssl_protocol"; }}
    }}
    server {{
        listen 127.0.0.1:{never} ssl; ssl_session_tickets off; ssl_session_cache off;
        location / {{ return 200 "$ssl_session_reused $ssl_protocol"; }}
    }}
}}
"""


@pytest.fixture(autouse=True)
def allowance(monkeypatch: pytest.MonkeyPatch) -> Any:
    """One of this test's own: others of this process have read sessions, too."""
    made = room._Allowance()
    monkeypatch.setattr(room, "_allowance", made)
    return made


@pytest.fixture(scope="module", params=["TLSv1.2", "TLSv1.3"])
def nginx(
    request: pytest.FixtureRequest, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    """The version of TLS, and the URLs of origins that close each connection: with tickets, a cache, and neither."""
    folder = tmp_path_factory.mktemp("nginx")
    certificate = folder / "chain.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    ports = {name: proxy_servers.free_port() for name in ("tickets", "cached", "never")}
    is_root = Path("/proc/self").stat().st_uid == 0
    (folder / "conf").write_text(
        NGINX.format(certificate=certificate, version=request.param, user="user root;" if is_root else "", **ports)
    )
    command = [program("nginx"), "-p", str(folder), "-c", str(folder / "conf")]
    with running(command, ports["tickets"], folder):
        yield request.param, {name: f"https://localhost:{port}/" for name, port in ports.items()}


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    """The store of connections without a context, in a process whose CA is *authority*."""
    store = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(store)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    made = Sessions(keeps_chains=connect._sessions._keeps_chains)
    monkeypatch.setattr(connect, "_sessions", made)
    return made


def told_to(connection: Any, **options: Any) -> str:
    """What the server said of the session, over *connection*, which the server closes."""
    connection.request("GET", "/", **options)
    with connection.getresponse() as response:
        return response.read().decode()[0]


def connection_to(url: str, **options: Any) -> HTTPSConnection:
    return HTTPSConnection(url.split("/")[2], timeout=10, **options)


def shared_of(one: Any) -> Any:
    return next(vars(one)[name]._shared for name in ("pool", "fetcher", "client") if name in vars(one))


@pytest.mark.parametrize("kind", ["tickets", "cached"])
def test_a_host_that_is_met_again(
    client, nginx: tuple[str, dict[str, str]], client_context: ssl.SSLContext, allowance: Any, kind: str
) -> None:
    """Also after Connection: close. One reading serves where tickets are taken more than once."""
    version, urls = nginx
    one = client(context=client_context)
    told = [one.get(urls[kind]).text for _ in range(6)]
    assert told == [f". {version}"] + [f"r {version}"] * 5
    assert one.opened == 6
    if version == "TLSv1.2" or kind == "tickets":
        assert allowance._count == 1


def test_a_server_that_refuses(
    client, nginx: tuple[str, dict[str, str]], client_context: ssl.SSLContext, allowance: Any
) -> None:
    version, urls = nginx
    one = client(context=client_context)
    assert [one.get(urls["never"]).text for _ in range(4)] == [f". {version}"] * 4


def test_nothing_is_read_of_hosts_that_are_met_once(client, authority: trustme.CA, client_context, allowance) -> None:
    accepts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(accepts)
    with FaultyServer(accepts) as server:
        one = client(context=client_context)
        for number in range(20):
            one.get(server.url(f"/good/{number}"))  # over one connection
        assert one.opened == 1
        for number in range(20):
            url = server.url(f"/unavailable/{number}")
            one.request("GET", url, server_hostname="localhost", fingerprint=None, context=client_context)
    assert allowance._count <= 1


def test_other_settings_have_other_sessions(client, nginx, authority: trustme.CA, client_context, allowance) -> None:
    _, urls = nginx
    other = ssl.create_default_context()
    authority.configure_trust(other)
    one = client(context=client_context)
    told = [one.get(urls["tickets"], context=context).text[0] for context in (client_context, other) * 2]
    assert told == [".", ".", "r", "r"]


def slowly(url: str) -> Iterator[str]:
    for number in range(6):
        time.sleep(0.01)
        yield f"{url}{number}"


def test_a_slow_input_loses_none(fetch_many, nginx, client_context: ssl.SSLContext) -> None:
    """What the caller's code takes while a connection is opened is no part of what opening it takes."""
    _, urls = nginx
    with contextlib.closing(fetch_many(slowly(urls["tickets"]), context=client_context, max_connections=1)) as found:
        assert [response.text[0] for response in found] == [*".rrrrr"]


def test_a_slow_input_is_in_no_timing(nginx, client_context: ssl.SSLContext) -> None:
    _, urls = nginx
    with httpconn.fetch_many(slowly(urls["tickets"]), context=client_context, max_connections=1) as responses:
        for response in responses:
            times = response.timings
            assert min(times.connect, times.tls, times.first_byte) > 0.0
            assert times.connect + times.tls + times.first_byte <= times.total


def test_a_kept_object_keeps_no_socket(client, nginx, client_context: ssl.SSLContext) -> None:
    """And what is read from it then is a session."""
    _, urls = nginx
    one = client(context=client_context, max_connections=4)
    before = len(os.listdir("/proc/self/fd"))
    one.get(urls["tickets"])
    gc.collect()
    shared = shared_of(one)
    ((_, kept),) = shared.sessions._ended.items()
    assert isinstance(kept.session, ssl.SSLSession)
    others = 0 if hasattr(one, "pool") else 3  # its epoll, and what wakes it when a name was looked up
    assert len(os.listdir("/proc/self/fd")) <= before + others
    one.close()


@pytest.mark.parametrize("asker", ["pool", "engine", "async", "connection"])
def test_ten_connections_to_two_hosts(
    asker: str, nginx: Any, client_context: ssl.SSLContext, trusted: Sessions, allowance: Any
) -> None:
    """Of each but the first to a host."""
    _, urls = nginx
    turns = [urls["tickets"], urls["cached"]] * 5
    if asker == "connection":
        told = [told_to(connection_to(url)) for url in turns]
    else:
        one = MAKERS[asker](context=client_context, timeout=QUICK)
        told = [one.get(url).text[0] for url in turns]
        one.close()
    assert told == [*"..", *"rrrrrrrr"]


# -- connections of http.client's kind, over the shared context


def test_one_connection_that_is_closed(nginx: Any, trusted: Sessions, authority: trustme.CA) -> None:
    """By the server, by ``close`` before and after the body is read, and by whoever has the socket."""
    accepts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(accepts)
    version, urls = nginx
    connection = connection_to(urls["tickets"])
    assert [told_to(connection) for _ in range(3)] == [*".rr"]
    accepts.maximum_version = accepts.minimum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
    with FaultyServer(accepts) as server:
        connection = connection_to(server.url("/"))
        reused = []
        for end in ("the response, unread", "the response, read", "the socket"):
            connection.request("GET", "/good/1")
            reused.append(connection.sock.session_reused)
            response = connection.getresponse()
            if end == "the response, unread":
                response.close()
            elif end == "the response, read":
                response.read()
            else:
                connection.sock.close()
            connection.close()
        connection.connect()
        reused.append(connection.sock.session_reused)
        connection.close()
    assert reused == [False, True, True, True]


def test_through_a_tunnel(nginx: Any, trusted: Sessions) -> None:
    """And what was met without it, or through another one, is not gone on with."""
    _, urls = nginx
    port = int(urls["tickets"].split(":")[2].strip("/"))
    with proxy_servers.Recording() as first, proxy_servers.Recording() as second:
        told = [told_to(connection_to(urls["tickets"]))]
        for proxy in (first, second, first, second):
            connection = HTTPSConnection("127.0.0.1", proxy.server_port, timeout=10)
            connection.set_tunnel("localhost", port)
            told.append(told_to(connection))
        told.append(told_to(connection_to(urls["tickets"])))
    assert told == [*"...rrr"]


def test_a_context_of_ones_own_keeps_its_own(nginx: Any, trusted: Sessions, client_context: ssl.SSLContext) -> None:
    """So does one that ``ssl._create_default_https_context`` has made, where a program has replaced that."""
    _, urls = nginx
    assert [told_to(connection_to(urls["tickets"])) for _ in range(2)] == [".", "r"]
    assert [told_to(connection_to(urls["tickets"], context=client_context)) for _ in range(2)] == [".", "."]
    private = connection_to(urls["tickets"])
    assert private._context.verify_mode == ssl.CERT_REQUIRED
    assert told_to(private) == "."


def test_a_context_that_others_have_made(
    nginx: Any, trusted: Sessions, client_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be changed between two connections: what is not verified now must not pass as verified then."""
    monkeypatch.setattr(ssl, "_create_default_https_context", lambda: client_context)
    _, urls = nginx
    assert [told_to(connection_to(urls["tickets"])) for _ in range(2)] == [".", "."]
    assert not len(trusted)


def test_another_name_is_verified_anew(nginx: Any, trusted: Sessions) -> None:
    """The certificate is for "localhost", and a session with that name says nothing of "127.0.0.1"."""
    _, urls = nginx
    assert [told_to(connection_to(urls["tickets"])) for _ in range(2)] == [".", "r"]
    with pytest.raises(ssl.SSLCertVerificationError):
        told_to(connection_to(urls["tickets"].replace("localhost", "127.0.0.1")))


def test_a_patched_wrap_socket_gets_what_it_knows(nginx: Any, trusted: Sessions, monkeypatch: Any) -> None:
    wrap = ssl.SSLContext.wrap_socket
    _, urls = nginx
    assert told_to(connection_to(urls["tickets"])) == "."
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", lambda self, sock, server_hostname: wrap(
        self, sock, server_hostname=server_hostname
    ))  # fmt: skip
    assert told_to(connection_to(urls["tickets"])) == "."


def test_what_refuses_is_not_asked_again(nginx: Any, trusted: Sessions) -> None:
    _, urls = nginx
    assert [told_to(connection_to(urls["never"])) for _ in range(3)] == [*"..."]
    assert not trusted._known


def test_who_asks_the_proxy_is_told_apart(nginx: Any, trusted: Sessions) -> None:
    """A proxy that goes another way for each name of its user hides from the server that it is the same client."""
    _, urls = nginx
    port = int(urls["tickets"].split(":")[2].strip("/"))
    told = []
    with proxy_servers.Recording() as proxy:
        for who in ("Basic dXNlcjE6", "Basic dXNlcjI6", None, "Basic dXNlcjE6", "Basic dXNlcjI6"):
            connection = HTTPSConnection("127.0.0.1", proxy.server_port, timeout=10)
            connection.set_tunnel("localhost", port, {"Proxy-Authorization": who} if who else None)
            told.append(told_to(connection))
    assert told == [*"...rr"]
    assert not any("Basic" in repr(key) for key in (*trusted._known, *trusted._ended))


def test_another_way_to_connect_is_not_known(nginx: Any, trusted: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may lead anywhere: neither is what was met by it gone on with, nor is it told of what was met without it."""
    _, urls = nginx
    assert [told_to(connection_to(urls["tickets"])) for _ in range(2)] == [".", "r"]
    standard = socket.create_connection
    for _ in range(2):
        connection = connection_to(urls["tickets"])
        connection._create_connection = lambda *arguments: standard(*arguments)
        assert told_to(connection) == "."
    monkeypatch.setattr(socket, "create_connection", lambda *arguments: standard(*arguments))
    assert [told_to(connection_to(urls["tickets"])) for _ in range(2)] == [".", "."]
    monkeypatch.undo()


@pytest.mark.skipif(not hasattr(ssl.SSLSocket, "get_verified_chain"), reason="from Python 3.13 on")
def test_the_chain_of_a_resumed_connection(nginx: Any, trusted: Sessions) -> None:
    """It is that of the whole handshake; the ssl module has none."""
    _, urls = nginx
    told = []
    for _ in range(3):
        connection = connection_to(urls["tickets"])
        connection.request("GET", "/")
        sock: Any = connection.sock
        chains = (sock.get_verified_chain(), sock.get_unverified_chain())
        told.append((chains, connection.getresponse().read()[:1]))
        connection.close()
        del sock
    assert [how for _, how in told] == [b".", b"r", b"r"]
    ((verified, shown), _) = told[0]
    assert verified
    assert shown
    assert told[0][0] == told[1][0] == told[2][0]


class Shy:
    """A server that closes where the ClientHello offers a session, as some middleboxes do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.refused = self.served = 0
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._listener.getsockname()[1]}/"
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Shy:
        self._thread.start()
        return self

    def __exit__(self, *told: object) -> None:
        self._is_over = True
        socket.create_connection(self._listener.getsockname(), 10).close()
        self._thread.join(10)
        self._listener.close()

    def _run(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            sock.settimeout(10)
            with sock:
                if self._is_over:
                    return
                if offers_session(hello_of(sock)):
                    self.refused += 1
                    continue
                with self._context.wrap_socket(sock, server_side=True) as secured:
                    secured.recv(65_536)
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n.")
                    self.served += 1


def hello_of(sock: socket.socket) -> bytes:
    """The record of the ClientHello, which stays to be received."""
    hello = b""
    while len(hello) < 5 or len(hello) < 5 + int.from_bytes(hello[3:5], "big"):
        hello = sock.recv(16_384, socket.MSG_PEEK)
    return hello


def offers_session(hello: bytes) -> bool:
    """Whether there is a pre_shared_key (41), or a ticket (35) that is not empty. Source: RFC 8446 section 4.1.2."""
    at = 5 + 4 + 2 + 32
    for size in (1, 2, 1):  # session id, cipher suites, compression methods
        at += size + int.from_bytes(hello[at : at + size], "big")
    at += 2
    while at < len(hello):
        kind, length = struct.unpack_from(">HH", hello, at)
        if kind == 41 or (kind == 35 and length):
            return True
        at += 4 + length
    return False


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("asker", ["pool", "engine", "async", "connection"])
def test_a_server_that_cannot_cope_with_sessions(
    asker: str, version: str, authority: trustme.CA, client_context: ssl.SSLContext, trusted: Sessions
) -> None:
    """Each page arrives, and it is offered one once."""
    accepts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(accepts)
    accepts.maximum_version = getattr(ssl.TLSVersion, version)
    with Shy(accepts) as server:
        if asker == "connection":
            assert [told_to(connection_to(server.url)) for _ in range(5)] == [*"....."]
        else:
            one = MAKERS[asker](context=client_context, timeout=QUICK)
            assert [one.get(server.url).text for _ in range(5)] == [*"....."]
            assert one.opened == 6
            one.close()
    assert (server.refused, server.served) == (1, 5)


def test_a_request_in_steps_to_a_server_that_cannot_cope(authority: trustme.CA, trusted: Sessions) -> None:
    """Nothing of the request is lost with the connection that failed in its middle; through a tunnel, too."""
    accepts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(accepts)
    with Shy(accepts) as server, proxy_servers.Recording() as proxy:
        for _ in range(3):
            connection = HTTPSConnection("127.0.0.1", proxy.server_port, timeout=10)
            connection.set_tunnel("localhost", int(server.url.split(":")[2].strip("/")))
            connection.putrequest("POST", "/")
            connection.putheader("Content-Length", "1")
            connection.endheaders(b"x")
            assert connection.getresponse().read() == b"."
            connection.close()
    assert (server.refused, server.served) == (1, 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the test's own children have no threads to lose
def test_a_child_has_none_of_its_parents(nginx: Any, trusted: Sessions) -> None:
    """Nor of a connection that the parent had open."""
    _, urls = nginx
    assert [told_to(connection_to(urls["tickets"])) for _ in range(2)] == [".", "r"]
    connection = connection_to(urls["tickets"])
    connection.connect()
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            connection.close()
            os.write(theirs, told_to(connection_to(urls["tickets"])).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    told = os.read(ours, 1)
    for end in (ours, theirs):
        os.close(end)
    connection.close()
    assert told == b"."


# -- the store alone


def test_what_is_still_read_from_is_not_read() -> None:
    """A thread may be within OpenSSL, which replaces the session when a ticket comes."""
    store = Sessions()
    held = ended(session())
    store.note_ended("a", held)
    assert store.find("a") is None
    del held
    assert store.find("a") is not None


def session(age_s: float = 0.0, **told: Any) -> Any:
    made = {"has_ticket": True, "id": b"1", "timeout": 300, "ticket_lifetime_hint": 300, "time": time.time() - age_s}
    return SimpleNamespace(**{**made, **told})


def ended(found: Any, *, session_reused: bool = False) -> Any:
    return SimpleNamespace(session=found, session_reused=session_reused)


@pytest.mark.parametrize(
    ("make", "is_good"),
    [
        (lambda: session(), True),
        (lambda: session(200), True),
        (lambda: session(301), False),
        (lambda: session(-60), False),  # of the future: the clock was set back
        (lambda: session(250, ticket_lifetime_hint=200), False),
        (lambda: session(250, ticket_lifetime_hint=0), True),
        (lambda: session(250, timeout=200), False),
        (lambda: session(3590, timeout=7200, ticket_lifetime_hint=7200), True),
        (lambda: session(3610, timeout=7200, ticket_lifetime_hint=7200), False),  # its certificate is looked at again
        (lambda: session(has_ticket=False), True),
        (lambda: session(has_ticket=False, id=b""), False),
        (lambda: None, False),
    ],
)
def test_what_can_be_gone_on_with(make: Callable[[], Any], is_good: bool) -> None:
    found = make()  # of now, not of when the tests were collected
    store = Sessions()
    store.note_ended("a", ended(found))
    assert store.find("a") is (found if is_good else None)


def test_a_session_is_read_again_when_it_has_expired_or_was_refused() -> None:
    store = Sessions()
    first, second, third = session(), session(), session()
    store.note_ended("a", ended(first))
    assert store.find("a") is first
    store.note_ended("a", ended(second))
    assert store.find("a") is first, "one reading serves"
    first.time -= 400
    assert store.find("a") is None
    store.note_ended("a", ended(second))
    assert store.find("a") is second
    store.note_refused("a")
    assert store.find("a") is None
    store.note_ended("a", ended(third))
    assert store.find("a") is third


def test_its_age_counts_from_a_whole_handshake() -> None:
    """A server may give another ticket with each connection that has resumed, for ever."""
    store = Sessions()
    store.note_ended("a", ended(session(), session_reused=True))
    assert store.find("a") is None
    assert not len(store)


@pytest.mark.parametrize(
    ("error", "is_remembered", "is_again"),
    [
        (ssl.SSLError("handshake failure"), True, True),
        (ConnectionResetError(), True, True),
        (TimeoutError(), True, False),
        (ssl.SSLCertVerificationError("expired"), False, False),
        (KeyboardInterrupt(), False, False),
    ],
)
def test_whom_no_session_is_offered(
    error: BaseException, is_remembered: bool, is_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Sessions()
    store.note_ended("a", ended(session()))
    assert store.find("a") is not None
    assert store.note_failed("a", error) is is_again
    store.note_ended("a", ended(session()))
    assert (store.find("a") is None) is is_remembered
    monkeypatch.setattr(room, "FAILED_S", 0.0)  # the hour is over
    store.note_ended("a", ended(session()))
    assert store.find("a") is not None


def test_how_many_failures_are_remembered() -> None:
    store = Sessions()
    for number in range(MOST_FAILED + 10):
        store.note_failed(number, ConnectionResetError())
    assert len(store._failed) == MOST_FAILED


def test_the_store_is_bounded(allowance: Any) -> None:
    store = Sessions()
    for number in range(MOST_ENDED + 50):
        store.note_ended(number, ended(session()))
    assert len(store) == MOST_ENDED
    assert store.find(0) is None, "the oldest go"
    assert store.find(MOST_ENDED + 49) is not None
    for number in range(MOST_SESSIONS + 10):
        allowance._count = 0
        store.note_ended(number, ended(session()))
        assert store.find(number) is not None
    assert len(store._known) == MOST_SESSIONS


def test_readings_are_bounded(allowance: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By all stores of a process; more are allowed with time."""
    stores = [Sessions(), Sessions()]

    def readings(count: int) -> int:
        read = 0
        for number in range(count):
            store = stores[number % 2]
            store.note_ended(number, ended(session()))
            read += store.find(number) is not None
            store.note_refused(number)
        return read

    assert readings(MOST_READINGS + 200) in (MOST_READINGS, MOST_READINGS + 1)
    allowance._began -= 10 * room.SECONDS_A_READING
    assert readings(100) in (10, 11)


def test_many_threads() -> None:
    store = Sessions()
    failed: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for number in range(3000):
                key = (number * seed) % (2 * MOST_ENDED)
                store.note_ended(key, ended(session()))
                store.find((key * 7) % (2 * MOST_ENDED))
                if number % 5 == 0:
                    store.note_refused(key)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(store._ended) <= MOST_ENDED
