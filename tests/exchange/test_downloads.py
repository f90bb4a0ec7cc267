"""``download`` of pool and client: what is asked for and what becomes of the file, whatever the server does about ranges."""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from httpconn import AsyncClient, ConnectionPool, IncompleteRead, Response, Retry, StatusError, Timeout

from ..support.faulty import Exchange
from ..support.proxy_servers import running
from ..support.sites import Site

CONTENT = b"".join(b"line %d of a file\n" % number for number in range(4_000))
OTHER = CONTENT.upper()
HALF = len(CONTENT) // 2
KINDS = pytest.mark.parametrize("kind", ["pool", "async"])


def download(kind: str, url: str, path: Any, **options: Any) -> Response:
    pool_options = {name: options.pop(name) for name in ("retry_of_pool", "headers_of_pool") if name in options}
    made: dict[str, Any] = {name.removesuffix("_of_pool"): value for name, value in pool_options.items()}
    if kind == "pool":
        with ConnectionPool(**made) as pool:
            return pool.download(url, path, **options)

    async def main() -> Response:
        async with AsyncClient(**made) as client:
            return await client.download(url, path, **options)

    return asyncio.run(main())


class Files(Site):
    """Serves ``content`` as a good server does, but for what it is told to do otherwise."""

    def __init__(self, content: bytes = CONTENT, **tags: str) -> None:
        super().__init__()
        self.content = content
        self.tags = {"ETag": '"one"', **{name.replace("_", "-"): value for name, value in tags.items()}}
        self.takes_ranges = True
        self.minds_if_range = True
        self.cuts: list[int] = []
        """After how many bytes of an answer's content the connection is closed, for the first answers."""
        self.most = 1 << 30
        self.statuses: list[int] = []

    async def answer(self, exchange: Exchange) -> None:
        fields = self.fields(-1)
        status, first, last, more = 200, 0, len(self.content), dict(self.tags)
        found = re.fullmatch(r"bytes=(\d+)-", fields.get("range", ""))
        is_same = fields.get("if-range") in (None, self.tags.get("ETag"), self.tags.get("Last-Modified"))
        if found and self.takes_ranges and (is_same or not self.minds_if_range):
            first, last = int(found[1]), min(last, int(found[1]) + self.most)
            status = 206 if first < len(self.content) else 416
            more["Content-Range"] = f"bytes {first}-{last - 1}/{len(self.content)}"
            if status == 416:
                more["Content-Range"] = f"bytes */{len(self.content)}"
        body = self.content[first:last] if status != 416 else b"no such range"
        lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in more.items())]
        self.statuses.append(status)
        cut = self.cuts.pop(0) if self.cuts else None
        await exchange.send("\r\n".join((*lines, "", "")).encode() + body[:cut])
        if cut is not None:
            exchange.end()


def begun(kind: str, site: Files, path: Path, at: int = HALF) -> None:
    """Have a download break off behind *at* bytes."""
    site.cuts = [at]
    with pytest.raises(IncompleteRead):
        download(kind, site.url("/file"), path)
    assert not path.exists()


def left(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


@KINDS
def test_the_whole_of_it(in_use, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    told: list[tuple[int, int | None]] = []
    with Files() as site:
        response = download(kind, site.url("/file"), path, progress=lambda *now: told.append(now), headers={"X": "y"})
        assert site.fields(0)["accept-encoding"] == "identity"
        assert site.fields(0)["x"] == "y"
        assert "range" not in site.fields(0)
    assert (response.status, response.content) == (200, b"")
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o640
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert left(path) == ["file"]


@KINDS
@pytest.mark.parametrize("tags", [{}, {"ETag": "", "Last_Modified": "old"}], ids=["by ETag", "by date"])
def test_the_rest_of_it(in_use, kind: str, tags: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "file"
    told: list[int] = []
    with Files() as site:
        if tags:
            del site.tags["ETag"]
            site.tags |= {
                "Last-Modified": email.utils.formatdate(1e9, usegmt=True),
                "Date": email.utils.formatdate(usegmt=True),
            }
        begun(kind, site, path)
        assert left(path) == ["file.download.json", "file.download.part"]
        assert (tmp_path / "file.download.part").read_bytes() == CONTENT[:HALF]
        response = download(kind, site.url("/file"), path, progress=lambda at, total: told.append(at))
        assert site.fields(1)["range"] == f"bytes={HALF}-"
        assert site.fields(1)["if-range"] == (site.tags["Last-Modified"] if tags else '"one"')
        assert site.fields(1)["accept-encoding"] == "identity"
    assert response.status == 206
    assert path.read_bytes() == CONTENT
    assert told[0] == HALF
    assert left(path) == ["file"]


@KINDS
@pytest.mark.parametrize("what", ["ignores ranges", "has another file", "has one and passes over If-Range", "has less"])
def test_all_of_it_again(kind: str, what: str, tmp_path: Path) -> None:
    """Never a file of two halves."""
    path = tmp_path / "file"
    told: list[int] = []
    with Files() as site:
        begun(kind, site, path)
        expected = CONTENT if what == "ignores ranges" else OTHER
        site.content = expected
        if what == "ignores ranges":
            site.takes_ranges = False
        elif what == "has another file":
            site.tags["ETag"] = '"two"'
        else:
            site.tags["ETag"] = '"two"'
            site.minds_if_range = False
            if what == "has less":
                site.content = expected = OTHER[: HALF - 100]
        response = download(kind, site.url("/file"), path, progress=lambda at, total: told.append(at))
        assert site.statuses[1:] == {"has one and passes over If-Range": [206, 200], "has less": [416, 200]}.get(
            what, [200]
        )
    assert response.status == 200
    assert path.read_bytes() == expected
    assert told[0] == 0
    assert left(path) == ["file"]


@KINDS
def test_416_for_a_whole_file(kind: str, tmp_path: Path) -> None:
    """As with wget, that is success; a file that only has the same length is not the same."""
    path = tmp_path / "file"
    for tag, expected in (('"one"', CONTENT), ('"two"', OTHER)):
        with Files() as site:
            begun(kind, site, path)
            (tmp_path / "file.download.part").write_bytes(CONTENT)
            site.content, site.tags["ETag"], site.minds_if_range = expected, tag, False
            download(kind, site.url("/file"), path)
            assert site.statuses[1:] == ([416] if expected is CONTENT else [416, 200])
        assert path.read_bytes() == expected
        assert left(path) == ["file"]
        path.unlink()


@KINDS
def test_parts_that_are_smaller_than_asked_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Files() as site:
        begun(kind, site, path)
        site.most = 10_000
        download(kind, site.url("/file"), path)
        assert site.statuses[1:] == [206] * -(-(len(CONTENT) - HALF) // 10_000)
    assert path.read_bytes() == CONTENT


@KINDS
@pytest.mark.parametrize(
    "tags",
    [
        {"ETag": 'W/"one"'},
        {"ETag": "one"},
        {"ETag": 'W/"one"', "Last-Modified": email.utils.formatdate(1e9), "Date": email.utils.formatdate(2e9)},
        {"Last-Modified": email.utils.formatdate(1e9, usegmt=True)},
        {"Last-Modified": email.utils.formatdate(1e9, usegmt=True), "Date": email.utils.formatdate(1e9, usegmt=True)},
        {"ETag": '"one"', "Content-Encoding": "br2"},
    ],
)
def test_what_cannot_be_gone_on_with_is_not_kept(kind: str, tags: dict[str, str], tmp_path: Path) -> None:
    """No validator, a weak one, a date that may be of this very second, or bytes that are not those of ranges."""
    path = tmp_path / "file"
    with Files() as site:
        site.tags = tags
        begun(kind, site, path)
        assert left(path) == []
        download(kind, site.url("/file"), path)
        assert "range" not in site.fields(1)
    assert path.read_bytes() == CONTENT


@KINDS
def test_without_resume(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Files() as site:
        begun(kind, site, path)
        site.cuts = [HALF]
        with pytest.raises(IncompleteRead):
            download(kind, site.url("/file"), path, resume=False)
        assert left(path) == []
        assert "range" not in site.fields(1)


@KINDS
def test_another_url_begins_anew(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with Files() as site:
        begun(kind, site, path)
        download(kind, site.url("/file?2"), path)
        assert "range" not in site.fields(1)
        begun(kind, site, tmp_path / "second")
        (tmp_path / "second.download.json").write_text("[1, ")
        download(kind, site.url("/file"), tmp_path / "second")
        assert "range" not in site.fields(-1)
    assert path.read_bytes() == (tmp_path / "second").read_bytes() == CONTENT


@KINDS
@pytest.mark.parametrize("where", ["request", "pool"])
def test_a_retry_goes_on(kind: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    retry = {"retry" if where == "request" else "retry_of_pool": Retry(2, backoff_s=0.0)}
    with Files() as site:
        site.cuts = [10_000, 20_000]
        assert download(kind, site.url("/file"), path, **retry).status == 206
        assert site.statuses == [200, 206, 206]
        assert site.fields(2)["range"] == "bytes=30000-"
        assert path.read_bytes() == CONTENT
        path.unlink()
        site.cuts = [10_000, 10_000, 10_000]
        with pytest.raises(IncompleteRead):
            download(kind, site.url("/file"), path, **retry)
        assert (tmp_path / "file.download.part").stat().st_size == 30_000


@KINDS
def test_an_answer_that_is_no_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with Site({"/x": (404, {}, b"there is none" * 10_000), "/y": (204, {}, b""), "/z": (206, {}, b"part")}) as site:
        for target, status in (("/x", 404), ("/y", 204), ("/z", 206)):
            with pytest.raises(StatusError, match=f"^{status} ") as caught:
                download(kind, site.url(target), path)
            assert isinstance(caught.value.response, Response)
            if status == 404:
                assert caught.value.response.content.startswith(b"there is none")
                assert len(caught.value.response.content) <= 65_536
    assert path.read_bytes() == b"old"
    assert left(path) == ["file"]
    with Files() as served:
        begun(kind, served, tmp_path / "new")
        served.routes = {}
        served.answer = Site.answer.__get__(served)  # type: ignore[method-assign]
        with pytest.raises(StatusError):
            download(kind, served.url("/file"), tmp_path / "new")
    assert (tmp_path / "new.download.part").stat().st_size == HALF, "it may be there again tomorrow"


@KINDS
def test_what_is_refused_before_any_traffic(kind: str, tmp_path: Path) -> None:
    with Files() as site:
        url = site.url("/file")
        for options in ({"sink": "x"}, {"headers": {"range": "bytes=0-"}}, {"headers": [("If-Range", '"x"')]}):
            with pytest.raises(ValueError, match="neither sink nor Range"):
                download(kind, url, tmp_path / "file", **options)
        with pytest.raises(TypeError, match="progress"):
            download(kind, url, tmp_path / "file", progress=1)
        for path, error in ((tmp_path, IsADirectoryError), (tmp_path / "no" / "file", FileNotFoundError)):
            with pytest.raises(error):
                download(kind, url, path)
        if hasattr(os, "mkfifo"):
            os.mkfifo(tmp_path / "fifo")
            with pytest.raises(ValueError, match="path of a file"):
                download(kind, url, tmp_path / "fifo")
        assert not site.seen


@KINDS
def test_a_symbolic_link_stays_one(kind: str, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with Files() as site:
        download(kind, site.url("/file"), tmp_path / "link")
    assert (tmp_path / "real").read_bytes() == CONTENT
    assert (tmp_path / "link").is_symlink()


@KINDS
def test_two_at_once(kind: str, tmp_path: Path) -> None:
    """The second one is told so, and takes nothing from the first."""
    fcntl = pytest.importorskip("fcntl")
    with Files() as site, open(tmp_path / "file.download.part", "ab") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        part.write(b"of the other one")
        part.flush()
        with pytest.raises(BlockingIOError):
            download(kind, site.url("/file"), tmp_path / "file")
        assert (tmp_path / "file.download.part").read_bytes() == b"of the other one"


@KINDS
def test_a_bar(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tqdm = pytest.importorskip("tqdm")
    monkeypatch.setattr(tqdm.tqdm, "monitor_interval", 0)  # which would be a thread that stays
    with Files() as site:
        begun(kind, site, tmp_path / "file")
        with open(os.devnull, "w") as nowhere, tqdm.tqdm(unit="B", file=nowhere) as bar:
            download(kind, site.url("/file"), tmp_path / "file", progress=bar)
            assert (bar.n, bar.total) == (len(CONTENT), len(CONTENT))


@KINDS
def test_a_timeout_of_its_own_counts(kind: str, tmp_path: Path) -> None:
    """The pool's total does not: a large file takes its time."""
    seen: list[Any] = []

    def note(request: Any) -> None:
        seen.append(Timeout.of(request.timeout))

    hooks: dict[str, Any] = {"before_request": note}
    with Files() as site:
        url = site.url("/file")
        with ConnectionPool(timeout=7, **hooks) as pool:
            pool.download(url, tmp_path / "file")
            pool.download(url, tmp_path / "file", timeout=5)
    assert seen == [Timeout(7, total=None), Timeout(5)]


def test_cancelled_while_it_is_written(tmp_path: Path) -> None:
    """The part stays as far as it came, and nothing is open any more."""

    class Stalling(Files):
        async def answer(self, exchange: Exchange) -> None:
            head = f'HTTP/1.1 200 OK\r\nETag: "one"\r\nContent-Length: {len(CONTENT)}\r\n\r\n'
            await exchange.send(head.encode() + CONTENT[:HALF])
            await asyncio.sleep(30)

    async def main() -> None:
        async with AsyncClient() as client:
            halfway = asyncio.Event()
            task = asyncio.create_task(
                client.download(site.url("/file"), tmp_path / "file", progress=lambda at, _: at and halfway.set())
            )
            await asyncio.wait_for(halfway.wait(), 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with Stalling() as site:
        asyncio.run(main())
    part = (tmp_path / "file.download.part").read_bytes()
    assert 0 < len(part) <= HALF
    assert part == CONTENT[: len(part)]
    assert json.loads((tmp_path / "file.download.json").read_text())["etag"] == '"one"'


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """Return what gives nginx a file to serve, and its URL."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path / "nginx"
    (folder / "www").mkdir(parents=True)
    for one in (folder / "www", folder, *folder.parents[:3]):
        one.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    user = "user root; " if os.geteuid() == 0 else ""
    temporary = "".join(f"{n}_temp_path {folder}/{n}; " for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder}/pid; error_log stderr; worker_processes 1; events {{}}\n"
        f"http {{ log_format told '$status $http_range $sent_http_content_range'; access_log {folder}/log told; "
        f"gzip on; gzip_min_length 1; gzip_types *; {temporary}\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}\n"
    )

    def serve(content: bytes) -> str:
        (folder / "www" / "file").write_bytes(content)
        return f"http://127.0.0.1:{port}/file"

    with running(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], port, folder):
        yield serve


@KINDS
def test_from_nginx(kind: str, nginx: Callable[[bytes], str], tmp_path: Path) -> None:
    """Gone on with, whole already, and changed meanwhile, by the log of the other side."""
    path = tmp_path / "file"
    part = tmp_path / "file.download.part"
    url = nginx(CONTENT)

    def cut(at: int) -> None:
        """Have a part of so many bytes, as a process leaves it that is killed."""

        def stop(now: int, total: int | None) -> None:
            if now:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            download(kind, url, path, progress=stop, resume=True)
        part.write_bytes(CONTENT[:at])

    cut(HALF)
    assert download(kind, url, path).status == 206
    assert path.read_bytes() == CONTENT
    cut(len(CONTENT))
    download(kind, url, path)
    assert path.read_bytes() == CONTENT
    cut(HALF)
    nginx(OTHER + b"more")
    assert download(kind, url, path).status == 200
    assert path.read_bytes() == OTHER + b"more"
    assert left(path) == ["file", "nginx"]
    total = len(CONTENT)
    assert (tmp_path / "nginx" / "log").read_text().splitlines() == [
        "200 - -",
        f"206 bytes={HALF}- bytes {HALF}-{total - 1}/{total}",
        "200 - -",
        f"416 bytes={total}- bytes */{total}",
        "200 - -",
        f"200 bytes={HALF}- -",
    ]
