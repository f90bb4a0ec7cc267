"""The logger ``httpconn``: it says at DEBUG which connections are opened and closed and why, which heads go out and
come in, and what follows.

Whoever hears it has loaded ``logging``. Nobody else needs that module, and it takes as long to load as all of ours.
"""

from __future__ import annotations

import sys
from typing import Any

_DEBUG = 10
_logger: Any = None


def is_heard() -> bool:
    """Return whether anybody hears the logger."""
    global _logger
    if _logger is None:
        if "logging" not in sys.modules:
            return False
        import logging

        _logger = logging.getLogger("httpconn")
    heard: bool = _logger.isEnabledFor(_DEBUG)
    return heard


def tell(text: str, *told: object) -> None:
    """Say *text* with what is *told* in it, if anybody hears it."""
    if is_heard():
        _logger.debug(text, *told, stacklevel=2)
