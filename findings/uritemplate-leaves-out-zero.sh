#!/usr/bin/env bash
# What: RFC 6570 templates with numbers and a bool, by uritemplate 4.2.0 (below google-api-python-client and github3.py) and uri-template 1.3.0; then '/items' with parameters of
#   the same values by requests 2.34.2 and httpx 0.28.1.
# Expected: '?offset=0' from '{?offset}' and 0, as '?offset=1' from 1: 0 is a value, and only what is undefined, or null, is left out (RFC 6570, 2.3 and 3.2.1).
# Seen: 2026-11-30, Python 3.11.7:
#                       uritemplate    uri-template
#   {?n} and 0          ?n=            ?n=0
#   {&n} and 0.0        &n=            &n=0.0
#   {;n} and 0          ;n             ;n=0
#   {?n} and False      ?n=            ?n=false
#   {?n} and True       ?n=True        ?n=true
#   {?n} and 1, {n} and {/n} and 0, and a list [0, 1] as {?n*} are right by both.
#   requests and httpx send 'n=0'.
# Why it matters: the first page of a list that begins at 0, a minimum of 0, a switch that is off: 'offset=' is an error by a strict server, and by a lenient one the default, which
#   need not be 0. The other pages are right, so it looks like a fault of the server.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check uritemplate==4.2.0 uri-template==1.3.0 requests==2.34.2 httpx==0.28.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import httpx, requests, uri_template, uritemplate

CASES = [
    ("{?n}", 0, "?n=", "?n=0"),
    ("{&n}", 0.0, "&n=", "&n=0.0"),
    ("{;n}", 0, ";n", ";n=0"),
    ("{?n}", False, "?n=", "?n=false"),
    ("{?n}", True, "?n=True", "?n=true"),
    ("{?n}", 1, "?n=1", "?n=1"),
    ("{n}", 0, "0", "0"),
    ("{/n}", 0, "/0", "/0"),
    ("{?n*}", [0, 1], "?n=0&n=1", "?n=0&n=1"),
    ("{?n}", None, "", ""),
]
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("uritemplate", "uri-template", "requests", "httpx")))
for template, value, expected, right in CASES:
    seen, control = uritemplate.expand(template, n=value), uri_template.expand(template, n=value)
    print(f"{template:6} {value!s:7}", f"uritemplate {seen!r:12}", "uri-template", repr(control))
    assert control == right, "the control failed"
    assert seen == expected, "changed"
sent = requests.Request("GET", "http://host.example/items", params={"n": 0}).prepare().url, str(httpx.Request("GET", "http://host.example/items", params={"n": 0}).url)
assert set(sent) == {"http://host.example/items?n=0"}, "the control failed"
PY
