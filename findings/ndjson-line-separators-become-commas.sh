#!/usr/bin/env bash
# What: ndjson 0.3.1: `loads` (and `load`) turn U+2028, U+2029 and U+0085 inside of strings into commas, in silence. So it reads its
#   own `dumps(..., ensure_ascii=False)` otherwise than it was written. Its `reader` does not do so.
# Expected: RFC 8259 section 7 allows all three unescaped in a string, the NDJSON and JSON Lines specifications have LF alone as the
#   end of a line. At worst one would expect an error.
# Seen: (2026-11-28, Python 3.11.7; U+2029 and U+0085 alike)
#   U+2028 loads 'one,two' own dumps 'one,two' reader 'one\u2028two' jsonlines 'one\u2028two'
# Why it matters: U+2028 is in many texts pasted from word processors, U+0085 in pages of old charsets; most writers of JSON Lines
#   leave them unescaped (orjson, msgspec, JavaScript). The text is changed, its length even stays the same, hashes no longer agree.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q ndjson==0.3.1 orjson==3.13.0 jsonlines==4.0.0
timeout 120 "$tmp/v/bin/python" - <<'PY'
import io, platform
from importlib.metadata import version
import jsonlines, ndjson, orjson

for code in (0x2028, 0x2029, 0x85):
    rows = [{"text": f"one{chr(code)}two"}, {"text": "three"}]
    lines = b"".join(orjson.dumps(r) + b"\n" for r in rows).decode()
    loaded = ndjson.loads(lines)
    own = ndjson.loads(ndjson.dumps(rows, ensure_ascii=False))
    load = ndjson.load(io.StringIO(lines))
    read = list(ndjson.reader(io.StringIO(lines)))
    control = list(jsonlines.Reader(io.StringIO(lines)))
    print(f"U+{code:04X} loads {loaded[0]['text']!r} own dumps {own[0]['text']!r} reader {read[0]['text']!r} jsonlines {control[0]['text']!r}")
    assert read == control == rows, "the reader and the control"
    assert loaded == load == own == [{"text": "one,two"}, {"text": "three"}], "commas"
print("versions", *(f"{p} {version(p)}" for p in ("ndjson", "orjson", "jsonlines")), platform.python_version())
PY
