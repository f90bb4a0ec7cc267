"""What the suite measures, as data: a row for each row of the plan's budgets, and curves for how cost grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench.replies import MIB
from bench.rivals import CYTHON, FETCHER, ON_HTTPCONN, OURS, PARSE_ONLY, PYTHON, RAW, REFERENCE, RIVALS

WITH_TIMEOUT: Final = ", timeout 30 s"
"""Behind a client's name: with a timeout on its socket."""
_TIMEOUT_S: Final = 30.0

LARGE_BYTES: Final = 100 * MIB
_CHUNK_BYTES: Final = 64 * 1024
_SMALL_CHUNK_BYTES: Final = 16

_OTHERS: Final = tuple(name for name in RIVALS if name not in (RAW, REFERENCE, PARSE_ONLY))
_INSTALLED: Final = tuple(name + ON_HTTPCONN for name in ("urllib3", "requests"))
_ALL: Final = (RAW, REFERENCE, *OURS, *_OTHERS, *_INSTALLED)
_CYCLE: Final = (RAW, REFERENCE, *OURS, PARSE_ONLY)
_CORE: Final = (RAW, REFERENCE, CYTHON, PYTHON)
_WHOLE_BODY: Final = (*_CORE, "urllib3", "httpx", "aiohttp", "pycurl", "wreq")
_TIMED: Final = tuple(name + suffix for name in _CORE for suffix in ("", WITH_TIMEOUT))
_MANY: Final = (RAW, FETCHER, "pycurl", "wreq", "aiohttp (uvloop)", "aiohttp", CYTHON, REFERENCE)


@dataclass(frozen=True, slots=True)
class Row:
    """One question, put to several clients."""

    name: str
    title: str
    job: str
    clients: tuple[str, ...]
    count: int
    """How often a round does it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    server: str | None = None
    """"nginx", "nginx-tls", "embedded", or None where no server is needed."""
    is_fresh: bool = False
    """Each round in a new process, without warming up."""
    counts_calls: bool = False
    """System calls too, traced, and untraced how often one would block."""
    moves_bytes: int = 0
    """Bytes a run moves, where speed is best told in GB/s."""

    def arguments_for(self, client: str) -> dict[str, Any]:
        """The job's arguments for one of the clients."""
        timeout = {"timeout_s": _TIMEOUT_S} if client.endswith(WITH_TIMEOUT) else {}
        return {**self.arguments, **timeout}


@dataclass(frozen=True, slots=True)
class Curve:
    """The same question, as something grows."""

    name: str
    title: str
    x_label: str
    xs: tuple[int, ...]
    row: Callable[[int], Row]
    y_label: str = "client CPU (us)"
    per_x: bool = False
    """Cost is told for each unit of x: flat is linear."""
    quantity: str = "cpu_us"


def rows() -> tuple[Row, ...]:
    """All rows, in the order of the plan."""
    cycle, gets, download = "cycle.Cycle", "gets.Gets", "download.Download"
    large = f"/large/{LARGE_BYTES}"
    chunked = f"/chunks/{LARGE_BYTES // _CHUNK_BYTES}/{_CHUNK_BYTES}"
    found: list[Row] = []
    for name, what in (("small", "2 bytes"), ("10k", "20 fields, 10 KiB"), ("10k-chunked", "the same in 10 chunks")):
        where = {"path": f"/{name}"}
        found += [
            Row(f"cycle-{name}", f"cycle over a socketpair: {what}", cycle, _CYCLE, 4000, where),
            Row(
                f"cycle-{name}-fields",
                f"the same, all fields as str: {what}",
                cycle,
                _CYCLE,
                4000,
                {**where, "all_fields": True},
            ),
        ]
    for name, what in (("small", "2 bytes"), ("10k", "20 fields, 10 KiB")):
        title = f"the steps of the cycle: {what}"
        found.append(Row(f"steps-{name}", title, "steps.Steps", _CYCLE[:-1], 5000, {"path": f"/{name}"}, is_fresh=True))
    found += [
        Row("get-small", "GET of 2 bytes, kept connection", gets, _ALL, 1000, {"path": "/small"}, "nginx", False, True),
        Row("get-10k", "GET of 10 KiB with 20 fields, kept connection", gets, _ALL, 1000, {"path": "/10k"}, "nginx"),
        Row("get-small-tls", "GET of 2 bytes over TLS", gets, _ALL, 1000, {"path": "/small"}, "nginx-tls", False, True),
        Row(
            "calls",
            "GET of 2 bytes, without and with a timeout",
            gets,
            _TIMED,
            1000,
            {"path": "/small"},
            "nginx",
            False,
            True,
        ),
        Row(
            "calls-late",
            "the same from a server that takes 2 ms",
            gets,
            _TIMED,
            150,
            {"path": "/late/2"},
            "embedded",
            False,
            True,
        ),
        Row(
            "large-read",
            "100 MiB by read()",
            gets,
            _WHOLE_BODY,
            1,
            {"path": large},
            "embedded",
            moves_bytes=LARGE_BYTES,
        ),
        Row(
            "large-chunked",
            "100 MiB in 64 KiB chunks by read()",
            gets,
            _WHOLE_BODY,
            1,
            {"path": chunked},
            "embedded",
            moves_bytes=LARGE_BYTES,
        ),
    ]
    for road, call in (("readinto", "readinto(buffer)"), ("parts", "read(65536)")):
        for path, what in ((large, ""), (chunked, " in 64 KiB chunks")):
            found.append(
                Row(
                    f"large-{road}" + ("-chunked" if what else ""),
                    f"100 MiB{what} by {call}",
                    download,
                    _CORE,
                    1,
                    {"path": path, "road": road, "size": LARGE_BYTES},
                    "embedded",
                    moves_bytes=LARGE_BYTES,
                )
            )
    construct = "construct.Construct"
    found += [
        Row("https-first", "the first HTTPSConnection(host) of a process", construct, _CORE[1:], 1, is_fresh=True),
        Row("https-next", "HTTPSConnection(host) after the first", construct, _CORE[1:], 20),
        Row("many", "64 connections: GET of 2 bytes", "many.Many", _MANY, 6400, {"path": "/small"}, "nginx"),
    ]
    return tuple(found)


def curves() -> tuple[Curve, ...]:
    """How cost grows, from nothing to much."""

    def fields(count: int) -> Row:
        arguments = {"path": f"/fields/{count}", "all_fields": False}
        return Row("", "", "cycle.Cycle", (RAW, REFERENCE, *OURS), 1500, arguments)

    def body(size: int) -> Row:
        count = max(1, min(500, 20 * MIB // (size + 1)))
        return Row("", "", "gets.Gets", _CORE, count, {"path": f"/large/{size}"}, "embedded")

    def chunks(number: int) -> Row:
        count = max(1, min(300, 20_000 // number))
        path = f"/chunks/{number}/{_SMALL_CHUNK_BYTES}"
        return Row("", "", "gets.Gets", (RAW, REFERENCE, *OURS), count, {"path": path}, "embedded")

    def drip(where: str) -> Callable[[int], Row]:
        def row(size: int) -> Row:
            arguments = {"where": where, "size": size}
            return Row("", "", "drip.Drip", (REFERENCE, *OURS), max(1, 4000 // size), arguments)

        return row

    def connections(number: int) -> Row:
        return Row("", "", "idle.Idle", _CORE, number, {"path": "/10k"}, "nginx", is_fresh=True)

    sizes = (0, 1024, 10 * 1024, 100 * 1024, MIB, 10 * MIB, LARGE_BYTES)
    dripped = (50, 200, 1000, 4000, 16_000)
    each = "client CPU per byte (us)"
    return (
        # http.client takes 99 fields at most: it counts the empty line as one of 100.
        Curve("fields", "Fields in the head", "fields", (1, 2, 5, 10, 20, 50, 99), fields),
        Curve("body", "Length of the body, read()", "bytes", sizes, body),
        Curve("chunks", "Chunks of 16 bytes", "chunks", (1, 10, 100, 1000, 10_000, 100_000), chunks),
        Curve("drip-field", "A field line that comes byte by byte", "bytes", dripped, drip("field"), each, True),
        Curve("drip-chunk", "A chunk-size line that comes byte by byte", "bytes", dripped, drip("chunk"), each, True),
        Curve(
            "connections",
            "Idle connections, each after one GET of 10 KiB",
            "connections",
            (1, 10, 100, 1000, 10_000),
            connections,
            "resident memory above the start (MiB)",
            quantity="resident_mib",
        ),
    )
