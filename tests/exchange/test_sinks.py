"""Content that goes to a file: whole or not at all, and to a file object, however much that takes at once."""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import ConnectionPool, Fetcher, IncompleteRead, Request, Response, Retry, Timeout, fetch_many
from httpconn._exchange.sink import Sink

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.faulty import FaultyServer, content_of
from ..support.peers import ScriptedServer, replying, take_request
from ..support.sites import Asker, Logged, Site, each_kind, redirect

both = pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
PAGE = b"a page of a few bytes\n" * 20
FAILURES = (204, 206, 301, 304, 400, 404, 429, 500, 503, 999)


@pytest.fixture
def site() -> Iterator[Site]:
    routes: dict[str, Any] = {f"/{status}": (status, {}, PAGE) for status in (200, 201, 299, *FAILURES)}
    routes["/204"] = (204, {}, b"")
    routes["/304"] = (304, {}, b"")
    routes["/moved"] = redirect(302, "/200")
    routes["/once"] = lambda earlier: (200, {}, PAGE) if earlier else (503, {}, b"busy")
    with Site(routes) as site:
        yield site


def get(kind: str, request: Request, **options: Any) -> Response:
    with Asker(kind, **options) as ask:
        return ask(request)


# -- a path ----------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("old", [None, b"what was there"], ids=["new", "old"])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_success_is_in_the_file(kind: str, old: bytes | None, as_text: bool, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for status in (200, 201, 299):
        if old is not None:
            path.write_bytes(old)
        response = get(kind, Request("GET", site.url(f"/{status}"), sink=str(path) if as_text else path))
        assert (response.status, response.content, response.error) == (status, b"", None)
        assert path.read_bytes() == PAGE
        assert os.listdir(tmp_path) == ["file"]
        path.unlink()


@both
@pytest.mark.parametrize("status", FAILURES)
def test_any_other_status_leaves_the_file_alone(kind: str, status: int, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for old in (None, b"what was there"):
        if old is not None:
            path.write_bytes(old)
        response = get(kind, Request("GET", site.url(f"/{status}"), sink=path))
        assert (response.status, response.error) == (status, None)
        if status == 204:  # a success, without content
            assert path.read_bytes() == b""
            path.unlink()
            continue
        assert response.content == (b"" if status == 304 else PAGE)
        assert (path.read_bytes() if path.exists() else None) == old
        assert os.listdir(tmp_path) == ["file"] * (old is not None)


@both
@pytest.mark.parametrize("status", [206, 404, 503])
def test_any_status_where_that_is_asked_for(kind: str, status: int, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "file"
    response = get(kind, Request("GET", site.url(f"/{status}"), sink=path, sink_any_status=True))
    assert (response.content, path.read_bytes()) == (b"", PAGE)


@both
def test_a_head_leaves_the_file_alone(kind: str, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"what was there")
    for any_status in (False, True):
        assert get(kind, Request("HEAD", site.url("/200"), sink=path, sink_any_status=any_status)).status == 200
        assert path.read_bytes() == b"what was there"


@both
def test_an_error_page_is_bounded_as_what_is_in_memory_is(kind: str, site: Site, tmp_path: Path) -> None:
    fits, too_long = len(PAGE), len(PAGE) - 1
    for max_content, error in ((fits, type(None)), (too_long, httpconn.ContentTooLong)):
        for options, own in (({"max_content": max_content}, None), ({}, max_content)):
            request = Request("GET", site.url("/404"), sink=tmp_path / "file", max_content=own)
            assert type(get(kind, request, **options).error) is error
    assert get(kind, Request("GET", site.url("/200"), sink=tmp_path / "file"), max_content=too_long).error is None


@both
@pytest.mark.parametrize("path", ["/moved", "/once"])
def test_what_comes_before_the_result_is_not_in_the_file(kind: str, path: str, site: Site, tmp_path: Path) -> None:
    response = get(kind, Request("GET", site.url(path), sink=tmp_path / "file"), retry=Retry(1, backoff_s=0))
    assert (response.status, response.content, (tmp_path / "file").read_bytes()) == (200, b"", PAGE)


@both
@pytest.mark.parametrize("fault", ["cut", "cut-in-chunk", "reset-in-body", "bad-chunk", "cut-gzip", "silent-in-body"])
def test_what_is_not_whole_leaves_the_file_alone(kind: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"what was there")
    with FaultyServer() as server:
        response = get(kind, Request("GET", server.url(f"/{fault}/1"), sink=path), timeout=Timeout(read=0.3))
    assert response.error is not None
    assert path.read_bytes() == b"what was there"
    assert os.listdir(tmp_path) == ["file"]


@both
def test_what_is_cut_is_counted(kind: str, tmp_path: Path) -> None:
    """As far as it went into the sink; it is not in memory."""
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b"0123456"
    for sink in (tmp_path / "file", io.BytesIO()):
        with ScriptedServer(replying(wire)) as server:
            error: Any = get(kind, Request("GET", f"http://127.0.0.1:{server.port}/", sink=sink)).error
        assert isinstance(error, IncompleteRead)
        assert str(error).startswith("IncompleteSink(7 bytes read, 33 more expected)")
        assert (error.written, error.expected, error.partial) == (7, 33, b"")


@both
@pytest.mark.parametrize("mode", [None, 0o600, 0o755, 0o4644])
def test_the_mode_is_what_open_would_have_left(kind: str, mode: int | None, site: Site, tmp_path: Path) -> None:
    path, twin = tmp_path / "file", tmp_path / "twin"
    before = os.umask(0o027)
    try:
        for made in (path, twin):
            if mode is not None:
                made.touch()
                made.chmod(mode)
        twin.write_bytes(PAGE)
        get(kind, Request("GET", site.url("/200"), sink=path))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) & 0o777 == stat.S_IMODE(twin.stat().st_mode) & 0o777
    assert stat.S_IMODE(path.stat().st_mode) == (0o640 if mode is None else mode & 0o777)


@both
def test_the_target_of_a_link_is_written_in_place(kind: str, site: Site, tmp_path: Path) -> None:
    target, link, dangling = tmp_path / "target", tmp_path / "link", tmp_path / "dangling"
    target.write_bytes(b"what was there, and longer than what comes" * 20)
    number = target.stat().st_ino
    link.symlink_to("target")
    dangling.symlink_to("made")
    for sink in (link, dangling):
        assert get(kind, Request("GET", site.url("/404"), sink=sink)).content == PAGE
    assert target.read_bytes().startswith(b"what was there")
    for sink in (link, dangling):
        assert get(kind, Request("GET", site.url("/200"), sink=sink)).error is None
        assert sink.is_symlink()
    assert (target.read_bytes(), target.stat().st_ino) == (PAGE, number)
    assert sorted(os.listdir(tmp_path)) == ["dangling", "link", "made", "target"]


@both
def test_devices_and_fifos_are_written_in_place(kind: str, site: Site, tmp_path: Path) -> None:
    assert get(kind, Request("GET", site.url("/200"), sink=os.devnull)).error is None
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    assert get(kind, Request("GET", site.url("/200"), sink=fifo)).error is None
    reader.join(10)
    assert got == [PAGE]
    assert os.listdir(tmp_path) == ["fifo"]


@both
def test_a_place_that_is_none_is_told_before_any_traffic(kind: str, site: Site, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("no/where")
    for sink, error in (
        (tmp_path / "no" / "where", FileNotFoundError),
        (tmp_path / "link", FileNotFoundError),
        (tmp_path / "folder", IsADirectoryError),
        (tmp_path / "file" / "in it", NotADirectoryError),
        ("a\0b", ValueError),
    ):
        assert isinstance(get(kind, Request("GET", site.url("/200"), sink=sink)).error, error)
    if os.geteuid():
        (tmp_path / "file").chmod(0o400)
        assert isinstance(get(kind, Request("GET", site.url("/200"), sink=tmp_path / "file")).error, PermissionError)
    assert (site.seen, site.connections) == ([], 0)
    assert "folder" in os.listdir(tmp_path)


@both
def test_long_names_and_names_in_bytes(kind: str, site: Site, tmp_path: Path) -> None:
    for name in ("é" * 127, "x" * 255):
        path = os.fsencode(tmp_path / name)
        assert get(kind, Request("GET", site.url("/200"), sink=path)).error is None
        assert Path(os.fsdecode(path)).read_bytes() == PAGE


@both
def test_a_file_that_cannot_be_stored(kind: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full, seen while writing, while closing, or while renaming."""
    path = tmp_path / "file"
    path.write_bytes(b"what was there")

    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "no space")

    class FullAtLast(io.FileIO):
        def close(self) -> None:
            if not self.closed:
                super().close()
                raise OSError(errno.ENOSPC, "no space")

    def replace(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space")

    for name, what in (
        ("httpconn._exchange.sink.open", lambda path, mode, **_: Full(path, mode)),
        ("httpconn._exchange.sink.open", lambda path, mode, **_: FullAtLast(path, mode)),
        ("httpconn._exchange.sink.os.replace", replace),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(name, what, raising=False)
            error: Any = get(kind, Request("GET", site.url("/200"), sink=path)).error
        assert error.errno == errno.ENOSPC
        assert path.read_bytes() == b"what was there"
        assert os.listdir(tmp_path) == ["file"]


def test_two_requests_with_one_path(fetch_many: FetchMany, tmp_path: Path) -> None:
    """Each has its own temporary file: what is there in the end is one of them, whole."""
    path = tmp_path / "file"
    with FaultyServer() as server:
        requests = [Request("GET", server.url(f"/drip/{number}"), sink=path) for number in range(8)]
        assert [response.error for response in fetch_many(requests, per_host=8)] == [None] * 8
    assert path.read_bytes() in {content_of(f"/drip/{number}") for number in range(8)}
    assert os.listdir(tmp_path) == ["file"]


KILLED = """
import sys, httpconn
httpconn.fetch_many([httpconn.Request("GET", sys.argv[1], sink="file")]).__next__()
"""


def test_a_killed_fetcher_leaves_the_temporary_file_at_worst(tmp_path: Path) -> None:
    has_sent, done = threading.Event(), threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"A" * 1000)
        has_sent.set()
        done.wait(20)

    (tmp_path / "file").write_bytes(b"what was there")
    with ScriptedServer(serve) as server:
        environment = {**os.environ, "PYTHONPATH": str(Path(httpconn.__file__).parent.parent)}
        arguments = [sys.executable, "-c", KILLED, f"http://127.0.0.1:{server.port}/"]
        with subprocess.Popen(arguments, cwd=tmp_path, env=environment) as fetching:
            assert has_sent.wait(20)
            until = time.monotonic() + 20
            while not any(file.stat().st_size == 1000 for file in tmp_path.glob("file.*.part")):
                assert time.monotonic() < until
                time.sleep(0.01)
            fetching.send_signal(signal.SIGKILL)
        done.set()
    assert (tmp_path / "file").read_bytes() == b"what was there"
    (left,) = tmp_path.glob("file.????????.part")
    assert left.read_bytes() == b"A" * 1000


def test_a_fetcher_that_is_closed_leaves_nothing(new_fetcher: Maker, tmp_path: Path) -> None:
    with FaultyServer() as server, new_fetcher() as fetcher:
        fetcher.feed([Request("GET", server.url("/silent-in-body/1"), sink=tmp_path / "file"), server.url("/drip/2")])
        assert next(fetcher).url.endswith("/drip/2")
    assert os.listdir(tmp_path) == []


def test_a_dropped_stream_leaves_no_file(tmp_path: Path) -> None:
    with FaultyServer() as server, ConnectionPool(max_connections=1) as pool:
        response = pool.request("GET", server.url("/drip/1"), stream=True, sink=tmp_path / "file")
        assert [name[:5] for name in os.listdir(tmp_path)] == ["file."]
        del response
        gc.collect()
        assert os.listdir(tmp_path) == []
        assert pool.get(server.url("/good/1"), sink=tmp_path / "file").error is None
        gc.collect()
        assert os.listdir(tmp_path) == ["file"]


def test_a_stream_fills_the_sink_while_it_is_read(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with ConnectionPool() as pool, FaultyServer() as server:
        with pool.request("GET", site.url("/200"), stream=True, sink=path) as response:
            assert list(response.iter_bytes()) == []
            assert path.read_bytes() == PAGE
        with pool.request("GET", site.url("/404"), stream=True, sink=path) as response:
            assert response.content == PAGE
        with pool.request("GET", server.url("/drip/1"), stream=True, sink=path):
            pass  # not read: it is not whole
        with pool.request("GET", server.url("/cut/1"), stream=True, sink=path) as response:
            with pytest.raises(httpconn.IncompleteSink):
                list(response.iter_bytes())
    assert path.read_bytes() == PAGE
    assert os.listdir(tmp_path) == ["file"]


# -- a file object ---------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("status", [200, 206, 404, 503])
def test_a_file_object_gets_every_result(kind: str, status: int, site: Site) -> None:
    file = io.BytesIO(b"before")
    file.seek(6)
    response = get(kind, Request("GET", site.url(f"/{status}"), sink=file))
    assert (response.content, file.getvalue()) == (b"", b"before" + PAGE)
    assert not file.closed


@both
def test_a_pipe_that_does_not_block_is_waited_for(kind: str, tmp_path: Path) -> None:
    size = 1_000_000
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    content = os.urandom(size)
    got = bytearray()
    for buffering in (0, 8192):
        got.clear()
        reading, writing = os.pipe()
        os.set_blocking(writing, False)

        def drain(descriptor: int = reading) -> None:
            with open(descriptor, "rb", buffering=0) as file:
                while part := file.read(10_000):
                    got.extend(part)
                    time.sleep(0.0005)

        reader = threading.Thread(target=drain)
        with ScriptedServer(replying(wire + content)) as server:
            with open(writing, "wb", buffering=buffering) as sink:
                reader.start()
                response = get(kind, Request("GET", f"http://127.0.0.1:{server.port}/", sink=sink))
                os.set_blocking(writing, True)  # for the flush of the buffer, when it is closed
        reader.join(20)
        assert response.error is None
        assert bytes(got) == content


@both
@pytest.mark.slow
def test_a_pipe_that_nobody_reads(kind: str) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with FaultyServer() as server, open(reading, "rb"), open(writing, "wb", buffering=0) as sink:
        requests = [Request("GET", server.url(f"/good/{number}"), sink=sink) for number in range(12)]
        responses = [get(kind, request, timeout=Timeout(read=0.2)) for request in requests]
    assert isinstance(responses[-1].error, httpconn.SinkTimeout)
    assert str(responses[-1].error).startswith("the sink took nothing for 0.2 s (Timeout.read)")


class Raw(io.RawIOBase):
    """Takes what *takes* says, and has no descriptor."""

    def __init__(self, *takes: int | None) -> None:
        self.takes, self.got = list(takes), b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        take = self.takes.pop(0) if self.takes else len(data)
        self.got += bytes(data[: max(take or 0, 0)])
        return take if take is None else min(take, len(data))


class Duck:
    """No file, but something with ``write``."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.got = answer, b""

    def write(self, data: Any) -> Any:
        self.got += bytes(data)
        return self.answer


@both
@pytest.mark.parametrize(
    ("takes", "error"),
    [((7, 1, 100), None), ((7, 0), "took 0 of"), ((7, -1), "took -1 of"), ((7, None), "took nothing")],
)
def test_what_a_raw_file_takes(kind: str, takes: tuple[int | None, ...], error: str | None, site: Site) -> None:
    raw = Raw(*takes)
    response = get(kind, Request("GET", site.url("/200"), sink=raw))
    if error is None:
        assert (response.error, raw.got) == (None, PAGE)
    else:
        assert isinstance(response.error, OSError)
        assert error in str(response.error)
        assert raw.got == PAGE[:7]


@both
@pytest.mark.parametrize("answer", [None, True, "all", 10**9])
def test_whoever_is_no_raw_file_has_taken_all(kind: str, answer: Any, site: Site) -> None:
    duck = Duck(answer)
    assert get(kind, Request("GET", site.url("/200"), sink=duck)).error is None
    assert duck.got == PAGE


def test_the_child_of_a_fork_leaves_the_temporary_file(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "file", None)
    sink.write(b"content")
    child = os.fork()
    if not child:
        sink.abandon()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    sink.commit()
    assert (tmp_path / "file").read_bytes() == b"content"


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234"


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_no_retry_appends_to_a_file_object(kind: str, tmp_path: Path) -> None:
    """What was written cannot be taken back; a path is opened anew."""
    retry = Retry(1, errors=(IncompleteRead,), backoff_s=0)

    def get(url: str, sink: Any) -> BaseException | None:
        if kind == "fetcher":
            (response,) = fetch_many([Request("GET", url, sink=sink)], retry=retry)
            return response.error
        with ConnectionPool(retry=retry) as pool:
            try:
                pool.get(url, sink=sink)
            except IncompleteRead as error:
                return error
        return None

    file = io.BytesIO()
    with Logged(lambda number: CUT if number == 0 else None) as server:
        assert isinstance(get(server.url("/good/1"), file), IncompleteRead)
    assert file.getvalue() == b"01234"
    path = tmp_path / "sink"
    with Logged(lambda number: CUT if number == 0 else None) as server:
        assert get(server.url("/good/1"), path) is None
    assert path.read_bytes() == content_of("/good/1")


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_an_empty_result_empties_the_file(kind: str, tmp_path: Path) -> None:
    """A redirect that cannot be followed is the result, and its content goes where a result's goes."""
    path = tmp_path / "sink"
    path.write_bytes(b"OLD")

    def body() -> Iterator[bytes]:
        yield b"once"

    moved = b"HTTP/1.1 307 Moved\r\nLocation: /good/2\r\nContent-Length: 0\r\n\r\n"
    with Logged(lambda number: moved) as server:
        request = Request("POST", server.url("/good/1"), body=body(), sink=path, sink_any_status=True)
        if kind == "fetcher":
            (response,) = fetch_many([request])
        else:
            with ConnectionPool() as pool:
                response = pool.send(request)
        assert response.status == 307
    assert path.read_bytes() == b""


FULL = Path("/dev/full")


on_linux = pytest.mark.skipif(not FULL.exists(), reason="a disk that is full, which Linux has as a file")


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="no fork, no SIGALRM")


@on_linux
def test_a_disk_that_is_full(new_pool: Maker, new_fetcher: Maker, server: FaultyServer) -> None:
    with new_fetcher() as fetcher:
        fetcher.feed([Request("GET", server.url("/good/full"), sink=FULL), server.url("/good/other")])
        results = {response.index: response for response in fetcher}
        assert results[1].content == content_of("/good/other")
        assert isinstance(results[0].error, OSError)
        assert results[0].error.errno == errno.ENOSPC
    with new_pool(max_connections=1, timeout=Timeout(pool=2)) as pool:
        with pytest.raises(OSError) as kept:
            pool.get(server.url("/good/full"), sink=FULL)
        assert kept.value.errno == errno.ENOSPC
        assert pool.get(server.url("/good/other")).status == 200


@pytest.mark.parametrize("kind", ["pool", "fetcher", "async"])
def test_a_sink_that_fails_when_it_is_closed(
    kind: str, server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As files on a network do: the error is the result's, and the place of the connection is free."""

    class Failing(io.FileIO):
        def close(self) -> None:
            was_closed = self.closed
            super().close()
            if not was_closed:
                raise OSError(errno.EIO, "not stored")

    monkeypatch.setattr("httpconn._exchange.sink.open", lambda path, mode, **_: Failing(path, mode), raising=False)
    request = Request("GET", server.url("/good/1"), sink=tmp_path / "sink")
    if kind == "fetcher":
        (response,) = fetch_many([request])
        assert isinstance(response.error, OSError)
        assert response.error.errno == errno.EIO
        return
    with ConnectionPool(max_connections=1, timeout=Timeout(pool=2)) as pool:
        with pytest.raises(OSError, match="not stored"):
            pool.get(request.url, sink=request.sink)
        assert pool.get(server.url("/good/2")).status == 200


def test_a_sink_that_takes_less_at_once(new_pool: Maker, server: FaultyServer) -> None:
    """As raw files do."""

    class Raw(io.RawIOBase):
        def __init__(self, most: int) -> None:
            self.most, self.got = most, b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.got += bytes(data[: self.most])
            return len(data[: self.most])

    raw, full = Raw(7), Raw(0)
    with new_pool() as pool:
        pool.get(server.url("/good/1"), sink=raw)
        assert raw.got == content_of("/good/1")
        with pytest.raises(OSError, match="the sink took 0 of"):
            pool.get(server.url("/good/1"), sink=full)


@posix_only
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other threads are running
def test_a_fork_writes_no_sink_a_second_time(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def serve(sock: socket.socket) -> None:
        take_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"A" * 1000)
        goes_on.wait(10)
        sock.sendall(b"B" * 1000)

    path = tmp_path / "sink"
    with ScriptedServer(serve) as slow:
        fetcher = Fetcher()
        fetcher.add(Request("GET", f"http://127.0.0.1:{slow.port}/", sink=path))

        def until_half() -> Iterator[None]:
            while not list(tmp_path.iterdir()):
                yield None
            for _ in range(20):  # and the first half has come
                yield None
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)
            goes_on.set()

        fetcher.feed(until_half())
        (response,) = fetcher
    assert response.error is None
    assert path.read_bytes() == b"A" * 1000 + b"B" * 1000


@each_kind
@pytest.mark.parametrize("is_hidden", [False, True])
def test_a_sink_that_has_to_be_awaited_is_none(kind: str, is_hidden: bool, site: Site) -> None:
    """As those of aiofiles and trio: told before any traffic, or where only its answer shows it, instead of the page."""

    class Awaited:
        async def write(self, part: bytes) -> int:
            raise AssertionError

    class Hidden:
        def write(self, part: bytes) -> Any:
            return Awaited().write(part)

    if kind in ("stream", "astream"):
        pytest.skip("what is streamed has no sink")
    response = get(kind, Request("GET", site.url("/200"), sink=Hidden() if is_hidden else Awaited()))
    assert isinstance(response.error, TypeError)
    assert "has to be awaited" in str(response.error)
    assert len(site.seen) == is_hidden
