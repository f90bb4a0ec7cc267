"""One face for every client: a kept connection, GET, everything read. Imported in the children only.

All do the same work: send two fields of our own, check the status, ask for one field, read the whole body.
Each is set up as its documentation does it, with its defaults, but that no redirect, cookie or proxy is looked
for where that can be said. What a client offers for speed is used (pycurl's buffers, aiohttp's C parser).
"""

from __future__ import annotations

import asyncio
import importlib
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from http.client import parse_headers
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

from bench.rivals import ON_HTTPCONN, OURS, RAW, REFERENCE, backend_of

FIELDS: Final = {"User-Agent": "httpconn-bench", "Accept": "*/*"}
RECEIVE_BYTES: Final = 65536
_OK: Final = 200

# status, content type, body (anything that has a length)
Answer = tuple[int, Any, Any]
# status, fields, body
Description = tuple[int, list[tuple[str, str]], bytes]


class WrongAnswer(Exception):
    """A response that is not the expected one."""


class Client:
    """A client and its connection to one server."""

    def __init__(self, url: str, cafile: str | None, timeout_s: float | None) -> None:
        where = urlsplit(url)
        self.host, self.port = str(where.hostname), int(where.port or 0)
        self.base = url.rstrip("/")
        self.cafile = cafile
        self.timeout_s = timeout_s
        self.open()

    def open(self) -> None:
        """Make ready; a connection may be made here or with the first request."""

    def get(self, target: str) -> Answer:
        """GET, with the body read to its end."""
        raise NotImplementedError

    def describe(self, target: str) -> Description:
        """The same, with everything there is to know about the response."""
        raise NotImplementedError

    def fetch(self, targets: Sequence[str]) -> int:
        """GET them one after another; the length of all bodies."""
        total = 0
        for target in targets:
            status, _, body = self.get(target)
            if status != _OK:
                raise WrongAnswer(f"status {status} for {target}")
            total += len(body)
        return total

    def close(self) -> None:
        """Let go of what complains when it is not closed."""

    def context(self) -> ssl.SSLContext | None:
        """What trusts the server; None for plain HTTP."""
        return ssl.create_default_context(cafile=self.cafile) if self.cafile else None


# ---------------------------------------------------------------- the limit: a socket, and no parsing


class RawSocket(Client):
    """send and recv on a socket. How long the answers are it learns from the first, which http.client parses."""

    def open(self) -> None:
        self._sock: socket.socket = socket.create_connection((self.host, self.port), self.timeout_s)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context := self.context():
            self._sock = context.wrap_socket(self._sock, server_hostname=self.host)
        lines = [f"Host: {self.host}:{self.port}", "Accept-Encoding: identity"]
        lines += [f"{name}: {value}" for name, value in FIELDS.items()]
        self._rest = "\r\n".join([" HTTP/1.1", *lines, "", ""]).encode()
        self._bytes = self._head_bytes = 0

    def describe(self, target: str) -> Description:
        self._sock.sendall(b"GET " + target.encode() + self._rest)
        received = bytearray()
        while b"\r\n\r\n" not in received:
            received += self._sock.recv(RECEIVE_BYTES)
        self._head_bytes = received.index(b"\r\n\r\n") + 4
        head = BytesIO(received[: self._head_bytes])
        status = int(head.readline().split()[1])
        fields = parse_headers(head)
        if fields["Transfer-Encoding"] == "chunked":
            body = self._describe_chunked(received)
        else:
            self._bytes = self._head_bytes + int(fields["Content-Length"])
            while len(received) < self._bytes:
                received += self._sock.recv(RECEIVE_BYTES)
            body = bytes(received[self._head_bytes :])
        return status, fields.items(), body

    def _describe_chunked(self, received: bytearray) -> bytes:
        pieces, at = [], self._head_bytes
        while True:
            while (end := received.find(b"\r\n", at)) < 0:
                received += self._sock.recv(RECEIVE_BYTES)
            size = int(received[at:end], 16)
            after = end + 2 + size + 2
            while len(received) < after:
                received += self._sock.recv(RECEIVE_BYTES)
            pieces.append(received[end + 2 : after - 2])
            at = after
            if size == 0:
                self._bytes = after
                return b"".join(pieces)

    def fetch(self, targets: Sequence[str]) -> int:
        send, receive, rest, expected = self._sock.send, self._sock.recv, self._rest, self._bytes
        if expected > RECEIVE_BYTES and self.cafile is None:  # TLS knows no flags
            return self._fetch_large(targets)
        total = 0
        for target in targets:
            send(b"GET " + target.encode() + rest)
            size = len(receive(RECEIVE_BYTES))
            while size < expected:
                size += len(receive(RECEIVE_BYTES))
            total += size
        return total - len(targets) * self._head_bytes

    def _fetch_large(self, targets: Sequence[str]) -> int:
        total = 0
        for target in targets:
            left = self.send_request(target)
            total += left
            while left:
                # One object for all of it, not cleared first: the least that a whole body can cost.
                left -= len(self._sock.recv(left, socket.MSG_WAITALL))
        return total - len(targets) * self._head_bytes

    def send_request(self, target: str) -> int:
        """Send; the length of the whole answer, where ``describe`` has seen one."""
        self._sock.sendall(b"GET " + target.encode() + self._rest)
        return self._bytes

    @property
    def answer_bytes(self) -> int:
        """The length of a whole answer, from what ``describe`` has seen."""
        return self._bytes

    @property
    def body_bytes(self) -> int:
        """The length of its body, chunk framing included."""
        return self._bytes - self._head_bytes

    @property
    def sock(self) -> socket.socket:
        """The socket itself, for whoever reads by other roads."""
        return self._sock


# ---------------------------------------------------------------- http.client and those with its face


class HttpClient(Client):
    """http.client, or a module with its face."""

    module = "http.client"

    def open(self) -> None:
        module: Any = importlib.import_module(self.module)
        timeout = {} if self.timeout_s is None else {"timeout": self.timeout_s}
        if self.cafile:
            self.connection = module.HTTPSConnection(self.host, self.port, context=self.context(), **timeout)
        else:
            self.connection = module.HTTPConnection(self.host, self.port, **timeout)

    def get(self, target: str) -> Answer:
        connection = self.connection
        connection.request("GET", target, headers=FIELDS)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read()

    def describe(self, target: str) -> Description:
        self.connection.request("GET", target, headers=FIELDS)
        response = self.connection.getresponse()
        return response.status, response.getheaders(), response.read()


class Httpconn(HttpClient):
    """httpconn, with the backend that the environment asks for."""

    module = "httpconn"


class Urllib3(Client):
    def open(self) -> None:
        urllib3: Any = importlib.import_module("urllib3")
        trust = {"ca_certs": self.cafile} if self.cafile else {}
        pool = urllib3.HTTPSConnectionPool if self.cafile else urllib3.HTTPConnectionPool
        self._pool = pool(self.host, self.port, maxsize=1, headers=FIELDS, **trust)

    def get(self, target: str) -> Answer:
        response = self._pool.request("GET", target)
        return response.status, response.headers.get("Content-Type"), response.data

    def describe(self, target: str) -> Description:
        response = self._pool.request("GET", target)
        return response.status, list(response.headers.iteritems()), response.data


class Requests(Client):
    def open(self) -> None:
        requests: Any = importlib.import_module("requests")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update(FIELDS)
        if self.cafile:
            self._session.verify = self.cafile

    def get(self, target: str) -> Answer:
        response = self._session.get(self.base + target)
        return response.status_code, response.headers.get("Content-Type"), response.content

    def describe(self, target: str) -> Description:
        response = self._session.get(self.base + target)
        return response.status_code, list(response.raw.headers.iteritems()), response.content


class Httpx(Client):
    def open(self) -> None:
        httpx: Any = importlib.import_module("httpx")
        self._client = httpx.Client(headers=FIELDS, trust_env=False, verify=self.context() or True)

    def get(self, target: str) -> Answer:
        response = self._client.get(self.base + target)
        return response.status_code, response.headers.get("Content-Type"), response.content

    def describe(self, target: str) -> Description:
        response = self._client.get(self.base + target)
        return response.status_code, response.headers.multi_items(), response.content


class Pycurl(Client):
    def open(self) -> None:
        self._pycurl: Any = importlib.import_module("pycurl")
        self._curl = curl = self._pycurl.Curl()
        curl.setopt(curl.HTTPHEADER, [f"{name}: {value}" for name, value in FIELDS.items()])
        if self.cafile:
            curl.setopt(curl.CAINFO, self.cafile)

    def get(self, target: str) -> Answer:
        curl, lines, body = self._curl, BytesIO(), BytesIO()
        curl.setopt(curl.URL, self.base + target)
        curl.setopt(curl.WRITEDATA, body)
        curl.setopt(curl.WRITEHEADER, lines)
        curl.perform()
        self._lines = lines
        return curl.getinfo(curl.RESPONSE_CODE), curl.getinfo(curl.CONTENT_TYPE), body.getvalue()

    def describe(self, target: str) -> Description:
        status, _, body = self.get(target)
        self._lines.seek(0)
        self._lines.readline()
        return status, parse_headers(self._lines).items(), body


class Geventhttpclient(Client):
    def open(self) -> None:
        module: Any = importlib.import_module("geventhttpclient")
        trust = {"ssl": True, "ssl_options": {"ca_certs": self.cafile}} if self.cafile else {}
        self._client = module.HTTPClient(self.host, self.port, headers=FIELDS, network_timeout=30.0, **trust)

    def get(self, target: str) -> Answer:
        response = self._client.get(target)
        return response.status_code, response.get("content-type"), response.read()

    def describe(self, target: str) -> Description:
        response = self._client.get(target)
        return response.status_code, list(response.items()), bytes(response.read())


class Wreq(Client):
    def open(self) -> None:
        blocking: Any = importlib.import_module("wreq.blocking")
        trust: dict[str, Any] = {}
        if self.cafile:
            tls: Any = importlib.import_module("wreq.tls")
            with open(self.cafile) as file:
                trust["tls_verify"] = tls.CertStore(pem_certs=[file.read()])
        self._client = blocking.Client(http1_only=True, no_proxy=True, headers=FIELDS, **trust)

    def get(self, target: str) -> Answer:
        response = self._client.get(self.base + target)
        return response.status.as_int(), response.headers.get("content-type"), response.bytes()

    def describe(self, target: str) -> Description:
        response = self._client.get(self.base + target)
        fields = [(bytes(name).decode(), bytes(value).decode("latin-1")) for name, value in response.headers]
        return response.status.as_int(), fields, bytes(response.bytes())


# ---------------------------------------------------------------- asyncio


class Aiohttp(Client):
    """aiohttp, one request at a time. The loop is entered once for all requests that are timed together."""

    def open(self) -> None:
        self._aiohttp: Any = importlib.import_module("aiohttp")
        self.loop = self.new_loop()
        self.loop.run_until_complete(self._open())

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """asyncio's own event loop."""
        return asyncio.new_event_loop()

    async def _open(self) -> None:
        self._trust = {"ssl": context} if (context := self.context()) else {}
        self._session = self._aiohttp.ClientSession(headers=FIELDS, cookie_jar=self._aiohttp.DummyCookieJar())

    def fetch(self, targets: Sequence[str]) -> int:
        return self.loop.run_until_complete(self._fetch(targets))

    async def _fetch(self, targets: Sequence[str]) -> int:
        total = 0
        for target in targets:
            total += await self.fetch_one(target)
        return total

    async def fetch_one(self, target: str) -> int:
        """GET; the length of the body."""
        async with self._session.get(self.base + target, **self._trust) as response:
            response.headers.get("Content-Type")
            if response.status != _OK:
                raise WrongAnswer(f"status {response.status} for {target}")
            return len(await response.read())

    def describe(self, target: str) -> Description:
        return self.loop.run_until_complete(self._describe(target))

    async def _describe(self, target: str) -> Description:
        async with self._session.get(self.base + target, **self._trust) as response:
            return response.status, list(response.headers.items()), await response.read()

    def close(self) -> None:
        self.loop.run_until_complete(self._session.close())


class AiohttpUvloop(Aiohttp):
    def new_loop(self) -> asyncio.AbstractEventLoop:
        uvloop: Any = importlib.import_module("uvloop")
        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop


# ---------------------------------------------------------------- by name

_CLIENTS: Final[dict[str, Callable[[str, str | None, float | None], Client]]] = {
    RAW: RawSocket,
    REFERENCE: HttpClient,
    **dict.fromkeys(OURS, Httpconn),
    "urllib3": Urllib3,
    "requests": Requests,
    "httpx": Httpx,
    "aiohttp": Aiohttp,
    "aiohttp (uvloop)": AiohttpUvloop,
    "pycurl": Pycurl,
    "geventhttpclient": Geventhttpclient,
    "wreq": Wreq,
}


def prepare(name: str) -> None:
    """Put httpconn in place where the name asks for it, and make sure that it is the one asked for."""
    if name.endswith(ON_HTTPCONN):
        importlib.import_module("httpconn").install()
    if backend := backend_of(name):
        got = importlib.import_module("httpconn").backend()
        if got != backend:
            raise RuntimeError(f"asked for the {backend} backend, got {got}")


def make_client(name: str, url: str, cafile: str | None = None, timeout_s: float | None = None) -> Client:
    """The client of that name, ready for requests. Raises KeyError for a name that is not known."""
    prepare(name)
    return _CLIENTS[name.removesuffix(ON_HTTPCONN)](url, cafile, timeout_s)


def comparable(description: Description) -> tuple[int, list[tuple[str, str]], bytes]:
    """A description as all clients must give it: names in lower case, sorted, without Date, which moves."""
    status, fields, body = description
    return status, sorted(_plain(fields)), bytes(body)


def _plain(fields: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in fields:
        if name.lower() != "date":
            # Some clients join the values of a repeated name, others keep the lines apart: compare the parts.
            yield from ((name.lower(), part.strip()) for part in value.split(","))
