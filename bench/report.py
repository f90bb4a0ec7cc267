"""The results as tables on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final

from bench.budgets import judge
from bench.jobs.steps import STEPS
from bench.results import Results, beyond, cost, is_cycle, ratio, spread
from bench.rivals import RAW, REFERENCE

_NAME_WIDTH: Final = 34
_MANY_US: Final = 5000.0


def lines(results: Results) -> Iterator[str]:
    """Everything, line by line."""
    for row in results["rows"].values():
        yield from row_lines(row)
    for curve in results["curves"].values():
        yield from curve_lines(curve)
    yield from budget_lines(results)


def row_lines(row: dict[str, Any]) -> Iterator[str]:
    """A row: a line for each client, fastest first, and who is absent."""
    server = f" ({row['server']})" if "server" in row else ""
    yield f"\n{row['title']}{server}"
    columns = [name for name, show in _COLUMNS.items() if any(show(row, client) for client in row["clients"])]
    unit = unit_of(row)[0]
    yield f"  {'':<{_NAME_WIDTH}}" + "".join(f"{name.replace('UNIT', unit):>{_WIDTHS[name]}}" for name in columns)
    for client in by_cost(row):
        cells = "".join(f"{_COLUMNS[name](row, client):>{_WIDTHS[name]}}" for name in columns)
        yield f"  {client:<{_NAME_WIDTH}}{cells}"
    for client, why in row["absent"].items():
        yield f"  {client:<{_NAME_WIDTH}}absent: {why}"
    yield from _step_lines(row)


def _step_lines(row: dict[str, Any]) -> Iterator[str]:
    for client, record in row["clients"].items():
        if all(step in record for step in STEPS):
            yield f"  {client:<{_NAME_WIDTH}}" + ", ".join(f"{step} {median(record[step]):.2f} us" for step in STEPS)


def unit_of(row: dict[str, Any]) -> tuple[str, float]:
    """The unit of time that suits the row, and how many microseconds it is."""
    least = min(median(record["cpu_us"]) for record in row["clients"].values())
    return ("ms", 1000.0) if least > _MANY_US else ("us", 1.0)


def by_cost(row: dict[str, Any]) -> list[str]:
    """The clients, cheapest first."""
    return sorted(row["clients"], key=lambda client: median(cost(row, client)))


def curve_lines(curve: dict[str, Any]) -> Iterator[str]:
    """A curve: a line for each client, a column for each x."""
    yield f"\n{curve['title']}: {curve['y_label']}, by {curve['x_label']}"
    yield f"  {'':<{_NAME_WIDTH}}" + "".join(f"{x:>12,}" for x in curve["x"])
    for client, points in curve["clients"].items():
        cells = "".join(f"{median(values):>12,.4g}" if values else f"{'-':>12}" for values in points)
        yield f"  {client:<{_NAME_WIDTH}}{cells}"


def budget_lines(results: Results) -> Iterator[str]:
    """Which budgets are met."""
    yield "\nBudgets"
    for verdict in judge(results):
        budget = verdict.budget
        said = {True: "met", False: "NOT MET", None: "unknown"}[verdict.is_met]
        value = "-" if verdict.value is None else f"{verdict.value:.3g}"
        row = results["rows"].get(budget.row)
        if row is None:
            continue  # was not asked for
        yield f"  {said:<8}{value:>8} <= {budget.limit:<7.3g}{budget.text}   [{row['title']}]"


def _spread_cell(row: dict[str, Any], values: list[float]) -> str:
    unit_us = unit_of(row)[1]
    found = spread([value / unit_us for value in values])
    return f"{found.median:,.4g} [{found.low:,.4g}, {found.high:,.4g}]"


def _time(name: str) -> Callable[[dict[str, Any], str], str]:
    return lambda row, client: _spread_cell(row, row["clients"][client][name])


def _beyond(row: dict[str, Any], client: str) -> str:
    if not is_cycle(row) or client == RAW:
        return ""
    return _spread_cell(row, beyond(row, client))


def _ratio_to(of: str) -> Callable[[dict[str, Any], str], str]:
    def cell(row: dict[str, Any], client: str) -> str:
        found = ratio(row, client, of)
        return "" if found is None else f"{found:.2f}x"

    return cell


def _calls(row: dict[str, Any], client: str) -> str:
    counted = row["clients"][client].get("calls")
    return f"{sum(counted.values()):.2f}" if counted else ""


def _would_block(row: dict[str, Any], client: str) -> str:
    counted = row["clients"][client].get("untraced")
    return f"{counted['would_block']:.2f}" if counted else ""


def _speed(name: str) -> Callable[[dict[str, Any], str], str]:
    def cell(row: dict[str, Any], client: str) -> str:
        if "moves_bytes" not in row:
            return ""
        return f"{row['moves_bytes'] / median(row['clients'][client][name]) / 1e3:.2f}"

    return cell


def _peak(row: dict[str, Any], client: str) -> str:
    peak = row["clients"][client].get("peak_mib")
    return f"{peak:.1f}" if peak else ""


_COLUMNS: Final[dict[str, Callable[[dict[str, Any], str], str]]] = {
    "wall, UNIT [quartiles]": _time("wall_us"),
    "client CPU, UNIT": _time("cpu_us"),
    "beyond bare, UNIT": _beyond,
    "of http.client": _ratio_to(REFERENCE),
    "of raw": _ratio_to(RAW),
    "GB/s": _speed("wall_us"),
    "GB/CPU s": _speed("cpu_us"),
    "calls": _calls,
    "would block": _would_block,
    "peak MiB": _peak,
}
_WIDTHS: Final = {name: 25 if "UNIT" in name else max(10, len(name) + 3) for name in _COLUMNS}
