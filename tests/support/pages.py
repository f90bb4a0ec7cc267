"""Parts of pages that programs write, between two markers; a test fails where such a part is stale."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rewritten(page: str, what: str, source: str, part: str) -> str:
    """Return *page* with *part* between the markers of *what*, which name its *source*. ValueError: not there, once."""
    begin, end = f"<!-- {what}: from {source} -->\n", f"<!-- end of {what} -->\n"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(end) < page.index(begin):
        raise ValueError(f"expected one {begin.strip()} and one {end.strip()} behind it")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{part}\n{end}{after}"
