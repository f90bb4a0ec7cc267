"""The common exchange: receive once, read what has come, and send the next request where that may be.

Plain sockets only, whose descriptors the compiled backend receives and sends on without waiting. Compiled too, with the
types of ``turn.pxd``.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ..._backends.contract import NOT_SENT, Engine
from ..._exchange.fast_reading import FastReader
from ..._wire.head import Begun, ResponseHead
from ..._wire.plain import IN_CHUNKS

Turned: TypeAlias = Begun | tuple[ResponseHead, bytes]

TO_BE_JUDGED: Final = -3
_TO_BE_JUDGED: Final = TO_BE_JUDGED
_NOT_SENT: Final = NOT_SENT
_IN_CHUNKS: Final = IN_CHUNKS
_RECEIVE_BYTES: Final = 65_536


class Turn:
    """What is done on a descriptor when the poller has told of it."""

    __slots__ = ("_receive_response", "_receive_waiting", "_send_if_quiet", "left", "sent")

    def __init__(self, engine: Engine) -> None:
        self.left = 0
        """Of the response that was received last: how many bytes of its content are to come."""
        self.sent = _NOT_SENT
        """Where it was complete: how much of the next request was sent; NOT_SENT where none was, or it could not be;
        UNASKED where something else has come on the connection, so that nothing may be; TO_BE_JUDGED where something
        may follow from the response: a redirect, a status that is retried, or a cookie."""
        self._receive_response = engine.receive_response
        self._receive_waiting = engine.receive_waiting
        self._send_if_quiet = engine.send_if_quiet

    def take(self, descriptor: int, next_request: bytes | None, reader: FastReader) -> Turned | bytes | None:
        """Receive once, and send *next_request* behind a complete response. Raises OSError.

        Return None (nothing now), bytes that are not plain (b"" at the end of the stream), or what begins with a head
        and the content that is there; ``left`` and ``sent`` say more of it, which in a tuple would cost more.
        """
        if reader is None:
            raise TypeError("expected a FastReader, got None")  # which compiled code would look into
        got = self._receive_response(descriptor, reader._line_bytes, reader._field_lines)
        if got is None or isinstance(got, bytes):
            return got
        begun: Begun = got
        found: Turned = begun
        left = reader.left_of(begun, _RECEIVE_BYTES)
        if left > 0:
            # Servers send head and body in two pieces, and the second one is often there by now.
            more = self._receive_waiting(descriptor, min(left, _RECEIVE_BYTES))
            if more:
                found = (begun[0], begun[1] + more)
                left -= len(more)
        elif left:
            content = reader.chunked_content_of(begun) if left == _IN_CHUNKS else None
            if content is None:
                return begun[0].block + begun[1]
            found = (begun[0], content)
            left = 0
        self.left = left
        self.sent = _NOT_SENT
        if not left:
            if reader.has_to_judge(begun[3], begun[0]):
                self.sent = _TO_BE_JUDGED
            elif next_request is not None:
                self.sent = self._send_if_quiet(descriptor, next_request)
        return found
