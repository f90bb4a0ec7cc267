"""The compiled backend: the twins of ``pure`` in the one extension module."""

from __future__ import annotations

from .. import _speedups
from .contract import Backend, Engine

BACKEND = Backend(
    "cython",
    _speedups.parse_response_head,
    _speedups.find_head_end,
    _speedups.ChunkedDecoder,
    _speedups.BodyBuffer,
    _speedups.serialize_plain_request_head,
    _speedups.replaces_any,
    _speedups.take_plain_response,
    engine=Engine(
        _speedups.TurnLimits,
        _speedups.begin_plain_response,
        _speedups.take_turn,
        _speedups.plain_get,
        _speedups.ShortRoad,
    ),
)
