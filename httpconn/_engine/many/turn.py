"""The common exchange: receive once, read what has come, and send the next request where that may be.

Plain sockets only, whose descriptors the compiled backend receives and sends on without waiting. Compiled too, with the
types of ``turn.pxd``.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ..._backends.contract import NOT_SENT, Engine
from ..._exchange.fast_reading import FastReader
from ..._wire.head import ResponseHead

Turned: TypeAlias = tuple[ResponseHead, bytes, int, int]

TO_BE_JUDGED: Final = -3
_TO_BE_JUDGED: Final = TO_BE_JUDGED
_NOT_SENT: Final = NOT_SENT
_RECEIVE_BYTES: Final = 65_536


class Turn:
    """What is done on a descriptor when the poller has told of it."""

    __slots__ = ("_receive_response", "_receive_waiting", "_send_if_quiet")

    def __init__(self, engine: Engine) -> None:
        self._receive_response = engine.receive_response
        self._receive_waiting = engine.receive_waiting
        self._send_if_quiet = engine.send_if_quiet

    def take(self, descriptor: int, next_request: bytes | None, reader: FastReader) -> Turned | bytes | None:
        """Receive once. Return None (nothing now), bytes that are not plain (b"" at the end of the stream), or
        (head, content that is there, bytes that are to come, sent).

        *sent*: where the response is complete, how much of *next_request* was sent; NOT_SENT where none was, or it
        could not be; UNASKED where something else has come on the connection, so that nothing may be; TO_BE_JUDGED
        where something may follow from the response: a redirect, a status that is retried, or a cookie. Raises OSError.
        """
        got = self._receive_response(descriptor, reader._line_bytes, reader._field_lines)
        if got is None or isinstance(got, bytes):
            return got
        found = reader.take(got, _RECEIVE_BYTES)
        if found is None:
            return got[0].block + got[1]
        head, content, left, _, status, _ = found
        if left:
            # Servers send head and body in two pieces, and the second one is often there by now.
            more = self._receive_waiting(descriptor, min(left, _RECEIVE_BYTES))
            if more:
                content += more
                left -= len(more)
        sent = _NOT_SENT
        if not left:
            if reader.has_to_judge(status, head):
                sent = _TO_BE_JUDGED
            elif next_request is not None:
                sent = self._send_if_quiet(descriptor, next_request)
        return head, content, left, sent
