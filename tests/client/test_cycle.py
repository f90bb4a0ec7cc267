"""What is done at once on a kept connection: nothing that was replaced is passed by, whenever that was."""

from __future__ import annotations

import copy
import http.client
import pickle
import socket
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

import httpconn
from httpconn import HTTPConnection, HTTPResponse, Limits
from httpconn._backends import get, pure

from ..support.peers import received, socket_pair

GOOD = b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nok"

needs_compiled = pytest.mark.skipif(
    "cython" not in httpconn.backends(), reason="the extension is not built, or not to be used"
)


class Told:
    """In the place of a Cycle: notes what it was asked, and what it did of that."""

    def __init__(self, cycle: Any) -> None:
        self.cycle = cycle
        self.did: list[bool] = []

    def request(self, *given: Any) -> bool:
        self.did.append(self.cycle.request(*given))
        return self.did[-1]

    def answer(self, *given: Any) -> Any:
        response = self.cycle.answer(*given)
        self.did.append(response is not None)
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cycle, name)


@contextmanager
def kept(kind: type[HTTPConnection] = HTTPConnection, **options: Any) -> Iterator[tuple[Any, socket.socket, Told]]:
    """Yield a connection that has been through two cycles, its peer, and what is told from then on."""
    with socket_pair() as (client, server):
        connection = kind("h.example", **options)
        connection.sock = client
        for _ in range(2):
            cycle(connection, server)[1].read()
        cython = connection._HTTPConnection__cycle  # type: ignore[attr-defined]
        if cython is None:
            pytest.skip("this backend does nothing at once")
        told = Told(cython)
        connection._HTTPConnection__cycle = told  # type: ignore[attr-defined]
        yield connection, server, told
        connection.close()


def cycle(connection: Any, server: socket.socket, answer: bytes = GOOD) -> tuple[bytes, Any]:
    connection.request("GET", "/path")
    sent = received(server)
    server.sendall(answer)
    return sent, connection.getresponse()


REQUEST = b"GET /path HTTP/1.1\r\nHost: h.example\r\nAccept-Encoding: identity\r\n\r\n"


def test_the_common_cycle_is_done_at_once(in_use: Any) -> None:
    with kept() as (connection, server, told):
        for _ in range(2):
            sent, response = cycle(connection, server)
            assert sent == REQUEST
            assert (response.status, response.code, response.reason, response.version) == (200, 200, "OK", 11)
            assert response.getheader("a") == "b"
            assert response.msg is response.headers
            assert (response.will_close, response.debuglevel, response.complete) == (False, 0, None)
            assert not response.isclosed()
            assert response.fileno() == connection.sock.fileno()
            assert response.read() == b"ok"
            assert response.isclosed()
            assert response.complete
        assert told.did == [True] * 4


@pytest.mark.parametrize("rest", ["", "\r\nConnection: close"])
def test_any_other_response_is_the_usual_one(in_use: Any, rest: str) -> None:
    with kept() as (connection, server, told):
        connection.request("GET", "/path")
        server.sendall(f"HTTP/1.1 200 OK{rest}\r\nContent-Length: 4\r\n\r\no".encode())
        response = connection.getresponse()
        server.sendall(b"kay")
        assert response.read() == b"okay"
        assert response.will_close is bool(rest)
        assert told.did == [True, True], "it was received by the one, and read by the other"


STEPS = ("putrequest", "putheader", "endheaders", "send", "_send_output", "_output", "_send_request",
         "_encode_request", "_validate_method", "_validate_path")  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("where", ["instance", "class", "dict"])
def test_a_step_that_is_replaced_later_is_called(
    in_use: Any, step: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = []
    original = getattr(HTTPConnection, step)

    def replaced(self: Any, *given: Any, **named: Any) -> Any:
        called.append(step)
        return original(self, *given, **named)

    with kept() as (connection, server, told):
        with monkeypatch.context() as patch:
            if where == "class":
                patch.setattr(HTTPConnection, step, replaced)
            elif where == "instance":
                patch.setattr(connection, step, replaced.__get__(connection))
            else:
                vars(connection)[step] = replaced.__get__(connection)
            assert cycle(connection, server)[1].read() == b"ok"
            assert step == "putheader" or called
            assert not told.did[0]
            if where == "dict":
                del vars(connection)[step]
        del called[:]
        for _ in range(3):  # and is not any more when it is put back
            assert cycle(connection, server)[1].read() == b"ok"
        assert not called
        assert told.did[-1]


def test_what_an_instance_has_of_its_own_counts(in_use: Any) -> None:
    class Other(HTTPResponse):
        pass

    with kept() as (connection, server, _):
        connection.response_class = Other
        assert type(cycle(connection, server)[1]) is Other
    with kept() as (connection, server, _):
        connection.strict = True
        response = cycle(connection, server)[1]
        assert response.strict
    with kept() as (connection, server, _):
        connection.default_port = 81
        assert b"Host: h.example:80\r\n" in cycle(connection, server)[0]
    with kept() as (connection, server, _):
        connection.host = "other.example"
        assert b"Host: other.example\r\n" in cycle(connection, server)[0]
    with kept() as (connection, server, _):
        connection._buffer.append(b"x")
        assert b"x" in cycle(connection, server)[0].partition(b"\r\n")[0]


class OtherResponse(HTTPResponse):
    pass


OF_THE_ANSWER = [
    ("response_class", OtherResponse, lambda response: type(response) is OtherResponse),
    ("strict", True, lambda response: response.strict),
    ("limits", httpconn.Limits(line_bytes=99), lambda response: response.limits.line_bytes == 99),
    ("response_class", property(lambda self: OtherResponse), lambda response: type(response) is OtherResponse),
]


@pytest.mark.parametrize(("name", "value", "is_heeded"), OF_THE_ANSWER)
@pytest.mark.parametrize("kind", ["the class", "a class below"])
def test_what_the_class_has_for_answers_counts_whenever_that_was_put_there(
    in_use: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: Any, is_heeded: Any, kind: str
) -> None:
    class Below(HTTPConnection):
        pass

    with kept(Below) as (connection, server, told):
        monkeypatch.setattr(HTTPConnection if kind == "the class" else Below, name, value)
        for _ in range(3):  # also once the class has been looked at again
            response = cycle(connection, server)[1]
            assert is_heeded(response)
            assert response.read() == b"ok"
        assert told.did[-2:] == [True, False], "only the request is the common one"


@pytest.mark.parametrize("closes", [True, False])
def test_what_was_the_host_of_a_tunnel_is_not_named_any_more(in_use: Any, closes: bool) -> None:
    connection = HTTPConnection("proxy.example")
    with ExitStack() as stack:
        for tunnel in ("origin.example", None) * 2:
            connection._tunnel_host, connection._tunnel_port = tunnel, tunnel and 81
            if closes or connection.sock is None:
                connection.close()
                connection.sock, server = stack.enter_context(socket_pair())
            for _ in range(3):
                sent, response = cycle(connection, server)
                assert sent.split(b"\r\n")[1] == (b"Host: origin.example:81" if tunnel else b"Host: proxy.example")
                response.read()


def test_attributes_may_be_in_a_dict_of_somebody_elses(in_use: Any) -> None:
    class Attributes(dict[str, Any]):
        pass

    with kept() as (connection, server, _):
        vars(connection)["putrequest"] = connection.putrequest  # so that it is looked at once more
        cycle(connection, server)[1].read()
        del vars(connection)["putrequest"]
        connection.__dict__ = Attributes(vars(connection))
        for _ in range(3):
            assert cycle(connection, server)[1].read() == b"ok"


def test_a_port_that_is_a_property_is_asked_each_time(in_use: Any) -> None:
    class Ported(HTTPConnection):
        usual = 80
        default_port = property(lambda self: self.usual)  # type: ignore[assignment]

    with kept(Ported) as (connection, server, _):
        for connection.usual in (80, 81, 80, 81):
            assert (b"Host: h.example:80\r\n" in cycle(connection, server)[0]) == (connection.usual == 81)
            connection._HTTPConnection__response.read()


@pytest.mark.parametrize("name", ["host", "_get_hostport"])
def test_who_overrides_how_the_host_is_noted_finds_what_was_noted_before(name: str) -> None:
    noted: list[set[str]] = []

    def of(base: Any) -> set[str]:
        class Noting(base):  # type: ignore[misc]
            if name == "_get_hostport":

                def _get_hostport(self, host: str, port: int | None) -> Any:
                    noted.append({*vars(self)})
                    return super()._get_hostport(host, port)

            else:

                @property
                def host(self) -> str:
                    return "h.example"

                @host.setter
                def host(self, value: str) -> None:
                    noted.append({*vars(self)})

        Noting("h.example")
        return noted[-1]

    assert of(http.client.HTTPConnection) <= of(HTTPConnection)


def test_what_is_raised_behind_the_receipt_ends_the_connection(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal's handler may come in there, with bytes received that nobody has."""

    class Stop(BaseException):
        pass

    def interrupted() -> Any:
        raise Stop

    with kept() as (connection, server, _):
        sock = connection.sock
        connection.request("GET", "/1")
        server.sendall(GOOD[:-1])
        for place in ("connection", "response"):
            monkeypatch.setattr(f"httpconn.{place}.current_limits", interrupted)
        with pytest.raises(Stop):
            connection.getresponse()
        assert sock.fileno() < 0, "the rest would be taken for an answer, and nobody holds a reference any more"
        with pytest.raises(httpconn.ResponseNotReady):
            connection.getresponse()


def test_what_is_replaced_while_a_request_is_looked_at_counts_for_the_next_one(
    in_use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    original = HTTPConnection.putrequest

    def replaced(self: Any, *given: Any, **named: Any) -> Any:
        called.append(self)
        return original(self, *given, **named)

    class Replacing(HTTPResponse):
        def isclosed(self) -> bool:
            monkeypatch.setattr(HTTPConnection, "putrequest", replaced)
            return super().isclosed()

    with kept() as (connection, server, _):
        connection.response_class = Replacing
        response = cycle(connection, server)[1]
        response._owner = None  # so it does not tell by itself that it is done with: the next request asks
        response.read()
        monkeypatch.setattr(HTTPConnection, "putrequest", original)
        for _ in range(3):
            cycle(connection, server)[1].read()
        assert len(called) == 2, "by those behind the one that asked"


def test_responses_that_note_what_is_set_are_made_step_by_step(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def noting(self: object, name: str, value: object) -> None:
        names.append(name)
        object.__setattr__(self, name, value)

    with kept() as (connection, server, _):
        monkeypatch.setattr(HTTPResponse, "__setattr__", noting)
        for _ in range(3):
            del names[:]
            assert cycle(connection, server)[1].read() == b"ok"
            assert "status" in names


def test_in_between(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is replaced after the request counts for the response."""

    class Other(HTTPResponse):
        pass

    begun = []
    begin = HTTPResponse.begin
    with kept() as (connection, server, _):
        connection.request("GET", "/")
        server.sendall(GOOD)
        connection.response_class = Other
        assert type(connection.getresponse()) is Other
    with kept() as (connection, server, _):
        connection.request("GET", "/")
        server.sendall(GOOD)
        monkeypatch.setattr(HTTPResponse, "begin", lambda self, **named: begun.append(1) or begin(self, **named))
        assert connection.getresponse().read() == b"ok"
        assert begun
    with kept() as (connection, server, _):
        connection.request("GET", "/")
        connection.close()
        with pytest.raises(httpconn.ResponseNotReady):
            connection.getresponse()


@pytest.mark.parametrize("ending", [b"", b"HTTP/1.1 2"])
def test_an_end_instead_of_a_response(in_use: Any, ending: bytes) -> None:
    with kept() as (connection, server, told):
        connection.request("GET", "/")
        received(server)
        server.sendall(ending)
        server.close()
        with pytest.raises(httpconn.RemoteDisconnected if not ending else httpconn.HTTPException):
            connection.getresponse()
        assert connection.sock is None or connection.sock.fileno() < 0
        assert told.did == [True], "and what the other one said, it raised"


def test_a_time_over_may_be_asked_again(in_use: Any) -> None:
    with kept() as (connection, server, _):
        connection.sock.settimeout(0.02)
        connection.request("GET", "/")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        server.sendall(GOOD)
        assert connection.getresponse().read() == b"ok"


class HostIsAProperty(HTTPConnection):
    asked = 0

    @property
    def host(self) -> str:
        type(self).asked += 1
        return "of.a.property"

    @host.setter
    def host(self, value: str) -> None:
        pass


def test_a_property_is_asked(in_use: Any) -> None:
    with kept(HostIsAProperty) as (connection, server, told):
        before = HostIsAProperty.asked
        assert b"Host: of.a.property\r\n" in cycle(connection, server)[0]
        assert HostIsAProperty.asked > before
        assert told.did[:1] == [False]


def test_a_connection_can_be_copied_and_pickled(in_use: Any) -> None:
    connection = HTTPConnection("h.example", 81)
    for other in (copy.copy(connection), pickle.loads(pickle.dumps(connection))):
        with socket_pair() as (client, server):
            other.sock = client
            for _ in range(3):
                sent, response = cycle(other, server)
                assert b"Host: h.example:81\r\n" in sent
                assert response.read() == b"ok"
            other.close()


OF_CONNECTIONS = (*STEPS, "_get_content_length", "connect", "close", "_release", "response_class")
OF_RESPONSES = ("__init__", "begin", "_read_status", "_close_conn", "close", "read", "isclosed", "flush", "__del__")
VALUES = {"debuglevel": 1, "strict": True, "limits": Limits(field_lines=1), "default_port": 81, "_http_vsn": 10,
          "_http_vsn_str": "HTTP/1.0", "max_response_headers": 1, "host": "other.example", "port": 81,
          "_tunnel_host": "far.example", "_method": "HEAD", "sock": None}  # fmt: skip
POINTS = ("before the request", "before the response", "before the body", "before the next")


def told_by(at: str, of: str, name: str, *, is_whole: bool) -> list[object]:
    """Return what is seen of two cycles where *name* is replaced from a point *at* on.

    *is_whole*: with a Cycle; else step by step.
    """
    seen: list[object] = []
    with kept() as (connection, server, _), pytest.MonkeyPatch.context() as patch:
        if not is_whole:
            connection._HTTPConnection__cycle = None
        response: Any = None

        def come_to(point: str) -> None:
            if point != at:
                return
            target = {"connections": HTTPConnection, "responses": HTTPResponse, "one connection": connection}.get(of)
            owner = response if target is None else target
            if owner is None:
                return
            if name in VALUES:
                patch.setattr(owner, name, VALUES[name], raising=False)
                return
            original = getattr(owner, name)

            def replaced(*given: Any, **named: Any) -> Any:
                seen.append(name)
                return original(*given, **named)

            is_static = isinstance(owner, type) and name in ("_get_content_length", "response_class")
            patch.setattr(owner, name, staticmethod(replaced) if is_static else replaced)

        for _ in range(2):
            come_to(POINTS[0])
            connection.request("GET", "/path")
            seen.append(received(server))
            server.sendall(GOOD)
            come_to(POINTS[1])
            response = connection.getresponse()
            come_to(POINTS[2])
            seen.append((response.status, response.read(), response.isclosed(), repr(connection)))
            seen.append((response.strict, response.limits, response.debuglevel))
            come_to(POINTS[3])
            at, response = "", None
        connection.close()
    return seen


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize(
    ("of", "names"),
    [("connections", OF_CONNECTIONS), ("one connection", OF_CONNECTIONS), ("responses", OF_RESPONSES),
     ("one response", ("_close_conn", "close", "read", "isclosed", "flush"))],
)  # fmt: skip
def test_what_is_replaced_is_called_as_often_as_step_by_step(in_use: Any, at: str, of: str, names: Any) -> None:
    """Whatever it is, wherever it is put, and at which point of a cycle."""
    counted = 0
    for name in names:
        expected = told_by(at, of, name, is_whole=False)
        assert told_by(at, of, name, is_whole=True) == expected, name
        counted += expected.count(name)
    is_of_the_response = of == "one response"
    assert counted or (is_of_the_response and at != "before the body"), "some of them are called from here on"


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("of", ["connections", "one connection"])
def test_what_is_set_counts_as_step_by_step(in_use: Any, at: str, of: str) -> None:
    others = 0
    usual = told_by("", of, "host", is_whole=False)
    for name in VALUES:
        if of == "connections" and name in ("sock", "_method", "_tunnel_host", "max_response_headers", "host", "port"):
            continue  # which each connection has of its own
        told = []
        for is_whole in (False, True):
            try:
                told.append(told_by(at, of, name, is_whole=is_whole))
            except (httpconn.HTTPException, OSError) as error:
                told.append([repr(error)])
        assert told[0] == told[1], name
        others += told[0] != usual
    assert others > 2 or at == "before the body"


# -- what the extension does for it


@needs_compiled
def test_what_has_changed_is_seen() -> None:
    class Kind:
        pass

    cython = get("cython")
    assert Kind().__class__  # a look-up, which is when a class gets its number
    version = cython.version_of(Kind)
    own = {"a": 1, "b": 2}
    assert version
    assert cython.is_unchanged(Kind, version, own, 2, "b")
    own["a"] = 3
    assert cython.is_unchanged(Kind, version, own, 2, "b"), "values do not matter"
    for others in ({"a": 1}, {"b": 1, "a": 2}, {"a": 1, "b": 2, "c": 3}, {}, {"a": 1, "c": 2}, OrderedDict(own), None):
        assert not cython.is_unchanged(Kind, version, others, 2, "b")
    own["c"] = own.pop("a")
    assert not cython.is_unchanged(Kind, version, own, 2, "b"), "one for another"
    for kind, number in ((Kind, 0), (Kind, version + 1), (int, version), (1, version)):
        assert not cython.has_version(kind, number)
        assert not cython.is_unchanged(kind, number, {"b": 2}, 1, "b")
    assert not pure.has_version(Kind, version)
    assert not pure.is_unchanged(Kind, version, own, 2, "b")


class Slotted:
    __slots__ = ("one", "two")


class Below(Slotted):
    __slots__ = ("three",)


@needs_compiled
def test_the_twins_make_the_same() -> None:
    slots = (vars(Slotted)["two"], vars(Below)["three"])
    value = ["a value"]
    for with_slots in (get("cython").with_slots, pure.with_slots):
        made = with_slots(Below, slots, (value, 3))
        assert (type(made), made.two, made.three) == (Below, value, 3)
        assert made.two is value
        assert not hasattr(made, "one")
        for kind, given, values in ((Slotted, slots, (1, 2)), (Below, slots, (1,)), (Below, (len,), (1,))):
            with pytest.raises((TypeError, ValueError, AttributeError)):
                with_slots(kind, given, values)


@needs_compiled
def test_a_version_is_another_after_a_change() -> None:
    class Upper:
        value = 1

    class Lower(Upper):
        pass

    version_of = get("cython").version_of
    seen = set()
    for number in range(5):
        Upper.value = number
        assert not any(get("cython").has_version(Lower, version) for version in seen)
        assert version_of(Lower) not in seen - {0}, "a change of a base is one of the class"
        assert Lower().value == Lower.value == number
        assert get("cython").has_version(Lower, version_of(Lower)) is (version_of(Lower) != 0)
        seen.add(version_of(Lower))
    assert len(seen) > 1
    with pytest.raises(TypeError):
        version_of(1)
    assert pure.version_of(Lower) == 0


@needs_compiled
def test_what_has_come_is_seen() -> None:
    engine = get("cython").engine
    if engine is None:
        pytest.skip("no descriptors here")
    with socket_pair() as (client, server):
        assert engine.is_quiet(client.fileno())
        server.sendall(b"x")
        assert not engine.is_quiet(client.fileno())
        assert client.recv(1) == b"x", "it was only looked at"
        server.close()
        assert not engine.is_quiet(client.fileno())
    assert not engine.is_quiet(-1)


@needs_compiled
def test_as_much_as_goes_is_sent() -> None:
    engine = get("cython").engine
    if engine is None:
        pytest.skip("no descriptors here")
    with socket_pair() as (client, server):
        assert engine.send_at_once(client.fileno(), b"whole") == 5
        assert received(server) == b"whole"
        while engine.send_at_once(client.fileno(), bytes(65_536)):
            pass
    assert engine.send_at_once(-1, b"x") == 0
