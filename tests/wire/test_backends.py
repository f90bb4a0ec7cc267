"""Which backend is chosen, and what is said when that cannot be done. Each in a Python of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import httpconn
from httpconn import _backends
from httpconn._backends import llhttp
from httpconn._backends.contract import Backend

SHOW = "import httpconn; print(httpconn.backend(), *httpconn.backends())"
WITHOUT_HTTPTOOLS = "import sys; sys.modules['httptools'] = None; "


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HTTPCONN_")}
    # -P: a copy on PYTHONPATH is meant, and not what the current folder may hold
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def said(code: str, **environment: str) -> list[str]:
    """Return the words that *code* prints."""
    result = python(code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def refusal(code: str, **environment: str) -> str:
    """Return the last line of the traceback, which is to be an ImportError's."""
    result = python(code, **environment)
    assert result.returncode != 0, result.stdout
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ")
    return last


def test_the_best_present_one_is_chosen() -> None:
    chosen, *available = said(SHOW)
    assert chosen == available[0]
    assert available == [name for name in ("cython", "python", "httptools") if name in available]


def test_the_compiled_one_is_the_default(twins: object) -> None:
    assert said(SHOW)[0] == "cython"


def test_one_can_be_asked_for(backend: Backend) -> None:
    assert said(SHOW, HTTPCONN_PARSER=backend.name)[0] == backend.name


@pytest.mark.parametrize("switch", ["1", "yes"])
def test_extensions_can_be_left_out(switch: str) -> None:
    chosen, *available = said(SHOW, HTTPCONN_NO_EXTENSIONS=switch)
    assert chosen == "python"
    assert "cython" not in available


def test_what_others_have_compiled_is_not_left_out() -> None:
    """The same pages can be read, whatever reads their heads."""
    show = "import httpconn, sys; httpconn.ConnectionPool(); from httpconn._exchange import content_coding; print(content_coding.accept_encoding())"
    assert said(show, HTTPCONN_NO_EXTENSIONS="1") == said(show)
    own = "import httpconn, sys; httpconn.ConnectionPool(); print('httpconn._speedups' in sys.modules)"
    assert said(own, HTTPCONN_NO_EXTENSIONS="1") == ["False"]


@pytest.mark.parametrize("switch", ["", "0"])
def test_a_switch_that_is_off_leaves_nothing_out(switch: str) -> None:
    assert said(SHOW, HTTPCONN_NO_EXTENSIONS=switch, HTTPCONN_PARSER="") == said(SHOW)


def test_without_extensions_the_compiled_one_cannot_be_had() -> None:
    text = refusal(SHOW, HTTPCONN_NO_EXTENSIONS="1", HTTPCONN_PARSER="cython")
    assert "'cython' is not available: HTTPCONN_NO_EXTENSIONS is set" in text


def test_an_unknown_name_is_refused() -> None:
    text = refusal(SHOW, HTTPCONN_PARSER="Cython")
    assert text.endswith("there is no parser backend 'Cython'; the names are cython, httptools, python")


def test_httptools_borrows_the_best_decoder() -> None:
    show = "from httpconn import _backends as b; print(b.get('httptools').take_chunks is b.get('{}').take_chunks)"
    if "httptools" not in _backends.available():
        pytest.skip("httptools is not installed here")
    assert said(show.format("python"), HTTPCONN_NO_EXTENSIONS="1") == ["True"]
    if "cython" in _backends.available():
        assert said(show.format("cython")) == ["True"]


def test_httptools_asked_for_and_absent() -> None:
    assert "httptools" not in said(WITHOUT_HTTPTOOLS + SHOW)
    text = refusal(WITHOUT_HTTPTOOLS + SHOW, HTTPCONN_PARSER="httptools")
    assert text.endswith("'httptools' is not available: install it with: pip install httptools")


def test_an_interrupt_inside_a_callback_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """httptools turns whatever a callback raises into an error of its own, Ctrl-C too."""
    pytest.importorskip("httptools")
    from httpconn._backends import llhttp

    def interrupted(self: object, name: bytes, value: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(llhttp._Reported, "on_header", interrupted)
    with pytest.raises(KeyboardInterrupt):
        llhttp.parse_response_head(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 100, 100)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package without its extension, in a folder to be put on sys.path."""
    package = Path(httpconn.__file__).parent
    shutil.copytree(
        package, tmp_path / "httpconn", ignore=shutil.ignore_patterns("_speedups*", "_compiled", "__pycache__")
    )
    return tmp_path


def test_the_compiled_one_asked_for_and_absent(copied: Path) -> None:
    assert said(SHOW, PYTHONPATH=str(copied))[0] == "python"
    text = refusal(SHOW, PYTHONPATH=str(copied), HTTPCONN_PARSER="cython")
    assert "'cython' is not available: httpconn._speedups is not built; install" in text


@pytest.mark.slow
def test_a_broken_extension_is_not_passed_over(copied: Path) -> None:
    (copied / "httpconn" / "_speedups.py").write_text("raise ImportError('undefined symbol: PyGone')")
    text = refusal(SHOW, PYTHONPATH=str(copied))
    assert "'cython' is present but does not load (ImportError: undefined symbol: PyGone)" in text
    result = python(SHOW, PYTHONPATH=str(copied))
    assert "_speedups.py" in result.stderr, "the traceback leads to the cause"
    # It can be done without, but only by saying so.
    assert said(SHOW, PYTHONPATH=str(copied), HTTPCONN_PARSER="python")[0] == "python"
    assert said(SHOW, PYTHONPATH=str(copied), HTTPCONN_NO_EXTENSIONS="1")[0] == "python"


def test_the_import_loads_nothing_outside_the_standard_library() -> None:
    outside = said(
        "import sys; before = set(sys.modules); import httpconn;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before "
        "if getattr(sys.modules[name], '__spec__', None)};"  # Cython and typing make some that have none
        "print(*(new - set(sys.stdlib_module_names) - {'_xxsubinterpreters'}))"  # which is the library's, up to 3.12
    )
    assert outside == ["httpconn"]


def test_llhttp_is_strict() -> None:
    """Its lenient flags would reopen what it refuses: none is set."""
    with open(llhttp.__file__, encoding="utf-8") as source:
        assert "leniencies" not in source.read()  # httptools: set_dangerous_leniencies
