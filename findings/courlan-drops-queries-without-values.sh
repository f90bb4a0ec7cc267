#!/usr/bin/env bash
# What: courlan 1.4.0 (the link filter of trafilatura): clean_url and normalize_url, without any option, take away a query whose
#   names have no value (/?12345, /index.php?article/7, &b of ?a=1&b), parameters named source or session, and encode a "+" of
#   the path. Of a link that has another URL in its query clean_url gives that one.
# Expected: what normalising leaves alone unless asked to be strict: a query is opaque to the client (RFC 3986 3.4), "/?12345" and
#   "/" are two pages, "+" in a path is itself and not "%2B" (2.2).
# Seen: 2026-11-29, Python 3.11.7 (normalize_url, then clean_url):
#   /?12345 -> / , /
#   /index.php?article/7 -> /index.php , /index.php
#   /?a=1&b -> /?a=1 , /?a=1
#   /?source=rss&id=3 -> /?id=3 , /?id=3
#   /c++ -> /c%2B%2B , /c%2B%2B
#   /go?url=http://x.example/p?a=1 -> the same, encoded , http://x.example/p?a=1
# Why it matters: a crawl that passes its links through it to drop duplicates fetches one page of such a site (forums, wikis and
#   older content systems have their articles there), and /c%2B%2B may be a 404 where /c++ is a page.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check courlan==1.4.0
cd "$dir"; timeout 60 "$dir/v/bin/python" -W ignore - <<'PY'
import sys
from importlib.metadata import version
from courlan import clean_url, normalize_url

SITE = "http://h.example"
EXPECTED = {
    "/?12345": ("/", "/"),
    "/index.php?article/7": ("/index.php", "/index.php"),
    "/?a=1&b": ("/?a=1", "/?a=1"),
    "/?source=rss&id=3": ("/?id=3", "/?id=3"),
    "/c++": ("/c%2B%2B", "/c%2B%2B"),
    "/go?url=http://x.example/p?a=1": ("/go?url=http%3A%2F%2Fx.example%2Fp%3Fa%3D1", "http://x.example/p?a=1"),
}
print("versions", sys.version.split()[0], "courlan", version("courlan"))
for target, expected in EXPECTED.items():
    seen = tuple(make(SITE + target).removeprefix(SITE) for make in (normalize_url, clean_url))
    print(target, "->", *seen)
    assert seen == expected, "changed"
PY
