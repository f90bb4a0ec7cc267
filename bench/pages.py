"""What a page costs a crawler, by kind: CPU, memory for each host, bytes on disk. The figures of docs/scale.md.

    make bench-pages [ARGS="--pages 20000"]

A page is 40 KiB of words, which nginx has as gzip beforehand. *kept* is 64 connections to one host; *new hosts* is
one page from each of as many hosts as there are pages, by names that ``resolve=`` leads to nginx, each with a
connection of its own, and with TLS a full handshake. *lookup* is what the system's own lookup of a name in its table
takes. Each row is a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpconn
from bench.certificate import make_certificate
from bench.limits import raise_open_files
from bench.nginx import find_program
from bench.resident import resident_bytes
from bench.server import HOST
from httpconn import writers

PAGE_BYTES: Final = 40 << 10
ROWS: Final = {
    "kept": {},
    "kept, TLS": {"tls": True},
    "kept, no coding": {"plain": True},
    "new hosts": {"hosts": True},
    "new hosts, TLS": {"hosts": True, "tls": True},
    "new hosts, TLS, into a WARC": {"hosts": True, "tls": True, "warc": True},
    "lookup": {"lookup": True},
}
_CONFIGURATION: Final = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit; {user}
events {{ worker_connections 20000; }}
http {{
    access_log off; default_type text/html; sendfile on; tcp_nodelay on;
    keepalive_requests 1000000000; keepalive_timeout 5s;
    server {{
        listen {host}:{port}; listen {host}:{tls_port} ssl; root files; open_file_cache max=100; ssl_session_cache off;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        location /coded {{ add_header Content-Encoding gzip; }}
    }}
}}
"""


@contextmanager
def serving() -> Iterator[tuple[int, int]]:
    """nginx with the page; its port, and the one with TLS."""
    program = find_program()
    if program is None:
        raise SystemExit("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="httpconn-pages-") as name:
        folder = Path(name)
        (folder / "files").mkdir()
        draw = random.Random(1)
        words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(2_000)]
        drawn = draw.choices(words, weights=[1 / at for at in range(1, 2_001)], k=PAGE_BYTES)
        text = " ".join(drawn)[:PAGE_BYTES].encode()
        (folder / "files" / "coded").write_bytes(gzip.compress(text, 6))
        (folder / "files" / "plain").write_bytes(text)
        ports = []
        for _ in range(2):
            with socket.create_server((HOST, 0)) as free:
                ports.append(free.getsockname()[1])
        user = "user root;" if os.geteuid() == 0 else ""
        certificate, key = make_certificate(folder)
        told = {"host": HOST, "port": ports[0], "tls_port": ports[1], "user": user}
        configuration = _CONFIGURATION.format(**told, certificate=certificate, key=key)
        (folder / "nginx.conf").write_text(configuration)
        server = subprocess.Popen([program, "-p", name, "-c", "nginx.conf"])
        try:
            time.sleep(1)
            yield ports[0], ports[1]
        finally:
            server.terminate()
            server.wait(10)


def us_of_a_lookup(count: int) -> float:
    """Return the CPU of a lookup of a name that the system knows by itself, in microseconds."""
    began = time.process_time()
    for _ in range(count):
        socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    return (time.process_time() - began) / count * 1e6


def child(order: dict[str, Any]) -> dict[str, float]:
    """Return the figures of one row, each for one page."""
    pages: int = order["pages"]
    if order.get("lookup"):
        return {"us": us_of_a_lookup(pages)}
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    options: dict[str, Any] = {"context": context, "max_connections": 64, "per_host": 64}
    if order.get("hosts"):
        options["resolve"] = lambda host, port: HOST
    scheme, port = ("https", order["tls_port"]) if order.get("tls") else ("http", order["port"])
    path = "plain" if order.get("plain") else "coded"
    names = (f"host-{number}.test" if order.get("hosts") else HOST for number in range(pages + 500))
    urls = [f"{scheme}://{name}:{port}/{path}?{number}" for number, name in enumerate(names)]
    raise_open_files()
    with tempfile.TemporaryDirectory() as folder, httpconn.Fetcher(**options) as fetcher:
        writer = writers.open(f"{folder}/pages.warc.gz") if order.get("warc") else None
        for response in fetcher.feed(urls[:500]):
            assert response.error is None, response.error
        before = resident_bytes() or 0
        began = resource.getrusage(resource.RUSAGE_SELF)
        size = 0
        for response in fetcher.feed(urls[500:]):
            if len(response.content) != PAGE_BYTES:
                raise RuntimeError(f"got {len(response.content)} bytes, {response.error!r}")
            if writer is not None:
                writer.write(response)
        if writer is not None:
            writer.close()
            size = sum(file.stat().st_size for file in Path(folder).iterdir())
        ended = resource.getrusage(resource.RUSAGE_SELF)
        held = (resident_bytes() or 0) - before
    used = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return {"us": used / pages * 1e6, "bytes": held / pages, "disk": size / pages}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--child", default="")
    told = parser.parse_args()
    if told.child:
        print(json.dumps(child(json.loads(told.child))))
        return 0
    print(f"httpconn of Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}; {told.pages} pages a row")
    with serving() as (port, tls_port):
        for name, row in ROWS.items():
            order = json.dumps({**row, "pages": told.pages, "port": port, "tls_port": tls_port})
            command = [sys.executable, "-m", "bench.pages", "--child", order]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
            found = json.loads(done.stdout)
            more = f", {found['bytes'] / 1024:.2f} KiB of memory a host" if row.get("hosts") else ""
            more += f", {found['disk']:,.0f} bytes on disk" if row.get("warc") else ""
            print(f"{name:30} {found['us']:6.0f} us of CPU a page{more}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
