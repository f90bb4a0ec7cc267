"""The modules that are compiled too: what is declared for them is what they have, and both do the same."""

from __future__ import annotations

import ast
import importlib
import pickle
import re
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

import httpconn
from httpconn._wire.interpreter import compiled_path

from ..support.faulty import Exchange, FaultyServer
from ..support.speeds import interpreted

ROOT: Final = Path(__file__).resolve().parents[2]
DECLARED: Final = sorted(ROOT.glob("httpconn/**/*.pxd"))
NAMES: Final = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in DECLARED]
A_CLASS: Final = re.compile(r"cdef class (\w+)")
AN_ATTRIBUTE: Final = re.compile(r"    cdef (?:public [\w ]+ |[\w ]+ (?=_))(\w+)$")  # "_" alone may be none of Python's
A_FUNCTION: Final = re.compile(r"cp?def (?!class\b)[^(]*?(\w+)\(")
A_METHOD: Final = re.compile(r"    cp?def (?!public\b)[^(]*?(\w+)\(")

pytestmark = pytest.mark.skipif(not DECLARED, reason="needs a checkout")
needs_compiled = pytest.mark.skipif(
    "cython" not in httpconn.backends(), reason="the extension is not built, or not to be used"
)


def declared(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return the attributes and the methods of each class of a ``.pxd``; under "", its functions."""
    found: dict[str, tuple[list[str], list[str]]] = {"": ([], [])}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := A_CLASS.match(line):
            name = match[1]
            found[name] = [], []
        elif match := AN_ATTRIBUTE.match(line):
            found[name][0].append(match[1])
        elif match := A_METHOD.match(line):
            found[name][1].append(match[1])
        elif match := A_FUNCTION.match(line):
            found[""][1].append(match[1])
        else:
            assert re.match(
                r"$|#|c?import |cimport |from |cdef [\w ]+ _\w+$|@cython\.final$|( {4})?@cython\.locals\(", line
            ), f"{path}: {line}"
    return found


def classes(path: Path) -> list[str]:
    """Return the names of the classes of a ``.pxd``."""
    return [name for name in declared(path) if name]


def written(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return the slots and the methods of each class of the ``.py`` beside it; under "", its functions."""
    tree = ast.parse(path.with_suffix(".py").read_text(encoding="utf-8"))
    functions = [part.name for part in tree.body if isinstance(part, ast.FunctionDef)]
    return {"": ([], functions)} | {
        node.name: (
            [
                name
                for part in node.body
                if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == "__slots__"
                for name in ast.literal_eval(part.value)
            ],
            [part.name for part in node.body if isinstance(part, ast.FunctionDef)],
        )
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("path", DECLARED, ids=NAMES)
def test_what_is_declared_is_what_is_there(path: Path) -> None:
    there = written(path)
    assert len(declared(path)) > 1, "a class, at least"
    for name, (attributes, methods) in declared(path).items():
        assert sorted(attributes) == sorted(there[name][0]), f"{name}: the .pxd and __slots__"
        assert {*methods} <= {*there[name][1]}, name


def test_all_that_is_declared_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    setuptools = pytest.importorskip("setuptools")
    told: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **given: told.update(given))
    monkeypatch.chdir(ROOT)
    for name in ("HTTPCONN_NO_EXTENSIONS", "HTTPCONN_REQUIRE_EXTENSIONS"):
        monkeypatch.delenv(name, raising=False)
    runpy.run_path("setup.py")
    names = [extension.name for extension in told["ext_modules"]]
    assert sorted(name.replace("._compiled", "") for name in names if "._compiled." in name) == sorted(NAMES)


@needs_compiled
@pytest.mark.parametrize("name", NAMES)
def test_the_compiled_one_is_the_usual_one(name: str) -> None:
    usual = importlib.import_module(name)
    assert usual.__file__ is not None
    assert "_compiled" in usual.__file__
    assert not usual.__file__.endswith(".py")
    with interpreted():
        other = importlib.import_module(name)
        assert other.__file__ is not None
        assert other.__file__.endswith(".py")
    assert sys.modules[name] is usual


def members(module: ModuleType, path: Path) -> set[str]:
    """Return what the declared classes have for others: methods, properties, attributes."""
    return {f"{name}.{key}" for name in classes(path) for key in vars(getattr(module, name)) if key[0] != "_"}


@needs_compiled
@pytest.mark.parametrize("path", DECLARED, ids=NAMES)
def test_both_have_the_same_to_offer(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    shown = members(importlib.import_module(name), path)
    with interpreted():
        assert members(importlib.import_module(name), path) == shown


@needs_compiled
@pytest.mark.parametrize("path", DECLARED, ids=NAMES)
def test_what_is_compiled_takes_no_patch(path: Path) -> None:
    """A test hands in a class of its own instead, or puts it into the place of the name."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for name in classes(path):
        with pytest.raises(TypeError):
            setattr(getattr(module, name), "anything", None)  # noqa: B010  # mypy would refuse it said plainly


class Pages(FaultyServer):
    async def answer(self, exchange: Exchange) -> None:
        content = exchange.target.encode()
        match len(exchange.target) % 3:
            case 0:
                await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))
            case 1:
                chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
                await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
            case 2:
                await exchange.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\nConnection: close\r\n\r\n?")


def fetched(package: ModuleType, server: Pages, *, ordered: bool) -> list[Any]:
    urls = [server.url(f"/{'x' * (number % 30)}/{number}") for number in range(120)]
    requests = [url if number % 4 else package.Request("GET", url, tag=number) for number, url in enumerate(urls)]
    requests[7] = "nothing://at.all/"
    with package.fetch_many(requests, per_host=3, ordered=ordered) as responses:
        told = [
            (one.index, one.url, one.status, one.content, one.attempts, one.tag, type(one.error).__name__)
            for one in map(pickle.loads, map(pickle.dumps, responses))
        ]
        assert responses.stats.results == 120
    return told if ordered else sorted(told)


@needs_compiled
@pytest.mark.parametrize("ordered", [False, True])
def test_both_fetch_the_same_in_one_process(ordered: bool) -> None:
    assert compiled_path("httpconn._engine") != []
    with Pages() as server:
        usual = fetched(httpconn, server, ordered=ordered)
        with interpreted() as package:
            assert package is not httpconn
            assert package.backend() == "python"
            assert fetched(package, server, ordered=ordered) == usual
    assert [one[0] for one in usual] == [*range(120)]
    assert {one[2] for one in usual} == {0, 200, 404}
