"""Every deliberate difference from http.client, as data: what it is, why, and a program that shows it.

``docs/coming-from-http-client.md`` has its tables from here (``python -m tests.dropin.differences`` rewrites them),
and ``test_differences.py`` runs every program on both modules, so neither can go stale.
"""

from __future__ import annotations

import array
import contextlib
import io
import os
import select
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import trustme

from ..support import pages
from ..support.certificates import TLS
from . import children
from .fakes import FakeSocket


class Difference(NamedTuple):
    there: str
    """What http.client does."""
    here: str
    why: str
    show: Callable[[Any], object]
    """Given the module, returns what happens."""
    shows_there: object
    """What it returns with http.client; a later http.client may have come to agree with us."""
    shows_here: object


def _begun(module: Any, message: bytes, method: str = "GET") -> Any:
    response = module.HTTPResponse(FakeSocket(message), 0, method)
    response.begin()
    return response


def _outcome(program: Callable[[], object]) -> object:
    try:
        return program()
    except Exception as error:
        return type(error).__name__


def _read(*head: bytes, body: bytes = b"hello") -> Callable[[Any], object]:
    """A program that returns the content of a response with these field lines, or the exception's name."""
    message = b"\r\n".join((b"HTTP/1.1 200 OK", *head, b"", body))

    def show(module: Any) -> object:
        with _begun(module, message) as response:
            return _outcome(response.read)

    return show


def _field(name: str, *head: bytes) -> Callable[[Any], object]:
    """A program that returns one field of a response with these field lines, or the exception's name."""
    message = b"\r\n".join((b"HTTP/1.1 200 OK", *head, b"", b""))

    def show(module: Any) -> object:
        def get() -> object:
            with _begun(module, message) as response:
                return response.getheader(name)

        return _outcome(get)

    return show


def _next_answer(
    message: bytes, use: Callable[[Any], object], late: bytes = b"", *, close: bool = False
) -> Callable[[Any], object]:
    """A program that returns what a second request brings, when *message* has answered the first and been used.

    Before it, *late* arrives, or the server closes. A connection that is opened anew is answered with "fresh".
    """

    def show(module: Any) -> object:
        with socket.create_server(("127.0.0.1", 0)) as server:
            connection = module.HTTPConnection("host.example", timeout=5)
            connection._create_connection = lambda *arguments: socket.create_connection(server.getsockname(), 5)
            connection.connect()
            connection._create_connection = lambda *arguments: FakeSocket(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh"
            )
            peer, _ = server.accept()
            connection.request("GET", "/first")
            peer.recv(65536)
            peer.sendall(message)
            use(connection.getresponse())
            if close:
                peer.close()
            else:
                peer.sendall(late)
            if (close or late) and connection.sock is not None and connection.sock.fileno() >= 0:
                assert select.select([connection.sock], [], [], 5)[0], "it does not arrive"

            def second() -> object:
                connection.request("GET", "/second")
                return connection.getresponse().read()

            try:
                return _outcome(second)
            finally:
                peer.close()
                connection.close()

    return show


def _unsent(*arguments: Any) -> Callable[[Any], object]:
    """A program that says what becomes of a request with these arguments: "sent", or the exception's name."""

    def show(module: Any) -> object:
        connection = module.HTTPConnection("host.example")
        connection.sock = FakeSocket()
        told = _outcome(lambda: connection.request(*arguments))
        connection.close()
        return "sent" if told is None else "ValueError" if told == "InvalidField" else told

    return show


def _again(fail: Callable[[Any], object]) -> Callable[[Any], object]:
    """A program that returns what a good request brings after *fail* has failed."""

    def show(module: Any) -> object:
        connection = module.HTTPConnection("host.example")
        sock = FakeSocket(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh")
        connection._create_connection = lambda *arguments: sock
        _outcome(lambda: fail(connection))
        connection._create_connection = lambda *arguments: sock

        def second() -> object:
            connection.request("GET", "/")
            return connection.getresponse().read()

        told = _outcome(second)
        connection.close()
        return told

    return show


def _refused_connect(connection: Any) -> None:
    def refuse(*arguments: Any) -> Any:
        raise ConnectionRefusedError

    connection._create_connection = refuse
    connection.request("GET", "/")


def _abandoned(module: Any) -> object:
    connection = module.HTTPConnection("host.example")
    connection.putrequest("GET", "/abandoned")
    connection.close()
    connection.sock = sock = FakeSocket()
    connection.request("GET", "/next")
    connection.close()
    return b"".join(sock.sent).partition(b"\r\n")[0]


def _tunnel_headers(module: Any) -> object:
    connection = module.HTTPConnection("proxy.example")
    connection._create_connection = lambda *arguments: FakeSocket(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    connection.set_tunnel("origin.example", 443, {"X-A": "b\r\nX-Smuggled: yes"})
    told = _outcome(connection.connect)
    connection.close()
    return "ValueError" if told == "InvalidField" else told


def _bytes_behind_the_tunnel(module: Any) -> object:
    connection = module.HTTPConnection("proxy.example")
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = socket.create_connection(server.getsockname(), 5)
        proxy, _ = server.accept()
        with proxy:
            proxy.sendall(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
            connection._create_connection = lambda *arguments: sock
            connection.set_tunnel("origin.example", 443)
            told = _outcome(connection.connect)
            connection.close()
    return "connected" if told is None else told


def _sends(module: Any) -> object:
    connection = module.HTTPConnection("host.example")
    connection.sock = sock = FakeSocket()
    connection.request("POST", "/", b"small")
    connection.close()
    return len(sock.sent)


def _contexts_loaded(module: Any) -> object:
    loaded = []
    true = ssl._create_default_https_context

    def counting() -> ssl.SSLContext:
        loaded.append(1)
        return true()

    ssl._create_default_https_context = counting
    try:
        for _ in range(3):
            connection = module.HTTPSConnection("host.example")
            connection._create_connection = lambda *arguments: FakeSocket()
            _outcome(connection.connect)  # a fake socket cannot be wrapped, but the context has been made
            connection.close()
    finally:
        ssl._create_default_https_context = true
    return len(loaded)


def _another_certificate(module: Any) -> object:
    """What comes of the second connection to a server whose certificate nobody trusts by then."""
    kept = os.environ.get("SSL_CERT_FILE")
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        tls = TLS(Path(folder))

        def serve() -> None:
            sock, _ = listener.accept()
            with contextlib.suppress(OSError), sock, tls.wrap(sock) as secured:
                secured.recv(65_536)
                secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        def ask() -> object:
            server = threading.Thread(target=serve)
            server.start()
            connection = module.HTTPSConnection("localhost", listener.getsockname()[1], timeout=5)
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
                return "resumed" if connection.sock.session_reused else "a whole handshake"
            finally:
                connection.close()
                server.join()

        os.environ["SSL_CERT_FILE"] = tls.cafile
        try:
            ask()
            trustme.CA().issue_cert("localhost").configure_cert(tls.server_context)
            return _outcome(ask)
        finally:
            del os.environ["SSL_CERT_FILE"]
            if kept is not None:
                os.environ["SSL_CERT_FILE"] = kept


def _endless_interim(module: Any) -> object:
    message = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    return _outcome(lambda: _begun(module, message).close())


def _module_of(module: Any) -> object:
    return module.HTTPConnection.__module__


def _bytes_to_the_proxy(module: Any) -> object:
    connection = module.HTTPConnection("proxy.example")
    sock = FakeSocket(b"HTTP/1.1 200 OK\r\n\r\n")
    connection._create_connection = lambda *arguments: sock
    connection.set_tunnel("origin.example", 443, {"X-A": b"b"})
    connection.connect()
    connection.close()
    return b"X-A: b\r\n" in b"".join(sock.sent)


def _hundred_lines(module: Any) -> object:
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(100))
    return _outcome(lambda: len(_begun(module, b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n").getheaders()))


def _huge_length(module: Any) -> object:
    told = _read(b"Content-Length: 99999999999999999999")(module)
    return told if told == "MalformedFraming" else "another error"


def _partial(module: Any) -> object:
    with _begun(module, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwor") as response:
        try:
            return response.read()
        except module.IncompleteRead as error:
            return error.partial


def _final_status(module: Any) -> object:
    message = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with _begun(module, message) as response:
        return response.status


def _debug_output(module: Any) -> object:
    connection = module.HTTPConnection("host.example")
    connection.sock = FakeSocket(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    )
    connection.request("GET", "/")
    connection.set_debuglevel(1)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        connection.getresponse().close()
    connection.close()
    return [line.partition(":")[0] for line in output.getvalue().splitlines()]


class _FileThatReenters(io.BytesIO):
    """A file that, in the middle of a read, has another reader come to the same response."""

    response: Any = None
    told: object = None

    def read(self, size: int | None = -1) -> bytes:
        response, self.response = self.response, None
        if response is not None:
            self.told = _outcome(lambda: response.read(2))
        return super().read(size)


def _second_reader(module: Any) -> object:
    file = _FileThatReenters(_SIZED)
    sock = FakeSocket()
    sock.makefile = lambda *arguments: file
    response = module.HTTPResponse(sock)
    response.begin()
    file.response = response
    return _outcome(response.read), file.told


def _after_a_wait(come: bytes, wait: Callable[[Any], object], timeout: float) -> Callable[[Any], object]:
    """A program that returns what a second request brings, after *wait* for more than *come* has failed."""

    def show(module: Any) -> object:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection = module.HTTPConnection("host.example")
            connection.sock = ours
            connection._create_connection = lambda *arguments: FakeSocket(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh"
            )
            connection.request("GET", "/first")
            theirs.sendall(come)
            ours.settimeout(timeout)

            def first() -> object:
                return wait(connection)

            def second() -> object:
                connection.request("GET", "/second")
                return connection.getresponse().read()

            told = _outcome(first), _outcome(second)
            connection.close()
        return told

    return show


def _read_twice(connection: Any) -> object:
    response = connection.getresponse()
    return _outcome(response.read), _outcome(response.read), response.isclosed()


_FORK = """\
import importlib, os, select, socket, sys
client = importlib.import_module(sys.argv[1])
with socket.create_server(("127.0.0.1", 0)) as server:
    connection = client.HTTPConnection(*server.getsockname(), timeout=5)
    connection.connect()
    peer, _ = server.accept()
    connection.request("GET", "/parent")
    peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    connection.getresponse().read()
    peer.recv(65536)
    if not (pid := os.fork()):
        connection.request("GET", "/child")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    print("its own" if server in select.select([server, peer], [], [], 5)[0] else "the parent's")
    connection.close()
    peer.close()
"""


def _used_by_the_child(module: Any) -> object:
    with tempfile.TemporaryDirectory() as directory:
        return children.output_of(_FORK, Path(directory), module.__name__).strip()


def _array_in_chunks(module: Any) -> object:
    connection = module.HTTPConnection("host.example")
    connection.sock = sock = FakeSocket()
    connection.request("POST", "/", iter([array.array("H", [1, 2])]))
    connection.close()
    return b"".join(sock.sent).partition(b"\r\n\r\n")[2].partition(b"\r\n")[0]


def _body_that_raises(connection: Any) -> None:
    def body() -> Iterator[bytes]:
        yield b"begun"
        raise LookupError

    connection.request("POST", "/", body())


def _long_tunnel(module: Any) -> object:
    connection = module.HTTPConnection("proxy.example")
    sock = FakeSocket(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
    connection._create_connection = lambda *arguments: sock
    connection.set_tunnel("origin.example", 443)
    told = _outcome(connection.connect)
    connection.close()
    return "connected" if told is None else told


def _sent_in_the_clear(module: Any) -> object:
    connection = module.HTTPSConnection("host.example")
    sock = FakeSocket()  # cannot be wrapped: so TLS fails
    connection._create_connection = lambda *arguments: sock
    _outcome(connection.connect)
    _outcome(lambda: connection.request("GET", "/secret"))
    connection.close()
    return bool(sock.sent)


def _steps_looked_up(module: Any) -> object:
    seen = []

    class Tracer(module.HTTPConnection):
        def __getattribute__(self, name: str) -> Any:
            seen.append(name)
            return super().__getattribute__(name)

    connection = Tracer("host.example")
    connection.sock = FakeSocket()
    connection.request("GET", "/")
    connection.close()
    return seen.count("putheader") > 1  # once for each field that is put


def _seen_below(module: Any) -> object:
    """Whether a ``recv_into`` that is put on the class of sockets is called by a connection that was made before."""
    seen = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = module.HTTPConnection("host.example")
        connection.sock = ours
        original = socket.socket.recv_into

        def recv_into(self: Any, *arguments: Any) -> int:
            seen.append(1)
            return original(self, *arguments)

        socket.socket.recv_into = recv_into  # type: ignore[method-assign]
        try:
            connection.request("GET", "/")
            theirs.sendall(_SIZED)
            connection.getresponse().read()
        finally:
            del socket.socket.recv_into
        connection.close()
    return bool(seen)


_SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
_CHUNKED = b"Transfer-Encoding: chunked"
_CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfi"
_EARLY = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


def _name_in_tls(module: Any) -> object:
    """What the context is asked to put into SNI, and to look for in the certificate, for a host with the root's dot."""
    told = []

    class Context:
        def wrap_socket(self, sock: Any, server_hostname: str) -> Any:
            told.append(server_hostname)
            return sock

    connection = module.HTTPSConnection("host.example.", timeout=5)
    connection._create_connection = lambda *arguments: FakeSocket(b"")
    connection._context = Context()
    connection.connect()
    connection.close()
    return told


DIFFERENCES: dict[str, list[Difference]] = {
    "Reading a response": [
        Difference(
            "passes over 100 alone, and takes a 102 or 103 for the final response",
            "passes over every 1xx but 101; `response.interim` has them",
            "a 103 Early Hints is common now, and the final response would answer the next request",
            _final_status,
            103,
            200,
        ),
        Difference(
            "a malformed field line ends the fields: the rest of the head is lost, Content-Length too",
            "skips that line, keeps the others, lists it in `response.defects`, closes the connection afterwards",
            "else `read()` waits for a body that has come already",
            _field("B", b"A: 1", b"no field line", b"B: 2"),
            None,
            "2",
        ),
        Difference(
            "a Content-Length or Transfer-Encoding that is malformed as a line is ignored",
            "`MalformedHead` from `getresponse()`",
            "where the body ends cannot be known; request smuggling and response splitting begin so",
            _field("A", b"Content-Length : 5", b"A: 1"),
            None,
            "MalformedHead",
        ),
        Difference(
            "a CR alone ends a field line",
            "it does not; it is listed in `response.defects`",
            "no server means it so, and fields could be smuggled in",
            _field("Injected", b"A: 1\rInjected: yes"),
            "yes",
            None,
        ),
        Difference(
            "a Content-Length of `+5`, `0_5` or in the digits of another script counts; one that is no number is ignored",
            "ASCII digits alone count, else the first read raises `MalformedFraming`; status and fields are readable",
            "whoever stands between reads another length, and the rest becomes the next response",
            _read(b"Content-Length: +5"),
            b"hello",
            "MalformedFraming",
        ),
        Difference(
            "of several Content-Lengths that differ, the first counts",
            "the first read raises `MalformedFraming`; equal ones are one",
            "as above",
            _read(b"Content-Length: 5", b"Content-Length: 3"),
            b"hello",
            "MalformedFraming",
        ),
        Difference(
            "Transfer-Encoding counts if it is just `chunked`; any other is ignored, and chunk framing comes as content",
            "lists, spaces and empty members are read as RFC 9112 says; a coding before `chunked` that cannot be "
            "undone is `MalformedFraming` at the first read",
            "content with chunk sizes in it is worse than an error",
            _read(b"Transfer-Encoding: gzip, chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
            b"5\r\nhello\r\n0\r\n\r\n",
            "MalformedFraming",
        ),
        Difference(
            "`chunked` in a second Transfer-Encoding line is not looked at",
            "`chunked` twice, in one line or two, is `MalformedFraming` at the first read",
            "RFC 9112 section 6.1 forbids it, and whoever stands between may undo one coding or both",
            _read(_CHUNKED, _CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
            b"hello",
            "MalformedFraming",
        ),
        Difference(
            "a chunk-size of `0x5`, `+5` or ` 5` counts",
            "hex digits alone, else `IncompleteRead`, with the reason in its `__cause__`",
            "as with Content-Length",
            _read(_CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
            b"hello",
            "IncompleteRead",
        ),
        Difference(
            "whatever stands behind a chunk's data is taken for its CRLF",
            "CRLF, else `IncompleteRead`",
            "the sizes that follow would be read from the content",
            _read(_CHUNKED, body=b"5\r\nhelloXX0\r\n\r\n"),
            b"hello",
            "IncompleteRead",
        ),
        Difference(
            "when chunks are cut short, `IncompleteRead.partial` lacks what had come of the last one",
            "it has every byte that came",
            "they are wanted where there is nothing else",
            _partial,
            b"hello",
            b"hellowor",
        ),
        Difference(
            "100 field lines are too many up to 3.14, which counts the empty line too",
            "100 pass, on every Python, as from 3.15 on",
            "one limit for all",
            _hundred_lines,
            "HTTPException",
            100,
        ),
        Difference(
            "any number of `100 Continue`",
            "at most 100 interim responses (`Limits.interim_responses`), then `HTTPException`",
            "a server could keep a client for ever",
            _endless_interim,
            None,
            "HTTPException",
        ),
        Difference(
            "a Content-Length that no machine can hold is an `OverflowError` (from 3.14 on it waits for that many bytes)",
            "beyond 2**63 - 1 it is `MalformedFraming`; memory is taken as bytes come, never as they are announced",
            "errors are of one family, and a server cannot take memory by a number (CVE-2025-13836); CPython's "
            "`test_large_content_length_truncated` asks for `IncompleteRead`",
            _huge_length,
            "another error",
            "MalformedFraming",
        ),
        Difference(
            "a status of `0200` or `+200` is 200",
            "three digits, else `BadStatusLine`",
            "it is no HTTP",
            lambda module: _outcome(lambda: _begun(module, b"HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n").status),
            200,
            "BadStatusLine",
        ),
        Difference(
            "`\\xa0`, `\\x85` and `\\x1c` to `\\x1f` part the words of a status-line, since `str.split` takes them for space",
            "`BadStatusLine`: only RFC 9112's own white space does",
            "who stands between sees another line",
            lambda module: _outcome(lambda: _begun(module, b"HTTP/1.1\xa0200 OK\r\nContent-Length: 0\r\n\r\n").status),
            200,
            "BadStatusLine",
        ),
        Difference(
            "debug output of a 102 or 103: `header:` and each field, as of a final response",
            "`headers:` and its lines, as of a 100; of a head that is refused, the status-line alone",
            "it shows what is done with them",
            _debug_output,
            ["reply", "header"],
            ["reply", "headers", "reply", "header"],
        ),
        Difference(
            "two readers of one response at a time (threads, a signal handler) take bytes from each other",
            "the second gets `ResponseNotReady`",
            "neither would have the content",
            _second_reader,
            ("IncompleteRead", b"fi"),
            (b"first", "ResponseNotReady"),
        ),
        Difference(
            "a read of the body that times out leaves the response open, though it can be read no further (`OSError`)",
            "it closes the response and its connection; the next request opens another",
            "the place in the stream is lost",
            _after_a_wait(_CUT, _read_twice, 0.02),
            (("TimeoutError", "OSError", False), "ResponseNotReady"),
            (("TimeoutError", "OSError", True), b"fresh"),
        ),
        Difference(
            'a read that finds nothing on a non-blocking socket takes that for the end of the body: `IncompleteRead`, then `b""`',
            "`BlockingIOError`, and it ends the response as a timeout does",
            "as above; the rest would be the next response",
            _after_a_wait(_CUT, lambda connection: _read_twice(connection)[:2], 0),
            (("IncompleteRead", b""), "RemoteDisconnected"),
            (("BlockingIOError", "OSError"), b"fresh"),
        ),
    ],
    "Using a connection again": [
        Difference(
            "bytes behind a response are the beginning of the next one",
            "they end the connection: the next request opens another",
            "an answer to a request that nobody made yet is forged, or belongs to somebody else",
            _next_answer(_SIZED, lambda response: response.read(), _EARLY),
            b"forged",
            b"fresh",
        ),
        Difference(
            "a kept connection that the server has closed meanwhile fails the next request",
            "one look before each request on a kept connection; if it has ended, another is opened",
            "nothing has been sent, so nothing can be sent twice",
            _next_answer(_SIZED, lambda response: response.read(), close=True),
            "RemoteDisconnected",
            b"fresh",
        ),
        Difference(
            "a response that is closed unread leaves its body in the way of the next one",
            "closing it unread closes the connection; the next request opens another",
            "a late body must not be taken for a response",
            _next_answer(_SIZED.removesuffix(b"first"), lambda response: response.close(), b"firs\n"),
            "BadStatusLine",
            b"fresh",
        ),
        Difference(
            "after Content-Length beside Transfer-Encoding, or a defect in the head, the connection is used again",
            "it is not",
            "a lax reading is never followed by another response",
            _next_answer(
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + _CHUNKED + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                lambda response: response.read(),
                b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsame",
            ),
            b"same",
            b"fresh",
        ),
        Difference(
            "after a failed connect every request raises `CannotSendRequest` until `close()`",
            "the next request connects anew",
            "no error is a dead end",
            _again(_refused_connect),
            "CannotSendRequest",
            b"fresh",
        ),
        Difference(
            "a connect that fails once the socket is open (TLS, what a proxy answers) leaves that in `sock`, and the next "
            "request goes out on it, unencrypted",
            "it closes everything it has opened",
            "credentials would go out in the clear",
            _sent_in_the_clear,
            True,
            False,
        ),
        Difference(
            "so after a request that was refused before it was sent (a bad field, say)",
            "the next request goes out",
            "as above",
            _again(lambda connection: connection.request("GET", "/", headers={"A": "b\n"})),
            "CannotSendRequest",
            b"fresh",
        ),
        Difference(
            "the lines of a request that was begun and closed go out with the next request",
            "`close()` drops them",
            "that was another request",
            _abandoned,
            b"GET /abandoned HTTP/1.1",
            b"GET /next HTTP/1.1",
        ),
        Difference(
            "after a timeout before the first byte, `getresponse()` may be called again; another request is "
            "`CannotSendRequest`",
            "`getresponse()` may be called again; another request opens another connection",
            "a late answer must not be taken for the next one",
            _after_a_wait(b"", lambda connection: connection.getresponse(), 0.02),
            ("TimeoutError", "CannotSendRequest"),
            ("TimeoutError", b"fresh"),
        ),
        Difference(
            "a body whose source raises midway leaves half a request on the connection: `CannotSendRequest` until `close()`",
            "it closes the connection; the next request opens another",
            "what follows would be taken for the rest of that body",
            _again(_body_that_raises),
            "CannotSendRequest",
            b"fresh",
        ),
        Difference(
            "a child process made by `fork` sends on the connection that its parent keeps",
            "its next request opens one of its own",
            "each could get the other's answer",
            _used_by_the_child,
            "the parent's",
            "its own",
        ),
    ],
    "Sending a request": [
        Difference(
            "head and body are two sends",
            "head and a body of up to 16 KiB are one, unless `send` is overridden",
            "one packet and one system call less",
            _sends,
            2,
            1,
        ),
        Difference(
            "`request` calls each step (`putrequest`, `putheader`, ...)",
            "so it does where one of them is overridden; else it may make the head at once, unseen by a tracer in "
            "`__getattribute__`",
            "most of the time that is saved",
            _steps_looked_up,
            True,
            False,
        ),
        Difference(
            "the chunk-size of a piece that is an `array` or a `memoryview` of wide items counts items",
            "it counts bytes",
            "the rest of the piece would be read as framing",
            _array_in_chunks,
            b"2",
            b"4",
        ),
        Difference(
            "a space in the method is sent",
            "`ValueError`",
            "it begins the target: request splitting",
            _unsent("GET /other", "/"),
            "sent",
            "ValueError",
        ),
        Difference(
            "control characters other than CR and LF in a field value are sent",
            "`InvalidField`, a `ValueError`",
            "NUL above all is read differently by the next hop",
            _unsent("GET", "/", None, {"A": "b\0c"}),
            "sent",
            "ValueError",
        ),
        Difference(
            "Content-Length and Transfer-Encoding together are sent",
            "`InvalidField`, a `ValueError`",
            "request smuggling",
            _unsent("POST", "/", io.BytesIO(b"a"), {"Content-Length": "1", "Transfer-Encoding": "chunked"}),
            "sent",
            "ValueError",
        ),
        Difference(
            "so are they with white space behind one of the names, or beside a Content-Length of its own",
            "`InvalidField`, a `ValueError`",
            "a server may strip it, or not see the field",
            _unsent("POST", "/", b"a", {"Content-Length ": "1"}),
            "sent",
            "ValueError",
        ),
        Difference(
            "control characters and tabs in a field name are sent",
            "`InvalidField`, a `ValueError`",
            "what the next hop takes for the name is anybody's guess",
            _unsent("GET", "/", None, {"A\tb": "c"}),
            "sent",
            "ValueError",
        ),
        Difference(
            "tunnel headers are sent as they are",
            "judged as all others: `InvalidField`",
            "CVE-2026-1502",
            _tunnel_headers,
            "OSError",
            "ValueError",
        ),
        Difference(
            "a tunnel header of type `bytes` is sent as `b'...'`",
            "as it is",
            "nobody means the other",
            _bytes_to_the_proxy,
            False,
            True,
        ),
        Difference(
            "bytes behind the proxy's answer to CONNECT are lost",
            "`OSError`: the tunnel failed",
            "the origin has not been spoken to yet, so they are the proxy's",
            _bytes_behind_the_tunnel,
            "connected",
            "OSError",
        ),
        Difference(
            "a 1xx in answer to CONNECT fails the tunnel: `OSError`",
            "1xx but 101 are passed over, as before any response",
            "RFC 9110 section 15.2",
            _long_tunnel,
            "OSError",
            "connected",
        ),
    ],
    "TLS, and the module": [
        Difference(
            "a host with the root's dot (`host.`) has it in SNI too, and no certificate is for that name",
            "without the dot in SNI and in the check of the certificate; looked up, and in Host, as typed",
            "RFC 6066 section 3; it is the same host, which is verified as strictly",
            _name_in_tls,
            ["host.example."],
            ["host.example"],
        ),
        Difference(
            "`HTTPSConnection(host)` loads the CA store each time, some 25 ms",
            "connections that were given no context share one, made anew when one of these changes: "
            "`ssl._create_default_https_context`, `ssl.SSLContext`, `SSL_CERT_FILE`, `SSL_CERT_DIR`, `SSLKEYLOGFILE`, the "
            "times of the CA file and folder; whoever reads `connection._context` gets a private one. Over the shared one, the "
            "TLS session of a server that was met before is resumed (`connection.sock.session_reused`)",
            "the largest single cost of a short HTTPS program",
            _contexts_loaded,
            3,
            1,
        ),
        Difference(
            "the server's certificate is looked at for each connection",
            "not where a TLS session is resumed, which is done for an hour after the whole handshake at most: a certificate "
            "that the server shows by now in place of the first, or that has expired or was revoked since, is noticed after "
            "that. With a context of one's own (`context=ssl.create_default_context()`), it is looked at each time",
            "half of what a handshake costs",
            _another_certificate,
            "SSLCertVerificationError",
            "resumed",
        ),
        Difference(
            "`response.headers` of a `message/rfc822` is a multipart message with a message of no fields in it",
            "it is the fields, for every Content-Type",
            "there is no content in a head that could be parsed",
            lambda module: _begun(
                module, b"HTTP/1.1 200 OK\r\nContent-Type: message/rfc822\r\n\r\n"
            ).headers.is_multipart(),
            True,
            False,
        ),
        Difference(
            "`response.headers.defects` of a `multipart/*` tells of boundaries that were not found",
            "there are none of those, but of lines that were skipped: what is wrong with a head is in `response.defects`",
            "the same",
            lambda module: bool(
                _begun(module, b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n").headers.defects
            ),
            True,
            False,
        ),
        Difference(
            "`vars(response)` has `status`, `reason` and the like",
            "they are in slots; what a program sets besides is in `vars(response)`",
            "a tenth of the cost of a small response",
            lambda module: "status" in vars(_begun(module, b"HTTP/1.1 200 OK\r\n\r\n")),
            True,
            False,
        ),
        Difference(
            "a class may derive from `HTTPResponse` and from `io.BytesIO`, or another type with a layout of its own",
            "`TypeError`: a class may derive from `HTTPResponse` and ordinary classes",
            "the same slots",
            lambda module: _outcome(lambda: type("Both", (module.HTTPResponse, io.BytesIO), {}).__name__),
            "Both",
            "TypeError",
        ),
        Difference(
            "what is put in the place of `socket.socket.makefile`, `recv_into` or `socket.SocketIO.readinto` is called",
            "so it is on connections that are made afterwards (TLS too); those that were made before receive by `recv`",
            "it is looked for once for each connection, since each response would pay for more",
            _seen_below,
            True,
            False,
        ),
        Difference(
            '`HTTPConnection.__module__` is `"http.client"`',
            "it is where the class is",
            "honest pickles and tracebacks; the one test of CPython's own suites that fails (`test_all`) asks for it",
            _module_of,
            "http.client",
            "httpconn.connection",
        ),
    ],
}

DOCUMENT = pages.ROOT / "docs" / "coming-from-http-client.md"


def tables() -> str:
    """Return the differences as the document has them."""
    lines = []
    for section, differences in DIFFERENCES.items():
        lines += [f"### {section}", "", "| http.client | httpconn | why |", "|---|---|---|"]
        lines += [f"| {difference.there} | {difference.here} | {difference.why} |" for difference in differences]
        lines.append("")
    return "\n".join(lines)


def rewritten(document: str) -> str:
    """Return *document* with the tables as they should be."""
    return pages.rewritten(document, "differences", "tests/dropin/differences.py", tables())


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text()))
