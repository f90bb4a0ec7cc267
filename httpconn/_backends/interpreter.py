"""Whether this is the main interpreter of its process, or a subinterpreter (PEP 684, PEP 734)."""

from __future__ import annotations

from importlib import import_module
from typing import Final


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
