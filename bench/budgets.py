"""The budgets of the plan (its section 7), each read off one row of the results."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any, Final, NamedTuple

from bench.results import Results, quantity
from bench.rivals import CYTHON, FETCHER, PARSE_ONLY, PYTHON, RAW, REFERENCE
from bench.rows import WITH_TIMEOUT

# "At least on a par, within noise": medians of the same code in two processes differ by so much here.
_NOISE: Final = 1.05


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit`: a quantity of `client`, or its ratio to the same or another one of `of`."""

    row: str
    client: str
    quantity: str
    limit: float
    of: str | None = None
    of_quantity: str | None = None

    @property
    def text(self) -> str:
        """The budget in words."""
        what = _WORDS[self.quantity]
        if self.of is None:
            return f"{what} of {self.client}"
        other = _WORDS[self.of_quantity] + " of " if self.of_quantity else ""
        return f"{what} of {self.client}, in terms of {other}{self.of}"


_WORDS: Final = {
    "beyond_us": "CPU beyond the bare loop",
    "cpu_us": "CPU",
    "wall_us": "time",
    "calls": "system calls",
}

BUDGETS: Final = (
    Budget("cycle-small", CYTHON, "beyond_us", 5.0),
    Budget("cycle-small", CYTHON, "beyond_us", 1 / 9, REFERENCE),
    Budget("cycle-small", PYTHON, "beyond_us", 1 / 4, REFERENCE),
    Budget("cycle-10k", CYTHON, "beyond_us", 0.75, PARSE_ONLY),
    Budget("cycle-10k-fields", CYTHON, "beyond_us", 1.1, PARSE_ONLY),
    Budget("cycle-10k-chunked", CYTHON, "beyond_us", 0.75, PARSE_ONLY),
    Budget("cycle-10k-chunked-fields", CYTHON, "beyond_us", 1.1, PARSE_ONLY),
    Budget("get-small", CYTHON, "cpu_us", 1.5, RAW),
    Budget("get-small", CYTHON, "cpu_us", 0.35, REFERENCE),
    Budget("get-small", CYTHON, "cpu_us", 0.5, "pycurl"),
    Budget("get-10k", CYTHON, "cpu_us", 1.4, RAW),
    Budget("get-10k", CYTHON, "cpu_us", 0.35, REFERENCE),
    Budget("get-10k", CYTHON, "cpu_us", 0.5, "pycurl"),
    Budget("get-small-tls", CYTHON, "cpu_us", 1.5, RAW),
    # By CPU: by the clock it is the server, in Python, that is measured.
    Budget("large-read", CYTHON, "cpu_us", _NOISE, REFERENCE),
    Budget("large-readinto", CYTHON, "cpu_us", _NOISE, REFERENCE),
    Budget("large-parts", CYTHON, "cpu_us", _NOISE, REFERENCE),
    Budget("large-chunked", CYTHON, "cpu_us", 1 / 3, REFERENCE),
    Budget("https-next", CYTHON, "wall_us", 10.0),
    Budget("calls", CYTHON, "calls", 3.0),
    Budget("calls", CYTHON + WITH_TIMEOUT, "calls", 4.0),
    Budget("many", FETCHER, "wall_us", 1 / 0.85, RAW),
)


class Verdict(NamedTuple):
    """A budget, and what was measured; None where that could not be."""

    budget: Budget
    value: float | None

    @property
    def is_met(self) -> bool | None:
        """None where it is not known."""
        return None if self.value is None else self.value <= self.budget.limit


def judge(results: Results) -> list[Verdict]:
    """Every budget, held against the results."""
    return [Verdict(budget, _value(budget, results["rows"].get(budget.row))) for budget in BUDGETS]


def _value(budget: Budget, row: dict[str, Any] | None) -> float | None:
    if row is None:
        return None
    try:
        value = median(quantity(row, budget.client, budget.quantity))
        if budget.of is None:
            return value
        return value / median(quantity(row, budget.of, budget.of_quantity or budget.quantity))
    except KeyError:  # a client or a count that is absent here
        return None


def limits_in_us(row_name: str, row: dict[str, Any], name: str) -> list[tuple[float, str]]:
    """What the budgets of httpconn (cython) allow in that row, as microseconds of one quantity, and in words."""
    found = []
    for budget in BUDGETS:
        if budget.row != row_name or budget.quantity != name or budget.client != CYTHON:
            continue
        if budget.of is None:
            found.append((budget.limit, f"budget: {budget.limit:g} us"))
        elif budget.of in row["clients"]:
            base = median(quantity(row, budget.of, budget.of_quantity or name))
            found.append((budget.limit * base, f"budget: {budget.limit:.3g} x {budget.of}"))
    return found
