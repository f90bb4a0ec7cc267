"""The parser backends: which are present, and the one that is in use, chosen once at import.

    HTTPCONN_PARSER=cython|httptools|python    use this one, or fail to import
    HTTPCONN_NO_EXTENSIONS=1                   do as if the compiled extension had not been built

Absent means not found. What is found but does not load is broken, and raises: silently falling back would
hide it behind a slower program.

A subinterpreter has the copy of the extension that is made for it (setup.py). Where none was built, before
CPython 3.14, it gets the Python parser and a RuntimeWarning.

For: reading a head, its end or chunks faster; what each backend promises (``contract.py``), the ones in Python
(``pure.py``), in Cython (``compiled.py``, over ``_speedups``) and by httptools (``llhttp.py``), and the choice between
them (``_backends/__init__.py``).

Not for: what a head means: framing, reuse and errors are ``_wire``'s, and decided once.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from importlib import import_module

from .._wire.annotations import Final
from .._wire.interpreter import IS_MAIN, NO_EXTENSIONS
from .contract import Backend

NAMES: Final = ("cython", "httptools", "python")

# By measurement, and so not in the order of the names: a head of 20 fields takes "cython" 0.2 us, "python" 3 us
# and "httptools" 8 us, since it calls back into Python for each field and is then held against the bytes.
_BEST_FIRST: Final = ("cython", "python", "httptools")

_FIRST: Final = "httpconn._speedups"
_EXTENSION: Final = _FIRST if IS_MAIN else "httpconn._speedups_isolated"
_REMEDIES: Final = {
    "cython": f"{_EXTENSION} is not built; install httpconn from a wheel, or where there is a C compiler",
    "httptools": "install it with: pip install httptools",
}

_NOT_HERE: Final = (
    "the extension is not built for subinterpreters here (that needs CPython 3.14 or newer); "
    "several processes have it, each, on any version"
)

_asked_for: Final = os.environ.get("HTTPCONN_PARSER", "")


def available() -> tuple[str, ...]:
    """Return the names of the backends that are present, the best first."""
    return tuple(name for name in _BEST_FIRST if _is_present(name))


@cache
def get(name: str) -> Backend:
    """Return the backend of that name. Raises ImportError where it is unknown, absent or broken."""
    if name not in NAMES:
        raise ImportError(f"there is no parser backend {name!r}; the names are {', '.join(NAMES)}")
    if not _is_present(name):
        raise ImportError(f"the parser backend {name!r} is not available: {_remedy(name)}")
    try:
        return _load(name)
    except Exception as error:
        raise ImportError(
            f"the parser backend {name!r} is present but does not load ({type(error).__name__}: {error}); "
            "install it anew, or do without it by HTTPCONN_PARSER=python"
        ) from error


def _is_present(name: str) -> bool:
    if name == "cython":
        return not NO_EXTENSIONS and (_EXTENSION in sys.modules or _is_found(_EXTENSION))
    return name == "python" or (_is_found("httptools") and (IS_MAIN or _loads("httptools")))


def _is_found(module: str) -> bool:
    from importlib.util import find_spec  # late: it loads more than all of this package needs

    return find_spec(module) is not None


def _best() -> Backend:
    """Return the best one. The extension is looked for by importing it, which is what comes next anyway."""
    is_absent = NO_EXTENSIONS
    try:
        if not NO_EXTENSIONS:
            import_module(_EXTENSION)
    except Exception as error:  # what is wrong with one that is there is told by ``get``
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == _EXTENSION
    return get("python" if is_absent else "cython")


def _loads(name: str) -> bool:
    """Return whether a library of others loads in this subinterpreter: few extensions are made for them yet."""
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def _is_for_main_only() -> bool:
    """Return whether there is an extension, but none for this subinterpreter."""
    return not IS_MAIN and not NO_EXTENSIONS and not _is_found(_EXTENSION) and _is_found(_FIRST)


def _remedy(name: str) -> str:
    if name == "cython" and _is_for_main_only():
        return _NOT_HERE
    if name == "httptools" and not IS_MAIN and _is_found("httptools"):
        return "it does not load in a subinterpreter; ask for another one"
    if name == "cython" and NO_EXTENSIONS:
        return "HTTPCONN_NO_EXTENSIONS is set; unset it, or ask for another one"
    return _REMEDIES[name]


def _load(name: str) -> Backend:
    # Imported here, so that only what is used is loaded; httptools above all.
    if name == "cython":
        from . import compiled

        return compiled.BACKEND
    if name == "httptools":
        from . import llhttp

        lender = get("cython" if _is_present("cython") else "python")
        # What is the lender's own reading of a head is not lent.
        return lender.__replace__(
            name=name,
            parse_response_head=llhttp.parse_response_head,
            begin_response_head=llhttp.begin_response_head,
            engine=None,
        )
    from . import pure

    return pure.BACKEND


if not _asked_for and _is_for_main_only():
    warnings.warn(f"httpconn parses with Python in this subinterpreter: {_NOT_HERE}", RuntimeWarning, stacklevel=2)
selected: Final = get(_asked_for) if _asked_for else _best()
"""The backend in use."""
