#!/usr/bin/env bash
# What: a page at /dir/page with a link to 'x' and a <base>: 'href="/other/"', 'href="sub/"', and two of them, the first without href, the others
#   '/other/' and '/third/'. Told is what MechanicalSoup 1.4.0 (follow_link) and mechanize 0.4.10 (follow_link) ask the server for, and what
#   lxml 6.1.3 (make_links_absolute) and Scrapy 2.19.0 (LinkExtractor) make of the link.
# Expected: /other/x, /dir/sub/x and /other/x: the first base with an href counts, and it may itself be relative to the page's address (WHATWG HTML, 4.2.3).
# Seen: 2026-11-30, Python 3.11.7. So by Scrapy. Else:
#   MechanicalSoup   /dir/x each time: it knows no <base>
#   mechanize        an error, unknown url type, for each: the base is taken as it stands, and 'sub/' is no address
#   lxml             /third/x for the last
# Why it matters: single-page and older content systems put '<base href="/">' on each page: MechanicalSoup then asks for pages that are not there, or for others
#   that are; and mechanize, a browser by its own word, can follow no link of them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check MechanicalSoup==1.4.0 mechanize==0.4.10 lxml==6.1.3 scrapy==2.19.0
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import lxml.html, mechanicalsoup, mechanize
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor

BASES = {
    "none": "",
    "/other/": '<base href="/other/">',
    "sub/": '<base href="sub/">',
    "three": '<base target="_top"><base href="/other/"><base href="/third/">',
    "absolute": '<base href="{}/other/">',
}
asked = []


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked.append(self.path)
        content = self.server.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
site = f"http://127.0.0.1:{server.server_address[1]}"
url = site + "/dir/page"


def by_mechanicalsoup():
    with mechanicalsoup.StatefulBrowser() as browser:
        browser.open(url, timeout=10)
        browser.follow_link(text="go")
    return asked[-1]


def by_mechanize():
    browser = mechanize.Browser()
    browser.set_handle_robots(False)
    browser.open(url, timeout=10)
    try:
        browser.follow_link(text="go")
    except ValueError as error:
        return str(error).partition(":")[0]
    return asked[-1]


def by_lxml():
    page = lxml.html.document_fromstring(server.page)
    page.make_links_absolute(url)
    return page.xpath("//a/@href")[0].removeprefix(site)


def by_scrapy():
    response = HtmlResponse(url, body=server.page.encode(), encoding="utf-8")
    return LinkExtractor().extract_links(response)[0].url.removeprefix(site)


print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("MechanicalSoup", "mechanize", "lxml", "Scrapy")))
seen = {}
for read in (by_mechanicalsoup, by_mechanize, by_lxml, by_scrapy):
    told = []
    for base in BASES.values():
        server.page = f"<!DOCTYPE html><html><head>{base.format(site)}<title>t</title></head><body><a href=\"x\">go</a></body></html>"
        told.append(read())
    seen[read.__name__[3:]] = told
    print(f"{read.__name__[3:]:14}", *told, sep="  ")
no = "unknown url type"
assert seen == {
    "mechanicalsoup": ["/dir/x"] * 5,
    "mechanize": ["/dir/x", no, no, no, "/other/x"],
    "lxml": ["/dir/x", "/other/x", "/dir/sub/x", "/third/x", "/other/x"],
    "scrapy": ["/dir/x", "/other/x", "/dir/sub/x", "/other/x", "/other/x"],
}, seen
PY
