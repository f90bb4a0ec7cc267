"""Every program of docs/streams-and-files.md runs, on a site of its own."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import ClassVar

import pytest

from ..support.faulty import Exchange
from ..support.peers import ScriptedServer, take_request
from ..support.programs import run_program
from ..support.sites import Site

PAGE = Path(__file__).parents[2] / "docs" / "streams-and-files.md"

if not PAGE.exists():
    pytest.skip("the docs are not here, only the tests", allow_module_level=True)

PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


def run(program: str, port: int, folder: Path) -> str:
    program = (
        program.replace("localhost:8000", f"127.0.0.1:{port}")
        .replace("read=45", "read=0.5")
        .replace("sleep(1)", "sleep(0)")
    )
    return run_program(program, folder).stdout


@pytest.mark.parametrize("program", PROGRAMS[:2], ids=["at once", "awaited"])
def test_an_event_stream(program: str, tmp_path: Path) -> None:
    """That is silent for too long, is cut in the middle of an event, ends well, and is there no more, in this order."""
    served = []
    asked_for = []

    def serve(sock: socket.socket) -> None:
        head = take_request(sock)
        asked_for.append(re.findall(rb"(?i)^last-event-id: (.*)\r$", head, re.MULTILINE))
        served.append(sock)
        if len(served) == 4:
            sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            return
        events = b"id: %d\n: hello\r\n\r\ndata: first\ndata:line of %d\n\n" % (len(served), len(served))
        sock.sendall(HEAD + b"%x\r\n%b\r\n" % (len(events), events))
        if len(served) == 1:
            sock.recv(1)  # nothing more comes: the client goes
        elif len(served) == 2:
            sock.sendall(b"f\r\nid: 9\ndata: cut\r\n")
        else:
            sock.sendall(b"d\r\ndata: last\r\n\r\r\n0\r\n\r\n")

    with ScriptedServer(serve) as server:
        told = run(program, server.port, tmp_path)
    assert asked_for == [[], [b"1"], [b"2"], [b"3"]], "behind the last event that was whole"
    event = "first\nline of {}\n"
    assert told == event.format(1) + event.format(2) + event.format(3) + "last\n"


@pytest.mark.parametrize("program", PROGRAMS[2:4], ids=["at once", "awaited"])
def test_json_lines(program: str, tmp_path: Path) -> None:
    lines = '{"url": "/a"}\n\n{"url": "/b\u2028c"}'.encode()
    with Site({"/pages.jsonl": (200, {}, lines)}) as site:
        assert run(program, site.port, tmp_path) == "/a\n/b\u2028c\n"


def test_content_that_goes_to_a_file(tmp_path: Path) -> None:
    with Site({"/archive.zip": (200, {}, b"zipped"), "/missing.zip": (404, {}, b"there is none")}) as site:
        assert run(PROGRAMS[4], site.port, tmp_path) == "200 b''\n404 b'there is none'\n"
    assert (tmp_path / "archive.zip").read_bytes() == b"zipped"
    assert sorted(os.listdir(tmp_path)) == ["archive.zip", "program.py"]


class Large(Site):
    """Serves one file, and cuts its first answers."""

    cuts: ClassVar[list[int]] = []

    async def answer(self, exchange: Exchange) -> None:
        first = int(self.fields(-1).get("range", "bytes=0-")[len("bytes=") : -1])
        status = "206 Partial Content" if first else "200 OK"
        head = f'HTTP/1.1 {status}\r\nETag: "1"\r\nContent-Length: {len(ISO) - first}\r\n'
        head += f"Content-Range: bytes {first}-{len(ISO) - 1}/{len(ISO)}\r\n\r\n" if first else "\r\n"
        cut = self.cuts.pop(0) if self.cuts else None
        await exchange.send(head.encode() + ISO[first:][:cut])
        if cut is not None:
            exchange.end()


ISO = bytes(range(256)) * 1_000


def test_a_download_that_goes_on(tmp_path: Path) -> None:
    with Large() as site:
        site.cuts = [1_000, 50_000]
        assert run(PROGRAMS[5], site.port, tmp_path) == "206\n"
        assert [site.fields(number).get("range") for number in range(3)] == [None, "bytes=1000-", "bytes=51000-"]
    assert (tmp_path / "large.iso").read_bytes() == ISO


def test_a_download_that_breaks_off(tmp_path: Path) -> None:
    """It tells how much there is, and where; and goes on there."""
    with Large() as site:
        site.cuts = [51_000]
        told = run(PROGRAMS[5].replace("Retry(5)", "Retry(0)"), site.port, tmp_path)
        assert site.fields(1)["range"] == "bytes=51000-"
    part = tmp_path / "large.iso.download.part"
    assert told.startswith("broken off: IncompleteSink(51000 bytes read, 205000 more expected) (GET http://")
    assert told.endswith(f"; 51000 bytes of it are in '{part}')\n206\n")
    assert (tmp_path / "large.iso").read_bytes() == ISO


@pytest.mark.parametrize(("program", "told"), [(PROGRAMS[6], ""), (PROGRAMS[7], "206\n")], ids=["at once", "awaited"])
def test_a_download_with_a_bar(program: str, told: str, tmp_path: Path) -> None:
    """It goes on by itself, and the bar with it."""
    pytest.importorskip("tqdm")
    program = program.replace("Retry(5)", "Retry(5, backoff_s=0)")
    with Large() as site:
        site.cuts = [1_000]
        done = run_program(program.replace("localhost:8000", f"127.0.0.1:{site.port}"), tmp_path)
        assert len(site.heads) == 2
    assert done.stdout == told
    assert "256k/256k" in done.stderr
    assert (tmp_path / "large.iso").read_bytes() == ISO
