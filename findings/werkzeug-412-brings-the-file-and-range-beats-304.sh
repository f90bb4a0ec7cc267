#!/usr/bin/env bash
# What: werkzeug 3.1.9's send_file (and Flask 3.1.3's, which is the same): a 412 for an If-Match that does not match carries the FILE as its content, under the file's own ETag and
#   Content-Type; and with a Range beside it, an If-None-Match or If-Modified-Since that would give a 304 gives 206.
# Expected: RFC 9110 13.2.2: If-None-Match false, or If-Modified-Since false: "respond 304", both before Range is looked at; starlette 1.10.0, aiohttp and tornado do so.
#   And the content of a 412 is a message about the error (15.5), not the thing that was refused.
# Seen: 2026-11-28, Python 3.11.7:
#   werkzeug If-Match other: (412, b'0123456789'), text/plain; charset=utf-8, the file's ETag: True | If-None-Match: 304, with Range (206, b'0123')
#            | If-Modified-Since with Range (206, b'0123')
#   flask    the same
# Why it matters: a client that revalidates its stored part (Range with If-None-Match) gets the bytes again, and has to be ready for 206 where it asked "changed?". And one that
#   saves the content before it looks at the status, or counts the bytes to tell an error page from a file, takes the 412 for the download.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q Werkzeug==3.1.9 Flask==3.1.3
cat > t.py <<'E'
import http.client, logging, os, platform, threading
from importlib.metadata import version
import flask, werkzeug.serving, werkzeug.utils
from werkzeug.wrappers import Request
logging.disable(50); open("f.txt", "w").write("0123456789"); F = os.path.abspath("f.txt")
app = flask.Flask("x"); app.add_url_rule("/f.txt", "f", lambda: flask.send_file(F))
apps = {"werkzeug": Request.application(lambda r: werkzeug.utils.send_file(F, r.environ)), "flask": app}
print("versions", *(n + " " + version(n) for n in apps), "python", platform.python_version())
for n, a in apps.items():
    srv = werkzeug.serving.make_server("127.0.0.1", 0, a, threaded=True); threading.Thread(target=srv.serve_forever, daemon=True).start()
    def get(**h):
        c = http.client.HTTPConnection("127.0.0.1", srv.server_port, timeout=10); c.request("GET", "/f.txt", headers={k.replace("_", "-"): v for k, v in h.items()})
        r = c.getresponse(); out = r.status, r.read(), r.headers; c.close(); return out
    h = get()[2]; e, m = h["ETag"], h["Last-Modified"]
    bad = get(If_Match='"other"'); inm = get(If_None_Match=e); inm_r = get(If_None_Match=e, Range="bytes=0-3"); ims_r = get(If_Modified_Since=m, Range="bytes=0-3")
    print(f"{n:8} If-Match other: {bad[:2]}, {bad[2]['Content-Type']}, the file's ETag: {bad[2]['ETag'] == e} | If-None-Match: {inm[0]}, with Range {inm_r[:2]} | If-Modified-Since with Range {ims_r[:2]}")
    assert bad[:2] == (412, b"0123456789") and bad[2]["ETag"] == e and bad[2]["Content-Type"].startswith("text/plain"), f"{n}: another 412"
    assert inm[:2] == (304, b""), f"{n}: the control failed"
    assert inm_r[:2] == ims_r[:2] == (206, b"0123"), f"{n}: Range no longer beats the conditions"
    srv.shutdown(); srv.server_close()
E
timeout 120 v/bin/python t.py
