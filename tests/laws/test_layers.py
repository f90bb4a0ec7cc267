"""Who may import whom, read from the sources; and what ``import httpconn`` brings along."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import httpconn

pytestmark = pytest.mark.once

PACKAGE = Path(httpconn.__file__).parent

ANYONE = {"errors", "_wire.annotations", "_wire.grammar"}  # these may be imported by anyone
ROOMS = {
    "errors": set[str](),
    "_wire": {"_wire"},
    # The pure backend is made of the twins that lie in the room of the protocol, body and request.
    "_backends": {
        "_backends",
        "_wire.head",
        "_wire.records",
        "_wire.body",
        "_wire.interpreter",
        "_wire.plain_request",
        "_wire.request",
        "_speedups",
        "_speedups_isolated",
    },
    "_io": {"_io", "_wire.interpreter"},
    "headers": {"_wire"},
    "_client": {"_wire", "_backends.contract", "_io"},
    "response": {"_wire", "_backends", "_io", "_client.cycle", "headers"},
    "connection": {"_wire", "_backends", "_io", "_client", "headers", "response"},
    "model": {
        "_wire",
        "_exchange.charsets",
        "_exchange.lines",
        "_exchange.options",
        "_exchange.request_fields",
        "_exchange.response_fields",
        "headers",
        "policies.auth",
        "policies.retries",
    },
    # Decisions: no I/O, no clock. They read what a head says, and know nothing of exchanges.
    "policies": {"policies", "_wire.head", "_wire.hosts", "_wire.references", "_wire.urls", "model"},
    # One exchange: its request, its response, and what follows. What it takes of _io are options, and a sink's waiting.
    "_exchange": {
        "_exchange",
        "_wire",
        "_backends",
        "_io.addresses",
        "_io.descriptors",
        "_io.logger",
        "_io.polling",
        "_io.resolving",
        "model",
        "policies",
    },
    # And what carries it: over one connection at a time for a pool, over many for a fetcher.
    "_engine": {
        "_engine",
        "_exchange",
        "_backends.contract",
        "_io",
        "_wire",
        "model",
        "policies",
    },
    "pool": {"_engine", "_exchange", "model", "policies"},
    "fetch": {"_engine", "_exchange", "model"},
    "aio": {
        "_engine",
        "_exchange",
        "_wire.framing",
        "_wire.head",
        "model",
        "policies",
    },
    # What is written for whoever fetches: formats know responses, and the command line what it is made of.
    "writers": {"writers", "_wire.head", "_wire.urls", "model"},
    "rows": {"fetch", "model", "writers.columns", "_exchange.settings", "_wire.urls"},
    "_cli": {"_cli", "_exchange.settings", "_wire.urls", "fetch", "model", "policies.retries", "writers"},
    # For programs on other libraries: over the pool and the client, and what those prepare and carry.
    "adapters": {
        "adapters",
        "pool",
        "aio",
        "model",
        "policies.retries",
        "headers",
        "_exchange.job",
        "_exchange.proxies",
        "_io.descriptors",
        "_engine.many.driver",
        "_engine.many.fed",
        "_wire.head",
        "_wire.interpreter",
    },
    "scrapy": {
        "adapters.options",
        "aio",
        "model",
        "_exchange.job",
        "_wire.framing",
        "_wire.head",
    },
    # The faces of the package, which put the rooms together.
    "__init__": {"*"},
    "__main__": {"*"},
    "_install": {"*"},
    # http.client's own classes, while ours stand in their place.
    "_replacing": {"_wire.records", "_replacing", "_io.connect", "connection", "response"},
}
"""Room -> the rooms or modules of ours that it may import, besides its own module and ANYONE."""

FOR_TYPES = {
    ("_wire.chunked", "_backends.contract"),
    ("_wire.gathered", "_backends.contract"),
    ("_wire.plain", "_backends.contract"),
    ("_wire.reader", "_backends.contract"),
}
"""Under TYPE_CHECKING only: names for what is handed in at run time."""

OUTSIDE = {
    "_backends.llhttp": {"httptools"},
    "_wire.hosts": {"idna"},
    "_exchange.proxies": {"socksio"},
    "_io.connect": {"truststore"},
    "policies.robots": {"protego"},
    "adapters.requests_session": {"requests"},
    "adapters.under_requests": {"requests", "urllib3"},
    "adapters.under_httpx": {"httpx"},
    "scrapy": {"scrapy", "pydispatch"},
}
"""What is not of the standard library, and the one module that may import it."""

FOR_TYPES_OF = {
    "_exchange.cookie_field": {"http"},
    "_exchange.outcome": {"ssl"},
    "_exchange.settings": {"ssl", "http"},
    "policies.cookies": {"http"},
    "policies.verdict": {"http"},
}
"""Taken for their classes only: ssl.SSLContext and SSLError, http.client.HTTPMessage, http.cookiejar.CookieJar."""

HAVE_IO = {
    "_exchange.charsets": {"threading"},
    "_exchange.cookie_field": {"time"},
    "_exchange.download": {"threading"},
    "_exchange.sink": {"select", "time"},
}
"""Locks about a table, and about a file; when a cookie expires; a file object that takes nothing for now."""

SANS_IO = {"_wire", "_exchange", "policies", "model"}

NO_IO = {"socket", "ssl", "select", "selectors", "asyncio", "time", "threading", "http", "subprocess", "_socket"}
"""Not for SANS_IO: it moves no bytes and waits for nothing."""


class Import(NamedTuple):
    module: str
    target: str  # "._wire.head" for ours, "socket" for others
    for_types: bool
    line: int


def sources() -> dict[str, Path]:
    """Return the modules of the package by name, without its own name in front."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)] = path
    return found


MODULES = sources()


def imports_of(module: str) -> Iterator[Import]:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    types = {
        id(inner) for node in ast.walk(tree) if _is_for_types(node) for part in node.body for inner in ast.walk(part)
    }
    is_package = MODULES[module].name == "__init__.py" and module != "__init__"
    here = [] if module == "__init__" else module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(module, name.name, id(node) in types, node.lineno)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield Import(module, node.module or "", id(node) in types, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] + (node.module.split(".") if node.module else [])
            for name in node.names:
                path = ".".join([*base, name.name])
                is_module = path in MODULES or path in ("_speedups", "_speedups_isolated")
                yield Import(module, "." + (path if is_module else ".".join(base)), id(node) in types, node.lineno)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def room_of(module: str) -> str:
    return module.split(".")[0]


def is_allowed(found: Import) -> bool:
    room, target = room_of(found.module), found.target.removeprefix(".")
    if found.target.startswith("."):
        allowed = ROOMS[room] | ANYONE | {found.module}
        if target in ("", "__init__"):  # the package itself, for names that are looked up late
            return room in ("__init__", "__main__", "_install")
        return bool({"*", target, room_of(target)} & allowed) or (
            found.for_types and (found.module, target) in FOR_TYPES
        )
    top = target.split(".")[0]
    if top == "httpconn":
        return room in ("__main__", "_install")
    may_have = FOR_TYPES_OF.get(found.module, set()) | HAVE_IO.get(found.module, set())
    if room in SANS_IO and top in NO_IO - may_have:
        return False
    return top in sys.stdlib_module_names or top in OUTSIDE.get(found.module, set())


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports(module: str) -> None:
    assert room_of(module) in ROOMS, f"{module} has no rule: add its room to the table"
    wrong = [found for found in imports_of(module) if not is_allowed(found)]
    assert not wrong, "\n".join(f"{found.module} imports {found.target} in line {found.line}" for found in wrong)


def graph() -> dict[str, set[str]]:
    """Return what each module of ours imports of ours by its own lines, for types or not."""
    found: dict[str, set[str]] = {}
    for module in MODULES:
        targets = {each.target.removeprefix(".") for each in imports_of(module) if each.target.startswith(".")}
        targets |= {"__init__" for each in imports_of(module) if each.target.split(".")[0] == "httpconn"}
        found[module] = {to for to in targets & MODULES.keys() if to != module}
    return found


def circle_in(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of one circle, each of which imports the one before it; empty where there is none."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_circle() -> None:
    assert not circle_in(graph())


@pytest.mark.parametrize("wrong", [("errors", "model"), ("_wire.reader", "response"), ("_io.polling", "pool")])
def test_a_circle_is_found(wrong: tuple[str, str]) -> None:
    imports = graph()
    imports[wrong[0]].add(wrong[1])
    assert circle_in(imports)


def test_what_stands_at_the_top_is_for_users() -> None:
    """Each module there defines something that the package offers; what does not has a room."""
    offered = {getattr(getattr(httpconn, name), "__module__", None) for name in dir(httpconn)}
    top = {module for module in MODULES if "." not in module and MODULES[module].name != "__init__.py"}
    # headers hands on http.client's own HTTPMessage and parse_headers; scrapy is named in a setting of Scrapy's.
    assert {module for module in top if f"httpconn.{module}" not in offered} == {"__main__", "headers", "scrapy"}
    assert "httpconn._wire.references" in offered - {f"httpconn.{module}" for module in top}


def test_imports_are_seen() -> None:
    """The reading above finds what is known to be there, of each kind."""
    seen = {(found.module, found.target, found.for_types) for module in MODULES for found in imports_of(module)}
    assert ("response", "._wire.reader", False) in seen
    assert ("_wire.reader", "._backends.contract", True) in seen
    assert ("_wire.reader", "._wire.grammar", False) in seen
    assert ("_io.source", "socket", False) in seen
    assert ("_backends.llhttp", "httptools", False) in seen
    assert ("__init__", ".connection", False) in seen


@pytest.mark.parametrize("wrong", [
    Import("_wire.reader", "socket", False, 1),
    Import("_wire.reader", "._backends.contract", False, 1),
    Import("_wire.head", "._io.source", False, 1),
    Import("_backends.pure", "._wire.reader", False, 1),
    Import("_backends.pure", "._io", False, 1),
    Import("_io.source", "._wire.reader", False, 1),
    Import("_io.source", "._backends", False, 1),
    Import("response", ".connection", False, 1),
    Import("errors", "._wire.head", False, 1),
    Import("pool", ".connection", False, 1),
    Import("_exchange.incoming", "._io.channel", False, 1),
    Import("_exchange.incoming", "socket", False, 1),
    Import("_exchange.incoming", "._engine.many.loop", False, 1),
    Import("_exchange.preparing", "time", False, 1),
    Import("_engine.many.loop", "._backends", False, 1),
    Import("policies.rates", "time", False, 1),
    Import("policies.verdict", "._exchange.outcome", False, 1),
    Import("fetch", ".connection", False, 1),
    Import("_wire.urls", "._exchange.options", False, 1),
    Import("_io.resolving", "._exchange.settings", False, 1),
    Import("_exchange.settings", ".pool", False, 1),
    Import("connection", "httptools", False, 1),
])  # fmt: skip
def test_a_wrong_import_is_refused(wrong: Import) -> None:
    assert not is_allowed(wrong)


def test_import_brings_nothing_from_outside() -> None:
    """``import httpconn`` needs the standard library and nothing else, even where httptools is installed."""
    program = "import sys; old = set(sys.modules); import httpconn; print(*sorted(set(sys.modules) - old))"
    environment = {"PATH": "", "PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    tops = {name.split(".")[0] for name in result.stdout.split()}
    assert "httpconn" in tops
    # The compiled module brings Cython's own book-keeping, which is no package. _xxsubinterpreters is the standard library's.
    strangers = {top for top in tops - sys.stdlib_module_names - {"httpconn"} if not top.startswith("_cython_")}
    assert strangers <= {"cython_runtime", "_xxsubinterpreters"}


LATE = {"ast", "asyncio", "contextlib", "copy", "dataclasses", "importlib.util", "inspect", "json", "logging", "threading", "typing",
        "weakref", "zlib"}  # fmt: skip
"""What takes long to load, and that those do without who need no more than http.client."""


def test_import_brings_little_beyond_http_client() -> None:
    """By instructions it is 1.29 times ``import http.client``; with what is named here it would be 1.75 times."""
    program = (
        "import sys, http.client; old = set(sys.modules); import httpconn; print(*sorted(set(sys.modules) - old)); "
        "httpconn.fetch_many; print('typing' in sys.modules)"
    )
    environment = {"PATH": "", "PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    loaded, has_typing_later = result.stdout.splitlines()
    assert LATE.isdisjoint(loaded.split()), LATE & {*loaded.split()}
    assert "httpconn.connection" in loaded.split()
    assert has_typing_later == "True"  # it can be seen


LATE_FOR_MANY = {"concurrent.futures", "dataclasses", "hashlib", "hmac", "importlib.abc", "inspect", "logging", "secrets", "zipfile"}  # fmt: skip
"""What most fetchers never need: by instructions the import was 1.23 times as much with it."""


@pytest.mark.parametrize("program", ["httpconn; httpconn.fetch_many", "httpconn.__main__, httpconn._cli.fetch"])
def test_a_fetcher_begins_without(program: str) -> None:
    program = (
        "import sys, argparse, csv, http.client, json, ssl, threading, typing; old = set(sys.modules); "
        f"import {program}; print(*sorted(set(sys.modules) - old))"
    )
    environment = {"PATH": "", "PYTHONPATH": str(PACKAGE.parent)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    loaded = result.stdout.split()
    assert "httpconn.fetch" in loaded
    assert LATE_FOR_MANY.isdisjoint(loaded), LATE_FOR_MANY & {*loaded}
