#!/usr/bin/env bash
# What: JSON Lines of crawled pages in which all values are strings, read by pandas 3.1.1 (read_json, lines=True), pyarrow 26.0.1
#   (pyarrow.json), duckdb 2.0.1 (FROM 'pages.jsonl'), datasets 5.2.0 (load_dataset("json")) and polars 2.1.0 (read_ndjson).
# Expected: strings. JSON, unlike CSV, says which values are numbers (RFC 8259, 3), so a reader has nothing to guess.
# Seen: 2026-11-30, Python 3.11.7. polars gives what was written. Of the first line:
#   "sku": "00123"                             pandas 123
#   "etag": "12e3"                             pandas 12000.0
#   "modified": "10:30"                        pandas a timestamp of today at 10:30, by the column's name; duckdb a time
#   "day": "2026-11-30"                        pyarrow, datasets a timestamp; duckdb a date
#   "seen": "2026-11-30T10:00:00+02:00"        pyarrow, datasets a timestamp of 08:00 without a zone; duckdb one with a zone
#   "id": "F47AC10B-58CC-4372-A567-0E02B2C3D479"   duckdb a UUID, in small letters
# Why it matters: leading zeros, hashes that look like numbers, and the zone of a time are gone in silence, and not in all files: one value of
#   another form in a column makes all of it strings again. Two shards of one crawl then have two schemas. Name the types: dtype=False, an explicit
#   schema, columns={...}, features=.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1 datasets==5.2.0 polars==2.1.0
cd "$dir"
HF_HOME="$dir/hf" HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1 timeout 240 v/bin/python -W ignore - <<'PY'
import json, sys
from importlib.metadata import version

import datasets, duckdb, pandas, polars, pyarrow.json

datasets.disable_progress_bars()
ROWS = [
    {"sku": "00123", "etag": "12e3", "modified": "10:30", "day": "2026-11-30", "seen": "2026-11-30T10:00:00+02:00", "id": "F47AC10B-58CC-4372-A567-0E02B2C3D479"},
    {"sku": "00456", "etag": "7e12", "modified": "11:30", "day": "2026-12-01", "seen": "2026-12-01T10:00:00Z", "id": "F47AC10B-58CC-4372-A567-0E02B2C3D480"},
]
with open("pages.jsonl", "w") as file:
    file.writelines(json.dumps(row) + "\n" for row in ROWS)


def first_of_duckdb():
    duckdb.sql("SET TimeZone = 'UTC'")
    pages = duckdb.sql("FROM 'pages.jsonl'")
    return dict(zip(pages.columns, pages.fetchall()[0]))


READERS = {
    "pandas": lambda: pandas.read_json("pages.jsonl", lines=True).iloc[0].to_dict(),
    "pyarrow": lambda: pyarrow.json.read_json("pages.jsonl").to_pylist()[0],
    "duckdb": first_of_duckdb,
    "datasets": lambda: datasets.load_dataset("json", data_files="pages.jsonl", split="train")[0],
    "polars": lambda: polars.read_ndjson("pages.jsonl").row(0, named=True),
}
TODAY = pandas.Timestamp.now().strftime("%Y-%m-%d")
EXPECTED = {
    "pandas": {"sku": "123", "etag": "12000.0", "modified": f"{TODAY} 10:30:00"},
    "pyarrow": {"day": "2026-11-30 00:00:00", "seen": "2026-11-30 08:00:00"},
    "duckdb": {"modified": "10:30:00", "day": "2026-11-30", "seen": "2026-11-30 08:00:00+00:00", "id": "f47ac10b-58cc-4372-a567-0e02b2c3d479"},
    "datasets": {"day": "2026-11-30 00:00:00", "seen": "2026-11-30 08:00:00"},
    "polars": {},
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in READERS))
for name, read in READERS.items():
    first = read()
    seen = {column: str(value) for column, value in first.items() if not isinstance(value, str)}
    print(f"{name:9}", seen or "strings, as they were written")
    assert all(first[column] == value for column, value in ROWS[0].items() if column not in seen)
    assert seen == EXPECTED[name], "changed"
with open("pages.jsonl", "a") as file:
    file.write(json.dumps(dict.fromkeys(ROWS[0], "unknown")) + "\n")
for name, read in READERS.items():
    first = read()
    print(f"{name:9} with 'unknown' in a third line:", [value for value in first.values() if not isinstance(value, str)] or "strings")
    assert first == ROWS[0], "changed"
PY
