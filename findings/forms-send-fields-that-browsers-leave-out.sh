#!/usr/bin/env bash
# What: forms of a page, submitted as they are by MechanicalSoup 1.4.0 (StatefulBrowser.submit_selected), mechanize 0.4.10 (Browser.submit), Scrapy 2.19.0 (FormRequest.from_response),
#   form2request 0.2.0 (which Scrapy recommends in its place now), WebTest 3.0.7 (form.submit with its button) and lxml 6.1.3 (lxml.html.submit_form, which presses no button). Told is
#   the content of the request.
# Expected: the fields that a browser sends (WHATWG HTML, 4.10.21.4). Left out are those of a disabled fieldset, within a datalist, of another form by their form= attribute, and buttons
#   other than the one that submits; a field behind the form that names it by form= is sent; of a select nothing is chosen that is disabled; a picture that submits sends where it was hit.
# Seen: 2026-11-30, Python 3.11.7:
#                                        a browser       MechanicalSoup   mechanize       Scrapy    form2request   WebTest       lxml
#   fieldset disabled with a, then b     b=2             a=1&b=2          a=1&b=2         a=1&b=2   a=1&b=2        a=1&b=2       a=1&b=2
#   a, and d within a datalist           a=1             a=1&d=9          a=1&d=9         a=1&d=9   a=1&d=9        a=1&d=9       a=1&d=9
#   a, and z of another form             a=1             a=1&z=2          a=1             a=1&z=2   a=1&z=2        a=1&z=2       a=1&z=2
#   b, and a behind the form             b=2&a=1         b=2&a=1          b=2&a=1         b=2       b=2            b=2&a=1       b=2
#   select: a disabled hint, x, y        a=x             a=               a=x             a=x       a=x            a=            a=x
#   a, a reset button r, a button s      a=1&s=1         a=1&r=r&s=1      a=1&s=1         a=1&s=1   a=1&s=1        a=1&r=r&s=1   a=1
#   a, and a picture i to submit by      a=1&i.x=&i.y=   a=1&i=           a=1&i.x=&i.y=   a=1&i=    a=1            a=1&i=        a=1
# Why it matters: a fieldset is disabled for the part of an order that has not been opened yet (another address, a gift card), with fields that are empty or preset: the server takes
#   them for what was chosen, with a 200. All six send it, so that a change from one to another does not help.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q MechanicalSoup==1.4.0 mechanize==0.4.10 Scrapy==2.19.0 form2request==0.2.0 WebTest==3.0.7 lxml==6.1.3
cat > t.py <<'E2'
import http.server, platform, re, threading, warnings
from importlib.metadata import version
import form2request, lxml.html, mechanicalsoup, mechanize, parsel, scrapy, webtest
warnings.simplefilter("ignore")  # Scrapy recommends form2request
END = "<input type=submit>"
FORMS = {
    "fieldset": f"<form method=post action=/t><fieldset disabled><input name=a value=1></fieldset><input name=b value=2>{END}</form>",
    "datalist": f"<form method=post action=/t><input name=a value=1><datalist><input name=d value=9></datalist>{END}</form>",
    "another": f"<form method=post action=/t><input name=a value=1><input name=z form=g value=2>{END}</form><form id=g action=/u></form>",
    "behind": f"<form id=f method=post action=/t><input name=b value=2>{END}</form><input form=f name=a value=1>",
    "hint": f"<form method=post action=/t><select name=a><option disabled value=''>pick</option><option value=x>X</option><option value=y>Y</option></select>{END}</form>",
    "reset": "<form method=post action=/t><input name=a value=1><input type=reset name=r value=r><button name=s value=1>S</button></form>",
    "picture": "<form method=post action=/t><input name=a value=1><input type=image name=i src=x.png></form>",
}
got = []
def page(name): return f"<html><head><title>t</title></head><body>{FORMS[name]}</body></html>".encode()
class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def answer(self, content):
        self.send_response(200); self.send_header("Content-Type", "text/html; charset=utf-8"); self.send_header("Content-Length", str(len(content))); self.end_headers(); self.wfile.write(content)
    def do_GET(self): self.answer(page(self.path[1:]))
    def do_POST(self): got.append(self.rfile.read(int(self.headers["Content-Length"])).decode()); self.answer(b"ok")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); threading.Thread(target=server.serve_forever, daemon=True).start()
SITE = f"http://127.0.0.1:{server.server_port}/"
def by_mechanicalsoup(name):
    b = mechanicalsoup.StatefulBrowser(); b.open(SITE + name); b.select_form("form"); b.submit_selected()
def by_mechanize(name):
    b = mechanize.Browser(); b.set_handle_robots(False); b.open(SITE + name); b.select_form(nr=0); b.submit()
def by_scrapy(name):
    q = scrapy.FormRequest.from_response(scrapy.http.HtmlResponse(SITE + name, body=page(name), encoding="utf-8")); got.append(q.body.decode())
def by_form2request(name):
    got.append(form2request.form2request(parsel.Selector(page(name).decode(), base_url=SITE + name).css("form")[0]).body.decode())
def by_webtest(name):
    def site(environ, start):
        if environ["REQUEST_METHOD"] == "POST": got.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
        start("200 OK", [("Content-Type", "text/html; charset=utf-8")]); return [page(name)]
    form = webtest.TestApp(site).get("/" + name).forms[0]
    button = {"reset": "s", "picture": "i"}.get(name)
    form.submit(button) if button else form.submit()
def by_lxml(name):
    root = lxml.html.fromstring(page(name), base_url=SITE + name); root.make_links_absolute(); lxml.html.submit_form(root.forms[0])
WAYS = by_mechanicalsoup, by_mechanize, by_scrapy, by_form2request, by_webtest, by_lxml
WANTED = {
    "fieldset": ["a=1&b=2"] * 6, "datalist": ["a=1&d=9"] * 6, "another": ["a=1&z=2", "a=1", "a=1&z=2", "a=1&z=2", "a=1&z=2", "a=1&z=2"],
    "behind": ["b=2&a=1", "b=2&a=1", "b=2", "b=2", "b=2&a=1", "b=2"], "hint": ["a=", "a=x", "a=x", "a=x", "a=", "a=x"],
    "reset": ["a=1&r=r&s=1", "a=1&s=1", "a=1&s=1", "a=1&s=1", "a=1&r=r&s=1", "a=1"],
    "picture": ["a=1&i=", "a=1&i.x=&i.y=", "a=1&i=", "a=1", "a=1&i=", "a=1"],
}
for name in FORMS:
    got.clear()
    for way in WAYS: way(name)
    seen = [re.sub(r"(i\.[xy]=)\d+", r"\1", g) for g in got]
    print(f"{name:9}", seen)
    assert seen == WANTED[name], name
print("versions", *(f"{p} {version(p)}" for p in ("MechanicalSoup", "mechanize", "Scrapy", "form2request", "WebTest", "lxml")), "python", platform.python_version())
E2
timeout 120 v/bin/python t.py
