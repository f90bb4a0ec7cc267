"""What is built where: decisions of setup.py and of the backends that no machine of ours can show by itself."""

from __future__ import annotations

import importlib.util
import runpy
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import httpconn

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of setup.py, run without building anything; under "told", what it asked setuptools for."""
    setuptools = pytest.importorskip("setuptools")
    if not (ROOT / "setup.py").exists():
        pytest.skip("setup.py is not here, only the tests")
    told: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **given: told.update(given))
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("HTTPCONN_NO_EXTENSIONS", raising=False)
    monkeypatch.delenv("HTTPCONN_REQUIRE_EXTENSIONS", raising=False)
    return runpy.run_path("setup.py") | {"told": told}


def set_free_threaded(monkeypatch: pytest.MonkeyPatch, value: int) -> None:
    real = sysconfig.get_config_var
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: value if name == "Py_GIL_DISABLED" else real(name))


def test_the_extension_stays_out_of_a_free_threaded_build(
    build: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    set_free_threaded(monkeypatch, 1)
    with pytest.raises(RuntimeError, match="not been shown safe on free-threaded Python"):
        build["check_interpreter"]()
    # And the install goes on without it, saying so.
    from setuptools import Distribution

    [extension, *_] = build["told"]["ext_modules"]
    command = build["OptionalBuildExt"](Distribution())
    command.build_extension(extension)
    assert extension.optional
    assert "not been shown safe on free-threaded Python" in capfd.readouterr().err


def test_a_build_with_a_gil_is_one_for_the_extension(build: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    set_free_threaded(monkeypatch, 0)
    build["check_interpreter"]()


def test_the_copy_for_subinterpreters_is_built_where_they_have_an_api(build: dict[str, Any]) -> None:
    names = [extension.name for extension in build["told"]["ext_modules"] if "._compiled." not in extension.name]
    assert names == ["httpconn._speedups", "httpconn._speedups_isolated"][: 2 if sys.version_info >= (3, 14) else 1]


def test_the_copy_is_translated_as_the_extension_is() -> None:
    if not (ROOT / "_speedups").exists():
        pytest.skip("the sources are not here, only the tests")

    def directives(name: str) -> set[str]:
        lines = (ROOT / "_speedups" / name).read_text().splitlines()[:2]
        return {part.strip() for line in lines for part in line.removeprefix("# cython:").split(",")}

    own = directives("_speedups_isolated.pyx") - directives("_speedups.pyx")
    assert own == {"subinterpreters_compatible=own_gil"}
    assert directives("_speedups.pyx") < directives("_speedups_isolated.pyx")


@pytest.mark.skipif("cython" not in httpconn.backends(), reason="the extension is not built here")
@pytest.mark.parametrize(("platform", "is_there"), [("win32", False), ("darwin", True), ("linux", True)])
def test_the_compiled_engine_is_not_used_where_sockets_are_no_descriptors(
    platform: str, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    spec = importlib.util.find_spec("httpconn._backends.compiled")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.BACKEND.engine is not None) is is_there
