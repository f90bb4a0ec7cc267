"""Misuse from inside: threads, signals, forks and collections in the middle of a request. No crash, no hang, no lie.

    python -m tests.isolated.misuse [--seconds 4]

Runs in a process of its own, also under sanitizers (``sanitize.py``). Each scenario is repeated for its share of the
time. What a misuse raises is not the point, as long as it is an ``Exception`` of Python's making with a text; that
no body is handed out whose bytes are another's is. Bodies say which request they answer, so a mix-up shows.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import http.client
import io
import os
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpconn
from httpconn import _backends
from httpconn._wire.chunked import ChunkedDecoder

LENGTH = 20_000
HANGS_AFTER_S = 60.0
seen: Counter[str] = Counter()
"""The errors that were raised, by scenario and class, for the report."""


def serve(listener: socket.socket) -> None:
    """Answer each request with its own target, over and over; one thread for each connection."""

    def one(sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            data = b""
            while part := sock.recv(65536):
                data += part
                while b"\r\n\r\n" in data:
                    head, _, data = data.partition(b"\r\n\r\n")
                    words = head.split(b" ")
                    target = words[1] if len(words) > 2 else b"?"
                    body = (target * (LENGTH // len(target) + 1))[:LENGTH]
                    if target.startswith(b"/chunked"):
                        parts = [body[at : at + 999] for at in range(0, LENGTH, 999)]
                        framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
                        wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed
                    else:
                        wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (LENGTH, body)
                    half = len(wire) // 2
                    sock.sendall(wire[:half])
                    time.sleep(0.0005)
                    sock.sendall(wire[half:])

    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=one, args=(sock,), daemon=True).start()


def is_of_one(body: bytes) -> bool:
    """Return whether *body* is a piece of one answer, wherever it begins."""
    targets = {part for part in body.split(b"/")[1:-1] if not part.startswith(b"chunked")}
    return len(targets) <= 1


@contextlib.contextmanager
def noted(scenario: str) -> Iterator[None]:
    try:
        yield
    except (BufferError, ValueError, OSError, http.client.HTTPException) as error:  # no AttributeError, no TypeError
        assert str(error) or isinstance(error, http.client.HTTPException), "an error without a text"
        seen[f"{scenario}: {type(error).__name__}"] += 1


def exchange(connection: httpconn.HTTPConnection, target: str, rng: random.Random) -> None:
    connection.request("GET", target)
    response = connection.getresponse()
    way = rng.randrange(5)
    if way == 0:
        body = response.read()
    elif way == 1:
        body = b"".join(iter(lambda: response.read(777), b""))
    elif way == 2:
        held = bytearray(LENGTH)
        body = bytes(held[: response.readinto(held)])
    elif way == 3:
        body = b"".join(iter(response.read1, b""))
    else:
        body = response.peek() and response.read(100)
        response.close()
    if way < 4 and response.complete is True:
        assert is_of_one(body), f"bytes of two answers in one: {body[:200]!r}"


def in_threads(count: int, work: Callable[[int], None]) -> None:
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANGS_AFTER_S)
        assert not thread.is_alive(), "a thread hangs"
    if failures:
        raise failures[0]


def two_threads_in_one_connection(port: int, rng: random.Random) -> None:
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)

    def work(number: int) -> None:
        own = random.Random(rng.random())
        for step in range(10):
            with noted("two threads"):
                exchange(connection, f"/{'chunked-' * (step % 2)}{number}x{step}", own)

    in_threads(3, work)
    connection.close()


def two_threads_in_one_response(port: int, rng: random.Random) -> None:
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)
    connection.request("GET", rng.choice(("/chunked-r", "/r")))
    response = connection.getresponse()

    def work(number: int) -> None:
        own = random.Random(rng.random())
        for _ in range(30):
            with noted("one response"):
                match own.randrange(7):
                    case 0:
                        response.read(own.randrange(3000))
                    case 1:
                        response.readinto(bytearray(own.randrange(3000)))
                    case 2:
                        response.peek()
                    case 3:
                        response.readline(500)
                    case 4:
                        response.read1(500)
                    case 5:
                        fp = response.fp
                        if fp is not None and own.random() < 0.2:
                            fp.read1(100)
                    case _:
                        if own.random() < 0.1:
                            response.close()

    in_threads(3, work)
    response.close()
    connection.close()


def close_from_another_thread(port: int, rng: random.Random) -> None:
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)
    stopped = threading.Event()

    def closing() -> None:
        own = random.Random(rng.random())
        while not stopped.wait(own.random() * 0.003):
            connection.close()

    closer = threading.Thread(target=closing)
    closer.start()
    try:
        for step in range(15):
            with noted("close from a thread"):
                exchange(connection, f"/{'chunked-' * (step % 2)}c{step}", rng)
    finally:
        stopped.set()
        closer.join()
        connection.close()


def close_in_a_signal_handler(port: int, rng: random.Random) -> None:
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)
    signal.signal(signal.SIGALRM, lambda *_: connection.close())
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0017)
    try:
        for step in range(15):
            with noted("close in a handler"):
                exchange(connection, f"/{'chunked-' * (step % 2)}s{step}", rng)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.close()


def send_a_body(connection: httpconn.HTTPConnection, number: int) -> None:
    """One of the ways to send a body, larger than what a socket takes at once; its answer is read where one comes."""
    piece = b"b" * 100_000
    match number % 5:
        case 0:
            connection.request("POST", "/", piece * 40)
        case 1:
            connection.request("POST", "/", iter([piece] * 40))
        case 2:
            connection.request("POST", "/", io.BytesIO(piece * 40))
        case 3:
            connection.putrequest("POST", "/")
            connection.putheader("Content-Length", str(len(piece) * 40))
            connection.endheaders()
            for _ in range(40):
                connection.send(piece)
        case _:
            connection.request("POST", "/", piece, {"Expect": "100-continue"})
    connection.getresponse().close()


def closed_while_sending(port: int, rng: random.Random) -> None:
    """By a thread and by a signal handler at once; the server takes what comes, and never answers the body."""
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=0.05, expect_timeout_s=0.01)
    signal.signal(signal.SIGALRM, lambda *_: connection.close())
    stopped = threading.Event()

    def closing() -> None:
        own = random.Random(rng.random())
        while not stopped.wait(own.random() * 0.005):
            connection.close()

    closer = threading.Thread(target=closing)
    closer.start()
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0023)
    try:
        for step in range(15):
            with noted("closed while sending"):
                send_a_body(connection, step)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        stopped.set()
        closer.join()
        connection.close()


def several_senders(port: int, rng: random.Random) -> None:
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=0.05, expect_timeout_s=0.01)

    def work(number: int) -> None:
        for step in range(10):
            with noted("several senders"):
                send_a_body(connection, number + step)
            if step % 4 == 3:
                connection.close()

    in_threads(3, work)
    connection.close()


def request_in_a_signal_handler(port: int, rng: random.Random) -> None:
    """The handler uses the very connection that it has interrupted."""
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)

    def handler(*_: object) -> None:
        with noted("request in a handler"):
            exchange(connection, "/handler", rng)

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.005)
    try:
        for step in range(10):
            with noted("request with a handler"):
                exchange(connection, f"/main{step}", rng)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.close()


def fork_in_the_middle(port: int, rng: random.Random) -> None:
    """The child drops what it has inherited; the parent reads on."""
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)
    target = rng.choice(("/chunked-f", "/f"))
    connection.request("GET", target)
    response = connection.getresponse()
    begun = response.read(100)
    child = os.fork()
    if not child:
        code = 1
        with contextlib.suppress(BaseException):
            del response
            connection.close()
            gc.collect()
            code = 0
        os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"
    body = begun + response.read()
    assert len(body) == LENGTH, f"{len(body)} bytes"
    assert response.complete is True
    assert is_of_one(body)
    connection.close()


def collected_half_read(port: int, rng: random.Random) -> None:
    for step in range(5):
        connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", ("/chunked-g", "/g")[step % 2])
        response = connection.getresponse()
        match rng.randrange(5):
            case 0:
                response.read(10)
            case 1:
                response.peek()
            case 2:
                response.fp.read(3)
            case 3:
                del connection
                assert len(response.read()) == LENGTH
                continue
        response.itself = response  # type: ignore[attr-defined]  # only the cycle collector can take it
        del response
        gc.collect()
        with noted("after a collection"):
            exchange(connection, "/after", rng)
        connection.close()


def a_buffer_that_changes_under_the_reader(port: int, rng: random.Random) -> None:
    """A bytearray that is read into cannot be resized meanwhile; a decoder's buffer neither."""
    connection = httpconn.HTTPConnection("127.0.0.1", port, timeout=2)
    connection.request("GET", "/chunked-b")
    response = connection.getresponse()
    held = bytearray(LENGTH)

    def resize() -> None:
        for _ in range(200):
            with noted("resize"):
                held.extend(b"x" * 1000)
                del held[100:]

    thread = threading.Thread(target=resize)
    thread.start()
    with noted("readinto while resized"):
        response.readinto(held)
    thread.join()
    response.close()
    connection.close()
    for backend in map(_backends.get, _backends.available()):
        decoder = ChunkedDecoder(backend.take_chunks, 100, 10, 1000)

        class Sneaky(bytearray):
            def __buffer__(self, flags: int) -> memoryview:
                raise BufferError("not now")

        with noted("sneaky buffer"):
            decoder.decode(Sneaky(b"5\r\nhello\r\n"), 0, -1)
        for wrong in (None, "text", memoryview(b"5\r\nhello"), 5, [b"5"]):
            with contextlib.suppress(TypeError, AttributeError):
                decoder.decode(wrong, 0, -1)  # type: ignore[arg-type]
            with contextlib.suppress(TypeError, AttributeError):
                backend.take_chunks(wrong, 0, 2**70, -(2**70))  # type: ignore[arg-type]
            with contextlib.suppress(TypeError, AttributeError):
                backend.find_head_end(wrong, 0)  # type: ignore[arg-type]
            with contextlib.suppress(TypeError, AttributeError):
                backend.parse_response_head(wrong, 10, 10)  # type: ignore[arg-type]


SCENARIOS = (
    two_threads_in_one_connection, two_threads_in_one_response, close_from_another_thread, close_in_a_signal_handler,
    closed_while_sending, several_senders, request_in_a_signal_handler, fork_in_the_middle, collected_half_read, a_buffer_that_changes_under_the_reader,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.isolated.misuse")
    parser.add_argument("--seconds", type=float, default=4, help="for each scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("-v", action="store_true")
    chosen = parser.parse_args()
    faulthandler.enable()
    rng = random.Random(chosen.seed)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    port = listener.getsockname()[1]
    sys.setswitchinterval(0.0001)
    for scenario in SCENARIOS:
        if chosen.only not in scenario.__name__:
            continue
        faulthandler.dump_traceback_later(HANGS_AFTER_S + chosen.seconds, exit=True)
        ends = time.monotonic() + chosen.seconds
        rounds = 0
        while time.monotonic() < ends or not rounds:
            scenario(port, rng)
            rounds += 1
        print(f"{scenario.__name__.replace('_', ' ')}: {rounds} rounds", flush=True)
    faulthandler.cancel_dump_traceback_later()
    if chosen.v:
        for what, count in sorted(seen.items()):
            print(f"  {count:6} {what}")
    listener.close()


if __name__ == "__main__":
    main()
