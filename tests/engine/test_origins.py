"""Servers that nobody here wrote, as origins: nginx, Apache and HAProxy, plain and where they close as they do."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import httpconn

from ..support.awaiting import AwaitedMany
from ..support.clients import FetchMany, Maker
from ..support.clients import either_fetch_many as either_fetch_many
from ..support.proxy_servers import free_port

FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin"
PAGES = 60

NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; {user}
events {{ worker_connections 512; }}
http {{
    access_log off; keepalive_requests 7; gzip on; gzip_min_length 1; gzip_types *; default_type text/plain;
    client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    limit_req_zone $uri zone=slow:1m rate=10r/s;
    server {{
        listen 127.0.0.1:{port}; root {root}; absolute_redirect off;
        location ~ ^/to/(\\d+)/(\\d+)$ {{ try_files /none @$1; }}
        location @301 {{ return 301 /page-1.txt; }}
        location @302 {{ return 302 ./../../page-2.txt?a; }}
        location @303 {{ return 303 ../../page-3.txt#part; }}
        location @307 {{ return 307 //127.0.0.1:{port}/page-4.txt; }}
        location @308 {{ return 308 $scheme://localhost:{port}/page-5.txt; }}
        location /folder {{ absolute_redirect on; }}
        location /slow/ {{
            limit_req zone=slow burst=4 nodelay; limit_req_status 429; add_header Retry-After 1 always;
            try_files /page-1.txt =404;
        }}
    }}
}}
"""

APACHE = """
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog {folder}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule deflate_module {modules}/mod_deflate.so
LoadModule filter_module {modules}/mod_filter.so
DocumentRoot {root}
MaxKeepAliveRequests 5
SetOutputFilter DEFLATE
{user}
<Directory {root}>
    Require all granted
</Directory>
"""

HAPROXY = """
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend front
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain lf-string "%[path]" if {{ path_beg /made }}
    http-request deny deny_status 429 if {{ path_beg /limited }}
    stick-table type string len 64 size 1k expire 1m store http_req_cnt
    http-request track-sc0 path if {{ path_beg /busy }}
    http-request return status 503 hdr Retry-After 1 if {{ path_beg /busy }} {{ sc_http_req_cnt(0) eq 1 }}
    http-request return status 200 if {{ path_beg /busy }}
    http-request redirect code 307 location /made/%[path,field(3,/)] if {{ path_beg /moved }}
    http-request silent-drop if {{ path_beg /dropped }}
    http-request reject if {{ path_beg /rejected }}
    default_backend back
backend back
    retries 0
    server none 127.0.0.1:1
"""


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[str]:
    with open(folder / "output", "w+b") as output, subprocess.Popen(command, stdout=output, stderr=output) as child:
        try:
            deadline = time.monotonic() + 40
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert child.poll() is None, (folder / "output").read_text()
                    assert time.monotonic() < deadline, (folder / "output").read_text()
                    time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    for parent in (folder, *folder.parents):  # the servers' workers may be somebody else
        if parent == Path(tempfile.gettempdir()) or parent.stat().st_uid != os.getuid():
            break
        parent.chmod(parent.stat().st_mode | 0o055)
    for number in range(PAGES):
        (folder / f"page-{number}.txt").write_bytes(page(number))
    return folder


def page(number: int) -> bytes:
    return b"page %d\n" % number * (1 + 300 * (number % 7))


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=FOLDERS)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


@pytest.fixture(params=["nginx", "apache2"])
def origin(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    server = program(request.param)
    modules = Path("/usr/lib/apache2/modules")
    if request.param == "apache2" and not modules.is_dir():
        pytest.skip("Apache's modules are not where Debian has them")
    is_root = Path("/proc/self").stat().st_uid == 0
    if request.param == "nginx":
        text = NGINX.format(port=port, root=root, user="user root;" if is_root else "")
        command = [server, "-p", str(tmp_path), "-c", str(tmp_path / "conf")]
    else:
        user = "User www-data\nGroup www-data" if is_root else ""
        text = APACHE.format(port=port, root=root, folder=tmp_path, modules=modules, user=user)
        command = [server, "-X", "-f", str(tmp_path / "conf")]
    (tmp_path / "conf").write_text(text)
    with running(command, port, tmp_path) as url:
        yield url


def test_pages(in_use, origin: str) -> None:
    """Each the right one, gzipped, over connections that the server closes after a few requests each."""
    urls = [f"{origin}/page-{number}.txt" for number in range(PAGES)] * 5
    for fetch_many in (httpconn.fetch_many, AwaitedMany):
        with fetch_many(urls, per_host=6) as responses:
            for response in responses:
                assert response.error is None, response.error
                assert response.content == page(response.index % PAGES)
    with httpconn.ConnectionPool() as pool:
        for number in range(PAGES):
            assert pool.get(urls[number]).content == page(number)
        assert pool.head(urls[0]).content == b""
        assert pool.get(f"{origin}/nothing").status == 404
        part = pool.get(urls[1], headers={"Range": "bytes=2-5", "Accept-Encoding": "identity"})
        assert (part.status, part.content) == (206, page(1)[2:6])
        unchanged = pool.get(urls[1], headers={"If-None-Match": part.headers["ETag"], "Accept-Encoding": "identity"})
        assert (unchanged.status, unchanged.content) == (304, b"")
        assert 1 < pool.stats.opened < PAGES


@pytest.mark.slow
def test_haproxy(fetch_many: FetchMany, in_use, tmp_path: Path) -> None:
    port = free_port()
    server = program("haproxy")
    (tmp_path / "conf").write_text(HAPROXY.format(port=port))
    kinds = ["made", "made", "made", "limited", "rejected", "no-backend"]
    with running([server, "-f", str(tmp_path / "conf"), "-db"], port, tmp_path) as url:
        urls = [f"{url}/{kinds[number % 6]}/{number}" for number in range(120)] + [f"{url}/dropped/120"]
        timeout = httpconn.Timeout(read=4)
        for response in fetch_many(urls, timeout=timeout):
            kind = response.url.split("/")[3]
            if kind == "made":
                assert response.content == response.url.removeprefix(url).encode()
            elif kind == "limited":
                assert response.status == 429
            elif kind == "no-backend":
                assert response.status == 503
            elif kind == "rejected":
                assert isinstance(response.error, ConnectionError)
            else:
                assert isinstance(response.error, (httpconn.ReadTimeout, ConnectionError))


@pytest.fixture
def nginx(root: Path, tmp_path: Path) -> Iterator[str]:
    (root / "folder").mkdir(exist_ok=True)
    (root / "folder" / "index.html").write_bytes(b"index")
    port = free_port()
    user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""
    (tmp_path / "conf").write_text(NGINX.format(port=port, root=root, user=user))
    with running([program("nginx"), "-p", str(tmp_path), "-c", str(tmp_path / "conf")], port, tmp_path) as url:
        yield url


def test_redirects_of_nginx(in_use, nginx: str) -> None:
    """Absolute ones and relative ones, over kept connections that it closes after a few requests."""
    expected = {301: 1, 302: 2, 303: 3, 307: 4, 308: 5}
    urls = [f"{nginx}/to/{status}/{number}" for number in range(20) for status in expected] + [f"{nginx}/folder"]
    with httpconn.ConnectionPool() as pool, AwaitedMany(urls, ordered=True) as awaited:
        responses = [*httpconn.fetch_many(urls, ordered=True), *(pool.get(url) for url in urls), *awaited]
    for response, url in zip(responses, urls * 3, strict=True):
        assert (response.status, response.error, len(response.history)) == (200, None, 1), response.error
        assert response.history[0].url == url
        if url.endswith("/folder"):
            assert (response.url, response.content) == (f"{nginx}/folder/", b"index")
        else:
            assert response.content == page(expected[response.history[0].status])


@pytest.mark.slow
def test_a_limit_of_nginx(fetch_many: FetchMany, nginx: str) -> None:
    """Its 429s with Retry-After are waited for; and at a rate that it allows it has none to send."""
    urls = [f"{nginx}/slow/1"] * 20
    with fetch_many(urls, retry=httpconn.Retry(20, backoff_s=0)) as responses:
        retried = [(response.status, response.content, response.attempts) for response in responses]
    assert {(status, content) for status, content, _ in retried} == {(200, page(1))}
    assert sum(attempts > 1 for _, _, attempts in retried) >= 5
    with fetch_many([f"{nginx}/slow/2"] * 20, delay_per_host=0.11) as responses:
        assert {(response.status, response.attempts) for response in responses} == {(200, 1)}


@pytest.mark.slow
def test_haproxy_busy_and_moved(new_pool: Maker, in_use, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "conf").write_text(HAPROXY.format(port=port))
    with running([program("haproxy"), "-f", str(tmp_path / "conf"), "-db"], port, tmp_path) as url:
        with new_pool(retry=httpconn.Retry(1, backoff_s=0)) as pool:
            response = pool.get(f"{url}/busy/pool")
            assert (response.status, response.attempts) == (200, 2)
            assert pool.get(f"{url}/moved/5").content == b"/made/5"
            with pytest.raises(httpconn.PoolClosed):
                pool.close()
                pool.get(f"{url}/moved/5")
        urls = [f"{url}/{kind}/{number}" for number in range(10) for kind in ("busy", "moved")]
        fetch_many = httpconn.fetch_many if isinstance(pool, httpconn.ConnectionPool) else AwaitedMany
        with fetch_many(urls, retry=httpconn.Retry(1, backoff_s=0), per_host=4) as responses:
            for response in responses:
                kind, number = response.url.split("/")[3:]
                assert response.status == 200
                if kind == "busy":
                    assert response.attempts == 2
                else:
                    assert response.content == f"/made/{number}".encode()
