"""install(), uninstall(), ``python -m httpconn`` and ``httpconn``: who is affected, who is named, what is put back."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import sysconfig
import threading
import types
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

import httpconn
from httpconn import InstallWarning

from ..dropin import children

NAMES = ("HTTPConnection", "HTTPSConnection", "HTTPResponse")
STANDARD = {name: getattr(http.client, name) for name in NAMES}


def in_place() -> dict[str, object]:
    return {name: getattr(http.client, name) for name in NAMES}


def install_quietly() -> tuple[str, ...]:
    """This process has imported whatever other tests needed; who was too early here is of no interest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InstallWarning)
        return httpconn.install()


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    httpconn.uninstall()
    assert in_place() == STANDARD


# -- the swap --------------------------------------------------------------------------------------------------


def test_the_classes_are_replaced_and_put_back() -> None:
    before = dict(vars(http.client))
    install_quietly()
    assert in_place() == {name: getattr(httpconn, name) for name in NAMES}
    changed = {name for name, value in vars(http.client).items() if before.get(name) is not value}
    assert changed == set(NAMES)  # and nothing else
    httpconn.uninstall()
    assert dict(vars(http.client)) == before


def test_both_may_be_called_again() -> None:
    httpconn.uninstall()
    assert in_place() == STANDARD
    first = install_quietly()
    assert install_quietly() == first
    assert http.client.HTTPConnection is httpconn.HTTPConnection
    httpconn.uninstall()
    httpconn.uninstall()
    assert in_place() == STANDARD
    install_quietly()
    assert http.client.HTTPConnection is httpconn.HTTPConnection


class Recorder(STANDARD["HTTPConnection"]):
    """What a recorder puts into http.client: made from what it found there."""


def uninstall_quietly() -> tuple[str, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InstallWarning)
        return httpconn.uninstall()


def test_a_class_that_a_tool_has_put_there_is_left_and_named() -> None:
    with mock.patch.object(http.client, "HTTPConnection", Recorder):
        with pytest.warns(InstallWarning, match=r"http\.client\.HTTPConnection is .*\.Recorder, .*force=True"):
            httpconn.install()
        assert http.client.HTTPConnection is Recorder
        assert http.client.HTTPSConnection is httpconn.HTTPSConnection
        assert http.client.HTTPResponse is STANDARD["HTTPResponse"]  # the recorder's connections make those
    assert http.client.HTTPConnection is STANDARD["HTTPConnection"]  # what the tool puts back is what it found
    install_quietly()
    assert in_place() == {name: getattr(httpconn, name) for name in NAMES}  # and now the rest is done


def test_a_class_that_a_tool_has_put_there_is_replaced_where_that_is_asked_for() -> None:
    with mock.patch.object(http.client, "HTTPConnection", Recorder), warnings.catch_warnings():
        warnings.simplefilter("ignore", InstallWarning)
        httpconn.install(force=True)
        assert in_place() == {name: getattr(httpconn, name) for name in NAMES}
        httpconn.uninstall()
        assert http.client.HTTPConnection is Recorder


def test_a_class_that_a_tool_puts_there_since_is_left_at_uninstall_and_named() -> None:
    install_quietly()
    with mock.patch.object(http.client, "HTTPConnection", type("Later", (httpconn.HTTPConnection,), {})) as later:
        assert install_quietly()  # it is made from ours: nothing stands in the way
        with pytest.warns(InstallWarning, match=r"http\.client\.HTTPConnection is .*\.Later, "):
            httpconn.uninstall()
        assert http.client.HTTPConnection is later
        assert http.client.HTTPResponse is STANDARD["HTTPResponse"]
        # What mock puts back at its end is what it found.
    assert http.client.HTTPConnection is httpconn.HTTPConnection
    http.client.HTTPConnection = STANDARD["HTTPConnection"]


@pytest.mark.slow
def test_from_many_threads_at_once() -> None:
    failures: list[BaseException] = []

    def toggle() -> None:
        try:
            for _ in range(50):
                httpconn.install()
                httpconn.uninstall()
        except BaseException as error:
            failures.append(error)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InstallWarning)
        threads = [threading.Thread(target=toggle) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert in_place() == STANDARD


def test_isinstance_of_an_early_importer_accepts_our_responses() -> None:
    install_quietly()
    response = http.client.HTTPResponse(mock.Mock(makefile=lambda mode: None))
    assert type(response) is httpconn.HTTPResponse
    assert isinstance(response, STANDARD["HTTPResponse"])


def test_limits_patched_in_either_module_still_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    install_quietly()
    block = b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nContent-Length: 0\r\n\r\n"

    def begin() -> None:
        import io

        http.client.HTTPResponse(mock.Mock(makefile=lambda mode: io.BytesIO(block))).begin()

    begin()
    for module in (http.client, httpconn):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_MAXHEADERS", 2)
            with pytest.raises(http.client.HTTPException, match="got more than 2 headers"):
                begin()
            patch.undo()
            patch.setattr(module, "_MAXLINE", 18)
            with pytest.raises(http.client.LineTooLong):
                begin()
    begin()


# -- who was imported too early --------------------------------------------------------------------------------


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module that has taken a class by name and made subclasses, before install()."""
    module = types.ModuleType("imported_early")
    source = """
from http.client import HTTPConnection as Base, HTTPResponse
import http.client
class Connection(http.client.HTTPSConnection): pass
class Response(HTTPResponse):
    class Inner(http.client.HTTPResponse): pass
"""
    exec(source, vars(module))
    monkeypatch.setitem(sys.modules, "imported_early", module)
    monkeypatch.setitem(sys.modules, "an.alias.of.it", module)
    monkeypatch.setitem(sys.modules, "no_module", None)
    return module


def test_early_importers_are_named_with_the_remedy(early: types.ModuleType) -> None:
    with pytest.warns(InstallWarning) as warned:
        told = httpconn.install()
    assert "imported_early" in told
    assert "an.alias.of.it" not in told
    [warning] = warned
    text = str(warning.message)
    assert "imported_early (Base, Connection, Response, Response.Inner)" in text
    assert "httpconn.install() before" in text
    assert "python -m httpconn run" in text
    assert warning.filename == __file__
    assert not [name for name in told if name.partition(".")[0] in ("httpconn", "http")]


def test_a_warning_that_is_an_error_leaves_it_installed(early: types.ModuleType) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", InstallWarning)
        with pytest.raises(InstallWarning):
            httpconn.install()
    assert http.client.HTTPConnection is httpconn.HTTPConnection


def test_uninstall_names_who_keeps_httpconn(monkeypatch: pytest.MonkeyPatch) -> None:
    install_quietly()
    module = types.ModuleType("imported_between")
    exec("import http.client\nclass Connection(http.client.HTTPConnection): pass", vars(module))
    monkeypatch.setitem(sys.modules, "imported_between", module)
    assert "imported_between" in httpconn.uninstall()
    assert issubclass(module.Connection, httpconn.HTTPConnection)


def test_what_is_left_of_a_module_that_was_imported_anew_is_not_named(early: types.ModuleType) -> None:
    vars(early).pop("Base")
    del early.Connection, early.Response  # the classes may live on, in garbage or in instances
    assert "imported_early" not in install_quietly()


def test_nothing_is_too_early_in_a_fresh_process(tmp_path: Path) -> None:
    source = """
import sys, warnings
import logging.handlers, urllib.request, xmlrpc.client, http.cookiejar, http.server, email, json
import httpconn
print(httpconn.install())
import http.client
assert http.client.HTTPConnection is httpconn.HTTPConnection
assert urllib.request.http.client.HTTPConnection is httpconn.HTTPConnection
assert xmlrpc.client.http.client.HTTPConnection is httpconn.HTTPConnection
print(httpconn.uninstall())
"""
    assert children.output_of(source, tmp_path) == "()\n()\n"


# -- python -m httpconn ----------------------------------------------------------------------------------------

REPORT = """
import http.client, json, os, sys
main = sys.modules["__main__"]
print(json.dumps({
    "connection": http.client.HTTPConnection.__module__,
    "argv": sys.argv, "path0": sys.path[0], "name": __name__, "is_main": vars(main) is globals(),
    "file": __file__, "package": __package__, "spec": __spec__ and __spec__.name, "doc": __doc__,
    "annotations": f.__annotations__ != {"a": "int"},  # no __future__ of ours leaks in
}))
""".replace("print(", "def f(a: int): ...\nprint(")


# What follows `python`. The script that the wheel brings is a program in Python, but on Windows.
STARTS = {"python -m httpconn": ["-m", "httpconn"]}
if os.name == "posix":
    STARTS["httpconn"] = [os.path.join(sysconfig.get_path("scripts"), "httpconn")]


@pytest.fixture(params=STARTS)
def start(request: pytest.FixtureRequest) -> list[str]:
    return STARTS[request.param]


def told(directory: Path, *arguments: str, options: tuple[str, ...] = ()) -> dict[str, object]:
    ended = children.run(arguments, directory, options=options, changes={"PYTHONSAFEPATH": None})
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr
    report: dict[str, object] = json.loads(ended.stdout)
    return report


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "script.py").write_text(REPORT)
    (tmp_path / "link.py").symlink_to(tmp_path / "inner" / "script.py")
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(REPORT)
    (package / "module.py").write_text(REPORT)
    with zipfile.ZipFile(tmp_path / "archive.pyz", "w") as archive:
        archive.writestr("__main__.py", REPORT)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "__main__.py").write_text(REPORT)
    return tmp_path


@pytest.mark.parametrize("safe_path", [False, True])
@pytest.mark.parametrize(
    "target",
    [
        ["inner/script.py"],
        ["link.py"],
        ["folder"],
        ["archive.pyz"],
        ["-m", "package"],
        ["-m", "package.module"],
    ],
    ids=" ".join,
)
def test_run_is_as_python_itself(target: list[str], safe_path: bool, start: list[str], place: Path) -> None:
    if safe_path and target[0] == "-m":
        pytest.skip("with -P the working directory is no place for modules")
    options = ("-P",) if safe_path else ()
    arguments = [*target, "-v", "--flag", "run"]
    with_python = told(place, *arguments, options=options)
    on_httpconn = told(place, *start, "run", *arguments, options=options)
    assert with_python.pop("connection") == "http.client"
    assert on_httpconn.pop("connection") == "httpconn.connection"
    assert on_httpconn == with_python


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("", 0, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('no')", 1, "no\n"),
        ("import sys; sys.exit(True)", 1, ""),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os; os._exit(7)", 7, ""),
        ("def f(:", 1, "SyntaxError: invalid syntax\n"),
    ],
)
def test_the_exit_code_is_the_programs(source: str, code: int, said: str, start: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(source)
    ended = children.run([*start, "run", "script.py"], tmp_path)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.endswith(said)
    assert bool(ended.stderr) == bool(said)


@pytest.mark.skipif(os.name == "nt", reason="signals end a process differently there")
def test_an_interrupt_ends_it_as_it_ends_python(start: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("raise KeyboardInterrupt")
    with_python = children.run(["script.py"], tmp_path)
    on_httpconn = children.run([*start, "run", "script.py"], tmp_path)
    assert on_httpconn.returncode == with_python.returncode


def test_main_stays_for_exit_handlers_and_threads(start: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("""
import atexit, pickle, threading, time
class Here: pass
def at_exit(): print(type(pickle.loads(pickle.dumps(Here()))) is Here)
atexit.register(at_exit)
def later():
    time.sleep(0.1)
    at_exit()
threading.Thread(target=later).start()
""")
    ended = children.run([*start, "run", "script.py"], tmp_path)
    assert (ended.stdout, ended.stderr) == ("True\nTrue\n", "")


@pytest.mark.parametrize("arguments", [["run"], ["run", "-m"], ["run", "-x"], ["walk"], ["--nonsense"]], ids=" ".join)
def test_a_command_line_that_makes_no_sense(arguments: list[str], start: list[str], tmp_path: Path) -> None:
    ended = children.run([*start, *arguments], tmp_path)
    assert ended.returncode == 2
    program = next(name for name, words in STARTS.items() if words == start)
    assert ended.stderr.startswith(f"{program} run script.py")
    assert not ended.stdout


def test_a_script_that_is_not_there(start: list[str], tmp_path: Path) -> None:
    ended = children.run([*start, "run", "nowhere.py"], tmp_path)
    assert ended.returncode == 2
    assert "can't open file" in ended.stderr
    ended = children.run([*start, "run", "-m", "nowhere_at_all"], tmp_path)
    assert ended.returncode == 1
    assert "No module named nowhere_at_all" in ended.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_alone_it_says_what_it_is_and_how_to_use_it(arguments: list[str], start: list[str], tmp_path: Path) -> None:
    ended = children.run([*start, *arguments], tmp_path)
    assert ended.returncode == 0
    for said in (httpconn.__version__, httpconn.backend(), *httpconn.backends(), "run script.py", "run -m module"):
        assert said in ended.stdout
    assert children.run([*start, "--version"], tmp_path).stdout == f"httpconn {httpconn.__version__}\n"


MODULE = """
import pickle, sys, threading, time
class Kept: pass
def late():
    time.sleep(0.2)
    pickle.dumps(Kept())
    print(sys.argv, __name__, __spec__.name, __file__ == sys.argv[0])
if __name__ == "__main__":
    threading.Thread(target=late).start()
"""


@pytest.mark.parametrize("name", ["mod", "package"])
def test_a_module_is_run_as_python_runs_it(tmp_path: Path, name: str) -> None:
    """Also what of it goes on when its code has ended; and a compiled file."""
    path = tmp_path / "mod.py" if name == "mod" else tmp_path / "package" / "__main__.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(MODULE)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    told = [
        subprocess.run([sys.executable, "-B", *how, "-m", name, "a"], env=environment, capture_output=True, text=True, timeout=30)
        for how in ([], ["-m", "httpconn", "run"])
    ]  # fmt: skip
    assert told[0].stdout == told[1].stdout != ""
    assert not told[1].stderr
    missing = subprocess.run(
        [sys.executable, "-m", "httpconn", "run", "-m", "no.such.module"], capture_output=True, text=True, timeout=30
    )
    assert missing.returncode == 1
    assert "no" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_a_compiled_file_is_run(tmp_path: Path) -> None:
    import py_compile

    source, compiled = tmp_path / "mod.py", tmp_path / "mod.pyc"
    source.write_text("print('ran', __name__)")
    py_compile.compile(str(source), str(compiled))
    found = subprocess.run(
        [sys.executable, "-m", "httpconn", "run", str(compiled)], capture_output=True, text=True, timeout=30
    )
    assert found.stdout == "ran __main__\n", found.stderr
