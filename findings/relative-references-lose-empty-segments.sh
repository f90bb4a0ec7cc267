#!/usr/bin/env bash
# What: at /d/page, the relative reference '2026/http://site.example/a', as pages of web archives and of proxies under a prefix have it: as Location, followed by requests 2.34.2, urllib3 2.8.0, httpx
#   0.28.1, httpx2 2.16.2, niquests 3.21.2, aiosonic 1.3.3, tornado 6.6.1, httplib2 0.32.1, urllib of Python 3.11, aiohttp 3.14.5, mechanize 0.4.10, pycurl 7.49.0, curl_cffi 0.17.0, primp 2.0.1 and wreq
#   0.13.0; as a link of a page, read by lxml 6.1.3, Scrapy 2.19.0 and w3lib 2.5.0; and joined by furl 2.1.4, boltons 26.2.0, hyperlink 21.0.0, yarl 1.25.1, rfc3986 2.0.0 and uritools 7.0.0.
# Expected: /d/2026/http://site.example/a. A segment may be empty (RFC 3986, 3.3), and what is taken away when a reference is resolved are segments of dots alone (5.2.4).
# Seen: 2026-11-30, Python 3.11.7:
#   /d/2026/http:/site.example/a    requests, urllib3, httpx, httpx2, niquests, aiosonic, tornado, httplib2, urllib; lxml, Scrapy, w3lib; furl
#   /d/2026/http://site.example/a   aiohttp, mechanize, pycurl, curl_cffi, primp, wreq; boltons, hyperlink, yarl, rfc3986, uritools
#   All of them leave '/d/2026/http://site.example/a' alone, where it is written out with its first slash.
# Why: urljoin of urllib drops each empty segment but the first and the last of a path that is relative, and most of these stand on it; httpx has the same for itself.
# Why it matters: the page is "not archived", or the archive answers by one more redirect, to the very reference that is misread. A client in Rust, libcurl or aiohttp gets the page, so does a browser,
#   and whoever compares two crawls has two sites.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 httpx2==2.16.2 aiosonic==1.3.3 tornado==6.6.1 httplib2==0.32.1 aiohttp==3.14.5 mechanize==0.4.10 pycurl==7.49.0 \
    curl_cffi==0.17.0 primp==2.0.1 wreq==0.13.0 lxml==6.1.3 Scrapy==2.19.0 w3lib==2.5.0 furl==2.1.4 boltons==26.2.0 hyperlink==21.0.0 yarl==1.25.1 rfc3986==2.0.0 uritools==7.0.0
python3 -m venv n && n/bin/pip install -q niquests==3.21.2  # it takes urllib3's place, so it has an environment of its own
cat > here.py <<'E2'
import http.server, threading
REFERENCE = "2026/http://site.example/a"
KEPT, LOST = "/d/2026/http://site.example/a", "/d/2026/http:/site.example/a"
got = []
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_GET(self):
        got.append(self.path); first = self.path in ("/d/page", "/d/whole")
        self.send_response(302 if first else 200)
        if first: self.send_header("Location", REFERENCE if self.path == "/d/page" else KEPT)
        self.send_header("Content-Type", "text/html"); self.send_header("Content-Length", "0"); self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); threading.Thread(target=server.serve_forever, daemon=True).start()
SITE = f"http://127.0.0.1:{server.server_port}"
def check(name, follow, wanted):
    for page, target in (("/d/page", wanted), ("/d/whole", KEPT)):
        got.clear(); follow(SITE + page)
        assert got == [page, target], (name, got)
    print(f"{name:10} {wanted}")
E2
cat > t.py <<'E2'
import asyncio, platform, sys, urllib.request
from importlib.metadata import version
from here import KEPT, LOST, REFERENCE, SITE, check
if sys.argv[1] == "niquests":
    import niquests
    check("niquests", niquests.get, LOST); print("versions niquests", version("niquests")); sys.exit()
import aiohttp, aiosonic, boltons.urlutils, curl_cffi.requests, furl, httplib2, httpx, httpx2, hyperlink, lxml.html, mechanize, primp, pycurl, requests, rfc3986, scrapy, tornado.httpclient, uritools, urllib3
import w3lib.html, wreq, yarl
from scrapy.linkextractors import LinkExtractor
async def by_aiohttp(url):
    async with aiohttp.ClientSession() as c, c.get(url) as r: await r.read()
async def by_aiosonic(url):
    async with aiosonic.HTTPClient() as c: await c.get(url, follow=True)
async def by_wreq(url): await (await wreq.Client(redirect=wreq.redirect.Policy.limited(5)).get(url)).bytes()
def by_pycurl(url):
    c = pycurl.Curl(); c.setopt(pycurl.URL, url); c.setopt(pycurl.FOLLOWLOCATION, 1); c.setopt(pycurl.WRITEFUNCTION, lambda b: None); c.perform(); c.close()
def by_mechanize(url): b = mechanize.Browser(); b.set_handle_robots(False); b.open(url)
def run(f): return lambda url: asyncio.run(f(url))
for name, follow, wanted in (
    ("requests", requests.get, LOST), ("urllib3", lambda u: urllib3.request("GET", u), LOST), ("httpx", lambda u: httpx.get(u, follow_redirects=True), LOST),
    ("httpx2", lambda u: httpx2.get(u, follow_redirects=True), LOST), ("aiosonic", run(by_aiosonic), LOST), ("tornado", lambda u: tornado.httpclient.HTTPClient().fetch(u), LOST),
    ("httplib2", lambda u: httplib2.Http().request(u), LOST), ("urllib", lambda u: urllib.request.urlopen(u).close(), LOST), ("aiohttp", run(by_aiohttp), KEPT), ("mechanize", by_mechanize, KEPT),
    ("pycurl", by_pycurl, KEPT), ("curl_cffi", curl_cffi.requests.get, KEPT), ("primp", lambda u: primp.Client(follow_redirects=True).get(u), KEPT), ("wreq", run(by_wreq), KEPT),
): check(name, follow, wanted)
BASE = SITE + "/d/page"
def by_lxml(reference): root = lxml.html.fromstring(f"<a href='{reference}'>x</a>", base_url=BASE); root.make_links_absolute(); return root.get("href")
def by_scrapy(reference): return LinkExtractor().extract_links(scrapy.http.HtmlResponse(BASE, body=f"<a href='{reference}'>x</a>".encode(), encoding="utf-8"))[0].url
for name, join, wanted in (
    ("lxml", by_lxml, LOST), ("Scrapy", by_scrapy, LOST), ("w3lib", lambda r: w3lib.html.get_meta_refresh(f"<meta http-equiv=refresh content='0; url={r}'>", BASE)[1], LOST),
    ("furl", lambda r: furl.furl(BASE).join(r).url, LOST), ("boltons", lambda r: boltons.urlutils.URL(BASE).navigate(r).to_text(), KEPT),
    ("hyperlink", lambda r: hyperlink.parse(BASE).click(r).to_text(), KEPT), ("yarl", lambda r: str(yarl.URL(BASE).join(yarl.URL(r))), KEPT),
    ("rfc3986", lambda r: rfc3986.uri_reference(r).resolve_with(BASE).unsplit(), KEPT), ("uritools", lambda r: uritools.urijoin(BASE, r), KEPT),
):
    assert join(REFERENCE) == SITE + wanted and join(KEPT) == SITE + KEPT, (name, join(REFERENCE))
    print(f"{name:10} {wanted}")
names = "requests urllib3 httpx httpx2 aiosonic tornado httplib2 aiohttp mechanize pycurl curl_cffi primp wreq lxml Scrapy w3lib furl boltons hyperlink yarl rfc3986 uritools".split()
print("versions", *(f"{p} {version(p)}" for p in names), "python", platform.python_version())
E2
timeout 90 v/bin/python -W ignore t.py all
timeout 60 n/bin/python -W ignore t.py niquests
