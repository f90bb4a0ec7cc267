"""Programs that stand on requests and httpx, each over ``httpconn.adapters``; a part of ``make test-adapters``.

    python -m tests.isolated.adapter_programs      prints a line for each; one that is not installed is a failure

The server tells what it was sent, streams events, and counts: so it is it that says what went over the wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

EVENTS: Final = 5


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: Final[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            self._answer(b"".join(parts))
        else:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        self.seen.append((self.command, self.path))
        if self.path == "/v1/chat/completions" and json.loads(body).get("stream"):
            self._stream()
            return
        failures = sum(path == self.path for _, path in self.seen)
        if self.path.startswith("/fails-twice") and failures <= 2:
            self._send(503, b"", "text/plain")
        elif self.path == "/token":
            form = parse_qs(body.decode())
            told = {"access_token": "t-" + form["grant_type"][0], "token_type": "Bearer", "expires_in": 3600}
            self._send(200, json.dumps(told).encode(), "application/json")
        else:
            told = {"method": self.command, "target": self.path, "fields": dict(self.headers.items()),
                    "body": body.decode("latin-1")}  # fmt: skip
            self._send(200, json.dumps(told).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=60")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        """Events as OpenAI's server sends them, in chunks."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = [
            json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
                        "choices": [{"index": 0, "delta": {"content": f"word{number} "}, "finish_reason": None}]})
            for number in range(EVENTS)
        ]  # fmt: skip
        for event in [*events, "[DONE]"]:
            data = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """A server on loopback; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def mounted(session: Any, **options: Any) -> Any:
    from httpconn.adapters import RequestsAdapter

    for scheme in ("http://", "https://"):
        session.mount(scheme, RequestsAdapter(**options))
    return session


def with_toolbelt(url: str) -> None:
    """requests-toolbelt: a form that is streamed, with its monitor; a streamed download into a file; its own session."""
    import requests
    from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor
    from requests_toolbelt.downloadutils import stream
    from requests_toolbelt.sessions import BaseUrlSession

    from httpconn.adapters import RequestsAdapter, RequestsSession

    session = mounted(requests.Session())
    form = MultipartEncoder({"field": "value", "file": ("name.txt", b"x" * 100_000, "text/plain")})
    read: list[int] = []
    monitor = MultipartEncoderMonitor(form, lambda told: read.append(told.bytes_read))
    told = session.post(url, data=monitor, headers={"Content-Type": monitor.content_type}).json()
    assert told["fields"]["Content-Length"] == str(form.len) == str(read[-1])
    assert told["body"].count("x") >= 100_000
    assert told["body"].endswith(f"--{form.boundary_value}--\r\n")
    with tempfile.TemporaryDirectory() as folder:
        path = stream.stream_response_to_file(session.get(url, stream=True), path=str(Path(folder, "page")))
        assert json.loads(Path(path).read_bytes())["method"] == "GET"

    class Based(BaseUrlSession, RequestsSession):
        """Of both."""

    with Based(f"{url}/base/") as based:
        assert based.get("page").json()["target"] == "/base/page"
        assert type(based.get_adapter(url)) is RequestsAdapter


def with_requests_cache(url: str) -> None:
    """requests-cache: the second page comes from its cache, with its content and fields; by its session, by its mixin."""
    import requests_cache

    from httpconn.adapters import RequestsAdapter, RequestsSession

    class Cached(requests_cache.CacheMixin, RequestsSession):  # type: ignore[misc]
        """Of both."""

    sessions = requests_cache.CachedSession(backend="memory", cache_control=True), Cached("c", backend="memory")
    for session in mounted(sessions[0]), sessions[1]:
        first, second = session.get(f"{url}/cached"), session.get(f"{url}/cached")
        assert not first.from_cache
        assert second.from_cache
        assert first.content == second.content
        assert type(session.get_adapter(url)) is RequestsAdapter
    assert second.headers["Content-Type"] == "application/json"
    assert _Handler.seen.count(("GET", "/cached")) == len(sessions)
    session = mounted(requests_cache.CachedSession(backend="memory", cache_control=True))
    streamed = [b"".join(session.get(f"{url}/cached", stream=True).iter_content(10)) for _ in range(2)]
    assert streamed == [first.content] * 2  # it has been read before, and is put into ``raw`` once more


def with_requests_oauthlib(url: str) -> None:
    """requests-oauthlib: signed with OAuth 1."""
    from requests_oauthlib import OAuth1Session

    session = mounted(OAuth1Session("key", client_secret="secret"))
    fields = session.post(f"{url}/signed", data={"a": "1"}).json()["fields"]
    assert fields["Authorization"].startswith("OAuth oauth_nonce=")


def with_authlib(url: str) -> None:
    """Authlib: a token is fetched, and sent, by its session of requests and its client of httpx."""
    from authlib.integrations.httpx_client import OAuth2Client
    from authlib.integrations.requests_client import OAuth2Session

    from httpconn.adapters import HTTPXTransport

    session = mounted(OAuth2Session("id", "secret"))
    with OAuth2Client("id", "secret", transport=HTTPXTransport()) as client:
        for either in (session, client):
            either.fetch_token(f"{url}/token", grant_type="client_credentials")
            assert either.get(f"{url}/page").json()["fields"]["Authorization"] == "Bearer t-client_credentials"


def with_openai(url: str) -> None:
    """openai: a stream of events, as they come, by both of its clients."""
    import openai

    from httpconn.adapters import AsyncHTTPXTransport, HTTPXTransport

    library: Any = sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "?"}], "stream": True}
    with library.Client(transport=HTTPXTransport()) as carried:
        client = openai.OpenAI(api_key="k", base_url=f"{url}/v1", http_client=carried, max_retries=0)
        words = [part.choices[0].delta.content for part in client.chat.completions.create(**asked)]
    assert words == [f"word{number} " for number in range(EVENTS)]

    async def main() -> list[Any]:
        async with library.AsyncClient(transport=AsyncHTTPXTransport()) as carried:
            client = openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", http_client=carried, max_retries=0)
            return [part.choices[0].delta.content async for part in await client.chat.completions.create(**asked)]

    assert asyncio.run(main()) == words


def with_tenacity(url: str) -> None:
    """tenacity: a call is made again for what raise_for_status raises."""
    import requests
    import tenacity

    session = mounted(requests.Session())

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), retry=tenacity.retry_if_exception_type(requests.HTTPError))
    def get() -> Any:
        response = session.get(f"{url}/fails-twice-tenacity")
        response.raise_for_status()
        return response

    assert get().status_code == 200
    assert _Handler.seen.count(("GET", "/fails-twice-tenacity")) == 3


def with_responses(url: str) -> None:
    """responses: it replaces HTTPAdapter.send, and has to be told of ours (``target=``)."""
    import requests
    import responses

    session = mounted(requests.Session())
    with responses.RequestsMock(target="httpconn.adapters.under_requests.RequestsAdapter.send") as mock:
        mock.get("http://nowhere.invalid/", json={"from": "responses"})
        assert session.get("http://nowhere.invalid/").json() == {"from": "responses"}
    with responses.RequestsMock():  # as it is, it does not see what goes through ours
        assert session.get(url).json()["method"] == "GET"


PROGRAMS: Final[tuple[Callable[[str], None], ...]] = (
    with_toolbelt,
    with_requests_cache,
    with_requests_oauthlib,
    with_authlib,
    with_openai,
    with_tenacity,
    with_responses,
)


def run() -> int:
    """Run all; print what each is, and how it went; return how many have failed."""
    failed = 0
    with serving() as url:
        for program in PROGRAMS:
            try:
                program(url)
            except Exception:
                failed += 1
                print(f"FAILED {program.__doc__}\n{traceback.format_exc()}")
            else:
                print(f"passed {program.__doc__}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if run() else 0)
