#!/usr/bin/env bash
# What: orjson 3.13.0 turns 100,000 small records into lines of 60 bytes, which are kept in a list, as a queue before a slow disk does.
#   Then the same by orjson 3.11.4, by json, by msgspec 0.23.0, and by orjson with each line copied. Told is by how much the process has
#   grown for each line, and what sys.getsizeof says of one.
# Expected: bytes are as large as sys.getsizeof says: 33 more than their length, so some 100 bytes a line by each of them.
# Seen: 2026-11-29, Python 3.11.7, glibc 2.36, bytes of memory for each line of 60:
#   json 106, msgspec 154, orjson 3.11.4 1,080, orjson 3.13.0 4,120, orjson 3.13.0 and copied 106
# Why: dumps writes into an object of some kilobytes and shortens it in the end. The allocator cuts it, but what is left behind it is too
#   short for the next such object, and so lies unused for as long as the line is kept.
# Why it matters: a queue that is bounded by the sum of len(line) takes forty times its bound, and so do a cache of small answers and a
#   batch that waits to be sent. Neither len nor getsizeof tells. Copying gives the rest back.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check orjson==3.13.0 msgspec==0.23.0
"$dir/v/bin/pip" install -q --disable-pip-version-check --target "$dir/earlier" orjson==3.11.4
cd "$dir"
timeout 240 "$dir/v/bin/python" - <<'PY'
import json, os, subprocess, sys

PROGRAM = """
import json, os, sys
import msgspec, orjson

def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

by_msgspec = msgspec.json.Encoder().encode
ways = {
    "json": lambda record: json.dumps(record, separators=(",", ":")).encode(),
    "msgspec": by_msgspec,
    "orjson": orjson.dumps,
    "orjson, copied": lambda record: bytes(bytearray(orjson.dumps(record))),
}
make = ways[sys.argv[1]]
lines = []
for number in range(2_000):
    lines.append(make({"url": f"http://example.org/{number:08}", "status": 200, "n": number}))
before = resident()
for number in range(100_000):
    lines.append(make({"url": f"http://example.org/{number:08}", "status": 200, "n": number}))
grown = resident() - before
print(json.dumps([grown / 100_000, len(lines[-1]), sys.getsizeof(lines[-1]), orjson.__version__]))
"""

held = {}
for way, path in (("json", ""), ("msgspec", ""), ("orjson", ""), ("orjson", "earlier"), ("orjson, copied", "")):
    command, environment = [sys.executable, "-c", PROGRAM, way], {**os.environ, "PYTHONPATH": path}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    held[way, path], length, size, orjsons = json.loads(told)
    named = f"orjson {orjsons}{way.removeprefix('orjson')}" if way.startswith("orjson") else way
    print(f"{named:22} {held[way, path]:6,.0f} bytes of memory a line of {length}, of which getsizeof says {size}")
assert held["json", ""] < 200 and held["msgspec", ""] < 300 and held["orjson, copied", ""] < 200, held
assert held["orjson", "earlier"] > 6 * size and held["orjson", ""] > 30 * size, held
PY
