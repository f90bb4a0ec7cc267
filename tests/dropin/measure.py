"""What urllib.request, urllib3 and requests cost on http.client and on httpconn: client CPU for each small GET.

    python -m tests.dropin.measure [rounds]

Each run is a process of its own and all talk to one server in another; the two sides take turns, and the best
hundred requests of each are told, since whatever else the machine does only ever adds.
"""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from . import children

_SERVER = """
import selectors, socket
server = socket.create_server(("127.0.0.1", 0), backlog=100)
print(server.getsockname()[1], flush=True)
head = b"HTTP/1.1 200 OK\\r\\nServer: here\\r\\nDate: Mon, 01 Jan 2024 00:00:00 GMT\\r\\nContent-Type: text/plain\\r\\n"
reply = head + b"Cache-Control: no-cache\\r\\nConnection: keep-alive\\r\\nContent-Length: 2\\r\\n\\r\\nhi"
selector = selectors.DefaultSelector()
selector.register(server, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        if key.fileobj is server:
            peer, _ = server.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(peer, selectors.EVENT_READ)
        else:
            data = key.fileobj.recv(65536)
            if data:
                key.fileobj.sendall(reply)
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()
"""

_CLIENTS = {
    "http.client": """
import http.client
connection = http.client.HTTPConnection("127.0.0.1", port)
def get():
    connection.request("GET", "/")
    return connection.getresponse().read()
""",
    "urllib.request": """
import urllib.request
def get():
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as response:
        return response.read()
""",
    "urllib3": """
import urllib3
pool = urllib3.HTTPConnectionPool("127.0.0.1", port)
def get():
    return pool.request("GET", "/").data
""",
    "requests": """
import requests
session = requests.Session()
session.trust_env = False
def get():
    return session.get(f"http://127.0.0.1:{port}/").content
""",
}

_MEASURE = """
import gc, time
for _ in range(200):
    assert get() == b"hi"
gc.collect()
best = float("inf")
for _ in range(40):
    began = time.process_time()
    for _ in range(100):
        get()
    best = min(best, time.process_time() - began)
print(best / 100 * 1e6)
"""


def measured(client: str, port: int, directory: Path, *, installed: bool) -> float:
    """Return the microseconds of client CPU that one request took."""
    first = "import httpconn; httpconn.install()\n" if installed else ""
    source = f"{first}port = {port}\n{_CLIENTS[client]}{_MEASURE}"
    ended = children.run(["-c", source], directory)
    assert ended.returncode == 0, ended.stderr
    return float(ended.stdout)


def main(rounds: int) -> None:
    """Print one line for each library."""
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        port = int(server.stdout.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        try:
            with tempfile.TemporaryDirectory() as directory:
                print(f"{'client CPU for one GET, us':<28}{'http.client':>12}{'httpconn':>12}{'ratio':>8}")
                for client in _CLIENTS:
                    if importlib.util.find_spec(client.partition(".")[0]) is None:
                        continue
                    taken: dict[bool, list[float]] = {False: [], True: []}
                    for _ in range(rounds):
                        for installed, times in taken.items():
                            times.append(measured(client, port, Path(directory), installed=installed))
                    before, after = min(taken[False]), min(taken[True])
                    print(f"{client:<28}{before:>12.1f}{after:>12.1f}{after / before:>8.2f}", flush=True)
        finally:
            server.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
