"""What this interpreter is, a process's main one or a subinterpreter (PEP 684, PEP 734), and what it may load."""

from __future__ import annotations

import os
from importlib import import_module

from .annotations import Final


def _is_main() -> bool:
    # The public concurrent.interpreters is from 3.14 on, and would load much that is not needed for this.
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            module = import_module(name)
        except ImportError:
            continue
        return bool(module.get_current() == module.get_main())
    return True  # an implementation that has no others


IS_MAIN: Final = _is_main()

# Read here and nowhere else. As at build time, "" and "0" mean no.
NO_EXTENSIONS: Final = os.environ.get("HTTPCONN_NO_EXTENSIONS", "") not in ("", "0")


def compiled_path(package: str) -> list[str]:
    """Return the folder of the compiled modules of *package*, to be put in front of its ``__path__``; [] for none.

    They are named as the ``.py`` files that they were compiled from: whichever comes first in the path is imported.
    """
    parts = package.split(".")
    root = os.path.dirname(os.path.dirname(__file__))
    path = os.path.join(root, "_compiled", *parts[1:])
    return [path] if IS_MAIN and not NO_EXTENSIONS and os.path.isdir(path) else []
