"""requests over RequestsAdapter: what its programs do over http.client, and what an adapter is asked for besides."""

from __future__ import annotations

import copy
import gc
import gzip
import importlib
import io
import json
import pickle
import re
import socket
import threading
import warnings
import weakref
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest

import httpconn
from httpconn import Retry
from httpconn._io.channel import Channel
from httpconn.adapters import RequestsAdapter

from ..support.peers import ScriptedServer, blackhole, nobody, take_request
from . import test_requests as programs
from .servers import content
from .test_requests import (  # noqa: F401  # they run here as well, with the session below
    test_a_kept_connection_that_the_server_has_closed,
    test_a_response_outlives_its_session,
    test_a_session,
    test_authentication,
    test_cookies,
    test_errors,
    test_files,
    test_hooks_and_prepared_requests,
    test_pickled_responses,
    test_proxies_from_the_environment,
    test_redirects_and_history,
    test_streamed_lines_as_they_come,
    test_streaming,
    test_through_a_forwarding_proxy,
    test_through_a_tunnel,
    test_timeouts,
    test_uploads,
)

pytestmark = programs.pytestmark


@pytest.fixture(scope="module")
def requests() -> ModuleType:
    """The library that the adapter has imported, and not one of those that are imported anew for each base."""
    adapter = importlib.import_module("httpconn.adapters.under_requests")
    found: ModuleType = adapter.requests
    return found


@pytest.fixture
def session(requests: Any, authority: Any) -> Iterator[Any]:
    with requests.Session() as session:
        session.verify = authority.pem
        for scheme in ("http://", "https://"):
            # Without the rest behind HEAD that another connection is made for: they count connections.
            session.mount(scheme, RequestsAdapter(head_rest_s=0))
        yield session


def test_fields_are_sent_as_they_are(session: Any, origin: Any) -> None:
    """In their order and case, without one of ours: told by the server."""
    session.headers.clear()
    session.headers.update({"x-b": "1", "X-a": "2", "Accept-Encoding": "br;q=0.5"})
    fields = session.post(f"{origin.url}/echo", data=b"abc").json()["fields"]
    assert fields == [["Host", f"127.0.0.1:{origin.port}"], ["x-b", "1"], ["X-a", "2"],
                      ["Accept-Encoding", "br;q=0.5"], ["Content-Length", "3"]]  # fmt: skip


def test_brackets_in_a_redirect(session: Any, requests: Any) -> None:
    """requests leaves them, and urllib3 does not; Tomcat, for one, answers them with a 400."""
    asked = []

    def serve(sock: socket.socket) -> None:
        asked.append(take_request(sock).split(b" ")[1])
        to = b"Location: /[b]?c[]=%5B#[d]\r\n" if asked[1:] == [] else b""
        sock.sendall(b"HTTP/1.1 %d X\r\n%sContent-Length: 0\r\n\r\n" % (302 if to else 200, to))

    with ScriptedServer(serve) as server:
        response = session.get(f"http://127.0.0.1:{server.port}/[a]")
        assert asked == [b"/%5Ba%5D", b"/%5Bb%5D?c%5B%5D=%5B"]
        assert response.url == f"http://127.0.0.1:{server.port}/[b]?c[]=%5B#[d]"
    broken = requests.Request("GET", response.url).prepare()
    broken.url = "http://[::1/"
    with pytest.raises(requests.exceptions.InvalidURL):
        RequestsAdapter().send(broken)


def test_framing_that_is_not_the_bodys(session: Any, requests: Any, origin: Any) -> None:
    prepared = session.prepare_request(requests.Request("POST", f"{origin.url}/echo", data=b"abc"))
    for length in ("2", "4", "x", "3, 3"):
        prepared.headers["Content-Length"] = length
        with pytest.raises(requests.exceptions.InvalidHeader):
            session.send(prepared)
    prepared.headers["Content-Length"] = "3"
    assert session.send(prepared).json()["body"] == "abc"
    prepared.headers["Transfer-Encoding"] = "chunked"
    with pytest.raises(requests.exceptions.InvalidHeader):
        session.send(prepared)
    del prepared.headers["Content-Length"]
    assert session.send(prepared).json()["body"] == "abc"
    assert origin.accepted == 1


def test_a_proxys_certificate_is_trusted_as_an_origins(session: Any, requests: Any, authority: Any) -> None:
    """By the session's ``verify``, for URLs of http:// too: there is no other place to tell whom to trust."""
    asked = []

    def serve(sock: socket.socket) -> None:
        asked.append(take_request(sock).split(b"\r\n")[0])
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def wrap(sock: socket.socket) -> Any:
        return authority.server.wrap_socket(sock, server_side=True)

    with ScriptedServer(serve, wrap) as server:
        session.proxies = {"http": f"https://localhost:{server.port}"}
        assert session.get("http://origin.example/a").content == b"ok"
        assert asked == [b"GET http://origin.example/a HTTP/1.1"]
        for verify in (True, False):
            with pytest.raises(requests.exceptions.ProxyError) as caught:
                session.get("http://origin.example/a", verify=verify)
            assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value)
    assert len(asked) == 1


def test_text_is_sent_as_urllib3_sends_it(
    session: Any, requests: Any, origin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its version 1, which requests takes too, as http.client does."""
    adapter = importlib.import_module("httpconn.adapters.under_requests")
    is_first = adapter.urllib3.__version__.startswith("1.")
    assert (adapter._TEXT_CODING == "latin-1") == is_first
    for coding in ("utf-8", "latin-1"):
        monkeypatch.setattr(adapter, "_TEXT_CODING", coding)
        prepared = session.prepare_request(requests.Request("POST", f"{origin.url}/echo", data="\xe9"))
        prepared.headers["Content-Length"] = str(len("\xe9".encode(coding)))
        assert session.send(prepared).json()["body"].encode("latin-1") == "\xe9".encode(coding)
        assert b"".join(adapter._body_of(io.StringIO("\xe9"))) == "\xe9".encode(coding)
    prepared.body = "\u20ac"
    with pytest.raises(UnicodeEncodeError):
        session.send(prepared)


def test_raw(session: Any, origin: Any) -> None:
    with session.get(f"{origin.url}/gzip?n=300000", stream=True) as response:
        raw = response.raw
        assert (raw.status, raw.version, raw.version_string, raw.reason) == (200, 11, "HTTP/1.1", "OK")
        assert raw.headers["CONTENT-ENCODING"] == "gzip"
        assert gzip.decompress(raw.read(decode_content=False)) == content(300_000)
    for size in (300, 300_000):  # one that has come whole by then, and one that has not
        with session.get(f"{origin.url}/gzip?n={size}", stream=True) as response:
            response.raw.decode_content = True
            assert b"".join(response.raw.stream()) == content(size)
        with session.get(f"{origin.url}/gzip?n={size}", stream=True) as response:
            assert gzip.decompress(b"".join(response.raw.stream())) == content(size)
    with session.get(f"{origin.url}/gzip?n=300000", stream=True) as response:
        raw = response.raw
        assert gzip.decompress(raw.read(decode_content=False)) == content(300_000)
        assert raw.closed
        assert raw.connection is None
    with session.get(f"{origin.url}/sized?n=3000000", stream=True) as response:
        assert response.raw.connection.sock.getpeername() == ("127.0.0.1", origin.port)
        assert response.raw.read() == content(3_000_000)
    with session.get(f"{origin.url}/chunked?n=300000&chunk=999", stream=True) as response:
        assert b"".join(response.raw.read_chunked(500)) == content(300_000)
    with session.get(f"{origin.url}/sized?n=100", stream=True) as response:
        assert io.BufferedReader(response.raw).readline()
    assert origin.accepted == 1


@pytest.mark.parametrize("page", ["sized?n=1000", "chunked?n=1000&chunk=99", "gzip?n=1000"])
@pytest.mark.parametrize("way", ["iter_content", "content", "stream"])
def test_content_that_a_program_has_put_in_its_place(session: Any, origin: Any, page: str, way: str) -> None:
    """As requests-cache does once it has read a stream, for who reads it next."""
    with session.get(f"{origin.url}/{page}", stream=True) as response:
        raw = response.raw
        kept = raw.read(decode_content=False)
        raw._fp = io.BytesIO(kept)
        raw._fp_bytes_read, raw.length_remaining = 0, len(kept)
        if way == "content":
            assert response.content == content(1000)
        elif way == "iter_content":
            assert b"".join(response.iter_content(400)) == content(1000)
        else:
            assert b"".join(raw.stream(400)) == kept


def test_large_parts_are_received_as_large(session: Any, origin: Any, monkeypatch: Any) -> None:
    """Nothing is received that a large part does not want, since it would be copied; small parts take what comes."""
    sizes: list[int] = []

    class Noting(Channel):
        def receive(self, size: int) -> bytes | None:
            sizes.append(size)
            return super().receive(size)

    monkeypatch.setattr("httpconn._engine.shared.Channel", Noting)
    for size, most in ((50_000, 50_000), (1_000, 262_144), (400_000, 262_144)):
        response = session.get(f"{origin.url}/sized?n=3000000", stream=True)
        sizes.clear()
        parts = list(response.iter_content(size))
        assert {len(part) for part in parts[:-1]} == {size}
        assert b"".join(parts) == content(3_000_000)
        assert max(sizes) == most
    assert origin.accepted == 1


def test_what_has_come_whole_is_taken_when_it_is_asked_for(session: Any, origin: Any) -> None:
    response = session.get(f"{origin.url}/sized?n=10", stream=True)
    first, second = response.raw.stream(100), response.raw.stream(100)
    assert response.raw.tell() == 0
    assert list(second) == [content(10)]
    assert list(first) == list(response.raw.stream(100)) == []
    assert (response.raw.tell(), response.raw.closed) == (10, True)


def test_early_close(session: Any, origin: Any) -> None:
    """What has not come is not waited for, and its connection is not used again; what has come whole costs none."""
    with session.get(f"{origin.url}/sized?n=3000000", stream=True) as response:
        assert next(response.iter_content(10)) == content(10)
    session.get(f"{origin.url}/sized?n=3000000", stream=True).close()
    assert session.get(f"{origin.url}/sized?n=5").content == content(5)
    assert origin.accepted == 3


EARLY = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nseven b"
EARLY_IN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nseven b"


@pytest.mark.parametrize("wire", [EARLY, EARLY_IN_CHUNKS], ids=["sized", "chunked"])
def test_content_that_ends_early(wire: bytes, session: Any, requests: Any) -> None:
    """What came is handed out, as by http.client and urllib3, and counted in the error."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(wire)

    told = r"IncompleteRead\(7 bytes read" + (", 3 more expected" if wire is EARLY else r"\)")
    with ScriptedServer(serve) as server:
        url = f"http://127.0.0.1:{server.port}/"
        raw = session.get(url, stream=True).raw
        assert [raw.read(4), raw.read(4)] == [b"seve", b"n b"]
        for again in (lambda: raw.read(4), lambda: list(raw.stream())):
            with pytest.raises(importlib.import_module("urllib3").exceptions.ProtocolError, match=told) as caught:
                again()
            assert caught.value.args[1].partial == 7
            assert (raw.closed, raw.read()) == (True, b"")
        parts = session.get(url, stream=True).iter_content(4)
        assert [next(parts), next(parts)] == [b"seve", b"n b"]
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match=told):
            next(parts)
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match=told):
            session.get(url)


CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab"


@pytest.mark.parametrize(
    ("wire", "reason"),
    [(CHUNKS + b"\r\nzz\r\n", r"got .?b'zz\\"), (CHUNKS + b"XY\r\n", "expected CRLF after the chunk's data, got")],
)
def test_malformed_chunks(wire: bytes, reason: str, session: Any, requests: Any) -> None:
    """They are urllib3's error of them, with the reason; also where urllib3 looks at no line end."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(wire)

    errors = importlib.import_module("urllib3").exceptions
    with ScriptedServer(serve) as server:
        url = f"http://127.0.0.1:{server.port}/"
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match=rf"InvalidChunkLength\(.*{reason}") as whole:
            session.get(url)
        told = whole.value.args[0].args[1]
        assert isinstance(told, errors.InvalidChunkLength)
        assert (told.partial, told.expected) == (2, None)
        assert isinstance(told.__cause__, httpconn.errors.MalformedChunks)
        assert repr(pickle.loads(pickle.dumps(whole.value)).args[0].args[1]) == repr(told)
        raw = session.get(url, stream=True).raw
        assert raw.read(2) == b"ab"
        for _ in range(2):
            with pytest.raises(errors.ProtocolError, match="InvalidChunkLength"):
                list(raw.stream(2))


@pytest.mark.parametrize("more", [b"", b"Set-Cookie: a=1\r\n"], ids=["", "cookies"])
@pytest.mark.parametrize("wire", [EARLY, EARLY_IN_CHUNKS], ids=["sized", "chunked"])
def test_a_redirect_whose_content_ends_early(wire: bytes, more: bytes, session: Any) -> None:
    """It is followed, as often as there is another one, and is a response where it is not."""
    head, _, content_ = wire.partition(b"\r\n\r\n")
    redirect = head.replace(b"200 OK", b"302 Found") + b"\r\n" + more + b"Location: /%s\r\n\r\n" + content_

    def serve(sock: socket.socket) -> None:
        if b"GET /there " in (request := take_request(sock)):
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere")
        else:
            sock.sendall(redirect % (b"there" if b"GET /on " in request else b"on"))

    with ScriptedServer(serve) as server:
        url = f"http://127.0.0.1:{server.port}/"
        for stream in (False, True):
            response = session.get(url, stream=stream)
            assert (response.content, len(response.history), response.raw.url) == (b"there", 2, "/there")
            assert session.get(url, stream=stream, allow_redirects=False).content == b""


def test_tls_that_ends_without_a_word(session: Any, requests: Any, authority: Any) -> None:
    def serve(sock: Any) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nperhaps not all")
        socket.socket(fileno=sock.detach()).close()

    def secured(sock: socket.socket) -> Any:
        return authority.server.wrap_socket(sock, server_side=True)

    with ScriptedServer(serve, secured) as server, pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"https://127.0.0.1:{server.port}/")


def test_silence_in_the_content_tells_where(session: Any, requests: Any) -> None:
    done = threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(EARLY)
        done.wait(10)

    with ScriptedServer(serve) as server:
        where = re.escape(f"HTTPConnectionPool(host='127.0.0.1', port={server.port}): Read timed out.")
        with pytest.raises(requests.ConnectionError, match=where):
            session.get(f"http://127.0.0.1:{server.port}/", timeout=0.1)
        done.set()


def test_lengths_that_contradict_each_other_where_there_is_no_content(session: Any, requests: Any) -> None:
    """The library has it as an error of send(), and not of a look at the response."""

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")

    with ScriptedServer(serve) as server:
        for stream in (False, True):
            with pytest.raises(requests.exceptions.InvalidHeader, match="unmatching"):
                session.get(f"http://127.0.0.1:{server.port}/", stream=stream)


def test_repeated_fields(session: Any, origin: Any) -> None:
    response = session.get(f"{origin.url}/set-cookies?a=1&b=2")
    assert response.raw.headers.getlist("set-cookie") == response.raw._original_response.msg.get_all("Set-Cookie")
    assert response.headers["set-cookie"] == ", ".join(response.raw.headers.getlist("Set-Cookie"))


def test_limits_of_time(session: Any, requests: Any, origin: Any) -> None:
    for timeout in (None, 5, 0.5, (5, 5), (None, 5), (5, None)):
        assert session.get(f"{origin.url}/sized?n=1", timeout=timeout).ok
    for timeout in (0, -1, (1, 2, 3), "5", True):
        with pytest.raises(ValueError):
            session.get(f"{origin.url}/sized?n=1", timeout=timeout)
    with pytest.raises(requests.ReadTimeout):
        session.get(f"{origin.url}/silent", timeout=(None, 0.05))


def test_a_put_without_content_says_so(session: Any, origin: Any) -> None:
    """Also where requests has taken the field away, as behind a redirect: some servers refuse it with 411."""
    for method, length in (("PUT", "0"), ("GET", None), ("DELETE", None)):
        prepared = session.prepare_request(importlib.import_module("requests").Request(method, f"{origin.url}/echo"))
        prepared.headers.pop("Content-Length", None)
        told = {name.lower(): value for name, value in session.send(prepared).json()["fields"]}
        assert told.get("content-length") == length


def test_errors_are_those_that_urllib3_would_tell(session: Any, requests: Any, origin: Any) -> None:
    with pytest.raises(requests.ConnectionError) as raised:
        session.get("http://nowhere.invalid/")
    assert type(raised.value.args[0].reason).__name__ == "NameResolutionError"
    with pytest.raises(requests.ConnectionError, match="host='::1'"):
        session.get("http://[::1]:1/")
    with pytest.raises(requests.ConnectionError) as raised:
        session.get("http://127.0.0.1:1/")
    assert type(raised.value.args[0].reason).__name__ == "NewConnectionError"
    assert raised.value.request.url == "http://127.0.0.1:1/"
    with pytest.raises(requests.exceptions.ProxyError):
        session.get(origin.url, proxies={"http": "http://127.0.0.1:1"})
    with pytest.raises(requests.exceptions.InvalidProxyURL):
        session.get(origin.url, proxies={"http": "http:/badproxyurl:3128"})


def told_by(error: Any) -> list[tuple[Any, ...]]:
    """What programs look at: the kinds of errors, one in the other, and what each has of pool, connection and URL."""
    told: list[tuple[Any, ...]] = [(error.request and error.request.url, error.response)]
    inner = error.args[0]
    while isinstance(inner, BaseException):
        said = vars(inner)  # to ask some of them for "pool" is a warning
        places = [said[name] and (said[name].host, said[name].port) for name in ("pool", "conn") if name in said]
        told.append((type(inner).__name__, *places, said.get("url")))
        inner = getattr(inner, "reason", None) or getattr(inner, "original_error", None)
    return told


def closes(sock: socket.socket) -> None:
    take_request(sock)


def refuses(sock: socket.socket) -> None:
    take_request(sock)
    sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


def is_silent(sock: socket.socket) -> None:
    take_request(sock)
    sock.recv(1)


UNKNOWN = ("nowhere.invalid", 8080)
FAR = "://origin.test:81/a?b=1"


@pytest.mark.parametrize(
    ("asked", "to"),
    [
        ("http", nobody), ("https", nobody), ("http", partial(nullcontext, UNKNOWN)),
        ("https", partial(nullcontext, UNKNOWN)), ("http", partial(blackhole, "127.0.0.1")),
        ("https", partial(blackhole, "127.0.0.1")), ("https", partial(ScriptedServer, refuses)),
        ("http", partial(ScriptedServer, is_silent)),
    ],
)  # fmt: skip
def test_errors_name_the_proxy_as_urllib3_does(asked: str, to: Any, session: Any, requests: Any) -> None:
    """With its own pool, where the whole URL is sent to the proxy; else as where the connection goes."""
    with to() as found:
        host, port = (found.host, found.port) if isinstance(found, ScriptedServer) else found
        proxy = f"http://{host}:{port}"
        told = []
        for adapter in (requests.adapters.HTTPAdapter(), session.adapters["http://"]):
            with requests.Session() as asks, pytest.raises(requests.RequestException) as raised:
                asks.mount(f"{asked}://", adapter)
                asks.get(f"{asked}{FAR}", proxies={asked: proxy}, timeout=(0.1, 0.1))
            told.append(raised)
    of_requests, of_ours = told
    assert isinstance(of_ours.value, of_requests.type)
    assert told_by(of_ours.value) == told_by(of_requests.value)
    for number in ("407", "Tunnel connection failed"):
        assert (number in str(of_ours.value)) is (number in str(of_requests.value))


def answers(status: bytes) -> Any:
    def serve(sock: socket.socket) -> None:
        take_request(sock)
        # It closes, and says so: else urllib3 may meet the end of a kept connection, or not.
        sock.sendall(b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: 5\r\n\r\nthere" % status)

    return serve


def breaks_off(sock: socket.socket) -> None:
    take_request(sock)
    sock.sendall(EARLY)
    sock.recv(1)


@pytest.mark.parametrize("by_option", [False, True], ids=["proxies", "option"])
def test_a_forwarding_proxy_is_who_was_asked(by_option: bool, session: Any, requests: Any) -> None:
    """With the whole URL, as by urllib3, whichever way it was named; by the response and by what goes wrong with it."""
    retries = requests.adapters.Retry(1, status_forcelist=[503], backoff_factor=0)
    for serve in (answers(b"200 OK"), answers(b"503 Busy"), is_silent, breaks_off):
        with ScriptedServer(serve) as server:
            proxy = f"http://127.0.0.1:{server.port}"
            given = {"proxy": proxy} if by_option else {}
            told = []
            for adapter in (requests.adapters.HTTPAdapter, partial(RequestsAdapter, **given)):
                session.mount("http://", adapter(max_retries=retries))
                proxies = {"http": proxy} if not told or not by_option else None
                try:
                    raw = session.get(f"http{FAR}", proxies=proxies, timeout=0.1).raw
                    told.append([raw.url, raw._pool.host, raw._pool.port])
                except requests.RequestException as error:
                    told.append(told_by(error))
        assert told[0] == told[1]


def test_a_proxy_that_closes(session: Any, requests: Any) -> None:
    """It is a ProxyError, as with urllib3; which sends a POST again behind it, where it may retry at all."""
    session.mount("http://", RequestsAdapter(max_retries=requests.adapters.Retry(2, backoff_factor=0)))
    for method, times in (("GET", 3), ("POST", 1)):
        with ScriptedServer(closes) as server:
            with pytest.raises(requests.exceptions.ProxyError) as caught:
                session.request(method, f"http{FAR}", proxies={"http": f"http://127.0.0.1:{server.port}"})
            assert server.connections == times
            errors = importlib.import_module("httpconn.adapters.under_requests").urllib3_errors
            assert type(caught.value.args[0]) is errors.MaxRetryError
            assert isinstance(caught.value.args[0].reason, errors.ProxyError)


def test_errors_of_tls_pickle(session: Any, requests: Any, tls_origin: Any) -> None:
    """They go from a worker to who has asked it, and the context that the adapter has made stays here."""
    with nobody() as (host, port):
        for url in (tls_origin.url, f"https://{host}:{port}/"):
            with pytest.raises(requests.ConnectionError) as raised:
                session.get(url, verify=True)
            assert type(pickle.loads(pickle.dumps(raised.value))) is raised.type


@pytest.mark.parametrize("number", [0, 2, None])
def test_a_number_of_retries_that_is_set_late(number: int | None, session: Any, requests: Any, origin: Any) -> None:
    adapter = RequestsAdapter()
    adapter.max_retries = number
    session.mount("http://", adapter)
    assert session.get(f"{origin.url}/sized?n=5").content == content(5)
    with pytest.raises(requests.ConnectionError, match=r"exceeded with url: /x\?y ") as caught:
        session.get("http://user:secret@127.0.0.1:1/x?y")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("is_set_late", [False, True])
@pytest.mark.parametrize("ours", [True, False])
def test_what_is_sent_again(ours: bool, is_set_late: bool, session: Any, requests: Any, origin: Any) -> None:
    retry: Any = Retry(2, statuses=[503], backoff_s=0.001) if ours else requests.adapters.Retry(
        total=2, status_forcelist=[503], backoff_factor=0.001
    )  # fmt: skip
    adapter = RequestsAdapter(max_retries=0 if is_set_late else retry)
    session.mount("http://", adapter)
    if is_set_late:
        assert session.get(f"{origin.url}/sized?n=5").content == content(5)
        adapter.max_retries = retry  # as programs may with HTTPAdapter
    assert session.get(f"{origin.url}/unavailable-at-first?times=2").text == "now\n"
    if ours:
        assert session.get(f"{origin.url}/unavailable-at-first?times=9").status_code == 503
    else:
        with pytest.raises(requests.exceptions.RetryError):
            session.get(f"{origin.url}/unavailable-at-first?times=9")


def test_tls(session: Any, requests: Any, tls_origin: Any) -> None:
    """Connections are kept by what is trusted: one that was not verified serves nobody who verifies."""
    url = f"{tls_origin.url}/sized?n=5"
    with pytest.warns(Warning, match="Unverified HTTPS request"):
        assert session.get(url, verify=False).content == content(5)
    assert session.get(url).content == content(5)
    with pytest.raises(requests.exceptions.SSLError):
        session.get(url, verify=True)
    for name in ("verify", "cert"):
        with pytest.raises(OSError, match="invalid path: /nowhere"):
            session.get(url, **{name: "/nowhere"})
    assert session.get(url).content == content(5)
    assert tls_origin.accepted == 3


def test_pickled_sessions(session: Any, origin: Any) -> None:
    session.mount("http://", RequestsAdapter(max_retries=3, per_host=2))
    copied = pickle.loads(pickle.dumps(session))
    adapter = copied.adapters["http://"]
    assert (adapter.max_retries.total, adapter._options["per_host"]) == (3, 2)
    assert copied.get(f"{origin.url}/sized?n=5").content == content(5)
    copied.close()
    assert copied.get(f"{origin.url}/sized?n=5").content == content(5)  # as with requests' own
    copied.close()


def test_a_session_that_is_dropped(requests: Any, origin: Any) -> None:
    """Its sockets are closed, and no warning tells of it, as with the library's own adapter."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        session = requests.Session()
        session.mount("http://", RequestsAdapter())
        response = session.get(f"{origin.url}/sized?n=5", stream=True)
        adapter = weakref.ref(session.get_adapter("http://"))
        del session
        assert response.content == content(5)
        del response
        gc.collect()
        assert adapter() is None
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []


def test_threads(session: Any, origin: Any) -> None:
    wrong: list[Any] = []

    def ask(first: int) -> None:
        sizes = range(first, first + 25)
        got = {size: session.get(f"{origin.url}/sized?n={size}", timeout=30).content for size in sizes}
        wrong.extend(size for size in sizes if got[size] != content(size))

    threads = [threading.Thread(target=ask, args=(100 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert origin.accepted <= 4


def test_what_is_requests_own(requests: Any) -> None:
    for name in ("headers", "cookies", "redirects", "auth", "trust_env", "retry"):
        with pytest.raises(TypeError, match=name):
            RequestsAdapter(**{name: None})
    with pytest.raises(TypeError, match="init_poolmanager"):
        type("Pinned", (RequestsAdapter,), {"init_poolmanager": lambda self, *args, **kwargs: None})
    for name in ("poolmanager", "get_connection_with_tls_context", "cert_verify"):
        with pytest.raises(AttributeError, match="options of a ConnectionPool"):
            getattr(RequestsAdapter(), name)


@pytest.mark.parametrize("stream", [True, False])
def test_what_urllib3_keeps_is_made_when_it_is_missed(stream: bool, session: Any, origin: Any) -> None:
    """And what has been read, or set, until then counts."""
    url = f"{origin.url}/sized?n=10"
    response = session.get(url, stream=stream)
    assert isinstance(response.raw.headers, importlib.import_module("urllib3").HTTPHeaderDict)
    assert response.raw.tell() == (0 if stream else 10)
    assert response.raw.length_remaining == (10 if stream else 0)
    assert not hasattr(response.raw, "of_nobody")

    response = session.get(url, stream=True)
    response.raw.decode_content = True
    assert response.raw.tell() == 0
    assert response.raw.decode_content is True
    assert len(b"".join(response.iter_content(4))) == response.raw.tell() == 10
    assert response.raw.length_remaining == 0
    assert response.raw.closed

    with session.get(f"{origin.url}/sized?n=3000000", stream=True) as response:
        parts = response.iter_content(1000)
        assert len(next(parts)) + len(next(parts)) == 2000
        assert "_unmade" in vars(response.raw)
        assert (response.raw.tell(), response.raw.length_remaining) == (2000, 3_000_000 - 2000)
        assert len(next(parts)) == 1000
        assert (response.raw.tell(), response.raw.length_remaining) == (3000, 3_000_000 - 3000)


def test_what_could_not_be_made_is_made_another_time(
    session: Any, origin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C in the middle, say: it is as unmade as before, and has its content."""
    adapter = importlib.import_module("httpconn.adapters.under_requests")
    raw = session.get(f"{origin.url}/sized?n=10", stream=True).raw
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(adapter, "HTTPHeaderDict", lambda lines: (_ for _ in ()).throw(KeyboardInterrupt))
        raw.headers  # noqa: B018  # to look is what makes it
    assert not raw.closed
    assert raw.headers["Content-Length"] == "10"
    assert raw.read() == content(10)


def test_a_response_that_is_handed_in(requests: Any) -> None:
    """urllib3's own, as the package responses and other stand-ins for servers have it."""
    urllib3 = importlib.import_module("urllib3")
    fields = urllib3.HTTPHeaderDict([("Content-Type", "text/plain; charset=utf-8"), ("Vary", "a"), ("Vary", "b")])
    given = urllib3.HTTPResponse(io.BytesIO(b"abc"), headers=fields, status=200, preload_content=False)
    request = requests.Request("GET", "http://nowhere.invalid/").prepare()
    response = RequestsAdapter().build_response(request, given)
    assert (response.text, response.headers["vary"], response.encoding) == ("abc", "a, b", "utf-8")


_COOKIES = ("a=1; Path=/", "b=2; Max-Age=100", "c=3; Max-Age=0", "d=4; Domain=nowhere.invalid", "e=5; Secure; HttpOnly",
            "f=6; Expires=Wed, 01 Jan 2098 00:00:00 GMT", "g=7; Expires=Wed, 01 Jan 2020 00:00:00 GMT", "=8", "a=9; Path=/x")  # fmt: skip


def _told(jar: Any) -> list[Any]:
    return sorted((cookie.name, cookie.value, cookie.domain, cookie.path, cookie.secure, cookie.expires, cookie._rest)
                  for cookie in jar)  # fmt: skip


@pytest.mark.parametrize("kept", [_COOKIES, ()], ids=["some", "none"])
def test_cookies_that_are_looked_at_late(
    kept: Any, session: Any, requests: Any, origin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are those that requests' own adapter finds at once: by the URL as it was, and at the time that it was."""
    cookies = importlib.import_module("requests.cookies")
    url = f"{origin.url}/field-lines?name=Set-Cookie&values={quote(json.dumps(kept))}"
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    with requests.Session() as theirs:
        expected = theirs.get(url).cookies

    def get() -> Any:
        monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
        response = session.get(url)
        monkeypatch.setattr("time.time", lambda: 1_800_000_099.0)
        response.request.url = "http://elsewhere.invalid/"
        response.request.headers["Host"] = "elsewhere.invalid"
        return response

    assert len(expected) == (5 if kept else 0)
    jar = get().cookies
    assert isinstance(jar, cookies.RequestsCookieJar)
    assert _told(jar) == _told(expected)
    assert type(jar) is cookies.RequestsCookieJar
    assert vars(jar).keys() == vars(expected).keys()
    for copied in (pickle.loads(pickle.dumps(get())).cookies, copy.copy(get().cookies), get().cookies.copy()):
        assert _told(copied) == _told(expected)
        assert type(copied) is cookies.RequestsCookieJar
    assert get().cookies == expected
    assert bool(get().cookies) is bool(kept)
    assert repr(get().cookies) == repr(expected)
    policy = DefaultCookiePolicy(blocked_domains=["127.0.0.1"])
    jar = get().cookies
    jar.set_policy(policy)
    assert (jar._policy, _told(jar)) == (policy, _told(expected))
    jar = get().cookies
    jar["own"] = "1"
    assert len(jar) == len(expected) + 1
    jar = get().cookies
    with pytest.raises(AttributeError, match="of_nobody"):
        jar.of_nobody  # noqa: B018  # to look is what is tested


def test_cookies_that_two_threads_look_at(session: Any, origin: Any) -> None:
    """It is one jar for both, whoever was first."""
    jar = session.get(f"{origin.url}/set-cookies?a=1").cookies
    module = importlib.import_module("httpconn.adapters.under_requests")
    made, *told = vars(jar)["_late"]
    other = made.setdefault("jar", module._jar_of(*told))  # a thread that has come as far, and no further
    jar["b"] = "2"
    assert dict(jar) == dict(other) == {"a": "1", "b": "2"}


def test_a_response_is_made_as_requests_makes_it(session: Any, requests: Any, origin: Any, monkeypatch: Any) -> None:
    """With each attribute that requests gives it, in this release and in others."""
    made = requests.Response.__init__

    def make_more(self: Any) -> None:
        made(self)
        self.more = 1

    with requests.Session() as theirs:
        for make in (made, make_more):
            monkeypatch.setattr(requests.Response, "__init__", make)
            first, second = (session.get(f"{origin.url}/sized?n=1") for _ in range(2))
            assert vars(first).keys() == vars(theirs.get(f"{origin.url}/sized?n=1")).keys()
            for name in ("headers", "cookies", "history"):
                assert getattr(first, name) is not getattr(second, name)


def _read_in_a_hook(response: Any, **given: Any) -> None:
    response.early = response.raw.read(2), response.raw.closed


def _replace_raw(response: Any, **given: Any) -> None:
    response.raw = io.BytesIO(b"replaced")


def _wrap_stream(response: Any, **given: Any) -> None:
    parts = response.raw.stream
    response.raw.stream = lambda *args, **kwargs: (b"<", *parts(*args, **kwargs), b">")


def _set_content(response: Any, **given: Any) -> None:
    response._content = b"set"


def _begin(response: Any, **given: Any) -> None:
    response.early = next(response.iter_content(3))


def _pickle(response: Any, **given: Any) -> None:
    restored = pickle.loads(pickle.dumps(response))
    response.early = restored.content, type(restored), copy.copy(response).content


@pytest.mark.parametrize(
    ("hook", "path"),
    [
        *(
            (hook, "/sized?n=10")
            for hook in (_read_in_a_hook, _replace_raw, _wrap_stream, _set_content, _begin, _pickle)
        ),
        *((None, path) for path in ("/sized?n=10", "/gzip?n=300", "/chunked?n=9&chunk=2", "/sized?n=0")),
        (_pickle, "/gzip?n=300"),
    ],
)
def test_content_that_is_at_hand(hook: Any, path: str, session: Any, requests: Any, origin: Any) -> None:
    """It is read when a session asks for it, and not before a hook has had the response; what it leaves is the same."""
    found = []
    with requests.Session() as theirs:
        for one in (theirs, session):
            response = one.get(origin.url + path, hooks={"response": hook} if hook is not None else None)
            assert type(response) is requests.Response
            with pytest.raises(requests.exceptions.StreamConsumedError) if response._content is True else nullcontext():
                again = b"".join(response.iter_content(4))
            found.append((response.content, again, vars(response).get("early"), response.raw.closed))
    assert found[0] == found[1]


def test_ways_of_reading_that_are_replaced(session: Any, requests: Any, origin: Any, monkeypatch: Any) -> None:
    """As programs and their tests do it, for all responses."""
    url = f"{origin.url}/sized?n=10"
    with monkeypatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", lambda self, size: iter([b"replaced"]))
        assert session.get(url).content == b"replaced"
    with monkeypatch.context() as patch:
        patch.setattr(requests.Response, "content", property(lambda self: b"replaced"))
        assert session.get(url).content == b"replaced"
    assert session.get(url).content == content(10)


LOOKS: dict[str, Any] = {
    "get": lambda headers: headers.get("x-a"),
    "has": lambda headers: ("X-A" in headers, "location" in headers, "Location" in headers, "of-nobody" in headers),
    "items": lambda headers: list(headers.items()),
    "lower": lambda headers: list(headers.lower_items()),
    "length": len,
    "equal": lambda headers: (headers == {"a": "b"}, headers == headers.copy()),
    "shown": repr,
    "pickled": lambda headers: pickle.loads(pickle.dumps(headers)),
    "copied": lambda headers: copy.copy(headers),
    "copied deeply": lambda headers: copy.deepcopy(headers),
    "set": lambda headers: (headers.__setitem__("x-B", "2"), list(headers.items())),
    "deleted": lambda headers: (headers.__delitem__("x-a"), "X-a" in headers),
    "kept": lambda headers: vars(headers),
}


@pytest.mark.parametrize("look", LOOKS)
def test_headers_that_are_looked_at_late(look: str, session: Any, requests: Any, origin: Any) -> None:
    structures = importlib.import_module("requests.structures")
    url = f"{origin.url}/field-lines?name=X-a&values={quote(json.dumps(['1', '2']))}"
    with requests.Session() as theirs:
        found = []
        for one in (theirs, session):
            response = one.get(url)
            if look == "kept" and one is session:
                len(response.headers)
            response.headers.pop("date", None) if look != "pickled" else None
            found.append(LOOKS[look](response.headers))
            assert type(response.headers) is structures.CaseInsensitiveDict or look == "has"
    assert found[0] == found[1]
    headers = session.get(url).headers
    assert "location" not in headers
    assert session.get(f"{origin.url}/redirect?to=/", allow_redirects=False).headers.get("Location")
    with pytest.raises(AttributeError, match="of_nobody"):
        headers.of_nobody  # noqa: B018  # to look is what is tested


def test_fields_of_the_original_response(session: Any, requests: Any, origin: Any) -> None:
    """Whoever takes cookies from there has them at once, and all else of a message when it is looked for."""
    url = f"{origin.url}/field-lines?name=Set-Cookie&values={quote(json.dumps(['a=1', 'b=2']))}"
    with requests.Session() as theirs:
        for told in (
            lambda msg: (msg.get_all("set-cookie"), msg.get_all("Set-Cookie2"), msg.get_all("x", [])),
            lambda msg: [line for line in msg.items() if line[0] != "Date"],
            lambda msg: (msg["SET-COOKIE"], msg.get_content_type(), msg.defects, msg.is_multipart()),
            lambda msg: (msg.add_header("x", "1"), msg.get_all("x"), msg.get_all("set-cookie")),
        ):
            found = [told(one.get(url).raw._original_response.msg) for one in (theirs, session)]
            assert found[0] == found[1]
    msg = session.get(url).raw._original_response.msg
    assert isinstance(msg, httpconn.HTTPMessage)
    with pytest.raises(AttributeError, match="of_nobody"):
        msg.of_nobody  # noqa: B018  # to look is what is tested
