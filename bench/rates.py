"""Rates and gates on time: requests to many hosts at a rate, some of which close their gates for a while.

    make bench-rates [ARGS="--requests 10000 --hosts 50 --rate 25 --connections 30"]

By the server's log: requests that came earlier than their host's rate or gate allows (there must be none), and how much
later than that allows each host had its last one. Twice, with no gate and with a gate at every seventh host, to see
whether the others are slowed by those.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import threading
import time
from collections import defaultdict
from typing import Final

import httpconn

GATE_S: Final = 1.0
_PAGE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_BUSY: Final = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


class Log:
    """When each host was asked, and when it closed its gate."""

    def __init__(self, gates_at: dict[int, set[int]]) -> None:
        self.asked: dict[int, list[float]] = defaultdict(list)
        self.shut: dict[int, list[float]] = defaultdict(list)
        self._gates_at = gates_at

    def answer(self, request: bytes) -> bytes:
        host = int(request.split(b" ", 2)[1].split(b"/")[1])
        now = time.monotonic()
        self.asked[host].append(now)
        if len(self.asked[host]) in self._gates_at.get(host, ()):
            self.shut[host].append(now)
            return _BUSY
        return _PAGE


def serve(log: Log, ready: threading.Event, port: list[int], stop: threading.Event) -> None:
    """Serve until *stop*, in a thread."""

    class Answers(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self._transport = transport

        def data_received(self, data: bytes) -> None:
            self._transport.write(log.answer(data))

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        await asyncio.get_running_loop().run_in_executor(None, stop.wait)
        server.close()

    asyncio.run(main())


def run(arguments: argparse.Namespace, *, gated: bool) -> None:
    """Print one run's figures."""
    hosts, each = arguments.hosts, arguments.requests // arguments.hosts
    log = Log({host: {2, each // 2} for host in range(0, hosts, 7)} if gated else {})
    ready, stop, port = threading.Event(), threading.Event(), list[int]()
    thread = threading.Thread(target=serve, args=(log, ready, port, stop))
    thread.start()
    ready.wait()
    urls = (f"http://host-{n % hosts}.test:{port[0]}/{n % hosts}/{n // hosts}" for n in range(each * hosts))
    began, used = time.monotonic(), time.process_time()
    with httpconn.fetch_many(
        urls,
        rate_per_host=arguments.rate,
        retry=httpconn.Retry(3, backoff_s=0.01),
        max_connections=arguments.connections,
        per_host=1,
        look_ahead=arguments.requests,
        resolve=lambda host, port: "127.0.0.1",
    ) as responses:
        results = sum(response.status == 200 for response in responses)
    passed, used = time.monotonic() - began, time.process_time() - used
    stop.set()
    thread.join()
    early = 0
    late: dict[bool, list[float]] = {False: [], True: []}
    burst = max(1, int(arguments.rate))
    for host, times in log.asked.items():
        early += sum(number > arguments.rate * (at - began) + burst for number, at in enumerate(times, 1))
        early += sum(shut < at < shut + GATE_S for shut in log.shut[host] for at in times)
        late[bool(log.shut[host])].append(times[-1] - began - (len(times) - burst) / arguments.rate)
    told = "with gates" if gated else "no gates"
    print(f"{told}: {results} results in {passed:.2f} s, {used:.2f} s of CPU with the server's; {early} too early")
    for is_gated, seconds in late.items():
        if seconds:
            kind = f"{len(seconds)} hosts with gates" if is_gated else f"{len(seconds)} hosts without gates"
            lateness = f"{statistics.median(seconds):.3f} s, at most {max(seconds):.3f} s"
            print(f"  {kind:<22} later than the rate alone by {lateness}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rates", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--rate", type=float, default=25.0)
    parser.add_argument("--connections", type=int, default=30)
    arguments = parser.parse_args()
    for gated in (False, True):
        run(arguments, gated=gated)


if __name__ == "__main__":
    main()
