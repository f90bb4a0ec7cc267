#!/usr/bin/env bash
# What: feedparser 6.0.14 takes at most four letters for the last label of an e-mail address: of <author>joe@news.example (Joe
#   Doe)</author>, the form that RSS 2.0 asks for, it makes the address joe@news.exam and the name "ple (Joe Doe".
# Expected: joe@news.example and Joe Doe; top-level domains of more than four letters are as old as .museum (2001), and there are
#   more than a thousand by now.
# Seen: 2026-11-29, Python 3.11.7:
#   joe@news.com (Joe Doe) -> Joe Doe <joe@news.com>
#   joe@news.info (Joe Doe) -> Joe Doe <joe@news.info>
#   joe@news.museum (Joe Doe) -> um (Joe Doe <joe@news.muse>
#   joe@news.example (Joe Doe) -> ple (Joe Doe <joe@news.exam>
# Why it matters: names and addresses of whoever has a newer domain are wrong in silence (bozo is not set), and the address is
#   one that may belong to somebody else.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check feedparser==6.0.14
cd "$dir"; timeout 60 "$dir/v/bin/python" -W ignore - <<'PY'
import sys
from importlib.metadata import version
import feedparser

EXPECTED = {
    "joe@news.com (Joe Doe)": ("Joe Doe", "joe@news.com"),
    "joe@news.info (Joe Doe)": ("Joe Doe", "joe@news.info"),
    "joe@news.museum (Joe Doe)": ("um (Joe Doe", "joe@news.muse"),
    "joe@news.example (Joe Doe)": ("ple (Joe Doe", "joe@news.exam"),
}
print("versions", sys.version.split()[0], "feedparser", version("feedparser"))
for author, expected in EXPECTED.items():
    feed = feedparser.parse(f"""<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><link>http://h.example/</link>
        <description>d</description><item><title>i</title><author>{author}</author></item></channel></rss>""")
    [found] = feed.entries[0].authors
    print(author, "->", f"{found.get('name')} <{found.get('email')}>")
    assert not feed.bozo and (found.get("name"), found.get("email")) == expected, "changed"
PY
