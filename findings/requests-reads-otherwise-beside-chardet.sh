#!/usr/bin/env bash
# What: response.text of requests 2.34.2 for texts of a sentence or two in old charsets, sent without a Content-Type, so that requests guesses: in an
#   environment with what it installs itself (charset-normalizer 3.5.3), and in the same one with chardet 7.7.0 beside it.
# Expected: the same text: what a program reads depends on its code and its dependencies, and chardet is none of requests' any more.
# Seen: 2026-11-29, Python 3.11.7; text as it was, or the charset that was guessed instead:
#   Russian (windows-1251) and German (ISO-8859-1) are read by both
#   Polish (ISO-8859-2) by chardet alone: iso8859_10 by charset-normalizer
#   French (windows-1252) by none: windows-1250 by charset-normalizer, which makes a few letters Central European, Windows-1251 by chardet: Cyrillic
# Why: requests takes chardet where it can be imported, and charset-normalizer only where not.
# Why it matters: chardet comes with other tools of an environment, which nobody connects with the pages; the texts that were crawled before and after
#   differ, and neither an error nor a version of requests tells. Ask for the bytes, and name the charset.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check requests==2.34.2 charset-normalizer==3.5.3
cd "$dir"
cat > read.py <<'PY'
import sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests

TEXTS = {
    "Russian": ("Съешь же ещё этих мягких французских булок, да выпей чаю. Вот такие дела, товарищи: завтра дождь.", "windows-1251"),
    "German": ("Größe und Übung: die Straße nach München führt über Köln. Schöne Grüße aus Österreich, Käse für alle.", "iso-8859-1"),
    "Polish": ("Zażółć gęślą jaźń. Łódź i Kraków są piękne, źdźbło trawy.", "iso-8859-2"),
    "French": ("Été à la plage: où êtes-vous, garçon? Ça va très bien, merci à tous.", "windows-1252"),
}


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        text, charset = TEXTS[self.path[1:]]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode(charset))

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Site)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = {}
for name, (text, _) in TEXTS.items():
    response = requests.get(f"http://127.0.0.1:{server.server_address[1]}/{name}", timeout=10)
    seen[name] = "right" if response.text == text else response.apparent_encoding
    print(f"{name:8} {seen[name]:14} {response.text}")
expected = {
    "without": {"Russian": "right", "German": "right", "Polish": "iso8859_10", "French": "windows-1250"},
    "with": {"Russian": "right", "German": "right", "Polish": "right", "French": "Windows-1251"},
}
assert seen == expected[sys.argv[1]], seen
PY
echo "requests alone"
timeout 60 v/bin/python read.py without
v/bin/pip install -q --disable-pip-version-check chardet==7.7.0
echo "with chardet beside it"
timeout 60 v/bin/python read.py with
