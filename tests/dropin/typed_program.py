"""A program written against http.client's types. ``laws/test_types.py`` checks it as it stands, and on httpconn."""

import csv
import gzip
import io
import json
import shutil
import socket
import ssl
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from http import client
from typing import IO, Any, BinaryIO


class SigningConnection(client.HTTPConnection):
    """Overrides steps, and keeps what it needs in attributes."""

    default_port = 8080
    signed: list[str]

    def __init__(self, host: str, port: int | None = None, *, timeout: float | None = None) -> None:
        super().__init__(host, port, timeout=timeout)
        self.signed = []

    def connect(self) -> None:
        super().connect()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        self.signed.append(f"{method} {url}")
        super().putrequest(method, url, skip_host, skip_accept_encoding)
        self.putheader("X-Signature", "0" * 8, b"1", 2)

    def close(self) -> None:
        super().close()


class CountingResponse(client.HTTPResponse):
    count = 0

    def read(self, amt: int | None = None) -> bytes:
        data = super().read(amt)
        self.count += len(data)
        return data


class CountingConnection(client.HTTPSConnection):
    response_class = CountingResponse


def connect(host: str, secure: bool) -> client.HTTPConnection:
    if not secure:
        return client.HTTPConnection(host, 80, 10.0, ("127.0.0.1", 0), 16384)
    context = ssl.create_default_context()
    connection = client.HTTPSConnection(host, client.HTTPS_PORT, timeout=10, context=context)
    connection.set_debuglevel(0)
    connection.set_tunnel("origin.example", 443, headers={"Proxy-Authorization": "Basic eDp5"})
    return connection


def fetch(connection: client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers={"Accept": "text/html", "X-Number": "1"})
    response: client.HTTPResponse = connection.getresponse()
    if response.status != client.OK or response.status == client.NOT_FOUND:
        raise client.HTTPException(f"{response.status} {response.reason}: {client.responses[response.status]}")
    return response.read()


def answer_of(connection: client.HTTPConnection) -> client.HTTPResponse:
    connection.endheaders()
    return connection.getresponse()


def kind_of(response: client.HTTPResponse) -> str | None:
    return response.getheader("Content-Type")


def age_of(response: client.HTTPResponse) -> str:
    return response.getheader("Age", "0")


def socket_of(connection: client.HTTPConnection) -> socket.socket:
    return connection.sock


def file_of(response: client.HTTPResponse) -> io.BufferedReader:
    return response.fp


def timeout_of(connection: client.HTTPConnection) -> float | None:
    return connection.timeout


def response_class_of(connection: client.HTTPConnection) -> type[client.HTTPResponse]:
    return connection.response_class


def message_of(response: client.HTTPResponse) -> client.HTTPMessage:
    response.msg = response.headers
    return response.msg


def status_of(response: client.HTTPResponse) -> int:
    return response.status


def facts(response: client.HTTPResponse) -> dict[str, str | int | bool | None]:
    return {
        "status": response.getcode(),
        "reason": response.reason,
        "version": response.version,
        "length": response.length,
        "chunked": response.chunked,
        "chunk left": response.chunk_left,
        "will close": response.will_close,
        "closed": response.isclosed() or response.closed,
        "url": response.geturl(),
        "debug": response.debuglevel,
    }


def fields(response: client.HTTPResponse) -> tuple[str | None, str, int | str, list[str], list[tuple[str, str]]]:
    kind: str | None = response.getheader("Content-Type")
    server: str = response.getheader("Server", "unknown")
    age: int | str = response.getheader("Age", 0)
    cookies: list[str] = response.headers.get_all("Set-Cookie", [])
    message: client.HTTPMessage = response.msg
    if "Date" in message and response.info()["Date"]:
        message.add_header("X-Seen", "yes")
    return kind, server, age, cookies, response.getheaders()


def lines(response: client.HTTPResponse) -> Iterator[bytes]:
    with response as opened:
        for line in opened:
            yield line.rstrip(b"\r\n")


def rows(response: client.HTTPResponse) -> list[list[str]]:
    return list(csv.reader(io.TextIOWrapper(response, "utf-8", newline="")))


def pieces(response: client.HTTPResponse) -> Iterable[bytes]:
    buffer = bytearray(1000)
    while count := response.readinto(buffer):
        yield bytes(buffer[:count])
    yield response.read1(10) + response.peek(1) + response.readline(80) + b"".join(response.readlines())


def parsed(response: client.HTTPResponse) -> Any:
    return json.load(response)


def saved(response: client.HTTPResponse, target: IO[bytes]) -> None:
    shutil.copyfileobj(response, target, 65536)


def first_bytes(stream: BinaryIO) -> bytes:
    return stream.read(4)


def unpacked(response: client.HTTPResponse) -> list[str]:
    if first_bytes(response) == b"\x1f\x8b":
        return [gzip.GzipFile(fileobj=response).read().decode()]
    with tarfile.open(fileobj=response, mode="r|") as archive:
        return archive.getnames()


def descriptor(response: client.HTTPResponse) -> int:
    raw: io.BufferedReader = response.fp
    return raw.fileno() + response.fileno()


def upload(connection: client.HTTPConnection, parts: Iterable[bytes], headers: Mapping[str, str]) -> int:
    connection.request("PUT", "/iterable", parts, headers, encode_chunked=True)
    connection.getresponse().read()
    connection.request("PUT", "/text", "text")
    connection.getresponse().close()
    with open("/dev/null", "rb") as file:
        connection.request("PUT", "/file", body=file)
    connection.putrequest("POST", "/steps", skip_accept_encoding=True)
    connection.putheader("Content-Length", "4")
    connection.endheaders(b"bo")
    connection.send(bytearray(b"dy"))
    sock: socket.socket = connection.sock
    timeout: float | None = connection.timeout
    sock.settimeout(timeout)
    return status_of(connection.getresponse())


def safely(connection: client.HTTPConnection) -> str:
    try:
        return fetch(connection, "/").decode()
    except client.IncompleteRead as error:
        return error.partial.decode() + str(error.expected)
    except (client.RemoteDisconnected, client.BadStatusLine, client.CannotSendRequest, client.ResponseNotReady):
        return connection.host + str(connection.port)
    except (client.InvalidURL, client.LineTooLong, client.NotConnected, client.error) as error:
        return str(error)
    finally:
        connection.close()


def by_hand(sock: socket.socket) -> client.HTTPMessage:
    response = client.HTTPResponse(sock, 0, "GET", "http://host.example/")
    response.begin()
    return (
        client.parse_headers(io.BytesIO(b"A: b\r\n\r\n")) if response.status == client.IM_A_TEAPOT else response.headers
    )


if __name__ == "__main__":
    print(safely(connect("www.example.org", secure=True)))
    connection = SigningConnection("host.example", timeout=3)
    print(connection.signed, CountingConnection("host.example").response_class, client.HTTP_PORT)
