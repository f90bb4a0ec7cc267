"""Calls objects in the child of a fork, so that they let go of the parent's connections."""

from __future__ import annotations

import os
import weakref
from typing import Any, Protocol


class Forked(Protocol):
    """What has to let go of its parent's connections."""

    def _after_fork(self) -> None: ...


_held: weakref.WeakSet[Any] = weakref.WeakSet()


def call_after_fork(holder: Forked) -> None:
    """Have ``holder._after_fork()`` called in the child of every fork, as long as *holder* is there."""
    _held.add(holder)


def _after_fork_in_child() -> None:
    for holder in list(_held):
        holder._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
