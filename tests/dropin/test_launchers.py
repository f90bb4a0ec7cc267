"""Programs under a launcher that patches http.client before they begin, as tracers' and coverage's do, and on httpconn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from . import children

PATCHES = """
import http.client

def trace(cls, spans):
    putrequest, getresponse = cls.putrequest, cls.getresponse
    def traced_putrequest(self, method, url, *arguments, **keywords):
        putrequest(self, method, url, *arguments, **keywords)
        spans.append([method, url])
        self.putheader("traceparent", f"00-{len(spans):032x}")
    def traced_getresponse(self):
        response = getresponse(self)
        spans[-1].append(response.status)
        return response
    cls.putrequest, cls.getresponse = traced_putrequest, traced_getresponse

class Wrapper:  # of wrapt's kind
    def __init__(self, wrapped, wrapper):
        self.__wrapped__, self._self_wrapper = wrapped, wrapper
    def __get__(self, instance, owner):
        return self if instance is None else lambda *arguments, **keywords: self._self_wrapper(
            self.__wrapped__.__get__(instance), instance, arguments, keywords)

def wrapped_connect(wrapped, instance, arguments, keywords):
    wrapped(*arguments, **keywords)
    spans.append([instance.sock.getpeername()[0]])

spans = []
trace(http.client.HTTPConnection, spans)
http.client.HTTPConnection.connect = Wrapper(http.client.HTTPConnection.connect, wrapped_connect)
"""

PROGRAM = """
import http.client, http.server, sys, threading, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = self.headers.get("traceparent", "not traced").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass

with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever).start()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/page", timeout=5) as response:
            print(type(response).__module__, response.read().decode())
    finally:
        server.shutdown()
spans = next(module.spans for module in map(sys.modules.get, ("sitecustomize", "patches")) if hasattr(module, "spans"))
print(spans, sys.argv[1:])
"""

IN_PROCESS = """
import runpy, sys
import patches
arguments = sys.argv[1:]
if arguments[0] == "-m":
    sys.argv[:] = arguments[1:]
    runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
else:
    sys.argv[:] = arguments
    runpy.run_path(arguments[0], run_name="__main__")
"""
"""What ``coverage run`` does: first its own things, then the program in the same process."""


@pytest.mark.parametrize(
    ("patches", "command"),
    [
        ("sitecustomize.py", "-m httpconn run program.py"),  # ddtrace-run, newrelic-admin, opentelemetry-instrument
        ("patches.py", "launcher.py -m httpconn run program.py"),  # coverage run -m httpconn run
        ("patches.py", "-m httpconn run launcher.py program.py"),  # httpconn run -m coverage run
    ],
)
def test_requests_are_traced_and_on_httpconn(patches: str, command: str, tmp_path: Path) -> None:
    (tmp_path / patches).write_text(PATCHES)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "launcher.py").write_text(IN_PROCESS)
    paths = [str(tmp_path), *filter(None, [children.environment().get("PYTHONPATH")])]
    ended = children.run(
        [*command.split(), "-v"],
        tmp_path,
        options=["-W", "error"],
        changes={"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": None},
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        f"httpconn.response 00-{1:032x}",
        "[['GET', '/page'], ['127.0.0.1', 200]] ['-v']",
    ]
