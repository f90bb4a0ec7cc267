"""The compiled backend: the twins of ``pure`` in the extension module, or in its copy for subinterpreters."""

from __future__ import annotations

import sys

from .._wire.annotations import TYPE_CHECKING
from .._wire.grammar import MAX_BODY_BYTES
from .._wire.head import ResponseHead
from .._wire.interpreter import IS_MAIN
from .._wire.plain_request import RequestHeads
from .contract import Backend, Engine

if TYPE_CHECKING or IS_MAIN:
    from .. import _speedups
else:
    from .. import _speedups_isolated as _speedups


def parse_response_head(block: bytes, max_line_bytes: int, max_field_lines: int) -> ResponseHead | None:
    """Return the head in *block*, or None where it is not plain or may be beyond a limit.

    By this name a pickled head is found again: by any interpreter, whichever of the two extensions it has.
    """
    begun = _speedups.begin_response_head(
        block, min(max_line_bytes, MAX_BODY_BYTES), min(max_field_lines, MAX_BODY_BYTES)
    )
    return None if begun is None or begun[1] else begun[0]


# It receives and sends on descriptors, which Windows has not got for sockets.
_ENGINE = (
    None
    if sys.platform == "win32"
    else Engine(
        _speedups.receive_response,
        _speedups.receive_waiting,
        _speedups.is_quiet,
        _speedups.send_at_once,
        _speedups.send_if_quiet,
    )
)

BACKEND = Backend(
    "cython",
    parse_response_head,
    _speedups.begin_response_head,
    _speedups.find_head_end,
    _speedups.take_chunks,
    _speedups.BodyBuffer,
    _speedups.frame_target,
    RequestHeads(_speedups.frame_target).serialize,
    _speedups.replaces_any,
    _speedups.has_version,
    _speedups.is_unchanged,
    _speedups.with_slots,
    _speedups.version_of,
    engine=_ENGINE,
)
