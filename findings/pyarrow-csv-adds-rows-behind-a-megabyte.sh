#!/usr/bin/env bash
# What: a CSV file of crawled pages, url and text, whose texts have three lines and a comma in each but the first, as Python's csv (and Scrapy's exporter, which uses it) writes them:
#   12,001 pages in 1.2 MB, and the first 5,000 of them in 0.5 MB. Read by pyarrow 26.0.1 (csv.read_csv, csv.open_csv), pandas 3.1.1 (read_csv, and with engine="pyarrow"), polars 2.1.0
#   and duckdb 2.0.1.
# Expected: the pages that were written, or an error. Line breaks within quotes are in RFC 4180 (2.6), and pyarrow reads the smaller file right.
# Seen: 2026-11-30, Python 3.11.7. All read the smaller file right. Of the larger
#   pyarrow's read_csv, pandas with engine="pyarrow"   12,002 rows, without an error: one page is gone, and in its place are two rows of its text,
#                                                      ('the second', ' with a comma') and ('and the third', ' too"')
#   pyarrow's open_csv                                 12,002 rows: a text ends behind its second line, and its third is a row
#   pandas, polars, duckdb                             right
# Why: the file is cut into blocks of 1 MiB at line ends, and only newlines_in_values=True makes it look whether one is within quotes; a row whose pieces happen to have as many commas as
#   there are columns passes. Texts without commas give "CSV parse error: Expected 2 columns", which is the luckier case.
# Why it matters: tests have small files. In production a page of each megabyte may be gone, and text stands where URLs are; with pandas it is a switch that was set for speed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 duckdb==2.0.1
cd "$dir"
timeout 120 v/bin/python -W ignore - <<'PY'
import csv, sys
from importlib.metadata import version
import duckdb, pandas, polars, pyarrow.csv

PAGES = [("http://site.example/first", "x")]
PAGES += [(f"http://site.example/{number}", f"The first line, of page {number}\nthe second, with a comma\nand the third, too") for number in range(12_000)]


def by_arrow(table):
    return [tuple(row.values()) for row in table.to_pylist()]


READERS = {
    "pyarrow, read_csv": lambda path: by_arrow(pyarrow.csv.read_csv(path)),
    'pandas, engine="pyarrow"': lambda path: [*pandas.read_csv(path, engine="pyarrow").itertuples(index=False, name=None)],
    "pyarrow, open_csv": lambda path: by_arrow(pyarrow.csv.open_csv(path).read_all()),
    "pandas": lambda path: [*pandas.read_csv(path).itertuples(index=False, name=None)],
    "polars": lambda path: polars.read_csv(path).rows(),
    "duckdb": lambda path: duckdb.sql(f"FROM '{path}'").fetchall(),
}
print("versions", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pyarrow", "pandas", "polars", "duckdb")))
for count in (5_000, len(PAGES)):
    pages = PAGES[:count]
    with open("pages.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("url", "text"), *pages])
    for position, (name, read) in enumerate(READERS.items()):
        seen = read("pages.csv")
        wrong = sorted({*seen} - {*pages})
        print(f"{count:6} pages, {name:24}", len(seen), "rows,", "wrong:" if wrong else "right", *wrong)
        if count == 5_000 or position > 2:
            assert sorted(seen) == sorted(pages), "the control failed"
        elif position == 2:
            assert len(seen) == count + 1 and wrong == [("and the third", ' too"'), (PAGES[10_396][0], PAGES[10_396][1][:-18])], "changed"
        else:
            assert len(seen) == count + 1 and len({*pages} - {*seen}) == 1, "changed"
            assert wrong == [("and the third", ' too"'), ("the second", " with a comma")], "changed"
PY
