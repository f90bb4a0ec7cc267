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
from bench.rivals import CYTHON, FETCHER, HTTPTOOLS, ON_HTTPCONN, PARSE_ONLY, PYTHON, RAW, REFERENCE

_DPI: Final = 130
_FOOT_IN: Final = 0.38
_COLUMNS: Final = 2
_CUT: Final = 2.2
"""Bars longer than so many times http.client's are cut off: they would make all others too short to compare."""
_COLOURS: Final = {
    CYTHON: "#0b4f9e",
    FETCHER: "#0b4f9e",
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
_BEHIND_TEXT: Final = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6}

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
        foot = f"Medians of {results['rounds']} interleaved rounds, lines to the quartiles.\n{_made_on(results)}"
        figure.text(0.01, 0.005, foot, fontsize=7, color="#555555")
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=_DPI, metadata={"Software": None})
        plt.close(figure)
        drawn.append(path)
    return drawn


def _layout(height_in: float) -> ConstrainedLayoutEngine:
    """Room is left for the foot."""
    foot = _FOOT_IN / height_in
    return ConstrainedLayoutEngine(rect=(0, foot, 1, 1 - foot), hspace=0.06, wspace=0.04)


def _grid(count: int, panel_in: tuple[float, float]) -> Any:
    """A figure of `count` panels in two columns, and its axes; what is left over stays empty."""
    columns = min(count, _COLUMNS)
    lines = -(-count // columns)
    size = (panel_in[0] * columns, panel_in[1] * lines + 0.4 + _FOOT_IN)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, layout=_layout(size[1]))
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    return figure, axes.flat[:count]


def _made_on(results: Results) -> str:
    python = results["versions"].get("Python", "?")
    kind = "quick run" if results["is_quick"] else "full run"
    return f"Python {python}, httpconn {results['versions'].get('httpconn', '?')}, {results['machine']['cpu']}, {kind}."


# ---------------------------------------------------------------- bars


def _panels(
    results: Results, names: Iterable[str], values: Callable[[dict[str, Any], str], list[float]], cut: bool = True
) -> Any:
    """A panel of horizontal bars for each row that is there, with the budgets of one quantity."""
    found = [(name, results["rows"][name]) for name in names if name in results["rows"]]
    if not found:
        return None
    most = max(len(row["clients"]) for _, row in found)
    figure, axes = _grid(len(found), (5.0, 0.9 + 0.25 * most))
    for axis, (_, row) in zip(axes, found, strict=True):
        _bars(axis, {client: values(row, client) for client in row["clients"] if values(row, client)}, cut)
        axis.set_title(row["title"])
    return figure, list(zip(axes, found, strict=True))


def _bars(axis: Axes, figures: dict[str, list[float]], cut: bool) -> None:
    ordered = sorted(figures.items(), key=lambda item: median(item[1]), reverse=True)
    names = [name for name, _ in ordered]
    spreads = [spread(values) for _, values in ordered]
    middles = [one.median for one in spreads]
    errors = [[one.median - one.low for one in spreads], [one.high - one.median for one in spreads]]
    colours = [_COLOURS.get(name, _COLOURS.get(name.partition(",")[0], _OTHER)) for name in names]
    longest = max(one.high for one in spreads)
    if REFERENCE in figures and cut:
        longest = min(longest, _CUT * median(figures[REFERENCE]))
    is_cut = [middle > longest for middle in middles]
    errors = [[0.0 if is_short else one for one, is_short in zip(side, is_cut, strict=True)] for side in errors]
    widths = [min(middle, longest) for middle in middles]
    bars = axis.barh(names, widths, color=colours, xerr=errors, error_kw={"elinewidth": 0.8, "ecolor": "#555555"})
    labels = [
        (f"{value:.3g}" if value < 1000 else f"{value:,.0f}") + (" (cut)" if is_short else "")
        for value, is_short in zip(middles, is_cut, strict=True)
    ]
    for text in axis.bar_label(bars, labels, padding=4, fontsize=8):
        text.set_bbox(_BEHIND_TEXT)
        text.set_zorder(3)
    axis.set_xlim(0, longest * 1.2)
    axis.tick_params(axis="y", length=0)
    for label in axis.get_yticklabels():
        if label.get_text() in (CYTHON, FETCHER, HTTPTOOLS, PYTHON) or label.get_text().endswith(ON_HTTPCONN):
            label.set_fontweight("bold")


def _mark(axis: Axes, limits: list[tuple[float, str]]) -> None:
    """Lines for the budgets, at most two: the loosest and the tightest."""
    ordered = sorted(limits)
    chosen = [ordered[0], ordered[-1]] if len(ordered) > 1 else ordered
    for (limit, text), style in zip(chosen, ("--", ":"), strict=False):
        label = text if text.endswith(" us") else f"{text} = {limit:.3g} us"
        axis.axvline(limit, color=_BUDGET, linestyle=style, linewidth=1.2, label=label)
    if limits:
        _legend_above(axis)


def _legend_above(axis: Axes) -> None:
    """A legend over the bars, where room is made for it."""
    low, _ = axis.get_ylim()
    bars = len(axis.get_yticks())
    lines = len(axis.get_legend_handles_labels()[0])
    axis.set_ylim(low, bars - 0.4 + lines * (0.3 + 0.06 * bars))
    axis.legend(loc="upper right")


def _cycle(results: Results) -> Any:
    names = ("cycle-small", "cycle-10k", "cycle-10k-chunked", "cycle-10k-fields")
    made = _panels(results, names, lambda row, client: [] if client == RAW else beyond(row, client))
    if made is None:
        return None
    figure, panels = made
    titles = {
        "cycle-small": "2 bytes",
        "cycle-10k": "20 fields, 10 KiB",
        "cycle-10k-chunked": "20 fields, 10 KiB in 10 chunks",
        "cycle-10k-fields": "20 fields, all made str, 10 KiB",
    }
    for axis, (name, row) in panels:
        axis.set_title(titles[name])
        axis.set_xlabel("CPU beyond the bare send/recv loop (us)")
        _mark(axis, limits_in_us(name, row, "beyond_us"))
    figure.suptitle("One request and its response over a socketpair", fontweight="bold")
    return figure


def _get(results: Results) -> Any:
    return _gets(results, ("get-small", "get-10k"), "GET from {} on a kept connection, one after another")


def _tls(results: Results) -> Any:
    return _gets(results, ("get-small-tls",), None)


def _gets(results: Results, names: tuple[str, ...], title: str | None) -> Any:
    made = _panels(results, names, lambda row, client: quantity(row, client, "cpu_us"))
    if made is None:
        return None
    figure, panels = made
    for axis, (name, row) in panels:
        axis.set_title(row["title"].replace(", kept connection", ""))
        axis.set_xlabel("client CPU per GET (us)")
        _mark(axis, limits_in_us(name, row, "cpu_us"))
    if title:
        figure.suptitle(title.format(panels[0][1][1].get("server", "?")), fontweight="bold")
    return figure


def _large(results: Results) -> Any:
    names = [f"large-{road}" for road in ("read", "chunked", "readinto", "readinto-chunked", "parts", "parts-chunked")]
    made = _panels(results, names, lambda row, client: [us / 1000 for us in quantity(row, client, "cpu_us")], False)
    if made is None:
        return None
    figure, panels = made
    for axis, (name, row) in panels:
        axis.set_title(row["title"].removeprefix("100 MiB "))
        axis.set_xlabel("client CPU (ms)")
        for limit_us, text in limits_in_us(name, row, "cpu_us"):
            label = f"{text} = {limit_us / 1000:.3g} ms"
            axis.axvline(limit_us / 1000, color=_BUDGET, linestyle="--", linewidth=1.2, label=label)
            _legend_above(axis)
    figure.suptitle("A body of 100 MiB", fontweight="bold")
    return figure


def _many(results: Results) -> Any:
    made = _panels(results, ("many",), lambda row, client: [1e3 / us for us in quantity(row, client, "wall_us")], False)
    if made is None:
        return None
    figure, [(axis, (_, row))] = made
    axis.set_xlabel("thousand requests per second")
    if RAW in row["clients"]:
        limit = _SHARE_OF_RAW * 1e3 / median(quantity(row, RAW, "wall_us"))
        axis.axvline(limit, color=_BUDGET, linestyle="--", linewidth=1.2, label=f"budget: {_SHARE_OF_RAW} x raw socket")
        _legend_above(axis)
    return figure


def _calls(results: Results) -> Any:
    found = [results["rows"][name] for name in ("calls", "calls-late") if name in results["rows"]]
    found = [row for row in found if all("calls" in record for record in row["clients"].values())]
    if not found:
        return None
    figure, axes = plt.subplots(len(found), 1, figsize=(8.4, 6.4), squeeze=False, layout=_layout(6.4))
    totals: dict[str, float] = {}
    for row in found:
        for record in row["clients"].values():
            for name, number in record["calls"].items():
                totals[name] = totals.get(name, 0) + number
    shown = sorted(totals, key=lambda name: -totals[name])[:_CALLS_SHOWN]
    for axis, row in zip(axes.flat, found, strict=True):
        clients = sorted(row["clients"], key=lambda name: -sum(row["clients"][name]["calls"].values()))
        left = [0.0] * len(clients)
        for name, colour in zip(shown, _CALL_COLOURS, strict=False):
            widths = [row["clients"][client]["calls"].get(name, 0) for client in clients]
            axis.barh(clients, widths, left=left, color=colour, label=name)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        for number, client in enumerate(clients):
            blocked = row["clients"][client].get("untraced", {}).get("would_block")
            note = "" if blocked is None else f"  ({blocked:.2f} would block)"
            text = f"{left[number]:.2f}{note}"
            axis.text(left[number] + 0.05, number, text, va="center", fontsize=8, bbox=_BEHIND_TEXT, zorder=3)
        axis.set_xlim(0, max(left) * 1.4)
        axis.axvline(3, color=_BUDGET, linestyle="--", linewidth=1.2, label="budget without a timeout")
        axis.axvline(4, color=_BUDGET, linestyle=":", linewidth=1.2, label="budget with one")
        axis.set_title(row["title"])
        axis.set_xlabel("system calls per GET (strace); in brackets how many would block, untraced")
        axis.tick_params(axis="y", length=0)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right upper")
    figure.suptitle("System calls per request on a kept connection", fontweight="bold")
    return figure


_SHARE_OF_RAW: Final = 0.85


# ---------------------------------------------------------------- lines


def _grow(results: Results) -> Any:
    return _lines(results, ("fields", "body", "chunks", "connections"), "How cost grows")


def _drip(results: Results) -> Any:
    return _lines(results, ("drip-field", "drip-chunk"), "Byte by byte: flat is linear")


def _lines(results: Results, names: Iterable[str], title: str) -> Any:
    found = [(name, results["curves"][name]) for name in names if name in results["curves"]]
    if not found:
        return None
    figure, axes = _grid(len(found), (5.0, 3.5))
    for axis, (name, curve) in zip(axes, found, strict=True):
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
    "tls": _tls,
    "calls": _calls,
    "large": _large,
    "many": _many,
    "grow": _grow,
    "drip": _drip,
}
