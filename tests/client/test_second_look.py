"""What a second look at the connection found: readers beside each other, requests that contradict themselves, ends."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import httpconn
from httpconn import HTTPConnection, HTTPResponse, InvalidField, Limits

from ..support.peers import received, socket_pair

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


def test_nothing_is_looked_at_beside_a_read(in_use: Any) -> None:
    body = bytes(range(256)) * 100
    whole = []
    with socket_pair() as (client, server):
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 25600\r\n\r\n" + body[:100])
        response = HTTPResponse(client)
        response.begin()
        thread = threading.Thread(target=lambda: whole.append(response.read()))
        thread.start()
        try:
            while not response._is_reading:
                pass
            with pytest.raises(httpconn.ResponseNotReady, match="being read already"):
                response.peek()
        finally:
            server.sendall(body[100:])
            thread.join()
    assert whole == [body]
    assert response.complete is True


@pytest.mark.parametrize("headers", [{}, {"Host": "h"}], ids=["own-host", "given-host"])
def test_a_tunnel_to_a_port_that_is_none(headers: dict[str, str]) -> None:
    """CVE-2026-1502 again, by the port: http.client raises TypeError for it."""
    with socket_pair() as (client, server):
        connection = HTTPConnection("proxy.test")
        with pytest.raises((TypeError, ValueError)):
            connection.set_tunnel("origin.test", "443 HTTP/1.1\r\nX-Evil: 1\r\nY:", headers)  # type: ignore[arg-type]
            connection.sock = client
            connection._tunnel()
        assert received(server) == b""


def test_an_attribute_that_was_taken_out_of_the_class(in_use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(HTTPConnection, "debuglevel")
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.debuglevel = 0
        connection.sock = client
        server.sendall(GOOD)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"good"
        connection.close()


@pytest.mark.parametrize(
    "body", [{"a": "b"}, [b"ab", "cd"], memoryview(b"abcdef")[::2], [b"ab", 5]], ids=["dict", "str", "view", "int"]
)
def test_a_body_of_something_else_ends_the_connection(body: Any) -> None:
    """Its head is out, so its request cannot be finished; the next one has a connection of its own."""
    with socket_pair() as (client, _):
        connection = HTTPConnection("example.org")
        connection.sock = client
        with pytest.raises((TypeError, BufferError)):
            connection.request("POST", "/", body)
        assert connection.sock is None
        with pytest.raises(OSError):
            connection.auto_open = 1
            connection._create_connection = lambda *_: (_ for _ in ()).throw(OSError("would connect"))  # type: ignore[assignment]
            connection.request("GET", "/")


def test_a_line_beyond_the_limit_of_the_body_ends_the_connection(in_use: Any) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", limits=Limits(body_bytes=5))
        connection.sock = client
        connection.request("GET", "/")
        server.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + b"abc\n" * 8 + b"\r\n")
        response = connection.getresponse()
        response.readline()
        with pytest.raises(httpconn.BodyTooLong):
            response.readline()
        assert response.isclosed()
        with contextlib.suppress(httpconn.HTTPException, OSError):
            connection.auto_open = 0
            connection.request("GET", "/2")
        assert b"/2" not in received(server)


@pytest.mark.parametrize(("method", "headers", "body"), [
    ("G(E)T", {}, None), ("", {}, None), ("GET", {"Host": "a", "HOST": "b"}, None), ("GET", {"Host": "a", b"hoST": "b"}, None),
    ("POST", {"Content-Length": "-5"}, io.BytesIO(b"x")), ("POST", {"Content-Length": "5 5"}, io.BytesIO(b"x")),
    ("GET", {b"Content-Length": "999"}, None), ("POST", {b"Content-Length": b"999"}, b"x"),
])  # fmt: skip
def test_a_strict_connection_sends_no_such_request(in_use: Any, method: str, headers: Any, body: Any) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org", strict=True)
        connection.sock = client
        with pytest.raises((ValueError, InvalidField)):
            connection.request(method, "/", body, headers)
        assert received(server) == b""
        connection.request("GET", "/")
        connection.close()


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length"])
def test_a_length_under_a_name_of_bytes_is_told_once(in_use: Any, name: bytes) -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("example.org")
        connection.sock = client
        connection.request("POST", "/", b"body", {name: "4"})  # type: ignore[dict-item]
        assert received(server).lower().count(b"content-length: 4\r\n") == 1
        connection.close()


def test_a_field_asked_for_by_bytes_is_not_there(in_use: Any) -> None:
    with socket_pair() as (client, server):
        server.sendall(GOOD)
        response = HTTPResponse(client)
        response.begin()
        assert response.getheader(b"Content-Length") is None  # type: ignore[call-overload]
        assert response.getheader(b"Content-Length", "none") == "none"  # type: ignore[call-overload]
        before = response.headers
        response.headers = httpconn.HTTPMessage()
        assert response.msg is before
        response.close()


def test_an_authority_with_a_percent_is_sent_as_it_is() -> None:
    with socket_pair() as (client, server):
        connection = HTTPConnection("proxy.test")
        connection.sock = client
        connection.request("GET", "http://a%41.example:8080/x")
        assert b"\r\nHost: a%41.example:8080\r\n" in received(server)
        connection.close()


def test_a_password_where_a_port_should_be_is_not_told() -> None:
    with pytest.raises(httpconn.InvalidURL) as raised:
        HTTPConnection("user:s3cret@host")
    assert "s3cret" not in str(raised.value)


MODULE = """
import pickle, sys, threading, time
class Kept: pass
def late():
    time.sleep(0.2)
    pickle.dumps(Kept())
    print(sys.argv, __name__, __spec__.name, __file__ == sys.argv[0])
if __name__ == "__main__":
    threading.Thread(target=late).start()
"""


@pytest.mark.parametrize("name", ["mod", "package"])
def test_a_module_is_run_as_python_runs_it(tmp_path: Path, name: str) -> None:
    """Also what of it goes on when its code has ended; and a compiled file."""
    path = tmp_path / "mod.py" if name == "mod" else tmp_path / "package" / "__main__.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(MODULE)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    told = [
        subprocess.run([sys.executable, "-B", *how, "-m", name, "a"], env=environment, capture_output=True, text=True, timeout=30)
        for how in ([], ["-m", "httpconn", "run"])
    ]  # fmt: skip
    assert told[0].stdout == told[1].stdout != ""
    assert not told[1].stderr
    missing = subprocess.run(
        [sys.executable, "-m", "httpconn", "run", "-m", "no.such.module"], capture_output=True, text=True, timeout=30
    )
    assert missing.returncode == 1
    assert "no" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_a_compiled_file_is_run(tmp_path: Path) -> None:
    import py_compile

    source, compiled = tmp_path / "mod.py", tmp_path / "mod.pyc"
    source.write_text("print('ran', __name__)")
    py_compile.compile(str(source), str(compiled))
    found = subprocess.run(
        [sys.executable, "-m", "httpconn", "run", str(compiled)], capture_output=True, text=True, timeout=30
    )
    assert found.stdout == "ran __main__\n", found.stderr
