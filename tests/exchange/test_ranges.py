"""Which codings are asked for: with a Range of the caller's, and by HEAD, none; and the part that comes is the content's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from httpconn import Request, Timeout

from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.sites import PAGE, Asker, Site

CONTENT = b"".join(b"line %d of a text that shrinks\n" % number for number in range(2_000))
KINDS = ("pool", "fetcher", "async")


def asked(kind: str, request: Request | str, **options) -> str | None:
    """Return the Accept-Encoding that the server gets."""
    with Site({"/": PAGE}) as site, Asker(kind, **options) as ask:
        url = f"http://127.0.0.1:{site.port}/"
        made = request.replaced(url=url) if isinstance(request, Request) else url
        assert ask(made).error is None
        return site.fields(0).get("accept-encoding")


RANGE = {"Range": "bytes=0-9"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_asked_for(in_use, kind: str) -> None:
    usual = asked(kind, "")
    assert "gzip" in str(usual)
    assert asked(kind, Request("GET", "", RANGE)) == "identity"
    assert asked(kind, Request("GET", "", {"rAnGe": "bytes=5-"})) == "identity"
    assert asked(kind, Request("GET", "", RANGE), headers={"X": "y"}) == "identity"
    assert asked(kind, Request("HEAD", "")) == "identity"
    assert asked(kind, "", headers=RANGE) == "identity"
    assert asked(kind, Request("GET", "", {"X": "y"})) == usual
    # By a hook, which speaks for the caller.
    assert asked(kind, "", before_request=lambda request: request.replaced(headers=RANGE)) == "identity"


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_caller_asks_for_stays(kind: str) -> None:
    own = {**RANGE, "accept-encoding": "gzip"}
    assert asked(kind, Request("GET", "", own)) == "gzip"
    assert asked(kind, Request("HEAD", "", {"Accept-Encoding": "gzip"})) == "gzip"
    assert asked(kind, Request("GET", "", RANGE), headers={"Accept-Encoding": "gzip"}) == "gzip"
    assert asked(kind, Request("HEAD", ""), headers={"Accept-Encoding": "gzip"}) == "gzip"
    assert asked(kind, "", headers=own) == "gzip"
    assert asked(kind, Request("GET", "", {**RANGE, "Accept-Encoding": None})) is None


def test_the_same_bytes_by_pool_and_fetcher() -> None:
    heads = []
    for kind in KINDS:
        with Site({"/": PAGE}) as site, Asker(kind) as ask:
            for method in ("GET", "HEAD"):
                ask(Request(method, f"http://127.0.0.1:{site.port}/", RANGE))
            heads.append([head.replace(b"%d" % site.port, b"PORT") for head in site.heads])
    assert heads[0] == heads[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def nginx(folder: Path, port: int) -> list[str]:
    user = "user root; " if os.geteuid() == 0 else ""  # who else may not read the test's folder
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder}/pid; error_log stderr; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; gzip on; gzip_min_length 1; gzip_types *; "
        + "".join(
            f"{name}_temp_path {folder}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def apache(folder: Path, port: int) -> list[str]:
    modules = next((path for path in ("/usr/lib/apache2/modules", "/usr/lib/httpd/modules") if os.path.isdir(path)), "")
    names = ("mpm_event", "authz_core", "filter", "deflate", "mime")
    (folder / "apache.conf").write_text(
        f"ServerName localhost\nServerRoot {folder}\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nErrorLog {folder}/log\n"
        + "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in names)
        + f"DocumentRoot {folder}/www\nTypesConfig /dev/null\nAddType text/plain .txt\nSetOutputFilter DEFLATE\n"
    )
    return ["apache2", "-X", "-f", str(folder / "apache.conf")]


def caddy(folder: Path, port: int) -> list[str]:
    (folder / "Caddyfile").write_text(
        "{\n admin off\n auto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n root * {folder}/www\n encode gzip\n file_server\n}}\n"
    )
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(params=[nginx, apache, caddy], ids=lambda made: made.__name__)
def coding_server(request, tmp_path: Path) -> Iterator[str]:
    """The URL of a text that a real server would code with gzip."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "text.txt").write_bytes(CONTENT)
    for folder in (tmp_path, *tmp_path.parents[:2], tmp_path / "www"):
        folder.chmod(0o755)
    port = free_port()
    command = request.param(tmp_path, port)
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
                break
            except ConnectionRefusedError:
                if process.poll() is not None:
                    pytest.skip(f"{command[0]} does not run here with such modules")
                assert time.monotonic() < until
                threading.Event().wait(0.05)
        yield f"http://127.0.0.1:{port}/text.txt"
    finally:
        process.terminate()
        process.wait(20)


def test_a_part_is_of_the_content(new_pool: Maker, fetch_many: FetchMany, coding_server: str) -> None:
    requests = [Request("GET", coding_server, {"Range": f"bytes={at}-{at + 99}"}) for at in (0, 1_000, 30_000)]
    timeout = Timeout(10)
    with new_pool(timeout=timeout) as pool:
        assert pool.get(coding_server).headers["Content-Encoding"] == "gzip", "it would not be a test"
        by_pool = [pool.send(request) for request in requests]
        assert int(pool.head(coding_server).headers["Content-Length"]) == len(CONTENT)
    by_fetcher = list(fetch_many(requests, ordered=True, timeout=timeout))
    for responses in (by_pool, by_fetcher):
        for at, response in zip((0, 1_000, 30_000), responses, strict=True):
            assert (response.status, response.content) == (206, CONTENT[at : at + 100])
