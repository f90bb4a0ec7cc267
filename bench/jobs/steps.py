"""The cycle of cycle.py, each of its steps timed by itself: where the microseconds go."""

from __future__ import annotations

import importlib
import socket
from statistics import median
from time import perf_counter_ns
from typing import Any, Final

from bench.clients import FIELDS, prepare
from bench.jobs import Job
from bench.replies import reply_to
from bench.rivals import RAW, REFERENCE

STEPS: Final = ("request", "getresponse", "getheader", "read")
_RECEIVE_BYTES: Final = 65536
_WARM_UP: Final = 1000
_NS_IN_US: Final = 1000

Taken = tuple[int, int, int, int]
"""Nanoseconds for each of STEPS."""


class Steps(Job):
    """The facts are microseconds for each step; of the bare loop, send stands for request, recv for getresponse.

    Medians over the cycles: one in which the process was interrupted does not count. The time that a look at
    the clock takes is measured too, and taken away from each.
    """

    def __init__(self, client: str, path: str) -> None:
        super().__init__()
        prepare(client)
        self._client = client
        self._wire = reply_to(path.encode()).wire
        self._near, self._far = socket.socketpair()
        module: Any = importlib.import_module("httpconn" if client not in (RAW, REFERENCE) else "http.client")
        self._connection = module.HTTPConnection("localhost")
        self._connection.sock = self._near

    def prepare(self, count: int) -> None:
        self._measure(_WARM_UP)

    def run(self, count: int) -> int:
        clock_ns = self._clock_ns()
        self.facts = {
            step: max(0.0, median(taken_ns) - clock_ns) / _NS_IN_US
            for step, taken_ns in zip(STEPS, zip(*self._measure(count), strict=True), strict=True)
        }
        return count

    def _measure(self, count: int) -> list[Taken]:
        return self._measure_bare(count) if self._client == RAW else self._measure_cycle(count)

    def _measure_cycle(self, count: int) -> list[Taken]:
        connection, far, wire = self._connection, self._far, self._wire
        taken = []
        for _ in range(count):
            t0 = perf_counter_ns()
            connection.request("GET", "/", headers=FIELDS)
            t1 = perf_counter_ns()
            far.recv(_RECEIVE_BYTES)
            far.send(wire)
            t2 = perf_counter_ns()
            response = connection.getresponse()
            t3 = perf_counter_ns()
            response.getheader("Content-Type")
            t4 = perf_counter_ns()
            response.read()
            t5 = perf_counter_ns()
            taken.append((t1 - t0, t3 - t2, t4 - t3, t5 - t4))
        return taken

    def _measure_bare(self, count: int) -> list[Taken]:
        near, far, wire = self._near, self._far, self._wire
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n"
        taken = []
        for _ in range(count):
            t0 = perf_counter_ns()
            near.send(request)
            t1 = perf_counter_ns()
            far.recv(_RECEIVE_BYTES)
            far.send(wire)
            t2 = perf_counter_ns()
            near.recv(_RECEIVE_BYTES)
            t3 = perf_counter_ns()
            taken.append((t1 - t0, t3 - t2, 0, 0))
        return taken

    @staticmethod
    def _clock_ns(looks: int = 2000) -> float:
        taken = []
        for _ in range(looks):
            before = perf_counter_ns()
            taken.append(perf_counter_ns() - before)
        return median(taken)
