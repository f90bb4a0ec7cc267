"""The benchmarks' servers and pages, imported from the sources without the package that lies beside them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def bench(name: str) -> ModuleType:
    """Import ``bench.<name>`` from the sources; only that package, so that the installed httpconn is what is tested."""
    if "bench" not in sys.modules:
        folder = Path(__file__).parents[2] / "bench"
        spec = importlib.util.spec_from_file_location(
            "bench", folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules["bench"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["bench"])
    return importlib.import_module(f"bench.{name}")
