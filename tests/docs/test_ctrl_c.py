"""Ctrl-C ends a program of the docs at once, in the middle of a request: with KeyboardInterrupt, and nothing else to read."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ..support.programs import INSTALLED

pytestmark = pytest.mark.once

README = Path(__file__).parents[2] / "README.md"
LIMIT_S = 30
"""After which a child is taken to hang."""
MANY, AWAITED, CONNECTION = (
    re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[:3]
    if README.exists()
    else [""] * 3
)

POOL = """
import httpconn
with httpconn.ConnectionPool() as pool:
    {}
"""
CLIENT = """
import asyncio, httpconn
async def main():
    async with httpconn.AsyncClient() as client:
        {}
asyncio.run(main())
"""
URL = '"http://localhost:8000/"'
PROGRAMS = {
    "many": MANY,
    "awaited": AWAITED,
    "connection": CONNECTION,
    "pool": POOL.format(f"pool.get({URL})"),
    "download": POOL.format(f"pool.download({URL}, 'file')"),
    "lines": POOL.format(f"[*pool.get({URL}, stream=True).iter_lines()]"),
    "task group": CLIENT.format(
        f"async with asyncio.TaskGroup() as group:\n            [group.create_task(client.get({URL})) for _ in range(20)]"
    ),
    "many, awaited": CLIENT.format(f"[page async for page in client.fetch_many([{URL}] * 20)]"),
    "download, awaited": CLIENT.format(f"await client.download({URL}, 'file')"),
}
LISTENS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""As a program in a terminal does by itself; one that was started in the background ignores SIGINT, and so its children."""
BEGINNING = {"download", "lines", "download, awaited"}
"""Those whose answer has begun."""


@pytest.mark.skipif(not README.exists(), reason="the docs are not here, only the tests")
@pytest.mark.parametrize("name", PROGRAMS)
def test_it_ends_at_once_and_without_a_word_more(name: str, tmp_path: Path) -> None:
    # An HTTPConnection that nobody closes is told of, as http.client's is.
    warnings = "ignore::ResourceWarning" if name == "connection" else "always"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        program = PROGRAMS[name].replace("localhost:8000", f"127.0.0.1:{listener.getsockname()[1]}")
        with subprocess.Popen(
            [sys.executable, "-W", warnings, "-c", f"{LISTENS}\n{program}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(INSTALLED)},
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as child:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(LIMIT_S)
                    assert connection.recv(65_536).startswith(b"GET ")
                    if name in BEGINNING:
                        connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 100\r\n\r\nline\n')
                    child.send_signal(signal.SIGINT)
                    _, told = child.communicate(timeout=LIMIT_S)
            finally:
                child.kill()
    assert child.returncode == -signal.SIGINT
    lines = told.splitlines()
    assert lines[-1] == "KeyboardInterrupt"
    # asyncio.run itself tells of the cancellation by which it has ended the program.
    is_awaited = "asyncio.run(" in program
    assert told.count("Traceback (most recent call last):") == 1 + is_awaited
    assert [line for line in lines if re.match(r"\w", line)] == [
        *(["Traceback (most recent call last):", "asyncio.exceptions.CancelledError"] * is_awaited),
        *(["During handling of the above exception, another exception occurred:"] * is_awaited),
        "Traceback (most recent call last):",
        "KeyboardInterrupt",
    ]
    assert len(lines) < 50
