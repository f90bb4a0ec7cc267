#!/usr/bin/env bash
# What: forms of a page, submitted as they are by MechanicalSoup 1.4.0 (StatefulBrowser.submit_selected), mechanize 0.4.10 (Browser.submit), Scrapy 2.19.0 (FormRequest.from_response),
#   form2request 0.2.0 (which Scrapy recommends in its place now), WebTest 3.0.7 (form.submit with its button) and lxml 6.1.3 (lxml.html.submit_form). Told are target and content.
# Expected: as a browser does it (WHATWG HTML, 4.10.21.3 to 4.10.21.5): the fields take the place of the query that a GET form's action has, in front of its fragment; the button's formaction
#   is where it goes; line ends are CR LF, less the one with which a textarea begins (13.1.2.5); and the charset is the page's, unless the form names another one.
# Seen: 2026-11-30, Python 3.11.7 ("+" as a browser):
#                                                    MechanicalSoup   mechanize    Scrapy     form2request   WebTest    lxml
#   GET, action="/t?old=1"        /t?a=1             kept             +            +          +              kept       kept
#   GET, action="/t#part"         /t?a=1             +                +            +          +              +          /t
#   a button, formaction="/save"  /save              /t               ValueError   /t         +              /t         /t
#   a textarea of two lines       a=1%0D%0A2         a=%0A1%0A2       +            a=%0A1%0A2 a=%0A1%0A2     a=1%0A2    a=%0A1%0A2
#   'é' on a page in ISO-8859-1   a=%E9              a=%C3%A9         +            +          a=%C3%A9       a=%C3%A9   a=%C3%A9
#   (lxml's submit_form presses no button.) 'old=1&a=1' is what "kept" stands for. mechanize takes '/save' for a whole URL: "unknown url type: /save".
# Why it matters: a search form on page 7 of a list has 'page=7' in its action, and each new search then starts there. Two buttons of a form are "save" and "delete" by formaction alone:
#   four of six send what was to be saved, or deleted, to the other one. A textarea that is handed back as it came grows by a line each time. Old sites read two letters for each 'é'.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q MechanicalSoup==1.4.0 mechanize==0.4.10 Scrapy==2.19.0 form2request==0.2.0 WebTest==3.0.7 lxml==6.1.3
cat > t.py <<'E2'
import http.server, platform, threading, warnings
from importlib.metadata import version
from urllib.parse import urlsplit
import form2request, lxml.html, mechanicalsoup, mechanize, parsel, scrapy, webtest
warnings.simplefilter("ignore")  # Scrapy recommends form2request
END = "<input type=submit>"
FORMS = {
    "query": f"<form method=get action='/t?old=1'><input name=a value=1>{END}</form>",
    "fragment": f"<form method=get action='/t#part'><input name=a value=1>{END}</form>",
    "button": "<form method=post action=/t><input name=a value=1><button name=go value=1 formaction=/save>Save</button></form>",
    "lines": f"<form method=post action=/t><textarea name=a>\n1\n2</textarea>{END}</form>",
    "charset": f"<form method=post action=/t><input name=a value='\xe9'>{END}</form>",
}
HTML = "text/html; charset=iso-8859-1"
got = []
def page(name): return f"<html><head><meta charset=iso-8859-1><title>t</title></head><body>{FORMS[name]}</body></html>".encode("latin-1")
class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def answer(self, content):
        self.send_response(200); self.send_header("Content-Type", HTML); self.send_header("Content-Length", str(len(content))); self.end_headers(); self.wfile.write(content)
    def do_GET(self):
        if self.path[1:] in FORMS: return self.answer(page(self.path[1:]))
        got.append((self.path, "")); self.answer(b"ok")
    def do_POST(self): got.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode())); self.answer(b"ok")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); threading.Thread(target=server.serve_forever, daemon=True).start()
SITE = f"http://127.0.0.1:{server.server_port}/"
def note(request):
    parts = urlsplit(request.url); got.append((parts.path + ("?" + parts.query if parts.query else ""), (request.body or b"").decode()))
def by_mechanicalsoup(name):
    b = mechanicalsoup.StatefulBrowser(); b.open(SITE + name); b.select_form("form"); b.submit_selected()
def by_mechanize(name):
    b = mechanize.Browser(); b.set_handle_robots(False); b.open(SITE + name); b.select_form(nr=0)
    try: b.submit()
    except ValueError as e: got.append((f"ValueError: {e}", ""))
def by_scrapy(name): note(scrapy.FormRequest.from_response(scrapy.http.HtmlResponse(SITE + name, body=page(name), headers={"Content-Type": HTML})))
def by_form2request(name): note(form2request.form2request(parsel.Selector(root=lxml.html.fromstring(page(name), base_url=SITE + name)).css("form")[0]))
def by_webtest(name):
    def site(environ, start):
        if environ["PATH_INFO"][1:] not in FORMS:
            target = environ["PATH_INFO"] + ("?" + environ["QUERY_STRING"] if environ["QUERY_STRING"] else "")
            got.append((target, environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode() if environ["REQUEST_METHOD"] == "POST" else ""))
            start("200 OK", [("Content-Type", HTML)]); return [b"ok"]
        start("200 OK", [("Content-Type", HTML)]); return [page(name)]
    form = webtest.TestApp(site).get("/" + name).forms[0]
    form.submit("go") if name == "button" else form.submit()
def by_lxml(name):
    root = lxml.html.fromstring(page(name), base_url=SITE + name); root.make_links_absolute(); lxml.html.submit_form(root.forms[0])
WAYS = by_mechanicalsoup, by_mechanize, by_scrapy, by_form2request, by_webtest, by_lxml
right, kept, utf8, lf = ("/t?a=1", ""), ("/t?old=1&a=1", ""), ("/t", "a=%C3%A9"), ("/t", "a=%0A1%0A2")
WANTED = {
    "query": [kept, right, right, right, kept, kept], "fragment": [right] * 5 + [("/t", "")],
    "button": [("/t", "a=1&go=1"), ("ValueError: unknown url type: /save", ""), ("/t", "a=1&go=1"), ("/save", "a=1&go=1"), ("/t", "a=1&go=1"), ("/t", "a=1")],
    "lines": [lf, ("/t", "a=1%0D%0A2"), lf, lf, ("/t", "a=1%0A2"), lf], "charset": [utf8, ("/t", "a=%E9"), ("/t", "a=%E9"), utf8, utf8, utf8],
}
for name in FORMS:
    got.clear()
    for way in WAYS: way(name)
    print(f"{name:9}", got)
    assert got == WANTED[name], name
print("versions", *(f"{p} {version(p)}" for p in ("MechanicalSoup", "mechanize", "Scrapy", "form2request", "WebTest", "lxml")), "python", platform.python_version())
E2
timeout 120 v/bin/python t.py
