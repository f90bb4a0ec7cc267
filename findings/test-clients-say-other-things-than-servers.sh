#!/usr/bin/env bash
# What: an application by its test client, and by its server: ASGI by uvicorn 0.54.0 (h11 0.16.0), Starlette 1.10.0's TestClient, httpx 0.28.1's ASGITransport and
#   async-asgi-testclient 1.4.11; WSGI by waitress 3.0.2, werkzeug 3.1.9's Client (Flask's), WebTest 3.0.7, falcon 4.4.0's simulate_request and httpx's WSGITransport.
#   It answers HEAD and 204 with content, says a length of 12 before 7 bytes, and sends a field in Latin-1. Told are the paths and the query that it got, too.
# Expected: what the server says: HEAD and 204 have no content (RFC 9110, 9.3.2 and 15.3.5), a length that is wrong is an error, and a path comes as ASGI and PEP 3333
#   have it (unescaped; under WSGI each byte as the character of that number). A test client is there to find what is wrong before production does.
# Seen: 2026-11-30, Python 3.11.7. Otherwise than by the server come
#   content of a 204       by all seven; of a HEAD by all but TestClient and ASGITransport
#   the wrong length       as a response that is whole by all but WebTest, which raises AssertionError
#   a field in Latin-1     UnicodeDecodeError by TestClient and async-asgi-testclient, UnicodeEncodeError by WSGITransport
#   two fields of a name   the last one alone by falcon
#   '/caf%C3%A9', '?q=%41' still escaped, and '?q=%2541', by async-asgi-testclient; 'café' for 'cafÃ©' under WSGI by WSGITransport
#   '/caf%E9'              three characters, or U+FFFD, for the one byte by werkzeug, falcon and WSGITransport
# Why it matters: tests are green for a page that is cut off, and for "deleted: true" in a 204 that no client ever gets; and red for routes that work.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check starlette==1.10.0 httpx==0.28.1 async-asgi-testclient==1.4.11 uvicorn==0.54.0 h11==0.16.0 werkzeug==3.1.9 WebTest==3.0.7 falcon==4.4.0 waitress==3.0.2
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import asyncio, http.client, socket, sys, threading, time
from importlib.metadata import version
import async_asgi_testclient, falcon.testing, httpx, uvicorn, waitress, webtest, werkzeug.test
from starlette.testclient import TestClient

got = []  # path and query, as the application got them
CONTENT = b"content"


def answer(query):
    """Return the status and the fields for a query."""
    fields = [(b"X-Tag", b"one"), (b"X-Tag", b"two")]
    if query == "latin":
        fields.append((b"X-City", b"Orl\xe9ans"))
    if query == "lie":
        fields.append((b"Content-Length", b"12"))
    if query == "nothing":
        return 204, fields
    return 200, [(b"Content-Type", b"text/plain"), *fields]


async def of_asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    query = scope["query_string"].decode()
    got.append((scope["path"], query))
    status, fields = answer(query)
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": CONTENT})


def of_wsgi(environ, start_response):
    query = environ["QUERY_STRING"]
    got.append((environ["PATH_INFO"], query))
    status, fields = answer(query)
    start_response("204 No Content" if status == 204 else "200 OK", [(name.decode(), value.decode("latin-1")) for name, value in fields])
    return [CONTENT]


def by_server(port):
    def ask(method, target):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, target)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return content, response.headers.get_all("X-Tag")

    return ask


def by_testclient(method, target):
    with TestClient(of_asgi) as client:
        response = client.request(method, target)
        return response.content, response.headers.get_list("X-Tag")


def by_asgi_transport(method, target):
    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(of_asgi), base_url="http://test") as client:
            response = await client.request(method, target)
            return response.content, response.headers.get_list("X-Tag")

    return asyncio.run(ask())


def by_async_asgi_testclient(method, target):
    async def ask():
        async with async_asgi_testclient.TestClient(of_asgi) as client:
            response = await client.open(target, method=method)
            return response.content, response.headers.getall("X-Tag")

    return asyncio.run(ask())


def by_werkzeug(method, target):
    response = werkzeug.test.Client(of_wsgi).open(target, method=method)
    return response.data, response.headers.getlist("X-Tag")


def by_webtest(method, target):
    response = webtest.TestApp(of_wsgi).request(target, method=method)
    return response.body, response.headers.getall("X-Tag")


def by_falcon(method, target):
    path, _, query = target.partition("?")
    response = falcon.testing.simulate_request(of_wsgi, method, path, query_string=query)
    return response.content, [value for name, value in response.headers.items() if name.lower() == "x-tag"]


def by_wsgi_transport(method, target):
    with httpx.Client(transport=httpx.WSGITransport(of_wsgi), base_url="http://test") as client:
        response = client.request(method, target)
        return response.content, response.headers.get_list("X-Tag")


def tell(ask):
    """Return the paths and the query that the application got, then content or error of HEAD, of 204, of a lie and of Latin-1, then the fields."""
    told = []
    for target in ("/caf%C3%A9", "/caf%E9", "/?q=%41"):
        del got[:]
        fields = ask("GET", target)[1]
        told.append(got[-1][target.startswith("/?")])
    for method, target in (("HEAD", "/"), ("GET", "/?nothing"), ("GET", "/?lie"), ("GET", "/?latin")):
        try:
            told.append(ask(method, target)[0])
        except Exception as error:
            told.append(type(error).__name__)
    return [*told, fields]


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in "starlette httpx async-asgi-testclient uvicorn h11 werkzeug WebTest falcon waitress".split()))
listening = socket.create_server(("127.0.0.1", 0))
asgi_server = uvicorn.Server(uvicorn.Config(of_asgi, http="h11", log_level="critical"))
threading.Thread(target=asgi_server.run, kwargs={"sockets": [listening]}, daemon=True).start()
wsgi_server = waitress.create_server(of_wsgi, host="127.0.0.1", port=0)
threading.Thread(target=wsgi_server.run, daemon=True).start()
while not asgi_server.started:
    time.sleep(0.05)
ASKED = {
    "uvicorn": by_server(listening.getsockname()[1]), "TestClient": by_testclient, "ASGITransport": by_asgi_transport, "async-asgi-testclient": by_async_asgi_testclient,
    "waitress": by_server(wsgi_server.effective_port), "werkzeug": by_werkzeug, "WebTest": by_webtest, "falcon": by_falcon, "WSGITransport": by_wsgi_transport,
}
seen = {}
for name, ask in ASKED.items():
    seen[name] = tell(ask)
    print(f"{name:22}", *map(ascii, seen[name]))
asgi_server.should_exit = True
ALL = ["one", "two"]
OF_ASGI, OF_WSGI, REPLACED = "/caf\u00e9", "/caf\u00c3\u00a9", "/caf\ufffd"
assert seen == {
    "uvicorn": [OF_ASGI, REPLACED, "q=%41", b"", b"", "IncompleteRead", CONTENT, ALL],
    "TestClient": [OF_ASGI, REPLACED, "q=%41", b"", CONTENT, CONTENT, "UnicodeDecodeError", ALL],
    "ASGITransport": [OF_ASGI, REPLACED, "q=%41", b"", CONTENT, CONTENT, CONTENT, ALL],
    "async-asgi-testclient": ["/caf%C3%A9", "/caf%E9", "q=%2541", CONTENT, CONTENT, CONTENT, "UnicodeDecodeError", ALL],
    "waitress": [OF_WSGI, "/caf\u00e9", "q=%41", b"", b"", "IncompleteRead", CONTENT, ALL],
    "werkzeug": [OF_WSGI, "/caf\u00ef\u00bf\u00bd", "q=%41", CONTENT, CONTENT, CONTENT, CONTENT, ALL],
    "WebTest": [OF_WSGI, "/caf\u00e9", "q=%41", CONTENT, CONTENT, "AssertionError", CONTENT, ALL],
    "falcon": [OF_WSGI, "/caf\u00ef\u00bf\u00bd", "q=%41", CONTENT, CONTENT, CONTENT, CONTENT, ["two"]],
    "WSGITransport": [OF_ASGI, REPLACED, "q=%41", CONTENT, CONTENT, CONTENT, "UnicodeEncodeError", ALL],
}, "changed"
PY
