#!/usr/bin/env bash
# What: an address asked for by DNS over HTTPS with dnspython 2.9.2 (dns.query.https over httpx2 2.16.2, by POST and by GET, and a Resolver with its cache), answered out of an HTTP cache: the
#   record has a TTL of 300 s, and the response 'Cache-Control: max-age=300' and 'Age: 250'.
# Expected: a record that is good for 50 s. "DoH clients MUST account for the Age of a response when calculating the DNS TTL of a response" (RFC 8484, 5.1, which has just this example).
# Seen: 2026-11-30, Python 3.11.7: 300 s by all three. The resolver's answer expires in 300 s, and its cache gives it out until then.
# Why: the content alone is handed on by what reads the response; no field of it is.
# Why it matters: DoH by GET was made so that HTTP caches can answer; behind one, an address lives for twice its time. A site that moves waits for its TTL, and then switches the old address
#   off: to a crawler with this resolver it is away for the rest of that time, while the next one, which asks by UDP, reaches it.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q dnspython==2.9.2 httpx2==2.16.2 h2==4.4.1
cat > t.py <<'E2'
import base64, http.server, platform, threading, time
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit
import dns.message, dns.nameserver, dns.query, dns.resolver, dns.rrset
class Cache(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_POST(self): self.answer(self.rfile.read(int(self.headers["Content-Length"])))
    def do_GET(self): self.answer(base64.urlsafe_b64decode(parse_qs(urlsplit(self.path).query)["dns"][0] + "=="))
    def answer(self, wire):
        query = dns.message.from_wire(wire); response = dns.message.make_response(query); asked.append(self.command)
        response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", "A", "192.0.2.1"))
        content = response.to_wire(); self.send_response(200)
        for field in (("Content-Type", "application/dns-message"), ("Cache-Control", "max-age=300"), ("Age", "250"), ("Content-Length", str(len(content)))): self.send_header(*field)
        self.end_headers(); self.wfile.write(content)
asked = []
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cache); threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}/dns-query"
HTTP1 = dns.query.HTTPVersion.HTTP_1
for post in (True, False):
    ttl = dns.query.https(dns.message.make_query("site.example", "A"), URL, post=post, timeout=10, http_version=HTTP1).answer[0].ttl
    print("POST" if post else "GET", "TTL", ttl)
    assert ttl == 300, "Age is heard"
resolver = dns.resolver.Resolver(configure=False); resolver.cache = dns.resolver.Cache()
resolver.nameservers = [dns.nameserver.DoHNameserver(URL, http_version=HTTP1)]
asked.clear(); answer = resolver.resolve("site.example", "A"); left = answer.expiration - time.time()
again = resolver.resolve("site.example", "A")
print("resolver: expires in", round(left), "s; asked", asked, [str(a) for a in again])
assert 290 < left <= 300 and len(asked) == 1, "the resolver hears Age"
print("versions", *(f"{p} {version(p)}" for p in ("dnspython", "httpx2")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py
