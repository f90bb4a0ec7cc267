"""The results of a run: how they are kept, and what is read off them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from math import fsum
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from bench import nginx
from bench.rivals import PARSE_ONLY, RAW, RIVALS, versions

FORMAT: Final = 1

Results = dict[str, Any]


class Spread(NamedTuple):
    """Rounds, summarised."""

    median: float
    low: float
    """Lower quartile."""
    high: float
    """Upper quartile."""


def spread(values: list[float]) -> Spread:
    """Median and quartiles; of a single value it is all three."""
    if len(values) < 2:
        return Spread(values[0], values[0], values[0])
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), low, high)


def beyond(row: dict[str, Any], client: str) -> list[float]:
    """CPU beyond the bare loop's, round by round; httptools alone has no loop to take away."""
    values: list[float] = row["clients"][client]["cpu_us"]
    if client == PARSE_ONLY:
        return values
    return [one - bare for one, bare in zip(values, row["clients"][RAW]["cpu_us"], strict=True)]


def is_cycle(row: dict[str, Any]) -> bool:
    """Whether the row tells what clients cost beyond a bare loop."""
    return PARSE_ONLY in row["clients"] and RAW in row["clients"]


def cost(row: dict[str, Any], client: str) -> list[float]:
    """What clients are compared by: CPU, beyond the bare loop where the row is of that kind."""
    return beyond(row, client) if is_cycle(row) and client != RAW else quantity(row, client, "cpu_us")


def ratio(row: dict[str, Any], client: str, of: str) -> float | None:
    """The cost in terms of another client's; None where that would say nothing."""
    if of not in row["clients"] or (is_cycle(row) and RAW in (client, of)):
        return None
    base = median(cost(row, of))
    return median(cost(row, client)) / base if base else None


def quantity(row: dict[str, Any], client: str, name: str) -> list[float]:
    """A quantity of one client in each round: wall_us, cpu_us, beyond_us, or one number: calls, would_block."""
    record = row["clients"][client]
    if name == "beyond_us":
        return beyond(row, client)
    if name == "calls":
        return [fsum(record["calls"].values())]
    if name == "would_block":
        return [record["untraced"]["would_block"]]
    values: list[float] = record[name]
    return values


def new_results(is_quick: bool, rounds: int, about: dict[str, str]) -> Results:
    """Results without figures: when, where, with what."""
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "is_quick": is_quick,
        "rounds": rounds,
        "machine": machine(),
        "versions": {**about, **versions(tuple(RIVALS)), **_server_version()},
        "rows": {},
        "curves": {},
    }


def machine() -> dict[str, Any]:
    """What the figures depend on, and nothing that would name whose machine it is."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python_build": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}",
    }


def httpconn_about() -> dict[str, str]:
    """The version of the httpconn that the children import, and its default parser."""
    program = "import json, httpconn as h; print(json.dumps([h.__version__, h.backend()]))"
    environment = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    asked = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    if asked.returncode != 0:
        raise RuntimeError(f"httpconn cannot be imported:\n{asked.stderr.strip()}\n`make build` installs it.")
    version, backend = json.loads(asked.stdout)
    return {"httpconn": f"{version} ({backend})", "commit": _commit()}


def load(path: Path) -> Results:
    """Results from a file. Raises ValueError for those of another format."""
    results: Results = json.loads(path.read_text())
    if results.get("format") != FORMAT:
        raise ValueError(f"{path}: expected results of format {FORMAT}, got {results.get('format')}")
    return results


def save(results: Results, path: Path) -> None:
    """Write results to a file, its folder included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(results), indent=1) + "\n")


def _rounded(value: Any) -> Any:
    """Without digits that mean nothing."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return asked.stdout.strip() or "unknown"


def _server_version() -> dict[str, str]:
    program = nginx.find_program()
    if program is None:
        return {}
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stderr
    return {"nginx": said.strip().rpartition("/")[2]}


def _cpu_name() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
