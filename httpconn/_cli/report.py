"""``httpconn report``: one page about a file that ``httpconn fetch`` has written, with tables and plots.

What it keeps does not grow with the number of records: times and sizes are counted in classes, each 5 % wider than the
one before, so a percentile is right to 5 %.
"""

from __future__ import annotations

import argparse
import glob
import html
import importlib
import json
import math
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..errors import MissingExtra
from ..writers.blocks import whole_parts
from ..writers.warc import metadata_of, whole_records
from ..writers.warc_files import SUFFIXES as WARC_SUFFIXES
from ..writers.warc_files import parts_of
from .inputs import UsageError
from .progress import amount

PHASES: Final = ("resolve", "connect", "tls", "first_byte", "total")
NEEDED: Final = ("index", "url", "status", "error_type", "redirects", "recorded_at", "timings", "size")
_GROWTH: Final = math.log(1.05)
_MOST_HOSTS: Final = 100_000
_SHOWN: Final = 20
_OTHERS: Final = "(other hosts)"


class Classes:
    """Counts of positive numbers, in classes."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, value: float) -> None:
        self.counts[math.floor(math.log(value) / _GROWTH)] += 1

    def percentile(self, share: float) -> float | None:
        """Return the middle of the class that the *share* of all lies in; None where there is nothing."""
        rest = share * self.counts.total()
        for number in sorted(self.counts):
            rest -= self.counts[number]
            if rest <= 0:
                return math.exp((number + 0.5) * _GROWTH)
        return None


class Totals:
    """What the page tells, of all records."""

    def __init__(self) -> None:
        self.records = 0
        self.bytes = 0
        self.statuses: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.redirects: Counter[int] = Counter()
        self.sizes = Classes()
        self.phases = {phase: Classes() for phase in PHASES}
        self.hosts: defaultdict[str, dict[str, Classes]] = defaultdict(lambda: {phase: Classes() for phase in PHASES})
        self.of_host: Counter[str] = Counter()
        self.failed_of_host: Counter[str] = Counter()
        self.seconds: Counter[int] = Counter()
        self.failed_seconds: Counter[int] = Counter()

    def add(self, record: dict[str, Any]) -> None:
        self.records += 1
        status, error, size = record["status"], record["error_type"], record["size"]
        host = record["url"].partition("://")[2].partition("/")[0]
        if host not in self.of_host and len(self.of_host) >= _MOST_HOSTS:
            host = _OTHERS
        second = int(record["recorded_at"])
        self.of_host[host] += 1
        self.seconds[second] += 1
        if error:
            self.errors[error] += 1
            self.failed_of_host[host] += 1
            self.failed_seconds[second] += 1
        if status:
            self.statuses[status] += 1
            self.redirects[record["redirects"]] += 1
            self.bytes += size
            if size:
                self.sizes.add(size)
            of_host = self.hosts[host]
            for phase, seconds in record["timings"].items():
                if seconds > 0:
                    self.phases[phase].add(seconds)
                    of_host[phase].add(seconds)


def records_of(path: str) -> Iterator[dict[str, Any]]:
    """Yield the records of a file, without content where the format allows it. Raises UsageError."""
    if path.endswith(".parquet"):
        yield from _of_parquet(path)
        return
    if path.endswith(WARC_SUFFIXES) and not os.path.exists(path) and parts_of(path):
        for name in parts_of(path):
            yield from records_of(name)
        return
    coding = "gzip" if path.endswith(".gz") else "zstd" if path.endswith(".zst") else "plain"
    is_warc = path.endswith(WARC_SUFFIXES)
    try:
        loads = importlib.import_module("orjson").loads
    except ImportError:
        loads = json.loads
    try:
        with open(path, "rb") as file:
            parts = whole_records(file) if is_warc and coding == "plain" else whole_parts(file, coding)
            for part, _ in parts:
                if is_warc:
                    told = metadata_of(part)
                    if told is not None:
                        yield told
                else:
                    yield from map(loads, part.splitlines())
    except ValueError as error:
        raise UsageError(f"{path!r} cannot be read: {error}") from None


def _of_parquet(path: str) -> Iterator[dict[str, Any]]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtra('Parquet needs a package: pip install "httpconn[parquet]"') from None
    paths = (
        [path] if os.path.exists(path) else sorted(glob.glob(f"{glob.escape(path.removesuffix('.parquet'))}-*.parquet"))
    )
    if not paths:
        raise UsageError(f"there is no {path!r}, and no part of it")
    for part in paths:
        file = parquet.ParquetFile(part)
        missing = sorted({*NEEDED} - {*file.schema_arrow.names})
        if missing:
            raise UsageError(f"{part!r} has no column {', '.join(missing)}, which a report needs")
        for batch in file.iter_batches(columns=[*NEEDED]):
            for record in batch.to_pylist():
                record["recorded_at"] = record["recorded_at"].timestamp()
                yield record


def main(argv: list[str], program: str) -> int:
    """Do what *argv* says. Returns the exit code; raises SystemExit for what argparse refuses."""
    parser = argparse.ArgumentParser(
        prog=f"{program} report",
        description="Make one page, with tables and plots, of a file that httpconn fetch has written.",
        allow_abbrev=False,
    )
    parser.add_argument("input", help="JSON Lines, WARC or Parquet (or the name that its parts have in common)")
    parser.add_argument("-o", "--out", required=True, metavar="PATH", help="the page, an HTML file; it is written over")
    given = parser.parse_args(argv)
    try:
        totals = Totals()
        for number, record in enumerate(records_of(given.input), 1):
            try:
                totals.add(record)
            except (KeyError, TypeError, ValueError) as error:
                raise UsageError(
                    f"record {number} of {given.input!r} is none that a report can be made of: it needs "
                    f"{', '.join(NEEDED)} ({type(error).__name__}: {error})"
                ) from None
        if not totals.records:
            raise UsageError(f"{given.input!r} has no record")
        with open(given.out, "w", encoding="utf-8") as file:
            file.write(page(totals, os.path.basename(given.input)))
    except (UsageError, MissingExtra, OSError) as error:
        print(f"{program} report: {error}", file=sys.stderr)
        return 2
    return 0


# -- the page

_PLOTTED: Final = 8
"""Hosts in a plot, besides all of them together."""
_SHARES: Final = (0.5, 0.9, 0.99)
_ABOUT_PLOTS: Final = (
    "From the 50th over the 90th (where the bar gets thin) to the 99th percentile, on one logarithmic scale: all "
    f"hosts, and the {_PLOTTED} with the most records."
)
_ABOUT_PHASES: Final = "Of what was done: a kept connection is not resolved, connected or secured. Right to 5 %."

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --paper: #fff;
  --good: #2f6fb7; --bad: #c2410c }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa7b4; --line: #3d444d; --paper: #14181d; --good: #6cb0f5; --bad: #f59e6c }
}
@media print { :root { --ink: #000; --soft: #333; --line: #999; --paper: #fff; --good: #2f6fb7; --bad: #c2410c } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; font: 16px/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.5rem; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
h2, h3, h2 + p { break-after: avoid } .plot, figure, tr { break-inside: avoid }
p { color: var(--soft); margin: .25rem 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 8rem }
figure { margin: 0 } svg { width: 100%; height: 10rem; display: block; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1rem 0 .25rem }
.row { display: grid; grid-template-columns: minmax(6rem, 14rem) 1fr; gap: 0 .75rem; align-items: center;
  break-inside: avoid }
.row span:first-child { overflow-wrap: anywhere; line-height: 1.2 }
.row svg { height: 1.25rem; border: 0; overflow: visible }
.grid { stroke: var(--line); vector-effect: non-scaling-stroke }
.row p { position: relative; height: 1.5rem; font-size: .85rem; white-space: nowrap }
.row p span { position: absolute; transform: translateX(-50%) } .row p span:first-child { transform: none }
.row p span:last-child { transform: translateX(-100%) }
.mid { fill: var(--ink) }
.ends { display: flex; justify-content: space-between }
@media (max-width: 40rem) { body { font-size: 14px } th, td { padding: .25rem .2rem }
  table { font-size: 13px } th:first-child, td:first-child { min-width: 5rem }
  .row { grid-template-columns: 1fr } .row > span:empty { display: none } .row { margin-bottom: .25rem } }
.good { fill: var(--good) } .bad { fill: var(--bad) }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(21rem, 100%), 1fr)); gap: 0 2rem }
.pair th:first-child { width: 99% }
"""


def page(totals: Totals, name: str) -> str:
    """Return the page, which loads nothing."""
    failed = totals.errors.total()
    first, last = min(totals.seconds), max(totals.seconds)
    seconds = last - first + 1
    told = (
        f"<p>{totals.records:,} records, {failed:,} of them failures ({failed / totals.records:.1%}); "
        f"{len(totals.of_host):,} hosts; {amount(totals.bytes)} of content; "
        f"{totals.records / seconds:,.1f} records a second from the first to the last ({seconds:,} s).</p>"
    )
    parts = [
        f"<h1>{html.escape(name)}</h1>",
        told,
        _section("Records over time", _timeline(totals), "Each bar is a stretch of time; failures are on top."),
        _section("Seconds by phase", _latencies({"all hosts": totals.phases}), _ABOUT_PHASES),
        _plots({"all hosts": totals.phases, **_largest(totals, _PLOTTED)}),
        '<div class="pair">',
        _counts("Statuses", "status", totals.statuses),
        _counts("Errors", "error", totals.errors),
        _counts("Redirects", "how many", totals.redirects),
        "</div>",
        _section("Sizes of content", _sizes(totals), "Each bar is twice as large as the one before."),
        _section("Slowest hosts", _hosts(totals), f"By the 90th percentile of the whole time, at most {_SHOWN}."),
        _section("Phases by host", _latencies(_largest(totals)), f"Of the {_SHOWN} hosts with the most records."),
        _section("Hosts with the most failures", _failing(totals)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(name)}: report</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _section(title: str, inner: str, told: str = "") -> str:
    return f"<section><h2>{html.escape(title)}</h2>{f'<p>{html.escape(told)}</p>' if told else ''}{inner}</section>"


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _counts(title: str, name: str, counts: Counter[Any]) -> str:
    total = counts.total()
    rows = [(str(key), f"{count:,}", f"{count / total:.1%}") for key, count in counts.most_common(_SHOWN)]
    return _section(title, _table((name, "records", "share"), rows) if rows else "<p>none</p>")


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def _latencies(of_hosts: dict[str, dict[str, Classes]]) -> str:
    rows = [
        (f"{host}: {phase}", f"{classes.counts.total():,}", *(_seconds(classes.percentile(share)) for share in _SHARES))
        for host, phases in of_hosts.items()
        for phase, classes in phases.items()
        if classes.counts
    ]
    return _table(("phase", "requests", "50 %", "90 %", "99 %"), rows)


def _plots(of_hosts: dict[str, dict[str, Classes]]) -> str:
    """Return a plot for each phase, with a row for each host; "" where nothing was answered."""
    known = {
        (phase, host): [classes.percentile(share) or 0.0 for share in _SHARES]
        for host, phases in of_hosts.items()
        for phase, classes in phases.items()
        if classes.counts
    }
    if not known:
        return ""
    first = math.floor(math.log10(min(min(found) for found in known.values())))
    last = max(first + 1, math.ceil(math.log10(max(max(found) for found in known.values()))))
    parts = []
    for phase in PHASES:
        rows = [_ranges(host, known[phase, host], first, last) for host in of_hosts if (phase, host) in known]
        if rows:
            inner = "".join((*rows, _scale(first, last)))
            parts.append(f'<section class="plot"><h3>{phase}</h3>{inner}</section>')
    return f"<h2>Percentiles by phase and host</h2><p>{_ABOUT_PLOTS}</p>" + "".join(parts)


def _ranges(host: str, found: list[float], first: int, last: int) -> str:
    """Return one row: the percentiles *found* as a bar, between 10 to the power of *first* and of *last*."""
    at = [1000 * (math.log10(value) - first) / (last - first) for value in found]
    grid = "".join(
        f'<line class="grid" x1="{x:.0f}" x2="{x:.0f}" y1="0" y2="20"/>'
        for x in (1000 * number / (last - first) for number in range(last - first + 1))
    )
    told = " / ".join(map(_seconds, found))
    return (
        f'<div class="row"><span>{html.escape(host)}</span>'
        f'<svg viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label="{html.escape(host)}: {told}">'
        f"<title>{html.escape(host)}: {told}</title>{grid}"
        f'<rect class="good" x="{at[0]:.1f}" y="4" width="{max(at[1] - at[0], 2):.1f}" height="12"/>'
        f'<rect class="good" x="{at[1]:.1f}" y="8" width="{max(at[2] - at[1], 2):.1f}" height="4"/>'
        f'<rect class="mid" x="{at[0]:.1f}" y="2" width="3" height="16"/></svg></div>'
    )


def _scale(first: int, last: int) -> str:
    marks = "".join(
        f'<span style="left:{100 * (number - first) / (last - first):.1f}%">{_seconds(10.0**number)}</span>'
        for number in range(first, last + 1)
    )
    return f'<div class="row"><span></span><p>{marks}</p></div>'


def _largest(totals: Totals, count: int = _SHOWN) -> dict[str, dict[str, Classes]]:
    return {host: totals.hosts[host] for host, _ in totals.of_host.most_common(count) if host in totals.hosts}


def _hosts(totals: Totals) -> str:
    slow = sorted(totals.hosts, key=lambda host: totals.hosts[host]["total"].percentile(0.9) or 0.0, reverse=True)
    rows = [
        (
            host,
            f"{totals.of_host[host]:,}",
            *(_seconds(totals.hosts[host]["total"].percentile(at)) for at in (0.5, 0.9)),
        )
        for host in slow[:_SHOWN]
    ]
    return _table(("host", "records", "50 %", "90 %"), rows) if rows else "<p>none</p>"


def _failing(totals: Totals) -> str:
    rows = [
        (host or "(no host)", f"{count:,}", f"{count / totals.of_host[host]:.1%}")
        for host, count in totals.failed_of_host.most_common(_SHOWN)
    ]
    return _table(("host", "failures", "share"), rows) if rows else "<p>none</p>"


def _bars(bars: list[tuple[str, int, int]], about: str) -> str:
    """Return a plot of (label, good, bad), the labels of the first and the last bar below it."""
    height, width = 160, 900
    most = max((good + bad for _, good, bad in bars), default=0) or 1
    step = width / max(len(bars), 1)
    drawn = []
    for number, (label, good, bad) in enumerate(bars):
        tops = (("good", good, 0), ("bad", bad, good))
        for kind, count, below in tops:
            if count:
                high, low = height * count / most, height * below / most
                told = f"<title>{html.escape(label)}: {count:,}</title>"
                drawn.append(
                    f'<rect class="{kind}" x="{number * step:.1f}" y="{height - low - high:.1f}" '
                    f'width="{max(step * 0.9, 0.5):.1f}" height="{high:.1f}">{told}</rect>'
                )
    first, last = (html.escape(bars[at][0]) for at in (0, -1)) if bars else ("", "")
    return (
        f"<figure><p>most: {most:,}</p>"
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" aria-label="{html.escape(about)}">'
        f'{"".join(drawn)}</svg><p class="ends"><span>{first}</span><span>{last}</span></p></figure>'
    )


def _timeline(totals: Totals) -> str:
    first, last = min(totals.seconds), max(totals.seconds)
    step = max(1, math.ceil((last - first + 1) / 100))
    good, bad = Counter[int](), Counter[int]()
    for second, count in totals.seconds.items():
        good[(second - first) // step] += count - totals.failed_seconds[second]
        bad[(second - first) // step] += totals.failed_seconds[second]
    bars = [(f"{at * step:,} s", good[at], bad[at]) for at in range((last - first) // step + 1)]
    return _bars(bars, "records over time")


def _sizes(totals: Totals) -> str:
    doubled: Counter[int] = Counter()
    for number, count in totals.sizes.counts.items():
        doubled[max(0, math.floor((number + 0.5) * _GROWTH / math.log(2)))] += count
    if not doubled:
        return "<p>none</p>"
    bars = [(f"{amount(2**at)} and more", doubled[at], 0) for at in range(min(doubled), max(doubled) + 1)]
    return _bars(bars, "sizes of content")
