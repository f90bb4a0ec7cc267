#!/usr/bin/env bash
# What: url-normalize 3.1.0 turns a fragment that begins with "!" into a query: http://h.example/#!/p/1 becomes
#   http://h.example/?_escaped_fragment_=/p/1, another resource. Any other fragment stays one, with its slashes encoded.
# Expected: the fragment stays (or goes): it is not part of what is asked for (RFC 3986 3.5). The scheme that mapped it so was
#   withdrawn by the search engine that had proposed it in 2015.
# Seen: 2026-11-29, Python 3.11.7:
#   http://h.example/#!/p/1 -> http://h.example/?_escaped_fragment_=/p/1
#   http://h.example/?a=1#!x=2 -> http://h.example/?a=1&_escaped_fragment_=x%3D2
#   http://h.example/#/p/1 -> http://h.example/#%2Fp%2F1
# Why it matters: a crawler that normalises links first asks servers for a parameter that nobody serves any more: the front page
#   under as many URLs as there are links, or a 404.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check url-normalize==3.1.0
cd "$dir"; timeout 60 "$dir/v/bin/python" -W ignore - <<'PY'
import sys
from importlib.metadata import version
from url_normalize import url_normalize

EXPECTED = {
    "http://h.example/#!/p/1": "http://h.example/?_escaped_fragment_=/p/1",
    "http://h.example/?a=1#!x=2": "http://h.example/?a=1&_escaped_fragment_=x%3D2",
    "http://h.example/#/p/1": "http://h.example/#%2Fp%2F1",
}
print("versions", sys.version.split()[0], "url-normalize", version("url-normalize"))
for url, expected in EXPECTED.items():
    seen = url_normalize(url)
    print(url, "->", seen)
    assert seen == expected, "changed"
PY
