#!/usr/bin/env bash
# What: fastfeedparser 0.6.5 takes a `rel="edit"`, `"self"` or `"enclosure"` link of an Atom entry for its address, if that one stands
#   before a link *without* rel; it leaves relative links as they are in spite of xml:base, and gives '' for a title of type xhtml.
# Expected: RFC 4287 section 4.2.7.2: a link without rel is an "alternate" one, so the order is nothing (4.1.2: order of children has no
#   meaning); section 2: xml:base holds for every relative reference; 3.1: three types of text. As feedparser 6.0.14 (the control) does it.
# Seen: (2026-11-28, Python 3.11.7; the address of the entry)
#   edit first: fastfeedparser http://site.example/edit/2; self first: .../2.atom; enclosure first: .../2.mp3; xml:base: 2026/one.html
#   feedparser http://site.example/page (and http://site.example/blog/2026/one.html); a title of XHTML: '' and 'A <b>bold</b> one'
# Why it matters: the crawler then asks for the edit address of AtomPub (401) or for a whole podcast in place of the page, and
#   de-duplicates by it. With rel="alternate" written out the same feed is read well, so tests with usual feeds show nothing.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q fastfeedparser==0.6.5 feedparser==6.0.14
timeout 120 "$tmp/v/bin/python" - <<'PY'
import platform
from importlib.metadata import version
import fastfeedparser, feedparser

FEED = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://site.example/blog/"><title>t</title><id>urn:x:1</id>
<updated>2026-11-28T00:00:00Z</updated><author><name>n</name></author><entry><id>urn:x:2</id><updated>2026-11-28T00:00:00Z</updated>%s</entry></feed>"""
PLAIN = "<title>one</title>"
XHTML = '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>bold</b> one</div></title>'
PAGE = '<link href="http://site.example/page"/>'
CASES = {
    "page first": PLAIN + PAGE + '<link rel="edit" href="http://site.example/edit/2"/>',
    "edit first": PLAIN + '<link rel="edit" href="http://site.example/edit/2"/>' + PAGE,
    "self first": PLAIN + '<link rel="self" href="http://site.example/2.atom"/>' + PAGE,
    "enclosure first": PLAIN + '<link rel="enclosure" href="http://site.example/2.mp3"/>' + PAGE,
    "rel written out": PLAIN + '<link rel="edit" href="http://site.example/edit/2"/>' + PAGE.replace("<link", '<link rel="alternate"'),
    "xml:base": PLAIN + '<link href="2026/one.html"/>',
    "xhtml title": XHTML + PAGE,
}
got = {}
for name, entry in CASES.items():
    data = (FEED % entry).encode()
    fast, control = fastfeedparser.parse(data).entries[0], feedparser.parse(data).entries[0]
    got[name] = (fast.get("link"), fast.get("title"), control.link, control.title)
    print(f"{name:16} fastfeedparser {got[name][:2]} feedparser {got[name][2:]}")
page = "http://site.example/page"
assert all(g[2] == page for n, g in got.items() if n != "xml:base") and got["xml:base"][2] == "http://site.example/blog/2026/one.html", "control"
assert got["page first"][0] == got["rel written out"][0] == page, "the usual ones"
assert got["edit first"][0] == "http://site.example/edit/2", "edit"
assert got["self first"][0] == "http://site.example/2.atom", "self"
assert got["enclosure first"][0] == "http://site.example/2.mp3", "enclosure"
assert got["xml:base"][0] == "2026/one.html", "base"
assert got["xhtml title"][1] == "" and got["xhtml title"][3] == "A <b>bold</b> one", "xhtml"
print("versions", *(f"{p} {version(p)}" for p in ("fastfeedparser", "feedparser", "lxml")), platform.python_version())
PY
