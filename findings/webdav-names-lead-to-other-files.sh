#!/usr/bin/env bash
# What: files named 'a b', 's;v=1', 'q?x', 'c#d', '100%' and 'a%41' in WebDAV: one is moved there, uploaded and deleted by webdav4 0.11.0 (over httpx 0.28.1; fsspec and DVC stand on it),
#   webdavclient3 3.14.7, aiodav 0.1.14 and easywebdav2 1.3.0, and by http.client with the name escaped; to WsgiDAV 4.4.0 under cheroot 11.1.2. Told is which files there are then.
# Expected: those. What is no delimiter in a name is escaped in the target and in Destination, which is a URL like any other (RFC 4918, 8.3 and 10.3), and unescaped once (RFC 3986, 2.4).
# Seen: 2026-11-30, Python 3.11.7. WsgiDAV takes a file under each of these names by PUT, and deletes it. But
#   MOVE to /s%3Bv%3D1 and /q%3Fx   makes the file 's' and the file 'q', and answers 201 (WsgiDAV, asked by http.client; so for all four clients)
#   'a%41' by webdav4               uploaded, it is 'aA'; moved there, too; and remove("a%41") deletes 'aA'
#   'a%41' by easywebdav2           moved there, it is 'aA'
#   'q?x' and 'c#d' by webdav4      InvalidURL: "Invalid URL component 'path'", though its own ls() gives these names
#   All else is as expected, and all of it by webdavclient3 and aiodav but for the two of WsgiDAV.
# Why: WsgiDAV unescapes Destination, and then takes it apart as a URL; webdav4 hands the name on as it is, and so does easywebdav2 in Destination.
# Why it matters: pages that are stored under their URLs have names like 'q?x=1' and 'q?x=2': moved to their place one after the other, they are one file 'q', the last. And a name that
#   came out of a listing deletes another file.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q WsgiDAV==4.4.0 cheroot==11.1.2 webdav4==0.11.0 httpx==0.28.1 webdavclient3==3.14.7 aiodav==0.1.14 easywebdav2==1.3.0
cat > t.py <<'E2'
import asyncio, http.client, logging, os, platform, tempfile, threading
from importlib.metadata import version
from urllib.parse import quote
import aiodav, cheroot.wsgi, easywebdav2, webdav3.client, webdav4.client
from wsgidav.wsgidav_app import WsgiDAVApp
logging.disable(50)
ROOT = tempfile.mkdtemp(dir=".")
app = WsgiDAVApp({"provider_mapping": {"/": os.path.abspath(ROOT)}, "simple_dc": {"user_mapping": {"*": True}}, "logging": {"enable": False}, "verbose": 0})
server = cheroot.wsgi.Server(("127.0.0.1", 0), app); server.prepare(); threading.Thread(target=server.serve, daemon=True).start()
PORT = server.bind_addr[1]; SITE = f"http://127.0.0.1:{PORT}"
open("new", "w").write("new")
def escaped(what, name):
    c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10); target = "/" + quote(name, safe="")
    if what == "put": c.request("PUT", target, b"new")
    elif what == "move": c.request("MOVE", "/src", headers={"Destination": SITE + target})
    else: c.request("DELETE", target)
    r = c.getresponse(); r.read(); c.close(); assert r.status in (201, 204), r.status
def by_webdav4(what, name):
    c = webdav4.client.Client(SITE)
    if what == "put": c.upload_file("new", name)
    elif what == "move": c.move("src", name)
    else: c.remove(name)
def by_webdavclient3(what, name):
    c = webdav3.client.Client({"webdav_hostname": SITE})
    if what == "put": c.upload_sync(remote_path=name, local_path="new")
    elif what == "move": c.move("src", name)
    else: c.clean(name)
def by_aiodav(what, name):
    async def run():
        async with aiodav.Client(SITE) as c:
            if what == "put": await c.upload_file("/" + name, "new")
            elif what == "move": await c.move("/src", "/" + name)
            else: await c.delete("/" + name)
    asyncio.run(run())
def by_easywebdav2(what, name):
    c = easywebdav2.connect("127.0.0.1", port=PORT, protocol="http")
    if what == "put": c.upload("new", name)
    elif what == "move": c.move("src", name)
    else: c.delete(name)
def seen(way, what, name):
    """The files that are there after it, as a text; or the error."""
    for f in os.listdir(ROOT): os.remove(os.path.join(ROOT, f))
    for f in {"put": (), "move": ("src",), "delete": (name, "aA")}[what]: open(os.path.join(ROOT, f), "w").write(f)
    try: way(what, name)
    except Exception as e: return f"{type(e).__name__}: {e}"
    return " and ".join(sorted(os.listdir(ROOT)))
WAYS = {"http.client": escaped, "webdav4": by_webdav4, "webdavclient3": by_webdavclient3, "aiodav": by_aiodav, "easywebdav2": by_easywebdav2}
URL = "InvalidURL: Invalid URL component 'path'"
OTHER = {(who, "move", name): name[0] for who in WAYS for name in ("s;v=1", "q?x")}
OTHER |= {("webdav4", what, name): URL for what in ("put", "move", "delete") for name in ("q?x", "c#d")}
OTHER |= {("webdav4", "put", "a%41"): "aA", ("webdav4", "move", "a%41"): "aA", ("webdav4", "delete", "a%41"): "a%41", ("easywebdav2", "move", "a%41"): "aA"}
for who, way in WAYS.items():
    for what in ("put", "move", "delete"):
        for name in ("a b", "s;v=1", "q?x", "c#d", "100%", "a%41"):
            got, right = seen(way, what, name), "aA" if what == "delete" else name
            if got != right: print(f"{who:14} {what:6} {name:6} leaves {got!r}, not {right!r}")
            assert got == OTHER.get((who, what, name), right), (who, what, name, got)
print("versions", *(f"{p} {version(p)}" for p in ("WsgiDAV", "cheroot", "webdav4", "webdavclient3", "aiodav", "easywebdav2")), "python", platform.python_version())
server.stop()
E2
timeout 120 v/bin/python t.py
