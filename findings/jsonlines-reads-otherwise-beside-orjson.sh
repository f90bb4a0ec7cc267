#!/usr/bin/env bash
# What: jsonlines 4.0.0 reads by orjson 3.13.0 as soon as that can be imported, but goes on writing by the standard library: then its reader
#   makes floats of integers from 2**64 on, without an error, and refuses NaN and lone surrogates that its own writer has just written.
# Expected: what a program reads depends on its code, not on what else is installed beside it; a package reads what it writes. With the
#   standard library's json both hold.
# Seen: (2026-11-28, Python 3.11.7)
#   2**64      without orjson 18446744073709551616   with it 1.8446744073709552e+19
#   20 digits  without orjson 18446744073709551629   with it 1.8446744073709552e+19
#   nan        without orjson nan                    with it InvalidLineError       (a lone surrogate likewise)
# Why it matters: 128-bit ids and hashes as numbers lose their last digits once *another* dependency brings orjson in (and are then
#   dropped by `iter(type=int, skip_invalid=True)`). Give `Reader(..., loads=json.loads)`, or write such numbers as text.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
cat > "$tmp/read.py" <<'PY'
import io, json, jsonlines

def read(value, **how):
    out = io.StringIO()
    jsonlines.Writer(out).write(value)
    try:
        return repr(list(jsonlines.Reader(io.StringIO(out.getvalue()), **how))[0])
    except jsonlines.InvalidLineError:
        return "InvalidLineError"

VALUES = {"2**64": 2**64, "20 digits": 18446744073709551629, "nan": float("nan"), "surrogate": "\ud800"}
print(json.dumps([{k: read(v) for k, v in VALUES.items()}, {k: read(v, loads=json.loads) for k, v in VALUES.items()},
                  list(jsonlines.Reader(["1", str(2**64)]).iter(type=int, skip_invalid=True))]))
PY
"$tmp/v/bin/pip" install -q jsonlines==4.0.0 attrs==26.1.0
before=$(timeout 60 "$tmp/v/bin/python" "$tmp/read.py")
"$tmp/v/bin/pip" install -q orjson==3.13.0
after=$(timeout 60 "$tmp/v/bin/python" "$tmp/read.py")
timeout 60 "$tmp/v/bin/python" - "$before" "$after" <<'PY'
import json, platform, sys
from importlib.metadata import version

before, after = map(json.loads, sys.argv[1:])
for name in before[0]:
    print(f"{name:10} without orjson {before[0][name]:22} with it {after[0][name]:24} with it, loads=json.loads {after[1][name]}")
print("ints of 1 and 2**64, skip_invalid:", before[2], "and", after[2])
assert before[0] == before[1] == after[1], "the standard library's"
assert before[0]["20 digits"] == "18446744073709551629" and before[0]["nan"] == "nan", "without"
assert after[0] == {"2**64": "1.8446744073709552e+19", "20 digits": "1.8446744073709552e+19", "nan": "InvalidLineError", "surrogate": "InvalidLineError"}, "with"
assert (before[2], after[2]) == ([1, 2**64], [1]), "left out"
print("versions", version("jsonlines"), version("orjson"), platform.python_version())
PY
