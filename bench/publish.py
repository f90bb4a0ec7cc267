"""Show a run in the docs: its JSON, its plots, and its figures in docs/performance.md.

    python -m bench.publish RESULTS.json      copy it to docs/performance.json, draw docs/img, fill the page
    python -m bench.publish --check           is the page what docs/performance.json says?

What stands between `<!-- figures: NAME -->` and `<!-- end -->` in the page is made here, and only here: a
figure that was edited by hand, or is older than its results, fails the check.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from math import fsum  # the same on every Python; 3.12's sum() is not 3.11's
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import unused
from bench.budgets import judge
from bench.jobs.steps import STEPS
from bench.report import by_cost
from bench.results import Results, cost, is_cycle, load, ratio, save, spread
from bench.rivals import OURS, RAW, REFERENCE

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PAGE: Final = DOCS / "performance.md"
RESULTS: Final = DOCS / "performance.json"
IMAGES: Final = DOCS / "img"

_BLOCK: Final = re.compile(r"(<!-- figures: ([\w -]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def fill(page: str, results: Results) -> str:
    """The page with all its blocks made anew. Raises ValueError for a block that nobody knows how to make."""

    def made(found: re.Match[str]) -> str:
        kind, _, name = found[2].partition(" ")
        if kind not in _MAKERS:
            raise ValueError(f"no figures are called {found[2]!r}; there are {', '.join(_MAKERS)}")
        return found[1] + "".join(f"{line}\n" for line in _MAKERS[kind](results, name)) + found[4]

    return _BLOCK.sub(made, page)


def _row(results: Results, name: str) -> Iterator[str]:
    """A row of the suite as a table, cheapest first."""
    row = results["rows"].get(name)
    if row is None:
        yield f"(`{name}` was not measured in this run.)"
        return
    has_calls = any("calls" in record for record in row["clients"].values())
    is_beyond = is_cycle(row)
    head = ["client", "beyond the bare loop, us" if is_beyond else "client CPU, us", "of http.client"]
    head += [
        *([] if is_beyond else ["of raw socket"]),
        "wall, us",
        *(["system calls", "would block"] if has_calls else []),
        "peak MiB",
    ]
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|---:" * (len(head) - 1) + "|"
    for client in by_cost(row):
        record = row["clients"][client]
        name = f"{client} (the loop itself)" if is_beyond and client == RAW else client
        cells = [f"**{client}**" if client in OURS else name, _spread(cost(row, client))]
        cells += [_ratio(row, client, of) for of in ((REFERENCE,) if is_beyond else (REFERENCE, RAW))]
        cells.append(f"{median(record['wall_us']):,.4g}")
        if has_calls:
            blocked = record.get("untraced", {}).get("would_block")
            cells += [f"{fsum(record.get('calls', {}).values()):.2f}", "" if blocked is None else f"{blocked:.2f}"]
        cells.append(f"{record['peak_mib']:.1f}" if record.get("peak_mib") else "")
        yield "| " + " | ".join(cells) + " |"
    for client, why in row["absent"].items():
        yield f"\n{client}: absent ({why})."


def _ratio(row: dict[str, Any], client: str, of: str) -> str:
    found = ratio(row, client, of)
    return "" if found is None else f"{found:.2f}x"


def _curve(results: Results, name: str) -> Iterator[str]:
    """A curve as a table."""
    curve = results["curves"].get(name)
    if curve is None:
        yield f"(`{name}` was not measured in this run.)"
        return
    yield f"{curve['y_label']}, by {curve['x_label']}:\n"
    yield "| client | " + " | ".join(f"{x:,}" for x in curve["x"]) + " |"
    yield "|---" + "|---:" * len(curve["x"]) + "|"
    for client, points in curve["clients"].items():
        yield f"| {client} | " + " | ".join(f"{median(values):,.4g}" if values else "" for values in points) + " |"


def _steps(results: Results, name: str) -> Iterator[str]:
    """The steps of the cycle, one by one."""
    row = results["rows"].get(name)
    if row is None:
        yield f"(`{name}` was not measured in this run.)"
        return
    yield "| us | " + " | ".join(STEPS) + " | in all |"
    yield "|---" + "|---:" * (len(STEPS) + 1) + "|"
    for client, record in row["clients"].items():
        middles = [median(record[step]) for step in STEPS]
        label = f"{client} (send, recv)" if client == RAW else f"**{client}**" if client in OURS else client
        yield f"| {label} | " + " | ".join(f"{value:.2f}" for value in (*middles, fsum(middles))) + " |"


def _budgets(results: Results, _: str) -> Iterator[str]:
    """Every budget and what was measured."""
    yield "| row | budget | at most | measured | |"
    yield "|---|---|---:|---:|---|"
    for verdict in judge(results):
        budget = verdict.budget
        row = results["rows"].get(budget.row, {"title": budget.row})
        said = {True: "met", False: "**not met**", None: "not measured"}[verdict.is_met]
        value = "" if verdict.value is None else f"{verdict.value:.3g}"
        yield f"| {row['title']} | {budget.text} | {budget.limit:.3g} | {value} | {said} |"


def _unused(_: Results, unit: str) -> Iterator[str]:
    """What those pay who use none of what was added, in *unit*; of a run of its own, in docs/unused.json."""
    seen = unused.published().get(unit)
    if seen is None:
        yield f"(Not seen yet by {unit}.)"
        return
    yield from unused.table(seen, unit)
    yield ""
    yield unused.about(seen, unit)


def _about(results: Results, _: str) -> Iterator[str]:
    """When, on what and with which versions."""
    machine = results["machine"]
    kind = "quick" if results["is_quick"] else "full"
    yield f"A {kind} run of {results['made_at'][:10]}: medians of {results['rounds']} interleaved rounds, in brackets"
    yield f"the quartiles. {machine['cores']} cores of {machine['cpu']}, {machine['system']}; load before the run:"
    yield f"{machine['load_before']}."
    yield ""
    yield "Versions: " + ", ".join(f"{name} {version}" for name, version in results["versions"].items()) + "."


def _spread(values: list[float]) -> str:
    found = spread(values)
    return f"{found.median:,.4g} [{found.low:,.4g}, {found.high:,.4g}]"


_MAKERS: Final[dict[str, Callable[[Results, str], Iterator[str]]]] = {
    "row": _row,
    "curve": _curve,
    "steps": _steps,
    "budgets": _budgets,
    "about": _about,
    "unused": _unused,
}


def main() -> None:
    """Read the command line; publish, or check."""
    arguments = argparse.ArgumentParser(prog="python -m bench.publish", description="Show a run in the docs.")
    arguments.add_argument("results", type=Path, nargs="?", help="a JSON file of bench.suite")
    arguments.add_argument("--check", action="store_true", help="only see whether the page is up to date")
    options = arguments.parse_args()
    if options.check == (options.results is not None):
        arguments.error("either RESULTS.json or --check")
    try:
        results = load(options.results or RESULTS)
        page = fill(PAGE.read_text(), results)
        if options.check:
            if page != PAGE.read_text():
                sys.exit(f"bench-publish: {PAGE.name} is not what {RESULTS.name} says; run `make bench-publish`")
            return
        save(results, RESULTS)
        PAGE.write_text(page)
    except (OSError, ValueError) as error:
        sys.exit(f"bench-publish: {error}")
    from bench.plots import draw

    for path in draw(results, IMAGES):
        print(path.relative_to(DOCS.parent))


if __name__ == "__main__":
    main()
