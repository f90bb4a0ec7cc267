#!/usr/bin/env bash
# What: a form of two fields, a=one and b=two, as multipart/form-data with a line of text in front, with an empty line in front, with a line behind its end, with a space behind each boundary, and with
#   'CONTENT-DISPOSITION: FORM-DATA; NAME=' in capitals. Read by Werkzeug 3.1.9 (Flask's), Django 5.2.19, Starlette 1.10.0 (python-multipart 0.0.34),
#   Litestar 2.25.0, Falcon 4.4.0, Sanic 25.12.1, tornado 6.6.1, aiohttp 3.14.5, BlackSheep 2.6.4, Bottle 0.13.4, WebOb 1.8.11 (Pyramid's), multipart 2.0.1 and streaming-form-data 2.1.0.
# Expected: both fields each time. What stands before the first boundary and behind the last is to be ignored, and a boundary may have white space behind it (RFC 2046, 5.1.1: preamble, epilogue and
#   transport-padding); names of fields, types and parameters know no case (RFC 2183, 2; RFC 2045, 5.1).
# Seen: 2026-11-30, Python 3.11.7: so by Werkzeug, Django, aiohttp and WebOb. Else
#                        a line in front   an empty one   a line behind       a space           capitals
#   Sanic, multipart     right             right          right               AN EMPTY FORM     right
#   streaming-form-data  error             right          A FORM WITHOUT b    error             right
#   tornado              error             error          right               error             error
#   Starlette            error             right          right               error             right
#   BlackSheep, Litestar, Falcon, Bottle   right    right   right              error             right
# Why it matters: e-mail libraries, which other languages use to make such bodies, write "This is a multi-part message in MIME format." in front. Where it is an error one sees it; an empty form and a
#   field less are stored with a 200.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q Werkzeug==3.1.9 Django==5.2.19 starlette==1.10.0 python-multipart==0.0.34 litestar==2.25.0 falcon==4.4.0 sanic==25.12.1 tornado==6.6.1 aiohttp==3.14.5 blacksheep==2.6.4 \
    bottle==0.13.4 WebOb==1.8.11 multipart==2.0.1 streaming-form-data==2.1.0
cat > t.py <<'E'
import asyncio, io, platform, warnings
from importlib.metadata import version
import aiohttp, aiohttp.web, blacksheep, bottle, django, falcon, multipart, webob
from aiohttp.test_utils import TestClient, TestServer
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from litestar._multipart import parse_multipart_form as litestar_form
from sanic.request.form import parse_multipart_form as sanic_form
from starlette.requests import Request as StarletteRequest
from streaming_form_data import StreamingFormDataParser
from streaming_form_data.targets import ValueTarget
from tornado.httputil import parse_multipart_form_data
from werkzeug.wrappers import Request as WerkzeugRequest
warnings.simplefilter("ignore"); settings.configure(); django.setup()
FORM = "multipart/form-data; boundary=BoUnD"
def environ(content):
    return {"REQUEST_METHOD": "POST", "CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(content)), "wsgi.input": io.BytesIO(content), "wsgi.errors": io.StringIO(), "SERVER_NAME": "site.example",
            "SERVER_PORT": "80", "wsgi.url_scheme": "http", "PATH_INFO": "/", "QUERY_STRING": "", "SCRIPT_NAME": "", "SERVER_PROTOCOL": "HTTP/1.1"}
# Each gives the fields of the form as a dict of texts, or of bytes where the framework does so.
def by_werkzeug(content): return dict(WerkzeugRequest(environ(content)).form)
def by_django(content): return WSGIRequest(environ(content)).POST.dict()
def by_falcon(content): return {part.name: part.text for part in falcon.Request(environ(content)).get_media()}
def by_bottle(content): r = bottle.BaseRequest(environ(content)); return {k: r.forms.getunicode(k) for k in r.forms}
def by_webob(content): return dict(webob.Request(environ(content)).POST)
def by_multipart(content): return dict(multipart.parse_form_data(environ(content))[0].items())
def by_tornado(content): fields = {}; parse_multipart_form_data(b"BoUnD", content, fields, {}); return {k: v[0] for k, v in fields.items()}
def by_sanic(content): return {k: v[0] for k, v in sanic_form(content, b"BoUnD")[0].items()}
def by_streaming(content):
    parser = StreamingFormDataParser(headers={"Content-Type": FORM}); targets = {name: ValueTarget() for name in ("_charset_", "a", "b")}
    for name, target in targets.items(): parser.register(name, target)
    parser.data_received(content); return {k: v.value for k, v in targets.items() if v.value}
async def by_blacksheep(content):
    out, app = {}, blacksheep.Application(router=blacksheep.Router())
    @app.router.post("/")
    async def page(request):
        try: out.update(await request.form())
        except Exception as e: out["error"] = e
    async def receive(): return {"type": "http.request", "body": content, "more_body": False}
    async def send(message): pass
    fields = [(b"content-type", FORM.encode()), (b"content-length", str(len(content)).encode())]
    await app.start(); await app({"type": "http", "http_version": "1.1", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": fields, "client": None, "server": None}, receive, send)
    if "error" in out: raise out["error"]
    return out
async def by_starlette(content):
    async def receive(): return {"type": "http.request", "body": content, "more_body": False}
    return dict(await StarletteRequest({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [(b"content-type", FORM.encode())]}, receive).form())
async def by_litestar(content):
    async def stream(): yield content
    return {k: v[0] if isinstance(v, list) else v for k, v in (await litestar_form(stream=stream(), boundary=b"BoUnD")).items()}
async def by_aiohttp(content):
    out = {}
    async def page(request):
        try: out.update(await request.post())
        except Exception as e: out["error"] = e
        return aiohttp.web.Response()
    app = aiohttp.web.Application(); app.router.add_post("/", page)
    async with TestClient(TestServer(app)) as client: await client.post("/", data=content, headers={"Content-Type": FORM})
    if "error" in out: raise out["error"]
    return out
WAYS = by_werkzeug, by_django, by_starlette, by_litestar, by_falcon, by_sanic, by_tornado, by_aiohttp, by_blacksheep, by_bottle, by_webob, by_multipart, by_streaming
def seen(way, content):
    """The form, with what is bytes in Latin-1 as b'...', or the name of the error."""
    try: got = way(content); got = asyncio.run(got) if asyncio.iscoroutine(got) else got
    except Exception as e: return type(e).__name__
    return got
A, B = b'Content-Disposition: form-data; name="a"\r\n\r\none', b'Content-Disposition: form-data; name="b"\r\n\r\ntwo'
def form(a=A, before=b"", padding=b"", after=b"\r\n"):
    return before + b"".join(b"--BoUnD" + padding + b"\r\n" + p + b"\r\n" for p in (a, B)) + b"--BoUnD--" + padding + after
CASES = form(), form(before=b"This is a multi-part message in MIME format.\r\n"), form(before=b"\r\n"), form(after=b"\r\nend\r\n"), form(padding=b" "), form(b'CONTENT-DISPOSITION: FORM-DATA; NAME="a"\r\n\r\none')
ok = "right"
WANTED = {  # the form as it is usually sent is right by all
    by_werkzeug: (ok, ok, ok, ok, ok, ok), by_django: (ok, ok, ok, ok, ok, ok), by_aiohttp: (ok, ok, ok, ok, ok, ok), by_webob: (ok, ok, ok, ok, ok, ok), by_sanic: (ok, ok, ok, ok, {}, ok),
    by_multipart: (ok, ok, ok, ok, {}, ok), by_streaming: (ok, "ParseFailedException", ok, {"a": b"one"}, "ParseFailedException", ok),
    by_blacksheep: (ok, ok, ok, ok, "ValueError", ok), by_tornado: (ok, "HTTPInputError", "HTTPInputError", ok, "HTTPInputError", "HTTPInputError"),
    by_starlette: (ok, "error", ok, ok, "error", ok), by_litestar: (ok, ok, ok, ok, "ClientException", ok), by_falcon: (ok, ok, ok, ok, "MultipartParseError", ok),
    by_bottle: (ok, ok, ok, ok, "MultipartError", ok),
}
assert set(WANTED) == set(WAYS)
for way, wanted in WANTED.items():
    got = tuple(seen(way, content) for content in CASES)
    got = tuple(ok if g in ({"a": "one", "b": "two"}, {"a": b"one", "b": b"two"}) else "error" if way is by_starlette and isinstance(g, str) else g for g in got)
    print(f"{way.__name__:14}", *got)
    assert got == wanted, way.__name__
names = "Werkzeug Django starlette python-multipart litestar falcon sanic tornado aiohttp blacksheep bottle WebOb multipart streaming-form-data".split()
print("versions", *(f"{p} {version(p)}" for p in names), "python", platform.python_version())
E
timeout 60 v/bin/python t.py 2>err || { tail -3 err; exit 1; }
