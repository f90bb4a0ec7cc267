"""Open files: ten thousand connections need more of them than most shells allow by default."""

from __future__ import annotations

import sys


def raise_open_files() -> int:
    """Allow this process, and those it starts, as many open files as it may have; how many that is."""
    if sys.platform == "win32":
        return 512
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
