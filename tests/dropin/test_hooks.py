"""Every step that programs override: called as http.client calls it, in the same order, with the same arguments.

Each step is overridden by a subclass, on the class and on the instance, alone and together with all others, in
both modules; what was called, what was sent and how it ended must be the same.
"""

from __future__ import annotations

import http.client
import io
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import httpconn

from .fakes import FakeSocket

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
LAST = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\ngone"
TUNNEL = b"HTTP/1.0 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n"
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"

# SURFACE.md's list, and the steps between them.
STEPS = (
    "connect",
    "close",
    "request",
    "putrequest",
    "putheader",
    "endheaders",
    "send",
    "getresponse",
    "set_tunnel",
    "set_debuglevel",
    "_send_request",
    "_send_output",
    "_output",
    "_tunnel",
    "_get_hostport",
    "_validate_method",
    "_validate_path",
    "_validate_host",
    "_encode_request",
    "_create_connection",
    "_get_content_length",
    "_is_textIO",
    "_read_readable",
    "response_class",
)

Scenario = Callable[[Any], object]


def _read(connection: Any) -> tuple[int, bytes]:
    response = connection.getresponse()
    return response.status, response.read()


def _get(connection: Any) -> object:
    connection.request("GET", "/path?a=b")
    return _read(connection)


def _several(connection: Any) -> object:
    told = []
    for method in ("GET", "HEAD", "DELETE", "POST"):
        connection.request(method, "/")
        told.append(_read(connection))
    return told


def _fields(connection: Any) -> object:
    connection.request("GET", "/", headers={"X-A": "b", "User-Agent": "mine", "X-Number": 7, "X-Bytes": b"c"})
    return _read(connection)


def _own_fields(connection: Any) -> object:
    connection.request("GET", "/", headers={"Host": "other.example", "Accept-Encoding": "gzip"})
    return _read(connection)


def _body(body: Callable[[], Any], **headers: str) -> Scenario:
    def scenario(connection: Any) -> object:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/form", body(), fields)
        return _read(connection)

    return scenario


def _encoded_by_the_caller(connection: Any) -> object:
    connection.request("POST", "/", iter([b"a", b"bc"]), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    return _read(connection)


def _step_by_step(connection: Any) -> object:
    connection.putrequest("PUT", "/steps", skip_accept_encoding=True)
    connection.putheader("X-Several", "one", b"two", 3)
    connection.putheader(b"Content-Length", "9")
    connection.endheaders(b"from ")
    connection.send(b"here")
    return _read(connection)


def _absolute(connection: Any) -> object:
    connection.request("GET", "http://elsewhere.example:8080/path")
    return _read(connection)


def _by_tunnel(connection: Any) -> object:
    connection.set_tunnel("origin.example", 8443, {"Proxy-Authorization": "Basic eDp5"})
    connection.request("GET", "/")
    return _read(connection)


def _by_closed_tunnel(connection: Any) -> object:
    connection.set_tunnel("origin.example")
    connection.request("GET", "/")
    return _read(connection)


def _version_1_0(connection: Any) -> object:
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    connection.request("POST", "/", iter([b"a", b"b"]), {"Content-Length": "2"})
    return _read(connection)


def _debugging(connection: Any) -> object:
    connection.set_debuglevel(1)
    connection.request("POST", "/", io.StringIO("text"))
    told = _read(connection)
    connection.request("POST", "/", iter([b"a", b"", b"b"]))
    return told, _read(connection)


def _refusals(connection: Any) -> object:
    """Calls that are refused, and how; the connection is still good afterwards."""
    told: list[object] = []
    for call, *arguments in (
        ("getresponse",),
        ("putheader", "X-A", "b"),
        ("endheaders",),
        ("request", "GE\nT", "/"),
        ("request", "GET", "/\r\n"),
        ("request", "GET", "/", None, {"X A\n": "b"}),
        ("request", "GET", "/", None, {"X-A": "b\r\nc"}),
        ("request", "GET", "/", 7),
        ("request", "POST", "/", "\u20ac"),
    ):
        try:
            getattr(connection, call)(*arguments)
        except Exception as error:
            told.append((call, _kind_of(error)))
        connection.close()
        connection._buffer.clear()  # http.client would send these lines in front of the next request
    connection.request("GET", "/")
    return told, _read(connection)


def _out_of_order(connection: Any) -> object:
    told: list[object] = []
    connection.putrequest("GET", "/")
    for call, *arguments in (("putrequest", "GET", "/"), ("getresponse",), ("request", "GET", "/")):
        with pytest.raises(http.client.ImproperConnectionState) as raised:
            getattr(connection, call)(*arguments)
        told.append((type(raised.value), raised.value.args))
    connection.endheaders()
    response = connection.getresponse()
    connection.putrequest("GET", "/early")
    connection.endheaders()
    with pytest.raises(http.client.ResponseNotReady) as not_ready:
        connection.getresponse()
    told.append(not_ready.value.args)
    told.append(response.read())
    told.append(_read(connection))
    return told


def _kind_of(error: Exception) -> type:
    """The class that http.client raises there; ours may be more precise."""
    return ValueError if isinstance(error, httpconn.InvalidField) else type(error)


class Case(NamedTuple):
    run: Scenario
    responses: tuple[bytes, ...]
    port: int | None = None


CASES = {
    "get": Case(_get, (OK,)),
    "get from another port": Case(_get, (OK,), 8080),
    "several": Case(_several, (OK, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", CHUNKS, LAST)),
    "fields": Case(_fields, (CHUNKS,)),
    "own fields": Case(_own_fields, (OK,)),
    "bytes": Case(_body(lambda: b"a=b"), (OK,)),
    "empty bytes": Case(_body(lambda: b""), (OK,)),
    "many bytes": Case(_body(lambda: b"a" * 100_000), (OK,)),
    "bytearray": Case(_body(lambda: bytearray(b"a=b")), (OK,)),
    "str": Case(_body(lambda: "\xe9t\xe9"), (OK,)),
    "file": Case(_body(lambda: io.BytesIO(b"file" * 5000)), (OK,)),
    "text file": Case(_body(lambda: io.StringIO("\xe9t\xe9" * 5000)), (OK,)),
    "iterator": Case(_body(lambda: iter([b"a", b"", b"b" * 300])), (OK,)),
    "list": Case(_body(lambda: [b"a", b"b"]), (OK,)),
    "own length": Case(_body(lambda: b"a=b", Content_Length="3"), (OK,)),
    "file with its length": Case(_body(lambda: io.BytesIO(b"file"), Content_Length="4"), (OK,)),
    "own coding": Case(_body(lambda: b"1\r\na\r\n0\r\n\r\n", Transfer_Encoding="chunked"), (OK,)),
    "encoded by the caller": Case(_encoded_by_the_caller, (OK,)),
    "step by step": Case(_step_by_step, (OK,)),
    "absolute": Case(_absolute, (OK,)),
    "tunnel": Case(_by_tunnel, (TUNNEL, OK)),
    "closed tunnel": Case(_by_closed_tunnel, (REFUSED,)),
    "HTTP/1.0": Case(_version_1_0, (LAST,)),
    "debugging": Case(_debugging, (OK, CHUNKS)),
    "refusals": Case(_refusals, (OK,)),
    "out of order": Case(_out_of_order, (OK, OK)),
    "no response": Case(_get, (b"",)),
    "no HTTP": Case(_get, (b"SSH-2.0-OpenSSH\r\n",)),
}

WAYS = ("subclass", "class", "instance")


def shown(value: Any) -> Any:
    """Return *value* as the trace keeps it: by content where it has one, else by kind."""
    if isinstance(value, (str, bytes, int, type(None), bool)):
        return value
    if isinstance(value, (tuple, list)):
        return tuple(map(shown, value))
    if isinstance(value, dict):
        return {name: shown(item) for name, item in value.items()}
    return re.sub(r"^httpconn\..*\.", "http.client.", f"{type(value).__module__}.{type(value).__qualname__}")


class Trace(NamedTuple):
    calls: list[object]
    sent: list[bytes]
    ended: object
    printed: str


def trace(module: Any, case: Case, steps: tuple[str, ...], way: str, patch: pytest.MonkeyPatch, capsys: Any) -> Trace:
    """Return what happens when *steps* are overridden in that *way*, each passing on to the original."""
    calls: list[object] = []
    sock = FakeSocket(*case.responses)

    class Subclass(module.HTTPConnection):
        pass

    def recording(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **keywords: Any) -> Any:
            inner = arguments[1:] if way != "instance" and name != "_create_connection" else arguments
            calls.append((name, shown(inner), shown(keywords)))
            return original(*arguments, **keywords)

        return step

    target = module.HTTPConnection if way == "class" else Subclass
    for name in steps if way != "instance" else ():
        if name in ("_create_connection", "response_class"):
            continue
        original = getattr(module.HTTPConnection, name)
        if name in ("_get_content_length", "_is_textIO"):
            inner = original  # static there; overridden as ordinary methods
            original = lambda self, *arguments, inner=inner: inner(*arguments)  # noqa: E731
        patch.setattr(target, name, recording(name, original), raising=False)
    connection = (module.HTTPConnection if way == "class" else Subclass)("host.example", case.port)
    if way == "instance":
        for name in steps:
            if name != "_create_connection":
                setattr(connection, name, recording(name, getattr(connection, name)))
    elif "response_class" in steps:
        original_class = connection.response_class

        def response_class(*arguments: Any, **keywords: Any) -> Any:
            calls.append(("response_class", shown(arguments), shown(keywords)))
            return original_class(*arguments, **keywords)

        connection.response_class = response_class

    def create_connection(*arguments: Any) -> FakeSocket:
        if "_create_connection" in steps:
            calls.append(("_create_connection", shown(arguments), {}))
        return sock

    connection._create_connection = create_connection
    ended: object
    try:
        ended = case.run(connection)
    except Exception as error:
        ended = type(error), str(error)
    connection.close()
    patch.undo()
    return Trace(calls, sock.sent, ended, re.sub(r"0x[0-9a-f]+", "0x", capsys.readouterr().out))


def _both(case: Case, steps: tuple[str, ...], way: str, patch: pytest.MonkeyPatch, capsys: Any) -> Iterator[Trace]:
    for module in (http.client, httpconn):
        yield trace(module, case, steps, way, patch, capsys)


def assert_same(case: str, steps: tuple[str, ...], way: str, patch: pytest.MonkeyPatch, capsys: Any) -> None:
    standard, ours = _both(CASES[case], steps, way, patch, capsys)
    assert ours.calls == standard.calls
    assert b"".join(ours.sent) == b"".join(standard.sent)
    if "send" in steps:
        assert ours.sent == standard.sent
    assert ours.ended == standard.ended
    assert ours.printed.replace("httpconn", "http.client") == standard.printed
    # Head and small body may go out in one, where nobody looks.
    assert len(ours.sent) <= len(standard.sent)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", WAYS)
def test_all_steps_overridden(case: str, way: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert_same(case, STEPS, way, monkeypatch, capsys)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", WAYS)
def test_one_step_overridden(step: str, way: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    for case in CASES:
        assert_same(case, (step,), way, monkeypatch, capsys)


@pytest.mark.parametrize("case", CASES)
def test_nothing_overridden(case: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert_same(case, (), "subclass", monkeypatch, capsys)


@pytest.mark.parametrize("step", ["putheader", "_validate_path", "send", "endheaders"])
def test_a_patch_comes_and_goes(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The road is chosen at each request, on a connection that lives on."""
    connection = httpconn.HTTPConnection("host.example")
    connection.sock = sock = FakeSocket(OK, OK, OK)
    seen: list[str] = []
    for patched in (False, True, False):
        with monkeypatch.context() as patch:
            if patched:
                original = getattr(httpconn.HTTPConnection, step)

                def noting(*arguments: Any, original: Any = original, **keywords: Any) -> Any:
                    seen.append(step)
                    return original(*arguments, **keywords)

                patch.setattr(httpconn.HTTPConnection, step, noting)
            connection.request("GET", "/")
            assert _read(connection) == (200, b"hi")
        assert bool(seen) == patched
        seen.clear()
    assert len(set(sock.sent)) == 1
    connection.close()


# -- attributes that subclasses set or make into properties ------------------------------------------------------


def _subclass(module: Any, **attributes: Any) -> Any:
    return type("Subclass", (module.HTTPConnection,), attributes)


@pytest.mark.parametrize(
    "attributes",
    [
        {"default_port": 8080},
        {"_http_vsn": 10, "_http_vsn_str": "HTTP/1.0"},
        {"_http_vsn_str": "HTTP/1.2"},
        {"host": property(lambda self: self._real.rstrip("."), lambda self, host: setattr(self, "_real", host))},
        {"auto_open": 0},
        {"debuglevel": 1},
        {"blocksize": 3},
    ],
    ids=lambda attributes: next(iter(attributes)),
)
def test_attributes_of_a_subclass(attributes: dict[str, Any], capsys: Any) -> None:
    told = []
    for module in (http.client, httpconn):
        sock = FakeSocket(OK, LAST)
        connection = _subclass(module, **attributes)("host.example.", 8080)
        connection._create_connection = lambda *arguments, sock=sock: sock
        try:
            connection.request("GET", "/")
            ended: object = _read(connection)
            connection.request("POST", "/", io.BytesIO(b"12345"))
            ended = ended, _read(connection)
        except Exception as error:
            ended = type(error)
        connection.close()
        told.append((b"".join(sock.sent), ended, re.sub("0x[0-9a-f]+", "0x", capsys.readouterr().out)))
    assert told[0] == told[1]


def test_buffer_is_a_list_that_may_be_replaced() -> None:
    class Noting(list):
        appended: list[bytes]

        def append(self, line: bytes) -> None:
            self.__dict__.setdefault("appended", []).append(line)
            super().append(line)

    told = []
    for module in (http.client, httpconn):
        connection = module.HTTPConnection("host.example")
        connection.sock = FakeSocket(OK)
        connection._buffer = Noting()
        connection.request("GET", "/", headers={"X-A": "b"})
        told.append((connection._buffer.appended, connection.sock.sent))
        connection.close()
    assert told[0] == told[1]


def test_the_base_class_called_by_name() -> None:
    """Old-style subclasses call ``HTTPConnection.method(self, ...)`` on themselves."""
    told = []
    for module in (http.client, httpconn):

        class Old(module.HTTPConnection):
            base = module.HTTPConnection

            def __init__(self, *arguments: Any) -> None:
                self.base.__init__(self, *arguments)

            def putrequest(self, *arguments: Any, **keywords: Any) -> None:
                self.base.putrequest(self, *arguments, **keywords)
                self.base.putheader(self, "X-Signed", "yes")

            def getresponse(self) -> Any:
                return self.base.getresponse(self)

        connection = Old("host.example")
        connection.sock = FakeSocket(OK)
        connection.request("GET", "/")
        told.append((_read(connection), connection.sock.sent))
        connection.close()
    assert told[0] == told[1]


# -- responses -------------------------------------------------------------------------------------------------


RESPONSE_STEPS = ("begin", "_read_status", "_close_conn", "close")

READS: dict[str, Callable[[Any], object]] = {
    "read": lambda r: r.read(),
    "read n": lambda r: [r.read(1), r.read(100), r.read(1)],
    "readinto": lambda r: [r.readinto(bytearray(3)), r.readinto(bytearray(3))],
    "readline": lambda r: [r.readline(), r.readline()],
    "read1": lambda r: [r.read1(), r.read1(), r.read1()],
    "peek": lambda r: [bool(r.peek()), r.read()],
    "close": lambda r: r.close(),
    "with": lambda r: r.__enter__().__exit__(None, None, None),
}


@pytest.mark.parametrize("message", [OK, CHUNKS, LAST], ids=["sized", "chunked", "until close"])
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("steps", [*((step,) for step in RESPONSE_STEPS), RESPONSE_STEPS], ids="+".join)
@pytest.mark.parametrize("by_connection", [False, True])
def test_steps_of_a_response(message: bytes, read: str, steps: tuple[str, ...], by_connection: bool) -> None:
    told = []
    for module in (http.client, httpconn):
        calls: list[object] = []

        class Subclass(module.HTTPResponse):
            pass

        for step in steps:

            def noting(
                self: Any, *arguments: Any, step: str = step, cls: Any = module.HTTPResponse, calls: Any = calls
            ) -> Any:
                returned = getattr(cls, step)(self, *arguments)
                calls.append((step, shown(arguments), shown(returned)))
                return returned

            setattr(Subclass, step, noting)
        if by_connection:
            connection = module.HTTPConnection("host.example")
            connection.response_class = Subclass
            connection.sock = FakeSocket(message)
            connection.request("GET", "/")
            response = connection.getresponse()
        else:
            connection = None
            response = Subclass(FakeSocket(message), 0, "GET")
            response.begin()
        got = READS[read](response)
        response.close()
        told.append((list(calls), got, response.closed, response.isclosed()))
        if connection:
            connection.close()  # which may close a closed response once more, or not
    assert told[1] == told[0]


def test_a_response_class_of_any_kind() -> None:
    import functools

    class Slotted:
        """botocore passes a partial, tests pass classes that have little in common with HTTPResponse."""

        will_close = False

        def __init__(self, sock: Any, *, method: str, extra: int = 0) -> None:
            self.made = (method, extra)

        def begin(self) -> None:
            pass

        def isclosed(self) -> bool:
            return True

        def close(self) -> None:
            pass

    for module in (http.client, httpconn):
        connection = module.HTTPConnection("host.example")
        connection.sock = FakeSocket(OK, OK)
        connection.response_class = functools.partial(Slotted, extra=5)
        for _ in range(2):
            connection.request("PATCH", "/")
            assert connection.getresponse().made == ("PATCH", 5)
        connection.close()


def test_a_class_of_two_that_have_instances_of_their_own_making() -> None:
    """As http.client's: no slots, which would forbid a second base that has some, and all that it knows in vars()."""

    class Slotted:
        __slots__ = ("extra",)

    for bases in ((httpconn.HTTPConnection, Slotted), (threading.local, httpconn.HTTPConnection)):
        made = type("Both", bases, {})("example.org")
        made.extra = 1
        assert made.host == vars(made)["host"] == "example.org"
