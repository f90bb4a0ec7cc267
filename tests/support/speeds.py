"""The package a second time in the same process, with none of its modules compiled."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from unittest import mock


def _ours() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "httpconn"}


@contextmanager
def interpreted() -> Iterator[ModuleType]:
    """Have ``import httpconn`` find a copy that is interpreted, which is yielded; to be used in here only."""
    usual = _ours()
    for name in usual:
        del sys.modules[name]
    try:
        with mock.patch.dict(os.environ, {"HTTPCONN_NO_EXTENSIONS": "1"}):
            os.environ.pop("HTTPCONN_PARSER", None)
            yield importlib.import_module("httpconn")
    finally:
        for name in _ours():
            del sys.modules[name]
        sys.modules.update(usual)
