#!/usr/bin/env bash
# What: a form of one field as multipart/form-data under 'boundary="B"', 'charset=utf-8; boundary=B', 'Multipart/Form-Data; BOUNDARY=B' and with a space in
#   front of the semicolon, as a page of BlackSheep 2.6.4, WebOb 1.8.11 (Pyramid's), tornado 6.6.1, Bottle 0.13.4, Starlette 1.10.0 (python-multipart 0.0.34)
#   and Werkzeug 3.1.9 (Flask's) gets it.
# Expected: the field. A value may be quoted, must be where it has a colon or a space in it (RFC 2046, 5.1.1), other parameters may stand beside it, media types
#   and names of parameters know no case, and spaces may stand around the semicolon (RFC 9110, 8.3.1 and 5.6.6).
# Seen: 2026-11-30, Python 3.11.7: the field by Werkzeug and Starlette. Else an empty form, and no error:
#   quoted    BlackSheep
#   charset   BlackSheep
#   capitals  BlackSheep, WebOb, tornado; Bottle takes the whole body for one field of a query
#   space     BlackSheep, WebOb
# Why it matters: HTTP libraries of other languages write boundaries in quotes. An upload by them is stored as nothing, with 200, and the sender's log says that
#   all was well; the same request works at the next framework.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check blacksheep==2.6.4 WebOb==1.8.11 tornado==6.6.1 bottle==0.13.4 starlette==1.10.0 python-multipart==0.0.34 werkzeug==3.1.9
cd "$dir"
timeout 60 v/bin/python -W ignore - <<'PY'
import asyncio, io, sys
from importlib.metadata import version

import bottle, webob
from blacksheep import Application, Request as BlackSheepRequest, Router
from starlette.requests import Request as StarletteRequest
from tornado.httputil import HTTPHeaders, parse_body_arguments
from werkzeug.wrappers import Request as WerkzeugRequest

BODY = b'--B\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n--B--\r\n'


def environ_of(media_type):
    """Return the environ of a POST, as PEP 3333 has it."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "SERVER_NAME": "h", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    return environ | {"CONTENT_TYPE": media_type, "CONTENT_LENGTH": str(len(BODY)), "wsgi.input": io.BytesIO(BODY)}


def by_blacksheep(media_type):
    form, app = {}, Application(router=Router())

    @app.router.post("/")
    async def page(request: BlackSheepRequest):
        for part in await request.multipart() or ():
            data = part.data if isinstance(part.data, bytes) else part.data.read()
            form[part.name.decode() if isinstance(part.name, bytes) else part.name] = data.decode()

    async def receive():
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message):
        assert message.get("status", 200) < 300, message

    async def ask():
        fields = [(b"host", b"h"), (b"content-type", media_type.encode()), (b"content-length", str(len(BODY)).encode())]
        scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "scheme": "http"}
        await app.start()
        await app(scope | {"http_version": "1.1", "headers": fields, "server": ("h", 80), "client": ("127.0.0.1", 1)}, receive, send)

    asyncio.run(ask())
    return form


def by_tornado(media_type):
    fields = {}
    parse_body_arguments(media_type, BODY, fields, {}, HTTPHeaders())
    return {name: values[0].decode() for name, values in fields.items()}


def by_starlette(media_type):
    async def receive():
        return {"type": "http.request", "body": BODY}

    async def form():
        return dict(await StarletteRequest({"type": "http", "method": "POST", "headers": [(b"content-type", media_type.encode())]}, receive).form())

    return asyncio.run(form())


READERS = {
    "blacksheep": by_blacksheep,
    "WebOb": lambda media_type: dict(webob.Request(environ_of(media_type)).POST),
    "tornado": by_tornado,
    "bottle": lambda media_type: dict(bottle.BaseRequest(environ_of(media_type)).forms),
    "starlette": by_starlette,
    "werkzeug": lambda media_type: WerkzeugRequest(environ_of(media_type)).form.to_dict(),
}
# the media type, and by whom the form is empty
ROWS = {
    "plain": ("multipart/form-data; boundary=B", ""),
    "quoted": ('multipart/form-data; boundary="B"', "blacksheep"),
    "charset": ("multipart/form-data; charset=utf-8; boundary=B", "blacksheep"),
    "capitals": ("Multipart/Form-Data; BOUNDARY=B", "blacksheep WebOb tornado"),
    "space": ("multipart/form-data ; boundary=B", "blacksheep WebOb"),
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in (*READERS, "python-multipart")))
for row, (media_type, expected) in ROWS.items():
    seen = {name: read(media_type) for name, read in READERS.items()}
    empty = [name for name, form in seen.items() if not form]
    print(f"{row:9} {media_type:47} empty by", *empty or ["none"])
    assert empty == expected.split(), "changed"
    for name, form in seen.items():
        if (row, name) == ("capitals", "bottle"):
            print("          bottle:", form)
            assert len(form) == 1 and "field" not in form, "changed"
        else:
            assert form == {"field": "value"} or name in empty, f"changed: {name} {form}"
PY
