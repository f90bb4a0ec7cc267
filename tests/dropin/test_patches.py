"""What tracers have put on http.client's classes is on ours too while those stand there; what cannot be is named."""

from __future__ import annotations

import functools
import http.client
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

import httpconn

from .fakes import FakeSocket

STANDARD = {name: getattr(http.client, name) for name in ("HTTPConnection", "HTTPSConnection", "HTTPResponse")}
OURS = {name: getattr(httpconn, name) for name in STANDARD}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

OWN_SEND = httpconn.HTTPConnection.send

original_send = http.client.HTTPConnection.send  # as a recipe has it, in its module


def send_from_the_module(self: Any, data: Any) -> None:
    original_send(self, data)


class Wrapper:
    """What wrapt's FunctionWrapper is, as far as this goes: ``__wrapped__`` and ``_self_wrapper``."""

    def __init__(self, wrapped: Any, wrapper: Callable[..., Any]) -> None:
        self.__wrapped__ = wrapped
        self._self_wrapper = wrapper

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self
        return functools.partial(self, instance)

    def __call__(self, instance: Any, *arguments: Any, **keywords: Any) -> Any:
        return self._self_wrapper(self.__wrapped__.__get__(instance), instance, arguments, keywords)


def by_closure(target: type, name: str, seen: list[Any]) -> None:
    original = getattr(target, name)

    @functools.wraps(original)
    def traced(self: Any, *arguments: Any, **keywords: Any) -> Any:
        seen.append(name)
        return original(self, *arguments, **keywords)

    setattr(target, name, traced)


def by_object(target: type, name: str, seen: list[Any]) -> None:
    def traced(wrapped: Any, instance: Any, arguments: Any, keywords: Any) -> Any:
        seen.append(name)
        return wrapped(*arguments, **keywords)

    setattr(target, name, Wrapper(getattr(target, name), traced))


def by_both(target: type, name: str, seen: list[Any]) -> None:
    by_closure(target, name, seen)
    by_object(target, name, [])


WAYS = {"closure": by_closure, "object": by_object, "both": by_both}


def install() -> list[str]:
    return told_by(httpconn.install)


def uninstall() -> list[str]:
    return told_by(httpconn.uninstall)


def told_by(function: Callable[[], object]) -> list[str]:
    """Return what it warns of patches."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return [part for warning in caught for part in str(warning.message).split("; ") if part.startswith("patched")]


@pytest.fixture(autouse=True)
def _as_they_were() -> Iterator[None]:
    """Whatever a test has put on the six classes is taken off."""
    classes = [*STANDARD.values(), *OURS.values()]
    before = [dict(vars(cls)) for cls in classes]
    yield
    for cls, own in zip(classes, before, strict=True):
        for name, value in list(vars(cls).items()):
            if name not in own:
                delattr(cls, name)
            elif own[name] is not value:
                setattr(cls, name, own[name])
    uninstall()


def patched(classes: dict[str, type], before: dict[str, dict[str, Any]]) -> set[str]:
    return {
        f"{name}.{key}"
        for name, cls in classes.items()
        for key in {*vars(cls), *before[name]}
        if vars(cls).get(key) is not before[name].get(key) and key != "_abc_impl"
    }


def exchange(connection: Any) -> bytes:
    connection._create_connection = lambda *arguments: FakeSocket(OK)
    connection.request("GET", "/", headers={"X-A": "b"})
    body: bytes = connection.getresponse().read()
    connection.close()
    return body


@pytest.mark.parametrize(
    "name", ["__init__", "connect", "request", "putrequest", "putheader", "endheaders", "send", "getresponse"]
)
@pytest.mark.parametrize("way", WAYS)
def test_a_wrapper_is_carried_over_and_taken_off_again(name: str, way: str) -> None:
    before = {key: dict(vars(cls)) for key, cls in OURS.items()}
    seen: list[Any] = []
    WAYS[way](http.client.HTTPConnection, name, seen)
    there = vars(STANDARD["HTTPConnection"])[name]
    assert install() == []
    assert http.client.HTTPConnection is httpconn.HTTPConnection
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    calls = seen.count(name)
    assert calls == {"putheader": 3}.get(name, 1)
    seen.clear()
    assert exchange(STANDARD["HTTPConnection"]("host.example")) == b"hi"
    assert seen.count(name) == calls  # who is on http.client's own is traced as before
    assert install() == []  # again: not twice
    seen.clear()
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert seen.count(name) == calls
    assert uninstall() == []
    assert patched(OURS, before) == set()
    assert vars(STANDARD["HTTPConnection"])[name] is there
    seen.clear()
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert seen.count(name) == calls


def test_the_method_beneath_is_ours() -> None:
    """A wrapper around http.client's own method would run that on our connection."""
    by_closure(http.client.HTTPConnection, "getresponse", [])
    by_object(http.client.HTTPConnection, "connect", [])
    install()
    carried = vars(httpconn.HTTPConnection)
    assert (
        carried["getresponse"].__wrapped__.__module__
        == carried["connect"].__wrapped__.__module__
        == "httpconn.connection"
    )


def test_a_method_that_https_inherits() -> None:
    """newrelic patches HTTPSConnection.endheaders, which is HTTPConnection's, before that one."""
    seen: list[Any] = []
    by_object(http.client.HTTPSConnection, "endheaders", seen)
    by_object(http.client.HTTPConnection, "endheaders", seen)
    assert install() == []
    for cls in (http.client.HTTPConnection, http.client.HTTPSConnection):
        connection = cls("host.example")
        connection.sock = FakeSocket(OK)
        connection.request("GET", "/")
        assert seen == ["endheaders"]
        seen.clear()
        connection.close()
    assert uninstall() == []
    assert "endheaders" not in vars(httpconn.HTTPSConnection)


@pytest.mark.parametrize("name", ["begin", "read", "close"])
def test_responses(name: str) -> None:
    seen: list[Any] = []
    by_closure(http.client.HTTPResponse, name, seen)
    assert install() == []
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert name in seen


def test_values(capsys: Any) -> None:
    http.client.HTTPConnection.debuglevel = 1
    http.client.HTTPConnection.tracer = tracer = object()  # type: ignore[attr-defined]
    assert install() == []
    assert httpconn.HTTPConnection.tracer is tracer  # type: ignore[attr-defined]
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert "send: b'GET /" in capsys.readouterr().out
    http.client.HTTPConnection.debuglevel = 0  # which turns it off for good
    assert uninstall() == []
    assert http.client.HTTPConnection.debuglevel == httpconn.HTTPConnection.debuglevel == 0
    assert not hasattr(httpconn.HTTPConnection, "tracer")
    assert http.client.HTTPConnection.tracer is tracer  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "value", "module"),
    [
        ("send", send_from_the_module, __name__),
        ("send", lambda self, data: None, __name__),
        ("connect", mock.Mock(), "unittest.mock"),
        ("getresponse", property(lambda self: None), "builtins"),
    ],
)
def test_what_cannot_be_carried_over_is_named(name: str, value: Any, module: str) -> None:
    setattr(http.client.HTTPConnection, name, value)
    [told] = install()
    assert f"HTTPConnection.{name} (by {module})" in told
    assert "after httpconn.install()" in told
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert install() == [told]
    uninstall()
    assert vars(http.client.HTTPConnection)[name] is value


def test_what_is_patched_meanwhile_is_patched_after_uninstall() -> None:
    install()
    seen: list[Any] = []
    for name, way in {"request": by_closure, "getresponse": by_object}.items():
        way(http.client.HTTPConnection, name, seen)
    http.client.HTTPConnection.send = send_from_the_module  # type: ignore[method-assign]
    [told] = uninstall()
    assert f"HTTPConnection.send (by {__name__})" in told
    assert "after httpconn.uninstall()" in told
    assert http.client.HTTPConnection is STANDARD["HTTPConnection"]
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert seen == ["request", "getresponse"]
    httpconn.HTTPConnection.send = OWN_SEND  # type: ignore[method-assign]
    seen.clear()
    assert install() == []  # and not twice now
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert seen == ["request", "getresponse"]


def test_a_patch_that_is_taken_off_meanwhile_stays_off() -> None:
    seen: list[Any] = []
    own = vars(STANDARD["HTTPConnection"])["request"]
    by_object(http.client.HTTPConnection, "request", seen)
    install()
    http.client.HTTPConnection.request = vars(http.client.HTTPConnection)["request"].__wrapped__  # type: ignore[method-assign]
    uninstall()
    assert vars(http.client.HTTPConnection)["request"] is own
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert not seen


def test_a_wrapper_that_is_put_around_a_carried_one_goes_back_with_it() -> None:
    seen: list[Any] = []
    by_closure(http.client.HTTPConnection, "request", seen)
    install()
    by_object(http.client.HTTPConnection, "request", seen)
    assert uninstall() == []
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert seen == ["request", "request"]
    seen.clear()
    assert install() == []
    assert exchange(http.client.HTTPConnection("host.example")) == b"hi"
    assert seen == ["request", "request"]


def test_a_class_that_has_a_patch_of_its_own_keeps_it() -> None:
    seen: list[Any] = []
    by_closure(httpconn.HTTPConnection, "request", seen)
    by_closure(http.client.HTTPConnection, "request", [])
    [told] = install()
    assert "HTTPConnection.request" in told
    exchange(http.client.HTTPConnection("host.example"))
    assert seen == ["request"]


def test_nothing_is_found_where_nothing_is_patched() -> None:
    before = {key: dict(vars(cls)) for key, cls in OURS.items()}
    there = {key: dict(vars(cls)) for key, cls in STANDARD.items()}
    assert install() == uninstall() == []
    assert patched(OURS, before) == patched(STANDARD, there) == set()
