#!/usr/bin/env bash
# What: requests of requests 2.34.2 as curl commands, for a log or a bug report, by curlify 3.0.0, curlify2 2.0.0 and curlifier 1.0.8: GET of '/p?a=1&b=2'; GET with 'X-A: it's'; POST of "it's", of '@x', of
#   two lines and of two bytes that are no UTF-8. Told are the arguments that curl gets of bash when the command is pasted: a function takes curl's place, and nothing is sent.
# Expected: the same request: method, URL, fields and content (--data-raw or --data-binary with quotes for a shell). Of what a command line cannot hold, an error.
# Seen: 2026-11-30, Python 3.11.7. So by curlify, of which the last is a UnicodeDecodeError. Else:
#                    curlify2                                                              curlifier
#   /p?a=1&b=2       the URL ends at 'a=1'; and -H has '-d' for its field, 'None' is a URL    the same request
#   X-A: it's        the field, and -d 'None': a GET with the content 'None'               bash: a quote without its end
#   POST it's        bash: a quote without its end                                         the same
#   POST @x          -d '@x', which is the content of the file x                           --data '@x', likewise
#   two lines        the two lines                                                         'a b': one line
#   two bytes        UnicodeDecodeError                                                    no content, and no error
#   With curlify2 each request without content has -d 'None'.
# Why it matters: the command is there to show a fault to somebody else. What they run is a GET with a content, another page, or an empty POST, and it "works here".
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; cd "$T"
python3 -m venv v && v/bin/pip install -q curlify==3.0.0 curlify2==2.0.0 curlifier==1.0.8 requests==2.34.2
cat > t.py <<'E2'
import platform, subprocess
from importlib.metadata import version
import curlifier, curlify, curlify2, requests
SITE = "http://site.example"
def plain(**kwargs):
    """A request with no fields but those that are told, prepared."""
    return requests.Request(**{"url": SITE + "/p", **kwargs}).prepare()
def by_curlify(request): return curlify.to_curl(request)
def by_curlify2(request): return curlify2.Curlify(request).to_curl()
def by_curlifier(request): return curlifier.curlify(prepared_request=request)
def arguments(way, request):
    """What curl would get, as a list; 'bash' where bash does not take the command; or the name of the error."""
    try: command = way(request)
    except Exception as e: return type(e).__name__
    done = subprocess.run(["bash", "-c", "curl() { printf '%s\\0' \"$@\"; }\n" + command], capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
    return "bash" if b"unexpected EOF" in done.stderr else done.stdout.decode().split("\0")[:-1]
CASES = {
    "query": plain(method="GET", url=SITE + "/p?a=1&b=2"), "field": plain(method="GET", headers={"X-A": "it's"}), "quote": plain(method="POST", data="it's"), "at": plain(method="POST", data="@x"),
    "lines": plain(method="POST", data="a\nb\n"), "bytes": plain(method="POST", data=b"\xff\x00"),
}
P = SITE + "/p"
WANTED = {
    "query": ([P + "?a=1&b=2"], ["-X", "GET", "-H", "-d", "None", P + "?a=1"], ["--request", "GET", P + "?a=1&b=2"]),
    "field": (["-H", "X-A: it's", P], ["-X", "GET", "-H", "X-A: it's", "-d", "None", P], "bash"),
    "quote": (["-H", "Content-Length: 4", "-d", "it's", P], "bash", "bash"),
    "at": (["-H", "Content-Length: 2", "--data-raw", "@x", P], ["-X", "POST", "-H", "Content-Length: 2", "-d", "@x", P], ["--request", "POST", P, "--data", "@x"]),
    "lines": (["-H", "Content-Length: 4", "-d", "a\nb\n", P], ["-X", "POST", "-H", "Content-Length: 4", "-d", "a\nb\n", P], ["--request", "POST", P, "--data", "a b"]),
    "bytes": ("UnicodeDecodeError", "UnicodeDecodeError", ["--request", "POST", P]),
}
for name, request in CASES.items():
    for way, wanted in zip((by_curlify, by_curlify2, by_curlifier), WANTED[name]):
        got = arguments(way, request); got = [a for a in got if a not in ("-X", "GET")] if way is by_curlify and isinstance(got, list) else got
        print(f"{name:6} {way.__name__:12}", got)
        assert got == wanted, (name, way.__name__)
print("versions", *(f"{p} {version(p)}" for p in ("curlify", "curlify2", "curlifier", "requests")), "python", platform.python_version())
E2
timeout 60 v/bin/python t.py
