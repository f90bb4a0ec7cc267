"""Exceptions cross to another process, and are copied, whole: text, attributes, and what led to them."""

from __future__ import annotations

import concurrent.futures
import copy
import multiprocessing
import pickle
import socket
from collections.abc import Callable
from typing import Any

import pytest

import httpconn
from httpconn import ConnectionPool, Request, Response, _backends, errors
from httpconn._wire import urls

from ..support.peers import ScriptedServer, take_request

KINDS = sorted(
    {
        kind
        for module in (httpconn, errors, urls)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__.partition(".")[0] != "builtins"
    },
    key=lambda kind: kind.__name__,
)

WAYS: dict[str, Callable[[Any], Any]] = {"copy": copy.copy, "deepcopy": copy.deepcopy} | {
    f"pickle {protocol}": lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)  # a Response has slots, which takes 2
}


def made(kind: type[Exception]) -> Exception:
    """An exception as it comes out of a pool: with a text, a cause, a note, attributes, and the response that has it."""
    error: Any
    if kind is errors.LineTooLong:
        error = errors.line_too_long(17, "header line")
    elif kind is errors.IncompleteRead:
        error = kind(b"as far as it came", 40)
    elif kind is errors.ContentDecodingError or kind is errors.MissingDecoder:
        error = kind("no good", b"as far as it came")
    elif kind is errors.ProxyError:
        error = kind("407 from the proxy", 407, [("Proxy-Authenticate", "Basic")])
    else:
        error = kind("what was got")
    error.__cause__ = errors.MalformedFraming("the reason")
    head = _backends.selected.parse_response_head(b"HTTP/1.1 200 OK\r\n\r\n", 1_000, 10)
    error.response = Response(Request("GET", "http://a.test/"), head, b"content")
    error.response.error = error  # as it is in a result: each knows the other
    error.tag = {"of": "the caller's"}
    error.add_note("a note")
    return error


def test_the_list_is_not_empty() -> None:
    assert {"LineTooLong", "IncompleteRead", "ContentDecodingError", "ProxyError", "CredentialsInURL"} <= {
        kind.__name__ for kind in KINDS
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_exception_is_the_same_again(kind: type[Exception]) -> None:
    error: Any = made(kind)
    for name, way in WAYS.items():
        again = way(error)
        assert type(again) is kind, name
        assert (str(again), repr(again), again.args) == (str(error), repr(error), error.args), name
        told, kept = vars(error).copy(), vars(again).copy()
        response, was = kept.pop("response"), told.pop("response")
        assert kept == told, name
        assert (response.content, response.status, response.url) == (was.content, 200, was.url), name
        if name != "copy":
            assert response.error is again
        if kind in (errors.LineTooLong, errors.IncompleteRead) or issubclass(kind, errors._Portable):
            assert type(again.__cause__) is errors.MalformedFraming, name
            assert str(again.__cause__) == "the reason"


def test_a_subclass_of_the_caller_s() -> None:
    """With arguments of its own, as Python asks of it: ``args`` are the constructor's."""
    error = Theirs("first", 2)
    error.response = 3
    again = pickle.loads(pickle.dumps(error))
    assert (again.first, again.second, again.response, again.args) == ("first", 2, 3, ("first", 2))


class Theirs(errors.ContentTooLong):
    def __init__(self, first: str, second: int) -> None:
        super().__init__(first, second)
        self.first, self.second = first, second


FAILING = {
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n": "got more than 65536 bytes when reading header line",
    b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nas far": "IncompleteFetch(6 bytes read, 34 more expected)",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nas far\r\nno\r\n": "expected a chunk-size line "
    "of hex digits ended by CRLF, got b'no\\r\\n' (6 bytes read)",
    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Encoding: gzip\r\n\r\nas far": None,
}


@pytest.mark.slow
def test_out_of_a_worker_process() -> None:
    """As a pool raises them there."""
    context = multiprocessing.get_context("spawn")

    def serve(sock: socket.socket) -> None:
        target = take_request(sock).split(b" ")[1]
        sock.sendall(list(FAILING)[int(target[1:])])

    with (
        concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as workers,
        ScriptedServer(serve) as server,
        ConnectionPool() as pool,
    ):
        for number, text in enumerate(FAILING.values()):
            url = f"http://127.0.0.1:{server.port}/{number}"
            with pytest.raises(errors.HTTPException) as here:
                pool.get(url)
            there: Any = workers.submit(pool.get, url).exception(timeout=60)
            assert type(there) is type(here.value)
            assert str(there) == str(here.value)
            assert text is None or str(there) == f"{text} (GET {url})"
            assert there.response.error is there
            assert there.response.content == getattr(there, "partial", b"")
            assert (there.response.status, there.response.url) == (200 if number else 0, url)
