"""How much memory a process holds, and this one held at most."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path


def resident_bytes(process: int | None = None) -> int | None:
    """Resident memory now, of this process or of another one; None where the system does not tell."""
    return _from_status("VmRSS:", "self" if process is None else str(process))


def peak_bytes() -> int | None:
    """The most that was ever resident; None where the system does not tell."""
    peak = _from_status("VmHWM:")
    if peak is None and sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes, on macOS
    return peak


def forget_peak() -> None:
    """Let the peak begin anew from here, where the system can do that."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _from_status(label: str, process: str = "self") -> int | None:
    # Not ru_maxrss, which on Linux a child inherits from whoever started it.
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(label):
            return int(line.split()[1]) * 1024
    return None
