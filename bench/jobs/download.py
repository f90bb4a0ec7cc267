"""A large body read by the roads that a program may take: into a buffer of its own, or in parts."""

from __future__ import annotations

from typing import Any, Final

from bench.clients import HttpClient, RawSocket, make_client
from bench.jobs import Job, digest

PART_BYTES: Final = 65536


class Download(Job):
    """`road` is "readinto" (a buffer that is large enough, kept) or "parts" (read(65536) until b"")."""

    def __init__(self, client: str, url: str, path: str, road: str, size: int) -> None:
        super().__init__()
        made = make_client(client, url)
        assert isinstance(made, RawSocket | HttpClient)
        self._client = made
        self._path = path
        self._road = road
        self._buffer = bytearray(size)
        self._size = size

    def check(self) -> Any:
        status, _, body = self._client.describe(self._path)
        seen = {"status": status, "length": len(body), "body": digest(body)}
        del body
        if isinstance(self._client, HttpClient):
            parts: list[bytes] = []
            self._read(self._client, parts)
            body = b"".join(parts) if self._road == "parts" else bytes(self._buffer)
            assert digest(body) == seen["body"], f"{self._road} does not give what read() gives"
        return seen

    def run(self, count: int) -> int:
        total = 0
        for _ in range(count):
            if isinstance(self._client, HttpClient):
                total += self._read(self._client, None)
            else:
                total += self._read_raw(self._client)
        return total

    def _read(self, client: HttpClient, keep: list[bytes] | None) -> int:
        client.connection.request("GET", self._path)
        response = client.connection.getresponse()
        total = 0
        if self._road == "parts":
            while part := response.read(PART_BYTES):
                total += len(part)
                if keep is not None:
                    keep.append(part)
            return total
        view = memoryview(self._buffer)
        while total < self._size:
            total += response.readinto(view[total:])
        assert response.readinto(bytearray(1)) == 0
        return total

    def _read_raw(self, client: RawSocket) -> int:
        """The same number of bytes, head and framing included, taken from the socket by the same call."""
        left = client.send_request(self._path)
        view = memoryview(self._buffer)
        while left > 0:
            if self._road == "parts":
                left -= len(client.sock.recv(min(left, PART_BYTES)))
            else:
                left -= client.sock.recv_into(view[: min(left, self._size)])
        return self._size
