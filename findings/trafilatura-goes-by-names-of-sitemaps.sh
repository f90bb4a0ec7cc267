#!/usr/bin/env bash
# What: sitemaps read by trafilatura 2.3.1 (sitemap_search), with the sitemaps of a site handed to it in place of its downloads; and the same documents by
#   ultimate-sitemap-parser 1.8.1 and Scrapy 2.19.0 (scrapy.utils.sitemap).
# Expected: the pages, by each. What stands in a <sitemapindex> is a sitemap and what stands in a <urlset> is a page, whatever their names; a <loc> is an xsd:anyURI, around which
#   white space means nothing; robots.txt may have 500 KiB (RFC 9309, 2.5).
# Seen: 2026-11-30, Python 3.11.7. So by ultimate-sitemap-parser and Scrapy. By trafilatura
#   <loc> on a line of its own        the page is left out
#   an index of '/sitemaps/1'         '/sitemaps/1' is given as a page, and its pages are not looked for
#   the page '/feed.xml'              asked for as a sitemap, and left out
#   '/a?b=2&a=1'                      '/a?a=1&b=2', another URL
#   robots.txt of 14,000 characters   the sitemaps that it names are not looked for
# Why it matters: '/sitemaps/1', '/sitemap?page=2' and '/wp-sitemap-posts/' are what content systems name the parts of an index: of such a site the crawl has a
#   handful of "pages" which are XML, none of the site's, and no error.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check trafilatura==2.3.1 lxml-html-clean==0.4.6 ultimate-sitemap-parser==1.8.1 scrapy==2.19.0
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import logging, sys
from importlib.metadata import version
import trafilatura.sitemaps
from scrapy.utils.sitemap import Sitemap
from usp.tree import sitemap_from_str

logging.disable()
SITE = "http://site.example"
START = '<?xml version="1.0" encoding="UTF-8"?>\n<{0} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{1}</{0}>'


def pages(*urls):
    return START.format("urlset", "".join(f"<url><loc>{url}</loc></url>" for url in urls))


def index(url):
    return START.format("sitemapindex", f"<sitemap><loc>{url}</loc></sitemap>")


def by_trafilatura(files):
    """Return the pages that are found, and the paths that were asked for."""
    asked = []

    def fetch_url(url, config=None):
        asked.append(url.removeprefix(SITE))
        return files.get(asked[-1])

    trafilatura.sitemaps.fetch_url = fetch_url
    trafilatura.sitemaps.is_live_page = lambda url, config=None: True
    return [url.removeprefix(SITE) for url in trafilatura.sitemaps.sitemap_search(SITE, sleep_time=0)], asked


def by_usp(text):
    top = sitemap_from_str(text)
    urls = [each.url for each in getattr(top, "sub_sitemaps", [])] or [page.url for page in top.all_pages()]
    return [url.removeprefix(SITE) for url in urls]


def by_scrapy(text):
    return [entry["loc"].removeprefix(SITE) for entry in Sitemap(text.encode())]


RULES = "User-agent: *\n" + "Disallow: /a/longer/path/\n" * 500
ONE = pages(SITE + "/a")
CASES = {
    "as most are": ({"/sitemap.xml": ONE}, ["/a"]),
    "white space": ({"/sitemap.xml": pages(f"\n  {SITE}/a\n", SITE + "/b")}, ["/b"]),
    "index": ({"/sitemap.xml": index(SITE + "/part.xml"), "/part.xml": ONE}, ["/a"]),
    "other names": ({"/sitemap.xml": index(SITE + "/sitemaps/1"), "/sitemaps/1": ONE}, ["/sitemaps/1"]),
    "a page .xml": ({"/sitemap.xml": pages(SITE + "/feed.xml", SITE + "/a")}, ["/a"]),
    "a query": ({"/sitemap.xml": pages(SITE + "/a?b=2&amp;a=1")}, ["/a?a=1&b=2"]),
    "robots.txt": ({"/robots.txt": f"User-agent: *\nDisallow:\nSitemap: {SITE}/all\n", "/all": ONE}, ["/a"]),
    "a longer one": ({"/robots.txt": f"{RULES}Sitemap: {SITE}/all\n", "/all": ONE}, []),
}
CONTROLS = {"white space": ["/a", "/b"], "other names": ["/sitemaps/1"], "a page .xml": ["/feed.xml", "/a"], "a query": ["/a?b=2&a=1"]}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("trafilatura", "ultimate-sitemap-parser", "scrapy")))
for name, (files, expected) in CASES.items():
    seen, asked = by_trafilatura(files)
    print(f"{name:13}", seen)
    assert seen == expected, "changed"
    if name == "a page .xml":
        assert "/feed.xml" in asked, "changed"
    if name in ("other names", "a longer one"):
        assert "/sitemaps/1" not in asked and "/all" not in asked, "changed"
for name, right in CONTROLS.items():
    text = CASES[name][0]["/sitemap.xml"]
    assert by_usp(text) == by_scrapy(text) == right, "the control failed"
PY
