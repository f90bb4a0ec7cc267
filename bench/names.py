"""Names at full size: many, slow ones, ones that hang, and a list with bad hosts; every good page has to arrive.

``python -m bench.names``. The names are answered here, in the place of ``getaddrinfo``; the servers are on loopback.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any

from httpconn import Retry, fetch_many

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOBODY, SILENT = "127.0.0.2", "127.0.0.3"
_hangs = threading.Event()
_real = socket.getaddrinfo


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(PAGE)
    writer.close()


def serve(port: Any) -> None:
    async def main() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=4096)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def look_up(host: Any, port: Any, *rest: Any) -> Any:
    """Answer names like ``100ms-7.test``, ``hangs-7.test``, ``refuses-7.test``, ``silent-7.test``."""
    kind, is_ours, _ = str(host).partition("-")
    if not is_ours:
        return _real(host, port, *rest)
    if kind == "hangs":
        _hangs.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")
    time.sleep(float(kind.removesuffix("ms")) / 1000 if kind.endswith("ms") else 0.1)
    address = {"refuses": NOBODY, "silent": SILENT}.get(kind, "127.0.0.1")
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


def run(title: str, port: int, names: Iterable[str], **options: Any) -> None:
    began, last = time.monotonic(), 0.0
    cpu = time.process_time()
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    for response in fetch_many([f"http://{name}.test:{port}/" for name in names], **options):
        outcome = str(response.status) if response.error is None else type(response.error).__name__
        found[response.url.partition("://")[2].partition("-")[0], outcome] += 1
        if response.error is None:
            last = time.monotonic() - began
    print(f"{title}: {dict(found)}")
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    print(f"    the last good page after {last:.1f} s, the last result after {took:.1f} s, {cpu:.1f} s of CPU")


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    port = ours.recv()
    vars(socket)["getaddrinfo"] = look_up
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((SILENT, port))
        listener.listen(0)
        for _ in range(3):  # its queue is full: what comes is dropped
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex((SILENT, port))
        run("5,000 names of 100 ms", port, (f"100ms-{number}" for number in range(5_000)), max_connections=256)
        run("400 names of 500 ms", port, (f"500ms-{number}" for number in range(400)))
        hanging = [f"hangs-{number}" for number in range(8)]
        run("8 that hang, 50 others", port, [*hanging, *(f"1ms-{number}" for number in range(50))])
        kinds = {3: "hangs", 7: "refuses", 11: "silent"}
        mixed = (f"{kinds.get(number % 20, '100ms')}-{number}" for number in range(1_000))
        run("1,000 hosts, 15 % of them bad, Retry(2)", port, mixed, retry=Retry(2))
    _hangs.set()
    server.terminate()


if __name__ == "__main__":
    main()
