"""An allocation that fails is a MemoryError, and what comes behind it is as good as ever."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ..support.faulty import Exchange, FaultyServer

OUT_OF_MEMORY = """
import sys
import _testcapi
from httpconn import _backends
from httpconn._wire.chunked import ChunkedDecoder
backend = _backends.get(sys.argv[1])
HEAD = b"HTTP/1.1 200 OK\\r\\n" + b"".join(b"X-%d: value %d\\r\\n" % (n, n) for n in range(60)) + b"Content-Length: 5\\r\\n\\r\\n"
CHUNKS = b"".join(b"10\\r\\n0123456789abcdef\\r\\n" for _ in range(50)) + b"0\\r\\nA: b\\r\\n\\r\\n"

def head():
    parsed = backend.parse_response_head(HEAD, 65536, 100)
    return parsed.field_lines(), parsed.get_joined("x-5"), parsed.content_length

def chunks():
    decoder = ChunkedDecoder(backend.take_chunks, 65536, 100, 16384)
    return decoder.decode(CHUNKS, 0, -1), decoder.trailer_block

def request():
    return backend.serialize_request_head("GET", "/" + "x" * 100, b"host", {"A": "b" * 500}, 5)

failed = 0
for work in (head, chunks, request):
    right = work()
    for allocation in range(400):
        _testcapi.set_nomemory(allocation, allocation + 1)
        try:
            got = work()
        except MemoryError:
            _testcapi.remove_mem_hooks()
            failed += 1
            continue
        except BaseException:
            _testcapi.remove_mem_hooks()
            raise
        _testcapi.remove_mem_hooks()
        assert got == right, work
    assert work() == right
assert failed > 100, failed
print("survived")
"""


def test_an_allocation_that_fails(backend) -> None:
    """A NULL from an allocation is a MemoryError, and the next call is as good as any."""
    pytest.importorskip("_testcapi")
    ended = subprocess.run(
        [sys.executable, "-c", OUT_OF_MEMORY, backend.name], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, "survived\n"), ended.stderr[-2000:]


# What CPython itself makes of it is not ours: a lock is a RuntimeError; and up to 3.13 a frame that ends with an exception
# loses it where there is no memory for its caller's frame object (take_ownership in Python/frame.c), which is a SystemError
# of the interpreter's loop or of a Python function. One of a compiled function is ours.
FETCH_OUT_OF_MEMORY = """
import faulthandler, sys
import _testcapi
import httpconn
urls = [f"http://127.0.0.1:{sys.argv[1]}/{number}" for number in range(8)]

def work():
    with httpconn.fetch_many(urls, max_connections=2, timeout=5) as responses:
        return [(response.error, response.content) for response in responses]

def is_theirs(error):
    if isinstance(error, SystemError):
        ours = not str(error).startswith(("error return without exception set", "<function "))
        return sys.version_info < (3, 14) and not ours
    return isinstance(error, MemoryError) or str(error) == "can't allocate lock"

right = [(None, b"hi")] * len(urls)
assert work() == work() == right
failed = passed = allocation = 0
while passed < 40:  # in a row: a fetch has no more allocations than that
    allocation += 4
    faulthandler.dump_traceback_later(20, exit=True)
    raised, got = None, []
    _testcapi.set_nomemory(allocation, allocation + 1)
    try:
        got = work()
    except BaseException as error:
        raised = error
    _testcapi.remove_mem_hooks()
    wrong = [error for error, content in got if error is not None] if raised is None else [raised]
    assert all(map(is_theirs, wrong)), (allocation, wrong)
    assert raised or len(got) == len(urls), allocation
    assert all(content == b"hi" for error, content in got if error is None), (allocation, got)
    failed, passed = (failed + 1, 0) if wrong else (failed, passed + 1)
assert work() == right
assert failed > 50, failed
print("survived")
"""


class Prompt(FaultyServer):
    async def answer(self, exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@pytest.mark.skipif(
    (3, 12) <= sys.version_info < (3, 14),
    reason="CPython 3.12.1 and 3.13.0 crash of it themselves, without an extension too",
)
def test_an_allocation_that_fails_in_a_fetch(in_use) -> None:
    """It is a MemoryError, raised or in a response; every other response is right, and so is the next fetch."""
    pytest.importorskip("_testcapi")
    with Prompt() as server:
        ended = subprocess.run(
            [sys.executable, "-c", FETCH_OUT_OF_MEMORY, str(server.port)],
            env={**os.environ, "HTTPCONN_PARSER": in_use.name}, capture_output=True, text=True, timeout=55,
        )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "survived\n"), ended.stderr[-2000:]
