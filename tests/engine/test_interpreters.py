"""Subinterpreters: each with a GIL and an extension of its own; and what one gets that the extension is not made for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import httpconn

STRESS = Path(__file__).resolve().parents[1] / "isolated" / "interpreters.py"
HAS_COPY = importlib.util.find_spec("httpconn._speedups_isolated") is not None
is_compiled = pytest.mark.skipif("cython" not in httpconn.backends(), reason="the extension is not built here")

# One interpreter, by the private module that the public API of 3.14 stands on; with `body` as its program.
IN_ONE = """
import sys
try:
    import _interpreters as made
    def run(code):
        told = made.exec(made.create(), code)
        if told is not None:
            raise SystemExit(told.msg)
except ImportError:
    import _xxsubinterpreters as made
    def run(code):
        made.run_string(made.create(), code)
sys.stdout.flush()
run(f"import sys; sys.path[:] = {sys.path!r}" + '''
BODY
sys.stdout.flush()  # nobody closes the interpreter, which would
''')
"""


def in_one(body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run *body* in a subinterpreter of a process of its own, which ends without taking it down."""
    program = IN_ONE.replace("BODY", body) + "\nsys.stdout.flush()\nimport os; os._exit(0)"
    return subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={"PATH": "", **environment}, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.version_info < (3, 14), reason="concurrent.interpreters is from CPython 3.14 on")
@pytest.mark.parametrize("parser", ["cython", "python"])
def test_interpreters_fetch_at_once_and_are_closed(parser: str) -> None:
    """The short form of ``make interpreters``: crossed answers, a crash or a lost answer fail there."""
    if parser == "cython" and "cython" not in httpconn.backends():
        pytest.skip("the extension is not built here")
    result = subprocess.run(
        [sys.executable, "-P", str(STRESS), "--requests", "1200", "--closed", "8", "--unmeasured", "--parser", parser],
        capture_output=True, text=True, timeout=55, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "8 interpreters made, used and closed" in result.stdout


@is_compiled
@pytest.mark.skipif(not HAS_COPY, reason="the copy of the extension for subinterpreters is built from CPython 3.14 on")
def test_what_an_interpreter_leaves_behind_is_given_back() -> None:
    """One block that is left keeps a whole interpreter's memory, megabytes; 16 of them say it clearly enough."""
    program = """
from concurrent import interpreters
import sys
from pathlib import Path
def resident_kib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
code = f"import sys; sys.path[:] = {sys.path!r}" + '''
import httpconn
assert httpconn.backend() == "cython"
list(httpconn.fetch_many(["http://127.0.0.1:1/"]))
'''
for number in range(20):
    made = interpreters.create()
    made.exec(code)
    made.close()
    if number == 4:
        before = resident_kib()
print((resident_kib() - before) // 15)
"""
    if sys.platform != "linux":
        pytest.skip("/proc is Linux's")
    result = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=55, check=False
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 1024, "KiB left behind by each interpreter"


@is_compiled
@pytest.mark.skipif(HAS_COPY, reason="this Python's subinterpreters have the extension")
def test_one_that_the_extension_is_not_made_for_parses_with_python_and_says_so() -> None:
    result = in_one("import httpconn; print(httpconn.backend(), *httpconn.backends())")
    assert result.stdout.split()[:2] == ["python", "python"], result.stderr
    assert result.stderr.count("RuntimeWarning: httpconn parses with Python in this subinterpreter") == 1


@is_compiled
@pytest.mark.skipif(HAS_COPY, reason="this Python's subinterpreters have the extension")
def test_one_that_asks_for_the_extension_by_name_is_told_why_not() -> None:
    body = "try:\n    import httpconn\nexcept ImportError as error:\n    print(error)"
    result = in_one(body, HTTPCONN_PARSER="cython")
    assert "not built for subinterpreters here (that needs CPython 3.14 or newer)" in result.stdout, result.stderr


@is_compiled
def test_the_modules_that_are_compiled_of_the_package_are_python_there() -> None:
    """The decoder of chunks, say: docs/cores.md."""
    program = "from httpconn._wire import chunked; print(chunked.__file__.endswith('.py'))"
    assert in_one(program).stdout.strip() == "True"
    main = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert main.stdout.strip() == "False", main.stderr


def test_no_warning_where_nothing_compiled_is_wanted_or_there_is_no_other_interpreter() -> None:
    result = in_one("import httpconn; print(httpconn.backend())", HTTPCONN_NO_EXTENSIONS="1")
    assert (result.stdout.strip(), result.stderr) == ("python", "")
    program = "import httpconn; print(httpconn.backend())"
    main = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (main.returncode, main.stderr) == (0, "")
