"""File descriptors that run out: each program here runs in a process of its own, with a limit of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import httpconn

from ..support.faulty import FaultyServer

resource = pytest.importorskip("resource")

BEGIN = """
import errno, os, resource, socket, sys, threading, warnings
import httpconn
from httpconn import ConnectionPool, Fetcher, Request, Timeout, TooFewDescriptors

port = int(sys.argv[1])
resolve = lambda host, port: "127.0.0.1"

def url(number, path="good/1"):
    return f"http://h{number}.test:{port}/{path}"

def limit(count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

def use_up(left=0):
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for _ in range(left):
        os.close(taken.pop())
    return taken

told = []
warnings.simplefilter("always")
warnings.showwarning = lambda message, category, *rest, **more: told.append(category)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


def run(program: str, server: FaultyServer, folder: Path) -> None:
    """Run a program that asserts what has to hold."""
    file = folder / "program.py"
    file.write_text(BEGIN + program)
    environment = {**os.environ, "PYTHONPATH": str(Path(httpconn.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, str(file), str(server.port)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_fetcher_gets_every_page_under_a_low_limit(server: FaultyServer, tmp_path: Path) -> None:
    """And says so once, counts, and opens more again when there are more descriptors."""
    program = """
limit(64)
held = use_up(left=20)
with Fetcher(resolve=resolve) as fetcher:
    fetcher.feed(url(number % 60, f"good/{number}") for number in range(1200))
    pages = 0
    for response in fetcher:
        assert response.error is None, response.error
        pages += response.status == 200
        if pages == 300:
            low = fetcher._loop.places.most
            assert low < 20, low
    assert pages == 1200
    assert fetcher.stats.put_back > 0
    assert told == [TooFewDescriptors], told
    for descriptor in held:
        os.close(descriptor)
    loop = fetcher._loop
    loop.places.raise_at = 0.0
    fetcher.feed(url(number % 60, f"good/{number}") for number in range(120))
    assert all(response.status == 200 for response in fetcher)
    assert loop.places.most > low
    limit(1024)
    for number in range(100):  # an eighth more each time, up to what was asked for
        if loop.places.raise_at < float("inf"):
            loop.places.raise_at = 0.0  # the second that it waits for
        fetcher.add(url(number % 60, f"good/{number}"))
        assert next(fetcher).status == 200
    assert loop.places.most == 256
    assert told == [TooFewDescriptors], told
"""
    run(program, server, tmp_path)


def test_with_nothing_at_work_it_is_the_named_error(server: FaultyServer, tmp_path: Path) -> None:
    program = """
limit(64)
with Fetcher(resolve=resolve) as fetcher, ConnectionPool(resolve=resolve) as pool:
    fetcher.add(url(0))
    assert next(fetcher).status == 200
    fetcher._loop.idle and [connection.close() for connection in list(fetcher._loop.idle)]
    held = use_up()
    fetcher.feed(url(number) for number in range(5))
    errors = [response.error for response in fetcher]
    try:
        pool.get(url(0))
    except OSError as error:
        errors.append(error)
    assert [error.errno for error in errors] == [errno.EMFILE] * 6, errors
    for descriptor in held:
        os.close(descriptor)
    fetcher.add(url(0))
    assert next(fetcher).status == 200
    assert pool.get(url(0)).status == 200
"""
    run(program, server, tmp_path)


def test_a_client_gets_every_page_under_a_low_limit(server: FaultyServer, tmp_path: Path) -> None:
    """By fetch_many and by awaits; and where nothing is at work, it is the named error."""
    program = """
import asyncio
from httpconn import AsyncClient
limit(64)

async def main():
    held = use_up(left=20)
    async with AsyncClient(resolve=resolve) as client:
        urls = [url(number % 60, f"good/{number}") for number in range(300)]
        statuses = [response.status async for response in client.fetch_many(urls)]
        statuses += [response.status for response in await asyncio.gather(*map(client.get, urls))]
        assert statuses == [200] * 600, statuses
        assert client._driver.engine.places.most < 20
        assert told == [TooFewDescriptors], told
        for connection in list(client._driver.engine.idle):
            connection.close()
        held += use_up()
        try:
            await client.get(url(0))
        except OSError as error:
            assert error.errno == errno.EMFILE, error
        else:
            raise AssertionError
        for descriptor in held:
            os.close(descriptor)
        assert (await client.get(url(0))).status == 200

asyncio.run(main())
"""
    run(program, server, tmp_path)


def test_a_pool_closes_an_idle_connection_for_another_host(server: FaultyServer, tmp_path: Path) -> None:
    program = """
limit(64)
with ConnectionPool(resolve=resolve) as pool:
    held = use_up(left=3)
    for number in range(30):
        assert pool.get(url(number)).status == 200
    assert told == [TooFewDescriptors], told
"""
    before = server.connections
    run(program, server, tmp_path)
    assert server.connections - before == 30


def test_threads_of_a_pool_wait_for_each_other(server: FaultyServer, tmp_path: Path) -> None:
    program = """
limit(64)
statuses = []
with ConnectionPool(resolve=resolve) as pool:
    pool.get(url(0))
    held = use_up(left=5)
    def work(first):
        for number in range(10):
            statuses.append(pool.get(url(10 * first + number, "good/2")).status)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
assert statuses == [200] * 200, statuses
"""
    run(program, server, tmp_path)


def test_threads_of_a_pool_wait_for_connections_that_are_being_opened(server: FaultyServer, tmp_path: Path) -> None:
    """Their handshakes take their time, and end when somebody has found no descriptor."""
    program = """
import time
limit(64)
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
told_of = threading.Event()
warnings.showwarning = lambda *told: told_of.set()
errors = []
def refuse():
    told_of.wait(30)
    time.sleep(0.2)  # for the others to meet the limit as well
    listener.close()  # which resets who waits there
with ConnectionPool(timeout=Timeout(60, pool=60)) as pool:
    try:
        pool.get("https://127.0.0.1:1/")  # all that is imported late
    except Exception:
        pass
    held = use_up(left=4)
    def work(number):
        try:
            pool.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    threading.Thread(target=refuse, daemon=True).start()
    for thread in threads:
        thread.join()
    assert told_of.is_set()
assert [error for error in errors if getattr(error, "errno", None) == errno.EMFILE] == [], errors
assert len(errors) == 8
"""
    run(program, server, tmp_path)


def test_a_file_for_the_content_finds_a_descriptor_too(server: FaultyServer, tmp_path: Path) -> None:
    program = """
limit(64)
with Fetcher(resolve=resolve) as fetcher:
    held = use_up(left=20)
    fetcher.feed(Request("GET", url(number, f"good/{number}"), sink=f"page-{number}") for number in range(200))
    for response in fetcher:
        assert response.error is None, response.error
assert len([name for name in os.listdir() if name.startswith("page-")]) == 200
"""
    run(program, server, tmp_path)


def test_a_lookup_without_a_descriptor_is_no_unknown_name(server: FaultyServer, tmp_path: Path) -> None:
    program = """
limit(64)
with ConnectionPool() as pool:
    def fail(*given):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    socket.getaddrinfo, real = fail, socket.getaddrinfo
    held = use_up()
    try:
        pool.get(f"http://localhost:{port}/good/1")
    except OSError as error:
        assert error.errno == errno.EMFILE, error
    else:
        raise AssertionError
    for descriptor in held:
        os.close(descriptor)
    socket.getaddrinfo = real
    assert pool.get(f"http://localhost:{port}/good/1").status == 200
"""
    run(program, server, tmp_path)


def test_more_connections_than_descriptors_are_a_warning_at_once(server: FaultyServer, tmp_path: Path) -> None:
    """Where they were asked for, and in the line that does."""
    program = """
import pickle
limit(64)
for kind in (ConnectionPool, Fetcher):
    kind(max_connections=64).close()
    made = kind()
    pickle.loads(pickle.dumps(made)).close()
    made.close()
    assert told == [], told
    warnings.showwarning = lambda message, category, file, *rest, **more: told.append((category, file))
    kind(max_connections=65).close()
    assert told == [(TooFewDescriptors, __file__)], told
    told.clear()
"""
    run(program, server, tmp_path)
