#!/usr/bin/env bash
# What: LinkChecker 10.6.0 on a site on loopback whose page has valid links with delimiters and escaped bytes, to pages that are there under these very targets, and nowhere else; and with
#   pictures and styles named in <picture><source srcset>, <video poster>, <link imagesrcset> and a <style> element. Told is what the server is asked for, and what is said to be an error.
# Expected: the targets as they stand in the page: %2F is data where / is a delimiter, and %26 and & differ likewise (RFC 3986, 2.2); a byte that is no UTF-8 stays that byte. And that
#   what a browser loads is looked at, as <img srcset> and style="..." are.
# Seen: 2026-11-30, Python 3.11.7:
#   a&b, a$b, a'b    asked for as /a%26b, /a%24b and /a%27b, and called errors: 404 Not Found
#   a%2Fb, d//e      asked for as /a/b and /d/e, and called errors
#   caf%E9           asked for as /caf%EF%BF%BD (U+FFFD), and called an error
#   q?x=a+b          asked for as /q?x=a%20b, and called an error
#   the pictures of <source srcset>, poster and imagesrcset, and the url() of <style>: not asked for. Those of <img srcset> and of style="..." are.
#   a+b, a;b, a,b, a=b, a!b, a(b), a~b, a%20b, caf%C3%A9, q?x=a%2Bb and q?x=1&y=2 are asked for as they are.
# Why it matters: a site that answers only under its own URLs has a list of broken links that nobody can reproduce by clicking, and the ones that are broken, pictures above all, are not in it.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q LinkChecker==10.6.0
cat > t.py <<'E2'
import html, http.server, os, platform, subprocess, sys, threading
from importlib.metadata import version
KEPT = "a+b", "a;b", "a,b", "a=b", "a!b", "a(b)", "a~b", "a%20b", "caf%C3%A9", "q?x=a%2Bb", "q?x=1&y=2"
CHANGED = {"a&b": "a%26b", "a$b": "a%24b", "a'b": "a%27b", "a%2Fb": "a/b", "d//e": "d/e", "caf%E9": "caf%EF%BF%BD", "q?x=a+b": "q?x=a%20b"}
LOADED, PASSED_BY = ("img1.png", "img2.png", "attribute.png"), ("source1.png", "source2.png", "poster.png", "preload1.png", "preload2.png", "element.png")
LINKS = "".join(f'<a href="{html.escape(link)}">x</a>' for link in (*KEPT, *CHANGED))
FRONT = f"""<html><head><link rel=preload as=image imagesrcset="preload1.png 1x, preload2.png 2x"><style>body {{ background: url(element.png) }}</style></head><body>{LINKS}
<img src=img1.png srcset="img1.png 1x, img2.png 2x"><picture><source srcset="source1.png, source2.png 2x"><img src=img1.png></picture><video poster=poster.png></video>
<p style="background: url(attribute.png)">p</p></body></html>"""
PAGES = {"/": FRONT, **{"/" + name: "<html><body><p id=there>page</p></body></html>" for name in (*KEPT, *CHANGED, *LOADED, *PASSED_BY)}}
asked = set()
class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_GET(self):
        asked.add(self.path[1:]); content = PAGES.get(self.path, "").encode()
        self.send_response(200 if content else 404); self.send_header("Content-Type", "text/html; charset=utf-8"); self.send_header("Content-Length", str(len(content))); self.end_headers(); self.wfile.write(content)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); server.handle_error = lambda *a: None; threading.Thread(target=server.serve_forever, daemon=True).start()
command = [os.path.join(os.path.dirname(sys.executable), "linkchecker"), "--no-status", "-t1", "-r1", f"http://127.0.0.1:{server.server_port}/"]
said = subprocess.run(command, capture_output=True, text=True, timeout=90).stdout
errors = sum("Result     Error: 404" in entry for entry in said.split("\n\n"))
print("asked for as they are:", *(n for n in KEPT if n in asked)); print("as another:", *(f"{n} -> {o}" for n, o in CHANGED.items() if o in asked and n not in asked)); print("errors:", errors)
print("looked at:", *(n for n in LOADED if n in asked), "| not:", *(n for n in PASSED_BY if n not in asked))
assert asked.issuperset(KEPT) and asked.issuperset(CHANGED.values()) and not asked.intersection(CHANGED), "the targets"
assert errors == len(CHANGED), errors
assert asked.issuperset(LOADED) and not asked.intersection(PASSED_BY), "what is loaded"
print("versions LinkChecker", version("LinkChecker"), "requests", version("requests"), "python", platform.python_version())
E2
timeout 110 v/bin/python t.py
