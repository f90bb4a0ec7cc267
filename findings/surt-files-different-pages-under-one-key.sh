#!/usr/bin/env bash
# What: surt 0.3.1, whose keys cdxj-indexer and pywb look pages up by, gives one key to URLs that lead to different pages: the whole
#   URL is lower-cased, path and query too, and percent-encoded delimiters are decoded before the query is taken apart
#   (?q=R%26D becomes the two parameters q=r and d; /a%3Fb becomes /a?b; /a%252Fb, decoded twice, /a/b).
# Expected: host and scheme know no case, the rest does; %26 and %3F are data where & and ? are delimiters (RFC 3986 6.2.2).
# Seen: 2026-11-29, Python 3.11.7:
#   example,h)/watch?v=dqw4w9wgxcq <- /watch?v=dQw4w9WgXcQ /watch?v=DQW4W9WGXCQ
#   example,h)/?d&p=1&q=r <- /?q=R%26D&p=1 /?q=R&D&p=1
#   example,h)/a?b <- /a%3Fb /a?b
#   example,h)/a/b <- /a%252Fb /a/b
# Why it matters: sites whose identifiers are case-sensitive (video ids, short links, base62) have several pages a key: a lookup
#   by key alone, or deduplication by it, takes one of them for the other. Compare the record's own URL as well.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check surt==0.3.1
cd "$dir"; timeout 60 "$dir/v/bin/python" -W ignore - <<'PY'
import sys
from importlib.metadata import version
from surt import surt

PAIRS = {
    "example,h)/watch?v=dqw4w9wgxcq": ("/watch?v=dQw4w9WgXcQ", "/watch?v=DQW4W9WGXCQ"),
    "example,h)/?d&p=1&q=r": ("/?q=R%26D&p=1", "/?q=R&D&p=1"),
    "example,h)/a?b": ("/a%3Fb", "/a?b"),
    "example,h)/a/b": ("/a%252Fb", "/a/b"),
}
print("versions", sys.version.split()[0], "surt", version("surt"))
for expected, targets in PAIRS.items():
    keys = {surt("http://h.example" + target) for target in targets}
    print(*keys, "<-", *targets)
    assert keys == {expected}, "changed"
PY
