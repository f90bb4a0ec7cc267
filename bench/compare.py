"""Two results side by side: NEW in terms of BASE, for every row, client and quantity that both have.

    python -m bench.compare BASE.json NEW.json [--threshold 0.05]

A ratio counts as a change where it is beyond the threshold and the quartiles of the two do not overlap; those
are marked. It is for two runs on one machine; where machine or versions differ, that is said first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.results import Results, load, quantity, spread
from bench.rivals import PARSE_ONLY, RAW

_NAME_WIDTH: Final = 34
_QUANTITIES: Final = ("wall_us", "cpu_us", "beyond_us", "calls", "peak_mib")


def lines(base: Results, new: Results, threshold: float) -> Iterator[str]:
    """The comparison, line by line."""
    yield from _differences(base, new)
    for name, row in new["rows"].items():
        if name in base["rows"]:
            yield f"\n{row['title']}"
            yield from _row(base["rows"][name], row, threshold)
    for name, curve in new["curves"].items():
        if name in base["curves"] and base["curves"][name]["x"] == curve["x"]:
            yield f"\n{curve['title']}: {curve['y_label']}, by {curve['x_label']}"
            yield from _curve(base["curves"][name], curve)


def _differences(base: Results, new: Results) -> Iterator[str]:
    for what in ("machine", "versions"):
        for name in sorted(base[what].keys() | new[what].keys()):
            one, other = base[what].get(name, "absent"), new[what].get(name, "absent")
            if one != other and name != "load_before":
                yield f"{name}: {one} -> {other}"


def _row(base: dict[str, Any], new: dict[str, Any], threshold: float) -> Iterator[str]:
    for client in new["clients"]:
        cells = []
        for name in _QUANTITIES:
            one, other = _values(base, client, name), _values(new, client, name)
            if not one or not other or not spread(one).median:
                continue
            before, after = spread(one), spread(other)
            ratio = after.median / before.median
            is_apart = after.low > before.high or after.high < before.low
            is_change = abs(ratio - 1) > threshold and (is_apart or len(one) < 2)
            mark = ("slower" if ratio > 1 else "faster") if is_change and name.endswith("_us") else "*" * is_change
            cells.append(f"{name.removesuffix('_us')} {ratio:.3f}x {mark:<7}")
        if cells:
            yield f"  {client:<{_NAME_WIDTH}}" + "".join(f"{cell:<24}" for cell in cells)


def _values(row: dict[str, Any], client: str, name: str) -> list[float]:
    if client not in row["clients"] or (name == "beyond_us" and (PARSE_ONLY not in row["clients"] or client == RAW)):
        return []
    try:
        values: Any = quantity(row, client, name)
    except KeyError:
        return []
    return values if isinstance(values, list) else [values] if values else []


def _curve(base: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    yield f"  {'':<{_NAME_WIDTH}}" + "".join(f"{x:>12,}" for x in new["x"])
    for client, points in new["clients"].items():
        if client not in base["clients"]:
            continue
        cells = ""
        for one, other in zip(base["clients"][client], points, strict=True):
            is_known = one and other and spread(one).median
            cells += f"{spread(other).median / spread(one).median:>11.3f}x" if is_known else f"{'-':>12}"
        yield f"  {client:<{_NAME_WIDTH}}{cells}"


def main() -> None:
    """Read the command line and print the ratios."""
    arguments = argparse.ArgumentParser(prog="python -m bench.compare", description="NEW in terms of BASE.")
    arguments.add_argument("base", type=Path)
    arguments.add_argument("new", type=Path)
    arguments.add_argument("--threshold", type=float, default=0.05, help="what counts as a change (0.05)")
    options = arguments.parse_args()
    try:
        for line in lines(load(options.base), load(options.new), options.threshold):
            print(line)
    except (OSError, ValueError) as error:
        sys.exit(f"bench-compare: {error}")


if __name__ == "__main__":
    main()
