#!/usr/bin/env bash
# What: the challenge 'Digest realm="r", nonce="n", qop="auth"' alone and beside others, met by requests 2.34.2, niquests 3.21.2, httpx 0.28.1, httpx2
#   2.16.2, aiohttp 3.14.5, pycurl 7.49.0 and urllib of Python 3.11, each with its support of Digest. Told is what comes of the page.
# Expected: the page. Challenges may come in several fields or as one list, in any order (RFC 9110, 11.6.1); qop and the names of parameters are read without
#   regard to spaces and case (RFC 7616, 3.3; RFC 9110, 11.2); of several algorithms the first that one knows is taken (RFC 7616, 3.7).
# Seen: 2026-11-30, Python 3.11.7. Not the page, but
#   'Basic ...' in a field of its own in front    401 by aiohttp and urllib
#   'Basic ..., Digest ...' in one field          401 by httpx, httpx2, aiohttp, urllib
#   qop="auth-int, auth", with its space          401 by requests and niquests; URLError by urllib
#   'Realm', 'Nonce' and 'QOP' in capitals        KeyError by requests and niquests, ProtocolError by httpx, 401 by aiohttp and urllib
#   SHA-512-256, then MD5 in a second field       KeyError by httpx, ProtocolError by httpx2, ClientError by aiohttp, ValueError by urllib
# Why it matters: cameras, printers and old devices offer Basic and Digest together, and newer ones SHA-512-256 before MD5; the user's name and password are
#   right, and a client says they are wrong. Of these seven only pycurl gets in everywhere.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 niquests==3.21.2 httpx==0.28.1 httpx2==2.16.2 aiohttp==3.14.5 pycurl==7.49.0
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import asyncio, hashlib, http.server, re, sys, threading, urllib.request
from importlib.metadata import version

import aiohttp, httpx, httpx2, niquests, niquests.auth, pycurl, requests, requests.auth


class Door(http.server.BaseHTTPRequestHandler):
    """200 for the right answer to the challenges of the row, else 401 with them."""

    protocol_version = "HTTP/1.1"

    def is_right(self):
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Digest":
            return False
        given = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', rest)}

        def hashed(*parts):
            kind = {"SHA-512-256": "sha512_256"}.get(given.get("algorithm"), "md5")
            return hashlib.new(kind, ":".join(parts).encode()).hexdigest()

        first, second = hashed("u", given["realm"], "p"), ["GET", given["uri"]]
        if given.get("qop") == "auth-int":
            second.append(hashed(""))
        middle = [given["nonce"], given["nc"], given["cnonce"], given["qop"]] if "qop" in given else [given["nonce"]]
        return given["response"] == hashed(first, *middle, hashed(*second)) and given["uri"] == self.path

    def do_GET(self):
        is_right = self.is_right()
        self.send_response(200 if is_right else 401)
        for challenge in () if is_right else self.server.challenges:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


async def by_aiohttp(url):
    async with aiohttp.ClientSession(middlewares=(aiohttp.DigestAuthMiddleware("u", "p"),)) as session, session.get(url) as response:
        return response.status


def by_pycurl(url):
    handle = pycurl.Curl()
    for option, value in ((pycurl.URL, url), (pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST), (pycurl.USERPWD, "u:p")):
        handle.setopt(option, value)
    handle.perform()
    return handle.getinfo(pycurl.RESPONSE_CODE)


def by_urllib(url):
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, "u", "p")
    try:
        return urllib.request.build_opener(urllib.request.HTTPDigestAuthHandler(passwords)).open(url, timeout=10).status
    except urllib.request.HTTPError as error:
        return error.code


CLIENTS = {
    "requests": lambda url: requests.get(url, auth=requests.auth.HTTPDigestAuth("u", "p"), timeout=10).status_code,
    "niquests": lambda url: niquests.get(url, auth=niquests.auth.HTTPDigestAuth("u", "p"), timeout=10).status_code,
    "httpx": lambda url: httpx.get(url, auth=httpx.DigestAuth("u", "p")).status_code,
    "httpx2": lambda url: httpx2.get(url, auth=httpx2.DigestAuth("u", "p")).status_code,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    "pycurl": by_pycurl,
    "urllib": by_urllib,
}
DIGEST = 'Digest realm="r", nonce="n", qop="auth"'
ROWS = {
    "alone": ([DIGEST], {}),
    "Basic behind it": ([DIGEST, 'Basic realm="b"'], {}),
    "Basic in front": (['Basic realm="b"', DIGEST], {"aiohttp": 401, "urllib": 401}),
    "Basic in front, one field": (['Basic realm="b", ' + DIGEST], {"httpx": 401, "httpx2": 401, "aiohttp": 401, "urllib": 401}),
    "auth,auth-int": ([DIGEST.replace('"auth"', '"auth,auth-int"')], {}),
    "auth-int, auth": ([DIGEST.replace('"auth"', '"auth-int, auth"')], {"requests": 401, "niquests": 401, "urllib": "URLError"}),
    "capitals": (
        ['Digest Realm="r", Nonce="n", QOP="auth"'],
        {"requests": "KeyError", "niquests": "KeyError", "httpx": "ProtocolError", "aiohttp": 401, "urllib": 401},
    ),
    "SHA-512-256, then MD5": (
        [DIGEST + ", algorithm=SHA-512-256", DIGEST + ", algorithm=MD5"],
        {"httpx": "KeyError", "httpx2": "ProtocolError", "aiohttp": "ClientError", "urllib": "ValueError"},
    ),
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in CLIENTS if name != "urllib"))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
for row, (server.challenges, expected) in ROWS.items():
    seen = {}
    for name, get in CLIENTS.items():
        try:
            outcome = get(f"http://127.0.0.1:{server.server_port}/page?x=1")
        except Exception as error:
            outcome = type(error).__name__
        if outcome != 200:
            seen[name] = outcome
    print(f"{row:26}", seen or "200 by all")
    assert seen == expected, "changed"
server.shutdown()
PY
