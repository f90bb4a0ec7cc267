#!/usr/bin/env bash
# What: which of the types on offer is chosen for an Accept field, by Werkzeug 3.1.9 (Flask's best_match), WebOb 1.8.11 (Pyramid's acceptable_offers), Django 5.2.19
#   (get_preferred_type), Django REST framework 3.18.3 (its negotiation, with a renderer each), Litestar 2.25.0 (best_match), Sanic 25.12.1 (accept.match), CherryPy 18.10.0
#   (tools.accept), Falcon 4.4.0 (client_prefers) and python-mimeparse 2.0.0.
# Expected: RFC 9110, 12.5.1: the most specific range that fits a type gives its weight, 0 is "not acceptable", and types know no case (8.3.1). One of them is left each time:
#   1. 'text/html;q=0, */*'                                        html, json on offer     json
#   2. 'text/*;q=0.5, text/html;q=0.1, application/json;q=0.3'     html, json              json: html has the 0.1 that is said of it
#   3. 'text/html;q=0.1, application/json;q=0.5'                   html, json              json
#   4. 'Text/HTML;q=0.5, Application/JSON'                         html, json              json
#   5. 'text/html;x="a,b";q=0.1, application/json'                 html, json              json
# Seen: 2026-11-30, Python 3.11.7. json each time by Werkzeug and WebOb. html instead, or what is said here:
#   1   Django, DRF, Litestar, Sanic, CherryPy
#   2   DRF, Litestar, Sanic, CherryPy
#   3   DRF, whose order is that of its renderers
#   4   DRF; neither (406) by Falcon, mimeparse, Sanic and CherryPy
#   5   DRF, Litestar, Sanic; neither by Falcon, an error by mimeparse
# Why it matters: who refuses HTML gets HTML by five of nine, in a 200. An API that has a page for people as well hands it to the client that said what it wants instead,
#   and which one it is depends on the framework, not on the field.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check werkzeug==3.1.9 webob==1.8.11 django==5.2.19 djangorestframework==3.18.3 litestar==2.25.0 sanic==25.12.1 CherryPy==18.10.0 falcon==4.4.0 python-mimeparse==2.0.0
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import cherrypy, django, falcon, falcon.testing, mimeparse, webob
from cherrypy.lib import httputil
from django.conf import settings
from django.test import RequestFactory
from litestar.datastructures.headers import Accept
from sanic.headers import parse_accept
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

settings.configure(SECRET_KEY="not a secret")
django.setup()
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

HTML, JSON = OFFERS = ["text/html", "application/json"]


def by_webob(accept):
    chosen = webob.Request.blank("/", headers={"Accept": accept}).accept.acceptable_offers(OFFERS)
    return chosen[0][0] if chosen else None


def by_rest_framework(accept):
    renderers = [type("Renderer", (BaseRenderer,), {"media_type": offer, "format": offer})() for offer in OFFERS]
    request = Request(RequestFactory().get("/", headers={"accept": accept}))
    try:
        return DefaultContentNegotiation().select_renderer(request, renderers)[0].media_type
    except NotAcceptable:
        return None


def by_sanic(accept):
    return parse_accept(accept).match(*OFFERS).mime or None


def by_cherrypy(accept):
    here = httputil.Host("127.0.0.1", 80)
    request = cherrypy._cprequest.Request(here, here)
    request.headers["Accept"] = accept
    cherrypy.serving.load(request, cherrypy._cprequest.Response())
    try:
        return cherrypy.lib.cptools.accept(OFFERS)
    except cherrypy.HTTPError as error:
        assert error.code == 406
        return None


def by_falcon(accept):
    return falcon.Request(falcon.testing.create_environ(headers={"Accept": accept})).client_prefers(OFFERS)


def by_mimeparse(accept):
    try:
        return mimeparse.best_match(OFFERS, accept) or None
    except mimeparse.MimeTypeParseException:
        return "error"


CHOOSERS = {
    "werkzeug": lambda accept: parse_accept_header(accept, MIMEAccept).best_match(OFFERS),
    "webob": by_webob,
    "django": lambda accept: RequestFactory().get("/", headers={"accept": accept}).get_preferred_type(OFFERS),
    "djangorestframework": by_rest_framework,
    "litestar": lambda accept: Accept(accept).best_match(OFFERS),
    "sanic": by_sanic,
    "cherrypy": by_cherrypy,
    "falcon": by_falcon,
    "python-mimeparse": by_mimeparse,
}
FIELDS = [
    "text/html;q=0, */*",
    "text/*;q=0.5, text/html;q=0.1, application/json;q=0.3",
    "text/html;q=0.1, application/json;q=0.5",
    "Text/HTML;q=0.5, Application/JSON",
    'text/html;x="a,b";q=0.1, application/json',
]
RIGHT = [JSON] * 5
EXPECTED = {
    "werkzeug": RIGHT,
    "webob": RIGHT,
    "django": [HTML, *RIGHT[1:]],
    "djangorestframework": [HTML] * 5,
    "litestar": [HTML, HTML, JSON, JSON, HTML],
    "sanic": [HTML, HTML, JSON, None, HTML],
    "cherrypy": [HTML, HTML, JSON, None, JSON],
    "falcon": [JSON, JSON, JSON, None, None],
    "python-mimeparse": [JSON, JSON, JSON, None, "error"],
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in CHOOSERS))
for name, choose in CHOOSERS.items():
    seen = [choose(field) for field in FIELDS]
    print(f"{name:20}", *seen)
    assert seen == EXPECTED[name], "changed"
    assert choose("text/html") == HTML and choose("application/json") == JSON, "the control failed"
PY
