"""What a process holds, to be compared with what it holds later."""

from __future__ import annotations

import gc
import os
import sys


class Measure:
    def __init__(self) -> None:
        for _ in range(3):
            gc.collect()
        self.blocks = sys.getallocatedblocks()
        self.objects = len(gc.get_objects())
        self.descriptors = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
        self.mib = 0.0
        if sys.platform == "linux":
            with open("/proc/self/statm") as statm:
                self.mib = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
