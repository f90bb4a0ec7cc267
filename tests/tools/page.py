"""docs/tools.md from docs/tools.json, which the runs have written:   python -m tests.tools.page"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ..support.pages import ROOT, rewritten
from .table import TOOLS, Tool

PAGE: Final = ROOT / "docs" / "tools.md"
RESULTS: Final = ROOT / "docs" / "tools.json"


def load(path: Path = RESULTS) -> dict[str, Any]:
    results: dict[str, Any] = {"httpconn": "", "rows": {}, "suites": []}
    if path.exists():
        results.update(json.loads(path.read_text(encoding="utf-8")))
    return results


def save(results: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")


def is_green(way: str, seen: dict[str, Any]) -> bool:
    """Return whether all is http.client's, and with ``install`` first nothing was left to http.client."""
    return bool(seen["same"]) and (way == "after" or seen["responses"]["http.client"] == 0)


def cell(seen: dict[str, Any]) -> str:
    ours, theirs = seen["responses"]["httpconn"], seen["responses"]["http.client"]
    if not seen["same"]:
        return "**differs**"
    if not ours + theirs:
        return "the same"
    if not theirs:
        return "the same, on httpconn"
    return f"the same, {ours} of {ours + theirs} responses on httpconn" if ours else "the same, on http.client"


def unexplained(rows: list[dict[str, Any]]) -> list[str]:
    """Return what is not green without a reason, and which reasons have nothing to tell."""
    by_program = {tool.program: tool for tool in TOOLS}
    found = []
    for row in rows:
        for way in ("first", "after"):
            is_told = bool(getattr(by_program[row["tool"]], way))
            if is_green(way, row[way]) == is_told:
                what = (
                    "is green, and table.py says why it is not"
                    if is_told
                    else row[way].get("difference", "on http.client")
                )
                found.append(f"{row['tool']}, {way}: {what}")
    return found


def fill(text: str, results: dict[str, Any]) -> str:
    text = rewritten(text, "tools", "docs/tools.json", "\n".join(_table(results)))
    return rewritten(text, "suites", "docs/tools.json", "\n".join(_suites(results)))


def _table(results: dict[str, Any]) -> Iterator[str]:
    numbers = sorted(results["rows"], key=lambda number: int(number.partition(".")[2]))
    yield f"httpconn {results['httpconn']}, Python {' and '.join(numbers)}."
    yield ""
    yield "| tool | version | `install()` first | `install()` after | what is lost, and why |"
    yield "|---|---|---|---|---|"
    for tool in TOOLS:
        found = {number: row for number in numbers for row in results["rows"][number] if row["tool"] == tool.program}
        versions = _each({number: ", ".join(row["versions"].values()) for number, row in found.items()})
        first, after = (_each({number: cell(row[way]) for number, row in found.items()}) for way in ("first", "after"))
        yield f"| {tool.title} | {versions} | {first} | {after} | {_lost(tool, [*found.values()])} |"


def _each(texts: dict[str, str]) -> str:
    """Return the text once where it is the same on every Python."""
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{number}: {text}" for number, text in texts.items())


def _lost(tool: Tool, rows: list[dict[str, Any]]) -> str:
    reasons = [reason for reason in dict.fromkeys((tool.first, tool.after)) if reason]
    early = sorted({name for row in rows if row["after"]["responses"]["http.client"] for name in row["after"]["early"]})
    if early:
        reasons.append("imported before, and on http.client still: " + ", ".join(f"`{name}`" for name in early))
    if any("put there by a tool" in row["after"]["told"] for row in rows):
        reasons.append("the tool's class is in the module, and is left there: `install()` again when it is gone")
    return "; ".join(reasons)


def _suites(results: dict[str, Any]) -> Iterator[str]:
    yield "| suite | Python | pass with http.client | of them with httpconn | what does not, and why |"
    yield "|---|---|---|---|---|"
    for suite in results["suites"]:
        gaps = "; ".join(f"`{name}`: {why}" for name, why in suite["gaps"].items())
        yield f"| {suite['suite']} {suite['version']} | {suite['python']} | {suite['passed']} | {suite['ours']} | {gaps} |"


def main() -> None:
    save(load())


if __name__ == "__main__":
    main()
