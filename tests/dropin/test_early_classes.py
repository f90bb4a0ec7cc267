"""Classes that were taken out of http.client before install() go on working while httpconn is installed, and after it."""

from __future__ import annotations

import http.client
import ssl
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import httpconn

from .fakes import FakeSocket
from .servers import content

STANDARD = {name: getattr(http.client, name) for name in ("HTTPConnection", "HTTPSConnection", "HTTPResponse")}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class BySuper(STANDARD["HTTPConnection"]):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)


class ByName(STANDARD["HTTPConnection"]):
    """Each step calls its base by the module's name, as code from before ``super`` does."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        http.client.HTTPConnection.__init__(self, *arguments, **keywords)

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)

    def putrequest(self, *arguments: Any, **keywords: Any) -> None:
        http.client.HTTPConnection.putrequest(self, *arguments, **keywords)

    def putheader(self, *arguments: Any) -> None:
        http.client.HTTPConnection.putheader(self, *arguments)

    def endheaders(self, *arguments: Any, **keywords: Any) -> None:
        http.client.HTTPConnection.endheaders(self, *arguments, **keywords)

    def request(self, *arguments: Any, **keywords: Any) -> None:
        http.client.HTTPConnection.request(self, *arguments, **keywords)

    def getresponse(self) -> Any:
        return http.client.HTTPConnection.getresponse(self)

    def close(self) -> None:
        http.client.HTTPConnection.close(self)


class StepsByName(ByName):
    """As mixed as it comes: made by http.client's ``__init__``, and the rest called by name."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        STANDARD["HTTPConnection"].__init__(self, *arguments, **keywords)


class TLSBySuper(STANDARD["HTTPSConnection"]):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)


class TLSByName(STANDARD["HTTPSConnection"]):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        http.client.HTTPSConnection.__init__(self, *arguments, **keywords)

    def connect(self) -> None:
        http.client.HTTPSConnection.connect(self)


class TLSMixed(BySuper, STANDARD["HTTPSConnection"]):
    pass


class Response(STANDARD["HTTPResponse"]):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        http.client.HTTPResponse.__init__(self, *arguments, **keywords)
        self.seen: list[bytes] = []

    def read(self, amt: int | None = None) -> bytes:
        data = http.client.HTTPResponse.read(self, amt)
        self.seen.append(data)
        return data


EARLY = {cls.__name__: cls for cls in (BySuper, ByName, StepsByName)}
EARLY_TLS = {cls.__name__: cls for cls in (TLSBySuper, TLSByName, TLSMixed)}


@pytest.fixture
def installed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", httpconn.InstallWarning)
        httpconn.install()
    yield
    httpconn.uninstall()


def assert_works(connection: Any, origin: Any) -> None:
    for size in (0, 5000, 100_000):
        for path in ("sized", "chunked"):
            connection.request("GET", f"/{path}?n={size}")
            response = connection.getresponse()
            assert (response.status, response.read()) == (200, content(size))
    connection.request("POST", "/echo", iter([b"bo", b"dy"]), {"X-A": "b"})
    body = connection.getresponse().read()
    assert b'"body": "body"' in body
    assert b'["X-A", "b"]' in body
    assert origin.accepted == 1
    connection.close()


@pytest.mark.parametrize("name", [*EARLY, "HTTPConnection"])
def test_a_connection(name: str, origin: Any, installed: None) -> None:
    cls = EARLY.get(name, STANDARD["HTTPConnection"])
    connection = cls("127.0.0.1", origin.port, timeout=5)
    assert type(connection) is cls
    assert_works(connection, origin)


@pytest.mark.parametrize("name", [*EARLY_TLS, "HTTPSConnection"])
def test_a_connection_over_tls(name: str, tls_origin: Any, authority: Any, installed: None) -> None:
    cls = EARLY_TLS.get(name, STANDARD["HTTPSConnection"])
    assert_works(cls("127.0.0.1", tls_origin.port, timeout=5, context=authority.client), tls_origin)
    connection = cls("127.0.0.1", tls_origin.port, timeout=5)
    with pytest.raises(ssl.SSLCertVerificationError):  # the default context verifies, and knows nothing of ours
        connection.request("GET", "/")
    connection.close()


@pytest.mark.parametrize("cls", [TLSBySuper, TLSByName])
def test_a_context_goes_with_its_connection(cls: Any, tls_origin: Any, authority: Any) -> None:
    """Made before, used while installed, and after: it is never another one."""
    warnings.simplefilter("ignore", httpconn.InstallWarning)
    before = cls("127.0.0.1", tls_origin.port, timeout=5, context=authority.client)
    httpconn.install()
    try:
        between = cls("127.0.0.1", tls_origin.port, timeout=5, context=authority.client)
        for connection in (before, between):
            assert connection._context is authority.client
            connection.request("GET", "/sized?n=3")
            assert connection.getresponse().read() == content(3)
            connection.close()
    finally:
        httpconn.uninstall()
    for connection in (before, between):
        connection.request("GET", "/sized?n=3")
        assert connection.getresponse().read() == content(3)
        connection.close()


def test_a_class_of_responses(installed: None) -> None:
    connection = httpconn.HTTPConnection("host.example")
    for made_by in (httpconn.HTTPConnection, STANDARD["HTTPConnection"]):
        connection = made_by("host.example")
        connection.response_class = Response
        connection.sock = FakeSocket(OK, OK)
        for _ in range(2):
            connection.request("GET", "/")
            response = connection.getresponse()
            assert (response.read(1), response.read(), response.seen) == (b"h", b"i", [b"h", b"i"])
        connection.close()
    with http.client.HTTPResponse(FakeSocket(OK)) as ours:  # and ours is what it was
        ours.begin()
        assert type(ours) is httpconn.HTTPResponse
        assert ours.read() == b"hi"


def test_isinstance(installed: None) -> None:
    for cls in (*EARLY.values(), *EARLY_TLS.values(), STANDARD["HTTPSConnection"]):
        connection = cls("host.example")
        assert isinstance(connection, http.client.HTTPConnection)
        assert isinstance(connection, http.client.HTTPSConnection) == isinstance(
            connection, STANDARD["HTTPSConnection"]
        )
    for module_class in (STANDARD["HTTPResponse"], Response, httpconn.HTTPResponse):
        with module_class(FakeSocket(OK)) as response:
            assert isinstance(response, http.client.HTTPResponse)
            assert isinstance(response, STANDARD["HTTPResponse"])
    assert not isinstance(object(), http.client.HTTPResponse)
    assert not isinstance(FakeSocket(), http.client.HTTPConnection)
    assert not issubclass(STANDARD["HTTPResponse"], type("Late", (http.client.HTTPResponse,), {}))


def test_subclasses_and_mixins_are_free_to_have_any_metaclass(installed: None) -> None:
    class Meta(type):
        pass

    for base in (http.client.HTTPConnection, http.client.HTTPSConnection):
        assert type(base) is type
        assert isinstance(Meta("Own", (base,), {})("host.example"), base)


def test_all_that_ours_keeps_in_a_connection_is_there_in_an_early_one(installed: None) -> None:
    for ours, early in ((httpconn.HTTPConnection, BySuper), (httpconn.HTTPSConnection, TLSBySuper)):
        lacking = [name for name in vars(ours("host.example")) if not hasattr(early("host.example"), name)]
        assert not lacking


def test_uninstall_undoes_it() -> None:
    classes = (*EARLY.values(), *EARLY_TLS.values(), Response, *STANDARD.values(), httpconn.HTTPResponse)
    before = [(cls.__bases__, cls.__mro__) for cls in classes]
    own = dict(vars(httpconn.HTTPResponse))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", httpconn.InstallWarning)
        httpconn.install()
    assert TLSBySuper.__mro__ != before[len(EARLY)][1]
    httpconn.uninstall()
    assert [(cls.__bases__, cls.__mro__) for cls in classes] == before
    assert {name: value for name, value in vars(httpconn.HTTPResponse).items() if own.get(name) is not value} == {}
    assert not isinstance(BySuper("host.example"), httpconn.HTTPConnection)
