"""Many connections over TLS, half to hosts that are new and half to hosts that are met again: memory does not grow.

Called by ``leaks``; ``python -m tests.isolated.leaks_over_tls --serve FILE`` is its server, in a process of its own,
which closes each connection behind its answer and says whether it has gone on with a session.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import trustme

import httpconn

from .measuring import Measure

WARM_UP = 0.2
MOST_MIB = 10.0
RECENT = 100
"""A host that is met again is one of so many."""
AT_ONCE = 16


def urls(count: int, port: int, rng: random.Random) -> Iterator[str]:
    recent: list[str] = []
    for number in range(count):
        if number % 2 and recent:
            host = rng.choice(recent)
        else:
            host = f"h{number}.hosts.test"
            recent = [*recent[-RECENT:], host]
        yield f"https://{host}:{port}/{number}"


def fetch(count: int, port: int, context: ssl.SSLContext, rng: random.Random) -> tuple[int, list[Measure]]:
    """Fetch by a fetcher and by a pool in turns; return how many went on with a session, and the measures."""
    resumed, measures = 0, []
    options = {"context": context, "resolve": lambda host, port: "127.0.0.1", "max_connections": AT_ONCE, "timeout": 60}
    with httpconn.Fetcher(**options) as fetcher, httpconn.ConnectionPool(**options) as pool:
        for number, url in enumerate(urls(count, port, rng)):
            if number % 3 == 0:
                resumed += pool.get(url).content == b"r"
            else:
                fetcher.add(url)
                if number % AT_ONCE == 0:
                    for response in fetcher:
                        assert response.error is None, response.error
                        resumed += response.content == b"r"
            if number == int(count * WARM_UP):
                measures.append(Measure())
        for response in fetcher:
            resumed += response.content == b"r"
    measures.append(Measure())
    return resumed, measures


def main(count: int, seed: int) -> None:
    """Raises SystemExit where memory, or anything else, has grown."""
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with tempfile.TemporaryDirectory() as folder:
        certificate = Path(folder) / "chain.pem"
        authority.issue_cert("*.hosts.test").private_key_and_cert_chain_pem.write_to_path(certificate)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.isolated.leaks_over_tls", "--serve", str(certificate)],
            stdout=subprocess.PIPE,
            text=True,
        )
        with server:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            begun = time.monotonic()
            try:
                resumed, (before, after) = fetch(count, port, context, random.Random(seed))
            finally:
                server.terminate()
    grown = {
        "descriptors": (after.descriptors - before.descriptors, 0),
        "MiB resident": (round(after.mib - before.mib, 1), MOST_MIB),
    }
    print(f"{count:,} connections over TLS in {time.monotonic() - begun:.0f} s, {resumed:,} of them with a session:")
    print("  grown: " + ", ".join(f"{what} {grew:+}" for what, (grew, _) in grown.items()))
    leaked = [f"{what} {grew:+} (at most {most})" for what, (grew, most) in grown.items() if grew > most]
    if leaked:
        raise SystemExit(f"LEAKED: {', '.join(leaked)}")
    if not resumed:
        raise SystemExit("no connection went on with a session")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        told = b"r" if writer.get_extra_info("ssl_object").session_reused else b"."
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n" + told)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except (OSError, asyncio.IncompleteReadError):
        return  # the client went first


async def serve(certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[2]))
