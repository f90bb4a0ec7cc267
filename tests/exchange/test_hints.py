"""Mistakes that everybody makes: the error says which it was, and what was probably meant, before any traffic where it can."""

from __future__ import annotations

import asyncio
import copy
import io
import pickle
import re
import ssl
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import (
    AsyncClient,
    Bearer,
    ConnectionPool,
    Fetcher,
    InvalidURL,
    Limits,
    Request,
    Response,
    Retry,
    UnsupportedScheme,
    _backends,
)
from httpconn._cli import fetch
from httpconn._exchange import options
from httpconn.aio import AsyncResponse

from ..support.clients import Maker
from ..support.peers import ScriptedServer, replying, take_request
from ..support.sites import PAGE, Asker, Site

each_kind = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
once = pytest.mark.once
NOTHING = "http://127.0.0.1:9/"


# -- URLs


@once
@pytest.mark.parametrize(("url", "meant"), [
    ("example.com/x?y=1", "https://example.com/x?y=1"), ("www.example.com", "https://www.example.com"), ("m\u00fcnchen.example", "https://m\u00fcnchen.example"),
    ("//example.com/x", "https://example.com/x"), ("//host/x", "https://host/x"), ("example.com:443/", "https://example.com:443/"),
    ("example.com:8080", "http://example.com:8080"), ("localhost:80/x", "http://localhost:80/x"), ("localhost", "http://localhost"),
    ("web:8000/x", "http://web:8000/x"), ("127.0.0.1:8000/x", "http://127.0.0.1:8000/x"), ("[::1]:80/", "http://[::1]:80/"),
    ("http:/example.com/", "http://example.com/"), ("https:example.com/", "https://example.com/"), ("http//example.com/", "http://example.com/"),
    ("htp://example.com/", "http://example.com/"), ("ttps://example.com/", "https://example.com/"), ("httpss://example.com/", "https://example.com/"),
    ("'http://example.com/'", "http://example.com/"), ("<https://example.com/>", "https://example.com/"), ("\ufeffhttp://example.com/", "http://example.com/"),
])  # fmt: skip
def test_the_url_that_was_meant_is_told(url: str, meant: str) -> None:
    with pytest.raises(InvalidURL) as told:
        httpconn.urljoin(url, "")
    assert str(told.value).endswith(f"; did you mean {meant!r}?")
    assert "http://" in str(told.value) or "http or https" in str(told.value) or "name of a host" in str(told.value)
    httpconn.urljoin(meant, "")  # which is one


@once
@pytest.mark.parametrize("url", [
    "/x", "x", "x/y", "?q=1", "#a", "../x", "index.html", "img/a.png", "feed.xml?x=1", "2024/01/x",
])  # fmt: skip
def test_a_link_of_a_page_is_told_how_it_is_made_a_url(url: str) -> None:
    with pytest.raises(InvalidURL, match=r"it is a relative one, which httpconn\.urljoin\(page\.url, it\) makes"):
        httpconn.urljoin(url, "")
    httpconn.urljoin("http://example.com/", url)


@once
@pytest.mark.parametrize("url", [
    "", "mailto:me", "tel:110", "data:,x", "javascript:void(0)", "ftp://example.com/", "ws://example.com/", "file:///x", "C:\\x", "://", ":", "http://",
    "https:///x", "http:", "///x", "a b.example", "a..example", "1.2.3.4.5/x", "example.com:99999/", "'x'", "me:secret@example.com/", "http:/me:secret@example.com/",
    "//me:secret@example.com/",
])  # fmt: skip
def test_nothing_is_guessed_where_nothing_can_be_known(url: str) -> None:
    with pytest.raises(InvalidURL) as told:
        httpconn.urljoin(url, "")
    assert "did you mean" not in str(told.value)
    assert "relative" not in str(told.value)
    assert "secret" not in str(told.value)


@each_kind
def test_by_whoever_is_asked(kind: str) -> None:
    with Asker(kind) as ask:
        error = ask("localhost:8000/x").error
        assert isinstance(error, UnsupportedScheme)
        assert "did you mean 'http://localhost:8000/x'?" in str(error)


# -- files that cannot be read or written


def closed() -> Any:
    with tempfile.TemporaryFile() as file:
        file.write(b"abc")
    return file


def closed_bytes() -> Any:
    file = io.BytesIO(b"abc")
    file.close()
    return file


def closed_and_named() -> Any:
    with tempfile.NamedTemporaryFile() as file:  # of no class of io, but around one
        pass
    return file


@each_kind
@pytest.mark.parametrize("make", [closed, closed_bytes, closed_and_named])
@pytest.mark.parametrize(("what", "given"), [
    ("body", lambda file: {"body": file}), ("files['f']", lambda file: {"files": {"f": file}}),
    ("files['f']", lambda file: {"files": [("e", b""), ("f", ("name.txt", file))]}), ("sink", lambda file: {"sink": file}),
])  # fmt: skip
def test_a_closed_file_is_named_before_any_traffic(
    kind: str, make: Callable[[], Any], what: str, given: Callable[[Any], Any]
) -> None:
    with Site({"/": PAGE}) as site, Asker(kind) as ask:
        error = ask(Request("POST", site.url("/"), **given(make()))).error
        assert isinstance(error, ValueError)
        assert f"expected {what} as a file opened for " in str(error)
        assert str(error).endswith("got one that has been closed")
        assert site.connections == 0


def test_a_file_that_is_open_for_the_other_thing(new_pool: Maker, tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    with open(tmp_path / "out", "wb") as out, open(tmp_path / "in", "rb") as into, new_pool() as pool:
        for given in ({"body": out}, {"files": {"f": out}}, {"sink": into}):
            with pytest.raises(ValueError, match=f"expected {next(iter(given))}.* got one for (reading|writing) only"):
                pool.request("POST", NOTHING, **given)
        for given in ({"body": io.StringIO()}, {"sink": io.StringIO()}):
            with pytest.raises(TypeError, match=f"expected {next(iter(given))} as a file .* got one for text"):
                pool.request("POST", NOTHING, **given)


def test_a_sink_that_is_closed_between_two_requests(new_pool: Maker) -> None:
    """The second request is made by what is known of the first."""
    with Site({"/": PAGE}) as site, new_pool() as pool:
        for _ in range(3):
            file = io.BytesIO()
            assert pool.get(site.url("/"), sink=file).status == 200
            assert file.getvalue() == b"page"
        file.close()
        with pytest.raises(ValueError, match="expected sink as a file opened for writing bytes, got one that has been"):
            pool.get(site.url("/"), sink=file)
        assert len(site.heads) == 3


class Exhausted(io.RawIOBase):
    """As a response that has been read: it calls itself closed, and reads as empty."""

    closed = True

    def read(self, size: int = -1) -> bytes:
        return b""

    def write(self, data: Any) -> int:
        return len(data)


class OnlyRead(io.RawIOBase):
    """It does not say that it can be read, nor written, which is the default."""

    content = b"abc"

    def read(self, size: int = -1) -> bytes:
        part, self.content = self.content[:size], self.content[size:]
        return part

    def write(self, data: Any) -> int:
        self.content += data
        return len(data)


def test_what_only_calls_itself_closed_is_taken(new_pool: Maker) -> None:
    with Site({"/": PAGE}) as site, new_pool(expect_timeout_s=None) as pool:
        for body, sent in ((Exhausted(), b""), (OnlyRead(), b"abc")):
            assert pool.request("POST", site.url("/"), body=body).status == 200
            assert site.bodies[-1] == sent
        for sink in (Exhausted(), OnlyRead()):
            assert pool.get(site.url("/"), sink=sink).status == 200
        assert sink.content == b"abcpage"  # type: ignore[attr-defined]


# -- the other scheme


@each_kind
def test_tls_is_spoken_to_a_server_without(kind: str) -> None:
    def serve(sock: Any) -> None:
        sock.recv(65_536)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with ScriptedServer(serve) as server, Asker(kind) as ask:
        error = ask(f"https://127.0.0.1:{server.port}/").error
        assert isinstance(error, ssl.SSLError)
        assert str(error).endswith("/): is no TLS spoken there, and http:// meant?")


@each_kind
def test_http_is_spoken_to_a_server_of_tls(kind: str) -> None:
    """Most answer a 400 that says it. Others send a record of TLS, as RFC 8446 section 6 has it."""
    alert = b"\x15\x03\x01\x00\x02\x02\x0a"
    with ScriptedServer(replying(alert)) as server, Asker(kind) as ask:
        error = ask(f"http://127.0.0.1:{server.port}/").error
        assert isinstance(error, httpconn.BadStatusLine)
        assert "; that is TLS: was https:// meant?" in str(error)
    with ScriptedServer(replying(b"SSH-2.0-x\r\n")) as server, Asker(kind) as ask:
        assert "TLS" not in str(ask(f"http://127.0.0.1:{server.port}/").error)


def test_a_connection_of_http_client_says_what_http_client_says() -> None:
    def serve(sock: Any) -> None:
        take_request(sock)
        sock.sendall(b"\x15\x03\x01\x00\x02\x02\x0a")

    with ScriptedServer(serve) as server:
        connection = httpconn.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/")
        with pytest.raises(httpconn.BadStatusLine) as told:
            connection.getresponse()
        assert "meant" not in str(told.value)
        connection.close()


# -- what options take


@once
def test_a_name_that_a_retry_or_limits_have_not() -> None:
    for given, text in (({"status": [503]}, "did you mean 'statuses'"), ({"backof_s": 1}, "did you mean 'backoff_s'")):
        with pytest.raises(TypeError, match=f"a Retry has no option '.*'; {text}"):
            Retry(3, **given)  # type: ignore[arg-type]
    for name, ours in (("total", "attempts="), ("status_forcelist", "statuses="), ("backoff_factor", "backoff_s=")):
        with pytest.raises(TypeError, match=f"a Retry has no option '{name}'; here that is {ours}"):
            Retry(**{name: 3})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a Limits has no option 'head_byte'; did you mean 'head_bytes'"):
        Limits(head_byte=3)  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match="a Limits has no option 'zork'; it has line_bytes, field_lines, head_bytes, in"
    ):
        Limits(zork=3)  # type: ignore[arg-type]


@once
@pytest.mark.parametrize("value", ["1", b"1", [1], object()])
def test_a_value_of_another_kind_is_told_with_its_name(new_pool: Maker, value: Any) -> None:
    for name in ("attempts", "backoff_s", "max_backoff_s", "jitter", "max_retry_after_s"):
        with pytest.raises(TypeError, match=f"expected .*{name}"):
            Retry(**{name: value})
    for name in Limits.__match_args__:
        with pytest.raises(TypeError, match=f"expected {name} as an int"):
            Limits(**{name: value})
        with pytest.raises(ValueError, match=f"expected {name} of 0 or more, got -1"):
            Limits(**{name: -1})
    if not isinstance(value, str):
        with pytest.raises(TypeError, match="bearer token as str"):
            Bearer(value)
    for making in (lambda: Retry(1, methods=value), lambda: new_pool(socket_options=value)):
        if not isinstance(value, list):
            with pytest.raises(TypeError, match=r"methods|socket_options"):
                making()


@once
def test_names_that_other_libraries_have() -> None:
    for name in ("get", "post", "request"):
        with pytest.raises(AttributeError, match=rf"has no attribute '{name}': .*ConnectionPool\(\)\.{name}\(url\)"):
            getattr(httpconn, name)
    for name, ours in (("Session", "ConnectionPool"), ("ClientSession", "AsyncClient"), ("exceptions", "errors")):
        with pytest.raises(AttributeError, match=rf"here that is httpconn\.{ours}$") as told:
            getattr(httpconn, name)
        assert hasattr(httpconn, ours)
    assert (told.value.name, told.value.obj) == ("exceptions", httpconn)  # from which Python finds the nearest
    with pytest.raises(AttributeError, match=r"module 'httpconn' has no attribute 'zork'$"):
        getattr(httpconn, "zo" + "rk")


def test_where_a_mistake_is_in_a_larger_option(new_pool: Maker) -> None:
    with pytest.raises(InvalidURL, match=r"a key of auth: .*did you mean 'https://example\.com'"):
        new_pool(auth={"example.com": ("me", "secret")})
    with pytest.raises(TypeError, match="expected socket_options as tuples of level, name and value, got one of str"):
        new_pool(socket_options=["TCP_NODELAY"])


def test_a_stream_is_asked_for_by_true() -> None:
    """Of a pool: a client has a method for that."""
    with ConnectionPool() as pool:
        for stream in ("yes", []):
            with pytest.raises(TypeError, match="expected stream as True or False"):
                pool.get(NOTHING, stream=stream)  # type: ignore[arg-type]


# -- what others have, and what is elsewhere

ELSEWHERE: dict[type, Mapping[str, str]] = {
    Response: options.OF_RESPONSES, AsyncResponse: options.OF_STREAMED, ConnectionPool: options.OF_POOL,
    Fetcher: options.OF_FETCHER, AsyncClient: options.OF_CLIENT,
}  # fmt: skip


def instance_of(kind: type) -> Any:
    if not issubclass(kind, Response):
        return kind()
    block = b"HTTP/1.1 200 OK\r\n\r\n"
    return kind(NOTHING, _backends.selected.parse_response_head(block, 1_000, 10), b"content")


@once
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_an_attribute_that_others_have(kind: type) -> None:
    """It is told what it is here, and in all else it is an attribute that is not there."""
    instance = instance_of(kind)
    for name, here in ELSEWHERE[kind].items():
        for whose, shown in ((instance, f"{kind.__name__!r} object"), (kind, f"type object {kind.__name__!r}")):
            assert not hasattr(whose, name)
            assert getattr(whose, name, 7) == 7
            with pytest.raises(AttributeError) as told:
                getattr(whose, name)
            assert str(told.value) == f"{shown} has no attribute {name!r}; here that is {here}"
            assert (told.value.name, told.value.obj) == (name, whose)
        assert name not in dir(instance)
        # What it says is there: an attribute, an option, or what stands in the package.
        first = re.match(r"(httpconn\.)?(\w+)", here)
        assert first is not None
        if first[1]:
            assert hasattr(httpconn, first[2])
        elif here != options._GIVEN and not here.startswith(("params=", "proxy=", "context=")):
            assert hasattr(instance, first[2])
    assert "close" in dir(instance)
    for again in (copy.copy(instance), pickle.loads(pickle.dumps(instance))):
        assert type(again) is kind
    with pytest.raises(AttributeError, match=r"no attribute 'zork'$"):
        getattr(instance, "zo" + "rk")

    class Own(kind):  # type: ignore[misc, valid-type]  # a parameter
        """A program's own class may have what we do not, however it does."""

        def __getattr__(self, name: str) -> str:
            return f"own {name}"

    name = next(iter(ELSEWHERE[kind]))
    assert getattr(instance_of(Own), name) == f"own {name}"
    assert name in dir(instance_of(type("With", (kind,), {name: 1})))


@once
def test_results_are_what_isinstance_says() -> None:
    """Frameworks ask that of a body or a stream, and go another way: no method is there that only raises."""

    async def main() -> None:
        async with AsyncClient() as client:
            awaited = client.fetch_many([NOTHING])
            assert isinstance(awaited, AsyncIterator)
            assert not isinstance(awaited, Iterable)
            with pytest.raises(TypeError, match="not iterable"):
                httpconn.fetch_many(awaited)  # type: ignore[arg-type]
        with httpconn.fetch_many([NOTHING]) as results:
            assert isinstance(results, Iterator)
            assert not isinstance(results, AsyncIterable)

    asyncio.run(main())


@once
def test_options_of_a_download_and_of_a_writer(tmp_path: Path) -> None:
    def by_pool(**given: Any) -> None:
        with ConnectionPool() as pool:
            pool.download(NOTHING, tmp_path / "file", **given)

    async def by_client(**given: Any) -> None:
        async with AsyncClient() as client:
            await client.download(NOTHING, tmp_path / "file", **given)

    for name, text in (
        ("resum", "did you mean 'resume'"),
        ("timout", "did you mean 'timeout'"),
        ("verify", "here that"),
    ):
        for download in (lambda **given: asyncio.run(by_client(**given)), by_pool):
            with pytest.raises(TypeError, match=f"a download has no option '{name}'; {text}"):
                download(**{name: True})
    for name, text in (("resum", "did you mean 'resume'"), ("overwrite", "here that is replace=True")):
        with pytest.raises(TypeError, match=rf"writers\.open\(\) has no option '{name}'; {text}"):
            httpconn.writers.open(tmp_path / "a.jsonl", **{name: True})  # type: ignore[arg-type]
    assert not [*tmp_path.iterdir()]


@once
def test_the_repr_of_a_form_has_no_values() -> None:
    form = Request(
        "POST", NOTHING, data={"user": "me", "password": "secret"}, files=[("f", b"secret"), ("g", b"")]
    ).body
    assert repr(form) == "<Form of the fields 'user', 'password', the files 'f', 'g'>"
    assert repr(Request("POST", NOTHING, data=iter([("a", "1")])).body) == "<Form of the fields 'a', the files none>"
    assert repr(Request("POST", NOTHING, data={str(n): n for n in range(12)}).body).count("'") == 20
    assert "secret" not in repr(Request("POST", NOTHING, data="secret").body)
    assert "secret" not in repr(Request("POST", NOTHING, data=["secret", 5]).body)


@once
def test_a_command_that_is_given_no_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for given, told in (
        (["example.org"], "No such file or directory; as a URL, 'example.org' is 'https://example.org'"),
        (["localhost:8000/x"], "as a URL, 'localhost:8000/x' is 'http://localhost:8000/x'"),
        (
            ["example.org", "http://example.com/"],
            "expected one input, or URLs, got 'example.org' 'http://example.com/'; as a URL, 'example.org' is",
        ),
        (["urls.csv"], "cannot be read: No such file or directory\n"),
        (["me:secret@example.org"], "cannot be read: No such file or directory\n"),
        (["urls"], "cannot be read: No such file or directory\n"),
    ):
        assert fetch.main(given, "httpconn") == fetch.UNUSABLE
        assert told in capsys.readouterr().err
