#!/usr/bin/env bash
# What: the Link parsers of requests 2.34.2, httpx 0.28.1 and aiohttp 3.14.5 (`response.links`) lose a valid rel="next", so paging by
#   `while "next" in r.links` ends early and without an error. LinkHeader 0.4.3 is the control: it reads all but the comma at the end, which is taken off for it.
# Expected: RFC 8288 section 3 (and its parsing algorithm, appendix B.2): the target is all between < and >, a `;` or `,` in it means
#   nothing; a quoted title may hold `=`, `;` and `,`; parameter names are case-insensitive; empty list elements (a comma at the end) are
#   passed over. So each of the fields below should give "next" and the whole target.
# Seen: (2026-11-28, Python 3.11.7; the target found for "next")
#   plain                    requests=/i?page=2 httpx=/i?page=2 aiohttp=/i?page=2
#   semicolon in target      requests=/i httpx=/i aiohttp=/i;page=2              (</i;page=2>: cut at the semicolon)
#   = in an earlier title    requests=None httpx=None aiohttp=/i?page=2          (all parameters behind it are dropped)
#   comma at the end         requests=None httpx=None aiohttp=None               (the relation is named `next",`)
#   capital REL              requests=None httpx=None aiohttp=None
#   comma and < in a title   requests=2 httpx=2 aiohttp=None                     (a target made of the text of the title)
# Why it matters: matrix parameters (`/items;page=2`), a title with `=` in front of the rel, and proxies that join fields with a comma
#   at the end are all real. A crawler then takes the first page for all there is, or asks for a shortened URL.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 httpcore==1.0.9 aiohttp==3.14.5 LinkHeader==0.4.3
timeout 120 "$tmp/v/bin/python" - <<'PY'
import asyncio, http.server, threading
import aiohttp, httpx, link_header, requests

FIELDS = {
    "plain": '</i?page=2>; rel="next"',
    "semicolon in target": '</i;page=2>; rel="next"',
    "= in an earlier title": '</i?page=2>; title="a=b"; rel="next"',
    "comma at the end": '</i?page=2>; rel="next", ',
    "capital REL": '</i?page=2>; REL="next"',
    "comma and < in a title": '</i?page=2>; title="1, <2"; rel="next"',
}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Link", FIELDS[list(FIELDS)[int(self.path[1:])]])
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *a):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

def target(links):
    """The target of next, without the host, or None."""
    found = links.get("next")
    return str(found["url"]).replace(base, "") if found else None

async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as r:
        return target(r.links)

rows = {}
for n, (name, field) in enumerate(FIELDS.items()):
    url = f"{base}/{n}"
    rows[name] = (target(requests.get(url).links), target(httpx.get(url).links), asyncio.run(by_aiohttp(url)))
    control = [l.href for l in link_header.parse(field.rstrip(", ")).links]
    print(f"{name:24} requests={rows[name][0]} httpx={rows[name][1]} aiohttp={rows[name][2]} control={control[0]}")
server.shutdown()
whole, loss = "/i?page=2", (None, None, None)
assert rows["plain"] == (whole,) * 3, "plain"
assert rows["semicolon in target"] == ("/i", "/i", "/i;page=2"), "semicolon"
assert rows["= in an earlier title"] == (None, None, whole), "equals sign"
assert rows["comma at the end"] == loss, "comma at the end"
assert rows["capital REL"] == loss, "capitals"
assert rows["comma and < in a title"] == ("2", "2", None), "title"
print("versions", requests.__version__, httpx.__version__, aiohttp.__version__)
PY
