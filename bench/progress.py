"""The progress line of the demo and of the benchmarks."""

from __future__ import annotations

import sys


class Progress:
    """A line that is rewritten on a terminal, and written at each tenth elsewhere."""

    def __init__(self, total: int, noun: str) -> None:
        self._total, self._noun, self._done, self._tenths = total, noun, 0, 0
        self._rewrite = sys.stderr.isatty()

    def step(self, count: int, what: str) -> None:
        """`count` more are done."""
        self._done += count
        line = f"{self._done:>7,} of {self._total:,} {self._noun}   {what}"
        tenths = self._done * 10 // self._total
        if self._rewrite:
            print(f"\r{line:<100.100}", end="", file=sys.stderr, flush=True)
        elif tenths > self._tenths:
            print(line, file=sys.stderr, flush=True)
        self._tenths = tenths

    def end(self) -> None:
        """Clear the line."""
        if self._rewrite:
            print(f"\r{'':<100}\r", end="", file=sys.stderr, flush=True)
