#!/usr/bin/env bash
# What: a request that one trusted proxy has handed on, with the client's address and scheme in Forwarded, or in X-Forwarded-For and X-Forwarded-Proto, by hypercorn 0.18.0
#   (ProxyFixMiddleware, modern for Forwarded, legacy for the others), uvicorn 0.54.0 (ProxyHeadersMiddleware), granian 2.8.9 (wrap_asgi_with_proxy_headers) and Werkzeug 3.1.9 (ProxyFix).
#   Told are the address and the scheme that an application gets.
# Expected: the address alone, and https. In Forwarded an IPv6 address is in brackets and quotes, with a port or without, and names know no case (RFC 7239, 4 and 6); schemes know no
#   case either (RFC 3986, 3.1). X-Forwarded-For is written with ports by some gateways, and a proxy behind a proxy makes a list of X-Forwarded-Proto.
# Seen: 2026-11-30, Python 3.11.7:
#   Forwarded: for="[2001:db8::1]:4711";proto=https    hypercorn: '"[2001:db8::1]:4711"' with its quotes, https
#   Forwarded: For=203.0.113.7;Proto=https             hypercorn: the address of the proxy, http
#   X-Forwarded-For: 203.0.113.7:51234                 hypercorn, granian, Werkzeug: '203.0.113.7:51234'; uvicorn: '203.0.113.7' and the port
#   X-Forwarded-For: [2001:db8::1]:4711                hypercorn, granian, Werkzeug: '[2001:db8::1]:4711'; uvicorn: '2001:db8::1' and the port
#   X-Forwarded-Proto: https,https                     uvicorn, granian: http; hypercorn, Werkzeug: https
#   X-Forwarded-Proto: HTTPS                           uvicorn, granian: http; hypercorn, Werkzeug: 'HTTPS'
# Why it matters: ipaddress.ip_address() of that address raises, and limits and logs by address take each port for another client. A scheme of http behind
#   TLS makes redirects and links to http, and cookies without Secure; by 'HTTPS' a comparison with 'https' fails.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check hypercorn==0.18.0 uvicorn==0.54.0 granian==2.8.9 werkzeug==3.1.9
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import asyncio, sys
from functools import partial
from importlib.metadata import version
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from hypercorn.middleware import ProxyFixMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder


def by_asgi(wrap, fields):
    """Return the client's host, its port and the scheme."""
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)

    scope = {"type": "http", "client": ("127.0.0.1", 1), "scheme": "http", "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()]}
    asyncio.run(wrap(app)(scope, None, None))
    return *seen["client"], seen["scheme"]


def by_werkzeug(fields):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        return []

    environ = EnvironBuilder(headers=fields, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}).get_environ()
    ProxyFix(app)(environ, None)
    return seen["REMOTE_ADDR"], 0, seen["wsgi.url_scheme"]


SERVERS = {
    "hypercorn": partial(by_asgi, lambda app: ProxyFixMiddleware(app, mode="legacy", trusted_hops=1)),
    "uvicorn": partial(by_asgi, lambda app: ProxyHeadersMiddleware(app, "127.0.0.1")),
    "granian": partial(by_asgi, lambda app: wrap_asgi_with_proxy_headers(app, trusted_hosts="127.0.0.1")),
    "werkzeug": by_werkzeug,
}
modern = partial(by_asgi, lambda app: ProxyFixMiddleware(app, mode="modern", trusted_hops=1))
FORWARDED = {
    "for=203.0.113.7;proto=https": ("203.0.113.7", 0, "https"),
    'for="[2001:db8::1]:4711";proto=https': ('"[2001:db8::1]:4711"', 0, "https"),
    "For=203.0.113.7;Proto=https": ("127.0.0.1", 1, "http"),
}
PLAIN = ("203.0.113.7", 0, "https")
WITH_PORT, WITH_BRACKETS = ("203.0.113.7:51234", 0, "https"), ("[2001:db8::1]:4711", 0, "https")
FIELDS = [
    ("203.0.113.7", "https", [PLAIN] * 4),
    ("203.0.113.7:51234", "https", [WITH_PORT, ("203.0.113.7", 51234, "https"), WITH_PORT, WITH_PORT]),
    ("[2001:db8::1]:4711", "https", [WITH_BRACKETS, ("2001:db8::1", 4711, "https"), WITH_BRACKETS, WITH_BRACKETS]),
    ("203.0.113.7", "https,https", [PLAIN, (*PLAIN[:2], "http"), (*PLAIN[:2], "http"), PLAIN]),
    ("203.0.113.7", "HTTPS", [(*PLAIN[:2], "HTTPS"), (*PLAIN[:2], "http"), (*PLAIN[:2], "http"), (*PLAIN[:2], "HTTPS")]),
]
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in SERVERS))
for value, expected in FORWARDED.items():
    seen = modern({"Forwarded": value})
    print(value, "| hypercorn", *seen)
    assert seen == expected, "changed"
for address, scheme, expected in FIELDS:
    seen = [ask({"X-Forwarded-For": address, "X-Forwarded-Proto": scheme}) for ask in SERVERS.values()]
    print(address, scheme, "|", *seen)
    assert seen == expected, "changed"
PY
