"""The commands: ``httpconn run script.py``, a program, unchanged, on httpconn; ``httpconn fetch``, from URLs to files.

Each is ``python -m httpconn ...`` too. Of ``run``:

``install()`` comes first; then the program finds ``sys.argv``, ``sys.path[0]`` and ``__main__`` as if it had been
started by ``python script.py`` or ``python -m module``, and its exit code is the process's.
"""

from __future__ import annotations

import builtins
import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader, SourcelessFileLoader
from importlib.util import find_spec, module_from_spec
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, NoReturn, cast

import httpconn

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

_USAGE = """\
{0} run script.py [argument ...]    runs a program with httpconn in the place of http.client
{0} run -m module [argument ...]    the same for a module
{0} fetch [urls.txt] --out PATH     fetches URLs into a file or a folder; {0} fetch --help
{0} report pages.jsonl -o PATH      makes a page about such a file, with tables and plots
"""


def main(arguments: list[str], program: str = "python -m httpconn") -> None:
    """Do what the command line of *program* says. Raises SystemExit, and whatever the program that is run raises."""
    if not arguments or arguments in (["-h"], ["--help"]):
        import platform

        print(f"httpconn {httpconn.__version__} on Python {platform.python_version()}")
        print(f"parser: {httpconn.backend()}, of {', '.join(httpconn.backends())}\n")
        print(_USAGE.format(program), end="")
    elif arguments == ["--version"]:
        print(f"httpconn {httpconn.__version__}")
    elif arguments[0] == "fetch":
        from httpconn._cli import fetch

        sys.exit(fetch.main(arguments[1:], program))
    elif arguments[0] == "report":
        from httpconn._cli import report

        sys.exit(report.main(arguments[1:], program))
    elif arguments[0] == "run" and len(arguments) > 2 and arguments[1] == "-m":
        httpconn.install()
        _run_module(arguments[2], arguments[3:])
    elif arguments[0] == "run" and len(arguments) > 1 and not arguments[1].startswith("-"):
        httpconn.install()
        _run_path(arguments[1], arguments[2:])
    else:
        sys.stderr.write(_USAGE.format(program))
        sys.exit(2)


def _run_module(name: str, arguments: list[str]) -> None:
    """Run a module, or a package's ``__main__``, as ``python -m name`` does. As to ``runpy``, see ``_run_path``."""
    # sys.path[0] is the working directory already, since this was started by -m too.
    try:
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name += ".__main__"
            spec = find_spec(name)
    except (ImportError, ValueError) as error:
        _fail(f"cannot run {name!r} as a module: {error}", 1)
    if spec is None:
        _fail(f"No module named {name}", 1)
    code = cast("InspectLoader", spec.loader).get_code(spec.name) if hasattr(spec.loader, "get_code") else None
    if code is None:
        _fail(f"No code object available for {name}", 1)
    module = ModuleType("__main__")
    vars(module).update(
        __spec__=spec, __file__=spec.origin, __cached__=spec.cached, __loader__=spec.loader, __package__=spec.parent
    )
    _run_code(code, module, spec.origin or name, arguments)


def _run_path(path: str, arguments: list[str]) -> None:
    """Run a source file, or a folder or archive with a ``__main__``, as ``python path`` does.

    Not by ``runpy.run_path``: that makes ``__file__`` and ``sys.argv[0]`` the same, which they are not, and takes
    ``__main__`` away when it has been run, under whatever thread or exit handler still needs it.
    """
    from zipfile import is_zipfile  # which ``fetch`` does without

    name = os.path.abspath(path)
    if not os.path.exists(path):
        _fail(f"can't open file {name!r}: No such file or directory")
    if not sys.flags.safe_path:
        del sys.path[0]  # the working directory, put there because of -m
    if os.path.isdir(path) or is_zipfile(path):
        sys.path.insert(0, name)
        spec = PathFinder.find_spec("__main__", [name])
        if spec is None:
            _fail(f"can't find '__main__' module in {name!r}")
        module = module_from_spec(spec)
        code = cast("InspectLoader", spec.loader).get_code("__main__")
    else:
        if not sys.flags.safe_path:
            # Of a symbolic link, it is the directory of what it leads to.
            sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
        loader = SourceFileLoader("__main__", name)
        module = ModuleType("__main__")
        vars(module).update(__file__=name, __loader__=loader, __cached__=None)
        # Not loader.get_code, which would leave a .pyc file beside the script.
        if path.endswith(".pyc"):
            code = SourcelessFileLoader("__main__", name).get_code("__main__")
        else:
            code = loader.source_to_code(loader.get_data(name), name)
    assert code is not None
    _run_code(code, module, path, arguments)


def _run_code(code: CodeType, module: ModuleType, path: str, arguments: list[str]) -> None:
    vars(module)["__builtins__"] = builtins
    sys.modules["__main__"] = module
    sys.argv[:] = [path, *arguments]
    exec(code, vars(module))


def _fail(what: str, code: int = 2) -> NoReturn:
    sys.stderr.write(f"{sys.executable}: {what}\n")
    sys.exit(code)


def run() -> None:
    """What the console script ``httpconn`` calls: the same as ``python -m httpconn``."""
    if not sys.flags.safe_path:
        sys.path[0] = os.getcwd()  # as -m has it, where a script has its own folder
    main(sys.argv[1:], "httpconn")


if __name__ == "__main__":
    main(sys.argv[1:])
