#!/usr/bin/env bash
# What: <lastmod> of a month ('2000-01') and of a year ('2000'), by ultimate-sitemap-parser 1.8.1, beside dateutil's isoparse (2.9.0.post0) and pandas 3.1.1 (which
#   advertools hands such columns to); and an Atom feed as a sitemap, with a rel="edit" link in front of the rel="alternate" one.
# Expected: the first of the month and of the year, at 00:00, or no date: both are forms of W3C Datetime, which the sitemaps protocol asks for. Of the
#   feed the page's address: a link says by rel what it is, not by its place (RFC 4287, 4.2.7.2).
# Seen: 2026-11-30, Python 3.11.7:
#   2000-01   2000-01-30 by ultimate-sitemap-parser, on the 30th of a month; 2000-01-01 by isoparse and pandas
#   2000      2000-11-30, on the 30th of November; 2000-01-01 by the others
#   the feed  the address to edit the page at
# Why: from Python 3.11 on it is datetime.fromisoformat that is tried first, which does not know the two forms; then dateutil's parse, which fills what is
#   missing with today's. Under Python 3.10 it is isoparse.
# Why it matters: a page that changed "in 2026" is one that has changed today, each day anew: a crawler that goes by last_modified fetches all of them again,
#   and two runs differ in what they have stored. Only the interpreter has to be upgraded for it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check ultimate-sitemap-parser==1.8.1 python-dateutil==2.9.0.post0 pandas==3.1.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import datetime, sys
from importlib.metadata import version
import pandas
from dateutil.parser import isoparse
from usp.tree import sitemap_from_str

if sys.version_info < (3, 11):
    raise SystemExit("this needs Python 3.11")
DATES = ["2000-01", "2000", "2000-01-02", "2000-01-02T03:04Z"]
URLSET = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">%s</urlset>'
FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>urn:t</id><updated>2026-11-30T04:00:00Z</updated>
<entry><title>e</title><id>urn:e</id><updated>2026-11-30T04:00:00Z</updated><link rel="edit" href="http://site.example/edit/1"/><link rel="alternate" href="http://site.example/1"/></entry></feed>"""


def by_usp():
    pages = "".join(f"<url><loc>http://site.example/{number}</loc><lastmod>{date}</lastmod></url>" for number, date in enumerate(DATES))
    return [page.last_modified.strftime("%Y-%m-%d %H:%M") for page in sitemap_from_str(URLSET % pages).all_pages()]


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("ultimate-sitemap-parser", "python-dateutil", "pandas")))
today = None
while today != datetime.date.today():  # midnight may come in between
    today = datetime.date.today()
    seen = by_usp()
print("dates    ", *DATES, sep="  ")
print("usp      ", *seen, sep="  ")
assert seen == [f"2000-01-{today:%d} 00:00", f"2000-{today:%m-%d} 00:00", "2000-01-02 00:00", "2000-01-02 03:04"], "changed"
for name, read in {"isoparse": isoparse, "pandas": pandas.Timestamp}.items():
    told = [read(date).strftime("%Y-%m-%d %H:%M") for date in DATES]
    print(f"{name:9}", *told, sep="  ")
    assert told == ["2000-01-01 00:00", "2000-01-01 00:00", "2000-01-02 00:00", "2000-01-02 03:04"], "the control failed"
page, = sitemap_from_str(FEED).all_pages()
print("the page of the feed", page.url)
assert page.url == "http://site.example/edit/1", "changed"
PY
