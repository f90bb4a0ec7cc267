"""The benchmark suite: every row in one run with its rivals, and how cost grows.

    python -m bench.suite [--full] [--only NAME ...] [--rounds N] [--out FILE]

Each client is a process of its own on one core, the server is on another. What they do is first verified to be
the same; then they are timed in rounds that take turns, and medians over the rounds are compared. Tables go to
the terminal, everything to a JSON file, plots beside it. `python -m bench.publish` shows a run in the docs.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any, Final

from bench import report, results
from bench.child import ChildError
from bench.limits import raise_open_files
from bench.progress import Progress
from bench.rounds import Bench, bench, why_absent
from bench.rows import Curve, Row, curves, rows

ROUNDS: Final = 9
QUICK_ROUNDS: Final = 3
QUICK_SHARE: Final = 4
CURVE_ROUNDS: Final = 3
OUT: Final = Path(".benchmarks")


def measure_curve(here: Bench, curve: Curve) -> dict[str, Any]:
    """A curve's record: for each client, at each x, the quantity in each round."""
    rounds, here.rounds = here.rounds, min(here.rounds, CURVE_ROUNDS)
    record: dict[str, Any] = {"title": curve.title, "x_label": curve.x_label, "y_label": curve.y_label}
    record |= {"x": list(curve.xs), "per_x": curve.per_x, "clients": {}, "absent": {}}
    for index, x in enumerate(curve.xs):
        point = here.measure(curve.row(x), f"{curve.title}: {x:,}")
        for client, seen in point["clients"].items():
            values = [value / x if curve.per_x else value for value in seen.get(curve.quantity, [])]
            record["clients"].setdefault(client, [[]] * len(curve.xs))[index] = values
        record["absent"] |= point["absent"]
    here.rounds = rounds
    return record


def steps(here: Bench, chosen_rows: list[Row], chosen_curves: list[Curve]) -> int:
    """How long the progress line is."""
    total = sum(here.steps(row) for row in chosen_rows)
    rounds, here.rounds = here.rounds, min(here.rounds, CURVE_ROUNDS)
    total += sum(here.steps(curve.row(x)) for curve in chosen_curves for x in curve.xs)
    here.rounds = rounds
    return total


def run(options: argparse.Namespace) -> results.Results:
    """Measure what was asked for."""
    chosen_rows = [row for row in rows() if not options.only or row.name in options.only]
    chosen_curves = [curve for curve in curves() if not options.only or curve.name in options.only]
    if not chosen_rows and not chosen_curves:
        known = ", ".join([row.name for row in rows()] + [curve.name for curve in curves()])
        raise ChildError(f"nothing is called {' or '.join(options.only)}; there are: {known}")
    rounds = options.rounds or (ROUNDS if options.full else QUICK_ROUNDS)
    found = results.new_results(not options.full, rounds, results.httpconn_about())
    absent = {client: why for row in chosen_rows for client in row.clients if (why := why_absent(client))}
    for client, why in absent.items():
        print(f"absent: {client} ({why})")
    raise_open_files()
    with contextlib.ExitStack() as stack:
        progress = Progress(1, "steps")
        here = stack.enter_context(bench(progress, rounds, 1 if options.full else QUICK_SHARE))
        here.progress = progress = Progress(steps(here, chosen_rows, chosen_curves), "steps")
        for row in chosen_rows:
            found["rows"][row.name] = here.measure(row, row.title)
        for curve in chosen_curves:
            found["curves"][curve.name] = measure_curve(here, curve)
        progress.end()
    return found


def main() -> None:
    """Read the command line, run, and say plainly how it ended."""
    arguments = argparse.ArgumentParser(prog="python -m bench.suite", description="The benchmark suite.")
    arguments.add_argument("--full", action="store_true", help=f"{ROUNDS} rounds, and more in each")
    arguments.add_argument("--rounds", type=int, help="so many rounds instead")
    arguments.add_argument("--only", nargs="+", metavar="NAME", help="these rows and curves only")
    arguments.add_argument("--out", type=Path, help="where the results go, a JSON file")
    options = arguments.parse_args()
    out = options.out or OUT / ("full.json" if options.full else "quick.json")
    try:
        found = run(options)
        results.save(found, out)
    except (ChildError, RuntimeError) as error:
        sys.exit(f"\nbench: FAILED: {error}")
    except KeyboardInterrupt:
        sys.exit("\nbench: interrupted")
    for line in report.lines(found):
        print(line)
    print(f"\nresults: {out}")
    try:
        from bench.plots import draw
    except ImportError:
        print("no plots: matplotlib is not installed")
        return
    for path in draw(found, out.parent / "img"):
        print(f"plot: {path}")


if __name__ == "__main__":
    main()
