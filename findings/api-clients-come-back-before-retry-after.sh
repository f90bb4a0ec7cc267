#!/usr/bin/env bash
# What: a 429 with 'Retry-After: 2', with 'Retry-After: 61' and with the date of 90 s from now, to groq 1.7.0, together 3.1.1, google-genai 3.6.1 (three attempts, 0.2 s apart where the server says nothing),
#   replicate 1.0.7, openai 3.57.0, mistralai 3.7.0 (its backoff) and cohere 7.3.1, each of which tries again by itself. Told is whether the second request comes within 8 s.
# Expected: after 2 s for the first, and not yet for the others: the field says how long to wait, in seconds or as a date (RFC 9110, 10.2.3). Who cannot wait as long gives up.
# Seen: 2026-11-30, Python 3.11.7, seconds until the second request:
#                               2           61                  a date, 90 s from now
#   openai, mistralai, cohere   2.0         not yet             not yet
#   groq, together              2.0         0.4 to 0.9          0.4 to 0.9
#   replicate                   2.0         not yet             0.1
#   google-genai                0.2 to 1.2  0.2 to 1.2          0.2 to 1.2
# Why: groq and together heed what is at most 60 s, and for all else take their own pause; openai, whose code has the same origin, heeds more. replicate reads a number only, google-genai nothing.
# Why it matters: a limit by the minute or the day says 61 or 3600: then two or three more requests are made within a second, each of which counts, and the error that comes to the program is the same as if
#   the client had waited. With small values all is well, so tests show nothing.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q groq==1.7.0 together==3.1.1 google-genai==3.6.1 replicate==1.0.7 openai==3.57.0 mistralai==3.7.0 cohere==7.3.1 httpx==0.28.1
cat > ask.py <<'E2'
"""Prints how many seconds lie between the first two requests of one client, or "not yet" after eight."""
import email.utils, http.server, logging, os, sys, threading, time
logging.disable(50)
who, value = sys.argv[1:]
times = []
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0)); times.append(time.monotonic()); content = b'{"error": {"message": "later"}}'
        self.send_response(429); self.send_header("Content-Type", "application/json"); self.send_header("Content-Length", str(len(content)))
        self.send_header("Retry-After", email.utils.formatdate(time.time() + 90, usegmt=True) if value == "date" else value); self.end_headers(); self.wfile.write(content)
    do_GET = do_POST = answer
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); server.handle_error = lambda *a: None; threading.Thread(target=server.serve_forever, daemon=True).start()
URL, SAY = f"http://127.0.0.1:{server.server_port}", [{"role": "user", "content": "x"}]
def ask():
    if who == "openai": import openai; openai.OpenAI(api_key="k", base_url=URL).chat.completions.create(model="m", messages=SAY)
    elif who == "groq": import groq; groq.Groq(api_key="k", base_url=URL).chat.completions.create(model="m", messages=SAY)
    elif who == "together": import together; together.Together(api_key="k", base_url=URL).chat.completions.create(model="m", messages=SAY)
    elif who == "cohere": import cohere; cohere.ClientV2(api_key="k", base_url=URL).chat(model="m", messages=SAY)
    elif who == "replicate": import replicate; replicate.Client(api_token="k", base_url=URL).predictions.list()
    elif who == "mistralai":
        from mistralai.client import Mistral
        from mistralai.client.utils import BackoffStrategy, RetryConfig
        Mistral(api_key="k", server_url=URL, retry_config=RetryConfig("backoff", BackoffStrategy(200, 1000, 1.5, 15000), True)).chat.complete(model="m", messages=SAY)
    else:
        from google import genai
        from google.genai import types
        client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=URL, retry_options=types.HttpRetryOptions(attempts=3, initial_delay=0.2)))
        client.models.generate_content(model="m", contents="x")
def run():
    try: ask()
    except Exception: pass  # the 429, in the end
threading.Thread(target=run, daemon=True).start()
end = time.monotonic() + 60
while not times and time.monotonic() < end: time.sleep(0.02)
while len(times) == 1 and time.monotonic() < times[0] + 8: time.sleep(0.02)
print("none" if not times else "not yet" if len(times) == 1 else round(times[1] - times[0], 1), flush=True); os._exit(0)
E2
cat > t.py <<'E2'
import platform, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
NAMES, VALUES = ("openai", "mistralai", "cohere", "groq", "together", "replicate", "google-genai"), ("2", "61", "date")
def seen(case): return subprocess.run([sys.executable, "-W", "ignore", "ask.py", *case], capture_output=True, text=True, timeout=100).stdout.strip()
cases = [(name, value) for name in NAMES for value in VALUES]
with ThreadPoolExecutor(2) as pool: got = dict(zip(cases, pool.map(seen, cases)))
for name in NAMES: print(f"{name:13}", *(got[name, value] for value in VALUES))
LATE = "openai", "mistralai", "cohere"
for (name, value), after in got.items():
    waits = name in LATE or (name, value) == ("replicate", "61")
    if name == "google-genai": assert float(after) < 2, (name, value, after)
    elif value == "2": assert 1.9 <= float(after) < 4, (name, value, after)
    else: assert after == "not yet" if waits else float(after) < 3, (name, value, after)
print("versions", *(f"{p} {version(p)}" for p in (*NAMES, "httpx")), "python", platform.python_version())
E2
timeout 300 v/bin/python t.py
