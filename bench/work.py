"""A child of the benchmarks: one job, for one client, alone in its process.

    python -P bench/work.py JOB CLIENT ARGUMENTS      (the arguments of the job as JSON)

It is run as a file, and puts the checkout at the end of the path, so that the httpconn under measurement is the
installed one. Orders come on standard input, answers go to standard output, each one line of JSON:

    {"check": true}   -> {"check": ...}  what must be the same whoever does it; nothing is timed before
    {"run": 200}      -> {"wall_s": ..., "cpu_s": ..., "done": ..., "facts": {...}}
    {"count": 200}    -> {"calls": {"recv": 200, ...}} or {"calls": null}: see calls.py
    {"marked": 200}   -> {}, with a system call before and behind that shows in a trace: see tracing.py
    {"memory": true}  -> {"peak_bytes": ..., "resident_bytes": ...}

An answer {"error": ...} is the last one.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))

from bench import calls
from bench.jobs import Job, make_job
from bench.resident import forget_peak, peak_bytes, resident_bytes
from bench.tracing import MARKER


def timed(job: Job, count: int) -> dict[str, Any]:
    """The time that `count` runs take. The collector is off, for all alike, and comes before and behind."""
    job.prepare(count)
    gc.collect()
    gc.disable()
    wall_s, cpu_s = time.perf_counter(), job.cpu_clock()
    done = job.run(count)
    wall_s, cpu_s = time.perf_counter() - wall_s, job.cpu_clock() - cpu_s
    gc.enable()
    return {"wall_s": wall_s, "cpu_s": cpu_s, "done": done, "facts": job.facts}


def counted(job: Job, count: int) -> dict[str, Any]:
    """The calls of the C library that `count` runs make."""
    job.prepare(count)
    before = calls.read_counters()
    job.run(count)
    after = calls.read_counters()
    if before is None or after is None:
        return {"calls": None}
    return {"calls": {name: after[name] - before[name] for name in after}}


def marked(job: Job, count: int) -> dict[str, Any]:
    """Runs between two marks."""
    job.prepare(count)
    os.path.exists(MARKER)
    job.run(count)
    os.path.exists(MARKER)
    return {}


def carry_out(job: Job, order: dict[str, Any]) -> dict[str, Any]:
    """One order."""
    if "run" in order:
        return timed(job, order["run"])
    if "count" in order:
        return counted(job, order["count"])
    if "marked" in order:
        return marked(job, order["marked"])
    if "memory" in order:
        return {"peak_bytes": peak_bytes(), "resident_bytes": resident_bytes()}
    seen = job.check()
    gc.collect()
    forget_peak()  # comparing takes memory that the work itself does not
    return {"check": seen}


def main(job_name: str, client: str, arguments: str) -> None:
    """Carry out orders until there are no more."""
    try:
        job = make_job(job_name, client, json.loads(arguments))
        for line in sys.stdin:
            print(json.dumps(carry_out(job, json.loads(line))), flush=True)
        job.close()
    except Exception as error:  # whatever it is, the parent has to hear of it
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
