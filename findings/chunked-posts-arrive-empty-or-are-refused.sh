#!/usr/bin/env bash
# What: POST of 'hello' to Flask 3.1.3, Django 5.2.19, Bottle 0.13.4, Falcon 4.4.0 and Pyramid 2.1 (WSGI), which answer with the
#   content that they got, under gunicorn 27.0.1, waitress 3.0.2, cheroot 11.1.2, granian 2.8.7 and twisted 26.10.0; with Content-Length, and
#   in one chunk, as clients send what they do not know the length of.
# Expected: 'hello' twice. A server takes the chunks off before the application sees them (RFC 9112, 7.1), or answers 411.
# Seen: 2026-11-29, Python 3.11.7. With Content-Length 'hello' by all. In a chunk:
#   waitress                    'hello' by all: it waits for the whole, and says its length
#   gunicorn, cheroot, granian  'hello' by Flask and Pyramid; NOTHING, with 200, by Django and Falcon; 400 by Bottle
#   twisted                     nothing by Flask, Django, Falcon and Pyramid; 400 by Bottle
# Why: without CONTENT_LENGTH the content is as long as the server says by wsgi.input_terminated, which twisted does not say, and which Django and
#   Falcon do not look at. Bottle looks for Transfer-Encoding, which is still there, and reads as chunks what are none any more.
# Why it matters: iterables, generators and files in text mode are sent so by requests, httpx, aiohttp and http.client: uploads are stored with no
#   bytes and a 200, by a pair of two well-kept packages of which each does it with another partner.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check flask==3.1.3 werkzeug==3.1.9 django==5.2.19 bottle==0.13.4 falcon==4.4.0 pyramid==2.1 \
    setuptools==80.9.0 gunicorn==27.0.1 waitress==3.0.2 cheroot==11.1.2 granian==2.8.7 twisted==26.10.0
cd "$dir"
cat > site_under_test.py <<'PY'
import os
import sys
import types


def flask():
    from flask import Flask, request

    app = Flask("app")
    app.post("/")(lambda: request.get_data())
    return app


def django():
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    urls = sys.modules["urls_of_site"] = types.ModuleType("urls_of_site")
    urls.urlpatterns = [path("", lambda request: HttpResponse(request.body, headers={"Content-Length": len(request.body)}))]
    settings.configure(ROOT_URLCONF="urls_of_site", ALLOWED_HOSTS=["*"], SECRET_KEY="x", MIDDLEWARE=[])
    django.setup()
    return get_wsgi_application()


def bottle():
    import bottle

    app = bottle.Bottle()
    app.post("/")(lambda: bottle.request.body.read())
    return app


def falcon():
    import falcon

    class Page:
        def on_post(self, request, response):
            response.data = request.bounded_stream.read()

    app = falcon.App()
    app.add_route("/", Page())
    return app


def pyramid():
    from pyramid.config import Configurator
    from pyramid.response import Response

    with Configurator() as config:
        config.add_route("page", "/")
        config.add_view(lambda request: Response(request.body), route_name="page")
        return config.make_wsgi_app()


app = globals()[os.environ["FRAMEWORK"]]()
PY
timeout 400 v/bin/python - <<'PY'
import os, signal, socket, subprocess, sys, time
from importlib.metadata import version

FOLDER = os.path.dirname(sys.executable)
SERVERS = {
    "waitress": lambda port: ["waitress-serve", f"--listen=127.0.0.1:{port}", "site_under_test:app"],
    "gunicorn": lambda port: ["gunicorn", "-b", f"127.0.0.1:{port}", "site_under_test:app"],
    "cheroot": lambda port: ["cheroot", "--bind", f"127.0.0.1:{port}", "site_under_test:app"],
    "granian": lambda port: ["granian", "--interface", "wsgi", "--port", str(port), "site_under_test:app"],
    "twisted": lambda port: ["twist", "web", "--listen", f"tcp:{port}:interface=127.0.0.1", "--wsgi", "site_under_test.app"],
}
FRAMEWORKS = ("flask", "django", "bottle", "falcon", "pyramid")
HEAD = b"POST / HTTP/1.1\r\nHost: site\r\nConnection: close\r\nContent-Type: application/octet-stream\r\n"
WHOLE = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


def answer(port, request):
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(request)
        with sock.makefile("rb") as file:
            head, _, content = file.read().partition(b"\r\n\r\n")
    status = int(head[9:12])
    return content.decode() if status == 200 else status


def answers(server, framework):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, *rest = SERVERS[server](port)
    process = subprocess.Popen(
        [os.path.join(FOLDER, command), *rest], env={**os.environ, "FRAMEWORK": framework, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        return answer(port, WHOLE), answer(port, CHUNKED)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


print("versions", *(f"{name} {version(name)}" for name in (*SERVERS, *FRAMEWORKS)), sys.version.split()[0])
seen = {}
for server in SERVERS:
    told = [answers(server, framework) for framework in FRAMEWORKS]
    assert all(whole == "hello" for whole, _ in told), (server, told)
    seen[server] = [chunked for _, chunked in told]
    print(f"{server:9}", *(f"{framework} {chunked!r}" for framework, chunked in zip(FRAMEWORKS, seen[server])), flush=True)
some = ["hello", "", 400, "", "hello"]
assert seen == {
    "waitress": ["hello"] * 5, "gunicorn": some, "cheroot": some, "granian": some, "twisted": ["", "", 400, "", ""],
}, seen
PY
