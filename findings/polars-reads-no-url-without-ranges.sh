#!/usr/bin/env bash
# What: a CSV file of 12 bytes by its URL, read by polars 2.1.0 and 1.44.2 (read_csv; read_ndjson, read_parquet and the scans ask in the same way), pandas 3.1.1, fsspec
#   2026.9.0 and datasets 5.2.0; from the server of python -m http.server, which does not know Range, and from one that answers it with 206.
# Expected: the rows each time. A server may ignore Range, and sends the whole with 200 (RFC 9110, 14.2): the whole is what is asked for here.
# Seen: 2026-11-30, Python 3.11.7. The rows by polars 1.44.2, pandas, fsspec and datasets. By polars 2.1.0
#   http.server    OSError: object-store error: Operation not supported: Range request not supported
#   with ranges    the rows, of four requests: HEAD, the first 4 bytes, all 12, 262,144 from the start
# Why: since it reads URLs through a store of objects, the whole is a file in one: its length by HEAD, then its parts.
# Why it matters: an export of an API, a page that is made as it is asked for, and each of Python's own test servers answer with 200: a program that read its tables by URL reads
#   none of them after the upgrade; and an export that takes its time, by a server that knows Range, is made four times.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check polars==2.1.0 pandas==3.1.1 fsspec==2026.9.0 aiohttp==3.14.5 datasets==5.2.0
python3 -m venv "$dir/old"
"$dir/old/bin/pip" install -q --disable-pip-version-check polars==1.44.2 fsspec==2026.9.0
cd "$dir"
HF_HOME="$dir" timeout 240 v/bin/python -W ignore - <<'PY'
import json, os, subprocess, sys, threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
import datasets, fsspec, pandas, polars

datasets.disable_progress_bars()
CSV = b"a,b\n1,2\n3,4\n"
os.mkdir("files")
with open("files/table.csv", "wb") as file:
    file.write(CSV)


class Plain(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        got.append((self.command, self.headers["Range"]))


class Parts(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        asked = self.headers["Range"]
        got.append((self.command, asked))
        status, content = 200, CSV
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            status, content = 206, CSV[int(first):int(last or len(CSV)) + 1]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(content) - 1}/{len(CSV)}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):  # datasets hangs up early
        pass


def started(handler):
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def by_fsspec(url):
    with fsspec.open(url) as file:
        return [tuple(map(int, line.split(b","))) for line in file.read().splitlines()[1:]]


def by_datasets(url):
    rows = datasets.load_dataset("csv", data_files=url, cache_dir=f"{os.getcwd()}/cache")["train"]
    return [tuple(row.values()) for row in rows]


def by_older(url):
    """Return the rows that polars 1.44.2 reads."""
    program = "import json, sys, polars; print(json.dumps([polars.__version__, polars.read_csv(sys.argv[1]).rows()]))"
    done = subprocess.run(["old/bin/python", "-W", "ignore", "-c", program, url], capture_output=True, check=True, timeout=60)
    older, rows = json.loads(done.stdout)
    assert older == "1.44.2"
    return [tuple(row) for row in rows]


READERS = {
    "polars": lambda url: polars.read_csv(url).rows(),
    "polars 1.44.2": by_older,
    "pandas": lambda url: [tuple(row) for row in pandas.read_csv(url).values.tolist()],
    "fsspec": by_fsspec,
    "datasets": by_datasets,
}
got = []
URLS = {"http.server": started(partial(Plain, directory="files")) + "/table.csv", "with ranges": started(Parts) + "/table.csv"}
ROWS = [(1, 2), (3, 4)]
FIRST = [("HEAD", None), ("GET", "bytes=0-3"), ("GET", "bytes=0-11")]
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in READERS if " " not in name))
for kind, url in URLS.items():
    for name, read in READERS.items():
        got.clear()
        try:
            seen = read(url)
        except OSError as error:
            seen = str(error).partition(" by ")[0]
        print(f"{kind:12}", f"{name:13}", seen, got if name == "polars" else "")
        if name != "polars":
            assert seen == ROWS, "the control failed"
        elif kind == "with ranges":
            assert seen == ROWS and got[:3] == FIRST and len(got) == 4, "changed"
        else:
            assert isinstance(seen, str) and "Range request not supported" in seen, "changed"
PY
