"""botocore, which overrides more of http.client's steps than anybody, on httpconn as on http.client."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from .servers import _Handler, _Server, content, serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own affair


class Storage(_Handler):
    """As much of S3 as is needed: objects are kept, and one name is refused before its body is sent."""

    def handle_expect_100(self) -> bool:
        if "refused" in self.path:
            self.close_connection = True
            self.answer(403, b"<Error><Code>AccessDenied</Code></Error>", ("Content-Type", "application/xml"))
            return False
        if "silent" in self.path:
            return True  # a server that knows no Expect: the client goes on by itself after a second
        return super().handle_expect_100()

    def do_PUT(self) -> None:
        self.objects()[self.path] = self.received_body()
        self.server.seen["expected"] += self.headers.get("Expect") == "100-continue"
        self.answer(200, b"", ("ETag", '"1"'))

    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        if name not in self.objects():
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>", ("Content-Type", "application/xml"))
        else:
            self.answer(200, self.objects()[name], chunk=1000 if "chunked" in name else 0)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.received_body()
        self.server.seen["posted"] += 1
        if self.server.seen["posted"] == 1:
            self.answer(503, b"")
        else:
            said = (
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:root</Arn>"
                "<UserId>1</UserId><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
            self.answer(200, said.encode(), ("Content-Type", "text/xml"))

    def objects(self) -> dict[str, bytes]:
        kept: dict[str, bytes] = vars(self.server).setdefault("objects", {})
        return kept


@pytest.fixture
def storage() -> Iterator[_Server]:
    with serving(Storage) as server:
        yield server


@pytest.fixture(scope="module")
def session(library: Callable[[str], ModuleType]) -> Any:
    module = library("botocore.session")
    session = module.Session()
    session.set_credentials("key", "secret")
    return session


@pytest.fixture
def client_of(session: Any, storage: _Server) -> Iterator[Callable[[str], Any]]:
    clients = []

    def client_of(service: str) -> Any:
        config = __import__("botocore.config").config.Config(
            retries={"max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"}
        )
        clients.append(session.create_client(service, "us-east-1", endpoint_url=storage.url, config=config))
        return clients[-1]

    yield client_of
    for client in clients:
        client.close()


def test_its_connections_are_the_bases(session: Any, connection_class: type, response_class: type) -> None:
    from botocore import awsrequest

    assert issubclass(awsrequest.AWSHTTPConnection, connection_class)
    assert issubclass(awsrequest.AWSHTTPSConnection, connection_class)
    assert issubclass(awsrequest.AWSHTTPResponse, response_class)


@pytest.mark.parametrize("size", [0, 10, 300_000])
@pytest.mark.parametrize("name", ["plain", "chunked"])
def test_objects(size: int, name: str, client_of: Callable[[str], Any], storage: _Server) -> None:
    s3 = client_of("s3")
    for _ in range(3):
        assert s3.put_object(Bucket="bucket", Key=name, Body=content(size))["ETag"] == '"1"'
        got = s3.get_object(Bucket="bucket", Key=name)
        assert got["Body"].read() == content(size)
    got = s3.get_object(Bucket="bucket", Key=name)["Body"]
    assert b"".join(got.iter_chunks(1000)) == content(size)
    lines = list(s3.get_object(Bucket="bucket", Key=name)["Body"].iter_lines())
    assert lines == content(size).splitlines()
    if name == "plain":
        assert s3.head_object(Bucket="bucket", Key=name)["ContentLength"] == size
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="bucket", Key="nothing")
    assert storage.accepted == 1
    assert storage.seen["expected"] == 3


def test_a_file_as_body(client_of: Callable[[str], Any], storage: _Server) -> None:
    s3 = client_of("s3")
    s3.put_object(Bucket="bucket", Key="file", Body=io.BytesIO(content(100_000)))
    assert s3.get_object(Bucket="bucket", Key="file")["Body"].read() == content(100_000)
    assert storage.accepted == 1


def test_a_body_that_is_refused_unsent(client_of: Callable[[str], Any], storage: _Server) -> None:
    s3 = client_of("s3")
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.put_object(Bucket="bucket", Key="refused", Body=content(100_000))
    s3.put_object(Bucket="bucket", Key="allowed", Body=content(100_000))
    assert s3.get_object(Bucket="bucket", Key="allowed")["Body"].read() == content(100_000)


def test_a_server_that_says_nothing_to_the_expectation(client_of: Callable[[str], Any], storage: _Server) -> None:
    s3 = client_of("s3")
    s3.put_object(Bucket="bucket", Key="silent", Body=content(1000))
    assert s3.get_object(Bucket="bucket", Key="silent")["Body"].read() == content(1000)
    assert storage.accepted == 1


def test_a_query_is_tried_again(client_of: Callable[[str], Any], storage: _Server) -> None:
    assert client_of("sts").get_caller_identity()["Account"] == "1"
    assert storage.seen["posted"] == 2
    assert storage.accepted == 1


def test_early_close(client_of: Callable[[str], Any], storage: _Server) -> None:
    s3 = client_of("s3")
    s3.put_object(Bucket="bucket", Key="large", Body=content(1_000_000))
    body = s3.get_object(Bucket="bucket", Key="large")["Body"]
    assert body.read(10) == content(10)
    body.close()
    assert s3.get_object(Bucket="bucket", Key="large")["Body"].read() == content(1_000_000)
    assert storage.accepted == 2
