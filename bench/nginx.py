"""The same service from nginx, where it is installed: a server that nobody here wrote, and fast.

    python -m bench.nginx [--tls]       prints where it listens as one line of JSON; ends with standard input
    with running(tls=True) as server: ...

Serves /small, /10k, /10k-chunked and /large of replies.py, /page of 1,600 bytes, the same as
/mostly/NUMBER but for those that end in 00, which get no answer, /told, which is the target that was
asked for, /connection, which is the number of the connection, and /resumed, which is "r" where its TLS
session was known, from a folder of its own, with nginx.conf.in.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

from bench.certificate import make_certificate
from bench.replies import MIB, REALISTIC, content
from bench.server import HOST, Server

TEMPLATE = Path(__file__).with_name("nginx.conf.in")
CONNECTIONS = 20_000
# nginx sends these names itself, with values of its own.
_OF_NGINX = {"ETag", "Last-Modified", "Accept-Ranges"}


def find_program() -> str | None:
    """The path of nginx, or None. Debian keeps it in /usr/sbin, which a user's PATH may lack."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def render_configuration(listen: str, tls: str) -> str:
    """nginx.conf.in, filled in."""
    fields = [(name, value.replace("'", r"\'")) for name, value in REALISTIC if name not in _OF_NGINX][:12]
    as_root = os.geteuid() == 0  # whose worker would become nobody, and be shut out of our folder
    values = {
        "USER": "user root;" if as_root else "",
        "CONNECTIONS": str(CONNECTIONS),
        "LISTEN": listen,
        "TLS": tls,
        "FIELDS": "\n            ".join(f"add_header {name} '{value}';" for name, value in fields),
    }
    filled = TEMPLATE.read_text()
    for name, value in values.items():
        filled = filled.replace(f"@{name}@", value)
    return filled


@contextlib.contextmanager
def running(
    *, tls: bool = False, timeout_s: float = 10.0, large_mib: int = 1, names: Sequence[str] = ()
) -> Iterator[Server]:
    """nginx in a child process, ready when the block begins and gone when it ends; /large has *large_mib*.

    The certificate is for *names*, too.

    Raises RuntimeError where it is not installed, or not ready within `timeout_s`.
    """
    program = find_program()
    if program is None:
        raise RuntimeError("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="httpconn-nginx-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        files = folder / "files"
        files.mkdir()
        for path, size in (("page", 1600), ("10k", 10 * 1024), ("10k-chunked", 10 * 1024), ("large", MIB)):
            (files / path).write_bytes(content(size) * (large_mib if path == "large" else 1))
        certificate = None
        tls_lines = ""
        if tls:
            certificate, key = make_certificate(folder, names)
            tls_lines = f"ssl_certificate {certificate}; ssl_certificate_key {key};"

        listener = stack.enter_context(socket.create_server((HOST, 0), backlog=1024))
        server = Server(HOST, listener.getsockname()[1], str(certificate) if certificate else None)
        configuration = folder / "nginx.conf"
        listen = f"{HOST}:{server.port}{' ssl' if tls else ''}"
        configuration.write_text(render_configuration(listen, tls_lines))
        errors = stack.enter_context(open(folder / "stderr", "w+"))
        # nginx takes over the listening sockets named in NGINX, as it does when it upgrades itself: the free
        # port is ours from the start, and there is no moment at which somebody else can take it.
        child = stack.enter_context(
            subprocess.Popen(
                [program, "-p", str(folder), "-c", str(configuration)],
                env={**os.environ, "NGINX": f"{listener.fileno()};"},
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
        )
        listener.close()
        try:
            _await_answer(server, timeout_s, errors.name)
            yield server
        finally:
            child.terminate()
            try:
                child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                child.kill()


def _await_answer(server: Server, timeout_s: float, log: str) -> None:
    """Return once /small is answered. The socket listens already: the first request waits its turn."""
    connection = HTTPConnection(server.host, server.port, timeout=timeout_s)
    if context := server.client_context():
        connection = HTTPSConnection(server.host, server.port, timeout=timeout_s, context=context)
    try:
        connection.request("GET", "/small")
        connection.getresponse().read()
    except (OSError, HTTPException) as error:
        raise RuntimeError(f"nginx was not ready within {timeout_s:g} s:\n{Path(log).read_text()}") from error
    finally:
        connection.close()


def main() -> None:
    """Run until standard input closes."""
    arguments = argparse.ArgumentParser(prog="python -m bench.nginx", description="nginx, on loopback.")
    arguments.add_argument("--tls", action="store_true", help="speak TLS, with a new certificate")
    try:
        with running(tls=arguments.parse_args().tls) as server, contextlib.suppress(KeyboardInterrupt):
            print(json.dumps(asdict(server)), flush=True)
            sys.stdin.buffer.read()
    except RuntimeError as error:
        sys.exit(f"bench.nginx: {error}")


if __name__ == "__main__":
    main()
