#!/usr/bin/env bash
# What: an upload of 10 bytes in pieces of 4 by tus 1.0.0, with aiotus 1.1.0 (over aiohttp 3.14.5) and tuspy 1.1.0 (over requests 2.34.2), to a server whose answer to the creation has the Location 'u1',
#   '/files/u1', '/files/u1?sig=%2Fa', '//127.0.0.1:PORT/files/u1' or the whole URL. Told are what the server has at the end, and what the caller gets.
# Expected: the ten bytes, each time. Location is a reference, which is resolved against the URL of the request (RFC 9110, 10.2.2), and a path is the form that it has most often.
# Seen: 2026-11-30, Python 3.11.7: so by tuspy. By aiotus for 'u1' and the whole URL, and
#   /files/u1, /files/u1?sig=%2Fa   nothing is uploaded, and no exception: upload() gives None; its log has "Appending path '/files/u1' starting from slash is forbidden"
#   //127.0.0.1:PORT/files/u1       the ten bytes, and '//127.0.0.1:PORT/files/u1' as the URL that the caller is to keep for resuming
# Why: Location is put behind the URL of the request as a part of its path, where it is no whole URL.
# Why it matters: against the reference server, which writes whole URLs, all works. Others answer with a path; each of these uploads leaves an empty file behind, and a program that does not look at the
#   result of upload() has stored all of it.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q aiotus==1.1.0 aiohttp==3.14.5 tuspy==1.1.0 requests==2.34.2
cat > t.py <<'E2'
import asyncio, http.server, io, logging, platform, threading
from importlib.metadata import version
import aiotus
from tusclient.client import TusClient
logging.disable(50)
DATA = b"0123456789"
location, stored = "", bytearray()
class Tus(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def answer(self, status, **fields):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PATCH":
            assert self.path.startswith("/files/u1") and int(self.headers["Upload-Offset"]) == len(stored); stored.extend(content); fields["Upload_Offset"] = str(len(stored))
        self.send_response(status); self.send_header("Tus-Resumable", "1.0.0")
        for name, value in fields.items(): self.send_header(name.replace("_", "-"), value)
        if status != 204: self.send_header("Content-Length", "0")
        self.end_headers()
    def do_OPTIONS(self): self.answer(204, Tus_Version="1.0.0", Tus_Extension="creation")
    def do_POST(self): self.answer(201, Location=location)
    def do_HEAD(self): self.answer(200, Upload_Offset=str(len(stored)), Upload_Length=str(len(DATA)), Cache_Control="no-store")
    def do_PATCH(self): self.answer(204)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tus); threading.Thread(target=server.serve_forever, daemon=True).start()
HOST = f"127.0.0.1:{server.server_port}"; SITE = f"http://{HOST}"
def by_tuspy(): up = TusClient(SITE + "/files/").uploader(file_stream=io.BytesIO(DATA), chunk_size=4); up.upload(); return up.url
def by_aiotus():
    retry = aiotus.RetryConfiguration(retry_attempts=2, max_retry_period_seconds=0.1)
    result = asyncio.run(aiotus.upload(SITE + "/files/", io.BytesIO(DATA), chunksize=4, config=retry)); return None if result is None else str(result)
for location, url in (("u1", "/files/u1"), (SITE + "/files/u1", "/files/u1"), ("/files/u1", "/files/u1"), ("/files/u1?sig=%2Fa", "/files/u1?sig=%2Fa"), (f"//{HOST}/files/u1", "/files/u1")):
    for way in (by_tuspy, by_aiotus):
        stored.clear(); got = way()
        print(f"{location.replace(HOST, 'HOST'):26} {way.__name__:9} {bytes(stored)} {got and got.replace(HOST, 'HOST')}")
        if way is by_tuspy or location[:1] != "/": assert (bytes(stored), got) == (DATA, SITE + url), way.__name__
        elif location[:2] == "//": assert (bytes(stored), got) == (DATA, location)
        else: assert (bytes(stored), got) == (b"", None)
print("versions", *(f"{p} {version(p)}" for p in ("aiotus", "tuspy", "aiohttp", "requests")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py
