"""Which addresses are connected to: ``allow_address=`` is asked about each, and what it refuses sees no packet."""

from __future__ import annotations

import errno
import ipaddress
import pickle
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import AddressNotAllowed, Request, Retry, public_only
from httpconn._io import resolving
from httpconn._io.addresses import NOT_PUBLIC_V4, NOT_PUBLIC_V6

from ..support.clients import Maker
from ..support.proxy_servers import Recording
from ..support.sites import PAGE, Asker, Site, each_kind, redirect

# -- public_only


@pytest.mark.parametrize("network", [*NOT_PUBLIC_V4, *NOT_PUBLIC_V6], ids=str)
def test_the_edges_of_each_block(network: Any) -> None:
    """The first and the last address of it are refused; their neighbours, unless another block has them, are not."""
    blocks = NOT_PUBLIC_V4 if network.version == 4 else NOT_PUBLIC_V6
    make = type(network.network_address)
    assert not public_only(str(network[0]), 80)
    assert not public_only(str(network[-1]), 80)
    assert not public_only(str(network[network.num_addresses // 2]), 80)
    for neighbour in (int(network[0]) - 1, int(network[-1]) + 1):
        if not 0 <= neighbour < 2 ** make(0).max_prefixlen:
            continue
        address = make(neighbour)
        elsewhere = any(address in block for block in blocks)
        is_unicast = network.version == 4 or address in ipaddress.ip_network("2000::/3")
        assert public_only(str(address), 80) == (is_unicast and not elsewhere), address


@pytest.mark.parametrize(("address", "is_public"), [
    ("8.8.8.8", True), ("1.1.1.1", True), ("9.255.255.255", True), ("11.0.0.0", True), ("100.63.255.255", True), ("100.128.0.0", True),
    ("172.15.255.255", True), ("172.32.0.0", True), ("192.0.1.0", True), ("223.255.255.255", True), ("192.31.196.1", True),
    ("0.0.0.0", False), ("127.0.0.1", False), ("169.254.169.254", False), ("192.0.0.9", False), ("255.255.255.255", False), ("100.100.100.200", False),
    ("2606:4700::1111", True), ("2001:4860:4860::8888", True), ("2001:200::1", True), ("2620:4f:8000::1", True), ("3ffe::1", True),
    ("::", False), ("::1", False), ("::2", False), ("fc00::1", False), ("fd12:3456::1", False), ("fe80::1", False), ("fec0::1", False), ("ff02::1", False),
    ("1fff:ffff::1", False), ("4000::1", False), ("5f00::1", False), ("100::1", False), ("100:0:0:1::1", False), ("2001:db8::1", False),
    # IPv4 within IPv6
    ("::ffff:8.8.8.8", True), ("::ffff:127.0.0.1", False), ("::ffff:10.0.0.1", False), ("::127.0.0.1", False), ("::8.8.8.8", False),
    ("64:ff9b::8.8.8.8", True), ("64:ff9b::127.0.0.1", False), ("64:ff9b::a9fe:a9fe", False), ("64:ff9b:1::8.8.8.8", False),
    ("2002:7f00:1::", False), ("2002:808:808::1", False), ("2001:0:808:808::1", False), ("::ffff:0:7f00:1", False),
    # zones, and what is no address
    ("fe80::1%eth0", False), ("2606:4700::1111%2", True), ("::1%lo", False), ("unix:/run/docker.sock", False), ("", False), ("localhost", False), ("0x7f.1", False),
])  # fmt: skip
def test_addresses(address: str, is_public: bool) -> None:
    assert public_only(address, 443) is is_public


def test_it_is_never_laxer_than_the_standard_library() -> None:
    """What is public is ``is_global``, of IPv4 and of plain IPv6, as far as this Python knows; both ways are rare."""
    chance = random.Random(16)
    public = 0
    for _ in range(5_000):
        address: Any = ipaddress.IPv4Address(chance.getrandbits(32))
        if chance.random() < 0.5:
            address = ipaddress.IPv6Address((0x20 << 120) | chance.getrandbits(125))
        if public_only(str(address), 80):
            public += 1
            assert address.is_global
            assert not address.is_multicast
    assert public > 3_000


def test_it_pickles(new_pool: Maker) -> None:
    with pickle.loads(pickle.dumps(new_pool(allow_address=public_only))) as pool, pytest.raises(AddressNotAllowed):
        pool.get("http://127.0.0.1:1/")
    assert pickle.loads(pickle.dumps(AddressNotAllowed("no"))).args == ("no",)


# -- by pool and fetcher


def nowhere(address: str, port: int) -> bool:
    return False


class Asked:
    """Allows what it is told to, and notes what it was asked."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed
        self.seen: list[tuple[str, int]] = []

    def __call__(self, address: str, port: int) -> bool:
        self.seen.append((address, port))
        return address in self.allowed


@each_kind
@pytest.mark.parametrize("host", [
    "127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[fe80::1%25lo]", "named.test", "unix.test", "\uff11\uff12\uff17.0.0.1", "127.0.0.1.",
])  # fmt: skip
def test_what_is_not_public_sees_no_packet(kind: str, host: str, tmp_path: Path) -> None:
    """Literals in any notation, names, overrides and redirects to them; the server's log shows it."""
    names = {"named.test": "127.0.0.1", "unix.test": f"unix:{tmp_path}/socket", "start.test": "127.0.0.1"}
    with (
        Site({"/": PAGE}) as site,
        Asker(kind, allow_address=public_only, resolve=names, retry=Retry(2, backoff_s=0)) as ask,
    ):
        response = ask(f"http://{host}:{site.port}/")
        assert isinstance(response.error, AddressNotAllowed)
        assert isinstance(response.error, OSError)
        assert isinstance(response.error, httpconn.HTTPException)
        assert response.attempts <= 1
        assert (site.seen, site.connections) == ([], 0)
        assert ask.maker.stats.opened == 0


@each_kind
def test_a_redirect_is_asked_about_too(kind: str) -> None:
    asked = Asked("127.0.0.1")
    with Site() as site, Site({"/": PAGE}, host="127.0.0.2") as inner, Asker(kind, allow_address=asked) as ask:
        site.routes = {"/a": redirect(302, f"http://127.0.0.2:{inner.port}/"), "/b": redirect(302, "/c"), "/c": PAGE}
        response = ask(site.url("/a"))
        assert isinstance(response.error, AddressNotAllowed)
        assert [earlier.status for earlier in response.history] == [302]
        assert inner.connections == 0
        assert ask(site.url("/b")).status == 200
        assert asked.seen == [("127.0.0.1", site.port), ("127.0.0.2", inner.port)]  # kept connections are known


@each_kind
def test_the_others_of_its_addresses_are_used(kind: str) -> None:
    """Each is asked about; only the allowed ones are tried, happy eyeballs or not."""
    asked = Asked("127.0.0.2")
    with Site({"/": PAGE}, host="127.0.0.2") as site:
        names = {"a.test": ["127.0.0.1", "::1", "127.0.0.2"]}
        with Asker(kind, allow_address=asked, resolve=names) as ask:
            assert ask(f"http://a.test:{site.port}/").status == 200
        assert asked.seen == [(address, site.port) for address in names["a.test"]]


@each_kind
def test_what_was_asked_about_is_what_is_connected_to(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes between two lookups (DNS rebinding) gains nothing: there is one lookup."""
    lookups: list[str] = []

    def look_up(host: str, *_: object) -> list[Any]:
        lookups.append(host)
        address = "127.0.0.1" if len(lookups) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, site.port))]

    asked = Asked("127.0.0.1")
    with Site({"/": PAGE}) as site, Site({"/": PAGE}, host="127.0.0.2") as inner:
        monkeypatch.setattr(resolving.socket, "getaddrinfo", look_up)
        with Asker(kind, allow_address=asked, resolve_ttl_s=0) as ask:
            response = ask(f"http://changing.test:{site.port}/")
            assert (response.status, response.error) == (200, None)
            assert asked.seen == [("127.0.0.1", site.port)]
        assert (site.connections, inner.connections) == (1, 0)


@each_kind
@pytest.mark.parametrize("answer", [None, 1, 0, "yes", [True], object()])
def test_an_answer_that_is_none(kind: str, answer: object) -> None:
    with Site({"/": PAGE}) as site, Asker(kind, allow_address=lambda address, port: answer) as ask:
        assert isinstance(ask(site.url("/")).error, TypeError)
        assert site.connections == 0


@each_kind
def test_an_exception_is_the_requests(kind: str) -> None:
    def fail(address: str, port: int) -> bool:
        if port == site.port:
            raise KeyError(address)
        return True

    with Site({"/": PAGE}) as site, Site({"/": PAGE}) as other, Asker(kind, allow_address=fail) as ask:
        error = ask(site.url("/")).error
        assert isinstance(error, KeyError)
        assert error.args == ("127.0.0.1",)
        assert ask(other.url("/")).status == 200
        assert site.connections == 0


def test_wrong_types(new_pool: Maker) -> None:
    for wrong in (["127.0.0.1"], True, "public"):
        with pytest.raises(TypeError, match="allow_address"):
            new_pool(allow_address=wrong)  # type: ignore[arg-type]


@each_kind
def test_a_mapped_address_is_told_as_what_it_is(kind: str) -> None:
    """So that a list of IPv4 addresses cannot be passed by."""
    asked = Asked()
    with Asker(kind, allow_address=asked) as ask:
        for host in ("[::ffff:169.254.169.254]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "0xa9fea9fe"):
            assert isinstance(ask(f"http://{host}/").error, AddressNotAllowed)
    assert asked.seen == [("169.254.169.254", 80)] * 3


# -- with a proxy


@each_kind
def test_with_a_proxy_it_is_asked_about_the_origin(kind: str) -> None:
    """Looked up here, and not about the proxy, which is the caller's own choice."""
    asked = Asked("192.0.2.1")
    names = {"good.test": "192.0.2.1", "bad.test": "10.0.0.1", "mixed.test": ["192.0.2.1", "10.0.0.1"]}
    with Recording() as proxy:
        with Asker(kind, allow_address=asked, resolve=names, proxy=f"http://127.0.0.1:{proxy.server_port}") as ask:
            assert ask("http://good.test/").status == 200
            for host in ("bad.test", "mixed.test", "10.0.0.1", "127.0.0.1"):
                for scheme in ("http", "https"):
                    assert isinstance(ask(f"{scheme}://{host}/").error, AddressNotAllowed)
        assert [line for line, _ in proxy.requests] == ["GET http://good.test/ HTTP/1.1"]
    assert "127.0.0.1" not in [address for address, port in asked.seen if port == proxy.server_port]


@each_kind
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
def test_no_proxy_of_any_kind_is_asked_for_what_is_refused(kind: str, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        with Asker(kind, allow_address=nowhere, proxy=f"{scheme}://127.0.0.1:{port}") as ask:
            assert isinstance(ask("https://192.0.2.1/").error, AddressNotAllowed)
        with pytest.raises(BlockingIOError) as caught:
            listener.accept()
        assert caught.value.errno in (errno.EAGAIN, errno.EWOULDBLOCK)


# -- Unix sockets that ``resolve=`` names


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """A server on a Unix socket; its path as ``resolve=`` has it, and the requests that it gets."""
    path = tmp_path / "s"
    requests: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                sock, _ = listener.accept()
                with sock:
                    while data := sock.recv(65_536):
                        if data == b"stop":
                            return
                        requests.append(data)
                        there = b"302 Found\r\nLocation: /page" if b" /moved" in data else b"200 OK"
                        sock.sendall(b"HTTP/1.1 " + there + b"\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"unix:{path}", requests
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path))
            last.sendall(b"stop")
            thread.join(5)


@each_kind
@pytest.mark.parametrize("by", ["mapping", "function"])
@pytest.mark.parametrize("is_open", [False, True], ids=["not-open", "kept-open"])
def test_no_redirect_reaches_a_unix_socket(kind: str, by: str, is_open: bool, docker: tuple[str, list[bytes]]) -> None:
    """From another origin; also where a connection to it is open. The caller's own requests do, and redirects there."""
    path, requests = docker
    names = {"docker": path}
    with Site({"/a": redirect(302, "http://docker/evil"), "/b": redirect(307, "http://DOCKER:80/evil")}) as site:
        resolve: Any = names if by == "mapping" else lambda host, port: names.get(host)
        with Asker(kind, resolve=resolve) as ask:
            if is_open:
                response = ask("http://docker/moved")
                assert (response.status, response.content, response.url) == (200, b"ok", "http://docker/page")
            for path in ("/a", "/b"):
                response = ask(site.url(path))
                assert isinstance(response.error, AddressNotAllowed)
            assert len(requests) == (2 if is_open else 0)
            response = ask("http://docker/own")
            assert response.content == b"ok"
    assert not [data for data in requests if b"evil" in data]


@each_kind
@pytest.mark.parametrize("by", ["mapping", "function"])
def test_no_hook_reaches_a_unix_socket(kind: str, by: str, docker: tuple[str, list[bytes]]) -> None:
    path, requests = docker
    names = {"docker": path}

    def move(request: Request) -> Request | None:
        return request.replaced(url="http://docker/evil") if request.url.endswith("/moved") else None

    resolve: Any = names if by == "mapping" else lambda host, port: names.get(host)
    with Asker(kind, resolve=resolve, before_request=move) as ask:
        for url in ("http://a.test/moved", "http://a.test/moved"):
            assert isinstance(ask(url).error, AddressNotAllowed)
        assert ask("http://docker/own").content == b"ok"
    assert len(requests) == 1


@each_kind
def test_a_unix_socket_is_asked_about(kind: str, docker: tuple[str, list[bytes]]) -> None:
    path, requests = docker
    for allowed in ((), (path,)):
        asked = Asked(*allowed)
        with Asker(kind, resolve={"docker": path}, allow_address=asked) as ask:
            response = ask("http://docker:8080/")
            assert (response.status == 200) == bool(allowed)
            assert asked.seen == [(path, 8080)]
    assert len(requests) == 1
