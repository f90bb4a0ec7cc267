"""What programs do besides requests: fake and wrapped sockets, gevent, audit hooks, fork, threads, copies, garbage.

Where it says ``MODULES``, http.client is the measure: the same program must end the same on both.
"""

from __future__ import annotations

import copy
import csv
import functools
import gc
import http.client
import importlib.util
import io
import json
import os
import pickle
import re
import socket
import ssl
import sys
import threading
import types
import warnings
from collections.abc import Callable
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn._io import connect

from . import children
from .fakes import FakeSocket
from .servers import content

MODULES = (http.client, httpconn)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"


def outcome(program: Callable[..., object], *arguments: Any) -> object:
    """Return what *program* returns, or which exception it raises; ours may be subclasses of the documented one."""
    try:
        return program(*arguments)
    except Exception as error:
        return next(cls for cls in type(error).__mro__ if not cls.__module__.startswith("httpconn"))


# -- the surface -----------------------------------------------------------------------------------------------


def test_every_name_of_http_client_is_there() -> None:
    lacking = {name: getattr(http.client, name) for name in set(dir(http.client)) - set(dir(httpconn))}
    assert [name for name, value in lacking.items() if not isinstance(value, types.ModuleType)] == []


def test_what_is_not_a_class_of_ours_is_theirs() -> None:
    ours = {"HTTPConnection", "HTTPSConnection", "HTTPResponse"}
    dunders = {name for name in dir(http.client) if name.startswith("__")}
    for name in set(dir(http.client)) - ours - dunders:
        value = getattr(http.client, name)
        if not isinstance(value, types.ModuleType):
            # Numbers may be equal, all else must be the very same.
            assert getattr(httpconn, name) is value or (isinstance(value, int) and getattr(httpconn, name) == value)
    assert set(http.client.__all__) <= set(httpconn.__all__)
    assert all(hasattr(httpconn, name) for name in httpconn.__all__)


@pytest.mark.parametrize("name", ["HTTPConnection", "HTTPSConnection", "HTTPResponse"])
def test_every_public_attribute_of_the_classes_is_there(name: str) -> None:
    theirs, ours = (getattr(module, name) for module in MODULES)
    assert {attribute for attribute in dir(theirs) if not attribute.startswith("_")} <= set(dir(ours))


# What SURFACE.md found in use, private names too.
CONNECTION_ATTRIBUTES = (
    "sock host port timeout source_address blocksize debuglevel auto_open response_class default_port _http_vsn "
    "_http_vsn_str _method _buffer _output _send_output _tunnel _tunnel_host _tunnel_port _tunnel_headers "
    "_validate_path _validate_host _validate_method _encode_request _create_connection _get_content_length"
)
RESPONSE_ATTRIBUTES = (
    "fp begin close closed isclosed fileno peek read read1 readinto readline readlines length chunked chunk_left msg "
    "headers version status reason code will_close debuglevel _method _safe_read _read_status _close_conn info "
    "geturl getcode getheader getheaders"
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_attributes_in_use(module: Any) -> None:
    connection = module.HTTPConnection("host.example")
    assert [name for name in CONNECTION_ATTRIBUTES.split() if not hasattr(connection, name)] == []
    assert hasattr(module.HTTPSConnection("host.example", context=ssl.create_default_context()), "_context")
    assert module.HTTPConnection._get_content_length(b"12", "POST") == 2
    response = module.HTTPResponse(FakeSocket(OK))
    response.begin()
    assert [name for name in RESPONSE_ATTRIBUTES.split() if not hasattr(response, name)] == []
    assert response.headers is response.msg
    assert (response.status, response.code, response.version, response.reason) == (200, 200, 11, "OK")
    assert (response.length, response.chunked, response.will_close) == (2, False, False)
    response.msg = "anything"
    assert response.msg == "anything"
    assert response.headers["Content-Length"] == "2"
    response.close()


@pytest.mark.parametrize("name", ["HTTPConnection", "HTTPResponse"])
def test_the_classes_are_ordinary(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = getattr(httpconn, name)
    monkeypatch.setattr(cls, "debuglevel", 0)
    monkeypatch.setattr(cls, "of_somebody", "x", raising=False)
    made = cls("host.example") if name == "HTTPConnection" else cls(FakeSocket(OK))
    made.anything = made.of_somebody
    assert vars(made)["anything"] == "x"
    made.close()


# -- sockets of all kinds --------------------------------------------------------------------------------------


class BareSocket:
    """Not one method more than is needed."""

    def __init__(self, *responses: bytes) -> None:
        self.sent = b""
        self._responses = list(responses)

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def makefile(self, *arguments: Any, **keywords: Any) -> Any:
        return io.BytesIO(self._responses.pop(0))

    def close(self) -> None:
        pass


@pytest.mark.parametrize("message", [OK, CHUNKS])
def test_a_socket_with_makefile_and_sendall(message: bytes) -> None:
    told = []
    for module in MODULES:
        connection = module.HTTPConnection("host.example")
        connection.sock = BareSocket(message, message)
        got = []
        for _ in range(2):
            connection.request("POST", "/", b"body")
            response = connection.getresponse()
            got.append((response.read(), response.getheaders()))
        told.append((got, connection.sock.sent))
        connection.close()
    assert told[0] == told[1]


@pytest.mark.parametrize("message", [OK, CHUNKS])
def test_a_response_made_by_hand(message: bytes) -> None:
    for module in MODULES:
        response = module.HTTPResponse(BareSocket(message), 0, "GET", "http://host.example/")
        response.begin()
        assert response.fp is not None
        assert response.read() == b"hi"
        assert response.fp is None
        assert response.isclosed()
        response.close()


def test_a_response_class_with_a_method_of_the_name_of_one_of_ours() -> None:
    for module in MODULES:

        class Response(module.HTTPResponse):  # type: ignore[misc, name-defined]
            def _set_up(self) -> None:
                raise AssertionError("nobody has called it")

        response = Response(BareSocket(OK), 0, "GET")
        response.begin()
        assert response.read() == b"hi"


def test_a_makefile_that_gives_nothing() -> None:
    class Nothing(BareSocket):
        def makefile(self, *arguments: Any, **keywords: Any) -> Any:
            return None

    for module in MODULES:
        response = module.HTTPResponse(Nothing())
        assert response.fp is None
        assert response.isclosed()


def test_a_file_put_into_fp() -> None:
    """As cachecontrol and vcrpy do."""
    told = []
    for module in MODULES:
        response = module.HTTPResponse(BareSocket(OK))
        response.begin()
        response.fp = io.BufferedReader(io.BytesIO(b"other"))
        response.length = 5
        told.append((response.read(3), response.length, response.read(), response.isclosed()))
        response.close()
    assert told == [(b"oth", 2, b"er", True)] * 2


WAYS: dict[str, Callable[[Any], object]] = {
    "read": lambda response: (response.read(), response.read()),
    "read-some": lambda response: (response.read(2), response.read(), response.isclosed()),
    "readline": lambda response: (response.readline(), response.readline()),
    "read1": lambda response: response.read1(3),
    "readinto": lambda response: response.readinto(bytearray(3)),
    "lines": list,
    "text": lambda response: io.TextIOWrapper(response).read(),
    "with": lambda response: response.__enter__().read(),
    "begin": lambda response: response.begin(),
    "close": lambda response: (response.close(), response.isclosed(), response.closed, response.read()),
    "told": lambda response: (response.length, response.chunked, response.chunk_left, response.fp is None),
    "repr": lambda response: bool(repr(response)),
}


@pytest.mark.parametrize(
    "order", [["length", "chunked", "chunk_left", "fp"], ["fp", "chunk_left", "chunked", "length"]]
)
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_a_subclass_that_does_without_our_init(way: str, chunked: bool, order: list[str]) -> None:
    """It sets by itself what http.client's methods go by."""
    told = []
    for module in MODULES:

        class Made(module.HTTPResponse):
            def __init__(self) -> None:
                self._method = "GET"
                self.status = self.code = 200
                self.version, self.reason, self.debuglevel, self.will_close = 11, "OK", 0, False
                self.headers = self.msg = HTTPMessage()
                self._max_headers = None  # from 3.15 on, for trailers
                file = io.BufferedReader(io.BytesIO(b"5\r\nhello\r\n0\r\n\r\n" if chunked else b"hello"))
                values = {"fp": file, "length": None if chunked else 5, "chunked": chunked, "chunk_left": None}
                for name in order:
                    setattr(self, name, values[name])

        response = Made()
        told.append((outcome(WAYS[way], response), response.status, response.getheaders()))
        response.close()
    assert told[0] == told[1]


def test_no_chunk_is_left_where_there_are_none() -> None:
    for module in MODULES:
        response = module.HTTPResponse(BareSocket(OK))
        response.begin()
        response.chunk_left = None
        assert (response.chunked, response.read()) == (False, b"hi")
        response.close()


def test_a_look_at_the_end_of_chunks_is_the_end(origin: Any) -> None:
    """Who reads what a look has shown never reads the last chunk; the next request goes out all the same."""
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", origin.port, timeout=5)
        for _ in range(2):
            connection.request("GET", "/chunked?n=10000")
            response = connection.getresponse()
            parts = []
            while looked_at := response.peek():
                parts.append(response.read(len(looked_at)))
            assert b"".join(parts) == content(10_000)
            assert response.isclosed()
        connection.close()


@pytest.mark.parametrize("when", ["before", "after", "between"])
def test_a_wrapped_socket(when: str, origin: Any) -> None:
    """Programs put a recorder around ``conn.sock``, before the first request, after it was sent, or between two."""

    class Recorder:
        def __init__(self, sock: socket.socket) -> None:
            self._sock = sock
            self.sent = b""

        def sendall(self, data: bytes) -> None:
            self.sent += data
            self._sock.sendall(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._sock, name)

    told = []
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", origin.port, timeout=5)
        connection.connect()
        recorder = Recorder(connection.sock)
        got = []
        for number in range(3):
            if when == "before" or (when == "between" and number == 1):
                connection.sock = recorder
            connection.putrequest("GET", f"/chunked?n={number * 5000}")
            connection.endheaders()
            if when == "after":
                connection.sock = recorder
            got.append(connection.getresponse().read() == content(number * 5000))
        told.append((got, recorder.sent))
        connection.close()
    assert told[0] == told[1]
    assert origin.accepted == 2


def test_tls_over_a_tunnel_of_ones_own(tls_origin: Any, proxy: Any, authority: Any) -> None:
    """The socket is connected, tunnelled and wrapped by the program, and then given to the connection."""
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
        connection.set_tunnel("127.0.0.1", tls_origin.port)
        connection.connect()
        connection.sock = authority.client.wrap_socket(connection.sock, server_hostname="127.0.0.1")
        for size in (0, 50_000):
            connection.request("GET", f"/sized?n={size}")
            assert connection.getresponse().read() == content(size)
        connection.close()


def test_https(tls_origin: Any, authority: Any) -> None:
    for module in MODULES:
        connection = module.HTTPSConnection("127.0.0.1", tls_origin.port, context=authority.client, timeout=5)
        for size in (0, 10, 200_000):
            for path in ("sized", "chunked"):
                connection.request("GET", f"/{path}?n={size}")
                assert connection.getresponse().read() == content(size)
        connection.request("GET", "/until-close?n=100000")
        assert connection.getresponse().read() == content(100_000)
        connection.close()
        connection = module.HTTPSConnection("127.0.0.1", tls_origin.port, timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.request("GET", "/")
        connection.close()


def test_a_default_context_that_somebody_has_replaced(
    tls_origin: Any, authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = httpconn.HTTPSConnection("127.0.0.1", tls_origin.port, timeout=5)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()
    make = functools.partial(ssl.create_default_context, cafile=authority.pem)
    monkeypatch.setattr(ssl, "_create_default_https_context", make)
    for module in MODULES:
        connection = module.HTTPSConnection("127.0.0.1", tls_origin.port, timeout=5)
        connection.request("GET", "/sized?n=1")
        assert connection.getresponse().read() == content(1)
        connection.close()


def test_a_unix_socket(tmp_path: Path) -> None:
    """docker's and systemd's way: connect() makes another socket."""
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("there are no Unix sockets here")
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            for _ in MODULES:
                peer, _ = listener.accept()
                with peer:
                    for _ in range(2):
                        while b"\r\n\r\n" not in peer.recv(65536):
                            pass
                        peer.sendall(OK)

        server = threading.Thread(target=serve)
        server.start()
        for module in MODULES:

            class Unix(module.HTTPConnection):
                def connect(self) -> None:
                    self.sock = socket.socket(socket.AF_UNIX)
                    self.sock.settimeout(5)
                    self.sock.connect(path)

            connection = Unix("localhost")
            for _ in range(2):
                connection.request("GET", "/info")
                assert connection.getresponse().read() == b"hi"
            connection.close()
        server.join()


GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, socket, sys
import httpconn, http.client
assert socket.socket.__module__.startswith("gevent")
from gevent.pool import Pool

def fetch(module, path, size):
    connection = module.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
    for _ in range(5):
        connection.request("GET", f"{path}?n={size}")
        response = connection.getresponse()
        assert len(response.read()) == size
    connection.close()

pool = Pool(30)
for path in ("/sized", "/chunked"):
    for size in (0, 10, 100_000):
        for module in (http.client, httpconn):
            pool.spawn(fetch, module, path, size)
pool.join(raise_error=True)

# Others run while one waits.
steps = []
def wait():
    connection = httpconn.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=2)
    connection.request("GET", "/silent")
    try:
        connection.getresponse()
    except TimeoutError:
        steps.append("timeout")
    connection.close()
def tick():
    for _ in range(5):
        gevent.sleep(0.01)
        steps.append("tick")
gevent.joinall([gevent.spawn(wait), gevent.spawn(tick)], raise_error=True)
assert steps == ["tick"] * 5 + ["timeout"], steps
print("good")
"""


@pytest.mark.parametrize("first", ["gevent", "httpconn"])
def test_gevent(first: str, origin: Any, tmp_path: Path) -> None:
    if importlib.util.find_spec("gevent") is None:
        pytest.skip("gevent is not installed here")
    source = GEVENT if first == "gevent" else "import httpconn\n" + GEVENT
    ended = children.run(["-c", source, str(origin.port)], tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "good\n"), ended.stderr


GEVENT_TLS = """
from gevent import monkey
monkey.patch_all()
import ssl, sys
import httpconn
from httpconn._io import connect
from gevent.pool import Pool

def fetch(_):
    connection = httpconn.HTTPSConnection("localhost", int(sys.argv[1]), timeout=5)
    connection.request("GET", "/info")
    assert connection.getresponse().read()
    connection.sock.context.verify_mode  # a private one: what is done to it concerns nobody else
    connection.sock.context.check_hostname = False
    connection.sock.context.verify_mode = ssl.CERT_NONE
    assert connection.sock.__class__.__mro__[1].__module__ == "gevent.ssl"
    connection.close()
    from httpconn._io.connect import shared_https_context
    assert shared_https_context(11).verify_mode == ssl.CERT_REQUIRED

Pool(5).map(fetch, range(10))
print("good")
"""


@pytest.mark.parametrize("first", ["gevent", "httpconn"])
def test_gevent_over_tls(first: str, tls_origin: Any, authority: Any, tmp_path: Path) -> None:
    """gevent's contexts make sockets of a class of their own, which the shared context has to make too."""
    if importlib.util.find_spec("gevent") is None:
        pytest.skip("gevent is not installed here")
    source = GEVENT_TLS if first == "gevent" else "import httpconn\n" + GEVENT_TLS
    ended = children.run(["-c", source, str(tls_origin.port)], tmp_path, changes={"SSL_CERT_FILE": authority.pem})
    assert (ended.returncode, ended.stdout) == (0, "good\n"), ended.stderr


# -- audit events, copies, pickles -----------------------------------------------------------------------------

AUDITED = """
import io, sys, http.client, httpconn
events = []
def hook(event, arguments):
    if event.startswith("http.client"):
        events.append((event, type(arguments[0]).__name__, *arguments[1:]))
sys.addaudithook(hook)

def told(module):
    connection = module.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
    connection.request("GET", "/echo")
    connection.getresponse().read()
    connection.request("POST", "/echo", io.BytesIO(b"file"))
    connection.getresponse().read()
    connection.putrequest("PUT", "/echo")
    connection.putheader("Content-Length", "2")
    connection.endheaders()
    connection.send(b"ab")
    connection.getresponse().read()
    connection.close()
    seen = [*events]
    events.clear()
    return seen

standard, ours = told(http.client), told(httpconn)
assert len(standard) > 5
assert ours == standard, (ours, standard)
print("good")
"""


def test_audit_events(origin: Any, tmp_path: Path) -> None:
    assert children.output_of(AUDITED, tmp_path, str(origin.port)) == "good\n"


def _made() -> list[Callable[[Any], Any]]:
    return [
        lambda module: module.HTTPConnection("host.example"),
        lambda module: module.HTTPSConnection("host.example", context=ssl.create_default_context()),
        lambda module: module.HTTPResponse(FakeSocket(OK)),
    ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a half-made response's, in http.client
@pytest.mark.parametrize("make", _made(), ids=["connection", "https", "response"])
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps], ids=lambda how: how.__name__)
def test_copies_and_pickles(make: Callable[[Any], Any], how: Callable[[Any], Any]) -> None:
    told = []
    for module in MODULES:
        made = make(module)
        result = outcome(how, made)
        told.append(result if isinstance(result, type) else "worked")
        made.close()
    assert told[0] == told[1]


@pytest.mark.parametrize("how", [copy.copy, lambda c: pickle.loads(pickle.dumps(c))], ids=["copy", "pickle"])
def test_a_copied_connection_works(how: Callable[[Any], Any], origin: Any) -> None:
    for module in MODULES:
        copied = how(module.HTTPConnection("127.0.0.1", origin.port, timeout=5))
        copied.request("GET", "/sized?n=3")
        assert copied.getresponse().read() == content(3)
        copied.close()


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_a_copy_of_one_that_was_used_and_closed(how: Callable[[Any], Any], origin: Any) -> None:
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", origin.port, timeout=5)
        connection.request("GET", "/sized?n=3")
        assert connection.getresponse().read() == content(3)
        connection.close()
        copied = how(connection)
        copied.request("GET", "/sized?n=4")
        assert copied.getresponse().read() == content(4)
        copied.close()


def test_pickled_classes_and_exceptions() -> None:
    for name in ("HTTPConnection", "HTTPSConnection", "HTTPResponse"):
        assert pickle.loads(pickle.dumps(getattr(httpconn, name))) is getattr(httpconn, name)
    error = pickle.loads(pickle.dumps(httpconn.IncompleteRead(b"ab", 3)))
    assert (error.partial, error.expected) == (b"ab", 3)


# -- reading by way of io --------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", ["sized", "chunked"])
def test_readers_over_a_response(chunked: str, origin: Any) -> None:
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", origin.port, timeout=5)

        def get(path: str, connection: Any = connection) -> Any:
            connection.request("GET", path)
            return connection.getresponse()

        with get("/echo") as response:
            assert json.load(response)["target"] == "/echo"
        assert list(get("/lines?n=3")) == [b"line 0\n", b"line 1\n", b"line 2\n"]
        rows = csv.reader(io.TextIOWrapper(get("/lines?n=300"), "ascii"), delimiter=" ")
        assert [row[1] for row in rows] == [str(number) for number in range(300)]
        assert io.BufferedReader(get(f"/{chunked}?n=100000")).read() == content(100_000)
        assert get(f"/{chunked}?n=100").readlines() == content(100).splitlines(keepends=True)
        connection.close()


# -- fork, threads, garbage ------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_fork(origin: Any, tmp_path: Path) -> None:
    """The child uses connections of its own; the parent's go on."""
    source = """
import os, sys, httpconn
def get(connection):
    connection.request("GET", "/sized?n=1000")
    return len(connection.getresponse().read())
made = lambda: httpconn.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
parent = made()
assert get(parent) == 1000
if not (pid := os.fork()):
    own = made()
    assert get(own) == 1000
    own.close()
    parent.close()  # its own descriptor: the parent's connection lives
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert get(parent) == 1000
parent.close()
print("good")
"""
    assert children.output_of(source, tmp_path, str(origin.port)) == "good\n"
    assert origin.accepted == 2


def test_threads_one_after_another(origin: Any) -> None:
    connection = httpconn.HTTPConnection("127.0.0.1", origin.port, timeout=5)
    failures: list[BaseException] = []

    def use(number: int) -> None:
        try:
            connection.request("GET", f"/chunked?n={number * 1000}")
            assert connection.getresponse().read() == content(number * 1000)
        except BaseException as error:
            failures.append(error)

    for number in range(10):
        thread = threading.Thread(target=use, args=(number,))
        thread.start()
        thread.join()
    connection.close()
    assert not failures
    assert origin.accepted == 1


def _left_unread(connection: Any) -> None:
    connection.request("GET", "/sized?n=500000")
    connection.getresponse()


def _half_read(connection: Any) -> None:
    connection.request("GET", "/chunked?n=500000")
    response = connection.getresponse()
    response.read(10)


def _fp_looked_at(connection: Any) -> None:
    connection.request("GET", "/sized?n=500000")
    response = connection.getresponse()
    response.fp.read(10)


def _read_to_the_end(connection: Any) -> None:
    connection.request("GET", "/sized?n=500000")
    connection.getresponse().read()


def _until_close_unread(connection: Any) -> None:
    connection.request("GET", "/until-close?n=500000")
    connection.getresponse()


def _closed(connection: Any) -> None:
    _half_read(connection)
    connection.close()


def _response_closed(connection: Any) -> None:
    connection.request("GET", "/chunked?n=500000")
    with connection.getresponse() as response:
        response.read(10)
    connection.close()


def _failed(connection: Any) -> None:
    connection.request("GET", "/dropped-at-first?times=9")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()


def _cut(connection: Any) -> None:
    connection.request("GET", "/cut")
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()


@pytest.mark.parametrize(
    "program",
    [
        _left_unread,
        _half_read,
        _fp_looked_at,
        _read_to_the_end,
        _until_close_unread,
        _closed,
        _response_closed,
        _failed,
        _cut,
    ],
)
@pytest.mark.parametrize("server", ["origin", "tls_origin"])
def test_garbage(program: Callable[[Any], None], server: str, request: pytest.FixtureRequest, authority: Any) -> None:
    """Nobody closes anything: no descriptor stays, and no warning that http.client would not give."""
    peer = request.getfixturevalue(server)
    told = []
    for module in MODULES:
        gc.collect()
        descriptors = _descriptors()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            for _ in range(3):
                if server == "origin":
                    connection = module.HTTPConnection("127.0.0.1", peer.port, timeout=5)
                else:
                    connection = module.HTTPSConnection("127.0.0.1", peer.port, timeout=5, context=authority.client)
                program(connection)
                mine = connection.sock.fileno() if connection.sock else -1
                del connection
                gc.collect()
                if mine >= 0:
                    with pytest.raises(OSError, match="Bad file descriptor"):
                        os.fstat(mine)
        told.append(len([warning for warning in caught if "127.0.0.1" in str(warning.message)]))
        peer.drop_connections()
        assert _settles(lambda before=descriptors: _descriptors() <= before)
    standard, ours = told
    assert ours <= standard


def _descriptors() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except FileNotFoundError:
        return 0


def _settles(condition: Callable[[], bool]) -> bool:
    """Wait a moment for the server's threads to let go of their ends."""
    for _ in range(1_000):
        if condition():
            return True
        threading.Event().wait(0.02)
    return False


def test_a_response_outlives_its_connection(origin: Any) -> None:
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", origin.port, timeout=5)
        connection.request("GET", "/until-close?n=300000")
        response = connection.getresponse()
        del connection
        gc.collect()
        assert response.read() == content(300_000)
        response.close()


def test_the_socket_closed_before_the_body_is_read(origin: Any) -> None:
    """urllib.request's way."""
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", origin.port, timeout=5)
        connection.request("GET", "/sized?n=300000", headers={"Connection": "close"})
        response = connection.getresponse()
        if connection.sock:
            connection.sock.close()
            connection.sock = None
        assert response.read() == content(300_000)
        response.close()


def test_the_socket_behind_fp(origin: Any) -> None:
    """docker's client reads ``resp.fp.raw._sock``, after an upgrade above all."""
    for module in MODULES:
        connection = module.HTTPConnection("127.0.0.1", origin.port, timeout=5)
        connection.request("GET", "/sized?n=10")
        response = connection.getresponse()
        assert response.fp.raw._sock.fileno() == connection.sock.fileno()
        assert response.fileno() == connection.sock.fileno()
        assert response.read() == content(10)
        connection.close()


def test_an_interpreter_that_is_ending(origin: Any, tmp_path: Path) -> None:
    """Globals that are never closed: silence, as with http.client (its own warnings apart)."""
    source = """
import sys, httpconn
connection = httpconn.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
connection.request("GET", "/sized?n=500000")
response = connection.getresponse()
response.read(10)
"""
    ended = children.run(["-c", source, str(origin.port)], tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_two_line_program(origin: Any, tmp_path: Path) -> None:
    """``import httpconn; httpconn.install()`` before an unchanged script, and ``uninstall()`` undoes it."""
    if importlib.util.find_spec("requests") is None:
        pytest.skip("requests is not installed here")
    source = """
import requests, sys, urllib.request, xmlrpc.client
url = sys.argv[1]
with requests.get(url, stream=True) as response:
    print(type(response.raw._original_response).__module__, response.text)
with urllib.request.urlopen(url) as response:
    print(type(response).__module__, response.read().decode())
transport = xmlrpc.client.Transport()
print(type(transport.make_connection("host.example")).__module__)
"""
    lines = "import httpconn; httpconn.install()\n"
    after = """
httpconn.uninstall()
with urllib.request.urlopen(url) as response:
    print(type(response).__module__)
transport = xmlrpc.client.Transport()
print(type(transport.make_connection("host.example")).__module__)
"""
    url = f"{origin.url}/sized?n=5"
    text = content(5).decode()
    options = ["-W", "error", "-W", "ignore::DeprecationWarning"]
    ours = f"httpconn.response {text}\nhttpconn.response {text}\nhttpconn.connection\n"
    theirs = f"http.client {text}\nhttp.client {text}\nhttp.client\n"
    for program, said in (
        (source, theirs),
        (lines + source, ours),
        (lines + source + after, ours + "http.client\nhttp.client\n"),
    ):
        ended = children.run(["-c", program, url], tmp_path, options=options)
        assert (ended.stdout, ended.stderr) == (said, "")
    (tmp_path / "script.py").write_text(source)
    ended = children.run(["-m", "httpconn", "run", "script.py", url], tmp_path, options=options)
    assert (ended.stdout, ended.stderr) == (ours, "")


def test_nothing_of_ours_imports_http_client_late() -> None:
    """After install() a late ``from http.client import HTTPConnection`` would find ourselves."""
    package = Path(httpconn.__file__).parent
    for path in package.rglob("*.py"):
        name = ".".join(("httpconn", *path.relative_to(package).with_suffix("").parts)).removesuffix(".__init__")
        if "http.client" in path.read_text() and name != "httpconn.__main__":
            imports = [
                line
                for line in path.read_text().splitlines()
                if re.match(r"\s*(from|import) http(\.client)?( |$)", line)
            ]
            assert not imports or name in sys.modules, f"{name} is imported late, and needs the true http.client"
            assert [line for line in imports if line[0] == " " and "TYPE_CHECKING" not in path.read_text()] == []


def test_a_context_of_a_mocks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """mocket's has no ``sslsocket_class``."""
    mock = types.SimpleNamespace(options=0)
    monkeypatch.setattr(connect, "create_https_context", lambda http_version: mock)
    monkeypatch.setattr(connect, "_shared", {})
    assert connect.shared_https_context(11) is mock
