#!/usr/bin/env bash
# What: forms of multipart/form-data with 'é' in ISO-8859-1, as programs and pages of such sites send them: named by the part's Content-Type, and by a field '_charset_' in front, which browsers fill in; and
#   '_charset_' with utf-8 before two plain fields. Read by Werkzeug 3.1.9 (Flask's), Django 5.2.19, Starlette 1.10.0 (python-multipart 0.0.34),
#   Litestar 2.25.0, Falcon 4.4.0, Sanic 25.12.1, tornado 6.6.1, aiohttp 3.14.5, BlackSheep 2.6.4, Bottle 0.13.4, WebOb 1.8.11 (Pyramid's), multipart 2.0.1 and streaming-form-data 2.1.0.
# Expected: 'é' twice, or its byte where fields are bytes: the part's charset (RFC 7578, 4.5), and "_charset_" for the parts without one (4.6; WHATWG HTML, 4.10.21.4). And all fields of the third.
# Seen: 2026-11-30, Python 3.11.7:
#                                     the part's charset   '_charset_'                   utf-8
#   Starlette                         é                    é                             right
#   tornado, streaming-form-data      the byte             the byte                      right
#   BlackSheep                        é                    é, without the field          without the field
#   aiohttp                           é                    InvalidHeader, a 500          InvalidHeader, a 500
#   Litestar, Sanic, Bottle, multipart  é                  UnicodeDecodeError            right
#   Falcon                            é                    400                           right
#   Werkzeug                          é                    U+FFFD                        right
#   Django                            U+FFFD               U+FFFD                        right
#   WebOb                             ï¿½                  U+FFFD                        right
# Why: aiohttp reads the field's value, and then goes on where it stands, which is its boundary, as if that were the fields of the next part. WebOb reads UTF-8 with replacements and
#   then those by the part's charset.
# Why it matters: <input type=hidden name=_charset_> is the one way for a page to learn in which charset a form came: with it each upload to aiohttp is a 500, whatever charset it names. And a
#   program in another language that says the charset of each part is read as garbage by two of the most used frameworks, with a 200.
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
A, B = b'Content-Disposition: form-data; name="a"\r\n', b'Content-Disposition: form-data; name="b"\r\n\r\ntwo'
def form(*parts): return b"".join(b"--BoUnD\r\n" + p + b"\r\n" for p in parts) + b"--BoUnD--\r\n"
def charset(name): return b'Content-Disposition: form-data; name="_charset_"\r\n\r\n' + name
CASES = {"own": form(A + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe9"), "field": form(charset(b"iso-8859-1"), A + b"\r\n\xe9"), "utf-8": form(charset(b"utf-8"), A + b"\r\none", B)}
good, byte, lost = {"a": "\xe9"}, {"a": b"\xe9"}, {"a": "\ufffd"}
named = {"_charset_": "iso-8859-1"}
texts, octets = {"_charset_": "utf-8", "a": "one", "b": "two"}, {"_charset_": b"utf-8", "a": b"one", "b": b"two"}
WANTED = {
    by_starlette: (good, named | good, texts), by_tornado: (byte, {"_charset_": b"iso-8859-1", **byte}, octets), by_streaming: (byte, {"_charset_": b"iso-8859-1", **byte}, octets),
    by_blacksheep: (good, good, {"a": "one", "b": "two"}), by_aiohttp: (good, "InvalidHeader", "InvalidHeader"), by_litestar: (good, "UnicodeDecodeError", texts),
    by_sanic: (good, "UnicodeDecodeError", texts), by_bottle: (good, "UnicodeDecodeError", texts), by_multipart: (good, "UnicodeDecodeError", texts), by_falcon: (good, "MultipartParseError", texts),
    by_werkzeug: (good, named | lost, texts), by_django: (lost, named | lost, texts), by_webob: ({"a": "\xef\xbf\xbd"}, named | lost, texts),
}
assert set(WANTED) == set(WAYS)
for way, wanted in WANTED.items():
    got = tuple(seen(way, content) for content in CASES.values())
    print(f"{way.__name__:14}", *got)
    assert got == wanted, way.__name__
names = "Werkzeug Django starlette python-multipart litestar falcon sanic tornado aiohttp blacksheep bottle WebOb multipart streaming-form-data".split()
print("versions", *(f"{p} {version(p)}" for p in names), "python", platform.python_version())
E
timeout 60 v/bin/python t.py 2>err || { tail -3 err; exit 1; }
