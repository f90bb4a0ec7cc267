"""Forms and uploads, by pool, fetcher and client: what three parsers that nobody here wrote make of them, and the bytes."""

from __future__ import annotations

import http.server
import io
import os
import pickle
import re
import resource
import threading
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from httpconn import InvalidField, Request, Response, Retry
from httpconn.model import Form

from ..support.clients import Maker
from ..support.sites import PAGE, Asker, Site, redirect

each_kind = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
LARGE = bytes(range(256)) * 1_000
Part = tuple[str, str | None, str | None, bytes]
"""The name of a field, the name and media type of its file, and what it holds."""


@pytest.fixture
def site() -> Iterator[Site]:
    again = {"/busy": lambda earlier: PAGE if earlier else (503, {}, b"")}
    moved = {"/307": redirect(307, "/"), "/303": redirect(303, "/"), "/302": redirect(302, "/")}
    with Site({"/": PAGE, **moved, **again}) as site:
        yield site


def post(kind: str, site: Site, path: str = "/", *, headers: Any = None, maker: Any = None, **form: Any) -> Response:
    with Asker(kind, **(maker or {})) as ask:
        return ask(Request("POST", site.url(path), headers, **form))


# -- application/x-www-form-urlencoded


@each_kind
@pytest.mark.parametrize(("data", "sent"), [
    ({"a": "1", "b": "2"}, b"a=1&b=2"),
    ([("b", "1"), ("a", "2"), ("b", "3")], b"b=1&a=2&b=3"),
    ({"a": ["1", "2"], "b": ("3", 4)}, b"a=1&a=2&b=3&b=4"),
    ({"a": None, "b": ""}, b"b="),
    ({"a": b"\xff\x00", "b": bytearray(b"~")}, b"a=%FF%00&b=%7E"),
    ({"\u00fc &=": "\u20ac + \r\n"}, b"%C3%BC+%26%3D=%E2%82%AC+%2B+%0D%0A"),
    # Each of ASCII, as the URL standard has it: "*-._", letters and digits as they are, a space as "+".
    ({"a": " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
     b"a=+%21%22%23%24%25%26%27%28%29*%2B%2C-.%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D%7E"),
    ({}, b""), ([], b""),
])  # fmt: skip
def test_urlencoded(kind: str, data: Any, sent: bytes, site: Site) -> None:
    assert post(kind, site, data=data).status == 200
    assert site.bodies == [sent]
    assert site.fields(0)["content-type"] == "application/x-www-form-urlencoded"
    assert site.fields(0)["content-length"] == str(len(sent))


def test_what_is_read_but_once_is_sent_each_time(new_pool: Maker, site: Site) -> None:
    request = Request("POST", site.url("/"), data=iter([("a", "1")]), files=iter([("f", b"x")]))
    with new_pool() as pool:
        for _ in range(2):
            pool.send(request)
            pool.send(pickle.loads(pickle.dumps(request)))
    assert [body.count(b'name="a"\r\n\r\n1\r\n') for body in site.bodies] == [1] * 4


@each_kind
def test_a_media_type_of_ones_own_counts_for_a_form_without_files(kind: str, site: Site) -> None:
    own = "application/x-www-form-urlencoded;charset=utf-8"
    assert post(kind, site, data={"a": "1"}, headers={"content-type": own}).status == 200
    assert site.fields(0)["content-type"] == own
    # That of the pool is for what has none.
    assert post(kind, site, data={"a": "1"}, maker={"headers": {"Content-Type": "text/plain"}}).status == 200
    assert site.fields(1)["content-type"] == "application/x-www-form-urlencoded"


@each_kind
@pytest.mark.parametrize("where", ["request", "maker"])
@pytest.mark.parametrize("own", ["multipart/form-data", None])
def test_a_media_type_of_ones_own_is_refused_beside_files(kind: str, where: str, own: str | None, site: Site) -> None:
    """It would name no boundary, or another one, and no server could read the form."""
    headers = {"Content-Type": own}
    given = {"headers": headers} if where == "request" else {"maker": {"headers": headers}}
    response = post(kind, site, files={"a": b"1"}, **given)
    if where == "maker" and own is not None:
        assert response.status == 200  # that is for what has none
        assert "boundary=" in site.fields(0)["content-type"]
        return
    assert isinstance(response.error, InvalidField)
    assert site.seen == []


# -- what three parsers make of multipart/form-data


def by_werkzeug(body: bytes, content_type: str) -> list[Part]:
    formparser = pytest.importorskip("werkzeug.formparser")
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type}
    _, form, files = formparser.FormDataParser(silent=False).parse_from_environ({**environ, "REQUEST_METHOD": "POST"})
    parts: list[Part] = [(name, None, None, value.encode()) for name, value in form.items(multi=True)]
    for name, file in files.items(multi=True):
        parts.append((name, file.filename, file.content_type, file.read()))
        file.close()
    return parts


def by_django(body: bytes, content_type: str) -> list[Part]:
    pytest.importorskip("django")
    from django.conf import settings
    from django.core.files.uploadhandler import MemoryFileUploadHandler
    from django.http.multipartparser import MultiPartParser

    if not settings.configured:
        settings.configure()
    handler = MemoryFileUploadHandler()
    meta = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type}
    form, files = MultiPartParser(meta, io.BytesIO(body), [handler]).parse()
    parts: list[Part] = [(name, None, None, value.encode()) for name, values in form.lists() for value in values]
    for name, some in files.lists():
        parts += [(name, file.name, file.content_type, file.read()) for file in some]
    return parts


def by_multipart(body: bytes, content_type: str) -> list[Part]:
    multipart = pytest.importorskip("multipart")
    boundary = multipart.parse_options_header(content_type)[1]["boundary"]
    parts = multipart.MultipartParser(io.BytesIO(body), boundary, len(body), strict=True).parts()
    found = [(part.name, part.filename, part.content_type if part.filename else None, part.raw) for part in parts]
    for part in parts:
        part.close()
    return found


PARSERS = [by_werkzeug, by_django, by_multipart]
each_parser = pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)


def last_form(site: Site, parse: Callable[[bytes, str], list[Part]]) -> list[Part]:
    return parse(site.bodies[-1], site.fields(-1)["content-type"])


@each_parser
@each_kind
def test_a_form_with_files_is_read(kind: str, parse: Any, site: Site, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(LARGE)
    (tmp_path / "page.html.gz").write_bytes(b"coded")
    with open(tmp_path / "table.csv", "rb") as opened:
        opened.seek(100)
        data = [("b", "1"), ("a", "\u20ac\r\n--x"), ("b", "")]
        files = {
            "bytes": b"raw", "path": tmp_path / "table.csv", "opened": opened, "memory": io.BytesIO(b"\0\r\n"),
            "named": ("n\u00e4me.txt", "t\u00e9xt"), "typed": ("x.txt", LARGE, "image/png"), "empty": b"",
            "several": [b"1", ("two.json", b"2")], "field": (None, "text"), "none": None, "gz": tmp_path / "page.html.gz",
        }  # fmt: skip
        assert post(kind, site, data=data, files=files).status == 200
        assert opened.tell() == 100
    octets = "application/octet-stream"
    assert sorted(last_form(site, parse), key=repr) == sorted([
        ("a", None, None, "\u20ac\r\n--x".encode()), ("b", None, None, b"1"), ("b", None, None, b""),
        ("bytes", "blob", octets, b"raw"), ("empty", "blob", octets, b""), ("field", None, None, b"text"),
        ("gz", "page.html.gz", octets, b"coded"), ("memory", "blob", octets, b"\0\r\n"),
        ("named", "n\u00e4me.txt", "text/plain", "t\u00e9xt".encode()), ("opened", "table.csv", "text/csv", LARGE[100:]),
        ("path", "table.csv", "text/csv", LARGE), ("several", "blob", octets, b"1"),
        ("several", "two.json", "application/json", b"2"), ("typed", "x.txt", "image/png", LARGE),
    ], key=repr)  # fmt: skip
    assert site.fields(0)["content-length"] == str(len(site.bodies[0]))


@pytest.mark.parametrize("kind", ["pool", "async"])
@pytest.mark.parametrize(("name", "wire", "undone_by"), [
    ('a"b', b"a%22b", {"by_multipart", "by_werkzeug"}),
    ("a\r\nb", b"a%0D%0Ab", {"by_multipart"}),
    ("a\\b c;d", b"a\\b c;d", set()), ("\u00fc.txt", "\u00fc.txt".encode(), {"by_multipart", "by_werkzeug", "by_django"}),
    ("a%22b", b"a%22b", set()),
])  # fmt: skip
def test_names_are_escaped_as_browsers_do(kind: str, name: str, wire: bytes, undone_by: set[str], site: Site) -> None:
    """No reader undoes all of it, see FIELD's row; what matters is that none takes a name for two, or for a header."""
    assert post(kind, site, data={name: "v"}, files={name: (name, b"f", "text/plain")}).status == 200
    head = b'Content-Disposition: form-data; name="%b"' % wire
    assert site.bodies[0].count(head + b"\r\n\r\nv\r\n") == 1
    assert site.bodies[0].count(head + b'; filename="%b"\r\nContent-Type: text/plain\r\n\r\nf\r\n' % wire) == 1
    for parse in PARSERS:
        try:
            found = last_form(site, parse)
        except pytest.skip.Exception:
            continue
        assert sorted(part[3] for part in found) == [b"f", b"v"]
        if parse.__name__ in undone_by:
            assert {part[0] for part in found} == {name}


def test_no_two_boundaries_are_the_same(new_pool: Maker, site: Site) -> None:
    with new_pool() as pool:
        for _ in range(3):
            pool.post(site.url("/"), files={})
    boundaries = {site.fields(number)["content-type"] for number in range(3)}
    assert len(boundaries) == 3
    for number in range(3):  # also where there is nothing in it
        boundary = site.fields(number)["content-type"].partition("boundary=")[2]
        assert site.bodies[number] == f"--{boundary}--\r\n".encode()


# -- what is streamed, and sent again


@each_kind
@pytest.mark.parametrize("path", ["/", "/307", "/busy"])
def test_files_are_sent_again(kind: str, path: str, site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(LARGE)
    with open(tmp_path / "file", "rb") as opened:
        files = [("a", tmp_path / "file"), ("b", opened), ("c", LARGE), ("d", io.BytesIO(b"small"))]
        retry = Retry(1, backoff_s=0, methods={"POST"})
        response = post(kind, site, path, data={"x": "y"}, files=files, maker={"retry": retry})
    assert (response.status, response.error) == (200, None)
    assert len(site.bodies) == (1 if path == "/" else 2)
    assert len({*site.bodies}) == 1
    assert site.bodies[0].count(LARGE) == 3
    assert len({site.fields(number)["content-type"] for number in range(len(site.bodies))}) == 1


@each_kind
@pytest.mark.parametrize("path", ["/303", "/302"])
@pytest.mark.parametrize("form", [{"data": {"a": "1"}}, {"files": {"a": b"1"}}])
def test_a_redirect_to_get_leaves_the_form_behind(kind: str, path: str, form: Any, site: Site) -> None:
    response = post(kind, site, path, **form)
    assert response.status == 200
    assert (site.method(1), site.bodies[1]) == ("GET", b"")
    assert not {"content-type", "content-length"} & {*site.fields(1)}


def read_but_once() -> dict[str, Any]:
    reading, writing = os.pipe()
    os.write(writing, b"piped")
    os.close(writing)
    return {"pipe": open(reading, "rb"), "made": (part for part in (b"ma", bytearray(b"de")))}


@each_parser
@each_kind
def test_what_can_be_read_but_once(kind: str, parse: Any, site: Site) -> None:
    files = read_but_once()
    with files["pipe"]:
        assert post(kind, site, data={"a": "1"}, files=files, maker={"expect_timeout_s": None}).status == 200
    assert site.fields(0)["transfer-encoding"] == "chunked"
    assert "content-length" not in site.fields(0)
    assert [(name, content) for name, _, _, content in last_form(site, parse)] == [
        ("a", b"1"), ("pipe", b"piped"), ("made", b"made"),
    ]  # fmt: skip


@each_kind
def test_what_can_be_read_but_once_is_not_sent_twice(kind: str, site: Site) -> None:
    for path in ("/307", "/busy"):
        retry = Retry(1, backoff_s=0, methods={"POST"})
        maker = {"expect_timeout_s": None, "retry": retry}
        files = {"made": (part for part in (b"ma", b"de"))}
        assert post(kind, site, path, files=files, maker=maker).status in (307, 503)
    assert site.paths() == ["/307", "/busy"]


def test_a_pipe_that_has_a_path(new_pool: Maker, site: Site, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"piped",))
    writer.start()
    with new_pool(expect_timeout_s=None) as pool:
        assert pool.post(site.url("/"), files={"a": tmp_path / "pipe"}).status == 200
    writer.join(20)
    assert b"\r\n\r\npiped\r\n--" in site.bodies[0]


class Counting(http.server.BaseHTTPRequestHandler):
    """Counts what it reads, and keeps nothing of it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = count = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 262_144)))
        told = str(count).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        pass


@each_kind
def test_a_large_file_is_never_in_memory(kind: str, tmp_path: Path) -> None:
    size = 128 * 1_048_576
    with open(tmp_path / "file", "wb") as file:
        file.truncate(size)
    with http.server.HTTPServer(("127.0.0.1", 0), Counting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            with Asker(kind) as ask:
                url = f"http://127.0.0.1:{server.server_port}/"
                response = ask(Request("POST", url, data={"a": "1"}, files={"file": tmp_path / "file"}))
        finally:
            server.shutdown()
            thread.join()
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert response.error is None
    assert size < int(response.content) < size + 1_000
    assert grown_kib < 32 * 1024


def test_a_file_is_opened_when_it_is_sent_and_closed_behind_it(new_fetcher: Maker, site: Site, tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(60)]
    for path in paths:
        path.write_bytes(LARGE[:100_000])
    most = 0

    def requests() -> Iterator[Request]:
        nonlocal most
        for path in paths:
            most = max(most, len(os.listdir("/proc/self/fd")))
            yield Request("POST", site.url("/"), files={"file": path})

    begun = len(os.listdir("/proc/self/fd"))
    with new_fetcher(per_host=2) as fetcher:
        assert {response.error for response in fetcher.feed(requests())} == {None}
        assert most - begun < 20
        assert len(os.listdir("/proc/self/fd")) - begun < 20
    assert len(site.bodies) == 60


# -- what is refused


async def awaited() -> AsyncIterator[bytes]:
    yield b""


class Awaited:
    name = "awaited"

    async def read(self, size: int = -1) -> bytes:
        return b""


@each_kind
@pytest.mark.parametrize(("form", "error", "text"), [
    ({"data": "a=1"}, TypeError, "that is a body="), ({"data": b"a=1"}, TypeError, "that is a body="),
    ({"data": io.BytesIO(b"a=1")}, TypeError, "that is a body="), ({"data": 3}, TypeError, "expected data as a mapping"),
    ({"data": ["ab"]}, TypeError, "expected data as a mapping"), ({"data": {"a": {"b": "c"}}}, TypeError, r"expected data\['a'\] as str"),
    ({"data": {"a": io.BytesIO(b"")}}, TypeError, "goes into files="), ({"data": {"a": Path("x")}}, TypeError, "goes into files="),
    ({"data": {"a": "\ud800"}}, UnicodeEncodeError, "surrogates"),
    ({"files": {"a": "x.txt"}}, TypeError, "pathlib.Path"), ({"files": {"a": 3}}, TypeError, r"expected files\['a'\] as bytes"),
    ({"files": {"a": ("x",)}}, TypeError, r"expected files\['a'\] as bytes"), ({"files": {"a": ("x", b"", "t", {})}}, TypeError, r"expected files\['a'\] as bytes"),
    ({"files": {"a": io.StringIO("x")}}, TypeError, "not text"), ({"files": {"a": Awaited()}}, TypeError, "to await"),
    ({"files": {"a": awaited()}}, TypeError, "to await"), ({"files": b"x"}, TypeError, "expected files as a mapping"),
    ({"files": {"a": ("x", b"", "text/plain\r\nX: y")}}, InvalidField, "media type"),
    ({"files": {"a": ("x", b"", "text/pl\u00e4in")}}, InvalidField, "media type"),
    ({"files": {"a": Path("/nowhere/at/all")}}, FileNotFoundError, "nowhere"), ({"files": {"a": Path("/")}}, IsADirectoryError, "/"),
])  # fmt: skip
def test_what_is_no_form_is_told_before_any_traffic(kind: str, form: Any, error: type, text: str, site: Site) -> None:
    failed = post(kind, site, **form).error
    assert isinstance(failed, error)
    assert re.search(text, str(failed))
    assert site.seen == []


@pytest.mark.parametrize("other", [{"body": b""}, {"json": 1}])
@pytest.mark.parametrize("form", [{"data": {}}, {"files": {}}])
def test_a_form_and_another_body_are_refused(new_pool: Maker, other: Any, form: Any) -> None:
    with pytest.raises(TypeError, match="got two of them"):
        Request("POST", "http://127.0.0.1:1/", **other, **form)
    with new_pool() as pool, pytest.raises(TypeError, match="got both"):
        pool.send(Request("POST", "http://127.0.0.1:1/", **form).replaced(json=1))


@each_kind
def test_a_file_that_is_gone_when_it_is_sent(kind: str, site: Site, tmp_path: Path) -> None:
    """It was there when the request was made."""
    (tmp_path / "file").write_bytes(LARGE)

    def resolve(host: str, port: int) -> str:
        (tmp_path / "file").unlink(missing_ok=True)
        return "127.0.0.1"

    with Asker(kind, resolve=resolve) as ask:
        url = f"http://upload.test:{site.port}/"
        assert isinstance(ask(Request("POST", url, files={"a": tmp_path / "file"})).error, FileNotFoundError)
        assert ask(url).status == 200
    assert site.paths() == ["/"]


# -- the request itself


def test_a_request_with_a_form(new_pool: Maker, site: Site) -> None:
    request = Request("POST", site.url("/"), data={"a": "1"})
    assert isinstance(request.body, Form)
    assert (request.body.data, request.body.files) == ({"a": "1"}, None)
    both = request.replaced(files={"f": b"x"})
    assert (both.body.data, both.body.files) == ({"a": "1"}, {"f": b"x"})
    assert request.body.files is None, "the other one is as it was"
    assert request.replaced(data=None).body is None
    assert Request("GET", site.url("/")).replaced(data=[("b", "2")]).body.data == [("b", "2")]

    def sign(request: Request) -> Request:
        return request.replaced(data={**request.body.data, "key": "k"})

    with new_pool(before_request=sign) as pool:
        assert pool.send(request).status == 200
    assert urllib.parse.parse_qsl(site.bodies[0].decode()) == [("a", "1"), ("key", "k")]


def test_each_method_takes_a_form(new_pool: Maker, site: Site) -> None:
    with new_pool() as pool:
        for ask in (pool.get, pool.post, pool.put, pool.patch, pool.delete):
            assert ask(site.url("/"), data={"a": "1"}).status == 200
        assert pool.request("POST", site.url("/"), data={"a": "1"}, stream=True).content == b"page"
    assert site.bodies == [b"a=1"] * 6
    with pytest.raises(TypeError, match="has no option 'data': it is an option of each request"):
        new_pool(data={})  # type: ignore[call-arg]
