"""How far a run is, on standard error: a bar of tqdm on a terminal, where that is installed, else a line now and then.

A thread looks at the counts; who counts does not wait for it, and what stands still is shown too.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

BAR_S: Final = 0.5
LINE_S: Final = 5.0
_MOST_KINDS: Final = 10_000
"""Of failures, by their class and host; what comes beyond is counted together."""
_SHOWN_KINDS: Final = 10


class Counts:
    """What a run has done so far."""

    def __init__(self) -> None:
        self.done = 0
        self.failed = 0
        self.bytes = 0
        self.skipped = 0
        """What had a record already."""
        self.failures: Counter[tuple[str, str]] = Counter()

    def note_failure(self, kind: str, host: str) -> None:
        self.failed += 1
        key = (kind, host)
        if key not in self.failures and len(self.failures) >= _MOST_KINDS:
            key = ("others", "")
        self.failures[key] += 1

    def summary(self, seconds: float) -> str:
        """Return what is told at the end."""
        rate = self.done / seconds if seconds > 0 else 0.0
        lines = [
            f"{self.done:,} requests in {seconds:.1f} s ({rate:,.0f}/s), {amount(self.bytes)}, {self.failed:,} failed"
            + (f", {self.skipped:,} had a record already" if self.skipped else "")
        ]
        kinds = self.failures.most_common(_SHOWN_KINDS)
        lines += [f"  {count:,} x {kind}{f' at {host}' if host else ''}" for (kind, host), count in kinds]
        if len(self.failures) > len(kinds):
            lines.append(f"  and {len(self.failures) - len(kinds):,} kinds and hosts more")
        return "\n".join(lines)


def amount(size: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


class Progress:
    """Shows *counts* until it is stopped. *total* is called once, by its thread: how many there are."""

    def __init__(self, counts: Counts, total: Callable[[], int | None], hosts: Callable[[], int]) -> None:
        self._counts = counts
        self._total = total
        self._hosts = hosts
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="httpconn progress", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def _run(self) -> None:
        if sys.stderr.isatty():
            try:
                bar = importlib.import_module("tqdm").tqdm
            except ImportError:
                pass  # then by lines; the docs say which extra has the bar
            else:
                self._show_bar(bar)
                return
        while not self._stop.wait(LINE_S):
            print(self._line(), file=sys.stderr, flush=True)

    def _line(self) -> str:
        counts = self._counts
        return (
            f"httpconn: {counts.done:,} done, {counts.failed:,} failed, {counts.done / self.seconds:,.0f}/s, "
            f"{amount(counts.bytes)}, {self._hosts():,} hosts"
        )

    def _show_bar(self, make: Any) -> None:
        counts = self._counts
        total = self._total()
        with make(total=total, unit=" requests", dynamic_ncols=True, file=sys.stderr, leave=False) as bar:
            is_last = False
            while not is_last:
                is_last = self._stop.wait(BAR_S)
                bar.n = counts.done + counts.skipped
                bar.initial = counts.skipped
                bar.set_postfix_str(
                    f"{counts.failed:,} failed, {amount(counts.bytes)}, {self._hosts():,} hosts", refresh=False
                )
                bar.refresh()
