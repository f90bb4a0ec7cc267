"""The results as pictures: bars for the rows, lines for what grows, budgets and limits drawn in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from bench.budgets import limits_in_us
from bench.results import Results, beyond, quantity, spread
from bench.rivals import CYTHON, HTTPTOOLS, ON_HTTPCONN, PARSE_ONLY, PYTHON, RAW, REFERENCE

_DPI: Final = 130
_COLOURS: Final = {
    CYTHON: "#0b4f9e",
    HTTPTOOLS: "#4d8fd1",
    PYTHON: "#9cc3e8",
    REFERENCE: "#d9822b",
    PARSE_ONLY: "#8a6fb0",
    RAW: "#222222",
}
_OTHER: Final = "#b4b4b4"
_BUDGET: Final = "#b3202a"
_CALL_COLOURS: Final = ("#0b4f9e", "#d9822b", "#4f9d69", "#8a6fb0", "#b3202a", "#7a7a7a", "#c9b458")
_CALLS_SHOWN: Final = 6

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "legend.fontsize": 8,
    }
)


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw all that the results have figures for; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, picture in _PICTURES.items():
        figure = picture(results)
        if figure is None:
            continue
        foot = f"Medians of {results['rounds']} interleaved rounds, bars to the quartiles. {_made_on(results)}"
        figure.text(0.01, 0.005, foot, fontsize=7, color="#555555")
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=_DPI, metadata={"Software": None})
        plt.close(figure)
        drawn.append(path)
    return drawn


def _layout() -> ConstrainedLayoutEngine:
    """Room is left for the foot."""
    return ConstrainedLayoutEngine(rect=(0, 0.04, 1, 0.96))


def _made_on(results: Results) -> str:
    python = results["versions"].get("Python", "?")
    kind = "quick run" if results["is_quick"] else "full run"
    return f"Python {python}, httpconn {results['versions'].get('httpconn', '?')}, {results['machine']['cpu']}, {kind}."


# ---------------------------------------------------------------- bars


def _panels(results: Results, names: Iterable[str], values: Callable[[dict[str, Any], str], list[float]]) -> Any:
    """A panel of horizontal bars for each row that is there, with the budgets of one quantity."""
    found = [(name, results["rows"][name]) for name in names if name in results["rows"]]
    if not found:
        return None
    most = max(len(row["clients"]) for _, row in found)
    size = (4.6 * len(found) + 0.6, 1.3 + 0.29 * most)
    figure, axes = plt.subplots(1, len(found), figsize=size, squeeze=False, layout=_layout())
    for axis, (_, row) in zip(axes[0], found, strict=True):
        _bars(axis, {client: values(row, client) for client in row["clients"] if values(row, client)})
        axis.set_title(row["title"])
    return figure, list(zip(axes[0], found, strict=True))


def _bars(axis: Axes, figures: dict[str, list[float]]) -> None:
    ordered = sorted(figures.items(), key=lambda item: median(item[1]), reverse=True)
    names = [name for name, _ in ordered]
    spreads = [spread(values) for _, values in ordered]
    middles = [one.median for one in spreads]
    errors = [[one.median - one.low for one in spreads], [one.high - one.median for one in spreads]]
    colours = [_COLOURS.get(name, _COLOURS.get(name.partition(",")[0], _OTHER)) for name in names]
    bars = axis.barh(names, middles, color=colours, xerr=errors, error_kw={"elinewidth": 0.8, "ecolor": "#555555"})
    labels = [f"{value:.3g}" if value < 1000 else f"{value:,.0f}" for value in middles]
    axis.bar_label(bars, labels, padding=4, fontsize=8)
    axis.set_xlim(0, max(one.high for one in spreads) * 1.14)
    axis.tick_params(axis="y", length=0)
    for label in axis.get_yticklabels():
        if label.get_text() in (CYTHON, HTTPTOOLS, PYTHON) or label.get_text().endswith(ON_HTTPCONN):
            label.set_fontweight("bold")


def _mark(axis: Axes, limits: list[tuple[float, str]]) -> None:
    """Lines for the budgets, named in a legend below the longest bar's end."""
    styles = ("--", ":", "-.")
    for (limit, text), style in zip(sorted(limits), styles, strict=False):
        axis.axvline(limit, color=_BUDGET, linestyle=style, linewidth=1.2, label=f"{text} = {limit:.3g} us")
    if limits:
        axis.legend(loc="upper right")


def _cycle(results: Results) -> Any:
    names = ("cycle-small", "cycle-10k", "cycle-10k-chunked")
    made = _panels(results, names, lambda row, client: [] if client == RAW else beyond(row, client))
    if made is None:
        return None
    figure, panels = made
    titles = {"cycle-small": "2 bytes", "cycle-10k": "20 fields, 10 KiB", "cycle-10k-chunked": "the same in 10 chunks"}
    for axis, (name, row) in panels:
        axis.set_title(titles[name])
        axis.set_xlabel("CPU beyond the bare send/recv loop (us)")
        _mark(axis, limits_in_us(name, row, "beyond_us"))
    figure.suptitle("One request and its response over a socketpair", fontweight="bold")
    return figure


def _get(results: Results) -> Any:
    names = ("get-small", "get-10k", "get-small-tls")
    made = _panels(results, names, lambda row, client: quantity(row, client, "cpu_us"))
    if made is None:
        return None
    figure, panels = made
    for axis, (name, row) in panels:
        axis.set_title(row["title"].replace(", kept connection", ""))
        axis.set_xlabel("client CPU per GET (us)")
        _mark(axis, limits_in_us(name, row, "cpu_us"))
    server = panels[0][1][1].get("server", "?")
    figure.suptitle(f"GET from {server} on a kept connection, one after another", fontweight="bold")
    return figure


def _large(results: Results) -> Any:
    names = ("large-read", "large-readinto", "large-parts", "large-chunked")
    made = _panels(results, names, lambda row, client: [us / 1000 for us in quantity(row, client, "cpu_us")])
    if made is None:
        return None
    figure, panels = made
    for axis, (_, row) in panels:
        axis.set_title(row["title"].removeprefix("100 MiB "))
        axis.set_xlabel("client CPU (ms)")
    figure.suptitle("A body of 100 MiB", fontweight="bold")
    return figure


def _many(results: Results) -> Any:
    made = _panels(results, ("many",), lambda row, client: [1e3 / us for us in quantity(row, client, "wall_us")])
    if made is None:
        return None
    figure, [(axis, _)] = made
    axis.set_xlabel("thousand requests per second")
    return figure


def _calls(results: Results) -> Any:
    found = [results["rows"][name] for name in ("calls", "calls-late") if name in results["rows"]]
    found = [row for row in found if all("calls" in record for record in row["clients"].values())]
    if not found:
        return None
    figure, axes = plt.subplots(1, len(found), figsize=(6.2 * len(found), 3.6), squeeze=False, layout=_layout())
    totals: dict[str, float] = {}
    for row in found:
        for record in row["clients"].values():
            for name, number in record["calls"].items():
                totals[name] = totals.get(name, 0) + number
    shown = sorted(totals, key=lambda name: -totals[name])[:_CALLS_SHOWN]
    for axis, row in zip(axes[0], found, strict=True):
        clients = sorted(row["clients"], key=lambda name: -sum(row["clients"][name]["calls"].values()))
        left = [0.0] * len(clients)
        for name, colour in zip(shown, _CALL_COLOURS, strict=False):
            widths = [row["clients"][client]["calls"].get(name, 0) for client in clients]
            axis.barh(clients, widths, left=left, color=colour, label=name)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        for number, client in enumerate(clients):
            blocked = row["clients"][client].get("untraced", {}).get("would_block")
            note = "" if blocked is None else f"  ({blocked:.0%} would block)"
            axis.text(left[number] + 0.05, number, f"{left[number]:.2f}{note}", va="center", fontsize=8)
        axis.set_xlim(0, max(left) * 1.45)
        axis.axvline(3, color=_BUDGET, linestyle="--", linewidth=1.2, label="budget without a timeout")
        axis.axvline(4, color=_BUDGET, linestyle=":", linewidth=1.2, label="budget with one")
        axis.set_title(row["title"])
        axis.set_xlabel("system calls per GET (strace); would-block rate untraced")
        axis.tick_params(axis="y", length=0)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=_CALLS_SHOWN + 2)
    figure.suptitle("System calls per request on a kept connection", fontweight="bold")
    return figure


# ---------------------------------------------------------------- lines


def _grow(results: Results) -> Any:
    return _lines(results, ("fields", "body", "chunks"), "How cost grows")


def _drip(results: Results) -> Any:
    return _lines(results, ("drip-field", "drip-chunk"), "Byte by byte: flat is linear")


def _connections(results: Results) -> Any:
    return _lines(results, ("connections",), None)


def _lines(results: Results, names: Iterable[str], title: str | None) -> Any:
    found = [(name, results["curves"][name]) for name in names if name in results["curves"]]
    if not found:
        return None
    size = (4.4 * len(found) + 0.4, 4.2)
    figure, axes = plt.subplots(1, len(found), figsize=size, squeeze=False, layout=_layout())
    for axis, (name, curve) in zip(axes[0], found, strict=True):
        for client, points in curve["clients"].items():
            pairs = [(x, spread(values)) for x, values in zip(curve["x"], points, strict=True) if values]
            if name == "connections":
                pairs = [pair for pair in pairs if pair[0] >= 100]  # below, it is pages that are counted
            xs, spreads = [x for x, _ in pairs], [one for _, one in pairs]
            colour = _COLOURS.get(client, _OTHER)
            style = "--" if client == RAW else "-"
            axis.plot(xs, [one.median for one in spreads], style, color=colour, marker="o", markersize=3, label=client)
            axis.fill_between(xs, [s.low for s in spreads], [s.high for s in spreads], color=colour, alpha=0.15, lw=0)
        axis.set_xscale("symlog", linthresh=512) if curve["x"][0] == 0 else axis.set_xscale("log")
        axis.set_xticks(_ticks(name, curve["x"]))
        axis.minorticks_off()
        axis.xaxis.set_major_formatter(FuncFormatter(_in_short if curve["x_label"] == "bytes" else _thousands))
        if curve["per_x"]:
            axis.set_ylim(bottom=0)
        else:
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter(FuncFormatter(_thousands))
        if name == "connections":
            axis.axhline(_CONNECTIONS_MIB, color=_BUDGET, linestyle="--", label="budget for 10,000: 200 MiB in all")
        axis.set_title(curve["title"])
        axis.set_xlabel(curve["x_label"])
        axis.set_ylabel(curve["y_label"])
        axis.grid(axis="y", color="#e5e5e5", linewidth=0.6)
        axis.legend()
    if title:
        figure.suptitle(title, fontweight="bold")
    return figure


_CONNECTIONS_MIB: Final = 200


def _ticks(name: str, xs: list[int]) -> list[int]:
    return [x for x in xs if x >= 100] if name == "connections" else xs


def _in_short(value: float, _: int) -> str:
    for unit, size in (("M", 1 << 20), ("K", 1 << 10)):
        if value >= size and value % size == 0:
            return f"{value / size:.0f} {unit}i"
    return f"{value:,.0f}"


def _thousands(value: float, _: int) -> str:
    return f"{value:,.0f}" if value >= 1 or value == 0 else f"{value:g}"


_PICTURES: Final[dict[str, Callable[[Results], Any]]] = {
    "cycle": _cycle,
    "get": _get,
    "calls": _calls,
    "large": _large,
    "many": _many,
    "grow": _grow,
    "drip": _drip,
    "connections": _connections,
}
